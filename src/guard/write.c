// write.c - see write.h.
#include "guard/write.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "guard/protocol.h"

enum {
    DEF_COOKIE = 0x77726974,
    BEATS = 8,  // of which the times are kept
    FENCE_STEP = 65536,
    UNSURE_MAX = 256,
    NO_SUCH_COMMAND = 1,
    NOT_NEWER = 5,  // Command/Result
    ASK_US = 200000,
    FENCE_US = 3000000
};
#define GUARD_WRITE_AHEAD 23
#define GUARD_EXPIRY 24
#define GUARD_READ_BACK 25
#define GUARD_ONE_WRITER 31
#define GUARD_COMBINED 33

typedef enum wire_kind { WIRE_NOTHING, WIRE_FENCE, WIRE_COMMAND } wire_kind;

typedef struct wired {
    bool known;       // the line has told its id
    bool fenced;      // in this lease
    int64_t line_id;  // the last one told by the line
    int64_t used;     // the last one of ours
    wire_kind wire;   // what waits for its answer
    ls_command command;
    int64_t id, sent_us, asked_us;
    uint32_t reads;
    int64_t result;
} wired;

typedef struct unsure {  // sent before a restart, perhaps
    ls_command command;
    uint32_t device;
    int64_t id;
    bool sending;  // false: accepted, no more
    bool taken;    // the line has told this id; its answer will come
} unsure;

typedef struct waiting {
    ls_command command;
    uint32_t members;  // that go together from here on; 0: one of those before it
} waiting;

typedef enum lease {
    LEASE_NONE,
    LEASE_FENCING,  // fences are out
    LEASE_PROVING,  // all have come back while nobody beat; our first beat is out
    LEASE_HELD
} lease;

struct ls_guard_writer {
    ls_guard_writer_def def;
    wired *devices;
    waiting queue[LS_GUARD_QUEUE];
    uint32_t queued;
    const ls_command *leaving;  // between their rows and the wire
    uint32_t leaving_count;
    unsure unsure[UNSURE_MAX];
    uint32_t unsure_count;
    lease lease;
    bool able, lost_known, lost, was_heard;  // was_heard: the line heard us in this lease
    int64_t lease_until_us, fencing_us;
    int64_t beat_count, beat_due_us, beat_heard_us;
    struct {
        int64_t count, us;
    } beats[BEATS];
    uint64_t random;
    ls_guard_writer_figures figures;
};

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

static uint32_t device_of(const ls_guard_writer *w, const char *name) {
    uint32_t i = 0;
    while (i < w->def.device_count && strcmp(w->def.devices[i], name) != 0) {
        i++;
    }
    return i;
}

// ---- verdicts

static void finish(ls_guard_writer *w, const ls_command *command, ls_command_result result,
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
        finish(w, &command, LS_COMMAND_EXPIRED, GUARD_ONE_WRITER, why);
    }
    if (held) {
        ls_journal_entry entry = {.kind = LS_JOURNAL_LEASE};
        ls_text_format(entry.reason, sizeof entry.reason, "%s", why);
        (void)w->def.journal(w->def.context, &entry, false);
        w->def.leased(w->def.context, false, why);
    }
}

static void trip(ls_guard_writer *w, const char *why) {
    drop_lease(w, why);
    w->def.tripped(w->def.context, why);
}

// ---- after a restart

void ls_guard_writer_restore(ls_guard_writer *writer, const ls_journal_entry *entry) {
    ls_guard_writer *w = writer;
    const uint32_t of = device_of(w, entry->command.device);
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
    finish(w, &command, result, guard, reason);
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
static void settle_by_answer(ls_guard_writer *w, uint32_t of, int64_t id, int64_t result,
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
static void settle_by_id(ls_guard_writer *w, uint32_t of, int64_t id) {
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
static void settle_below(ls_guard_writer *w, uint32_t of, int64_t id) {
    for (uint32_t i = w->unsure_count; i-- > 0;) {
        if (w->unsure[i].device == of && w->unsure[i].id < id && !w->unsure[i].taken) {
            settle(w, i, LS_COMMAND_EXPIRED, GUARD_READ_BACK,
                   "sent just before the guard was started again; the line never took it");
        }
    }
}

// ---- sending

static int64_t next_id(const wired *d) {
    return (d->line_id > d->used ? d->line_id : d->used) + 1;
}

static void put_on_wire(wired *d, wire_kind kind, int64_t id, int64_t now_us) {
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
    const int64_t id = next_id(d) + step;
    if (id > LS_GUARD_LINE_ID_MAX) {
        return;
    }
    ls_journal_entry entry = {.kind = LS_JOURNAL_LINE_ID, .line_id = id};
    ls_text_format(entry.command.device, sizeof entry.command.device, "%s", w->def.devices[of]);
    if (w->def.journal(w->def.context, &entry, false) &&
        w->def.send(w->def.context, of, "fence", "", id)) {
        put_on_wire(d, WIRE_FENCE, id, now_us);
    }
}

static void take_from_queue(ls_guard_writer *w, uint32_t at, uint32_t count) {
    w->queued -= count;
    memmove(&w->queue[at], &w->queue[at + count], (w->queued - at) * sizeof w->queue[0]);
}

static void finish_all(ls_guard_writer *w, const ls_command *commands, uint32_t count,
                       ls_command_result result, uint32_t guard, const char *reason) {
    for (uint32_t i = 0; i < count; i++) {
        finish(w, &commands[i], result, guard, reason);
    }
}

// One of them may not: none goes.
static void refuse_all(ls_guard_writer *w, const ls_command *commands, uint32_t count, uint32_t at,
                       const ls_verdict *verdict) {
    char with[LS_GUARD_WHY_SIZE];
    ls_text_format(with, sizeof with, "it goes only together with %s", commands[at].id);
    for (uint32_t i = 0; i < count; i++) {
        if (i == at) {
            finish(w, &commands[i], verdict->result, verdict->guard, verdict->reason);
        } else {
            finish(w, &commands[i], verdict->result, GUARD_COMBINED, with);
        }
    }
}

// Their rows, the last one durable and with it all before it. False: not written.
static bool write_rows(ls_guard_writer *w, const ls_command *commands, uint32_t count) {
    bool written = true;
    w->leaving = commands;
    for (uint32_t i = 0; i < count && written; i++) {
        wired *d = &w->devices[device_of(w, commands[i].device)];
        const ls_journal_entry entry = {
            .kind = LS_JOURNAL_SENDING, .command = commands[i], .line_id = next_id(d)};
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
        if (next_id(&w->devices[device_of(w, commands[i].device)]) > LS_GUARD_LINE_ID_MAX) {
            return false;
        }
    }
    return true;
}

static bool put_command(ls_guard_writer *w, const ls_command *command, int64_t now_us) {
    const uint32_t of = device_of(w, command->device);
    wired *d = &w->devices[of];
    if (!w->def.send(w->def.context, of, ls_command_kind_name(command->kind), command->argument,
                     d->used)) {
        return false;
    }
    put_on_wire(d, WIRE_COMMAND, d->used, now_us);
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
        trip(w, "only a part of what belongs together could be sent");
    }
}

// What is fenced is known: a device that goes loses its fence.
static bool is_free(const ls_guard_writer *w, const ls_command *command) {
    const wired *d = &w->devices[device_of(w, command->device)];
    return d->wire == WIRE_NOTHING && d->fenced;
}

// The first of the queue whose devices are free; false: none.
static bool send_next(ls_guard_writer *w, int64_t now_us) {
    for (uint32_t i = 0, members = 0; i < w->queued; i += members) {
        ls_command commands[LS_GUARD_TOGETHER];
        uint32_t free = 0;
        members = w->queue[i].members;
        for (uint32_t k = 0; k < members; k++) {
            commands[k] = w->queue[i + k].command;
            free += is_free(w, &commands[k]);
        }
        if (free == members) {
            take_from_queue(w, i, members);
            send_commands(w, commands, members, now_us);
            return true;
        }
    }
    return false;
}

static void send_what_may_go(ls_guard_writer *w, int64_t now_us) {
    while (w->lease == LEASE_HELD && !w->lost && now_us < w->lease_until_us &&
           send_next(w, now_us)) {
    }
}

// Why they cannot even wait; NULL: they can. *out_guard: by which guard.
static const char *why_not(const ls_guard_writer *w, const ls_command *commands, uint32_t count,
                           uint32_t *out_guard) {
    *out_guard = GUARD_ONE_WRITER;
    for (uint32_t i = 0; i < count; i++) {
        if (device_of(w, commands[i].device) == w->def.device_count) {
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
    send_what_may_go(w, now_us);
}

void ls_guard_writer_submit(ls_guard_writer *writer, const ls_command *command, int64_t now_us) {
    ls_guard_writer_submit_together(writer, command, 1, now_us);
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
    settle_by_id(w, of, id);
    // While we write nobody else does: an id beyond ours is a stranger's.
    if (w->lease != LEASE_NONE && id > d->used && (d->fenced || d->wire == WIRE_FENCE)) {
        w->figures.foreign++;
        trip(w, "somebody else commands the line");
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
        settle_below(w, of, d->id);
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
        finish(w, &command, LS_COMMAND_LOST, GUARD_ONE_WRITER,
               "somebody else has commanded the line since");
        trip(w, "somebody else has commanded the line");
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
    finish(w, &command, result == 0 ? LS_COMMAND_ACKNOWLEDGED : LS_COMMAND_DENIED, 0, reason);
}

void ls_guard_writer_hear_done(ls_guard_writer *writer, uint32_t of, int64_t id, int64_t result,
                               const char *reason, int64_t now_us) {
    ls_guard_writer *w = writer;
    if (of >= w->def.device_count) {
        return;
    }
    settle_by_answer(w, of, id, result, reason);
    wired *d = &w->devices[of];
    if (d->wire == WIRE_NOTHING || d->id != id) {
        return;
    }
    if (d->wire == WIRE_FENCE) {
        fence_done(w, of, result, now_us);
    } else {
        command_done(w, of, result, reason, now_us);
    }
    send_what_may_go(w, now_us);
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
    send_what_may_go(w, now_us);
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
    send_what_may_go(w, now_us);
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

static bool is_late(const ls_command *command, int64_t now_us) {
    return now_us >= command->not_after_us;
}

// With one that is late all go that belong to it.
static void expire_what_waits(ls_guard_writer *w, int64_t now_us) {
    for (uint32_t i = 0; i < w->queued;) {
        ls_command commands[LS_GUARD_TOGETHER];
        const uint32_t members = w->queue[i].members;
        bool late = false;
        for (uint32_t k = 0; k < members; k++) {
            commands[k] = w->queue[i + k].command;
            late = late || is_late(&commands[k], now_us);
        }
        if (late) {
            take_from_queue(w, i, members);
            finish_all(w, commands, members, LS_COMMAND_EXPIRED, GUARD_EXPIRY,
                       "it was not sent in time");
        } else {
            i += members;
        }
    }
}

static void look_at_wire(ls_guard_writer *w, uint32_t of, int64_t now_us) {
    wired *d = &w->devices[of];
    if (d->wire != WIRE_COMMAND) {
        return;
    }
    if (now_us - d->sent_us > w->def.read_back_us) {
        const ls_command command = d->command;
        d->wire = WIRE_NOTHING;
        // With the lease all fences go: what is still under way is fenced off before the next one.
        finish(w, &command, LS_COMMAND_LOST, GUARD_READ_BACK,
               "the line did not confirm it in time");
        trip(w, "a command was not confirmed in time");
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
    expire_what_waits(w, now_us);
    for (uint32_t i = 0; i < w->def.device_count; i++) {
        look_at_wire(w, i, now_us);
    }
    look_at_lease(w, now_us);
    fence_newcomers(w, now_us);
    send_what_may_go(w, now_us);
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
                .line_id = w->devices[device_of(w, w->leaving[i].device)].used};
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
