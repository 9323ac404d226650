// ask_setting.c - see ask_setting.h.
#include "decide/ask_setting.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/text.h"
#include "decide/race.h"

#define CLAIM_FIRST ((uint64_t)1 << 40)  // fresh futures have their own random numbers
enum { DISTANCE = LS_TERM_WIP };         // where the one amount stands: less is better

typedef struct asking {
    const ls_outlook *outlook;
    double target, level, gain_min;
    bool minimizes;  // the value itself is what it costs
    uint64_t seed;
    double paths[LS_CANDIDATES_MAX][LS_OUTLOOK_STEPS + 1];
    uint32_t picks[LS_CANDIDATES_MAX];  // candidate of a race -> path
    uint64_t future;                    // whose drift this is
    bool has_drift;
    double drift[LS_OUTLOOK_STEPS + 1];
} asking;

// ---- candidates

int64_t ls_setting_step_us(const ls_plant *plant, uint32_t point) {
    const ls_decide_point *p = &plant->decide.points[point];
    const ls_measured *m = ls_decide_counts(plant, p);
    const int64_t horizon_us = p->horizon_us > 0 ? p->horizon_us
                                                 : ls_outlook_horizon_us(m, p->every_us);
    return horizon_us > LS_OUTLOOK_STEPS ? horizon_us / LS_OUTLOOK_STEPS : 1;
}

static bool concerns(const ls_plant *plant, const ls_guard_limit *limit, uint32_t measured) {
    return (!limit->of_decide_kind || limit->decide_kind == LS_DECIDE_SETPOINT) &&
           (limit->measured == LS_NONE || limit->measured == measured) &&
           (limit->machine == LS_NONE || limit->machine == plant->listen.values[measured].machine);
}

static bool limit_allows(const ls_guard_limit *limit, const ls_outlook *o, double setting) {
    const double change = fabs(setting - o->setting);
    const int64_t since_us = o->since_us == INT64_MIN ? INT64_MAX : o->now_us - o->since_us;
    const int64_t counted_us = since_us < LS_RATE_PERIOD_US ? since_us : LS_RATE_PERIOD_US;
    switch (limit->kind) {
    case LS_LIMIT_RANGE: return setting >= limit->low && setting <= limit->high;
    case LS_LIMIT_STEP: return change <= limit->high;
    case LS_LIMIT_RATE: return change <= limit->high * ((double)counted_us * 1e-6);
    case LS_LIMIT_DWELL: return since_us >= limit->window_us;
    case LS_LIMIT_BUDGET:  // of many commands: the guard counts them
    case LS_LIMIT_FREQUENCY:
    case LS_LIMIT_KIND_COUNT: break;
    }
    return true;
}

bool ls_setting_may(const ls_plant *plant, uint32_t measured, const ls_outlook *outlook,
                    double setting) {
    const ls_measured *m = &plant->listen.values[measured];
    bool may = setting >= m->set_low && setting <= m->set_high;
    for (uint32_t i = 0; i < plant->decide.guards.limit_count && may; i++) {
        const ls_guard_limit *limit = &plant->decide.guards.limits[i];
        may = !concerns(plant, limit, measured) || limit_allows(limit, outlook, setting);
    }
    return may;
}

uint32_t ls_setting_candidates(const ls_plant *plant, const ls_question *question,
                               const ls_outlook *outlook, ls_candidate out[LS_CANDIDATES_MAX]) {
    const ls_decide_point *point = &plant->decide.points[question->point];
    const ls_measured *m = &plant->listen.values[question->subject];
    const char *unit = m->unit != NULL ? m->unit : "";
    uint32_t count = 1;
    memset(&out[0], 0, sizeof out[0]);
    ls_text_format(out[0].label, sizeof out[0].label, "%s stays at %.6g %s", m->name,
                   outlook->setting, unit);
    for (uint32_t i = 0; i < point->number_count && count < LS_CANDIDATES_MAX; i++) {
        const double number = plant->decide.numbers[point->number_at + i];
        if (number == outlook->setting ||
            !ls_setting_may(plant, question->subject, outlook, number)) {
            continue;
        }
        ls_candidate *c = &out[count++];
        memset(c, 0, sizeof *c);
        c->acts[0] = (ls_act){.kind = LS_DO_SET, .index = question->subject, .number = number};
        c->act_count = 1;
        ls_text_format(c->label, sizeof c->label, "%s to %.6g %s", m->name, number, unit);
    }
    return count;
}

// ---- one future of one candidate

static ls_status run_future(void *context, uint32_t candidate, uint64_t future, int worker,
                            ls_amounts *out, ls_error *err) {
    asking *a = context;
    (void)worker;
    (void)err;
    if (!a->has_drift || a->future != future) {
        ls_outlook_drift(a->outlook, ls_random_key(a->seed, future), a->drift);
        a->future = future;
        a->has_drift = true;
    }
    memset(out, 0, sizeof *out);
    const double *path = a->paths[a->picks[candidate]];
    out->of[DISTANCE] = a->minimizes ? ls_outlook_mean(path, a->drift)
                                     : ls_outlook_distance(path, a->drift, a->target);
    return LS_OK;
}

// ---- race and claim

static void fill_candidates(const asking *a, const ls_race *race, ls_answer *out) {
    const double level = ls_race_level(a->level, race->count - 1);
    for (uint32_t i = 0; i < race->count; i++) {
        ls_candidate *c = &out->candidates[i];
        c->futures = race->runs[i];
        c->rounds = race->rounds[i] + (race->done > 0 && race->runs[i] == race->done);
        if (race->runs[i] > 1) {
            const ls_interval gain = ls_race_gain(race, i, 0, race->runs[i], level);
            c->gain = gain.mean;
            c->low = gain.low;
            c->high = gain.high;
        }
    }
}

// The winner against what is in force, on futures that took no part in choosing it.
static ls_status claim(asking *a, const ls_race_field *field, const ls_budget *budget,
                       const ls_answer *made, uint32_t futures, ls_amounts *memory,
                       uint32_t capacity, ls_answer *out, ls_error *err) {
    ls_race race;
    a->picks[0] = 0;
    a->picks[1] = out->chosen;
    ls_race_init(&race, field, NULL, budget, 2, CLAIM_FIRST, memory, capacity);
    const uint32_t half = futures / 2 > LS_SETTING_FRESH_LEAST ? futures / 2
                                                               : LS_SETTING_FRESH_LEAST;
    const ls_status status = ls_race_more(&race, made != NULL ? made->claim_futures : half, err);
    out->futures += race.total;
    out->claim_futures = race.done;
    out->cut = out->cut || race.cut;
    if (status == LS_OK && race.done > 1) {
        const ls_interval gain = ls_race_gain(&race, 1, 0, race.done, a->level);
        out->claim = ls_race_effect(&gain);
    }
    return status;
}

static ls_status search(asking *a, const ls_budget *budget, const ls_answer *made, ls_answer *out,
                        ls_error *err) {
    const uint32_t most = budget->futures < LS_SETTING_FUTURES_MOST ? budget->futures
                                                                    : LS_SETTING_FUTURES_MOST;
    const uint32_t capacity = LS_SETTING_FUTURES_MOST / 2;  // two at least share them
    ls_amounts *memory = ls_alloc((size_t)capacity * out->candidate_count * sizeof *memory);
    if (memory == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the futures of a setting");
    }
    ls_race_field field = {.run = run_future, .context = a};
    field.weights[DISTANCE] = 1.0;
    ls_race race;
    ls_race_init(&race, &field, NULL, budget, out->candidate_count, 0, memory, capacity);
    ls_status status = ls_race_run(&race, most - most / 3, made, &out->round_count,
                                   out->round_futures, err);
    out->futures += race.total;
    if (status == LS_OK) {
        fill_candidates(a, &race, out);
        out->cut = made != NULL ? made->cut : race.cut;
        out->cut_early = made != NULL ? made->cut_early : race.cut;
        out->chosen = out->cut_early ? 0
                                     : ls_race_winner(&race, 0, race.done, a->level, a->gain_min);
    }
    if (status == LS_OK && out->chosen != 0) {
        status = claim(a, &field, budget, made, most / 3, memory, capacity, out, err);
    }
    ls_free(memory);
    return status;
}

// ---- asking

static ls_status check(const ls_plant *plant, const ls_question *q, ls_error *err) {
    const ls_decide *decide = &plant->decide;
    if (q->point >= decide->point_count || decide->points[q->point].kind != LS_DECIDE_SETPOINT ||
        decide->points[q->point].measured != q->subject) {
        return ls_fail(err, LS_ERR_INVALID, "question %u/%u is not about a setting", q->point,
                       q->subject);
    }
    if (!isfinite(decide->points[q->point].target) && !decide->points[q->point].minimizes) {
        ls_fail(err, LS_ERR_INVALID, "'%s' has no target: nothing says which setting is better",
                decide->points[q->point].name);
        ls_hint(err, "add 'target: 60', or 'minimize: VALUE'");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static void begin(const ls_plant *plant, const ls_question *q, const ls_outlook *outlook, asking *a,
                  ls_answer *out) {
    const ls_decide_point *point = &plant->decide.points[q->point];
    memset(out, 0, sizeof *out);
    out->question = out->together[0] = *q;
    out->together_count = 1;
    out->now_us = outlook->now_us;
    out->snapshot_hash = ls_outlook_hash(outlook);
    out->horizon_us = outlook->step_us * LS_OUTLOOK_STEPS;
    out->level = point->level > 0.0 && point->level < 1.0 ? point->level : 0.95;
    // Of what was seen alone, as every seed of a decision.
    out->seed = ls_random_key(ls_random_key(1, (uint64_t)outlook->now_us),
                              ((uint64_t)q->point << 32) | q->subject);
    ls_text_format(out->base, sizeof out->base, "as it is set");
    ls_race_no_effects(out);
    *a = (asking){.outlook = outlook,
                  .target = point->target,
                  .minimizes = point->minimizes,
                  .level = out->level,
                  .gain_min = point->gain_min,
                  .seed = out->seed};
    out->candidate_count = ls_setting_candidates(plant, q, outlook, out->candidates);
    for (uint32_t i = 0; i < out->candidate_count; i++) {
        ls_candidate *c = &out->candidates[i];
        const double setting = i == 0 ? outlook->setting : c->acts[0].number;
        c->gain = c->low = c->high = (double)NAN;
        ls_outlook_path(ls_decide_counts(plant, point), outlook, setting, a->paths[i]);
        a->picks[i] = i;
    }
}

static ls_status ask(const ls_plant *plant, const ls_question *question, const ls_outlook *outlook,
                     const ls_budget *budget, const ls_answer *made, ls_answer *out,
                     ls_error *err) {
    ls_status status = check(plant, question, err);
    asking *a = status == LS_OK ? ls_alloc(sizeof *a) : NULL;
    if (status == LS_OK && a == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for a question");
    }
    if (status == LS_OK) {
        begin(plant, question, outlook, a, out);
        if (out->candidate_count > 1) {
            status = search(a, budget, made, out, err);
        }
    }
    ls_free(a);
    return status;
}

ls_status ls_setting_ask(const ls_plant *plant, const ls_question *question,
                         const ls_outlook *outlook, const ls_budget *budget, ls_answer *out,
                         ls_error *err) {
    return ask(plant, question, outlook, budget, NULL, out, err);
}

ls_status ls_setting_replay(const ls_plant *plant, const ls_outlook *outlook, const ls_answer *made,
                            ls_answer *out, ls_error *err) {
    if (!ls_outlook_is_sound(outlook) || made->snapshot_hash != ls_outlook_hash(outlook)) {
        return ls_fail(err, LS_ERR_INVALID, "the answer was made from another outlook");
    }
    if (made->round_count > LS_ROUNDS_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "the answer's number of rounds is wrong");
    }
    const ls_budget all = {.futures = LS_SETTING_FUTURES_MOST};
    const ls_status status = ask(plant, &made->question, outlook, &all, made, out, err);
    out->model_hash = made->model_hash;
    return status;
}
