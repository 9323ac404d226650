// minifab.h - the MiniFab example under other rules, releases and loads, with decisions: for tests
// and bench/decide.
#pragma once

#include <stdbool.h>

#include "plant/plant.h"
#include "twin/twin.h"

typedef struct minifab_def {
    const char *folder;  // of the source tree
    const char *rules;   // diffusion/implant/litho: FIFO SPT EDD CR LBFS FBFS LSU LSU+LBFS
                         // NSU+LBFS (what needs no setup, then last buffer first)
    bool poisson;
    double load;  // share of the stated starts
    // Decisions: none, or a point for each station.
    bool decide;
    bool wait;  // they may wait
    bool pool;  // each class has an order pool, and with `decide` its entry is decided
    bool part;  // the furnaces may begin with fewer than three lots
} minifab_def;

typedef struct minifab {
    ls_plant *plant;
    ls_twin *twin;
    ls_decide_point *points;  // three, and one for each class with `pool`; or NULL
} minifab;

// The names of the rules, NULL at the end; the first six suit every station.
extern const char *const minifab_rules[];

// False: the reason is on stderr.
bool minifab_make(const minifab_def *def, minifab *out);
void minifab_clear(minifab *m);
