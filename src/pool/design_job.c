// design_job.c - what a job can expect of a design.
//
// Bounds by bandwidth alone: no latency, no other traffic, pipelined so that the slowest part
// counts. An all-reduce of S bytes over k domains with m of the job's GPUs each: within a domain a
// reduce-scatter and an all-gather, 2 S (m - 1) / m over NVLink; between domains each GPU's ring
// over its rail, 2 (S / m) (k - 1) / k. Bus bandwidth is what nccl-tests call so: 2 (n - 1) / n S /
// time.
#include <assert.h>
#include <math.h>

#include "base/units.h"
#include "base/whole.h"
#include "pool/design.h"

static double larger(double a, double b) {
    return a > b ? a : b;
}

static double all_reduce(double n, double k, double nvlink, double link) {
    const double m = n / k;
    double time = m > 1 ? 2 * (m - 1) / m / nvlink : 0;
    if (k > 1) {
        time = larger(time, 2 / m * (k - 1) / k / link);
    }
    return 2 * (n - 1) / n / time;
}

// Every GPU sends as much to each other one: the share that leaves its domain goes over its own
// link, the share that leaves the leaf over its part of the leaf's links up.
static double all_to_all(const ls_design *d, double n, double in_domain, double in_leaf,
                         double nvlink, double link) {
    const ls_design_fabric *f = &d->fabric;
    const double near = (in_domain - 1) / (n - 1);
    const double out = (n - in_domain) / (n - 1);
    const double beyond_leaf = in_leaf < n ? (n - in_leaf) / (n - 1) : 0;
    double time = near / nvlink;
    time = larger(time, out / link);
    if (f->up > 0 && f->up < f->down) {
        time = larger(time, beyond_leaf / (link * f->up / f->down));
    }
    return 1 / time;
}

ls_design_job ls_design_job_of(const ls_design *design, uint32_t gpus) {
    assert(gpus > 1 && gpus <= design->usable_gpus);
    const ls_pool_model *m = design->ask.model;
    const ls_design_fabric *f = &design->fabric;
    const uint32_t spare = design->domain_nodes > 1 ? design->spare : 0;
    const uint32_t domain_gpus = (design->domain_nodes - spare) * m->gpus;
    const uint32_t domains = ls_divide_up(gpus, domain_gpus);
    const uint32_t span = domains > 1 ? domains * design->domain_nodes
                                      : ls_divide_up(gpus, m->gpus);
    const double link = m->link_gbit / 8;
    const double in_domain = (double)gpus / domains;
    const double node_failures = design->ask.failures / 1000 / (double)LS_US_PER_DAY;
    ls_design_job job = {.gpus = gpus,
                         .domains = domains,
                         .leaf_groups = ls_divide_up(span, f->leaf_nodes),
                         .pods = ls_divide_up(span, f->pod_nodes)};
    job.all_reduce_gbyte = all_reduce(gpus, domains, m->nvlink_gbyte, link);
    job.all_to_all_gbyte = all_to_all(design, gpus, in_domain, (double)gpus / job.leaf_groups,
                                      m->nvlink_gbyte, link);
    job.failure_us = node_failures > 0 ? 1 / (node_failures * ls_divide_up(gpus, m->gpus))
                                       : INFINITY;
    return job;
}
