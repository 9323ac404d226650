// file.h - whole files in, whole files out.
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

// Reads a regular file whole (size_max bytes at most: LS_ERR_LIMIT names the limit) into the arena,
// zero-terminated behind the end. Folders, pipes and devices are refused with LS_ERR_IO.
ls_status ls_file_read(const char *path, size_t size_max, ls_arena *arena, char **out,
                       size_t *out_size, ls_error *err);
// Writes to a temporary file beside it, fsyncs, renames: nothing half-written is ever seen, and
// after a failure the old file is as it was. Keeps the permissions of a file that is there, and
// follows links to it. What exists and is no regular file (/dev/stdout, a pipe) is written to
// directly.
ls_status ls_file_write(const char *path, const void *bytes, size_t size, ls_error *err);
// What errno says, without the locale and without a buffer that threads share; never NULL.
const char *ls_errno_text(int code);
// "cannot open the file: No such file or directory", with the file as place; LS_ERR_MEMORY for
// ENOMEM, else LS_ERR_IO.
ls_status ls_fail_errno(ls_error *err, const char *path, const char *what, int code);
// For tests: writing fails like a full device after so many more bytes; -1 switches it off.
void ls_file_fail_write_after(int64_t bytes);

// The path of the program that runs; false: it cannot be known, or is too long.
bool ls_file_this_program(char *out, size_t size);
