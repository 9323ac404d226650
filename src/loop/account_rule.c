// account_rule.c - see account_rule.h.
#include "loop/account_rule.h"

#include <string.h>

#include "base/arena.h"
#include "decide/rules.h"

static bool is_decided(const ls_plant *plant, uint32_t station, ls_decide_kind kind) {
    bool found = false;
    for (uint32_t i = 0; i < plant->decide.point_count && !found; i++) {
        found = plant->decide.points[i].kind == kind && plant->decide.points[i].station == station;
    }
    return found;
}

// One decision's rule, where decisions of its kind are made. False: it is not of this plant, or
// goes against what was followed there.
static bool add_rule(const ls_plant *plant, const ls_done *done, uint8_t *rules, uint8_t *one,
                     bool *followed) {
    bool same = ls_rules_parse(plant, done->base, one);
    for (uint32_t i = 0; i < plant->station_count && same; i++) {
        if (is_decided(plant, i, done->kind)) {
            same = !followed[i] || rules[i] == one[i];
            rules[i] = one[i];
            followed[i] = true;
        }
    }
    return same;
}

ls_status ls_account_rule(const ls_plant *plant, const ls_twin *twin, const ls_done *done,
                          size_t count, unsigned kinds, ls_twin **out, bool *known, ls_error *err) {
    const size_t stations = plant->station_count;
    uint8_t *rules = ls_alloc(2 * stations + 1);
    bool *followed = ls_alloc((stations + 1) * sizeof *followed);
    bool any = false;
    ls_status status = LS_OK;
    *out = NULL;
    *known = false;
    if (rules == NULL || followed == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory: a base rule");
    } else {
        memset(rules, LS_RULES_OWN, stations);
        memset(followed, 0, stations * sizeof *followed);
        *known = true;
    }
    for (size_t i = 0; i < count && *known; i++) {
        if (((kinds >> (unsigned)done[i].kind) & 1U) != 0 && done[i].base[0] != '\0') {
            *known = add_rule(plant, &done[i], rules, rules + stations, followed);
            any = true;
        }
    }
    if (status == LS_OK && *known && any) {
        status = ls_rules_compile(plant, twin, rules, out, err);
    }
    ls_free(rules);
    ls_free(followed);
    return status;
}
