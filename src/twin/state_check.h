// state_check.h - the second half of ls_state_check (twin.h).
#pragma once

#include "base/status.h"
#include "twin/context.h"

// What must hold of values, in a state whose lists are whole. LS_ERR_INVALID names the first thing
// that does not.
ls_status ls_state_check_values(const ls_ctx *c, ls_error *err);
