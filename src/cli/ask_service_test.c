// ask_service_test.c - one question to something that answers as services do, and as they should
// not.
#include "cli/ask_service.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/harness.h"

enum { PATH = 256, ROOM = 4096 };

// Answers one question with this text, whatever it is.
typedef struct peer {
    char folder[PATH];
    int listens, port;
    pthread_t thread;
    const char *answer;  // NULL: ends the connection without one
    bool stays;          // the connection stays open until the client goes
    char heard[ROOM];
} peer;

static void *answer_once(void *context) {
    peer *p = context;
    char rest[256];
    const int fd = accept(p->listens, NULL, NULL);
    const ssize_t got = fd >= 0 ? read(fd, p->heard, sizeof p->heard - 1) : -1;
    p->heard[got > 0 ? got : 0] = '\0';
    if (p->answer != NULL) {
        (void)send(fd, p->answer, strlen(p->answer), MSG_NOSIGNAL);
    }
    shutdown(fd, p->stays ? SHUT_RD : SHUT_WR);
    while (p->stays && read(fd, rest, sizeof rest) > 0) {
    }
    close(fd);
    return NULL;
}

static bool write_file(const peer *p, const char *name, const char *text) {
    char path[PATH + 32];
    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    FILE *file = fopen(path, "we");
    const bool fine = file != NULL && fputs(text, file) >= 0;
    return file != NULL && fclose(file) == 0 && fine;
}

static bool listens_at(peer *p, bool v6) {
    struct sockaddr_in one = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct sockaddr *at = v6 ? (struct sockaddr *)(void *)&six : (struct sockaddr *)(void *)&one;
    socklen_t size = v6 ? sizeof six : sizeof one;
    p->listens = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (p->listens < 0 || bind(p->listens, at, size) != 0 || listen(p->listens, 4) != 0 ||
        getsockname(p->listens, at, &size) != 0) {
        return false;
    }
    p->port = ntohs(v6 ? six.sin6_port : one.sin_port);
    return true;
}

// A data folder whose service.json names this peer; `more` goes on in its object.
static bool begin(peer *p, const char *address, const char *answer, const char *more) {
    char text[512];
    *p = (peer){.answer = answer};
    snprintf(p->folder, sizeof p->folder, "/tmp/lineshaft-ask-XXXXXX");
    if (mkdtemp(p->folder) == NULL || !listens_at(p, strchr(address, ':') != NULL)) {
        return false;
    }
    snprintf(text, sizeof text, "{\"pid\": %d, \"address\": \"%s\", \"port\": %d%s}\n",
             (int)getpid(), address, p->port, more);
    return write_file(p, "service.json", text) &&
           write_file(p, "tokens.json", "{\"viewer\": \"v-token\", \"engineer\": \"e-token\"}") &&
           pthread_create(&p->thread, NULL, answer_once, p) == 0;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

static void end(peer *p) {
    shutdown(p->listens, SHUT_RDWR);
    pthread_join(p->thread, NULL);
    close(p->listens);
    nftw(p->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

// One question to such a peer; the body is in `out`.
static ls_status ask(peer *p, ls_buffer *out, ls_error *err) {
    ls_service_address address;
    ls_buffer_init(out);
    const ls_status status = ls_service_find(p->folder, &address, err);
    const ls_status asked = status == LS_OK ? ls_service_ask(&address, "/state", out, err) : status;
    return asked;
}

static void expect(const char *answer, const char *body, const char *complaint, const char *hint) {
    peer p;
    ls_buffer out;
    ls_error err = {0};
    const bool begun = begin(&p, "127.0.0.1", answer, "");
    CHECK(begun);
    if (begun) {
        const ls_status status = ask(&p, &out, &err);
        CHECK_INT(status == LS_OK, body != NULL);
        CHECK_STR(body != NULL && out.data != NULL ? out.data : "", body != NULL ? body : "");
        CHECK_CONTAINS(err.text, complaint);
        CHECK_STR(err.hint, hint);
        ls_buffer_clear(&out);
        end(&p);
        CHECK_CONTAINS(p.heard, "GET /state HTTP/1.0\r\n");
        CHECK_CONTAINS(p.heard, "Authorization: Bearer e-token\r\n");
    }
}

static void test_an_answer_is_whole_or_none(void) {
    expect("HTTP/1.0 200 OK\r\nX: y\r\ncontent-length:  4\r\n\r\nfine", "fine", "", "");
    expect("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine and more", "fine", "", "");
    expect("HTTP/1.1 200 OK\r\n\r\nto the end", "to the end", "", "");
    expect("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfine", NULL,
           "did not answer /state: it broke off: 4 of 10 bytes came", "");
    expect("HTTP/1.1 200 OK\r\nContent-Length: 1", NULL,
           "did not answer /state: what came is no whole answer", "");
    expect("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nfine", NULL,
           "did not answer /state: what came is no whole answer", "");
    expect("SSH-2.0-OpenSSH_9.2\r\n\r\n", NULL, "what came is no whole answer", "");
    expect(NULL, NULL, "did not answer /state: nothing came", "");
}

static void test_no_is_said_in_the_words_of_the_service(void) {
    expect(
        "HTTP/1.1 400 Bad Request\r\n\r\n"
        "{\"error\": {\"text\": \"nothing is decided here\", \"hint\": \"write decide:\"}}",
        NULL, "nothing is decided here", "write decide:");
    expect("HTTP/1.1 404 Not Found\r\n\r\n{\"error\": {\"text\": \"no guard\"}}", NULL, "no guard",
           "");
    expect("HTTP/1.1 500 Internal\r\n\r\noh", NULL, "answers /state with status 500", "");
}

static void test_an_end_of_the_connection_is_not_waited_for(void) {
    peer p;
    ls_buffer out;
    ls_error err = {0};
    const bool begun = begin(&p, "127.0.0.1", NULL, "");
    CHECK(begun);
    if (begun) {
        p.stays = true;
        p.answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
        CHECK_INT(ask(&p, &out, &err), LS_OK);
        CHECK_STR(out.data, "fine");
        ls_buffer_clear(&out);
        end(&p);
    }
}

static void test_a_service_that_listens_everywhere_is_asked_here(void) {
    static const char *const everywhere[][2] = {{"0.0.0.0", "127.0.0.1"}, {"::", "::1"}};
    for (size_t i = 0; i < 2; i++) {
        peer p;
        ls_service_address address;
        ls_buffer out;
        ls_error err = {0};
        if (!begin(&p, everywhere[i][0], "HTTP/1.1 200 OK\r\n\r\nfine", "")) {
            CHECK(i == 1);
            nftw(p.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
            harness_skip("this machine has no ::1");
            return;
        }
        CHECK_INT(ls_service_find(p.folder, &address, &err), LS_OK);
        CHECK_STR(address.host, everywhere[i][1]);
        CHECK_INT(ask(&p, &out, &err), LS_OK);
        ls_buffer_clear(&out);
        end(&p);
    }
}

// It says that it speaks TLS: something else at its port hears no token.
static void test_no_token_goes_to_what_speaks_no_tls(void) {
    char more[256];
    peer p;
    ls_buffer out;
    ls_error err = {0};
    snprintf(more, sizeof more, ", \"tls\": {\"sha256\": \"%064d\"}", 1);
    const bool begun = begin(&p, "127.0.0.1", "HTTP/1.1 200 OK\r\n\r\nfine", more);
    CHECK(begun);
    if (begun) {
        CHECK_INT(ask(&p, &out, &err), LS_ERR_IO);
        CHECK_CONTAINS(err.text, "speaks no TLS with us: ");
        ls_buffer_clear(&out);
        end(&p);
        CHECK(p.heard[0] != '\0');
        CHECK(memmem(p.heard, sizeof p.heard, "token", 5) == NULL);
    }
}

// A file that cannot be understood must not pass for one without TLS.
static void test_a_damaged_certificate_is_not_passed_over(void) {
    static const char *const damaged[] = {"true", "{}", "{\"sha256\": \"12ab\"}"};
    static const char long_enough[] = "{\"sha256\": \"%062dzz\"}";
    char more[256];
    for (size_t i = 0; i < 4; i++) {
        const int begins = snprintf(more, sizeof more, ", \"tls\": ");
        if (i < 3) {
            snprintf(more + begins, sizeof more - (size_t)begins, "%s", damaged[i]);
        } else {
            snprintf(more + begins, sizeof more - (size_t)begins, long_enough, 0);
        }
        peer p;
        ls_buffer out;
        ls_error err = {0};
        const bool begun = begin(&p, "127.0.0.1", NULL, more);
        CHECK(begun);
        if (begun) {
            CHECK_INT(ask(&p, &out, &err), LS_ERR_INVALID);
            CHECK_CONTAINS(err.text, "tls.sha256: '");
            CHECK_CONTAINS(err.file, "service.json");
            CHECK_CONTAINS(err.hint, "start it again");
            ls_buffer_clear(&out);
            end(&p);
            CHECK_STR(p.heard, "");
        }
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_an_answer_is_whole_or_none);
    TEST(test_no_is_said_in_the_words_of_the_service);
    TEST(test_an_end_of_the_connection_is_not_waited_for);
    TEST(test_a_service_that_listens_everywhere_is_asked_here);
    TEST(test_no_token_goes_to_what_speaks_no_tls);
    TEST(test_a_damaged_certificate_is_not_passed_over);
    return harness_report();
}
