// drift_watch_file.c - what a drift watch has seen, as JSON and back.
#include <math.h>
#include <string.h>

#include "model/drift_watch.h"
#include "model/json_file.h"

// ---- writing

static json_t *half_json(const ls_drift_half *half, uint32_t columns) {
    json_t *cells = json_array(), *sums = json_array();
    bool failed = cells == NULL || sums == NULL;
    for (size_t i = 0; i < ((size_t)columns + 1) * LS_DRIFT_CELLS && !failed; i++) {
        failed = json_array_append_new(cells, json_integer((json_int_t)half->cells[i])) != 0;
    }
    for (uint32_t c = 0; c <= columns && !failed; c++) {
        failed = json_array_append_new(sums, json_real(half->sums[c])) != 0;
    }
    if (failed) {
        json_decref(cells);
        json_decref(sums);
        return NULL;
    }
    return json_pack("{s:I, s:I, s:I, s:o, s:o}", "rows", (json_int_t)half->rows, "first_us",
                     (json_int_t)half->first_us, "last_us", (json_int_t)half->last_us, "cells",
                     cells, "sums", sums);
}

json_t *ls_drift_watch_save(const ls_drift_watch *w) {
    json_t *halves = json_array();
    for (int h = 0; h < LS_DRIFT_HALVES && halves != NULL; h++) {
        if (json_array_append_new(halves, half_json(&w->halves[h], w->profile->column_count)) !=
            0) {
            json_decref(halves);
            halves = NULL;
        }
    }
    json_t *detector = json_pack("{s:I, s:f, s:f, s:f}", "count", (json_int_t)w->detector.count,
                                 "mean", w->detector.mean, "up", w->detector.up, "up_least",
                                 w->detector.up_least);
    json_t *block = json_pack("{s:I, s:f, s:I}", "begin_us", (json_int_t)w->block_begin_us, "sum",
                              w->block_sum, "rows", (json_int_t)w->block_rows);
    return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:o, s:b, s:b, s:I, s:I}",  //
                     "half_begin_us", (json_int_t)w->half_begin_us,                             //
                     "newest_us", (json_int_t)w->newest_us,                                     //
                     "rows", (json_int_t)w->rows, "judged", (json_int_t)w->judged,              //
                     "halves", halves, "detector", detector, "block", block,                    //
                     "labels", (json_int_t)w->labels,                                           //
                     "newest_label_us", (json_int_t)w->newest_label_us,                         //
                     "recent_error",
                     isnan(w->recent_error) ? json_null() : json_real(w->recent_error),  //
                     "in_inputs", w->in_inputs, "in_errors", w->in_errors,               //
                     "since_us", (json_int_t)w->since_us,                                //
                     "calm", (json_int_t)w->calm);
}

// ---- reading

static int64_t whole(ls_json_file *f, const json_t *object, const char *key, int64_t least) {
    const json_t *value = json_object_get(object, key);
    const int64_t most = INT64_MAX / 4, number = json_integer_value(value);
    if (!json_is_integer(value) || number < least || number > most) {
        ls_json_refuse(f, "%s must be a whole number from %lld to %lld", key, (long long)least,
                       (long long)most);
        return least;
    }
    return number;
}

static double real(ls_json_file *f, const json_t *value, const char *key, double least) {
    const double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= least) || !isfinite(number)) {
        ls_json_refuse(f, "%s must be a number from %g", key, least);
        return 0.0;
    }
    return number;
}

static bool flag(ls_json_file *f, const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_boolean(value)) {
        ls_json_refuse(f, "%s must be true or false", key);
    }
    return json_is_true(value);
}

static void read_half(ls_json_file *f, const json_t *saved, uint32_t columns, ls_drift_half *out) {
    const json_t *cells = json_object_get(saved, "cells"), *sums = json_object_get(saved, "sums");
    const size_t count = ((size_t)columns + 1) * LS_DRIFT_CELLS;
    out->rows = (uint64_t)whole(f, saved, "rows", 0);
    out->first_us = whole(f, saved, "first_us", INT64_MIN / 4);
    out->last_us = whole(f, saved, "last_us", out->first_us);
    if (json_array_size(cells) != count || json_array_size(sums) != (size_t)columns + 1) {
        ls_json_refuse(f, "a half window has other columns than the version's profile");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *cell = json_array_get(cells, i);
        const int64_t number = json_integer_value(cell);
        if (!json_is_integer(cell) || number < 0 || number > UINT32_MAX) {
            ls_json_refuse(f, "cells must be whole numbers, number %zu is not", i + 1);
            return;
        }
        out->cells[i] = (uint32_t)number;
    }
    for (uint32_t c = 0; c <= columns; c++) {
        out->sums[c] = real(f, json_array_get(sums, c), "sums", -1.7e308);
    }
}

static void read_watch(ls_json_file *f, const json_t *saved, ls_drift_watch *out) {
    const json_t *halves = json_object_get(saved, "halves");
    const json_t *detector = json_object_get(saved, "detector");
    const json_t *block = json_object_get(saved, "block");
    const json_t *recent = json_object_get(saved, "recent_error");
    if (json_array_size(halves) != LS_DRIFT_HALVES) {
        ls_json_refuse(f, "halves must be %d", LS_DRIFT_HALVES);
        return;
    }
    for (int h = 0; h < LS_DRIFT_HALVES; h++) {
        read_half(f, json_array_get(halves, (size_t)h), out->profile->column_count,
                  &out->halves[h]);
    }
    out->half_begin_us = whole(f, saved, "half_begin_us", INT64_MIN / 4);
    out->newest_us = whole(f, saved, "newest_us", out->half_begin_us);
    out->rows = (uint64_t)whole(f, saved, "rows", 0);
    out->judged = (uint64_t)whole(f, saved, "judged", 0);
    out->detector.count = whole(f, detector, "count", 0);
    out->detector.mean = real(f, json_object_get(detector, "mean"), "mean", -1.7e308);
    out->detector.up = real(f, json_object_get(detector, "up"), "up", -1.7e308);
    out->detector.up_least = real(f, json_object_get(detector, "up_least"), "up_least", -1.7e308);
    out->block_begin_us = whole(f, block, "begin_us", INT64_MIN / 4);
    out->block_sum = real(f, json_object_get(block, "sum"), "sum", 0.0);
    out->block_rows = (uint64_t)whole(f, block, "rows", 0);
    out->labels = (uint64_t)whole(f, saved, "labels", 0);
    out->newest_label_us = whole(f, saved, "newest_label_us", INT64_MIN / 4);
    out->recent_error = json_is_null(recent) ? (double)NAN : real(f, recent, "recent_error", 0.0);
    out->in_inputs = flag(f, saved, "in_inputs");
    out->in_errors = flag(f, saved, "in_errors");
    out->since_us = whole(f, saved, "since_us", INT64_MIN / 4);
    out->calm = (uint32_t)(whole(f, saved, "calm", 0) & 0x7fffffff);
}

ls_status ls_drift_watch_load(const json_t *saved, ls_drift_watch *watch, ls_error *err) {
    ls_json_file f = {.what = "drift watch", .file = "drift watch", .err = err, .status = LS_OK};
    ls_drift_watch read;
    const ls_status status = ls_drift_watch_init(watch->profile, &watch->limits, watch->every_us,
                                                 &read, err);
    if (status != LS_OK) {
        return status;
    }
    read_watch(&f, saved, &read);
    if (f.status == LS_OK) {
        ls_drift_watch_clear(watch);
        *watch = read;
    } else {
        ls_drift_watch_clear(&read);
    }
    return f.status;
}
