// plant_file.h - a plant file and the files it names, read from disk.
#pragma once

#include "base/status.h"
#include "plant/plant.h"
#include "plant/read.h"

// Reads and checks the plant file; files it names are looked for beside it. On failure *out is NULL
// and *errors holds every mistake.
ls_status ls_plant_file_read(const char *path, ls_plant **out, ls_errors *errors);
