// log_file.h - what a job writes, kept up to a size: the oldest goes first.
//
// Bytes are counted from the first that was ever written. They lie in segments of half the size,
// files `NAME.OFFSET` where OFFSET (20 digits) is the count of its first byte; the last two are
// kept. So a reader in another process finds its way by the names alone.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { LS_LOG_NAME_SIZE = 64, LS_LOG_BYTES_MIN = 4096 };

typedef struct ls_log_writer {
    int folder;  // the caller's
    char name[LS_LOG_NAME_SIZE];
    uint64_t bytes_max;    // at least LS_LOG_BYTES_MIN
    int fd;                // of the last segment, -1: none yet
    uint64_t size;         // written in all
    uint64_t dropped;      // could not be written: disk full
    uint64_t looked_at;    // size when the disk was last seen to have room
    uint64_t first, last;  // first bytes of the last two segments
} ls_log_writer;

void ls_log_writer_init(ls_log_writer *log, int folder, const char *name, uint64_t bytes_max);
// Never fails: what cannot be written is counted in `dropped` and gone. It leaves room on the disk
// for what must not be lost (disk.h).
void ls_log_write(ls_log_writer *log, const char *bytes, size_t size);
void ls_log_writer_close(ls_log_writer *log);

// As ls_exec_log_read. `folder`: of the segments. A log that is not there has nothing.
ls_status ls_log_read(int folder, const char *name, uint64_t *offset, char *out, size_t size,
                      size_t *out_read, ls_error *err);
uint64_t ls_log_size(int folder, const char *name);
