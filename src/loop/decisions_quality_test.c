// decisions_quality_test.c - lots sorted by what was said while they were made: told to the
// present, and left to the inspection where nothing can be trusted.
#include <lineshaft/plant.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "decide/decide.h"
#include "loop/decisions_once.h"
#include "loop/testing/bench.h"
#include "tests/harness.h"
#include "twin/twin.h"

// The gauge is slower than the mills, so lots wait for it; one of ten is bad on average.
static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1, mill-2], process: 4 min}\n"
    "  gauge: {machines: [gauge-1], process: 6 min}\n"
    "  pack: {machines: [pack-1], process: 1 min}\n"
    "products:\n"
    "  x:\n"
    "    route: [mill, {at: gauge, scrap: 2 %%, rework: {to: mill, chance: 8 %%}}, pack]\n"
    "    release: {every: 3 min}\n"
    "models:\n"
    "  bad: {what: quality, of: [mill-1, mill-2], tags: \"g/n/{unit}/Power\", window: 1 min,\n"
    "        every: 1 min, label: {file: inspection.csv}, classes: [good, bad], learner: trees}\n"
    "  size: {what: quality, of: [mill-1, mill-2], tags: \"g/n/{unit}/Power\", window: 1 min,\n"
    "         every: 1 min, label: {file: inspection.csv}, gates: {interval: 90 %%}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, arrived: g/n/line/Arrived, done: g/n/line/Done,\n"
    "         scrapped: g/n/line/Scrapped}\n"
    "decide:\n"
    "  objective: {throughput: 20, cycle-time: 1, escapes: 300, scrap: 60, rework: 10,\n"
    "              inspections: 1, unit: EUR}\n"
    "  sort: {at: gauge, %s, mode: advise, within: 60 s, futures: 400, horizon: 3 h}\n";

typedef struct line {
    bench b;
    ls_decider *decider;
} line;

// L0 is in the gauge; L1, made by mill-1, and L2, made by mill-2, wait for it; L3 and L4 are made.
static void open_line(line *l, const char *by) {
    char text[3000];
    memset(l, 0, sizeof *l);
    snprintf(text, sizeof text, form, by);
    l->decider = bench_open_decider(&l->b, text);
    for (int i = 0; i < 5; i++) {
        char lot[40];
        snprintf(lot, sizeof lot, "L%d class=x product=x", i);
        CHECK(bench_text(&l->b, "g/n/line/Released", i, lot));
    }
    bench_works(&l->b, "mill-1", "L0", 10);
    bench_works(&l->b, "mill-2", "L2", 20);
    bench_works(&l->b, "mill-1", "L1", 250);
    bench_works(&l->b, "gauge-1", "L0", 251);
}

static void close_line(line *l) {
    ls_decider_destroy(l->decider);
    bench_close(&l->b);
}

// ... and then the mills go on with the next ones.
static void let_go_on(line *l) {
    bench_works(&l->b, "mill-2", "L4", 400);
    bench_arrives(&l->b, "L2", "gauge", 400);
    bench_works(&l->b, "mill-1", "L3", 500);
    bench_arrives(&l->b, "L1", "gauge", 500);
    CHECK(bench_number(&l->b, "g/n/gauge-1/State", 505, 6));
}

static void say(line *l, const char *tag, double at_s, double value) {
    const ls_sample sample = {.kind = LS_VALUE_REAL, .value.real = value};
    CHECK(bench_say(&l->b, tag, at_s, sample));
}

// The row about the gauge; NULL: it was not asked. The caller's.
static json_t *ask(line *l) {
    json_t *rows = NULL;
    ls_error err = {0};
    const ls_once_def def = {0};
    CHECK_INT(ls_decisions_once(&l->b.intake, l->decider, &def, &rows, &err), LS_OK);
    harness_note("%s", err.text);
    json_t *row = json_incref(json_array_get(rows, 0));
    json_decref(rows);
    return row;
}

static const char *chosen_way(const json_t *row, const char **out_lot) {
    const json_t *candidates = json_object_get(row, "candidates");
    const json_t *chosen = json_array_get(
        candidates, (size_t)json_integer_value(json_object_get(row, "chosen")));
    const json_t *act = json_array_get(json_object_get(chosen, "acts"), 0);
    *out_lot = json_string_value(json_object_get(act, "value"));
    const char *way = json_string_value(json_object_get(act, "way"));
    return way != NULL ? way : "inspected";
}

static void check_chosen(json_t *row, const char *way, const char *lot) {
    const char *of = NULL;
    CHECK(row != NULL);
    CHECK_STR(chosen_way(row, &of), way);
    if (lot != NULL) {
        CHECK_STR(of != NULL ? of : "", lot);
    }
}

static void test_a_good_lot_is_passed_on(void) {
    line l;
    open_line(&l, "model: bad");
    say(&l, "model/bad/mill-1", 450, 0.0005);
    say(&l, "model/bad/mill-2", 350, 0.10);
    let_go_on(&l);
    json_t *row = ask(&l);
    check_chosen(row, "pass", "L1");
    CHECK_CONTAINS(json_string_value(json_object_get(row, "title")), "L1 is passed on uninspected");
    CHECK(bench_has_reason(row, "why",
                           "L1 is bad with 0.05 %, by bad, which said 0.0005 while mill-1"));
    CHECK(bench_has_reason(row, "why_ko", "불량 확률"));
    CHECK(json_real_value(json_object_get(json_object_get(row, "claim"), "low")) > 0);
    json_decref(row);
    close_line(&l);
}

static void test_a_bad_lot_goes_to_rework(void) {
    line l;
    open_line(&l, "model: bad, ways: [rework, scrap]");
    say(&l, "model/bad/mill-1", 450, 0.97);
    say(&l, "model/bad/mill-2", 350, 0.05);
    let_go_on(&l);
    json_t *row = ask(&l);
    check_chosen(row, "rework", "L1");
    json_decref(row);
    close_line(&l);
}

// As likely bad as on average: a bad one outside costs more than its inspection.
static void test_what_is_as_usual_is_inspected(void) {
    line l;
    open_line(&l, "model: bad");
    say(&l, "model/bad/mill-1", 450, 0.1);
    say(&l, "model/bad/mill-2", 350, 0.1);
    let_go_on(&l);
    json_t *row = ask(&l);
    check_chosen(row, "inspected", NULL);
    json_decref(row);
    close_line(&l);
}

// What was said before a lot came, or after it had gone, is about another one.
static void test_only_what_was_said_of_the_lot_counts(void) {
    line l;
    open_line(&l, "model: bad");
    say(&l, "model/bad/mill-1", 249, 0.0005);  // of L0
    say(&l, "model/bad/mill-2", 15, 0.0005);
    let_go_on(&l);
    say(&l, "model/bad/mill-1", 502, 0.0005);  // of L3
    json_t *row = ask(&l);
    CHECK(row == NULL);  // nothing is known of those that wait: it is not asked
    json_decref(row);
    close_line(&l);
}

static void test_what_cannot_be_trusted_is_not_told(void) {
    line l;
    open_line(&l, "model: bad");
    const ls_sample partial = {
        .kind = LS_VALUE_REAL, .quality = LS_QUALITY_UNCERTAIN, .value.real = 0.0005};
    CHECK(bench_say(&l.b, "model/bad/mill-1", 450, partial));
    say(&l, "model/bad/mill-2", 350, 0.0005);
    say(&l, "model/bad/mill-2/unusual", 350, 1);
    let_go_on(&l);
    json_t *row = ask(&l);
    CHECK(row == NULL);
    json_decref(row);
    close_line(&l);
}

// A quality that is measured or predicted, with bounds: the chance that it lies outside.
static void test_a_quality_with_bounds(void) {
    line l;
    open_line(&l, "model: size, low: 9.9, high: 10.1");
    say(&l, "model/size/mill-1", 450, 10.0);
    say(&l, "model/size/mill-1/low", 450, 10.0 - 0.01 * 1.6448536269);
    say(&l, "model/size/mill-1/high", 450, 10.0 + 0.01 * 1.6448536269);
    say(&l, "model/size/mill-2", 350, 10.1);  // without an interval
    let_go_on(&l);
    json_t *row = ask(&l);
    check_chosen(row, "pass", "L1");
    CHECK_INT(json_array_size(json_object_get(row, "candidates")), 4);  // L2 is not among them
    json_decref(row);
    close_line(&l);
    open_line(&l, "tag: \"g/n/{machine}/Size\", high: 10.1, spread: 0.05, ways: rework");
    say(&l, "g/n/mill-1/Size", 450, 10.2);
    let_go_on(&l);
    row = ask(&l);
    check_chosen(row, "rework", "L1");
    CHECK(bench_has_reason(row, "why", "L1 is bad with 97.7 %, by its tag, which said 10.2"));
    json_decref(row);
    close_line(&l);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_good_lot_is_passed_on);
    TEST(test_a_bad_lot_goes_to_rework);
    TEST(test_what_is_as_usual_is_inspected);
    TEST(test_only_what_was_said_of_the_lot_counts);
    TEST(test_what_cannot_be_trusted_is_not_told);
    TEST(test_a_quality_with_bounds);
    return harness_report();
}
