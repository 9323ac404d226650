// rehearse_test.c - a decider in charge of MiniFab.
#include "decide/rehearse.h"

#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "decide/question.h"
#include "decide/testing/minifab.h"
#include "decide/testing/plain.h"
#include "plant/read.h"
#include "tests/harness.h"

#define DAY_US 86400000000LL
#define WEEK_US (7 * DAY_US)

static minifab make(const char *rules) {
    minifab m;
    const minifab_def def = {.folder = harness_source_path("."),
                             .rules = rules,
                             .load = 1.0,
                             .decide = true,
                             .wait = true,
                             .part = true};
    if (!minifab_make(&def, &m)) {
        exit(1);
    }
    return m;
}

static ls_rehearse_result run(const minifab *m, uint64_t replication, int64_t for_us,
                              ls_rehearse_ask ask, void *context) {
    ls_rehearse_def def = {.plant = m->plant,
                           .twin = m->twin,
                           .seed = 1,
                           .replication = replication,
                           .warmup_us = 2 * WEEK_US,
                           .settle_us = WEEK_US / 2,
                           .for_us = for_us,
                           .ask = ask,
                           .context = context};
    ls_rehearse_result result;
    ls_error err = {0};
    CHECK_INT(ls_rehearse(&def, &result, &err), LS_OK);
    return result;
}

static ls_status leave_it(void *context, const ls_snapshot *present, const ls_question *question,
                          uint64_t number, ls_rehearse_reply *out, ls_error *err) {
    (void)present, (void)question, (void)number, (void)err;
    out->act_count = 0;
    ++*(uint64_t *)context;
    return LS_OK;
}

// Held machines are let go when everything of one instant has happened, so that a rule sees all
// lots of it. That moves single lots, and with them the whole further course, but not what comes
// out.
static void test_who_always_leaves_it_to_the_rule_gets_the_rule(void) {
    minifab m = make("FIFO/SPT/LSU");
    uint64_t asked = 0;
    const ls_rehearse_result own = run(&m, 1, 20 * WEEK_US, NULL, NULL);
    const ls_rehearse_result left = run(&m, 1, 20 * WEEK_US, leave_it, &asked);
    harness_note("by the rule %.3f lots inside, left to the rule %.3f, %llu questions", own.wip,
                 left.wip, (unsigned long long)left.questions);
    CHECK_NEAR(left.wip, own.wip, 0.05 * own.wip);
    CHECK_NEAR(left.per_week, own.per_week, 0.02 * own.per_week);
    CHECK(asked > 2000);
    CHECK(left.questions > 0 && left.questions <= asked);
    CHECK_INT(left.changed, 0u);
    minifab_clear(&m);
}

typedef struct told {
    uint64_t searches, rows, after;
    int64_t held_us;
} told;

// The first of several waits an hour; the rest is to go by the base rule.
static ls_status hold_the_first(void *context, const ls_snapshot *present,
                                const ls_question *questions, uint32_t count, uint64_t number,
                                ls_rehearse_reply *out, ls_error *err) {
    (void)present, (void)number, (void)err;
    told *t = context;
    for (uint32_t i = 0; i + 1 < count; i++) {
        CHECK(questions[i].subject < questions[i + 1].subject);
    }
    t->searches += count > 1;
    t->rows += count > 1 ? count : 0;
    t->after += count == 1;
    if (count > 1) {
        const ls_act hold = {
            .kind = LS_DO_HOLD, .index = questions[0].subject, .value = t->held_us};
        out[0] = (ls_rehearse_reply){.acts = {hold}, .act_count = 1, .leaves = true};
        out[0].changed = true;
    }
    return LS_OK;
}

static ls_status leave_alone(void *context, const ls_snapshot *present, const ls_question *question,
                             uint64_t number, ls_rehearse_reply *out, ls_error *err) {
    (void)context, (void)present, (void)question, (void)number, (void)out, (void)err;
    return LS_OK;
}

static ls_rehearse_result run_told(const minifab *m, told *t) {
    ls_rehearse_def def = {.plant = m->plant,
                           .twin = m->twin,
                           .seed = 1,
                           .warmup_us = 2 * WEEK_US,
                           .for_us = 4 * WEEK_US,
                           .ask = leave_alone,
                           .ask_together = hold_the_first,
                           .context = t};
    ls_rehearse_result result;
    ls_error err = {0};
    CHECK_INT(ls_rehearse(&def, &result, &err), LS_OK);
    return result;
}

// Only what leaves the base rule is done as told; about each other machine it is asked once more.
static void test_what_is_decided_together_is_done_and_the_rest_asked_again(void) {
    minifab m = make("FIFO/SPT/LSU");
    told none = {.held_us = 0};
    told hour = {.held_us = 3600000000LL};
    const ls_rehearse_result at_once = run_told(&m, &none);
    const ls_rehearse_result held = run_told(&m, &hour);
    harness_note("%llu searches of %llu questions, %.3f lots inside; held %.3f",
                 (unsigned long long)hour.searches, (unsigned long long)hour.rows, at_once.wip,
                 held.wip);
    CHECK(hour.searches > 10);
    CHECK(hour.after > 0 && hour.after <= hour.rows - hour.searches);
    CHECK_INT(held.together, hour.rows);
    CHECK_INT(held.changed, hour.searches);
    CHECK(held.questions > held.together);
    CHECK(held.hash != at_once.hash);
    CHECK(held.wip > at_once.wip);
    minifab_clear(&m);
}

static void test_rehearsed_control_is_better_than_its_base(void) {
    minifab m = make("CR/SPT/SPT");
    plain p;
    CHECK(plain_init(&p, m.plant, m.twin));
    p.futures = 8;
    p.horizon_us = 2 * DAY_US;
    double gain[4];
    for (uint64_t i = 0; i < 4; i++) {
        const ls_rehearse_result own = run(&m, i, 2 * WEEK_US, NULL, NULL);
        const ls_rehearse_result decided = run(&m, i, 2 * WEEK_US, plain_ask, &p);
        gain[i] = own.wip - decided.wip;
        CHECK(decided.questions > 200 && decided.futures > 0);
        CHECK(decided.changed > 0 && decided.changed < decided.questions / 2);
        CHECK_NEAR(decided.per_week, own.per_week, 4.0);
    }
    const ls_interval interval = ls_stat_interval(gain, 4, 0.95);
    harness_note("%.2f lots fewer inside, 95 %% interval %.2f to %.2f", interval.mean, interval.low,
                 interval.high);
    CHECK(interval.mean > -interval.half_width);
    CHECK(interval.mean > 0.0);
    plain_clear(&p);
    minifab_clear(&m);
}

static void test_the_same_definition_gives_the_same_run(void) {
    minifab m = make("CR/SPT/SPT");
    plain p;
    CHECK(plain_init(&p, m.plant, m.twin));
    p.futures = 4;
    p.horizon_us = DAY_US;
    const ls_rehearse_result a = run(&m, 3, WEEK_US / 2, plain_ask, &p);
    const ls_rehearse_result b = run(&m, 3, WEEK_US / 2, plain_ask, &p);
    CHECK(a.hash == b.hash);
    CHECK_INT(a.futures, b.futures);
    p.seed = 2;
    const ls_rehearse_result other = run(&m, 3, WEEK_US / 2, plain_ask, &p);
    CHECK(other.hash != a.hash);
    plain_clear(&p);
    minifab_clear(&m);
}

// Where a decision is due in a running plant.
static bool find_open(const minifab *m, ls_snapshot *plant, ls_question *out) {
    ls_error err;
    for (int i = 0; i < 1000; i++) {
        ls_question all[16];
        const uint32_t count = ls_questions_find(m->plant, m->twin, plant, true, all, 16);
        if (count > 0) {
            *out = all[0];
            return true;
        }
        if (ls_snapshot_step(m->twin, plant, 10 * WEEK_US, 1, NULL, &err) != LS_OK) {
            return false;
        }
    }
    return false;
}

// Two plants that look the same, with other hidden ends of what runs: the same decision.
static void test_the_decider_sees_no_hidden_end(void) {
    minifab m = make("FIFO/FIFO/FIFO");
    plain p;
    ls_error err;
    ls_snapshot *plant = NULL;
    CHECK(plain_init(&p, m.plant, m.twin));
    CHECK_INT(ls_snapshot_create(m.twin, 5, 0, &plant, &err), LS_OK);
    int differ = 0;
    for (int i = 0; i < 40; i++) {
        ls_question question;
        ls_snapshot *a = NULL;
        ls_snapshot *b = NULL;
        CHECK_INT(ls_snapshot_run(m.twin, plant, (i + 1) * 9 * DAY_US / 7, &err), LS_OK);
        CHECK(find_open(&m, plant, &question));
        CHECK_INT(ls_snapshot_fork(m.twin, plant, 11, 0, &a, &err), LS_OK);
        CHECK_INT(ls_snapshot_fork(m.twin, plant, 12, 0, &b, &err), LS_OK);
        differ += ls_snapshot_hash(a) != ls_snapshot_hash(b);
        ls_rehearse_reply of_a = {0};
        ls_rehearse_reply of_b = {0};
        CHECK_INT(plain_ask(&p, a, &question, 1, &of_a, &err), LS_OK);
        CHECK_INT(plain_ask(&p, b, &question, 1, &of_b, &err), LS_OK);
        CHECK_INT(of_a.act_count, of_b.act_count);
        CHECK(of_a.act_count == 0 ||
              (of_a.acts[0].kind == of_b.acts[0].kind && of_a.acts[0].value == of_b.acts[0].value));
        ls_snapshot_destroy(a);
        ls_snapshot_destroy(b);
    }
    CHECK(differ > 30);  // else the test says nothing
    ls_snapshot_destroy(plant);
    plain_clear(&p);
    minifab_clear(&m);
}

static void test_memory_that_runs_out_is_told(void) {
    minifab m = make("FIFO/FIFO/FIFO");
    uint64_t asked = 0;
    ls_rehearse_def def = {.plant = m.plant,
                           .twin = m.twin,
                           .seed = 1,
                           .warmup_us = DAY_US,
                           .for_us = DAY_US,
                           .ask = leave_it,
                           .context = &asked};
    ls_rehearse_result result;
    ls_error err = {0};
    ls_status status = LS_ERR_MEMORY;
    for (int64_t i = 0; i < 100 && status != LS_OK; i++) {
        ls_alloc_fail_after(i);
        status = ls_rehearse(&def, &result, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
    }
    CHECK_INT(status, LS_OK);
    minifab_clear(&m);
}

// x takes the press for 80 min and comes 5 min before y, which takes 10 min: by itself y waits 75
// min for x. Put off for a quarter of its interval, x waits 25 min and y not at all. In a pair of
// 100 min that is 25 + 80 + 10 instead of 80 + 75 + 10 min inside.
static const char press[] =
    "plant: press\n"
    "stations:\n"
    "  press: {process: {x: 80 min, y: uniform 9 min to 11 min}}\n"
    "products:\n"
    "  x: {route: [press], release: {every: 100 min, first: 0 s, pool: yes}}\n"
    "  y: {route: [press], release: {every: 100 min, first: 5 min}}\n"
    "decide: {release: {of: x, horizon: 4 h}}\n";

typedef struct pooled {
    ls_plant *plant;
    ls_twin *twin;
    ls_decider *decider;
} pooled;

// The same, and which lot the press takes, or whether it waits, is decided too.
static const char press_and_dispatch[] =
    "plant: press\n"
    "stations:\n"
    "  press: {process: {x: 80 min, y: uniform 9 min to 11 min}}\n"
    "products:\n"
    "  x: {route: [press], release: {every: 100 min, first: 0 s, pool: yes}}\n"
    "  y: {route: [press], release: {every: 100 min, first: 5 min}}\n"
    "decide: {horizon: 4 h, release: {of: x}, dispatch: {at: press}}\n";

static pooled make_pooled_of(const char *text) {
    pooled p = {0};
    ls_errors errors;
    ls_error err = {0};
    ls_errors_init(&errors);
    CHECK_INT(ls_plant_read(text, strlen(text), "press.yaml", NULL, &p.plant, &errors), LS_OK);
    ls_errors_clear(&errors);
    CHECK_INT(ls_twin_create(p.plant, &p.twin, &err), LS_OK);
    const ls_decider_def def = ls_decider_def_default();
    CHECK_INT(ls_decider_create(p.plant, p.twin, &def, &p.decider, &err), LS_OK);
    return p;
}

static pooled make_pooled(void) {
    return make_pooled_of(press);
}

static void clear_pooled(pooled *p) {
    ls_decider_destroy(p->decider);
    ls_twin_destroy(p->twin);
    ls_plant_destroy(p->plant);
}

static ls_rehearse_result run_pooled(const pooled *p, ls_rehearse_ask ask, void *context) {
    const ls_rehearse_def def = {.plant = p->plant,
                                 .twin = p->twin,
                                 .seed = 1,
                                 .warmup_us = DAY_US / 2,
                                 .for_us = 5 * DAY_US,
                                 .ask = ask,
                                 .context = context};
    ls_rehearse_result result;
    ls_error err = {0};
    CHECK_INT(ls_rehearse(&def, &result, &err), LS_OK);
    return result;
}

static void test_who_leaves_releases_to_the_rule_gets_the_rule(void) {
    pooled p = make_pooled();
    uint64_t asked = 0;
    const ls_rehearse_result own = run_pooled(&p, NULL, NULL);
    const ls_rehearse_result left = run_pooled(&p, leave_it, &asked);
    CHECK(asked > 50);
    CHECK_NEAR(own.wip, 1.65, 0.01);
    CHECK_NEAR(left.wip, own.wip, 1e-9);  // whoever leaves it to the rule has it
    CHECK_INT(left.done, own.done);
    CHECK_NEAR(left.outside_h, 0.0, 1e-12);
    CHECK(own.outside_h != own.outside_h);  // none went through the pool
    clear_pooled(&p);
}

static void test_a_decider_puts_off_what_is_in_the_way(void) {
    pooled p = make_pooled();
    ls_rehearse_decider asked = {.decider = p.decider, .budget = {.futures = 60}};
    const ls_rehearse_result own = run_pooled(&p, NULL, NULL);
    const ls_rehearse_result decided = run_pooled(&p, ls_rehearse_ask_decider, &asked);
    const ls_rehearse_result again = run_pooled(&p, ls_rehearse_ask_decider, &asked);
    harness_note(
        "%.3f lots inside instead of %.3f, cycle %.4f h, per week %.2f, %.4f h outside, %llu of "
        "%llu changed",
        decided.wip, own.wip, decided.cycle_h, decided.per_week, decided.outside_h,
        (unsigned long long)decided.changed, (unsigned long long)decided.questions);
    CHECK_NEAR(decided.wip, 1.15, 0.02);
    CHECK_NEAR(decided.outside_h, 25.0 / 60.0, 0.02);
    CHECK(decided.changed > 50);
    CHECK_INT(decided.hash == again.hash, 1);
    clear_pooled(&p);
}

typedef struct mixed {
    uint64_t searches, entries, machines;
} mixed;

// Nobody leaves the rule; counts what is asked about in one search.
static ls_status leave_all(void *context, const ls_snapshot *present, const ls_question *questions,
                           uint32_t count, uint64_t number, ls_rehearse_reply *out, ls_error *err) {
    mixed *m = context;
    (void)present, (void)number, (void)out, (void)err;
    m->searches += count > 1;
    for (uint32_t i = 0; i < count && count > 1; i++) {
        m->entries += questions[i].point == 1;  // dispatch comes first, whatever the file says
        m->machines += questions[i].point == 0;
    }
    return LS_OK;
}

static ls_rehearse_result run_mixed(const pooled *p, ls_rehearse_ask ask,
                                    ls_rehearse_ask_together together, void *context) {
    const ls_rehearse_def def = {.plant = p->plant,
                                 .twin = p->twin,
                                 .seed = 1,
                                 .warmup_us = DAY_US / 2,
                                 .for_us = 5 * DAY_US,
                                 .ask = ask,
                                 .ask_together = together,
                                 .context = context};
    ls_rehearse_result result;
    ls_error err = {0};
    CHECK_INT(ls_rehearse(&def, &result, &err), LS_OK);
    return result;
}

static void test_what_comes_in_is_decided_together_with_what_is_taken(void) {
    pooled p = make_pooled_of(press_and_dispatch);
    CHECK_INT(p.plant->decide.points[1].kind, LS_DECIDE_RELEASE);
    mixed m = {0};
    ls_rehearse_decider asked = {.decider = p.decider, .budget = {.futures = 60}};
    const ls_rehearse_result own = run_pooled(&p, NULL, NULL);
    const ls_rehearse_result left = run_mixed(&p, leave_alone, leave_all, &m);
    CHECK_NEAR(left.wip, own.wip, 1e-9);
    CHECK_INT(left.done, own.done);
    const ls_rehearse_result decided = run_mixed(&p, ls_rehearse_ask_decider,
                                                 ls_rehearse_ask_decider_together, &asked);
    const ls_rehearse_result again = run_mixed(&p, ls_rehearse_ask_decider,
                                               ls_rehearse_ask_decider_together, &asked);
    harness_note(
        "left: %llu searches of %llu entries and %llu machines; decided %.3f, %llu of "
        "%llu together, %.3f h outside",
        (unsigned long long)m.searches, (unsigned long long)m.entries,
        (unsigned long long)m.machines, decided.wip, (unsigned long long)decided.together,
        (unsigned long long)decided.questions, decided.outside_h);
    CHECK(decided.together > 0);
    CHECK_NEAR(decided.wip, 1.15, 0.03);
    CHECK_INT(decided.hash == again.hash, 1);
    clear_pooled(&p);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_who_always_leaves_it_to_the_rule_gets_the_rule);
    TEST(test_what_is_decided_together_is_done_and_the_rest_asked_again);
    TEST(test_rehearsed_control_is_better_than_its_base);
    TEST(test_the_same_definition_gives_the_same_run);
    TEST(test_the_decider_sees_no_hidden_end);
    TEST(test_memory_that_runs_out_is_told);
    TEST(test_who_leaves_releases_to_the_rule_gets_the_rule);
    TEST(test_a_decider_puts_off_what_is_in_the_way);
    TEST(test_what_comes_in_is_decided_together_with_what_is_taken);
    return harness_report();
}
