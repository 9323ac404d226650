// disturbance.h - the twenty published disturbances, and one of the recorded data sets.
//
// IDV 1 to 7 are steps, 8 to 12 random variations, 13 a slow drift, 14 and 15 valves that stick; 16
// to 20 were published as unknown and are said here as the published program does them. Fault 21 is
// not in it: the recorded sets of that number have the valve of stream 4 fixed where it stands at
// rest.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <lineshaft/status.h>

#include "process/state.h"

enum { LS_TE_IDV_COUNT = 21 };  // numbered from 1

typedef struct ls_te_idv {
    const char *name;  // what it is, as in the publication's table
    const char *how;   // step, random, drift, sticks, fixed
} ls_te_idv;

// Of number, 1 to LS_TE_IDV_COUNT.
const ls_te_idv *ls_te_idv_get(int number);

// A set of disturbances: bit (number - 1).
static inline bool ls_te_idv_has(uint32_t set, int number) {
    return (set >> (number - 1) & 1U) != 0;
}
// The curves of walk.h that these disturbances move, bit i for curve i.
unsigned ls_te_idv_walks(uint32_t set);
// How far valve (0 to 11) can be from its command before it moves, in percent; 0 when it does not
// stick.
double ls_te_idv_stiction(uint32_t set, int valve);

// Turns one on or off. LS_ERR_INVALID for a number that is none.
ls_status ls_te_set_disturbance(ls_te_state *state, int number, bool on, ls_error *err);
