// sparkplug_edge_test.c - an edge node against the assertions of Sparkplug 3.0, message by message.
#include "line/sparkplug_edge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "line/testing/sparkplug_listener.h"
#include "tests/harness.h"

static const int64_t T0 = 1700000000000000;  // us
enum { MS = 1000, SECOND = 1000000 };

typedef struct fixture {
    ls_sparkplug_edge *edge;
    post post;
    uint32_t speed, state, name, serial;  // node: speed; device d1: state, name; d2: serial
    uint32_t commanded, commands;
    ls_sample command;
    char text[64];
} fixture;

static void commanded(void *context, uint32_t metric, const ls_sample *value) {
    fixture *f = context;
    f->commanded = metric;
    f->command = *value;
    f->commands++;
    if (value->kind == LS_VALUE_TEXT) {
        snprintf(f->text, sizeof f->text, "%.*s", (int)value->size, value->value.text);
    }
}

// The post is the context of `publish`, the fixture that of `commanded`: the post comes first in a
// struct of its own address, so publish goes through this.
static bool publish(void *context, const char *topic, const void *bytes, size_t size, int qos,
                    bool retain) {
    return post_publish(&((fixture *)context)->post, topic, bytes, size, qos, retain);
}

static void setup(fixture *f, const ls_sparkplug_edge_def *changes) {
    ls_sparkplug_edge_def def = changes != NULL ? *changes : ls_sparkplug_edge_def_default();
    memset(f, 0, sizeof *f);
    def.group = "plant";
    def.node = "cell";
    def.publish = publish;
    def.commanded = commanded;
    def.context = f;
    ls_error err;
    CHECK_INT(ls_sparkplug_edge_create(&def, &f->edge, &err), LS_OK);
    ls_sparkplug_edge_metric(f->edge, NULL, "Speed", LS_SPARKPLUG_DOUBLE, "mm/s", true, &f->speed,
                             NULL);
    ls_sparkplug_edge_metric(f->edge, "d1", "State", LS_SPARKPLUG_INT32, NULL, true, &f->state,
                             NULL);
    ls_sparkplug_edge_metric(f->edge, "d1", "Name", LS_SPARKPLUG_STRING, NULL, true, &f->name,
                             NULL);
    ls_sparkplug_edge_metric(f->edge, "d2", "Serial", LS_SPARKPLUG_UINT64, NULL, false, &f->serial,
                             NULL);
}

static void teardown(fixture *f) {
    ls_sparkplug_edge_destroy(f->edge);
    post_clear(&f->post);
}

static void connect(fixture *f, int64_t now_us) {
    const char *topic;
    const void *payload;
    size_t size;
    ls_sparkplug_edge_will(f->edge, now_us, &topic, &payload, &size);
    ls_sparkplug_edge_connected(f->edge, now_us);
}

static void set_real(fixture *f, uint32_t metric, double value, int64_t time_us) {
    const ls_sample s = {.kind = LS_VALUE_REAL, .value.real = value, .time_us = time_us};
    CHECK(ls_sparkplug_edge_set(f->edge, metric, &s));
}

static void set_int(fixture *f, uint32_t metric, int64_t value, int64_t time_us) {
    const ls_sample s = {.kind = LS_VALUE_INT, .value.integer = value, .time_us = time_us};
    CHECK(ls_sparkplug_edge_set(f->edge, metric, &s));
}

static void set_text(fixture *f, uint32_t metric, const char *value, int64_t time_us) {
    const ls_sample s = {.kind = LS_VALUE_TEXT,
                         .size = (uint32_t)strlen(value),
                         .value.text = value,
                         .time_us = time_us};
    CHECK(ls_sparkplug_edge_set(f->edge, metric, &s));
}

// The first message must be of this topic; its metrics come back.
enum { METRICS = 16 };
typedef struct parsed {
    message m;
    ls_sparkplug_reader frame;
    ls_sparkplug_metric metrics[METRICS];
    uint32_t count;
} parsed;

static void take(fixture *f, const char *topic, parsed *out) {
    memset(out, 0, sizeof *out);
    CHECK(f->post.count > 0);
    if (f->post.count == 0) {
        return;
    }
    out->m = post_take(&f->post, 0);
    CHECK_STR(out->m.topic, topic);
    CHECK(ls_sparkplug_open(&out->frame, out->m.bytes, out->m.size));
    ls_sparkplug_reader reader = out->frame;
    while (out->count < METRICS && ls_sparkplug_next(&reader, &out->metrics[out->count])) {
        out->count++;
    }
    CHECK(reader.reason == NULL);
}

static bool named(const ls_sparkplug_metric *m, const char *name) {
    return m->name.size == strlen(name) && memcmp(m->name.data, name, m->name.size) == 0;
}

static void skip(fixture *f, uint32_t count) {
    for (; count > 0 && f->post.count > 0; count--) {
        message m = post_take(&f->post, 0);
        message_clear(&m);
    }
}

static double real_of(const ls_sparkplug_metric *m) {
    double value;
    memcpy(&value, &m->bits, sizeof value);
    return value;
}

static void test_will_holds_bdseq_alone_and_counts_connects(void) {
    fixture f;
    setup(&f, NULL);
    for (int i = 0; i < 600; i++) {
        const char *topic;
        const void *payload;
        size_t size;
        ls_sparkplug_edge_will(f.edge, T0 + i * SECOND, &topic, &payload, &size);
        CHECK_STR(topic, "spBv1.0/plant/NDEATH/cell");
        ls_sparkplug_reader r;
        ls_sparkplug_metric m, more;
        CHECK(ls_sparkplug_open(&r, payload, size));
        CHECK(!r.has_seq && r.has_timestamp);
        CHECK(ls_sparkplug_next(&r, &m));
        CHECK(!ls_sparkplug_next(&r, &more));
        CHECK(named(&m, "bdSeq") && m.type == LS_SPARKPLUG_INT64);
        CHECK_INT(m.bits, i % 256);
    }
    teardown(&f);
}

static void test_births_come_first_and_hold_every_metric(void) {
    fixture f;
    parsed p;
    setup(&f, NULL);
    set_real(&f, f.speed, 2.5, T0 - 5 * SECOND);
    set_text(&f, f.name, "lot 7", T0 - SECOND);
    CHECK_STR(ls_sparkplug_edge_filter(f.edge, 0), "spBv1.0/plant/NCMD/cell");
    CHECK_STR(ls_sparkplug_edge_filter(f.edge, 1), "spBv1.0/plant/DCMD/cell/+");
    CHECK_STR(ls_sparkplug_edge_filter(f.edge, 2), NULL);
    connect(&f, T0);
    CHECK_INT(f.post.count, 3);
    for (uint32_t i = 0; i < f.post.count; i++) {
        CHECK(f.post.items[i].qos == 0 && !f.post.items[i].retain);
    }
    take(&f, "spBv1.0/plant/NBIRTH/cell", &p);
    CHECK(p.frame.has_seq && p.frame.seq == 0 && p.frame.timestamp_ms == (uint64_t)T0 / 1000);
    CHECK_INT(p.count, 3);
    CHECK(p.metrics[0].has_timestamp && p.metrics[1].has_timestamp && p.metrics[2].has_timestamp);
    CHECK(named(&p.metrics[0], "bdSeq") && p.metrics[0].bits == 0);
    CHECK(named(&p.metrics[1], "Node Control/Rebirth") && !p.metrics[1].has_alias &&
          p.metrics[1].type == LS_SPARKPLUG_BOOLEAN && p.metrics[1].bits == 0);
    CHECK(named(&p.metrics[2], "Speed") && p.metrics[2].has_alias && p.metrics[2].has_type &&
          p.metrics[2].timestamp_ms == (uint64_t)(T0 - 5 * SECOND) / 1000 &&
          real_of(&p.metrics[2]) == 2.5 && p.metrics[2].unit.size == 4);
    const uint64_t alias = p.metrics[2].alias;
    message_clear(&p.m);
    take(&f, "spBv1.0/plant/DBIRTH/cell/d1", &p);
    CHECK(p.frame.seq == 1 && p.count == 2);
    CHECK(named(&p.metrics[0], "State") && p.metrics[0].null && p.metrics[0].field == 0);
    CHECK(named(&p.metrics[1], "Name") && p.metrics[1].span.size == 5);
    CHECK(p.metrics[0].alias != alias && p.metrics[1].alias != alias &&
          p.metrics[0].alias != p.metrics[1].alias);
    message_clear(&p.m);
    take(&f, "spBv1.0/plant/DBIRTH/cell/d2", &p);
    CHECK(p.frame.seq == 2 && p.count == 1 && p.metrics[0].alias != alias);
    message_clear(&p.m);
    teardown(&f);
}

static void test_data_is_by_alias_in_order_one_message_for_each_device(void) {
    fixture f;
    parsed p;
    setup(&f, NULL);
    connect(&f, T0);
    skip(&f, 3);
    set_int(&f, f.state, 1, T0 + 1 * MS);
    set_real(&f, f.speed, 1.5, T0 + 2 * MS);
    set_int(&f, f.state, 2, T0 + 3 * MS);
    set_text(&f, f.name, "a", T0 + 3 * MS);
    set_real(&f, f.speed, 1.5, T0 + 4 * MS);
    ls_sparkplug_edge_flush(f.edge, T0 + 5 * MS);
    CHECK_INT(f.post.count, 2);
    CHECK(f.post.items[0].qos == 0 && !f.post.items[0].retain);
    take(&f, "spBv1.0/plant/DDATA/cell/d1", &p);
    CHECK(p.frame.seq == 3 && p.count == 3);
    CHECK(p.metrics[0].bits == 1 && p.metrics[1].bits == 2 && p.metrics[2].span.data[0] == 'a');
    CHECK(p.metrics[0].name.data == NULL && !p.metrics[0].has_type && p.metrics[0].has_alias);
    CHECK(p.metrics[1].timestamp_ms == (uint64_t)(T0 + 3 * MS) / 1000);
    message_clear(&p.m);
    take(&f, "spBv1.0/plant/NDATA/cell", &p);
    CHECK(p.frame.seq == 4 && p.count == 2 && real_of(&p.metrics[1]) == 1.5);
    message_clear(&p.m);
    ls_sparkplug_edge_flush(f.edge, T0 + 6 * MS);
    CHECK_INT(f.post.count, 0);
    teardown(&f);
}

static void test_seq_is_one_counter_for_node_and_devices_and_wraps(void) {
    fixture f;
    parsed p;
    setup(&f, NULL);
    connect(&f, T0);
    skip(&f, 3);
    for (uint32_t i = 3; i < 600; i++) {
        if (i % 3 == 0) {
            set_real(&f, f.speed, i, T0 + i * MS);
        } else {
            set_int(&f, f.state, i, T0 + i * MS);
        }
        ls_sparkplug_edge_flush(f.edge, T0 + i * MS);
        take(&f, i % 3 == 0 ? "spBv1.0/plant/NDATA/cell" : "spBv1.0/plant/DDATA/cell/d1", &p);
        CHECK_INT(p.frame.seq, i % 256);
        message_clear(&p.m);
    }
    teardown(&f);
}

static void send_rebirth(fixture *f, int64_t now_us) {
    spoken s;
    speak_begin(&s, (uint64_t)now_us / 1000);
    const ls_sparkplug_metric m = {.name = {"Node Control/Rebirth", 20},
                                   .has_type = true,
                                   .type = LS_SPARKPLUG_BOOLEAN,
                                   .field = LS_SPARKPLUG_BOOLEAN_VALUE,
                                   .bits = 1};
    ls_sparkplug_add(&s.w, &m);
    const size_t size = speak_end(&s, -1);
    ls_sparkplug_edge_message(f->edge, "spBv1.0/plant/NCMD/cell", s.bytes, size, now_us);
}

static void test_rebirth_is_all_births_with_the_same_bdseq_and_no_death(void) {
    fixture f;
    parsed p;
    setup(&f, NULL);
    connect(&f, T0);
    connect(&f, T0 + SECOND);  // bdSeq 1
    skip(&f, 6);
    set_real(&f, f.speed, 9, T0 + 2 * SECOND);
    ls_sparkplug_edge_flush(f.edge, T0 + 2 * SECOND);
    skip(&f, 1);
    send_rebirth(&f, T0 + 2 * SECOND);
    CHECK_INT(f.post.count, 3);
    take(&f, "spBv1.0/plant/NBIRTH/cell", &p);
    CHECK(p.frame.seq == 0 && p.metrics[0].bits == 1 && real_of(&p.metrics[2]) == 9);
    CHECK(p.metrics[2].name.data != NULL && p.metrics[2].has_alias);
    message_clear(&p.m);
    take(&f, "spBv1.0/plant/DBIRTH/cell/d1", &p);
    CHECK_INT(p.frame.seq, 1);
    message_clear(&p.m);
    // Two in the same millisecond are still told apart.
    skip(&f, 1);
    send_rebirth(&f, T0 + 2 * SECOND);
    take(&f, "spBv1.0/plant/NBIRTH/cell", &p);
    CHECK_INT(p.frame.timestamp_ms, (T0 + 2 * SECOND) / 1000 + 1);
    message_clear(&p.m);
    teardown(&f);
}

static void test_rebirth_before_birth_or_false_does_nothing(void) {
    fixture f;
    setup(&f, NULL);
    send_rebirth(&f, T0);
    CHECK_INT(f.post.count, 0);
    connect(&f, T0);
    skip(&f, 3);
    spoken s;
    speak_begin(&s, 1);
    const ls_sparkplug_metric m = {.name = {"Node Control/Rebirth", 20},
                                   .field = LS_SPARKPLUG_BOOLEAN_VALUE};
    ls_sparkplug_add(&s.w, &m);
    ls_sparkplug_edge_message(f.edge, "spBv1.0/plant/NCMD/cell", s.bytes, speak_end(&s, -1), T0);
    CHECK_INT(f.post.count, 0);
    teardown(&f);
}

static void test_closing_publishes_a_death_first(void) {
    fixture f;
    parsed p;
    setup(&f, NULL);
    connect(&f, T0);
    skip(&f, 3);
    ls_sparkplug_edge_closing(f.edge, T0 + SECOND);
    CHECK_INT(f.post.count, 1);
    CHECK(!f.post.items[0].retain);
    take(&f, "spBv1.0/plant/NDEATH/cell", &p);
    CHECK(!p.frame.has_seq && p.count == 1 && p.metrics[0].bits == 0);
    message_clear(&p.m);
    ls_sparkplug_edge_closing(f.edge, T0 + SECOND);
    CHECK_INT(f.post.count, 0);
    teardown(&f);
}

static void say_state(fixture *f, const char *topic, bool online, int64_t ms, int64_t now_us) {
    char text[128];
    snprintf(text, sizeof text, "{\"online\":%s,\"timestamp\":%lld}", online ? "true" : "false",
             (long long)ms);
    ls_sparkplug_edge_message(f->edge, topic, text, strlen(text), now_us);
}

static void test_waits_for_its_primary_host_and_looks_at_its_time(void) {
    static const char state[] = "spBv1.0/STATE/scada";
    fixture f;
    ls_sparkplug_edge_def def = ls_sparkplug_edge_def_default();
    def.primary = "scada";
    setup(&f, &def);
    CHECK_STR(ls_sparkplug_edge_filter(f.edge, 2), state);
    connect(&f, T0);
    CHECK_INT(f.post.count, 0);
    say_state(&f, "spBv1.0/STATE/other", true, 100, T0);
    CHECK_INT(f.post.count, 0);
    say_state(&f, state, false, 100, T0);
    CHECK_INT(f.post.count, 0);
    say_state(&f, state, true, 99, T0);  // older than what was said last
    CHECK_INT(f.post.count, 0);
    ls_sparkplug_edge_message(f.edge, state, "OFFLINE", 7, T0);
    CHECK_INT(f.post.count, 0);
    say_state(&f, state, true, 100, T0);
    CHECK_INT(f.post.count, 3);
    skip(&f, 3);
    say_state(&f, state, false, 50, T0);  // an old will
    CHECK_INT(f.post.count, 0);
    CHECK(!ls_sparkplug_edge_wants_reconnect(f.edge));
    say_state(&f, state, false, 100, T0);
    CHECK_INT(f.post.count, 1);
    CHECK_STR(f.post.items[0].topic, "spBv1.0/plant/NDEATH/cell");
    CHECK(ls_sparkplug_edge_wants_reconnect(f.edge));
    skip(&f, 1);
    say_state(&f, state, true, 200, T0);  // not on this connection any more
    CHECK_INT(f.post.count, 0);
    ls_sparkplug_edge_lost(f.edge, T0);
    connect(&f, T0 + SECOND);
    CHECK(!ls_sparkplug_edge_wants_reconnect(f.edge));
    CHECK_INT(f.post.count, 0);
    say_state(&f, state, true, 200, T0 + SECOND);
    CHECK_INT(f.post.count, 3);
    teardown(&f);
}

static void test_values_kept_while_away_are_sent_as_historical_in_bites(void) {
    fixture f;
    parsed p;
    ls_sparkplug_edge_def def = ls_sparkplug_edge_def_default();
    def.bite = 4;
    setup(&f, &def);
    for (int i = 0; i < 10; i++) {
        set_real(&f, f.speed, i, T0 + i * MS);
        ls_sparkplug_edge_flush(f.edge, T0 + i * MS);
    }
    set_text(&f, f.name, "while away", T0 + 10 * MS);
    ls_sparkplug_edge_flush(f.edge, T0 + 10 * MS);
    CHECK_INT(f.post.count, 0);
    CHECK_INT(ls_sparkplug_edge_tick(f.edge, T0), INT64_MAX);
    connect(&f, T0 + SECOND);
    skip(&f, 3);
    // The present goes first.
    set_real(&f, f.speed, 99, T0 + SECOND);
    ls_sparkplug_edge_flush(f.edge, T0 + SECOND);
    take(&f, "spBv1.0/plant/NDATA/cell", &p);
    CHECK(!p.metrics[0].historical && real_of(&p.metrics[0]) == 99);
    message_clear(&p.m);
    int64_t now = T0 + SECOND;
    int next = 0, messages = 0;
    while (next < 10) {
        now = ls_sparkplug_edge_tick(f.edge, now);
        if (f.post.count == 0) {
            continue;
        }
        take(&f, "spBv1.0/plant/NDATA/cell", &p);
        CHECK_INT(p.frame.seq, 4 + messages++);
        CHECK(p.count <= 4 && p.count > 0);
        for (uint32_t i = 0; i < p.count; i++, next++) {
            CHECK(p.metrics[i].historical && real_of(&p.metrics[i]) == next);
            CHECK(p.metrics[i].timestamp_ms == (uint64_t)(T0 + next * MS) / 1000);
        }
        message_clear(&p.m);
        if (p.count == 0) {
            break;
        }
    }
    CHECK_INT(messages, 3);
    CHECK_INT(now, INT64_MAX);  // the last bite had room for the device's value as well
    take(&f, "spBv1.0/plant/DDATA/cell/d1", &p);
    CHECK(p.metrics[0].historical && p.metrics[0].span.size == 10);
    message_clear(&p.m);
    CHECK_INT(ls_sparkplug_edge_tick(f.edge, T0 + 60 * SECOND), INT64_MAX);
    teardown(&f);
}

static void test_what_does_not_fit_is_dropped_oldest_first_and_counted(void) {
    fixture f;
    parsed p;
    ls_sparkplug_edge_def def = ls_sparkplug_edge_def_default();
    def.keep_max = 3;
    def.keep_bytes_max = 8;
    setup(&f, &def);
    for (int i = 0; i < 5; i++) {
        set_real(&f, f.speed, i, T0 + i * MS);
    }
    ls_sparkplug_edge_flush(f.edge, T0);
    ls_sparkplug_edge_figures figures;
    ls_sparkplug_edge_describe(f.edge, &figures);
    CHECK(figures.kept == 5 && figures.dropped == 2 && figures.waiting == 3);
    set_text(&f, f.name, "123456789", T0);  // more than all texts together may have
    set_text(&f, f.name, "12345", T0);
    set_text(&f, f.name, "678", T0);
    set_text(&f, f.name, "9", T0);
    ls_sparkplug_edge_flush(f.edge, T0);
    ls_sparkplug_edge_describe(f.edge, &figures);
    CHECK_INT(figures.waiting, 2);
    connect(&f, T0 + SECOND);
    skip(&f, 3);
    ls_sparkplug_edge_tick(f.edge, T0 + 2 * SECOND);
    take(&f, "spBv1.0/plant/DDATA/cell/d1", &p);
    CHECK(p.count == 2 && p.metrics[0].span.data[0] == '6' && p.metrics[1].span.data[0] == '9');
    message_clear(&p.m);
    teardown(&f);
}

static void test_what_is_not_taken_is_kept_and_costs_no_seq(void) {
    fixture f;
    parsed p;
    setup(&f, NULL);
    connect(&f, T0);
    skip(&f, 3);
    f.post.closed = true;
    set_real(&f, f.speed, 1, T0);
    ls_sparkplug_edge_flush(f.edge, T0);
    f.post.closed = false;
    set_real(&f, f.speed, 2, T0);
    ls_sparkplug_edge_flush(f.edge, T0);
    take(&f, "spBv1.0/plant/NDATA/cell", &p);
    CHECK(p.frame.seq == 3 && real_of(&p.metrics[0]) == 2 && !p.metrics[0].historical);
    message_clear(&p.m);
    ls_sparkplug_edge_tick(f.edge, T0 + SECOND);
    take(&f, "spBv1.0/plant/NDATA/cell", &p);
    CHECK(p.frame.seq == 4 && real_of(&p.metrics[0]) == 1 && p.metrics[0].historical);
    message_clear(&p.m);
    teardown(&f);
}

static void test_a_device_goes_and_comes_back(void) {
    fixture f;
    parsed p;
    setup(&f, NULL);
    connect(&f, T0);
    skip(&f, 3);
    ls_sparkplug_edge_device(f.edge, "d1", false, T0 + SECOND);
    take(&f, "spBv1.0/plant/DDEATH/cell/d1", &p);
    CHECK(p.frame.has_seq && p.frame.seq == 3 && p.count == 0 && p.frame.has_timestamp);
    CHECK(p.m.qos == 0 && !p.m.retain);
    message_clear(&p.m);
    set_int(&f, f.state, 5, T0 + SECOND);
    ls_sparkplug_edge_flush(f.edge, T0 + SECOND);
    CHECK_INT(f.post.count, 0);
    send_rebirth(&f, T0 + 2 * SECOND);
    CHECK_INT(f.post.count, 2);  // the node and d2
    skip(&f, 2);
    ls_sparkplug_edge_device(f.edge, "d1", true, T0 + 3 * SECOND);
    take(&f, "spBv1.0/plant/DBIRTH/cell/d1", &p);
    CHECK(p.frame.seq == 2 && p.count == 2 && p.metrics[0].bits == 5);
    message_clear(&p.m);
    teardown(&f);
}

static void test_commands_come_by_name_and_by_alias(void) {
    fixture f;
    spoken s;
    setup(&f, NULL);
    connect(&f, T0);
    speak_begin(&s, 1234);
    speak_real(&s, "Speed", 0, 7.5, true);
    ls_sparkplug_edge_message(f.edge, "spBv1.0/plant/NCMD/cell", s.bytes, speak_end(&s, -1), T0);
    CHECK(f.commands == 1 && f.commanded == f.speed && f.command.value.real == 7.5);
    CHECK_INT(f.command.time_us, 1234000);
    speak_begin(&s, 1234);
    speak_text(&s, NULL, f.name + 1, "lot 9", false);
    ls_sparkplug_edge_message(f.edge, "spBv1.0/plant/DCMD/cell/d1", s.bytes, speak_end(&s, -1), T0);
    CHECK(f.commands == 2 && f.commanded == f.name);
    CHECK_STR(f.text, "lot 9");
    // A double for an Int32: taken because it is whole.
    speak_begin(&s, 1234);
    speak_real(&s, "State", 0, 6, true);
    ls_sparkplug_edge_message(f.edge, "spBv1.0/plant/DCMD/cell/d1", s.bytes, speak_end(&s, -1), T0);
    CHECK(f.commands == 3 && f.command.kind == LS_VALUE_INT && f.command.value.integer == 6);
    teardown(&f);
}

static void test_commands_that_cannot_be_are_refused_and_counted(void) {
    static const char d1[] = "spBv1.0/plant/DCMD/cell/d1";
    fixture f;
    spoken s;
    ls_sparkplug_edge_figures figures;
    setup(&f, NULL);
    connect(&f, T0);
    speak_begin(&s, 1);
    speak_real(&s, "State", 0, 6.5, true);  // not whole
    speak_real(&s, "Speed", 0, 1, true);    // of the node, not of d1
    speak_real(&s, NULL, 77, 1, true);      // no such alias
    ls_sparkplug_edge_message(f.edge, d1, s.bytes, speak_end(&s, -1), T0);
    ls_sparkplug_edge_describe(f.edge, &figures);
    CHECK_INT(figures.refused, 3);
    speak_begin(&s, 1);
    speak_real(&s, "Serial", 0, 6, true);  // not writable
    ls_sparkplug_edge_message(f.edge, "spBv1.0/plant/DCMD/cell/d2", s.bytes, speak_end(&s, -1), T0);
    ls_sparkplug_edge_message(f.edge, "spBv1.0/plant/DCMD/cell/d9", s.bytes, speak_end(&s, -1), T0);
    ls_sparkplug_edge_message(f.edge, d1, "\x12\x05", 2, T0);
    ls_sparkplug_edge_message(f.edge, "spBv1.0/plant/NCMD/other", s.bytes, 5, T0);
    ls_sparkplug_edge_message(f.edge, "nonsense", s.bytes, 5, T0);
    ls_sparkplug_edge_describe(f.edge, &figures);
    CHECK_INT(figures.refused, 7);
    CHECK_INT(f.commands, 0);
    teardown(&f);
}

static void test_metrics_that_cannot_be_are_refused_with_a_reason(void) {
    fixture f;
    setup(&f, NULL);
    uint32_t out;
    ls_error err;
    CHECK_INT(ls_sparkplug_edge_metric(f.edge, NULL, "bdSeq", LS_SPARKPLUG_INT64, NULL, false, &out,
                                       &err),
              LS_ERR_INVALID);
    CHECK_INT(ls_sparkplug_edge_metric(f.edge, "d1", "State", LS_SPARKPLUG_INT64, NULL, false, &out,
                                       &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "second metric 'State' of d1");
    CHECK_INT(
        ls_sparkplug_edge_metric(f.edge, "d/1", "x", LS_SPARKPLUG_INT64, NULL, false, &out, &err),
        LS_ERR_INVALID);
    CHECK_INT(
        ls_sparkplug_edge_metric(f.edge, NULL, "", LS_SPARKPLUG_INT64, NULL, false, &out, &err),
        LS_ERR_INVALID);
    CHECK_INT(
        ls_sparkplug_edge_metric(f.edge, NULL, "x", LS_SPARKPLUG_UNKNOWN, NULL, false, &out, &err),
        LS_ERR_INVALID);
    const ls_sample big = {.kind = LS_VALUE_INT, .value.integer = (int64_t)1 << 40};
    CHECK(!ls_sparkplug_edge_set(f.edge, f.state, &big));
    teardown(&f);
}

static void test_every_allocation_may_fail(void) {
    for (int64_t n = 0; n < 60; n++) {
        fixture f;
        memset(&f, 0, sizeof f);
        ls_sparkplug_edge_def def = ls_sparkplug_edge_def_default();
        def.group = "g";
        def.node = "n";
        def.publish = publish;
        def.context = &f;
        ls_alloc_fail_after(n);
        if (ls_sparkplug_edge_create(&def, &f.edge, NULL) == LS_OK) {
            uint32_t a, b;
            const ls_sample text = {.kind = LS_VALUE_TEXT, .size = 3, .value.text = "abc"};
            if (ls_sparkplug_edge_metric(f.edge, "d", "t", LS_SPARKPLUG_TEXT, "u", true, &a,
                                         NULL) == LS_OK &&
                ls_sparkplug_edge_metric(f.edge, NULL, "x", LS_SPARKPLUG_TEXT, "u", true, &b,
                                         NULL) == LS_OK) {
                (void)ls_sparkplug_edge_set(f.edge, a, &text);
                ls_sparkplug_edge_flush(f.edge, T0);
                connect(&f, T0);
                (void)ls_sparkplug_edge_set(f.edge, b, &text);
                ls_sparkplug_edge_flush(f.edge, T0);
                ls_sparkplug_edge_tick(f.edge, T0 + SECOND);
            }
        }
        ls_alloc_fail_after(-1);
        teardown(&f);
    }
    CHECK(true);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_will_holds_bdseq_alone_and_counts_connects);
    TEST(test_births_come_first_and_hold_every_metric);
    TEST(test_data_is_by_alias_in_order_one_message_for_each_device);
    TEST(test_seq_is_one_counter_for_node_and_devices_and_wraps);
    TEST(test_rebirth_is_all_births_with_the_same_bdseq_and_no_death);
    TEST(test_rebirth_before_birth_or_false_does_nothing);
    TEST(test_closing_publishes_a_death_first);
    TEST(test_waits_for_its_primary_host_and_looks_at_its_time);
    TEST(test_values_kept_while_away_are_sent_as_historical_in_bites);
    TEST(test_what_does_not_fit_is_dropped_oldest_first_and_counted);
    TEST(test_what_is_not_taken_is_kept_and_costs_no_seq);
    TEST(test_a_device_goes_and_comes_back);
    TEST(test_commands_come_by_name_and_by_alias);
    TEST(test_commands_that_cannot_be_are_refused_and_counted);
    TEST(test_metrics_that_cannot_be_are_refused_with_a_reason);
    TEST(test_every_allocation_may_fail);
    return harness_report();
}
