// emulate.c - see emulate.h: the plant runs, one event at a time, and what each did is told.
#include "line/emulate.h"

#include <assert.h>
#include <string.h>

#include "base/random.h"
#include "base/units.h"
#include "line/emulate_inside.h"

enum { DEF_COOKIE = 0x656d756c, TRACE_MAX = 4096 };

ls_emulate_def ls_emulate_def_default(void) {
    return (ls_emulate_def){.beat_max_us = 5 * LS_US_PER_S, .cookie = DEF_COOKIE};
}

ls_ctx ls_emulate_context(const ls_emulate *e, const ls_snapshot *snapshot) {
    static const ls_scratch none;
    ls_ctx c;
    ls_ctx_open(&c, e->twin->model, snapshot->state, (ls_scratch *)(uintptr_t)&none);
    return c;
}

// --- time

static int64_t next_event(const ls_emulate *e) {
    const ls_model *m = e->twin->model;
    const ls_u64 key = LS_STATE_ARRAY(m, e->snapshot->state, ls_u64, s_tree)[1];
    return key == ~(ls_u64)0 ? LS_NEVER : (int64_t)(key >> m->source_bits);
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

int64_t ls_emulate_now(const ls_emulate *e) {
    return e->snapshot->state->now;
}

int64_t ls_emulate_next(const ls_emulate *e) {
    return least(next_event(e), least(e->tick_us, ls_emulate_next_turn(e)));
}

// Remembers the state that what follows is compared with.
void ls_emulate_begin(ls_emulate *e) {
    ls_state_copy(e->twin->model, e->before->state, e->snapshot->state);
    e->snapshot->scratch.trace = e->trace;
    e->snapshot->scratch.trace_capacity = TRACE_MAX;
    e->snapshot->scratch.trace_count = 0;
}

void ls_emulate_end(ls_emulate *e) {
    ls_emulate_bend(e);
    ls_emulate_shut_pools(e);
    if (e->snapshot->scratch.trace_count > TRACE_MAX) {
        e->snapshot->scratch.trace_count = TRACE_MAX;
    }
    ls_emulate_tell_state(e, false);
}

static ls_status one_event(ls_emulate *e, int64_t until_us, ls_error *err) {
    ls_emulate_begin(e);
    const ls_status status = ls_snapshot_step(e->twin, e->snapshot, until_us, 1, NULL, err);
    if (status == LS_OK) {
        e->figures.events++;
        ls_emulate_end(e);
    }
    return status;
}

// Events of an instant come first, then truths that begin or end, then the look at values.
ls_status ls_emulate_run(ls_emulate *e, int64_t until_us, ls_error *err) {
    ls_status status = LS_OK;
    while (status == LS_OK) {
        const int64_t event = next_event(e);
        const int64_t turn = ls_emulate_next_turn(e);
        const int64_t next = least(event, least(turn, e->tick_us));
        if (next > until_us) {
            break;
        }
        if (event == next) {
            status = one_event(e, next, err);
            continue;
        }
        status = ls_snapshot_run(e->twin, e->snapshot, next, err);
        if (status == LS_OK && turn == next) {
            ls_emulate_turn(e, next);
        } else if (status == LS_OK) {
            e->tick_us += EMULATE_TICK_US;
            ls_emulate_tell_values(e, false);
        }
    }
    if (status == LS_OK && until_us > ls_emulate_now(e)) {
        status = ls_snapshot_run(e->twin, e->snapshot, until_us, err);
    }
    return status;
}

// --- made and unmade

static ls_status make(ls_emulate *e, ls_error *err) {
    const ls_plant *plant = e->plant;
    e->group = plant->name;
    e->node = "line";
    for (uint32_t i = 0; i < plant->listen.source_count; i++) {
        const ls_source *source = &plant->listen.sources[i];
        if (source->kind == LS_SOURCE_SPARKPLUG) {
            e->group = source->group;
            e->node = source->node_count > 0 ? source->nodes[0] : e->node;
        }
    }
    e->trace = ls_arena_alloc(&e->arena, TRACE_MAX * sizeof *e->trace);
    e->machines = ls_arena_alloc(&e->arena, (plant->machine_count + 1) * sizeof *e->machines);
    e->commands = ls_arena_alloc(&e->arena, (plant->machine_count + 1) * sizeof *e->commands);
    const bool whole = e->trace != NULL && e->machines != NULL && e->commands != NULL;
    if (!whole) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_status status = ls_emulate_compile(e, err);
    if (status == LS_OK) {
        e->tools = ls_arena_alloc(&e->arena, (e->twin->model->conditions + 1) * sizeof *e->tools);
        status = e->tools != NULL ? ls_snapshot_create(e->twin, e->def.seed, 0, &e->snapshot, err)
                                  : ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    if (status == LS_OK) {
        status = ls_snapshot_copy(e->twin, e->snapshot, &e->before, err);
    }
    status = status == LS_OK ? ls_emulate_make_signals(e, err) : status;
    if (status == LS_OK && e->def.process != NULL) {
        status = ls_emulate_process_create(e->def.process, &e->arena, &e->process, err);
    }
    status = status == LS_OK ? ls_emulate_make_values(e, err) : status;
    return status == LS_OK ? ls_emulate_resolve(e, e->def.hide_file, err) : status;
}

ls_status ls_emulate_create(const ls_plant *plant, const ls_emulate_def *def, ls_emulate **out,
                            ls_error *err) {
    assert(plant != NULL && out != NULL && def->cookie == DEF_COOKIE);
    *out = NULL;
    ls_emulate *e = ls_alloc(sizeof *e);
    if (e == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_arena_init(&e->arena);
    e->plant = plant;
    e->def = *def;
    e->noise_key = ls_random_key(def->seed, 0x6e6f697365);
    e->tick_us = EMULATE_TICK_US;
    ls_status status = make(e, err);
    if (status == LS_OK) {
        ls_emulate_bend_start(e);
        ls_emulate_wear_start(e);
        status = ls_emulate_run(e, def->from_us, err);
    }
    if (status != LS_OK) {
        ls_emulate_destroy(e);
        return status;
    }
    ls_emulate_tell_state(e, true);
    *out = e;
    return LS_OK;
}

void ls_emulate_destroy(ls_emulate *e) {
    if (e == NULL) {
        return;
    }
    if (e->snapshot != NULL) {
        e->snapshot->scratch.trace = NULL;
    }
    for (uint32_t i = 0; e->texts != NULL && i < e->signal_count; i++) {
        ls_free(e->texts[i]);
    }
    ls_snapshot_destroy(e->before);
    ls_snapshot_destroy(e->snapshot);
    ls_twin_destroy(e->twin);
    ls_arena_clear(&e->arena);
    ls_free(e);
}

// --- for looking

uint32_t ls_emulate_signal_count(const ls_emulate *e) {
    return e->signal_count;
}

const ls_emulate_signal *ls_emulate_signal_get(const ls_emulate *e, uint32_t signal) {
    return signal < e->signal_count ? &e->signals[signal] : NULL;
}

uint32_t ls_emulate_find(const ls_emulate *e, const char *device, const char *name) {
    for (uint32_t i = 0; i < e->signal_count; i++) {
        const char *own = e->signals[i].device;
        const bool here = own == NULL || device == NULL ? own == device : strcmp(own, device) == 0;
        if (here && strcmp(e->signals[i].name, name) == 0) {
            return i;
        }
    }
    return LS_NO;
}

const ls_sample *ls_emulate_value(const ls_emulate *e, uint32_t signal) {
    return signal < e->signal_count ? &e->values[signal] : NULL;
}

const char *ls_emulate_group(const ls_emulate *e) {
    return e->group;
}

const char *ls_emulate_node(const ls_emulate *e) {
    return e->node;
}

const ls_twin *ls_emulate_twin(const ls_emulate *e) {
    return e->twin;
}

const ls_state *ls_emulate_state(const ls_emulate *e) {
    return e->snapshot->state;
}

ls_emulate_figures ls_emulate_describe(const ls_emulate *e) {
    ls_emulate_figures f = e->figures;
    const ls_ctx c = ls_emulate_context(e, e->snapshot);
    for (uint32_t i = 0; i < c.m->releases; i++) {
        f.released += c.release[i].released;
        f.done += c.release[i].done;
        f.scrapped += c.release[i].scrapped;
    }
    f.lots = ls_snapshot_lots(e->snapshot);
    f.beating = e->beating;
    return f;
}
