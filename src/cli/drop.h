// drop.h - a row put into the data folder for the running service: `order add` and `line note`.
#pragma once

#include "cli/options.h"

// Checks keys and values (NULL: not given) against the plant of the command line, and drops them as
// a file of DATA/orders or DATA/notes. `command` is the command's name. With --json the result is
// one object, else `said` and the place. Returns an exit code.
int ls_drop(const ls_options *options, const char *command, bool is_note, const char *const *keys,
            const char *const *values, size_t count, const char *said);
