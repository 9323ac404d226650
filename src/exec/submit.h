// submit.h - a job as a caller sends it, as a JSON object, read into a job.
#pragma once

#include <jansson.h>

#include "exec/job.h"
#include "pool/pool.h"

// What stands beside the job itself.
typedef struct ls_submit {
    ls_exec_job job;   // user, uid and gid are the caller's to fill in
    const char *once;  // asked again with the same, it is submitted only once; NULL: nothing
} ls_submit;

// Texts are the object's or the arena's. Whether it fits the pool says ls_exec_submit; here kinds
// and all values are checked, not yet the account. LS_ERR_INVALID, LS_ERR_MEMORY.
ls_status ls_submit_read(const json_t *object, const ls_pool *pool, ls_arena *arena, ls_submit *out,
                         ls_error *err);
// The account of this path, with the nearest known one in the hint where there is none.
// LS_ERR_INVALID.
ls_status ls_submit_account(const ls_pool *pool, const char *path, uint32_t *out, ls_error *err);
const char *ls_level_word(ls_pool_level level);  // "rack"; NULL: of LS_POOL_ANYWHERE
