// attack_test.c - plants and files that mean ill end with an error, not with a crash or without
// end.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"
#include "twin/twin.h"

static ls_twin *make_twin(const char *text) {
    ls_error err = {0};
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    CHECK_INT(ls_plant_parse(text, strlen(text), "attack.yaml", &plant, NULL, &err), LS_OK);
    if (plant == NULL || ls_twin_create(plant, &twin, &err) != LS_OK) {
        printf("%s\n", err.text);
        abort();
    }
    ls_plant_destroy(plant);
    return twin;
}

// Plants in which something goes round in no time, though no number in the file says so outright.
static const char *const endless[] = {
    "plant: skipped\n"
    "stations: {a: {process: 1 s}}\n"
    "products: {p: {route: [{at: a, sample: 0 %}], release: {keep: 3}}}\n",
    "plant: setups\n"
    "stations: {a: {process: 0 s, setup: {p to q: 0 s, q to p: 0 s}}}\n"
    "products: {p: {route: [a], release: {keep: 2}}, q: {route: [a], release: {keep: 2}}}\n",
    "plant: done\n"
    "stations: {a: {process: 0 s}, b: {process: 1 s}}\n"
    "products: {p: {route: [{at: a, then: {done: 100 %}}, b], release: {keep: 3}}}\n",
};

static void test_a_clock_that_stands_still_is_an_error(void) {
    for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++) {
        ls_twin *twin = make_twin(endless[i]);
        ls_error err = {0};
        ls_snapshot *snapshot = NULL;
        CHECK_INT(ls_snapshot_create(twin, 1, 0, &snapshot, &err), LS_OK);
        CHECK_INT(ls_snapshot_run(twin, snapshot, 3600000000, &err), LS_ERR_STUCK);
        CHECK(strstr(err.text, "the clock stands still after 0 s") != NULL);
        ls_snapshot_destroy(snapshot);
        ls_twin_destroy(twin);
    }
}

// The count is of one instant, whatever the number of events that a call may run.
static void test_many_instants_of_small_steps_are_no_standstill(void) {
    ls_twin *twin = make_twin(
        "plant: quick\n"
        "stations: {a: {process: 0 s}}\n"
        "products: {p: {route: [a], release: {every: 1 us}}}\n");
    ls_error err = {0};
    ls_snapshot *snapshot = NULL;
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &snapshot, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, snapshot, 3000000, &err), LS_OK);
    CHECK_INT(ls_snapshot_events(snapshot) > 5000000, 1);
    ls_snapshot_destroy(snapshot);
    ls_twin_destroy(twin);
}

static void test_more_work_than_time_can_count_is_run(void) {
    ls_twin *twin = make_twin(
        "plant: years\n"
        "stations: {a: {process: 5200 w, per: part, load: 5200 w, unload: 5200 w}}\n"
        "products: {p: {lot: 1000000, route: [a], release: {every: 1 h}, due: 5200 w}}\n");
    ls_error err = {0};
    ls_run_def def = ls_run_def_default(twin);
    def.for_us = (int64_t)30 * 86400 * 1000000;
    def.warmup_us = 0;
    def.reps = 2;
    ls_twin_result *result = NULL;
    CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_OK);
    CHECK_INT(ls_twin_result_facts(result).lots_done, 0);
    ls_twin_result_destroy(result);
    ls_twin_destroy(twin);
}

static void test_a_stop_is_heard_before_the_warm_up_and_every_replication(void) {
    ls_twin *twin = make_twin(
        "plant: small\n"
        "stations: {a: {process: 1 s}}\n"
        "products: {p: {route: [a], release: {every: 1 h}}}\n");
    static volatile int stop = 1;
    for (int k = 0; k < 2; k++) {
        ls_error err = {0};
        ls_run_def def = ls_run_def_default(twin);
        def.for_us = 86400000000;
        def.warmup_us = k == 0 ? 0 : -1;
        def.reps = 100000;
        def.stop = &stop;
        ls_twin_result *result = NULL;
        CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_ERR_STOPPED);
        CHECK(result == NULL);
    }
    ls_twin_destroy(twin);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_clock_that_stands_still_is_an_error);
    TEST(test_many_instants_of_small_steps_are_no_standstill);
    TEST(test_more_work_than_time_can_count_is_run);
    TEST(test_a_stop_is_heard_before_the_warm_up_and_every_replication);
    return harness_report();
}
