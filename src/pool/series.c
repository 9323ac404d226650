// series.c - see series.h.
#include "pool/series.h"

#include <assert.h>

ls_status ls_series_make(const ls_cluster *cluster, const ls_share_terms *terms, uint32_t accounts,
                         int64_t from_us, uint32_t steps, ls_series *out, ls_error *err) {
    *out = (ls_series){.cluster = cluster, .room = steps, .accounts = accounts, .last_us = from_us};
    const bool all = (uint64_t)accounts * steps <= LS_SERIES_CELLS_MAX;
    out->column = ls_alloc(accounts * sizeof *out->column);
    out->rows = ls_alloc((steps + 1) * sizeof *out->rows);
    for (uint32_t i = 0; out->column != NULL && i < accounts; i++) {
        out->column[i] = all || i == 0 || terms[i].parent == 0 ? out->columns++ : LS_POOL_NONE;
    }
    out->held = ls_alloc(((size_t)steps + 1) * out->columns * sizeof *out->held);
    if (out->column == NULL || out->rows == NULL || out->held == NULL) {
        ls_series_clear(out);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    return LS_OK;
}

void ls_series_clear(ls_series *series) {
    if (series != NULL) {
        ls_free(series->column);
        ls_free(series->rows);
        ls_free(series->held);
        *series = (ls_series){0};
    }
}

void ls_series_event(ls_series *series, const ls_sim_event *event) {
    series->started += event->kind == LS_SIM_STARTED;
    series->stopped += event->kind == LS_SIM_STOPPED;
    series->failures += event->kind == LS_SIM_BROKEN;
}

// Every node once: what is free, and whether it is of use to a job that wants whole nodes.
static ls_series_free look(const ls_cluster *cluster, const ls_occupancy *o) {
    ls_series_free all = {0};
    for (uint32_t n = 0; n < cluster->node_count; n++) {
        if (cluster->nodes[n].gpus == 0 || ls_occupancy_state(o, n) != LS_NODE_UP) {
            continue;
        }
        const ls_node_free f = ls_occupancy_node(o, n);
        const uint64_t whole = (uint64_t)__builtin_popcount(f.whole) * LS_POOL_WHOLE;
        *(whole == (uint64_t)cluster->nodes[n].gpus * LS_POOL_WHOLE ? &all.whole
                                                                    : &all.broken) += whole;
        all.rests += f.milli - whole;
    }
    return all;
}

// From the last decision to now nothing has changed.
static void pass(ls_series *s, int64_t now_us) {
    const int64_t span_us = now_us - s->last_us;
    if (span_us > 0) {
        s->idle_waited += s->last_waiting > 0 ? (ls_gpu_time)span_us * s->last_free : 0;
        s->waiting_us += (double)span_us * (double)s->last_waiting;
        s->last_us = now_us;
    }
}

void ls_series_decide(ls_series *series, int64_t now_us, const ls_scheduler *s) {
    const ls_occupancy *o = ls_scheduler_occupancy(s);
    pass(series, now_us);
    series->last_free = ls_occupancy_free_milli(o);
    series->last_waiting = ls_scheduler_waiting(s) - ls_scheduler_waiting_spots(s);
    if (!series->looked) {
        series->looked = true;
        series->now = look(series->cluster, o);
    }
}

static double mean_gpus(ls_gpu_time time, int64_t span_us) {
    return (double)time / LS_POOL_WHOLE / (double)span_us;
}

void ls_series_close(ls_series *series, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                     const ls_meter_pool *pool) {
    assert(series->steps <= series->room && to_us > from_us);
    const int64_t span_us = to_us - from_us;
    pass(series, to_us);
    series->rows[series->steps] = (ls_series_step){
        .from_us = from_us,
        .to_us = to_us,
        .up = mean_gpus(pool->by_state[LS_NODE_UP], span_us),
        .down = mean_gpus(pool->all - pool->by_state[LS_NODE_UP], span_us),
        .idle = mean_gpus(pool->idle, span_us),
        .lost = mean_gpus(rows[0].lost, span_us),
        .idle_waited = mean_gpus(series->idle_waited, span_us),
        .waiting = series->waiting_us / (double)span_us,
        .failures = series->failures,
        .stopped = series->stopped,
        .started = series->started,
        .free = series->now,
    };
    for (uint32_t i = 0; i < series->accounts; i++) {
        if (series->column[i] != LS_POOL_NONE) {
            series->held[(size_t)series->steps * series->columns + series->column[i]] = mean_gpus(
                rows[i].held, span_us);
        }
    }
    series->steps++;
    series->idle_waited_all += series->idle_waited;
    series->idle_waited = 0;
    series->waiting_us = 0.0;
    series->looked = false;
    series->failures = series->stopped = series->started = 0;
}

double ls_series_held(const ls_series *series, uint32_t step, uint32_t account) {
    const uint32_t column = series->column[account];
    return column == LS_POOL_NONE ? 0.0 : series->held[(size_t)step * series->columns + column];
}
