// emulate_hide.c - the file of hidden truths is read and checked.
#include "line/emulate_hide.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "base/yaml.h"

enum { TRUTHS_MAX = 1000 };

// The key that says what kind a truth is; its value says of what.
static const char *const kind_keys[LS_HIDE_KIND_COUNT] = {"process", "setup", "failures", "repair",
                                                          "quality", "wear",  "sensor",   "habit"};
enum { MODE, TIMES, GROWS, OFFSET, NOISE, MISSES, STUCK, WORN, AT, FROM, UNTIL, OTHER_COUNT };
static const char *const other_keys[OTHER_COUNT] = {
    "mode", "times", "grows", "offset", "noise", "misses", "stuck", "worn", "at", "from", "until"};
#define BIT(key) (1u << (key))
// Which of the other keys each kind may have, beside from and until.
static const unsigned allowed[LS_HIDE_KIND_COUNT] = {
    BIT(TIMES) | BIT(GROWS) | BIT(WORN),
    BIT(TIMES) | BIT(GROWS),
    BIT(TIMES) | BIT(GROWS) | BIT(MODE),
    BIT(TIMES) | BIT(GROWS) | BIT(MODE),
    BIT(TIMES) | BIT(GROWS) | BIT(WORN),
    BIT(TIMES) | BIT(GROWS),
    BIT(TIMES) | BIT(GROWS) | BIT(OFFSET) | BIT(NOISE) | BIT(MISSES) | BIT(STUCK),
    BIT(AT),
};

typedef struct reader {
    const ls_plant *plant;
    const char *file;
    ls_arena *arena;
    ls_errors *errors;
    bool no_memory;
} reader;

static void mistake(reader *r, const ls_yaml *at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void mistake(reader *r, const ls_yaml *at, const char *hint, const char *format, ...) {
    ls_error err = {0};
    char text[256];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    ls_fail_at(&err, LS_ERR_INVALID, r->file, at->line, at->column, "%s", text);
    if (hint != NULL) {
        ls_hint(&err, "%s", hint);
    }
    ls_errors_add(r->errors, &err);
}

static void mistake_near(reader *r, const ls_yaml *at, const char *what, const char *word,
                         const char *const *names, size_t count) {
    char hint[160];
    const char *nearest = ls_text_nearest(word, names, count);
    ls_text_format(hint, sizeof hint, "did you mean '%s'?", nearest != NULL ? nearest : "");
    mistake(r, at, nearest != NULL ? hint : NULL, "unknown %s '%s'", what, word);
}

static bool is_text(const ls_yaml *value) {
    return value->kind == LS_YAML_TEXT;
}

// `name` or `station/name` is this machine.
static bool is_machine(const ls_plant *plant, uint32_t station, uint32_t machine,
                       const char *name) {
    const char *own = plant->machines[machine].name;
    const size_t length = strlen(plant->stations[station].name);
    return strcmp(own, name) == 0 || (strncmp(name, plant->stations[station].name, length) == 0 &&
                                      name[length] == '/' && strcmp(name + length + 1, own) == 0);
}

// A station, or one machine.
static bool find_place(reader *r, const ls_yaml *at, const char *name, ls_hidden *h) {
    const ls_plant *plant = r->plant;
    for (uint32_t s = 0; s < plant->station_count; s++) {
        if (strcmp(plant->stations[s].name, name) == 0) {
            h->station = s;
            h->machine = plant->stations[s].machine_count == 1 ? plant->stations[s].machine_at
                                                               : LS_NONE;
            return true;
        }
    }
    for (uint32_t s = 0; s < plant->station_count; s++) {
        const ls_station *st = &plant->stations[s];
        for (uint32_t m = st->machine_at; m < st->machine_at + st->machine_count; m++) {
            if (is_machine(plant, s, m, name)) {
                h->station = s;
                h->machine = m;
                return true;
            }
        }
    }
    const char *names[64];
    size_t count = 0;
    for (uint32_t m = 0; m < plant->machine_count && count < 64; m++) {
        names[count++] = plant->machines[m].name;
    }
    mistake_near(r, at, "station or machine", name, names, count);
    return false;
}

static bool read_number(reader *r, const ls_yaml *value, const char *key, double low, double high,
                        double *out) {
    if (!is_text(value) || !ls_text_parse_double(value->text, strlen(value->text), out) ||
        *out < low || *out > high) {
        mistake(r, value, NULL, "'%s' must be a number from %g to %g", key, low, high);
        return false;
    }
    return true;
}

// `5 %` or a number.
static void read_share(reader *r, const ls_yaml *value, const char *key, double *out) {
    ls_error err = {0};
    if (!is_text(value)) {
        mistake(r, value, NULL, "'%s' must be a share, as 5 %%", key);
    } else if (ls_units_share(value->text, out, &err) != LS_OK) {
        mistake(r, value, err.hint[0] != '\0' ? err.hint : NULL, "'%s': %s", key, err.text);
    }
}

static void read_time(reader *r, const ls_yaml *value, const char *key, int64_t *out) {
    ls_error err = {0};
    if (!is_text(value)) {
        mistake(r, value, NULL, "'%s' must be a span of time, as 20 min", key);
    } else if (ls_units_time(value->text, out, &err) != LS_OK) {
        mistake(r, value, err.hint[0] != '\0' ? err.hint : NULL, "'%s': %s", key, err.text);
    }
}

static void read_mode(reader *r, const ls_yaml *value, ls_hidden *h) {
    if (h->station == LS_NONE || !is_text(value)) {
        mistake(r, value, NULL, "'mode' must be the name of a failure");
        return;
    }
    const ls_station *st = &r->plant->stations[h->station];
    const char *names[32];
    size_t count = 0;
    for (uint32_t i = st->failure_at; i < st->failure_at + st->failure_count; i++) {
        if (strcmp(r->plant->failures[i].name, value->text) == 0) {
            h->failure = i;
        }
        if (count < 32) {
            names[count++] = r->plant->failures[i].name;
        }
    }
    if (h->failure == LS_NONE) {
        mistake_near(r, value, "failure", value->text, names, count);
    }
}

// `DEVICE/SIGNAL`, told apart at the first '/'; whether there is such a signal says the line.
static void read_sensor(reader *r, const ls_yaml *value, ls_hidden *h) {
    const char *slash = strchr(value->text, '/');
    if (slash == NULL || slash == value->text || slash[1] == '\0') {
        mistake(r, value, "as grind-1/Temperature", "'sensor' must be DEVICE/SIGNAL");
        return;
    }
    h->device = ls_arena_text(r->arena, value->text, (size_t)(slash - value->text));
    h->signal = ls_arena_text(r->arena, slash + 1, strlen(slash + 1));
    r->no_memory |= h->device == NULL || h->signal == NULL;
}

static void read_kind(reader *r, const ls_yaml *value, ls_hidden *h) {
    if (!is_text(value)) {
        mistake(r, value, NULL, "'%s' must be a name", kind_keys[h->kind]);
    } else if (h->kind == LS_HIDE_SENSOR) {
        read_sensor(r, value, h);
    } else if (h->kind == LS_HIDE_LAST_FIRST) {
        if (strcmp(value->text, "last-first") != 0) {
            mistake(r, value, "there is: last-first", "unknown habit '%s'", value->text);
        }
    } else {
        (void)find_place(r, value, value->text, h);
    }
}

static void read_other(reader *r, const ls_yaml *value, int key, ls_hidden *h) {
    switch (key) {
    case MODE: read_mode(r, value, h); break;
    case TIMES: read_number(r, value, "times", 0.001, 1000.0, &h->factor); break;
    case GROWS: read_share(r, value, "grows", &h->grow_per_h); break;
    case OFFSET: read_number(r, value, "offset", -1e12, 1e12, &h->offset); break;
    case NOISE: read_number(r, value, "noise", 0.0, 1e12, &h->noise); break;
    case MISSES: read_share(r, value, "misses", &h->miss); break;
    case STUCK:
        h->stuck = is_text(value) && strcmp(value->text, "yes") == 0;
        if (!h->stuck) {
            mistake(r, value, NULL, "'stuck' must be yes");
        }
        break;
    case WORN:
        h->worn = is_text(value) && strcmp(value->text, "yes") == 0;
        if (!h->worn) {
            mistake(r, value, NULL, "'worn' must be yes");
        }
        break;
    case AT:
        if (is_text(value) && find_place(r, value, value->text, h)) {
            h->machine = LS_NONE;
        }
        break;
    case FROM: read_time(r, value, "from", &h->from_us); break;
    default: read_time(r, value, "until", &h->until_us); break;
    }
}

static int find_key(const char *const *keys, int count, const char *name) {
    for (int i = 0; i < count; i++) {
        if (strcmp(keys[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static bool find_kind(reader *r, const ls_yaml *key, const ls_yaml *map, ls_hidden *h) {
    int found = 0;
    for (size_t i = 0; i < map->count; i++) {
        const int kind = find_key(kind_keys, LS_HIDE_KIND_COUNT, map->keys[i].text);
        if (kind >= 0) {
            h->kind = (ls_hide_kind)kind;
            found++;
        }
    }
    if (found != 1) {
        mistake(r, key, "one of: process, setup, failures, repair, quality, wear, sensor, habit",
                "'%s' must say what it is about, once", key->text);
    }
    return found == 1;
}

static bool sorts(const ls_plant *plant) {
    bool any = false;
    for (uint32_t i = 0; i < plant->decide.point_count; i++) {
        any = any || plant->decide.points[i].kind == LS_DECIDE_SORT;
    }
    return any;
}

static void read_truth(reader *r, const ls_yaml *key, const ls_yaml *map, ls_hidden *h) {
    *h = (ls_hidden){.name = ls_arena_text(r->arena, key->text, strlen(key->text)),
                     .line = key->line,
                     .column = key->column,
                     .station = LS_NONE,
                     .machine = LS_NONE,
                     .failure = LS_NONE,
                     .factor = 1.0,
                     .until_us = LS_FOREVER};
    r->no_memory |= h->name == NULL;
    if (map->kind != LS_YAML_MAP) {
        mistake(r, key, "as {process: grind, times: 1.25, from: 20 min}",
                "'%s' must be a map of keys", key->text);
        return;
    }
    if (!find_kind(r, key, map, h)) {
        return;
    }
    read_kind(r, ls_yaml_find(map, kind_keys[h->kind]), h);
    unsigned seen = 0;
    for (size_t i = 0; i < map->count; i++) {
        const char *name = map->keys[i].text;
        if (find_key(kind_keys, LS_HIDE_KIND_COUNT, name) >= 0) {
            continue;
        }
        const int other = find_key(other_keys, OTHER_COUNT, name);
        const unsigned may = allowed[h->kind] |
                             (h->kind == LS_HIDE_LAST_FIRST ? 0 : BIT(FROM) | BIT(UNTIL));
        if (other < 0) {
            mistake_near(r, &map->keys[i], "key", name, other_keys, OTHER_COUNT);
        } else if ((may & BIT(other)) == 0 || (seen & BIT(other)) != 0) {
            mistake(r, &map->keys[i], NULL, "'%s' has no place here%s", name,
                    (seen & BIT(other)) != 0 ? " twice" : "");
        } else {
            seen |= BIT(other);
            read_other(r, &map->items[i], other, h);
        }
    }
    if (h->kind == LS_HIDE_LAST_FIRST && h->station == LS_NONE) {
        mistake(r, key, NULL, "'%s' needs 'at', a station", key->text);
    }
    if (h->kind == LS_HIDE_QUALITY && !sorts(r->plant)) {
        mistake(r, key, "as decide: {sort: {at: STATION, tag: ...}}",
                "'%s': no station sorts lots, so that how each of them is would not count",
                key->text);
    }
    if (h->until_us <= h->from_us) {
        mistake(r, key, NULL, "'%s' ends before it begins", key->text);
    }
}

ls_status ls_hide_read(const ls_plant *plant, const char *text, size_t size, const char *file,
                       ls_hide **out, ls_errors *errors) {
    assert(plant != NULL && out != NULL && errors != NULL);
    *out = NULL;
    ls_error err = {0};
    ls_hide *hide = ls_alloc(sizeof *hide);
    if (hide == NULL) {
        ls_fail(&err, LS_ERR_MEMORY, "out of memory");
        ls_errors_add(errors, &err);
        return LS_ERR_MEMORY;
    }
    ls_arena_init(&hide->arena);
    const size_t before = errors->total;
    ls_yaml *root = NULL;
    ls_status status = ls_yaml_parse(text, size, file, &hide->arena, &root, &err);
    if (status != LS_OK) {
        ls_errors_add(errors, &err);
        ls_hide_destroy(hide);
        return status;
    }
    reader r = {plant, file, &hide->arena, errors, false};
    if (root->kind != LS_YAML_MAP && root->kind != LS_YAML_NULL) {
        mistake(&r, root, NULL, "hidden truths must be a map: a name for each, and what it is");
    } else if (root->count > TRUTHS_MAX) {
        mistake(&r, root, NULL, "more than %d hidden truths", TRUTHS_MAX);
    } else {
        ls_hidden *items = ls_arena_alloc(&hide->arena, (root->count + 1) * sizeof *items);
        r.no_memory |= items == NULL;
        for (size_t i = 0; items != NULL && i < root->count; i++) {
            read_truth(&r, &root->keys[i], &root->items[i], &items[i]);
        }
        hide->items = items;
        hide->count = (uint32_t)root->count;
    }
    if (r.no_memory) {
        ls_fail(&err, LS_ERR_MEMORY, "out of memory");
        ls_errors_add(errors, &err);
    }
    if (errors->total != before) {
        ls_hide_destroy(hide);
        return r.no_memory ? LS_ERR_MEMORY : LS_ERR_INVALID;
    }
    *out = hide;
    return LS_OK;
}

void ls_hide_destroy(ls_hide *hide) {
    if (hide != NULL) {
        ls_arena arena = hide->arena;
        ls_free(hide);
        ls_arena_clear(&arena);
    }
}

bool ls_hidden_is_on(const ls_hidden *hidden, int64_t now_us) {
    return now_us >= hidden->from_us && now_us < hidden->until_us;
}

double ls_hidden_factor(const ls_hidden *hidden, int64_t now_us) {
    if (!ls_hidden_is_on(hidden, now_us)) {
        return 1.0;
    }
    return hidden->factor +
           hidden->grow_per_h * ((double)(now_us - hidden->from_us) / (double)LS_US_PER_HOUR);
}

const char *ls_hide_kind_name(ls_hide_kind kind) {
    return kind_keys[kind];
}
