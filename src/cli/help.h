// help.h - the help texts, made from the tables of commands and options.
#pragma once

#include "cli/command.h"

// Short: an example, the usage, one line per option. Full: everything.
void ls_help_command(const ls_cli_command *command, bool full, ls_buffer *out);
// The commands whose name begins with `group` ("twin"), or all when it is "".
void ls_help_program(const char *group, bool full, ls_buffer *out);
