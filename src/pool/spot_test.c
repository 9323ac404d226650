// spot_test.c - spot jobs are in nobody's way; elastic jobs grow into what is idle.
//
// That the scheduler does with spot jobs what its reference does is scheduler_reference_test.c.
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "pool/simulated.h"
#include "pool/testing/few_jobs.h"
#include "pool/testing/small_pool.h"
#include "pool/why.h"
#include "tests/harness.h"

#define PARK                              \
    "pool: park\n"                        \
    "nodes: {count: 2, kind: dgx-h100}\n" \
    "reclaim: 10 min\n"                   \
    "accounts:\n"                         \
    "  castings: {guarantee: 8}\n"        \
    "  harness: {guarantee: 0, limit: 8}\n"

static uint32_t spots(scene *s, uint32_t count, const char *account, uint32_t gpus,
                      int64_t stop_us) {
    ls_pool_request r = scene_request(s, account, 1, gpus);
    r.spot = true;
    r.stop_us = stop_us;
    uint32_t first = UINT32_MAX;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t job = scene_submit(s, &r, 100 * SCENE_H);
        first = i == 0 ? job : first;
    }
    return first;
}

static void test_spot_jobs_are_stopped_at_once_for_whoever_needs_their_place(void) {
    scene *s = scene_of(PARK);
    if (s == NULL) {
        return;
    }
    const uint32_t first = spots(s, 16, "castings", 1, SCENE_MIN);
    scene_decide(s);
    CHECK_INT(scene_running(s, first, 16), 16);
    // No part of what it is guaranteed.
    CHECK_INT(ls_shares_held(ls_scheduler_shares(s->s), ls_pool_account(s->pool, "castings")), 0);
    // Who would borrow: harness is guaranteed nothing, and waits a minute at most.
    const uint32_t job = scene_jobs(s, 1, "harness", 1, 4, SCENE_H);
    scene_decide(s);
    CHECK_INT(scene_running(s, first, 16), 12);
    scene_pass(s, SCENE_MIN);
    CHECK_INT(s->jobs[job].state, SCENE_RUNS);
    CHECK_INT(s->jobs[job].started_us, SCENE_MIN);
    // As many as come, side by side; those that were stopped wait, and come back afterwards.
    const uint32_t more = scene_jobs(s, 4, "castings", 1, 2, SCENE_H);
    scene_pass(s, SCENE_MIN);
    CHECK_INT(scene_running(s, more, 4), 4);
    CHECK_INT(scene_running(s, first, 16), 4);
    scene_pass(s, 2 * SCENE_H);
    CHECK_INT(scene_running(s, first, 16), 16);
    scene_end(s);
}

static void test_why_a_spot_job_waits_is_told(void) {
    scene *s = scene_of(PARK);
    if (s == NULL) {
        return;
    }
    scene_jobs(s, 2, "castings", 1, 8, SCENE_H);
    const uint32_t job = spots(s, 1, "castings", 1, SCENE_MIN);
    scene_decide(s);
    ls_why why;
    ls_error err = {0};
    char text[1024];
    CHECK_INT(ls_why_waits(s->s, s->jobs[job].id, s->now_us, &why, &err), LS_OK);
    ls_why_text(&why, &s->pool->cluster, NULL, text, sizeof text);
    CHECK(why.spot && why.guarantor == LS_POOL_NONE && why.back_us == INT64_MAX);
    CHECK_CONTAINS(text, "A spot job: it starts when nobody else needs the place");
    scene_end(s);
}

static void test_spot_jobs_give_way_below_a_limit(void) {
    scene *s = scene_of(PARK);
    if (s == NULL) {
        return;
    }
    const uint32_t first = spots(s, 8, "harness", 1, SCENE_MIN);  // up to the limit of harness
    const uint32_t ninth = spots(s, 1, "harness", 1, SCENE_MIN);
    scene_decide(s);
    CHECK_INT(scene_running(s, first, 8), 8);
    CHECK_INT(s->jobs[ninth].state, SCENE_WAITS);
    const uint32_t job = scene_jobs(s, 1, "harness", 1, 2, SCENE_H);  // eight GPUs are free
    scene_pass(s, SCENE_MIN);
    CHECK_INT(s->jobs[job].state, SCENE_RUNS);
    CHECK_INT(scene_running(s, first, 9), 6);
    scene_end(s);
}

static void test_what_is_taken_back_comes_from_spot_jobs_first(void) {
    scene *s = scene_of(PARK);
    if (s == NULL) {
        return;
    }
    const uint32_t borrowed = scene_jobs(s, 8, "harness", 1, 1, 10 * SCENE_H);
    scene_decide(s);
    const uint32_t first = spots(s, 8, "harness", 1, SCENE_MIN);
    scene_decide(s);
    CHECK_INT(scene_running(s, first, 8), 0);  // the limit of harness is reached
    const uint32_t others = spots(s, 8, "castings", 1, SCENE_MIN);
    scene_decide(s);
    CHECK_INT(scene_running(s, others, 8), 8);
    scene_jobs(s, 2, "castings", 1, 4, SCENE_H);
    scene_pass(s, 30 * SCENE_MIN);
    CHECK_INT(scene_running(s, borrowed, 8), 8);  // nobody of those who borrow
    CHECK_INT(scene_held(s, "castings"), 8000);
    scene_end(s);
}

static void test_a_spot_job_that_could_not_be_stopped_is_refused(void) {
    scene *s = scene_of(PARK);
    if (s == NULL) {
        return;
    }
    ls_pool_request r = scene_request(s, "castings", 1, 1);
    r.spot = true;
    r.restartable = false;
    CHECK_INT(scene_submit(s, &r, SCENE_H), UINT32_MAX);
    CHECK_STR(s->reason, "a spot job has to be one that may be stopped and begun again");
    scene_end(s);
}

// ---- in nobody's way: on pools where a place is where a GPU is, jobs that are not spot, and are
// neither stopped nor promised a node, start at the very same times whether or not there are spot
// jobs that stop at once.

enum { POOLS = 300, JOBS = 80 };

typedef struct starts {
    small_pool pool;
    bool leave_out;  // spot jobs are not submitted
    uint64_t spots;
    int64_t first_us[JOBS + 1];
} starts;

static bool next_job(void *context, ls_sim_job *out) {
    starts *s = context;
    while (small_pool_next(&s->pool, out)) {
        out->request.shape = (ls_shape){.parts = 1, .gpus = 1, .kinds = 1};
        if (ls_random_uniform(s->pool.def.seed, 13, out->tag) < 0.5) {
            out->request.spot = out->request.restartable = true;
            out->request.stop_us = 0;
        } else {  // who is stopped for others hangs on who stands where
            out->request.restartable = false;
        }
        if (!out->request.spot || !s->leave_out) {
            return true;
        }
    }
    return false;
}

static bool note_start(void *context, const ls_sim_event *e) {
    starts *s = context;
    if (e->kind == LS_SIM_STARTED && e->first) {
        s->first_us[e->job->tag] = e->job->request.spot ? 0 : e->at_us;
        s->spots += e->job->request.spot;
    }
    return true;
}

static void play(starts *s, uint64_t seed, bool leave_out) {
    const small_pool_def def = {
        .seed = seed, .limits = seed % 2 == 0, .deep = seed % 3 == 0, .reclaim = seed % 5 < 2};
    ls_sim_result result;
    ls_error err = {0};
    memset(s, 0, sizeof *s);
    small_pool_make(&s->pool, &def, JOBS, 2.0);
    s->leave_out = leave_out;
    ls_sim_def sim = small_pool_sim(&s->pool, INT64_C(1000) * 3600000000);
    sim.load = (ls_sim_load){.next = next_job, .context = s};
    sim.scheduler.no_backfill = true;  // who is promised which node hangs on it, too
    sim.on_event = note_start;
    sim.context = s;
    CHECK_INT(ls_simulate(&sim, &result, &err), LS_OK);
}

static void test_other_jobs_start_as_if_there_were_none(void) {
    starts *with = malloc(sizeof *with);
    starts *without = malloc(sizeof *without);
    uint64_t spot_jobs = 0;
    for (uint64_t seed = 0; with != NULL && without != NULL && seed < POOLS; seed++) {
        play(with, seed, false);
        play(without, seed, true);
        uint32_t other = 0;
        for (uint32_t i = 1; i <= JOBS; i++) {
            other += with->first_us[i] != without->first_us[i];
        }
        CHECK_INT(other, 0);
        for (uint32_t i = 1; i <= JOBS && other > 0; i++) {
            if (with->first_us[i] != without->first_us[i]) {
                harness_note("seed %llu, job %u: at %lld and %lld us", (unsigned long long)seed, i,
                             (long long)with->first_us[i], (long long)without->first_us[i]);
            }
        }
        spot_jobs += with->spots;
    }
    CHECK(spot_jobs > 1000);  // else the pools show nothing
    free(with);
    free(without);
}

// ---- elastic jobs

static ls_sim_job job_of(uint64_t tag, int64_t submit_us, uint32_t parts, uint32_t gpus,
                         int64_t work_us) {
    return few_jobs_one(tag, 1, submit_us, parts, gpus, work_us);
}

static void test_an_elastic_job_grows_into_what_is_idle_and_gives_it_back(void) {
    // Two parts of one GPU, 14 more when the 16 are idle: eight times as fast. Then another job
    // wants half of the park for half an hour: four times as fast meanwhile.
    few_jobs e = {.count = 2};
    ls_sim_result r;
    e.jobs[0] = job_of(0, 0, 2, 1, 8 * SCENE_H);
    e.jobs[0].extras = 14;
    e.jobs[1] = job_of(1, 30 * SCENE_MIN, 1, 8, 30 * SCENE_MIN);
    few_jobs_run(&e, PARK, NULL, &r);
    CHECK_INT(e.ended_us[1], SCENE_H);
    // 30 min x 8 + 30 min x 4 = 6 h of 8 h; the rest at eight times the speed takes 15 min.
    CHECK_NEAR((double)e.ended_us[0], 75.0 * SCENE_MIN, 2.0);  // rounded up twice
    CHECK_INT(e.grew, 14 + 8);
    CHECK_INT(e.shrank, 8);
    CHECK_INT(r.grown, e.grew);
    CHECK_INT(r.ended, 2);
    CHECK_INT(r.waiting_at_end, 0);
    CHECK_INT(r.running_at_end, 0);
    // To the microsecond: 16 GPUs all the time until it ends.
    CHECK_INT((int64_t)(e.held / 1000), 16 * e.ended_us[0]);
    CHECK_INT((int64_t)e.lost, 0);
}

static void test_an_elastic_job_that_is_stopped_loses_the_work_of_all_its_parts(void) {
    few_jobs e = {.count = 2};
    ls_sim_result r;
    e.jobs[0] = job_of(0, 0, 1, 8, 100 * SCENE_H);  // harness borrows castings' eight
    e.jobs[0].request.account = 2;
    e.jobs[0].extras = 1;                           // its limit is eight GPUs: there is none
    e.jobs[1] = job_of(1, SCENE_H, 2, 8, SCENE_H);  // all of the park
    few_jobs_run(&e, PARK, NULL, &r);
    CHECK_INT(e.grew, 0);
    CHECK_INT(r.ended, 2);
    few_jobs f = {.count = 2};
    f.jobs[0] = job_of(0, 0, 1, 4, 8 * SCENE_H);
    f.jobs[0].extras = 3;  // sixteen GPUs
    f.jobs[0].request.account = 2;
    f.jobs[0].request.checkpoint_every_us = 40 * SCENE_MIN;
    f.jobs[1] = job_of(1, SCENE_H, 1, 8, SCENE_H);
    few_jobs_run(&f, PARK, NULL, &r);
    CHECK_INT(r.stopped, 0);  // its further parts were enough
    CHECK_INT((int64_t)f.lost, 0);
}

static bool next_growing(void *context, ls_sim_job *out) {
    starts *s = context;
    if (!small_pool_next(&s->pool, out)) {
        return false;
    }
    out->extras = (uint32_t)(5.0 * ls_random_uniform(s->pool.def.seed, 14, out->tag));
    out->request.spot = false;
    return true;
}

static void test_elastic_jobs_on_random_pools_all_come_to_an_end(void) {
    starts *s = malloc(sizeof *s);
    uint64_t grown = 0, shrunk = 0, stopped = 0, broken = 0;
    for (uint64_t seed = 0; s != NULL && seed < POOLS; seed++) {
        const small_pool_def def = small_pool_any(seed);
        ls_sim_result r;
        ls_error err = {0};
        memset(s, 0, sizeof *s);
        small_pool_make(&s->pool, &def, JOBS, 0.8);
        ls_sim_def sim = small_pool_sim(&s->pool, INT64_C(200) * 3600000000);
        sim.load = (ls_sim_load){.next = next_growing, .context = s};
        if (seed % 2 == 0) {
            sim.failures = (ls_sim_failures){.every_us = INT64_C(36000000000),
                                             .repair_us = INT64_C(3600000000)};
        }
        CHECK_INT(ls_simulate(&sim, &r, &err), LS_OK);
        CHECK_INT(r.submitted, r.refused + r.ended + r.killed + r.lost_jobs + r.waiting_at_end +
                                   r.running_at_end);
        CHECK(r.shrunk <= r.grown);
        grown += r.grown;
        shrunk += r.shrunk;
        stopped += r.stopped;
        broken += r.broken;
    }
    CHECK(grown > 1000 && shrunk > 100 && stopped > 10 && broken > 10);
    free(s);
}

static void test_memory_that_runs_out_is_told(void) {
    bool done = false;
    scene *s = scene_of(PARK);
    for (int64_t after = 0; s != NULL && !done && after < 20000; after++) {
        static const ls_day_load day = {.count = 2, .shares = {0.0, 1.0}};
        few_jobs e = {.count = 3};
        ls_sim_result r;
        ls_error err = {0};
        e.jobs[0] = job_of(0, 0, 2, 1, 8 * SCENE_H);
        e.jobs[0].extras = 14;
        e.jobs[1] = job_of(1, 30 * SCENE_MIN, 1, 8, 30 * SCENE_MIN);
        e.jobs[2] = job_of(2, SCENE_H, 1, 2, 30 * SCENE_H);
        e.jobs[2].extras = 4;
        e.jobs[2].demand = &day;
        const ls_sim_def sim = few_jobs_sim(&e, s, NULL);
        ls_alloc_fail_after(after);
        done = ls_simulate(&sim, &r, &err) == LS_OK;
        ls_alloc_fail_after(-1);
        CHECK(done || err.status == LS_ERR_MEMORY);
    }
    CHECK(done);
    scene_end(s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_spot_jobs_are_stopped_at_once_for_whoever_needs_their_place);
    TEST(test_why_a_spot_job_waits_is_told);
    TEST(test_spot_jobs_give_way_below_a_limit);
    TEST(test_what_is_taken_back_comes_from_spot_jobs_first);
    TEST(test_a_spot_job_that_could_not_be_stopped_is_refused);
    TEST(test_other_jobs_start_as_if_there_were_none);
    TEST(test_an_elastic_job_grows_into_what_is_idle_and_gives_it_back);
    TEST(test_an_elastic_job_that_is_stopped_loses_the_work_of_all_its_parts);
    TEST(test_elastic_jobs_on_random_pools_all_come_to_an_end);
    TEST(test_memory_that_runs_out_is_told);
    return harness_report();
}
