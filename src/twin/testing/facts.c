// facts.c - see facts.h.
#include "twin/testing/facts.h"

#include <assert.h>
#include <stdlib.h>

#include "twin/context.h"
#include "twin/twin.h"

enum { TRACE_MAX = 4000000, MODES = 8 };

typedef struct machine_clock {
    int64_t since;  // running from; -1: not
    int64_t ran;    // of this operation
    uint32_t step, lots, parts;
    uint64_t lot;
    bool at_work;
    double busy[MODES];  // since the mode's renewal
    int64_t down_since;
} machine_clock;

typedef struct lot_clock {
    int64_t left;  // -1: not on its way
    uint32_t step, from;
} lot_clock;

typedef struct watch {
    const ls_plant *plant;
    machine_clock *machines;
    lot_clock *lots;
    int64_t *released;
    uint32_t *station_of;
    void (*tell)(void *context, const ls_fact *fact);
    void *context;
} watch;

static ls_fact fact_of(ls_fact_kind kind, int64_t time) {
    return (ls_fact){.kind = kind,
                     .time_us = time,
                     .station = LS_NONE,
                     .machine = LS_NONE,
                     .step = LS_NONE,
                     .mode = LS_NONE,
                     .release = LS_NONE};
}

static void halt(machine_clock *m, int64_t now) {
    if (m->since >= 0) {
        m->ran += now - m->since;
        for (int i = 0; i < MODES; i++) {
            m->busy[i] += (double)(now - m->since);
        }
        m->since = -1;
    }
}

static void tell_outcome(watch *w, lot_clock *lot, uint64_t serial, int64_t now, double value) {
    if (lot->left >= 0) {
        ls_fact f = fact_of(LS_FACT_OUTCOME, now);
        f.step = lot->step;
        f.station = lot->from - 1;
        f.lot = serial;
        f.value = value;
        w->tell(w->context, &f);
        lot->left = -1;
    }
}

static void arrive(watch *w, const ls_trace_item *t) {
    lot_clock *lot = &w->lots[t->serial];
    const uint32_t station = w->plant->steps[t->step].station;
    if (lot->left >= 0) {
        const int64_t left = lot->left;
        ls_fact f = fact_of(LS_FACT_TRANSPORT, t->time);
        const bool back = w->plant->steps[lot->step].rework_to == t->step;
        tell_outcome(w, lot, t->serial, t->time, back ? 2.0 : 0.0);
        f.step = t->step;
        f.station = station;
        f.from = lot->from;
        f.value = (double)(t->time - left);
        f.lot = t->serial;
        w->tell(w->context, &f);
    }
}

static void end(watch *w, const ls_trace_item *t) {
    machine_clock *m = &w->machines[t->machine];
    halt(m, t->time);
    ls_fact f = fact_of(LS_FACT_PROCESS, t->time);
    f.station = w->station_of[t->machine];
    f.machine = t->machine;
    f.step = t->step;
    f.value = (double)m->ran;
    f.lots = 1;
    f.parts = w->plant->products[w->plant->steps[t->step].product].parts;
    f.lot = t->serial;
    w->tell(w->context, &f);
    m->at_work = false;
    w->lots[t->serial] = (lot_clock){t->time, t->step, f.station + 1};
}

static void down(watch *w, const ls_trace_item *t) {
    machine_clock *m = &w->machines[t->machine];
    const uint32_t station = w->station_of[t->machine];
    halt(m, t->time);
    ls_fact f = fact_of(LS_FACT_FAILURE, t->time);
    f.station = station;
    f.machine = t->machine;
    f.mode = w->plant->stations[station].failure_at + t->serial;
    f.value = m->busy[t->serial];
    w->tell(w->context, &f);
    m->busy[t->serial] = 0.0;
    m->down_since = t->time;
}

static void up(watch *w, const ls_trace_item *t) {
    machine_clock *m = &w->machines[t->machine];
    ls_fact f = fact_of(LS_FACT_REPAIR, t->time);
    f.station = w->station_of[t->machine];
    f.machine = t->machine;
    f.mode = w->plant->stations[f.station].failure_at + t->serial;
    f.value = (double)(t->time - m->down_since);
    w->tell(w->context, &f);
    m->since = m->at_work ? t->time : -1;
}

static void release(watch *w, const ls_trace_item *t) {
    const uint32_t product = w->plant->steps[t->step].product;
    for (uint32_t i = 0; i < w->plant->release_count; i++) {
        if (w->plant->releases[i].product != product) {
            continue;
        }
        ls_fact f = fact_of(LS_FACT_RELEASE, t->time);
        f.release = i;
        f.value = (double)(t->time - w->released[i]);
        if (w->released[i] >= 0) {
            w->tell(w->context, &f);
        }
        w->released[i] = t->time;
    }
}

static void one(watch *w, const ls_trace_item *t) {
    switch (t->kind) {
    case LS_TRACE_RELEASE: release(w, t); break;
    case LS_TRACE_ARRIVE: arrive(w, t); break;
    case LS_TRACE_START:
        w->machines[t->machine].since = t->time;
        w->machines[t->machine].ran = 0;
        w->machines[t->machine].step = t->step;
        w->machines[t->machine].at_work = true;
        break;
    case LS_TRACE_END: end(w, t); break;
    case LS_TRACE_DONE: tell_outcome(w, &w->lots[t->serial], t->serial, t->time, 0.0); break;
    case LS_TRACE_SCRAP: tell_outcome(w, &w->lots[t->serial], t->serial, t->time, 1.0); break;
    case LS_TRACE_DOWN: down(w, t); break;
    case LS_TRACE_UP: up(w, t); break;
    default: break;
    }
}

static void tell_unfinished(watch *w, int64_t now) {
    for (uint32_t i = 0; i < w->plant->machine_count; i++) {
        machine_clock *m = &w->machines[i];
        const uint32_t station = w->station_of[i];
        const ls_station *s = &w->plant->stations[station];
        halt(m, now);
        for (uint32_t k = 0; k < s->failure_count && k < MODES; k++) {
            ls_fact f = fact_of(LS_FACT_FAILURE, now);
            f.station = station;
            f.machine = i;
            f.mode = s->failure_at + k;
            f.value = m->busy[k];
            f.censored = true;
            w->tell(w->context, &f);
        }
    }
}

void facts_of_run(const ls_plant *plant, uint64_t seed, int64_t until_us,
                  void (*tell)(void *context, const ls_fact *fact), void *context) {
    ls_twin *twin = NULL;
    ls_snapshot *s = NULL;
    ls_error err = {0};
    ls_status status = ls_twin_create(plant, &twin, &err);
    assert(status == LS_OK);
    status = ls_snapshot_create(twin, seed, 0, &s, &err);
    assert(status == LS_OK);
    ls_trace_item *trace = malloc(TRACE_MAX * sizeof *trace);
    s->scratch.trace = trace;
    s->scratch.trace_capacity = TRACE_MAX;
    status = ls_snapshot_run(twin, s, until_us, &err);
    assert(status == LS_OK && s->scratch.trace_count <= TRACE_MAX);
    (void)status;
    watch w = {.plant = plant, .tell = tell, .context = context};
    w.machines = calloc(plant->machine_count, sizeof *w.machines);
    w.station_of = calloc(plant->machine_count, sizeof *w.station_of);
    w.lots = calloc(TRACE_MAX, sizeof *w.lots);
    w.released = malloc((plant->release_count + 1) * sizeof *w.released);
    for (uint32_t i = 0; i < plant->station_count; i++) {
        for (uint32_t k = 0; k < plant->stations[i].machine_count; k++) {
            w.station_of[plant->stations[i].machine_at + k] = i;
        }
    }
    for (uint32_t i = 0; i < plant->machine_count; i++) {
        w.machines[i].since = -1;
    }
    for (uint32_t i = 0; i < plant->release_count; i++) {
        w.released[i] = -1;
    }
    for (uint32_t i = 0; i < TRACE_MAX; i++) {
        w.lots[i].left = -1;
    }
    for (ls_u64 i = 0; i < s->scratch.trace_count; i++) {
        one(&w, &trace[i]);
    }
    tell_unfinished(&w, until_us);
    free(w.machines);
    free(w.station_of);
    free(w.lots);
    free(w.released);
    s->scratch.trace = NULL;
    free(trace);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}
