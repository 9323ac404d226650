// record_read.c - reading a recording; see record_file.h.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "history/crc.h"
#include "line/record_inside.h"

struct ls_record_reader {
    const unsigned char *bytes;
    size_t size, at;
    void *mapped;  // NULL: the caller's memory
    size_t mapped_size;
    ls_arena arena;
    const char **topics;
    uint32_t topic_count, topic_capacity;
    int64_t now_us;
    char complaint[128];
};

static ls_status open_reader(const void *bytes, size_t size, const char *path,
                             ls_record_reader **out, ls_error *err) {
    if (size < LS_RECORD_MAGIC_SIZE || memcmp(bytes, LS_RECORD_MAGIC, LS_RECORD_MAGIC_SIZE) != 0) {
        ls_fail(err, LS_ERR_INVALID, "'%s' is not a recording", path);
        ls_hint(err, "`lineshaft line record URL -o FILE` makes one");
        return LS_ERR_INVALID;
    }
    ls_record_reader *reader = ls_alloc(sizeof *reader);
    if (reader == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a recording");
    }
    reader->bytes = bytes;
    reader->size = size;
    reader->at = LS_RECORD_MAGIC_SIZE;
    ls_arena_init(&reader->arena);
    *out = reader;
    return LS_OK;
}

ls_status ls_record_open_bytes(const void *bytes, size_t size, ls_record_reader **out,
                               ls_error *err) {
    return open_reader(bytes, size, "memory", out, err);
}

ls_status ls_record_open(const char *path, ls_record_reader **out, ls_error *err) {
    struct stat about;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 || fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        ls_fail(err, LS_ERR_IO, "cannot read '%s': %s", path,
                file < 0 ? ls_errno_text(errno) : "not a regular file");
        if (file >= 0) {
            close(file);
        }
        return LS_ERR_IO;
    }
    const size_t size = (size_t)about.st_size;
    void *mapped = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0) : NULL;
    close(file);
    if (mapped == MAP_FAILED) {
        return ls_fail(err, LS_ERR_IO, "cannot read '%s': %s", path, ls_errno_text(errno));
    }
    const ls_status status = open_reader(mapped, size, path, out, err);
    if (status == LS_OK) {
        (*out)->mapped = mapped;
        (*out)->mapped_size = size;
    } else if (mapped != NULL) {
        munmap(mapped, size);
    }
    return status;
}

void ls_record_reader_close(ls_record_reader *reader) {
    if (reader != NULL) {
        if (reader->mapped != NULL) {
            munmap(reader->mapped, reader->mapped_size);
        }
        ls_free(reader->topics);
        ls_arena_clear(&reader->arena);
        ls_free(reader);
    }
}

const char *ls_record_complaint(const ls_record_reader *reader) {
    return reader->complaint[0] != '\0' ? reader->complaint : NULL;
}

// ---- one record

typedef struct span {
    const unsigned char *at, *end;
} span;

static bool take_varint(span *s, uint64_t *out) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        if (s->at == s->end) {
            return false;
        }
        const unsigned char byte = *s->at++;
        if (shift == 63 && byte > 1) {
            return false;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static uint32_t get_u32(const unsigned char *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool add_topic(ls_record_reader *reader, const char *text, size_t length) {
    if (reader->topic_count >= LS_RECORD_TOPICS_MAX || length == 0 || length > 65535 ||
        !ls_text_is_utf8(text, length, NULL)) {
        return false;
    }
    if (reader->topic_count == reader->topic_capacity) {
        const uint32_t capacity = reader->topic_capacity == 0 ? 64 : 2 * reader->topic_capacity;
        const char **topics = ls_realloc(reader->topics, capacity * sizeof *topics);
        if (topics == NULL) {
            return false;
        }
        reader->topics = topics;
        reader->topic_capacity = capacity;
    }
    const char *copy = ls_arena_text(&reader->arena, text, length);
    if (copy != NULL) {
        reader->topics[reader->topic_count++] = copy;
    }
    return copy != NULL;
}

static bool take_topic(ls_record_reader *reader, span *s, bool is_new, const char **out) {
    uint64_t number = 0;
    if (!take_varint(s, &number)) {
        return false;
    }
    if (is_new) {
        if (number > (uint64_t)(s->end - s->at) ||
            !add_topic(reader, (const char *)s->at, (size_t)number)) {
            return false;
        }
        s->at += number;
        number = reader->topic_count - 1;
    }
    if (number >= reader->topic_count) {
        return false;
    }
    *out = reader->topics[number];
    return true;
}

static bool take_record(ls_record_reader *reader, span s, ls_mqtt_message *out) {
    uint64_t since_us = 0;
    if (!take_varint(&s, &since_us) || since_us > (uint64_t)(INT64_MAX - reader->now_us) ||
        s.at == s.end) {
        return false;
    }
    const unsigned flags = *s.at++;
    *out = (ls_mqtt_message){.qos = (int)(flags & 3), .retain = (flags & LS_RECORD_RETAINED) != 0};
    if (flags > 15 || out->qos > 2 ||
        !take_topic(reader, &s, (flags & LS_RECORD_NEW_TOPIC) != 0, &out->topic)) {
        return false;
    }
    reader->now_us += (int64_t)since_us;
    out->size = (size_t)(s.end - s.at);
    out->payload = out->size > 0 ? s.at : NULL;
    return true;
}

static bool complain(ls_record_reader *reader, const char *what) {
    ls_text_format(reader->complaint, sizeof reader->complaint,
                   "the recording is %s at byte %zu of %zu; what stands before it is good", what,
                   reader->at, reader->size);
    reader->size = reader->at;
    return false;
}

bool ls_record_next(ls_record_reader *reader, ls_mqtt_message *out, int64_t *out_at_us) {
    const size_t left = reader->size - reader->at;
    if (left == 0) {
        return false;
    }
    const unsigned char *head = reader->bytes + reader->at;
    const uint32_t size = left >= LS_RECORD_HEAD_SIZE ? get_u32(head + 4) : 0;
    if (left < LS_RECORD_HEAD_SIZE || size > left - LS_RECORD_HEAD_SIZE) {
        return complain(reader, size > LS_RECORD_SIZE_MAX ? "damaged" : "cut");
    }
    const unsigned char *body = head + LS_RECORD_HEAD_SIZE;
    if (ls_crc32c(0, head + 4, size + 4) != get_u32(head) ||
        !take_record(reader, (span){body, body + size}, out)) {
        return complain(reader, "damaged");
    }
    reader->at += LS_RECORD_HEAD_SIZE + size;
    *out_at_us = reader->now_us;
    return true;
}
