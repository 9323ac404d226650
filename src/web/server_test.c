// server_test.c - the server with honest and hostile clients.
#include "web/server.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "tests/harness.h"

#define VIEWER "viewer-viewer-viewer-viewer"
#define OPERATOR "operator-operator-operator"
#define ENGINEER "engineer-engineer-engineer"

static const ls_auth auth = {.tokens = {VIEWER, OPERATOR, ENGINEER}};

static void answer_who(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    answer->type = "text/plain";
    ls_buffer_printf(&answer->body, "%s %s %zu\n", request->who, request->part, request->body.size);
}

static void answer_known(void *context, const ls_request *request, ls_answer *answer) {
    (void)context;
    answer->type = "text/plain";
    ls_buffer_printf(&answer->body, "%s %s\n", request->known ? "known" : "stranger", request->who);
}

static const ls_route routes[] = {
    {"GET", "/", LS_RIGHT_NOTHING, LS_EFFORT_LITTLE, 0, answer_who},
    {"GET", "/welcome", LS_RIGHT_WELCOME, LS_EFFORT_LITTLE, 0, answer_known},
    {"GET", "/near", LS_RIGHT_NEAR, LS_EFFORT_LITTLE, 0, answer_who},
    {"GET", "/seen", LS_RIGHT_VIEWER, LS_EFFORT_SOME, 0, answer_who},
    {"GET", "/seen/*", LS_RIGHT_VIEWER, LS_EFFORT_DEAR, 0, answer_who},
    {"POST", "/done", LS_RIGHT_OPERATOR, LS_EFFORT_LITTLE, 1000, answer_who},
    {"PUT", "/kept", LS_RIGHT_ENGINEER, LS_EFFORT_LITTLE, 1000, answer_who},
};

static void answer_more(void *context, const ls_request *request, ls_answer *answer) {
    answer->type = "text/plain";
    ls_buffer_printf(&answer->body, "more of %s: %s\n", (const char *)context, request->part);
}

static const ls_route more_routes[] = {
    {"GET", "/", LS_RIGHT_NOTHING, LS_EFFORT_LITTLE, 0, answer_more},
    {"GET", "/more/*", LS_RIGHT_VIEWER, LS_EFFORT_LITTLE, 0, answer_more},
};

static ls_server *start(uint32_t most, int64_t patience_us) {
    static char pool[] = "pool";
    const ls_server_def def = {.listen = "127.0.0.1",
                               .more = {.routes = more_routes,
                                        .route_count = sizeof more_routes / sizeof *more_routes,
                                        .context = pool},
                               .auth = &auth,
                               .routes = routes,
                               .route_count = sizeof routes / sizeof *routes,
                               .connections_most = most,
                               .patience_us = patience_us};
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

// Sends bytes; what comes until the other side closes.
static const char *say(const ls_server *server, const char *bytes, size_t size) {
    static char got[65536];
    const int fd = dial(server);
    size_t sent = 0;
    ssize_t n = 1;
    while (sent < size && n > 0) {
        n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;  // else refused before all was said
    }
    shutdown(fd, SHUT_WR);
    size_t all = 0;
    n = 1;
    while (n > 0 && all < sizeof got - 1) {
        n = read(fd, got + all, sizeof got - 1 - all);
        all += n > 0 ? (size_t)n : 0;
    }
    got[all] = '\0';
    close(fd);
    return got;
}

static const char *ask(const ls_server *server, const char *first, const char *headers,
                       const char *body) {
    char text[8192];
    const size_t size = ls_text_format(text, sizeof text,
                                       "%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n"
                                       "%s\r\n%s",
                                       first, ls_server_port(server), headers, body);
    return say(server, text, size);
}

#define BEARER(token) "Authorization: Bearer " token "\r\n"
#define JSON(length) "Content-Type: application/json\r\nContent-Length: " #length "\r\n"

static void test_only_who_has_a_token_is_answered(void) {
    ls_server *s = start(0, 0);
    CHECK_CONTAINS(ask(s, "GET /near", "", ""), " 200 ");
    CHECK_CONTAINS(ask(s, "GET /seen", "", ""), " 401 ");
    CHECK_CONTAINS(ask(s, "GET /seen", "", ""), "\"code\":\"token\"");
    CHECK_CONTAINS(ask(s, "GET /seen", BEARER("viewer-viewer-viewer-viewes"), ""), " 401 ");
    CHECK_CONTAINS(ask(s, "GET /seen", BEARER(""), ""), " 401 ");
    CHECK_CONTAINS(ask(s, "GET /seen", BEARER(VIEWER), ""), "viewer@127.0.0.1");
    CHECK_CONTAINS(ask(s, "GET /seen/part?x=1", BEARER(VIEWER), ""), "127.0.0.1 part 0");
    CHECK_CONTAINS(ask(s, "HEAD /seen", BEARER(VIEWER), ""), " 200 ");
    ls_server_stop(s);
}

// Nor is it a place to try tokens.
static void test_who_is_welcome_is_known_by_a_token_alone(void) {
    ls_server *s = start(0, 0);
    CHECK_CONTAINS(ask(s, "GET /welcome", "", ""), "stranger");
    CHECK_CONTAINS(ask(s, "GET /welcome", BEARER(VIEWER), ""), "known viewer@127.0.0.1");
    CHECK_CONTAINS(ask(s, "GET /welcome", "Sec-Fetch-Site: cross-site\r\n", ""), "stranger");
    CHECK_CONTAINS(ask(s, "GET /welcome", BEARER("viewer-viewer-viewer-viewes"), ""), "stranger");
    bool refused = false;
    for (int i = 0; i < 100 && !refused; i++) {
        refused = strstr(ask(s, "GET /welcome", BEARER("wrong"), ""), " 429 ") != NULL;
    }
    CHECK(refused);
    ls_server_stop(s);
}

static void test_a_role_that_is_too_low_is_refused(void) {
    ls_server *s = start(0, 0);
    CHECK_CONTAINS(ask(s, "POST /done", BEARER(VIEWER) JSON(2), "{}"), " 403 ");
    CHECK_CONTAINS(ask(s, "POST /done", BEARER(VIEWER) JSON(2), "{}"), "\"code\":\"role\"");
    CHECK_CONTAINS(ask(s, "POST /done", BEARER(OPERATOR) JSON(2), "{}"), "operator@127.0.0.1  2");
    CHECK_CONTAINS(ask(s, "PUT /kept", BEARER(OPERATOR) JSON(2), "{}"), " 403 ");
    CHECK_CONTAINS(ask(s, "PUT /kept", BEARER(ENGINEER) JSON(2), "{}"), " 200 ");
    ls_server_stop(s);
}

static void test_the_printed_address_becomes_a_cookie(void) {
    ls_server *s = start(0, 0);
    char cookie[200];
    const char *got = ask(s, "GET /?token=" OPERATOR, "", "");
    CHECK_CONTAINS(got, " 303 ");
    CHECK_CONTAINS(got, "Location: /\r\n");
    CHECK_CONTAINS(got, "HttpOnly; SameSite=Strict");
    ls_text_format(cookie, sizeof cookie, "Cookie: a=b; lineshaft-%d=" OPERATOR "\r\n",
                   ls_server_port(s));
    CHECK_CONTAINS(ask(s, "GET /seen", cookie, ""), "operator@127.0.0.1");
    CHECK_CONTAINS(ask(s, "GET /?token=wrong", "", ""), " 401 ");
    // What else is chosen stays, and nothing that would end the line or the address.
    CHECK_CONTAINS(ask(s, "GET /?wall=1&token=" OPERATOR "&lang=ko", "", ""),
                   "Location: /?wall=1&lang=ko\r\n");
    got = ask(s, "GET /?token=" OPERATOR "&a=b%0d%0aX-Other:%201&theme=dark&c%3d=1&next=//other",
              "", "");
    CHECK_CONTAINS(got, "Location: /?theme=dark\r\n");
    CHECK(strstr(got, "X-Other") == NULL);
    got = ask(s,
              "GET /?token=" OPERATOR
              "&long=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"
              "&wall=1",
              "", "");
    CHECK_CONTAINS(got, "Location: /?wall=1\r\n");
    CHECK_CONTAINS(ask(s, "GET /seen?token=" OPERATOR, "", ""), " 401 ");
    ls_server_stop(s);
}

static void test_pages_of_other_sites_are_refused(void) {
    ls_server *s = start(0, 0);
    char own[100];
    CHECK_CONTAINS(
        ask(s, "POST /done", BEARER(OPERATOR) "Origin: http://evil.example\r\n" JSON(2), "{}"),
        "\"code\":\"origin\"");
    CHECK_CONTAINS(ask(s, "GET /seen", BEARER(VIEWER) "Origin: null\r\n", ""), " 403 ");
    CHECK_CONTAINS(ask(s, "GET /seen", BEARER(VIEWER) "Sec-Fetch-Site: cross-site\r\n", ""),
                   " 403 ");
    CHECK_CONTAINS(ask(s, "GET /near", "Origin: http://127.0.0.1:1\r\n", ""), " 403 ");
    ls_text_format(own, sizeof own, BEARER(VIEWER) "Origin: http://127.0.0.1:%d\r\n",
                   ls_server_port(s));
    CHECK_CONTAINS(ask(s, "GET /seen", own, ""), " 200 ");
    static const char rebound[] =
        "GET /near HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    CHECK_CONTAINS(say(s, rebound, sizeof rebound - 1), "\"code\":\"host\"");
    ls_server_stop(s);
}

static void test_huge_and_foreign_bodies_are_refused(void) {
    ls_server *s = start(0, 0);
    static char large[4096];
    memset(large, 'x', sizeof large - 1);
    CHECK_CONTAINS(ask(s, "POST /done", BEARER(OPERATOR) JSON(1000000000000), "{}"), " 413 ");
    CHECK_CONTAINS(ask(s, "POST /done", BEARER(OPERATOR) JSON(4095), large), " 413 ");
    CHECK_CONTAINS(ask(s, "POST /done", BEARER(OPERATOR) "Content-Length: 2\r\n", "{}"), " 400 ");
    char chunked[8192];
    ls_text_format(chunked, sizeof chunked, "fff\r\n%s\r\n0\r\n\r\n", large);
    CHECK_CONTAINS(ask(s, "POST /done",
                       BEARER(OPERATOR) "Content-Type: application/json\r\n"
                                        "Transfer-Encoding: chunked\r\n",
                       chunked),
                   " 413 ");
    CHECK_CONTAINS(ask(s, "GET /near", "", ""), " 200 ");
    ls_server_stop(s);
}

static void test_what_is_not_there_says_so(void) {
    ls_server *s = start(0, 0);
    CHECK_CONTAINS(ask(s, "GET /nothing", "", ""), " 404 ");
    CHECK_CONTAINS(ask(s, "GET /seen/", BEARER(VIEWER), ""), " 404 ");
    CHECK_CONTAINS(ask(s, "DELETE /done", BEARER(OPERATOR), ""), "Allow: POST");
    CHECK_CONTAINS(ask(s, "BREW /seen", BEARER(OPERATOR), ""), " 405 ");
    ls_server_stop(s);
}

static void test_further_routes_come_after_the_first_ones(void) {
    ls_server *s = start(0, 0);
    CHECK_CONTAINS(ask(s, "GET /more/part", BEARER(VIEWER), ""), "more of pool: part");
    CHECK_CONTAINS(ask(s, "GET /more/part", "", ""), " 401 ");  // held to the same rights
    CHECK_CONTAINS(ask(s, "POST /more/part", BEARER(VIEWER), ""), "Allow: GET");
    CHECK(strstr(ask(s, "GET /", "", ""), "more of") == NULL);
    ls_server_stop(s);
}

static void test_a_flood_is_slowed_and_others_kinds_go_on(void) {
    ls_server *s = start(0, 0);
    int often = 0;
    for (int i = 0; i < 60; i++) {
        often += strstr(ask(s, "POST /done", BEARER(OPERATOR) JSON(2), "{}"), " 429 ") != NULL;
    }
    CHECK(often > 0);
    CHECK_CONTAINS(ask(s, "GET /seen", BEARER(VIEWER), ""), " 200 ");
    often = 0;
    for (int i = 0; i < 60; i++) {
        often += strstr(ask(s, "GET /seen", BEARER("guess"), ""), "Retry-After") != NULL;
    }
    CHECK(often > 0);
    CHECK_CONTAINS(ask(s, "GET /seen", BEARER(VIEWER), ""),
                   " 200 ");  // who has one is not kept out
    ls_server_stop(s);
}

static void test_silent_clients_do_not_keep_others_out(void) {
    enum { SILENT = 32 };
    ls_server *s = start(SILENT, 1000000);
    int silent[SILENT];
    for (int i = 0; i < SILENT; i++) {
        silent[i] = dial(s);
        (void)!send(silent[i], "GET /near HTTP/1.1\r\nX", (size_t)(i % 22), MSG_NOSIGNAL);
    }
    CHECK_CONTAINS(ask(s, "GET /near", "", ""), " 200 ");
    char byte;
    for (int i = 0; i < SILENT; i++) {
        CHECK(read(silent[i], &byte, 1) <= 0);  // cut off
        close(silent[i]);
    }
    ls_server_stop(s);
}

static void test_a_client_that_dribbles_is_cut_off(void) {
    ls_server *s = start(0, 500000);
    const int fd = dial(s);
    const struct timespec pause = {.tv_nsec = 50000000};
    ssize_t sent = send(fd, "GET /near HTTP/1.1\r\nX: ", 23, MSG_NOSIGNAL);
    int bytes = 0;
    for (; sent > 0 && bytes < 1200; bytes++) {
        nanosleep(&pause, NULL);
        sent = send(fd, "x", 1, MSG_NOSIGNAL);
    }
    CHECK(sent <= 0);
    close(fd);
    ls_server_stop(s);
}

static void test_garbage_ends_nothing(void) {
    ls_server *s = start(0, 1000000);
    static char noise[20000];
    uint32_t dice = 7;
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof noise; i++) {
            dice = dice * 1664525u + 1013904223u;
            noise[i] = (char)(dice >> 24);
        }
        (void)say(s, noise, round % 2 == 0 ? sizeof noise : 100);
    }
    CHECK_CONTAINS(ask(s, "GET /near", "", ""), " 200 ");
    ls_server_stop(s);
}

static void test_a_port_that_is_taken_is_told(void) {
    ls_server *s = start(0, 0);
    const ls_server_def def = {.listen = "127.0.0.1", .port = ls_server_port(s), .auth = &auth};
    ls_server *other = NULL;
    ls_error err = {0};
    CHECK_INT(ls_server_start(&def, &other, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.hint, "--port");
    const ls_server_def nowhere = {.listen = "here", .auth = &auth};
    CHECK_INT(ls_server_start(&nowhere, &other, &err), LS_ERR_INVALID);
    ls_server_stop(s);
    ls_server_stop(NULL);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_only_who_has_a_token_is_answered);
    TEST(test_who_is_welcome_is_known_by_a_token_alone);
    TEST(test_a_role_that_is_too_low_is_refused);
    TEST(test_the_printed_address_becomes_a_cookie);
    TEST(test_pages_of_other_sites_are_refused);
    TEST(test_huge_and_foreign_bodies_are_refused);
    TEST(test_what_is_not_there_says_so);
    TEST(test_further_routes_come_after_the_first_ones);
    TEST(test_a_flood_is_slowed_and_others_kinds_go_on);
    TEST(test_silent_clients_do_not_keep_others_out);
    TEST(test_a_client_that_dribbles_is_cut_off);
    TEST(test_garbage_ends_nothing);
    TEST(test_a_port_that_is_taken_is_told);
    return harness_report();
}
