// pool_trace.h - jobs that a real cluster ran, as a load for the pool's simulated clock.
//
// Tables with a header line, told apart by their columns; what a table does not say is left at 0:
//
//   ours      submit_s, run_s, gpus; as wanted account, nodes, priority, limit_s, milli,
//             deadline_s (after its submission), spot (1: a spot job), gpus_most (an elastic
//             job: it can use so many), load (a service: it needs such shares of gpus_most in
//             spans of a day, "0.2/0.5/1/0.6", at least gpus; day_load.h), job (its name, for those
//             that wait for it), after (names of jobs before it, with blanks between: it waits
//             until they are done, and is given up when one fails), array (so many like it, of one
//             name, which is done when all are), fails (1: it ends so, and is not done)
//   philly    timestamp, duration, num_gpus, cluster (job list of the Philly trace as the Sia
//             artefact has it; times local, seconds)
//   helios    submit_time, duration, gpu_num, node_num, vc (Helios cluster_log.csv)
//   acme      submit_time, duration, gpu_num, node_num, user, no vc (Acme trace_*.csv)
//   spot      submit_time, duration, gpu_request, worker_num, organization, gpu_model, job_type
//             (HP or Spot; Alibaba 2026)
//
// Times are seconds, or `YYYY-MM-DD hh:mm:ss`, with or without a zone. Rows without GPUs, or that
// ran for no time, are counted and left out. None of the published tables says who waits for whom.
// Pure: text in, rows out, sorted by submission.
#pragma once

#include "base/arena.h"
#include "pool/pool.h"
#include "pool/simulated.h"

typedef struct ls_trace_row {
    int64_t submit_us;  // since the first of the trace
    int64_t run_us;
    int64_t limit_us;     // 0: not told
    int64_t deadline_us;  // after its submission; 0: none
    uint32_t gpus;        // in all
    uint32_t nodes;       // 0: not told
    uint32_t milli;       // of one GPU, instead of gpus
    uint32_t gpus_most;   // it can use so many; 0: not told
    bool spot;
    bool fails;                 // it ends so
    const ls_day_load *demand;  // a service, by its load; NULL: none
    uint32_t array;             // so many jobs; 0: it alone
    uint32_t group;             // by which others wait for it, from 1; 0: nobody does
    const uint32_t *after;      // rows before it, all of which have a group
    uint32_t after_count;
    uint32_t row;  // of the table
    int32_t priority;
    uint32_t who;  // index of names
    int line;
} ls_trace_row;

typedef struct ls_trace {
    const char *format;  // "philly"
    ls_trace_row *rows;
    size_t count;
    size_t jobs;           // an array's all
    uint32_t group_count;  // rows that others wait for
    const char **names;    // accounts, users, virtual clusters, in the order in which they came
    uint32_t name_count;
    size_t left_out;
} ls_trace;

// Everything lies in the arena. Fails with LS_ERR_INVALID (file, line, column), LS_ERR_MEMORY.
ls_status ls_trace_read(const char *text, size_t size, const char *file, ls_arena *arena,
                        ls_trace *out, ls_error *err);

enum {
    LS_TRACE_BLOCKS_MAX = 1040,  // weeks of twenty years
    LS_TRACE_ARRAY_MAX = 100000,
    LS_TRACE_AFTER_MAX = 1024,  // that one waits for
};

// Hands a trace to a pool, job by job.
typedef struct ls_trace_load {
    const ls_trace *trace;
    const ls_pool *pool;
    const uint32_t *accounts;  // leaf of each name
    bool spread;               // no name is an account: they were dealt out in turn
    uint32_t node_gpus;        // of the largest node: what is more stands on several
    double limit_factor;       // longest time, in times of its own, where the trace says none
    int64_t checkpoint_us;     // jobs save so often; 0: never
    double stretch;            // times between submissions, 1: as they were
    size_t next;
    // Blocks of the trace that are handed out one behind the other; none: the trace as it is.
    int64_t block_us;
    uint32_t block_count, block_at;
    uint32_t blocks[LS_TRACE_BLOCKS_MAX];
    // Of the row that was handed out last, an array: so many jobs are to come.
    uint32_t array_left;
    const ls_trace_row *array;
    int64_t array_us;
    uint64_t after[LS_TRACE_AFTER_MAX];  // what the job that was handed out last waits for
} ls_trace_load;

// Names are accounts of the pool by path or own name, when one of them is; a name that is none is
// then an error. When none is, they are dealt out over the leaves in turn. `account` (a path) takes
// all of them; NULL. A job with more GPUs than the largest node stands
// on the fewest nodes that have them, evenly, or on whole nodes where they cannot be shared evenly.
ls_status ls_trace_load_make(const ls_trace *trace, const ls_pool *pool, const char *account,
                             double limit_factor, double stretch, ls_arena *arena,
                             ls_trace_load *out, ls_error *err);
bool ls_trace_load_next(void *load, ls_sim_job *out);  // for ls_sim_load
// GPU time that the trace asks for, of what so many GPUs have from its first submission to its last
// and, at the most, a day behind it: 1 is all of it.
double ls_trace_asked(const ls_trace *trace, uint64_t gpus);
// Another trace that could have been: as many whole weeks (days, when it has less than four weeks)
// as the trace has, drawn from it with replacement (block bootstrap; Kuensch, Annals of Statistics
// 17, 1989). What waits for a job of another block waits for it no more. False: it has not even two
// whole days.
bool ls_trace_load_draw(ls_trace_load *load, uint64_t seed);
// When the last job of the load is submitted, at the latest.
int64_t ls_trace_load_end_us(const ls_trace_load *load);
