// complain.h - what a person reads on stderr when something is not right, and the exit codes.
#pragma once

#include "base/status.h"

// Every command returns one of these.
enum {
    LS_EXIT_DONE = 0,
    LS_EXIT_NO = 1,      // ran, and the answer is no: check failed, plant deadlocked, limit reached
    LS_EXIT_USAGE = 2,   // wrong command line
    LS_EXIT_INPUT = 3,   // bad input file
    LS_EXIT_SYSTEM = 4,  // file system, memory
    LS_EXIT_STOPPED = 130,  // Ctrl-C, as shells say it
};

// Whatever these print has no control characters but line ends, wherever it comes from.

// The exit code for a failure while reading input.
int ls_exit_code(ls_status status);

// Prints "lineshaft: error: ..." with place and hint, and returns ls_exit_code(err->status).
int ls_complain(const ls_error *err);
// Prints all, then how many there are where not all are shown; returns the exit code of the first.
int ls_complain_all(const ls_errors *errors);
// A wrong command line: the error, then `try 'lineshaft COMMAND --help'`. Returns LS_EXIT_USAGE.
int ls_complain_usage(const ls_error *err, const char *command);
// "lineshaft: warning: ..." with place and hint, for something that stops nothing.
void ls_warn_of(const ls_error *note);
// "lineshaft: warning: ..." and "lineshaft: ...".
void ls_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void ls_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
