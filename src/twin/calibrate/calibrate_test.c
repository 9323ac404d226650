// calibrate_test.c - a plant that has drifted from its file: what changed is found, the rest left.
#include "twin/calibrate/calibrate.h"

#include <lineshaft/plant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "tests/harness.h"
#include "twin/testing/facts.h"

static const int64_t DAY = 86400000000;

// What the file says; %s are the places that reality has changed.
static const char form[] =
    "# a plant, as it was drawn\n"
    "plant: p\n"
    "transport: {in to a: 1 min, a to b: %s, default: uniform 2 min to 4 min}\n"
    "stations:\n"
    "  a:  # two of them\n"
    "    machines: {a1: {speed: 1}, a2: {speed: 1.25}}\n"
    "    process: {x: %s, y: lognormal 50 s sd 8 s}   # seconds per part\n"
    "    per: part\n"
    "    fails: {every: %s, repair: gamma 18 min sd 6 min}\n"
    "  b: {process: %s, load: 10 s, unload: 5 s}\n"
    "  c: {machines: 3, process: 12 min}\n"
    "products:\n"
    "  x: {lot: 4, route: [a, b, {at: c, scrap: %s}], release: {every: exp 9 min}}\n"
    "  y: {lot: 3, route: [a, {at: b, process: weibull shape 2 mean 3 min}, c], release: {every: "
    "%s}}\n";

static char *text_of(const char *ab, const char *x, const char *fails, const char *b,
                     const char *scrap, const char *release) {
    char *text = malloc(4096);
    snprintf(text, 4096, form, ab, x, fails, b, scrap, release);
    return text;
}

static ls_plant *read(const char *text) {
    ls_plant *plant = NULL;
    ls_error err = {0};
    if (ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err) != LS_OK) {
        harness_note("%s", err.text);
        CHECK(plant != NULL);
        exit(1);
    }
    return plant;
}

static const ls_calibrate_row *row_of(const ls_calibration *c, const char *path) {
    for (uint32_t i = 0; i < c->count; i++) {
        if (strcmp(c->rows[i].path, path) == 0) {
            return &c->rows[i];
        }
    }
    harness_note("no row %s", path);
    CHECK(false);
    exit(1);
}

static char *told, *truth_text;
static ls_plant *file, *truth;
static ls_collect *collected;

static void setup(void) {
    told = text_of("90 s", "lognormal 40 s sd 4 s", "exp 6 h", "gamma 4 min sd 1 min", "2 %",
                   "12 min");
    truth_text = text_of("120 s", "lognormal 46 s sd 4 s", "exp 4 h", "gamma 4 min sd 1 min", "5 %",
                         "12 min");
    file = read(told);
    truth = read(truth_text);
    CHECK_INT(ls_collect_create(file, 1, &collected, NULL), LS_OK);
    facts_of_run(truth, 3, 14 * DAY, ls_collect_fact, collected);
}

static ls_calibration calibrate(const ls_calibrate_def *def) {
    ls_calibration c;
    ls_error err = {0};
    const ls_status status = ls_calibrate(file, told, strlen(told), NULL, collected, def, &c, &err);
    harness_note("%s", err.text);
    CHECK_INT(status, LS_OK);
    return c;
}

static void test_what_has_changed_is_found_and_the_rest_left(void) {
    const ls_calibrate_def def = ls_calibrate_def_default();
    ls_calibration c = calibrate(&def);
    const ls_calibrate_row *x = row_of(&c, "stations.a.process.x");
    CHECK(x->changed);
    CHECK_NEAR(x->fit.old.ratio, 46.0 / 40.0, 0.01);
    CHECK(x->fit.old.ratio_low < 1.15 && x->fit.old.ratio_high > 1.15);
    CHECK_INT(x->fit.chosen, LS_FAMILY_LOGNORMAL);
    const ls_calibrate_row *fails = row_of(&c, "stations.a.fails.failure.every");
    CHECK(fails->changed);
    CHECK(fails->fit.old.ratio_low < 4.0 / 6.0 && fails->fit.old.ratio_high > 4.0 / 6.0);
    CHECK_INT(fails->fit.censored, 2);
    const ls_calibrate_row *way = row_of(&c, "transport.a to b");
    CHECK(way->changed);
    CHECK_STR(way->new_text, "120 s");
    const ls_calibrate_row *scrap = row_of(&c, "products.x.route.c.scrap");
    CHECK(scrap->changed);
    CHECK(scrap->share.low < 0.05 && scrap->share.high > 0.05);
    CHECK(!row_of(&c, "stations.a.process.y")->changed);
    CHECK(!row_of(&c, "stations.b.process")->changed);
    CHECK(!row_of(&c, "products.y.route.b.process")->changed);
    CHECK(!row_of(&c, "stations.c.process")->changed);
    CHECK(!row_of(&c, "stations.a.fails.failure.repair")->changed);
    CHECK(!row_of(&c, "transport.default")->changed);
    CHECK(!row_of(&c, "products.y.release.y.every")->changed);
    CHECK_INT(c.changed, 4);
    ls_calibration_clear(&c);
}

// The texts differ in the four values, and the new one fits the truth: calibrating it again changes
// nothing.
static void test_the_new_file_is_right_and_the_rest_the_same(void) {
    const ls_calibrate_def def = ls_calibrate_def_default();
    ls_calibration c = calibrate(&def);
    const char *a = told;
    const char *b = c.text.data;
    int lines = 0;
    while (*a != '\0' && *b != '\0') {
        const size_t la = strcspn(a, "\n");
        const size_t lb = strcspn(b, "\n");
        lines += la != lb || memcmp(a, b, la) != 0;
        a += la + (a[la] == '\n');
        b += lb + (b[lb] == '\n');
    }
    CHECK_INT(lines, 4);
    CHECK(*a == *b);
    CHECK_CONTAINS(c.text.data, "   # seconds per part\n");
    CHECK_CONTAINS(c.text.data, "# a plant, as it was drawn\n");
    ls_plant *again = read(c.text.data);
    ls_collect *other = NULL;
    CHECK_INT(ls_collect_create(again, 1, &other, NULL), LS_OK);
    facts_of_run(truth, 3, 14 * DAY, ls_collect_fact, other);
    ls_calibration second;
    CHECK_INT(ls_calibrate(again, c.text.data, c.text.size, NULL, other, &def, &second, NULL),
              LS_OK);
    CHECK_INT(second.changed, 0);
    CHECK(second.text.size == c.text.size &&
          memcmp(second.text.data, c.text.data, c.text.size) == 0);
    ls_calibration_clear(&second);
    ls_calibration_clear(&c);
    ls_collect_destroy(other);
    ls_plant_destroy(again);
}

static void test_one_station_only_and_all(void) {
    ls_calibrate_def def = ls_calibrate_def_default();
    def.only = "a";
    ls_calibration c = calibrate(&def);
    for (uint32_t i = 0; i < c.count; i++) {
        CHECK(strncmp(c.rows[i].path, "stations.a.", 11) == 0 ||
              strstr(c.rows[i].path, " to a") != NULL ||
              strcmp(c.rows[i].path, "transport.default") == 0);
    }
    CHECK_INT(c.changed, 2);
    ls_calibration_clear(&c);
    def.only = "z";
    ls_error err = {0};
    CHECK_INT(ls_calibrate(file, told, strlen(told), NULL, collected, &def, &c, &err),
              LS_ERR_INVALID);
    def.only = NULL;
    def.all = true;
    c = calibrate(&def);
    CHECK(c.changed > 7);
    ls_calibration_clear(&c);
}

static void add(ls_collect *to, uint32_t step, uint32_t machine, double value, bool inferred) {
    const ls_fact f = {.kind = LS_FACT_PROCESS,
                       .step = step,
                       .machine = machine,
                       .value = value,
                       .inferred = inferred,
                       .lots = 1,
                       .parts = 1,
                       .mode = LS_NONE,
                       .station = LS_NONE,
                       .release = LS_NONE};
    ls_collect_fact(to, &f);
}

static void test_products_that_differ_under_one_value_are_told(void) {
    static const char text[] =
        "plant: p\nstations: {a: {process: lognormal 60 s sd 6 s}}\nproducts: {x: {route: [a], "
        "release: {every: 9 min}}, y: {route: [a], release: {every: 9 min}}}\n";
    ls_plant *p = read(text);
    ls_collect *to = NULL;
    ls_calibration c;
    const ls_calibrate_def def = ls_calibrate_def_default();
    CHECK_INT(ls_collect_create(p, 1, &to, NULL), LS_OK);
    for (int i = 0; i < 60; i++) {
        add(to, 0, 0, 60e6 + 1e6 * (i % 9), false);
        add(to, 1, 0, 90e6 + 1e6 * (i % 7), false);
        add(to, 1, 0, 1e6, true);
    }
    CHECK_INT(ls_calibrate(p, text, strlen(text), NULL, to, &def, &c, NULL), LS_OK);
    CHECK_INT(c.count, 1);
    CHECK_INT(c.rows[0].members, 2);
    CHECK(c.rows[0].members_p < 1e-6);
    CHECK_CONTAINS(c.rows[0].note, "differ");
    CHECK_INT(c.rows[0].fit.count, 120);  // those inferred are left out
    CHECK(!c.rows[0].from_inferred);
    ls_calibration_clear(&c);
    ls_collect_destroy(to);
    ls_plant_destroy(p);
}

static void test_disturbed_and_mixed_times_are_not_written(void) {
    static const char text[] =
        "plant: p\nstations: {a: {process: {x: 60 s, y: lognormal 60 s sd 6 s}}}\nproducts: {x: "
        "{route: [a], release: {every: 9 min}}, y: {route: [a], release: {every: 9 min}}}\n";
    ls_plant *p = read(text);
    ls_collect *to = NULL;
    ls_calibration c;
    ls_calibrate_def def = ls_calibrate_def_default();
    CHECK_INT(ls_collect_create(p, 1, &to, NULL), LS_OK);
    for (int i = 0; i < 100; i++) {
        add(to, 0, 0, i % 5 == 0 ? 70e6 + 1e6 * i : 60e6, false);    // a fifth is disturbed
        add(to, 1, 0, (i % 2 == 0 ? 20e6 : 90e6) + 2e4 * i, false);  // two things under one name
    }
    CHECK_INT(ls_calibrate(p, text, strlen(text), NULL, to, &def, &c, NULL), LS_OK);
    CHECK_INT(c.count, 2);
    CHECK_INT(c.changed, 0);
    CHECK(!c.rows[0].off);
    CHECK_CONTAINS(c.rows[0].note, "80 % are just what the file says");
    CHECK(c.rows[1].off);
    CHECK_CONTAINS(c.rows[1].note, "no family fits");
    CHECK_STR(c.text.data, text);
    ls_calibration_clear(&c);
    def.all = true;
    CHECK_INT(ls_calibrate(p, text, strlen(text), NULL, to, &def, &c, NULL), LS_OK);
    CHECK_INT(c.changed, 2);
    ls_calibration_clear(&c);
    ls_collect_destroy(to);
    ls_plant_destroy(p);
}

// Loading, parts, speed and batches are taken out of what a machine's time shows.
static void test_process_times_are_turned_back(void) {
    static const char text[] =
        "plant: p\n"
        "stations:\n"
        "  a: {machines: {a1: {speed: 2}}, process: 10 s, per: part, load: 5 s, unload: 3 s}\n"
        "  b: {process: 60 s, batch: {min: 2, max: 4}, load: 5 s}\n"
        "  c: {process: 60 s, per: part, cascade: 4 s}\n"
        "  d: {process: 60 s, ports: 2, load: 5 s, unload: 3 s}\n"
        "products: {x: {lot: 6, route: [a, b, c, d], release: {every: 9 min}}}\n";
    ls_plant *p = read(text);
    ls_fact f = {.kind = LS_FACT_PROCESS, .lots = 1, .parts = 6};
    ls_quantity_id id;
    double value = 0;
    double entered = 0;
    const char *why = NULL;
    f.value = 38e6;  // 6 x 10 s / 2 + 8 s
    f.entered = 11e6;
    CHECK(ls_quantity_of_fact(p, &f, &id, &value, &entered, &why));
    CHECK_NEAR(value, 10e6, 1);
    CHECK_NEAR(entered, 1e6, 1);
    f = (ls_fact){.kind = LS_FACT_PROCESS, .step = 1, .machine = 1, .lots = 3, .parts = 18};
    f.value = 65e6;
    CHECK(ls_quantity_of_fact(p, &f, &id, &value, &entered, &why));
    CHECK_NEAR(value, 60e6, 1);
    f = (ls_fact){.kind = LS_FACT_PROCESS, .step = 2, .machine = 2, .lots = 1, .parts = 6};
    f.value = 24e6;  // the machine's: says nothing
    CHECK(!ls_quantity_of_fact(p, &f, &id, &value, &entered, &why));
    f.value = 80e6;  // the lot's: 60 s + 5 x 4 s
    f.lagged = true;
    CHECK(ls_quantity_of_fact(p, &f, &id, &value, &entered, &why));
    CHECK_NEAR(value, 60e6, 1);
    f = (ls_fact){.kind = LS_FACT_PROCESS, .step = 3, .machine = 3, .lots = 1, .parts = 6};
    f.value = 60e6;
    CHECK(ls_quantity_of_fact(p, &f, &id, &value, &entered, &why));
    CHECK_NEAR(value, 60e6, 1);
    f.lagged = true;
    f.value = 68e6;
    CHECK(!ls_quantity_of_fact(p, &f, &id, &value, &entered, &why));
    ls_plant_destroy(p);
}

// Whichever allocation fails, there is an error and nothing is left behind.
static void test_memory_that_runs_out_is_an_error(void) {
    const ls_calibrate_def def = ls_calibrate_def_default();
    ls_status status = LS_ERR_MEMORY;
    int64_t after = 0;
    for (; status != LS_OK && after < 20000; after += 1 + after / 3) {
        ls_calibration c;
        ls_error err = {0};
        ls_alloc_fail_after(after);
        status = ls_calibrate(file, told, strlen(told), NULL, collected, &def, &c, &err);
        ls_alloc_fail_after(-1);
        if (status == LS_OK) {
            ls_calibration_clear(&c);
        } else {
            CHECK(err.text[0] != '\0');
        }
    }
    CHECK_INT(status, LS_OK);
    CHECK(after > 50);
}

static void test_collecting_survives_without_memory(void) {
    for (int64_t after = 0; after < 12; after++) {
        ls_collect *to = NULL;
        ls_alloc_fail_after(after);
        const ls_status status = ls_collect_create(file, 1, &to, NULL);
        for (uint32_t i = 0; status == LS_OK && i < 500; i++) {
            add(to, i % 6, i % 2, 60e6, false);
        }
        ls_alloc_fail_after(-1);
        CHECK(status == LS_ERR_MEMORY || ls_collect_failed(to) || after >= 4);
        ls_collect_destroy(to);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    setup();
    TEST(test_what_has_changed_is_found_and_the_rest_left);
    TEST(test_the_new_file_is_right_and_the_rest_the_same);
    TEST(test_one_station_only_and_all);
    TEST(test_products_that_differ_under_one_value_are_told);
    TEST(test_process_times_are_turned_back);
    TEST(test_disturbed_and_mixed_times_are_not_written);
    TEST(test_memory_that_runs_out_is_an_error);
    TEST(test_collecting_survives_without_memory);
    ls_collect_destroy(collected);
    ls_plant_destroy(file);
    ls_plant_destroy(truth);
    free(told);
    free(truth_text);
    return harness_report();
}
