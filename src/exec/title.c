// title.c - see title.h.
#include "exec/title.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { PIECE = 4096 };

// How many bytes from `at` on are this process's command line, as the kernel shows it; 0: they are
// not, and must not be touched.
static size_t command_line_size(const char *at) {
    char piece[PIECE];
    size_t size = 0;
    const int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    for (ssize_t got = 1; fd >= 0 && got > 0;) {
        got = read(fd, piece, sizeof piece);
        if (got < 0 || (got > 0 && memcmp(piece, at + size, (size_t)got) != 0)) {
            size = 0;
            break;
        }
        size += (size_t)got;
    }
    if (fd >= 0) {
        close(fd);
    }
    return size;
}

void ls_title_set(const char *title) {
    char name[16];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(title, " "), title);
    prctl(PR_SET_NAME, name, 0, 0, 0);
    // The C library keeps where the first argument is; the others lie behind it.
    char *at = program_invocation_name;
    const size_t size = at != NULL ? command_line_size(at) : 0;
    if (size == 0) {
        return;
    }
    // The last byte stays 0: by another one the kernel takes the environment for more of it.
    const size_t length = strnlen(title, size - 1);
    memset(at, 0, size);
    memcpy(at, title, length);
}
