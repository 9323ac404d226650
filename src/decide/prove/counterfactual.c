// counterfactual.c - see counterfactual.h.
#include "decide/prove/counterfactual.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/statistics.h"
#include "base/text.h"
#include "base/units.h"
#include "decide/cost.h"
#include "decide/prove/entries.h"
#include "decide/prove/retell.h"
#include "twin/model.h"
#include "twin/rebase.h"

static const int64_t answered_us = 10 * LS_US_PER_MIN;  // a release that was told has come by then

typedef struct source {
    const ls_realised *realised;
    uint32_t *used;  // of the values from each first place on
    bool *gone;      // values of this past alone: lots that the other one does not have
    int64_t until_us;
} source;

// The next value of this key; r->count: there is none.
static size_t next_value(source *s, ls_realised_kind kind, uint64_t key) {
    const ls_realised *r = s->realised;
    const size_t first = ls_realised_find(r, kind, key);
    size_t at = first < r->count ? first + s->used[first] : r->count;
    while (at < r->count && s->gone[at]) {
        at++;
    }
    if (at >= r->count || r->items[at].kind != kind || r->items[at].key != key) {
        return r->count;
    }
    s->used[first] = (uint32_t)(at + 1 - first);
    return at;
}

static ls_given_answer give(void *context, ls_given_kind kind, uint64_t key, int64_t *io_us) {
    static const ls_realised_kind kinds[] = {LS_REALISED_PROCESS, LS_REALISED_RELEASE,
                                             LS_REALISED_FAILURE, LS_REALISED_REPAIR};
    source *s = context;
    const ls_realised *r = s->realised;
    const size_t at = next_value(s, kinds[kind], key);
    if (at == r->count) {
        if (kind == LS_GIVEN_RELEASE && *io_us <= s->until_us) {
            *io_us = s->until_us + 1;  // all that came are known: this one did not
            return LS_GIVEN_VALUE;
        }
        return LS_GIVEN_NOTHING;
    }
    *io_us = r->items[at].value;
    return r->items[at].censored ? LS_GIVEN_BOUND : LS_GIVEN_VALUE;
}

static uint32_t lot_of(void *context, uint32_t release, uint32_t serial, int64_t time_us) {
    source *s = context;
    const size_t at = next_value(s, LS_REALISED_CAME, release);
    (void)serial;
    (void)time_us;
    return at < s->realised->count ? (uint32_t)s->realised->items[at].value : LS_NO;
}

static bool has_lots(const ls_realised *r) {
    bool any = false;
    for (size_t i = 0; i < r->count && !any; i++) {
        any = r->items[i].kind == LS_REALISED_CAME;
    }
    return any;
}

static const ls_m_release *class_of(const ls_twin *twin, const ls_act *act) {
    const ls_m_release *releases = LS_MODEL_ARRAY(twin->model, ls_m_release, release_at);
    const bool of_class = act->kind == LS_DO_RELEASE || act->kind == LS_DO_PUT_OFF;
    return of_class && act->index < twin->model->releases ? releases + act->index : NULL;
}

// Is it about an order pool? Then what it did is among the entries that were heard.
static bool of_pool(const ls_twin *twin, const ls_act *act) {
    const ls_m_release *r = class_of(twin, act);
    return r != NULL && r->pool != 0;
}

// Does it bring a lot whose time of coming is among those that were heard?
static bool is_heard(const ls_twin *twin, const ls_act *act) {
    const ls_m_release *r = class_of(twin, act);
    return r != NULL && act->kind == LS_DO_RELEASE && r->pool == 0 && r->kind == LS_RELEASE_EVERY;
}

// The n-th time of a class and its n-th lot belong together.
static void take_out(source *s, const ls_twin *twin, const ls_timed_act *act) {
    const ls_realised *r = s->realised;
    const ls_m_release *releases = LS_MODEL_ARRAY(twin->model, ls_m_release, release_at);
    const size_t times = ls_realised_find(r, LS_REALISED_RELEASE, act->act.index);
    const size_t lots = ls_realised_find(r, LS_REALISED_CAME, act->act.index);
    uint32_t left = releases[act->act.index].lots;
    for (size_t i = 0; times + i < r->count && left > 0; i++) {
        const ls_realised_value *v = &r->items[times + i];
        if (v->kind != LS_REALISED_RELEASE || v->key != act->act.index ||
            v->value > act->time_us + answered_us) {
            break;
        }
        if (v->value >= act->time_us && !s->gone[times + i]) {
            s->gone[times + i] = true;
            if (lots < r->count) {
                s->gone[lots + i] = true;
            }
            left--;
        }
    }
}

// ---- one future

typedef struct trial {
    const ls_counterfactual_def *def;
    source source;
    ls_retell replay;
    ls_entries entries;
    const ls_twin *twin;
    const ls_snapshot *from;  // of this twin
    ls_snapshot *future;
} trial;

// Are the order pools of this class as they were, or does the own rule let all in at once?
static bool keeps_entries(const trial *t, bool all, uint32_t release) {
    bool judged = false;
    for (size_t i = 0; i < t->def->act_count; i++) {
        const ls_timed_act *act = &t->def->acts[i];
        judged |= !act->kept && act->act.index == release && of_pool(t->twin, &act->act);
    }
    return all || !judged;
}

static void begin_entries(trial *t, bool all) {
    for (uint32_t i = 0; i < t->twin->model->releases; i++) {
        if (keeps_entries(t, all, i)) {
            ls_entries_begin(t->twin, t->future, i);
        }
    }
}

// The next act that is played; act_count: none is left.
static size_t next_act(const trial *t, bool all, size_t at) {
    const ls_counterfactual_def *def = t->def;
    const int64_t from_us = ls_snapshot_now(t->from);
    for (; at < def->act_count; at++) {
        const ls_timed_act *act = &def->acts[at];
        const bool played = (all || act->kept) && !is_heard(t->twin, &act->act) &&
                            !of_pool(t->twin, &act->act);
        if (played && act->time_us >= from_us && act->time_us < def->until_us) {
            break;
        }
    }
    return at;
}

static size_t next_entry(const trial *t, bool all, size_t at) {
    while (at < t->entries.count && (t->entries.items[at].time_us < ls_snapshot_now(t->from) ||
                                     !keeps_entries(t, all, t->entries.items[at].release))) {
        at++;
    }
    return at;
}

// What was done, in the order of time: of one moment first who came in, then the acts.
static ls_status play_deeds(trial *t, bool all, ls_error *err) {
    const ls_counterfactual_def *def = t->def;
    size_t act = next_act(t, all, 0);
    size_t entry = next_entry(t, all, 0);
    ls_status status = LS_OK;
    while (status == LS_OK && (act < def->act_count || entry < t->entries.count)) {
        const int64_t act_us = act < def->act_count ? def->acts[act].time_us : INT64_MAX;
        const int64_t entry_us = entry < t->entries.count ? t->entries.items[entry].time_us
                                                          : INT64_MAX;
        const int64_t when_us = entry_us <= act_us ? entry_us : act_us;
        if (when_us >= def->until_us) {
            break;
        }
        status = ls_retell_run(&t->replay, t->future, when_us, err);
        if (entry_us <= act_us) {
            ls_entry_do(t->twin, t->future, &t->entries.items[entry]);
            entry = next_entry(t, all, entry + 1);
        } else {
            (void)ls_act_apply(t->twin, t->future, &def->acts[act].act, NULL);
            act = next_act(t, all, act + 1);
        }
        ls_retell_look(&t->replay, t->future);
    }
    return status;
}

// With all acts, else with those that are kept (the source then knows who is not there).
static ls_status play(trial *t, bool all, uint64_t seed, uint32_t number, double *out_cost,
                      ls_error *err) {
    const ls_counterfactual_def *def = t->def;
    memset(t->source.used, 0, def->realised->count * sizeof *t->source.used);
    ls_retell_restart(&t->replay);
    ls_snapshot_fork_into(t->twin, t->from, seed, number, t->future);
    const int64_t from_us = ls_snapshot_now(t->from);
    const ls_amounts before = ls_amounts_read(t->twin, t->future->state, from_us);
    begin_entries(t, all);
    ls_status status = play_deeds(t, all, err);
    if (status == LS_OK) {
        status = ls_retell_run(&t->replay, t->future, def->until_us, err);
    }
    const ls_amounts after = ls_amounts_read(t->twin, t->future->state, def->until_us);
    const ls_amounts amounts = ls_amounts_between(&before, &after);
    *out_cost = ls_cost_of(def->weights, &amounts);
    return status;
}

static ls_status open_trial(trial *t, const ls_counterfactual_def *def, const ls_twin *twin,
                            const ls_snapshot *from, ls_error *err) {
    *t = (trial){.def = def, .twin = twin, .from = from};
    t->source = (source){.realised = def->realised, .until_us = def->until_us};
    t->source.used = ls_alloc((def->realised->count + 1) * sizeof *t->source.used);
    t->source.gone = ls_alloc((def->realised->count + 1) * sizeof *t->source.gone);
    if (t->source.used == NULL || t->source.gone == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_status status = ls_retell_init(&t->replay, twin, give, &t->source, err);
    if (status == LS_OK) {
        status = ls_entries_make(twin, def->realised, &t->entries, err);
    }
    t->replay.lot = has_lots(def->realised) ? lot_of : NULL;
    return status == LS_OK ? ls_snapshot_copy(twin, from, &t->future, err) : status;
}

static void close_trial(trial *t) {
    ls_snapshot_destroy(t->future);
    ls_retell_clear(&t->replay);
    ls_entries_clear(&t->entries);
    ls_free(t->source.used);
    ls_free(t->source.gone);
}

// ---- by the own rule

static ls_status play_own(const ls_counterfactual_def *def, uint32_t futures, double *costs,
                          ls_counterfactual_result *out, ls_error *err) {
    const ls_twin *twin = def->kept != NULL ? def->kept : def->own;
    trial t = {0};
    uint64_t forced = 0;
    uint64_t drawn = 0;
    ls_snapshot *start = NULL;
    ls_status status = ls_twin_rebased(def->own, def->origin, twin, &start, err);
    if (status == LS_OK) {
        status = open_trial(&t, def, twin, start, err);
    }
    for (size_t i = 0; i < def->act_count && status == LS_OK; i++) {
        if (!def->acts[i].kept && is_heard(def->own, &def->acts[i].act)) {
            take_out(&t.source, def->own, &def->acts[i]);
        }
    }
    for (uint32_t i = 0; i < futures && status == LS_OK; i++) {
        status = play(&t, false, def->seed, i, &costs[i], err);
        forced += t.replay.forced;
        drawn += t.replay.drawn;
    }
    close_trial(&t);
    ls_snapshot_destroy(start);
    out->drawn = forced + drawn > 0 ? (double)drawn / (double)(forced + drawn) : 0.0;
    return status;
}

// The true future is one more of the same kind.
static void interval(const ls_counterfactual_def *def, double *costs, uint32_t n, double level,
                     ls_counterfactual_result *out) {
    ls_stat_one_more(costs, n, level, &out->gain, &out->low, &out->high);
    out->gain -= def->line_cost;
    out->low -= def->line_cost;
    out->high -= def->line_cost;
}

// ---- under the actual policy

// On the same futures as by the own rule: what their luck does to the gain is in the error too, and
// the same rule on both sides makes both equal, so that nothing is claimed.
static ls_status reproduce(const ls_counterfactual_def *def, uint32_t futures,
                           ls_counterfactual_result *out, ls_error *err) {
    const ls_twin *twin = def->actual != NULL ? def->actual : def->own;
    trial t = {0};
    ls_snapshot *start = NULL;
    ls_status status = ls_twin_rebased(def->own, def->origin, twin, &start, err);
    if (status == LS_OK) {
        status = open_trial(&t, def, twin, start, err);
    }
    double sum = 0.0;
    for (uint32_t i = 0; i < futures && status == LS_OK; i++) {
        double cost = 0.0;
        status = play(&t, true, def->seed, i, &cost, err);
        sum += cost;
    }
    out->error = fabs(sum / futures - def->line_cost);
    close_trial(&t);
    ls_snapshot_destroy(start);
    return status;
}

void ls_counterfactual_show(ls_counterfactual_result *out) {
    out->shown = false;
    out->why[0] = '\0';
    if (fabs(out->gain) <= out->error * (1.0 + 1e-6)) {
        ls_text_format(out->why, sizeof out->why,
                       "the twin reproduces what happened with an error of %.4g, which is not "
                       "smaller than the gain of %.4g",
                       out->error, out->gain);
    } else if (out->low <= 0.0 && out->high >= 0.0) {
        ls_text_format(out->why, sizeof out->why, "the interval from %.4g to %.4g holds zero",
                       out->low, out->high);
    } else {
        out->shown = true;
    }
}

ls_status ls_counterfactual(const ls_counterfactual_def *def, ls_counterfactual_result *out,
                            ls_error *err) {
    const uint32_t futures = def->futures > 0 ? def->futures : LS_COUNTERFACTUAL_FUTURES;
    *out = (ls_counterfactual_result){.gain = NAN, .low = NAN, .high = NAN, .error = NAN};
    if (def->until_us <= ls_snapshot_now(def->origin)) {
        return ls_fail(err, LS_ERR_INVALID, "no time has passed since the state to start from");
    }
    double *costs = ls_alloc(futures * sizeof *costs);
    if (costs == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    ls_status status = play_own(def, futures, costs, out, err);
    if (status == LS_OK) {
        interval(def, costs, futures, def->level > 0.0 ? def->level : 0.95, out);
        status = reproduce(def, futures, out, err);
    }
    ls_free(costs);
    if (status == LS_OK) {
        ls_counterfactual_show(out);
    }
    return status;
}
