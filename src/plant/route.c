// route.c - see route.h.
#include "plant/route.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SWEEPS_MAX = 2000 };

// A step has two nodes: coming to it, where it may be skipped or an alternative taken, and doing
// it. So a group of alternatives costs as many edges as it has members, however many ways lead
// there.
static uint32_t node_coming(uint32_t step) {
    return 2 * step;
}

static uint32_t node_doing(uint32_t step) {
    return 2 * step + 1;
}

typedef struct edge_list {
    uint32_t *from, *to;
    size_t count;
} edge_list;

static void edge(edge_list *edges, uint32_t from, uint32_t to) {
    if (edges->from != NULL) {
        edges->from[edges->count] = from;
        edges->to[edges->count] = to;
    }
    edges->count++;
}

static void edge_to_step(const ls_plant *plant, edge_list *edges, uint32_t from, uint32_t step) {
    edge(edges, from, step == LS_NONE ? 2 * plant->step_count : node_coming(step));
}

// Lots that are done with the step, not scrapped, and not sent back.
static void edges_onward(const ls_plant *plant, edge_list *edges, uint32_t from, const ls_step *s) {
    for (uint32_t b = 0; b < s->branch_count; b++) {
        const ls_branch *branch = &plant->branches[s->branch_at + b];
        if (branch->chance > 0) {
            edge_to_step(plant, edges, from, branch->step);
        }
    }
    if (s->branch_count == 0) {
        edge_to_step(plant, edges, from, s->next);
    }
}

static void edges_of(const ls_plant *plant, edge_list *edges, uint32_t step) {
    const ls_step *s = &plant->steps[step];
    const uint32_t end = 2 * plant->step_count;
    if (s->sample > 0) {
        for (uint32_t k = 0; k <= s->alternative_count; k++) {
            edge(edges, node_coming(step), node_doing(step + k));
        }
    }
    if (s->sample < 1) {
        edge_to_step(plant, edges, node_coming(step), s->next);
    }
    if (s->scrap > 0) {
        edge(edges, node_doing(step), end);
    }
    const bool always_back = s->rework >= 1 && s->rework_limit == 0 && !s->rework_once;
    const bool ends_by_limit = s->rework >= 1 && s->rework_limit > 0 && s->rework_scrap &&
                               !s->rework_once;
    if (s->scrap < 1 && s->rework > 0 && s->rework_to != LS_NONE) {
        edge_to_step(plant, edges, node_doing(step), s->rework_to);
    }
    if (s->scrap < 1 && ends_by_limit) {
        edge(edges, node_doing(step), end);
    } else if (s->scrap < 1 && !always_back) {
        edges_onward(plant, edges, node_doing(step), s);
    }
}

static void all_edges(const ls_plant *plant, edge_list *edges) {
    edges->count = 0;
    for (uint32_t i = 0; i < plant->step_count; i++) {
        edges_of(plant, edges, i);
    }
}

// Marks every node that can be reached from those marked, along from -> to.
static bool spread(ls_arena *arena, size_t node_count, const uint32_t *from, const uint32_t *to,
                   size_t edge_count, bool *marked) {
    size_t *at = ls_arena_alloc(arena, (node_count + 2) * sizeof *at);
    uint32_t *targets = ls_arena_alloc(arena, (edge_count + 1) * sizeof *targets);
    uint32_t *todo = ls_arena_alloc(arena, (node_count + 1) * sizeof *todo);
    if (at == NULL || targets == NULL || todo == NULL) {
        return false;
    }
    for (size_t e = 0; e < edge_count; e++) {
        at[from[e] + 2]++;
    }
    for (size_t n = 2; n < node_count + 2; n++) {
        at[n] += at[n - 1];
    }
    for (size_t e = 0; e < edge_count; e++) {
        targets[at[from[e] + 1]++] = to[e];
    }
    size_t count = 0;
    for (size_t n = 0; n < node_count; n++) {
        if (marked[n]) {
            todo[count++] = (uint32_t)n;
        }
    }
    while (count > 0) {
        const uint32_t node = todo[--count];
        for (size_t k = at[node]; k < at[node + 1]; k++) {
            if (!marked[targets[k]]) {
                marked[targets[k]] = true;
                todo[count++] = targets[k];
            }
        }
    }
    return true;
}

// Where lots begin: the first step of each product that is released, and steps of lots at time
// zero.
static void mark_entries(const ls_plant *plant, bool *marked) {
    for (uint32_t p = 0; p < plant->product_count; p++) {
        if (plant->products[p].step_count > 0) {
            marked[node_coming(plant->products[p].step_at)] = true;
        }
    }
    for (uint32_t i = 0; i < plant->wip_count; i++) {
        marked[node_coming(plant->wip[i].step)] = true;
    }
}

bool ls_route_reach(const ls_plant *plant, ls_arena *arena, bool *comes, bool *ends) {
    const size_t node_count = 2 * (size_t)plant->step_count + 1;
    edge_list edges = {0};
    all_edges(plant, &edges);
    edges.from = ls_arena_alloc(arena, (edges.count + 1) * sizeof *edges.from);
    edges.to = ls_arena_alloc(arena, (edges.count + 1) * sizeof *edges.to);
    bool *forward = ls_arena_alloc(arena, node_count * sizeof *forward);
    bool *backward = ls_arena_alloc(arena, node_count * sizeof *backward);
    if (edges.from == NULL || edges.to == NULL || forward == NULL || backward == NULL) {
        return false;
    }
    all_edges(plant, &edges);
    mark_entries(plant, forward);
    backward[node_count - 1] = true;
    if (!spread(arena, node_count, edges.from, edges.to, edges.count, forward) ||
        !spread(arena, node_count, edges.to, edges.from, edges.count, backward)) {
        return false;
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        comes[i] = forward[node_doing(i)];
        ends[i] = backward[node_doing(i)];
    }
    return true;
}

// --- machines

static int compare_indexes(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : (x > y ? 1 : 0);
}

const uint32_t *ls_route_allowed(const ls_plant *plant, ls_arena *arena) {
    uint32_t *allowed = ls_arena_alloc(arena, ((size_t)plant->index_count + 1) * sizeof *allowed);
    if (allowed == NULL) {
        return NULL;
    }
    if (plant->index_count > 0) {
        memcpy(allowed, plant->indexes, plant->index_count * sizeof *allowed);
    }
    for (uint32_t m = 0; m < plant->machine_count; m++) {
        qsort(allowed + plant->machines[m].only_at, plant->machines[m].only_count, sizeof *allowed,
              compare_indexes);
    }
    for (uint32_t i = 0; i < plant->step_count; i++) {
        qsort(allowed + plant->steps[i].on_at, plant->steps[i].on_count, sizeof *allowed,
              compare_indexes);
    }
    return allowed;
}

static bool is_listed(const uint32_t *list, uint32_t count, uint32_t value) {
    return count == 0 || bsearch(&value, list, count, sizeof *list, compare_indexes) != NULL;
}

bool ls_route_may_run(const ls_plant *plant, const uint32_t *allowed, uint32_t step,
                      uint32_t machine) {
    const ls_step *s = &plant->steps[step];
    const ls_machine *m = &plant->machines[plant->stations[s->station].machine_at + machine];
    return is_listed(allowed + s->on_at, s->on_count, machine) &&
           is_listed(allowed + m->only_at, m->only_count, step);
}

// --- visits

double ls_route_release_rate(const ls_plant *plant, uint32_t release) {
    const ls_release *r = &plant->releases[release];
    if (r->kind == LS_RELEASE_EVERY) {
        const double mean = ls_dist_mean(&plant->dists[r->every], plant->tables);
        return mean > 0 ? r->lots / mean : 0;
    }
    if (r->kind == LS_RELEASE_TIMETABLE && r->order_count > 1) {
        const ls_order *orders = plant->orders + r->order_at;
        const double span = (double)(orders[r->order_count - 1].time_us - orders[0].time_us);
        double lots = 0;
        for (uint32_t i = 0; i + 1 < r->order_count; i++) {
            lots += orders[i].lots;
        }
        return span > 0 ? lots / span : 0;
    }
    return 0;
}

typedef struct flow {
    const ls_plant *plant;
    double *coming, *doing;  // not yet passed on
    double *visits;
} flow;

// How fast the machines of an alternative are, relative to the others.
static double weight_of(const ls_plant *plant, const ls_step *first, uint32_t step) {
    const double machines = plant->stations[plant->steps[step].station].machine_count;
    const double mean = ls_plant_step_mean_us(plant, step);
    return first->choice == LS_CHOOSE_RANDOM || !(mean > 0) ? 1 : machines / mean;
}

static void pass_coming(flow *f, uint32_t step) {
    const ls_step *s = &f->plant->steps[step];
    const double amount = f->coming[step];
    f->coming[step] = 0;
    if (s->next != LS_NONE) {
        f->coming[s->next] += amount * (1 - s->sample);
    }
    double sum = 0;
    for (uint32_t k = 0; k <= s->alternative_count; k++) {
        sum += weight_of(f->plant, s, step + k);
    }
    for (uint32_t k = 0; k <= s->alternative_count; k++) {
        f->doing[step + k] += amount * s->sample * weight_of(f->plant, s, step + k) / sum;
    }
}

// Of one visit in the long run: the share that goes back, and the share scrapped because of the
// limit. p is the chance of rework at a draw. With a limit of L a lot that comes from before goes
// back p + p^2 + ... + p^L times, so there are 1 + that many visits.
static void rework_shares(const ls_step *s, double p, double *out_back, double *out_scrap) {
    const uint32_t limit = s->rework_once ? 1 : s->rework_limit;
    *out_scrap = 0;
    if (limit == 0) {
        *out_back = p;
        return;
    }
    double power = 1;
    double back = 0;
    for (uint32_t i = 0; i < limit && power > 1e-18; i++) {
        power *= p;
        back += power;
    }
    *out_back = back / (1 + back);
    *out_scrap = s->rework_scrap && !s->rework_once ? power * p / (1 + back) : 0;
}

static void pass_doing(flow *f, uint32_t step) {
    const ls_plant *plant = f->plant;
    const ls_step *s = &plant->steps[step];
    const double amount = f->doing[step];
    double back = 0;
    double scrap = 0;
    f->doing[step] = 0;
    f->visits[step] += amount;
    if (s->rework > 0 && s->rework_to != LS_NONE) {
        rework_shares(s, (1 - s->scrap) * s->rework, &back, &scrap);
        f->coming[s->rework_to] += amount * back;
    }
    const double onward = amount * (1 - s->scrap - back - scrap);
    if (!(onward > 0)) {
        return;
    }
    for (uint32_t b = 0; b < s->branch_count; b++) {
        const ls_branch *branch = &plant->branches[s->branch_at + b];
        if (branch->step != LS_NONE) {
            f->coming[branch->step] += onward * branch->chance;
        }
    }
    if (s->branch_count == 0 && s->next != LS_NONE) {
        f->coming[s->next] += onward;
    }
}

// Passes flow on along the routes until next to nothing is left in loops. Routes without a way back
// take one sweep.
bool ls_route_visits(const ls_plant *plant, ls_arena *arena, double *visits) {
    flow f = {.plant = plant, .visits = visits};
    f.coming = ls_arena_alloc(arena, ((size_t)plant->step_count + 1) * sizeof *f.coming);
    f.doing = ls_arena_alloc(arena, ((size_t)plant->step_count + 1) * sizeof *f.doing);
    if (f.coming == NULL || f.doing == NULL) {
        return false;
    }
    double total = 0;
    for (uint32_t r = 0; r < plant->release_count; r++) {
        const double rate = ls_route_release_rate(plant, r);
        const uint32_t product = plant->releases[r].product;
        f.coming[plant->products[product].step_at] += rate;
        total += rate;
    }
    for (int sweep = 0; sweep < SWEEPS_MAX; sweep++) {
        double left = 0;
        for (uint32_t i = 0; i < plant->step_count; i++) {
            pass_coming(&f, i);
            pass_doing(&f, i);
        }
        for (uint32_t i = 0; i < plant->step_count; i++) {
            left += f.coming[i] + f.doing[i];
        }
        if (!(left > 1e-9 * total)) {
            break;
        }
    }
    return true;
}
