// pool_hand.c - see pool_hand.h.
#include "cli/pool_hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/complain.h"
#include "cli/interrupt.h"
#include "exec/plant_tenant.h"

enum { PATH_SIZE = 4096, LINE_MOST = 1 << 17, ARGS_MOST = 1024, LOOK_MS = 100, ONCE = 64 };

typedef struct handing {
    ls_tenant *tenant;
    uint64_t job;
    int64_t told, complained;  // how much of its logs was passed on
} handing;

// This program's own command line, as it was given; false: it cannot be known.
static bool read_line(char *line, const char **argv, char *program) {
    FILE *file = fopen("/proc/self/cmdline", "re");
    const size_t size = file != NULL ? fread(line, 1, LINE_MOST - 1, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    if (size == 0 || size == LINE_MOST - 1 || !ls_file_this_program(program, PATH_SIZE)) {
        return false;
    }
    line[size] = '\0';
    size_t count = 0;
    argv[count++] = program;
    for (char *at = line + strlen(line) + 1; at < line + size; at += strlen(at) + 1) {
        if (strcmp(at, "--pool") == 0) {
            continue;
        }
        if (count == ARGS_MOST) {
            return false;
        }
        argv[count++] = at;
    }
    argv[count] = NULL;
    return true;
}

static ls_status pass_on(handing *h, bool errors, ls_error *err) {
    int64_t *from = errors ? &h->complained : &h->told;
    for (;;) {
        ls_buffer bytes;
        ls_buffer_init(&bytes);
        const ls_status status = ls_tenant_read(h->tenant, h->job, errors, from, &bytes, err);
        if (status == LS_OK && bytes.size > 0) {
            fwrite(bytes.data, 1, bytes.size, errors ? stderr : stdout);
        }
        const bool more = status == LS_OK && bytes.size > 0;
        ls_buffer_clear(&bytes);
        if (!more) {
            return status;
        }
    }
}

static int wait_for(handing *h, const char *name) {
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    ls_tenant_look look = {.exit_code = -1};
    ls_error err = {0};
    ls_interrupt_watch();
    while (!ls_tenant_is_over(&look)) {
        if (ls_interrupt_came()) {
            ls_note("job %llu goes on", (unsigned long long)h->job);
            return LS_EXIT_STOPPED;
        }
        ls_status status = ls_tenant_ask(h->tenant, h->job, &look, &err);
        status = status == LS_OK ? pass_on(h, true, &err) : status;
        status = status == LS_OK ? pass_on(h, false, &err) : status;
        if (status != LS_OK && status != LS_ERR_IO) {  // a pool that is away is waited for
            return ls_complain(&err);
        }
        nanosleep(&pause, NULL);
    }
    fflush(stdout);
    if (look.exit_code >= 0) {
        return look.exit_code;
    }
    ls_fail(&err, LS_ERR_IO, "the job %llu ('%s') was not done: %s%s%s", (unsigned long long)h->job,
            name, look.word, look.text[0] != '\0' ? ": " : "", look.text);
    return ls_complain(&err);
}

static ls_status submit(handing *h, const char *name, double slots, const char *const *argv,
                        ls_error *err) {
    char folder[PATH_SIZE], once[ONCE];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    ls_text_format(once, sizeof once, "%ld.%lld.%09ld", (long)getpid(), (long long)now.tv_sec,
                   now.tv_nsec);
    const ls_tenant_job job = {.name = name,
                               .once = once,
                               .argv = argv,
                               .folder = getcwd(folder, sizeof folder),
                               .gpus = slots,
                               .grace_us = 10000000,
                               .split_log = true};
    return ls_tenant_submit(h->tenant, &job, &h->job, err);
}

int ls_pool_hand(const ls_plant *plant, const char *data, const char *name, double slots) {
    handing h = {.tenant = NULL};
    ls_error err = {0};
    char program[PATH_SIZE];
    char *line = ls_alloc(LINE_MOST);
    const char **argv = ls_alloc((ARGS_MOST + 1) * sizeof *argv);
    ls_status status = LS_OK;
    if (line == NULL || argv == NULL) {
        status = ls_fail(&err, LS_ERR_MEMORY, "out of memory");
    } else if (!read_line(line, argv, program)) {
        status = ls_fail(&err, LS_ERR_IO,
                         "this command's own line cannot be read: is /proc there?");
    }
    if (status == LS_OK) {
        status = ls_plant_tenant_open(plant, data, NULL, &h.tenant, &err);
    }
    if (status == LS_OK) {
        status = submit(&h, name, slots, argv, &err);
    }
    int code = LS_EXIT_DONE;
    if (status == LS_OK) {
        ls_note("job %llu of the plant's pool", (unsigned long long)h.job);
        code = wait_for(&h, name);
    } else {
        if (plant->pool.socket == NULL && plant->pool.url == NULL && status == LS_ERR_IO) {
            ls_hint(&err, "the pool of this plant is its service's: start it with 'lineshaft run'");
        }
        code = ls_complain(&err);
    }
    ls_tenant_close(h.tenant);
    ls_free(argv);
    ls_free(line);
    return code;
}
