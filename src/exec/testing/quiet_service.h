// quiet_service.h - a service whose runs are not there, on a clock that the test moves.
#pragma once

#include "exec/service.h"

enum { QUIET_JOBS_MAX = 320 };

typedef struct quiet_service {
    int64_t steady_us;
    uint32_t began[QUIET_JOBS_MAX];  // how often
    bool runs[QUIET_JOBS_MAX];
    ls_run_end ends[QUIET_JOBS_MAX];
    uint32_t end_at, end_count;
    char folder[64];
    ls_pool *pool;
    ls_exec *exec;
} quiet_service;

// `pool`: the text of its file. Opens it.
void quiet_make(quiet_service *w, const char *pool);
ls_status quiet_open(quiet_service *w, ls_error *err);  // again, on the same folder
void quiet_close(quiet_service *w);
void quiet_clear(quiet_service *w);  // with its folder
void quiet_step(quiet_service *w);
// The run of the job is over, so long ago; the next step hears of it.
void quiet_end(quiet_service *w, uint64_t id, int64_t ago_us);
ls_exec_state quiet_state(const quiet_service *w, uint64_t id);
