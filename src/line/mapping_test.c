// mapping_test.c - what samples say about the plant: states, counters that wrap and are reset,
// texts, silence; what is refused and what is complained about.
#include "line/mapping.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "line/mapping_inside.h"
#include "line/testing/mapping_plant.h"
#include "plant/testing/plants.h"

#define S 1000000LL

typedef struct bench {
    ls_plant *plant;
    ls_tags *tags;
    ls_mapping *mapping;
    ls_heard heard[8];
    char text[256];
    uint32_t count;
    const char *refused;
} bench;

static void open_bench(bench *b) {
    memset(b, 0, sizeof *b);
    b->plant = test_good(test_mapping_plant);
    CHECK_INT(ls_tags_create(&b->tags, NULL), LS_OK);
    CHECK_INT(ls_mapping_create(b->plant, b->tags, &b->mapping, NULL), LS_OK);
}

static void close_bench(bench *b) {
    ls_mapping_destroy(b->mapping);
    ls_tags_destroy(b->tags);
    ls_plant_destroy(b->plant);
}

static void keep(void *context, const ls_heard *heard) {
    bench *b = context;
    if (b->count < 8) {
        b->heard[b->count] = *heard;
        snprintf(b->text, sizeof b->text, "%.*s", (int)heard->size,
                 heard->text != NULL ? heard->text : "");
    }
    b->count++;
}

static uint32_t send(bench *b, const char *tag, ls_sample sample) {
    sample.tag = ls_tags_find(b->tags, tag, strlen(tag));
    b->count = 0;
    memset(b->heard, 0, sizeof b->heard);
    b->text[0] = '\0';
    const uint32_t said = ls_mapping_sample(b->mapping, &sample, keep, b, &b->refused);
    CHECK_INT(said, b->count);
    return said;
}

static uint32_t send_int(bench *b, const char *tag, int64_t time_us, int64_t value) {
    return send(b, tag,
                (ls_sample){.time_us = time_us, .kind = LS_VALUE_INT, .value.integer = value});
}

static uint32_t send_text(bench *b, const char *tag, int64_t time_us, const char *text) {
    return send(b, tag,
                (ls_sample){.time_us = time_us,
                            .kind = LS_VALUE_TEXT,
                            .size = (uint32_t)strlen(text),
                            .value.text = text});
}

static void test_states_by_number_and_word(void) {
    bench b;
    open_bench(&b);
    CHECK_INT(send_text(&b, "g/n/saw-1/State", 5 * S, " RUN "), 1);
    CHECK_INT(b.heard[0].kind, LS_HEARD_STATE);
    CHECK_INT(b.heard[0].number, 6);
    CHECK_INT(b.heard[0].time_us, 5 * S);
    CHECK_INT(b.heard[0].of, 0);
    CHECK_INT(send_int(&b, "g/n/saw-2/State", 5 * S, 40), 1);
    CHECK_INT(b.heard[0].number, 11);
    CHECK_INT(b.heard[0].of, 1);
    CHECK_INT(send(&b, "g/n/saw-2/State", (ls_sample){.kind = LS_VALUE_BOOL, .value.integer = 1}),
              1);
    CHECK_INT(b.heard[0].number, 6);
    // Words of PackML cannot be confused; numbers may be the PLC's own.
    CHECK_INT(send_text(&b, "g/n/saw-2/State", 5 * S, "Idle"), 1);
    CHECK_INT(b.heard[0].number, 4);
    CHECK_INT(send_int(&b, "g/n/saw-2/State", 5 * S, 6), 0);
    CHECK_CONTAINS(b.refused, "state of saw-2: 6 is not a state");
    CHECK_INT(send_text(&b, "g/n/saw-2/State", 5 * S, "6"), 0);
    // Without `states` numbers are those of PackML.
    CHECK_INT(send_int(&b, "g/n/oven/PackML", 5 * S, 17), 1);
    CHECK_INT(send(&b, "g/n/oven/PackML", (ls_sample){.kind = LS_VALUE_REAL, .value.real = 6.0}),
              1);
    CHECK_INT(b.heard[0].number, 6);
    CHECK_INT(send_int(&b, "g/n/oven/PackML", 5 * S, 18), 0);
    CHECK_INT(send_int(&b, "g/n/oven/PackML", 5 * S, -1), 0);
    CHECK_INT(send_int(&b, "g/n/oven/PackML", 5 * S, INT64_MAX), 0);
    CHECK_INT(send(&b, "g/n/oven/PackML", (ls_sample){.kind = LS_VALUE_REAL, .value.real = 6.5}),
              0);
    CHECK_INT(send(&b, "g/n/oven/PackML", (ls_sample){.kind = LS_VALUE_REAL, .value.real = NAN}),
              0);
    CHECK_INT(send(&b, "g/n/oven/PackML", (ls_sample){.kind = LS_VALUE_NONE}), 0);
    CHECK_CONTAINS(b.refused, "does not know");
    close_bench(&b);
}

static void test_reasons_by_name_and_translation(void) {
    bench b;
    open_bench(&b);
    CHECK_INT(send_text(&b, "g/n/saw-1/Reason", S, "E17"), 1);
    CHECK_INT(b.heard[0].number, 1);
    CHECK_INT(send_int(&b, "g/n/saw-1/Reason", S, 3), 1);
    CHECK_INT(b.heard[0].number, 1);
    CHECK_INT(send_text(&b, "g/n/saw-1/Reason", S, "blade"), 1);
    CHECK_INT(send_text(&b, "g/n/saw-1/Reason", S, ""), 1);
    CHECK_INT(b.heard[0].number, 0);
    CHECK_INT(send_int(&b, "g/n/saw-1/Reason", S, 0), 1);
    CHECK_INT(b.heard[0].number, 0);
    CHECK_INT(send_text(&b, "g/n/saw-1/Reason", S, "coffee"), 0);
    CHECK_CONTAINS(b.refused, "neither a failure");
    CHECK_INT(send_text(&b, "g/n/saw-2/Reason", S, "E17"), 0);
    close_bench(&b);
}

static void test_counters_become_differences(void) {
    bench b;
    open_bench(&b);
    const char *good = "g/n/saw-1/Good";
    CHECK_INT(send_int(&b, good, 1000 * S, 65530), 0);  // nothing to compare with
    CHECK(b.refused == NULL);
    CHECK_INT(send_int(&b, good, 1060 * S, 65535), 1);
    CHECK_INT(b.heard[0].kind, LS_HEARD_GOOD);
    CHECK_INT(b.heard[0].number, 5);
    CHECK_INT(send_int(&b, good, 1120 * S, 4), 1);  // round the end
    CHECK_INT(b.heard[0].number, 5);
    CHECK_INT(send_int(&b, good, 1060 * S, 65535), 0);  // late
    CHECK_INT(send_int(&b, good, 1120 * S, 4), 0);      // twice
    CHECK_INT(send_int(&b, good, 1180 * S, 9), 1);
    CHECK_INT(b.heard[0].number, 5);
    CHECK_INT(send_int(&b, good, 1240 * S, 5), 1);  // set to 0, then five more
    CHECK_INT(b.heard[0].number, 5);
    CHECK_INT(send_int(&b, good, 1241 * S, 40000), 0);  // absurd
    CHECK_CONTAINS(b.refused, "jumped to 40000");
    CHECK_INT(send_int(&b, good, 1300 * S, 40005), 1);
    CHECK_INT(b.heard[0].number, 5);
    CHECK_INT(send_int(&b, good, 1301 * S, -1), 0);
    CHECK_INT(send_text(&b, good, 1301 * S, "40006"), 0);
    CHECK_CONTAINS(b.refused, "is not a count");
    close_bench(&b);
}

// The truth: parts at random, a counter of 16 bits, told every so often, doubled, late, reset.
static void test_counters_lose_nothing_property(void) {
    for (uint64_t seed = 1; seed <= 200 && !harness_has_failed(); seed++) {
        const ls_rate rate = {.burst_parts = 5, .part_us = 12e6};
        ls_counter counter = {0};
        uint64_t truth = 0;
        uint64_t heard = 0;
        uint64_t hidden = seed * 7919 % 65536;  // where the counter of the PLC begins
        uint64_t random = seed * 0x9E3779B97F4A7C15ULL;
        int64_t time_us = 0;
        uint64_t more = 0;
        harness_note("seed %llu", (unsigned long long)seed);
        (void)ls_counter_hear(&counter, 65535, &rate, time_us, hidden, &more);
        for (int i = 0; i < 3000; i++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            const uint64_t parts = (random >> 60) % 6;
            time_us += (int64_t)(parts * 12 + 3) * S;
            truth += parts;
            hidden = (hidden + parts) % 65536;
            if ((random >> 40) % 500 == 0) {  // the PLC starts again: what it counted is lost to us
                truth -= parts;
                hidden = 0;
            }
            if ((random >> 50) % 8 == 0) {
                continue;  // this message is lost
            }
            (void)ls_counter_hear(&counter, 65535, &rate, time_us, hidden, &more);
            heard += more;
            (void)ls_counter_hear(&counter, 65535, &rate, time_us, hidden, &more);
            heard += more;
            (void)ls_counter_hear(&counter, 65535, &rate, time_us - 40 * S, hidden + 65000, &more);
            CHECK_INT(more, 0);
        }
        (void)ls_counter_hear(&counter, 65535, &rate, time_us + S, hidden, &more);
        heard += more;
        // A reset right after lost messages costs these; nothing is ever counted twice.
        CHECK(heard <= truth);
        CHECK(heard + 200 >= truth);
    }
}

static void test_counters_after_a_restart(void) {
    bench b;
    bench after;
    void *bytes = NULL;
    size_t size = 0;
    open_bench(&b);
    open_bench(&after);
    (void)send_int(&b, "g/n/saw-1/Good", 1000 * S, 100);
    (void)send_int(&b, "g/n/saw-1/Bad", 1000 * S, 7);
    CHECK_INT(ls_mapping_save(b.mapping, &bytes, &size, NULL), LS_OK);
    CHECK_INT(ls_mapping_load(after.mapping, bytes, size, NULL), LS_OK);
    CHECK_INT(send_int(&after, "g/n/saw-1/Good", 8000 * S, 400), 1);
    CHECK_INT(after.heard[0].number, 300);
    CHECK_INT(send(&after, "g/n/saw-1/Bad",
                   (ls_sample){.time_us = 8000 * S,
                               .kind = LS_VALUE_UINT,
                               .flags = LS_SAMPLE_BIRTH,
                               .value.natural = 8}),
              1);
    CHECK_INT(after.heard[0].number, 1);
    CHECK(after.heard[0].birth);
    for (size_t i = 0; i < size; i++) {
        ((char *)bytes)[i] ^= 0x10;
        CHECK_INT(ls_mapping_load(after.mapping, bytes, size, NULL), LS_ERR_INVALID);
        ((char *)bytes)[i] ^= 0x10;
        CHECK_INT(ls_mapping_load(after.mapping, bytes, i, NULL), LS_ERR_INVALID);
    }
    ls_free(bytes);
    close_bench(&after);
    close_bench(&b);
}

static void test_texts_are_bounded(void) {
    bench b;
    static char longer[LS_MAPPING_TEXT_MAX + 2];
    memset(longer, 'x', sizeof longer - 1);
    open_bench(&b);
    CHECK_INT(send_text(&b, "g/n/saw-1/Lots", S, " L1 L2 "), 1);
    CHECK_STR(b.text, "L1 L2");
    CHECK_INT(send_text(&b, "g/n/saw-1/Lots", S, ""), 1);
    CHECK_INT(b.heard[0].size, 0);
    CHECK_INT(send_text(&b, "g/n/saw-1/Lots", S, longer), 0);
    CHECK_CONTAINS(b.refused, "at most 4096");
    CHECK_INT(send_text(&b, "g/n/saw-1/Lots", S, "a\nb"), 0);
    CHECK_INT(send_text(&b, "g/n/saw-1/Lots", S, "\xFF"), 0);
    CHECK_INT(send_int(&b, "g/n/saw-1/Lots", S, 5), 0);
    CHECK_CONTAINS(b.refused, "expected a text");
    CHECK_INT(send_text(&b, "g/n/saw-1/Step", S, longer + LS_MAPPING_TEXT_MAX - 127), 0);
    CHECK_INT(send_text(&b, "g/n/saw-1/Step", S, "saw"), 1);
    CHECK_INT(b.heard[0].kind, LS_HEARD_STEP);
    close_bench(&b);
}

static void test_lot_texts_and_due_dates(void) {
    bench b;
    open_bench(&b);
    CHECK_INT(
        send_text(&b, "g/n/line/Released", S, "  L7  product=x due=1970-01-02T00:00Z priority=3 "),
        1);
    CHECK_INT(b.heard[0].kind, LS_HEARD_RELEASED);
    CHECK_STR(b.text, "L7 product=x due=86400000000 priority=3");
    CHECK_INT(send_text(&b, "g/n/line/Released", S, "L8 due=5000"), 1);
    CHECK_STR(b.text, "L8 due=5000");
    CHECK_INT(send_text(&b, "g/n/line/Released", S, "L9 pool=1970-01-02T00:00 due=1970-01-03"), 1);
    CHECK_STR(b.text, "L9 pool=86400000000 due=172800000000");
    CHECK_INT(send_text(&b, "g/n/line/Released", S, "L9 pool=yes due="), 1);
    CHECK_STR(b.text, "L9 pool=yes due=");
    CHECK_INT(send_text(&b, "g/n/line/Done", S, "L7"), 1);
    CHECK_INT(b.heard[0].kind, LS_HEARD_DONE);
    CHECK_INT(send_text(&b, "g/n/line/Done", S, ""), 0);
    CHECK(b.refused == NULL);
    close_bench(&b);
}

// Registers name the lots that are in work and that wait: what is new there is told as an event.
static const char named_plant[] =
    "plant: p\n"
    "start: 1970-01-01\n"
    "stations: {saw: {process: 60 s}, oven: {process: 10 min}}\n"
    "products:\n"
    "  x: {route: [saw, oven], release: [{every: 10 min}, {name: x-hot, every: 1 h}]}\n"
    "listen:\n"
    "  lots: {named: \"{class}-*\"}\n"
    "  modbus:\n"
    "    plc:\n"
    "      address: h\n"
    "      registers:\n"
    "        beat: {at: 0, write: yes}\n"
    "        told: {at: 1}\n"
    "        lost: {at: 2}\n"
    "        kind: {at: 10, type: text, words: 4, write: yes}\n"
    "        argument: {at: 14, type: text, words: 8, write: yes}\n"
    "        id: {at: 22, type: u32, write: yes}\n"
    "        done: {at: 24, type: u32}\n"
    "        result: {at: 26}\n"
    "        saw-waiting: {at: 100, type: text, words: 60}\n"
    "        oven-waiting: {at: 200, type: text, words: 60}\n"
    "        saw-lots: {at: 300, type: text, words: 60}\n"
    "        oven-lots: {at: 400, type: text, words: 60}\n"
    "      commands:\n"
    "        heartbeat: beat\n"
    "        echo: told\n"
    "        lost: lost\n"
    "        line: {kind: kind, argument: argument, id: id, done: done, result: result}\n"
    "        waiting: {any: \"{station}-waiting\"}\n"
    "  machines: {any: {lots: \"plc/{machine}-lots\"}}\n";

typedef struct told {
    char text[512];
    uint32_t count;
} told;

static void add_told(void *context, const ls_heard *heard) {
    static const char *const kinds[LS_HEARD_KIND_COUNT] = {
        [LS_HEARD_LOTS] = "lots",
        [LS_HEARD_RELEASED] = "released",
        [LS_HEARD_ARRIVED] = "arrived",
    };
    told *t = context;
    const size_t used = strlen(t->text);
    CHECK(kinds[heard->kind] != NULL);
    snprintf(t->text + used, sizeof t->text - used, "%s%s%s '%.*s'", used > 0 ? ", " : "",
             kinds[heard->kind], heard->birth ? " again" : "", (int)heard->size,
             heard->text != NULL ? heard->text : "");
    t->count++;
}

static const char *names(ls_mapping *mapping, const ls_tags *tags, const char *tag,
                         const char *text) {
    static told t;
    t = (told){0};
    const ls_sample sample = {.time_us = S,
                              .tag = ls_tags_find(tags, tag, strlen(tag)),
                              .kind = LS_VALUE_TEXT,
                              .size = (uint32_t)strlen(text),
                              .value.text = text};
    const uint32_t said = ls_mapping_sample(mapping, &sample, add_told, &t, NULL);
    CHECK_INT(said, t.count);
    return t.text;
}

static void test_registers_that_name_lots_tell_who_came(void) {
    ls_plant *plant = test_good(named_plant);
    ls_tags *tags = NULL;
    ls_mapping *m = NULL;
    CHECK_INT(ls_tags_create(&tags, NULL), LS_OK);
    CHECK_INT(ls_mapping_create(plant, tags, &m, NULL), LS_OK);
    // What stood there at the first reading came at some time before.
    CHECK_STR(names(m, tags, "plc/saw-waiting", "x-1 x-hot-2"),
              "arrived again 'x-1 station=saw class=x product=x', "
              "arrived again 'x-hot-2 station=saw class=x-hot product=x'");
    CHECK_STR(names(m, tags, "plc/saw-waiting", "x-1 x-hot-2"), "");
    CHECK_STR(names(m, tags, "plc/saw-waiting", " x-hot-2  x-3"),
              "released 'x-3 class=x product=x'");
    CHECK_STR(names(m, tags, "plc/saw-waiting", ""), "");
    CHECK_STR(names(m, tags, "plc/oven-waiting", ""), "");
    CHECK_STR(names(m, tags, "plc/oven-waiting", "x-1 strange"),
              "arrived 'x-1 station=oven class=x product=x', arrived 'strange station=oven'");
    // A lot may be seen first in work; one of no class is the machine's to tell.
    CHECK_STR(names(m, tags, "plc/saw-lots", ""), "lots ''");
    CHECK_STR(names(m, tags, "plc/saw-lots", "x-4 strange"),
              "released 'x-4 class=x product=x', lots 'x-4 strange'");
    CHECK_STR(names(m, tags, "plc/oven-lots", "x-4"),
              "arrived again 'x-4 station=oven class=x product=x', lots 'x-4'");
    CHECK_STR(names(m, tags, "plc/oven-lots", "x-4"), "lots 'x-4'");
    static char longest[LS_MAPPING_TEXT_MAX + 1];
    memset(longest, 'x', sizeof longest - 1);
    CHECK_STR(names(m, tags, "plc/oven-lots", "x-4"), "lots 'x-4'");
    CHECK(strlen(names(m, tags, "plc/oven-waiting", longest)) > 0);  // cut in the test, not before
    CHECK_STR(names(m, tags, "plc/oven-waiting", longest), "");
    ls_mapping_destroy(m);
    ls_tags_destroy(tags);
    ls_plant_destroy(plant);
}

static const char pool_plant[] =
    "plant: p\n"
    "start: 1970-01-01\n"
    "stations: {saw: {process: 1 min}}\n"
    "products: {x: {route: [saw], release: {every: 1 h, pool: yes}}}\n"
    "listen:\n"
    "  modbus:\n"
    "    plc:\n"
    "      address: plc\n"
    "      registers:\n"
    "        beat: {at: 0, write: yes}\n"
    "        told: {at: 1}\n"
    "        lost: {at: 2}\n"
    "        kind: {at: 3, type: text, words: 5, write: yes}\n"
    "        argument: {at: 8, type: text, words: 14, write: yes}\n"
    "        id: {at: 22, type: u32, write: yes}\n"
    "        done: {at: 24, type: u32}\n"
    "        result: {at: 26}\n"
    "        outside: {at: 100, type: text, words: 60}\n"
    "        left: {at: 200}\n"
    "      commands:\n"
    "        heartbeat: beat\n"
    "        echo: told\n"
    "        lost: lost\n"
    "        line: {kind: kind, argument: argument, id: id, done: done, result: result}\n"
    "        pools: {x: {waiting: outside, shut: left}}\n";

static const char *seconds(ls_mapping *mapping, const ls_tags *tags, int64_t at_us,
                           ls_sample sample) {
    static told t;
    t = (told){0};
    sample.time_us = at_us;
    sample.tag = ls_tags_find(tags, "plc/left", 8);
    const uint32_t said = ls_mapping_sample(mapping, &sample, add_told, &t, NULL);
    CHECK_INT(said, t.count);
    return t.text;
}

static ls_sample whole(int64_t number) {
    return (ls_sample){.kind = LS_VALUE_UINT, .value.natural = (uint64_t)number};
}

// Names come at 1 s. The plant's clock begins at 1970 as well.
static void test_registers_of_an_order_pool_tell_who_waits_and_until_when(void) {
    ls_plant *plant = test_good(pool_plant);
    ls_tags *tags = NULL;
    ls_mapping *m = NULL;
    const int64_t zero_us = plant->start_us;
    CHECK_INT(ls_tags_create(&tags, NULL), LS_OK);
    CHECK_INT(ls_mapping_create(plant, tags, &m, NULL), LS_OK);
    CHECK_STR(seconds(m, tags, zero_us, whole(0)), "");  // nobody waits
    CHECK_STR(names(m, tags, "plc/outside", ""), "");
    CHECK_STR(seconds(m, tags, zero_us + S, whole(600)), "");
    CHECK_STR(names(m, tags, "plc/outside", "x-1 x-2"),
              "released 'x-1 class=x product=x pool=601000000', "
              "released 'x-2 class=x product=x pool=601000000'");
    // Counted down it is the same time; a later one is told by the first that waits.
    CHECK_STR(seconds(m, tags, zero_us + 31 * S, whole(570)), "");
    CHECK_STR(seconds(m, tags, zero_us + 32 * S, whole(571)), "");
    CHECK_STR(seconds(m, tags, zero_us + 33 * S, whole(900)),
              "released 'x-1 class=x product=x pool=933000000'");
    CHECK_STR(seconds(m, tags, zero_us + 34 * S, whole(65535)),
              "released 'x-1 class=x product=x pool=yes'");
    CHECK_STR(seconds(m, tags, zero_us + 35 * S, whole(65535)), "");
    CHECK_STR(names(m, tags, "plc/outside", "x-2 x-3"),
              "released 'x-1 class=x product=x', released 'x-3 class=x product=x pool=yes'");
    CHECK_STR(seconds(m, tags, zero_us + 36 * S, whole(1)),
              "released 'x-2 class=x product=x pool=37000000'");
    CHECK_STR(names(m, tags, "plc/outside", ""),
              "released 'x-2 class=x product=x', released 'x-3 class=x product=x'");
    CHECK_STR(seconds(m, tags, zero_us + 40 * S,
                      (ls_sample){.kind = LS_VALUE_TEXT, .size = 2, .value.text = "no"}),
              "");
    CHECK_STR(
        seconds(m, tags, zero_us + 40 * S, (ls_sample){.kind = LS_VALUE_INT, .value.integer = -1}),
        "");
    char said[100];
    ls_mapping_say(m, plant->listen.bindings, said, sizeof said);
    CHECK_CONTAINS(said, "pool of x");
    ls_mapping_destroy(m);
    ls_tags_destroy(tags);
    ls_plant_destroy(plant);
}

static void test_silence_of_a_machine_is_told_once(void) {
    bench b;
    open_bench(&b);
    const ls_sample stale = {.time_us = S, .kind = LS_VALUE_INT, .quality = LS_QUALITY_STALE};
    CHECK_INT(send(&b, "g/n/saw-2/Good", stale), 0);  // the state leads
    CHECK_INT(send(&b, "g/n/saw-2/State", stale), 1);
    CHECK_INT(b.heard[0].kind, LS_HEARD_STALE);
    CHECK_INT(b.heard[0].number, 1);
    CHECK_INT(b.heard[0].of, 1);
    CHECK_INT(send(&b, "g/n/saw-2/State", stale), 0);
    CHECK_INT(send_text(&b, "g/n/saw-2/State", 2 * S, "RUN"), 2);
    CHECK_INT(b.heard[0].kind, LS_HEARD_STALE);
    CHECK_INT(b.heard[0].number, 0);
    CHECK_INT(b.heard[1].kind, LS_HEARD_STATE);
    close_bench(&b);
}

static void test_values_queues_and_orders(void) {
    bench b;
    open_bench(&b);
    CHECK_INT(send(&b, "g/n/oven/Heat", (ls_sample){.kind = LS_VALUE_REAL, .value.real = 650}), 0);
    CHECK(b.refused == NULL);
    CHECK_INT(send(&b, "g/n/oven/Heat", (ls_sample){.kind = LS_VALUE_REAL, .value.real = 901}), 0);
    CHECK_CONTAINS(b.refused, "value heat: 901 is outside of 0 to 900");
    CHECK_INT(ls_mapping_describe(b.mapping).values_out_of_range, 1);
    CHECK_INT(send_int(&b, "g/n/queues/oven", S, 12), 1);
    CHECK_INT(b.heard[0].kind, LS_HEARD_QUEUE);
    CHECK_INT(b.heard[0].of, 1);
    CHECK_INT(send_int(&b, "g/n/queues/oven", S, -1), 0);
    CHECK(ls_mapping_is_order(b.mapping, ls_tags_find(b.tags, "g/n/line/Order", 14)));
    CHECK(!ls_mapping_is_order(b.mapping, 0));
    CHECK(!ls_mapping_is_order(b.mapping, LS_TAG_NONE));
    CHECK_INT(send(&b, "g/n/oven/Heat", (ls_sample){.quality = LS_QUALITY_BAD}), 0);
    CHECK_CONTAINS(b.refused, "says that the value is wrong");
    const ls_mapping_figures f = ls_mapping_describe(b.mapping);
    CHECK_INT(f.samples, 5);
    CHECK_INT(f.refused, 3);
    CHECK_INT(f.mapped, 2);
    CHECK_INT(f.heard, 2);
    close_bench(&b);
}

static void test_complaints_say_what_does_not_fit(void) {
    bench b;
    ls_buffer out;
    uint32_t tag = 0;
    open_bench(&b);
    ls_buffer_init(&out);
    CHECK_INT(ls_tags_add(b.tags, "g/n/saw-1/Sate", 14, &tag, NULL), LS_OK);
    ls_tags_declare(b.tags, ls_tags_find(b.tags, "g/n/oven/Heat", 13), LS_VALUE_REAL, "K");
    ls_tags_declare(b.tags, ls_tags_find(b.tags, "g/n/saw-2/State", 15), LS_VALUE_INT, "kW");
    ls_tags_declare(b.tags, ls_tags_find(b.tags, "g/n/saw-2/Good", 14), LS_VALUE_TEXT, "");
    (void)send_text(&b, "g/n/saw-2/State", S, "dancing");
    ls_mapping_complain(b.mapping, &out);
    CHECK_CONTAINS(out.data,
                   "g/n/saw-1/State (state of saw-1): was never heard; did you mean "
                   "'g/n/saw-1/Sate'?");
    CHECK_CONTAINS(out.data, "the source says unit 'K', the plant file 'C'");
    CHECK_CONTAINS(out.data, "has the unit 'kW'; is it the right tag?");
    CHECK_CONTAINS(out.data, "is a text at the source: a count is a whole number");
    CHECK_CONTAINS(out.data, "1 of 1 samples refused, the last: state of saw-2: 'dancing'");
    CHECK_CONTAINS(out.data, "plant.yaml:14:");
    ls_buffer_clear(&out);
    close_bench(&b);
}

static void test_out_of_memory_is_an_error(void) {
    ls_plant *plant = test_good(test_mapping_plant);
    bool is_done = false;
    for (int64_t allowed = 0; allowed < 200 && !is_done; allowed++) {
        ls_tags *tags = NULL;
        ls_mapping *mapping = NULL;
        CHECK_INT(ls_tags_create(&tags, NULL), LS_OK);
        ls_alloc_fail_after(allowed);
        const ls_status status = ls_mapping_create(plant, tags, &mapping, NULL);
        ls_alloc_fail_after(-1);
        is_done = status == LS_OK;
        CHECK(is_done || (status == LS_ERR_MEMORY && mapping == NULL));
        ls_mapping_destroy(mapping);
        ls_tags_destroy(tags);
    }
    CHECK(is_done);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_states_by_number_and_word);
    TEST(test_reasons_by_name_and_translation);
    TEST(test_counters_become_differences);
    TEST(test_counters_lose_nothing_property);
    TEST(test_counters_after_a_restart);
    TEST(test_texts_are_bounded);
    TEST(test_lot_texts_and_due_dates);
    TEST(test_registers_that_name_lots_tell_who_came);
    TEST(test_registers_of_an_order_pool_tell_who_waits_and_until_when);
    TEST(test_silence_of_a_machine_is_told_once);
    TEST(test_values_queues_and_orders);
    TEST(test_complaints_say_what_does_not_fit);
    TEST(test_out_of_memory_is_an_error);
    return harness_report();
}
