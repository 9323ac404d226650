// simulated.h - a pool on a simulated clock: jobs that are not there, on GPUs that need not be.
//
// The scheduler is the one that runs real jobs; what is simulated is what it is told: jobs of a
// load are submitted, run for as long as the load says, stop when they are asked to; nodes break
// and come back. What a job had not saved when it was stopped, or its node broke, it does again.
// The same def gives the same bytes.
#pragma once

#include "pool/after.h"
#include "pool/day_load.h"
#include "pool/meter.h"
#include "pool/scheduler.h"

// One job of a load.
typedef struct ls_sim_job {
    int64_t submit_us;
    int64_t work_us;  // how long it takes when nothing comes between
    ls_pool_request request;
    uint32_t extras;            // parts beyond those of its shape that it can use: see below
    uint64_t tag;               // the load's own
    const ls_day_load *demand;  // a service; NULL: none
    // What others may wait for it by (see after.h), 0: nobody does; it is one of so many jobs of
    // this number (an array; 0: it alone).
    uint64_t number;
    uint32_t of;
    bool fails;             // it ends so: it ran, and is not done
    uint32_t after_count;   // it comes into the queue when these are done, and is given up when
    const uint64_t *after;  // one of them fails; the load's, until it hands out the next
} ls_sim_job;

// An elastic job begins with the parts of its shape, and grows by one part after another where
// nobody else needs the GPUs: each further part is a spot job of its account (scheduler.h) of the
// same kind of GPUs, which comes and goes while the job runs, and is gone when it is. Its work gets
// on in proportion to its parts. What it loses when it is stopped is of all its parts.
//
// A service is up for as long as it takes to work, whatever its parts; they are its replicas. It
// begins with those of its shape, its least, and has as many further ones wait or run as its demand
// asks for now: ordinary jobs of its account, by its priority, within its guarantee as itself, on
// the same kind of GPUs. One that is not needed any more is gone, those first that still wait, then
// the latest.

// In which order and by which rules: the product's, or those it is compared with.
typedef struct ls_sim_policy {
    const char *name, *about;
    bool flat;        // no accounts: one queue, no guarantees, nothing is taken back
    bool strict;      // nobody starts before the first who waits
    bool no_promise;  // nobody is promised a time
    bool shortest;    // the shortest job first, by how long it really takes (an oracle)
} ls_sim_policy;

extern const ls_sim_policy ls_sim_policies[];  // [0]: the product's own
extern const uint32_t ls_sim_policy_count;
const ls_sim_policy *ls_sim_policy_find(const char *name);  // NULL: no such policy

// Hands out the jobs in the order in which they are submitted. False: there are no more.
typedef struct ls_sim_load {
    bool (*next)(void *context, ls_sim_job *out);
    void *context;
} ls_sim_load;

// How nodes break: each of those that are up at the same rate, but for bad ones (lemons).
typedef struct ls_sim_failures {
    int64_t every_us;   // mean time between failures of one node; 0: never
    int64_t repair_us;  // mean time until it is back (exponential)
    double lemons;      // share of the nodes that are bad, 0 to 1; each is drawn
    double worse;       // so many times as often as others they break; at least 1
    double gpus;  // share of the failures that are of one GPU of the node, which goes on; 0 to 1
    // A node that broke `times` within `within_us` is drained once it is repaired, and another one
    // stands in its place `exchange_us` later, as good as any. 0: nobody is exchanged.
    uint32_t times;  // at most LS_OFFENDER_TIMES_MAX
    int64_t within_us, exchange_us;
} ls_sim_failures;

// What happened to a job, told as it happens.
typedef enum ls_sim_kind {
    LS_SIM_STARTED,
    LS_SIM_ENDED,      // done, or (`fails`) over by itself
    LS_SIM_KILLED,     // longer than it may run
    LS_SIM_STOPPED,    // for others; waits again
    LS_SIM_BROKEN,     // its node broke; waits again, or is gone
    LS_SIM_REFUSED,    // could never run
    LS_SIM_SUBMITTED,  // it is in the queue
    LS_SIM_LEFT,       // the simulated time is over, and it waits still
    LS_SIM_GREW,       // by a part
    LS_SIM_SHRANK,     // by a part, for others, as its node broke, or as its load fell
    LS_SIM_CANCELLED,  // never came into the queue: what it waited for was not done
    LS_SIM_HELD,       // the simulated time is over, and it waits for others still
} ls_sim_kind;

typedef struct ls_sim_event {
    ls_sim_kind kind;
    int64_t at_us;
    const ls_sim_job *job;
    ls_pool_why why;              // LS_SIM_STARTED
    const ls_pool_share *shares;  // LS_SIM_STARTED
    int64_t submitted_us;         // when it came into the queue
    bool first;                   // LS_SIM_STARTED: the first time; LS_SIM_LEFT: it never started
    int64_t waited_us;       // LS_SIM_STARTED, LS_SIM_LEFT: since it was submitted or stopped last
    int64_t promised_us;     // LS_SIM_STARTED: what it was promised, INT64_MAX: nothing
    bool gave_way;           // LS_SIM_STARTED: a promise of it gave way to a guarantee
    const char *reason;      // LS_SIM_REFUSED
    const ls_shares *books;  // what each account holds, with this event, whatever the policy
    // LS_SIM_ENDED, KILLED, STOPPED, BROKEN: of this run was for nothing; of that, after it was
    // asked to stop.
    int64_t lost_us, stopping_us;
} ls_sim_event;

typedef struct ls_sim_def {
    ls_scheduler_def scheduler;   // its terms are those of the books, whatever the policy
    const ls_sim_policy *policy;  // NULL: the product's own
    const uint8_t *states;        // ls_node_state of each node at the start; NULL: all up
    ls_sim_load load;
    ls_sim_failures failures;
    uint64_t seed;
    int64_t from_us, until_us;
    const uint64_t *prices;  // see ls_meter_price; NULL: none
    int64_t close_us;        // the books are closed so often from from_us on; 0: at the end alone
    // Each may be NULL. Return false to stop (the run then fails with LS_ERR_STOPPED).
    bool (*on_event)(void *context, const ls_sim_event *event);
    bool (*on_close)(void *context, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                     const ls_meter_pool *pool);
    void (*on_decide)(void *context, int64_t now_us, const ls_scheduler *s);  // for checks
    void *context;
} ls_sim_def;

typedef struct ls_sim_result {
    uint64_t submitted, refused, started, ended, killed, stopped, broken, lost_jobs;
    uint64_t grown, shrunk;  // elastic jobs by a part; those that end with their job not counted
    uint64_t services;       // submitted, not refused
    // Microseconds of GPUs (thousandths of them) that their demand asked for, and that they had.
    double demanded_milli_us, served_milli_us;
    uint64_t failed;        // of those that ended
    uint64_t held;          // submitted, that had to wait for others first
    uint64_t cancelled;     // of these, since one of the others was not done
    uint64_t held_at_end;   // of these, still
    uint64_t exchanged;     // nodes that broke too often
    uint64_t gpu_failures;  // of single ones
    uint64_t node_failures, decisions, waiting_at_end, running_at_end;
} ls_sim_result;

// Fails with LS_ERR_INVALID (see ls_scheduler_create; a load that goes back in time),
// LS_ERR_MEMORY, LS_ERR_STOPPED.
ls_status ls_simulate(const ls_sim_def *def, ls_sim_result *out, ls_error *err);
