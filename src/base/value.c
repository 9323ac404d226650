// value.c - see value.h.
#include "base/value.h"

#include <string.h>

static const char *const kind_names[LS_VALUE_KIND_COUNT] = {
    "none", "bool", "int", "uint", "real", "float", "text", "bytes",
};
static const char *const quality_names[LS_QUALITY_COUNT] = {"good", "uncertain", "stale", "bad"};

const char *ls_value_kind_name(ls_value_kind kind) {
    return (unsigned)kind < LS_VALUE_KIND_COUNT ? kind_names[kind] : "unknown";
}

ls_value_kind ls_value_kind_find(const char *name) {
    int i = 0;
    while (i < LS_VALUE_KIND_COUNT && strcmp(kind_names[i], name) != 0) {
        i++;
    }
    return (ls_value_kind)i;
}

const char *ls_quality_name(ls_quality quality) {
    return (unsigned)quality < LS_QUALITY_COUNT ? quality_names[quality] : "unknown";
}

ls_quality ls_quality_find(const char *name) {
    int i = 0;
    while (i < LS_QUALITY_COUNT && strcmp(quality_names[i], name) != 0) {
        i++;
    }
    return (ls_quality)i;
}

bool ls_sample_number(const ls_sample *sample, double *out) {
    switch (sample->kind) {
    case LS_VALUE_BOOL:
    case LS_VALUE_INT: *out = (double)sample->value.integer; return true;
    case LS_VALUE_UINT: *out = (double)sample->value.natural; return true;
    case LS_VALUE_REAL:
    case LS_VALUE_FLOAT: *out = sample->value.real; return true;
    default: return false;
    }
}

bool ls_sample_same(const ls_sample *a, const ls_sample *b) {
    if (a->kind != b->kind || a->quality != b->quality) {
        return false;
    }
    if (a->kind == LS_VALUE_NONE) {
        return true;
    }
    if (a->kind == LS_VALUE_TEXT || a->kind == LS_VALUE_BYTES) {
        return a->size == b->size &&
               (a->size == 0 || memcmp(a->value.text, b->value.text, a->size) == 0);
    }
    return a->value.natural == b->value.natural;  // the bits, so that NaN equals itself
}
