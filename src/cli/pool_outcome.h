// pool_outcome.h - what a simulated time of a pool came to, for people and for programs.
#pragma once

#include "base/text.h"
#include "pool/outcome.h"
#include "pool/pool.h"

typedef struct ls_pool_outcome {
    const ls_pool *pool;
    const ls_outcome *outcome;
    const ls_sim_result *result;
    const ls_sim_policy *policy;
    const char *load;  // "philly trace jobs.csv", "mix group at 90 %"
    int64_t span_us;
    uint64_t seed;
    const char *refused;  // why the first job was that was
} ls_pool_outcome;

// The first two lines: pool, span, load.
void ls_pool_outcome_heading(const ls_pool *pool, int64_t span_us, const char *load,
                             ls_buffer *out);
// What the account borrowed; of the pool itself: what those right below it did.
ls_gpu_time ls_pool_outcome_borrowed(const ls_pool_outcome *o, uint32_t account);
void ls_pool_outcome_text(const ls_pool_outcome *o, ls_buffer *out);
// The object is documented in docs/JSON.md.
void ls_pool_outcome_json(const ls_pool_outcome *o, ls_buffer *out);

// A statement as CSV: the header, and the rows of a day that was closed.
void ls_pool_statement_head(ls_buffer *out);
void ls_pool_statement_day(const ls_pool *pool, int64_t day, const ls_meter_row *rows,
                           const ls_meter_pool *all, ls_buffer *out);
