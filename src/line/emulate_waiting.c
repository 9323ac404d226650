// emulate_waiting.c - see emulate_waiting.h.
#include "line/emulate_waiting.h"

#include <string.h>

#include "base/arena.h"

typedef struct place {
    ls_buffer names;  // blank separated, ends in a zero that is not counted
    bool changed;
} place;

struct ls_emulate_waiting {
    const ls_plant *plant;
    place *stations;  // and behind them all lots that are in the plant
    uint32_t inside;
};

ls_status ls_emulate_waiting_create(const ls_plant *plant, ls_emulate_waiting **out,
                                    ls_error *err) {
    *out = NULL;
    ls_emulate_waiting *w = ls_alloc(sizeof *w);
    place *stations = ls_alloc((plant->station_count + 1) * sizeof *stations);
    if (w == NULL || stations == NULL) {
        ls_free(w);
        ls_free(stations);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the lots that wait");
    }
    for (uint32_t i = 0; i <= plant->station_count; i++) {
        ls_buffer_init(&stations[i].names);
        stations[i].changed = true;
    }
    *w = (ls_emulate_waiting){.plant = plant, .stations = stations};
    *out = w;
    return LS_OK;
}

void ls_emulate_waiting_destroy(ls_emulate_waiting *w) {
    if (w != NULL) {
        for (uint32_t i = 0; i <= w->plant->station_count; i++) {
            ls_buffer_clear(&w->stations[i].names);
        }
        ls_free(w->stations);
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
}

static void put(place *p, const char *name, size_t length) {
    ls_buffer_text(&p->names, p->names.size > 0 ? " " : "");
    ls_buffer_append(&p->names, name, length);
    p->changed = true;
}

static void let_in(ls_emulate_waiting *w, const char *name, size_t length) {
    place *all = &w->stations[w->plant->station_count];
    if (find(&all->names, name, length) == SIZE_MAX) {
        put(all, name, length);
        w->inside++;
    }
}

void ls_emulate_waiting_released(ls_emulate_waiting *w, const char *text, size_t size) {
    if (word(text, size) > 0) {
        let_in(w, text, word(text, size));
    }
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
    ls_buffer *names = &w->stations[station].names;
    ls_buffer_append(names, "", 1);
    if (names->failed || names->size == 0) {
        return "";
    }
    names->size--;
    return names->data;
}

bool ls_emulate_waiting_changed(ls_emulate_waiting *w, uint32_t station) {
    const bool changed = w->stations[station].changed;
    w->stations[station].changed = false;
    return changed;
}
