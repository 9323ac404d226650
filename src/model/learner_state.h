// learner_state.h - a training between two rounds, as bytes that another process goes on from.
//
// The bytes say which training they are of (a hash of the settings, the rows and the labels) and
// end with their own SHA-256, so that those of another training, or cut off by a crash, are told
// apart from good ones and never gone on from.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"
#include "model/learner.h"
#include "model/sha256.h"

enum { LS_LEARNER_STATE_MAX = 1 << 29 };  // bytes

typedef struct ls_learner_state {
    uint32_t rounds_run, rounds_kept;
    double score;       // at rounds_kept
    const void *model;  // XGBoost's; borrowed
    size_t model_size;
} ls_learner_state;

// What tells this training from all others. `valid` may be NULL.
void ls_learner_state_key(const ls_learner_def *def, const ls_learner_rows *train,
                          const ls_learner_rows *valid, uint8_t out[LS_SHA256_SIZE]);
// Appends; out->failed when memory is out.
void ls_learner_state_pack(const uint8_t key[LS_SHA256_SIZE], const ls_learner_state *state,
                           ls_buffer *out);
// Total: any bytes. out->model points into them. LS_ERR_INVALID says what is wrong.
ls_status ls_learner_state_read(const void *bytes, size_t size, const uint8_t key[LS_SHA256_SIZE],
                                ls_learner_state *out, ls_error *err);
