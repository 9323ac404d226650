// who_option.h - `--who NAME` and `--role ROLE`, the same for every command by which a person tells
// a running service something.
#pragma once

#include "cli/options.h"

// For the table of a command; ended by an empty row.
extern const ls_option ls_who_options[];

// Who it is, for the record: what was given, else the user's login name, else "somebody".
const char *ls_who_name(const ls_options *options);
// As ls_service_post takes it; NULL: the highest that the data folder shows a token of.
const char *ls_who_role(const ls_options *options);
