// oracle_network_test.c - open and closed networks of stations.
#include "tests/harness.h"
#include "twin/testing/oracle.h"

static void test_open_network_with_branches(void) {
    // Jackson: gamma 1 at s1; s1 to s2 60 %, s3 40 %; s2 to s1 10 %, s3 50 %, out 40 %; s3 to s2 20
    // %, out 80 %. Rates 1.6, 1.3, and two machines of 1; each station is M/M/c at lam = (I -
    // P^T)^-1 gamma. Unit 104 s.
    oracle_check(&(oracle_case){
        .name = "open network",
        .plant = "plant: jackson\n"
                 "limits: {lots: 20000}\n"
                 "stations:\n"
                 "  s1: {process: exp 65 s}\n"
                 "  s2: {process: exp 80 s}\n"
                 "  s3: {machines: 2, process: exp 104 s}\n"
                 "products:\n"
                 "  job:\n"
                 "    route:\n"
                 "      - {at: s1, then: {s2: 60 %, s3: 40 %}}\n"
                 "      - {at: s2, then: {s1: 10 %, s3: 50 %, done: 40 %}}\n"
                 "      - {at: s3, then: {s2: 20 %, done: 80 %}}\n"
                 "    release: {every: exp 104 s}\n",
        .unit_s = 104,
        .warmup = 3000,
        .length = 200000,
        .reps = 60,
        .figures = {{.name = "lots through s1",
                     .exact = 1.081730769,
                     .over = {ORACLE_AT("s1", LS_FIG_LOTS)},
                     .under = {ORACLE_ALL(LS_FIG_DONE)}},
                    {.name = "lots through s2",
                     .exact = 0.8173076923,
                     .over = {ORACLE_AT("s2", LS_FIG_LOTS)},
                     .under = {ORACLE_ALL(LS_FIG_DONE)}},
                    {.name = "lots through s3",
                     .exact = 0.8413461538,
                     .over = {ORACLE_AT("s3", LS_FIG_LOTS)},
                     .under = {ORACLE_ALL(LS_FIG_DONE)}},
                    {.name = "L1",
                     .exact = 2.087198516,
                     .over = {ORACLE_AT("s1", LS_FIG_QUEUE), ORACLE_AT("s1", LS_FIG_PROCESSING)}},
                    {.name = "L2",
                     .exact = 1.693227092,
                     .over = {ORACLE_AT("s2", LS_FIG_QUEUE), ORACLE_AT("s2", LS_FIG_PROCESSING)}},
                    {.name = "L3",
                     .exact = 1.02224937,
                     .over = {ORACLE_AT("s3", LS_FIG_QUEUE), {2.0, "s3", LS_FIG_PROCESSING}}},
                    {.name = "total L", .exact = 4.802674977, .over = {ORACLE_ALL(LS_FIG_WIP)}},
                    {.name = "W", .exact = 4.802674977, .over = {ORACLE_ALL(LS_FIG_CYCLE_MEAN)}}}});
}

static const char *closed(int keep, const char *first, const char *second, const char *third) {
    return oracle_text(
        "plant: closed\n"
        "stations:\n"
        "  s1: {%s}\n"
        "  s2: {%s}\n"
        "  s3: {%s}\n"
        "products:\n"
        "  job: {route: [s1, s2, s3], release: {keep: %d}}\n",
        first, second, third, keep);
}

static void test_closed_network(void) {
    // Mean value analysis, demands 1, 0.8, 0.5. Unit 10 s.
    static const struct {
        int keep;
        double x, cycle;
    } of[] = {{1, 0.4347826087, 2.3},
              {2, 0.6406685237, 3.12173913},
              {5, 0.8746757198, 5.716404248},
              {10, 0.9678530026, 10.33214752},
              {20, 0.9968874242, 20.06244588}};
    for (int i = 0; i < 5; i++) {
        oracle_check(&(oracle_case){
            .name = oracle_text("closed network, %d lots", of[i].keep),
            .plant = closed(of[i].keep, "process: exp 10 s", "process: exp 8 s",
                            "process: exp 5 s"),
            .unit_s = 10,
            .warmup = 3000,
            .length = 50000,
            .reps = 40,
            .figures = {
                {.name = "throughput", .exact = of[i].x, .over = {ORACLE_ALL(LS_FIG_THROUGHPUT)}},
                {.name = "cycle time",
                 .exact = of[i].cycle,
                 .over = {ORACLE_ALL(LS_FIG_CYCLE_MEAN)}},
                {.name = "WIP", .exact = of[i].keep, .over = {ORACLE_ALL(LS_FIG_WIP)}}}});
    }
}

static void test_closed_network_with_a_double_station(void) {
    // Buzen's convolution, demands 1, 1.6 on two machines, 0.5; 6 lots.
    oracle_check(&(oracle_case){
        .name = "closed network, two machines",
        .plant = closed(6, "process: exp 10 s", "machines: 2, process: exp 16 s",
                        "process: exp 5 s"),
        .unit_s = 10,
        .warmup = 1000,
        .length = 50000,
        .reps = 40,
        .figures = {
            {.name = "throughput", .exact = 0.8933578607, .over = {ORACLE_ALL(LS_FIG_THROUGHPUT)}},
            {.name = "cycle time",
             .exact = 6 / 0.8933578607,
             .over = {ORACLE_ALL(LS_FIG_CYCLE_MEAN)}}}});
}

static void test_conwip_of_balanced_stations(void) {
    // Practical worst case (Hopp and Spearman): w / (w + 3) with four exponential stations of
    // rate 1.
    static const int of[] = {1, 4, 12};
    for (int i = 0; i < 3; i++) {
        const double w = of[i];
        oracle_check(&(oracle_case){
            .name = oracle_text("CONWIP, 4 stations, %d lots", of[i]),
            .plant = oracle_text("plant: conwip\n"
                                 "stations: {a: {process: exp 10 s}, b: {process: exp 10 s}, c: "
                                 "{process: exp 10 s}, d: {process: exp 10 s}}\n"
                                 "products: {job: {route: [a, b, c, d], release: {keep: %d}}}\n",
                                 of[i]),
            .unit_s = 10,
            .warmup = 1000,
            .length = 50000,
            .reps = 40,
            .figures = {
                {.name = "throughput",
                 .exact = w / (w + 3),
                 .over = {ORACLE_ALL(LS_FIG_THROUGHPUT)}},
                {.name = "cycle time", .exact = w + 3, .over = {ORACLE_ALL(LS_FIG_CYCLE_MEAN)}}}});
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_open_network_with_branches);
    TEST(test_closed_network);
    TEST(test_closed_network_with_a_double_station);
    TEST(test_conwip_of_balanced_stations);
    return harness_report();
}
