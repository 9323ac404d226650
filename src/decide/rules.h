// rules.h - dispatching rules for a whole plant: one of a few known rules for each station.
//
// The rules that base policies are made of. A set names one rule for each station; compiled, it is
// the same plant with other criteria, so that states go over from one to another (twin/rebase.h).
// Where the line's own rule puts priorities first, every rule does.
#pragma once

#include "plant/plant.h"
#include "twin/twin.h"

typedef enum ls_rule_kind {
    LS_RULES_OWN,  // what the plant file says
    LS_RULES_FIFO,
    LS_RULES_SPT,
    LS_RULES_EDD,
    LS_RULES_CR,
    LS_RULES_SLACK,
    LS_RULES_LBFS,
    LS_RULES_SETUP,       // least setup, then as they came
    LS_RULES_SETUP_LBFS,  // least setup, then last buffer first
    LS_RULES_SETUP_EDD,
    LS_RULES_NO_SETUP_SPT,  // what needs no setup; where all do, whatever setup that takes
    LS_RULES_NO_SETUP_LBFS,
    LS_RULES_NO_SETUP_EDD,
    LS_RULES_NO_SETUP_SLACK,
    LS_RULES_COUNT
} ls_rule_kind;

const char *ls_rule_kind_name(ls_rule_kind kind);  // "setup, lbfs"

// May this rule order the lots of a station otherwise than fifo would? OWN: always true.
bool ls_rules_apply(const ls_plant *plant, uint32_t station, ls_rule_kind kind);
// Is what its machines take next among what the plant file lets be decided? Elsewhere the line goes
// by its own rule, whatever is found, so that a base rule has nothing to say there.
bool ls_rules_are_followed(const ls_plant *plant, uint32_t station);
// Does the station have a choice at all, and is it followed?
bool ls_rules_have_choice(const ls_plant *plant, uint32_t station);

// The plant's twin under these rules (one of ls_rule_kind for each station): kin of `own`.
ls_status ls_rules_compile(const ls_plant *plant, const ls_twin *own, const uint8_t *rules,
                           ls_twin **out, ls_error *err);
// The rule that most stations have, then those of the others: "setup, lbfs", or "own; litho:
// setup". A rule stands for `own` where it cannot apply or is not followed. Parse is the inverse;
// false: no such text.
void ls_rules_uniform(const ls_plant *plant, ls_rule_kind kind, uint8_t *rules);
void ls_rules_text(const ls_plant *plant, const uint8_t *rules, char *out, size_t size);
bool ls_rules_parse(const ls_plant *plant, const char *text, uint8_t *rules);
