// program.h - runs the built program as a person or a shell would, and keeps what it said.
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct program {
    char *out;  // stdout; to be freed by program_clear
    char *err;  // stderr, or what a terminal in its place was sent
    int code;   // exit code, or 128 + the number of the signal that ended it
} program;

typedef struct program_def {
    const char *line;     // arguments, separated by blanks; no quotes
    const char *out;      // stdout goes to this file or device; NULL: kept
    bool terminal;        // stderr is a terminal
    int interrupt_ms;     // SIGINT after so long; 0: never
    int interrupts;       // how many of them, 100 ms apart
    const char *kill_at;  // SIGKILL as soon as there is a file of this name; '*' at its end: any
                          // that begins so
} program_def;

// True when there is a program to run: LINESHAFT_PROGRAM, or the one of this build folder;
// otherwise skips the running test.
bool program_is_there(void);
program program_run(const char *line);
program program_run_def(const program_def *def);
void program_clear(program *done);

// A file name in a fresh folder of this test program, in one of eight rotating buffers.
const char *program_temporary(const char *name);
// Removes that folder with all its files.
void program_remove_temporary(void);
