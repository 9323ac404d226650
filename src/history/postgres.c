// postgres.c - the backend on a server: connection, tables, tags.
//
// One schema, `lineshaft`. Samples lie in partitions by month, so that retention drops whole
// tables. Everything that is written twice, because a connection was lost in a commit, is dropped
// by its key. The view `readings` is for people and their tools.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "history/postgres_store.h"

enum { WRITE_TIMEOUT_S = 120, READ_TIMEOUT_S = 3600 };

// n: the order in which samples were heard. bits: the value, bit for bit; of texts a hash. number:
// the same for people. rolled: samples before it have gone into roll-ups.
static const char schema[] =
    "create schema if not exists lineshaft;"
    "create table if not exists meta (name text primary key, value bigint not null);"
    "create table if not exists tags (id integer primary key, name text not null unique,"
    " kind smallint not null, unit text not null, rolled bigint);"
    "create table if not exists samples (at bigint not null, n bigint not null,"
    " bits bigint not null, number double precision, tag integer not null,"
    " kind smallint not null, quality smallint not null, flags smallint not null, text text,"
    " bytes bytea, primary key (tag, at, kind, quality, bits)) partition by range (at);"
    "create table if not exists samples_other partition of samples default;"
    "create table if not exists rollups (tag integer not null, start bigint not null,"
    " width bigint not null, count bigint not null, numbers bigint not null,"
    " first double precision, last double precision, min double precision,"
    " max double precision, sum double precision, area double precision, held bigint not null,"
    " holds boolean not null, primary key (tag, start, width));"
    "create table if not exists events (number bigint primary key, at bigint not null,"
    " kind text not null, subject text not null, text text not null, json text not null);"
    "create index if not exists events_by_time on events (at);"
    "create table if not exists states (name text primary key, bytes bytea not null);"
    "create or replace view readings as select t.name as tag, to_timestamp(s.at / 1e6) as time,"
    " s.number, s.text, (array['good','uncertain','stale','bad'])[s.quality + 1] as quality,"
    " t.unit from samples s join tags t on t.id = s.tag"
    " where s.at between 0 and 4102444800000000;"
    "insert into meta values ('version', 1) on conflict do nothing;";

ls_status ls_pg_store_end(ls_pg_store *store, ls_status status, ls_error *err) {
    if (status == LS_OK) {
        return ls_pg_run(&store->writer, "commit", NULL, NULL, err);
    }
    ls_error ignored = {0};
    if (ls_pg_run(&store->writer, "rollback", NULL, NULL, &ignored) != LS_OK) {
        ls_pg_close(&store->writer);
    }
    return status;
}

static ls_status check_version(ls_pg *link, ls_error *err) {
    PGresult *result = NULL;
    const ls_status status = ls_pg_run(
        link, "select value from lineshaft.meta where name = 'version'", NULL, &result, err);
    const int64_t version = status == LS_OK ? ls_pg_cell(result, 0, 0) : 0;
    PQclear(result);
    if (status == LS_OK && version > LS_PG_VERSION) {
        ls_fail(err, LS_ERR_VERSION,
                "%s: this history has format %lld, this program knows formats up to %d",
                link->target->place, (long long)version, LS_PG_VERSION);
        ls_hint(err, "a later Lineshaft wrote it; use that one, or a later one still");
        return LS_ERR_VERSION;
    }
    return status;
}

static ls_status make_tables(ls_pg_store *store, ls_error *err) {
    PGresult *result = NULL;
    ls_status status = ls_pg_run(&store->writer, "select to_regclass('lineshaft.states') is null",
                                 NULL, &result, err);
    const bool missing = status == LS_OK && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    if (status == LS_OK && missing) {
        status = ls_pg_run(&store->writer, "begin", NULL, NULL, err);
        if (status == LS_OK) {
            status = ls_pg_run(&store->writer, schema, NULL, NULL, err);
            status = ls_pg_store_end(store, status, err);
        }
    }
    return status;
}

// ---- tags

static ls_status load_tag(ls_pg_store *store, const PGresult *result, int row, ls_error *err) {
    const char *name = PQgetvalue(result, row, 1);
    const ls_tag declared = {.name = name,
                             .unit = PQgetvalue(result, row, 3),
                             .kind = (uint8_t)ls_pg_cell(result, row, 2)};
    uint32_t tag = 0;
    const ls_status status = ls_tags_add(store->tags, name, strlen(name), &tag, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_tag *known = ls_tags_get(store->tags, tag);
    if (known->kind == LS_VALUE_NONE && known->unit[0] == '\0') {
        ls_tags_declare(store->tags, tag, (ls_value_kind)declared.kind, declared.unit);
    }
    return ls_tag_ids_set(&store->ids, tag, (uint32_t)ls_pg_cell(result, row, 0),
                          ls_tag_said(&declared), err);
}

static ls_status load_tags(ls_pg_store *store, ls_pg *link, ls_error *err) {
    PGresult *result = NULL;
    ls_status status = ls_pg_run(
        link, "select id, name, kind, unit from lineshaft.tags order by id", NULL, &result, err);
    for (int row = 0; status == LS_OK && row < PQntuples(result); row++) {
        status = load_tag(store, result, row, err);
    }
    PQclear(result);
    return status;
}

// Once, by whoever is connected first.
static ls_status load_once(ls_pg_store *store, ls_pg *link, ls_error *err) {
    if (atomic_load(&store->known)) {
        return LS_OK;
    }
    pthread_mutex_lock(&store->loading);
    ls_status status = LS_OK;
    if (!atomic_load(&store->known)) {
        status = check_version(link, err);
        if (status == LS_OK) {
            status = load_tags(store, link, err);
        }
        atomic_store(&store->known, status == LS_OK);
    }
    pthread_mutex_unlock(&store->loading);
    return status;
}

ls_status ls_pg_store_ready(ls_pg_store *store, ls_error *err) {
    bool is_new = false;
    if (store->target.read_only) {
        return ls_fail(err, LS_ERR_INVALID, "%s: this history is open for reading only",
                       store->target.place);
    }
    ls_status status = ls_pg_connect(&store->writer, &is_new, err);
    if (status != LS_OK || !is_new) {
        return status;
    }
    memset(store->months, 0, sizeof store->months);
    status = make_tables(store, err);
    return status == LS_OK ? load_once(store, &store->writer, err) : status;
}

// ---- connections for reading

ls_status ls_pg_store_borrow(ls_pg_store *store, ls_pg **out, ls_error *err) {
    pthread_mutex_lock(&store->lock);
    ls_pg *link = store->free_count > 0 ? store->free[--store->free_count] : NULL;
    pthread_mutex_unlock(&store->lock);
    if (link == NULL) {
        link = ls_alloc(sizeof *link);
        if (link == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory for a connection to the history");
        }
        *link = (ls_pg){.target = &store->target, .timeout_s = READ_TIMEOUT_S};
    }
    bool is_new = false;
    ls_status status = ls_pg_connect(link, &is_new, err);
    if (status == LS_OK) {
        status = load_once(store, link, err);
    }
    if (status != LS_OK) {
        ls_pg_store_return(store, link);
        return status;
    }
    *out = link;
    return LS_OK;
}

void ls_pg_store_return(ls_pg_store *store, ls_pg *link) {
    pthread_mutex_lock(&store->lock);
    const bool room = store->free_count < LS_PG_READERS_MAX;
    if (room) {
        store->free[store->free_count++] = link;
    }
    pthread_mutex_unlock(&store->lock);
    if (!room) {
        ls_pg_close(link);
        ls_free(link);
    }
}

// ---- open and close

static void close_store(ls_store *base) {
    ls_pg_store *store = ls_pg_store_of(base);
    if (store == NULL) {
        return;
    }
    for (int i = 0; i < store->free_count; i++) {
        ls_pg_close(store->free[i]);
        ls_free(store->free[i]);
    }
    ls_pg_close(&store->writer);
    ls_tag_ids_clear(&store->ids);
    ls_pg_target_clear(&store->target);
    pthread_mutex_destroy(&store->lock);
    pthread_mutex_destroy(&store->loading);
    ls_free(store);
}

// The server may be away: the log takes what comes, and the tables are made later. What is wrong
// for good, like a later format, is told at once.
static ls_status look_at_server(ls_pg_store *store, ls_error *err) {
    ls_error why = {0};
    ls_pg *link = NULL;
    ls_status status = LS_OK;
    if (store->target.read_only) {
        status = ls_pg_store_borrow(store, &link, &why);
        if (status == LS_OK) {
            ls_pg_store_return(store, link);
        }
    } else {
        status = ls_pg_store_ready(store, &why);
    }
    const bool away = status == LS_ERR_IO && !store->target.read_only;
    if (status != LS_OK && !away && err != NULL) {
        *err = why;
    }
    return away ? LS_OK : status;
}

static ls_status open_store(const ls_history_def *def, ls_tags *tags, ls_store **out,
                            ls_error *err) {
    *out = NULL;
    ls_pg_store *store = ls_alloc(sizeof *store);
    if (store == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the history");
    }
    store->tags = tags;
    ls_tag_ids_init(&store->ids);
    pthread_mutex_init(&store->lock, NULL);
    pthread_mutex_init(&store->loading, NULL);
    store->writer = (ls_pg){.target = &store->target, .timeout_s = WRITE_TIMEOUT_S, .writes = true};
    ls_status status = ls_pg_target_init(&store->target, def, err);
    if (status == LS_OK) {
        status = look_at_server(store, err);
    }
    if (status != LS_OK) {
        close_store((ls_store *)(void *)store);
        return status;
    }
    *out = (ls_store *)(void *)store;
    return LS_OK;
}

// ---- figures

static ls_status read_log_position(ls_store *base, uint64_t *out, ls_error *err) {
    ls_pg_store *store = ls_pg_store_of(base);
    ls_pg *link = NULL;
    PGresult *result = NULL;
    ls_status status = ls_pg_store_borrow(store, &link, err);
    if (status == LS_OK) {
        status = ls_pg_run(link, "select value from lineshaft.meta where name = 'log_position'",
                           NULL, &result, err);
        *out = status == LS_OK ? (uint64_t)ls_pg_cell(result, 0, 0) : *out;
        PQclear(result);
        ls_pg_store_return(store, link);
    }
    return status;
}

static ls_status describe(ls_store *base, ls_history_figures *out, ls_error *err) {
    ls_pg_store *store = ls_pg_store_of(base);
    ls_pg *link = NULL;
    PGresult *result = NULL;
    ls_status status = ls_pg_store_borrow(store, &link, err);
    if (status != LS_OK) {
        return status;
    }
    status = ls_pg_run(
        link,
        "select (select value from lineshaft.meta where name = 'samples'),"
        " (select value from lineshaft.meta where name = 'first'),"
        " (select value from lineshaft.meta where name = 'last'),"
        " (select max(number) from lineshaft.events), (select count(*) from lineshaft.rollups),"
        " (select sum(pg_total_relation_size(inhrelid)) from pg_inherits"
        " where inhparent = 'lineshaft.samples'::regclass),"
        " pg_database_size(current_database())",
        NULL, &result, err);
    if (status == LS_OK) {
        *out = (ls_history_figures){.tags = ls_tags_count(store->tags),
                                    .samples = (uint64_t)ls_pg_cell(result, 0, 0),
                                    .first_us = ls_pg_cell(result, 0, 1),
                                    .last_us = ls_pg_cell(result, 0, 2),
                                    .events = (uint64_t)ls_pg_cell(result, 0, 3),
                                    .rollups = (uint64_t)ls_pg_cell(result, 0, 4),
                                    .block_bytes = (uint64_t)ls_pg_cell(result, 0, 5),
                                    .database_bytes = (uint64_t)ls_pg_cell(result, 0, 6)};
    }
    PQclear(result);
    ls_pg_store_return(store, link);
    return status;
}

static ls_status describe_tag(ls_store *base, uint32_t tag, ls_tag_figures *out, ls_error *err) {
    ls_pg_store *store = ls_pg_store_of(base);
    ls_pg *link = NULL;
    PGresult *result = NULL;
    *out = (ls_tag_figures){0};
    ls_status status = ls_pg_store_borrow(store, &link, err);
    if (status != LS_OK) {
        return status;
    }
    const uint32_t id = ls_tag_ids_get(&store->ids, tag);
    if (id != LS_TAG_ID_NONE) {
        ls_pg_values values = {0};
        ls_pg_put_number(&values, id);
        status = ls_pg_run(
            link, "select count(*), min(at), max(at) from lineshaft.samples where tag = $1",
            &values, &result, err);
        if (status == LS_OK) {
            *out = (ls_tag_figures){.samples = (uint64_t)ls_pg_cell(result, 0, 0),
                                    .first_us = ls_pg_cell(result, 0, 1),
                                    .last_us = ls_pg_cell(result, 0, 2)};
        }
        PQclear(result);
    }
    ls_pg_store_return(store, link);
    return status;
}

static ls_status checkpoint(ls_store *store, ls_error *err) {
    (void)store;
    (void)err;
    return LS_OK;  // the server's own work
}

const ls_store_ops ls_store_postgres = {
    .name = "postgresql",
    .open = open_store,
    .close = close_store,
    .write = ls_pg_write,
    .log_position = read_log_position,
    .read_samples = ls_pg_read_samples,
    .read_rollups = ls_pg_read_rollups,
    .read_events = ls_pg_read_events,
    .read_state = ls_pg_read_state,
    .retain = ls_pg_retain,
    .checkpoint = checkpoint,
    .figures = describe,
    .tag_figures = describe_tag,
    .backup = NULL,  // pg_dump
};
