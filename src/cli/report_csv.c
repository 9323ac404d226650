// report_csv.c - a run's result as a long table: one line per figure and replication.
#include <math.h>
#include <string.h>

#include "cli/csv_text.h"
#include "cli/report.h"

void ls_csv_text(const char *text, ls_buffer *out) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        ls_buffer_text(out, text);
        return;
    }
    ls_buffer_text(out, "\"");
    for (const char *p = text; *p != '\0'; p++) {
        ls_buffer_text(out, *p == '"' ? "\"\"" : (char[2]){*p, '\0'});
    }
    ls_buffer_text(out, "\"");
}

// A replication without a value has an empty cell.
static void put_figure(const ls_report *report, const char *scope, const char *name, bool station,
                       uint32_t index, ls_figure figure, ls_buffer *out) {
    const ls_figure_info info = ls_figure_describe(figure);
    for (int64_t r = 0; r < report->facts.reps; r++) {
        const double value = ls_twin_result_value(report->result, station, index, figure, r);
        ls_buffer_printf(out, "%s,", scope);
        ls_csv_text(name, out);
        ls_buffer_printf(out, ",%s,%s,%lld,", info.name, info.unit, (long long)r);
        if (isfinite(value)) {
            ls_buffer_printf(out, "%.12g", value);
        }
        ls_buffer_text(out, "\n");
    }
}

static void put_class(const ls_report *report, const char *scope, const char *name, uint32_t index,
                      ls_buffer *out) {
    for (int f = 0; f < LS_FIG_CLASS_COUNT; f++) {
        put_figure(report, scope, name, false, index, (ls_figure)f, out);
    }
}

void ls_report_csv(const ls_report *report, ls_buffer *out) {
    const ls_session *session = report->session;
    ls_buffer_text(out, "scope,name,figure,unit,replication,value\n");
    put_class(report, "total", "", session->info.classes, out);
    for (uint32_t c = 0; c < session->info.classes; c++) {
        put_class(report, "class", ls_twin_class_name(session->twin, c), c, out);
    }
    for (uint32_t s = 0; s < session->info.stations; s++) {
        for (int f = LS_FIG_CLASS_COUNT; f < LS_FIG_COUNT; f++) {
            put_figure(report, "station", ls_twin_station_name(session->twin, s), true, s,
                       (ls_figure)f, out);
        }
    }
}
