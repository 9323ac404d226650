#include "cli/estimate.h"

#include <math.h>

#include "tests/harness.h"

static const char *shown(double mean, double half_width, double scale) {
    static char text[LS_ESTIMATE_SIZE];
    ls_estimate_show((ls_estimate){mean, half_width, 10}, scale, text, sizeof text);
    return text;
}

static const char *shown_mean(double mean, double half_width) {
    static char text[LS_ESTIMATE_SIZE];
    ls_estimate_show_mean((ls_estimate){mean, half_width, 10}, 1.0, text, sizeof text);
    return text;
}

static void test_digits_follow_the_half_width(void) {
    CHECK_STR(shown(12.3456, 0.0312, 1.0), "12.346 ± 0.031");
    CHECK_STR(shown(2186.4, 12.2, 1.0), "2186 ± 12");
    CHECK_STR(shown(2186.4, 1234.0, 1.0), "2186 ± 1234");
    CHECK_STR(shown(0.93214, 0.0041, 100.0), "93.21 ± 0.41");
}

static void test_without_half_width_four_digits(void) {
    CHECK_STR(shown(12.34567, NAN, 1.0), "12.35");
    CHECK_STR(shown(12.34567, INFINITY, 1.0), "12.35");
    CHECK_STR(shown(123456.7, NAN, 1.0), "123457");
    CHECK_STR(shown(5040, 0.0, 1.0), "5040");
    CHECK_STR(shown(0.0, 0.0, 1.0), "0");
}

static void test_nothing_known_is_a_dash(void) {
    CHECK_STR(shown(NAN, NAN, 1.0), "-");
}

static void test_a_mean_alone_has_no_idle_digits(void) {
    CHECK_STR(shown_mean(111.111127, 0.000002), "111.1");
    CHECK_STR(shown_mean(111.111127, 3.2), "111.1");
    CHECK_STR(shown_mean(111.111127, 32.0), "111");
}

static void test_differences_have_a_sign(void) {
    char text[LS_ESTIMATE_SIZE];
    ls_estimate_show_difference((ls_estimate){0.5, 0.12, 5}, 1.0, text, sizeof text);
    CHECK_STR(text, "+0.50 ± 0.12");
    ls_estimate_show_difference((ls_estimate){-0.5, 0.12, 5}, 1.0, text, sizeof text);
    CHECK_STR(text, "-0.50 ± 0.12");
}

static void test_times_get_a_unit_that_reads_well(void) {
    CHECK_STR(ls_time_scale_for(62.0).unit, "s");
    CHECK_STR(ls_time_scale_for(600.0).unit, "min");
    CHECK_STR(ls_time_scale_for(36000.0).unit, "h");
    CHECK_STR(ls_time_scale_for(864000.0).unit, "d");
    CHECK_STR(ls_time_scale_for(NAN).unit, "s");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_digits_follow_the_half_width);
    TEST(test_without_half_width_four_digits);
    TEST(test_nothing_known_is_a_dash);
    TEST(test_a_mean_alone_has_no_idle_digits);
    TEST(test_differences_have_a_sign);
    TEST(test_times_get_a_unit_that_reads_well);
    return harness_report();
}
