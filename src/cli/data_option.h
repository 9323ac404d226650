// data_option.h - `--data FOLDER`, the same for every command that looks for a plant's service.
#pragma once

#include "cli/options.h"

// For the table of a command; ended by an empty row.
extern const ls_option ls_data_options[];

// The folder of the plant (arguments[0]) that the option or the rule says: what was given, the
// state folder of systemd, or lineshaft-data/NAME. Returns an exit code; what is wrong was then
// said.
int ls_data_option_folder(const ls_options *options, char *out, size_t size);
