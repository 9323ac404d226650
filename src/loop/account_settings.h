// account_settings.h - what decisions about settings brought in a window of time, for each value
// that they are for (decide/prove/settings.h): from what the history has of the value and of its
// settings.
//
// Of the changes of a setting that the line told, those that a decision ordered are judged (the
// same number, within ten minutes); what people set, and the default that a line falls back to, is
// in the other past as well.
#pragma once

#include "loop/account_window.h"

// Puts the unit of gains: the value's times hours ("C h"; of "$/h" it is "$").
void ls_account_settings_unit(const char *unit, char *out, size_t size);

// Tells one value (into listen.values) of the plant in a window that is final; `done` as
// ls_decisions_done has it, of every kind. `seed`: of what is not known for sure. Under no lock.
// What cannot be told is no failure, and says why. Fails with LS_ERR_MEMORY and what reading the
// history fails with.
ls_status ls_account_settings_tell(const ls_intake *intake, const ls_account_window *window,
                                   uint32_t value, const ls_done *done, size_t count, uint64_t seed,
                                   ls_outcome *out, ls_error *err);
