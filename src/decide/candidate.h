// candidate.h - what could be done about a question: the incumbent and what else is worth trying.
//
// Candidate [0] is what the base rule would do: tried without an act it gives the same future as
// with its acts, which are there because the line, left alone, goes by its own rule. `own` is what
// the line's own rule would do. Two candidates never do the same.
//
//   dispatch     each class that waits and may go on the machine, by its best lot and its oldest;
//                batching stations: each family that offers a batch; `wait`: nothing until a lot
//                that is on its way has come
//   batch        as dispatch, and batches that are not full yet
//                with `pure`, where a family offers lots of several products: the batch of each
//                alone
//   setup        going on, and changing to each other state with the best lot of it; where nothing
//                waits, being set up for each other state meanwhile
//   maintenance  not now, or each maintenance of the machine that is not due yet
//   release      not now, or one now; of a class with lots in its order pool: all come in by the
//   own
//                rule, or all now where that lets them wait, or are put off for a while, all or all
//                but the first
//   conwip, staffing   each of the numbers of the plant file
//   sort         every lot is inspected, or one of a few whose chance of being bad is known goes on
//                without: the best are passed on, the worst go to rework or are scrapped
//   setpoint     each of the values; what they do is told by setpoint.h, not by futures
#pragma once

#include "decide/decide.h"
#include "plant/plant.h"
#include "twin/twin.h"

// The state under the plant's own twin and, the same moment, under the base rule's: lots have the
// same slots and serials in both. When the base is the plant's own rule both are the same.
typedef struct ls_candidate_from {
    const ls_plant *plant;
    const ls_twin *twin;
    const ls_snapshot *present;
    const ls_twin *base_twin;
    const ls_snapshot *base_present;
} ls_candidate_from;

typedef struct ls_candidates {
    ls_candidate items[LS_CANDIDATES_MAX];  // acts and label; nothing estimated yet
    uint32_t count;
    uint32_t own;
    bool left_out;  // there were more
} ls_candidates;

// Fails with LS_ERR_INVALID when the question is not open.
ls_status ls_candidates_find(const ls_candidate_from *from, const ls_question *question,
                             ls_candidates *out, ls_error *err);
