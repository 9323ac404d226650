// sqlite_retain.c - old samples into roll-ups, and away.
//
// A step takes one tag and a stretch of at most BLOCKS_A_STEP blocks. The samples before the
// stretch's end count no more from then on (`rolled` in table tags); blocks go when all of their
// samples do.
#include <math.h>

#include "history/sqlite_store.h"

enum { BLOCKS_A_STEP = 64, STEPS_A_CALL = 16, LOOKS_A_CALL = 5000 };

static ls_status write_rollup(ls_sqlite *file, uint32_t id, const ls_rollup *rollup,
                              ls_error *err) {
    sqlite3_stmt *add = ls_sqlite_use(file, LS_SQL_ADD_ROLLUP, err);
    if (add == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(add, 1, id);
    sqlite3_bind_int64(add, 2, rollup->start_us);
    sqlite3_bind_int64(add, 3, rollup->width_us);
    sqlite3_bind_int64(add, 4, (int64_t)rollup->count);
    sqlite3_bind_int64(add, 5, (int64_t)rollup->numbers);
    const double numbers[] = {rollup->first, rollup->last, rollup->min,
                              rollup->max,   rollup->sum,  rollup->area};
    for (int i = 0; i < 6; i++) {
        sqlite3_bind_double(add, 6 + i, numbers[i]);  // NaN becomes null
    }
    sqlite3_bind_int64(add, 12, rollup->held_us);
    sqlite3_bind_int64(add, 13, rollup->holds ? 1 : 0);
    return ls_sqlite_run(file, LS_SQL_ADD_ROLLUP, err);
}

static double column_number(sqlite3_stmt *row, int column) {
    return sqlite3_column_type(row, column) == SQLITE_NULL ? NAN
                                                           : sqlite3_column_double(row, column);
}

ls_status ls_sqlite_visit_rollups(ls_sqlite *file, uint32_t id, int64_t from_us, int64_t to_us,
                                  ls_rollup_visit visit, void *context, ls_error *err) {
    sqlite3_stmt *get = ls_sqlite_use(file, LS_SQL_ROLLUPS, err);
    if (get == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(get, 1, id);
    sqlite3_bind_int64(get, 2, from_us);
    sqlite3_bind_int64(get, 3, to_us);
    bool row = true;
    bool going = true;
    ls_status status = LS_OK;
    while (status == LS_OK && row && going) {
        status = ls_sqlite_step(file, LS_SQL_ROLLUPS, &row, err);
        if (status == LS_OK && row) {
            const ls_rollup rollup = {.start_us = sqlite3_column_int64(get, 0),
                                      .width_us = sqlite3_column_int64(get, 1),
                                      .count = (uint64_t)sqlite3_column_int64(get, 2),
                                      .numbers = (uint64_t)sqlite3_column_int64(get, 3),
                                      .first = column_number(get, 4),
                                      .last = column_number(get, 5),
                                      .min = column_number(get, 6),
                                      .max = column_number(get, 7),
                                      .sum = column_number(get, 8),
                                      .area = column_number(get, 9),
                                      .held_us = sqlite3_column_int64(get, 10),
                                      .holds = sqlite3_column_int64(get, 11) != 0};
            going = visit(context, &rollup);
        }
    }
    ls_sqlite_rest(file, LS_SQL_ROLLUPS);
    return status;
}

ls_status ls_sqlite_rolled(ls_sqlite *file, uint32_t id, int64_t *out, ls_error *err) {
    sqlite3_stmt *get = ls_sqlite_use(file, LS_SQL_ROLLED, err);
    *out = INT64_MIN;
    if (get == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(get, 1, id);
    bool row = false;
    const ls_status status = ls_sqlite_step(file, LS_SQL_ROLLED, &row, err);
    if (row && sqlite3_column_type(get, 0) != SQLITE_NULL) {
        *out = sqlite3_column_int64(get, 0);
    }
    ls_sqlite_rest(file, LS_SQL_ROLLED);
    return status;
}

// ---- one step

typedef struct retain_step {
    ls_sqlite_store *store;
    uint32_t id, tag;
    const ls_history_keep *keep;
    ls_windows windows;
    bool worked;
    ls_status status;
    ls_error *err;
} retain_step;

static bool keep_window(void *context, const ls_window *window) {
    retain_step *step = context;
    step->status = write_rollup(&step->store->writer, step->id, &window->sums, step->err);
    step->store->figures.rollups++;
    return step->status == LS_OK;
}

static bool take_sample(void *context, const ls_sample *sample) {
    retain_step *step = context;
    return ls_windows_sample(&step->windows, sample);
}

static bool take_rollup(void *context, const ls_rollup *rollup) {
    retain_step *step = context;
    return ls_windows_rollup(&step->windows, rollup);
}

// The samples of [from, to) become roll-ups; the value in force before comes from the last of those
// that are there.
static ls_status roll_up(retain_step *step, int64_t from_us, int64_t to_us) {
    const int64_t width_us = step->keep->rollup_us;
    step->windows = (ls_windows){.from_us = from_us,
                                 .to_us = to_us,
                                 .step_us = width_us,
                                 .floor_us = from_us,
                                 .visit = keep_window,
                                 .context = step};
    ls_status status = ls_sqlite_visit_rollups(&step->store->writer, step->id, from_us, from_us,
                                               take_rollup, step, step->err);
    if (status == LS_OK) {
        status = ls_sqlite_visit(&step->store->writer, step->tag, step->id, from_us, to_us, false,
                                 take_sample, step, step->err);
    }
    if (status == LS_OK && step->status == LS_OK) {
        status = ls_windows_finish(&step->windows, to_us, step->err);
    }
    ls_windows_clear(&step->windows);
    return status == LS_OK ? step->status : status;
}

static ls_status put_rolled(ls_sqlite *file, uint32_t id, int64_t until_us, ls_error *err) {
    sqlite3_stmt *put = ls_sqlite_use(file, LS_SQL_PUT_ROLLED, err);
    if (put == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(put, 1, id);
    sqlite3_bind_int64(put, 2, until_us);
    return ls_sqlite_run(file, LS_SQL_PUT_ROLLED, err);
}

typedef struct old_blocks {
    int64_t blocks, samples, bytes;
} old_blocks;

static ls_status count_old(ls_sqlite *file, uint32_t id, int64_t until_us, old_blocks *out,
                           ls_error *err) {
    sqlite3_stmt *get = ls_sqlite_use(file, LS_SQL_OLD_BLOCKS, err);
    if (get == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(get, 1, id);
    sqlite3_bind_int64(get, 2, until_us);
    bool row = false;
    const ls_status status = ls_sqlite_step(file, LS_SQL_OLD_BLOCKS, &row, err);
    if (row) {
        *out = (old_blocks){sqlite3_column_int64(get, 0), sqlite3_column_int64(get, 1),
                            sqlite3_column_int64(get, 2)};
    }
    ls_sqlite_rest(file, LS_SQL_OLD_BLOCKS);
    return status;
}

static ls_status drop_old(ls_sqlite_store *store, uint32_t id, int64_t until_us, ls_error *err) {
    old_blocks old = {0};
    ls_status status = count_old(&store->writer, id, until_us, &old, err);
    sqlite3_stmt *drop = status == LS_OK
                             ? ls_sqlite_use(&store->writer, LS_SQL_DROP_OLD_BLOCKS, err)
                             : NULL;
    if (drop == NULL) {
        return status == LS_OK ? store->writer.status : status;
    }
    sqlite3_bind_int64(drop, 1, id);
    sqlite3_bind_int64(drop, 2, until_us);
    status = ls_sqlite_run(&store->writer, LS_SQL_DROP_OLD_BLOCKS, err);
    store->figures.blocks -= old.blocks;
    store->figures.samples -= old.samples;
    store->figures.bytes -= old.bytes;
    return status;
}

static ls_status drop_rollups(ls_sqlite_store *store, uint32_t id, int64_t until_us,
                              ls_error *err) {
    sqlite3_stmt *drop = ls_sqlite_use(&store->writer, LS_SQL_DROP_ROLLUPS, err);
    if (drop == NULL) {
        return store->writer.status;
    }
    sqlite3_bind_int64(drop, 1, id);
    sqlite3_bind_int64(drop, 2, until_us);
    const ls_status status = ls_sqlite_run(&store->writer, LS_SQL_DROP_ROLLUPS, err);
    store->figures.rollups -= sqlite3_changes(store->writer.db);
    return status;
}

// Where the n-th block of the tag begins, INT64_MAX when there are fewer.
static ls_status nth_block(ls_sqlite *file, uint32_t id, int64_t n, int64_t *out, ls_error *err) {
    sqlite3_stmt *get = ls_sqlite_use(file, LS_SQL_NTH_BLOCK, err);
    *out = INT64_MAX;
    if (get == NULL) {
        return file->status;
    }
    sqlite3_bind_int64(get, 1, id);
    sqlite3_bind_int64(get, 2, n);
    bool row = false;
    const ls_status status = ls_sqlite_step(file, LS_SQL_NTH_BLOCK, &row, err);
    *out = row ? sqlite3_column_int64(get, 0) : INT64_MAX;
    ls_sqlite_rest(file, LS_SQL_NTH_BLOCK);
    return status;
}

// From where to where this step goes; nothing to do when *out_to is not after *out_from.
static ls_status find_stretch(retain_step *step, int64_t cutoff_us, int64_t *out_from,
                              int64_t *out_to) {
    ls_sqlite *file = &step->store->writer;
    const int64_t width_us = step->keep->rollup_us;
    int64_t first_us = 0;
    int64_t beyond_us = 0;
    int64_t rolled_us = 0;
    old_blocks old = {0};
    ls_status status = count_old(file, step->id, cutoff_us, &old, step->err);
    *out_from = *out_to = 0;
    if (status != LS_OK || old.blocks == 0) {
        return status;
    }
    status = nth_block(file, step->id, 0, &first_us, step->err);
    if (status == LS_OK) {
        status = nth_block(file, step->id, BLOCKS_A_STEP, &beyond_us, step->err);
    }
    if (status == LS_OK) {
        status = ls_sqlite_rolled(file, step->id, &rolled_us, step->err);
    }
    *out_from = rolled_us > first_us ? rolled_us : first_us;
    *out_to = cutoff_us;
    if (width_us > 0) {
        *out_from = ls_window_start(*out_from, 0, width_us);
        *out_from = *out_from > rolled_us ? *out_from : rolled_us;
        const int64_t end_us = beyond_us < cutoff_us ? ls_window_start(beyond_us, 0, width_us)
                                                     : cutoff_us;
        *out_to = end_us > *out_from ? end_us : cutoff_us;
    }
    return status;
}

static const ls_history_keep *find_rule(const ls_history_keep *keep, uint32_t count,
                                        const char *name) {
    for (uint32_t i = 0; i < count; i++) {
        if (ls_tags_match(keep[i].tags, name)) {
            return &keep[i];
        }
    }
    return NULL;
}

static int64_t before(int64_t now_us, int64_t span_us) {
    int64_t result = 0;
    return __builtin_sub_overflow(now_us, span_us, &result) ? INT64_MIN : result;
}

// *out_more: this tag has more to do.
static ls_status retain_tag(retain_step *step, int64_t now_us, bool *out_more) {
    const ls_history_keep *keep = step->keep;
    ls_status status = LS_OK;
    *out_more = false;
    if (keep->raw_us != INT64_MAX) {
        int64_t cutoff_us = before(now_us, keep->raw_us);
        cutoff_us = keep->rollup_us > 0 ? ls_window_start(cutoff_us, 0, keep->rollup_us)
                                        : cutoff_us;
        int64_t from_us = 0;
        int64_t to_us = 0;
        status = find_stretch(step, cutoff_us, &from_us, &to_us);
        step->worked = to_us > from_us;
        if (status == LS_OK && step->worked && keep->rollup_us > 0) {
            status = roll_up(step, from_us, to_us);
        }
        if (status == LS_OK && to_us > from_us) {
            status = put_rolled(&step->store->writer, step->id, to_us, step->err);
        }
        if (status == LS_OK && to_us > from_us) {
            status = drop_old(step->store, step->id, to_us, step->err);
            *out_more = to_us < cutoff_us;
        } else if (status == LS_OK) {
            // Late samples older than what has been rolled up.
            status = drop_old(step->store, step->id, cutoff_us, step->err);
        }
    }
    if (status == LS_OK && keep->rollup_us > 0 && keep->rollup_keep_us != INT64_MAX) {
        status = drop_rollups(step->store, step->id, before(now_us, keep->rollup_keep_us),
                              step->err);
    }
    return status;
}

ls_status ls_sqlite_retain(ls_store *base, const ls_history_keep *keep, uint32_t keep_count,
                           int64_t now_us, bool *out_more, ls_error *err) {
    ls_sqlite_store *store = ls_sqlite_store_of(base);
    *out_more = false;
    ls_status status = ls_sqlite_begin(store, err);
    if (status != LS_OK) {
        return status;
    }
    const uint32_t count = ls_tags_count(store->tags);
    int steps = 0;
    for (int looks = 0; status == LS_OK && store->retain_next < count && steps < STEPS_A_CALL &&
                        looks < LOOKS_A_CALL;
         looks++) {
        const uint32_t tag = store->retain_next;
        const uint32_t id = ls_tag_ids_get(&store->ids, tag);
        const ls_history_keep *rule = find_rule(keep, keep_count,
                                                ls_tags_get(store->tags, tag)->name);
        bool more = false;
        if (rule != NULL && id != LS_TAG_ID_NONE) {
            retain_step step = {.store = store, .id = id, .tag = tag, .keep = rule, .err = err};
            status = retain_tag(&step, now_us, &more);
            steps += step.worked ? 1 : 0;
        }
        store->retain_next += more ? 0 : 1;
    }
    *out_more = store->retain_next < count;
    if (store->retain_next >= count || status != LS_OK) {
        store->retain_next = 0;
    }
    return ls_sqlite_end(store, status, err);
}
