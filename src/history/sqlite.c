// sqlite.c - the embedded backend: history.db in the folder, in WAL mode.
//
// One connection writes, one checkpoints, and a few read; none waits for another. With
// synchronous=NORMAL a commit does not wait for the disk: a power cut may take the last commits,
// and then `log_position` goes back with them and the log brings them again.
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#include "history/sqlite_store.h"

enum { WAL_FRAMES_MAX = 16384 };  // 64 MiB: then a checkpoint also starts the log anew

static const char *const figure_names[] = {"samples", "blocks",   "bytes",  "events",
                                           "rollups", "first_us", "last_us"};
enum { FIGURE_COUNT = sizeof figure_names / sizeof figure_names[0] };

static int64_t *figure_at(ls_sqlite_figures *figures, int index) {
    int64_t *const fields[FIGURE_COUNT] = {
        &figures->samples, &figures->blocks,   &figures->bytes,   &figures->events,
        &figures->rollups, &figures->first_us, &figures->last_us,
    };
    return fields[index];
}

// ---- connections for reading

ls_status ls_sqlite_borrow(ls_sqlite_store *store, ls_sqlite **out, ls_error *err) {
    pthread_mutex_lock(&store->lock);
    ls_sqlite *file = store->free_count > 0 ? store->free[--store->free_count] : NULL;
    pthread_mutex_unlock(&store->lock);
    if (file == NULL) {
        file = ls_alloc(sizeof *file);
        if (file == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory for a connection to the history");
        }
        const ls_status status = ls_sqlite_open(file, store->folder, false, err);
        if (status != LS_OK) {
            ls_free(file);
            return status;
        }
    }
    *out = file;
    return LS_OK;
}

static void drop_reader(ls_sqlite *file) {
    ls_sqlite_close(file);
    ls_free(file);
}

void ls_sqlite_return(ls_sqlite_store *store, ls_sqlite *file) {
    pthread_mutex_lock(&store->lock);
    const bool room = store->free_count < LS_SQLITE_READERS_MAX;
    if (room) {
        store->free[store->free_count++] = file;
    }
    pthread_mutex_unlock(&store->lock);
    if (!room) {
        drop_reader(file);
    }
}

// ---- open and close

static ls_status load_tag(ls_sqlite_store *store, sqlite3_stmt *row, ls_error *err) {
    const char *name = (const char *)sqlite3_column_text(row, 1);
    const int length = sqlite3_column_bytes(row, 1);
    const char *unit = (const char *)sqlite3_column_text(row, 3);
    const int64_t id = sqlite3_column_int64(row, 0);
    const int64_t kind = sqlite3_column_int64(row, 2);
    ls_error why = {0};
    uint32_t tag = 0;
    if (id < 0 || id >= LS_TAGS_MAX || kind < 0 || kind >= LS_VALUE_KIND_COUNT || name == NULL) {
        return ls_fail(err, LS_ERR_INVALID, "table 'tags', row %lld: this cannot be",
                       (long long)id);
    }
    if (ls_tags_add(store->tags, name, (size_t)length, &tag, &why) != LS_OK) {
        return ls_fail(err, why.status, "table 'tags', row %lld: %s", (long long)id, why.text);
    }
    const ls_tag *known = ls_tags_get(store->tags, tag);
    if (known->kind == LS_VALUE_NONE && known->unit[0] == '\0') {
        ls_tags_declare(store->tags, tag, (ls_value_kind)kind, unit);
    }
    const ls_tag declared = {
        .name = known->name, .unit = unit != NULL ? unit : "", .kind = (uint8_t)kind};
    return ls_tag_ids_set(&store->ids, tag, (uint32_t)id, ls_tag_said(&declared), err);
}

static ls_status load_tags(ls_sqlite_store *store, ls_sqlite *file, ls_error *err) {
    sqlite3_stmt *tags = ls_sqlite_use(file, LS_SQL_TAGS, err);
    if (tags == NULL) {
        return file->status;
    }
    bool row = true;
    ls_status status = LS_OK;
    while (status == LS_OK) {
        status = ls_sqlite_step(file, LS_SQL_TAGS, &row, err);
        if (status != LS_OK || !row) {
            break;
        }
        ls_error why = {0};
        status = load_tag(store, tags, &why);
        if (status != LS_OK) {
            ls_fail_at(err, status, file->path, 0, 0, "%s", why.text);
        }
    }
    ls_sqlite_rest(file, LS_SQL_TAGS);
    return status;
}

static ls_status load_figures(ls_sqlite *file, ls_sqlite_figures *out, ls_error *err) {
    ls_status status = LS_OK;
    for (int i = 0; i < FIGURE_COUNT && status == LS_OK; i++) {
        status = ls_sqlite_meta(file, figure_names[i], figure_at(out, i), err);
    }
    return status;
}

static void close_store(ls_store *base) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    if (store == NULL) {
        return;
    }
    for (int i = 0; i < store->free_count; i++) {
        drop_reader(store->free[i]);
    }
    ls_sqlite_close(&store->checker);
    ls_sqlite_close(&store->writer);
    ls_samples_clear(&store->old);
    ls_samples_clear(&store->merged);
    ls_arena_clear(&store->texts);
    ls_tag_ids_clear(&store->ids);
    pthread_mutex_destroy(&store->lock);
    ls_free((char *)(uintptr_t)store->folder);
    ls_free(store);
}

static ls_status make_folder(const char *folder, ls_error *err) {
    if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
        return ls_fail_errno(err, folder, "cannot make the folder", errno);
    }
    return LS_OK;
}

static ls_status open_files(ls_sqlite_store *store, ls_error *err) {
    ls_sqlite *file = &store->writer;
    ls_status status = store->read_only ? LS_OK : make_folder(store->folder, err);
    if (status == LS_OK && !store->read_only) {
        status = ls_sqlite_open(&store->writer, store->folder, true, err);
    } else if (status == LS_OK) {
        status = ls_sqlite_borrow(store, &file, err);
    }
    if (status != LS_OK) {
        return status;
    }
    status = load_tags(store, file, err);
    if (status == LS_OK) {
        status = load_figures(file, &store->figures, err);
    }
    if (store->read_only) {
        ls_sqlite_return(store, file);
    }
    return status;
}

static ls_status open_store(const ls_history_def *def, ls_tags *tags, ls_store **out,
                            ls_error *err) {
    *out = NULL;
    ls_sqlite_store *store = ls_alloc(sizeof *store);
    const size_t length = strlen(def->store) + 1;
    char *folder = ls_alloc(length);
    if (store == NULL || folder == NULL) {
        ls_free(store);
        ls_free(folder);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the history");
    }
    memcpy(folder, def->store, length);
    store->folder = folder;
    store->read_only = def->read_only;
    store->block_points = def->block_points > 0 ? def->block_points : 1000;
    if (store->block_points > LS_BLOCK_SAMPLES_MAX / 2) {
        store->block_points = LS_BLOCK_SAMPLES_MAX / 2;
    }
    store->tags = tags;
    ls_tag_ids_init(&store->ids);
    ls_arena_init(&store->texts);
    pthread_mutex_init(&store->lock, NULL);
    const ls_status status = open_files(store, err);
    if (status != LS_OK) {
        close_store((ls_store *)(void *)store);
        return status;
    }
    *out = (ls_store *)(void *)store;
    return LS_OK;
}

// ---- writing

ls_status ls_sqlite_begin(ls_sqlite_store *store, ls_error *err) {
    if (store->read_only) {
        return ls_fail_at(err, LS_ERR_INVALID, store->folder, 0, 0,
                          "this history is open for reading only");
    }
    return ls_sqlite_use(&store->writer, LS_SQL_BEGIN, err) != NULL
               ? ls_sqlite_run(&store->writer, LS_SQL_BEGIN, err)
               : store->writer.status;
}

static ls_status save_figures(ls_sqlite_store *store, ls_error *err) {
    ls_status status = LS_OK;
    for (int i = 0; i < FIGURE_COUNT && status == LS_OK; i++) {
        status = ls_sqlite_put_meta(&store->writer, figure_names[i], *figure_at(&store->figures, i),
                                    err);
    }
    return status;
}

ls_status ls_sqlite_end(ls_sqlite_store *store, ls_status status, ls_error *err) {
    ls_sqlite *file = &store->writer;
    if (status == LS_OK) {
        status = save_figures(store, err);
    }
    if (status == LS_OK) {
        status = ls_sqlite_use(file, LS_SQL_COMMIT, err) != NULL
                     ? ls_sqlite_run(file, LS_SQL_COMMIT, err)
                     : file->status;
    }
    if (status != LS_OK) {
        // A statement that is still running would keep the transaction; SQLite may have taken it
        // back by itself already.
        for (int i = 0; i < LS_SQL_COUNT; i++) {
            ls_sqlite_rest(file, (ls_sql)i);
        }
        if (!sqlite3_get_autocommit(file->db) && ls_sqlite_use(file, LS_SQL_ROLLBACK, NULL)) {
            ls_sqlite_run(file, LS_SQL_ROLLBACK, NULL);
        }
        load_figures(file, &store->figures, NULL);
    }
    return status;
}

static ls_status put_tag(ls_sqlite *file, ls_sql sql, uint32_t id, const ls_tag *tag,
                         ls_error *err) {
    sqlite3_stmt *put = ls_sqlite_use(file, sql, err);
    if (put == NULL) {
        return file->status;
    }
    int column = 1;
    sqlite3_bind_int64(put, column++, id);
    if (sql == LS_SQL_ADD_TAG) {
        sqlite3_bind_text(put, column++, tag->name, -1, SQLITE_STATIC);
    }
    sqlite3_bind_int(put, column++, tag->kind);
    sqlite3_bind_text(put, column, tag->unit, -1, SQLITE_STATIC);
    return ls_sqlite_run(file, sql, err);
}

// Goes over all tags: new ones are added, declared ones changed. `commit`: the transaction has come
// through, remember it. A tag gets the number it has in ls_tags when that is free.
static ls_status put_tags(ls_sqlite_store *store, uint32_t count, bool commit, ls_error *err) {
    uint32_t next = ls_tag_ids_next(&store->ids);
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        const ls_tag *tag = ls_tags_get(store->tags, i);
        uint32_t said = 0;
        const uint32_t known = ls_tag_ids_look(&store->ids, i, &said);
        const bool is_new = known == LS_TAG_ID_NONE;
        if (!is_new && said == ls_tag_said(tag)) {
            continue;
        }
        const uint32_t id = is_new ? next++ : known;
        if (commit) {
            status = ls_tag_ids_set(&store->ids, i, id, ls_tag_said(tag), err);
        } else {
            status = put_tag(&store->writer, is_new ? LS_SQL_ADD_TAG : LS_SQL_DECLARE_TAG, id, tag,
                             err);
        }
    }
    return status;
}

// In a transaction of their own: tags without samples harm nobody.
static ls_status write_tags(ls_sqlite_store *store, ls_error *err) {
    const uint32_t count = ls_tags_count(store->tags);
    bool news = false;
    for (uint32_t i = 0; i < count && !news; i++) {
        uint32_t said = 0;
        news = ls_tag_ids_look(&store->ids, i, &said) == LS_TAG_ID_NONE ||
               said != ls_tag_said(ls_tags_get(store->tags, i));
    }
    if (!news) {
        return LS_OK;
    }
    // Room first, so that what is committed can also be remembered.
    ls_status status = ls_tag_ids_set(&store->ids, count - 1, LS_TAG_ID_NONE, 0, err);
    if (status == LS_OK) {
        status = ls_sqlite_begin(store, err);
    }
    if (status != LS_OK) {
        return status;
    }
    status = ls_sqlite_end(store, put_tags(store, count, false, err), err);
    return status == LS_OK ? put_tags(store, count, true, err) : status;
}

static ls_status write_event(ls_sqlite_store *store, const ls_happened *event, ls_error *err) {
    sqlite3_stmt *add = ls_sqlite_use(&store->writer, LS_SQL_ADD_EVENT, err);
    if (add == NULL) {
        return store->writer.status;
    }
    sqlite3_bind_int64(add, 1, (int64_t)event->number);
    sqlite3_bind_int64(add, 2, event->time_us);
    sqlite3_bind_text(add, 3, event->kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 4, event->subject != NULL ? event->subject : "", -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 5, event->text != NULL ? event->text : "", -1, SQLITE_STATIC);
    sqlite3_bind_text(add, 6, event->json != NULL ? event->json : "", -1, SQLITE_STATIC);
    const ls_status status = ls_sqlite_run(&store->writer, LS_SQL_ADD_EVENT, err);
    if ((int64_t)event->number > store->figures.events) {
        store->figures.events = (int64_t)event->number;
    }
    return status;
}

static ls_status write_state(ls_sqlite *file, const ls_state_entry *state, ls_error *err) {
    sqlite3_stmt *put = ls_sqlite_use(file, LS_SQL_PUT_STATE, err);
    if (put == NULL) {
        return file->status;
    }
    sqlite3_bind_text(put, 1, state->name, -1, SQLITE_STATIC);
    sqlite3_bind_blob64(put, 2, state->size > 0 ? state->bytes : "", state->size, SQLITE_STATIC);
    return ls_sqlite_run(file, LS_SQL_PUT_STATE, err);
}

static ls_status write_batch(ls_sqlite_store *store, const ls_store_batch *batch, ls_error *err) {
    ls_status status = LS_OK;
    for (size_t i = 0; i < batch->series_count && status == LS_OK; i++) {
        const uint32_t id = ls_tag_ids_get(&store->ids, batch->series[i].tag);
        assert(id != LS_TAG_ID_NONE);
        status = ls_sqlite_write_series(store, &batch->series[i], id, err);
    }
    for (size_t i = 0; i < batch->event_count && status == LS_OK; i++) {
        status = write_event(store, &batch->events[i], err);
    }
    for (size_t i = 0; i < batch->state_count && status == LS_OK; i++) {
        status = write_state(&store->writer, &batch->states[i], err);
    }
    if (status == LS_OK) {
        status = ls_sqlite_put_meta(&store->writer, "log_position", (int64_t)batch->log_position,
                                    err);
    }
    return status;
}

static ls_status write_store(ls_store *base, const ls_store_batch *batch, ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    ls_status status = write_tags(store, err);
    if (status == LS_OK) {
        status = ls_sqlite_begin(store, err);
    }
    return status == LS_OK ? ls_sqlite_end(store, write_batch(store, batch, err), err) : status;
}

static ls_status checkpoint(ls_store *base, ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    ls_sqlite *file = &store->checker;
    if (store->read_only) {
        return LS_OK;
    }
    if (file->db == NULL) {
        const ls_status status = ls_sqlite_open(file, store->folder, true, err);
        if (status != LS_OK) {
            return status;
        }
    }
    int frames = 0;
    int code = sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, NULL);
    if (code == SQLITE_OK && frames > WAL_FRAMES_MAX) {
        sqlite3_busy_timeout(file->db, 100);  // readers that go on may keep it; the next time then
        code = sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    }
    return code == SQLITE_OK || code == SQLITE_BUSY
               ? LS_OK
               : ls_sqlite_fail(file, "moving the write-ahead log into the file", err);
}

// ---- reading

static ls_status read_log_position(ls_store *base, uint64_t *out, ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    ls_sqlite *file = NULL;
    ls_status status = ls_sqlite_borrow(store, &file, err);
    if (status == LS_OK) {
        int64_t position = 0;
        status = ls_sqlite_meta(file, "log_position", &position, err);
        *out = (uint64_t)position;
        ls_sqlite_return(store, file);
    }
    return status;
}

static ls_status read_samples(ls_store *base, uint32_t tag, int64_t from_us, int64_t to_us,
                              bool before, ls_sample_visit visit, void *context, ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    const uint32_t id = ls_tag_ids_get(&store->ids, tag);
    ls_sqlite *file = NULL;
    if (id == LS_TAG_ID_NONE) {
        return LS_OK;
    }
    ls_status status = ls_sqlite_borrow(store, &file, err);
    if (status == LS_OK) {
        status = ls_sqlite_visit(file, tag, id, from_us, to_us, before, visit, context, err);
        ls_sqlite_return(store, file);
    }
    return status;
}

static ls_status read_rollups(ls_store *base, uint32_t tag, int64_t from_us, int64_t to_us,
                              ls_rollup_visit visit, void *context, int64_t *out_until_us,
                              ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    const uint32_t id = ls_tag_ids_get(&store->ids, tag);
    ls_sqlite *file = NULL;
    *out_until_us = INT64_MIN;
    if (id == LS_TAG_ID_NONE) {
        return LS_OK;
    }
    ls_status status = ls_sqlite_borrow(store, &file, err);
    if (status == LS_OK) {
        status = ls_sqlite_rolled(file, id, out_until_us, err);
        if (status == LS_OK && visit != NULL && *out_until_us != INT64_MIN) {
            status = ls_sqlite_visit_rollups(file, id, from_us, to_us, visit, context, err);
        }
        ls_sqlite_return(store, file);
    }
    return status;
}

static const char *column_text(sqlite3_stmt *row, int column) {
    const char *text = (const char *)sqlite3_column_text(row, column);
    return text != NULL ? text : "";
}

static ls_status visit_events(ls_sqlite *file, const char *kind, int64_t from_us, int64_t to_us,
                              ls_event_visit visit, void *context, ls_error *err) {
    const ls_sql sql = kind != NULL ? LS_SQL_EVENTS_OF : LS_SQL_EVENTS;
    sqlite3_stmt *get = ls_sqlite_use(file, sql, err);
    if (get == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(get, 1, from_us);
    sqlite3_bind_int64(get, 2, to_us);
    if (kind != NULL) {
        sqlite3_bind_text(get, 3, kind, -1, SQLITE_STATIC);
    }
    bool row = true;
    bool going = true;
    ls_status status = LS_OK;
    while (status == LS_OK && row && going) {
        status = ls_sqlite_step(file, sql, &row, err);
        if (status == LS_OK && row) {
            const ls_happened event = {.number = (uint64_t)sqlite3_column_int64(get, 0),
                                       .time_us = sqlite3_column_int64(get, 1),
                                       .kind = column_text(get, 2),
                                       .subject = column_text(get, 3),
                                       .text = column_text(get, 4),
                                       .json = column_text(get, 5)};
            going = visit(context, &event);
        }
    }
    ls_sqlite_rest(file, sql);
    return status;
}

static ls_status read_events(ls_store *base, const char *kind, int64_t from_us, int64_t to_us,
                             ls_event_visit visit, void *context, ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    ls_sqlite *file = NULL;
    ls_status status = ls_sqlite_borrow(store, &file, err);
    if (status == LS_OK) {
        status = visit_events(file, kind, from_us, to_us, visit, context, err);
        ls_sqlite_return(store, file);
    }
    return status;
}

static ls_status get_state(ls_sqlite *file, const char *name, void **out, size_t *out_size,
                           ls_error *err) {
    sqlite3_stmt *get = ls_sqlite_use(file, LS_SQL_GET_STATE, err);
    if (get == NULL) {
        return file->status;
    }
    sqlite3_bind_text(get, 1, name, -1, SQLITE_STATIC);
    bool row = false;
    ls_status status = ls_sqlite_step(file, LS_SQL_GET_STATE, &row, err);
    if (row) {
        const void *bytes = sqlite3_column_blob(get, 0);
        *out_size = (size_t)sqlite3_column_bytes(get, 0);
        *out = ls_alloc(*out_size);
        if (*out == NULL) {
            status = ls_fail(err, LS_ERR_MEMORY, "out of memory for the state '%s'", name);
        } else if (*out_size > 0) {
            memcpy(*out, bytes, *out_size);
        }
    }
    ls_sqlite_rest(file, LS_SQL_GET_STATE);
    return status;
}

static ls_status read_state(ls_store *base, const char *name, void **out, size_t *out_size,
                            ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    ls_sqlite *file = NULL;
    *out = NULL;
    *out_size = 0;
    ls_status status = ls_sqlite_borrow(store, &file, err);
    if (status == LS_OK) {
        status = get_state(file, name, out, out_size, err);
        ls_sqlite_return(store, file);
    }
    return status;
}

static uint64_t file_size(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
}

static ls_status describe(ls_store *base, ls_history_figures *out, ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    ls_sqlite *file = NULL;
    ls_sqlite_figures figures = {0};
    ls_status status = ls_sqlite_borrow(store, &file, err);
    if (status != LS_OK) {
        return status;
    }
    status = load_figures(file, &figures, err);
    *out = (ls_history_figures){.tags = ls_tags_count(store->tags),
                                .samples = (uint64_t)figures.samples,
                                .blocks = (uint64_t)figures.blocks,
                                .events = (uint64_t)figures.events,
                                .rollups = (uint64_t)figures.rollups,
                                .block_bytes = (uint64_t)figures.bytes,
                                .first_us = figures.first_us,
                                .last_us = figures.last_us};
    char path[LS_SQLITE_PATH_SIZE + 8];
    snprintf(path, sizeof path, "%s-wal", file->path);
    out->database_bytes = file_size(file->path) + file_size(path);
    ls_sqlite_return(store, file);
    return status;
}

static ls_status describe_tag(ls_store *base, uint32_t tag, ls_tag_figures *out, ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    const uint32_t id = ls_tag_ids_get(&store->ids, tag);
    ls_sqlite *file = NULL;
    *out = (ls_tag_figures){0};
    if (id == LS_TAG_ID_NONE) {
        return LS_OK;
    }
    ls_status status = ls_sqlite_borrow(store, &file, err);
    if (status != LS_OK) {
        return status;
    }
    sqlite3_stmt *get = ls_sqlite_use(file, LS_SQL_TAG_FIGURES, err);
    bool row = false;
    if (get != NULL) {
        sqlite3_bind_int64(get, 1, id);
        status = ls_sqlite_step(file, LS_SQL_TAG_FIGURES, &row, err);
    } else {
        status = file->status;
    }
    if (row) {
        *out = (ls_tag_figures){.blocks = (uint64_t)sqlite3_column_int64(get, 0),
                                .samples = (uint64_t)sqlite3_column_int64(get, 1),
                                .bytes = (uint64_t)sqlite3_column_int64(get, 2),
                                .first_us = sqlite3_column_int64(get, 3),
                                .last_us = sqlite3_column_int64(get, 4)};
    }
    ls_sqlite_rest(file, LS_SQL_TAG_FIGURES);
    ls_sqlite_return(store, file);
    return status;
}

// ---- backup

enum { BACKUP_PAGES = 2000 };

// Page by page; when somebody writes meanwhile by another connection, SQLite begins again. To end
// for sure, the last try takes all pages in one go.
static ls_status copy_pages(ls_sqlite *from, sqlite3 *to, const char *path, ls_error *err) {
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from->db, "main");
    if (backup == NULL) {
        return ls_fail_at(err, LS_ERR_IO, path, 0, 0, "cannot copy the history: %s",
                          sqlite3_errmsg(to));
    }
    int code = SQLITE_OK;
    // Within a read transaction the source does not change under the copy.
    while (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) {
        code = sqlite3_backup_step(backup, BACKUP_PAGES);
        if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
            sqlite3_sleep(10);
        }
    }
    const int finished = sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE && finished == SQLITE_OK) {
        return LS_OK;
    }
    const int why = finished != SQLITE_OK ? finished : code;
    return ls_fail_at(err, (why & 0xff) == SQLITE_NOMEM ? LS_ERR_MEMORY : LS_ERR_IO, path, 0, 0,
                      "cannot copy the history: %s", sqlite3_errstr(why));
}

static ls_status back_up(ls_store *base, const char *path, ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    ls_sqlite *file = NULL;
    ls_status status = ls_sqlite_borrow(store, &file, err);
    if (status != LS_OK) {
        return status;
    }
    sqlite3 *to = NULL;
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK ||
        sqlite3_exec(file->db, "begin; select count(*) from meta", NULL, NULL, NULL) != SQLITE_OK) {
        status = ls_fail_at(err, LS_ERR_IO, path, 0, 0, "cannot make the backup: %s",
                            to != NULL ? sqlite3_errmsg(to) : "out of memory");
    } else {
        status = copy_pages(file, to, path, err);
        // The copy says that it is in WAL mode, but has no log of its own: one plain file.
        if (status == LS_OK &&
            sqlite3_exec(to, "pragma journal_mode = delete", NULL, NULL, NULL) != SQLITE_OK) {
            status = ls_fail_at(err, LS_ERR_IO, path, 0, 0, "cannot make the backup: %s",
                                sqlite3_errmsg(to));
        }
    }
    sqlite3_exec(file->db, "rollback", NULL, NULL, NULL);
    if (sqlite3_close(to) != SQLITE_OK && status == LS_OK) {
        status = ls_fail_at(err, LS_ERR_IO, path, 0, 0, "cannot close the backup");
    }
    ls_sqlite_return(store, file);
    return status;
}

const ls_store_ops ls_store_sqlite = {
    .name = "sqlite",
    .open = open_store,
    .close = close_store,
    .write = write_store,
    .log_position = read_log_position,
    .read_samples = read_samples,
    .read_rollups = read_rollups,
    .read_events = read_events,
    .read_state = read_state,
    .retain = ls_sqlite_retain,
    .checkpoint = checkpoint,
    .figures = describe,
    .tag_figures = describe_tag,
    .backup = back_up,
};
