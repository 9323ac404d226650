// run_limits.h - what one run may take of this machine: memory, processors, processes.
//
// A job says how much it needs of a node; what it does not say follows from its share of the nodes
// that it stands on. All parts of a job are one process group of this machine and have one sum.
#pragma once

#include <stdbool.h>

#include "exec/job.h"
#include "pool/occupancy.h"
#include "pool/pool.h"

// What can be enforced, as bits.
enum { LS_LIMIT_MEMORY = 1, LS_LIMIT_CPU = 2, LS_LIMIT_PIDS = 4, LS_LIMIT_ALL = 7 };

enum {
    LS_PROCESSES_DEFAULT = 4096,   // for each GPU or slot that a job holds, begun ones too
    LS_CPU_WEIGHT_PROCESSOR = 100  // of one processor: the kernel's default for a cgroup
};

typedef struct ls_run_limits {
    uint64_t memory_mib;  // 0: none
    uint64_t cpu_milli;   // thousandths of a processor at most, those it asked for; 0: any
    uint32_t cpu_weight;  // beside others, 1 to 10000, when processors are short
    uint32_t processes;   // and threads; at least 1
} ls_run_limits;

// `shares`: shape.parts of them, on nodes of the pool.
//  - memory: what it asked for; else of each node its share by GPUs (a job without GPUs: by
//    processors, all of it when it asks for none). None where the pool file does not say a node's.
//  - processors: it gets what it asked for and no more. One that asks for none gets what is idle,
//    and its share by GPUs when there is too little for all.
//  - processes: what it says, else LS_PROCESSES_DEFAULT for each GPU or slot.
ls_run_limits ls_run_limits_of(const ls_pool *pool, const ls_exec_job *job,
                               const ls_pool_share *shares);
