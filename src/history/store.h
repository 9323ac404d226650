// store.h - where blocks end up: SQLite or PostgreSQL behind one table of functions.
//
// Called by history.c from one thread at a time for writing; `read_*` may run meanwhile on other
// threads (a backend opens what connections it needs). A backend knows nothing of logs and locks.
#pragma once

#include "history/history.h"

typedef struct ls_store ls_store;

typedef struct ls_series {  // samples of one tag, by time, without duplicates among themselves
    uint32_t tag;
    const ls_sample *samples;
    size_t count;
} ls_series;

typedef struct ls_state_entry {
    const char *name;
    const void *bytes;
    size_t size;
} ls_state_entry;

// One transaction: all or nothing.
typedef struct ls_store_batch {
    const ls_series *series;
    size_t series_count;
    const ls_happened *events;
    size_t event_count;
    const ls_state_entry *states;
    size_t state_count;
    uint64_t log_position;  // everything before it is now in the store
} ls_store_batch;

// What is left of the samples of [start, start + width) after retention. Numbers come from samples
// with a numeric value of good or uncertain quality; they are NaN where there was none.
typedef struct ls_rollup {
    int64_t start_us, width_us;
    uint64_t count;  // samples with a value, texts too
    double first, last, min, max;
    double sum;       // of the samples' values, each counted once; of `numbers` samples
    double area;      // of the values times the seconds they held
    int64_t held_us;  // how long a value held; area / held is the time-weighted mean
    uint64_t numbers;
    bool holds;  // the last value still held at its end
} ls_rollup;
typedef bool (*ls_rollup_visit)(void *context, const ls_rollup *rollup);

typedef struct ls_tag_figures {
    uint64_t samples, blocks, bytes;
    int64_t first_us, last_us;  // 0 when empty
} ls_tag_figures;

typedef struct ls_store_ops {
    const char *name;
    ls_status (*open)(const ls_history_def *def, ls_tags *tags, ls_store **out, ls_error *err);
    void (*close)(ls_store *store);
    // Adds the tags it does not have yet (those up to ls_tags_count), then the batch.
    ls_status (*write)(ls_store *store, const ls_store_batch *batch, ls_error *err);
    ls_status (*log_position)(ls_store *store, uint64_t *out, ls_error *err);
    // Samples of one tag in [from, to) by time; late blocks may overlap, the backend merges and
    // drops duplicates. `before`: also the last sample before from_us, first (for time weights).
    ls_status (*read_samples)(ls_store *store, uint32_t tag, int64_t from_us, int64_t to_us,
                              bool before, ls_sample_visit visit, void *context, ls_error *err);
    // Roll-ups of one tag that begin in [from, to) by time. *out_until: samples before it have gone
    // into roll-ups and count no more; INT64_MIN when there are none. `visit` NULL: only that.
    ls_status (*read_rollups)(ls_store *store, uint32_t tag, int64_t from_us, int64_t to_us,
                              ls_rollup_visit visit, void *context, int64_t *out_until_us,
                              ls_error *err);
    ls_status (*read_events)(ls_store *store, const char *kind, int64_t from_us, int64_t to_us,
                             ls_event_visit visit, void *context, ls_error *err);
    ls_status (*read_state)(ls_store *store, const char *name, void **out, size_t *out_size,
                            ls_error *err);
    // Applies the rules of retention as of now_us; bounded work per call, *out_more: call again.
    ls_status (*retain)(ls_store *store, const ls_history_keep *keep, uint32_t keep_count,
                        int64_t now_us, bool *out_more, ls_error *err);
    // SQLite: moves the write-ahead log into the database. Another thread's work.
    ls_status (*checkpoint)(ls_store *store, ls_error *err);
    ls_status (*figures)(ls_store *store, ls_history_figures *out, ls_error *err);
    ls_status (*tag_figures)(ls_store *store, uint32_t tag, ls_tag_figures *out, ls_error *err);
    ls_status (*backup)(ls_store *store, const char *path, ls_error *err);  // NULL: cannot
} ls_store_ops;

extern const ls_store_ops ls_store_sqlite, ls_store_postgres;
