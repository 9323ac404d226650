// rehearse_decider.c - the decider as the one who is asked in a rehearsal.
#include <string.h>

#include "decide/rehearse.h"

ls_status ls_rehearse_ask_decider(void *context, const ls_snapshot *present,
                                  const ls_question *question, uint64_t number,
                                  ls_rehearse_reply *out, ls_error *err) {
    (void)number;
    ls_rehearse_decider *asked = context;
    const ls_status status = ls_decider_ask(asked->decider, present, question, &asked->budget,
                                            &asked->answer, err);
    if (status != LS_OK) {
        return status;
    }
    const ls_answer *answer = &asked->answer;
    const ls_candidate *chosen = answer->candidates + answer->chosen;
    memcpy(out->acts, chosen->acts, sizeof out->acts);
    out->act_count = chosen->act_count;
    out->futures = answer->futures;
    out->changed = answer->chosen != answer->own;
    return LS_OK;
}
