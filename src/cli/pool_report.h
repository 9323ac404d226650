// pool_report.h - a simulated time of a pool as one HTML file that needs nothing else.
//
// Data, drawing and style are in the file, in English and Korean, light and dark; it asks nobody
// for anything (its own Content-Security-Policy forbids it). Without scripts it shows the text that
// the command prints.
#pragma once

#include "cli/pool_compare.h"
#include "cli/pool_outcome.h"

typedef struct ls_pool_report {
    const ls_pool_outcome *outcome;
    const ls_pool_run *run;                // with its series
    const ls_pool_comparison *comparison;  // NULL: one policy, once
    const char *text;                      // what the command prints
} ls_pool_report;

void ls_pool_report_html(const ls_pool_report *report, ls_buffer *out);
