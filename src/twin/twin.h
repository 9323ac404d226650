// twin.h - inside of the public handles.
#pragma once

#include <lineshaft/twin.h>

#include "base/arena.h"
#include "base/status.h"
#include "twin/kernel_variants.h"
#include "twin/state.h"

struct ls_twin {
    ls_model *model;
    const ls_kernel *kernel;
    ls_arena arena;  // names
    const char *name;
    const char **stations, **classes, **machines, **steps;
    ls_i64 run_for_us, run_warmup_us;
    uint32_t run_reps;
    uint64_t run_seed;
    uint32_t products;
};

struct ls_snapshot {
    ls_state *state;
    ls_scratch scratch;
    size_t state_size;
    const ls_model *model;  // of its twin
    bool acts_wait;         // between ls_intervene_begin and ls_intervene_settle
};

// Scratch for one thread.
ls_status ls_scratch_create(const ls_model *model, ls_scratch *out, ls_error *err);
void ls_scratch_clear(ls_scratch *scratch);

// Zeroes and starts a state the caller owns (model->state_size bytes).
ls_status ls_state_start(const ls_twin *twin, ls_state *state, ls_scratch *scratch, uint64_t key,
                         ls_error *err);
// Runs and explains what stopped it. Fails with LS_ERR_STUCK where nothing can go on any more.
ls_status ls_state_run(const ls_twin *twin, ls_state *state, ls_scratch *scratch, int64_t until_us,
                       uint64_t max_events, ls_error *err);
// LS_ERR_STUCK when machines block each other in a circle; the message says who waits for whom.
ls_status ls_state_check_stuck(const ls_twin *twin, const ls_state *state, ls_error *err);
// LS_ERR_STUCK when events follow one another without end and the clock stands still; the message
// says where.
ls_status ls_state_check_still(const ls_twin *twin, const ls_state *state,
                               const ls_scratch *scratch, ls_error *err);
// Everything a state must satisfy at any time between events; LS_ERR_INVALID names what does not
// hold.
ls_status ls_state_check(const ls_twin *twin, const ls_state *state, ls_error *err);
// Makes `to` the same bytes as `from`. What belongs to lot slots that neither has ever used is zero
// in both and is not touched, so that a plant's limit of lots costs nothing.
void ls_state_copy(const ls_model *model, ls_state *to, const ls_state *from);
uint64_t ls_state_hash(const ls_model *model, const ls_state *state);  // without its seal
// The seal that bytes of a saved state must bear.
uint64_t ls_state_seal(const void *bytes, size_t size);
