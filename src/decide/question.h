// question.h - which decisions stand open in a state.
//
// A question is open where the plant file lets it be decided (`decide:`) and more than one thing
// could be done now. A state may be unsettled: a free machine may stand idle although lots wait,
// because a decision is due before the rule takes one (rehearse.h, or a line that asks). Whoever
// runs such a state on settles it first (kernel->settle), after the acts of a candidate.
#pragma once

#include "decide/decide.h"
#include "plant/plant.h"
#include "twin/context.h"
#include "twin/twin.h"

// Questions in the order of the points of the plant file, then of machines. `ahead`: also machines
// at work that will be free after it, unless their next lot has been chosen already; else only
// machines that are free to begin at once (not held, stopped, off or down). Returns how many are
// open; at most `most` are written.
uint32_t ls_questions_find(const ls_plant *plant, const ls_twin *twin, const ls_snapshot *present,
                           bool ahead, ls_question *out, uint32_t most);
// Is this one open, `ahead` included?
bool ls_question_is_open(const ls_plant *plant, const ls_twin *twin, const ls_snapshot *present,
                         const ls_question *question);

// Does a lot wait at the station of which it was told how likely it is bad? (candidate_sort.c)
bool ls_question_sorts(const ls_ctx *c, uint32_t station);
// The machine that such a question is about: the first of the station's that is not down.
uint32_t ls_question_sorter(const ls_ctx *c, uint32_t station);
