// sentry.h - a monitor on duty: row by row readings become alarms that begin and end, and it is
// said which variables are to blame.
//
// The index is how far the plant is from what it was when all was well: the largest of the counted
// statistics, each in units of its limit, and of how far any variable is outside of everything in
// the fit, in units of half the range there; or for how long one has kept its value, in units of
// twice the longest time in the fit and four rows (a stuck sensor, which looks well to the
// statistics). Above 1 is unusual. One unusual row says little; an
// alarm begins with `row` of them in a row and ends with as many that are not. A row of which more
// than half is missing says nothing and changes nothing.
//
// A monitor is shared by any number of sentries, one for each unit; a sentry belongs to one thread.
// Only create allocates.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "model/monitor.h"

typedef struct ls_sentry_def {
    uint32_t statistics;  // bits (1 << ls_monitor_statistic), at least one
    uint32_t row;         // 1 to 1000
} ls_sentry_def;

typedef struct ls_sentry_report {
    bool ready;                      // enough rows, and enough of this one, to say anything
    double index;                    // 0 when not ready
    ls_monitor_statistic statistic;  // furthest above its limit
    bool above;                      // this row is unusual
    bool alarm, begins, ends;        // stands after this row; began or ended with it
    uint32_t missing, outside;       // variables: without a value, outside of the fit
    uint32_t stuck;                  // variables that keep their value for too long
} ls_sentry_report;

// One variable of the monitor that is to blame.
typedef struct ls_sentry_blame {
    const char *name;        // the monitor's
    double contribution;     // mean over the rows: 1 is ordinary (monitor.h)
    double value;            // of the newest row
    double mean, low, high;  // of the fit
} ls_sentry_blame;

typedef struct ls_sentry ls_sentry;

// `columns`: names of what rows have; the monitor's variables are found among them. Fails with
// LS_ERR_INVALID (def; a variable that is not among the columns, says which) or LS_ERR_MEMORY. The
// monitor outlives the sentry.
ls_status ls_sentry_create(const ls_monitor *monitor, const ls_sentry_def *def,
                           const char *const *columns, uint32_t column_count, ls_sentry **out,
                           ls_error *err);
void ls_sentry_destroy(ls_sentry *sentry);  // NULL is fine
// As after create: after a gap in time. An alarm that stood is forgotten.
void ls_sentry_reset(ls_sentry *sentry);

// The next row, NaN where missing.
ls_sentry_report ls_sentry_step(ls_sentry *sentry, const float *row);
// How many rows in a row were usual, up to now.
uint32_t ls_sentry_usual(const ls_sentry *sentry);
// Who is to blame, the most first: at most `most` into out, returns how many. While an alarm stands
// those of the rows with which it began, else of the newest row. Nothing before the first reading.
uint32_t ls_sentry_blamed(ls_sentry *sentry, ls_sentry_blame *out, uint32_t most);
// The same of the newest row, whether an alarm stands or not.
uint32_t ls_sentry_blamed_now(ls_sentry *sentry, ls_sentry_blame *out, uint32_t most);
