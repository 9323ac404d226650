// record_write.c - writing a recording; see record_file.h.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "history/crc.h"
#include "line/record_inside.h"

enum { PENDING_MAX = 64 << 10 };

typedef struct topic_slot {
    char *name;  // NULL: free
    uint32_t number;
} topic_slot;

struct ls_record_writer {
    int file;
    ls_buffer pending;
    topic_slot *slots;  // hash table, open addressing
    uint32_t slot_count, topic_count;
    int64_t last_us;
    bool failed;
};

static void put_varint(ls_buffer *out, uint64_t value) {
    char bytes[10];
    size_t size = 0;
    while (value >= 0x80) {
        bytes[size++] = (char)(unsigned char)(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = (char)(unsigned char)value;
    ls_buffer_append(out, bytes, size);
}

static void put_u32(char *at, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        at[i] = (char)(unsigned char)(value >> 8 * i);
    }
}

// ---- topics

static uint32_t hash_text(const char *text) {
    uint32_t hash = 2166136261u;
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    }
    return hash;
}

static topic_slot *find_slot(topic_slot *slots, uint32_t count, const char *topic) {
    uint32_t at = hash_text(topic) & (count - 1);
    while (slots[at].name != NULL && strcmp(slots[at].name, topic) != 0) {
        at = (at + 1) & (count - 1);
    }
    return slots + at;
}

static bool grow_table(ls_record_writer *writer) {
    if (2 * writer->topic_count < writer->slot_count) {
        return true;
    }
    const uint32_t count = writer->slot_count == 0 ? 64 : 2 * writer->slot_count;
    topic_slot *slots = ls_alloc(count * sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < writer->slot_count; i++) {
        if (writer->slots[i].name != NULL) {
            *find_slot(slots, count, writer->slots[i].name) = writer->slots[i];
        }
    }
    ls_free(writer->slots);
    writer->slots = slots;
    writer->slot_count = count;
    return true;
}

// NULL when there is no memory; *out_new says that the topic was not there.
static const topic_slot *get_topic(ls_record_writer *writer, const char *topic, bool *out_new) {
    if (!grow_table(writer)) {
        return NULL;
    }
    topic_slot *slot = find_slot(writer->slots, writer->slot_count, topic);
    *out_new = slot->name == NULL;
    if (*out_new) {
        const size_t size = strlen(topic) + 1;
        slot->name = ls_alloc(size);
        if (slot->name == NULL) {
            return NULL;
        }
        memcpy(slot->name, topic, size);
        slot->number = writer->topic_count++;
    }
    return slot;
}

// ---- the file

ls_status ls_record_create(const char *path, bool force, ls_record_writer **out, ls_error *err) {
    ls_record_writer *writer = ls_alloc(sizeof *writer);
    if (writer == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a recording");
    }
    writer->file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0644);
    if (writer->file < 0) {
        ls_fail(err, LS_ERR_IO, "cannot make '%s': %s", path, ls_errno_text(errno));
        ls_free(writer);
        return LS_ERR_IO;
    }
    ls_buffer_init(&writer->pending);
    ls_buffer_append(&writer->pending, LS_RECORD_MAGIC, LS_RECORD_MAGIC_SIZE);
    *out = writer;
    return LS_OK;
}

ls_status ls_record_flush(ls_record_writer *writer, ls_error *err) {
    size_t done = 0;
    while (!writer->failed && done < writer->pending.size) {
        const ssize_t wrote = write(writer->file, writer->pending.data + done,
                                    writer->pending.size - done);
        if (wrote < 0 && errno != EINTR) {
            writer->failed = true;
            return ls_fail(err, LS_ERR_IO, "the recording cannot be written: %s",
                           ls_errno_text(errno));
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    writer->pending.size = 0;
    return writer->failed ? ls_fail(err, LS_ERR_IO, "the recording could not be written") : LS_OK;
}

static void put_record(ls_record_writer *writer, const ls_mqtt_message *message, int64_t at_us,
                       const topic_slot *slot, bool is_new) {
    static const char blank[LS_RECORD_HEAD_SIZE];
    ls_buffer *out = &writer->pending;
    const size_t begin = out->size;
    const int64_t since_us = at_us > writer->last_us ? at_us - writer->last_us : 0;
    writer->last_us += since_us;
    ls_buffer_append(out, blank, sizeof blank);
    put_varint(out, (uint64_t)since_us);
    const char flags = (char)((message->qos & 3) | (message->retain ? LS_RECORD_RETAINED : 0) |
                              (is_new ? LS_RECORD_NEW_TOPIC : 0));
    ls_buffer_append(out, &flags, 1);
    if (is_new) {
        put_varint(out, strlen(message->topic));
        ls_buffer_text(out, message->topic);
    } else {
        put_varint(out, slot->number);
    }
    ls_buffer_append(out, message->payload, message->size);
    if (!out->failed) {
        const uint32_t size = (uint32_t)(out->size - begin - LS_RECORD_HEAD_SIZE);
        put_u32(out->data + begin + 4, size);
        put_u32(out->data + begin, ls_crc32c(0, out->data + begin + 4, size + 4));
    }
}

ls_status ls_record_add(ls_record_writer *writer, const ls_mqtt_message *message, int64_t at_us,
                        ls_error *err) {
    bool is_new = false;
    if (writer->failed || message->size > LS_RECORD_SIZE_MAX / 2 ||
        writer->topic_count >= LS_RECORD_TOPICS_MAX) {
        return ls_fail(err, writer->failed ? LS_ERR_IO : LS_ERR_LIMIT,
                       writer->failed ? "the recording could not be written"
                                      : "too many topics, or too large a message");
    }
    const topic_slot *slot = get_topic(writer, message->topic, &is_new);
    if (slot != NULL) {
        put_record(writer, message, at_us, slot, is_new);
    }
    if (slot == NULL || writer->pending.failed) {
        writer->failed = true;
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for a recording");
    }
    return writer->pending.size >= PENDING_MAX ? ls_record_flush(writer, err) : LS_OK;
}

ls_status ls_record_close(ls_record_writer *writer, ls_error *err) {
    if (writer == NULL) {
        return LS_OK;
    }
    ls_status status = ls_record_flush(writer, err);
    if (status == LS_OK && fsync(writer->file) != 0 && errno != EINVAL && errno != EROFS) {
        status = ls_fail(err, LS_ERR_IO, "the recording cannot be synced: %s",
                         ls_errno_text(errno));
    }
    close(writer->file);
    for (uint32_t i = 0; i < writer->slot_count; i++) {
        ls_free(writer->slots[i].name);
    }
    ls_free(writer->slots);
    ls_buffer_clear(&writer->pending);
    ls_free(writer);
    return status;
}
