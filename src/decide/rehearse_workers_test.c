// rehearse_workers_test.c - the decider in charge of MiniFab: the same run on any number of
// workers.
#include <stdlib.h>

#include "base/workers.h"
#include "decide/rehearse.h"
#include "decide/testing/minifab.h"
#include "tests/harness.h"

#define DAY_US 86400000000LL

static ls_status lend(void *lender, const ls_job *job, ls_error *err) {
    return ls_workers_run(job, *(const int *)lender, err);
}

static ls_rehearse_result run(int workers, uint32_t futures, bool together) {
    minifab m;
    const minifab_def made = {.folder = harness_source_path("."),
                              .rules = "FIFO/SPT/LSU",
                              .load = 1.0,
                              .decide = true,
                              .wait = true,
                              .part = true};
    if (!minifab_make(&made, &m)) {
        exit(1);
    }
    for (uint32_t i = 0; i < 3; i++) {
        m.points[i].horizon_us = DAY_US / 2;
    }
    ls_error err = {0};
    ls_rehearse_decider who = {.budget = {.futures = futures}};
    ls_decider_def def = ls_decider_def_default();
    def.lent = (ls_lent){.run = lend, .lender = &workers, .workers = workers};
    CHECK_INT(ls_decider_create(m.plant, m.twin, &def, &who.decider, &err), LS_OK);
    const ls_rehearse_def rehearsed = {
        .plant = m.plant,
        .twin = m.twin,
        .seed = 1,
        .warmup_us = 5 * DAY_US,
        .for_us = 2 * DAY_US,
        .ask = ls_rehearse_ask_decider,
        .ask_together = together ? ls_rehearse_ask_decider_together : NULL,
        .context = &who};
    ls_rehearse_result result = {0};
    CHECK_INT(ls_rehearse(&rehearsed, &result, &err), LS_OK);
    ls_decider_destroy(who.decider);
    minifab_clear(&m);
    return result;
}

static void test_one_and_two_workers_make_the_same_plant(void) {
    const ls_rehearse_result one = run(1, 90, false);
    const ls_rehearse_result two = run(2, 90, false);
    CHECK(one.questions > 20 && one.changed > 0);
    CHECK_INT(two.questions, one.questions);
    CHECK_INT(two.changed, one.changed);
    CHECK_INT(two.futures, one.futures);
    CHECK(two.hash == one.hash);
}

static void test_without_a_budget_the_line_keeps_its_rule(void) {
    const ls_rehearse_result none = run(2, 0, false);
    CHECK_INT(none.changed, 0);
    CHECK_INT(none.futures, 0);
    CHECK(none.questions > 20);
}

static void test_machines_that_are_free_at_once_are_asked_about_together(void) {
    const ls_rehearse_result one = run(1, 90, true);
    const ls_rehearse_result two = run(2, 90, true);
    harness_note("%llu of %llu questions together", (unsigned long long)one.together,
                 (unsigned long long)one.questions);
    CHECK(one.together > 0 && one.together < one.questions);
    CHECK(one.changed > 0 && one.futures > 0 && one.futures <= 90 * one.questions);
    CHECK(one.done > 0);
    CHECK_INT(two.together, one.together);
    CHECK_INT(two.futures, one.futures);
    CHECK(two.hash == one.hash);
    CHECK_INT(run(1, 90, false).together, 0);
}

// Without a budget each machine goes by the base rule, which is here the line's own, asked together
// or not: the same plant.
static void test_without_a_budget_together_is_one_after_another(void) {
    const ls_rehearse_result together = run(1, 0, true);
    const ls_rehearse_result alone = run(1, 0, false);
    CHECK(together.together > 0);
    CHECK_INT(together.changed, 0);
    CHECK(together.hash == alone.hash);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_one_and_two_workers_make_the_same_plant);
    TEST(test_without_a_budget_the_line_keeps_its_rule);
    TEST(test_machines_that_are_free_at_once_are_asked_about_together);
    TEST(test_without_a_budget_together_is_one_after_another);
    return harness_report();
}
