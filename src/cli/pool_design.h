// pool_design.h - what the files of `lineshaft pool design` share.
#pragma once

#include "base/text.h"
#include "pool/design.h"

// What was asked for, and what is designed: the same, or as much as the power is enough for.
typedef struct ls_pool_designed {
    ls_design asked;
    ls_design design;
    bool fits;         // asked is what is designed
    const char *path;  // of the pool file, NULL: not written
} ls_pool_designed;

enum { LS_DESIGN_JOBS_MAX = 12 };

// Sizes of jobs that are told, up to all GPUs; how many.
uint32_t ls_pool_design_sizes(const ls_design *design, uint32_t *sizes);

void ls_pool_design_text(const ls_pool_designed *designed, ls_buffer *out);
void ls_pool_design_json(const ls_pool_designed *designed, ls_buffer *out);
