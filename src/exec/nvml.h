// nvml.h - the GPUs of this machine as NVIDIA's management library tells them.
//
// The library is opened when asked for (dlopen) and closed again: nothing to link, nothing lost
// without it. Where a GPU is divided (MIG), each slice counts as a GPU.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

typedef struct ls_nvml_gpu {
    const char *uuid;  // what CUDA_VISIBLE_DEVICES takes: "GPU-...", "MIG-..."
    const char *name;  // "NVIDIA H100 80GB HBM3"
    uint32_t memory_mib;
    bool slice;  // of a GPU that is divided
} ls_nvml_gpu;

typedef struct ls_nvml {
    ls_arena arena;
    ls_nvml_gpu *gpus;
    uint32_t count;
    char note[200];  // why there are none; else empty
} ls_nvml;

// LS_OK with count 0 where there is no library or no GPU. Fails with LS_ERR_MEMORY.
ls_status ls_nvml_list(ls_nvml *out, ls_error *err);
void ls_nvml_clear(ls_nvml *list);
// For tests: this file instead of libnvidia-ml.so.1; NULL: that one again.
void ls_nvml_use(const char *path);
const char *ls_nvml_path(void);  // of the library
