// smt2020_test.c - data sets become plant files, and mistakes in them become errors with their
// place.
#include "import/smt2020.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "import/folder.h"
#include "plant/check.h"
#include "plant/read.h"
#include "tests/harness.h"

// One import, and what came of it.
typedef struct outcome {
    ls_status status;
    ls_buffer plant, initial;
    ls_errors errors;
} outcome;

static void outcome_clear(outcome *o) {
    ls_buffer_clear(&o->plant);
    ls_buffer_clear(&o->initial);
    ls_errors_clear(&o->errors);
}

static outcome outcome_new(void) {
    outcome o = {0};
    ls_buffer_init(&o.plant);
    ls_buffer_init(&o.initial);
    ls_errors_init(&o.errors);
    return o;
}

static outcome import_folder(const char *path, const ls_smt2020_options *options) {
    outcome o = outcome_new();
    o.status = ls_import_smt2020_folder(path, options, &o.plant, &o.initial, &o.errors);
    if (o.errors.count > 0) {
        char text[1500];
        ls_error_format(&o.errors.items[0], text, sizeof text);
        harness_note("%s", text);
    }
    return o;
}

static outcome import_mini(bool compat) {
    ls_smt2020_options options = ls_smt2020_options_default(compat);
    return import_folder(harness_source_path("tests/data/smt2020-mini"), &options);
}

// The mini data set with one file changed: the first `old` in it becomes `new`; NULL `old` removes
// the file. The errors' folder is "set".
static outcome import_changed(const char *name, const char *old, const char *new) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_import_files files;
    ls_error err;
    outcome o = outcome_new();
    ls_status status = ls_import_folder_read(harness_source_path("tests/data/smt2020-mini"), &arena,
                                             &files, &err);
    CHECK_INT(status, LS_OK);
    ls_import_file items[32];
    size_t count = 0;
    for (size_t i = 0; status == LS_OK && i < files.count && count < 32; i++) {
        items[count] = files.items[i];
        if (strcmp(items[count].name, name) != 0) {
            count++;
            continue;
        }
        const char *place = old != NULL ? strstr(items[count].text, old) : NULL;
        CHECK(old == NULL || place != NULL);
        if (place == NULL) {
            continue;
        }
        ls_buffer text;
        ls_buffer_init(&text);
        ls_buffer_append(&text, items[count].text, (size_t)(place - items[count].text));
        ls_buffer_text(&text, new);
        ls_buffer_text(&text, place + strlen(old));
        items[count].text = ls_arena_text(&arena, text.data, text.size);
        items[count].size = text.size;
        ls_buffer_clear(&text);
        count++;
    }
    ls_import_files changed = {.folder = "set", .items = items, .count = count};
    ls_smt2020_options options = ls_smt2020_options_default(false);
    o.status = ls_import_smt2020(&changed, &options, &o.plant, &o.initial, &o.errors);
    ls_arena_clear(&arena);
    return o;
}

// One mistake gives one error with these words, at this line and column.
static void check_mistake(const char *name, const char *old, const char *new, int line, int column,
                          const char *text) {
    harness_note("%s: '%s' for '%s'", name, new, old);
    outcome o = import_changed(name, old, new);
    CHECK_INT(o.status, LS_ERR_INVALID);
    CHECK_INT(o.errors.total, 1);
    if (o.errors.count > 0) {
        const ls_error *err = &o.errors.items[0];
        char path[64];
        ls_text_format(path, sizeof path, "set/%s", name);
        CHECK_STR(err->file, path);
        CHECK_INT(err->line, line);
        CHECK_INT(err->column, column);
        CHECK_CONTAINS(err->text, text);
    }
    CHECK(o.plant.size == 0 && o.initial.size == 0);
    outcome_clear(&o);
}

static void test_the_mini_set_becomes_a_plant(void) {
    outcome o = import_mini(false);
    CHECK_INT(o.status, LS_OK);
    CHECK_GOLDEN("tests/data/smt2020-mini/expected-plant.yaml", o.plant.data);
    CHECK_GOLDEN("tests/data/smt2020-mini/expected-initial.csv", o.initial.data);
    outcome_clear(&o);
}

static void test_compat_reads_as_pyscfabsim(void) {
    outcome o = import_mini(true);
    CHECK_INT(o.status, LS_OK);
    CHECK_GOLDEN("tests/data/smt2020-mini/expected-compat-plant.yaml", o.plant.data);
    CHECK_GOLDEN("tests/data/smt2020-mini/expected-compat-initial.csv", o.initial.data);
    outcome_clear(&o);
}

static void test_the_last_rule_can_be_replaced(void) {
    ls_smt2020_options options = ls_smt2020_options_default(false);
    options.dispatch = LS_SMT2020_DISPATCH_CR;
    options.plant_name = "the/mini fab";
    options.initial_file = "a \"b\".csv";
    outcome o = import_folder(harness_source_path("tests/data/smt2020-mini"), &options);
    CHECK_INT(o.status, LS_OK);
    CHECK_CONTAINS(o.plant.data, "\ndispatch: [hot, setup, cr]\n");
    CHECK_CONTAINS(o.plant.data, "\nplant: mini_fab\n");
    CHECK_CONTAINS(o.plant.data, "\ninitial: \"a \\\"b\\\".csv\"\n");
    CHECK(strstr(o.plant.data, "fifo") == NULL);
    outcome_clear(&o);
}

static void test_the_width_of_uniform_is_an_option(void) {
    ls_smt2020_options options = ls_smt2020_options_default(false);
    options.half_width = false;
    outcome o = import_folder(harness_source_path("tests/data/smt2020-mini"), &options);
    CHECK_CONTAINS(o.plant.data, "Hall to Hall: uniform 3.5 min to 4.5 min\n");
    outcome_clear(&o);
}

static void test_each_mistake_has_its_place(void) {
    check_mistake("route_a.txt", "\t0.8\t", "\tabc\t", 2, 27, "PTIME: 'abc' is not a number");
    check_mistake("route_a.txt", "\t0.8\t", "\t-0.8\t", 2, 27, "PTIME: -0.8 is out of range");
    check_mistake("route_a.txt", "Coat_1", "Coat_l", 2, 12,
                  "STNFAM: there is no tool group 'Coat_l'");
    check_mistake("route_a.txt", "uniform", "unifrom", 2, 19,
                  "PDIST: 'unifrom' is not known; is 'uniform' meant?");
    check_mistake("route_a.txt", "\t20\t40", "\t50\t40", 3, 47,
                  "BATCHMN: 50 is more than BATCHMX, 40");
    check_mistake("route_a.txt", "\tyes\t6", "\tyes\t2", 4, 61,
                  "FORSTEP: step 2 of 7 does not follow 3");
    check_mistake("route_a.txt", "\tyes\t6", "\tyes\t5", 4, 61,
                  "step 5 runs on 'Gas_4', not on 'Scan_3'");
    check_mistake("route_a.txt", "r_a\t3\t", "r_a\t4\t", 4, 5, "STEP: step 4 where step 3 is due");
    check_mistake("route_a.txt", "\t0.1\t", "\t0.9\t", 2, 31, "would reach below zero");
    check_mistake("route_b.txt", "\tGasC\tneed", "\t\t", 4, 49, "a setup time, and no setup");
    check_mistake("part.txt", "route_b.txt", "route_c.txt", 3, 10,
                  "there is no file in the data set");
    check_mistake("part.txt", "r_b", "r_c", 3, 22, "'route_b.txt' has no steps of route 'r_c'");
    check_mistake("order.txt", "\t1200.5\tmin", "\t1200.5\tmn", 3, 49,
                  "RUNITS: 'mn' is not a unit of time");
    check_mistake("order.txt", "Hot_a\ta", "Lot_a\ta", 3, 1, "LOT: 'Lot_a' is given twice");
    check_mistake("order.txt", "03/04/24 18:30:00", "03/04/24 18:70:00", 2, 55, "is not a date");
    check_mistake("order.txt", "03/04/24 18:30:00", "03/03/24 18:30:00", 2, 55, "is before START");
    check_mistake("WIP.txt", "a\t10\t10\t03/04/24 00:00:00\t5", "a\t10\t10\t03/04/24 00:00:00\t8",
                  2, 40, "CURSTEP: 8 is out of range");
    check_mistake("WIP.txt", "left_over\tb\t10", "left_over\tb\t50", 6, 1, "no order of 'b'");
    check_mistake("tool.txt.1l", "rank_HP;rank_RSETUP", "rank_HP;rank_SETUP", 2, 32,
                  "FWLRANK: there is no rule");
    check_mistake("tool.txt.1l", "\t3.0\tOptics", "\t3.5\tOptics", 4, 68,
                  "STNQTY: 3.5 is not whole");
    check_mistake("attach.txt", "stngrp\tCoating", "stngrp\tCoatin", 2, 27,
                  "there is no area (STNGRP) 'Coatin'");
    check_mistake("attach.txt", "Scan_WK", "Scan_VK", 4, 1,
                  "there is no calendar in pmcal.txt 'Scan_VK'");
    check_mistake("pmcal.txt", "900", "0", 3, 25, "MTBPM: 0 is out of range");
    check_mistake("downcal.txt", "3000", "0", 2, 39, "MTTF: no time between two events");
    check_mistake("setupgrp.txt", "GasB\t3", "GasB\t4", 3, 7, "MINRUN: 4 differs from the 3");
    check_mistake("fromto.txt", "Hall", "Hal", 2, 1, "there is no location");
    check_mistake("fromto.txt", "DTIME\t", "DTME\t", 1, 1, "column 'DTIME' is missing");
}

static void test_all_mistakes_are_reported_at_once(void) {
    outcome o = import_changed("route_a.txt", "r_a\t1\tcoat\tCoat_1\tuniform\t0.8",
                               "r_a\tx\tcoat\tCoat\tuniforn\t");
    CHECK_INT(o.status, LS_ERR_INVALID);
    CHECK_INT(o.errors.total, 3);
    outcome_clear(&o);
}

static void test_missing_tables_are_told(void) {
    outcome o = import_changed("order.txt", NULL, NULL);
    CHECK_INT(o.status, LS_ERR_INVALID);
    CHECK(o.errors.count > 0 && strstr(o.errors.items[0].text, "no file 'order.txt'") != NULL);
    outcome_clear(&o);
    o = import_changed("WIP.txt", NULL, NULL);
    CHECK_INT(o.status, LS_OK);
    CHECK_INT(o.initial.size, 0);
    CHECK_CONTAINS(o.plant.data, "# there is no WIP.txt: the plant starts empty\n");
    CHECK(strstr(o.plant.data, "\ninitial:") == NULL);
    outcome_clear(&o);
}

static void test_columns_that_are_not_understood_are_told(void) {
    outcome o = import_changed("part.txt", "PARTFAM", "RECIPE");
    CHECK_INT(o.status, LS_OK);
    CHECK_CONTAINS(o.plant.data, "# not used: column RECIPE of part.txt, 2 values\n");
    outcome_clear(&o);
}

static void test_no_memory_is_an_error(void) {
    ls_status status = LS_ERR_MEMORY;
    int64_t allowed = 0;
    ls_smt2020_options options = ls_smt2020_options_default(false);
    const char *path = harness_source_path("tests/data/smt2020-mini");
    for (; status != LS_OK && allowed < 3000; allowed++) {
        outcome o = outcome_new();
        ls_alloc_fail_after(allowed);
        status = ls_import_smt2020_folder(path, &options, &o.plant, &o.initial, &o.errors);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        CHECK(status == LS_OK ? o.errors.total == 0 : o.errors.total > 0);
        outcome_clear(&o);
    }
    CHECK_INT(status, LS_OK);
    CHECK(allowed > 5);
}

// Lines that begin with `start` (or hold it, after blanks).
static int count_lines(const char *text, const char *start) {
    int count = 0;
    for (const char *at = text; at != NULL && *at != '\0';) {
        const char *end = strchr(at, '\n');
        at += strspn(at, " ");
        count += strncmp(at, start, strlen(start)) == 0;
        at = end != NULL ? end + 1 : NULL;
    }
    return count;
}

static int sum_machines(const char *text) {
    int sum = 0;
    for (const char *at = text; (at = strstr(at, "\n    machines: ")) != NULL; at++) {
        sum += atoi(at + strlen("\n    machines: "));
    }
    return sum;
}

static ls_status load_initial(void *context, const char *name, const char **out, size_t *out_size,
                              ls_error *err) {
    const outcome *o = context;
    if (strcmp(name, "initial.csv") != 0) {
        return ls_fail(err, LS_ERR_IO, "no file '%s'", name);
    }
    *out = o->initial.data;
    *out_size = o->initial.size;
    return LS_OK;
}

// The plant that the outcome's texts are; NULL after a failed check.
static ls_plant *read_plant(outcome *o) {
    ls_plant *plant = NULL;
    ls_plant_files files = {.load = load_initial, .context = o};
    ls_status status = ls_plant_read(o->plant.data, o->plant.size, "plant.yaml", &files, &plant,
                                     &o->errors);
    if (o->errors.count > 0) {
        char text[1500];
        ls_error_format(&o->errors.items[0], text, sizeof text);
        harness_note("%s", text);
    }
    CHECK_INT(status, LS_OK);
    return plant;
}

static double load_of(const ls_plant *plant, const char *station) {
    ls_arena arena;
    ls_arena_init(&arena);
    const ls_load *loads;
    double load = -1.0;
    CHECK_INT(ls_plant_loads(plant, &arena, &loads), LS_OK);
    for (uint32_t i = 0; i < plant->station_count; i++) {
        if (strcmp(plant->stations[i].name, station) == 0) {
            load = loads[i].load;
        }
    }
    ls_arena_clear(&arena);
    return load;
}

static void test_the_mini_plants_are_read(void) {
    for (int compat = 0; compat < 2; compat++) {
        outcome o = import_mini(compat == 1);
        ls_plant *plant = read_plant(&o);
        if (plant != NULL) {
            CHECK_INT(plant->station_count, 5);
            CHECK_INT(plant->machine_count, 28);
            CHECK_INT(plant->product_count, 2);
            CHECK_INT(plant->step_count, 11);
            CHECK_INT(plant->wip_count, compat == 1 ? 3 : 5);
        }
        ls_plant_destroy(plant);
        outcome_clear(&o);
    }
}

// The counts are those of the data sets' own description. The loads were computed apart, by a
// script that reads the tables: work per lot times starts, maintenance by pieces included, over the
// tools and what breakdowns and calendar maintenance leave of them; batches full, without setups.
typedef struct expected_load {
    const char *station;
    double load;
} expected_load;

static void check_plant(outcome *o, int machines, int steps, int lots, const expected_load *loads) {
    ls_plant *plant = read_plant(o);
    if (plant == NULL) {
        return;
    }
    CHECK_INT(plant->station_count, 106);
    CHECK_INT(plant->machine_count, machines);
    CHECK_INT(plant->step_count, steps);
    CHECK_INT(plant->wip_count, lots);
    for (; loads->station != NULL; loads++) {
        harness_note("%s", loads->station);
        CHECK_NEAR(load_of(plant, loads->station), loads->load, 0.0003);
    }
    ls_plant_destroy(plant);
}

static void check_real(const char *folder, bool compat, int machines, int steps, int lots,
                       const expected_load *loads) {
    ls_smt2020_options options = ls_smt2020_options_default(compat);
    outcome o = import_folder(folder, &options);
    CHECK_INT(o.status, LS_OK);
    if (o.status == LS_OK) {
        CHECK_INT(count_lines(o.plant.data, "machines: "), 106);
        CHECK_INT(sum_machines(o.plant.data), machines);
        CHECK_INT(count_lines(o.plant.data, "- {at: "), steps);
        CHECK_INT(count_lines(o.initial.data, "part_"), lots);
        CHECK_INT(count_lines(o.plant.data, "# not used"), 0);
        CHECK(o.plant.size < 1000000);
        check_plant(&o, machines, steps, lots, loads);
    }
    outcome_clear(&o);
}

static void test_the_shipped_hvlm_set(void) {
    static const expected_load loads[] = {
        {"Litho_BE_110", 0.9666},
        {"Litho_FE_98", 0.9488},
        {"DE_FE_71", 0.8983},
        {"Diffusion_FE_44", 0.7114},
        {"Implant_128", 0.7729},
        {"WE_FE_108", 0.8672},
        {0},
    };
    const char *folder = harness_source_path("examples/smt2020/HVLM");
    check_real(folder, false, 1443, 926, 2255, loads);
    check_real(folder, true, 1443, 926, 2244, loads);  // 11 of its lots are at the last two steps
}

static void test_the_public_lvhm_set(void) {
    const char *data = harness_data_dir();
    char folder[1024];
    ls_text_format(folder, sizeof folder, "%s/smt2020/LVHM", data != NULL ? data : "");
    struct stat facts;
    if (data == NULL || stat(folder, &facts) != 0) {
        harness_skip("no data set smt2020/LVHM in $LINESHAFT_DATA");
        return;
    }
    static const expected_load loads[] = {
        {"Litho_FE_111", 0.9599},
        {"Litho_BE_110", 0.9552},
        {"DE_FE_71", 0.9195},
        {"Diffusion_FE_44", 0.7141},
        {"Implant_128", 0.7212},
        {"WE_FE_108", 0.8814},
        {0},
    };
    check_real(folder, false, 1313, 4013, 2156, loads);
    check_real(folder, true, 1313, 4013, 2146, loads);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_mini_set_becomes_a_plant);
    TEST(test_compat_reads_as_pyscfabsim);
    TEST(test_the_last_rule_can_be_replaced);
    TEST(test_the_width_of_uniform_is_an_option);
    TEST(test_each_mistake_has_its_place);
    TEST(test_all_mistakes_are_reported_at_once);
    TEST(test_missing_tables_are_told);
    TEST(test_columns_that_are_not_understood_are_told);
    TEST(test_no_memory_is_an_error);
    TEST(test_the_mini_plants_are_read);
    TEST(test_the_shipped_hvlm_set);
    TEST(test_the_public_lvhm_set);
    return harness_report();
}
