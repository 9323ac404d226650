// race_test.c - halving: how the budget is shared out, who stays, what is claimed, on candidates
// whose costs are known.
#include "decide/race.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "tests/harness.h"

enum { ROOM = 1 << 20 };
static ls_amounts memory[ROOM / 8];

// Costs of made-up candidates: a mean each, noise shared by all of a future, noise of their own.
typedef struct made_up {
    double mean[LS_CANDIDATES_MAX];
    double shared, own;
    uint64_t key;
    uint32_t broken;  // candidate that cannot be done
} made_up;

static double noise(const made_up *m, uint32_t stream, uint64_t future) {
    double sum = 0.0;  // near enough to normal, variance 1
    for (uint32_t i = 0; i < 12; i++) {
        sum += ls_random_uniform(m->key, stream, future * 12 + i);
    }
    return sum - 6.0;
}

static ls_status run_made_up(void *context, uint32_t candidate, uint64_t future, int worker,
                             ls_amounts *out, ls_error *err) {
    (void)worker;
    (void)err;
    const made_up *m = context;
    memset(out, 0, sizeof *out);
    out->of[LS_TERM_CYCLE_TIME] = m->mean[candidate] + m->shared * noise(m, 0, future) +
                                  m->own * noise(m, candidate + 1, future);
    if (candidate == m->broken && candidate != 0) {
        out->of[LS_TERM_CYCLE_TIME] = (double)NAN;
    }
    return LS_OK;
}

static ls_race_field field_of(made_up *m) {
    ls_race_field f = {.run = run_made_up, .context = m};
    f.weights[LS_TERM_CYCLE_TIME] = 1.0;
    return f;
}

// A whole race; the winner.
static uint32_t race_of(made_up *m, uint32_t k, uint32_t budget, const ls_lent *lent,
                        const ls_budget *late, ls_race *race) {
    static ls_race_field f;
    f = field_of(m);
    ls_error err = {0};
    ls_race_init(race, &f, lent, late, k, 0, memory, ROOM / 8 / k);
    for (uint32_t r = 0; r < ls_race_rounds(k) && !race->cut; r++) {
        CHECK_INT(ls_race_more(race, ls_race_share(budget, k, r), &err), LS_OK);
        if (!race->cut && r + 1 < ls_race_rounds(k)) {
            ls_race_halve(race);
        }
    }
    return ls_race_winner(race, 0, race->done, 0.95, 0.0);
}

static void test_the_budget_is_shared_out_as_published(void) {
    static const uint32_t five[3][2] = {{5, 6}, {3, 11}, {2, 16}};
    static const uint32_t eight[3][2] = {{8, 16}, {4, 33}, {2, 66}};
    CHECK_INT(ls_race_rounds(5), 3);
    CHECK_INT(ls_race_rounds(8), 3);
    CHECK_INT(ls_race_rounds(2), 3);
    CHECK_INT(ls_race_rounds(1), 0);
    for (uint32_t r = 0; r < 3; r++) {
        CHECK_INT(ls_race_alive(5, r), five[r][0]);
        CHECK_INT(ls_race_share(100, 5, r), five[r][1]);
        CHECK_INT(ls_race_alive(8, r), eight[r][0]);
        CHECK_INT(ls_race_share(400, 8, r), eight[r][1]);
    }
    for (uint32_t k = 2; k <= LS_CANDIDATES_MAX; k++) {  // never more than the budget
        for (uint32_t budget = 0; budget < 300; budget++) {
            uint32_t sum = 0;
            for (uint32_t r = 0; r < ls_race_rounds(k); r++) {
                sum += ls_race_alive(k, r) * ls_race_share(budget, k, r);
            }
            CHECK(sum <= budget);
        }
    }
}

static void test_too_small_a_budget_leaves_the_incumbent(void) {
    made_up m = {.mean = {10, 1, 1, 1, 1}, .key = 3};
    ls_race race;
    for (uint32_t budget = 0; budget < 5; budget++) {  // 0, 1, k-1
        CHECK_INT(race_of(&m, 5, budget, NULL, NULL, &race), 0);
    }
    CHECK_INT(race_of(&m, 1, 100, NULL, NULL, &race), 0);
    CHECK_INT(race.total, 0);
}

static void test_a_better_candidate_is_found_and_a_broken_one_is_not(void) {
    made_up m = {.mean = {10, 10, 9, 9.8, 4}, .shared = 5, .own = 0.5, .key = 9, .broken = 4};
    ls_race race;
    CHECK_INT(race_of(&m, 5, 400, NULL, NULL, &race), 2);
    const ls_interval gain = ls_race_gain(&race, 2, 0, race.done, 0.95);
    CHECK(gain.low < 1.0 && gain.high > 1.0);  // common noise of sd 5 is gone
    CHECK(gain.half_width < 0.3);
    CHECK_INT(race.runs[4], 400 / 15);                             // left out after the first round
    CHECK_INT(ls_race_winner(&race, 0, race.done, 0.95, 1.5), 0);  // not worth it
}

static void test_equal_candidates_are_taken_no_more_often_than_stated(void) {
    enum { RACES = 4000 };
    uint32_t taken = 0;
    for (uint32_t i = 0; i < RACES; i++) {
        made_up m = {.mean = {5, 5, 5, 5, 5, 5, 5, 5}, .shared = 2, .own = 1, .key = 1000 + i};
        ls_race race;
        taken += race_of(&m, 8, 240, NULL, NULL, &race) != 0;
    }
    harness_note("%u of %d", taken, RACES);
    CHECK(taken <= RACES * 5 / 100);
    CHECK(taken > 0);  // the test can fail
}

static void test_the_winners_gain_is_unbiased_on_fresh_futures_alone(void) {
    enum { RACES = 2000 };
    double old_sum = 0.0;
    double fresh_sum = 0.0;
    uint32_t taken = 0;
    for (uint32_t i = 0; i < RACES; i++) {
        made_up m = {.mean = {5, 4.7, 4.7, 4.7, 4.7}, .shared = 2, .own = 1, .key = 77000 + i};
        ls_race race;
        const uint32_t winner = race_of(&m, 5, 150, NULL, NULL, &race);
        if (winner != 0) {
            taken++;
            old_sum += ls_race_gain(&race, winner, 0, race.done, 0.95).mean;
            ls_race fresh;
            ls_race_init(&fresh, race.field, NULL, NULL, 5, (uint64_t)1 << 40, memory, 1000);
            ls_error err = {0};
            CHECK_INT(ls_race_more(&fresh, 40, &err), LS_OK);
            fresh_sum += ls_race_gain(&fresh, winner, 0, fresh.done, 0.95).mean;
        }
    }
    CHECK(taken > 200);
    const double stderr_of = sqrt(2.0 / 40.0 / (double)taken);
    CHECK_NEAR(fresh_sum / taken, 0.3, 4.0 * stderr_of);
    CHECK(old_sum / taken > 0.3 + 10.0 * stderr_of);  // the winner's curse, which is why
}

// ---- deadline

typedef struct countdown {
    atomic_int left;
} countdown;

static bool late_after(void *context) {
    return atomic_fetch_sub(&((countdown *)context)->left, 1) <= 0;
}

static ls_status run_workers(void *lender, const ls_job *job, ls_error *err) {
    return ls_workers_run(job, *(int *)lender, err);
}

static void test_late_it_ends_with_what_is_complete(void) {
    made_up m = {.mean = {10, 10, 8, 10, 10}, .shared = 1, .own = 1, .key = 5};
    for (int calls = 0; calls < 120; calls += 7) {
        countdown left = {.left = calls};
        const ls_budget budget = {.late = late_after, .context = &left};
        ls_race race;
        race_of(&m, 5, 100, NULL, &budget, &race);
        CHECK(race.cut == (calls < 95));
        CHECK(race.total <= (uint64_t)calls);
        CHECK(race.done == race.runs[race.alive[0]]);
        CHECK(race.done == race.runs[race.alive[race.alive_count - 1]]);
    }
}

static void test_the_same_race_on_any_number_of_workers(void) {
    made_up m = {.mean = {10, 9.5, 9.4, 10, 10, 9.9, 9.3, 10}, .shared = 3, .own = 1, .key = 8};
    ls_race alone;
    const uint32_t winner = race_of(&m, 8, 1000, NULL, NULL, &alone);
    const ls_interval gain = ls_race_gain(&alone, 6, 0, alone.runs[6], 0.95);
    for (int workers = 1; workers <= 4; workers++) {
        const ls_lent lent = {run_workers, &workers, workers};
        ls_race race;
        CHECK_INT(race_of(&m, 8, 1000, &lent, NULL, &race), winner);
        const ls_interval same = ls_race_gain(&race, 6, 0, race.runs[6], 0.95);
        CHECK(same.mean == gain.mean && same.low == gain.low);
        CHECK_INT(race.total, alone.total);
        CHECK(memcmp(race.runs, alone.runs, sizeof race.runs) == 0);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_budget_is_shared_out_as_published);
    TEST(test_too_small_a_budget_leaves_the_incumbent);
    TEST(test_a_better_candidate_is_found_and_a_broken_one_is_not);
    TEST(test_equal_candidates_are_taken_no_more_often_than_stated);
    TEST(test_the_winners_gain_is_unbiased_on_fresh_futures_alone);
    TEST(test_late_it_ends_with_what_is_complete);
    TEST(test_the_same_race_on_any_number_of_workers);
    return harness_report();
}
