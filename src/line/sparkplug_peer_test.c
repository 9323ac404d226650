// sparkplug_peer_test.c - our Sparkplug beside an implementation that is not ours: npm's
// sparkplug-payload and mqtt, fetched by tests/sparkplug-peer/install into the build folder.
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "line/driver.h"
#include "line/edge.h"
#include "line/sparkplug_payload.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/servers/mosquitto.h"

enum { WAIT_MS = 30000, PATH = 600, PAYLOAD = 4096 };

static char folder[PATH];     // where the packages are
static char work[PATH + 16];  // of this run

static void show(const char *path) {
    char *text = harness_read_file(path, NULL);
    if (text != NULL && text[0] != '\0') {
        fprintf(stderr, "%s:\n%s\n", path, text);
    }
    free(text);
}

static const char *in_work(const char *name) {
    static char paths[4][PATH + 80];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", work, name);
    return path;
}

// Beside the program under test, in its build folder; by hand in .peers, which git ignores.
static bool install(void) {
    const char *program = getenv("LINESHAFT_PROGRAM");
    const char *slash = program != NULL ? strrchr(program, '/') : NULL;
    if (slash != NULL) {
        snprintf(folder, sizeof folder, "%.*s/peers/sparkplug", (int)(slash - program), program);
    } else {
        snprintf(folder, sizeof folder, "%s/.peers/sparkplug", harness_source_root());
    }
    snprintf(work, sizeof work, "%s/run-XXXXXX", folder);
    const char *script = harness_source_path("tests/sparkplug-peer/install");
    const char *const argv[] = {script, folder, NULL};
    char said[] = "/tmp/lineshaft-peer-XXXXXX";
    const int file = mkstemp(said);
    const int code = file >= 0 ? child_wait(child_start(argv, NULL, said)) : -1;
    if (code != 0) {
        fprintf(stderr, "%s %s ended with %d\n", script, folder, code);
        show(said);
    }
    if (file >= 0) {
        close(file);
        unlink(said);
    }
    char modules[PATH + 32];
    snprintf(modules, sizeof modules, "%s/node_modules", folder);
    setenv("NODE_PATH", modules, 1);
    return code == 0 && mkdtemp(work) != NULL;
}

static void clean(void) {
    static const char *const names[] = {"encoded",  "ours",     "decoded",
                                        "edge.err", "host.out", "host.err"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unlink(in_work(names[i]));
    }
    rmdir(work);
}

// --- payloads --------------------------------------------------------------------------------

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static int digit(char c) {
    return c >= 'a' ? c - 'a' + 10 : c - '0';
}

static size_t from_hex(const char *hex, uint8_t *out) {
    size_t size = 0;
    for (; hex[0] != '\0' && hex[1] != '\0' && hex[0] != '\n' && size < PAYLOAD; hex += 2) {
        out[size++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
    }
    return size;
}

static void check_value(const json_t *c, const ls_sample *s) {
    const char *value = text_of(c, "value");
    uint8_t bytes[PAYLOAD];
    switch ((ls_value_kind)s->kind) {
    case LS_VALUE_NONE: CHECK(json_is_null(json_object_get(c, "value"))); break;
    case LS_VALUE_BOOL: CHECK_STR(s->value.integer != 0 ? "true" : "false", value); break;
    case LS_VALUE_INT: CHECK_INT(s->value.integer, strtoll(value, NULL, 10)); break;
    case LS_VALUE_UINT: CHECK_INT(s->value.natural, strtoull(value, NULL, 10)); break;
    case LS_VALUE_REAL:
    case LS_VALUE_FLOAT: {
        const double wanted = strcmp(value, "NaN") == 0 ? (double)NAN : strtod(value, NULL);
        CHECK(isnan(wanted) ? isnan(s->value.real)
                            : s->value.real == wanted && signbit(s->value.real) == signbit(wanted));
        break;
    }
    case LS_VALUE_TEXT:
        CHECK(s->size == strlen(value) && memcmp(s->value.text, value, s->size) == 0);
        break;
    case LS_VALUE_BYTES:
        if (json_is_string(json_object_get(c, "value"))) {
            CHECK_INT(s->size, from_hex(value, bytes));
            CHECK_BYTES(s->value.text, bytes, s->size);
        }  // DataSet and Template are compared where they come out again
        break;
    default: CHECK(false);
    }
}

// Theirs is read, checked, and written again by us, with what a sample and a birth keep of it.
static void translate(const json_t *c, const char *hex, FILE *out, size_t index) {
    uint8_t bytes[PAYLOAD], again[PAYLOAD];
    const size_t size = from_hex(hex, bytes);
    ls_sparkplug_reader r;
    ls_sparkplug_metric m, more, ours = {0};
    ls_sample s = {0};
    CHECK(ls_sparkplug_open(&r, bytes, size));
    CHECK(r.seq == 5 && r.timestamp_ms == 1700000000123 && r.metrics == 1);
    CHECK(ls_sparkplug_next(&r, &m));
    CHECK(!ls_sparkplug_next(&r, &more));
    CHECK(r.reason == NULL);
    CHECK_STR(ls_sparkplug_type_name(m.type), text_of(c, "type"));
    CHECK_STR(ls_sparkplug_value(&m, m.type, &s), NULL);
    check_value(c, &s);
    ours = m;
    ours.properties = (ls_sparkplug_span){0};
    CHECK_STR(ls_sparkplug_encode(&s, (ls_sparkplug_type)m.type, &ours), NULL);
    ls_sparkplug_writer w;
    ls_sparkplug_begin(&w, again, sizeof again, r.timestamp_ms);
    ls_sparkplug_add(&w, &ours);
    ls_sparkplug_add_seq(&w, r.seq);
    CHECK(!w.failed);
    fprintf(out, "%zu ", index);
    for (size_t i = 0; i < ls_sparkplug_size(&w); i++) {
        fprintf(out, "%02x", again[i]);
    }
    fprintf(out, "\n");
}

static bool codec(const char *what, const char *input, const char *output) {
    char script[4 * PATH];
    snprintf(script, sizeof script, "exec node '%s' %s > '%s' 2> '%s'",
             harness_source_path("tests/sparkplug-peer/codec.js"), what, output,
             in_work("edge.err"));
    if (input != NULL) {
        snprintf(script + strlen(script), sizeof script - strlen(script), " < '%s'", input);
    }
    const int code = child_wait(child_start_shell(script));
    CHECK_INT(code, 0);
    if (code != 0) {
        show(in_work("edge.err"));
    }
    return code == 0;
}

static void check_decoded(const json_t *cases, const char *path) {
    FILE *file = fopen(path, "r");
    char line[PAYLOAD];
    size_t i = 0;
    for (; file != NULL && fgets(line, sizeof line, file) != NULL; i++) {
        const json_t *c = json_array_get(cases, i);
        json_t *d = json_loads(line, 0, NULL);
        harness_note("case '%s'", text_of(c, "name"));
        CHECK_STR(text_of(d, "name"), text_of(c, "name"));
        CHECK_STR(text_of(d, "type"), text_of(c, "type"));
        CHECK(json_equal(json_object_get(d, "value"), json_object_get(c, "value")));
        CHECK_INT(json_integer_value(json_object_get(d, "seq")), 5);
        CHECK_INT(json_integer_value(json_object_get(d, "timestamp")), 1700000000123);
        const json_t *alias = json_object_get(c, "alias");
        CHECK_INT(json_integer_value(json_object_get(d, "alias")),
                  alias != NULL ? json_integer_value(alias) : -1);
        CHECK_INT(json_is_true(json_object_get(d, "historical")),
                  json_is_true(json_object_get(c, "historical")));
        const json_t *properties = json_object_get(c, "properties");
        const json_t *quality = json_object_get(json_object_get(properties, "Quality"), "value");
        CHECK_INT(json_integer_value(json_object_get(d, "quality")),
                  quality != NULL ? json_integer_value(quality) : -1);
        CHECK_STR(text_of(d, "unit"), text_of(json_object_get(properties, "engUnit"), "value"));
        json_decref(d);
    }
    CHECK_INT(i, json_array_size(cases));
    if (file != NULL) {
        fclose(file);
    }
}

static void test_payloads_of_all_types_go_both_ways(void) {
    const char *path = harness_source_path("tests/sparkplug-peer/cases.json");
    json_t *cases = json_load_file(path, 0, NULL);
    char what[PATH];
    snprintf(what, sizeof what, "encode '%s'", path);
    CHECK(json_array_size(cases) > 40);
    if (codec(what, NULL, in_work("encoded"))) {
        FILE *theirs = fopen(in_work("encoded"), "r"), *ours = fopen(in_work("ours"), "w");
        char line[2 * PAYLOAD];
        size_t i = 0;
        while (theirs != NULL && ours != NULL && fgets(line, sizeof line, theirs) != NULL) {
            const char *hex = strchr(line, ' ');
            const json_t *c = json_array_get(cases, i);
            harness_note("case '%s'", text_of(c, "name"));
            CHECK(hex != NULL);
            if (hex != NULL) {
                translate(c, hex + 1, ours, i++);
            }
        }
        CHECK_INT(i, json_array_size(cases));
        if (theirs != NULL) {
            fclose(theirs);
        }
        if (ours != NULL) {
            fclose(ours);
        }
        if (codec("decode", in_work("ours"), in_work("decoded"))) {
            check_decoded(cases, in_work("decoded"));
        }
    }
    json_decref(cases);
}

// What the broker saw of a connection of ours: MQTT 5, clean start, and the will's flags.
static void check_log(const mosquitto_server *server, const char *will) {
    char *log = harness_read_file(mosquitto_file(server, "mosquitto.err"), NULL);
    CHECK_CONTAINS(log != NULL ? log : "", will);
    CHECK_CONTAINS(log != NULL ? log : "", "(p5, c1, ");
    CHECK(log != NULL && strstr(log, "(p5, c0, ") == NULL);
    free(log);
}
static const mosquitto_server_def talkative = {.config = "log_type all\n"};

// --- their edge node, heard by our host ------------------------------------------------------

typedef struct ear {
    ls_tags *tags;
    pthread_mutex_t lock;
    int gaps, rebirths, births, deaths, refused;
    ls_sample last[32];  // by tag; numbers alone
    char label[32], notes[4096];
} ear;

static bool on_heard(void *context, const ls_sample *samples, size_t count) {
    ear *e = context;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < count; i++) {
        if (samples[i].tag < 32) {
            e->last[samples[i].tag] = samples[i];
        }
        if (samples[i].kind == LS_VALUE_TEXT) {
            snprintf(e->label, sizeof e->label, "%.*s", (int)samples[i].size,
                     samples[i].value.text);
        }
    }
    pthread_mutex_unlock(&e->lock);
    return true;
}

static void on_noticed(void *context, const ls_notice *notice) {
    ear *e = context;
    pthread_mutex_lock(&e->lock);
    e->gaps += notice->kind == LS_NOTICE_GAP;
    e->rebirths += notice->kind == LS_NOTICE_REBIRTH;
    e->births += notice->kind == LS_NOTICE_BIRTH;
    e->deaths += notice->kind == LS_NOTICE_DEATH;
    e->refused += notice->kind == LS_NOTICE_REFUSED;
    const size_t used = strlen(e->notes);
    snprintf(e->notes + used, sizeof e->notes - used, "  %s: %s\n", notice->subject, notice->text);
    pthread_mutex_unlock(&e->lock);
}

static ls_sample last(ear *e, const char *name) {
    const uint32_t tag = ls_tags_find(e->tags, name, strlen(name));
    ls_sample s = {.tag = LS_TAG_NONE};
    pthread_mutex_lock(&e->lock);
    if (tag < 32) {
        s = e->last[tag];
    }
    pthread_mutex_unlock(&e->lock);
    return s;
}

static void nap(void) {
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
}

static bool wait_for(ear *e, const char *name, double value, ls_quality quality) {
    for (int i = 0; i < WAIT_MS / 5; i++) {
        const ls_sample s = last(e, name);
        double number;
        if (s.tag != LS_TAG_NONE && ls_sample_number(&s, &number) && number == value &&
            s.quality == quality) {
            return true;
        }
        nap();
    }
    return false;
}

static void hear_their_edge(ear *e, ls_driver *driver, const char *url) {
    const char *const argv[] = {
        "node", harness_source_path("tests/sparkplug-peer/edge.js"), url, "plant", "peer", NULL};
    const pid_t child = child_start(argv, NULL, in_work("edge.err"));
    // A message never came: the gap is told, a rebirth asked for, and given.
    CHECK(wait_for(e, "plant/peer/Counter", 100, LS_QUALITY_GOOD));
    CHECK(e->gaps == 1 && e->rebirths >= 1);
    CHECK(wait_for(e, "plant/peer/Small", -5, LS_QUALITY_GOOD));
    CHECK(wait_for(e, "plant/peer/Word", 4000000000.0, LS_QUALITY_GOOD));
    CHECK(wait_for(e, "plant/peer/d1/Running", 1, LS_QUALITY_STALE));  // as it says itself
    CHECK_STR(e->label,
              "Gr\xc3\xb6\xc3\x9f"
              "e");
    const uint32_t label = ls_tags_find(e->tags, "plant/peer/Label", 16);
    CHECK(label != LS_TAG_NONE && strcmp(ls_tags_get(e->tags, label)->unit, "mm") == 0);
    // A command, and what it answers.
    ls_error err = {0};
    const char *name = "plant/peer/d1/Setpoint";
    const ls_sample value = {.kind = LS_VALUE_REAL, .value.real = 42.5};
    CHECK_INT(ls_driver_sparkplug.write(driver, ls_tags_find(e->tags, name, strlen(name)), &value,
                                        5000000, &err),
              LS_OK);
    CHECK_STR(err.text, "");
    CHECK(wait_for(e, name, 42.5, LS_QUALITY_GOOD));
    // It is gone without a word: the broker says so.
    CHECK_INT(child_wait(child), 0);
    CHECK(wait_for(e, name, 42.5, LS_QUALITY_STALE));
    CHECK(wait_for(e, "plant/peer/Counter", 100, LS_QUALITY_STALE));
    CHECK_INT(e->refused, 0);
}

static void test_their_edge_node_is_heard_asked_and_commanded(void) {
    mosquitto_server server;
    static ear e;
    memset(&e, 0, sizeof e);
    pthread_mutex_init(&e.lock, NULL);
    for (int i = 0; i < 32; i++) {
        e.last[i].tag = LS_TAG_NONE;
    }
    ls_error err = {0};
    ls_driver *driver = NULL;
    CHECK_INT(ls_tags_create(&e.tags, &err), LS_OK);
    if (mosquitto_start(&server, &talkative)) {
        const ls_sink sink = {
            .context = &e, .tags = e.tags, .heard = on_heard, .noticed = on_noticed};
        const ls_source source = {.kind = LS_SOURCE_SPARKPLUG,
                                  .name = "sparkplug",
                                  .broker = server.url,
                                  .group = "plant",
                                  .host = "lineshaft",
                                  .reorder_us = 300000};
        const ls_listen listen = {
            .given = true, .folder = "", .sources = &source, .source_count = 1};
        CHECK_INT(ls_driver_sparkplug.open(&listen, &source, &sink, &driver, &err), LS_OK);
        if (driver != NULL) {
            hear_their_edge(&e, driver, server.url);
        }
        ls_driver_sparkplug.close(driver);
        check_log(&server, "bytes) (r1, q1).");
        mosquitto_stop(&server);
    }
    if (harness_has_failed()) {
        fprintf(stderr, "notices:\n%s", e.notes);
        show(in_work("edge.err"));
    }
    ls_tags_destroy(e.tags);
}

// --- our edge node, heard by their host ------------------------------------------------------

typedef struct line {
    ls_edge *edge;
    uint32_t speed;
    _Atomic(double) commanded;
    atomic_int commands;
} line;

static void on_commanded(void *context, uint32_t metric, const ls_sample *value) {
    line *l = context;
    if (metric == l->speed) {
        atomic_store(&l->commanded, value->value.real);
        atomic_fetch_add(&l->commands, 1);
    }
}

static void obey(line *l) {
    for (int i = 0; i < WAIT_MS / 5 && atomic_load(&l->commands) == 0; i++) {
        nap();
    }
    CHECK_NEAR(atomic_load(&l->commanded), 812.5, 0.0);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const ls_sample value = {.kind = LS_VALUE_REAL,
                             .value.real = atomic_load(&l->commanded),
                             .time_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
    ls_edge_set(l->edge, l->speed, &value);
    ls_edge_flush(l->edge);
}

static void test_their_host_hears_asks_and_commands_our_edge_node(void) {
    mosquitto_server server;
    line l = {0};
    ls_error err = {0};
    if (!mosquitto_start(&server, &talkative)) {
        return;
    }
    const ls_source source = {.kind = LS_SOURCE_SPARKPLUG,
                              .name = "sparkplug",
                              .broker = server.url,
                              .group = "plant",
                              .host = "peerhost"};
    ls_edge_def def = ls_edge_def_default();
    def.source = &source;
    def.url = server.url;
    def.node = "cell";
    def.primary = "peerhost";
    def.commanded = on_commanded;
    def.context = &l;
    uint32_t count;
    CHECK_INT(ls_edge_create(&def, &l.edge, &err), LS_OK);
    CHECK_INT(ls_edge_metric(l.edge, "saw", "Count", LS_VALUE_INT, NULL, false, &count, &err),
              LS_OK);
    CHECK_INT(ls_edge_metric(l.edge, "saw", "Speed", LS_VALUE_REAL, "1/min", true, &l.speed, &err),
              LS_OK);
    CHECK_INT(ls_edge_start(l.edge, &err), LS_OK);
    const char *const argv[] = {"node",     harness_source_path("tests/sparkplug-peer/host.js"),
                                server.url, "plant",
                                "cell",     "peerhost",
                                NULL};
    const pid_t child = child_start(argv, in_work("host.out"), in_work("host.err"));
    obey(&l);
    CHECK_INT(child_wait(child), 0);
    char *said = harness_read_file(in_work("host.out"), NULL);
    CHECK_CONTAINS(said != NULL ? said : "", "done");
    free(said);
    if (harness_has_failed()) {
        show(in_work("host.err"));
    }
    ls_edge_destroy(l.edge);
    check_log(&server, "bytes) (r0, q1).");
    mosquitto_stop(&server);
}

static void test_the_peer_can_be_fetched(void) {
    CHECK(install());
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_peer_can_be_fetched);
    if (work[0] == '\0') {
        (void)install();  // one test alone was asked for
    }
    TEST(test_payloads_of_all_types_go_both_ways);
    TEST(test_their_edge_node_is_heard_asked_and_commanded);
    TEST(test_their_host_hears_asks_and_commands_our_edge_node);
    clean();
    return harness_report();
}
