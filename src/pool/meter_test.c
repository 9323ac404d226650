// meter_test.c - the books of a small pool, calculated by hand, to the thousandth and the
// microsecond; and what a simulated time comes to (outcome.h).
#include "pool/meter.h"

#include <string.h>

#include "base/arena.h"
#include "pool/outcome.h"
#include "tests/harness.h"

enum { TOP, A, B, ACCOUNTS };
#define S INT64_C(1000000)
#define GPU ((uint64_t)LS_POOL_WHOLE)
#define GPU_S(n) ((ls_gpu_time)(n)*1000 * 1000000)

static const ls_gpu_kind kinds[] = {{.name = "x"}};
static const ls_pool_node nodes[] = {{.gpus = 8}, {.gpus = 8}, {.gpus = 4}};
static const ls_cluster cluster = {
    .nodes = nodes, .node_count = 3, .kinds = kinds, .kind_count = 1, .gpus = 20};
static const uint64_t none[2], four[2] = {4 * LS_POOL_WHOLE, 0},
                               any_two[2] = {0, 2 * LS_POOL_WHOLE};
static const uint64_t no_limit[2] = {UINT64_MAX, UINT64_MAX};
static const ls_share_terms terms[] = {
    {.weight = 1.0, .guarantee = none, .limit = no_limit},
    {.weight = 1.0, .guarantee = four, .limit = no_limit},
    {.weight = 1.0, .guarantee = any_two, .limit = no_limit},
};

static ls_meter *meter_at(int64_t start_us) {
    ls_meter *m = NULL;
    ls_error err = {0};
    CHECK_INT(ls_meter_create(&cluster, terms, ACCOUNTS, start_us, &m, &err), LS_OK);
    return m;
}

static void test_books_are_exact(void) {
    ls_meter *m = meter_at(5 * S);
    ls_meter_row rows[ACCOUNTS];
    ls_meter_pool pool;
    ls_meter_hold(m, 10 * S, A, 0, 6 * GPU, false);  // 4 covered, 2 borrowed
    ls_meter_hold(m, 12 * S + 1, B, 0, 250, false);  // a quarter of a GPU
    ls_meter_drop(m, 20 * S, A, 0, 3 * GPU, false);  // 3 left: all covered
    ls_meter_lose(m, A, 3 * GPU, 4 * S);
    ls_meter_count(m, A, LS_METER_STARTED);
    ls_meter_count(m, A, LS_METER_STOPPED);
    ls_meter_count(m, B, LS_METER_STARTED);
    ls_meter_node(m, 25 * S, 2, LS_NODE_UP, LS_NODE_BROKEN);
    ls_meter_close(m, 30 * S, rows, &pool);
    CHECK(rows[A].held == GPU_S(6 * 10 + 3 * 10));
    CHECK(rows[A].borrowed == GPU_S(2 * 10));
    CHECK(rows[A].offered == GPU_S(4 * 5 + 1 * 10));  // 5 s before it held any, then one of four
    CHECK(rows[A].lost == GPU_S(12));
    const ls_gpu_time quarter = (ls_gpu_time)250 * (18 * S - 1);
    CHECK(rows[B].held == quarter && rows[B].borrowed == 0);
    CHECK(rows[B].offered == GPU_S(2 * 25) - quarter);
    CHECK(rows[TOP].held == rows[A].held + rows[B].held);
    CHECK(rows[TOP].lost == GPU_S(12));
    CHECK_INT(rows[TOP].started, 2);
    CHECK_INT(rows[A].started, 1);
    CHECK_INT(rows[A].stopped, 1);
    CHECK_INT(rows[B].stopped, 0);
    CHECK(pool.all == GPU_S(20 * 25));
    CHECK(pool.by_state[LS_NODE_BROKEN] == GPU_S(4 * 5));
    CHECK(pool.by_state[LS_NODE_UP] == GPU_S(20 * 20 + 16 * 5));
    CHECK(pool.idle == pool.by_state[LS_NODE_UP] - rows[TOP].held);
    ls_meter_close(m, 30 * S, rows, &pool);  // nothing twice
    CHECK(rows[TOP].held == 0 && rows[A].started == 0 && pool.all == 0 && pool.idle == 0);
    ls_meter_close(m, 31 * S, rows, &pool);
    CHECK(rows[A].held == GPU_S(3) && rows[A].offered == GPU_S(1));
    CHECK(pool.by_state[LS_NODE_BROKEN] == GPU_S(4) && pool.all == GPU_S(20));
    CHECK_INT(ls_shares_held(ls_meter_shares(m), A), 3 * GPU);
    ls_meter_destroy(m);
}

// Two kinds, two levels, prices that rise on the way up; a node breaks meanwhile.
static void test_energy_and_money_by_hand(void) {
    enum { POOL, MAKER, SHOP, COUNT };
    static const ls_gpu_kind two[] = {{.name = "x", .watts = 700, .idle_watts = 100},
                                      {.name = "y", .watts = 300, .idle_watts = 50}};
    static const ls_pool_node machines[] = {{.gpus = 8, .kind = 0}, {.gpus = 4, .kind = 1}};
    static const ls_cluster both = {
        .nodes = machines, .node_count = 2, .kinds = two, .kind_count = 2, .gpus = 12};
    static const uint64_t nothing[3], boundless[3] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    static const ls_share_terms rows_of[COUNT] = {
        {.weight = 1.0, .guarantee = nothing, .limit = boundless},
        {.parent = POOL, .weight = 1.0, .guarantee = nothing, .limit = boundless},
        {.parent = MAKER, .weight = 1.0, .guarantee = nothing, .limit = boundless},
    };
    // The maker pays 2.00 and 0.50, and asks 3.00 and 0.75 of its shop.
    static const uint64_t prices[] = {0, 0, 2000000, 500000, 3000000, 750000};
    const int64_t hour = 3600 * S;
    ls_meter *m = NULL;
    ls_meter_row rows[COUNT];
    ls_meter_pool pool;
    ls_error err = {0};
    CHECK_INT(ls_meter_create(&both, rows_of, COUNT, 0, &m, &err), LS_OK);
    ls_meter_price(m, prices);
    ls_meter_hold(m, 0, SHOP, 0, 4 * GPU, false);
    ls_meter_hold(m, hour, SHOP, 1, GPU / 2, false);
    ls_meter_drop(m, 2 * hour, SHOP, 0, 4 * GPU, false);
    ls_meter_node(m, 3 * hour, 0, LS_NODE_UP, LS_NODE_BROKEN);
    ls_meter_close(m, 4 * hour, rows, &pool);
    CHECK_NEAR(ls_meter_kwh(rows[SHOP].energy), 4 * 2 * 0.7 + 0.5 * 3 * 0.3, 1e-12);
    CHECK_NEAR(ls_meter_money(rows[SHOP].charge), 4 * 2 * 3.0 + 0.5 * 3 * 0.75, 1e-12);
    CHECK_NEAR(ls_meter_money(rows[MAKER].charge), 4 * 2 * 2.0 + 0.5 * 3 * 0.5, 1e-12);
    CHECK(rows[POOL].charge == rows[MAKER].charge && rows[POOL].energy == rows[SHOP].energy);
    // 8 of x for three hours less 4 for two; 4 of y for four hours less half of one for three.
    CHECK_NEAR(ls_meter_kwh(pool.idle_energy), (24 - 8) * 0.1 + (16 - 1.5) * 0.05, 1e-12);
    ls_meter_close(m, 5 * hour, rows, &pool);
    CHECK_NEAR(ls_meter_money(rows[SHOP].charge), 0.5 * 0.75, 1e-12);
    CHECK_NEAR(ls_meter_kwh(pool.idle_energy), 3.5 * 0.05, 1e-12);
    ls_meter_destroy(m);
}

// 260,000 GPUs for a hundred years are more than 64 bits hold.
static void test_books_of_a_century_do_not_run_over(void) {
    const int64_t century_us = INT64_C(3155760000) * S;
    ls_meter *m = meter_at(0);
    ls_meter_row rows[ACCOUNTS];
    ls_meter_pool pool;
    ls_meter_hold(m, 0, A, 0, 260000 * GPU, false);
    ls_meter_close(m, century_us, rows, &pool);
    CHECK(rows[A].held == (ls_gpu_time)century_us * 260000 * LS_POOL_WHOLE);
    CHECK(rows[A].held > UINT64_MAX);
    ls_meter_destroy(m);
}

static void test_memory_that_runs_out_is_told(void) {
    bool done = false;
    for (int64_t after = 0; !done && after < 50; after++) {
        ls_meter *m = NULL;
        ls_error err = {0};
        ls_alloc_fail_after(after);
        done = ls_meter_create(&cluster, terms, ACCOUNTS, 0, &m, &err) == LS_OK;
        ls_alloc_fail_after(-1);
        CHECK(done || (m == NULL && err.status == LS_ERR_MEMORY));
        ls_meter_destroy(m);
    }
    CHECK(done);
}

// ---- outcome

static void start(ls_outcome *o, uint32_t account, int64_t wait_us, bool first,
                  int64_t promised_us) {
    const ls_sim_job job = {.request = {.account = account}};
    const ls_sim_event e = {.kind = LS_SIM_STARTED,
                            .job = &job,
                            .at_us = 100 * S + wait_us,
                            .submitted_us = 100 * S,
                            .first = first,
                            .promised_us = promised_us};
    ls_outcome_event(o, &e);
}

static void happen(ls_outcome *o, uint32_t account, ls_sim_kind kind, int64_t wait_us) {
    const ls_sim_job job = {.request = {.account = account}};
    const ls_sim_event e = {.kind = kind,
                            .job = &job,
                            .at_us = 100 * S + wait_us,
                            .submitted_us = 100 * S,
                            .first = true,
                            .promised_us = INT64_MAX};
    ls_outcome_event(o, &e);
}

static void test_waits_are_counted_to_the_first_start(void) {
    ls_outcome o;
    ls_error err = {0};
    CHECK_INT(ls_outcome_make(terms, ACCOUNTS, &o, &err), LS_OK);
    for (int i = 1; i <= 100; i++) {
        start(&o, A, i * 10 * S, true, INT64_MAX);
    }
    start(&o, A, 99999 * S, false, INT64_MAX);  // after a stop: no wait of a new job
    start(&o, B, 0, true, 100 * S);             // promised, and in time
    start(&o, B, 5 * S, true, 104 * S);         // promised, a second late
    CHECK_INT(o.rows[A].jobs, 100);
    CHECK_NEAR(ls_outcome_wait_mean_s(o.rows + A), 505.0, 1e-9);
    CHECK_NEAR(o.rows[A].wait_max_s, 1000.0, 0.0);
    // in buckets of an eighth of an octave: within 4.5 %
    CHECK_NEAR(ls_outcome_wait_s(o.rows + A, 0.5), 500.0, 22.5);
    CHECK_NEAR(ls_outcome_wait_s(o.rows + A, 0.99), 990.0, 44.6);
    CHECK_NEAR(ls_outcome_wait_s(o.rows + A, 1.0), 1000.0, 45.0);
    CHECK(ls_outcome_wait_s(o.rows + A, 1.0) <= 1000.0);
    CHECK_NEAR(ls_outcome_wait_s(o.rows + B, 0.5), 0.0, 0.0);
    CHECK_INT(o.rows[B].promised, 2);
    CHECK_INT(o.rows[B].late, 1);
    CHECK_INT(o.rows[TOP].jobs, 102);
    CHECK_NEAR(ls_outcome_wait_mean_s(o.rows), 50505.0 / 102.0, 1e-9);
    // One that never started counts as long as it has waited.
    happen(&o, B, LS_SIM_LEFT, 1001 * S);
    CHECK_INT(o.rows[B].left, 1);
    CHECK_INT(o.rows[B].jobs, 2);
    CHECK_NEAR(ls_outcome_wait_mean_s(o.rows + B), 1006.0 / 3.0, 1e-9);
    CHECK_NEAR(o.rows[TOP].wait_max_s, 1001.0, 0.0);
    happen(&o, B, LS_SIM_ENDED, 0);
    happen(&o, B, LS_SIM_KILLED, 0);
    happen(&o, B, LS_SIM_STOPPED, 0);
    happen(&o, B, LS_SIM_BROKEN, 0);
    happen(&o, B, LS_SIM_REFUSED, 0);
    happen(&o, B, LS_SIM_SUBMITTED, 0);
    CHECK_INT(o.rows[TOP].ended, 2);
    CHECK_INT(o.rows[B].stopped, 1);
    CHECK_INT(o.rows[B].broken, 1);
    CHECK_INT(o.rows[B].refused, 1);
    CHECK_INT(o.rows[A].refused, 0);
    ls_outcome_clear(&o);
}

static void test_shares_are_of_nodes_that_were_up(void) {
    ls_outcome o;
    ls_error err = {0};
    CHECK_INT(ls_outcome_make(terms, ACCOUNTS, &o, &err), LS_OK);
    CHECK_NEAR(ls_outcome_used(&o), 0.0, 0.0);
    ls_meter_row rows[ACCOUNTS] = {[TOP] = {.held = GPU_S(60), .lost = GPU_S(15)}};
    ls_meter_pool pool = {.all = GPU_S(100), .idle = GPU_S(20)};
    pool.by_state[LS_NODE_UP] = GPU_S(80);
    pool.by_state[LS_NODE_BROKEN] = GPU_S(20);
    ls_outcome_close(&o, rows, &pool);
    ls_outcome_close(&o, rows, &pool);
    CHECK_NEAR(ls_outcome_used(&o), 0.75, 1e-15);
    CHECK_NEAR(ls_outcome_goodput(&o), 45.0 / 80.0, 1e-15);
    CHECK(o.pool.idle == GPU_S(40) && o.rows[TOP].total.lost == GPU_S(30));
    ls_outcome_clear(&o);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_books_are_exact);
    TEST(test_energy_and_money_by_hand);
    TEST(test_books_of_a_century_do_not_run_over);
    TEST(test_memory_that_runs_out_is_told);
    TEST(test_waits_are_counted_to_the_first_start);
    TEST(test_shares_are_of_nodes_that_were_up);
    return harness_report();
}
