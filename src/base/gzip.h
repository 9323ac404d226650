// gzip.h - packed files (.gz: RFC 1952 around RFC 1951), unpacked whole into memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

// Whether the bytes begin as a gzip file does.
bool ls_gzip_is(const void *bytes, size_t size);

// Unpacks all members, one after the other, into the arena, zero-terminated behind the end. Lengths
// and checksums are checked. Fails with LS_ERR_INVALID (broken or cut off; `file` is named),
// LS_ERR_LIMIT (more than size_max bytes come out), LS_ERR_MEMORY.
ls_status ls_gzip_unpack(const void *bytes, size_t size, size_t size_max, const char *file,
                         ls_arena *arena, char **out, size_t *out_size, ls_error *err);

// As ls_file_read (file.h); a gzip file, whatever it is called, comes out unpacked. size_max is for
// either size.
ls_status ls_gzip_read_file(const char *path, size_t size_max, ls_arena *arena, char **out,
                            size_t *out_size, ls_error *err);
