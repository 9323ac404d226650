// socket_test.c - both ends of the guard's socket: callers that are rude, slow, gone or one too
// many.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "guard/link.h"
#include "guard/socket.h"
#include "tests/harness.h"

typedef struct host {
    char folder[64];
    ls_guard_socket *socket;
    uint32_t messages, came, gone;
    ls_guard_message last;
    char why[200];
    bool answers;  // with two hundred verdicts each
} host;

static ls_error err;
static int wake_file;

static void on_message(void *context, const ls_guard_message *message) {
    host *h = context;
    h->messages++;
    h->last = *message;
    for (int i = 0; h->answers && i < 200; i++) {
        ls_guard_socket_say(h->socket, &(ls_guard_message){.say = LS_SAY_VERDICT});
    }
}

static void on_came(void *context) {
    ((host *)context)->came++;
}

static void on_gone(void *context, const char *why) {
    host *h = context;
    h->gone++;
    snprintf(h->why, sizeof h->why, "%s", why);
}

static void start(host *h) {
    memset(h, 0, sizeof *h);
    snprintf(h->folder, sizeof h->folder, "/tmp/ls-socket-XXXXXX");
    CHECK(mkdtemp(h->folder) != NULL);
    wake_file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    const ls_guard_socket_def def = {
        .folder = h->folder, .message = on_message, .came = on_came, .gone = on_gone, .context = h};
    CHECK_INT(ls_guard_socket_folder(h->folder, &err), LS_OK);
    CHECK_INT(ls_guard_socket_open(&def, &h->socket, &err), LS_OK);
}

static void stop(host *h) {
    char path[128];
    ls_guard_socket_close(h->socket);
    snprintf(path, sizeof path, "%s/guard.sock", h->folder);
    unlink(path);
    rmdir(h->folder);
    close(wake_file);
}

static int call(const host *h) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/guard.sock", h->folder);
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK_INT(connect(file, (const struct sockaddr *)&address, sizeof address), 0);
    return file;
}

static void turns(host *h, int count) {
    for (int i = 0; i < count; i++) {
        ls_guard_socket_wait(h->socket, wake_file, 1);
    }
}

static void say(int file, const char *text, size_t size) {
    CHECK_INT(send(file, text, size, MSG_NOSIGNAL), (int64_t)size);
}

static const char beat[] = "{\"v\":2,\"say\":\"beat\"}\n";

static void test_lines_may_come_in_any_pieces(void) {
    host h;
    start(&h);
    const int file = call(&h);
    turns(&h, 2);
    CHECK_INT(h.came, 1);
    for (size_t i = 0; i < sizeof beat - 1; i++) {
        say(file, beat + i, 1);
        turns(&h, 1);
    }
    CHECK_INT(h.messages, 1);
    char both[96];
    const int size = snprintf(both, sizeof both, "%s%s{\"v\":2,\"say\"", beat, beat);
    say(file, both, (size_t)size);
    turns(&h, 2);
    CHECK_INT(h.messages, 3);
    say(file, ":\"beat\"}\n", 9);
    turns(&h, 2);
    CHECK_INT(h.messages, 4);
    CHECK_INT(h.gone, 0);
    close(file);
    turns(&h, 2);
    CHECK_INT(h.gone, 1);
    stop(&h);
}

static void test_who_says_no_message_is_dropped(void) {
    static const char *const rude[] = {"\n", "GET / HTTP/1.1\n",
                                       "{\"v\":2,\"say\":\"beat\",\"x\":1}\n",
                                       "{\"v\":1,\"say\":\"beat\"}\n", "{\"say\":\"beat\"}\n"};
    host h;
    start(&h);
    for (int i = 0; i < 5; i++) {
        const int file = call(&h);
        turns(&h, 2);
        say(file, rude[i], strlen(rude[i]));
        turns(&h, 2);
        CHECK_INT(h.gone, i + 1);
        close(file);
    }
    CHECK_INT(h.messages, 0);
    // A line without end.
    const int file = call(&h);
    turns(&h, 2);
    static char block[4096];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 40 && h.gone == 5; i++) {
        (void)!send(file, block, sizeof block, MSG_NOSIGNAL);
        turns(&h, 2);
    }
    CHECK_STR(h.why, "a line is too long");
    close(file);
    stop(&h);
}

static void test_a_second_caller_is_turned_away(void) {
    host h;
    char c;
    start(&h);
    const int first = call(&h);
    turns(&h, 2);
    const int second = call(&h);
    turns(&h, 3);
    CHECK_INT(h.came, 1);
    CHECK_INT(read(second, &c, 1), 0);
    say(first, beat, sizeof beat - 1);
    turns(&h, 2);
    CHECK_INT(h.messages, 1);
    close(first);
    turns(&h, 2);
    const int third = call(&h);
    turns(&h, 2);
    CHECK_INT(h.came, 2);
    close(second);
    close(third);
    stop(&h);
}

// It sends and never reads; the answers are bounded, and it is dropped in the middle of its lines.
static void test_who_does_not_read_is_dropped(void) {
    host h;
    start(&h);
    h.answers = true;
    const int file = call(&h);
    turns(&h, 2);
    static char many[(sizeof beat - 1) * 100];
    for (int i = 0; i < 100; i++) {
        memcpy(many + (size_t)i * (sizeof beat - 1), beat, sizeof beat - 1);
    }
    for (int i = 0; i < 1000 && h.gone == 0; i++) {
        (void)!send(file, many, sizeof many, MSG_NOSIGNAL);
        turns(&h, 1);
    }
    CHECK_INT(h.gone, 1);
    CHECK_STR(h.why, "it does not read what is said to it");
    close(file);
    h.answers = false;
    const int next = call(&h);  // and the next one is served
    turns(&h, 2);
    const uint32_t before = h.messages;
    say(next, beat, sizeof beat - 1);
    turns(&h, 2);
    CHECK_INT(h.messages - before, 1);
    close(next);
    stop(&h);
}

static void test_a_folder_open_to_others_is_refused(void) {
    char folder[] = "/tmp/ls-socket-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    chmod(folder, 0755);
    CHECK_INT(ls_guard_socket_folder(folder, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "open to others");
    rmdir(folder);
    CHECK_INT(ls_guard_socket_folder(folder, &err), LS_OK);
    struct stat about;
    CHECK(stat(folder, &about) == 0 && (about.st_mode & 0777) == 0700);
    rmdir(folder);
}

// ---- the caller's end

typedef struct seen {
    _Atomic int verdicts, there;
} seen;

static void on_verdict(void *context, const ls_verdict *verdict) {
    ((seen *)context)->verdicts += verdict->result == LS_COMMAND_DENIED;
}

static void on_changed(void *context, bool there, const char *why) {
    (void)why;
    ((seen *)context)->there = there;
}

static void test_a_link_comes_back_and_never_keeps_what_was_not_sent(void) {
    host h;
    seen s = {0};
    start(&h);
    ls_guard_link *link = NULL;
    const ls_guard_link_def def = {
        .folder = h.folder, .verdict = on_verdict, .changed = on_changed, .context = &s};
    CHECK_INT(ls_guard_link_open(&def, &link, &err), LS_OK);
    const ls_command command = {.id = "d-1-1", .not_after_us = 5};
    for (int i = 0; i < 5000 && h.came == 0; i++) {
        turns(&h, 1);
    }
    ls_status status = LS_ERR_IO;
    for (int i = 0; i < 5000 && status != LS_OK; i++) {
        status = ls_guard_link_send(link, &command, &err);
        turns(&h, 1);
    }
    for (int i = 0; i < 5000 && h.messages == 0; i++) {
        turns(&h, 1);
    }
    CHECK_STR(h.last.of.command.id, "d-1-1");
    CHECK(!ls_guard_link_is_there(link));  // it has not said that it writes
    ls_guard_socket_say(h.socket,
                        &(ls_guard_message){.say = LS_SAY_STATE, .of.state.writes = true});
    ls_guard_socket_say(h.socket, &(ls_guard_message){.say = LS_SAY_VERDICT,
                                                      .of.verdict = {.result = LS_COMMAND_DENIED}});
    for (int i = 0; i < 5000 && s.verdicts == 0; i++) {
        turns(&h, 1);
    }
    CHECK_INT(s.verdicts, 1);
    CHECK(ls_guard_link_is_there(link) && s.there);
    ls_guard_link_beat(link);
    for (int i = 0; i < 5000 && h.last.say != LS_SAY_BEAT; i++) {
        turns(&h, 1);
    }
    CHECK_INT(h.last.say, LS_SAY_BEAT);
    // The guard goes; nothing can be sent; it comes again, and nothing of before is sent.
    host again = h;
    ls_guard_socket_close(h.socket);
    for (int i = 0; i < 5000 && ls_guard_link_is_there(link); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    CHECK(!ls_guard_link_is_there(link));
    for (int i = 0; i < 5000 && ls_guard_link_send(link, &command, &err) == LS_OK; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    CHECK_INT(ls_guard_link_send(link, &command, &err), LS_ERR_IO);
    const ls_guard_socket_def socket_def = {.folder = again.folder,
                                            .message = on_message,
                                            .came = on_came,
                                            .gone = on_gone,
                                            .context = &again};
    again.messages = again.came = 0;
    CHECK_INT(ls_guard_socket_open(&socket_def, &again.socket, &err), LS_OK);
    for (int i = 0; i < 5000 && again.came == 0; i++) {
        turns(&again, 1);
    }
    turns(&again, 50);
    CHECK_INT(again.came, 1);
    CHECK_INT(again.messages, 0);
    ls_guard_link_close(link);
    stop(&again);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_lines_may_come_in_any_pieces);
    TEST(test_who_says_no_message_is_dropped);
    TEST(test_a_second_caller_is_turned_away);
    TEST(test_who_does_not_read_is_dropped);
    TEST(test_a_folder_open_to_others_is_refused);
    TEST(test_a_link_comes_back_and_never_keeps_what_was_not_sent);
    return harness_report();
}
