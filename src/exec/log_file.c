// log_file.c - see log_file.h.
#include "exec/log_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/disk.h"
#include "exec/run_files.h"

enum { LOOK_BYTES = 1 << 17 };
enum { PATH_SIZE = LS_LOG_NAME_SIZE + 32, TRIES = 8, DIGITS = 20 };

void ls_log_writer_init(ls_log_writer *log, int folder, const char *name, uint64_t bytes_max) {
    *log = (ls_log_writer){
        .folder = folder,
        .fd = -1,
        .bytes_max = bytes_max > LS_LOG_BYTES_MIN ? bytes_max : LS_LOG_BYTES_MIN};
    snprintf(log->name, sizeof log->name, "%s", name);
}

static void segment_name(char out[PATH_SIZE], const char *name, uint64_t offset) {
    snprintf(out, PATH_SIZE, "%s.%0*" PRIu64, name, DIGITS, offset);
}

static bool next_segment(ls_log_writer *log) {
    char path[PATH_SIZE];
    segment_name(path, log->name, log->size);
    const int fd = openat(log->folder, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                          0640);
    if (fd < 0) {
        return false;
    }
    if (ls_run_give(log->folder, fd) != 0) {
        close(fd);
        return false;
    }
    if (log->fd >= 0) {
        close(log->fd);
        if (log->first != log->last) {
            segment_name(path, log->name, log->first);
            unlinkat(log->folder, path, 0);
        }
        log->first = log->last;
    } else {
        log->first = log->size;
    }
    log->last = log->size;
    log->fd = fd;
    return true;
}

// Looked at often enough that less than the least is written meanwhile.
static bool has_room(ls_log_writer *log) {
    if (log->fd >= 0 && log->size - log->looked_at < LOOK_BYTES) {
        return true;
    }
    const bool room = ls_disk_has_room_for_logs(log->folder);
    log->looked_at = room ? log->size : log->size - LOOK_BYTES;
    return room;
}

void ls_log_write(ls_log_writer *log, const char *bytes, size_t size) {
    const uint64_t half = log->bytes_max / 2;
    if (!has_room(log)) {
        log->dropped += size;
        return;
    }
    while (size > 0) {
        if ((log->fd < 0 || log->size - log->last >= half) && !next_segment(log) && log->fd < 0) {
            log->dropped += size;
            return;
        }
        const uint64_t room = log->size - log->last < half ? half - (log->size - log->last) : 0;
        // Without a new segment there is no room either: what is written stays within its size.
        const ssize_t wrote = room > 0 ? write(log->fd, bytes, size < room ? size : room) : -1;
        if (wrote < 0 && room > 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            log->dropped += size;
            return;
        }
        log->size += (uint64_t)wrote;
        bytes += wrote;
        size -= (size_t)wrote;
    }
}

void ls_log_writer_close(ls_log_writer *log) {
    if (log->fd >= 0) {
        close(log->fd);
        log->fd = -1;
    }
}

// ---- reading

typedef struct segments {
    uint64_t offsets[4];  // of those that are there, ascending; more than two only while one goes
    uint32_t count;
} segments;

static segments list(int folder, const char *name) {
    segments out = {.count = 0};
    const int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return out;
    }
    const size_t length = strlen(name);
    for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (strncmp(e->d_name, name, length) != 0 || e->d_name[length] != '.' ||
            strlen(e->d_name) != length + 1 + DIGITS) {
            continue;
        }
        char *end = NULL;
        const uint64_t offset = strtoull(e->d_name + length + 1, &end, 10);
        if (*end != '\0' || out.count == sizeof out.offsets / sizeof *out.offsets) {
            continue;
        }
        uint32_t at = out.count++;
        for (; at > 0 && out.offsets[at - 1] > offset; at--) {
            out.offsets[at] = out.offsets[at - 1];
        }
        out.offsets[at] = offset;
    }
    closedir(dir);
    return out;
}

uint64_t ls_log_size(int folder, const char *name) {
    const segments s = list(folder, name);
    char path[PATH_SIZE];
    struct stat status;
    if (s.count == 0) {
        return 0;
    }
    segment_name(path, name, s.offsets[s.count - 1]);
    return s.offsets[s.count - 1] + (fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0
                                         ? (uint64_t)status.st_size
                                         : 0);
}

// Reads from the segment that holds *offset. -1: it went away meanwhile.
static ssize_t read_segment(int folder, const char *name, const segments *s, uint64_t *offset,
                            char *out, size_t size) {
    uint32_t at = 0;
    while (at + 1 < s->count && s->offsets[at + 1] <= *offset) {
        at++;
    }
    *offset = *offset < s->offsets[at] ? s->offsets[at] : *offset;
    const uint64_t end = at + 1 < s->count ? s->offsets[at + 1] : UINT64_MAX;
    const size_t most = end - *offset < size ? (size_t)(end - *offset) : size;
    char path[PATH_SIZE];
    segment_name(path, name, s->offsets[at]);
    const int fd = openat(folder, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    const ssize_t got = pread(fd, out, most, (off_t)(*offset - s->offsets[at]));
    const int wrong = errno;
    close(fd);
    errno = wrong;
    return got < 0 ? -1 : got;
}

ls_status ls_log_read(int folder, const char *name, uint64_t *offset, char *out, size_t size,
                      size_t *out_read, ls_error *err) {
    *out_read = 0;
    for (int i = 0; i < TRIES; i++) {
        const segments s = list(folder, name);
        if (s.count == 0) {
            return LS_OK;
        }
        errno = 0;
        const ssize_t got = read_segment(folder, name, &s, offset, out, size);
        if (got >= 0) {
            *out_read = (size_t)got;
            *offset += (size_t)got;
            return LS_OK;
        }
        if (errno != ENOENT) {
            break;
        }
    }
    return ls_fail(err, LS_ERR_IO, "the log '%s' cannot be read: %s", name, strerror(errno));
}
