// sqlite_store.h - the parts of the SQLite backend among themselves.
#pragma once

#include <pthread.h>

#include "history/sqlite_file.h"
#include "history/tag_ids.h"
#include "history/windows.h"

enum { LS_SQLITE_READERS_MAX = 8 };

typedef struct ls_sqlite_figures {  // kept in `meta`, so that nobody has to count
    int64_t samples, blocks, bytes, events, rollups, first_us, last_us;
} ls_sqlite_figures;

typedef struct ls_sqlite_store {
    const char *folder;  // owned
    bool read_only;
    uint32_t block_points;
    ls_tags *tags;
    ls_tag_ids ids;
    ls_sqlite writer;           // of the one writing thread
    ls_sqlite checker;          // of the thread of checkpoints
    ls_sqlite_figures figures;  // of the writer, within a transaction
    uint32_t retain_next;       // the tag that retention goes on with

    pthread_mutex_t lock;                    // of what follows
    ls_sqlite *free[LS_SQLITE_READERS_MAX];  // connections for reading that nobody uses
    int free_count;

    // Scratch of the writer.
    ls_samples old, merged;
    ls_arena texts;
} ls_sqlite_store;

static inline ls_sqlite_store *ls_sqlite_store_of(ls_store *store) {
    return (ls_sqlite_store *)(void *)store;
}

// A connection for reading, for this thread until it is given back.
ls_status ls_sqlite_borrow(ls_sqlite_store *store, ls_sqlite **out, ls_error *err);
void ls_sqlite_return(ls_sqlite_store *store, ls_sqlite *file);

// Within a transaction of the writer: the samples go into blocks of the tag `id`.
ls_status ls_sqlite_write_series(ls_sqlite_store *store, const ls_series *series, uint32_t id,
                                 ls_error *err);
// As ls_store_ops.read_samples, by this connection; `until_us` of the tag is looked up.
ls_status ls_sqlite_visit(ls_sqlite *file, uint32_t tag, uint32_t id, int64_t from_us,
                          int64_t to_us, bool before, ls_sample_visit visit, void *context,
                          ls_error *err);
// Samples of the tag before it have gone into roll-ups; INT64_MIN: none.
ls_status ls_sqlite_rolled(ls_sqlite *file, uint32_t id, int64_t *out, ls_error *err);
ls_status ls_sqlite_visit_rollups(ls_sqlite *file, uint32_t id, int64_t from_us, int64_t to_us,
                                  ls_rollup_visit visit, void *context, ls_error *err);
ls_status ls_sqlite_retain(ls_store *store, const ls_history_keep *keep, uint32_t keep_count,
                           int64_t now_us, bool *out_more, ls_error *err);
ls_status ls_sqlite_begin(ls_sqlite_store *store, ls_error *err);
// Commits with the figures, or takes back when status is not LS_OK; returns the first failure.
ls_status ls_sqlite_end(ls_sqlite_store *store, ls_status status, ls_error *err);
