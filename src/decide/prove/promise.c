// promise.c - see promise.h.
#include "decide/prove/promise.h"

#include <math.h>

#include "base/arena.h"
#include "base/statistics.h"
#include "decide/cost.h"
#include "decide/decider.h"
#include "twin/rebase.h"

// ---- of one act

void ls_promised_until(const ls_promised *p, int64_t until_us, double *out_gain,
                       double *out_spread) {
    const bool known = isfinite(p->course.gain[LS_COURSE - 1]) && p->course.span_us > 0;
    const int64_t span_us = known ? p->course.span_us : p->horizon_us;
    const double passed = span_us > 0 && until_us > p->time_us
                              ? (double)(until_us - p->time_us) / (double)span_us
                              : 0.0;
    const double marks = (passed < 1.0 ? passed : 1.0) * LS_COURSE;
    const uint32_t last = marks < LS_COURSE ? (uint32_t)marks : LS_COURSE - 1;
    const double part = marks - last;
    if (!known) {
        *out_gain = isfinite(p->gain) ? p->gain * marks / LS_COURSE : 0.0;
        *out_spread = 0.0;
        return;
    }
    const double gain = last > 0 ? p->course.gain[last - 1] : 0.0;
    const double spread = last > 0 ? p->course.spread[last - 1] : 0.0;
    *out_gain = gain + part * (p->course.gain[last] - gain);
    *out_spread = spread + part * (p->course.spread[last] - spread);
}

static int64_t span_of(const ls_promised *p) {
    return p->course.span_us > p->horizon_us ? p->course.span_us : p->horizon_us;
}

// Variance of the sum, at most: of two that overlap the product of their spreads counts, as if they
// erred alike. Those whose horizons do not meet have nothing in common that was not known before
// the later one.
static double variance(const ls_promise_def *def, double *spreads) {
    double sum = 0.0;
    for (size_t i = 0; i < def->count; i++) {
        for (size_t k = 0; k < def->count; k++) {
            const ls_promised *first = &def->promised[i < k ? i : k];
            const ls_promised *second = &def->promised[i < k ? k : i];
            const bool meets = second->time_us - first->time_us < span_of(first);
            sum += i == k || meets ? spreads[i] * spreads[k] : 0.0;
        }
    }
    return sum;
}

static ls_status add_acts(const ls_promise_def *def, double level, ls_promise *out, ls_error *err) {
    double *spreads = ls_alloc((def->count + 1) * sizeof *spreads);
    if (spreads == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu promises", def->count);
    }
    double sum = 0.0;
    for (size_t i = 0; i < def->count; i++) {
        double gain = 0.0;
        ls_promised_until(&def->promised[i], def->until_us, &gain, &spreads[i]);
        sum += gain;
    }
    const double half = ls_stat_normal_quantile(0.5 + level / 2.0) * sqrt(variance(def, spreads));
    ls_free(spreads);
    out->gain += sum;
    out->low += sum - half;
    out->high += sum + half;
    return LS_OK;
}

// ---- of the base rule

static ls_status run(const ls_twin *twin, const ls_promise_def *def, const ls_snapshot *from,
                     uint32_t future, ls_snapshot *into, double *out_cost, ls_error *err) {
    ls_snapshot_fork_into(twin, from, def->seed, future, into);
    const ls_amounts before = ls_amounts_read(twin, into->state, ls_snapshot_now(into));
    const ls_status status = ls_future_run(twin, into, def->until_us, NULL, err);
    const ls_amounts after = ls_amounts_read(twin, into->state, def->until_us);
    const ls_amounts amounts = ls_amounts_between(&before, &after);
    *out_cost = ls_cost_of(def->weights, &amounts);
    return status;
}

static ls_status play_base(const ls_promise_def *def, uint32_t futures, double *gains,
                           ls_error *err) {
    ls_snapshot *start = NULL;
    ls_snapshot *own = NULL;
    ls_snapshot *base = NULL;
    ls_status status = ls_twin_rebased(def->own, def->origin, def->base, &start, err);
    status = status == LS_OK ? ls_snapshot_copy(def->base, start, &base, err) : status;
    status = status == LS_OK ? ls_snapshot_copy(def->own, def->origin, &own, err) : status;
    for (uint32_t i = 0; i < futures && status == LS_OK; i++) {
        double own_cost = 0.0;
        double base_cost = 0.0;
        status = run(def->own, def, def->origin, i, own, &own_cost, err);
        status = status == LS_OK ? run(def->base, def, start, i, base, &base_cost, err) : status;
        gains[i] = own_cost - base_cost;
    }
    ls_snapshot_destroy(start);
    ls_snapshot_destroy(own);
    ls_snapshot_destroy(base);
    return status;
}

ls_status ls_promise_make(const ls_promise_def *def, ls_promise *out, ls_error *err) {
    const uint32_t futures = def->futures > 0 ? def->futures : LS_PROMISE_FUTURES;
    const double level = def->level > 0.0 ? def->level : 0.95;
    *out = (ls_promise){0};
    if (def->until_us <= ls_snapshot_now(def->origin)) {
        return ls_fail(err, LS_ERR_INVALID, "no time has passed since the state to start from");
    }
    ls_status status = LS_OK;
    if (def->base != NULL && def->base != def->own) {
        double *gains = ls_alloc(futures * sizeof *gains);
        status = gains != NULL ? play_base(def, futures, gains, err)
                               : ls_fail(err, LS_ERR_MEMORY, "out of memory");
        if (status == LS_OK) {
            ls_stat_one_more(gains, futures, level, &out->gain, &out->low, &out->high);
        }
        ls_free(gains);
    }
    return status == LS_OK ? add_acts(def, level, out, err) : status;
}
