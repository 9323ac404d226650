// write.c - see write.h.
#include "guard/write_inside.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "guard/protocol.h"

enum { DEF_COOKIE = 0x77726974, FENCE_STEP = 65536, ASK_US = 200000, FENCE_US = 3000000 };

ls_guard_writer_def ls_guard_writer_def_default(void) {
    return (ls_guard_writer_def){
        .read_back_us = 3000000, .beat_us = 1000000, .lease_us = 4000000, .cookie = DEF_COOKIE};
}

ls_status ls_guard_writer_create(const ls_guard_writer_def *def, ls_guard_writer **out,
                                 ls_error *err) {
    assert(def->cookie == DEF_COOKIE);
    assert(def->line < def->device_count);
    *out = NULL;
    ls_guard_writer *w = ls_alloc(sizeof *w);
    wired *devices = ls_alloc(def->device_count * sizeof *devices);
    if (w == NULL || devices == NULL) {
        ls_free(w);
        ls_free(devices);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the guard's writer");
    }
    w->def = *def;
    w->devices = devices;
    w->random = def->seed;
    w->beat_count = (int64_t)(def->seed % 1000000);
    *out = w;
    return LS_OK;
}

void ls_guard_writer_destroy(ls_guard_writer *writer) {
    if (writer != NULL) {
        ls_free(writer->devices);
        ls_free(writer);
    }
}

// splitmix64.
static uint64_t dice(ls_guard_writer *w) {
    uint64_t z = (w->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t ls_writer_device(const ls_guard_writer *w, const char *name) {
    uint32_t i = 0;
    while (i < w->def.device_count && strcmp(w->def.devices[i], name) != 0) {
        i++;
    }
    return i;
}

// ---- verdicts

void ls_writer_finish(ls_guard_writer *w, const ls_command *command, ls_command_result result,
                      uint32_t guard, const char *reason) {
    ls_journal_entry entry = {.kind = LS_JOURNAL_OUTCOME, .result = result, .guard = guard};
    ls_verdict verdict = {.result = result, .guard = guard};
    memcpy(entry.command.id, command->id, sizeof entry.command.id);
    memcpy(verdict.id, command->id, sizeof verdict.id);
    ls_text_format(entry.reason, sizeof entry.reason, "%s", reason);
    ls_text_format(verdict.reason, sizeof verdict.reason, "%s", reason);
    // Not durable: when it is lost the line is read once more.
    (void)w->def.journal(w->def.context, &entry, false);
    w->figures.acknowledged += result == LS_COMMAND_ACKNOWLEDGED;
    w->figures.denied += result == LS_COMMAND_DENIED;
    w->figures.lost += result == LS_COMMAND_LOST;
    w->figures.expired += result == LS_COMMAND_EXPIRED;
    w->def.told(w->def.context, command, &verdict);
}

static void drop_lease(ls_guard_writer *w, const char *why) {
    if (w->lease == LEASE_NONE) {
        return;
    }
    const bool held = w->lease == LEASE_HELD;
    w->lease = LEASE_NONE;
    for (uint32_t i = 0; i < w->def.device_count; i++) {
        w->devices[i].fenced = false;
        w->devices[i].wire = w->devices[i].wire == WIRE_FENCE ? WIRE_NOTHING : w->devices[i].wire;
    }
    while (w->queued > 0) {
        w->queued--;
        const ls_command command = w->queue[w->queued].command;
        ls_writer_finish(w, &command, LS_COMMAND_EXPIRED, GUARD_ONE_WRITER, why);
    }
    if (held) {
        ls_journal_entry entry = {.kind = LS_JOURNAL_LEASE};
        ls_text_format(entry.reason, sizeof entry.reason, "%s", why);
        (void)w->def.journal(w->def.context, &entry, false);
        w->def.leased(w->def.context, false, why);
    }
}

void ls_writer_trip(ls_guard_writer *w, const char *why) {
    drop_lease(w, why);
    w->def.tripped(w->def.context, why);
}

// ---- sending

int64_t ls_writer_next_id(const wired *d) {
    return (d->line_id > d->used ? d->line_id : d->used) + 1;
}

void ls_writer_put_on_wire(wired *d, wire_kind kind, int64_t id, int64_t now_us) {
    d->wire = kind;
    d->id = id;
    d->used = id;
    d->sent_us = now_us;
    d->asked_us = now_us;
    d->reads = 0;
}

static void send_fence(ls_guard_writer *w, uint32_t of, int64_t now_us) {
    wired *d = &w->devices[of];
    const int64_t step = of == w->def.line ? (int64_t)(dice(w) % FENCE_STEP) : 0;
    const int64_t id = ls_writer_next_id(d) + step;
    if (id > LS_GUARD_LINE_ID_MAX) {
        return;
    }
    ls_journal_entry entry = {.kind = LS_JOURNAL_LINE_ID, .line_id = id};
    ls_text_format(entry.command.device, sizeof entry.command.device, "%s", w->def.devices[of]);
    if (w->def.journal(w->def.context, &entry, false) &&
        w->def.send(w->def.context, of, "fence", "", id)) {
        ls_writer_put_on_wire(d, WIRE_FENCE, id, now_us);
    }
}

// ---- what the line tells

void ls_guard_writer_hear_id(ls_guard_writer *writer, uint32_t of, int64_t id, int64_t now_us) {
    ls_guard_writer *w = writer;
    (void)now_us;
    if (of >= w->def.device_count) {
        return;
    }
    wired *d = &w->devices[of];
    d->known = true;
    d->line_id = id;
    ls_writer_settle_by_id(w, of, id);
    // While we write nobody else does: an id beyond ours is a stranger's.
    if (w->lease != LEASE_NONE && id > d->used && (d->fenced || d->wire == WIRE_FENCE)) {
        w->figures.foreign++;
        ls_writer_trip(w, "somebody else commands the line");
    }
}

static bool is_fenced(const ls_guard_writer *w) {
    for (uint32_t i = 0; i < w->def.device_count; i++) {
        if (w->devices[i].known && !w->devices[i].fenced) {
            return false;
        }
    }
    return true;  // the line itself is known, else nobody fences
}

static void prove(ls_guard_writer *w, int64_t now_us);
static void take_lease(ls_guard_writer *w);

// A fence has come back: the line takes nothing older any more. Answered as anything else than a
// command that does not exist it was not ours that the line took.
static void fence_done(ls_guard_writer *w, uint32_t of, int64_t result, int64_t now_us) {
    wired *d = &w->devices[of];
    if (result != NO_SUCH_COMMAND) {
        d->wire = WIRE_NOTHING;  // once more, further on
        if (w->lease == LEASE_PROVING) {
            drop_lease(w, "somebody else commands the line");
        } else {
            send_fence(w, of, now_us);
        }
        return;
    }
    if (!d->fenced) {
        d->fenced = true;
        ls_writer_settle_below(w, of, d->id);
    }
    if (of != w->def.line || w->lease == LEASE_HELD) {
        d->wire = WIRE_NOTHING;
    } else if (w->lease == LEASE_PROVING) {
        d->wire = WIRE_NOTHING;
        take_lease(w);
    }
    if (w->lease == LEASE_FENCING && is_fenced(w)) {
        prove(w, now_us);
    }
}

static void command_done(ls_guard_writer *w, uint32_t of, int64_t result, const char *reason,
                         int64_t now_us) {
    wired *d = &w->devices[of];
    if (result == NOT_NEWER) {
        // The line has taken a greater id since, not ours: whether it took this one before nobody
        // knows.
        const ls_command command = d->command;
        d->wire = WIRE_NOTHING;
        w->figures.foreign++;
        ls_writer_finish(w, &command, LS_COMMAND_LOST, GUARD_ONE_WRITER,
                         "somebody else has commanded the line since");
        ls_writer_trip(w, "somebody else has commanded the line");
        return;
    }
    const bool agrees = result != 0 || w->def.agrees(w->def.context, &d->command);
    d->reads = agrees && (d->reads == 0 || result == d->result) ? d->reads + 1 : agrees;
    d->result = result;
    if (d->reads < 2) {
        if (agrees) {
            d->asked_us = now_us;
            (void)w->def.send(w->def.context, of, NULL, NULL, d->id);
        }
        return;
    }
    const ls_command command = d->command;
    d->wire = WIRE_NOTHING;
    ls_writer_finish(w, &command, result == 0 ? LS_COMMAND_ACKNOWLEDGED : LS_COMMAND_DENIED, 0,
                     reason);
}

void ls_guard_writer_hear_done(ls_guard_writer *writer, uint32_t of, int64_t id, int64_t result,
                               const char *reason, int64_t now_us) {
    ls_guard_writer *w = writer;
    if (of >= w->def.device_count) {
        return;
    }
    ls_writer_settle_by_answer(w, of, id, result, reason);
    wired *d = &w->devices[of];
    if (d->wire == WIRE_NOTHING || d->id != id) {
        return;
    }
    if (d->wire == WIRE_FENCE) {
        fence_done(w, of, result, now_us);
    } else {
        command_done(w, of, result, reason, now_us);
    }
    ls_writer_send_what_may_go(w, now_us);
}

void ls_guard_writer_hear_lost(ls_guard_writer *writer, bool lost, int64_t now_us) {
    ls_guard_writer *w = writer;
    w->lost_known = true;
    w->lost = lost;
    if (w->lease == LEASE_FENCING && !lost) {
        w->figures.foreign++;
        drop_lease(w, "another guard writes to this line");
    } else if (w->lease >= LEASE_PROVING && !lost) {
        w->was_heard = true;
    } else if (w->lease >= LEASE_PROVING && lost && w->was_heard) {
        drop_lease(w, "the line has lost the heartbeat");
    }
    ls_writer_send_what_may_go(w, now_us);
}

void ls_guard_writer_hear_beat(ls_guard_writer *writer, int64_t count, int64_t now_us) {
    ls_guard_writer *w = writer;
    for (int i = 0; i < BEATS; i++) {
        if (w->lease >= LEASE_PROVING && w->beats[i].us != 0 && w->beats[i].count == count) {
            w->beat_heard_us = w->beats[i].us > w->beat_heard_us ? w->beats[i].us
                                                                 : w->beat_heard_us;
            w->lease_until_us = w->beat_heard_us + w->def.lease_us;
        }
    }
    ls_writer_send_what_may_go(w, now_us);
}

void ls_guard_writer_gone(ls_guard_writer *writer, uint32_t of, int64_t now_us) {
    ls_guard_writer *w = writer;
    (void)now_us;
    if (of >= w->def.device_count) {
        return;
    }
    w->devices[of].known = false;
    w->devices[of].fenced = false;
    if (of == w->def.line) {
        w->lost_known = false;
        for (uint32_t i = 0; i < w->def.device_count; i++) {
            w->devices[i].known = false;
        }
        drop_lease(w, "the line is not there");
    }
}

void ls_guard_writer_able(ls_guard_writer *writer, bool able, const char *why, int64_t now_us) {
    (void)now_us;
    writer->able = able;
    if (!able) {
        drop_lease(writer, why);
    }
}

// ---- time

static void look_at_wire(ls_guard_writer *w, uint32_t of, int64_t now_us) {
    wired *d = &w->devices[of];
    if (d->wire != WIRE_COMMAND) {
        return;
    }
    if (now_us - d->sent_us > w->def.read_back_us) {
        const ls_command command = d->command;
        d->wire = WIRE_NOTHING;
        // With the lease all fences go: what is still under way is fenced off before the next one.
        ls_writer_finish(w, &command, LS_COMMAND_LOST, GUARD_READ_BACK,
                         "the line did not confirm it in time");
        ls_writer_trip(w, "a command was not confirmed in time");
    } else if (d->reads < 2 && d->line_id == d->id && now_us - d->asked_us > ASK_US) {
        // The line has taken the id, so that asking again does nothing but answer.
        d->asked_us = now_us;
        (void)w->def.send(w->def.context, of, NULL, NULL, d->id);
    }
}

static void begin_fencing(ls_guard_writer *w, int64_t now_us) {
    w->lease = LEASE_FENCING;
    w->fencing_us = now_us;
    for (uint32_t i = 0; i < w->def.device_count; i++) {
        if (w->devices[i].known && w->devices[i].wire == WIRE_NOTHING) {
            send_fence(w, i, now_us);
        }
    }
}

static void send_beat(ls_guard_writer *w, int64_t now_us) {
    w->beat_due_us = now_us + w->def.beat_us;
    if (w->def.beat(w->def.context, ++w->beat_count)) {
        w->beats[w->beat_count % BEATS].count = w->beat_count;
        w->beats[w->beat_count % BEATS].us = now_us;
    }
}

// All fences are back and nobody has beaten before them. Now we beat, and ask for our fence once
// more: answered again, it was still the line's last when the beat was there, and whoever fences
// later hears that somebody beats.
static void prove(ls_guard_writer *w, int64_t now_us) {
    assert(w->lost);  // else the fencing would have ended
    w->lease = LEASE_PROVING;
    w->was_heard = false;
    w->beat_heard_us = 0;
    memset(w->beats, 0, sizeof w->beats);
    w->lease_until_us = now_us + w->def.lease_us;
    send_beat(w, now_us);
    (void)w->def.send(w->def.context, w->def.line, NULL, NULL, w->devices[w->def.line].id);
}

static void take_lease(ls_guard_writer *w) {
    const ls_journal_entry entry = {.kind = LS_JOURNAL_LEASE, .on = true};
    w->lease = LEASE_HELD;
    if (!w->def.journal(w->def.context, &entry, true)) {
        drop_lease(w, "the guard's journal cannot be written");
        return;
    }
    w->figures.leases++;
    w->def.leased(w->def.context, true, "");
}

static void look_at_lease(ls_guard_writer *w, int64_t now_us) {
    switch (w->lease) {
    case LEASE_NONE:
        if (w->able && w->lost_known && w->lost && w->devices[w->def.line].known) {
            begin_fencing(w, now_us);
        }
        break;
    case LEASE_FENCING:
        if (now_us - w->fencing_us > FENCE_US) {
            drop_lease(w, "the line does not answer");
        }
        break;
    case LEASE_PROVING:
        if (now_us >= w->lease_until_us) {
            drop_lease(w, "the line does not answer");
        }
        break;
    case LEASE_HELD:
        if (now_us >= w->lease_until_us) {
            drop_lease(w, "the line does not answer the heartbeat");
        } else if (now_us >= w->beat_due_us) {
            send_beat(w, now_us);
        }
        break;
    }
}

// A device that came later is fenced before its first command.
static void fence_newcomers(ls_guard_writer *w, int64_t now_us) {
    for (uint32_t i = 0; w->lease == LEASE_HELD && i < w->def.device_count; i++) {
        wired *d = &w->devices[i];
        const bool late = d->wire == WIRE_FENCE && now_us - d->sent_us > FENCE_US;
        if (d->known && !d->fenced && (d->wire == WIRE_NOTHING || late)) {
            send_fence(w, i, now_us);
        }
    }
}

int64_t ls_guard_writer_tick(ls_guard_writer *writer, int64_t now_us) {
    ls_guard_writer *w = writer;
    ls_writer_expire(w, now_us);
    for (uint32_t i = 0; i < w->def.device_count; i++) {
        look_at_wire(w, i, now_us);
    }
    look_at_lease(w, now_us);
    fence_newcomers(w, now_us);
    ls_writer_send_what_may_go(w, now_us);
    return now_us + 50000;
}

ls_guard_writer_figures ls_guard_writer_describe(const ls_guard_writer *writer) {
    ls_guard_writer_figures f = writer->figures;
    f.held = writer->lease == LEASE_HELD;
    f.heard = f.held && writer->lost_known && !writer->lost;
    f.until_us = writer->lease_until_us;
    f.beat_us = writer->beat_heard_us;
    f.waiting = writer->queued;
    f.unsure = writer->unsure_count;
    f.on_wire = 0;
    for (uint32_t i = 0; i < writer->def.device_count; i++) {
        f.on_wire += writer->devices[i].wire == WIRE_COMMAND;
    }
    return f;
}

int64_t ls_guard_writer_used(const ls_guard_writer *writer, uint32_t device) {
    return device < writer->def.device_count ? writer->devices[device].used : 0;
}

bool ls_guard_writer_open_row(const ls_guard_writer *writer, uint32_t index,
                              ls_journal_entry *out) {
    const ls_guard_writer *w = writer;
    uint32_t at = 0;
    for (uint32_t i = 0; i < w->def.device_count; i++) {
        const wired *d = &w->devices[i];
        if (d->wire == WIRE_COMMAND && at++ == index) {
            *out = (ls_journal_entry){
                .kind = LS_JOURNAL_SENDING, .command = d->command, .line_id = d->id};
            return true;
        }
    }
    for (uint32_t i = 0; i < w->leaving_count; i++) {
        if (at++ == index) {
            *out = (ls_journal_entry){
                .kind = LS_JOURNAL_SENDING,
                .command = w->leaving[i],
                .line_id = w->devices[ls_writer_device(w, w->leaving[i].device)].used};
            return true;
        }
    }
    for (uint32_t i = 0; i < w->unsure_count; i++) {
        if (at++ == index) {
            *out = (ls_journal_entry){.kind = LS_JOURNAL_SENDING,
                                      .command = w->unsure[i].command,
                                      .line_id = w->unsure[i].id};
            return true;
        }
    }
    if (index - at < w->queued) {
        *out = (ls_journal_entry){.kind = LS_JOURNAL_ACCEPTED,
                                  .command = w->queue[index - at].command};
        return true;
    }
    return false;
}
