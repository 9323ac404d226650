// report.h - a run's result for people (text), for programs (JSON) and for tables (CSV).
#pragma once

#include "base/arena.h"
#include "cli/table.h"
#include "cli/twin_session.h"

typedef struct ls_report {
    const ls_session *session;
    const ls_twin_result *result;
    ls_twin_facts facts;
    int64_t reps_planned;
    double until_ci;  // 0: a fixed number of replications
    ls_figure watched;
    bool stopped;            // Ctrl-C: fewer replications than planned
    int64_t stations_shown;  // of the text
} ls_report;

ls_report ls_report_make(const ls_session *session, const ls_run_def *def,
                         const ls_twin_result *result, bool stopped, int64_t stations_shown);

void ls_report_text(const ls_report *report, ls_buffer *out);
// The object is documented in docs/JSON.md; its keys stay as they are while its format number does.
void ls_report_json(const ls_report *report, ls_buffer *out);
void ls_report_csv(const ls_report *report, ls_buffer *out);

// The table of stations and what holds the plant back, a part of the text.
void ls_report_stations(const ls_report *report, ls_arena *arena, ls_buffer *out);

// In whichever format the options say, to where they say; returns an exit code.
int ls_report_deliver(const ls_report *report, const ls_options *options);
