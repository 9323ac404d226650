// sparkplug_server_test.c - edge node and host application with a real broker between them: the
// embedded one with its roles, and one that is killed.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "line/broker.h"
#include "line/driver.h"
#include "line/edge.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/servers/mosquitto.h"

enum { WAIT_MS = 20000 };

typedef struct ear {  // a sink that counts
    ls_tags *tags;
    atomic_int samples, births, stale, connected, lost, deaths, gaps, node_births, commands;
    _Atomic int64_t last, sum;  // of good values of the counter
    atomic_uint counter;        // its tag + 1
} ear;

static bool on_heard(void *context, const ls_sample *samples, size_t count) {
    ear *e = context;
    for (size_t i = 0; i < count; i++) {
        const ls_sample *s = samples + i;
        atomic_fetch_add(&e->samples, 1);
        atomic_fetch_add(&e->births, (s->flags & LS_SAMPLE_BIRTH) != 0 ? 1 : 0);
        atomic_fetch_add(&e->stale, s->quality == LS_QUALITY_STALE ? 1 : 0);
        const ls_tag *tag = ls_tags_get(e->tags, s->tag);
        if (s->kind == LS_VALUE_INT && s->quality == LS_QUALITY_GOOD &&
            strstr(tag->name, "/Count") != NULL) {
            atomic_store(&e->counter, s->tag + 1);
            atomic_store(&e->last, s->value.integer);
            atomic_fetch_add(&e->sum, (s->flags & LS_SAMPLE_BIRTH) == 0 ? s->value.integer : 0);
        }
    }
    return true;
}

static void on_noticed(void *context, const ls_notice *notice) {
    ear *e = context;
    atomic_int *const counters[LS_NOTICE_KIND_COUNT] = {[LS_NOTICE_CONNECTED] = &e->connected,
                                                        [LS_NOTICE_LOST] = &e->lost,
                                                        [LS_NOTICE_BIRTH] = &e->node_births,
                                                        [LS_NOTICE_DEATH] = &e->deaths,
                                                        [LS_NOTICE_GAP] = &e->gaps};
    if (counters[notice->kind] != NULL) {
        atomic_fetch_add(counters[notice->kind], 1);
    }
}

static bool wait_int(atomic_int *what, int least) {
    for (int i = 0; i < WAIT_MS / 5 && atomic_load(what) < least; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return atomic_load(what) >= least;
}

static bool wait_last(ear *e, int64_t value) {
    for (int i = 0; i < WAIT_MS / 5 && atomic_load(&e->last) != value; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return atomic_load(&e->last) == value;
}

typedef struct rig {  // an edge node and a host on one broker
    ear e;
    ls_sink sink;
    ls_source source;
    ls_listen listen;
    ls_edge *edge;
    ls_driver *driver;
    uint32_t count, speed;
    _Atomic double commanded;
} rig;

static void on_commanded(void *context, uint32_t metric, const ls_sample *value) {
    rig *r = context;
    if (metric == r->speed) {
        atomic_store(&r->commanded, value->value.real);
        atomic_fetch_add(&r->e.commands, 1);
    }
}

static bool rig_start(rig *r, const char *url, const char *broker_folder) {
    ls_error err = {0};
    memset(r, 0, sizeof *r);
    CHECK_INT(ls_tags_create(&r->e.tags, &err), LS_OK);
    r->sink = (ls_sink){.context = &r->e,
                        .tags = r->e.tags,
                        .heard = on_heard,
                        .noticed = on_noticed,
                        .broker_folder = broker_folder};
    r->source = (ls_source){.kind = LS_SOURCE_SPARKPLUG,
                            .name = "sparkplug",
                            .embedded = broker_folder != NULL,
                            .broker = broker_folder == NULL ? url : NULL,
                            .group = "plant",
                            .host = "lineshaft",
                            .reorder_us = 300000};
    r->listen = (ls_listen){.given = true, .folder = "", .sources = &r->source, .source_count = 1};
    CHECK_INT(ls_driver_sparkplug.open(&r->listen, &r->source, &r->sink, &r->driver, &err), LS_OK);
    CHECK_STR(err.text, "");
    CHECK(wait_int(&r->e.connected, 1));  // births are not repeated for who comes later

    ls_source line = r->source;
    ls_broker_access access;
    if (broker_folder != NULL) {
        CHECK_INT(ls_broker_access_get(broker_folder, LS_BROKER_LINE, &access, &err), LS_OK);
        line.login = access.login;
        url = access.url;
    }
    ls_edge_def def = ls_edge_def_default();
    def.source = &line;
    def.url = url;
    def.node = "cell";
    def.primary = "lineshaft";  // what is said while nobody hears is kept
    def.commanded = on_commanded;
    def.context = r;
    CHECK_INT(ls_edge_create(&def, &r->edge, &err), LS_OK);
    CHECK_INT(ls_edge_metric(r->edge, "saw", "Count", LS_VALUE_INT, NULL, false, &r->count, &err),
              LS_OK);
    CHECK_INT(
        ls_edge_metric(r->edge, "saw", "Speed", LS_VALUE_REAL, "1/min", true, &r->speed, &err),
        LS_OK);
    CHECK_INT(ls_edge_start(r->edge, &err), LS_OK);
    CHECK_STR(err.text, "");
    return r->edge != NULL && r->driver != NULL;
}

static void rig_stop(rig *r) {
    ls_edge_destroy(r->edge);
    ls_driver_sparkplug.close(r->driver);
    ls_tags_destroy(r->e.tags);
}

static void say(rig *r, int64_t number) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const ls_sample value = {.time_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000,
                             .kind = LS_VALUE_INT,
                             .value.integer = number};
    ls_edge_set(r->edge, r->count, &value);
    ls_edge_flush(r->edge);
}

static void test_values_go_up_and_commands_come_down(void) {
    mosquitto_server server;
    rig r;
    if (mosquitto_start(&server, NULL) && rig_start(&r, server.url, NULL)) {
        CHECK(wait_int(&r.e.node_births, 2));  // node and device
        for (int i = 1; i <= 5000; i++) {
            say(&r, i);
        }
        CHECK(wait_last(&r.e, 5000));
        CHECK_INT(atomic_load(&r.e.sum), 5000 * 5001 / 2);
        CHECK_INT(atomic_load(&r.e.gaps), 0);

        ls_error err = {0};
        const char *name = "plant/cell/saw/Speed";
        const uint32_t tag = ls_tags_find(r.e.tags, name, strlen(name));
        const ls_sample value = {.kind = LS_VALUE_REAL, .value.real = 812.5};
        CHECK(tag != LS_TAG_NONE);
        CHECK_INT(ls_driver_sparkplug.write(r.driver, tag, &value, 5000000, &err), LS_OK);
        CHECK(wait_int(&r.e.commands, 1));
        CHECK_NEAR(atomic_load(&r.commanded), 812.5, 0.0);
        ls_driver_figures figures;
        ls_driver_sparkplug.figures(r.driver, &figures);
        CHECK(figures.connected);
        CHECK_INT(figures.writes, 1);

        // The edge says good-bye; its tags are stale.
        ls_edge_destroy(r.edge);
        r.edge = NULL;
        CHECK(wait_int(&r.e.deaths, 1));
        CHECK(wait_int(&r.e.stale, 1));
    }
    rig_stop(&r);
    mosquitto_stop(&server);
}

static void test_a_killed_broker_costs_nothing_that_was_said_meanwhile(void) {
    mosquitto_server server;
    rig r;
    if (mosquitto_start(&server, NULL) && rig_start(&r, server.url, NULL)) {
        CHECK(wait_int(&r.e.node_births, 2));
        say(&r, 1);
        CHECK(wait_last(&r.e, 1));
        mosquitto_kill(&server);
        CHECK(wait_int(&r.e.lost, 1));
        CHECK(wait_int(&r.e.stale, 1));
        ls_edge_figures figures = {.connected = true};
        for (int i = 0; i < WAIT_MS / 5 && figures.connected; i++) {
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
            ls_edge_describe(r.edge, &figures);
        }
        for (int i = 2; i <= 300; i++) {
            say(&r, i);  // kept by the edge
        }
        CHECK(mosquitto_restart(&server));
        CHECK(wait_int(&r.e.connected, 2));
        for (int i = 0; i < WAIT_MS / 5 && atomic_load(&r.e.sum) < 300 * 301 / 2; i++) {
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        }
        CHECK_INT(atomic_load(&r.e.sum), 300 * 301 / 2);
        ls_edge_describe(r.edge, &figures);
        CHECK(figures.connected);
        CHECK_INT(figures.dropped, 0);
    }
    rig_stop(&r);
    mosquitto_stop(&server);
}

static void test_a_bad_network_is_seen_and_named(void) {
    mosquitto_server server;
    rig r;
    if (mosquitto_start(&server, NULL) && rig_start(&r, server.url, NULL)) {
        CHECK(wait_int(&r.e.node_births, 2));
        ls_edge_disturb(r.edge, 5000, 20000, 20000, 7);  // 0.5 % lost, 2 % doubled, 2 % swapped
        for (int i = 1; i <= 2000; i++) {
            say(&r, i);
            nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
        }
        ls_edge_disturb(r.edge, 0, 0, 0, 0);
        CHECK(wait_int(&r.e.gaps, 1));
        ls_driver_figures figures;
        ls_driver_sparkplug.figures(r.driver, &figures);
        CHECK(figures.missing >= 1);
        CHECK(figures.duplicates >= 1);
        CHECK(figures.reordered >= 1);
        CHECK(figures.rebirths >= 1);
        say(&r, 77777);
        CHECK(wait_last(&r.e, 77777));
    }
    rig_stop(&r);
    mosquitto_stop(&server);
}

// ---- the embedded broker

static const char *make_folder(void) {
    static char folder[64];
    snprintf(folder, sizeof folder, "/tmp/ls-broker-XXXXXX");
    return mkdtemp(folder);
}

static void remove_folder(const char *folder) {
    char script[128];
    snprintf(script, sizeof script, "rm -rf '%s'", folder);
    child_wait(child_start_shell(script));
}

static atomic_int broker_told;

static void on_told(void *context, const char *text) {
    (void)context;
    (void)text;
    atomic_fetch_add(&broker_told, 1);
}

static ls_broker *start_broker(const char *folder) {
    ls_broker_def def = ls_broker_def_default();
    ls_broker *broker = NULL;
    ls_error err = {0};
    def.folder = folder;
    def.told = on_told;
    CHECK_INT(ls_broker_start(&def, &broker, &err), LS_OK);
    CHECK_STR(err.text, "");
    return broker;
}

static void test_the_embedded_broker_serves_line_host_and_guard(void) {
    char broker_folder[128];
    const char *folder = make_folder();
    snprintf(broker_folder, sizeof broker_folder, "%s/broker", folder);
    ls_broker *broker = start_broker(broker_folder);
    rig r;
    if (broker != NULL && rig_start(&r, NULL, broker_folder)) {
        CHECK(wait_int(&r.e.node_births, 2));
        say(&r, 17);
        CHECK(wait_last(&r.e, 17));
        const char *name = "plant/cell/saw/Speed";
        const uint32_t tag = ls_tags_find(r.e.tags, name, strlen(name));
        const ls_sample value = {.kind = LS_VALUE_REAL, .value.real = 3.0};
        ls_error err = {0};
        CHECK_INT(ls_driver_sparkplug.write(r.driver, tag, &value, 5000000, &err), LS_OK);
        CHECK_STR(err.text, "");
        CHECK(wait_int(&r.e.commands, 1));

        ls_broker_figures figures;
        ls_broker_describe(broker, &figures);
        CHECK_INT(figures.starts, 1);
        CHECK(figures.resident_bytes > 1000000);
        const int process = figures.process;
        kill((pid_t)process, SIGKILL);  // and it comes back, on the same port
        CHECK(wait_int(&r.e.connected, 2));
        say(&r, 18);
        CHECK(wait_last(&r.e, 18));
        ls_broker_describe(broker, &figures);
        CHECK_INT(figures.starts, 2);
        CHECK(figures.process != process);
        CHECK(atomic_load(&broker_told) >= 1);
    }
    rig_stop(&r);
    ls_broker_stop(broker);
    remove_folder(folder);
}

// What mosquitto_pub (MQTT 5) says of publishing in a role: its exit code, 0 when taken.
static int try_publish(const char *folder, const char *role, const char *topic) {
    char script[512];
    snprintf(script, sizeof script,
             "mosquitto_pub -V 5 -q 1 -h 127.0.0.1 -p $(cat '%s/port') -u %s"
             " -P \"$(tail -1 '%s/login-%s')\" -t '%s' -m x 2>&1 | grep -q -i 'not authorized'",
             folder, role, folder, role, topic);
    return child_wait(child_start_shell(script)) == 0 ? 1 : 0;  // grep found it: refused
}

// What `role` hears of a retained message: 1 when it comes.
static int try_hear(const char *folder, const char *from, const char *role, const char *topic) {
    char script[768];
    snprintf(script, sizeof script,
             "F='%s'; P=$(cat $F/port); mosquitto_pub -r -q 1 -h 127.0.0.1 -p $P -u %s"
             " -P \"$(tail -1 $F/login-%s)\" -t '%s' -m x;"
             " mosquitto_sub -q 1 -h 127.0.0.1 -p $P -u %s -P \"$(tail -1 $F/login-%s)\""
             " -t '%s' -C 1 -W 2 | grep -q x",
             folder, from, from, topic, role, role, topic);
    return child_wait(child_start_shell(script)) == 0 ? 1 : 0;
}

static void test_the_guard_hears_the_line_and_nobody_else(void) {
    const char *folder = make_folder();
    chmod(folder, 0700);
    ls_broker *broker = start_broker(folder);
    CHECK_INT(try_hear(folder, "line", "guard", "spBv1.0/plant/DDATA/cell/saw"), 1);
    CHECK_INT(try_hear(folder, "line", "guard", "spBv1.0/plant/NBIRTH/cell"), 1);
    CHECK_INT(try_hear(folder, "host", "reader", "spBv1.0/plant/NCMD/cell"), 1);
    CHECK_INT(try_hear(folder, "host", "guard", "spBv1.0/plant/NCMD/cell"), 0);
    ls_broker_stop(broker);
    remove_folder(folder);
}

static void test_only_the_guard_may_command(void) {
    const char *folder = make_folder();
    chmod(folder, 0700);
    ls_broker *broker = start_broker(folder);
    static const struct {
        const char *role, *topic;
        int refused;
    } rows[] = {
        {"guard", "spBv1.0/plant/DCMD/cell/saw", 0},
        {"guard", "spBv1.0/plant/NCMD/cell", 0},
        {"guard", "spBv1.0/plant/DDATA/cell/saw", 1},
        {"host", "spBv1.0/plant/NCMD/cell", 0},
        {"host", "spBv1.0/STATE/lineshaft", 0},
        {"host", "spBv1.0/plant/DCMD/cell/saw", 1},
        {"host", "spBv1.0/plant/DDATA/cell/saw", 1},
        {"line", "spBv1.0/plant/DDATA/cell/saw", 0},
        {"line", "spBv1.0/plant/NBIRTH/cell", 0},
        {"line", "spBv1.0/plant/DCMD/cell/saw", 1},
        {"line", "spBv1.0/plant/NCMD/cell", 1},
        {"line", "spBv1.0/STATE/lineshaft", 1},
        {"reader", "spBv1.0/plant/DDATA/cell/saw", 1},
        {"reader", "spBv1.0/plant/NCMD/cell", 1},
        {"reader", "anything", 1},
    };
    for (size_t i = 0; broker != NULL && i < sizeof rows / sizeof rows[0]; i++) {
        harness_note("%s to %s", rows[i].role, rows[i].topic);
        CHECK_INT(try_publish(folder, rows[i].role, rows[i].topic), rows[i].refused);
    }
    // Nobody without a name; the files are ours alone.
    char script[256];
    snprintf(script, sizeof script, "mosquitto_pub -h 127.0.0.1 -p $(cat '%s/port') -t a -m x",
             folder);
    CHECK(child_wait(child_start_shell(script)) != 0);
    snprintf(script, sizeof script, "test -z \"$(find '%s' -type f -perm /077)\"", folder);
    CHECK_INT(child_wait(child_start_shell(script)), 0);
    // A second one in the same folder is refused.
    ls_broker_def def = ls_broker_def_default();
    ls_broker *second = NULL;
    ls_error err = {0};
    def.folder = folder;
    CHECK_INT(ls_broker_start(&def, &second, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.text, "belongs to another process");
    ls_broker_stop(broker);
    // Started again it keeps its passwords and, when it is free, its port.
    ls_broker_access before, after;
    CHECK_INT(ls_broker_access_get(folder, LS_BROKER_READER, &before, &err), LS_OK);
    char *login = harness_read_file(before.login, NULL);
    broker = start_broker(folder);
    CHECK_INT(ls_broker_access_get(folder, LS_BROKER_READER, &after, &err), LS_OK);
    CHECK_STR(after.url, before.url);
    char *again = harness_read_file(after.login, NULL);
    CHECK_STR(again, login);
    free(login);
    free(again);
    ls_broker_stop(broker);
    remove_folder(folder);
}

static void test_a_broker_that_cannot_start_says_why(void) {
    const char *folder = make_folder();
    chmod(folder, 0700);
    ls_broker_def def = ls_broker_def_default();
    ls_broker *broker = NULL;
    ls_error err = {0};
    def.folder = folder;
    def.program = "/nonexistent/mosquitto";
    CHECK_INT(ls_broker_start(&def, &broker, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.text, "'/nonexistent/mosquitto' is not there");
    def.program = "/bin/false";
    CHECK_INT(ls_broker_start(&def, &broker, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.text, "the broker does not start");
    def.program = NULL;
    chmod(folder, 0755);
    CHECK_INT(ls_broker_start(&def, &broker, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "is open to others");
    remove_folder(folder);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_values_go_up_and_commands_come_down);
    TEST(test_a_killed_broker_costs_nothing_that_was_said_meanwhile);
    TEST(test_a_bad_network_is_seen_and_named);
    TEST(test_the_embedded_broker_serves_line_host_and_guard);
    TEST(test_the_guard_hears_the_line_and_nobody_else);
    TEST(test_only_the_guard_may_command);
    TEST(test_a_broker_that_cannot_start_says_why);
    return harness_report();
}
