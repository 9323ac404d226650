// decide_open.h - what the commands of `decide` share: plant, history and twin of a data folder.
#pragma once

#include <jansson.h>

#include "base/text.h"
#include "base/threads.h"
#include "cli/options.h"
#include "decide/decide.h"
#include "loop/intake.h"

typedef struct ls_decide_opened {
    ls_intake intake;  // running plant, history (for reading), tags
    ls_threads *pool;  // that the decider is lent
    ls_decider *decider;
} ls_decide_opened;

// Reads the plant file (arguments[0]), opens the history of its data folder beside whoever writes
// it, makes the decider as the service has it where `decides`, and calls `act`. Returns its exit
// code, or that of what went wrong before, which was then said.
typedef int ls_decide_act(const ls_options *options, ls_decide_opened *opened);
int ls_decide_with(const ls_options *options, bool decides, ls_decide_act *act);
// The decider as the service has it, on a pool of its own; closing takes both, and what else is
// open.
ls_status ls_decide_make(ls_decide_opened *opened, ls_error *err);
void ls_decide_close(ls_decide_opened *opened);
// The newest version of a decision's row, by its id; NULL after saying what is wrong.
json_t *ls_decide_row(ls_decide_opened *opened, const char *id, int *out_code);

// A row for people (decide_print.c): what, why; `all`: every candidate too.
void ls_decide_print(const json_t *row, bool all, ls_buffer *out);
