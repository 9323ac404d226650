// load_rule.h - how many parts a service should have, from how busy those are that it has.
//
// The rule of Kubernetes' HorizontalPodAutoscaler (its documentation, "Algorithm details"): as many
// as would be as busy as wanted, rounded up; as it is where that is within a tenth; more at once,
// fewer only when fewer would have been enough for a while. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LS_LOAD_WISHES = 128 };

typedef struct ls_load_wish {
    int64_t at_us;
    uint32_t parts;
} ls_load_wish;

typedef struct ls_load_rule {
    double busy;      // how busy a part is to be, of all that it can: above 0, at most 1
    int64_t calm_us;  // fewer would have been enough for so long
    // The wishes of that time that a later one has not exceeded, the largest first.
    ls_load_wish wishes[LS_LOAD_WISHES];
    uint32_t count;
} ls_load_rule;

// `parts`: what it has now, and keeps until it is known for `calm_us` how busy it is.
void ls_load_rule_init(ls_load_rule *rule, double busy, int64_t calm_us, int64_t now_us,
                       uint32_t parts);
// `used`: by all parts together, in parts that are busy all the time; `parts` (1 and up) did that.
// Returns how many it should have, within least..most. Times never go back.
uint32_t ls_load_rule_wanted(ls_load_rule *rule, int64_t now_us, double used, uint32_t parts,
                             uint32_t least, uint32_t most);
