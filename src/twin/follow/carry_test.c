// carry_test.c - the present of a plant, carried to the same plant and to others.
#include "twin/follow/carry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plant/read.h"
#include "tests/harness.h"
#include "twin/follow/visible.h"
#include "twin/state_check.h"

enum { MOMENTS = 12 };
static const int64_t STEP_US = INT64_C(437) * 1000000;

typedef struct side {
    ls_plant *plant;
    ls_twin *twin;
} side;

// The demo's plant with one text in place of another; NULL: as it is.
static side make(const char *before, const char *after) {
    side s = {NULL, NULL};
    ls_errors errors;
    ls_error err = {0};
    ls_errors_init(&errors);
    char *text = harness_read_file(harness_source_path("examples/gearbox/demo.yaml"), NULL);
    char *at = before != NULL ? strstr(text, before) : NULL;
    char *changed = malloc(strlen(text) + 200);
    CHECK(before == NULL || at != NULL);
    sprintf(changed, "%.*s%s%s", (int)(at != NULL ? at - text : 0), text, at != NULL ? after : "",
            at != NULL ? at + strlen(before) : text);
    CHECK_INT(ls_plant_read(changed, strlen(changed), "demo.yaml", NULL, &s.plant, &errors), LS_OK);
    CHECK_INT(ls_twin_create(s.plant, &s.twin, &err), LS_OK);
    free(changed);
    free(text);
    ls_errors_clear(&errors);
    return s;
}

static void drop(side *s) {
    ls_twin_destroy(s->twin);
    ls_plant_destroy(s->plant);
}

static ls_snapshot *carry(const side *from, const ls_snapshot *present, const side *to) {
    ls_snapshot *out = NULL;
    ls_error err = {0};
    CHECK_INT(ls_carry_present(&(ls_carry_side){from->plant, from->twin}, present,
                               &(ls_carry_side){to->plant, to->twin}, 7, &out, &err),
              LS_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(ls_state_check(to->twin, out->state, &err), LS_OK);
    CHECK_STR(err.text, "");
    return out;
}

// Serials count from zero in the carried plant: a lot's class, step and due date say which it is.
static uint64_t key_of(void *context, const ls_state *state, uint32_t lot) {
    const ls_model *model = context;
    const ls_lot *l = LS_STATE_VIEW(model, state, ls_lot, s_lot) + lot;
    return ((uint64_t)l->due << 12) ^ ((uint64_t)l->release << 4) ^ 1;
}

static uint32_t in_machines(const side *s, const ls_snapshot *of) {
    uint32_t count = 0;
    const ls_s_station *st = LS_STATE_VIEW(s->twin->model, of->state, ls_s_station, s_station);
    for (uint32_t i = 0; i < s->plant->station_count; i++) {
        count += st[i].working;
    }
    return count;
}

static void test_the_same_plant_looks_the_same(void) {
    side s = make(NULL, NULL);
    ls_snapshot *present = NULL;
    ls_error err = {0};
    int same = 0;
    CHECK_INT(ls_snapshot_create(s.twin, 3, 0, &present, &err), LS_OK);
    for (int i = 1; i <= MOMENTS; i++) {
        char why[256] = "";
        CHECK_INT(ls_snapshot_run(s.twin, present, i * STEP_US, &err), LS_OK);
        ls_snapshot *carried = carry(&s, present, &s);
        const ls_visible_def def = {.key = key_of,
                                    .context_a = s.twin->model,
                                    .context_b = s.twin->model,
                                    .places_only = true};
        CHECK_INT((int)ls_snapshot_now(carried), (int)ls_snapshot_now(present));
        CHECK_INT(ls_snapshot_lots(carried), ls_snapshot_lots(present));
        (void)ls_visible_same(s.twin, present->state, carried->state, &def, why, sizeof why);
        // A setup that is going on is taken as done: phase 1 (setup) is carried as 3 (run).
        const size_t size = strlen(why);
        const bool setup = strncmp(why, "phase of machine ", 17) == 0 && size > 9 &&
                           strcmp(why + size - 9, ": 1 and 3") == 0;
        same += why[0] == '\0';
        CHECK_STR(setup ? "" : why, "");
        ls_snapshot_destroy(carried);
    }
    CHECK(same > 0);
    ls_snapshot_destroy(present);
    drop(&s);
}

// One machine more: it is idle or takes what waits; one less: its lots are still there.
static void test_another_number_of_machines_loses_no_lot(void) {
    static const char *const counts[] = {"turn:\n    machines: 3", "turn:\n    machines: 1"};
    side s = make(NULL, NULL);
    ls_snapshot *present = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(s.twin, 3, 0, &present, &err), LS_OK);
    for (int k = 0; k < 2; k++) {
        side other = make("turn:\n    machines: 2", counts[k]);
        for (int i = 1; i <= MOMENTS; i++) {
            CHECK_INT(ls_snapshot_run(s.twin, present, (k * MOMENTS + i) * STEP_US, &err), LS_OK);
            ls_snapshot *carried = carry(&s, present, &other);
            CHECK_INT(ls_snapshot_lots(carried), ls_snapshot_lots(present));
            CHECK(in_machines(&other, carried) + 1 >= in_machines(&s, present));
            CHECK_INT(ls_snapshot_run(other.twin, carried, ls_snapshot_now(carried) + 100 * STEP_US,
                                      &err),
                      LS_OK);
            ls_snapshot_destroy(carried);
        }
        drop(&other);
    }
    ls_snapshot_destroy(present);
    drop(&s);
}

static void test_a_plant_that_begins_later_is_refused(void) {
    side s = make(NULL, NULL);
    side later = make("start: 2026-01-05T06:00", "start: 2026-02-05T06:00");
    ls_snapshot *present = NULL;
    ls_snapshot *out = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(s.twin, 3, 0, &present, &err), LS_OK);
    CHECK_INT(ls_carry_present(&(ls_carry_side){s.plant, s.twin}, present,
                               &(ls_carry_side){later.plant, later.twin}, 7, &out, &err),
              LS_ERR_INVALID);
    CHECK(out == NULL);
    ls_snapshot_destroy(present);
    drop(&later);
    drop(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_same_plant_looks_the_same);
    TEST(test_another_number_of_machines_loses_no_lot);
    TEST(test_a_plant_that_begins_later_is_refused);
    return harness_report();
}
