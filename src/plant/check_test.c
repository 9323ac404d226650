// check_test.c - loads by hand, and what a person is told about a plant that can run.
#include "plant/check.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "plant/route.h"
#include "plant/testing/plants.h"

static double load_of(const ls_plant *p, uint32_t station) {
    ls_arena arena;
    ls_arena_init(&arena);
    const ls_load *loads = NULL;
    double load = -1;
    if (ls_plant_loads(p, &arena, &loads) == LS_OK) {
        CHECK_INT(loads[station].station, station);
        load = loads[station].load;
    }
    ls_arena_clear(&arena);
    return load;
}

static void check_load(const char *text, uint32_t station, double expected) {
    ls_plant *p = test_good(text);
    if (p != NULL) {
        CHECK_NEAR(load_of(p, station), expected, 1e-6);
    }
    ls_plant_destroy(p);
}

#define PLANT(station, route, release) \
    "plant: p\nstations: {a: " station \
    ", b: {process: 6 min}}\nproducts: {x: {lot: 4, route: " route ", release: " release "}}\n"

static void test_load_of_simple_stations(void) {
    check_load(PLANT("{process: 30 min}", "[a]", "{every: 1 h}"), 0, 0.5);
    check_load(PLANT("{process: 30 min, machines: 2}", "[a]", "{every: exp 1 h}"), 0, 0.25);
    check_load(PLANT("{process: 10 min, per: part}", "[a]", "{every: 1 h}"), 0, 4.0 / 6);
    check_load(PLANT("{process: 30 min, load: 3 min, unload: 6 min}", "[a]", "{every: 1 h}"), 0,
               0.65);
    check_load(
        PLANT("{process: 30 min, load: 3 min, unload: 6 min, ports: 2}", "[a]", "{every: 1 h}"), 0,
        0.5);
    check_load(PLANT("{process: 50 min, per: part, cascade: 3 min}", "[a]", "{every: 1 h}"), 0,
               0.2);
    check_load(PLANT("{process: 50 min, cascade: 3 min}", "[a]", "{every: 1 h}"), 0, 0.05);
    check_load(PLANT("{process: 30 min}", "[a]", "{every: 1 h, lots: 3}"), 0, 1.5);
    check_load(PLANT("{process: 30 min}", "[a]", "{keep: 3}"), 0, 0);
    check_load(PLANT("{process: 30 min}", "[a]", "{at: [0 s, 1 h, 2 h]}"), 0, 0.5);
    check_load(PLANT("{process: 30 min}", "[a, a, b]", "{every: 1 h}"), 0, 1.0);
}

static void test_load_of_batches_counts_full_ones(void) {
    check_load(PLANT("{process: 60 min, batch: {min: 1, max: 3}}", "[a]", "{every: 1 h}"), 0,
               1.0 / 3);
    check_load(
        PLANT("{process: 60 min, batch: {min: 1, max: 8, count: parts}}", "[a]", "{every: 1 h}"), 0,
        0.5);
    check_load(PLANT("{process: 60 min, per: lot, batch: {min: 1, max: 3}}", "[a]", "{every: 1 h}"),
               0, 1.0);
}

static void test_load_of_different_machines_adds_their_rates(void) {
    // One machine does 2 lots an hour, the other 4: 6 together.
    check_load(PLANT("{process: 30 min, machines: {m: {}, n: {speed: 2}}}", "[a]", "{every: 1 h}"),
               0, 1.0 / 6);
    check_load(
        PLANT("{process: 30 min, machines: {m: {}, n: {process: 15 min}}}", "[a]", "{every: 1 h}"),
        0, 1.0 / 6);
}

static void test_load_counts_expected_visits(void) {
    // Half the lots come.
    check_load(PLANT("{process: 30 min}", "[{at: a, sample: 50 %}]", "{every: 1 h}"), 0, 0.25);
    // 1 / (1 - 0.2) visits.
    check_load(
        PLANT("{process: 30 min}", "[{at: a, rework: {chance: 20 %, to: a}}]", "{every: 1 h}"), 0,
        0.625);
    // At most one rework: 1.2 visits; drawn once: the same.
    check_load(PLANT("{process: 30 min}", "[{at: a, rework: {chance: 20 %, to: a, limit: 1}}]",
                     "{every: 1 h}"),
               0, 0.6);
    check_load(PLANT("{process: 30 min}", "[{at: a, rework: {chance: 20 %, to: a, draw: once}}]",
                     "{every: 1 h}"),
               0, 0.6);
    // Scrap at a leaves 90 % to b; 10 % of an hour's 6 minutes each.
    check_load(PLANT("{process: 30 min}", "[{at: a, scrap: 10 %}, b]", "{every: 1 h}"), 1, 0.09);
    // Limit reached and drawn again: scrapped, 0.2 * 0.2.
    check_load(
        PLANT("{process: 30 min}",
              "[{at: a, rework: {chance: 20 %, to: a, limit: 1, then: scrap}}, b]", "{every: 1 h}"),
        1, 0.096);
    // Branches: 30 % leave.
    check_load(PLANT("{process: 30 min}", "[{at: a, then: {done: 30 %}}, b]", "{every: 1 h}"), 1,
               0.07);
    // A loop of two steps taken with 50 %: two visits each.
    check_load(PLANT("{process: 12 min}", "[a, {at: b, then: {a: 50 %}}]", "{every: 1 h}"), 0, 0.4);
    // Alternatives share by what they can do: 1 / 30 against 1 / 6 of a minute.
    check_load(PLANT("{process: 30 min}", "[{any: [a, b]}]", "{every: 1 h}"), 0, 1.0 / 12);
}

static void test_load_counts_what_upkeep_takes(void) {
    check_load(
        PLANT("{process: 30 min, fails: {every: exp 9 h, repair: 1 h}}", "[a]", "{every: 1 h}"), 0,
        0.5 * 10 / 9);
    check_load(PLANT("{process: 30 min, fails: {every: exp 9 h, repair: 1 h, by: calendar}}", "[a]",
                     "{every: 1 h}"),
               0, 0.5 / 0.9);
    check_load(
        PLANT("{process: 30 min, fails: {every: 40 parts, repair: 1 h}}", "[a]", "{every: 1 h}"), 0,
        0.6);
    check_load(
        PLANT("{process: 30 min, fails: {every: 10 lots, repair: 1 h}}", "[a]", "{every: 1 h}"), 0,
        0.6);
    check_load(
        PLANT("{process: 30 min, maintenance: {every: 10 h, for: 1 h}}", "[a]", "{every: 1 h}"), 0,
        0.5 / 0.9);
    check_load(PLANT("{process: 30 min, maintenance: {every: 9 h, for: 1 h, from: end}}", "[a]",
                     "{every: 1 h}"),
               0, 0.5 / 0.9);
    check_load(
        PLANT("{process: 30 min, machines: 2, maintenance: {every: 10 h, for: 1 h, on: a-1}}",
              "[a]", "{every: 1 h}"),
        0, 0.25 / 0.95);
}

// What failures by busy time and by count leave of a machine that always works.
static void test_availability_counts_all_upkeep(void) {
    static const struct {
        const char *station;
        double expected;
    } cases[] = {
        {"{process: 30 min, fails: {every: exp 9 h, repair: 1 h}}", 0.9},
        {"{process: 30 min, fails: {every: exp 9 h, repair: 1 h, by: calendar}}", 0.9},
        {"{process: 30 min, fails: {every: 40 parts, repair: 1 h}}", 5.0 / 6},
        {"{process: 30 min, fails: {every: 9 h, repair: 1 h}, maintenance: {every: 10 h, for: 1 "
         "h}}",
         0.81},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, PLANT("%s", "[a]", "{every: 1 h}"), cases[i].station);
        ls_plant *p = test_good(text);
        ls_arena arena;
        ls_arena_init(&arena);
        const ls_load *loads = NULL;
        if (p != NULL && ls_plant_loads(p, &arena, &loads) == LS_OK) {
            CHECK_NEAR(loads[0].availability, cases[i].expected, 1e-9);
            CHECK_NEAR(loads[1].availability, 1, 1e-9);
        }
        ls_arena_clear(&arena);
        ls_plant_destroy(p);
    }
}

static void first_note(const char *text, const char *expected, const char *hint) {
    ls_plant *p = test_good(text);
    ls_errors notes;
    ls_errors_init(&notes);
    if (p != NULL) {
        CHECK_INT(ls_plant_notes(p, &notes), LS_OK);
        CHECK(notes.count > 0);
        if (notes.count > 0) {
            CHECK_STR(notes.items[0].text, expected);
            CHECK(strncmp(notes.items[0].hint, hint, strlen(hint)) == 0);
        }
    }
    ls_errors_clear(&notes);
    ls_plant_destroy(p);
}

static void test_notes_of_load_say_what_will_happen(void) {
    first_note(PLANT("{process: 3 h}", "[a]", "{every: 1 h}"), "load 3.00 at 'a'",
               "its queue grows without end");
    first_note(PLANT("{process: 3 h}", "[a]", "{every: 1 h, count: 9}"), "load 3.00 at 'a'",
               "its queue grows while lots come");
    first_note(PLANT("{process: 3 h}", "[a]", "{at: [0 s, 1 h]}"), "load 3.00 at 'a'",
               "its queue grows while lots come");
    first_note(
        PLANT("{process: 1 min, maintenance: {every: 1 h, for: 2 h}}", "[a]", "{every: 1 h}"),
        "failures and maintenance leave no time for lots at 'a'", "look at 'every'");
}

static void test_load_of_the_examples(void) {
    ls_plant *p = test_good_file("examples/mm1/mm1.yaml");
    if (p != NULL) {
        CHECK_NEAR(load_of(p, 0), 0.9, 1e-6);
    }
    ls_plant_destroy(p);
    // 84 lots a week. Furnaces: 28 batches x 600 min of 20160 min less 75 min a day. Lithography:
    // 84 x 105 min of 10080 less 30 min a shift.
    p = test_good_file("examples/minifab/minifab.yaml");
    if (p != NULL) {
        CHECK_NEAR(load_of(p, 0), 28.0 * 600 / 20160 / (1 - 75.0 / 1440), 1e-6);
        CHECK_NEAR(load_of(p, 2), 84.0 * 105 / 10080 / (1 - 30.0 / 720), 1e-6);
    }
    ls_plant_destroy(p);
    p = test_good_file("examples/gearbox/gearbox.yaml");
    for (uint32_t s = 0; p != NULL && s < p->station_count; s++) {
        harness_note("%s", p->stations[s].name);
        CHECK(load_of(p, s) > 0.05 && load_of(p, s) < 0.85);
    }
    ls_plant_destroy(p);
}

static void test_calendar_raises_the_load(void) {
    check_load(
        "plant: p\ncalendars: {c: {mon-fri: \"06:00-14:00\"}}\n"
        "stations: {a: {process: 6 min, calendar: c}}\nproducts: {x: {route: [a], release: {every: "
        "1 h}}}\n",
        0, 0.1 * 168 / 40);
}

static void test_notes_name_what_is_odd(void) {
    ls_plant *p = test_good(
        "plant: p\n"
        "calendars: {c: {mon: \"06:00-14:00\"}}\n"
        "stations:\n"
        "  grind: {process: 64.2 min}\n"
        "  spare: {process: 1 min}\n"
        "  press: {machines: {m: {}, n: {only: y}}, process: 1 min}\n"
        "products:\n"
        "  x: {route: [grind, {at: press, on: m, then: {done: 1}}, {at: grind, name: never, "
        "process: 1 s}], release: {every: 1 h}}\n"
        "  y: {route: [{at: press, on: m, name: no}, press]}\n");
    ls_errors notes;
    ls_errors_init(&notes);
    ls_buffer text;
    ls_buffer_init(&text);
    (void)p;
    if (p != NULL) {
        CHECK_INT(ls_plant_notes(p, &notes), LS_OK);
        for (size_t i = 0; i < notes.count; i++) {
            CHECK_INT(notes.items[i].status, LS_OK);
            ls_buffer_printf(&text, "%d:%d %s\n", notes.items[i].line, notes.items[i].column,
                             notes.items[i].text);
        }
        CHECK_STR(text.data,
                  "4:3 load 1.07 at 'grind'\n"
                  "5:3 no route comes to station 'spare'\n"
                  "9:3 product 'y' is never released\n"
                  "8:59 no lot comes to step 'never' of product 'x'\n"
                  "2:13 nobody uses calendar 'c'\n");
    }
    ls_buffer_clear(&text);
    ls_errors_clear(&notes);
    ls_plant_destroy(p);
}

static void test_long_loops_are_walked_quickly(void) {
    // A chain of five thousand steps, each of which may go back to the first.
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_text(&text,
                   "plant: p\nstations: {a: {process: 1 us}}\nproducts:\n  x:\n    release: "
                   "{every: 1 h}\n    route:\n");
    for (int i = 0; i < 5000; i++) {
        ls_buffer_printf(&text, "      - {at: a, name: s%d, then: {s%d: 0.01 %%}}\n", i,
                         i > 0 ? i - 1 : 0);
    }
    ls_plant *p = test_good(text.data);
    if (p != NULL) {
        CHECK(load_of(p, 0) > 0);
    }
    ls_plant_destroy(p);
    ls_buffer_clear(&text);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_load_of_simple_stations);
    TEST(test_load_of_batches_counts_full_ones);
    TEST(test_load_of_different_machines_adds_their_rates);
    TEST(test_load_counts_expected_visits);
    TEST(test_load_counts_what_upkeep_takes);
    TEST(test_availability_counts_all_upkeep);
    TEST(test_notes_of_load_say_what_will_happen);
    TEST(test_load_of_the_examples);
    TEST(test_calendar_raises_the_load);
    TEST(test_notes_name_what_is_odd);
    TEST(test_long_loops_are_walked_quickly);
    return harness_report();
}
