// simulated_nodes_test.c - nodes that break down on the simulated clock: as often as is said, bad
// ones more often, and those that do it again and again are drained and exchanged.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pool/testing/small_pool.h"
#include "tests/harness.h"

#define DAY INT64_C(86400000000)

enum { NODES = 400, DAYS = 500 };

typedef struct park {
    small_pool pool;
    ls_cluster cluster;
    ls_pool_node nodes[NODES];
    ls_gpu_time drained, broken, all;
} park;

static bool on_close(void *context, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                     const ls_meter_pool *pool) {
    park *p = context;
    (void)from_us, (void)to_us, (void)rows;
    p->drained += pool->by_state[LS_NODE_DRAINED];
    p->broken += pool->by_state[LS_NODE_BROKEN];
    p->all += pool->all;
    return true;
}

// Without a single job.
static ls_sim_result run(park *p, uint64_t seed, const ls_sim_failures *failures) {
    const small_pool_def def = {.seed = 1};
    ls_sim_result r = {0};
    ls_error err = {0};
    memset(p, 0, sizeof *p);
    small_pool_make(&p->pool, &def, 0, 0.0);
    p->cluster = p->pool.cluster;
    p->cluster.gpus = 0;
    for (uint32_t i = 0; i < NODES; i++) {
        p->nodes[i] = p->pool.nodes[0];
        p->nodes[i].unit = LS_POOL_NONE;
        p->cluster.gpus += p->nodes[i].gpus;
    }
    p->cluster.nodes = p->nodes;
    p->cluster.node_count = NODES;
    p->cluster.unit_count = 0;
    ls_sim_def sim = small_pool_sim(&p->pool, DAYS * DAY);
    sim.scheduler.cluster = &p->cluster;
    sim.load = (ls_sim_load){.next = NULL};
    sim.states = NULL;
    sim.seed = seed;
    sim.failures = *failures;
    sim.on_close = on_close;
    sim.close_us = DAY;
    sim.context = p;
    CHECK_INT(ls_simulate(&sim, &r, &err), LS_OK);
    CHECK_STR(err.text, "");
    return r;
}

// A count of independent events: its standard deviation is its root.
static void check_count(uint64_t count, double expected) {
    CHECK_NEAR((double)count, expected, 4.0 * sqrt(expected));
}

static void test_bad_nodes_break_so_many_times_as_often(void) {
    park *p = malloc(sizeof *p);
    ls_sim_failures f = {.every_us = 100 * DAY, .repair_us = DAY / 100};
    check_count(run(p, 1, &f).node_failures, NODES * 5.0);
    // All of them are bad: exactly ten times as often.
    f.lemons = 1.0;
    f.worse = 10.0;
    check_count(run(p, 1, &f).node_failures, NODES * 50.0);
    // A tenth of them, drawn: so many that the rate doubles, but for the drawing.
    uint64_t sum = 0;
    f.lemons = 0.1;
    f.worse = 11.0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        sum += run(p, seed, &f).node_failures;
    }
    // The share drawn of 20 x 400 nodes has a standard deviation of 0.0034; it is multiplied by 10.
    CHECK_NEAR((double)sum / (20 * NODES * 5.0), 2.0, 4.0 * 0.034);
    free(p);
}

static void test_those_that_break_again_and_again_are_drained_and_exchanged(void) {
    park *p = malloc(sizeof *p);
    ls_sim_failures f = {
        .every_us = 1000 * DAY, .repair_us = DAY / 100, .lemons = 0.05, .worse = 200.0};
    // A bad one breaks every 5 days, a good one once in a thousand.
    const ls_sim_result left = run(p, 7, &f);
    CHECK_INT(left.exchanged, 0);
    CHECK(p->drained == 0);
    f.times = 3;
    f.within_us = 30 * DAY;
    f.exchange_us = 7 * DAY;
    const ls_sim_result gone = run(p, 7, &f);
    // Each bad one is found once, good ones hardly ever: about 20 of 400.
    CHECK(gone.exchanged >= 10 && gone.exchanged <= 32);
    CHECK(gone.node_failures < left.node_failures / 4);
    // Three breaks of each of them, and those of the good ones.
    CHECK_NEAR((double)gone.node_failures, NODES * 0.5 + 3.0 * (double)gone.exchanged,
               5.0 * sqrt(NODES * 0.5) + 3.0);
    // Each is out for as long as is said; those found in the last week not so long.
    const double gpus = p->nodes[0].gpus;
    const double expected = (double)gone.exchanged * 7.0 * (double)DAY * gpus * LS_POOL_WHOLE;
    CHECK((double)p->drained <= expected * (1.0 + 1e-6));
    CHECK((double)p->drained >= expected * 0.8);
    free(p);
}

static void test_the_same_seed_gives_the_same_and_no_bad_nodes_the_old(void) {
    park *p = malloc(sizeof *p);
    const ls_sim_failures plain = {.every_us = 50 * DAY, .repair_us = DAY};
    ls_sim_failures f = plain;
    const ls_sim_result a = run(p, 3, &plain);
    const ls_gpu_time broken = p->broken;
    // What is said of bad ones where there are none, and of so many as nobody comes to, is nothing.
    f.worse = 100.0;
    f.times = 16;
    f.within_us = 1;
    f.exchange_us = DAY;
    const ls_sim_result b = run(p, 3, &f);
    CHECK_INT(b.node_failures, a.node_failures);
    CHECK(p->broken == broken);
    CHECK_INT(b.exchanged, 0);
    f.lemons = 0.2;
    f.within_us = 30 * DAY;
    f.times = 3;
    const ls_sim_result c = run(p, 3, &f);
    const ls_gpu_time drained = p->drained;
    const ls_sim_result d = run(p, 3, &f);
    CHECK_INT(c.node_failures, d.node_failures);
    CHECK_INT(c.exchanged, d.exchanged);
    CHECK(drained == p->drained && drained > 0);
    free(p);
}

static void test_without_memory_it_says_so(void) {
    park *p = malloc(sizeof *p);
    const ls_sim_failures f = {.every_us = DAY,
                               .repair_us = DAY,
                               .lemons = 0.5,
                               .worse = 2.0,
                               .times = 2,
                               .within_us = DAY,
                               .exchange_us = DAY};
    uint32_t failed = 0;
    for (int64_t n = 0; n < 60; n++) {
        const small_pool_def def = {.seed = 1};
        ls_sim_result r;
        ls_error err = {0};
        small_pool_make(&p->pool, &def, 0, 0.0);
        ls_sim_def sim = small_pool_sim(&p->pool, DAY);
        sim.load = (ls_sim_load){.next = NULL};
        sim.failures = f;
        ls_alloc_fail_after(n);
        const ls_status status = ls_simulate(&sim, &r, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        failed += status == LS_ERR_MEMORY;
    }
    CHECK(failed > 10);
    free(p);
}

// Half of the failures are of one GPU: as often, and what is down is that GPU alone.
static void test_single_gpus_break(void) {
    park *p = malloc(sizeof *p);
    ls_sim_failures f = {.every_us = 100 * DAY, .repair_us = DAY, .gpus = 0.5};
    const ls_sim_result r = run(p, 5, &f);
    check_count(r.node_failures, NODES * 2.5);
    check_count(r.gpu_failures, NODES * 2.5);
    const double gpus = p->nodes[0].gpus;
    CHECK(gpus > 1.0);
    const double down = ((double)r.node_failures * gpus + (double)r.gpu_failures) * (double)DAY *
                        LS_POOL_WHOLE;
    CHECK_NEAR((double)p->broken / down, 1.0, 0.15);
    CHECK(p->drained == 0);
    f.gpus = 1.0;
    const ls_sim_result all = run(p, 5, &f);
    CHECK_INT(all.node_failures, 0);
    // The same hits as before: those on a GPU that is down already count no more.
    CHECK(all.gpu_failures >= r.node_failures + r.gpu_failures);
    // Those that do it again and again are exchanged, whatever breaks.
    f.lemons = 0.05;
    f.worse = 200.0;
    f.every_us = 1000 * DAY;
    f.repair_us = DAY / 100;
    f.times = 3;
    f.within_us = 30 * DAY;
    f.exchange_us = 7 * DAY;
    const ls_sim_result gone = run(p, 7, &f);
    CHECK(gone.exchanged >= 10 && gone.exchanged <= 32);
    CHECK(p->drained > 0);
    free(p);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_bad_nodes_break_so_many_times_as_often);
    TEST(test_those_that_break_again_and_again_are_drained_and_exchanged);
    TEST(test_the_same_seed_gives_the_same_and_no_bad_nodes_the_old);
    TEST(test_single_gpus_break);
    TEST(test_without_memory_it_says_so);
    return harness_report();
}
