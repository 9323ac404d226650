// decisions_once.h - questions asked once, of a followed plant, outside of the service: rows as the
// service would file them, but nothing is kept and nothing is sent.
#pragma once

#include <jansson.h>

#include "decide/decide.h"
#include "loop/intake.h"

typedef struct ls_once_def {
    const char *point;    // name of a point of `decide:`; NULL: all
    int64_t within_us;    // 0: that of each point
    bool at_once;         // within no time at all: what would be done anyway
    const char *subject;  // machine, class, ...; NULL: all
} ls_once_def;

// Rows of all open questions, in *out (an array, the caller's). Fails with LS_ERR_INVALID (nothing
// is followed, no such point), LS_ERR_MEMORY. Nobody else moves the intake meanwhile.
ls_status ls_decisions_once(ls_intake *intake, ls_decider *decider, const ls_once_def *def,
                            json_t **out, ls_error *err);
