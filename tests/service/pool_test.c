// pool_test.c - a plant's service and a user's own training script on one machine: both are jobs of
// accounts of one pool, and guarantee, borrowing and taking back show. And a service with its pool
// in process. All are programs as users start them; conditions are waited for, never spans of time.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/ask_service.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/service/service.h"

enum { PATIENCE_S = 120, PATH_SIZE = 600 };

static const char plant[] =
    "plant: cell\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {process: {a: lognormal 20 s sd 2 s, b: lognormal 60 s sd 6 s}}\n"
    "products:\n"
    "  a: {route: [mill], release: {every: exp 140 s}}\n"
    "  b: {route: [mill], release: {every: exp 140 s}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: shop, nodes: [cell]}\n";

static const char pool[] =
    "pool: box\n"
    "nodes: {name: box, slots: 3}\n"
    "reclaim: 1 s\n"
    "accounts:\n"
    "  works:\n"
    "    guarantee: 1\n"
    "    accounts: {cell: {guarantee: 1}}\n"
    "  people: {guarantee: 1}\n";

// Saves when it is told to stop, and goes on until it may end.
static const char training[] =
    "echo begun >> %s/ran\n"
    "trap 'echo saved >> %s/ran; exit 1' TERM\n"
    "while [ ! -e %s/go ]; do sleep 0.1; done\n"
    "echo ended >> %s/ran\n";

typedef struct shop {
    service s;
    pid_t pool;  // 0: does not run
    char socket[PATH_SIZE];
} shop;

static void start_pool(shop *m) {
    char file[PATH_SIZE], data[PATH_SIZE];
    snprintf(file, sizeof file, "%s", service_file(&m->s, "pool.yaml"));
    snprintf(data, sizeof data, "%s", service_file(&m->s, "pool"));
    const char *const argv[] = {getenv("LINESHAFT_PROGRAM"),
                                "pool",
                                "run",
                                file,
                                "--data",
                                data,
                                "--socket",
                                m->socket,
                                "--no-page",
                                NULL};
    m->pool = child_start(argv, NULL, service_file(&m->s, "pool.log"));
}

static void end(shop *m) {
    if (m->s.run > 0) {
        CHECK_INT(service_stop(&m->s.run, PATIENCE_S), 0);
    }
    child_kill(m->pool);
    service_end(&m->s);
}

// What `lineshaft pool WHAT ...` of this shop says; static, "" when it fails.
static const char *ask(const shop *m, const char *what, const char *a, const char *b,
                       const char *c) {
    const char *const argv[] = {"pool",
                                what,
                                "--socket",
                                m->socket,
                                a,
                                a != NULL ? b : NULL,
                                a != NULL && b != NULL ? c : NULL,
                                NULL};
    const char *said = service_ask(argv);
    return said != NULL ? said : "";
}

static bool await(const shop *m, const char *what, const char *a, const char *b, const char *c,
                  const char *text) {
    const double until = service_clock() + PATIENCE_S;
    while (strstr(ask(m, what, a, b, c), text) == NULL) {
        if (service_clock() > until) {
            harness_note("pool %s has not said '%s' but:\n%s", what, text, ask(m, what, a, b, c));
            return false;
        }
        service_pause(0.05);
    }
    return true;
}

static int count_of(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; at != NULL && (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

static int count_in(const char *path, const char *part) {
    char *text = harness_read_file(path, NULL);
    const int count = count_of(text, part);
    free(text);
    return count;
}

static bool await_in(const char *path, const char *part, int times) {
    const double until = service_clock() + PATIENCE_S;
    while (access(path, R_OK) != 0 || count_in(path, part) < times) {
        if (service_clock() > until) {
            return false;
        }
        service_pause(0.05);
    }
    return count_in(path, part) == times;
}

static bool await_log(const shop *m, const char *part, int times) {
    const double until = service_clock() + PATIENCE_S;
    for (;;) {
        char *log = service_log(&m->s);
        const int count = count_of(log, part);
        if (count >= times || service_clock() > until) {
            if (count != times) {
                harness_note("'%s' stands %d times in:\n%s", part, count, log);
            }
            free(log);
            return count == times;
        }
        free(log);
        service_pause(0.05);
    }
}

// The line has shown enough to be compared with the file.
static bool await_line(const shop *m) {
    const double until = service_clock() + PATIENCE_S;
    while (!(service_metric(&m->s, "samples_total") > 500) && service_clock() < until) {
        service_pause(0.1);
    }
    return service_metric(&m->s, "samples_total") > 500;
}

static int calibrate(const shop *m) {
    ls_service_address address;
    ls_error err = {0};
    ls_buffer said;
    int status = 0;
    ls_buffer_init(&said);
    CHECK_INT(ls_service_find(m->s.data, &address, &err), LS_OK);
    CHECK_INT(ls_service_post(&address, NULL, "/api/v1/calibration", "{}", &said, &status, &err),
              LS_OK);
    ls_buffer_clear(&said);
    return status;
}

static bool begin(shop *m, const char *more) {
    static const char *const fast[] = {"--speed", "300", NULL};
    char text[2048];
    *m = (shop){.pool = 0};
    if (getenv("LINESHAFT_PROGRAM") == NULL) {
        harness_skip("no program");
        return false;
    }
    snprintf(text, sizeof text, "%s%s", plant, more);
    if (!service_begin_text(&m->s, text)) {
        return false;
    }
    snprintf(m->socket, sizeof m->socket, "%s", service_file(&m->s, "pool.sock"));
    return service_run(&m->s) && service_emulate(&m->s, fast) && await_line(m);
}

static void test_a_plants_searches_and_a_users_training_share_a_machine(void) {
    shop m;
    char script[PATH_SIZE], ran[PATH_SIZE], go[PATH_SIZE], text[4096];
    // The pool is not there yet: the service goes on, and says so when it has something to hand
    // over.
    if (!begin(&m, "pool: {socket: pool.sock, account: works.cell, calibrate: never}\n")) {
        end(&m);
        return;
    }
    snprintf(script, sizeof script, "%s", service_file(&m.s, "train"));
    snprintf(ran, sizeof ran, "%s", service_file(&m.s, "ran"));
    snprintf(go, sizeof go, "%s", service_file(&m.s, "go"));
    snprintf(text, sizeof text, training, m.s.folder, m.s.folder, m.s.folder, m.s.folder);
    CHECK(service_write(service_file(&m.s, "pool.yaml"), pool) && service_write(script, text));
    start_pool(&m);
    CHECK(await(&m, "usage", NULL, NULL, NULL, "people"));

    // The user's jobs hold the whole machine, two slots of it borrowed.
    const char *const submit[] = {"pool",    "submit", "--socket", m.socket, "-A",      "people",
                                  "--slots", "1",      "--array",  "3",      "--saves", "--grace",
                                  "20s",     "--",     "sh",       script,   NULL};
    CHECK(service_ask(submit) != NULL);
    CHECK(await_in(ran, "begun", 3));
    CHECK(await(&m, "top", "--once", NULL, NULL, "2 borrowed"));

    // The plant asks for what it was promised: one of them saves and gives its slot back, and goes
    // on afterwards.
    CHECK_INT(calibrate(&m), 200);
    CHECK(await_log(&m, "job calibration: done", 1));
    CHECK(await_in(ran, "saved", 1));
    CHECK(await_in(ran, "begun", 4));
    CHECK_CONTAINS(ask(&m, "jobs", "--all", NULL, NULL), "calibration");
    CHECK_INT(count_of(ask(&m, "jobs", "--all", "--json", NULL), "\"restarts\": 1"), 1);
    CHECK(await(&m, "top", "--once", NULL, NULL, "works.cell"));
    CHECK_CONTAINS(ask(&m, "top", "--once", NULL, NULL),
                   "gives back 1 slot to job 4 of works.cell");
    char *log = service_log(&m.s);
    CHECK_CONTAINS(log, "calibration: ");
    free(log);
    CHECK(access(service_file(&m.s, "data/calibration/result.json"), R_OK) == 0);

    // The pool is killed and comes back: what was asked meanwhile is done then, and once.
    child_kill(m.pool);
    CHECK_INT(calibrate(&m), 200);
    CHECK(await_log(&m, "the pool is away", 1));
    CHECK_INT(calibrate(&m), 409);  // one is underway
    start_pool(&m);
    CHECK(await_log(&m, "the pool is back", 1));
    CHECK(await_log(&m, "job calibration: done", 2));
    CHECK(service_write(go, ""));
    CHECK(await_in(ran, "ended", 3));
    CHECK_INT(count_of(ask(&m, "jobs", "--all", "--json", NULL), "\"name\": \"calibration\""), 2);
    end(&m);
}

static void test_a_pool_in_process_outlives_a_kill_of_the_service(void) {
    shop m;
    if (!begin(&m, "pool: {slots: 1, calibrate: never}\n")) {
        end(&m);
        return;
    }
    snprintf(m.socket, sizeof m.socket, "%s/pool/pool.sock", m.s.data);
    // Somebody's job holds the only slot, so that the calibration waits while the service dies.
    const char *const submit[] = {"pool", "submit", "--socket", m.socket, "--slots",
                                  "1",    "--",     "sleep",    "1000",   NULL};
    CHECK(service_ask(submit) != NULL);
    CHECK(await(&m, "jobs", NULL, NULL, NULL, "running"));
    CHECK_INT(calibrate(&m), 200);
    CHECK(await(&m, "jobs", NULL, NULL, NULL, "calibration"));
    const char *body = NULL;
    CHECK_INT(service_get(&m.s, "/api/v1/pool", &body), 200);
    CHECK_CONTAINS(body, "\"name\":\"cell\"");
    CHECK_INT(service_get(&m.s, "/api/v1/pool/jobs", &body), 200);
    CHECK_CONTAINS(body, "calibration");
    CHECK_INT(service_get(&m.s, "/api/v1/me", &body), 200);
    CHECK_CONTAINS(body, "\"pool\":\"cell\"");
    kill(m.s.run, SIGKILL);
    waitpid(m.s.run, NULL, 0);
    m.s.run = 0;
    CHECK(service_run(&m.s));
    CHECK(await(&m, "jobs", NULL, NULL, NULL, "running"));  // it was adopted
    const char *const cancel[] = {"pool", "cancel", "--socket", m.socket, "1", NULL};
    CHECK(service_ask(cancel) != NULL);
    CHECK(await_log(&m, "job calibration: done", 1));
    CHECK_INT(count_of(ask(&m, "jobs", "--all", "--json", NULL), "\"name\": \"calibration\""), 1);
    // A command that hands itself over says what it would have said here.
    const char *const handed[] = {"twin",   "calibrate", m.s.plant, "--data",
                                  m.s.data, "--pool",    "--json",  NULL};
    const char *said = service_ask(handed);
    json_t *result = json_loads(said != NULL ? said : "", 0, NULL);
    CHECK_STR(json_string_value(json_object_get(result, "format")), "twin-calibrate/1");
    json_decref(result);
    CHECK_INT(count_of(ask(&m, "jobs", "--all", "--json", NULL), "\"name\": \"calibration\""), 2);
    const char *const wrong[] = {"twin",   "calibrate", m.s.plant, "--data", m.s.data,
                                 "--pool", "--only",    "nowhere", NULL};
    CHECK(service_ask(wrong) == NULL);
    end(&m);
}

static void test_without_a_pool_the_service_goes_on(void) {
    shop m = {.pool = 0};
    if (getenv("LINESHAFT_PROGRAM") == NULL) {
        harness_skip("no program");
        return;
    }
    char text[2048];
    snprintf(text, sizeof text, "%spool: {slots: 1}\n", plant);
    const char *body = NULL;
    // A file stands where the pool's folder should be.
    if (service_begin_text(&m.s, text) && system(NULL) != 0) {
        snprintf(text, sizeof text, "mkdir -p '%.500s' && touch '%.500s/pool'", m.s.data, m.s.data);
        CHECK_INT(system(text), 0);
        CHECK(service_run(&m.s));
        CHECK(await_log(&m, "the pool in process cannot be opened", 1));
        CHECK_INT(calibrate(&m), 400);
        CHECK_INT(service_get(&m.s, "/api/v1/pool", &body), 404);
        CHECK_INT(service_get(&m.s, "/api/v1/me", &body), 200);
        CHECK_CONTAINS(body, "\"pool\":null");
    }
    end(&m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_plants_searches_and_a_users_training_share_a_machine);
    TEST(test_a_pool_in_process_outlives_a_kill_of_the_service);
    TEST(test_without_a_pool_the_service_goes_on);
    return harness_report();
}
