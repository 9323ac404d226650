// sparkplug_pair_test.c - our host application and our edge node with a bad network between them.
//
// Messages are lost, doubled and swapped, the edge restarts, the host loses its connection, all by
// seed. What must hold: no value is ever heard of a tag that was not that tag's; none is heard
// twice as a change; where no message was lost, none is missing; where one was, a gap is told; and
// after a quiet time the host knows exactly what the edge knows.
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "line/sparkplug_edge.h"
#include "line/sparkplug_host.h"
#include "line/testing/sparkplug_listener.h"
#include "tests/harness.h"

enum { MS = 1000, SECOND = 1000000, DEVICES = 3, EACH = 6, METRICS = (DEVICES + 1) * EACH };
enum { PER_METRIC = 1000000 };
static const int64_t T0 = 1700000000000000;

static uint64_t luck;
static uint64_t draw(void) {
    uint64_t z = luck += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static bool happens(uint32_t of_a_million) {
    return draw() % 1000000 < of_a_million;
}

typedef struct trouble {  // chances of a million: of a message, or of a step of 10 ms
    uint32_t lose, twice, swap, restart, cut;
    uint32_t lose_commands;
} trouble;

typedef struct world {
    listener l;
    ls_sparkplug_host *host;
    ls_sparkplug_edge *edge;
    post up, down;  // from the edge, from the host
    message will;   // of the edge's connection
    int64_t now_us;
    trouble trouble;
    bool host_connected, turned;  // turned: the edge's metrics stand in the other order
    uint32_t values[METRICS];     // counter of each metric
    uint64_t lost, lost_births, set;
    uint8_t *heard[METRICS];  // by counter: 1 heard as a change
} world;

static const char *const devices[DEVICES + 1] = {NULL, "grind", "saw", "wash"};

static void metric_name(uint32_t metric, char out[64]) {
    snprintf(out, 64, "group%u/M%u", metric % 2, metric);
}

static void tag_name(uint32_t metric, char out[128]) {
    char name[64];
    const char *device = devices[metric / EACH];
    metric_name(metric, name);
    snprintf(out, 128, "plant/cell/%s%s%s", device != NULL ? device : "", device != NULL ? "/" : "",
             name);
}

static bool is_text(uint32_t metric) {
    return metric % EACH == EACH - 1;
}

static uint32_t number_of(const world *w, uint32_t metric) {
    return w->turned ? METRICS - 1 - metric : metric;
}

static void make_edge(world *w, uint8_t bd_seq) {
    ls_sparkplug_edge_def def = ls_sparkplug_edge_def_default();
    def.group = "plant";
    def.node = "cell";
    def.publish = post_publish;
    def.context = &w->up;
    def.first_bd_seq = bd_seq;
    w->turned = bd_seq % 2 != 0;
    CHECK_INT(ls_sparkplug_edge_create(&def, &w->edge, NULL), LS_OK);
    for (uint32_t i = 0; i < METRICS; i++) {
        // Another order after a restart, so that aliases mean something else.
        const uint32_t metric = number_of(w, i);
        char name[64];
        uint32_t number;
        metric_name(metric, name);
        ls_sparkplug_edge_metric(w->edge, devices[metric / EACH], name,
                                 is_text(metric) ? LS_SPARKPLUG_STRING : LS_SPARKPLUG_INT64, NULL,
                                 true, &number, NULL);
        CHECK_INT(number, i);
    }
}

static void set(world *w, uint32_t metric) {
    char text[32];
    ls_sample s = {.kind = LS_VALUE_INT, .time_us = w->now_us};
    s.value.integer = (int64_t)metric * PER_METRIC + ++w->values[metric];
    if (is_text(metric)) {
        s.size = (uint32_t)snprintf(text, sizeof text, "%lld", (long long)s.value.integer);
        s.kind = LS_VALUE_TEXT;
        s.value.text = text;
    }
    w->set++;
    CHECK(ls_sparkplug_edge_set(w->edge, number_of(w, metric), &s));
}

static void connect_edge(world *w) {
    const char *topic;
    const void *payload;
    size_t size;
    ls_sparkplug_edge_will(w->edge, w->now_us, &topic, &payload, &size);
    post one = {0};
    post_publish(&one, topic, payload, size, 1, false);
    message_clear(&w->will);
    w->will = post_take(&one, 0);
    post_clear(&one);
    ls_sparkplug_edge_connected(w->edge, w->now_us);
}

static void connect_host(world *w) {
    const char *topic, *payload;
    ls_sparkplug_host_will(w->host, w->now_us, &topic, &payload);
    ls_sparkplug_host_connected(w->host, w->now_us);
    w->host_connected = true;
}

static void begin(world *w, uint64_t seed, trouble t) {
    memset(w, 0, sizeof *w);
    luck = seed;
    w->now_us = T0;
    w->trouble = t;
    listener_init(&w->l);
    for (uint32_t i = 0; i < METRICS; i++) {
        w->heard[i] = ls_alloc(PER_METRIC / 50);
    }
    ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
    def.host = "lineshaft";
    def.group = "plant";
    def.sink = &w->l.sink;
    def.publish = post_publish;
    def.context = &w->down;
    CHECK_INT(ls_sparkplug_host_create(&def, &w->host, NULL), LS_OK);
    connect_host(w);
    make_edge(w, 0);
    connect_edge(w);
}

static void end(world *w) {
    ls_sparkplug_host_destroy(w->host);
    ls_sparkplug_edge_destroy(w->edge);
    listener_clear(&w->l);
    post_clear(&w->up);
    post_clear(&w->down);
    message_clear(&w->will);
    for (uint32_t i = 0; i < METRICS; i++) {
        ls_free(w->heard[i]);
    }
}

static void to_host(world *w, const message *m) {
    if (w->host_connected) {
        ls_sparkplug_host_message(w->host, m->topic, m->bytes, m->size, w->now_us);
    }
}

// What the network does with what waits.
static void carry(world *w) {
    while (w->up.count > 0) {
        const uint32_t index = w->up.count > 1 && happens(w->trouble.swap) ? 1 : 0;
        message m = post_take(&w->up, index);
        if (happens(w->trouble.lose)) {
            w->lost += w->host_connected;
            w->lost_births += strstr(m.topic, "BIRTH") != NULL;
        } else {
            to_host(w, &m);
            if (happens(w->trouble.twice)) {
                to_host(w, &m);
            }
        }
        message_clear(&m);
    }
    while (w->down.count > 0) {
        message m = post_take(&w->down, 0);
        if (w->host_connected && !happens(w->trouble.lose_commands)) {
            ls_sparkplug_edge_message(w->edge, m.topic, m.bytes, m.size, w->now_us);
        }
        message_clear(&m);
    }
}

// The edge's program ends and starts anew; the broker publishes its will.
static void restart_edge(world *w) {
    ls_sparkplug_edge_figures figures;
    ls_sparkplug_edge_describe(w->edge, &figures);
    ls_sparkplug_edge_destroy(w->edge);
    to_host(w, &w->will);
    w->edge = NULL;
    make_edge(w, (uint8_t)(figures.bd_seq + 1));
    for (uint32_t i = 0; i < METRICS; i++) {
        set(w, i);  // what it knows at its start
    }
    connect_edge(w);
}

static void step(world *w) {
    w->now_us += 10 * MS;
    if (happens(w->trouble.restart)) {
        restart_edge(w);
    }
    if (w->host_connected && happens(w->trouble.cut)) {
        w->host_connected = false;
        ls_sparkplug_host_lost(w->host, w->now_us);
    } else if (!w->host_connected && happens(20000)) {
        connect_host(w);
    }
    for (uint64_t n = draw() % 4; n > 0; n--) {
        set(w, (uint32_t)(draw() % METRICS));
    }
    if (draw() % 3 == 0) {
        ls_sparkplug_edge_flush(w->edge, w->now_us);
    }
    ls_sparkplug_edge_tick(w->edge, w->now_us);
    carry(w);
    ls_sparkplug_host_tick(w->host, w->now_us);
}

static int64_t value_of(const ls_sample *s) {
    long long value = -1;
    if (s->kind == LS_VALUE_TEXT) {
        char text[32];
        snprintf(text, sizeof text, "%.*s", (int)s->size, s->value.text);
        sscanf(text, "%lld", &value);
        return value;
    }
    return s->kind == LS_VALUE_INT ? s->value.integer : -1;
}

// Each sample is of its tag, and no change is heard twice.
static void check_heard(world *w) {
    uint32_t metric_of[4 * METRICS];
    memset(metric_of, 0xff, sizeof metric_of);
    for (uint32_t i = 0; i < METRICS; i++) {
        char name[128];
        tag_name(i, name);
        const uint32_t tag = ls_tags_find(w->l.tags, name, strlen(name));
        CHECK(tag < 4 * METRICS);
        if (tag < 4 * METRICS) {
            metric_of[tag] = i;
        }
    }
    for (uint32_t i = 0; i < w->l.count && !harness_has_failed(); i++) {
        const ls_sample *s = &w->l.samples[i];
        const uint32_t metric = metric_of[s->tag];
        CHECK(metric < METRICS);
        if (s->kind == LS_VALUE_NONE || metric >= METRICS) {
            continue;
        }
        const int64_t value = value_of(s);
        // By alias between a lost birth and the rebirth: another's value, but never said to be
        // good.
        if (s->quality == LS_QUALITY_UNCERTAIN && value / PER_METRIC != metric) {
            continue;
        }
        CHECK_INT(value / PER_METRIC, metric);
        const uint32_t counter = (uint32_t)(value % PER_METRIC);
        CHECK(counter > 0 && counter <= w->values[metric] && counter < PER_METRIC / 50);
        if ((s->flags & LS_SAMPLE_BIRTH) == 0 && s->quality != LS_QUALITY_STALE) {
            CHECK(w->heard[metric][counter] == 0);
            w->heard[metric][counter] = 1;
        }
    }
}

static uint64_t changes_heard(const world *w) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < METRICS; i++) {
        for (uint32_t c = 1; c <= w->values[i]; c++) {
            sum += w->heard[i][c];
        }
    }
    return sum;
}

// Three minutes with a value of each kind now and then, and no more trouble.
static void quiet(world *w) {
    w->trouble = (trouble){0};
    if (!w->host_connected) {
        connect_host(w);
    }
    for (int i = 0; i < 180; i++) {
        w->now_us += SECOND;
        set(w, (uint32_t)i % METRICS);
        ls_sparkplug_edge_flush(w->edge, w->now_us);
        ls_sparkplug_edge_tick(w->edge, w->now_us);
        carry(w);
        ls_sparkplug_host_tick(w->host, w->now_us);
        carry(w);
    }
}

static void check_equal(world *w) {
    for (uint32_t i = 0; i < METRICS; i++) {
        char name[128];
        tag_name(i, name);
        const ls_sample *s = NULL;
        const uint32_t tag = ls_tags_find(w->l.tags, name, strlen(name));
        for (uint32_t k = w->l.count; k > 0 && s == NULL; k--) {
            const ls_sample *at = &w->l.samples[k - 1];
            s = at->tag == tag && (at->flags & LS_SAMPLE_HISTORICAL) == 0 ? at : NULL;
        }
        CHECK(s != NULL);
        if (s != NULL && w->values[i] > 0) {
            CHECK_INT(value_of(s), (int64_t)i * PER_METRIC + w->values[i]);
            CHECK_INT(s->quality, LS_QUALITY_GOOD);
        }
    }
}

static void run(uint64_t seed, trouble t, world *w) {
    harness_note("seed %llu", (unsigned long long)seed);
    begin(w, seed, t);
    for (int i = 0; i < 3000; i++) {  // half a minute
        step(w);
    }
    quiet(w);
    check_equal(w);
    check_heard(w);
}

static void test_a_good_network_loses_and_asks_nothing(void) {
    world w;
    run(1, (trouble){0}, &w);
    CHECK_INT(w.l.notices[LS_NOTICE_GAP], 0);
    CHECK_INT(w.l.notices[LS_NOTICE_REBIRTH], 0);
    CHECK_INT(w.l.notices[LS_NOTICE_REFUSED], 0);
    CHECK_INT(changes_heard(&w), w.set);
    end(&w);
}

static void test_doubled_and_swapped_messages_change_nothing(void) {
    for (uint64_t seed = 1; seed <= 40 && !harness_has_failed(); seed++) {
        world w;
        run(seed, (trouble){.twice = 200000, .swap = 200000}, &w);
        ls_driver_figures figures = {0};
        ls_sparkplug_host_figures(w.host, &figures);
        CHECK(figures.duplicates > 0);
        CHECK_INT(w.l.notices[LS_NOTICE_GAP], 0);
        CHECK_INT(changes_heard(&w), w.set);
        end(&w);
    }
}

static void test_every_lost_message_is_named(void) {
    for (uint64_t seed = 1; seed <= 60 && !harness_has_failed(); seed++) {
        world w;
        run(seed, (trouble){.lose = 3000 + 1000 * (uint32_t)(seed % 40)}, &w);
        ls_driver_figures figures = {0};
        ls_sparkplug_host_figures(w.host, &figures);
        CHECK(w.lost == 0 || figures.gaps > 0);
        // A message lost just before a birth has nothing after it that would show the gap: births
        // begin at 0 again. All others are counted.
        CHECK(figures.missing + figures.rebirths + w.lost_births >= w.lost);
        CHECK_INT(w.l.noticed[LS_NOTICE_GAP], figures.missing);
        end(&w);
    }
}

static void test_after_any_trouble_the_host_knows_what_the_edge_knows(void) {
    for (uint64_t seed = 1; seed <= 400 && !harness_has_failed(); seed++) {
        world w;
        luck = seed * 77;
        const trouble t = {.lose = draw() % 2 ? (uint32_t)(draw() % 60000) : 0,
                           .twice = draw() % 2 ? (uint32_t)(draw() % 100000) : 0,
                           .swap = draw() % 2 ? (uint32_t)(draw() % 200000) : 0,
                           .restart = draw() % 2 ? (uint32_t)(draw() % 3000) : 0,
                           .cut = draw() % 2 ? (uint32_t)(draw() % 3000) : 0,
                           .lose_commands = draw() % 2 ? (uint32_t)(draw() % 400000) : 0};
        run(seed, t, &w);
        end(&w);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_good_network_loses_and_asks_nothing);
    TEST(test_doubled_and_swapped_messages_change_nothing);
    TEST(test_every_lost_message_is_named);
    TEST(test_after_any_trouble_the_host_knows_what_the_edge_knows);
    return harness_report();
}
