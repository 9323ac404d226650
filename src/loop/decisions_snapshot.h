// decisions_snapshot.h - the present of a decision and its answer, kept to be made again.
//
// The newest DECISION_SNAPSHOTS of a history, in turn under the names "decision-000", ...
#pragma once

#include "decide/ask_setting.h"
#include "decide/decide.h"
#include "history/history.h"

typedef struct ls_kept_answer {
    uint64_t number;  // of the decision
    ls_answer answer;
    ls_snapshot *snapshot;  // owned; NULL for a setting
    ls_outlook *outlook;    // owned; of a setting
} ls_kept_answer;

// LS_ERR_INVALID: it is not there (any more), or damaged; LS_ERR_VERSION: another build or plant.
ls_status ls_kept_answer_load(ls_history *history, const ls_twin *twin, uint64_t number,
                              ls_kept_answer *out, ls_error *err);
// The same question again; *out is made from nothing. LS_ERR_VERSION: it was decided for another
// plant.
ls_status ls_kept_answer_replay(const ls_kept_answer *kept, ls_decider *decider,
                                const ls_plant *plant, const ls_twin *twin, ls_answer *out,
                                ls_error *err);
void ls_kept_answer_clear(ls_kept_answer *kept);
// The same to the last bit? *out_what: the first that is not.
bool ls_answer_is_same(const ls_answer *a, const ls_answer *b, const char **out_what);
