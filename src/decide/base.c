// base.c - see base.h.
#include "decide/base.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

enum { FINALISTS = 4 };

typedef struct trial {
    ls_twin *twin;  // NULL: the plant's own
    uint8_t *rules;
    double costs[LS_STUDY_STATES];
    double mean;
} trial;

static void trial_clear(trial *t) {
    ls_twin_destroy(t->twin);
    ls_free(t->rules);
    memset(t, 0, sizeof *t);
}

static ls_status try_rules(ls_study *study, const uint8_t *rules, trial *out, ls_error *err) {
    const ls_decider *d = study->d;
    memset(out, 0, sizeof *out);
    out->rules = ls_alloc(d->plant->station_count + 1);
    if (out->rules == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory: base rules");
    }
    memcpy(out->rules, rules, d->plant->station_count);
    ls_status status = ls_rules_compile(d->plant, d->twin, rules, &out->twin, err);
    if (status == LS_OK) {
        status = ls_study_run(study, out->twin, 0, LS_STUDY_STATES, study->warm_us, study->span_us,
                              out->costs, err);
    }
    for (int i = 0; i < LS_STUDY_STATES; i++) {
        out->mean += out->costs[i] / LS_STUDY_STATES;
    }
    if (status != LS_OK) {
        trial_clear(out);
    }
    return status;
}

// Keeps a trial as a base of the decider; the decider owns its twin and rules then.
static void keep(ls_study *study, trial *t, const trial *own) {
    ls_decider *d = study->d;
    ls_base *base = &d->bases[d->base_count];
    ls_rules_text(d->plant, t->rules, base->name, sizeof base->name);
    for (uint32_t i = 0; i < d->base_count; i++) {
        if (strcmp(d->bases[i].name, base->name) == 0) {
            return;
        }
    }
    const ls_interval gain = ls_stat_paired(t->costs, own->costs, LS_STUDY_STATES, LS_BASE_LEVEL);
    base->twin = t->twin;
    base->rules = t->rules;
    base->gain = gain.mean;
    base->low = gain.low;
    base->high = gain.high;
    t->twin = NULL;
    t->rules = NULL;
    d->base_count++;
}

// A copy of a trial's choice without its twin.
static void take_over(trial *best, trial *t) {
    trial_clear(best);
    *best = *t;
    memset(t, 0, sizeof *t);
}

static bool has_time(const ls_study *study) {
    const ls_decider_def *def = &study->d->def;
    return def->enough == NULL || !def->enough(def->context);
}

static bool has_budget(const ls_study *study) {
    const double one = study->events_per_us * (double)(study->warm_us + study->span_us) *
                       LS_STUDY_STATES;
    return study->events_left > one && has_time(study);
}

// The same rule at every station where it means something.
static ls_status try_uniform(ls_study *study, const trial *own, uint8_t *rules, uint8_t *best,
                             double *best_mean, ls_error *err) {
    const ls_decider *d = study->d;
    ls_status status = LS_OK;
    for (int k = 1; k < LS_RULES_COUNT && status == LS_OK && has_budget(study); k++) {
        ls_rules_uniform(d->plant, (ls_rule_kind)k, rules);
        uint32_t differs = 0;
        for (uint32_t i = 0; i < d->plant->station_count; i++) {
            differs += rules[i] != LS_RULES_OWN;
        }
        if (differs == 0) {
            continue;
        }
        trial t;
        status = try_rules(study, rules, &t, err);
        if (status != LS_OK) {
            break;
        }
        if (t.mean < *best_mean) {
            *best_mean = t.mean;
            memcpy(best, rules, d->plant->station_count);
        }
        if (d->base_count + 2 < LS_BASES_MAX) {
            keep(study, &t, own);
        }
        trial_clear(&t);
    }
    return status;
}

// Where hardly anything waits no rule matters: 2 % of all waiting, in the settled states.
static bool is_worth(const ls_study *study, uint32_t station) {
    double here = 0.0;
    double all = 0.0;
    for (int i = 0; i < LS_STUDY_STATES; i++) {
        const ls_snapshot *s = study->start[i];
        const ls_s_station *ss = LS_STATE_VIEW(s->model, s->state, ls_s_station, s_station);
        for (uint32_t k = 0; k < s->model->stations; k++) {
            all += (double)ss[k].wait_sum;
        }
        here += (double)ss[station].wait_sum;
    }
    return here > 0.02 * all;
}

// Station by station, whatever is better stays; again while that brings something.
static ls_status descend(ls_study *study, trial *best, ls_error *err) {
    const ls_plant *plant = study->d->plant;
    bool moved = true;
    for (int pass = 0; pass < 3 && moved; pass++) {
        moved = false;
        for (uint32_t s = 0; s < plant->station_count; s++) {
            if (!ls_rules_have_choice(plant, s) || !is_worth(study, s)) {
                continue;
            }
            const uint8_t held = best->rules[s];
            for (int k = 0; k < LS_RULES_COUNT && has_budget(study); k++) {
                if (k == held || k == best->rules[s] ||
                    !ls_rules_apply(plant, s, (ls_rule_kind)k)) {
                    continue;
                }
                const uint8_t before = best->rules[s];
                best->rules[s] = (uint8_t)k;
                trial t;
                const ls_status status = try_rules(study, best->rules, &t, err);
                best->rules[s] = before;
                if (status != LS_OK) {
                    return status;
                }
                if (t.mean < best->mean) {
                    take_over(best, &t);
                    moved = true;
                }
                trial_clear(&t);
            }
        }
    }
    return LS_OK;
}

// Kept bases and the plant's own rule from states that the search has not seen: the one that costs
// least there is chosen, if it is better than the plant's own beyond chance. Only the few best of
// the search are asked again.
static ls_status confirm(ls_study *study, ls_error *err) {
    ls_decider *d = study->d;
    double own[LS_STUDY_FRESH];
    double other[LS_STUDY_FRESH];
    ls_status status = ls_study_run(study, d->twin, LS_STUDY_STATES, LS_STUDY_FRESH, study->warm_us,
                                    study->span_us, own, err);
    bool asked[LS_BASES_MAX] = {true};
    uint32_t best = 0;
    for (int n = 0; n < FINALISTS && status == LS_OK; n++) {
        uint32_t next = 0;
        for (uint32_t i = 1; i < d->base_count; i++) {
            next = !asked[i] && (next == 0 || d->bases[i].gain > d->bases[next].gain) ? i : next;
        }
        if (next == 0) {
            break;
        }
        if (n > 1 && !has_time(study)) {
            break;
        }
        asked[next] = true;
        status = ls_study_run(study, d->bases[next].twin, LS_STUDY_STATES, LS_STUDY_FRESH,
                              study->warm_us, study->span_us, other, err);
        const ls_interval gain = ls_stat_paired(other, own, LS_STUDY_FRESH,
                                                ls_race_level(LS_BASE_LEVEL, FINALISTS));
        ls_base *base = &d->bases[next];
        base->gain = gain.mean;
        base->low = gain.low;
        base->high = gain.high;
        if (gain.low > 0.0 && (best == 0 || gain.mean > d->bases[best].gain)) {
            best = next;
        }
    }
    return status == LS_OK && best != 0 ? ls_decider_choose_base(d, best, err) : status;
}

static ls_status conclude(ls_study *study, trial *best, const trial *own, ls_error *err) {
    keep(study, best, own);
    return confirm(study, err);
}

// Bases of a search before are forgotten.
static ls_status forget(ls_decider *d, ls_error *err) {
    const ls_status status = d->base == 0 ? LS_OK : ls_decider_choose_base(d, 0, err);
    while (status == LS_OK && d->base_count > 1) {
        d->base_count--;
        ls_twin_destroy(d->bases[d->base_count].twin);
        ls_free(d->bases[d->base_count].rules);
        memset(&d->bases[d->base_count], 0, sizeof d->bases[0]);
    }
    return status;
}

static ls_status search(ls_study *study, uint8_t *rules, uint8_t *found, ls_error *err) {
    trial own;
    trial best = {0};
    ls_status status = try_rules(study, rules, &own, err);
    if (status != LS_OK) {
        return status;
    }
    double best_mean = own.mean;
    memcpy(found, rules, study->d->plant->station_count);
    status = try_uniform(study, &own, rules, found, &best_mean, err);
    if (status == LS_OK) {
        status = try_rules(study, found, &best, err);
    }
    if (status == LS_OK) {
        status = descend(study, &best, err);
    }
    if (status == LS_OK) {
        status = conclude(study, &best, &own, err);
    }
    trial_clear(&best);
    trial_clear(&own);
    return status;
}

ls_status ls_base_search(ls_study *study, ls_error *err) {
    const size_t size = study->d->plant->station_count + 1;
    uint8_t *rules = ls_alloc(size);
    uint8_t *found = ls_alloc(size);
    ls_status status = LS_OK;
    if (rules == NULL || found == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory: base rules");
    }
    status = status == LS_OK ? forget(study->d, err) : status;
    status = status == LS_OK ? search(study, rules, found, err) : status;
    ls_free(rules);
    ls_free(found);
    return status;
}

ls_status ls_decider_prepare(ls_decider *decider, const ls_snapshot *from, const atomic_bool *stop,
                             ls_error *err) {
    ls_study study;
    ls_status status = ls_study_open(&study, decider, from, stop, err);
    if (status == LS_OK) {
        status = ls_base_search(&study, err);
    }
    if (status == LS_OK) {
        status = ls_horizon_search(&study, err);
    }
    ls_study_close(&study);
    return status;
}
