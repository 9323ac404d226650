// scheduler_inside.h - what scheduler*.c, reserve.c and reclaim.c share. Private to them.
#pragma once

#include "pool/budget.h"
#include "pool/grow.h"
#include "pool/scheduler.h"
#include "pool/waiting.h"

#define LS_PROMISE_PAUSE_US INT64_C(60000000)  // after a job that no time is known for
#define LS_RECLAIM_TICK_US INT64_C(30000000)   // all accounts are looked at so often
#define LS_RECLAIM_PAUSE_US INT64_C(30000000)  // of a job that took back in vain; then twice that
#define LS_RECLAIM_PAUSE_MAX_US INT64_C(600000000)
#define LS_MOVE_WAITED_US INT64_C(120000000)  // a job for which others are moved
#define LS_MOVE_RAN_US INT64_C(1800000000)    // a job that is moved
#define LS_MOVE_PAUSE_US INT64_C(600000000)   // of a job for which that was in vain

enum {
    LS_TENANTS = 4,
    LS_NODE_TYPES = 256,  // the last one is of all that are beyond
    LS_ROOM_STEPS = 32,   // of a GPU
    LS_ROOM_ROW = LS_POOL_NODE_GPUS_MAX + 1 + LS_ROOM_STEPS + 1,
};

// Who is on a node, in one word: the lender of a job that has all its GPUs to itself, or one of
// these.
enum {
    LS_SOLE_AWAY = INT32_MAX,          // nobody gets it: not up, without GPUs, or kept for a job
    LS_SOLE_MIXED = INT32_MAX - 1,     // anything else that holds GPUs alone, or nothing
    LS_SOLE_PLAIN = INT32_MAX - 2,     // also parts that hold no GPU
    LS_SOLE_ACCOUNTS = LS_SOLE_PLAIN,  // accounts are below
};

// A part of a running job in the list of its node.
typedef struct ls_pool_link {
    uint32_t next_job, next_part;  // LS_POOL_NONE: the last
    uint32_t prev_job, prev_part;  // LS_POOL_NONE: the first
} ls_pool_link;

typedef struct ls_pool_job {
    ls_pool_request request;
    ls_pool_job_state state;
    uint32_t reserved;     // the nodes that are kept for it; LS_POOL_NONE
    uint32_t next_claim;   // who shares them and claimed later; LS_POOL_NONE
    uint32_t next_passed;  // in this round
    bool passed_limited;   // since a limit kept it away
    uint32_t kind;         // of its GPUs while it runs; LS_POOL_NONE: none
    bool again;            // when it has stopped it waits again
    bool spared;           // of those that could be stopped on a node: not needed
    bool victim;           // among s->victims
    bool in_vain;          // others stopped for it, and there was no power: it takes back no more
    bool stoppable;        // of the search `judged`: it may be stopped, at the loss of `part_loss`
    uint32_t judged;
    double part_loss;
    int64_t submitted_us, started_us;
    int64_t since_us;     // it waits
    int64_t latest_us;    // it is over by then; INT64_MAX: unknown
    int64_t promised_us;  // INT64_MAX: nothing promised yet
    uint64_t number;      // unique
    bool was_stopped;     // for others, at some time
    uint64_t *stopped;    // numbers of the jobs that were stopped for it, ascending; owned
    uint32_t stopped_count, stopped_room;
    int64_t retry_us;        // it took back in vain: not again before, unless s->woken is greater
    int64_t pause_us;        // how long the next pause is, if that is in vain again
    uint32_t woken;          // s->woken then
    int64_t moves_us;        // others could not be moved for it: not again before
    int64_t spots_us;        // spot jobs stopped for it in vain: none does again before
    int64_t broken_us;       // a promise of it was broken for a guarantee; INT64_MIN: none was
    int64_t broken_from_us;  // the time that it had been promised
    uint32_t broken_for;     // the account that took the nodes back
    ls_pool_share *shares;   // owned, while it runs
    ls_pool_link *links;     // in the same block
    uint32_t next_free;
    uint32_t next_running, prev_running;  // of the same account, the latest started first
} ls_pool_job;

// Nodes kept for a job: promised from `from_us` on, or taken back for it. A node that is taken back
// for jobs of one part is shared by them (`shared`, next_claim): each counts on what the others
// leave.
typedef struct ls_reserved {
    uint32_t job;  // the first of them; LS_POOL_NONE: this place is not used
    bool claim;    // taken back; counts as held by its account, of `kind`
    bool shared;
    bool stirred;  // something of it was freed
    bool breaks;   // of the search that goes on: the claimant may break this promise
    // Of the GPUs of the nodes, also where who shares them first asks for none; LS_POOL_NONE: they
    // have none, or are of several kinds.
    uint32_t kind;
    int64_t from_us;
    uint32_t *nodes;  // owned; all of one kind
    uint32_t count;
    uint32_t rooms[LS_ROOM_ROW];  // of them, by how many GPUs are wholly free
} ls_reserved;

// Nodes under a reservation, from one moment to another.
typedef struct ls_booked {
    uint32_t number;   // of the reservation
    uint32_t account;  // its jobs may use them; LS_POOL_NONE: nobody's
    uint32_t node_at, node_count;
    int64_t from_us, until_us;
} ls_booked;

// A unit with a limit of power that could be reached.
typedef struct ls_power {
    uint32_t unit;
    uint64_t room;    // watts for GPUs at work, beyond what all of them draw idle
    uint64_t drawn;   // of that
    uint64_t wanted;  // by a place
    bool out;         // it is left out of a search
} ls_power;

typedef struct ls_node_parts {
    uint32_t first_job, first_part;  // LS_POOL_NONE: nothing runs there
    uint32_t reserved;               // LS_POOL_NONE
    uint32_t tenants[LS_TENANTS];    // lenders of the parts there; more_tenants: there are more
    uint8_t tenant_count;
    bool more_tenants;
    uint32_t plain;        // parts there that hold no GPU
    uint32_t site;         // among the sites; LS_POOL_NONE: in none
    uint8_t gpus, kind;    // of the cluster's node; kind UINT8_MAX: none
    uint8_t counted_step;  // the greatest part that is free of a GPU
    uint8_t counted;       // in a row of rooms: GPUs wholly free and 1; 0: in none
    bool spare_used;       // a spare stands in for it
} ls_node_parts;

// A node as a plan sees it: what it costs to have `parts` parts of the job on it.
typedef struct ls_plan_node {
    double value;  // of one part: time, or work lost
    uint32_t node, parts;
} ls_plan_node;

struct ls_scheduler {
    ls_scheduler_def def;
    const ls_cluster *cluster;
    ls_shares *shares;
    ls_waiting *waiting;
    // Spot jobs: those that wait, what those that run or stop hold by account, and what those that
    // run hold by kind.
    ls_waiting *spots;
    ls_shares *spot_shares;
    uint64_t spot_milli[LS_POOL_KINDS_MAX];
    uint32_t spot_count;  // of them run
    ls_occupancy *occupancy;
    ls_occupancy *empty;  // the cluster with nothing on it: what could ever run
    ls_pool_job *jobs;
    uint32_t job_count, job_room, job_free;
    ls_node_parts *nodes;
    uint32_t *soles;      // by node: who has it to himself
    uint32_t *sole_jobs;  // by node: that job
    int64_t *latest_us;   // by node: all that runs there is over by then; INT64_MIN: nothing does
    uint8_t *types;       // by node: nodes of the same type suit the same jobs
    uint32_t type_nodes[LS_NODE_TYPES];  // by type: the first node of it
    uint32_t type_count;
    ls_reserved *reserved;
    uint32_t reserved_count, reserved_room;
    ls_pool_act *acts;
    uint32_t act_count, act_room;
    uint32_t *rooms;      // by kind: nodes kept for nobody, by how many GPUs are wholly free
    ls_plan_node *plan;   // node_count of them
    uint32_t *promised;   // by account right below the top: the job with its promise
    int64_t *promise_us;  // by account: no promise before
    int64_t *reclaim_us;  // by account: the promised time of taking back
    ls_budgets *budgets;  // NULL: nobody has one
    int64_t month_us;     // when the next month begins
    ls_power *power;      // in the order of the units
    uint32_t power_count;
    uint64_t *power_drawn;  // by node
    bool power_ignored;     // what would be if there were no such limits
    ls_booked *booked;      // reservations that are not over
    uint32_t booked_count;
    uint32_t *groups;         // by account: who may use the same reservations; NULL: none are there
    int64_t longest_stop_us;  // of all jobs so far
    uint32_t woken;           // how often the cluster came to have more: ends all pauses
    bool round_again;         // something was freed when turns had been taken
    bool *look;               // by account: it stands in looks
    uint32_t *looks;          // leaves that are looked at next, a ring
    uint32_t look_head, look_count;
    uint32_t look_at;      // of the leaf at the front: heads that are done with
    uint32_t *running;     // by lender: the job of it that was started last
    uint32_t *plan_marks;  // by node: the search that has looked at it
    uint32_t plan_mark;
    uint32_t plan_from;     // node from which the next search for victims goes
    int64_t tick_us;        // when all accounts are looked at next
    bool breaking;          // some of the promises are marked: they may be broken
    bool moving;            // the search is for jobs that can be moved
    bool move_due;          // it is time to look for them
    int64_t move_us;        // not before
    int64_t move_pause_us;  // the last search was in vain: so long
    uint32_t move_leaf;     // from this account on
    ls_pool_share *moved;   // where they would go
    uint32_t moved_room;
    bool sharing;       // the search is for one part: nodes that are shared will do
    bool *may_give;     // by lender: lends to the job that is looked at
    double *give_most;  // by lender: a job that holds at most so much of it may be stopped for that
    bool *spent;        // by account: it, or one above it, has too little to lend for that job
    uint32_t *victims;  // jobs that would be stopped
    uint32_t victim_count, victim_room;
    ls_pool_share *places;  // of the job that is being placed
    uint32_t places_room;
    uint64_t next_number;
    int64_t now_us;
    bool acts_taken;  // the caller has seen them
    bool out_of_memory;
};

// Who lends what the job holds: its account; all spot jobs stand behind the accounts, as one.
static inline uint32_t ls_scheduler_lender(const ls_scheduler *s, uint32_t job) {
    return s->jobs[job].request.spot ? s->def.account_count : s->jobs[job].request.account;
}

// Where it waits.
static inline ls_waiting *ls_scheduler_queues(const ls_scheduler *s, uint32_t job) {
    return s->jobs[job].request.spot ? s->spots : s->waiting;
}

// ---- scheduler_job.c: jobs in their places

// See ls_waiting_open and ls_waiting_fell: of spot jobs as well.
void ls_scheduler_open(ls_scheduler *s);
void ls_scheduler_fell(ls_scheduler *s, uint32_t account);

// Finds a place for a waiting job within its accounts' limits and with its own kept nodes, into
// s->places. *out_limit: the account whose limit it met (with *out_part: only for some kinds), or
// LS_POOL_NONE.
bool ls_scheduler_place(ls_scheduler *s, uint32_t job, uint32_t *out_limit, bool *out_part);
// Kinds that no limit keeps from the job (a claim of it counts as held). *out_limit: the highest
// account whose limit met it.
uint32_t ls_scheduler_kinds(const ls_scheduler *s, const ls_pool_job *j, uint32_t *out_limit);
// Its account, or one above it, has used its budget of the month.
bool ls_scheduler_has_spent(const ls_scheduler *s, uint32_t job);
// A place for all parts, on GPUs of one kind, into s->places.
bool ls_scheduler_find(ls_scheduler *s, ls_occupancy *o, ls_shape shape, int64_t until_us);
// The same now, for this job: the nodes that are kept for it are free for it.
bool ls_scheduler_find_now(ls_scheduler *s, uint32_t job, ls_shape shape, int64_t until_us);
// Starts it at s->places. False: out of memory, nothing done.
bool ls_scheduler_start(ls_scheduler *s, uint32_t job, ls_pool_why why);
// Asks a running job to stop; `again`: it waits again afterwards.
bool ls_scheduler_stop(ls_scheduler *s, uint32_t job, ls_pool_why why, uint32_t for_job,
                       bool again);
// The latest time of what runs on the node is looked up anew.
void ls_scheduler_latest(ls_scheduler *s, uint32_t node);
// Gives back what a running or stopping job holds.
void ls_scheduler_leave(ls_scheduler *s, uint32_t job);

// How long a job may still run there, counted from when it began.
int64_t ls_pool_later(int64_t now_us, int64_t span_us);  // no overflow

// ---- room.c: a bound on what fits

// The node is no longer counted; it is counted as it is now. Around any change of what is kept.
void ls_room_out(ls_scheduler *s, uint32_t node);
void ls_room_in(ls_scheduler *s, uint32_t node);
void ls_room_changed(ls_scheduler *s, uint32_t node);  // what is free there, or its state
// Who is on the node, also where it is kept.
uint32_t ls_room_sole(const ls_scheduler *s, uint32_t node);
// False: there are plainly too few free GPUs for the shape, when it is over by until_us. What is
// kept for `job` (LS_POOL_NONE: for nobody) counts as free.
bool ls_room_may(const ls_scheduler *s, const ls_shape *shape, uint32_t job, int64_t until_us);
// Parts of a shape of whole GPUs that are free on nodes of the kind, at most: what is kept for the
// job, or by a promise that it may break, counts as free.
uint64_t ls_room_most(const ls_scheduler *s, const ls_shape *shape, uint32_t kind, uint32_t job);

// ---- power.c: limits of power

ls_status ls_power_make(ls_scheduler *s, ls_error *err);
void ls_power_changed(ls_scheduler *s, uint32_t node);  // what works there
// The last of the units whose limit the place in s->places would break, so the narrowest: its place
// in s->power, LS_POOL_NONE: none.
uint32_t ls_power_short(ls_scheduler *s, const ls_shape *shape);
void ls_power_leave_out(ls_scheduler *s, uint32_t power, bool out);

// ---- booked.c: reservations in time

ls_status ls_booked_make(ls_scheduler *s, const ls_pool_reservation *rows, uint32_t count,
                         ls_error *err);
// Those that are over go. Before anything is sought in a round.
void ls_booked_pass(ls_scheduler *s);
int64_t ls_booked_next_us(const ls_scheduler *s);  // when the next one is over; INT64_MAX: none
// From when on the node is kept from the job: for other jobs, or by a reservation; INT64_MAX: not.
// LS_POOL_NONE: from a job for which nothing is kept.
int64_t ls_booked_hold_us(const ls_scheduler *s, uint32_t node, uint32_t job);
bool ls_booked_bars(const ls_scheduler *s, uint32_t kept, uint32_t job);  // it is for others
// A reservation on the node keeps the job away if it is there at some time from at_us to until_us.
// Its place in s->booked, LS_POOL_NONE: none.
uint32_t ls_booked_from(const ls_scheduler *s, uint32_t node, uint32_t job, int64_t at_us,
                        int64_t until_us);
// The first time from at_us on at which the job could run there for its longest time; INT64_MAX:
// never.
int64_t ls_booked_after(const ls_scheduler *s, uint32_t node, uint32_t job, int64_t at_us);

// ---- reserve.c: nodes kept for jobs

// Keeps the nodes (copied) for the job. False: out of memory.
bool ls_reserve(ls_scheduler *s, uint32_t job, const ls_plan_node *nodes, uint32_t count,
                int64_t from_us, bool claim, uint32_t kind);
void ls_reserve_drop(ls_scheduler *s, uint32_t job);  // also when nothing is kept for it
// For a while the job sees its own kept nodes, and those that are reserved for it, as free ones.
void ls_reserve_show(ls_scheduler *s, uint32_t job, bool hold);
int64_t ls_reserve_next_us(const ls_scheduler *s);  // when the next promised time comes
// Nobody stops any more on the nodes that are kept.
bool ls_reserve_is_freed(const ls_scheduler *s, uint32_t reserved);
// Starts those jobs for which nodes are kept and something was freed, or whose time has come.
void ls_reserve_start(ls_scheduler *s);
// Promises the first job of each account below the top its time.
void ls_reserve_promise(ls_scheduler *s);

// ---- reclaim.c: what was borrowed is taken back

void ls_reclaim(ls_scheduler *s);
// A job that has no place is given that of spot jobs, if they are in its way: nodes are kept for it
// then, or it has started.
bool ls_reclaim_spots(ls_scheduler *s, uint32_t job);
// Would the job find somebody to take back from, if it were due? Changes nothing.
bool ls_reclaim_would(ls_scheduler *s, uint32_t job);
// The cluster has more than before: whoever pauses may try again, all are looked at next.
void ls_reclaim_wake(ls_scheduler *s);
// The nodes that ls_victims_find has found are kept for the job, and the victims told to stop: to
// move, or each as he is. False: out of memory.
bool ls_reclaim_claim(ls_scheduler *s, uint32_t job, uint32_t kind, uint32_t used, bool move);
// It takes back no more for a while.
void ls_reclaim_pause(ls_scheduler *s, uint32_t job);
// The leaf is looked at soon: something of it came.
void ls_reclaim_look(ls_scheduler *s, uint32_t leaf);

// ---- move.c: what is free in bits is put together

void ls_move(ls_scheduler *s);

// ---- victims.c: who could be stopped for whom

typedef enum ls_givers {
    LS_GIVE_BORROWERS,  // who borrows, and spot jobs
    LS_GIVE_SPOTS,
    LS_GIVE_MOVED,  // jobs that can be moved
} ls_givers;

// Nodes and victims for a job on GPUs of a kind (LS_POOL_NONE: it needs none), with the promises
// that are marked (`breaks`): the nodes in s->plan[0..*out_used), the victims in s->victims, out of
// the books until ls_victims_again. False: there are none, or nobody would have to stop and nothing
// be broken or shared.
bool ls_victims_find(ls_scheduler *s, uint32_t claimant, uint32_t kind, ls_givers givers,
                     uint32_t *out_used);
void ls_victims_again(ls_scheduler *s);  // they count again; s->victims keeps them

// ---- stopped.c: who was stopped for whom, so that nobody is twice

// Room to note `count` more. False: out of memory.
bool ls_stopped_room(ls_scheduler *s, uint32_t claimant, uint32_t count);
// The first `count` of s->victims are stopped for the claimant now; there is room.
void ls_stopped_note(ls_scheduler *s, uint32_t claimant, uint32_t count);
// Job `victim` was stopped for that one already, at some time. O(log of those that were).
bool ls_stopped_was(const ls_scheduler *s, uint32_t victim, uint32_t claimant);

// ---- plan.c: which nodes

// What the node would have free if everything were gone for which gone(context, job) is true:
// parts of the shape that then fit, at most `most`. In a search for one part (`sharing`), on a node
// that is shared: beside those that share it, when all that is on its way out is gone as well.
uint32_t ls_plan_parts(const ls_scheduler *s, const ls_shape *shape, uint32_t node, uint32_t most,
                       bool (*gone)(const void *context, const ls_scheduler *s, uint32_t job),
                       const void *context);
// The node is up and could take a part of the shape if it were empty.
bool ls_plan_suits(const ls_scheduler *s, const ls_shape *shape, uint32_t node);
// By type: could a node of it take a part of the job if it were empty and up? It is of this kind
// (for a job with GPUs). The last type is never told of: ask for the node.
void ls_plan_types(const ls_scheduler *s, uint32_t job, uint32_t kind, bool *out);
// The node is of this kind (for a job with GPUs) and could take a part of the job if it were empty,
// is up and kept for nobody else: but by a promise that may be broken (`breaks`), or as a shared
// one
// (`sharing`).
bool ls_plan_may(const ls_scheduler *s, uint32_t job, uint32_t kind, uint32_t node);
// Of s->plan[0..count): those with the least values (of equal ones the least nodes) that together
// have `shape->parts` parts, in a unit that the shape asks for (then they must stand by node). They
// are moved to the front; returns how many, 0: there are not enough. `sum`: the least sum of
// values, sorted by value, node; else the least greatest one, which comes last.
uint32_t ls_plan_choose(ls_scheduler *s, const ls_shape *shape, uint32_t count, bool sum);
