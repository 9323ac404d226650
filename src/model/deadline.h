// deadline.h - is a version fast enough for the line that it is to serve? Measured here and now,
// since a training may have run on another machine.
#pragma once

#include "model/predictor.h"
#include "model/registry.h"

// What this thread has run so far: the gate 'latency' counts what a model takes, not what other
// programs take from it meanwhile.
int64_t ls_deadline_ns(void);
// The one at this place among them by size; sorts.
int64_t ls_deadline_place(int64_t *took_ns, size_t count, size_t place);
// LS_ERR_INVALID: half of its predictions take longer than `limit_us` of the processor. The middle
// and not the tail, which on a busy machine is the machine's. LS_ERR_MEMORY.
ls_status ls_deadline_keep(const ls_predictor *predictor, uint32_t columns, uint32_t number,
                           int64_t limit_us, ls_error *err);
// The same of a version as it was read from the registry, by the plan's `gates: latency`. What
// cannot be read as a model of this plan, and a monitor, which needs its rows one after the other,
// is not timed: LS_OK.
ls_status ls_deadline_check(const ls_model_plan *plan, const ls_registry_version *version,
                            ls_error *err);
