// pool_trace_fuzz.c - any text as a list of jobs, in each of the forms. What is accepted must hand
// a pool jobs in the order of their submission, with amounts that a pool can have.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import/pool_trace.h"
#include "pool/pool_file.h"

enum { JOBS_MAX = 200000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ls_pool *small_pool(void) {
    static const char text[] =
        "pool: fuzz\n"
        "nodes: {count: 4, kind: dgx-h100}\n"
        "accounts: {a: {guarantee: 8}, b: {accounts: {c: {}, d: {}}}}\n";
    ls_errors errors;
    ls_errors_init(&errors);
    ls_pool *pool = NULL;
    if (ls_pool_read(text, sizeof text - 1, "pool.yaml", NULL, &pool, &errors) != LS_OK) {
        abort();
    }
    ls_errors_clear(&errors);
    return pool;
}

// Whom a job waits for has come before it.
static void check_order(const ls_trace *t, const ls_sim_job *job, bool *seen) {
    if (job->number > t->group_count || job->after_count > LS_TRACE_AFTER_MAX) {
        abort();
    }
    for (uint32_t i = 0; i < job->after_count; i++) {
        if (job->after[i] == 0 || job->after[i] > t->group_count || !seen[job->after[i]]) {
            abort();
        }
    }
    seen[job->number] = true;
}

static void check_jobs(const ls_trace *t, const ls_pool *pool, ls_arena *arena) {
    if (t->jobs > JOBS_MAX) {
        return;  // arrays: each of them would only take its time
    }
    bool *seen = calloc(t->group_count + (size_t)1, sizeof *seen);
    if (seen == NULL) {
        abort();
    }
    ls_trace_load l;
    ls_error err = {0};
    ls_sim_job job;
    if (ls_trace_load_make(t, pool, NULL, 2.0, 1.0, arena, &l, &err) != LS_OK) {
        if (err.text[0] == '\0') {
            abort();  // refused without a reason
        }
        free(seen);
        return;
    }
    size_t count = 0;
    int64_t last_us = 0;
    for (; ls_trace_load_next(&l, &job); count++) {
        const ls_pool_request *r = &job.request;
        const bool whole = r->shape.milli == 0 && r->shape.gpus > 0;
        if (job.submit_us < last_us || job.work_us <= 0 || r->most_us <= 0 ||
            r->account >= pool->account_count || pool->accounts[r->account].child_count != 0 ||
            r->shape.parts == 0 || r->shape.gpus > 8 || r->shape.milli >= LS_POOL_WHOLE ||
            (!whole && r->shape.parts != 1)) {
            abort();
        }
        check_order(t, &job, seen);
        last_us = job.submit_us;
    }
    if (count != t->jobs) {
        abort();
    }
    free(seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ls_pool *pool;  // the same for all inputs, and kept to the end
    pool = pool != NULL ? pool : small_pool();
    ls_arena arena;
    ls_arena_init(&arena);
    ls_trace trace;
    ls_error err = {0};
    if (ls_trace_read((const char *)data, size, "jobs.csv", &arena, &trace, &err) == LS_OK) {
        check_jobs(&trace, pool, &arena);
    } else if (err.text[0] == '\0') {
        abort();  // refused without a reason
    }
    ls_arena_clear(&arena);
    return 0;
}
