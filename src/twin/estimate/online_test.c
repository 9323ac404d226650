// online_test.c - drifts are found soon, with their size and beginning; false alarms are as rare as
// stated.
#include "twin/estimate/online.h"

#include <lineshaft/plant.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "plant/sample.h"
#include "tests/harness.h"

static const char text[] =
    "plant: two\n"
    "stations:\n"
    "  grind: {process: lognormal 60 s sd 6 s, fails: {name: spindle, every: "
    "exp 4 h, repair: exp 10 min}}\n"
    "  fit: {process: 30 s}\n"
    "products:\n"
    "  gear: {route: [grind, fit], release: {every: exp 90 s}}\n";

typedef struct bench {
    ls_plant *plant;
    ls_online *online;
    uint64_t n;
    int64_t time_us;
    uint64_t alarms;
    ls_drift last;
} bench;

static bench start(void) {
    bench b = {0};
    ls_error err = {0};
    CHECK_INT(ls_plant_parse(text, strlen(text), "two.yaml", &b.plant, NULL, &err), LS_OK);
    CHECK_INT(ls_online_create(b.plant, &b.online, &err), LS_OK);
    return b;
}

static void stop(bench *b) {
    ls_online_destroy(b->online);
    ls_plant_destroy(b->plant);
}

// One grinding that takes `factor` times a draw of what the plant file says.
static bool grind(bench *b, double factor) {
    const ls_dist *dist = b->plant->dists + b->plant->steps[0].process;
    const double us = ls_dist_sample(dist, b->plant->tables, 77, 3, b->n++);
    b->time_us += 60000000;
    const ls_fact fact = {.kind = LS_FACT_PROCESS,
                          .time_us = b->time_us,
                          .value = floor(us * factor + 0.5),
                          .step = 0,
                          .lots = 1,
                          .parts = 1};
    const bool alarm = ls_online_fact(b->online, &fact, &b->last);
    b->alarms += alarm;
    return alarm;
}

static void test_a_slower_machine_is_found_with_its_size_and_beginning(void) {
    bench b = start();
    for (int i = 0; i < 500; i++) {
        grind(&b, 1.0);
    }
    CHECK_INT(b.alarms, 0);
    const int64_t began = b.time_us;
    int values = 1;
    while (!grind(&b, 1.25) && values < 100) {
        values++;
    }
    // 25 % is more than two standard deviations of the logarithm (0.0998): 10 / (2.2 - 0.5) < 7.
    CHECK(values <= 12);
    CHECK(b.last.since_us >= began - 3 * 60000000LL && b.last.since_us <= began + 2 * 60000000LL);
    CHECK(b.last.ratio_low < 1.25 && b.last.ratio_high > 1.25);
    CHECK_NEAR(b.last.expected, 60e6, 1e3);
    char words[400];
    ls_online_text(b.online, &b.last, words, sizeof words);
    CHECK_CONTAINS(words, "process of step grind of gear");
    CHECK_CONTAINS(words, "60 s");
    // The new level is learned: no more alarms until it changes back.
    for (int i = 0; i < 500; i++) {
        grind(&b, 1.25);
    }
    CHECK_INT(b.alarms, 1);
    for (int i = 0; i < 100; i++) {
        grind(&b, 1.0);
    }
    CHECK_INT(b.alarms, 2);
    CHECK(b.last.again && b.last.ratio < 1.1);
    CHECK(ls_online_describe(b.online, b.last.quantity).drifted);
    stop(&b);
}

static void test_false_alarms_are_as_rare_as_stated(void) {
    bench b = start();
    const int values = 1400000;
    for (int i = 0; i < values; i++) {
        grind(&b, 1.0);
    }
    // Expected 1400000 / 70000 = 20; Poisson: 99.9 % of the time 7 to 36. After an alarm the level
    // is the median of 100 values, off by 0.125 standard deviations: until it is learned again a
    // side then has a mean of exp(2 * 0.375 * 11.17) / (2 * 0.375^2) = 15,000 values, at worst 5
    // times as many alarms for that time.
    harness_note("%llu false alarms in %d values", (unsigned long long)b.alarms, values);
    printf("%llu false alarms\n", (unsigned long long)b.alarms);
    CHECK(b.alarms >= 7 && b.alarms <= 60);
    stop(&b);
}

static void test_constants_failures_and_releases(void) {
    bench b = start();
    ls_drift drift;
    ls_fact fact = {
        .kind = LS_FACT_PROCESS, .machine = 1, .step = 1, .station = 1, .lots = 1, .parts = 1};
    bool alarm = false;
    for (int i = 0; i < 50; i++) {
        fact.value = 30e6 + (i % 3) * 1000.0;  // a clock of milliseconds
        alarm |= ls_online_fact(b.online, &fact, &drift);
    }
    CHECK(!alarm);
    for (int i = 0; i < 50 && !alarm; i++) {
        fact.value = 31.5e6;
        alarm = ls_online_fact(b.online, &fact, &drift);
    }
    CHECK(alarm);
    CHECK_NEAR(drift.ratio, 1.05, 1e-6);

    const ls_fact often = {.kind = LS_FACT_FAILURE, .value = 600e6, .mode = 0};
    alarm = false;
    for (int i = 0; i < 60 && !alarm; i++) {
        alarm = ls_online_fact(b.online, &often, &drift);
    }
    CHECK(alarm);
    CHECK(drift.ratio < 0.1);
    char words[400];
    ls_online_text(b.online, &drift, words, sizeof words);
    CHECK_CONTAINS(words, "failure spindle of grind");

    ls_fact release = {.kind = LS_FACT_RELEASE, .value = 90e6, .release = 0};
    CHECK(!ls_online_fact(b.online, &release, &drift));
    CHECK_INT(ls_online_describe(b.online, ls_online_count(b.online) - 1).count, 1);
    stop(&b);
}

static void test_what_is_no_value_is_left_out(void) {
    bench b = start();
    ls_drift drift;
    const ls_fact wrong[] = {
        {.kind = LS_FACT_PROCESS, .value = 1, .step = 99, .lots = 1, .parts = 1},
        {.kind = LS_FACT_PROCESS, .value = 1, .machine = 99, .lots = 1, .parts = 1},
        {.kind = LS_FACT_PROCESS, .value = 1, .lots = 1, .parts = 1, .inferred = true},
        {.kind = LS_FACT_PROCESS, .value = 1, .lots = 1, .parts = 1, .censored = true},
        {.kind = LS_FACT_FAILURE, .value = 1, .mode = 9},
        {.kind = LS_FACT_RELEASE, .value = 1, .release = 9},
        {.kind = LS_FACT_SETUP, .value = 1, .station = 0, .setup_to = 1},
        {.kind = LS_FACT_DONE, .value = 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK(!ls_online_fact(b.online, wrong + i, &drift));
    }
    for (uint32_t i = 0; i < ls_online_count(b.online); i++) {
        char name[200];
        ls_watched_name(b.plant, i, name, sizeof name);
        CHECK(name[0] != '\0');
        CHECK_INT(ls_online_describe(b.online, i).count, 0);
    }
    stop(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_slower_machine_is_found_with_its_size_and_beginning);
    TEST(test_false_alarms_are_as_rare_as_stated);
    TEST(test_constants_failures_and_releases);
    TEST(test_what_is_no_value_is_left_out);
    return harness_report();
}
