// smt2020_fab_test.c - the imported fabs run, and come out where other people's numbers are.
//
// Compat: PySCFabSim (github.com/prosysscience/PySCFabSim-release, commit 77103ed1), 180 days, run
// with the seeds that docs/VALIDATION.md names. The bands are wider than the scatter of seeds
// because we do not copy all that it does; the section SMT2020 there says what each difference is
// worth. Own reading: the planned flow times of the authors, DUE - START in order.txt of the data.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <lineshaft/twin.h>
#include "import/folder.h"
#include "import/smt2020.h"
#include "plant/read.h"
#include "tests/harness.h"

enum { DAYS = 180, DAYS_SLOW = 20, REPS = 3 };
static const int64_t us_per_day = INT64_C(86400000000);

// A slow build runs the fabs for fewer days, once, and compares no figures.
static int64_t span_us(void) {
    return (harness_is_slow_build() ? DAYS_SLOW : DAYS) * us_per_day;
}

typedef struct expected_class {
    const char *name;
    double days, tolerance;  // mean cycle time; share of it
} expected_class;

typedef struct fab {
    const char *folder;
    bool compat;
    ls_smt2020_dispatch dispatch;
    double done, done_tolerance;  // lots; share of them
    expected_class classes[6];
} fab;

static ls_status load_initial(void *context, const char *name, const char **out_text,
                              size_t *out_size, ls_error *err) {
    (void)name;
    (void)err;
    const ls_buffer *initial = context;
    *out_text = initial->data;
    *out_size = initial->size;
    return LS_OK;
}

static ls_twin *twin_of(const fab *f) {
    ls_smt2020_options options = ls_smt2020_options_default(f->compat);
    options.dispatch = f->dispatch;
    ls_buffer text, initial;
    ls_errors errors;
    ls_buffer_init(&text);
    ls_buffer_init(&initial);
    ls_errors_init(&errors);
    ls_plant *plant = NULL;
    ls_twin *twin = NULL;
    ls_error err;
    CHECK_INT(ls_import_smt2020_folder(f->folder, &options, &text, &initial, &errors), LS_OK);
    if (!harness_has_failed()) {
        ls_plant_files files = {.load = load_initial, .context = &initial};
        CHECK_INT(ls_plant_read(text.data, text.size, "fab.yaml", &files, &plant, &errors), LS_OK);
    }
    if (plant != NULL) {
        CHECK_INT(ls_twin_create(plant, &twin, &err), LS_OK);
    }
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    ls_buffer_clear(&initial);
    ls_buffer_clear(&text);
    return twin;
}

// The first replication as one running plant: what has come in is out, or inside.
static void check_lots(const ls_twin *twin, const ls_twin_result *result, uint64_t seed) {
    const uint32_t all = ls_twin_describe(twin).classes;
    static const ls_figure gone[] = {LS_FIG_DONE, LS_FIG_SCRAPPED, LS_FIG_LOST};
    double inside = ls_twin_result_value(result, false, all, LS_FIG_RELEASED, 0);
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        inside -= ls_twin_result_value(result, false, all, gone[i], 0);
    }
    ls_snapshot *snapshot = NULL;
    ls_error err;
    CHECK_INT(ls_snapshot_create(twin, seed, 0, &snapshot, &err), LS_OK);
    CHECK_INT(ls_snapshot_run(twin, snapshot, span_us(), &err), LS_OK);
    CHECK_INT(ls_snapshot_lots(snapshot), (int64_t)inside);
    ls_snapshot_destroy(snapshot);
}

static void check_classes(const ls_twin *twin, const ls_twin_result *result, const fab *f) {
    const uint32_t count = ls_twin_describe(twin).classes;
    for (const expected_class *e = f->classes; e->name != NULL; e++) {
        uint32_t at = 0;
        while (at < count && strcmp(ls_twin_class_name(twin, at), e->name) != 0) {
            at++;
        }
        CHECK(at < count);
        const double days = ls_twin_result_class(result, at, LS_FIG_CYCLE_MEAN).mean / 86400.0;
        harness_note("%s, %s: mean cycle time in days", f->folder, e->name);
        CHECK_NEAR(days, e->days, e->tolerance * e->days);
    }
    if (f->done > 0.0) {
        harness_note("%s: lots done", f->folder);
        CHECK_NEAR(ls_twin_result_class(result, count, LS_FIG_DONE).mean, f->done,
                   f->done_tolerance * f->done);
    }
}

static void check_fab(const fab *f) {
    ls_twin *twin = twin_of(f);
    if (twin == NULL) {
        return;
    }
    ls_run_def def = ls_run_def_default(twin);
    def.for_us = span_us();
    def.warmup_us = 0;
    def.reps = harness_is_slow_build() ? 1 : REPS;
    def.workers = 1;
    ls_twin_result *result = NULL;
    ls_error err;
    CHECK_INT(ls_twin_run(twin, &def, &result, &err), LS_OK);
    if (result != NULL) {
        if (!harness_is_slow_build()) {
            check_classes(twin, result, f);
        }
        check_lots(twin, result, def.seed);
    }
    ls_twin_result_destroy(result);
    ls_twin_destroy(twin);
}

static void test_hvlm_runs_as_in_pyscfabsim(void) {
    fab fabs[] = {
        {.compat = true,
         .dispatch = LS_SMT2020_DISPATCH_FIFO,
         .done = 9910,
         .done_tolerance = 0.03,
         .classes = {{"Lot_3", 52.6, 0.05},
                     {"Lot_4", 31.0, 0.05},
                     {"HotLot_3", 32.8, 0.03},
                     {"HotLot_4", 19.0, 0.03}}},
        {.compat = true,
         .dispatch = LS_SMT2020_DISPATCH_CR,
         .done = 10176,
         .done_tolerance = 0.025,
         .classes = {{"Lot_3", 53.2, 0.03},
                     {"Lot_4", 29.6, 0.04},
                     {"HotLot_3", 32.9, 0.03},
                     {"HotLot_4", 19.0, 0.03}}},
    };
    for (size_t i = 0; i < sizeof fabs / sizeof fabs[0]; i++) {
        fabs[i].folder = harness_source_path("examples/smt2020/HVLM");
        check_fab(&fabs[i]);
    }
}

static void test_hvlm_keeps_near_its_plan(void) {
    const fab f = {.folder = harness_source_path("examples/smt2020/HVLM"),
                   .classes = {{"Lot_3", 53.8, 0.08},
                               {"Lot_4", 30.3, 0.08},
                               {"HotLot_3", 33.3, 0.06},
                               {"HotLot_4", 19.6, 0.08}}};
    check_fab(&f);
}

static void test_lvhm_runs_as_in_pyscfabsim_and_keeps_near_its_plan(void) {
    char folder[1024];
    const char *data = harness_data_dir();
    snprintf(folder, sizeof folder, "%s/smt2020/LVHM", data != NULL ? data : "");
    struct stat facts;
    if (data == NULL || stat(folder, &facts) != 0) {
        harness_skip("no data set smt2020/LVHM in $LINESHAFT_DATA");
        return;
    }
    const fab fabs[] = {
        {.folder = folder,
         .compat = true,
         .done = 10221,
         .done_tolerance = 0.01,
         .classes = {{"Lot_1", 49.2, 0.02},
                     {"Lot_3", 55.7, 0.02},
                     {"Lot_4", 31.4, 0.025},
                     {"Lot_5", 23.2, 0.025},
                     {"Lot_10", 39.3, 0.025}}},
        {.folder = folder,
         .classes = {{"Lot_1", 49.8, 0.06},
                     {"Lot_3", 56.4, 0.06},
                     {"Lot_4", 32.2, 0.06},
                     {"Lot_5", 23.8, 0.06},
                     {"Lot_10", 40.1, 0.06}}},
    };
    for (size_t i = 0; i < sizeof fabs / sizeof fabs[0]; i++) {
        check_fab(&fabs[i]);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_hvlm_runs_as_in_pyscfabsim);
    TEST(test_hvlm_keeps_near_its_plan);
    TEST(test_lvhm_runs_as_in_pyscfabsim_and_keeps_near_its_plan);
    return harness_report();
}
