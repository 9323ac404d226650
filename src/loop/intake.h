// intake.h - where everything heard comes in: kept first, then understood, then followed.
//
// One lock around the running plant. A sample is in the history's log before the twin moves, and
// both before the driver goes on (so that an MQTT acknowledgement means "kept"). When the history
// takes nothing (disk full), the twin does not move either: what is not kept has not been heard.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "history/history.h"
#include "line/driver.h"
#include "loop/running.h"

enum { LS_INTAKE_BUCKETS = 32 };  // of latencies: powers of two of a microsecond / 16

// How late a signal may be and still change the twin's past; facts are told so much later.
#define LS_INTAKE_LATE_US INT64_C(600000000)

typedef struct ls_intake_figures {
    uint64_t samples, batches, refused;   // refused: the history did not take them
    bool refuses;                         // it did not take the last batch
    uint64_t historical;                  // sent late on purpose: kept, not followed
    uint64_t buckets[LS_INTAKE_BUCKETS];  // batches by time from heard to twin updated
    double seconds;                       // sum of those times
    int64_t newest_us;      // newest stamp near the twin's present, since 1970; 0: none
    int64_t last_heard_us;  // our own clock
} ls_intake_figures;

typedef struct ls_intake {
    pthread_mutex_t lock;
    ls_running running;
    ls_history *history;  // NULL: nothing is kept (tests)
    ls_tags *tags;
    ls_follow_def follow_def;
    ls_intake_figures figures;
    ls_sample *stamped;  // with `clock: arrival`: a message with our times
    size_t stamped_capacity;
    bool meant;  // something in this batch had a meaning for the twin
    // Arrival (monotonic) of the oldest signal with a meaning that whoever decides has not looked
    // at; 0: there is none. Written under the lock, and `news` said.
    _Atomic int64_t news_us;
    pthread_cond_t news;                                      // of the lock, in the monotonic clock
    void (*noticed)(void *context, const ls_notice *notice);  // not under the lock
    void (*order)(void *context, const ls_sample *sample);    // under the lock: only remember it
    void *context;
    // Everything that was kept, after the twin has heard it, under the lock; with the newest stamp
    // near the twin's present (0: it has none). Set under the lock. NULL: nobody wants it.
    void (*kept)(void *context, const ls_sample *samples, size_t count, int64_t clock_us);
    void *kept_context;
} ls_intake;

ls_status ls_intake_init(ls_intake *intake, ls_error *err);  // the rest is filled in by the owner
void ls_intake_clear(ls_intake *intake);                     // running included, not history, tags
// Several drivers may have the sink at once.
ls_sink ls_intake_sink(ls_intake *intake);
// Upper bound of a bucket in seconds; the last is infinity.
double ls_intake_bucket_bound(int bucket);
// A quantile of the times in seconds, rounded up to a bound; NaN when there is none.
double ls_intake_quantile(const ls_intake_figures *figures, double q);
// Hears samples again after a restart, by time: no history, no latencies. Under the lock.
void ls_intake_hear_again(ls_intake *intake, const ls_sample *samples, size_t count);
