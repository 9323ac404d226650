// waiting.h - the jobs that wait, and whose turn it is.
//
// Jobs of equal shape and similar length are one *class*: they fit or do not fit together. A class
// is closed when no place was found for it and opened when something was freed that it might fit.
// Each leaf account keeps a queue per class; each account knows which classes wait below it as a
// set of bits. So the next job is found by going down the tree, O(children at each level), however
// many jobs wait.
//
// Whose turn it is: at each account the child with the least rank (shares.h) that has a job in an
// open class, the first in file order among equals; in a leaf the job of the highest priority, then
// the one with the earliest deadline, then the one that was submitted first.
#pragma once

#include "pool/shape.h"
#include "pool/shares.h"

typedef struct ls_waiting ls_waiting;

// `shares` must outlive it. Fails with LS_ERR_MEMORY.
ls_status ls_waiting_create(const ls_shares *shares, uint32_t kind_count, ls_waiting **out,
                            ls_error *err);
void ls_waiting_destroy(ls_waiting *w);  // NULL is fine

typedef struct ls_waiting_job {
    uint32_t account;     // a leaf
    int32_t priority;     // the greatest first
    int64_t deadline_us;  // of equal priority the soonest first; 0: none, then the last
    int64_t submitted_us;
    uint64_t number;  // among equals the least first; unique
    int64_t most_us;  // how long it may run, INT64_MAX: no limit
    uint32_t group;   // jobs of different groups have no place together
    ls_shape shape;
} ls_waiting_job;

// Job `slot` waits from now on; slots are the caller's, dense. Fails with LS_ERR_MEMORY.
ls_status ls_waiting_put(ls_waiting *w, uint32_t slot, const ls_waiting_job *job, ls_error *err);
void ls_waiting_take(ls_waiting *w, uint32_t slot);  // it waits no longer
bool ls_waiting_has(const ls_waiting *w, uint32_t slot);
uint64_t ls_waiting_count(const ls_waiting *w);

// Whose turn it is among the open classes; LS_POOL_NONE: nobody's. Not of those that were passed.
uint32_t ls_waiting_next(const ls_waiting *w);
// This waiting job has no more turns until it is passed no longer.
void ls_waiting_pass(ls_waiting *w, uint32_t slot, bool passed);
bool ls_waiting_is_passed(const ls_waiting *w, uint32_t slot);
bool ls_waiting_shape_is(const ls_shape *a, const ls_shape *b);  // equal
// The same among all that wait below an account, closed or not, but not where a limit stands in the
// way.
uint32_t ls_waiting_first(const ls_waiting *w, uint32_t account);
// Somebody waits below the account whom no limit stops.
bool ls_waiting_any(const ls_waiting *w, uint32_t account);
// Somebody waits in the leaf whom the limit of an account above it stops.
bool ls_waiting_stopped(const ls_waiting *w, uint32_t leaf);
// Heads pass over this waiting job, or do so no more; it keeps its place and its turn.
void ls_waiting_set_aside(ls_waiting *w, uint32_t slot, bool aside);
// The first job of each class that waits in a leaf, is not set aside, and that its own limit does
// not stop, in their order, at most so many; returns how many. O(those that are set aside).
uint32_t ls_waiting_heads(const ls_waiting *w, uint32_t leaf, uint32_t *out, uint32_t most);

// True for one of those heads, among those that ask for at most so many thousandths of GPUs?
bool ls_waiting_some(const ls_waiting *w, uint32_t leaf, uint64_t most_milli,
                     bool (*is)(const void *context, uint32_t slot), const void *context);

// No place for the class of this waiting job until it is opened.
void ls_waiting_close(ls_waiting *w, uint32_t slot);
// Nor for any class of its shape, however short its jobs are.
void ls_waiting_close_shape(ls_waiting *w, uint32_t slot);
// Opens the closed classes of which might(context, shape) is true; NULL: all of them.
void ls_waiting_open(ls_waiting *w, bool (*might)(const void *context, const ls_shape *shape),
                     const void *context);
// Jobs like this one have to wait because of the limit of `account` until it holds less.
void ls_waiting_limit(ls_waiting *w, uint32_t slot, uint32_t account);
void ls_waiting_fell(ls_waiting *w, uint32_t account);  // it and all above hold less now
// Calls visit for each job that waits, in no order that means anything.
void ls_waiting_each(const ls_waiting *w, void (*visit)(void *context, uint32_t slot),
                     void *context);
