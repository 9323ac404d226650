// plant_file_test.c - plants from disk, and what happens when memory or files are not there.
#include "import/plant_file.h"

#include <lineshaft/twin.h>
#include <string.h>

#include "tests/harness.h"

static const char *const plants[] = {"examples/minifab/minifab.yaml",
                                     "examples/gearbox/gearbox.yaml"};

// From the file to figures and a fork, as a user of the library would go.
static ls_status whole_way(const char *path, ls_error *err) {
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_twin_result *result = NULL;
    ls_snapshot *now = NULL;
    ls_snapshot *future = NULL;
    ls_snapshot *again = NULL;
    ls_status status = ls_plant_load(path, &plant, NULL, err);
    if (status == LS_OK) {
        status = ls_twin_create(plant, &twin, err);
    }
    if (status == LS_OK) {
        ls_run_def def = ls_run_def_default(twin);
        def.for_us = 2 * 86400LL * 1000000;
        def.warmup_us = -1;
        def.reps = 1;
        def.workers = 1;
        status = ls_twin_run(twin, &def, &result, err);
    }
    if (status == LS_OK) {
        status = ls_snapshot_create(twin, 1, 0, &now, err);
    }
    if (status == LS_OK) {
        status = ls_snapshot_run(twin, now, 86400LL * 1000000, err);
    }
    if (status == LS_OK) {
        status = ls_snapshot_fork(twin, now, 1, 7, &future, err);
    }
    if (status == LS_OK) {
        size_t size = 0;
        const void *bytes = ls_snapshot_bytes(future, &size);
        status = ls_snapshot_load(twin, bytes, size, &again, err);
    }
    ls_snapshot_destroy(again);
    ls_snapshot_destroy(future);
    ls_snapshot_destroy(now);
    ls_twin_result_destroy(result);
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
    return status;
}

// The n-th allocation fails, for every n until all is well. What was got is given back: the
// sanitizer builds look for leaks.
static void test_every_allocation_may_fail(void) {
    for (size_t i = 0; i < sizeof plants / sizeof *plants; i++) {
        const char *path = harness_source_path(plants[i]);
        ls_status status = LS_ERR_MEMORY;
        int failures = 0;
        for (int n = 0; status != LS_OK && n < 100000; n++) {
            ls_error err = {0};
            ls_alloc_fail_after(n);
            status = whole_way(path, &err);
            ls_alloc_fail_after(-1);
            harness_note("%s, allocation %d: %s", plants[i], n, err.text);
            CHECK(status == LS_OK || status == LS_ERR_MEMORY);
            CHECK(status == LS_OK || err.text[0] != '\0');
            failures += status != LS_OK;
        }
        CHECK_INT(status, LS_OK);
        CHECK(failures > 20);
    }
}

static void test_a_file_that_is_not_there_is_told_by_name(void) {
    ls_error err = {0};
    ls_plant *plant = NULL;
    size_t mistakes = 0;
    CHECK_INT(ls_plant_load("no/such/plant.yaml", &plant, &mistakes, &err), LS_ERR_IO);
    CHECK(plant == NULL);
    CHECK_INT(mistakes, 1);
    CHECK_STR(err.file, "no/such/plant.yaml");
}

static void test_the_first_of_many_mistakes_is_given_and_all_are_counted(void) {
    static const char text[] =
        "plant: p\n"
        "stations: {a: {proces: 1 s}, b: {machines: -1}}\n"
        "products: {q: {route: [a, b], release: {every: 1 h}}}\n";
    ls_error err = {0};
    ls_plant *plant = NULL;
    size_t mistakes = 0;
    CHECK_INT(ls_plant_parse(text, sizeof text - 1, "p.yaml", &plant, &mistakes, &err),
              LS_ERR_INVALID);
    CHECK(plant == NULL);
    CHECK(mistakes >= 2);
    CHECK_INT(err.line, 2);
    CHECK_CONTAINS(err.text, "proces");
    CHECK_STR(err.file, "p.yaml");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_allocation_may_fail);
    TEST(test_a_file_that_is_not_there_is_told_by_name);
    TEST(test_the_first_of_many_mistakes_is_given_and_all_are_counted);
    return harness_report();
}
