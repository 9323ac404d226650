// log_read.c - cursors, see log.h.
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "history/segment.h"

enum { CHUNK = 1 << 20 };

struct ls_log_cursor {
    ls_log *log;
    uint64_t position, skip;  // of the next record; entries before `skip` are not given
    uint64_t start;           // of the open segment
    int fd;
    bool in_damage;
    ls_writer chunk;  // bytes from chunk_at (position) on
    uint64_t chunk_at;
    uint32_t *numbers;  // log's number to ours + 1, 0: not named in this segment
    size_t number_room;
    ls_sample *samples;
    size_t sample_room;
    ls_writer texts;
    ls_happened event;
    ls_state_entry state;
};

ls_status ls_log_cursor_open(ls_log *log, uint64_t position, ls_log_cursor **out, ls_error *err) {
    *out = NULL;
    ls_log_cursor *cursor = ls_alloc(sizeof *cursor);
    if (cursor == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for reading the log");
    }
    cursor->log = log;
    cursor->skip = position;
    cursor->fd = -1;
    *out = cursor;
    return LS_OK;
}

void ls_log_cursor_close(ls_log_cursor *cursor) {
    if (cursor == NULL) {
        return;
    }
    if (cursor->fd >= 0) {
        close(cursor->fd);
    }
    ls_writer_clear(&cursor->chunk);
    ls_writer_clear(&cursor->texts);
    ls_free(cursor->numbers);
    ls_free(cursor->samples);
    ls_free(cursor);
}

// The segment that the cursor should read: that of `skip` at first (from its start, for the names
// of tags), then the one behind. False: there is none yet.
static bool find_segment(ls_log_cursor *cursor, ls_segment *out, bool *out_last) {
    ls_log *log = cursor->log;
    bool found = false;
    pthread_mutex_lock(&log->lock);
    for (size_t i = 0; i < log->count && !found; i++) {
        const ls_segment *s = &log->segments[i];
        const bool wanted = cursor->fd >= 0
                                ? s->start == cursor->start
                                : s->start + s->size > cursor->skip && s->start >= cursor->position;
        if (wanted) {
            *out = *s;
            *out_last = i + 1 == log->count;
            found = true;
        }
    }
    pthread_mutex_unlock(&log->lock);
    return found;
}

static ls_status open_segment(ls_log_cursor *cursor, const ls_segment *segment, ls_error *err) {
    char path[PATH_MAX];
    ls_status status = ls_segment_path(cursor->log, segment->start, path, sizeof path, err);
    if (status != LS_OK) {
        return status;
    }
    cursor->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (cursor->fd < 0) {
        return ls_log_fail(err, path, "cannot open", errno);
    }
    uint8_t head[LS_SEGMENT_HEAD] = {0};
    bool is_valid = false;
    const ssize_t got = pread(cursor->fd, head, sizeof head, 0);
    if (got < 0) {
        return ls_log_fail(err, path, "cannot read", errno);
    }
    status = ls_segment_check_head(head, segment->start, path, &is_valid, err);
    if (status == LS_OK && !is_valid) {
        atomic_fetch_add(&cursor->log->torn, 1);  // its records say where they stand, so read on
    }
    cursor->start = segment->start;
    cursor->position = segment->start + LS_SEGMENT_HEAD;
    cursor->chunk.size = 0;
    cursor->chunk_at = cursor->position;
    if (cursor->numbers != NULL) {
        memset(cursor->numbers, 0, cursor->number_room * sizeof *cursor->numbers);
    }
    return status;
}

// Bytes of the chunk from the cursor's position on; over damage it may have gone beyond.
static size_t chunk_left(const ls_log_cursor *cursor) {
    const uint64_t used = cursor->position - cursor->chunk_at;
    return used < cursor->chunk.size ? cursor->chunk.size - (size_t)used : 0;
}

static const uint8_t *chunk_here(const ls_log_cursor *cursor) {
    return cursor->chunk.bytes + (cursor->chunk.size - chunk_left(cursor));
}

// At least `need` bytes from the cursor's position on, as far as the segment has them.
static ls_status fill(ls_log_cursor *cursor, const ls_segment *segment, size_t need,
                      ls_error *err) {
    const size_t left = chunk_left(cursor);
    if (left > 0) {
        memmove(cursor->chunk.bytes, cursor->chunk.bytes + cursor->chunk.size - left, left);
    }
    cursor->chunk.size = left;
    cursor->chunk_at = cursor->position;
    const uint64_t there = segment->start + segment->size - cursor->position;
    const size_t want = there < need ? (size_t)there : need;
    if (!ls_writer_reserve(&cursor->chunk, want)) {
        cursor->chunk.failed = false;
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for reading the log");
    }
    while (cursor->chunk.size < want) {
        const uint64_t at = cursor->chunk_at + cursor->chunk.size - segment->start;
        const ssize_t got = pread(cursor->fd, cursor->chunk.bytes + cursor->chunk.size,
                                  want - cursor->chunk.size, (off_t)at);
        if (got < 0 && errno != EINTR) {
            return ls_log_fail(err, cursor->log->folder, "cannot read the log", errno);
        }
        if (got == 0) {
            break;  // cut by somebody: what is missing counts as damage
        }
        cursor->chunk.size += got > 0 ? (size_t)got : 0;
    }
    return LS_OK;
}

static bool name_number(ls_log_cursor *cursor, const ls_record_tag_entry *entry, ls_error *err,
                        ls_status *status) {
    if (entry->number >= cursor->number_room) {
        size_t room = cursor->number_room == 0 ? 1024 : cursor->number_room;
        while (room <= entry->number) {
            room *= 2;
        }
        uint32_t *numbers = ls_realloc(cursor->numbers, room * sizeof *numbers);
        if (numbers == NULL) {
            *status = ls_fail(err, LS_ERR_MEMORY, "out of memory for reading the log");
            return false;
        }
        memset(numbers + cursor->number_room, 0, (room - cursor->number_room) * sizeof *numbers);
        cursor->numbers = numbers;
        cursor->number_room = room;
    }
    uint32_t ours = ls_tags_find(cursor->log->tags, entry->name, entry->name_size);
    if (ours == LS_TAG_NONE) {
        *status = ls_tags_add(cursor->log->tags, entry->name, entry->name_size, &ours, err);
        if (*status == LS_ERR_INVALID) {
            *status = LS_OK;  // no name at all: its samples are damage
            return false;
        }
        if (*status != LS_OK) {
            return false;
        }
        char unit[LS_TAG_UNIT_MAX + 1] = {0};
        memcpy(unit, entry->unit, entry->unit_size);
        ls_tags_declare(cursor->log->tags, ours, entry->kind, unit);
    }
    cursor->numbers[entry->number] = ours + 1;
    return true;
}

// Samples whose tag lost its name to damage are left out and counted as one place.
static bool read_samples(ls_log_cursor *cursor, ls_reader *in, ls_log_entry *out, ls_status *status,
                         ls_error *err) {
    const size_t count = ls_record_read_count(in);
    if (count > cursor->sample_room) {
        ls_sample *samples = ls_realloc(cursor->samples, count * sizeof *samples);
        if (samples == NULL) {
            *status = ls_fail(err, LS_ERR_MEMORY, "out of memory for reading the log");
            return false;
        }
        cursor->samples = samples;
        cursor->sample_room = count;
    }
    ls_record_read_samples(in, cursor->samples, count);
    size_t kept = 0;
    for (size_t i = 0; i < count && !in->failed; i++) {
        const uint32_t number = cursor->samples[i].tag;
        if (number < cursor->number_room && cursor->numbers[number] != 0) {
            cursor->samples[kept] = cursor->samples[i];
            cursor->samples[kept++].tag = cursor->numbers[number] - 1;
        }
    }
    out->samples = cursor->samples;
    out->count = kept;
    return !in->failed && kept == count;
}

// The record's content into *out. False: it makes no sense, though its checksum is right, or
// *status says why not.
static bool read_content(ls_log_cursor *cursor, const uint8_t *body, size_t size, ls_log_entry *out,
                         ls_status *status, ls_error *err) {
    ls_reader in = ls_reader_of(body, size);
    const unsigned type = ls_read_byte(&in);
    ls_record_tag_entry entry;
    const bool wanted = out->end > cursor->skip;
    switch (type) {
    case LS_RECORD_TAGS:
        while (ls_record_read_tag(&in, &entry)) {
            if (!name_number(cursor, &entry, err, status) && *status != LS_OK) {
                return false;
            }
        }
        return !in.failed;
    case LS_RECORD_SAMPLES_OF: return !wanted || read_samples(cursor, &in, out, status, err);
    case LS_RECORD_EVENT:
        if (wanted) {
            ls_record_read_event(&in, &cursor->texts, &cursor->event);
            out->event = &cursor->event;
        }
        break;
    case LS_RECORD_STATE:
        if (wanted) {
            ls_record_read_state(&in, &cursor->texts, &cursor->state);
            out->state = &cursor->state;
        }
        break;
    default: return false;
    }
    if (cursor->texts.failed) {
        cursor->texts.failed = false;
        *status = ls_fail(err, LS_ERR_MEMORY, "out of memory for reading the log");
        return false;
    }
    return !in.failed;
}

static void see_damage(ls_log_cursor *cursor) {
    if (!cursor->in_damage) {
        cursor->in_damage = true;
        atomic_fetch_add(&cursor->log->torn, 1);
    }
}

// One record of the segment, or a step over damage. *out_record 0: the segment has no more.
static ls_status step(ls_log_cursor *cursor, const ls_segment *segment, ls_log_entry *out,
                      size_t *out_record, ls_error *err) {
    size_t need = LS_RECORD_HEAD;
    size_t record = 0;
    *out_record = 0;
    *out = (ls_log_entry){0};
    while (cursor->position < segment->start + segment->size) {
        size_t have = chunk_left(cursor);
        need = LS_RECORD_HEAD;
        record = have > 0 ? ls_record_check(chunk_here(cursor), have, cursor->position, &need) : 0;
        const uint64_t there = segment->start + segment->size - cursor->position;
        if (record == 0 && need > have && there >= need) {
            const ls_status status = fill(cursor, segment, need < CHUNK ? CHUNK : need, err);
            if (status != LS_OK) {
                return status;
            }
            have = cursor->chunk.size;
            if (have >= need) {
                continue;
            }
        }
        if (record > 0) {
            break;
        }
        see_damage(cursor);
        cursor->position++;
    }
    if (record == 0) {
        return LS_OK;
    }
    cursor->in_damage = false;
    const uint8_t *at = chunk_here(cursor);
    *out = (ls_log_entry){.position = cursor->position, .end = cursor->position + record};
    cursor->position += record;
    *out_record = record;
    ls_status status = LS_OK;
    if (!read_content(cursor, at + LS_RECORD_HEAD, record - LS_RECORD_HEAD, out, &status, err) &&
        status == LS_OK) {
        atomic_fetch_add(&cursor->log->torn, 1);
        out->event = NULL;
        out->state = NULL;
    }
    if (status != LS_OK) {
        cursor->position -= record;  // again, when there is memory
    }
    return status;
}

ls_status ls_log_next(ls_log_cursor *cursor, ls_log_entry *out, bool *out_any, ls_error *err) {
    *out_any = false;
    for (;;) {
        ls_segment segment;
        bool is_last = false;
        if (!find_segment(cursor, &segment, &is_last)) {
            if (cursor->fd < 0) {
                return LS_OK;
            }
            // Covered and removed while we read: its file is still ours, but what it held is known.
            close(cursor->fd);
            cursor->fd = -1;
            continue;
        }
        if (cursor->fd < 0) {
            const ls_status status = open_segment(cursor, &segment, err);
            if (status != LS_OK) {
                if (cursor->fd >= 0) {
                    close(cursor->fd);
                    cursor->fd = -1;
                }
                ls_segment again;
                if (find_segment(cursor, &again, &is_last) && again.start == segment.start) {
                    return status;
                }
                // Covered and removed before it could be opened: what it held is in the store.
                if (err != NULL) {
                    *err = (ls_error){0};
                }
                continue;
            }
        }
        size_t record = 0;
        const ls_status status = step(cursor, &segment, out, &record, err);
        if (status != LS_OK) {
            return status;
        }
        if (record > 0) {
            if (out->count > 0 || out->event != NULL || out->state != NULL) {
                *out_any = true;
                return LS_OK;
            }
            continue;
        }
        if (is_last) {
            return LS_OK;
        }
        close(cursor->fd);
        cursor->fd = -1;
        cursor->position = segment.start + segment.size;
    }
}
