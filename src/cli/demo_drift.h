// demo_drift.h - a part of the demo's world: after a while something is not as it was.
#pragma once

#include "line/emulate_hide.h"

// The vibration sensors of the machines that the plant's first model is about are replaced at
// from_us of plant time, by ones that read 0.9 mm/s less: an error of their zero. The line itself
// stays as it is; whoever reads them has to learn anew. *out is NULL where there is no model. Fails
// with LS_ERR_MEMORY. Of what it is, a sentence for people without its end: "the vibration sensors
// of grind-1, ...".
void ls_demo_drift_tell(const ls_plant *plant, char *out, size_t size);
ls_status ls_demo_drift_make(const ls_plant *plant, int64_t from_us, ls_hide **out, ls_error *err);
