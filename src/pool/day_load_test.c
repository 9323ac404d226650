// day_load_test.c - services have as many replicas as their load asks for, where they are theirs.
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/units.h"
#include "pool/simulated.h"
#include "pool/testing/few_jobs.h"
#include "pool/testing/small_pool.h"
#include "tests/harness.h"

enum { POOLS = 300, JOBS = 60 };

static void test_a_day_is_read(void) {
    ls_day_load d;
    ls_error err = {0};
    CHECK_INT(ls_day_load_parse("0.25/1/.5", &d, &err), LS_OK);
    CHECK_INT(d.count, 3);
    CHECK_NEAR(d.shares[0], 0.25, 0.0);
    CHECK_NEAR(d.shares[2], 0.5, 0.0);
    static const char *const wrong[] = {"", "1/", "/1", "1.01", "-0.1", "1//1", "nan", "0.5;0.6"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        err = (ls_error){0};
        CHECK_INT(ls_day_load_parse(wrong[i], &d, &err), LS_ERR_INVALID);
        CHECK_CONTAINS(err.text, "shares from 0 to 1");
    }
    char many[4 * LS_DAY_LOAD_SPANS_MAX] = "0";
    for (uint32_t i = 1; i < LS_DAY_LOAD_SPANS_MAX; i++) {
        strcat(many, "/1");
    }
    CHECK_INT(ls_day_load_parse(many, &d, &err), LS_OK);
    strcat(many, "/1");
    CHECK_INT(ls_day_load_parse(many, &d, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "at most 96 spans");
}

static void test_replicas_are_rounded_up_within_their_bounds(void) {
    const ls_day_load d = {.count = 4, .shares = {0.0, 0.21, 0.2, 1.0}};
    CHECK_INT(ls_day_load_wanted(&d, 0, 1, 10), 1);
    CHECK_INT(ls_day_load_wanted(&d, 6 * LS_US_PER_HOUR, 1, 10), 3);
    CHECK_INT(ls_day_load_wanted(&d, 12 * LS_US_PER_HOUR, 1, 10), 2);
    CHECK_INT(ls_day_load_wanted(&d, 12 * LS_US_PER_HOUR, 4, 10), 4);
    CHECK_INT(ls_day_load_wanted(&d, LS_US_PER_DAY - 1, 1, 10), 10);
    CHECK_INT(ls_day_load_wanted(&d, -1, 1, 10), 10);
    CHECK_INT(ls_day_load_wanted(&d, 3 * LS_US_PER_DAY, 1, 10), 1);
    // Two days, but for the first and the last hour.
    CHECK_NEAR(ls_day_load_between(&d, LS_US_PER_HOUR, 2 * LS_US_PER_DAY - LS_US_PER_HOUR, 1, 10),
               (2.0 * 6 * (1 + 3 + 2 + 10) - 1 - 10) * LS_US_PER_HOUR, 0.0);
    CHECK_NEAR(ls_day_load_between(&d, 5, 5, 1, 10), 0.0, 0.0);
}

// Spans that are no whole number of microseconds still meet, and are as long as the day.
static void test_spans_meet(void) {
    for (uint32_t count = 1; count <= LS_DAY_LOAD_SPANS_MAX; count++) {
        ls_day_load d = {.count = count};
        uint32_t seen = 0;
        for (uint32_t i = 0; i < count; i++) {
            d.shares[i] = (double)i / LS_DAY_LOAD_SPANS_MAX;
        }
        for (int64_t at = 0; at < LS_US_PER_DAY && seen <= count; seen++) {
            CHECK_INT(ls_day_load_wanted(&d, at, 0, LS_DAY_LOAD_SPANS_MAX), seen);
            const int64_t next = ls_day_load_next_us(&d, at);
            CHECK_INT(ls_day_load_next_us(&d, next - 1), next);
            CHECK_INT(ls_day_load_wanted(&d, next - 1, 0, LS_DAY_LOAD_SPANS_MAX), seen);
            at = next;
        }
        CHECK_INT(seen, count);
    }
}

// ---- in a pool

#define PARK                              \
    "pool: park\n"                        \
    "nodes: {count: 2, kind: dgx-h100}\n" \
    "reclaim: 10 min\n"                   \
    "accounts:\n"                         \
    "  castings: {guarantee: 12}\n"       \
    "  harness: {guarantee: 0}\n"

static void test_a_service_follows_its_load(void) {
    const ls_day_load day = {.count = 4, .shares = {0.0, 0.5, 1.0, 0.25}};
    few_jobs l = {.count = 1};
    ls_sim_result r;
    l.jobs[0] = few_jobs_one(0, 1, 0, 1, 1, 48 * SCENE_H);
    l.jobs[0].extras = 7;
    l.jobs[0].demand = &day;
    few_jobs_run(&l, PARK, NULL, &r);
    // It is up for two days, and not done sooner by having more replicas.
    CHECK_INT(l.ended_us[0], 48 * SCENE_H);
    CHECK_INT((int64_t)(l.held / 1000), INT64_C(2) * 6 * (1 + 4 + 8 + 2) * SCENE_H);
    CHECK_INT(l.grew, 2 * (3 + 4));
    CHECK_INT(l.shrank, 2 * 6 + 1);  // the second time it has two when it ends: one of them further
    CHECK_INT(r.services, 1);
    CHECK_NEAR(r.served_milli_us, 1000.0 * 12 * 15 * SCENE_H, 0.0);
    CHECK_NEAR(r.demanded_milli_us, r.served_milli_us, 0.0);
    CHECK_INT(r.ended, 1);
    CHECK_INT(r.waiting_at_end, 0);
}

static void test_a_service_takes_back_its_guarantee_as_its_load_rises(void) {
    const ls_day_load day = {.count = 2, .shares = {0.0, 0.75}};
    few_jobs l = {.count = 2};
    ls_sim_result r;
    l.jobs[0] = few_jobs_one(0, 1, 0, 1, 1, 24 * SCENE_H);
    l.jobs[0].extras = 15;  // twelve GPUs at its load: all that it is guaranteed
    l.jobs[0].demand = &day;
    l.jobs[1] = few_jobs_one(1, 2, 0, 1, 7, 100 * SCENE_H);  // borrows on the one node
    few_jobs_run(&l, PARK, NULL, &r);
    CHECK_INT(r.stopped, 1);
    CHECK_NEAR(r.demanded_milli_us, 1000.0 * 12 * 13 * SCENE_H, 0.0);
    // Twelve and seven are more than sixteen: three wait for what was lent, back in ten minutes.
    const double missing = r.demanded_milli_us - r.served_milli_us;
    CHECK(missing > 0.0 && missing <= 1000.0 * 3 * 10 * SCENE_MIN);
    CHECK_INT(r.ended, 2);
}

static void test_peers_without_accounts_serve_it_too(void) {
    const ls_day_load day = {.count = 2, .shares = {0.0, 1.0}};
    static const char *const policies[] = {"fifo", "easy", "sjf"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        few_jobs l = {.count = 1};
        ls_sim_result r;
        l.jobs[0] = few_jobs_one(0, 2, 0, 1, 1, 24 * SCENE_H);
        l.jobs[0].extras = 15;
        l.jobs[0].demand = &day;
        few_jobs_run(&l, PARK, ls_sim_policy_find(policies[i]), &r);
        CHECK_NEAR(r.served_milli_us, 1000.0 * 12 * 17 * SCENE_H, 0.0);
    }
}

// ---- random pools

typedef struct serving {
    small_pool pool;
    ls_day_load days[8];
} serving;

static bool next_serving(void *context, ls_sim_job *out) {
    serving *s = context;
    if (!small_pool_next(&s->pool, out)) {
        return false;
    }
    if (ls_random_uniform(s->pool.def.seed, 14, out->tag) < 0.4 && out->request.shape.gpus > 0) {
        out->demand = s->days + out->tag % 8;
        out->extras = (uint32_t)(5.0 * ls_random_uniform(s->pool.def.seed, 15, out->tag));
        out->request.spot = false;
    }
    return true;
}

static void test_services_on_random_pools_all_come_to_an_end(void) {
    serving *s = malloc(sizeof *s);
    uint64_t services = 0, grown = 0, stopped = 0;
    double demanded = 0.0, served = 0.0;
    for (uint64_t seed = 0; s != NULL && seed < POOLS; seed++) {
        const small_pool_def def = small_pool_any(seed);
        ls_sim_result r;
        ls_error err = {0};
        memset(s, 0, sizeof *s);
        small_pool_make(&s->pool, &def, JOBS, 0.6);
        for (uint32_t i = 0; i < 8; i++) {
            s->days[i].count = 1 + 12 * i;
            for (uint32_t k = 0; k < s->days[i].count; k++) {
                s->days[i].shares[k] = ls_random_uniform(seed, 16 + i, k);
            }
        }
        ls_sim_def sim = small_pool_sim(&s->pool, INT64_C(200) * 3600000000);
        sim.load = (ls_sim_load){.next = next_serving, .context = s};
        sim.policy = ls_sim_policies + (seed % 5 == 4 ? 2 : 0);
        if (seed % 2 == 0) {
            sim.failures = (ls_sim_failures){.every_us = INT64_C(36000000000),
                                             .repair_us = INT64_C(3600000000)};
        }
        CHECK_INT(ls_simulate(&sim, &r, &err), LS_OK);
        CHECK_INT(r.submitted, r.refused + r.ended + r.killed + r.lost_jobs + r.waiting_at_end +
                                   r.running_at_end);
        CHECK(r.shrunk <= r.grown);
        // Sums of doubles of the same times, in another order.
        CHECK(r.served_milli_us <= r.demanded_milli_us * (1.0 + 1e-9) + 1.0);
        services += r.services;
        grown += r.grown;
        stopped += r.stopped;
        if (r.waiting_at_end == 0) {  // else most of it is the time of those that never can start
            demanded += r.demanded_milli_us;
            served += r.served_milli_us;
        }
    }
    CHECK(services > 1000 && grown > 1000 && stopped > 10);
    CHECK(served > 0.3 * demanded && served < demanded);
    free(s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_day_is_read);
    TEST(test_replicas_are_rounded_up_within_their_bounds);
    TEST(test_spans_meet);
    TEST(test_a_service_follows_its_load);
    TEST(test_a_service_takes_back_its_guarantee_as_its_load_rises);
    TEST(test_peers_without_accounts_serve_it_too);
    TEST(test_services_on_random_pools_all_come_to_an_end);
    return harness_report();
}
