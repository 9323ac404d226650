// disk.h - room on the disk of the pool's data folder: who leaves how much to whom.
//
// The journal goes last: below `LS_DISK_LEAST` nothing new is taken, and what jobs write stops
// before that, so that a job that floods its log does not stop the pool.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

#define LS_DISK_LEAST (UINT64_C(2) << 20)  // bytes

// LS_ERR_LIMIT, and says how much is left, where less than the least is free for us; LS_OK where it
// cannot be found out.
ls_status ls_disk_check(const char *folder, ls_error *err);
// Logs may grow in this folder: beyond the least they leave 1/64 of the disk, at most 64 MiB.
bool ls_disk_has_room_for_logs(int folder);
// For tests: so many bytes are free; -1 switches it off. Of this process, and what it forks.
void ls_disk_pretend(int64_t free_bytes);
