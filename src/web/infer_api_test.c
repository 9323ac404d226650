// infer_api_test.c - the Open Inference Protocol over HTTP, with models that are made up.
#include "web/infer_api.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/harness.h"

#define VIEWER "viewer-viewer-viewer-viewer"
static const ls_auth auth = {
    .tokens = {VIEWER, "operator-operator-operator", "engineer-engineer-engineer"}};

// ---- two models: 'wear' serves versions 3 and 4, 'life' none yet; at most `most` are held at once

static atomic_int held_now, most = 8;
static const char *const columns[] = {"power mean 10min", "heat mean 10min"};

static void say(const void *context, const float *row, double *wide, ls_infer_said *out) {
    wide[0] = isnan(row[0]) ? 0.0 : (double)row[0];
    const double sum = wide[0] + (isnan(row[1]) ? 0.0 : 0.1 * (double)row[1]);
    *out = (ls_infer_said){sum * *(const double *)context, NAN, NAN, false};
}

static const char *name_of(void *context, uint32_t index, char *out, size_t size) {
    static const char *const names[] = {"wear", "life"};
    (void)context;
    return index < 2 ? (ls_text_format(out, size, "%s", names[index]), out) : NULL;
}

static ls_infer_found hold(void *context, const char *name, uint32_t number, ls_infer_held *out) {
    static const double factors[] = {1.0, 2.0};
    (void)context;
    if (strcmp(name, "wear") != 0) {
        return strcmp(name, "life") == 0 ? LS_INFER_NO_VERSION : LS_INFER_NO_MODEL;
    }
    if (number != 0 && number != 3 && number != 4) {
        return LS_INFER_NO_VERSION;
    }
    if (atomic_fetch_add(&held_now, 1) >= atomic_load(&most)) {
        atomic_fetch_sub(&held_now, 1);
        return LS_INFER_BUSY;
    }
    *out = (ls_infer_held){.model = {.name = "wear",
                                     .version = number == 4 ? 4 : 3,
                                     .platform = "lineshaft_linear",
                                     .columns = columns,
                                     .column_count = 2,
                                     .room = 2,
                                     .say = say,
                                     .context = factors + (number == 4)},
                           .versions = {3, 4},
                           .version_count = 2};
    return LS_INFER_FOUND;
}

static void release(void *context, ls_infer_held *held) {
    (void)context;
    CHECK(held->model.say == say);
    atomic_fetch_sub(&held_now, 1);
}

static const ls_route routes[] = {
    {"GET", "/v2", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_infer_server},
    {"GET", "/v2/", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_infer_server},
    {"GET", "/v2/health/live", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, ls_infer_live},
    {"GET", "/v2/health/ready", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, ls_infer_ready},
    {"GET", "/v2/models/*", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_infer_model_about},
    {"GET", "/v2/models/*/ready", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_infer_model_ready},
    {"POST", "/v2/models/*/infer", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, LS_INFER_BODY_MOST,
     ls_infer_model_ask},
    {"GET", "/v2/models/*/versions/*", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, ls_infer_model_about},
    {"GET", "/v2/models/*/versions/*/ready", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0,
     ls_infer_model_ready},
    {"POST", "/v2/models/*/versions/*/infer", LS_RIGHT_VIEWER, LS_EFFORT_BRISK, LS_INFER_BODY_MOST,
     ls_infer_model_ask},
};

static ls_server *start(void) {
    static ls_infer_source source = {
        .version = "1.2.3", .name = name_of, .hold = hold, .release = release};
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

static int dial(const ls_server *server) {
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)ls_server_port(server)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval wait = {.tv_sec = 60};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    CHECK_INT(connect(fd, (const struct sockaddr *)(const void *)&where, sizeof where), 0);
    return fd;
}

// Asks over an open connection; the answer whole, as Content-Length says.
static const char *ask_on(int fd, char *got, size_t room, const char *first, const char *headers,
                          const char *body) {
    char text[4096];
    const size_t size = ls_text_format(
        text, sizeof text,
        "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " VIEWER
        "\r\n%sContent-Length: %zu\r\n\r\n%s",
        first, headers, strlen(body), body);
    CHECK(send(fd, text, size, MSG_NOSIGNAL) == (ssize_t)size);
    size_t all = 0, wanted = SIZE_MAX;
    ssize_t n = 1;
    while (n > 0 && all < wanted && all < room - 1) {
        n = read(fd, got + all, room - 1 - all);
        all += n > 0 ? (size_t)n : 0;
        got[all] = '\0';
        const char *end = strstr(got, "\r\n\r\n"), *length = strstr(got, "Content-Length: ");
        if (end != NULL && length != NULL) {
            wanted = (size_t)(end + 4 - got) + (size_t)strtoul(length + 16, NULL, 10);
        }
    }
    return got;
}

static const char *ask(const ls_server *server, const char *first, const char *headers,
                       const char *body) {
    static char got[65536];
    const int fd = dial(server);
    ask_on(fd, got, sizeof got, first, headers, body);
    close(fd);
    return got;
}

#define TYPE "Content-Type: application/json\r\n"
#define ROW \
    "{\"inputs\":[{\"name\":\"features\",\"shape\":[2],\"datatype\":\"FP32\",\"data\":[1.5,10]}]}"

static void test_the_server_and_its_models_say_what_they_are(void) {
    ls_server *s = start();
    CHECK_CONTAINS(ask(s, "GET /v2", "", ""),
                   "{\"name\":\"lineshaft\",\"version\":\"1.2.3\",\"extensions\":[]}");
    CHECK_CONTAINS(ask(s, "GET /v2/", "", ""), "\"version\":\"1.2.3\"");
    CHECK_CONTAINS(ask(s, "GET /v2/health/live", "", ""), "{\"live\":true}");
    CHECK_CONTAINS(ask(s, "GET /v2/health/ready", "", ""), " 503 ");  // 'life' does not serve
    CHECK_CONTAINS(ask(s, "GET /v2/health/ready", "", ""), "{\"live\":true,\"ready\":false}");
    CHECK_CONTAINS(
        ask(s, "GET /v2/models/wear", "", ""),
        "{\"name\":\"wear\",\"versions\":[\"3\",\"4\"],\"platform\":\"lineshaft_linear\"");
    CHECK_CONTAINS(ask(s, "GET /v2/models/wear/versions/4", "", ""), "\"power mean 10min\"");
    CHECK_CONTAINS(ask(s, "GET /v2/models/wear/ready", "", ""),
                   "{\"name\":\"wear\",\"ready\":true}");
    CHECK_CONTAINS(ask(s, "GET /v2/models/wear/versions/3/ready", "", ""), "\"ready\":true");
    CHECK_CONTAINS(ask(s, "GET /v2/models/life/ready", "", ""), " 503 ");
    CHECK_CONTAINS(ask(s, "GET /v2/models/life/ready", "", ""),
                   "{\"name\":\"life\",\"ready\":false}");
    CHECK_INT(atomic_load(&held_now), 0);
    ls_server_stop(s);
}

static void test_a_version_is_asked_by_its_number(void) {
    ls_server *s = start();
    CHECK_CONTAINS(ask(s, "POST /v2/models/wear/infer", TYPE, ROW),
                   "{\"model_name\":\"wear\",\"model_version\":\"3\",\"outputs\":[{\"name\":"
                   "\"prediction\",\"shape\":[1],\"datatype\":\"FP64\",\"data\":[2.5]}");
    CHECK_CONTAINS(ask(s, "POST /v2/models/wear/versions/4/infer", TYPE, ROW), "\"data\":[5]");
    CHECK_CONTAINS(ask(s, "POST /v2/models/wear/versions/4/infer", "", ROW), "\"data\":[5]");
    CHECK_INT(atomic_load(&held_now), 0);
    ls_server_stop(s);
}

// As the protocol has it: a text, whoever refuses.
static void test_errors_are_one_text(void) {
    static const struct {
        const char *first, *headers, *body, *status, *text;
    } cases[] = {
        {"POST /v2/models/wear/infer", TYPE, "{}", " 400 ",
         "{\"error\":\"there are no 'inputs'\"}"},
        {"POST /v2/models/wear/infer", TYPE, "", " 400 ",
         "{\"error\":\"the body ends where a '{' should stand\"}"},
        {"POST /v2/models/wear/infer", "Content-Type: application/octet-stream\r\n", ROW, " 400 ",
         "{\"error\":\"the body must be sent as application/json\"}"},
        {"POST /v2/models/none/infer", TYPE, ROW, " 404 ",
         "{\"error\":\"there is no model 'none', but 'wear', 'life'\"}"},
        {"GET /v2/models/none/ready", "", "", " 404 ", "there is no model 'none'"},
        {"POST /v2/models/wear/versions/9/infer", TYPE, ROW, " 404 ",
         "version 9 of model 'wear' does not serve, nor does it run in the shadow"},
        {"POST /v2/models/wear/versions/x/infer", TYPE, ROW, " 404 ",
         "versions are whole numbers from 1; 'x' is none"},
        {"POST /v2/models/life/infer", TYPE, ROW, " 503 ",
         "{\"error\":\"no version of model 'life' serves yet; promote one\"}"},
        {"GET /v2/models/wear/infer", "", "", " 405 ",
         "{\"error\":\"this address does not take this method\"}"},
        {"GET /v2/nothing", "", "", " 404 ", "{\"error\":\"there is nothing at this address"},
        {"GET /v2", "Origin: http://evil.example\r\n", "", " 403 ",
         "{\"error\":\"requests of other sites are not answered\"}"},
        {"POST /v2/models/wear/infer", TYPE,
         "{\"inputs\":[{\"name\":\"power\",\"shape\":[1],\"datatype\":\"FP32\",\"data\":[1]}]}",
         " 400 ",
         "{\"error\":\"inputs[0].name: model 'wear' has no feature 'power'; is 'power mean 10min' "
         "meant?; 'features' takes all of them at once; the model's metadata names them\"}"},
    };
    ls_server *s = start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        harness_note("%s", cases[i].first);
        const char *got = ask(s, cases[i].first, cases[i].headers, cases[i].body);
        CHECK_CONTAINS(got, cases[i].status);
        CHECK_CONTAINS(got, cases[i].text);
    }
    CHECK_INT(atomic_load(&held_now), 0);
    ls_server_stop(s);
}

static void test_who_has_no_token_learns_only_that_it_lives(void) {
    static char got[8192];
    ls_server *s = start();
    static const struct {
        const char *text, *answer;
    } cases[] = {
        {"GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", " 200 "},
        {"GET /v2/models/wear HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
         "{\"error\":\"this needs a token; open the address that the service prints\"}"},
    };
    for (size_t i = 0; i < 2; i++) {
        const int fd = dial(s);
        CHECK(send(fd, cases[i].text, strlen(cases[i].text), MSG_NOSIGNAL) > 0);
        size_t all = 0;
        ssize_t n = 1;
        while (n > 0 && all < sizeof got - 1) {
            n = read(fd, got + all, sizeof got - 1 - all);
            all += n > 0 ? (size_t)n : 0;
        }
        got[all] = '\0';
        close(fd);
        CHECK_CONTAINS(got, cases[i].answer);
    }
    ls_server_stop(s);
}

// A program asks in its own loop: more often than a page may, over one connection.
static void test_many_questions_go_over_one_connection(void) {
    static char got[65536];
    ls_server *s = start();
    const int fd = dial(s);
    int right = 0;
    for (int i = 0; i < 1000; i++) {
        const char *answer = ask_on(fd, got, sizeof got, "POST /v2/models/wear/infer", TYPE, ROW);
        right += strstr(answer, " 200 ") != NULL && strstr(answer, "\"data\":[2.5]") != NULL;
    }
    CHECK_INT(right, 1000);
    close(fd);
    ls_server_stop(s);
}

static void test_too_many_at_once_are_told_to_wait(void) {
    ls_server *s = start();
    atomic_store(&most, 0);
    const char *got = ask(s, "POST /v2/models/wear/infer", TYPE, ROW);
    CHECK_CONTAINS(got, " 503 ");
    CHECK_CONTAINS(got, "Retry-After: 1");
    CHECK_CONTAINS(ask(s, "GET /v2/models/wear/ready", "", ""), "\"ready\":false");
    atomic_store(&most, 8);
    CHECK_CONTAINS(ask(s, "GET /v2/models/wear/ready", "", ""), "\"ready\":true");
    ls_server_stop(s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_server_and_its_models_say_what_they_are);
    TEST(test_a_version_is_asked_by_its_number);
    TEST(test_errors_are_one_text);
    TEST(test_who_has_no_token_learns_only_that_it_lives);
    TEST(test_many_questions_go_over_one_connection);
    TEST(test_too_many_at_once_are_told_to_wait);
    return harness_report();
}
