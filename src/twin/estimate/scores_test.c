// scores_test.c - values worked out by hand or with another program (docs/CALIBRATE.md).
#include "twin/estimate/scores.h"

#include "tests/harness.h"

static void test_crps_of_an_ensemble(void) {
    const double members[] = {8, 9, 11, 14};
    // Mean distance 1.75 + ... : |8-10| + |9-10| + |11-10| + |14-10| = 8, over 4 = 2; pairs sum to
    // 20, 20 / 16 = 1.25 and 20 / 12 = 1.6667.
    CHECK_NEAR(ls_score_crps(members, 4, 10.0), 0.75, 1e-12);
    CHECK_NEAR(ls_score_crps_fair(members, 4, 10.0), 1.0 / 3.0, 1e-12);
    const double same[] = {5, 5};
    CHECK_NEAR(ls_score_crps_fair(same, 2, 7.0), 2.0, 1e-12);
}

static void test_interval_score(void) {
    CHECK_NEAR(ls_score_interval(8, 12, 0.1, 10), 4.0, 1e-12);
    CHECK_NEAR(ls_score_interval(8, 12, 0.1, 13), 24.0, 1e-12);
    CHECK_NEAR(ls_score_interval(8, 12, 0.1, 7.5), 14.0, 1e-12);
}

static void test_pit(void) {
    const double members[] = {1, 2, 2, 3};
    CHECK_NEAR(ls_score_pit(members, 4, 0.0, 0.5), 0.1, 1e-12);
    CHECK_NEAR(ls_score_pit(members, 4, 2.0, 0.5), (1.0 + 0.5 * 3.0) / 5.0, 1e-12);
    CHECK_NEAR(ls_score_pit(members, 4, 9.0, 0.5), 0.9, 1e-12);
}

static void test_wilson(void) {
    double low = 0.0;
    double high = 0.0;
    ls_score_wilson(87, 100, 0.95, &low, &high);
    CHECK_NEAR(low, 0.7902, 5e-5);
    CHECK_NEAR(high, 0.9224, 5e-5);
    ls_score_wilson(0, 0, 0.95, &low, &high);
    CHECK_NEAR(low, 0.0, 0.0);
    CHECK_NEAR(high, 1.0, 0.0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_crps_of_an_ensemble);
    TEST(test_interval_score);
    TEST(test_pit);
    TEST(test_wilson);
    return harness_report();
}
