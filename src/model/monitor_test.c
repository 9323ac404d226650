// monitor_test.c - against closed forms and a slow distance; limits that hold on new rows; files.
#include "model/monitor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/eigen.h"
#include "model/testing/draws.h"
#include "tests/harness.h"

enum { VARIABLES = 4, ROWS = 600 };

// A small plant: a slow cause, two variables that follow it, one that follows the second a row
// later, one of its own.
static void make_rows(double *rows, size_t count, uint64_t seed) {
    drawn = seed * 2654435761u + 99;
    double cause = 0.0, last = 0.0;
    for (size_t i = 0; i < count; i++) {
        cause = 0.7 * cause + normal();
        double *row = rows + i * VARIABLES;
        row[0] = 50.0 + 2.0 * cause + 0.2 * normal();
        row[1] = -3.0 + 0.1 * cause + 0.02 * normal();
        row[2] = 1000.0 + 300.0 * last + 3.0 * normal();
        row[3] = normal();
        last = row[1];
    }
}

static ls_monitor *fit_rows(const ls_monitor_def *def, const double *values, size_t count) {
    const ls_rows rows = {values, count};
    ls_monitor *m = NULL;
    ls_error err = {0};
    CHECK_INT(ls_monitor_fit(def, &rows, 1, &m, &err), LS_OK);
    CHECK_STR(err.text, "");
    return m;
}

static double *state_memory(const ls_monitor *m) {
    return calloc(ls_monitor_state_doubles(m), sizeof(double));
}

// Two variables of correlation r: the components are (1, 1) / sqrt 2 and (1, -1) / sqrt 2 with
// variances 1 + r and 1 - r.
static void test_two_variables_by_hand(void) {
    double rows[200 * 2], sum = 0.0;
    for (size_t i = 0; i < 200; i++) {
        const double a = sin((double)i), b = sin(1.7 * (double)i + 1.0);
        rows[2 * i] = 10.0 + a;
        rows[2 * i + 1] = -4.0 + 3.0 * (0.8 * a + 0.6 * b);
    }
    ls_monitor_def def = ls_monitor_def_default(2);
    def.lags = 0;
    def.components = 1;
    def.newest = 1.0;
    ls_monitor *m = fit_rows(&def, rows, 200);
    double mean[2] = {0}, scale[2] = {0};
    for (size_t i = 0; i < 400; i++) {
        mean[i % 2] += rows[i] / 200.0;
    }
    for (size_t i = 0; i < 400; i++) {
        scale[i % 2] += (rows[i] - mean[i % 2]) * (rows[i] - mean[i % 2]) / 199.0;
    }
    for (size_t i = 0; i < 200; i++) {
        sum += (rows[2 * i] - mean[0]) * (rows[2 * i + 1] - mean[1]) / 199.0;
    }
    const double r = sum / sqrt(scale[0] * scale[1]);
    CHECK(r > 0.5);
    CHECK_NEAR(m->values[0], 1.0 + r, 1e-12);
    CHECK_NEAR(m->values[1], 1.0 - r, 1e-12);
    double *memory = state_memory(m);
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    const double row[2] = {11.5, -7.0};
    const double z0 = (row[0] - mean[0]) / sqrt(scale[0]);
    const double z1 = (row[1] - mean[1]) / sqrt(scale[1]);
    const ls_monitor_reading got = ls_monitor_step(m, &state, row);
    const double along = (z0 + z1) * (z0 + z1) / 2.0, across = (z0 - z1) * (z0 - z1) / 2.0;
    CHECK(got.ready);
    CHECK_NEAR(got.raw[LS_MONITOR_T2], along / (1.0 + r), 1e-11);
    CHECK_NEAR(got.raw[LS_MONITOR_SPE], across, 1e-11);
    CHECK_NEAR(got.raw[LS_MONITOR_WHOLE], along / (1.0 + r) + across / (1.0 - r), 1e-9);
    CHECK_NEAR(got.value[LS_MONITOR_SPE], got.raw[LS_MONITOR_SPE], 0.0);
    free(memory);
    ls_monitor_destroy(m);
}

// WHOLE is the Mahalanobis distance of the joined row, here by another way: covariance of the
// unscaled rows and its Cholesky factor.
static void test_whole_is_the_distance_of_mahalanobis(void) {
    enum { WIDTH = 2 * VARIABLES };
    static double rows[ROWS * VARIABLES];
    make_rows(rows, ROWS, 3);
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    def.lags = 1;
    ls_monitor *m = fit_rows(&def, rows, ROWS);
    CHECK_INT(m->rows, ROWS - 1);
    CHECK_INT(m->rank, WIDTH);
    double mean[WIDTH] = {0}, matrix[WIDTH * WIDTH] = {0};
    for (size_t row = 1; row < ROWS; row++) {
        for (size_t i = 0; i < WIDTH; i++) {
            mean[i] += rows[(row - i / VARIABLES) * VARIABLES + i % VARIABLES] / (ROWS - 1);
        }
    }
    for (size_t row = 1; row < ROWS; row++) {
        double x[WIDTH];
        for (size_t i = 0; i < WIDTH; i++) {
            x[i] = rows[(row - i / VARIABLES) * VARIABLES + i % VARIABLES] - mean[i];
        }
        for (size_t i = 0; i < WIDTH * WIDTH; i++) {
            matrix[i] += x[i / WIDTH] * x[i % WIDTH] / (ROWS - 2);
        }
    }
    CHECK(ls_cholesky(matrix, WIDTH, 0.0));
    double *memory = state_memory(m);
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    double smooth = 0.0;
    for (size_t row = 0; row < 50; row++) {
        const ls_monitor_reading got = ls_monitor_step(m, &state, rows + row * VARIABLES);
        CHECK_INT(got.ready, row >= 1);
        if (row == 0) {
            continue;
        }
        double x[WIDTH], sum = 0.0;
        for (size_t i = 0; i < WIDTH; i++) {
            x[i] = rows[(row - i / VARIABLES) * VARIABLES + i % VARIABLES] - mean[i];
        }
        ls_cholesky_forward(matrix, WIDTH, x);
        for (size_t i = 0; i < WIDTH; i++) {
            sum += x[i] * x[i];
        }
        CHECK_NEAR(got.raw[LS_MONITOR_WHOLE] / sum, 1.0, 1e-9);
        smooth = row == 1 ? log(sum) : 0.8 * smooth + 0.2 * log(sum);
        CHECK_NEAR(got.value[LS_MONITOR_WHOLE] / exp(smooth), 1.0, 1e-9);
    }
    free(memory);
    ls_monitor_destroy(m);
}

static double rate_above(const ls_monitor *m, const double *rows, size_t count,
                         ls_monitor_statistic statistic) {
    double *memory = state_memory(m), above = 0.0;
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    for (size_t row = 0; row < count; row++) {
        above += ls_monitor_step(m, &state, rows + row * m->def.variables).above[statistic];
    }
    free(memory);
    return above / (double)count;
}

// Limits of held-out rows hold on new ones; those of the fit's own rows do not when rows are few
// for the width.
static void test_held_out_limits_hold_on_new_rows(void) {
    enum { WIDE = 20, FEW = 150, MANY = 20000 };
    double *rows = malloc((FEW + MANY) * WIDE * sizeof *rows);
    drawn = 77;
    for (size_t i = 0; i < (FEW + MANY) * WIDE; i++) {
        rows[i] = normal();
    }
    ls_monitor_def def = ls_monitor_def_default(WIDE);
    def.lags = 1;
    def.newest = 1.0;
    def.false_alarms = 0.05;
    ls_monitor *m = fit_rows(&def, rows, FEW);
    const double held_out = rate_above(m, rows + FEW * WIDE, MANY, LS_MONITOR_WHOLE);
    CHECK(held_out < 0.05);  // fewer rows behind the held-out limits: they err on the quiet side
    const ls_rows own = {rows, FEW};
    CHECK_INT(ls_monitor_calibrate(m, &own, 1, 0.05, NULL), LS_OK);
    CHECK(rate_above(m, rows + FEW * WIDE, MANY, LS_MONITOR_WHOLE) > 0.2);
    const ls_rows other = {rows + FEW * WIDE, MANY / 2};
    CHECK_INT(ls_monitor_calibrate(m, &other, 1, 0.05, NULL), LS_OK);
    for (ls_monitor_statistic s = LS_MONITOR_T2; s < LS_MONITOR_STATISTICS; s++) {
        // Neighbours share a row, so the rate has about twice the variance of independent ones:
        // standard error sqrt(2 * .05 * .95 * (1 / 10000 + 1 / 10000)).
        CHECK_NEAR(rate_above(m, rows + (FEW + MANY / 2) * WIDE, MANY / 2, s), 0.05, 4 * 0.0044);
    }
    CHECK_INT(m->held_out, MANY / 2 - 1);
    free(rows);
    ls_monitor_destroy(m);
}

// The limit is the k-th of n, k = ceil((n + 1) (1 - rate)): no more than n - k are above.
static void test_limit_is_an_order_statistic(void) {
    static double rows[ROWS * VARIABLES];
    make_rows(rows, ROWS, 5);
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    def.lags = 0;
    ls_monitor *m = fit_rows(&def, rows, ROWS);
    const ls_rows exact = {rows, 99}, fewer = {rows, 98};
    CHECK_INT(ls_monitor_calibrate(m, &exact, 1, 0.01, NULL), LS_OK);
    CHECK_NEAR(rate_above(m, rows, 99, LS_MONITOR_T2), 0.0, 0.0);
    CHECK_INT(ls_monitor_calibrate(m, &exact, 1, 0.1, NULL), LS_OK);
    CHECK_NEAR(rate_above(m, rows, 99, LS_MONITOR_WHOLE), 9.0 / 99.0, 1e-12);
    ls_error err = {0};
    CHECK_INT(ls_monitor_calibrate(m, &fewer, 1, 0.01, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "98 readings of held-out rows");
    CHECK_CONTAINS(err.text, "need 99");
    CHECK_NEAR(m->def.false_alarms, 0.1, 0.0);
    ls_monitor_destroy(m);
}

// ---- why ----------------------------------------------------------------------------------------

static void contributions_after(const ls_monitor *m, const double *rows, size_t count,
                                ls_monitor_statistic statistic, double *out,
                                ls_monitor_reading *last) {
    double *memory = state_memory(m);
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    for (size_t row = 0; row < count; row++) {
        *last = ls_monitor_step(m, &state, rows + row * m->def.variables);
    }
    ls_monitor_contributions(m, &state, statistic, out);
    free(memory);
}

static void test_a_broken_relation_is_seen_and_its_variable_blamed(void) {
    static double rows[ROWS * VARIABLES], fresh[40 * VARIABLES];
    make_rows(rows, ROWS, 11);
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    def.lags = 1;
    ls_monitor *m = fit_rows(&def, rows, ROWS);
    for (size_t broken = 0; broken < 3; broken++) {
        make_rows(fresh, 40, 12);
        for (size_t row = 20; row < 40; row++) {  // reads what it read: a stuck sensor
            fresh[row * VARIABLES + broken] = rows[broken];
        }
        double blame[VARIABLES];
        ls_monitor_reading last;
        contributions_after(m, fresh, 40, LS_MONITOR_WHOLE, blame, &last);
        harness_note("broken %zu: %g %g %g %g", broken, blame[0], blame[1], blame[2], blame[3]);
        CHECK(last.above[LS_MONITOR_WHOLE]);
        CHECK_INT(last.outside, 0);  // each value alone is an ordinary one
        CHECK(ls_monitor_is_foreign(&last));
        for (size_t i = 0; i < VARIABLES; i++) {
            CHECK(i == broken || blame[i] < blame[broken]);
        }
    }
    ls_monitor_destroy(m);
}

// Without lags a statistic is a parabola in each variable: three values of it give its least.
static void test_contribution_is_what_the_best_value_would_save(void) {
    static double rows[ROWS * VARIABLES];
    make_rows(rows, ROWS, 21);
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    def.lags = 0;
    def.newest = 1.0;
    ls_monitor *m = fit_rows(&def, rows, ROWS);
    double *memory = state_memory(m);
    for (ls_monitor_statistic s = LS_MONITOR_T2; s < LS_MONITOR_STATISTICS; s++) {
        double sum[VARIABLES] = {0};
        for (size_t row = 0; row < ROWS && !harness_has_failed(); row++) {
            double blame[VARIABLES];
            ls_monitor_reading at;
            contributions_after(m, rows + row * VARIABLES, 1, s, blame, &at);
            for (size_t i = 0; i < VARIABLES; i++) {
                double y[3], moved[VARIABLES];
                for (int k = 0; k < 3; k++) {
                    ls_monitor_state state;
                    ls_monitor_state_init(m, memory, &state);
                    memcpy(moved, rows + row * VARIABLES, sizeof moved);
                    moved[i] += (k - 1) * m->scale[i];
                    y[k] = ls_monitor_step(m, &state, moved).raw[s];
                }
                const double bend = y[0] - 2.0 * y[1] + y[2], slope = (y[2] - y[0]) / 2.0;
                const double saved = slope * slope / (2.0 * bend);
                CHECK_NEAR(blame[i] * m->ordinary[s * VARIABLES + i], saved, 1e-6 * (1.0 + y[1]));
                sum[i] += blame[i];
            }
        }
        for (size_t i = 0; i < VARIABLES; i++) {  // and 1 on the average over the rows of the fit
            CHECK_NEAR(sum[i] / (ROWS - 1), 1.0, 1e-6);
        }
    }
    free(memory);
    ls_monitor_destroy(m);
}

// ---- rows that are not as they should be --------------------------------------------------------

static void test_missing_and_constant_values(void) {
    static double rows[ROWS * VARIABLES];
    make_rows(rows, ROWS, 31);
    for (size_t row = 0; row < ROWS; row++) {
        rows[row * VARIABLES + 3] = 7.0;
    }
    rows[100 * VARIABLES] = NAN;
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    ls_monitor *m = fit_rows(&def, rows, ROWS);
    CHECK_INT(m->rows, ROWS - 2 - 3);
    CHECK_INT(m->rank, 9);
    CHECK_NEAR(m->scale[3], 0.0, 0.0);
    double *memory = state_memory(m);
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    double row[VARIABLES];
    memcpy(row, rows, sizeof row);
    CHECK_INT(ls_monitor_step(m, &state, row).outside, 0);
    row[3] = 7.5;  // has never moved
    CHECK_INT(ls_monitor_step(m, &state, row).outside, 1);
    row[1] = NAN;
    row[2] = -INFINITY;
    row[3] = 7.0;
    row[0] = 1e300;
    ls_monitor_reading got = ls_monitor_step(m, &state, row);
    CHECK_INT(got.missing, 2);
    CHECK_INT(got.outside, 1);
    CHECK(got.ready && got.above[LS_MONITOR_WHOLE] && !isnan(got.value[LS_MONITOR_WHOLE]));
    for (size_t i = 0; i < 200; i++) {  // what was absurd is forgotten
        got = ls_monitor_step(m, &state, rows + (200 + i) * VARIABLES);
    }
    CHECK(isfinite(got.value[LS_MONITOR_WHOLE]) && got.value[LS_MONITOR_WHOLE] < 100.0);
    double blame[VARIABLES];
    ls_monitor_contributions(m, &state, LS_MONITOR_WHOLE, blame);
    CHECK_NEAR(blame[3], 0.0, 0.0);
    free(memory);
    ls_monitor_destroy(m);
}

static void test_runs_are_not_joined_over_their_ends(void) {
    static double rows[ROWS * VARIABLES];
    make_rows(rows, ROWS, 41);
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    const ls_rows runs[3] = {{rows, 300}, {rows, 2}, {rows + 300 * VARIABLES, 300}};
    ls_monitor *m = NULL;
    CHECK_INT(ls_monitor_fit(&def, runs, 3, &m, NULL), LS_OK);
    CHECK_INT(m->rows, 298 + 298);
    // 602 rows in five blocks: each run loses two readings at its front, each cut two more.
    CHECK_INT(m->held_out, 602 - 2 * (2 + 4) - 2);
    ls_monitor_destroy(m);
}

static void check_refused(const ls_monitor_def *def, const double *rows, size_t count,
                          const char *part) {
    const ls_rows run = {rows, count};
    ls_monitor *m = NULL;
    ls_error err = {0};
    CHECK_INT(ls_monitor_fit(def, &run, 1, &m, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, part);
    CHECK(m == NULL);
}

static void test_what_cannot_be_fitted_is_refused(void) {
    static double rows[ROWS * VARIABLES], flat[ROWS * VARIABLES];
    make_rows(rows, ROWS, 51);
    const ls_monitor_def good = ls_monitor_def_default(VARIABLES);
    ls_monitor_def def = good;
    def.variables = 0;
    check_refused(&def, rows, ROWS, "a monitor of 0 variables; 1 to 1000");
    def = good;
    def.lags = 51;
    check_refused(&def, rows, ROWS, "4 variables with 51 lags");
    def = good;
    def.share = 1.5;
    check_refused(&def, rows, ROWS, "share 1.5 of the variance");
    def = good;
    def.newest = 0.0;
    check_refused(&def, rows, ROWS, "weight 0 of the newest");
    def = good;
    def.false_alarms = NAN;
    check_refused(&def, rows, ROWS, "rate of false alarms");
    def = good;
    def.folds = 1;
    check_refused(&def, rows, ROWS, "1 blocks held out in turn");
    def = good;
    def.components = 13;
    check_refused(&def, rows, ROWS, "13 principal components of rows that have only 12");
    check_refused(&good, rows, 11, "9 rows are complete with their 2 lags; a fit needs 10");
    check_refused(&good, rows, 100, "readings of held-out rows; limits with 0.01");
    check_refused(&good, flat, ROWS, "no variable moves");
    static const char *const twice[] = {"a", "b", "a", "c"}, *const empty[] = {"a", "", "b", "c"};
    def = good;
    def.names = twice;
    check_refused(&def, rows, ROWS, "variables 1 and 3 are both called 'a'");
    def.names = empty;
    check_refused(&def, rows, ROWS, "the name of variable 2");
    rows[7 * VARIABLES + 1] = INFINITY;
    check_refused(&good, rows, ROWS, "run 1, row 8: 'x2' is inf");
}

// ---- files --------------------------------------------------------------------------------------

static ls_monitor *small_monitor(void) {
    static double rows[200 * VARIABLES];
    static const char *const names[] = {"\xec\x98\xa8\xeb\x8f\x84", "say \"p\"", "a\\b",
                                        "tab\there"};
    make_rows(rows, 200, 61);
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    def.names = names;
    def.lags = 1;
    return fit_rows(&def, rows, 200);
}

static void test_saved_and_loaded_to_the_bit(void) {
    static double rows[100 * VARIABLES];
    make_rows(rows, 100, 62);
    ls_monitor *m = small_monitor(), *again = NULL;
    ls_buffer text, second;
    ls_buffer_init(&text);
    ls_buffer_init(&second);
    ls_monitor_save(m, &text);
    ls_error err = {0};
    CHECK_INT(ls_monitor_load(text.data, text.size, "m.json", &again, &err), LS_OK);
    CHECK_STR(err.text, "");
    if (again != NULL) {
        ls_monitor_save(again, &second);
        CHECK_STR(second.data, text.data);
        CHECK_STR(again->def.names[3], "tab\there");
        double *a = state_memory(m), *b = state_memory(again);
        ls_monitor_state sa, sb;
        ls_monitor_state_init(m, a, &sa);
        ls_monitor_state_init(again, b, &sb);
        for (size_t row = 0; row < 100; row++) {
            const ls_monitor_reading ra = ls_monitor_step(m, &sa, rows + row * VARIABLES);
            const ls_monitor_reading rb = ls_monitor_step(again, &sb, rows + row * VARIABLES);
            CHECK_BYTES(ra.value, rb.value, sizeof ra.value);
            CHECK_BYTES(ra.above, rb.above, sizeof ra.above);
        }
        double blame_a[VARIABLES], blame_b[VARIABLES];
        ls_monitor_contributions(m, &sa, LS_MONITOR_T2, blame_a);
        ls_monitor_contributions(again, &sb, LS_MONITOR_T2, blame_b);
        CHECK_BYTES(blame_a, blame_b, sizeof blame_a);
        free(a);
        free(b);
    }
    ls_buffer_clear(&text);
    ls_buffer_clear(&second);
    ls_monitor_destroy(m);
    ls_monitor_destroy(again);
}

static void check_not_loaded(const char *text, ls_status status, const char *part) {
    ls_monitor *m = NULL;
    ls_error err = {0};
    harness_note("%.100s", text);
    CHECK_INT(ls_monitor_load(text, strlen(text), "m.json", &m, &err), status);
    CHECK_CONTAINS(err.text, part);
    CHECK_STR(err.file, "m.json");
    ls_monitor_destroy(m);
}

// The text with the first `from` made `to`.
static char *changed(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    CHECK(at != NULL);
    const size_t size = strlen(text) + strlen(to) + 1;
    char *out = malloc(size);
    if (at != NULL && out != NULL) {
        ls_text_format(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    }
    return out;
}

static void test_files_that_are_wrong_are_refused_by_key(void) {
    static const char good[] =
        "{\"format\":\"lineshaft monitor\",\"version\":1,\"variables\":[\"a\",\"b\"],\"lags\":0,"
        "\"components\":1,\"newest\":0.2,\"false_alarms\":0.01,\"rows\":100,\"held_out\":100,"
        "\"limits\":{\"t2\":9,\"spe\":4,\"whole\":12},\"mean\":[1,2],\"scale\":[1,0.5],"
        "\"low\":[-1,0],\"high\":[3,4],\"centre\":[0,0],\"values\":[1.5,0.5],"
        "\"vectors\":[[0.6,0.8],[0.8,-0.6]]}";
    static const struct {
        const char *from, *to;
        ls_status status;
        const char *part;
    } wrong[] = {
        {"{", "", LS_ERR_INVALID, "no monitor in JSON"},
        {"lineshaft monitor", "other", LS_ERR_INVALID, "format must be \"lineshaft monitor\""},
        {"\"version\":1", "\"version\":2", LS_ERR_VERSION, "version 2; this program reads up to 1"},
        {"\"version\":1", "\"version\":\"1\"", LS_ERR_INVALID, "version must be a whole number"},
        {"\"lags\":0", "\"lags\":1", LS_ERR_INVALID, "must be a list of 4 numbers"},
        {"\"lags\":0", "\"lags\":-1", LS_ERR_INVALID, "lags must be a whole number, 0 to 50"},
        {"\"lags\":0", "\"lag\":0", LS_ERR_INVALID, "key 'lag' is unknown"},
        {"[\"a\",\"b\"]", "[]", LS_ERR_INVALID, "variables must be a list of 1 to 1000 names"},
        {"[\"a\",\"b\"]", "[\"a\",\"a\"]", LS_ERR_INVALID, "both called 'a'"},
        {"[\"a\",\"b\"]", "[\"a\",3]", LS_ERR_INVALID, "variables [1] must be a name"},
        {"\"components\":1", "\"components\":3", LS_ERR_INVALID,
         "components must be a whole number, 1 to 2"},
        {"\"newest\":0.2", "\"newest\":0", LS_ERR_INVALID, "newest must be a number above 0"},
        {"\"spe\":4", "\"spe\":-4", LS_ERR_INVALID, "spe must be a number above 0"},
        {"[1,0.5]", "[1,-0.5]", LS_ERR_INVALID, "scale [1] must be a number, 0 to"},
        {"[-1,0]", "[-1,5]", LS_ERR_INVALID, "low [1] must not be above high"},
        {"[1.5,0.5]", "[0.5,1.5]", LS_ERR_INVALID, "values [1] must be above 0, and not above"},
        {"[1.5,0.5]", "[1.5,0]", LS_ERR_INVALID, "values [1] must be above 0"},
        {"[1.5,0.5]", "[1.5,0.5,0.1]", LS_ERR_INVALID, "values must be a list of 1 to 2"},
        {"[0.6,0.8]", "[0.6,0.7]", LS_ERR_INVALID, "vectors [0] must have length 1"},
        {"[0.6,0.8]", "[0.6]", LS_ERR_INVALID, "vectors must be a list of 2 numbers"},
        {",[0.8,-0.6]", "", LS_ERR_INVALID, "vectors must be a list of 2 lists"},
        {"\"mean\":[1,2]", "\"mean\":[1,null]", LS_ERR_INVALID, "mean [1] must be a number"},
    };
    ls_monitor *m = NULL;
    CHECK_INT(ls_monitor_load(good, sizeof good - 1, "m.json", &m, NULL), LS_OK);
    ls_monitor_destroy(m);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *text = changed(good, wrong[i].from, wrong[i].to);
        check_not_loaded(text, wrong[i].status, wrong[i].part);
        free(text);
    }
    check_not_loaded("[]", LS_ERR_INVALID, "another value than an object");
    check_not_loaded("", LS_ERR_INVALID, "no monitor in JSON");
}

static void test_without_memory_nothing_is_left(void) {
    static double rows[120 * VARIABLES];
    make_rows(rows, 120, 71);
    ls_monitor_def def = ls_monitor_def_default(VARIABLES);
    def.false_alarms = 0.1;
    const ls_rows run = {rows, 120};
    ls_monitor *m = NULL;
    int64_t count = 0;
    for (ls_status status = LS_ERR_MEMORY; status != LS_OK && count < 200; count++) {
        ls_alloc_fail_after(count);
        status = ls_monitor_fit(&def, &run, 1, &m, NULL);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || (status == LS_ERR_MEMORY && m == NULL));
    }
    CHECK(m != NULL && count > 10);
    for (int64_t i = 0; i < 3; i++) {
        ls_alloc_fail_after(0);
        CHECK_INT(ls_monitor_calibrate(m, &run, 1, 0.1, NULL), LS_ERR_MEMORY);
        ls_alloc_fail_after(-1);
    }
    ls_buffer text;
    ls_buffer_init(&text);
    ls_monitor_save(m, &text);
    ls_monitor *again = NULL;
    count = 0;
    for (ls_status status = LS_ERR_MEMORY; status != LS_OK && count < 200; count++) {
        ls_alloc_fail_after(count);
        status = ls_monitor_load(text.data, text.size, "m", &again, NULL);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || (status == LS_ERR_MEMORY && again == NULL));
    }
    CHECK(again != NULL && count > 3);
    ls_buffer_clear(&text);
    ls_monitor_destroy(m);
    ls_monitor_destroy(again);
    ls_monitor_destroy(NULL);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_two_variables_by_hand);
    TEST(test_whole_is_the_distance_of_mahalanobis);
    TEST(test_held_out_limits_hold_on_new_rows);
    TEST(test_limit_is_an_order_statistic);
    TEST(test_a_broken_relation_is_seen_and_its_variable_blamed);
    TEST(test_contribution_is_what_the_best_value_would_save);
    TEST(test_missing_and_constant_values);
    TEST(test_runs_are_not_joined_over_their_ends);
    TEST(test_what_cannot_be_fitted_is_refused);
    TEST(test_saved_and_loaded_to_the_bit);
    TEST(test_files_that_are_wrong_are_refused_by_key);
    TEST(test_without_memory_nothing_is_left);
    return harness_report();
}
