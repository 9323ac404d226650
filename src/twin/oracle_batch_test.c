// oracle_batch_test.c - batch servers against their Markov chains.
#include "tests/harness.h"
#include "twin/testing/oracle.h"

static void test_batch_server(void) {
    // lam 2, mu 1, at most 3 at a time, started with at least 1, 2, 3. Unit 10 s.
    static const struct {
        int min;
        double lq, w, busy;
    } of[] = {{1, 3.907841382, 2.953920691, 0.9134654594},
              {2, 3.513968234, 2.756984117, 0.7897346677},
              {3, 3.278039571, 2.639019785, 0.6666666667}};
    for (int i = 0; i < 3; i++) {
        oracle_check(&(oracle_case){
            .name = oracle_text("batch server, %d to 3", of[i].min),
            .plant = oracle_text(
                "plant: batch\n"
                "limits: {lots: 20000}\n"
                "stations: {s: {process: exp 10 s, per: batch, batch: {min: %d, max: 3}}}\n"
                "products: {job: {route: [s], release: {every: exp 5 s}}}\n",
                of[i].min),
            .unit_s = 10,
            .warmup = 1000,
            .length = 200000,
            .reps = 60,
            .figures = {
                {.name = "Lq", .exact = of[i].lq, .over = {ORACLE_AT("s", LS_FIG_QUEUE)}},
                {.name = "W", .exact = of[i].w, .over = {ORACLE_ALL(LS_FIG_CYCLE_MEAN)}},
                {.name = "busy", .exact = of[i].busy, .over = {ORACLE_AT("s", LS_FIG_PROCESSING)}},
                {.name = "lots a batch",
                 .exact = 2.0 / of[i].busy,
                 .over = {ORACLE_AT("s", LS_FIG_BATCH_MEAN)}}}});
    }
}

static void test_wait_for_a_full_batch(void) {
    // Batches of 4 from Poisson arrivals at 0.5 an hour, always a free machine: mean wait 3 / (2 *
    // 0.5) = 3 h.
    oracle_check(&(oracle_case){
        .name = "full batches of 4",
        .plant = "plant: batch\n"
                 "stations: {s: {machines: 3, process: 1 s, per: batch, batch: {min: 4, max: 4}}}\n"
                 "products: {job: {route: [s], release: {every: exp 2 h}}}\n",
        .unit_s = 3600,
        .warmup = 100,
        .length = 40000,
        .reps = 40,
        .figures = {
            {.name = "wait", .exact = 3.0, .over = {ORACLE_AT("s", LS_FIG_QUEUE_WAIT)}},
            {.name = "lots a batch", .exact = 4.0, .over = {ORACLE_AT("s", LS_FIG_BATCH_MEAN)}}}});
}

static void test_wait_limit_of_a_batch(void) {
    // Pairs, at most w = 1 h of waiting, Poisson at 1 an hour, always a free machine: the first lot
    // waits min(exp, w), mean 1 - 1/e; a batch holds 1 + (1 - 1/e) lots; a lot waits (1 - 1/e) / (2
    // - 1/e) on average.
    oracle_check(
        &(oracle_case){.name = "pairs, at most 1 h of waiting",
                       .plant = "plant: batch\n"
                                "stations: {s: {machines: 3, process: 1 ms, per: batch, batch: "
                                "{min: 2, max: 2, wait: 1 h}}}\n"
                                "products: {job: {route: [s], release: {every: exp 1 h}}}\n",
                       .unit_s = 3600,
                       .warmup = 100,
                       .length = 30000,
                       .reps = 40,
                       .figures = {{.name = "wait",
                                    .exact = 0.6321205588 / 1.6321205588,
                                    .over = {ORACLE_AT("s", LS_FIG_QUEUE_WAIT)}},
                                   {.name = "lots a batch",
                                    .exact = 1.6321205588,
                                    .over = {ORACLE_AT("s", LS_FIG_BATCH_MEAN)}}}});
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_batch_server);
    TEST(test_wait_for_a_full_batch);
    TEST(test_wait_limit_of_a_batch);
    return harness_report();
}
