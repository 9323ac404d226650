// infer_peer_test.c - the Open Inference Protocol, asked by a client that is not ours: tritonclient
// of PyPI (tests/infer-peer). What it is told equals our walker to the bit.
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "model/predictor.h"
#include "model/testing/boosted.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "web/infer_api.h"

enum { FEATURES = 7, ROWS = 40, PATH = 1024 };
#define VIEWER "viewer-viewer-viewer-viewer"
#define RADIUS 0.125

static const char *const columns[FEATURES] = {
    "power mean 10min", "power std 10min", "heat last", "f4", "f5", "f6", "온도 mean 1h"};
static ls_predictor predictor;

static void say(const void *context, const float *row, double *wide, ls_infer_said *out) {
    const double value = ls_predictor_predict(context, row, wide);
    *out = (ls_infer_said){value, value - RADIUS, value + RADIUS, false};
}

static const char *name_of(void *context, uint32_t index, char *out, size_t size) {
    (void)context;
    return index == 0 ? (ls_text_format(out, size, "wear"), out) : NULL;
}

static ls_infer_found hold(void *context, const char *name, uint32_t number, ls_infer_held *out) {
    (void)context;
    if (strcmp(name, "wear") != 0) {
        return LS_INFER_NO_MODEL;
    }
    if (number != 0 && number != 5) {
        return LS_INFER_NO_VERSION;
    }
    *out = (ls_infer_held){.model = {.name = "wear",
                                     .version = 5,
                                     .platform = "lineshaft_trees",
                                     .columns = columns,
                                     .column_count = FEATURES,
                                     .room = FEATURES,
                                     .say = say,
                                     .context = &predictor},
                           .versions = {5},
                           .version_count = 1};
    return LS_INFER_FOUND;
}

static void release(void *context, ls_infer_held *held) {
    (void)context;
    (void)held;
}

static ls_server *start(void) {
    static const ls_route routes[] = {
        {"GET", "/v2", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_infer_server},
        {"GET", "/v2/health/live", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, ls_infer_live},
        {"GET", "/v2/health/ready", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, ls_infer_ready},
        {"GET", "/v2/models/*", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, 0, ls_infer_model_about},
        {"GET", "/v2/models/*/ready", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, 0, ls_infer_model_ready},
        {"GET", "/v2/models/*/versions/*/ready", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, 0,
         ls_infer_model_ready},
        {"POST", "/v2/models/*/infer", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, LS_INFER_BODY_MOST,
         ls_infer_model_ask},
        {"POST", "/v2/models/*/versions/*/infer", LS_RIGHT_VIEWER, LS_EFFORT_BRISK,
         LS_INFER_BODY_MOST, ls_infer_model_ask},
    };
    static const ls_auth auth = {.tokens = {VIEWER, "operator-operator", "engineer-engineer"}};
    static ls_infer_source source = {
        .version = "test", .name = name_of, .hold = hold, .release = release};
    const ls_server_def def = {.listen = "127.0.0.1",
                               .auth = &auth,
                               .routes = routes,
                               .route_count = sizeof routes / sizeof *routes,
                               .context = &source};
    ls_server *server = NULL;
    ls_error err = {0};
    CHECK_INT(ls_server_start(&def, &server, &err), LS_OK);
    return server;
}

static bool make_model(boosted_random *random) {
    const boosted_shape shape = {.objective = "reg:squarederror",
                                 .features = FEATURES,
                                 .trees = 30,
                                 .splits_max = 20,
                                 .base_score = "5E-1"};
    ls_buffer text;
    ls_error err = {0};
    ls_buffer_init(&text);
    boosted_write(random, &shape, &text);
    const ls_status status = ls_predictor_load(text.data, text.size, "model.json", columns,
                                               FEATURES, &predictor, &err);
    CHECK_INT(status, LS_OK);
    ls_buffer_clear(&text);
    return status == LS_OK;
}

// Rows, and what must be said of them.
static bool write_rows(boosted_random *random, const char *path) {
    static float values[ROWS * FEATURES];
    double wide[FEATURES];
    json_t *names = json_array(), *rows = json_array(),
           *sides[3] = {json_array(), json_array(), json_array()};
    boosted_fill(random, values, ROWS * FEATURES, 0.2);
    for (int c = 0; c < FEATURES; c++) {
        json_array_append_new(names, json_string(columns[c]));
    }
    for (int i = 0; i < ROWS; i++) {
        json_t *row = json_array();
        for (int c = 0; c < FEATURES; c++) {
            const float value = values[i * FEATURES + c];
            json_array_append_new(row, isnan(value) ? json_null() : json_real((double)value));
        }
        json_array_append_new(rows, row);
        const double said = ls_predictor_predict(&predictor, values + (size_t)i * FEATURES, wide);
        json_array_append_new(sides[0], json_real(said));
        json_array_append_new(sides[1], json_real(said - RADIUS));
        json_array_append_new(sides[2], json_real(said + RADIUS));
    }
    json_t *object = json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "model", "wear", "version", 5,
                               "columns", names, "rows", rows, "prediction", sides[0], "low",
                               sides[1], "high", sides[2]);
    const bool fine = json_dump_file(object, path, JSON_REAL_PRECISION(17)) == 0;
    json_decref(object);
    return fine;
}

static bool install(char folder[PATH]) {
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    snprintf(folder, PATH, "%.*s/peers/infer", slash != NULL ? (int)(slash - program) : 5,
             slash != NULL ? program : "build");
    const char *const command[] = {harness_source_path("tests/infer-peer/install"), folder, NULL};
    const pid_t child = child_start(command, NULL, NULL);
    int status = -1;
    // Fetched once; on a busy machine that takes more than a minute.
    for (int tenths = 0; tenths < 3000; tenths++) {
        if (waitpid(child, &status, WNOHANG) != 0) {
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        }
        const struct timespec pause = {.tv_nsec = 100000000};
        nanosleep(&pause, NULL);
    }
    child_kill(child);
    return false;
}

static void test_a_client_that_is_not_ours_is_content(void) {
    char folder[PATH], python[PATH + 32], rows[PATH + 32], log[PATH + 32], address[64];
    boosted_random random = {.state = 5};
    if (!install(folder)) {
        harness_skip("not available here: tests/infer-peer/install says why");
        return;
    }
    snprintf(python, sizeof python, "%s/venv/bin/python", folder);
    snprintf(rows, sizeof rows, "%s/rows-%d.json", folder, (int)getpid());
    snprintf(log, sizeof log, "%s/check-%d.log", folder, (int)getpid());
    if (!make_model(&random) || !write_rows(&random, rows)) {
        CHECK(false);
        return;
    }
    ls_server *server = start();
    snprintf(address, sizeof address, "127.0.0.1:%d", ls_server_port(server));
    const char *const check[] = {
        python, harness_source_path("tests/infer-peer/check.py"), address, VIEWER, rows, NULL};
    CHECK_INT(child_wait(child_start(check, log, log)), 0);
    char *said = harness_read_file(log, NULL);
    CHECK_CONTAINS(said != NULL ? said : "", "23 passed, 0 failed");
    free(said);
    ls_server_stop(server);
    ls_predictor_clear(&predictor);
    unlink(rows);
    unlink(log);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_client_that_is_not_ours_is_content);
    return harness_report();
}
