// distribution_test.c - makers, the text forms both ways, and every error.
#include "plant/distribution.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "tests/harness.h"

static void test_makers_match_known_parameters(void) {
    ls_dist d;
    CHECK_INT(ls_dist_make_lognormal(62, 6, &d, NULL), LS_OK);
    CHECK_NEAR(d.p[0], 4.1224735537815235, 1e-14);
    CHECK_NEAR(d.p[1], 0.096548757253193136, 1e-15);
    CHECK_INT(ls_dist_make_normal(62, 40, &d, NULL), LS_OK);
    CHECK_NEAR(ls_dist_mean(&d, NULL), 67.1098686449979, 1e-11);
    CHECK_NEAR(ls_dist_variance(&d, NULL), 1257.077386441, 1e-8);
    CHECK_INT(ls_dist_make_weibull(2, 50, &d, NULL), LS_OK);
    CHECK_NEAR(ls_dist_mean(&d, NULL), 44.3113462726379, 1e-12);
    CHECK_NEAR(ls_dist_variance(&d, NULL), 536.5045915063792, 1e-10);
    CHECK_INT(ls_dist_make_weibull_mean(2, 44.3113462726379, &d, NULL), LS_OK);
    CHECK_NEAR(d.p[1], 50, 1e-12);
    CHECK_INT(ls_dist_make_gamma(18, 6, &d, NULL), LS_OK);
    CHECK_NEAR(d.p[0], 9, 1e-14);
    CHECK_NEAR(d.p[1], 2, 1e-14);
    CHECK_INT(ls_dist_make_pert(4, 5, 9, &d, NULL), LS_OK);
    CHECK_NEAR(ls_dist_mean(&d, NULL), (4 + 4 * 5 + 9) / 6.0, 1e-14);
    CHECK_INT(ls_dist_make_lognormal_log(3.5, 0.6, &d, NULL), LS_OK);
    CHECK_NEAR(ls_dist_mean(&d, NULL), exp(3.68), 1e-12);
    CHECK_NEAR(ls_dist_variance(&d, NULL), exp(7.36) * expm1(0.36), 1e-9);
}

static void test_a_zeroed_distribution_is_the_constant_0(void) {
    const ls_dist d = {0};
    char text[64];
    ls_dist_print(&d, NULL, text, sizeof text);
    CHECK_STR(text, "0 s");
    CHECK_NEAR(ls_dist_mean(&d, NULL), 0, 0);
}

// What is read, and how it is printed again.
static const char *const forms[][2] = {
    {"62 s", "62 s"},
    {"  62s  ", "62 s"},
    {"0", "0 s"},
    {"const 62 s", "62 s"},
    {"const 1 h 30 min", "1.5 h"},
    {"uniform 50 s to 70 s", "uniform 50 s to 70 s"},
    {"uniform 0 to 1 min", "uniform 0 s to 1 min"},
    {"triangular 5 s mode 7 s to 12 s", "triangular 5 s mode 7 s to 12 s"},
    {"normal 62 s sd 6 s", "normal 62 s sd 6 s"},
    {"lognormal 62 s sd 6 s", "lognormal 62 s sd 6 s"},
    {"lognormal   62 s\tsd  6.5 s", "lognormal 62 s sd 6.5 s"},
    {"exp 6 h", "exp 6 h"},
    {"erlang 3 mean 10 min", "erlang 3 mean 10 min"},
    {"gamma 18 min sd 6 min", "gamma 18 min sd 6 min"},
    {"gamma 1 h 30 min sd 1 h", "gamma 1.5 h sd 1 h"},
    {"weibull shape 2 scale 50 h", "weibull shape 2 scale 50 h"},
    {"weibull shape 0.73 scale 50 h", "weibull shape 0.73 scale 50 h"},
    {"pert 4 min mode 5 min to 9 min", "pert 4 min mode 5 min to 9 min"},
    {"empirical 12 s 18 s 25 s", "empirical 12 s 18 s 25 s"},
    {"empirical 25s 18 s 12s 18 s", "empirical 12 s 18 s 18 s 25 s"},
    {"discrete 60 s 80 % 90 s 20 %", "discrete 1 min 80 % 1.5 min 20 %"},
    {"discrete 90 s 20% 60 s 80%", "discrete 1 min 80 % 1.5 min 20 %"},
    {"discrete 1 h 30 min 12.5 % 60 s 87.5 %", "discrete 1 min 87.5 % 1.5 h 12.5 %"},
    {"discrete 60 s 30 % 90 s 40 % 60 s 30 %", "discrete 1 min 60 % 1.5 min 40 %"},
};

static void test_forms_are_read_and_printed_again(void) {
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        ls_dist_tables tables;
        ls_dist_tables_init(&tables);
        ls_dist first;
        ls_dist_request request;
        ls_error err = {0};
        harness_note("%s", forms[i][0]);
        CHECK_INT(ls_dist_parse(forms[i][0], &tables, &first, &request, &err), LS_OK);
        CHECK_STR(err.text, "");
        CHECK(!request.wants_file);
        char text[256];
        char again[256];
        const size_t length = ls_dist_print(&first, tables.items, text, sizeof text);
        CHECK_INT(length, strlen(text));
        const uint32_t count = tables.count;
        ls_dist second;
        CHECK_INT(ls_dist_parse(text, &tables, &second, NULL, &err), LS_OK);
        ls_dist_print(&second, tables.items, again, sizeof again);
        CHECK_STR(again, text);
        CHECK_NEAR(ls_dist_mean(&second, tables.items), ls_dist_mean(&first, tables.items),
                   1e-12 * ls_dist_mean(&first, tables.items));
        CHECK_BYTES(second.p, first.p, sizeof first.p);
        CHECK_INT(first.table_at, 0);
        CHECK_INT(second.table_count, first.table_count);
        CHECK_INT(tables.count, 2 * count);
        ls_dist_tables_clear(&tables);
    }
}

static void test_printed_forms_are_the_expected_ones(void) {
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        ls_dist_tables tables = {0};
        ls_dist d;
        char text[256];
        CHECK_INT(ls_dist_parse(forms[i][0], &tables, &d, NULL, NULL), LS_OK);
        ls_dist_print(&d, tables.items, text, sizeof text);
        harness_note("%s", forms[i][0]);
        CHECK_STR(text, forms[i][1]);
        ls_dist_tables_clear(&tables);
    }
}

static void test_a_short_buffer_cuts_the_text(void) {
    ls_dist d;
    CHECK_INT(ls_dist_make_exp(6 * 3600e6, &d, NULL), LS_OK);
    char text[5] = "????";
    CHECK_INT(ls_dist_print(&d, NULL, text, sizeof text), 7);
    CHECK_STR(text, "exp ");
    CHECK_INT(ls_dist_print(&d, NULL, NULL, 0), 7);
}

static void test_a_file_is_asked_for(void) {
    ls_dist_tables tables = {0};
    ls_dist d;
    ls_dist_request request;
    CHECK_INT(
        ls_dist_parse("empirical file data/times.csv column seconds", &tables, &d, &request, NULL),
        LS_OK);
    CHECK(request.wants_file);
    CHECK_STR(request.file, "data/times.csv");
    CHECK_STR(request.column, "seconds");
    CHECK_INT(d.kind, LS_DIST_CONST);
    CHECK_INT(tables.count, 0);
}

static void test_counts_are_read_like_times(void) {
    ls_dist_tables tables = {0};
    ls_dist d;
    ls_error err = {0};
    static const struct {
        const char *text;
        double mean;
    } cases[] = {
        {"500 parts", 500},
        {"500", 500},
        {"exp 200 parts", 200},
        {"uniform 90 to 110 parts", 100},
        {"empirical 12 18 parts 30", 20},
        {"discrete 10 50 % 20 parts 50 %", 15},
        {"erlang 3 mean 12.5 parts", 12.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        harness_note("%s", cases[i].text);
        CHECK_INT(ls_dist_parse_count(cases[i].text, "parts", &tables, &d, &err), LS_OK);
        CHECK_NEAR(ls_dist_mean(&d, tables.items), cases[i].mean, 1e-12);
    }
    CHECK_INT(ls_dist_parse_count("500 s", "parts", &tables, &d, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "'500 s': the value is '500 s'");
    CHECK_STR(err.hint, "a number, as in '500 parts'");
    CHECK_INT(ls_dist_parse_count("-5", "parts", &tables, &d, &err), LS_ERR_INVALID);
    CHECK_INT(ls_dist_parse_count("empirical file a column b", "parts", &tables, &d, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "a file is not possible here");
    ls_dist_tables_clear(&tables);
}

static void test_mistakes_say_what_would_be_right(void) {
    static const struct {
        const char *text, *says, *hint;
    } cases[] = {
        {"", "nothing is written", "write it as 'lognormal 62 s sd 6 s'"},
        {"   ", "nothing is written", "write it as"},
        {"62", "needs a unit", "s"},
        {"-5 s", "the value", ""},
        {"lognorml 62 s sd 6 s", "unknown distribution 'lognorml'", "did you mean 'lognormal'?"},
        {"exponential 6 h", "unknown distribution 'exponential'", "did you mean 'exp'?"},
        {"zipf 3", "unknown distribution 'zipf'", "one of const, uniform"},
        {"const", "the value is missing", "const 62 s"},
        {"uniform 50 s", "'to' is missing", "uniform 50 s to 70 s"},
        {"uniform 50 s - 70 s", "the lowest value: ", ""},
        {"uniform 70 s to 50 s", "the values do not rise", "lowest first"},
        {"uniform 70 s to 70 s", "are the same", "write it alone"},
        {"uniform to 70 s", "the lowest value is missing", ""},
        {"triangular 5 s to 12 s", "the lowest value", ""},
        {"triangular 5 s mode 13 s to 12 s", "the values do not rise", ""},
        {"normal 62 s", "'sd' is missing", "normal 62 s sd 6 s"},
        {"normal 62 s sd", "sd is missing", ""},
        {"normal 62 s sd 0 s", "sd is 0", "write it alone"},
        {"normal 62 s sd 6", "sd: ", ""},
        {"lognormal 0 s sd 6 s", "the mean is 0", "above 0"},
        {"lognormal 1 us sd 1 h", "sd over mean is", "between"},
        {"exp 0", "the mean is 0", ""},
        {"exp 6 h 7 x", "the mean: ", ""},
        {"erlang 2.5 mean 10 min", "the number of phases is 2.5", "whole number"},
        {"erlang 0 mean 10 min", "the number of phases is 0", "between 1 and 1000"},
        {"erlang x mean 10 min", "the number of phases is 'x'", "plain number"},
        {"erlang 3 sd 10 min", "'sd' where 'mean' should stand", "erlang 3 mean 10 min"},
        {"erlang 3", "'mean' is missing", ""},
        {"gamma 18 min sd 18 h", "sd over mean is 60", "between 0.001 and 10"},
        {"weibull 2 scale 50 h", "'2' where 'shape' should stand", "weibull shape 2 scale 50 h"},
        {"weibull shape 0 scale 50 h", "shape is 0", "between 0.1 and 100"},
        {"weibull shape 2 scale 0 h", "scale is 0", ""},
        {"weibull shape nan scale 1 h", "shape is 'nan'", ""},
        {"pert 4 min mode 3 min to 9 min", "the values do not rise", ""},
        {"empirical", "0 values", "at least 2"},
        {"empirical 12 s", "1 value", "at least 2"},
        {"empirical 12 18 s", "needs a unit", ""},
        {"empirical s 12 s", "a value: ", ""},
        {"empirical file", "the name of the file is missing", "empirical file times.csv"},
        {"empirical file a.csv", "'column' is missing", ""},
        {"empirical file a.csv column", "the name of the column is missing", ""},
        {"empirical file a.csv column b c", "text after the column", ""},
        {"discrete", "0 values", ""},
        {"discrete 60 s", "the last value has no share", "discrete 60 s 80 %"},
        {"discrete 60 s 80 % 90 s", "the last value has no share", ""},
        {"discrete 60 s 80 % 90 s 30 %", "the shares sum to 110 %", "must sum to 100 %"},
        {"discrete 60 s 80 % 90 s 19.999 %", "the shares sum to 99.999 %", ""},
        {"discrete 60 s 100 % 90 s 0 %", "a share is 0 %", "above 0 %"},
        {"discrete 60 s 120 % 90 s -20 %", "a share is 120 %", ""},
        {"discrete 60 s x% ", "'x' is no share", ""},
        {"discrete 80 %", "a value is missing", ""},
        {"discrete %", "is no share", ""},
    };
    ls_dist_tables tables = {0};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ls_dist before = {.kind = LS_DIST_EXP, .p = {1, 2, 3, 4, 5, 6}};
        ls_dist d = before;
        ls_dist_request request;
        ls_error err = {0};
        harness_note("%s", cases[i].text);
        CHECK_INT(ls_dist_parse(cases[i].text, &tables, &d, &request, &err), LS_ERR_INVALID);
        CHECK_CONTAINS(err.text, cases[i].says);
        CHECK_CONTAINS(err.hint, cases[i].hint);
        CHECK(err.hint[0] != '\0');
        CHECK_BYTES(&d, &before, sizeof d);
        CHECK_INT(tables.count, 0);
        CHECK_INT(ls_dist_parse(cases[i].text, &tables, &d, NULL, NULL), LS_ERR_INVALID);
    }
    ls_dist_tables_clear(&tables);
}

static void test_long_names_are_refused(void) {
    char text[700];
    ls_dist_tables tables = {0};
    ls_dist d;
    ls_dist_request request;
    ls_error err = {0};
    snprintf(text, sizeof text, "empirical file %0300d column x", 1);
    CHECK_INT(ls_dist_parse(text, &tables, &d, &request, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "the name of the file is longer than 255 bytes");
    snprintf(text, sizeof text, "exp %0300d s", 1);
    CHECK_INT(ls_dist_parse(text, &tables, &d, &request, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "the mean is too long");
}

static void test_makers_refuse_what_is_no_number(void) {
    const double bad[] = {-1.0, NAN, INFINITY, -INFINITY, 1e17};
    ls_dist_tables tables = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const double b = bad[i];
        const double list[2] = {1.0, b};
        const double shares[2] = {0.5, 0.5};
        ls_dist d = {0};
        CHECK_INT(ls_dist_make_const(b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_uniform(b, 2, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_uniform(1, b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_triangular(0, b, 2, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_normal(b, 1, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_normal(1, b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_lognormal(b, 1, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_lognormal(1, b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_lognormal_log(b * 100, 1, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_lognormal_log(1, b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_exp(b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_erlang(b, 1, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_erlang(2, b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_gamma(b, 1, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_gamma(1, b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_gamma_shape(b, 1, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_weibull(b, 1, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_weibull(1, b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_weibull_mean(1, b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_pert(0, 1, b, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_empirical(list, 2, &tables, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_discrete(list, shares, 2, &tables, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(ls_dist_make_discrete(shares, list, 2, &tables, &d, NULL), LS_ERR_INVALID);
        CHECK_INT(d.kind, LS_DIST_CONST);
    }
    CHECK_INT(tables.count, 0);
    ls_dist_tables_clear(&tables);
}

static void test_missing_memory_is_reported(void) {
    static const char *const texts[] = {"empirical 12 s 18 s 25 s", "discrete 60 s 80 % 90 s 20 %"};
    for (int i = 0; i < 2; i++) {
        ls_status status = LS_ERR_MEMORY;
        for (int64_t allowed = 0; allowed < 20 && status != LS_OK; allowed++) {
            ls_dist_tables tables = {0};
            ls_dist d = {0};
            ls_alloc_fail_after(allowed);
            status = ls_dist_parse(texts[i], &tables, &d, NULL, NULL);
            ls_alloc_fail_after(-1);
            CHECK(status == LS_OK || status == LS_ERR_MEMORY);
            CHECK(status == LS_OK || tables.count == 0);
            CHECK(status == LS_OK || allowed < 5);
            ls_dist_tables_clear(&tables);
        }
        CHECK_INT(status, LS_OK);
    }
}

static void test_tables_hold_many_distributions(void) {
    ls_dist_tables tables = {0};
    ls_dist d[100];
    for (int i = 0; i < 100; i++) {
        const double values[3] = {3.0 + i, 1.0 + i, 2.0 + i};
        CHECK_INT(ls_dist_make_empirical(values, 3, &tables, &d[i], NULL), LS_OK);
    }
    CHECK_INT(tables.count, 300);
    for (int i = 0; i < 100; i++) {
        CHECK_NEAR(ls_dist_mean(&d[i], tables.items), 2.0 + i, 1e-12);
        CHECK_NEAR(ls_dist_cdf(&d[i], tables.items, 1.0 + i), 1.0 / 3.0, 1e-15);
    }
    ls_dist_tables_clear(&tables);
    ls_dist_tables_clear(NULL);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_makers_match_known_parameters);
    TEST(test_a_zeroed_distribution_is_the_constant_0);
    TEST(test_forms_are_read_and_printed_again);
    TEST(test_printed_forms_are_the_expected_ones);
    TEST(test_a_short_buffer_cuts_the_text);
    TEST(test_a_file_is_asked_for);
    TEST(test_counts_are_read_like_times);
    TEST(test_mistakes_say_what_would_be_right);
    TEST(test_long_names_are_refused);
    TEST(test_makers_refuse_what_is_no_number);
    TEST(test_missing_memory_is_reported);
    TEST(test_tables_hold_many_distributions);
    return harness_report();
}
