// sparkplug_payload_test.c - payloads written and read back, by hand, at random and damaged.
#include "line/sparkplug_payload.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

enum { BUFFER = 1 << 16 };
static uint8_t buffer[BUFFER];

// splitmix64 (Steele, Lea, Flood 2014): good enough to choose test cases.
static uint64_t luck;
static uint64_t draw(void) {
    uint64_t z = luck += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static uint64_t below(uint64_t n) {
    return draw() % n;
}

static ls_sparkplug_span text(const char *s) {
    return (ls_sparkplug_span){s, strlen(s)};
}

static bool same_span(ls_sparkplug_span a, ls_sparkplug_span b) {
    return (a.data == NULL) == (b.data == NULL) && a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static bool same_metric(const ls_sparkplug_metric *a, const ls_sparkplug_metric *b) {
    return same_span(a->name, b->name) && a->has_alias == b->has_alias && a->alias == b->alias &&
           a->has_timestamp == b->has_timestamp && a->timestamp_ms == b->timestamp_ms &&
           a->has_type == b->has_type && a->type == b->type && a->historical == b->historical &&
           a->transient == b->transient && a->null == b->null && a->field == b->field &&
           a->bits == b->bits && same_span(a->span, b->span) && a->has_quality == b->has_quality &&
           a->quality == b->quality && same_span(a->unit, b->unit) &&
           same_span(a->metadata, b->metadata);
}

static size_t write_one(const ls_sparkplug_metric *metric) {
    ls_sparkplug_writer w;
    ls_sparkplug_begin(&w, buffer, BUFFER, 1700000000123);
    ls_sparkplug_add(&w, metric);
    ls_sparkplug_add_seq(&w, 7);
    return ls_sparkplug_size(&w);
}

static bool read_one(const void *bytes, size_t size, ls_sparkplug_metric *out) {
    ls_sparkplug_reader r;
    ls_sparkplug_metric more;
    return ls_sparkplug_open(&r, bytes, size) && ls_sparkplug_next(&r, out) &&
           !ls_sparkplug_next(&r, &more) && r.reason == NULL;
}

static void test_frame_is_read_whatever_the_order(void) {
    // seq 5, metric {alias 9, int 300}, an unknown field 15, timestamp 1000
    static const uint8_t bytes[] = {0x18, 5,    0x12, 5,   0x10, 9,    0x50, 0xac,
                                    0x02, 0x7a, 2,    'h', 'i',  0x08, 0xe8, 0x07};
    ls_sparkplug_reader r;
    CHECK(ls_sparkplug_open(&r, bytes, sizeof bytes));
    CHECK_INT(r.metrics, 1);
    CHECK(r.has_seq && r.seq == 5);
    CHECK(r.has_timestamp && r.timestamp_ms == 1000);
    ls_sparkplug_metric m;
    CHECK(ls_sparkplug_next(&r, &m));
    CHECK(m.has_alias && m.alias == 9 && m.field == LS_SPARKPLUG_INT_VALUE && m.bits == 300);
    CHECK(!ls_sparkplug_next(&r, &m));
    CHECK(r.reason == NULL);
}

static void test_empty_payload_holds_nothing(void) {
    ls_sparkplug_reader r;
    ls_sparkplug_metric m;
    CHECK(ls_sparkplug_open(&r, NULL, 0));
    CHECK(!ls_sparkplug_next(&r, &m));
    CHECK(r.reason == NULL && !r.has_seq && !r.has_timestamp);
}

typedef struct bad {
    const char *bytes;
    size_t size;
    const char *reason;
} bad;

static void test_malformed_bytes_are_refused_with_a_reason(void) {
    static const bad cases[] = {
        {"\x08", 1, "ends within a varint"},
        {"\x08\x80", 2, "ends within a varint"},
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, "longer than 64 bits"},
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, "longer than 64 bits"},
        {"\x12\x05\x10", 3, "beyond the end"},
        {"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "beyond the end"},
        {"\x0b\x0c", 2, "group"},
        {"\x0f", 1, "does not exist"},
        {"\x00\x00", 2, "cannot be"},
        {"\x0a\x00", 2, "another wire type"},
        {"\x12\x02\x12\x00", 4, "another wire type"},      // alias as a span
        {"\x12\x03\x69\x00\x00", 5, "within a number"},    // double_value, cut
        {"\x12\x03\x65\x00\x00", 5, "within a number"},    // float_value, cut
        {"\x12\x02\x68\x00", 4, "another wire type"},      // double_value as a varint
        {"\x12\x05\x4a\x03\x0a\x01k", 7, "as many keys"},  // a key without a value
        {"\x12\x03\x4a\x01\x0b", 5, "group"},              // inside of properties
        {"\x12\x10\x4a\x0e\x0a\x07Quality\x12\x03\x18\x80\x80", 18, "within a varint"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ls_sparkplug_reader r;
        ls_sparkplug_metric m;
        harness_note("case %zu", i);
        bool good = ls_sparkplug_open(&r, cases[i].bytes, cases[i].size);
        while (good && ls_sparkplug_next(&r, &m)) {
        }
        CHECK_CONTAINS(r.reason != NULL ? r.reason : "(none)", cases[i].reason);
        CHECK(r.bad_at <= cases[i].size);
        CHECK(!ls_sparkplug_next(&r, &m));  // stays refused
    }
}

// One row for each data type: what goes in must come out.
typedef struct row {
    ls_sparkplug_type type;
    ls_sample sample;
} row;
#define INT(v) \
    { .kind = LS_VALUE_INT, .value.integer = (v) }
#define UINT(v) \
    { .kind = LS_VALUE_UINT, .value.natural = (v) }
#define TEXTS(s) \
    { .kind = LS_VALUE_TEXT, .size = sizeof(s) - 1, .value.text = (s) }
#define BYTES(s) \
    { .kind = LS_VALUE_BYTES, .size = sizeof(s) - 1, .value.text = (s) }

static void test_every_type_comes_back_as_it_was(void) {
    static const row rows[] = {
        {LS_SPARKPLUG_INT8, INT(-128)},
        {LS_SPARKPLUG_INT8, INT(127)},
        {LS_SPARKPLUG_INT16, INT(-32768)},
        {LS_SPARKPLUG_INT32, INT(INT32_MIN)},
        {LS_SPARKPLUG_INT32, INT(-1)},
        {LS_SPARKPLUG_INT64, INT(INT64_MIN)},
        {LS_SPARKPLUG_INT64, INT(-1)},
        {LS_SPARKPLUG_UINT8, UINT(255)},
        {LS_SPARKPLUG_UINT16, UINT(65535)},
        {LS_SPARKPLUG_UINT32, UINT(UINT32_MAX)},
        {LS_SPARKPLUG_UINT64, UINT(UINT64_MAX)},
        {LS_SPARKPLUG_FLOAT, {.kind = LS_VALUE_FLOAT, .value.real = 0.5}},
        {LS_SPARKPLUG_FLOAT, {.kind = LS_VALUE_FLOAT, .value.real = -INFINITY}},
        {LS_SPARKPLUG_DOUBLE, {.kind = LS_VALUE_REAL, .value.real = 0.1}},
        {LS_SPARKPLUG_DOUBLE, {.kind = LS_VALUE_REAL, .value.real = -0.0}},
        {LS_SPARKPLUG_BOOLEAN, {.kind = LS_VALUE_BOOL, .value.integer = 1}},
        {LS_SPARKPLUG_BOOLEAN, {.kind = LS_VALUE_BOOL, .value.integer = 0}},
        {LS_SPARKPLUG_STRING, TEXTS("Gr\xc3\xbc\xc3\x9f"
                                    "e")},
        {LS_SPARKPLUG_STRING, TEXTS("")},
        {LS_SPARKPLUG_DATETIME, UINT(1700000000123)},
        {LS_SPARKPLUG_TEXT, TEXTS("text")},
        {LS_SPARKPLUG_UUID, TEXTS("123e4567-e89b-12d3-a456-426614174000")},
        {LS_SPARKPLUG_DATASET, BYTES("\x08\x02")},
        {LS_SPARKPLUG_BYTES, BYTES("\x00\xff")},
        {LS_SPARKPLUG_FILE, BYTES("GIF89a")},
        {LS_SPARKPLUG_TEMPLATE, BYTES("\x0a\x01v")},
        {LS_SPARKPLUG_INT8_ARRAY, BYTES("\x01\x02")},
        {LS_SPARKPLUG_INT16_ARRAY, BYTES("\x01\x02")},
        {LS_SPARKPLUG_INT32_ARRAY, BYTES("\x01\x02\x03\x04")},
        {LS_SPARKPLUG_INT64_ARRAY, BYTES("12345678")},
        {LS_SPARKPLUG_UINT8_ARRAY, BYTES("\xff")},
        {LS_SPARKPLUG_UINT16_ARRAY, BYTES("\xff\xff")},
        {LS_SPARKPLUG_UINT32_ARRAY, BYTES("1234")},
        {LS_SPARKPLUG_UINT64_ARRAY, BYTES("12345678")},
        {LS_SPARKPLUG_FLOAT_ARRAY, BYTES("1234")},
        {LS_SPARKPLUG_DOUBLE_ARRAY, BYTES("12345678")},
        {LS_SPARKPLUG_BOOLEAN_ARRAY, BYTES("\x0c\x00\x00\x00\x34\xd0")},
        {LS_SPARKPLUG_STRING_ARRAY, BYTES("ABC\x00hello\x00")},
        {LS_SPARKPLUG_DATETIME_ARRAY, BYTES("12345678")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        harness_note("row %zu, type %s", i, ls_sparkplug_type_name(rows[i].type));
        ls_sparkplug_metric m = {.name = text("x")}, back;
        ls_sample sample = {.tag = 42, .time_us = 7, .flags = LS_SAMPLE_BIRTH};
        CHECK_STR(ls_sparkplug_encode(&rows[i].sample, rows[i].type, &m), NULL);
        CHECK(read_one(buffer, write_one(&m), &back));
        CHECK(same_metric(&m, &back));
        CHECK_INT(back.type, rows[i].type);
        CHECK_STR(ls_sparkplug_value(&back, back.type, &sample), NULL);
        CHECK(ls_sample_same(&sample, &rows[i].sample));
        CHECK_INT(ls_sparkplug_type_kind(rows[i].type), rows[i].sample.kind);
        CHECK(sample.tag == 42 && sample.time_us == 7 && sample.flags == LS_SAMPLE_BIRTH);
    }
}

static void test_null_and_quality_travel(void) {
    for (int quality = 0; quality < LS_QUALITY_COUNT; quality++) {
        ls_sample in = {.kind = LS_VALUE_NONE, .quality = (uint8_t)quality}, out = {0};
        ls_sparkplug_metric m = {.name = text("x"), .unit = text("mm/s")}, back;
        CHECK_STR(ls_sparkplug_encode(&in, LS_SPARKPLUG_INT32, &m), NULL);
        CHECK(read_one(buffer, write_one(&m), &back));
        CHECK(same_metric(&m, &back));
        CHECK(back.null && back.type == LS_SPARKPLUG_INT32);
        CHECK_STR(ls_sparkplug_value(&back, back.type, &out), NULL);
        CHECK(out.kind == LS_VALUE_NONE);
        CHECK_INT(out.quality, quality == LS_QUALITY_UNCERTAIN ? LS_QUALITY_BAD : quality);
    }
}

static const char *value_of(uint8_t field, uint64_t bits, ls_sparkplug_type type, ls_sample *out) {
    const ls_sparkplug_metric m = {.field = field, .bits = bits};
    *out = (ls_sample){.kind = 99};
    return ls_sparkplug_value(&m, type, out);
}

static void test_producers_that_choose_another_field_are_understood(void) {
    ls_sample s;
    CHECK_STR(value_of(LS_SPARKPLUG_LONG_VALUE, 4000000000u, LS_SPARKPLUG_UINT32, &s), NULL);
    CHECK(s.kind == LS_VALUE_UINT && s.value.natural == 4000000000u);
    CHECK_STR(value_of(LS_SPARKPLUG_INT_VALUE, 0xff, LS_SPARKPLUG_INT8, &s), NULL);
    CHECK_INT(s.value.integer, -1);
    CHECK_STR(value_of(LS_SPARKPLUG_INT_VALUE, 0xffffffff, LS_SPARKPLUG_INT8, &s), NULL);
    CHECK_INT(s.value.integer, -1);
    CHECK_STR(value_of(LS_SPARKPLUG_LONG_VALUE, 0xffffffff, LS_SPARKPLUG_INT32, &s), NULL);
    CHECK_INT(s.value.integer, -1);
    CHECK_STR(value_of(LS_SPARKPLUG_INT_VALUE, 1, LS_SPARKPLUG_BOOLEAN, &s), NULL);
    CHECK(s.kind == LS_VALUE_BOOL && s.value.integer == 1);
    CHECK_STR(value_of(LS_SPARKPLUG_DOUBLE_VALUE, 0x3fb999999999999au, LS_SPARKPLUG_FLOAT, &s),
              NULL);
    CHECK(s.kind == LS_VALUE_REAL && s.value.real == 0.1);
}

static void test_values_that_do_not_fit_are_refused_with_a_reason(void) {
    ls_sample s;
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_INT_VALUE, 256, LS_SPARKPLUG_UINT8, &s), "fit");
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_INT_VALUE, 256, LS_SPARKPLUG_INT8, &s), "fit");
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_INT_VALUE, 0xffffff7f, LS_SPARKPLUG_INT8, &s), "fit");
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_INT_VALUE, 0xffffffff, LS_SPARKPLUG_INT64, &s), "fit");
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_LONG_VALUE, 1ull << 32, LS_SPARKPLUG_INT32, &s), "fit");
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_INT_VALUE, 2, LS_SPARKPLUG_BOOLEAN, &s), "fit");
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_INT_VALUE, 1, LS_SPARKPLUG_DOUBLE, &s), "field");
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_DOUBLE_VALUE, 1, LS_SPARKPLUG_INT32, &s), "field");
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_INT_VALUE, 1, LS_SPARKPLUG_STRING, &s), "field");
    CHECK_CONTAINS(value_of(LS_SPARKPLUG_NO_VALUE, 0, LS_SPARKPLUG_INT32, &s), "no value");
    CHECK_INT(s.kind, 99);
    const ls_sparkplug_metric latin = {.field = LS_SPARKPLUG_STRING_VALUE,
                                       .span = text("\xe9t\xe9")};
    CHECK_CONTAINS(ls_sparkplug_value(&latin, LS_SPARKPLUG_STRING, &s), "UTF-8");
}

static void test_unknown_types_are_kept_but_uncertain(void) {
    ls_sample s;
    CHECK_STR(value_of(LS_SPARKPLUG_LONG_VALUE, 12, 0, &s), NULL);
    CHECK(s.kind == LS_VALUE_UINT && s.quality == LS_QUALITY_UNCERTAIN && s.value.natural == 12);
    CHECK_STR(value_of(LS_SPARKPLUG_FLOAT_VALUE, 0x3f000000, 35, &s), NULL);
    CHECK(s.kind == LS_VALUE_FLOAT && s.value.real == 0.5);
    const ls_sparkplug_metric latin = {.field = LS_SPARKPLUG_STRING_VALUE,
                                       .span = text("\xe9t\xe9")};
    CHECK_STR(ls_sparkplug_value(&latin, 77, &s), NULL);
    CHECK(s.kind == LS_VALUE_BYTES && s.size == 3);
    const ls_sparkplug_metric extension = {.field = LS_SPARKPLUG_EXTENSION_VALUE,
                                           .span = text("e")};
    CHECK_STR(ls_sparkplug_value(&extension, 0, &s), NULL);
    CHECK(s.kind == LS_VALUE_BYTES && s.size == 1);
}

static void test_a_nan_keeps_its_bits(void) {
    const uint32_t nans[] = {0x7fc00000, 0xffc00001, 0x7f800001, 0x7fabcdef};
    for (size_t i = 0; i < sizeof nans / sizeof nans[0]; i++) {
        ls_sample s;
        ls_sparkplug_metric m = {0};
        CHECK_STR(value_of(LS_SPARKPLUG_FLOAT_VALUE, nans[i], LS_SPARKPLUG_FLOAT, &s), NULL);
        CHECK(isnan(s.value.real));
        CHECK_STR(ls_sparkplug_encode(&s, LS_SPARKPLUG_FLOAT, &m), NULL);
        CHECK_INT(m.bits, nans[i]);
    }
}

static void test_encoding_refuses_what_a_type_cannot_hold(void) {
    ls_sparkplug_metric m = {0};
    const ls_sample big = INT(300), minus = INT(-1), words = TEXTS("on");
    const ls_sample half = {.kind = LS_VALUE_REAL, .value.real = 0.5};
    const ls_sample huge = {.kind = LS_VALUE_REAL, .value.real = 1e300};
    CHECK_CONTAINS(ls_sparkplug_encode(&big, LS_SPARKPLUG_INT8, &m), "fit");
    CHECK_CONTAINS(ls_sparkplug_encode(&big, LS_SPARKPLUG_BOOLEAN, &m), "fit");
    CHECK_CONTAINS(ls_sparkplug_encode(&minus, LS_SPARKPLUG_UINT64, &m), "fit");
    CHECK_CONTAINS(ls_sparkplug_encode(&half, LS_SPARKPLUG_INT32, &m), "fit");
    CHECK_CONTAINS(ls_sparkplug_encode(&huge, LS_SPARKPLUG_INT64, &m), "fit");
    CHECK_CONTAINS(ls_sparkplug_encode(&huge, LS_SPARKPLUG_FLOAT, &m), "fit");
    CHECK_CONTAINS(ls_sparkplug_encode(&words, LS_SPARKPLUG_INT32, &m), "kind");
    CHECK_CONTAINS(ls_sparkplug_encode(&big, LS_SPARKPLUG_STRING, &m), "kind");
    CHECK_CONTAINS(ls_sparkplug_encode(&big, LS_SPARKPLUG_UNKNOWN, &m), "no type");
    CHECK_INT(m.field, 0);
    CHECK_STR(ls_sparkplug_encode(&big, LS_SPARKPLUG_DOUBLE, &m), NULL);
}

static void random_span(ls_sparkplug_span *out, const char *pool, size_t pool_size, size_t most) {
    if (below(3) != 0) {
        const size_t size = (size_t)below(most + 1);
        *out = (ls_sparkplug_span){pool + below(pool_size - most), size};
    }
}

static ls_sparkplug_metric random_metric(const char *pool, size_t pool_size) {
    ls_sparkplug_metric m = {0};
    random_span(&m.name, pool, pool_size, 200);
    if (below(2)) {
        m.has_alias = true;
        m.alias = draw() >> below(64);
    }
    if (below(2)) {
        m.has_timestamp = true;
        m.timestamp_ms = draw() >> below(64);
    }
    if (below(2)) {
        m.has_type = true;
        m.type = (uint32_t)below(40);
    }
    m.historical = below(2);
    m.transient = below(2);
    m.null = below(2);
    if (below(4) == 0) {
        m.has_quality = true;
        m.quality = (int32_t)draw();
    }
    if (below(4) == 0) {
        random_span(&m.unit, pool, pool_size, 30);
    }
    if (below(8) == 0) {
        random_span(&m.metadata, pool, pool_size, 150);
    }
    m.field = below(11) == 0 ? LS_SPARKPLUG_NO_VALUE : (uint8_t)(10 + below(10));
    if (m.field >= LS_SPARKPLUG_STRING_VALUE) {
        m.span = (ls_sparkplug_span){pool + below(100), (size_t)below(300)};
    } else if (m.field != LS_SPARKPLUG_NO_VALUE) {
        m.bits = draw() >> below(64);
        m.bits = m.field == LS_SPARKPLUG_INT_VALUE || m.field == LS_SPARKPLUG_FLOAT_VALUE
                     ? (uint32_t)m.bits
                 : m.field == LS_SPARKPLUG_BOOLEAN_VALUE ? m.bits & 1
                                                         : m.bits;
    }
    return m;
}

enum { METRICS = 40, POOL = 1024 };

static size_t random_payload(ls_sparkplug_metric metrics[METRICS], size_t *out_count,
                             const char *pool, uint64_t *out_seq) {
    ls_sparkplug_writer w;
    *out_count = (size_t)below(METRICS + 1);
    *out_seq = below(256);
    ls_sparkplug_begin(&w, buffer, BUFFER, draw());
    for (size_t i = 0; i < *out_count; i++) {
        const size_t before = ls_sparkplug_size(&w);
        metrics[i] = random_metric(pool, POOL);
        ls_sparkplug_add(&w, &metrics[i]);
        CHECK_INT(ls_sparkplug_size(&w) - before, ls_sparkplug_metric_size(&metrics[i]));
    }
    ls_sparkplug_add_seq(&w, *out_seq);
    return ls_sparkplug_size(&w);
}

static void fill_pool(char pool[POOL]) {
    for (size_t i = 0; i < POOL; i++) {
        pool[i] = (char)draw();
    }
}

static void test_random_payloads_come_back_the_same(void) {
    static ls_sparkplug_metric metrics[METRICS];
    char pool[POOL];
    for (uint64_t seed = 1; seed <= 3000 && !harness_has_failed(); seed++) {
        luck = seed;
        harness_note("seed %llu", (unsigned long long)seed);
        fill_pool(pool);
        size_t count;
        uint64_t seq;
        const size_t size = random_payload(metrics, &count, pool, &seq);
        ls_sparkplug_reader r;
        ls_sparkplug_metric back;
        CHECK(ls_sparkplug_open(&r, buffer, size));
        CHECK(r.metrics == count && r.seq == seq);
        for (size_t i = 0; i < count; i++) {
            CHECK(ls_sparkplug_next(&r, &back));
            CHECK(same_metric(&metrics[i], &back));
        }
        CHECK(!ls_sparkplug_next(&r, &back));
        CHECK(r.reason == NULL);
    }
}

// Whatever comes, the reader ends, stays inside and gives a reason or metrics that stay inside.
static void walk_damaged(const uint8_t *bytes, size_t size) {
    ls_sparkplug_reader r;
    ls_sparkplug_metric m;
    if (!ls_sparkplug_open(&r, bytes, size)) {
        CHECK(r.reason != NULL);
        return;
    }
    uint32_t count = 0;
    while (ls_sparkplug_next(&r, &m)) {
        ls_sample s = {0};
        const char *end = (const char *)bytes + size;
        CHECK(m.span.data == NULL ||
              (m.span.data <= end && m.span.size <= (size_t)(end - m.span.data)));
        CHECK(m.name.data == NULL ||
              (m.name.data <= end && m.name.size <= (size_t)(end - m.name.data)));
        if (ls_sparkplug_value(&m, m.type, &s) == NULL) {
            CHECK(s.kind < LS_VALUE_KIND_COUNT && s.quality < LS_QUALITY_COUNT);
        }
        count++;
    }
    CHECK(r.reason != NULL || count == r.metrics);
}

static void test_damaged_payloads_are_refused_or_read_never_worse(void) {
    static ls_sparkplug_metric metrics[METRICS];
    static uint8_t damaged[BUFFER];
    char pool[POOL];
    for (uint64_t seed = 1; seed <= 400 && !harness_has_failed(); seed++) {
        luck = seed;
        harness_note("seed %llu", (unsigned long long)seed);
        fill_pool(pool);
        size_t count;
        uint64_t seq;
        const size_t size = random_payload(metrics, &count, pool, &seq);
        for (int turn = 0; turn < 50; turn++) {
            memcpy(damaged, buffer, size);
            const size_t cut = below(3) == 0 ? (size_t)below(size + 1) : size;
            for (uint64_t flips = below(4); flips > 0 && cut > 0; flips--) {
                damaged[below(cut)] ^= (uint8_t)(1u << below(8));
            }
            walk_damaged(damaged, cut);
        }
    }
}

static void test_every_cut_of_a_payload_has_a_reason_or_is_a_beginning(void) {
    ls_sparkplug_metric m = {
        .name = text("Temperature"), .unit = text("degC"), .has_quality = true};
    const ls_sample value = {.kind = LS_VALUE_REAL, .value.real = 21.5};
    CHECK_STR(ls_sparkplug_encode(&value, LS_SPARKPLUG_DOUBLE, &m), NULL);
    const size_t size = write_one(&m);
    const size_t frame = 7;  // the timestamp alone
    for (size_t cut = 0; cut < size; cut++) {
        ls_sparkplug_reader r;
        const bool good = ls_sparkplug_open(&r, buffer, cut);
        const bool whole = cut == 0 || cut == frame || cut == size - 2;
        CHECK_INT(good, whole);
        CHECK((r.reason == NULL) == whole);
    }
}

static void test_writer_stops_at_the_end_of_its_buffer(void) {
    ls_sparkplug_metric m = {.name = text("Temperature"), .has_alias = true, .alias = 300};
    const ls_sample value = {.kind = LS_VALUE_REAL, .value.real = 21.5};
    CHECK_STR(ls_sparkplug_encode(&value, LS_SPARKPLUG_DOUBLE, &m), NULL);
    const size_t size = write_one(&m);
    for (size_t capacity = 0; capacity <= size; capacity++) {
        uint8_t small[128];
        memset(small, 0xee, sizeof small);
        ls_sparkplug_writer w;
        ls_sparkplug_begin(&w, small, capacity, 1700000000123);
        ls_sparkplug_add(&w, &m);
        ls_sparkplug_add_seq(&w, 7);
        CHECK_INT(ls_sparkplug_size(&w), capacity < size ? 0 : size);
        CHECK_INT(small[capacity], 0xee);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_frame_is_read_whatever_the_order);
    TEST(test_empty_payload_holds_nothing);
    TEST(test_malformed_bytes_are_refused_with_a_reason);
    TEST(test_every_type_comes_back_as_it_was);
    TEST(test_null_and_quality_travel);
    TEST(test_producers_that_choose_another_field_are_understood);
    TEST(test_values_that_do_not_fit_are_refused_with_a_reason);
    TEST(test_unknown_types_are_kept_but_uncertain);
    TEST(test_a_nan_keeps_its_bits);
    TEST(test_encoding_refuses_what_a_type_cannot_hold);
    TEST(test_random_payloads_come_back_the_same);
    TEST(test_damaged_payloads_are_refused_or_read_never_worse);
    TEST(test_every_cut_of_a_payload_has_a_reason_or_is_a_beginning);
    TEST(test_writer_stops_at_the_end_of_its_buffer);
    return harness_report();
}
