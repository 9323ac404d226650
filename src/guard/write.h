// write.h - commands to the line: the lease, one command at a time for a device, and what became of
// each.
//
// A state machine: no clock, no thread, no network. What it needs goes through the functions of its
// def; what is heard from the line and the time come in by calls. `now_us` is monotonic.
//
// **One writer.** The line itself is the referee: it says `HeartbeatLost` when nobody has beaten
// for five seconds, and it takes no command whose id is not greater than the last. Whoever wants to
// write waits until the line has lost its heartbeat, then *fences*: writes a command of kind
// `fence`, which no line knows, with a greater id to every device (at the line's own by a random
// step, so that two do not meet). When all fences were answered and nobody has beaten before, it
// beats, and asks for its fence once more: is it still the line's last id, then the lease is its
// own. A writer that was paused and wakes has ids that are too small; it sees ids that are not its
// own and gives up. The lease is over when no beat that was sent within lease_us has come back from
// the line.
//
// **Write-ahead.** A row `sending` with the line's id is durable before the first byte leaves.
// After a restart what was accepted but has no such row is expired. What has one may have been
// sent: the line is read first; when a later fence shows that the line never took that id it never
// will.
//
// **Together.** Commands that belong together wait until all their devices are free, get their
// rows, are asked about together, and leave in the order given without anything between. When one
// of them cannot leave after another has, the heartbeat stops, and with it the choices lapse.
//
// **Read-back.** The line's answer counts when it was given twice, the second time asked for by
// writing the same id again, which by the handshake does nothing but answer. No answer within
// read_back_us: lost. Then the heartbeat stops, and with it all choices lapse.
#pragma once

#include "guard/journal.h"

typedef struct ls_guard_writer ls_guard_writer;

enum { LS_GUARD_QUEUE = 64, LS_GUARD_LINE_ID_MAX = INT32_MAX - 8192 };

typedef struct ls_guard_writer_def {
    uint32_t device_count;
    const char *const *devices;  // names as in ls_command.device; kept alive by the caller
    uint32_t line;               // which of them is the line itself
    int64_t read_back_us;        // default 3 s
    int64_t beat_us;             // default 1 s
    int64_t lease_us;            // default 4 s: below the five seconds of the line
    uint64_t seed;               // of the distance of fences and the first beat
    // Writes Kind, Argument and Id together. kind NULL: the id alone. False: nothing was sent.
    bool (*send)(void *context, uint32_t device, const char *kind, const char *argument,
                 int64_t id);
    bool (*beat)(void *context, int64_t count);
    bool (*journal)(void *context, const ls_journal_entry *entry, bool durable);
    // The rows are durable; may they go, together, now? False: *out says which guard and why,
    // *out_at which of them.
    bool (*may_send)(void *context, const ls_command *commands, uint32_t count, ls_verdict *out,
                     uint32_t *out_at);
    void (*sent)(void *context, const ls_command *command);  // on the wire
    // The line has answered; does what it tells agree with what was asked (setpoints)?
    bool (*agrees)(void *context, const ls_command *command);
    void (*told)(void *context, const ls_command *command, const ls_verdict *verdict);
    void (*leased)(void *context, bool held, const char *why);
    void (*tripped)(void *context, const char *why);  // lost, or another writer was seen
    void *context;
    uint32_t cookie;  // set by ls_guard_writer_def_default
} ls_guard_writer_def;
ls_guard_writer_def ls_guard_writer_def_default(void);

ls_status ls_guard_writer_create(const ls_guard_writer_def *def, ls_guard_writer **out,
                                 ls_error *err);
void ls_guard_writer_destroy(ls_guard_writer *writer);  // NULL is fine
// Each entry of the journal, oldest first, then once `restored`, which expires what was not sent.
void ls_guard_writer_restore(ls_guard_writer *writer, const ls_journal_entry *entry);
void ls_guard_writer_restored(ls_guard_writer *writer);

// ---- from the line
void ls_guard_writer_hear_id(ls_guard_writer *writer, uint32_t device, int64_t id, int64_t now_us);
void ls_guard_writer_hear_done(ls_guard_writer *writer, uint32_t device, int64_t id, int64_t result,
                               const char *reason, int64_t now_us);
void ls_guard_writer_hear_lost(ls_guard_writer *writer, bool lost, int64_t now_us);
void ls_guard_writer_hear_beat(ls_guard_writer *writer, int64_t count, int64_t now_us);
// The device (the line's own: everything) is not there; what it told before counts no more.
void ls_guard_writer_gone(ls_guard_writer *writer, uint32_t device, int64_t now_us);

// ---- from the guard
// May it beat? False at once gives the lease back: the heartbeat stops.
void ls_guard_writer_able(ls_guard_writer *writer, bool able, const char *why, int64_t now_us);
// A command that has passed its guards. Verdicts come through `told`, also from within.
void ls_guard_writer_submit(ls_guard_writer *writer, const ls_command *command, int64_t now_us);
// Commands that go together, one for each device, or not at all; at most LS_GUARD_TOGETHER.
void ls_guard_writer_submit_together(ls_guard_writer *writer, const ls_command *commands,
                                     uint32_t count, int64_t now_us);
// Returns when it wants to be called again, at the latest.
int64_t ls_guard_writer_tick(ls_guard_writer *writer, int64_t now_us);

typedef struct ls_guard_writer_figures {
    bool held;         // the lease
    bool heard;        // the line says that it hears our heartbeat
    int64_t until_us;  // the lease, unless a beat comes back
    int64_t beat_us;   // when the newest beat that came back was sent; 0: none
    uint32_t waiting, on_wire, unsure;
    uint64_t leases, sent, acknowledged, denied, lost, expired, foreign;
} ls_guard_writer_figures;
ls_guard_writer_figures ls_guard_writer_describe(const ls_guard_writer *writer);
int64_t ls_guard_writer_used(const ls_guard_writer *writer, uint32_t device);  // last id of ours
// For a new journal: the index-th row of what is under way. False: no more.
bool ls_guard_writer_open_row(const ls_guard_writer *writer, uint32_t index, ls_journal_entry *out);
