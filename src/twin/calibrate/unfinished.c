// unfinished.c - see unfinished.h.
#include "twin/calibrate/unfinished.h"

#include "twin/context.h"
#include "twin/follow/watch.h"

typedef struct telling {
    const ls_plant *plant;
    const ls_ctx *c;
    void (*fact)(void *context, const ls_fact *fact);
    void *context;
} telling;

static ls_fact fact_of(const telling *t, ls_fact_kind kind, uint32_t machine, int64_t elapsed) {
    return (ls_fact){.kind = kind,
                     .time_us = t->c->now,
                     .value = (double)elapsed,
                     .censored = true,
                     .station = t->c->machines[machine].station,
                     .machine = machine,
                     .step = LS_NO,
                     .mode = LS_NO,
                     .release = LS_NO};
}

static int64_t ran(const telling *t, int64_t elapsed, int64_t since) {
    return elapsed + (since == LS_NEVER ? 0 : t->c->now - since);
}

static void tell_machine(const telling *t, uint32_t machine) {
    const ls_s_machine *mc = t->c->machine + machine;
    const int64_t elapsed = ran(t, mc->phase_elapsed, mc->phase_since);
    if (elapsed <= 0 || mc->lot_count == 0) {
        return;
    }
    if (mc->phase == LS_PHASE_SETUP) {
        ls_fact f = fact_of(t, LS_FACT_SETUP, machine, elapsed);
        f.step = mc->step;
        f.setup_from = mc->setup;
        f.setup_to = mc->setup_to;
        t->fact(t->context, &f);
    } else if (mc->phase == LS_PHASE_RUN) {
        ls_fact f = fact_of(t, LS_FACT_PROCESS, machine, elapsed);
        f.step = mc->step;
        f.lots = mc->lot_count;
        f.parts = mc->part_count;
        t->fact(t->context, &f);
    }
}

static void tell_mode(const telling *t, uint32_t at) {
    const ls_m_mode *mode = t->c->modes + at;
    const ls_s_mode *sm = t->c->mode + at;
    const bool counts = mode->by != LS_FAIL_CALENDAR && mode->by != LS_FAIL_BUSY;
    const bool repairs = sm->active != 0;
    const int64_t elapsed = counts && !repairs ? sm->elapsed : ran(t, sm->elapsed, sm->since);
    if (elapsed <= 0 || (repairs && sm->waits != 0) || (!repairs && mode->maintenance != 0)) {
        return;
    }
    ls_fact f = fact_of(t, repairs ? LS_FACT_REPAIR : LS_FACT_FAILURE, mode->machine, elapsed);
    const uint32_t local = mode->machine - t->c->stations[f.station].machine_at;
    f.mode = ls_watch_failure(t->plant, f.station, local,
                              at - t->c->machines[mode->machine].mode_at);
    t->fact(t->context, &f);
}

void ls_unfinished_tell(const ls_plant *plant, const ls_twin *twin, const ls_state *state,
                        void (*fact)(void *context, const ls_fact *fact), void *context) {
    ls_scratch none = {0};
    ls_ctx c;
    ls_ctx_open(&c, twin->model, (ls_state *)(uintptr_t)state, &none);  // read only
    const telling t = {.plant = plant, .c = &c, .fact = fact, .context = context};
    for (uint32_t i = 0; i < c.m->machines; i++) {
        tell_machine(&t, i);
    }
    for (uint32_t i = 0; i < c.m->modes; i++) {
        tell_mode(&t, i);
    }
}
