// postgres_read.c - samples, roll-ups, events and states from the tables, row by row.
#include <endian.h>
#include <math.h>
#include <string.h>

#include "history/postgres_store.h"

// Not before what has gone into roll-ups.
#define FLOOR \
    "greatest($2::bigint, coalesce((select rolled from lineshaft.tags where id = $1), $2))"
#define COLUMNS "at, kind, quality, flags, bits, text, bytes"

// ---- cells in binary

static int64_t cell64(const PGresult *result, int row, int column) {
    uint64_t value = 0;
    if (!PQgetisnull(result, row, column) && PQgetlength(result, row, column) == 8) {
        memcpy(&value, PQgetvalue(result, row, column), sizeof value);
    }
    return (int64_t)be64toh(value);
}

static int cell16(const PGresult *result, int row, int column) {
    uint16_t value = 0;
    if (!PQgetisnull(result, row, column) && PQgetlength(result, row, column) == 2) {
        memcpy(&value, PQgetvalue(result, row, column), sizeof value);
    }
    return (int16_t)be16toh(value);
}

static double cell_real(const PGresult *result, int row, int column) {
    if (PQgetisnull(result, row, column)) {
        return NAN;
    }
    const int64_t bits = cell64(result, row, column);
    double value = 0.0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static ls_sample sample_of(const PGresult *result, int row, uint32_t tag) {
    ls_sample sample = {.time_us = cell64(result, row, 0),
                        .tag = tag,
                        .kind = (uint8_t)cell16(result, row, 1),
                        .quality = (uint8_t)cell16(result, row, 2),
                        .flags = (uint8_t)cell16(result, row, 3)};
    if (sample.kind == LS_VALUE_TEXT || sample.kind == LS_VALUE_BYTES) {
        const int column = PQgetisnull(result, row, 5) ? 6 : 5;
        sample.value.text = PQgetvalue(result, row, column);
        sample.size = (uint32_t)PQgetlength(result, row, column);
    } else {
        sample.value.integer = cell64(result, row, 4);
    }
    return sample;
}

// ---- row by row

typedef bool (*row_visit)(void *context, const PGresult *result, int row);

static ls_status visit_rows(ls_pg *link, const char *sql, const ls_pg_values *values,
                            row_visit visit, void *context, bool *out_stopped, ls_error *err) {
    ls_status status = ls_pg_ask(link, sql, values, err);
    bool going = status == LS_OK;
    while (going) {
        PGresult *result = PQgetResult(link->connection);
        if (result == NULL) {
            return status;
        }
        const ExecStatusType how = PQresultStatus(result);
        if (how == PGRES_SINGLE_TUPLE) {
            going = visit(context, result, 0);
        } else if (how != PGRES_TUPLES_OK) {
            status = ls_pg_fail(link, result, "reading", err);
            going = false;
        }
        PQclear(result);
    }
    if (status == LS_OK && out_stopped != NULL) {
        *out_stopped = true;
    }
    ls_pg_finish(link, status == LS_OK);
    return status;
}

typedef struct sample_reader {
    ls_sample_visit visit;
    void *context;
    uint32_t tag;
} sample_reader;

static bool visit_sample(void *context, const PGresult *result, int row) {
    const sample_reader *reader = context;
    const ls_sample sample = sample_of(result, row, reader->tag);
    return reader->visit(reader->context, &sample);
}

static ls_status read_range(ls_pg *link, uint32_t id, int64_t from_us, int64_t to_us, bool before,
                            sample_reader *reader, ls_error *err) {
    bool stopped = false;
    ls_status status = LS_OK;
    if (before) {
        ls_pg_values values = {0};
        ls_pg_put_number(&values, id);
        ls_pg_put_number(&values, from_us);
        status = visit_rows(link,
                            "select " COLUMNS
                            " from lineshaft.samples where tag = $1 and at < $2"
                            " and at >= coalesce((select rolled from lineshaft.tags where id = $1),"
                            " -9223372036854775808) order by at desc, n desc limit 1",
                            &values, visit_sample, reader, &stopped, err);
    }
    if (status != LS_OK || stopped || from_us >= to_us) {
        return status;
    }
    ls_pg_values values = {0};
    ls_pg_put_number(&values, id);
    ls_pg_put_number(&values, from_us);
    ls_pg_put_number(&values, to_us);
    return visit_rows(link,
                      "select " COLUMNS " from lineshaft.samples where tag = $1 and at >= " FLOOR
                      " and at >= $2 and at < $3 order by at, n",
                      &values, visit_sample, reader, NULL, err);
}

ls_status ls_pg_read_samples(ls_store *base, uint32_t tag, int64_t from_us, int64_t to_us,
                             bool before, ls_sample_visit visit, void *context, ls_error *err) {
    ls_pg_store *store = ls_pg_store_of(base);
    sample_reader reader = {.visit = visit, .context = context, .tag = tag};
    ls_pg *link = NULL;
    ls_status status = ls_pg_store_borrow(store, &link, err);
    if (status != LS_OK) {
        return status;
    }
    const uint32_t id = ls_tag_ids_get(&store->ids, tag);
    if (id != LS_TAG_ID_NONE) {
        status = read_range(link, id, from_us, to_us, before, &reader, err);
    }
    ls_pg_store_return(store, link);
    return status;
}

// ---- roll-ups

typedef struct rollup_reader {
    ls_rollup_visit visit;
    void *context;
} rollup_reader;

static bool visit_rollup(void *context, const PGresult *result, int row) {
    const rollup_reader *reader = context;
    const ls_rollup rollup = {.start_us = cell64(result, row, 0),
                              .width_us = cell64(result, row, 1),
                              .count = (uint64_t)cell64(result, row, 2),
                              .numbers = (uint64_t)cell64(result, row, 3),
                              .first = cell_real(result, row, 4),
                              .last = cell_real(result, row, 5),
                              .min = cell_real(result, row, 6),
                              .max = cell_real(result, row, 7),
                              .sum = cell_real(result, row, 8),
                              .area = cell_real(result, row, 9),
                              .held_us = cell64(result, row, 10),
                              .holds = *PQgetvalue(result, row, 11) != 0};
    return reader->visit(reader->context, &rollup);
}

ls_status ls_pg_read_rollups(ls_store *base, uint32_t tag, int64_t from_us, int64_t to_us,
                             ls_rollup_visit visit, void *context, int64_t *out_until_us,
                             ls_error *err) {
    ls_pg_store *store = ls_pg_store_of(base);
    rollup_reader reader = {.visit = visit, .context = context};
    ls_pg *link = NULL;
    *out_until_us = INT64_MIN;
    ls_status status = ls_pg_store_borrow(store, &link, err);
    if (status != LS_OK) {
        return status;
    }
    const uint32_t id = ls_tag_ids_get(&store->ids, tag);
    PGresult *result = NULL;
    ls_pg_values values = {0};
    ls_pg_put_number(&values, id);
    if (id != LS_TAG_ID_NONE) {
        status = ls_pg_run(link,
                           "select rolled from lineshaft.tags where id = $1 and rolled is not"
                           " null",
                           &values, &result, err);
        if (status == LS_OK && PQntuples(result) > 0) {
            *out_until_us = ls_pg_cell(result, 0, 0);
        }
        PQclear(result);
    }
    if (status == LS_OK && visit != NULL && *out_until_us != INT64_MIN) {
        ls_pg_put_number(&values, from_us);
        ls_pg_put_number(&values, to_us);
        status = visit_rows(link,
                            "select start, width, count, numbers, first, last, min, max, sum, area,"
                            " held, holds from lineshaft.rollups where tag = $1 and start >="
                            " coalesce((select max(start) from lineshaft.rollups where tag = $1 and"
                            " start < $2::bigint), $2) and start < $3 order by start, width",
                            &values, visit_rollup, &reader, NULL, err);
    }
    ls_pg_store_return(store, link);
    return status;
}

// ---- events and states

typedef struct event_reader {
    ls_event_visit visit;
    void *context;
} event_reader;

static bool visit_event(void *context, const PGresult *result, int row) {
    const event_reader *reader = context;
    const ls_happened event = {.number = (uint64_t)cell64(result, row, 0),
                               .time_us = cell64(result, row, 1),
                               .kind = PQgetvalue(result, row, 2),
                               .subject = PQgetvalue(result, row, 3),
                               .text = PQgetvalue(result, row, 4),
                               .json = PQgetvalue(result, row, 5)};
    return reader->visit(reader->context, &event);
}

ls_status ls_pg_read_events(ls_store *base, const char *kind, int64_t from_us, int64_t to_us,
                            ls_event_visit visit, void *context, ls_error *err) {
    ls_pg_store *store = ls_pg_store_of(base);
    event_reader reader = {.visit = visit, .context = context};
    ls_pg *link = NULL;
    ls_status status = ls_pg_store_borrow(store, &link, err);
    if (status != LS_OK) {
        return status;
    }
    ls_pg_values values = {0};
    ls_pg_put_number(&values, from_us);
    ls_pg_put_number(&values, to_us);
    values.values[values.count++] = kind;  // null: all
    status = visit_rows(link,
                        "select number, at, kind, subject, text, json from lineshaft.events where"
                        " at >= $1 and at < $2 and ($3::text is null or kind = $3)"
                        " order by at, number",
                        &values, visit_event, &reader, NULL, err);
    ls_pg_store_return(store, link);
    return status;
}

typedef struct state_reader {
    void **out;
    size_t *out_size;
    bool failed;
} state_reader;

static bool visit_state(void *context, const PGresult *result, int row) {
    state_reader *reader = context;
    *reader->out_size = (size_t)PQgetlength(result, row, 0);
    *reader->out = ls_alloc(*reader->out_size);
    reader->failed = *reader->out == NULL;
    if (!reader->failed && *reader->out_size > 0) {
        memcpy(*reader->out, PQgetvalue(result, row, 0), *reader->out_size);
    }
    return true;
}

ls_status ls_pg_read_state(ls_store *base, const char *name, void **out, size_t *out_size,
                           ls_error *err) {
    ls_pg_store *store = ls_pg_store_of(base);
    state_reader reader = {.out = out, .out_size = out_size};
    ls_pg *link = NULL;
    *out = NULL;
    *out_size = 0;
    ls_status status = ls_pg_store_borrow(store, &link, err);
    if (status != LS_OK) {
        return status;
    }
    ls_pg_values values = {0};
    ls_pg_put_text(&values, name);
    status = visit_rows(link, "select bytes from lineshaft.states where name = $1", &values,
                        visit_state, &reader, NULL, err);
    ls_pg_store_return(store, link);
    return status == LS_OK && reader.failed
               ? ls_fail(err, LS_ERR_MEMORY, "out of memory for the state '%s'", name)
               : status;
}
