// kernel_variants.h - the compiled kernels, and the one that suits this processor.
#pragma once

#include "twin/state.h"

typedef struct ls_kernel {
    const char *name;
    int (*run)(const ls_model *model, ls_state *state, ls_scratch *scratch, ls_i64 until,
               ls_u64 max_events);
    int (*start)(const ls_model *model, ls_state *state, ls_scratch *scratch, ls_u64 key);
    int (*fork)(const ls_model *model, ls_state *state, ls_scratch *scratch, ls_u64 key);
    int (*hand)(const ls_model *model, ls_state *state, ls_scratch *scratch, ls_u32 act,
                ls_u32 index, ls_i64 value);
    int (*settle)(const ls_model *model, ls_state *state, ls_scratch *scratch);
} ls_kernel;

// The fastest one that this processor runs.
const ls_kernel *ls_kernel_best(void);
// By name, NULL when it was not built or this processor cannot run it.
const ls_kernel *ls_kernel_find(const char *name);
