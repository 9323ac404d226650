// shadow_test.c - an equal challenger is let in no more often than the level says, however often
// one looks and however long errors remember; a better one is; what is seen survives a restart.
#include "model/shadow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/statistics.h"
#include "model/gates.h"
#include "model/testing/draws.h"
#include "tests/harness.h"

#define MINUTE_US INT64_C(60000000)

static const ls_shadow_def usual = {
    .gates = {.level = 0.95, .worst = 0.5, .coverage = 0.05, .interval = 0.9},
    .shadow = {.for_us = 1440 * MINUTE_US, .most_us = 14 * 1440 * MINUTE_US},
    .every_us = MINUTE_US,
    .unit_count = 1,
    .champion = 1,
    .challenger = 2,
};
static ls_error err;

// ---- a plant: errors of both are AR(1), the challenger's times `scale`

typedef struct plant {
    double memory, scale, a, b;
    int64_t now_us;
} plant;

static plant begin(double memory, double scale, uint64_t seed) {
    drawn = seed * 2654435761u + 1;
    return (plant){
        .memory = memory, .scale = scale, .a = normal(), .b = normal(), .now_us = MINUTE_US};
}

static ls_shadow_pair next(plant *p) {
    const double fresh = sqrt(1.0 - p->memory * p->memory);
    p->a = p->memory * p->a + fresh * normal();
    p->b = p->memory * p->b + fresh * normal();
    p->now_us += MINUTE_US;
    return (ls_shadow_pair){.time_us = p->now_us,
                            .truth = 5.0,
                            .champion = 5.0 + p->a,
                            .challenger = 5.0 + p->scale * p->b,
                            .low = NAN,
                            .high = NAN};
}

typedef struct outcome {
    int passed, lost, running;
    double days;  // mean, until it passed
} outcome;

// Looked at after each `look` rows until there is a verdict.
static outcome run(double memory, double scale, int trials, int look) {
    outcome o = {0};
    for (int trial = 0; trial < trials; trial++) {
        ls_shadow s;
        plant p = begin(memory, scale, (uint64_t)trial + 1);
        ls_shadow_verdict v = {0};
        CHECK_INT(ls_shadow_init(&usual, &s, &err), LS_OK);
        for (int i = 0; v.end == LS_SHADOW_RUNNING && i < 15 * 1440; i++) {
            const ls_shadow_pair pair = next(&p);
            ls_shadow_add(&s, &pair);
            if (i % look == 0) {
                v = ls_shadow_judge(&s);
            }
        }
        o.passed += v.end == LS_SHADOW_PASSED;
        o.lost += v.end == LS_SHADOW_LOST;
        o.running += v.end == LS_SHADOW_RUNNING;
        o.days += v.end == LS_SHADOW_PASSED ? (double)v.span_us / (1440.0 * MINUTE_US) : 0.0;
        ls_shadow_clear(&s);
    }
    o.days /= o.passed > 0 ? o.passed : 1;
    return o;
}

static void test_equal_models_are_let_in_no_more_often_than_the_level_says(void) {
    static const double memories[] = {0.0, 0.9, 0.99, 0.998};
    const int trials = harness_is_slow_build() ? 20 : 300;
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++) {
        const outcome o = run(memories[i], 1.0, trials, 15);
        harness_note("memory %g: %d of %d passed, %d lost", memories[i], o.passed, trials, o.lost);
        // 5 % and two and a half deviations of a share in 300.
        CHECK(o.passed <= (int)(0.05 * trials + 2.5 * sqrt(0.05 * 0.95 * trials)));
        CHECK_INT(o.running, 0);
    }
}

// The same question asked of a test of fixed size, each hour: this is what the shadow is for.
static void test_a_test_of_fixed_size_would_let_in_far_more(void) {
    static double d[14 * 1440];
    int passed = 0;
    const int trials = 40;
    for (int trial = 0; trial < trials; trial++) {
        plant p = begin(0.9, 1.0, (uint64_t)trial + 1);
        bool in = false;
        for (size_t i = 0; i < 14 * 1440 && !in; i++) {
            const ls_shadow_pair pair = next(&p);
            const double a = pair.champion - pair.truth, b = pair.challenger - pair.truth;
            d[i] = a * a - b * b;
            if (i > 1440 && i % 240 == 0) {
                double mean = 0.0, error = 0.0;
                ls_gates_mean_error(d, i + 1, 0, &mean, &error);
                in = mean - ls_stat_t_quantile(0.95, (double)i) * error > 0.0;
            }
        }
        passed += in;
    }
    harness_note("%d of %d passed", passed, trials);
    CHECK(passed > trials / 5);
}

static void test_a_better_one_is_let_in(void) {
    const int trials = harness_is_slow_build() ? 5 : 60;
    const outcome clear = run(0.9, 0.8, trials, 15), slight = run(0.9, 0.9, trials, 60);
    harness_note("0.8: %d of %d after %.2f days; 0.9: %d after %.2f", clear.passed, trials,
                 clear.days, slight.passed, slight.days);
    CHECK_INT(clear.passed, trials);
    CHECK(clear.days < 2.0);
    CHECK(slight.passed > trials / 2);
}

static void test_a_worse_one_loses_early(void) {
    const outcome o = run(0.9, 1.3, 20, 15);
    CHECK_INT(o.lost, 20);
    CHECK_INT(o.passed, 0);
}

// ---- the evidence

// By the definition: the mean of the likelihood ratio over effects, half normal, by sums; for t of
// n values the ratio of the noncentral to the central density is proportional to an integral over
// the deviation too.
static double slow_evidence(double n, double mean, double deviation, double c2) {
    const double s = n * mean / deviation, v = n - 1.0 + n * mean * mean / deviation / deviation;
    const double width = 12.0 / sqrt(c2), pi = acos(-1.0);
    double top = 0.0, bottom = 0.0;
    for (int i = 0; i < 2000; i++) {  // over log sigma
        const double log_sigma = -2.0 + 6.0 * (i + 0.5) / 2000.0, sigma = exp(log_sigma);
        const double base = -n * log_sigma - v / (2.0 * sigma * sigma);
        for (int k = 0; k < 1000; k++) {  // over effects in deviations
            const double delta = width * (k + 0.5) / 1000.0;
            top += width / 1000.0 * 2.0 * sqrt(c2 / (2.0 * pi)) *
                   exp(base - 0.5 * c2 * delta * delta + delta * s / sigma -
                       0.5 * n * delta * delta);
        }
        bottom += exp(base);
    }
    return top / bottom;
}

static void test_evidence_is_the_mixture_that_it_says(void) {
    static const double cases[][4] = {
        {10, 0.4, 1.0, 2.0}, {5, -0.3, 0.5, 1.0}, {20, 0.1, 2.0, 5.0}};
    for (size_t i = 0; i < 3; i++) {
        const double *c = cases[i];
        const double slow = slow_evidence(c[0], c[1], c[2], c[3]);
        CHECK_NEAR(ls_shadow_evidence(c[0], c[1], c[2], c[3]) / slow, 1.0, 1e-3);
    }
    CHECK_NEAR(ls_shadow_evidence(1.0, 1.0, 1.0, 1.0), 0.0, 0.0);
    CHECK_NEAR(ls_shadow_evidence(9.0, 1.0, 0.0, 1.0), 0.0, 0.0);
    CHECK(ls_shadow_evidence(1e6, 10.0, 0.1, 1.0) <= 1e300);
    CHECK(ls_shadow_evidence(1e6, -10.0, 0.1, 1.0) < 1e-3);
    CHECK(ls_shadow_evidence(9.0, 0.5, 1.0, 1.0) < ls_shadow_evidence(9.0, 0.6, 1.0, 1.0));
}

// ---- the other gates, and the ends

static void feed(ls_shadow *s, int rows, double champion, double challenger, uint32_t unit,
                 plant *p) {
    for (int i = 0; i < rows; i++) {
        ls_shadow_pair pair = next(p);
        pair.unit = unit;
        pair.champion = champion * (pair.champion - 5.0) + 5.0;
        pair.challenger = challenger * (pair.challenger - 5.0) + 5.0;
        ls_shadow_add(s, &pair);
    }
}

static void test_a_unit_that_loses_keeps_it_out(void) {
    ls_shadow_def def = usual;
    ls_shadow s;
    plant p = begin(0.0, 1.0, 5);
    def.unit_count = 2;
    CHECK_INT(ls_shadow_init(&def, &s, &err), LS_OK);
    for (int i = 0; i < 2 * 1440; i++) {
        feed(&s, 1, 1.0, 0.5, 0, &p);
        if (i % 20 == 0) {
            feed(&s, 1, 0.3, 0.9, 1, &p);
        }
    }
    const ls_shadow_verdict v = ls_shadow_judge(&s);
    CHECK(v.evidence > v.wanted);
    CHECK_INT(v.worst_unit, 1);
    CHECK(v.worst > 2.0);
    CHECK_INT(v.end, LS_SHADOW_RUNNING);
    CHECK_CONTAINS(v.about, "a unit loses more");
    ls_shadow_clear(&s);
}

static void test_intervals_that_hold_too_little_keep_it_out(void) {
    ls_shadow s;
    plant p = begin(0.0, 0.5, 6);
    CHECK_INT(ls_shadow_init(&usual, &s, &err), LS_OK);
    for (int i = 0; i < 2 * 1440; i++) {
        ls_shadow_pair pair = next(&p);
        pair.low = pair.challenger - 0.1;
        pair.high = pair.challenger + 0.1;
        ls_shadow_add(&s, &pair);
    }
    const ls_shadow_verdict v = ls_shadow_judge(&s);
    CHECK(v.evidence > v.wanted);
    CHECK(v.coverage < 0.3);
    CHECK_INT(v.end, LS_SHADOW_RUNNING);
    CHECK_CONTAINS(v.about, "its intervals hold too few values");
    ls_shadow_clear(&s);
}

static void test_no_verdict_before_its_time_and_none_of_nothing(void) {
    ls_shadow s;
    plant p = begin(0.0, 0.1, 7);
    CHECK_INT(ls_shadow_init(&usual, &s, &err), LS_OK);
    ls_shadow_verdict v = ls_shadow_judge(&s);
    CHECK_INT(v.end, LS_SHADOW_RUNNING);
    CHECK(isnan(v.gain));
    feed(&s, 1430, 1.0, 1.0, 0, &p);
    v = ls_shadow_judge(&s);
    CHECK(v.evidence > v.wanted);
    CHECK_INT(v.end, LS_SHADOW_RUNNING);
    CHECK_CONTAINS(v.about, "not long enough yet");
    feed(&s, 20, 1.0, 1.0, 0, &p);
    CHECK_INT(ls_shadow_judge(&s).end, LS_SHADOW_PASSED);
    ls_shadow_pair odd = next(&p);
    odd.truth = NAN;
    ls_shadow_add(&s, &odd);
    odd = next(&p);
    odd.challenger = 1e200;
    ls_shadow_add(&s, &odd);
    odd = next(&p);
    odd.unit = 1;
    ls_shadow_add(&s, &odd);
    CHECK_INT(s.passed_over, 3);
    CHECK_INT(s.all.rows, 1450);
    ls_shadow_clear(&s);
}

// Two models that never err, and one of two that are both never wrong: no number is made of it.
static void test_models_without_errors_are_equal(void) {
    ls_shadow s;
    CHECK_INT(ls_shadow_init(&usual, &s, &err), LS_OK);
    ls_shadow_pair pair = {
        .truth = 1.0, .champion = 1.0, .challenger = 1.0, .low = NAN, .high = NAN};
    for (int i = 1; i < 15 * 1440; i++) {
        pair.time_us = i * MINUTE_US;
        ls_shadow_add(&s, &pair);
    }
    const ls_shadow_verdict v = ls_shadow_judge(&s);
    CHECK_INT(v.end, LS_SHADOW_LOST);
    CHECK_CONTAINS(v.about, "in all the time it had");
    ls_shadow_clear(&s);
}

// Labels that come late and in any order give the same sums.
static void test_order_does_not_matter(void) {
    enum { ROWS = 3000 };
    static ls_shadow_pair pairs[ROWS];
    ls_shadow a, b;
    plant p = begin(0.5, 1.0, 9);
    CHECK_INT(ls_shadow_init(&usual, &a, &err), LS_OK);
    CHECK_INT(ls_shadow_init(&usual, &b, &err), LS_OK);
    for (int i = 0; i < ROWS; i++) {
        pairs[i] = next(&p);
        pairs[i].champion = 5.0 + i % 7;  // squares without rounding
        pairs[i].challenger = 5.0 + i % 5;
        ls_shadow_add(&a, &pairs[i]);
    }
    ls_shadow_add(&b, &pairs[0]);
    for (int i = ROWS - 1; i > 0; i--) {
        ls_shadow_add(&b, &pairs[i]);
    }
    CHECK_INT(memcmp(a.blocks, b.blocks, sizeof a.blocks), 0);
    CHECK_INT(a.block_us, b.block_us);
    ls_shadow_clear(&a);
    ls_shadow_clear(&b);
}

// ---- kept

static void test_what_was_seen_is_saved_and_goes_on_to_the_bit(void) {
    ls_shadow a, b;
    plant p = begin(0.9, 0.9, 11);
    CHECK_INT(ls_shadow_init(&usual, &a, &err), LS_OK);
    CHECK_INT(ls_shadow_init(&usual, &b, &err), LS_OK);
    feed(&a, 1000, 1.0, 1.0, 0, &p);
    json_t *saved = ls_shadow_save(&a);
    char *text = json_dumps(saved, JSON_REAL_PRECISION(17));
    json_t *read = json_loads(text, 0, NULL);
    CHECK_INT(ls_shadow_load(read, &b, &err), LS_OK);
    const plant here = p;
    const uint64_t state = drawn;
    feed(&a, 1000, 1.0, 1.0, 0, &p);
    p = here;
    drawn = state;
    feed(&b, 1000, 1.0, 1.0, 0, &p);
    const ls_shadow_verdict x = ls_shadow_judge(&a), y = ls_shadow_judge(&b);
    CHECK_NEAR(x.evidence, y.evidence, 0.0);
    CHECK_STR(x.about, y.about);
    json_decref(saved);
    json_decref(read);
    free(text);
    // Another challenger's, a wrong block, nothing at all: refused, and nothing is changed.
    static const char *const wrong[] = {"{}", "[]", "{\"champion\": 1, \"challenger\": 3}"};
    for (size_t i = 0; i < 3; i++) {
        read = json_loads(wrong[i], 0, NULL);
        CHECK_INT(ls_shadow_load(read, &b, &err), LS_ERR_INVALID);
        CHECK_NEAR(ls_shadow_judge(&b).evidence, y.evidence, 0.0);
        json_decref(read);
    }
    saved = ls_shadow_save(&a);
    json_object_set_new(saved, "block_us", json_integer(3 * MINUTE_US));
    CHECK_INT(ls_shadow_load(saved, &b, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "power of two");
    json_object_set_new(saved, "block_us", json_integer(a.block_us));
    json_object_set_new(saved, "challenger", json_integer(7));
    CHECK_INT(ls_shadow_load(saved, &b, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "other versions");
    json_decref(saved);
    ls_shadow_clear(&a);
    ls_shadow_clear(&b);
}

static void test_out_of_memory(void) {
    ls_shadow s;
    ls_alloc_fail_after(0);
    CHECK_INT(ls_shadow_init(&usual, &s, &err), LS_ERR_MEMORY);
    ls_alloc_fail_after(-1);
    ls_shadow_clear(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_equal_models_are_let_in_no_more_often_than_the_level_says);
    TEST(test_a_test_of_fixed_size_would_let_in_far_more);
    TEST(test_a_better_one_is_let_in);
    TEST(test_a_worse_one_loses_early);
    TEST(test_evidence_is_the_mixture_that_it_says);
    TEST(test_a_unit_that_loses_keeps_it_out);
    TEST(test_intervals_that_hold_too_little_keep_it_out);
    TEST(test_no_verdict_before_its_time_and_none_of_nothing);
    TEST(test_models_without_errors_are_equal);
    TEST(test_order_does_not_matter);
    TEST(test_what_was_seen_is_saved_and_goes_on_to_the_bit);
    TEST(test_out_of_memory);
    return harness_report();
}
