// gpu_watch.h - the health of this machine's GPUs, watched by a thread of its own through NVIDIA's
// management library (nvml.h).
//
// Told of are: errors that NVIDIA calls the device's own, not the program's, by their number (XID,
// below); uncorrected errors of its memory since it was reset, each time that there are more; and a
// GPU that no longer answers, for as long as it does not. A driver that hangs holds up this thread
// alone.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_gpu_watch ls_gpu_watch;

typedef struct ls_gpu_watch_def {
    const char *const *uuids;  // of those that are watched; "": none. Copied
    uint32_t count;
    int64_t every_us;  // how often they are looked at; 0: 5 s. Errors by number are told at once
    // Called by its thread. `what`: one line, for people. `over`: it got over it, and works on.
    void (*trouble)(void *context, const char *uuid, const char *what, bool over);
    void *context;
} ls_gpu_watch_def;

// *out is NULL where there is nothing to watch: no GPU, no library, a driver that does not answer.
// Fails with LS_ERR_MEMORY, LS_ERR_IO (no thread).
ls_status ls_gpu_watch_start(const ls_gpu_watch_def *def, ls_gpu_watch **out, ls_error *err);
// Waits until it has ended, three seconds at most: one that hangs in the driver is left behind.
// NULL is fine.
void ls_gpu_watch_stop(ls_gpu_watch *watch);

// What an XID says of the device: by NVIDIA's "Xid Errors" (docs.nvidia.com/deploy/xid-errors) and
// "GPU Memory Error Management" (docs.nvidia.com/deploy/a100-gpu-mem-error-mgmt).
typedef enum ls_xid_class {
    LS_XID_NOT_OWN,  // the program's, the driver's, or not known to be the device's
    // A row or page of memory was retired or marked for it (63), many single-bit errors (92), an
    // error of memory that was contained (94): the program may have ended, the device works on.
    LS_XID_OVER,
    // It has to be reset or exchanged: stopped (46), uncorrected memory (48), halted controller
    // (62), retiring failed (64), NVLink (74), off the bus (79), uncontained memory (95), its own
    // processor silent or failed (119, 120), memory not recovered (140).
    LS_XID_FATAL,
} ls_xid_class;
ls_xid_class ls_gpu_watch_class(uint64_t xid);
