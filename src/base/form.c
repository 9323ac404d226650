// form.c - see form.h: opened and closed, rows, mistakes, and finding names.
#include "base/form.h"

#include <assert.h>
#include <string.h>

enum { ROWS_FIRST_CAPACITY = 16, HINT_NAMES = 12, NAMES_COMPARED_MAX = 2000000 };

void ls_form_init(ls_form *f, const ls_schema *schema, ls_arena *arena, const char *file,
                  const ls_form_files *files, ls_errors *errors) {
    memset(f, 0, sizeof *f);
    f->schema = schema;
    f->arena = arena;
    f->file = file != NULL ? file : "";
    f->files = files;
    f->errors = errors;
    f->errors_before = errors != NULL ? errors->count : 0;
    ls_arena_init(&f->scratch);
    ls_names_init(&f->paths);
}

void ls_form_clear(ls_form *f) {
    ls_names_clear(&f->paths);
    ls_arena_clear(&f->scratch);
}

ls_status ls_form_open(ls_form *f, const char *text, size_t size) {
    ls_error err;
    ls_yaml *root = NULL;
    const ls_status status = ls_yaml_parse(text, size, f->file, &f->scratch, &root, &err);
    if (status != LS_OK) {
        ls_form_error(f, &err);
        return status;
    }
    f->root = root;
    for (size_t i = 0; i < f->schema->count; i++) {
        (void)ls_names_add(&f->paths, 0, f->schema->keys[i].path, (uint32_t)i);
    }
    f->out_of_memory = f->out_of_memory || f->paths.failed;
    return LS_OK;
}

// Errors of other files keep their order behind those of the file itself.
static int compare_errors(const ls_error *a, const ls_error *b, const char *file) {
    const bool a_here = strcmp(a->file, file) == 0;
    const bool b_here = strcmp(b->file, file) == 0;
    if (a_here != b_here) {
        return a_here ? -1 : 1;
    }
    if (!a_here) {
        return 0;
    }
    if (a->line != b->line) {
        return a->line < b->line ? -1 : 1;
    }
    return a->column < b->column ? -1 : (a->column > b->column ? 1 : 0);
}

// Insertion sort: stable, and the list is short (LS_ERRORS_MAX) and nearly in order.
static void sort_errors(ls_errors *errors, size_t from, const char *file) {
    for (size_t i = from + 1; i < errors->count; i++) {
        const ls_error moving = errors->items[i];
        size_t k = i;
        while (k > from && compare_errors(&moving, &errors->items[k - 1], file) < 0) {
            errors->items[k] = errors->items[k - 1];
            k--;
        }
        errors->items[k] = moving;
    }
}

ls_status ls_form_no_memory(ls_errors *errors, const char *file, const char *what) {
    ls_error err;
    const ls_status status = ls_fail_at(&err, LS_ERR_MEMORY, file, 0, 0,
                                        "out of memory while reading %s", what);
    if (errors != NULL) {
        ls_errors_add(errors, &err);
    }
    return status;
}

ls_status ls_form_finish(ls_form *f, const char *what) {
    if (f->out_of_memory) {
        return ls_form_no_memory(f->errors, f->file, what);
    }
    if (f->errors != NULL) {
        sort_errors(f->errors, f->errors_before, f->file);
    }
    return f->error_count > 0 ? f->first_status : LS_OK;
}

void ls_rows_init(ls_rows *rows, size_t size) {
    memset(rows, 0, sizeof *rows);
    rows->size = size;
}

void ls_rows_clear(ls_rows *rows) {
    ls_free(rows->items);
    memset(rows, 0, sizeof *rows);
}

void *ls_form_push(ls_form *f, ls_rows *rows, uint32_t *out_index) {
    assert(rows->size > 0 && rows->size <= sizeof f->waste);
    if (!f->out_of_memory && rows->count == rows->capacity) {
        const uint32_t capacity = rows->capacity == 0 ? ROWS_FIRST_CAPACITY : rows->capacity * 2;
        void *items = capacity < UINT32_MAX / 2 ? ls_realloc(rows->items, capacity * rows->size)
                                                : NULL;
        if (items == NULL) {
            f->out_of_memory = true;
        } else {
            rows->items = items;
            rows->capacity = capacity;
        }
    }
    if (f->out_of_memory) {
        memset(f->waste, 0, sizeof f->waste);
        if (out_index != NULL) {
            *out_index = 0;
        }
        return f->waste;
    }
    unsigned char *row = (unsigned char *)rows->items + (size_t)rows->count * rows->size;
    memset(row, 0, rows->size);
    if (out_index != NULL) {
        *out_index = rows->count;
    }
    rows->count++;
    return row;
}

// Copies rows into the arena; an empty array stays NULL.
void *ls_form_close(ls_form *f, const ls_rows *rows, uint32_t *out_count) {
    *out_count = rows->count;
    if (rows->count == 0) {
        return NULL;
    }
    void *items = ls_arena_alloc(f->arena, (size_t)rows->count * rows->size);
    if (items == NULL) {
        f->out_of_memory = true;
        *out_count = 0;
        return NULL;
    }
    memcpy(items, rows->items, (size_t)rows->count * rows->size);
    return items;
}

static void add(ls_form *f, ls_error *err, const char *hint) {
    if (hint != NULL) {
        ls_hint(err, "%s", hint);
    }
    if (f->error_count == 0) {
        f->first_status = err->status;
    }
    f->error_count++;
    if (f->errors != NULL) {
        ls_errors_add(f->errors, err);
    }
}

static void format_text(ls_error *err, const char *format, va_list args) {
    char text[LS_ERROR_TEXT_SIZE];
    ls_text_vformat(text, sizeof text, format, args);
    (void)ls_fail(err, LS_ERR_INVALID, "%s", text);
}

void ls_form_mistake(ls_form *f, const ls_yaml *at, const char *hint, const char *format, ...) {
    ls_error err;
    ls_error text;
    va_list args;
    va_start(args, format);
    format_text(&text, format, args);
    va_end(args);
    (void)ls_fail_at(&err, LS_ERR_INVALID, f->file, at != NULL ? at->line : 0,
                     at != NULL ? at->column : 0, "%s", text.text);
    add(f, &err, hint);
}

void ls_form_mistake_in(ls_form *f, const char *file, int line, int column, const char *hint,
                        const char *format, ...) {
    ls_error err;
    ls_error text;
    va_list args;
    va_start(args, format);
    format_text(&text, format, args);
    va_end(args);
    (void)ls_fail_at(&err, LS_ERR_INVALID, file, line, column, "%s", text.text);
    add(f, &err, hint);
}

void ls_form_error(ls_form *f, const ls_error *err) {
    ls_error copy = *err;
    if (copy.status == LS_ERR_MEMORY) {
        f->out_of_memory = true;
        return;
    }
    add(f, &copy, NULL);
}

const char *ls_form_format(ls_form *f, const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    const size_t length = ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    const char *copy = ls_arena_text(&f->scratch, text,
                                     length < sizeof text ? length : sizeof text - 1);
    if (copy == NULL) {
        f->out_of_memory = true;
        return "";
    }
    return copy;
}

const char *ls_form_text(ls_form *f, const char *text) {
    const char *copy = ls_arena_text(f->arena, text, strlen(text));
    if (copy == NULL) {
        f->out_of_memory = true;
        return "";
    }
    return copy;
}

const char *ls_form_nearest(ls_form *f, const char *word, const char *const *names, size_t count) {
    const char *nearest = ls_text_nearest(word, names, count);
    if (nearest != NULL) {
        return ls_form_format(f, "did you mean '%s'?", nearest);
    }
    const char *list = NULL;
    for (size_t i = 0; i < count && i < HINT_NAMES; i++) {
        list = list == NULL ? ls_form_format(f, "there is: %s", names[i])
                            : ls_form_format(f, "%s, %s", list, names[i]);
    }
    if (list != NULL && count > HINT_NAMES) {
        list = ls_form_format(f, "%s, ... (%zu in all)", list, count);
    }
    return list;
}

const char *ls_form_nearest_row(ls_form *f, const char *word, const ls_rows *rows, size_t offset) {
    if (f->names_compared > NAMES_COMPARED_MAX) {
        return NULL;
    }
    f->names_compared += rows->count;
    const char **names = ls_arena_alloc(&f->scratch, (rows->count + 1) * sizeof *names);
    if (names == NULL) {
        f->out_of_memory = true;
        return NULL;
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        memcpy(&names[i], (const unsigned char *)rows->items + i * rows->size + offset,
               sizeof names[i]);
    }
    return ls_form_nearest(f, word, names, rows->count);
}

uint32_t ls_form_find(ls_form *f, const ls_yaml *at, const ls_names *names, uint32_t scope,
                      const char *what, const ls_rows *rows, size_t name_offset) {
    assert(at->text != NULL);
    const uint32_t found = ls_names_find(names, scope, at->text);
    if (found == UINT32_MAX) {
        ls_form_mistake(f, at, ls_form_nearest_row(f, at->text, rows, name_offset),
                        "unknown %s '%s'", what, at->text);
    }
    return found;
}

const ls_csv *ls_form_csv(ls_form *f, const ls_yaml *at, const char *name) {
    ls_error err;
    if (f->files == NULL || f->files->load == NULL) {
        ls_form_mistake(f, at, NULL, "file '%s' cannot be read from here", name);
        return NULL;
    }
    const char *text = NULL;
    size_t size = 0;
    const ls_status status = f->files->load(f->files->context, name, &text, &size, &err);
    if (status == LS_ERR_MEMORY) {
        f->out_of_memory = true;
        return NULL;
    }
    if (status != LS_OK) {
        ls_form_mistake(f, at, err.hint[0] != '\0' ? err.hint : NULL, "file '%s': %s", name,
                        err.text);
        return NULL;
    }
    ls_csv *csv = ls_arena_alloc(&f->scratch, sizeof *csv);
    if (csv == NULL) {
        f->out_of_memory = true;
        return NULL;
    }
    const size_t length = strlen(name);
    const bool by_tabs = length >= 4 && strcmp(name + length - 4, ".tsv") == 0;
    const char separator = by_tabs ? '\t' : ',';
    if (ls_csv_parse(text, size, separator, name, &f->scratch, csv, &err) != LS_OK) {
        ls_form_error(f, &err);
        return NULL;
    }
    return csv;
}
