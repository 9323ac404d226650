// history.c - opening, appending, closing; see history.h, and history_inside.h for how it works.
#include "history/history.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "history/history_inside.h"
#include "history/record.h"

enum { DEF_COOKIE = 0x4c534844 };

ls_history_def ls_history_def_default(void) {
    return (ls_history_def){
        .sync_us = 50000,
        .block_us = 300 * 1000000LL,
        .block_points = 1000,
        .memory_bytes = 32 << 20,
        .log_bytes_max = 4ull << 30,
        .cookie = DEF_COOKIE,
    };
}

int64_t ls_history_now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// ---- one process at a time

static ls_status lock_folder(ls_history *history, ls_error *err) {
    char path[PATH_MAX];
    if (mkdir(history->folder_path, 0777) != 0 && errno != EEXIST) {
        const int why = errno;
        const ls_status status = ls_fail_errno(err, history->folder_path,
                                               "cannot make the folder of the history", why);
        if (why == ENOENT) {
            ls_hint(err, "the folder above it is not there: make that first, or name another");
        }
        return status;
    }
    if (snprintf(path, sizeof path, "%s/lock", history->folder_path) >= (int)sizeof path) {
        return ls_fail(err, LS_ERR_IO, "the path of the history is too long");
    }
    history->lock_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (history->lock_file < 0) {
        return ls_fail_errno(err, path, "cannot open the lock of the history", errno);
    }
    char text[32] = "";
    if (flock(history->lock_file, LOCK_EX | LOCK_NB) != 0) {
        const ssize_t got = pread(history->lock_file, text, sizeof text - 1, 0);
        text[got > 0 ? got : 0] = '\0';
        const int pid = atoi(text);
        ls_fail_at(err, LS_ERR_IO, history->folder_path, 0, 0,
                   "the history is being written by process %d", pid);
        ls_hint(err, "one process writes a history at a time; any number may read it");
        return LS_ERR_IO;
    }
    const int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    // For people only: the lock itself is the kernel's.
    (void)!ftruncate(history->lock_file, 0);
    (void)!pwrite(history->lock_file, text, (size_t)size, 0);
    return LS_OK;
}

// ---- opening

static char *copy_text(const char *text) {
    char *copy = ls_alloc(strlen(text) + 1);
    if (copy != NULL) {
        memcpy(copy, text, strlen(text));
    }
    return copy;
}

static bool copy_def(ls_history *history, const ls_history_def *def) {
    history->def = *def;
    history->store_path = copy_text(def->store);
    history->folder_path = copy_text(def->folder != NULL ? def->folder : def->store);
    history->login = def->login != NULL ? copy_text(def->login) : NULL;
    history->keep = ls_alloc((def->keep_count + 1) * sizeof *history->keep);
    if (history->store_path == NULL || history->folder_path == NULL || history->keep == NULL ||
        (def->login != NULL && history->login == NULL)) {
        return false;
    }
    for (uint32_t i = 0; i < def->keep_count; i++) {
        history->keep[i] = def->keep[i];
        history->keep[i].tags = copy_text(def->keep[i].tags);
        if (history->keep[i].tags == NULL) {
            return false;
        }
    }
    history->def.store = history->store_path;
    history->def.folder = history->folder_path;
    history->def.login = history->login;
    history->def.keep = history->keep;
    return true;
}

static void destroy(ls_history *history) {
    ls_hot_drop(history->active);
    ls_hot_drop(history->frozen);
    ls_log_close(history->log);
    if (history->store != NULL) {
        history->ops->close(history->store);
    }
    if (history->lock_file >= 0) {
        close(history->lock_file);
    }
    for (uint32_t i = 0; history->keep != NULL && i < history->def.keep_count; i++) {
        ls_free((void *)(uintptr_t)history->keep[i].tags);
    }
    ls_free(history->keep);
    ls_free((void *)(uintptr_t)history->store_path);
    ls_free((void *)(uintptr_t)history->folder_path);
    ls_free((void *)(uintptr_t)history->login);
    ls_free(history->newest);
    pthread_cond_destroy(&history->work);
    pthread_cond_destroy(&history->check);
    pthread_cond_destroy(&history->done);
    pthread_mutex_destroy(&history->lock);
    ls_free(history);
}

static ls_status make_history(const ls_history_def *def, const ls_store_ops *ops, ls_tags *tags,
                              ls_history **out, ls_error *err) {
    ls_history *history = ls_alloc(sizeof *history);
    if (history == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a history");
    }
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&history->lock, NULL);
    pthread_cond_init(&history->work, &monotonic);
    pthread_cond_init(&history->check, &monotonic);
    pthread_cond_init(&history->done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    history->lock_file = -1;
    history->ops = ops;
    history->tags = tags;
    ls_status status = LS_OK;
    if (!copy_def(history, def)) {
        history->def.keep_count = history->keep != NULL ? history->def.keep_count : 0;
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for a history");
    } else {
        // Two generations: one grows while the other is packed.
        status = ls_hot_create(history->def.memory_bytes / 2, &history->active, err);
    }
    if (status != LS_OK) {
        destroy(history);
        return status;
    }
    *out = history;
    return LS_OK;
}

// How far the store is. A server that is away may say so later.
static ls_status ask_position(ls_history *history, ls_error *err) {
    ls_history_figures figures = {0};
    ls_status status = history->ops->log_position(history->store, &history->stored_position, err);
    if (status == LS_OK) {
        status = history->ops->figures(history->store, &figures, err);
    }
    if (status == LS_OK) {
        history->position_known = true;
        history->next_event = figures.events + 1;
        history->covered_position = history->stored_position;
    } else if (status == LS_ERR_IO && !history->def.read_only) {
        history->away = true;
        history->next_event = 1;
        status = LS_OK;
    }
    return status;
}

static ls_status open_log(ls_history *history, ls_error *err) {
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/log", history->folder_path) >= (int)sizeof path) {
        return ls_fail(err, LS_ERR_IO, "the path of the history is too long");
    }
    ls_log_def def = {
        .folder = path,
        .tags = history->tags,
        .sync_us = history->def.sync_us,
        .bytes_max = history->def.log_bytes_max,
        .least = history->stored_position,
        .read_only = history->def.read_only,
    };
    if (!history->position_known) {
        // A new log whose store cannot be asked: positions that no older log has had.
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        def.least = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    }
    return ls_log_open(&def, &history->log, err);
}

static ls_status open_parts(ls_history *history, ls_error *err) {
    ls_status status = history->def.read_only ? LS_OK : lock_folder(history, err);
    if (status == LS_OK) {
        status = history->ops->open(&history->def, history->tags, &history->store, err);
    }
    if (status == LS_OK) {
        status = ask_position(history, err);
    }
    if (status == LS_OK) {
        status = open_log(history, err);
    }
    if (status != LS_OK) {
        return status;
    }
    history->lags = true;
    history->lag_position = history->stored_position;
    if (history->position_known) {
        status = ls_history_catch_up_once(history, err);
    }
    if (status == LS_OK && !history->def.read_only) {
        status = ls_history_start_packing(history, err);
    }
    return status;
}

ls_status ls_history_open_on(const ls_history_def *def, const ls_store_ops *ops, ls_tags *tags,
                             ls_history **out, ls_error *err) {
    assert(def->cookie == DEF_COOKIE);
    assert(def->store != NULL);
    assert(tags != NULL);
    *out = NULL;
    ls_history *history = NULL;
    ls_status status = make_history(def, ops, tags, &history, err);
    if (status != LS_OK) {
        return status;
    }
    status = open_parts(history, err);
    if (status != LS_OK) {
        ls_history_stop_packing(history);
        destroy(history);
        return status;
    }
    *out = history;
    return LS_OK;
}

static bool is_server(const char *store) {
    return strncmp(store, "postgresql://", 13) == 0 || strncmp(store, "postgres://", 11) == 0;
}

ls_status ls_history_open(const ls_history_def *def, ls_tags *tags, ls_history **out,
                          ls_error *err) {
    assert(def->store != NULL);
    const bool server = is_server(def->store);
    if (server && def->folder == NULL) {
        *out = NULL;
        return ls_fail(err, LS_ERR_INVALID,
                       "a history on a server needs a folder for its log as well");
    }
    return ls_history_open_on(def, server ? &ls_store_postgres : &ls_store_sqlite, tags, out, err);
}

ls_status ls_history_close(ls_history *history, ls_error *err) {
    if (history == NULL) {
        return LS_OK;
    }
    ls_status status = LS_OK;
    if (!history->def.read_only) {
        status = ls_history_flush(history, err);
        ls_history_stop_packing(history);
        if (status == LS_OK && (history->ops->checkpoint == NULL ||
                                history->ops->checkpoint(history->store, NULL) == LS_OK)) {
            ls_log_leave(history->log, history->stored_position);
        }
    }
    destroy(history);
    return status;
}

// ---- appending

bool ls_history_freeze(ls_history *history, uint64_t position) {
    ls_hot *next = NULL;
    if (history->frozen != NULL || ls_hot_is_empty(history->active) ||
        ls_hot_create(history->def.memory_bytes / 2, &next, NULL) != LS_OK) {
        return false;
    }
    history->frozen = history->active;
    history->frozen_position = position;
    history->active = next;
    pthread_cond_signal(&history->work);
    return true;
}

// What comes from `position` on goes to the log alone.
static void start_lagging(ls_history *history, uint64_t position) {
    history->lags = true;
    history->lag_position = position;
    pthread_cond_signal(&history->work);
}

static void note_first(ls_history *history) {
    if (ls_hot_is_empty(history->active)) {
        history->active_since_us = ls_history_now_us();
        pthread_cond_signal(&history->work);  // it sleeps until the oldest is due
    }
}

static bool is_read_only(const ls_history *history, ls_status *out, ls_error *err) {
    if (history->def.read_only) {
        *out = ls_fail(err, LS_ERR_INVALID, "the history '%s' was opened for reading only",
                       history->store_path);
    }
    return history->def.read_only;
}

ls_status ls_history_append(ls_history *history, const ls_sample *samples, size_t count,
                            ls_error *err) {
    ls_status status = LS_OK;
    if (count == 0 || is_read_only(history, &status, err)) {
        return status;
    }
    pthread_mutex_lock(&history->lock);
    const uint64_t before = ls_log_end(history->log);
    uint64_t end = 0;
    if (!history->lags && !ls_hot_reserve(history->active, samples, count) &&
        !(ls_history_freeze(history, before) && ls_hot_reserve(history->active, samples, count))) {
        start_lagging(history, before);
    }
    status = ls_log_append_samples(history->log, samples, count, &end, err);
    if (status == LS_OK && !history->lags) {
        note_first(history);
        ls_hot_add(history->active, samples, count);
    }
    if (status == LS_OK) {
        history->appended += count;
    }
    pthread_mutex_unlock(&history->lock);
    return status;
}

static bool is_text(const char *text, size_t most) {
    return text != NULL && strnlen(text, most + 1) <= most;
}

ls_status ls_history_event(ls_history *history, const ls_happened *happened, ls_error *err) {
    ls_status status = LS_OK;
    if (is_read_only(history, &status, err)) {
        return status;
    }
    ls_happened event = *happened;
    event.subject = event.subject != NULL ? event.subject : "";
    event.text = event.text != NULL ? event.text : "";
    event.json = event.json != NULL ? event.json : "";
    if (!is_text(event.kind, LS_TAG_NAME_MAX) || event.kind[0] == '\0' ||
        !is_text(event.subject, LS_EVENT_TEXT_MAX) || !is_text(event.text, LS_EVENT_TEXT_MAX) ||
        !is_text(event.json, LS_EVENT_TEXT_MAX)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "an event without a kind, or with a text of more than %d bytes",
                       LS_EVENT_TEXT_MAX);
    }
    pthread_mutex_lock(&history->lock);
    const uint64_t before = ls_log_end(history->log);
    uint64_t end = 0;
    status = ls_log_append_event(history->log, &event, &end, err);
    if (status == LS_OK && !history->lags) {
        event.number = history->next_event++;
        note_first(history);
        if (!ls_hot_add_event(history->active, &event) &&
            !(ls_history_freeze(history, before) && ls_hot_add_event(history->active, &event))) {
            history->next_event--;
            start_lagging(history, before);
        }
    }
    pthread_mutex_unlock(&history->lock);
    return status;
}

ls_status ls_history_save(ls_history *history, const char *name, const void *bytes, size_t size,
                          ls_error *err) {
    ls_status status = LS_OK;
    if (is_read_only(history, &status, err)) {
        return status;
    }
    if (!is_text(name, LS_TAG_NAME_MAX) || size > LS_STATE_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "a state of %zu bytes; at most %d are kept", size,
                       LS_STATE_MAX);
    }
    const ls_state_entry state = {name, bytes, size};
    pthread_mutex_lock(&history->lock);
    const uint64_t before = ls_log_end(history->log);
    uint64_t end = 0;
    status = ls_log_append_state(history->log, &state, &end, err);
    if (status == LS_OK && !history->lags) {
        note_first(history);
        if (!ls_hot_add_state(history->active, &state) &&
            !(ls_history_freeze(history, before) && ls_hot_add_state(history->active, &state))) {
            start_lagging(history, before);
        }
    }
    pthread_mutex_unlock(&history->lock);
    return status;
}

ls_status ls_history_flush(ls_history *history, ls_error *err) {
    if (history->def.read_only) {
        return LS_OK;
    }
    pthread_mutex_lock(&history->lock);
    const uint64_t target = ls_log_end(history->log);
    const bool anything = history->lags || history->frozen != NULL ||
                          !ls_hot_is_empty(history->active);
    uint64_t attempts = history->attempts;
    ls_status status = LS_OK;
    while (anything && status == LS_OK &&
           (!history->position_known || history->stored_position < target)) {
        history->wants_flush = true;
        pthread_cond_signal(&history->work);
        pthread_cond_wait(&history->done, &history->lock);
        // The first attempt may have begun before us: the second one counts.
        if (history->attempts >= attempts + 2 && history->last_error.status != LS_OK) {
            if (err != NULL) {
                *err = history->last_error;
            }
            status = history->last_error.status;
        }
        if (history->last_error.status == LS_OK) {
            attempts = history->attempts;
        }
    }
    history->wants_flush = false;
    pthread_mutex_unlock(&history->lock);
    const ls_status synced = ls_log_sync(history->log, status == LS_OK ? err : NULL);
    return status == LS_OK ? synced : status;
}
