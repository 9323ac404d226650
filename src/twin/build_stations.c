// build_stations.c - stations, their machines, modes, needs, rules and setups.
#include "twin/builder.h"

static uint32_t need_phase_bits(const ls_need *need) {
    uint32_t bits = 0;
    bits |= need->setup ? 1u << LS_PHASE_SETUP : 0;
    bits |= need->load ? 1u << LS_PHASE_LOAD : 0;
    bits |= need->process ? 1u << LS_PHASE_RUN : 0;
    bits |= need->unload ? 1u << LS_PHASE_UNLOAD : 0;
    return bits;
}

static bool is_static_rule(ls_rule rule) {  // may order lots of one class other than by arrival
    return rule == LS_RULE_LIFO || rule == LS_RULE_EDD || rule == LS_RULE_SLACK ||
           rule == LS_RULE_CR || rule == LS_RULE_HOT || rule == LS_RULE_QUEUE_TIME ||
           rule == LS_RULE_WEIGHTED || rule == LS_RULE_RANDOM;
}

static void build_needs(ls_builder *b, const ls_station *from, ls_m_station *st) {
    st->need_at = (ls_u32)b->needs.count;
    st->need_count = from->need_count;
    uint32_t all = 0;
    for (uint32_t i = 0; i < from->need_count; i++) {
        const ls_need *need = &b->plant->needs[from->need_at + i];
        ls_m_need *mn = ls_pack_push(&b->needs);
        mn->skill = need->skill;
        mn->phases = need_phase_bits(need);
        all |= mn->phases;
    }
    // Load and unload are phases of their own when an operator tells them from the run.
    const bool split = ((all >> LS_PHASE_LOAD) & 1) != ((all >> LS_PHASE_RUN) & 1) ||
                       ((all >> LS_PHASE_UNLOAD) & 1) != ((all >> LS_PHASE_RUN) & 1) ||
                       from->need_count > 1;
    const bool loads = ((all >> LS_PHASE_LOAD) & 1) || ((all >> LS_PHASE_UNLOAD) & 1) ||
                       ((all >> LS_PHASE_RUN) & 1);
    st->need_phases = all;
    if (split && loads && from->ports < 2) {
        st->need_phases |= 1u << 7;
    }
    st->features |= from->need_count > 0 ? LS_F_NEEDS : 0;
}

static bool is_dated(const ls_plant *plant, uint32_t release, int64_t due_us) {
    return due_us != LS_FOREVER || plant->releases[release].due != LS_NONE;
}

// Some lots have a due date and some do not.
static bool has_both_kinds(const ls_plant *plant) {
    uint32_t dated = 0;
    uint32_t undated = 0;
    for (uint32_t i = 0; i < plant->release_count; i++) {
        const ls_release *r = &plant->releases[i];
        for (uint32_t k = 0; k < r->order_count; k++) {
            const bool is = is_dated(plant, i, plant->orders[r->order_at + k].due_us);
            dated += is;
            undated += !is;
        }
        if (r->kind != LS_RELEASE_TIMETABLE) {
            dated += r->due != LS_NONE;
            undated += r->due == LS_NONE;
        }
    }
    for (uint32_t i = 0; i < plant->wip_count; i++) {
        const bool is = is_dated(plant, plant->wip[i].release, plant->wip[i].due_us);
        dated += is;
        undated += !is;
    }
    return dated > 0 && undated > 0;
}

static void build_criteria(ls_builder *b, const ls_station *from, ls_m_station *st) {
    st->criterion_at = (ls_u32)b->criteria.count;
    st->criterion_count = from->criterion_count;
    for (uint32_t i = 0; i < from->criterion_count; i++) {
        const ls_criterion *k = &b->plant->criteria[from->criterion_at + i];
        ls_m_criterion *mk = ls_pack_push(&b->criteria);
        mk->rule = (ls_u32)k->rule;
        for (int w = 0; w < LS_W_COUNT; w++) {
            mk->weights[w] = k->weights[w];
        }
        // Slack and lateness move with time, but only for lots that have a due date.
        const bool moves = k->rule == LS_RULE_WEIGHTED &&
                           (k->weights[LS_W_SLACK_H] != 0.0 || k->weights[LS_W_LATE_H] != 0.0);
        st->features |= moves && has_both_kinds(b->plant) ? LS_F_DRIFT : 0;
        if (is_static_rule(k->rule)) {
            st->static_order = k->rule == LS_RULE_RANDOM || st->static_order == 2 ? 2 : 1;
        }
    }
    // `fifo` first and more behind it: lots of one instant go by the rest.
    st->fifo_only = from->criterion_count == 0 ||
                    (from->criterion_count == 1 &&
                     b->plant->criteria[from->criterion_at].rule == LS_RULE_FIFO);
    if (st->fifo_only) {
        st->static_order = 0;
    }
}

static void build_setups(ls_builder *b, const ls_station *from, ls_m_station *st) {
    st->setup_count = from->setup_count;
    st->min_run = from->min_run;
    st->setup_clears = from->setup_clears;
    if (from->setup_count == 0) {
        return;
    }
    st->features |= LS_F_SETUP;
    const size_t cells = (size_t)(from->setup_count + 1) * from->setup_count;
    st->matrix_at = ls_pack_grow(&b->matrix, cells);
    for (size_t i = 0; i < cells && !b->matrix.failed; i++) {
        ls_m_setup *cell = LS_PACK_AT(&b->matrix, ls_m_setup, st->matrix_at + i);
        cell->dist = b->plant->setup_matrix[from->matrix_at + i];
        cell->mean = cell->dist == LS_NONE
                         ? 0.0
                         : ls_dist_mean(&b->plant->dists[cell->dist], b->plant->tables);
    }
}

static bool mode_is_on(const ls_plant *plant, const ls_failure *f, uint32_t machine) {
    for (uint32_t i = 0; i < f->on_count; i++) {
        if (plant->indexes[f->on_at + i] == machine) {
            return true;
        }
    }
    return f->on_count == 0;
}

// What tells how near a failure is, for one machine.
static uint32_t build_condition(ls_builder *b, const ls_failure *f, uint32_t mode) {
    const ls_plant *plant = b->plant;
    const ls_condition *from = &plant->conditions[f->condition];
    const double life = ls_dist_mean(&plant->dists[f->every], plant->tables);
    ls_m_condition *condition = ls_pack_push(&b->conditions);
    condition->mode = mode;
    condition->at = from->at;
    if (from->at == LS_NONE) {
        condition->pace = 1.0;
        return (uint32_t)b->conditions.count;
    }
    condition->fresh = from->fresh;
    condition->pace = (ls_dist_mean(&plant->dists[from->at], plant->tables) - from->fresh) / life;
    condition->inertia = LS_CONDITION_INERTIA * life;
    return (uint32_t)b->conditions.count;
}

// These modes of the station, as bits of those of this machine.
static uint32_t build_modes_bits(const ls_plant *plant, const ls_station *from, uint32_t machine,
                                 uint32_t list_at, uint32_t list_count) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < list_count; i++) {
        const uint32_t wanted = plant->indexes[list_at + i];
        uint32_t number = 0;
        for (uint32_t k = 0; k < wanted; k++) {
            number += mode_is_on(plant, &plant->failures[from->failure_at + k], machine);
        }
        if (mode_is_on(plant, &plant->failures[from->failure_at + wanted], machine) &&
            number < 32) {
            bits |= 1u << number;
        }
    }
    return bits;
}

static void build_mode(ls_builder *b, const ls_station *from, uint32_t machine, uint32_t local,
                       const ls_failure *f) {
    const ls_plant *plant = b->plant;
    const char *name = plant->machines[from->machine_at + local].name;
    const char *kind = f->name != NULL ? f->name : f->maintenance ? "maintenance" : "failure";
    const uint32_t number = (uint32_t)(f - plant->failures) - from->failure_at;
    const uint32_t stream = ls_builder_stream(b, "mode", name, kind, number);
    const uint32_t repair = ls_builder_stream(b, "repair", name, kind, number);
    ls_builder_stream_use(b, stream, f->every);
    ls_builder_stream_use(b, stream, f->first);
    ls_builder_stream_use(b, repair, f->repair);
    ls_m_mode *mode = ls_pack_push(&b->modes);
    mode->machine = machine;
    mode->maintenance = f->maintenance;
    mode->by = (ls_u32)f->by;
    mode->lots = (ls_u32)f->lots;
    mode->crew = f->crew;
    mode->from_end = f->from_end;
    mode->carry = f->carry;
    mode->every = f->every;
    mode->repair = f->repair;
    mode->stream = stream;
    mode->repair_stream = repair;
    mode->first_dist = f->first;
    mode->renews = build_modes_bits(plant, from, local, f->renews_at, f->renews_count);
    const double interval = ls_dist_mean(&plant->dists[f->every], plant->tables);
    mode->interval = (ls_i64)(interval + 0.5);
    mode->interval = mode->interval < 1 ? 1 : mode->interval;
    if (f->stagger) {
        mode->first_extra = (ls_i64)(interval * local / from->machine_count);
    }
    if (f->condition != LS_NONE) {
        mode->condition = build_condition(b, f, (uint32_t)b->modes.count - 1);
    }
}

// What tells how long work takes on a machine; its number + 1.
static uint32_t build_slowness(ls_builder *b, const ls_station *from, uint32_t machine,
                               uint32_t local) {
    const ls_plant *plant = b->plant;
    const ls_condition *told = &plant->conditions[from->slowness];
    const double speed = told->per_speed ? plant->machines[from->machine_at + local].speed : 1.0;
    ls_m_condition *condition = ls_pack_push(&b->conditions);
    condition->mode = LS_NO;
    condition->at = machine;
    condition->pace = speed / told->nominal;
    condition->fresh = told->fresh > 0.0 ? told->fresh : 1.0 / condition->pace;
    condition->until = build_modes_bits(plant, from, local, told->until_at, told->until_count);
    return (uint32_t)b->conditions.count;
}

static void build_machines(ls_builder *b, const ls_station *from, uint32_t station,
                           ls_m_station *st) {
    st->machine_at = (ls_u32)b->machines.count;
    st->machine_count = from->machine_count;
    for (uint32_t i = 0; i < from->machine_count; i++) {
        const ls_machine *machine = &b->plant->machines[from->machine_at + i];
        const uint32_t at = (uint32_t)b->machines.count;
        const uint32_t stream = ls_builder_stream(b, "process", machine->name, "", 0);
        const uint32_t setup_stream = ls_builder_stream(b, "setup", machine->name, "", 0);
        for (size_t k = 0; k < (size_t)(from->setup_count + 1) * from->setup_count; k++) {
            ls_builder_stream_use(b, setup_stream, b->plant->setup_matrix[from->matrix_at + k]);
        }
        ls_m_machine *mm = ls_pack_push(&b->machines);
        mm->station = station;
        mm->stream = stream;
        mm->setup_stream = setup_stream;
        mm->slowness = 1.0 / machine->speed;
        mm->setup_initial = machine->setup_initial == LS_NONE ? 0 : machine->setup_initial + 1;
        mm->mode_at = (ls_u32)b->modes.count;
        uint32_t modes = 0;
        for (uint32_t k = 0; k < from->failure_count; k++) {
            const ls_failure *f = &b->plant->failures[from->failure_at + k];
            if (mode_is_on(b->plant, f, i)) {
                build_mode(b, from, at, i, f);
                modes++;
            }
        }
        LS_PACK_AT(&b->machines, ls_m_machine, at)->mode_count = modes;
        if (from->slowness != LS_NONE) {
            LS_PACK_AT(&b->machines, ls_m_machine, at)->told = build_slowness(b, from, at, i);
        }
    }
    st->features |= from->slowness != LS_NONE ? LS_F_SLOWNESS : 0;
    st->features |= from->failure_count > 0 ? LS_F_FAILS : 0;
}

void ls_builder_stations(ls_builder *b) {
    for (uint32_t i = 0; i < b->plant->station_count; i++) {
        const ls_station *from = &b->plant->stations[i];
        ls_m_station *st = ls_pack_push(&b->stations);
        st->area = from->area;
        st->calendar = from->calendar;
        st->shift_end = (ls_u32)from->shift_end;
        st->places = from->places < 0 ? LS_NEVER : from->places;
        st->transit = from->transit;
        st->ports = from->ports;
        st->batch_full = from->batch_prefer == LS_BATCH_FULL;
        st->batch_parts = from->batch_parts;
        st->features |= from->batch ? LS_F_BATCH : 0;
        st->features |= from->calendar != LS_NONE ? LS_F_SHIFT : 0;
        st->features |= from->places >= 0 ? LS_F_ROOM : 0;
        st->features |= from->blocking == LS_BLOCK_BEFORE ? LS_F_BEFORE : 0;
        st->features |= from->machine_choice == LS_MACHINE_LEAST_SETUP ? LS_F_EITHER : 0;
        build_needs(b, from, st);
        build_criteria(b, from, st);
        build_setups(b, from, st);
        st->idle_words = (from->machine_count + 63) / 64;
        st->idle_at = b->head.idle_words;
        b->head.idle_words += st->idle_words;
        build_machines(b, from, i, st);
    }
}
