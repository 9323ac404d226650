// load_rule_test.c - a service that follows its load: more at once, fewer after a while, never out
// of its bounds; and the rule in one pass is the rule as it is written down.
#include "exec/load_rule.h"

#include <math.h>

#include "tests/harness.h"

#define SECOND INT64_C(1000000)

static void test_more_at_once_and_fewer_after_a_while(void) {
    ls_load_rule r;
    ls_load_rule_init(&r, 0.7, 60 * SECOND, 0, 1);
    CHECK_INT(ls_load_rule_wanted(&r, 5 * SECOND, 0.95, 1, 1, 8), 2);
    CHECK_INT(ls_load_rule_wanted(&r, 10 * SECOND, 2.0, 2, 1, 8), 3);
    // Within a tenth of what is wanted nothing changes: 2.2 of 3 is 73 %.
    CHECK_INT(ls_load_rule_wanted(&r, 15 * SECOND, 2.2, 3, 1, 8), 3);
    CHECK_INT(ls_load_rule_wanted(&r, 20 * SECOND, 9.0, 3, 1, 8), 8);
    // It falls: kept for a minute from the last time that so many were wanted.
    CHECK_INT(ls_load_rule_wanted(&r, 25 * SECOND, 1.0, 8, 1, 8), 8);
    CHECK_INT(ls_load_rule_wanted(&r, 79 * SECOND, 1.0, 8, 1, 8), 8);
    CHECK_INT(ls_load_rule_wanted(&r, 80 * SECOND, 1.0, 8, 1, 8), 2);
    CHECK_INT(ls_load_rule_wanted(&r, 200 * SECOND, 0.0, 2, 1, 8), 1);
    CHECK_INT(ls_load_rule_wanted(&r, 400 * SECOND, 0.0, 1, 0, 8), 0);
}

static void test_what_it_has_is_kept_until_it_is_known_how_busy_it_is(void) {
    ls_load_rule r;
    ls_load_rule_init(&r, 0.5, 10 * SECOND, 0, 6);
    CHECK_INT(ls_load_rule_wanted(&r, 9 * SECOND, 0.0, 6, 1, 8), 6);
    CHECK_INT(ls_load_rule_wanted(&r, 10 * SECOND, 0.0, 6, 1, 8), 1);
}

// The largest wish of the last `calm_us`, looked for in all of them.
static void test_it_is_the_largest_wish_of_its_window(void) {
    enum { STEPS = 2000, STEP_S = 5, CALM_S = 300 };
    static uint32_t wishes[STEPS];
    ls_load_rule r;
    uint64_t seed = 7;
    ls_load_rule_init(&r, 0.7, CALM_S * SECOND, 0, 1);
    wishes[0] = 1;
    uint32_t parts = 1;
    for (int i = 1; i < STEPS; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const double used = (double)(seed >> 40) / (double)(1 << 24) * (double)parts;
        const double ratio = used / (0.7 * (double)parts);
        const double exact = ceil(used / 0.7 - 1e-9);
        uint32_t wish = fabs(ratio - 1.0) <= 0.1 ? parts : (uint32_t)exact;
        wishes[i] = wish < 1 ? 1 : wish > 40 ? 40 : wish;
        uint32_t largest = 0;
        for (int k = i; k >= 0 && (i - k) * STEP_S < CALM_S; k--) {
            largest = wishes[k] > largest ? wishes[k] : largest;
        }
        parts = ls_load_rule_wanted(&r, (int64_t)i * STEP_S * SECOND, used, parts, 1, 40);
        CHECK_INT(parts, largest);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_more_at_once_and_fewer_after_a_while);
    TEST(test_what_it_has_is_kept_until_it_is_known_how_busy_it_is);
    TEST(test_it_is_the_largest_wish_of_its_window);
    return harness_report();
}
