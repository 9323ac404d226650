// folder.h - the text files of a real folder, for importers.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "import/files.h"

enum {
    LS_IMPORT_FILE_SIZE_MAX = 16 * 1024 * 1024,
    LS_IMPORT_FOLDER_SIZE_MAX = 128 * 1024 * 1024,
    LS_IMPORT_FOLDER_FILES_MAX = 1000,
};

// Reads every regular file of the folder whose name ends in .txt or .txt.1l, sorted by name, into
// the arena. Fails with LS_ERR_IO, or with LS_ERR_LIMIT when a file, all files together, or their
// number is over the limits above.
ls_status ls_import_folder_read(const char *folder, ls_arena *arena, ls_import_files *out,
                                ls_error *err);
