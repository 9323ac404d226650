// pack.c - the threads behind a history: one packs generations into the store, one checkpoints.
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/file.h"

#include "history/history_inside.h"

enum { RETRY_FIRST_US = 200 * 1000, RETRY_LAST_US = 10 * 1000000, RETAIN_US = 60 * 1000000 };
enum { LITTLE_BYTES = 64 << 10 };  // of the log, read while appending waits

// What one generation is sorted into; used again.
typedef struct sorted {
    ls_sample *samples;
    size_t sample_room;
    ls_series *series;
    size_t series_room, series_count;
    uint32_t *ends;  // by tag: behind its samples
    size_t end_room;
    ls_samples merged;
} sorted;

static bool make_room(void **items, size_t *room, size_t count, size_t size) {
    if (count <= *room) {
        return true;
    }
    void *larger = ls_realloc(*items, count * size);
    if (larger != NULL) {
        *items = larger;
        *room = count;
    }
    return larger != NULL;
}

static bool make_newest(ls_history *history, uint32_t tags) {
    if (tags <= history->newest_room) {
        return true;
    }
    int64_t *newest = ls_realloc(history->newest, tags * sizeof *newest);
    if (newest == NULL) {
        return false;
    }
    for (uint32_t i = history->newest_room; i < tags; i++) {
        newest[i] = INT64_MIN;
    }
    history->newest = newest;
    history->newest_room = tags;
    return true;
}

// By tag, in the order heard: a counting sort.
static void scatter(const ls_hot *hot, sorted *to) {
    memset(to->ends, 0, (hot->end_room + 1) * sizeof *to->ends);
    for (uint32_t i = 0; i < hot->count; i++) {
        to->ends[ls_hot_at(hot, i)->tag + 1]++;
    }
    for (uint32_t tag = 0; tag < hot->end_room; tag++) {
        to->ends[tag + 1] += to->ends[tag];
    }
    for (uint32_t i = 0; i < hot->count; i++) {
        const ls_sample *s = ls_hot_at(hot, i);
        ls_sample *at = &to->samples[to->ends[s->tag]++];  // from the start of its tag to the end
        *at = *s;
        at->pad2 = 0;
    }
}

// By time, without doubles. Nearly always there is nothing to do.
static ls_status tidy(sorted *to, ls_sample *samples, size_t *count, ls_error *err) {
    bool in_order = true;
    bool any_equal = false;
    for (size_t i = 1; i < *count; i++) {
        in_order = in_order && samples[i].time_us >= samples[i - 1].time_us;
        any_equal = any_equal || samples[i].time_us == samples[i - 1].time_us;
    }
    ls_status status = in_order ? LS_OK : ls_samples_sort(samples, *count, err);
    if (status == LS_OK && (any_equal || !in_order)) {
        status = ls_samples_merge(samples, *count, NULL, 0, &to->merged, err);
        if (status == LS_OK) {
            memcpy(samples, to->merged.items, to->merged.count * sizeof *samples);
            *count = to->merged.count;
        }
    }
    return status;
}

static uint64_t count_late(ls_history *history, uint32_t tag, const ls_sample *samples,
                           size_t count) {
    uint64_t late = 0;
    int64_t newest = history->newest[tag];
    for (size_t i = 0; i < count; i++) {
        late += samples[i].time_us < newest;
        newest = samples[i].time_us > newest ? samples[i].time_us : newest;
    }
    history->newest[tag] = newest;
    return late;
}

static ls_status sort_hot(ls_history *history, const ls_hot *hot, sorted *to, uint64_t *late,
                          uint64_t *duplicates, ls_error *err) {
    *late = *duplicates = 0;
    to->series_count = 0;
    if (!make_room((void **)&to->samples, &to->sample_room, hot->count, sizeof *to->samples) ||
        !make_room((void **)&to->ends, &to->end_room, hot->end_room + 1, sizeof *to->ends) ||
        !make_room((void **)&to->series, &to->series_room, hot->end_room, sizeof *to->series) ||
        !make_newest(history, hot->end_room)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for packing samples");
    }
    scatter(hot, to);
    ls_status status = LS_OK;
    for (uint32_t tag = 0; tag < hot->end_room && status == LS_OK; tag++) {
        const uint32_t begin = tag > 0 ? to->ends[tag - 1] : 0;
        size_t count = to->ends[tag] - begin;
        if (count == 0) {
            continue;
        }
        const size_t heard = count;
        *late += count_late(history, tag, to->samples + begin, count);
        status = tidy(to, to->samples + begin, &count, err);
        *duplicates += heard - count;
        to->series[to->series_count++] = (ls_series){tag, to->samples + begin, count};
    }
    return status;
}

// ---- one generation into the store

static ls_status write_hot(ls_history *history, const ls_hot *hot, uint64_t position, sorted *to,
                           ls_error *err) {
    uint64_t late = 0;
    uint64_t duplicates = 0;
    ls_status status = sort_hot(history, hot, to, &late, &duplicates, err);
    if (status == LS_OK) {
        // The store must never be ahead of what of the log survives a power cut.
        status = ls_log_sync(history->log, err);
    }
    if (status == LS_OK) {
        const ls_store_batch batch = {
            .series = to->series,
            .series_count = to->series_count,
            .events = hot->events,
            .event_count = hot->event_count,
            .states = hot->states,
            .state_count = hot->state_count,
            .log_position = position,
        };
        status = history->ops->write(history->store, &batch, err);
    }
    if (status == LS_OK) {
        pthread_mutex_lock(&history->lock);
        history->late += late;
        history->duplicates += duplicates;
        pthread_mutex_unlock(&history->lock);
    }
    return status;
}

// The lock is held.
static void end_attempt(ls_history *history, ls_status status, const ls_error *err) {
    history->attempts++;
    history->away = status != LS_OK;
    history->failed_writes += status != LS_OK;
    if (status != LS_OK) {
        history->last_error = *err;
        history->last_error.status = status;
    } else {
        history->last_error = (ls_error){0};
    }
    pthread_cond_broadcast(&history->done);
}

static ls_status pack_frozen(ls_history *history, sorted *to, ls_error *err) {
    ls_hot *hot = history->frozen;  // nobody else takes it away
    const uint64_t position = history->frozen_position;
    pthread_mutex_unlock(&history->lock);
    const ls_status status = write_hot(history, hot, position, to, err);
    pthread_mutex_lock(&history->lock);
    if (status == LS_OK) {
        history->stored_position = position;
        history->frozen = NULL;
        pthread_cond_signal(&history->check);
    }
    end_attempt(history, status, err);
    if (status == LS_OK) {
        pthread_mutex_unlock(&history->lock);
        ls_hot_drop(hot);  // megabytes go back to the system: nobody shall wait for that
        pthread_mutex_lock(&history->lock);
    }
    return status;
}

// ---- catching up with the log

typedef struct catching {
    ls_log_cursor *cursor;
    ls_hot *hot;
    uint64_t end;     // of the last entry taken
    uint64_t events;  // number of the next
} catching;

static bool take_entry(catching *c, const ls_log_entry *entry) {
    bool taken = true;
    if (entry->event != NULL) {
        ls_happened event = *entry->event;
        event.number = c->events;
        taken = ls_hot_add_event(c->hot, &event);
        c->events += taken;
    } else if (entry->state != NULL) {
        taken = ls_hot_add_state(c->hot, entry->state);
    } else if (ls_hot_reserve(c->hot, entry->samples, entry->count)) {
        ls_hot_add(c->hot, entry->samples, entry->count);
    } else {
        taken = false;
    }
    c->end = taken ? entry->end : c->end;
    return taken;
}

// Entries until there are no more or no room; *out_full says which.
static ls_status take_entries(catching *c, bool *out_full, ls_error *err) {
    *out_full = false;
    for (;;) {
        ls_log_entry entry;
        bool any = false;
        const ls_status status = ls_log_next(c->cursor, &entry, &any, err);
        if (status != LS_OK || !any) {
            return status;
        }
        if (!take_entry(c, &entry)) {
            *out_full = true;
            return ls_hot_is_empty(c->hot)
                       ? ls_fail(err, LS_ERR_MEMORY, "out of memory for what is in the log")
                       : LS_OK;
        }
    }
}

// What was read becomes a generation; the lock is held.
static void publish(ls_history *history, catching *c, bool full) {
    const bool as_active = !full || history->def.read_only;
    history->next_event = c->events;
    history->lag_position = full ? c->end : ls_log_end(history->log);
    history->lags = full;
    if (as_active) {
        ls_hot_drop(history->active);
        history->active = c->hot;
        history->active_since_us = ls_history_now_us();
    } else {
        history->frozen = c->hot;
        history->frozen_position = c->end;
    }
    c->hot = NULL;
}

static ls_status catch_up(ls_history *history, catching *c, ls_error *err) {
    bool full = false;
    ls_status status = ls_hot_create(history->def.memory_bytes / 2, &c->hot, err);
    if (status == LS_OK) {
        status = ls_log_cursor_open(history->log, history->lag_position, &c->cursor, err);
    }
    for (;;) {
        const uint64_t seen = ls_log_end(history->log);
        if (status == LS_OK) {
            status = take_entries(c, &full, err);
        }
        pthread_mutex_lock(&history->lock);
        if (status != LS_OK || full || ls_log_end(history->log) - seen < LITTLE_BYTES) {
            break;
        }
        pthread_mutex_unlock(&history->lock);  // too much came meanwhile to let others wait for it
    }
    if (status == LS_OK && !full) {
        status = take_entries(c, &full, err);
    }
    if (status == LS_OK) {
        publish(history, c, full);
    }
    pthread_mutex_unlock(&history->lock);
    ls_log_cursor_close(c->cursor);
    ls_hot_drop(c->hot);
    return status;
}

ls_status ls_history_catch_up_once(ls_history *history, ls_error *err) {
    catching c = {.end = history->lag_position, .events = history->next_event};
    return catch_up(history, &c, err);
}

// A store that could not be asked at open.
static ls_status ask_again(ls_history *history, ls_error *err) {
    uint64_t position = 0;
    ls_history_figures figures = {0};
    ls_status status = history->ops->log_position(history->store, &position, err);
    if (status == LS_OK) {
        status = history->ops->figures(history->store, &figures, err);
    }
    if (status == LS_OK) {
        pthread_mutex_lock(&history->lock);
        history->position_known = true;
        history->stored_position = history->covered_position = position;
        history->lag_position = position;
        history->next_event = figures.events + 1;
        pthread_mutex_unlock(&history->lock);
    }
    return status;
}

// The lock is held on entry and exit. The active generation holds what came before `lag_position`.
static ls_status go_on_lagging(ls_history *history, ls_error *err) {
    if (!ls_hot_is_empty(history->active)) {
        return ls_history_freeze(history, history->lag_position)
                   ? LS_OK
                   : ls_fail(err, LS_ERR_MEMORY, "out of memory for samples");
    }
    const bool known = history->position_known;
    pthread_mutex_unlock(&history->lock);
    const ls_status status = known ? ls_history_catch_up_once(history, err)
                                   : ask_again(history, err);
    pthread_mutex_lock(&history->lock);
    if (status != LS_OK) {
        end_attempt(history, status, err);
    }
    return status;
}

// Nothing is in memory, but the log has gone on by what needs no place in the store.
static ls_status store_position(ls_history *history, ls_error *err) {
    const uint64_t position = ls_log_end(history->log);
    pthread_mutex_unlock(&history->lock);
    const ls_store_batch batch = {.log_position = position};
    const ls_status status = history->ops->write(history->store, &batch, err);
    pthread_mutex_lock(&history->lock);
    if (status == LS_OK) {
        history->stored_position = position;
        pthread_cond_signal(&history->check);
    }
    end_attempt(history, status, err);
    return status;
}

// ---- the threads

static void retain(ls_history *history) {
    ls_error err = {0};
    pthread_mutex_unlock(&history->lock);
    bool more = false;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const int64_t now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    const ls_status status = history->ops->retain(history->store, history->def.keep,
                                                  history->def.keep_count, now_us, &more, &err);
    pthread_mutex_lock(&history->lock);
    history->failed_writes += status != LS_OK;
    history->retain_more = status == LS_OK && more;
    history->retained_us = ls_history_now_us();
}

static void wait_until(ls_history *history, pthread_cond_t *what, int64_t until_us) {
    const struct timespec until = {.tv_sec = until_us / 1000000,
                                   .tv_nsec = until_us % 1000000 * 1000};
    pthread_cond_timedwait(what, &history->lock, &until);
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

// One thing to do, if there is any. False: nothing.
static bool do_something(ls_history *history, sorted *to, ls_status *out, ls_error *err) {
    const int64_t now_us = ls_history_now_us();
    const bool empty = ls_hot_is_empty(history->active);
    if (history->frozen != NULL) {
        *out = pack_frozen(history, to, err);
    } else if (history->lags) {
        *out = go_on_lagging(history, err);
    } else if (!empty && (history->wants_flush ||
                          now_us - history->active_since_us >= history->def.block_us)) {
        if (!ls_history_freeze(history, ls_log_end(history->log))) {
            *out = ls_fail(err, LS_ERR_MEMORY, "out of memory for samples");
            end_attempt(history, *out, err);
        }
    } else if (history->wants_flush && history->stored_position < ls_log_end(history->log)) {
        *out = store_position(history, err);
    } else if (history->def.keep_count > 0 &&
               (history->retain_more || now_us - history->retained_us >= RETAIN_US)) {
        retain(history);
    } else {
        return false;
    }
    return true;
}

static void *packer_thread(void *context) {
    ls_history *history = context;
    sorted to = {0};
    int64_t retry_us = RETRY_FIRST_US;
    pthread_mutex_lock(&history->lock);
    while (!history->stops) {
        ls_error err = {0};
        ls_status status = LS_OK;
        const bool did = do_something(history, &to, &status, &err);
        const int64_t now_us = ls_history_now_us();
        if (status != LS_OK) {
            const int64_t until_us = now_us + retry_us;
            retry_us = least(retry_us * 2, RETRY_LAST_US);
            while (!history->stops && !history->wants_flush && ls_history_now_us() < until_us) {
                wait_until(history, &history->work, until_us);
            }
            if (history->wants_flush && !history->stops) {
                wait_until(history, &history->work,
                           ls_history_now_us() + 1000);  // whoever flushes looks first
            }
        } else if (did) {
            retry_us = RETRY_FIRST_US;
        } else {
            pthread_cond_broadcast(&history->done);
            int64_t until_us = now_us + RETAIN_US;
            if (!ls_hot_is_empty(history->active)) {
                until_us = least(until_us, history->active_since_us + history->def.block_us);
            }
            wait_until(history, &history->work, until_us);
        }
    }
    pthread_mutex_unlock(&history->lock);
    ls_free(to.samples);
    ls_free(to.series);
    ls_free(to.ends);
    ls_samples_clear(&to.merged);
    return NULL;
}

// Once the store itself would survive a power cut, the log may forget.
static void *checker_thread(void *context) {
    ls_history *history = context;
    pthread_mutex_lock(&history->lock);
    while (!history->stops) {
        const uint64_t position = history->stored_position;
        if (position <= history->covered_position) {
            pthread_cond_wait(&history->check, &history->lock);
            continue;
        }
        pthread_mutex_unlock(&history->lock);
        ls_error err = {0};
        const ls_status status = history->ops->checkpoint != NULL
                                     ? history->ops->checkpoint(history->store, &err)
                                     : LS_OK;
        if (status == LS_OK) {
            ls_log_cover(history->log, position);
        }
        pthread_mutex_lock(&history->lock);
        if (status == LS_OK) {
            history->covered_position = position;
        } else if (!history->stops) {
            history->failed_writes++;
            wait_until(history, &history->check, ls_history_now_us() + 1000000);
        }
    }
    pthread_mutex_unlock(&history->lock);
    return NULL;
}

ls_status ls_history_start_packing(ls_history *history, ls_error *err) {
    history->retained_us = ls_history_now_us();
    int code = pthread_create(&history->packer, NULL, packer_thread, history);
    history->has_packer = code == 0;
    if (code == 0) {
        code = pthread_create(&history->checker, NULL, checker_thread, history);
        history->has_checker = code == 0;
    }
    return code == 0 ? LS_OK
                     : ls_fail(err, LS_ERR_IO, "cannot start the threads of the history: %s",
                               ls_errno_text(code));
}

void ls_history_stop_packing(ls_history *history) {
    pthread_mutex_lock(&history->lock);
    history->stops = true;
    pthread_cond_broadcast(&history->work);
    pthread_cond_broadcast(&history->check);
    pthread_mutex_unlock(&history->lock);
    if (history->has_packer) {
        pthread_join(history->packer, NULL);
    }
    if (history->has_checker) {
        pthread_join(history->checker, NULL);
    }
    history->has_packer = history->has_checker = false;
}
