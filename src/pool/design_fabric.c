// design_fabric.c - see design_fabric.h. Leaves, spines and cores of Leiserson's fat tree as it is
// built of equal switches (Al-Fares, Loukissas and Vahdat, SIGCOMM 2008), with the leaves by rail.
#include "pool/design_fabric.h"

#include <assert.h>
#include <math.h>

#include "base/whole.h"

// The least divisor of `links` with which `switches` of so many ports take `all` links: then the
// links of one switch are spread evenly.
static uint32_t least_even(uint32_t links, uint64_t all, uint32_t ports) {
    for (uint32_t d = 1; d < links; d++) {
        if (links % d == 0 && (uint64_t)d * ports >= all) {
            return d;
        }
    }
    return links;
}

// Leaves of one tree, and what they come to.
typedef struct tree {
    uint32_t leaves, spines, cores, pod_leaves;
    uint64_t leaf_links, spine_links;
} tree;

static tree two_tiers(uint32_t leaves, uint32_t up, uint32_t ports) {
    const uint64_t links = (uint64_t)leaves * up;
    return (tree){.leaves = leaves,
                  .spines = least_even(up, links, ports),
                  .pod_leaves = leaves,
                  .leaf_links = links};
}

// A spine has half of its ports down and half up; each leaf has one link to each spine of its pod.
static tree three_tiers(uint32_t leaves, uint32_t up, uint32_t ports, uint32_t pod_leaves) {
    const uint32_t half = ports / 2;
    const uint32_t pods = ls_divide_up(leaves, pod_leaves);
    return (tree){.leaves = leaves,
                  .spines = pods * up,
                  .cores = up * least_even(half, (uint64_t)pods * half, ports),
                  .pod_leaves = pod_leaves,
                  .leaf_links = (uint64_t)leaves * up,
                  .spine_links = (uint64_t)pods * up * half};
}

static double smallest(uint64_t a, uint64_t b) {
    return (double)(a < b ? a : b);
}

static void fill(const ls_design_ask *ask, uint32_t nodes, uint32_t planes, uint32_t tiers,
                 const tree *t, ls_design_fabric *out) {
    out->planes = planes;
    out->tiers = tiers;
    out->leaves = t->leaves * planes;
    out->spines = t->spines * planes;
    out->cores = t->cores * planes;
    out->node_links = (uint64_t)nodes * out->rails;
    out->leaf_links = t->leaf_links * planes;
    out->spine_links = t->spine_links * planes;
    const uint32_t leaves_of_group = planes > 1 ? 1 : out->rails;
    out->pod_nodes = tiers < 3 ? nodes : t->pod_leaves / leaves_of_group * out->down;
    double narrow = (double)out->node_links;
    if (tiers > 1) {
        narrow = smallest(out->node_links, out->leaf_links);
    }
    if (tiers > 2 && (double)out->spine_links < narrow) {
        narrow = (double)out->spine_links;
    }
    out->bisection_gbit = narrow * ask->model->link_gbit / 2;
}

static ls_status too_large(const ls_design_ask *ask, const ls_design_fabric *f, ls_error *err) {
    const uint32_t half = ask->ports / 2;
    const uint64_t nodes = (uint64_t)ask->ports * half * f->down;
    ls_fail(err, LS_ERR_LIMIT,
            "a tree of three tiers of switches with %u ports reaches %llu nodes with %u GPUs each: "
            "%llu "
            "GPUs",
            ask->ports, (unsigned long long)nodes, f->rails, (unsigned long long)nodes * f->rails);
    ls_hint(err, "switches with more ports, or fewer GPUs; sites are joined by other means");
    return LS_ERR_LIMIT;
}

ls_status ls_design_fabric_of(const ls_design_ask *ask, uint32_t nodes, ls_design_fabric *out,
                              ls_error *err) {
    const uint32_t ports = ask->ports;
    const uint32_t rails = ask->model->gpus;
    assert(nodes > 0 && ports >= 2 && ask->oversubscription >= 1);
    *out = (ls_design_fabric){.rails = rails};
    if ((uint64_t)nodes * rails <= ports) {
        const tree one = {.leaves = 1, .pod_leaves = 1};
        out->down = nodes * rails;
        out->leaf_nodes = nodes;
        fill(ask, nodes, 1, 1, &one, out);
        return LS_OK;
    }
    out->down = (uint32_t)floor(ports * ask->oversubscription / (1 + ask->oversubscription));
    out->up = (uint32_t)ceil(out->down / ask->oversubscription);
    if (out->down + out->up > ports) {
        out->up = ports - out->down;
    }
    out->leaf_nodes = out->down;
    const uint32_t groups = ls_divide_up(nodes, out->down);
    const uint32_t half = ports / 2;
    const uint32_t pod_leaves = half / rails * rails;  // whole groups of leaves
    if ((uint64_t)groups * rails <= ports) {
        const tree t = two_tiers(groups * rails, out->up, ports);
        fill(ask, nodes, 1, 2, &t, out);
        return LS_OK;
    }
    if (pod_leaves > 0 && ls_divide_up((uint64_t)groups * rails, pod_leaves) <= ports) {
        const tree t = three_tiers(groups * rails, out->up, ports, pod_leaves);
        fill(ask, nodes, 1, 3, &t, out);
        return LS_OK;
    }
    if (ls_divide_up(groups, half) <= ports) {
        const tree t = three_tiers(groups, out->up, ports, half);
        fill(ask, nodes, rails, 3, &t, out);
        return LS_OK;
    }
    return too_large(ask, out, err);
}
