// glance_test.c - what is copied for the page is what the follower holds, and stays as it was.
#include "loop/glance.h"

#include <stdio.h>
#include <string.h>

#include "loop/testing/bench.h"
#include "tests/harness.h"

static void test_before_anything_was_heard_nothing_is_known(void) {
    bench b;
    ls_glance g;
    bench_open(&b, "");
    CHECK(ls_glance_init(&g, &b.intake.running));
    ls_glance_take(&g, &b.intake.running);
    CHECK(!g.known);
    ls_glance_clear(&g);
    bench_close(&b);
}

static void check_names(const ls_glance *g, const ls_running *running, uint32_t machine,
                        uint32_t *out_lots) {
    const ls_state *state = ls_follow_state(running->follow);
    const ls_lot *lots = LS_STATE_VIEW(running->twin->model, state, ls_lot, s_lot);
    const ls_s_machine *of = LS_STATE_VIEW(running->twin->model, state, ls_s_machine, s_machine);
    const char *at = g->names.data + g->name_at[machine];
    uint32_t count = 0;
    CHECK_BYTES(&g->machines[machine], &of[machine], sizeof *of);
    CHECK_STR(at, "");  // nothing is chosen
    for (uint32_t lot = of[machine].lots; lot != LS_NO; lot = lots[lot].next) {
        at += strlen(at) + 1;
        CHECK_STR(at, ls_follow_lot_name(running->follow, lot));
        count++;
    }
    CHECK_INT(g->lot_counts[machine], count);
    *out_lots += count;
}

static void test_it_is_what_the_follower_holds(void) {
    bench b;
    ls_glance g;
    uint32_t lots = 0;
    bench_open(&b, "");
    bench_lot(&b, 0, 300);
    bench_text(&b, "g/n/line/Released", 601, "lot-9");
    bench_text(&b, "g/n/saw-1/Lots", 602, "lot-9");
    bench_number(&b, "g/n/saw-1/State", 602, 6);
    const ls_running *running = &b.intake.running;
    CHECK(running->follow != NULL && ls_glance_init(&g, running));
    ls_glance_take(&g, running);
    CHECK(g.known);
    CHECK(g.line_us == running->plant->start_us + ls_follow_now(running->follow));
    for (uint32_t m = 0; m < running->plant->machine_count; m++) {
        check_names(&g, running, m, &lots);
    }
    CHECK_INT(lots, 1);
    const ls_s_station *stations = LS_STATE_VIEW(
        running->twin->model, ls_follow_state(running->follow), ls_s_station, s_station);
    CHECK_BYTES(g.stations, stations, running->plant->station_count * sizeof *stations);
    ls_glance_clear(&g);
    bench_close(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_before_anything_was_heard_nothing_is_known);
    TEST(test_it_is_what_the_follower_holds);
    return harness_report();
}
