// yaml.h - a YAML document with places, through libfyaml; everything a reader of ours needs, no
// more.
//
// Refuses what is over 16 MiB before parsing, nesting over 60, over two million nodes, over
// 200 blank lines in a row (the parser's time is quadratic in those), aliases, anchors and tags (a
// clear error), several documents, keys that are no text, binary and non-UTF-8 bytes. Doubled keys
// are allowed by the parser and found by us, so that all mistakes are reported at once.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

enum {
    LS_YAML_SIZE_MAX = 16 * 1024 * 1024,
    LS_YAML_DEPTH_MAX = 60,
    LS_YAML_NODES_MAX = 2000000,
    LS_YAML_BLANK_LINES_MAX = 200,
};

typedef enum ls_yaml_kind { LS_YAML_NULL, LS_YAML_TEXT, LS_YAML_LIST, LS_YAML_MAP } ls_yaml_kind;

// One node, copied into the arena; plain data, no library handle.
typedef struct ls_yaml ls_yaml;
struct ls_yaml {
    ls_yaml_kind kind;
    bool quoted;       // a quoted scalar is never null; block scalars (| and >) count as quoted
    int line, column;  // from 1, the column in characters; of a value that is not there: its key's
    // Place of the value in the file, quotes and brackets included (for byte-exact edits): text
    // [start_byte, end_byte). A block scalar's are its lines; a value that is not there is empty,
    // at the place to write it (which then needs a blank before it).
    size_t start_byte, end_byte;
    const char *text;  // LS_YAML_TEXT, also as written for LS_YAML_NULL; zero-terminated, UTF-8
    size_t count;      // list or map entries
    ls_yaml *items;    // list entries, or map values
    ls_yaml *keys;     // map keys (text nodes); doubled keys are all present
};

// Parses text[0..size) (the file's bytes; file is only a name for errors) into *out, in the arena.
// On failure *err carries line and column and the parser's reason; only the first mistake of form
// can be found. An empty file is a null node. Pure: reads no file.
ls_status ls_yaml_parse(const char *text, size_t size, const char *file, ls_arena *arena,
                        ls_yaml **out, ls_error *err);
// First value of this key; NULL when there is none or `map` is no map (or NULL).
const ls_yaml *ls_yaml_find(const ls_yaml *map, const char *key);
