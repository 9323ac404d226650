// listen.c - see listen.h: words of PackML, paths of files, and what to look at twice.
#include "plant/listen.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "plant/plant.h"

// ISA-TR88.00.02, table of states; 0 is not a state of the standard but what many PLCs begin with.
static const char *const packml[] = {
    "undefined", "clearing",   "stopped",      "starting",  "idle",       "suspended",
    "execute",   "stopping",   "aborting",     "aborted",   "holding",    "held",
    "unholding", "suspending", "unsuspending", "resetting", "completing", "complete",
};
enum { PACKML_COUNT = sizeof packml / sizeof packml[0] };

int ls_packml_find(const char *word) {
    int64_t number = 0;
    if (ls_text_parse_i64(word, strlen(word), &number)) {
        return number >= 0 && number < PACKML_COUNT ? (int)number : -1;
    }
    for (int i = 0; i < PACKML_COUNT; i++) {
        if (strcasecmp(word, packml[i]) == 0) {
            return i;
        }
    }
    return -1;
}

const char *ls_packml_name(int state) {
    return state >= 0 && state < PACKML_COUNT ? packml[state] : NULL;
}

size_t ls_listen_path(const ls_listen *listen, const char *name, char *out, size_t size) {
    const bool is_whole = name[0] == '/' || listen->folder == NULL || listen->folder[0] == '\0';
    return ls_text_format(out, size, "%s%s%s", is_whole ? "" : listen->folder, is_whole ? "" : "/",
                          name);
}

uint32_t ls_register_size(const ls_register *reg) {
    switch (reg->type) {
    case LS_REGISTER_I32:
    case LS_REGISTER_U32:
    case LS_REGISTER_F32: return 2;
    case LS_REGISTER_I64:
    case LS_REGISTER_U64:
    case LS_REGISTER_F64: return 4;
    case LS_REGISTER_TEXT: return reg->words;
    case LS_REGISTER_BIT:
    case LS_REGISTER_I16:
    case LS_REGISTER_U16: break;
    }
    return 1;
}

// --- names of lots

// Does a pattern with * fit all of the text?
static bool fits(const char *pattern, const char *text, const char *end) {
    const char *star = NULL;
    const char *from = NULL;
    while (text < end) {
        if (*pattern == '*') {
            star = pattern++;
            from = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++from;
        } else {
            return false;
        }
    }
    pattern += strspn(pattern, "*");
    return *pattern == '\0';
}

uint32_t ls_listen_class_of(const ls_plant *plant, const char *name, size_t size) {
    const char *pattern = plant->listen.lots_named;
    const char *open = pattern != NULL ? strchr(pattern, '{') : NULL;
    if (open == NULL) {
        return LS_NONE;
    }
    const size_t before = (size_t)(open - pattern);
    const bool by_class = strncmp(open, "{class}", strlen("{class}")) == 0;
    const char *rest = strchr(open, '}') + 1;
    uint32_t found = LS_NONE;
    size_t longest = 0;
    if (size < before || memcmp(name, pattern, before) != 0) {
        return LS_NONE;
    }
    for (uint32_t i = 0; i < plant->release_count; i++) {
        const ls_release *release = &plant->releases[i];
        const char *word = by_class ? release->name : plant->products[release->product].name;
        const size_t length = strlen(word);
        if (length > longest && length <= size - before &&
            memcmp(name + before, word, length) == 0 &&
            fits(rest, name + before + length, name + size)) {
            longest = length;
            found = i;
        }
    }
    return found;
}

// --- responses

const char *ls_listen_value_tag(const ls_listen *listen, uint32_t value) {
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        const ls_binding *b = &listen->bindings[i];
        if (b->means == LS_MEANS_VALUE && b->of == value) {
            return b->tag;
        }
    }
    return NULL;
}

double ls_measured_settles(const ls_measured *measured, double setting) {
    const double *x = measured->table_settings;
    const double *y = measured->table_values;
    const uint32_t count = measured->table_count;
    if (count == 0) {
        return measured->set_default + measured->gain * (setting - measured->set_default);
    }
    uint32_t i = 0;
    while (i < count && x[i] < setting) {
        i++;
    }
    if (i == 0 || i == count) {
        return y[i == 0 ? 0 : count - 1];
    }
    return y[i - 1] + (y[i] - y[i - 1]) * ((setting - x[i - 1]) / (x[i] - x[i - 1]));
}

// --- registers that overlap

typedef struct span {
    const ls_register *reg;
    uint32_t order;
} span;

static int compare_spans(const void *left, const void *right) {
    const span *a = left;
    const span *b = right;
    if (a->reg->table != b->reg->table) {
        return a->reg->table < b->reg->table ? -1 : 1;
    }
    if (a->reg->at != b->reg->at) {
        return a->reg->at < b->reg->at ? -1 : 1;
    }
    return a->order < b->order ? -1 : (a->order > b->order ? 1 : 0);
}

// A status word as a whole and by its bits is usual; the same register twice is too.
static bool may_share(const ls_register *a, const ls_register *b) {
    const bool one_word = ls_register_size(a) == 1 && ls_register_size(b) == 1;
    return one_word || (a->at == b->at && a->type == b->type && a->words == b->words);
}

static void warn_pair(const ls_plant *plant, const ls_source *source, const ls_register *a,
                      const ls_register *b, ls_errors *out) {
    ls_error err;
    (void)ls_fail_at(&err, LS_ERR_INVALID, plant->file, source->line, source->column,
                     "modbus '%s': registers '%s' (from %u, %u long) and '%s' (from %u) overlap "
                     "and are of different types",
                     source->name, a->name, a->at, ls_register_size(a), b->name, b->at);
    ls_errors_add(out, &err);
}

static void warn_source(const ls_plant *plant, const ls_source *source, ls_errors *out) {
    span *spans = ls_alloc(source->register_count * sizeof *spans);
    if (spans == NULL) {
        return;
    }
    for (uint32_t i = 0; i < source->register_count; i++) {
        spans[i] = (span){&source->registers[i], i};
    }
    qsort(spans, source->register_count, sizeof *spans, compare_spans);
    for (uint32_t i = 1; i < source->register_count; i++) {
        const ls_register *a = spans[i - 1].reg;
        const ls_register *b = spans[i].reg;
        if (a->table == b->table && b->at < a->at + ls_register_size(a) && !may_share(a, b)) {
            warn_pair(plant, source, a, b, out);
        }
    }
    ls_free(spans);
}

// Is anything told by texts in which a blank ends a name?
static bool tells_names(const ls_listen *listen) {
    bool tells = false;
    for (uint32_t i = 0; i < listen->binding_count; i++) {
        const ls_meaning means = listen->bindings[i].means;
        tells = tells || (means >= LS_MEANS_LOT_RELEASED && means <= LS_MEANS_LOT_SCRAPPED) ||
                means == LS_MEANS_WAITING || means == LS_MEANS_POOL || means == LS_MEANS_LOTS;
    }
    return tells;
}

static void warn_blank(const char *what, const char *name, ls_errors *out) {
    ls_error err;
    if (name != NULL && strchr(name, ' ') != NULL) {
        (void)ls_fail(
            &err, LS_ERR_INVALID,
            "%s '%s': in what the line tells of its lots a blank ends a name, so its lots "
            "are not followed: write it without",
            what, name);
        ls_errors_add(out, &err);
    }
}

// Stations, products and classes are named in texts of lots.
static void warn_blanks(const ls_plant *plant, ls_errors *out) {
    for (uint32_t i = 0; i < plant->station_count; i++) {
        warn_blank("station", plant->stations[i].name, out);
    }
    for (uint32_t i = 0; i < plant->product_count; i++) {
        warn_blank("product", plant->products[i].name, out);
    }
    for (uint32_t i = 0; i < plant->release_count; i++) {
        const ls_release *r = &plant->releases[i];
        if (strcmp(r->name, plant->products[r->product].name) != 0) {
            warn_blank("class", r->name, out);
        }
    }
}

void ls_listen_warn(const ls_plant *plant, ls_errors *out) {
    assert(plant != NULL && out != NULL);
    if (tells_names(&plant->listen)) {
        warn_blanks(plant, out);
    }
    for (uint32_t i = 0; i < plant->listen.source_count; i++) {
        if (plant->listen.sources[i].kind == LS_SOURCE_MODBUS) {
            warn_source(plant, &plant->listen.sources[i], out);
        }
    }
}
