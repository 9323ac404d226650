// file.c - see file.h.
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

enum { TEMPORARY_TRIES = 100, FIRST_READ = 4096 };

static atomic_llong write_allowed = -1;

void ls_file_fail_write_after(int64_t bytes) {
    atomic_store(&write_allowed, bytes);
}

const char *ls_errno_text(int code) {
    const char *text = strerrordesc_np(code);
    return text != NULL ? text : "unknown reason";
}

ls_status ls_fail_errno(ls_error *err, const char *path, const char *what, int code) {
    const ls_status status = code == ENOMEM ? LS_ERR_MEMORY : LS_ERR_IO;
    return ls_fail_at(err, status, path, 0, 0, "%s: %s", what, ls_errno_text(code));
}

static ls_status read_open(const char *path, int *out_fd, struct stat *out_info, ls_error *err) {
    // Not blocking: opening a pipe nobody writes to would wait for ever.
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return ls_fail_errno(err, path, "cannot open the file", errno);
    }
    if (fstat(fd, out_info) != 0) {
        const int code = errno;
        close(fd);
        return ls_fail_errno(err, path, "cannot open the file", code);
    }
    if (!S_ISREG(out_info->st_mode)) {
        close(fd);
        return ls_fail_at(
            err, LS_ERR_IO, path, 0, 0, "%s, not a file",
            S_ISDIR(out_info->st_mode) ? "this is a folder" : "this is a pipe or device");
    }
    *out_fd = fd;
    return LS_OK;
}

static ls_status too_large(ls_error *err, const char *path, size_t size_max) {
    const size_t mib = 1024 * 1024;
    if (size_max >= mib) {
        return ls_fail_at(err, LS_ERR_LIMIT, path, 0, 0,
                          "the file has more than %zu bytes (%zu MiB)", size_max, size_max / mib);
    }
    return ls_fail_at(err, LS_ERR_LIMIT, path, 0, 0, "the file has more than %zu bytes", size_max);
}

// Reads to the end, whatever fstat said: files grow, and those of /proc have no size.
static ls_status read_whole(int fd, const char *path, size_t size_max, size_t capacity,
                            ls_arena *arena, char **out, size_t *out_size, ls_error *err) {
    size_t size = 0;
    char *bytes = ls_arena_alloc(arena, capacity + 1);
    while (bytes != NULL) {
        if (size == capacity) {
            const size_t larger = capacity * 2;
            char *moved = ls_arena_alloc(arena, larger + 1);
            if (moved == NULL) {
                break;
            }
            memcpy(moved, bytes, size);
            bytes = moved;
            capacity = larger;
        }
        const ssize_t got = read(fd, bytes + size, capacity - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ls_fail_errno(err, path, "cannot read the file", errno);
        }
        if (got == 0) {
            bytes[size] = '\0';
            *out = bytes;
            *out_size = size;
            return LS_OK;
        }
        size += (size_t)got;
        if (size > size_max) {
            return too_large(err, path, size_max);
        }
    }
    return ls_fail_at(err, LS_ERR_MEMORY, path, 0, 0, "out of memory while reading the file");
}

ls_status ls_file_read(const char *path, size_t size_max, ls_arena *arena, char **out,
                       size_t *out_size, ls_error *err) {
    assert(path != NULL);
    assert(arena != NULL);
    assert(out != NULL);
    assert(out_size != NULL);
    assert(size_max < SIZE_MAX / 4);
    int fd = -1;
    struct stat info;
    ls_status status = read_open(path, &fd, &info, err);
    if (status != LS_OK) {
        return status;
    }
    const size_t size = info.st_size > 0 ? (size_t)info.st_size : 0;
    if (size > size_max) {
        status = too_large(err, path, size_max);
    } else {
        // One byte more than needed, so that the end is met without growing.
        const size_t capacity = size == 0 ? FIRST_READ : size + 1;
        status = read_whole(fd, path, size_max, capacity, arena, out, out_size, err);
    }
    close(fd);
    return status;
}

// write, which can be made to fail like a full device.
static ssize_t write_some(int fd, const char *bytes, size_t size) {
    const long long allowed = atomic_load(&write_allowed);
    if (allowed == 0 && size > 0) {
        errno = ENOSPC;
        return -1;
    }
    if (allowed > 0 && (unsigned long long)allowed < size) {
        size = (size_t)allowed;
    }
    const ssize_t done = write(fd, bytes, size);
    if (allowed > 0 && done > 0) {
        atomic_store(&write_allowed, allowed - done);
    }
    return done;
}

// 0 or an errno.
static int write_all(int fd, const char *bytes, size_t size) {
    size_t done = 0;
    while (done < size) {
        const ssize_t now = write_some(fd, bytes + done, size - done);
        if (now < 0 && errno != EINTR) {
            return errno;
        }
        done += now > 0 ? (size_t)now : 0;
    }
    return 0;
}

static ls_status write_direct(const char *path, const void *bytes, size_t size, ls_error *err) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return ls_fail_errno(err, path, "cannot write", errno);
    }
    int code = write_all(fd, bytes, size);
    if (close(fd) != 0 && code == 0) {
        code = errno;
    }
    return code == 0 ? LS_OK : ls_fail_errno(err, path, "cannot write", code);
}

// A new file beside `path`, its name in *name. 0 or an errno.
static int temporary_open(const char *path, mode_t mode, ls_buffer *name, int *out_fd) {
    static atomic_uint serial;
    const char *slash = strrchr(path, '/');
    const size_t folder = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        ls_buffer_clear(name);
        ls_buffer_append(name, path, folder);
        ls_buffer_printf(name, ".%.200s.%ld-%u.tmp", path + folder, (long)getpid(),
                         atomic_fetch_add(&serial, 1));
        if (name->failed) {
            return ENOMEM;
        }
        *out_fd = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, mode);
        if (*out_fd >= 0) {
            return 0;
        }
        if (errno != EEXIST) {
            return errno;
        }
    }
    return EEXIST;
}

// Makes the rename itself last; that it cannot is no reason to say the file was not written.
static void sync_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    ls_buffer folder;
    ls_buffer_init(&folder);
    if (slash == NULL) {
        ls_buffer_text(&folder, ".");
    } else {
        ls_buffer_append(&folder, path, (size_t)(slash - path) + 1);
    }
    if (!folder.failed) {
        const int fd = open(folder.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0) {
            (void)fsync(fd);
            close(fd);
        }
    }
    ls_buffer_clear(&folder);
}

static ls_status write_beside(const char *path, const struct stat *old, const void *bytes,
                              size_t size, ls_error *err) {
    ls_buffer name;
    ls_buffer_init(&name);
    int fd = -1;
    int code = temporary_open(path, 0666, &name, &fd);
    const bool is_made = code == 0;
    if (code == 0 && old != NULL && fchmod(fd, old->st_mode & 07777) != 0) {
        code = errno;
    }
    if (code == 0) {
        code = write_all(fd, bytes, size);
    }
    if (code == 0 && fsync(fd) != 0 && errno != EINVAL) {
        code = errno;
    }
    if (fd >= 0 && close(fd) != 0 && code == 0) {
        code = errno;
    }
    if (code == 0 && rename(name.data, path) != 0) {
        code = errno;
    }
    if (code == 0) {
        sync_folder(path);
    } else if (is_made) {
        (void)unlink(name.data);
    }
    ls_buffer_clear(&name);
    return code == 0 ? LS_OK : ls_fail_errno(err, path, "cannot write the file", code);
}

ls_status ls_file_write(const char *path, const void *bytes, size_t size, ls_error *err) {
    assert(path != NULL);
    assert(bytes != NULL || size == 0);
    struct stat old;
    if (stat(path, &old) != 0) {
        return write_beside(path, NULL, bytes, size, err);
    }
    if (S_ISDIR(old.st_mode)) {
        return ls_fail_errno(err, path, "cannot write the file", EISDIR);
    }
    if (!S_ISREG(old.st_mode)) {
        return write_direct(path, bytes, size, err);
    }
    char *target = realpath(path, NULL);
    if (target == NULL) {
        return ls_fail_errno(err, path, "cannot write the file", errno);
    }
    const ls_status status = write_beside(target, &old, bytes, size, err);
    free(target);
    return status;
}

bool ls_file_this_program(char *out, size_t size) {
    const ssize_t length = readlink("/proc/self/exe", out, size - 1);
    if (length <= 0 || (size_t)length == size - 1) {
        return false;
    }
    out[length] = '\0';
    return true;
}
