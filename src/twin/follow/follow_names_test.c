// follow_names_test.c - a line whose registers name lots and tell no events: who arrives is of the
// class that was told with it, what was supposed is certain when it is heard, and that lots come
// and go is no divergence.
#include <stdio.h>
#include <string.h>

#include "plant/read.h"
#include "tests/harness.h"
#include "twin/follow/follow.h"
#include "twin/model.h"
#include "twin/state_check.h"
#include "twin/twin.h"

#define S 1000000LL
#define PLANT                                                   \
    "plant: p\n"                                                \
    "stations: {saw: {process: 60 s}, oven: {process: 60 s}}\n" \
    "products:\n"                                               \
    "  x: {route: [saw, oven], release: {every: 10 min}}\n"     \
    "  y: {route: [saw, oven], release: [{every: 1 h}, {name: y-hot, priority: 5, every: 2 h}]}\n"
enum { SAW, OVEN };

typedef struct rig {
    ls_plant *plant;
    ls_twin *twin;
    ls_follow *follow;
} rig;

static rig begin(const char *text) {
    rig r = {NULL, NULL, NULL};
    ls_errors errors;
    ls_errors_init(&errors);
    const ls_follow_def def = ls_follow_def_default();
    CHECK_INT(ls_plant_read(text, strlen(text), "p.yaml", NULL, &r.plant, &errors), LS_OK);
    CHECK_INT(ls_twin_create(r.plant, &r.twin, NULL), LS_OK);
    CHECK_INT(ls_follow_create(r.plant, r.twin, 0, &def, &r.follow, NULL), LS_OK);
    ls_errors_clear(&errors);
    return r;
}

static void end(rig *r) {
    ls_error err = {0};
    CHECK_INT(ls_state_check(r->twin, ls_follow_state(r->follow), &err), LS_OK);
    CHECK_STR(err.text, "");
    ls_follow_destroy(r->follow);
    ls_twin_destroy(r->twin);
    ls_plant_destroy(r->plant);
}

static void hear(rig *r, int64_t seconds, ls_heard_kind kind, uint32_t of, int64_t number,
                 const char *text) {
    const ls_heard heard = {.kind = kind,
                            .of = of,
                            .time_us = seconds * S,
                            .number = number,
                            .text = text,
                            .size = (uint32_t)strlen(text)};
    ls_follow_hear(r->follow, &heard);
}

// The class of a lot by its name, and the station it is at; "none": it is not there.
static const char *class_of(const rig *r, const char *name, const char **out_station) {
    const ls_model *model = r->twin->model;
    const ls_state *state = ls_follow_state(r->follow);
    const ls_lot *lots = LS_STATE_VIEW(model, state, ls_lot, s_lot);
    for (uint32_t i = 0; i < state->lot_used; i++) {
        const char *of = ls_follow_lot_name(r->follow, i);
        if (lots[i].where != LS_LOT_FREE && of != NULL && strcmp(of, name) == 0) {
            *out_station = r->plant->stations[r->plant->steps[lots[i].step].station].name;
            return r->plant->releases[lots[i].release].name;
        }
    }
    *out_station = "none";
    return "none";
}

static void check_divergences(const rig *r, uint64_t unknown, uint64_t inferred) {
    const ls_follow_figures f = ls_follow_describe(r->follow);
    CHECK_INT(f.divergences[LS_DIVERGE_UNKNOWN], unknown);
    CHECK_INT(f.divergences[LS_DIVERGE_INFERRED], inferred);
    CHECK_INT(f.divergences[LS_DIVERGE_CONTRADICTED], 0);
}

static void states(rig *r) {
    hear(r, 1, LS_HEARD_STATE, SAW, 4, "");
    hear(r, 1, LS_HEARD_STATE, OVEN, 4, "");
}

static void test_who_arrives_is_of_the_class_that_was_told(void) {
    rig r = begin(PLANT);
    const char *at = NULL;
    states(&r);
    hear(&r, 2, LS_HEARD_ARRIVED, 0, 0, "L1 station=oven product=y class=y-hot");
    hear(&r, 3, LS_HEARD_ARRIVED, 0, 0, "L2 station=oven product=y");
    hear(&r, 4, LS_HEARD_ARRIVED, 0, 0, "L3 station=oven");
    hear(&r, 5, LS_HEARD_ARRIVED, 0, 0, "L4 station=saw product=y class=x");  // contradicts itself
    CHECK_STR(class_of(&r, "L1", &at), "y-hot");
    CHECK_STR(at, "oven");
    CHECK_STR(class_of(&r, "L2", &at), "y");
    CHECK_STR(class_of(&r, "L3", &at), "x");  // nothing told: the first that comes here
    CHECK_STR(class_of(&r, "L4", &at), "y");
    CHECK_STR(at, "saw");
    check_divergences(&r, 4, 0);  // none of them was released
    end(&r);
}

// The same where names say the class, and so nothing else tells that lots come and go.
static void test_that_lots_come_and_go_is_no_divergence(void) {
    rig r = begin(PLANT "listen: {lots: {named: '{class}-*'}}\n");
    const char *at = NULL;
    states(&r);
    hear(&r, 2, LS_HEARD_ARRIVED, 0, 0, "y-hot-1 station=oven product=y class=y-hot");
    hear(&r, 3, LS_HEARD_RELEASED, 0, 0, "x-2 class=x product=x");
    hear(&r, 3, LS_HEARD_STATE, SAW, 6, "");
    hear(&r, 3, LS_HEARD_LOTS, SAW, 0, "x-2");
    // It leaves the saw: where to is supposed, until the oven's register names it.
    hear(&r, 70, LS_HEARD_STATE, SAW, 4, "");
    hear(&r, 70, LS_HEARD_LOTS, SAW, 0, "");
    CHECK_STR(class_of(&r, "x-2", &at), "x");
    CHECK_STR(at, "oven");
    CHECK_NEAR(ls_follow_certainty(r.follow), 3.0 / 4.0, 1e-12);
    hear(&r, 71, LS_HEARD_ARRIVED, 0, 0, "x-2 station=oven class=x product=x");
    CHECK_NEAR(ls_follow_certainty(r.follow), 1.0, 1e-12);
    hear(&r, 80, LS_HEARD_STATE, OVEN, 6, "");
    hear(&r, 80, LS_HEARD_LOTS, OVEN, 0, "x-2");
    hear(&r, 140, LS_HEARD_STATE, OVEN, 4, "");
    hear(&r, 140, LS_HEARD_LOTS, OVEN, 0, "");
    CHECK_STR(class_of(&r, "x-2", &at), "none");
    CHECK_INT(ls_follow_describe(r.follow).done, 1);
    check_divergences(&r, 0, 0);
    end(&r);
}

#define SETUPS                                                                       \
    "plant: p\n"                                                                     \
    "stations:\n"                                                                    \
    "  saw: {process: 60 s}\n"                                                       \
    "  oven: {process: 60 s, setup: {x to y: 10 min, y to x: 10 min, initial: x}}\n" \
    "products:\n"                                                                    \
    "  x: {route: [saw, oven], release: {every: 10 min}}\n"                          \
    "  y: {route: [saw, oven], release: {every: 1 h}}\n"

static const ls_s_machine *machine_of(const rig *r, uint32_t machine) {
    return LS_STATE_VIEW(r->twin->model, ls_follow_state(r->follow), ls_s_machine, s_machine) +
           machine;
}

// A machine that starts and names no lot is set up, for what shows at the end.
static void test_a_setup_for_no_lot_is_followed(void) {
    rig r = begin(SETUPS);
    states(&r);
    hear(&r, 1, LS_HEARD_LOTS, OVEN, 0, "");
    hear(&r, 1, LS_HEARD_SETUP, OVEN, 0, "x");
    hear(&r, 60, LS_HEARD_STATE, OVEN, 3, "");
    CHECK_INT(machine_of(&r, OVEN)->phase, LS_PHASE_SETUP);
    CHECK_INT(machine_of(&r, OVEN)->lot_count, 0);
    CHECK_INT(machine_of(&r, OVEN)->setup_to, 2);  // the other one
    CHECK_INT(machine_of(&r, OVEN)->account, LS_STATE_SETUP);
    // A future ends it by its length, and takes what comes.
    ls_error err = {0};
    ls_snapshot *future = NULL;
    CHECK_INT(ls_snapshot_create(r.twin, 1, 0, &future, &err), LS_OK);
    ls_follow_fork(r.follow, 3, 1, future);
    CHECK_INT(ls_state_check(r.twin, future->state, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(r.twin, future, 661 * S, &err), LS_OK);
    const ls_s_machine *then = LS_STATE_VIEW(r.twin->model, future->state, ls_s_machine,
                                             s_machine) +
                               OVEN;
    CHECK_INT(then->setup, 2);
    ls_snapshot_destroy(future);
    hear(&r, 600, LS_HEARD_STATE, OVEN, 4, "");
    hear(&r, 600, LS_HEARD_SETUP, OVEN, 0, "y");
    CHECK_INT(machine_of(&r, OVEN)->phase, LS_PHASE_NONE);
    CHECK_INT(machine_of(&r, OVEN)->setup, 2);
    CHECK_INT(machine_of(&r, OVEN)->account, LS_STATE_STARVED);
    // Given up: it has the setup that it had.
    hear(&r, 700, LS_HEARD_STATE, OVEN, 3, "");
    CHECK_INT(machine_of(&r, OVEN)->phase, LS_PHASE_SETUP);
    hear(&r, 710, LS_HEARD_STATE, OVEN, 4, "");
    CHECK_INT(machine_of(&r, OVEN)->setup, 2);
    check_divergences(&r, 0, 0);
    // Its lot is named a moment later: then it is set up for that lot.
    hear(&r, 800, LS_HEARD_RELEASED, 0, 0, "L1 product=x");
    hear(&r, 860, LS_HEARD_ARRIVED, 0, 0, "L1 station=oven");
    hear(&r, 900, LS_HEARD_STATE, OVEN, 3, "");
    hear(&r, 901, LS_HEARD_LOTS, OVEN, 0, "L1");
    CHECK_INT(machine_of(&r, OVEN)->phase, LS_PHASE_SETUP);
    CHECK_INT(machine_of(&r, OVEN)->lot_count, 1);
    CHECK_INT(machine_of(&r, OVEN)->setup_to, 1);
    end(&r);
}

// A lot that waits where lots are sorted may go on without being inspected, or back to rework: the
// line has said so, and nothing is out of step.
static void test_a_lot_that_is_sorted_is_no_divergence(void) {
    rig r = begin(
        "plant: p\n"
        "stations: {saw: {process: 60 s}, oven: {process: 60 s}, pack: {process: 60 s}}\n"
        "products:\n"
        "  x:\n"
        "    route: [saw, {at: oven, scrap: 1 %, rework: {to: saw, chance: 1 %}}, pack]\n"
        "    release: {every: 10 min}\n"
        "decide: {sort: {at: oven, tag: 'l/{machine}/chance'}}\n");
    const char *at = NULL;
    states(&r);
    for (int i = 0; i < 4; i++) {
        char text[40];
        snprintf(text, sizeof text, "L%d product=x", i);
        hear(&r, 2 + i, LS_HEARD_RELEASED, 0, 0, text);
        snprintf(text, sizeof text, "L%d station=oven", i);
        hear(&r, 10 + i, LS_HEARD_ARRIVED, 0, 0, text);
    }
    const ls_follow_figures before = ls_follow_describe(r.follow);
    hear(&r, 20, LS_HEARD_ARRIVED, 0, 0, "L1 station=pack");
    hear(&r, 21, LS_HEARD_ARRIVED, 0, 0, "L2 station=saw");
    hear(&r, 22, LS_HEARD_SCRAPPED, 0, 0, "L3");
    (void)class_of(&r, "L1", &at);
    CHECK_STR(at, "pack");
    (void)class_of(&r, "L2", &at);
    CHECK_STR(at, "saw");
    (void)class_of(&r, "L3", &at);
    CHECK_STR(at, "none");
    const ls_follow_figures after = ls_follow_describe(r.follow);
    for (int i = 0; i < LS_DIVERGE_KIND_COUNT; i++) {
        CHECK_INT(after.divergences[i], before.divergences[i]);
    }
    const ls_state *state = ls_follow_state(r.follow);
    CHECK_INT(LS_STATE_VIEW(r.twin->model, state, ls_s_release, s_release)->reworked, 1);
    end(&r);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_who_arrives_is_of_the_class_that_was_told);
    TEST(test_that_lots_come_and_go_is_no_divergence);
    TEST(test_a_setup_for_no_lot_is_followed);
    TEST(test_a_lot_that_is_sorted_is_no_divergence);
    return harness_report();
}
