// warmup.h - how long the plant needs to forget how it started.
#pragma once

#include "twin/twin.h"

enum { LS_WARMUP_PILOTS = 5, LS_WARMUP_BUCKETS = 500 };

// MSER-5 (White, "An effective truncation heuristic for bias reduction in simulation output",
// Simulation 69, 1997) on the WIP of LS_WARMUP_PILOTS replications of length for_us, averaged
// across them in LS_WARMUP_BUCKETS buckets. *out_reliable is false when the minimum lies in the
// last half: then half of for_us is returned and more time is needed. The pilots use replication
// numbers of their own.
ls_status ls_warmup_find(const ls_twin *twin, const ls_run_def *def, int64_t *out_us,
                         bool *out_reliable, ls_error *err);
