// http_test.c - the web face with honest and hostile clients.
#include "loop/http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "tests/harness.h"

static void answer(void *context, const char *path, ls_http_answer *out) {
    int *asked = context;
    (*asked)++;
    if (strcmp(path, "/here") == 0) {
        out->status = 200;
        ls_buffer_text(&out->body, "hello\n");
    }
}

static int asked;

static int dial(const ls_http *http) {
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)ls_http_port(http)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval wait = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    CHECK_INT(connect(fd, (const struct sockaddr *)(const void *)&where, sizeof where), 0);
    return fd;
}

// Sends bytes, returns what comes until the other side closes or is silent for five seconds.
static const char *say(const ls_http *http, const char *bytes, size_t size) {
    static char got[65536];
    const int fd = dial(http);
    size_t sent = 0;
    while (sent < size) {
        const ssize_t n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            break;  // refused before all was said
        }
        sent += (size_t)n;
    }
    shutdown(fd, SHUT_WR);
    size_t all = 0;
    ssize_t n = 1;
    while (n > 0 && all < sizeof got - 1) {
        n = read(fd, got + all, sizeof got - 1 - all);
        all += n > 0 ? (size_t)n : 0;
    }
    got[all] = '\0';
    close(fd);
    return got;
}

static ls_http *start(void) {
    ls_http *http = NULL;
    ls_error err = {0};
    asked = 0;
    CHECK_INT(ls_http_start("127.0.0.1", 0, answer, &asked, &http, &err), LS_OK);
    return http;
}

static void test_pages_and_their_absence(void) {
    ls_http *http = start();
    const char *text = say(http, "GET /here HTTP/1.0\r\n\r\n", 23);
    CHECK_CONTAINS(text, " 200 ");
    CHECK_CONTAINS(text, "hello\n");
    CHECK_CONTAINS(text, "nosniff");
    CHECK_CONTAINS(say(http, "GET /nowhere HTTP/1.0\r\n\r\n", 25), " 404 ");
    const char post[] = "POST /here HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc";
    CHECK_CONTAINS(say(http, post, sizeof post - 1), " 405 ");
    CHECK_INT(asked, 2);
    ls_http_stop(http);
}

static void test_one_connection_serves_many_questions(void) {
    ls_http *http = start();
    const char twice[] =
        "GET /here HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /here HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const char *text = say(http, twice, sizeof twice - 1);
    const char *first = strstr(text, "hello");
    CHECK(first != NULL && strstr(first + 1, "hello") != NULL);
    ls_http_stop(http);
}

static void test_garbage_is_survived(void) {
    ls_http *http = start();
    static char large[200000];
    memset(large, 'x', sizeof large);
    memcpy(large, "GET /", 5);
    say(http, large, sizeof large);
    say(http, "\0\0\0\377\376", 5);
    say(http, "GET", 3);
    say(http, "\r\n\r\n\r\n", 6);
    const char body[] =
        "POST /here HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n";
    say(http, body, sizeof body - 1);
    CHECK_CONTAINS(say(http, "GET /here HTTP/1.0\r\n\r\n", 23), "hello");
    ls_http_stop(http);
}

// More than are served at a time, that say half a question: when they are gone all is as before.
static void test_a_crowd_that_says_nothing_is_survived(void) {
    enum { CROWD = 200 };
    ls_http *http = start();
    int fds[CROWD];
    for (int i = 0; i < CROWD; i++) {
        fds[i] = dial(http);
        CHECK_INT(send(fds[i], "GET /here", 9, MSG_NOSIGNAL), 9);
    }
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    for (int i = 0; i < CROWD; i++) {
        close(fds[i]);
    }
    CHECK_CONTAINS(say(http, "GET /here HTTP/1.0\r\n\r\n", 23), "hello");
    ls_http_stop(http);
}

static void test_an_address_in_use_says_so(void) {
    ls_http *http = start();
    ls_http *second = NULL;
    ls_error err = {0};
    CHECK_INT(ls_http_start("127.0.0.1", ls_http_port(http), answer, &asked, &second, &err),
              LS_ERR_IO);
    CHECK_CONTAINS(err.hint, "--port");
    CHECK(second == NULL);
    CHECK_INT(ls_http_start("localhost", 0, answer, &asked, &second, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "localhost");
    ls_http_stop(http);
    ls_http_stop(NULL);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_pages_and_their_absence);
    TEST(test_one_connection_serves_many_questions);
    TEST(test_garbage_is_survived);
    TEST(test_a_crowd_that_says_nothing_is_survived);
    TEST(test_an_address_in_use_says_so);
    return harness_report();
}
