// plant_file.h - a plant file and the files it names, read from disk.
#pragma once

#include "base/status.h"
#include "plant/plant.h"
#include "plant/read.h"

// Reads and checks the plant file; files it names are looked for beside it. On failure *out is NULL
// and *errors holds every mistake.
ls_status ls_plant_file_read(const char *path, ls_plant **out, ls_errors *errors);

// Files that a plant file names, from the folder of the plant file: for reading a text that is
// meant to become that file.
typedef struct ls_plant_beside {
    const char *plant_path;
    ls_arena *arena;  // what is read lives there
} ls_plant_beside;
ls_plant_files ls_plant_files_beside(ls_plant_beside *beside);
