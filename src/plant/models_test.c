// models_test.c - `models:` of a plant file: what is read, and what only the whole of it shows.
#include "plant/models.h"

#include <stdio.h>
#include <string.h>

#include "plant/read.h"
#include "tests/harness.h"

#define HEAD                                      \
    "plant: t\nstations: {a: {process: 1 min}}\n" \
    "products: {x: {route: [a], release: {every: 1 h}}}\nmodels:\n"

static ls_plant *plant;
static ls_errors errors;

static void read_models(const char *models) {
    static char text[8192];
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    ls_errors_init(&errors);
    snprintf(text, sizeof text, HEAD "%s", models);
    harness_note("%s", models);
    ls_plant_read(text, strlen(text), "t.yaml", NULL, &plant, &errors);
}

static void refused(const char *models, const char *why, int line) {
    read_models(models);
    CHECK(plant == NULL);
    CHECK_INT(errors.count, 1);
    if (errors.count > 0) {
        CHECK_CONTAINS(errors.items[0].text, why);
        CHECK_INT(errors.items[0].line, line);
    }
}

static void test_defaults(void) {
    read_models("  wear: {what: sensor, tags: a/power, label: {tag: a/wear}}\n");
    CHECK(plant != NULL);
    if (plant == NULL) {
        return;
    }
    const ls_model_plan *m = &plant->models[0];
    CHECK_INT(plant->model_count, 1);
    CHECK_STR(m->name, "wear");
    CHECK_INT(m->what, LS_PREDICT_SENSOR);
    CHECK_INT(m->unit_count, 0);
    CHECK_INT(m->tag_count, 1);
    CHECK_STR(m->tags[0], "a/power");
    CHECK_INT(m->window_count, 1);
    CHECK_INT(m->windows_us[0], 600000000);
    CHECK_INT(m->every_us, 60000000);
    CHECK_INT(m->kinds, 0x27);
    CHECK_STR(m->learner, "linear");
    CHECK_NEAR(m->train, 0.6, 0.0);
    CHECK_NEAR(m->gates.worst, 0.1, 0.0);
    CHECK_INT(m->gates.latency_us, 1000);
    CHECK_INT(m->seed, 1);
    CHECK_INT(m->is_auto, false);
    CHECK_INT(m->shadow.for_us, 86400LL * 1000000);
    CHECK_INT(m->shadow.most_us, 14 * 86400LL * 1000000);
    CHECK_INT(m->drift.window_us, 86400LL * 1000000);
    CHECK_NEAR(m->drift.psi, 0.25, 0.0);
    CHECK_NEAR(m->drift.false_alarms, 0.01, 0.0);
    CHECK(m->retrain.on_drift);
    CHECK_INT(m->retrain.every_us, LS_FOREVER);
    CHECK_INT(m->retrain.pause_us, 3600LL * 1000000);
    CHECK_INT(m->retrain.rows, 300);
    CHECK_INT(m->line, 5);
}

static void test_what_the_whole_shows(void) {
    refused("  m: {what: sensor, tags: [a, b], label: {tag: b}}\n",
            "the label 'b' is among the tags it is predicted from", 5);
    read_models("  m: {what: sensor, tags: [a, b], horizon: 5 min, label: {tag: b}}\n");
    CHECK(plant != NULL);  // its past may tell its future
    refused("  m: {what: sensor, tags: a, label: {}}\n", "comes from nowhere", 5);
    refused("  m: {what: sensor, tags: a, label: {tag: b, file: c.csv}}\n",
            "comes from several places", 5);
    refused("  m: {what: life, tags: a, label: {tag: b}}\n", "a life ends with an event", 5);
    refused("  m: {what: scrap, tags: a, label: {event: failure}}\n",
            "an event is the label of 'what: life'", 5);
    refused("  m: {what: sensor, tags: 'a/{unit}', label: {tag: b}}\n",
            "'{unit}' stands for nothing", 5);
    refused("  m: {what: sensor, of: [u, v], tags: a, label: {tag: b}}\n",
            "every unit would be predicted from the same tags", 5);
    refused("  m: {what: sensor, tags: [a, a], label: {tag: b}}\n", "the tag 'a' stands here twice",
            5);
    refused("  m: {what: sensor, tags: a, label: {tag: b}, train: 80 %}\n",
            "nothing is left to test on", 5);
    refused("  m: {what: sensor, tags: a, label: {tag: b}, window: 1 ms}\n",
            "a window of '1 ms' is too short", 5);
    refused("  m: {what: sensor, tags: a, label: {tag: b}, gates: {level: 10 %}}\n",
            "this is no level to test at", 5);
    refused("  m: {what: sensor, tags: a, label: {tag: b}, shadow: {for: 2 d, most: 1 d}}\n",
            "the longest shadow is shorter than the least", 5);
    refused("  m: {what: sensor, tags: a, label: {tag: b}, shadow: {for: 15 d}}\n",
            "the longest shadow is shorter than the least", 5);
    refused("  m: {what: sensor, tags: a, label: {tag: b}, drift: {false_alarms: 0 %}}\n",
            "this is no share of false alarms to test at", 5);
    refused("  a/b: {what: sensor, tags: a, label: {tag: b}}\n", "cannot be the name of a model",
            5);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_defaults);
    TEST(test_what_the_whole_shows);
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    return harness_report();
}
