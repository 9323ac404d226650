// promise_test.c - lines in process whose other past is known: does it lie in what was expected?
//
// A decider has charge of a plant, which runs by its own streams. At the beginning of a window the
// plant as it stands is put aside; at its end the line's cost is known, and what the own rule would
// have cost in the same world. The promise knows only the beginning and what was claimed.
#include "decide/prove/promise.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/statistics.h"
#include "decide/cost.h"
#include "decide/decider.h"
#include "decide/rehearse.h"
#include "plant/read.h"
#include "tests/harness.h"

static const int64_t hour_us = 3600 * INT64_C(1000000);
enum { PROMISED_MAX = 512 };

// The own rule is good: what is promised are single acts.
static const char acts_alone[] =
    "plant: acts\n"
    "stations:\n"
    "  cut: {process: exp 8 min, machines: 2}\n"
    "  mill: {setup: {short to long: 8 min, long to short: 8 min}, dispatch: [setup, spt],\n"
    "         fails: {every: exp 8 h, repair: exp 20 min}}\n"
    "  pack: {process: exp 5 min}\n"
    "products:\n"
    "  short: {route: [cut, {at: mill, process: gamma 3 min sd 1 min}, pack],\n"
    "          release: {every: exp 16 min, due: 90 min}}\n"
    "  long: {route: [cut, {at: mill, process: gamma 12 min sd 3 min}, pack],\n"
    "         release: {every: exp 26 min, due: 2 h}}\n"
    "decide:\n"
    "  objective: {cycle-time: 1, tardiness: 2, unit: EUR}\n"
    "  horizon: 4 h\n"
    "  dispatch: [{at: mill}, {at: cut, wait: no}, {at: pack, wait: no}]\n";

// The own rule sets up for every second lot, and cannot keep up; orders that find no room are lost.
static const char better_rule[] =
    "plant: rule\n"
    "stations:\n"
    "  load: {process: 20 s, queue: 15}\n"
    "  grind: {machines: 2, queue: 30, process: {a: lognormal 68 s sd 8 s, b: lognormal 60 s sd 8 "
    "s},\n"
    "          setup: {a to b: 60 s, b to a: 60 s}, fails: {every: exp 2 h, repair: exp 5 min}}\n"
    "products:\n"
    "  a: {route: [load, grind], release: {every: exp 74 s, full: lose, due: 30 min}}\n"
    "  b: {route: [load, grind], release: {every: exp 110 s, full: lose, due: 30 min}}\n"
    "decide:\n"
    "  objective: {throughput: 20, cycle-time: 2, tardiness: 4, unit: EUR}\n"
    "  horizon: 30 min\n"
    "  level: 80 %\n"
    "  dispatch: {at: grind, wait: no}\n";

// ---- a line under a decider

typedef struct tally {
    int windows, inside, inside_claims;
    size_t promised;
    ls_summary realised, expected, claims, miss, width;
} tally;

typedef struct line {
    ls_plant *plant;
    ls_twin *twin;
    ls_rehearse_decider asked;
    double weights[LS_TERM_COUNT];
    int64_t window_us;

    bool open;
    int64_t from_us;
    ls_snapshot *origin, *other;
    ls_snapshot *last;  // as it was asked last, with what was answered: goes on until the next time
    ls_amounts before;
    ls_promised promised[PROMISED_MAX];
    size_t count;
    ls_effect claims;       // added up, as they were made; those of the rule once for a span
    int64_t rule_until_us;  // for which the rule has promised
    bool rule;
    int windows_left;
    tally *out;
} line;

static void begin_window(line *l, const ls_snapshot *present) {
    ls_error err = {0};
    ls_snapshot_assign(l->origin, present);
    CHECK_INT(ls_acts_apply(l->twin, l->origin, NULL, 0, &err), LS_OK);  // settled
    l->from_us = ls_snapshot_now(present);
    l->before = ls_amounts_read(l->twin, l->origin->state, l->from_us);
    l->count = 0;
    l->claims = (ls_effect){0, 0, 0};
    l->rule = false;
    l->open = true;
}

static double cost_to(const line *l, const ls_state *state, int64_t at_us) {
    const ls_amounts after = ls_amounts_read(l->twin, state, at_us);
    const ls_amounts amounts = ls_amounts_between(&l->before, &after);
    return ls_cost_of(l->weights, &amounts);
}

static void end_window(line *l, const ls_snapshot *present) {
    ls_error err = {0};
    const int64_t now_us = ls_snapshot_now(present);
    ls_snapshot_assign(l->other, l->origin);
    CHECK_INT(ls_future_run(l->twin, l->other, now_us, NULL, &err), LS_OK);
    const double realised = cost_to(l, l->other->state, now_us) -
                            cost_to(l, present->state, now_us);
    const ls_promise_def def = {.own = l->twin,
                                .base = l->rule ? ls_decider_base_twin(l->asked.decider) : NULL,
                                .origin = l->origin,
                                .until_us = now_us,
                                .weights = l->weights,
                                .promised = l->promised,
                                .count = l->count,
                                .seed = (uint64_t)now_us};
    ls_promise p;
    CHECK_INT(ls_promise_make(&def, &p, &err), LS_OK);
    tally *t = l->out;
    t->windows++;
    t->promised += l->count;
    t->inside += realised >= p.low - 1e-9 && realised <= p.high + 1e-9;
    t->inside_claims += realised >= l->claims.low - 1e-9 && realised <= l->claims.high + 1e-9;
    ls_summary_add(&t->realised, realised);
    ls_summary_add(&t->expected, p.gain);
    ls_summary_add(&t->claims, l->claims.gain);
    ls_summary_add(&t->miss, realised - p.gain);
    ls_summary_add(&t->width, p.high - p.low);
    l->windows_left--;
}

static void add_claim(line *l, const ls_effect *e, double share) {
    l->claims.gain += share * e->gain;
    l->claims.low += share * e->low;
    l->claims.high += share * e->high;
}

// The base rule is followed: a span of its gain is promised once.
static void follow_rule(line *l, const ls_answer *a) {
    const double hours = (double)a->horizon_us / (double)hour_us;
    const ls_effect e = {a->by_base.gain * hours, a->by_base.low * hours, a->by_base.high * hours};
    const int64_t until_us = a->now_us + a->horizon_us;
    const int64_t from_us = l->rule_until_us > a->now_us ? l->rule_until_us : a->now_us;
    add_claim(l, &e, (double)(until_us - from_us) / (double)a->horizon_us);
    l->rule_until_us = until_us;
    l->rule = true;
}

// Windows end by the clock: not with a question, which comes just when a lot is done.
static void pass(line *l, const ls_snapshot *present) {
    ls_error err = {0};
    const int64_t now_us = ls_snapshot_now(present);
    while (l->open && now_us - l->from_us >= l->window_us && l->windows_left > 0) {
        CHECK_INT(ls_future_run(l->twin, l->last, l->from_us + l->window_us, NULL, &err), LS_OK);
        end_window(l, l->last);
        begin_window(l, l->last);
    }
    if (!l->open) {
        begin_window(l, present);
    }
}

static ls_status answer(line *l, const ls_snapshot *present, const ls_question *question,
                        uint64_t number, ls_rehearse_reply *out, ls_error *err) {
    const ls_status status = ls_rehearse_ask_decider(&l->asked, present, question, number, out,
                                                     err);
    const ls_answer *a = l->asked.answers;
    if (status != LS_OK || a->chosen == a->own) {
        return status;
    }
    // Sent where it is beyond doubt, as the service does; else the line goes by its own rule.
    if (a->chosen == 0 && a->by_base.low > 0.0) {
        follow_rule(l, a);
    } else if (a->chosen != 0 && a->claim.low > 0.0) {
        CHECK(l->count < PROMISED_MAX);
        l->promised[l->count++] = (ls_promised){.time_us = a->now_us,
                                                .horizon_us = a->horizon_us,
                                                .gain = a->claim.gain,
                                                .course = a->course};
        add_claim(l, &a->claim, 1.0);
    } else {
        const ls_candidate *own = a->candidates + a->own;
        memcpy(out->acts, own->acts, sizeof out->acts);
        out->act_count = own->act_count;
    }
    return status;
}

static ls_status ask(void *context, const ls_snapshot *present, const ls_question *question,
                     uint64_t number, ls_rehearse_reply *out, ls_error *err) {
    line *l = context;
    pass(l, present);
    if (l->windows_left == 0) {
        return ls_fail(err, LS_ERR_STOPPED, "enough");
    }
    ls_status status = answer(l, present, question, number, out, err);
    ls_snapshot_assign(l->last, present);
    if (status == LS_OK) {
        status = ls_acts_apply(l->twin, l->last, out->acts, out->act_count, err);
    }
    return status;
}

static ls_plant *plant_of(const char *text) {
    ls_plant *plant = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    CHECK_INT(ls_plant_read(text, strlen(text), "promise.yaml", NULL, &plant, &errors), LS_OK);
    if (plant == NULL) {
        fprintf(stderr, "%s\n", errors.count > 0 ? errors.items[0].text : "");
        exit(2);
    }
    ls_errors_clear(&errors);
    return plant;
}

// Windows of several lines, one after another on each. `rule`: the base, with what it gains an
// hour.
static tally play(const char *text, const ls_base_rule *rule, int64_t window_us, uint32_t futures,
                  int lines, int windows) {
    tally t = {0};
    ls_error err = {0};
    line l = {.plant = plant_of(text), .window_us = window_us, .out = &t};
    CHECK_INT(ls_twin_create(l.plant, &l.twin, &err), LS_OK);
    ls_cost_weights(&l.plant->decide, l.weights);
    CHECK_INT(ls_snapshot_create(l.twin, 1, 0, &l.origin, &err), LS_OK);
    CHECK_INT(ls_snapshot_create(l.twin, 1, 0, &l.other, &err), LS_OK);
    CHECK_INT(ls_snapshot_create(l.twin, 1, 0, &l.last, &err), LS_OK);
    for (int i = 0; i < lines; i++) {
        ls_decider_def of = ls_decider_def_default();
        of.seed = (uint64_t)i + 1;
        CHECK_INT(ls_decider_create(l.plant, l.twin, &of, &l.asked.decider, &err), LS_OK);
        if (rule != NULL) {
            CHECK_INT(ls_decider_adopt(l.asked.decider, rule, 0, &err), LS_OK);
        }
        l.asked.budget = (ls_budget){.futures = futures, .follow_us = window_us};
        l.open = false;
        l.rule_until_us = 0;
        l.windows_left = windows;
        const ls_rehearse_def def = {.plant = l.plant,
                                     .twin = l.twin,
                                     .seed = 1000 + (uint64_t)i,
                                     .warmup_us = 12 * hour_us,
                                     .for_us = 2 * windows * window_us,
                                     .ask = ask,
                                     .context = &l};
        ls_rehearse_result result;
        CHECK_INT(ls_rehearse(&def, &result, &err), LS_ERR_STOPPED);
        ls_decider_destroy(l.asked.decider);
    }
    ls_snapshot_destroy(l.origin);
    ls_snapshot_destroy(l.other);
    ls_snapshot_destroy(l.last);
    ls_twin_destroy(l.twin);
    ls_plant_destroy(l.plant);
    return t;
}

static void tell(const char *what, const tally *t) {
    if (getenv("LINESHAFT_SHOW") != NULL) {
        printf(
            "%s: %d windows, %zu acts; realised %.2f, expected %.2f (realised less "
            "expected %.2f "
            "+- %.2f), width %.2f; inside %d; claims as they were made %.2f, inside %d\n",
            what, t->windows, t->promised, t->realised.mean, t->expected.mean, t->miss.mean,
            1.96 * sqrt(ls_summary_variance(&t->miss) / t->windows), t->width.mean, t->inside,
            t->claims.mean, t->inside_claims);
    }
}

static int runs(int daily) {
    const char *soak = getenv("LINESHAFT_SOAK");
    return soak != NULL && soak[0] != '\0' ? 200 : harness_is_slow_build() ? 5 : daily;
}

// Fewest that may lie inside where `share` of all do: four standard errors of the binomial.
static double fewest(const tally *t, double share) {
    return share * t->windows - 4.0 * sqrt(share * (1.0 - share) * t->windows);
}

static void check_promise(const tally *t) {
    CHECK(t->inside >= fewest(t, 0.95));
    CHECK_NEAR(t->miss.mean, 0.0, 4.0 * sqrt(ls_summary_variance(&t->miss) / t->windows));
    // As they were made, claims say nothing of windows.
    CHECK(t->inside_claims < fewest(t, 0.95));
}

static void test_single_acts_bring_what_was_expected_of_their_windows(void) {
    const tally t = play(acts_alone, NULL, 8 * hour_us, 300, runs(12), 5);
    tell("acts", &t);
    CHECK(t.promised > (size_t)t.windows);
    check_promise(&t);
}

static void test_a_better_rule_brings_what_was_expected_of_its_windows(void) {
    // As a search finds it in the long run.
    const ls_base_rule rule = {.name = "setup", .gain = 500.0, .low = 480.0, .high = 520.0};
    const tally t = play(better_rule, &rule, hour_us, 60, runs(16), 5);
    tell("rule", &t);
    check_promise(&t);
    CHECK(t.realised.mean > 0.0);
}

static void test_what_has_come_of_an_act_by_the_end_of_a_window(void) {
    ls_promised p = {.time_us = 100, .horizon_us = 500, .gain = 8.0, .course = {.span_us = 800}};
    double gain = 0.0;
    double spread = 0.0;
    for (int i = 0; i < LS_COURSE; i++) {
        p.course.gain[i] = i < 4 ? -2.0 : 8.0;
        p.course.spread[i] = 1.0 + i;
    }
    const struct {
        int64_t until_us;
        double gain, spread;
    } cases[] = {{0, 0, 0},     {100, 0, 0}, {150, -1, 0.5}, {200, -2, 1},
                 {550, 3, 4.5}, {600, 8, 5}, {900, 8, 8},    {INT64_MAX, 8, 8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ls_promised_until(&p, cases[i].until_us, &gain, &spread);
        CHECK_NEAR(gain, cases[i].gain, 1e-12);
        CHECK_NEAR(spread, cases[i].spread, 1e-12);
    }
    p.course.gain[LS_COURSE - 1] = NAN;  // evenly
    p.horizon_us = 800;
    ls_promised_until(&p, 300, &gain, &spread);
    CHECK_NEAR(gain, 2.0, 1e-12);
    CHECK_NEAR(spread, 0.0, 0.0);
    p.horizon_us = 0;
    ls_promised_until(&p, 300, &gain, &spread);
    CHECK_NEAR(gain, 0.0, 0.0);
    p.gain = NAN;
    ls_promised_until(&p, 300, &gain, &spread);
    CHECK_NEAR(gain, 0.0, 0.0);
}

static ls_promised even(int64_t time_us, double gain, double spread) {
    ls_promised p = {
        .time_us = time_us, .horizon_us = hour_us, .gain = gain, .course = {.span_us = hour_us}};
    for (int i = 0; i < LS_COURSE; i++) {
        p.course.gain[i] = gain * (i + 1) / LS_COURSE;
        p.course.spread[i] = spread * (i + 1) / LS_COURSE;
    }
    return p;
}

// Two acts within an hour may err alike, the third one not with the first: 3 + 4 and 4 + 12 are
// together, 3 and 12 are not.
static void test_acts_whose_horizons_meet_may_err_alike(void) {
    ls_plant *plant = plant_of(better_rule);
    ls_twin *twin = NULL;
    ls_snapshot *origin = NULL;
    ls_error err = {0};
    ls_promise p;
    double weights[LS_TERM_COUNT] = {0};
    const ls_promised acts[] = {even(0, 1.0, 3.0), even(hour_us / 2, 2.0, 4.0),
                                even(hour_us, 4.0, 12.0)};
    CHECK_INT(ls_twin_create(plant, &twin, &err), LS_OK);
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &origin, &err), LS_OK);
    ls_promise_def def = {.own = twin,
                          .origin = origin,
                          .until_us = 3 * hour_us,
                          .weights = weights,
                          .promised = acts,
                          .count = 3};
    CHECK_INT(ls_promise_make(&def, &p, &err), LS_OK);
    const double half = 1.959963985 * sqrt(9.0 + 16.0 + 144.0 + 2 * 3.0 * 4.0 + 2 * 4.0 * 12.0);
    CHECK_NEAR(p.gain, 7.0, 1e-12);
    CHECK_NEAR(p.low, 7.0 - half, 1e-6);
    CHECK_NEAR(p.high, 7.0 + half, 1e-6);
    def.base = twin;  // the own rule itself: nothing is to be expected of it
    def.count = 0;
    CHECK_INT(ls_promise_make(&def, &p, &err), LS_OK);
    CHECK_NEAR(p.high - p.low, 0.0, 0.0);
    def.until_us = 0;
    CHECK_INT(ls_promise_make(&def, &p, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no time has passed");
    ls_twin *other = NULL;
    ls_plant *stranger = plant_of(acts_alone);
    CHECK_INT(ls_twin_create(stranger, &other, &err), LS_OK);
    def.until_us = hour_us;
    def.base = other;
    CHECK_INT(ls_promise_make(&def, &p, &err), LS_ERR_INVALID);
    ls_twin_destroy(other);
    CHECK_INT(ls_twin_create(plant, &other, &err), LS_OK);
    def.base = other;
    def.count = 3;
    def.futures = 2;
    int failed = 0;
    ls_status status = LS_ERR_MEMORY;
    // Each of the first, then ever fewer: where structures are walked at every event there are
    // many.
    for (int i = 0; i < 10000000 && status == LS_ERR_MEMORY; i += 1 + i / 8) {
        ls_alloc_fail_after(i);
        status = ls_promise_make(&def, &p, &err);
        ls_alloc_fail_after(-1);
        failed += status == LS_ERR_MEMORY;
    }
    CHECK_INT(status, LS_OK);
    CHECK(failed >= 4);
    CHECK_NEAR(p.gain, 2.0, 1e-9);  // the same rule twice, and what has come by the hour
    ls_twin_destroy(other);
    ls_plant_destroy(stranger);
    ls_snapshot_destroy(origin);
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_has_come_of_an_act_by_the_end_of_a_window);
    TEST(test_acts_whose_horizons_meet_may_err_alike);
    TEST(test_single_acts_bring_what_was_expected_of_their_windows);
    TEST(test_a_better_rule_brings_what_was_expected_of_its_windows);
    return harness_report();
}
