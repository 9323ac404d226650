// monitor.h - is the plant as it was when it ran well? Fitted on good rows, told row by row.
//
// Principal components of the standardised variables, each joined with its `lags` earlier values
// (dynamic PCA; Ku, Storer, Georgakis 1995). Three statistics:
//   T2     squared distance within the principal components, each in units of its deviation
//   SPE    squared distance from them: what the components do not explain
//   WHOLE  T2 and the same of all other components: directions that hardly move when all is well
//          weigh as much as those that move a lot, which finds faults that a controller hides
// Each is smoothed by a moving mean of its logarithm, and has a limit that rows held out of the fit
// passed with the wished rate of false alarms: limits from the very rows of the fit are far too
// low.
//
// A monitor never changes after fit or load, and may be read by any number of threads; a state
// belongs to one. Fit and load allocate; nothing else does. Same input, same bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"
#include "model/rows.h"

enum {
    LS_MONITOR_VARIABLES_MOST = 1000,
    LS_MONITOR_LAGS_MOST = 50,
    LS_MONITOR_WIDTH_MOST = 2000,  // variables * (lags + 1)
    LS_MONITOR_NAME_MOST = 200,    // bytes of a variable's name
    LS_MONITOR_ROWS_LEAST = 10,    // complete rows that a fit needs
};

typedef enum ls_monitor_statistic {
    LS_MONITOR_T2,
    LS_MONITOR_SPE,
    LS_MONITOR_WHOLE,
    LS_MONITOR_STATISTICS,  // how many
} ls_monitor_statistic;
const char *ls_monitor_statistic_word(ls_monitor_statistic statistic);  // "t2", "spe", "whole"

// Start from ls_monitor_def_default().
typedef struct ls_monitor_def {
    size_t variables;          // of a row
    const char *const *names;  // of the variables, unique UTF-8; NULL: x1, x2, ...; copied
    size_t lags;               // earlier rows joined to each, default 2
    size_t components;         // principal ones; 0 (the default): as many as `share` needs
    double share;              // of the variance that the principal ones explain, default 0.9
    double newest;        // weight of the newest in the moving mean, above 0, default 0.2; 1: none
    double false_alarms;  // per row and statistic, above 0 and below 0.5, default 0.01
    size_t folds;         // blocks in time, each held out once for the limits; 2..50, default 5
} ls_monitor_def;
ls_monitor_def ls_monitor_def_default(size_t variables);

typedef struct ls_monitor {
    ls_monitor_def def;    // names are the monitor's own
    size_t width;          // variables * (lags + 1): the newest row first, then earlier ones
    size_t rank;           // components kept: values above 1e-9 of the largest
    size_t components;     // of them principal
    size_t rows;           // complete joined rows of the fit
    size_t held_out;       // readings behind the limits
    double *mean, *scale;  // of each variable; scale 0: it did not move, and is only watched
    double *low, *high;    // least and most of each in the fit
    double *still;         // rows in a row over which each kept its value in the fit, at most, the
                           // first not counted; -1: it never moved, or the file does not say
    double *centre;        // of the joined standardised rows
    double *values;        // variances of the components, descending
    double *vectors;       // [width][rank]
    double *weights;       // [statistic][rank]
    double *factors;       // [statistic][variable][lags + 1][lags + 1], Cholesky
    double *ordinary;      // [statistic][variable]: expected contribution when all is well
    double limits[LS_MONITOR_STATISTICS];
    ls_arena arena;
} ls_monitor;

// Runs are stretches without gaps in time; no joined row reaches over the end of one. Rows with a
// missing value are left out, a run that is shorter than lags + 1 rows is too. LS_ERR_INVALID: a
// value of def, too few rows for fit or limits, nothing that moves, an infinite value (which run,
// row and variable). LS_ERR_MEMORY. *out is then unchanged.
ls_status ls_monitor_fit(const ls_monitor_def *def, const ls_rows *runs, size_t run_count,
                         ls_monitor **out, ls_error *err);
void ls_monitor_destroy(ls_monitor *monitor);  // NULL is fine

// Limits from other good rows, which the fit has not seen; replaces those there. LS_ERR_INVALID
// when the rows are too few: 1 in 100 false alarms needs 99 readings.
ls_status ls_monitor_calibrate(ls_monitor *monitor, const ls_rows *runs, size_t run_count,
                               double false_alarms, ls_error *err);

typedef struct ls_monitor_state {
    double *joined, *scores, *pull;  // of the memory that it was given
    double smooth[LS_MONITOR_STATISTICS];
    size_t rows, readings;
} ls_monitor_state;
typedef struct ls_monitor_reading {
    bool ready;  // false until lags + 1 rows have come; the rest is then 0
    double raw[LS_MONITOR_STATISTICS];
    double value[LS_MONITOR_STATISTICS];  // smoothed; against the limits
    bool above[LS_MONITOR_STATISTICS];
    uint32_t missing;  // values that were missing or infinite; taken as the mean
    uint32_t outside;  // values further from all of the fit than half of its range
} ls_monitor_reading;

size_t ls_monitor_state_doubles(const ls_monitor *monitor);
// `memory` holds as many doubles as that, and lives as long as the state. As after a gap in time.
void ls_monitor_state_init(const ls_monitor *monitor, double *memory, ls_monitor_state *out);
// The next row. O(width * rank); no allocation.
ls_monitor_reading ls_monitor_step(const ls_monitor *monitor, ls_monitor_state *state,
                                   const double *row);
// Unlike everything in the fit: above the limit of WHOLE, or a value outside.
bool ls_monitor_is_foreign(const ls_monitor_reading *reading);

// Why: by how much the newest raw statistic would fall if this variable, now and in its lags, were
// what the others make of it (reconstruction; Alcala and Qin 2009, for all lags at once), in
// multiples of what is ordinary. out[variables]; all 0 before the first reading.
void ls_monitor_contributions(const ls_monitor *monitor, ls_monitor_state *state,
                              ls_monitor_statistic statistic, double *out);

// As JSON, described in docs/MONITORS.md; numbers read back to the bit. Out of memory is told by
// out->failed.
void ls_monitor_save(const ls_monitor *monitor, ls_buffer *out);
// Checked before anything is believed. LS_ERR_INVALID names the key and what would be right;
// LS_ERR_VERSION: a later format. `file` is for the error.
ls_status ls_monitor_load(const char *text, size_t size, const char *file, ls_monitor **out,
                          ls_error *err);

// ---- inside: shared by the files of the monitor
// --------------------------------------------------

// Checks def, allocates everything but the components, copies names.
ls_status ls_monitor_new(const ls_monitor_def *def, ls_monitor **out, ls_error *err);
ls_status ls_monitor_room(ls_monitor *monitor, size_t rank, ls_error *err);  // for the components
void ls_monitor_complete(ls_monitor *monitor);  // weights, factors, ordinary: from the components
