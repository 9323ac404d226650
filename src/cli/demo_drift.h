// demo_drift.h - a part of the demo's world: after a while something is not as it was.
#pragma once

#include "line/emulate_hide.h"

// The vibration sensors of the machines that the plant's first model is about are recalibrated at
// from_us of plant time: what they tell is a fifth less from then on. The line itself stays as it
// is; whoever reads them has to learn anew. *out is NULL where there is no model. Fails with
// LS_ERR_MEMORY.
ls_status ls_demo_drift_make(const ls_plant *plant, int64_t from_us, ls_hide **out, ls_error *err);
