// intervene_test.c - a control system acts on a small line: what follows, and why it is refused.
//
// That everything else follows rightly too is reference_test.c's: random plants, random acts.
#include "twin/intervene.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plant/decide.h"
#include "tests/harness.h"
#include "twin/context.h"
#include "twin/kpi.h"
#include "twin/testing/oracle.h"

static const char line[] =
    "plant: hands\n"
    "stations:\n"
    "  saw: {machines: 2, process: 10 min}\n"
    "  mill:\n"
    "    process: 20 min\n"
    "    maintenance: [{every: 30 days, for: 1 h, name: oil}]\n"
    "products:\n"
    "  gear:\n"
    "    route: [saw, mill]\n"
    "    release: {every: 10 min}\n";

enum { SAW1, SAW2, MILL };
static const int64_t minute = 60 * 1000000LL;
static ls_error err;

typedef struct scene {
    ls_twin *twin;
    ls_snapshot *snapshot;
    ls_ctx c;
} scene;

static scene scene_at(int minutes) {
    scene s = {.twin = oracle_twin(line)};
    CHECK_INT(ls_snapshot_create(s.twin, 1, 0, &s.snapshot, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(s.twin, s.snapshot, minutes * minute, &err), LS_OK);
    ls_ctx_open(&s.c, s.twin->model, s.snapshot->state, &s.snapshot->scratch);
    return s;
}

static void run_to(scene *s, int minutes) {
    CHECK_INT(ls_snapshot_run(s->twin, s->snapshot, minutes * minute, &err), LS_OK);
    CHECK_INT(ls_state_check(s->twin, s->snapshot->state, &err), LS_OK);
}

static void leave(scene *s) {
    ls_snapshot_destroy(s->snapshot);
    ls_twin_destroy(s->twin);
}

static uint32_t serial_in(const scene *s, uint32_t machine) {
    const uint32_t lot = s->c.machine[machine].lots;
    return lot == LS_NO ? LS_NO : s->c.lot[lot].serial;
}

static void test_a_chosen_lot_goes_before_the_rule(void) {
    scene s = scene_at(65);  // lots 0, 1.. come at 10, 20..; the mill does one in 20 min
    const uint32_t last = s.c.queue[s.c.stations[1].queue_at].tail;
    const uint32_t serial = s.c.lot[last].serial;
    CHECK(serial != s.c.lot[s.c.queue[s.c.stations[1].queue_at].head].serial);
    CHECK_INT(ls_intervene_choose(s.twin, s.snapshot, MILL, last, &err), LS_OK);
    CHECK_INT(s.snapshot->state->hands, 1);
    run_to(&s, 81);
    CHECK_INT(serial_in(&s, MILL), serial);
    CHECK_INT(s.c.machine[MILL].chosen, 0);
    leave(&s);
}

static void test_a_choice_of_a_lot_that_is_not_here_is_refused(void) {
    scene s = scene_at(65);
    const uint32_t sawn = s.c.machine[SAW1].lots != LS_NO ? s.c.machine[SAW1].lots
                                                          : s.c.machine[SAW2].lots;
    const uint64_t before = ls_snapshot_hash(s.snapshot);
    CHECK_INT(ls_intervene_choose(s.twin, s.snapshot, MILL, sawn, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "the lot neither waits at mill nor is on its way there");
    CHECK_INT(ls_intervene_choose(s.twin, s.snapshot, MILL, 12345, &err), LS_ERR_INVALID);
    CHECK_INT(ls_intervene_choose(s.twin, s.snapshot, 99, 0, &err), LS_ERR_INVALID);
    CHECK(ls_snapshot_hash(s.snapshot) == before);
    leave(&s);
}

static void test_a_held_machine_starts_at_the_end_of_the_hold(void) {
    scene s = scene_at(65);
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, MILL, 100 * minute, &err), LS_OK);
    run_to(&s, 99);
    CHECK_INT(s.c.machine[MILL].phase, LS_PHASE_NONE);  // finished what it had, took nothing
    run_to(&s, 100);
    CHECK_INT(s.c.machine[MILL].phase, LS_PHASE_RUN);
    CHECK_INT(s.c.machine[MILL].phase_since, 100 * minute);
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, MILL, LS_NEVER, &err), LS_OK);
    run_to(&s, 300);
    CHECK_INT(s.c.machine[MILL].phase, LS_PHASE_NONE);
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, MILL, 0, &err), LS_OK);
    CHECK_INT(s.c.machine[MILL].phase, LS_PHASE_RUN);
    CHECK_INT(s.snapshot->state->hands, 0);
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, MILL, 1, &err), LS_ERR_INVALID);
    leave(&s);
}

static void test_a_stopped_machine_pauses_what_it_does(void) {
    scene s = scene_at(25);  // the mill took its first lot at 20
    CHECK_INT(ls_intervene_stop(s.twin, s.snapshot, MILL, &err), LS_OK);
    CHECK_INT(s.c.machine[MILL].account, LS_STATE_OFF);
    CHECK_INT(ls_intervene_stop(s.twin, s.snapshot, MILL, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "mill is stopped already");
    run_to(&s, 55);
    CHECK_INT(ls_intervene_start(s.twin, s.snapshot, MILL, &err), LS_OK);
    CHECK_INT(ls_intervene_start(s.twin, s.snapshot, MILL, &err), LS_ERR_INVALID);
    run_to(&s, 69);
    CHECK_INT(serial_in(&s, MILL), 0);
    run_to(&s, 70);  // 5 minutes before the stop, 15 after it
    CHECK_INT(serial_in(&s, MILL), 1);
    leave(&s);
}

static void test_maintenance_comes_before_the_next_lot(void) {
    scene s = scene_at(25);
    CHECK_INT(ls_intervene_maintain(s.twin, s.snapshot, MILL, 0, &err), LS_OK);
    CHECK_INT(ls_intervene_maintain(s.twin, s.snapshot, MILL, 0, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "this maintenance of mill is due already");
    run_to(&s, 41);
    CHECK_INT(s.c.machine[MILL].account, LS_STATE_MAINTENANCE);
    CHECK_INT(ls_intervene_maintain(s.twin, s.snapshot, MILL, 0, &err), LS_ERR_INVALID);
    CHECK_INT(ls_intervene_maintain(s.twin, s.snapshot, SAW1, 0, &err), LS_ERR_INVALID);
    run_to(&s, 100);
    CHECK_INT(s.c.machine[MILL].phase, LS_PHASE_RUN);
    leave(&s);
}

static void test_a_release_by_hand_is_one_more(void) {
    scene s = scene_at(65);
    const uint64_t before = s.c.release[0].released;
    CHECK_INT(ls_intervene_release(s.twin, s.snapshot, 0, &err), LS_OK);
    CHECK_INT(s.c.release[0].released, before + 1);
    CHECK_INT(ls_intervene_release(s.twin, s.snapshot, 7, &err), LS_ERR_INVALID);
    run_to(&s, 70);
    CHECK_INT(s.c.release[0].released, before + 2);
    leave(&s);
}

// What is chosen ahead is part of the state.
static void test_hands_are_saved_loaded_and_forked(void) {
    scene s = scene_at(65);
    const uint32_t last = s.c.queue[s.c.stations[1].queue_at].tail;
    CHECK_INT(ls_intervene_choose(s.twin, s.snapshot, MILL, last, &err), LS_OK);
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, SAW1, 200 * minute, &err), LS_OK);
    size_t size = 0;
    const void *bytes = ls_snapshot_bytes(s.snapshot, &size);
    ls_snapshot *loaded = NULL;
    ls_snapshot *future = NULL;
    CHECK_INT(ls_snapshot_load(s.twin, bytes, size, &loaded, &err), LS_OK);
    CHECK_INT(ls_snapshot_fork(s.twin, s.snapshot, 5, 5, &future, &err), LS_OK);
    CHECK_INT(ls_state_check(s.twin, future->state, &err), LS_OK);
    run_to(&s, 400);
    CHECK_INT(ls_snapshot_run(s.twin, loaded, 400 * minute, &err), LS_OK);
    CHECK(ls_snapshot_hash(loaded) == ls_snapshot_hash(s.snapshot));
    CHECK_INT(ls_snapshot_run(s.twin, future, 400 * minute, &err), LS_OK);
    CHECK_INT(ls_state_check(s.twin, future->state, &err), LS_OK);
    ls_snapshot_destroy(loaded);
    ls_snapshot_destroy(future);
    leave(&s);
}

static scene scene_of(const char *text, int minutes) {
    scene s = {.twin = oracle_twin(text)};
    CHECK_INT(ls_snapshot_create(s.twin, 1, 0, &s.snapshot, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(s.twin, s.snapshot, minutes * minute, &err), LS_OK);
    ls_ctx_open(&s.c, s.twin->model, s.snapshot->state, &s.snapshot->scratch);
    return s;
}

static void test_another_conwip_level_takes_hold_as_lots_leave(void) {
    scene s = scene_of(
        "plant: kept\n"
        "limits: {lots: 20}\n"
        "stations:\n"
        "  a: {process: 10 min}\n"
        "products:\n"
        "  x: {route: [a], release: {keep: 6}}\n",
        25);
    CHECK_INT(ls_snapshot_lots(s.snapshot), 6);
    CHECK_INT(ls_intervene_kept(s.twin, s.snapshot, 0), 6);
    CHECK_INT(ls_intervene_keep(s.twin, s.snapshot, 0, 3, &err), LS_OK);
    CHECK_INT(ls_intervene_kept(s.twin, s.snapshot, 0), 3);
    CHECK_INT(ls_snapshot_lots(s.snapshot), 6);  // nobody is thrown out
    run_to(&s, 35);
    CHECK_INT(ls_snapshot_lots(s.snapshot), 5);
    // Halfway down it goes up again: two are spared, one is released.
    CHECK_INT(ls_intervene_keep(s.twin, s.snapshot, 0, 6, &err), LS_OK);
    run_to(&s, 36);
    CHECK_INT(ls_snapshot_lots(s.snapshot), 6);
    CHECK_INT(ls_intervene_keep(s.twin, s.snapshot, 0, 9, &err), LS_OK);
    run_to(&s, 37);
    CHECK_INT(ls_snapshot_lots(s.snapshot), 9);
    CHECK_INT(ls_intervene_keep(s.twin, s.snapshot, 0, 0, &err), LS_OK);
    run_to(&s, 300);
    CHECK_INT(ls_snapshot_lots(s.snapshot), 0);
    CHECK_INT(ls_intervene_keep(s.twin, s.snapshot, 0, 21, &err), LS_ERR_INVALID);
    CHECK(strstr(err.text, "limit of 20 lots") != NULL);
    CHECK_INT(ls_intervene_keep(s.twin, s.snapshot, 1, 2, &err), LS_ERR_INVALID);
    leave(&s);
    s = scene_at(1);
    CHECK_INT(ls_intervene_keep(s.twin, s.snapshot, 0, 2, &err), LS_ERR_INVALID);
    CHECK_INT(ls_intervene_kept(s.twin, s.snapshot, 0), 0);
    leave(&s);
}

// What the line tells of its level is in force already: told after the line has let its lots in, or
// while those beyond it still leave, the state goes on as the one that was set so.
static void test_a_level_that_is_told_is_in_force_and_releases_nothing(void) {
    static const char text[] =
        "plant: kept\n"
        "limits: {lots: 20}\n"
        "stations:\n"
        "  a: {process: 10 min}\n"
        "products:\n"
        "  x: {route: [a], release: {keep: 6}}\n";
    static const uint32_t levels[] = {3, 9, 6};
    for (size_t i = 0; i < 3; i++) {
        scene set = scene_of(text, 25);
        CHECK_INT(ls_intervene_keep(set.twin, set.snapshot, 0, levels[i], &err), LS_OK);
        run_to(&set, 36);  // one has left
        scene told = scene_of(text, 25);
        CHECK_INT(ls_intervene_keep(told.twin, told.snapshot, 0, levels[i], &err), LS_OK);
        run_to(&told, 36);
        ls_s_release *rs = told.c.release;
        rs->kept = 0;  // as a follower has it, who knows the plant file's level alone
        rs->over = 0;
        rs->left = levels[i] < 6 ? 1 : 0;  // to it the one that left is owed
        CHECK_INT(ls_intervene_told_keep(told.twin, told.snapshot, 0, levels[i], &err), LS_OK);
        CHECK_INT(ls_intervene_kept(told.twin, told.snapshot, 0), levels[i]);
        for (int minutes = 36; minutes < 200; minutes += 7) {
            run_to(&set, minutes);
            run_to(&told, minutes);
            CHECK_INT(ls_snapshot_lots(told.snapshot), ls_snapshot_lots(set.snapshot));
        }
        CHECK_INT(ls_snapshot_lots(told.snapshot), levels[i]);
        CHECK_INT(ls_intervene_told_keep(told.twin, told.snapshot, 0, 21, &err), LS_ERR_INVALID);
        CHECK_INT(ls_intervene_told_keep(told.twin, told.snapshot, 1, 2, &err), LS_ERR_INVALID);
        leave(&told);
        leave(&set);
    }
}

static void test_fewer_operators_finish_what_they_are_at_and_more_begin_at_once(void) {
    scene s = scene_of(
        "plant: staffed\n"
        "operators: {people: {count: 2, skills: work}}\n"
        "stations:\n"
        "  a: {machines: 3, process: 10 min, operator: {skill: work, for: process}}\n"
        "products:\n"
        "  x: {route: [a], release: {keep: 9}}\n",
        5);
    CHECK_INT(ls_intervene_staffed(s.twin, s.snapshot, 0), 2);
    CHECK_INT(s.c.machine[2].waits, 1);
    CHECK_INT(ls_intervene_staff(s.twin, s.snapshot, 0, 3, &err), LS_OK);
    CHECK_INT(s.c.machine[2].waits, 0);
    CHECK_INT(s.c.machine[2].phase_since, 5 * minute);
    CHECK_INT(ls_intervene_staff(s.twin, s.snapshot, 0, 1, &err), LS_OK);
    run_to(&s, 9);
    CHECK_INT(s.c.machine[0].waits + s.c.machine[1].waits + s.c.machine[2].waits, 0);
    run_to(&s, 16);
    CHECK_INT(s.c.machine[0].waits + s.c.machine[1].waits + s.c.machine[2].waits, 2);
    CHECK_INT(ls_intervene_staffed(s.twin, s.snapshot, 0), 1);
    CHECK_INT(ls_intervene_staff(s.twin, s.snapshot, 0, 0, &err), LS_OK);
    run_to(&s, 60);
    CHECK_INT(s.c.machine[0].waits + s.c.machine[1].waits + s.c.machine[2].waits, 3);
    CHECK_INT(ls_intervene_staff(s.twin, s.snapshot, 1, 2, &err), LS_ERR_INVALID);
    CHECK_INT(ls_intervene_staff(s.twin, s.snapshot, 0, 70000, &err), LS_ERR_INVALID);
    leave(&s);
}

static void test_acts_of_one_moment_are_settled_together(void) {
    // Both saws are free at 10 min, as the first two lots come; each is told which to take before
    // either begins by its rule.
    scene s = scene_of(
        "plant: pair\n"
        "stations:\n"
        "  saw: {machines: 2, process: 10 min}\n"
        "products:\n"
        "  x: {route: [saw], release: {every: 30 days, first: 10 min, lots: 2}}\n",
        5);
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, 0, LS_NEVER, &err), LS_OK);
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, 1, LS_NEVER, &err), LS_OK);
    run_to(&s, 10);
    ls_intervene_begin(s.snapshot);
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, 0, 0, &err), LS_OK);
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, 1, 0, &err), LS_OK);
    CHECK_INT(ls_intervene_choose(s.twin, s.snapshot, 0, 1, &err), LS_OK);
    CHECK_INT(ls_intervene_choose(s.twin, s.snapshot, 1, 0, &err), LS_OK);
    CHECK_INT(serial_in(&s, 0), LS_NO);
    ls_intervene_settle(s.twin, s.snapshot);
    CHECK_INT(serial_in(&s, 0), 1);
    CHECK_INT(serial_in(&s, 1), 0);
    CHECK_INT(s.snapshot->state->hands, 0);
    CHECK_INT(s.c.machine[0].account, LS_STATE_PROCESSING);
    run_to(&s, 20);
    leave(&s);
}

// One grinder, set up for a; lots of b come from minute 60 on, one every half hour.
static const char grinder[] =
    "plant: setups\n"
    "operators: {setters: {count: 1, skills: [setting]}}\n"
    "stations:\n"
    "  grind: {process: 5 min, setup: {a to b: 20 min, b to a: 30 min, min-run: 2, initial: "
    "a},\n"
    "          operator: {skill: setting, for: setup}}\n"
    "products:\n"
    "  a: {route: [{at: grind, setup: a}], release: {every: 10 days}}\n"
    "  b: {route: [{at: grind, setup: b}], release: {every: 30 min, first: 60 min}}\n";
enum { GRIND, TO_A = 0, TO_B = 1 };

static scene grinder_at(int minutes) {
    scene s = {.twin = oracle_twin(grinder)};
    CHECK_INT(ls_snapshot_create(s.twin, 1, 0, &s.snapshot, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(s.twin, s.snapshot, minutes * minute, &err), LS_OK);
    ls_ctx_open(&s.c, s.twin->model, s.snapshot->state, &s.snapshot->scratch);
    s.c.machine[GRIND].run = 2;  // has done the least its setup is worth
    return s;
}

static void test_a_machine_is_set_up_before_its_lot_comes(void) {
    scene s = grinder_at(30);
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, GRIND, TO_B, &err), LS_OK);
    CHECK_INT(s.c.machine[GRIND].phase, LS_PHASE_SETUP);
    CHECK_INT(s.c.machine[GRIND].account, LS_STATE_SETUP);
    CHECK_INT(s.c.station[0].setups, 1);
    CHECK_INT(s.c.machine[GRIND].operator_pool, 1);  // whom a setup needs
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, GRIND, TO_A, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "grind is at work");
    run_to(&s, 49);
    CHECK_INT(s.c.machine[GRIND].setup, TO_A + 1);
    run_to(&s, 50);
    CHECK_INT(s.c.machine[GRIND].setup, TO_B + 1);
    CHECK_INT(s.c.machine[GRIND].phase, LS_PHASE_NONE);
    CHECK_INT(s.c.machine[GRIND].account, LS_STATE_STARVED);
    CHECK_INT(s.c.machine[GRIND].operator_pool, 0);
    run_to(&s, 65);  // begun when it came, and done 5 minutes later
    CHECK_INT(s.c.release[1].done, 1);
    CHECK_INT(s.c.station[0].setups, 1);
    // Its own setup is not worth leaving yet: one lot of two.
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, GRIND, TO_A, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "grind must first do 2 lots of its own setup");
    run_to(&s, 96);
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, GRIND, TO_A, &err), LS_OK);
    run_to(&s, 130);  // the lot that came at 120 waits for the end, and for its own setup again
    CHECK_INT(s.c.machine[GRIND].phase, LS_PHASE_SETUP);
    CHECK_INT(s.c.machine[GRIND].lot_count, 1);
    CHECK_INT(s.c.station[0].setups, 3);
    leave(&s);
}

static void test_a_setup_that_cannot_be_is_refused(void) {
    scene s = grinder_at(30);
    const uint64_t before = ls_state_hash(s.twin->model, s.snapshot->state);
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, 7, TO_B, &err), LS_ERR_INVALID);
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, GRIND, 2, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "grind has no such setup");
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, GRIND, TO_A, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "grind is set up so already");
    CHECK(ls_state_hash(s.twin->model, s.snapshot->state) == before);
    CHECK_INT(ls_intervene_stop(s.twin, s.snapshot, GRIND, &err), LS_OK);
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, GRIND, TO_B, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "grind stands still");
    CHECK_INT(ls_intervene_start(s.twin, s.snapshot, GRIND, &err), LS_OK);
    // Held: starts no lot, but may be set up, and the hold goes on behind it.
    CHECK_INT(ls_intervene_hold(s.twin, s.snapshot, GRIND, 70 * minute, &err), LS_OK);
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, GRIND, TO_B, &err), LS_OK);
    run_to(&s, 69);
    CHECK_INT(s.c.machine[GRIND].setup, TO_B + 1);
    CHECK_INT(s.c.machine[GRIND].lot_count, 0);
    run_to(&s, 71);
    CHECK_INT(s.c.machine[GRIND].lot_count, 1);
    leave(&s);
    s.twin = oracle_twin(line);
    CHECK_INT(ls_snapshot_create(s.twin, 1, 0, &s.snapshot, &err), LS_OK);
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, MILL, 0, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "mill has no such setup");
    leave(&s);
}

static void test_a_setup_without_a_lot_is_saved_and_forked(void) {
    scene s = grinder_at(30);
    CHECK_INT(ls_intervene_set_up(s.twin, s.snapshot, GRIND, TO_B, &err), LS_OK);
    run_to(&s, 40);
    size_t size = 0;
    const void *bytes = ls_snapshot_bytes(s.snapshot, &size);
    ls_snapshot *again = NULL;
    ls_snapshot *future = NULL;
    CHECK_INT(ls_snapshot_load(s.twin, bytes, size, &again, &err), LS_OK);
    CHECK_INT(ls_snapshot_fork(s.twin, s.snapshot, 5, 1, &future, &err), LS_OK);
    ls_snapshot *const both[] = {again, future};
    for (int i = 0; i < 2; i++) {
        CHECK_INT(ls_snapshot_run(s.twin, both[i], 51 * minute, &err), LS_OK);
        CHECK_INT(ls_state_check(s.twin, both[i]->state, &err), LS_OK);
        const ls_s_machine *mc = LS_STATE_ARRAY(s.twin->model, both[i]->state, ls_s_machine,
                                                s_machine);
        CHECK_INT(mc[GRIND].setup, TO_B + 1);
        ls_snapshot_destroy(both[i]);
    }
    leave(&s);
}

static const char pooled[] =
    "plant: pooled\n"
    "stations:\n"
    "  saw: {machines: 2, process: 5 min}\n"
    "products:\n"
    "  x: {route: [saw], release: {every: 10 min, due: 30 min, pool: yes}}\n"
    "  y: {route: [saw], release: {every: 90 min}}\n";

static void test_what_is_put_off_waits_in_the_pool_and_ages_there(void) {
    scene s = scene_of(pooled, 15);
    CHECK_INT(s.c.release[0].pooled, 0);  // by itself it comes in at once
    CHECK_INT(s.c.release[0].pool_entered, 0);
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 0, 55 * minute, &err), LS_OK);
    run_to(&s, 54);  // those of 20, 30, 40 and 50 min wait
    CHECK_INT(s.c.release[0].pooled, 4);
    CHECK_INT(ls_snapshot_lots(s.snapshot), 4);
    CHECK_INT(s.c.release[0].done, 1);
    CHECK_INT(ls_intervene_release(s.twin, s.snapshot, 0, &err), LS_OK);
    CHECK_INT(serial_in(&s, 0), 1);
    CHECK_INT(s.c.release[0].pool_sum, 34 * minute);
    run_to(&s, 55);
    CHECK_INT(s.c.release[0].pooled, 0);
    CHECK_INT(s.c.release[0].pool_sum, (34 + 25 + 15 + 5) * minute);
    CHECK_INT(s.c.release[0].pool_entered, 4);
    CHECK_INT(serial_in(&s, 1), 2);
    run_to(&s, 59);  // lot 1: released at 20, done at 59, due at 50
    CHECK_INT(s.c.release[0].cycle_sum, (5 + 39) * minute);
    CHECK_INT(s.c.release[0].tardy_sum, 9 * minute);
    run_to(&s, 69);  // nothing is put off any more
    CHECK_INT(s.c.release[0].pooled, 0);
    leave(&s);
}

static void test_until_told_is_until_told_and_may_be_changed(void) {
    scene s = scene_of(pooled, 15);
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 0, LS_NEVER, &err), LS_OK);
    run_to(&s, 1000);
    CHECK_INT(s.c.release[0].pooled, 99);
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 0, 1003 * minute, &err), LS_OK);
    run_to(&s, 1002);
    CHECK_INT(s.c.release[0].pooled, 99);
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 0, 2000 * minute, &err), LS_OK);
    run_to(&s, 1004);  // the earlier end holds no more
    CHECK_INT(s.c.release[0].pooled, 99);
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 0, 0, &err), LS_OK);
    CHECK_INT(s.c.release[0].pooled, 0);
    CHECK_INT(s.c.station[0].waiting, 97);
    run_to(&s, 1010);
    CHECK_INT(s.c.release[0].pooled, 0);
    leave(&s);
}

static void test_what_has_no_pool_or_no_lot_in_it_is_refused(void) {
    scene s = scene_of(pooled, 15);
    const uint64_t before = ls_snapshot_hash(s.snapshot);
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 1, LS_NEVER, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "y has no order pool: its releases say no 'pool: yes'");
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 0, 15 * minute, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "x cannot be put off until a time that has passed");
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 2, LS_NEVER, &err), LS_ERR_INVALID);
    CHECK_INT(ls_intervene_release(s.twin, s.snapshot, 0, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "no lot of x waits in its order pool");
    CHECK(ls_snapshot_hash(s.snapshot) == before);
    leave(&s);
}

// Between 15 and 55 min what is released at 20, 30, 40 and 50 min waits outside.
static void test_the_wait_outside_is_a_figure(void) {
    scene s = scene_of(pooled, 15);
    ls_snapshot *begin = NULL;
    double values[2][200];
    const ls_kpi_shape shape = ls_kpi_shape_of(s.twin->model);
    CHECK(shape.count <= 200);
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 0, 55 * minute, &err), LS_OK);
    CHECK_INT(ls_snapshot_copy(s.twin, s.snapshot, &begin, &err), LS_OK);
    run_to(&s, 45);
    CHECK_INT(ls_kpi_window(s.twin->model, begin->state, s.snapshot->state, values[0], &err),
              LS_OK);
    run_to(&s, 65);
    CHECK_INT(ls_kpi_window(s.twin->model, begin->state, s.snapshot->state, values[1], &err),
              LS_OK);
    const size_t x = ls_kpi_index(&shape, false, 0, LS_FIG_OUTSIDE);
    const size_t y = ls_kpi_index(&shape, false, 1, LS_FIG_OUTSIDE);
    const size_t all = ls_kpi_index(&shape, false, shape.classes, LS_FIG_OUTSIDE);
    const size_t wait = LS_FIG_OUTSIDE_WAIT - LS_FIG_OUTSIDE;
    CHECK_NEAR(values[0][x], (25.0 + 15.0 + 5.0) / 30.0, 1e-12);
    CHECK(isnan(values[0][x + wait]));  // none has come in
    CHECK_NEAR(values[1][x], (35.0 + 25.0 + 15.0 + 5.0) / 50.0, 1e-12);
    CHECK_NEAR(values[1][x + wait], 20.0 * 60.0, 1e-9);
    CHECK_NEAR(values[1][y], 0.0, 0.0);
    CHECK(isnan(values[1][y + wait]));
    CHECK_NEAR(values[1][all], values[1][x], 1e-12);
    CHECK_NEAR(values[1][all + wait], values[1][x + wait], 1e-9);
    ls_snapshot_destroy(begin);
    leave(&s);
}

// The pool is part of the state, and nothing of it is hidden: a fork has the same lots in it and
// the same end.
static void test_the_pool_is_saved_loaded_and_forked(void) {
    scene s = scene_of(pooled, 15);
    CHECK_INT(ls_intervene_put_off(s.twin, s.snapshot, 0, 55 * minute, &err), LS_OK);
    run_to(&s, 45);
    size_t size = 0;
    const void *bytes = ls_snapshot_bytes(s.snapshot, &size);
    ls_snapshot *loaded = NULL;
    ls_snapshot *fork = NULL;
    CHECK_INT(ls_snapshot_load(s.twin, bytes, size, &loaded, &err), LS_OK);
    CHECK_INT(ls_snapshot_fork(s.twin, s.snapshot, 7, 3, &fork, &err), LS_OK);
    CHECK_INT(ls_state_check(s.twin, fork->state, &err), LS_OK);
    ls_snapshot *const both[] = {loaded, fork};
    for (int i = 0; i < 2; i++) {
        const ls_s_release *rs = LS_STATE_VIEW(s.twin->model, both[i]->state, ls_s_release,
                                               s_release);
        CHECK_INT(rs->pooled, 3);
        CHECK_INT(ls_snapshot_run(s.twin, both[i], 54 * minute, &err), LS_OK);
        CHECK_INT(rs->pooled, 4);
        CHECK_INT(ls_snapshot_run(s.twin, both[i], 55 * minute, &err), LS_OK);
        CHECK_INT(rs->pooled, 0);
        ls_snapshot_destroy(both[i]);
    }
    // A list that is not one is no state.
    s.c.release[0].pooled = 2;
    CHECK_INT(ls_state_check(s.twin, s.snapshot->state, &err), LS_ERR_INVALID);
    s.c.release[0].pooled = 3;
    CHECK_INT(ls_state_check(s.twin, s.snapshot->state, &err), LS_OK);
    s.c.release[0].put_off += minute;
    CHECK_INT(ls_state_check(s.twin, s.snapshot->state, &err), LS_ERR_INVALID);
    s.c.release[0].put_off -= minute;
    s.c.release[1].put_off = 60 * minute;
    CHECK_INT(ls_state_check(s.twin, s.snapshot->state, &err), LS_ERR_INVALID);
    s.c.release[1].put_off = 0;
    leave(&s);
}

// Lots wait at the gauge; what is found there is told of some of them beforehand.
static const char gauge[] =
    "plant: sorting\n"
    "stations:\n"
    "  cut: {process: 1 min}\n"
    "  gauge: {process: 10 min}\n"
    "  pack: {process: 5 min, queue: %s}\n"
    "products:\n"
    "  x:\n"
    "    route: [cut, {at: gauge, scrap: 2 %%, rework: {to: cut, chance: 8 %%, limit: 1}}, pack]\n"
    "    release: {every: 2 min, first: 0 s, count: %d}\n"
    "decide: {sort: {at: gauge, tag: 'l/{machine}/chance'}}\n";

static scene sorting(const char *places, int count, int minutes) {
    char text[700];
    snprintf(text, sizeof text, gauge, places, count);
    scene s = {.twin = oracle_twin(text)};
    CHECK_INT(ls_snapshot_create(s.twin, 1, 0, &s.snapshot, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(s.twin, s.snapshot, minutes * minute, &err), LS_OK);
    ls_ctx_open(&s.c, s.twin->model, s.snapshot->state, &s.snapshot->scratch);
    return s;
}

static uint32_t slot_of(const scene *s, uint32_t serial) {
    for (uint32_t i = 0; i < s->c.s->lot_used; i++) {
        if (s->c.lot[i].where != LS_LOT_FREE && s->c.lot[i].serial == serial) {
            return i;
        }
    }
    return LS_NO;
}

static void test_a_lot_is_passed_on_reworked_or_scrapped_uninspected(void) {
    scene s = sorting("unlimited", 6, 12);  // 0 is in the gauge until 11, then 1; 2 to 5 wait
    const ls_s_release *rs = s.c.release;
    CHECK_INT(ls_intervene_told_bad(s.twin, s.snapshot, slot_of(&s, 2), 0.25, &err), LS_OK);
    CHECK_NEAR(ls_intervene_bad(s.twin, s.snapshot, slot_of(&s, 2)), 0.25, 1e-5);
    CHECK(isnan(ls_intervene_bad(s.twin, s.snapshot, slot_of(&s, 3))));
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, slot_of(&s, 2), LS_SORT_PASS, &err), LS_OK);
    CHECK_NEAR((double)rs->escaped * 1e-6, 0.25, 1e-5);
    CHECK_INT(s.c.lot[slot_of(&s, 2)].step, 2);
    CHECK(isnan(ls_intervene_bad(s.twin, s.snapshot, slot_of(&s, 2))));
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, slot_of(&s, 3), LS_SORT_PASS, &err), LS_OK);
    CHECK_NEAR((double)rs->escaped * 1e-6, 0.25 + 0.02 + 0.98 * 0.08, 1e-5);  // as on average
    CHECK_INT(ls_intervene_told_bad(s.twin, s.snapshot, slot_of(&s, 4), 0.9, &err), LS_OK);
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, slot_of(&s, 4), LS_SORT_REWORK, &err), LS_OK);
    CHECK_INT(s.c.lot[slot_of(&s, 4)].step, 0);
    CHECK_INT(rs->reworked, 1);
    CHECK(isnan(ls_intervene_bad(s.twin, s.snapshot, slot_of(&s, 4))));  // it is made anew
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, slot_of(&s, 5), LS_SORT_SCRAP, &err), LS_OK);
    CHECK_INT(slot_of(&s, 5), LS_NO);
    CHECK_INT(rs->scrapped, 1);
    run_to(&s, 14);
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, slot_of(&s, 4), LS_SORT_REWORK, &err),
              LS_ERR_INVALID);
    CHECK_STR(err.text, "the lot was reworked 1 times, at most so often");
    run_to(&s, 600);
    CHECK_INT(rs->done + rs->scrapped, 6);
    leave(&s);
}

static void test_a_sorting_that_cannot_be_is_refused(void) {
    scene s = sorting("1", 12, 24);  // one is packed; behind the pack there is one place
    const uint64_t before = ls_snapshot_hash(s.snapshot);
    const uint32_t waits = s.c.queue[s.c.stations[1].queue_at].head;
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, s.c.machine[1].lots, LS_SORT_PASS, &err),
              LS_ERR_INVALID);
    CHECK_STR(err.text, "the lot does not wait where lots are sorted");
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, waits, 3, &err), LS_ERR_INVALID);
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, 4000, LS_SORT_PASS, &err), LS_ERR_INVALID);
    CHECK_INT(ls_intervene_told_bad(s.twin, s.snapshot, waits, 1.5, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "1.5 is no chance");
    CHECK_INT(ls_intervene_told_bad(s.twin, s.snapshot, s.c.machine[2].lots, 0.5, &err),
              LS_ERR_INVALID);
    CHECK_STR(err.text, "the lot is not sorted on its way");
    CHECK(ls_snapshot_hash(s.snapshot) == before);
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, waits, LS_SORT_PASS, &err), LS_OK);
    const uint32_t next = s.c.queue[s.c.stations[1].queue_at].head;
    CHECK_INT(ls_intervene_sort(s.twin, s.snapshot, next, LS_SORT_PASS, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "there is no room where the lot would go");
    CHECK_INT(ls_state_check(s.twin, s.snapshot->state, &err), LS_OK);
    leave(&s);
}

// So many of a thousand lots are found bad as was told of each, scrapped and reworked in the shares
// of the step.
static void test_what_is_told_of_a_lot_is_what_its_inspection_finds(void) {
    static const double told[] = {0.0, 0.5, 1.0};
    for (int k = 0; k < 3; k++) {
        uint64_t scrapped = 0, reworked = 0;
        for (int i = 0; i < 250; i++) {
            scene s = sorting("unlimited", 5, 12);
            ls_snapshot *fork = NULL;
            for (uint32_t lot = 1; lot < 5; lot++) {
                CHECK_INT(
                    ls_intervene_told_bad(s.twin, s.snapshot, slot_of(&s, lot), told[k], &err),
                    LS_OK);
            }
            const ls_s_release before = s.c.release[0];
            CHECK_INT(ls_snapshot_copy(s.twin, s.snapshot, &fork, &err), LS_OK);
            ls_snapshot_fork_into(s.twin, s.snapshot, 7, (uint64_t)i, fork);
            CHECK_INT(ls_snapshot_run(s.twin, fork, 51 * minute, &err), LS_OK);  // each once
            const ls_s_release *after = LS_STATE_VIEW(s.twin->model, fork->state, ls_s_release,
                                                      s_release);
            scrapped += after->scrapped - before.scrapped;
            reworked += after->reworked - before.reworked;
            ls_snapshot_destroy(fork);
            leave(&s);
        }
        const double bad = (double)(scrapped + reworked);
        CHECK_NEAR(bad, 1000.0 * told[k], k == 1 ? 63.2 : 0.0);  // four deviations
        CHECK_NEAR((double)scrapped, bad * 0.02 / (0.02 + 0.98 * 0.08), k == 0 ? 0.0 : 52.0);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_chosen_lot_goes_before_the_rule);
    TEST(test_a_choice_of_a_lot_that_is_not_here_is_refused);
    TEST(test_a_held_machine_starts_at_the_end_of_the_hold);
    TEST(test_a_stopped_machine_pauses_what_it_does);
    TEST(test_maintenance_comes_before_the_next_lot);
    TEST(test_a_release_by_hand_is_one_more);
    TEST(test_hands_are_saved_loaded_and_forked);
    TEST(test_another_conwip_level_takes_hold_as_lots_leave);
    TEST(test_a_level_that_is_told_is_in_force_and_releases_nothing);
    TEST(test_fewer_operators_finish_what_they_are_at_and_more_begin_at_once);
    TEST(test_acts_of_one_moment_are_settled_together);
    TEST(test_a_machine_is_set_up_before_its_lot_comes);
    TEST(test_a_setup_that_cannot_be_is_refused);
    TEST(test_a_setup_without_a_lot_is_saved_and_forked);
    TEST(test_what_is_put_off_waits_in_the_pool_and_ages_there);
    TEST(test_until_told_is_until_told_and_may_be_changed);
    TEST(test_what_has_no_pool_or_no_lot_in_it_is_refused);
    TEST(test_the_wait_outside_is_a_figure);
    TEST(test_the_pool_is_saved_loaded_and_forked);
    TEST(test_a_lot_is_passed_on_reworked_or_scrapped_uninspected);
    TEST(test_a_sorting_that_cannot_be_is_refused);
    TEST(test_what_is_told_of_a_lot_is_what_its_inspection_finds);
    return harness_report();
}
