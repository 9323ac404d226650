// model_alarms.c - `lineshaft model alarms`: what a monitor would have said over a stretch of the
// history, and when it would have called.
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_open.h"
#include "cli/history_value.h"
#include "cli/json.h"
#include "cli/model_monitor.h"
#include "cli/model_version.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ls_build.h"
#include "model/sentry_fit.h"
#include "model/snapshot.h"

enum { BLAMED = 5, SHOWN = 3, ALARMS_MAX = 100000 };

static const ls_option own_options[] = {
    {.name = "csv", .kind = LS_OPTION_FLAG, .about = "every row: time, unit, index, above, alarm"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the alarms as one JSON object"},
    {0},
};
static const ls_option *const tables[] = {own_options,
                                          ls_model_version_options,
                                          ls_history_range_options,
                                          ls_model_place_options,
                                          ls_model_history_options,
                                          NULL};

typedef struct alarm {
    uint32_t unit, blamed;
    int64_t since_us, called_us, until_us;  // until INT64_MAX: it stands
    double most;
    ls_sentry_blame blame[BLAMED];
} alarm;

typedef struct work {
    const ls_options *options;
    ls_model_opened opened;
    const ls_model_plan *plan;
    ls_monitor *monitor;
    uint32_t number;
    ls_dataset rows;
    alarm *alarms;
    size_t count, room;
    uint64_t readings, above;
    ls_buffer out;
    ls_error err;
} work;

static ls_status no_memory(work *w) {
    return ls_fail(&w->err, LS_ERR_MEMORY, "out of memory for alarms");
}

static ls_status make_rows(work *w) {
    int64_t from_us = 0, to_us = 0;
    ls_history_figures figures;
    ls_status status = ls_history_parse_range(w->options, &from_us, &to_us, &w->err);
    if (status == LS_OK) {
        status = ls_history_describe(w->opened.history, &figures, &w->err);
    }
    if (status == LS_OK && figures.samples == 0) {
        status = ls_fail(&w->err, LS_ERR_INVALID, "the history is empty: there is nothing to say");
    }
    if (status != LS_OK) {
        return status;
    }
    from_us = from_us > figures.first_us ? from_us : figures.first_us;
    to_us = to_us < figures.last_us + 1 ? to_us : figures.last_us + 1;
    const ls_snapshot_def def = {
        .plan = w->plan, .from_us = from_us, .to_us = to_us, .known_us = to_us};
    return ls_snapshot_make(w->opened.history, w->opened.tags, &def, &w->rows, NULL, &w->err);
}

// ---- row by row

static ls_status add_alarm(work *w, const alarm *one) {
    if (w->count == ALARMS_MAX) {
        return ls_fail(&w->err, LS_ERR_LIMIT, "more than %d alarms: ask for less", ALARMS_MAX);
    }
    if (w->count == w->room) {
        const size_t larger = w->room == 0 ? 64 : w->room * 2;
        alarm *moved = ls_realloc(w->alarms, larger * sizeof *moved);
        if (moved == NULL) {
            return no_memory(w);
        }
        w->alarms = moved;
        w->room = larger;
    }
    w->alarms[w->count++] = *one;
    return LS_OK;
}

static void put_row(work *w, size_t row, const ls_sentry_report *r) {
    char time[48];
    ls_time_print(w->rows.time_us[row], time, sizeof time);
    ls_buffer_printf(&w->out, "%s,%s,%.6g,%d,%d\n", time, w->rows.units[w->rows.unit[row]],
                     r->index, r->above, r->alarm);
}

static ls_status take(work *w, ls_sentry *sentry, size_t row, const ls_sentry_report *r,
                      size_t *open) {
    const int64_t now_us = w->rows.time_us[row];
    w->readings += r->ready;
    w->above += r->above;
    if (r->ready && ls_options_get(w->options, "csv")->given) {
        put_row(w, row, r);
    }
    if (r->begins) {
        alarm one = {.unit = w->rows.unit[row],
                     .since_us = now_us - (int64_t)(w->plan->monitor.row - 1) * w->plan->every_us,
                     .called_us = now_us,
                     .until_us = INT64_MAX};
        one.blamed = ls_sentry_blamed(sentry, one.blame, BLAMED);
        *open = w->count;
        const ls_status status = add_alarm(w, &one);
        if (status != LS_OK) {
            return status;
        }
    }
    if ((r->alarm || r->ends) && *open < w->count) {
        alarm *a = &w->alarms[*open];
        a->most = r->index > a->most ? r->index : a->most;
        a->until_us = r->ends ? now_us : INT64_MAX;
    }
    return LS_OK;
}

static ls_status watch(work *w, uint32_t unit) {
    const ls_sentry_def def = ls_sentry_def_of(w->plan);
    ls_sentry *sentry = NULL;
    int64_t last_us = INT64_MIN / 2;
    size_t open = SIZE_MAX;
    ls_status status = ls_sentry_create(w->monitor, &def, w->rows.columns, w->rows.column_count,
                                        &sentry, &w->err);
    for (size_t i = 0; i < w->rows.row_count && status == LS_OK; i++) {
        if (w->rows.unit[i] != unit) {
            continue;
        }
        if (w->rows.time_us[i] - last_us != w->plan->every_us) {
            ls_sentry_reset(sentry);
        }
        last_us = w->rows.time_us[i];
        const ls_sentry_report r = ls_sentry_step(sentry, ls_dataset_row(&w->rows, i));
        status = take(w, sentry, i, &r, &open);
    }
    ls_sentry_destroy(sentry);
    return status;
}

// ---- told

static json_t *alarm_json(const work *w, const alarm *a) {
    json_t *one = json_object(), *blame = json_array();
    for (uint32_t i = 0; i < a->blamed; i++) {
        const ls_sentry_blame *b = &a->blame[i];
        json_array_append_new(
            blame, json_pack("{s:s, s:o, s:o, s:o}", "feature", b->name, "contribution",
                             ls_json_number(b->contribution), "value", ls_json_number(b->value),
                             "mean", ls_json_number(b->mean)));
    }
    json_object_set_new(one, "unit", ls_json_text(w->rows.units[a->unit]));
    json_object_set_new(one, "since_us", json_integer(a->since_us));
    json_object_set_new(one, "called_us", json_integer(a->called_us));
    json_object_set_new(one, "until_us",
                        a->until_us != INT64_MAX ? json_integer(a->until_us) : json_null());
    json_object_set_new(one, "index", ls_json_number(a->most));
    json_object_set_new(one, "blame", blame);
    return one;
}

static void put_json(work *w) {
    json_t *object = json_object(), *list = json_array();
    for (size_t i = 0; i < w->count; i++) {
        json_array_append_new(list, alarm_json(w, &w->alarms[i]));
    }
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("model-alarms/1"));
    json_object_set_new(object, "model", ls_json_text(w->plan->name));
    json_object_set_new(object, "number", json_integer(w->number));
    json_object_set_new(object, "readings", json_integer((json_int_t)w->readings));
    json_object_set_new(object, "above", json_integer((json_int_t)w->above));
    json_object_set_new(object, "alarms", list);
    ls_json_print(object, &w->out);
}

static void put_people(work *w) {
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "unit", LS_ALIGN_LEFT);
    ls_table_column(&table, "since", LS_ALIGN_LEFT);
    ls_table_column(&table, "until", LS_ALIGN_LEFT);
    ls_table_column(&table, "at most", LS_ALIGN_RIGHT);
    ls_table_column(&table, "most to blame", LS_ALIGN_LEFT);
    for (size_t i = 0; i < w->count; i++) {
        const alarm *a = &w->alarms[i];
        char since[48], until[48] = "stands", blame[400] = "";
        size_t size = 0;
        ls_time_print(a->since_us, since, sizeof since);
        if (a->until_us != INT64_MAX) {
            ls_time_print(a->until_us, until, sizeof until);
        }
        for (uint32_t k = 0; k < a->blamed && k < SHOWN && size < sizeof blame; k++) {
            size += ls_text_format(blame + size, sizeof blame - size, "%s%s", k > 0 ? ", " : "",
                                   a->blame[k].name);
        }
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", w->rows.units[a->unit]);
        ls_table_cell(&table, 1, "%s", since);
        ls_table_cell(&table, 2, "%s", until);
        ls_table_cell(&table, 3, "%.3g", a->most);
        ls_table_cell(&table, 4, "%s", blame);
    }
    ls_buffer_printf(&w->out,
                     "model %s, version %u: %zu alarms; %llu of %llu rows above the limit\n",
                     w->plan->name, w->number, w->count, (unsigned long long)w->above,
                     (unsigned long long)w->readings);
    if (w->count > 0) {
        ls_buffer_text(&w->out, "\n");
        ls_table_print(&table, 2, &w->out);
    }
    ls_arena_clear(&arena);
}

static ls_status work_through(work *w) {
    const bool csv = ls_options_get(w->options, "csv")->given;
    ls_status status = ls_options_exclude(w->options, "csv", "json", &w->err);
    if (status == LS_OK && !w->plan->monitor.is) {
        status = ls_fail_at(&w->err, LS_ERR_INVALID, w->opened.file, w->plan->line, w->plan->column,
                            "model '%s' is no monitor: it says a value, not an alarm",
                            w->plan->name);
        ls_hint(&w->err, "'lineshaft model predict' says it");
    }
    if (status == LS_OK) {
        status = ls_model_monitor_load(&w->opened, w->options, &w->monitor, &w->number, &w->err);
    }
    if (status == LS_OK) {
        status = make_rows(w);
    }
    if (csv) {
        ls_buffer_text(&w->out, "time,unit,index,above,alarm\n");
    }
    for (uint32_t u = 0; status == LS_OK && u < w->rows.unit_count; u++) {
        status = watch(w, u);
    }
    if (status == LS_OK && ls_options_get(w->options, "json")->given) {
        put_json(w);
    } else if (status == LS_OK && !csv) {
        put_people(w);
    }
    return status;
}

static int run(const ls_options *options) {
    static work w;
    memset(&w, 0, sizeof w);
    ls_buffer_init(&w.out);
    w.options = options;
    int code = ls_model_open(options, true, true, &w.opened);
    if (code == LS_EXIT_DONE) {
        w.plan = w.opened.plan;
        code = work_through(&w) == LS_OK ? ls_output_print(&w.out) : ls_complain(&w.err);
    }
    ls_free(w.alarms);
    ls_monitor_destroy(w.monitor);
    ls_dataset_clear(&w.rows);
    ls_buffer_clear(&w.out);
    ls_model_close(&w.opened);
    return code;
}

const ls_cli_command ls_command_model_alarms = {
    .name = "model alarms",
    .arguments = "PLANT[:MODEL]",
    .least = 1,
    .most = 1,
    .about = "Says when a monitor would have called over a stretch of the history, and why",
    .example = "lineshaft model alarms plant.yaml:watch --from -7d",
    .examples =
        "lineshaft model alarms plant.yaml:watch --version 3 --json\n"
        "lineshaft model alarms plant.yaml:watch --csv\n",
    .detail =
        "Row after row as in service, from the beginning of the range; docs/MONITORS.md says what "
        "an\n"
        "index is and when an alarm begins and ends.\n",
    .tables = tables,
    .run = run,
};
