// strangers_test.c - who else comes to a service that decides: a client that floods it, a page of
// another origin, another writer. It goes on deciding, and the line hears it alone.
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/ask_service.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/service/rows.h"

enum { ANSWER_SIZE = 65536, TOGETHER = 64 };

static const char form[] =
    "plant: cell\n"
    "start: 2026-01-05\n"
    "dispatch: fifo\n"
    "stations:\n"
    "  saw: {process: lognormal 20 s sd 4 s}\n"
    "  grind:\n"
    "    machines: 2\n"
    "    queue: 40\n"
    "    process: lognormal 44 s sd 4 s\n"
    "    setup: {a to b: 3 min, b to a: 3 min}\n"
    "products:\n"
    "  a: {route: [saw, grind], release: {every: exp 70 s}}\n"
    "  b: {route: [saw, grind], release: {every: exp 70 s}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: shop, nodes: [cell]}\n"
    "decide:\n"
    "  objective: cycle-time\n"
    "  dispatch: {at: grind, mode: auto, within: 2 s, horizon: 1 h, futures: 400}\n"
    "guards: {heartbeat: 2 s}\n";

static ls_service_address service_at;

static bool start(service *s) {
    static const char *const fast[] = {"--speed", "120", NULL};
    ls_error err;
    return service_begin_text(s, form) && service_run(s) && service_emulate(s, fast) &&
           rows_wait(s, "done", 1) && ls_service_find(s->data, &service_at, &err) == LS_OK;
}

// ---- HTTP as others speak it

static int call(void) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)service_at.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval wait = {.tv_sec = 10};
    const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file >= 0 && setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
        connect(file, (const struct sockaddr *)(const void *)&to, sizeof to) == 0) {
        return file;
    }
    if (file >= 0) {
        close(file);
    }
    return -1;
}

static bool ask(int file, const char *method, const char *path, const char *more,
                const char *body) {
    char text[1024];
    const int size = snprintf(text, sizeof text,
                              "%s %s HTTP/1.0\r\nHost: localhost:%d\r\nAuthorization: Bearer "
                              "%s\r\n%sContent-Length: %zu\r\n\r\n%s",
                              method, path, service_at.port, service_at.token, more, strlen(body),
                              body);
    return file >= 0 && send(file, text, (size_t)size, MSG_NOSIGNAL) == size;
}

// The status, 0: no answer. Closes.
static int answer(int file) {
    static char text[ANSWER_SIZE];
    size_t used = 0;
    ssize_t got = file >= 0 ? 1 : 0;
    while (got > 0 && used + 1 < sizeof text) {
        got = read(file, text + used, sizeof text - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    text[used] = '\0';
    if (file >= 0) {
        close(file);
    }
    return strncmp(text, "HTTP/1.", 7) == 0 && used > 12 ? atoi(text + 9) : 0;
}

static int ask_once(const char *method, const char *path, const char *more, const char *body) {
    const int file = call();
    (void)ask(file, method, path, more, body);
    return answer(file);
}

// ---- tests

// It is told to come later; others are answered, and decisions go on in their time.
static void test_a_flood_of_questions_stops_nothing(void) {
    service s = {0};
    if (start(&s)) {
        const double asked = service_metric(&s, "decisions_total");
        const double late = service_metric(&s, "decisions_late_total");
        uint32_t served = 0, often = 0, else_said = 0;
        const double until = service_clock() + 10.0;
        while (service_clock() < until) {
            int files[TOGETHER];
            for (int i = 0; i < TOGETHER; i++) {
                files[i] = call();
                (void)ask(files[i], i % 2 == 0 ? "GET" : "POST",
                          i % 2 == 0 ? "/api/v1/decisions?limit=500" : "/api/v1/guard/lift",
                          "Content-Type: application/json\r\n", "{}");
            }
            for (int i = 0; i < TOGETHER; i++) {
                const int status = answer(files[i]);
                served += status == 200 || status == 409;
                often += status == 429 || status == 503;
                else_said += status != 200 && status != 409 && status != 429 && status != 503 &&
                             status != 0;
            }
        }
        harness_note("%u served, %u told to come later, %u other answers", served, often,
                     else_said);
        CHECK(served > 0);
        CHECK(often > 100);
        CHECK_INT(else_said, 0);
        const char *body = "";
        CHECK_INT(service_get(&s, "/healthz", &body), 200);
        const double decided = service_metric(&s, "decisions_total") - asked;
        CHECK(decided >= 5);
        CHECK(service_metric(&s, "decisions_late_total") - late <= 0.1 * decided + 1);
        const int before = rows_count(&s, "done");
        CHECK(rows_wait(&s, "done", before + 1));
    }
    service_end(&s);
}

// Whoever has the token but comes from elsewhere does nothing.
static void test_a_page_of_another_origin_does_nothing(void) {
    service s = {0};
    if (start(&s)) {
        char own[64];
        snprintf(own, sizeof own, "Origin: http://localhost:%d\r\n", service_at.port);
        const char *const type = "Content-Type: application/json\r\n";
        char more[200];
        snprintf(more, sizeof more, "Origin: http://evil.example\r\n%s", type);
        CHECK_INT(ask_once("POST", "/api/v1/guard/hold", more, "{}"), 403);
        CHECK_INT(ask_once("POST", "/api/v1/guard/hold", "Origin: null\r\n", "{}"), 403);
        const char *const show[] = {"guard", "show", s.plant, "--data", s.data, NULL};
        const char *said = service_ask(show);
        CHECK(said != NULL && strstr(said, "hold ") == NULL);
        snprintf(more, sizeof more, "%s%s", own, type);
        CHECK_INT(ask_once("POST", "/api/v1/guard/hold", more, "{}"), 200);
        said = service_ask(show);
        CHECK_CONTAINS(said != NULL ? said : "", "hold       everything");
    }
    service_end(&s);
}

static uint32_t count(const char *text, const char *part) {
    uint32_t found = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        found++;
    }
    return found;
}

// Another guard with the same login: while ours beats it gets nothing, and ours goes on.
static void test_a_second_writer_gets_nothing(void) {
    service s = {0};
    if (start(&s)) {
        char data[SERVICE_PATH_SIZE + 64], link_to[SERVICE_PATH_SIZE + 80],
            own[SERVICE_PATH_SIZE + 80];
        char log[SERVICE_PATH_SIZE + 64];
        snprintf(data, sizeof data, "%s", service_file(&s, "second"));
        snprintf(log, sizeof log, "%s", service_file(&s, "second.log"));
        snprintf(link_to, sizeof link_to, "%s/broker", data);
        snprintf(own, sizeof own, "%s/broker", s.data);
        CHECK_INT(mkdir(data, 0700), 0);
        CHECK_INT(symlink(own, link_to), 0);
        const char *program = getenv("LINESHAFT_PROGRAM");
        program = program != NULL ? program : "build/lineshaft";
        const char *const second[] = {program, "guard", s.plant, "--data", data, NULL};
        const char *const same[] = {program, "guard", s.plant, "--data", s.data, NULL};
        // In the folder of ours it ends at once.
        CHECK(child_wait(child_start(same, NULL, log)) != 0);
        const pid_t other = child_start(second, NULL, log);
        char *before_log = service_log(&s);
        const uint32_t trips = count(before_log, "tripped");
        free(before_log);
        const int before = rows_count(&s, "done");
        CHECK(rows_wait(&s, "done", before + 5));
        service_pause(5.0);
        char *said = harness_read_file(log, NULL);
        CHECK_CONTAINS(said != NULL ? said : "", "the guard is ready");
        CHECK(said != NULL && strstr(said, "the line is ours to write") == NULL);
        free(said);
        char *after_log = service_log(&s);
        CHECK_INT(count(after_log, "tripped"), trips);
        free(after_log);
        rows_read(&s);
        kill(other, SIGTERM);
        CHECK_INT(child_wait(other), 0);
    }
    service_end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_flood_of_questions_stops_nothing);
    TEST(test_a_page_of_another_origin_does_nothing);
    TEST(test_a_second_writer_gets_nothing);
    return harness_report();
}
