// sparkplug_payload.h - the Sparkplug B payload (a protobuf message), read in place and written
// into the caller's buffer. Nothing here allocates.
//
//     ls_sparkplug_reader reader;
//     if (!ls_sparkplug_open(&reader, bytes, size)) { ... reader.reason ... }
//     ls_sparkplug_metric metric;
//     while (ls_sparkplug_next(&reader, &metric)) { ... }
//     if (reader.reason != NULL) { ... malformed from reader.bad_at on ... }
//
// What the reader gives points into the bytes. Unknown fields are passed over; groups, overlong
// varints, lengths beyond the end, wire types that do not fit a known field and field number 0 are
// refused with a reason. When a field that may stand once stands twice the last counts, as in
// protobuf.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/value.h"

// Numbers of the Sparkplug 3.0 specification.
typedef enum ls_sparkplug_type {
    LS_SPARKPLUG_UNKNOWN,
    LS_SPARKPLUG_INT8,
    LS_SPARKPLUG_INT16,
    LS_SPARKPLUG_INT32,
    LS_SPARKPLUG_INT64,
    LS_SPARKPLUG_UINT8,
    LS_SPARKPLUG_UINT16,
    LS_SPARKPLUG_UINT32,
    LS_SPARKPLUG_UINT64,
    LS_SPARKPLUG_FLOAT,
    LS_SPARKPLUG_DOUBLE,
    LS_SPARKPLUG_BOOLEAN,
    LS_SPARKPLUG_STRING,
    LS_SPARKPLUG_DATETIME,  // ms since 1970, a natural number
    LS_SPARKPLUG_TEXT,
    LS_SPARKPLUG_UUID,
    LS_SPARKPLUG_DATASET,
    LS_SPARKPLUG_BYTES,
    LS_SPARKPLUG_FILE,
    LS_SPARKPLUG_TEMPLATE,
    LS_SPARKPLUG_PROPERTY_SET,  // 20 and 21 are types of properties, not of metrics
    LS_SPARKPLUG_PROPERTY_SET_LIST,
    LS_SPARKPLUG_INT8_ARRAY,  // 22..34: packed little-endian, in bytes_value
    LS_SPARKPLUG_INT16_ARRAY,
    LS_SPARKPLUG_INT32_ARRAY,
    LS_SPARKPLUG_INT64_ARRAY,
    LS_SPARKPLUG_UINT8_ARRAY,
    LS_SPARKPLUG_UINT16_ARRAY,
    LS_SPARKPLUG_UINT32_ARRAY,
    LS_SPARKPLUG_UINT64_ARRAY,
    LS_SPARKPLUG_FLOAT_ARRAY,
    LS_SPARKPLUG_DOUBLE_ARRAY,
    LS_SPARKPLUG_BOOLEAN_ARRAY,
    LS_SPARKPLUG_STRING_ARRAY,
    LS_SPARKPLUG_DATETIME_ARRAY,
    LS_SPARKPLUG_TYPE_COUNT
} ls_sparkplug_type;

// Which field carries the value; the numbers are those of the message.
typedef enum ls_sparkplug_field {
    LS_SPARKPLUG_NO_VALUE = 0,
    LS_SPARKPLUG_INT_VALUE = 10,     // bits: 32
    LS_SPARKPLUG_LONG_VALUE = 11,    // bits: 64
    LS_SPARKPLUG_FLOAT_VALUE = 12,   // bits: of the float
    LS_SPARKPLUG_DOUBLE_VALUE = 13,  // bits: of the double
    LS_SPARKPLUG_BOOLEAN_VALUE = 14,
    LS_SPARKPLUG_STRING_VALUE = 15,
    LS_SPARKPLUG_BYTES_VALUE = 16,
    LS_SPARKPLUG_DATASET_VALUE = 17,  // span: the message's bytes, unread
    LS_SPARKPLUG_TEMPLATE_VALUE = 18,
    LS_SPARKPLUG_EXTENSION_VALUE = 19,
} ls_sparkplug_field;

typedef struct ls_sparkplug_span {
    const char *data;  // NULL: not there
    size_t size;
} ls_sparkplug_span;

enum {
    LS_SPARKPLUG_QUALITY_BAD = 0,
    LS_SPARKPLUG_QUALITY_GOOD = 192,
    LS_SPARKPLUG_QUALITY_STALE = 500
};

// All zero: nothing is there.
typedef struct ls_sparkplug_metric {
    ls_sparkplug_span name;
    uint64_t alias, timestamp_ms;
    uint32_t type;  // ls_sparkplug_type, or a number beyond it
    uint8_t field;  // ls_sparkplug_field
    bool has_alias, has_timestamp, has_type, historical, transient, null;
    bool has_quality;  // property `Quality`
    int32_t quality;
    uint64_t bits;           // number or bool
    ls_sparkplug_span span;  // string, bytes, dataset, template, extension
    ls_sparkplug_span unit;  // property `engUnit`
    // When writing: properties as they are (a PropertySet message), instead of the two above.
    // When reading: the whole PropertySet, NULL: none.
    ls_sparkplug_span properties;
    ls_sparkplug_span metadata;  // a MetaData message, unread
} ls_sparkplug_metric;

typedef struct ls_sparkplug_reader {
    const uint8_t *start, *at, *end;
    const char *reason;  // NULL, or why the payload is refused: one sentence
    size_t bad_at;       // byte where it stopped
    uint32_t metrics;    // how many there are
    bool has_timestamp, has_seq;
    uint64_t timestamp_ms, seq;
    ls_sparkplug_span uuid, body;
} ls_sparkplug_reader;

// Reads the frame: everything but the inside of the metrics. False: malformed (reason).
bool ls_sparkplug_open(ls_sparkplug_reader *reader, const void *bytes, size_t size);
// The next metric; false at the end, or when it is malformed (reason).
bool ls_sparkplug_next(ls_sparkplug_reader *reader, ls_sparkplug_metric *out);

// Value, kind and quality of a metric by `type` (the metric's own, or the one of its birth). Tag,
// time and flags of *out are left alone; texts point into the payload. Where a producer chose
// another field than the specification (UInt32 in long_value) the value is taken if it fits; a
// double for a Float is taken as REAL. NULL when good; else one sentence, and *out is unchanged.
//   Boolean: BOOL; signed: INT; unsigned and DateTime: UINT (ms); Float: FLOAT; Double: REAL;
//   String, Text, UUID: TEXT; Bytes, File, DataSet, Template, arrays: BYTES as they are;
//   no or unknown type: by the field, quality UNCERTAIN at best. null: NONE.
//   Quality: none or 192 GOOD, 500 STALE, 0 BAD, others UNCERTAIN.
const char *ls_sparkplug_value(const ls_sparkplug_metric *metric, uint32_t type, ls_sample *out);
// The other way: field, bits, span, null and type for the sample as `type`; quality where it is not
// GOOD (there are three codes only: UNCERTAIN is sent as BAD). Integers must fit; a REAL as Float
// is rounded. NULL when good; else one sentence, and *out is unchanged.
const char *ls_sparkplug_encode(const ls_sample *sample, ls_sparkplug_type type,
                                ls_sparkplug_metric *out);
ls_value_kind ls_sparkplug_type_kind(uint32_t type);          // NONE: unknown
ls_sparkplug_type ls_sparkplug_type_for(ls_value_kind kind);  // Int64, UInt64, Double, ...
const char *ls_sparkplug_type_name(uint32_t type);            // "Int8", ... "unknown"

// Writer. Once something did not fit `failed` is set and nothing more is written.
typedef struct ls_sparkplug_writer {
    uint8_t *start, *at, *end;
    bool failed;
} ls_sparkplug_writer;

void ls_sparkplug_begin(ls_sparkplug_writer *writer, void *buffer, size_t capacity,
                        uint64_t timestamp_ms);
void ls_sparkplug_add(ls_sparkplug_writer *writer, const ls_sparkplug_metric *metric);
void ls_sparkplug_add_seq(ls_sparkplug_writer *writer, uint64_t seq);  // not for NDEATH, commands
// Bytes that ls_sparkplug_add writes for this metric.
size_t ls_sparkplug_metric_size(const ls_sparkplug_metric *metric);
size_t ls_sparkplug_size(const ls_sparkplug_writer *writer);  // so far; 0 when failed
