// large_test.c - ten thousand machines and a hundred thousand lots at once.
#include <string.h>

#include "tests/harness.h"
#include "twin/twin.h"

static const char text[] =
    "plant: large\n"
    "limits: {lots: 110000}\n"
    "dispatch: [hot, edd, fifo]\n"
    "transport: {default: uniform 1 min to 9 min}\n"
    "stations:\n"
    "  wide:\n"
    "    machines: 10000\n"
    "    process: gamma 5 h sd 1 h\n"
    "    fails: {every: exp 200 h, repair: lognormal 3 h sd 1 h}\n"
    "  next: {machines: 4000, process: uniform 1 h to 3 h}\n"
    "products:\n"
    "  many:\n"
    "    route: [wide, next]\n"
    "    due: 5 d\n"
    "    release: {every: 50 d, first: 0 s, lots: 100000}\n";

static void test_a_large_plant_runs_forks_and_is_saved(void) {
    ls_error err = {0};
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_snapshot *now = NULL;
    ls_snapshot *future = NULL;
    ls_snapshot *again = NULL;
    CHECK_INT(ls_plant_parse(text, sizeof text - 1, "large.yaml", &plant, NULL, &err), LS_OK);
    CHECK_INT(ls_twin_create(plant, &twin, &err), LS_OK);
    const ls_twin_info info = ls_twin_describe(twin);
    CHECK_INT(info.machines, 14000);
    CHECK(info.horizon_us > 365 * 86400LL * 1000000);
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &now, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, now, 3600LL * 1000000, &err), LS_OK);
    CHECK_INT(ls_snapshot_lots(now), 100000);
    CHECK_INT(ls_state_check(twin, now->state, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, now, 86400LL * 1000000, &err), LS_OK);
    CHECK_INT(ls_state_check(twin, now->state, &err), LS_OK);
    CHECK(ls_snapshot_lots(now) < 70000);  // about 2000 an hour leave, from the seventh hour on

    CHECK_INT(ls_snapshot_fork(twin, now, 1, 7, &future, &err), LS_OK);
    CHECK_INT(ls_state_check(twin, future->state, &err), LS_OK);
    size_t size = 0;
    const void *bytes = ls_snapshot_bytes(future, &size);
    CHECK_INT(ls_snapshot_load(twin, bytes, size, &again, &err), LS_OK);
    const int64_t end_us = 2 * 86400LL * 1000000;
    CHECK_INT(ls_snapshot_run(twin, future, end_us, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, again, end_us, &err), LS_OK);
    CHECK(ls_snapshot_hash(future) == ls_snapshot_hash(again));
    CHECK_INT(ls_state_check(twin, future->state, &err), LS_OK);
    ls_snapshot_destroy(again);
    ls_snapshot_destroy(future);
    ls_snapshot_destroy(now);
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_large_plant_runs_forks_and_is_saved);
    return harness_report();
}
