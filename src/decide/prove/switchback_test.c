// switchback_test.c - every assignment of small designs, enumerated; published formulas and traps.
#include "decide/prove/switchback.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "tests/harness.h"

enum { MOST = 64 };
static const int64_t hour_us = 3600 * INT64_C(1000000);

static double unit(uint64_t n) {
    return ls_random_uniform(ls_random_key(7, 0), 1, n);
}

static ls_switchback design(uint32_t periods, uint32_t order) {
    return (ls_switchback){.periods = periods, .order = order, .period_us = hour_us};
}

static void throw(uint32_t number, uint32_t count, uint8_t *coins) {
    for (uint32_t i = 0; i < count; i++) {
        coins[i] = (uint8_t)(number >> i & 1);
    }
}

static void test_coins_stand_where_the_design_says(void) {
    static const struct {
        uint32_t periods, order, starts[8], count;
    } cases[] = {
        {12, 2, {1, 5, 7, 9}, 4},
        {8, 1, {1, 3, 4, 5, 6, 7}, 6},
        {18, 3, {1, 7, 10, 13}, 4},
        {5, 0, {1, 2, 3, 4, 5}, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ls_switchback d = design(cases[i].periods, cases[i].order);
        uint32_t found = 0;
        CHECK_INT(ls_switchback_coins(&d), cases[i].count);
        for (uint32_t t = 0; t < d.periods; t++) {
            if (t == 0 || ls_switchback_coin(&d, t) != ls_switchback_coin(&d, t - 1)) {
                CHECK_INT(t + 1, cases[i].starts[found++]);
            }
        }
        CHECK_INT(found, cases[i].count);
    }
}

static void test_the_estimate_is_exact_on_average_and_its_variance_conservative(void) {
    static const struct {
        uint32_t periods, order;
        double variance, estimate;
    } cases[] = {
        {12, 2, 269.20800000, 406.51840000},
        {8, 1, 196.07755102, 279.11510204},
        {10, 1, 161.37037037, 222.99851852},
        {18, 3, 288.04960000, 435.91360000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const ls_switchback d = design(cases[i].periods, cases[i].order);
        const uint32_t coins = ls_switchback_coins(&d);
        const uint32_t all = 1U << coins;
        double mean = 0.0;
        double squares = 0.0;
        double estimate = 0.0;
        for (uint32_t n = 0; n < all; n++) {
            uint8_t w[MOST];
            double y[MOST];
            throw(n, coins, w);
            for (uint32_t t = 0; t < d.periods; t++) {
                const uint32_t from = t > d.order ? t - d.order : 0;
                double share = 0.0;
                for (uint32_t s = from; s <= t; s++) {
                    share += w[ls_switchback_coin(&d, s)];
                }
                y[t] = 9.0 + 0.1 * (t + 1) + share / (t - from + 1);
            }
            const double ht = ls_switchback_ht(&d, w, y);
            mean += ht / all;
            squares += ht * ht / all;
            estimate += ls_switchback_variance(&d, w, y) / all;
        }
        harness_note("%u periods, order %u", d.periods, d.order);
        CHECK_NEAR(mean, 1.0, 1e-9);
        CHECK_NEAR(squares - mean * mean, cases[i].variance, 1e-7);
        CHECK_NEAR(estimate, cases[i].estimate, 1e-7);
    }
}

// Outcomes of either sign, made at random for either rule, depending on the rule of the window.
static void test_the_centred_variance_bounds_the_true_one_for_outcomes_of_any_sign(void) {
    static const ls_switchback designs[] = {{8, 2, 1}, {12, 2, 1}, {7, 1, 1}, {8, 1, 1}, {6, 0, 1}};
    for (uint32_t k = 0; k < 500; k++) {
        const ls_switchback d = designs[k % 5];
        const uint32_t coins = ls_switchback_coins(&d);
        const uint32_t all = 1U << coins;
        double mean = 0.0;
        double squares = 0.0;
        double estimate = 0.0;
        for (uint32_t n = 0; n < all; n++) {
            uint8_t w[MOST];
            double y[MOST];
            throw(n, coins, w);
            for (uint32_t t = 0; t < d.periods; t++) {
                const uint8_t now = w[ls_switchback_coin(&d, t)];
                const uint8_t then = w[ls_switchback_coin(&d, t > d.order ? t - d.order : 0)];
                y[t] = unit(1000ULL * k + 4ULL * t + 2U * now + then) - 0.5;
            }
            const double ht = ls_switchback_ht(&d, w, y);
            mean += ht / all;
            squares += ht * ht / all;
            estimate += ls_switchback_variance_centred(&d, w, y) / all;
        }
        harness_note("case %u: true %g, estimated %g", k, squares - mean * mean, estimate);
        CHECK(estimate >= squares - mean * mean - 1e-12);
    }
}

// Looked at before the end, where the last block seen has a coin of its own.
static void test_the_variance_of_a_first_part_bounds_the_true_one_too(void) {
    const ls_switchback d = design(14, 1);
    for (uint32_t k = 0; k < 40; k++) {
        const uint32_t seen = 10 + k % 5;
        double mean = 0.0;
        double squares = 0.0;
        double estimate = 0.0;
        for (uint32_t n = 0; n < 1U << 12; n++) {
            uint8_t w[MOST];
            double y[MOST];
            ls_switchback_look look;
            ls_error err = {0};
            throw(n, 12, w);
            for (uint32_t t = 0; t < d.periods; t++) {
                const uint8_t now = w[ls_switchback_coin(&d, t)];
                const uint8_t then = w[ls_switchback_coin(&d, t > 0 ? t - 1 : 0)];
                y[t] = unit(500000 + 1000ULL * k + 4ULL * t + 2U * now + then) - 0.5;
            }
            const ls_switchback_def def = {
                .design = d, .carryover_us = hour_us, .coins = w, .outcomes = y, .level = 0.95};
            CHECK_INT(ls_switchback_look_at(&def, seen, &look, &err), LS_OK);
            CHECK_INT(look.seen, seen);
            mean += look.effect / (1 << 12);
            squares += look.effect * look.effect / (1 << 12);
            estimate += look.variance / look.values / (1 << 12);
        }
        harness_note("case %u: true %g, estimated %g", k, squares - mean * mean, estimate);
        CHECK(estimate >= squares - mean * mean - 1e-12);
    }
}

static void test_a_look_reads_nothing_that_has_not_happened(void) {
    const ls_switchback d = design(16, 1);
    uint8_t coins[MOST] = {0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1, 1};
    double y[MOST];
    ls_switchback_look few;
    ls_switchback_look look;
    ls_switchback_look again;
    ls_error err = {0};
    for (uint32_t t = 0; t < MOST; t++) {
        y[t] = t < 12 ? unit(t) - 0.5 : NAN;
    }
    const ls_switchback_def def = {
        .design = d, .carryover_us = hour_us, .coins = coins, .outcomes = y, .level = 0.95};
    CHECK_INT(ls_switchback_look_at(&def, 9, &few, &err), LS_OK);
    CHECK(isnan(few.effect) && isinf(few.high) && !few.claimed);
    CHECK_NEAR(few.p, 1.0, 0.0);
    CHECK_INT(ls_switchback_look_at(&def, 12, &look, &err), LS_OK);
    CHECK(isfinite(look.effect) && look.low < look.effect && look.effect < look.high);
    coins[11] ^= 1;  // of period 13, not thrown yet
    CHECK_INT(ls_switchback_look_at(&def, 12, &again, &err), LS_OK);
    CHECK_NEAR(again.effect, look.effect, 0.0);
    CHECK_NEAR(again.high, look.high, 0.0);
    CHECK_INT(ls_switchback_look_at(&def, 13, &again, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "period 13");
}

static const double example[12] = {10.2, 11.1, 11.4, 11.0, 10.6, 9.8,
                                   10.1, 11.3, 11.2, 11.5, 11.1, 11.4};

static void test_the_example_of_the_book(void) {
    const ls_switchback d = design(12, 2);
    const uint8_t coins[4] = {1, 0, 1, 1};
    double centred[12];
    double mean = 0.0;
    for (int t = 0; t < 12; t++) {
        mean += example[t] / 12;
    }
    for (int t = 0; t < 12; t++) {
        centred[t] = example[t] - mean;
    }
    CHECK_NEAR(ls_switchback_ht(&d, coins, example), 18.06, 1e-9);
    CHECK_NEAR(ls_switchback_variance(&d, coins, example), 327.2536, 1e-9);
    CHECK_NEAR(ls_switchback_p(&d, coins, example, 1), 4.0 / 16.0, 1e-12);
    CHECK_NEAR(ls_switchback_ht(&d, coins, centred), 0.6333, 5e-5);
    CHECK(isnan(ls_switchback_hajek(&d, coins, example)));  // no window lies in the old rule alone
    const uint8_t others[4] = {1, 0, 0, 1};
    CHECK_NEAR(ls_switchback_hajek(&d, others, centred), ls_switchback_hajek(&d, others, example),
               1e-12);
    CHECK(fabs(ls_switchback_hajek(&d, others, example)) < 2.0);
}

static ls_status analyse(const ls_switchback *d, int64_t carryover_us, const uint8_t *coins,
                         const double *y, const double *forecast, double centre,
                         ls_switchback_result *out, ls_error *err) {
    const ls_switchback_def def = {.design = *d,
                                   .carryover_us = carryover_us,
                                   .coins = coins,
                                   .outcomes = y,
                                   .forecast = forecast,
                                   .centre = centre,
                                   .level = 0.95,
                                   .seed = 3};
    return ls_switchback_analyse(&def, out, err);
}

static void test_blocks_shorter_than_the_carryover_are_refused_with_the_needed_length(void) {
    // FIFO against LSU on MiniFab: blocks of 12 h, and rules that agree again after days.
    const ls_switchback d = {.periods = 48, .order = 12, .period_us = hour_us};
    const double y[48] = {0};
    const uint8_t coins[2] = {0, 1};
    ls_switchback_result r;
    ls_error err = {0};
    CHECK_INT(analyse(&d, 96 * hour_us, coins, y, NULL, 0, &r, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "shorter than the carryover");
    CHECK_CONTAINS(err.hint, "4 d");
    CHECK_INT(analyse(&d, 12 * hour_us + 1, coins, y, NULL, 0, &r, &err), LS_ERR_INVALID);
    CHECK_INT(analyse(&d, -1, coins, y, NULL, 0, &r, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "not known");
    CHECK_INT(analyse(&d, 12 * hour_us, coins, y, NULL, 0, &r, &err), LS_OK);
}

static void test_shapes_that_are_no_design_are_refused(void) {
    static const ls_switchback bad[] = {{0, 0, 1}, {3, 1, 1}, {3, 0, 1},         {9, 2, 1},
                                        {6, 2, 1}, {8, 1, 0}, {UINT32_MAX, 1, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ls_error err = {0};
        CHECK_INT(ls_switchback_check(&bad[i], 0, &err), LS_ERR_INVALID);
    }
}

static void test_a_missing_period_is_no_answer(void) {
    const ls_switchback d = design(12, 2);
    const uint8_t coins[4] = {1, 0, 1, 1};
    double y[12];
    ls_switchback_result r;
    ls_error err = {0};
    memcpy(y, example, sizeof y);
    y[6] = NAN;
    CHECK_INT(analyse(&d, 2 * hour_us, coins, y, NULL, 10, &r, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "period 7");
}

static void test_few_coins_cannot_be_significant(void) {
    const ls_switchback d = design(12, 2);
    const uint8_t coins[4] = {1, 0, 0, 1};
    ls_switchback_result r;
    ls_error err = {0};
    CHECK_INT(analyse(&d, 2 * hour_us, coins, example, NULL, 10.9, &r, &err), LS_OK);
    CHECK_NEAR(r.p_least, 1.0 / 8.0, 1e-12);
    CHECK(r.p >= r.p_least - 1e-12);
    CHECK(!r.claimed);
}

static int runs_wanted(void) {
    const char *soak = getenv("LINESHAFT_SOAK");
    return soak != NULL && soak[0] != '\0' ? 1000 : 40;
}

typedef struct many {
    int claimed, covered;
    int early;  // claimed by looking after every period
    double width;
} many;

// A soak takes a while: a line now and then says how far it is.
static void progress(const char *what, int done, int runs) {
    if (runs > 100 && done % (runs / 10) == 0) {
        fprintf(stderr, "%s: %d of %d\n", what, done, runs);
    }
}

// Experiments of 56 coins; noise, a slow wave and a ramp that no coin can follow.
static many run_many(int runs, double effect, bool adjusted) {
    const ls_switchback d = design(58, 1);
    many out = {0};
    for (int k = 0; k < runs; k++) {
        uint8_t coins[MOST];
        double y[MOST];
        double forecast[MOST];
        ls_switchback_result r;
        ls_error err = {0};
        for (uint32_t i = 0; i < ls_switchback_coins(&d); i++) {
            coins[i] = ls_switchback_draw(900 + (uint64_t)k, i);
        }
        for (uint32_t t = 0; t < d.periods; t++) {
            const uint8_t now = coins[ls_switchback_coin(&d, t)];
            const uint8_t then = coins[ls_switchback_coin(&d, t > 0 ? t - 1 : 0)];
            forecast[t] = 50.0 + 0.05 * t + 2.0 * sin(t * 0.7);
            y[t] = forecast[t] + unit(100000 + 100 * (uint64_t)k + t) - 0.5 +
                   effect * 0.5 * (now + then);
        }
        const ls_switchback_def def = {.design = d,
                                       .carryover_us = hour_us,
                                       .coins = coins,
                                       .outcomes = y,
                                       .forecast = adjusted ? forecast : NULL,
                                       .centre = adjusted ? 0.0 : 51.0,
                                       .level = 0.95,
                                       .seed = 3};
        CHECK_INT(ls_switchback_analyse(&def, &r, &err), LS_OK);
        ls_switchback_look look;
        CHECK_INT(ls_switchback_look_at(&def, d.periods, &look, &err), LS_OK);
        out.early += look.claimed;
        out.claimed += r.claimed;
        out.covered += r.low <= effect && effect <= r.high;
        out.width += (r.high - r.low) / runs;
        progress(adjusted ? "an effect" : "the same rule", k + 1, runs);
    }
    return out;
}

static void test_the_same_rule_twice_claims_nothing_and_an_effect_is_covered(void) {
    const int runs = runs_wanted();
    const many same = run_many(runs, 0.0, false);
    const many effect = run_many(runs, 0.8, true);
    char said[400];
    snprintf(said, sizeof said,
             "of %d: same rule claimed %d (looking always %d), covered %d, width %g; effect 0.8 "
             "claimed %d (looking always %d), covered %d, width %g",
             runs, same.claimed, same.early, same.covered, same.width, effect.claimed, effect.early,
             effect.covered, effect.width);
    harness_note("%s", said);
    if (getenv("LINESHAFT_SHOW") != NULL) {
        printf("%s\n", said);
    }
    CHECK(same.claimed <= 0.05 * runs + 1);  // conservative: far fewer
    CHECK(same.early <= 0.05 * runs + 1);
    CHECK(same.covered >= 0.93 * runs - 2);
    CHECK(effect.covered >= 0.93 * runs - 2);
    CHECK(effect.claimed >= runs / 2);
    CHECK(effect.width < 0.5 * same.width);
}

static void test_without_memory_it_says_so(void) {
    const ls_switchback d = design(12, 2);
    const uint8_t coins[4] = {1, 0, 1, 1};
    for (int i = 0; i < 2; i++) {
        ls_switchback_result r;
        ls_error err = {0};
        ls_alloc_fail_after(i);
        CHECK_INT(analyse(&d, 2 * hour_us, coins, example, NULL, 10, &r, &err), LS_ERR_MEMORY);
        ls_alloc_fail_after(-1);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_coins_stand_where_the_design_says);
    TEST(test_the_estimate_is_exact_on_average_and_its_variance_conservative);
    TEST(test_the_centred_variance_bounds_the_true_one_for_outcomes_of_any_sign);
    TEST(test_the_variance_of_a_first_part_bounds_the_true_one_too);
    TEST(test_a_look_reads_nothing_that_has_not_happened);
    TEST(test_the_example_of_the_book);
    TEST(test_blocks_shorter_than_the_carryover_are_refused_with_the_needed_length);
    TEST(test_shapes_that_are_no_design_are_refused);
    TEST(test_a_missing_period_is_no_answer);
    TEST(test_few_coins_cannot_be_significant);
    TEST(test_the_same_rule_twice_claims_nothing_and_an_effect_is_covered);
    TEST(test_without_memory_it_says_so);
    return harness_report();
}
