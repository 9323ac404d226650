// fit_test.c - against published values, against samples of known distributions, and coverage.
#include "twin/calibrate/fit.h"

#include <math.h>
#include <stdlib.h>

#include "base/kmath.h"
#include "plant/sample.h"
#include "tests/harness.h"

static const ls_fit_time nine[] = {{5, 0, false},  {12, 0, false}, {19, 0, false},
                                   {28, 0, false}, {33, 0, false}, {41, 0, false},
                                   {60, 0, true},  {60, 0, true},  {60, 0, true}};
enum { NINE = 9, MANY = 4000 };
static ls_dist_tables no_tables;

static ls_fit_def plain(void) {
    ls_fit_def def = ls_fit_def_default();
    def.resolution = 0.0;
    def.resamples = 0;
    return def;
}

static ls_fit fit_of(const ls_fit_time *times, size_t count, const ls_fit_def *def) {
    ls_fit fit;
    CHECK_INT(ls_fit_times(times, count, def, &fit, NULL), LS_OK);
    return fit;
}

// Values of a published table; scipy agrees to all digits.
static void test_censored_likelihoods_match_the_table(void) {
    const ls_fit_def def = plain();
    const ls_fit fit = fit_of(nine, NINE, &def);
    const ls_family_fit *f = fit.family;
    CHECK_INT(fit.ended, 6);
    CHECK_INT(fit.censored, 3);
    CHECK_NEAR(f[LS_FAMILY_EXP].dist.p[0], 53.0, 1e-12);
    CHECK_NEAR(f[LS_FAMILY_EXP].log_likelihood, -29.8217514813, 5e-11);
    CHECK_NEAR(f[LS_FAMILY_WEIBULL].dist.p[0], 1.1661598325, 5e-11);
    CHECK_NEAR(f[LS_FAMILY_WEIBULL].dist.p[1], 51.4953419886, 5e-10);
    CHECK_NEAR(f[LS_FAMILY_WEIBULL].log_likelihood, -29.7348892046, 5e-11);
    CHECK_NEAR(f[LS_FAMILY_LOGNORMAL].dist.p[0], 3.557644, 5e-7);
    CHECK_NEAR(f[LS_FAMILY_LOGNORMAL].dist.p[1], 1.112185, 5e-7);
    CHECK_NEAR(f[LS_FAMILY_LOGNORMAL].log_likelihood, -29.3842898425, 5e-10);
    CHECK_NEAR(f[LS_FAMILY_GAMMA].dist.p[0], 1.332933, 5e-7);
    CHECK_NEAR(f[LS_FAMILY_GAMMA].dist.p[1], 36.70528, 5e-6);
    CHECK_NEAR(f[LS_FAMILY_GAMMA].log_likelihood, -29.6780272578, 5e-10);
    CHECK(!f[LS_FAMILY_UNIFORM].offered);
    CHECK(!f[LS_FAMILY_CONST].offered);
}

static void test_kaplan_meier_matches_the_table(void) {
    ls_survival s;
    CHECK_INT(ls_survival_make(nine, NINE, &s, NULL), LS_OK);
    CHECK_INT(s.count, 6);
    for (size_t i = 0; i < s.count; i++) {
        CHECK_NEAR(s.at[i], nine[i].value, 0);
        CHECK_NEAR(s.survival[i], (8.0 - (double)i) / 9.0, 1e-15);
    }
    CHECK_NEAR(ls_survival_at(&s, 4.9), 1.0, 0);
    CHECK_NEAR(ls_survival_at(&s, 5.0), 8.0 / 9.0, 1e-15);
    CHECK_NEAR(ls_survival_at(&s, 1e9), 3.0 / 9.0, 1e-15);
    ls_survival_clear(&s);
}

// Who came late was not at risk before: 3 at risk at 10, then 3 (one came), then 2, then 1.
static void test_late_entries_are_at_risk_only_afterwards(void) {
    const ls_fit_time times[] = {{10, 0, false}, {20, 0, false}, {30, 0, true}, {25, 15, false}};
    ls_survival s;
    CHECK_INT(ls_survival_make(times, 4, &s, NULL), LS_OK);
    CHECK_INT(s.count, 3);
    CHECK_NEAR(s.survival[0], 2.0 / 3.0, 1e-15);
    CHECK_NEAR(s.survival[1], 2.0 / 3.0 * 2.0 / 3.0, 1e-15);
    CHECK_NEAR(s.survival[2], 2.0 / 3.0 * 2.0 / 3.0 * 0.5, 1e-15);
    ls_survival_clear(&s);
}

static void test_nothing_ended_gives_a_bound_only(void) {
    const ls_fit_time times[] = {{100, 0, true}, {50, 20, true}};
    const ls_fit_def def = plain();
    const ls_fit fit = fit_of(times, 2, &def);
    CHECK(!fit.known);
    CHECK_NEAR(fit.at_least, 130.0 / 2.995732273553991, 1e-9);
    const ls_fit none = fit_of(times, 0, &def);
    CHECK(!none.known);
    CHECK_NEAR(none.at_least, 0, 0);
}

static void test_equal_values_are_a_constant_and_cap_weibull(void) {
    ls_fit_time times[20];
    for (int i = 0; i < 20; i++) {
        times[i] = (ls_fit_time){62e6, 0, false};
    }
    ls_fit_def def = plain();
    ls_fit fit = fit_of(times, 20, &def);
    CHECK_INT(fit.chosen, LS_FAMILY_CONST);
    CHECK_NEAR(fit.family[LS_FAMILY_CONST].dist.p[0], 62e6, 1e-6);
    CHECK(fit.family[LS_FAMILY_WEIBULL].capped);
    CHECK(!fit.family[LS_FAMILY_LOGNORMAL].offered);
    // A millisecond of jitter is the clock's.
    for (int i = 0; i < 20; i++) {
        times[i].value += (i % 3) * 900.0;
    }
    def.resolution = 1000.0;
    fit = fit_of(times, 20, &def);
    CHECK_INT(fit.chosen, LS_FAMILY_CONST);
    // One that took longer without ending speaks against it.
    times[19] = (ls_fit_time){80e6, 0, true};
    fit = fit_of(times, 20, &def);
    CHECK(fit.chosen != LS_FAMILY_CONST);
}

static void test_one_and_two_values_are_survived(void) {
    const ls_fit_time times[] = {{5e6, 0, false}, {7e6, 0, false}, {0, 0, false}};
    const ls_fit_def def = ls_fit_def_default();
    const ls_fit one = fit_of(times, 1, &def);
    CHECK(one.known);
    CHECK_INT(one.chosen, LS_FAMILY_EXP);
    CHECK_NEAR(one.family[one.chosen].mean, 5e6, 1);
    const ls_fit two = fit_of(times, 2, &def);
    CHECK_INT(two.chosen, LS_FAMILY_EXP);
    CHECK(two.family[two.chosen].mean_low < 6e6 && two.family[two.chosen].mean_high > 6e6);
    const ls_fit zero = fit_of(times, 3, &def);
    CHECK(zero.known);
}

static void test_times_that_cannot_be_are_refused_and_counted(void) {
    const ls_fit_time times[] = {{-1, 0, false},      {5, 6, false}, {5, 5, false}, {NAN, 0, false},
                                 {INFINITY, 0, true}, {0, 0, true},  {7, 0, false}};
    const ls_fit_def def = plain();
    const ls_fit fit = fit_of(times, 7, &def);
    CHECK_INT(fit.refused, 6);
    CHECK_INT(fit.ended, 1);
}

static void draw(const ls_dist *d, ls_fit_time *times, size_t count, uint32_t stream) {
    for (size_t i = 0; i < count; i++) {
        times[i] = (ls_fit_time){ls_dist_sample(d, NULL, ls_random_key(77, 0), stream, i), 0,
                                 false};
    }
}

static void test_families_recover_what_was_drawn(void) {
    static const char *const texts[] = {"exp 6 h",
                                        "weibull shape 2 scale 50 h",
                                        "lognormal 62 s sd 6 s",
                                        "gamma 18 min sd 6 min",
                                        "normal 62 s sd 20 s",
                                        "erlang 3 mean 10 min",
                                        "uniform 50 s to 70 s",
                                        "triangular 5 s mode 7 s to 12 s"};
    static const ls_family families[] = {
        LS_FAMILY_EXP,    LS_FAMILY_WEIBULL, LS_FAMILY_LOGNORMAL, LS_FAMILY_GAMMA,
        LS_FAMILY_NORMAL, LS_FAMILY_ERLANG,  LS_FAMILY_UNIFORM,   LS_FAMILY_TRIANGULAR};
    ls_fit_time *times = malloc(MANY * sizeof *times);
    for (uint32_t k = 0; k < 8; k++) {
        ls_dist d;
        ls_fit_def def = ls_fit_def_default();
        harness_note("%s", texts[k]);
        CHECK_INT(ls_dist_parse(texts[k], &no_tables, &d, NULL, NULL), LS_OK);
        draw(&d, times, MANY, k);
        def.old = &d;
        const ls_fit fit = fit_of(times, MANY, &def);
        // An erlang is a gamma; which of them is chosen is chance.
        if (families[k] != LS_FAMILY_ERLANG || fit.chosen != LS_FAMILY_GAMMA) {
            CHECK_STR(ls_family_name(fit.chosen), ls_family_name(families[k]));
        }
        CHECK_NEAR(fit.family[families[k]].mean / ls_dist_mean(&d, NULL), 1.0, 0.06);
        CHECK_NEAR(
            ls_dist_variance(&fit.family[families[k]].dist, NULL) / ls_dist_variance(&d, NULL), 1.0,
            0.15);
        CHECK(fit.p > 0.01);
        CHECK(!fit.old.off);
        CHECK(fit.old.fit_p > 0.01);
        CHECK(fit.distance < 0.03);
    }
    free(times);
}

static void test_an_old_value_that_is_off_is_seen(void) {
    static const char *const now[] = {"lognormal 68 s sd 6 s", "lognormal 62 s sd 12 s", "exp 4 h",
                                      "gamma 62 s sd 6 s"};
    static const char *const old[] = {"lognormal 62 s sd 6 s", "lognormal 62 s sd 6 s", "exp 6 h",
                                      "62 s"};
    ls_fit_time *times = malloc(MANY * sizeof *times);
    for (uint32_t k = 0; k < 4; k++) {
        ls_dist d;
        ls_dist was;
        ls_fit_def def = plain();
        harness_note("%s was %s", now[k], old[k]);
        CHECK_INT(ls_dist_parse(now[k], &no_tables, &d, NULL, NULL), LS_OK);
        CHECK_INT(ls_dist_parse(old[k], &no_tables, &was, NULL, NULL), LS_OK);
        draw(&d, times, 300, 20 + k);
        def.old = &was;
        const ls_fit fit = fit_of(times, 300, &def);
        CHECK(fit.old.off);
        const double truth = ls_dist_mean(&d, NULL) / ls_dist_mean(&was, NULL);
        CHECK(fit.old.ratio_low < truth * 1.02 && fit.old.ratio_high > truth * 0.98);
    }
    free(times);
}

// A wrong family shows in the bootstrap: only the exponential is offered to two clusters.
static void test_goodness_of_fit_can_say_no(void) {
    ls_fit_time times[200];
    for (int i = 0; i < 200; i++) {
        times[i] = (ls_fit_time){(i % 2 == 0 ? 10e6 : 50e6) + 1e5 * (i % 7), 0, false};
    }
    const ls_fit_def def = ls_fit_def_default();
    const ls_fit fit = fit_of(times, 200, &def);
    CHECK(fit.p < 0.02);
    CHECK(fit.distance > 0.1);
}

// Records that begin in the middle of lives: left out, the mean would be half as long again.
static void test_truncated_and_censored_times_give_the_truth(void) {
    ls_dist d;
    CHECK_INT(ls_dist_parse("weibull shape 2 scale 50 h", &no_tables, &d, NULL, NULL), LS_OK);
    ls_fit_time *times = malloc(MANY * sizeof *times);
    size_t count = 0;
    const uint64_t key = ls_random_key(5, 0);
    for (uint64_t i = 0; count < 2000; i++) {
        const double life = ls_dist_sample(&d, NULL, key, 1, i);
        const double entered = 30.0 * 3.6e9 * ls_random_uniform(key, 2, i);
        const double limit = entered + 40.0 * 3.6e9 * ls_random_uniform(key, 3, i);
        if (life > entered) {
            times[count++] = (ls_fit_time){fmin(life, limit), entered, limit < life};
        }
    }
    const ls_fit_def def = plain();
    const ls_fit fit = fit_of(times, count, &def);
    const ls_family_fit *w = &fit.family[LS_FAMILY_WEIBULL];
    CHECK_NEAR(w->dist.p[0], 2.0, 0.12);
    CHECK_NEAR(w->dist.p[1] / 3.6e9, 50.0, 2.0);
    CHECK(w->mean_low < ls_dist_mean(&d, NULL) && w->mean_high > ls_dist_mean(&d, NULL));
    free(times);
}

// Of 400 intervals at 90 %, the truth must lie in so many that 90 % is believed (three sigma).
static void test_intervals_cover_at_their_level(void) {
    static const struct {
        const char *text;
        ls_family family;
        size_t count;
        double limit;  // censored after so many means
    } cases[] = {{"exp 6 h", LS_FAMILY_EXP, 15, 1e9},
                 {"exp 6 h", LS_FAMILY_EXP, 25, 1.5},
                 {"weibull shape 2 scale 50 h", LS_FAMILY_WEIBULL, 40, 1.4},
                 {"lognormal 62 s sd 30 s", LS_FAMILY_LOGNORMAL, 30, 1e9},
                 {"gamma 18 min sd 9 min", LS_FAMILY_GAMMA, 30, 1.6},
                 {"normal 62 s sd 6 s", LS_FAMILY_NORMAL, 20, 1e9}};
    for (uint32_t k = 0; k < 6; k++) {
        ls_dist d;
        ls_fit_def def = plain();
        def.level = 0.9;
        CHECK_INT(ls_dist_parse(cases[k].text, &no_tables, &d, NULL, NULL), LS_OK);
        const double mean = ls_dist_mean(&d, NULL);
        uint64_t inside = 0;
        for (uint32_t trial = 0; trial < 400; trial++) {
            ls_fit_time times[64];
            draw(&d, times, cases[k].count, 1000 * (k + 1) + trial);
            for (size_t i = 0; i < cases[k].count; i++) {
                if (times[i].value > cases[k].limit * mean) {
                    times[i] = (ls_fit_time){cases[k].limit * mean, 0, true};
                }
            }
            const ls_fit fit = fit_of(times, cases[k].count, &def);
            const ls_family_fit *f = &fit.family[cases[k].family];
            inside += f->mean_low <= mean && mean <= f->mean_high;
        }
        harness_note("%s: %u of 400", cases[k].text, (unsigned)inside);
        const ls_share share = ls_share_make(inside, 400, 0.997);
        CHECK(share.low <= 0.9 && share.high >= 0.9);
    }
}

static void test_shares_match_the_table(void) {
    const ls_share s = ls_share_make(87, 100, 0.95);
    CHECK_NEAR(s.low, 0.7902, 5e-5);
    CHECK_NEAR(s.high, 0.9224, 5e-5);
    CHECK_NEAR(ls_share_exact_p(87, 100, 0.9), 0.3153, 5e-5);
    CHECK_NEAR(ls_share_make(0, 20, 0.95).low, 0, 0);
    CHECK_NEAR(ls_share_make(20, 20, 0.95).high, 1, 0);
    CHECK(ls_share_make(0, 0, 0.95).share != ls_share_make(0, 0, 0.95).share);
    CHECK_NEAR(ls_chi2_quantile(0.95, 1), 3.841458820694, 1e-9);
    CHECK_NEAR(ls_chi2_quantile(0.95, 10), 18.307038053275, 1e-9);
    CHECK(ls_share_differ_p(10, 100, 30, 100) < 0.001);
    CHECK(ls_share_differ_p(10, 100, 11, 100) > 0.5);
}

static void test_a_million_values_take_their_time_only(void) {
    const size_t count = 300000;
    ls_dist d;
    CHECK_INT(ls_dist_parse("lognormal 62 s sd 6 s", &no_tables, &d, NULL, NULL), LS_OK);
    ls_fit_time *times = malloc(count * sizeof *times);
    draw(&d, times, count, 9);
    ls_fit_def def = ls_fit_def_default();
    def.old = &d;
    const ls_fit fit = fit_of(times, count, &def);
    CHECK_INT(fit.chosen, LS_FAMILY_LOGNORMAL);
    CHECK_NEAR(fit.family[fit.chosen].mean, 62e6, 6e4);
    CHECK_INT(fit.resample_values, 500);
    free(times);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_censored_likelihoods_match_the_table);
    TEST(test_kaplan_meier_matches_the_table);
    TEST(test_late_entries_are_at_risk_only_afterwards);
    TEST(test_nothing_ended_gives_a_bound_only);
    TEST(test_equal_values_are_a_constant_and_cap_weibull);
    TEST(test_one_and_two_values_are_survived);
    TEST(test_times_that_cannot_be_are_refused_and_counted);
    TEST(test_families_recover_what_was_drawn);
    TEST(test_an_old_value_that_is_off_is_seen);
    TEST(test_goodness_of_fit_can_say_no);
    TEST(test_truncated_and_censored_times_give_the_truth);
    TEST(test_intervals_cover_at_their_level);
    TEST(test_shares_match_the_table);
    TEST(test_a_million_values_take_their_time_only);
    return harness_report();
}
