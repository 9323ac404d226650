// control_test.c - the loops, what a person may set, and the purge's override.
#include "process/control.h"

#include <math.h>

#include "process/disturbance.h"
#include "process/te.h"
#include "tests/harness.h"

static const double second_h = 1.0 / 3600.0;

static void test_a_proportional_loop_moves_by_gain_times_the_change_of_error(void) {
    ls_te_state state;
    ls_te_start(&state, 1);
    const double before = state.command_percent[0];
    state.measured[1] = 3664.0 - 58.11;  // 1 % of the span of the D feed too little
    ls_te_control(&state, 3, second_h);
    CHECK_NEAR(state.command_percent[0] - before, 1.0, 1e-9);
    ls_te_control(&state, 6, second_h);  // the same error again: no change
    CHECK_NEAR(state.command_percent[0] - before, 1.0, 1e-9);
    ls_te_control(&state, 7, second_h);  // not its time
    state.measured[1] = 3664.0;
    ls_te_control(&state, 8, second_h);
    CHECK_NEAR(state.command_percent[0] - before, 1.0, 1e-9);
}

static void test_an_integral_goes_on_while_there_is_an_error(void) {
    ls_te_state state;
    ls_te_start(&state, 1);
    state.measured[16] = 22.949 - 4.6;  // product flow, 10 % of its span
    const double start = state.command_percent[10];
    ls_te_control(&state, 3, second_h);
    const double first = state.command_percent[10] - start;
    ls_te_control(&state, 6, second_h);
    const double second = state.command_percent[10] - start - first;
    CHECK_NEAR(first, 1.09 * 10.0 * (1.0 + 3.0 / 2600.0), 1e-5);
    CHECK_NEAR(second, 1.09 * 10.0 * 3.0 / 2600.0, 1e-6);
}

static void test_outer_loops_act_in_their_own_time(void) {
    ls_te_state state;
    ls_te_start(&state, 1);
    const double d_feed = state.setpoint[0], a_feed = state.setpoint[2];
    state.measured[25] -= 1.0;
    ls_te_control(&state, 357, second_h);
    CHECK_NEAR(state.setpoint[0], d_feed, 0.0);
    ls_te_control(&state, 360, second_h);
    CHECK(state.setpoint[0] > d_feed + 100.0);
    CHECK_NEAR(state.setpoint[2], a_feed, 1e-4);
}

static void test_the_purge_is_torn_open_and_comes_back(void) {
    ls_te_state state;
    ls_te_start(&state, 1);
    state.measured[12] = 2950.0;
    ls_te_control(&state, 3, second_h);
    CHECK_NEAR(state.command_percent[5], 100.0, 0.0);
    state.measured[12] = 2700.0;  // still above rest
    ls_te_control(&state, 6, second_h);
    CHECK_NEAR(state.command_percent[5], 100.0, 0.0);
    state.measured[12] = 2633.0;
    ls_te_control(&state, 9, second_h);
    CHECK_NEAR(state.command_percent[5], 40.06, 1e-5);
    state.measured[12] = 2300.0;
    ls_te_control(&state, 12, second_h);
    CHECK_NEAR(state.command_percent[5], 0.0, 0.0);
    state.measured[12] = 2500.0;
    ls_te_control(&state, 15, second_h);
    CHECK_NEAR(state.command_percent[5], 0.0, 0.0);
    state.measured[12] = 2640.0;
    ls_te_control(&state, 18, second_h);
    CHECK_NEAR(state.command_percent[5], 40.06, 1e-5);
    CHECK_INT(state.purge, 0);
}

static void test_only_outer_setpoints_within_their_range_are_taken(void) {
    ls_te_state state;
    ls_te_start(&state, 1);
    const ls_te_state before = state;
    ls_error err = {0};
    CHECK_INT(ls_te_set_point(&state, 12, 1.0, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no control loop has the number 12");
    CHECK_INT(ls_te_set_point(&state, 10, 95.0, &err), LS_ERR_INVALID);
    CHECK_STR(err.text,
              "the setpoint of loop 10 (reactor water outlet) is moved by loop 18 (reactor "
              "temperature): set that");
    CHECK_INT(ls_te_set_point(&state, 18, 150.5, &err), LS_ERR_INVALID);
    CHECK_STR(err.text,
              "the setpoint of loop 18 (reactor temperature) is from 0 to 150 C, not 150.5");
    CHECK_INT(ls_te_set_point(&state, 18, NAN, &err), LS_ERR_INVALID);
    CHECK_BYTES(&state, &before, sizeof state);
    CHECK_INT(ls_te_set_point(&state, 18, 121.5, &err), LS_OK);
    CHECK_NEAR(state.setpoint[17], 121.5, 0.0);
    CHECK_INT(ls_te_set_point(&state, 18, 120.4, &err), LS_OK);  // rest, to the bit
    CHECK_BYTES(&state, &before, sizeof state);
    CHECK_INT(ls_te_set_disturbance(&state, 0, true, &err), LS_ERR_INVALID);
    CHECK_INT(ls_te_set_disturbance(&state, 22, true, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "no disturbance has the number 22; they are 1 to 21");
}

// Every free loop brings its measurement to a new setpoint: means of the last hour of a day.
static void test_the_plant_follows_its_setpoints(void) {
    static const struct {
        int number;
        double by, within;
    } moves[] = {{18, 1.0, 0.1}, {17, 3.0, 0.5}, {5, 0.5, 0.1}, {16, 0, 0}, {20, 0.05, 0.02}};
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        const ls_te_loop *loop = ls_te_loop_find(moves[i].number);
        if (!ls_te_loop_is_free(loop)) {
            continue;
        }
        ls_te_state state;
        ls_te_start(&state, 5);
        const double wanted = loop->setpoint + moves[i].by;
        CHECK_INT(ls_te_set_point(&state, loop->number, wanted, NULL), LS_OK);
        double sum = 0.0;
        for (int hour = 0; hour < 16; hour++) {
            sum = 0.0;
            for (int second = 0; second < 3600; second++) {
                ls_te_step(&state);
                sum += state.measured[loop->measured];
            }
        }
        harness_note("loop %d", loop->number);
        CHECK_NEAR(sum / 3600.0, wanted, moves[i].within);
        CHECK_INT(state.trip, LS_TE_RUNS);
    }
}

static void test_fault_21_fixes_the_valve_of_stream_4(void) {
    ls_te_state state;
    ls_te_start(&state, 3);
    CHECK_INT(ls_te_set_disturbance(&state, 21, true, NULL), LS_OK);
    for (int second = 0; second < 4000; second++) {
        ls_te_step(&state);
        CHECK_NEAR(state.command_percent[3], 61.302, 1e-5);
    }
    CHECK_INT(ls_te_set_disturbance(&state, 21, false, NULL), LS_OK);
    CHECK_INT(state.idv, 0);
    for (int second = 0; second < 10; second++) {
        ls_te_step(&state);
    }
    CHECK(fabs(state.command_percent[3] - 61.302) > 1e-3);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_proportional_loop_moves_by_gain_times_the_change_of_error);
    TEST(test_an_integral_goes_on_while_there_is_an_error);
    TEST(test_outer_loops_act_in_their_own_time);
    TEST(test_the_purge_is_torn_open_and_comes_back);
    TEST(test_only_outer_setpoints_within_their_range_are_taken);
    TEST(test_the_plant_follows_its_setpoints);
    TEST(test_fault_21_fixes_the_valve_of_stream_4);
    return harness_report();
}
