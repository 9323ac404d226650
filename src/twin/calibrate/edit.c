// edit.c - see edit.h.
#include "twin/calibrate/edit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CONTEXT_LINES = 3 };

static ls_status refuse(const ls_yaml *node, ls_error *err, const char *why) {
    return ls_fail(err, LS_ERR_INVALID, "line %d: the value cannot be changed in place: %s",
                   node->line, why);
}

ls_status ls_edit_make(const char *text, size_t size, const ls_yaml *node, const char *new_text,
                       ls_arena *arena, ls_edit *out, ls_error *err) {
    if (node->kind != LS_YAML_TEXT) {
        return refuse(node, err, "it is no single value");
    }
    if (node->start_byte >= node->end_byte || node->end_byte > size) {
        return refuse(node, err, "it is not there");
    }
    const char *old = text + node->start_byte;
    const size_t length = node->end_byte - node->start_byte;
    const char quote = old[0] == '"' || old[0] == '\'' ? old[0] : '\0';
    if (node->quoted && quote == '\0') {
        return refuse(node, err, "it is written as a block");
    }
    if (quote != '\0' && (length < 2 || old[length - 1] != quote)) {
        return refuse(node, err, "its quotes are not where they should be");
    }
    // What the bytes say must be what was read, else something stands between the two.
    const size_t inner = length - (quote != '\0' ? 2 : 0);
    if (inner != strlen(node->text) ||
        memcmp(old + (quote != '\0' ? 1 : 0), node->text, inner) != 0) {
        return refuse(node, err, "it is written over several lines or with escapes");
    }
    ls_buffer buffer;
    ls_buffer_init(&buffer);
    ls_buffer_append(&buffer, &quote, quote != '\0' ? 1 : 0);
    ls_buffer_text(&buffer, new_text);
    ls_buffer_append(&buffer, &quote, quote != '\0' ? 1 : 0);
    const char *copy = buffer.failed || buffer.data == NULL
                           ? NULL
                           : ls_arena_text(arena, buffer.data, buffer.size);
    ls_buffer_clear(&buffer);
    if (copy == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for a new value");
    }
    *out = (ls_edit){node->start_byte, node->end_byte, copy};
    return LS_OK;
}

static int compare(const void *a, const void *b) {
    const ls_edit *x = a;
    const ls_edit *y = b;
    return x->start < y->start ? -1 : x->start > y->start ? 1 : 0;
}

ls_status ls_edit_apply(const char *text, size_t size, ls_edit *edits, size_t count, ls_buffer *out,
                        ls_error *err) {
    if (count > 0) {
        qsort(edits, count, sizeof *edits, compare);
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (edits[i].start < at || edits[i].end < edits[i].start || edits[i].end > size) {
            return ls_fail(err, LS_ERR_INVALID, "two changes of the same value, at byte %zu",
                           edits[i].start);
        }
        ls_buffer_append(out, text + at, edits[i].start - at);
        ls_buffer_text(out, edits[i].text);
        at = edits[i].end;
    }
    ls_buffer_append(out, text + at, size - at);
    return out->failed ? ls_fail(err, LS_ERR_MEMORY, "no memory for the new text") : LS_OK;
}

// ---- diff

typedef struct lines {
    const char *text;
    size_t size;
    size_t *at;  // count + 1 beginnings
    size_t count;
} lines;

static bool split(const char *text, size_t size, lines *out) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++) {
        count += text[i] == '\n' || i + 1 == size ? 1 : 0;
    }
    *out = (lines){.text = text, .size = size, .count = count};
    out->at = ls_alloc((count + 1) * sizeof *out->at);
    size_t line = 0;
    for (size_t i = 0; out->at != NULL && i < size; i++) {
        if (text[i] == '\n' || i + 1 == size) {
            out->at[++line] = i + 1;
        }
    }
    return out->at != NULL;
}

static bool same(const lines *a, size_t i, const lines *b, size_t k) {
    const size_t length = a->at[i + 1] - a->at[i];
    return length == b->at[k + 1] - b->at[k] &&
           memcmp(a->text + a->at[i], b->text + b->at[k], length) == 0;
}

static void put_line(ls_buffer *out, char mark, const lines *l, size_t i) {
    const size_t length = l->at[i + 1] - l->at[i];
    ls_buffer_append(out, &mark, 1);
    ls_buffer_append(out, l->text + l->at[i], length);
    if (l->text[l->at[i] + length - 1] != '\n') {
        ls_buffer_text(out, "\n\\ No newline at end of file\n");
    }
}

// Lines [from, to) differ somewhere; both texts have as many lines.
static void put_hunk(ls_buffer *out, const lines *a, const lines *b, size_t from, size_t to) {
    const size_t first = from < CONTEXT_LINES ? 0 : from - CONTEXT_LINES;
    const size_t last = to + CONTEXT_LINES < a->count ? to + CONTEXT_LINES : a->count;
    ls_buffer_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", first + 1, last - first, first + 1,
                     last - first);
    for (size_t i = first; i < last;) {
        if (same(a, i, b, i)) {
            put_line(out, ' ', a, i++);
            continue;
        }
        size_t end = i;
        for (; end < last && !same(a, end, b, end); end++) {
            put_line(out, '-', a, end);
        }
        for (; i < end; i++) {
            put_line(out, '+', b, i);
        }
    }
}

static void put_equal(ls_buffer *out, const lines *a, const lines *b) {
    for (size_t i = 0; i < a->count;) {
        if (same(a, i, b, i)) {
            i++;
            continue;
        }
        // Changes whose contexts touch are one hunk.
        size_t end = i + 1;
        for (size_t k = end; k < a->count && k <= end + 2 * CONTEXT_LINES; k++) {
            end = same(a, k, b, k) ? end : k + 1;
        }
        put_hunk(out, a, b, i, end);
        i = end;
    }
}

static void put_whole(ls_buffer *out, const lines *a, const lines *b) {
    ls_buffer_printf(out, "@@ -%d,%zu +%d,%zu @@\n", a->count > 0, a->count, b->count > 0,
                     b->count);
    for (size_t i = 0; i < a->count; i++) {
        put_line(out, '-', a, i);
    }
    for (size_t i = 0; i < b->count; i++) {
        put_line(out, '+', b, i);
    }
}

void ls_edit_diff(const char *old_text, size_t old_size, const char *new_text, size_t new_size,
                  const char *name, ls_buffer *out) {
    lines a;
    lines b = {0};
    const bool made = split(old_text, old_size, &a) && split(new_text, new_size, &b);
    if (!made) {
        out->failed = true;
    } else if (old_size != new_size || memcmp(old_text, new_text, old_size) != 0) {
        ls_buffer_printf(out, "--- %s\n+++ %s\n", name, name);
        if (a.count == b.count) {
            put_equal(out, &a, &b);
        } else {
            put_whole(out, &a, &b);
        }
    }
    ls_free(a.at);
    ls_free(b.at);
}
