// page_test.c - the page's server on a real service: its description holds, and viewers disturb
// nobody.
#include <arpa/inet.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/ask_service.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/service/service.h"

enum { PATH = 1024, VIEWERS = 100, SILENT = 32, LONG_S = 60 };

static bool find(const service *s, ls_service_address *out) {
    ls_error err = {0};
    const bool found = ls_service_find(s->data, out, &err) == LS_OK;
    CHECK(found);
    return found;
}

static int dial(const ls_service_address *address) {
    struct sockaddr_in where = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)address->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval wait = {.tv_sec = LONG_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    CHECK_INT(connect(fd, (const struct sockaddr *)(const void *)&where, sizeof where), 0);
    return fd;
}

static int listen_in(const ls_service_address *address, const char *last_id) {
    char text[512];
    const int fd = dial(address);
    const int size = snprintf(text, sizeof text,
                              "GET /api/v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                              "Authorization: Bearer %s\r\n%s%s%s\r\n",
                              address->token, last_id != NULL ? "Last-Event-ID: " : "",
                              last_id != NULL ? last_id : "", last_id != NULL ? "\r\n" : "");
    CHECK(send(fd, text, (size_t)size, MSG_NOSIGNAL) == size);
    return fd;
}

// Reads until the text was there so many times; what came is in `got`.
static bool hear(int fd, const char *what, int times, char *got, size_t room) {
    size_t size = 0;
    ssize_t n = 1;
    bool heard = false;
    while (!heard && n > 0 && size < room - 1) {
        n = read(fd, got + size, room - 1 - size);
        size += n > 0 ? (size_t)n : 0;
        got[size] = '\0';
        int count = 0;
        for (const char *at = got; (at = strstr(at, what)) != NULL; at++) {
            count++;
        }
        heard = count >= times;
    }
    return heard;
}

static bool wait_metric(const service *s, const char *name, double least) {
    const double until = service_clock() + LONG_S;
    while (!(service_metric(s, name) >= least) && service_clock() < until) {
        service_pause(0.05);
    }
    return service_metric(s, name) >= least;
}

// It asks no faster than the service lets a client.
static bool wait_child(pid_t child, double seconds, int *out_status) {
    const double until = service_clock() + seconds;
    while (waitpid(child, out_status, WNOHANG) == 0) {
        if (service_clock() > until) {
            child_kill(child);
            return false;
        }
        service_pause(0.1);
    }
    return true;
}

// A model that nothing serves: what is asked of it is refused or taken, and has its shape.
static const char model[] =
    "\nmodels:\n"
    "  wear: {what: sensor, of: [grind-1, grind-2], tags: ['gearbox/cell/{unit}/Power'],"
    " every: 2 min, label: {tag: 'gearbox/cell/{unit}/Wear'}}\n";

static bool begin(service *s) {
    const char *const more[] = {"--speed", "60", NULL};
    return service_begin(s, "examples/gearbox/cell.yaml", model) && service_run(s) &&
           service_emulate(s, more) && service_wait_status(s, "/readyz", 200);
}

static void test_the_description_holds(void) {
    service s;
    ls_service_address address;
    char folder[PATH];
    char url[64];
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    snprintf(folder, sizeof folder, "%.*s/peers/web", slash != NULL ? (int)(slash - program) : 5,
             slash != NULL ? program : "build");
    const char *const install[] = {harness_source_path("tests/web-peer/install"), folder, NULL};
    CHECK_INT(child_wait(child_start(install, NULL, NULL)), 0);
    if (begin(&s) && find(&s, &address)) {
        snprintf(url, sizeof url, "http://127.0.0.1:%d", address.port);
        char tokens[PATH];
        snprintf(tokens, sizeof tokens, "%s/tokens.json", s.data);
        const char *const check[] = {
            "node", harness_source_path("tests/web-peer/check.mjs"), url, tokens, folder, NULL};
        const char *log = service_file(&s, "check.log");
        const pid_t child = child_start(check, log, log);
        int status = -1;
        CHECK(wait_child(child, 5 * LONG_S, &status));
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        char *said = harness_read_file(log, NULL);
        CHECK_CONTAINS(said != NULL ? said : "", ", 0 failed");
        free(said);
    }
    service_end(&s);
}

// Viewers that never read, and silent clients: a viewer that reads, the line's signals and the end
// of the service wait for none of them.
static void test_viewers_that_never_read_disturb_nobody(void) {
    static char got[1 << 20];
    service s;
    ls_service_address address;
    int viewers[VIEWERS];
    int silent[SILENT];
    if (begin(&s) && find(&s, &address)) {
        for (int i = 0; i < VIEWERS; i++) {
            viewers[i] = listen_in(&address, NULL);
        }
        for (int i = 0; i < SILENT; i++) {
            silent[i] = dial(&address);
        }
        CHECK(wait_metric(&s, "page_listeners", VIEWERS));
        const int reads = listen_in(&address, NULL);
        const double heard = service_metric(&s, "samples_total");
        CHECK(hear(reads, "event: snapshot", 1, got, sizeof got));
        CHECK(hear(reads, "event: state", 3, got, sizeof got));
        CHECK(hear(reads, "event: beat", 2, got, sizeof got));
        CHECK_CONTAINS(got, "event: kpi");
        const char *kpi = strstr(got, "event: kpi");
        CHECK_CONTAINS(kpi != NULL ? kpi : "", "\"connected\":true");  // the links go with it
        CHECK_CONTAINS(kpi != NULL ? kpi : "", "\"in_step\":");
        CHECK(wait_metric(&s, "samples_total", heard + 100));
        json_t *state = service_state(&s);
        CHECK(state != NULL);
        json_decref(state);
        CHECK_INT(service_stop(&s.run, LONG_S), 0);
        close(reads);
        for (int i = 0; i < VIEWERS; i++) {
            close(viewers[i]);
        }
        for (int i = 0; i < SILENT; i++) {
            close(silent[i]);
        }
    }
    service_end(&s);
}

static void test_a_stream_goes_on_where_it_was_cut(void) {
    static char got[1 << 20];
    service s;
    ls_service_address address;
    char id[32] = "";
    if (begin(&s) && find(&s, &address)) {
        int fd = listen_in(&address, NULL);
        CHECK(hear(fd, "event: state", 3, got, sizeof got));
        close(fd);
        for (const char *at = got; (at = strstr(at, "\nid: ")) != NULL; at++) {
            snprintf(id, sizeof id, "%.*s", (int)strcspn(at + 5, "\r\n"), at + 5);
        }
        fd = listen_in(&address, id);
        CHECK(hear(fd, "event: ", 3, got, sizeof got));
        CHECK(strstr(got, "event: snapshot") == NULL);
        close(fd);
        fd = listen_in(&address, "123456789");  // of another service's life
        CHECK(hear(fd, "event: ", 1, got, sizeof got));
        CHECK_CONTAINS(got, "event: snapshot");
        close(fd);
    }
    service_end(&s);
}

// Sends one request with a JSON body; the whole answer is in `got`.
static void say(const ls_service_address *address, const char *method, const char *path,
                json_t *body, char *got, size_t room) {
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    const int fd = dial(address);
    dprintf(fd,
            "%s %s HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
            method, path, address->token, text != NULL ? strlen(text) : 0,
            text != NULL ? text : "");
    size_t size = 0;
    ssize_t n = 1;
    while (n > 0 && size < room - 1) {
        n = read(fd, got + size, room - 1 - size);
        size += n > 0 ? (size_t)n : 0;
    }
    got[size] = '\0';
    close(fd);
    free(text);
    json_decref(body);
}

static void test_a_saved_plant_file_is_in_use_at_once(void) {
    static char got[65536];
    service s;
    ls_service_address address;
    if (begin(&s) && find(&s, &address)) {
        say(&address, "GET", "/api/v1/plant/file", NULL, got, sizeof got);
        const char *body = strstr(got, "\r\n\r\n");
        json_t *file = json_loads(body != NULL ? body : "", 0, NULL);
        const char *text = json_string_value(json_object_get(file, "text"));
        const char *hash = json_string_value(json_object_get(file, "hash"));
        CHECK(text != NULL && hash != NULL);
        if (text != NULL && hash != NULL) {
            char *changed = malloc(strlen(text) + 64);
            sprintf(changed, "%s# a remark of the engineer\n", text);
            say(&address, "PUT", "/api/v1/plant/file",
                json_pack("{s:s, s:s}", "text", changed, "hash", "0000000000000000"), got,
                sizeof got);
            CHECK_CONTAINS(got, " 409 ");
            say(&address, "PUT", "/api/v1/plant/file",
                json_pack("{s:s, s:s}", "text", "plant: broken\n", "hash", hash), got, sizeof got);
            CHECK_CONTAINS(got, " 400 ");
            say(&address, "PUT", "/api/v1/plant/file",
                json_pack("{s:s, s:s}", "text", changed, "hash", hash), got, sizeof got);
            CHECK_CONTAINS(got, " 200 ");
            CHECK(service_wait_log(&s, "the plant file was read again and is in use"));
            free(changed);
        }
        json_decref(file);
    }
    service_end(&s);
}

static void test_others_need_tls_or_somebody_who_says_no(void) {
    service s;
    if (service_begin(&s, "examples/gearbox/cell.yaml", "")) {
        const char *const open[] = {"--port", "0", "--listen", "0.0.0.0", NULL};
        CHECK(service_run_to_end(&s, s.plant, open) != 0);
        char *log = service_log(&s);
        CHECK_CONTAINS(log, "--tls-cert");
        free(log);
        const char *const half[] = {"--port", "0", "--tls-cert", s.plant, NULL};
        CHECK(service_run_to_end(&s, s.plant, half) != 0);
        const char *const wrong[] = {"--port",    "0",     "--tls-cert", s.plant,
                                     "--tls-key", s.plant, NULL};
        CHECK(service_run_to_end(&s, s.plant, wrong) != 0);
        log = service_log(&s);
        CHECK_CONTAINS(log, "certificate");
        free(log);
    }
    service_end(&s);
    service_begin(&s, "examples/gearbox/cell.yaml", "web: {insecure: true}\n");
    // Past the check of the address; this one is none of the machine's.
    const char *const elsewhere[] = {"--data",   s.data,        "--port", "0",
                                     "--listen", "203.0.113.7", NULL};
    CHECK(service_run_to_end(&s, s.plant, elsewhere) != 0);
    char *log = service_log(&s);
    CHECK_CONTAINS(log, "cannot listen on 203.0.113.7");
    free(log);
    service_end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_description_holds);
    TEST(test_viewers_that_never_read_disturb_nobody);
    TEST(test_a_stream_goes_on_where_it_was_cut);
    TEST(test_a_saved_plant_file_is_in_use_at_once);
    TEST(test_others_need_tls_or_somebody_who_says_no);
    return harness_report();
}
