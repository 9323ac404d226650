// tls_test.c - the program's own commands and a service that speaks TLS: they trust its certificate
// and no other, and say no token before they have seen it.
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/service/service.h"

enum { PATH = SERVICE_PATH_SIZE + 64, WAIT_S = 30 };

static const char form[] =
    "plant: cell\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  saw: {process: 20 s}\n"
    "products:\n"
    "  a: {route: [saw], release: {every: 70 s}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: shop, nodes: [cell]}\n";

// Certificates by openssl, in the service's folder: of a CA of its own, that of `name` for this
// name and 127.0.0.1, for so many days from now (-1: until yesterday).
static bool make(const service *s, const char *name, const char *host, int days) {
    char script[2048];
    snprintf(script, sizeof script,
             "cd '%s' && umask 077 && exec >openssl.log 2>&1 &&"
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
             " -subj '/CN=test CA' -keyout ca.key -out ca.pem &&"
             "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
             " -subj '/CN=%s' -keyout %s.key -out %s.csr &&"
             "printf 'subjectAltName=%s' >%s.ext &&"
             "openssl x509 -req -in %s.csr -CA ca.pem -CAkey ca.key -CAcreateserial"
             " -days %d -extfile %s.ext -out own.pem &&"
             "cat own.pem ca.pem >%s.pem",
             s->folder, host, name, name, host, name, name, days, name, name);
    const bool made = child_wait(child_start_shell(script)) == 0;
    CHECK(made);
    return made;
}

typedef struct arguments {
    char pem[PATH], key[PATH];
    const char *list[7];
} arguments;

static const char *const *with(const service *s, const char *certificate, const char *address,
                               arguments *out) {
    snprintf(out->pem, sizeof out->pem, "%s/%s.pem", s->folder, certificate);
    snprintf(out->key, sizeof out->key, "%s/%s.key", s->folder, certificate);
    const char *const list[7] = {"--tls-cert", out->pem, "--tls-key", out->key,
                                 "--listen",   address,  NULL};
    memcpy(out->list, list, sizeof list);
    return out->list;
}

static bool start(service *s, const char *certificate, const char *address) {
    arguments more;
    return service_run_with(s, with(s, certificate, address, &more));
}

static json_t *read_json(const service *s, const char *name) {
    json_t *object = json_load_file(service_file(s, name), 0, NULL);
    CHECK(object != NULL);
    return object;
}

// `lineshaft guard hold` on this service; its exit code, and what it said to stderr.
static int hold(const service *s, char *said, size_t room) {
    char command[4 * PATH];
    const char *program = getenv("LINESHAFT_PROGRAM");
    snprintf(command, sizeof command, "'%s' guard hold '%s' --data '%s' >%s 2>&1",
             program != NULL ? program : "build/lineshaft", s->plant, s->data,
             service_file(s, "said"));
    const int code = child_wait(child_start_shell(command));
    char *text = harness_read_file(service_file(s, "said"), NULL);
    snprintf(said, room, "%s", text != NULL ? text : "");
    free(text);
    return code;
}

// Follows, and asks the guard (there is none here, which only an engineer is told).
static void expect_answers(const service *s) {
    char said[2 * PATH];
    const char *const follow[] = {"twin", "follow", s->plant, "--data", s->data, "--once", NULL};
    const char *text = service_ask(follow);
    CHECK_CONTAINS(text != NULL ? text : "", "cell");
    CHECK_INT(hold(s, said, sizeof said), 3);
    CHECK_CONTAINS(said, "nothing can be sent here, so there is no guard");
}

static void test_commands_ask_by_tls(void) {
    service s;
    if (service_begin_text(&s, form) && make(&s, "good", "DNS:localhost,IP:127.0.0.1", 2) &&
        start(&s, "good", "0.0.0.0")) {
        json_t *file = read_json(&s, "data/service.json");
        const char *print = json_string_value(
            json_object_get(json_object_get(file, "tls"), "sha256"));
        char command[2 * PATH];
        snprintf(command, sizeof command,
                 "openssl x509 -in '%s' -noout -fingerprint -sha256 | tr -d ':\\n' |"
                 " tr A-F a-f | grep -q '=%s$'",
                 service_file(&s, "own.pem"), print != NULL ? print : "nothing");
        CHECK_INT(child_wait(child_start_shell(command)), 0);
        json_decref(file);
        expect_answers(&s);
        CHECK_INT(service_stop(&s.run, WAIT_S), 0);
    }
    service_end(&s);
}

static void set_port(const service *s, int port) {
    json_t *file = read_json(s, "data/service.json");
    json_object_set_new(file, "port", json_integer(port));
    CHECK_INT(json_dump_file(file, service_file(s, "data/service.json"), 0), 0);
    json_decref(file);
}

// Another program has the port that service.json names, and a certificate that openssl would take.
static void test_no_token_goes_to_another_certificate(void) {
    service s;
    char said[2 * PATH], command[4 * PATH], token[128];
    if (service_begin_text(&s, form) && make(&s, "good", "DNS:localhost,IP:127.0.0.1", 2) &&
        start(&s, "good", "127.0.0.1") && make(&s, "other", "DNS:localhost,IP:127.0.0.1", 2)) {
        json_t *tokens = read_json(&s, "data/tokens.json");
        snprintf(token, sizeof token, "%s", json_string_value(json_object_get(tokens, "engineer")));
        json_decref(tokens);
        const int port = child_free_port();
        snprintf(command, sizeof command,
                 "cd '%s' && mkfifo silence && exec openssl s_server -accept 127.0.0.1:%d "
                 "-cert own.pem -key other.key <>silence >heard 2>&1",
                 s.folder, port);
        const pid_t other = child_start_shell(command);
        CHECK(child_wait_until_listening(port, WAIT_S * 1000));
        set_port(&s, port);
        CHECK_INT(hold(&s, said, sizeof said), 4);
        CHECK_CONTAINS(said, "is not trusted: it shows another certificate than the service");
        CHECK_CONTAINS(said, "No token was sent");
        child_kill(other);
        char *heard = harness_read_file(service_file(&s, "heard"), NULL);
        CHECK_CONTAINS(heard != NULL ? heard : "", "ACCEPT");
        CHECK(heard != NULL && strstr(heard, token) == NULL && strstr(heard, "Bearer") == NULL);
        free(heard);
    }
    service_end(&s);
}

// The service says at its start what commands will say of it.
static void expect_refused(const char *host, int days, const char *warning, const char *complaint) {
    service s;
    char said[2 * PATH];
    arguments more;
    char *log = NULL;
    if (service_begin_text(&s, form) && make(&s, "wrong", host, days)) {
        service_start(&s, with(&s, "wrong", "127.0.0.1", &more));
        CHECK(service_wait_log(&s, warning));
        log = service_log(&s);
        CHECK_CONTAINS(log, warning);
        CHECK_INT(hold(&s, said, sizeof said), 4);
        CHECK_CONTAINS(said, complaint);
        CHECK(strstr(said, "there is no guard") == NULL);
    }
    free(log);
    service_end(&s);
}

static void test_an_expired_certificate_is_refused(void) {
    expect_refused("DNS:localhost,IP:127.0.0.1", -1, "it has expired: it was good until",
                   "the certificate of the service on port ");
}

static void test_a_certificate_for_another_name_is_refused(void) {
    expect_refused("DNS:elsewhere.example", 2, "it is for elsewhere.example, and for none of",
                   "it is for elsewhere.example, and for none of");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_commands_ask_by_tls);
    TEST(test_no_token_goes_to_another_certificate);
    TEST(test_an_expired_certificate_is_refused);
    TEST(test_a_certificate_for_another_name_is_refused);
    return harness_report();
}
