// cluster.c - see cluster.h.
#include "pool/cluster.h"

static ls_status check_unit(const ls_cluster *c, uint32_t at, ls_error *err) {
    const ls_pool_unit *u = c->units + at;
    if (u->level < LS_POOL_SITE || u->level > LS_POOL_DOMAIN) {
        return ls_fail(err, LS_ERR_INVALID,
                       "unit %u '%s': its level is none of site, hall, row, rack, domain", at,
                       u->name);
    }
    if (u->node_at > c->node_count || u->node_count > c->node_count - u->node_at) {
        return ls_fail(err, LS_ERR_INVALID,
                       "unit %u '%s': its nodes %u to %u are not among the %u there are", at,
                       u->name, u->node_at, u->node_at + u->node_count, c->node_count);
    }
    if (u->parent == LS_POOL_NONE) {
        return LS_OK;
    }
    if (u->parent >= at) {
        return ls_fail(err, LS_ERR_INVALID, "unit %u '%s': stands before the unit %u that holds it",
                       at, u->name, u->parent);
    }
    const ls_pool_unit *p = c->units + u->parent;
    if (p->level >= u->level) {
        return ls_fail(err, LS_ERR_INVALID, "unit %u '%s': '%s' is not wide enough to hold it", at,
                       u->name, p->name);
    }
    if (u->node_at < p->node_at || u->node_at + u->node_count > p->node_at + p->node_count) {
        return ls_fail(err, LS_ERR_INVALID,
                       "unit %u '%s': has nodes that '%s', which holds it, has not", at, u->name,
                       p->name);
    }
    return LS_OK;
}

static ls_status check_node(const ls_cluster *c, uint32_t at, ls_error *err) {
    const ls_pool_node *n = c->nodes + at;
    if (n->gpus > LS_POOL_NODE_GPUS_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "node %u '%s': %u GPUs, %d at most", at, n->name,
                       n->gpus, LS_POOL_NODE_GPUS_MAX);
    }
    if ((n->kind == LS_POOL_NONE) != (n->gpus == 0)) {
        return ls_fail(err, LS_ERR_INVALID, "node %u '%s': %s", at, n->name,
                       n->gpus == 0 ? "has a kind of GPUs and no GPUs" : "its GPUs have no kind");
    }
    if (n->kind != LS_POOL_NONE && n->kind >= c->kind_count) {
        return ls_fail(err, LS_ERR_INVALID, "node %u '%s': kind %u of %u", at, n->name, n->kind,
                       c->kind_count);
    }
    if (n->unit == LS_POOL_NONE) {
        return LS_OK;
    }
    if (n->unit >= c->unit_count) {
        return ls_fail(err, LS_ERR_INVALID, "node %u '%s': unit %u of %u", at, n->name, n->unit,
                       c->unit_count);
    }
    const ls_pool_unit *u = c->units + n->unit;
    if (at < u->node_at || at - u->node_at >= u->node_count) {
        return ls_fail(err, LS_ERR_INVALID,
                       "node %u '%s': is not among the nodes of '%s', its unit", at, n->name,
                       u->name);
    }
    return LS_OK;
}

// Units are in the order of their nodes: where two have nodes in common, one holds the other.
static ls_status check_overlap(const ls_cluster *c, uint32_t at, ls_error *err) {
    const ls_pool_unit *u = c->units + at;
    for (uint32_t node = u->node_at; node < u->node_at + u->node_count; node++) {
        uint32_t unit = c->nodes[node].unit;
        while (unit != LS_POOL_NONE && unit > at) {
            unit = c->units[unit].parent;
        }
        if (unit != at) {
            return ls_fail(err, LS_ERR_INVALID, "unit %u '%s': its node %u '%s' stands elsewhere",
                           at, u->name, node, c->nodes[node].name);
        }
    }
    return LS_OK;
}

ls_status ls_cluster_check(const ls_cluster *c, ls_error *err) {
    if (c->kind_count > LS_POOL_KINDS_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "%u kinds of GPUs, %d at most", c->kind_count,
                       LS_POOL_KINDS_MAX);
    }
    ls_status status = LS_OK;
    for (uint32_t i = 0; status == LS_OK && i < c->unit_count; i++) {
        status = check_unit(c, i, err);
    }
    uint64_t gpus = 0;
    for (uint32_t i = 0; status == LS_OK && i < c->node_count; i++) {
        status = check_node(c, i, err);
        gpus += c->nodes[i].gpus;
    }
    for (uint32_t i = 0; status == LS_OK && i < c->unit_count; i++) {
        status = check_overlap(c, i, err);
    }
    if (status == LS_OK && gpus != c->gpus) {
        status = ls_fail(err, LS_ERR_INVALID, "the nodes have %llu GPUs together, not %llu",
                         (unsigned long long)gpus, (unsigned long long)c->gpus);
    }
    return status;
}

uint32_t ls_cluster_unit(const ls_cluster *c, uint32_t node, ls_pool_level level) {
    uint32_t unit = c->nodes[node].unit;
    while (unit != LS_POOL_NONE && c->units[unit].level > level) {
        unit = c->units[unit].parent;
    }
    return unit != LS_POOL_NONE && c->units[unit].level == level ? unit : LS_POOL_NONE;
}
