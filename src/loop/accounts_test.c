// accounts_test.c - what decisions brought, on a mill where it can be reckoned by hand.
//
// L0 is in work for an hour. Behind it L1 (60 min) is first, and S1 to S3 (2 min each) are better
// taken before it. By the line's own rule, first in first out, L1 ends at 120 min and the others at
// 122, 124 and 126; by the decisions they end at 62, 64, 66, and L1 at 126: 3 x 60 - 6 = 174
// minutes inside less, 2.9 lot hours.
#include "loop/accounts.h"

#include <lineshaft/plant.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loop/prove_view.h"
#include "loop/testing/bench.h"
#include "loop/testing/fake_guard.h"
#include "tests/harness.h"

enum { PATIENCE_S = 120 };
static const int64_t window_us = 3 * 3600 * INT64_C(1000000);

static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: {long: 60 min, short: 2 min}}\n"
    "products:\n"
    "  long: {route: [mill], release: {every: 200 h}}\n"
    "  short: {route: [mill], release: {every: 200 h}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "decide:\n"
    "  dispatch: {at: mill, mode: auto, within: 20 s, futures: 200, wait: no, horizon: 4 h}\n";

// X is pressed for 80 min, Y for 10. X comes at 98 min and is put off by 25 min; Y comes at 101
// min, 100 after the first. By the own rule X is in the press until 178 min and Y from then to 188:
// 80 + 87 min inside. By the decision Y is done at 111 min, and X, which came in at 123, at 203: 10
// + 105.
static const char yard[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  press: {machines: [press-1], process: {x: 80 min, y: 10 min}}\n"
    "products:\n"
    "  x: {route: [press], release: {every: 100 min, first: 98 min, pool: yes}}\n"
    "  y: {route: [press], release: {every: 100 min, first: 1 min}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "decide:\n"
    "  release: {of: x, mode: auto, within: 20 s, futures: 60, horizon: 4 h}\n";

typedef struct mill {
    bench b;
    ls_journal *journal;
    ls_watch *watch;
    ls_decisions *d;
    ls_accounts *accounts;
} mill;

static void nap(int ms) {
    const struct timespec pause = {.tv_nsec = ms * 1000000L};
    nanosleep(&pause, NULL);
}

static void plant_open(mill *m, const char *text) {
    ls_error err = {0};
    memset(m, 0, sizeof *m);
    fake_guard_reset();
    bench_open_text(&m->b, text);
    CHECK_INT(ls_journal_create(m->b.intake.history, &m->journal, &err), LS_OK);
    CHECK_INT(ls_watch_open(&m->b.intake, m->journal, &m->watch, &err), LS_OK);
}

static void mill_open(mill *m) {
    plant_open(m, form);
    bench_long_queue(&m->b);
}

// The account first: its window has to begin before anything is done.
static void open_window(mill *m, int64_t length_us) {
    ls_error err = {0};
    CHECK_INT(ls_decisions_open(&m->b.intake, m->journal, "guard", &m->d, &err), LS_OK);
    CHECK_INT(ls_accounts_open(&m->b.intake, m->watch, m->d, length_us, &m->accounts, &err), LS_OK);
    const time_t end = time(NULL) + PATIENCE_S;
    while (ls_accounts_since_us(m->accounts) < 0 && time(NULL) < end) {
        nap(5);
    }
    CHECK(ls_accounts_since_us(m->accounts) >= 0);  // the window has begun
}

static void open_decisions(mill *m) {
    open_window(m, window_us);
}

static void mill_close(mill *m) {
    ls_accounts_close(m->accounts);
    ls_decisions_close(m->d);
    ls_watch_close(m->watch);
    ls_journal_destroy(m->journal);
    bench_close(&m->b);
}

// The line takes what it was told to, at once; false: it was told nothing in a long time.
static bool obey(uint32_t number, char *out_lot) {
    const time_t end = time(NULL) + PATIENCE_S;
    while (fake_guard_count() <= number && time(NULL) < end) {
        nap(10);
    }
    if (fake_guard_count() <= number) {
        return false;
    }
    snprintf(out_lot, 8, "%.7s", fake.commands[number].argument);
    fake_guard_say(fake.commands[number].id, LS_COMMAND_SENT, 0, "");
    fake_guard_say(fake.commands[number].id, LS_COMMAND_ACKNOWLEDGED, 0, "");
    return true;
}

static void begin(mill *m, double at_s, const char *lot, const char *before) {
    CHECK(bench_text(&m->b, "g/n/line/Done", at_s, before));
    CHECK(bench_text(&m->b, "g/n/mill-1/Lots", at_s, lot));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", at_s, lot[0] != '\0' ? 6 : 4));
}

static json_t *prove(mill *m) {
    const ls_prove_def all = {.from_us = INT64_MIN, .to_us = INT64_MAX};
    json_t *out = NULL;
    ls_error err = {0};
    CHECK_INT(ls_prove_account(m->b.intake.history, m->b.intake.running.plant, &all, &out, &err),
              LS_OK);
    return out;
}

// Time passes until the window is told.
static bool await_told(mill *m, const char *tag, double from_s) {
    const time_t end = time(NULL) + PATIENCE_S;
    for (double at_s = from_s; time(NULL) < end; at_s += 60.0) {
        CHECK(bench_number(&m->b, tag, at_s, 4));
        if (strstr(bench_events(&m->b), "account|") != NULL) {
            return true;
        }
        nap(50);
    }
    return false;
}

static bool await_account(mill *m, double from_s) {
    return await_told(m, "g/n/mill-1/State", from_s);
}

static double gain_of(const json_t *row, const char *key) {
    const json_t *realised = json_object_get(row, "realised");
    return json_is_object(realised) ? json_number_value(json_object_get(realised, key)) : NAN;
}

static void test_the_gain_is_what_can_be_reckoned_by_hand(void) {
    mill m;
    char lots[3][8];
    mill_open(&m);
    open_decisions(&m);
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 10, 6));
    CHECK(obey(0, lots[0]));
    begin(&m, 3606, lots[0], "L0");
    CHECK(obey(1, lots[1]));
    begin(&m, 3726, lots[1], lots[0]);
    CHECK(obey(2, lots[2]));
    begin(&m, 3846, lots[2], lots[1]);
    begin(&m, 3966, "L1", lots[2]);
    begin(&m, 7566, "", "L1");
    CHECK(lots[0][0] == 'S' && lots[1][0] == 'S' && lots[2][0] == 'S');
    CHECK(await_account(&m, 10900));
    json_t *all = prove(&m);
    const json_t *row = json_array_get(json_object_get(all, "rows"), 0);
    CHECK(json_is_true(json_object_get(row, "shown")));
    CHECK_NEAR(gain_of(row, "gain"), 2.9, 0.02);  // a choice holds until it is taken: seconds
    CHECK_NEAR(gain_of(row, "decisions"), 3, 0);
    CHECK_NEAR(gain_of(row, "error"), 0.0, 0.01);
    CHECK(gain_of(row, "low") <= gain_of(row, "gain") && gain_of(row, "high") < 3.0);
    CHECK_CONTAINS(json_string_value(json_array_get(json_object_get(all, "sentences"), 0)),
                   "brought 2.9");
    json_decref(all);
    json_t *rows = ls_decisions_list(m.d, false, 0, 100);
    int told = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *one = json_array_get(rows, i);
        const bool done = strcmp(json_string_value(json_object_get(one, "state")), "done") == 0;
        CHECK(done == json_is_object(json_object_get(one, "realised")));
        told += done;
    }
    CHECK_INT(told, 3);
    json_decref(rows);
    mill_close(&m);
}

static void press(mill *m, double at_s, const char *lot) {
    CHECK(bench_text(&m->b, "g/n/press-1/Lots", at_s, lot));
    CHECK(bench_number(&m->b, "g/n/press-1/State", at_s, lot[0] != '\0' ? 6 : 4));
}

// The press says that it is still as it was, so that no hour is silent.
static void pass(mill *m, int from_min, int to_min, int64_t state) {
    for (int min = from_min; min <= to_min; min += 10) {
        CHECK(bench_number(&m->b, "g/n/press-1/State", min * 60.0, state));
    }
}

static void test_what_an_order_that_was_put_off_brought(void) {
    static const char released[] = "g/n/line/Released";
    mill m;
    plant_open(&m, yard);
    CHECK(bench_number(&m.b, "g/n/press-1/State", 1, 4));
    open_window(&m, 4 * 3600 * INT64_C(1000000));
    CHECK(bench_text(&m.b, released, 60, "Y0 class=y product=y"));
    press(&m, 60, "Y0");
    CHECK(bench_text(&m.b, "g/n/line/Done", 660, "Y0"));
    press(&m, 660, "");
    pass(&m, 20, 90, 4);
    CHECK(bench_text(&m.b, released, 98 * 60, "X1 class=x product=x pool=5940000000"));
    char argument[8];
    CHECK(obey(0, argument));
    CHECK_STR(fake.commands[0].argument, "x 25 min");
    CHECK_INT(fake.commands[0].kind, LS_COMMAND_PUT_OFF);
    CHECK(bench_text(&m.b, released, 98 * 60 + 1, "X1 class=x product=x pool=7380000000"));
    CHECK(bench_text(&m.b, released, 101 * 60, "Y1 class=y product=y"));
    press(&m, 101 * 60, "Y1");
    CHECK(bench_text(&m.b, "g/n/line/Done", 111 * 60, "Y1"));
    press(&m, 111 * 60, "");
    CHECK(bench_text(&m.b, released, 123 * 60, "X1 class=x product=x"));
    press(&m, 123 * 60, "X1");
    pass(&m, 130, 200, 6);
    CHECK(bench_text(&m.b, "g/n/line/Done", 203 * 60, "X1"));
    press(&m, 203 * 60, "");
    pass(&m, 210, 240, 4);
    CHECK(await_told(&m, "g/n/press-1/State", 14500));
    json_t *all = prove(&m);
    const json_t *row = json_array_get(json_object_get(all, "rows"), 0);
    CHECK_STR(json_string_value(json_object_get(row, "kind")), "release");
    CHECK(json_is_true(json_object_get(row, "shown")));
    CHECK_NEAR(gain_of(row, "gain"), 52.0 / 60.0, 1e-6);
    CHECK_NEAR(gain_of(row, "error"), 0.0, 1e-6);
    CHECK_NEAR(gain_of(row, "decisions"), 1, 0);
    json_decref(all);
    mill_close(&m);
}

// ---- a setting: a bath that something heats by 4 after twenty minutes, set lower by decisions

static const char bath[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  press: {machines: [press-1], process: 10 min}\n"
    "products:\n"
    "  x: {route: [press], release: {every: 20 h, first: 19 h}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "  values: {bath: {tag: g/n/bath/Temperature, unit: C, setpoint: g/n/bath/Set,\n"
    "                  set: {low: 40, high: 80, default: 60},\n"
    "                  response: {tau: 2 min, delay: 20 s}}}\n"
    "decide:\n"
    "  setpoint: {of: bath, low: 54, high: 66, steps: 6, target: 60, mode: auto, within: 20 s,\n"
    "             futures: 200, gain-min: 0.2}\n";

enum {
    BATH_STEP_S = 20,
    BATH_HEATED_S = 1200,
    BATH_ASKED_S = 1500,  // set at last by then
    BATH_LENGTH_S = 3600,
    BATH_CHANGES = 16
};

typedef struct heated {
    double at_s[BATH_CHANGES], to[BATH_CHANGES];  // what was set
    int changes;
    uint32_t heard;  // commands
    double truth;    // distance from 60 C without them less that with them, C h
} heated;

static bool say_real(mill *m, const char *tag, double at_s, double number) {
    return bench_say(&m->b, tag, at_s, (ls_sample){.kind = LS_VALUE_REAL, .value.real = number});
}

// The line does what it was told to, and tells the setting: it is read back.
static void obey_settings(mill *m, heated *h, double at_s) {
    while (fake_guard_count() > h->heard && h->changes < BATH_CHANGES) {
        const ls_command *c = &fake.commands[h->heard++];
        CHECK_INT(c->kind, LS_COMMAND_SETPOINT);
        CHECK_STR(c->target, "bath");
        h->at_s[h->changes] = at_s;
        h->to[h->changes++] = c->number;
        fake_guard_say(c->id, LS_COMMAND_SENT, 0, "");
        CHECK(say_real(m, "g/n/bath/Set", at_s, c->number));
        fake_guard_say(c->id, LS_COMMAND_ACKNOWLEDGED, 0, "");
    }
}

static void heat(mill *m, heated *h, double at_s) {
    const double alone = at_s < BATH_HEATED_S ? 60.0 : 64.0;
    double value = alone;
    double before = 60.0;
    for (int i = 0; i < h->changes; i++) {
        const double after_s = at_s - h->at_s[i] - 20.0;
        value += after_s > 0.0 ? (h->to[i] - before) * -expm1(-after_s / 120.0) : 0.0;
        before = h->to[i];
    }
    CHECK(say_real(m, "g/n/bath/Temperature", at_s, value));
    CHECK(bench_number(&m->b, "g/n/press-1/State", at_s, 4));
    h->truth += (fabs(alone - 60.0) - fabs(value - 60.0)) * BATH_STEP_S / 3600.0;
}

// The hour of the window; the line stands still until the bath was set, and until the window ends.
static void pass_the_hour(mill *m, heated *h) {
    const int64_t since_us = ls_accounts_since_us(m->accounts);
    time_t end = time(NULL) + PATIENCE_S;
    for (double at_s = BATH_STEP_S; at_s <= BATH_LENGTH_S + BATH_STEP_S; at_s += BATH_STEP_S) {
        while (at_s > BATH_ASKED_S && fake_guard_count() == 0 && time(NULL) < end) {
            nap(5);
        }
        obey_settings(m, h, at_s);
        heat(m, h, at_s);
        nap(2);
    }
    end = time(NULL) + PATIENCE_S;
    while (ls_accounts_since_us(m->accounts) == since_us && time(NULL) < end) {
        nap(5);
    }
    CHECK_INT(ls_accounts_since_us(m->accounts), (BATH_LENGTH_S + BATH_STEP_S) * INT64_C(1000000));
}

static bool is_told(const json_t *account) {
    const json_t *row = json_array_get(json_object_get(account, "rows"), 0);
    return json_is_object(json_object_get(row, "realised"));
}

// Rows that the line has done and that say what they brought together.
static int rows_that_tell(mill *m) {
    json_t *rows = ls_decisions_list(m->d, false, 0, 200);
    int told = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *realised = json_object_get(row, "realised");
        if (json_is_object(realised)) {
            CHECK_STR(json_string_value(json_object_get(row, "state")), "done");
            CHECK_STR(json_string_value(json_object_get(realised, "unit")), "C h");
            CHECK(json_is_true(json_object_get(realised, "shown")));
            told++;
        }
    }
    json_decref(rows);
    return told;
}

// The account is kept first, then its rows say it.
static void check_rows(mill *m, int changes) {
    const time_t end = time(NULL) + PATIENCE_S;
    while (rows_that_tell(m) < changes && time(NULL) < end) {
        nap(5);
    }
    CHECK_INT(rows_that_tell(m), changes);
}

static void test_what_a_setting_brought(void) {
    mill m;
    heated h = {0};
    plant_open(&m, bath);
    CHECK(bench_number(&m.b, "g/n/press-1/State", 1, 4));
    CHECK(say_real(&m, "g/n/bath/Set", 1, 60.0));
    open_window(&m, BATH_LENGTH_S * INT64_C(1000000));
    pass_the_hour(&m, &h);
    CHECK(h.changes > 0);
    const double truth = h.truth;
    CHECK(truth > 2.0);
    const time_t end = time(NULL) + PATIENCE_S;
    json_t *all = prove(&m);
    for (double at_s = BATH_LENGTH_S + 2 * BATH_STEP_S; !is_told(all) && time(NULL) < end;
         at_s += BATH_STEP_S) {
        heat(&m, &h, at_s);
        nap(50);
        json_decref(all);
        all = prove(&m);
    }
    const json_t *row = json_array_get(json_object_get(all, "rows"), 0);
    CHECK_STR(json_string_value(json_object_get(row, "kind")), "setpoint");
    CHECK_STR(json_string_value(json_object_get(row, "of")), "bath");
    CHECK_STR(json_string_value(json_object_get(row, "unit")), "C h");
    CHECK(json_is_true(json_object_get(row, "shown")));
    CHECK_NEAR(gain_of(row, "gain"), truth, 0.02 * truth);
    CHECK_NEAR(gain_of(row, "low"), truth, 0.03 * truth);
    CHECK_NEAR(gain_of(row, "high"), truth, 0.03 * truth);
    CHECK(gain_of(row, "error") < 0.02 * truth);
    CHECK_CONTAINS(json_string_value(json_array_get(json_object_get(all, "sentences"), 0)), "C h");
    json_decref(all);
    check_rows(&m, h.changes);
    mill_close(&m);
}

static void test_a_window_in_which_the_clock_jumped_is_not_told(void) {
    mill m;
    char lot[8];
    mill_open(&m);
    open_decisions(&m);
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 10, 6));
    CHECK(obey(0, lot));
    begin(&m, 3606, lot, "L0");
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 400000, 6));  // four days later
    CHECK(await_account(&m, 410900));
    json_t *all = prove(&m);
    const json_t *row = json_array_get(json_object_get(all, "rows"), 0);
    CHECK(json_is_null(json_object_get(row, "realised")));
    CHECK_CONTAINS(json_string_value(json_object_get(row, "why_not")), "the line's clock jumped");
    json_decref(all);
    mill_close(&m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_gain_is_what_can_be_reckoned_by_hand);
    TEST(test_what_an_order_that_was_put_off_brought);
    TEST(test_what_a_setting_brought);
    TEST(test_a_window_in_which_the_clock_jumped_is_not_told);
    return harness_report();
}
