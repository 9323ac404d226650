// oracle_failure_test.c - unreliable machines against queueing theory.
#include "tests/harness.h"
#include "twin/testing/oracle.h"

static const char *unreliable(const char *service, const char *fails) {
    return oracle_text(
        "plant: one\n"
        "limits: {lots: 100000}\n"
        "stations:\n"
        "  s: {process: %s, fails: {%s}}\n"
        "products:\n"
        "  job: {route: [s], release: {every: exp 5 s}}\n",
        service, fails);
}

static void test_failures_of_a_busy_machine(void) {
    // lam 0.8, mu 1, 90 busy units between failures, repair 10, exponential: M/G/1 on the
    // completion time, m1 = 10/9, m2 = 2 (10/9)^2 + 200/90; L = 14.4. The machine works 80 % of the
    // time, fails 8/9 %.
    oracle_check(&(oracle_case){
        .name = "busy failures, exponential",
        .plant = unreliable("exp 4 s", "every: exp 360 s, repair: exp 40 s, by: busy"),
        .unit_s = 4,
        .warmup = 20000,
        .length = 4000000,
        .reps = 60,
        .figures = {
            {.name = "L", .exact = 14.4, .over = {ORACLE_ALL(LS_FIG_WIP)}},
            {.name = "W", .exact = 18.0, .over = {ORACLE_ALL(LS_FIG_CYCLE_MEAN)}},
            {.name = "processing", .exact = 0.8, .over = {ORACLE_AT("s", LS_FIG_PROCESSING)}},
            {.name = "down", .exact = 0.8 / 9.0, .over = {ORACLE_AT("s", LS_FIG_DOWN)}},
            {.name = "availability",
             .exact = 0.8,
             .over = {ORACLE_AT("s", LS_FIG_AVAILABILITY)}}}});
}

static void test_failures_of_a_busy_machine_with_fixed_times(void) {
    // service 1 and repair 10 fixed, exponential between failures: m2 = (10/9)^2 + 100/90, L
    // = 7.6444.
    oracle_check(&(oracle_case){
        .name = "busy failures, fixed times",
        .plant = unreliable("4 s", "every: exp 360 s, repair: 40 s, by: busy"),
        .unit_s = 4,
        .warmup = 20000,
        .length = 1700000,
        .reps = 60,
        .figures = {{.name = "L", .exact = 7.644444444, .over = {ORACLE_ALL(LS_FIG_WIP)}},
                    {.name = "down", .exact = 0.8 / 9.0, .over = {ORACLE_AT("s", LS_FIG_DOWN)}}}});
}

static void test_failures_by_the_calendar(void) {
    // The machine also fails while idle: L = lam ((f+r)^2 + f) / ((f+r)(r mu - lam (f+r))) = 15.2,
    // f 1/90, r 1/10.
    oracle_check(&(oracle_case){
        .name = "calendar failures",
        .plant = unreliable("exp 4 s", "every: exp 360 s, repair: exp 40 s, by: calendar"),
        .unit_s = 4,
        .warmup = 20000,
        .length = 4000000,
        .reps = 60,
        .figures = {{.name = "L", .exact = 15.2, .over = {ORACLE_ALL(LS_FIG_WIP)}},
                    {.name = "W", .exact = 19.0, .over = {ORACLE_ALL(LS_FIG_CYCLE_MEAN)}},
                    {.name = "down", .exact = 0.1, .over = {ORACLE_AT("s", LS_FIG_DOWN)}}}});
}

static void test_scrapped_lots_of_a_failing_machine(void) {
    // Saturated; a lot is lost when the failure (rate 1/9) comes before the end of service (rate
    // 1): 10 %. A cycle of service or failure takes 0.9 on average, a repair 3: time per lot 0.9 +
    // 0.1 * 3 = 1.2.
    oracle_check(&(oracle_case){
        .name = "failures that scrap",
        .plant = "plant: one\n"
                 "stations:\n"
                 "  s: {process: exp 10 s, fails: {every: exp 90 s, repair: exp 30 s, by: busy, "
                 "lots: scrap}}\n"
                 "products:\n"
                 "  job: {route: [s], release: {keep: 3}}\n",
        .unit_s = 10,
        .warmup = 100,
        .length = 50000,
        .reps = 40,
        .figures = {
            {.name = "scrapped",
             .exact = 0.1,
             .over = {ORACLE_ALL(LS_FIG_SCRAPPED)},
             .under = {ORACLE_ALL(LS_FIG_RELEASED)}},
            {.name = "throughput", .exact = 0.9 / 1.2, .over = {ORACLE_ALL(LS_FIG_THROUGHPUT)}}}});
}

static void test_restarted_lots_of_a_failing_machine(void) {
    // Preemptive repeat of the same service time 1: with failures at rate f = 0.2 and repair r = 2
    // the mean completion time is (e^f - 1)(1/f + r) = 0.2214027582 * 7 = 1.549819307.
    oracle_check(&(oracle_case){.name = "failures that restart",
                                .plant = "plant: one\n"
                                         "stations:\n"
                                         "  s: {process: 10 s, fails: {every: exp 50 s, repair: "
                                         "exp 20 s, by: busy, lots: restart}}\n"
                                         "products:\n"
                                         "  job: {route: [s], release: {keep: 3}}\n",
                                .unit_s = 10,
                                .warmup = 100,
                                .length = 20000,
                                .reps = 40,
                                .figures = {{.name = "throughput",
                                             .exact = 1.0 / 1.549819307,
                                             .over = {ORACLE_ALL(LS_FIG_THROUGHPUT)}}}});
}

static void test_maintenance_by_count(void) {
    // Every 50 parts of 1, 20 of maintenance, saturated: 50/70, exact in whole cycles of 70.
    oracle_check(&(oracle_case){
        .name = "maintenance every 50 parts",
        .plant = "plant: one\n"
                 "stations:\n"
                 "  s: {process: 1 min, maintenance: {every: 50 parts, for: 20 min}}\n"
                 "products:\n"
                 "  job: {route: [s], release: {keep: 2}}\n",
        .unit_s = 60,
        .warmup = 0,
        .length = 700000,
        .reps = 2,
        .figures = {
            {.name = "throughput", .exact = 50.0 / 70.0, .over = {ORACLE_ALL(LS_FIG_THROUGHPUT)}},
            {.name = "maintenance",
             .exact = 20.0 / 70.0,
             .over = {ORACLE_AT("s", LS_FIG_MAINTENANCE)}}}});
}

static void test_repairmen(void) {
    // Birth and death: 5 machines, 10 up, 2 in repair, one crew or two; always work for every
    // machine.
    for (int crews = 1; crews <= 2; crews++) {
        for (int busy = 0; busy <= 1; busy++) {
            const double up = crews == 1 ? 3.575660893 : 4.10933082;
            oracle_check(&(oracle_case){
                .name = oracle_text("5 machines, %d repairers, failures by %s", crews,
                                    busy ? "busy" : "calendar"),
                .plant = oracle_text(
                    "plant: repair\n"
                    "crews: {mechanics: {count: %d}}\n"
                    "stations:\n"
                    "  m:\n"
                    "    machines: 5\n"
                    "    process: exp 3 min\n"
                    "    fails: {every: exp 10 min, repair: exp 2 min, by: %s, crew: mechanics}\n"
                    "products:\n"
                    "  job: {route: [m], release: {keep: 12}}\n",
                    crews, busy ? "busy" : "calendar"),
                .unit_s = 60,
                .warmup = 500,
                .length = 60000,
                .reps = 40,
                .figures = {
                    {.name = "machines up", .exact = up, .over = {{5.0, "m", LS_FIG_PROCESSING}}},
                    {.name = "machines down", .exact = 5.0 - up, .over = {{5.0, "m", LS_FIG_DOWN}}},
                    {.name = "throughput",
                     .exact = up / 3.0,
                     .over = {ORACLE_ALL(LS_FIG_THROUGHPUT)}}}});
        }
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_failures_of_a_busy_machine);
    TEST(test_failures_of_a_busy_machine_with_fixed_times);
    TEST(test_failures_by_the_calendar);
    TEST(test_scrapped_lots_of_a_failing_machine);
    TEST(test_restarted_lots_of_a_failing_machine);
    TEST(test_maintenance_by_count);
    TEST(test_repairmen);
    return harness_report();
}
