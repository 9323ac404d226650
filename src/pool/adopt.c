// adopt.c - jobs that a scheduler of before had started.
#include <assert.h>
#include <string.h>

#include "pool/scheduler_inside.h"

static uint32_t count_bits(uint32_t bits) {
    return (uint32_t)__builtin_popcount(bits);
}

// One part could stand there now.
static bool is_free(const ls_scheduler *s, const ls_shape *shape, const ls_pool_share *share) {
    if (share->node >= s->cluster->node_count) {
        return false;
    }
    const ls_pool_node *node = s->cluster->nodes + share->node;
    const ls_node_free free = ls_occupancy_node(s->occupancy, share->node);
    if (free.cpu_milli < shape->cpu_milli || free.memory_mib < shape->memory_mib) {
        return false;
    }
    if (shape->gpus == 0 && shape->milli == 0) {
        return share->gpus == 0;
    }
    if (node->kind == LS_POOL_NONE || ((shape->kinds >> node->kind) & 1) == 0 ||
        (node->gpus < 32 && share->gpus >> node->gpus != 0)) {
        return false;
    }
    if (shape->milli != 0) {
        return count_bits(share->gpus) == 1 &&
               ls_occupancy_gpu_free(s->occupancy, share->node,
                                     (uint32_t)__builtin_ctz(share->gpus)) >= shape->milli;
    }
    return count_bits(share->gpus) == shape->gpus && (share->gpus & ~free.whole) == 0;
}

ls_status ls_scheduler_adopt(ls_scheduler *s, int64_t started_us, uint32_t job,
                             const ls_pool_share *shares, ls_error *err) {
    ls_pool_job *j = s->jobs + job;
    const uint32_t parts = j->request.shape.parts;
    assert(j->state == LS_POOL_JOB_WAITING);
    // Part by part, since several may stand on one node; then given back for `start` to take.
    uint32_t taken = 0;
    while (taken < parts && is_free(s, &j->request.shape, shares + taken)) {
        ls_occupancy_take(s->occupancy, &j->request.shape, shares + taken, 1);
        taken++;
    }
    ls_occupancy_give(s->occupancy, &j->request.shape, shares, taken);
    if (taken < parts) {
        return ls_fail(err, LS_ERR_INVALID, "part %u of %u runs where it could not run now",
                       taken + 1, parts);
    }
    memcpy(s->places, shares, parts * sizeof *shares);
    const int64_t now_us = s->now_us;
    s->now_us = started_us;
    const bool started = ls_scheduler_start(s, job, LS_WHY_TURN);
    s->now_us = now_us;
    if (!started) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    s->act_count--;  // it is known
    return LS_OK;
}

ls_status ls_scheduler_again(ls_scheduler *s, int64_t now_us, uint32_t job, ls_error *err) {
    ls_pool_job *j = s->jobs + job;
    s->now_us = now_us;
    if (j->state == LS_POOL_JOB_RUNNING) {
        if (!ls_scheduler_stop(s, job, LS_WHY_BROKEN, LS_POOL_NONE, true)) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory");
        }
        s->act_count--;  // it is known
    }
    j->again = true;
    return LS_OK;
}
