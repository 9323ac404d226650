// demo_decisions.h - what the demo's service decides, as lines for people.
#pragma once

#include "base/text.h"
#include "cli/ask_service.h"

enum { LS_DEMO_SEEN = 512 };

typedef struct ls_demo_decisions {
    char seen[LS_DEMO_SEEN][40];  // ids that were told; a ring
    uint32_t next;
    bool answers;     // the service has such a list
    int64_t from_us;  // since 1970: rows before are not told
} ls_demo_decisions;

// Asks for the newest rows and appends a line for each that changed something and was not told
// yet, oldest first. A service that does not answer gives none.
void ls_demo_decisions_tell(ls_demo_decisions *decisions, const ls_service_address *address,
                            ls_buffer *out);

// The time of day of a moment since 1970, "06:41:07", 9 bytes.
void ls_demo_clock(int64_t us, char *out);

// The base rule has been looked for: from now on the service decides. *out_rule says what was
// found,
// "" when nothing is better than the line's own rule. False: not yet, or no answer.
bool ls_demo_is_prepared(const ls_service_address *address, char *out_rule, size_t size);

typedef struct ls_demo_states {  // decisions that wanted to change something, by what became of
                                 // them
    double done, refused, late, expired, denied, lost;
    char why_refused[200], why_expired[200];  // of the newest
    bool known;
} ls_demo_states;

enum { LS_DEMO_KINDS = 8 };
// What one kind of decision promised and brought; NaN where nothing is said.
typedef struct ls_demo_kind {
    char name[24];
    double sent, promised, promised_low, promised_high;
    bool shown;  // what it brought
    double realised, realised_low, realised_high;
    char why_not[200];
} ls_demo_kind;

typedef struct ls_demo_ledger {
    bool known;   // the service has told
    double sent;  // decisions
    ls_demo_states states;
    double promised;  // gain of what was sent, in `unit`
    double promised_low, promised_high;
    bool realised_known;
    double realised, realised_low, realised_high;
    double realised_decisions, realised_windows, realised_error;
    // Windows of which it is known what was to be expected at their beginning: how many, how many
    // of them brought it, and how many should at least; what was, and what they brought together.
    double compared, inside, expected;
    double awaited, awaited_low, awaited_high, brought;
    char method[32];
    char why_not[200];  // why nothing is shown as realised
    char unit[32];
    ls_demo_kind kinds[LS_DEMO_KINDS];  // of which something was sent
    uint32_t kind_count;
} ls_demo_ledger;
// Over all kinds of decision, from /api/v1/prove and /api/v1/decisions/summary.
void ls_demo_ledger_ask(const ls_service_address *address, int64_t from_us, ls_demo_ledger *out);
