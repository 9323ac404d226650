// trace_driven.c - see trace_driven.h.
//
// The kernel stays as it is: the plant is copied with a timetable of the releases that were and
// without failures, and run event by event; when a machine begins to run, its hidden planned end is
// set to what the line's took.
#include "twin/estimate/trace_driven.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plant/sample.h"
#include "twin/calibrate/quantity.h"
#include "twin/calibrate/search.h"
#include "twin/context.h"
#include "twin/estimate/match.h"
#include "twin/event.h"

enum { TRACE_COOKIE = 0x6c737464 };
static const uint64_t PAIRS_MOST = 200000000;

ls_trace_driven_def ls_trace_driven_def_default(void) {
    return (ls_trace_driven_def){.delta_us = 100000000, .seed = 1, .cookie = TRACE_COOKIE};
}

// An operation with the time that the twin shall give it.
typedef struct forced {
    ls_traced_operation of;
    int64_t length_us;
    bool used;
} forced;

typedef struct drive {
    const ls_plant *plant;
    const ls_trace_driven_def *def;
    ls_plant copy;
    ls_twin *twin;
    forced *ops;          // by lot, step, start
    uint64_t *lot_of;     // twin's serial -> the line's lot
    size_t *class_at;     // next release of each class
    size_t **class_lots;  // indexes of releases, by class
    uint64_t *running;    // per machine: serial + 1 of the operation already forced
    int64_t *begun;       // and when
    ls_logged *log;
    size_t log_count, log_capacity;
    ls_trace_score *score;
} drive;

// ---- the plant that is run

static ls_status copy_plant(drive *d, ls_arena *arena, ls_error *err) {
    const ls_plant *p = d->plant;
    const ls_trace_driven_def *def = d->def;
    d->copy = *p;
    d->copy.stations = ls_arena_alloc(arena, (p->station_count + 1) * sizeof *p->stations);
    d->copy.releases = ls_arena_alloc(arena, (p->release_count + 1) * sizeof *p->releases);
    d->copy.orders = ls_arena_alloc(arena, (def->release_count + 1) * sizeof *p->orders);
    d->class_at = ls_arena_alloc(arena, (p->release_count + 1) * sizeof *d->class_at);
    d->class_lots = ls_arena_alloc(arena, (p->release_count + 1) * sizeof *d->class_lots);
    size_t *lots = ls_arena_alloc(arena, (def->release_count + 1) * sizeof *lots);
    if (d->copy.stations == NULL || d->copy.releases == NULL || d->copy.orders == NULL ||
        d->class_at == NULL || d->class_lots == NULL || lots == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu releases", def->release_count);
    }
    memcpy(d->copy.stations, p->stations, p->station_count * sizeof *p->stations);
    memcpy(d->copy.releases, p->releases, p->release_count * sizeof *p->releases);
    for (uint32_t i = 0; i < p->station_count; i++) {
        d->copy.stations[i].failure_count = 0;
    }
    d->copy.failure_count = 0;
    d->copy.wip_count = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; i < p->release_count; i++) {
        ls_release *r = &d->copy.releases[i];
        r->kind = LS_RELEASE_TIMETABLE;
        r->order_at = at;
        d->class_lots[i] = lots + at;
        for (size_t k = 0; k < def->release_count; k++) {
            if (def->releases[k].release == i) {
                lots[at] = k;
                d->copy.orders[at++] = (ls_order){.time_us = def->releases[k].time_us,
                                                  .due_us = LS_FOREVER,
                                                  .product = r->product,
                                                  .priority = r->priority,
                                                  .lots = 1};
            }
        }
        r->order_count = at - r->order_at;
    }
    d->copy.order_count = at;
    return at == def->release_count
               ? LS_OK
               : ls_fail(err, LS_ERR_INVALID, "a release of a class that the plant does not have");
}

// ---- the times

static int by_lot(const void *a, const void *b) {
    const forced *x = a;
    const forced *y = b;
    if (x->of.lot != y->of.lot) {
        return x->of.lot < y->of.lot ? -1 : 1;
    }
    if (x->of.step != y->of.step) {
        return x->of.step < y->of.step ? -1 : 1;
    }
    return (x->of.start_us > y->of.start_us) - (x->of.start_us < y->of.start_us);
}

static ls_fact fact_of(const ls_traced_operation *of, double value) {
    return (ls_fact){.kind = LS_FACT_PROCESS,
                     .value = value,
                     .step = of->step,
                     .machine = of->machine,
                     .lots = of->lots,
                     .parts = of->parts};
}

typedef struct sample {
    double value, slope;  // in terms of the file; us of machine time per unit of it
    size_t at;
    uint32_t step;
    const ls_dist *dist;
} sample;

static int by_quantity(const void *a, const void *b) {
    const sample *x = a;
    const sample *y = b;
    if (x->step != y->step) {
        return x->step < y->step ? -1 : 1;
    }
    if (x->value != y->value) {
        return x->value < y->value ? -1 : 1;
    }
    return (x->at > y->at) - (x->at < y->at);
}

typedef struct quantile_goal {
    const ls_dist *dist;
    const double *tables;
    double u;
} quantile_goal;

static double quantile_miss(const void *context, double x) {
    const quantile_goal *g = context;
    return 1.0 - ls_dist_survival_at(g->dist, g->tables, x) - g->u;
}

static double quantile(const ls_dist *dist, const double *tables, double u) {
    if (dist->kind != LS_DIST_GAMMA && dist->kind != LS_DIST_ERLANG && dist->kind != LS_DIST_BETA) {
        return ls_dist_from_uniform(dist, tables, u);
    }
    const quantile_goal goal = {dist, tables, u};
    const double mean = ls_dist_mean(dist, tables);
    double high = 2.0 * mean;
    while (quantile_miss(&goal, high) < 0.0 && high < 1e6 * mean) {
        high *= 2.0;
    }
    return ls_search_zero(quantile_miss, &goal, 0.0, high);
}

// Each time becomes the quantile of its own rank. A step's times are one sample.
static ls_status make_quasi(drive *d, ls_error *err) {
    sample *samples = ls_alloc((d->def->operation_count + 1) * sizeof *samples);
    if (samples == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu times", d->def->operation_count);
    }
    size_t count = 0;
    for (size_t i = 0; i < d->def->operation_count; i++) {
        const ls_traced_operation *of = &d->ops[i].of;
        ls_quantity_id id;
        double more = 0.0;
        double entered = 0.0;
        const char *why = NULL;
        const ls_fact here = fact_of(of, (double)of->net_us);
        const ls_fact there = fact_of(of, (double)of->net_us + 1e9);
        if (ls_quantity_of_fact(d->plant, &here, &id, &samples[count].value, &entered, &why) &&
            ls_quantity_of_fact(d->plant, &there, &id, &more, &entered, &why)) {
            samples[count].slope = 1e9 / (more - samples[count].value);
            samples[count].dist = ls_quantity_dist(d->plant, &id);
            samples[count].at = i;
            samples[count].step = of->step;
            count += samples[count].dist != NULL ? 1 : 0;
        }
    }
    if (count > 0) {
        qsort(samples, count, sizeof *samples, by_quantity);
    }
    for (size_t i = 0; i < count;) {
        size_t end = i;
        while (end < count && samples[end].step == samples[i].step) {
            end++;
        }
        for (size_t k = i; k < end; k++) {
            const double u = ((double)(k - i) + 0.5) / (double)(end - i);
            const double now = quantile(samples[k].dist, d->plant->tables, u);
            const double change = (now - samples[k].value) * samples[k].slope;
            forced *op = &d->ops[samples[k].at];
            op->length_us = (int64_t)fmax(0.0, (double)op->of.ran_us + change + 0.5);
        }
        i = end;
    }
    ls_free(samples);
    return LS_OK;
}

// The k-th visit of the lot to the step, in the line's order.
static forced *find_op(drive *d, uint64_t lot, uint32_t step) {
    size_t low = 0;
    size_t high = d->def->operation_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const ls_traced_operation *of = &d->ops[middle].of;
        if (of->lot < lot || (of->lot == lot && of->step < step)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < d->def->operation_count; low++) {
        forced *op = &d->ops[low];
        if (op->of.lot != lot || op->of.step != step) {
            return NULL;
        }
        if (!op->used) {
            return op;
        }
    }
    return NULL;
}

// ---- the run

static uint64_t label_of(uint64_t lot, uint32_t step, uint32_t machine, bool ends) {
    uint64_t h = 0x9e3779b97f4a7c15ULL;
    const uint64_t words[4] = {lot, step, machine, ends};
    for (int i = 0; i < 4; i++) {
        h = (h ^ words[i]) * 0xff51afd7ed558ccdULL;
        h ^= h >> 32;
    }
    return h;
}

static bool put_log(drive *d, int64_t time_us, uint64_t label) {
    if (d->log_count == d->log_capacity) {
        const size_t capacity = d->log_capacity == 0 ? 1024 : 2 * d->log_capacity;
        ls_logged *log = ls_realloc(d->log, capacity * sizeof *log);
        if (log == NULL) {
            return false;
        }
        d->log = log;
        d->log_capacity = capacity;
    }
    d->log[d->log_count++] = (ls_logged){time_us, label};
    return true;
}

// The n-th lot of a class is the line's n-th of it.
static void meet_lots(drive *d, const ls_ctx *c) {
    for (uint32_t i = 0; i < c->s->lot_used; i++) {
        const ls_lot *lot = c->lot + i;
        if (lot->where == LS_LOT_FREE || lot->serial >= d->def->release_count ||
            d->lot_of[lot->serial] != UINT64_MAX) {
            continue;
        }
        const size_t n = d->class_at[lot->release]++;
        if (n < d->copy.releases[lot->release].order_count) {
            d->lot_of[lot->serial] = d->def->releases[d->class_lots[lot->release][n]].lot;
        }
    }
}

// Machines that began to run in this event get the line's time.
static bool force(drive *d, ls_ctx *c) {
    for (uint32_t i = 0; i < c->m->machines; i++) {
        ls_s_machine *mc = c->machine + i;
        const uint32_t first = mc->lots;
        const bool runs = mc->phase == LS_PHASE_RUN && first != LS_NO;
        const uint64_t mark = runs ? (uint64_t)c->lot[first].serial + 1 : 0;
        if (!runs || mc->phase_since == LS_NEVER || mc->phase_since != c->now ||
            mc->phase_elapsed != 0 || (d->running[i] == mark && d->begun[i] == c->now)) {
            continue;
        }
        d->running[i] = mark;
        d->begun[i] = c->now;
        const uint64_t lot = c->lot[first].serial < d->def->release_count
                                 ? d->lot_of[c->lot[first].serial]
                                 : UINT64_MAX;
        const ls_step *step = &d->plant->steps[mc->step];
        forced *op = step->cascade_us == 0 && d->plant->stations[step->station].ports < 2
                         ? find_op(d, lot, mc->step)
                         : NULL;
        if (op == NULL) {
            d->score->drawn++;
            continue;
        }
        op->used = true;
        mc->phase_total = op->length_us;
        ls_source_set(c, c->m->source_machine + i, c->now + op->length_us);
        d->score->forced++;
    }
    return true;
}

static bool log_trace(drive *d, const ls_ctx *c, const ls_scratch *x) {
    bool good = true;
    for (ls_u64 i = 0; i < x->trace_count && i < x->trace_capacity && good; i++) {
        const ls_trace_item *t = &x->trace[i];
        if ((t->kind == LS_TRACE_START || t->kind == LS_TRACE_END) &&
            t->serial < d->def->release_count) {
            good = put_log(
                d, t->time,
                label_of(d->lot_of[t->serial], t->step, t->machine, t->kind == LS_TRACE_END));
        }
    }
    (void)c;
    return good;
}

enum { TRACE_ITEMS = 65536 };  // of one event

static ls_status run(drive *d, ls_snapshot *s, ls_trace_item *trace, ls_error *err) {
    ls_status status = LS_OK;
    uint64_t done = 1;
    while (status == LS_OK && done > 0) {
        s->scratch.trace = trace;
        s->scratch.trace_capacity = TRACE_ITEMS;
        s->scratch.trace_count = 0;
        status = ls_snapshot_step(d->twin, s, d->def->until_us, 1, &done, err);
        ls_ctx c;
        ls_ctx_open(&c, s->model, s->state, &s->scratch);
        meet_lots(d, &c);
        if (!force(d, &c) || !log_trace(d, &c, &s->scratch)) {
            status = ls_fail(err, LS_ERR_MEMORY, "no memory for the twin's log");
        }
    }
    s->scratch.trace = NULL;
    return status;
}

static ls_status drive_twin(drive *d, ls_error *err) {
    ls_snapshot *s = NULL;
    ls_trace_item *trace = ls_alloc(TRACE_ITEMS * sizeof *trace);
    d->log_count = 0;
    for (size_t i = 0; i < d->def->operation_count; i++) {
        d->ops[i].used = false;
    }
    for (size_t i = 0; i < d->def->release_count; i++) {
        d->lot_of[i] = UINT64_MAX;
    }
    memset(d->class_at, 0, d->plant->release_count * sizeof *d->class_at);
    memset(d->running, 0, d->plant->machine_count * sizeof *d->running);
    if (trace == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for a trace");
    }
    ls_status status = ls_snapshot_create(d->twin, d->def->seed, 0, &s, err);
    if (status == LS_OK) {
        status = run(d, s, trace, err);
    }
    ls_snapshot_destroy(s);
    ls_free(trace);
    return status;
}

static ls_status score_run(drive *d, ls_trace_score *out, ls_error *err) {
    *out = (ls_trace_score){.score = NAN};
    d->score = out;
    ls_status status = drive_twin(d, err);
    if (status != LS_OK) {
        return status;
    }
    ls_logged *line = ls_alloc((2 * d->def->operation_count + 1) * sizeof *line);
    if (line == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for the line's log");
    }
    size_t count = 0;
    for (size_t i = 0; i < d->def->operation_count; i++) {
        const ls_traced_operation *of = &d->ops[i].of;
        line[count++] = (ls_logged){of->start_us, label_of(of->lot, of->step, of->machine, false)};
        if (of->end_us <= d->def->until_us) {
            line[count++] = (ls_logged){of->end_us, label_of(of->lot, of->step, of->machine, true)};
        }
    }
    size_t matched = 0;
    status = ls_match_logs(line, count, d->log, d->log_count, d->def->delta_us, PAIRS_MOST,
                           &matched, err);
    ls_free(line);
    out->line_events = count;
    out->twin_events = d->log_count;
    out->matched = matched;
    const size_t longer = count > d->log_count ? count : d->log_count;
    out->score = longer > 0 ? (double)matched / (double)longer : NAN;
    return status;
}

static ls_status make(drive *d, ls_arena *arena, ls_error *err) {
    const ls_trace_driven_def *def = d->def;
    d->ops = ls_arena_alloc(arena, (def->operation_count + 1) * sizeof *d->ops);
    d->lot_of = ls_arena_alloc(arena, (def->release_count + 1) * sizeof *d->lot_of);
    d->running = ls_arena_alloc(arena, (d->plant->machine_count + 1) * sizeof *d->running);
    d->begun = ls_arena_alloc(arena, (d->plant->machine_count + 1) * sizeof *d->begun);
    if (d->ops == NULL || d->lot_of == NULL || d->running == NULL || d->begun == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for %zu operations", def->operation_count);
    }
    for (size_t i = 0; i < def->operation_count; i++) {
        const ls_traced_operation *of = &def->operations[i];
        if (of->step >= d->plant->step_count || of->machine >= d->plant->machine_count) {
            return ls_fail(err, LS_ERR_INVALID,
                           "operation %zu: a step or machine that the plant "
                           "does not have",
                           i);
        }
        d->ops[i] = (forced){.of = *of, .length_us = of->ran_us};
    }
    if (def->operation_count > 0) {
        qsort(d->ops, def->operation_count, sizeof *d->ops, by_lot);
    }
    const ls_status status = copy_plant(d, arena, err);
    return status == LS_OK ? ls_twin_create(&d->copy, &d->twin, err) : status;
}

ls_status ls_trace_driven(const ls_plant *plant, const ls_trace_driven_def *def,
                          ls_trace_score *out_tds, ls_trace_score *out_qtds, ls_error *err) {
    assert(def->cookie == TRACE_COOKIE);
    drive d = {.plant = plant, .def = def};
    ls_arena arena;
    ls_arena_init(&arena);
    ls_status status = make(&d, &arena, err);
    if (status == LS_OK) {
        status = score_run(&d, out_tds, err);
    }
    if (status == LS_OK) {
        status = make_quasi(&d, err);
    }
    if (status == LS_OK) {
        status = score_run(&d, out_qtds, err);
    }
    ls_free(d.log);
    ls_twin_destroy(d.twin);
    ls_arena_clear(&arena);
    return status;
}
