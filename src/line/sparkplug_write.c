// sparkplug_write.c - the writer; see sparkplug_payload.h.
//
// The size of a metric stands before it, so it is computed first; then it is written without
// looking at the end again.
#include <assert.h>
#include <string.h>

#include "line/sparkplug_payload.h"

enum {
    KEY_VARINT = 0,
    KEY_64 = 1,
    KEY_SPAN = 2,
    KEY_32 = 5,
    PROPERTY_TYPE_INT32 = 3,
    PROPERTY_TYPE_STRING = 12
};
#define KEY(field, type) ((uint8_t)((field) << 3 | (type)))

static const char quality_key[] = "Quality";
static const char unit_key[] = "engUnit";

static size_t varint_size(uint64_t value) {
    const unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
    return (bits + 6) / 7;
}

static size_t span_size(size_t size) {  // with a key of one byte
    return 1 + varint_size(size) + size;
}

static uint8_t *put_varint(uint8_t *at, uint64_t value) {
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

static uint8_t *put_number(uint8_t *at, unsigned field, uint64_t value) {
    *at++ = KEY(field, KEY_VARINT);
    return put_varint(at, value);
}

static uint8_t *put_flag(uint8_t *at, unsigned field, bool value) {
    return value ? put_number(at, field, 1) : at;
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t size) {
    if (size > 0) {
        memcpy(at, bytes, size);
    }
    return at + size;
}

static uint8_t *put_span(uint8_t *at, unsigned field, const void *bytes, size_t size) {
    *at++ = KEY(field, KEY_SPAN);
    return put_bytes(put_varint(at, size), bytes, size);
}

static uint8_t *put_little(uint8_t *at, uint64_t bits, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) {
        *at++ = (uint8_t)(bits >> (8 * i));
    }
    return at;
}

// PropertyValue: type 1, int_value 3, string_value 8.
static size_t quality_size(const ls_sparkplug_metric *m) {
    return 2 + 1 + varint_size((uint32_t)m->quality);
}

static size_t unit_size(const ls_sparkplug_metric *m) {
    return 2 + span_size(m->unit.size);
}

static size_t properties_size(const ls_sparkplug_metric *m) {
    if (m->properties.data != NULL) {
        return m->properties.size;
    }
    size_t size = 0;
    if (m->has_quality) {
        size += span_size(sizeof quality_key - 1) + span_size(quality_size(m));
    }
    if (m->unit.data != NULL) {
        size += span_size(sizeof unit_key - 1) + span_size(unit_size(m));
    }
    return size;
}

static bool has_properties(const ls_sparkplug_metric *m) {
    return m->properties.data != NULL || m->has_quality || m->unit.data != NULL;
}

static uint8_t *put_properties(uint8_t *at, const ls_sparkplug_metric *m) {
    *at++ = KEY(9, KEY_SPAN);
    at = put_varint(at, properties_size(m));
    if (m->properties.data != NULL) {
        return put_bytes(at, m->properties.data, m->properties.size);
    }
    if (m->has_quality) {
        at = put_span(at, 1, quality_key, sizeof quality_key - 1);
    }
    if (m->unit.data != NULL) {
        at = put_span(at, 1, unit_key, sizeof unit_key - 1);
    }
    if (m->has_quality) {
        *at++ = KEY(2, KEY_SPAN);
        at = put_varint(at, quality_size(m));
        at = put_number(at, 1, PROPERTY_TYPE_INT32);
        at = put_number(at, 3, (uint32_t)m->quality);
    }
    if (m->unit.data != NULL) {
        *at++ = KEY(2, KEY_SPAN);
        at = put_varint(at, unit_size(m));
        at = put_number(at, 1, PROPERTY_TYPE_STRING);
        at = put_span(at, 8, m->unit.data, m->unit.size);
    }
    return at;
}

static size_t value_size(const ls_sparkplug_metric *m) {
    switch (m->field) {
    case LS_SPARKPLUG_NO_VALUE: return 0;
    case LS_SPARKPLUG_INT_VALUE: return 1 + varint_size((uint32_t)m->bits);
    case LS_SPARKPLUG_LONG_VALUE: return 1 + varint_size(m->bits);
    case LS_SPARKPLUG_FLOAT_VALUE: return 5;
    case LS_SPARKPLUG_DOUBLE_VALUE: return 9;
    case LS_SPARKPLUG_BOOLEAN_VALUE: return 2;
    case LS_SPARKPLUG_STRING_VALUE: return span_size(m->span.size);
    default: return 1 + span_size(m->span.size);  // field 16 and up: the key has two bytes
    }
}

static uint8_t *put_value(uint8_t *at, const ls_sparkplug_metric *m) {
    switch (m->field) {
    case LS_SPARKPLUG_NO_VALUE: return at;
    case LS_SPARKPLUG_INT_VALUE: return put_number(at, m->field, (uint32_t)m->bits);
    case LS_SPARKPLUG_LONG_VALUE: return put_number(at, m->field, m->bits);
    case LS_SPARKPLUG_FLOAT_VALUE:
        *at++ = KEY(LS_SPARKPLUG_FLOAT_VALUE, KEY_32);
        return put_little(at, m->bits, 4);
    case LS_SPARKPLUG_DOUBLE_VALUE:
        *at++ = KEY(LS_SPARKPLUG_DOUBLE_VALUE, KEY_64);
        return put_little(at, m->bits, 8);
    case LS_SPARKPLUG_BOOLEAN_VALUE: return put_number(at, m->field, m->bits != 0);
    case LS_SPARKPLUG_STRING_VALUE: return put_span(at, m->field, m->span.data, m->span.size);
    default:
        at = put_varint(at, (uint64_t)m->field << 3 | KEY_SPAN);
        return put_bytes(put_varint(at, m->span.size), m->span.data, m->span.size);
    }
}

static size_t body_size(const ls_sparkplug_metric *m) {
    size_t size = value_size(m);
    size += m->name.data != NULL ? span_size(m->name.size) : 0;
    size += m->has_alias ? 1 + varint_size(m->alias) : 0;
    size += m->has_timestamp ? 1 + varint_size(m->timestamp_ms) : 0;
    size += m->has_type ? 1 + varint_size(m->type) : 0;
    size += 2 * ((size_t)m->historical + m->transient + m->null);
    size += m->metadata.data != NULL ? span_size(m->metadata.size) : 0;
    size += has_properties(m) ? span_size(properties_size(m)) : 0;
    return size;
}

static uint8_t *put_body(uint8_t *at, const ls_sparkplug_metric *m) {
    at = m->name.data != NULL ? put_span(at, 1, m->name.data, m->name.size) : at;
    at = m->has_alias ? put_number(at, 2, m->alias) : at;
    at = m->has_timestamp ? put_number(at, 3, m->timestamp_ms) : at;
    at = m->has_type ? put_number(at, 4, m->type) : at;
    at = put_flag(at, 5, m->historical);
    at = put_flag(at, 6, m->transient);
    at = put_flag(at, 7, m->null);
    at = m->metadata.data != NULL ? put_span(at, 8, m->metadata.data, m->metadata.size) : at;
    at = has_properties(m) ? put_properties(at, m) : at;
    return put_value(at, m);
}

size_t ls_sparkplug_metric_size(const ls_sparkplug_metric *metric) {
    return span_size(body_size(metric));
}

static bool has_room(ls_sparkplug_writer *writer, size_t size) {
    writer->failed = writer->failed || size > (size_t)(writer->end - writer->at);
    return !writer->failed;
}

void ls_sparkplug_begin(ls_sparkplug_writer *writer, void *buffer, size_t capacity,
                        uint64_t timestamp_ms) {
    uint8_t *start = buffer;
    *writer = (ls_sparkplug_writer){.start = start, .at = start, .end = start + capacity};
    if (has_room(writer, 1 + varint_size(timestamp_ms))) {
        writer->at = put_number(writer->at, 1, timestamp_ms);
    }
}

void ls_sparkplug_add(ls_sparkplug_writer *writer, const ls_sparkplug_metric *metric) {
    const size_t size = body_size(metric);
    if (!has_room(writer, span_size(size))) {
        return;
    }
    *writer->at++ = KEY(2, KEY_SPAN);
    uint8_t *start = put_varint(writer->at, size);
    writer->at = put_body(start, metric);
    assert((size_t)(writer->at - start) == size);
}

void ls_sparkplug_add_seq(ls_sparkplug_writer *writer, uint64_t seq) {
    if (has_room(writer, 1 + varint_size(seq))) {
        writer->at = put_number(writer->at, 3, seq);
    }
}

size_t ls_sparkplug_size(const ls_sparkplug_writer *writer) {
    return writer->failed ? 0 : (size_t)(writer->at - writer->start);
}
