// deed_test.c - people at the page of a real service and of a real pool: what they do there is
// done.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask_service.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/service/service.h"

enum { PATH = 1024, LONG_S = 60 };

static const char decide[] =
    "decide:\n  dispatch: {at: grind, mode: approve, within: 2 s, futures: 400}\n";

// The cell of the examples, whose decisions are sent when a person approves: so it has a guard.
static bool begin(service *s) {
    char *text = harness_read_file(harness_source_path("examples/gearbox/cell.yaml"), NULL);
    const char *from = text != NULL ? strstr(text, "\ndecide:") : NULL;
    const char *rest = from != NULL ? strstr(from, "\nlisten:") : NULL;
    CHECK(rest != NULL);
    char *all = rest != NULL ? malloc(strlen(text) + sizeof decide + 2) : NULL;
    bool fine = false;
    if (all != NULL) {
        sprintf(all, "%.*s\n%s%s", (int)(from - text), text, decide, rest);
        fine = service_begin_text(s, all);
    }
    free(all);
    free(text);
    return fine;
}

static void install(char *folder, size_t size) {
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    snprintf(folder, size, "%.*s/peers/web", slash != NULL ? (int)(slash - program) : 5,
             slash != NULL ? program : "build");
    const char *const get[] = {harness_source_path("tests/web-peer/install"), folder, NULL};
    CHECK_INT(child_wait(child_start(get, NULL, NULL)), 0);
}

// Waits until the log holds it, or the child has ended.
static bool said_by(pid_t child, const char *log, const char *what) {
    bool found = false;
    const double until = service_clock() + LONG_S;
    while (!found && service_clock() < until && kill(child, 0) == 0) {
        char *text = harness_read_file(log, NULL);
        found = text != NULL && strstr(text, what) != NULL;
        free(text);
        service_pause(0.05);
    }
    return found;
}

// Chromium at this address, by a script of tests/web-peer that checks and counts. Where there is a
// line, it begins when the script has seen that it is not there.
static void look_with(service *s, const char *script, const char *url, bool line) {
    static const char *const fast[] = {"--speed", "60", NULL};
    char folder[PATH];
    char tokens[PATH];
    install(folder, sizeof folder);
    snprintf(tokens, sizeof tokens, "%s/tokens.json", s->data);
    const char *const look[] = {"node", harness_source_path(script), url, tokens, folder, NULL};
    const char *log = service_file(s, "look.log");
    const char *trouble = service_file(s, "look-err.log");
    pid_t child = child_start(look, log, trouble);
    if (line) {
        CHECK(said_by(child, log, "start the line"));
        CHECK(service_emulate(s, fast));
    }
    const int code = service_wait(&child, 4 * LONG_S);
    char *said = harness_read_file(log, NULL);
    char *err_said = harness_read_file(trouble, NULL);
    if (code != 0) {
        harness_note("%s%s", said != NULL ? said : "", err_said != NULL ? err_said : "");
    }
    CHECK_INT(code, 0);
    CHECK_CONTAINS(said != NULL ? said : "", ", 0 failed");
    free(err_said);
    free(said);
}

static void test_an_operator_holds_and_lifts_and_a_viewer_cannot(void) {
    service s = {0};
    ls_service_address address;
    ls_error err = {0};
    char url[64];
    if (begin(&s) && service_run(&s)) {
        CHECK_INT(ls_service_find(s.data, &address, &err), LS_OK);
        snprintf(url, sizeof url, "http://127.0.0.1:%d", address.port);
        look_with(&s, "tests/web-peer/guard.mjs", url, true);
    }
    service_end(&s);
}

// ---- the same of a pool's daemon

static const char pool_file[] =
    "pool: page-test\n"
    "nodes: {count: 1, name: box, slots: 4, cpus: 4, memory: 8 GiB}\n"
    "reclaim: 10 s\n"
    "accounts:\n"
    "  own: {guarantee: 2}\n"
    "  guests: {guarantee: 2, accounts: {castings: {guarantee: 1}, harness: {guarantee: 1}}}\n";

// Starts it; the address that it says, without the token.
static bool start_pool(service *s, char *url, size_t size) {
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *log = service_file(s, "pool.log");
    const char *const run[] = {program != NULL ? program : "build/lineshaft",
                               "pool",
                               "run",
                               s->plant,
                               "--data",
                               s->data,
                               "--socket",
                               service_file(s, "pool.sock"),
                               "--port",
                               "0",
                               "--http-jobs",
                               NULL};
    s->run = child_start(run, log, log);
    const bool there = said_by(s->run, log, "/?token=");
    char *text = harness_read_file(log, NULL);
    const char *from = text != NULL ? strstr(text, "http://") : NULL;
    const char *to = from != NULL ? strstr(from, "/?token=") : NULL;
    CHECK(there && to != NULL);
    if (to != NULL) {
        snprintf(url, size, "%.*s", (int)(to - from), from);
    } else {
        harness_note("%s", text != NULL ? text : "");
    }
    free(text);
    return to != NULL;
}

static void look_at_pool(const char *script) {
    service s = {0};
    char url[64];
    if (service_begin_text(&s, pool_file) && start_pool(&s, url, sizeof url)) {
        look_with(&s, script, url, false);
        const int code = service_stop(&s.run, LONG_S);
        char *log = harness_read_file(service_file(&s, "pool.log"), NULL);
        if (harness_has_failed()) {
            harness_note("%s", log != NULL ? log : "");
        }
        free(log);
        CHECK_INT(code, 0);
    }
    service_end(&s);
}

static void test_taking_back_is_seen_and_an_operator_cancels(void) {
    look_at_pool("tests/web-peer/pool.mjs");
}

static void test_a_pool_keeps_to_its_description(void) {
    look_at_pool("tests/web-peer/pool_check.mjs");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_an_operator_holds_and_lifts_and_a_viewer_cannot);
    TEST(test_taking_back_is_seen_and_an_operator_cancels);
    TEST(test_a_pool_keeps_to_its_description);
    return harness_report();
}
