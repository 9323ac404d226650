// hot.c - see hot.h.
#include "history/hot.h"

#include <assert.h>
#include <string.h>

enum { TEXT_ROOM = 64 << 10, TAG_ROOM = 256 };

ls_status ls_hot_create(size_t bytes_max, ls_hot **out, ls_error *err) {
    *out = ls_alloc(sizeof **out);
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for samples");
    }
    atomic_init(&(*out)->holders, 1);
    (*out)->bytes_max = bytes_max;
    ls_arena_init(&(*out)->texts);
    return LS_OK;
}

void ls_hot_hold(ls_hot *hot) {
    atomic_fetch_add(&hot->holders, 1);
}

static void free_state(const ls_state_entry *state) {
    ls_free((void *)(uintptr_t)state->name);
    ls_free((void *)(uintptr_t)state->bytes);
}

void ls_hot_drop(ls_hot *hot) {
    if (hot == NULL || atomic_fetch_sub(&hot->holders, 1) > 1) {
        return;
    }
    for (uint32_t i = 0; i < hot->page_count; i++) {
        ls_free(hot->pages[i]);
    }
    for (size_t i = 0; i < hot->state_count; i++) {
        free_state(&hot->states[i]);
    }
    ls_free(hot->ends);
    ls_free(hot->events);
    ls_free(hot->states);
    ls_arena_clear(&hot->texts);
    ls_free(hot);
}

bool ls_hot_is_empty(const ls_hot *hot) {
    return hot->count == 0 && hot->event_count == 0 && hot->state_count == 0;
}

// ---- growing

static inline bool has_text(const ls_sample *s) {
    return s->kind == LS_VALUE_TEXT || s->kind == LS_VALUE_BYTES;
}

static bool reserve_pages(ls_hot *hot, size_t count) {
    const uint64_t pages = ((uint64_t)hot->count + count + LS_HOT_PAGE - 1) >> LS_HOT_PAGE_BITS;
    if (pages > LS_HOT_PAGES) {
        return false;
    }
    while (hot->page_count < pages) {
        ls_sample *page = ls_alloc(LS_HOT_PAGE * sizeof *page);
        if (page == NULL) {
            return false;
        }
        hot->pages[hot->page_count++] = page;
    }
    return true;
}

static bool reserve_tags(ls_hot *hot, uint32_t greatest) {
    if (greatest < hot->end_room) {
        return true;
    }
    size_t room = hot->end_room > 0 ? hot->end_room : TAG_ROOM;
    while (room <= greatest) {
        room *= 2;
    }
    uint32_t *ends = ls_realloc(hot->ends, room * sizeof *ends);
    if (ends == NULL) {
        return false;
    }
    memset(ends + hot->end_room, 0, (room - hot->end_room) * sizeof *ends);
    hot->ends = ends;
    hot->end_room = (uint32_t)room;
    return true;
}

bool ls_hot_reserve(ls_hot *hot, const ls_sample *samples, size_t count) {
    size_t texts = 0;
    uint32_t greatest = 0;
    for (size_t i = 0; i < count; i++) {
        greatest = samples[i].tag > greatest ? samples[i].tag : greatest;
        texts += has_text(&samples[i]) ? samples[i].size : 0;
    }
    if (hot->bytes + count * sizeof *samples + texts > hot->bytes_max && !ls_hot_is_empty(hot)) {
        return false;
    }
    if (texts > hot->text_left) {
        const size_t room = texts > TEXT_ROOM ? texts : TEXT_ROOM;
        hot->text_at = ls_arena_alloc(&hot->texts, room);
        hot->text_left = hot->text_at != NULL ? room : 0;
        if (hot->text_at == NULL) {
            return false;
        }
    }
    return reserve_pages(hot, count) && reserve_tags(hot, greatest);
}

void ls_hot_add(ls_hot *hot, const ls_sample *samples, size_t count) {
    if (hot->count == 0 && count > 0) {
        hot->first_us = hot->last_us = samples[0].time_us;
    }
    int64_t first = hot->first_us;
    int64_t last = hot->last_us;
    uint32_t at = hot->count;
    for (size_t i = 0; i < count; i++, at++) {
        ls_sample *to = &hot->pages[at >> LS_HOT_PAGE_BITS][at & (LS_HOT_PAGE - 1)];
        *to = samples[i];
        uint32_t *end = &hot->ends[to->tag];
        to->pad2 = *end;
        *end = at + 1;
        first = to->time_us < first ? to->time_us : first;
        last = to->time_us > last ? to->time_us : last;
        if (has_text(to)) {
            if (to->size > 0) {
                memcpy(hot->text_at, to->value.text, to->size);
            }
            to->value.text = hot->text_at;
            hot->text_at += to->size;
            hot->text_left -= to->size;
            hot->bytes += to->size;
        }
    }
    hot->first_us = first;
    hot->last_us = last;
    hot->bytes += count * sizeof *samples;
    hot->count = at;
}

bool ls_hot_add_event(ls_hot *hot, const ls_happened *event) {
    const size_t size = strlen(event->kind) + strlen(event->subject) + strlen(event->text) +
                        strlen(event->json) + sizeof *event;
    if (hot->bytes + size > hot->bytes_max && !ls_hot_is_empty(hot)) {
        return false;
    }
    if (hot->event_count == hot->event_room) {
        const size_t room = hot->event_room == 0 ? 16 : hot->event_room * 2;
        ls_happened *events = ls_realloc(hot->events, room * sizeof *events);
        if (events == NULL) {
            return false;
        }
        hot->events = events;
        hot->event_room = room;
    }
    ls_happened copy = *event;
    copy.kind = ls_arena_text(&hot->texts, event->kind, strlen(event->kind));
    copy.subject = ls_arena_text(&hot->texts, event->subject, strlen(event->subject));
    copy.text = ls_arena_text(&hot->texts, event->text, strlen(event->text));
    copy.json = ls_arena_text(&hot->texts, event->json, strlen(event->json));
    if (copy.kind == NULL || copy.subject == NULL || copy.text == NULL || copy.json == NULL) {
        return false;
    }
    hot->events[hot->event_count++] = copy;
    hot->bytes += size;
    return true;
}

static bool copy_state(const ls_state_entry *state, ls_state_entry *out) {
    char *name = ls_alloc(strlen(state->name) + 1);
    void *bytes = ls_alloc(state->size);
    if (name == NULL || bytes == NULL) {
        ls_free(name);
        ls_free(bytes);
        return false;
    }
    memcpy(name, state->name, strlen(state->name));
    if (state->size > 0) {
        memcpy(bytes, state->bytes, state->size);
    }
    *out = (ls_state_entry){name, bytes, state->size};
    return true;
}

bool ls_hot_add_state(ls_hot *hot, const ls_state_entry *state) {
    ls_state_entry *old = (ls_state_entry *)(uintptr_t)ls_hot_find_state(hot, state->name);
    const size_t bytes = hot->bytes + state->size - (old != NULL ? old->size : 0);
    ls_state_entry copy;
    if ((bytes > hot->bytes_max && !ls_hot_is_empty(hot)) || !copy_state(state, &copy)) {
        return false;
    }
    if (old == NULL && hot->state_count == hot->state_room) {
        const size_t room = hot->state_room == 0 ? 8 : hot->state_room * 2;
        ls_state_entry *states = ls_realloc(hot->states, room * sizeof *states);
        if (states == NULL) {
            free_state(&copy);
            return false;
        }
        hot->states = states;
        hot->state_room = room;
    }
    if (old != NULL) {
        free_state(old);
        *old = copy;
    } else {
        hot->states[hot->state_count++] = copy;
    }
    hot->bytes = bytes;
    return true;
}

// ---- reading

const ls_state_entry *ls_hot_find_state(const ls_hot *hot, const char *name) {
    for (size_t i = 0; i < hot->state_count; i++) {
        if (strcmp(hot->states[i].name, name) == 0) {
            return &hot->states[i];
        }
    }
    return NULL;
}

uint32_t ls_hot_end(const ls_hot *hot, uint32_t tag) {
    return tag < hot->end_room ? hot->ends[tag] : 0;
}

ls_status ls_hot_collect(const ls_hot *hot, uint32_t end, int64_t from_us, int64_t to_us,
                         bool before, ls_samples *out, ls_error *err) {
    const size_t start = out->count;
    ls_sample last = {0};
    bool has_last = false;
    ls_status status = LS_OK;
    for (uint32_t at = end; at != 0 && status == LS_OK;) {
        ls_sample s = *ls_hot_at(hot, at - 1);
        at = s.pad2;
        s.pad2 = 0;
        if (s.time_us >= from_us && s.time_us < to_us) {
            status = ls_samples_append(out, &s, 1, err);
        } else if (before && s.time_us < from_us && (!has_last || s.time_us > last.time_us)) {
            last = s;  // of equal times the one heard last, which is met first
            has_last = true;
        }
    }
    if (has_last && status == LS_OK) {
        status = ls_samples_append(out, &last, 1, err);
    }
    // Met from the last to the first.
    for (size_t i = start, k = out->count; i + 1 < k; i++) {
        k--;
        const ls_sample swapped = out->items[i];
        out->items[i] = out->items[k];
        out->items[k] = swapped;
    }
    return status;
}
