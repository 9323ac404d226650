// run_limits.c - see run_limits.h.
#include "exec/run_limits.h"

#include <assert.h>

enum { WEIGHT_MOST = 10000, MILLI = 1000 };

static uint32_t count_gpus(uint32_t bits) {
    uint32_t count = 0;
    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

// Of so much of a node what falls to so many of so many.
static uint64_t part_of(uint64_t all, uint64_t held, uint64_t of) {
    return held >= of ? all : all * held / of;
}

typedef struct sums {
    uint64_t memory_mib, cpu_milli, gpu_milli;
    bool memory_unknown;
} sums;

static void add_part(sums *sum, const ls_pool_node *node, const ls_shape *shape, uint32_t gpus) {
    // A fraction holds a part of one GPU.
    const uint64_t held = shape->milli != 0 ? shape->milli
                                            : (uint64_t)count_gpus(gpus) * LS_POOL_WHOLE;
    const uint64_t there = (uint64_t)node->gpus * LS_POOL_WHOLE;
    const bool by_gpus = held > 0 && there > 0;
    const uint64_t cpus = shape->cpu_milli != 0 ? shape->cpu_milli
                          : by_gpus             ? part_of(node->cpu_milli, held, there)
                                                : 0;
    sum->gpu_milli += held;
    sum->cpu_milli += cpus;
    if (shape->memory_mib != 0) {
        sum->memory_mib += shape->memory_mib;
        return;
    }
    sum->memory_unknown |= node->memory_mib == 0;
    sum->memory_mib += by_gpus ? part_of(node->memory_mib, held, there)
                       : shape->cpu_milli != 0 && node->cpu_milli != 0
                           ? part_of(node->memory_mib, shape->cpu_milli, node->cpu_milli)
                           : node->memory_mib;
}

ls_run_limits ls_run_limits_of(const ls_pool *pool, const ls_exec_job *job,
                               const ls_pool_share *shares) {
    const ls_shape *shape = &job->shape;
    sums sum = {0};
    for (uint32_t i = 0; i < shape->parts; i++) {
        assert(shares[i].node < pool->cluster.node_count);
        add_part(&sum, pool->cluster.nodes + shares[i].node, shape, shares[i].gpus);
    }
    const uint64_t weight = sum.cpu_milli * LS_CPU_WEIGHT_PROCESSOR / MILLI;
    const uint64_t gpus = (sum.gpu_milli + LS_POOL_WHOLE - 1) / LS_POOL_WHOLE;
    const uint64_t processes = job->processes != 0 ? job->processes
                                                   : (gpus > 0 ? gpus : 1) * LS_PROCESSES_DEFAULT;
    return (ls_run_limits){
        // A share that rounds to nothing is one all the same, never none.
        .memory_mib = sum.memory_unknown   ? 0
                      : sum.memory_mib > 0 ? sum.memory_mib
                                           : 1,
        .cpu_milli = shape->cpu_milli != 0 ? (uint64_t)shape->cpu_milli * shape->parts : 0,
        .cpu_weight = sum.cpu_milli == 0     ? LS_CPU_WEIGHT_PROCESSOR
                      : weight < 1           ? 1
                      : weight > WEIGHT_MOST ? WEIGHT_MOST
                                             : (uint32_t)weight,
        .processes = processes < LS_EXEC_PROCESSES_MAX ? (uint32_t)processes
                                                       : LS_EXEC_PROCESSES_MAX};
}
