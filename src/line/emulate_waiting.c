// emulate_waiting.c - see emulate_waiting.h.
#include "line/emulate_waiting.h"

#include <string.h>

#include "base/arena.h"
#include "base/units.h"

typedef struct place {
    ls_buffer names;  // blank separated, ends in a zero that is not counted
    bool changed;
} place;

struct ls_emulate_waiting {
    const ls_plant *plant;
    place *stations;    // and behind them all lots that are in the plant, then the order pools
    int64_t *until_us;  // of each class
    uint32_t inside;
};

static uint32_t places(const ls_plant *plant) {
    return plant->station_count + 1 + plant->release_count;
}

static place *pool_of(const ls_emulate_waiting *w, uint32_t release) {
    return &w->stations[w->plant->station_count + 1 + release];
}

ls_status ls_emulate_waiting_create(const ls_plant *plant, ls_emulate_waiting **out,
                                    ls_error *err) {
    *out = NULL;
    ls_emulate_waiting *w = ls_alloc(sizeof *w);
    place *stations = ls_alloc(places(plant) * sizeof *stations);
    int64_t *until_us = ls_alloc((plant->release_count + 1) * sizeof *until_us);
    if (w == NULL || stations == NULL || until_us == NULL) {
        ls_free(w);
        ls_free(stations);
        ls_free(until_us);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the lots that wait");
    }
    for (uint32_t i = 0; i < places(plant); i++) {
        ls_buffer_init(&stations[i].names);
        stations[i].changed = true;
    }
    memset(until_us, 0, (plant->release_count + 1) * sizeof *until_us);
    *w = (ls_emulate_waiting){.plant = plant, .stations = stations, .until_us = until_us};
    *out = w;
    return LS_OK;
}

void ls_emulate_waiting_destroy(ls_emulate_waiting *w) {
    if (w != NULL) {
        for (uint32_t i = 0; i < places(w->plant); i++) {
            ls_buffer_clear(&w->stations[i].names);
        }
        ls_free(w->stations);
        ls_free(w->until_us);
        ls_free(w);
    }
}

static size_t word(const char *text, size_t size) {
    const char *blank = memchr(text, ' ', size);
    return blank != NULL ? (size_t)(blank - text) : size;
}

// Where the name stands in the list; SIZE_MAX: it does not.
static size_t find(const ls_buffer *names, const char *name, size_t length) {
    for (size_t at = 0; at < names->size;) {
        const size_t here = word(names->data + at, names->size - at);
        if (here == length && memcmp(names->data + at, name, length) == 0) {
            return at;
        }
        at += here + 1;
    }
    return SIZE_MAX;
}

static void take_away(place *p, const char *name, size_t length) {
    const size_t at = find(&p->names, name, length);
    if (at == SIZE_MAX) {
        return;
    }
    // With the blank behind it; of the last one with the blank before it.
    const size_t behind = at + length < p->names.size ? at + length + 1 : at + length;
    memmove(p->names.data + at, p->names.data + behind, p->names.size - behind);
    p->names.size -= behind - at;
    if (p->names.size > 0 && p->names.data[p->names.size - 1] == ' ') {
        p->names.size--;
    }
    p->changed = true;
}

static void take_away_everywhere(ls_emulate_waiting *w, const char *name, size_t length) {
    for (uint32_t i = 0; i < w->plant->station_count; i++) {
        take_away(&w->stations[i], name, length);
    }
    for (uint32_t i = 0; i < w->plant->release_count; i++) {
        take_away(pool_of(w, i), name, length);
    }
}

static void put(place *p, const char *name, size_t length) {
    ls_buffer_text(&p->names, p->names.size > 0 ? " " : "");
    ls_buffer_append(&p->names, name, length);
    p->changed = true;
}

static const char *text_of(place *p) {
    ls_buffer_append(&p->names, "", 1);
    if (p->names.failed || p->names.size == 0) {
        return "";
    }
    p->names.size--;
    return p->names.data;
}

static void let_in(ls_emulate_waiting *w, const char *name, size_t length) {
    place *all = &w->stations[w->plant->station_count];
    if (find(&all->names, name, length) == SIZE_MAX) {
        put(all, name, length);
        w->inside++;
    }
}

// The value of " KEY=" in the text, up to the next blank; 0: there is none.
static size_t value_of(const char *text, size_t size, const char *key, const char **out) {
    const size_t length = strlen(key);
    for (size_t at = 0; at + length <= size; at++) {
        if (memcmp(text + at, key, length) == 0) {
            *out = text + at + length;
            return word(*out, size - at - length);
        }
    }
    return 0;
}

// Whose release the text tells; release_count: of none.
static uint32_t class_of(const ls_plant *plant, const char *text, size_t size) {
    const char *name = NULL;
    const size_t length = value_of(text, size, " class=", &name);
    uint32_t i = 0;
    while (i < plant->release_count && (strlen(plant->releases[i].name) != length ||
                                        memcmp(plant->releases[i].name, name, length) != 0)) {
        i++;
    }
    return i;
}

static int64_t date_of(const char *text, size_t size) {
    char date[48] = "";
    int64_t us = 0;
    if (size < sizeof date) {
        memcpy(date, text, size);
        date[size] = '\0';
    }
    return ls_units_date(date, &us, NULL) == LS_OK ? us : INT64_MAX;
}

void ls_emulate_waiting_released(ls_emulate_waiting *w, const char *text, size_t size) {
    const size_t length = word(text, size);
    const uint32_t class = length > 0 ? class_of(w->plant, text, size) : w->plant->release_count;
    const char *until = NULL;
    const size_t dated = value_of(text, size, " pool=", &until);
    if (length == 0) {
        return;
    }
    let_in(w, text, length);
    if (dated == 0 || class == w->plant->release_count) {
        for (uint32_t i = 0; i < w->plant->release_count; i++) {
            take_away(pool_of(w, i), text, length);
        }
        return;
    }
    w->until_us[class] = date_of(until, dated);
    if (find(&pool_of(w, class)->names, text, length) == SIZE_MAX) {
        put(pool_of(w, class), text, length);
    }
}

const char *ls_emulate_waiting_outside(const ls_emulate_waiting *w, uint32_t release,
                                       int64_t *out_until_us) {
    place *pool = pool_of(w, release);
    *out_until_us = pool->names.size > 0 ? w->until_us[release] : 0;
    return text_of(pool);
}

void ls_emulate_waiting_arrived(ls_emulate_waiting *w, const char *text, size_t size) {
    static const char key[] = "station=";
    const size_t length = word(text, size);
    for (size_t at = length; at < size; at++) {
        const size_t here = word(text + at, size - at);
        if (here > sizeof key - 1 && memcmp(text + at, key, sizeof key - 1) == 0) {
            const char *name = text + at + sizeof key - 1;
            const size_t named = here - (sizeof key - 1);
            take_away_everywhere(w, text, length);
            for (uint32_t i = 0; i < w->plant->station_count; i++) {
                const char *station = w->plant->stations[i].name;
                place *p = &w->stations[i];
                if (strlen(station) == named && memcmp(station, name, named) == 0) {
                    put(p, text, length);
                }
            }
            return;
        }
        at += here;
    }
}

void ls_emulate_waiting_taken(ls_emulate_waiting *w, const char *lots, size_t size) {
    for (size_t at = 0; at < size;) {
        const size_t length = word(lots + at, size - at);
        take_away_everywhere(w, lots + at, length);
        at += length + 1;
    }
}

void ls_emulate_waiting_gone(ls_emulate_waiting *w, const char *text, size_t size) {
    place *all = &w->stations[w->plant->station_count];
    const size_t length = word(text, size);
    if (length > 0 && find(&all->names, text, length) != SIZE_MAX) {
        take_away(all, text, length);
        w->inside--;
    }
    take_away_everywhere(w, text, length);
}

uint32_t ls_emulate_waiting_inside(const ls_emulate_waiting *w) {
    return w->inside;
}

const char *ls_emulate_waiting_at(const ls_emulate_waiting *w, uint32_t station) {
    return text_of(&w->stations[station]);
}

bool ls_emulate_waiting_changed(ls_emulate_waiting *w, uint32_t station) {
    const bool changed = w->stations[station].changed;
    w->stations[station].changed = false;
    return changed;
}
