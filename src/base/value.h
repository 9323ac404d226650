// value.h - what a signal says: a value, when it was so, and how far it can be trusted.
//
// A sample is a plain value of 32 bytes. Text and bytes are not owned: they live as long as whoever
// made the sample says (in a driver's callback: until it returns).
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum ls_value_kind {
    LS_VALUE_NONE,   // null: the source says that it does not know
    LS_VALUE_BOOL,   // integer 0 or 1
    LS_VALUE_INT,    // signed 64 bit
    LS_VALUE_UINT,   // unsigned 64 bit
    LS_VALUE_REAL,   // double; NaN and infinities are kept bit for bit
    LS_VALUE_FLOAT,  // a 32-bit float of the source, stored as the equal double
    LS_VALUE_TEXT,   // UTF-8, size bytes, no terminator needed
    LS_VALUE_BYTES,
    LS_VALUE_KIND_COUNT
} ls_value_kind;

typedef enum ls_quality {
    LS_QUALITY_GOOD,
    LS_QUALITY_UNCERTAIN,
    LS_QUALITY_STALE,  // the source is silent or gone; the value is the last one heard
    LS_QUALITY_BAD,    // the source itself says that it is wrong
    LS_QUALITY_COUNT
} ls_quality;

enum {
    LS_SAMPLE_HISTORICAL = 1,  // sent late on purpose: belongs to history, not to the present
    LS_SAMPLE_BIRTH = 2,       // a state told again (birth, first poll), not a change
    LS_SAMPLE_ARRIVAL = 4,     // time_us is when it was heard; the source gave none
};

typedef struct ls_sample {
    int64_t time_us;  // since 1970, UTC, by the source's clock unless LS_SAMPLE_ARRIVAL
    uint32_t tag;     // index in ls_tags
    uint32_t size;    // TEXT and BYTES: length
    uint8_t kind, quality, flags, pad;
    uint32_t pad2;
    union {
        int64_t integer;   // BOOL, INT
        uint64_t natural;  // UINT
        double real;       // REAL, FLOAT
        const char *text;  // TEXT, BYTES
    } value;
} ls_sample;

// "bool", "int", ... and back (LS_VALUE_KIND_COUNT when unknown); "good", "uncertain", ...
const char *ls_value_kind_name(ls_value_kind kind);
ls_value_kind ls_value_kind_find(const char *name);
const char *ls_quality_name(ls_quality quality);
ls_quality ls_quality_find(const char *name);
// As a number, where it is one: out unchanged on false (NONE, TEXT, BYTES). UINT and INT above 2^53
// are rounded.
bool ls_sample_number(const ls_sample *sample, double *out);
// Same kind, same quality, same bits of value (texts: same bytes); times and flags do not count.
bool ls_sample_same(const ls_sample *a, const ls_sample *b);
