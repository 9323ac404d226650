// check_state.c - the guard's memory: made once, then told what the line says.
#include "guard/check_state.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "guard/check_inside.h"

static uint32_t slots_for(uint32_t lots) {
    uint32_t slots = 16;
    while (slots < 2 * lots) {
        slots *= 2;
    }
    return slots;
}

static uint32_t window_capacity(const ls_guard_limit *limit) {
    switch (limit->kind) {
    case LS_LIMIT_FREQUENCY: return limit->count + 1;
    case LS_LIMIT_BUDGET: return LS_GUARD_CHANGES;
    default: return 0;
    }
}

static bool make_windows(ls_guard_state *state) {
    const ls_guards *guards = state->limits->guards;
    for (uint32_t i = 0; i < guards->limit_count; i++) {
        ls_guard_window *window = &state->windows[i];
        window->capacity = window_capacity(&guards->limits[i]);
        if (window->capacity > 0) {
            window->changes = ls_alloc(window->capacity * sizeof *window->changes);
            if (window->changes == NULL) {
                return false;
            }
        }
    }
    return true;
}

static bool make(ls_guard_state *state) {
    const ls_guard_limits *limits = state->limits;
    const ls_guards *guards = limits->guards;
    state->lot_slots = slots_for(limits->lots_most);
    state->machines = ls_alloc((limits->machine_count + 1) * sizeof *state->machines);
    state->values = ls_alloc((limits->value_count + 1) * sizeof *state->values);
    state->conditions = ls_alloc((guards->condition_count + 1) * sizeof *state->conditions);
    state->targets = ls_alloc((limits->target_count + 1) * sizeof *state->targets);
    state->windows = ls_alloc((guards->limit_count + 1) * sizeof *state->windows);
    state->lots = ls_alloc(state->lot_slots * sizeof *state->lots);
    state->ids = ls_alloc(LS_GUARD_IDS * sizeof *state->ids);
    return state->machines != NULL && state->values != NULL && state->conditions != NULL &&
           state->targets != NULL && state->windows != NULL && state->lots != NULL &&
           state->ids != NULL && make_windows(state);
}

static void unknown(ls_guard_heard *heard) {
    *heard = (ls_guard_heard){.value = NAN, .vouched_us = LS_GUARD_UNKNOWN};
}

static void begin(ls_guard_state *state) {
    const ls_guard_limits *limits = state->limits;
    for (uint32_t i = 0; i < limits->machine_count; i++) {
        unknown(&state->machines[i].state);
    }
    for (uint32_t i = 0; i < limits->value_count; i++) {
        unknown(&state->values[i].current);
        state->values[i].verified = NAN;
        state->values[i].verified_us = LS_GUARD_UNKNOWN;
    }
    for (uint32_t i = 0; i < limits->guards->condition_count; i++) {
        unknown(&state->conditions[i].heard);
    }
    for (uint32_t i = 0; i < limits->target_count; i++) {
        state->targets[i].changed_us = LS_GUARD_UNKNOWN;
        state->targets[i].foreign_us = LS_GUARD_UNKNOWN;
    }
    unknown(&state->lots_inside);
    state->line.owner_since_us = LS_GUARD_UNKNOWN;
    state->line.beat_sent_us = LS_GUARD_UNKNOWN;
    state->line.beat_in_us = LS_GUARD_UNKNOWN;
    state->healthy_since_us = LS_GUARD_UNKNOWN;
    state->unhealthy_us = LS_GUARD_UNKNOWN;
}

ls_status ls_guard_state_create(const ls_guard_limits *limits, ls_guard_state **out,
                                ls_error *err) {
    *out = NULL;
    ls_guard_state *state = ls_alloc(sizeof *state);
    if (state == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's memory");
    }
    state->limits = limits;
    if (!make(state)) {
        ls_guard_state_destroy(state);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's memory");
    }
    begin(state);
    *out = state;
    return LS_OK;
}

void ls_guard_state_destroy(ls_guard_state *state) {
    if (state == NULL) {
        return;
    }
    if (state->windows != NULL) {
        for (uint32_t i = 0; i < state->limits->guards->limit_count; i++) {
            ls_free(state->windows[i].changes);
        }
    }
    ls_free(state->machines);
    ls_free(state->values);
    ls_free(state->conditions);
    ls_free(state->targets);
    ls_free(state->windows);
    ls_free(state->lots);
    ls_free(state->ids);
    ls_free(state);
}

// --- what the line tells

void ls_guard_hear_state(ls_guard_state *state, uint32_t machine, const ls_guard_heard *heard) {
    if (machine < state->limits->machine_count) {
        state->machines[machine].state = *heard;
    }
}

static void vouch(ls_guard_heard *heard, int64_t us) {
    if (heard->vouched_us != LS_GUARD_UNKNOWN && heard->vouched_us < us) {
        heard->vouched_us = us;
    }
}

static void vouch_line(ls_guard_state *state, int64_t us) {
    for (uint32_t i = 0; i < state->limits->value_count; i++) {
        vouch(&state->values[i].current, us);
    }
    for (uint32_t i = 0; i < state->limits->guards->condition_count; i++) {
        if (state->limits->guards->conditions[i].machine == LS_NONE) {
            vouch(&state->conditions[i].heard, us);
        }
    }
}

void ls_guard_vouch(ls_guard_state *state, uint32_t machine, int64_t us) {
    if (machine == LS_NONE) {
        vouch_line(state, us);
        return;
    }
    if (machine >= state->limits->machine_count) {
        return;
    }
    vouch(&state->machines[machine].state, us);
    for (uint32_t i = 0; i < state->limits->guards->condition_count; i++) {
        if (state->limits->guards->conditions[i].machine == machine) {
            vouch(&state->conditions[i].heard, us);
        }
    }
}

static ls_guard_value *value_of(ls_guard_state *state, uint32_t target) {
    if (target >= state->limits->target_count) {
        return NULL;
    }
    const uint32_t value = state->limits->targets[target].value;
    return value < state->limits->value_count ? &state->values[value] : NULL;
}

// Told by the line while nothing of ours is on its way: then it is true, and if it is another value
// than the one we left there, somebody else has written it; unless the line does not hear us: then
// it has gone back to its own values.
static void settle(ls_guard_state *state, uint32_t target, ls_guard_value *value,
                   const ls_guard_heard *heard, const ls_guard_clock *clock) {
    ls_guard_target_state *memory = &state->targets[target];
    if (heard->quality != LS_GUARD_QUALITY_GOOD || memory->pending.open ||
        heard->value == value->verified) {
        return;
    }
    if (memory->sequence != 0 && state->line.beat_heard) {
        if (memory->foreign_us == LS_GUARD_UNKNOWN) {
            memory->foreign_wall_us = clock->wall_us;
        }
        memory->foreign_us = clock->mono_us;
        memory->fights++;
    }
    value->verified = heard->value;
    value->verified_us = heard->vouched_us;
}

void ls_guard_hear_value(ls_guard_state *state, uint32_t target, const ls_guard_heard *heard,
                         const ls_guard_clock *clock) {
    ls_guard_value *value = value_of(state, target);
    if (value != NULL) {
        value->current = *heard;
        settle(state, target, value, heard, clock);
    }
}

void ls_guard_hear_whole(ls_guard_state *state, uint32_t target, double least, double most) {
    ls_guard_value *value = value_of(state, target);
    if (value != NULL) {
        value->whole = true;
        value->least = least;
        value->most = most;
    }
}

void ls_guard_hear_condition(ls_guard_state *state, uint32_t condition, const ls_guard_heard *heard,
                             const ls_guard_clock *clock) {
    const ls_guards *guards = state->limits->guards;
    if (condition >= guards->condition_count) {
        return;
    }
    ls_guard_condition_state *of = &state->conditions[condition];
    of->heard = *heard;
    if (guards->conditions[condition].interlock && !of->disarmed &&
        heard->value == guards->conditions[condition].value) {
        of->disarmed = true;
        of->active_us = clock->wall_us;
    }
}

static void forget_line(ls_guard_state *state) {
    unknown(&state->lots_inside);
    for (uint32_t i = 0; i < state->limits->machine_count; i++) {
        unknown(&state->machines[i].state);
    }
    for (uint32_t i = 0; i < state->limits->value_count; i++) {
        unknown(&state->values[i].current);
    }
    for (uint32_t i = 0; i < state->limits->guards->condition_count; i++) {
        unknown(&state->conditions[i].heard);
    }
    state->line.owner = LS_OWNER_UNKNOWN;
    state->line.beat_heard = false;
    state->line.fallback_ready = false;
    ls_guard_lots_begin(state);
}

void ls_guard_forget(ls_guard_state *state, uint32_t machine) {
    if (machine == LS_NONE) {
        forget_line(state);
        return;
    }
    if (machine >= state->limits->machine_count) {
        return;
    }
    unknown(&state->machines[machine].state);
    for (uint32_t i = 0; i < state->limits->guards->condition_count; i++) {
        if (state->limits->guards->conditions[i].machine == machine) {
            unknown(&state->conditions[i].heard);
        }
    }
}

void ls_guard_own(ls_guard_state *state, ls_guard_owner owner, const ls_guard_clock *clock) {
    if (owner == LS_OWNER_US && state->line.owner != LS_OWNER_US) {
        state->line.owner_since_us = clock->mono_us;
    }
    state->line.owner = owner;
}
