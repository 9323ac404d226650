// history_read.c - reading what is in the store, in memory, and, while lagging, in the log alone.
//
// Memory is noted first and the store read after it: a sample on its way from one to the other may
// be seen twice, never not at all, and twice the same is dropped.
#include "history/history_read.h"

#include <assert.h>
#include <string.h>

#include "history/history_inside.h"

// What of the history is not in the store.
typedef struct view {
    ls_hot *hots[2];  // frozen, active; held
    uint32_t ends[2];
    size_t event_counts[2];
    bool lags;
    uint64_t lag_position;
} view;

static view take_view(ls_history *history, uint32_t tag) {
    view v = {0};
    pthread_mutex_lock(&history->lock);
    v.hots[0] = history->frozen;
    v.hots[1] = history->active;
    for (int i = 0; i < 2; i++) {
        if (v.hots[i] != NULL) {
            ls_hot_hold(v.hots[i]);
            v.ends[i] = ls_hot_end(v.hots[i], tag);
        }
    }
    v.lags = history->lags;
    v.lag_position = history->lag_position;
    pthread_mutex_unlock(&history->lock);
    return v;
}

static void drop_view(view *v) {
    ls_hot_drop(v->hots[0]);
    ls_hot_drop(v->hots[1]);
}

// ---- samples

typedef struct merge {
    const ls_sample *items;  // of memory, by time
    bool *is_double;         // the store has it
    size_t count, next;
    int64_t from_us;
    bool has_before;  // a sample before from_us waits to be told
    ls_sample before;
    ls_arena *texts;
    bool failed, stopped;
    ls_sample_visit visit;
    void *context;
} merge;

static void tell(merge *m, const ls_sample *s) {
    m->stopped = m->stopped || !m->visit(m->context, s);
}

static void tell_before(merge *m) {
    if (m->has_before) {
        m->has_before = false;
        tell(m, &m->before);
    }
}

static void tell_memory_until(merge *m, int64_t time_us) {
    while (m->next < m->count && m->items[m->next].time_us < time_us && !m->stopped) {
        if (!m->is_double[m->next]) {
            tell(m, &m->items[m->next]);
        }
        m->next++;
    }
}

static bool see_stored(void *context, const ls_sample *s) {
    merge *m = context;
    if (s->time_us < m->from_us) {
        if (!m->has_before || s->time_us > m->before.time_us) {
            m->before = *s;
            m->has_before = true;
            if (s->kind == LS_VALUE_TEXT || s->kind == LS_VALUE_BYTES) {
                m->before.value.text = ls_arena_text(m->texts, s->value.text, s->size);
                m->failed = m->before.value.text == NULL;
            }
        }
        return !m->failed;
    }
    tell_before(m);
    tell_memory_until(m, s->time_us);
    for (size_t i = m->next; i < m->count && m->items[i].time_us == s->time_us; i++) {
        m->is_double[i] = m->is_double[i] || ls_sample_same(&m->items[i], s);
    }
    if (!m->stopped) {
        tell(m, s);
    }
    return !m->stopped;
}

static ls_status collect_log(ls_history *history, uint64_t position, uint32_t tag, int64_t from_us,
                             int64_t to_us, bool before, ls_samples *out, ls_arena *texts,
                             ls_error *err) {
    ls_log_cursor *cursor = NULL;
    ls_status status = ls_log_cursor_open(history->log, position, &cursor, err);
    bool any = status == LS_OK;
    while (any && status == LS_OK) {
        ls_log_entry entry = {0};
        status = ls_log_next(cursor, &entry, &any, err);
        for (size_t i = 0; any && i < entry.count && status == LS_OK; i++) {
            const ls_sample *s = &entry.samples[i];
            if (s->tag == tag && s->time_us < to_us && (before || s->time_us >= from_us)) {
                status = ls_samples_append(out, s, 1, err);
                if (status == LS_OK) {
                    status = ls_samples_own_texts(out, out->count - 1, texts, err);
                }
            }
        }
    }
    ls_log_cursor_close(cursor);
    return status;
}

static ls_status collect_memory(ls_history *history, const view *v, uint32_t tag, int64_t from_us,
                                int64_t to_us, bool before, ls_samples *out, ls_arena *texts,
                                ls_error *err) {
    ls_samples heard = {0};
    ls_status status = LS_OK;
    for (int i = 0; i < 2 && status == LS_OK; i++) {
        if (v->hots[i] != NULL) {
            status = ls_hot_collect(v->hots[i], v->ends[i], from_us, to_us, before, &heard, err);
        }
    }
    if (status == LS_OK && v->lags) {
        status = collect_log(history, v->lag_position, tag, from_us, to_us, before, &heard, texts,
                             err);
    }
    if (status == LS_OK && heard.count > 0) {
        status = ls_samples_sort(heard.items, heard.count, err);
    }
    if (status == LS_OK) {
        status = ls_samples_merge(heard.items, heard.count, NULL, 0, out, err);
    }
    ls_samples_clear(&heard);
    return status;
}

static ls_status merge_with_store(ls_history *history, uint32_t tag, int64_t from_us, int64_t to_us,
                                  bool before, const ls_samples *memory, merge *m, ls_error *err) {
    size_t first = 0;
    while (first < memory->count && memory->items[first].time_us < from_us) {
        m->before = memory->items[first++];  // the last of them counts
        m->has_before = true;
    }
    m->count = memory->count - first;
    m->items = m->count > 0 ? memory->items + first : NULL;
    m->is_double = ls_alloc(m->count);
    if (m->is_double == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for reading samples");
    }
    ls_status status = history->ops->read_samples(history->store, tag, from_us, to_us, before,
                                                  see_stored, m, err);
    if (status == LS_OK && m->failed) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for reading samples");
    }
    if (status == LS_OK && !m->stopped) {
        tell_before(m);
        tell_memory_until(m, INT64_MAX);
        while (m->next < m->count && !m->stopped) {  // those at the end of time
            if (!m->is_double[m->next]) {
                tell(m, &m->items[m->next]);
            }
            m->next++;
        }
    }
    ls_free(m->is_double);
    return status;
}

ls_status ls_history_visit(ls_history *history, uint32_t tag, int64_t from_us, int64_t to_us,
                           bool before, ls_sample_visit visit, void *context, ls_error *err) {
    view v = take_view(history, tag);
    ls_samples memory = {0};
    ls_arena texts;
    ls_arena_init(&texts);
    ls_status status = collect_memory(history, &v, tag, from_us, to_us, before, &memory, &texts,
                                      err);
    if (status == LS_OK) {
        merge m = {.from_us = from_us, .visit = visit, .context = context, .texts = &texts};
        status = merge_with_store(history, tag, from_us, to_us, before, &memory, &m, err);
    }
    ls_samples_clear(&memory);
    ls_arena_clear(&texts);
    drop_view(&v);
    return status;
}

// ---- events

typedef struct event_list {
    ls_happened *items;
    size_t count, room, next;
    ls_arena texts;
    uint64_t least;  // events of memory have this number or greater
    bool stopped;
    ls_event_visit visit;
    void *context;
} event_list;

static ls_status add_event(event_list *list, const ls_happened *event, ls_error *err) {
    if (list->count == list->room) {
        const size_t room = list->room == 0 ? 16 : list->room * 2;
        ls_happened *items = ls_realloc(list->items, room * sizeof *items);
        if (items == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory for reading events");
        }
        list->items = items;
        list->room = room;
    }
    ls_happened copy = *event;
    const char **fields[] = {&copy.kind, &copy.subject, &copy.text, &copy.json};
    for (int i = 0; i < 4; i++) {
        *fields[i] = ls_arena_text(&list->texts, *fields[i], strlen(*fields[i]));
        if (*fields[i] == NULL) {
            return ls_fail(err, LS_ERR_MEMORY, "out of memory for reading events");
        }
    }
    list->items[list->count++] = copy;
    return LS_OK;
}

static bool wants_event(const ls_happened *event, const char *kind, int64_t from_us,
                        int64_t to_us) {
    return event->time_us >= from_us && event->time_us < to_us &&
           (kind == NULL || strcmp(kind, event->kind) == 0);
}

// Those of memory, under the lock: they are few.
static ls_status gather_events(ls_history *history, const char *kind, int64_t from_us,
                               int64_t to_us, event_list *list, bool *out_lags,
                               uint64_t *out_position, uint64_t *out_next, ls_error *err) {
    ls_status status = LS_OK;
    pthread_mutex_lock(&history->lock);
    const ls_hot *hots[] = {history->frozen, history->active};
    list->least = history->next_event;
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; hots[i] != NULL && k < hots[i]->event_count && status == LS_OK; k++) {
            const ls_happened *event = &hots[i]->events[k];
            list->least = event->number < list->least ? event->number : list->least;
            if (wants_event(event, kind, from_us, to_us)) {
                status = add_event(list, event, err);
            }
        }
    }
    *out_lags = history->lags;
    *out_position = history->lag_position;
    *out_next = history->next_event;
    pthread_mutex_unlock(&history->lock);
    return status;
}

static ls_status gather_log_events(ls_history *history, uint64_t position, uint64_t number,
                                   const char *kind, int64_t from_us, int64_t to_us,
                                   event_list *list, ls_error *err) {
    ls_log_cursor *cursor = NULL;
    ls_status status = ls_log_cursor_open(history->log, position, &cursor, err);
    bool any = status == LS_OK;
    while (any && status == LS_OK) {
        ls_log_entry entry = {0};
        status = ls_log_next(cursor, &entry, &any, err);
        if (status == LS_OK && any && entry.event != NULL) {
            ls_happened event = *entry.event;
            event.number = number++;
            if (wants_event(&event, kind, from_us, to_us)) {
                status = add_event(list, &event, err);
            }
        }
    }
    ls_log_cursor_close(cursor);
    return status;
}

static bool comes_before(const ls_happened *a, const ls_happened *b) {
    return a->time_us != b->time_us ? a->time_us < b->time_us : a->number < b->number;
}

// Nearly in order already.
static void sort_events(event_list *list) {
    for (size_t i = 1; i < list->count; i++) {
        const ls_happened moved = list->items[i];
        size_t k = i;
        for (; k > 0 && comes_before(&moved, &list->items[k - 1]); k--) {
            list->items[k] = list->items[k - 1];
        }
        list->items[k] = moved;
    }
}

static bool see_stored_event(void *context, const ls_happened *event) {
    event_list *list = context;
    if (event->number >= list->least) {
        return true;  // stored meanwhile: memory has it
    }
    while (list->next < list->count && comes_before(&list->items[list->next], event) &&
           !list->stopped) {
        list->stopped = !list->visit(list->context, &list->items[list->next++]);
    }
    list->stopped = list->stopped || !list->visit(list->context, event);
    return !list->stopped;
}

ls_status ls_history_visit_events(ls_history *history, const char *kind, int64_t from_us,
                                  int64_t to_us, ls_event_visit visit, void *context,
                                  ls_error *err) {
    event_list list = {.visit = visit, .context = context};
    ls_arena_init(&list.texts);
    bool lags = false;
    uint64_t position = 0;
    uint64_t number = 0;
    ls_status status = gather_events(history, kind, from_us, to_us, &list, &lags, &position,
                                     &number, err);
    if (status == LS_OK && lags) {
        status = gather_log_events(history, position, number, kind, from_us, to_us, &list, err);
    }
    sort_events(&list);
    if (status == LS_OK) {
        status = history->ops->read_events(history->store, kind, from_us, to_us, see_stored_event,
                                           &list, err);
    }
    while (status == LS_OK && list.next < list.count && !list.stopped) {
        list.stopped = !visit(context, &list.items[list.next++]);
    }
    ls_free(list.items);
    ls_arena_clear(&list.texts);
    return status;
}

// ---- state

static ls_status copy_state(const ls_state_entry *state, void **out, size_t *out_size,
                            ls_error *err) {
    ls_free(*out);
    *out = ls_alloc(state->size);
    *out_size = 0;
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a state");
    }
    if (state->size > 0) {
        memcpy(*out, state->bytes, state->size);
    }
    *out_size = state->size;
    return LS_OK;
}

static ls_status load_log(ls_history *history, uint64_t position, const char *name, void **out,
                          size_t *out_size, ls_error *err) {
    ls_log_cursor *cursor = NULL;
    ls_status status = ls_log_cursor_open(history->log, position, &cursor, err);
    bool any = status == LS_OK;
    while (any && status == LS_OK) {
        ls_log_entry entry = {0};
        status = ls_log_next(cursor, &entry, &any, err);
        if (status == LS_OK && any && entry.state != NULL && strcmp(entry.state->name, name) == 0) {
            status = copy_state(entry.state, out, out_size, err);  // the last one counts
        }
    }
    ls_log_cursor_close(cursor);
    return status;
}

ls_status ls_history_load(ls_history *history, const char *name, void **out, size_t *out_size,
                          ls_error *err) {
    *out = NULL;
    *out_size = 0;
    ls_status status = LS_OK;
    pthread_mutex_lock(&history->lock);
    const ls_state_entry *state = ls_hot_find_state(history->active, name);
    if (state == NULL && history->frozen != NULL) {
        state = ls_hot_find_state(history->frozen, name);
    }
    if (state != NULL) {
        status = copy_state(state, out, out_size, err);
    }
    const bool lags = history->lags;
    const uint64_t position = history->lag_position;
    pthread_mutex_unlock(&history->lock);
    if (status == LS_OK && lags) {
        status = load_log(history, position, name, out, out_size, err);
    }
    if (status == LS_OK && *out == NULL) {
        status = history->ops->read_state(history->store, name, out, out_size, err);
    }
    if (status != LS_OK) {
        ls_free(*out);
        *out = NULL;
    }
    return status;
}

// ---- the rest

const ls_tags *ls_history_tags(const ls_history *history) {
    return history->tags;
}

const ls_store_ops *ls_history_store(const ls_history *history, ls_store **out) {
    *out = history->store;
    return history->ops;
}

static void count_hot(const ls_hot *hot, ls_history_figures *out) {
    if (hot == NULL) {
        return;
    }
    if (hot->count > 0) {
        const bool first = out->samples == 0;
        out->first_us = first || hot->first_us < out->first_us ? hot->first_us : out->first_us;
        out->last_us = first || hot->last_us > out->last_us ? hot->last_us : out->last_us;
    }
    out->samples += hot->count;
}

ls_status ls_history_describe(ls_history *history, ls_history_figures *out, ls_error *err) {
    *out = (ls_history_figures){0};
    const ls_status status = history->ops->figures(history->store, out, err);
    const ls_log_figures log = ls_log_describe(history->log);
    pthread_mutex_lock(&history->lock);
    count_hot(history->frozen, out);
    count_hot(history->active, out);
    out->tags = ls_tags_count(history->tags);
    out->events = history->next_event - 1;
    out->log_bytes = log.bytes;
    out->torn = log.torn;
    out->appended = history->appended;
    out->duplicates = history->duplicates;
    out->late = history->late;
    out->failed_writes = history->failed_writes + log.failed_syncs;
    out->store_away = history->away;
    pthread_mutex_unlock(&history->lock);
    // A server that is away says nothing of itself; what we know ourselves is told all the same.
    return status == LS_ERR_IO && out->store_away ? LS_OK : status;
}
