// segment.c - see segment.h. A head is "LSLOG", version, two zeros, position (8), CRC32C (4), 0
// (4).
#include "history/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "history/crc.h"

enum { LOG_VERSION = 1, NAME_DIGITS = 20 };

ls_status ls_log_fail(ls_error *err, const char *path, const char *what, int code) {
    return ls_fail_errno(err, path, what, code);
}

ls_status ls_segment_path(const ls_log *log, uint64_t start, char *out, size_t size,
                          ls_error *err) {
    const int length = snprintf(out, size, "%s/%020" PRIu64 ".log", log->folder, start);
    if (length < 0 || (size_t)length >= size) {
        return ls_fail(err, LS_ERR_IO, "the path of the log is too long: '%.200s'", log->folder);
    }
    return LS_OK;
}

void ls_segment_write_head(uint8_t head[LS_SEGMENT_HEAD], uint64_t start) {
    memset(head, 0, LS_SEGMENT_HEAD);
    memcpy(head, "LSLOG", 5);
    head[5] = LOG_VERSION;
    for (int i = 0; i < 8; i++) {
        head[8 + i] = (uint8_t)(start >> (8 * i));
    }
    const uint32_t crc = ls_crc32c(0, head, 16);
    for (int i = 0; i < 4; i++) {
        head[16 + i] = (uint8_t)(crc >> (8 * i));
    }
}

ls_status ls_segment_check_head(const uint8_t head[LS_SEGMENT_HEAD], uint64_t start,
                                const char *path, bool *out_valid, ls_error *err) {
    uint8_t right[LS_SEGMENT_HEAD];
    ls_segment_write_head(right, start);
    *out_valid = memcmp(head, right, LS_SEGMENT_HEAD) == 0;
    uint32_t crc = 0;
    for (int i = 0; i < 4; i++) {
        crc |= (uint32_t)head[16 + i] << (8 * i);
    }
    if (!*out_valid && memcmp(head, "LSLOG", 5) == 0 && head[5] > LOG_VERSION &&
        crc == ls_crc32c(0, head, 16)) {
        return ls_fail_at(err, LS_ERR_VERSION, path, 0, 0,
                          "a log of format %u; this program reads %d", head[5], LOG_VERSION);
    }
    return LS_OK;
}

bool ls_segments_add(ls_log *log, ls_segment segment) {
    if (log->count == log->room) {
        const size_t room = log->room == 0 ? 16 : log->room * 2;
        ls_segment *segments = ls_realloc(log->segments, room * sizeof *segments);
        if (segments == NULL) {
            return false;
        }
        log->segments = segments;
        log->room = room;
    }
    log->segments[log->count++] = segment;
    return true;
}

static int compare_segments(const void *a, const void *b) {
    const ls_segment *x = a;
    const ls_segment *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

static bool parse_name(const char *name, uint64_t *out) {
    if (strlen(name) != NAME_DIGITS + 4 || strcmp(name + NAME_DIGITS, ".log") != 0 ||
        strspn(name, "0123456789") != NAME_DIGITS) {
        return false;
    }
    errno = 0;
    *out = strtoull(name, NULL, 10);
    return errno == 0;
}

static ls_status add_found(ls_log *log, uint64_t start, ls_error *err) {
    char path[PATH_MAX];
    struct stat info;
    const ls_status status = ls_segment_path(log, start, path, sizeof path, err);
    if (status != LS_OK) {
        return status;
    }
    if (stat(path, &info) != 0) {
        // Removed by its owner since, when we only read.
        return log->read_only && errno == ENOENT ? LS_OK
                                                 : ls_log_fail(err, path, "cannot open", errno);
    }
    if (!ls_segments_add(log, (ls_segment){start, (uint64_t)info.st_size})) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the log");
    }
    log->bytes += (uint64_t)info.st_size;
    return LS_OK;
}

ls_status ls_segments_find(ls_log *log, ls_error *err) {
    DIR *folder = opendir(log->folder);
    if (folder == NULL) {
        return log->read_only && errno == ENOENT
                   ? LS_OK
                   : ls_log_fail(err, log->folder, "cannot open the folder of the log", errno);
    }
    ls_status status = LS_OK;
    for (struct dirent *entry = readdir(folder); entry != NULL && status == LS_OK;
         entry = readdir(folder)) {
        uint64_t start = 0;
        if (parse_name(entry->d_name, &start)) {
            status = add_found(log, start, err);
        }
    }
    closedir(folder);
    if (log->count > 1) {
        qsort(log->segments, log->count, sizeof *log->segments, compare_segments);
    }
    return status;
}

// The end of the last record that is whole; 0 when not even the head is.
static ls_status find_valid_end(ls_log *log, const ls_segment *segment, const uint8_t *bytes,
                                const char *path, uint64_t *out, ls_error *err) {
    (void)log;
    bool is_valid = false;
    *out = 0;
    if (segment->size < LS_SEGMENT_HEAD) {
        return LS_OK;
    }
    const ls_status status = ls_segment_check_head(bytes, segment->start, path, &is_valid, err);
    if (status != LS_OK || !is_valid) {
        return status;
    }
    uint64_t at = LS_SEGMENT_HEAD;
    *out = at;
    while (at < segment->size) {
        size_t need = 0;
        const size_t size = ls_record_check(bytes + at, (size_t)(segment->size - at),
                                            segment->start + at, &need);
        at += size > 0 ? size : 1;  // behind damage there may be more that is whole
        *out = size > 0 ? at : *out;
    }
    return LS_OK;
}

static ls_status read_segment(const ls_segment *segment, const char *path, uint8_t *to,
                              ls_error *err) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return ls_log_fail(err, path, "cannot open", errno);
    }
    ls_status status = LS_OK;
    for (uint64_t done = 0; done < segment->size && status == LS_OK;) {
        const ssize_t got = pread(fd, to + done, (size_t)(segment->size - done), (off_t)done);
        if (got <= 0 && errno != EINTR) {
            status = ls_log_fail(err, path, "cannot read", got == 0 ? EIO : errno);
        }
        done += got > 0 ? (uint64_t)got : 0;
    }
    close(fd);
    return status;
}

ls_status ls_segments_mend(ls_log *log, ls_error *err) {
    if (log->count == 0) {
        return LS_OK;
    }
    ls_segment *last = &log->segments[log->count - 1];
    char path[PATH_MAX];
    ls_status status = ls_segment_path(log, last->start, path, sizeof path, err);
    if (status != LS_OK) {
        return status;
    }
    uint8_t *bytes = ls_alloc((size_t)last->size);
    if (bytes == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the log");
    }
    uint64_t end = 0;
    status = read_segment(last, path, bytes, err);
    if (status == LS_OK) {
        status = find_valid_end(log, last, bytes, path, &end, err);
    }
    ls_free(bytes);
    if (status != LS_OK) {
        return status;
    }
    if (end == last->size && end > 0) {
        (void)!truncate(path, (off_t)end);  // gives back what a killed program had reserved
        return LS_OK;
    }
    atomic_fetch_add(&log->torn, last->size > 0);
    log->bytes -= last->size - end;
    // Without a head it never held anything.
    const int failed = end == 0 ? unlink(path) : truncate(path, (off_t)end);
    if (failed != 0) {
        return ls_log_fail(err, path, "cannot cut what is torn", errno);
    }
    last->size = end;
    log->count -= end == 0;
    return LS_OK;
}
