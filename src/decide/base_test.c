// base_test.c - rules for a whole plant, and the search for the best one.
#include "decide/base.h"

#include <stdlib.h>
#include <string.h>

#include "decide/testing/minifab.h"
#include "tests/harness.h"
#include "twin/rebase.h"

static minifab fab(const char *rules, bool poisson) {
    minifab m = {0};
    const minifab_def def = {.folder = harness_source_path("."),
                             .rules = rules,
                             .poisson = poisson,
                             .load = 1.0,
                             .decide = true};
    CHECK(minifab_make(&def, &m));
    return m;
}

static void test_a_rule_is_read_back_from_its_text(void) {
    minifab m = fab("FIFO/FIFO/FIFO", false);
    char text[LS_BASE_NAME];
    uint8_t rules[64] = {0};
    uint8_t again[64] = {0};
    const uint32_t count = m.plant->station_count;
    CHECK(count == 3);
    ls_rules_text(m.plant, rules, text, sizeof text);
    CHECK_STR(text, "own");
    for (int code = 0; code < LS_RULES_COUNT * LS_RULES_COUNT * LS_RULES_COUNT; code++) {
        rules[0] = (uint8_t)(code % LS_RULES_COUNT);
        rules[1] = (uint8_t)(code / LS_RULES_COUNT % LS_RULES_COUNT);
        rules[2] = (uint8_t)(code / LS_RULES_COUNT / LS_RULES_COUNT);
        ls_rules_text(m.plant, rules, text, sizeof text);
        harness_note("%s", text);
        CHECK(ls_rules_parse(m.plant, text, again));
        CHECK(memcmp(rules, again, count) == 0);
    }
    CHECK(!ls_rules_parse(m.plant, "best", again));
    CHECK(!ls_rules_parse(m.plant, "own; nowhere: spt", again));
    CHECK(!ls_rules_parse(m.plant, "own; litho: best", again));
    CHECK(!ls_rules_parse(m.plant, "", again));
    minifab_clear(&m);
}

// Where nothing is decided the line goes by its own rule, so a base rule does too.
static void test_a_rule_is_for_the_stations_where_it_is_followed(void) {
    minifab m = fab("FIFO/FIFO/FIFO", false);
    uint8_t rules[64] = {0};
    ls_decide *decide = &m.plant->decide;
    for (uint32_t i = 0; i < m.plant->station_count; i++) {
        CHECK(ls_rules_are_followed(m.plant, i));
    }
    const uint32_t points = decide->point_count;
    const uint32_t station = decide->points[0].station;
    decide->point_count = 1;
    for (uint32_t i = 0; i < m.plant->station_count; i++) {
        CHECK(ls_rules_are_followed(m.plant, i) == (i == station));
    }
    ls_rules_uniform(m.plant, LS_RULES_SPT, rules);
    for (uint32_t i = 0; i < m.plant->station_count; i++) {
        CHECK_INT(rules[i], i == station ? LS_RULES_SPT : LS_RULES_OWN);
    }
    const ls_decide_kind kind = m.points[0].kind;
    m.points[0].kind = LS_DECIDE_MAINTENANCE;
    CHECK(!ls_rules_are_followed(m.plant, station));
    m.points[0].kind = kind;
    decide->point_count = points;
    minifab_clear(&m);
}

static void test_rules_compile_to_kin_of_the_plant(void) {
    minifab m = fab("FIFO/FIFO/FIFO", false);
    uint8_t rules[64] = {0};
    for (int k = 0; k < LS_RULES_COUNT; k++) {
        ls_twin *twin = NULL;
        ls_error err = {0};
        ls_rules_uniform(m.plant, (ls_rule_kind)k, rules);
        CHECK_INT(ls_rules_compile(m.plant, m.twin, rules, &twin, &err), LS_OK);
        CHECK((twin->model->hash == m.twin->model->hash) ==
              (k == LS_RULES_OWN || k == LS_RULES_FIFO));
        ls_twin_destroy(twin);
    }
    minifab_clear(&m);
}

static ls_status run_workers(void *lender, const ls_job *job, ls_error *err) {
    return ls_workers_run(job, *(int *)lender, err);
}

static void test_the_search_finds_a_better_rule_on_any_number_of_workers(void) {
    minifab m = fab("FIFO/FIFO/FIFO", true);
    int64_t horizon_us[2] = {0};
    char name[2][LS_BASE_NAME];
    double gain[2];
    for (int workers = 1; workers <= 2; workers++) {
        ls_decider_def def = ls_decider_def_default();
        def.lent = (ls_lent){run_workers, &workers, workers};
        ls_decider *d = NULL;
        ls_error err = {0};
        CHECK_INT(ls_decider_create(m.plant, m.twin, &def, &d, &err), LS_OK);
        CHECK_INT(ls_decider_prepare(d, NULL, NULL, &err), LS_OK);
        ls_base_rule bases[LS_BASES_MAX];
        const uint32_t count = ls_decider_bases(d, bases, LS_BASES_MAX);
        CHECK(count > 5);
        for (uint32_t i = 0; i < count; i++) {
            if (bases[i].chosen) {
                CHECK(bases[i].low > 0.0);  // WIP of 28 lots under fifo, of 19 to 20 under setup
                strcpy(name[workers - 1], bases[i].name);
                gain[workers - 1] = bases[i].gain;
            }
        }
        CHECK(strstr(name[workers - 1], "setup") != NULL);
        horizon_us[workers - 1] = ls_decider_horizon_us(d, LS_NONE);
        CHECK(horizon_us[workers - 1] > 48 * INT64_C(3600000000));
        ls_decider_destroy(d);
    }
    CHECK_STR(name[0], name[1]);
    CHECK(gain[0] == gain[1]);
    CHECK_INT(horizon_us[0], horizon_us[1]);
    minifab_clear(&m);
}

static void test_a_search_can_be_stopped(void) {
    minifab m = fab("FIFO/FIFO/FIFO", false);
    ls_decider_def def = ls_decider_def_default();
    ls_decider *d = NULL;
    ls_error err = {0};
    atomic_bool stop = true;
    CHECK_INT(ls_decider_create(m.plant, m.twin, &def, &d, &err), LS_OK);
    CHECK_INT(ls_decider_prepare(d, NULL, &stop, &err), LS_ERR_STOPPED);
    ls_base_rule base;
    CHECK_INT(ls_decider_bases(d, &base, 1), 1);
    CHECK(base.chosen);
    ls_decider_destroy(d);
    minifab_clear(&m);
}

static void test_want_of_memory_ends_a_search_cleanly(void) {
    minifab m = fab("FIFO/FIFO/FIFO", false);
    ls_decider_def def = ls_decider_def_default();
    ls_decider *d = NULL;
    ls_error err = {0};
    CHECK_INT(ls_decider_create(m.plant, m.twin, &def, &d, &err), LS_OK);
    for (int64_t k = 0; k < 1200; k = k * 5 / 4 + 3) {
        ls_alloc_fail_after(k);
        const ls_status status = ls_decider_prepare(d, NULL, NULL, &err);
        ls_alloc_fail_after(-1);
        CHECK_INT(status, LS_ERR_MEMORY);
        CHECK(ls_decider_bases(d, NULL, 0) >= 1);
    }
    ls_decider_destroy(d);
    minifab_clear(&m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_rule_is_read_back_from_its_text);
    TEST(test_a_rule_is_for_the_stations_where_it_is_followed);
    TEST(test_rules_compile_to_kin_of_the_plant);
    TEST(test_the_search_finds_a_better_rule_on_any_number_of_workers);
    TEST(test_a_search_can_be_stopped);
    TEST(test_want_of_memory_ends_a_search_cleanly);
    return harness_report();
}
