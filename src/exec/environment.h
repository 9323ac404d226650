// environment.h - the variables that a run gets: its own, and ours that say what it may use.
#pragma once

#include "exec/job.h"
#include "pool/pool.h"

typedef struct ls_environment_def {
    const ls_pool *pool;
    const char *const *gpus;  // as in machine.h
    const char *mark;         // "LINESHAFT_RUN=..."
    const ls_exec_job *job;
    uint64_t id;
    uint32_t run, array_index;
    const ls_pool_share *shares;  // job->shape.parts of them
    uint32_t kind;
} ls_environment_def;

// In the arena, ended by NULL; NULL: out of memory. LINESHAFT_* and CUDA_VISIBLE_DEVICES of the job
// itself give way to ours.
const char *const *ls_environment_make(const ls_environment_def *def, ls_arena *arena);
