// tags.h - every signal has a name and a small number.
//
// Numbers are dense, start at 0, never change and are never taken away. Names are paths
// ("gearbox/cell/grind-1/State"), UTF-8, at most LS_TAG_NAME_MAX bytes. Safe for any number of
// threads; what ls_tags_get returns stays where it is until destroy.
#pragma once

#include "base/status.h"
#include "base/value.h"

enum { LS_TAG_NAME_MAX = 511, LS_TAG_UNIT_MAX = 31, LS_TAGS_MAX = 1 << 20 };
#define LS_TAG_NONE UINT32_MAX

typedef struct ls_tag {
    const char *name;
    const char *_Atomic unit;  // as the source says it; may be empty, never NULL
    _Atomic uint8_t kind;      // ls_value_kind it is declared as; NONE: not yet known
} ls_tag;

typedef struct ls_tags ls_tags;

ls_status ls_tags_create(ls_tags **out, ls_error *err);
void ls_tags_destroy(ls_tags *tags);  // NULL is fine
// The number of a name, a new one where there is none. Fails with LS_ERR_INVALID (empty, too long,
// not UTF-8, control characters), LS_ERR_LIMIT (LS_TAGS_MAX) or LS_ERR_MEMORY. O(1).
ls_status ls_tags_add(ls_tags *tags, const char *name, size_t length, uint32_t *out, ls_error *err);
// LS_TAG_NONE when there is none.
uint32_t ls_tags_find(const ls_tags *tags, const char *name, size_t length);
const ls_tag *ls_tags_get(const ls_tags *tags, uint32_t tag);  // NULL beyond the end
uint32_t ls_tags_count(const ls_tags *tags);
// What the source declares: kind and unit (cut at LS_TAG_UNIT_MAX bytes); unit may be NULL. The
// last one counts; a unit that cannot be stored for want of memory leaves the old one.
void ls_tags_declare(ls_tags *tags, uint32_t tag, ls_value_kind kind, const char *unit);
// Does `name` match `pattern`? '*' stands for any characters but '/', '**' for any, '?' for one.
bool ls_tags_match(const char *pattern, const char *name);
