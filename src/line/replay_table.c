// replay_table.c - see replay_table.h.
#include "line/replay_table.h"

#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/text.h"
#include "line/edge.h"

enum { STEP_US = 200000, BURST = 200 };

typedef struct table_replay {
    const ls_replay_table *def;
    const char *file;
    ls_edge *edge;
    uint32_t *metrics;  // by column
    ls_record_progress progress;
    void *context;
    ls_record_figures *out;
    int64_t asked_us;
} table_replay;

static int64_t monotonic_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void sleep_us(int64_t us) {
    nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

static bool goes_on(table_replay *r) {
    const int64_t now_us = monotonic_us();
    if (now_us - r->asked_us < STEP_US) {
        return true;
    }
    r->asked_us = now_us;
    return r->progress(r->context, r->out);
}

static bool wait_until(table_replay *r, int64_t due_us) {
    for (;;) {
        const int64_t left_us = due_us - monotonic_us();
        if (!goes_on(r)) {
            return false;
        }
        if (left_us <= 0) {
            return true;
        }
        sleep_us(left_us < STEP_US ? left_us : STEP_US);
    }
}

// Every cell before the first message: a mistake in row 900 should not show after 899 rows.
static ls_status check_cells(const ls_csv *table, const char *file, ls_error *err) {
    for (size_t row = 0; row < table->row_count; row++) {
        for (size_t column = 0; column < table->column_count; column++) {
            const char *cell = table->rows[row][column];
            double value = 0.0;
            if (cell[0] != '\0' && !ls_text_parse_double(cell, strlen(cell), &value)) {
                return ls_fail_at(
                    err, LS_ERR_INVALID, file, table->lines[row], ls_csv_place(table, row, column),
                    "column '%.60s': '%.60s' is not a number", table->columns[column], cell);
            }
        }
    }
    return LS_OK;
}

static ls_status make_edge(table_replay *r, const ls_mqtt_def *connection, ls_error *err) {
    const ls_replay_table *def = r->def;
    const ls_source source = {.kind = LS_SOURCE_SPARKPLUG,
                              .name = "table",
                              .broker = connection->url,
                              .login = connection->login,
                              .ca = connection->ca,
                              .certificate = connection->certificate,
                              .key = connection->key,
                              .mqtt_version = connection->version,
                              .group = def->group};
    ls_edge_def edge = ls_edge_def_default();
    edge.source = &source;
    edge.node = def->node;
    ls_status status = ls_edge_create(&edge, &r->edge, err);
    for (size_t i = 0; status == LS_OK && i < def->table->column_count; i++) {
        status = ls_edge_metric(r->edge, def->device, def->table->columns[i], LS_VALUE_REAL, NULL,
                                false, r->metrics + i, err);
    }
    return status == LS_OK ? ls_edge_start(r->edge, err) : status;
}

static ls_status wait_for_broker(table_replay *r, ls_error *err) {
    ls_edge_figures figures = {0};
    while (figures.births == 0) {
        if (!goes_on(r)) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        sleep_us(5000);
        ls_edge_describe(r->edge, &figures);
        r->out->connected = figures.connected;
    }
    return LS_OK;
}

static void say_row(table_replay *r, size_t row) {
    const ls_csv *table = r->def->table;
    ls_sample sample = {.time_us = r->def->start_us + (int64_t)row * r->def->every_us,
                        .kind = LS_VALUE_REAL};
    for (size_t column = 0; column < table->column_count; column++) {
        const char *cell = table->rows[row][column];
        if (cell[0] != '\0' && ls_text_parse_double(cell, strlen(cell), &sample.value.real)) {
            ls_edge_set(r->edge, r->metrics[column], &sample);
        }
    }
    ls_edge_flush(r->edge);
    r->out->messages++;
}

static ls_status say_all(table_replay *r, ls_error *err) {
    const int64_t began_us = monotonic_us();
    for (size_t row = 0; row < r->def->table->row_count; row++) {
        const double after_us = r->def->speed > 0.0
                                    ? (double)row * (double)r->def->every_us / r->def->speed
                                    : 0.0;
        if (!wait_until(r, began_us + (int64_t)after_us)) {
            return ls_fail(err, LS_ERR_STOPPED, "stopped");
        }
        if (r->def->speed == 0.0 && row % BURST == BURST - 1) {
            sleep_us(20000);  // Sparkplug's data is QoS 0: nobody says when it is too much
        }
        say_row(r, row);
    }
    return LS_OK;
}

ls_status ls_replay_table_run(const ls_mqtt_def *connection, const ls_replay_table *def,
                              const char *file, ls_record_progress progress, void *context,
                              ls_record_figures *out, ls_error *err) {
    table_replay r = {
        .def = def, .file = file, .progress = progress, .context = context, .out = out};
    if (def->start_us % 1000 != 0 || def->every_us % 1000 != 0) {
        return ls_fail(err, LS_ERR_INVALID, "times are whole milliseconds");
    }
    ls_status status = check_cells(def->table, file, err);
    if (status != LS_OK) {
        return status;
    }
    r.metrics = ls_alloc(def->table->column_count * sizeof *r.metrics);
    status = r.metrics != NULL ? make_edge(&r, connection, err)
                               : ls_fail(err, LS_ERR_MEMORY, "out of memory for a table");
    if (status == LS_OK) {
        status = wait_for_broker(&r, err);
    }
    if (status == LS_OK) {
        status = say_all(&r, err);
    }
    ls_edge_figures figures = {0};
    if (r.edge != NULL) {
        ls_edge_describe(r.edge, &figures);
    }
    out->bytes = figures.bytes;
    ls_edge_destroy(r.edge);
    ls_free(r.metrics);
    return status;
}
