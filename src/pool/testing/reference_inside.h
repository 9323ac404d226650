// reference_inside.h - what the files of the reference scheduler share. For tests only.
#pragma once

#include "pool/meter.h"
#include "pool/testing/reference_scheduler.h"

enum { REF_GPUS = LS_POOL_NODE_GPUS_MAX, REF_KINDS = LS_POOL_KINDS_MAX };

// Of a queue that no limit stops.
#define REF_READY UINT32_MAX

typedef struct ref_class {
    ls_shape shape;
    uint32_t bucket, group;
    bool spot, closed;
} ref_class;

// The jobs of a class in a leaf.
typedef struct ref_queue {
    uint32_t klass, leaf;
    uint32_t stopped_by;  // the account whose limit stops it, REF_READY: none
} ref_queue;

// Nodes that are kept for a job.
typedef struct ref_kept {
    uint32_t place;  // in the table, LS_POOL_NONE: nothing is kept
    bool claims;     // it takes them back; else it is promised them
    uint64_t order;  // it was the how manieth to be kept
    bool stirred;
    uint32_t kind;    // of the nodes, LS_POOL_NONE: of a job without GPUs
    int64_t from_us;  // promised
    uint32_t *nodes;
    uint32_t node_count;
} ref_kept;

typedef struct ref_job {
    ls_pool_job_state state;
    ls_pool_request request;
    uint64_t number;
    int64_t submitted_us, started_us, since_us;
    uint64_t came;          // the how manieth start it was
    int64_t until_us;       // LS_POOL_JOB_STOPPING
    ls_pool_why why;        // LS_POOL_JOB_STOPPING
    uint64_t *stopped_for;  // numbers of the jobs for which it was stopped
    uint32_t stopped_count;
    uint32_t queue;
    uint32_t kind;
    ls_pool_share *shares;
    ref_kept kept;
    bool passed;                        // in this round it has no turn any more
    bool passed_limited;                // a limit was in its way
    bool in_vain;                       // a claim of it was given up for want of power
    int64_t pause_us, paused_until_us;  // of taking back
    int64_t moves_us;                   // nobody is moved for it before
    int64_t spots_us;                   // no spot jobs stop for it before
    bool noted;  // taken out of the books while it is sought who is to be stopped
} ref_job;

typedef struct ref_run {
    uint32_t job, account;
    uint64_t milli;
    int64_t from_us, until_us;  // INT64_MAX: it runs
} ref_run;

typedef struct ref_account {
    uint64_t held[REF_KINDS];
    uint64_t spots;   // held by spot jobs
    int64_t vain_us;  // a promise was sought in vain
    bool vain;
} ref_account;

struct ls_reference_scheduler {
    ls_scheduler_def def;
    const ls_cluster *cluster;
    ls_occupancy *occupancy, *empty;
    ref_account *accounts;
    ref_job *jobs;
    uint32_t job_count;
    ref_class *classes;
    uint32_t class_count;
    ref_queue *queues;
    uint32_t queue_count;
    uint32_t table_count;  // places for what is kept
    uint64_t kept_count;   // how often something came to be kept
    ls_pool_act *acts;
    uint32_t act_count;
    int64_t tick_us;  // INT64_MAX: none
    uint64_t starts;
    ref_run *runs;  // all that ever ran, in the order of their starts
    uint32_t run_count;
    int64_t month_us;  // the month that began last in a round
    int64_t told_us;   // the last round: reservations that were over then are over
    uint32_t *looks;   // leaves that are looked at next, in order
    uint32_t look_count;
    uint32_t heads_done;   // of the first of them
    uint32_t search_from;  // node
    bool move_due;
    uint32_t move_leaf;
    int64_t move_us, move_pause_us;
    int64_t longest_stop_us;
    bool *spare_when_back;  // of a node: a spare took its place, or it was one
};

// ---- reference_books.c: accounts, classes, whose turn it is

uint32_t ref_parent(const ls_reference_scheduler *s, uint32_t account);
bool ref_is_leaf(const ls_reference_scheduler *s, uint32_t account);
bool ref_is_below(const ls_reference_scheduler *s, uint32_t account, uint32_t above);
// Counts again what every account holds; as if `without` had no claim (LS_POOL_NONE: none).
void ref_count(ls_reference_scheduler *s, uint32_t without);
uint64_t ref_borrowed(const ls_reference_scheduler *s, uint32_t account, uint32_t kind,
                      uint64_t more);
// The first account from this one up whose limit so much more would break, LS_POOL_NONE: none.
uint32_t ref_limited(const ls_reference_scheduler *s, uint32_t account, uint32_t kind,
                     uint64_t more);
// The same when all that is on its way out is gone.
uint32_t ref_limited_later(const ls_reference_scheduler *s, uint32_t account, uint32_t kind,
                           uint64_t more);
bool ref_is_ready(const ls_reference_scheduler *s, uint32_t job);
bool ref_is_open(const ls_reference_scheduler *s, uint32_t job);
bool ref_goes_before(const ls_reference_scheduler *s, uint32_t a, uint32_t b);
// Whose turn it is below the account, LS_POOL_NONE: nobody's. Of spot jobs, or of the others; of
// open classes those that were passed have none.
uint32_t ref_turn(ls_reference_scheduler *s, uint32_t account, bool all_classes, bool spot);
bool ref_spots_run(const ls_reference_scheduler *s);
uint32_t ref_find_queue(ls_reference_scheduler *s, const ls_pool_request *request);
void ref_open_all(ls_reference_scheduler *s);
bool ref_is_same_shape(const ls_shape *a, const ls_shape *b);
void ref_fell(ls_reference_scheduler *s, uint32_t account);

// ---- reference_rules.c: budgets and reservations

// When the month of that time began, and when the next one begins, since time zero.
int64_t ref_month_us(const ls_reference_scheduler *s, int64_t now_us, int64_t *out_end_us);
// The highest account, from this one up, that has used its budget; LS_POOL_NONE: none.
uint32_t ref_spent(const ls_reference_scheduler *s, int64_t now_us, uint32_t account,
                   uint64_t milli);
void ref_began(ls_reference_scheduler *s, int64_t now_us, uint32_t job);
void ref_ended(ls_reference_scheduler *s, int64_t now_us, uint32_t job);
void ref_round_begins(ls_reference_scheduler *s, int64_t now_us);
uint32_t ref_group(const ls_reference_scheduler *s, uint32_t account);
// From when on the node is kept from the account by reservations; INT64_MAX: never.
int64_t ref_reserved_us(const ls_reference_scheduler *s, uint32_t node, uint32_t account);
// Reservations keep the account from the node at some time between.
bool ref_is_reserved(const ls_reference_scheduler *s, uint32_t node, uint32_t account,
                     int64_t from_us, int64_t until_us);

// There is a unit whose limit of power could be reached.
bool ref_has_power(const ls_reference_scheduler *s);
// The last unit of the cluster whose limit the place would break, LS_POOL_NONE: none.
uint32_t ref_power_short(const ls_reference_scheduler *s, const ls_shape *shape,
                         const ls_pool_share *shares);

// ---- reference_nodes.c: what fits on which nodes when

typedef struct ref_free {
    uint32_t milli[REF_GPUS];
    uint32_t cpu_milli, memory_mib;
} ref_free;

// As if the jobs for which gone() is true were not there; NULL: as it is.
ref_free ref_node_free(const ls_reference_scheduler *s, uint32_t node,
                       bool (*gone)(const void *context, uint32_t job), const void *context);
// How many parts of the shape find room (one with `spread`). The node's kind has to be among those
// of the shape.
uint32_t ref_parts(const ls_reference_scheduler *s, const ls_shape *shape, uint32_t node,
                   const ref_free *free);
// False: even with all that is kept for others there are too few free GPUs for all parts.
bool ref_has_room(const ls_reference_scheduler *s, const ls_shape *shape);
// `may_pass`: of these jobs what is kept is no hindrance; NULL: of none.
bool ref_is_considered(const ls_reference_scheduler *s, uint32_t job, const ls_shape *shape,
                       uint32_t node, const bool *may_pass);
// The ranges of nodes in one of which the shape has to stand; returns how many.
uint32_t ref_ranges(const ls_reference_scheduler *s, const ls_shape *shape, uint32_t at,
                    uint32_t *out_node, uint32_t *out_count);
// When a running or stopping job is over at the latest.
int64_t ref_over_us(const ref_job *job);
// Nodes for a promise, into out (room for the parts); returns how many, 0: none.
uint32_t ref_plan(const ls_reference_scheduler *s, int64_t now_us, uint32_t job, uint32_t *out,
                  int64_t *out_us);

// ---- reference_take.c: taking back

void ref_look_soon(ls_reference_scheduler *s, uint32_t leaf);
// The cluster has more than before.
void ref_wake(ls_reference_scheduler *s, int64_t now_us);
// The job takes back no more for a while.
void ref_pause(ls_reference_scheduler *s, int64_t now_us, uint32_t job);

void ref_take_back(ls_reference_scheduler *s, int64_t now_us);
// Jobs are moved for one that has no place.
void ref_move(ls_reference_scheduler *s, int64_t now_us);
// A job that found no place is given that of spot jobs. False: it is given none.
bool ref_take_from_spots(ls_reference_scheduler *s, int64_t now_us, uint32_t job);

// ---- reference_scheduler.c

// It starts if there is a place for it and no limit is in its way.
// The job that comes first, or next after another, in a place of the table; LS_POOL_NONE: none.
uint32_t ref_next_kept(const ls_reference_scheduler *s, uint32_t place, uint32_t after);
// Somebody stops on a node that is kept for the job.
bool ref_somebody_stops(const ls_reference_scheduler *s, uint32_t job);
// Every node is held as the job may see it; LS_POOL_NONE: as somebody for whom nothing is kept.
void ref_hold_for(ls_reference_scheduler *s, uint32_t job);
bool ref_does_claim(const ls_reference_scheduler *s, uint32_t job);
bool ref_start_now(ls_reference_scheduler *s, int64_t now_us, uint32_t job);
void ref_keep(ls_reference_scheduler *s, uint32_t job, const uint32_t *nodes, uint32_t count,
              int64_t from_us, bool claims);
void ref_drop(ls_reference_scheduler *s, uint32_t job);
void ref_stop(ls_reference_scheduler *s, int64_t now_us, uint32_t job, ls_pool_why why,
              uint32_t for_job);
