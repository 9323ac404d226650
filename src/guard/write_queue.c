// write_queue.c - commands that wait, and go: one by one for a device, together or not at all.
#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "guard/protocol.h"
#include "guard/write_inside.h"

static void take_from_queue(ls_guard_writer *w, uint32_t at, uint32_t count, ls_command *out) {
    for (uint32_t i = 0; i < count; i++) {
        out[i] = w->queue[at + i].command;
    }
    w->queued -= count;
    memmove(&w->queue[at], &w->queue[at + count], (w->queued - at) * sizeof w->queue[0]);
}

static void finish_all(ls_guard_writer *w, const ls_command *commands, uint32_t count,
                       ls_command_result result, uint32_t guard, const char *reason) {
    for (uint32_t i = 0; i < count; i++) {
        ls_writer_finish(w, &commands[i], result, guard, reason);
    }
}

// One of them may not: none goes.
static void refuse_all(ls_guard_writer *w, const ls_command *commands, uint32_t count, uint32_t at,
                       const ls_verdict *verdict) {
    char with[LS_GUARD_WHY_SIZE];
    ls_text_format(with, sizeof with, "it goes only together with %s", commands[at].id);
    for (uint32_t i = 0; i < count; i++) {
        if (i == at) {
            ls_writer_finish(w, &commands[i], verdict->result, verdict->guard, verdict->reason);
        } else {
            ls_writer_finish(w, &commands[i], verdict->result, GUARD_COMBINED, with);
        }
    }
}

// Their rows, the last one durable and with it all before it. False: not written.
static bool write_rows(ls_guard_writer *w, const ls_command *commands, uint32_t count) {
    bool written = true;
    w->leaving = commands;
    for (uint32_t i = 0; i < count && written; i++) {
        wired *d = &w->devices[ls_writer_device(w, commands[i].device)];
        const ls_journal_entry entry = {
            .kind = LS_JOURNAL_SENDING, .command = commands[i], .line_id = ls_writer_next_id(d)};
        written = w->def.journal(w->def.context, &entry, i + 1 == count);
        if (written) {
            d->used = entry.line_id;
            w->leaving_count = i + 1;
        }
    }
    w->leaving_count = 0;
    return written;
}

static bool has_ids(const ls_guard_writer *w, const ls_command *commands, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (ls_writer_next_id(&w->devices[ls_writer_device(w, commands[i].device)]) >
            LS_GUARD_LINE_ID_MAX) {
            return false;
        }
    }
    return true;
}

static bool put_command(ls_guard_writer *w, const ls_command *command, int64_t now_us) {
    const uint32_t of = ls_writer_device(w, command->device);
    wired *d = &w->devices[of];
    if (!w->def.send(w->def.context, of, ls_command_kind_name(command->kind), command->argument,
                     d->used)) {
        return false;
    }
    ls_writer_put_on_wire(d, WIRE_COMMAND, d->used, now_us);
    d->command = *command;
    w->figures.sent++;
    w->def.sent(w->def.context, command);
    ls_verdict verdict = {.result = LS_COMMAND_SENT};
    memcpy(verdict.id, command->id, sizeof verdict.id);
    w->def.told(w->def.context, command, &verdict);
    return true;
}

// Rows, durable; the guards once more; then the wire. In this order.
static void send_commands(ls_guard_writer *w, const ls_command *commands, uint32_t count,
                          int64_t now_us) {
    ls_verdict verdict = {.result = LS_COMMAND_REFUSED};
    uint32_t at = 0;
    if (!has_ids(w, commands, count)) {
        finish_all(w, commands, count, LS_COMMAND_REFUSED, GUARD_ONE_WRITER,
                   "the line's ids are used up");
        return;
    }
    if (!write_rows(w, commands, count)) {
        finish_all(w, commands, count, LS_COMMAND_REFUSED, GUARD_WRITE_AHEAD,
                   "the guard's journal cannot be written");
        return;
    }
    if (!w->def.may_send(w->def.context, commands, count, &verdict, &at)) {
        refuse_all(w, commands, count, at < count ? at : 0, &verdict);
        return;
    }
    uint32_t gone = 0;
    while (gone < count && put_command(w, &commands[gone], now_us)) {
        gone++;
    }
    finish_all(w, commands + gone, count - gone, LS_COMMAND_EXPIRED, 0,
               "the line cannot be reached");
    if (gone > 0 && gone < count) {
        ls_writer_trip(w, "only a part of what belongs together could be sent");
    }
}

// What is fenced is known: a device that goes loses its fence.
static bool is_free(const ls_guard_writer *w, const ls_command *command) {
    const wired *d = &w->devices[ls_writer_device(w, command->device)];
    return d->wire == WIRE_NOTHING && d->fenced;
}

// The first of the queue whose devices are free; false: none.
static bool send_next(ls_guard_writer *w, int64_t now_us) {
    for (uint32_t i = 0, members = 0; i < w->queued; i += members) {
        uint32_t free = 0;
        members = w->queue[i].members;
        for (uint32_t k = 0; k < members; k++) {
            free += is_free(w, &w->queue[i + k].command);
        }
        if (free == members) {
            ls_command commands[LS_GUARD_TOGETHER];
            take_from_queue(w, i, members, commands);
            send_commands(w, commands, members, now_us);
            return true;
        }
    }
    return false;
}

void ls_writer_send_what_may_go(ls_guard_writer *w, int64_t now_us) {
    while (w->lease == LEASE_HELD && !w->lost && now_us < w->lease_until_us &&
           send_next(w, now_us)) {
    }
}

// Why they cannot even wait; NULL: they can. *out_guard: by which guard.
static const char *why_not(const ls_guard_writer *w, const ls_command *commands, uint32_t count,
                           uint32_t *out_guard) {
    *out_guard = GUARD_ONE_WRITER;
    for (uint32_t i = 0; i < count; i++) {
        if (ls_writer_device(w, commands[i].device) == w->def.device_count) {
            return "the line has no such device";
        }
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(commands[k].device, commands[i].device) == 0) {
                *out_guard = GUARD_COMBINED;
                return "a device takes one command at a time: two of them cannot go together";
            }
        }
    }
    if (w->lease != LEASE_HELD || w->lost) {
        return "the line does not hear this guard";
    }
    return w->queued + count > LS_GUARD_QUEUE ? "too many commands wait" : NULL;
}

void ls_guard_writer_submit_together(ls_guard_writer *writer, const ls_command *commands,
                                     uint32_t count, int64_t now_us) {
    ls_guard_writer *w = writer;
    assert(count > 0 && count <= LS_GUARD_TOGETHER);
    uint32_t guard = 0;
    const char *why = why_not(w, commands, count, &guard);
    for (uint32_t i = 0; i < count && why == NULL; i++) {
        const ls_journal_entry entry = {.kind = LS_JOURNAL_ACCEPTED, .command = commands[i]};
        if (!w->def.journal(w->def.context, &entry, false)) {
            guard = GUARD_WRITE_AHEAD;
            why = "the guard's journal cannot be written";
        }
    }
    if (why != NULL) {
        finish_all(w, commands, count, LS_COMMAND_REFUSED, guard, why);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        w->queue[w->queued++] = (waiting){.command = commands[i], .members = i == 0 ? count : 0};
    }
    ls_writer_send_what_may_go(w, now_us);
}

void ls_guard_writer_submit(ls_guard_writer *writer, const ls_command *command, int64_t now_us) {
    ls_guard_writer_submit_together(writer, command, 1, now_us);
}

static bool is_late(const ls_command *command, int64_t now_us) {
    return now_us >= command->not_after_us;
}

// With one that is late all go that belong to it.
void ls_writer_expire(ls_guard_writer *w, int64_t now_us) {
    for (uint32_t i = 0; i < w->queued;) {
        const uint32_t members = w->queue[i].members;
        bool late = false;
        for (uint32_t k = 0; k < members; k++) {
            late = late || is_late(&w->queue[i + k].command, now_us);
        }
        if (late) {
            ls_command commands[LS_GUARD_TOGETHER];
            take_from_queue(w, i, members, commands);
            finish_all(w, commands, members, LS_COMMAND_EXPIRED, GUARD_EXPIRY,
                       "it was not sent in time");
        } else {
            i += members;
        }
    }
}
