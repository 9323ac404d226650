// carryover_test.c - the case that gives the wrong sign: FIFO against setup order on MiniFab.
#include "decide/prove/carryover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "decide/prove/switchback.h"
#include "decide/testing/minifab.h"
#include "tests/harness.h"

static const int64_t hour_us = 3600 * INT64_C(1000000);

static minifab fab(const char *rules) {
    minifab m = {0};
    const minifab_def def = {
        .folder = harness_source_path("."), .rules = rules, .poisson = false, .load = 1.0};
    CHECK(minifab_make(&def, &m));
    return m;
}

static ls_carryover measure(const minifab *first, const minifab *second, uint32_t pairs) {
    ls_carryover out;
    ls_error err = {0};
    ls_snapshot *present = NULL;
    CHECK_INT(ls_snapshot_create(first->twin, 1, 0, &present, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(first->twin, present, 8 * 168 * hour_us, &err), LS_OK);
    const ls_carryover_def def = {.first = first->twin,
                                  .second = second->twin,
                                  .present = present,
                                  .block_us = 168 * hour_us,
                                  .step_us = 12 * hour_us,
                                  .most_us = 6 * 168 * hour_us,
                                  .pairs = pairs,
                                  .share = 0.1,
                                  .seed = 4};
    CHECK_INT(ls_carryover_measure(&def, &out, &err), LS_OK);
    ls_snapshot_destroy(present);
    return out;
}

static void test_blocks_of_12_h_on_minifab_are_refused(void) {
    minifab fifo = fab("FIFO/FIFO/FIFO");
    minifab lsu = fab("LSU/LSU/LSU");
    const ls_carryover c = measure(&fifo, &lsu, 800);
    harness_note("known %d, %.1f h, greatest difference %.2f lots", c.known,
                 (double)c.carryover_us / 3600e6, c.greatest);
    if (getenv("LINESHAFT_SHOW") != NULL) {
        printf("known %d, %.1f h, greatest %.2f lots\n", c.known, (double)c.carryover_us / 3600e6,
               c.greatest);
    }
    CHECK(c.greatest > 0.0);
    CHECK(!c.known || c.carryover_us > 12 * hour_us);
    const ls_switchback blocks = {.periods = 104, .order = 1, .period_us = 12 * hour_us};
    ls_error err = {0};
    CHECK_INT(ls_switchback_check(&blocks, c.carryover_us, &err), LS_ERR_INVALID);
    minifab_clear(&fifo);
    minifab_clear(&lsu);
}

static void test_a_rule_against_itself_leaves_nothing_behind(void) {
    minifab fifo = fab("FIFO/FIFO/FIFO");
    const ls_carryover c = measure(&fifo, &fifo, 3);
    CHECK(c.known);
    CHECK_INT(c.carryover_us, 12 * hour_us);
    CHECK_NEAR(c.greatest, 0, 0);
    minifab_clear(&fifo);
}

static void test_what_cannot_be_measured_is_refused(void) {
    minifab fifo = fab("FIFO/FIFO/FIFO");
    ls_snapshot *present = NULL;
    ls_error err = {0};
    ls_carryover out;
    CHECK_INT(ls_snapshot_create(fifo.twin, 1, 0, &present, &err), LS_OK);
    const ls_carryover_def good = {.first = fifo.twin,
                                   .second = fifo.twin,
                                   .present = present,
                                   .block_us = hour_us,
                                   .step_us = hour_us,
                                   .most_us = 10 * hour_us,
                                   .pairs = 2,
                                   .share = 0.1};
    ls_carryover_def bad = good;
    bad.pairs = 1;
    CHECK_INT(ls_carryover_measure(&bad, &out, &err), LS_ERR_INVALID);
    bad = good;
    bad.step_us = 0;
    CHECK_INT(ls_carryover_measure(&bad, &out, &err), LS_ERR_INVALID);
    for (int i = 0; i < 100; i++) {
        ls_alloc_fail_after(i);
        const ls_status status = ls_carryover_measure(&good, &out, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        if (status == LS_OK) {
            CHECK(i > 0);
            break;
        }
    }
    ls_snapshot_destroy(present);
    minifab_clear(&fifo);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_blocks_of_12_h_on_minifab_are_refused);
    TEST(test_a_rule_against_itself_leaves_nothing_behind);
    TEST(test_what_cannot_be_measured_is_refused);
    return harness_report();
}
