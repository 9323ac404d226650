// account_awaited.c - see account_awaited.h.
#include "loop/account_awaited.h"

#include <math.h>

#include "base/arena.h"
#include "decide/prove/promise.h"
#include "loop/account_rule.h"

bool ls_account_compares(ls_decide_kind kind) {
    return kind != LS_DECIDE_CONWIP && kind != LS_DECIDE_STAFFING && kind != LS_DECIDE_SETPOINT &&
           kind != LS_DECIDE_SORT;
}

static bool all_promise(const ls_done *done, size_t count, ls_decide_kind kind) {
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        all &= done[i].kind != kind || done[i].promises;
    }
    return all;
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
    out->awaited = out->awaited_low = out->awaited_high = NAN;
    if (!ls_account_compares(kind) || !all_promise(done, count, kind)) {
        return LS_OK;
    }
    ls_promise promise = {NAN, NAN, NAN};
    ls_twin *base = NULL;
    bool known = false;
    ls_status status = ls_account_rule(plant, twin, done, count, 1U << (unsigned)kind, &base,
                                       &known, err);
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
