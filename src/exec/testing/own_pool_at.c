// own_pool_at.c - see own_pool_at.h.
#include "exec/testing/own_pool_at.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 3000, PAUSE_MS = 20 };

static void pause_a_bit(void) {
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    nanosleep(&pause, NULL);
}

bool own_pool_at_make(own_pool_at *at) {
    *at = (own_pool_at){.own = NULL};
    snprintf(at->folder, sizeof at->folder, "/tmp/ls-own-pool-XXXXXX");
    return mkdtemp(at->folder) != NULL;
}

bool own_pool_at_open(own_pool_at *at, uint32_t slots) {
    ls_error err = {0};
    const ls_own_pool_def def = {
        .name = "gear \"box.2\"", .folder = at->folder, .slots = slots, .version = "test"};
    bool fine = ls_own_pool_open(&def, &at->own, &err) == LS_OK;
    const ls_tenant_def tenant = {.daemon = fine ? ls_own_pool_daemon(at->own) : NULL};
    fine = fine && ls_tenant_open(&tenant, &at->tenant, &err) == LS_OK;
    if (!fine) {
        printf("open: %s\n", err.text);
    }
    return fine;
}

void own_pool_at_close(own_pool_at *at) {
    ls_tenant_close(at->tenant);
    ls_own_pool_close(at->own);
    at->tenant = NULL;
    at->own = NULL;
}

static void remove_all(const char *path) {
    char below[4352];
    struct stat about;
    DIR *dir = opendir(path);
    for (const struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        if (lstat(below, &about) == 0 && S_ISDIR(about.st_mode)) {
            remove_all(below);
        } else {
            unlink(below);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    rmdir(path);
}

void own_pool_at_remove(own_pool_at *at) {
    own_pool_at_close(at);
    remove_all(at->folder);
}

bool own_pool_at_until(own_pool_at *at, uint64_t id, ls_tenant_state state, ls_tenant_look *out) {
    ls_error err = {0};
    for (int i = 0; i < TRIES; i++) {
        if (ls_tenant_ask(at->tenant, id, out, &err) != LS_OK) {
            printf("ask: %s\n", err.text);
            return false;
        }
        if (out->state == state) {
            return true;
        }
        if (ls_tenant_is_over(out)) {
            break;
        }
        pause_a_bit();
    }
    printf("job %llu is %s: %s\n", (unsigned long long)id, out->word, out->text);
    return false;
}

bool own_pool_at_lines(const char *path, uint32_t lines) {
    for (int i = 0; i < TRIES; i++) {
        FILE *file = fopen(path, "r");
        uint32_t seen = 0;
        for (int c = file != NULL ? fgetc(file) : EOF; c != EOF; c = fgetc(file)) {
            seen += c == '\n';
        }
        if (file != NULL) {
            fclose(file);
        }
        if (file != NULL && seen >= lines) {
            return true;
        }
        pause_a_bit();
    }
    return false;
}
