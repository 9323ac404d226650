// simulated_test.c - the simulated clock on random small pools: what is handed out, what the books
// say, the same bytes again, memory that runs out.
#include "pool/simulated.h"

#include <stdlib.h>
#include <string.h>

#include "pool/testing/small_pool.h"
#include "tests/harness.h"

enum { POOLS = 300, JOBS = 120, PARTS_MAX = 32, ACCOUNTS = SMALL_ACCOUNTS_MAX };
#define UNTIL_US INT64_C(200000000000)
#define CLOSE_US INT64_C(7200000000)

// What runs where, by our own account.
typedef struct running {
    bool runs;
    int64_t since_us;
    ls_pool_share shares[PARTS_MAX];
} running;

typedef struct ledger {
    small_pool pool;
    running jobs[JOBS + 1];
    uint32_t gpus[SMALL_NODES_MAX][LS_POOL_NODE_GPUS_MAX];
    uint64_t held[ACCOUNTS], held_kind[ACCOUNTS][SMALL_KINDS];
    ls_gpu_time time[ACCOUNTS], lost[ACCOUNTS];  // since the books were closed last
    int64_t now_us;
    uint64_t hash, double_gpus, over_limits, late, gave_way, promised, wrong_books, stops, left;
} ledger;

static void mix(ledger *l, uint64_t value) {
    l->hash = (l->hash ^ value) * 0x100000001b3u;
    l->hash ^= l->hash >> 29;
}

static void pass(ledger *l, int64_t to_us) {
    for (uint32_t i = 0; i < l->pool.account_count; i++) {
        l->time[i] += (ls_gpu_time)(to_us - l->now_us) * l->held[i];
    }
    l->now_us = to_us;
}

static void move(ledger *l, const ls_sim_job *job, bool take) {
    running *r = l->jobs + job->tag;
    const ls_shape *s = &job->request.shape;
    const uint32_t milli = s->milli != 0 ? s->milli : LS_POOL_WHOLE;
    for (uint32_t i = 0; i < s->parts; i++) {
        for (uint32_t g = 0; g < LS_POOL_NODE_GPUS_MAX; g++) {
            if (((r->shares[i].gpus >> g) & 1) != 0) {
                uint32_t *used = &l->gpus[r->shares[i].node][g];
                *used = take ? *used + milli : *used - milli;
                l->double_gpus += *used > LS_POOL_WHOLE;
            }
        }
    }
    const uint32_t kind = l->pool.nodes[r->shares[0].node].kind;
    for (uint32_t at = job->request.account;; at = l->pool.terms[at].parent) {
        const uint64_t all = ls_shape_milli(s);
        l->held[at] += take ? all : 0 - all;
        l->held_kind[at][kind] += take ? all : 0 - all;
        l->over_limits += take && at != 0 &&
                          (l->held[at] > l->pool.limit[at][SMALL_KINDS] ||
                           l->held_kind[at][kind] > l->pool.limit[at][kind]);
        if (at == 0) {
            break;
        }
    }
    r->runs = take;
}

static bool on_event(void *context, const ls_sim_event *e) {
    ledger *l = context;
    running *r = l->jobs + e->job->tag;
    pass(l, e->at_us);
    mix(l, (uint64_t)e->kind << 56 ^ (uint64_t)e->at_us ^ e->job->tag << 40);
    if (e->kind == LS_SIM_STARTED) {
        memcpy(r->shares, e->shares, e->job->request.shape.parts * sizeof *r->shares);
        r->since_us = e->at_us;
        move(l, e->job, true);
        l->promised += e->promised_us != INT64_MAX;
        const bool late = e->promised_us != INT64_MAX && e->at_us > e->promised_us;
        l->late += late && !e->gave_way;
        l->gave_way += late && e->gave_way;
    } else if (e->kind == LS_SIM_LEFT) {
        l->left++;
    } else if (e->kind != LS_SIM_REFUSED && e->kind != LS_SIM_SUBMITTED) {
        move(l, e->job, false);
        l->stops += e->kind == LS_SIM_STOPPED;
    }
    return true;
}

static bool on_close(void *context, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                     const ls_meter_pool *pool) {
    ledger *l = context;
    pass(l, to_us);
    for (uint32_t i = 0; i < l->pool.account_count; i++) {
        l->wrong_books += rows[i].held != l->time[i];  // to the thousandth and the microsecond
        l->wrong_books += rows[i].borrowed > rows[i].held;
        l->time[i] = 0;
    }
    const ls_gpu_time all = (ls_gpu_time)(to_us - from_us) * l->pool.cluster.gpus * LS_POOL_WHOLE;
    l->wrong_books += pool->all != all;
    l->wrong_books += rows[0].held + pool->idle > pool->all;
    return true;
}

static small_pool_def def_of(uint64_t seed) {
    return (small_pool_def){.seed = seed,
                            .limits = (seed & 1) != 0,
                            .fractions = (seed & 2) != 0,
                            .gangs = (seed & 4) != 0,
                            .kinds = (seed & 8) != 0};
}

// False: memory ran out.
static bool run_one(ledger *l, uint64_t seed, bool failures, ls_sim_result *out, ls_error *err) {
    const small_pool_def def = def_of(seed);
    memset(l, 0, sizeof *l);
    small_pool_make(&l->pool, &def, JOBS, 1.2);
    ls_sim_def sim = small_pool_sim(&l->pool, UNTIL_US);
    sim.on_event = on_event;
    sim.on_close = on_close;
    sim.close_us = CLOSE_US;
    sim.context = l;
    if (failures) {
        sim.failures = (ls_sim_failures){.every_us = INT64_C(36000000000),
                                         .repair_us = INT64_C(3600000000)};
    }
    if (failures && (seed & 64) != 0) {
        sim.failures.gpus = 0.6;
    }
    if (failures && (seed & 32) != 0) {
        sim.failures.lemons = 0.3;
        sim.failures.worse = 4.0;
        sim.failures.times = 2;
        sim.failures.within_us = INT64_C(36000000000);
        sim.failures.exchange_us = INT64_C(7200000000);
    }
    return ls_simulate(&sim, out, err) == LS_OK;
}

static void test_what_is_handed_out_is_handed_out_once_and_the_books_add_up(void) {
    ledger *l = malloc(sizeof *l);
    uint64_t stops = 0, promised = 0, gave_way = 0, broken = 0;
    for (uint64_t seed = 0; l != NULL && seed < POOLS; seed++) {
        ls_sim_result r;
        ls_error err = {0};
        CHECK(run_one(l, seed, (seed & 16) != 0, &r, &err));
        CHECK_INT(l->double_gpus, 0);
        CHECK_INT(l->over_limits, 0);
        CHECK_INT(l->wrong_books, 0);
        CHECK_INT(l->left, r.waiting_at_end);
        CHECK_INT(r.submitted, r.refused + r.ended + r.killed + r.lost_jobs + r.waiting_at_end +
                                   r.running_at_end);
        if ((seed & 17) == 0) {  // neither limits nor failures
            CHECK_INT(l->late, 0);
        }
        stops += l->stops;
        promised += l->promised;
        gave_way += l->gave_way;
        broken += r.broken;
    }
    CHECK(stops > 100 && promised > 100 && gave_way > 10 &&
          broken > 100);  // else the pools show nothing
    free(l);
}

static void test_the_same_seed_gives_the_same_events(void) {
    ledger *l = malloc(sizeof *l);
    for (uint64_t seed = 1000; l != NULL && seed < 1010; seed++) {
        ls_sim_result first, second;
        ls_error err = {0};
        CHECK(run_one(l, seed, true, &first, &err));
        const uint64_t hash = l->hash;
        CHECK(run_one(l, seed, true, &second, &err));
        CHECK(l->hash == hash);
        CHECK(memcmp(&first, &second, sizeof first) == 0);
    }
    free(l);
}

// Allocations fail, each of the first 500 and then more and more apart: the run ends with an error,
// and nothing is left behind (a leak is told by the sanitizers' build).
static void test_memory_that_runs_out_is_told(void) {
    ledger *l = malloc(sizeof *l);
    bool done = false;
    for (int64_t after = 0; l != NULL && !done && after < 200000; after += 1 + after / 500) {
        ls_sim_result r;
        ls_error err = {0};
        ls_alloc_fail_after(after);
        done = run_one(l, 30, true, &r, &err);
        ls_alloc_fail_after(-1);
        CHECK(done || err.status == LS_ERR_MEMORY);
    }
    CHECK(done);
    free(l);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_is_handed_out_is_handed_out_once_and_the_books_add_up);
    TEST(test_the_same_seed_gives_the_same_events);
    TEST(test_memory_that_runs_out_is_told);
    return harness_report();
}
