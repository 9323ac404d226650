// https_test.c - addresses and heads of answers; a server of our own that answers, is silent, hangs
// up, or breaks off. TLS is tested with a pool's daemon (tests/cli/pool_daemon_test.c).
#include "exec/https.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness.h"

static void test_addresses(void) {
    static const struct {
        const char *text, *host, *path;
        int port;
        bool tls;
    } good[] = {
        {"https://pool.example", "pool.example", "", 443, true},
        {"https://pool.example:8378/", "pool.example", "", 8378, true},
        {"HTTPS://10.1.2.3:1/a/b//", "10.1.2.3", "/a/b", 1, true},
        {"https://[::1]:99", "::1", "", 99, true},
        {"http://127.0.0.1:8378", "127.0.0.1", "", 8378, false},
        {"http://localhost", "localhost", "", 80, false},
    };
    static const char *const wrong[] = {
        "",
        "pool.example",
        "ftp://pool.example",
        "http://pool.example",  // a token would be readable
        "http://128.0.0.1",
        "https://",
        "https://:8378",
        "https://a:0",
        "https://a:65536",
        "https://a:",
        "https://a b",
        "https://user:secret@a",
        "https://a/?token=x",
        "https://a/b\r\nHost: c",
        "https://[::1",
    };
    ls_https_url url;
    const char *why = NULL;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK(ls_https_url_parse(good[i].text, &url, &why));
        CHECK_STR(url.host, good[i].host);
        CHECK_STR(url.path, good[i].path);
        CHECK_INT(url.port, good[i].port);
        CHECK_INT(url.tls, good[i].tls);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const bool taken = ls_https_url_parse(wrong[i], &url, &why);
        if (taken) {
            harness_note("taken: '%s'", wrong[i]);
        }
        CHECK(!taken);
    }
}

static void test_heads(void) {
    int status = 0;
    int64_t length = 0;
    bool closes = false;
    const char one[] = "HTTP/1.1 200 OK\r\ncontent-length:  12\r\nConnection: close\r\n\r\n";
    CHECK(ls_https_head_parse(one, sizeof one - 1, &status, &length, &closes));
    CHECK(status == 200 && length == 12 && closes);
    const char two[] = "HTTP/1.1 204 No Content\r\n\r\n";
    CHECK(ls_https_head_parse(two, sizeof two - 1, &status, &length, &closes));
    CHECK(status == 204 && length == -1 && !closes);
    static const char *const wrong[] = {
        "",
        "HTTP/1.1 2",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(!ls_https_head_parse(wrong[i], strlen(wrong[i]), &status, &length, &closes));
    }
}

// ---- a server that says what it is told to

typedef struct server {
    int listener, port;
    const char *const *answers;  // one a connection; NULL-ended. "": hangs up; "-": says nothing
    bool keeps;                  // one connection for all of them
    pthread_t thread;
    char heard[4096];  // of the last question
} server;

static void *serve(void *context) {
    server *s = context;
    int file = -1;
    for (size_t i = 0; s->answers[i] != NULL; i++) {
        file = file >= 0 ? file : accept(s->listener, NULL, NULL);
        size_t got = 0;
        while (file >= 0 && got < sizeof s->heard - 1) {
            const ssize_t n = recv(file, s->heard + got, sizeof s->heard - 1 - got, 0);
            if (n <= 0) {
                break;
            }
            got += (size_t)n;
            s->heard[got] = '\0';
            if (strstr(s->heard, "\r\n\r\n{}") != NULL) {
                break;
            }
        }
        if (strcmp(s->answers[i], "-") == 0) {
            char more;
            (void)!recv(file, &more, 1, 0);  // until the client hangs up
        } else {
            (void)!send(file, s->answers[i], strlen(s->answers[i]), MSG_NOSIGNAL);
        }
        if (!s->keeps) {
            close(file);
            file = -1;
        }
    }
    if (file >= 0) {
        close(file);
    }
    return NULL;
}

static bool begin(server *s, const char *const *answers, bool keeps, ls_https **out) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    char url[64];
    *s = (server){.answers = answers, .keeps = keeps};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool fine = bind(s->listener, (const struct sockaddr *)&at, sizeof at) == 0 &&
                listen(s->listener, 8) == 0 &&
                getsockname(s->listener, (struct sockaddr *)&at, &size) == 0 &&
                pthread_create(&s->thread, NULL, serve, s) == 0;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", ntohs(at.sin_port));
    const ls_https_def def = {.url = url, .token = "a-token"};
    fine = fine && ls_https_open(&def, out, NULL) == LS_OK;
    CHECK(fine);
    return fine;
}

static void end(server *s, ls_https *h) {
    ls_https_close(h);
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static const char fine_answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]";

static ls_status post(ls_https *h, int timeout_ms, ls_buffer *out, int *status, ls_error *err) {
    return ls_https_post(h, "/ask", "{}", 2, timeout_ms, out, status, err);
}

static void test_questions_go_over_one_connection(void) {
    static const char *const answers[] = {
        fine_answer, "HTTP/1.1 409 Conflict\r\nContent-Length: 3\r\n\r\nabc", NULL};
    server s;
    ls_https *h = NULL;
    ls_buffer out;
    int status = 0;
    ls_error err = {0};
    ls_buffer_init(&out);
    if (begin(&s, answers, true, &h)) {
        CHECK_INT(post(h, 60000, &out, &status, &err), LS_OK);
        CHECK_INT(status, 200);
        CHECK_INT(out.size, 2);
        CHECK_INT(post(h, 60000, &out, &status, &err), LS_OK);
        CHECK_INT(status, 409);
        CHECK_INT(out.size, 3);
        end(&s, h);
        CHECK_CONTAINS(s.heard, "POST /x/ask HTTP/1.1\r\n");
        CHECK_CONTAINS(s.heard, "Authorization: Bearer a-token\r\n");
        CHECK_CONTAINS(s.heard, "Host: 127.0.0.1:");
    }
    ls_buffer_clear(&out);
}

// A server closes what was silent; the next question is asked anew.
static void test_a_kept_connection_that_is_gone_is_opened_again(void) {
    static const char *const answers[] = {fine_answer, fine_answer, NULL};
    server s;
    ls_https *h = NULL;
    ls_buffer out;
    int status = 0;
    ls_error err = {0};
    ls_buffer_init(&out);
    if (begin(&s, answers, false, &h)) {
        CHECK_INT(post(h, 60000, &out, &status, &err), LS_OK);
        CHECK_INT(post(h, 60000, &out, &status, &err), LS_OK);
        CHECK_INT(status, 200);
        end(&s, h);
    }
    ls_buffer_clear(&out);
}

static void test_what_breaks_off_is_said(void) {
    static const char *const answers[] = {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
                                          "nonsense\r\n\r\n", "-", NULL};
    static const char *const said[] = {"hung up", "no whole answer", "no whole answer",
                                       "no answer came in time"};
    server s;
    ls_https *h = NULL;
    ls_buffer out;
    int status = 0;
    ls_buffer_init(&out);
    if (begin(&s, answers, false, &h)) {
        for (int i = 0; i < 4; i++) {
            ls_error err = {0};
            CHECK_INT(post(h, i == 3 ? 200 : 60000, &out, &status, &err), LS_ERR_IO);
            CHECK_CONTAINS(err.text, said[i]);
        }
        end(&s, h);
    }
    ls_buffer_clear(&out);
}

static void test_nobody_there_is_said(void) {
    ls_https *h = NULL;
    ls_buffer out;
    int status = 0;
    ls_error err = {0};
    const ls_https_def def = {.url = "http://127.0.0.1:1"};
    ls_buffer_init(&out);
    CHECK_INT(ls_https_open(&def, &h, &err), LS_OK);
    CHECK_INT(post(h, 60000, &out, &status, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.text, "no pool answers at 127.0.0.1, port 1");
    ls_https_close(h);
    const ls_https_def wrong = {.url = "https://a", .token = "two words"};
    CHECK_INT(ls_https_open(&wrong, &h, &err), LS_ERR_INVALID);
    ls_buffer_clear(&out);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_addresses);
    TEST(test_heads);
    TEST(test_questions_go_over_one_connection);
    TEST(test_a_kept_connection_that_is_gone_is_opened_again);
    TEST(test_what_breaks_off_is_said);
    TEST(test_nobody_there_is_said);
    return harness_report();
}
