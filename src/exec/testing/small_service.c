// small_service.c - see small_service.h.
#include "exec/testing/small_service.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec/process.h"
#include "pool/pool_file.h"

enum { PATIENCE_MS = 60000 };

static void told(void *context, const ls_exec_event *event) {
    small_service *s = context;
    s->told[event->act]++;
}

bool small_service_open(small_service *s) {
    ls_exec_def def = s->def;
    def.folder = s->folder;
    def.pool = s->pool;
    def.keep = 50;
    def.told = told;
    def.context = s;
    ls_error err = {0};
    const bool fine = ls_exec_open(&def, &s->exec, &err) == LS_OK;
    if (!fine) {
        printf("open: %s\n", err.text);
    }
    return fine;
}

bool small_service_make(small_service *s, uint32_t slots, const char *accounts) {
    char text[2048];
    ls_errors errors;
    *s = (small_service){.exec = NULL};
    snprintf(s->folder, sizeof s->folder, "/tmp/ls-exec-XXXXXX");
    if (mkdtemp(s->folder) == NULL) {
        return false;
    }
    snprintf(text, sizeof text,
             "pool: small\nreclaim: 1 s\nnodes: {name: here, slots: %u}\naccounts:\n%s", slots,
             accounts != NULL ? accounts : "  main: {}\n");
    ls_errors_init(&errors);
    const ls_status status = ls_pool_read(text, strlen(text), "small", NULL, &s->pool, &errors);
    if (status != LS_OK) {
        printf("pool: %s\n", errors.items[0].text);
    }
    ls_errors_clear(&errors);
    return status == LS_OK && small_service_open(s);
}

void small_service_close(small_service *s) {
    ls_exec_close(s->exec);
    s->exec = NULL;
}

static void remove_all(const char *path) {
    DIR *dir = opendir(path);
    for (const struct dirent *e = dir != NULL ? readdir(dir) : NULL; e != NULL; e = readdir(dir)) {
        char below[512];
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
            snprintf(below, sizeof below, "%s/%s", path, e->d_name);
            if (unlink(below) != 0) {
                remove_all(below);
            }
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    rmdir(path);
}

void small_service_clear(small_service *s) {
    ls_exec_view v;
    if (s->exec != NULL) {
        for (uint64_t id = 0; ls_exec_next(s->exec, id, 0, 0, &v);) {
            id = v.id;
            ls_exec_cancel(s->exec, id, NULL);
        }
        for (uint64_t id = 0; ls_exec_next(s->exec, id, 0, 0, &v);) {
            id = v.id;
            if (!ls_exec_is_over(v.state)) {
                small_until(s, id, LS_EXEC_CANCELLED);
                id = 0;
                if (ls_exec_next(s->exec, 0, 0x1f, 0, &v) == false) {
                    break;
                }
            }
        }
        small_service_close(s);
    }
    ls_pool_destroy(s->pool);
    remove_all(s->folder);
}

ls_exec_job small_job(const char *const *argv) {
    return (ls_exec_job){.argv = argv, .folder = "/tmp", .shape = {.parts = 1, .gpus = 1}};
}

uint64_t small_submit(small_service *s, const ls_exec_job *job) {
    ls_error err = {0};
    uint64_t id = 0;
    if (ls_exec_submit(s->exec, job, &id, &err) != LS_OK) {
        printf("submit: %s\n", err.text);
    }
    return id;
}

bool small_step(small_service *s) {
    ls_error err = {0};
    const int64_t wait_us = ls_exec_wait_us(s->exec);
    struct pollfd polls = {.fd = ls_exec_fd(s->exec), .events = POLLIN};
    poll(&polls, 1, wait_us > 50000 ? 50 : (int)((wait_us + 999) / 1000));
    const bool fine = ls_exec_step(s->exec, &err) == LS_OK;
    if (!fine) {
        printf("step: %s\n", err.text);
    }
    return fine;
}

ls_exec_state small_state(const small_service *s, uint64_t id) {
    ls_exec_view v;
    return ls_exec_get(s->exec, id, &v) ? v.state : LS_EXEC_STATE_COUNT;
}

bool small_until(small_service *s, uint64_t id, ls_exec_state state) {
    const int64_t until_us = ls_steady_us() + (int64_t)PATIENCE_MS * 1000;
    while (small_state(s, id) != state) {
        if (ls_exec_is_over(small_state(s, id)) || ls_steady_us() > until_us || !small_step(s)) {
            return false;
        }
    }
    return true;
}

const char *small_log(const small_service *s, uint64_t id) {
    static char buffers[2][1 << 16];
    static int at;
    char *out = buffers[at ^= 1];
    size_t size = 0;
    size_t got = 0;
    uint64_t offset = 0;
    do {
        if (ls_exec_log_read(s->exec, id, 0, LS_EXEC_OUT, &offset, out + size,
                             sizeof buffers[0] - 1 - size, &got, NULL) != LS_OK) {
            break;
        }
        size += got;
    } while (got > 0);
    out[size] = '\0';
    return out;
}

bool small_until_lines(small_service *s, uint64_t id, uint32_t lines) {
    const int64_t until_us = ls_steady_us() + (int64_t)PATIENCE_MS * 1000;
    for (;;) {
        uint32_t count = 0;
        for (const char *at = small_log(s, id); (at = strchr(at, '\n')) != NULL; at++) {
            count++;
        }
        if (count >= lines) {
            return true;
        }
        if (ls_steady_us() > until_us || !small_step(s)) {
            return false;
        }
    }
}

bool small_file_has(const char *path, uint64_t bytes) {
    for (int i = 0; i < PATIENCE_MS / 10; i++) {
        struct stat status;
        if (stat(path, &status) == 0 && (uint64_t)status.st_size >= bytes) {
            return true;
        }
        usleep(10000);
    }
    return false;
}
