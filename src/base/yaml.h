// yaml.h - a YAML document with places, through libfyaml; everything a reader of ours needs, no more.
//
// Refuses what is over 16 MiB before parsing, nesting over 60, aliases and anchors (a clear error),
// several documents, binary and non-UTF-8 bytes. Doubled keys are allowed by the parser and found by
// us, so that all mistakes are reported at once.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

enum { LS_YAML_SIZE_MAX = 16 * 1024 * 1024, LS_YAML_DEPTH_MAX = 60 };

typedef enum ls_yaml_kind { LS_YAML_NULL, LS_YAML_TEXT, LS_YAML_LIST, LS_YAML_MAP } ls_yaml_kind;

// One node, copied into the arena; plain data, no library handle.
typedef struct ls_yaml ls_yaml;
struct ls_yaml {
    ls_yaml_kind kind;
    bool quoted;       // a quoted scalar is never null
    int line, column;  // from 1
    size_t start_byte, end_byte;  // place of the value in the file (for byte-exact edits)
    const char *text;  // LS_YAML_TEXT; zero-terminated, UTF-8
    size_t count;      // list or map entries
    ls_yaml *items;    // list entries, or map values
    ls_yaml *keys;     // map keys (text nodes); doubled keys are all present
};

// Parses text[0..size) (the file's bytes; file is only a name for errors) into *out, in the arena. On
// failure *err carries line and column and the parser's reason.
ls_status ls_yaml_parse(const char *text, size_t size, const char *file, ls_arena *arena,
                        ls_yaml **out, ls_error *err);
// First value of this key, or NULL.
const ls_yaml *ls_yaml_find(const ls_yaml *map, const char *key);
