// form.h - reading a file that people write: YAML against a table of keys, every mistake at its
// place.
//
// Two passes: ls_form_check walks the whole file against the table and reports every mistake that
// one value can have; then a reader of its own (of plants, of pools) takes the values and builds
// what the file says. A reader that meets a value the first pass has refused takes its default in
// silence, so that each mistake is reported once. Out of memory is sticky: rows then go to waste
// space, and the reader gives up at the end.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/csv.h"
#include "base/names.h"
#include "base/schema.h"
#include "base/text.h"
#include "base/units.h"
#include "base/yaml.h"

// Hands over files that the file names. load may be NULL: naming one is then an error.
typedef struct ls_form_files {
    // Stores the text of the file `name` (relative to the file that is read) in *out, alive until
    // the reading ends. On failure fills *err.
    ls_status (*load)(void *context, const char *name, const char **out, size_t *out_size,
                      ls_error *err);
    void *context;
} ls_form_files;

// A growing array of what is being built.
typedef struct ls_rows {
    void *items;  // owned until cleared
    uint32_t count, capacity;
    size_t size;  // of one
} ls_rows;

typedef struct ls_form {
    const ls_schema *schema;
    ls_arena *arena;   // of what is being built; not owned
    ls_arena scratch;  // until the reading ends
    const char *file;  // name for messages
    const ls_form_files *files;
    ls_status (*check_spans)(const char *text, ls_error *err);  // for LS_KEY_SPANS; NULL: no such
    ls_errors *errors;
    size_t error_count;    // of this reading
    size_t errors_before;  // in the list
    ls_status first_status;
    size_t
        names_compared;  // to find near ones; limited, so that a file of nothing but mistakes ends
    bool out_of_memory;
    const ls_yaml *root;
    ls_names paths;             // schema path -> row
    unsigned char waste[1024];  // where rows go when memory is out
} ls_form;

// Everything may be NULL but form, schema and arena.
void ls_form_init(ls_form *f, const ls_schema *schema, ls_arena *arena, const char *file,
                  const ls_form_files *files, ls_errors *errors);
// Parses the text. LS_OK: root is there. Else the mistake is noted.
ls_status ls_form_open(ls_form *f, const char *text, size_t size);
void ls_form_check(ls_form *f);  // form_check.c: the first pass
// The same for one map that did not come from the file itself, against the rows below `path`;
// `where` is what it is for people.
void ls_form_check_map(ls_form *f, const char *path, const ls_yaml *map, const char *where);
bool ls_form_is_name(const char *text);  // a good LS_KEY_NAME?
// Brings the mistakes into the order of the file. `what` is what could not be read for want of
// memory: "the plant". Returns LS_OK when there were no mistakes.
ls_status ls_form_finish(ls_form *f, const char *what);
void ls_form_clear(ls_form *f);
// Adds "out of memory while reading WHAT" (errors may be NULL) and returns LS_ERR_MEMORY; for a
// reader that has not even come to its form.
ls_status ls_form_no_memory(ls_errors *errors, const char *file, const char *what);

// --- rows

void ls_rows_init(ls_rows *rows, size_t size);
void ls_rows_clear(ls_rows *rows);
// A new zeroed row at the end; its index in *out_index unless NULL. Never NULL (see waste).
void *ls_form_push(ls_form *f, ls_rows *rows, uint32_t *out_index);
#define LS_ROW(type, rows, index) ((type *)(rows).items + (index))
// Copies rows into the arena; an empty array stays NULL.
void *ls_form_close(ls_form *f, const ls_rows *rows, uint32_t *out_count);

// --- mistakes

// Adds one at the place of `at` (NULL: none). hint may be NULL.
void ls_form_mistake(ls_form *f, const ls_yaml *at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// A mistake at a place of another file; column 0: none.
void ls_form_mistake_in(ls_form *f, const char *file, int line, int column, const char *hint,
                        const char *format, ...) __attribute__((format(printf, 6, 7)));
// "did you mean 'x'?" or "there are: a, b, c", in the scratch arena; NULL when there are none.
const char *ls_form_nearest(ls_form *f, const char *word, const char *const *names, size_t count);
// The nearest of rows whose member at `offset` is their name.
const char *ls_form_nearest_row(ls_form *f, const char *word, const ls_rows *rows, size_t offset);
// Adds an error made elsewhere; out of memory is only noted.
void ls_form_error(ls_form *f, const ls_error *err);
const char *ls_form_text(ls_form *f, const char *text);  // copy in the arena, never NULL
const char *ls_form_format(ls_form *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));  // in the scratch arena, never NULL
// Index of a name, or a mistake with the nearest: "unknown WHAT 'x'".
uint32_t ls_form_find(ls_form *f, const ls_yaml *at, const ls_names *names, uint32_t scope,
                      const char *what, const ls_rows *rows, size_t name_offset);

// --- values. `path` is the row of the schema; its last component is the key. Each says whether the
// key is there with a good value; if not, *out is the default of the table, or unchanged where the
// table gives none.

const ls_yaml *ls_form_take(ls_form *f, const ls_yaml *map, const char *path);  // NULL: not there
// The same, but only when it is a map.
const ls_yaml *ls_form_take_map(ls_form *f, const ls_yaml *map, const char *path);
bool ls_form_take_count(ls_form *f, const ls_yaml *map, const char *path, int64_t *out);
bool ls_form_take_u32(ls_form *f, const ls_yaml *map, const char *path, uint32_t *out);
bool ls_form_take_number(ls_form *f, const ls_yaml *map, const char *path, double *out);
bool ls_form_take_time(ls_form *f, const ls_yaml *map, const char *path, int64_t *out_us);
bool ls_form_take_power(ls_form *f, const ls_yaml *map, const char *path, int64_t *out_watts);
bool ls_form_take_memory(ls_form *f, const ls_yaml *map, const char *path, int64_t *out_mib);
bool ls_form_take_share(ls_form *f, const ls_yaml *map, const char *path, double *out);
bool ls_form_take_yes(ls_form *f, const ls_yaml *map, const char *path, bool *out);
// The place of the word in the row's words.
bool ls_form_take_choice(ls_form *f, const ls_yaml *map, const char *path, int *out);
// The text, in the arena.
bool ls_form_take_text(ls_form *f, const ls_yaml *map, const char *path, const char **out);

// A value that is one thing or a list of things: how many, and the i-th. NULL: 0.
uint32_t ls_yaml_many(const ls_yaml *value);
const ls_yaml *ls_yaml_nth(const ls_yaml *value, uint32_t i);
bool ls_yaml_is_text(const ls_yaml *value);  // also false for NULL
// Splits `A to B`: both parts in the scratch arena. False when it has another form.
bool ls_form_split(ls_form *f, const char *text, const char **out_from, const char **out_to);
// A file beside the file that is read, as a table; NULL after a mistake.
const ls_csv *ls_form_csv(ls_form *f, const ls_yaml *at, const char *name);
