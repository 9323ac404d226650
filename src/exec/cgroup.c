// cgroup.c - see cgroup.h. Linux's Documentation/admin-guide/cgroup-v2.rst has the files.
#include "exec/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LINE = 4096 };
#define PERIOD_US 100000      // of cpu.max: the kernel's default
#define QUOTA_LEAST_US 1000U  // the least that it takes

static const char *const controllers[] = {"memory", "cpu", "pids", NULL};  // LS_LIMIT_*
static const char daemon_name[] = "lineshaft-daemon";

// ---- small files

static bool read_file(int folder, const char *name, char *out, size_t size) {
    const int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    size_t at = 0;
    if (fd < 0) {
        return false;
    }
    for (ssize_t got = 1; got > 0 && at<size - 1; at += got> 0 ? (size_t)got : 0) {
        got = read(fd, out + at, size - 1 - at);
    }
    close(fd);
    out[at] = '\0';
    return true;
}

// 0 or errno.
static int write_file(int folder, const char *name, const char *text) {
    const int fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    const size_t size = strlen(text);
    const ssize_t wrote = write(fd, text, size);
    const int wrong = wrote == (ssize_t)size ? 0 : wrote < 0 ? errno : EIO;
    close(fd);
    return wrong;
}

static bool has_word(const char *text, const char *word) {
    const size_t length = strlen(word);
    for (const char *at = text; (at = strstr(at, word)) != NULL; at += length) {
        const bool begins = at == text || at[-1] == ' ' || at[-1] == '\n';
        if (begins && (at[length] == ' ' || at[length] == '\n' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

// The number in the line "KEY NUMBER"; 0: there is none.
static uint64_t number_at(const char *text, const char *key) {
    const size_t length = strlen(key);
    for (const char *at = text; at != NULL && *at != '\0';) {
        if (strncmp(at, key, length) == 0 && at[length] == ' ') {
            return strtoull(at + length + 1, NULL, 10);
        }
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return 0;
}

// ---- our own

// Of /proc/self/mounts: where cgroup2 is.
static bool find_mount(char *out, size_t size) {
    FILE *file = fopen("/proc/self/mounts", "re");
    char line[LINE];
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        char where[1024];
        char kind[64];
        if (sscanf(line, "%*s %1023s %63s", where, kind) == 2 && strcmp(kind, "cgroup2") == 0) {
            found = snprintf(out, size, "%s", where) < (int)size;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

// Of /proc/self/cgroup: the line "0::/PATH".
static bool find_own(char *out, size_t size) {
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[LINE];
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "0::/", 4) == 0) {
            line[strcspn(line, "\n")] = '\0';
            found = snprintf(out, size, "%s", line + 3) < (int)size;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static bool ends_with(const char *text, const char *end) {
    const size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

// A service that systemd began is begun again in the same cgroup, beside the jobs of before; it
// could not be while that one's use is handed out to those below it.
static bool is_begun_again_here(const char *own) {
    return getenv("INVOCATION_ID") != NULL && ends_with(own, ".service");
}

// ---- controllers

static bool is_alone(int folder) {
    char text[LINE];
    char own[32];
    snprintf(own, sizeof own, "%d\n", (int)getpid());
    return read_file(folder, "cgroup.procs", text, sizeof text) && strcmp(text, own) == 0;
}

static int move_out(int folder) {
    if (mkdirat(folder, daemon_name, 0755) != 0 && errno != EEXIST) {
        return errno;
    }
    char path[64];
    snprintf(path, sizeof path, "%s/cgroup.procs", daemon_name);
    return write_file(folder, path, "0");
}

static void list_names(const char *const *names, uint32_t mask, char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; names[i] != NULL && at < size; i++) {
        if ((mask >> i & 1) != 0) {
            const int wrote = snprintf(out + at, size - at, "%s%s", at > 0 ? ", " : "", names[i]);
            at += wrote > 0 ? (size_t)wrote : 0;
        }
    }
}

uint32_t ls_cgroup_enable(int folder, const char *const *names, bool own, char *why) {
    char there[LINE];
    char handed[LINE];
    char list[96];
    uint32_t missing = 0, refused = 0, given = 0;
    int wrong = 0;
    why[0] = '\0';
    if (!read_file(folder, "cgroup.controllers", there, sizeof there)) {
        there[0] = '\0';
    }
    for (uint32_t i = 0; names[i] != NULL; i++) {
        const uint32_t bit = UINT32_C(1) << i;
        char text[64];
        if (!has_word(there, names[i])) {
            missing |= bit;
            continue;
        }
        if (read_file(folder, "cgroup.subtree_control", handed, sizeof handed) &&
            has_word(handed, names[i])) {
            given |= bit;
            continue;
        }
        snprintf(text, sizeof text, "+%s", names[i]);
        int code = write_file(folder, "cgroup.subtree_control", text);
        if (code == EBUSY && own && is_alone(folder) && move_out(folder) == 0) {
            code = write_file(folder, "cgroup.subtree_control", text);
        }
        given |= code == 0 ? bit : 0;
        refused |= code != 0 ? bit : 0;
        wrong = code != 0 ? code : wrong;
    }
    if (refused != 0) {
        list_names(names, refused, list, sizeof list);
        snprintf(why, LS_CGROUP_WHY_SIZE, "%s: %s", list,
                 wrong == EBUSY ? "other processes are in the cgroup" : strerror(wrong));
    } else if (missing != 0) {
        list_names(names, missing, list, sizeof list);
        snprintf(why, LS_CGROUP_WHY_SIZE, "%s: not handed to this cgroup", list);
    }
    return given;
}

// ---- opening

// Can a process of ours enter it?
static int enter(int folder, const char *name) {
    const pid_t pid = fork();
    if (pid == 0) {
        char path[96];
        snprintf(path, sizeof path, "%s/cgroup.procs", name);
        _exit(write_file(folder, path, "0"));
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return EAGAIN;
    }
    return WEXITSTATUS(status);
}

// What stands in the way of cgroups in the folder; false: nothing.
static bool is_useless(int folder, const char *path, char *why) {
    char probe[64];
    char file[96];
    snprintf(probe, sizeof probe, "lineshaft-probe-%d", (int)getpid());
    if (folder < 0 || (mkdirat(folder, probe, 0755) != 0 && errno != EEXIST)) {
        snprintf(why, LS_CGROUP_WHY_SIZE, "no cgroup can be made in %.100s: %s", path,
                 strerror(errno));
        return true;
    }
    snprintf(file, sizeof file, "%s/cgroup.kill", probe);
    const bool kills = faccessat(folder, file, W_OK, 0) == 0;
    const int wrong = kills ? enter(folder, probe) : 0;
    // Who entered it may still be about to be gone.
    for (int i = 0; i < 100 && unlinkat(folder, probe, AT_REMOVEDIR) != 0 && errno == EBUSY; i++) {
        usleep(1000);
    }
    if (!kills) {
        snprintf(why, LS_CGROUP_WHY_SIZE, "the kernel has no cgroup.kill");
    } else if (wrong != 0) {
        snprintf(why, LS_CGROUP_WHY_SIZE, "no process can be moved into %.100s: %s", path,
                 strerror(wrong));
    }
    return !kills || wrong != 0;
}

void ls_cgroup_open(const char *given, ls_cgroup *out) {
    char mount[1024];
    char own[1024] = "";
    char path[2048];
    *out = (ls_cgroup){.folder = -1};
    if (given != NULL) {
        snprintf(path, sizeof path, "%s", given);
    } else if (find_mount(mount, sizeof mount) && find_own(own, sizeof own)) {
        snprintf(path, sizeof path, "%s%s", mount, own);
    } else {
        snprintf(out->why, sizeof out->why, "no cgroup v2 is mounted");
        return;
    }
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0 && given == NULL && is_begun_again_here(own)) {
        snprintf(out->why_no_limit, sizeof out->why_no_limit,
                 "the service's own cgroup cannot limit those in it; --cgroup names another");
    } else if (folder >= 0) {
        out->limits = ls_cgroup_enable(folder, controllers, given == NULL, out->why_no_limit);
    }
    if (is_useless(folder, path, out->why)) {
        out->limits = 0;
        if (folder >= 0) {
            close(folder);
        }
        return;
    }
    out->folder = folder;
}

// ---- limits

static bool put(int cgroup, const char *file, const char *text, char *why, size_t why_size) {
    const int wrong = write_file(cgroup, file, text);
    if (wrong != 0) {
        snprintf(why, why_size, "%s of its cgroup cannot be set to '%s': %s", file, text,
                 strerror(wrong));
    }
    return wrong == 0;
}

bool ls_cgroup_limit(int cgroup, const ls_run_limits *limits, uint32_t mask, char *why,
                     size_t why_size) {
    char text[64];
    why[0] = '\0';
    if ((mask & LS_LIMIT_MEMORY) != 0 && limits->memory_mib != 0) {
        snprintf(text, sizeof text, "%" PRIu64, limits->memory_mib << 20);
        if (!put(cgroup, "memory.max", text, why, why_size)) {
            return false;
        }
        // What is over goes as one: a half of a job helps nobody. Neither is there everywhere.
        (void)write_file(cgroup, "memory.oom.group", "1");
        (void)write_file(cgroup, "memory.swap.max", "0");
    }
    if ((mask & LS_LIMIT_CPU) != 0) {
        snprintf(text, sizeof text, "%u", limits->cpu_weight);
        if (!put(cgroup, "cpu.weight", text, why, why_size)) {
            return false;
        }
        const uint64_t quota_us = limits->cpu_milli * (PERIOD_US / 1000);
        snprintf(text, sizeof text, "%" PRIu64 " %d",
                 quota_us > QUOTA_LEAST_US ? quota_us : QUOTA_LEAST_US, PERIOD_US);
        if (limits->cpu_milli != 0 && !put(cgroup, "cpu.max", text, why, why_size)) {
            return false;
        }
    }
    snprintf(text, sizeof text, "%u", limits->processes);
    return (mask & LS_LIMIT_PIDS) == 0 || put(cgroup, "pids.max", text, why, why_size);
}

bool ls_cgroup_struck(int cgroup, const ls_run_limits *limits, uint32_t mask, char *out,
                      size_t size) {
    char text[LINE];
    const bool killed = (mask & LS_LIMIT_MEMORY) != 0 && limits->memory_mib != 0 &&
                        read_file(cgroup, "memory.events", text, sizeof text) &&
                        number_at(text, "oom_kill") > 0;
    if (killed) {
        snprintf(out, size,
                 "killed at its memory limit of %" PRIu64 " MiB (--memory asks for more)",
                 limits->memory_mib);
        return true;
    }
    const bool refused = (mask & LS_LIMIT_PIDS) != 0 &&
                         read_file(cgroup, "pids.events", text, sizeof text) &&
                         number_at(text, "max") > 0;
    if (refused) {
        snprintf(out, size, "at its limit of %u processes (--processes asks for more)",
                 limits->processes);
    }
    return refused;
}
