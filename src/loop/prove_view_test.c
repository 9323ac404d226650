// prove_view_test.c - rows in the history become the account.
#include "loop/prove_view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "loop/testing/bench.h"
#include "tests/harness.h"

static void keep(bench *b, const char *id, int version, int64_t time_us, const char *kind,
                 const char *state, double gain) {
    char json[1024];
    snprintf(json, sizeof json,
             "{\"id\": \"%s\", \"version\": %d, \"time_us\": %lld, \"kind\": \"%s\", \"state\": "
             "\"%s\", \"claim\": {\"gain\": %g, \"low\": %g, \"high\": %g, \"level\": 0.95}}",
             id, version, (long long)time_us, kind, state, gain, gain - 1, gain + 1);
    const ls_happened happened = {.time_us = time_us + version,
                                  .kind = "decision",
                                  .subject = id,
                                  .text = "a decision",
                                  .json = json};
    CHECK_INT(ls_history_event(b->intake.history, &happened, NULL), LS_OK);
}

// A window of a second that began at `time_us`; of two decisions of which 3 to 6 was to be
// expected.
static void keep_window(bench *b, const char *kind, int64_t time_us, double gain, double error) {
    char json[1024];
    snprintf(
        json, sizeof json,
        "{\"kind\": \"%s\", \"begun_us\": %lld, \"ended_us\": %lld, \"decisions\": 2, "
        "\"promised\": {\"gain\": 5, \"low\": 4.9, \"high\": 5.1}, "
        "\"awaited\": {\"gain\": 4.5, \"low\": 3, \"high\": 6}, \"level\": 0.95, \"gain\": %g, "
        "\"low\": %g, \"high\": %g, \"error\": %g, \"why_not\": \"\"}",
        kind, (long long)time_us, (long long)time_us + 1000000, gain, gain - 0.5, gain + 0.5,
        error);
    const ls_happened happened = {.time_us = time_us + 5000000,
                                  .kind = "account",
                                  .subject = kind,
                                  .text = "an account",
                                  .json = json};
    CHECK_INT(ls_history_event(b->intake.history, &happened, NULL), LS_OK);
}

// A setting of a value in its own unit; the promise is a mean over the horizon.
static void keep_setting(bench *b, const char *id, const char *counts, const char *unit,
                         double horizon_s, double gain) {
    char json[1024];
    snprintf(json, sizeof json,
             "{\"id\": \"%s\", \"version\": 1, \"time_us\": 1000000, \"kind\": \"setpoint\", "
             "\"counts\": \"%s\", \"unit\": \"%s\", \"horizon_s\": %g, \"state\": \"done\", "
             "\"claim\": {\"gain\": %g, \"low\": %g, \"high\": %g}}",
             id, counts, unit, horizon_s, gain, gain - 1, gain + 1);
    const ls_happened happened = {
        .time_us = 1000001, .kind = "decision", .subject = id, .text = "a decision", .json = json};
    CHECK_INT(ls_history_event(b->intake.history, &happened, NULL), LS_OK);
}

static void keep_setting_window(bench *b, const char *of, double gain) {
    char json[1024];
    snprintf(json, sizeof json,
             "{\"kind\": \"setpoint\", \"of\": \"%s\", \"begun_us\": 1, \"ended_us\": 2, "
             "\"decisions\": 1, \"level\": 0.95, \"gain\": %g, \"low\": %g, \"high\": %g, "
             "\"error\": 0.5, \"why_not\": \"\"}",
             of, gain, gain - 1, gain + 1);
    const ls_happened happened = {.time_us = 3000000,
                                  .kind = "account",
                                  .subject = "setpoint",
                                  .text = "an account",
                                  .json = json};
    CHECK_INT(ls_history_event(b->intake.history, &happened, NULL), LS_OK);
}

static json_t *account(bench *b, int64_t from_us, int64_t to_us, const char *kind) {
    json_t *out = NULL;
    ls_error err = {0};
    const ls_prove_def def = {.from_us = from_us, .to_us = to_us, .kind = kind};
    CHECK_INT(ls_prove_account(b->intake.history, b->intake.running.plant, &def, &out, &err),
              LS_OK);
    return out;
}

static double number(const json_t *rows, size_t at, const char *part, const char *key) {
    const json_t *row = json_array_get(rows, at);
    const json_t *of = part != NULL ? json_object_get(row, part) : row;
    return json_number_value(json_object_get(of, key));
}

static void test_the_newest_version_of_each_row_counts(void) {
    bench b;
    bench_open(&b, "");
    keep(&b, "d-1", 1, 1000000, "dispatch", "open", 5);
    keep(&b, "d-1", 3, 1000000, "dispatch", "done", 5);
    keep_window(&b, "dispatch", 900000, 4.5, 0.1);
    keep_window(&b, "dispatch", 1900000, 0.5, 0.1);
    keep(&b, "d-1", 2, 1000000, "dispatch", "approved", 5);
    keep(&b, "d-2", 1, 2000000, "dispatch", "sent", 7);
    keep(&b, "d-3", 1, 3000000, "conwip", "refused", 9);
    keep(&b, "d-4", 1, 9000000, "conwip", "sent", 9);
    json_t *all = account(&b, INT64_MIN, INT64_MAX, NULL);
    const json_t *rows = json_object_get(all, "rows");
    CHECK_INT(json_array_size(rows), 2);
    CHECK_NEAR(number(rows, 0, NULL, "decisions"), 2, 0);
    CHECK_NEAR(number(rows, 0, NULL, "sent"), 2, 0);
    CHECK_NEAR(number(rows, 0, "promised", "gain"), 12, 1e-9);
    CHECK_NEAR(number(rows, 0, "promised", "low_together"), 10, 1e-9);
    CHECK_NEAR(number(rows, 0, "realised", "gain"), 5.0, 1e-9);
    CHECK_NEAR(number(rows, 0, "realised", "decisions"), 4, 0);
    CHECK_NEAR(number(rows, 0, "realised", "windows"), 2, 0);
    CHECK_NEAR(number(rows, 0, "realised", "error"), 0.2, 1e-9);
    CHECK_NEAR(number(rows, 0, "inside", "of"), 2, 0);
    CHECK_NEAR(number(rows, 0, "inside", "count"), 1, 0);
    CHECK_NEAR(number(rows, 0, "inside", "awaited"), 9, 1e-9);
    CHECK_NEAR(number(rows, 0, "inside", "low"), 9 - sqrt(2 * 1.5 * 1.5), 1e-9);
    CHECK_NEAR(number(rows, 0, "inside", "brought"), 5, 1e-9);
    CHECK_CONTAINS(
        json_string_value(json_array_get(json_object_get(all, "sentences"), 0)),
        "By the beginning of 2 of them 9 (6.88 to 11.1) was to be expected, and 5 came.");
    CHECK(json_is_null(json_object_get(json_array_get(rows, 1), "realised")));
    CHECK_CONTAINS(json_string_value(json_array_get(json_object_get(all, "sentences"), 1)),
                   "is not shown");
    json_decref(all);
    all = account(&b, 1500000, 2500000, NULL);  // windows that lie in it as a whole
    rows = json_object_get(all, "rows");
    CHECK(json_is_null(json_object_get(json_array_get(rows, 0), "realised")));
    json_decref(all);
    all = account(&b, 2500000, 4000000, NULL);
    rows = json_object_get(all, "rows");
    CHECK_INT(json_array_size(rows), 1);
    CHECK_NEAR(number(rows, 0, NULL, "sent"), 0, 0);
    json_decref(all);
    all = account(&b, INT64_MIN, INT64_MAX, "dispatch");
    CHECK_INT(json_array_size(json_object_get(all, "rows")), 1);
    json_decref(all);
    bench_close(&b);
}

static void test_settings_are_told_value_by_value_in_their_units(void) {
    bench b;
    bench_open(&b, "");
    keep_setting(&b, "d-1", "bath", "C", 1800, 4);
    keep_setting(&b, "d-2", "cost", "$/h", 7200, 3);
    keep_setting_window(&b, "cost", 9);
    keep_setting_window(&b, "bath", 0.25);
    json_t *all = account(&b, INT64_MIN, INT64_MAX, "setpoint");
    const json_t *rows = json_object_get(all, "rows");
    const json_t *bath = json_array_get(rows, 0);
    const json_t *cost = json_array_get(rows, 1);
    CHECK_INT(json_array_size(rows), 2);
    if (strcmp(json_string_value(json_object_get(bath, "of")), "bath") != 0) {
        const json_t *other = bath;
        bath = cost;
        cost = other;
    }
    CHECK_STR(json_string_value(json_object_get(bath, "of")), "bath");
    CHECK_STR(json_string_value(json_object_get(bath, "unit")), "C h");
    CHECK_STR(json_string_value(json_object_get(cost, "of")), "cost");
    CHECK_STR(json_string_value(json_object_get(cost, "unit")), "$");
    const json_t *promised = json_object_get(bath, "promised");
    CHECK_NEAR(json_number_value(json_object_get(promised, "gain")), 2.0, 1e-12);
    CHECK_NEAR(json_number_value(json_object_get(promised, "low")), 1.5, 1e-12);
    promised = json_object_get(cost, "promised");
    CHECK_NEAR(json_number_value(json_object_get(promised, "gain")), 6.0, 1e-12);
    CHECK(json_is_true(json_object_get(cost, "shown")));
    CHECK(json_is_false(json_object_get(bath, "shown")));
    CHECK_CONTAINS(json_string_value(json_object_get(bath, "why_not")),
                   "not larger than the error");
    CHECK_NEAR(json_number_value(json_object_get(json_object_get(cost, "inside"), "of")), 0, 0);
    bool said = false;
    for (size_t i = 0; i < 2; i++) {
        const char *text = json_string_value(json_array_get(json_object_get(all, "sentences"), i));
        said = said || strstr(text, "setpoint cost: 1 of 1 were done; they promised 6 $") == text;
    }
    CHECK(said);
    json_decref(all);
    bench_close(&b);
}

static void test_what_is_no_row_is_passed_by_and_no_kind_is_refused(void) {
    bench b;
    bench_open(&b, "");
    const ls_happened torn = {
        .time_us = 5, .kind = "decision", .subject = "d-9", .text = "torn", .json = "{\"id\": 7}"};
    CHECK_INT(ls_history_event(b.intake.history, &torn, NULL), LS_OK);
    json_t *all = account(&b, INT64_MIN, INT64_MAX, NULL);
    CHECK_INT(json_array_size(json_object_get(all, "rows")), 0);
    CHECK(json_is_null(json_object_get(all, "experiment")));
    json_decref(all);
    ls_error err = {0};
    const ls_prove_def def = {.from_us = 0, .to_us = 10, .kind = "luck"};
    CHECK_INT(ls_prove_account(b.intake.history, b.intake.running.plant, &def, &all, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "'luck'");
    CHECK(all == NULL);
    bench_close(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_newest_version_of_each_row_counts);
    TEST(test_settings_are_told_value_by_value_in_their_units);
    TEST(test_what_is_no_row_is_passed_by_and_no_kind_is_refused);
    return harness_report();
}
