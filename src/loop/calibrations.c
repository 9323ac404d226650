// calibrations.c - see calibrations.h.
#include "loop/calibrations.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/units.h"
#include "loop/errand_files.h"
#include "loop/json_value.h"

enum { RESULT_MAX = 64 << 20, TOLD_MOST = 5, ROWS_MOST = 100, DATE_SIZE = 48 };
#define LONGEST_US (INT64_C(12) * 3600 * 1000000)

struct ls_calibrations {
    ls_journal *journal;
    ls_errands *errands;  // NULL: not yet
    ls_errand_files files;
    char proposed[LS_ERRAND_PATH + 16];
    uint64_t drifts;  // that were seen
};

ls_status ls_calibrations_create(const char *plant, const char *data, ls_journal *journal,
                                 ls_calibrations **out, ls_error *err) {
    *out = NULL;
    ls_calibrations *c = ls_alloc(sizeof *c);
    if (c == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for calibrations");
    }
    c->journal = journal;
    const ls_status status = ls_errand_files_find(plant, data, "calibration", &c->files, err);
    if (status != LS_OK) {
        ls_free(c);
        return status;
    }
    ls_text_format(c->proposed, sizeof c->proposed, "%s/proposed.yaml", c->files.folder);
    *out = c;
    return LS_OK;
}

void ls_calibrations_destroy(ls_calibrations *c) {
    ls_free(c);
}

// ---- handing over

void ls_calibrations_begin(ls_calibrations *c, ls_errands *errands) {
    c->errands = errands;
}

ls_status ls_calibrations_ask(ls_calibrations *c, int64_t since_us, ls_error *err) {
    char since[DATE_SIZE];
    const char *argv[16] = {"twin",     "calibrate", c->files.plant, "--data",   c->files.data,
                            "--output", c->proposed, "--force",      "--result", c->files.result};
    if (since_us > 0) {
        ls_units_print_date(since_us / LS_US_PER_S * LS_US_PER_S, since, sizeof since);
        argv[10] = "--since";
        argv[11] = since;
    }
    const ls_errand errand = {.name = "calibration", .argv = argv, .most_us = LONGEST_US};
    return ls_errands_put(c->errands, &errand, err);
}

// When the last result was written; the line's time may be another than ours.
static bool is_due(const ls_calibrations *c, int64_t every_us) {
    struct stat about;
    struct timespec now;
    if (stat(c->files.result, &about) != 0) {
        return true;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    return ((int64_t)now.tv_sec - (int64_t)about.st_mtim.tv_sec) * LS_US_PER_S >= every_us;
}

void ls_calibrations_tick(ls_calibrations *c, ls_watch *watch, const ls_plant *plant) {
    if (c == NULL || c->errands == NULL || watch == NULL) {
        return;
    }
    const uint64_t drifts = ls_watch_describe(watch).drifts;
    const bool drifted = drifts > c->drifts;
    ls_error err = {0};
    if (!drifted || plant->pool.calibrate_us == LS_FOREVER) {
        c->drifts = drifts < c->drifts ? drifts : c->drifts;  // another plant file: from the start
        return;
    }
    if (ls_errands_has(c->errands, "calibration") || !is_due(c, plant->pool.calibrate_us)) {
        return;  // the alarm stays, and is seen again
    }
    c->drifts = drifts;
    if (ls_calibrations_ask(c, ls_watch_drifting_since(watch), &err) != LS_OK) {
        ls_say(LS_LOG_ERROR, "calibration", "", "%s", err.text);
    }
}

// ---- taking in

static void put_rows(const json_t *values, ls_buffer *out) {
    uint32_t told = 0, more = 0;
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)(uintptr_t)values, i, row) {
        if (!json_is_true(json_object_get(row, "off"))) {
            continue;
        }
        if (told == TOLD_MOST) {
            more++;
            continue;
        }
        ls_buffer_printf(out, "%s%s: the file says %s, the line shows %s", told > 0 ? "; " : ": ",
                         ls_json_text_at(row, "place"), ls_json_text_at(row, "old"),
                         ls_json_text_at(row, "new"));
        told++;
    }
    if (more > 0) {
        ls_buffer_printf(out, "; and %u more", more);
    }
}

// What an event keeps of it: the values that are off, the first of them.
static json_t *details_of(const json_t *result) {
    json_t *details = json_object(), *off = json_array();
    static const char *const kept[] = {"plant", "from_s", "to_s", "samples", "off", "changed"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        json_t *value = json_object_get(result, kept[i]);
        json_object_set(details, kept[i], value != NULL ? value : json_null());
    }
    const json_t *values = json_object_get(result, "values");
    for (size_t i = 0; i < json_array_size(values) && json_array_size(off) < ROWS_MOST; i++) {
        json_t *row = json_array_get(values, i);
        if (json_is_true(json_object_get(row, "off"))) {
            json_array_append(off, row);
        }
    }
    json_object_set_new(details, "values", off);
    return details;
}

static void take_in(ls_calibrations *c, const json_t *result) {
    ls_buffer text;
    ls_buffer_init(&text);
    const json_int_t off = json_integer_value(json_object_get(result, "off"));
    const json_int_t changed = json_integer_value(json_object_get(result, "changed"));
    if (off == 0) {
        ls_buffer_text(&text, "nothing in the plant file is off what the line has shown");
    } else {
        ls_buffer_printf(&text, "%lld value%s of the plant file %s off what the line has shown",
                         (long long)off, off == 1 ? "" : "s", off == 1 ? "is" : "are");
        put_rows(json_object_get(result, "values"), &text);
        if (changed > 0) {
            ls_buffer_printf(&text, "; proposed: %s", c->proposed);
        }
    }
    json_t *details = details_of(result);
    char *json = json_dumps(details, JSON_COMPACT);
    json_decref(details);
    ls_journal_write(c->journal, off == 0 ? LS_LOG_INFO : LS_LOG_WARNING, "calibration", "", 0,
                     text.data != NULL ? text.data : "", json);
    free(json);  // jansson's own
    ls_buffer_clear(&text);
}

static void over(void *context, const ls_errand_told *told) {
    ls_calibrations *c = context;
    if (told->end != LS_ERRAND_DONE) {
        return;  // the errands have said so
    }
    ls_error err = {0};
    json_t *result = ls_errand_files_result(&c->files, "twin-calibrate/1", RESULT_MAX, &err);
    if (result != NULL) {
        take_in(c, result);
    } else {
        ls_journal_write(c->journal, LS_LOG_ERROR, "calibration", "", 0, err.text, NULL);
    }
    json_decref(result);
}

ls_errand_kind ls_calibrations_kind(ls_calibrations *c) {
    return (ls_errand_kind){.kind = "calibration", .over = over, .context = c};
}
