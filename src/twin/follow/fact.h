// fact.h - one thing that the followed line has shown: how long something took, or how it went.
//
// The follower makes them; estimates, calibration and scores are made from them.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum ls_fact_kind {
    LS_FACT_PROCESS,    // an operation: its machine's time in work, stops taken out
    LS_FACT_SETUP,      // a setup, stops taken out
    LS_FACT_FAILURE,    // a failure mode's clock from renewal to failure, in the clock of the mode:
                        // calendar us, busy us, or a count
    LS_FACT_REPAIR,     // from the crew's start (or, not heard apart, from the stop) to its end
    LS_FACT_TRANSPORT,  // from leaving a station to arriving at the next
    LS_FACT_RELEASE,    // between two releases of a class
    LS_FACT_OUTCOME,    // a lot left a step: value 0 passed, 1 scrapped, 2 to rework
    LS_FACT_DONE,       // a lot left the plant: its time inside
    LS_FACT_CAME,       // a lot of a class came into the plant, or was first heard of; no duration
    LS_FACT_POOL,       // of its order pool: value 1 it came and waits outside, 0 it has come in
    LS_FACT_KIND_COUNT
} ls_fact_kind;

typedef struct ls_fact {
    ls_fact_kind kind;
    int64_t time_us;  // when it ended (or was last seen), plant time
    double value;     // us, or a count
    double entered;   // left truncation: it had already run so long when first seen; else 0
    bool censored;    // value is only a lower bound
    bool inferred;    // some end of it was not heard
    bool lagged;      // PROCESS: of a lot in a cascade, or with two ports: until the lot was done
    uint32_t station, machine, step, mode, release;  // LS_NO where it does not apply
    uint32_t setup_from, setup_to;                   // SETUP: states + 1, 0 none
    uint32_t from;         // TRANSPORT: station left + 1; 0: from outside, or not known
    uint32_t lots, parts;  // PROCESS
    uint64_t lot;          // serial of the (first) lot
} ls_fact;
