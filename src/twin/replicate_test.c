// replicate_test.c - runs of many replications: stopping, precision, refusals.
#include <math.h>
#include <string.h>

#include "tests/harness.h"
#include "twin/twin.h"

static ls_twin *make_twin(void) {
    static const char text[] =
        "plant: queue\n"
        "stations: {s: {process: exp 45 s}}\n"
        "products: {p: {route: [s], release: {every: exp 60 s}}}\n";
    ls_error err = {0};
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    CHECK_INT(ls_plant_parse(text, sizeof text - 1, "queue.yaml", &plant, NULL, &err), LS_OK);
    CHECK_INT(ls_twin_create(plant, &twin, &err), LS_OK);
    ls_plant_destroy(plant);
    return twin;
}

static volatile int stop_now;
static void stop_at_once(void *context, const ls_twin_progress *progress) {
    (void)context;
    if (progress->events > 0) {
        stop_now = 1;
    }
}

static void test_a_run_stopped_within_its_first_replication_tells_what_it_knows(void) {
    ls_twin *twin = make_twin();
    ls_error err = {0};
    ls_run_def def = ls_run_def_default(twin);
    def.for_us = ls_twin_describe(twin).horizon_us / 2;  // much longer than anybody waits
    def.warmup_us = 86400LL * 1000000;
    def.reps = 1;
    def.workers = 1;
    def.progress = stop_at_once;
    def.stop = &stop_now;
    stop_now = 0;
    ls_twin_result *result = NULL;
    CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_ERR_STOPPED);
    CHECK(result != NULL);
    if (result != NULL) {
        const ls_twin_facts facts = ls_twin_result_facts(result);
        CHECK(facts.partial);
        CHECK_INT(facts.reps, 1);
        CHECK(facts.for_us > 0 && facts.for_us < def.for_us);
        // One lot a minute over what was measured; 5 standard errors of a Poisson count.
        const double expected = (double)facts.for_us / 60e6;
        CHECK_NEAR(ls_twin_result_class(result, 0, LS_FIG_RELEASED).mean, expected,
                   5.0 * sqrt(expected));
    }
    ls_twin_result_destroy(result);
    ls_twin_destroy(twin);
}

static void stop_after_some(void *context, const ls_twin_progress *progress) {
    int64_t *done = context;
    CHECK(progress->share > 0.0 && progress->share <= 1.0);
    *done = progress->replications_done;
    stop_now = 1;
}

// However short they are: many of them take a while as well.
static void test_short_runs_are_told_of_when_they_are_done(void) {
    ls_twin *twin = make_twin();
    ls_error err = {0};
    ls_run_def def = ls_run_def_default(twin);
    def.for_us = 10 * 86400LL * 1000000;
    def.warmup_us = 0;
    def.reps = 5000;
    def.workers = 1;
    int64_t done = 0;
    stop_now = 0;
    def.progress = stop_after_some;
    def.progress_context = &done;
    def.stop = &stop_now;
    ls_twin_result *result = NULL;
    CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_ERR_STOPPED);
    CHECK(done >= 1);
    ls_twin_result_destroy(result);
    ls_twin_destroy(twin);
}

static void test_replications_go_on_until_the_interval_is_narrow(void) {
    ls_twin *twin = make_twin();
    ls_error err = {0};
    ls_run_def def = ls_run_def_default(twin);
    def.for_us = 10 * 86400LL * 1000000;
    def.warmup_us = 86400LL * 1000000;
    def.until_ci = 0.02;
    ls_twin_result *result = NULL;
    CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_OK);
    const ls_estimate cycle = ls_twin_result_class(result, 1, LS_FIG_CYCLE_MEAN);
    CHECK(ls_twin_result_facts(result).reached_ci);
    CHECK(ls_twin_result_facts(result).reps > 10);
    CHECK(cycle.half_width <= 0.02 * cycle.mean);
    ls_twin_result_destroy(result);

    def.until_ci = 0.0001;  // out of reach: ends at the limit and says so
    def.reps_max = 25;
    CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_OK);
    CHECK(!ls_twin_result_facts(result).reached_ci);
    CHECK_INT(ls_twin_result_facts(result).reps, 25);
    ls_twin_result_destroy(result);

    def.watched = LS_FIG_ON_TIME;  // no lot has a due date: more replications would not help
    def.reps_max = 1000;
    CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_OK);
    CHECK_INT(ls_twin_result_facts(result).reps, 10);
    ls_twin_result_destroy(result);

    def.watched = LS_FIG_SCRAPPED;  // always 0: as narrow as can be
    CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_OK);
    CHECK(ls_twin_result_facts(result).reached_ci);
    CHECK_INT(ls_twin_result_facts(result).reps, 10);
    ls_twin_result_destroy(result);
    ls_twin_destroy(twin);
}

static void refuse(const ls_twin *twin, const ls_run_def *def, ls_status status, const char *why) {
    ls_error err = {0};
    ls_twin_result *result = NULL;
    CHECK_INT(ls_twin_run(twin, def, &result, &err), status);
    CHECK(result == NULL);
    CHECK_CONTAINS(err.text, why);
}

static void test_runs_that_make_no_sense_are_refused(void) {
    ls_twin *twin = make_twin();
    ls_run_def def = ls_run_def_default(twin);
    def.for_us = 0;
    refuse(twin, &def, LS_ERR_INVALID, "longer than 0");
    def = ls_run_def_default(twin);
    def.reps = 0;
    refuse(twin, &def, LS_ERR_INVALID, "at least 1");
    def = ls_run_def_default(twin);
    def.level = 1.0;
    refuse(twin, &def, LS_ERR_INVALID, "between 0 and 1");
    def = ls_run_def_default(twin);
    def.until_ci = (double)NAN;
    refuse(twin, &def, LS_ERR_INVALID, "above 0");
    def = ls_run_def_default(twin);
    def.for_us = ls_twin_describe(twin).horizon_us;
    refuse(twin, &def, LS_ERR_LIMIT, "horizon");
    memset(&def, 0, sizeof def);
    refuse(twin, &def, LS_ERR_INVALID, "ls_run_def_default");
    ls_twin_destroy(twin);
}

static void test_pairs_need_the_same_luck(void) {
    ls_twin *twin = make_twin();
    ls_error err = {0};
    ls_run_def def = ls_run_def_default(twin);
    def.for_us = 86400LL * 1000000;
    def.warmup_us = 0;
    ls_twin_result *a = NULL;
    ls_twin_result *b = NULL;
    CHECK_INT(ls_twin_run(twin, &def, &a, &err), LS_OK);
    CHECK_INT(ls_twin_run(twin, &def, &b, &err), LS_OK);
    ls_estimate difference = {0};
    CHECK_INT(ls_twin_compare(a, b, 1, 1, LS_FIG_CYCLE_MEAN, 0.95, &difference, &err), LS_OK);
    CHECK_NEAR(difference.mean, 0.0, 0.0);
    CHECK_NEAR(difference.half_width, 0.0, 0.0);
    CHECK_INT(difference.count, 10);
    ls_twin_result_destroy(b);
    def.seed = 2;
    CHECK_INT(ls_twin_run(twin, &def, &b, &err), LS_OK);
    CHECK_INT(ls_twin_compare(a, b, 1, 1, LS_FIG_CYCLE_MEAN, 0.95, &difference, &err),
              LS_ERR_INVALID);
    ls_twin_result_destroy(a);
    ls_twin_result_destroy(b);
    ls_twin_destroy(twin);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_run_stopped_within_its_first_replication_tells_what_it_knows);
    TEST(test_short_runs_are_told_of_when_they_are_done);
    TEST(test_replications_go_on_until_the_interval_is_narrow);
    TEST(test_runs_that_make_no_sense_are_refused);
    TEST(test_pairs_need_the_same_luck);
    return harness_report();
}
