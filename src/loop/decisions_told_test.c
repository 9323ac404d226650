// decisions_told_test.c - a decision that rests on what models said (how worn a part is, how long
// it lasts, how long work takes, how likely a lot is bad) is made again bit for bit: what was told
// is in its snapshot, whatever is said since.
#include <lineshaft/plant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loop/decisions.h"
#include "loop/decisions_inside.h"
#include "loop/decisions_snapshot.h"
#include "loop/testing/bench.h"
#include "loop/testing/fake_guard.h"
#include "tests/harness.h"

enum { PATIENCE_S = 120 };

// A cutter that breaks costs five hours and the lot; the gauge may be slower than the two mills.
static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill:\n"
    "    machines: [mill-1, mill-2]\n"
    "    process: lognormal 4 min sd 20 s\n"
    "    fails: {name: cutter, every: weibull shape 2 mean 10 h, repair: 5 h, lots: scrap,\n"
    "            condition: {%s, stale: 2 h}, renews: tool}\n"
    "    slowness: {model: pace, stale: 2 h}\n"
    "    maintenance: {name: tool, every: 900 parts, for: 10 min, renews: cutter}\n"
    "  gauge: {machines: [gauge-1], process: %s}\n"
    "  pack: {machines: [pack-1], process: 1 min}\n"
    "products:\n"
    "  x:\n"
    "    route: [mill, {at: gauge, scrap: 2 %%, rework: {to: mill, chance: 8 %%}}, pack]\n"
    "    release: {every: 3 min}\n"
    "models:\n"
    "  wear: {what: sensor, of: [mill-1, mill-2], tags: \"g/n/{unit}/Power\", window: 1 min,\n"
    "         every: 1 min, label: {tag: \"g/n/{unit}/Wear\"}, gates: {interval: 90 %%}}\n"
    "  life: {what: life, of: [mill-1, mill-2], tags: \"g/n/{unit}/Power\", window: 1 min,\n"
    "         every: 1 min, label: {event: failure}, horizon: 12 h, gates: {interval: 90 %%}}\n"
    "  pace: {what: time, of: [mill-1, mill-2], tags: \"g/n/{unit}/Power\", window: 1 min,\n"
    "         every: 1 min, label: {tag: \"g/n/{unit}/Cycle\"}, gates: {interval: 90 %%}}\n"
    "  bad: {what: quality, of: [mill-1, mill-2], tags: \"g/n/{unit}/Power\", window: 1 min,\n"
    "        every: 1 min, label: {file: inspection.csv}, classes: [good, bad], learner: trees}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, arrived: g/n/line/Arrived, done: g/n/line/Done,\n"
    "         scrapped: g/n/line/Scrapped}\n"
    "decide:\n"
    "  objective: {throughput: 20, cycle-time: 1, escapes: 300, scrap: 60, rework: 10,\n"
    "              inspections: 1, unit: EUR}\n"
    "  %s\n";

#define MAINTENANCE                                                                     \
    "maintenance: {at: mill, mode: approve, every: 1 min, within: 60 s, futures: 100, " \
    "horizon: 6 h}"
#define SORT \
    "sort: {at: gauge, model: bad, mode: approve, within: 60 s, futures: 400, horizon: 3 h}"

typedef struct line {
    bench b;
    ls_journal *journal;
    ls_decisions *d;
} line;

static void say_of(line *l, const char *model, const char *machine, double at_s, double value,
                   double half_width) {
    static const char *const signs[] = {"", "/low", "/high", "/unusual"};
    const double values[] = {value, value - half_width, value + half_width, 0.0};
    for (int i = 0; i < (half_width > 0.0 ? 4 : 1); i++) {
        char tag[80];
        snprintf(tag, sizeof tag, "model/%s/%s%s", model, machine, signs[i]);
        const ls_sample sample = {.kind = LS_VALUE_REAL, .value.real = values[i]};
        CHECK(bench_say(&l->b, tag, at_s, sample));
    }
}

// L0 is in the gauge, L1 and L2 wait for it, L3 and L4 are made; of the lots that wait mill-1 said
// that its one is good.
static void tell_line(line *l) {
    for (int i = 0; i < 5; i++) {
        char lot[40];
        snprintf(lot, sizeof lot, "L%d class=x product=x", i);
        CHECK(bench_text(&l->b, "g/n/line/Released", i, lot));
    }
    bench_works(&l->b, "mill-1", "L0", 10);
    bench_works(&l->b, "mill-2", "L2", 20);
    bench_works(&l->b, "mill-1", "L1", 250);
    bench_works(&l->b, "gauge-1", "L0", 251);
    say_of(l, "bad", "mill-1", 450, 0.0005, 0.0);
    say_of(l, "bad", "mill-2", 350, 0.10, 0.0);
    bench_works(&l->b, "mill-2", "L4", 400);
    bench_arrives(&l->b, "L2", "gauge", 400);
    bench_works(&l->b, "mill-1", "L3", 500);
    bench_arrives(&l->b, "L1", "gauge", 500);
}

static void begin(line *l, const char *condition, const char *gauge, const char *point) {
    char text[4000];
    ls_error err = {0};
    memset(l, 0, sizeof *l);
    fake_guard_reset();
    snprintf(text, sizeof text, form, condition, gauge, point);
    bench_open_text(&l->b, text);
    CHECK_INT(ls_journal_create(l->b.intake.history, &l->journal, &err), LS_OK);
    tell_line(l);
}

static void open_decisions(line *l) {
    ls_error err = {0};
    CHECK(bench_number(&l->b, "g/n/gauge-1/State", 505, 6));
    CHECK_INT(ls_decisions_open(&l->b.intake, l->journal, "guard", &l->d, &err), LS_OK);
    CHECK(bench_number(&l->b, "g/n/gauge-1/State", 570, 6));  // a minute later
}

static void end(line *l) {
    ls_decisions_close(l->d);
    ls_journal_destroy(l->journal);
    bench_close(&l->b);
}

static const char *text_of(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text != NULL ? text : "";
}

// The first row that proposes something; the caller's.
static json_t *await(line *l) {
    const time_t until = time(NULL) + PATIENCE_S;
    const struct timespec pause = {.tv_nsec = 10000000};
    while (time(NULL) < until) {
        json_t *rows = ls_decisions_list(l->d, false, 0, 100);
        for (size_t i = 0; i < json_array_size(rows); i++) {
            json_t *row = json_array_get(rows, i);
            if (strcmp(text_of(row, "state"), "open") == 0) {
                json_incref(row);
                json_decref(rows);
                return row;
            }
        }
        json_decref(rows);
        nanosleep(&pause, NULL);
    }
    json_t *rows = ls_decisions_list(l->d, false, 0, 100);
    char *text = json_dumps(json_array_get(rows, json_array_size(rows) - 1), 0);
    harness_note("%s", text != NULL ? text : "");
    free(text);
    json_decref(rows);
    CHECK(false);
    return NULL;
}

// Is it told in every element?
static void check_told(const json_t *row, const char *key, size_t count) {
    const json_t *list = json_object_get(row, key);
    CHECK_INT(json_array_size(list), count);
    for (size_t i = 0; i < json_array_size(list); i++) {
        CHECK_STR(text_of(json_array_get(list, i), "state"), "told");
    }
}

// Made again from what was kept, by a decider that hears nothing.
static void check_replay(line *l, const json_t *row) {
    if (row == NULL) {
        return;
    }
    ls_error err = {0};
    ls_kept_answer kept;
    ls_answer *again = calloc(1, sizeof *again);
    ls_decider *decider = NULL;
    const char *what = "";
    const ls_running *running = &l->b.intake.running;
    const ls_decider_def def = ls_decider_def_default();
    CHECK(again != NULL);
    CHECK_INT(ls_kept_answer_load(l->b.intake.history, running->twin,
                                  ls_decision_number(text_of(row, "id")), &kept, &err),
              LS_OK);
    CHECK_INT(ls_decider_create(running->plant, running->twin, &def, &decider, &err), LS_OK);
    CHECK_INT(ls_kept_answer_replay(&kept, decider, running->plant, running->twin, again, &err),
              LS_OK);
    harness_note("%s %s: %s", text_of(row, "id"), text_of(row, "title"), err.text);
    CHECK(ls_answer_is_same(&kept.answer, again, &what));
    CHECK_STR(what, "");
    ls_decider_destroy(decider);
    ls_kept_answer_clear(&kept);
    free(again);
}

static void check_maintenance(const char *condition, const char *model, double value,
                              double half_width, double later) {
    line l;
    begin(&l, condition, "1 min", MAINTENANCE);
    say_of(&l, model, "mill-1", 480, value, half_width);
    say_of(&l, model, "mill-2", 480, later, half_width);
    say_of(&l, "pace", "mill-1", 480, 480.0, 40.0);
    say_of(&l, "pace", "mill-2", 480, 200.0, 30.0);
    open_decisions(&l);
    json_t *row = await(&l);
    CHECK_CONTAINS(text_of(row, "title"), "mill-1");
    check_told(row, "conditions", 1);
    check_told(row, "slowness", 2);
    check_replay(&l, row);
    // What is said since does not reach it.
    say_of(&l, model, "mill-1", 504, later, half_width);
    say_of(&l, "pace", "mill-1", 504, 100.0, 10.0);
    check_replay(&l, row);
    json_decref(row);
    end(&l);
}

static void test_by_how_worn_a_part_is_and_how_long_work_takes(void) {
    check_maintenance("model: wear, at: normal 0.8 sd 0.02", "wear", 0.3, 0.005, 0.05);
}

static void test_by_a_predicted_life(void) {
    check_maintenance("model: life", "life", 900, 200, 40000);
}

static void test_by_a_predicted_quality(void) {
    line l;
    begin(&l, "model: wear, at: normal 0.8 sd 0.02", "6 min", SORT);
    say_of(&l, "pace", "mill-1", 480, 480.0, 40.0);
    say_of(&l, "pace", "mill-2", 480, 200.0, 30.0);
    open_decisions(&l);
    json_t *row = await(&l);
    CHECK_CONTAINS(text_of(row, "title"), "L1 is passed on uninspected");
    CHECK(bench_has_reason(row, "why", "L1 is bad with 0.05 %, by bad, which said 0.0005"));
    check_replay(&l, row);
    say_of(&l, "bad", "mill-1", 451, 0.9, 0.0);
    check_replay(&l, row);
    json_decref(row);
    end(&l);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_by_how_worn_a_part_is_and_how_long_work_takes);
    TEST(test_by_a_predicted_life);
    TEST(test_by_a_predicted_quality);
    return harness_report();
}
