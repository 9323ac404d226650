// postgres_write.c - a batch into the tables, in one transaction.
//
// Samples go by binary COPY into a temporary table and from there into their partitions, in the
// order heard; those that are there already are passed over by their key.
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "history/postgres_copy.h"
#include "history/postgres_store.h"
#include "history/samples.h"

// ---- months

// Days since 1970 of the first of a month; Howard Hinnant's days_from_civil, for years after 1970.
static int64_t days_before(int year, int month) {
    const int64_t y = month < 2 ? year - 1 : year;
    const int64_t m = (month + 10) % 12;  // March is 0
    return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 - 719468;
}

int64_t ls_pg_month_start(int year, int month) {
    return days_before(LS_PG_YEAR_FIRST + year, month) * LS_US_PER_DAY;
}

bool ls_pg_month_of(int64_t time_us, int *out_year, int *out_month) {
    if (time_us < ls_pg_month_start(0, 0) ||
        time_us >= ls_pg_month_start(LS_PG_YEAR_LAST - LS_PG_YEAR_FIRST + 1, 0)) {
        return false;
    }
    int month = (int)((time_us - ls_pg_month_start(0, 0)) / (31 * LS_US_PER_DAY));  // at or before
    while (time_us >= ls_pg_month_start((month + 1) / 12, (month + 1) % 12)) {
        month++;
    }
    *out_year = month / 12;
    *out_month = month % 12;
    return true;
}

static ls_status make_month(ls_pg_store *store, int year, int month, ls_error *err) {
    char sql[256];
    const int next = month + 1;
    snprintf(sql, sizeof sql,
             "create table if not exists samples_%04d%02d partition of samples"
             " for values from (%lld) to (%lld)",
             LS_PG_YEAR_FIRST + year, month + 1, (long long)ls_pg_month_start(year, month),
             (long long)ls_pg_month_start(year + next / 12, next % 12));
    return ls_pg_run(&store->writer, sql, NULL, NULL, err);
}

// Partitions for all months of a series. What has been made is known only after the commit.
static ls_status make_months(ls_pg_store *store, const ls_series *series, bool (*made)[12],
                             ls_error *err) {
    ls_status status = LS_OK;
    for (size_t at = 0; at < series->count && status == LS_OK;) {
        int year = 0;
        int month = 0;
        int64_t end_us = ls_pg_month_start(0, 0);
        const int64_t time_us = series->samples[at].time_us;
        if (ls_pg_month_of(time_us, &year, &month)) {
            if (!store->months[year][month] && !made[year][month]) {
                status = make_month(store, year, month, err);
                made[year][month] = true;
            }
            end_us = ls_pg_month_start(year + (month + 1) / 12, (month + 1) % 12);
        } else if (time_us > end_us) {
            break;  // after the last month
        }
        at += ls_samples_find(series->samples + at, series->count - at, end_us);
    }
    return status;
}

// ---- samples

static void put_sample(ls_pg_copy *copy, const ls_sample *sample, uint32_t id, int64_t n) {
    double number = NAN;
    const bool text = sample->kind == LS_VALUE_TEXT &&
                      ls_text_is_utf8(sample->value.text, sample->size, NULL);
    const bool bytes = (sample->kind == LS_VALUE_TEXT && !text) || sample->kind == LS_VALUE_BYTES;
    ls_pg_copy_row(copy, 10);
    ls_pg_copy_i64(copy, sample->time_us);
    ls_pg_copy_i64(copy, n);
    ls_pg_copy_i64(copy, (int64_t)ls_sample_hash(sample));
    if (ls_sample_number(sample, &number)) {
        ls_pg_copy_real(copy, number);
    } else {
        ls_pg_copy_null(copy);
    }
    ls_pg_copy_i32(copy, (int32_t)id);
    ls_pg_copy_i16(copy, sample->kind);
    ls_pg_copy_i16(copy, sample->quality);
    ls_pg_copy_i16(copy, sample->flags);
    if (text) {
        ls_pg_copy_bytes(copy, sample->value.text, sample->size);
    } else {
        ls_pg_copy_null(copy);
    }
    if (bytes) {
        ls_pg_copy_bytes(copy, sample->value.text, sample->size);
    } else {
        ls_pg_copy_null(copy);
    }
}

static ls_status copy_samples(ls_pg_store *store, const ls_store_batch *batch, int64_t n,
                              ls_error *err) {
    ls_pg_copy copy;
    ls_status status = ls_pg_copy_begin(
        &copy, &store->writer,
        "copy staging (at, n, bits, number, tag, kind, quality, flags, text, bytes)"
        " from stdin (format binary)",
        err);
    if (status != LS_OK) {
        ls_writer_clear(&copy.out);
        return status;
    }
    for (size_t i = 0; i < batch->series_count && status == LS_OK; i++) {
        const ls_series *series = &batch->series[i];
        const uint32_t id = ls_tag_ids_get(&store->ids, series->tag);
        assert(id != LS_TAG_ID_NONE);
        for (size_t k = 0; k < series->count && status == LS_OK; k++) {
            put_sample(&copy, &series->samples[k], id, n++);
            status = ls_pg_copy_flush(&copy, false, err);
        }
    }
    return ls_pg_copy_end(&copy, status, err);
}

ls_status ls_pg_add_meta(ls_pg_store *store, const char *name, int64_t more, ls_error *err) {
    ls_pg_values values = {0};
    ls_pg_put_text(&values, name);
    ls_pg_put_number(&values, more);
    return ls_pg_run(&store->writer,
                     "insert into meta values ($1, $2::bigint) on conflict (name) do update set"
                     " value = meta.value + excluded.value",
                     &values, NULL, err);
}

static ls_status put_meta(ls_pg_store *store, const char *name, int64_t value, const char *how,
                          ls_error *err) {
    char sql[200];
    ls_pg_values values = {0};
    ls_pg_put_text(&values, name);
    ls_pg_put_number(&values, value);
    snprintf(sql, sizeof sql,
             "insert into meta values ($1, $2::bigint) on conflict (name) do update set value ="
             " %s",
             how);
    return ls_pg_run(&store->writer, sql, &values, NULL, err);
}

// The order goes on from the greatest number used.
static ls_status take_numbers(ls_pg_store *store, int64_t count, int64_t *out, ls_error *err) {
    PGresult *result = NULL;
    ls_pg_values values = {0};
    ls_pg_put_number(&values, count);
    const ls_status status = ls_pg_run(
        &store->writer,
        "insert into meta values ('numbers', $1::bigint) on conflict (name) do update set"
        " value = meta.value + excluded.value returning value",
        &values, &result, err);
    *out = status == LS_OK ? ls_pg_cell(result, 0, 0) - count : 0;
    PQclear(result);
    return status;
}

static ls_status move_samples(ls_pg_store *store, ls_error *err) {
    PGresult *result = NULL;
    ls_status status = ls_pg_run(
        &store->writer,
        "insert into samples (at, n, bits, number, tag, kind, quality, flags, text, bytes)"
        " select at, n, bits, number, tag, kind, quality, flags, text, bytes from staging"
        " order by n on conflict do nothing",
        NULL, &result, err);
    if (status == LS_OK) {
        int64_t added = 0;
        const char *said = PQcmdTuples(result);
        ls_text_parse_i64(said, strlen(said), &added);
        status = ls_pg_add_meta(store, "samples", added, err);
    }
    PQclear(result);
    return status;
}

static ls_status write_samples(ls_pg_store *store, const ls_store_batch *batch, bool (*made)[12],
                               ls_error *err) {
    int64_t count = 0;
    int64_t first_us = INT64_MAX;
    int64_t last_us = INT64_MIN;
    ls_status status = LS_OK;
    for (size_t i = 0; i < batch->series_count && status == LS_OK; i++) {
        const ls_series *series = &batch->series[i];
        if (series->count > 0) {
            const int64_t begin_us = series->samples[0].time_us;
            const int64_t end_us = series->samples[series->count - 1].time_us;
            first_us = begin_us < first_us ? begin_us : first_us;
            last_us = end_us > last_us ? end_us : last_us;
            count += (int64_t)series->count;
            status = make_months(store, series, made, err);
        }
    }
    if (status != LS_OK || count == 0) {
        return status;
    }
    int64_t n = 0;
    status = take_numbers(store, count, &n, err);
    if (status == LS_OK) {
        status = ls_pg_run(&store->writer,
                           "create temporary table if not exists staging (like samples)"
                           " on commit delete rows",
                           NULL, NULL, err);
    }
    if (status == LS_OK) {
        status = copy_samples(store, batch, n, err);
    }
    if (status == LS_OK) {
        status = move_samples(store, err);
    }
    if (status == LS_OK) {
        status = put_meta(store, "first", first_us, "least(meta.value, excluded.value)", err);
    }
    return status == LS_OK
               ? put_meta(store, "last", last_us, "greatest(meta.value, excluded.value)", err)
               : status;
}

// ---- events, states, tags

static ls_status write_event(ls_pg_store *store, const ls_happened *event, ls_error *err) {
    ls_pg_values values = {0};
    ls_pg_put_number(&values, (int64_t)event->number);
    ls_pg_put_number(&values, event->time_us);
    ls_pg_put_text(&values, event->kind);
    ls_pg_put_text(&values, event->subject);
    ls_pg_put_text(&values, event->text);
    ls_pg_put_text(&values, event->json);
    return ls_pg_run(&store->writer,
                     "insert into events values ($1, $2, $3, $4, $5, $6) on conflict (number) do"
                     " update set at = excluded.at, kind = excluded.kind, subject ="
                     " excluded.subject, text = excluded.text, json = excluded.json",
                     &values, NULL, err);
}

static ls_status write_state(ls_pg_store *store, const ls_state_entry *state, ls_error *err) {
    ls_pg_values values = {0};
    ls_pg_put_text(&values, state->name);
    ls_pg_put_bytes(&values, state->bytes, state->size);
    return ls_pg_run(&store->writer,
                     "insert into states values ($1, $2) on conflict (name) do update set bytes ="
                     " excluded.bytes",
                     &values, NULL, err);
}

static ls_status write_batch(ls_pg_store *store, const ls_store_batch *batch, bool (*made)[12],
                             ls_error *err) {
    ls_status status = write_samples(store, batch, made, err);
    for (size_t i = 0; i < batch->event_count && status == LS_OK; i++) {
        status = write_event(store, &batch->events[i], err);
    }
    for (size_t i = 0; i < batch->state_count && status == LS_OK; i++) {
        status = write_state(store, &batch->states[i], err);
    }
    return status == LS_OK ? put_meta(store, "log_position", (int64_t)batch->log_position,
                                      "excluded.value", err)
                           : status;
}

static ls_status declare_tag(ls_pg_store *store, uint32_t id, const ls_tag *tag, ls_error *err) {
    ls_pg_values values = {0};
    ls_pg_put_number(&values, id);
    ls_pg_put_number(&values, tag->kind);
    ls_pg_put_text(&values, tag->unit);
    return ls_pg_run(&store->writer, "update tags set kind = $2, unit = $3 where id = $1", &values,
                     NULL, err);
}

static void copy_tag(ls_pg_copy *copy, uint32_t id, const ls_tag *tag) {
    ls_pg_copy_row(copy, 4);
    ls_pg_copy_i32(copy, (int32_t)id);
    ls_pg_copy_bytes(copy, tag->name, strlen(tag->name));
    ls_pg_copy_i16(copy, tag->kind);
    ls_pg_copy_bytes(copy, tag->unit, strlen(tag->unit));
}

// New tags by COPY; then those with another declaration.
static ls_status send_tags(ls_pg_store *store, uint32_t count, ls_error *err) {
    ls_pg_copy copy;
    uint32_t next = ls_tag_ids_next(&store->ids);
    ls_status status = ls_pg_copy_begin(
        &copy, &store->writer, "copy tags (id, name, kind, unit) from stdin (format binary)", err);
    if (status != LS_OK) {
        ls_writer_clear(&copy.out);
        return status;
    }
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        if (ls_tag_ids_get(&store->ids, i) == LS_TAG_ID_NONE) {
            copy_tag(&copy, next++, ls_tags_get(store->tags, i));
            status = ls_pg_copy_flush(&copy, false, err);
        }
    }
    status = ls_pg_copy_end(&copy, status, err);
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        uint32_t said = 0;
        const ls_tag *tag = ls_tags_get(store->tags, i);
        const uint32_t id = ls_tag_ids_look(&store->ids, i, &said);
        if (id != LS_TAG_ID_NONE && said != ls_tag_said(tag)) {
            status = declare_tag(store, id, tag, err);
        }
    }
    return status;
}

static ls_status remember_tags(ls_pg_store *store, uint32_t count, ls_error *err) {
    uint32_t next = ls_tag_ids_next(&store->ids);
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        const uint32_t known = ls_tag_ids_get(&store->ids, i);
        const uint32_t id = known == LS_TAG_ID_NONE ? next++ : known;
        status = ls_tag_ids_set(&store->ids, i, id, ls_tag_said(ls_tags_get(store->tags, i)), err);
    }
    return status;
}

// In a transaction of their own: tags without samples harm nobody. When the connection is lost in
// the commit nobody knows whether they are there: then they are loaded again.
static ls_status write_tags(ls_pg_store *store, ls_error *err) {
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
    ls_status status = ls_tag_ids_set(&store->ids, count - 1, LS_TAG_ID_NONE, 0, err);
    if (status == LS_OK) {
        status = ls_pg_run(&store->writer, "begin", NULL, NULL, err);
    }
    if (status != LS_OK) {
        return status;
    }
    status = ls_pg_store_end(store, send_tags(store, count, err), err);
    if (status != LS_OK) {
        atomic_store(&store->known, false);
        ls_pg_close(&store->writer);
        return status;
    }
    return remember_tags(store, count, err);
}

ls_status ls_pg_write(ls_store *base, const ls_store_batch *batch, ls_error *err) {
    ls_pg_store *store = ls_pg_store_of(base);
    bool made[LS_PG_YEAR_LAST - LS_PG_YEAR_FIRST + 1][12] = {{false}};
    ls_status status = ls_pg_store_ready(store, err);
    if (status == LS_OK) {
        status = write_tags(store, err);
    }
    if (status == LS_OK) {
        status = ls_pg_run(&store->writer, "begin", NULL, NULL, err);
    }
    if (status != LS_OK) {
        return status;
    }
    status = ls_pg_store_end(store, write_batch(store, batch, made, err), err);
    for (int year = 0; status == LS_OK && year <= LS_PG_YEAR_LAST - LS_PG_YEAR_FIRST; year++) {
        for (int month = 0; month < 12; month++) {
            store->months[year][month] |= made[year][month];
        }
    }
    return status;
}
