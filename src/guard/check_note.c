// check_note.c - what the guard remembers of its own doing: ids, changes, trips, read-backs.
#include <math.h>
#include <string.h>

#include "guard/check_inside.h"

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
    const uint8_t *b = bytes;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ b[i]) * 1099511628211u;
    }
    return hash;
}

uint64_t ls_guard_body(const ls_command *command) {
    uint64_t hash = 14695981039346656037u;
    const uint32_t kind = (uint32_t)command->kind;
    const char *texts[] = {command->decision, command->point, command->device, command->argument,
                           command->target};
    const uint32_t by_hand = command->by_hand ? 1 : 0;
    hash = mix(hash, &kind, sizeof kind);
    hash = mix(hash, &by_hand, sizeof by_hand);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        hash = mix(hash, texts[i], strlen(texts[i]) + 1);
    }
    hash = mix(hash, &command->number, sizeof command->number);
    return mix(hash, &command->sequence, sizeof command->sequence);
}

void ls_guard_note_id(ls_guard_state *state, const ls_command *command, ls_command_result result,
                      uint32_t guard) {
    const uint64_t id = ls_guard_hash(command->id);
    for (uint32_t i = 0; i < state->id_count; i++) {
        if (state->ids[i].id == id) {  // what came of it later
            state->ids[i].result = result;
            state->ids[i].guard = guard;
            return;
        }
    }
    state->ids[state->id_next] = (ls_guard_id){
        .id = id, .body = ls_guard_body(command), .result = result, .guard = guard};
    state->id_next = (state->id_next + 1) % LS_GUARD_IDS;
    state->id_count += state->id_count < LS_GUARD_IDS;
}

void ls_guard_note_done(ls_guard_state *state, const ls_command *command) {
    const uint32_t at = ls_guard_target_find(state->limits, command->kind, command->target);
    state->lots_inside.value += (double)ls_guard_lots_added(state->limits, command->kind, at);
}

// The oldest gives way: only the newest `capacity` can lie within any window that still lets
// something pass (frequency), and a full ring of a budget refuses by itself.
static void push(ls_guard_window *window, const ls_guard_change *change) {
    if (window->count == window->capacity) {
        window->first = (window->first + 1) % window->capacity;
        window->count--;
    }
    window->changes[(window->first + window->count) % window->capacity] = *change;
    window->count++;
}

void ls_guard_note_change(ls_guard_state *state, uint32_t target, ls_command_kind kind,
                          int64_t line_us, double amount) {
    if (target >= state->limits->target_count) {
        return;
    }
    const ls_guard_change change = {.at_us = line_us,
                                    .amount = fabs(amount),
                                    .order = ++state->change_count,
                                    .target = target,
                                    .kind = kind};
    for (uint32_t i = 0; i < state->limits->guards->limit_count; i++) {
        if (state->windows[i].capacity > 0 &&
            ls_guard_limit_holds(&state->limits->guards->limits[i], &state->limits->targets[target],
                                 kind)) {
            push(&state->windows[i], &change);
        }
    }
    state->targets[target].changed_us = line_us;
}

double ls_guard_change_of(const ls_guard_state *state, const ls_command *command) {
    ls_guard_case c = {.limits = state->limits, .state = state};
    ls_guard_case_set(&c, command);
    const double change = ls_guard_amount(&c);
    return isnan(change) ? 0.0 : fabs(change);
}

bool ls_guard_by_arrival(const ls_guard_state *state, const ls_command *command) {
    ls_guard_case c = {.limits = state->limits, .state = state};
    ls_guard_case_set(&c, command);
    return ls_guard_is_by_arrival(&c);
}

// A window is in the order of its changes: the first after `order`, by halves.
static const ls_guard_change *first_after(const ls_guard_window *window, uint64_t order) {
    uint32_t low = 0, high = window->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const ls_guard_change *at = &window->changes[(window->first + middle) % window->capacity];
        if (at->order > order) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < window->count ? &window->changes[(window->first + low) % window->capacity] : NULL;
}

bool ls_guard_change_after(const ls_guard_state *state, uint64_t order, ls_guard_change *out) {
    bool found = false;
    for (uint32_t i = 0; i < state->limits->guards->limit_count; i++) {
        const ls_guard_change *change = first_after(&state->windows[i], order);
        if (change != NULL && (!found || change->order < out->order)) {
            *out = *change;
            found = true;
        }
    }
    return found;
}

void ls_guard_note_journalled(ls_guard_state *state, const ls_command *commands, uint32_t count) {
    state->journal_count = count < LS_GUARD_BATCH ? count : LS_GUARD_BATCH;
    for (uint32_t i = 0; i < state->journal_count; i++) {
        state->journal_ids[i] = ls_guard_hash(commands[i].id);
    }
}

static void note_pending(ls_guard_target_state *memory, const ls_guard_case *c) {
    const bool value = c->value != NULL;
    memory->pending = (ls_guard_pending){
        .open = true,
        .id = ls_guard_hash(c->command->id),
        .written = value ? c->command->number : 1.0,
        .before = value ? c->value->current.value : NAN,
        .tolerance = value ? 1e-6 * fmax(1.0, fabs(c->command->number)) : 0.0,
        .wrote_us = c->clock->mono_us};
}

void ls_guard_note_sent(ls_guard_state *state, const ls_command *command,
                        const ls_guard_clock *clock) {
    ls_guard_case c = {.limits = state->limits, .state = state, .clock = clock};
    ls_guard_case_set(&c, command);
    if (c.target == NULL) {
        return;
    }
    ls_guard_target_state *memory = &state->targets[c.at];
    memory->sequence = command->sequence;
    if (!ls_guard_is_stop(command)) {
        ls_guard_note_change(state, c.at, command->kind, clock->line_us,
                             ls_guard_change_of(state, command));
    }
    note_pending(memory, &c);
}

void ls_guard_note_trip(ls_guard_state *state, const ls_guard_clock *clock) {
    state->healthy_since_us = LS_GUARD_UNKNOWN;
    state->unhealthy_us = clock->wall_us;
    state->trips[state->trip_next] = clock->wall_us;
    state->trip_next = (state->trip_next + 1) % LS_GUARD_TRIPS;
    state->trip_count += state->trip_count < LS_GUARD_TRIPS;
    uint32_t today = 0;
    for (uint32_t i = 0; i < state->trip_count; i++) {
        // One in the future, after the clock was set back, counts as well.
        today += ls_guard_span(clock->wall_us, state->trips[i]) < LS_GUARD_DAY_US;
    }
    if (today >= state->limits->guards->trips_a_day) {
        state->latched = true;
    }
}

void ls_guard_note_healthy(ls_guard_state *state, const ls_guard_clock *clock) {
    if (state->healthy_since_us == LS_GUARD_UNKNOWN) {
        state->healthy_since_us = clock->mono_us;
    }
}

void ls_guard_note_unhealthy(ls_guard_state *state, const ls_guard_clock *clock) {
    if (state->healthy_since_us != LS_GUARD_UNKNOWN) {
        state->healthy_since_us = LS_GUARD_UNKNOWN;
        state->unhealthy_us = clock->wall_us;
    }
}

void ls_guard_note_alarm(ls_guard_state *state, const ls_guard_clock *clock) {
    state->alarms[state->alarm_next] = clock->mono_us;
    state->alarm_next = (state->alarm_next + 1) % LS_GUARD_ALARMS;
    state->alarm_count += state->alarm_count < LS_GUARD_ALARMS;
}

static ls_read_back finish(ls_guard_state *state, uint32_t target, double read,
                           const ls_guard_clock *clock) {
    ls_guard_target_state *memory = &state->targets[target];
    const uint32_t value = state->limits->targets[target].value;
    if (value < state->limits->value_count) {
        state->values[value].verified = read;
        state->values[value].verified_us = clock->line_us;
    }
    memory->pending.open = false;
    return LS_READ_HELD;
}

ls_read_back ls_guard_read_back(ls_guard_state *state, uint32_t target, const double *read,
                                ls_read_from from, const ls_guard_clock *clock) {
    if (target >= state->limits->target_count || !state->targets[target].pending.open) {
        return LS_READ_FAILED;
    }
    ls_guard_pending *pending = &state->targets[target].pending;
    if (read != NULL && from == LS_READ_LINE) {
        const bool same = fabs(*read - pending->written) <= pending->tolerance;
        pending->good_reads = same ? pending->good_reads + 1 : 0;
        if (pending->good_reads == 2) {
            return finish(state, target, *read, clock);
        }
    }
    if (ls_guard_span(clock->mono_us, pending->wrote_us) > state->limits->guards->read_back_us) {
        pending->open = false;
        return LS_READ_FAILED;
    }
    return LS_READ_PENDING;
}
