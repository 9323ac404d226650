// account_test.c - sums by hand, and what is not claimed.
#include "decide/prove/account.h"

#include <math.h>

#include "tests/harness.h"

static ls_claim claim(ls_decide_kind kind, bool sent, double gain, double half) {
    return (ls_claim){.kind = kind,
                      .sent = sent,
                      .gain = gain,
                      .low = gain - half,
                      .high = gain + half,
                      .level = 0.95};
}

static ls_claim came(ls_claim c, bool shown, double gain, double half) {
    c.realised = true;
    c.shown = shown;
    c.realised_gain = gain;
    c.realised_low = gain - half;
    c.realised_high = gain + half;
    return c;
}

static void test_promises_of_what_was_sent_add_up(void) {
    const ls_claim claims[] = {
        claim(LS_DECIDE_DISPATCH, true, 5, 3), claim(LS_DECIDE_DISPATCH, true, 7, 4),
        claim(LS_DECIDE_DISPATCH, false, 100, 1), claim(LS_DECIDE_CONWIP, false, 2, 1)};
    ls_account_row rows[LS_DECIDE_KIND_COUNT];
    CHECK_INT(ls_account_make(claims, 4, rows), 2);
    CHECK_INT(rows[0].kind, LS_DECIDE_DISPATCH);
    CHECK_INT(rows[0].decisions, 3);
    CHECK_INT(rows[0].sent, 2);
    CHECK_NEAR(rows[0].promised, 12, 1e-12);
    CHECK_NEAR(rows[0].low, 7, 1e-12);
    CHECK_NEAR(rows[0].high, 17, 1e-12);
    CHECK_NEAR(rows[0].low_together, 5, 1e-12);
    CHECK_NEAR(rows[0].high_together, 19, 1e-12);
    CHECK(isnan(rows[0].gain));
    CHECK_CONTAINS(rows[0].why_not, "horizon");
    CHECK_CONTAINS(rows[1].why_not, "nothing of this kind was done");
}

static void test_promises_of_one_rule_err_together(void) {
    ls_claim claims[3] = {claim(LS_DECIDE_DISPATCH, true, 10.0, 3.0),
                          claim(LS_DECIDE_DISPATCH, true, 10.0, 1.0),
                          claim(LS_DECIDE_DISPATCH, true, 10.0, 3.0)};
    ls_account_row rows[LS_DECIDE_KIND_COUNT];
    claims[0].of_rule = true;
    claims[1].of_rule = true;
    CHECK_INT(ls_account_make(claims, 3, rows), 1);
    CHECK(rows[0].low == 25.0);  // 30 less the root of (3 + 1)^2 + 3^2
    CHECK(rows[0].high == 35.0);
    CHECK(rows[0].low_together == 23.0);
}

static void test_what_came_is_counted_against_what_was_promised(void) {
    const ls_claim claims[] = {came(claim(LS_DECIDE_BATCH, true, 5, 3), true, 6, 1),
                               came(claim(LS_DECIDE_BATCH, true, 5, 3), true, 1, 1),
                               came(claim(LS_DECIDE_BATCH, true, 5, 3), false, 4, 9)};
    ls_account_row rows[LS_DECIDE_KIND_COUNT];
    CHECK_INT(ls_account_make(claims, 3, rows), 1);
    CHECK_INT(rows[0].realised, 3);
    CHECK_INT(rows[0].shown, 2);
    CHECK_INT(rows[0].inside, 2);
    CHECK_NEAR(rows[0].expected, 2.85, 1e-12);
    CHECK_NEAR(rows[0].gain, 7, 1e-12);
    CHECK_NEAR(rows[0].gain_low, 5, 1e-12);
    CHECK_NEAR(rows[0].gain_high, 9, 1e-12);
    CHECK_STR(rows[0].why_not, "");
}

static void test_gains_below_the_error_are_not_shown(void) {
    const ls_claim claims[] = {came(claim(LS_DECIDE_SETUP, true, 5, 3), false, 4, 9),
                               claim(LS_DECIDE_SETUP, true, NAN, NAN)};
    ls_account_row rows[LS_DECIDE_KIND_COUNT];
    CHECK_INT(ls_account_make(claims, 2, rows), 1);
    CHECK_INT(rows[0].sent, 2);
    CHECK_NEAR(rows[0].promised, 5, 0);
    CHECK(isnan(rows[0].gain));
    CHECK_CONTAINS(rows[0].why_not, "error with which the twin");
    CHECK_INT(ls_account_make(claims, 0, rows), 0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_promises_of_what_was_sent_add_up);
    TEST(test_promises_of_one_rule_err_together);
    TEST(test_what_came_is_counted_against_what_was_promised);
    TEST(test_gains_below_the_error_are_not_shown);
    return harness_report();
}
