// pool_hand.h - a command that hands itself to the plant's pool (`--pool`) instead of running here.
#pragma once

#include "cli/options.h"
#include "plant/plant.h"

// Of a command's table: {.name = "pool", ...}.
#define LS_POOL_HAND_OPTION                                                                 \
    {                                                                                       \
        .name = "pool", .kind = LS_OPTION_FLAG,                                             \
        .about = "as a job of the plant's pool; waits for its end",                         \
        .detail = "docs/POOL.md, \"Jobs of a plant\". Ctrl-C ends the waiting, not the job" \
    }

// This very command line without `--pool`, as a job of the plant's account that starts in this
// folder, with `slots` GPUs or CPU slots. Waits, prints what it wrote, and returns its exit code.
int ls_pool_hand(const ls_plant *plant, const char *data, const char *name, double slots);
