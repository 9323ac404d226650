// oracle_condition_test.c - failures by condition: the rest of a life as closed forms have it, and
// what preventive maintenance that puts in new parts costs.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "tests/harness.h"
#include "twin/condition.h"
#include "twin/context.h"
#include "twin/intervene.h"
#include "twin/testing/oracle.h"
#include "twin/twin.h"

#define MINUTE_US 60e6

// A machine at work for ever, whose cutter has 100 min by the clock and fails at a wear of 1,
// about.
static const char *plant_of(const char *by, const char *at) {
    return oracle_text(
        "plant: p\n"
        "limits: {lots: 4}\n"
        "stations:\n"
        "  s:\n"
        "    process: 900 d\n"
        "    fails: {name: cutter, every: weibull shape 2 mean 100 min, repair: 900 d, by: %s,\n"
        "            condition: {tag: wear, at: %s}}\n"
        "products: {x: {route: [s], release: {every: 900 d, first: 0 s, count: 1}}}\n",
        by, at);
}

// 30 min old, and not failed.
static ls_snapshot *young(const ls_twin *twin) {
    for (uint64_t seed = 1;; seed++) {
        ls_snapshot *s = NULL;
        ls_error err = {0};
        CHECK_INT(ls_snapshot_create(twin, seed, 0, &s, &err), LS_OK);
        CHECK_INT(ls_snapshot_run(twin, s, (int64_t)(30 * MINUTE_US), &err), LS_OK);
        if (LS_STATE_ARRAY(twin->model, s->state, ls_s_mode, s_mode)->active == 0) {
            return s;
        }
        ls_snapshot_destroy(s);
    }
}

static void tell(const ls_twin *twin, ls_snapshot *s, double value, double deviation) {
    const ls_condition_told told = {value, deviation, 25 * (int64_t)MINUTE_US};
    ls_error err = {0};
    CHECK_INT(ls_intervene_told_condition(twin, s, 0, &told, &err), LS_OK);
}

static double rest_of(const ls_twin *twin, const ls_snapshot *s) {
    const ls_s_mode *mode = LS_STATE_ARRAY(twin->model, s->state, ls_s_mode, s_mode);
    return (double)(mode->total - mode->elapsed -
                    (mode->since == LS_NEVER ? 0 : s->state->now - mode->since)) /
           MINUTE_US;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef double (*cdf_of)(double rest_min, double value, double deviation);

// Kolmogorov's distance of the rests of many futures from what they should be.
static void check_rests(const char *by, const char *at, double value, double deviation,
                        cdf_of cdf) {
    enum { MOST = 20000 };
    static double rests[MOST];
    const int count = oracle_is_short() ? 2000 : MOST;
    ls_twin *twin = oracle_twin(plant_of(by, at));
    ls_snapshot *s = young(twin);
    if (value >= 0.0) {
        tell(twin, s, value, deviation);
    }
    ls_snapshot *f = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_fork(twin, s, 5, 0, &f, &err), LS_OK);
    for (int i = 0; i < count; i++) {
        ls_snapshot_fork_into(twin, s, 5, (uint64_t)i, f);
        rests[i] = rest_of(twin, f);
    }
    qsort(rests, (size_t)count, sizeof rests[0], by_value);
    double distance = 0.0;
    for (int i = 0; i < count; i++) {
        const double p = cdf(rests[i], value, deviation);
        distance = fmax(distance,
                        fmax(fabs(p - (double)i / count), fabs(p - (double)(i + 1) / count)));
    }
    harness_note("clock %s, at %s, told %g error %g: distance %g", by, at, value, deviation,
                 distance);
    CHECK(distance < 1.95 / sqrt((double)count));  // one in a thousand; the seed is fixed
    CHECK(distance > 0.0);
    ls_snapshot_destroy(f);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

// Pace by docs/PLANT.md: k = 10 min, m = 1/100 a minute, 30 min old.
static double pace_at(double value) {
    return (value + 10.0 / 100.0) / (30.0 + 10.0);
}

static double normal_survival(double z) {
    return 0.5 * erfc(z / sqrt(2.0));
}

static double by_normal(double rest, double value, double deviation) {
    (void)deviation;
    const double now = normal_survival((value - 1.0) / 0.1);
    return 1.0 - normal_survival((value + pace_at(value) * rest - 1.0) / 0.1) / now;
}

static double weibull_rest(double rest, double value) {  // shape 4, mean 1
    const double scale = 1.0 / tgamma(1.25);
    return 1.0 - exp(pow(value / scale, 4.0) - pow((value + pace_at(value) * rest) / scale, 4.0));
}

static double by_weibull(double rest, double value, double deviation) {
    (void)deviation;
    return weibull_rest(rest, value);
}

// The true condition is anything around what is told: integrated over its quantiles.
static double by_mixture(double rest, double value, double deviation) {
    enum { STEPS = 2000 };
    double sum = 0.0;
    for (int i = 0; i < STEPS; i++) {
        const double z = ls_stat_normal_quantile((i + 0.5) / STEPS);
        sum += weibull_rest(rest, fmax(value + deviation * z, 0.0)) / STEPS;
    }
    return sum;
}

static double by_clock(double rest, double value, double deviation) {
    (void)value;
    (void)deviation;
    const double scale = 100.0 / tgamma(1.5);
    return 1.0 - exp(pow(30.0 / scale, 2.0) - pow((30.0 + rest) / scale, 2.0));
}

static void test_the_rest_of_a_life_is_that_of_the_condition(void) {
    static const char *const clocks[] = {"calendar", "busy"};
    for (int i = 0; i < 2; i++) {
        check_rests(clocks[i], "normal 1 sd 0.1", 0.2, 0.0, by_normal);
        check_rests(clocks[i], "normal 1 sd 0.1", 0.9, 0.0, by_normal);
        check_rests(clocks[i], "normal 1 sd 0.1", 1.1, 0.0, by_normal);
        check_rests(clocks[i], "weibull shape 4 mean 1", 0.6, 0.0, by_weibull);
    }
}

static void test_futures_spread_as_the_prediction_errs(void) {
    check_rests("busy", "weibull shape 4 mean 1", 0.6, 0.05, by_mixture);
    check_rests("calendar", "weibull shape 4 mean 1", 0.3, 0.3, by_mixture);
}

static void test_without_a_word_the_clock_counts(void) {
    check_rests("busy", "normal 1 sd 0.1", -1.0, 0.0, by_clock);
}

// ---- what is told is a part of the state

static void test_what_is_told_is_kept_saved_and_taken_back(void) {
    ls_twin *twin = oracle_twin(plant_of("busy", "normal 1 sd 0.1"));
    ls_snapshot *s = young(twin);
    const uint64_t silent = ls_snapshot_hash(s);
    ls_snapshot *copy = NULL;
    ls_snapshot *loaded = NULL;
    ls_error err = {0};
    tell(twin, s, 0.4, 0.1);
    CHECK(ls_snapshot_hash(s) != silent);
    size_t size = 0;
    const void *bytes = ls_snapshot_bytes(s, &size);
    CHECK_INT(ls_snapshot_load(twin, bytes, size, &loaded, &err), LS_OK);
    CHECK_INT(ls_snapshot_copy(twin, s, &copy, &err), LS_OK);
    CHECK_INT(ls_snapshot_hash(loaded), ls_snapshot_hash(s));
    for (uint64_t k = 0; k < 5; k++) {  // a fork of a fork is a fork of the original
        ls_snapshot *a = NULL;
        ls_snapshot *b = NULL;
        CHECK_INT(ls_snapshot_fork(twin, s, 3, k, &a, &err), LS_OK);
        CHECK_INT(ls_snapshot_fork(twin, a, 4, k, &b, &err), LS_OK);
        ls_snapshot_fork_into(twin, loaded, 4, k, copy);
        CHECK_INT(ls_snapshot_hash(b), ls_snapshot_hash(copy));
        CHECK(rest_of(twin, a) != rest_of(twin, b));
        ls_snapshot_destroy(a);
        ls_snapshot_destroy(b);
    }
    CHECK_INT(ls_intervene_told_condition(twin, s, 0, NULL, &err), LS_OK);
    CHECK_INT(ls_snapshot_hash(s), silent);
    const ls_condition_told wrong[] = {{NAN, 0, 0}, {-1, 0, 0}, {1, -1, 0}, {1, INFINITY, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(ls_intervene_told_condition(twin, s, 0, &wrong[i], &err), LS_ERR_INVALID);
        CHECK_INT(ls_snapshot_hash(s), silent);
    }
    CHECK_INT(ls_intervene_told_condition(twin, s, 1, NULL, &err), LS_ERR_INVALID);
    ls_state_conditions(twin->model, loaded->state)->told = 2;  // damaged
    CHECK_INT(ls_state_check(twin, loaded->state, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "condition");
    ls_snapshot_destroy(copy);
    ls_snapshot_destroy(loaded);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

// ---- renewal

// A cutter of Weibull life (shape 2, scale 100 min in work) is changed after 51 min in work, or
// when it fails: then M = integral of S up to 51 is what it lasts on average, F(51) of them fail.
// Work comes in pieces of 6 s, and a change takes 1 ms, so that only pieces and changes count.
static const char *renewing(bool renews) {
    return oracle_text(
        "plant: p\n"
        "stations:\n"
        "  s:\n"
        "    process: 6 s\n"
        "    fails: {name: cutter, every: weibull shape 2 scale 100 min, repair: 1 ms%s}\n"
        "    maintenance: {name: tool, every: 510 parts, for: 1 ms%s}\n"
        "products: {x: {route: [s], release: {keep: 2}}}\n",
        renews ? ", renews: tool" : "", renews ? ", renews: cutter" : "");
}

static void count_changes(const char *text, double days, double *out_failures,
                          double *out_maintenances) {
    ls_twin *twin = oracle_twin(text);
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &s, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, s, (int64_t)(days * 1440 * MINUTE_US), &err), LS_OK);
    const ls_i64 *account = LS_STATE_ARRAY(twin->model, s->state, ls_i64, s_time);
    *out_failures = (double)account[LS_STATE_DOWN] / 1e3;
    *out_maintenances = (double)account[LS_STATE_MAINTENANCE] / 1e3;
    CHECK_INT(ls_state_check(twin, s->state, &err), LS_OK);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

static void test_age_replacement_costs_what_theory_says(void) {
    const double days = oracle_is_short() ? 100.0 : 1000.0;
    const double minutes = days * 1440.0;
    double failures = 0.0, changes = 0.0;
    count_changes(renewing(true), days, &failures, &changes);
    const double fails = 1.0 - exp(-0.51 * 0.51);
    const double mean = 100.0 * sqrt(acos(-1.0)) / 2.0 * erf(0.51);  // of S up to 51 min
    const double tools = minutes / mean;
    harness_note("%g failures of %g, %g changes of %g", failures, tools * fails, changes,
                 tools * (1.0 - fails));
    const double error = 4.0 * sqrt(tools * fails * (1.0 - fails));
    CHECK_NEAR(failures, tools * fails, error + 0.002 * failures);
    CHECK_NEAR(changes, tools * (1.0 - fails), error + 0.002 * changes);
    // What nothing renews fails as if there were no maintenance.
    count_changes(renewing(false), days, &failures, &changes);
    const double life = 100.0 * tgamma(1.5);
    harness_note("%g failures of %g without renewal", failures, minutes / life);
    CHECK_NEAR(failures, minutes / life, 4.0 * 0.53 * sqrt(minutes / life) + 0.002 * failures);
}

// A renewed part is a new one: what was told of the one before is forgotten.
static void test_renewal_forgets_what_was_told(void) {
    ls_twin *twin = oracle_twin(
        "plant: p\n"
        "stations:\n"
        "  s:\n"
        "    process: 1 min\n"
        "    fails: {name: cutter, every: 90 d, repair: 1 h, condition: {tag: w, at: 1}}\n"
        "    maintenance: {name: tool, every: 40 parts, for: 5 min, renews: cutter}\n"
        "products: {x: {route: [s], release: {keep: 2}}}\n");
    ls_snapshot *s = NULL;
    ls_snapshot *f = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &s, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, s, (int64_t)(20 * MINUTE_US), &err), LS_OK);
    tell(twin, s, 0.5, 0.0);
    CHECK_INT(ls_snapshot_fork(twin, s, 1, 0, &f, &err), LS_OK);
    // Though `every` is constant, and so nothing would be hidden: the condition says otherwise.
    const double pace = (0.5 + 0.1) / (20.0 + 9.0 * 1440.0);
    CHECK_NEAR(rest_of(twin, f), 0.5 / pace, 1e-5);
    CHECK_INT(ls_snapshot_run(twin, s, (int64_t)(46 * MINUTE_US), &err), LS_OK);
    const ls_s_condition *c = ls_state_conditions(twin->model, s->state);
    CHECK_INT(c->told, 0);
    CHECK(c->value == 0.0);
    const ls_s_mode *mode = LS_STATE_ARRAY(twin->model, s->state, ls_s_mode, s_mode);
    CHECK(mode->elapsed <= (int64_t)MINUTE_US);
    ls_snapshot_destroy(f);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_rest_of_a_life_is_that_of_the_condition);
    TEST(test_futures_spread_as_the_prediction_errs);
    TEST(test_without_a_word_the_clock_counts);
    TEST(test_what_is_told_is_kept_saved_and_taken_back);
    TEST(test_age_replacement_costs_what_theory_says);
    TEST(test_renewal_forgets_what_was_told);
    return harness_report();
}
