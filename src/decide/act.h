// act.h - what can be done to a plant, as a value: one act of a candidate, later one command.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "plant/plant.h"
#include "twin/twin.h"

typedef enum ls_act_kind {
    LS_DO_NOTHING,  // the line's own rule goes on
    LS_DO_CHOOSE,   // machine `index` takes the lot with serial `value` next; `number` 1: in a
                    // batch of its product alone
    LS_DO_HOLD,     // machine starts nothing new for value us (0: released, LS_FOREVER: until told)
    LS_DO_RELEASE,  // one more release of class `index`; with an order pool: its first lot comes in
    LS_DO_MAINTAIN,  // machine: maintenance `value` (mode, counted within the machine)
    LS_DO_KEEP,      // class: `value` lots are kept in the plant (CONWIP)
    LS_DO_STAFF,     // operators `index`: `value` of them
    LS_DO_SET,       // measured value `index` of listen.values: `number`
    LS_DO_SET_UP,    // machine: for setup state `value` of its station, for no lot
    LS_DO_PUT_OFF,   // class with an order pool: the first `number` that wait there come in, the
                     // rest and what is released not before value us (LS_FOREVER: until told);
                     // 0: all that wait there come in, and what is released from now on
    LS_DO_SORT,      // the lot with serial `value`, which waits at machine `index`, goes on without
                     // being inspected; `number`: LS_SORT_...
    LS_DO_KIND_COUNT
} ls_act_kind;

typedef struct ls_act {
    ls_act_kind kind;
    uint32_t index;
    int64_t value;
    double number;
} ls_act;

// Does it to a snapshot at its present moment; what follows is settled. Fails with LS_ERR_INVALID
// and a PLC's reason when it cannot be done; the snapshot is then unchanged. SET changes nothing in
// the twin.
ls_status ls_act_apply(const ls_twin *twin, ls_snapshot *snapshot, const ls_act *act,
                       ls_error *err);
// Several in one moment: settled once, after the last, so that no machine begins by its rule before
// it has heard its own act. None is only settling. After a failure the snapshot is of no use.
ls_status ls_acts_apply(const ls_twin *twin, ls_snapshot *snapshot, const ls_act *acts,
                        uint32_t count, ls_error *err);
// The name of the state of SET_UP; "?": there is none.
const char *ls_act_setup(const ls_plant *plant, const ls_act *act);
// "grind-1 takes gear-a-17 next", "keep 24 lots of gear-a". `lot` is the lot's name, or NULL.
void ls_act_text(const ls_plant *plant, const ls_act *act, const char *lot, char *out, size_t size);
