// pool_file.h - a pool file and the tables it names, read from disk.
#pragma once

#include "base/status.h"
#include "pool/pool.h"

// Is this a pool file? False too when it cannot be read.
bool ls_pool_file_probe(const char *path);
// Reads and checks the pool file; files it names are looked for beside it. On failure *out is NULL
// and *errors holds every mistake.
ls_status ls_pool_file_read(const char *path, ls_pool **out, ls_errors *errors);
// The same; `may_read` is asked before each of the files that the pool file names (beside.h).
ls_status ls_pool_file_read_if(const char *path,
                               ls_status (*may_read)(void *context, const char *path,
                                                     ls_error *err),
                               void *context, ls_pool **out, ls_errors *errors);
