// process_run.c - `lineshaft process run`: a process plant, faster than life, as a table or as
// rows.
#include <math.h>
#include <string.h>

#include "ls_build.h"

#include "base/put.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/process_options.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "process/measure.h"
#include "process/tags.h"

enum { SHOWN = LS_TE_MEASURED + LS_TE_VALVES, ROWS_MAX = 10000000, PROGRESS_EVERY_S = 10000 };

static const ls_option own_options[] = {
    {.name = "for",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "48h",
     .about = "how long it runs"},
    {.name = "every",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .initial = "3min",
     .about = "how often it is looked at, whole seconds; for the table and for --csv"},
    {.name = "start",
     .kind = LS_OPTION_TEXT,
     .argument = "DATE",
     .initial = "2026-01-05",
     .about = "when the run begins, for the times of --csv"},
    {.name = "csv", .kind = LS_OPTION_FLAG, .about = "rows: time, XMEAS 1 to 41, XMV 1 to 12"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the result as one JSON object"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_process_options, ls_output_options, NULL};

// What was seen of one number.
typedef struct seen {
    double mean, squares, least, most, last;
} seen;

typedef struct job {
    ls_process_def def;
    int64_t seconds, every_s, start_us;
    ls_te_state state;
    int64_t looks;
    int64_t tripped_s;  // -1: it has not shut down
    seen seen[SHOWN];
    bool stopped, csv;
    ls_progress progress;
    ls_buffer out;
} job;

static double shown(const ls_te_state *state, int i) {
    return i < LS_TE_MEASURED ? state->measured[i] : state->command_percent[i - LS_TE_MEASURED];
}
static const ls_te_tag *tag(int i) {
    return i < LS_TE_MEASURED ? &ls_te_measurements[i] : &ls_te_valves[i - LS_TE_MEASURED];
}

// --- what was asked

static ls_status parse(job *j, const ls_options *options, ls_error *err) {
    const int64_t for_us = ls_options_get(options, "for")->number;
    const int64_t every_us = ls_options_get(options, "every")->number;
    ls_status status = ls_process_define(options, &j->def, err);
    if (status == LS_OK) {
        status = ls_options_exclude(options, "csv", "json", err);
    }
    if (status == LS_OK && (every_us < LS_US_PER_S || every_us % LS_US_PER_S != 0)) {
        status = ls_fail(err, LS_ERR_INVALID,
                         "option '--every': '%s' is no whole number of seconds",
                         ls_options_get(options, "every")->text);
    }
    if (status == LS_OK && (for_us < every_us || for_us / every_us > ROWS_MAX)) {
        status = ls_fail(err, LS_ERR_INVALID,
                         "option '--for': '%s' is not between one and %d times --every",
                         ls_options_get(options, "for")->text, ROWS_MAX);
    }
    if (status == LS_OK) {
        status = ls_units_date(ls_options_get(options, "start")->text, &j->start_us, err);
    }
    j->seconds = for_us / LS_US_PER_S;
    j->every_s = every_us / LS_US_PER_S;
    j->csv = ls_options_get(options, "csv")->given;
    return status;
}

// --- running

static void put_head(ls_buffer *out) {
    ls_buffer_text(out, "time");
    for (int i = 0; i < SHOWN; i++) {
        ls_buffer_printf(out, ",%s", tag(i)->name);
    }
    ls_buffer_text(out, "\n");
}

static void put_row(job *j) {
    char text[48];
    ls_units_print_date(j->start_us + (j->state.steps + 1) * LS_US_PER_S, text, sizeof text);
    ls_buffer_text(&j->out, text);
    for (int i = 0; i < SHOWN; i++) {
        ls_buffer_text(&j->out, ",");
        ls_put_number(&j->out, shown(&j->state, i));
    }
    ls_buffer_text(&j->out, "\n");
}

static void look(job *j) {
    j->looks++;
    for (int i = 0; i < SHOWN; i++) {
        const double value = shown(&j->state, i);
        seen *s = &j->seen[i];
        const double away = value - s->mean;
        s->mean += away / (double)j->looks;
        s->squares += away * (value - s->mean);
        s->least = j->looks == 1 || value < s->least ? value : s->least;
        s->most = j->looks == 1 || value > s->most ? value : s->most;
        s->last = value;
    }
}

// Every few hours of the plant, some milliseconds: is it to go on, and how far is it?
static void tell_progress(job *j) {
    const ls_twin_progress now = {.share = (double)j->state.steps / (double)j->seconds,
                                  .events = (uint64_t)j->state.steps,
                                  .replications_planned = 1};
    ls_progress_update(&j->progress, &now);
    j->stopped = ls_interrupt_came() || j->out.failed;
}

// A row is taken between the controllers and the step, as the recorded sets have it.
static void play(job *j) {
    ls_te_start(&j->state, j->def.seed);
    j->tripped_s = -1;
    if (j->csv) {
        put_head(&j->out);
    }
    while (j->state.steps < j->seconds && !j->stopped) {
        ls_process_disturb(&j->def, &j->state);
        ls_te_control_now(&j->state);
        if ((j->state.steps + 1) % j->every_s == 0) {
            look(j);
            if (j->csv) {
                put_row(j);
            }
        }
        ls_te_integrate(&j->state);
        if (j->tripped_s < 0 && j->state.trip != LS_TE_RUNS) {
            j->tripped_s = j->state.steps;
        }
        if (j->state.steps % PROGRESS_EVERY_S == 0) {
            tell_progress(j);
        }
    }
}

// --- telling

static double deviation(const job *j, int i) {
    return j->looks > 1 ? sqrt(j->seen[i].squares / (double)(j->looks - 1)) : 0.0;
}

static void put_table(const job *j, ls_buffer *out) {
    char text[48];
    ls_arena arena;
    ls_table table;
    ls_arena_init(&arena);
    ls_table_init(&table, &arena);
    ls_table_column(&table, "tag", LS_ALIGN_LEFT);
    ls_table_column(&table, "what", LS_ALIGN_LEFT);
    ls_table_column(&table, "unit", LS_ALIGN_LEFT);
    const char *const heads[] = {"mean", "deviation", "least", "most", "last"};
    for (int i = 0; i < 5; i++) {
        ls_table_column(&table, heads[i], LS_ALIGN_RIGHT);
    }
    for (int i = 0; i < SHOWN; i++) {
        const seen *s = &j->seen[i];
        const double numbers[] = {s->mean, deviation(j, i), s->least, s->most, s->last};
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", tag(i)->name);
        ls_table_cell(&table, 1, "%s", tag(i)->what);
        ls_table_cell(&table, 2, "%s", tag(i)->unit);
        for (int k = 0; k < 5; k++) {
            ls_table_cell(&table, 3 + k, "%.5g", numbers[k]);
        }
    }
    ls_units_show_time((double)(j->state.steps * LS_US_PER_S), text, sizeof text);
    ls_buffer_printf(out, "Tennessee Eastman process, %s, seed %lld\n", text,
                     (long long)j->def.seed);
    ls_process_tell(&j->def, out);
    if (j->tripped_s >= 0) {
        ls_units_show_time((double)(j->tripped_s * LS_US_PER_S), text, sizeof text);
        ls_buffer_printf(out, "shut down after %s: %s\n", text,
                         ls_te_trip_text((ls_te_trip)j->state.trip));
    }
    ls_buffer_text(out, "\n");
    ls_table_print(&table, 0, out);
    ls_arena_clear(&arena);
}

static json_t *numbers_json(const job *j, int from, int end) {
    json_t *list = json_array();
    for (int i = from; i < end; i++) {
        const seen *s = &j->seen[i];
        json_t *item = json_object();
        json_object_set_new(item, "tag", json_string(tag(i)->name));
        json_object_set_new(item, "what", json_string(tag(i)->what));
        json_object_set_new(item, "unit", json_string(tag(i)->unit));
        json_object_set_new(item, "mean", ls_json_number(s->mean));
        json_object_set_new(item, "deviation", ls_json_number(deviation(j, i)));
        json_object_set_new(item, "least", ls_json_number(s->least));
        json_object_set_new(item, "most", ls_json_number(s->most));
        json_object_set_new(item, "last", ls_json_number(s->last));
        json_array_append_new(list, item);
    }
    return list;
}

static void put_json(const job *j, ls_buffer *out) {
    json_t *object = json_object();
    json_object_set_new(object, "lineshaft", json_string(LS_VERSION));
    json_object_set_new(object, "format", json_string("process-run/1"));
    json_object_set_new(object, "process", json_string("tennessee-eastman"));
    json_object_set_new(object, "seed", json_integer(j->def.seed));
    json_object_set_new(object, "seconds", json_integer(j->state.steps));
    json_object_set_new(object, "looks", json_integer(j->looks));
    json_object_set_new(object, "idv", json_integer(j->def.idv));
    json_object_set_new(object, "idv_from_s", json_integer(j->def.from_s));
    json_object_set_new(object, "shut_down_s",
                        j->tripped_s < 0 ? json_null() : json_integer(j->tripped_s));
    json_object_set_new(
        object, "shut_down_by",
        j->tripped_s < 0 ? json_null() : json_string(ls_te_trip_text((ls_te_trip)j->state.trip)));
    json_object_set_new(object, "measurements", numbers_json(j, 0, LS_TE_MEASURED));
    json_object_set_new(object, "valves", numbers_json(j, LS_TE_MEASURED, SHOWN));
    ls_json_print(object, out);
}

static int run(const ls_options *options) {
    ls_error err = {0};
    job j;
    memset(&j, 0, sizeof j);
    if (parse(&j, options, &err) != LS_OK) {
        return ls_complain_usage(&err, ls_command_process_run.name);
    }
    if (ls_output_check_option(options, &err) != LS_OK) {
        return ls_output_complain(&err);
    }
    ls_interrupt_watch();
    ls_buffer_init(&j.out);
    ls_progress_init(&j.progress);
    play(&j);
    ls_progress_finish(&j.progress, (uint64_t)j.state.steps);
    if (ls_options_get(options, "json")->given) {
        put_json(&j, &j.out);
    } else if (!j.csv) {
        put_table(&j, &j.out);
    }
    int code = ls_output_deliver(options, &j.out);
    if (code == LS_EXIT_DONE && ls_interrupt_came()) {
        ls_note("stopped after %lld s of the process", (long long)j.state.steps);
        code = LS_EXIT_STOPPED;
    }
    ls_buffer_clear(&j.out);
    return code;
}

const ls_cli_command ls_command_process_run = {
    .name = "process run",
    .arguments = "",
    .least = 0,
    .most = 0,
    .about = "Runs the Tennessee Eastman process, closed loop, and says what its instruments show.",
    .example = "lineshaft process run --idv 4 --from 8h",
    .examples =
        "lineshaft process run --for 48h --seed 2994833239 --idv 1 --csv -o d01_te.csv\n"
        "lineshaft process run --for 24h --set 18=121.5 --from 1h\n"
        "lineshaft process run --for 1000h --every 1h --json\n",
    .detail =
        "A chemical plant of 50 states in steps of a second, with 41 measurements, 12 valves and "
        "the "
        "published decentralised control (docs/PROCESS.md). The same seed and options give the "
        "same "
        "bytes; the recorded data sets come out with their own seeds. A plant that has shut down "
        "stands still until the end of the run. The file of --csv is one that `history import` "
        "takes.\n",
    .tables = tables,
    .run = run,
};
