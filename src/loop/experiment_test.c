// experiment_test.c - an experiment over a small mill that is heard: coins, turns, what came of
// them, over a restart and over changes of the plant file. The line's clock is the test's.
#include "loop/experiment.h"

#include <lineshaft/plant.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/units.h"
#include "decide/decider.h"
#include "loop/keeper.h"
#include "loop/testing/bench.h"
#include "tests/harness.h"
#include "twin/intervene.h"

enum { PATIENCE_S = 120, HOUR_S = 3600 };

static const char form[] =
    "plant: p\n"
    "start: %s\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: {long: 6 min, short: 2 min}}\n"
    "products:\n"
    "  long: {route: [mill], release: {every: exp 20 min}}\n"
    "  short: {route: [mill], release: {every: exp 20 min}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "decide:\n"
    "  objective: %s\n"
    "  experiment: %s\n"
    "  dispatch: {at: mill, mode: %s, wait: no}\n";

typedef struct mill {
    bench b;
    ls_decider *decider;
    ls_experiment *x;
    ls_snapshot *present;
    const char *start, *objective, *experiment, *mode;
} mill;

static void use_plant(mill *m) {
    char text[2048];
    ls_plant *plant = NULL;
    ls_error err = {0};
    snprintf(text, sizeof text, form, m->start, m->objective, m->experiment, m->mode);
    CHECK_INT(ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err), LS_OK);
    m->b.zero_us = plant->start_us;
    CHECK_INT(ls_running_make(plant, m->b.tags, &m->b.intake.running, &err), LS_OK);
}

// The decider is not prepared, which would take seconds: one other rule is there.
static void open_experiment(mill *m) {
    ls_error err = {0};
    const ls_running *running = &m->b.intake.running;
    const ls_decider_def def = ls_decider_def_default();
    CHECK_INT(ls_decider_create(running->plant, running->twin, &def, &m->decider, &err), LS_OK);
    uint32_t number = 0;
    CHECK_INT(ls_decider_add_base(m->decider, "spt", &number, &err), LS_OK);
    CHECK_INT(ls_snapshot_create(running->twin, 1, 0, &m->present, &err), LS_OK);
    CHECK_INT(ls_experiment_open(&m->b.intake, m->decider, &m->x, &err), LS_OK);
}

static void close_experiment(mill *m) {
    ls_experiment_close(m->x);
    m->x = NULL;
    ls_decider_destroy(m->decider);
    ls_snapshot_destroy(m->present);
}

static void mill_open(mill *m, const char *experiment) {
    memset(m, 0, sizeof *m);
    m->start = "2026-01-05";
    m->objective = "wip";
    m->mode = "auto";
    m->experiment = experiment;
    snprintf(m->b.folder, sizeof m->b.folder, "/tmp/ls-experiment-XXXXXX");
    CHECK(mkdtemp(m->b.folder) != NULL);
    bench_open_history(&m->b);
    use_plant(m);
    CHECK(bench_text(&m->b, "g/n/line/Released", 0, "L1 class=long product=long"));
    open_experiment(m);
}

static void mill_close(mill *m) {
    close_experiment(m);
    bench_close(&m->b);
}

// As the service does it: what is followed is saved, and all is opened again over the history.
static void mill_restart(mill *m, bool saves) {
    ls_error err = {0};
    uint64_t heard_again = 0;
    close_experiment(m);
    if (saves) {
        CHECK_INT(ls_keeper_save(&m->b.intake, &err), LS_OK);
    }
    bench_close_history(&m->b);
    bench_open_history(&m->b);
    use_plant(m);
    if (saves) {
        CHECK_INT(ls_keeper_restore(&m->b.intake, 0, &heard_again, &err), LS_OK);
    }
    open_experiment(m);
}

// ---- the line's clock

static double at_s(const mill *m) {
    return m->b.intake.running.follow != NULL
               ? (double)ls_follow_now(m->b.intake.running.follow) / BENCH_S
               : 0;
}

static void step(mill *m) {
    const ls_follow *follow = m->b.intake.running.follow;
    ls_follow_fork(follow, 1, 0, m->present);
    ls_experiment_step(m->x, m->present, ls_follow_now(follow));
}

// The line says something every ten minutes up to this time; somebody looks at the end.
static void let_pass(mill *m, double until_s) {
    double s = at_s(m);
    while (s < until_s) {
        s = s + 600 < until_s ? s + 600 : until_s;
        CHECK(bench_number(&m->b, "g/n/mill-1/State", s, 4));
    }
}

static void go_to(mill *m, double s) {
    let_pass(m, s);
    step(m);
}

static const ls_experiment_record *record(const mill *m) {
    return ls_experiment_describe(m->x);
}

static void await_design(mill *m) {
    const struct timespec pause = {.tv_nsec = 5000000};
    const time_t end = time(NULL) + PATIENCE_S;
    const uint64_t before = record(m)->number;
    while (record(m)->number == before && time(NULL) < end) {
        CHECK_CONTAINS(ls_experiment_bars(m->x, (int64_t)(at_s(m) * BENCH_S)), "being measured");
        nanosleep(&pause, NULL);
        step(m);
    }
    CHECK(record(m)->number > before);
}

static const char *bars(const mill *m) {
    const char *why = ls_experiment_bars(m->x, (int64_t)(at_s(m) * BENCH_S));
    return why != NULL ? why : "";
}

static json_t *prove(mill *m) {
    ls_error err = {0};
    json_t *account = NULL;
    CHECK_INT(ls_experiment_prove(m->b.intake.history, &account, &err), LS_OK);
    return account;
}

// ---- tests

static void test_turns_go_by_the_lines_clock_and_the_coins_and_are_told(void) {
    mill m;
    mill_open(&m, "{kind: switchback, block: 4 h, periods: 8}");
    await_design(&m);
    const ls_experiment_record *r = record(&m);
    CHECK_INT(r->state, LS_EXPERIMENT_RUNS);
    CHECK_INT(r->shape.periods, 8);
    CHECK(r->carryover_us > 0 && r->carryover_us <= 4 * LS_US_PER_HOUR);
    CHECK(isfinite(r->expected) && r->expected > 0);
    for (int period = 0; period < 8; period++) {
        CHECK_INT(r->begun, period + 1);
        CHECK_STR(bars(&m),
                  ls_experiment_is_new(r, (uint32_t)period) ? "" : "experiment: own rule's period");
        go_to(&m, (period + 0.5) * 4 * HOUR_S);
        CHECK_INT(r->begun, period + 1);
        go_to(&m, (period + 1) * 4 * HOUR_S);
        // One lot is inside all the time.
        CHECK_NEAR(r->periods[period].outcome, 1.0, 1e-9);
        CHECK_NEAR(r->periods[period].share, 1.0, 1e-9);
    }
    CHECK_INT(r->state, LS_EXPERIMENT_ENDED);
    CHECK_STR(bars(&m), "");  // over: decisions are done again
    json_t *account = prove(&m);
    CHECK_INT(json_integer_value(json_object_get(account, "over")), 8);
    CHECK_STR(json_string_value(json_object_get(account, "state")), "ended");
    CHECK_INT(json_array_size(json_object_get(account, "rows")), 8);
    CHECK(json_is_object(json_object_get(account, "final")));
    CHECK(json_is_false(json_object_get(account, "claimed")));
    json_decref(account);
    const char *events = bench_events(&m.b);
    CHECK_CONTAINS(events, "experiment|x-1|begins: 8 periods of 4 h");
    CHECK_CONTAINS(events, "period 8 of 8 begins");
    CHECK_CONTAINS(events, "ended: all 8 periods are over");
    mill_close(&m);
}

static void test_a_length_left_out_is_chosen_from_the_carryover(void) {
    mill m;
    mill_open(&m, "switchback");
    await_design(&m);
    const ls_experiment_record *r = record(&m);
    CHECK_INT(r->state, LS_EXPERIMENT_RUNS);
    CHECK_INT(r->shape.periods, 20);
    CHECK(r->shape.period_us >= r->carryover_us);
    CHECK(r->shape.period_us < r->carryover_us + LS_US_PER_HOUR);
    mill_close(&m);
}

static void test_blocks_shorter_than_the_carryover_are_refused_and_nothing_is_sent(void) {
    mill m;
    mill_open(&m, "{kind: switchback, block: 2 min}");
    await_design(&m);
    const ls_experiment_record *r = record(&m);
    CHECK_INT(r->state, LS_EXPERIMENT_REFUSED);
    CHECK_CONTAINS(r->reason, "p.yaml:15:");
    CHECK_CONTAINS(r->reason, "decide.experiment");
    CHECK_CONTAINS(r->reason, "blocks of 2 min are shorter than the carryover");
    CHECK_CONTAINS(r->reason, "make blocks at least");
    CHECK_CONTAINS(bars(&m), "refused");
    go_to(&m, 10 * HOUR_S);
    CHECK_CONTAINS(bars(&m), "refused");
    json_t *account = prove(&m);
    CHECK_STR(json_string_value(json_object_get(account, "state")), "refused");
    CHECK_CONTAINS(json_string_value(json_object_get(account, "text")), "make blocks at least");
    json_decref(account);
    mill_close(&m);
}

// Short lots behind a day of long ones: what another rule takes out of them is missed only then.
static void step_with_a_backlog(mill *m) {
    enum { BACKLOG = 400 };
    ls_error err = {0};
    const ls_follow *follow = m->b.intake.running.follow;
    ls_follow_fork(follow, 1, 0, m->present);
    for (uint32_t i = 0; i < 2 * BACKLOG; i++) {
        CHECK_INT(ls_intervene_release(m->b.intake.running.twin, m->present, i / BACKLOG, &err),
                  LS_OK);
    }
    ls_experiment_step(m->x, m->present, ls_follow_now(follow));
}

static void test_a_carryover_that_is_not_known_is_measured_again_an_hour_later(void) {
    mill m;
    mill_open(&m, "{kind: switchback, block: 4 h, periods: 8}");
    step_with_a_backlog(&m);
    await_design(&m);
    CHECK_INT(record(&m)->state, LS_EXPERIMENT_REFUSED);
    CHECK_CONTAINS(record(&m)->reason, "p.yaml:15:");
    CHECK_CONTAINS(record(&m)->reason, "'spt' have not agreed again after");
    CHECK_CONTAINS(record(&m)->reason, "tried again in an hour of the line");
    const double refused_s = at_s(&m);
    go_to(&m, refused_s + HOUR_S - 1);
    CHECK_INT(record(&m)->number, 1);
    CHECK_CONTAINS(bars(&m), "refused");
    go_to(&m, refused_s + HOUR_S);
    CHECK_CONTAINS(bars(&m), "being measured");
    await_design(&m);  // the backlog is gone
    CHECK_INT(record(&m)->number, 2);
    CHECK_INT(record(&m)->state, LS_EXPERIMENT_RUNS);
    CHECK_INT(record(&m)->begun, 1);
    CHECK_CONTAINS(bench_events(&m.b), "experiment|x-2|begins: 8 periods of 4 h");
    mill_close(&m);
}

static void test_an_experiment_in_which_nothing_differs_is_refused(void) {
    mill m;
    mill_open(&m, "switchback");
    close_experiment(&m);
    ls_running_clear(&m.b.intake.running);
    m.mode = "watch";
    use_plant(&m);
    CHECK(bench_text(&m.b, "g/n/line/Released", 1, "L2 class=long product=long"));
    open_experiment(&m);
    step(&m);
    CHECK_INT(record(&m)->state, LS_EXPERIMENT_REFUSED);
    CHECK_CONTAINS(record(&m)->reason, "'watch'");
    mill_close(&m);
}

static void test_a_restart_within_a_period_goes_on_with_the_same_coins(void) {
    mill m;
    mill_open(&m, "{kind: switchback, block: 4 h, periods: 8}");
    await_design(&m);
    go_to(&m, 4.0 * HOUR_S);
    go_to(&m, 5.0 * HOUR_S);
    const uint64_t seed = record(&m)->seed;
    const int64_t begins_us = record(&m)->begins_us;
    const char *before = bars(&m)[0] == '\0' ? "" : "experiment: own rule's period";
    mill_restart(&m, true);
    step(&m);
    CHECK_INT(record(&m)->number, 1);
    CHECK_INT(record(&m)->begun, 2);
    CHECK(record(&m)->seed == seed);
    CHECK(record(&m)->begins_us == begins_us);
    CHECK_STR(bars(&m), before);
    CHECK_NEAR(record(&m)->periods[0].outcome, 1.0, 1e-9);
    let_pass(&m, 6.0 * HOUR_S);
    CHECK(bench_text(&m.b, "g/n/line/Released", 6.0 * HOUR_S, "L2 class=long product=long"));
    go_to(&m, 8.0 * HOUR_S);
    // Two hours with one lot, two with two.
    CHECK_INT(record(&m)->begun, 3);
    CHECK_NEAR(record(&m)->periods[1].outcome, 1.5, 1e-9);
    mill_close(&m);
}

static void test_what_a_new_follower_did_not_hear_does_not_count(void) {
    mill m;
    mill_open(&m, "{kind: switchback, block: 4 h, periods: 8}");
    await_design(&m);
    let_pass(&m, 1.0 * HOUR_S);
    CHECK(bench_text(&m.b, "g/n/line/Released", 1.0 * HOUR_S, "L2 class=long product=long"));
    go_to(&m, 2.0 * HOUR_S);
    mill_restart(&m, false);  // as after another plant file: nothing is followed at first
    CHECK(bench_text(&m.b, "g/n/line/Released", 3.0 * HOUR_S, "L9 class=long product=long"));
    step(&m);
    go_to(&m, 4.0 * HOUR_S);
    // One lot for an hour, two for an hour; then one hour is not known, and one lot for an hour.
    CHECK_NEAR(record(&m)->periods[0].outcome, (1 + 2 + 1) / 3.0, 1e-9);
    CHECK_NEAR(record(&m)->periods[0].share, 0.75, 1e-9);
    mill_close(&m);
}

static void test_a_period_that_was_hardly_heard_has_no_value_and_no_answer_is_given(void) {
    mill m;
    mill_open(&m, "{kind: switchback, block: 4 h, periods: 8}");
    await_design(&m);
    go_to(&m, 4.0 * HOUR_S);
    mill_restart(&m, false);
    CHECK(bench_text(&m.b, "g/n/line/Released", 7.0 * HOUR_S, "L9 class=long product=long"));
    step(&m);
    for (int period = 1; period < 8; period++) {
        go_to(&m, (period + 1) * 4 * HOUR_S);
    }
    CHECK_INT(record(&m)->state, LS_EXPERIMENT_ENDED);
    CHECK(isnan(record(&m)->periods[1].outcome));
    json_t *account = prove(&m);
    CHECK_CONTAINS(json_string_value(json_object_get(account, "text")), "period 2");
    CHECK(json_is_false(json_object_get(account, "claimed")));
    json_decref(account);
    mill_close(&m);
}

static void test_ends_that_were_passed_while_nobody_looked_share_their_mean(void) {
    mill m;
    mill_open(&m, "{kind: switchback, block: 4 h, periods: 8}");
    await_design(&m);
    go_to(&m, 1.0 * HOUR_S);
    let_pass(&m, 8.0 * HOUR_S);
    CHECK(bench_text(&m.b, "g/n/line/Released", 8.0 * HOUR_S, "L2 class=long product=long"));
    go_to(&m, 16.0 * HOUR_S);
    CHECK_INT(record(&m)->begun, 5);
    for (int i = 0; i < 4; i++) {
        CHECK(record(&m)->periods[i].over);
        CHECK_NEAR(record(&m)->periods[i].outcome, 1.5, 1e-9);
    }
    mill_close(&m);
}

static void reload(mill *m) {
    ls_error err = {0};
    close_experiment(m);
    CHECK_INT(ls_keeper_save(&m->b.intake, &err), LS_OK);
    ls_running_clear(&m->b.intake.running);
    uint64_t heard_again = 0;
    use_plant(m);
    CHECK_INT(ls_keeper_restore(&m->b.intake, 0, &heard_again, &err), LS_OK);
    open_experiment(m);
}

static void test_another_objective_is_another_experiment(void) {
    mill m;
    mill_open(&m, "{kind: switchback, block: 4 h, periods: 8}");
    await_design(&m);
    go_to(&m, 4.0 * HOUR_S);
    reload(&m);  // the same file
    step(&m);
    CHECK_INT(record(&m)->number, 1);
    CHECK_INT(record(&m)->begun, 2);
    m.objective = "{throughput: 50, wip: 1, unit: EUR}";
    reload(&m);
    step(&m);
    await_design(&m);
    CHECK_INT(record(&m)->number, 2);
    CHECK_STR(record(&m)->unit, "EUR");
    CHECK_INT(record(&m)->begun, 1);  // nothing of the old one counts
    CHECK_CONTAINS(bench_events(&m.b), "stopped: objective, block, periods or run.seed");
    m.experiment = "none";
    reload(&m);
    CHECK(m.x == NULL);
    CHECK(ls_experiment_bars(m.x, 0) == NULL);
    CHECK_CONTAINS(bench_events(&m.b), "asks for no experiment any more");
    mill_close(&m);
}

static void test_turns_do_not_follow_a_change_of_local_time(void) {
    // Clocks in Berlin are put forward at 01:00 UTC of that day.
    CHECK_INT(setenv("TZ", "Europe/Berlin", 1), 0);
    tzset();
    mill m;
    mill_open(&m, "switchback");
    close_experiment(&m);
    ls_running_clear(&m.b.intake.running);
    m.start = "2026-03-28 23:00";
    m.experiment = "{kind: switchback, block: 4 h, periods: 8}";
    use_plant(&m);
    CHECK(bench_text(&m.b, "g/n/line/Released", 1, "L2 class=long product=long"));
    open_experiment(&m);
    step(&m);
    await_design(&m);
    const double zero_s = at_s(&m);
    go_to(&m, zero_s + 4.0 * HOUR_S - 1);
    CHECK_INT(record(&m)->begun, 1);
    go_to(&m, zero_s + 4.0 * HOUR_S);
    CHECK_INT(record(&m)->begun, 2);
    mill_close(&m);
    unsetenv("TZ");
    tzset();
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_turns_go_by_the_lines_clock_and_the_coins_and_are_told);
    TEST(test_a_length_left_out_is_chosen_from_the_carryover);
    TEST(test_blocks_shorter_than_the_carryover_are_refused_and_nothing_is_sent);
    TEST(test_a_carryover_that_is_not_known_is_measured_again_an_hour_later);
    TEST(test_an_experiment_in_which_nothing_differs_is_refused);
    TEST(test_a_restart_within_a_period_goes_on_with_the_same_coins);
    TEST(test_what_a_new_follower_did_not_hear_does_not_count);
    TEST(test_a_period_that_was_hardly_heard_has_no_value_and_no_answer_is_given);
    TEST(test_ends_that_were_passed_while_nobody_looked_share_their_mean);
    TEST(test_another_objective_is_another_experiment);
    TEST(test_turns_do_not_follow_a_change_of_local_time);
    return harness_report();
}
