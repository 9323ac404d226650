// process.c - see process.h.
#include "exec/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "pool/grow.h"

enum { STAT_SIZE = 1024, ENVIRON_SIZE = 1 << 20 };

static ssize_t read_all(const char *path, char *out, size_t size) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    size_t at = 0;
    while (at < size - 1) {
        const ssize_t got = read(fd, out + at, size - 1 - at);
        if (got <= 0) {
            break;
        }
        at += (size_t)got;
    }
    close(fd);
    out[at] = '\0';
    return (ssize_t)at;
}

typedef struct stat_line {
    char state;
    pid_t parent;
    uint64_t start, ticks;  // of processor time, with that of the children it has waited for
} stat_line;

// Fields of /proc/PID/stat: 3 is the state, 4 the parent, 14 to 17 times, 22 the start. The name,
// 2, may hold anything, so they are counted from its last parenthesis.
static bool read_stat(pid_t pid, stat_line *out) {
    char path[64];
    char text[STAT_SIZE];
    *out = (stat_line){0};
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_all(path, text, sizeof text) <= 0) {
        return false;
    }
    const char *at = strrchr(text, ')');
    if (at == NULL || at[1] != ' ') {
        return false;
    }
    at += 2;
    out->state = *at;
    for (int field = 3; field < 22 && at != NULL; field++) {
        if (field == 4) {
            out->parent = (pid_t)strtol(at, NULL, 10);
        } else if (field >= 14 && field <= 17) {
            out->ticks += strtoull(at, NULL, 10);
        }
        at = strchr(at, ' ');
        at = at != NULL ? at + 1 : NULL;
    }
    if (at == NULL) {
        return false;
    }
    out->start = strtoull(at, NULL, 10);
    return true;
}

static bool is_dead(const stat_line *line) {
    return line->state == 'Z' || line->state == 'X';
}

bool ls_process_find(pid_t pid, ls_process *out, pid_t *out_parent) {
    stat_line line;
    if (pid <= 0 || !read_stat(pid, &line)) {
        return false;
    }
    *out = (ls_process){.pid = pid, .start = line.start};
    if (out_parent != NULL) {
        *out_parent = line.parent;
    }
    return true;
}

bool ls_process_is(ls_process process) {
    stat_line line;
    return process.pid > 0 && read_stat(process.pid, &line) && line.start == process.start &&
           !is_dead(&line);
}

bool ls_process_stands_still(ls_process process) {
    stat_line line;
    return process.pid > 0 && read_stat(process.pid, &line) && line.start == process.start &&
           (line.state == 'T' || line.state == 't');
}

void ls_process_boot(char out[LS_BOOT_SIZE]) {
    if (read_all("/proc/sys/kernel/random/boot_id", out, LS_BOOT_SIZE) < 0) {
        out[0] = '\0';
    }
    out[strcspn(out, "\n")] = '\0';
}

typedef struct row {
    pid_t pid, parent;
    uint64_t ticks;
    bool below, dead;
} row;

static pid_t pid_of(const char *name) {
    char *end = NULL;
    const long pid = strtol(name, &end, 10);
    return end != name && *end == '\0' && pid > 0 ? (pid_t)pid : 0;
}

static row *all_processes(uint32_t *out_count) {
    row *rows = NULL;
    uint32_t room = 0;
    *out_count = 0;
    DIR *dir = opendir("/proc");
    if (dir == NULL) {
        return NULL;
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        const pid_t pid = pid_of(entry->d_name);
        stat_line line;
        if (pid > 0 && read_stat(pid, &line) &&
            ls_grow(&rows, &room, sizeof *rows, *out_count + 1)) {
            rows[(*out_count)++] = (row){
                .pid = pid, .parent = line.parent, .ticks = line.ticks, .dead = is_dead(&line)};
        }
    }
    closedir(dir);
    return rows;
}

static int by_pid(const void *a, const void *b) {
    const row *x = a;
    const row *y = b;
    return (x->pid > y->pid) - (x->pid < y->pid);
}

static const row *find_row(const row *rows, uint32_t count, pid_t pid) {
    const row key = {.pid = pid};
    return bsearch(&key, rows, count, sizeof *rows, by_pid);
}

uint32_t ls_process_signal_below(pid_t root, int signal) {
    uint32_t count = 0;
    row *rows = all_processes(&count);
    if (count > 0) {
        qsort(rows, count, sizeof *rows, by_pid);
    }
    // A child may have a lesser number than its parent, so until nothing new is found.
    for (bool again = true; again;) {
        again = false;
        for (uint32_t i = 0; i < count; i++) {
            if (!rows[i].below) {
                const row *parent = find_row(rows, count, rows[i].parent);
                rows[i].below = rows[i].parent == root || (parent != NULL && parent->below);
                again |= rows[i].below;
            }
        }
    }
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (rows[i].below && !rows[i].dead) {
            found++;
            kill(rows[i].pid, signal);
        }
    }
    ls_free(rows);
    return found;
}

// Which of the roots it is, or stands below; `count`: none of them.
static uint32_t root_of(const row *rows, uint32_t row_count, const row *at, const pid_t *roots,
                        uint32_t count) {
    for (uint32_t depth = 0; at != NULL && depth < row_count; depth++) {
        for (uint32_t i = 0; i < count; i++) {
            if (roots[i] == at->pid) {
                return i;
            }
        }
        at = find_row(rows, row_count, at->parent);
    }
    return count;
}

void ls_process_used(const pid_t roots[], uint32_t count, int64_t out_us[]) {
    uint32_t row_count = 0;
    row *rows = all_processes(&row_count);
    const int64_t hertz = sysconf(_SC_CLK_TCK);
    if (row_count > 0) {
        qsort(rows, row_count, sizeof *rows, by_pid);
    }
    for (uint32_t i = 0; i < count; i++) {
        out_us[i] = row_count > 0 && find_row(rows, row_count, roots[i]) != NULL ? 0 : -1;
    }
    for (uint32_t i = 0; i < row_count; i++) {
        const uint32_t root = root_of(rows, row_count, rows + i, roots, count);
        if (root < count) {
            out_us[root] += (int64_t)rows[i].ticks * 1000000 / (hertz > 0 ? hertz : 100);
        }
    }
    ls_free(rows);
}

static bool has_variable(const char *texts, size_t size, const char *mark) {
    for (size_t at = 0; at < size; at += strlen(texts + at) + 1) {
        if (strcmp(texts + at, mark) == 0) {
            return true;
        }
    }
    return false;
}

uint32_t ls_process_signal_marked(const char *mark, int signal) {
    uint32_t count = 0;
    uint32_t found = 0;
    row *rows = all_processes(&count);
    char *texts = ls_alloc(ENVIRON_SIZE);
    for (uint32_t i = 0; texts != NULL && i < count; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/environ", (int)rows[i].pid);
        const ssize_t size = rows[i].dead ? -1 : read_all(path, texts, ENVIRON_SIZE);
        if (size > 0 && rows[i].pid != getpid() && has_variable(texts, (size_t)size, mark)) {
            found++;
            kill(rows[i].pid, signal);
        }
    }
    ls_free(texts);
    ls_free(rows);
    return found;
}

static int64_t clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t ls_steady_us(void) {
    return clock_us(CLOCK_MONOTONIC);
}

int64_t ls_process_wall_us(void) {
    return clock_us(CLOCK_REALTIME);
}
