// move_test.c - what is free in bits is put together by moving jobs.
//
// That the scheduler moves as its reference does is scheduler_reference_test.c.
#include <string.h>

#include "pool/testing/scene.h"
#include "pool/why.h"
#include "tests/harness.h"

#define PARK                              \
    "pool: park\n"                        \
    "nodes: {count: 2, kind: dgx-h100}\n" \
    "accounts:\n"                         \
    "  castings: {}\n"                    \
    "  harness: {}\n"

// Two nodes of 8 with 4 GPUs in use on each, by jobs that have run for 40 minutes; returns the
// first of the two.
static uint32_t in_bits(scene *s, bool saves, int64_t stop_us) {
    ls_pool_request r = scene_request(s, "castings", 1, 4);
    uint32_t first = UINT32_MAX;
    r.saves = saves;
    r.stop_us = stop_us;
    for (uint32_t i = 0; i < 4; i++) {  // the second of each node ends soon
        const uint32_t job = scene_submit(s, &r, i % 2 == 0 ? 100 * SCENE_H : 10 * SCENE_MIN);
        first = i == 0 ? job : first;
        scene_decide(s);
    }
    scene_pass(s, 40 * SCENE_MIN);
    CHECK_INT(scene_running(s, first, 4), 2);
    CHECK(s->jobs[first].shares[0].node != s->jobs[first + 2].shares[0].node);
    return first;
}

static void test_a_job_that_saves_is_moved_for_one_that_fits_nowhere(void) {
    scene *s = scene_of(PARK);
    if (s == NULL) {
        return;
    }
    const uint32_t first = in_bits(s, true, SCENE_MIN);
    const uint32_t whole = scene_jobs(s, 1, "harness", 1, 8, SCENE_H);
    scene_pass(s, SCENE_MIN);
    CHECK_INT(s->jobs[whole].state, SCENE_WAITS);  // not at once: it may get a place by itself
    CHECK_INT(s->jobs[first].stops + s->jobs[first + 2].stops, 0);
    scene_pass(s, 3 * SCENE_MIN);
    CHECK_INT(s->jobs[whole].state, SCENE_RUNS);
    CHECK_INT(s->jobs[first].stops + s->jobs[first + 2].stops, 1);  // one was enough
    CHECK_INT(scene_running(s, first, 4), 2);                       // and goes on beside the other
    CHECK_INT(s->jobs[first].shares[0].node, s->jobs[first + 2].shares[0].node);
    scene_end(s);
}

// A hall of two racks of one node of 8 GPUs, which draw 700 W each at work.
#define PARK_OF_RACKS(hall, rack)                             \
    "pool: park\n"                                            \
    "halls: {power: " hall ", racks: {count: 2, power: " rack \
    ", nodes: {count: 1, kind: dgx-h100}}}\n"                 \
    "accounts:\n"                                             \
    "  castings: {}\n"                                        \
    "  harness: {}\n"

static uint32_t stops_under(const char *park, scene_state *out) {
    scene *s = scene_of(park);
    if (s == NULL) {
        return UINT32_MAX;
    }
    const uint32_t first = in_bits(s, true, SCENE_MIN);
    const uint32_t whole = scene_jobs(s, 1, "harness", 1, 6, SCENE_H);
    scene_pass(s, 10 * SCENE_MIN);
    *out = s->jobs[whole].state;
    const uint32_t stops = s->jobs[first].stops + s->jobs[first + 2].stops;
    scene_end(s);
    return stops;
}

static void test_under_limits_of_power_a_job_is_moved_where_there_is_power_alone(void) {
    scene_state state = SCENE_OVER;
    // 14 GPUs at work, 8 of them in one rack, draw 9.8 kW, 5.6 of them there.
    CHECK_INT(stops_under(PARK_OF_RACKS("10 kW", "5.6 kW"), &state), 1);
    CHECK_INT(state, SCENE_RUNS);
    CHECK_INT(stops_under(PARK_OF_RACKS("10 kW", "4.9 kW"), &state), 0);  // none to be moved to
    CHECK_INT(state, SCENE_WAITS);
    CHECK_INT(stops_under(PARK_OF_RACKS("9.5 kW", "5.6 kW"), &state), 0);  // none for who waits
    CHECK_INT(state, SCENE_WAITS);
}

static void test_nobody_is_moved_who_would_lose_work_or_have_no_place(void) {
    scene *s = scene_of(PARK);
    if (s == NULL) {
        return;
    }
    const uint32_t first = in_bits(s, false, SCENE_MIN);
    const uint32_t whole = scene_jobs(s, 1, "harness", 1, 8, SCENE_H);
    scene_pass(s, 2 * SCENE_H);
    CHECK_INT(s->jobs[whole].state, SCENE_WAITS);
    CHECK_INT(s->jobs[first].stops + s->jobs[first + 2].stops, 0);
    scene_end(s);
    s = scene_of(PARK);
    if (s == NULL) {
        return;
    }
    // One of 3 GPUs more on each: 2 GPUs are free in all where 8 are asked for, then 8 of 16 in
    // bits of 1 and 7.
    const uint32_t again = in_bits(s, true, SCENE_MIN);
    const uint32_t small = scene_jobs(s, 2, "castings", 1, 3, 100 * SCENE_H);
    scene_decide(s);
    CHECK_INT(scene_running(s, small, 2), 2);
    const uint32_t other = scene_jobs(s, 1, "harness", 1, 8, SCENE_H);
    scene_pass(s, 2 * SCENE_H);
    CHECK_INT(s->jobs[other].state, SCENE_WAITS);
    CHECK_INT(s->jobs[again].stops + s->jobs[again + 2].stops, 0);
    scene_end(s);
}

static void test_who_is_moved_is_told_for_whom(void) {
    scene *s = scene_of(PARK);
    if (s == NULL) {
        return;
    }
    in_bits(s, true, 0);
    scene_jobs(s, 1, "harness", 1, 8, SCENE_H);
    bool told = false;
    for (uint32_t i = 0; i < 20 && !told; i++) {
        const ls_pool_act *acts = NULL;
        ls_status status = LS_OK;
        s->now_us += 30 * SCENE_S;
        const uint32_t count = ls_scheduler_decide(s->s, s->now_us, &acts, &status);
        for (uint32_t k = 0; k < count; k++) {
            char text[512];
            ls_why_act_text(s->s, acts + k, NULL, text, sizeof text);
            if (acts[k].why == LS_WHY_MOVE) {
                told = true;
                CHECK_CONTAINS(text, "is stopped to go on elsewhere: so job ");
                CHECK_CONTAINS(text, " has a place.");
            }
        }
    }
    CHECK(told);
    scene_end(s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_job_that_saves_is_moved_for_one_that_fits_nowhere);
    TEST(test_under_limits_of_power_a_job_is_moved_where_there_is_power_alone);
    TEST(test_nobody_is_moved_who_would_lose_work_or_have_no_place);
    TEST(test_who_is_moved_is_told_for_whom);
    return harness_report();
}
