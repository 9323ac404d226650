// scheduler.h - who gets which GPUs when. The one scheduler of all clocks: simulated, this machine,
// a cluster.
//
// The scheduler is told what happens (a job is submitted, ends, is cancelled; a node breaks, comes
// back) and is asked what to do (start this job there, stop that one for this one). It knows no
// clock, no processes: whoever runs it carries out what it says and tells it what came of it. The
// same calls give the same acts.
//
// One round (ls_scheduler_decide):
//   1. jobs for which nodes are kept start as soon as a place is free for them;
//   2. as long as a waiting job fits: the one whose turn it is (waiting.h) starts, placed by
//      occupancy.h. What fits and whose limit allows it does not wait, unless it would still run
//      when nodes that it needs are promised to another job (backfill);
//   3. the first job of each account right below the top, if it still waits, is promised a time
//      and the nodes that are free by then (EASY, Lifka 1995, once for each such account). What is
//      promised does not move: a job whose longest time goes past it is not put there. A promise
//      to a job that would borrow gives way to one that takes back what is guaranteed;
//   4. jobs that an account is guaranteed the GPUs for, and that found none until the promised time
//      of taking back is nearly over, take them back from those who borrow: those jobs are stopped
//      whose loss is the least. Until then what gets free by itself is theirs, which loses nothing.
//
// GPUs at work below a unit draw no more than its limit (power.c). An account that has used its
// budget of the month starts nothing until the next one (budget.h).
// Nodes under a reservation are for the jobs of its account alone, from then until then; others are
// put there only if they are over before it begins, or come after it has ended (booked.c).
//
// Who can be stopped for whom: a job of account A takes from a job of account B when, seen from
// where their ways to the top meet, the account on A's side borrows nothing even with the new job
// and every account on B's side up to there borrows. So a chain of takings ends: what is taken
// back is guaranteed, and guaranteed GPUs are never taken. No job is ever stopped twice for the
// same job.
//
// With `restore_shares` a job of A takes from a job of B also when, at the same place, the account
// on B's side would still borrow by weight at least a gang (of that size) more without it than the
// one on A's side with the new job, and every account on B's side borrows. So what is lent is
// shared by weight again, up to two gangs, within the promised time; guaranteed GPUs are not taken.
// A promise to who would borrow below an account that is so much above gives way as well. Each
// taking lets the two come closer and never past each other, so the one that gave does not take it
// back.
//
// What is free in bits is put together: every half minute, for a job that has waited for two
// minutes though as much is free as it needs, and that nothing but the place is missing, one or
// more jobs of one part are moved, if that makes a place for it and each of them has another one
// now. Moved are jobs that save when they are asked to and have run for half an hour; they wait
// again, and lose the time that they need to stop. Under limits of power there must be power for
// them, and for the job, where they go.
//
// Spot jobs use what is idle, and are in nobody's way. They start last in a round, the accounts'
// turns by what their spot jobs hold over their weights; they are promised nothing, take nothing
// back, and count for limits and budgets alone, so that what an account is guaranteed or borrows is
// the same with them and without. A job that is not one and finds no place has spot jobs stopped
// for it at once, those that lose the least, where it would fit with them gone, or where what they
// hold is what a limit is short of; who takes back takes from them before all others. Power alone
// is not given back by them.
#pragma once

#include "pool/meter.h"
#include "pool/occupancy.h"
#include "pool/reservation.h"
#include "pool/shares.h"

typedef struct ls_scheduler ls_scheduler;

typedef struct ls_pool_request {
    uint32_t account;     // a leaf
    int32_t priority;     // within its account, the greatest first
    int64_t deadline_us;  // of equal priority the soonest first; 0: none
    ls_shape shape;
    int64_t most_us;              // longest time it may run, then it is stopped; INT64_MAX: any
    int64_t stop_us;              // time it needs to save and stop when it is asked to
    int64_t checkpoint_every_us;  // it saves by itself; 0: never
    bool saves;                   // it saves when it is asked to stop
    bool restartable;             // may be stopped and begun again
    bool spot;                    // takes what nobody else needs (above); has to be restartable
} ls_pool_request;

typedef enum ls_pool_why {
    LS_WHY_TURN,      // started: its turn, and a place is free
    LS_WHY_BACKFILL,  // started before others whose place it does not take
    LS_WHY_PROMISED,  // started on nodes kept for it
    LS_WHY_RECLAIM,   // stopped: a guaranteed job takes back what was borrowed
    LS_WHY_BROKEN,    // stopped: a node of it broke
    LS_WHY_CANCEL,    // stopped: cancelled
    LS_WHY_YIELD,     // stopped: a spot job, in the place of one that is not
    LS_WHY_MOVE,      // stopped: it goes on elsewhere, so that one that fits nowhere has a place
} ls_pool_why;

typedef enum ls_pool_act_kind { LS_POOL_START, LS_POOL_STOP } ls_pool_act_kind;

typedef struct ls_pool_act {
    ls_pool_act_kind kind;
    ls_pool_why why;
    uint32_t job;
    uint32_t for_job;             // of the last two, and LS_WHY_RECLAIM: who needs its place
    const ls_pool_share *shares;  // LS_POOL_START: shape.parts of them, valid while it runs
    int64_t until_us;             // LS_POOL_STOP: it must be over by then

    // LS_WHY_RECLAIM: seen from where their ways to the top meet, the account on each side right
    // below; what the one that gives borrowed before, and what the one that takes borrows with the
    // job for which it is.
    uint32_t gives, takes;
    uint32_t gpu_kind;  // of what is given back; LS_POOL_NONE: no GPU, only processors and memory
    uint64_t milli;     // so much
    uint64_t gives_borrowed, takes_borrows;
} ls_pool_act;

typedef enum ls_pool_job_state {
    LS_POOL_JOB_FREE,  // there is no such job
    LS_POOL_JOB_WAITING,
    LS_POOL_JOB_RUNNING,
    LS_POOL_JOB_STOPPING,  // asked to stop, still there
} ls_pool_job_state;

typedef struct ls_scheduler_def {
    const ls_cluster *cluster;    // must outlive the scheduler
    const ls_share_terms *terms;  // of the accounts, [0]: the top; copied
    uint32_t account_count;
    // By account: what it lent is back within this time when it asks; copied. NULL: at once.
    const int64_t *reclaim_us;
    // By account: GPU hours of a calendar month, 0: no budget; copied. NULL: nobody has one.
    const double *budget_gpu_hours;
    int64_t start_us;  // wall clock at time zero, since 1970: when months begin
    const ls_pool_reservation *reservations;  // copied; times are those of now_us
    uint32_t reservation_count;
    ls_place_policy policy;
    const ls_demand *demand;  // may be NULL
    uint64_t seed;
    bool restore_shares;  // who borrows more by weight gives back to who borrows less
    bool no_backfill;     // nobody is promised anything (peers: FIFO without look ahead)
    bool no_moves;        // nobody is moved (peers)
    bool strict;          // and nobody starts before the first who waits (FIFO)
} ls_scheduler_def;

ls_status ls_scheduler_create(const ls_scheduler_def *def, ls_scheduler **out, ls_error *err);
void ls_scheduler_destroy(ls_scheduler *s);  // NULL is fine

// A new job waits. Its id in *out_job; ids of jobs that are over are used again. Fails with
// LS_ERR_INVALID when it could never run (no node is like that, more than its accounts' limits, an
// account that is no leaf), LS_ERR_MEMORY.
ls_status ls_scheduler_submit(ls_scheduler *s, int64_t now_us, const ls_pool_request *request,
                              uint32_t *out_job, ls_error *err);
// A waiting job runs since then on these shares: so a scheduler of before had decided. Before the
// first decide; jobs are submitted anew in the order they had, at their times. Fails with
// LS_ERR_INVALID (not such a place, or others are there), LS_ERR_MEMORY; it waits then.
ls_status ls_scheduler_adopt(ls_scheduler *s, int64_t started_us, uint32_t job,
                             const ls_pool_share *shares, ls_error *err);
// What the account has used of its budget of this month, by the books of before: see
// ls_budgets_put_back. Before the first decide, behind the adoptions. Nothing without budgets.
void ls_scheduler_used(ls_scheduler *s, int64_t now_us, uint32_t account, ls_gpu_time used);
// A running or stopping job is on its way out already, though no act of this scheduler said so (it
// was told to stop before it was adopted; it never really began): when `ended` is told it waits
// again. Fails with LS_ERR_MEMORY.
ls_status ls_scheduler_again(ls_scheduler *s, int64_t now_us, uint32_t job, ls_error *err);
// A running job is over: `finished` by itself, or as it was asked. One that was stopped for others,
// or whose node broke, waits again from the place in the queue that it had (LS_ERR_MEMORY: it is
// lost); others are gone, and their id with them. *out_waits: it waits again.
ls_status ls_scheduler_ended(ls_scheduler *s, int64_t now_us, uint32_t job, bool finished,
                             bool *out_waits, ls_error *err);
// A waiting job is gone at once; a running one is told to stop by the next decide.
void ls_scheduler_cancel(ls_scheduler *s, int64_t now_us, uint32_t job);
// What runs there stops; a spare node of the same kind, the nearest, takes its place. A node that
// comes back becomes a spare when one had taken its place. *out_spare: the spare that is up now
// instead, LS_POOL_NONE: none.
void ls_scheduler_node(ls_scheduler *s, int64_t now_us, uint32_t node, ls_node_state state,
                       uint32_t *out_spare);
// One GPU of a node is out of service from now on, or in it again: what has it keeps it until it is
// over, nothing new comes there.
void ls_scheduler_gpu(ls_scheduler *s, int64_t now_us, uint32_t node, uint32_t gpu, bool in);
// It is out of service, and what has a part of it stops, as on a node that breaks.
void ls_scheduler_gpu_breaks(ls_scheduler *s, int64_t now_us, uint32_t node, uint32_t gpu);

// What is to be done now: *out_acts stay valid until the next call of any function. Returns how
// many. Fails (*out_status, then 0) with LS_ERR_MEMORY only.
uint32_t ls_scheduler_decide(ls_scheduler *s, int64_t now_us, const ls_pool_act **out_acts,
                             ls_status *out_status);
// When decide wants to be called even if nothing happens; INT64_MAX: never.
int64_t ls_scheduler_wake(const ls_scheduler *s);

ls_pool_job_state ls_scheduler_state(const ls_scheduler *s, uint32_t job);
const ls_pool_request *ls_scheduler_request(const ls_scheduler *s, uint32_t job);
uint32_t ls_scheduler_kind(const ls_scheduler *s, uint32_t job);    // of a running job's GPUs
int64_t ls_scheduler_promise(const ls_scheduler *s, uint32_t job);  // INT64_MAX: none
// A promise of it was broken, since a job took back what its account is guaranteed.
bool ls_scheduler_gave_way(const ls_scheduler *s, uint32_t job);
uint64_t ls_scheduler_waiting(const ls_scheduler *s);        // jobs
uint64_t ls_scheduler_waiting_spots(const ls_scheduler *s);  // spot jobs of them
const ls_shares *ls_scheduler_shares(const ls_scheduler *s);
const ls_occupancy *ls_scheduler_occupancy(const ls_scheduler *s);
