// load_rule.c - see load_rule.h.
#include "exec/load_rule.h"

#include <math.h>
#include <string.h>

static const double TOLERANCE = 0.1;

void ls_load_rule_init(ls_load_rule *rule, double busy, int64_t calm_us, int64_t now_us,
                       uint32_t parts) {
    *rule = (ls_load_rule){.busy = busy, .calm_us = calm_us, .count = 1};
    rule->wishes[0] = (ls_load_wish){.at_us = now_us, .parts = parts};
}

static uint32_t wish_of(const ls_load_rule *rule, double used, uint32_t parts) {
    const double ratio = used / ((double)parts * rule->busy);
    if (fabs(ratio - 1.0) <= TOLERANCE) {
        return parts;
    }
    // What is left of a quotient that is whole but for its last bits asks for no part more.
    const double wanted = ceil(used / rule->busy - 1e-9);
    return wanted > 4294967295.0 ? UINT32_MAX : wanted > 0.0 ? (uint32_t)wanted : 0;
}

uint32_t ls_load_rule_wanted(ls_load_rule *rule, int64_t now_us, double used, uint32_t parts,
                             uint32_t least, uint32_t most) {
    uint32_t wish = wish_of(rule, used, parts);
    wish = wish < least ? least : wish > most ? most : wish;
    uint32_t old = 0;
    while (old < rule->count && now_us - rule->wishes[old].at_us >= rule->calm_us) {
        old++;
    }
    rule->count -= old;
    memmove(rule->wishes, rule->wishes + old, rule->count * sizeof *rule->wishes);
    while (rule->count > 0 && rule->wishes[rule->count - 1].parts <= wish) {
        rule->count--;
    }
    // Where there are too many to be kept the latest takes the place of one that asked for more:
    // that one's time is what is kept, so that nothing is given up too soon.
    if (rule->count == LS_LOAD_WISHES) {
        rule->wishes[rule->count - 1].at_us = now_us;
    } else {
        rule->wishes[rule->count++] = (ls_load_wish){.at_us = now_us, .parts = wish};
    }
    const uint32_t wanted = rule->wishes[0].parts;
    return wanted < least ? least : wanted > most ? most : wanted;
}
