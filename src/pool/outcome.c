// outcome.c - see outcome.h.
#include "pool/outcome.h"

#include <string.h>

#include "base/kmath.h"

#define PER_OCTAVE 8.0

ls_status ls_outcome_make(const ls_share_terms *terms, uint32_t accounts, ls_outcome *out,
                          ls_error *err) {
    *out = (ls_outcome){.count = accounts};
    out->rows = ls_alloc(accounts * sizeof *out->rows);
    uint32_t *parents = ls_alloc(accounts * sizeof *parents);
    out->parents = parents;
    if (out->rows == NULL || parents == NULL) {
        ls_outcome_clear(out);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; i < accounts; i++) {
        parents[i] = i == 0 ? LS_POOL_NONE : terms[i].parent;
    }
    return LS_OK;
}

void ls_outcome_clear(ls_outcome *outcome) {
    ls_free(outcome->rows);
    ls_free((void *)(uintptr_t)outcome->parents);
    *outcome = (ls_outcome){0};
}

// Bucket 0: less than a second; bucket b from 2^((b - 1) / 8) s on.
static uint32_t bucket_of(double wait_s) {
    if (!(wait_s >= 1.0)) {
        return 0;
    }
    const double at = 1.0 + PER_OCTAVE * ls_log(wait_s) / 0.6931471805599453;
    return at < LS_OUTCOME_BUCKETS - 1 ? (uint32_t)at : LS_OUTCOME_BUCKETS - 1;
}

static void add_wait(ls_outcome_row *row, double wait_s) {
    row->wait_sum_s += wait_s;
    row->wait_max_s = wait_s > row->wait_max_s ? wait_s : row->wait_max_s;
    row->waits[bucket_of(wait_s)]++;
}

static void add_lost(ls_outcome_row *row, const ls_sim_event *e) {
    const uint64_t milli = ls_shape_milli(&e->job->request.shape);
    const ls_gpu_time again = (ls_gpu_time)(e->lost_us - e->stopping_us) * milli;
    row->lost_stopping += (ls_gpu_time)e->stopping_us * milli;
    row->lost_stopped += e->kind == LS_SIM_STOPPED ? again : 0;
    row->lost_broken += e->kind == LS_SIM_BROKEN ? again : 0;
    row->lost_killed += e->kind == LS_SIM_KILLED ? again : 0;
}

// A job with a deadline is over, or the time is: it was met if the job was done by then.
static void add_due(ls_outcome_row *row, const ls_sim_event *e) {
    const int64_t due_us = e->job->request.deadline_us;
    const bool done = e->kind == LS_SIM_ENDED && !e->job->fails;
    if (due_us == 0 || ((e->kind == LS_SIM_LEFT || e->kind == LS_SIM_HELD) && e->at_us < due_us)) {
        return;
    }
    row->due++;
    row->missed += !done || e->at_us > due_us;
}

static void add_event(ls_outcome_row *row, const ls_sim_event *e) {
    const double wait_s = (double)(e->at_us - e->submitted_us) * 1e-6;
    add_lost(row, e);
    switch (e->kind) {
    case LS_SIM_STARTED:
        if (e->promised_us != INT64_MAX) {
            row->promised++;
            row->late += e->at_us > e->promised_us;
            row->gave_way += e->at_us > e->promised_us && e->gave_way;
        }
        if (e->first) {
            row->jobs++;
            add_wait(row, wait_s);
        }
        break;
    case LS_SIM_ENDED:
    case LS_SIM_KILLED:
        row->ended++;
        add_due(row, e);
        break;
    case LS_SIM_STOPPED: row->stopped++; break;
    case LS_SIM_BROKEN: row->broken++; break;
    case LS_SIM_REFUSED: row->refused++; break;
    case LS_SIM_SUBMITTED:
    case LS_SIM_GREW:
    case LS_SIM_SHRANK: break;
    case LS_SIM_CANCELLED:
    case LS_SIM_HELD: add_due(row, e); break;
    case LS_SIM_LEFT:
        add_due(row, e);
        if (e->first) {
            row->left++;
            add_wait(row, wait_s);
        }
        break;
    }
}

void ls_outcome_event(ls_outcome *outcome, const ls_sim_event *event) {
    for (uint32_t at = event->job->request.account; at < outcome->count;
         at = outcome->parents[at]) {
        add_event(outcome->rows + at, event);
    }
}

void ls_outcome_close(ls_outcome *outcome, const ls_meter_row *rows, const ls_meter_pool *pool) {
    for (uint32_t i = 0; i < outcome->count; i++) {
        ls_meter_add(&outcome->rows[i].total, rows + i);
    }
    ls_meter_add_pool(&outcome->pool, pool);
}

double ls_outcome_wait_mean_s(const ls_outcome_row *row) {
    const uint64_t count = row->jobs + row->left;
    return count > 0 ? row->wait_sum_s / (double)count : 0.0;
}

double ls_outcome_wait_s(const ls_outcome_row *row, double p) {
    const double want = p * (double)(row->jobs + row->left);
    double seen = 0.0;
    for (uint32_t i = 0; i < LS_OUTCOME_BUCKETS; i++) {
        seen += row->waits[i];
        if (row->waits[i] > 0 && seen >= want) {
            const double middle = ls_exp(((double)i - 0.5) / PER_OCTAVE * 0.6931471805599453);
            return i == 0 ? 0.0 : (middle < row->wait_max_s ? middle : row->wait_max_s);
        }
    }
    return 0.0;
}

double ls_outcome_used(const ls_outcome *outcome) {
    const double up = (double)outcome->pool.by_state[LS_NODE_UP];
    return up > 0.0 ? (double)outcome->rows[0].total.held / up : 0.0;
}

double ls_outcome_goodput(const ls_outcome *outcome) {
    const double up = (double)outcome->pool.by_state[LS_NODE_UP];
    const ls_meter_row *all = &outcome->rows[0].total;
    return up > 0.0 && all->held > all->lost ? (double)(all->held - all->lost) / up : 0.0;
}
