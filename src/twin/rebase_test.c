// rebase_test.c - a moment of a plant under another dispatching rule: the same moment, other order.
#include "twin/rebase.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"
#include "twin/context.h"
#include "twin/testing/oracle.h"

static const int64_t day_us = INT64_C(86400) * 1000000;

static const char plant_text[] =
    "plant: rules\n"
    "dispatch: %s\n"
    "stations:\n"
    "  a: {machines: 2, process: {x: exp 90 s, y: exp 150 s}, %s}\n"
    "  b: {process: exp 55 s}\n"
    "products:\n"
    "  x: {route: [a, b], release: {every: exp 120 s}, due: uniform 1 h to 9 h}\n"
    "  y: {route: [a, b], release: {every: exp %d s}, due: uniform 1 h to 9 h}\n";

static ls_twin *twin_under(const char *rule) {
    return oracle_twin(oracle_text(plant_text, rule, "queue: 4000", 140));
}

static ls_snapshot *at_day(const ls_twin *twin, int days) {
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, 5, 0, &s, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, s, days * day_us, &err), LS_OK);
    return s;
}

static ls_snapshot *empty_of(const ls_twin *twin) {
    ls_snapshot *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_snapshot_create(twin, 1, 0, &s, &err), LS_OK);
    return s;
}

static void test_a_state_goes_from_rule_to_rule_and_stands_every_check(void) {
    static const char *const rules[] = {
        "fifo", "spt", "edd", "lifo", "[hot, slack]", "cr", "{weighted: {wait: 1, late: 2}}",
        "lbfs"};
    enum { RULES = sizeof rules / sizeof *rules };
    ls_error err = {0};
    for (int i = 0; i < RULES; i++) {
        ls_twin *from = twin_under(rules[i]);
        ls_snapshot *s = at_day(from, 2);
        for (int k = 0; k < RULES; k++) {
            ls_twin *to = twin_under(rules[k]);
            harness_note("from %s to %s", rules[i], rules[k]);
            CHECK_INT(ls_twin_check_kin(from, to, &err), LS_OK);
            ls_snapshot *out = empty_of(to);
            ls_twin_rebase(to, s, out);
            CHECK_INT(ls_state_check(to, out->state, &err), LS_OK);
            CHECK_INT(ls_snapshot_lots(out), ls_snapshot_lots(s));
            CHECK_INT(out->state->model_hash, to->model->hash);
            // And back: the very same bytes.
            ls_snapshot *back = empty_of(from);
            ls_twin_rebase(from, out, back);
            CHECK_INT(ls_snapshot_hash(back), ls_snapshot_hash(s));
            CHECK_INT(ls_snapshot_run(to, out, 3 * day_us, &err), LS_OK);
            CHECK_INT(ls_state_check(to, out->state, &err), LS_OK);
            ls_snapshot_destroy(back);
            ls_snapshot_destroy(out);
            ls_twin_destroy(to);
        }
        ls_snapshot_destroy(s);
        ls_twin_destroy(from);
    }
}

static void test_lots_stand_in_the_order_of_the_new_rule(void) {
    ls_twin *fifo = twin_under("fifo");
    ls_twin *edd = twin_under("edd");
    ls_snapshot *s = at_day(fifo, 1);
    ls_snapshot *out = empty_of(edd);
    ls_error err = {0};
    uint32_t seen = 0;
    for (int hour = 25; hour < 60; hour++) {
        CHECK_INT(ls_snapshot_run(fifo, s, hour * day_us / 24, &err), LS_OK);
        ls_twin_rebase(edd, s, out);
        ls_ctx c;
        ls_ctx_open(&c, edd->model, out->state, &out->scratch);
        for (uint32_t q = 0; q < edd->model->queues; q++) {
            for (uint32_t lot = c.queue[q].head; lot != LS_NO && c.lot[lot].next != LS_NO;
                 lot = c.lot[lot].next) {
                CHECK(c.lot[lot].due <= c.lot[c.lot[lot].next].due);
                seen++;
            }
        }
    }
    CHECK(seen > 50);
    ls_snapshot_destroy(s);
    ls_snapshot_destroy(out);
    ls_twin_destroy(fifo);
    ls_twin_destroy(edd);
}

static void test_a_plant_that_differs_in_more_is_no_kin(void) {
    ls_error err = {0};
    ls_twin *one = twin_under("fifo");
    ls_twin *slower = oracle_twin(oracle_text(plant_text, "spt", "queue: 4000", 141));
    ls_twin *narrow = oracle_twin(oracle_text(plant_text, "spt", "queue: 3999", 140));
    CHECK_INT(ls_twin_check_kin(one, slower, &err), LS_ERR_INVALID);
    harness_note("%s", err.text);
    CHECK(strstr(err.text, "releases") != NULL || strstr(err.text, "distributions") != NULL);
    CHECK_INT(ls_twin_check_kin(one, narrow, &err), LS_ERR_INVALID);
    CHECK(strstr(err.text, "stations") != NULL);
    ls_twin_destroy(one);
    ls_twin_destroy(slower);
    ls_twin_destroy(narrow);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_state_goes_from_rule_to_rule_and_stands_every_check);
    TEST(test_lots_stand_in_the_order_of_the_new_rule);
    TEST(test_a_plant_that_differs_in_more_is_no_kin);
    return harness_report();
}
