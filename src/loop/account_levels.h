// account_levels.h - the numbers of lots and people that the line said were in force at a moment.
//
// The follower knows the plant file's alone. Only those that `decide:` may set and a value of
// `listen.values` tells; others are the plant file's.
#pragma once

#include "loop/intake.h"

// Puts them into a fork of the followed plant of plant time at_us. Fails with what reading the
// history fails with.
ls_status ls_account_levels(const ls_intake *intake, int64_t at_us, ls_snapshot *fork,
                            ls_error *err);
