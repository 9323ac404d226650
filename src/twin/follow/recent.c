#include "twin/follow/recent.h"

#include <string.h>

bool ls_recent_init(ls_recent *j) {
    memset(j, 0, sizeof *j);
    j->capacity = 1024;
    j->text_capacity = 1 << 16;
    j->items = ls_alloc(j->capacity * sizeof *j->items);
    j->text_at = ls_alloc(j->capacity * sizeof *j->text_at);
    j->text = ls_alloc(j->text_capacity);
    return j->items != NULL && j->text_at != NULL && j->text != NULL;
}

void ls_recent_clear(ls_recent *j) {
    ls_free(j->items);
    ls_free(j->text_at);
    ls_free(j->text);
    memset(j, 0, sizeof *j);
}

uint32_t ls_recent_place(const ls_recent *j, int64_t time_us) {
    if (j->end == j->first || j->items[j->end - 1].time_us <= time_us) {
        return j->end;
    }
    uint32_t low = j->first;
    uint32_t high = j->end;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (j->items[middle].time_us <= time_us) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

ls_heard ls_recent_at(const ls_recent *j, uint32_t index) {
    ls_heard heard = j->items[index];
    heard.text = j->text + j->text_at[index];
    return heard;
}

bool ls_recent_has(const ls_recent *j, const ls_heard *heard, uint32_t place) {
    for (uint32_t i = place; i > j->first && j->items[i - 1].time_us == heard->time_us; i--) {
        const ls_heard *other = &j->items[i - 1];
        if (other->kind == heard->kind && other->of == heard->of) {
            const bool same = other->number == heard->number && other->birth == heard->birth &&
                              other->size == heard->size &&
                              (heard->size == 0 ||
                               memcmp(j->text + j->text_at[i - 1], heard->text, heard->size) == 0);
            const bool of_lot = heard->kind >= LS_HEARD_RELEASED &&
                                heard->kind <= LS_HEARD_SCRAPPED;
            if (same && heard->kind != LS_HEARD_GOOD && heard->kind != LS_HEARD_BAD) {
                return true;
            }
            if (!of_lot) {
                return same;  // told otherwise since: a change, not a double
            }
        }
    }
    return false;
}

// Items to the front, texts of those that are left together.
static void pack(ls_recent *j) {
    if (j->first > 0) {
        memmove(j->items, j->items + j->first, (j->end - j->first) * sizeof *j->items);
        memmove(j->text_at, j->text_at + j->first, (j->end - j->first) * sizeof *j->text_at);
        j->end -= j->first;
        j->first = 0;
    }
}

static bool pack_text(ls_recent *j, uint32_t capacity) {
    char *text = ls_alloc(capacity);
    if (text == NULL) {
        return false;
    }
    uint32_t used = 0;
    for (uint32_t i = j->first; i < j->end; i++) {
        memcpy(text + used, j->text + j->text_at[i], j->items[i].size);
        j->text_at[i] = used;
        used += j->items[i].size;
    }
    ls_free(j->text);
    j->text = text;
    j->text_used = used;
    j->text_capacity = capacity;
    return true;
}

// Texts lie in the order of arrival, so that old ones go to waste in front: moved down in place.
static void sink_text(ls_recent *j) {
    uint32_t least = j->text_used;
    for (uint32_t i = j->first; i < j->end; i++) {
        least = j->text_at[i] < least ? j->text_at[i] : least;
    }
    memmove(j->text, j->text + least, j->text_used - least);
    for (uint32_t i = j->first; i < j->end; i++) {
        j->text_at[i] -= least;
    }
    j->text_used -= least;
}

static bool reserve(ls_recent *j, uint32_t text_size) {
    if (j->end == j->capacity && j->first >= j->capacity / 4) {
        pack(j);
    }
    if (j->end == j->capacity) {
        if (j->capacity >= RECENT_MAX) {
            pack(j);
            return j->end < j->capacity;
        }
        ls_heard *items = ls_realloc(j->items, (size_t)j->capacity * 2 * sizeof *items);
        j->items = items != NULL ? items : j->items;
        uint32_t *at = ls_realloc(j->text_at, (size_t)j->capacity * 2 * sizeof *at);
        j->text_at = at != NULL ? at : j->text_at;
        if (items == NULL || at == NULL) {
            return false;
        }
        j->capacity *= 2;
    }
    if (j->text_used + text_size > j->text_capacity) {
        sink_text(j);
        if (j->text_used + text_size > j->text_capacity / 2) {
            const uint32_t capacity = j->text_capacity * 2;
            if (capacity > RECENT_TEXT_MAX || !pack_text(j, capacity)) {
                return j->text_used + text_size <= j->text_capacity;
            }
        }
    }
    return true;
}

bool ls_recent_insert(ls_recent *j, const ls_heard *heard, uint32_t *place) {
    const uint32_t first = j->first;
    const bool room = reserve(j, heard->size);
    *place -= first - j->first;
    if (!room) {
        return false;
    }
    const uint32_t behind = j->end - *place;
    memmove(j->items + *place + 1, j->items + *place, behind * sizeof *j->items);
    memmove(j->text_at + *place + 1, j->text_at + *place, behind * sizeof *j->text_at);
    j->items[*place] = *heard;
    j->items[*place].text = NULL;
    j->text_at[*place] = j->text_used;
    if (heard->size > 0) {
        memcpy(j->text + j->text_used, heard->text, heard->size);
    }
    j->text_used += heard->size;
    j->end++;
    return true;
}

void ls_recent_drop(ls_recent *j, uint32_t count) {
    j->first += count;
    if (j->first == j->end) {
        j->first = 0;
        j->end = 0;
        j->text_used = 0;
    }
}
