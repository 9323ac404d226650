// memory.c - see memory.h.
#include "guard/memory.h"

#include <string.h>

#include "base/text.h"
#include "guard/deed.h"

// ---- rows into the state

// Of another process, perhaps of another boot: monotonic times of before mean nothing.
static ls_guard_clock clock_of(const ls_journal_entry *row) {
    return (ls_guard_clock){.mono_us = 0, .wall_us = row->wall_us, .line_us = row->line_us};
}

// A summary begins: it says all of it again.
static void forget(ls_guard_state *state) {
    for (uint32_t i = 0; i < state->limits->target_count; i++) {
        state->targets[i].sequence = 0;
        state->targets[i].fights = 0;
        state->targets[i].changed_us = state->targets[i].foreign_us = LS_GUARD_UNKNOWN;
    }
    for (uint32_t i = 0; i < state->limits->guards->condition_count; i++) {
        state->conditions[i].disarmed = false;
    }
    for (uint32_t i = 0; i < state->limits->guards->limit_count; i++) {
        state->windows[i].count = 0;
    }
    state->id_count = state->id_next = 0;
    state->hold_count = state->bypass_count = state->revoked_count = 0;
    state->holds_lost = state->revoked_lost = false;
    state->trip_count = state->trip_next = 0;
    state->latched = false;
    state->unhealthy_us = LS_GUARD_UNKNOWN;
}

static bool is_seen(const ls_guard_state *state, const char *name) {
    const uint64_t id = ls_guard_hash(name);
    for (uint32_t i = 0; i < state->id_count; i++) {
        if (state->ids[i].id == id) {
            return true;
        }
    }
    return false;
}

static void take_sending(ls_guard_state *state, const ls_journal_entry *row) {
    const ls_command *command = &row->command;
    const uint32_t at = ls_guard_target_find(state->limits, command->kind, command->target);
    if (at == LS_NONE || is_seen(state, command->id)) {  // a summary tells again what is under way
        return;
    }
    ls_guard_note_id(state, command, LS_COMMAND_SENT, 0);
    state->targets[at].sequence = command->sequence;
    if (!ls_guard_is_stop(command)) {
        ls_guard_note_change(state, at, command->kind, row->line_us, row->amount);
    }
}

static void take_yield(ls_guard_state *state, const char *what, int64_t wall_us) {
    uint32_t condition, target;
    ls_guard_deed_find_armed(state->limits, what, &condition, &target);
    if (condition != LS_NONE) {
        state->conditions[condition].disarmed = true;
        state->conditions[condition].active_us = wall_us;
    } else if (target != LS_NONE) {
        state->targets[target].foreign_us = 0;
        state->targets[target].foreign_wall_us = wall_us;
        state->targets[target].fights++;
    }
}

static void take_target(ls_guard_state *state, const ls_journal_entry *row) {
    const uint32_t at = ls_guard_target_find(state->limits, row->command.kind, row->command.target);
    if (at != LS_NONE) {
        state->targets[at].sequence = row->command.sequence;
        state->targets[at].changed_us = row->line_us;
        state->targets[at].fights = row->count;
    }
}

static void take_change(ls_guard_state *state, const ls_journal_entry *row) {
    const uint32_t at = ls_guard_target_find(state->limits, row->command.kind, row->command.target);
    if (at != LS_NONE) {
        ls_guard_note_change(state, at, row->command.kind, row->line_us, row->amount);
    }
}

static void take_id(ls_guard_state *state, const ls_journal_entry *row) {
    state->ids[state->id_next] = (ls_guard_id){
        .id = row->seen_id, .body = row->seen_body, .result = row->result, .guard = row->guard};
    state->id_next = (state->id_next + 1) % LS_GUARD_IDS;
    state->id_count += state->id_count < LS_GUARD_IDS;
}

// A lease that ends, by whatever else than being told to stop, is a failure of the link.
static void take_lease(ls_guard_state *state, const ls_journal_entry *row) {
    const ls_guard_clock then = clock_of(row);
    if (row->on) {
        ls_guard_note_healthy(state, &then);
    } else {
        ls_guard_note_unhealthy(state, &then);
    }
}

void ls_guard_memory_take(ls_guard_state *state, const ls_journal_entry *row) {
    const ls_guard_clock then = clock_of(row);
    switch (row->kind) {
    case LS_JOURNAL_SUMMARY: forget(state); break;
    case LS_JOURNAL_SENDING: take_sending(state, row); break;
    case LS_JOURNAL_OUTCOME: ls_guard_note_id(state, &row->command, row->result, row->guard); break;
    case LS_JOURNAL_REFUSED:
        ls_guard_note_id(state, &row->command, LS_COMMAND_REFUSED, row->guard);
        break;
    case LS_JOURNAL_HOLD:
        if (row->on) {
            ls_guard_hold_put(state, row->point, row->who, row->role, &then);
        } else {
            ls_guard_hold_lift(state, row->point, LS_ROLE_ENGINEER);
        }
        break;
    case LS_JOURNAL_TRIP: ls_guard_note_trip(state, &then); break;
    case LS_JOURNAL_RESET: ls_guard_reset_trips(state, row->role); break;
    case LS_JOURNAL_LEASE: take_lease(state, row); break;
    case LS_JOURNAL_STOPPED: state->healthy_since_us = LS_GUARD_UNKNOWN; break;
    case LS_JOURNAL_DEED: ls_guard_do_again(state, &row->deed, &then); break;
    case LS_JOURNAL_YIELD: take_yield(state, row->deed.what, row->wall_us); break;
    case LS_JOURNAL_ID: take_id(state, row); break;
    case LS_JOURNAL_TARGET: take_target(state, row); break;
    case LS_JOURNAL_CHANGE: take_change(state, row); break;
    case LS_JOURNAL_FULL:
        state->holds_lost = state->holds_lost || row->deed.kind == LS_DEED_HOLD;
        state->revoked_lost = state->revoked_lost || row->deed.kind == LS_DEED_REVOKE;
        break;
    case LS_JOURNAL_ACCEPTED:
    case LS_JOURNAL_LINE_ID:
    case LS_JOURNAL_KIND_COUNT: break;
    }
}

void ls_guard_memory_taken(ls_guard_state *state, int64_t wall_us) {
    ls_guard_note_unhealthy(state, &(ls_guard_clock){.wall_us = wall_us});
}

// ---- the state as rows

typedef struct writer {
    const ls_guard_state *state;
    ls_status (*put)(void *context, const ls_journal_entry *row, ls_error *err);
    void *context;
    ls_error *err;
    ls_status status;
} writer;

static void put(writer *w, const ls_journal_entry *row) {
    if (w->status == LS_OK) {
        w->status = w->put(w->context, row, w->err);
    }
}

static void put_ids(writer *w) {
    const ls_guard_state *s = w->state;
    const uint32_t first = s->id_count == LS_GUARD_IDS ? s->id_next : 0;
    for (uint32_t i = 0; i < s->id_count; i++) {
        const ls_guard_id *id = &s->ids[(first + i) % LS_GUARD_IDS];
        put(w, &(ls_journal_entry){.kind = LS_JOURNAL_ID,
                                   .seen_id = id->id,
                                   .seen_body = id->body,
                                   .result = id->result,
                                   .guard = id->guard});
    }
}

// A kind of command by which the target is found again.
static ls_command_kind kind_of(const ls_guard_target *target) {
    return target->kind == LS_TARGET_MACHINE ? LS_COMMAND_DISPATCH
           : target->kind == LS_TARGET_CLASS ? LS_COMMAND_RELEASE
                                             : LS_COMMAND_SETPOINT;
}

static ls_journal_entry row_of(ls_journal_kind kind, const ls_guard_target *target,
                               ls_command_kind of) {
    ls_journal_entry row = {.kind = kind, .command.kind = of};
    ls_text_format(row.command.target, sizeof row.command.target, "%s", target->name);
    return row;
}

static void put_changes(writer *w) {
    ls_guard_change change = {0};
    while (w->status == LS_OK && ls_guard_change_after(w->state, change.order, &change)) {
        ls_journal_entry row = row_of(LS_JOURNAL_CHANGE, &w->state->limits->targets[change.target],
                                      change.kind);
        row.line_us = change.at_us;
        row.amount = change.amount;
        put(w, &row);
    }
}

// After the changes: dwell goes by what stands here.
static void put_targets(writer *w) {
    for (uint32_t i = 0; i < w->state->limits->target_count; i++) {
        const ls_guard_target *target = &w->state->limits->targets[i];
        const ls_guard_target_state *memory = &w->state->targets[i];
        if (memory->sequence != 0 || memory->fights != 0) {
            ls_journal_entry row = row_of(LS_JOURNAL_TARGET, target, kind_of(target));
            row.command.sequence = memory->sequence;
            row.line_us = memory->changed_us;
            row.count = memory->fights - (memory->foreign_us != LS_GUARD_UNKNOWN);
            put(w, &row);
        }
    }
}

static void put_yield(writer *w, const char *what, int64_t wall_us) {
    ls_journal_entry row = {.kind = LS_JOURNAL_YIELD, .wall_us = wall_us};
    ls_text_format(row.deed.what, sizeof row.deed.what, "%s", what);
    put(w, &row);
}

static void put_yields(writer *w) {
    const ls_guard_limits *limits = w->state->limits;
    for (uint32_t i = 0; i < limits->guards->condition_count; i++) {
        if (w->state->conditions[i].disarmed) {
            put_yield(w, limits->guards->conditions[i].tag, w->state->conditions[i].active_us);
        }
    }
    for (uint32_t i = 0; i < limits->target_count; i++) {
        if (w->state->targets[i].foreign_us != LS_GUARD_UNKNOWN) {
            put_yield(w, limits->targets[i].name, w->state->targets[i].foreign_wall_us);
        }
    }
}

static void put_deed(writer *w, const ls_guard_deed *deed, int64_t wall_us) {
    put(w, &(ls_journal_entry){.kind = LS_JOURNAL_DEED, .wall_us = wall_us, .deed = *deed});
}

static void put_people(writer *w) {
    const ls_guard_state *s = w->state;
    for (uint32_t i = 0; i < s->hold_count; i++) {
        ls_guard_deed deed = {.kind = LS_DEED_HOLD, .role = s->holds[i].role};
        memcpy(deed.what, s->holds[i].point, sizeof s->holds[i].point);
        memcpy(deed.who, s->holds[i].who, sizeof deed.who);
        put_deed(w, &deed, s->holds[i].since_us);
    }
    for (uint32_t i = 0; i < s->bypass_count; i++) {
        const ls_guard_bypass *b = &s->bypasses[i];
        ls_guard_deed deed = {
            .kind = LS_DEED_BYPASS, .role = b->role, .guard = b->guard, .until_us = b->end_us};
        memcpy(deed.who, b->who, sizeof deed.who);
        memcpy(deed.reason, b->reason, sizeof deed.reason);
        put_deed(w, &deed, b->begin_us);
    }
    for (uint32_t i = 0; i < s->revoked_count; i++) {
        ls_guard_deed deed = {.kind = LS_DEED_REVOKE, .role = LS_ROLE_ENGINEER};
        memcpy(deed.what, s->revoked[i].who, sizeof s->revoked[i].who);
        put_deed(w, &deed, s->revoked[i].at_us);
    }
    if (s->holds_lost) {
        put(w, &(ls_journal_entry){.kind = LS_JOURNAL_FULL, .deed.kind = LS_DEED_HOLD});
    }
    if (s->revoked_lost) {
        put(w, &(ls_journal_entry){.kind = LS_JOURNAL_FULL, .deed.kind = LS_DEED_REVOKE});
    }
}

// The last row of these says whether the lease is held, as it is now.
static void put_health(writer *w) {
    const ls_guard_state *s = w->state;
    const uint32_t first = s->trip_count == LS_GUARD_TRIPS ? s->trip_next : 0;
    for (uint32_t i = 0; i < s->trip_count; i++) {
        put(w, &(ls_journal_entry){.kind = LS_JOURNAL_TRIP,
                                   .wall_us = s->trips[(first + i) % LS_GUARD_TRIPS]});
    }
    if (s->unhealthy_us != LS_GUARD_UNKNOWN) {
        put(w, &(ls_journal_entry){.kind = LS_JOURNAL_LEASE, .on = true});
        put(w, &(ls_journal_entry){.kind = LS_JOURNAL_LEASE, .wall_us = s->unhealthy_us});
    }
    if (s->healthy_since_us != LS_GUARD_UNKNOWN) {
        put(w, &(ls_journal_entry){.kind = LS_JOURNAL_LEASE, .on = true});
    }
}

ls_status ls_guard_memory_put(const ls_guard_state *state,
                              ls_status (*put_row)(void *context, const ls_journal_entry *row,
                                                   ls_error *err),
                              void *context, ls_error *err) {
    writer w = {.state = state, .put = put_row, .context = context, .err = err};
    put(&w, &(ls_journal_entry){.kind = LS_JOURNAL_SUMMARY});
    put_ids(&w);
    put_changes(&w);
    put_targets(&w);
    put_yields(&w);
    put_people(&w);
    put_health(&w);
    return w.status;
}

// ---- what must be written now

static bool is_new(bool stands, bool *written) {
    const bool fresh = stands && !*written;
    *written = stands;
    return fresh;
}

bool ls_guard_memory_yields(const ls_guard_state *state, bool *written, ls_journal_entry *out) {
    const ls_guard_limits *limits = state->limits;
    const char *what = NULL;
    int64_t wall_us = 0;
    uint32_t at = 0;
    for (uint32_t i = 0; what == NULL && i < limits->guards->condition_count; i++, at++) {
        what = is_new(state->conditions[i].disarmed, &written[at])
                   ? limits->guards->conditions[i].tag
                   : NULL;
        wall_us = state->conditions[i].active_us;
    }
    for (uint32_t i = 0; what == NULL && i < limits->target_count; i++, at++) {
        what = is_new(state->targets[i].foreign_us != LS_GUARD_UNKNOWN, &written[at])
                   ? limits->targets[i].name
                   : NULL;
        wall_us = state->targets[i].foreign_wall_us;
    }
    if (what != NULL) {
        *out = (ls_journal_entry){.kind = LS_JOURNAL_YIELD, .wall_us = wall_us};
        ls_text_format(out->deed.what, sizeof out->deed.what, "%s", what);
    }
    return what != NULL;
}
