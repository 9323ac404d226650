// sentry_test.c - alarms begin and end when they should, the right variable is blamed, and what is
// said of false alarms is what a plain count says.
#include "model/sentry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/predictor.h"
#include "model/sentry_fit.h"
#include "model/testing/draws.h"
#include "tests/harness.h"

enum { COLUMNS = 5, ROWS = 800, ROW = 4 };
static const char *const names[COLUMNS] = {"flow", "pressure", "silent", "level", "speed"};

static ls_model_plan plan_of(uint32_t statistics) {
    return (ls_model_plan){.name = "watch",
                           .every_us = 1000000,
                           .gates = {.false_alarms = 0.03, .latency_us = 1000},
                           .monitor = {.is = true,
                                       .lags = 1,
                                       .share = 0.9,
                                       .newest = 0.5,
                                       .false_alarms = 0.01,
                                       .statistics = statistics,
                                       .row = ROW}};
}

// A slow cause, two that follow it, one that never speaks, one of its own, one that stands still.
static void fill(float *row, double *cause) {
    *cause = 0.7 * *cause + normal();
    row[0] = (float)(50.0 + 2.0 * *cause + 0.2 * normal());
    row[1] = (float)(-3.0 + 0.1 * *cause + 0.02 * normal());
    row[2] = NAN;
    row[3] = (float)normal();
    row[4] = 50.0F;
}

// `count` rows of `units` units, a second apart; after half of them an hour is missing.
static void make(ls_dataset *out, size_t count, uint32_t units, uint64_t seed) {
    ls_error err = {0};
    double cause[4] = {0};
    drawn = seed * 2654435761u + 99;
    CHECK_INT(ls_dataset_init(out, count * units, COLUMNS, units, &err), LS_OK);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        out->columns[c] = names[c];
    }
    static const char *const unit_names[4] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < count * units; i++) {
        const size_t moment = i / units;
        out->units[i % units] = unit_names[i % units];
        out->unit[i] = (uint32_t)(i % units);
        out->time_us[i] = (int64_t)(moment + (moment >= count / 2 ? 3600 : 0)) * 1000000;
        out->known_us[i] = out->time_us[i];
        out->label[i] = 0.0;
        fill(out->values + i * COLUMNS, &cause[i % units]);
    }
}

static ls_monitor *fit(const ls_model_plan *plan) {
    ls_dataset rows;
    ls_monitor *m = NULL;
    ls_error err = {0};
    bool left_out[COLUMNS];
    make(&rows, ROWS, 2, 5);
    CHECK_INT(ls_sentry_fit(plan, &rows, left_out, &m, &err), LS_OK);
    CHECK_STR(err.text, "");
    for (uint32_t c = 0; c < COLUMNS; c++) {
        CHECK_INT(left_out[c], c == 2);  // what never spoke is left out
    }
    ls_dataset_clear(&rows);
    return m;
}

static ls_sentry *post(const ls_monitor *m, uint32_t statistics) {
    const ls_sentry_def def = {.statistics = statistics, .row = ROW};
    ls_sentry *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_sentry_create(m, &def, names, COLUMNS, &s, &err), LS_OK);
    CHECK_STR(err.text, "");
    return s;
}

__attribute__((noinline)) static void widen(const float *row, double *out) {
    out[0] = (double)row[0];
    out[1] = (double)row[1];
    out[2] = (double)row[3];
    out[3] = (double)row[4];
}

static void test_the_index_is_that_of_the_monitor(void) {
    const uint32_t both = 1U << LS_MONITOR_T2 | 1U << LS_MONITOR_SPE;
    const ls_model_plan plan = plan_of(both);
    ls_monitor *m = fit(&plan);
    if (m == NULL) {
        return;
    }
    CHECK_INT(m->def.variables, 4);
    CHECK_NEAR(m->def.false_alarms, 0.005, 1e-12);  // each its share
    ls_sentry *s = post(m, both);
    double *memory = calloc(ls_monitor_state_doubles(m), sizeof *memory), cause = 0.0;
    ls_monitor_state state;
    ls_monitor_state_init(m, memory, &state);
    for (int i = 0; i < 300 && !harness_has_failed(); i++) {
        float row[COLUMNS];
        fill(row, &cause);
        double kept[4];
        widen(row, kept);
        const ls_monitor_reading r = ls_monitor_step(m, &state, kept);
        const ls_sentry_report report = ls_sentry_step(s, row);
        CHECK_INT(report.ready, r.ready);
        if (r.ready && report.outside == 0) {
            const double t2 = r.value[LS_MONITOR_T2] / m->limits[LS_MONITOR_T2];
            const double spe = r.value[LS_MONITOR_SPE] / m->limits[LS_MONITOR_SPE];
            CHECK_NEAR(report.index, fmax(t2, spe), 0.0);
            CHECK_INT(report.statistic, t2 >= spe ? LS_MONITOR_T2 : LS_MONITOR_SPE);
        }
    }
    free(memory);
    ls_sentry_destroy(s);
    ls_monitor_destroy(m);
}

static void test_an_alarm_needs_rows_in_a_row_and_blames_the_broken_one(void) {
    const uint32_t whole = 1U << LS_MONITOR_WHOLE;
    const ls_model_plan plan = plan_of(whole);
    ls_monitor *m = fit(&plan);
    if (m == NULL) {
        return;
    }
    ls_sentry *s = post(m, whole);
    double cause = 0.0;
    int above = 0, below = 0, begun = 0, ended = 0;
    bool stands = false;
    for (int i = 0; i < 400 && !harness_has_failed(); i++) {
        float row[COLUMNS];
        fill(row, &cause);
        row[1] += i >= 200 && i < 260 ? 1.0F : 0.0F;  // it no longer follows the cause
        const ls_sentry_report r = ls_sentry_step(s, row);
        if (!r.ready) {
            continue;
        }
        above = r.above ? above + 1 : 0;
        below = r.above ? 0 : below + 1;
        CHECK_INT(r.begins, !stands && above >= ROW);
        CHECK_INT(r.ends, stands && below >= ROW);
        stands = (stands || r.begins) && !r.ends;
        CHECK_INT(r.alarm, stands);
        begun += r.begins;
        ended += r.ends;
        if (r.begins) {
            ls_sentry_blame blame[2];
            CHECK(i >= 200 + ROW - 1 && i < 210);
            CHECK_INT(ls_sentry_blamed(s, blame, 2), 2);
            CHECK_STR(blame[0].name, "pressure");
            CHECK(blame[0].contribution > 5.0 && blame[0].contribution >= blame[1].contribution);
            CHECK(blame[0].value > blame[0].mean && blame[0].low < blame[0].high);
        }
    }
    CHECK_INT(begun, 1);
    CHECK_INT(ended, 1);
    ls_sentry_destroy(s);
    ls_monitor_destroy(m);
}

static void test_what_never_moved_is_blamed_when_it_moves(void) {
    const ls_model_plan plan = plan_of(1U << LS_MONITOR_WHOLE);
    ls_monitor *m = fit(&plan);
    if (m == NULL) {
        return;
    }
    ls_sentry *s = post(m, 1U << LS_MONITOR_WHOLE);
    double cause = 0.0;
    bool begun = false;
    for (int i = 0; i < 40; i++) {
        float row[COLUMNS];
        ls_sentry_blame blame[1];
        fill(row, &cause);
        row[4] = i >= 20 ? 49.0F : 50.0F;
        const ls_sentry_report r = ls_sentry_step(s, row);
        CHECK_INT(r.outside, i >= 20);
        begun = begun || r.begins;
        CHECK_INT(begun, i >= 20 + ROW - 1);
        if (r.begins) {
            CHECK_INT(ls_sentry_blamed(s, blame, 1), 1);
            CHECK_STR(blame[0].name, "speed");
        }
    }
    ls_sentry_destroy(s);
    ls_monitor_destroy(m);
}

// A sensor that stands where it usually is: the statistics see nothing.
static void test_a_stuck_sensor_is_called_and_blamed(void) {
    const ls_model_plan plan = plan_of(1U << LS_MONITOR_WHOLE);
    ls_monitor *m = fit(&plan);
    if (m == NULL) {
        return;
    }
    CHECK_NEAR(m->still[2], 0.0, 0.0);   // noise: never twice the same
    CHECK_NEAR(m->still[3], -1.0, 0.0);  // never moved: it cannot be stuck
    ls_sentry *s = post(m, 1U << LS_MONITOR_WHOLE);
    double cause = 0.0;
    bool begun = false;
    for (int i = 0; i < 40; i++) {
        float row[COLUMNS];
        ls_sentry_blame blame[1];
        fill(row, &cause);
        row[3] = i >= 20 ? 0.1F : row[3];
        const ls_sentry_report r = ls_sentry_step(s, row);
        // More than four rows after the first with that value, then as many as an alarm needs.
        CHECK_INT(r.stuck, i >= 25);
        begun = begun || r.begins;
        CHECK_INT(begun, i >= 25 + ROW - 1);
        if (r.begins) {
            CHECK_INT(ls_sentry_blamed(s, blame, 1), 1);
            CHECK_STR(blame[0].name, "level");
        }
    }
    ls_sentry_destroy(s);
    ls_monitor_destroy(m);
}

static void test_rows_that_are_mostly_missing_change_nothing(void) {
    const ls_model_plan plan = plan_of(1U << LS_MONITOR_WHOLE);
    ls_monitor *m = fit(&plan);
    if (m == NULL) {
        return;
    }
    ls_sentry *s = post(m, 1U << LS_MONITOR_WHOLE);
    double cause = 0.0;
    for (int i = 0; i < 60; i++) {
        float row[COLUMNS];
        fill(row, &cause);
        row[1] += i >= 20 ? 3.0F : 0.0F;
        if (i >= 40) {  // silence while the alarm stands
            row[0] = row[1] = row[3] = NAN;
        }
        const ls_sentry_report r = ls_sentry_step(s, row);
        CHECK_INT(r.ready, i >= 1 && i < 40);
        CHECK_INT(r.alarm, i >= 20 + ROW - 1);
        CHECK_INT(r.missing, i >= 40 ? 3 : 0);
    }
    ls_sentry_reset(s);
    float row[COLUMNS];
    fill(row, &cause);
    CHECK_INT(ls_sentry_step(s, row).alarm, false);
    ls_sentry_blame blame[1];
    CHECK_INT(ls_sentry_blamed(s, blame, 1), 0);  // no reading yet
    ls_sentry_destroy(s);
    ls_monitor_destroy(m);
}

static void test_false_alarms_are_counted_on_rows_that_it_has_not_seen(void) {
    const ls_model_plan plan = plan_of(1U << LS_MONITOR_WHOLE);
    ls_monitor *m = fit(&plan);
    if (m == NULL) {
        return;
    }
    ls_dataset rows;
    ls_sentry_trial trial;
    ls_sentry_verdict verdict;
    ls_error err = {0};
    make(&rows, ROWS, 3, 77);
    CHECK_INT(ls_sentry_try(&plan, m, &rows, &trial, &err), LS_OK);
    // Three units, two stretches each, one row lost at the beginning of each by the lag.
    CHECK_INT(trial.readings, 3 * ROWS - 6);
    CHECK(trial.share > 0.0 && trial.share < 0.03);
    CHECK(trial.error > 0.0 && trial.error < 0.02);
    CHECK_NEAR(trial.share, (double)trial.above / (double)trial.readings, 1e-12);
    CHECK_INT(ls_sentry_decide(&plan, &trial, 20, &verdict, &err), LS_OK);
    CHECK(verdict.passed);
    CHECK_INT(ls_sentry_decide(&plan, &trial, 2000, &verdict, &err), LS_OK);
    CHECK(!verdict.passed && verdict.rate_passed);
    ls_dataset_clear(&rows);
    // A plant that runs otherwise: the gate says no.
    make(&rows, ROWS, 1, 78);
    for (size_t i = 0; i < rows.row_count; i++) {
        rows.values[i * COLUMNS] += 2.0F;
    }
    CHECK_INT(ls_sentry_try(&plan, m, &rows, &trial, &err), LS_OK);
    CHECK_INT(ls_sentry_decide(&plan, &trial, 20, &verdict, &err), LS_OK);
    CHECK(!verdict.passed && trial.share > 0.5);
    CHECK_CONTAINS(verdict.rate_about, "at most 3 % may be");
    // Too few rows to show a rate of 3 %.
    trial.readings = 33;
    CHECK_INT(ls_sentry_decide(&plan, &trial, 20, &verdict, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "33 readings");
    ls_dataset_clear(&rows);
    ls_monitor_destroy(m);
}

static void test_what_does_not_fit_is_refused(void) {
    ls_model_plan plan = plan_of(1U << LS_MONITOR_WHOLE);
    ls_monitor *m = fit(&plan);
    if (m == NULL) {
        return;
    }
    ls_sentry *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_sentry_suits(&plan, m, &err), LS_OK);
    plan.monitor.lags = 3;
    CHECK_INT(ls_sentry_suits(&plan, m, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "made for 1 lags");
    plan.monitor.lags = 1;
    plan.monitor.statistics = 3;  // each would have half of the false alarms
    CHECK_INT(ls_sentry_suits(&plan, m, &err), LS_ERR_INVALID);
    ls_sentry_def def = {.statistics = 4, .row = 6};
    CHECK_INT(ls_sentry_create(m, &def, names, 4, &s, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "'speed', which is not among");
    def.statistics = 8;
    CHECK_INT(ls_sentry_create(m, &def, names, COLUMNS, &s, &err), LS_ERR_INVALID);
    def = (ls_sentry_def){.statistics = 4, .row = 0};
    CHECK_INT(ls_sentry_create(m, &def, names, COLUMNS, &s, &err), LS_ERR_INVALID);
    CHECK(s == NULL);
    ls_dataset rows;
    bool left_out[COLUMNS];
    ls_monitor *other = NULL;
    make(&rows, 40, 1, 3);
    for (size_t i = 0; i < rows.row_count * COLUMNS; i++) {
        rows.values[i] = NAN;
    }
    CHECK_INT(ls_sentry_fit(&plan, &rows, left_out, &other, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "every feature is missing");
    ls_dataset_clear(&rows);
    ls_monitor_destroy(m);
}

// A monitor and a model that predicts are not taken for each other.
static void test_a_monitor_is_no_predictor(void) {
    const ls_model_plan plan = plan_of(1U << LS_MONITOR_WHOLE);
    ls_monitor *m = fit(&plan);
    if (m == NULL) {
        return;
    }
    static const char linear[] =
        "{\"format\":\"lineshaft linear\",\"version\":1,\"intercept\":1,\"features\":"
        "[{\"name\":\"flow\",\"coefficient\":1,\"typical\":0}]}";
    const float row[COLUMNS] = {0};
    double wide[COLUMNS];
    ls_buffer text;
    ls_predictor p;
    ls_error err = {0};
    ls_buffer_init(&text);
    ls_monitor_save(m, &text);
    CHECK_INT(ls_predictor_load_monitor(text.data, text.size, "m", names, COLUMNS, &p, &err),
              LS_OK);
    CHECK_STR(ls_predictor_kind(&p), "monitor");
    CHECK(p.monitor != NULL && isnan(ls_predictor_predict(&p, row, wide)));
    CHECK_INT(ls_predictor_explain(&p, row, wide, &err), LS_ERR_INVALID);
    ls_predictor_clear(&p);
    CHECK_INT(ls_predictor_load_monitor(text.data, text.size, "m", names, COLUMNS - 1, &p, &err),
              LS_ERR_INVALID);
    CHECK(p.monitor == NULL);
    CHECK_INT(ls_predictor_load(text.data, text.size, "m", names, COLUMNS, &p, &err),
              LS_ERR_INVALID);
    CHECK_INT(ls_predictor_load_monitor(linear, sizeof linear - 1, "m", names, COLUMNS, &p, &err),
              LS_ERR_INVALID);
    // A file of before, which does not say how long values stood: nothing is ever stuck.
    char *still = strstr(text.data, "\"still\"");
    CHECK(still != NULL);
    if (still != NULL) {
        memcpy(still, "\"stall\"", 7);
        CHECK_INT(ls_predictor_load_monitor(text.data, text.size, "m", names, COLUMNS, &p, &err),
                  LS_ERR_INVALID);  // an unknown key
        char *end = strchr(still, ']');
        memset(still, ' ', (size_t)(end - still) + 2);
        CHECK_INT(ls_predictor_load_monitor(text.data, text.size, "m", names, COLUMNS, &p, &err),
                  LS_OK);
        CHECK(p.monitor != NULL && p.monitor->still[0] < 0.0);
        ls_predictor_clear(&p);
    }
    ls_buffer_clear(&text);
    ls_monitor_destroy(m);
}

static void test_out_of_memory_is_told(void) {
    const ls_model_plan plan = plan_of(1U << LS_MONITOR_WHOLE);
    ls_monitor *m = fit(&plan), *other = NULL;
    ls_dataset rows;
    ls_sentry_trial trial;
    bool left_out[COLUMNS];
    ls_error err = {0};
    make(&rows, 200, 1, 3);
    int failures = 0;
    for (int count = 0; count < 200; count++) {
        ls_alloc_fail_after(count);
        const ls_status fitted = ls_sentry_fit(&plan, &rows, left_out, &other, &err);
        ls_alloc_fail_after(count);
        const ls_status tried = m != NULL ? ls_sentry_try(&plan, m, &rows, &trial, &err) : LS_OK;
        ls_alloc_fail_after(-1);
        failures += (fitted != LS_OK) + (tried != LS_OK);
        CHECK(fitted == LS_OK || fitted == LS_ERR_MEMORY);
        CHECK(tried == LS_OK || tried == LS_ERR_MEMORY);
        if (fitted == LS_OK) {
            ls_monitor_destroy(other);
        }
    }
    CHECK(failures > 5);
    ls_dataset_clear(&rows);
    ls_monitor_destroy(m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_index_is_that_of_the_monitor);
    TEST(test_an_alarm_needs_rows_in_a_row_and_blames_the_broken_one);
    TEST(test_what_never_moved_is_blamed_when_it_moves);
    TEST(test_a_stuck_sensor_is_called_and_blamed);
    TEST(test_rows_that_are_mostly_missing_change_nothing);
    TEST(test_false_alarms_are_counted_on_rows_that_it_has_not_seen);
    TEST(test_what_does_not_fit_is_refused);
    TEST(test_a_monitor_is_no_predictor);
    TEST(test_out_of_memory_is_told);
    return harness_report();
}
