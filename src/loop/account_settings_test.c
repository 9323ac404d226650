// account_settings_test.c - what decisions about a setting brought, on a bath where it can be
// reckoned by hand: what was heard goes into the history, and the window is told.
#include "loop/account_settings.h"

#include <lineshaft/plant.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "loop/testing/bench.h"
#include "tests/harness.h"

enum { HOUR = 3600, SAMPLE_S = 20, CHANGED_S = 5400 };

static const char plant_text[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: 10 min}\n"
    "products:\n"
    "  part: {route: [mill], release: {every: 20 min}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "  values: {bath: {tag: g/n/bath/Temperature, unit: C, setpoint: g/n/bath/Set,\n"
    "                  set: {low: 40, high: 80, default: 60},\n"
    "                  response: {tau: 3 min, delay: 1 min}}}\n"
    "decide:\n"
    "  setpoint: {of: bath, low: 50, high: 70, steps: 20, %s}\n";

static void bath_open(bench *b, const char *decide) {
    char text[2048];
    ls_plant *plant = NULL;
    ls_error err = {0};
    memset(b, 0, sizeof *b);
    snprintf(b->folder, sizeof b->folder, "/tmp/ls-settings-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    bench_open_history(b);
    snprintf(text, sizeof text, plant_text, decide);
    CHECK_INT(ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err), LS_OK);
    b->zero_us = plant->start_us;
    CHECK_INT(ls_running_make(plant, b->tags, &b->intake.running, &err), LS_OK);
}

static bool bench_real(bench *b, const char *tag, double at_s, double number) {
    return bench_say(b, tag, at_s, (ls_sample){.kind = LS_VALUE_REAL, .value.real = number});
}

// Something heats the bath by 4; at CHANGED_S it is set to 56, of which it takes `share`.
static void hear_bath(bench *b, double share) {
    CHECK(bench_real(b, "g/n/bath/Set", 1, 60.0));
    for (int at_s = 0; at_s <= 2 * HOUR; at_s += SAMPLE_S) {
        const double after_s = at_s - CHANGED_S - 60.0;
        if (at_s == CHANGED_S) {
            CHECK(bench_real(b, "g/n/bath/Set", at_s, 56.0));
        }
        CHECK(bench_real(b, "g/n/bath/Temperature", at_s,
                         64.0 - (after_s > 0.0 ? share * 4.0 * -expm1(-after_s / 180.0) : 0.0)));
    }
}

static ls_outcome tell(bench *b, const ls_done *done, const char *spoilt) {
    ls_account_window w = {.from_us = HOUR * BENCH_S, .until_us = 2 * HOUR * BENCH_S};
    ls_outcome out = {0};
    ls_error err = {0};
    snprintf(w.spoilt, sizeof w.spoilt, "%s", spoilt);
    CHECK_INT(ls_account_settings_tell(&b->intake, &w, 0, done, 1, 1, &out, &err), LS_OK);
    return out;
}

static ls_done set_to(double number) {
    return (ls_done){.kind = LS_DECIDE_SETPOINT,
                     .time_us = (CHANGED_S - 5) * BENCH_S,
                     .first = true,
                     .gain = 0.5,
                     .low = 0.4,
                     .high = 0.6,
                     .act = {.kind = LS_DO_SET, .index = 0, .number = number}};
}

// Half an hour less the dead time and one time constant, 4 degrees nearer.
static const double RECKONED = 4.0 * (HOUR / 2.0 - 240.0) / HOUR;

static void test_a_setting_brings_what_can_be_reckoned_by_hand(void) {
    bench b;
    bath_open(&b, "target: 60");
    hear_bath(&b, 1.0);
    const ls_done done = set_to(56.0);
    const ls_outcome out = tell(&b, &done, "");
    CHECK_STR(out.why, "");
    CHECK(out.shown);
    CHECK_NEAR(out.gain, RECKONED, 0.02);
    CHECK(out.low <= out.gain && out.gain <= out.high);
    CHECK_NEAR(out.high - out.low, 0.0, 0.05);
    CHECK_NEAR(out.error, 0.0, 0.02);
    CHECK_INT(out.decisions, 1);
    CHECK_INT(out.subject, 1);
    CHECK_NEAR(out.promised, 0.5, 0.0);
    bench_close(&b);
}

static void test_what_people_set_is_in_the_other_past_too(void) {
    bench b;
    bath_open(&b, "target: 60");
    hear_bath(&b, 1.0);
    const ls_done another = set_to(57.0);
    ls_outcome out = tell(&b, &another, "");
    CHECK_NEAR(out.gain, 0.0, 0.0);
    CHECK(!out.shown);
    ls_done long_ago = set_to(56.0);
    long_ago.time_us -= 700 * BENCH_S;  // the line would have told it sooner
    out = tell(&b, &long_ago, "");
    CHECK_NEAR(out.gain, 0.0, 0.0);
    bench_close(&b);
}

// The plant file says 1, the bath does a quarter: that error is larger than the gain.
static void test_a_wrong_response_is_not_its_own_proof(void) {
    bench b;
    bath_open(&b, "target: 60");
    hear_bath(&b, 0.25);
    const ls_done done = set_to(56.0);
    const ls_outcome out = tell(&b, &done, "");
    CHECK(!out.shown);
    CHECK_NEAR(out.gain, 0.25 * RECKONED, 0.02);
    CHECK_NEAR(out.error, 0.75 * RECKONED, 0.02);
    CHECK_CONTAINS(out.why, "with an error of");
    bench_close(&b);
}

static void test_what_cannot_be_told_says_why(void) {
    bench b;
    bath_open(&b, "target: 60");
    const ls_done done = set_to(56.0);
    ls_outcome out = tell(&b, &done, "");
    CHECK_CONTAINS(out.why, "'bath': what is set was not heard");
    CHECK(isnan(out.gain));
    CHECK(bench_real(&b, "g/n/bath/Set", 1, 60.0));
    out = tell(&b, &done, "");
    CHECK_CONTAINS(out.why, "heard too seldom");
    hear_bath(&b, 1.0);
    out = tell(&b, &done, "the line's clock jumped");
    CHECK_CONTAINS(out.why, "'bath': the line's clock jumped");
    CHECK_INT(out.decisions, 1);
    CHECK(bench_real(&b, "g/n/bath/Temperature", 2 * HOUR - 1, NAN));
    out = tell(&b, &done, "");
    CHECK_CONTAINS(out.why, "stale or no number");
    bench_close(&b);
}

static void test_without_memory_it_says_so(void) {
    bench b;
    bath_open(&b, "target: 60");
    hear_bath(&b, 1.0);
    const ls_done done = set_to(56.0);
    const ls_account_window w = {.from_us = HOUR * BENCH_S, .until_us = 2 * HOUR * BENCH_S};
    ls_status status = LS_ERR_MEMORY;
    for (int64_t i = 0; status != LS_OK && i < 1000; i++) {
        ls_outcome out;
        ls_error err = {0};
        ls_alloc_fail_after(i);
        status = ls_account_settings_tell(&b.intake, &w, 0, &done, 1, 1, &out, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
    }
    CHECK_INT(status, LS_OK);
    bench_close(&b);
}

static void test_units_of_gains(void) {
    char unit[20];
    ls_account_settings_unit("C", unit, sizeof unit);
    CHECK_STR(unit, "C h");
    ls_account_settings_unit("$/h", unit, sizeof unit);
    CHECK_STR(unit, "$");
    ls_account_settings_unit(NULL, unit, sizeof unit);
    CHECK_STR(unit, "h");
    ls_account_settings_unit("/h", unit, sizeof unit);
    CHECK_STR(unit, "/h h");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_setting_brings_what_can_be_reckoned_by_hand);
    TEST(test_what_people_set_is_in_the_other_past_too);
    TEST(test_a_wrong_response_is_not_its_own_proof);
    TEST(test_what_cannot_be_told_says_why);
    TEST(test_without_memory_it_says_so);
    TEST(test_units_of_gains);
    return harness_report();
}
