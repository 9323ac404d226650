// experiment_twin.c - see experiment_twin.h.
#include "loop/experiment_twin.h"

#include <math.h>

enum {
    BLOCK_CYCLES = 16,  // the other rule's
    LOOK_CYCLES = 128,  // after it
    STEPS_A_CYCLE = 2,
    PAIRS_LEAST = 100,
    PAIRS_MOST = 800,  // what MiniFab needs for a tenth of its difference
    FUTURES_LEAST = 8,
    FUTURES_MOST = 64,
    CARRYOVER_SEED = 0x63617279,
};
static const double measure_events = 6e7;   // some ten seconds on one core
static const double forecast_events = 2e6;  // of one period

// The twin of the other rule; NULL: there is none.
static const ls_twin *other_rule(const ls_decider *d, const char **out_name) {
    uint32_t best = d->base;
    for (uint32_t i = 1; i < d->base_count && d->base == 0; i++) {
        const double gain = fabs(d->bases[i].gain);
        const double known = best == 0 ? NAN : fabs(d->bases[best].gain);
        if (d->bases[i].twin != NULL && (best == 0 || (isfinite(gain) && !(gain <= known)))) {
            best = i;
        }
    }
    *out_name = d->bases[best].name;
    return best == 0 ? NULL : d->bases[best].twin;
}

// Events of one future of this length.
static ls_status count_events(const ls_twin *twin, const ls_snapshot *present, int64_t span_us,
                              double *out, ls_error *err) {
    ls_snapshot *one = NULL;
    ls_status status = ls_snapshot_fork(twin, present, CARRYOVER_SEED, 0, &one, err);
    if (status == LS_OK) {
        const uint64_t before = ls_snapshot_events(one);
        status = ls_future_run(twin, one, ls_snapshot_now(one) + span_us, NULL, err);
        *out = (double)(ls_snapshot_events(one) - before) + 1.0;
    }
    ls_snapshot_destroy(one);
    return status;
}

static uint32_t clamp(double value, uint32_t least, uint32_t most) {
    return value < least ? least : value > most ? most : (uint32_t)value;
}

ls_status ls_experiment_measure(const ls_decider *d, const ls_snapshot *present,
                                const atomic_bool *stop, ls_experiment_measured *out,
                                ls_error *err) {
    const int64_t step_us = ls_cycle_guess(d->twin) / STEPS_A_CYCLE;
    const ls_twin *other = other_rule(d, &out->rule);
    if (other == NULL) {
        ls_fail(err, LS_ERR_INVALID,
                "no station of this plant has a choice of rules, so that the "
                "carryover cannot be measured on the twin");
        return LS_ERR_INVALID;
    }
    double events = 1.0;
    const int64_t cycle_us = step_us * STEPS_A_CYCLE;
    out->looked_us = cycle_us * LOOK_CYCLES;
    ls_status status = count_events(d->twin, present, cycle_us * BLOCK_CYCLES, &events, err);
    events *= 2.0 * (BLOCK_CYCLES + LOOK_CYCLES) / BLOCK_CYCLES;
    out->pairs = clamp(measure_events / events, PAIRS_LEAST, PAIRS_MOST);
    const ls_carryover_def def = {.first = d->twin,
                                  .second = other,
                                  .present = present,
                                  .block_us = cycle_us * BLOCK_CYCLES,
                                  .step_us = step_us,
                                  .most_us = out->looked_us,
                                  .pairs = out->pairs,
                                  .share = 0.1,
                                  .seed = CARRYOVER_SEED,
                                  .stop = stop};
    return status == LS_OK ? ls_carryover_measure(&def, &out->carryover, err) : status;
}

static double cost_between(const ls_decider *d, const ls_amounts *from, const ls_amounts *to,
                           int64_t span_us) {
    const ls_amounts amounts = ls_amounts_between(from, to);
    return ls_cost_of(d->weights, &amounts) * 3.6e9 / (double)span_us;
}

static ls_status add_future(const ls_decider *d, const ls_snapshot *present, int64_t block_us,
                            uint64_t seed, uint32_t number, ls_snapshot *work, double sums[2],
                            ls_error *err) {
    ls_status status = LS_OK;
    ls_snapshot_fork_into(d->twin, present, seed, number, work);
    const int64_t from_us = ls_snapshot_now(present);
    ls_amounts before = ls_amounts_read(d->twin, work->state, from_us);
    for (int k = 0; k < 2 && status == LS_OK; k++) {
        const int64_t until_us = from_us + (k + 1) * block_us;
        status = ls_future_run(d->twin, work, until_us, NULL, err);
        const ls_amounts after = ls_amounts_read(d->twin, work->state, until_us);
        sums[k] += cost_between(d, &before, &after, block_us);
        before = after;
    }
    return status;
}

ls_status ls_experiment_forecast(const ls_decider *d, const ls_snapshot *present, int64_t block_us,
                                 uint64_t seed, const atomic_bool *stop, double out[2],
                                 ls_error *err) {
    double events = 1.0;
    double sums[2] = {0.0, 0.0};
    ls_snapshot *work = NULL;
    ls_status status = count_events(d->twin, present, block_us, &events, err);
    const uint32_t futures = clamp(forecast_events / events, FUTURES_LEAST, FUTURES_MOST);
    if (status == LS_OK) {
        status = ls_snapshot_copy(d->twin, present, &work, err);
    }
    for (uint32_t i = 0; i < futures && status == LS_OK; i++) {
        status = atomic_load(stop)
                     ? ls_fail(err, LS_ERR_STOPPED, "stopped while a period was forecast")
                     : add_future(d, present, block_us, seed, i, work, sums, err);
    }
    ls_snapshot_destroy(work);
    out[0] = sums[0] / futures;
    out[1] = sums[1] / futures;
    return status;
}
