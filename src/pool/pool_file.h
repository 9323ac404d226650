// pool_file.h - from the text of a pool file to a pool, and back. What it says is docs/POOL.md.
//
// Pure: text comes in as memory, and further files (tables of accounts) through a function of the
// caller. All mistakes are reported, not only the first.
#pragma once

#include <stddef.h>

#include "base/form.h"
#include "pool/pool.h"

enum {
    LS_POOL_NODES_MAX = 1000000,
    LS_POOL_GPUS_MAX = 4000000,
    LS_POOL_UNITS_MAX = 1000000,
};

// Is this the text of a pool file? It begins with `pool: NAME`.
bool ls_pool_file_is(const char *text, size_t size);

// Reads text[0..size); `file` is a name for messages; files may be NULL. On success *out is a pool
// to be given to ls_pool_destroy. On any mistake *out is NULL, every mistake is added to *errors in
// the order of the file, and the status is that of the first: LS_ERR_INVALID, LS_ERR_LIMIT, or
// LS_ERR_MEMORY.
ls_status ls_pool_read(const char *text, size_t size, const char *file, const ls_form_files *files,
                       ls_pool **out, ls_errors *errors);

// What a person should know though the file is right: nothing left to share, more power than a
// limit. Each is added to *notes as an ls_error with status LS_OK.
void ls_pool_notes(const ls_pool *pool, ls_errors *notes);

// Appends a pool file that reads back to the same pool, with every default filled in; tables of
// accounts are written out. Fails only with LS_ERR_MEMORY.
ls_status ls_pool_explain(const ls_pool *pool, ls_buffer *out);

// Appends docs/POOL.md.
ls_status ls_pool_reference(ls_buffer *out);
