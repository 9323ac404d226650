// report_stations.c - the stations of a run: what their machines did, and which one holds the rest
// back.
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "cli/estimate.h"
#include "cli/report.h"

// How the machines' time is drawn, in this order.
typedef struct machine_share {
    ls_figure figure;
    char letter;
    const char *label;
    bool used;  // what a machine on shift cannot do more of
} machine_share;

static const machine_share shares[] = {
    {LS_FIG_PROCESSING, '#', "processing", true},
    {LS_FIG_SETUP, 's', "setup", true},
    {LS_FIG_DOWN, 'd', "down", true},
    {LS_FIG_MAINTENANCE, 'm', "maintenance", true},
    {LS_FIG_BLOCKED, 'b', "blocked", false},
    {LS_FIG_OPERATOR, 'o', "waits for an operator", false},
    {LS_FIG_STARVED, '.', "no work", false},
    {LS_FIG_OFF, ' ', "off shift", false},
};
enum { SHARE_COUNT = sizeof shares / sizeof shares[0], BAR_WIDTH = 30 };

typedef struct station_row {
    uint32_t index;
    ls_estimate used;  // share of the time on shift
} station_row;

// Of one replication; NaN when the machines were never on shift.
static double used_of(const ls_report *report, uint32_t index, int64_t replication) {
    double used = 0.0;
    for (int i = 0; i < SHARE_COUNT; i++) {
        if (shares[i].used) {
            used += ls_twin_result_value(report->result, true, index, shares[i].figure,
                                         replication);
        }
    }
    const double off = ls_twin_result_value(report->result, true, index, LS_FIG_OFF, replication);
    return off < 1.0 ? used / (1.0 - off) : NAN;
}

static ls_estimate estimate_used(const ls_report *report, uint32_t index, double *values) {
    size_t count = 0;
    for (int64_t r = 0; r < report->facts.reps; r++) {
        const double used = used_of(report, index, r);
        if (!isnan(used)) {
            values[count++] = used;
        }
    }
    if (count == 0) {
        return (ls_estimate){.mean = NAN, .half_width = NAN};
    }
    const ls_interval interval = ls_stat_interval(values, count, report->facts.level);
    return (ls_estimate){interval.mean, interval.half_width, interval.count};
}

static int compare_used(const void *a, const void *b) {
    const station_row *x = a, *y = b;
    const double used_x = isnan(x->used.mean) ? -1.0 : x->used.mean;
    const double used_y = isnan(y->used.mean) ? -1.0 : y->used.mean;
    if (used_x != used_y) {
        return used_x > used_y ? -1 : 1;
    }
    return x->index < y->index ? -1 : 1;
}

// Every share gets its whole letters; a bar that is too short by rounding gets more of what lost
// most.
static void draw_bar(const ls_report *report, uint32_t index, char *bar) {
    int letters[SHARE_COUNT];
    double rests[SHARE_COUNT];
    int length = 0;
    for (int i = 0; i < SHARE_COUNT; i++) {
        const double mean = ls_twin_result_station(report->result, index, shares[i].figure).mean;
        const double exact = fmin(fmax(isnan(mean) ? 0.0 : mean, 0.0), 1.0) * BAR_WIDTH;
        letters[i] = (int)floor(exact);
        rests[i] = exact - floor(exact);
        length += letters[i];
    }
    for (; length < BAR_WIDTH; length++) {
        int most = 0;
        for (int i = 1; i < SHARE_COUNT; i++) {
            most = rests[i] > rests[most] ? i : most;
        }
        letters[most]++;
        rests[most] = 0.0;
    }
    int at = 0;
    for (int i = 0; i < SHARE_COUNT; i++) {
        for (int k = 0; k < letters[i] && at < BAR_WIDTH; k++) {
            bar[at++] = shares[i].letter;
        }
    }
    bar[at] = '\0';
}

static void put_station(const ls_report *report, const station_row *station, double time_scale,
                        ls_table *table) {
    char used[LS_ESTIMATE_SIZE], queue[LS_ESTIMATE_SIZE], wait[LS_ESTIMATE_SIZE];
    char oee[LS_ESTIMATE_SIZE], lots[LS_ESTIMATE_SIZE], bar[BAR_WIDTH + 1];
    const ls_twin_result *result = report->result;
    ls_estimate_show(station->used, 100.0, used, sizeof used);
    ls_estimate_show(ls_twin_result_station(result, station->index, LS_FIG_QUEUE), 1.0, queue,
                     sizeof queue);
    ls_estimate_show_mean(ls_twin_result_station(result, station->index, LS_FIG_QUEUE_WAIT),
                          time_scale, wait, sizeof wait);
    ls_estimate_show_mean(ls_twin_result_station(result, station->index, LS_FIG_OEE), 100.0, oee,
                          sizeof oee);
    ls_estimate_show_mean(ls_twin_result_station(result, station->index, LS_FIG_LOTS), 1.0, lots,
                          sizeof lots);
    draw_bar(report, station->index, bar);
    ls_table_row(table);
    ls_table_cell(table, 0, "%s", ls_twin_station_name(report->session->twin, station->index));
    ls_table_cell(table, 1, "%s", used);
    ls_table_cell(table, 2, "|%s|", bar);
    ls_table_cell(table, 3, "%s", queue);
    ls_table_cell(table, 4, "%s", wait);
    ls_table_cell(table, 5, "%s", lots);
    ls_table_cell(table, 6, "%s", oee);
}

// Only the letters that occur are worth explaining.
static void put_legend(const ls_report *report, const station_row *stations, uint32_t count,
                       ls_buffer *out) {
    const char *before = "";
    for (int i = 0; i < SHARE_COUNT; i++) {
        bool occurs = false;
        for (uint32_t k = 0; k < count && !occurs; k++) {
            char bar[BAR_WIDTH + 1];
            draw_bar(report, stations[k].index, bar);
            occurs = strchr(bar, shares[i].letter) != NULL;
        }
        if (occurs && shares[i].letter != ' ') {
            ls_buffer_printf(out, "%s%c %s", before, shares[i].letter, shares[i].label);
            before = "  ";
        } else if (occurs) {
            ls_buffer_printf(out, "%sblank: %s", before, shares[i].label);
        }
    }
    ls_buffer_text(out, "\n");
}

static void put_table(const ls_report *report, const station_row *stations, uint32_t count,
                      ls_arena *arena, ls_buffer *out) {
    double longest = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        longest = fmax(
            longest,
            ls_twin_result_station(report->result, stations[i].index, LS_FIG_QUEUE_WAIT).mean);
    }
    const ls_time_scale time = ls_time_scale_for(longest);
    char wait[LS_ESTIMATE_SIZE];
    ls_text_format(wait, sizeof wait, "wait %s", time.unit);
    ls_table table;
    ls_table_init(&table, arena);
    ls_table_column(&table, "station", LS_ALIGN_LEFT);
    ls_table_column(&table, "used %", LS_ALIGN_RIGHT);
    ls_table_column(&table, " its machines' time", LS_ALIGN_LEFT);
    ls_table_column(&table, "waiting", LS_ALIGN_RIGHT);
    ls_table_column(&table, wait, LS_ALIGN_RIGHT);
    ls_table_column(&table, "lots", LS_ALIGN_RIGHT);
    ls_table_column(&table, "OEE %", LS_ALIGN_RIGHT);
    for (uint32_t i = 0; i < count; i++) {
        put_station(report, &stations[i], time.scale, &table);
    }
    ls_buffer_text(out, "\n");
    ls_table_print(&table, 0, out);
    put_legend(report, stations, count, out);
}

// Shares of the time on shift, so that they add up to what is said before them.
static void put_parts(const ls_report *report, uint32_t index, ls_buffer *out) {
    const double off = ls_twin_result_station(report->result, index, LS_FIG_OFF).mean;
    const char *before = ": ";
    for (int i = 0; i < SHARE_COUNT; i++) {
        const double mean = ls_twin_result_station(report->result, index, shares[i].figure).mean;
        const double percent = 100.0 * mean / (1.0 - off);
        if (shares[i].used && percent >= 0.05) {
            ls_buffer_printf(out, "%s%s %.1f %%", before, shares[i].label, percent);
            before = ", ";
        }
    }
}

static void put_bottleneck(const ls_report *report, const station_row *most, ls_buffer *out) {
    if (isnan(most->used.mean)) {
        return;
    }
    char text[LS_ESTIMATE_SIZE];
    ls_estimate_show(most->used, 100.0, text, sizeof text);
    ls_buffer_printf(out, "\nWhat holds the plant back: %s, used %s %% of its time on shift",
                     ls_twin_station_name(report->session->twin, most->index), text);
    put_parts(report, most->index, out);
    const ls_estimate queue = ls_twin_result_station(report->result, most->index, LS_FIG_QUEUE);
    ls_estimate_show(queue, 1.0, text, sizeof text);
    ls_buffer_printf(out, ".\nLots that wait there: %s.\n", text);
}

void ls_report_stations(const ls_report *report, ls_arena *arena, ls_buffer *out) {
    const uint32_t count = report->session->info.stations;
    station_row *stations = ls_arena_alloc(arena, count * sizeof *stations);
    double *values = ls_arena_alloc(arena, (size_t)report->facts.reps * sizeof *values);
    if (stations == NULL || values == NULL) {
        out->failed = true;
        return;
    }
    if (count == 0) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        stations[i] = (station_row){i, estimate_used(report, i, values)};
    }
    qsort(stations, count, sizeof *stations, compare_used);
    const uint32_t shown = report->stations_shown < (int64_t)count
                               ? (uint32_t)report->stations_shown
                               : count;
    if (shown > 0) {
        put_table(report, stations, shown, arena, out);
    }
    if (shown < count) {
        ls_buffer_printf(out, "%u more stations: --stations %u shows all\n", count - shown, count);
    }
    put_bottleneck(report, &stations[0], out);
}
