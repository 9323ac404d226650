// oracle_fork_test.c - futures: what a fork forgets, what it keeps, and that what it draws again is
// distributed as the rest of a time should be that has lasted so long already.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/statistics.h"
#include "tests/harness.h"
#include "twin/context.h"
#include "twin/testing/oracle.h"
#include "twin/testing/oracle_plants.h"
#include "twin/twin.h"

static const int64_t day_us = INT64_C(86400) * 1000000;

static ls_snapshot *run_of(const ls_twin *twin, uint64_t seed, int64_t until) {
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, seed, 0, &s, &err), LS_OK);
    const ls_status status = ls_snapshot_run(twin, s, until, &err);
    harness_note("plant %s, seed %llu: %s", ls_twin_describe(twin).name, (unsigned long long)seed,
                 err.text);
    CHECK_INT(status, LS_OK);
    return s;
}

static ls_snapshot *fork_of(const ls_twin *twin, const ls_snapshot *s, uint64_t seed,
                            uint64_t future) {
    ls_snapshot *out = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_fork(twin, s, seed, future, &out, &err), LS_OK);
    return out;
}

static void test_a_fork_of_a_fork_is_a_fork_of_the_original(void) {
    // All that the first fork drew must be gone: the hidden truth does not reach the second.
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        for (int k = 0; k < (oracle_is_short() ? 10 : 100) && !harness_has_failed(); k++) {
            ls_snapshot *a = run_of(twin, (uint64_t)(k / 10) + 1,
                                    day_us / 7 * (k % 10) + 1234567 * k);
            ls_snapshot *b = fork_of(twin, a, 1, (uint64_t)k);
            ls_snapshot *bb = fork_of(twin, b, 2, 7);
            ls_snapshot *c = fork_of(twin, a, 2, 7);
            harness_note("plant %s, run %d", oracle_plants[i].name, k);
            CHECK_INT(ls_snapshot_hash(bb), ls_snapshot_hash(c));
            size_t size = 0;
            const char *x = ls_snapshot_bytes(bb, &size);
            const char *y = ls_snapshot_bytes(c, &size);
            for (size_t n = 0; n < size; n++) {
                if (x[n] != y[n]) {
                    harness_note("plant %s, run %d: byte %zu of %zu differs", oracle_plants[i].name,
                                 k, n, size);
                    CHECK_INT(x[n], y[n]);
                    break;
                }
            }
            ls_error err = {0};
            const ls_status status = ls_state_check(twin, c->state, &err);
            harness_note("plant %s, run %d: %s", oracle_plants[i].name, k, err.text);
            CHECK_INT(status, LS_OK);
            ls_snapshot_destroy(a);
            ls_snapshot_destroy(b);
            ls_snapshot_destroy(bb);
            ls_snapshot_destroy(c);
        }
        ls_twin_destroy(twin);
    }
}

static void test_a_fork_runs_on_soundly_and_differs_from_others(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_snapshot *a = run_of(twin, 3, 2 * day_us + 777777777);
        uint64_t first = 0;
        for (uint64_t future = 0; future < 4 && !harness_has_failed(); future++) {
            ls_snapshot *f = fork_of(twin, a, 9, future);
            CHECK_INT(ls_snapshot_now(f), ls_snapshot_now(a));
            ls_error err = {0};
            ls_status status = LS_OK;
            for (int k = 0; k < (oracle_is_short() ? 300 : 3000) && status == LS_OK; k++) {
                status = ls_snapshot_step(twin, f, INT64_C(1) << 45, 1, NULL, &err);
                status = status == LS_OK ? ls_state_check(twin, f->state, &err) : status;
            }
            harness_note("plant %s, future %llu: %s", oracle_plants[i].name,
                         (unsigned long long)future, err.text);
            CHECK_INT(status, LS_OK);
            if (future == 0) {
                first = ls_snapshot_hash(f);
            } else {
                CHECK(ls_snapshot_hash(f) != first);
            }
            ls_snapshot_destroy(f);
        }
        ls_snapshot_destroy(a);
        ls_twin_destroy(twin);
    }
}

static void test_fork_into_another_snapshot_is_a_fork(void) {
    // The target's own past, its cache of draws too, must not shine through.
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_snapshot *a = run_of(twin, 3, day_us);
        ls_snapshot *used = run_of(twin, 4, 2 * day_us);
        for (uint64_t future = 0; future < 3; future++) {
            ls_snapshot *fresh = fork_of(twin, a, 5, future);
            ls_snapshot_fork_into(twin, a, 5, future, used);
            CHECK_INT(ls_snapshot_hash(used), ls_snapshot_hash(fresh));
            ls_error err = {0};
            CHECK_INT(ls_snapshot_run(twin, fresh, 3 * day_us, &err), LS_OK);
            CHECK_INT(ls_snapshot_run(twin, used, 3 * day_us, &err), LS_OK);
            harness_note("plant %s, future %llu", oracle_plants[i].name,
                         (unsigned long long)future);
            CHECK_INT(ls_snapshot_hash(used), ls_snapshot_hash(fresh));
            ls_snapshot_destroy(fresh);
        }
        ls_snapshot_destroy(a);
        ls_snapshot_destroy(used);
        ls_twin_destroy(twin);
    }
}

static void test_a_copy_and_an_assigned_snapshot_go_the_same_way(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_snapshot *a = run_of(twin, 3, day_us);
        ls_snapshot *other = run_of(twin, 8, day_us / 2);
        ls_snapshot *copy = NULL;
        ls_error err = {0};
        CHECK_INT(ls_snapshot_copy(twin, a, &copy, &err), LS_OK);
        ls_snapshot_assign(other, a);
        CHECK_INT(ls_snapshot_run(twin, a, 3 * day_us, &err), LS_OK);
        CHECK_INT(ls_snapshot_run(twin, copy, 3 * day_us, &err), LS_OK);
        CHECK_INT(ls_snapshot_run(twin, other, 3 * day_us, &err), LS_OK);
        harness_note("plant %s", oracle_plants[i].name);
        CHECK_INT(ls_snapshot_hash(copy), ls_snapshot_hash(a));
        CHECK_INT(ls_snapshot_hash(other), ls_snapshot_hash(a));
        ls_snapshot_destroy(a);
        ls_snapshot_destroy(copy);
        ls_snapshot_destroy(other);
        ls_twin_destroy(twin);
    }
}

// ---- the rest of a time that has lasted 30 min

// Mean and three quantiles of X - 30 min given X > 30 min, minutes: closed forms, by inversion of
// the survival function S(30 + x) = (1 - u) S(30).
typedef struct residual {
    const char *dist;
    double mean, low, median, high;  // at 10, 50, 90 %
    bool discrete;                   // values at the quantile count for both sides
} residual;

static const residual residuals[] = {
    {"exp 50 min", 50, 5.26802578, 34.65735903, 115.12925465, false},
    {"weibull shape 2 scale 50 min", 25.16019145, 4.10866883, 21.31147972, 51.58714808, false},
    {"weibull shape 0.7 scale 50 min", 86.65231256, 6.65924925, 50.24141389, 210.4227818, false},
    {"erlang 3 mean 45 min", 27, 3.76858276, 21.10916031, 58.16106736, false},
    {"gamma 45 min sd 25.980762 min", 27, 3.76858276, 21.10916031, 58.16106736, false},
    {"lognormal 39.6467 min sd 26.0908 min", 24.53786283, 2.67713655, 16.75423603, 55.68696572,
     false},  // 3.5, 0.6 of the logarithm
    {"uniform 10 min to 50 min", 10, 2, 10, 18, false},
    {"empirical 12 min 18 min 25 min 31 min 40 min 44 min 52 min 75 min", 18.4, 1, 14, 45, true},
};

// Where that time runs. next event: its end.
typedef struct place {
    const char *name;
    const char *plant;  // %s: the distribution
} place;

static const place places[] = {
    {"an operation",
     "plant: p\n"
     "limits: {lots: 4}\n"
     "stations: {s: {process: %s}}\n"
     "products: {x: {route: [s], release: {every: 900 d, first: 0 s, count: 1}}}\n"},
    {"an operation of a faster machine",
     "plant: p\n"  // its clock goes twice as fast
     "limits: {lots: 4}\n"
     "stations: {s: {machines: {m: {speed: 2}}, process: %s}}\n"
     "products: {x: {route: [s], release: {every: 900 d, first: 0 s, count: 1}}}\n"},
    {"a setup",
     "plant: p\n"
     "limits: {lots: 4}\n"
     "stations: {s: {process: 900 d, setup: {any to x: %s}}}\n"
     "products: {x: {route: [s], release: {every: 900 d, first: 0 s, count: 1}}}\n"},
    {"a transport",
     "plant: p\n"
     "limits: {lots: 4}\n"
     "transport: {in to s: %s}\n"
     "stations: {s: {process: 900 d}}\n"
     "products: {x: {route: [s], release: {every: 900 d, first: 0 s, count: 1}}}\n"},
    {"the time to an arrival",
     "plant: p\n"
     "limits: {lots: 4}\n"
     "stations: {s: {process: 900 d}}\n"
     "products: {x: {route: [s], release: {every: %s, count: 1}}}\n"},
    {"the time to a failure",
     "plant: p\n"
     "limits: {lots: 4}\n"
     "stations: {s: {process: 900 d, fails: {every: %s, repair: 900 d, by: calendar}}}\n"
     "products: {x: {route: [s], release: {every: 900 d, first: 900 d, count: 1}}}\n"},
    {"the busy time to a failure",
     "plant: p\n"
     "limits: {lots: 4}\n"
     "stations: {s: {process: 900 d, fails: {every: %s, repair: 900 d, by: busy}}}\n"
     "products: {x: {route: [s], release: {every: 900 d, first: 0 s, count: 1}}}\n"},
    {"a repair",
     "plant: p\n"
     "limits: {lots: 4}\n"
     "stations: {s: {process: 900 d, fails: {every: 900 d, first: 1 us, repair: %s, by: "
     "calendar}}}\n"
     "products: {x: {route: [s], release: {every: 900 d, first: 900 d, count: 1}}}\n"},
};

static int64_t next_event_us(const ls_twin *twin, const ls_snapshot *s) {
    const ls_u64 *tree = LS_STATE_ARRAY(twin->model, s->state, ls_u64, s_tree);
    return (int64_t)(tree[1] >> twin->model->source_bits);
}

static void check_residual(const place *where, const residual *r) {
    char text[1024];
    const char *at = strstr(where->plant, "%s");
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - where->plant), where->plant, r->dist,
             at + 2);
    ls_twin *twin = oracle_twin(text);
    const double speed = strstr(text, "speed: 2") != NULL ? 2.0 : 1.0;
    const int64_t elapsed = (int64_t)(30.0 * 60e6 / speed);
    ls_snapshot *s = NULL;
    for (uint64_t seed = 1;; seed++) {  // one that still lasts after 30 min
        ls_error err = {0};
        CHECK_INT(ls_snapshot_create(twin, seed, 0, &s, &err), LS_OK);
        ls_snapshot_run(twin, s, 1, &err);
        CHECK_INT(ls_snapshot_run(twin, s, elapsed, &err), LS_OK);
        const uint64_t before = ls_snapshot_events(s);
        ls_snapshot *again = NULL;
        CHECK_INT(ls_snapshot_create(twin, seed, 0, &again, &err), LS_OK);
        CHECK_INT(ls_snapshot_run(twin, again, 2, &err), LS_OK);
        const bool lasts = ls_snapshot_events(again) == before;
        ls_snapshot_destroy(again);
        if (lasts) {
            break;
        }
        ls_snapshot_destroy(s);
    }
    const int count = oracle_is_short() ? 4000 : 40000;
    ls_summary sum = {0};
    int low = 0;
    int median = 0;
    int high = 0;
    ls_snapshot *f = fork_of(twin, s, 1, 0);
    for (int i = 0; i < count; i++) {
        ls_snapshot_fork_into(twin, s, 77, (uint64_t)i, f);
        const double rest = speed * (double)(next_event_us(twin, f) - ls_snapshot_now(s)) / 60e6;
        ls_summary_add(&sum, rest);
        const double edge = 1e-6;
        low += rest <= r->low + edge;
        median += rest <= r->median + edge;
        high += rest <= r->high + edge;
    }
    harness_note("%s of %s after 30 min", where->name, r->dist);
    const double z = ls_stat_normal_quantile(1.0 - 0.001 / 4.0 / 2.0);
    CHECK_NEAR(sum.mean, r->mean, z * sqrt(ls_summary_variance(&sum) / count));
    // Of five values: the shares of those at most 1, 14, 45 are 1/5, 3/5, 1.
    const double shares[3] = {r->discrete ? 0.2 : 0.1, r->discrete ? 0.6 : 0.5,
                              r->discrete ? 1.0 : 0.9};
    CHECK_NEAR((double)low / count, shares[0], z * sqrt(shares[0] * (1 - shares[0]) / count));
    CHECK_NEAR((double)median / count, shares[1], z * sqrt(shares[1] * (1 - shares[1]) / count));
    CHECK_NEAR((double)high / count, shares[2],
               z * sqrt(shares[2] * (1 - shares[2]) / count) + 1e-12);
    ls_snapshot_destroy(f);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

static void test_the_rest_of_a_time_is_drawn_given_what_has_passed(void) {
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        for (size_t r = 0; r < sizeof residuals / sizeof residuals[0]; r++) {
            check_residual(&places[p], &residuals[r]);
        }
    }
}

static void test_a_constant_rest_is_kept(void) {
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        char text[1024];
        const char *at = strstr(places[p].plant, "%s");
        snprintf(text, sizeof text, "%.*s45 min%s", (int)(at - places[p].plant), places[p].plant,
                 at + 2);
        ls_twin *twin = oracle_twin(text);
        ls_snapshot *s = run_of(twin, 1, INT64_C(20) * 60 * 1000000);
        ls_snapshot *f = fork_of(twin, s, 3, 4);
        harness_note("%s", places[p].name);
        CHECK_INT(next_event_us(twin, f), next_event_us(twin, s));
        ls_snapshot_destroy(f);
        ls_snapshot_destroy(s);
        ls_twin_destroy(twin);
    }
}

static void test_forks_of_a_memoryless_plant_go_on_like_the_plant(void) {
    // Forking an exponential plant every minute must not change what it does on average: M/M/1 with
    // lam 0.7, mu 1 in units of 4 s; and with failures after 9 busy units, repair 1: m1 = 10/9, m2
    // = 2 (10/9)^2 + 2/9.
    static const char *const fails[] = {"",
                                        ", fails: {every: exp 36 s, repair: exp 4 s, by: busy}"};
    for (int i = 0; i < 2; i++) {
        const double m1 = i == 0 ? 1.0 : 10.0 / 9.0;
        const double m2 = i == 0 ? 2.0 : 2.0 * m1 * m1 + 2.0 / 9.0;
        const double lam = 0.7;
        const double l = lam * m1 + lam * lam * m2 / (2.0 * (1.0 - lam * m1));
        ls_twin *twin = oracle_twin(
            oracle_text("plant: p\nlimits: {lots: 3000}\nstations: {s: {process: exp 4 s%s}}\n"
                        "products: {x: {route: [s], release: {every: exp 5714286 us}}}\n",
                        fails[i]));
        ls_summary sum = {0};
        const int reps = 30;
        const int pieces = oracle_is_short() ? 300 : 6000;
        for (int rep = 0; rep < reps; rep++) {
            ls_snapshot *s = run_of(twin, (uint64_t)rep, INT64_C(4) * 3600 * 1000000);
            ls_snapshot *f = fork_of(twin, s, 1, 1);
            double area = 0.0;
            for (int k = 0; k < pieces; k++) {
                ls_snapshot_fork_into(twin, s, 1000 + (uint64_t)rep, (uint64_t)k, f);
                ls_snapshot_assign(s, f);
                ls_error err = {0};
                CHECK_INT(
                    ls_snapshot_run(twin, s, ls_snapshot_now(s) + INT64_C(60) * 1000000, &err),
                    LS_OK);
                area += ls_snapshot_lots(s);  // seen once a minute
            }
            ls_summary_add(&sum, area / pieces);
            ls_snapshot_destroy(f);
            ls_snapshot_destroy(s);
        }
        const double half = oracle_half_width(ls_summary_variance(&sum), sum.count, 0.001);
        harness_note("L %.4f, half width %.4f", sum.mean, half);
        CHECK_NEAR(sum.mean, l, half);
        CHECK(half < 0.05 * l || oracle_is_short());
        ls_twin_destroy(twin);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_fork_of_a_fork_is_a_fork_of_the_original);
    TEST(test_a_fork_runs_on_soundly_and_differs_from_others);
    TEST(test_fork_into_another_snapshot_is_a_fork);
    TEST(test_a_copy_and_an_assigned_snapshot_go_the_same_way);
    TEST(test_the_rest_of_a_time_is_drawn_given_what_has_passed);
    TEST(test_a_constant_rest_is_kept);
    TEST(test_forks_of_a_memoryless_plant_go_on_like_the_plant);
    return harness_report();
}
