// output.h - where a command's result goes: stdout, or a file that is written whole or not at all.
#pragma once

#include "base/text.h"
#include "cli/options.h"

// The options `-o FILE` and `--force`, for the table of a command.
extern const ls_option ls_output_options[];

// Prints to stdout; a full disk and the like are told on stderr. Returns an exit code.
int ls_output_print(const ls_buffer *out);
// Can `path` be written later? LS_ERR_INVALID when it is there already and force is not given,
// LS_ERR_IO when its folder is missing or closed. Asked before long work.
ls_status ls_output_check(const char *path, bool force, ls_error *err);
// LS_ERR_INVALID when `path` is a file that the command reads: an argument, or that of an option
// that reads one.
ls_status ls_output_check_inputs(const char *path, const ls_options *options, ls_error *err);
// Both for the file of `-o`; LS_OK when there is none, or it is `-`.
ls_status ls_output_check_option(const ls_options *options, ls_error *err);
// All files that options write, and `force`: none is one that is read, none is another's that is
// written, each may be written. Asked before anything is read.
ls_status ls_output_check_files(const ls_options *options, ls_error *err);
// LS_ERR_INVALID when one of them is `input`, a file that another file names.
ls_status ls_output_check_read(const char *input, const ls_options *options, ls_error *err);
// Says why not, and returns LS_EXIT_USAGE for a file that is there already.
int ls_output_complain(const ls_error *err);
// To the file of `-o` when given, else to stdout. Returns an exit code.
int ls_output_deliver(const ls_options *options, const ls_buffer *out);
