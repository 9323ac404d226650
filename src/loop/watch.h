// watch.h - what is made of the followed line beside its state: running estimates with alarms of
// drift, and forecasts with their scores. Belongs to one running plant.
#pragma once

#include <jansson.h>

#include "loop/intake.h"
#include "loop/journal.h"

typedef struct ls_watch ls_watch;

// Sets the intake's follow_def to tell it facts and divergences; before a follower is made. Plant
// and twin are those of the intake's running plant, which stays until the watch is closed.
ls_status ls_watch_open(ls_intake *intake, ls_journal *journal, ls_watch **out, ls_error *err);
// Ends its thread. The intake's follower must be gone, or not be moved any more. NULL is fine.
void ls_watch_close(ls_watch *watch);
// One more that is told every fact, under the intake's lock; NULL: nobody. Takes that lock.
void ls_watch_listen(ls_watch *watch, void (*fact)(void *context, const ls_fact *fact),
                     void *context);
// Adds "drifts", "estimates" and "forecast" to the object. Takes the intake's lock.
void ls_watch_json(ls_watch *watch, json_t *object);
// The newest forecast; false when there is none yet. Takes the intake's lock.
typedef struct ls_watch_expected {
    char text[200];
    int64_t origin_us, until_us;  // since 1970
    double mean, low, high;       // lots done in between; the 90 % interval
    uint32_t futures;             // that it is of
} ls_watch_expected;
bool ls_watch_expect(ls_watch *watch, ls_watch_expected *out);
// Since when the values drift for which there was an alarm, the earliest of them, since 1970; 0:
// none does. Takes the intake's lock.
int64_t ls_watch_drifting_since(ls_watch *watch);
typedef struct ls_watch_figures {
    uint64_t facts, drifts, forecasts, scored;
    double crps_output, coverage_output;  // NaN where nothing is scored yet
} ls_watch_figures;
ls_watch_figures ls_watch_describe(ls_watch *watch);  // takes the intake's lock
