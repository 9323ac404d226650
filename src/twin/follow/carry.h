// carry.h - the present of one plant, as the present of another one that differs in some numbers.
//
// What a person standing in the plant could say of it (watch.h) is told to a follower of the other
// plant: where each lot is, what each machine does, setups, failures and their reasons. So the
// plants may differ in anything: machines that only the other has stand idle, lots in a machine
// that it does not have wait at its station, lots of a class or a step that it does not have are
// left out. What is not said is not carried: how long an operation, a repair or the clock of a
// failure has been running begins anew. Both sides of a comparison are to be carried, so that both
// begin alike.
#pragma once

#include "plant/plant.h"
#include "twin/twin.h"

typedef struct ls_carry_side {
    const ls_plant *plant;
    const ls_twin *twin;
} ls_carry_side;

// *out is a snapshot of to->twin at the same wall time (ls_snapshot_destroy). Fails with
// LS_ERR_INVALID when the other plant begins later than that, and as ls_follow_create.
ls_status ls_carry_present(const ls_carry_side *from, const ls_snapshot *present,
                           const ls_carry_side *to, uint64_t seed, ls_snapshot **out,
                           ls_error *err);
