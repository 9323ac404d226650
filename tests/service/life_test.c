// life_test.c - the life of a service, as a whole program: start, signals, what it answers, what it
// tells systemd, what it refuses, orders, and a death without warning.
#include <fcntl.h>
#include <mosquitto.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/servers/mosquitto.h"
#include "tests/service/service.h"

enum { PLANT_SIZE = 4096 };

// ---- the plant

static const char form[] =
    "plant: shop\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  saw: {machines: [%s], process: 60 s, fails: {name: blade, every: 10 h, repair: 1 h}}\n"
    "products:\n"
    "  x: {route: [saw], release: {every: 10 min}}\n"
    "listen:\n"
    "  sparkplug: {broker: \"%s\", group: shop}\n"
    "  json:\n"
    "    broker: \"%s\"\n"
    "    topics:\n"
    "      shop/saw-1: {time: t, fields: [lots, state]}\n"
    "      shop/saw-2: {time: t, fields: [lots, state]}\n"
    "      shop/line: {time: t, fields: released}\n"
    "      shop/order: {}\n"
    "  machines:\n"
    "    any: {state: \"shop/{machine}#state\", lots: \"shop/{machine}#lots\"}\n"
    "  lots: {released: shop/line#released, done: shop/line#done}\n"
    "  orders: {folder: inbox, every: 1 s, tag: shop/order}\n"
    "%s";

static const char *plant_text(const mosquitto_server *broker, const char *saws, const char *more) {
    static char text[PLANT_SIZE];
    snprintf(text, sizeof text, form, saws, broker->url, broker->url, more);
    return text;
}

// ---- the line: it says something, and sees what the service says of itself

typedef struct talker {
    struct mosquitto *client;
    pthread_mutex_t lock;
    char state[256];  // last payload of STATE
    int acknowledged;
} talker;

static void on_connect(struct mosquitto *client, void *context, int code) {
    (void)context;
    (void)code;
    mosquitto_subscribe(client, NULL, "spBv1.0/STATE/lineshaft", 1);
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message) {
    talker *t = context;
    (void)client;
    pthread_mutex_lock(&t->lock);
    snprintf(t->state, sizeof t->state, "%.*s", message->payloadlen,
             (const char *)message->payload);
    pthread_mutex_unlock(&t->lock);
}

static void on_acknowledged(struct mosquitto *client, void *context, int mid) {
    talker *t = context;
    (void)client;
    (void)mid;
    pthread_mutex_lock(&t->lock);
    t->acknowledged++;
    pthread_mutex_unlock(&t->lock);
}

static bool talker_start(talker *t, int port) {
    memset(t, 0, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    mosquitto_lib_init();
    t->client = mosquitto_new(NULL, true, t);
    mosquitto_connect_callback_set(t->client, on_connect);
    mosquitto_message_callback_set(t->client, on_message);
    mosquitto_publish_callback_set(t->client, on_acknowledged);
    mosquitto_reconnect_delay_set(t->client, 1, 1, false);
    const bool fine = mosquitto_connect(t->client, "127.0.0.1", port, 10) == 0 &&
                      mosquitto_loop_start(t->client) == 0;
    CHECK(fine);
    return fine;
}

static void talker_stop(talker *t) {
    mosquitto_disconnect(t->client);
    mosquitto_loop_stop(t->client, true);
    mosquitto_destroy(t->client);
    pthread_mutex_destroy(&t->lock);
}

static void say(talker *t, const char *topic, const char *payload) {
    CHECK_INT(mosquitto_publish(t->client, NULL, topic, (int)strlen(payload), payload, 1, false),
              0);
}

// A machine's state and lots, `at` seconds after the plant's start (2026-01-05).
static void say_machine(talker *t, const char *topic, double at, int state, const char *lots) {
    char text[200];
    snprintf(text, sizeof text, "{\"t\": %.0f, \"lots\": \"%s\", \"state\": %d}",
             (1767571200.0 + at) * 1e3, lots, state);
    say(t, topic, text);
}

static void say_released(talker *t, double at, const char *lot) {
    char text[200];
    snprintf(text, sizeof text, "{\"t\": %.0f, \"released\": \"%s product=x\"}",
             (1767571200.0 + at) * 1e3, lot);
    say(t, "shop/line", text);
}

static bool wait_state(talker *t, const char *part) {
    const double until = service_clock() + 10.0;
    bool there = false;
    while (!there && service_clock() < until) {
        pthread_mutex_lock(&t->lock);
        there = strstr(t->state, part) != NULL;
        pthread_mutex_unlock(&t->lock);
        service_pause(there ? 0.0 : 0.05);
    }
    return there;
}

// ---- one of each, for a test

typedef struct stage {
    mosquitto_server broker;
    service s;
    talker t;
} stage;

static bool wait_samples(const stage *g, double samples) {
    const double until = service_clock() + 10.0;
    while (!(service_metric(&g->s, "samples_total") >= samples) && service_clock() < until) {
        service_pause(0.05);
    }
    return service_metric(&g->s, "samples_total") >= samples;
}

// Until nothing but the line's silence keeps it from being ready.
static bool wait_connected(const stage *g) {
    const double until = service_clock() + 10.0;
    const char *body = "";
    do {
        service_pause(0.05);
        service_get(&g->s, "/readyz", &body);
    } while ((body[0] == '\0' || strstr(body, "not connected") != NULL) && service_clock() < until);
    return strstr(body, "not connected") == NULL;
}

static bool stage_open(stage *g) {
    memset(g, 0, sizeof *g);
    if (!mosquitto_start(&g->broker, NULL)) {
        return false;
    }
    return service_begin_text(&g->s, plant_text(&g->broker, "saw-1, saw-2", "")) &&
           mkdir(service_file(&g->s, "inbox"), 0700) == 0 && service_run(&g->s) &&
           talker_start(&g->t, g->broker.port) && wait_connected(g);
}

static void stage_close(stage *g) {
    if (g->t.client != NULL) {
        talker_stop(&g->t);
    }
    service_end(&g->s);
    mosquitto_stop(&g->broker);
}

// ---- from start to end

static void check_answers(const stage *g) {
    const char *body;
    CHECK_INT(service_get(&g->s, "/healthz", &body), 200);
    CHECK_STR(body, "ok\n");
    CHECK_INT(service_get(&g->s, "/metrics", &body), 200);
    CHECK_CONTAINS(body, "# TYPE lineshaft_samples_total counter\nlineshaft_samples_total 3\n");
    CHECK_CONTAINS(body, "lineshaft_source_connected{source=\"json\"} 1\n");
    CHECK_INT(service_get(&g->s, "/state", &body), 200);
    CHECK_CONTAINS(body, "\"plant\": \"shop\"");
    CHECK_CONTAINS(body, "\"state\": \"processing\"");
    CHECK_INT(service_get(&g->s, "/elsewhere", &body), 404);
    CHECK_CONTAINS(body, "there is nothing at this address");
}

static void test_starts_answers_and_stops(void) {
    stage g;
    const char *body;
    if (!stage_open(&g)) {
        CHECK(false);
        stage_close(&g);
        return;
    }
    CHECK(wait_state(&g.t, "\"online\":true"));
    CHECK_INT(service_get(&g.s, "/readyz", &body), 503);
    CHECK_STR(body, "nothing was heard yet\n");
    say_released(&g.t, 90, "L1");
    say_machine(&g.t, "shop/saw-1", 100, 6, "L1");
    CHECK(wait_samples(&g, 3));
    CHECK(service_wait_status(&g.s, "/readyz", 200));
    check_answers(&g);

    mosquitto_kill(&g.broker);
    CHECK(service_wait_status(&g.s, "/readyz", 503));
    service_get(&g.s, "/readyz", &body);
    CHECK_CONTAINS(body, " is not connected\n");
    CHECK_INT(service_get(&g.s, "/healthz", &body), 200);
    CHECK(mosquitto_restart(&g.broker));
    CHECK(service_wait_status(&g.s, "/readyz", 200));
    CHECK(wait_state(&g.t, "\"online\":true"));

    CHECK_INT(access(service_file(&g.s, "data/service.json"), R_OK), 0);
    CHECK_INT(service_stop(&g.s.run, 10.0), 0);
    CHECK(access(service_file(&g.s, "data/service.json"), F_OK) != 0);
    CHECK(wait_state(&g.t, "\"online\":false"));
    char *log = service_log(&g.s);
    CHECK_CONTAINS(log, "listening on http://127.0.0.1:");
    CHECK_CONTAINS(log, " lost ");
    CHECK_CONTAINS(log, "service shop: stopping\n");
    free(log);
    stage_close(&g);
}

// ---- another plant file while all of it runs

static size_t machines_of(const service *s) {
    json_t *state = service_state(s);
    const size_t count = json_array_size(json_object_get(state, "machines"));
    json_decref(state);
    return count;
}

static bool wait_machines(const service *s, size_t count) {
    const double until = service_clock() + 10.0;
    while (machines_of(s) != count && service_clock() < until) {
        service_pause(0.05);
    }
    return machines_of(s) == count;
}

static void reload(const stage *g, const char *text, const char *said) {
    CHECK(service_write(g->s.plant, text));
    kill(g->s.run, SIGHUP);
    CHECK(service_wait_log(&g->s, said));
}

static void test_the_plant_file_is_read_again(void) {
    stage g;
    if (!stage_open(&g)) {
        CHECK(false);
        stage_close(&g);
        return;
    }
    say_released(&g.t, 90, "L1");
    say_machine(&g.t, "shop/saw-1", 100, 6, "L1");
    CHECK(wait_samples(&g, 3));
    CHECK_INT(machines_of(&g.s), 2);

    reload(&g, plant_text(&g.broker, "saw-1, saw-2, saw-3", ""), "was read again and is in use");
    CHECK(wait_machines(&g.s, 3));
    CHECK(wait_connected(&g));
    say_machine(&g.t, "shop/saw-1", 200, 6, "L1");
    CHECK(wait_samples(&g, 5));

    // Mistakes: all of them, with their places; nothing changes.
    reload(&g, plant_text(&g.broker, "saw-1", "bogus: 1\nhorses: 2\n"), "refused with 2 mistakes");
    char *log = service_log(&g.s);
    CHECK_CONTAINS(log, "plant.yaml:20:1: ");
    CHECK_CONTAINS(log, "plant.yaml:21:1: ");
    CHECK_CONTAINS(log, "horses");
    free(log);
    CHECK_INT(machines_of(&g.s), 3);
    say_machine(&g.t, "shop/saw-1", 300, 4, "");
    CHECK(wait_samples(&g, 7));

    // Right as a text, but what it names is not there.
    reload(&g,
           plant_text(&g.broker, "saw-1",
                      "  modbus: {plc: {address: \"no such host!\", registers: "
                      "{a: {at: 1}}}}\n"),
           "everything goes on as it was");
    unlink(g.s.plant);
    kill(g.s.run, SIGHUP);
    CHECK(service_wait_log(&g.s, "plant.yaml"));
    CHECK(wait_machines(&g.s, 3));
    CHECK(wait_connected(&g));
    say_machine(&g.t, "shop/saw-1", 400, 6, "L1");
    CHECK(wait_samples(&g, 9));
    CHECK_INT(service_stop(&g.s.run, 10.0), 0);
    stage_close(&g);
}

// ---- systemd

static bool wait_word(int socket, char *heard, size_t size, const char *word) {
    const double until = service_clock() + 10.0;
    while (strstr(heard, word) == NULL && service_clock() < until) {
        char text[512];
        const ssize_t got = recv(socket, text, sizeof text - 1, MSG_DONTWAIT);
        if (got > 0) {
            text[got] = '\0';
            const size_t used = strlen(heard);
            snprintf(heard + used, size - used, "%s\n", text);
        } else {
            service_pause(0.02);
        }
    }
    return strstr(heard, word) != NULL;
}

static void test_systemd_is_told(void) {
    static char heard[1 << 16];
    stage g;
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/ls-notify-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    snprintf(where.sun_path, sizeof where.sun_path, "%s/socket", folder);
    const int file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(file, (const struct sockaddr *)(const void *)&where, sizeof where), 0);
    setenv("NOTIFY_SOCKET", where.sun_path, 1);
    const bool open = stage_open(&g);
    unsetenv("NOTIFY_SOCKET");
    CHECK(open);
    if (open) {
        CHECK(wait_word(file, heard, sizeof heard, "READY=1"));
        CHECK(wait_word(file, heard, sizeof heard, "WATCHDOG=1"));
        kill(g.s.run, SIGHUP);
        CHECK(wait_word(file, heard, sizeof heard, "RELOADING=1"));
        CHECK_CONTAINS(heard, "MONOTONIC_USEC=");
        heard[0] = '\0';
        CHECK(wait_word(file, heard, sizeof heard, "READY=1"));
        CHECK_INT(service_stop(&g.s.run, 10.0), 0);
        CHECK(wait_word(file, heard, sizeof heard, "STOPPING=1"));
    }
    close(file);
    unlink(where.sun_path);
    rmdir(folder);
    stage_close(&g);
}

// ---- refusals

static void refused(service *s, const char *plant, const char *data, const char *port, int code,
                    const char *why) {
    const char *const more[] = {"--data", data, "--port", port, NULL};
    CHECK_INT(service_run_to_end(s, plant, more), code);
    char *log = service_log(s);
    CHECK_CONTAINS(log, why);
    CHECK_CONTAINS(log, "lineshaft: error: ");
    free(log);
}

static void test_what_cannot_be_is_refused_by_name(void) {
    stage g;
    char port[16];
    char plant[SERVICE_PATH_SIZE + 64];
    char data[SERVICE_PATH_SIZE + 64];
    if (!stage_open(&g)) {
        CHECK(false);
        stage_close(&g);
        return;
    }
    service second = g.s;  // other logs, same folder
    second.starts = 10;
    refused(&second, g.s.plant, g.s.data, "0", 4, g.s.data);
    snprintf(port, sizeof port, "%d", g.broker.port);
    snprintf(data, sizeof data, "%s", service_file(&g.s, "other"));
    refused(&second, g.s.plant, data, port, 4, port);
    snprintf(plant, sizeof plant, "%s", service_file(&g.s, "nowhere.yaml"));
    refused(&second, plant, data, "0", 4, "nowhere.yaml");
    snprintf(plant, sizeof plant, "%s", harness_source_path("tests/cli/plants/line.yaml"));
    refused(&second, plant, data, "0", 3, "does not say how the line is heard");
    refused(&second, g.s.plant, g.s.plant, "0", 4, g.s.plant);  // a file
    refused(&second, g.s.plant, "/proc/no/such/place", "0", 4, "/proc/no");
    const char *body;
    CHECK_INT(service_get(&g.s, "/healthz", &body), 200);  // the first has not noticed
    CHECK_INT(service_stop(&g.s.run, 10.0), 0);
    stage_close(&g);
}

// ---- orders

static void test_orders_come_from_everywhere(void) {
    stage g;
    char history[SERVICE_PATH_SIZE + 16];
    if (!stage_open(&g)) {
        CHECK(false);
        stage_close(&g);
        return;
    }
    say_machine(&g.t, "shop/saw-1", 100, 9, "");
    say(&g.t, "shop/order", "order=W-17 product=x lots=3");
    CHECK(service_write(service_file(&g.s, "inbox/monday.csv"),
                        "order,product,lots\nM-1,x,2\nM-2,x,1\n"));
    CHECK(service_write(service_file(&g.s, "inbox/wrong.csv"), "order,product\nM-3,horse\n"));
    const char *const add[] = {"order",     "add", g.s.plant, "--data", g.s.data,
                               "--product", "x",   "--order", "A-1",    NULL};
    const char *const note[] = {"line",      "note",  g.s.plant,  "--data", g.s.data,
                                "--machine", "saw-1", "--reason", "blade",  NULL};
    const char *const no[] = {"order",  "add",       g.s.plant, "--data",
                              g.s.data, "--product", "horse",   NULL};
    CHECK(service_ask(add) != NULL);
    CHECK(service_ask(note) != NULL);
    CHECK(service_ask(no) == NULL);
    CHECK(service_wait_log(&g.s, "order W-17: 3 lots of x, from "));
    CHECK(service_wait_log(&g.s, "order M-2: "));
    CHECK(service_wait_log(&g.s, "order A-1: "));
    CHECK(service_wait_log(&g.s, " saw-1: blade, 0 parts"));
    CHECK(service_wait_log(&g.s, "set-aside "));
    char *why = harness_read_file(service_file(&g.s, "inbox/set-aside/wrong.csv.why"), NULL);
    CHECK_CONTAINS(why != NULL ? why : "", "horse");
    free(why);
    CHECK_INT(access(service_file(&g.s, "inbox/done/monday.csv"), R_OK), 0);
    const char *body;
    service_get(&g.s, "/metrics", &body);
    CHECK_CONTAINS(body, "\nlineshaft_orders_total 4\n");
    CHECK_CONTAINS(body, "\nlineshaft_notes_total 1\n");
    CHECK_INT(service_stop(&g.s.run, 10.0), 0);
    snprintf(history, sizeof history, "%s/history", g.s.data);
    const char *const events[] = {"history", "events", history, "--kind", "order", "--json", NULL};
    const char *text = service_ask(events);
    CHECK_CONTAINS(text != NULL ? text : "", "W-17");
    CHECK_CONTAINS(text != NULL ? text : "", "A-1");
    stage_close(&g);
}

// ---- kill -9

static json_t *standing(const service *s) {
    json_t *state = service_state(s);
    json_t *out = json_object();
    json_object_set(out, "machines", json_object_get(state, "machines"));
    json_object_set(out, "stations", json_object_get(state, "stations"));
    json_object_set(out, "now", json_object_get(state, "now"));
    json_object_set(out, "lots", json_object_get(json_object_get(state, "follow"), "lots"));
    json_decref(state);
    return out;
}

static void test_a_death_without_warning_changes_nothing(void) {
    stage g;
    char lot[16];
    if (!stage_open(&g)) {
        CHECK(false);
        stage_close(&g);
        return;
    }
    for (int i = 0; i < 20; i++) {
        snprintf(lot, sizeof lot, "L%d", i);
        say_released(&g.t, 100 * i, lot);
        say_machine(&g.t, i % 2 == 0 ? "shop/saw-1" : "shop/saw-2", 100 * i + 5, 6, lot);
    }
    CHECK(wait_samples(&g, 60));
    service_pause(0.2);  // the loop's advance
    json_t *before = standing(&g.s);
    child_kill(g.s.run);
    g.s.run = 0;
    CHECK(service_run(&g.s));
    CHECK(service_wait_log(&g.s, "samples were heard again from the history"));
    json_t *after = standing(&g.s);
    if (!json_equal(before, after)) {
        char *a = json_dumps(before, JSON_SORT_KEYS);
        char *b = json_dumps(after, JSON_SORT_KEYS);
        CHECK_STR(b, a);
        free(a);
        free(b);
    }
    json_decref(before);
    json_decref(after);
    CHECK(wait_connected(&g));
    say_machine(&g.t, "shop/saw-1", 3000, 4, "");
    CHECK(wait_samples(&g, 2));
    CHECK_INT(service_stop(&g.s.run, 10.0), 0);
    stage_close(&g);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_starts_answers_and_stops);
    TEST(test_the_plant_file_is_read_again);
    TEST(test_systemd_is_told);
    TEST(test_what_cannot_be_is_refused_by_name);
    TEST(test_orders_come_from_everywhere);
    TEST(test_a_death_without_warning_changes_nothing);
    return harness_report();
}
