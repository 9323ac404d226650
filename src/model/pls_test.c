// pls_test.c - against least squares, against the old form with deflated rows, and by blocks
// redone.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/linear.h"
#include "model/testing/draws.h"
#include "tests/harness.h"

enum { FEATURES = 6, ROWS = 200 };

static double values[ROWS * FEATURES], answers[ROWS];

static double centred(void) {
    return uniform() - 0.5;
}

// Features that partly say the same, of very different size; y of two of them.
static void make_rows(uint64_t seed) {
    static const double size[FEATURES] = {1.0, 1e-3, 2e4, 5.0, 0.1, 30.0};
    drawn = seed * 77 + 13;
    for (size_t row = 0; row < ROWS; row++) {
        const double cause = centred();
        for (size_t i = 0; i < FEATURES; i++) {
            const double own = i < 3 ? cause + 0.3 * centred() : centred();
            values[row * FEATURES + i] = size[i] * (own + 4.0);
        }
        answers[row] = 7.0 + 3.0 * values[row * FEATURES] - 0.2 * values[row * FEATURES + 3] +
                       0.5 * centred();
    }
}

static ls_linear *fit_rows(size_t components, size_t count, ls_pls_report *report) {
    ls_pls_def def = ls_pls_def_default(FEATURES);
    def.components = components;
    const ls_rows rows = {values, count};
    ls_linear *m = NULL;
    ls_error err = {0};
    CHECK_INT(ls_pls_fit(&def, &rows, answers, &m, report, &err), LS_OK);
    CHECK_STR(err.text, "");
    return m;
}

// With all components it is least squares: residuals are orthogonal to the features and sum to 0.
static void test_all_components_are_least_squares(void) {
    make_rows(1);
    ls_pls_report report;
    ls_linear *m = fit_rows(FEATURES, ROWS, &report);
    CHECK_INT(report.components, FEATURES);
    CHECK(isnan(report.rmse_held_out));
    double sum = 0.0, with[FEATURES] = {0}, size[FEATURES] = {0};
    for (size_t row = 0; row < ROWS; row++) {
        const double *x = values + row * FEATURES;
        const double residual = answers[row] - ls_linear_predict(m, x);
        sum += residual;
        for (size_t i = 0; i < FEATURES; i++) {
            with[i] += residual * x[i];
            size[i] += fabs(residual * x[i]);
        }
    }
    CHECK_NEAR(sum, 0.0, 1e-9);
    for (size_t i = 0; i < FEATURES; i++) {
        CHECK_NEAR(with[i] / size[i], 0.0, 1e-9);
    }
    ls_linear_destroy(m);
}

// The form with rows that are deflated (NIPALS); predictions for the rows themselves.
static void slow_pls(size_t components, double *predicted) {
    static double x[ROWS * FEATURES], y[ROWS];
    double y_mean = 0.0;
    for (size_t row = 0; row < ROWS; row++) {
        y_mean += answers[row] / ROWS;
    }
    for (size_t i = 0; i < FEATURES; i++) {
        double mean = 0.0, squares = 0.0;
        for (size_t row = 0; row < ROWS; row++) {
            mean += values[row * FEATURES + i] / ROWS;
        }
        for (size_t row = 0; row < ROWS; row++) {
            x[row * FEATURES + i] = values[row * FEATURES + i] - mean;
            squares += x[row * FEATURES + i] * x[row * FEATURES + i];
        }
        for (size_t row = 0; row < ROWS; row++) {
            x[row * FEATURES + i] /= sqrt(squares / (ROWS - 1));
        }
    }
    for (size_t row = 0; row < ROWS; row++) {
        y[row] = answers[row] - y_mean;
        predicted[row] = y_mean;
    }
    for (size_t k = 0; k < components; k++) {
        double w[FEATURES] = {0}, p[FEATURES] = {0}, t[ROWS], length = 0.0, tt = 0.0, q = 0.0;
        for (size_t i = 0; i < ROWS * FEATURES; i++) {
            w[i % FEATURES] += x[i] * y[i / FEATURES];
        }
        for (size_t i = 0; i < FEATURES; i++) {
            length += w[i] * w[i];
        }
        for (size_t row = 0; row < ROWS; row++) {
            t[row] = 0.0;
            for (size_t i = 0; i < FEATURES; i++) {
                t[row] += x[row * FEATURES + i] * w[i] / sqrt(length);
            }
            tt += t[row] * t[row];
            q += y[row] * t[row];
        }
        for (size_t i = 0; i < ROWS * FEATURES; i++) {
            p[i % FEATURES] += x[i] * t[i / FEATURES] / tt;
        }
        for (size_t row = 0; row < ROWS; row++) {
            for (size_t i = 0; i < FEATURES; i++) {
                x[row * FEATURES + i] -= t[row] * p[i];
            }
            y[row] -= q / tt * t[row];
            predicted[row] += q / tt * t[row];
        }
    }
}

static void test_each_number_of_components_agrees_with_deflated_rows(void) {
    static double slow[ROWS];
    for (size_t components = 1; components <= FEATURES; components++) {
        make_rows(components);
        ls_linear *m = fit_rows(components, ROWS, NULL);
        slow_pls(components, slow);
        for (size_t row = 0; row < ROWS && !harness_has_failed(); row++) {
            harness_note("%zu components, row %zu", components, row);
            CHECK_NEAR(ls_linear_predict(m, values + row * FEATURES), slow[row], 1e-9);
        }
        ls_linear_destroy(m);
    }
}

// What is told of the blocks held out is what fits without them give.
static void test_held_out_error_is_that_of_fits_without_the_block(void) {
    static double all[ROWS * FEATURES], all_answers[ROWS];
    make_rows(9);
    ls_pls_report report;
    ls_linear *m = fit_rows(0, ROWS, &report);
    ls_linear_destroy(m);
    CHECK(report.components >= 1 && report.components <= FEATURES);
    memcpy(all, values, sizeof all);
    memcpy(all_answers, answers, sizeof all_answers);
    double best = INFINITY;
    size_t best_components = 0;
    for (size_t components = 1; components <= FEATURES; components++) {
        double squares = 0.0;
        for (size_t fold = 0; fold < 5; fold++) {
            const size_t from = ROWS * fold / 5, to = ROWS * (fold + 1) / 5,
                         rest = ROWS - to + from;
            memcpy(values, all, from * FEATURES * sizeof *all);
            memcpy(values + from * FEATURES, all + to * FEATURES,
                   (ROWS - to) * FEATURES * sizeof *all);
            memcpy(answers, all_answers, from * sizeof *answers);
            memcpy(answers + from, all_answers + to, (ROWS - to) * sizeof *answers);
            // The standard units are those of all rows, so scale matters for the comparison: that
            // of the rest differs a little. 1e-2 below covers it.
            ls_linear *part = fit_rows(components, rest, NULL);
            for (size_t row = from; row < to; row++) {
                const double error = all_answers[row] -
                                     ls_linear_predict(part, all + row * FEATURES);
                squares += error * error;
            }
            ls_linear_destroy(part);
        }
        if (squares < best * (1.0 - 1e-3)) {
            best = squares;
            best_components = components;
        }
    }
    CHECK_NEAR(report.rmse_held_out / sqrt(best / ROWS), 1.0, 1e-2);
    CHECK(best_components >= 1);
}

static void test_more_features_than_rows_and_features_that_say_the_same(void) {
    enum { WIDE = 40, FEW = 15 };
    double x[FEW * WIDE], y[FEW];
    drawn = 5;
    for (size_t row = 0; row < FEW; row++) {
        const double cause = centred();
        for (size_t i = 0; i < WIDE; i++) {
            x[row * WIDE + i] = i == 7 ? 3.0 : cause * (double)(i + 1);  // one is constant
        }
        y[row] = 2.0 * cause + 1.0;
    }
    ls_pls_def def = ls_pls_def_default(WIDE);
    def.components = 5;
    const ls_rows rows = {x, FEW};
    ls_linear *m = NULL;
    ls_pls_report report;
    CHECK_INT(ls_pls_fit(&def, &rows, y, &m, &report, NULL), LS_OK);
    CHECK_INT(report.components, 1);  // there is but one direction
    for (size_t row = 0; row < FEW; row++) {
        CHECK_NEAR(ls_linear_predict(m, x + row * WIDE), y[row], 1e-9);
    }
    CHECK_NEAR(m->coefficients[7], 0.0, 0.0);
    x[3] = NAN;  // counts as typical: one of 39 equal voices
    x[9] = INFINITY;
    CHECK(isfinite(ls_linear_predict(m, x)));
    ls_linear_destroy(m);
}

static void check_refused(const ls_pls_def *def, size_t count, const char *part) {
    const ls_rows rows = {values, count};
    ls_linear *m = NULL;
    ls_error err = {0};
    CHECK_INT(ls_pls_fit(def, &rows, answers, &m, NULL, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, part);
    CHECK(m == NULL);
}

static void test_what_cannot_be_fitted_is_refused(void) {
    make_rows(3);
    const ls_pls_def good = ls_pls_def_default(FEATURES);
    ls_pls_def def = good;
    def.features = 0;
    check_refused(&def, ROWS, "0 features; 1 to 2000");
    def = good;
    def.components = 7;
    check_refused(&def, ROWS, "7 components of 6 features");
    def = good;
    def.folds = 51;
    check_refused(&def, ROWS, "51 blocks");
    check_refused(&good, 9, "9 complete rows; a fit needs 10");
    values[4 * FEATURES + 2] = INFINITY;
    check_refused(&good, ROWS, "row 5, feature 3 is inf");
    values[4 * FEATURES + 2] = NAN;  // left out
    ls_pls_report report;
    ls_linear *m = fit_rows(2, ROWS, &report);
    CHECK_INT(report.rows, ROWS - 1);
    ls_linear_destroy(m);
    answers[6] = -INFINITY;
    check_refused(&good, ROWS, "y of row 7 is -inf");
    for (size_t row = 0; row < ROWS; row++) {
        answers[row] = 2.5;
    }
    check_refused(&good, ROWS, "y does not move with any feature");
}

static void test_saved_and_loaded_to_the_bit(void) {
    static const char *const names[FEATURES] = {
        "a", "\xec\x98\xa8\xeb\x8f\x84", "q\"", "b\\", "e\n", "f"};
    make_rows(4);
    ls_pls_def def = ls_pls_def_default(FEATURES);
    def.names = names;
    const ls_rows rows = {values, ROWS};
    ls_linear *m = NULL, *again = NULL;
    CHECK_INT(ls_pls_fit(&def, &rows, answers, &m, NULL, NULL), LS_OK);
    ls_buffer text, second;
    ls_buffer_init(&text);
    ls_buffer_init(&second);
    ls_linear_save(m, &text);
    ls_error err = {0};
    CHECK_INT(ls_linear_load(text.data, text.size, "m.json", &again, &err), LS_OK);
    CHECK_STR(err.text, "");
    ls_linear_save(again, &second);
    CHECK_STR(second.data, text.data);
    CHECK_STR(again->names[4], "e\n");
    CHECK_NEAR(ls_linear_predict(again, values), ls_linear_predict(m, values), 0.0);
    ls_buffer_clear(&text);
    ls_buffer_clear(&second);
    ls_linear_destroy(m);
    ls_linear_destroy(again);
    ls_linear_destroy(NULL);
}

static void test_files_that_are_wrong_are_refused_by_key(void) {
    static const struct {
        const char *text;
        ls_status status;
        const char *part;
    } wrong[] = {
        {"{", LS_ERR_INVALID, "no linear model in JSON"},
        {"[]", LS_ERR_INVALID, "another value than an object"},
        {"{\"format\":\"lineshaft linear\",\"version\":1}", LS_ERR_INVALID,
         "features must be a list of 1 to 4096"},
        {"{\"format\":\"x\",\"features\":[{}]}", LS_ERR_INVALID,
         "format must be \"lineshaft linear\""},
        {"{\"format\":\"lineshaft linear\",\"version\":2,\"features\":[{}]}", LS_ERR_VERSION,
         "version 2; this program reads up to 1"},
        {"{\"format\":\"lineshaft linear\",\"version\":1,\"features\":[{}]}", LS_ERR_INVALID,
         "features [0]: name must be a text"},
        {"{\"format\":\"lineshaft linear\",\"version\":1,\"intercept\":0,\"features\":[{\"name\":"
         "\"a\",\"coefficient\":1}]}",
         LS_ERR_INVALID, "features [0]: typical must be a number"},
        {"{\"format\":\"lineshaft linear\",\"version\":1,\"intercept\":0,\"features\":[{\"name\":"
         "\"a\",\"coefficient\":1,\"typical\":1e200}]}",
         LS_ERR_INVALID, "features [0]: typical must be a number within 1e100"},
        {"{\"format\":\"lineshaft linear\",\"version\":1,\"intercept\":0,\"features\":[{\"name\":"
         "\"a\",\"coefficient\":1,\"typical\":1,\"more\":1}]}",
         LS_ERR_INVALID, "features [0]: key 'more' is unknown"},
        {"{\"format\":\"lineshaft linear\",\"version\":1,\"features\":[{\"name\":"
         "\"a\",\"coefficient\":1,\"typical\":1}]}",
         LS_ERR_INVALID, "intercept must be a number"},
        {"{\"format\":\"lineshaft linear\",\"version\":1,\"intercept\":0,\"features\":[{\"name\":"
         "\"a\",\"coefficient\":1,\"typical\":1},{\"name\":\"a\",\"coefficient\":1,\"typical\":1}]"
         "}",
         LS_ERR_INVALID, "features 1 and 2 are both called 'a'"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ls_linear *m = NULL;
        ls_error err = {0};
        harness_note("%s", wrong[i].text);
        CHECK_INT(ls_linear_load(wrong[i].text, strlen(wrong[i].text), "m.json", &m, &err),
                  wrong[i].status);
        CHECK_CONTAINS(err.text, wrong[i].part);
        CHECK_STR(err.file, "m.json");
    }
}

static void test_without_memory_nothing_is_left(void) {
    make_rows(8);
    ls_pls_def def = ls_pls_def_default(FEATURES);
    const ls_rows rows = {values, ROWS};
    ls_linear *m = NULL, *again = NULL;
    int64_t count = 0;
    for (ls_status status = LS_ERR_MEMORY; status != LS_OK && count < 100; count++) {
        ls_alloc_fail_after(count);
        status = ls_pls_fit(&def, &rows, answers, &m, NULL, NULL);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || (status == LS_ERR_MEMORY && m == NULL));
    }
    CHECK(m != NULL && count > 3);
    ls_buffer text;
    ls_buffer_init(&text);
    ls_linear_save(m, &text);
    count = 0;
    for (ls_status status = LS_ERR_MEMORY; status != LS_OK && count < 100; count++) {
        ls_alloc_fail_after(count);
        status = ls_linear_load(text.data, text.size, "m", &again, NULL);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || (status == LS_ERR_MEMORY && again == NULL));
    }
    CHECK(again != NULL && count > 2);
    ls_buffer_clear(&text);
    ls_linear_destroy(m);
    ls_linear_destroy(again);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_all_components_are_least_squares);
    TEST(test_each_number_of_components_agrees_with_deflated_rows);
    TEST(test_held_out_error_is_that_of_fits_without_the_block);
    TEST(test_more_features_than_rows_and_features_that_say_the_same);
    TEST(test_what_cannot_be_fitted_is_refused);
    TEST(test_saved_and_loaded_to_the_bit);
    TEST(test_files_that_are_wrong_are_refused_by_key);
    TEST(test_without_memory_nothing_is_left);
    return harness_report();
}
