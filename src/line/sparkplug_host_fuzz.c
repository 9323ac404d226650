// sparkplug_host_fuzz.c - a stream of topics and payloads into a host application and an edge node,
// with time passing. Each record: a byte that chooses the topic, a byte of time (10 ms each), a
// byte of length, the payload; topic 15 has its text in front of the payload, up to a zero.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "line/sparkplug_edge.h"
#include "line/sparkplug_host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const topics[15] = {
    "spBv1.0/g/NBIRTH/n",   "spBv1.0/g/NDATA/n",    "spBv1.0/g/NDEATH/n",   "spBv1.0/g/DBIRTH/n/d",
    "spBv1.0/g/DDATA/n/d",  "spBv1.0/g/DDEATH/n/d", "spBv1.0/g/NBIRTH/m",   "spBv1.0/g/NDATA/m",
    "spBv1.0/g/DBIRTH/n/e", "spBv1.0/g/DDATA/n/e",  "spBv1.0/STATE/h",      "spBv1.0/g/NCMD/n",
    "spBv1.0/g/DCMD/n/d",   "spBv1.0/g/NDEATH/m",   "spBv1.0/g/DDEATH/n/e",
};

typedef struct world {
    ls_tags *tags;
    ls_sparkplug_host *host;
    ls_sparkplug_edge *edge;
    int64_t now_us;
} world;

static bool heard(void *context, const ls_sample *samples, size_t count) {
    const world *w = context;
    for (size_t i = 0; i < count; i++) {
        const ls_sample *s = &samples[i];
        assert(s->tag < ls_tags_count(w->tags) && s->pad2 == 0);
        assert(s->kind < LS_VALUE_KIND_COUNT && s->quality < LS_QUALITY_COUNT);
        if (s->kind == LS_VALUE_TEXT || s->kind == LS_VALUE_BYTES) {
            volatile char last = s->size > 0 ? s->value.text[s->size - 1] : '\0';
            (void)last;
        }
    }
    return true;
}

static void noticed(void *context, const ls_notice *notice) {
    (void)context;
    assert(notice->kind < LS_NOTICE_KIND_COUNT && notice->subject != NULL && notice->text != NULL);
}

static bool publish(void *context, const char *topic, const void *bytes, size_t size, int qos,
                    bool retain) {
    (void)context;
    (void)qos;
    (void)retain;
    assert(strlen(topic) < LS_SPARKPLUG_TOPIC_MAX && (size == 0 || bytes != NULL));
    return true;
}

static void commanded(void *context, uint32_t metric, const ls_sample *value) {
    (void)context;
    assert(metric < 2 && value->kind < LS_VALUE_KIND_COUNT);
}

static void begin(world *w, const ls_sink *sink) {
    ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
    def.host = "h";
    def.group = "g";
    def.sink = sink;
    def.publish = publish;
    def.devices_max = 2;
    def.metrics_max = 20;
    def.held_max = 5;
    def.held_bytes_max = 500;
    ls_sparkplug_edge_def edge = ls_sparkplug_edge_def_default();
    edge.group = "g";
    edge.node = "n";
    edge.primary = "h";
    edge.publish = publish;
    edge.commanded = commanded;
    uint32_t number;
    const bool good = ls_sparkplug_host_create(&def, &w->host, NULL) == LS_OK &&
                      ls_sparkplug_edge_create(&edge, &w->edge, NULL) == LS_OK &&
                      ls_sparkplug_edge_metric(w->edge, NULL, "a", LS_SPARKPLUG_INT8, NULL, true,
                                               &number, NULL) == LS_OK &&
                      ls_sparkplug_edge_metric(w->edge, "d", "b", LS_SPARKPLUG_TEXT, NULL, true,
                                               &number, NULL) == LS_OK;
    assert(good);
}

static void connect_both(world *w) {
    const char *topic, *text;
    const void *payload;
    size_t size;
    ls_sparkplug_host_will(w->host, w->now_us, &topic, &text);
    ls_sparkplug_host_connected(w->host, w->now_us);
    ls_sparkplug_edge_will(w->edge, w->now_us, &topic, &payload, &size);
    ls_sparkplug_edge_connected(w->edge, w->now_us);
}

static void lose_both(world *w) {
    ls_sparkplug_host_lost(w->host, w->now_us);
    ls_sparkplug_edge_lost(w->edge, w->now_us);
}

// The payload in memory of its own, so that the sanitizer sees who reads beyond it.
static void send(world *w, const char *topic, const uint8_t *data, size_t size) {
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    assert(bytes != NULL);
    memcpy(bytes, data, size);
    ls_sparkplug_host_message(w->host, topic, bytes, size, w->now_us);
    ls_sparkplug_edge_message(w->edge, topic, bytes, size, w->now_us);
    free(bytes);
}

static void record(world *w, uint8_t which, const uint8_t *data, size_t size) {
    if (which % 16 < 15) {
        send(w, topics[which % 16], data, size);
        return;
    }
    const uint8_t *zero = memchr(data, 0, size);
    if (zero != NULL) {
        send(w, (const char *)data, zero + 1, size - (size_t)(zero + 1 - data));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    world w = {.now_us = 1000000};
    const bool made = ls_tags_create(&w.tags, NULL) == LS_OK;
    assert(made);
    const ls_sink sink = {.context = &w, .tags = w.tags, .heard = heard, .noticed = noticed};
    begin(&w, &sink);
    connect_both(&w);
    while (size >= 3) {
        const size_t length = data[2] < size - 3 ? data[2] : size - 3;
        w.now_us += 10000 * (int64_t)(data[1] & 0x7f);
        if ((data[1] & 0x80) != 0) {
            lose_both(&w);
            connect_both(&w);
        }
        record(&w, data[0], data + 3, length);
        const int64_t at = ls_sparkplug_host_tick(w.host, w.now_us);
        assert(at > w.now_us);
        (void)at;
        ls_sparkplug_edge_tick(w.edge, w.now_us);
        data += 3 + length;
        size -= 3 + length;
    }
    ls_sparkplug_host_closing(w.host, w.now_us);
    ls_sparkplug_edge_closing(w.edge, w.now_us);
    ls_sparkplug_host_destroy(w.host);
    ls_sparkplug_edge_destroy(w.edge);
    ls_tags_destroy(w.tags);
    return 0;
}
