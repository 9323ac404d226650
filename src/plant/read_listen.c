// read_listen.c - the part `listen:`: how the line is heard; the parts of it are beside this file.
#include <assert.h>
#include <string.h>

#include "base/tags.h"
#include "plant/listen_reader.h"

// --- machines by name

static void name_machine(ls_listen_draft *d, const char *name, uint32_t machine) {
    if (ls_names_add(&d->machines, 0, name, machine) != LS_NONE) {
        ls_names_set(&d->machines, 0, name, LS_MACHINE_UNCLEAR);
    }
}

void ls_listen_name_machines(ls_listen_draft *d) {
    ls_reader *r = d->r;
    for (uint32_t s = 0; s < r->stations.count && !r->form.out_of_memory; s++) {
        const ls_station *station = LS_ROW(ls_station, r->stations, s);
        for (uint32_t m = 0; m < station->machine_count; m++) {
            const uint32_t machine = station->machine_at + m;
            name_machine(d, LS_ROW(ls_machine, r->machines, machine)->name, machine);
        }
    }
}

// Only asked for when a name alone is not clear.
static uint32_t find_with_station(const ls_reader *r, const char *text) {
    for (const char *slash = strchr(text, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        for (uint32_t s = 0; s < r->stations.count; s++) {
            const ls_station *station = LS_ROW(ls_station, r->stations, s);
            const size_t length = strlen(station->name);
            if (length == (size_t)(slash - text) && strncmp(station->name, text, length) == 0) {
                const uint32_t machine = ls_names_find(&r->machine_names, s, slash + 1);
                if (machine != LS_NONE) {
                    return machine;
                }
            }
        }
    }
    return LS_NONE;
}

uint32_t ls_listen_machine(ls_listen_draft *d, const ls_yaml *at) {
    ls_reader *r = d->r;
    uint32_t machine = ls_names_find(&d->machines, 0, at->text);
    if (machine == LS_MACHINE_UNCLEAR) {
        ls_reader_mistake(r, at, "say which: 'STATION/MACHINE'",
                          "several stations have a machine '%s'", at->text);
        return LS_NONE;
    }
    if (machine == LS_NONE) {
        machine = find_with_station(r, at->text);
    }
    if (machine == LS_NONE) {
        ls_reader_mistake(
            r, at, ls_reader_nearest_row(r, at->text, &r->machines, offsetof(ls_machine, name)),
            "unknown machine '%s'", at->text);
    }
    return machine;
}

uint32_t ls_listen_station_of(const ls_reader *r, uint32_t machine) {
    uint32_t low = 0;
    uint32_t high = r->stations.count;
    while (high - low > 1) {  // the last station that begins at or before the machine
        const uint32_t middle = low + (high - low) / 2;
        if (LS_ROW(ls_station, r->stations, middle)->machine_at <= machine) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

// --- tags

bool ls_listen_is_none(const ls_yaml *value) {
    return value == NULL || (ls_yaml_is_text(value) && strcmp(value->text, "none") == 0);
}

static bool fill_in(ls_listen_draft *d, const ls_yaml *at, const char *tag, uint32_t machine,
                    uint32_t station) {
    d->text.size = 0;
    for (const char *c = tag; *c != '\0';) {
        const char *close = *c == '{' ? strchr(c, '}') : NULL;
        const int length = close != NULL ? (int)(close - c + 1) : 1;
        if (close == NULL) {
            ls_buffer_append(&d->text, c, 1);
        } else if (machine != LS_NONE && strncmp(c, "{machine}", (size_t)length) == 0) {
            ls_buffer_text(&d->text, LS_ROW(ls_machine, d->r->machines, machine)->name);
        } else if (station != LS_NONE && strncmp(c, "{station}", (size_t)length) == 0) {
            ls_buffer_text(&d->text, LS_ROW(ls_station, d->r->stations, station)->name);
        } else {
            ls_reader_mistake(d->r, at,
                              machine != LS_NONE   ? "there is: {machine}, {station}"
                              : station != LS_NONE ? "there is: {station}"
                                                   : "nothing is filled in here",
                              "tag '%s': nothing stands for '%.*s'", tag, length, c);
            return false;
        }
        c += length;
    }
    ls_buffer_append(&d->text, "", 1);  // a zero that counts, so that an empty text has one
    d->r->form.out_of_memory = d->r->form.out_of_memory || d->text.failed;
    return !d->text.failed;
}

bool ls_listen_has_control(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c != 0; c++) {
        if (*c < ' ' || *c == 0x7F) {
            return true;
        }
    }
    return false;
}

const char *ls_listen_tag(ls_listen_draft *d, const ls_yaml *at, const char *tag, uint32_t machine,
                          uint32_t station) {
    if (!fill_in(d, at, tag, machine, station)) {
        return NULL;
    }
    const char *text = d->text.data;
    if (text[0] == '\0' || strlen(text) > LS_TAG_NAME_MAX || ls_listen_has_control(text)) {
        ls_reader_mistake(d->r, at, "a tag has 1 to 511 bytes and no control characters",
                          "'%s' is not a tag", text);
        return NULL;
    }
    if (strchr(text, '{') != NULL && strchr(strchr(text, '{'), '}') != NULL) {
        ls_reader_mistake(d->r, at, "write the tags of these machines in full",
                          "tag '%s': a name with braces was filled in", text);
        return NULL;
    }
    return ls_reader_text(d->r, text);
}

// What a binding is for, for people.
static const char *say(ls_listen_draft *d, const ls_binding *b) {
    static const char *const meanings[LS_MEANS_COUNT] = {
        "the state of",          "the lots of",       "the step of",
        "the product of",        "the setup of",      "the reason of",
        "the good parts of",     "the bad parts of",  "the queue of",
        "lots released",         "lots arrived",      "lots done",
        "lots scrapped",         "the value",         "orders",
        "the lots that wait at", "the order pool of", "the time of the order pool of"};
    const char *of = "";
    if (b->means < LS_MEANS_MACHINE_COUNT) {
        of = LS_ROW(ls_machine, d->r->machines, b->of)->name;
    } else if (b->means == LS_MEANS_QUEUE || b->means == LS_MEANS_WAITING) {
        of = LS_ROW(ls_station, d->r->stations, b->of)->name;
    } else if (b->means == LS_MEANS_POOL || b->means == LS_MEANS_SHUT) {
        of = LS_ROW(ls_release, d->r->releases, b->of)->name;
    } else if (b->means == LS_MEANS_VALUE) {
        of = LS_ROW(ls_measured, d->values, b->of)->name;
    }
    return ls_reader_format(d->r, "%s%s%s", meanings[b->means], of[0] != '\0' ? " " : "", of);
}

bool ls_listen_bind(ls_listen_draft *d, const ls_yaml *at, const char *tag, uint32_t machine,
                    uint32_t station, ls_binding binding) {
    binding.tag = ls_listen_tag(d, at, tag, machine, station);
    if (binding.tag == NULL || d->r->form.out_of_memory) {
        return false;
    }
    binding.line = at->line;
    binding.column = at->column;
    const uint32_t other = ls_names_add(&d->tags, 0, binding.tag, d->bindings.count);
    if (other != LS_NONE) {
        const ls_binding *b = LS_ROW(ls_binding, d->bindings, other);
        const bool is_template = b->line == at->line && b->column == at->column;
        ls_reader_mistake(
            d->r, at,
            is_template ? "put {machine} or {station} into it" : "one tag can mean one thing",
            "tag '%s' means %s and %s", binding.tag, say(d, b), say(d, &binding));
        return false;
    }
    *(ls_binding *)ls_rows_push(d->r, &d->bindings, NULL) = binding;
    return true;
}

// --- databases

bool ls_listen_check_url(ls_reader *r, const ls_yaml *at) {
    const char *rest = strstr(at->text, "://");
    const char *login = rest == NULL ? NULL : strchr(rest + 3, '@');
    const char *colon = rest == NULL ? NULL : strchr(rest + 3, ':');
    const bool has_secret = (login != NULL && colon != NULL && colon < login) ||
                            strstr(at->text, "password=") != NULL;
    if (has_secret) {
        ls_reader_mistake(r, at, "write user and password into a file of their own: 'login: FILE'",
                          "a password does not belong into a plant file");
        return false;
    }
    return true;
}

// --- the whole

void ls_listen_draft_init(ls_listen_draft *d, ls_reader *r) {
    memset(d, 0, sizeof *d);
    d->r = r;
    d->sources.size = sizeof(ls_source);
    d->bindings.size = sizeof(ls_binding);
    d->values.size = sizeof(ls_measured);
    ls_names_init(&d->tags);
    ls_names_init(&d->machines);
    ls_buffer_init(&d->text);
}

void ls_listen_draft_clear(ls_listen_draft *d) {
    ls_free(d->sources.items);
    ls_free(d->bindings.items);
    ls_free(d->values.items);
    ls_names_clear(&d->tags);
    ls_names_clear(&d->machines);
    ls_buffer_clear(&d->text);
}

static const char *folder_of(ls_reader *r) {
    const char *slash = strrchr(r->form.file, '/');
    const size_t length = slash == NULL
                              ? 0
                              : (slash == r->form.file ? 1 : (size_t)(slash - r->form.file));
    const char *folder = ls_arena_text(&r->plant->arena, r->form.file, length);
    r->form.out_of_memory = r->form.out_of_memory || folder == NULL;
    return folder != NULL ? folder : "";
}

static void close_draft(ls_listen_draft *d, ls_listen *out) {
    out->sources = ls_rows_close(d->r, &d->sources, &out->source_count);
    out->bindings = ls_rows_close(d->r, &d->bindings, &out->binding_count);
    out->values = ls_rows_close(d->r, &d->values, &out->value_count);
}

void ls_read_listen(ls_reader *r) {
    ls_listen *out = &r->plant->listen;
    const ls_yaml *node = ls_take_map(r, r->form.root, "listen");
    int clock = 0;
    out->given = node != NULL;
    out->folder = folder_of(r);
    ls_take_choice(r, node, "listen.clock", &clock);
    out->clock_is_arrival = clock == 1;
    ls_take_time(r, node, "listen.stale", &out->stale_us);
    (void)ls_take_time(r, NULL, "listen.orders.every", &out->orders.every_us);
    if (node == NULL) {
        return;
    }
    ls_listen_draft d;
    ls_listen_draft_init(&d, r);
    d.node = node;
    ls_listen_name_machines(&d);
    void (*const parts[])(ls_listen_draft *) = {ls_listen_read_mqtt,     ls_listen_read_modbus,
                                                ls_listen_read_machines, ls_listen_read_line,
                                                ls_listen_read_orders,   ls_listen_check};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && !r->form.out_of_memory; i++) {
        parts[i](&d);
        r->form.out_of_memory = r->form.out_of_memory || d.tags.failed || d.machines.failed;
    }
    close_draft(&d, out);
    ls_listen_draft_clear(&d);
}
