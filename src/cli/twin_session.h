// twin_session.h - a plant file on its way to a result: read, warned about, compiled, run.
#pragma once

#include <lineshaft/twin.h>

#include "base/status.h"
#include "cli/options.h"

typedef struct ls_session {
    const char *path;  // of the plant file; the caller's
    ls_twin *twin;
    ls_twin_info info;
    ls_errors notes;    // what a person should know before the run
    ls_snapshot *from;  // of --from, or NULL
} ls_session;

// Reads and compiles the plant. Prints mistakes, and warnings about what will not go well, on
// stderr. Returns an exit code; without LS_EXIT_DONE nothing is open. Close it in any case.
int ls_session_open(ls_session *session, const char *path);
void ls_session_close(ls_session *session);

// The options of a run, for the tables of commands.
extern const ls_option ls_run_options[];
extern const ls_option ls_from_options[];    // --from
extern const ls_option ls_format_options[];  // --json, --csv, --stations

// Do the values of ls_run_options make sense? Asked before a plant is read.
ls_status ls_run_options_check(const ls_options *options, ls_error *err);

// What to run, from checked options; loads the snapshot of --from when the command has that option.
// Returns an exit code, after having said why.
int ls_session_define(ls_session *session, const ls_options *options, ls_run_def *out);

// Runs with progress on the terminal; Ctrl-C stops it. *out_stopped says whether that happened.
// Returns LS_EXIT_DONE when *out holds a result, be it a part of what was asked for; else what was
// printed.
int ls_session_run(const ls_session *session, const ls_run_def *def, ls_twin_result **out,
                   bool *out_stopped);
