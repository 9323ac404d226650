// simulated_after_test.c - jobs that wait for others, and arrays, on the simulated clock: by hand
// under every policy, and at random small pools, where nothing starts before what it waits for.
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "pool/testing/few_jobs.h"
#include "pool/testing/small_pool.h"
#include "tests/harness.h"

#define H SCENE_H

static const char pool_text[] =
    "pool: p\nkinds: {a: {gpus: 4}}\nnodes: {count: 2, kind: a}\naccounts: {one: {}}\n";

// ---- by hand

static few_jobs few_of(uint32_t count) {
    few_jobs few = {.count = count};
    for (uint32_t i = 0; i < count; i++) {
        few.jobs[i] = few_jobs_one(i, 1, 0, 1, 1, (int64_t)(i + 1) * H);
    }
    return few;
}

// Two of an array, of 1 h and 2 h; one after both, of 3 h; one after that, of 4 h.
static few_jobs chain(void) {
    static const uint64_t array[] = {7}, third[] = {8};
    few_jobs few = few_of(4);
    few.jobs[0].number = few.jobs[1].number = 7;
    few.jobs[0].of = few.jobs[1].of = 2;
    few.jobs[2].number = 8;
    few.jobs[2].after = array;
    few.jobs[3].after = third;
    few.jobs[2].after_count = few.jobs[3].after_count = 1;
    return few;
}

static void test_a_job_starts_when_all_of_the_array_before_it_are_done(void) {
    for (uint32_t i = 0; i < ls_sim_policy_count; i++) {
        few_jobs few = chain();
        ls_sim_result r;
        few_jobs_run(&few, pool_text, ls_sim_policies + i, &r);
        CHECK_INT(few.ended_us[1], 2 * H);
        CHECK_INT(few.ended_us[2], 5 * H);
        CHECK_INT(few.ended_us[3], 9 * H);
        CHECK_INT(r.submitted, 4);
        CHECK_INT(r.held, 2);
        CHECK_INT(r.ended, 4);
        CHECK_INT(r.cancelled + r.failed + r.held_at_end + r.waiting_at_end, 0);
    }
}

static void test_what_waits_for_one_that_is_not_done_is_given_up(void) {
    for (int how = 0; how < 3; how++) {
        few_jobs few = chain();
        ls_sim_result r;
        few.jobs[1].fails = how == 0;
        few.jobs[1].request.most_us = how == 1 ? H : INT64_MAX;  // killed
        few.jobs[0].request.shape.gpus = how == 2 ? 5 : 1;       // refused
        few_jobs_run(&few, pool_text, NULL, &r);
        CHECK_INT(r.cancelled, 2);
        CHECK_INT(r.failed, how == 0);
        CHECK_INT(r.killed, how == 1);
        CHECK_INT(r.refused, how == 2);
        CHECK_INT(r.ended + r.killed + r.refused, 2);
        CHECK_INT(few.ended_us[2] + few.ended_us[3], 0);
        CHECK_INT(r.held_at_end + r.waiting_at_end, 0);
    }
}

// The last job comes when its predecessor is over already: it waits for nothing, or is given up.
static void test_one_that_comes_later_knows_what_was(void) {
    static const uint64_t first[] = {1}, nobody[] = {99};
    for (int fails = 0; fails < 2; fails++) {
        few_jobs few = few_of(3);
        ls_sim_result r;
        few.jobs[0].number = 1;
        few.jobs[0].fails = fails != 0;
        few.jobs[1].submit_us = few.jobs[2].submit_us = 10 * H;
        few.jobs[1].after = first;
        few.jobs[2].after = nobody;
        few.jobs[1].after_count = few.jobs[2].after_count = 1;
        few_jobs_run(&few, pool_text, NULL, &r);
        CHECK_INT(few.ended_us[1], fails != 0 ? 0 : 12 * H);
        CHECK_INT(few.ended_us[2], 13 * H);
        CHECK_INT(r.cancelled, fails);
        CHECK_INT(r.held, fails);
    }
}

static void test_what_is_held_at_the_end_is_told(void) {
    static const uint64_t first[] = {1};
    few_jobs few = few_of(2);
    ls_sim_result r;
    few.jobs[0].number = 1;
    few.jobs[0].work_us = 5000 * H;
    few.jobs[1].after = first;
    few.jobs[1].after_count = 1;
    few_jobs_run(&few, pool_text, NULL, &r);
    CHECK_INT(r.held_at_end, 1);
    CHECK_INT(r.running_at_end, 1);
    CHECK_INT(r.waiting_at_end, 0);
}

// ---- at random

enum { POOLS = 200, JOBS = 100, AFTER = 3, STREAM = 5 };
#define UNTIL_US INT64_C(40000000000)

typedef struct linked {
    bool came, started, over, done, gone;
    uint64_t number, after[AFTER];
    uint32_t after_count;
} linked;

typedef struct world {
    small_pool pool;
    uint64_t seed, drawn, numbers;
    linked jobs[JOBS + 1];
    uint32_t early, astray, held, left;  // must not be: begun too early, given up without a reason
} world;

static double draw(world *w) {
    return ls_random_uniform(w->seed, STREAM, w->drawn++);
}

// Jobs of a small pool; half of them wait for others, a third of those that came share a number
// with the one before (an array of two).
static bool next(void *context, ls_sim_job *out) {
    world *w = context;
    if (!small_pool_next(&w->pool, out)) {
        return false;
    }
    linked *j = w->jobs + out->tag;
    j->came = true;
    const linked *before = out->tag > 1 ? w->jobs + out->tag - 1 : NULL;
    const bool second = (out->tag & 3) == 2 && before != NULL && before->came;
    out->of = (out->tag & 3) == 1 || second ? 2 : 1;
    j->number = out->number = second ? before->number : ++w->numbers;
    out->fails = draw(w) < 0.05;
    for (uint32_t i = 0; draw(w) < 0.5 && i < AFTER && w->numbers > 2; i++) {
        const double back = draw(w) * 12.0;
        const uint64_t most = w->numbers - 1;
        const uint64_t number = back < (double)most ? most - (uint64_t)back : 1;
        j->after[j->after_count++] = number;
    }
    out->after = j->after;
    out->after_count = j->after_count;
    return true;
}

// Of all jobs with this number: 1 done, 0 not over, -1 one of them not done.
static int state_of(const world *w, uint64_t number) {
    int state = 1;
    for (uint32_t i = 0; i <= JOBS; i++) {
        const linked *j = w->jobs + i;
        if (j->number == number && j->over && !j->done) {
            return -1;
        }
        state = j->number == number && !j->over ? 0 : state;
    }
    return state;
}

static bool on_event(void *context, const ls_sim_event *e) {
    world *w = context;
    linked *j = w->jobs + e->job->tag;
    int worst = 1;
    for (uint32_t i = 0; i < j->after_count; i++) {
        const int state = state_of(w, j->after[i]);
        worst = state < worst ? state : worst;
    }
    switch (e->kind) {
    case LS_SIM_SUBMITTED:
    case LS_SIM_STARTED:
        w->early += worst != 1;
        j->started = e->kind == LS_SIM_STARTED;
        break;
    case LS_SIM_REFUSED:
        w->early += worst != 1;
        j->over = true;
        break;
    case LS_SIM_CANCELLED:
        w->astray += worst != -1 || j->started;
        j->over = j->gone = true;
        break;
    case LS_SIM_ENDED:
    case LS_SIM_KILLED:
        j->over = true;
        j->done = e->kind == LS_SIM_ENDED && !e->job->fails;
        break;
    case LS_SIM_BROKEN: j->over = !e->job->request.restartable; break;
    case LS_SIM_HELD:
        w->astray += worst != 0;
        w->left++;
        break;
    default: break;
    }
    return true;
}

static ls_status play(world *w, uint64_t seed, ls_sim_result *out, ls_error *err) {
    const small_pool_def def = {.seed = seed,
                                .limits = (seed & 1) != 0,
                                .fractions = (seed & 2) != 0,
                                .gangs = (seed & 4) != 0,
                                .spots = (seed & 8) != 0};
    memset(w, 0, sizeof *w);
    w->seed = seed;
    small_pool_make(&w->pool, &def, JOBS, 1.1);
    ls_sim_def sim = small_pool_sim(&w->pool, UNTIL_US);
    sim.load = (ls_sim_load){.next = next, .context = w};
    sim.policy = ls_sim_policies + seed % ls_sim_policy_count;
    sim.on_event = on_event;
    sim.context = w;
    if ((seed & 16) != 0) {
        sim.failures = (ls_sim_failures){.every_us = INT64_C(36000000000),
                                         .repair_us = INT64_C(3600000000)};
    }
    return ls_simulate(&sim, out, err);
}

static void test_nothing_starts_before_what_it_waits_for(void) {
    world *w = calloc(1, sizeof *w);
    uint64_t held = 0, cancelled = 0, left = 0;
    for (uint64_t seed = 0; w != NULL && seed < POOLS && !harness_has_failed(); seed++) {
        ls_sim_result r;
        ls_error err = {0};
        CHECK_INT(play(w, seed, &r, &err), LS_OK);
        CHECK_INT(w->early, 0);
        CHECK_INT(w->astray, 0);
        CHECK_INT(w->left, r.held_at_end);
        CHECK_INT(r.submitted, r.refused + r.ended + r.killed + r.lost_jobs + r.waiting_at_end +
                                   r.running_at_end + r.cancelled + r.held_at_end);
        held += r.held;
        cancelled += r.cancelled;
        left += r.held_at_end;
    }
    harness_note("%llu held, %llu cancelled, %llu left", (unsigned long long)held,
                 (unsigned long long)cancelled, (unsigned long long)left);
    CHECK(held > 20 * POOLS && cancelled > POOLS && left > POOLS);
    free(w);
}

static void test_memory_that_runs_out_is_told(void) {
    world *w = calloc(1, sizeof *w);
    bool done = false;
    for (int64_t after = 0; w != NULL && !done && after < 100000; after += 1 + after / 100) {
        ls_sim_result r;
        ls_error err = {0};
        ls_alloc_fail_after(after);
        done = play(w, 28, &r, &err) == LS_OK;
        ls_alloc_fail_after(-1);
        CHECK(done || err.status == LS_ERR_MEMORY);
    }
    CHECK(done);
    free(w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_job_starts_when_all_of_the_array_before_it_are_done);
    TEST(test_what_waits_for_one_that_is_not_done_is_given_up);
    TEST(test_one_that_comes_later_knows_what_was);
    TEST(test_what_is_held_at_the_end_is_told);
    TEST(test_nothing_starts_before_what_it_waits_for);
    TEST(test_memory_that_runs_out_is_told);
    return harness_report();
}
