// retell_test.c - durations that are given from outside: also to clocks that a maintenance starts
// anew.
#include "decide/prove/retell.h"

#include <string.h>

#include <lineshaft/plant.h>

#include "tests/harness.h"
#include "twin/state.h"
#include "twin/twin.h"

static const int64_t minute = 60000000;

// A cutter that is changed after 40 pieces of a minute, or when it fails.
static const char text[] =
    "plant: p\n"
    "stations:\n"
    "  s:\n"
    "    process: 1 min\n"
    "    fails: {name: cutter, every: weibull shape 2 mean 90 min, repair: 10 min, renews: tool}\n"
    "    maintenance: {name: tool, every: 40 parts, for: 5 min, renews: cutter}\n"
    "products: {x: {route: [s], release: {keep: 2}}}\n";

typedef struct lives {
    int64_t minutes[8];
    uint32_t given;
} lives;

static ls_given_answer give(void *context, ls_given_kind kind, uint64_t key, int64_t *io_us) {
    lives *l = context;
    if (kind != LS_GIVEN_FAILURE || key != 0 || l->given == 8) {
        return LS_GIVEN_NOTHING;
    }
    *io_us = l->minutes[l->given++] * minute;
    return LS_GIVEN_VALUE;
}

static void test_each_tool_has_the_life_that_is_given(void) {
    // Changed, changed, fails at 25, changed, fails at 10, fails at 39, changed.
    lives l = {.minutes = {70, 41, 25, 500, 10, 39, 80, 90}};
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_snapshot *s = NULL;
    ls_retell r;
    ls_error err = {0};
    CHECK_INT(ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err), LS_OK);
    CHECK_INT(ls_twin_create(plant, &twin, &err), LS_OK);
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &s, &err), LS_OK);
    CHECK_INT(ls_retell_init(&r, twin, give, &l, &err), LS_OK);
    const ls_i64 *account = LS_STATE_ARRAY(twin->model, s->state, ls_i64, s_time);
    CHECK_INT(ls_retell_run(&r, s, 90 * minute, &err), LS_OK);
    CHECK_INT(l.given, 3);  // two changes, at 40 and 85 min
    CHECK_INT(account[LS_STATE_DOWN], 0);
    CHECK_INT(ls_retell_run(&r, s, 126 * minute, &err), LS_OK);
    CHECK_INT(l.given, 4);  // the third has failed at 115, and is back at 125
    CHECK_INT(account[LS_STATE_DOWN], 10 * minute);
    CHECK_INT(ls_retell_run(&r, s, 278 * minute, &err), LS_OK);
    CHECK_INT(l.given, 7);  // changed at 165, failed at 180 and 229
    CHECK_INT(account[LS_STATE_DOWN], 30 * minute);
    ls_retell_clear(&r);
    ls_snapshot_destroy(s);
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_each_tool_has_the_life_that_is_given);
    return harness_report();
}
