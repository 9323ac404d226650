// journal.h - what the guard decided and sent, on disk before it is on the wire.
//
// A file of lines, `CRC32C JSON`, appended and made durable (fdatasync) before append returns where
// that is asked for. Two generations, `journal` and `journal.1`: when the first has grown to
// bytes_max the owner writes a summary of all that still counts into `journal.new`; then the first
// becomes the second, and that one the first. So a journal is never without its summary, whenever
// it dies. At open everything is told in order. A torn last line is what a crash leaves
// and is cut off; damage anywhere else is refused: whoever does not know what it sent sends
// nothing.
//
// Rows are written over zeros that were put there before, so that a durable one does not wait for
// the file system's other work. The zeros behind the last row are no rows; `close` takes them off.
//
// Not thread safe.
#pragma once

#include "guard/link.h"

typedef enum ls_journal_kind {
    LS_JOURNAL_ACCEPTED,  // command: passed its guards, waits to be sent
    LS_JOURNAL_SENDING,   // command, line_id, amount: may be on the wire from now on; durable
    LS_JOURNAL_OUTCOME,   // id, result, guard, reason
    LS_JOURNAL_REFUSED,   // command, guard, reason
    LS_JOURNAL_LINE_ID,   // device, line_id: used up (a fence, or of a summary)
    LS_JOURNAL_HOLD,      // point, who, role, on
    LS_JOURNAL_TRIP,      // reason
    LS_JOURNAL_RESET,     // who, role
    LS_JOURNAL_LEASE,     // on, reason
    LS_JOURNAL_DEED,      // deed: what a person has done
    LS_JOURNAL_YIELD,     // deed.what: an interlock was active, or others changed a target
    LS_JOURNAL_STOPPED,   // the guard was told to end
    // Of a summary.
    LS_JOURNAL_SUMMARY,  // it begins: what was told before is all in it
    LS_JOURNAL_ID,       // seen_id, seen_body, result, guard
    LS_JOURNAL_TARGET,   // command.kind, .target, .sequence; line_us of the last change; count:
                         // fights
    LS_JOURNAL_CHANGE,   // command.kind, .target; line_us, amount
    LS_JOURNAL_FULL,     // deed.kind: more of these (holds, revocations) than there was room for
    LS_JOURNAL_KIND_COUNT
} ls_journal_kind;

// Fields that a kind does not name above are zero.
typedef struct ls_journal_entry {
    ls_journal_kind kind;
    int64_t wall_us;     // since 1970; 0: filled in by append
    int64_t line_us;     // the line's clock
    ls_command command;  // OUTCOME: id alone; LINE_ID: device alone
    int64_t line_id;
    ls_command_result result;
    uint32_t guard;
    char reason[200];
    char point[64], who[64];
    ls_role role;
    bool on;
    ls_guard_deed deed;
    double amount;  // of a change of a value
    uint64_t seen_id, seen_body;
    uint32_t count;
} ls_journal_entry;

typedef struct ls_guard_journal ls_guard_journal;

typedef struct ls_guard_journal_def {
    const char *folder;  // is there
    uint64_t bytes_max;  // of one generation; 0: 8 MiB
    // Each entry of before, oldest first, within open.
    void (*told)(void *context, const ls_journal_entry *entry);
    // Appends whatever still counts; within open or append.
    ls_status (*summary)(void *context, ls_guard_journal *journal, ls_error *err);
    void *context;
} ls_guard_journal_def;

// Fails with LS_ERR_IO, LS_ERR_MEMORY, LS_ERR_INVALID (damaged: file and line are named),
// LS_ERR_LIMIT (another guard has it open).
ls_status ls_guard_journal_open(const ls_guard_journal_def *def, ls_guard_journal **out,
                                ls_error *err);
void ls_guard_journal_close(ls_guard_journal *journal);  // NULL is fine
// Fails with LS_ERR_IO or LS_ERR_MEMORY; the file is then as before, or the journal stays unusable
// until an append succeeds in cutting off what was half written.
ls_status ls_guard_journal_append(ls_guard_journal *journal, const ls_journal_entry *entry,
                                  bool durable, ls_error *err);
// Does now what an append would have to do soon: room ahead, the next generation. For moments in
// which nobody waits.
void ls_guard_journal_prepare(ls_guard_journal *journal);
bool ls_guard_journal_is_ready(const ls_guard_journal *journal);  // the last append succeeded

// For tests: writing fails like a full device after so many more bytes; -1 switches it off.
void ls_guard_journal_fail_after(int64_t bytes);
