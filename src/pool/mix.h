// mix.h - a load that nobody recorded: jobs drawn from a stated mix, at a stated load.
//
// A mix is a list of classes of jobs. Each says how often it comes, its GPUs, and how long it runs:
// lognormal by mean and median (of which sigma^2 = 2 ln(mean / median)), as published summaries of
// clusters give them. Jobs come as a Poisson process whose rate makes the GPU time asked for `load`
// times what the accounts can have. Each job belongs to a leaf account, drawn by what it would have
// if all wanted all, among those that may hold so many GPUs.
//
// The same mix, pool and seed give the same jobs, whatever the scheduler does.
#pragma once

#include "pool/pool.h"
#include "pool/simulated.h"

typedef struct ls_mix_class {
    const char *name;
    double often;  // relative number of jobs
    uint32_t gpus;
    uint32_t milli;  // instead of gpus
    double run_mean_s, run_median_s;
    double most;  // longest time, in times of its own; 0: none
    int32_t priority;
    int64_t stop_us, checkpoint_every_us;
    bool saves;
    bool together;   // must be in one NVLink domain where one is large enough
    uint32_t array;  // so many alike; 0: one
    uint32_t then;   // when all of them are done comes a job of this class of the mix, from 1; 0
} ls_mix_class;

// Classes, or what a cluster's summary says: then a job has 1 (or `milli`), 2, 4 ... GPUs up to
// gpus_max, each size `r` times as often as the one before, r such that the mean is gpus_mean; and
// the run time does not depend on the size.
typedef struct ls_mix {
    const char *name, *about;
    const ls_mix_class *classes;
    uint32_t count;
    uint32_t milli;  // the smallest size, where it is less than a GPU
    double gpus_mean, gpus_max;
    double run_mean_s, run_median_s;
} ls_mix;

extern const ls_mix ls_mixes[];
extern const uint32_t ls_mix_count;
extern const char *const ls_mix_words[];      // their names in the same order, NULL at the end
const ls_mix *ls_mix_find(const char *name);  // NULL: no such mix

typedef struct ls_mix_load {
    const ls_pool *pool;
    const ls_mix *mix;
    const ls_mix_class *classes;  // of the mix, or made from its summary
    ls_mix_class *made;           // owned
    uint32_t class_count;
    uint64_t seed;
    double gap_us;     // mean time between jobs
    double *often;     // cumulated, by class
    double *accounts;  // cumulated, by leaf
    uint32_t *leaves;
    uint32_t *most;      // by leaf: GPUs that it may hold at once
    uint32_t most_gpus;  // of any leaf
    uint32_t leaf_count;
    uint32_t node_gpus;                 // of the largest node
    int64_t checkpoint_us;              // of jobs made from a summary; 0: never
    uint64_t level_gpus[LS_POOL_NODE];  // of the largest unit of each level, without spares
    const ls_mix_class *now;            // of the job that was handed out last
    uint32_t left;                      // of its array
    uint32_t leaf;                      // of leaves
    uint64_t number, before;            // by which others wait for it; whom it waits for
    uint64_t drawn;
    double at_us;
    double until_us;
} ls_mix_load;

// `load` above 0; no jobs come from until_us on. The pool must outlive it. Fails with
// LS_ERR_MEMORY, or LS_ERR_INVALID when the pool has no GPUs.
ls_status ls_mix_load_make(const ls_pool *pool, const ls_mix *mix, double load, uint64_t seed,
                           int64_t until_us, ls_mix_load *out, ls_error *err);
void ls_mix_load_clear(ls_mix_load *load);
bool ls_mix_load_next(void *load, ls_sim_job *out);  // for ls_sim_load
