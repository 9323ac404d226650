// hash_test.c - one seed gives one hash, whatever compiled it: gcc or clang, debug or release, any
// processor.
//
// The hashes stand in a golden file. They change with the engine and with the examples; then
// `--update` rewrites them and LS_ENGINE_VERSION is raised when snapshots of the version before
// would run on differently.
#include <inttypes.h>
#include <stdio.h>

#include <lineshaft/twin.h>

#include "base/text.h"
#include "tests/harness.h"

static void add_hash(ls_buffer *out, const char *path, int workers) {
    ls_error err = {0};
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_twin_result *result = NULL;
    CHECK_INT(ls_plant_load(harness_source_path(path), &plant, NULL, &err), LS_OK);
    CHECK_INT(ls_twin_create(plant, &twin, &err), LS_OK);
    if (twin != NULL) {
        ls_run_def def = ls_run_def_default(twin);
        def.for_us = 20 * 86400LL * 1000000;
        def.warmup_us = -1;
        def.reps = 3;
        def.seed = 42;
        def.workers = workers;
        CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_OK);
    }
    if (result != NULL) {
        const ls_twin_facts facts = ls_twin_result_facts(result);
        const double cycle =
            ls_twin_result_class(result, ls_twin_describe(twin).classes, LS_FIG_CYCLE_MEAN).mean;
        ls_buffer_printf(out, "%s %016" PRIx64 " %" PRIu64 " events, cycle time %.17g s\n", path,
                         facts.hash, facts.events, cycle);
    }
    ls_twin_result_destroy(result);
    ls_twin_destroy(twin);
    ls_plant_destroy(plant);
}

static void check_hashes(int workers) {
    static const char *const paths[] = {"examples/mm1/mm1.yaml", "examples/minifab/minifab.yaml",
                                        "examples/gearbox/gearbox.yaml"};
    ls_buffer out;
    ls_buffer_init(&out);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        add_hash(&out, paths[i], workers);
    }
    CHECK_GOLDEN("tests/golden/twin-hashes", out.data);
    ls_buffer_clear(&out);
}

static void test_every_build_gives_these_hashes(void) {
    check_hashes(1);
}

static void test_any_number_of_workers_gives_them_too(void) {
    check_hashes(2);
    check_hashes(16);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_build_gives_these_hashes);
    TEST(test_any_number_of_workers_gives_them_too);
    return harness_report();
}
