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
    t.about.is_first = true;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK_CONTAINS(v.gates[LS_GATE_GAIN].about, "less than that of a constant, on 400 moments");
    const double *mine = t.about.challenger;
    t.about.challenger = t.about.champion;
    t.about.champion = mine;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(!v.passed && v.gates[LS_GATE_GAIN].value < 0.0);
    CHECK_CONTAINS(v.gates[LS_GATE_GAIN].about, " % more than that of a constant, on 400 moments");
    t.about.champion = t.about.challenger;
    t.about.challenger = mine;
    t.about.is_first = false;
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

// ---- classes

enum { CLASSES = 3 };

typedef struct class_trial {
    ls_dataset test;
    double champion[ROWS * CLASSES], challenger[ROWS * CLASSES], missing[1], priors[CLASSES];
    ls_gate_case about;
} class_trial;

static const ls_model_gates class_gates = {.level = 0.95,
                                           .worst = 0.1,
                                           .coverage = 0.05,
                                           .interval = 0.9,
                                           .calibration = 0.1,
                                           .balance = 0.5,
                                           .latency_us = 1000};

// Class 0 has eight rows of ten. The champion tells the shares; the challenger, sure to `told`, is
// right in `right` of the rows.
static void make_classes(class_trial *t, double told, double right, uint64_t seed) {
    static const char *const tags[] = {"power"};
    static const double shares[CLASSES] = {0.8, 0.1, 0.1};
    ls_error err;
    CHECK_INT(ls_dataset_init(&t->test, ROWS, 0, 1, &err), LS_OK);
    t->test.units[0] = "one";
    for (size_t i = 0; i < ROWS; i++) {
        const double draw = next_share(&seed);
        const uint32_t so = draw < 0.8 ? 0 : draw < 0.9 ? 1 : 2;
        const uint32_t said = next_share(&seed) < right
                                  ? so
                                  : (so + 1 + (uint32_t)(next_share(&seed) * 2)) % CLASSES;
        t->test.label[i] = (double)so;
        t->test.time_us[i] = (int64_t)i * 1000000;
        for (uint32_t k = 0; k < CLASSES; k++) {
            t->champion[i * CLASSES + k] = shares[k];
            t->challenger[i * CLASSES + k] = k == said ? told : (1.0 - told) / 2.0;
        }
    }
    memcpy(t->priors, shares, sizeof shares);
    t->missing[0] = 0.0;
    t->about = (ls_gate_case){.test = &t->test,
                              .champion = t->champion,
                              .challenger = t->challenger,
                              .radius = 0.95,
                              .missing = t->missing,
                              .tags = tags,
                              .tag_count = 1,
                              .loss = LS_LOSS_BRIER,
                              .outputs = CLASSES,
                              .priors = t->priors,
                              .latency_us = 5};
}

static void test_classes_that_are_told_well_pass(void) {
    static class_trial t;
    ls_gate_verdict v;
    ls_error err = {0};
    make_classes(&t, 0.9, 0.9, 5);
    CHECK_INT(ls_gates_decide(&class_gates, &t.about, &v, &err), LS_OK);
    for (int i = 0; i < LS_GATE_COUNT; i++) {
        harness_note("%s: %s", ls_gate_name((ls_gate)i), v.gates[i].about);
        CHECK(v.gates[i].asked);
        CHECK(v.gates[i].passed);
    }
    // By hand: of ten rows nine are right, each 0.01 + 2 * 0.0025; one 0.81 + 0.9025 + 0.0025.
    CHECK_NEAR(v.challenger_rmse, 0.9 * 0.015 + 0.1 * 1.715, 0.05);
    CHECK_NEAR(v.champion_rmse, 0.8 * 0.06 + 0.2 * 1.46, 0.05);
    CHECK_NEAR(v.log_loss, -0.9 * log(0.9) - 0.1 * log(0.05), 0.1);
    ls_dataset_clear(&t.test);
}

static void test_a_sure_tone_and_the_frequent_class_do_not_pass(void) {
    static class_trial t;
    ls_gate_verdict v;
    ls_error err = {0};
    make_classes(&t, 0.99, 0.7, 6);  // right in 70 of 100, and says 99
    CHECK_INT(ls_gates_decide(&class_gates, &t.about, &v, &err), LS_OK);
    CHECK(!v.gates[LS_GATE_CALIBRATION].passed);
    CHECK_NEAR(v.gates[LS_GATE_CALIBRATION].value, 0.195, 0.04);
    CHECK_CONTAINS(v.gates[LS_GATE_CALIBRATION].about, "was told and");
    ls_dataset_clear(&t.test);
    make_classes(&t, 0.9, 0.9, 7);
    for (size_t i = 0; i < ROWS; i++) {  // one answer for all: two classes of three are missed
        const double same[CLASSES] = {0.85, 0.075, 0.075};
        memcpy(t.challenger + i * CLASSES, same, sizeof same);
    }
    CHECK_INT(ls_gates_decide(&class_gates, &t.about, &v, &err), LS_OK);
    CHECK(!v.gates[LS_GATE_BALANCE].passed);
    CHECK_NEAR(v.gates[LS_GATE_BALANCE].value, 2.0 / 3.0, 1e-12);
    CHECK(!v.passed);
    ls_dataset_clear(&t.test);
}

// The answer is judged against how frequent a class is: 12 % for one that has 5 % of the rows says
// that it is that one.
static void test_two_classes_are_one_probability(void) {
    static trial t;
    ls_gate_verdict v;
    ls_error err = {0};
    make(&t, 0.0, 1.0, 3);
    for (size_t i = 0; i < ROWS; i++) {
        t.test.label[i] = i % 20 == 0 ? 1.0 : 0.0;
        t.champion[i] = 0.05;
        t.challenger[i] = i % 20 == 0 ? 0.12 : 0.04;
    }
    t.about.loss = LS_LOSS_BRIER;
    t.about.usual = 0.05;
    CHECK_INT(ls_gates_decide(&class_gates, &t.about, &v, &err), LS_OK);
    CHECK_NEAR(v.gates[LS_GATE_BALANCE].value, 0.0, 0.0);
    CHECK_NEAR(v.challenger_rmse, 0.05 * 0.88 * 0.88 + 0.95 * 0.04 * 0.04, 1e-12);
    CHECK_NEAR(v.champion_rmse, 0.05 * 0.95 * 0.95 + 0.95 * 0.05 * 0.05, 1e-12);
    CHECK(v.gates[LS_GATE_GAIN].passed);
    t.test.label[7] = 2.0;
    CHECK_INT(ls_gates_decide(&class_gates, &t.about, &v, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "the label of test row 7 is 2");
    ls_dataset_clear(&t.test);
}

static void test_a_quantile_is_judged_by_its_share(void) {
    static trial t;
    ls_gate_verdict v;
    ls_error err = {0};
    make(&t, 0.0, 1.0, 3);
    for (size_t i = 0; i < ROWS; i++) {
        t.test.label[i] = (double)(i % 10);
        t.champion[i] = 4.5;
        t.challenger[i] = (double)(i % 10) + (i % 5 == 0 ? -0.1 : 0.1);  // above in 8 of 10
    }
    t.about.loss = LS_LOSS_PINBALL;
    t.about.quantile = 0.8;
    t.about.usual = 7.0;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK_NEAR(v.gates[LS_GATE_COVERAGE].value, 0.8, 1e-12);
    CHECK(v.gates[LS_GATE_COVERAGE].passed);
    CHECK_NEAR(v.challenger_rmse, 0.8 * 0.1 * 0.2 + 0.2 * 0.1 * 0.8, 1e-12);
    CHECK(!v.gates[LS_GATE_BALANCE].asked && v.gates[LS_GATE_BALANCE].passed);
    t.about.quantile = 0.5;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(!v.gates[LS_GATE_COVERAGE].passed);
    ls_dataset_clear(&t.test);
}

// ---- orders

enum { ORDERED_UNITS = 4 };

// Each moment four units of grades 0 to 3, turned round; the scores are the grades with errors of
// this deviation, of the champion and the challenger.
static void make_orders(trial *t, double champion, double challenger, uint64_t seed) {
    static const char *const tags[] = {"power"};
    ls_error err;
    CHECK_INT(ls_dataset_init(&t->test, ROWS, 0, ORDERED_UNITS, &err), LS_OK);
    for (uint32_t u = 0; u < ORDERED_UNITS; u++) {
        t->test.units[u] = (const char *[]){"one", "two", "three", "four"}[u];
    }
    for (size_t i = 0; i < ROWS; i++) {
        const size_t moment = i / ORDERED_UNITS;
        t->test.unit[i] = i % ORDERED_UNITS;
        t->test.time_us[i] = (int64_t)moment * 1000000;
        t->test.label[i] = (double)((i + moment) % ORDERED_UNITS);
        t->champion[i] = t->test.label[i] + champion * next_normal(&seed);
        t->challenger[i] = t->test.label[i] + challenger * next_normal(&seed);
    }
    t->missing[0] = 0.0;
    t->about = (ls_gate_case){.test = &t->test,
                              .champion = t->champion,
                              .challenger = t->challenger,
                              .radius = (double)INFINITY,
                              .missing = t->missing,
                              .tags = tags,
                              .tag_count = 1,
                              .loss = LS_LOSS_RANK,
                              .top = 3,
                              .latency_us = 5};
}

static void test_orders(void) {
    static trial t;
    ls_gate_verdict v;
    ls_error err = {0};
    make_orders(&t, 3.0, 0.5, 5);
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(v.passed);
    CHECK_INT(v.top, 3);
    CHECK(v.challenger_rmse > 0.0 && v.challenger_rmse < 0.5 * v.champion_rmse);
    CHECK(v.champion_rmse < 1.0);
    CHECK_CONTAINS(v.gates[LS_GATE_GAIN].about, "1 - NDCG");
    CHECK_CONTAINS(v.gates[LS_GATE_GAIN].about, "on 100 moments");
    CHECK_CONTAINS(v.gates[LS_GATE_WORST].about, "what its places cost");
    // A score has no interval and no probability: nothing is asked, and nothing said to be good.
    CHECK(!v.gates[LS_GATE_COVERAGE].asked && !v.gates[LS_GATE_CALIBRATION].asked);
    CHECK_STR(v.gates[LS_GATE_COVERAGE].about, "");
    // Only the order counts: another scale is the same.
    const double loss = v.challenger_rmse, p = v.p;
    for (size_t i = 0; i < ROWS; i++) {
        t.challenger[i] = exp(t.challenger[i]) * 1e-6;
    }
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK_NEAR(v.challenger_rmse, loss, 0.0);
    CHECK_NEAR(v.p, p, 0.0);
    // The wrong way round.
    const double *mine = t.about.challenger;
    t.about.challenger = t.about.champion;
    t.about.champion = mine;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(!v.passed && !v.gates[LS_GATE_GAIN].passed);
    t.about.champion = t.about.challenger;
    t.about.challenger = mine;
    // A silent tag that makes it worse than lots.
    t.missing[0] = 0.9;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(!v.gates[LS_GATE_MISSING].passed && !v.passed);
    CHECK_CONTAINS(v.gates[LS_GATE_MISSING].about, "of an order by lot");
    t.missing[0] = 0.0;
    // One unit that is always put last loses, though all together win.
    for (size_t i = 3; i < ROWS; i += ORDERED_UNITS) {
        t.challenger[i] = -1.0;
    }
    for (size_t i = 0; i < ROWS; i++) {
        t.champion[i] = i % ORDERED_UNITS == 3 ? t.champion[i] * 0.1 + 0.9 * t.test.label[i]
                                               : t.champion[i];
    }
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
    CHECK(!v.gates[LS_GATE_WORST].passed && !v.passed);
    CHECK_CONTAINS(v.gates[LS_GATE_WORST].about, "unit 'four'");
    ls_dataset_clear(&t.test);
}

static void test_orders_that_cannot_be_judged(void) {
    static trial t;
    ls_gate_verdict v;
    ls_error err = {0};
    make_orders(&t, 3.0, 0.5, 5);
    for (size_t i = 7 * ORDERED_UNITS; i < ROWS; i++) {
        t.test.label[i] = 2.0;  // nothing to order but in the first seven moments
    }
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "7 moments are too few to compare models on: at least 8 with units");
    t.test.label[5] = 31.5;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "test row 5 is 31.5; of an order it must be a grade from 0 to 31");
    t.test.label[5] = -1.0;
    CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_ERR_INVALID);
    ls_dataset_clear(&t.test);
}

// Scores of lots against scores of lots: let in no more often than the level says.
static void test_no_better_an_order_is_seldom_let_in(void) {
    static trial t;
    int count = 0;
    for (uint64_t i = 0; i < 500; i++) {
        ls_gate_verdict v;
        ls_error err = {0};
        make_orders(&t, 1.0, 1.0, i * 7919 + 3);
        CHECK_INT(ls_gates_decide(&usual, &t.about, &v, &err), LS_OK);
        count += v.gates[LS_GATE_GAIN].passed ? 1 : 0;
        ls_dataset_clear(&t.test);
    }
    harness_note("%d of 500", count);
    CHECK(count > 8 && count < 42);  // 5 % are 25; three standard errors 15
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_no_better_is_seldom_let_in);
    TEST(test_better_is_let_in);
    TEST(test_the_error_of_a_mean_counts_what_lasts);
    TEST(test_each_gate_keeps_it_out);
    TEST(test_a_gain_that_is_asked_for);
    TEST(test_classes_that_are_told_well_pass);
    TEST(test_a_sure_tone_and_the_frequent_class_do_not_pass);
    TEST(test_two_classes_are_one_probability);
    TEST(test_a_quantile_is_judged_by_its_share);
    TEST(test_orders);
    TEST(test_orders_that_cannot_be_judged);
    TEST(test_no_better_an_order_is_seldom_let_in);
    return harness_report();
}
