// history.h - what happened, kept: samples, events, and the small state of whoever keeps it.
//
// A history is a folder: `history.db` (SQLite: samples in packed blocks) and `log/` (what was
// appended since the last blocks). Or, for `postgresql://...`, tables of a server, with `log/` as
// the spool for the time that it is away. Between append and block, samples live in the log and in
// memory; queries see both.
//
// Durability. When ls_history_append returns, the samples are in the log file of the operating
// system: kill -9 of this process loses nothing. Every sync_us the log is fsynced by a thread of
// the history: a power cut loses at most that. Blocks are written by another thread, in
// transactions that also say how far the log is covered; after a crash the rest of the log is read
// again, a torn last record is cut off and counted. One process writes a history at a time (a lock
// file says so); any number may read.
//
// Thread safe: append from any thread (they wait for each other briefly); queries while appending.
#pragma once

#include "base/tags.h"

typedef struct ls_history ls_history;

typedef struct ls_history_keep {  // a rule of retention; the first whose pattern matches counts
    const char *tags;             // pattern, see ls_tags_match
    int64_t raw_us;               // samples younger than this stay as they are; LS_FOREVER: all
    int64_t rollup_us;            // 0: none; width of the roll-up (time-weighted mean, min, max,
                                  // first, last, count) that takes the place of older samples
    int64_t rollup_keep_us;       // how long roll-ups stay
} ls_history_keep;

typedef struct ls_history_def {
    const char *store;       // folder, or postgresql:// (then `folder` is that of the log)
    const char *folder;      // NULL: `store`
    const char *login;       // PostgreSQL: file with the password (0600), or NULL
    bool read_only;          // no lock, no log of its own; sees what others have written
    int64_t sync_us;         // default 50 ms
    int64_t block_us;        // blocks are written when the oldest sample in memory is so old,
                             // default 5 min; others who read see the log as well
    uint32_t block_points;   // samples of a block, default 1000
    size_t memory_bytes;     // for samples in memory; when half is full, blocks are written;
                             // default 32 MiB
    uint64_t log_bytes_max;  // LS_ERR_LIMIT when the log (spool) would grow beyond; default 4 GiB
    const ls_history_keep *keep;
    uint32_t keep_count;
    uint32_t cookie;  // set by ls_history_def_default
} ls_history_def;

ls_history_def ls_history_def_default(void);

// Opens or makes. `tags` gets every tag that the history knows, under the numbers it had when it is
// empty; the caller keeps it alive until close, and new tags are kept from the first sample on.
// Fails with LS_ERR_IO (locked by another process: says which), LS_ERR_VERSION (a later format),
// LS_ERR_INVALID (damaged beyond the last transaction: says where).
ls_status ls_history_open(const ls_history_def *def, ls_tags *tags, ls_history **out,
                          ls_error *err);
// Blocks what is left, syncs, unlocks. NULL is fine. Fails when something could not be written; it
// is then still in the log.
ls_status ls_history_close(ls_history *history, ls_error *err);

// Appends samples in the order heard; they may be late, out of order, or there already: of samples
// with equal tag, time, kind, quality and value one stays. Texts are copied. Fails with LS_ERR_IO
// (disk full: nothing of this call is kept, what was before is), LS_ERR_LIMIT (log).
ls_status ls_history_append(ls_history *history, const ls_sample *samples, size_t count,
                            ls_error *err);

// Something that happened to the plant or to Lineshaft: a gap, a lost connection, a divergence, a
// drift, an order set aside, a decision. As durable as a sample.
typedef struct ls_happened {
    int64_t time_us;      // since 1970
    const char *kind;     // "gap", "connection", "divergence", "drift", "order", ... words with '-'
    const char *subject;  // what it is about: a tag, node, machine; "" when nothing
    const char *text;     // one sentence for people
    const char *json;     // details as one JSON object, or ""
    uint64_t number;      // out: set by queries; 1, 2, 3 ...
} ls_happened;
ls_status ls_history_event(ls_history *history, const ls_happened *happened, ls_error *err);

// Small state under a name (follower, counters of connections). Atomic, durable like a block;
// at most 16 MiB. ls_history_load gives LS_OK and *out NULL when there is none; caller frees with
// ls_free.
ls_status ls_history_save(ls_history *history, const char *name, const void *bytes, size_t size,
                          ls_error *err);
ls_status ls_history_load(ls_history *history, const char *name, void **out, size_t *out_size,
                          ls_error *err);

// Everything appended so far into blocks and to disk, before it returns.
ls_status ls_history_flush(ls_history *history, ls_error *err);

// ---- asking. Samples come per tag (in the order of the tags' numbers), by time within a tag.

typedef enum ls_resample {
    LS_RESAMPLE_NONE,
    LS_RESAMPLE_FIRST,
    LS_RESAMPLE_LAST,
    LS_RESAMPLE_MEAN,
    LS_RESAMPLE_MIN,
    LS_RESAMPLE_MAX,
    LS_RESAMPLE_TIME_WEIGHTED,  // a value holds until the next one; before the first: unknown
    LS_RESAMPLE_COUNT_OF,
    LS_RESAMPLE_COUNT
} ls_resample;

typedef struct ls_query {
    const char *const *patterns;  // see ls_tags_match; none: every tag
    size_t pattern_count;
    int64_t from_us, to_us;  // [from, to)
    ls_resample resample;
    int64_t step_us;  // with resample: width of a window, counted from from_us
    uint64_t most;    // stop after so many rows; 0: all
} ls_query;
// Returns false to stop. Resampled windows without a value are left out; a row's time is the
// window's start, its kind REAL (UINT for counts).
typedef bool (*ls_sample_visit)(void *context, const ls_sample *sample);
ls_status ls_history_query(ls_history *history, const ls_query *query, ls_sample_visit visit,
                           void *context, ls_error *err);
typedef bool (*ls_event_visit)(void *context, const ls_happened *happened);
// Events of a kind (NULL: all) in [from, to), by time.
ls_status ls_history_events(ls_history *history, const char *kind, int64_t from_us, int64_t to_us,
                            ls_event_visit visit, void *context, ls_error *err);

typedef struct ls_history_figures {
    uint64_t tags, samples, blocks, events, rollups;
    uint64_t block_bytes, log_bytes, database_bytes;
    int64_t first_us, last_us;                  // 0 when empty
    uint64_t appended, duplicates, late, torn;  // since open
    uint64_t failed_writes;                     // of blocks or to the server, since open
    bool store_away;  // the server does not answer, or the disk is full: spooling
} ls_history_figures;
ls_status ls_history_describe(ls_history *history, ls_history_figures *out, ls_error *err);

// A copy while it runs, complete up to the call; `path` is a new file, appears whole or not at all.
// restore makes a new folder from it and refuses where one is.
ls_status ls_history_backup(ls_history *history, const char *path, ls_error *err);
ls_status ls_history_restore(const char *backup, const char *folder, ls_error *err);
