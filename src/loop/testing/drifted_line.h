// drifted_line.h - for tests only: a line that differs from its plant file, heard into a history.
#pragma once

#include <lineshaft/twin.h>

#include "history/history.h"
#include "line/emulate.h"

typedef struct drifted_line {
    char folder[64];  // of the history, in /tmp
    char told[4096];  // the plant file
    ls_plant *file, *truth;
    ls_twin *twin;  // of the file
    ls_tags *tags;
    ls_history *history;
    ls_emulate *line;
    uint32_t *tag_of;
    bool broken;
} drifted_line;

// Runs the line for so long and keeps all it tells.
void drifted_line_make(drifted_line *s, int64_t for_us);
// A line that is as its plant file tells.
void drifted_line_make_true(drifted_line *s, const char *text, int64_t for_us);
void drifted_line_clear(drifted_line *s);
