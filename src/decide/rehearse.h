// rehearse.h - a decider in charge of a simulated plant, in process.
//
// The plant runs in the twin by its own random streams. The machines whose next lot may be decided
// are held; whenever one is free and something waits, or a lot has come while it waited, the
// decider is asked, what it says is done, and the machine is held again. Nothing else of the plant
// is touched. A class with an order pool whose release is decided on events is put off by the
// decider, who is asked when a lot is released and when what was put off is due. Lots in a pool
// count as inside. Kinds that are asked every so often are asked at those times.
//
// The plant's own streams and those of the futures never meet: what the decider is shown is a copy
// whose hidden ends every fork draws again. For the same definition the same result, on any number
// of workers, as long as no clock bounds the answers.
//
// Machines that are free at the same instant are asked about one after another, each beside what
// was decided for those before it; or, where the definition has `ask_together`, in one search, and
// with them what comes in of classes in whose order pool lots wait.
#pragma once

#include <stdatomic.h>

#include "decide/decide.h"

// Who decides: acts for the question, from a present that is not settled (question.h). No acts: the
// line's own rule goes on. `number` counts the questions of the run from 0.
typedef struct ls_rehearse_reply {
    ls_act acts[LS_CANDIDATE_ACTS];
    uint32_t act_count;
    uint64_t futures;
    bool changed;  // other than the line's own rule
    bool leaves;   // other than the base rule; read where questions were answered together
} ls_rehearse_reply;
typedef ls_status (*ls_rehearse_ask)(void *context, const ls_snapshot *present,
                                     const ls_question *question, uint64_t number,
                                     ls_rehearse_reply *out, ls_error *err);
// The same for several machines that are free at once, at most LS_TOGETHER_MAX; a reply for each.
// The futures of all of them stand in the first. What leaves the base rule is done first. For each
// of the others it is then asked again, with a count of 1: only what the base rule would do now.
typedef ls_status (*ls_rehearse_ask_together)(void *context, const ls_snapshot *present,
                                              const ls_question *questions, uint32_t count,
                                              uint64_t number, ls_rehearse_reply *out,
                                              ls_error *err);

typedef struct ls_rehearse_def {
    const ls_plant *plant;
    const ls_twin *twin;
    uint64_t seed, replication;  // of the plant; used as in ls_twin_run, so that runs pair
    int64_t warmup_us;           // by the line's own rule
    int64_t settle_us;           // decided, not counted
    int64_t for_us;              // decided and counted
    ls_rehearse_ask ask;         // NULL: the line's own rule all the time
    ls_rehearse_ask_together ask_together;  // NULL: one machine after another
    void *context;
    const atomic_bool *stop;  // may be NULL
} ls_rehearse_def;

typedef struct ls_rehearse_result {
    double wip;       // lots, time average
    double cycle_h;   // mean of lots done
    double per_week;  // lots done
    double on_time;   // share of lots with a due date; NaN: none
    double tardiness_h;
    double outside_h;  // mean wait in order pools of lots that came in out of one; NaN: none
    uint64_t released, done, scrapped;
    uint64_t questions, changed, futures;
    uint64_t together;  // questions of which several were answered in one search
    uint64_t hash;      // of the plant's last state
} ls_rehearse_result;

ls_status ls_rehearse(const ls_rehearse_def *def, ls_rehearse_result *out, ls_error *err);

// Asks a decider, each time with the same budget; questions together with as much for each.
typedef struct ls_rehearse_decider {
    ls_decider *decider;
    ls_budget budget;
    ls_answer answers[LS_TOGETHER_MAX];  // the last
} ls_rehearse_decider;
ls_status ls_rehearse_ask_decider(void *context, const ls_snapshot *present,
                                  const ls_question *question, uint64_t number,
                                  ls_rehearse_reply *out, ls_error *err);
ls_status ls_rehearse_ask_decider_together(void *context, const ls_snapshot *present,
                                           const ls_question *questions, uint32_t count,
                                           uint64_t number, ls_rehearse_reply *out, ls_error *err);
