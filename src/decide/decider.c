// decider.c - a decider's memory: bases, snapshots to try things on, and how a future is run.
#include "decide/decider.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "twin/rebase.h"

enum { DECIDER_COOKIE = 0x64656369 };

static ls_status run_on_pool(void *lender, const ls_job *job, ls_error *err) {
    return ls_threads_run(lender, job, err);
}

ls_lent ls_lent_pool(ls_threads *pool) {
    return (ls_lent){.run = run_on_pool, .lender = pool, .workers = ls_threads_count(pool)};
}

ls_decider_def ls_decider_def_default(void) {
    return (ls_decider_def){.seed = 1, .cookie = DECIDER_COOKIE};
}

const ls_twin *ls_decider_base_twin(const ls_decider *d) {
    const ls_twin *twin = d->bases[d->base].twin;
    return twin != NULL ? twin : d->twin;
}

int ls_decider_workers(const ls_decider *d) {
    return d->def.lent.run != NULL && d->def.lent.workers > 1 ? d->def.lent.workers : 1;
}

ls_status ls_decider_lend(const ls_decider *d, const ls_job *job, ls_error *err) {
    if (d->def.lent.run != NULL) {
        return d->def.lent.run(d->def.lent.lender, job, err);
    }
    return ls_workers_run(job, 1, err);
}

int64_t ls_cycle_guess(const ls_twin *twin) {
    const ls_m_release *releases = LS_MODEL_ARRAY(twin->model, ls_m_release, release_at);
    int64_t longest = 1000000;
    for (uint32_t i = 0; i < twin->model->releases; i++) {
        longest = releases[i].base > longest ? releases[i].base : longest;
    }
    // Plants that are worth deciding about spend some twice their work on waiting.
    return longest < INT64_MAX / 16 ? 2 * longest : longest;
}

// While a machine is held or told what to take, the engine asks more questions at every event; most
// acts are over soon. Forgets that there were any as soon as none is left.
static ls_status run_hands_off(const ls_twin *twin, ls_snapshot *snapshot, int64_t until_us,
                               ls_error *err) {
    enum { EVENTS = 64 };
    ls_state *state = snapshot->state;
    const ls_s_machine *machines = LS_STATE_VIEW(twin->model, state, ls_s_machine, s_machine);
    ls_status status = LS_OK;
    uint64_t done = EVENTS;
    while (status == LS_OK && state->hands != 0 && done == EVENTS) {
        status = ls_snapshot_step(twin, snapshot, until_us, EVENTS, &done, err);
        bool left = false;
        for (uint32_t i = 0; i < twin->model->machines; i++) {
            left |= (machines[i].hand | machines[i].chosen) != 0;
        }
        state->hands = left;
    }
    return status;
}

// Half a millisecond or so at a time.
static ls_status run_on(const ls_twin *twin, ls_snapshot *snapshot, int64_t until_us,
                        const ls_budget *budget, ls_error *err) {
    enum { EVENTS = 1 << 13 };
    ls_status status = LS_OK;
    uint64_t done = EVENTS;
    while (status == LS_OK && done == EVENTS) {
        status = ls_snapshot_step(twin, snapshot, until_us, EVENTS, &done, err);
        if (status == LS_OK && done == EVENTS && budget != NULL && budget->late != NULL &&
            budget->late(budget->context)) {
            status = ls_fail(err, LS_ERR_STOPPED, "late");
        }
    }
    return status;
}

ls_status ls_future_run(const ls_twin *twin, ls_snapshot *snapshot, int64_t until_us,
                        const ls_budget *budget, ls_error *err) {
    if (snapshot->state->stopped != 0) {
        return LS_OK;
    }
    ls_status status = run_hands_off(twin, snapshot, until_us, err);
    status = status == LS_OK ? run_on(twin, snapshot, until_us, budget, err) : status;
    return status == LS_ERR_STUCK || status == LS_ERR_LIMIT ? LS_OK : status;
}

static void work_clear(ls_snapshot *present, ls_snapshot **work, int count) {
    ls_snapshot_destroy(present);
    for (int i = 0; i < count && work != NULL; i++) {
        ls_snapshot_destroy(work[i]);
    }
    ls_free(work);
}

ls_status ls_decider_choose_base(ls_decider *d, uint32_t base, ls_error *err) {
    assert(base < d->base_count);
    const ls_twin *twin = d->bases[base].twin != NULL ? d->bases[base].twin : d->twin;
    const int workers = ls_decider_workers(d);
    ls_snapshot *present = NULL;
    ls_snapshot **work = ls_alloc((size_t)workers * sizeof *work);
    ls_status status = work != NULL ? ls_snapshot_create(twin, 0, 0, &present, err)
                                    : ls_fail(err, LS_ERR_MEMORY, "out of memory: a decider");
    for (int i = 0; i < workers && status == LS_OK; i++) {
        status = ls_snapshot_create(twin, 0, 0, &work[i], err);
    }
    if (status != LS_OK) {  // the one before still answers
        work_clear(present, work, workers);
        return status;
    }
    work_clear(d->present, d->work, d->work_count);
    d->present = present;
    d->work = work;
    d->work_count = workers;
    d->base = base;
    return LS_OK;
}

static uint32_t futures_most(const ls_plant *plant) {
    uint32_t most = LS_FUTURES_LEAST;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        const uint32_t futures = plant->decide.points[i].futures;
        most = futures > most ? futures : most;
    }
    return most < LS_FUTURES_MOST ? most : LS_FUTURES_MOST;
}

// Amounts that the largest race of any number of candidates needs: of k candidates the last two run
// most futures.
static size_t race_memory(uint32_t futures) {
    size_t most = futures;
    for (uint32_t k = 2; k <= LS_CANDIDATES_MAX; k++) {
        size_t runs = 0;
        for (uint32_t r = 0; r < ls_race_rounds(k); r++) {
            runs += ls_race_share(futures, k, r);
        }
        most = runs * k > most ? runs * k : most;
    }
    return most + LS_CANDIDATES_MAX;
}

static ls_status make_room(ls_decider *d, ls_error *err) {
    ls_base *own = &d->bases[0];
    d->base_count = 1;
    d->futures_most = futures_most(d->plant);
    d->memory_count = race_memory(d->futures_most);
    d->memory = ls_alloc(d->memory_count * sizeof *d->memory);
    d->course_count = d->futures_most / 3 + LS_CANDIDATES_MAX;
    d->courses = ls_alloc(d->course_count * LS_COURSE * sizeof *d->courses);
    d->sets = ls_alloc(LS_TOGETHER_MAX * sizeof *d->sets);
    own->rules = ls_alloc(d->plant->station_count + 1);
    if (d->memory == NULL || d->courses == NULL || d->sets == NULL || own->rules == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory: a decider");
    }
    ls_rules_text(d->plant, own->rules, own->name, sizeof own->name);
    own->gain = own->low = own->high = 0.0;
    return ls_decider_choose_base(d, 0, err);
}

ls_status ls_decider_add_base(ls_decider *d, const char *name, uint32_t *out, ls_error *err) {
    if (d->base_count == LS_BASES_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "more than %d base rules", LS_BASES_MAX);
    }
    ls_base base = {.gain = (double)NAN, .low = (double)NAN, .high = (double)NAN};
    ls_text_format(base.name, sizeof base.name, "%s", name);
    base.rules = ls_alloc(d->plant->station_count + 1);
    if (base.rules == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory: base rules");
    }
    if (!ls_rules_parse(d->plant, name, base.rules)) {
        ls_free(base.rules);
        return ls_fail(err, LS_ERR_INVALID, "no base rule '%s' in plant '%s'", name,
                       d->plant->name);
    }
    const ls_status status = ls_rules_compile(d->plant, d->twin, base.rules, &base.twin, err);
    if (status != LS_OK) {
        ls_free(base.rules);
        return status;
    }
    *out = d->base_count;
    d->bases[d->base_count++] = base;
    return LS_OK;
}

ls_status ls_decider_create(const ls_plant *plant, const ls_twin *twin, const ls_decider_def *def,
                            ls_decider **out, ls_error *err) {
    assert(def->cookie == DECIDER_COOKIE);
    *out = NULL;
    ls_decider *d = ls_alloc(sizeof *d);
    if (d == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory: a decider");
    }
    d->plant = plant;
    d->twin = twin;
    d->def = *def;
    d->horizon_us = 4 * ls_cycle_guess(twin);
    ls_cost_weights(&plant->decide, d->weights);
    const ls_status status = make_room(d, err);
    if (status != LS_OK) {
        ls_decider_destroy(d);
        return status;
    }
    *out = d;
    return LS_OK;
}

void ls_decider_destroy(ls_decider *d) {
    if (d == NULL) {
        return;
    }
    work_clear(d->present, d->work, d->work_count);
    for (uint32_t i = 0; i < d->base_count; i++) {
        ls_twin_destroy(d->bases[i].twin);
        ls_free(d->bases[i].rules);
    }
    ls_free(d->memory);
    ls_free(d->courses);
    ls_free(d->sets);
    ls_free(d);
}

uint32_t ls_decider_bases(const ls_decider *d, ls_base_rule *out, uint32_t most) {
    for (uint32_t i = 0; i < d->base_count && i < most; i++) {
        const ls_base *b = &d->bases[i];
        out[i] = (ls_base_rule){b->name, b->gain, b->low, b->high, i == d->base};
    }
    return d->base_count;
}

int64_t ls_decider_horizon_us(const ls_decider *d, uint32_t point) {
    const int64_t own = point < d->plant->decide.point_count
                            ? d->plant->decide.points[point].horizon_us
                            : 0;
    return own > 0 ? own : d->horizon_us;
}

uint32_t ls_decider_questions(const ls_decider *d, const ls_snapshot *present, bool ahead,
                              ls_question *out, uint32_t most) {
    return ls_questions_find(d->plant, d->twin, present, ahead, out, most);
}
