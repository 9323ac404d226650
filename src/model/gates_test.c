// gates_test.c - a challenger that is no better is let in no more often than the level says, also
// where errors are autocorrelated; each gate alone keeps it out.
#include "model/gates.h"

#include <math.h>
#include <string.h>

#include "tests/harness.h"

enum { ROWS = 400 };

static const ls_model_gates usual = {.level = 0.95,
                                     .gain = 0.0,
                                     .worst = 0.1,
                                     .coverage = 0.05,
                                     .interval = 0.9,
                                     .missing = 0.0,
                                     .latency_us = 1000};

static double next_share(uint64_t *state) {  // splitmix64
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double next_normal(uint64_t *state) {
    const double u = next_share(state) + 0x1p-54, v = next_share(state);
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

typedef struct trial {
    ls_dataset test;
    double champion[ROWS], challenger[ROWS], missing[1];
    ls_gate_case about;
} trial;

// Labels 0; errors of both are AR(1) with coefficient `memory`, the challenger's times `scale`.
static void make(trial *t, double memory, double scale, uint64_t seed) {
    static const char *const tags[] = {"power"};
    ls_error err;
    double a = next_normal(&seed), b = next_normal(&seed);
    CHECK_INT(ls_dataset_init(&t->test, ROWS, 0, 2, &err), LS_OK);
    t->test.units[0] = "one";
    t->test.units[1] = "two";
    const double fresh = sqrt(1.0 - memory * memory);
    for (size_t i = 0; i < ROWS; i++) {
        a = memory * a + fresh * next_normal(&seed);
        b = memory * b + fresh * next_normal(&seed);
        t->test.label[i] = 0.0;
        t->test.time_us[i] = (int64_t)i * 1000000;
        t->test.unit[i] = i % 2;
        t->champion[i] = a;
        t->challenger[i] = b * scale;
    }
    t->missing[0] = 0.0;
    t->about = (ls_gate_case){.test = &t->test,
                              .champion = t->champion,
                              .challenger = t->challenger,
                              .radius = 1.8 * scale,
                              .missing = t->missing,
                              .tags = tags,
                              .tag_count = 1,
                              .usual = 1.0,
                              .latency_us = 5};
}

static int let_in(double memory, double scale, int64_t horizon_us, int trials) {
    static trial t;
    int count = 0;
    for (int i = 0; i < trials; i++) {
        ls_gate_verdict verdict;
        ls_error err = {0};
        make(&t, memory, scale, (uint64_t)i * 7919 + 1);
        t.about.horizon_us = horizon_us;
        CHECK_INT(ls_gates_decide(&usual, &t.about, &verdict, &err), LS_OK);
        count += verdict.gates[LS_GATE_GAIN].passed ? 1 : 0;
        ls_dataset_clear(&t.test);
    }
    return count;
}

static void test_no_better_is_seldom_let_in(void) {
    // 5 % of 1000; three standard errors are 21.
    const int plain = let_in(0.0, 1.0, 0, 1000);
    harness_note("%d of 1000 with independent errors", plain);
    CHECK(plain > 20 && plain < 75);
    // Errors that last: labels of a horizon of 20 rows.
    const int lasting = let_in(0.9, 1.0, 20000000, 1000);
    harness_note("%d of 1000 with lasting errors", lasting);
    CHECK(lasting < 110);
}

static void test_better_is_let_in(void) {
    CHECK(let_in(0.0, 0.8, 0, 200) > 190);
    CHECK(let_in(0.9, 0.5, 20000000, 200) > 150);
}

static void test_the_error_of_a_mean_counts_what_lasts(void) {
    // AR(1) with 0.8: the variance of the mean is (1 + 0.8) / (1 - 0.8) = 9 times that of
    // independent values; Bartlett's weights with 60 lags see most of it.
    static double d[20000];
    uint64_t seed = 5;
    double x = 0.0, mean = 0.0, error = 0.0, plain = 0.0;
    for (size_t i = 0; i < 20000; i++) {
        x = 0.8 * x + 0.6 * next_normal(&seed);
        d[i] = x;
    }
    ls_gates_mean_error(d, 20000, 60, &mean, &error);
    plain = 1.0 / sqrt(20000.0);
    CHECK_NEAR(error / plain, 3.0, 0.3);
    ls_gates_mean_error(d, 1, 0, &mean, &error);
    CHECK(isinf(error));
}

static void test_each_gate_keeps_it_out(void) {
    static trial t;
    ls_gate_verdict v;
    ls_error err = {0};
    make(&t, 0.0, 0.5, 3);
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(v.passed);
    CHECK_NEAR(v.challenger_rmse / v.champion_rmse, 0.5, 0.1);
    CHECK_CONTAINS(v.gates[LS_GATE_GAIN].about, "less than the champion's, on 400 moments");
    t.about.latency_us = 1001;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(!v.passed && !v.gates[LS_GATE_LATENCY].passed);
    t.about.latency_us = 1;
    t.missing[0] = 1.5;  // always saying 1 makes an error of 1
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(!v.passed && !v.gates[LS_GATE_MISSING].passed);
    CHECK_CONTAINS(v.gates[LS_GATE_MISSING].about, "without 'power'");
    t.missing[0] = 0.0;
    t.about.radius = 0.4;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(!v.passed && !v.gates[LS_GATE_COVERAGE].passed);
    t.about.radius = (double)INFINITY;  // too few rows to know
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(!v.gates[LS_GATE_COVERAGE].passed);
    t.about.radius = 0.9;
    for (size_t i = 1; i < ROWS; i += 2) {  // unit two loses, both together win
        t.challenger[i] = t.champion[i] * 1.2;
        t.challenger[i - 1] = 0.0;
    }
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(v.gates[LS_GATE_GAIN].passed && !v.gates[LS_GATE_WORST].passed && !v.passed);
    CHECK_CONTAINS(v.gates[LS_GATE_WORST].about, "unit 'two'");
    t.test.row_count = 7;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "7 moments are too few");
    ls_dataset_clear(&t.test);
}

static void test_a_gain_that_is_asked_for(void) {
    static trial t;
    ls_gate_verdict v;
    ls_error err = {0};
    ls_model_gates much = usual;
    much.gain = 0.9;
    make(&t, 0.0, 0.5, 3);  // a quarter of the squared error: 75 % less
    CHECK_INT(ls_gates_decide(&much, &t.about, &v, &err), LS_OK);
    CHECK(!v.gates[LS_GATE_GAIN].passed);
    CHECK_NEAR(v.gates[LS_GATE_GAIN].value, 0.75, 0.06);
    much.gain = 0.5;
    CHECK_INT(ls_gates_decide(&much, &t.about, &v, &err), LS_OK);
    CHECK(v.gates[LS_GATE_GAIN].passed);
    ls_dataset_clear(&t.test);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_no_better_is_seldom_let_in);
    TEST(test_better_is_let_in);
    TEST(test_the_error_of_a_mean_counts_what_lasts);
    TEST(test_each_gate_keeps_it_out);
    TEST(test_a_gain_that_is_asked_for);
    return harness_report();
}
