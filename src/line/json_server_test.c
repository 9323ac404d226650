// json_server_test.c - the driver `json` beside a real Mosquitto and mosquitto_pub.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "line/driver.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/servers/mosquitto.h"

enum { WAIT_MS = 20000 };

typedef struct ear {
    ls_tags *tags;
    atomic_int samples, connected, refused, lost, refuse;
    _Atomic int64_t sum;
} ear;

static bool on_heard(void *context, const ls_sample *samples, size_t count) {
    ear *e = context;
    if (atomic_load(&e->refuse) > 0) {
        atomic_fetch_sub(&e->refuse, 1);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        atomic_fetch_add(&e->sum, samples[i].kind == LS_VALUE_INT ? samples[i].value.integer : 0);
    }
    atomic_fetch_add(&e->samples, (int)count);
    return true;
}

static void on_noticed(void *context, const ls_notice *notice) {
    ear *e = context;
    atomic_fetch_add(&e->connected, notice->kind == LS_NOTICE_CONNECTED ? 1 : 0);
    atomic_fetch_add(&e->lost, notice->kind == LS_NOTICE_LOST ? 1 : 0);
    atomic_fetch_add(&e->refused, notice->kind == LS_NOTICE_REFUSED ? 1 : 0);
}

static bool wait_for(atomic_int *what, int least) {
    for (int i = 0; i < WAIT_MS / 5 && atomic_load(what) < least; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return atomic_load(what) >= least;
}

static int publish(const mosquitto_server *server, const char *rest) {
    char script[512];
    snprintf(script, sizeof script, "mosquitto_pub -h 127.0.0.1 -p %d -q 1 %s", server->port, rest);
    return child_wait(child_start_shell(script));
}

static ls_driver *open_driver(ear *e, const ls_source *source) {
    static const ls_listen listen = {.given = true, .folder = ""};
    const ls_sink sink = {.context = e, .tags = e->tags, .heard = on_heard, .noticed = on_noticed};
    ls_driver *driver = NULL;
    ls_error err = {0};
    CHECK_INT(ls_driver_find(LS_SOURCE_JSON)->open(&listen, source, &sink, &driver, &err), LS_OK);
    CHECK_STR(err.text, "");
    return driver;
}

static void test_topics_become_tags(void) {
    static const char *const fields[] = {"speed", "axis.0.load"};
    static const ls_topic topics[] = {
        {.filter = "saw/state", .time_path = "at", .fields = fields, .field_count = 2},
        {.filter = "plain/+"},
        {.filter = "tree/#"}};
    mosquitto_server server;
    ear e = {0};
    ls_tags_create(&e.tags, NULL);
    if (mosquitto_start(&server, NULL)) {
        const ls_source source = {.kind = LS_SOURCE_JSON,
                                  .name = "json",
                                  .broker = server.url,
                                  .qos = 1,
                                  .topics = topics,
                                  .topic_count = 3};
        ls_driver *driver = open_driver(&e, &source);
        CHECK(wait_for(&e.connected, 1));
        publish(&server,
                "-t saw/state -m '{\"at\":1767592800250,\"speed\":2,\"axis\":[{\"load\":3}],"
                "\"other\":9}'");
        publish(&server, "-t plain/level -m 40");
        publish(&server, "-t tree/a/b -m '{\"x\":500,\"y\":\"on\"}'");
        CHECK(wait_for(&e.samples, 5));
        CHECK_INT(atomic_load(&e.sum), 2 + 3 + 40 + 500);
        static const char *const names[] = {"saw/state#speed", "saw/state#axis.0.load",
                                            "plain/level", "tree/a/b#x", "tree/a/b#y"};
        for (size_t i = 0; i < 5; i++) {
            CHECK(ls_tags_find(e.tags, names[i], strlen(names[i])) != LS_TAG_NONE);
        }
        CHECK_INT(ls_tags_count(e.tags), 5);
        // What makes no sense is counted and told, and does not come again.
        publish(&server, "-t plain/level -m '{broken'");
        CHECK(wait_for(&e.refused, 1));
        ls_driver_figures figures;
        ls_driver_json.figures(driver, &figures);
        CHECK_INT(figures.refused, 1);
        CHECK_INT(figures.messages, 4);
        CHECK_INT(figures.samples, 5);
        CHECK(figures.connected);
        ls_error err = {0};
        const ls_sample value = {.kind = LS_VALUE_INT};
        CHECK_INT(ls_driver_json.write(driver, 0, &value, 1000, &err), LS_ERR_INVALID);
        ls_driver_json.close(driver);
    }
    mosquitto_stop(&server);
    ls_tags_destroy(e.tags);
}

static void test_what_came_while_we_were_away_is_handed_over(void) {
    static const ls_topic topics[] = {{.filter = "count"}};
    mosquitto_server server;
    ear e = {0};
    ls_tags_create(&e.tags, NULL);
    if (mosquitto_start(&server, NULL)) {
        ls_source source = {.kind = LS_SOURCE_JSON,
                            .name = "json",
                            .broker = server.url,
                            .qos = 1,
                            .topics = topics,
                            .topic_count = 1};
        for (int version = 4; version <= 5; version++) {
            source.name = version == 4 ? "old" : "new";
            source.mqtt_version = version;
            atomic_store(&e.connected, 0);
            atomic_store(&e.samples, 0);
            atomic_store(&e.sum, 0);
            ls_driver *driver = open_driver(&e, &source);
            CHECK(wait_for(&e.connected, 1));
            CHECK_INT(publish(&server, "-t count -m 1"), 0);
            CHECK(wait_for(&e.samples, 1));
            ls_driver_json.close(driver);
            CHECK_INT(publish(&server, "-t count -m 10"), 0);
            CHECK_INT(publish(&server, "-t count -m 100"), 0);
            driver = open_driver(&e, &source);
            CHECK(wait_for(&e.samples, 3));
            CHECK_INT(atomic_load(&e.sum), 111);
            // History is full for a while: nothing is lost by that either.
            atomic_store(&e.refuse, 2);
            CHECK_INT(publish(&server, "-t count -m 1000"), 0);
            CHECK(wait_for(&e.samples, 4));
            CHECK_INT(atomic_load(&e.sum), 1111);
            ls_driver_json.close(driver);
        }
    }
    mosquitto_stop(&server);
    ls_tags_destroy(e.tags);
}

static void test_two_drivers_at_once(void) {
    static const ls_topic topics[] = {{.filter = "n/#"}};
    mosquitto_server server;
    ear a = {0}, b = {0};
    ls_tags *tags = NULL;
    ls_tags_create(&tags, NULL);
    a.tags = b.tags = tags;
    if (mosquitto_start(&server, NULL)) {
        ls_source source = {.kind = LS_SOURCE_JSON,
                            .name = "one",
                            .broker = server.url,
                            .qos = 1,
                            .topics = topics,
                            .topic_count = 1};
        ls_source other = source;
        other.name = "two";
        other.qos = 0;
        ls_driver *first = open_driver(&a, &source);
        ls_driver *second = open_driver(&b, &other);
        CHECK(wait_for(&a.connected, 1));
        CHECK(wait_for(&b.connected, 1));
        char script[256];
        snprintf(
            script, sizeof script,
            "for t in 1 2 3 4; do seq 1 2000 | mosquitto_pub -h 127.0.0.1 -p %d -q 1 -l -t n/$t"
            " & done; wait",
            server.port);
        CHECK_INT(child_wait(child_start_shell(script)), 0);
        CHECK(wait_for(&a.samples, 8000));
        CHECK(wait_for(&b.samples, 8000));
        CHECK_INT(atomic_load(&a.sum), 4 * 2000 * 2001 / 2);
        CHECK_INT(atomic_load(&b.sum), 4 * 2000 * 2001 / 2);
        CHECK_INT(ls_tags_count(tags), 4);
        ls_driver_json.close(first);
        ls_driver_json.close(second);
    }
    mosquitto_stop(&server);
    ls_tags_destroy(tags);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_topics_become_tags);
    TEST(test_what_came_while_we_were_away_is_handed_over);
    TEST(test_two_drivers_at_once);
    return harness_report();
}
