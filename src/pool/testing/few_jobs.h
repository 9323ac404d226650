// few_jobs.h - a handful of jobs on the simulated clock, and what became of them. For tests only.
#pragma once

#include "pool/simulated.h"
#include "pool/testing/scene.h"

enum { FEW_JOBS_MOST = 4, FEW_JOBS_HOURS = 1000 };

typedef struct few_jobs {
    ls_sim_job jobs[FEW_JOBS_MOST];  // by submission; their tags are their places here
    uint32_t count, at;
    int64_t ended_us[FEW_JOBS_MOST];
    uint64_t grew, shrank;
    ls_gpu_time held, lost;
} few_jobs;

// One that takes whole GPUs of the first kind and can be begun again.
ls_sim_job few_jobs_one(uint64_t tag, uint32_t account, int64_t submit_us, uint32_t parts,
                        uint32_t gpus, int64_t work_us);
// What runs them on the pool of a scene; `policy` NULL: the product's own.
ls_sim_def few_jobs_sim(few_jobs *few, scene *s, const ls_sim_policy *policy);
// Runs them on a pool of this text for FEW_JOBS_HOURS.
void few_jobs_run(few_jobs *few, const char *pool, const ls_sim_policy *policy, ls_sim_result *out);
