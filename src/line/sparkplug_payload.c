// sparkplug_payload.c - the reader; see sparkplug_payload.h. The field numbers are those of
// Payload, Metric, PropertySet and PropertyValue in the Sparkplug 3.0 specification, chapter 6.
#include "line/sparkplug_payload.h"

#include <assert.h>

#include "line/sparkplug_wire.h"

enum { PAYLOAD_TIMESTAMP = 1, PAYLOAD_METRICS, PAYLOAD_SEQ, PAYLOAD_UUID, PAYLOAD_BODY };
enum {
    METRIC_NAME = 1,
    METRIC_ALIAS,
    METRIC_TIMESTAMP,
    METRIC_DATATYPE,
    METRIC_HISTORICAL,
    METRIC_TRANSIENT,
    METRIC_NULL,
    METRIC_METADATA,
    METRIC_PROPERTIES
};
enum { SET_KEYS = 1, SET_VALUES };
enum { PROPERTY_TYPE = 1, PROPERTY_NULL, PROPERTY_INT, PROPERTY_LONG, PROPERTY_STRING = 8 };

static bool read_number(wire *w, uint32_t type, uint64_t *out) {
    return wire_expect(w, type, WIRE_VARINT) && wire_varint(w, out);
}

static bool read_span(wire *w, uint32_t type, ls_sparkplug_span *out) {
    return wire_expect(w, type, WIRE_SPAN) && wire_span(w, out);
}

static bool read_frame_field(ls_sparkplug_reader *reader, wire *w, uint32_t field, uint32_t type) {
    ls_sparkplug_span metric;
    switch (field) {
    case PAYLOAD_TIMESTAMP:
        reader->has_timestamp = true;
        return read_number(w, type, &reader->timestamp_ms);
    case PAYLOAD_METRICS: reader->metrics++; return read_span(w, type, &metric);
    case PAYLOAD_SEQ: reader->has_seq = true; return read_number(w, type, &reader->seq);
    case PAYLOAD_UUID: return read_span(w, type, &reader->uuid);
    case PAYLOAD_BODY: return read_span(w, type, &reader->body);
    default: return wire_skip(w, type);
    }
}

static bool refuse(ls_sparkplug_reader *reader, const wire *w) {
    reader->reason = w->reason;
    reader->bad_at = (size_t)(w->at - reader->start);
    reader->at = reader->end;
    return false;
}

bool ls_sparkplug_open(ls_sparkplug_reader *reader, const void *bytes, size_t size) {
    static const uint8_t nothing[1];
    const uint8_t *start = size > 0 ? bytes : nothing;
    *reader = (ls_sparkplug_reader){.start = start, .at = start, .end = start + size};
    wire w = {.at = start, .end = start + size};
    uint32_t field, type;
    while (w.at < w.end) {
        if (!wire_key(&w, &field, &type) || !read_frame_field(reader, &w, field, type)) {
            return refuse(reader, &w);
        }
    }
    return true;
}

// Value `index` of a PropertySet, when it has the field and is not null.
static bool read_property(ls_sparkplug_span values, uint32_t index, uint32_t wanted,
                          uint64_t *out_number, ls_sparkplug_span *out_span, wire *bad) {
    wire w = wire_of(values);
    ls_sparkplug_span value = {0};
    uint32_t field, type;
    uint64_t null = 0;
    bool found = false;
    for (uint32_t at = 0; w.at < w.end && value.data == NULL;) {
        // All fields were read once before: they can only be whole.
        const bool whole = wire_key(&w, &field, &type);
        assert(whole);
        if (field == SET_VALUES && at++ == index) {
            (void)wire_span(&w, &value);
        } else {
            (void)wire_skip(&w, type);
        }
    }
    if (value.data == NULL) {
        return false;
    }
    for (w = wire_of(value); w.at < w.end;) {
        bool good = wire_key(&w, &field, &type);
        if (good && field == PROPERTY_NULL) {
            good = read_number(&w, type, &null);
        } else if (good && wanted == PROPERTY_INT &&
                   (field == PROPERTY_INT || field == PROPERTY_LONG)) {
            good = read_number(&w, type, out_number);
            found = true;
        } else if (good && wanted == PROPERTY_STRING && field == PROPERTY_STRING) {
            good = read_span(&w, type, out_span);
            found = true;
        } else if (good) {
            good = wire_skip(&w, type);
        }
        if (!good) {
            *bad = w;
            return false;
        }
    }
    return found && null == 0;
}

static bool span_is(ls_sparkplug_span span, const char *text) {
    const size_t size = strlen(text);
    return span.size == size && memcmp(span.data, text, size) == 0;
}

// Most metrics have none; of those that have, only the two that Sparkplug and its users agree on.
static bool read_properties(wire *outer, ls_sparkplug_metric *metric) {
    wire w = wire_of(metric->properties);
    uint32_t field, type, keys = 0, values = 0, quality = UINT32_MAX, unit = UINT32_MAX;
    while (w.at < w.end) {
        ls_sparkplug_span span;
        if (!wire_key(&w, &field, &type)) {
            break;
        }
        if (field != SET_KEYS && field != SET_VALUES) {
            if (!wire_skip(&w, type)) {
                break;
            }
            continue;
        }
        if (!read_span(&w, type, &span)) {
            break;
        }
        if (field == SET_KEYS) {
            quality = span_is(span, "Quality") ? keys : quality;
            unit = span_is(span, "engUnit") ? keys : unit;
            keys++;
        } else {
            values++;
        }
    }
    if (w.reason == NULL && keys != values) {
        w.reason = "a property set has not as many keys as values";
    }
    uint64_t number = 0;
    if (w.reason == NULL && quality != UINT32_MAX &&
        read_property(metric->properties, quality, PROPERTY_INT, &number, NULL, &w)) {
        metric->has_quality = true;
        metric->quality = (int32_t)(uint32_t)number;
    }
    ls_sparkplug_span text;
    if (w.reason == NULL && unit != UINT32_MAX &&
        read_property(metric->properties, unit, PROPERTY_STRING, NULL, &text, &w)) {
        metric->unit = text;
    }
    if (w.reason != NULL) {
        *outer = w;
    }
    return w.reason == NULL;
}

static bool read_flag(wire *w, uint32_t type, bool *out) {
    uint64_t number;
    if (!read_number(w, type, &number)) {
        return false;
    }
    *out = number != 0;
    return true;
}

static bool read_value(wire *w, uint32_t field, uint32_t type, ls_sparkplug_metric *out) {
    bool good;
    out->bits = 0;  // a value of another kind may stand before: the last one counts
    out->span = (ls_sparkplug_span){0};
    switch (field) {
    case LS_SPARKPLUG_INT_VALUE:
        good = read_number(w, type, &out->bits);
        // As protobuf does: an int32 that some producer stretched to 64 bits is cut again.
        out->bits = (uint32_t)out->bits;
        break;
    case LS_SPARKPLUG_LONG_VALUE: good = read_number(w, type, &out->bits); break;
    case LS_SPARKPLUG_FLOAT_VALUE:
        good = wire_expect(w, type, WIRE_32) && wire_fixed(w, 4, &out->bits);
        break;
    case LS_SPARKPLUG_DOUBLE_VALUE:
        good = wire_expect(w, type, WIRE_64) && wire_fixed(w, 8, &out->bits);
        break;
    case LS_SPARKPLUG_BOOLEAN_VALUE:
        good = read_number(w, type, &out->bits);
        out->bits = out->bits != 0;
        break;
    default: good = read_span(w, type, &out->span); break;
    }
    out->field = (uint8_t)field;
    return good;
}

static bool read_metric_field(wire *w, uint32_t field, uint32_t type, ls_sparkplug_metric *out) {
    uint64_t number;
    switch (field) {
    case METRIC_NAME: return read_span(w, type, &out->name);
    case METRIC_ALIAS: out->has_alias = true; return read_number(w, type, &out->alias);
    case METRIC_TIMESTAMP:
        out->has_timestamp = true;
        return read_number(w, type, &out->timestamp_ms);
    case METRIC_DATATYPE:
        if (!read_number(w, type, &number)) {
            return false;
        }
        out->has_type = true;
        out->type = (uint32_t)number;
        return true;
    case METRIC_HISTORICAL: return read_flag(w, type, &out->historical);
    case METRIC_TRANSIENT: return read_flag(w, type, &out->transient);
    case METRIC_NULL: return read_flag(w, type, &out->null);
    case METRIC_METADATA: return read_span(w, type, &out->metadata);
    case METRIC_PROPERTIES: return read_span(w, type, &out->properties);
    default:
        if (field >= LS_SPARKPLUG_INT_VALUE && field <= LS_SPARKPLUG_EXTENSION_VALUE) {
            return read_value(w, field, type, out);
        }
        return wire_skip(w, type);
    }
}

static bool read_metric(wire *w, ls_sparkplug_metric *out) {
    uint32_t field, type;
    while (w->at < w->end) {
        if (!wire_key(w, &field, &type) || !read_metric_field(w, field, type, out)) {
            return false;
        }
    }
    return out->properties.data == NULL || read_properties(w, out);
}

bool ls_sparkplug_next(ls_sparkplug_reader *reader, ls_sparkplug_metric *out) {
    wire w = {.at = reader->at, .end = reader->end};
    uint32_t field, type;
    while (w.at < w.end) {
        const bool whole = wire_key(&w, &field, &type);
        assert(whole);  // ls_sparkplug_open has been over it
        if (field != PAYLOAD_METRICS) {
            (void)wire_skip(&w, type);
            continue;
        }
        ls_sparkplug_span span = {0};
        (void)wire_span(&w, &span);
        *out = (ls_sparkplug_metric){0};
        wire inner = wire_of(span);
        if (!read_metric(&inner, out)) {
            return refuse(reader, &inner);
        }
        reader->at = w.at;
        return true;
    }
    reader->at = reader->end;
    return false;
}
