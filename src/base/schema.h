// schema.h - a table of all keys of one kind of file that people write: the only place that knows
// them.
//
// The reader (form.h) checks every file against it and takes defaults from it, and the document
// that lists the keys is made from it. A path names keys from the top with dots; `*` stands for a
// name that people choose. Lists have no component of their own: `stations.*.fails.every` is the
// key in the map `fails` and in each map of a list `fails`.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

typedef enum ls_key_type {
    LS_KEY_MAP,     // only further keys
    LS_KEY_TEXT,    // any text
    LS_KEY_NAME,    // a name: letters, digits, - _ and anything but dots, blanks around, line ends
    LS_KEY_COUNT,   // whole number in low..high
    LS_KEY_NUMBER,  // number in low..high
    LS_KEY_TIME,    // span of time, in microseconds low..high
    LS_KEY_SHARE,   // 5 % or 0.05
    LS_KEY_YESNO,
    LS_KEY_CHOICE,  // one of words
    LS_KEY_DIST,    // a distribution of time
    LS_KEY_EVERY,   // a distribution of time, or of a count: `500 parts`
    LS_KEY_DATE,
    LS_KEY_SPANS,   // times of day: `06:00-14:00 22:00-06:00`
    LS_KEY_POWER,   // `120 kW`
    LS_KEY_MEMORY,  // `192 GiB`
    LS_KEY_ANY,     // not looked at
} ls_key_type;

enum { LS_SHAPE_ONE = 1, LS_SHAPE_LIST = 2, LS_SHAPE_MAP = 4 };

typedef struct ls_key {
    const char *path;
    ls_key_type type;  // of one value; of each entry of a list
    unsigned shapes;   // LS_SHAPE_...: a single value, a list, a map (of the rows below this one)
    bool required;     // in its map
    double low, high;  // COUNT, NUMBER, TIME (microseconds); both 0: any
    const char
        *words;  // CHOICE: the words; else: words allowed instead of a value. Blank separated
    const char *fallback;  // what holds when the key is not there; NULL: see note
    const char *note;      // the default in words where fallback is NULL; NULL: nothing
    const char *like;      // rows below the row of this path belong here too; NULL
    const char *help;      // one line, English
} ls_key;

typedef struct ls_schema {
    const ls_key *keys;  // depth first: all rows below a row follow it directly
    size_t count;
    const char *file;     // what it is a table of: "the plant file"
    const char *begins;   // what a person sees whose file is no map: how such a file begins
    const char *example;  // a key with a value, for who forgot the blank between: "process: 62 s"
    // Rows that `like` would bring along and that mean nothing there; NULL: none.
    bool (*is_left_out)(const char *parent, const char *key);
    // Below this path (which ends in `*`) stand names that need not be names of ours; NULL:
    // nowhere.
    bool (*has_foreign_names)(const char *path);
} ls_schema;

// The row of exactly this path, -1 when there is none. O(rows).
int ls_schema_find(const ls_schema *schema, const char *path);
// The row below `parent` (-1: top) for a key: the exact one, else the one for any name (`*`), else
// -1.
int ls_schema_child(const ls_schema *schema, int parent, const char *key);
// Names of the keys below `parent`, without `*`, into names; returns how many (at most size).
size_t ls_schema_children(const ls_schema *schema, int parent, const char **names, size_t size);
// True when `word` is one of the blank separated words.
bool ls_schema_has_word(const char *words, const char *word);
const char *ls_schema_type_text(ls_key_type type);  // "a span of time", ...

// Appends the tables of all keys, as Markdown: one table for each row that has rows below it.
void ls_schema_reference(const ls_schema *schema, ls_buffer *out);
