// learner_search.c - see learner_search.h.
#include "model/learner_search.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"

ls_search_def ls_search_def_default(void) {
    return (ls_search_def){.base = ls_learner_def_default(),
                           .trials = 27,
                           .keep = 3,
                           .depth_low = 3,
                           .depth_high = 8,
                           .eta_low = 0.02,
                           .eta_high = 0.3,
                           .child_weight_low = 1,
                           .child_weight_high = 50,
                           .row_share_low = 0.5,
                           .row_share_high = 1,
                           .column_share_low = 0.3,
                           .column_share_high = 1,
                           .lambda_low = 0.1,
                           .lambda_high = 10};
}

// How many trials come behind so many.
static uint32_t after(const ls_search_def *def, uint32_t count) {
    const uint32_t next = count / def->keep;
    return next == 0 ? 1 : next;
}

// Rungs from `count` trials down to one: 27, 9, 3, 1 are four.
static uint32_t rungs_from(const ls_search_def *def, uint32_t count) {
    uint32_t rungs = 1;
    for (; count > 1; count = after(def, count)) {
        rungs++;
    }
    return rungs;
}

// The last rung learns for all rounds, each one before for keep times fewer.
static uint32_t rounds_of(const ls_search_def *def, uint32_t count) {
    double rounds = def->base.rounds;
    for (uint32_t rung = rungs_from(def, count); rung > 1; rung--) {
        rounds /= def->keep;
    }
    return rounds < 1 ? 1 : (uint32_t)rounds;
}

// Draw `which` of trial `number`, in [0, 1).
static double draw(const ls_search_def *def, uint32_t number, uint32_t which) {
    const ls_random_block block = ls_random_philox(number, which, 0x73656172u, 0, def->seed, 0);
    return ls_random_unit((uint64_t)block.word[0] | ((uint64_t)block.word[1] << 32));
}

static double evenly(double low, double high, double at) {
    return low + (high - low) * at;
}

static double in_logs(double low, double high, double at) {
    return low >= high ? low : low * pow(high / low, at);
}

static ls_status check_range(const char *name, double low, double high, double least, double most,
                             ls_error *err) {
    if (low >= least && low <= high && high <= most && low > 0) {
        return LS_OK;
    }
    return ls_fail(err, LS_ERR_INVALID,
                   "%s from %g to %g; it must be above 0, rising, from %g to %g", name, low, high,
                   least, most);
}

static ls_status check(const ls_search_def *d, ls_error *err) {
    if (d->trials < 1 || d->trials > LS_SEARCH_TRIALS_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "trials is %u; it must be from 1 to %d", d->trials,
                       LS_SEARCH_TRIALS_MAX);
    }
    if (d->keep < 2 || d->keep > 10) {
        return ls_fail(err, LS_ERR_INVALID, "keep is %u; it must be from 2 to 10", d->keep);
    }
    const struct {
        const char *name;
        double low, high, least, most;
    } ranges[] = {{"depth", d->depth_low, d->depth_high, 1, 16},
                  {"eta", d->eta_low, d->eta_high, 0, 1},
                  {"child_weight", d->child_weight_low, d->child_weight_high, 0, 1e9},
                  {"row_share", d->row_share_low, d->row_share_high, 0, 1},
                  {"column_share", d->column_share_low, d->column_share_high, 0, 1},
                  {"lambda", d->lambda_low, d->lambda_high, 0, 1e9}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        ls_status status = check_range(ranges[i].name, ranges[i].low, ranges[i].high,
                                       ranges[i].least, ranges[i].most, err);
        if (status != LS_OK) {
            return status;
        }
    }
    return ls_learner_def_check(&d->base, err);
}

ls_status ls_search_begin(const ls_search_def *def, ls_trial *trials, uint32_t *count,
                          ls_error *err) {
    *count = 0;
    ls_status status = check(def, err);
    if (status != LS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < def->trials; i++) {
        ls_learner_def d = def->base;
        d.rounds = rounds_of(def, def->trials);
        if (i > 0) {
            const uint32_t depths = def->depth_high - def->depth_low + 1;
            d.depth = def->depth_low + (uint32_t)(draw(def, i, 0) * depths);
            d.eta = in_logs(def->eta_low, def->eta_high, draw(def, i, 1));
            d.child_weight_min = in_logs(def->child_weight_low, def->child_weight_high,
                                         draw(def, i, 2));
            d.row_share = evenly(def->row_share_low, def->row_share_high, draw(def, i, 3));
            d.column_share = evenly(def->column_share_low, def->column_share_high, draw(def, i, 4));
            d.lambda = in_logs(def->lambda_low, def->lambda_high, draw(def, i, 5));
        }
        trials[i] = (ls_trial){.number = i, .def = d, .score = NAN};
    }
    *count = def->trials;
    return LS_OK;
}

// Best first; those without a score last; ties by number.
static int lower_first(const void *a, const void *b) {
    const ls_trial *x = a, *y = b;
    if (isnan(x->score) != isnan(y->score)) {
        return isnan(x->score) ? 1 : -1;
    }
    if (x->score < y->score || x->score > y->score) {
        return x->score < y->score ? -1 : 1;
    }
    return (x->number > y->number) - (x->number < y->number);
}

bool ls_search_next(const ls_search_def *def, bool higher_is_better, ls_trial *trials,
                    uint32_t *count) {
    const double sign = higher_is_better ? -1 : 1;
    for (uint32_t i = 0; i < *count; i++) {
        trials[i].score *= sign;
    }
    qsort(trials, *count, sizeof *trials, lower_first);
    for (uint32_t i = 0; i < *count; i++) {
        trials[i].score *= sign;
    }
    if (*count <= 1 || isnan(trials[0].score)) {
        *count = *count == 0 ? 0 : 1;
        return false;
    }
    *count = after(def, *count);
    for (uint32_t i = 0; i < *count; i++) {
        trials[i].def.rounds = rounds_of(def, *count);
        trials[i].score = NAN;
    }
    return true;
}

uint64_t ls_search_cost_rounds(const ls_search_def *def) {
    uint64_t sum = 0;
    for (uint32_t count = def->trials;; count = after(def, count)) {
        sum += (uint64_t)count * rounds_of(def, count);
        if (count <= 1) {
            return sum;
        }
    }
}
