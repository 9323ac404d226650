// rehearse_decider.c - the decider as the one who is asked in a rehearsal.
#include <string.h>

#include "decide/rehearse.h"

static void reply_of(const ls_answer *answer, ls_rehearse_reply *out) {
    const ls_candidate *chosen = answer->candidates + answer->chosen;
    memcpy(out->acts, chosen->acts, sizeof out->acts);
    out->act_count = chosen->act_count;
    out->futures = answer->futures;
    out->changed = answer->chosen != answer->own;
    out->leaves = answer->chosen != 0;
}

ls_status ls_rehearse_ask_decider(void *context, const ls_snapshot *present,
                                  const ls_question *question, uint64_t number,
                                  ls_rehearse_reply *out, ls_error *err) {
    (void)number;
    ls_rehearse_decider *asked = context;
    const ls_status status = ls_decider_ask(asked->decider, present, question, &asked->budget,
                                            asked->answers, err);
    if (status == LS_OK) {
        reply_of(asked->answers, out);
    }
    return status;
}

ls_status ls_rehearse_ask_decider_together(void *context, const ls_snapshot *present,
                                           const ls_question *questions, uint32_t count,
                                           uint64_t number, ls_rehearse_reply *out, ls_error *err) {
    (void)number;
    ls_rehearse_decider *asked = context;
    ls_budget budget = asked->budget;
    budget.futures = count > 1 ? budget.futures * count : 0;  // 0: the incumbent
    const ls_status status = ls_decider_ask_together(asked->decider, present, questions, count,
                                                     &budget, asked->answers, err);
    for (uint32_t i = 0; i < count && status == LS_OK; i++) {
        reply_of(&asked->answers[i], &out[i]);
        out[i].futures = i == 0 ? out[i].futures : 0;  // each row tells those of all
    }
    return status;
}
