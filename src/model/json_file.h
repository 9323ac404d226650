// json_file.h - what the files of models share: JSON that a stranger may have written. Private to
// the room.
#pragma once

#include <jansson.h>

#include "base/status.h"
#include "base/text.h"

// A file while it is read: the first thing that is wrong counts.
typedef struct ls_json_file {
    const char *what;    // "monitor"
    const char *format;  // that its `format` says
    int version;         // the newest that is read; there is one
    const char *file;
    ls_error *err;
    ls_status status;
} ls_json_file;

// LS_ERR_INVALID: "WHAT: ...", unless something was wrong before.
void ls_json_refuse(ls_json_file *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
// The object that the text is; NULL: refused.
json_t *ls_json_root(ls_json_file *f, const char *text, size_t size);
// Its format and version, and no other keys than these. LS_ERR_VERSION: written by a later program.
bool ls_json_head(ls_json_file *f, json_t *root, const char *const *keys, size_t count);
// No other keys than these; `where` stands before what is said.
bool ls_json_keys(ls_json_file *f, json_t *object, const char *where, const char *const *keys,
                  size_t count);
