// gpu_watch.h - the health of this machine's GPUs, watched by a thread of its own through NVIDIA's
// management library (nvml.h).
//
// Told of are: errors that NVIDIA calls the device's own, not the program's (XID 48, 62, 64, 74,
// 79, 95, 119, 120, 140); uncorrected errors of its memory since it was reset, each time that there
// are more; and a GPU that no longer answers, for as long as it does not. A driver that hangs holds
// up this thread alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_gpu_watch ls_gpu_watch;

typedef struct ls_gpu_watch_def {
    const char *const *uuids;  // of those that are watched; "": none. Copied
    uint32_t count;
    int64_t every_us;  // how often they are looked at; 0: 5 s. Errors by number are told at once
    // Called by its thread. `what`: one line, for people.
    void (*trouble)(void *context, const char *uuid, const char *what);
    void *context;
} ls_gpu_watch_def;

// *out is NULL where there is nothing to watch: no GPU, no library, a driver that does not answer.
// Fails with LS_ERR_MEMORY, LS_ERR_IO (no thread).
ls_status ls_gpu_watch_start(const ls_gpu_watch_def *def, ls_gpu_watch **out, ls_error *err);
// Waits until it has ended, three seconds at most: one that hangs in the driver is left behind.
// NULL is fine.
void ls_gpu_watch_stop(ls_gpu_watch *watch);

// The device's own error, not that of the program which ran on it.
bool ls_gpu_watch_is_own(uint64_t xid);
