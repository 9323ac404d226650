// log.h - the append log of a history: what was heard is here before anybody is told so.
//
// A folder of segments `POSITION.log`, each of about 16 MiB. A position counts bytes since the log
// began; it never goes back. ls_log_append_* write() before they return, so that a killed process
// loses nothing; a thread of the log fsyncs every sync_us while there is something new. A call that
// fails leaves the log as it was.
//
// Safe for any number of threads. Cursors are for one thread each, and may read while others
// append.
#pragma once

#include "base/tags.h"
#include "history/store.h"

typedef struct ls_log ls_log;

typedef struct ls_log_def {
    const char *folder;  // made when it is not there
    ls_tags *tags;       // names for the numbers in samples
    int64_t sync_us;
    uint64_t bytes_max;  // LS_ERR_LIMIT beyond
    uint64_t least;      // new records get positions from here on at least
    bool read_only;      // nothing is written, cut or removed; no thread
} ls_log_def;

// Finds the segments; cuts what is torn at the end of the last one. Fails with LS_ERR_IO,
// LS_ERR_VERSION (a later format), LS_ERR_MEMORY.
ls_status ls_log_open(const ls_log_def *def, ls_log **out, ls_error *err);
void ls_log_close(ls_log *log);  // syncs; NULL is fine

// *out_end: the position behind.
ls_status ls_log_append_samples(ls_log *log, const ls_sample *samples, size_t count,
                                uint64_t *out_end, ls_error *err);
ls_status ls_log_append_event(ls_log *log, const ls_happened *event, uint64_t *out_end,
                              ls_error *err);
ls_status ls_log_append_state(ls_log *log, const ls_state_entry *state, uint64_t *out_end,
                              ls_error *err);

ls_status ls_log_sync(ls_log *log, ls_error *err);  // now, and waits
// Everything before `position` is kept elsewhere: removes segments that end there or before, never
// the last one, which remembers the position.
void ls_log_cover(ls_log *log, uint64_t position);
// The same at the end of all work: when everything is covered, only a head is left, which
// remembers.
void ls_log_leave(ls_log *log, uint64_t position);
uint64_t ls_log_first(ls_log *log);  // the first position that is there
uint64_t ls_log_end(ls_log *log);

typedef struct ls_log_figures {
    uint64_t bytes;         // on disk
    uint64_t torn;          // places where records were damaged or cut off, since open
    uint64_t failed_syncs;  // since open
} ls_log_figures;
ls_log_figures ls_log_describe(ls_log *log);

// ---- reading
typedef struct ls_log_cursor ls_log_cursor;
typedef struct ls_log_entry {
    uint64_t position, end;    // of the record
    const ls_sample *samples;  // count > 0: samples, tags as numbers of the log's ls_tags
    size_t count;
    const ls_happened *event;     // not NULL: an event
    const ls_state_entry *state;  // not NULL: a state
} ls_log_entry;
// From `position` on (or from the first there is). Tags that the log names and ls_tags does not
// have yet are added to it.
ls_status ls_log_cursor_open(ls_log *log, uint64_t position, ls_log_cursor **out, ls_error *err);
// The next entry, valid until the next call; *out_any false at the end (more may come later).
// Damage is skipped and counted. Fails with LS_ERR_IO, LS_ERR_MEMORY.
ls_status ls_log_next(ls_log_cursor *cursor, ls_log_entry *out, bool *out_any, ls_error *err);
void ls_log_cursor_close(ls_log_cursor *cursor);  // NULL is fine

// For tests: writing fails like a full device after so many more bytes; -1 switches it off.
void ls_log_fail_write_after(int64_t bytes);
