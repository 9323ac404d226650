// models_test.c - `models:` of a plant file: what is read, and what only the whole of it shows.
#include "plant/models.h"

#include <math.h>
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

static void test_what_is_learned(void) {
    const struct {
        const char *model;
        ls_model_objective objective;
        uint32_t classes;
    } cases[] = {
        {"  m: {what: sensor, tags: a, label: {tag: b}}\n", LS_OBJECTIVE_NUMBER, 0},
        {"  m: {what: quality, tags: a, label: {tag: b}, learner: trees, classes: [good, bad]}\n",
         LS_OBJECTIVE_BINARY, 2},
        {"  m: {what: quality, tags: a, label: {tag: b}, learner: trees, classes: [a, b, c]}\n",
         LS_OBJECTIVE_CLASSES, 3},
        {"  m: {what: scrap, tags: a, label: {tag: b}, learner: trees, objective: binary}\n",
         LS_OBJECTIVE_BINARY, 0},
        {"  m: {what: life, tags: a, label: {event: failure}, learner: trees}\n", LS_OBJECTIVE_LIFE,
         0},
        {"  m: {what: life, tags: a, label: {event: failure}}\n", LS_OBJECTIVE_NUMBER, 0},
        {"  m: {what: time, tags: a, label: {tag: b}, learner: trees, objective: quantile, "
         "quantile: 0.9}\n",
         LS_OBJECTIVE_QUANTILE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        read_models(cases[i].model);
        CHECK(plant != NULL);
        if (plant != NULL) {
            CHECK_INT(plant->models[0].objective, cases[i].objective);
            CHECK_INT(plant->models[0].class_count, cases[i].classes);
        }
    }
    CHECK_NEAR(plant->models[0].quantile, 0.9, 0.0);
    refused("  m: {what: quality, tags: a, label: {tag: b}, classes: [good, bad]}\n",
            "the learner 'linear' knows 'objective: number' only, not 'binary'", 5);
    refused("  m: {what: quality, tags: a, label: {tag: b}, learner: trees, objective: life}\n",
            "'objective: life' learns when an event comes", 5);
    refused("  m: {what: quality, tags: a, label: {tag: b}, learner: trees, objective: classes}\n",
            "two classes at least", 5);
    refused(
        "  m: {what: quality, tags: a, label: {tag: b}, learner: trees, classes: [a, b, c], "
        "objective: binary}\n",
        "has no use for 3 classes", 5);
    refused("  m: {what: quality, tags: a, label: {tag: b}, search: 9}\n",
            "only settings of trees can be searched for", 5);
    refused("  m: {what: quality, tags: a, label: {tag: b}, learner: trees, validate: 90 %}\n",
            "leaves too little on one side", 5);
    refused("  m: {what: quality, tags: a, label: {tag: b}, learner: trees, trees: {rows: 0 %}}\n",
            "a tree would learn from nothing", 5);
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

#define WHILE(more) "  m: {what: sensor, tags: [a, b], label: {tag: c}, " more "}\n"

static void test_while_there_is_something_to_predict(void) {
    read_models(WHILE("while: {tag: b, above: 2.5}"));
    CHECK(plant != NULL);
    if (plant != NULL) {
        const ls_model_while *w = &plant->models[0].when;
        CHECK(w->is);
        CHECK_INT(w->tag, 1);
        CHECK_NEAR(w->above, 2.5, 0.0);
        CHECK(isinf(w->below) && w->below > 0);
    }
    read_models(WHILE("every: 1 s"));
    CHECK(plant != NULL && !plant->models[0].when.is);
    refused(WHILE("while: {tag: d, above: 1}"), "'d' is none of its tags", 5);
    refused(WHILE("while: {tag: b}"), "'while' without a bound", 5);
    refused(WHILE("while: {tag: b, above: 2, below: 2}"), "nothing is within these bounds", 5);
    refused("  m: {what: anomaly, tags: [a, b], learner: dpca, while: {tag: b, above: 1}}\n",
            "a monitor hears every moment", 5);
}

#define LISTENS                                                                             \
    "  m: {what: sensor, tags: g/n/a, label: {tag: g/n/b}}\n"                               \
    "  c: {what: sensor, of: [u, v], tags: 'g/n/{unit}/a', label: {tag: 'g/n/{unit}/b'}}\n" \
    "listen:\n  sparkplug: {broker: embedded, group: g, nodes: [n]}\n  values:\n"

static int predicted_count(void) {
    int count = 0;
    for (uint32_t i = 0; i < plant->listen.binding_count; i++) {
        count += plant->listen.bindings[i].predicted;
    }
    return count;
}

// A soft sensor is a value; its setpoint is one of a source.
static void test_what_a_model_says_is_a_value(void) {
    read_models(LISTENS
                "    soft: {tag: model/m/plant, unit: C}\n"
                "    two: {tag: model/c/v, setpoint: g/n/set, set: {low: 1, high: 2}}\n");
    CHECK_INT(errors.count, 0);
    CHECK(plant != NULL);
    if (plant != NULL) {
        CHECK_INT(predicted_count(), 2);
    }
    refused(LISTENS "    soft: {tag: model/n/plant}\n", "there is no model 'n'", 10);
    refused(LISTENS "    soft: {tag: model/m}\n", "model 'm' says nothing of ''", 10);
    refused(LISTENS "    soft: {tag: model/m/u}\n", "model 'm' says nothing of 'u'", 10);
    refused(LISTENS "    soft: {tag: model/c/plant}\n", "model 'c' says nothing of 'plant'", 10);
    refused(LISTENS "    soft: {tag: model/c/u/low}\n", "model 'c' says nothing of 'u/low'", 10);
    refused(LISTENS "    soft: {tag: models/c/u}\n", "no source has a tag 'models/c/u'", 10);
    refused(LISTENS "    two: {tag: model/c/u, setpoint: model/c/v, set: {low: 1, high: 2}}\n",
            "no source has a tag 'model/c/v'", 10);
    // A source of that name tells its own.
    read_models(
        "  m: {what: sensor, tags: model/n/a, label: {tag: model/n/b}}\n"
        "listen:\n  sparkplug: {broker: embedded, group: model, nodes: [n]}\n"
        "  values:\n    v: {tag: model/n/plant}\n");
    CHECK_INT(errors.count, 0);
    CHECK(plant != NULL && predicted_count() == 0);
}

#define ORDER(more) \
    "  m: {what: order, of: [u, v], tags: '{unit}/a', label: {tag: '{unit}/b'}, " more "}\n"

static void test_an_order(void) {
    read_models(ORDER("learner: trees, top: 3"));
    CHECK_INT(errors.count, 0);
    CHECK(plant != NULL);
    if (plant == NULL) {
        return;
    }
    CHECK_INT(plant->models[0].what, LS_PREDICT_ORDER);
    CHECK_INT(plant->models[0].objective, LS_OBJECTIVE_RANK);
    CHECK_INT(plant->models[0].top, 3);
    CHECK_INT(plant->models[0].shadow.for_us, 0);  // its gates alone decide
    CHECK_STR(ls_model_what_name(plant->models[0].what), "order");
    CHECK_STR(ls_model_objective_name(plant->models[0].objective), "rank");
    read_models(ORDER("learner: my-trainer, objective: rank, shadow: {for: 0 s}"));
    CHECK(plant != NULL && plant->models[0].top == 5);
    refused(ORDER("top: 3"), "the learner 'linear' knows 'objective: number' only, not 'rank'", 5);
    refused(ORDER("learner: trees, top: 0"), "top", 5);
    refused(ORDER("learner: trees, objective: number"),
            "'what: order' is learned as an order, not as 'number'", 5);
    refused(ORDER("learner: trees, classes: [a, b]"), "has no use for 2 classes", 5);
    refused(ORDER("learner: trees, split: unit"), "an order is among all units of a moment", 5);
    refused(ORDER("learner: trees, shadow: {for: 1 d}"), "an order has no shadow", 5);
    refused("  m: {what: order, of: u, tags: '{unit}/a', label: {tag: b}, learner: trees}\n",
            "an order is among two units at least", 5);
    refused("  m: {what: order, tags: a, label: {tag: b}, learner: trees}\n",
            "an order is among two units at least", 5);
    refused(
        "  m: {what: sensor, of: [u, v], tags: '{unit}/a', label: {tag: b}, learner: trees, "
        "objective: rank}\n",
        "'objective: rank' learns an order, and no value", 5);
    refused("  m: {what: life, tags: a, label: {event: e}, learner: trees, objective: rank}\n",
            "'objective: rank' learns an order, and no value", 5);
    refused("  m: {what: anomaly, tags: a, learner: pca, objective: rank}\n",
            "a monitor learns what is usual, and no label", 5);
}

static void test_a_monitor_needs_no_label(void) {
    read_models("  w: {what: anomaly, tags: [a, b], learner: dpca}\n");
    CHECK(plant != NULL);
    if (plant == NULL) {
        return;
    }
    const ls_model_plan *p = &plant->models[0];
    CHECK(p->monitor.is);
    CHECK_INT(p->label.kind, LS_LABEL_NONE);
    CHECK_STR(p->label.source, "");
    CHECK_INT(p->kinds, 1);  // what is in force
    CHECK_INT(p->monitor.lags, 2);
    CHECK_NEAR(p->monitor.share, 0.9, 0.0);
    CHECK_NEAR(p->monitor.newest, 0.2, 0.0);
    CHECK_NEAR(p->monitor.false_alarms, 0.01, 0.0);
    CHECK_INT(p->monitor.statistics, 4);
    CHECK_INT(p->monitor.row, 6);
    CHECK(p->monitor.from_us == INT64_MIN && p->monitor.until_us == INT64_MAX);
    CHECK_NEAR(p->gates.false_alarms, 0.03, 0.0);
    read_models(
        "  w: {what: anomaly, tags: a, learner: pca, monitor: {statistics: [t2, spe], "
        "from: 2026-01-05T07:00, until: 2026-01-06}}\n");
    CHECK(plant != NULL);
    if (plant == NULL) {
        return;
    }
    CHECK_INT(plant->models[0].monitor.lags, 0);
    CHECK_INT(plant->models[0].monitor.statistics, 3);
    CHECK_INT(plant->models[0].monitor.until_us - plant->models[0].monitor.from_us,
              INT64_C(17) * 3600 * 1000000);
    read_models("  w: {what: anomaly, tags: a, label: {tag: b}}\n");  // a learner may say it too
    CHECK(plant != NULL && !plant->models[0].monitor.is);
    refused("  w: {what: anomaly, tags: a}\n", "comes from nowhere", 5);
    refused("  w: {what: anomaly, tags: a, learner: dpca, label: {tag: b}}\n",
            "a monitor learns from good operation, not from a label", 5);
    refused("  w: {what: anomaly, tags: a, learner: dpca, horizon: 1 h}\n",
            "a monitor is about now", 5);
    refused("  w: {what: sensor, tags: a, learner: pca}\n", "says how unusual a unit is", 5);
    refused("  w: {what: sensor, tags: a, label: {tag: b}, monitor: {row: 3}}\n",
            "'linear' is no monitor", 5);
    refused("  w: {what: anomaly, tags: a, learner: pca, monitor: {lags: 1}}\n",
            "'pca' has no lags", 5);
    refused("  w: {what: anomaly, tags: a, learner: dpca, monitor: {false-alarms: 50 %}}\n",
            "no limit has so many false alarms", 5);
    refused("  w: {what: anomaly, tags: a, learner: dpca, monitor: {newest: 0}}\n",
            "with nothing of it there is no monitor", 5);
    refused(
        "  w: {what: anomaly, tags: a, learner: dpca, monitor: {from: 2026-01-06, until: "
        "2026-01-05}}\n",
        "good operation ends before it begins", 5);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_defaults);
    TEST(test_what_is_learned);
    TEST(test_what_the_whole_shows);
    TEST(test_while_there_is_something_to_predict);
    TEST(test_what_a_model_says_is_a_value);
    TEST(test_an_order);
    TEST(test_a_monitor_needs_no_label);
    ls_plant_destroy(plant);
    ls_errors_clear(&errors);
    return harness_report();
}
