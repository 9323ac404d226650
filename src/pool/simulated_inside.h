// simulated_inside.h - what simulated*.c share. Private to them.
#pragma once

#include "pool/grow.h"
#include "pool/offender.h"
#include "pool/simulated.h"
#include "pool/simulated_runs.h"

// In the order in which they are looked at when they come at once.
// Runs that are over come before them.
typedef enum sim_what { NODE_BACK, NODE_BREAKS, DEMAND_CHANGES } sim_what;

typedef struct sim_event {
    int64_t at_us;
    sim_what what;
    uint32_t node;  // or job
    uint32_t run;   // of the job; NODE_BACK: the GPU of the node, from 1, 0: the node
} sim_event;

typedef struct sim_job {
    ls_sim_job job;
    int64_t left_us;     // work that is still to be done
    int64_t started_us;  // this time
    int64_t since_us;    // waits since
    int64_t first_us;    // submitted
    int64_t asked_us;    // to stop
    int64_t until_us;    // by then; INT64_MAX: it was not asked
    int64_t lost_us;     // of the last run
    uint32_t run;        // the executor's number, goes on when the scheduler's is used again
    uint32_t runs;       // starts
    ls_pool_why stopped;
    bool waits;

    // Of an elastic job (simulated_elastic.c) while it runs: its further parts, and how far it is.
    uint32_t *extras;  // their jobs; owned
    uint32_t extra_count, extras_running;
    double done_us;         // of its work, in this run, by since_rate_us
    int64_t since_rate_us;  // its parts have been as many since then
    double had_us;          // of a service: of replicas, since it was submitted
    bool demands;           // a service that is not over
    // Of such a part:
    bool extra;
    bool over;  // so is its job
    uint32_t leader;
} sim_job;

typedef struct sim {
    const ls_sim_def *def;
    const ls_sim_policy *policy;
    ls_scheduler *scheduler;
    ls_sim_runs *runs;
    ls_executor executor;
    ls_meter *meter;
    ls_meter_row *rows;
    sim_event *heap;
    uint32_t heap_count, heap_room;
    sim_job *jobs;
    uint32_t job_room;
    uint32_t *begun;  // elastic jobs that started in this round
    uint32_t begun_count, begun_room;
    uint64_t breaks, repairs;
    uint32_t *lemons;  // nodes that break more often than others
    uint32_t lemon_count, lemon_room;
    ls_offender *offenders;  // by node; NULL: nobody is exchanged
    bool *leaves;            // by node: it is broken, and does not come back
    ls_afters *afters;
    ls_sim_job *held;  // jobs that wait for others, by slot
    uint32_t held_count, held_room;
    uint32_t *held_free;  // slots
    uint32_t held_free_count, held_free_room;
    ls_sim_job next;
    bool has_next, stop;
    int64_t now_us;
    ls_sim_result *out;
    ls_error *err;
} sim;

// ---- simulated.c

bool sim_push(sim *s, sim_event e);  // false: no memory
// What the policy makes of what a job asks for.
ls_pool_request sim_request(const sim *s, const ls_sim_job *job);
void sim_tell(sim *s, ls_sim_kind kind, const sim_job *j, const char *reason,
              const ls_pool_act *act, int64_t promised_us);

ls_status sim_enter(sim *s, const ls_sim_job *job);  // it comes into the queue, or is refused

// ---- simulated_after.c: jobs that wait for others

// A job comes. *out_held: it waits for others first, or is given up already.
ls_status sim_after_submit(sim *s, const ls_sim_job *job, bool *out_held);
void sim_after_over(sim *s, const ls_sim_job *job, bool done);
ls_status sim_after_free(sim *s);  // those that wait for nothing any more
void sim_after_left(sim *s);       // tells of those that still do

// ---- simulated_nodes.c: nodes that break

bool sim_nodes_begin(sim *s);  // which are bad, and the first failure; false: no memory
void sim_nodes_set(sim *s, uint32_t node, ls_node_state state);
bool sim_nodes_break(sim *s, uint32_t node);  // if it is up; and the next failure
// It, or another one in its place; gpu from 1: of one of its GPUs, 0: of the node.
bool sim_nodes_back(sim *s, uint32_t node, uint32_t gpu);

// ---- simulated_elastic.c: jobs that grow and shrink

// An elastic job has started: what it can use beyond waits from now on. Fails with LS_ERR_MEMORY.
ls_status sim_elastic_begin(sim *s, uint32_t id);
// It is over, or has to wait again: so are its further parts. What it has worked in this run.
int64_t sim_elastic_end(sim *s, uint32_t id);
// A further part has started, or has stopped.
ls_status sim_elastic_grow(sim *s, const ls_pool_act *act);
ls_status sim_elastic_shrink(sim *s, uint32_t id);
// The demand of a service is another from now on. Fails with LS_ERR_MEMORY.
ls_status sim_elastic_demand(sim *s, uint32_t id);
// A service is over, or the simulated time is: what it asked for and had is counted.
void sim_elastic_account(sim *s, uint32_t id);
