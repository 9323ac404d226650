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

static ls_rehearse_result run(int workers, uint32_t futures) {
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
    const ls_rehearse_def rehearsed = {.plant = m.plant,
                                       .twin = m.twin,
                                       .seed = 1,
                                       .warmup_us = 5 * DAY_US,
                                       .for_us = 2 * DAY_US,
                                       .ask = ls_rehearse_ask_decider,
                                       .context = &who};
    ls_rehearse_result result = {0};
    CHECK_INT(ls_rehearse(&rehearsed, &result, &err), LS_OK);
    ls_decider_destroy(who.decider);
    minifab_clear(&m);
    return result;
}

static void test_one_and_two_workers_make_the_same_plant(void) {
    const ls_rehearse_result one = run(1, 90);
    const ls_rehearse_result two = run(2, 90);
    CHECK(one.questions > 20 && one.changed > 0);
    CHECK_INT(two.questions, one.questions);
    CHECK_INT(two.changed, one.changed);
    CHECK_INT(two.futures, one.futures);
    CHECK(two.hash == one.hash);
}

static void test_without_a_budget_the_line_keeps_its_rule(void) {
    const ls_rehearse_result none = run(2, 0);
    CHECK_INT(none.changed, 0);
    CHECK_INT(none.futures, 0);
    CHECK(none.questions > 20);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_one_and_two_workers_make_the_same_plant);
    TEST(test_without_a_budget_the_line_keeps_its_rule);
    return harness_report();
}
