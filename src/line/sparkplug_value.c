// sparkplug_value.c - between the fields of a metric and a sample; see sparkplug_payload.h.
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "line/sparkplug_payload.h"

typedef enum how {  // a type's rule
    HOW_UNKNOWN,
    HOW_SIGNED,
    HOW_UNSIGNED,
    HOW_FLOAT,
    HOW_DOUBLE,
    HOW_BOOL,
    HOW_TEXT,
    HOW_SPAN
} how;

typedef struct rule {
    const char *name;
    uint8_t how, bits;  // of integers
    uint8_t field;      // that the specification says
} rule;

static const rule rules[LS_SPARKPLUG_TYPE_COUNT] = {
    {"Unknown", HOW_UNKNOWN, 0, LS_SPARKPLUG_NO_VALUE},
    {"Int8", HOW_SIGNED, 8, LS_SPARKPLUG_INT_VALUE},
    {"Int16", HOW_SIGNED, 16, LS_SPARKPLUG_INT_VALUE},
    {"Int32", HOW_SIGNED, 32, LS_SPARKPLUG_INT_VALUE},
    {"Int64", HOW_SIGNED, 64, LS_SPARKPLUG_LONG_VALUE},
    {"UInt8", HOW_UNSIGNED, 8, LS_SPARKPLUG_INT_VALUE},
    {"UInt16", HOW_UNSIGNED, 16, LS_SPARKPLUG_INT_VALUE},
    {"UInt32", HOW_UNSIGNED, 32, LS_SPARKPLUG_INT_VALUE},
    {"UInt64", HOW_UNSIGNED, 64, LS_SPARKPLUG_LONG_VALUE},
    {"Float", HOW_FLOAT, 0, LS_SPARKPLUG_FLOAT_VALUE},
    {"Double", HOW_DOUBLE, 0, LS_SPARKPLUG_DOUBLE_VALUE},
    {"Boolean", HOW_BOOL, 0, LS_SPARKPLUG_BOOLEAN_VALUE},
    {"String", HOW_TEXT, 0, LS_SPARKPLUG_STRING_VALUE},
    {"DateTime", HOW_UNSIGNED, 64, LS_SPARKPLUG_LONG_VALUE},
    {"Text", HOW_TEXT, 0, LS_SPARKPLUG_STRING_VALUE},
    {"UUID", HOW_TEXT, 0, LS_SPARKPLUG_STRING_VALUE},
    {"DataSet", HOW_SPAN, 0, LS_SPARKPLUG_DATASET_VALUE},
    {"Bytes", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"File", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"Template", HOW_SPAN, 0, LS_SPARKPLUG_TEMPLATE_VALUE},
    {"PropertySet", HOW_UNKNOWN, 0, LS_SPARKPLUG_NO_VALUE},
    {"PropertySetList", HOW_UNKNOWN, 0, LS_SPARKPLUG_NO_VALUE},
    {"Int8Array", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"Int16Array", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"Int32Array", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"Int64Array", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"UInt8Array", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"UInt16Array", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"UInt32Array", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"UInt64Array", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"FloatArray", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"DoubleArray", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"BooleanArray", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"StringArray", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
    {"DateTimeArray", HOW_SPAN, 0, LS_SPARKPLUG_BYTES_VALUE},
};
static const uint8_t kinds[] = {
    [HOW_UNKNOWN] = LS_VALUE_NONE, [HOW_SIGNED] = LS_VALUE_INT,  [HOW_UNSIGNED] = LS_VALUE_UINT,
    [HOW_FLOAT] = LS_VALUE_FLOAT,  [HOW_DOUBLE] = LS_VALUE_REAL, [HOW_BOOL] = LS_VALUE_BOOL,
    [HOW_TEXT] = LS_VALUE_TEXT,    [HOW_SPAN] = LS_VALUE_BYTES,
};

static const char no_value[] = "has no value and is not null";
static const char wrong_field[] = "is in a field that does not belong to its type";
static const char does_not_fit[] = "does not fit its type";
static const char wrong_kind[] = "is of another kind than its type";

static const rule *rule_of(uint32_t type) {
    return &rules[type < LS_SPARKPLUG_TYPE_COUNT ? type : LS_SPARKPLUG_UNKNOWN];
}

const char *ls_sparkplug_type_name(uint32_t type) {
    return rule_of(type)->name;
}

ls_value_kind ls_sparkplug_type_kind(uint32_t type) {
    return (ls_value_kind)kinds[rule_of(type)->how];
}

ls_sparkplug_type ls_sparkplug_type_for(ls_value_kind kind) {
    switch (kind) {
    case LS_VALUE_BOOL: return LS_SPARKPLUG_BOOLEAN;
    case LS_VALUE_INT: return LS_SPARKPLUG_INT64;
    case LS_VALUE_UINT: return LS_SPARKPLUG_UINT64;
    case LS_VALUE_REAL: return LS_SPARKPLUG_DOUBLE;
    case LS_VALUE_FLOAT: return LS_SPARKPLUG_FLOAT;
    case LS_VALUE_TEXT: return LS_SPARKPLUG_STRING;
    case LS_VALUE_BYTES: return LS_SPARKPLUG_BYTES;
    default: return LS_SPARKPLUG_UNKNOWN;
    }
}

static double double_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// The equal double. By hand where it is a NaN, so that its payload stays and no processor makes a
// quiet one of a signalling one.
static double double_of_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    if (value == value) {
        return (double)value;
    }
    return double_of((uint64_t)(bits >> 31) << 63 | 0x7ffull << 52 |
                     (uint64_t)(bits & 0x7fffffu) << 29);
}

static uint32_t float_bits_of(double value) {
    if (value == value) {
        const float narrow = (float)value;
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof bits);
        return bits;
    }
    const uint64_t wide = bits_of(value);
    const uint32_t fraction = (uint32_t)(wide >> 29) & 0x7fffffu;
    return (uint32_t)(wide >> 63) << 31 | 0xffu << 23 | (fraction != 0 ? fraction : 0x400000u);
}

static ls_quality quality_of(const ls_sparkplug_metric *metric) {
    if (!metric->has_quality || metric->quality == LS_SPARKPLUG_QUALITY_GOOD) {
        return LS_QUALITY_GOOD;
    }
    switch (metric->quality) {
    case LS_SPARKPLUG_QUALITY_STALE: return LS_QUALITY_STALE;
    case LS_SPARKPLUG_QUALITY_BAD: return LS_QUALITY_BAD;
    default: return LS_QUALITY_UNCERTAIN;
    }
}

// Two's complement of `width` bits. Producers differ: -1 as an Int8 comes as 0xff or as 0xffffffff.
static const char *read_signed(const ls_sparkplug_metric *metric, unsigned width, int64_t *out) {
    int64_t value = (int64_t)metric->bits;
    if (metric->field == LS_SPARKPLUG_INT_VALUE) {
        value = (int32_t)(uint32_t)metric->bits;
        if (width == 64 && value < 0) {
            return does_not_fit;  // 3e9, or a negative number? Nobody can say.
        }
    } else if (metric->field != LS_SPARKPLUG_LONG_VALUE) {
        return wrong_field;
    }
    if (width < 64) {
        const int64_t limit = (int64_t)1 << (width - 1);
        if (value >= limit && value < 2 * limit) {
            value -= 2 * limit;
        }
        if (value >= limit || value < -limit) {
            return does_not_fit;
        }
    }
    *out = value;
    return NULL;
}

static const char *read_unsigned(const ls_sparkplug_metric *metric, unsigned width, uint64_t *out) {
    if (metric->field != LS_SPARKPLUG_INT_VALUE && metric->field != LS_SPARKPLUG_LONG_VALUE) {
        return wrong_field;
    }
    if (width < 64 && metric->bits >> width != 0) {
        return does_not_fit;
    }
    *out = metric->bits;
    return NULL;
}

static const char *read_span_value(const ls_sparkplug_metric *metric, ls_value_kind kind,
                                   ls_sample *out) {
    if (metric->span.size > UINT32_MAX) {
        return "is larger than 4 GiB";
    }
    if (kind == LS_VALUE_TEXT && !ls_text_is_utf8(metric->span.data, metric->span.size, NULL)) {
        return "is not UTF-8";
    }
    out->kind = (uint8_t)kind;
    out->size = (uint32_t)metric->span.size;
    out->value.text = metric->span.data;
    return NULL;
}

// A double where a float was promised keeps all its digits.
static const char *read_real(const ls_sparkplug_metric *metric, ls_value_kind kind,
                             ls_sample *out) {
    if (metric->field == LS_SPARKPLUG_DOUBLE_VALUE) {
        out->kind = LS_VALUE_REAL;
        out->value.real = double_of(metric->bits);
        return NULL;
    }
    if (metric->field != LS_SPARKPLUG_FLOAT_VALUE) {
        return wrong_field;
    }
    out->kind = (uint8_t)kind;
    out->value.real = double_of_float((uint32_t)metric->bits);
    return NULL;
}

static const char *read_bool(const ls_sparkplug_metric *metric, ls_sample *out) {
    if (metric->field > LS_SPARKPLUG_BOOLEAN_VALUE || metric->field == LS_SPARKPLUG_FLOAT_VALUE ||
        metric->field == LS_SPARKPLUG_DOUBLE_VALUE) {
        return wrong_field;
    }
    if (metric->bits > 1) {
        return does_not_fit;
    }
    out->kind = LS_VALUE_BOOL;
    out->value.integer = (int64_t)metric->bits;
    return NULL;
}

// Without a type, or with one of a later specification: by the field, but said to be uncertain.
static const char *read_unknown(const ls_sparkplug_metric *metric, ls_sample *out) {
    out->quality = out->quality == LS_QUALITY_GOOD ? LS_QUALITY_UNCERTAIN : out->quality;
    switch (metric->field) {
    case LS_SPARKPLUG_INT_VALUE:
    case LS_SPARKPLUG_LONG_VALUE:
        out->kind = LS_VALUE_UINT;
        out->value.natural = metric->bits;
        return NULL;
    case LS_SPARKPLUG_FLOAT_VALUE: return read_real(metric, LS_VALUE_FLOAT, out);
    case LS_SPARKPLUG_DOUBLE_VALUE: return read_real(metric, LS_VALUE_REAL, out);
    case LS_SPARKPLUG_BOOLEAN_VALUE: return read_bool(metric, out);
    case LS_SPARKPLUG_STRING_VALUE:
        return read_span_value(metric, LS_VALUE_TEXT, out) == NULL
                   ? NULL
                   : read_span_value(metric, LS_VALUE_BYTES, out);
    default: return read_span_value(metric, LS_VALUE_BYTES, out);
    }
}

static const char *read_by_rule(const ls_sparkplug_metric *metric, const rule *r, ls_sample *out) {
    switch ((how)r->how) {
    case HOW_SIGNED:
        out->kind = LS_VALUE_INT;
        return read_signed(metric, r->bits, &out->value.integer);
    case HOW_UNSIGNED:
        out->kind = LS_VALUE_UINT;
        return read_unsigned(metric, r->bits, &out->value.natural);
    case HOW_FLOAT: return read_real(metric, LS_VALUE_FLOAT, out);
    case HOW_DOUBLE: return read_real(metric, LS_VALUE_REAL, out);
    case HOW_BOOL: return read_bool(metric, out);
    case HOW_TEXT:
    case HOW_SPAN:
        return metric->field == r->field
                   ? read_span_value(metric, (ls_value_kind)kinds[r->how], out)
                   : wrong_field;
    default: return read_unknown(metric, out);
    }
}

const char *ls_sparkplug_value(const ls_sparkplug_metric *metric, uint32_t type, ls_sample *out) {
    // Nearly all values of nearly all plants.
    if (type == LS_SPARKPLUG_DOUBLE && metric->field == LS_SPARKPLUG_DOUBLE_VALUE &&
        !metric->null) {
        out->kind = LS_VALUE_REAL;
        out->quality = (uint8_t)quality_of(metric);
        out->size = 0;
        out->value.real = double_of(metric->bits);
        return NULL;
    }
    ls_sample sample = *out;
    sample.kind = LS_VALUE_NONE;
    sample.size = 0;
    sample.value.natural = 0;
    sample.quality = (uint8_t)quality_of(metric);
    if (!metric->null) {
        const char *reason = metric->field == LS_SPARKPLUG_NO_VALUE
                                 ? no_value
                                 : read_by_rule(metric, rule_of(type), &sample);
        if (reason != NULL) {
            return reason;
        }
    }
    *out = sample;
    return NULL;
}

// As a signed number when it is below zero, else as a natural one.
static const char *whole_of(const ls_sample *sample, bool *out_negative, uint64_t *out) {
    switch ((ls_value_kind)sample->kind) {
    case LS_VALUE_BOOL:
    case LS_VALUE_INT:
        *out_negative = sample->value.integer < 0;
        *out = (uint64_t)sample->value.integer;
        return NULL;
    case LS_VALUE_UINT:
        *out_negative = false;
        *out = sample->value.natural;
        return NULL;
    case LS_VALUE_REAL:
    case LS_VALUE_FLOAT: {
        const double value = sample->value.real;
        if (!(value >= -0x1p63 && value < 0x1p64) || value != floor(value)) {
            return does_not_fit;
        }
        *out_negative = value < 0;
        *out = value < 0 ? (uint64_t)(int64_t)value : (uint64_t)value;
        return NULL;
    }
    default: return wrong_kind;
    }
}

static const char *encode_whole(const ls_sample *sample, const rule *r, uint64_t *out) {
    bool negative;
    uint64_t bits;
    const char *reason = whole_of(sample, &negative, &bits);
    if (reason != NULL) {
        return reason;
    }
    const unsigned width = r->how == HOW_BOOL ? 1 : r->bits;
    if (r->how != HOW_SIGNED) {
        if (negative || (width < 64 && bits >> width != 0)) {
            return does_not_fit;
        }
    } else if (negative ? (int64_t)bits < -((int64_t)1 << (width - 2)) * 2
                        : bits >> (width - 1) != 0) {
        return does_not_fit;
    }
    *out = r->field == LS_SPARKPLUG_INT_VALUE ? (uint32_t)bits : bits;
    return NULL;
}

static const char *encode_real(const ls_sample *sample, const rule *r, uint64_t *out) {
    double value;
    if (!ls_sample_number(sample, &value)) {
        return wrong_kind;
    }
    if (r->how == HOW_DOUBLE) {
        *out = bits_of(value);
        return NULL;
    }
    if (isfinite(value) && fabs(value) > (double)3.40282346638528859812e38f) {
        return does_not_fit;
    }
    *out = float_bits_of(value);
    return NULL;
}

static const char *encode_span(const ls_sample *sample, const rule *r, ls_sparkplug_span *out) {
    if (sample->kind != kinds[r->how]) {
        return wrong_kind;
    }
    *out = (ls_sparkplug_span){sample->size > 0 ? sample->value.text : "", sample->size};
    return NULL;
}

static const char *encode_value(const ls_sample *sample, const rule *r, ls_sparkplug_metric *out) {
    out->field = r->field;
    switch ((how)r->how) {
    case HOW_SIGNED:
    case HOW_UNSIGNED:
    case HOW_BOOL: return encode_whole(sample, r, &out->bits);
    case HOW_FLOAT:
    case HOW_DOUBLE: return encode_real(sample, r, &out->bits);
    case HOW_TEXT:
    case HOW_SPAN: return encode_span(sample, r, &out->span);
    default: return "has no type that could be written";
    }
}

const char *ls_sparkplug_encode(const ls_sample *sample, ls_sparkplug_type type,
                                ls_sparkplug_metric *out) {
    static const int32_t codes[LS_QUALITY_COUNT] = {
        [LS_QUALITY_GOOD] = LS_SPARKPLUG_QUALITY_GOOD,
        [LS_QUALITY_UNCERTAIN] = LS_SPARKPLUG_QUALITY_BAD,  // there are only three
        [LS_QUALITY_STALE] = LS_SPARKPLUG_QUALITY_STALE,
        [LS_QUALITY_BAD] = LS_SPARKPLUG_QUALITY_BAD,
    };
    ls_sparkplug_metric metric = *out;
    metric.type = (uint32_t)type;
    metric.has_type = true;
    metric.null = sample->kind == LS_VALUE_NONE;
    metric.field = LS_SPARKPLUG_NO_VALUE;
    metric.bits = 0;
    metric.span = (ls_sparkplug_span){0};
    metric.has_quality = sample->quality != LS_QUALITY_GOOD && sample->quality < LS_QUALITY_COUNT;
    metric.quality = metric.has_quality ? codes[sample->quality] : 0;
    const char *reason = metric.null ? NULL
                                     : encode_value(sample, rule_of((uint32_t)type), &metric);
    if (reason == NULL) {
        *out = metric;
    }
    return reason;
}
