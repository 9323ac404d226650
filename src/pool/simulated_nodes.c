// simulated_nodes.c - nodes on the simulated clock: they break, come back, and those that break
// again and again are taken out and exchanged.
//
// One stream of failures for all; each hits a node.
#include "base/random.h"
#include "pool/grow.h"
#include "pool/simulated_inside.h"

enum { STREAM_WHEN = 1, STREAM_WHICH, STREAM_REPAIR, STREAM_LEMON, STREAM_GPU };

static bool next_failure(sim *s) {
    const ls_sim_failures *f = &s->def->failures;
    const uint32_t nodes = s->def->scheduler.cluster->node_count;
    if (f->every_us <= 0 || nodes == 0) {
        return true;
    }
    // Each node breaks at the same rate, and each bad one so many times more beside it.
    const double more = s->lemon_count > 0 ? f->worse - 1.0 : 0.0;
    const double rates = nodes + more * s->lemon_count;
    const uint64_t n = s->breaks++;
    const double mean_us = (double)f->every_us / rates;
    const double wait_us = ls_random_exp_unit(s->def->seed, STREAM_WHEN, n) * mean_us;
    const double which = ls_random_uniform(s->def->seed, STREAM_WHICH, n) * rates;
    uint32_t node = which < nodes ? (uint32_t)which : nodes - 1;
    if (which >= nodes && more > 0.0) {
        const uint32_t at = (uint32_t)((which - nodes) / more);
        node = s->lemons[at < s->lemon_count ? at : s->lemon_count - 1];
    }
    return sim_push(
        s,
        (sim_event){.at_us = s->now_us + 1 + (int64_t)wait_us, .what = NODE_BREAKS, .node = node});
}

bool sim_nodes_begin(sim *s) {
    const ls_sim_failures *f = &s->def->failures;
    const uint32_t nodes = s->def->scheduler.cluster->node_count;
    for (uint32_t i = 0; f->lemons > 0.0 && i < nodes; i++) {
        if (ls_random_uniform(s->def->seed, STREAM_LEMON, i) >= f->lemons) {
            continue;
        }
        if (!ls_grow(&s->lemons, &s->lemon_room, sizeof *s->lemons, s->lemon_count + 1)) {
            return false;
        }
        s->lemons[s->lemon_count++] = i;
    }
    if (f->times > 0 && nodes > 0) {
        s->offenders = ls_alloc(nodes * sizeof *s->offenders);
        s->leaves = ls_alloc(nodes * sizeof *s->leaves);
        if (s->offenders == NULL || s->leaves == NULL) {
            return false;
        }
    }
    return next_failure(s);
}

void sim_nodes_set(sim *s, uint32_t node, ls_node_state state) {
    const ls_occupancy *o = ls_scheduler_occupancy(s->scheduler);
    const ls_node_state was = ls_occupancy_state(o, node);
    uint32_t spare = LS_POOL_NONE;
    ls_scheduler_node(s->scheduler, s->now_us, node, state, &spare);
    const ls_node_state is = ls_occupancy_state(o, node);
    if (is != was) {
        ls_meter_node(s->meter, s->now_us, node, was, is);
    }
    if (spare != LS_POOL_NONE) {
        ls_meter_node(s->meter, s->now_us, spare, LS_NODE_SPARE, LS_NODE_UP);
    }
}

// The GPU that breaks, from 1; 0: the node does.
static uint32_t which_gpu(const sim *s, uint32_t node, uint64_t n) {
    const uint32_t gpus = s->def->scheduler.cluster->nodes[node].gpus;
    const double share = s->def->failures.gpus;
    if (share <= 0.0 || gpus == 0) {
        return 0;
    }
    const double drawn = ls_random_uniform(s->def->seed, STREAM_GPU, n);
    const uint32_t gpu = (uint32_t)(drawn / share * gpus);
    return drawn < share ? 1 + (gpu < gpus ? gpu : gpus - 1) : 0;
}

static void set_gpu(sim *s, uint32_t node, uint32_t gpu, bool in) {
    const ls_node_state state = ls_occupancy_state(ls_scheduler_occupancy(s->scheduler), node);
    if (in) {
        ls_scheduler_gpu(s->scheduler, s->now_us, node, gpu, true);
    } else {
        ls_scheduler_gpu_breaks(s->scheduler, s->now_us, node, gpu);
    }
    ls_meter_gpu(s->meter, s->now_us, node, state, LS_NODE_BROKEN, in);
}

bool sim_nodes_break(sim *s, uint32_t node) {
    const ls_sim_failures *f = &s->def->failures;
    const ls_occupancy *o = ls_scheduler_occupancy(s->scheduler);
    const uint32_t gpu = which_gpu(s, node, s->repairs);
    const bool gone = gpu > 0 && ((ls_occupancy_out(o, node) >> (gpu - 1)) & 1) != 0;
    if (ls_occupancy_state(o, node) == LS_NODE_UP && !gone) {
        const uint64_t n = s->repairs++;
        const double repair_us = ls_random_exp_unit(s->def->seed, STREAM_REPAIR, n) *
                                 (double)f->repair_us;
        s->out->node_failures += gpu == 0;
        s->out->gpu_failures += gpu > 0;
        if (s->offenders != NULL) {
            s->leaves[node] = ls_offender_strikes(s->offenders + node, f->times, f->within_us,
                                                  s->now_us);
        }
        if (gpu > 0) {
            set_gpu(s, node, gpu - 1, false);
        } else {
            sim_nodes_set(s, node, LS_NODE_BROKEN);
        }
        if (!sim_push(s, (sim_event){.at_us = s->now_us + 1 + (int64_t)repair_us,
                                     .what = NODE_BACK,
                                     .node = node,
                                     .run = gpu})) {
            return false;
        }
    }
    return next_failure(s);
}

// Another one stands in its place from now on: as good as any, and nothing is held against it.
static void exchange(sim *s, uint32_t node) {
    s->leaves[node] = false;
    s->offenders[node].count = 0;
    for (uint32_t i = 0; i < s->lemon_count; i++) {
        if (s->lemons[i] == node) {
            s->lemons[i] = s->lemons[--s->lemon_count];
            return;
        }
    }
}

bool sim_nodes_back(sim *s, uint32_t node, uint32_t gpu) {
    const ls_node_state state = ls_occupancy_state(ls_scheduler_occupancy(s->scheduler), node);
    if (gpu > 0) {
        set_gpu(s, node, gpu - 1, true);
    }
    // One of its GPUs is repaired while all of it is not: it comes back with the rest.
    const bool all = gpu == 0 || state == LS_NODE_UP;
    const bool leaves = s->leaves != NULL && s->leaves[node] && all;
    if (!leaves && gpu == 0) {
        sim_nodes_set(s, node, LS_NODE_UP);
    }
    if (!leaves) {
        return true;
    }
    exchange(s, node);
    s->out->exchanged++;
    sim_nodes_set(s, node, LS_NODE_DRAINED);
    return sim_push(s, (sim_event){.at_us = s->now_us + 1 + s->def->failures.exchange_us,
                                   .what = NODE_BACK,
                                   .node = node});
}
