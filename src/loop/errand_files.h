// errand_files.h - what an errand reads and where it writes: whole paths, since a job starts in
// another folder.
#pragma once

#include <jansson.h>
#include <limits.h>

#include "base/status.h"

enum { LS_ERRAND_PATH = PATH_MAX + 64 };

typedef struct ls_errand_files {
    char plant[PATH_MAX], data[PATH_MAX];  // the plant's file, the service's data folder
    char folder[LS_ERRAND_PATH];           // DATA/NAME: what comes of it
    char result[LS_ERRAND_PATH];           // DATA/NAME/result.json
} ls_errand_files;

// Makes the folder. LS_ERR_IO.
ls_status ls_errand_files_find(const char *plant, const char *data, const char *name,
                               ls_errand_files *out, ls_error *err);
// The result, if it is of this format; NULL: *err says why there is none.
json_t *ls_errand_files_result(const ls_errand_files *files, const char *format, size_t size_max,
                               ls_error *err);
