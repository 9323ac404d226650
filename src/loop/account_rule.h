// account_rule.h - by which rule a line went in a window of time.
#pragma once

#include "loop/decisions.h"
#include "plant/plant.h"
#include "twin/twin.h"

// The plant under the base rules that decisions of these kinds followed (bits, 1 << kind), at the
// stations where such are made; elsewhere the line goes by its own. *out, the caller's; NULL where
// none were followed. *known false, and *out NULL: more than one at a station, one after another,
// or one that is not of this plant. Fails with LS_ERR_MEMORY and what compiling a rule fails with.
ls_status ls_account_rule(const ls_plant *plant, const ls_twin *twin, const ls_done *done,
                          size_t count, unsigned kinds, ls_twin **out, bool *known, ls_error *err);
