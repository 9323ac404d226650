// history_query.c - `lineshaft history query`: look at values: a plot, a table, CSV or JSON.
#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/put.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/complain.h"
#include "cli/history_export.h"
#include "cli/history_plot.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/table.h"

enum { TABLE_ROWS = 1000, PLOTS_MAX = 12, WIDTH_LEAST = 40, LABELS_WIDTH = 13 };

static const char *const resample_words[] = {"none", "first",         "last",  "mean", "min",
                                             "max",  "time-weighted", "count", NULL};

static const ls_option own_options[] = {
    {.name = "resample",
     .kind = LS_OPTION_CHOICE,
     .argument = "HOW",
     .choices = resample_words,
     .initial = "none",
     .about = "one value for each step: first, last, mean, min, max, time-weighted, count",
     .detail =
         "time-weighted: a value holds until the next one. Stale and bad values do not count"},
    {.name = "step",
     .kind = LS_OPTION_TIME,
     .argument = "TIME",
     .says = "1 min",
     .about = "the width of a step"},
    {.name = "most",
     .kind = LS_OPTION_COUNT,
     .argument = "COUNT",
     .least = 1,
     .most = INT64_MAX,
     .says = "1000 in a table, else all",
     .about = "stop after so many values"},
    {.name = "plot",
     .kind = LS_OPTION_FLAG,
     .about = "draw curves, also where stdout is no terminal"},
    {.name = "table", .kind = LS_OPTION_FLAG, .about = "the values, also on a terminal"},
    {.name = "csv", .kind = LS_OPTION_FLAG, .about = "the values as CSV"},
    {.name = "json", .kind = LS_OPTION_FLAG, .about = "the values as one JSON object"},
    {0},
};
static const ls_option *const tables[] = {own_options, ls_history_range_options,
                                          ls_history_place_options, NULL};

typedef struct query_run {
    ls_opened_history opened;
    ls_query query;
    ls_buffer out;
    uint64_t rows;
} query_run;

static int print_and_clear(query_run *run) {
    const int code = ls_output_print(&run->out);
    ls_buffer_clear(&run->out);
    return code;
}

// ---- curves

typedef struct plotting {
    ls_plot_column *columns;
    int count;
    int64_t from_us, to_us;
    bool any;
} plotting;

static bool take_number(void *context, const ls_sample *sample) {
    plotting *plot = context;
    double value = NAN;
    if (!ls_sample_number(sample, &value) || !isfinite(value) ||
        sample->quality > LS_QUALITY_UNCERTAIN) {
        return true;
    }
    const double share = ((double)sample->time_us - (double)plot->from_us) /
                         ((double)plot->to_us - (double)plot->from_us);
    int index = (int)(share * plot->count);
    index = index < 0 ? 0 : index >= plot->count ? plot->count - 1 : index;
    ls_plot_column *column = &plot->columns[index];
    column->min = fmin(column->min, value);
    column->max = fmax(column->max, value);
    plot->any = true;
    return !ls_interrupt_came();
}

typedef struct time_span {
    int64_t first_us, last_us;
    bool any;
} time_span;

static bool take_time(void *context, const ls_sample *sample) {
    time_span *span = context;
    span->first_us = !span->any || sample->time_us < span->first_us ? sample->time_us
                                                                    : span->first_us;
    span->last_us = !span->any || sample->time_us > span->last_us ? sample->time_us : span->last_us;
    span->any = true;
    return !ls_interrupt_came();
}

static int terminal_width(void) {
    struct winsize size = {0};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_LEAST ? size.ws_col
                                                                                      : 80;
}

static ls_status plot_tag(query_run *run, uint32_t tag, const time_span *span, ls_error *err) {
    const int count = 2 * (terminal_width() - LABELS_WIDTH);
    const ls_tag *about = ls_tags_get(run->opened.tags, tag);
    char title[LS_TAG_NAME_MAX + LS_TAG_UNIT_MAX + 16];
    plotting plot = {.count = count, .from_us = span->first_us, .to_us = span->last_us + 1};
    plot.columns = ls_alloc((size_t)count * sizeof *plot.columns);
    if (plot.columns == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a curve");
    }
    for (int i = 0; i < count; i++) {
        plot.columns[i] = (ls_plot_column){NAN, NAN};
    }
    ls_query query = run->query;
    query.patterns = &about->name;
    query.pattern_count = 1;
    query.most = 0;
    const ls_status status = ls_history_query(run->opened.history, &query, take_number, &plot, err);
    if (status == LS_OK && plot.any) {
        snprintf(title, sizeof title, "%s%s%s%s", about->name, about->unit[0] != '\0' ? " [" : "",
                 about->unit, about->unit[0] != '\0' ? "]" : "");
        ls_plot_draw(title, plot.columns, count, plot.from_us, span->last_us, &run->out);
        run->rows++;
    }
    ls_free(plot.columns);
    return status;
}

static bool is_wanted(const ls_query *query, const char *name) {
    bool wanted = query->pattern_count == 0;
    for (size_t i = 0; i < query->pattern_count && !wanted; i++) {
        wanted = ls_tags_match(query->patterns[i], name);
    }
    return wanted;
}

// One range of time for all curves: what is asked, or what is there.
static ls_status plot_all(query_run *run, ls_error *err) {
    time_span span = {0};
    ls_status status = ls_history_query(run->opened.history, &run->query, take_time, &span, err);
    span.first_us = run->query.from_us != INT64_MIN ? run->query.from_us : span.first_us;
    span.last_us = run->query.to_us != INT64_MAX ? run->query.to_us - 1 : span.last_us;
    uint32_t left = 0;
    for (uint32_t tag = 0; status == LS_OK && span.any && tag < ls_tags_count(run->opened.tags);
         tag++) {
        if (!is_wanted(&run->query, ls_tags_get(run->opened.tags, tag)->name)) {
            continue;
        }
        if (run->rows == PLOTS_MAX) {
            left++;
        } else {
            status = plot_tag(run, tag, &span, err);
        }
    }
    if (left > 0) {
        ls_note("%u more tags are not drawn: name fewer, or use --table", left);
    }
    return status;
}

// ---- a table

typedef struct listing {
    query_run *run;
    ls_table table;
    ls_arena arena;
    ls_buffer value;
} listing;

static bool list_sample(void *context, const ls_sample *sample) {
    listing *list = context;
    const ls_tag *tag = ls_tags_get(list->run->opened.tags, sample->tag);
    char time[48];
    ls_time_print(sample->time_us, time, sizeof time);
    list->value.size = 0;
    ls_value_print(sample, &list->value);
    ls_table_row(&list->table);
    ls_table_cell(&list->table, 0, "%s", tag->name);
    ls_table_cell(&list->table, 1, "%s", time);
    ls_table_cell(&list->table, 2, "%.*s", (int)list->value.size,
                  list->value.size > 0 ? list->value.data : "");
    ls_table_cell(&list->table, 3, "%s", tag->unit);
    ls_table_cell(
        &list->table, 4, "%s",
        sample->quality == LS_QUALITY_GOOD ? "" : ls_quality_name((ls_quality)sample->quality));
    list->run->rows++;
    return !ls_interrupt_came();
}

static ls_status list_all(query_run *run, ls_error *err) {
    listing list = {.run = run};
    ls_query query = run->query;
    const uint64_t most = query.most > 0 ? query.most : TABLE_ROWS;
    query.most = query.most > 0 ? query.most : TABLE_ROWS + 1;
    ls_arena_init(&list.arena);
    ls_buffer_init(&list.value);
    ls_table_init(&list.table, &list.arena);
    ls_table_column(&list.table, "tag", LS_ALIGN_LEFT);
    ls_table_column(&list.table, "time", LS_ALIGN_LEFT);
    ls_table_column(&list.table, "value", LS_ALIGN_RIGHT);
    ls_table_column(&list.table, "unit", LS_ALIGN_LEFT);
    ls_table_column(&list.table, "quality", LS_ALIGN_LEFT);
    const ls_status status = ls_history_query(run->opened.history, &query, list_sample, &list, err);
    if (status == LS_OK && run->rows > 0) {
        ls_table_print(&list.table, 0, &run->out);
    }
    if (run->rows > most) {
        ls_note(
            "there are more than %d values: --most shows more, --resample fewer, 'history "
            "export' all",
            TABLE_ROWS);
    }
    ls_buffer_clear(&list.value);
    ls_arena_clear(&list.arena);
    return status;
}

// ---- for programs

typedef struct json_rows {
    query_run *run;
    uint32_t tag;
    bool begun;
} json_rows;

static bool put_json_row(void *context, const ls_sample *sample) {
    json_rows *rows = context;
    ls_buffer *out = &rows->run->out;
    if (!rows->begun || rows->tag != sample->tag) {
        const ls_tag *tag = ls_tags_get(rows->run->opened.tags, sample->tag);
        ls_buffer_text(out, rows->begun ? "\n  ]},\n" : "");
        ls_buffer_text(out, "  {\"tag\": ");
        ls_put_json_text(out, tag->name, strlen(tag->name));
        ls_buffer_text(out, ", \"unit\": ");
        ls_put_json_text(out, tag->unit, strlen(tag->unit));
        ls_buffer_text(out, ", \"samples\": [\n");
    } else {
        ls_buffer_text(out, ",\n");
    }
    rows->begun = true;
    rows->tag = sample->tag;
    ls_buffer_printf(out, "   [%" PRId64 ", ", sample->time_us);
    ls_export_json_value(out, sample);
    ls_buffer_printf(out, ", \"%s\"]", ls_quality_name((ls_quality)sample->quality));
    rows->run->rows++;
    return !out->failed && !ls_interrupt_came();
}

// {"lineshaft": "history query", "version": 1, "tags": [{"tag", "unit", "samples": [[time, value,
// quality]]}]}; times in microseconds since 1970.
static ls_status put_json(query_run *run, ls_error *err) {
    json_rows rows = {.run = run};
    ls_buffer_text(&run->out, "{\"lineshaft\": \"history query\", \"version\": 1, \"tags\": [\n");
    const ls_status status = ls_history_query(run->opened.history, &run->query, put_json_row, &rows,
                                              err);
    ls_buffer_text(&run->out, rows.begun ? "\n  ]}\n]}\n" : "]}\n");
    return status;
}

static bool put_csv_row(void *context, const ls_sample *sample) {
    query_run *run = context;
    const char *name = ls_tags_get(run->opened.tags, sample->tag)->name;
    char time[48];
    ls_time_print(sample->time_us, time, sizeof time);
    ls_csv_put(&run->out, name, strlen(name));
    ls_buffer_printf(&run->out, ",%s,", time);
    if (sample->kind == LS_VALUE_TEXT) {
        ls_csv_put(&run->out, sample->value.text, sample->size);
    } else {
        ls_value_print(sample, &run->out);
    }
    ls_buffer_printf(&run->out, ",%s\n", ls_quality_name((ls_quality)sample->quality));
    run->rows++;
    return !run->out.failed && !ls_interrupt_came();
}

static ls_status put_csv(query_run *run, ls_error *err) {
    ls_buffer_text(&run->out, "tag,time,value,quality\n");
    return ls_history_query(run->opened.history, &run->query, put_csv_row, run, err);
}

// ---- the command

static ls_status answer(query_run *run, const ls_options *options, ls_error *err) {
    if (ls_options_get(options, "json")->given) {
        return put_json(run, err);
    }
    if (ls_options_get(options, "csv")->given) {
        return put_csv(run, err);
    }
    const bool plot = ls_options_get(options, "plot")->given ||
                      (isatty(STDOUT_FILENO) && !ls_options_get(options, "table")->given);
    return plot ? plot_all(run, err) : list_all(run, err);
}

static ls_status define(const ls_options *options, ls_query *query, ls_error *err) {
    static const char *const forms[] = {"json", "csv", "plot", "table"};
    for (int i = 0; i < 4; i++) {
        for (int k = i + 1; k < 4; k++) {
            const ls_status status = ls_options_exclude(options, forms[i], forms[k], err);
            if (status != LS_OK) {
                return status;
            }
        }
    }
    const ls_option_value *step = ls_options_get(options, "step");
    const ls_option_value *most = ls_options_get(options, "most");
    *query = (ls_query){.patterns = (const char *const *)options->arguments + 1,
                        .pattern_count = (size_t)options->argument_count - 1,
                        .resample = (ls_resample)ls_options_get(options, "resample")->number,
                        .step_us = step->given ? step->number : 60000000,
                        .most = most->given ? (uint64_t)most->number : 0};
    if (step->given && step->number <= 0) {
        return ls_fail(err, LS_ERR_INVALID, "option '--step': it must be above 0");
    }
    if (step->given && query->resample == LS_RESAMPLE_NONE) {
        ls_fail(err, LS_ERR_INVALID, "'--step' needs '--resample'");
        ls_hint(err, "as in --resample mean --step 1min");
        return LS_ERR_INVALID;
    }
    return ls_history_parse_range(options, &query->from_us, &query->to_us, err);
}

// Windows are counted from a round time: the first sample's window begins where a step begins.
static ls_status align(query_run *run, ls_error *err) {
    if (run->query.resample == LS_RESAMPLE_NONE || run->query.from_us != INT64_MIN) {
        return LS_OK;
    }
    ls_history_figures figures;
    const ls_status status = ls_history_describe(run->opened.history, &figures, err);
    const int64_t step_us = run->query.step_us;
    const int64_t rest_us = (figures.first_us % step_us + step_us) % step_us;
    if (status == LS_OK && figures.first_us > INT64_MIN + rest_us) {
        run->query.from_us = figures.first_us - rest_us;
    }
    return status;
}

// `-1d` is before now; a line that is played or recorded lives in another time.
static void say_what_there_is(ls_history *history, const char *place) {
    ls_history_figures figures;
    char first[48], last[48];
    if (ls_history_describe(history, &figures, NULL) == LS_OK && figures.samples > 0) {
        ls_units_print_date(figures.first_us, first, sizeof first);
        ls_units_print_date(figures.last_us, last, sizeof last);
        ls_note("no such values; there are %llu from %s to %s", (unsigned long long)figures.samples,
                first, last);
    }
    ls_note("'lineshaft history stats %s --tags' shows what there is", place);
}

static int run(const ls_options *options) {
    ls_error err = {0};
    query_run run = {0};
    if (define(options, &run.query, &err) != LS_OK) {
        return ls_complain_usage(&err, "history query");
    }
    if (ls_history_open_argument(options, true, &run.opened, &err) != LS_OK) {
        return ls_complain(&err);
    }
    ls_interrupt_watch();
    ls_buffer_init(&run.out);
    ls_status status = align(&run, &err);
    if (status == LS_OK) {
        status = answer(&run, options, &err);
    }
    int code = print_and_clear(&run);
    if (status != LS_OK) {
        code = ls_complain(&err);
    } else if (ls_interrupt_came()) {
        code = LS_EXIT_STOPPED;
    } else if (run.rows == 0 && code == LS_EXIT_DONE) {
        say_what_there_is(run.opened.history, options->arguments[0]);
        code = LS_EXIT_NO;
    }
    return ls_history_close_argument(&run.opened, code);
}

const ls_cli_command ls_command_history_query = {
    .name = "history query",
    .arguments = "HISTORY [TAG...]",
    .least = 1,
    .most = 1000,
    .about = "Shows values of a history: as curves on a terminal, as a table, CSV or JSON",
    .example = "lineshaft history query plant-data 'gearbox/**' --from -1h",
    .examples =
        "lineshaft history query plant-data gearbox/grind-1/speed --from -1d --resample "
        "mean --step 1min\n"
        "lineshaft history query plant-data '**/State' --from 2026-01-05 --to 2026-01-06 "
        "--table\n"
        "lineshaft history query postgresql://lineshaft@db/plant --login db.secret "
        "'press/*' --csv\n",
    .detail =
        "TAG is a name or a pattern: '*' stands for anything but '/', '**' for anything, '?' "
        "for one character.\n"
        "Where there are no values the exit code is 1.\n",
    .tables = tables,
    .run = run,
};
