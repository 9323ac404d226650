// carryover.c - see carryover.h.
#include "decide/prove/carryover.h"

#include <math.h>

#include "base/arena.h"
#include "base/statistics.h"
#include "twin/rebase.h"

// One pair: both forks, and the second's twin after each change.
typedef struct pair {
    ls_snapshot *stays, *goes, *there;
} pair;

static ls_status step_pair(const ls_carryover_def *def, pair *p, bool in_block, int64_t until_us,
                           ls_error *err) {
    ls_status status = ls_snapshot_run(def->first, p->stays, until_us, err);
    if (status == LS_OK) {
        status = in_block ? ls_snapshot_run(def->second, p->there, until_us, err)
                          : ls_snapshot_run(def->first, p->goes, until_us, err);
    }
    return status;
}

static ls_status run_pair(const ls_carryover_def *def, pair *p, uint32_t number, size_t before,
                          size_t steps, double *differs, ls_error *err) {
    const int64_t from_us = ls_snapshot_now(def->present);
    ls_status status = LS_OK;
    ls_snapshot_fork_into(def->first, def->present, def->seed, number, p->stays);
    ls_twin_rebase(def->second, p->stays, p->there);
    for (size_t i = 0; i < steps && status == LS_OK; i++) {
        const bool in_block = i < before;
        status = step_pair(def, p, in_block, from_us + (int64_t)(i + 1) * def->step_us, err);
        const ls_snapshot *other = in_block ? p->there : p->goes;
        differs[i] = (double)ls_snapshot_lots(other) - (double)ls_snapshot_lots(p->stays);
        if (i + 1 == before) {
            ls_twin_rebase(def->first, p->there, p->goes);
        }
    }
    return status;
}

// The last step at which they still differ, counted from the end of the block.
static void judge(const ls_carryover_def *def, const ls_summary *at, size_t before, size_t steps,
                  ls_carryover *out) {
    size_t last = 0;
    for (size_t i = 0; i < steps; i++) {
        out->greatest = fmax(out->greatest, fabs(at[i].mean));
    }
    for (size_t i = before; i < steps; i++) {
        const double noise = 2.0 * sqrt(ls_summary_variance(&at[i]) / (double)at[i].count);
        const double allowed = fmax(def->share * out->greatest, fmin(noise, 0.5 * out->greatest));
        if (fabs(at[i].mean) > allowed) {
            last = i + 1 - before;
        }
    }
    // The end of what was looked at is no agreement.
    out->known = last + (steps - before) / 10 < steps - before;
    out->carryover_us = out->known ? (int64_t)(last + 1) * def->step_us : -1;
}

// A pair of which one blocks itself for good says nothing of how long a rule acts: it is left out.
static ls_status run_pairs(const ls_carryover_def *def, pair *p, size_t before, size_t steps,
                           ls_summary *at, double *differs, ls_error *err) {
    ls_status status = LS_OK;
    uint32_t stuck = 0;
    for (uint32_t i = 0; i < def->pairs && status == LS_OK; i++) {
        if (def->stop != NULL && atomic_load(def->stop)) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped while the carryover was measured");
        }
        status = run_pair(def, p, i, before, steps, differs, err);
        for (size_t k = 0; k < steps && status == LS_OK; k++) {
            ls_summary_add(&at[k], differs[k]);
        }
        if (status == LS_ERR_STUCK && ++stuck <= def->pairs / 2) {
            status = LS_OK;
        }
    }
    return status;
}

static ls_status measure(const ls_carryover_def *def, pair *p, ls_summary *at, size_t before,
                         size_t steps, ls_carryover *out, ls_error *err) {
    double *differs = ls_alloc(steps * sizeof *differs);
    if (differs == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_status status = ls_snapshot_copy(def->first, def->present, &p->stays, err);
    if (status == LS_OK) {
        status = ls_snapshot_copy(def->first, def->present, &p->goes, err);
    }
    if (status == LS_OK) {
        status = ls_snapshot_create(def->second, 1, 0, &p->there, err);
    }
    if (status == LS_OK) {
        status = run_pairs(def, p, before, steps, at, differs, err);
    }
    ls_free(differs);
    if (status == LS_OK) {
        judge(def, at, before, steps, out);
    }
    return status;
}

ls_status ls_carryover_measure(const ls_carryover_def *def, ls_carryover *out, ls_error *err) {
    *out = (ls_carryover){.carryover_us = -1};
    if (def->step_us <= 0 || def->block_us < def->step_us || def->most_us < 10 * def->step_us ||
        def->pairs < 2 || def->block_us / def->step_us + def->most_us / def->step_us > 1000000) {
        return ls_fail(err, LS_ERR_INVALID, "a carryover needs a block, ten steps and two pairs");
    }
    ls_status status = ls_twin_check_kin(def->first, def->second, err);
    if (status != LS_OK) {
        return status;
    }
    const size_t before = (size_t)(def->block_us / def->step_us);
    const size_t steps = before + (size_t)(def->most_us / def->step_us);
    ls_summary *at = ls_alloc(steps * sizeof *at);
    pair p = {0};
    status = at == NULL ? ls_fail(err, LS_ERR_MEMORY, "out of memory")
                        : measure(def, &p, at, before, steps, out, err);
    ls_snapshot_destroy(p.stays);
    ls_snapshot_destroy(p.goes);
    ls_snapshot_destroy(p.there);
    ls_free(at);
    return status;
}
