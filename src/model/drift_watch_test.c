// drift_watch_test.c - how often a plant that does not change alarms, how soon one that does, and
// what is named as the cause; the profile that it is compared with; both kept and read again.
#include "model/drift_watch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/testing/draws.h"
#include "tests/harness.h"

#define MINUTE_US INT64_C(60000000)
#define DAY_US (1440 * MINUTE_US)

enum { COLUMNS = 6, UNITS = 3, TRAIN_DAYS = 10 };
static const double MEMORY[COLUMNS] = {0.0, 0.5, 0.9, 0.99, 0.0, 0.95};
static ls_error err;

// A plant of some units: features are AR(1), each with a part that all units share; the label is
// their sum and noise with a memory, which the model does not know.
typedef struct plant {
    double own[UNITS][COLUMNS], shared[COLUMNS], noise[UNITS];
    double shift[COLUMNS], worse;
    int64_t now_us;
} plant;

static void begin(plant *p, uint64_t seed) {
    drawn = seed * 2654435761u + 1;
    memset(p, 0, sizeof *p);
    p->now_us = 1000 * DAY_US;
    p->worse = 1.0;
    for (int c = 0; c < COLUMNS; c++) {
        p->shared[c] = normal();
        for (int u = 0; u < UNITS; u++) {
            p->own[u][c] = normal();
        }
    }
}

static double ar(double before, double memory) {
    return memory * before + sqrt(1.0 - memory * memory) * normal();
}

static void step(plant *p) {
    p->now_us += 5 * MINUTE_US;
    for (int c = 0; c < COLUMNS; c++) {
        p->shared[c] = ar(p->shared[c], MEMORY[c]);
        for (int u = 0; u < UNITS; u++) {
            p->own[u][c] = ar(p->own[u][c], MEMORY[c]);
        }
    }
    for (int u = 0; u < UNITS; u++) {
        p->noise[u] = ar(p->noise[u], 0.9);
    }
}

static void row_of(const plant *p, int unit, float *row, double *out_error) {
    for (int c = 0; c < COLUMNS; c++) {
        row[c] = (float)(0.8 * p->own[unit][c] + 0.6 * p->shared[c] + p->shift[c]);
    }
    row[4] = p->own[unit][4] > 1.5 ? NAN
             : row[4] > 0.0F       ? 1.0F
                                   : 0.0F;  // a switch, silent at times
    *out_error = p->worse * p->noise[unit];
}

static const char MODEL[] =
    "{\"format\":\"lineshaft linear\",\"version\":1,\"intercept\":1,\"features\":["
    "{\"name\":\"a\",\"coefficient\":2,\"typical\":0},{\"name\":\"b\",\"coefficient\":1,"
    "\"typical\":0},"
    "{\"name\":\"c\",\"coefficient\":1,\"typical\":0},{\"name\":\"d\",\"coefficient\":1,"
    "\"typical\":0},"
    "{\"name\":\"e\",\"coefficient\":1,\"typical\":0},{\"name\":\"f\",\"coefficient\":0,"
    "\"typical\":0}]}";
static const char *const names[COLUMNS] = {"a", "b", "c", "d", "e", "f"};
static ls_predictor model;

static void fill(ls_dataset *d, plant *p, int days) {
    const size_t rows = (size_t)days * 288 * UNITS;
    double wide[COLUMNS + 1];
    CHECK_INT(ls_dataset_init(d, rows, COLUMNS, UNITS, &err), LS_OK);
    for (uint32_t c = 0; c < COLUMNS; c++) {
        d->columns[c] = names[c];
    }
    for (size_t i = 0; i < rows; i++) {
        float *row = d->values + i * COLUMNS;
        double error = 0.0;
        if (i % UNITS == 0) {
            step(p);
        }
        row_of(p, (int)(i % UNITS), row, &error);
        d->time_us[i] = d->known_us[i] = p->now_us;
        d->unit[i] = (uint32_t)(i % UNITS);
        d->label[i] = ls_predictor_predict(&model, row, wide) - error;
    }
}

static void learn(plant *p, ls_profile *out) {
    ls_dataset train, held;
    const ls_dataset *const all[] = {&held};
    fill(&train, p, TRAIN_DAYS);
    fill(&held, p, TRAIN_DAYS / 2);
    CHECK_INT(ls_profile_make(&model, &train, all, 1, out, &err), LS_OK);
    ls_dataset_clear(&train);
    ls_dataset_clear(&held);
}

// ---- the profile

static void test_the_profile_knows_values_memory_and_errors(void) {
    plant p;
    ls_profile profile;
    begin(&p, 1);
    learn(&p, &profile);
    CHECK_INT(profile.column_count, COLUMNS);
    CHECK_STR(profile.columns[3], "d");
    for (int c = 0; c < COLUMNS; c++) {
        const ls_profile_column *col = &profile.of[c];
        // Means of three units that share 0.36 of their variance.
        const double each = 5.0 * (double)MINUTE_US;
        const double together = (1.0 + MEMORY[c]) / (1.0 - MEMORY[c]);
        harness_note("column %d: span %g min, memory %g min, %g values", c,
                     col->span_us / (double)MINUTE_US, col->memory_us / (double)MINUTE_US,
                     col->effective);
        if (c != 4) {
            CHECK_INT(col->bins, LS_DRIFT_BINS);
            CHECK_NEAR(col->memory_us / (each * together), 1.0, 0.5);
            const double share = 0.36 + 0.64 / 3.0;
            CHECK_NEAR(col->span_us / (col->memory_us * share), 1.0, 0.3);
        }
    }
    CHECK_INT(profile.of[4].bins, 2);
    CHECK_NEAR(profile.of[4].missing, 0.067, 0.02);
    CHECK_NEAR(profile.off.mean, sqrt(2.0 / acos(-1.0)), 0.1);
    CHECK(profile.off.memory_us > 10.0 * (double)MINUTE_US);
    CHECK_NEAR(profile.said.deviation, sqrt(7.0 + 0.25), 0.7);
    CHECK_NEAR(profile.of[5].effect, 0.0, 0.0);
    ls_profile_clear(&profile);
}

static void test_the_profile_is_read_as_it_was_written(void) {
    plant p;
    ls_profile profile, again;
    ls_buffer one, two;
    begin(&p, 2);
    learn(&p, &profile);
    ls_buffer_init(&one);
    ls_buffer_init(&two);
    ls_profile_save(&profile, &one);
    CHECK_INT(ls_profile_load(one.data, one.size, "profile.json", &again, &err), LS_OK);
    ls_profile_save(&again, &two);
    CHECK_STR(one.data, two.data);
    CHECK_INT(memcmp(profile.of, again.of, COLUMNS * sizeof *again.of), 0);
    ls_profile_clear(&again);
    for (int64_t n = 0; n < 30; n++) {
        ls_alloc_fail_after(n);
        const ls_status status = ls_profile_load(one.data, one.size, "profile.json", &again, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        ls_profile_clear(&again);
    }
    ls_buffer_clear(&one);
    ls_buffer_clear(&two);
    ls_profile_clear(&profile);
    static const char *const wrong[][2] = {
        {"[]", "no profile in JSON"},
        {"{\"format\":\"x\"}", "format must be \"lineshaft profile\""},
        {"{\"format\":\"lineshaft profile\",\"version\":1,\"features\":[]}", "a list of 1 to 4096"},
        {"{\"format\":\"lineshaft profile\",\"version\":1,\"features\":[{\"name\":\"a\"}]}",
         "shares must be a list"},
        {"{\"format\":\"lineshaft "
         "profile\",\"version\":1,\"features\":[{\"name\":\"a\",\"edges\":[2,1],"
         "\"shares\":[0.5,0.2,0.3]}]}",
         "edges rising: number 2 is not"},
        {"{\"format\":\"lineshaft profile\",\"version\":2}", "reads up to 1"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(ls_profile_load(wrong[i][0], strlen(wrong[i][0]), "p", &again, &err) != LS_OK);
        CHECK_CONTAINS(err.text, wrong[i][1]);
        ls_profile_clear(&again);
    }
}

static void test_a_profile_of_few_rows_knows_nothing(void) {
    plant p;
    ls_dataset few;
    ls_profile profile;
    ls_drift_watch w;
    const ls_model_drift limits = {.window_us = DAY_US, .psi = 0.25, .false_alarms = 0.01};
    begin(&p, 3);
    fill(&few, &p, 1);
    few.row_count = 5;
    CHECK_INT(ls_profile_make(&model, &few, NULL, 0, &profile, &err), LS_OK);
    CHECK_INT(profile.of[0].bins, 0);
    CHECK_INT(profile.off.bins, 0);
    CHECK_INT(ls_drift_watch_init(&profile, &limits, MINUTE_US, &w, &err), LS_OK);
    bool told = false;
    for (int i = 0; i < 5000; i++) {
        float row[COLUMNS];
        double error = 0.0;
        step(&p);
        row_of(&p, 0, row, &error);
        told = ls_drift_watch_row(&w, p.now_us, row, 1.0) || told;
        told = ls_drift_watch_error(&w, p.now_us, error) || told;
    }
    CHECK(!told);
    ls_drift_watch_clear(&w);
    ls_profile_clear(&profile);
    few.row_count = 288 * UNITS;
    ls_dataset_clear(&few);
}

// ---- alarms

typedef struct heard {
    int inputs, errors;
    double days;  // until the first of them, after `from`
} heard;

// Lives `days` on; what begins at day `from` is in p->shift and p->worse already.
static heard live(ls_drift_watch *w, plant *p, double days) {
    heard h = {.days = NAN};
    double wide[COLUMNS + 1];
    const int64_t begun_us = p->now_us;
    while ((double)(p->now_us - begun_us) < days * (double)DAY_US) {
        step(p);
        for (int u = 0; u < UNITS; u++) {
            float row[COLUMNS];
            double error = 0.0;
            row_of(p, u, row, &error);
            const double y = ls_predictor_predict(&model, row, wide);
            const bool inputs = ls_drift_watch_row(w, p->now_us, row, y);
            const bool errors = ls_drift_watch_error(w, p->now_us, error);
            h.inputs += inputs;
            h.errors += errors;
            if ((inputs || errors) && isnan(h.days)) {
                h.days = (double)(p->now_us - begun_us) / (double)DAY_US;
            }
        }
        if (w->in_inputs || w->in_errors) {
            ls_drift_watch_again(w);
        }
    }
    return h;
}

static const ls_model_drift usual = {.window_us = DAY_US, .psi = 0.25, .false_alarms = 0.01};

static void test_a_plant_that_does_not_change_hardly_ever_alarms(void) {
    static const int hours[] = {2, 24};  // of a window
    const int plants = harness_is_slow_build() ? 2 : 20, windows = 50;
    for (int k = 0; k < 2; k++) {
        ls_model_drift limits = usual;
        int inputs = 0, errors = 0;
        limits.window_us = hours[k] * 60 * MINUTE_US;
        for (int i = 0; i < plants; i++) {
            plant p;
            ls_profile profile;
            ls_drift_watch w;
            begin(&p, (uint64_t)i + 10);
            learn(&p, &profile);
            CHECK_INT(ls_drift_watch_init(&profile, &limits, 5 * MINUTE_US, &w, &err), LS_OK);
            const heard h = live(&w, &p, windows * hours[k] / 24.0);
            inputs += h.inputs;
            errors += h.errors;
            ls_drift_watch_clear(&w);
            ls_profile_clear(&profile);
        }
        harness_note("%d windows of %d h: %d alarms of inputs, %d of errors", plants * windows,
                     hours[k], inputs, errors);
        CHECK(inputs <= (int)(0.01 * plants * windows + 2.5 * sqrt(0.01 * plants * windows)));
        CHECK(errors <= plants * windows / 200 + 1);
    }
}

static heard shifted(uint64_t seed, int column, double shift, double worse, ls_drift_cause *out,
                     uint32_t *out_count) {
    plant p;
    ls_profile profile;
    ls_drift_watch w;
    begin(&p, seed);
    learn(&p, &profile);
    CHECK_INT(ls_drift_watch_init(&profile, &usual, 5 * MINUTE_US, &w, &err), LS_OK);
    (void)live(&w, &p, 2.0);
    p.worse = worse;
    p.shift[column] = shift;
    heard h = {.days = NAN};
    for (int i = 0; i < 10 && isnan(h.days); i++) {
        h = live(&w, &p, 1.0);
        h.days += i;
    }
    CHECK_INT(ls_drift_watch_causes(&w, &model, out, COLUMNS, out_count, &err), LS_OK);
    ls_drift_watch_clear(&w);
    ls_profile_clear(&profile);
    return h;
}

static void test_a_sensor_that_shifts_is_found_and_named(void) {
    ls_drift_cause causes[COLUMNS];
    uint32_t count = 0;
    heard h = shifted(100, 2, 3.0, 1.0, causes, &count);
    harness_note("after %.2f days", h.days);
    CHECK(h.days <= 1.5);
    CHECK(count >= 1);
    CHECK_INT(causes[0].column, 2);
    CHECK(causes[0].figures.act);
    CHECK(causes[0].figures.psi > 1.0);
    CHECK(causes[0].figures.ks > 0.3);
    CHECK(causes[0].effect > 1.5);
    CHECK(causes[0].figures.mean > 1.5);
    h = shifted(101, 0, 1.0, 1.0, causes, &count);  // of one without memory less is enough
    harness_note("after %.2f days", h.days);
    CHECK(h.days <= 1.5);
    CHECK_INT(causes[0].column, 0);
    CHECK_NEAR(causes[0].effect, 2.0, 1.0);
}

static void test_errors_that_grow_are_found_before_a_window_is_over(void) {
    ls_drift_cause causes[COLUMNS];
    uint32_t count = 0;
    const heard h = shifted(102, 5, 0.0, 3.0, causes, &count);
    harness_note("after %.2f days", h.days);
    CHECK(h.errors >= 1);
    CHECK(h.days <= 1.0);
    CHECK(count >= 1);  // nothing of the inputs: the largest is shown, and is no drift
    CHECK(!causes[0].figures.act);
}

static void test_a_sensor_that_falls_silent_is_a_drift(void) {
    plant p;
    ls_profile profile;
    ls_drift_watch w;
    begin(&p, 103);
    learn(&p, &profile);
    CHECK_INT(ls_drift_watch_init(&profile, &usual, 5 * MINUTE_US, &w, &err), LS_OK);
    p.shift[1] = NAN;
    const heard h = live(&w, &p, 1.0);
    CHECK(h.inputs >= 1);
    CHECK_NEAR(ls_drift_watch_figures(&w, 1).missing, 1.0, 0.0);
    CHECK(ls_drift_watch_figures(&w, 1).act);
    CHECK(!ls_drift_watch_figures(&w, 0).act);
    ls_drift_watch_clear(&w);
    ls_profile_clear(&profile);
}

// The sensor is repaired, the errors are as they were: the drift is over, and one that comes again
// is told again.
static void test_a_drift_that_goes_away_is_over(void) {
    plant p;
    ls_profile profile;
    ls_drift_watch w;
    double wide[COLUMNS + 1];
    begin(&p, 106);
    learn(&p, &profile);
    CHECK_INT(ls_drift_watch_init(&profile, &usual, 5 * MINUTE_US, &w, &err), LS_OK);
    p.shift[0] = 3.0;
    p.worse = 3.0;
    bool over = true;
    for (int i = 0; i < 8 * 288; i++) {  // two days so, then as it was
        step(&p);
        if (i == 2 * 288) {
            over = ls_drift_watch_is_over(&w);
            p.shift[0] = 0.0;
            p.worse = 1.0;
        }
        for (int u = 0; u < UNITS; u++) {
            float row[COLUMNS];
            double error = 0.0;
            row_of(&p, u, row, &error);
            (void)ls_drift_watch_row(&w, p.now_us, row, ls_predictor_predict(&model, row, wide));
            (void)ls_drift_watch_error(&w, p.now_us, error);
        }
    }
    CHECK(w.in_inputs);
    CHECK(w.in_errors);
    CHECK(!over);
    CHECK(ls_drift_watch_is_over(&w));
    ls_drift_watch_again(&w);
    CHECK(!w.in_inputs && !w.in_errors);
    CHECK_INT(w.since_us, 0);
    p.shift[0] = 3.0;
    CHECK(live(&w, &p, 1.0).inputs >= 1);
    ls_drift_watch_clear(&w);
    ls_profile_clear(&profile);
}

static void test_a_gap_in_time_is_no_drift(void) {
    plant p;
    ls_profile profile;
    ls_drift_watch w;
    begin(&p, 104);
    learn(&p, &profile);
    CHECK_INT(ls_drift_watch_init(&profile, &usual, 5 * MINUTE_US, &w, &err), LS_OK);
    heard h = live(&w, &p, 0.7);
    p.now_us += 30 * DAY_US;
    h = live(&w, &p, 2.0);
    CHECK_INT(h.inputs + h.errors, 0);
    CHECK(w.judged >= 3 && w.judged <= 8);
    ls_drift_watch_clear(&w);
    ls_profile_clear(&profile);
}

// ---- kept

static void test_a_restart_changes_nothing(void) {
    plant p, here;
    ls_profile profile;
    ls_drift_watch a, b;
    begin(&p, 105);
    learn(&p, &profile);
    CHECK_INT(ls_drift_watch_init(&profile, &usual, 5 * MINUTE_US, &a, &err), LS_OK);
    CHECK_INT(ls_drift_watch_init(&profile, &usual, 5 * MINUTE_US, &b, &err), LS_OK);
    (void)live(&a, &p, 1.3);
    json_t *saved = ls_drift_watch_save(&a);
    char *text = json_dumps(saved, JSON_REAL_PRECISION(17));
    json_t *read = json_loads(text, 0, NULL);
    CHECK_INT(ls_drift_watch_load(read, &b, &err), LS_OK);
    const uint64_t state = drawn;
    here = p;
    p.shift[0] = here.shift[0] = 2.0;
    const heard one = live(&a, &p, 3.0);
    drawn = state;
    const heard two = live(&b, &here, 3.0);
    CHECK_INT(one.inputs, two.inputs);
    CHECK_INT(one.errors, two.errors);
    CHECK_NEAR(one.days, two.days, 0.0);
    for (uint32_t c = 0; c <= COLUMNS; c++) {
        CHECK_NEAR(ls_drift_watch_figures(&a, c).psi, ls_drift_watch_figures(&b, c).psi, 0.0);
    }
    json_decref(saved);
    free(text);
    json_object_set_new(read, "halves", json_array());
    CHECK_INT(ls_drift_watch_load(read, &b, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "halves must be 3");
    CHECK_INT(ls_drift_watch_load(NULL, &b, &err), LS_ERR_INVALID);
    CHECK_NEAR(ls_drift_watch_figures(&a, 0).psi, ls_drift_watch_figures(&b, 0).psi, 0.0);
    json_decref(read);
    ls_drift_watch_clear(&a);
    ls_drift_watch_clear(&b);
    ls_profile_clear(&profile);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    CHECK_INT(ls_predictor_load(MODEL, strlen(MODEL), "model", names, COLUMNS, &model, &err),
              LS_OK);
    TEST(test_the_profile_knows_values_memory_and_errors);
    TEST(test_the_profile_is_read_as_it_was_written);
    TEST(test_a_profile_of_few_rows_knows_nothing);
    TEST(test_a_plant_that_does_not_change_hardly_ever_alarms);
    TEST(test_a_sensor_that_shifts_is_found_and_named);
    TEST(test_errors_that_grow_are_found_before_a_window_is_over);
    TEST(test_a_sensor_that_falls_silent_is_a_drift);
    TEST(test_a_drift_that_goes_away_is_over);
    TEST(test_a_gap_in_time_is_no_drift);
    TEST(test_a_restart_changes_nothing);
    ls_predictor_clear(&model);
    return harness_report();
}
