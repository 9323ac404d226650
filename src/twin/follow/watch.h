// watch.h - what the signals of a line would say of a running plant: the follower's counterpart.
//
// The emulated line speaks through it, and tests of the follower hear by it. What happened between
// two states of one plant (one event apart, or at most what happens in one instant) becomes a list
// of ls_heard, in an order that makes sense: lots released, then machines, then lots arrived and
// gone. PackML states: starved 4 (idle); setup and a load phase of its own 3 (starting: the setup
// tag still tells the old state while it is changed); in work 6 (execute); an unload phase of its
// own 16 (completing); blocked 5 (suspended); waiting for an operator 11 (held); failure 9
// (aborted) and maintenance 2 (stopped), both with their reason; stopped by a control system or by
// the calendar 2 without. LOTS are all lots inside that are still in work, those behind a cascade's
// entrance last.
#pragma once

#include "plant/plant.h"
#include "twin/follow/follow.h"

typedef struct ls_watch_def {
    // The lot's name, zero-terminated; NULL: "L" and its serial.
    void (*name)(void *context, uint32_t serial, char *out, size_t size);
    // The texts live until it returns.
    void (*say)(void *context, const ls_heard *heard);
    void *context;
    // What the kernel wrote between the two states. Without it, which of several lots that left
    // together was scrapped is a guess, and good and bad parts are not told.
    const ls_trace_item *trace;
    size_t trace_count;
} ls_watch_def;

// `before` NULL: everything is told as at a birth, waiting lots by RELEASED and ARRIVED too.
// O(size of the plant). Allocates nothing; a machine's lots are told up to 4095 bytes of names.
void ls_watch(const ls_plant *plant, const ls_twin *twin, const ls_state *before,
              const ls_state *after, const ls_watch_def *def);

// PackML state that the signals would tell of this machine, and the reason (mode of the machine's
// station + 1, 0 none) with it.
int ls_watch_packml(const ls_plant *plant, const ls_twin *twin, const ls_state *state,
                    uint32_t machine, uint32_t *out_reason);
// The k-th mode of a machine (as the model counts) as an index into ls_plant.failures, LS_NO: there
// is none; and back.
uint32_t ls_watch_failure(const ls_plant *plant, uint32_t station, uint32_t local, uint32_t k);
uint32_t ls_watch_mode(const ls_plant *plant, uint32_t station, uint32_t local, uint32_t failure);
