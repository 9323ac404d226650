// postgres_retain.c - old samples into roll-ups, and away.
//
// The samples of tags that are kept the longest go with their partition, when all of it is old;
// those of other tags are deleted row by row.
#include <stdio.h>
#include <string.h>

#include "history/postgres_store.h"
#include "history/windows.h"

enum { SAMPLES_A_STEP = 100000, STEPS_A_CALL = 16, LOOKS_A_CALL = 5000 };

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

typedef struct retain_step {
    ls_pg_store *store;
    ls_store *base;
    uint32_t id, tag;
    const ls_history_keep *keep;
    bool by_row;  // samples do not wait for their partition
    bool worked;
    ls_windows windows;
    ls_status status;
    ls_error *err;
} retain_step;

static bool keep_window(void *context, const ls_window *window) {
    retain_step *step = context;
    const ls_rollup *rollup = &window->sums;
    ls_pg_values values = {0};
    ls_pg_put_number(&values, step->id);
    ls_pg_put_number(&values, rollup->start_us);
    ls_pg_put_number(&values, rollup->width_us);
    ls_pg_put_number(&values, (int64_t)rollup->count);
    ls_pg_put_number(&values, (int64_t)rollup->numbers);
    ls_pg_put_real(&values, rollup->first);
    ls_pg_put_real(&values, rollup->last);
    ls_pg_put_real(&values, rollup->min);
    ls_pg_put_real(&values, rollup->max);
    ls_pg_put_real(&values, rollup->sum);
    ls_pg_put_real(&values, rollup->area);
    ls_pg_put_number(&values, rollup->held_us);
    ls_pg_put_text(&values, rollup->holds ? "t" : "f");
    step->status = ls_pg_run(&step->store->writer,
                             "insert into rollups values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,"
                             " $11, $12, $13) on conflict do nothing",
                             &values, NULL, step->err);
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

static ls_status roll_up(retain_step *step, int64_t from_us, int64_t to_us) {
    int64_t until_us = 0;
    step->windows = (ls_windows){.from_us = from_us,
                                 .to_us = to_us,
                                 .step_us = step->keep->rollup_us,
                                 .floor_us = from_us,
                                 .visit = keep_window,
                                 .context = step};
    ls_status status = ls_pg_read_rollups(step->base, step->tag, from_us, from_us, take_rollup,
                                          step, &until_us, step->err);
    if (status == LS_OK) {
        status = ls_pg_read_samples(step->base, step->tag, from_us, to_us, false, take_sample, step,
                                    step->err);
    }
    if (status == LS_OK && step->status == LS_OK) {
        status = ls_windows_finish(&step->windows, to_us, step->err);
    }
    ls_windows_clear(&step->windows);
    return status == LS_OK ? step->status : status;
}

// The time of the n-th sample of the tag that counts still, INT64_MAX when there are fewer.
static ls_status nth_time(retain_step *step, int64_t rolled_us, int64_t n, int64_t *out) {
    PGresult *result = NULL;
    ls_pg_values values = {0};
    ls_pg_put_number(&values, step->id);
    ls_pg_put_number(&values, rolled_us);
    ls_pg_put_number(&values, n);
    const ls_status status = ls_pg_run(&step->store->writer,
                                       "select at from samples where tag = $1 and at >= $2"
                                       " order by at limit 1 offset $3",
                                       &values, &result, step->err);
    *out = status == LS_OK && PQntuples(result) > 0 ? ls_pg_cell(result, 0, 0) : INT64_MAX;
    PQclear(result);
    return status;
}

static ls_status find_rolled(retain_step *step, int64_t *out) {
    PGresult *result = NULL;
    ls_pg_values values = {0};
    ls_pg_put_number(&values, step->id);
    const ls_status status = ls_pg_run(
        &step->store->writer, "select rolled from tags where id = $1 and rolled is not null",
        &values, &result, step->err);
    *out = status == LS_OK && PQntuples(result) > 0 ? ls_pg_cell(result, 0, 0) : INT64_MIN;
    PQclear(result);
    return status;
}

static ls_status find_stretch(retain_step *step, int64_t cutoff_us, int64_t *out_from,
                              int64_t *out_to) {
    const int64_t width_us = step->keep->rollup_us;
    int64_t rolled_us = 0;
    int64_t first_us = INT64_MAX;
    int64_t beyond_us = INT64_MAX;
    *out_from = *out_to = 0;
    ls_status status = find_rolled(step, &rolled_us);
    if (status == LS_OK) {
        status = nth_time(step, rolled_us, 0, &first_us);
    }
    if (status != LS_OK || first_us >= cutoff_us) {
        return status;
    }
    status = nth_time(step, rolled_us, SAMPLES_A_STEP, &beyond_us);
    *out_from = first_us;
    *out_to = cutoff_us;
    if (width_us > 0) {
        *out_from = ls_window_start(first_us, 0, width_us);
        *out_from = *out_from > rolled_us ? *out_from : rolled_us;
        const int64_t end_us = beyond_us < cutoff_us ? ls_window_start(beyond_us, 0, width_us)
                                                     : cutoff_us;
        *out_to = end_us > *out_from ? end_us : cutoff_us;
    }
    return status;
}

static ls_status run_by_tag(retain_step *step, const char *sql, int64_t time_us,
                            const char *counter) {
    PGresult *result = NULL;
    ls_pg_values values = {0};
    ls_pg_put_number(&values, step->id);
    ls_pg_put_number(&values, time_us);
    ls_status status = ls_pg_run(&step->store->writer, sql, &values, &result, step->err);
    if (status == LS_OK && counter != NULL) {
        int64_t gone = 0;
        ls_text_parse_i64(PQcmdTuples(result), strlen(PQcmdTuples(result)), &gone);
        status = gone > 0 ? ls_pg_add_meta(step->store, counter, -gone, step->err) : LS_OK;
    }
    PQclear(result);
    return status;
}

static ls_status retain_tag(retain_step *step, int64_t now_us, bool *out_more) {
    const ls_history_keep *keep = step->keep;
    ls_status status = LS_OK;
    *out_more = false;
    if (keep->raw_us != INT64_MAX) {
        int64_t cutoff_us = before(now_us, keep->raw_us);
        int64_t from_us = 0;
        int64_t to_us = 0;
        cutoff_us = keep->rollup_us > 0 ? ls_window_start(cutoff_us, 0, keep->rollup_us)
                                        : cutoff_us;
        status = find_stretch(step, cutoff_us, &from_us, &to_us);
        step->worked = to_us > from_us;
        if (status == LS_OK && step->worked && keep->rollup_us > 0) {
            status = roll_up(step, from_us, to_us);
        }
        if (status == LS_OK && step->worked) {
            status = run_by_tag(step, "update tags set rolled = $2 where id = $1", to_us, NULL);
            *out_more = to_us < cutoff_us;
        }
        if (status == LS_OK && step->worked && step->by_row) {
            status = run_by_tag(step, "delete from samples where tag = $1 and at < $2", to_us,
                                "samples");
        }
    }
    if (status == LS_OK && keep->rollup_us > 0 && keep->rollup_keep_us != INT64_MAX) {
        status = run_by_tag(step, "delete from rollups where tag = $1 and start < $2",
                            before(now_us, keep->rollup_keep_us), NULL);
    }
    return status;
}

// ---- partitions

// The longest that samples of any tag are kept, as they are or until their window is full.
static int64_t longest_kept(const ls_pg_store *store, const ls_history_keep *keep,
                            uint32_t keep_count) {
    int64_t longest_us = 0;
    for (uint32_t tag = 0; tag < ls_tags_count(store->tags); tag++) {
        const ls_history_keep *rule = find_rule(keep, keep_count,
                                                ls_tags_get(store->tags, tag)->name);
        const int64_t raw_us = rule != NULL ? rule->raw_us : INT64_MAX;
        longest_us = raw_us > longest_us ? raw_us : longest_us;
    }
    return longest_us;
}

static ls_status drop_partition(ls_pg_store *store, const char *name, ls_error *err) {
    char sql[256];
    PGresult *result = NULL;
    snprintf(sql, sizeof sql, "select count(*) from %.100s", name);
    ls_status status = ls_pg_run(&store->writer, sql, NULL, &result, err);
    const int64_t gone = status == LS_OK ? ls_pg_cell(result, 0, 0) : 0;
    PQclear(result);
    if (status == LS_OK) {
        snprintf(sql, sizeof sql, "drop table %.100s", name);
        status = ls_pg_run(&store->writer, sql, NULL, NULL, err);
    }
    memset(store->months, 0, sizeof store->months);  // asked again when needed
    return status == LS_OK ? ls_pg_add_meta(store, "samples", -gone, err) : status;
}

// "samples_202601" is droppable when all of January is older than any tag's samples are kept.
static ls_status drop_partitions(ls_pg_store *store, int64_t until_us, ls_error *err) {
    PGresult *result = NULL;
    ls_status status = ls_pg_run(
        &store->writer,
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = 'lineshaft.samples'::regclass order by 1",
        NULL, &result, err);
    for (int row = 0; status == LS_OK && row < PQntuples(result); row++) {
        int year = 0;
        int month = 0;
        if (sscanf(PQgetvalue(result, row, 0), "samples_%4d%2d", &year, &month) == 2 &&
            ls_pg_month_start(year - LS_PG_YEAR_FIRST + month / 12, month % 12) <= until_us) {
            status = drop_partition(store, PQgetvalue(result, row, 0), err);
        }
    }
    PQclear(result);
    return status;
}

static ls_status retain_some(ls_pg_store *store, ls_store *base, const ls_history_keep *keep,
                             uint32_t keep_count, int64_t now_us, ls_error *err) {
    const int64_t longest_us = longest_kept(store, keep, keep_count);
    const uint32_t count = ls_tags_count(store->tags);
    ls_status status = LS_OK;
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
            retain_step step = {.store = store,
                                .base = base,
                                .id = id,
                                .tag = tag,
                                .keep = rule,
                                .by_row = rule->raw_us < longest_us,
                                .err = err};
            status = retain_tag(&step, now_us, &more);
            steps += step.worked ? 1 : 0;
        }
        if (more) {
            break;  // the next stretch reads by another connection what this one has to commit
                    // first
        }
        store->retain_next++;
    }
    if (status == LS_OK && store->retain_next >= count && longest_us != INT64_MAX) {
        int64_t width_us = 0;
        for (uint32_t i = 0; i < keep_count; i++) {
            width_us = keep[i].rollup_us > width_us ? keep[i].rollup_us : width_us;
        }
        status = drop_partitions(store, before(before(store->retain_now_us, longest_us), width_us),
                                 err);
    }
    return status;
}

ls_status ls_pg_retain(ls_store *base, const ls_history_keep *keep, uint32_t keep_count,
                       int64_t now_us, bool *out_more, ls_error *err) {
    ls_pg_store *store = ls_pg_store_of(base);
    *out_more = false;
    ls_status status = ls_pg_store_ready(store, err);
    if (status == LS_OK) {
        status = ls_pg_run(&store->writer, "begin", NULL, NULL, err);
    }
    if (status != LS_OK) {
        return status;
    }
    if (store->retain_next == 0) {
        store->retain_now_us = now_us;
    }
    status = ls_pg_store_end(store, retain_some(store, base, keep, keep_count, now_us, err), err);
    *out_more = status == LS_OK && store->retain_next < ls_tags_count(store->tags);
    if (!*out_more) {
        store->retain_next = 0;
    }
    return status;
}
