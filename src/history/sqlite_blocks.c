// sqlite_blocks.c - samples into blocks and out of them.
//
// Blocks of one tag never overlap. Samples that belong into a block that is there (late ones) are
// merged into it; samples behind the last block make a new one, which swallows its neighbours to
// the left while those are small and not more than twice its size. So every sample of a slow tag is
// written again about log2(block_points) times, and a tag has at most about as many small blocks.
#include <assert.h>
#include <string.h>

#include "history/sqlite_store.h"

typedef struct block_row {
    int64_t rowid, first_us, last_us, count, size;
} block_row;

// ---- writing

// The next block to the left, of the statement that `find_floor` began.
static ls_status next_floor(ls_sqlite *file, block_row *out, bool *out_found, ls_error *err) {
    const ls_status status = ls_sqlite_step(file, LS_SQL_BLOCK_FLOOR, out_found, err);
    sqlite3_stmt *row = file->statements[LS_SQL_BLOCK_FLOOR];
    if (status == LS_OK && *out_found) {
        *out = (block_row){.rowid = sqlite3_column_int64(row, 0),
                           .first_us = sqlite3_column_int64(row, 1),
                           .last_us = sqlite3_column_int64(row, 2),
                           .count = sqlite3_column_int64(row, 3),
                           .size = sqlite3_column_int64(row, 4)};
    }
    return status;
}

static ls_status find_floor(ls_sqlite *file, uint32_t id, int64_t time_us, block_row *out,
                            bool *out_found, ls_error *err) {
    sqlite3_stmt *floor = ls_sqlite_use(file, LS_SQL_BLOCK_FLOOR, err);
    if (floor == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(floor, 1, id);
    sqlite3_bind_int64(floor, 2, time_us);
    return next_floor(file, out, out_found, err);
}

// Where the first block after time_us begins; *out_found false: there is none.
static ls_status find_next(ls_sqlite *file, uint32_t id, int64_t time_us, int64_t *out,
                           bool *out_found, ls_error *err) {
    sqlite3_stmt *next = ls_sqlite_use(file, LS_SQL_BLOCK_NEXT, err);
    if (next == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(next, 1, id);
    sqlite3_bind_int64(next, 2, time_us);
    const ls_status status = ls_sqlite_step(file, LS_SQL_BLOCK_NEXT, out_found, err);
    *out = *out_found ? sqlite3_column_int64(next, 0) : INT64_MAX;
    ls_sqlite_rest(file, LS_SQL_BLOCK_NEXT);
    return status;
}

// Takes the block out of the table and puts its samples before those of `merged`.
static ls_status swallow(ls_sqlite_store *store, const block_row *block, ls_error *err) {
    ls_sqlite *file = &store->writer;
    sqlite3_stmt *drop = ls_sqlite_use(file, LS_SQL_DROP_BLOCK, err);
    if (drop == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(drop, 1, block->rowid);
    bool row = false;
    ls_status status = ls_sqlite_step(file, LS_SQL_DROP_BLOCK, &row, err);
    if (status != LS_OK || !row) {
        return status;
    }
    const void *bytes = sqlite3_column_blob(drop, 0);
    const ls_sample *samples = NULL;
    size_t count = 0;
    ls_error why = {0};
    status = ls_block_unpack(file->codec, bytes != NULL ? bytes : "",
                             (size_t)sqlite3_column_bytes(drop, 0), 0, &samples, &count, &why);
    if (status != LS_OK) {
        return ls_fail_at(err, status, file->path, 0, 0, "table 'blocks', row %lld: %s",
                          (long long)block->rowid, why.text);
    }
    store->old.count = 0;
    status = ls_samples_append(&store->old, samples, count, err);
    if (status == LS_OK) {
        status = ls_samples_own_texts(&store->old, 0, &store->texts, err);
    }
    if (status == LS_OK) {
        status = ls_samples_sort(store->old.items, store->old.count, err);
    }
    ls_samples all = {0};
    if (status == LS_OK) {
        status = ls_samples_merge(store->old.items, store->old.count, store->merged.items,
                                  store->merged.count, &all, err);
    }
    if (status == LS_OK) {
        status = ls_sqlite_run(file, LS_SQL_DROP_BLOCK, err);
    }
    if (status != LS_OK) {
        ls_samples_clear(&all);
        return status;
    }
    ls_samples_clear(&store->merged);
    store->merged = all;
    store->figures.samples -= block->count;
    store->figures.blocks -= 1;
    store->figures.bytes -= block->size;
    return LS_OK;
}

// How many of the samples the next block gets: block_points, more when only a few would be left,
// and never between samples of one time.
static size_t cut(const ls_sqlite_store *store, const ls_sample *samples, size_t count) {
    const size_t points = store->block_points;
    if (count <= points + points / 2) {
        return count;
    }
    size_t taken = points;
    while (taken < count && samples[taken].time_us == samples[taken - 1].time_us) {
        taken++;
    }
    return taken;
}

static ls_status add_block(ls_sqlite_store *store, uint32_t id, const ls_sample *samples,
                           size_t count, size_t *out_taken, ls_error *err) {
    ls_sqlite *file = &store->writer;
    const void *bytes = NULL;
    size_t size = 0;
    ls_status status = ls_block_pack(file->codec, samples, count, &bytes, &size, out_taken, err);
    if (status != LS_OK) {
        return status;
    }
    sqlite3_stmt *add = ls_sqlite_use(file, LS_SQL_ADD_BLOCK, err);
    if (add == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(add, 1, id);
    sqlite3_bind_int64(add, 2, samples[0].time_us);
    sqlite3_bind_int64(add, 3, samples[*out_taken - 1].time_us);
    sqlite3_bind_int64(add, 4, (int64_t)*out_taken);
    sqlite3_bind_int64(add, 5, (int64_t)size);
    sqlite3_bind_blob64(add, 6, bytes, size, SQLITE_STATIC);
    status = ls_sqlite_run(file, LS_SQL_ADD_BLOCK, err);
    sqlite3_clear_bindings(add);
    store->figures.samples += (int64_t)*out_taken;
    store->figures.blocks += 1;
    store->figures.bytes += (int64_t)size;
    return status;
}

static ls_status add_blocks(ls_sqlite_store *store, uint32_t id, const ls_sample *samples,
                            size_t count, ls_error *err) {
    ls_status status = LS_OK;
    for (size_t at = 0; at < count && status == LS_OK;) {
        size_t taken = 0;
        status = add_block(store, id, samples + at, cut(store, samples + at, count - at), &taken,
                           err);
        at += taken;
    }
    return status;
}

// Samples that lie between the beginnings of two blocks, or behind the last one.
static ls_status write_stretch(ls_sqlite_store *store, uint32_t id, const ls_sample *samples,
                               size_t count, ls_error *err) {
    ls_sqlite *file = &store->writer;
    block_row floor = {0};
    bool found = false;
    ls_status status = find_floor(file, id, samples[0].time_us, &floor, &found, err);
    bool copied = false;
    while (status == LS_OK && found) {
        const size_t have = copied ? store->merged.count : count;
        const int64_t first_us = copied ? store->merged.items[0].time_us : samples[0].time_us;
        const bool small = floor.count < (int64_t)(store->block_points / 2) &&
                           (uint64_t)floor.count <= 2 * (uint64_t)have;
        if (floor.last_us < first_us && !small) {
            break;
        }
        if (!copied) {
            store->merged.count = 0;
            ls_arena_clear(&store->texts);
            status = ls_samples_append(&store->merged, samples, count, err);
            copied = true;
        }
        if (status == LS_OK) {
            status = swallow(store, &floor, err);
        }
        if (status == LS_OK) {
            status = next_floor(file, &floor, &found, err);
        }
    }
    ls_sqlite_rest(file, LS_SQL_BLOCK_FLOOR);
    if (status != LS_OK) {
        return status;
    }
    return copied ? add_blocks(store, id, store->merged.items, store->merged.count, err)
                  : add_blocks(store, id, samples, count, err);
}

static void note_times(ls_sqlite_figures *figures, const ls_series *series) {
    const int64_t first_us = series->samples[0].time_us;
    const int64_t last_us = series->samples[series->count - 1].time_us;
    const bool empty = figures->samples == 0;
    figures->first_us = empty || first_us < figures->first_us ? first_us : figures->first_us;
    figures->last_us = empty || last_us > figures->last_us ? last_us : figures->last_us;
}

ls_status ls_sqlite_write_series(ls_sqlite_store *store, const ls_series *series, uint32_t id,
                                 ls_error *err) {
    if (series->count == 0) {
        return LS_OK;
    }
    note_times(&store->figures, series);
    ls_status status = LS_OK;
    for (size_t at = 0; at < series->count && status == LS_OK;) {
        int64_t next_us = 0;
        bool found = false;
        status = find_next(&store->writer, id, series->samples[at].time_us, &next_us, &found, err);
        const size_t left = series->count - at;
        const size_t count = found ? ls_samples_find(series->samples + at, left, next_us) : left;
        if (status == LS_OK) {
            status = write_stretch(store, id, series->samples + at, count, err);
        }
        at += count;
    }
    return status;
}

// ---- reading

typedef struct block_reading {
    ls_sample_visit visit;
    void *context;
    int64_t from_us, to_us;
    bool before;  // still wanted
    bool stopped;
    bool has_last;
    ls_sample last;  // the latest sample before from_us so far
    ls_buffer text;  // its text
} block_reading;

static void tell_before(block_reading *reading) {
    if (reading->before && reading->has_last && !reading->stopped) {
        reading->stopped = !reading->visit(reading->context, &reading->last);
    }
    reading->before = false;
}

// A sample before the window, from a block whose memory is used again after this call.
static void keep_before(block_reading *reading, const ls_sample *sample) {
    if (reading->has_last && sample->time_us < reading->last.time_us) {
        return;
    }
    reading->last = *sample;
    reading->has_last = true;
    if (sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES) {
        reading->text.size = 0;
        ls_buffer_append(&reading->text, sample->value.text, sample->size);
        reading->last.value.text = reading->text.data != NULL ? reading->text.data : "";
    }
}

static ls_status visit_block(block_reading *reading, const ls_sample *samples, size_t count,
                             ls_error *err) {
    const size_t begin = ls_samples_find(samples, count, reading->from_us);
    if (begin > 0 && reading->before) {
        keep_before(reading, &samples[begin - 1]);
        if (reading->text.failed) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory for a text");
        }
    }
    for (size_t i = begin; i < count && samples[i].time_us < reading->to_us; i++) {
        if (reading->before) {
            tell_before(reading);
        }
        if (reading->stopped || !reading->visit(reading->context, &samples[i])) {
            reading->stopped = true;
            break;
        }
    }
    return LS_OK;
}

static ls_status read_blocks(ls_sqlite *file, uint32_t tag, uint32_t id, block_reading *reading,
                             int64_t until_us, ls_error *err) {
    sqlite3_stmt *blocks = ls_sqlite_use(file, LS_SQL_BLOCKS, err);
    if (blocks == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(blocks, 1, id);
    sqlite3_bind_int64(blocks, 2, reading->from_us);
    sqlite3_bind_int64(blocks, 3, reading->to_us);
    bool row = true;
    ls_status status = LS_OK;
    while (status == LS_OK && !reading->stopped) {
        status = ls_sqlite_step(file, LS_SQL_BLOCKS, &row, err);
        if (status != LS_OK || !row) {
            break;
        }
        const ls_sample *samples = NULL;
        size_t count = 0;
        status = ls_sqlite_unpack(file, blocks, 3, tag, &samples, &count, err);
        if (status == LS_OK) {
            const size_t old = ls_samples_find(samples, count, until_us);
            status = visit_block(reading, samples + old, count - old, err);
        }
    }
    ls_sqlite_rest(file, LS_SQL_BLOCKS);
    if (status == LS_OK) {
        tell_before(reading);
    }
    return status;
}

ls_status ls_sqlite_visit(ls_sqlite *file, uint32_t tag, uint32_t id, int64_t from_us,
                          int64_t to_us, bool before, ls_sample_visit visit, void *context,
                          ls_error *err) {
    int64_t until_us = INT64_MIN;
    ls_status status = ls_sqlite_rolled(file, id, &until_us, err);
    if (status != LS_OK) {
        return status;
    }
    block_reading reading = {.visit = visit,
                             .context = context,
                             .before = before,
                             .from_us = from_us > until_us ? from_us : until_us,
                             .to_us = to_us};
    status = read_blocks(file, tag, id, &reading, until_us, err);
    ls_buffer_clear(&reading.text);
    return status;
}
