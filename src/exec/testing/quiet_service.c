// quiet_service.c - see quiet_service.h.
#include "exec/testing/quiet_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool/pool_file.h"
#include "tests/harness.h"

static ls_status start(void *context, const ls_run_start *s, ls_error *err) {
    quiet_service *w = context;
    (void)err;
    CHECK(s->job < QUIET_JOBS_MAX && !w->runs[s->job]);
    w->runs[s->job] = true;
    w->began[s->job]++;
    return LS_OK;
}

static void stop(void *context, uint64_t job, uint32_t run, int64_t until_us) {
    (void)context;
    (void)job;
    (void)run;
    (void)until_us;
}

static bool ended(void *context, ls_run_end *out) {
    quiet_service *w = context;
    const bool some = w->end_at < w->end_count;
    if (some) {
        *out = w->ends[w->end_at++];
    }
    return some;
}

static ls_run_found adopt(void *context, uint64_t job, uint32_t run) {
    const quiet_service *w = context;
    (void)run;
    return w->runs[job] ? LS_RUN_FOUND_RUNNING : LS_RUN_FOUND_ENDED;
}

static int64_t steady(void *context) {
    const quiet_service *w = context;
    return w->steady_us;
}

ls_status quiet_open(quiet_service *w, ls_error *err) {
    const ls_executor executor = {
        .context = w, .start = start, .stop = stop, .ended = ended, .adopt = adopt};
    const ls_exec_def def = {.folder = w->folder,
                             .pool = w->pool,
                             .context = w,
                             .executor = &executor,
                             .steady_us = steady};
    return ls_exec_open(&def, &w->exec, err);
}

void quiet_make(quiet_service *w, const char *pool) {
    ls_errors errors;
    ls_error err = {0};
    *w = (quiet_service){.steady_us = 1000};
    snprintf(w->folder, sizeof w->folder, "/tmp/ls-quiet-XXXXXX");
    CHECK(mkdtemp(w->folder) != NULL);
    ls_errors_init(&errors);
    CHECK_INT(ls_pool_read(pool, strlen(pool), "small", NULL, &w->pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    CHECK_INT(quiet_open(w, &err), LS_OK);
    CHECK_STR(err.text, "");
}

void quiet_close(quiet_service *w) {
    ls_exec_close(w->exec);
    w->exec = NULL;
}

void quiet_clear(quiet_service *w) {
    ls_exec_close(w->exec);
    ls_pool_destroy(w->pool);
    const char *const names[] = {"pool.db", "pool.db-wal", "pool.db-shm"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", w->folder, names[i]);
        unlink(path);
    }
    rmdir(w->folder);
}

void quiet_step(quiet_service *w) {
    ls_error err = {0};
    CHECK_INT(ls_exec_step(w->exec, &err), LS_OK);
    CHECK_STR(err.text, "");
}

void quiet_end(quiet_service *w, uint64_t id, int64_t ago_us) {
    CHECK(w->runs[id] && w->end_count < QUIET_JOBS_MAX);
    w->runs[id] = false;
    w->ends[w->end_count++] = (ls_run_end){.job = id,
                                           .run = w->began[id],
                                           .how = LS_RUN_EXITED,
                                           .ended_us = ls_exec_now_us(w->exec) - ago_us};
}

ls_exec_state quiet_state(const quiet_service *w, uint64_t id) {
    ls_exec_view v = {.id = 0};
    CHECK(ls_exec_get(w->exec, id, &v));
    return v.state;
}
