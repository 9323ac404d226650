// report_text.c - totals and classes of a run, for people; and the choice of the format.
#include <math.h>
#include <string.h>

#include "base/units.h"
#include "cli/complain.h"
#include "cli/estimate.h"
#include "cli/output.h"
#include "cli/report.h"

typedef enum figure_kind { KIND_PLAIN, KIND_TIME, KIND_SHARE } figure_kind;

// One figure of the totals. optional: only where it is not zero.
typedef struct total_line {
    ls_figure figure;
    const char *label, *unit;
    figure_kind kind;
    bool optional;
} total_line;

static const total_line total_lines[] = {
    {LS_FIG_THROUGHPUT, "throughput", "lots/day", KIND_PLAIN, false},
    {LS_FIG_DONE, "done", "lots", KIND_PLAIN, false},
    {LS_FIG_RELEASED, "released", "lots", KIND_PLAIN, false},
    {LS_FIG_SCRAPPED, "scrapped", "lots", KIND_PLAIN, true},
    {LS_FIG_LOST, "lost for want of room", "lots", KIND_PLAIN, true},
    {LS_FIG_REWORKED, "reworks", "", KIND_PLAIN, true},
    {LS_FIG_LIMITS_MISSED, "queue-time limits missed", "", KIND_PLAIN, true},
    {LS_FIG_WIP, "in the plant", "lots", KIND_PLAIN, false},
    {LS_FIG_OUTSIDE, "of it outside, put off", "lots", KIND_PLAIN, true},
    {LS_FIG_OUTSIDE_WAIT, "wait outside, mean", NULL, KIND_TIME, true},
    {LS_FIG_CYCLE_MEAN, "cycle time, mean", NULL, KIND_TIME, false},
    {LS_FIG_CYCLE_P50, "cycle time, median", NULL, KIND_TIME, false},
    {LS_FIG_CYCLE_P90, "cycle time, 90 %", NULL, KIND_TIME, false},
    {LS_FIG_CYCLE_P99, "cycle time, 99 %", NULL, KIND_TIME, false},
    {LS_FIG_X_FACTOR, "x-factor", "raw process times", KIND_PLAIN, false},
    {LS_FIG_ON_TIME, "on time", "%", KIND_SHARE, true},
    {LS_FIG_TARDINESS, "late by, mean", NULL, KIND_TIME, true},
};

ls_report ls_report_make(const ls_session *session, const ls_run_def *def,
                         const ls_twin_result *result, bool stopped, int64_t stations_shown) {
    return (ls_report){
        .session = session,
        .result = result,
        .facts = ls_twin_result_facts(result),
        .reps_planned = def->until_ci > 0.0 ? def->reps_max : def->reps,
        .until_ci = def->until_ci,
        .watched = def->watched,
        .stopped = stopped,
        .stations_shown = stations_shown,
    };
}

static ls_estimate total_of(const ls_report *report, ls_figure figure) {
    return ls_twin_result_class(report->result, report->session->info.classes, figure);
}

static void put_heading(const ls_report *report, ls_buffer *out) {
    const ls_twin_facts *facts = &report->facts;
    char measured[LS_ESTIMATE_SIZE], warmup[LS_ESTIMATE_SIZE];
    if (facts->partial) {
        ls_units_show_time((double)facts->for_us, measured, sizeof measured);
    } else {
        ls_units_print_time(facts->for_us, measured, sizeof measured);
    }
    ls_units_show_time((double)facts->warmup_us, warmup, sizeof warmup);
    ls_buffer_printf(out, "%s: %s", report->session->info.name, measured);
    if (facts->warmup_us > 0) {
        ls_buffer_printf(out, " after a warm-up of %s%s", warmup,
                         facts->warmup_automatic ? " (found by MSER-5)" : "");
    } else if (facts->warmup_automatic) {
        ls_buffer_text(out, " without a warm-up (none needed, by MSER-5)");
    }
    ls_buffer_printf(out, ", %lld replication%s, seed %llu\n", (long long)facts->reps,
                     facts->reps == 1 ? "" : "s", (unsigned long long)facts->seed);
    if (facts->partial) {
        ls_buffer_text(out,
                       "Stopped within the first replication: this is what it says up to then.\n");
    } else if (report->stopped) {
        ls_buffer_printf(out, "Stopped: this is what %lld of %lld replications say.\n",
                         (long long)facts->reps, (long long)report->reps_planned);
    }
    if (report->until_ci > 0.0 && !report->stopped) {
        ls_buffer_printf(out, "The interval of %s is %s %g %% of the mean.\n",
                         ls_figure_describe(report->watched).name,
                         facts->reached_ci ? "within" : "still wider than",
                         100.0 * report->until_ci);
    }
    if (facts->warmup_automatic && !facts->warmup_reliable) {
        ls_buffer_text(out,
                       "The pilot runs were too short to be sure of the warm-up: look at a "
                       "longer --warmup as well.\n");
    }
    ls_buffer_printf(out, "± is the half width of the %g %% interval%s.\n", 100.0 * facts->level,
                     facts->batch_means ? ", from batch means of one replication" : "");
}

// Cycle times share a unit, so that they can be compared at a glance.
static void show(const ls_report *report, const total_line *line, ls_estimate estimate, char *value,
                 const char **unit) {
    if (line->kind == KIND_TIME) {
        const bool cycle = line->figure >= LS_FIG_CYCLE_MEAN && line->figure <= LS_FIG_CYCLE_MAX;
        const ls_time_scale time = ls_time_scale_for(
            cycle ? total_of(report, LS_FIG_CYCLE_MEAN).mean : estimate.mean);
        *unit = time.unit;
        ls_estimate_show(estimate, time.scale, value, LS_ESTIMATE_SIZE);
    } else {
        *unit = line->unit;
        ls_estimate_show(estimate, line->kind == KIND_SHARE ? 100.0 : 1.0, value, LS_ESTIMATE_SIZE);
    }
}

static void put_totals(const ls_report *report, ls_arena *arena, ls_buffer *out) {
    ls_table table;
    ls_table_init(&table, arena);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    ls_table_column(&table, "", LS_ALIGN_RIGHT);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    for (size_t i = 0; i < sizeof total_lines / sizeof total_lines[0]; i++) {
        const total_line *line = &total_lines[i];
        const ls_estimate estimate = total_of(report, line->figure);
        if (line->optional && !(estimate.mean > 0.0)) {
            continue;
        }
        char value[LS_ESTIMATE_SIZE];
        const char *unit = NULL;
        show(report, line, estimate, value, &unit);
        ls_table_row(&table);
        ls_table_cell(&table, 0, "%s", line->label);
        ls_table_cell(&table, 1, "%s", value);
        ls_table_cell(&table, 2, "%s", unit);
    }
    ls_buffer_text(out, "\n");
    ls_table_print(&table, 0, out);
}

static double largest_mean(const ls_report *report, ls_figure figure) {
    double largest = 0.0;
    for (uint32_t c = 0; c < report->session->info.classes; c++) {
        largest = fmax(largest, ls_twin_result_class(report->result, c, figure).mean);
    }
    return largest;
}

// One column per figure, with a unit for all rows.
typedef struct class_column {
    ls_figure figure;
    const char *header;
    figure_kind kind;
    bool interval;
} class_column;

static const class_column class_columns[] = {
    {LS_FIG_DONE, "done", KIND_PLAIN, false},
    {LS_FIG_THROUGHPUT, "lots/day", KIND_PLAIN, true},
    {LS_FIG_WIP, "in plant", KIND_PLAIN, false},
    {LS_FIG_CYCLE_MEAN, "cycle time", KIND_TIME, true},
    {LS_FIG_CYCLE_P50, "median", KIND_TIME, false},
    {LS_FIG_CYCLE_P90, "90 %", KIND_TIME, false},
    {LS_FIG_CYCLE_P99, "99 %", KIND_TIME, false},
    {LS_FIG_X_FACTOR, "x-factor", KIND_PLAIN, false},
    {LS_FIG_ON_TIME, "on time %", KIND_SHARE, false},
};
enum { CLASS_COLUMN_COUNT = sizeof class_columns / sizeof class_columns[0] };

static void put_class(const ls_report *report, uint32_t c, double time_scale, ls_table *table) {
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", ls_twin_class_name(report->session->twin, c));
    for (int i = 0; i < CLASS_COLUMN_COUNT; i++) {
        const class_column *column = &class_columns[i];
        const ls_estimate estimate = ls_twin_result_class(report->result, c, column->figure);
        const double scale = column->kind == KIND_TIME ? time_scale
                                                       : (column->kind == KIND_SHARE ? 100.0 : 1.0);
        char value[LS_ESTIMATE_SIZE];
        if (column->interval) {
            ls_estimate_show(estimate, scale, value, sizeof value);
        } else {
            ls_estimate_show_mean(estimate, scale, value, sizeof value);
        }
        ls_table_cell(table, i + 1, "%s", value);
    }
}

static void put_classes(const ls_report *report, ls_arena *arena, ls_buffer *out) {
    const uint32_t count = report->session->info.classes;
    if (count < 2) {
        return;
    }
    const ls_time_scale time = ls_time_scale_for(largest_mean(report, LS_FIG_CYCLE_MEAN));
    char cycle[LS_ESTIMATE_SIZE];
    ls_text_format(cycle, sizeof cycle, "cycle time %s", time.unit);
    ls_table table;
    ls_table_init(&table, arena);
    ls_table_column(&table, "class", LS_ALIGN_LEFT);
    for (int i = 0; i < CLASS_COLUMN_COUNT; i++) {
        const bool is_cycle = class_columns[i].figure == LS_FIG_CYCLE_MEAN;
        ls_table_column(&table, is_cycle ? cycle : class_columns[i].header, LS_ALIGN_RIGHT);
    }
    for (uint32_t c = 0; c < count; c++) {
        put_class(report, c, time.scale, &table);
    }
    ls_buffer_text(out, "\n");
    ls_table_print(&table, 0, out);
}

void ls_report_text(const ls_report *report, ls_buffer *out) {
    ls_arena arena;
    ls_arena_init(&arena);
    put_heading(report, out);
    put_totals(report, &arena, out);
    put_classes(report, &arena, out);
    ls_report_stations(report, &arena, out);
    ls_buffer_printf(out, "\nhash %016llx\n", (unsigned long long)report->facts.hash);
    ls_arena_clear(&arena);
}

int ls_report_deliver(const ls_report *report, const ls_options *options) {
    ls_buffer out;
    ls_buffer_init(&out);
    if (ls_options_get(options, "json")->given) {
        ls_report_json(report, &out);
    } else if (ls_options_get(options, "csv")->given) {
        ls_report_csv(report, &out);
    } else {
        ls_report_text(report, &out);
    }
    const int code = ls_output_deliver(options, &out);
    ls_buffer_clear(&out);
    return code;
}
