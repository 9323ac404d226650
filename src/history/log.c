// log.c - see log.h. Reading is in log_read.c, the files in segment.c, records in record.c.
#include "history/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "history/block.h"
#include "history/segment.h"

enum { BUFFER_KEPT = 8 << 20, RESERVED_BYTES = 1 << 20, DEFINED_WORDS = LS_TAGS_MAX / 64 };

static atomic_llong write_allowed = -1;

void ls_log_fail_write_after(int64_t bytes) {
    atomic_store(&write_allowed, bytes);
}

static ssize_t write_some(int fd, const uint8_t *bytes, size_t size, uint64_t at) {
    const long long allowed = atomic_load(&write_allowed);
    if (allowed == 0) {
        errno = ENOSPC;
        return -1;
    }
    if (allowed > 0 && (unsigned long long)allowed < size) {
        size = (size_t)allowed;
    }
    const ssize_t done = pwrite(fd, bytes, size, (off_t)at);
    if (allowed > 0 && done > 0) {
        atomic_store(&write_allowed, allowed - done);
    }
    return done;
}

// 0 or an errno.
static int write_all(int fd, const uint8_t *bytes, size_t size, uint64_t at) {
    size_t done = 0;
    while (done < size) {
        const ssize_t now = write_some(fd, bytes + done, size - done, at + done);
        if (now < 0 && errno != EINTR) {
            return errno;
        }
        if (now == 0) {
            return ENOSPC;
        }
        done += now > 0 ? (size_t)now : 0;
    }
    return 0;
}

// ---- the thread that syncs

static void sync_folder(const char *path) {
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

// Everything written so far. The lock is held on entry and exit, not while the disk works: files
// are closed by nobody but us. Two callers may sync at once; that does no harm.
static int sync_locked(ls_log *log) {
    int full[LS_UNSYNCED_MAX];
    const size_t full_count = log->unsynced_count;
    memcpy(full, log->unsynced, sizeof full);
    log->unsynced_count = 0;
    const bool with_folder = log->folder_dirty;
    const int fd = log->fd >= 0 ? dup(log->fd) : -1;
    log->folder_dirty = false;
    log->is_dirty = false;
    pthread_mutex_unlock(&log->lock);
    int code = 0;
    if (with_folder) {
        sync_folder(log->folder);
    }
    for (size_t i = 0; i < full_count; i++) {
        code = fdatasync(full[i]) != 0 ? errno : code;
        close(full[i]);
    }
    if (fd >= 0) {
        code = fdatasync(fd) != 0 ? errno : code;
        close(fd);
    }
    if (code != 0) {
        atomic_fetch_add(&log->failed_syncs, 1);
    }
    pthread_mutex_lock(&log->lock);
    return code;
}

static struct timespec after_us(int64_t us) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const int64_t ns = t.tv_nsec + (us % 1000000) * 1000;
    t.tv_sec += us / 1000000 + ns / 1000000000;
    t.tv_nsec = ns % 1000000000;
    return t;
}

static void *sync_thread(void *context) {
    ls_log *log = context;
    pthread_mutex_lock(&log->lock);
    while (!log->stops) {
        if (!log->is_dirty) {
            log->waits = true;
            pthread_cond_wait(&log->woken, &log->lock);
            log->waits = false;
            continue;
        }
        // Something is new: what comes in the next sync_us goes with it.
        const struct timespec until = after_us(log->sync_us);
        while (!log->stops &&
               pthread_cond_timedwait(&log->woken, &log->lock, &until) != ETIMEDOUT) {
        }
        (void)sync_locked(log);
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

// ---- opening

static ls_status make_log(const ls_log_def *def, ls_log **out, ls_error *err) {
    ls_log *log = ls_alloc(sizeof *log);
    char *folder = ls_alloc(strlen(def->folder) + 1);
    uint64_t *defined = ls_alloc(DEFINED_WORDS * sizeof *defined);
    if (log == NULL || folder == NULL || defined == NULL) {
        ls_free(log);
        ls_free(folder);
        ls_free(defined);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the log");
    }
    memcpy(folder, def->folder, strlen(def->folder) + 1);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->woken, &monotonic);
    pthread_condattr_destroy(&monotonic);
    log->folder = folder;
    log->defined = defined;
    log->tags = def->tags;
    log->sync_us = def->sync_us;
    log->bytes_max = def->bytes_max;
    log->read_only = def->read_only;
    log->fd = -1;
    *out = log;
    return LS_OK;
}

static ls_status open_files(ls_log *log, const ls_log_def *def, ls_error *err) {
    if (!log->read_only && mkdir(def->folder, 0777) != 0 && errno != EEXIST) {
        return ls_log_fail(err, def->folder, "cannot make the folder of the log", errno);
    }
    ls_status status = ls_segments_find(log, err);
    if (status == LS_OK && !log->read_only) {
        status = ls_segments_mend(log, err);
    }
    if (status != LS_OK) {
        return status;
    }
    log->next_start = def->least;
    if (log->count > 0) {
        const ls_segment *last = &log->segments[log->count - 1];
        const uint64_t end = last->start + last->size;
        log->next_start = end > def->least ? end : def->least;
    }
    return LS_OK;
}

ls_status ls_log_open(const ls_log_def *def, ls_log **out, ls_error *err) {
    assert(def->folder != NULL);
    assert(def->tags != NULL);
    *out = NULL;
    ls_log *log = NULL;
    ls_status status = make_log(def, &log, err);
    if (status != LS_OK) {
        return status;
    }
    status = open_files(log, def, err);
    if (status == LS_OK && !log->read_only) {
        const int code = pthread_create(&log->thread, NULL, sync_thread, log);
        log->has_thread = code == 0;
        if (code != 0) {
            status = ls_log_fail(err, log->folder, "cannot start the thread of the log", code);
        }
    }
    if (status != LS_OK) {
        ls_log_close(log);
        return status;
    }
    *out = log;
    return LS_OK;
}

void ls_log_close(ls_log *log) {
    if (log == NULL) {
        return;
    }
    pthread_mutex_lock(&log->lock);
    log->stops = true;
    pthread_cond_signal(&log->woken);
    pthread_mutex_unlock(&log->lock);
    if (log->has_thread) {
        pthread_join(log->thread, NULL);
    }
    pthread_mutex_lock(&log->lock);
    (void)sync_locked(log);
    pthread_mutex_unlock(&log->lock);
    if (log->fd >= 0) {
        // What was reserved and not used; should it stay, the next start gives it back.
        (void)!ftruncate(log->fd, (off_t)log->segments[log->count - 1].size);
        close(log->fd);
    }
    ls_writer_clear(&log->buffer);
    ls_free(log->segments);
    ls_free(log->defined);
    ls_free(log->folder);
    pthread_cond_destroy(&log->woken);
    pthread_mutex_destroy(&log->lock);
    ls_free(log);
}

// ---- appending; the lock is held

// Room ahead of the end, the file's size left as it is: a write then neither looks for blocks nor
// waits for who does. A file system that cannot, or has too little, goes without. Not further than
// a segment grows: what is not used would stay with one that is full.
static void reserve_ahead(ls_log *log) {
    if (log->reserved < LS_SEGMENT_BYTES &&
        log->segments[log->count - 1].size + RESERVED_BYTES / 2 > log->reserved) {
        (void)!fallocate(log->fd, FALLOC_FL_KEEP_SIZE, (off_t)log->reserved, RESERVED_BYTES);
        log->reserved += RESERVED_BYTES;
    }
}

// The file that is full waits for its sync.
static void retire(ls_log *log) {
    if (log->fd < 0) {
        return;
    }
    if (log->unsynced_count == LS_UNSYNCED_MAX) {
        // The disk is far behind: now it is waited for.
        const int oldest = log->unsynced[--log->unsynced_count];
        if (fdatasync(oldest) != 0) {
            atomic_fetch_add(&log->failed_syncs, 1);
        }
        close(oldest);
    }
    log->unsynced[log->unsynced_count++] = log->fd;
    log->fd = -1;
}

static ls_status start_segment(ls_log *log, ls_error *err) {
    char path[PATH_MAX];
    ls_status status = ls_segment_path(log, log->next_start, path, sizeof path, err);
    if (status != LS_OK) {
        return status;
    }
    const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        return ls_log_fail(err, path, "cannot make a file of the log", errno);
    }
    uint8_t head[LS_SEGMENT_HEAD];
    ls_segment_write_head(head, log->next_start);
    const int code = write_all(fd, head, sizeof head, 0);
    if (code != 0 || !ls_segments_add(log, (ls_segment){log->next_start, LS_SEGMENT_HEAD})) {
        (void)unlink(path);
        close(fd);
        return ls_log_fail(err, path, "cannot write the log", code != 0 ? code : ENOMEM);
    }
    log->fd = fd;
    log->reserved = 0;
    log->folder_dirty = true;
    log->bytes += LS_SEGMENT_HEAD;
    memset(log->defined, 0, DEFINED_WORDS * sizeof *log->defined);
    return LS_OK;
}

// Ready to write behind the end of the last segment.
static ls_status make_ready(ls_log *log, ls_error *err) {
    if (log->fd >= 0 && log->segments[log->count - 1].size >= LS_SEGMENT_BYTES) {
        const ls_segment *last = &log->segments[log->count - 1];
        log->next_start = last->start + last->size;
        retire(log);
    }
    const ls_status status = log->fd >= 0 ? LS_OK : start_segment(log, err);
    if (status == LS_OK) {
        reserve_ahead(log);
    }
    return status;
}

static uint64_t end_locked(const ls_log *log) {
    const ls_segment *last = log->count > 0 ? &log->segments[log->count - 1] : NULL;
    const uint64_t end = last != NULL ? last->start + last->size : 0;
    return log->fd < 0 && log->next_start > end ? log->next_start : end;
}

// The buffer's records, which stand at `written` bytes behind the end of the segment.
static ls_status write_buffer(ls_log *log, uint64_t *written, ls_error *err) {
    ls_segment *last = &log->segments[log->count - 1];
    if (log->buffer.failed) {
        log->buffer.failed = false;
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for writing the log");
    }
    if (log->bytes + *written + log->buffer.size > log->bytes_max) {
        return ls_fail(err, LS_ERR_LIMIT,
                       "the log has reached its limit of %llu bytes: what is appended is not "
                       "taken over fast enough",
                       (unsigned long long)log->bytes_max);
    }
    const int code = write_all(log->fd, log->buffer.bytes, log->buffer.size, last->size + *written);
    if (code != 0) {
        return ls_log_fail(err, log->folder, "cannot write the log", code);
    }
    *written += log->buffer.size;
    log->buffer.size = 0;
    return LS_OK;
}

// What `written` bytes say is there, or, after a failure, nothing.
static ls_status settle(ls_log *log, uint64_t written, ls_status status) {
    ls_segment *last = &log->segments[log->count - 1];
    log->buffer.size = 0;
    if (log->buffer.capacity > BUFFER_KEPT) {
        ls_writer_clear(&log->buffer);
    }
    if (status != LS_OK) {
        // Should it not be cut, the next record is written over it, and a reader stops there.
        (void)!ftruncate(log->fd, (off_t)last->size);
        return status;
    }
    last->size += written;
    log->bytes += written;
    if (!log->is_dirty) {
        log->is_dirty = true;
        if (log->waits) {
            pthread_cond_signal(&log->woken);
        }
    }
    return LS_OK;
}

static ls_status check_samples(const ls_log *log, const ls_sample *samples, size_t count,
                               bool *out_new, ls_error *err) {
    const uint32_t tags = ls_tags_count(log->tags);
    bool any_new = false;
    for (size_t i = 0; i < count; i++) {
        const ls_sample *s = &samples[i];
        if (s->tag >= tags || s->kind >= LS_VALUE_KIND_COUNT || s->quality >= LS_QUALITY_COUNT) {
            return ls_fail(err, LS_ERR_INVALID,
                           "sample %zu of %zu: tag %u of %u, kind %u, quality %u: there is no such",
                           i, count, s->tag, tags, s->kind, s->quality);
        }
        if ((s->kind == LS_VALUE_TEXT || s->kind == LS_VALUE_BYTES) &&
            s->size > LS_SAMPLE_TEXT_MAX) {
            return ls_fail(err, LS_ERR_INVALID, "tag '%s': a text of %u bytes; at most %d are kept",
                           ls_tags_get(log->tags, s->tag)->name, s->size, LS_SAMPLE_TEXT_MAX);
        }
        any_new |= (log->defined[s->tag / 64] >> (s->tag % 64) & 1) == 0;
    }
    *out_new = any_new;
    return LS_OK;
}

// Tags that this segment has not named yet.
static ls_status write_tags(ls_log *log, const ls_sample *samples, size_t count, uint64_t base,
                            uint64_t *written, ls_error *err) {
    for (size_t i = 0; i < count;) {
        const uint64_t position = base + *written;
        const size_t begin = ls_record_begin(&log->buffer, LS_RECORD_TAGS);
        for (; i < count && log->buffer.size < LS_RECORD_SOFT && !log->buffer.failed; i++) {
            const uint32_t tag = samples[i].tag;
            if ((log->defined[tag / 64] >> (tag % 64) & 1) == 0) {
                log->defined[tag / 64] |= 1ull << (tag % 64);
                ls_record_tag(&log->buffer, tag, ls_tags_get(log->tags, tag));
            }
        }
        ls_record_end(&log->buffer, begin, position);
        const ls_status status = write_buffer(log, written, err);
        if (status != LS_OK) {
            // Which bits were ours is not known any more: all are named again.
            memset(log->defined, 0, DEFINED_WORDS * sizeof *log->defined);
            return status;
        }
    }
    return LS_OK;
}

static ls_status write_samples(ls_log *log, const ls_sample *samples, size_t count, uint64_t base,
                               uint64_t *written, ls_error *err) {
    ls_status status = LS_OK;
    for (size_t done = 0; done < count && status == LS_OK;) {
        const size_t begin = ls_record_begin(&log->buffer, LS_RECORD_SAMPLES_OF);
        done += ls_record_samples(&log->buffer, samples + done, count - done);
        ls_record_end(&log->buffer, begin, base + *written);
        status = write_buffer(log, written, err);
    }
    return status;
}

static uint64_t base_of(const ls_log *log) {
    return log->segments[log->count - 1].start + log->segments[log->count - 1].size;
}

ls_status ls_log_append_samples(ls_log *log, const ls_sample *samples, size_t count,
                                uint64_t *out_end, ls_error *err) {
    assert(!log->read_only);
    bool any_new = false;
    uint64_t written = 0;
    pthread_mutex_lock(&log->lock);
    ls_status status = make_ready(log, err);
    if (status == LS_OK) {
        status = check_samples(log, samples, count, &any_new, err);
        const uint64_t base = base_of(log);
        if (status == LS_OK && any_new) {
            status = write_tags(log, samples, count, base, &written, err);
        }
        if (status == LS_OK) {
            status = write_samples(log, samples, count, base, &written, err);
        }
        if (status != LS_OK && any_new) {
            memset(log->defined, 0, DEFINED_WORDS * sizeof *log->defined);
        }
        status = settle(log, written, status);
    }
    *out_end = end_locked(log);
    pthread_mutex_unlock(&log->lock);
    return status;
}

static ls_status append_one(ls_log *log, const ls_happened *event, const ls_state_entry *state,
                            uint64_t *out_end, ls_error *err) {
    assert(!log->read_only);
    pthread_mutex_lock(&log->lock);
    ls_status status = make_ready(log, err);
    if (status == LS_OK) {
        uint64_t written = 0;
        const size_t begin = ls_record_begin(&log->buffer,
                                             event != NULL ? LS_RECORD_EVENT : LS_RECORD_STATE);
        if (event != NULL) {
            ls_record_event(&log->buffer, event);
        } else {
            ls_record_state(&log->buffer, state);
        }
        ls_record_end(&log->buffer, begin, base_of(log));
        status = write_buffer(log, &written, err);
        status = settle(log, written, status);
    }
    *out_end = end_locked(log);
    pthread_mutex_unlock(&log->lock);
    return status;
}

ls_status ls_log_append_event(ls_log *log, const ls_happened *event, uint64_t *out_end,
                              ls_error *err) {
    return append_one(log, event, NULL, out_end, err);
}

ls_status ls_log_append_state(ls_log *log, const ls_state_entry *state, uint64_t *out_end,
                              ls_error *err) {
    return append_one(log, NULL, state, out_end, err);
}

// ---- the rest

ls_status ls_log_sync(ls_log *log, ls_error *err) {
    pthread_mutex_lock(&log->lock);
    const int code = sync_locked(log);
    pthread_mutex_unlock(&log->lock);
    return code == 0 ? LS_OK : ls_log_fail(err, log->folder, "cannot sync the log", code);
}

enum { COVERED_AT_ONCE = 64 };

// Takes covered segments off the list; their files go without the lock, since removing a large file
// can take as long as a disk likes. One that stays after a crash is found and covered again.
static size_t forget_covered(ls_log *log, uint64_t position, uint64_t *starts) {
    pthread_mutex_lock(&log->lock);
    size_t gone = 0;
    while (!log->read_only && gone + 1 < log->count && gone < COVERED_AT_ONCE &&
           log->segments[gone].start + log->segments[gone].size <= position) {
        starts[gone] = log->segments[gone].start;
        log->bytes -= log->segments[gone].size;
        gone++;
    }
    log->count -= gone;
    if (gone > 0) {
        memmove(log->segments, log->segments + gone, log->count * sizeof *log->segments);
    }
    pthread_mutex_unlock(&log->lock);
    return gone;
}

void ls_log_cover(ls_log *log, uint64_t position) {
    uint64_t starts[COVERED_AT_ONCE];
    char path[PATH_MAX];
    size_t gone = 0;
    do {
        gone = forget_covered(log, position, starts);
        for (size_t i = 0; i < gone; i++) {
            if (ls_segment_path(log, starts[i], path, sizeof path, NULL) == LS_OK) {
                (void)unlink(path);
            }
        }
    } while (gone == COVERED_AT_ONCE);
}

void ls_log_leave(ls_log *log, uint64_t position) {
    pthread_mutex_lock(&log->lock);
    const uint64_t end = end_locked(log);
    if (position >= end && log->count > 0 && log->segments[log->count - 1].size > LS_SEGMENT_HEAD) {
        log->next_start = end;
        retire(log);
        // Should that fail, the old segment stays: it is the last one.
        (void)start_segment(log, NULL);
    }
    pthread_mutex_unlock(&log->lock);
    ls_log_cover(log, position);
}

uint64_t ls_log_first(ls_log *log) {
    pthread_mutex_lock(&log->lock);
    const uint64_t first = log->count > 0 ? log->segments[0].start : end_locked(log);
    pthread_mutex_unlock(&log->lock);
    return first;
}

uint64_t ls_log_end(ls_log *log) {
    pthread_mutex_lock(&log->lock);
    const uint64_t end = end_locked(log);
    pthread_mutex_unlock(&log->lock);
    return end;
}

ls_log_figures ls_log_describe(ls_log *log) {
    pthread_mutex_lock(&log->lock);
    const ls_log_figures figures = {log->bytes, atomic_load(&log->torn),
                                    atomic_load(&log->failed_syncs)};
    pthread_mutex_unlock(&log->lock);
    return figures;
}
