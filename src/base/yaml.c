// yaml.c - see yaml.h.
//
// The parser's events are turned into nodes without recursion: finished nodes wait on one stack
// until the list or map they belong to ends, and are then moved into the arena together. (The
// library's own documents would check doubled keys in quadratic time, or hold every token until the
// end.)
#include "base/yaml.h"

#include <assert.h>
#include <libfyaml.h>
#include <string.h>

#include "base/text.h"

enum { PENDING_FIRST_CAPACITY = 64, BOM_SIZE = 3 };

typedef struct frame {
    size_t base;  // first pending node of this list or map
    bool is_map;
    bool is_flow;
    ls_yaml node;
} frame;

typedef struct reader {
    struct fy_parser *parser;
    struct fy_diag *diag;
    const char *text;  // behind the byte order mark
    size_t size;
    size_t skipped;  // bytes of that mark
    const char *file;
    ls_arena *arena;
    ls_error *err;
    ls_yaml *pending;
    size_t pending_count;
    size_t pending_capacity;
    size_t node_count;
    frame frames[LS_YAML_DEPTH_MAX];
    int depth;
    int documents;
    ls_buffer scratch;
    ls_yaml last;  // the place where the last node began or ended, for values that are not there
} reader;

// Line and column of a byte, both from 1.
static void place_of(const char *text, size_t at, int *out_line, int *out_column) {
    int line = 1;
    int column = 1;
    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    *out_line = line;
    *out_column = column;
}

static ls_status no_memory(reader *r) {
    return ls_fail_at(r->err, LS_ERR_MEMORY, r->file, 0, 0, "out of memory while reading YAML");
}

// Not UTF-8, or with control characters: then it is no text, and the parser shall not see it.
static ls_status check_bytes(reader *r) {
    size_t bad = 0;
    const bool is_utf8 = ls_text_is_utf8(r->text, r->size, &bad);
    for (size_t i = 0; i < bad; i++) {
        const unsigned char c = (unsigned char)r->text[i];
        if ((c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F) {
            bad = i;
            break;
        }
    }
    if (is_utf8 && bad == r->size) {
        return LS_OK;
    }
    int line = 0;
    int column = 0;
    place_of(r->text, bad, &line, &column);
    ls_fail_at(r->err, LS_ERR_INVALID, r->file, line, column,
               "this is not a text file: byte 0x%02X", (unsigned)(unsigned char)r->text[bad]);
    ls_hint(r->err, "YAML is text in UTF-8; save the file as UTF-8 without control characters");
    return LS_ERR_INVALID;
}

static ls_status check_blank_lines(reader *r) {
    int blank = 0;
    int line = 1;
    bool has_text = false;
    for (size_t i = 0; i < r->size; i++) {
        const char c = r->text[i];
        if (c == '\n' || (c == '\r' && (i + 1 == r->size || r->text[i + 1] != '\n'))) {
            blank = has_text ? 0 : blank + 1;
            has_text = false;
            line++;
        } else {
            has_text = has_text || (c != ' ' && c != '\t' && c != '\r');
        }
        if (blank > LS_YAML_BLANK_LINES_MAX) {
            return ls_fail_at(r->err, LS_ERR_LIMIT, r->file, line - 1, 1,
                              "more than %d blank lines in a row", LS_YAML_BLANK_LINES_MAX);
        }
    }
    return LS_OK;
}

// Does a line begin with `?`, the mark of a key, perhaps as an entry of lists?
static bool begins_with_key_mark(const char *text, size_t size) {
    size_t at = 0;
    while (at < size && (text[at] == ' ' || text[at] == '\t' || text[at] == '-')) {
        at++;
    }
    return at < size && text[at] == '?' &&
           (at + 1 == size || strchr(" \t\r\n", text[at + 1]) != NULL);
}

// The library (0.7.12) writes where it must not when it finds a tab that is wrong in a key behind
// `?`: such a file does not reach it.
static ls_status check_tabs(reader *r) {
    const char *tab = r->size > 0 ? memchr(r->text, '\t', r->size) : NULL;
    bool has_mark = false;
    for (size_t i = 0; tab != NULL && i < r->size && !has_mark; i++) {
        const bool is_first = i == 0 || r->text[i - 1] == '\n' || r->text[i - 1] == '\r';
        has_mark = is_first && begins_with_key_mark(r->text + i, r->size - i);
    }
    if (!has_mark) {
        return LS_OK;
    }
    int line = 0, column = 0;
    place_of(r->text, (size_t)(tab - r->text), &line, &column);
    ls_fail_at(r->err, LS_ERR_INVALID, r->file, line, column,
               "a tab, in a file with a key behind '?'");
    ls_hint(r->err, "use spaces, or write the key without '?', as 'key: value'");
    return LS_ERR_INVALID;
}

static ls_status push(reader *r, const ls_yaml *node) {
    if (r->node_count == LS_YAML_NODES_MAX) {
        ls_fail_at(r->err, LS_ERR_LIMIT, r->file, node->line, node->column,
                   "more than %d values in one YAML file", LS_YAML_NODES_MAX);
        ls_hint(r->err, "bulk, such as orders and timetables, belongs in CSV files");
        return LS_ERR_LIMIT;
    }
    r->node_count++;
    if (r->pending_count == r->pending_capacity) {
        const size_t capacity = r->pending_capacity == 0 ? PENDING_FIRST_CAPACITY
                                                         : r->pending_capacity * 2;
        ls_yaml *pending = ls_realloc(r->pending, capacity * sizeof *pending);
        if (pending == NULL) {
            return no_memory(r);
        }
        r->pending = pending;
        r->pending_capacity = capacity;
    }
    r->pending[r->pending_count++] = *node;
    return LS_OK;
}

// Does the next node stand where a key stands?
static bool at_key(const reader *r) {
    if (r->depth == 0) {
        return false;
    }
    const frame *top = &r->frames[r->depth - 1];
    return top->is_map && (r->pending_count - top->base) % 2 == 0;
}

static void set_start(reader *r, ls_yaml *node, const struct fy_mark *mark, size_t quote) {
    node->start_byte = mark->input_pos - quote + r->skipped;
    node->line = mark->line + 1;
    node->column = mark->column + 1 - (int)quote;
    r->last = *node;
}

static void set_end(reader *r, ls_yaml *node, const struct fy_mark *mark, size_t quote) {
    node->end_byte = mark->input_pos + quote + r->skipped;
    r->last.end_byte = node->end_byte;
}

// Behind the colon of the key (or the dash of the item) that ends at byte `from`.
static size_t place_for_missing(const reader *r, size_t from) {
    size_t at = from - r->skipped;
    bool in_comment = false;
    for (; at < r->size; at++) {
        const char c = r->text[at];
        in_comment = (in_comment && c != '\n') || c == '#';
        if (!in_comment && c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            break;
        }
    }
    const bool has_mark = at < r->size && (r->text[at] == ':' || r->text[at] == '-');
    return has_mark ? at + 1 + r->skipped : from;
}

static bool is_null_text(const char *text) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++) {
        if (strcmp(text, nulls[i]) == 0) {
            return true;
        }
    }
    return false;
}

static ls_status refuse_at(reader *r, struct fy_token *token, const char *what, const char *hint) {
    const struct fy_mark *mark = token != NULL ? fy_token_start_mark(token) : NULL;
    const int line = mark != NULL ? mark->line + 1 : r->last.line;
    const int column = mark != NULL ? mark->column + 1 : r->last.column;
    ls_fail_at(r->err, LS_ERR_INVALID, r->file, line, column, "%s", what);
    ls_hint(r->err, "%s", hint);
    return LS_ERR_INVALID;
}

static ls_status refuse_extras(reader *r, struct fy_token *anchor, struct fy_token *tag) {
    if (anchor != NULL) {
        return refuse_at(r, anchor, "anchors (&name) are not allowed here",
                         "write the values out where they are needed");
    }
    if (tag != NULL) {
        return refuse_at(r, tag, "tags (!name) are not allowed here",
                         "leave the tag out; text may be quoted");
    }
    return LS_OK;
}

// Piece by piece: the library's call for the whole text (0.7.12) loses memory on each text of more
// than 64 pieces, as one with many doubled quotes.
static bool token_text(struct fy_token *token, ls_buffer *out) {
    out->size = 0;
    ls_buffer_append(out, "", 0);
    struct fy_token_iter *iterator = fy_token_iter_create(token);
    if (iterator == NULL) {
        return false;
    }
    const struct fy_iter_chunk *chunk = NULL;
    int error = 0;
    while ((chunk = fy_token_iter_chunk_next(iterator, chunk, &error)) != NULL) {
        ls_buffer_append(out, chunk->str, chunk->len);
    }
    fy_token_iter_destroy(iterator);
    return error == 0 && !out->failed;
}

static ls_status read_scalar(reader *r, const struct fy_event *event) {
    const ls_status extras = refuse_extras(r, event->scalar.anchor, event->scalar.tag);
    if (extras != LS_OK) {
        return extras;
    }
    struct fy_token *token = event->scalar.value;
    ls_yaml node = {.kind = LS_YAML_NULL, .text = ""};
    const struct fy_mark *start = token != NULL ? fy_token_start_mark(token) : NULL;
    const struct fy_mark *end = token != NULL ? fy_token_end_mark(token) : NULL;
    if (start != NULL && end != NULL) {
        const enum fy_scalar_style style = fy_token_scalar_style(token);
        const bool has_quotes = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
        node.quoted = style != FYSS_PLAIN;
        set_start(r, &node, start, has_quotes ? 1 : 0);
        set_end(r, &node, end, has_quotes ? 1 : 0);
        if (!token_text(token, &r->scratch)) {
            return no_memory(r);
        }
        if (!ls_text_is_utf8(r->scratch.data, r->scratch.size, NULL)) {
            return refuse_at(r, token, "an escape in this text makes a character that is none",
                             "\\0 and halves of surrogate pairs are not allowed");
        }
        node.text = ls_arena_text(r->arena, r->scratch.data, r->scratch.size);
        if (node.text == NULL) {
            return no_memory(r);
        }
        node.kind = !node.quoted && is_null_text(node.text) ? LS_YAML_NULL : LS_YAML_TEXT;
    } else {
        node.line = r->last.line;
        node.column = r->last.column;
        node.start_byte = place_for_missing(r, r->last.end_byte);
        node.end_byte = node.start_byte;
    }
    if (at_key(r)) {
        if (node.text[0] == '\0') {
            ls_fail_at(r->err, LS_ERR_INVALID, r->file, node.line, node.column, "a key is empty");
            ls_hint(r->err, "a key is a name, as in 'name: value'");
            return LS_ERR_INVALID;
        }
        node.kind = LS_YAML_TEXT;
    }
    return push(r, &node);
}

static ls_status read_start(reader *r, struct fy_event *event, bool is_map) {
    struct fy_token *anchor = is_map ? event->mapping_start.anchor : event->sequence_start.anchor;
    struct fy_token *tag = is_map ? event->mapping_start.tag : event->sequence_start.tag;
    struct fy_token *token = is_map ? event->mapping_start.mapping_start
                                    : event->sequence_start.sequence_start;
    const ls_status extras = refuse_extras(r, anchor, tag);
    if (extras != LS_OK) {
        return extras;
    }
    if (at_key(r)) {
        return refuse_at(
            r, token,
            is_map ? "a map stands where a key should" : "a list stands where a key should",
            "a key is a name, as in 'name: value'");
    }
    ls_yaml node = {.kind = is_map ? LS_YAML_MAP : LS_YAML_LIST};
    const struct fy_mark *start = fy_event_start_mark(event);
    const struct fy_mark *end = fy_event_end_mark(event);
    if (start != NULL) {
        set_start(r, &node, start, 0);
        set_end(r, &node, end != NULL ? end : start, 0);
    } else {
        node.line = r->last.line;
        node.column = r->last.column;
        node.start_byte = r->last.end_byte;
        node.end_byte = r->last.end_byte;
    }
    if (r->depth == LS_YAML_DEPTH_MAX) {
        ls_fail_at(r->err, LS_ERR_LIMIT, r->file, node.line, node.column,
                   "nested deeper than %d levels", LS_YAML_DEPTH_MAX);
        return LS_ERR_LIMIT;
    }
    r->frames[r->depth++] = (frame){.base = r->pending_count,
                                    .is_map = is_map,
                                    .is_flow = node.end_byte > node.start_byte,
                                    .node = node};
    return LS_OK;
}

static ls_status read_end(reader *r, struct fy_event *event) {
    assert(r->depth > 0);
    frame *top = &r->frames[r->depth - 1];
    ls_yaml node = top->node;
    const size_t found = r->pending_count - top->base;
    const ls_yaml *from = found > 0 ? r->pending + top->base : NULL;
    node.count = top->is_map ? found / 2 : found;
    if (top->is_map && found % 2 != 0) {
        return refuse_at(r, NULL, "a key without a value", "write 'name: value'");
    }
    const struct fy_mark *end = fy_event_end_mark(event);
    if (top->is_flow && end != NULL) {
        set_end(r, &node, end, 0);
    } else if (found > 0) {
        // Block lists and maps end where their last value ends, not before the next token.
        node.end_byte = from[found - 1].end_byte;
    }
    if (found > 0) {
        node.items = ls_arena_alloc(r->arena, node.count * sizeof *node.items);
        node.keys = top->is_map ? ls_arena_alloc(r->arena, node.count * sizeof *node.keys) : NULL;
        if (node.items == NULL || (top->is_map && node.keys == NULL)) {
            return no_memory(r);
        }
        if (top->is_map) {
            for (size_t i = 0; i < node.count; i++) {
                node.keys[i] = from[2 * i];
                node.items[i] = from[2 * i + 1];
            }
        } else {
            memcpy(node.items, from, found * sizeof *from);
        }
    }
    r->pending_count = top->base;
    r->depth--;
    return push(r, &node);
}

static ls_status read_event(reader *r, struct fy_event *event) {
    switch (event->type) {
    case FYET_SCALAR: return read_scalar(r, event);
    case FYET_MAPPING_START: return read_start(r, event, true);
    case FYET_SEQUENCE_START: return read_start(r, event, false);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END: return read_end(r, event);
    case FYET_ALIAS:
        return refuse_at(r, event->alias.anchor, "aliases (*name) are not allowed here",
                         "write the values out; a text that begins with * needs quotes");
    case FYET_DOCUMENT_START:
        r->documents++;
        if (r->documents > 1) {
            return refuse_at(r, event->document_start.document_start,
                             "a second document begins here", "one file holds one document");
        }
        return LS_OK;
    default: return LS_OK;
    }
}

// What people most often meant, for reasons that the parser words for programmers.
static const char *hint_for(const char *reason) {
    static const struct {
        const char *part;
        const char *hint;
    } hints[] = {
        {"tab", "indent with blanks, not with tabs"},
        {"nested block mapping on the same line", "a text that holds ': ' needs quotes"},
        {"without a closing bracket", "a '[' is never closed by ']'"},
        {"without a closing brace", "a '{' is never closed by '}'"},
        {"indent", "keys of one map begin in the same column"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (strstr(reason, hints[i].part) != NULL) {
            return hints[i].hint;
        }
    }
    return NULL;
}

static ls_status parser_failed(reader *r) {
    void *at = NULL;
    const struct fy_diag_error *found = fy_diag_errors_iterate(r->diag, &at);
    if (found == NULL || found->msg == NULL) {
        return ls_fail_at(r->err, LS_ERR_INVALID, r->file, r->last.line, r->last.column,
                          "not valid YAML near here");
    }
    // The library counts from 1 here, other than in its marks.
    ls_fail_at(r->err, LS_ERR_INVALID, r->file, found->line > 0 ? found->line : r->last.line,
               found->column > 0 ? found->column : r->last.column, "not valid YAML: %s",
               found->msg);
    const char *hint = hint_for(found->msg);
    if (hint != NULL) {
        ls_hint(r->err, "%s", hint);
    }
    return LS_ERR_INVALID;
}

static ls_status parser_open(reader *r) {
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL;
    diag_config.output_fn = NULL;
    diag_config.colorize = false;
    r->diag = fy_diag_create(&diag_config);
    if (r->diag == NULL) {
        return no_memory(r);
    }
    fy_diag_set_collect_errors(r->diag, true);
    const struct fy_parse_cfg config = {
        .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_ALLOW_DUPLICATE_KEYS, .diag = r->diag};
    r->parser = fy_parser_create(&config);
    if (r->parser == NULL || fy_parser_set_string(r->parser, r->text, r->size) != 0) {
        return no_memory(r);
    }
    return LS_OK;
}

static ls_status read_all(reader *r, ls_yaml **out) {
    bool is_done = false;
    while (!is_done) {
        struct fy_event *event = fy_parser_parse(r->parser);
        if (event == NULL) {
            break;
        }
        is_done = event->type == FYET_STREAM_END;
        const ls_status status = read_event(r, event);
        fy_parser_event_free(r->parser, event);
        if (status != LS_OK) {
            return status;
        }
    }
    if (!is_done || fy_parser_get_stream_error(r->parser) || r->depth > 0) {
        return parser_failed(r);
    }
    ls_yaml *root = ls_arena_alloc(r->arena, sizeof *root);
    if (root == NULL) {
        return no_memory(r);
    }
    if (r->pending_count > 0) {
        assert(r->pending_count == 1);
        *root = r->pending[0];
    } else {
        *root = (ls_yaml){.kind = LS_YAML_NULL,
                          .line = 1,
                          .column = 1,
                          .text = "",
                          .start_byte = r->skipped,
                          .end_byte = r->skipped};
    }
    *out = root;
    return LS_OK;
}

ls_status ls_yaml_parse(const char *text, size_t size, const char *file, ls_arena *arena,
                        ls_yaml **out, ls_error *err) {
    assert(text != NULL || size == 0);
    assert(arena != NULL);
    assert(out != NULL);
    if (size > LS_YAML_SIZE_MAX) {
        ls_fail_at(err, LS_ERR_LIMIT, file, 0, 0,
                   "the file has %zu bytes, YAML may have %d (16 MiB)", size, LS_YAML_SIZE_MAX);
        ls_hint(err, "bulk, such as orders and timetables, belongs in CSV files");
        return LS_ERR_LIMIT;
    }
    // Frames make the reader too large for small stacks.
    reader *r = ls_alloc(sizeof *r);
    if (r == NULL) {
        return ls_fail_at(err, LS_ERR_MEMORY, file, 0, 0, "out of memory while reading YAML");
    }
    const bool has_bom = size >= BOM_SIZE && memcmp(text, "\xEF\xBB\xBF", BOM_SIZE) == 0;
    r->skipped = has_bom ? BOM_SIZE : 0;
    r->text = size > 0 ? text + r->skipped : "";
    r->size = size - r->skipped;
    r->file = file;
    r->arena = arena;
    r->err = err;
    r->last.line = 1;
    r->last.column = 1;
    r->last.end_byte = r->skipped;
    ls_status status = check_bytes(r);
    if (status == LS_OK) {
        status = check_blank_lines(r);
    }
    if (status == LS_OK) {
        status = check_tabs(r);
    }
    if (status == LS_OK) {
        status = parser_open(r);
    }
    if (status == LS_OK) {
        status = read_all(r, out);
    }
    if (r->parser != NULL) {
        fy_parser_destroy(r->parser);
    }
    if (r->diag != NULL) {
        fy_diag_destroy(r->diag);
    }
    ls_buffer_clear(&r->scratch);
    ls_free(r->pending);
    ls_free(r);
    return status;
}

const ls_yaml *ls_yaml_find(const ls_yaml *map, const char *key) {
    assert(key != NULL);
    if (map == NULL || map->kind != LS_YAML_MAP) {
        return NULL;
    }
    for (size_t i = 0; i < map->count; i++) {
        if (strcmp(map->keys[i].text, key) == 0) {
            return &map->items[i];
        }
    }
    return NULL;
}
