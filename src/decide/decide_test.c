// decide_test.c - questions asked and answered: against acts whose worth is known by hand, on any
// number of workers, cut by a deadline and made again.
#include "decide/decide.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/statistics.h"
#include "decide/testing/minifab.h"
#include "plant/read.h"
#include "tests/harness.h"
#include "twin/twin.h"

static const int64_t minute_us = 60 * INT64_C(1000000);
static const int64_t hour_us = 60 * 60 * INT64_C(1000000);
static const int64_t day_us = 24 * 60 * 60 * INT64_C(1000000);

// One machine at work, behind it a long lot and, come later, three short ones.
static const char queue_text[] =
    "plant: queue\n"
    "stations:\n"
    "  m: {process: {block: %s, long: %s, short: %s}}\n"
    "products:\n"
    "  block: {route: [m], release: {every: 400 d, first: 0 s}}\n"
    "  long: {route: [m], release: {every: 400 d, first: 1 min}}\n"
    "  short: {route: [m], release: {every: 400 d, first: 2 min, lots: 3}}\n";

typedef struct scene {
    ls_plant *plant;
    ls_twin *twin;
    ls_decide_point point;
} scene;

static scene scene_of(const char *block, const char *longer, const char *shorter) {
    char text[1024];
    snprintf(text, sizeof text, queue_text, block, longer, shorter);
    scene s = {0};
    ls_error err = {0};
    ls_errors errors;
    ls_errors_init(&errors);
    CHECK_INT(ls_plant_read(text, strlen(text), "queue.yaml", NULL, &s.plant, &errors), LS_OK);
    ls_errors_clear(&errors);
    CHECK_INT(ls_twin_create(s.plant, &s.twin, &err), LS_OK);
    s.point = (ls_decide_point){.kind = LS_DECIDE_DISPATCH,
                                .name = "m",
                                .release = LS_NONE,
                                .operators = LS_NONE,
                                .measured = LS_NONE,
                                .horizon_us = 5 * hour_us,
                                .futures = 2000,
                                .level = 0.95};
    return s;
}

// Points at what the scene holds, which must not move any more.
static void scene_points(scene *s) {
    s->plant->decide.given = true;
    s->plant->decide.points = &s->point;
    s->plant->decide.point_count = 1;
}

static void scene_clear(scene *s) {
    ls_twin_destroy(s->twin);
    s->plant->decide.points = NULL;
    ls_plant_destroy(s->plant);
}

static ls_decider *decider_of(const ls_plant *plant, const ls_twin *twin, const ls_lent *lent) {
    ls_decider_def def = ls_decider_def_default();
    if (lent != NULL) {
        def.lent = *lent;
    }
    ls_decider *d = NULL;
    ls_error err = {0};
    CHECK_INT(ls_decider_create(plant, twin, &def, &d, &err), LS_OK);
    return d;
}

static ls_snapshot *at(const ls_twin *twin, uint64_t seed, int64_t time_us) {
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, seed, 0, &s, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, s, time_us, &err), LS_OK);
    return s;
}

static ls_question first_question(const ls_decider *d, const ls_snapshot *present) {
    ls_question q[16];
    const uint32_t count = ls_decider_questions(d, present, true, q, 16);
    CHECK(count > 0);
    return q[0];
}

static void ask(ls_decider *d, const ls_snapshot *present, uint32_t futures, ls_answer *out) {
    const ls_question q = first_question(d, present);
    const ls_budget budget = {.futures = futures};
    ls_error err = {0};
    const ls_status status = ls_decider_ask(d, present, &q, &budget, out, &err);
    harness_note("%s", err.text);
    CHECK_INT(status, LS_OK);
}

// ---- by hand

static void test_the_best_act_and_its_gain_are_those_found_by_hand(void) {
    // By arrival the lots end at 90, 100, 110 and 120 min, with a short one first at 40, 100, 110
    // and 120: 50 lot minutes less. Nothing is random, so the claim is exact.
    scene s = scene_of("30 min", "60 min", "10 min");
    scene_points(&s);
    ls_decider *d = decider_of(s.plant, s.twin, NULL);
    ls_snapshot *present = at(s.twin, 1, 5 * minute_us);
    ls_answer a;
    ask(d, present, 200, &a);
    CHECK(a.chosen != 0);
    CHECK_INT(a.candidates[a.chosen].acts[0].kind, LS_DO_CHOOSE);
    CHECK_NEAR(a.candidates[a.chosen].gain, 50.0 / 60.0, 1e-9);
    CHECK_NEAR(a.claim.gain, 50.0 / 60.0, 1e-9);
    CHECK_NEAR(a.claim.low, 50.0 / 60.0, 1e-9);
    CHECK_NEAR(a.terms[LS_TERM_WIP].gain, -50.0 / 60.0, 1e-9);
    CHECK_NEAR(a.terms[LS_TERM_THROUGHPUT].gain, 0.0, 1e-9);
    CHECK(a.claim_futures > 0 && a.futures <= 200 && !a.cut);
    ls_snapshot_destroy(present);
    ls_decider_destroy(d);
    scene_clear(&s);
}

static void test_acts_that_do_the_same_are_never_claimed(void) {
    scene s = scene_of("exp 30 min", "exp 20 min", "exp 20 min");
    scene_points(&s);
    ls_decider *d = decider_of(s.plant, s.twin, NULL);
    uint32_t asked = 0;
    uint32_t taken = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        ls_snapshot *present = at(s.twin, seed, 3 * minute_us);
        ls_question q;
        if (ls_decider_questions(d, present, true, &q, 1) > 0) {
            ls_answer a;
            const ls_budget budget = {.futures = 60};
            ls_error err = {0};
            CHECK_INT(ls_decider_ask(d, present, &q, &budget, &a, &err), LS_OK);
            asked++;
            taken += a.chosen != 0;
        }
        ls_snapshot_destroy(present);
    }
    harness_note("%u of %u", taken, asked);
    CHECK(asked > 50);
    CHECK(taken * 20 <= asked);
    ls_decider_destroy(d);
    scene_clear(&s);
}

// The claim is where its course ends, and its interval that of so many futures as far apart.
static void check_course(const ls_answer *a) {
    const double n = a->claim_futures;
    CHECK(a->course.span_us == a->horizon_us);
    CHECK_NEAR(a->course.gain[LS_COURSE - 1], a->claim.gain, 1e-9);
    CHECK_NEAR(a->course.spread[LS_COURSE - 1] / sqrt(n) *
                   ls_stat_t_quantile(0.5 + a->level / 2.0, n - 1.0),
               a->claim.high - a->claim.gain, 1e-9);
}

static void test_more_time_gives_no_worse_an_answer(void) {
    scene s = scene_of("exp 30 min", "exp 60 min", "exp 10 min");
    s.point.horizon_us = 5 * day_us;  // nearly everything ends before
    scene_points(&s);
    ls_decider *d = decider_of(s.plant, s.twin, NULL);
    ls_snapshot *present = at(s.twin, 4, 2 * minute_us);
    ls_answer a;
    double before = 0.0;
    for (uint32_t futures = 0; futures <= 2000; futures = futures == 0 ? 20 : futures * 10) {
        ask(d, present, futures, &a);
        const double gain = a.chosen == 0 ? 0.0 : 50.0 / 60.0;  // what it is worth on average
        CHECK(gain >= before);
        CHECK(futures > 0 || (a.chosen == 0 && a.futures == 0));
        before = gain;
    }
    CHECK(a.chosen != 0);
    check_course(&a);
    // Claims are of fresh futures: on average what it is worth, however it was found.
    ls_summary claims = {0};
    for (int i = 0; i < 10; i++) {
        ls_error err = {0};
        CHECK_INT(ls_snapshot_run(s.twin, present, 2 * minute_us + i * 1000000, &err), LS_OK);
        ask(d, present, 2000, &a);
        CHECK(a.chosen != 0);
        ls_summary_add(&claims, a.claim.gain);
    }
    CHECK_NEAR(claims.mean, 50.0 / 60.0, 4.0 * sqrt(62500.0 / 3600.0 / 333.0 / 10.0));
    ls_snapshot_destroy(present);
    ls_decider_destroy(d);
    scene_clear(&s);
}

static void test_a_setpoint_is_not_asked_here(void) {
    scene s = scene_of("30 min", "60 min", "10 min");
    s.point.kind = LS_DECIDE_SETPOINT;
    scene_points(&s);
    ls_decider *d = decider_of(s.plant, s.twin, NULL);
    ls_snapshot *present = at(s.twin, 1, 5 * minute_us);
    ls_error err = {0};
    ls_answer a;
    const ls_question setpoint = {0, 0};
    const ls_question nowhere = {7, 0};
    const ls_budget budget = {.futures = 10};
    CHECK_INT(ls_decider_ask(d, present, &setpoint, &budget, &a, &err), LS_ERR_INVALID);
    CHECK_INT(ls_decider_ask(d, present, &nowhere, &budget, &a, &err), LS_ERR_INVALID);
    ls_snapshot_destroy(present);
    ls_decider_destroy(d);
    scene_clear(&s);
}

// ---- on MiniFab

static minifab fab(void) {
    minifab m = {0};
    const minifab_def def = {.folder = harness_source_path("."),
                             .rules = "FIFO/FIFO/FIFO",
                             .poisson = true,
                             .load = 1.0,
                             .decide = true};
    CHECK(minifab_make(&def, &m));
    return m;
}

// A moment in which the first open question has at least three candidates.
static ls_snapshot *open_moment(ls_decider *d, const ls_twin *twin, uint64_t seed) {
    ls_snapshot *s = at(twin, seed, 30 * day_us);
    ls_error err = {0};
    ls_question q;
    ls_answer *a = calloc(1, sizeof *a);
    const ls_budget none = {0};
    for (int64_t h = 1; a->candidate_count < 3; h++) {
        CHECK_INT(ls_snapshot_run(twin, s, 30 * day_us + h * hour_us, &err), LS_OK);
        if (ls_decider_questions(d, s, true, &q, 1) > 0) {
            CHECK_INT(ls_decider_ask(d, s, &q, &none, a, &err), LS_OK);
            CHECK(a->chosen == 0 && a->futures == 0);
        }
    }
    free(a);
    return s;
}

static bool same_effect(const ls_effect *a, const ls_effect *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

static bool same_answer(const ls_answer *a, const ls_answer *b) {
    bool same = a->chosen == b->chosen && a->own == b->own && a->futures == b->futures &&
                a->candidate_count == b->candidate_count && a->round_count == b->round_count &&
                a->claim_futures == b->claim_futures && a->horizon_us == b->horizon_us &&
                a->seed == b->seed && a->cut == b->cut && a->cut_early == b->cut_early &&
                same_effect(&a->claim, &b->claim);
    for (uint32_t i = 0; i < a->round_count && same; i++) {
        same = a->round_futures[i] == b->round_futures[i];
    }
    for (int t = 0; t < LS_TERM_COUNT && same; t++) {
        same = same_effect(&a->terms[t], &b->terms[t]);
    }
    for (uint32_t i = 0; i < a->candidate_count && same; i++) {
        const ls_candidate *x = &a->candidates[i];
        const ls_candidate *y = &b->candidates[i];
        same = x->futures == y->futures && x->rounds == y->rounds &&
               memcmp(&x->gain, &y->gain, 3 * sizeof(double)) == 0;
    }
    return same;
}

static ls_status run_workers(void *lender, const ls_job *job, ls_error *err) {
    return ls_workers_run(job, *(int *)lender, err);
}

static void test_any_number_of_workers_gives_the_same_answer(void) {
    minifab m = fab();
    ls_answer *a = calloc(2, sizeof *a);
    for (int workers = 1; workers <= 3; workers++) {
        const ls_lent lent = {run_workers, &workers, workers};
        ls_decider *d = decider_of(m.plant, m.twin, &lent);
        for (uint64_t seed = 1; seed <= 3; seed++) {
            ls_snapshot *present = open_moment(d, m.twin, seed);
            const uint64_t before = ls_snapshot_hash(present);
            ls_decider *alone = decider_of(m.plant, m.twin, NULL);
            ask(alone, present, 300, &a[0]);
            ask(d, present, 300, &a[1]);
            CHECK(same_answer(&a[0], &a[1]));
            CHECK_INT(ls_snapshot_hash(present), before);
            ls_decider_destroy(alone);
            ls_snapshot_destroy(present);
        }
        ls_decider_destroy(d);
    }
    free(a);
    minifab_clear(&m);
}

// Without a claim the same choice takes a third fewer futures, and replays.
static void test_what_nobody_reads_is_not_claimed(void) {
    minifab m = fab();
    ls_decider *d = decider_of(m.plant, m.twin, NULL);
    ls_answer *a = calloc(3, sizeof *a);
    uint32_t claims = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        ls_snapshot *present = open_moment(d, m.twin, seed);
        const ls_question q = first_question(d, present);
        const ls_budget unclaimed = {.futures = 400, .unclaimed = true};
        ask(d, present, 600, &a[0]);
        CHECK_INT(ls_decider_ask(d, present, &q, &unclaimed, &a[1], NULL), LS_OK);
        CHECK_INT(a[1].chosen, a[0].chosen);
        CHECK_INT(a[1].futures, a[0].futures - a[0].claim_futures * (a[0].chosen != 0 ? 2 : 0));
        CHECK(a[1].claim_futures == 0 && isnan(a[1].claim.gain) && !a[1].cut);
        CHECK_INT(ls_decider_replay(d, present, &a[1], &a[2], NULL), LS_OK);
        CHECK(same_answer(&a[1], &a[2]));
        claims += a[0].claim_futures > 0;
        ls_snapshot_destroy(present);
    }
    CHECK(claims > 0);
    free(a);
    ls_decider_destroy(d);
    minifab_clear(&m);
}

static void test_what_only_the_simulation_knows_decides_nothing(void) {
    minifab m = fab();
    ls_decider *d = decider_of(m.plant, m.twin, NULL);
    ls_answer *a = calloc(2, sizeof *a);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        ls_snapshot *truth = open_moment(d, m.twin, seed);
        ls_snapshot *other = NULL;
        ls_error err = {0};
        CHECK_INT(ls_snapshot_fork(m.twin, truth, 99, seed, &other, &err), LS_OK);
        CHECK(ls_snapshot_hash(other) != ls_snapshot_hash(truth));
        ask(d, truth, 200, &a[0]);
        ask(d, other, 200, &a[1]);
        CHECK(same_answer(&a[0], &a[1]));
        ls_snapshot_destroy(truth);
        ls_snapshot_destroy(other);
    }
    free(a);
    ls_decider_destroy(d);
    minifab_clear(&m);
}

static bool late_after(void *context) {
    return atomic_fetch_sub((atomic_int *)context, 1) <= 0;
}

static void test_a_cut_answer_is_made_again_bit_for_bit(void) {
    minifab m = fab();
    static const int calls[] = {0, 3, 40, 77, 130, 180, 240, 270, 10000};
    ls_answer *a = calloc(2, sizeof *a);
    int workers = 2;
    const ls_lent lent = {run_workers, &workers, workers};
    ls_decider *d = decider_of(m.plant, m.twin, &lent);
    ls_decider *again = decider_of(m.plant, m.twin, NULL);
    ls_snapshot *present = open_moment(d, m.twin, 2);
    const ls_question q = first_question(d, present);
    ls_error err = {0};
    uint32_t claims = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        atomic_int left = calls[i];
        const ls_budget budget = {.futures = 300, .late = late_after, .context = &left};
        CHECK_INT(ls_decider_ask(d, present, &q, &budget, &a[0], &err), LS_OK);
        CHECK(a[0].futures <= (uint64_t)calls[i]);
        harness_note("late after %d, %u candidates", calls[i], a[0].candidate_count);
        CHECK(a[0].cut || calls[i] >= 200);
        CHECK(calls[i] > 0 || a[0].chosen == 0);
        claims += a[0].claim_futures > 0;
        if (a[0].claim_futures > 1 &&
            a[0].chosen != 0) {  // also where there was no time to follow it
            check_course(&a[0]);
        }
        const ls_status status = ls_decider_replay(again, present, &a[0], &a[1], &err);
        harness_note("late after %d: %s", calls[i], err.text);
        CHECK_INT(status, LS_OK);
        CHECK(same_answer(&a[0], &a[1]));
    }
    harness_note("%u claims", claims);
    a[0].snapshot_hash++;
    CHECK_INT(ls_decider_replay(again, present, &a[0], &a[1], &err), LS_ERR_INVALID);
    free(a);
    ls_snapshot_destroy(present);
    ls_decider_destroy(d);
    ls_decider_destroy(again);
    minifab_clear(&m);
}

static bool count_looks(void *context) {
    atomic_fetch_add((atomic_int *)context, 1);
    return false;
}

// A future of a large plant, or a long one, takes longer than a deadline: the clock is looked at
// within it too, and that changes nothing of what it brings.
static void test_the_clock_is_looked_at_within_long_futures(void) {
    minifab m = fab();
    ls_answer *a = calloc(2, sizeof *a);
    ls_decider *d = decider_of(m.plant, m.twin, NULL);
    ls_snapshot *present = open_moment(d, m.twin, 2);
    const ls_question q = first_question(d, present);
    ls_error err = {0};
    const int64_t before_us = m.plant->decide.points[q.point].horizon_us;
    m.plant->decide.points[q.point].horizon_us = 300 * day_us;
    atomic_int looks = 0;
    const ls_budget counted = {.futures = 24, .late = count_looks, .context = &looks};
    const ls_budget blind = {.futures = 24};
    CHECK_INT(ls_decider_ask(d, present, &q, &counted, &a[0], &err), LS_OK);
    CHECK(a[0].futures > 0);
    CHECK((uint64_t)atomic_load(&looks) >= 3 * a[0].futures);
    CHECK_INT(ls_decider_ask(d, present, &q, &blind, &a[1], &err), LS_OK);
    CHECK(same_answer(&a[0], &a[1]));
    // Late within the very first future: nothing of it counts, and the incumbent stays.
    atomic_int left = 2;
    const ls_budget short_of_time = {.futures = 24, .late = late_after, .context = &left};
    CHECK_INT(ls_decider_ask(d, present, &q, &short_of_time, &a[0], &err), LS_OK);
    CHECK(a[0].cut && a[0].futures == 0 && a[0].chosen == 0);
    CHECK(atomic_load(&left) >= -2);  // given up at once
    m.plant->decide.points[q.point].horizon_us = before_us;
    free(a);
    ls_snapshot_destroy(present);
    ls_decider_destroy(d);
    minifab_clear(&m);
}

static void test_questions_are_answered_together_and_again(void) {
    minifab m = fab();
    ls_decider *d = decider_of(m.plant, m.twin, NULL);
    ls_answer *a = calloc(9, sizeof *a);
    ls_error err = {0};
    ls_snapshot *present = at(m.twin, 6, 30 * day_us);
    ls_question q[LS_TOGETHER_MAX];
    uint32_t count = 0;
    for (int64_t h = 1; count < 2; h++) {
        CHECK_INT(ls_snapshot_run(m.twin, present, 30 * day_us + h * hour_us, &err), LS_OK);
        count = ls_decider_questions(d, present, true, q, LS_TOGETHER_MAX);
    }
    count = count < LS_TOGETHER_MAX ? count : LS_TOGETHER_MAX;
    const ls_budget budget = {.futures = 900};
    CHECK_INT(ls_decider_ask_together(d, present, q, count, &budget, a, &err), LS_OK);
    for (uint32_t i = 0; i < count; i++) {
        CHECK_INT(a[i].question.subject, q[i].subject);
        CHECK(a[i].futures <= 900);
        CHECK_INT(ls_decider_replay(d, present, &a[i], &a[8], &err), LS_OK);
        CHECK(same_answer(&a[i], &a[8]));
    }
    CHECK_INT(ls_decider_ask_together(d, present, q, 0, &budget, a, &err), LS_ERR_INVALID);
    free(a);
    ls_snapshot_destroy(present);
    ls_decider_destroy(d);
    minifab_clear(&m);
}

// Two machines with nothing in common: what both acts gain together is the sum of what each gains.
static void test_acts_found_together_have_one_joint_claim(void) {
    static const char text[] =
        "plant: two\n"
        "stations:\n"
        "  m: {process: {block: 30 min, long: 60 min, short: 10 min}}\n"
        "  n: {process: {stop: 30 min, big: 60 min, small: 10 min}}\n"
        "products:\n"
        "  block: {route: [m], release: {every: 400 d, first: 0 s}}\n"
        "  long: {route: [m], release: {every: 400 d, first: 1 min}}\n"
        "  short: {route: [m], release: {every: 400 d, first: 2 min, lots: 3}}\n"
        "  stop: {route: [n], release: {every: 400 d, first: 0 s}}\n"
        "  big: {route: [n], release: {every: 400 d, first: 1 min}}\n"
        "  small: {route: [n], release: {every: 400 d, first: 2 min, lots: 3}}\n"
        "decide: {dispatch: {at: [m, n], wait: no, horizon: 5 h}}\n";
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_error err = {0};
    ls_errors errors;
    ls_errors_init(&errors);
    CHECK_INT(ls_plant_read(text, strlen(text), "two.yaml", NULL, &plant, &errors), LS_OK);
    ls_errors_clear(&errors);
    CHECK_INT(ls_twin_create(plant, &twin, &err), LS_OK);
    ls_decider *d = decider_of(plant, twin, NULL);
    ls_snapshot *present = at(twin, 1, 5 * minute_us);
    ls_question q[LS_TOGETHER_MAX];
    CHECK_INT(ls_decider_questions(d, present, true, q, LS_TOGETHER_MAX), 2);
    ls_answer *a = calloc(3, sizeof *a);
    const ls_budget budget = {.futures = 600};
    CHECK_INT(ls_decider_ask_together(d, present, q, 2, &budget, a, &err), LS_OK);
    for (int i = 0; i < 2; i++) {
        CHECK(a[i].chosen != 0);
        CHECK_INT(a[i].joint_count, 2);
        CHECK_NEAR(a[i].claim.gain, 50.0 / 60.0, 1e-9);
        CHECK_NEAR(a[i].joint.gain, 100.0 / 60.0, 1e-9);
        CHECK_NEAR(a[i].joint.low, 100.0 / 60.0, 1e-9);
    }
    CHECK_INT(ls_decider_ask(d, present, &q[0], &budget, &a[2], &err), LS_OK);
    CHECK_INT(a[2].joint_count, 0);
    free(a);
    ls_snapshot_destroy(present);
    ls_decider_destroy(d);
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
}

static void test_asking_allocates_nothing_and_want_of_memory_is_told(void) {
    minifab m = fab();
    ls_decider *d = decider_of(m.plant, m.twin, NULL);
    ls_snapshot *present = open_moment(d, m.twin, 3);
    const ls_question q = first_question(d, present);
    const ls_budget budget = {.futures = 60};
    ls_answer *a = calloc(1, sizeof *a);
    ls_error err = {0};
    ls_alloc_fail_after(0);
    const ls_status status = ls_decider_ask(d, present, &q, &budget, a, &err);
    ls_alloc_fail_after(-1);
    CHECK_INT(status, LS_OK);
    ls_decider_def def = ls_decider_def_default();
    for (int64_t k = 0; k < 40; k++) {
        ls_decider *none = NULL;
        ls_alloc_fail_after(k);
        const ls_status made = ls_decider_create(m.plant, m.twin, &def, &none, &err);
        ls_alloc_fail_after(-1);
        CHECK(made == LS_OK || (made == LS_ERR_MEMORY && none == NULL));
        ls_decider_destroy(none);
    }
    free(a);
    ls_snapshot_destroy(present);
    ls_decider_destroy(d);
    minifab_clear(&m);
}

static void test_a_base_that_was_found_elsewhere_is_gone_by(void) {
    minifab m = {0};
    const minifab_def def = {
        .folder = harness_source_path("."), .rules = "FIFO/FIFO/FIFO", .load = 1.0, .decide = true};
    CHECK(minifab_make(&def, &m));
    ls_decider *d = NULL;
    ls_error err = {0};
    const ls_decider_def how = ls_decider_def_default();
    CHECK_INT(ls_decider_create(m.plant, m.twin, &how, &d, &err), LS_OK);
    const ls_base_rule found = {.name = "setup, lbfs", .gain = 3.0, .low = 2.0, .high = 4.0};
    const ls_base_rule none = {.name = "best"};
    ls_base_rule bases[8];
    CHECK_INT(ls_decider_adopt(d, &none, 0, &err), LS_ERR_INVALID);
    CHECK_INT(ls_decider_bases(d, bases, 8), 1);
    for (int again = 0; again < 2; again++) {
        CHECK_INT(ls_decider_adopt(d, &found, 7200000000, &err), LS_OK);
        CHECK_INT(ls_decider_bases(d, bases, 8), 2);
        CHECK_STR(bases[1].name, "setup, lbfs");
        CHECK(bases[1].chosen && !bases[0].chosen);
        CHECK_NEAR(bases[1].low, 2.0, 0.0);
        CHECK_INT(ls_decider_horizon_us(d, UINT32_MAX), 7200000000);
    }
    ls_decider_destroy(d);
    minifab_clear(&m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_best_act_and_its_gain_are_those_found_by_hand);
    TEST(test_acts_that_do_the_same_are_never_claimed);
    TEST(test_more_time_gives_no_worse_an_answer);
    TEST(test_a_setpoint_is_not_asked_here);
    TEST(test_any_number_of_workers_gives_the_same_answer);
    TEST(test_what_nobody_reads_is_not_claimed);
    TEST(test_what_only_the_simulation_knows_decides_nothing);
    TEST(test_a_cut_answer_is_made_again_bit_for_bit);
    TEST(test_the_clock_is_looked_at_within_long_futures);
    TEST(test_questions_are_answered_together_and_again);
    TEST(test_acts_found_together_have_one_joint_claim);
    TEST(test_asking_allocates_nothing_and_want_of_memory_is_told);
    TEST(test_a_base_that_was_found_elsewhere_is_gone_by);
    return harness_report();
}
