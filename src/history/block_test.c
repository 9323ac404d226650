// Blocks: what goes in comes out, to the bit, whatever its shape; damage is seen.
#include "history/block.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "history/crc.h"
#include "history/reals.h"
#include "tests/harness.h"

enum { COUNT_MAX = 3000, TEXT_POOL = 64 };

static uint64_t random_state;

static uint64_t random_next(void) {
    uint64_t z = (random_state += 0x9e3779b97f4a7c15u);  // splitmix64
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double random_unit(void) {
    return (double)(random_next() >> 11) * 0x1p-53;
}

static int64_t bits_of(double value) {
    int64_t bits;
    memcpy(&bits, &value, 8);
    return bits;
}

static bool equal_samples(const ls_sample *a, const ls_sample *b) {
    return a->time_us == b->time_us && a->flags == b->flags && ls_sample_same(a, b);
}

// ---- shapes of times and values

typedef void time_shape(ls_sample *s, size_t n);
typedef void value_shape(ls_sample *s, size_t n);

static void times_steady(ls_sample *s, size_t n) {
    const int64_t step = (int64_t)(random_next() % 1000000);
    for (size_t i = 0; i < n; i++) {
        s[i].time_us = 1700000000000000 + (int64_t)i * step;
    }
}
static void times_jitter_ms(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        s[i].time_us = 1700000000000000 + (int64_t)i * 100000 + (int64_t)(random_next() % 7) * 1000;
    }
}
static void times_wild(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        s[i].time_us = (int64_t)random_next();
    }
}
static void times_extreme(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        s[i].time_us = i % 3 == 0 ? INT64_MIN : i % 3 == 1 ? INT64_MAX : 0;
    }
}
static void times_seconds_late(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        s[i].time_us = (int64_t)(i ^ (random_next() % 4)) * 1000000 - 5000000;
    }
}

static void each(ls_sample *s, size_t i, ls_value_kind kind, int64_t bits) {
    s[i].kind = (uint8_t)kind;
    s[i].value.integer = bits;
}
static void values_constant(ls_sample *s, size_t n) {
    const double value = random_unit();
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_REAL, bits_of(value));
    }
}
static void values_decimals(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char text[32];
        snprintf(text, sizeof text, "%.3f", 20 + 5 * sin((double)i / 30) + random_unit());
        each(s, i, LS_VALUE_REAL, bits_of(strtod(text, NULL)));
    }
}
static void values_decimals_with_holes(ls_sample *s, size_t n) {
    values_decimals(s, n);
    const int64_t odd[] = {bits_of(NAN),       bits_of(-0.0),      bits_of(INFINITY),
                           bits_of(-INFINITY), 0x7ff8dead0000beef, -1};
    for (size_t i = 0; i < n; i += 1 + random_next() % 40) {
        s[i].value.integer = odd[random_next() % 6];
    }
}
static void values_noise(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_REAL, bits_of(random_unit() - 0.5));
    }
}
static void values_any_bits(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_REAL, (int64_t)random_next());
    }
}
static void values_floats(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_FLOAT, bits_of((double)(float)(20.1 + 0.1 * (double)(i % 70))));
    }
}
static void values_rough_floats(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_FLOAT, bits_of((double)(float)(random_unit() - 0.5)));
    }
}
static void values_wrong_floats(ls_sample *s, size_t n) {  // doubles that say they are floats
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_FLOAT, bits_of(0.1 * (double)i));
    }
}
static void values_powers(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_REAL, bits_of(ldexp(1 + (double)(i % 2), (int)(i % 2000) - 1040)));
    }
}
static void values_large_decimals(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_REAL, bits_of(9007199254740000.0 + (double)(i % 2000)));
    }
}
static void values_counter(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_UINT, (int64_t)(UINT64_MAX - 100 + i));  // wraps
    }
}
static void values_walk(ls_sample *s, size_t n) {
    int64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at += (int64_t)(random_next() % 201) - 100;
        each(s, i, LS_VALUE_INT, at);
    }
}
static void values_humps(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_INT,
             (int64_t)(random_next() % 6) * 100000 + (int64_t)(random_next() % 30));
    }
}
static void values_few(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_INT, (int64_t)((random_next() % 5) * 0x123456789abcdefu));
    }
}
static void values_bools(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_BOOL, random_next() % 10 == 0);
    }
}
static void values_any_integers(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_INT, (int64_t)(random_next() >> (random_next() % 64)));
    }
}
static char text_pool[TEXT_POOL][40];
static void values_texts(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const size_t at = random_next() % TEXT_POOL;
        each(s, i, random_next() % 4 == 0 ? LS_VALUE_BYTES : LS_VALUE_TEXT, 0);
        s[i].value.text = text_pool[at];
        s[i].size = (uint32_t)(at % 40);
    }
}
static void values_none(ls_sample *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        each(s, i, LS_VALUE_NONE, 0);
    }
}
static value_shape *const value_shapes[] = {
    values_constant,     values_decimals,     values_decimals_with_holes,
    values_noise,        values_any_bits,     values_floats,
    values_rough_floats, values_wrong_floats, values_powers,
    values_counter,      values_walk,         values_humps,
    values_few,          values_bools,        values_any_integers,
    values_texts,        values_none,         values_large_decimals,
};
enum { VALUE_SHAPES = sizeof value_shapes / sizeof value_shapes[0] };
static time_shape *const time_shapes[] = {times_steady, times_jitter_ms, times_wild, times_extreme,
                                          times_seconds_late};
enum { TIME_SHAPES = sizeof time_shapes / sizeof time_shapes[0] };

// Some samples take another kind, quality or flags: runs of them, or single ones.
static void mix(ls_sample *s, size_t n) {
    ls_sample other[COUNT_MAX];
    memset(other, 0, sizeof other);
    value_shapes[random_next() % VALUE_SHAPES](other, n);
    bool on = false;
    const uint64_t often = 2 + random_next() % 200;
    for (size_t i = 0; i < n; i++) {
        on = random_next() % often == 0 ? !on : on;
        if (on) {
            const int64_t time = s[i].time_us;
            s[i] = other[i];
            s[i].time_us = time;
            s[i].quality = random_next() % LS_QUALITY_COUNT;
            s[i].flags = (uint8_t)(random_next() % 3 == 0 ? random_next() : 0);
        }
    }
}

static void fill(ls_sample *s, size_t n, unsigned times, unsigned values, bool mixed) {
    memset(s, 0, n * sizeof *s);
    value_shapes[values](s, n);
    time_shapes[times](s, n);
    if (mixed) {
        mix(s, n);
    }
}

static bool round_trip(ls_block_codec *codec, const ls_sample *s, size_t n, size_t *out_size) {
    const void *bytes = NULL;
    size_t taken = 0;
    ls_error err;
    if (ls_block_pack(codec, s, n, &bytes, out_size, &taken, &err) != LS_OK || taken != n) {
        printf("pack: %s\n", err.text);
        return false;
    }
    void *copy = malloc(*out_size);  // exactly so large, for the sanitizer
    memcpy(copy, bytes, *out_size);
    const ls_sample *got = NULL;
    size_t got_count = 0;
    ls_block_head head;
    bool same = ls_block_look(copy, *out_size, &head, &err) == LS_OK && head.count == n &&
                ls_block_unpack(codec, copy, *out_size, 7, &got, &got_count, &err) == LS_OK &&
                got_count == n;
    for (size_t i = 0; i < n && same; i++) {
        same = equal_samples(&s[i], &got[i]) && got[i].tag == 7 && s[i].time_us >= head.first_us &&
               s[i].time_us <= head.last_us;
    }
    free(copy);
    return same;
}

static void test_every_shape_comes_back_to_the_bit(void) {
    ls_block_codec *codec = NULL;
    CHECK_INT(ls_block_codec_create(&codec, NULL), LS_OK);
    static ls_sample s[COUNT_MAX];
    const size_t counts[] = {1, 2, 3, 7, 24, 49, 200, 1000, COUNT_MAX};
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned v = 0; v < VALUE_SHAPES; v++) {
            for (unsigned t = 0; t < TIME_SHAPES; t++) {
                for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
                    random_state = round * 1000003u + v * 1009u + t * 31u + c;
                    size_t size = 0;
                    fill(s, counts[c], t, v, round > 0);
                    const bool same = round_trip(codec, s, counts[c], &size);
                    if (!same) {
                        printf("round %u values %u times %u count %zu\n", round, v, t, counts[c]);
                    }
                    CHECK(same);
                }
            }
        }
    }
    ls_block_codec_destroy(codec);
}

static double bytes_per_sample(ls_block_codec *codec, unsigned times, unsigned values) {
    static ls_sample s[1000];
    size_t size = 0;
    random_state = 5;
    fill(s, 1000, times, values, false);
    CHECK(round_trip(codec, s, 1000, &size));
    return (double)size / 1000;
}

static void test_simple_series_are_small(void) {
    ls_block_codec *codec = NULL;
    CHECK_INT(ls_block_codec_create(&codec, NULL), LS_OK);
    CHECK(bytes_per_sample(codec, 0, 0) < 0.05);   // constant
    CHECK(bytes_per_sample(codec, 0, 1) < 1.5);    // noise of a thousand steps: 10 bits
    CHECK(bytes_per_sample(codec, 0, 9) < 0.05);   // counter
    CHECK(bytes_per_sample(codec, 0, 10) < 1.05);  // 201 equally likely steps: 7.65 bits
    CHECK(bytes_per_sample(codec, 0, 11) < 1.20);  // six humps of thirty: 7.5 bits
    CHECK(bytes_per_sample(codec, 0, 13) < 0.15);  // flags: 0.47 bits
    CHECK(bytes_per_sample(codec, 0, 5) < 0.3);    // floats of one decimal
    CHECK(bytes_per_sample(codec, 1, 0) < 0.60);   // times in seven steps of 1 ms
    CHECK(bytes_per_sample(codec, 0, 4) < 8.1);    // nothing to gain
    CHECK(bytes_per_sample(codec, 0, 6) < 4.1);    // a float has 4 bytes
    ls_block_codec_destroy(codec);
}

static void test_too_many_samples_or_texts_are_cut(void) {
    ls_block_codec *codec = NULL;
    CHECK_INT(ls_block_codec_create(&codec, NULL), LS_OK);
    const size_t n = LS_BLOCK_SAMPLES_MAX + 5;
    ls_sample *s = calloc(n, sizeof *s);
    const void *bytes = NULL;
    size_t size = 0;
    size_t taken = 0;
    CHECK_INT(ls_block_pack(codec, s, n, &bytes, &size, &taken, NULL), LS_OK);
    CHECK_INT(taken, LS_BLOCK_SAMPLES_MAX);
    // 20 different texts of 1 MiB: 16 fit.
    char *text = calloc(20, LS_SAMPLE_TEXT_MAX);
    for (size_t i = 0; i < 20; i++) {
        s[i].kind = LS_VALUE_TEXT;
        s[i].size = LS_SAMPLE_TEXT_MAX;
        s[i].value.text = text + i * LS_SAMPLE_TEXT_MAX;
        text[i * LS_SAMPLE_TEXT_MAX] = (char)('a' + i);
    }
    CHECK_INT(ls_block_pack(codec, s, 20, &bytes, &size, &taken, NULL), LS_OK);
    CHECK_INT(taken, 16);
    CHECK(round_trip(codec, s, 16, &size));
    s[0].size++;
    CHECK_INT(ls_block_pack(codec, s, 20, &bytes, &size, &taken, NULL), LS_ERR_INVALID);
    s[0].size--;
    s[3].kind = LS_VALUE_KIND_COUNT;
    CHECK_INT(ls_block_pack(codec, s, 20, &bytes, &size, &taken, NULL), LS_ERR_INVALID);
    s[3].kind = LS_VALUE_TEXT;
    s[3].quality = LS_QUALITY_COUNT;
    CHECK_INT(ls_block_pack(codec, s, 20, &bytes, &size, &taken, NULL), LS_ERR_INVALID);
    CHECK_INT(ls_block_pack(codec, s, 0, &bytes, &size, &taken, NULL), LS_ERR_INVALID);
    free(s);
    free(text);
    ls_block_codec_destroy(codec);
}

static void test_every_flipped_or_missing_byte_is_seen(void) {
    ls_block_codec *codec = NULL;
    CHECK_INT(ls_block_codec_create(&codec, NULL), LS_OK);
    ls_sample s[60];
    random_state = 11;
    fill(s, 60, 1, 15, true);
    const void *packed = NULL;
    size_t size = 0;
    size_t taken = 0;
    CHECK_INT(ls_block_pack(codec, s, 60, &packed, &size, &taken, NULL), LS_OK);
    uint8_t *bytes = malloc(size);
    memcpy(bytes, packed, size);
    const ls_sample *got;
    size_t count;
    ls_error err;
    for (size_t i = 0; i < size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1 << bit);
            CHECK(ls_block_unpack(codec, bytes, size, 0, &got, &count, &err) != LS_OK);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
        CHECK(ls_block_unpack(codec, bytes, i, 0, &got, &count, &err) != LS_OK);
    }
    bytes[0] = 9;
    CHECK_INT(ls_block_unpack(codec, bytes, size, 0, &got, &count, &err), LS_ERR_VERSION);
    free(bytes);
    ls_block_codec_destroy(codec);
}

// The checksum stops most damage, so the readers behind it get theirs with a checksum that is
// right.
static void test_damage_behind_the_checksum_does_no_harm(void) {
    ls_block_codec *codec = NULL;
    CHECK_INT(ls_block_codec_create(&codec, NULL), LS_OK);
    static ls_sample s[400];
    for (unsigned round = 0; round < 6000; round++) {
        random_state = round;
        const size_t n = 1 + random_next() % 400;
        fill(s, n, (unsigned)(random_next() % TIME_SHAPES),
             (unsigned)(random_next() % VALUE_SHAPES), round % 2 == 0);
        const void *packed = NULL;
        size_t size = 0;
        size_t taken = 0;
        CHECK_INT(ls_block_pack(codec, s, n, &packed, &size, &taken, NULL), LS_OK);
        uint8_t *bytes = malloc(size);
        memcpy(bytes, packed, size);
        for (unsigned k = 0; k < 1 + round % 3; k++) {
            bytes[5 + random_next() % (size - 5)] = (uint8_t)random_next();
        }
        const uint32_t crc = ls_crc32c(0, bytes + 5, size - 5);
        memcpy(bytes + 1, &crc, 4);
        const ls_sample *got = NULL;
        size_t count = 0;
        ls_error err;
        if (ls_block_unpack(codec, bytes, size, 0, &got, &count, &err) == LS_OK) {
            CHECK(count <= LS_BLOCK_SAMPLES_MAX);
        }
        free(bytes);
    }
    ls_block_codec_destroy(codec);
}

static void test_allocations_may_fail(void) {
    ls_sample s[300];
    random_state = 3;
    fill(s, 300, 1, 15, true);
    bool done = false;
    for (int64_t allowed = 0; !done; allowed++) {
        ls_alloc_fail_after(allowed);
        ls_block_codec *codec = NULL;
        const void *bytes = NULL;
        size_t size = 0;
        size_t taken = 0;
        const ls_sample *got = NULL;
        ls_status status = ls_block_codec_create(&codec, NULL);
        if (status == LS_OK) {
            status = ls_block_pack(codec, s, 300, &bytes, &size, &taken, NULL);
        }
        if (status == LS_OK) {
            void *copy = malloc(size);
            memcpy(copy, bytes, size);
            status = ls_block_unpack(codec, copy, size, 0, &got, &taken, NULL);
            free(copy);
        }
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY || status == LS_ERR_INVALID);
        done = status == LS_OK;
        ls_block_codec_destroy(codec);
    }
}

static void test_crc_by_instruction_and_by_table_are_equal(void) {
    CHECK_INT(ls_crc32c(0, "123456789", 9), 0xe3069283);  // the check value of CRC-32C
    uint8_t bytes[300];
    random_state = 1;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)random_next();
    }
    for (size_t from = 0; from < 9; from++) {
        for (size_t size = 0; size + from <= sizeof bytes; size += 7) {
            const uint32_t whole = ls_crc32c(0, bytes + from, size);
            CHECK_INT(whole, ls_crc32c_table(0, bytes + from, size));
            CHECK_INT(whole, ls_crc32c(ls_crc32c(0, bytes + from, size / 3),
                                       bytes + from + size / 3, size - size / 3));
        }
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    random_state = 77;
    for (size_t i = 0; i < TEXT_POOL; i++) {
        for (size_t k = 0; k < 40; k++) {
            text_pool[i][k] = (char)(random_next() % 3 == 0 ? random_next() : 'a' + i % 26);
        }
    }
    TEST(test_crc_by_instruction_and_by_table_are_equal);
    TEST(test_every_shape_comes_back_to_the_bit);
    TEST(test_simple_series_are_small);
    TEST(test_too_many_samples_or_texts_are_cut);
    TEST(test_every_flipped_or_missing_byte_is_seen);
    TEST(test_damage_behind_the_checksum_does_no_harm);
    TEST(test_allocations_may_fail);
    return harness_report();
}
