// read.h - from the text of a plant file to a plant.
//
// Pure: text comes in as memory, and further files (orders, initial lots, tables of measured times)
// through a function of the caller. All mistakes are reported, not only the first.
#pragma once

#include <stddef.h>

#include "base/form.h"
#include "plant/plant.h"

// Hands over files that the plant file names (base/form.h).
typedef ls_form_files ls_plant_files;

// Reads text[0..size); `file` is a name for messages; files may be NULL. On success *out is a plant
// to be given to ls_plant_destroy. On any mistake *out is NULL, every mistake is added to *errors
// in the order of the file, and the status is that of the first: LS_ERR_INVALID, LS_ERR_LIMIT, or
// LS_ERR_MEMORY.
ls_status ls_plant_read(const char *text, size_t size, const char *file,
                        const ls_plant_files *files, ls_plant **out, ls_errors *errors);
