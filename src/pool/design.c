// design.c - see design.h: racks and halls, power, spare nodes, what fits.
#include "pool/design.h"

#include <assert.h>
#include <math.h>

#include "base/units.h"
#include "base/whole.h"
#include "pool/design_fabric.h"

ls_design_ask ls_design_ask_default(const ls_pool_model *model, uint32_t gpus) {
    const ls_switch_model *switches = ls_switch_model_for(model->link_gbit);
    return (ls_design_ask){
        .model = model,
        .gpus = gpus,
        .hall_watts = 20000000,
        .rack_watts = 45000,
        .row_racks = 10,
        .pue = model->is_liquid ? 1.10 : 1.56,
        .oversubscription = 1,
        .switches = switches,
        .ports = switches->ports,
        .failures = 6.5,
        .repair_us = LS_US_PER_DAY,
        .spare = LS_DESIGN_SPARE_AUTO,
    };
}

// --- racks and halls

static ls_status set_racks(ls_design *d, ls_error *err) {
    const ls_design_ask *ask = &d->ask;
    const ls_pool_model *m = ask->model;
    char is[32], has[32];
    const uint32_t node_watts = m->node_watts;
    if (m->rack_nodes > 0) {
        d->rack_nodes = m->rack_nodes;
        d->racks = ls_divide_up(ask->gpus, (uint64_t)m->rack_nodes * m->gpus);
        d->nodes = d->racks * m->rack_nodes;
        d->rack_watts = m->rack_watts;
    } else {
        ls_units_print_power(node_watts, is, sizeof is);
        ls_units_print_power(ask->rack_watts, has, sizeof has);
        if (ask->rack_watts < node_watts) {
            ls_fail(err, LS_ERR_INVALID,
                    "a rack of %s does not feed one '%s', which draws up to %s", has, m->name, is);
            ls_hint(err, "racks of %s or more", is);
            return LS_ERR_INVALID;
        }
        d->rack_nodes = (uint32_t)(ask->rack_watts / node_watts);
        d->nodes = ls_divide_up(ask->gpus, m->gpus);
        d->racks = ls_divide_up(d->nodes, d->rack_nodes);
        d->rack_watts = (int64_t)d->rack_nodes * node_watts;
    }
    d->gpus = d->nodes * m->gpus;
    ls_units_print_power(d->rack_watts, is, sizeof is);
    ls_units_print_power(ask->hall_watts, has, sizeof has);
    if (ask->hall_watts < d->rack_watts) {
        ls_fail(err, LS_ERR_INVALID, "a hall of %s does not feed one rack, which draws up to %s",
                has, is);
        ls_hint(err, "halls of %s or more", is);
        return LS_ERR_INVALID;
    }
    const uint64_t fed = (uint64_t)(ask->hall_watts / d->rack_watts);
    d->hall_racks = fed < d->racks ? (uint32_t)fed : d->racks;
    d->halls = ls_divide_up(d->racks, d->hall_racks);
    const uint32_t last = d->racks - (d->halls - 1) * d->hall_racks;
    d->rows = (d->halls - 1) * ls_divide_up(d->hall_racks, ask->row_racks) +
              ls_divide_up(last, ask->row_racks);
    return LS_OK;
}

// --- spare nodes

// The chance that more than `spare` of so many nodes are down, each with chance q.
static double more_than(uint32_t nodes, double q, uint32_t spare) {
    double term = pow(1 - q, nodes);
    double sum = term;
    for (uint32_t k = 1; k <= spare; k++) {
        term *= (nodes - k + 1.0) / k * q / (1 - q);
        sum += term;
    }
    return sum < 1 ? 1 - sum : 0;
}

// The same for many nodes, by the normal's better cousin: a Poisson sum in logarithms.
static double more_than_poisson(double mean, uint32_t spare) {
    double sum = 0;
    double log_term = -mean;
    for (uint32_t k = 0; k <= spare; k++) {
        sum += exp(log_term);
        log_term += log(mean) - log(k + 1.0);
    }
    return sum < 1 ? 1 - sum : 0;
}

static double beyond(const ls_design *d, double q, uint32_t spare) {
    return d->domain_nodes > 1 ? d->domains * more_than(d->domain_nodes, q, spare)
                               : more_than_poisson(d->nodes * q, spare);
}

// Nodes that are down at the same time are few beside all: by their rate and the time it takes. A
// domain of several nodes needs its own spare ones: less than one domain then has too few; else
// any node will do, and they run out once in a thousand moments.
static void set_spare(ls_design *d) {
    const ls_design_ask *ask = &d->ask;
    const double per_day = ask->failures / 1000;
    const double down = per_day * (double)ask->repair_us / (double)LS_US_PER_DAY;
    const double q = down / (1 + down);
    const double wanted = d->domain_nodes > 1 ? 1 : 0.001;
    const uint32_t most = d->domain_nodes > 1 ? d->domain_nodes - 1 : d->nodes - 1;
    d->failures_a_day = d->nodes * per_day;
    if (ask->spare >= 0) {
        d->spare = (uint32_t)ask->spare < most ? (uint32_t)ask->spare : most;
    } else {
        d->spare = 0;
        while (d->spare < most && q > 0 && beyond(d, q, d->spare) >= wanted) {
            d->spare++;
        }
    }
    d->beyond_spare = q > 0 ? beyond(d, q, d->spare) : 0;
    d->spare_nodes = d->domain_nodes > 1 ? d->spare * d->domains : d->spare;
    d->usable_gpus = (d->nodes - d->spare_nodes) * ask->model->gpus;
}

// --- power

static void set_power(ls_design *d) {
    const ls_design_ask *ask = &d->ask;
    const ls_design_fabric *f = &d->fabric;
    const uint64_t switches = (uint64_t)f->leaves + f->spines + f->cores;
    const uint64_t links = f->leaf_links + f->spine_links;
    d->racks_watts = ask->model->rack_nodes > 0 ? (int64_t)d->racks * d->rack_watts
                                                : (int64_t)d->nodes * ask->model->node_watts;
    d->switch_watts = llround((double)switches * ask->switches->watts);
    d->optics_watts = llround((double)f->node_links *
                                  (ask->switches->node_optics + ask->switches->port_optics) +
                              2 * (double)links * ask->switches->port_optics);
    d->computing_watts = d->racks_watts + d->switch_watts + d->optics_watts;
    d->building_watts = llround((double)d->computing_watts * ask->pue);
}

ls_status ls_design_compose(const ls_design_ask *ask, ls_design *out, ls_error *err) {
    assert(ask->gpus > 0 && ask->row_racks > 0 && ask->pue >= 1);
    *out = (ls_design){.ask = *ask};
    ls_status status = set_racks(out, err);
    if (status == LS_OK) {
        status = ls_design_fabric_of(ask, out->nodes, &out->fabric, err);
    }
    if (status != LS_OK) {
        return status;
    }
    out->domain_nodes = ask->model->domain_nodes;
    out->domains = out->nodes / out->domain_nodes;
    set_spare(out);
    set_power(out);
    return LS_OK;
}

// Does it stand, and within the power?
static bool does_fit(const ls_design_ask *ask, uint32_t gpus, ls_design *out, ls_error *err) {
    ls_design_ask smaller = *ask;
    smaller.gpus = gpus;
    return ls_design_compose(&smaller, out, err) == LS_OK &&
           out->building_watts <= ask->power_watts;
}

// By halves over what is bought as one: a rack, or a node. More of them never need less.
ls_status ls_design_fit(const ls_design_ask *ask, ls_design *out, ls_error *err) {
    const ls_pool_model *m = ask->model;
    const uint32_t step = m->gpus * (m->rack_nodes > 0 ? m->rack_nodes : 1);
    uint32_t low = 0;
    uint32_t high = ls_divide_up(ask->gpus, step);
    while (low < high) {
        const uint32_t middle = low + (high - low + 1) / 2;
        if (does_fit(ask, middle * step, out, err)) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    if (low == 0) {
        char text[32];
        ls_units_print_power(ask->power_watts, text, sizeof text);
        ls_fail(err, LS_ERR_INVALID, "%s is not enough for one %s", text,
                m->rack_nodes > 0 ? "rack" : "node");
        return LS_ERR_INVALID;
    }
    ls_design_ask fits = *ask;
    fits.gpus = low * step;
    return ls_design_compose(&fits, out, err);
}
