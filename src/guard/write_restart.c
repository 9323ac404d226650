// write_restart.c - what was under way when the guard died: settled by what the line says.
#include <string.h>

#include "guard/write_inside.h"

void ls_guard_writer_restore(ls_guard_writer *writer, const ls_journal_entry *entry) {
    ls_guard_writer *w = writer;
    const uint32_t of = ls_writer_device(w, entry->command.device);
    if ((entry->kind == LS_JOURNAL_SENDING || entry->kind == LS_JOURNAL_LINE_ID) &&
        of < w->def.device_count && entry->line_id > w->devices[of].used) {
        w->devices[of].used = entry->line_id;
    }
    if (entry->kind != LS_JOURNAL_ACCEPTED && entry->kind != LS_JOURNAL_SENDING &&
        entry->kind != LS_JOURNAL_OUTCOME) {
        return;
    }
    uint32_t at = 0;
    while (at < w->unsure_count && strcmp(w->unsure[at].command.id, entry->command.id) != 0) {
        at++;
    }
    if (entry->kind == LS_JOURNAL_OUTCOME) {
        if (at < w->unsure_count) {
            w->unsure[at] = w->unsure[--w->unsure_count];
        }
    } else if (at < UNSURE_MAX) {
        w->unsure[at] = (unsure){.command = entry->command,
                                 .device = of,
                                 .id = entry->line_id,
                                 .sending = entry->kind == LS_JOURNAL_SENDING};
        w->unsure_count += at == w->unsure_count;
    }
}

static void settle(ls_guard_writer *w, uint32_t at, ls_command_result result, uint32_t guard,
                   const char *reason) {
    const ls_command command = w->unsure[at].command;
    w->unsure[at] = w->unsure[--w->unsure_count];
    ls_writer_finish(w, &command, result, guard, reason);
}

void ls_guard_writer_restored(ls_guard_writer *writer) {
    for (uint32_t i = writer->unsure_count; i-- > 0;) {
        const unsure *u = &writer->unsure[i];
        if (!u->sending || u->device >= writer->def.device_count) {
            settle(writer, i, LS_COMMAND_EXPIRED, GUARD_WRITE_AHEAD,
                   "the guard was started again before it was sent");
        }
    }
}

// The line has answered an id; was it one of before the restart?
void ls_writer_settle_by_answer(ls_guard_writer *w, uint32_t of, int64_t id, int64_t result,
                                const char *reason) {
    for (uint32_t i = w->unsure_count; i-- > 0;) {
        if (w->unsure[i].device == of && w->unsure[i].id == id) {
            settle(w, i,
                   result == 0           ? LS_COMMAND_ACKNOWLEDGED
                   : result == NOT_NEWER ? LS_COMMAND_LOST
                                         : LS_COMMAND_DENIED,
                   0, reason);
        }
    }
}

// The line tells an id. What it says of an older one is over, unless it is our own fence that has
// come: then the fence's answer settles it.
void ls_writer_settle_by_id(ls_guard_writer *w, uint32_t of, int64_t id) {
    const wired *d = &w->devices[of];
    for (uint32_t i = w->unsure_count; i-- > 0;) {
        unsure *u = &w->unsure[i];
        if (u->device != of || u->id > id) {
            continue;
        }
        if (u->id == id) {
            u->taken = true;
        } else if (u->taken || d->wire != WIRE_FENCE || d->id != id) {
            settle(w, i, LS_COMMAND_LOST, GUARD_READ_BACK,
                   "sent just before the guard was started again; the line has gone on since");
        }
    }
}

// The line took our fence and had not taken what is older: it never will.
void ls_writer_settle_below(ls_guard_writer *w, uint32_t of, int64_t id) {
    for (uint32_t i = w->unsure_count; i-- > 0;) {
        if (w->unsure[i].device == of && w->unsure[i].id < id && !w->unsure[i].taken) {
            settle(w, i, LS_COMMAND_EXPIRED, GUARD_READ_BACK,
                   "sent just before the guard was started again; the line never took it");
        }
    }
}
