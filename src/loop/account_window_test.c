// account_window_test.c - what decisions about the inflow brought, on a mill where it can be
// reckoned by hand: what was heard goes into a window, and the window is told.
#include "loop/account_window.h"

#include <lineshaft/plant.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/account_awaited.h"
#include "loop/account_levels.h"
#include "loop/testing/bench.h"
#include "tests/harness.h"

static const int64_t window_us = 3600 * BENCH_S;

static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: 10 min}\n"
    "products:\n"
    "  part: {route: [mill], release: {%s}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "  values: {level: {tag: g/n/yard/Level, setpoint: g/n/yard/LevelSet,\n"
    "                   set: {low: 1, high: 9, default: 6}}}\n"
    "decide:\n"
    "  objective: wip\n"
    "  %s\n";

typedef struct mill {
    bench b;
    ls_account_window window;
    int lots;
} mill;

static void take_fact(void *context, const ls_fact *fact) {
    mill *m = context;
    ls_account_window_fact(&m->window, m->b.intake.running.twin, fact);
}

static void mill_open_text(mill *m, const char *text) {
    ls_error err = {0};
    memset(m, 0, sizeof *m);
    bench_open_text(&m->b, text);
    m->b.intake.follow_def.fact = take_fact;
    m->b.intake.follow_def.context = m;
    CHECK_INT(ls_account_window_init(&m->window, m->b.intake.running.twin, &err), LS_OK);
}

static void mill_open(mill *m, const char *release, const char *decide) {
    char text[2048];
    snprintf(text, sizeof text, form, release, decide);
    mill_open_text(m, text);
}

static void mill_close(mill *m) {
    ls_account_window_clear(&m->window);
    bench_close(&m->b);
}

// ---- the line

static void come(mill *m, double at_s) {
    char text[80];
    snprintf(text, sizeof text, "P%d class=part product=part", m->lots++);
    CHECK(bench_text(&m->b, "g/n/line/Released", at_s, text));
}

static void work(mill *m, double at_s, int lot) {
    char name[20];
    snprintf(name, sizeof name, "P%d", lot);
    CHECK(bench_text(&m->b, "g/n/mill-1/Lots", at_s, name));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", at_s, 6));
}

static void leave(mill *m, double at_s, int lot) {
    char name[20];
    snprintf(name, sizeof name, "P%d", lot);
    CHECK(bench_text(&m->b, "g/n/line/Done", at_s, name));
    CHECK(bench_text(&m->b, "g/n/mill-1/Lots", at_s, ""));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", at_s, 4));
}

static void look(mill *m) {
    ls_account_window_look(&m->window, &m->b.intake, window_us, 0);
}

static ls_outcome tell(mill *m, const ls_done *done) {
    ls_outcome out = {0};
    ls_error err = {0};
    const ls_running *running = &m->b.intake.running;
    CHECK_INT(ls_account_levels(&m->b.intake, m->window.from_us, m->window.origin, &err), LS_OK);
    CHECK_INT(ls_account_window_tell(&m->window, running->plant, running->twin, done->kind, done, 1,
                                     1, &out, &err),
              LS_OK);
    return out;
}

// The window ends at this moment; then no late signal can change it any more.
static void end_window(mill *m, double at_s, int state) {
    CHECK(bench_number(&m->b, "g/n/mill-1/State", at_s, state));
    look(m);
    CHECK_INT(m->window.until_us, (int64_t)(at_s * 1e6));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", at_s + 700, state));
    CHECK(ls_account_window_is_final(&m->window, &m->b.intake));
    CHECK_STR(m->window.spoilt, "");
}

// ---- tests

// The line keeps four, whatever its file says, and from 100 s on two: the lots that leave at 606 s
// and 1206 s have no successor. Until 3660 s: 3054 s and 2454 s of a lot inside less.
static void test_a_level_brings_what_can_be_reckoned_by_hand(void) {
    mill m;
    mill_open(&m, "keep: 6", "conwip: {of: part, levels: [2, 4, 6], value: level}");
    for (int i = 0; i < 4; i++) {
        come(&m, i);
    }
    work(&m, 6, 0);
    CHECK(bench_number(&m.b, "g/n/yard/LevelSet", 7, 4));
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 60, 6));
    ls_account_window_begin(&m.window, &m.b.intake, 0);
    CHECK(bench_number(&m.b, "g/n/yard/LevelSet", 100, 2));
    for (int i = 0; i < 6; i++) {
        const double at_s = 606 + 600 * i;
        if (at_s > 3660) {
            break;
        }
        leave(&m, at_s, i);
        if (i >= 2) {
            come(&m, at_s);
        }
        work(&m, at_s, i + 1);
        look(&m);
    }
    end_window(&m, 3660, 6);
    const ls_done done = {.kind = LS_DECIDE_CONWIP,
                          .time_us = 100 * BENCH_S,
                          .first = true,
                          .gain = 1.0,
                          .act = {.kind = LS_DO_KEEP, .index = 0, .value = 2}};
    const ls_outcome out = tell(&m, &done);
    CHECK_STR(out.why, "");
    CHECK(out.shown);
    CHECK(isnan(out.awaited));  // it stays in force
    CHECK_NEAR(out.gain, (3054.0 + 2454.0) / 3600.0, 1e-6);
    CHECK_NEAR(out.low, out.gain, 1e-6);
    CHECK_NEAR(out.error, 0.0, 1e-6);
    CHECK_INT(out.decisions, 1);
    mill_close(&m);
}

// A lot comes every 20 min, and at 301 s one more: it waits behind the first until 600 s and is in
// work until 1200 s. That it was inside for 899 s is all that it changed.
static void test_a_release_brings_what_can_be_reckoned_by_hand(void) {
    mill m;
    mill_open(&m, "every: 20 min", "release: {of: part}");
    come(&m, 0);
    work(&m, 0, 0);
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 60, 6));
    ls_account_window_begin(&m.window, &m.b.intake, 0);
    come(&m, 301);
    leave(&m, 600, 0);
    work(&m, 600, 1);
    leave(&m, 1200, 1);
    for (int i = 2; i < 5; i++) {
        const double at_s = 1200.0 * (i - 1);
        come(&m, at_s);
        work(&m, at_s, i);
        look(&m);
        if (i < 4) {
            leave(&m, at_s + 600, i);
        }
    }
    end_window(&m, 3660, 6);
    ls_done done = {.kind = LS_DECIDE_RELEASE,
                    .time_us = 300 * BENCH_S,
                    .first = true,
                    .act = {.kind = LS_DO_RELEASE, .index = 0}};
    ls_outcome out = tell(&m, &done);
    CHECK_STR(out.why, "");
    CHECK_NEAR(out.gain, -899.0 / 3600.0, 1e-6);
    CHECK_NEAR(out.error, 0.0, 1e-6);
    CHECK(out.shown);
    CHECK(isnan(out.awaited));  // a person's own: nothing was promised
    // A promise of 2 over two hours, of which 0.25 each eighth; the window ends 3360 s after it.
    done.promises = true;
    done.gain = 2.0;
    done.horizon_us = 7200 * BENCH_S;
    done.course.span_us = done.horizon_us;
    for (int i = 0; i < LS_COURSE; i++) {
        done.course.gain[i] = 0.25 * (i + 1);
        done.course.spread[i] = 0.1 * (i + 1);
    }
    out = tell(&m, &done);
    CHECK_NEAR(out.awaited, 3360.0 / 3600.0, 1e-9);
    CHECK_NEAR(out.awaited_high - out.awaited, 1.959963985 * 3360.0 / 9000.0, 1e-6);
    CHECK_NEAR(out.awaited - out.awaited_low, 1.959963985 * 3360.0 / 9000.0, 1e-6);
    done.gain = 0.0;  // another one took its place
    CHECK_NEAR(tell(&m, &done).awaited, 0.0, 0.0);
    mill_close(&m);
}

static void two_stations_open(mill *m) {
    static const char plant_text[] =
        "plant: p\n"
        "start: 2026-01-05\n"
        "stations:\n"
        "  mill: {machines: [mill-1], process: {long: 60 min, short: 2 min}}\n"
        "  pack: {machines: [pack-1], process: {long: 2 s, short: 1 s}}\n"
        "products:\n"
        "  long: {route: [mill, pack], release: {every: 200 h}}\n"
        "  short: {route: [mill, pack], release: {every: 200 h}}\n"
        "listen:\n"
        "  sparkplug: {broker: embedded, group: g}\n"
        "  machines:\n"
        "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
        "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
        "decide:\n"
        "  objective: wip\n"
        "  dispatch: {at: mill}\n";
    mill_open_text(m, plant_text);
    bench_long_queue(&m->b);
}

// L0 is in work until 3606 s; behind it wait L1 (an hour) and three short ones (2 min). First in
// first out, L1 is done at 7206 s and the others 2 min apart after it; by `spt` they are done at
// 3726, 3846 and 3966 s, and L1 at 7566 s: 2.9 lot hours. Where nothing is decided the line keeps
// its own rule.
static void test_what_is_to_be_expected_of_a_rule_is_that_from_the_beginning_on(void) {
    mill m;
    ls_error err = {0};
    two_stations_open(&m);
    ls_account_window_begin(&m.window, &m.b.intake, 0);
    m.window.until_us = m.window.from_us + 3 * window_us;
    const ls_running *running = &m.b.intake.running;
    const double weights[LS_TERM_COUNT] = {[LS_TERM_WIP] = 1.0};
    static ls_done done[3];
    for (int i = 0; i < 3; i++) {
        done[i] = (ls_done){
            .kind = LS_DECIDE_DISPATCH, .first = true, .promises = true, .gain = 5.0};
    }
    const struct {
        const char *rules[3];
        double awaited;
    } cases[] = {{{"spt", "own; mill: spt", "spt"}, 2.9},  // the same where it is decided
                 {{"own; pack: spt", "own; pack: spt", "own; pack: spt"}, 0.0},
                 {{"spt", "spt", "lbfs"}, NAN},
                 {{"spt", "spt", "by the moon"}, NAN}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        ls_outcome out = {.level = 0.95};
        for (int i = 0; i < 3; i++) {
            snprintf(done[i].base, sizeof done[i].base, "%s", cases[k].rules[i]);
        }
        CHECK_INT(ls_account_await(&m.window, running->plant, running->twin, LS_DECIDE_DISPATCH,
                                   done, 3, weights, 1, &out, &err),
                  LS_OK);
        CHECK(isnan(out.awaited) == isnan(cases[k].awaited));
        CHECK(isnan(out.awaited) || fabs(out.awaited - cases[k].awaited) < 1e-6);
        CHECK(isnan(out.awaited) || out.awaited_high - out.awaited_low < 1e-9);
    }
    mill_close(&m);
}

// As above, and the line goes by `spt`, which one row alone says: afterwards the own rule would do
// as the base rule does, were it asked then. What happened is reproduced by the rule.
static void test_what_followed_a_rule_is_reproduced_by_it(void) {
    static const char *const order[] = {"L0", "S1", "S2", "S3", "L1", ""};
    static const double at_s[] = {6, 3606, 3726, 3846, 3966, 7566};
    mill m;
    ls_error err = {0};
    two_stations_open(&m);
    ls_account_window_begin(&m.window, &m.b.intake, 0);
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 60, 6));
    for (int i = 1; i < 6; i++) {
        CHECK(bench_text(&m.b, "g/n/mill-1/Lots", at_s[i], order[i]));
        CHECK(bench_number(&m.b, "g/n/mill-1/State", at_s[i], i < 5 ? 6 : 4));
        CHECK(bench_text(&m.b, "g/n/pack-1/Lots", at_s[i], order[i - 1]));
        CHECK(bench_number(&m.b, "g/n/pack-1/State", at_s[i], 6));
        const double done_s = at_s[i] + (order[i - 1][0] == 'L' ? 2 : 1);
        CHECK(bench_text(&m.b, "g/n/line/Done", done_s, order[i - 1]));
        CHECK(bench_text(&m.b, "g/n/pack-1/Lots", done_s, ""));
        CHECK(bench_number(&m.b, "g/n/pack-1/State", done_s, 4));
    }
    for (int s = 8100; s <= 10860; s += 600) {
        CHECK(bench_number(&m.b, "g/n/mill-1/State", s, 4));
    }
    ls_account_window_look(&m.window, &m.b.intake, 3 * window_us - 600 * BENCH_S, 0);
    CHECK(m.window.until_us > 0);
    CHECK(bench_number(&m.b, "g/n/mill-1/State", 12000, 4));
    CHECK(ls_account_window_is_final(&m.window, &m.b.intake));
    const ls_running *running = &m.b.intake.running;
    static ls_done done;
    done = (ls_done){.kind = LS_DECIDE_DISPATCH,
                     .time_us = 60 * BENCH_S,
                     .first = true,
                     .promises = true,
                     .gain = 1.0,
                     .act = {.kind = LS_DO_CHOOSE, .index = 0, .value = 2},
                     .base = "spt"};
    ls_outcome out;
    CHECK_INT(ls_account_window_tell(&m.window, running->plant, running->twin, LS_DECIDE_DISPATCH,
                                     &done, 1, 1, &out, &err),
              LS_OK);
    CHECK_STR(out.why, "");
    CHECK_NEAR(out.gain, 2.9, 1e-3);
    CHECK_NEAR(out.error, 0.0, 1e-3);
    CHECK(out.shown);
    CHECK_NEAR(out.awaited, 2.9, 1e-3);
    ls_done alone = done;
    alone.base[0] = '\0';  // the act without the rule: after it L1 would have been next
    CHECK_INT(ls_account_window_tell(&m.window, running->plant, running->twin, LS_DECIDE_DISPATCH,
                                     &alone, 1, 1, &out, &err),
              LS_OK);
    CHECK_NEAR(out.error, 1.9333, 1e-3);
    // Of another kind nothing was done: in its other past the line goes by the rule as well.
    CHECK_INT(ls_account_window_tell(&m.window, running->plant, running->twin, LS_DECIDE_SETUP,
                                     &done, 1, 1, &out, &err),
              LS_OK);
    CHECK_NEAR(out.gain, 0.0, 1e-3);
    CHECK_NEAR(out.error, 0.0, 1e-3);
    mill_close(&m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_level_brings_what_can_be_reckoned_by_hand);
    TEST(test_what_is_to_be_expected_of_a_rule_is_that_from_the_beginning_on);
    TEST(test_what_followed_a_rule_is_reproduced_by_it);
    TEST(test_a_release_brings_what_can_be_reckoned_by_hand);
    return harness_report();
}
