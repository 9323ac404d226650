// forecast.h - what the twin expects, said beforehand and scored afterwards.
//
// Every `every_us` of line time the followed state is forked into `futures`, each is run to the
// horizon, and two things are kept: when the next lot is done, and how many are done by the
// horizon. When that time has passed the line's own facts are set beside it: CRPS, the place of
// what happened within the forecast (PIT), whether it lay in the 90 % interval. Forecasts of
// overlapping spans are not independent: coverage is counted, with Wilson's interval, over spans
// that do not overlap.
//
// Three steps, so that a service can run futures outside its lock: begin (forks), run (long), then
// it waits for its facts. Pure; not thread safe, but run may go on while facts of earlier forecasts
// come in, when the caller keeps the two apart by its lock.
#pragma once

#include "twin/follow/follow.h"

enum { LS_FORECAST_PIT_BINS = 10, LS_FORECAST_OPEN_MAX = 64, LS_FORECAST_LATE_LOTS = 4096 };

typedef struct ls_forecast_def {
    uint32_t futures;    // 5 .. 1000, default 40
    int64_t every_us;    // default 10 min
    int64_t horizon_us;  // default 1 h
    uint64_t seed;
    uint32_t cookie;  // set by ls_forecast_def_default
} ls_forecast_def;
ls_forecast_def ls_forecast_def_default(void);

typedef struct ls_forecast ls_forecast;

ls_status ls_forecast_create(const ls_twin *twin, const ls_forecast_def *def, ls_forecast **out,
                             ls_error *err);
void ls_forecast_destroy(ls_forecast *forecast);  // NULL is fine

// Is it time for one, at this moment of the line?
bool ls_forecast_is_due(const ls_forecast *forecast, int64_t now_us);
// Forks the present. Copies only.
void ls_forecast_begin(ls_forecast *forecast, const ls_follow *follow);
// What was forked, until it is run: more may be told to it (intervene.h).
ls_snapshot *ls_forecast_present(ls_forecast *forecast);
// Runs the futures of it; touches nothing that the other functions do.
void ls_forecast_run(ls_forecast *forecast);
// Files what was run.
void ls_forecast_end(ls_forecast *forecast);

// A lot of the real line was done at time_us.
void ls_forecast_done(ls_forecast *forecast, int64_t time_us);
// Everything up to settled_us has been told: forecasts whose span has passed are scored.
void ls_forecast_settle(ls_forecast *forecast, int64_t settled_us);

typedef struct ls_forecast_score {
    uint64_t count;                // forecasts scored
    double crps;                   // mean, fair; s or lots
    double error;                  // mean of (what happened - mean of the ensemble)
    double interval;               // mean score of the 90 % interval
    uint64_t inside, independent;  // 90 % intervals that held, of those that do not overlap
    double coverage, coverage_low, coverage_high;  // Wilson, 95 %
    uint64_t pit[LS_FORECAST_PIT_BINS];
} ls_forecast_score;

typedef struct ls_forecast_figures {
    uint64_t made, failed;  // failed: no future could be run to its end
    ls_forecast_score next, output;
    // the newest one; NaN when there is none
    int64_t origin_us;
    double next_low_s, next_s, next_high_s;  // from the origin, 5 %, 50 %, 95 %
    double output_low, output_mean, output_high;
} ls_forecast_figures;
ls_forecast_figures ls_forecast_describe(const ls_forecast *forecast);
