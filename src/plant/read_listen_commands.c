// read_listen_commands.c - `commands:` of a Modbus source: the registers of the handshake by which
// the guard commands it.
#include <string.h>

#include "plant/listen_reader.h"

// One request writes so many registers at most, and reads so many.
enum { WRITE_MAX = 123, READ_MAX = 125, KIND_WORDS_MIN = 4, HAND_KEYS = 6, LINE_KEYS = 3 };

typedef enum need { NEED_TEXT, NEED_ID, NEED_WHOLE, NEED_FLAG } need;

typedef struct part {
    const char *path;
    need need;
    bool written, optional;
} part;

#define COMMANDS "listen.modbus.*.commands"
static const part hand_parts[HAND_KEYS] = {
    {COMMANDS ".machines.any.kind", NEED_TEXT, true, false},
    {COMMANDS ".machines.any.argument", NEED_TEXT, true, false},
    {COMMANDS ".machines.any.id", NEED_ID, true, false},
    {COMMANDS ".machines.any.done", NEED_ID, false, false},
    {COMMANDS ".machines.any.result", NEED_WHOLE, false, false},
    {COMMANDS ".machines.any.reason", NEED_TEXT, false, true},
};
static const part line_parts[LINE_KEYS] = {
    {COMMANDS ".heartbeat", NEED_WHOLE, true, false},
    {COMMANDS ".echo", NEED_WHOLE, false, false},
    {COMMANDS ".lost", NEED_FLAG, false, false},
};
static const part inside_part = {COMMANDS ".inside", NEED_WHOLE, false, true};
static const part pool_part = {COMMANDS ".pools.*.waiting", NEED_TEXT, false, false};
static const part shut_part = {COMMANDS ".pools.*.shut", NEED_WHOLE, false, true};
static const part waiting_part = {COMMANDS ".waiting.any", NEED_TEXT, false, true};

typedef struct reading {
    ls_listen_draft *d;
    const ls_source *source;
    ls_names names;     // of registers -> index
    const char **uses;  // of each register: what for; NULL: nothing
} reading;

// Where in the file, and whose.
typedef struct owner {
    const ls_yaml *own, *any;  // maps; either may be NULL
    uint32_t machine, station;
    const char *name;
} owner;

static const char *key_of(const part *p) {
    return p == &waiting_part || p == &pool_part ? "waiting" : strrchr(p->path, '.') + 1;
}

// ---- one register

static void unknown_register(reading *c, const ls_yaml *at, const char *name) {
    ls_reader *r = c->d->r;
    const char **names = ls_arena_alloc(&r->form.scratch,
                                        ((size_t)c->source->register_count + 1) * sizeof *names);
    if (names == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < c->source->register_count; i++) {
        names[i] = c->source->registers[i].name;
    }
    ls_reader_mistake(r, at, ls_reader_nearest(r, name, names, c->source->register_count),
                      "modbus '%s' has no register '%s'", c->source->name, name);
}

static bool is_whole(const ls_register *reg) {
    return reg->type >= LS_REGISTER_I16 && reg->type <= LS_REGISTER_U64 && reg->scale == 1 &&
           reg->offset == 0;
}

// What it would have to be; NULL: it is.
static const char *lacks(const ls_register *reg, const part *p) {
    switch (p->need) {
    case NEED_TEXT:
        if (reg->type != LS_REGISTER_TEXT) {
            return "a text is needed: 'type: text, words: ...'";
        }
        return strcmp(key_of(p), "kind") == 0 && reg->words < KIND_WORDS_MIN
                   ? "'dispatch' needs room: 'words: 4' or more"
                   : NULL;
    case NEED_ID:
        return is_whole(reg) && ls_register_size(reg) >= 2
                   ? NULL
                   : "a whole number of 32 bits is needed: 'type: u32', without 'scale' and "
                     "'offset'";
    case NEED_FLAG:
        if (reg->type == LS_REGISTER_BIT) {
            return NULL;
        }
        break;
    case NEED_WHOLE: break;
    }
    return is_whole(reg) ? NULL
                         : "a whole number is needed: 'type: u16', without 'scale' and 'offset'";
}

static bool check_part(reading *c, const ls_yaml *at, const part *p, uint32_t index,
                       const char *of) {
    ls_reader *r = c->d->r;
    const ls_register *reg = &c->source->registers[index];
    const char *use = ls_reader_format(r, "'%s' of %s", key_of(p), of);
    const char *lack = lacks(reg, p);
    if (c->uses[index] != NULL) {
        ls_reader_mistake(r, at, "a register is one thing", "register '%s' is %s and %s", reg->name,
                          c->uses[index], use);
    } else if (reg->table != LS_REGISTER_HOLDING) {
        ls_reader_mistake(r, at, "'table: holding' at the register",
                          "register '%s' is %s: the handshake stands in holding registers",
                          reg->name, use);
    } else if (lack != NULL) {
        ls_reader_mistake(r, at, lack, "register '%s' cannot be %s", reg->name, use);
    } else if (p->written && !reg->write) {
        ls_reader_mistake(r, at, "say so at the register: 'write: yes'",
                          "register '%s' is %s and cannot be written", reg->name, use);
    } else {
        c->uses[index] = use;
        return true;
    }
    return false;
}

// The register that the text at `at` names; LS_NONE after a mistake.
static uint32_t take_register(reading *c, const ls_yaml *at, const owner *o, const part *p) {
    const char *name = ls_listen_tag(c->d, at, at->text, o->machine, o->station);
    if (name == NULL || c->d->r->form.out_of_memory) {
        return LS_NONE;
    }
    const uint32_t index = ls_names_find(&c->names, 0, name);
    if (index == LS_NONE) {
        unknown_register(c, at, name);
        return LS_NONE;
    }
    return check_part(c, at, p, index, o->name) ? index : LS_NONE;
}

// LS_NONE: it is not said, or wrongly.
static uint32_t read_part(reading *c, const owner *o, const part *p) {
    const ls_yaml *own = ls_take(c->d->r, o->own, p->path);
    const ls_yaml *at = own != NULL ? own : ls_take(c->d->r, o->any, p->path);
    const ls_yaml *map = o->own != NULL ? o->own : o->any;
    if (ls_yaml_is_text(at) && !ls_listen_is_none(at)) {
        return take_register(c, at, o, p);
    }
    // What the line itself lacks the table of keys has told already.
    if (!p->optional && o->machine != LS_NONE && (at == NULL || ls_yaml_is_text(at))) {
        ls_reader_mistake(c->d->r, map, ls_reader_format(c->d->r, "'%s: REGISTER'", key_of(p)),
                          "the handshake of %s has no '%s'", o->name, key_of(p));
    }
    return LS_NONE;
}

// ---- one handshake

typedef struct extent {
    uint32_t from, end;
} extent;

static void widen(extent *e, const reading *c, uint32_t index) {
    const ls_register *reg = &c->source->registers[index];
    const uint32_t end = reg->at + ls_register_size(reg);
    e->from = reg->at < e->from ? reg->at : e->from;
    e->end = end > e->end ? end : e->end;
}

static const char *place_of(reading *c, const char *key, uint32_t index) {
    const ls_register *reg = &c->source->registers[index];
    return ls_reader_format(c->d->r, "%s %u to %u", key, reg->at,
                            reg->at + ls_register_size(reg) - 1);
}

// What is written goes in one request, what is read in another, so that nothing is ever torn.
static void check_together(reading *c, const ls_yaml *at, const owner *o, const ls_handshake *h,
                           extent read) {
    ls_reader *r = c->d->r;
    extent written = {UINT32_MAX, 0};
    uint32_t words = 0;
    const uint32_t three[] = {h->kind, h->argument, h->id};
    for (int i = 0; i < 3; i++) {
        widen(&written, c, three[i]);
        words += ls_register_size(&c->source->registers[three[i]]);
    }
    const uint32_t all[] = {h->kind, h->argument, h->id, h->done, h->result};
    for (int i = 0; i < 5; i++) {
        widen(&read, c, all[i]);
    }
    if (words != written.end - written.from || words > WRITE_MAX) {
        ls_reader_mistake(
            r, at,
            ls_reader_format(r, "one behind the other, at most %d registers: %s, %s, %s", WRITE_MAX,
                             place_of(c, "kind", h->kind), place_of(c, "argument", h->argument),
                             place_of(c, "id", h->id)),
            "kind, argument and id of %s cannot be written in one request", o->name);
    } else if (read.end - read.from > READ_MAX) {
        ls_reader_mistake(r, at,
                          ls_reader_format(r, "they lie from %u to %u; %d registers fit", read.from,
                                           read.end - 1, READ_MAX),
                          "the handshake of %s cannot be read in one request", o->name);
    }
}

static const ls_handshake nothing = {LS_NONE, LS_NONE, LS_NONE, LS_NONE, LS_NONE, LS_NONE};

static ls_handshake read_hand(reading *c, const owner *o, extent read) {
    ls_reader *r = c->d->r;
    const size_t before = r->form.error_count;
    ls_handshake h = nothing;
    uint32_t *const to[HAND_KEYS] = {&h.kind, &h.argument, &h.id, &h.done, &h.result, &h.reason};
    for (int i = 0; i < HAND_KEYS && !r->form.out_of_memory; i++) {
        *to[i] = read_part(c, o, &hand_parts[i]);
    }
    const bool whole = h.kind != LS_NONE && h.argument != LS_NONE && h.id != LS_NONE &&
                       h.done != LS_NONE && h.result != LS_NONE;
    if (r->form.error_count == before && whole) {
        check_together(c, o->own != NULL ? o->own : o->any, o, &h, read);
    }
    return h;
}

// ---- machines and stations

// Each one's own value by its number, out of a map by name.
static const ls_yaml **own_values(reading *c, const ls_yaml *map, bool machines) {
    ls_reader *r = c->d->r;
    const uint32_t count = machines ? r->machines.count : r->stations.count;
    const ls_yaml **own = ls_arena_alloc(&r->form.scratch, ((size_t)count + 1) * sizeof *own);
    for (size_t i = 0; own != NULL && map != NULL && i < map->count; i++) {
        const ls_yaml *key = &map->keys[i];
        if (strcmp(key->text, "any") == 0) {
            continue;
        }
        const uint32_t of = machines ? ls_listen_machine(c->d, key)
                                     : ls_reader_find(r, key, &r->station_names, 0, "station",
                                                      &r->stations, offsetof(ls_station, name));
        if (of != LS_NONE && own[of] == NULL) {
            own[of] = &map->items[i];
        }
    }
    r->form.out_of_memory = r->form.out_of_memory || own == NULL;
    return own;
}

// `kind: none` takes a machine out, or under `any` all that do not say otherwise.
static bool is_commanded(ls_reader *r, const owner *o) {
    const ls_yaml *own = ls_take(r, o->own, hand_parts[0].path);
    const ls_yaml *kind = own != NULL ? own : ls_take(r, o->any, hand_parts[0].path);
    const bool is_none = ls_yaml_is_text(kind) && strcmp(kind->text, "none") == 0;
    return !is_none && (o->any != NULL || (o->own != NULL && o->own->kind == LS_YAML_MAP));
}

static const ls_handshake *read_machines(reading *c, const ls_yaml *node) {
    ls_reader *r = c->d->r;
    const ls_yaml *map = ls_take_map(r, node, COMMANDS ".machines");
    const ls_yaml *any = ls_take_map(r, map, COMMANDS ".machines.any");
    const ls_yaml **own = own_values(c, map, true);
    ls_handshake *out = ls_arena_alloc(&r->plant->arena,
                                       ((size_t)r->machines.count + 1) * sizeof *out);
    if (own == NULL || out == NULL) {
        r->form.out_of_memory = true;
        return NULL;
    }
    const size_t before = r->form.error_count;  // a mistake in `any` is one mistake
    for (uint32_t m = 0; m < r->machines.count && !r->form.out_of_memory; m++) {
        const owner o = {.own = own[m],
                         .any = any,
                         .machine = m,
                         .station = ls_listen_station_of(r, m),
                         .name = LS_ROW(ls_machine, r->machines, m)->name};
        const bool asked = is_commanded(r, &o) && (own[m] != NULL || r->form.error_count == before);
        out[m] = asked ? read_hand(c, &o, (extent){UINT32_MAX, 0}) : nothing;
    }
    return out;
}

static const uint32_t *read_waiting(reading *c, const ls_yaml *node) {
    ls_reader *r = c->d->r;
    const ls_yaml *map = ls_take_map(r, node, COMMANDS ".waiting");
    const ls_yaml *any = ls_take(r, map, waiting_part.path);
    const ls_yaml **own = own_values(c, map, false);
    uint32_t *out = ls_arena_alloc(&r->plant->arena, ((size_t)r->stations.count + 1) * sizeof *out);
    if (own == NULL || out == NULL) {
        r->form.out_of_memory = true;
        return NULL;
    }
    const size_t before = r->form.error_count;
    for (uint32_t s = 0; s < r->stations.count && !r->form.out_of_memory; s++) {
        const owner o = {
            .machine = LS_NONE, .station = s, .name = LS_ROW(ls_station, r->stations, s)->name};
        const ls_yaml *value = own[s] != NULL ? own[s] : any;
        const bool said = ls_yaml_is_text(value) && !ls_listen_is_none(value) &&
                          (own[s] != NULL || r->form.error_count == before);
        out[s] = said ? take_register(c, value, &o, &waiting_part) : LS_NONE;
        if (out[s] != LS_NONE) {  // the service hears the same names
            const char *tag = ls_reader_format(r, "%s/%s", c->source->name,
                                               c->source->registers[out[s]].name);
            (void)ls_listen_bind(c->d, value, tag, LS_NONE, LS_NONE,
                                 (ls_binding){.means = LS_MEANS_WAITING, .of = s});
        }
    }
    return out;
}

// One register of a class's order pool, which the service hears.
static uint32_t read_pool_part(reading *c, const ls_yaml *map, const part *p, ls_meaning means,
                               uint32_t class) {
    ls_reader *r = c->d->r;
    const owner o = {.own = map,
                     .machine = LS_NONE,
                     .station = LS_NONE,
                     .name = LS_ROW(ls_release, r->releases, class)->name};
    const uint32_t index = read_part(c, &o, p);
    if (index != LS_NONE && !r->form.out_of_memory) {
        const char *tag = ls_reader_format(r, "%s/%s", c->source->name,
                                           c->source->registers[index].name);
        (void)ls_listen_bind(c->d, ls_take(r, map, p->path), tag, LS_NONE, LS_NONE,
                             (ls_binding){.means = means, .of = class});
    }
    return index;
}

static const ls_pool_registers *read_pools(reading *c, const ls_yaml *node) {
    ls_reader *r = c->d->r;
    const ls_yaml *map = ls_take_map(r, node, COMMANDS ".pools");
    ls_pool_registers *out = ls_arena_alloc(&r->plant->arena,
                                            ((size_t)r->releases.count + 1) * sizeof *out);
    if (out == NULL) {
        r->form.out_of_memory = true;
        return NULL;
    }
    for (uint32_t i = 0; i < r->releases.count; i++) {
        out[i] = (ls_pool_registers){LS_NONE, LS_NONE};
    }
    for (size_t i = 0; map != NULL && i < map->count && !r->form.out_of_memory; i++) {
        const ls_yaml *key = &map->keys[i];
        const uint32_t class = ls_reader_find(r, key, &r->release_names, 0, "class", &r->releases,
                                              offsetof(ls_release, name));
        if (class == LS_NONE || map->items[i].kind != LS_YAML_MAP) {
            continue;
        }
        if (!LS_ROW(ls_release, r->releases, class)->pool) {
            ls_reader_mistake(r, key, "'release: {pool: yes}' at the class",
                              "class '%s' has no order pool", key->text);
            continue;
        }
        out[class].waiting = read_pool_part(c, &map->items[i], &pool_part, LS_MEANS_POOL, class);
        out[class].shut = read_pool_part(c, &map->items[i], &shut_part, LS_MEANS_SHUT, class);
    }
    return out;
}

static void read_line(reading *c, const ls_yaml *node, ls_commanded *out) {
    ls_reader *r = c->d->r;
    uint32_t *const to[LINE_KEYS] = {&out->heartbeat, &out->echo, &out->lost};
    const owner whole = {.own = node, .machine = LS_NONE, .station = LS_NONE, .name = "the line"};
    extent read = {UINT32_MAX, 0};
    for (int i = 0; i < LINE_KEYS && !r->form.out_of_memory; i++) {
        *to[i] = read_part(c, &whole, &line_parts[i]);
        if (*to[i] != LS_NONE) {
            widen(&read, c, *to[i]);
        }
    }
    out->inside = read_part(c, &whole, &inside_part);
    const owner line = {.own = ls_take_map(r, node, COMMANDS ".line"),
                        .machine = LS_NONE,
                        .station = LS_NONE,
                        .name = "the line"};
    out->line = line.own != NULL ? read_hand(c, &line, read) : nothing;
}

// ---- the whole

static void check_alone(ls_listen_draft *d, const ls_yaml *node) {
    for (uint32_t i = 0; i < d->sources.count; i++) {
        const ls_source *s = LS_ROW(ls_source, d->sources, i);
        if (s->commands != NULL) {
            ls_reader_mistake(d->r, node, "take one of the two out",
                              "one source can be commanded, and modbus '%s' is", s->name);
        }
    }
}

void ls_listen_read_commands(ls_listen_draft *d, const ls_yaml *source_node, ls_source *s) {
    ls_reader *r = d->r;
    const ls_yaml *node = ls_take_map(r, source_node, COMMANDS);
    if (node == NULL || s->register_count == 0 || r->form.out_of_memory) {
        return;
    }
    check_alone(d, node);
    reading c = {.d = d, .source = s};
    ls_commanded *out = ls_arena_alloc(&r->plant->arena, sizeof *out);
    c.uses = ls_arena_alloc(&r->form.scratch, ((size_t)s->register_count + 1) * sizeof *c.uses);
    ls_names_init(&c.names);
    for (uint32_t i = 0; i < s->register_count; i++) {
        (void)ls_names_add(&c.names, 0, s->registers[i].name, i);
    }
    r->form.out_of_memory = r->form.out_of_memory || out == NULL || c.uses == NULL ||
                            c.names.failed;
    if (!r->form.out_of_memory) {
        out->row = node->line;
        out->column = node->column;
        read_line(&c, node, out);
        out->machines = read_machines(&c, node);
        out->waiting = read_waiting(&c, node);
        out->pools = read_pools(&c, node);
        s->commands = out;
    }
    ls_names_clear(&c.names);
}

// A machine that is commanded is heard over the same source: the guard believes what it has heard
// itself.
void ls_listen_check_commands(ls_listen_draft *d, const ls_source *s) {
    ls_reader *r = d->r;
    bool heard = true;
    for (uint32_t m = 0; s->commands != NULL && m < r->machines.count && heard; m++) {
        heard = s->commands->machines[m].kind == LS_NONE;
        for (uint32_t i = 0; i < d->bindings.count && !heard; i++) {
            const ls_binding *b = LS_ROW(ls_binding, d->bindings, i);
            const size_t length = strlen(s->name);
            heard = b->means == LS_MEANS_STATE && b->of == m &&
                    strncmp(b->tag, s->name, length) == 0 && b->tag[length] == '/';
        }
        if (!heard) {
            const ls_yaml at = {.line = s->commands->row, .column = s->commands->column};
            ls_reader_mistake(
                r, &at,
                ls_reader_format(r,
                                 "bind its 'state' to a register of '%s', or take the "
                                 "machine out: 'kind: none'",
                                 s->name),
                "machine '%s' is commanded over modbus '%s' and not heard there",
                LS_ROW(ls_machine, r->machines, m)->name, s->name);
        }
    }
}
