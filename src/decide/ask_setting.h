// ask_setting.h - which setting of a measured value is best now: candidates on common futures of
// its disturbance.
//
// As decide.h, for questions of kind setpoint. A candidate is one of the settings of the plant file
// that `guards:` let through from the one in force; candidate 0 leaves it. A future is one course
// of the disturbance (outlook.h), the same for all candidates; its cost is the value's mean
// distance from the target over the horizon, in the value's own unit. With `minimize` it is the
// mean of that other value, whose outlook is then meant. Race, winner and claim on
// fresh futures are those of decide.h. Pure; runs on the calling thread.
#pragma once

#include "decide/decide.h"
#include "decide/outlook.h"

enum {
    LS_SETTING_FUTURES_MOST = 4000,  // of one decision
    LS_SETTING_FRESH_LEAST = 8,      // that a claim rests on
};

// Step of the outlook for questions of this point: its horizon in LS_OUTLOOK_STEPS parts.
int64_t ls_setting_step_us(const ls_plant *plant, uint32_t point);
// May it be set so now, as far as range, step, rate and dwell of `guards:` say?
bool ls_setting_may(const ls_plant *plant, uint32_t measured, const ls_outlook *outlook,
                    double setting);
// Candidates with acts and label, nothing estimated. [0] leaves the setting.
uint32_t ls_setting_candidates(const ls_plant *plant, const ls_question *question,
                               const ls_outlook *outlook, ls_candidate out[LS_CANDIDATES_MAX]);
// Fails with LS_ERR_INVALID (no such question, or without a target) and LS_ERR_MEMORY. Late, it
// leaves the setting as it is. snapshot_hash is that of the outlook; model_hash is the caller's.
ls_status ls_setting_ask(const ls_plant *plant, const ls_question *question,
                         const ls_outlook *outlook, const ls_budget *budget, ls_answer *out,
                         ls_error *err);
// The same again by the numbers of futures that `made` says. Fails with LS_ERR_INVALID when it was
// made from another outlook.
ls_status ls_setting_replay(const ls_plant *plant, const ls_outlook *outlook, const ls_answer *made,
                            ls_answer *out, ls_error *err);
