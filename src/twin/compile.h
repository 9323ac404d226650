// compile.h - an ls_plant becomes an ls_model.
#pragma once

#include "base/status.h"
#include "plant/plant.h"
#include "twin/model.h"

// Builds the model block (ls_alloc, the caller frees it with ls_free). Fails with LS_ERR_LIMIT
// (names the limit) or LS_ERR_MEMORY; *out is then NULL.
ls_status ls_model_compile(const ls_plant *plant, ls_model **out, ls_error *err);

// FNV-1a over 8 bytes at a time, then a finaliser; for model and state hashes.
uint64_t ls_hash_bytes(const void *bytes, size_t size, uint64_t seed);
