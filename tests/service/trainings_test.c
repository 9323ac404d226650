// trainings_test.c - the whole turn of a model: it is trained as a job of the pool as soon as there
// is enough, serves, the plant changes, that is found, it is trained again on what came since,
// beats the champion in its shadow, and serves. The service is killed in the middle, and the pool
// is away at first. The line is a broker to which this test publishes at its own pace; conditions
// are waited for, never spans of time.
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/ask_service.h"
#include "line/mqtt.h"
#include "model/testing/draws.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/servers/mosquitto.h"
#include "tests/service/service.h"

enum { PATIENCE_S = 180, PATH_SIZE = 600 };
#define STEP_MS INT64_C(300000)                          // five minutes of the line
static const int64_t start_ms = INT64_C(1767571200000);  // 2026-01-05

static const char plant[] =
    "plant: cell\n"
    "start: 2026-01-05\n"
    "stations: {furnace: {process: 1 min}}\n"
    "products: {part: {route: [furnace], release: {every: 10 min}}}\n"
    "listen:\n"
    "  json: {broker: \"%s\", topics: {cell/+: {time: at}}}\n"
    "models:\n"
    "  heat:\n"
    "    what: sensor\n"
    "    of: [f1, f2]\n"
    "    tags: [\"cell/{unit}#power\", \"cell/{unit}#flow\"]\n"
    "    features: [last, mean]\n"
    "    window: 10 min\n"
    "    every: 5 min\n"
    "    label: {tag: \"cell/{unit}#heat\", stale: 12 min}\n"
    "    gates: {latency: 10 s, missing: 10, coverage: 20 %%, worst: 10}\n"
    "    shadow: {for: 4 h, most: 14 d}\n"
    "    drift: {window: 6 h}\n"
    "    retrain: {rows: 300, pause: 10 min}\n"
    "    mode: %s\n"
    "%s";

typedef struct line {
    service s;
    mosquitto_server broker;
    ls_mqtt *mqtt;
    pid_t pool;
    double power[2], flow[2];
    double off;  // what the sensor of power says too much
    bool mute;   // nobody measures heat
    int64_t now_ms;
} line;

// ---- the line

// A sensor of power, one of flow, and the heat that comes of the true ones.
static bool step(line *l) {
    static const char *const units[] = {"f1", "f2"};
    l->now_ms += STEP_MS;
    for (int u = 0; u < 2; u++) {
        char topic[32], text[256];
        ls_error err = {0};
        l->power[u] = 0.7 * l->power[u] + 0.7 * normal();
        l->flow[u] = 0.7 * l->flow[u] + 0.7 * normal();
        const double heat = 50.0 + 2.0 * l->power[u] - l->flow[u] + 0.3 * normal();
        snprintf(topic, sizeof topic, "cell/%s", units[u]);
        int size = snprintf(text, sizeof text, "{\"at\":%lld,\"power\":%.6f,\"flow\":%.6f",
                            (long long)l->now_ms, 20.0 + l->power[u] + l->off, 5.0 + l->flow[u]);
        if (!l->mute) {
            size += snprintf(text + size, sizeof text - (size_t)size, ",\"heat\":%.6f", heat);
        }
        snprintf(text + size, sizeof text - (size_t)size, "}");
        const ls_mqtt_message message = {
            .topic = topic, .payload = text, .size = strlen(text), .qos = 1};
        uint64_t ticket = 0;
        if (ls_mqtt_publish(l->mqtt, &message, &ticket, &err) != LS_OK ||
            ls_mqtt_wait(l->mqtt, ticket, PATIENCE_S * INT64_C(1000000), &err) != LS_OK) {
            harness_note("%s", err.text);
            CHECK(false);
            return false;
        }
    }
    return true;
}

static bool steps(line *l, int count) {
    bool fine = true;
    for (int i = 0; i < count && fine; i++) {
        fine = step(l);
    }
    return fine;
}

static bool open_line(line *l, const char *mode, const char *more) {
    static char text[4096];
    ls_error err = {0};
    *l = (line){.now_ms = start_ms};
    drawn = 12345;
    if (getenv("LINESHAFT_PROGRAM") == NULL) {
        harness_skip("no program");
        return false;
    }
    if (!mosquitto_start(&l->broker, NULL)) {
        return false;
    }
    ls_mqtt_def def = ls_mqtt_def_default();
    def.url = l->broker.url;
    snprintf(text, sizeof text, plant, l->broker.url, mode, more);
    const bool fine = service_begin_text(&l->s, text) && service_run(&l->s) &&
                      ls_mqtt_create(&def, &l->mqtt, &err) == LS_OK;
    const double until = service_clock() + PATIENCE_S;
    ls_mqtt_figures figures = {0};
    while (fine && !figures.connected && service_clock() < until) {
        ls_mqtt_describe(l->mqtt, &figures);
        service_pause(0.02);
    }
    return fine && figures.connected && service_wait_log(&l->s, "connected");
}

static void close_line(line *l) {
    ls_mqtt_destroy(l->mqtt);
    if (l->s.run > 0) {
        CHECK_INT(service_stop(&l->s.run, PATIENCE_S), 0);
    }
    child_kill(l->pool);
    service_end(&l->s);
    mosquitto_stop(&l->broker);
}

// ---- what the service says

static json_t *model_now(const line *l) {
    const char *const ask[] = {NULL};
    (void)ask;
    ls_service_address address;
    ls_error err = {0};
    ls_buffer body;
    json_t *model = NULL;
    ls_buffer_init(&body);
    if (ls_service_find(l->s.data, &address, &err) == LS_OK &&
        ls_service_ask(&address, "/api/v1/models/heat", &body, &err) == LS_OK) {
        model = json_loadb(body.data, body.size, 0, NULL);
    }
    ls_buffer_clear(&body);
    return model;
}

// A value by its path: "drift.state"; borrowed from the model.
static const json_t *at(const json_t *model, const char *path) {
    char part[64];
    const json_t *value = model;
    for (const char *from = path; *from != '\0' && value != NULL;) {
        const size_t length = strcspn(from, ".");
        snprintf(part, sizeof part, "%.*s", (int)length, from);
        value = json_object_get(value, part);
        from += length + (from[length] == '.');
    }
    return value;
}

typedef bool condition(const json_t *model);

static bool is_one(const json_t *m) {
    return json_integer_value(at(m, "serving")) == 1;
}
static bool is_two(const json_t *m) {
    return json_integer_value(at(m, "serving")) == 2;
}
static bool has_drifted(const json_t *m) {
    const char *state = json_string_value(at(m, "drift.state"));
    return state != NULL && strcmp(state, "drift") == 0;
}
static bool is_trained(const json_t *m) {  // once more, and it has its shadow
    return json_integer_value(at(m, "shadow.version")) == 2;
}
static bool is_underway(const json_t *m) {
    const char *state = json_string_value(at(m, "training.state"));
    return state != NULL && strcmp(state, "underway") == 0;
}
static bool is_underway_or_trained(const json_t *m) {
    return is_underway(m) || json_integer_value(at(m, "challenger")) == 2;
}
static bool is_offered(const json_t *m) {
    return json_integer_value(at(m, "training.offer.version")) == 1;
}

static void note(const line *l) {
    json_t *model = model_now(l);
    json_object_del(model, "versions");
    json_object_del(model, "explained");
    json_object_del(model, "live");
    char *text = json_dumps(model, JSON_COMPACT | JSON_REAL_PRECISION(5));
    char *log = service_log(&l->s);
    const size_t size = strlen(log);
    harness_note("%.3000s\n%s", text != NULL ? text : "no answer",
                 size > 3000 ? log + size - 3000 : log);
    free(log);
    free(text);
    json_decref(model);
}

static bool holds(const line *l, condition *is_so) {
    json_t *model = model_now(l);
    const bool so = model != NULL && is_so(model);
    json_decref(model);
    return so;
}

static bool wait_until(const line *l, condition *is_so) {
    const double until = service_clock() + PATIENCE_S;
    while (!holds(l, is_so)) {
        if (service_clock() > until) {
            note(l);
            return false;
        }
        service_pause(0.05);
    }
    return true;
}

// What was published has been predicted.
static bool wait_predicted(const line *l) {
    const double until = service_clock() + PATIENCE_S;
    for (;;) {
        json_t *model = model_now(l);
        const json_int_t newest = json_integer_value(at(model, "drift.newest_us"));
        json_decref(model);
        if (newest >= (l->now_ms - STEP_MS) * 1000) {
            return true;
        }
        if (service_clock() > until) {
            note(l);
            return false;
        }
        service_pause(0.02);
    }
}

// The line goes on, ten moments at a time, until it is so; at most `most` moments.
static bool go_on_until(line *l, condition *is_so, int most) {
    for (int i = 0; i < most; i += 10) {
        if (holds(l, is_so)) {
            return true;
        }
        if (!steps(l, 10) || !wait_predicted(l)) {
            return false;
        }
        service_pause(0.2);  // a little of the time in which the service looks
    }
    note(l);
    return false;
}

static void kill_and_restart(line *l) {
    kill(l->s.run, SIGKILL);
    (void)service_wait(&l->s.run, PATIENCE_S);
    CHECK(service_run(&l->s));
}

static int post(const line *l, const char *role, const char *what, const char *body, char *out_said,
                size_t size) {
    ls_service_address address;
    ls_error err = {0};
    ls_buffer said;
    char path[128];
    int status = 0;
    ls_buffer_init(&said);
    snprintf(path, sizeof path, "/api/v1/models/%s", what);
    CHECK_INT(ls_service_find(l->s.data, &address, &err), LS_OK);
    CHECK_INT(ls_service_post(&address, role, path, body, &said, &status, &err), LS_OK);
    snprintf(out_said, size, "%s", said.data != NULL ? said.data : "");
    ls_buffer_clear(&said);
    return status;
}

typedef struct act {
    json_int_t number;
    char text[64];
} act;

static int by_number(const void *a, const void *b) {
    const json_int_t x = ((const act *)a)->number, y = ((const act *)b)->number;
    return (x > y) - (x < y);
}

// The acts on the model in the history, as they were written: "train.begun trained.done ...".
static void read_acts(const line *l, char *out, size_t size) {
    static act acts[200];
    static char copy[1 << 20];
    const char *const ask[] = {"history", "events", l->s.data, "--kind", "model", "--json", NULL};
    const char *said = service_ask(ask);
    size_t count = 0, used = 0;
    snprintf(copy, sizeof copy, "%s", said != NULL ? said : "");
    for (char *at_line = strtok(copy, "\n"); at_line != NULL && count < 200;
         at_line = strtok(NULL, "\n")) {
        json_t *event = json_loads(at_line, 0, NULL);
        const json_t *detail = json_object_get(event, "details");
        const char *name = json_string_value(json_object_get(detail, "act"));
        const char *state = json_string_value(json_object_get(detail, "state"));
        if (name != NULL) {
            acts[count].number = json_integer_value(json_object_get(event, "number"));
            snprintf(acts[count++].text, sizeof acts->text, "%s%s%s", name,
                     state != NULL ? "." : "", state != NULL ? state : "");
        }
        json_decref(event);
    }
    qsort(acts, count, sizeof *acts, by_number);
    out[0] = '\0';
    for (size_t i = 0; i < count && used + 70 < size; i++) {
        used += (size_t)snprintf(out + used, size - used, "%s ", acts[i].text);
    }
}

// Drift and shadow, as the service tells them, against its own description.
static void check_described(const line *l) {
    ls_service_address address;
    ls_error err = {0};
    char folder[PATH_SIZE], url[64], tokens[PATH_SIZE];
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    snprintf(folder, sizeof folder, "%.*s/peers/web", slash != NULL ? (int)(slash - program) : 5,
             slash != NULL ? program : "build");
    const char *const get[] = {harness_source_path("tests/web-peer/install"), folder, NULL};
    CHECK_INT(child_wait(child_start(get, NULL, NULL)), 0);
    CHECK_INT(ls_service_find(l->s.data, &address, &err), LS_OK);
    snprintf(url, sizeof url, "http://127.0.0.1:%d", address.port);
    snprintf(tokens, sizeof tokens, "%s/tokens.json", l->s.data);
    const char *const look[] = {
        "node", harness_source_path("tests/web-peer/answers.mjs"), url, tokens, folder, "heat",
        NULL};
    const char *log = service_file(&l->s, "answers.log");
    pid_t child = child_start(look, log, log);
    CHECK_INT(service_wait(&child, PATIENCE_S), 0);
    char *said = harness_read_file(log, NULL);
    CHECK_CONTAINS(said != NULL ? said : "", " passed, 0 failed");
    free(said);
}

// ---- tests

static void test_a_model_is_trained_again_when_the_plant_has_changed(void) {
    line l;
    char acts[4096];
    if (!open_line(&l, "auto", "")) {
        close_line(&l);
        return;
    }
    // 200 moments of two units are more than 300 rows: a first one is trained, and serves.
    CHECK(steps(&l, 250));
    CHECK(wait_until(&l, is_one));
    CHECK(go_on_until(&l, is_one, 10));
    CHECK(steps(&l, 150) && wait_predicted(&l));
    CHECK(!holds(&l, has_drifted));

    // Killed: what drift has seen is there again.
    json_t *before = model_now(&l);
    service_pause(0.0);
    kill_and_restart(&l);
    CHECK(wait_until(&l, is_one));
    CHECK(steps(&l, 2) && wait_predicted(&l));
    json_decref(before);

    // The sensor of power says three too much from now on.
    l.off = 3.0;
    CHECK(go_on_until(&l, has_drifted, 400));
    json_t *model = model_now(&l);
    CHECK_CONTAINS(json_string_value(
                       json_object_get(json_array_get(at(model, "drift.features"), 0), "feature")),
                   "power");
    json_decref(model);
    CHECK(go_on_until(&l, is_underway_or_trained, 600));
    kill_and_restart(&l);  // in the middle of it; its job goes on
    CHECK(wait_until(&l, is_one));
    CHECK(go_on_until(&l, is_trained, 400));
    check_described(&l);
    CHECK(go_on_until(&l, is_two, 2000));

    // The new one is right about the line as it is.
    CHECK(steps(&l, 60) && wait_predicted(&l));
    model = model_now(&l);
    CHECK(!has_drifted(model));
    const double now = json_number_value(at(model, "score.rmse"));
    CHECK(now < 1.0);
    CHECK_INT(json_integer_value(at(model, "training.failures")), 0);
    json_decref(model);
    read_acts(&l, acts, sizeof acts);
    harness_note("%s", acts);
    CHECK_CONTAINS(acts, "train.begun trained.done ");
    CHECK_CONTAINS(acts, "drift train.begun trained.done promote.begun promote.done ");
    close_line(&l);
}

// From the engineer's word to the version before, which answers then: in the best of some tries,
// since the machine may have other work.
static void check_rollback(const line *l) {
    char said[4096];
    double best = 1e9;
    for (int i = 0; i < 5 && best >= 1.0; i++) {
        CHECK_INT(
            post(l, NULL, "heat/promote", "{\"version\":2,\"anyway\":true}", said, sizeof said),
            200);
        CHECK(wait_until(l, is_two));
        const double from = service_clock();
        CHECK_INT(post(l, NULL, "heat/rollback", "{}", said, sizeof said), 200);
        CHECK(wait_until(l, is_one));
        const double took = service_clock() - from;
        best = took < best ? took : best;
    }
    harness_note("rolled back in %.3f s", best);
    CHECK(best < 1.0);
}

static void test_a_person_has_the_last_word(void) {
    line l;
    char said[4096], acts[4096];
    if (!open_line(&l, "approve", "pool: {socket: pool.sock, account: works.cell}\n")) {
        close_line(&l);
        return;
    }
    // The pool is away: the training waits for it, and the service goes on.
    CHECK(steps(&l, 250));
    CHECK(wait_until(&l, is_underway));
    CHECK(service_wait_log(&l.s, "the pool is away"));
    CHECK_INT(post(&l, NULL, "heat/retrain", "{}", said, sizeof said), 409);
    CHECK_CONTAINS(said, "is underway");
    CHECK(service_write(service_file(&l.s, "pool.yaml"),
                        "pool: box\nnodes: {name: box, slots: 2}\naccounts:\n"
                        "  works: {accounts: {cell: {guarantee: 1}}}\n"));
    char file[PATH_SIZE], data[PATH_SIZE], socket[PATH_SIZE];
    snprintf(file, sizeof file, "%s", service_file(&l.s, "pool.yaml"));
    snprintf(data, sizeof data, "%s", service_file(&l.s, "pool"));
    snprintf(socket, sizeof socket, "%s", service_file(&l.s, "pool.sock"));
    const char *const argv[] = {getenv("LINESHAFT_PROGRAM"),
                                "pool",
                                "run",
                                file,
                                "--data",
                                data,
                                "--socket",
                                socket,
                                "--no-page",
                                NULL};
    l.pool = child_start(argv, NULL, service_file(&l.s, "pool.log"));
    // It passes its gates and is offered; nothing serves without a yes.
    CHECK(wait_until(&l, is_offered));
    CHECK(!holds(&l, is_one));
    CHECK_INT(post(&l, "operator", "heat/promote", "{\"version\":1}", said, sizeof said), 403);
    CHECK_INT(post(&l, NULL, "tear/promote", "{\"version\":1}", said, sizeof said), 404);
    CHECK_INT(post(&l, NULL, "heat/promote", "{}", said, sizeof said), 400);
    CHECK_INT(post(&l, NULL, "heat/promote", "{\"version\":7}", said, sizeof said), 409);
    CHECK_CONTAINS(said, "not the challenger");
    CHECK_INT(post(&l, NULL, "heat/promote", "{\"version\":7,\"anyway\":true}", said, sizeof said),
              409);
    CHECK_INT(post(&l, NULL, "heat/rollback", "{}", said, sizeof said), 409);
    CHECK_CONTAINS(said, "no champion before");
    CHECK_INT(post(&l, NULL, "heat/promote", "{\"version\":1,\"text\":\"looks good\"}", said,
                   sizeof said),
              200);
    CHECK(wait_until(&l, is_one));
    read_acts(&l, acts, sizeof acts);
    harness_note("%s", acts);
    CHECK_CONTAINS(acts,
                   "train.begun trained.done offer.done promote.begun promote.refused "
                   "rollback.begun rollback.refused promote.begun promote.done ");
    // Asked for by hand; the same again does not pass, and says why.
    CHECK_INT(post(&l, NULL, "heat/retrain", "{\"text\":\"try\"}", said, sizeof said), 200);
    CHECK(service_wait_log(&l.s, "did not pass its gates: gain"));
    check_rollback(&l);
    // Labels that never come: it is told, it predicts on, and nothing is trained on nothing.
    l.mute = true;
    CHECK(steps(&l, 100) && wait_predicted(&l));
    CHECK(service_wait_log(&l.s, "labels do not come"));
    CHECK(holds(&l, is_one));
    CHECK(!holds(&l, is_underway));
    close_line(&l);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_model_is_trained_again_when_the_plant_has_changed);
    TEST(test_a_person_has_the_last_word);
    return harness_report();
}
