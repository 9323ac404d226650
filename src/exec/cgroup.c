// cgroup.c - see cgroup.h.
#include "exec/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE = 4096 };

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

int ls_cgroup_open(char *why, size_t why_size) {
    char mount[1024];
    char own[1024];
    char path[2048];
    char probe[64];
    why[0] = '\0';
    if (!find_mount(mount, sizeof mount) || !find_own(own, sizeof own)) {
        snprintf(why, why_size, "no cgroup v2 is mounted");
        return -1;
    }
    snprintf(path, sizeof path, "%s%s", mount, own);
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    snprintf(probe, sizeof probe, "lineshaft-probe-%d", (int)getpid());
    if (folder < 0 || mkdirat(folder, probe, 0755) != 0) {
        snprintf(why, why_size, "no cgroup can be made in %.80s: %s", path, strerror(errno));
        if (folder >= 0) {
            close(folder);
        }
        return -1;
    }
    char file[128];
    snprintf(file, sizeof file, "%s/cgroup.kill", probe);
    const bool kills = faccessat(folder, file, W_OK, 0) == 0;
    unlinkat(folder, probe, AT_REMOVEDIR);
    if (!kills) {
        snprintf(why, why_size, "the kernel has no cgroup.kill");
        close(folder);
        return -1;
    }
    return folder;
}
