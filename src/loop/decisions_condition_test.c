// decisions_condition_test.c - a maintenance decided by what a model says of the tool: told to the
// present, kept in the snapshot, and left out where it cannot be trusted.
#include <lineshaft/plant.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "decide/decide.h"
#include "loop/decisions_once.h"
#include "loop/testing/bench.h"
#include "loop/told.h"
#include "tests/harness.h"
#include "twin/estimate/forecast.h"
#include "twin/twin.h"

// A cutter that breaks costs five hours and the lot, a new one ten minutes. By the clock alone it
// may last ten hours more.
static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill:\n"
    "    machines: [mill-1]\n"
    "    process: lognormal 20 min sd 2 min\n"
    "    fails: {name: cutter, every: weibull shape 2 mean 10 h, repair: 5 h, lots: scrap,\n"
    "            condition: {%s}\n"
    "%s"
    "    maintenance: {name: tool, every: 900 parts, for: 10 min, renews: cutter}\n"
    "products: {x: {route: [mill], release: {every: 15 min}}}\n"
    "models:\n"
    "  wear: {what: sensor, of: [mill-1], tags: \"g/n/{unit}/Power\", window: 5 min, every: 1 "
    "min,\n"
    "         label: {tag: \"g/n/{unit}/Wear\"}, gates: {interval: 90 %%}}\n"
    "  life: {what: life, of: [mill-1], tags: \"g/n/{unit}/Power\", window: 5 min, every: 1 min,\n"
    "         label: {event: failure}, horizon: 12 h, gates: {interval: 90 %%}}\n"
    "  pace: {what: time, of: [mill-1], tags: \"g/n/{unit}/Power\", window: 5 min, every: 1 min,\n"
    "         label: {tag: \"g/n/{unit}/Cycle\"}, gates: {interval: 90 %%}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\",\n"
    "          reason: \"g/n/{machine}/Reason\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "decide:\n"
    "  maintenance: {at: mill, mode: advise, within: 60 s, futures: 200, horizon: 6 h}\n";

typedef struct mill {
    bench b;
    ls_decider *decider;
} mill;

// The rest of the condition of its cutter and of what stands behind it; more of the station.
static void open_mill_with(mill *m, const char *condition, const char *more) {
    char text[3000];
    memset(m, 0, sizeof *m);
    snprintf(text, sizeof text, form, condition, more);
    m->decider = bench_open_decider(&m->b, text);
    // At work since 6 s; it is now an hour later.
    for (int i = 0; i < 4; i++) {
        char lot[40];
        snprintf(lot, sizeof lot, "L%d class=x product=x", i);
        CHECK(bench_text(&m->b, "g/n/line/Released", i, lot));
    }
    CHECK(bench_text(&m->b, "g/n/mill-1/Lots", 6, "L0"));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", 6, 6));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", 3600, 6));
}

static void open_mill(mill *m, const char *condition) {
    char text[200];
    snprintf(text, sizeof text, "%s, at: normal 0.8 sd 0.02}, renews: tool", condition);
    open_mill_with(m, text, "");
}

static void close_mill(mill *m) {
    ls_decider_destroy(m->decider);
    bench_close(&m->b);
}

static void say(mill *m, const char *tag, double at_s, double value) {
    const ls_sample sample = {.kind = LS_VALUE_REAL, .value.real = value};
    CHECK(bench_say(&m->b, tag, at_s, sample));
}

static void predict_of(mill *m, const char *model, double at_s, double value, double half_width,
                       double unusual) {
    static const char *const signs[] = {"", "/low", "/high", "/unusual"};
    const double values[] = {value, value - half_width, value + half_width, unusual};
    for (int i = 0; i < 4; i++) {
        char tag[80];
        snprintf(tag, sizeof tag, "model/%s/mill-1%s", model, signs[i]);
        say(m, tag, at_s, values[i]);
    }
}

static void predict(mill *m, double at_s, double value, double half_width, double unusual) {
    predict_of(m, "wear", at_s, value, half_width, unusual);
}

// The row about mill-1; the caller's.
static json_t *ask_as(mill *m, ls_once_def def) {
    json_t *rows = NULL;
    ls_error err = {0};
    CHECK_INT(ls_decisions_once(&m->b.intake, m->decider, &def, &rows, &err), LS_OK);
    harness_note("%s", err.text);
    CHECK_INT(json_array_size(rows), 1);
    json_t *row = json_incref(json_array_get(rows, 0));
    json_decref(rows);
    return row;
}

static json_t *ask(mill *m) {
    return ask_as(m, (ls_once_def){0});
}

static const json_t *condition_of(const json_t *row) {
    return json_array_get(json_object_get(row, "conditions"), 0);
}

static const char *state_of(const json_t *row) {
    const char *text = json_string_value(json_object_get(condition_of(row), "state"));
    return text != NULL ? text : "";
}

static bool maintains(const json_t *row) {
    return json_integer_value(json_object_get(row, "chosen")) != 0;
}

static void test_a_worn_tool_is_changed_and_a_good_one_is_not(void) {
    mill m;
    open_mill(&m, "model: wear");
    json_t *row = ask(&m);
    CHECK_STR(state_of(row), "nothing-heard");
    CHECK(bench_has_reason(row, "why", "by its clock alone"));
    CHECK(!maintains(row));
    json_decref(row);
    predict(&m, 3590, 0.75, 0.01, 0);  // 0.75 in an hour: four minutes are left
    row = ask(&m);
    CHECK_STR(state_of(row), "told");
    CHECK_NEAR(json_real_value(json_object_get(condition_of(row), "value")), 0.75, 1e-12);
    CHECK_NEAR(json_real_value(json_object_get(condition_of(row), "error")), 0.01 / 1.6448536269,
               1e-9);
    CHECK_STR(json_string_value(json_object_get(condition_of(row), "failure")), "cutter");
    CHECK(maintains(row));
    CHECK_CONTAINS(json_string_value(json_object_get(row, "title")), "mill-1: tool now");
    CHECK(bench_has_reason(row, "why", "condition 0.75 (error 0.0061) by wear"));
    CHECK(bench_has_reason(row, "why_ko", "남은 수명"));
    CHECK(json_real_value(json_object_get(json_object_get(row, "claim"), "low")) > 0);
    json_decref(row);
    // Without time there is no future, and what would be done anyway is the answer.
    row = ask_as(&m, (ls_once_def){.at_once = true});
    CHECK(!maintains(row));
    CHECK_INT(json_integer_value(json_object_get(row, "futures")), 0);
    CHECK_NEAR(json_real_value(json_object_get(row, "deadline_ms")), 0.0, 0.0);
    json_decref(row);
    predict(&m, 3595, 0.05, 0.01, 0);  // the newest counts: hours are left
    row = ask(&m);
    CHECK_STR(state_of(row), "told");
    CHECK(!maintains(row));
    json_decref(row);
    close_mill(&m);
}

static void test_what_cannot_be_trusted_is_not_told(void) {
    mill m;
    open_mill(&m, "model: wear");
    predict(&m, 3500, 0.75, 0.01, 1);
    json_t *row = ask(&m);
    CHECK_STR(state_of(row), "unusual");
    CHECK(bench_has_reason(row, "why", "flagged unusual"));
    CHECK(!maintains(row));
    json_decref(row);
    say(&m, "model/wear/mill-1", 3510, 0.75);  // without an interval
    row = ask(&m);
    CHECK_STR(state_of(row), "unsure");
    CHECK(!maintains(row));
    json_decref(row);
    predict(&m, 3515, 0.75, 0.01, 0);
    const ls_sample partial = {
        .kind = LS_VALUE_REAL, .quality = LS_QUALITY_UNCERTAIN, .value.real = 0.75};
    CHECK(bench_say(&m.b, "model/wear/mill-1", 3516, partial));
    row = ask(&m);
    CHECK_STR(state_of(row), "partial");
    CHECK(!maintains(row));
    json_decref(row);
    const ls_sample silent = {.kind = LS_VALUE_NONE, .quality = LS_QUALITY_STALE};
    CHECK(bench_say(&m.b, "model/wear/mill-1", 3520, silent));
    row = ask(&m);
    CHECK_STR(state_of(row), "no-number");
    json_decref(row);
    predict(&m, 3530, 0.75, 0.01, 0);
    row = ask(&m);
    CHECK_STR(state_of(row), "told");
    json_decref(row);
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3530 + 1801, 6));
    row = ask(&m);
    CHECK_STR(state_of(row), "nothing-heard");  // within `stale`, as far as is looked back
    CHECK(!maintains(row));
    json_decref(row);
    close_mill(&m);
}

static void test_what_is_of_the_part_before_is_not_told(void) {
    mill m;
    open_mill(&m, "model: wear");
    predict(&m, 3590, 0.75, 0.01, 0);
    CHECK(bench_text(&m.b, "g/n/mill-1/Reason", 3600, "cutter"));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3600, 9));
    CHECK(bench_text(&m.b, "g/n/mill-1/Reason", 3700, ""));
    CHECK(bench_text(&m.b, "g/n/mill-1/Lots", 3700, "L1"));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3700, 6));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3800, 6));
    json_t *row = ask(&m);
    CHECK_STR(state_of(row), "new-part");
    CHECK(!maintains(row));
    json_decref(row);
    predict(&m, 3990, 0.02, 0.01, 0);  // its window reaches back before the change
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3991, 6));
    row = ask(&m);
    CHECK_STR(state_of(row), "new-part");
    json_decref(row);
    predict(&m, 4100, 0.02, 0.01, 0);
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 4101, 6));
    row = ask(&m);
    CHECK_STR(state_of(row), "told");
    json_decref(row);
    close_mill(&m);
}

static void test_a_tag_tells_too(void) {
    mill m;
    open_mill(&m, "tag: \"g/n/{machine}/Wear\", spread: 0.01");
    say(&m, "g/n/mill-1/Wear", 3590, 0.75);
    json_t *row = ask(&m);
    CHECK_STR(state_of(row), "told");
    CHECK_NEAR(json_real_value(json_object_get(condition_of(row), "error")), 0.01, 1e-12);
    CHECK(bench_has_reason(row, "why", "by its tag"));
    CHECK(maintains(row));
    json_decref(row);
    close_mill(&m);
}

// ---- a life, and how long work takes

static void test_a_predicted_life_tells_when_it_fails(void) {
    mill m;
    open_mill_with(&m, "model: life}, renews: tool", "");
    predict_of(&m, "life", 3590, 240, 60, 0);  // seconds
    json_t *row = ask(&m);
    CHECK_STR(state_of(row), "told");
    // Ten seconds have gone since; the machine has worked for all but 6 s of an hour.
    const double share = 3594.0 / 3600.0;
    CHECK_NEAR(json_real_value(json_object_get(condition_of(row), "value")), 230e6 * share, 1.0);
    CHECK_NEAR(json_real_value(json_object_get(condition_of(row), "error")),
               60e6 / 1.6448536269 * share, 1.0);
    CHECK(bench_has_reason(row, "why", "s in work left by life"));
    CHECK(maintains(row));
    json_decref(row);
    predict_of(&m, "life", 3595, 36000, 600, 0);
    row = ask(&m);
    CHECK_STR(state_of(row), "told");
    CHECK(!maintains(row));
    json_decref(row);
    close_mill(&m);
}

static json_t *slowness_of(const json_t *row) {
    return json_array_get(json_object_get(row, "slowness"), 0);
}

static void check_slowness(mill *m, const char *state, double times, double error) {
    json_t *row = ask(m);
    const json_t *one = slowness_of(row);
    CHECK_STR(json_string_value(json_object_get(one, "state")), state);
    CHECK_STR(json_string_value(json_object_get(one, "machine")), "mill-1");
    if (times > 0) {
        CHECK_NEAR(json_real_value(json_object_get(one, "times")), times, 1e-9);
        CHECK_NEAR(json_real_value(json_object_get(one, "error")), error, 1e-6);
        CHECK(bench_has_reason(row, "why", "mill-1 x "));
        CHECK(bench_has_reason(row, "why_ko", "가공시간"));
    } else {
        CHECK(json_is_null(json_object_get(one, "times")));
        CHECK(json_is_null(json_object_get(one, "value")));
    }
    json_decref(row);
}

static void test_how_long_work_takes_is_told(void) {
    mill m;
    // 20 min lognormal with a spread of a tenth; new 15 min.
    open_mill_with(&m, "tag: w, at: 1}, renews: tool",
                   "    slowness: {model: pace, new: 900, until: cutter, stale: 20 min}\n");
    check_slowness(&m, "nothing-heard", 0, 0);
    const double z = 1.6448536269;
    predict_of(&m, "pace", 3500, 1500, 300, 0);
    // Of the error the spread that operations have anyway is taken out.
    const double error = sqrt(300 / z * (300 / z) - 150.0 * 150.0);
    check_slowness(&m, "told", 1.25, error);
    predict_of(&m, "pace", 3510, 1500, 100, 0);  // no more than that spread
    check_slowness(&m, "told", 1.25, 0);
    predict_of(&m, "pace", 3520, 1500, 100, 1);
    check_slowness(&m, "unusual", 0, 0);
    predict_of(&m, "pace", 3530, 130000, 100, 0);
    check_slowness(&m, "out-of-range", 0, 0);
    predict_of(&m, "pace", 3540, 0, 100, 0);
    check_slowness(&m, "out-of-range", 0, 0);
    say(&m, "model/pace/mill-1", 3550, 1500);
    check_slowness(&m, "unsure", 0, 0);
    predict_of(&m, "pace", 3590, 1500, 300, 0);
    CHECK(bench_text(&m.b, "g/n/mill-1/Reason", 3600, "cutter"));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3600, 9));
    CHECK(bench_text(&m.b, "g/n/mill-1/Reason", 3700, ""));
    CHECK(bench_text(&m.b, "g/n/mill-1/Lots", 3700, "L1"));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3700, 6));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3800, 6));
    check_slowness(&m, "new-part", 0.75, 0);  // which is known
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 3590 + 1201, 6));
    json_t *row = ask(&m);
    CHECK_STR(json_string_value(json_object_get(slowness_of(row), "state")),
              "nothing-heard");  // within `stale`
    json_decref(row);
    close_mill(&m);
}

// Forecasts of the service hear it too: the same words of one moment, the same futures.
static void test_forecasts_hear_what_is_told(void) {
    mill m;
    open_mill_with(&m, "tag: w, at: 1}, renews: tool", "    slowness: {model: pace}\n");
    const ls_running *running = &m.b.intake.running;
    ls_error err = {0};
    double means[3];
    for (int i = 0; i < 3; i++) {
        if (i > 0) {
            predict_of(&m, "pace", 3580 + i, 2400, 10, 0);
        }
        ls_forecast_def def = ls_forecast_def_default();
        def.horizon_us = 40 * INT64_C(3600000000);
        ls_forecast *f = NULL;
        ls_told told;
        CHECK_INT(ls_forecast_create(running->twin, &def, &f, &err), LS_OK);
        ls_forecast_begin(f, running->follow);
        ls_snapshot *present = ls_forecast_present(f);
        ls_told_open(&told, &m.b.intake, running->plant, running->twin);
        ls_told_tell(&told, ls_snapshot_now(present), present);
        ls_forecast_run(f);
        ls_forecast_end(f);
        means[i] = ls_forecast_describe(f).output_mean;
        ls_told_close(&told);
        ls_forecast_destroy(f);
    }
    harness_note("%g lots as the file says, %g with twice the time", means[0], means[1]);
    CHECK(means[1] < 0.75 * means[0]);
    CHECK_NEAR(means[2], means[1], 0.0);
    close_mill(&m);
}

// The same question of the same moment again: the same row but for its times.
static void test_the_same_words_give_the_same_answer(void) {
    mill m;
    open_mill(&m, "model: wear");
    predict(&m, 3590, 0.7, 0.02, 0);
    json_t *a = ask(&m);
    json_t *b = ask(&m);
    CHECK(json_equal(json_object_get(a, "snapshot"), json_object_get(b, "snapshot")));
    CHECK(json_equal(json_object_get(a, "candidates"), json_object_get(b, "candidates")));
    CHECK(json_equal(json_object_get(a, "claim"), json_object_get(b, "claim")));
    json_decref(b);
    predict(&m, 3595, 0.71, 0.02, 0);
    b = ask(&m);
    CHECK(!json_equal(json_object_get(a, "snapshot"), json_object_get(b, "snapshot")));
    json_decref(a);
    json_decref(b);
    close_mill(&m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_worn_tool_is_changed_and_a_good_one_is_not);
    TEST(test_what_cannot_be_trusted_is_not_told);
    TEST(test_what_is_of_the_part_before_is_not_told);
    TEST(test_a_tag_tells_too);
    TEST(test_a_predicted_life_tells_when_it_fails);
    TEST(test_how_long_work_takes_is_told);
    TEST(test_forecasts_hear_what_is_told);
    TEST(test_the_same_words_give_the_same_answer);
    return harness_report();
}
