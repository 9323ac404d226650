// account_awaited.c - see account_awaited.h.
#include "loop/account_awaited.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "decide/prove/promise.h"
#include "decide/rules.h"

// Levels and staffing stay in force: what they bring after their horizon was not promised.
static bool stays_in_force(ls_decide_kind kind) {
    return kind == LS_DECIDE_CONWIP || kind == LS_DECIDE_STAFFING;
}

static bool all_promise(const ls_done *done, size_t count, ls_decide_kind kind) {
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        all &= done[i].kind != kind || done[i].promises;
    }
    return all;
}

static bool is_decided(const ls_plant *plant, uint32_t station, ls_decide_kind kind) {
    bool found = false;
    for (uint32_t i = 0; i < plant->decide.point_count && !found; i++) {
        found = plant->decide.points[i].kind == kind && plant->decide.points[i].station == station;
    }
    return found;
}

// The rules by which these decisions went, where such are made; elsewhere the line goes by its own.
// False: more than one set of them, or one that is not of this plant.
static bool rules_of(const ls_plant *plant, const ls_done *done, size_t count, ls_decide_kind kind,
                     uint8_t *rules, uint8_t *other, bool *out_any) {
    *out_any = false;
    for (size_t i = 0; i < count; i++) {
        if (done[i].kind != kind || done[i].base[0] == '\0') {
            continue;
        }
        if (!ls_rules_parse(plant, done[i].base, other)) {
            return false;
        }
        for (uint32_t k = 0; k < plant->station_count; k++) {
            other[k] = is_decided(plant, k, kind) ? other[k] : (uint8_t)LS_RULES_OWN;
        }
        if (*out_any && memcmp(rules, other, plant->station_count) != 0) {
            return false;
        }
        memcpy(rules, other, plant->station_count);
        *out_any = true;
    }
    return true;
}

// The plant under the rules that were followed: *out, NULL where none were. *known: see rules_of.
static ls_status make_base(const ls_plant *plant, const ls_twin *twin, const ls_done *done,
                           size_t count, ls_decide_kind kind, ls_twin **out, bool *known,
                           ls_error *err) {
    uint8_t *rules = ls_alloc(2 * (size_t)plant->station_count + 1);
    bool any = false;
    *out = NULL;
    if (rules == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory: a base rule");
    }
    *known = rules_of(plant, done, count, kind, rules, rules + plant->station_count, &any);
    const ls_status status = *known && any ? ls_rules_compile(plant, twin, rules, out, err) : LS_OK;
    ls_free(rules);
    return status;
}

static size_t put_promised(const ls_done *done, size_t count, ls_decide_kind kind,
                           ls_promised *out) {
    size_t some = 0;
    for (size_t i = 0; i < count; i++) {
        const ls_done *d = &done[i];
        // 0: of acts that were found together, which gain as one; or another one took its place.
        if (d->kind == kind && d->first && d->base[0] == '\0' && d->gain != 0.0) {
            out[some++] = (ls_promised){.time_us = d->time_us,
                                        .horizon_us = d->horizon_us,
                                        .gain = d->gain,
                                        .course = d->course};
        }
    }
    return some;
}

ls_status ls_account_await(const ls_account_window *window, const ls_plant *plant,
                           const ls_twin *twin, ls_decide_kind kind, const ls_done *done,
                           size_t count, const double *weights, uint64_t seed, ls_outcome *out,
                           ls_error *err) {
    ls_promise promise = {NAN, NAN, NAN};
    ls_twin *base = NULL;
    bool known = false;
    ls_status status = make_base(plant, twin, done, count, kind, &base, &known, err);
    known = known && !stays_in_force(kind) && all_promise(done, count, kind);
    ls_promised *promised = ls_alloc((count + 1) * sizeof *promised);
    if (status == LS_OK && promised == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory for %zu promises", count);
    }
    if (status == LS_OK && known) {
        const ls_promise_def def = {.own = twin,
                                    .base = base,
                                    .origin = window->origin,
                                    .until_us = window->until_us,
                                    .weights = weights,
                                    .promised = promised,
                                    .count = put_promised(done, count, kind, promised),
                                    .seed = seed,
                                    .level = out->level};
        status = ls_promise_make(&def, &promise, err);
    }
    ls_free(promised);
    ls_twin_destroy(base);
    out->awaited = promise.gain;
    out->awaited_low = promise.low;
    out->awaited_high = promise.high;
    return status;
}
