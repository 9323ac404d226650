// decide.c - asks and answers: candidates, their race, the claim.
//
// One question is a race of its candidates (two thirds of the budget) and a claim, where one is
// wanted: the winner against the incumbent again, on futures that took no part in choosing it.
// Several questions are a race of every single deviation, a race of the best ones joined, and the
// claim. What the deadline leaves of it is used: see `conclude_cut`.
#include "decide/decide.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "decide/base.h"
#include "decide/decider.h"
#include "twin/intervene.h"
#include "twin/rebase.h"

// Numbers of futures: the joined ones and the claim's have their own random numbers.
#define JOINED_FIRST ((uint64_t)1 << 32)
#define CLAIM_FIRST ((uint64_t)1 << 40)
enum { JOINED_FROM = 3, TOGETHER_PLANS = 32 };

typedef struct asking {
    ls_decider *d;
    ls_race_field field;
    ls_budget budget;
    const ls_answer *made;  // a replay: as many futures as it says
    ls_answer *out;
    uint32_t count;  // questions, rows
    double level, gain_min;
    uint32_t round, round_futures[LS_ROUNDS_MAX];
    uint64_t futures;
    bool cut, cut_early;
} asking;

// ---- one future of one plan

static ls_status do_acts(const ls_decider *d, const ls_plan *plan, ls_snapshot *snapshot,
                         ls_error *err) {
    const ls_twin *twin = ls_decider_base_twin(d);
    ls_status status = LS_OK;
    ls_intervene_begin(snapshot);
    for (uint32_t q = 0; q < d->question_count && status == LS_OK; q++) {
        const ls_candidate *candidate = &d->sets[q].items[plan->pick[q]];
        const uint32_t acts = plan->pick[q] == 0 ? 0 : candidate->act_count;
        for (uint32_t i = 0; i < acts && status == LS_OK; i++) {
            status = ls_act_apply(twin, snapshot, &candidate->acts[i], err);
        }
    }
    ls_intervene_settle(twin, snapshot);
    return status;
}

// Where the costs of a claim's future by the marks stand; NULL: there is no room for them.
static double *course_at(const ls_decider *d, uint64_t future, uint32_t plan) {
    const size_t at = (size_t)future * d->plan_count + plan;
    return at < d->course_count ? d->courses + at * LS_COURSE : NULL;
}

static ls_status run_to(const ls_decider *d, ls_snapshot *snapshot, int64_t until_us,
                        ls_amounts *out, ls_error *err) {
    const ls_twin *twin = ls_decider_base_twin(d);
    const ls_status status = ls_future_run(twin, snapshot, until_us, d->budget, err);
    const ls_amounts after = ls_amounts_read(twin, snapshot->state, until_us);
    *out = ls_amounts_between(&d->before, &after);
    return status;
}

// To the horizon and beyond, with a look at every mark.
static ls_status run_along(const ls_decider *d, ls_snapshot *snapshot, double *costs,
                           ls_amounts *out, ls_error *err) {
    const int64_t from_us = ls_snapshot_now(snapshot);
    bool beyond = false;
    ls_status status = LS_OK;
    for (int i = 0; i < LS_COURSE && status == LS_OK; i++) {
        const int64_t mark_us = i < LS_COURSE - 1 ? from_us + d->follow_us / LS_COURSE * (i + 1)
                                                  : from_us + d->follow_us;
        if (!beyond && mark_us >= d->until_us) {
            status = run_to(d, snapshot, d->until_us, out, err);
            beyond = true;
        }
        ls_amounts amounts = {{0}};
        status = status == LS_OK ? run_to(d, snapshot, mark_us, &amounts, err) : status;
        costs[i] = ls_cost_of(d->weights, &amounts);
    }
    return status;
}

static ls_status run_plan(void *context, uint32_t candidate, uint64_t future, int worker,
                          ls_amounts *out, ls_error *err) {
    const ls_decider *d = context;
    const ls_twin *twin = ls_decider_base_twin(d);
    assert(worker < d->work_count);
    ls_snapshot *snapshot = d->work[worker];
    ls_snapshot_fork_into(twin, d->present, d->seed, future, snapshot);
    ls_status status = do_acts(d, &d->plans[candidate], snapshot, err);
    if (status == LS_ERR_INVALID) {  // it cannot be done: no candidate
        for (int i = 0; i < LS_TERM_COUNT; i++) {
            out->of[i] = (double)NAN;
        }
        return LS_OK;
    }
    double *costs = d->follow_us > 0 ? course_at(d, future - CLAIM_FIRST, candidate) : NULL;
    return status != LS_OK ? status
           : costs != NULL ? run_along(d, snapshot, costs, out, err)
                           : run_to(d, snapshot, d->until_us, out, err);
}

// ---- races

static void open_race(asking *a, ls_race *race, uint64_t first_future) {
    ls_decider *d = a->d;
    ls_race_init(race, &a->field, &d->def.lent, &a->budget, d->plan_count, first_future, d->memory,
                 (uint32_t)(d->memory_count / d->plan_count));
}

static ls_status run_race(asking *a, ls_race *race, uint32_t budget, ls_error *err) {
    const ls_status status = ls_race_run(race, budget, a->made, &a->round, a->round_futures, err);
    a->futures += race->total;
    a->cut |= race->cut;
    return status;
}

// ---- rows

static void fill_candidates(asking *a, const ls_race *race) {
    const ls_decider *d = a->d;
    const double level = ls_race_level(a->level, race->count - 1);
    for (uint32_t p = 0; p < d->plan_count; p++) {
        for (uint32_t q = 0; q < a->count; q++) {
            const uint32_t pick = d->plans[p].pick[q];
            if ((p == 0) != (pick == 0)) {
                continue;
            }
            ls_candidate *candidate = &a->out[q].candidates[pick];
            candidate->futures = race->runs[p];
            candidate->rounds = race->rounds[p] + (race->done > 0 && race->runs[p] == race->done);
            if (race->runs[p] > 1) {
                const ls_interval gain = ls_race_gain(race, p, 0, race->runs[p], level);
                candidate->gain = gain.mean;
                candidate->low = gain.low;
                candidate->high = gain.high;
            }
        }
    }
}

// What a plan does to each term, against the plan before it, over these futures.
static void fill_effects(const asking *a, const ls_race *race, uint32_t plan, uint32_t other,
                         uint32_t from, uint32_t to, ls_answer *row) {
    ls_summary cost = {0};
    ls_summary terms[LS_TERM_COUNT] = {{0}};
    for (uint32_t f = from; f < to; f++) {
        const ls_amounts *with = &race->amounts[(size_t)f * race->count + plan];
        const ls_amounts *without = &race->amounts[(size_t)f * race->count + other];
        ls_summary_add(&cost,
                       ls_cost_of(a->field.weights, without) - ls_cost_of(a->field.weights, with));
        for (int t = 0; t < LS_TERM_COUNT; t++) {
            ls_summary_add(&terms[t], with->of[t] - without->of[t]);
        }
    }
    const ls_interval gain = ls_stat_interval_of(&cost, a->level);
    row->claim = ls_race_effect(&gain);
    for (int t = 0; t < LS_TERM_COUNT; t++) {
        const ls_interval term = ls_stat_interval_of(&terms[t], a->level);
        row->terms[t] = ls_race_effect(&term);
    }
}

// How the gain of a plan against another one comes about, over all futures of a claim.
static void fill_course(const asking *a, const ls_race *race, uint32_t plan, uint32_t other,
                        ls_course *out) {
    const ls_decider *d = a->d;
    if ((size_t)race->done * race->count > d->course_count) {
        return;
    }
    out->span_us = d->follow_us;
    for (uint32_t i = 0; i < LS_COURSE; i++) {
        ls_summary gain = {0};
        for (uint32_t f = 0; f < race->done; f++) {
            ls_summary_add(&gain, course_at(d, f, other)[i] - course_at(d, f, plan)[i]);
        }
        out->gain[i] = gain.mean;
        out->spread[i] = sqrt(ls_summary_variance(&gain));
    }
}

static void choose(asking *a, const ls_plan *plan) {
    for (uint32_t q = 0; q < a->count; q++) {
        a->out[q].chosen = plan->pick[q];
    }
}

// ---- claim

// Plans 0..m: the incumbent, then one act of the winner more in each. The rows' claims add up.
static uint32_t stack_plans(asking *a, const ls_plan *winner) {
    ls_decider *d = a->d;
    ls_plan plan = {{0}};
    uint32_t count = 0;
    d->plans[count++] = plan;
    for (uint32_t q = 0; q < a->count; q++) {
        if (winner->pick[q] != 0) {
            plan.pick[q] = winner->pick[q];
            d->plans[count++] = plan;
        }
    }
    return count;
}

// What the last of the stacked plans does against the first.
static void fill_joint(asking *a, const ls_race *race, const ls_plan *winner) {
    const uint32_t acts = a->d->plan_count - 1;
    const ls_interval gain = ls_race_gain(race, acts, 0, race->done, a->level);
    for (uint32_t q = 0; q < a->count && acts > 0; q++) {
        if (winner->pick[q] != 0) {
            fill_course(a, race, acts, 0, &a->out[q].course);
        }
        if (winner->pick[q] != 0 && acts > 1) {
            a->out[q].joint = ls_race_effect(&gain);
            a->out[q].joint_count = acts;
        }
    }
}

// How long a claim is followed: not beyond the end of the twin's clock.
static int64_t follow_us(const asking *a) {
    const ls_decider *d = a->d;
    const int64_t now_us = ls_snapshot_now(d->present);
    const int64_t left_us = d->twin->model->horizon - 1 - now_us;
    const int64_t wanted_us = a->made != NULL ? a->made->course.span_us : a->budget.follow_us;
    const int64_t horizon_us = d->until_us - now_us;
    const int64_t us = wanted_us > horizon_us ? wanted_us : horizon_us;
    return us < left_us ? us : left_us;
}

static ls_status claim(asking *a, const ls_plan *winner, uint32_t budget, ls_error *err) {
    ls_decider *d = a->d;
    d->plan_count = stack_plans(a, winner);
    ls_race race;
    open_race(a, &race, CLAIM_FIRST);
    uint32_t share = budget / d->plan_count;
    if (a->made != NULL) {
        share = a->made->claim_futures;
    }
    d->follow_us = follow_us(a);
    const ls_status status = ls_race_more(&race, share, err);
    a->futures += race.total;
    a->cut |= race.cut;
    for (uint32_t q = 0, p = 0; q < a->count; q++) {
        a->out[q].claim_futures = race.done;
        if (winner->pick[q] != 0) {
            p++;
            if (race.done > 1) {
                fill_effects(a, &race, p, p - 1, 0, race.done, &a->out[q]);
            }
        }
    }
    if (race.done > 1) {
        fill_joint(a, &race, winner);
    }
    d->follow_us = 0;
    return status;
}

// There was no time to follow the claim's futures: as if the gain came evenly, and nothing after
// the horizon; as far apart as its interval says, as sums of independent parts are on the way.
static void fill_even_course(const asking *a, uint32_t futures, ls_answer *row) {
    const ls_effect *claim = &row->claim;
    const double spread = (claim->high - claim->gain) * sqrt(futures) /
                          ls_stat_t_quantile(0.5 + a->level / 2.0, futures - 1.0);
    row->course.span_us = a->d->until_us - row->now_us;
    for (int i = 0; i < LS_COURSE; i++) {
        const double part = (double)(i + 1) / LS_COURSE;
        row->course.gain[i] = part * claim->gain;
        row->course.spread[i] = sqrt(part) * spread;
    }
}

// Late while candidates were still compared. Whoever was left out was so by the first
// race->settled futures; the choice is made on at least two thirds of them all, and the claim is
// read off the rest, which took no part in it.
static void conclude_cut(asking *a, const ls_race *race) {
    const uint32_t third = race->done - race->done / 3;
    uint32_t split = third > race->settled ? third : race->settled;
    const bool both = split >= LS_RACE_MIN && race->done >= split + LS_RACE_MIN;
    split = both ? split : race->done;
    const uint32_t winner = ls_race_winner(race, 0, split, a->level, a->gain_min);
    choose(a, &a->d->plans[winner]);
    a->cut_early = true;
    if (winner == 0 || !both) {
        return;
    }
    for (uint32_t q = 0; q < a->count; q++) {
        a->out[q].claim_futures = race->done - split;
        if (a->d->plans[winner].pick[q] != 0) {
            fill_effects(a, race, winner, 0, split, race->done, &a->out[q]);
            fill_even_course(a, race->done - split, &a->out[q]);
        }
    }
}

// ---- one question, several

static void single_plans(asking *a, uint32_t most) {
    ls_decider *d = a->d;
    memset(d->plans, 0, sizeof d->plans);
    d->plan_count = 1;
    for (uint32_t i = 1; i < LS_CANDIDATES_MAX; i++) {
        for (uint32_t q = 0; q < a->count && q < LS_TOGETHER_MAX; q++) {
            if (i < d->sets[q].count && d->plan_count < most &&
                d->plan_count < sizeof d->plans / sizeof d->plans[0]) {
                d->plans[d->plan_count].pick[q] = (uint8_t)i;
                d->plan_count++;
            }
        }
    }
}

// The race of single deviations; when it was cut, that is the answer.
static ls_status race_singles(asking *a, uint32_t most, uint32_t futures, ls_race *race,
                              ls_error *err) {
    single_plans(a, most);
    open_race(a, race, 0);
    const ls_status status = run_race(a, race, futures, err);
    if (status == LS_OK) {
        fill_candidates(a, race);
        if (race->cut) {
            conclude_cut(a, race);
        }
    }
    return status;
}

// What has won is chosen, and claimed on fresh futures while there is time.
static ls_status take_winner(asking *a, const ls_race *race, uint32_t futures, ls_error *err) {
    const uint32_t winner = ls_race_winner(race, 0, race->done, a->level, a->gain_min);
    const ls_plan plan = a->d->plans[winner];
    choose(a, &plan);
    return winner == 0 || race->cut || futures == 0 ? LS_OK : claim(a, &plan, futures, err);
}

static uint32_t for_claim(const asking *a) {
    return a->budget.unclaimed ? 0 : a->budget.futures / 3;
}

static ls_status ask_one(asking *a, ls_error *err) {
    const uint32_t claims = for_claim(a);
    ls_race race;
    const ls_status status = race_singles(a, LS_CANDIDATES_MAX, a->budget.futures - claims, &race,
                                          err);
    return status != LS_OK || race.cut ? status : take_winner(a, &race, claims, err);
}

// The best deviations, of different questions, best first: at most JOINED_FROM.
static uint32_t best_singles(const asking *a, ls_plan *out) {
    uint32_t count = 0;
    bool taken[LS_TOGETHER_MAX] = {false};
    while (count < JOINED_FROM) {
        double best = 0.0;
        uint32_t best_q = 0;
        uint32_t best_i = 0;
        for (uint32_t q = 0; q < a->count; q++) {
            for (uint32_t i = 1; i < a->out[q].candidate_count && !taken[q]; i++) {
                if (a->out[q].candidates[i].gain > best) {
                    best = a->out[q].candidates[i].gain;
                    best_q = q;
                    best_i = i;
                }
            }
        }
        if (best_i == 0) {
            break;
        }
        taken[best_q] = true;
        out[count] = (ls_plan){{0}};
        out[count++].pick[best_q] = (uint8_t)best_i;
    }
    return count;
}

static void joined_plans(asking *a) {
    ls_decider *d = a->d;
    ls_plan best[JOINED_FROM];
    const uint32_t count = best_singles(a, best);
    memset(d->plans, 0, sizeof d->plans);
    d->plan_count = (uint32_t)1 << count;
    for (uint32_t p = 1; p < d->plan_count; p++) {
        for (uint32_t k = 0; k < count; k++) {
            for (uint32_t q = 0; q < a->count; q++) {
                if (((p >> k) & 1) != 0 && best[k].pick[q] != 0) {
                    d->plans[p].pick[q] = best[k].pick[q];
                }
            }
        }
    }
}

static ls_status ask_several(asking *a, ls_error *err) {
    const uint32_t claims = for_claim(a);
    const uint32_t half = (a->budget.futures - claims) / 2;
    ls_race race;
    ls_status status = race_singles(a, TOGETHER_PLANS, half, &race, err);
    if (status != LS_OK || race.cut) {
        return status;
    }
    joined_plans(a);
    open_race(a, &race, JOINED_FIRST);
    status = run_race(a, &race, half, err);
    return status != LS_OK ? status : take_winner(a, &race, claims, err);
}

// ---- asking

static ls_status check_question(const ls_decider *d, const ls_question *question, ls_error *err) {
    const ls_decide *decide = &d->plant->decide;
    if (question->point >= decide->point_count) {
        return ls_fail(err, LS_ERR_INVALID, "no decision point %u, there are %u", question->point,
                       decide->point_count);
    }
    if (decide->points[question->point].kind == LS_DECIDE_SETPOINT) {
        return ls_fail(err, LS_ERR_INVALID,
                       "'%s': what a setpoint does is told by its response, not by futures",
                       decide->points[question->point].name);
    }
    return LS_OK;
}

static ls_status find_candidates(asking *a, const ls_snapshot *present, ls_error *err) {
    ls_decider *d = a->d;
    const ls_candidate_from from = {.plant = d->plant,
                                    .twin = d->twin,
                                    .present = present,
                                    .base_twin = ls_decider_base_twin(d),
                                    .base_present = d->present};
    ls_status status = LS_OK;
    for (uint32_t q = 0; q < a->count && status == LS_OK; q++) {
        status = ls_candidates_find(&from, &a->out[q].question, &d->sets[q], err);
    }
    return status;
}

// What the row says whatever comes out.
static void begin_row(const asking *a, const ls_snapshot *present, uint32_t q,
                      const ls_question *questions) {
    const ls_decider *d = a->d;
    ls_answer *row = &a->out[q];
    memset(row, 0, sizeof *row);
    row->question = questions[q];
    row->now_us = present->state->now;
    row->snapshot_hash = ls_snapshot_hash(present);
    row->model_hash = d->twin->model->hash;
    row->seed = d->seed;
    row->level = a->level;
    row->together_count = a->count;
    row->together_at = q;
    memcpy(row->together, questions, a->count * sizeof *questions);
    ls_text_format(row->base, sizeof row->base, "%s", d->bases[d->base].name);
    const ls_base *base = &d->bases[d->base];
    ls_race_no_effects(row);
    if (a->made != NULL) {
        row->by_base = a->made->by_base;
        row->by_base_futures = a->made->by_base_futures;
    } else if (d->base != 0) {
        row->by_base = (ls_effect){base->gain, base->low, base->high};
        row->by_base_futures = LS_STUDY_FRESH;
    }
}

static void copy_candidates(const asking *a) {
    for (uint32_t q = 0; q < a->count; q++) {
        const ls_candidates *set = &a->d->sets[q];
        ls_answer *row = &a->out[q];
        row->candidate_count = set->count;
        row->own = set->own;
        memcpy(row->candidates, set->items, set->count * sizeof *set->items);
        for (uint32_t i = 0; i < set->count; i++) {
            ls_candidate *candidate = &row->candidates[i];
            candidate->futures = candidate->rounds = 0;
            candidate->gain = candidate->low = candidate->high = (double)NAN;
        }
    }
}

static void end_rows(const asking *a) {
    for (uint32_t q = 0; q < a->count; q++) {
        ls_answer *row = &a->out[q];
        memcpy(row->round_futures, a->round_futures, sizeof row->round_futures);
        row->round_count = a->round;
        row->futures = a->futures;
        row->cut = a->made != NULL ? a->made->cut : a->cut;
        row->cut_early = a->cut_early;
    }
}

static uint64_t seed_of(const ls_decider *d, const ls_snapshot *present,
                        const ls_question *question) {
    // Of what could be seen alone: a hash of the state would know the hidden ends too.
    const uint64_t moment = ls_random_key(d->def.seed, (uint64_t)present->state->now);
    return ls_random_key(moment, ((uint64_t)question->point << 32) | question->subject);
}

// Level, least gain, horizon and random numbers of these questions.
static void set_up(asking *a, const ls_snapshot *present, const ls_question *questions) {
    ls_decider *d = a->d;
    int64_t horizon_us = 0;
    for (uint32_t q = 0; q < a->count; q++) {
        const ls_decide_point *point = &d->plant->decide.points[questions[q].point];
        const double level = point->level > 0.0 && point->level < 1.0 ? point->level : 0.95;
        a->level = level > a->level ? level : a->level;
        a->gain_min = point->gain_min > a->gain_min ? point->gain_min : a->gain_min;
        const int64_t of_point = ls_decider_horizon_us(d, questions[q].point);
        horizon_us = of_point > horizon_us ? of_point : horizon_us;
    }
    const int64_t now_us = present->state->now;
    d->seed = seed_of(d, present, &questions[0]);
    if (a->made != NULL) {
        horizon_us = a->made->horizon_us;
        d->seed = a->made->seed;
    }
    const int64_t last_us = d->twin->model->horizon - 1;
    d->until_us = horizon_us < last_us - now_us ? now_us + horizon_us : last_us;
    d->question_count = a->count;
    d->budget = &a->budget;
    ls_twin_rebase(ls_decider_base_twin(d), present, d->present);
    d->before = ls_amounts_read(ls_decider_base_twin(d), d->present->state, now_us);
    for (uint32_t q = 0; q < a->count; q++) {
        begin_row(a, present, q, questions);
        a->out[q].horizon_us = horizon_us;
    }
}

static ls_status ask(ls_decider *d, const ls_snapshot *present, const ls_question *questions,
                     uint32_t count, const ls_budget *budget, const ls_answer *made, ls_answer *out,
                     ls_error *err) {
    if (count == 0 || count > LS_TOGETHER_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "%u questions at once, at most %d", count,
                       LS_TOGETHER_MAX);
    }
    asking a = {.d = d, .budget = *budget, .made = made, .out = out, .count = count};
    a.field = (ls_race_field){.run = run_plan, .context = d};
    memcpy(a.field.weights, d->weights, sizeof d->weights);
    a.budget.futures = budget->futures < d->futures_most ? budget->futures : d->futures_most;
    ls_status status = LS_OK;
    for (uint32_t q = 0; q < count && status == LS_OK; q++) {
        status = check_question(d, &questions[q], err);
    }
    if (status == LS_OK) {
        set_up(&a, present, questions);
        status = find_candidates(&a, present, err);
    }
    if (status == LS_OK) {
        copy_candidates(&a);
        status = count == 1 ? ask_one(&a, err) : ask_several(&a, err);
        end_rows(&a);
        d->budget = NULL;  // ours
    }
    return status;
}

ls_status ls_decider_ask(ls_decider *decider, const ls_snapshot *present,
                         const ls_question *question, const ls_budget *budget, ls_answer *out,
                         ls_error *err) {
    return ask(decider, present, question, 1, budget, NULL, out, err);
}

ls_status ls_decider_ask_together(ls_decider *decider, const ls_snapshot *present,
                                  const ls_question *questions, uint32_t count,
                                  const ls_budget *budget, ls_answer *out, ls_error *err) {
    return ask(decider, present, questions, count, budget, NULL, out, err);
}

// The base that an answer names: one that is kept, or made again.
static ls_status find_base(ls_decider *d, const char *name, uint32_t *out, ls_error *err) {
    for (uint32_t i = 0; i < d->base_count; i++) {
        if (strcmp(d->bases[i].name, name) == 0) {
            *out = i;
            return LS_OK;
        }
    }
    return ls_decider_add_base(d, name, out, err);
}

ls_status ls_decider_adopt(ls_decider *d, const ls_base_rule *found, int64_t horizon_us,
                           ls_error *err) {
    uint32_t base = 0;
    ls_status status = find_base(d, found->name, &base, err);
    if (status == LS_OK && base != d->base) {
        status = ls_decider_choose_base(d, base, err);
    }
    if (status == LS_OK) {
        d->bases[base].gain = found->gain;
        d->bases[base].low = found->low;
        d->bases[base].high = found->high;
        d->horizon_us = horizon_us > 0 ? horizon_us : d->horizon_us;
    }
    return status;
}

ls_status ls_decider_replay(ls_decider *d, const ls_snapshot *present, const ls_answer *made,
                            ls_answer *out, ls_error *err) {
    if (made->snapshot_hash != ls_snapshot_hash(present) ||
        made->model_hash != d->twin->model->hash) {
        return ls_fail(err, LS_ERR_INVALID, "the answer was made from another snapshot or plant");
    }
    if (made->together_count == 0 || made->together_count > LS_TOGETHER_MAX ||
        made->together_at >= made->together_count || made->round_count > LS_ROUNDS_MAX) {
        return ls_fail(err, LS_ERR_INVALID,
                       "the answer's numbers of questions or rounds are wrong");
    }
    const uint32_t before = d->base;
    uint32_t base = before;
    ls_status status = find_base(d, made->base, &base, err);
    ls_answer *rows = status == LS_OK ? ls_alloc(made->together_count * sizeof *rows) : NULL;
    if (status == LS_OK && rows == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory: a replay");
    }
    if (status == LS_OK && base != before) {
        status = ls_decider_choose_base(d, base, err);
    }
    if (status == LS_OK) {
        const ls_budget all = {.futures = d->futures_most};
        status = ask(d, present, made->together, made->together_count, &all, made, rows, err);
    }
    if (status == LS_OK) {
        *out = rows[made->together_at];
    }
    ls_free(rows);
    if (base != before) {
        ls_error ignored;
        const ls_status back = ls_decider_choose_base(d, before, status == LS_OK ? err : &ignored);
        status = status == LS_OK ? back : status;
    }
    return status;
}
