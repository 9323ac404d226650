#include "twin/kpi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "twin/context.h"

ls_kpi_shape ls_kpi_shape_of(const ls_model *model) {
    ls_kpi_shape shape = {model->releases, model->stations, 0};
    shape.count = (size_t)(model->releases + 1) * LS_FIG_CLASS_COUNT +
                  (size_t)model->stations * (LS_FIG_COUNT - LS_FIG_CLASS_COUNT);
    return shape;
}

size_t ls_kpi_index(const ls_kpi_shape *shape, bool station, uint32_t index, ls_figure figure) {
    if (!station) {
        return (size_t)index * LS_FIG_CLASS_COUNT + (size_t)figure;
    }
    return (size_t)(shape->classes + 1) * LS_FIG_CLASS_COUNT +
           (size_t)index * (LS_FIG_COUNT - LS_FIG_CLASS_COUNT) +
           (size_t)(figure - LS_FIG_CLASS_COUNT);
}

// The accounts of a class, or of several, over the window.
typedef struct class_sum {
    double released, done, scrapped, lost, cycle, on_time, dated, tardy, limits, reworked, area,
        raw, outside, pooled, entered;
    double cycle_max;
} class_sum;

// Lots x time inside since time zero, per class: what has passed in lots that are gone, and in
// those inside so far.
static void areas_at(const ls_ctx *c, double *out) {
    for (ls_u32 i = 0; i < c->m->releases; i++) {
        const ls_s_release *rs = c->release + i;
        out[i] = (double)(rs->cycle_sum + rs->scrap_sum - rs->early_sum);
    }
    for (ls_u32 i = 0; i < c->s->lot_used; i++) {
        const ls_lot *lot = c->lot + i;
        if (lot->where != LS_LOT_FREE) {
            out[lot->release] += (double)(c->s->now - (lot->released > 0 ? lot->released : 0));
        }
    }
}

// Lots x time outside in the order pool since time zero: of those that have come in, and of those
// that wait there so far.
static double outside_area(const ls_ctx *c, ls_u32 class) {
    const ls_s_release *rs = c->release + class;
    double area = (double)rs->pool_sum;
    for (ls_u32 at = rs->pool_head; at != 0; at = c->lot[at - 1].other + 1) {  // LS_NO + 1 is 0
        area += (double)(c->s->now - c->lot[at - 1].arrived);
    }
    return area;
}

static void class_add(class_sum *sum, const ls_m_release *r, const ls_s_release *a,
                      const ls_s_release *b, double area) {
    const double done = (double)(b->done - a->done);
    sum->released += (double)(b->released - a->released);
    sum->done += done;
    sum->scrapped += (double)(b->scrapped - a->scrapped);
    sum->lost += (double)(b->lost - a->lost);
    sum->cycle += (double)(b->cycle_sum - a->cycle_sum);
    sum->on_time += (double)(b->on_time - a->on_time);
    sum->dated += (double)(b->dated - a->dated);
    sum->tardy += (double)(b->tardy_sum - a->tardy_sum);
    sum->limits += (double)(b->late_limits - a->late_limits);
    sum->reworked += (double)(b->reworked - a->reworked);
    sum->area += area;
    sum->pooled += (double)(b->pool_sum - a->pool_sum);
    sum->entered += (double)(b->pool_entered - a->pool_entered);
    sum->raw += done * (double)r->base;
    sum->cycle_max = (double)b->cycle_max > sum->cycle_max ? (double)b->cycle_max : sum->cycle_max;
}

static void class_values(const class_sum *sum, double window, double *out) {
    const double none = (double)NAN;
    out[LS_FIG_RELEASED] = sum->released;
    out[LS_FIG_DONE] = sum->done;
    out[LS_FIG_SCRAPPED] = sum->scrapped;
    out[LS_FIG_LOST] = sum->lost;
    out[LS_FIG_THROUGHPUT] = window > 0.0 ? sum->done / (window / 86400e6) : none;
    out[LS_FIG_CYCLE_MEAN] = sum->done > 0.0 ? sum->cycle / sum->done / 1e6 : none;
    out[LS_FIG_CYCLE_MAX] = sum->done > 0.0 ? sum->cycle_max / 1e6 : none;
    out[LS_FIG_X_FACTOR] = sum->done > 0.0 && sum->raw > 0.0 ? sum->cycle / sum->raw : none;
    out[LS_FIG_WIP] = window > 0.0 ? sum->area / window : none;
    out[LS_FIG_ON_TIME] = sum->dated > 0.0 ? sum->on_time / sum->dated : none;
    out[LS_FIG_TARDINESS] = sum->dated > 0.0 ? sum->tardy / sum->dated / 1e6 : none;
    out[LS_FIG_LIMITS_MISSED] = sum->limits;
    out[LS_FIG_REWORKED] = sum->reworked;
    out[LS_FIG_OUTSIDE] = window > 0.0 ? sum->outside / window : none;
    out[LS_FIG_OUTSIDE_WAIT] = sum->entered > 0.0 ? sum->pooled / sum->entered / 1e6 : none;
}

// ---- quantiles of the log-linear histogram

typedef struct mass {
    double value;  // s, middle of the bucket
    double count;
} mass;

static int mass_order(const void *a, const void *b) {
    const double x = ((const mass *)a)->value;
    const double y = ((const mass *)b)->value;
    return (x > y) - (x < y);
}

static size_t masses_of_class(const ls_m_release *r, const ls_u32 *from, const ls_u32 *to,
                              mass *out) {
    size_t count = 0;
    for (ls_u32 i = 0; i < LS_HIST_BUCKETS; i++) {
        const ls_u32 n = to[i] - (from != NULL ? from[i] : 0);
        if (n > 0) {
            const double octave = (double)(1u << (i / LS_HIST_PER_OCTAVE));
            const double middle = octave * (1.0 + ((double)(i % LS_HIST_PER_OCTAVE) + 0.5) /
                                                      LS_HIST_PER_OCTAVE);
            out[count].value = i == 0 ? 0.5 / r->scale / 1e6 : middle / r->scale / 1e6;
            out[count].count = n;
            count++;
        }
    }
    return count;
}

static double mass_quantile(const mass *masses, size_t count, double total, double p) {
    double below = 0.0;
    for (size_t i = 0; i < count; i++) {
        below += masses[i].count;
        if (below >= p * total) {
            return masses[i].value;
        }
    }
    return count > 0 ? masses[count - 1].value : (double)NAN;
}

static void quantile_values(const mass *masses, size_t count, double *out) {
    double total = 0.0;
    for (size_t i = 0; i < count; i++) {
        total += masses[i].count;
    }
    out[LS_FIG_CYCLE_P50] = mass_quantile(masses, count, total, 0.50);
    out[LS_FIG_CYCLE_P90] = mass_quantile(masses, count, total, 0.90);
    out[LS_FIG_CYCLE_P99] = mass_quantile(masses, count, total, 0.99);
}

// ---- stations

static double account_at(const ls_ctx *c, ls_u32 machine, ls_u32 state) {
    const ls_s_machine *mc = c->machine + machine;
    const double running = mc->account == state ? (double)(c->s->now - mc->since) : 0.0;
    return (double)c->account[(ls_u64)machine * LS_STATE_COUNT + state] + running;
}

// Lots x time in the queue: what has been waited, and what those waiting have waited so far.
static double queue_area(const ls_ctx *c, ls_u32 station) {
    const ls_m_station *st = c->stations + station;
    double area = (double)c->station[station].wait_sum;
    for (ls_u32 q = 0; q < st->queue_count; q++) {
        const ls_s_queue *queue = c->queue + st->queue_at + q;
        ls_u32 lot = queue->count > 0 ? queue->head : LS_NO;
        for (; lot != LS_NO; lot = c->lot[lot].next) {
            area += (double)(c->s->now - c->lot[lot].arrived);
        }
    }
    return area;
}

static void station_values(const ls_ctx *a, const ls_ctx *b, ls_u32 station, double window,
                           double *out) {
    static const ls_s_station zero;
    const double none = (double)NAN;
    const ls_m_station *st = b->stations + station;
    const ls_s_station *sb = b->station + station;
    const ls_s_station *sa = a != NULL ? a->station + station : &zero;
    double times[LS_STATE_COUNT];
    for (ls_u32 state = 0; state < LS_STATE_COUNT; state++) {
        times[state] = 0.0;
        for (ls_u32 i = 0; i < st->machine_count; i++) {
            times[state] += account_at(b, st->machine_at + i, state);
            times[state] -= a != NULL ? account_at(a, st->machine_at + i, state) : 0.0;
        }
    }
#define OUT(figure) out[(figure)-LS_FIG_CLASS_COUNT]
    const double started = (double)(sb->started - sa->started);
    double lots = 0.0;
    double parts = 0.0;
    double planned = 0.0;  // mean process time at speed 1 of what was finished
    for (ls_u32 q = 0; q < st->queue_count; q++) {
        const ls_m_queue *queue = b->queues + st->queue_at + q;
        if (queue->machine == LS_NO) {  // one for each step that comes here
            const ls_m_step *step = b->steps + queue->step;
            const double n = (double)(b->finished[queue->step] -
                                      (a != NULL ? a->finished[queue->step] : 0));
            lots += n;
            parts += n * step->parts;
            planned += n * step->planned;
        }
    }
    const double batches = (st->features & LS_F_BATCH) != 0 ? (double)(sb->batches - sa->batches)
                                                            : lots;
    const double all = window * st->machine_count;
    OUT(LS_FIG_LOTS) = lots;
    OUT(LS_FIG_PARTS) = parts;
    OUT(LS_FIG_QUEUE) = window > 0.0 ? (queue_area(b, station) -
                                        (a != NULL ? queue_area(a, station) : 0.0)) /
                                           window
                                     : none;
    OUT(LS_FIG_QUEUE_WAIT) = started > 0.0 ? (double)(sb->wait_sum - sa->wait_sum) / started / 1e6
                                           : none;
    OUT(LS_FIG_QUEUE_WAIT_MAX) = (double)sb->wait_max / 1e6;
    for (ls_u32 state = 0; state < LS_STATE_COUNT; state++) {
        out[LS_FIG_STARVED - LS_FIG_CLASS_COUNT + state] = all > 0.0 ? times[state] / all : none;
    }
    // ISO 22400-2: availability = APT / PBT, effectiveness = PRI x PQ / APT, quality ratio = GQ /
    // PQ.
    const double planned_busy = all - times[LS_STATE_OFF] - times[LS_STATE_MAINTENANCE];
    const double production = times[LS_STATE_PROCESSING];
    const double availability = planned_busy > 0.0 ? production / planned_busy : none;
    const double effectiveness = production > 0.0 ? planned / production : none;
    const double quality = parts > 0.0 ? (parts - (double)(sb->bad - sa->bad)) / parts : none;
    OUT(LS_FIG_AVAILABILITY) = availability;
    OUT(LS_FIG_EFFECTIVENESS) = effectiveness;
    OUT(LS_FIG_QUALITY) = quality;
    OUT(LS_FIG_OEE) = availability * effectiveness * quality;
    OUT(LS_FIG_BATCH_MEAN) = batches > 0.0 ? lots / batches : none;
#undef OUT
}

// Lots x us inside during the window, per class; the caller frees it. NULL: out of memory.
static double *window_areas(const ls_model *model, const ls_state *from, const ls_state *to) {
    double *areas = ls_alloc((size_t)model->releases * 2 * sizeof(double) + 1);
    ls_scratch scratch;
    memset(&scratch, 0, sizeof scratch);
    if (areas != NULL) {
        ls_ctx c;
        ls_ctx_open(&c, model, (ls_state *)(uintptr_t)to, &scratch);  // read only
        areas_at(&c, areas);
        if (from != NULL) {
            ls_ctx_open(&c, model, (ls_state *)(uintptr_t)from, &scratch);
            areas_at(&c, areas + model->releases);
            for (ls_u32 i = 0; i < model->releases; i++) {
                areas[i] -= areas[model->releases + i];
            }
        }
    }
    return areas;
}

static const ls_s_release no_release;

ls_status ls_kpi_window(const ls_model *model, const ls_state *from, const ls_state *to,
                        double *out_values, ls_error *err) {
    const ls_kpi_shape shape = ls_kpi_shape_of(model);
    ls_scratch scratch;
    memset(&scratch, 0, sizeof scratch);
    ls_ctx start;
    ls_ctx end;
    ls_ctx_open(&end, model, (ls_state *)(uintptr_t)to, &scratch);  // read only
    if (from != NULL) {
        ls_ctx_open(&start, model, (ls_state *)(uintptr_t)from, &scratch);
    }
    const ls_i64 from_now = from != NULL ? from->now : 0;
    const double window = (double)(to->now - from_now);
    mass *masses = ls_alloc((size_t)model->releases * LS_HIST_BUCKETS * sizeof(mass) + 1);
    double *areas = window_areas(model, from, to);
    if (masses == NULL || areas == NULL) {
        ls_free(masses);
        ls_free(areas);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    class_sum all = {0};
    size_t mass_count = 0;
    for (ls_u32 i = 0; i < model->releases; i++) {
        class_sum one = {0};
        const ls_s_release *a = from != NULL ? start.release + i : &no_release;
        class_add(&one, end.releases + i, a, end.release + i, areas[i]);
        class_add(&all, end.releases + i, a, end.release + i, areas[i]);
        one.outside = outside_area(&end, i) - (from != NULL ? outside_area(&start, i) : 0.0);
        all.outside += one.outside;
        double *values = out_values + ls_kpi_index(&shape, false, i, LS_FIG_RELEASED);
        class_values(&one, window, values);
        const ls_u32 *before = from != NULL ? start.hist + (ls_u64)i * LS_HIST_BUCKETS : NULL;
        const size_t count = masses_of_class(
            end.releases + i, before, end.hist + (ls_u64)i * LS_HIST_BUCKETS, masses + mass_count);
        quantile_values(masses + mass_count, count, values);
        mass_count += count;
    }
    double *values = out_values + ls_kpi_index(&shape, false, model->releases, LS_FIG_RELEASED);
    class_values(&all, window, values);
    if (mass_count > 0) {
        qsort(masses, mass_count, sizeof(mass), mass_order);
    }
    quantile_values(masses, mass_count, values);
    ls_free(masses);
    ls_free(areas);
    for (ls_u32 i = 0; i < model->stations; i++) {
        station_values(from != NULL ? &start : NULL, &end, i, window,
                       out_values + ls_kpi_index(&shape, true, i, LS_FIG_LOTS));
    }
    return LS_OK;
}

double ls_kpi_wip(const ls_model *model, const ls_state *from, const ls_state *to) {
    double *areas = window_areas(model, from, to);
    const ls_i64 from_now = from != NULL ? from->now : 0;
    double area = 0.0;
    for (ls_u32 i = 0; i < model->releases && areas != NULL; i++) {
        area += areas[i];
    }
    ls_free(areas);
    return to->now > from_now ? area / (double)(to->now - from_now) : 0.0;
}
