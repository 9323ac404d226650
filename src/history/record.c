// record.c - see record.h.
#include "history/record.h"

#include <assert.h>

#include "history/block.h"
#include "history/crc.h"

enum {  // the control byte of a sample
    TAG_SAME = 0,
    TAG_NEXT = 1,
    TAG_OTHER = 2,
    TIME_SAME = 0,
    TIME_STEP = 1 << 2,  // as far as the last time it was another
    TIME_OTHER = 2 << 2,
    ATTRIBUTE_OTHER = 1 << 4,
    SIZE_SHIFT = 5,
    SAMPLE_MOST = 1 + 5 + 10 + 2 + 8 + 5,  // bytes of a sample without its text
};

static void put_u32(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint64_t get_bytes(const uint8_t *from, int size) {
    uint64_t value = 0;
    for (int i = 0; i < size; i++) {
        value |= (uint64_t)from[i] << (8 * i);
    }
    return value;
}

size_t ls_record_begin(ls_writer *out, ls_record_type type) {
    const size_t begin = out->size;
    static const uint8_t head[LS_RECORD_HEAD] = {0};
    ls_write_bytes(out, head, LS_RECORD_HEAD);
    ls_write_byte(out, (uint8_t)type);
    return begin;
}

void ls_record_end(ls_writer *out, size_t begin, uint64_t position) {
    if (out->failed) {
        return;
    }
    uint8_t *head = out->bytes + begin;
    const size_t size = out->size - begin - LS_RECORD_HEAD;
    assert(size <= LS_RECORD_MAX);
    put_u32(head + 4, (uint32_t)size);
    put_u32(head + 8, (uint32_t)position);
    put_u32(head + 12, (uint32_t)(position >> 32));
    put_u32(head, ls_crc32c(0, head + 4, LS_RECORD_HEAD - 4 + size));
}

static void write_text(ls_writer *out, const char *text, size_t size) {
    ls_write_varint(out, size);
    ls_write_bytes(out, text, size);
}

void ls_record_tag(ls_writer *out, uint32_t number, const ls_tag *tag) {
    ls_write_varint(out, number);
    ls_write_byte(out, tag->kind);
    write_text(out, tag->unit, strnlen(tag->unit, LS_TAG_UNIT_MAX));
    write_text(out, tag->name, strlen(tag->name));
}

// ---- samples

static inline bool has_text(unsigned kind) {
    return kind == LS_VALUE_TEXT || kind == LS_VALUE_BYTES;
}

// So that small numbers, and doubles with few digits, have few bytes.
static inline uint64_t to_word(unsigned kind, const ls_sample *s) {
    switch (kind) {
    case LS_VALUE_REAL:
    case LS_VALUE_FLOAT: return __builtin_bswap64(s->value.natural);
    case LS_VALUE_BOOL:
    case LS_VALUE_INT: return ls_zigzag(s->value.integer);
    case LS_VALUE_UINT: return s->value.natural;
    case LS_VALUE_TEXT:
    case LS_VALUE_BYTES: return s->size;
    default: return 0;
    }
}

static inline void of_word(unsigned kind, uint64_t word, ls_sample *s) {
    switch (kind) {
    case LS_VALUE_REAL:
    case LS_VALUE_FLOAT: s->value.natural = __builtin_bswap64(word); break;
    case LS_VALUE_BOOL:
    case LS_VALUE_INT: s->value.integer = ls_unzigzag(word); break;
    case LS_VALUE_UINT: s->value.natural = word; break;
    default: break;
    }
}

typedef struct before {  // the sample before
    uint32_t tag;
    unsigned attribute;
    uint64_t time, step;
} before;

static inline uint8_t *put_sample(uint8_t *at, const ls_sample *s, before *last) {
    uint8_t *control = at++;
    unsigned parts = TAG_SAME;
    if (s->tag != last->tag) {
        parts = TAG_NEXT;
        if (s->tag != last->tag + 1) {
            parts = TAG_OTHER;
            at = ls_put_varint(at, ls_zigzag((int64_t)s->tag - (int64_t)last->tag));
        }
        last->tag = s->tag;
    }
    const uint64_t step = (uint64_t)s->time_us - last->time;
    if (step != 0) {
        parts |= TIME_STEP;
        if (step != last->step) {
            parts = (parts & 3) | TIME_OTHER;
            at = ls_put_varint(at, ls_zigzag((int64_t)step));
            last->step = step;
        }
        last->time = (uint64_t)s->time_us;
    }
    const unsigned attribute = (unsigned)s->kind | (unsigned)s->quality << 3 |
                               (unsigned)s->flags << 5;
    if (attribute != last->attribute) {
        parts |= ATTRIBUTE_OTHER;
        at = ls_put_varint(at, attribute);
        last->attribute = attribute;
    }
    const uint64_t word = to_word(s->kind, s);
    unsigned size = (ls_bit_width(word) + 7) / 8;
    size = size < 7 ? size : 7;  // 7 stands for 8
    memcpy(at, &word, 8);
    *control = (uint8_t)(parts | size << SIZE_SHIFT);
    return at + size + (size == 7);
}

size_t ls_record_samples(ls_writer *out, const ls_sample *samples, size_t count) {
    count = count < LS_RECORD_SAMPLES ? count : LS_RECORD_SAMPLES;
    const size_t begin = out->size;
    // The number goes in front in three bytes of a varint, so that it can be filled in later.
    ls_write_bytes(out, "\0\0\0", 3);
    before last = {0};
    size_t i = 0;
    while (i < count && out->size - begin < LS_RECORD_SOFT) {
        const size_t most = count - i < 1024 ? count - i : 1024;
        if (!ls_writer_reserve(out, most * SAMPLE_MOST + 8)) {
            return 0;
        }
        uint8_t *at = out->bytes + out->size;
        const size_t end = i + most;
        while (i < end) {
            const ls_sample *s = &samples[i++];
            at = put_sample(at, s, &last);
            if (has_text(s->kind)) {
                out->size = (size_t)(at - out->bytes);
                ls_write_bytes(out, s->value.text, s->size);
                break;  // room is counted anew
            }
            out->size = (size_t)(at - out->bytes);
        }
        if (out->failed) {
            return 0;
        }
    }
    uint8_t *head = out->bytes + begin;
    head[0] = (uint8_t)(i | 0x80);
    head[1] = (uint8_t)(i >> 7 | 0x80);
    head[2] = (uint8_t)(i >> 14);
    return i;
}

void ls_record_event(ls_writer *out, const ls_happened *event) {
    ls_write_varint(out, ls_zigzag(event->time_us));
    write_text(out, event->kind, strlen(event->kind));
    write_text(out, event->subject, strlen(event->subject));
    write_text(out, event->text, strlen(event->text));
    write_text(out, event->json, strlen(event->json));
}

void ls_record_state(ls_writer *out, const ls_state_entry *state) {
    write_text(out, state->name, strlen(state->name));
    write_text(out, state->bytes, state->size);
}

// ---- reading

size_t ls_record_check(const uint8_t *bytes, size_t size, uint64_t position, size_t *out_need) {
    *out_need = LS_RECORD_HEAD;
    if (size < LS_RECORD_HEAD) {
        return 0;
    }
    const size_t body = (size_t)get_bytes(bytes + 4, 4);
    *out_need = 0;
    if (get_bytes(bytes + 8, 8) != position || body == 0 || body > LS_RECORD_MAX) {
        return 0;
    }
    if (size - LS_RECORD_HEAD < body) {
        *out_need = LS_RECORD_HEAD + body;
        return 0;
    }
    const uint32_t crc = ls_crc32c(0, bytes + 4, LS_RECORD_HEAD - 4 + body);
    return crc == get_bytes(bytes, 4) ? LS_RECORD_HEAD + body : 0;
}

static const char *read_text(ls_reader *in, size_t most, size_t *out_size) {
    const uint64_t size = ls_read_varint(in);
    if (size > most) {
        in->failed = true;
        return NULL;
    }
    *out_size = (size_t)size;
    return (const char *)ls_read_bytes(in, (size_t)size);
}

bool ls_record_read_tag(ls_reader *in, ls_record_tag_entry *out) {
    if (ls_reader_left(in) == 0) {
        return false;
    }
    const uint64_t number = ls_read_varint(in);
    const unsigned kind = ls_read_byte(in);
    out->unit = read_text(in, LS_TAG_UNIT_MAX, &out->unit_size);
    out->name = read_text(in, LS_TAG_NAME_MAX, &out->name_size);
    if (number >= LS_TAGS_MAX || kind >= LS_VALUE_KIND_COUNT) {
        in->failed = true;
    }
    out->number = (uint32_t)number;
    out->kind = (ls_value_kind)kind;
    return !in->failed;
}

size_t ls_record_read_count(ls_reader *in) {
    const uint64_t count = ls_read_varint(in);
    if (count > LS_RECORD_SAMPLES || count > ls_reader_left(in)) {  // a byte each at least
        in->failed = true;
        return 0;
    }
    return (size_t)count;
}

static void read_sample(ls_reader *in, before *last, ls_sample *out) {
    const unsigned control = ls_read_byte(in);
    switch (control & 3) {
    case TAG_SAME: break;
    case TAG_NEXT: last->tag++; break;
    case TAG_OTHER: last->tag += (uint32_t)ls_unzigzag(ls_read_varint(in)); break;
    default: in->failed = true; break;
    }
    switch (control & 12) {
    case TIME_SAME: break;
    case TIME_OTHER:
        last->step = (uint64_t)ls_unzigzag(ls_read_varint(in));
        __attribute__((fallthrough));
    case TIME_STEP: last->time += last->step; break;
    default: in->failed = true; break;
    }
    if ((control & ATTRIBUTE_OTHER) != 0) {
        const uint64_t attribute = ls_read_varint(in);
        in->failed = in->failed || attribute >= 1u << 13;
        last->attribute = (unsigned)attribute & 0x1fff;
    }
    const unsigned size = control >> SIZE_SHIFT == 7 ? 8 : control >> SIZE_SHIFT;
    const uint8_t *from = ls_read_bytes(in, size);
    const uint64_t word = from != NULL ? get_bytes(from, (int)size) : 0;
    *out = (ls_sample){.time_us = (int64_t)last->time, .tag = last->tag};
    out->kind = last->attribute & 7;
    out->quality = (last->attribute >> 3) & 3;
    out->flags = (uint8_t)(last->attribute >> 5);
    of_word(out->kind, word, out);
    if (has_text(out->kind)) {
        in->failed = in->failed || word > LS_SAMPLE_TEXT_MAX;
        out->size = in->failed ? 0 : (uint32_t)word;
        out->value.text = (const char *)ls_read_bytes(in, out->size);
    }
}

void ls_record_read_samples(ls_reader *in, ls_sample *out, size_t count) {
    before last = {0};
    for (size_t i = 0; i < count && !in->failed; i++) {
        read_sample(in, &last, &out[i]);
    }
    in->failed = in->failed || ls_reader_left(in) != 0;
}

static size_t copy_text(ls_reader *in, size_t most, ls_writer *texts, size_t *out_size) {
    const char *text = read_text(in, most, out_size);
    const size_t at = texts->size;
    if (text != NULL && memchr(text, '\0', *out_size) != NULL && most != LS_STATE_MAX) {
        in->failed = true;
    }
    if (!in->failed) {
        ls_write_bytes(texts, text, *out_size);
        ls_write_byte(texts, 0);
    }
    return at;
}

void ls_record_read_event(ls_reader *in, ls_writer *texts, ls_happened *out) {
    size_t at[4] = {0};
    size_t size = 0;
    texts->size = 0;
    out->time_us = ls_unzigzag(ls_read_varint(in));
    for (int i = 0; i < 4 && !in->failed; i++) {
        at[i] = copy_text(in, LS_EVENT_TEXT_MAX, texts, &size);
    }
    in->failed = in->failed || texts->failed || ls_reader_left(in) != 0;
    if (!in->failed) {
        const char *base = (const char *)texts->bytes;
        out->kind = base + at[0];
        out->subject = base + at[1];
        out->text = base + at[2];
        out->json = base + at[3];
    }
}

void ls_record_read_state(ls_reader *in, ls_writer *texts, ls_state_entry *out) {
    size_t size = 0;
    texts->size = 0;
    const size_t name = copy_text(in, LS_TAG_NAME_MAX, texts, &size);
    const size_t bytes = in->failed ? 0 : copy_text(in, LS_STATE_MAX, texts, &out->size);
    in->failed = in->failed || texts->failed || ls_reader_left(in) != 0;
    if (!in->failed) {
        out->name = (const char *)texts->bytes + name;
        out->bytes = texts->bytes + bytes;
    }
}
