// candidate_test.c - open questions, and what can be done about them.
#include "decide/candidate.h"

#include <stdlib.h>
#include <string.h>

#include "decide/look.h"
#include "decide/question.h"
#include "plant/read.h"
#include "tests/harness.h"
#include "twin/event.h"
#include "twin/intervene.h"
#include "twin/state_check.h"

#define MINUTE_US 60000000LL

typedef struct stand {
    ls_plant *plant;
    ls_twin *twin;
    ls_snapshot *present;
    ls_decide_point point;
    ls_candidates found;
} stand;

static stand *set_up(const char *text, ls_decide_kind kind, bool wait) {
    stand *s = calloc(1, sizeof *s);
    ls_errors errors;
    ls_error err = {0};
    ls_errors_init(&errors);
    if (ls_plant_read(text, strlen(text), "test.yaml", NULL, &s->plant, &errors) != LS_OK) {
        harness_note("%s", errors.items[0].text);
    }
    ls_errors_clear(&errors);
    CHECK_INT(ls_twin_create(s->plant, &s->twin, &err), LS_OK);
    CHECK_INT(ls_snapshot_create(s->twin, 1, 0, &s->present, &err), LS_OK);
    s->point = (ls_decide_point){.kind = kind,
                                 .station = LS_NONE,
                                 .release = LS_NONE,
                                 .operators = LS_NONE,
                                 .measured = LS_NONE,
                                 .wait = wait};
    s->plant->decide.points = &s->point;
    s->plant->decide.point_count = 1;
    return s;
}

static void leave(stand *s) {
    ls_snapshot_destroy(s->present);
    ls_twin_destroy(s->twin);
    ls_plant_destroy(s->plant);
    free(s);
}

// The machine stands free though lots wait, at this time.
static void hold_until(stand *s, uint32_t machine, int64_t at_us) {
    ls_error err = {0};
    CHECK_INT(ls_intervene_hold(s->twin, s->present, machine, LS_NEVER, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(s->twin, s->present, at_us, &err), LS_OK);
    ls_ctx c = ls_look(s->twin, s->present);
    c.machine[machine].hand = 0;
    c.machine[machine].held_until = 0;
    ls_idle_set(&c, c.stations + c.machines[machine].station, c.machines[machine].station, machine);
    c.s->hands = 0;
}

static const ls_candidates *find(stand *s, uint32_t subject) {
    const ls_candidate_from from = {s->plant, s->twin, s->present, s->twin, s->present};
    const ls_question question = {.point = 0, .subject = subject};
    ls_error err = {0};
    CHECK_INT(ls_candidates_find(&from, &question, &s->found, &err), LS_OK);
    return &s->found;
}

static uint32_t count_of(const ls_candidates *all, ls_act_kind kind) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        count += all->items[i].act_count == 1 && all->items[i].acts[0].kind == kind;
    }
    return count;
}

static void check_distinct(const ls_candidates *all) {
    for (uint32_t i = 0; i < all->count; i++) {
        CHECK(all->items[i].label[0] != '\0');
        for (uint32_t k = i + 1; k < all->count; k++) {
            const ls_candidate *a = all->items + i;
            const ls_candidate *b = all->items + k;
            CHECK(a->act_count != b->act_count || a->acts[0].kind != b->acts[0].kind ||
                  a->acts[0].value != b->acts[0].value || a->acts[0].number != b->acts[0].number);
        }
    }
}

static const char *const two_kinds =
    "plant: test\n"
    "stations:\n"
    "  saw: {process: 10 min}\n"
    "  mill: {process: 20 min, setup: {a to b: 5 min, b to a: 5 min}, dispatch: [setup, fifo]}\n"
    "products:\n"
    "  a: {route: [saw, mill], release: {every: 25 min, first: 1 min}}\n"
    "  b: {route: [saw, mill], release: {every: 25 min, first: 2 min}}\n";

static void test_dispatch_tries_each_kind_that_waits_and_waiting(void) {
    stand *s = set_up(two_kinds, LS_DECIDE_DISPATCH, true);
    s->point.station = 1;
    hold_until(s, 1, 58 * MINUTE_US);
    const ls_candidates *all = find(s, 1);
    check_distinct(all);
    CHECK_INT(count_of(all, LS_DO_CHOOSE), 2);
    CHECK(count_of(all, LS_DO_HOLD) >= 1);
    CHECK_INT(all->own, 0);
    CHECK_INT(all->items[0].acts[0].kind, LS_DO_CHOOSE);
    s->point.wait = false;
    CHECK_INT(count_of(find(s, 1), LS_DO_HOLD), 0);
    leave(s);
}

static void test_the_incumbent_is_what_the_machine_takes_by_itself(void) {
    stand *s = set_up(two_kinds, LS_DECIDE_DISPATCH, false);
    s->point.station = 1;
    hold_until(s, 1, 58 * MINUTE_US);
    const int64_t serial = find(s, 1)->items[0].acts[0].value;
    s->twin->kernel->settle(s->twin->model, s->present->state, &s->present->scratch);
    const ls_ctx c = ls_look(s->twin, s->present);
    CHECK(c.machine[1].lots != LS_NO);
    CHECK_INT(c.lot[c.machine[1].lots].serial, serial);
    leave(s);
}

static void test_a_wait_ends_when_the_next_lot_has_come(void) {
    stand *s = set_up(two_kinds, LS_DECIDE_DISPATCH, true);
    s->point.station = 1;
    hold_until(s, 1, 58 * MINUTE_US);
    const ls_ctx c = ls_look(s->twin, s->present);
    ls_coming coming[3];
    CHECK(ls_look_coming(&c, 1, coming, 3) >= 1);
    ls_error err = {0};
    const uint64_t before = c.station[1].waiting + c.station[1].started;
    const int64_t at = coming[0].at_us;
    CHECK(at > 58 * MINUTE_US && at <= 70 * MINUTE_US);
    s->twin->kernel->settle(s->twin->model, s->present->state, &s->present->scratch);
    CHECK_INT(ls_snapshot_run(s->twin, s->present, at - 1, &err), LS_OK);
    CHECK_INT(c.station[1].waiting + c.station[1].started, before);
    CHECK_INT(ls_snapshot_run(s->twin, s->present, at, &err), LS_OK);
    CHECK_INT(c.station[1].waiting + c.station[1].started, before + 1);
    leave(s);
}

static void test_a_setup_question_has_a_candidate_for_each_state(void) {
    stand *s = set_up(two_kinds, LS_DECIDE_SETUP, false);
    s->point.station = 1;
    hold_until(s, 1, 200 * MINUTE_US);
    const ls_candidates *all = find(s, 1);
    check_distinct(all);
    CHECK_INT(all->count, 2);
    leave(s);
}

static const char *const in_turn =
    "plant: test\n"
    "stations:\n"
    "  saw: {process: 1 min}\n"
    "  grind: {process: 1 min, setup: {a to b: 3 min, b to a: 3 min, initial: a}}\n"
    "products:\n"
    "  a: {route: [saw, grind], release: {every: 20 min}}\n"
    "  b: {route: [saw, grind], release: {every: 20 min, first: 10 min}}\n";

// Nothing waits: the other setup is tried, and it is what the next lot will need.
static void test_an_idle_machine_may_be_set_up_for_what_will_come(void) {
    stand *s = set_up(in_turn, LS_DECIDE_SETUP, false);
    s->point.station = 1;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_run(s->twin, s->present, 5 * MINUTE_US, &err), LS_OK);
    const ls_candidates *all = find(s, 1);
    check_distinct(all);
    CHECK_INT(all->count, 2);
    CHECK_INT(all->items[0].act_count, 0);
    CHECK_INT(all->own, 0);
    const ls_act *act = all->items[1].acts;
    CHECK_INT(act->kind, LS_DO_SET_UP);
    CHECK_INT(act->value, 1);
    CHECK_STR(all->items[1].label, "set up for b now (3 min)");
    char text[100];
    ls_act_text(s->plant, act, NULL, text, sizeof text);
    CHECK_STR(text, "grind is set up for b now");
    CHECK_INT(ls_acts_apply(s->twin, s->present, act, 1, &err), LS_OK);
    ls_question open[4];
    CHECK_INT(ls_questions_find(s->plant, s->twin, s->present, true, open, 4), 0);
    CHECK_INT(ls_snapshot_run(s->twin, s->present, 12 * MINUTE_US, &err), LS_OK);
    const ls_ctx c = ls_look(s->twin, s->present);
    CHECK_INT(c.release[1].done, 1);  // came at 10, and never waited
    CHECK_INT(ls_acts_apply(s->twin, s->present, act, 1, &err), LS_ERR_INVALID);
    const ls_act nonsense = {.kind = LS_DO_SET_UP, .index = 1, .value = 9};
    CHECK_INT(ls_acts_apply(s->twin, s->present, &nonsense, 1, &err), LS_ERR_INVALID);
    CHECK_STR(ls_act_setup(s->plant, &nonsense), "?");
    leave(s);
}

static void test_what_one_lot_leaves_open_is_whether_to_wait(void) {
    stand *s = set_up(two_kinds, LS_DECIDE_DISPATCH, false);
    s->point.station = 1;
    hold_until(s, 1, 12 * MINUTE_US);
    ls_question open[4];
    CHECK_INT(ls_questions_find(s->plant, s->twin, s->present, false, open, 4), 0);
    const ls_candidate_from from = {s->plant, s->twin, s->present, s->twin, s->present};
    ls_error err = {0};
    CHECK_INT(ls_candidates_find(&from, &(ls_question){.subject = 1}, &s->found, &err),
              LS_ERR_INVALID);
    s->point.wait = true;
    CHECK_INT(ls_questions_find(s->plant, s->twin, s->present, false, open, 4), 1);
    CHECK_INT(open[0].subject, 1);
    leave(s);
}

static void test_a_machine_at_work_is_asked_ahead_only(void) {
    stand *s = set_up(two_kinds, LS_DECIDE_DISPATCH, true);
    s->point.station = 1;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_run(s->twin, s->present, 300 * MINUTE_US, &err), LS_OK);
    const ls_ctx c = ls_look(s->twin, s->present);
    CHECK(c.machine[1].phase != LS_PHASE_NONE && c.station[1].waiting > 1);
    ls_question open[4];
    CHECK_INT(ls_questions_find(s->plant, s->twin, s->present, false, open, 4), 0);
    CHECK_INT(ls_questions_find(s->plant, s->twin, s->present, true, open, 4), 1);
    CHECK_INT(
        ls_intervene_choose(s->twin, s->present, 1, c.queue[c.stations[1].queue_at].head, &err),
        LS_OK);
    CHECK_INT(ls_questions_find(s->plant, s->twin, s->present, true, open, 4), 0);
    leave(s);
}

static const char *const oven =
    "plant: test\n"
    "stations:\n"
    "  saw: {process: 4 min}\n"
    "  oven: {process: 60 min, batch: {min: 3, max: 3, by: product}}\n"
    "products:\n"
    "  a: {route: [saw, oven], release: {every: 10 min, first: 1 min}}\n"
    "  b: {route: [saw, oven], release: {every: 30 min, first: 2 min}}\n";

static void test_only_a_batch_question_begins_a_batch_that_is_not_full(void) {
    stand *s = set_up(oven, LS_DECIDE_DISPATCH, true);
    s->point.station = 1;
    hold_until(s, 1, 22 * MINUTE_US);  // two of a, one of b
    const ls_candidates *all = find(s, 1);
    CHECK_INT(count_of(all, LS_DO_CHOOSE), 0);
    CHECK_INT(all->items[0].act_count, 0);
    s->point.kind = LS_DECIDE_BATCH;
    all = find(s, 1);
    check_distinct(all);
    CHECK_INT(count_of(all, LS_DO_CHOOSE), 2);
    CHECK_INT(all->items[0].act_count, 0);
    CHECK(count_of(all, LS_DO_HOLD) >= 1);
    leave(s);
}

static const char *const mixed =
    "plant: mixed\n"
    "stations:\n"
    "  oven: {process: 60 min, batch: {min: 3, max: 6, by: any}}\n"
    "products:\n"
    "  a: {route: [oven], release: {every: 400 d, first: 1 min, lots: 2}}\n"
    "  b: {route: [oven], release: {every: 400 d, first: 2 min, lots: 3}}\n";

static uint32_t pure_count(const ls_candidates *all) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        count += all->items[i].act_count == 1 && all->items[i].acts[0].number == 1.0;
    }
    return count;
}

// Lots of each product in the oven when this act is done.
static void bake(stand *s, const ls_act *act, uint32_t out[2]) {
    ls_error err = {0};
    ls_snapshot *copy = NULL;
    CHECK_INT(ls_snapshot_copy(s->twin, s->present, &copy, &err), LS_OK);
    CHECK_INT(ls_acts_apply(s->twin, copy, act, 1, &err), LS_OK);
    CHECK_INT(ls_state_check(s->twin, copy->state, &err), LS_OK);
    const ls_ctx c = ls_look(s->twin, copy);
    out[0] = out[1] = 0;
    for (uint32_t lot = c.machine[0].lots; lot != LS_NO; lot = c.lot[lot].next) {
        out[c.lot[lot].release]++;
    }
    ls_snapshot_destroy(copy);
}

static void test_batches_of_one_product_are_tried_where_the_point_says_so(void) {
    stand *s = set_up(mixed, LS_DECIDE_BATCH, false);
    s->point.station = 0;
    hold_until(s, 0, 10 * MINUTE_US);
    CHECK_INT(pure_count(find(s, 0)), 0);
    s->point.pure = true;
    const ls_candidates *all = find(s, 0);
    check_distinct(all);
    CHECK_INT(pure_count(all), 2);
    for (uint32_t i = 0; i < all->count; i++) {
        uint32_t baked[2];
        if (all->items[i].acts[0].kind != LS_DO_CHOOSE) {
            continue;
        }
        bake(s, &all->items[i].acts[0], baked);
        if (all->items[i].acts[0].number == 1.0) {
            CHECK((baked[0] == 2 && baked[1] == 0) || (baked[0] == 0 && baked[1] == 3));
            char said[200];
            CHECK_CONTAINS(all->items[i].label, "alone");
            ls_act_text(s->plant, &all->items[i].acts[0], "x-1", said, sizeof said);
            CHECK_STR(said, "oven takes x-1 next, in a batch of its product alone");
        } else {
            CHECK(baked[0] == 2 && baked[1] == 3);
        }
    }
    s->point.kind = LS_DECIDE_DISPATCH;  // bound to the least of a batch: two lots of a are too few
    CHECK_INT(pure_count(find(s, 0)), 1);
    leave(s);
    s = set_up(two_kinds, LS_DECIDE_DISPATCH, false);
    s->point.station = 1;
    s->point.pure = true;
    hold_until(s, 1, 58 * MINUTE_US);
    CHECK_INT(pure_count(find(s, 1)), 0);  // no batches there
    ls_act act = s->found.items[0].acts[0];
    act.number = 1.0;
    ls_error err = {0};
    CHECK_INT(ls_acts_apply(s->twin, s->present, &act, 1, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "makes no batches");
    leave(s);
}

static void test_lots_that_all_fit_make_one_batch_whoever_is_first(void) {
    stand *s = set_up(oven, LS_DECIDE_BATCH, false);
    s->point.station = 1;
    hold_until(s, 1, 58 * MINUTE_US);  // five or six of a, two of b
    const ls_candidates *all = find(s, 1);
    check_distinct(all);
    CHECK_INT(count_of(all, LS_DO_CHOOSE), 2);
    CHECK_INT(all->own, 0);
    leave(s);
}

static const char *const kept =
    "plant: test\n"
    "operators: {people: {count: 2, skills: [milling]}}\n"
    "stations:\n"
    "  saw: {process: 10 min, maintenance: {name: oil, every: 8 h, for: 10 min}}\n"
    "  mill: {process: 20 min, operator: {skill: milling, for: process}}\n"
    "products:\n"
    "  a: {route: [saw, mill], release: {keep: 4}}\n";

static void test_numbers_maintenance_and_releases(void) {
    stand *s = set_up(kept, LS_DECIDE_CONWIP, false);
    double numbers[] = {2, 4, 6};
    s->plant->decide.numbers = numbers;
    s->plant->decide.number_count = 3;
    s->point.number_count = 3;
    s->point.release = 0;
    const ls_candidates *all = find(s, 0);
    CHECK_INT(all->count, 3);
    CHECK_INT(all->items[0].act_count, 0);
    CHECK_INT(count_of(all, LS_DO_KEEP), 2);
    s->point.kind = LS_DECIDE_STAFFING;
    s->point.release = LS_NONE;
    s->point.operators = 0;
    all = find(s, 0);
    CHECK_INT(all->count, 3);  // two are there, and 2 is one of the numbers
    s->point.kind = LS_DECIDE_RELEASE;
    s->point.release = 0;
    CHECK_INT(find(s, 0)->count, 2);
    s->point.kind = LS_DECIDE_MAINTENANCE;
    s->point.release = LS_NONE;
    s->point.station = 0;
    hold_until(s, 0, 15 * MINUTE_US);
    all = find(s, 0);
    CHECK_INT(all->count, 2);
    CHECK_INT(all->items[1].acts[0].kind, LS_DO_MAINTAIN);
    CHECK(strcmp(all->items[1].label, "oil now") == 0);
    leave(s);
}

static const char outside[] =
    "plant: outside\n"
    "stations:\n"
    "  saw: {process: 10 min}\n"
    "products:\n"
    "  a: {route: [saw], release: {every: 40 min, first: 1 min, pool: yes}}\n";

static ls_status does(const stand *s, const ls_act *act, uint32_t *out_pooled) {
    ls_error err = {0};
    ls_snapshot *after = NULL;
    CHECK_INT(ls_snapshot_copy(s->twin, s->present, &after, &err), LS_OK);
    const ls_status status = ls_acts_apply(s->twin, after, act, act != NULL ? 1 : 0, &err);
    *out_pooled = LS_STATE_VIEW(s->twin->model, after->state, ls_s_release, s_release)->pooled;
    ls_snapshot_destroy(after);
    return status;
}

static void test_what_waits_in_the_pool_comes_in_or_is_put_off(void) {
    stand *s = set_up(outside, LS_DECIDE_RELEASE, false);
    const ls_question question = {.point = 0, .subject = 0};
    ls_error err = {0};
    s->point.release = 0;
    CHECK_INT(ls_snapshot_run(s->twin, s->present, 30 * MINUTE_US, &err), LS_OK);
    CHECK(!ls_question_is_open(s->plant, s->twin, s->present, &question));  // it came in at once
    CHECK_INT(ls_intervene_put_off(s->twin, s->present, 0, LS_NEVER, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(s->twin, s->present, 50 * MINUTE_US, &err), LS_OK);
    const ls_candidates *all = find(s, 0);
    CHECK_INT(all->count, 5);  // when told, now, and off for 10, 20 and 40 min
    CHECK_INT(all->items[0].act_count, 0);
    CHECK_STR(all->items[0].label, "a comes in when it is told to");
    uint32_t pooled = 9;
    CHECK_STR(all->items[1].label, "all of a comes in now");
    CHECK_INT(does(s, all->items[1].acts, &pooled), LS_OK);
    CHECK_INT(pooled, 0);
    CHECK_INT(ls_intervene_put_off(s->twin, s->present, 0, 51 * MINUTE_US, &err), LS_OK);
    CHECK_STR(find(s, 0)->items[0].label, "a comes in in 1 min");
    CHECK_INT(find(s, 0)->count, 5);
    CHECK_INT(ls_intervene_put_off(s->twin, s->present, 0, 50 * MINUTE_US + 1000000, &err), LS_OK);
    all = find(s, 0);
    CHECK_INT(all->count, 4);  // it comes in now
    CHECK_STR(all->items[0].label, "a comes in now");
    CHECK_INT(all->items[1].acts[0].kind, LS_DO_PUT_OFF);
    CHECK_INT(all->items[1].acts[0].value, 10 * MINUTE_US);
    CHECK_INT(all->items[3].acts[0].value, 40 * MINUTE_US);
    CHECK_STR(all->items[1].label, "put a off for 10 min");
    CHECK_INT(ls_intervene_put_off(s->twin, s->present, 0, LS_NEVER, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(s->twin, s->present, 90 * MINUTE_US, &err), LS_OK);
    ls_ctx c = ls_look(s->twin, s->present);
    c.release[0].put_off = c.now;
    all = find(s, 0);
    CHECK_INT(all->count, 7);  // two wait: the first may come in alone
    CHECK_STR(all->items[5].label, "put a off for 20 min, 1 of it first let in");
    // As a decider shows it: not put off any more, and not settled yet.
    ls_lot_event_set(&c, c.release[0].pool_head - 1, c.now);
    CHECK_INT(ls_state_check(s->twin, s->present->state, &err), LS_OK);
    CHECK_INT(does(s, NULL, &pooled), LS_OK);
    CHECK_INT(pooled, 0);
    CHECK_INT(does(s, all->items[1].acts, &pooled), LS_OK);
    CHECK_INT(pooled, 2);
    CHECK_INT(does(s, all->items[5].acts, &pooled), LS_OK);
    CHECK_INT(pooled, 1);
    ls_act act = {.kind = LS_DO_PUT_OFF, .index = 0, .value = MINUTE_US, .number = 3};
    CHECK_INT(does(s, &act, &pooled), LS_ERR_INVALID);  // three do not wait
    act.number = -1.0;
    CHECK_INT(does(s, &act, &pooled), LS_ERR_INVALID);
    act = (ls_act){.kind = LS_DO_PUT_OFF, .index = 0, .value = -1};
    CHECK_INT(does(s, &act, &pooled), LS_ERR_INVALID);
    act = (ls_act){.kind = LS_DO_PUT_OFF, .index = 1, .value = MINUTE_US};
    CHECK_INT(does(s, &act, &pooled), LS_ERR_INVALID);
    leave(s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_dispatch_tries_each_kind_that_waits_and_waiting);
    TEST(test_the_incumbent_is_what_the_machine_takes_by_itself);
    TEST(test_a_wait_ends_when_the_next_lot_has_come);
    TEST(test_a_setup_question_has_a_candidate_for_each_state);
    TEST(test_an_idle_machine_may_be_set_up_for_what_will_come);
    TEST(test_what_one_lot_leaves_open_is_whether_to_wait);
    TEST(test_a_machine_at_work_is_asked_ahead_only);
    TEST(test_only_a_batch_question_begins_a_batch_that_is_not_full);
    TEST(test_batches_of_one_product_are_tried_where_the_point_says_so);
    TEST(test_lots_that_all_fit_make_one_batch_whoever_is_first);
    TEST(test_numbers_maintenance_and_releases);
    TEST(test_what_waits_in_the_pool_comes_in_or_is_put_off);
    return harness_report();
}
