// sparkplug_host_test.c - a host application against the assertions of Sparkplug 3.0, and against
// what networks do to messages.
#include "line/sparkplug_host.h"
#include "line/sparkplug_host_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "line/testing/sparkplug_listener.h"
#include "tests/harness.h"

static const int64_t T0 = 1700000000000000;  // us
static const uint64_t T0_MS = 1700000000000;
enum { MS = 1000, SECOND = 1000000 };

typedef struct fixture {
    listener l;
    post post;
    ls_sparkplug_host *host;
    int64_t now_us;
} fixture;

static void setup_with(fixture *f, ls_sparkplug_host_def def) {
    memset(f, 0, sizeof *f);
    listener_init(&f->l);
    f->now_us = T0;
    def.host = "lineshaft";
    def.group = def.group != NULL ? def.group : "plant";
    def.sink = &f->l.sink;
    def.publish = post_publish;
    def.context = &f->post;
    ls_error err;
    CHECK_INT(ls_sparkplug_host_create(&def, &f->host, &err), LS_OK);
    const char *topic, *payload;
    ls_sparkplug_host_will(f->host, T0, &topic, &payload);
    ls_sparkplug_host_connected(f->host, T0);
    post_clear(&f->post);
}

static void setup(fixture *f) {
    setup_with(f, ls_sparkplug_host_def_default());
}

static void teardown(fixture *f) {
    ls_sparkplug_host_destroy(f->host);
    listener_clear(&f->l);
    post_clear(&f->post);
}

static void say(fixture *f, const char *topic, const spoken *s, size_t size) {
    ls_sparkplug_host_message(f->host, topic, s->bytes, size, f->now_us);
}

static uint64_t now_ms(const fixture *f) {
    return (uint64_t)f->now_us / 1000;
}

// The usual node: Speed (alias 1) and Name (alias 2), device d1 with Temp (alias 3).
static void nbirth(fixture *f, uint64_t bd_seq, int seq) {
    spoken s;
    speak_begin(&s, now_ms(f));
    speak_bd_seq(&s, bd_seq);
    speak_real(&s, "Speed", 1, 0.5, true);
    speak_text(&s, "Name", 2, "birth", true);
    say(f, "spBv1.0/plant/NBIRTH/cell", &s, speak_end(&s, seq));
}

static void dbirth(fixture *f, int seq) {
    spoken s;
    speak_begin(&s, now_ms(f));
    speak_real(&s, "Temp", 3, 20, true);
    say(f, "spBv1.0/plant/DBIRTH/cell/d1", &s, speak_end(&s, seq));
}

static void ndata(fixture *f, double value, int seq) {
    spoken s;
    speak_begin(&s, now_ms(f));
    speak_real(&s, NULL, 1, value, false);
    say(f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, seq));
}

static void ddata(fixture *f, double value, int seq) {
    spoken s;
    speak_begin(&s, now_ms(f));
    speak_real(&s, NULL, 3, value, false);
    say(f, "spBv1.0/plant/DDATA/cell/d1", &s, speak_end(&s, seq));
}

static void ndeath(fixture *f, uint64_t bd_seq) {
    spoken s;
    speak_begin(&s, 5);
    speak_bd_seq(&s, bd_seq);
    say(f, "spBv1.0/plant/NDEATH/cell", &s, speak_end(&s, -1));
}

static void pass(fixture *f, int64_t us) {
    f->now_us += us;
    ls_sparkplug_host_tick(f->host, f->now_us);
}

static void alive(fixture *f) {
    nbirth(f, 0, 0);
    dbirth(f, 1);
    listener_forget(&f->l);
    post_clear(&f->post);
}

static double speed(const fixture *f) {
    const ls_sample *s = listener_last(&f->l, "plant/cell/Speed");
    return s != NULL ? s->value.real : NAN;
}

static bool is_rebirth(const message *m, const char *topic) {
    ls_sparkplug_reader r;
    ls_sparkplug_metric metric, more;
    return strcmp(m->topic, topic) == 0 && m->qos == 0 && !m->retain &&
           ls_sparkplug_open(&r, m->bytes, m->size) && !r.has_seq && r.has_timestamp &&
           ls_sparkplug_next(&r, &metric) && !ls_sparkplug_next(&r, &more) &&
           metric.name.size == 20 && memcmp(metric.name.data, "Node Control/Rebirth", 20) == 0 &&
           metric.type == LS_SPARKPLUG_BOOLEAN && metric.bits == 1;
}

static uint32_t rebirths(fixture *f) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < f->post.count; i++) {
        count += is_rebirth(&f->post.items[i], "spBv1.0/plant/NCMD/cell");
    }
    CHECK_INT(count, f->post.count);
    return count;
}

static void test_state_has_the_time_of_its_will(void) {
    fixture f;
    memset(&f, 0, sizeof f);
    setup(&f);
    const char *topic, *payload;
    ls_sparkplug_host_lost(f.host, T0 + SECOND);
    ls_sparkplug_host_will(f.host, T0 + 2 * SECOND, &topic, &payload);
    CHECK_STR(topic, "spBv1.0/STATE/lineshaft");
    CHECK_STR(payload, "{\"online\":false,\"timestamp\":1700000002000}");
    CHECK_INT(f.post.count, 0);
    ls_sparkplug_host_connected(f.host, T0 + 3 * SECOND);
    CHECK_INT(f.post.count, 1);
    CHECK_STR(f.post.items[0].topic, "spBv1.0/STATE/lineshaft");
    CHECK_STR((const char *)f.post.items[0].bytes, "{\"online\":true,\"timestamp\":1700000002000}");
    CHECK(f.post.items[0].qos == 1 && f.post.items[0].retain);
    post_clear(&f.post);
    ls_sparkplug_host_closing(f.host, T0 + 9 * SECOND);
    CHECK_INT(f.post.count, 1);
    CHECK_STR((const char *)f.post.items[0].bytes,
              "{\"online\":false,\"timestamp\":1700000009000}");
    CHECK(f.post.items[0].qos == 1 && f.post.items[0].retain);
    teardown(&f);
}

static void test_state_is_said_again_when_somebody_says_that_we_are_gone(void) {
    static const char topic[] = "spBv1.0/STATE/lineshaft";
    static const char gone[] = "{\"online\":false,\"timestamp\":1}";
    fixture f;
    setup(&f);
    ls_sparkplug_host_message(f.host, topic, gone, strlen(gone), T0 + MS);
    CHECK_INT(f.post.count, 1);
    CHECK_STR((const char *)f.post.items[0].bytes, "{\"online\":true,\"timestamp\":1700000000000}");
    CHECK(f.post.items[0].qos == 1 && f.post.items[0].retain);
    // Two hosts of one name do not shout at each other: once a second, but at last.
    ls_sparkplug_host_message(f.host, topic, gone, strlen(gone), T0 + 2 * MS);
    CHECK_INT(f.post.count, 1);
    ls_sparkplug_host_tick(f.host, T0 + SECOND + 2 * MS);
    CHECK_INT(f.post.count, 2);
    static const char here[] = "{\"online\":true,\"timestamp\":1}";
    ls_sparkplug_host_message(f.host, topic, here, strlen(here), T0 + 9 * SECOND);
    ls_sparkplug_host_message(f.host, "spBv1.0/STATE/other", gone, strlen(gone), T0 + 9 * SECOND);
    ls_sparkplug_host_message(f.host, topic, "offline", 7, T0 + 9 * SECOND);
    CHECK_INT(f.post.count, 2);
    teardown(&f);
}

static void test_filters_begin_with_the_own_state(void) {
    fixture f;
    int qos;
    const char *nodes[] = {"a", "b"};
    ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
    setup(&f);
    CHECK_STR(ls_sparkplug_host_filter(f.host, 0, &qos), "spBv1.0/STATE/lineshaft");
    CHECK_INT(qos, 1);
    CHECK_STR(ls_sparkplug_host_filter(f.host, 1, &qos), "spBv1.0/plant/#");
    CHECK_STR(ls_sparkplug_host_filter(f.host, 2, &qos), NULL);
    teardown(&f);
    def.nodes = nodes;
    def.node_count = 2;
    setup_with(&f, def);
    CHECK_STR(ls_sparkplug_host_filter(f.host, 1, &qos), "spBv1.0/plant/+/a");
    CHECK_STR(ls_sparkplug_host_filter(f.host, 4, &qos), "spBv1.0/plant/+/b/+");
    // A node that was not asked for is not taken, should it come nevertheless.
    nbirth(&f, 0, 0);
    CHECK_INT(f.l.count, 0);
    CHECK_INT(ls_tags_count(f.l.tags), 0);
    teardown(&f);
}

static void test_a_birth_declares_tags_and_says_values(void) {
    fixture f;
    setup(&f);
    nbirth(&f, 0, 0);
    CHECK_INT(f.l.count, 2);
    CHECK_INT(f.l.notices[LS_NOTICE_BIRTH], 1);
    const ls_sample *s = listener_last(&f.l, "plant/cell/Speed");
    CHECK(s != NULL && s->value.real == 0.5 && s->flags == LS_SAMPLE_BIRTH &&
          s->quality == LS_QUALITY_GOOD && s->time_us == T0);
    const ls_tag *tag = ls_tags_get(f.l.tags, ls_tags_find(f.l.tags, "plant/cell/Speed", 16));
    CHECK_INT(tag->kind, LS_VALUE_REAL);
    CHECK_INT(ls_tags_find(f.l.tags, "plant/cell/bdSeq", 16), LS_TAG_NONE);
    dbirth(&f, 1);
    CHECK_INT(f.l.count, 3);
    CHECK(listener_last(&f.l, "plant/cell/d1/Temp") != NULL);
    CHECK_INT(f.post.count, 0);
    teardown(&f);
}

static void test_data_is_found_by_alias_and_by_name(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    ndata(&f, 1.5, 2);
    CHECK(speed(&f) == 1.5);
    CHECK_INT(listener_last(&f.l, "plant/cell/Speed")->flags, 0);
    ddata(&f, 25, 3);
    CHECK(listener_last(&f.l, "plant/cell/d1/Temp")->value.real == 25);
    speak_begin(&s, now_ms(&f));
    speak_text(&s, "Name", 0, "by name", true);
    speak_real(&s, "Speed", 0, 3, false);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 4));
    CHECK(speed(&f) == 3);
    const ls_sample *name = listener_last(&f.l, "plant/cell/Name");
    CHECK(name != NULL && name->size == 7 && memcmp(name->value.text, "by name", 7) == 0);
    CHECK_INT(f.post.count, 0);
    CHECK_INT(f.l.notices[LS_NOTICE_REFUSED], 0);
    teardown(&f);
}

static void test_seq_wraps_over_node_and_devices_without_a_gap(void) {
    fixture f;
    setup(&f);
    nbirth(&f, 0, 250);  // any start
    dbirth(&f, 251);
    for (int i = 252; i < 900; i++) {
        if (i % 3 == 0) {
            ndata(&f, i, i % 256);
        } else {
            ddata(&f, i, i % 256);
        }
    }
    ls_driver_figures figures = {0};
    ls_sparkplug_host_figures(f.host, &figures);
    CHECK(figures.gaps == 0 && figures.duplicates == 0 && f.post.count == 0);
    CHECK_INT(f.l.count, 3 + 648);
    teardown(&f);
}

static void test_a_late_message_is_waited_for_and_order_kept(void) {
    fixture f;
    setup(&f);
    alive(&f);
    ndata(&f, 2, 2);
    ndata(&f, 4, 4);
    ndata(&f, 5, 5);
    CHECK_INT(f.l.count, 1);
    pass(&f, SECOND);
    ndata(&f, 3, 3);
    CHECK_INT(f.l.count, 4);
    for (uint32_t i = 0; i < f.l.count; i++) {
        CHECK(f.l.samples[i].value.real == i + 2 && f.l.samples[i].quality == LS_QUALITY_GOOD);
    }
    pass(&f, 10 * SECOND);  // the timer is off
    CHECK_INT(f.l.notices[LS_NOTICE_GAP], 0);
    CHECK_INT(f.post.count, 0);
    teardown(&f);
}

static void test_a_lost_message_is_named_and_a_rebirth_asked_for(void) {
    fixture f;
    setup(&f);
    alive(&f);
    ndata(&f, 4, 4);  // 2 and 3 are missing
    pass(&f, 2 * SECOND - MS);
    CHECK_INT(f.l.count, 0);
    CHECK_INT(f.post.count, 0);
    pass(&f, MS);
    CHECK_INT(f.l.count, 1);
    CHECK_INT(f.l.noticed[LS_NOTICE_GAP], 2);
    CHECK_CONTAINS(f.l.text[LS_NOTICE_GAP], "plant/cell: 2 messages are missing, seq 2 to 3");
    CHECK_INT(rebirths(&f), 1);
    // Until the rebirth an alias may mean something else.
    CHECK_INT(f.l.samples[0].quality, LS_QUALITY_UNCERTAIN);
    ndata(&f, 5, 5);
    CHECK_INT(listener_last(&f.l, "plant/cell/Speed")->quality, LS_QUALITY_UNCERTAIN);
    nbirth(&f, 0, 0);
    dbirth(&f, 1);
    ndata(&f, 7, 2);
    CHECK_INT(listener_last(&f.l, "plant/cell/Speed")->quality, LS_QUALITY_GOOD);
    pass(&f, 100 * SECOND);
    CHECK_INT(rebirths(&f), 1);
    teardown(&f);
}

static size_t not_taken;

// A sink that cannot keep what it hears, for a while.
static bool takes_nothing(void *context, const ls_sample *samples, size_t count) {
    (void)samples;
    (void)context;
    not_taken += count;
    return false;
}

static void test_what_was_not_taken_is_asked_for_when_it_can_be(void) {
    fixture f;
    setup(&f);
    alive(&f);
    not_taken = 0;
    const ls_sink sink = f.host->sink;
    f.host->sink.heard = takes_nothing;
    ndata(&f, 2, 2);
    ddata(&f, 3, 3);
    pass(&f, 20 * SECOND);
    CHECK_INT(not_taken, 2);
    CHECK_INT(rebirths(&f), 0);  // it would not be taken either
    f.host->sink = sink;
    ddata(&f, 4, 4);
    CHECK_INT(rebirths(&f), 1);
    CHECK_INT(f.l.noticed[LS_NOTICE_GAP], 0);
    nbirth(&f, 0, 0);
    dbirth(&f, 1);
    ndata(&f, 5, 2);
    pass(&f, 5 * SECOND - MS);
    CHECK_INT(rebirths(&f), 1);
    pass(&f, MS);  // once more, when what came after the births is known
    CHECK_INT(rebirths(&f), 2);
    nbirth(&f, 0, 0);
    dbirth(&f, 1);
    ndata(&f, 5, 2);
    pass(&f, 100 * SECOND);
    CHECK_INT(rebirths(&f), 2);
    // A birth that was not taken makes up for nothing; one that was taken does by itself.
    f.host->sink.heard = takes_nothing;
    ndata(&f, 6, 3);
    nbirth(&f, 0, 0);
    f.host->sink = sink;
    dbirth(&f, 1);
    ndata(&f, 7, 2);
    CHECK_INT(rebirths(&f), 3);
    nbirth(&f, 0, 0);
    dbirth(&f, 1);
    pass(&f, 5 * SECOND);
    CHECK_INT(rebirths(&f), 4);
    nbirth(&f, 0, 0);
    dbirth(&f, 1);
    f.host->sink.heard = takes_nothing;
    ndata(&f, 8, 2);
    f.host->sink = sink;
    nbirth(&f, 0, 0);
    dbirth(&f, 1);
    ndata(&f, 9, 2);
    pass(&f, 100 * SECOND);
    CHECK_INT(rebirths(&f), 4);
    teardown(&f);
}

static void test_what_was_given_up_and_comes_is_history(void) {
    fixture f;
    spoken late;
    setup(&f);
    alive(&f);
    speak_begin(&late, now_ms(&f));
    speak_real(&late, NULL, 1, 2, false);
    const size_t size = speak_end(&late, 2);
    ndata(&f, 3, 3);
    pass(&f, 2 * SECOND);
    say(&f, "spBv1.0/plant/NDATA/cell", &late, size);
    const ls_sample *s = listener_last(&f.l, "plant/cell/Speed");
    CHECK(s->value.real == 2 && (s->flags & LS_SAMPLE_HISTORICAL) != 0);
    say(&f, "spBv1.0/plant/NDATA/cell", &late, size);  // and a second time is a duplicate
    CHECK_INT(f.l.count, 2);
    teardown(&f);
}

static void test_duplicates_are_dropped_and_counted(void) {
    fixture f;
    setup(&f);
    alive(&f);
    nbirth(&f, 0, 0);  // the same bytes
    CHECK_INT(f.l.count, 0);
    ndata(&f, 2, 2);
    ndata(&f, 2, 2);
    ndata(&f, 4, 4);
    ndata(&f, 4, 4);
    ndata(&f, 3, 3);
    ndata(&f, 3, 3);
    CHECK_INT(f.l.count, 3);
    ls_driver_figures figures = {0};
    ls_sparkplug_host_figures(f.host, &figures);
    CHECK_INT(figures.duplicates, 4);
    CHECK_INT(figures.reordered, 1);
    CHECK_INT(f.post.count, 0);
    teardown(&f);
}

static void test_a_straggler_from_before_a_rebirth_opens_no_gap(void) {
    fixture f;
    setup(&f);
    alive(&f);
    for (int i = 2; i < 50; i++) {
        f.now_us += MS;
        ndata(&f, i, i);
    }
    spoken old;
    speak_begin(&old, now_ms(&f));
    speak_real(&old, NULL, 1, 49, false);
    const size_t size = speak_end(&old, 50);
    f.now_us += SECOND;
    nbirth(&f, 0, 0);
    dbirth(&f, 1);
    say(&f, "spBv1.0/plant/NDATA/cell", &old, size);
    pass(&f, 5 * SECOND);
    CHECK_INT(f.l.notices[LS_NOTICE_GAP], 0);
    CHECK_INT(f.post.count, 0);
    teardown(&f);
}

static void test_data_before_birth_asks_and_is_taken_after_it(void) {
    fixture f;
    setup(&f);
    ndata(&f, 7, 70);
    f.now_us += MS;
    ddata(&f, 8, 71);
    CHECK_INT(f.l.count, 0);
    CHECK_INT(rebirths(&f), 1);
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REBIRTH], "data came before a birth");
    f.now_us += 10 * MS;
    nbirth(&f, 3, 0);
    dbirth(&f, 1);
    // Nothing is lost: what came before the birth belongs to history.
    CHECK_INT(f.l.count, 5);
    CHECK(f.l.samples[2].value.real == 7 && f.l.samples[2].flags == LS_SAMPLE_HISTORICAL);
    CHECK(f.l.samples[4].value.real == 8 && f.l.samples[4].flags == LS_SAMPLE_HISTORICAL);
    pass(&f, 60 * SECOND);
    CHECK_INT(f.post.count, 1);
    CHECK_INT(f.l.notices[LS_NOTICE_REFUSED], 0);
    teardown(&f);
}

static void test_unknown_alias_asks_for_a_rebirth(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    speak_begin(&s, now_ms(&f));
    speak_real(&s, NULL, 99, 1, false);
    speak_real(&s, NULL, 1, 6, false);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 2));
    CHECK(speed(&f) == 6);  // what is known is taken
    CHECK_INT(rebirths(&f), 1);
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REFUSED], "the alias 99 was in no birth");
    // An alias of a device is none of the node's.
    speak_begin(&s, now_ms(&f));
    speak_real(&s, NULL, 3, 1, false);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 3));
    CHECK(listener_last(&f.l, "plant/cell/d1/Temp") == NULL);
    teardown(&f);
}

static void test_rebirth_requests_wait_longer_each_time_and_end(void) {
    fixture f;
    setup(&f);
    int64_t asked[16];
    uint32_t count = 0;
    ndata(&f, 1, 5);
    for (int64_t ms = 0; ms < 600000; ms += 100) {
        if (f.post.count > 0 && count < 16) {
            asked[count++] = f.now_us;
            post_clear(&f.post);
        }
        pass(&f, 100 * MS);
    }
    // 0, 1, 3, 7, 15, 31, 63, 123 s; then the node is left alone until it is heard again.
    static const int64_t expected[] = {0, 1, 3, 7, 15, 31, 63, 123};
    CHECK_INT(count, 8);
    for (uint32_t i = 0; i < count && i < 8; i++) {
        CHECK_NEAR((double)(asked[i] - T0) / SECOND, (double)expected[i], 0.11);
    }
    ndata(&f, 2, 6);
    CHECK_INT(rebirths(&f), 1);
    teardown(&f);
}

static void test_a_storm_of_bad_data_is_answered_with_few_requests(void) {
    fixture f;
    setup(&f);
    for (int i = 0; i < 6000; i++) {  // a minute of data every 10 ms, each with a gap
        ndata(&f, i, (i * 5) % 256);
        pass(&f, 10 * MS);
    }
    CHECK(f.post.count <= 8);
    CHECK(f.l.notices[LS_NOTICE_REFUSED] <= 7);
    teardown(&f);
}

static void test_many_nodes_share_the_rate_of_rebirths(void) {
    fixture f;
    ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
    def.rebirths_per_s = 10;
    setup_with(&f, def);
    for (int i = 0; i < 100; i++) {
        char topic[64];
        spoken s;
        speak_begin(&s, now_ms(&f));
        speak_real(&s, NULL, 1, 1, false);
        snprintf(topic, sizeof topic, "spBv1.0/plant/NDATA/n%d", i);
        say(&f, topic, &s, speak_end(&s, 3));
    }
    CHECK_INT(f.post.count, 1);
    for (int i = 0; i < 100; i++) {
        pass(&f, 10 * MS);
    }
    CHECK(f.post.count >= 10 && f.post.count <= 12);
    teardown(&f);
}

static void test_death_makes_all_tags_stale_with_their_last_values(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    ndata(&f, 4.5, 2);
    speak_begin(&s, now_ms(&f));
    speak_text(&s, NULL, 2, "lot 12 of the long name that does not fit the first buffer", false);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 3));
    listener_forget(&f.l);
    f.now_us += SECOND;
    ndeath(&f, 0);
    CHECK_INT(f.l.count, 3);
    CHECK_INT(f.l.notices[LS_NOTICE_DEATH], 1);
    for (uint32_t i = 0; i < f.l.count; i++) {
        CHECK_INT(f.l.samples[i].quality, LS_QUALITY_STALE);
        CHECK_INT(f.l.samples[i].time_us, f.now_us);
    }
    CHECK(speed(&f) == 4.5);
    const ls_sample *name = listener_last(&f.l, "plant/cell/Name");
    CHECK(name != NULL && name->size == 58);
    CHECK(listener_last(&f.l, "plant/cell/d1/Temp")->value.real == 20);
    ndeath(&f, 0);  // the will after the farewell
    CHECK_INT(f.l.count, 3);
    CHECK_INT(f.l.notices[LS_NOTICE_DEATH], 1);
    CHECK_INT(f.post.count, 0);
    teardown(&f);
}

static void test_death_of_another_bdseq_is_ignored(void) {
    fixture f;
    setup(&f);
    nbirth(&f, 4, 0);
    ndeath(&f, 3);
    CHECK_INT(f.l.notices[LS_NOTICE_DEATH], 0);
    ndata(&f, 1, 1);
    CHECK_INT(listener_last(&f.l, "plant/cell/Speed")->quality, LS_QUALITY_GOOD);
    ndeath(&f, 4);
    CHECK_INT(f.l.notices[LS_NOTICE_DEATH], 1);
    teardown(&f);
}

static void test_a_device_dies_by_its_own_time_and_is_born_again(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    speak_begin(&s, T0_MS + 1234);
    f.now_us += 5 * SECOND;
    say(&f, "spBv1.0/plant/DDEATH/cell/d1", &s, speak_end(&s, 2));
    CHECK_INT(f.l.count, 1);
    const ls_sample *temp = listener_last(&f.l, "plant/cell/d1/Temp");
    CHECK(temp != NULL && temp->quality == LS_QUALITY_STALE);
    CHECK_INT(temp->time_us, (int64_t)(T0_MS + 1234) * 1000);
    ndata(&f, 2, 3);
    CHECK_INT(listener_last(&f.l, "plant/cell/Speed")->quality, LS_QUALITY_GOOD);
    ddata(&f, 2, 4);  // of a dead device
    CHECK_INT(rebirths(&f), 1);
    dbirth(&f, 5);
    CHECK_INT(listener_last(&f.l, "plant/cell/d1/Temp")->quality, LS_QUALITY_GOOD);
    ddata(&f, 33, 6);
    CHECK(listener_last(&f.l, "plant/cell/d1/Temp")->value.real == 33);
    teardown(&f);
}

static void test_a_device_that_does_not_follow_its_node_is_stale(void) {
    fixture f;
    setup(&f);
    alive(&f);
    f.now_us += SECOND;
    nbirth(&f, 1, 0);
    CHECK(listener_last(&f.l, "plant/cell/d1/Temp") == NULL);  // not yet: it is about to follow
    pass(&f, 30 * SECOND);
    CHECK_INT(listener_last(&f.l, "plant/cell/d1/Temp")->quality, LS_QUALITY_STALE);
    CHECK_INT(f.l.notices[LS_NOTICE_DEATH], 1);
    teardown(&f);
}

static void test_a_metric_that_a_new_birth_lacks_is_stale_and_its_alias_free(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    f.now_us += SECOND;
    speak_begin(&s, now_ms(&f));
    speak_bd_seq(&s, 1);
    speak_real(&s, "Speed", 2, 9, true);  // the alias that was Name's; Name is gone
    say(&f, "spBv1.0/plant/NBIRTH/cell", &s, speak_end(&s, 0));
    CHECK_INT(listener_last(&f.l, "plant/cell/Name")->quality, LS_QUALITY_STALE);
    speak_begin(&s, now_ms(&f));
    speak_real(&s, NULL, 2, 10, false);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 1));
    CHECK(speed(&f) == 10);
    speak_begin(&s, now_ms(&f));
    speak_real(&s, NULL, 1, 11, false);  // nobody's now
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 2));
    CHECK(speed(&f) == 10);
    teardown(&f);
}

static void test_an_alias_that_two_devices_claim_is_the_last_ones(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    speak_begin(&s, now_ms(&f));
    speak_real(&s, "Load", 3, 1, true);  // Temp's alias
    say(&f, "spBv1.0/plant/DBIRTH/cell/d2", &s, speak_end(&s, 2));
    speak_begin(&s, now_ms(&f));
    speak_real(&s, NULL, 3, 5, false);
    say(&f, "spBv1.0/plant/DDATA/cell/d2", &s, speak_end(&s, 3));
    CHECK(listener_last(&f.l, "plant/cell/d2/Load")->value.real == 5);
    ddata(&f, 7, 4);  // and no longer Temp's
    CHECK(listener_last(&f.l, "plant/cell/d1/Temp") == NULL);
    CHECK_INT(rebirths(&f), 1);
    teardown(&f);
}

static void test_a_type_that_changes_is_told_and_declared(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    f.now_us += SECOND;
    speak_begin(&s, now_ms(&f));
    speak_bd_seq(&s, 1);
    speak_text(&s, "Speed", 1, "fast", true);
    say(&f, "spBv1.0/plant/NBIRTH/cell", &s, speak_end(&s, 0));
    CHECK_CONTAINS(f.l.text[LS_NOTICE_BIRTH], "plant/cell/Speed changed its type from Double to");
    const ls_tag *tag = ls_tags_get(f.l.tags, ls_tags_find(f.l.tags, "plant/cell/Speed", 16));
    CHECK_INT(tag->kind, LS_VALUE_TEXT);
    f.now_us += SECOND;
    nbirth(&f, 2, 0);  // and back
    CHECK(speed(&f) == 0.5);
    teardown(&f);
}

static void test_values_that_do_not_fit_are_named_never_dropped_in_silence(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    speak_begin(&s, now_ms(&f));
    ls_sparkplug_metric m = {
        .has_alias = true, .alias = 1, .field = LS_SPARKPLUG_STRING_VALUE, .span = {"x", 1}};
    ls_sparkplug_add(&s.w, &m);
    speak_text(&s, NULL, 2, "good", false);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 2));
    CHECK_INT(f.l.count, 1);
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REFUSED],
                   "the value of plant/cell/Speed (Double) is in a field");
    // One that says its own type is taken at its word.
    speak_begin(&s, now_ms(&f));
    speak_text(&s, NULL, 1, "off", true);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 3));
    CHECK_INT(listener_last(&f.l, "plant/cell/Speed")->kind, LS_VALUE_TEXT);
    teardown(&f);
}

// The history would take nothing of a batch with such a value in it.
static void test_a_text_that_no_history_takes_is_refused_alone(void) {
    enum { SIZE = (1 << 20) + 1 };
    fixture f;
    setup(&f);
    alive(&f);
    char *text = ls_alloc(SIZE);
    char *bytes = ls_alloc(2 * SIZE);
    memset(text, 'x', SIZE);
    const ls_sparkplug_metric metrics[] = {
        {.has_alias = true, .alias = 2, .field = LS_SPARKPLUG_STRING_VALUE, .span = {text, SIZE}},
        {.has_alias = true, .alias = 2, .field = LS_SPARKPLUG_STRING_VALUE, .span = {text, 3}}};
    ls_sparkplug_writer w;
    ls_sparkplug_begin(&w, bytes, 2 * SIZE, now_ms(&f));
    ls_sparkplug_add(&w, metrics);
    ls_sparkplug_add(&w, metrics + 1);
    ls_sparkplug_add_seq(&w, 2);
    ls_sparkplug_host_message(f.host, "spBv1.0/plant/NDATA/cell", bytes, ls_sparkplug_size(&w),
                              f.now_us);
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REFUSED], "is longer than 1 MiB");
    CHECK_INT(listener_last(&f.l, "plant/cell/Name")->size, 3);
    ls_free(bytes);
    ls_free(text);
    teardown(&f);
}

// Times at the end of what a number can hold: no sum of them leaves it (as the sanitizer sees).
static void test_times_that_cannot_be_are_those_of_arrival(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    speak_begin(&s, 1);
    speak_real(&s, NULL, 1, 0.25, false);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 2));
    speak_begin(&s, INT64_MAX / 1000);
    speak_real(&s, NULL, 1, 0.75, false);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 3));
    CHECK(speed(&f) == 0.75);
    CHECK_INT(listener_last(&f.l, "plant/cell/Speed")->time_us, f.now_us);
    speak_begin(&s, INT64_MAX / 1000);
    say(&f, "spBv1.0/plant/DDEATH/cell/d1", &s, speak_end(&s, 4));
    CHECK_INT(listener_last(&f.l, "plant/cell/d1/Temp")->quality, LS_QUALITY_STALE);
    teardown(&f);
}

static void test_null_historical_and_quality_travel(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    const ls_sample bad = {.kind = LS_VALUE_REAL, .value.real = 1, .quality = LS_QUALITY_BAD};
    const ls_sample null = {.kind = LS_VALUE_NONE};
    ls_sparkplug_metric m = {.has_alias = true,
                             .alias = 1,
                             .has_timestamp = true,
                             .timestamp_ms = 77,
                             .historical = true};
    speak_begin(&s, now_ms(&f));
    CHECK_STR(ls_sparkplug_encode(&bad, LS_SPARKPLUG_DOUBLE, &m), NULL);
    ls_sparkplug_add(&s.w, &m);
    m.historical = false;
    CHECK_STR(ls_sparkplug_encode(&null, LS_SPARKPLUG_DOUBLE, &m), NULL);
    ls_sparkplug_add(&s.w, &m);
    say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, 2));
    CHECK_INT(f.l.count, 2);
    CHECK(f.l.samples[0].flags == LS_SAMPLE_HISTORICAL && f.l.samples[0].time_us == 77000 &&
          f.l.samples[0].quality == LS_QUALITY_BAD);
    CHECK(f.l.samples[1].kind == LS_VALUE_NONE && f.l.samples[1].quality == LS_QUALITY_GOOD);
    ndeath(&f, 0);
    CHECK_INT(listener_last(&f.l, "plant/cell/Speed")->kind, LS_VALUE_NONE);
    teardown(&f);
}

static void test_a_lost_connection_makes_stale_and_nodes_are_asked_after_it(void) {
    fixture f;
    setup(&f);
    alive(&f);
    ndata(&f, 2, 2);
    listener_forget(&f.l);
    f.now_us += SECOND;
    ls_sparkplug_host_lost(f.host, f.now_us);
    CHECK_INT(f.l.count, 3);
    CHECK_INT(f.l.samples[0].quality, LS_QUALITY_STALE);
    f.now_us += SECOND;
    const char *topic, *payload;
    ls_sparkplug_host_will(f.host, f.now_us, &topic, &payload);
    ls_sparkplug_host_connected(f.host, f.now_us);
    CHECK_INT(f.post.count, 2);
    CHECK(is_rebirth(&f.post.items[1], "spBv1.0/plant/NCMD/cell"));
    // 3 and 4 were said while nobody listened.
    f.now_us += 10 * MS;
    ndata(&f, 5, 5);
    CHECK_INT(f.l.noticed[LS_NOTICE_GAP], 2);
    f.now_us += 10 * MS;
    nbirth(&f, 0, 0);
    dbirth(&f, 1);
    ndata(&f, 6, 2);
    CHECK(speed(&f) == 6);
    CHECK_INT(listener_last(&f.l, "plant/cell/d1/Temp")->quality, LS_QUALITY_GOOD);
    CHECK_INT(f.l.noticed[LS_NOTICE_GAP], 2);
    teardown(&f);
}

static void test_a_clock_that_jumps_is_told(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    int seq = 2;
    for (int i = 0; i < 40; i++) {
        f.now_us += SECOND;
        speak_begin(&s, now_ms(&f) + 300);  // 0.3 s ahead of us
        speak_real(&s, NULL, 1, i, false);
        say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, seq++));
    }
    ls_driver_figures figures = {0};
    ls_sparkplug_host_figures(f.host, &figures);
    CHECK_NEAR(figures.skew_us, 280000, 30000);
    CHECK_INT(f.l.notices[LS_NOTICE_SKEW], 0);
    for (int i = 0; i < 5; i++) {
        f.now_us += SECOND;
        speak_begin(&s, now_ms(&f) - 3600 * 1000);  // an hour back: summer time, by somebody's hand
        speak_real(&s, NULL, 1, i, false);
        say(&f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, seq++));
    }
    CHECK_INT(f.l.notices[LS_NOTICE_SKEW], 1);
    CHECK_NEAR(f.l.amount_us, -3600.3 * SECOND, 0.1 * SECOND);
    CHECK_INT(f.l.notices[LS_NOTICE_GAP], 0);
    // A death is told in the time of that line.
    listener_forget(&f.l);
    ndeath(&f, 0);
    CHECK_NEAR(listener_last(&f.l, "plant/cell/Speed")->time_us, f.now_us - 3600LL * SECOND,
               SECOND);
    teardown(&f);
}

// A message by the wall clock, its value by another.
static void ndata_at(fixture *f, double value, int64_t value_us, int seq) {
    spoken s;
    const ls_sample sample = {.kind = LS_VALUE_REAL, .value.real = value};
    ls_sparkplug_metric m = {.has_alias = true, .alias = 1, .has_timestamp = true};
    m.timestamp_ms = (uint64_t)value_us / 1000;
    CHECK_STR(ls_sparkplug_encode(&sample, LS_SPARKPLUG_DOUBLE, &m), NULL);
    speak_begin(&s, now_ms(f));
    ls_sparkplug_add(&s.w, &m);
    say(f, "spBv1.0/plant/NDATA/cell", &s, speak_end(&s, seq));
}

static void test_a_line_that_lives_in_another_time_stays_in_it(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    // A simulation, sixty times as fast.
    const int64_t start_us = 5LL * 365 * 24 * 3600 * SECOND;
    int64_t value_us = 0;
    for (int i = 2; i < 60; i++) {
        f.now_us += SECOND;
        value_us = start_us + 60LL * i * SECOND;
        ndata_at(&f, i, value_us, i);
    }
    CHECK_INT(f.l.notices[LS_NOTICE_SKEW], 0);
    ndata_at(&f, 61, value_us + SECOND, 61);  // 60 is missing
    pass(&f, 2 * SECOND);
    CHECK_INT(f.l.notices[LS_NOTICE_GAP], 1);
    CHECK_NEAR(f.l.time_us[LS_NOTICE_GAP], value_us, 60LL * SECOND);
    nbirth(&f, 0, 62);
    dbirth(&f, 63);
    speak_begin(&s, now_ms(&f));
    say(&f, "spBv1.0/plant/DDEATH/cell/d1", &s, speak_end(&s, 64));
    CHECK_INT(listener_last(&f.l, "plant/cell/d1/Temp")->quality, LS_QUALITY_STALE);
    CHECK_NEAR(listener_last(&f.l, "plant/cell/d1/Temp")->time_us, value_us, 60LL * SECOND);
    f.now_us += SECOND;
    ndeath(&f, 0);
    const ls_sample *last = listener_last(&f.l, "plant/cell/Speed");
    CHECK_INT(last->quality, LS_QUALITY_STALE);
    CHECK_INT(f.l.time_us[LS_NOTICE_DEATH], last->time_us);
    CHECK(last->time_us >= value_us && last->time_us <= value_us + 60LL * SECOND);
    teardown(&f);
}

static void test_malformed_messages_are_refused_whole_and_a_rebirth_asked_for(void) {
    fixture f;
    setup(&f);
    alive(&f);
    // A good metric, then one that is cut.
    static const char bytes[] = "\x12\x0b\x10\x01\x69\0\0\0\0\0\0\0\0\x12\x02\x10\x80\x18\x02";
    ls_sparkplug_host_message(f.host, "spBv1.0/plant/NDATA/cell", bytes, sizeof bytes - 1,
                              f.now_us);
    CHECK_INT(f.l.count, 0);
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REFUSED], "malformed at byte");
    CHECK_INT(rebirths(&f), 1);
    ls_sparkplug_host_message(f.host, "spBv1.0/plant/NBIRTH/cell", "\x12\x7f", 2, f.now_us);
    ls_sparkplug_host_message(f.host, "spBv1.0/plant/XBIRTH/cell", "", 0, f.now_us);
    ls_driver_figures figures = {0};
    ls_sparkplug_host_figures(f.host, &figures);
    CHECK_INT(figures.refused, 3);
    ndata(&f, 3, 3);
    CHECK(speed(&f) == 3);
    teardown(&f);
}

static void test_limits_are_kept_and_named(void) {
    fixture f;
    spoken s;
    ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
    def.nodes_max = 1;
    def.devices_max = 1;
    def.metrics_max = 3;
    def.held_max = 3;
    def.message_max = 1000;
    setup_with(&f, def);
    alive(&f);
    speak_begin(&s, now_ms(&f));
    speak_real(&s, "x", 8, 1, true);
    say(&f, "spBv1.0/plant/DBIRTH/cell/d2", &s, speak_end(&s, 2));
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REFUSED], "more than 1 devices (devices_max)");
    pass(&f, 20 * SECOND);
    say(&f, "spBv1.0/plant/NBIRTH/other", &s, speak_end(&s, 2));
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REFUSED], "more than 1 nodes (nodes_max)");
    pass(&f, 20 * SECOND);
    speak_begin(&s, now_ms(&f));
    speak_real(&s, "Temp", 3, 1, true);
    speak_real(&s, "one too many", 9, 1, true);
    say(&f, "spBv1.0/plant/DBIRTH/cell/d1", &s, speak_end(&s, 3));
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REFUSED], "more than 3 metrics (metrics_max)");
    pass(&f, 20 * SECOND);
    static const char large[1001];
    ls_sparkplug_host_message(f.host, "spBv1.0/plant/NDATA/cell", large, sizeof large, f.now_us);
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REFUSED], "too large");
    // The fourth that would have to wait ends the waiting.
    listener_forget(&f.l);
    for (int seq = 5; seq < 8; seq++) {
        ndata(&f, seq, seq);
    }
    CHECK_INT(f.l.count, 0);
    ndata(&f, 8, 8);
    CHECK_INT(f.l.count, 4);
    CHECK_INT(f.l.noticed[LS_NOTICE_GAP], 1);
    teardown(&f);
}

static void test_one_tag_has_one_source(void) {
    fixture f;
    spoken s;
    setup(&f);
    alive(&f);
    f.now_us += SECOND;
    speak_begin(&s, now_ms(&f));
    speak_bd_seq(&s, 0);
    speak_real(&s, "d1/Temp", 1, 1, true);  // what device d1 has already
    say(&f, "spBv1.0/plant/NBIRTH/cell", &s, speak_end(&s, 0));
    CHECK_CONTAINS(f.l.text[LS_NOTICE_REFUSED], "same tag");
    CHECK(listener_last(&f.l, "plant/cell/d1/Temp") == NULL);
    teardown(&f);
}

static void test_commands_go_by_name_with_the_type_of_the_birth(void) {
    fixture f;
    ls_error err;
    setup(&f);
    alive(&f);
    const uint32_t temp = ls_tags_find(f.l.tags, "plant/cell/d1/Temp", 18);
    const uint32_t node = ls_tags_find(f.l.tags, "plant/cell/Speed", 16);
    const ls_sample value = {.kind = LS_VALUE_INT, .value.integer = 42};
    CHECK_INT(ls_sparkplug_host_command(f.host, temp, &value, f.now_us, &err), LS_OK);
    CHECK_INT(ls_sparkplug_host_command(f.host, node, &value, f.now_us, &err), LS_OK);
    CHECK_INT(f.post.count, 2);
    CHECK_STR(f.post.items[0].topic, "spBv1.0/plant/DCMD/cell/d1");
    CHECK_STR(f.post.items[1].topic, "spBv1.0/plant/NCMD/cell");
    for (uint32_t i = 0; i < f.post.count; i++) {
        ls_sparkplug_reader r;
        ls_sparkplug_metric m;
        ls_sample back = {0};
        CHECK(f.post.items[i].qos == 0 && !f.post.items[i].retain);
        CHECK(ls_sparkplug_open(&r, f.post.items[i].bytes, f.post.items[i].size));
        CHECK(!r.has_seq && r.has_timestamp);
        CHECK(ls_sparkplug_next(&r, &m));
        CHECK(m.name.size == (i == 0 ? 4u : 5u) && m.type == LS_SPARKPLUG_DOUBLE);
        CHECK_STR(ls_sparkplug_value(&m, m.type, &back), NULL);
        CHECK(back.value.real == 42);
    }
    const ls_sample text = {.kind = LS_VALUE_TEXT, .size = 1, .value.text = "x"};
    CHECK_INT(ls_sparkplug_host_command(f.host, temp, &text, f.now_us, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "the value for plant/cell/d1/Temp (Double) is of another kind");
    CHECK_INT(ls_sparkplug_host_command(f.host, 12345, &value, f.now_us, &err), LS_ERR_INVALID);
    f.post.closed = true;
    CHECK_INT(ls_sparkplug_host_command(f.host, temp, &value, f.now_us, &err), LS_ERR_IO);
    f.post.closed = false;
    ndeath(&f, 0);
    CHECK_INT(ls_sparkplug_host_command(f.host, temp, &value, f.now_us, &err), LS_ERR_STOPPED);
    CHECK_INT(ls_sparkplug_host_rebirth(f.host, "plant/cell", f.now_us, &err), LS_OK);
    CHECK_INT(ls_sparkplug_host_rebirth(f.host, "plant/x", f.now_us, &err), LS_ERR_INVALID);
    teardown(&f);
}

static void test_commands_that_belong_together_go_in_one_message(void) {
    fixture f;
    ls_error err;
    setup(&f);
    alive(&f);
    const uint32_t temp = ls_tags_find(f.l.tags, "plant/cell/d1/Temp", 18);
    const uint32_t node = ls_tags_find(f.l.tags, "plant/cell/Speed", 16);
    const ls_sample values[2] = {{.kind = LS_VALUE_INT, .value.integer = 1},
                                 {.kind = LS_VALUE_INT, .value.integer = 2}};
    CHECK_INT(ls_sparkplug_host_commands(f.host, (const uint32_t[]){temp, temp}, values, 2,
                                         f.now_us, &err),
              LS_OK);
    CHECK_INT(f.post.count, 1);
    ls_sparkplug_reader r;
    ls_sparkplug_metric m;
    CHECK(ls_sparkplug_open(&r, f.post.items[0].bytes, f.post.items[0].size));
    for (int i = 1; i <= 2; i++) {
        ls_sample back = {0};
        CHECK(ls_sparkplug_next(&r, &m));
        CHECK_STR(ls_sparkplug_value(&m, m.type, &back), NULL);
        CHECK(back.value.real == i);
    }
    CHECK(!ls_sparkplug_next(&r, &m) && r.reason == NULL);
    CHECK_INT(ls_sparkplug_host_commands(f.host, (const uint32_t[]){temp, node}, values, 2,
                                         f.now_us, &err),
              LS_ERR_INVALID);
    CHECK_STR(err.text, "plant/cell/d1/Temp and plant/cell/Speed are of different devices");
    CHECK_INT(f.post.count, 1);
    teardown(&f);
}

static void test_every_allocation_may_fail(void) {
    for (int64_t n = 0; n < 80; n++) {
        fixture f;
        memset(&f, 0, sizeof f);
        listener_init(&f.l);
        f.l.silent = true;
        f.now_us = T0;
        ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
        def.host = "h";
        def.group = "plant";
        def.sink = &f.l.sink;
        def.publish = post_publish;
        def.context = &f.post;
        ls_alloc_fail_after(n);
        if (ls_sparkplug_host_create(&def, &f.host, NULL) == LS_OK) {
            ls_sparkplug_host_connected(f.host, T0);
            ndata(&f, 1, 9);
            nbirth(&f, 0, 0);
            dbirth(&f, 1);
            ndata(&f, 2, 2);
            ndata(&f, 4, 4);
            pass(&f, 3 * SECOND);
            ndeath(&f, 0);
        }
        ls_alloc_fail_after(-1);
        if (f.host != NULL) {  // and it works again when memory is back
            f.l.silent = false;
            f.now_us += 100 * SECOND;
            nbirth(&f, 7, 0);
            dbirth(&f, 1);
            ndata(&f, 3, 2);
            CHECK(speed(&f) == 3);
            CHECK(listener_last(&f.l, "plant/cell/d1/Temp") != NULL);
        }
        teardown(&f);
    }
}

static void test_data_of_known_metrics_allocates_nothing(void) {
    fixture f;
    setup(&f);
    alive(&f);
    ndata(&f, 1, 2);
    f.l.silent = true;
    ls_alloc_fail_after(0);
    for (int i = 3; i < 1000; i++) {
        ndata(&f, i, i % 256);
    }
    ls_alloc_fail_after(-1);
    ls_driver_figures figures = {0};
    ls_sparkplug_host_figures(f.host, &figures);
    CHECK_INT(figures.refused, 0);
    CHECK_INT(figures.samples, 3 + 998);
    teardown(&f);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_state_has_the_time_of_its_will);
    TEST(test_state_is_said_again_when_somebody_says_that_we_are_gone);
    TEST(test_filters_begin_with_the_own_state);
    TEST(test_a_birth_declares_tags_and_says_values);
    TEST(test_data_is_found_by_alias_and_by_name);
    TEST(test_seq_wraps_over_node_and_devices_without_a_gap);
    TEST(test_a_late_message_is_waited_for_and_order_kept);
    TEST(test_a_lost_message_is_named_and_a_rebirth_asked_for);
    TEST(test_what_was_not_taken_is_asked_for_when_it_can_be);
    TEST(test_what_was_given_up_and_comes_is_history);
    TEST(test_duplicates_are_dropped_and_counted);
    TEST(test_a_straggler_from_before_a_rebirth_opens_no_gap);
    TEST(test_data_before_birth_asks_and_is_taken_after_it);
    TEST(test_unknown_alias_asks_for_a_rebirth);
    TEST(test_rebirth_requests_wait_longer_each_time_and_end);
    TEST(test_a_storm_of_bad_data_is_answered_with_few_requests);
    TEST(test_many_nodes_share_the_rate_of_rebirths);
    TEST(test_death_makes_all_tags_stale_with_their_last_values);
    TEST(test_death_of_another_bdseq_is_ignored);
    TEST(test_a_device_dies_by_its_own_time_and_is_born_again);
    TEST(test_a_device_that_does_not_follow_its_node_is_stale);
    TEST(test_a_metric_that_a_new_birth_lacks_is_stale_and_its_alias_free);
    TEST(test_an_alias_that_two_devices_claim_is_the_last_ones);
    TEST(test_a_type_that_changes_is_told_and_declared);
    TEST(test_values_that_do_not_fit_are_named_never_dropped_in_silence);
    TEST(test_a_text_that_no_history_takes_is_refused_alone);
    TEST(test_times_that_cannot_be_are_those_of_arrival);
    TEST(test_null_historical_and_quality_travel);
    TEST(test_a_lost_connection_makes_stale_and_nodes_are_asked_after_it);
    TEST(test_a_clock_that_jumps_is_told);
    TEST(test_a_line_that_lives_in_another_time_stays_in_it);
    TEST(test_malformed_messages_are_refused_whole_and_a_rebirth_asked_for);
    TEST(test_limits_are_kept_and_named);
    TEST(test_one_tag_has_one_source);
    TEST(test_commands_go_by_name_with_the_type_of_the_birth);
    TEST(test_commands_that_belong_together_go_in_one_message);
    TEST(test_every_allocation_may_fail);
    TEST(test_data_of_known_metrics_allocates_nothing);
    return harness_report();
}
