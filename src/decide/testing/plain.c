// plain.c - the obvious decider.
#include "decide/testing/plain.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "decide/look.h"

#define HOUR_US 3600000000.0

bool plain_init(plain *p, const ls_plant *plant, const ls_twin *twin) {
    ls_error err;
    memset(p, 0, sizeof *p);
    p->plant = plant;
    p->twin = twin;
    p->seed = 1;
    p->futures = 20;
    p->horizon_us = 3 * 86400000000LL;
    p->z = 1.645;
    return ls_snapshot_create(twin, 1, 0, &p->future, &err) == LS_OK;
}

void plain_clear(plain *p) {
    ls_snapshot_destroy(p->future);
    memset(p, 0, sizeof *p);
}

// Hours that lots have spent inside, up to now.
static double inside_h(const ls_twin *twin, const ls_snapshot *snapshot) {
    const ls_ctx c = ls_look(twin, snapshot);
    double us = 0.0;
    for (uint32_t i = 0; i < c.m->releases; i++) {
        us += (double)c.release[i].cycle_sum + (double)c.release[i].scrap_sum;
    }
    for (uint32_t i = 0; i < c.s->lot_used; i++) {
        us += c.lot[i].where == LS_LOT_FREE ? 0.0 : (double)(c.now - c.lot[i].released);
    }
    return us / HOUR_US;
}

static ls_status cost_of(plain *p, const ls_snapshot *present, const ls_candidate *candidate,
                         uint64_t seed, uint64_t number, double *out, ls_error *err) {
    ls_snapshot_fork_into(p->twin, present, seed, number, p->future);
    ls_status status = LS_OK;
    if (candidate != NULL) {
        for (uint32_t i = 0; i < candidate->act_count && status == LS_OK; i++) {
            status = ls_act_apply(p->twin, p->future, candidate->acts + i, err);
        }
    }
    p->twin->kernel->settle(p->twin->model, p->future->state, &p->future->scratch);
    const double before = inside_h(p->twin, p->future);
    const int64_t until = ls_snapshot_now(p->future) + p->horizon_us;
    status = status == LS_OK ? ls_snapshot_run(p->twin, p->future, until, err) : status;
    *out = inside_h(p->twin, p->future) - before;
    return status;
}

ls_status plain_ask(void *context, const ls_snapshot *present, const ls_question *question,
                    uint64_t number, ls_rehearse_reply *out, ls_error *err) {
    plain *p = context;
    const ls_candidate_from from = {p->plant, p->twin, present, p->twin, present};
    ls_status status = ls_candidates_find(&from, question, &p->candidates, err);
    const ls_candidates *all = &p->candidates;
    double sum[LS_CANDIDATES_MAX] = {0};
    double squares[LS_CANDIDATES_MAX] = {0};
    const uint64_t seed = ls_random_key(p->seed, number);
    const uint32_t futures = all->count > 1 ? p->futures : 0;
    for (uint32_t f = 0; f < futures && status == LS_OK; f++) {
        double base = 0.0;
        status = cost_of(p, present, NULL, seed, f, &base, err);
        for (uint32_t i = 1; i < all->count && status == LS_OK; i++) {
            double cost = 0.0;
            status = cost_of(p, present, all->items + i, seed, f, &cost, err);
            sum[i] += cost - base;
            squares[i] += (cost - base) * (cost - base);
        }
        out->futures += all->count;
    }
    uint32_t best = 0;
    double best_mean = 0.0;
    for (uint32_t i = 1; i < all->count && futures > 1; i++) {
        const double n = futures;
        const double mean = sum[i] / n;
        const double error = sqrt(fmax(0.0, (squares[i] - n * mean * mean) / (n - 1.0) / n));
        if (mean + p->z * error < 0.0 && mean < best_mean) {
            best = i;
            best_mean = mean;
        }
    }
    memcpy(out->acts, all->items[best].acts, sizeof out->acts);
    out->act_count = all->items[best].act_count;
    out->changed = best != all->own;
    return status;
}
