// experiment.h - `experiment: switchback` in the running service: coins, periods, what came of
// them.
//
// What is decided and the line's own rule take turns. In a period of the own rule decisions are
// asked and filed as always and none is sent. Periods go by the line's clock. What is compared is
// what was assigned: a command that a guard refused does not change its period. While the carryover
// is being measured, and when the experiment was refused, nothing is sent either: who asked for an
// experiment did not ask for every decision to be done. When all periods are over, decisions go on
// without one.
//
// The deciding thread owns it. Work of the twin that takes long has a thread of its own.
#pragma once

#include "decide/decider.h"
#include "loop/experiment_record.h"
#include "loop/intake.h"

typedef struct ls_experiment ls_experiment;

// *out stays NULL where the plant file asks for none; one that ran is then said to have stopped.
// The same design goes on, another one begins with the first step. `decider` stays alive; until it
// is prepared there is no step. Fails with LS_ERR_MEMORY, what reading the history fails with.
ls_status ls_experiment_open(ls_intake *intake, const ls_decider *decider, ls_experiment **out,
                             ls_error *err);
void ls_experiment_close(ls_experiment *experiment);  // NULL is fine

// After each look: turns of periods, outcomes, forecasts. `present` is a fork of what is followed,
// at plant time now_us. Not while a lock is held. NULL is fine.
void ls_experiment_step(ls_experiment *experiment, const ls_snapshot *present, int64_t now_us);
// Has the twin finished something that the next step takes? Then there should be one, though
// nothing was heard. NULL is fine.
bool ls_experiment_has_news(const ls_experiment *experiment);
// Why nothing may be sent at this plant time, for people; NULL: it may. NULL is fine.
const char *ls_experiment_bars(const ls_experiment *experiment, int64_t now_us);
const ls_experiment_record *ls_experiment_describe(const ls_experiment *experiment);  // for tests
