// data_folder.h - where a plant's service keeps what it hears and what is dropped for it: one rule
// for all commands.
#pragma once

#include "base/status.h"

// `given` (--data), or "lineshaft-data/NAME" in the current folder; what cannot be part of a file
// name becomes '_'. Fails with LS_ERR_LIMIT when it does not fit into out.
ls_status ls_data_folder(const char *given, const char *plant_name, char *out, size_t size,
                         ls_error *err);
// Makes the folder and those above it (0700), unless they are there. LS_ERR_IO.
ls_status ls_data_folder_make(const char *path, ls_error *err);
// Writes `text` as a new file folder/sub/NAME.csv, whole or not at all, for the running service to
// take. The name begins with the time, so that files are taken in the order written. *out_path
// (size bytes) is where it is.
ls_status ls_data_folder_drop(const char *folder, const char *sub, const char *text, char *out_path,
                              size_t size, ls_error *err);
