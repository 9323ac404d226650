// beside.h - files that a file of a person's names, read from disk, from the folder of that file.
#pragma once

#include "base/form.h"

typedef struct ls_beside {
    const char *path;  // of the file that names them
    ls_arena *arena;   // what is read lives there
    // Asked before a file is read, with its path; NULL: nobody is. What it fails with is told.
    ls_status (*may_read)(void *context, const char *path, ls_error *err);
    void *context;
} ls_beside;

// For ls_plant_read, ls_pool_read and their like; *beside must live as long.
ls_form_files ls_files_beside(ls_beside *beside);
