// oracle_slowness_test.c - how long work takes, by what is told: of what runs, of what comes next,
// until the machine is as new.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "tests/harness.h"
#include "twin/intervene.h"
#include "twin/slowness.h"
#include "twin/testing/oracle.h"
#include "twin/twin.h"

#define MINUTE_US 60e6

static ls_snapshot *begun(const ls_twin *twin, double minutes) {
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &s, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, s, (int64_t)(minutes * MINUTE_US), &err), LS_OK);
    return s;
}

static void tell(const ls_twin *twin, ls_snapshot *s, double value, double deviation) {
    const ls_condition_told told = {value, deviation, 0};
    ls_error err = {0};
    CHECK_INT(ls_intervene_told_condition(twin, s, 0, &told, &err), LS_OK);
    harness_note("%s", err.text);
}

static uint64_t done(const ls_twin *twin, const ls_snapshot *s) {
    return LS_STATE_VIEW(twin->model, s->state, ls_s_release, s_release)->done;
}

static ls_snapshot *run(const ls_twin *twin, const ls_snapshot *from, uint64_t future,
                        double minutes) {
    ls_snapshot *f = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_fork(twin, from, 5, future, &f, &err), LS_OK);
    CHECK_INT(
        ls_snapshot_run(twin, f, ls_snapshot_now(from) + (int64_t)(minutes * MINUTE_US), &err),
        LS_OK);
    CHECK_INT(ls_state_check(twin, f->state, &err), LS_OK);
    return f;
}

// Work of 2 min each, without an end: twice as long makes half as much, and what runs is told too.
static void test_constant_times_are_stretched(void) {
    ls_twin *twin = oracle_twin(
        "plant: p\n"
        "stations: {s: {process: 2 min, slowness: {tag: t}}}\n"
        "products: {x: {route: [s], release: {keep: 3}}}\n");
    ls_snapshot *s = begun(twin, 21);
    const uint64_t before = done(twin, s);
    CHECK_INT(before, 10);
    static const struct {
        double told;  // seconds
        uint64_t made;
    } cases[] = {{120, 30}, {240, 15}, {60, 60}, {180, 20}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tell(twin, s, cases[i].told, 0);
        ls_snapshot *f = run(twin, s, 0, 60);
        // The one that runs has had a minute of its own.
        CHECK(llabs((long long)(done(twin, f) - before) - (long long)cases[i].made) <= 1);
        ls_snapshot_destroy(f);
    }
    ls_error err = {0};
    CHECK_INT(ls_intervene_told_condition(twin, s, 0, NULL, &err), LS_OK);
    ls_snapshot *f = run(twin, s, 0, 60);
    CHECK_INT(done(twin, f) - before, 30);
    ls_snapshot_destroy(f);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

// What is left of a lognormal operation that runs for 5 min, at k times its length, is k times what
// is left of one that runs for 5/k min. And k is anything around what is told.
static double survival(double minutes, double factor) {
    const double cv = 3.0 / 10.0;
    const double sigma = sqrt(log(1.0 + cv * cv));
    const double mu = log(10.0) - sigma * sigma / 2.0;
    return 0.5 * erfc((log(minutes / factor) - mu) / sigma / sqrt(2.0));
}

static double rest_cdf(double rest, double told, double deviation) {
    enum { STEPS = 2000 };
    double sum = 0.0;
    for (int i = 0; i < STEPS; i++) {
        const double z = deviation > 0.0 ? ls_stat_normal_quantile((i + 0.5) / STEPS) : 0.0;
        const double k = fmax(told + deviation * z, 0.1 * told) / 10.0;
        sum += (1.0 - survival(5.0 + rest, k) / survival(5.0, k)) / STEPS;
    }
    return sum;
}

static void check_rests(double told, double deviation) {
    enum { MOST = 10000 };
    static double rests[MOST];
    const int count = oracle_is_short() ? 2000 : MOST;
    ls_twin *twin = oracle_twin(
        "plant: p\n"
        "limits: {lots: 4}\n"
        "stations: {s: {process: lognormal 10 min sd 3 min, slowness: {tag: t, nominal: 10}}}\n"
        "products: {x: {route: [s], release: {every: 900 d, first: 0 s, count: 1}}}\n");
    ls_snapshot *s = NULL;
    ls_snapshot *f = NULL;
    ls_error err = {0};
    // Of those that still run after 5 min.
    for (uint64_t seed = 1;; seed++) {
        CHECK_INT(ls_snapshot_create(twin, seed, 0, &s, &err), LS_OK);
        CHECK_INT(ls_snapshot_run(twin, s, (int64_t)(5 * MINUTE_US), &err), LS_OK);
        if (done(twin, s) == 0) {
            break;
        }
        ls_snapshot_destroy(s);
    }
    tell(twin, s, told, deviation);
    CHECK_INT(ls_snapshot_fork(twin, s, 5, 0, &f, &err), LS_OK);
    for (int i = 0; i < count; i++) {
        ls_snapshot_fork_into(twin, s, 5, (uint64_t)i, f);
        const ls_s_machine *m = LS_STATE_ARRAY(twin->model, f->state, ls_s_machine, s_machine);
        rests[i] = (double)(m->phase_since + m->phase_total - f->state->now) / MINUTE_US;
    }
    qsort(rests, (size_t)count, sizeof rests[0], by_value);
    double distance = 0.0;
    for (int i = 0; i < count; i += 7) {
        const double p = rest_cdf(rests[i], told, deviation);
        distance = fmax(distance,
                        fmax(fabs(p - (double)i / count), fabs(p - (double)(i + 1) / count)));
    }
    harness_note("told %g error %g: distance %g", told, deviation, distance);
    CHECK(distance < 1.95 / sqrt((double)count));
    CHECK(distance > 0.0);
    ls_snapshot_destroy(f);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

static void test_what_runs_is_drawn_again_at_its_pace(void) {
    check_rests(10, 0);
    check_rests(14, 0);
    check_rests(7, 0);
    check_rests(14, 2);
}

// Futures do not agree on the error, yet each keeps its own: two counts of one future go together.
static void test_each_future_keeps_its_own_error(void) {
    ls_twin *twin = oracle_twin(
        "plant: p\n"
        "stations: {s: {process: 1 min, slowness: {tag: t, nominal: 1}}}\n"
        "products: {x: {route: [s], release: {keep: 3}}}\n");
    ls_snapshot *s = begun(twin, 10.5);
    const double before = (double)done(twin, s);
    tell(twin, s, 2, 0.2);
    enum { COUNT = 400 };
    double sum = 0.0, square = 0.0, apart = 0.0;
    for (uint64_t i = 0; i < COUNT; i++) {
        ls_snapshot *half = run(twin, s, i, 500);
        ls_snapshot *whole = run(twin, s, i, 1000);
        const double a = (double)done(twin, half) - before;
        const double b = (double)done(twin, whole) - before;
        apart = fmax(apart, fabs(b - 2.0 * a));
        sum += 1000.0 / b;
        square += 1000.0 / b * (1000.0 / b);
        ls_snapshot_destroy(half);
        ls_snapshot_destroy(whole);
    }
    const double mean = sum / COUNT;
    const double sd = sqrt(square / COUNT - mean * mean);
    harness_note("mean %g, sd %g, apart %g", mean, sd, apart);
    CHECK_NEAR(mean, 2.0, 4.0 * 0.2 / sqrt(COUNT));
    CHECK_NEAR(sd, 0.2, 4.0 * 0.2 / sqrt(2.0 * COUNT));
    CHECK(apart <= 2.0);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

static void test_a_new_tool_makes_it_as_new(void) {
    ls_twin *twin = oracle_twin(
        "plant: p\n"
        "stations:\n"
        "  s:\n"
        "    process: 10 min\n"
        "    fails: {name: wheel, every: 900 d, repair: 1 h}\n"
        "    maintenance: {name: change, every: 12 parts, for: 10 min, renews: wheel}\n"
        "    slowness: {tag: t, nominal: 10, new: 8, until: wheel}\n"
        "products: {x: {route: [s], release: {keep: 2}}}\n");
    ls_snapshot *s = begun(twin, 100);  // ten done; two more, then a change
    CHECK_INT(done(twin, s), 10);
    const uint64_t silent = ls_snapshot_hash(s);
    tell(twin, s, 20, 3);
    CHECK(ls_snapshot_hash(s) != silent);
    ls_snapshot *f = run(twin, s, 1, 300);
    const ls_s_condition *c = ls_state_conditions(twin->model, f->state);
    CHECK_INT(c->told, 1);
    CHECK_NEAR(c->value, 8, 1e-12);
    CHECK_NEAR(c->deviation, 0, 0);
    CHECK(c->told_us > ls_snapshot_now(s));
    ls_snapshot_destroy(f);
    // Nothing told: neither is anything forgotten.
    ls_error err = {0};
    CHECK_INT(ls_intervene_told_condition(twin, s, 0, NULL, &err), LS_OK);
    CHECK_INT(ls_snapshot_hash(s), silent);
    f = run(twin, s, 1, 130);  // two, the change, ten more
    CHECK_INT(ls_state_conditions(twin->model, f->state)->told, 0);
    CHECK_INT(done(twin, f), 22);
    ls_snapshot_destroy(f);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

static void test_what_cannot_be_is_refused(void) {
    ls_twin *twin = oracle_twin(
        "plant: p\n"
        "stations: {s: {process: 2 min, slowness: {tag: t}}}\n"
        "products: {x: {route: [s], release: {keep: 3}}}\n");
    ls_snapshot *s = begun(twin, 21);
    const uint64_t silent = ls_snapshot_hash(s);
    const ls_condition_told wrong[] = {
        {NAN, 0, 0}, {0, 0, 0}, {1.1, 0, 0}, {12001, 0, 0}, {120, -1, 0}};
    ls_error err = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK_INT(ls_intervene_told_condition(twin, s, 0, &wrong[i], &err), LS_ERR_INVALID);
        CHECK_INT(ls_snapshot_hash(s), silent);
    }
    tell(twin, s, 240, 10);
    ls_state_conditions(twin->model, s->state)->value = 0.0;  // damaged
    CHECK_INT(ls_state_check(twin, s->state, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "slowness");
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_constant_times_are_stretched);
    TEST(test_what_runs_is_drawn_again_at_its_pace);
    TEST(test_each_future_keeps_its_own_error);
    TEST(test_a_new_tool_makes_it_as_new);
    TEST(test_what_cannot_be_is_refused);
    return harness_report();
}
