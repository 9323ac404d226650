// oracle_exact_test.c - plants without chance, against what one works out by hand.
#include "tests/harness.h"
#include "twin/context.h"
#include "twin/testing/oracle.h"
#include "twin/twin.h"

enum { LOTS_MAX = 16 };
static const int64_t min_us = 60000000;

// Minutes at which lots were done, in their order, -1 behind the last.
static void done_of(const char *text, int64_t until_min, int64_t done_min[LOTS_MAX]) {
    ls_twin *twin = oracle_twin(text);
    static ls_trace_item trace[4096];
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &s, &err), LS_OK);
    s->scratch.trace = trace;
    s->scratch.trace_capacity = 4096;
    CHECK_INT(ls_snapshot_run(twin, s, until_min * min_us, &err), LS_OK);
    int count = 0;
    for (ls_u64 i = 0; i < s->scratch.trace_count && i < 4096; i++) {
        if (trace[i].kind == LS_TRACE_DONE && count < LOTS_MAX) {
            CHECK_INT(trace[i].time % min_us, 0);
            done_min[count++] = trace[i].time / min_us;
        }
    }
    for (; count < LOTS_MAX; count++) {
        done_min[count] = -1;
    }
    s->scratch.trace = NULL;
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
}

static void check_done(const char *text, int64_t until_min, const int64_t *expected, int count) {
    int64_t done[LOTS_MAX];
    done_of(text, until_min, done);
    for (int i = 0; i < count; i++) {
        harness_note("lot %d", i);
        CHECK_INT(done[i], expected[i]);
    }
    CHECK_INT(done[count], -1);
}
#define CHECK_DONE(text, until, ...)                            \
    check_done((text), (until), (const int64_t[]){__VA_ARGS__}, \
               (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))

static void test_a_line_goes_at_the_pace_of_its_slowest(void) {
    // 3, 5, 2 min, three lots at once: the first after 10, then every 5.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 3 min}, b: {process: 5 min}, c: {process: 2 min}}\n"
        "products: {x: {route: [a, b, c], release: {at: [0 s], lots: 3}}}\n",
        100, 10, 15, 20);
}

static void test_blocking_after_and_before_service(void) {
    // 1 min, then 4 min without places. After: a holds its second lot from 2 to 5, takes the third
    // at 5.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 1 min}, b: {process: 4 min, queue: 0}}\n"
        "products: {x: {route: [a, b], release: {at: [0 s], lots: 3}}}\n",
        100, 5, 9, 13);
    // Before: a starts the second at 5 only, when b is free: 5 + 1 + 4.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 1 min, blocking: before}, b: {process: 4 min, queue: "
        "0}}\n"
        "products: {x: {route: [a, b], release: {at: [0 s], lots: 3}}}\n",
        100, 5, 10, 15);
}

static void test_parallel_machines_speeds_and_parts(void) {
    // 10 parts of 1 min; a2 is twice as fast, done at 5 and 10. At 10 both end: a1, first in the
    // file, takes the last lot.
    CHECK_DONE(
        "plant: p\nstations: {a: {machines: {a1: {speed: 1}, a2: {speed: 2}}, process: 1 min, per: "
        "part}}\n"
        "products: {x: {lot: 10, route: [a], release: {at: [0 s], lots: 4}}}\n",
        100, 5, 10, 10, 20);
}

static void test_transport_in_between_and_out(void) {
    CHECK_DONE(
        "plant: p\ntransport: {default: 4 min, in to a: 6 min, b to out: 1 min}\n"
        "stations: {a: {process: 3 min}, b: {process: 5 min}}\n"
        "products: {x: {route: [a, b], release: {at: [0 s, 30 min]}}}\n",
        100, 19, 49);
}

static void test_setups_between_products(void) {
    // x, y, x, y by arrival: process 10 each; x to y 4, y to x 7; starts set up for x.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 10 min, setup: {x to y: 4 min, y to x: 7 min, initial: "
        "x}}}\n"
        "products: {x: {route: [a], release: {at: [0 s, 2 min]}}, y: {route: [a], release: {at: [1 "
        "min, 3 min]}}}\n",
        100, 10, 24, 41, 55);
    // Least setup first: x, x, then y, y.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 10 min, dispatch: [setup, fifo], setup: {x to y: 4 min, "
        "y to x: 7 min, initial: x}}}\n"
        "products: {x: {route: [a], release: {at: [0 s, 2 min]}}, y: {route: [a], release: {at: [1 "
        "min, 3 min]}}}\n",
        100, 10, 20, 34, 44);
    // x, y, z, x by arrival. What needs none first: x, x, then y, the older, at 20 + 7, z at 37
    // + 3.
    static const char *const three =
        "plant: p\nstations: {a: {process: 10 min, dispatch: [%s, fifo], setup: {x to y: 7 min, x "
        "to "
        "z: 4 min, y to z: 3 min, z to y: 5 min, initial: x}}}\n"
        "products: {x: {route: [a], release: {at: [0 s, 3 min]}}, y: {route: [a], release: {at: [1 "
        "min]}}, z: {route: [a], release: {at: [2 min]}}}\n";
    CHECK_DONE(oracle_text(three, "no-setup"), 100, 10, 20, 37, 50);
    CHECK_DONE(oracle_text(three, "setup"), 100, 10, 20, 34, 49);
}

static void test_batches_wait_and_fill(void) {
    // At least 2, at most 3: lots at 0, 1, 2, 3, 4; 10 min: 0 waits for 1 (1..11), then 2, 3, 4
    // (11..21).
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 10 min, per: batch, batch: {min: 2, max: 3}}}\n"
        "products: {x: {route: [a], release: {at: [0 s, 1 min, 2 min, 3 min, 4 min]}}}\n",
        100, 11, 11, 21, 21, 21);
    // A lone lot goes after 15 min of waiting.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 10 min, per: batch, batch: {min: 2, max: 3, wait: 15 "
        "min}}}\n"
        "products: {x: {route: [a], release: {at: [7 min]}}}\n",
        100, 32);
}

static void test_shift_ends(void) {
    // On 06:00 to 08:00 from Monday 06:00; 50 min: two lots (50, 100), the third at 120 has run 20
    // min.
    static const char *const plant =
        "plant: p\nstart: 2026-01-05T06:00\ncalendars: {c: {daily: \"06:00-08:00\"}}\n"
        "stations: {a: {process: 50 min, calendar: c, shift-end: %s}}\n"
        "products: {x: {route: [a], release: {at: [0 s], lots: 4}}}\n";
    CHECK_DONE(oracle_text(plant, "finish"), 2000, 50, 100, 150,
               1490);  // the fourth next day: 1440 + 50
    CHECK_DONE(oracle_text(plant, "pause"), 2000, 50, 100, 1470, 1520);  // 30 min left next day
    CHECK_DONE(oracle_text(plant, "abort"), 2000, 50, 100, 1490, 1540);  // starts over next day
}

static void test_maintenance_waits_for_the_machine(void) {
    // Due at 15; the lot that runs ends at 20; 30 min; then on. Next due at 115: the machine is
    // free then.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 10 min, maintenance: {every: 100 min, first: 15 min, "
        "for: 30 min}}}\n"
        "products: {x: {route: [a], release: {at: [0 s, 110 min], lots: 3}}}\n",
        200, 10, 20, 60, 120, 160, 170);
}

static void test_failures_by_count(void) {
    // Every 3 lots 5 min.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 10 min, fails: {every: 3 lots, repair: 5 min}}}\n"
        "products: {x: {route: [a], release: {at: [0 s], lots: 7}}}\n",
        200, 10, 20, 30, 45, 55, 65, 80);
}

static void test_fixed_failures_of_busy_time(void) {
    // After 12 busy minutes 6 of repair, with 10 min lots: resume goes on, restart begins anew,
    // scrap loses.
    static const char *const plant =
        "plant: p\nstations: {a: {process: 10 min, fails: {every: 12 min, repair: 6 min, by: busy, "
        "lots: %s}}}\n"
        "products: {x: {route: [a], release: {at: [0 s], lots: 3}}}\n";
    CHECK_DONE(oracle_text(plant, "resume"), 200, 10, 26, 42);  // fails at 12, 30
    CHECK_DONE(oracle_text(plant, "restart"), 200, 10, 28,
               46);  // 12..18, done 28, fails at 30 (2 left), 36..46
    CHECK_DONE(oracle_text(plant, "scrap"), 200, 10, 28);  // the second is lost at 12
}

static void test_one_operator_for_two_machines(void) {
    // Setting takes 10 with the one setter, the run 5 without: b waits for him.
    CHECK_DONE(
        "plant: p\noperators: {o: {count: 1, skills: [s]}}\n"
        "stations:\n"
        "  a: {process: 5 min, setup: {any to x: 10 min}, operator: {skill: s, for: setup}}\n"
        "  b: {process: 5 min, setup: {any to y: 10 min}, operator: {skill: s, for: setup}}\n"
        "products: {x: {route: [a], release: {at: [0 s]}}, y: {route: [b], release: {at: [0 "
        "s]}}}\n",
        100, 15, 25);
}

static void test_cascade_lets_the_next_lot_in(void) {
    // One lot a 20 min way, the machine takes the next after 5.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 20 min, cascade: 5 min}}\n"
        "products: {x: {route: [a], release: {at: [0 s], lots: 3}}}\n",
        100, 20, 25, 30);
}

static void test_conwip_lets_one_in_for_one_out(void) {
    // Two kept; 4 and 6 min: b is never idle after 4.
    CHECK_DONE(
        "plant: p\nstations: {a: {process: 4 min}, b: {process: 6 min}}\n"
        "products: {x: {route: [a, b], release: {keep: 2}}}\n",
        30, 10, 16, 22, 28);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_line_goes_at_the_pace_of_its_slowest);
    TEST(test_blocking_after_and_before_service);
    TEST(test_parallel_machines_speeds_and_parts);
    TEST(test_transport_in_between_and_out);
    TEST(test_setups_between_products);
    TEST(test_batches_wait_and_fill);
    TEST(test_shift_ends);
    TEST(test_maintenance_waits_for_the_machine);
    TEST(test_failures_by_count);
    TEST(test_fixed_failures_of_busy_time);
    TEST(test_one_operator_for_two_machines);
    TEST(test_cascade_lets_the_next_lot_in);
    TEST(test_conwip_lets_one_in_for_one_out);
    return harness_report();
}
