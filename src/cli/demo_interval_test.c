// demo_interval_test.c - the demo's interval covers what it should, also where windows hang
// together.
#include "cli/demo_interval.h"

#include <math.h>

#include "base/random.h"
#include "tests/harness.h"

enum { RUNS = 2000, MOST = 200 };

static double normal(uint64_t run, uint64_t i) {
    double sum = -6.0;
    for (uint64_t k = 0; k < 12; k++) {
        sum += ls_random_uniform(run, 1, i * 12 + k);
    }
    return sum;
}

// Share of runs of an autoregression with mean 3 whose interval holds 3.
static double coverage(double phi, size_t count) {
    uint32_t held = 0;
    for (uint64_t run = 0; run < RUNS; run++) {
        double values[MOST];
        double state = normal(run, MOST) / sqrt(1.0 - phi * phi);
        double mean = 0.0;
        for (size_t i = 0; i < count; i++) {
            state = phi * state + normal(run, i);
            values[i] = 3.0 + state;
        }
        const size_t batches = count < LS_DEMO_BATCHES ? count : LS_DEMO_BATCHES;
        const size_t used = count / batches * batches;
        for (size_t i = count - used; i < count; i++) {
            mean += values[i] / (double)used;
        }
        held += fabs(mean - 3.0) <= ls_demo_half_width(values, count);
    }
    return (double)held / RUNS;
}

static void test_windows_that_do_not_hang_together_are_covered(void) {
    CHECK(coverage(0.0, 12) >= 0.94);
    CHECK(coverage(0.0, 60) >= 0.94);
}

static void test_windows_that_hang_together_are_covered(void) {
    harness_note("phi .4: %.3f of 12, %.3f of 30; phi .8: %.3f of 60, %.3f of 200",
                 coverage(0.4, 12), coverage(0.4, 30), coverage(0.8, 60), coverage(0.8, 200));
    CHECK(coverage(0.4, 12) >= 0.90);
    CHECK(coverage(0.4, 30) >= 0.91);
    CHECK(coverage(0.8, 200) >= 0.92);
}

static void test_a_few_windows_give_none(void) {
    const double values[] = {1, 2, 3, 4, 5, 6, 7};
    CHECK(isnan(ls_demo_half_width(values, 7)));
    CHECK(isnan(ls_demo_half_width(NULL, 0)));
}

static void test_equal_windows_leave_no_doubt(void) {
    const double values[] = {2, 2, 2, 2, 2, 2, 2, 2};
    CHECK(ls_demo_half_width(values, 8) == 0.0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_windows_that_do_not_hang_together_are_covered);
    TEST(test_windows_that_hang_together_are_covered);
    TEST(test_a_few_windows_give_none);
    TEST(test_equal_windows_leave_no_doubt);
    return harness_report();
}
