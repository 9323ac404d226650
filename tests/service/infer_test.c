// infer_test.c - a running service's models, asked by the Open Inference Protocol with a client
// that is not ours (tests/infer-peer): champion, challenger, classes; versions that come and go.
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lineshaft/plant.h>

#include "cli/ask_service.h"
#include "model/predictor.h"
#include "model/registry.h"
#include "model/snapshot.h"
#include "model/testing/boosted.h"
#include "plant/plant.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/service/service.h"

enum { ROWS = 20, COLUMNS_MAX = 64, PATH = 1024, CLASSES = 3 };
#define RADIUS 0.125

// Nothing is heard: a model serves all the same.
static const char plant_text[] =
    "plant: shop\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  saw: {machines: [saw-1, saw-2], process: 60 s}\n"
    "products:\n"
    "  x: {route: [saw], release: {every: 10 min}}\n"
    "listen:\n"
    "  sparkplug: {broker: 'mqtt://127.0.0.1:1', group: shop}\n"
    "  machines:\n"
    "    any: {state: 'shop/n/{machine}/State', lots: 'shop/n/{machine}/Lots'}\n"
    "models:\n"
    "  wear: {what: sensor, of: [saw-1, saw-2], tags: ['x/{unit}/power', 'x/{unit}/heat'],\n"
    "         window: [1 min, 5 min], every: 10 s, gates: {latency: 1 s},\n"
    "         label: {tag: 'x/{unit}/wear'}}\n"
    "  kind: {what: quality, of: [saw-1, saw-2], tags: ['x/{unit}/power', 'x/{unit}/heat'],\n"
    "         window: [1 min, 5 min], every: 10 s, gates: {latency: 1 s}, learner: trees,\n"
    "         classes: [good, rework, scrap], label: {tag: 'x/{unit}/kind'}}\n";

// ---- versions

typedef struct version {
    ls_predictor predictor;
    uint32_t number;
} version;

static const char *names[COLUMNS_MAX];
static uint32_t columns;

static void add_version(const char *folder, const char *model, uint64_t seed, uint32_t classes,
                        version *out) {
    boosted_random random = {.state = seed};
    const boosted_shape shape = {.objective = classes > 0 ? "multi:softprob" : "reg:squarederror",
                                 .features = columns,
                                 .trees = 30,
                                 .splits_max = 20,
                                 .classes = classes,
                                 .base_score = "5E-1"};
    char lineage[64];
    ls_buffer text;
    ls_error err = {0};
    ls_buffer_init(&text);
    boosted_write(&random, &shape, &text);
    CHECK_INT(ls_predictor_load(text.data, text.size, "model.json", names, columns, &out->predictor,
                                &err),
              LS_OK);
    snprintf(lineage, sizeof lineage, "{\"radius\": %.9g}", RADIUS);
    const ls_registry_part part = {.name = "model.json", .bytes = text.data, .size = text.size};
    CHECK_INT(ls_registry_add(folder, model, &part, 1, lineage, &out->number, &err), LS_OK);
    CHECK_STR(err.text, "");
    ls_buffer_clear(&text);
}

// ---- what must be said

static float values[ROWS * COLUMNS_MAX];

static json_t *said_by(const version *v) {
    double wide[COLUMNS_MAX];
    json_t *list = json_array();
    for (size_t i = 0; i < ROWS; i++) {
        json_array_append_new(
            list, json_real(ls_predictor_predict(&v->predictor, values + i * columns, wide)));
    }
    return list;
}

static json_t *moved(const json_t *list, double by) {
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_array_append_new(out, json_real(json_number_value(json_array_get(list, i)) + by));
    }
    return out;
}

static json_t *rows_json(void) {
    boosted_random random = {.state = 7};
    json_t *rows = json_array();
    boosted_fill(&random, values, (size_t)ROWS * columns, 0.2);
    for (uint32_t i = 0; i < ROWS; i++) {
        json_t *row = json_array();
        for (uint32_t c = 0; c < columns; c++) {
            const float value = values[i * columns + c];
            json_array_append_new(row, isnan(value) ? json_null() : json_real((double)value));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *probabilities_of(const version *v) {
    double wide[COLUMNS_MAX], told[CLASSES];
    json_t *rows = json_array();
    for (size_t i = 0; i < ROWS; i++) {
        json_t *row = json_array();
        ls_predictor_predict_all(&v->predictor, values + i * columns, wide, told);
        for (int k = 0; k < CLASSES; k++) {
            json_array_append_new(row, json_real(told[k]));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static bool write_wanted(const char *path, const version *champion, const version *challenger,
                         const version *kind) {
    json_t *list = json_array(), *rows = rows_json(), *said = said_by(champion);
    for (uint32_t c = 0; c < columns; c++) {
        json_array_append_new(list, json_string(names[c]));
    }
    json_t *object = json_pack(
        "{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:{s:i, s:o}, s:{s:s, s:[s,s,s], s:o, s:o}}", "model",
        "wear", "version", (int)champion->number, "columns", list, "rows", rows, "low",
        moved(said, -RADIUS), "high", moved(said, RADIUS), "prediction", said, "challenger",
        "version", (int)challenger->number, "prediction", said_by(challenger), "classes", "model",
        "kind", "names", "good", "rework", "scrap", "prediction", said_by(kind), "probabilities",
        probabilities_of(kind));
    const bool fine = object != NULL && json_dump_file(object, path, JSON_REAL_PRECISION(17)) == 0;
    json_decref(object);
    CHECK(fine);
    return fine;
}

// ---- the client

static bool install(char folder[PATH]) {
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    snprintf(folder, PATH, "%.*s/peers/infer", slash != NULL ? (int)(slash - program) : 5,
             slash != NULL ? program : "build");
    const char *const command[] = {harness_source_path("tests/infer-peer/install"), folder, NULL};
    pid_t child = child_start(command, NULL, NULL);
    return service_wait(&child, 300.0) == 0;  // fetched once
}

// The same models at the page, in Debian's Chromium.
static void look_at_page(const service *s, const ls_service_address *address) {
    char folder[PATH], url[64], tokens[PATH];
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    snprintf(folder, sizeof folder, "%.*s/peers/web", slash != NULL ? (int)(slash - program) : 5,
             slash != NULL ? program : "build");
    const char *const get[] = {harness_source_path("tests/web-peer/install"), folder, NULL};
    CHECK_INT(child_wait(child_start(get, NULL, NULL)), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", address->port);
    snprintf(tokens, sizeof tokens, "%s/tokens.json", s->data);
    const char *const look[] = {
        "node", harness_source_path("tests/web-peer/models.mjs"), url, tokens, folder, NULL};
    const char *log = service_file(s, "look.log");
    pid_t child = child_start(look, log, log);
    CHECK_INT(service_wait(&child, 240.0), 0);
    char *said = harness_read_file(log, NULL);
    CHECK_CONTAINS(said != NULL ? said : "", "5 passed, 0 failed");
    free(said);
}

static void ask_with_client(const service *s, const char *folder, const char *wanted) {
    ls_service_address address;
    ls_error err = {0};
    char python[PATH + 32], where[64];
    if (ls_service_find(s->data, &address, &err) != LS_OK) {
        CHECK_STR(err.text, "");
        return;
    }
    snprintf(python, sizeof python, "%s/venv/bin/python", folder);
    snprintf(where, sizeof where, "127.0.0.1:%d", address.port);
    const char *const check[] = {python, harness_source_path("tests/infer-peer/check.py"),
                                 where,  address.token,
                                 wanted, NULL};
    const char *log = service_file(s, "check.log");
    pid_t child = child_start(check, log, log);
    CHECK_INT(service_wait(&child, 120.0), 0);
    char *said = harness_read_file(log, NULL);
    CHECK_CONTAINS(said != NULL ? said : "", "28 passed, 0 failed");
    free(said);
    look_at_page(s, &address);
}

// The registry is looked at by the service itself.
static bool wait_versions(const service *s, const char *versions) {
    const double until = service_clock() + 30.0;
    const char *body = "";
    while ((service_get(s, "/v2/models/wear", &body) != 200 || strstr(body, versions) == NULL) &&
           service_clock() < until) {
        service_pause(0.05);
    }
    CHECK_CONTAINS(body, versions);
    return strstr(body, versions) != NULL;
}

static void play(service *s, const char *folder) {
    const char *body = "";
    char registry[PATH], wanted[PATH];
    version one = {0}, two = {0}, kind = {0};
    ls_error err = {0};
    snprintf(registry, sizeof registry, "%s", service_file(s, "data/models"));
    snprintf(wanted, sizeof wanted, "%s", service_file(s, "wanted.json"));
    CHECK_INT(mkdir(s->data, 0700), 0);
    add_version(registry, "wear", 5, 0, &one);
    add_version(registry, "wear", 6, 0, &two);
    add_version(registry, "kind", 8, CLASSES, &kind);
    CHECK_INT(ls_registry_promote(registry, "wear", one.number, &err), LS_OK);
    if (service_run(s)) {
        CHECK_INT(service_get(s, "/v2/models/kind/ready", &body), 503);
        CHECK_CONTAINS(body, "{\"name\":\"kind\",\"ready\":false}");
        CHECK_INT(service_get(s, "/v2/health/ready", &body), 503);
        CHECK_INT(ls_registry_challenge(registry, "wear", two.number, &err), LS_OK);
        CHECK_INT(ls_registry_promote(registry, "kind", kind.number, &err), LS_OK);
        if (wait_versions(s, "\"versions\":[\"1\",\"2\"]") &&
            service_wait_status(s, "/v2/health/ready", 200) &&
            write_wanted(wanted, &one, &two, &kind)) {
            ask_with_client(s, folder, wanted);
        }
        CHECK_INT(ls_registry_promote(registry, "wear", two.number, &err), LS_OK);
        wait_versions(s, "\"versions\":[\"2\"]");
        CHECK_INT(service_get(s, "/v2/models/wear/versions/1", &body), 404);
        CHECK_CONTAINS(body, "version 1 of model 'wear' does not serve");
        CHECK_INT(service_stop(&s->run, 60.0), 0);
    }
    CHECK_STR(err.text, "");
    ls_predictor_clear(&one.predictor);
    ls_predictor_clear(&two.predictor);
    ls_predictor_clear(&kind.predictor);
}

static void test_a_client_that_is_not_ours_asks_the_service(void) {
    char folder[PATH];
    service s;
    ls_plant *plant = NULL;
    ls_features *features = NULL;
    ls_error err = {0};
    if (!install(folder)) {
        harness_skip("not available here: tests/infer-peer/install says why");
        return;
    }
    CHECK_INT(ls_plant_parse(plant_text, strlen(plant_text), "p.yaml", &plant, NULL, &err), LS_OK);
    CHECK_STR(err.text, "");
    if (plant == NULL) {
        return;
    }
    CHECK_INT(ls_snapshot_features(&plant->models[0], &features, &err), LS_OK);
    columns = ls_features_count(features);
    CHECK(columns > 0 && columns <= COLUMNS_MAX);
    for (uint32_t c = 0; c < columns && c < COLUMNS_MAX; c++) {
        names[c] = ls_features_name(features, c);
    }
    if (columns <= COLUMNS_MAX && service_begin_text(&s, plant_text)) {
        play(&s, folder);
        service_end(&s);
    }
    ls_features_destroy(features);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_client_that_is_not_ours_asks_the_service);
    return harness_report();
}
