// mapping_complain.c - what a person should know about a mapping at work, one line each.
#include <assert.h>
#include <string.h>

#include "line/mapping_inside.h"

enum { LINES_MAX = 200, NAMES_MAX = 4096 };

typedef struct complaint {
    const ls_mapping *mapping;
    ls_buffer *out;
    const char **names;  // of tags that are there, for hints
    size_t name_count;
    uint32_t lines;
} complaint;

static void line(complaint *c, const ls_slot *slot, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void line(complaint *c, const ls_slot *slot, const char *format, ...) {
    char what[200];
    char text[400];
    va_list args;
    if (c->lines++ >= LINES_MAX) {
        return;
    }
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_mapping_say(c->mapping, slot->binding, what, sizeof what);
    ls_buffer_printf(c->out, "%s:%d:%d: %s (%s): %s\n", c->mapping->plant->file,
                     slot->binding->line, slot->binding->column, slot->binding->tag, what, text);
}

// Units are compared as they are written, blanks and the degree sign aside: `C` and `°C` are the
// same.
static bool is_same_unit(const char *a, const char *b) {
    while (*a != '\0' || *b != '\0') {
        while (*a == ' ' || strncmp(a, "\u00B0", strlen("\u00B0")) == 0) {
            a += *a == ' ' ? 1 : strlen("\u00B0");
        }
        while (*b == ' ' || strncmp(b, "\u00B0", strlen("\u00B0")) == 0) {
            b += *b == ' ' ? 1 : strlen("\u00B0");
        }
        if (*a != *b) {
            return false;
        }
        a += *a != '\0' ? 1 : 0;
        b += *b != '\0' ? 1 : 0;
    }
    return true;
}

static bool is_counting_unit(const char *unit) {
    static const char *const words[] = {"", "1", "pcs", "pc", "parts", "part", "lots", "lot", "ea"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(unit, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void check_unit(complaint *c, const ls_slot *slot, const ls_tag *tag) {
    const ls_binding *b = slot->binding;
    if (tag->unit[0] == '\0') {
        return;
    }
    if (b->means == LS_MEANS_VALUE) {
        const char *unit = c->mapping->plant->listen.values[b->of].unit;
        if (unit != NULL && !is_same_unit(unit, tag->unit)) {
            line(c, slot, "the source says unit '%s', the plant file '%s'", tag->unit, unit);
        }
    } else if (!is_counting_unit(tag->unit)) {
        line(c, slot, "has the unit '%s'; is it the right tag?", tag->unit);
    }
}

static const char *cannot_be(ls_meaning means, ls_value_kind kind) {
    const bool is_text = kind == LS_VALUE_TEXT;
    if (kind == LS_VALUE_NONE) {
        return NULL;
    }
    if (kind == LS_VALUE_BYTES) {
        return "bytes mean nothing here";
    }
    switch (means) {
    case LS_MEANS_STATE:
    case LS_MEANS_REASON: return NULL;
    case LS_MEANS_GOOD:
    case LS_MEANS_BAD:
    case LS_MEANS_QUEUE:
        return is_text || kind == LS_VALUE_BOOL ? "a count is a whole number" : NULL;
    case LS_MEANS_VALUE: return is_text ? "a measured value is a number" : NULL;
    default: return is_text ? NULL : "this is told by a text";
    }
}

static const char *nearest(complaint *c, const char *tag) {
    const char *name = ls_text_nearest(tag, c->names, c->name_count);
    return name != NULL && strcmp(name, tag) != 0 ? name : NULL;
}

// Names that nothing is bound to: those a misspelt tag may have meant.
static void collect_names(complaint *c) {
    const ls_mapping *m = c->mapping;
    const uint32_t count = ls_tags_count(m->tags);
    c->names = ls_alloc(NAMES_MAX * sizeof *c->names);
    for (uint32_t t = 0; c->names != NULL && t < count && c->name_count < NAMES_MAX; t++) {
        if (t >= m->tag_count || m->by_tag[t] == LS_NONE) {
            c->names[c->name_count++] = ls_tags_get(m->tags, t)->name;
        }
    }
}

static void check_slot(complaint *c, const ls_slot *slot) {
    const ls_tag *tag = ls_tags_get(c->mapping->tags, slot->tag);
    const char *why = cannot_be(slot->binding->means, (ls_value_kind)tag->kind);
    if (!slot->heard && !slot->binding->predicted) {
        const char *other = c->lines < LINES_MAX ? nearest(c, slot->binding->tag) : NULL;
        line(c, slot, "was never heard%s%s%s", other != NULL ? "; did you mean '" : "",
             other != NULL ? other : "", other != NULL ? "'?" : "");
    }
    if (why != NULL) {
        line(c, slot, "is a %s at the source: %s", ls_value_kind_name((ls_value_kind)tag->kind),
             why);
    } else if (slot->refused > 0) {
        line(c, slot, "%llu of %llu samples refused, the last: %s",
             (unsigned long long)slot->refused, (unsigned long long)slot->samples,
             slot->why != NULL ? slot->why : "out of memory");
    }
    check_unit(c, slot, tag);
}

void ls_mapping_complain(const ls_mapping *mapping, ls_buffer *out) {
    assert(mapping != NULL && out != NULL);
    complaint c = {.mapping = mapping, .out = out};
    collect_names(&c);
    for (uint32_t i = 0; i < mapping->figures.bindings; i++) {
        check_slot(&c, &mapping->slots[i]);
    }
    if (c.lines > LINES_MAX) {
        ls_buffer_printf(out, "... and %u more\n", c.lines - LINES_MAX);
    }
    ls_free(c.names);
}
