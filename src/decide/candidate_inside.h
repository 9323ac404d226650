// candidate_inside.h - what the generators share.
#pragma once

#include "decide/candidate.h"
#include "decide/look.h"

// What a generator looks at. `base` is the same moment under the base rule.
typedef struct ls_candidate_view {
    const ls_candidate_from *from;
    const ls_decide_point *point;
    ls_question question;
    ls_ctx c, base;
    ls_candidates *out;
} ls_candidate_view;

// Adds a candidate with at most one act (kind LS_DO_NOTHING: none) unless the same is there.
// Returns its index.
uint32_t ls_candidate_add(ls_candidates *out, ls_act act, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void ls_candidates_of_sort(ls_candidate_view *view);
// Dispatch, batch and setup.
void ls_candidates_of_machine(ls_candidate_view *view);
