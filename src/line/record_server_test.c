// record_server_test.c - recorded from a broker, replayed onto another: bit for bit. And a public
// recording through a broker as Sparkplug: every number as it was.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "line/browse.h"
#include "line/driver.h"
#include "line/edge.h"
#include "line/record.h"
#include "line/replay_table.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/servers/mosquitto.h"

enum { WAIT_MS = 20000, COUNT = 600, TOPICS = 17 };

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void nap_ms(int ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

static bool always(void *context, const ls_record_figures *now) {
    (void)context;
    (void)now;
    return true;
}

// ---- a recording made in a thread until so many messages are in it

typedef struct tape {
    char path[512];
    char url[64];
    uint64_t wanted;
    atomic_bool connected;
    ls_record_figures figures;
    ls_status status;
    pthread_t thread;
} tape;

static bool until_wanted(void *context, const ls_record_figures *now) {
    tape *t = context;
    atomic_store(&t->connected, now->connected);
    return now->messages < t->wanted;
}

static void *record(void *context) {
    tape *t = context;
    static const ls_mqtt_filter all = {.topics = "#", .qos = 1, .as_published = true};
    ls_record_writer *writer = NULL;
    ls_mqtt_def def = ls_mqtt_def_default();
    def.url = t->url;
    def.filters = &all;
    def.filter_count = 1;
    t->status = ls_record_create(t->path, true, &writer, NULL);
    if (t->status == LS_OK) {
        t->status = ls_record_run(&def, writer, 30000000, until_wanted, t, &t->figures, NULL);
        ls_record_close(writer, NULL);
    }
    return NULL;
}

static void tape_start(tape *t, const mosquitto_server *server, const char *name, uint64_t wanted) {
    snprintf(t->path, sizeof t->path, "%s", mosquitto_file(server, name));
    snprintf(t->url, sizeof t->url, "%s", server->url);
    t->wanted = wanted;
    atomic_store(&t->connected, false);
    CHECK_INT(pthread_create(&t->thread, NULL, record, t), 0);
    for (int i = 0; i < WAIT_MS / 5 && !atomic_load(&t->connected); i++) {
        nap_ms(5);
    }
    CHECK(atomic_load(&t->connected));
}

static void tape_finish(tape *t) {
    pthread_join(t->thread, NULL);
    CHECK_INT(t->status, LS_OK);
    CHECK_INT(t->figures.messages, t->wanted);
}

// Payloads with every byte, empty ones, a large one; QoS 0 and 1; some retained.
static void publish_mixture(const char *url) {
    static unsigned char payload[200000];
    ls_mqtt_def def = ls_mqtt_def_default();
    ls_mqtt *mqtt = NULL;
    char topic[32];
    def.url = url;
    CHECK_INT(ls_mqtt_create(&def, &mqtt, NULL), LS_OK);
    for (int i = 0; i < COUNT; i++) {
        const size_t size = i == 300 ? sizeof payload : (size_t)(i * 31 % 257);
        for (size_t j = 0; j < size; j++) {
            payload[j] = (unsigned char)((size_t)i * 7 + j);
        }
        snprintf(topic, sizeof topic, "a/%d/b", i % TOPICS);
        const ls_mqtt_message message = {.topic = topic,
                                         .payload = payload,
                                         .size = size,
                                         .qos = i % TOPICS % 2,
                                         .retain = i % 50 == 49};
        while (ls_mqtt_publish(mqtt, &message, NULL, NULL) != LS_OK) {
            nap_ms(5);
        }
        if (i % 100 == 0) {
            nap_ms(60);
        }
    }
    ls_mqtt_destroy(mqtt);
}

static bool next_of(ls_record_reader *reader, const char *topic, ls_mqtt_message *out) {
    int64_t at_us = 0;
    while (ls_record_next(reader, out, &at_us)) {
        if (strcmp(out->topic, topic) == 0) {
            return true;
        }
    }
    return false;
}

// Topic by topic: between topics MQTT promises no order, and a broker lets QoS 0 overtake QoS 1.
static int compare_topic(const char *first, const char *second, const char *topic) {
    ls_record_reader *a = NULL, *b = NULL;
    ls_mqtt_message left, right;
    int count = 0;
    CHECK_INT(ls_record_open(first, &a, NULL), LS_OK);
    CHECK_INT(ls_record_open(second, &b, NULL), LS_OK);
    while (!harness_has_failed() && next_of(a, topic, &left)) {
        CHECK(next_of(b, topic, &right));
        CHECK_INT(right.size, left.size);
        CHECK_BYTES(right.payload, left.payload, left.size);
        CHECK_INT(right.qos, left.qos);
        CHECK_INT(right.retain, left.retain);
        count++;
    }
    CHECK(!next_of(b, topic, &right));
    ls_record_reader_close(a);
    ls_record_reader_close(b);
    return count;
}

static int compare_tapes(const char *first, const char *second) {
    int count = 0;
    for (int i = 0; i < TOPICS; i++) {
        char topic[32];
        snprintf(topic, sizeof topic, "a/%d/b", i);
        count += compare_topic(first, second, topic);
    }
    return count;
}

static int64_t replay_tape(const tape *t, const char *url, double speed) {
    ls_record_reader *reader = NULL;
    ls_record_figures figures = {0};
    ls_error err = {0};
    ls_mqtt_def def = ls_mqtt_def_default();
    def.url = url;
    const int64_t began_us = now_us();
    CHECK_INT(ls_record_open(t->path, &reader, &err), LS_OK);
    CHECK_INT(ls_replay_run(&def, reader, speed, always, NULL, &figures, &err), LS_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(figures.messages, COUNT);
    ls_record_reader_close(reader);
    return now_us() - began_us;
}

static void test_replayed_is_recorded_bit_for_bit(void) {
    mosquitto_server first, second;
    if (mosquitto_start(&first, NULL) && mosquitto_start(&second, NULL)) {
        static tape original, copy, slow;
        tape_start(&original, &first, "original.rec", COUNT);
        publish_mixture(first.url);
        tape_finish(&original);
        tape_start(&copy, &second, "copy.rec", COUNT);
        replay_tape(&original, second.url, 0.0);
        tape_finish(&copy);
        CHECK_INT(compare_tapes(original.path, copy.path), COUNT);
        // The spacing is kept: six pauses of 60 ms, at half the speed.
        mosquitto_stop(&second);
        if (mosquitto_start(&second, NULL)) {
            tape_start(&slow, &second, "slow.rec", COUNT);
            const int64_t took_us = replay_tape(&original, second.url, 0.5);
            tape_finish(&slow);
            CHECK(took_us >= 2 * 5 * 60000);
            CHECK_INT(compare_tapes(original.path, slow.path), COUNT);
        }
    }
    mosquitto_stop(&first);
    mosquitto_stop(&second);
}

// ---- a table

enum { ROWS = 200, COLUMNS = 52 };
#define START_US 1767592800000000LL
#define EVERY_US 180000000LL

typedef struct ear {
    ls_tags *tags;
    atomic_int heard, connected;
    double values[ROWS][COLUMNS];
} ear;

static bool on_heard(void *context, const ls_sample *samples, size_t count) {
    ear *e = context;
    for (size_t i = 0; i < count; i++) {
        const ls_sample *s = samples + i;
        const char *name = ls_tags_get(e->tags, s->tag)->name;
        const char *metric = strrchr(name, '/');
        int column = -1;
        if (sscanf(metric, "/XMEAS_%d", &column) == 1) {
            column--;
        } else if (sscanf(metric, "/XMV_%d", &column) == 1) {
            column += 40;
        }
        const int64_t row = (s->time_us - START_US) / EVERY_US;
        if (s->kind == LS_VALUE_REAL && s->quality == LS_QUALITY_GOOD && column >= 0 && row >= 0 &&
            row < ROWS && (s->flags & LS_SAMPLE_BIRTH) == 0) {
            e->values[row][column] = s->value.real;
            atomic_fetch_add(&e->heard, 1);
        }
    }
    return true;
}

static void on_noticed(void *context, const ls_notice *notice) {
    ear *e = context;
    atomic_fetch_add(&e->connected, notice->kind == LS_NOTICE_CONNECTED ? 1 : 0);
}

static void test_a_public_recording_arrives_as_it_is(void) {
    mosquitto_server server;
    static ear e;
    ls_arena arena;
    ls_csv csv;
    char *text = NULL;
    size_t size = 0;
    ls_error err = {0};
    ls_arena_init(&arena);
    const char *file = harness_source_path("tests/data/tep/d00_te.csv");
    CHECK_INT(ls_file_read(file, 1 << 20, &arena, &text, &size, &err), LS_OK);
    CHECK_INT(ls_csv_parse(text, size, ',', file, &arena, &csv, &err), LS_OK);
    CHECK_INT(csv.row_count, ROWS);
    CHECK_INT(csv.column_count, COLUMNS);
    ls_tags_create(&e.tags, NULL);
    if (mosquitto_start(&server, NULL)) {
        const ls_sink sink = {
            .context = &e, .tags = e.tags, .heard = on_heard, .noticed = on_noticed};
        const ls_source source = {.kind = LS_SOURCE_SPARKPLUG,
                                  .name = "sparkplug",
                                  .broker = server.url,
                                  .group = "tep",
                                  .reorder_us = 300000};
        const ls_listen listen = {.given = true, .folder = ""};
        ls_driver *driver = NULL;
        CHECK_INT(ls_driver_sparkplug.open(&listen, &source, &sink, &driver, &err), LS_OK);
        for (int i = 0; i < WAIT_MS / 5 && atomic_load(&e.connected) == 0; i++) {
            nap_ms(5);
        }
        const ls_replay_table table = {.table = &csv,
                                       .group = "tep",
                                       .node = "reactor",
                                       .start_us = START_US,
                                       .every_us = EVERY_US};
        ls_record_figures figures = {0};
        ls_mqtt_def def = ls_mqtt_def_default();
        def.url = server.url;
        CHECK_INT(ls_replay_table_run(&def, &table, file, always, NULL, &figures, &err), LS_OK);
        CHECK_STR(err.text, "");
        CHECK_INT(figures.messages, ROWS);
        for (int i = 0; i < WAIT_MS / 5 && atomic_load(&e.heard) < ROWS * COLUMNS; i++) {
            nap_ms(5);
        }
        ls_driver_sparkplug.close(driver);
        CHECK_INT(atomic_load(&e.heard), ROWS * COLUMNS);
        for (int row = 0; row < ROWS && !harness_has_failed(); row++) {
            for (int column = 0; column < COLUMNS; column++) {
                const double expected = strtod(csv.rows[row][column], NULL);
                CHECK_BYTES(&e.values[row][column], &expected, sizeof expected);
            }
        }
    }
    mosquitto_stop(&server);
    ls_tags_destroy(e.tags);
    ls_arena_clear(&arena);
}

// ---- browse

typedef struct seen {
    int rows, sparkplug;
    char all[4096];
} seen;

static void on_row(void *context, const ls_browse_row *row) {
    seen *s = context;
    s->rows++;
    s->sparkplug += row->sparkplug ? 1 : 0;
    const size_t used = strlen(s->all);
    snprintf(s->all + used, sizeof s->all - used, "%s=%s %s %s %s\n", row->name, row->value,
             row->unit, ls_value_kind_name(row->kind), ls_quality_name(row->quality));
}

static void test_browse_finds_what_was_born_before(void) {
    mosquitto_server server;
    if (mosquitto_start(&server, NULL)) {
        const ls_source source = {
            .kind = LS_SOURCE_SPARKPLUG, .name = "line", .broker = server.url, .group = "plant"};
        ls_edge_def def = ls_edge_def_default();
        ls_edge *edge = NULL;
        uint32_t speed = 0;
        def.source = &source;
        def.node = "cell";
        CHECK_INT(ls_edge_create(&def, &edge, NULL), LS_OK);
        CHECK_INT(ls_edge_metric(edge, "saw", "Speed", LS_VALUE_REAL, "1/min", false, &speed, NULL),
                  LS_OK);
        const ls_sample value = {.time_us = START_US, .kind = LS_VALUE_REAL, .value.real = 12.5};
        ls_edge_set(edge, speed, &value);
        ls_edge_flush(edge);
        CHECK_INT(ls_edge_start(edge, NULL), LS_OK);
        ls_edge_figures figures = {0};
        for (int i = 0; i < WAIT_MS / 5 && figures.births == 0; i++) {
            nap_ms(5);
            ls_edge_describe(edge, &figures);
        }
        nap_ms(300);
        ls_mqtt_def connection = ls_mqtt_def_default();
        ls_browse *browse = NULL;
        connection.url = server.url;
        CHECK_INT(ls_browse_open(&connection, false, &browse, NULL), LS_OK);
        ls_browse_figures now = {0};
        for (int i = 0; i < WAIT_MS / 5 && now.rows < 3; i++) {
            char script[256];
            if (i % 40 == 0) {
                ls_edge_set(edge, speed, &value);  // data of a node that we have not seen born
                ls_edge_flush(edge);
                snprintf(script, sizeof script,
                         "mosquitto_pub -h 127.0.0.1 -p %d -t oven -m '{\"t\":180,\"on\":true}'",
                         server.port);
                CHECK_INT(child_wait(child_start_shell(script)), 0);
            }
            nap_ms(5);
            ls_browse_describe(browse, &now);
        }
        seen s = {0};
        CHECK_INT(ls_browse_rows(browse, on_row, &s, NULL), LS_OK);
        CHECK_INT(s.rows, 3);
        CHECK_INT(s.sparkplug, 1);
        CHECK_CONTAINS(s.all, "plant/cell/saw/Speed=12.5 1/min real good\n");
        CHECK_CONTAINS(s.all, "oven#t=180  int good\n");
        CHECK_CONTAINS(s.all, "oven#on=true  bool good\n");
        ls_browse_close(browse);
        ls_edge_destroy(edge);
    }
    mosquitto_stop(&server);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_replayed_is_recorded_bit_for_bit);
    TEST(test_a_public_recording_arrives_as_it_is);
    TEST(test_browse_finds_what_was_born_before);
    return harness_report();
}
