// pulse_test.c - rates and shares of the followed line.
#include "loop/pulse.h"

#include <lineshaft/plant.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loop/testing/bench.h"
#include "tests/harness.h"

static void look(bench *b, ls_pulse *pulse) {
    ls_pulse_look(pulse, b->intake.running.plant, b->intake.running.twin, b->intake.running.follow);
}

static void test_rates_are_those_of_the_last_hour(void) {
    bench b;
    ls_pulse *pulse = ls_pulse_create();
    bench_open(&b, "");
    CHECK(pulse != NULL);
    bench_number(&b, "g/n/saw-2/State", 0, 4);
    CHECK(isnan(ls_pulse_describe(pulse).per_hour));
    for (int i = 0; i < 30; i++) {
        bench_lot(&b, i, 300);
        look(&b, pulse);
    }
    const ls_pulse_figures f = ls_pulse_describe(pulse);
    CHECK_INT((int)f.made, 30);
    CHECK_INT((int)f.wip, 0);
    // Six lots an hour, each 332 s inside. A beat may be a lot earlier than the hour.
    CHECK(fabs(f.per_hour - 6.0) < 0.01);
    CHECK(fabs(f.cycle_s - 332.0) < 0.5);
    // Sawing: one of two machines for half of the time; packing a twentieth.
    CHECK_INT((int)f.busiest[0].station, 0);
    CHECK(fabs(f.busiest[0].share - 0.25) < 0.01);
    CHECK(fabs(f.busiest[1].share - 0.05) < 0.01);
    bench_close(&b);
    ls_pulse_destroy(pulse);
}

static const char yard[] =
    "plant: yard\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  saw: {machines: [saw-1], process: 1 min}\n"
    "products:\n"
    "  x: {route: [saw], release: {every: 10 min, pool: yes}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n";

static void test_who_waits_outside_is_told_and_how_long_others_did(void) {
    bench b = {0};
    ls_plant *plant = NULL;
    ls_error err = {0};
    ls_pulse *pulse = ls_pulse_create();
    snprintf(b.folder, sizeof b.folder, "/tmp/ls-pulse-XXXXXX");
    CHECK(mkdtemp(b.folder) != NULL);
    bench_open_history(&b);
    CHECK_INT(ls_plant_parse(yard, strlen(yard), "yard.yaml", &plant, NULL, &err), LS_OK);
    b.zero_us = plant->start_us;
    CHECK_INT(ls_running_make(plant, b.tags, &b.intake.running, &err), LS_OK);
    CHECK(!ls_pulse_describe(pulse).pools);
    CHECK(bench_text(&b, "g/n/line/Released", 60, "L1 class=x product=x pool=yes"));
    look(&b, pulse);
    CHECK(bench_text(&b, "g/n/line/Released", 120, "L2 class=x product=x pool=yes"));
    CHECK(bench_text(&b, "g/n/line/Released", 540, "L1 class=x product=x"));
    look(&b, pulse);
    const ls_pulse_figures f = ls_pulse_describe(pulse);
    CHECK(f.pools);
    CHECK_INT((int)f.wip, 2);
    CHECK_INT((int)f.outside, 1);
    CHECK_NEAR(f.outside_s, 480.0, 1e-9);
    bench_close(&b);
    ls_pulse_destroy(pulse);
}

static void test_another_plant_begins_anew(void) {
    bench b;
    ls_pulse *pulse = ls_pulse_create();
    bench_open(&b, "");
    bench_number(&b, "g/n/saw-2/State", 0, 4);
    bench_lot(&b, 0, 300);
    look(&b, pulse);
    CHECK_INT((int)ls_pulse_describe(pulse).made, 1);
    ls_pulse_forget(pulse);
    CHECK_INT((int)ls_pulse_describe(pulse).made, 0);
    CHECK_INT((int)ls_pulse_describe(pulse).busiest[0].station, (int)LS_NONE);
    bench_close(&b);
    ls_pulse_destroy(pulse);
    ls_pulse_destroy(NULL);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_rates_are_those_of_the_last_hour);
    TEST(test_who_waits_outside_is_told_and_how_long_others_did);
    TEST(test_another_plant_begins_anew);
    return harness_report();
}
