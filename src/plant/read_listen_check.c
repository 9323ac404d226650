// read_listen_check.c - whether a tag comes from a source of the plant file, and can be what it is
// bound to.
#include <assert.h>
#include <string.h>

#include "plant/listen_reader.h"

// Does a filter with + and # cover the topic text[0..length)?
static bool filter_covers(const char *filter, const char *topic, size_t length) {
    const char *end = topic + length;
    while (*filter != '\0') {
        if (strcmp(filter, "#") == 0) {
            return true;
        }
        const size_t here = strcspn(filter, "/");
        const char *slash = memchr(topic, '/', (size_t)(end - topic));
        const size_t level = slash != NULL ? (size_t)(slash - topic) : (size_t)(end - topic);
        const bool fits = (here == 1 && filter[0] == '+') ||
                          (here == level && memcmp(filter, topic, here) == 0);
        if (!fits) {
            return false;
        }
        filter += here;
        topic += level;
        if (topic == end) {
            return *filter == '\0' || strcmp(filter, "/#") == 0;
        }
        if (*filter == '\0') {
            return false;
        }
        filter++;
        topic++;
    }
    return topic == end;
}

static bool has_field(const ls_topic *topic, const char *field) {
    if (topic->field_count == 0 || field == NULL) {
        return true;
    }
    for (uint32_t i = 0; i < topic->field_count; i++) {
        if (strcmp(topic->fields[i], field) == 0) {
            return true;
        }
    }
    return false;
}

static bool json_gives(const ls_source *s, const char *tag) {
    const char *mark = strchr(tag, '#');
    const size_t length = mark != NULL ? (size_t)(mark - tag) : strlen(tag);
    for (uint32_t i = 0; i < s->topic_count; i++) {
        if (filter_covers(s->topics[i].filter, tag, length) &&
            has_field(&s->topics[i], mark != NULL ? mark + 1 : NULL)) {
            return true;
        }
    }
    return false;
}

static bool starts_with(const char *text, const char *part, const char **out_rest) {
    const size_t length = strlen(part);
    *out_rest = text + length + 1;
    return strncmp(text, part, length) == 0 && text[length] == '/' && text[length + 1] != '\0';
}

static bool sparkplug_gives(const ls_source *s, const char *tag) {
    const char *rest = NULL;
    const char *metric = NULL;
    if (!starts_with(tag, s->group, &rest)) {
        return false;
    }
    bool is_heard = s->node_count == 0;
    for (uint32_t i = 0; i < s->node_count; i++) {
        is_heard = is_heard || starts_with(rest, s->nodes[i], &metric);
    }
    return is_heard;
}

// The register of a tag; *out_is_here says whether the tag is of this source at all.
static const ls_register *find_register(const ls_source *s, const char *tag, bool *out_is_here) {
    const char *name = NULL;
    *out_is_here = starts_with(tag, s->name, &name);
    for (uint32_t i = 0; *out_is_here && i < s->register_count; i++) {
        if (strcmp(s->registers[i].name, name) == 0) {
            return &s->registers[i];
        }
    }
    return NULL;
}

// --- what a register can be

static const char *cannot_be(const ls_register *reg, ls_meaning means) {
    const bool is_float = reg->type == LS_REGISTER_F32 || reg->type == LS_REGISTER_F64 ||
                          reg->scale != 1 || reg->offset != 0;
    const bool is_text = reg->type == LS_REGISTER_TEXT;
    switch (means) {
    case LS_MEANS_STATE:
    case LS_MEANS_REASON: return is_float ? "a state or reason is a whole number or a text" : NULL;
    case LS_MEANS_GOOD:
    case LS_MEANS_BAD:
    case LS_MEANS_SHUT:
    case LS_MEANS_QUEUE:
        return is_text                        ? "a count is a number, not a text"
               : reg->type == LS_REGISTER_BIT ? "a count is a number, not a bit"
                                              : NULL;
    case LS_MEANS_VALUE: return is_text ? "a value is a number, not a text" : NULL;
    default: return is_text ? NULL : "this is told by a text: 'type: text, words: ...'";
    }
}

static void check_register(ls_reader *r, const ls_register *reg, const ls_binding *b) {
    const ls_yaml at = {.line = b->line, .column = b->column};
    const char *why = cannot_be(reg, b->means);
    if (why != NULL) {
        ls_reader_mistake(r, &at, why, "register '%s' cannot be bound here", b->tag);
    } else if (reg->unit != NULL && b->means != LS_MEANS_VALUE &&
               (b->means < LS_MEANS_GOOD || b->means > LS_MEANS_QUEUE)) {
        ls_reader_mistake(r, &at, "only values and counts have units",
                          "register '%s' has unit '%s'", b->tag, reg->unit);
    }
}

// --- each tag

static void no_source(ls_listen_draft *d, const ls_yaml *at, const char *tag) {
    const char *list = NULL;
    for (uint32_t i = 0; i < d->sources.count && i < 8; i++) {
        const ls_source *s = LS_ROW(ls_source, d->sources, i);
        const char *one = "";
        if (s->kind == LS_SOURCE_SPARKPLUG) {
            one = ls_reader_format(d->r, "'%s/%s/...'", s->group,
                                   s->node_count > 0 ? s->nodes[0] : "NODE");
        } else if (s->kind == LS_SOURCE_JSON) {
            one = ls_reader_format(d->r, "'%s#FIELD'",
                                   s->topic_count > 0 ? s->topics[0].filter : "TOPIC");
        } else {
            one = ls_reader_format(d->r, "'%s/REGISTER'", s->name);
        }
        list = list == NULL ? one : ls_reader_format(d->r, "%s, %s", list, one);
    }
    ls_reader_mistake(d->r, at, ls_reader_format(d->r, "the sources have tags like %s", list),
                      "no source has a tag '%s'", tag);
}

static void unknown_register(ls_listen_draft *d, const ls_yaml *at, const ls_source *s,
                             const char *tag) {
    const ls_rows rows = {.items = NULL, .count = s->register_count, .size = sizeof(ls_register)};
    const char **names = ls_arena_alloc(&d->r->form.scratch,
                                        ((size_t)rows.count + 1) * sizeof *names);
    if (names == NULL) {
        d->r->form.out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < rows.count; i++) {
        names[i] = s->registers[i].name;
    }
    const char *name = tag + strlen(s->name) + 1;
    ls_reader_mistake(d->r, at, ls_reader_nearest(d->r, name, names, rows.count),
                      "modbus '%s' has no register '%s'", s->name, name);
}

// False: a mistake was reported. *out_register: where it is one.
static bool check_source(ls_listen_draft *d, const ls_yaml *at, const char *tag,
                         const ls_register **out_register) {
    bool is_given = d->sources.count == 0;  // history, replay: whatever comes
    for (uint32_t i = 0; i < d->sources.count; i++) {
        const ls_source *s = LS_ROW(ls_source, d->sources, i);
        if (s->kind == LS_SOURCE_MODBUS) {
            bool is_here = false;
            *out_register = find_register(s, tag, &is_here);
            if (is_here && *out_register == NULL) {
                unknown_register(d, at, s, tag);
                return false;
            }
            if (is_here) {
                return true;
            }
        }
        is_given = is_given || (s->kind == LS_SOURCE_SPARKPLUG && sparkplug_gives(s, tag)) ||
                   (s->kind == LS_SOURCE_JSON && json_gives(s, tag));
    }
    if (!is_given) {
        no_source(d, at, tag);
    }
    return is_given;
}

static void check_setpoint(ls_listen_draft *d, const ls_measured *v, const ls_yaml *at) {
    const ls_register *reg = NULL;
    if (check_source(d, at, v->setpoint, &reg) && reg != NULL && !reg->write) {
        ls_reader_mistake(d->r, at, "say so at the register: 'write: yes'",
                          "setpoint '%s' cannot be written", v->setpoint);
    }
}

// What a model says is a value too: its tag is model/NAME/UNIT.
static bool is_predicted(const ls_listen_draft *d, const ls_binding *b) {
    bool is = b->means == LS_MEANS_VALUE && strncmp(b->tag, "model/", 6) == 0;
    for (uint32_t i = 0; i < d->sources.count && is; i++) {
        const ls_source *s = LS_ROW(ls_source, d->sources, i);
        bool is_here = false;
        is = !(s->kind == LS_SOURCE_SPARKPLUG && sparkplug_gives(s, b->tag)) &&
             !(s->kind == LS_SOURCE_JSON && json_gives(s, b->tag)) &&
             !(s->kind == LS_SOURCE_MODBUS &&
               (find_register(s, b->tag, &is_here) != NULL || is_here));
    }
    return is && d->sources.count > 0;
}

void ls_listen_check(ls_listen_draft *d) {
    ls_reader *r = d->r;
    if (r->form.error_count > 0) {
        return;  // what a mistake took away would be missed here again
    }
    for (uint32_t i = 0; i < d->sources.count; i++) {
        ls_listen_check_commands(d, LS_ROW(ls_source, d->sources, i));
    }
    for (uint32_t i = 0; i < d->bindings.count && !r->form.out_of_memory; i++) {
        ls_binding *b = LS_ROW(ls_binding, d->bindings, i);
        const ls_yaml at = {.line = b->line, .column = b->column};
        const ls_register *reg = NULL;
        const size_t before = r->form.error_count;
        b->predicted = is_predicted(d, b);
        if (!b->predicted && check_source(d, &at, b->tag, &reg) && reg != NULL) {
            check_register(r, reg, b);
        }
        const ls_measured *v = b->means == LS_MEANS_VALUE ? LS_ROW(ls_measured, d->values, b->of)
                                                          : NULL;
        if (v != NULL && v->setpoint != NULL && r->form.error_count == before) {
            check_setpoint(d, v, &at);
        }
    }
}
