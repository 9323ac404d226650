// segment.h - the files of a log: names, heads, which are there. Inside log.c and log_read.c only.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "history/log.h"
#include "history/record.h"

enum { LS_SEGMENT_HEAD = 24, LS_SEGMENT_BYTES = 16 << 20, LS_UNSYNCED_MAX = 8 };

typedef struct ls_segment {
    uint64_t start;  // position of its first byte
    uint64_t size;   // bytes, head included
} ls_segment;

struct ls_log {
    pthread_mutex_t lock;  // of everything below
    pthread_cond_t woken;
    char *folder;
    ls_tags *tags;
    int64_t sync_us;
    uint64_t bytes_max, bytes;
    bool read_only;
    ls_segment *segments;  // by position
    size_t count, room;
    int fd;  // of the last segment, -1: the next append makes one
    uint64_t next_start;
    uint64_t *defined;  // bit per tag: named in the current segment
    ls_writer buffer;
    uint64_t reserved;  // bytes of the current segment's file that have their room
    // The thread that syncs.
    pthread_t thread;
    bool has_thread, stops, waits, is_dirty, folder_dirty;
    int unsynced[LS_UNSYNCED_MAX];  // files that are full and not yet synced
    size_t unsynced_count;
    atomic_uint_fast64_t torn, failed_syncs;
};

ls_status ls_segment_path(const ls_log *log, uint64_t start, char *out, size_t size, ls_error *err);
ls_status ls_segments_find(ls_log *log, ls_error *err);
bool ls_segments_add(ls_log *log, ls_segment segment);
void ls_segment_write_head(uint8_t head[LS_SEGMENT_HEAD], uint64_t start);
ls_status ls_segment_check_head(const uint8_t head[LS_SEGMENT_HEAD], uint64_t start,
                                const char *path, bool *out_valid, ls_error *err);
// Cuts what is torn at the end of the last segment, or removes it when it has no head.
ls_status ls_segments_mend(ls_log *log, ls_error *err);
ls_status ls_log_fail(ls_error *err, const char *path, const char *what, int code);
