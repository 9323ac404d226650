// file.h - whole files in, whole files out.
#pragma once

#include "base/arena.h"
#include "base/status.h"

// Reads a regular file whole (size_max bytes at most: LS_ERR_LIMIT names the limit) into the arena,
// zero-terminated behind the end.
ls_status ls_file_read(const char *path, size_t size_max, ls_arena *arena, char **out, size_t *out_size,
                       ls_error *err);
// Writes to a temporary file beside it, fsyncs, renames: nothing half-written is ever seen.
ls_status ls_file_write(const char *path, const void *bytes, size_t size, ls_error *err);
