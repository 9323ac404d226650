// socket_test.c - callers of the pool's socket that are many, slow, rude or gone.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/address.h"
#include "exec/call.h"
#include "exec/socket.h"
#include "tests/harness.h"

typedef struct host {
    char folder[64], path[80];
    ls_pool_socket *socket;
    ls_pool_caller who;
    uint32_t asked;
    size_t answer_size;  // 0: the line itself
} host;

static ls_error err;

static bool on_ask(void *context, const ls_pool_caller *who, const char *line, size_t size,
                   ls_buffer *out) {
    host *h = context;
    h->who = *who;
    h->asked++;
    for (size_t i = 0; i < h->answer_size; i++) {
        ls_buffer_append(out, "x", 1);
    }
    ls_buffer_append(out, line, h->answer_size == 0 ? size : 0);
    return size > 0 && line[0] == '?';
}

static void start(host *h, uint32_t most, int64_t patience_us) {
    memset(h, 0, sizeof *h);
    snprintf(h->folder, sizeof h->folder, "/tmp/ls-pool-XXXXXX");
    CHECK(mkdtemp(h->folder) != NULL);
    snprintf(h->path, sizeof h->path, "%s/pool.sock", h->folder);
    const ls_pool_socket_def def = {.path = h->path,
                                    .mode = 0600,
                                    .callers_most = most,
                                    .patience_us = patience_us,
                                    .ask = on_ask,
                                    .context = h};
    CHECK_INT(ls_pool_socket_open(&def, &h->socket, &err), LS_OK);
}

static void stop(host *h) {
    ls_pool_socket_close(h->socket);
    CHECK_INT(access(h->path, F_OK), -1);  // nothing stays behind
    CHECK_INT(rmdir(h->folder), 0);
}

static void turn(host *h) {
    ls_pool_socket_serve(h->socket);
    ls_pool_socket_send(h->socket, NULL);
}

static int call(const host *h) {
    struct sockaddr_un address;
    int folder = -1;
    CHECK_INT(ls_pool_address_make(h->path, &address, &folder, &err), LS_OK);
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(file >= 0);
    CHECK_INT(connect(file, (const struct sockaddr *)&address, sizeof address), 0);
    return file;
}

static void say(int file, const char *text) {
    CHECK_INT(send(file, text, strlen(text), MSG_NOSIGNAL), (int64_t)strlen(text));
}

// What came so far; "" nothing, "END" hung up.
static const char *heard(int file) {
    static char text[4096];
    const ssize_t n = recv(file, text, sizeof text - 1, MSG_DONTWAIT);
    if (n <= 0) {
        return n == 0 || errno == ECONNRESET ? "END" : "";
    }
    text[n] = '\0';
    return text;
}

static void test_each_line_has_an_answer_in_order(void) {
    host h;
    start(&h, 8, 0);
    const int file = call(&h);
    turn(&h);
    say(file, "o");
    turn(&h);
    CHECK_STR(heard(file), "");
    say(file, "ne\ntwo\nthr");
    turn(&h);
    CHECK_STR(heard(file), "one\n");  // one a round
    turn(&h);
    CHECK_STR(heard(file), "two\n");
    turn(&h);
    say(file, "ee\n\n");
    turn(&h);
    turn(&h);
    CHECK_STR(heard(file), "three\n\n");
    CHECK_INT(h.who.uid, geteuid());
    CHECK_INT(h.who.pid, getpid());
    CHECK_INT(ls_pool_socket_describe(h.socket).lines, 4);
    close(file);
    turn(&h);
    CHECK_INT(ls_pool_socket_describe(h.socket).callers, 0);
    stop(&h);
}

static void test_who_hangs_up_behind_a_question_was_heard(void) {
    host h;
    start(&h, 8, 0);
    const int file = call(&h);
    say(file, "a\nb\nc\n");
    CHECK_INT(shutdown(file, SHUT_WR), 0);
    for (int i = 0; i < 6; i++) {
        turn(&h);
    }
    CHECK_STR(heard(file), "a\nb\nc\n");
    CHECK_STR(heard(file), "END");
    CHECK_INT(ls_pool_socket_describe(h.socket).callers, 0);
    close(file);
    stop(&h);
}

static void test_an_answer_that_did_not_hold_is_replaced(void) {
    host h;
    start(&h, 8, 0);
    const int sure = call(&h), unsure = call(&h);
    turn(&h);
    say(sure, "read\n");
    say(unsure, "?write\n");
    ls_pool_socket_serve(h.socket);
    CHECK_STR(heard(sure), "");  // nothing leaves before it is sure
    ls_pool_socket_send(h.socket, "no");
    CHECK_STR(heard(sure), "read\n");
    CHECK_STR(heard(unsure), "no\n");
    say(unsure, "?again\n");
    turn(&h);
    CHECK_STR(heard(unsure), "?again\n");
    close(sure);
    close(unsure);
    stop(&h);
}

static void test_a_line_that_is_too_long_ends_the_call(void) {
    host h;
    start(&h, 8, 0);
    const int file = call(&h), other = call(&h);
    static char text[64 << 10];
    memset(text, 'x', sizeof text);
    bool told = false;
    size_t sent = 0;
    for (int i = 0; i < 1000 && !told; i++) {
        const ssize_t n = send(file, text, sizeof text, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        turn(&h);
        told = strstr(heard(file), "at most 1048576 bytes") != NULL;
    }
    CHECK(told);
    CHECK(sent > LS_POOL_LINE_MAX && sent < 4u * LS_POOL_LINE_MAX);
    CHECK_INT(h.asked, 0);
    CHECK_INT(ls_pool_socket_describe(h.socket).dropped, 1);
    say(other, "still here\n");
    turn(&h);
    CHECK_STR(heard(other), "still here\n");
    close(file);
    close(other);
    stop(&h);
}

static void test_the_longest_line_is_answered(void) {
    host h;
    start(&h, 8, 0);
    h.answer_size = 2;
    const int file = call(&h);
    char *text = malloc(LS_POOL_LINE_MAX + 1);
    memset(text, 'x', LS_POOL_LINE_MAX);
    text[LS_POOL_LINE_MAX] = '\n';
    for (size_t sent = 0; sent < LS_POOL_LINE_MAX + 1u;) {
        const ssize_t n = send(file, text + sent, LS_POOL_LINE_MAX + 1 - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        turn(&h);
    }
    for (int i = 0; i < 4000 && h.asked == 0; i++) {
        turn(&h);
    }
    CHECK_STR(heard(file), "xx\n");
    free(text);
    close(file);
    stop(&h);
}

static void test_who_does_not_read_is_not_asked_for_more(void) {
    host h;
    start(&h, 8, 0);
    h.answer_size = 100000;
    const int slow = call(&h), other = call(&h);
    uint32_t said = 0;
    for (int i = 0; i < 100; i++) {
        said += send(slow, "more\n", 5, MSG_NOSIGNAL) == 5;
        turn(&h);
    }
    CHECK(said > 50 && h.asked < 20);  // what the system holds of its answers, and no more
    const uint32_t asked = h.asked;
    h.answer_size = 0;
    say(other, "me?\n");
    turn(&h);
    CHECK_STR(heard(other), "me?\n");
    CHECK_INT(h.asked, asked + 1);
    // Who reads again goes on where it was, with every answer.
    const size_t whole = asked * 100001u + (said - asked) * 5u;
    size_t got = 0;
    for (int i = 0; i < 20000 && got < whole; i++) {
        got += strlen(heard(slow));
        turn(&h);
    }
    CHECK_INT(got, whole);
    CHECK_INT(h.asked, said + 1);
    close(slow);
    close(other);
    stop(&h);
}

static void test_when_all_places_are_taken_the_silent_make_room(void) {
    host h;
    start(&h, 2, 1);  // patience of a microsecond
    const int a = call(&h), b = call(&h);
    turn(&h);
    say(b, "b\n");
    turn(&h);
    CHECK_STR(heard(b), "b\n");
    const int c = call(&h);
    turn(&h);
    CHECK_STR(heard(a), "END");
    say(c, "c\n");
    turn(&h);
    CHECK_STR(heard(c), "c\n");
    CHECK_INT(ls_pool_socket_describe(h.socket).dropped, 1);
    close(a);
    close(b);
    close(c);
    stop(&h);
}

static void test_with_patience_the_newcomer_is_turned_away(void) {
    host h;
    start(&h, 2, INT64_C(3600000000));
    const int a = call(&h), b = call(&h);
    turn(&h);
    const int c = call(&h);
    turn(&h);
    CHECK_CONTAINS(heard(c), "too many callers");
    CHECK_STR(heard(c), "END");
    CHECK_STR(heard(a), "");
    CHECK_INT(ls_pool_socket_describe(h.socket).turned_away, 1);
    close(a);
    close(b);
    close(c);
    stop(&h);
}

static void test_ten_thousand_callers_in_turn(void) {
    host h;
    start(&h, 64, 0);
    uint32_t answered = 0;
    for (int i = 0; i < 10000; i++) {
        const int file = call(&h);
        say(file, "me\n");
        turn(&h);
        turn(&h);
        answered += strcmp(heard(file), "me\n") == 0;
        close(file);
        turn(&h);
    }
    CHECK_INT(answered, 10000);
    CHECK_INT(ls_pool_socket_describe(h.socket).came, 10000);
    CHECK_INT(ls_pool_socket_describe(h.socket).turned_away, 0);
    CHECK_INT(ls_pool_socket_describe(h.socket).callers, 0);
    stop(&h);
}

// Both ends are here: each caller takes two files. As many as the limit allows, ten thousand at
// most; beyond it newcomers wait in the system's queue and are served when others go.
static void test_as_many_at_once_as_files_allow(void) {
    host h;
    struct rlimit files;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &files), 0);
    const rlim_t before = files.rlim_cur;
    files.rlim_cur = files.rlim_max > 20400 ? 20400 : files.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &files), 0);
    const int most = (int)((files.rlim_cur - 100) / 2) < 10000 ? (int)((files.rlim_cur - 100) / 2)
                                                               : 10000;
    start(&h, (uint32_t)most, 0);
    int *callers = malloc((size_t)most * sizeof *callers);
    for (int i = 0; i < most; i++) {
        callers[i] = call(&h);
        turn(&h);
    }
    CHECK_INT(ls_pool_socket_describe(h.socket).callers, most);
    for (int i = 0; i < most; i++) {
        say(callers[i], "all\n");
    }
    int answered = 0;
    for (int i = 0; i < most; i++) {
        const char *said = heard(callers[i]);
        for (int k = 0; k < most && said[0] == '\0'; k++) {
            turn(&h);
            said = heard(callers[i]);
        }
        answered += strcmp(said, "all\n") == 0;
    }
    CHECK_INT(answered, most);
    for (int i = 0; i < most; i++) {
        close(callers[i]);
    }
    free(callers);
    stop(&h);
    files.rlim_cur = before;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &files), 0);
}

static void test_without_files_it_comes_back(void) {
    host h;
    struct rlimit files;
    start(&h, 64, INT64_C(3600000000));
    const int a = call(&h);
    turn(&h);
    const int b = call(&h);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &files), 0);
    const rlim_t before = files.rlim_cur;
    const int next = dup(a);
    close(next);
    files.rlim_cur = (rlim_t)next;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &files), 0);
    turn(&h);
    CHECK(ls_pool_socket_wait_ms(h.socket) > 0);  // it does not spin
    say(a, "a\n");
    turn(&h);
    CHECK_STR(heard(a), "a\n");
    files.rlim_cur = before;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &files), 0);
    say(b, "b\n");
    turn(&h);
    turn(&h);
    turn(&h);
    CHECK_STR(heard(b), "b\n");
    CHECK_INT(ls_pool_socket_wait_ms(h.socket), -1);
    close(a);
    close(b);
    stop(&h);
}

static void test_a_socket_file_is_replaced_only_when_nobody_listens(void) {
    host h;
    start(&h, 8, 0);
    ls_pool_socket *second = NULL;
    ls_pool_socket_def def = {.path = h.path, .mode = 0600, .ask = on_ask};
    CHECK_INT(ls_pool_socket_open(&def, &second, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "listens at");
    CHECK(second == NULL);
    struct stat about;
    CHECK_INT(stat(h.path, &about), 0);
    CHECK_INT(about.st_mode & 07777, 0600);
    // Left behind by one that was killed: a socket file without a listener.
    char path[100];
    snprintf(path, sizeof path, "%s/left.sock", h.folder);
    struct sockaddr_un address;
    int folder = -1;
    CHECK_INT(ls_pool_address_make(path, &address, &folder, &err), LS_OK);
    const int left = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_INT(bind(left, (const struct sockaddr *)&address, sizeof address), 0);
    close(left);
    def.path = path;
    def.mode = 0666;
    CHECK_INT(ls_pool_socket_open(&def, &second, &err), LS_OK);
    CHECK_INT(stat(path, &about), 0);
    CHECK_INT(about.st_mode & 07777, 0666);
    ls_pool_socket_close(second);
    // A file that is none is left alone.
    const int file = open(path, O_CREAT | O_WRONLY, 0600);
    close(file);
    CHECK_INT(ls_pool_socket_open(&def, &second, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "is no socket");
    CHECK_INT(unlink(path), 0);
    snprintf(path, sizeof path, "%s/none/left.sock", h.folder);
    CHECK_INT(ls_pool_socket_open(&def, &second, &err), LS_ERR_IO);
    stop(&h);
}

static void test_a_path_may_be_of_any_length(void) {
    host h;
    char folder[64], path[256], part[160];
    snprintf(folder, sizeof folder, "/tmp/ls-pool-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    memset(part, 'p', 150);
    part[150] = '\0';
    snprintf(path, sizeof path, "%s/%s", folder, part);
    CHECK_INT(mkdir(path, 0700), 0);
    memset(&h, 0, sizeof h);
    const size_t length = strlen(path);
    snprintf(path + length, sizeof path - length, "/pool.sock");
    const ls_pool_socket_def def = {.path = path, .mode = 0600, .ask = on_ask, .context = &h};
    CHECK_INT(ls_pool_socket_open(&def, &h.socket, &err), LS_OK);
    ls_pool_call *caller = NULL;
    CHECK_INT(ls_pool_call_open(path, &caller, &err), LS_OK);
    ls_pool_call_close(caller);
    ls_pool_socket_close(h.socket);
    CHECK_INT(ls_pool_call_open(path, &caller, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.text, "no pool's daemon runs here");
    path[length] = '\0';
    CHECK_INT(rmdir(path), 0);
    CHECK_INT(rmdir(folder), 0);
}

static void test_without_memory_a_question_fails_alone(void) {
    host h;
    start(&h, 8, 0);
    const int file = call(&h), other = call(&h);
    turn(&h);
    int refused = 0, answered = 0;
    for (int i = 0; i < 12; i++) {
        const int third = call(&h);
        turn(&h);
        say(third, "x\n");
        ls_alloc_fail_after(i);
        turn(&h);
        ls_alloc_fail_after(-1);
        turn(&h);
        const char *said = heard(third);
        answered += strcmp(said, "x\n") == 0;
        refused += strcmp(said, "x\n") != 0;
        close(third);
        turn(&h);
    }
    CHECK(refused > 0 && answered > 0);
    say(other, "still\n");
    turn(&h);
    CHECK_STR(heard(other), "still\n");
    close(file);
    close(other);
    for (int64_t i = 0; i < 3; i++) {
        ls_pool_socket *none = NULL;
        const ls_pool_socket_def def = {.path = h.path, .mode = 0600, .ask = on_ask};
        ls_alloc_fail_after(i);
        CHECK_INT(ls_pool_socket_open(&def, &none, &err), LS_ERR_MEMORY);
        ls_alloc_fail_after(-1);
    }
    stop(&h);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_each_line_has_an_answer_in_order);
    TEST(test_who_hangs_up_behind_a_question_was_heard);
    TEST(test_an_answer_that_did_not_hold_is_replaced);
    TEST(test_a_line_that_is_too_long_ends_the_call);
    TEST(test_the_longest_line_is_answered);
    TEST(test_who_does_not_read_is_not_asked_for_more);
    TEST(test_when_all_places_are_taken_the_silent_make_room);
    TEST(test_with_patience_the_newcomer_is_turned_away);
    TEST(test_ten_thousand_callers_in_turn);
    TEST(test_as_many_at_once_as_files_allow);
    TEST(test_without_files_it_comes_back);
    TEST(test_a_socket_file_is_replaced_only_when_nobody_listens);
    TEST(test_a_path_may_be_of_any_length);
    TEST(test_without_memory_a_question_fails_alone);
    return harness_report();
}
