// folder.h - commands that a test gives in a folder of its own, for which '%' stands in them.
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "tests/cli/program.h"

// Makes the folder, empty; '#' in a command stands for this file (NULL: for itself). False: there
// is no program to run, and the running test is skipped.
bool folder_make(const char *plant);
const char *folder_path(void);
// The text with what stands in it for the folder and the file, in one of four rotating buffers.
const char *folder_fill(const char *text);
// Writes a file of this name there.
void folder_put(const char *name, const char *text);
// Runs the program, and checks its exit code; what it said is noted where that is another.
program folder_run(const char *line, int code);
// The same, and a part of what it said: to stdout with exit codes 0 and 1, else to stderr.
void folder_expect(const char *line, int code, const char *said);
// What it said in JSON, with exit code 0. The caller's.
json_t *folder_ask(const char *line);
// Numbers for what is put there: splitmix64.
uint64_t folder_random(uint64_t *state);
