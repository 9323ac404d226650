// after.h - jobs that wait until others are done: dependencies, of all clocks.
//
// A scheduler (scheduler.h) is told of a job when it may run. Whoever runs one asks here first: a
// job that names others is *held* until all of them are done, and is told to be given up as soon
// as one of them has failed. A number stands for one job or for several (an array), which are done
// when all of them are and have failed when one has. Numbers are the caller's; one that nobody
// announced (ls_afters_open) is done.
//
// Pure: no clock, no jobs. What is freed comes in the order in which it was held, for each number
// that is over. An end costs time in proportion to who waited for it, whatever else waits.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef enum ls_after_state { LS_AFTER_DONE, LS_AFTER_OPEN, LS_AFTER_FAILED } ls_after_state;

typedef struct ls_afters ls_afters;

// Who is held no more.
typedef struct ls_after_freed {
    uint64_t job;
    uint64_t failed;  // the number that failed; 0: all that it waited for are done
} ls_after_freed;

// `remembers`: what a number came to is known until the end (numbers of a load, none of which comes
// twice); else it is forgotten as soon as those that were held for it are free. Fails with
// LS_ERR_MEMORY.
ls_status ls_afters_create(bool remembers, ls_afters **out, ls_error *err);
void ls_afters_destroy(ls_afters *a);  // NULL is fine

// So many jobs (at least 1) of this number (not 0) are to be over before it is. Nothing when it was
// announced already. Fails with LS_ERR_MEMORY, nothing done.
ls_status ls_afters_open(ls_afters *a, uint64_t number, uint32_t jobs, ls_error *err);
// Announced and not yet over: open. What is not known is done.
ls_after_state ls_afters_state(const ls_afters *a, uint64_t number);

// The job (a number of the caller's, not held now) waits for all of these. *out: LS_AFTER_OPEN: it
// is held from now on; LS_AFTER_DONE: it waits for nothing; LS_AFTER_FAILED: it never may run, one
// of them failed (*out_failed). Fails with LS_ERR_MEMORY, nothing done.
ls_status ls_afters_hold(ls_afters *a, uint64_t job, const uint64_t *numbers, uint32_t count,
                         ls_after_state *out, uint64_t *out_failed, ls_error *err);
bool ls_afters_holds(const ls_afters *a, uint64_t job);
void ls_afters_drop(ls_afters *a, uint64_t job);  // it is held no more; nothing if it was not
// How many numbers the job is held for still; 0: it is not held. *out_first (may be NULL): the one
// of them that it named first.
uint32_t ls_afters_waits(const ls_afters *a, uint64_t job, uint64_t *out_first);

// One job of this number is over: done, or not. Nothing for a number that was not announced, or
// that failed before. Needs no memory.
void ls_afters_over(ls_afters *a, uint64_t number, bool done);
// The next job that is held no more, by what is over; false: there is none (now).
bool ls_afters_next(ls_afters *a, ls_after_freed *out);
