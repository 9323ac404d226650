// postgres_store.h - the parts of the PostgreSQL backend among themselves.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "history/postgres_link.h"
#include "history/store.h"
#include "history/tag_ids.h"

enum { LS_PG_READERS_MAX = 8, LS_PG_YEAR_FIRST = 2000, LS_PG_YEAR_LAST = 2099 };

typedef struct ls_pg_store {
    ls_pg_target target;
    ls_tags *tags;
    ls_tag_ids ids;
    ls_pg writer;                                             // of the one writing thread
    bool months[LS_PG_YEAR_LAST - LS_PG_YEAR_FIRST + 1][12];  // partitions that are there
    uint32_t retain_next;                                     // the tag that retention goes on with
    int64_t retain_now_us;                                    // when it began with the first

    atomic_bool known;        // tags have been loaded from the server
    pthread_mutex_t lock;     // of what follows
    pthread_mutex_t loading;  // one thread loads the tags
    ls_pg *free[LS_PG_READERS_MAX];
    int free_count;
} ls_pg_store;

static inline ls_pg_store *ls_pg_store_of(ls_store *store) {
    return (ls_pg_store *)(void *)store;
}

// Connects the writer; makes the tables and loads tags where that has not been done.
ls_status ls_pg_store_ready(ls_pg_store *store, ls_error *err);
// A connection for reading; until it is given back.
ls_status ls_pg_store_borrow(ls_pg_store *store, ls_pg **out, ls_error *err);
void ls_pg_store_return(ls_pg_store *store, ls_pg *link);
// Ends the writer's transaction: commits, or takes back; returns the first failure.
ls_status ls_pg_store_end(ls_pg_store *store, ls_status status, ls_error *err);

// postgres_write.c
ls_status ls_pg_write(ls_store *store, const ls_store_batch *batch, ls_error *err);
// Adds to a number of table meta.
ls_status ls_pg_add_meta(ls_pg_store *store, const char *name, int64_t more, ls_error *err);
// postgres_read.c
ls_status ls_pg_read_samples(ls_store *store, uint32_t tag, int64_t from_us, int64_t to_us,
                             bool before, ls_sample_visit visit, void *context, ls_error *err);
ls_status ls_pg_read_rollups(ls_store *store, uint32_t tag, int64_t from_us, int64_t to_us,
                             ls_rollup_visit visit, void *context, int64_t *out_until_us,
                             ls_error *err);
ls_status ls_pg_read_events(ls_store *store, const char *kind, int64_t from_us, int64_t to_us,
                            ls_event_visit visit, void *context, ls_error *err);
ls_status ls_pg_read_state(ls_store *store, const char *name, void **out, size_t *out_size,
                           ls_error *err);
// postgres_retain.c
ls_status ls_pg_retain(ls_store *store, const ls_history_keep *keep, uint32_t keep_count,
                       int64_t now_us, bool *out_more, ls_error *err);
// The month of a time: years since LS_PG_YEAR_FIRST and 0 to 11; false when it has no partition of
// its own. And when it begins.
bool ls_pg_month_of(int64_t time_us, int *out_year, int *out_month);
int64_t ls_pg_month_start(int year, int month);
