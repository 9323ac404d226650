// conformal_test.c - against the rank argument and the theorem of Gibbs and Candes.
#include "model/conformal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/testing/draws.h"
#include "tests/harness.h"

static void test_radius_is_the_right_order_statistic(void) {
    double scores[99];
    for (size_t i = 0; i < 99; i++) {
        scores[i] = (double)(i + 1);
    }
    CHECK_NEAR(ls_conformal_radius(scores, 19, 0.05), 19.0, 0.0);
    CHECK(isinf(ls_conformal_radius(scores, 18, 0.05)));
    CHECK_NEAR(ls_conformal_radius(scores, 99, 0.01), 99.0, 0.0);
    CHECK(isinf(ls_conformal_radius(scores, 98, 0.01)));
    CHECK_NEAR(ls_conformal_radius(scores, 20, 0.1), 19.0, 0.0);  // ceil(18.9)
    CHECK_NEAR(ls_conformal_radius(scores, 9, 0.1), 9.0, 0.0);
    CHECK(isinf(ls_conformal_radius(scores, 0, 0.5)));
    CHECK(isinf(ls_conformal_radius(scores, 99, 0.0)));
    CHECK_NEAR(ls_conformal_radius(scores, 99, 1.0), -1.0, 0.0);
    double mixed[5] = {3.0, NAN, 1.0, 2.0, NAN};
    CHECK_INT(ls_conformal_sort(mixed, 5), 3);
    CHECK_NEAR(mixed[0], 1.0, 0.0);
    CHECK_NEAR(mixed[2], 3.0, 0.0);
}

static void check_interval(const ls_model_plan *plan, double value, double radius, double low,
                           double high) {
    double got_low = -7.0, got_high = -7.0;
    ls_conformal_interval(plan, value, radius, &got_low, &got_high);
    CHECK(isnan(low) ? isnan(got_low) : got_low == low);
    CHECK(isnan(high) ? isnan(got_high) : got_high == high);
}

static void test_an_interval_holds_nothing_that_cannot_be(void) {
    ls_model_plan plan = {.objective = LS_OBJECTIVE_NUMBER, .horizon_us = 100000000};
    check_interval(&plan, 10.0, 30.0, -20.0, 40.0);
    check_interval(&plan, 10.0, -1.0, 10.0, 10.0);
    check_interval(&plan, 10.0, (double)INFINITY, (double)NAN, (double)NAN);
    check_interval(&plan, (double)NAN, 1.0, (double)NAN, (double)NAN);
    plan.objective = LS_OBJECTIVE_COUNT;
    check_interval(&plan, 10.0, 30.0, 0.0, 40.0);
    check_interval(&plan, 90.0, 30.0, 60.0, 120.0);
    plan.objective = LS_OBJECTIVE_LIFE;  // at most 100 s
    check_interval(&plan, 10.0, 30.0, 0.0, 40.0);
    check_interval(&plan, 90.0, 30.0, 60.0, 100.0);
    check_interval(&plan, 50.0, 500.0, 0.0, 100.0);
    plan.horizon_us = 0;  // for ever
    check_interval(&plan, 90.0, 30.0, 60.0, 120.0);
}

// Of n + 1 scores that can be exchanged the last is at most the k-th least of the others with
// probability k / (n + 1), whatever their distribution.
static void test_coverage_is_that_of_the_rank(void) {
    enum { N = 29, TRIALS = 20000 };
    drawn = 7;
    for (int kind = 0; kind < 2; kind++) {
        double hits = 0.0;
        for (int trial = 0; trial < TRIALS; trial++) {
            double scores[N + 1];
            for (size_t i = 0; i <= N; i++) {
                const double u = uniform();
                scores[i] = kind == 0 ? u : 1.0 / (1.0 - u);  // the second has no mean
            }
            const double last = scores[N];
            ls_conformal_sort(scores, N);
            hits += last <= ls_conformal_radius(scores, N, 0.1) ? 1.0 / TRIALS : 0.0;
        }
        CHECK_NEAR(hits, 27.0 / 30.0, 4.0 * sqrt(0.09 / TRIALS));
    }
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// For any sequence at all: |misses / T - target| <= (max(a, 1 - a) + gamma) / (gamma T), a being
// the first alpha (Gibbs and Candes 2021, proposition 4.1).
static void test_misses_come_to_the_target_whatever_happens(void) {
    static const double gammas[] = {0.005, 0.05, 0.5};
    for (int kind = 0; kind < 4; kind++) {
        for (size_t g = 0; g < 3; g++) {
            enum { CAPACITY = 200 };
            double *memory = malloc(ls_aci_doubles(CAPACITY) * sizeof *memory);
            ls_aci a;
            ls_aci_init(0.1, gammas[g], CAPACITY, memory, &a);
            drawn = 11;
            for (int t = 1; t <= 3000 && !harness_has_failed(); t++) {
                const double radius = ls_aci_radius(&a);
                double score = uniform();
                score = kind == 1 ? score * pow(1.003, t) : score;  // grows without end
                score = kind == 2 ? (t / 300 % 2 == 0 ? 1.0 : 9.0) * score : score;  // jumps
                score = kind == 3 ? (isinf(radius) ? 1.0 : radius + 1.0) : score;    // an enemy
                ls_aci_update(&a, score, radius);
                const double bound = (0.9 + gammas[g]) / (gammas[g] * t);
                harness_note("kind %d gamma %g t %d", kind, gammas[g], t);
                CHECK(fabs((double)a.total_misses / t - 0.1) <= bound + 1e-12);
                CHECK(a.alpha >= -gammas[g] && a.alpha <= 1.0 + gammas[g]);
            }
            CHECK_INT(a.total, 3000);
            free(memory);
        }
    }
}

static void test_memory_is_that_of_the_last_scores(void) {
    enum { CAPACITY = 37, STEPS = 500 };
    double memory[2 * CAPACITY + 8], scores[STEPS], slow[CAPACITY];
    bool missed[STEPS];
    CHECK(ls_aci_doubles(CAPACITY) <= 2 * CAPACITY + 8);
    ls_aci a;
    ls_aci_init(0.2, 0.02, CAPACITY, memory, &a);
    CHECK(isnan(ls_aci_coverage(&a)));
    CHECK(isinf(ls_aci_radius(&a)));
    drawn = 13;
    for (int t = 0; t < STEPS && !harness_has_failed(); t++) {
        scores[t] = floor(20.0 * uniform());  // many equal ones
        const double radius = ls_aci_radius(&a);
        missed[t] = ls_aci_update(&a, scores[t], radius);
        CHECK_INT(missed[t], scores[t] > radius);
        const int count = t + 1 < CAPACITY ? t + 1 : CAPACITY;
        double hits = 0.0;
        for (int k = 0; k < count; k++) {
            slow[k] = scores[t - k];
            hits += missed[t - k] ? 0.0 : 1.0;
        }
        qsort(slow, (size_t)count, sizeof *slow, by_value);
        CHECK_INT(a.count, count);
        CHECK_BYTES(a.sorted, slow, (uint64_t)count * sizeof *slow);
        CHECK_NEAR(ls_aci_coverage(&a), hits / count, 1e-15);
    }
    const double alpha = a.alpha;
    CHECK(!ls_aci_update(&a, NAN, 1.0));
    CHECK_NEAR(a.alpha, alpha, 0.0);
    CHECK(!ls_aci_update(&a, 100.0, INFINITY));  // a late label, with the radius given then
    CHECK_NEAR(a.alpha, alpha + 0.02 * 0.2, 1e-15);
    CHECK(ls_aci_update(&a, 0.0, -1.0));  // nothing is in the empty interval
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_radius_is_the_right_order_statistic);
    TEST(test_an_interval_holds_nothing_that_cannot_be);
    TEST(test_coverage_is_that_of_the_rank);
    TEST(test_misses_come_to_the_target_whatever_happens);
    TEST(test_memory_is_that_of_the_last_scores);
    return harness_report();
}
