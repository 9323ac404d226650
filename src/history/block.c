// block.c - see block.h.
//
// A block is: version (1), CRC32C of all that follows (4 bytes, little endian), count (varint),
// earliest time (zigzag varint), from there to the latest (varint); the times; the attributes
// (kind, quality, flags), as runs; then a column of values for each family of kinds that occurs:
// integers, reals, floats, texts. Numbers of columns: integers.c, reals.c, texts.c.
//
// Times are nothing at all when they run in equal steps, which count, earliest and latest then say;
// else a column of integers in the largest unit of 1 us, 1 ms, 1 s that they all fit.
#include "history/block.h"

#include <assert.h>

#include "history/crc.h"
#include "history/reals.h"
#include "history/texts.h"

enum { BLOCK_VERSION = 1, HEAD_SIZE = 5, TIMES_STEADY = 0, TIMES_US, TIMES_MS, TIMES_S };
enum { FAMILY_INTEGERS, FAMILY_REALS, FAMILY_FLOATS, FAMILY_TEXTS, FAMILY_COUNT };

struct ls_block_codec {
    ls_integers *integers;
    ls_texts *texts;
    ls_writer out;
    ls_sample *samples;  // room for LS_BLOCK_SAMPLES_MAX, made by the first unpack
    int64_t *column, *scratch;
};

ls_status ls_block_codec_create(ls_block_codec **out, ls_error *err) {
    *out = NULL;
    ls_block_codec *it = ls_alloc(sizeof *it);
    if (it == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for packing samples");
    }
    ls_status status = ls_integers_create(&it->integers, err);
    if (status == LS_OK) {
        status = ls_texts_create(&it->texts, err);
    }
    it->column = ls_alloc(LS_BLOCK_SAMPLES_MAX * sizeof *it->column);
    it->scratch = ls_alloc(LS_BLOCK_SAMPLES_MAX * sizeof *it->scratch);
    if (status == LS_OK && (it->column == NULL || it->scratch == NULL)) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for packing samples");
    }
    if (status != LS_OK) {
        ls_block_codec_destroy(it);
        return status;
    }
    *out = it;
    return LS_OK;
}

void ls_block_codec_destroy(ls_block_codec *it) {
    if (it == NULL) {
        return;
    }
    ls_integers_destroy(it->integers);
    ls_texts_destroy(it->texts);
    ls_writer_clear(&it->out);
    ls_free(it->samples);
    ls_free(it->column);
    ls_free(it->scratch);
    ls_free(it);
}

static unsigned family_of(unsigned kind) {
    switch (kind) {
    case LS_VALUE_BOOL:
    case LS_VALUE_INT:
    case LS_VALUE_UINT: return FAMILY_INTEGERS;
    case LS_VALUE_REAL: return FAMILY_REALS;
    case LS_VALUE_FLOAT: return FAMILY_FLOATS;
    case LS_VALUE_TEXT:
    case LS_VALUE_BYTES: return FAMILY_TEXTS;
    default: return FAMILY_COUNT;
    }
}

// 3 bits of kind, 2 of quality, 8 of flags: one byte as a varint while there are few flags.
static unsigned attribute_of(const ls_sample *s) {
    return (unsigned)s->kind | (unsigned)s->quality << 3 | (unsigned)s->flags << 5;
}

// ---- packing

static ls_status check_sample(const ls_sample *s, ls_error *err) {
    if (s->kind >= LS_VALUE_KIND_COUNT) {
        return ls_fail(err, LS_ERR_INVALID, "a sample of kind %u; kinds go up to %d", s->kind,
                       LS_VALUE_KIND_COUNT - 1);
    }
    if (s->quality >= LS_QUALITY_COUNT) {
        return ls_fail(err, LS_ERR_INVALID, "a sample of quality %u; qualities go up to %d",
                       s->quality, LS_QUALITY_COUNT - 1);
    }
    if (family_of(s->kind) == FAMILY_TEXTS && s->size > LS_SAMPLE_TEXT_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "a text of %u bytes; at most %d are taken", s->size,
                       LS_SAMPLE_TEXT_MAX);
    }
    return LS_OK;
}

// How many samples fit, and their texts gathered.
static ls_status take(ls_block_codec *it, const ls_sample *samples, size_t count, size_t *out_taken,
                      ls_error *err) {
    if (count > LS_BLOCK_SAMPLES_MAX) {
        count = LS_BLOCK_SAMPLES_MAX;
    }
    bool has_texts = false;
    for (size_t i = 0; i < count; i++) {
        const ls_status status = check_sample(&samples[i], err);
        if (status != LS_OK) {
            return status;
        }
        has_texts = has_texts || family_of(samples[i].kind) == FAMILY_TEXTS;
    }
    if (has_texts) {
        ls_texts_start(it->texts);
    }
    for (size_t i = 0; i < count && has_texts; i++) {
        bool failed = false;
        if (family_of(samples[i].kind) != FAMILY_TEXTS ||
            ls_texts_add(it->texts, samples[i].value.text, samples[i].size, &failed)) {
            continue;
        }
        if (failed) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory for packing texts");
        }
        count = i;
    }
    assert(count > 0);
    *out_taken = count;
    return LS_OK;
}

static bool is_steady(const ls_sample *s, size_t n) {
    const uint64_t step = n > 1 ? (uint64_t)s[1].time_us - (uint64_t)s[0].time_us : 0;
    if (step > INT64_MAX / LS_BLOCK_SAMPLES_MAX) {
        return n == 1;
    }
    for (size_t i = 1; i < n; i++) {
        if ((uint64_t)s[i].time_us - (uint64_t)s[i - 1].time_us != step ||
            s[i].time_us < s[i - 1].time_us) {
            return false;
        }
    }
    return true;
}

static void pack_times(ls_block_codec *it, const ls_sample *s, size_t n, ls_writer *out) {
    int64_t first = s[0].time_us;
    int64_t last = first;
    for (size_t i = 1; i < n; i++) {
        first = s[i].time_us < first ? s[i].time_us : first;
        last = s[i].time_us > last ? s[i].time_us : last;
    }
    ls_write_varint(out, ls_zigzag(first));
    ls_write_varint(out, (uint64_t)last - (uint64_t)first);
    if (is_steady(s, n)) {
        ls_write_byte(out, TIMES_STEADY);
        return;
    }
    bool by_ms = true;
    bool by_s = true;
    for (size_t i = 0; i < n; i++) {
        const uint64_t since = (uint64_t)s[i].time_us - (uint64_t)first;
        by_ms = by_ms && since % 1000 == 0;
        by_s = by_s && since % 1000000 == 0;
        it->column[i] = (int64_t)since;
    }
    const uint64_t unit = by_s ? 1000000 : by_ms ? 1000 : 1;
    for (size_t i = 0; i < n && unit > 1; i++) {
        it->column[i] = (int64_t)((uint64_t)it->column[i] / unit);
    }
    ls_write_byte(out, by_s ? TIMES_S : by_ms ? TIMES_MS : TIMES_US);
    ls_integers_pack(it->integers, it->column, n, false, out);
}

// One for all: 0 and the attribute; else how many runs, then attribute and length of each.
static void pack_attributes(const ls_sample *s, size_t n, ls_writer *out) {
    size_t runs = 1;
    for (size_t i = 1; i < n; i++) {
        runs += attribute_of(&s[i]) != attribute_of(&s[i - 1]);
    }
    ls_write_varint(out, runs - 1);
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && attribute_of(&s[end]) == attribute_of(&s[i])) {
            end++;
        }
        ls_write_varint(out, attribute_of(&s[i]));
        if (runs > 1) {
            ls_write_varint(out, end - i);
        }
        i = end;
    }
}

static void pack_values(ls_block_codec *it, const ls_sample *s, size_t n, ls_writer *out) {
    for (unsigned family = 0; family < FAMILY_TEXTS; family++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            if (family_of(s[i].kind) == family) {
                it->column[count++] = s[i].value.integer;
            }
        }
        if (count > 0 && family == FAMILY_INTEGERS) {
            ls_integers_pack(it->integers, it->column, count, false, out);
        } else if (count > 0) {
            ls_reals_pack(it->integers, it->column, count, family == FAMILY_FLOATS, it->scratch,
                          out);
        }
        if (count == n) {
            return;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (family_of(s[i].kind) == FAMILY_TEXTS) {
            ls_texts_pack(it->texts, it->integers, out);
            return;
        }
    }
}

ls_status ls_block_pack(ls_block_codec *it, const ls_sample *samples, size_t count,
                        const void **out, size_t *out_size, size_t *out_taken, ls_error *err) {
    assert(it != NULL);
    assert(samples != NULL || count == 0);
    if (count == 0) {
        return ls_fail(err, LS_ERR_INVALID, "a block without samples");
    }
    size_t n = 0;
    const ls_status status = take(it, samples, count, &n, err);
    if (status != LS_OK) {
        return status;
    }
    ls_writer *to = &it->out;
    to->size = 0;
    to->failed = false;
    const uint8_t head[HEAD_SIZE] = {BLOCK_VERSION};
    ls_write_bytes(to, head, HEAD_SIZE);
    ls_write_varint(to, n);
    pack_times(it, samples, n, to);
    pack_attributes(samples, n, to);
    pack_values(it, samples, n, to);
    if (to->failed) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for packing %zu samples", n);
    }
    const uint32_t crc = ls_crc32c(0, to->bytes + HEAD_SIZE, to->size - HEAD_SIZE);
    for (unsigned i = 0; i < 4; i++) {
        to->bytes[1 + i] = (uint8_t)(crc >> (8 * i));
    }
    *out = to->bytes;
    *out_size = to->size;
    *out_taken = n;
    return LS_OK;
}

// ---- unpacking

static ls_status damaged(ls_error *err, const char *what) {
    return ls_fail(err, LS_ERR_INVALID, "damaged block of samples: %s", what);
}

static ls_status look(const void *bytes, size_t size, ls_reader *in, ls_block_head *out,
                      ls_error *err) {
    *in = ls_reader_of(bytes, size);
    const uint8_t *head = ls_read_bytes(in, HEAD_SIZE);
    if (head == NULL) {
        return damaged(err, "too short");
    }
    if (head[0] != BLOCK_VERSION) {
        return head[0] == 0 ? damaged(err, "no version")
                            : ls_fail(err, LS_ERR_VERSION,
                                      "a block of samples of format %u; this program reads %d",
                                      head[0], BLOCK_VERSION);
    }
    uint32_t crc = 0;
    for (unsigned i = 0; i < 4; i++) {
        crc |= (uint32_t)head[1 + i] << (8 * i);
    }
    if (crc != ls_crc32c(0, in->at, ls_reader_left(in))) {
        return damaged(err, "its checksum is wrong");
    }
    const uint64_t count = ls_read_varint(in);
    const int64_t first = ls_unzigzag(ls_read_varint(in));
    const uint64_t span = ls_read_varint(in);
    if (in->failed || count == 0 || count > LS_BLOCK_SAMPLES_MAX ||
        span > (uint64_t)INT64_MAX - (uint64_t)first) {
        return damaged(err, "its head is wrong");
    }
    *out = (ls_block_head){(uint32_t)count, first, (int64_t)((uint64_t)first + span)};
    return LS_OK;
}

ls_status ls_block_look(const void *bytes, size_t size, ls_block_head *out, ls_error *err) {
    assert(bytes != NULL || size == 0);
    ls_reader in;
    return look(bytes, size, &in, out, err);
}

static void unpack_times(ls_block_codec *it, ls_reader *in, const ls_block_head *head) {
    static const uint64_t units[] = {0, 1, 1000, 1000000};
    const uint64_t span = (uint64_t)head->last_us - (uint64_t)head->first_us;
    const unsigned way = ls_read_byte(in);
    const size_t n = head->count;
    if (way == TIMES_STEADY) {
        const uint64_t step = n > 1 ? span / (n - 1) : 0;
        in->failed = in->failed || span != step * (n - 1);
        for (size_t i = 0; i < n; i++) {
            it->samples[i].time_us = (int64_t)((uint64_t)head->first_us + i * step);
        }
        return;
    }
    if (way > TIMES_S) {
        in->failed = true;
        return;
    }
    ls_integers_unpack(it->integers, in, it->column, n);
    bool has_first = false;
    bool has_last = false;
    for (size_t i = 0; i < n && !in->failed; i++) {
        const uint64_t since = (uint64_t)it->column[i] * units[way];
        if ((uint64_t)it->column[i] > UINT64_MAX / units[way] || since > span) {
            in->failed = true;
        }
        has_first = has_first || since == 0;
        has_last = has_last || since == span;
        it->samples[i].time_us = (int64_t)((uint64_t)head->first_us + since);
    }
    in->failed = in->failed || !has_first || !has_last;
}

static void unpack_attributes(ls_block_codec *it, ls_reader *in, size_t n) {
    const uint64_t more = ls_read_varint(in);
    if (more >= n) {
        in->failed = true;
        return;
    }
    size_t at = 0;
    for (uint64_t run = 0; run <= more && !in->failed; run++) {
        const uint64_t attribute = ls_read_varint(in);
        const uint64_t length = more > 0 ? ls_read_varint(in) : n;
        if (attribute >= 1u << 13 || length == 0 || length > n - at) {
            in->failed = true;
            return;
        }
        for (size_t end = at + (size_t)length; at < end; at++) {
            it->samples[at].kind = attribute & 7;
            it->samples[at].quality = (attribute >> 3) & 3;
            it->samples[at].flags = (uint8_t)(attribute >> 5);
        }
    }
    in->failed = in->failed || at != n;
}

static void unpack_texts(ls_block_codec *it, ls_reader *in, size_t n, size_t count) {
    ls_texts_unpack(it->texts, it->integers, in, count);
    if (in->failed) {
        return;
    }
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (family_of(it->samples[i].kind) == FAMILY_TEXTS) {
            const ls_piece piece = ls_texts_get(it->texts, at++);
            it->samples[i].value.text = piece.text;
            it->samples[i].size = piece.size;
        }
    }
}

static void unpack_values(ls_block_codec *it, ls_reader *in, size_t n) {
    size_t counts[FAMILY_COUNT + 1] = {0};
    for (size_t i = 0; i < n; i++) {
        counts[family_of(it->samples[i].kind)]++;
    }
    for (unsigned family = 0; family < FAMILY_TEXTS && !in->failed; family++) {
        if (counts[family] == 0) {
            continue;
        }
        if (family == FAMILY_INTEGERS) {
            ls_integers_unpack(it->integers, in, it->column, counts[family]);
        } else {
            ls_reals_unpack(it->integers, in, it->column, counts[family]);
        }
        size_t at = 0;
        for (size_t i = 0; i < n && !in->failed; i++) {
            if (family_of(it->samples[i].kind) == family) {
                it->samples[i].value.integer = it->column[at++];
            }
        }
    }
    if (!in->failed && counts[FAMILY_TEXTS] > 0) {
        unpack_texts(it, in, n, counts[FAMILY_TEXTS]);
    }
}

ls_status ls_block_unpack(ls_block_codec *it, const void *bytes, size_t size, uint32_t tag,
                          const ls_sample **out, size_t *out_count, ls_error *err) {
    assert(it != NULL);
    assert(bytes != NULL || size == 0);
    ls_block_head head;
    ls_reader in;
    const ls_status status = look(bytes, size, &in, &head, err);
    if (status != LS_OK) {
        return status;
    }
    if (it->samples == NULL) {
        it->samples = ls_alloc(LS_BLOCK_SAMPLES_MAX * sizeof *it->samples);
    }
    if (it->samples == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for unpacking samples");
    }
    for (size_t i = 0; i < head.count; i++) {
        it->samples[i] = (ls_sample){.tag = tag};
    }
    unpack_times(it, &in, &head);
    if (!in.failed) {
        unpack_attributes(it, &in, head.count);
    }
    if (!in.failed) {
        unpack_values(it, &in, head.count);
    }
    if (in.failed || in.at != in.end) {
        return damaged(err, "its content does not fit its head");
    }
    *out = it->samples;
    *out_count = head.count;
    return LS_OK;
}
