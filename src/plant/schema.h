// schema.h - the table of all keys of a plant file: the only place that knows them.
//
// The reader checks every file against it (schema_check.h), takes defaults from it, and
// docs/PLANT.md is made from it. A path names keys from the top with dots; `*` stands for a name
// that people choose. Lists have no component of their own: `stations.*.fails.every` is the key in
// the map `fails` and in each map of a list `fails`.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
    LS_KEY_SPANS,  // times of day: `06:00-14:00 22:00-06:00`
    LS_KEY_ANY,    // not looked at
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

extern const ls_key ls_schema[];
extern const size_t ls_schema_count;

// The row of exactly this path, -1 when there is none. O(rows).
int ls_schema_find(const char *path);
// The row below `parent` (-1: top) for a key: the exact one, else the one for any name (`*`), else
// -1.
int ls_schema_child(int parent, const char *key);
// Names of the keys below `parent`, without `*`, into names; returns how many (at most size).
size_t ls_schema_children(int parent, const char **names, size_t size);
// True when `word` is one of the blank separated words.
bool ls_schema_has_word(const char *words, const char *word);
const char *ls_schema_type_text(ls_key_type type);  // "a span of time", ...
