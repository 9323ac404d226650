// fields.h - the fields of a JSON object that others sent: taken by name, checked, every mistake
// named.
//
// The first mistake stays and all later takings give nothing, so that a reader looks once, at the
// end.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef struct ls_fields {
    const json_t *object;
    ls_error *err;
    bool failed;
} ls_fields;

// `keys` (NULL-ended) are all that it may have; another one is refused with the nearest of them.
ls_fields ls_fields_open(const json_t *object, const char *const *keys, ls_error *err);
bool ls_fields_has(const ls_fields *f, const char *key);  // not null
// Each leaves *out alone where the field is not there, and after a mistake.
void ls_fields_integer(ls_fields *f, const char *key, int64_t least, int64_t most, int64_t *out);
void ls_fields_number(ls_fields *f, const char *key, double least, double most, double *out);
void ls_fields_flag(ls_fields *f, const char *key, bool *out);
// Lives as long as the object. `least` to `most` bytes, none of them 0.
void ls_fields_text(ls_fields *f, const char *key, size_t least, size_t most, const char **out);
// A list of texts, each of at most `most` bytes; the list, NULL-ended, lives in the arena.
void ls_fields_texts(ls_fields *f, const char *key, size_t count_least, size_t count_most,
                     size_t most, ls_arena *arena, const char *const **out, size_t *out_count);
// A text that is a whole number above 0, as ids of jobs are.
void ls_fields_id(ls_fields *f, const char *key, uint64_t *out);
// Says what is wrong, unless something was before.
void ls_fields_fail(ls_fields *f, ls_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
