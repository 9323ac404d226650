// settings.h - what changes of settings brought to the value that they are for.
//
// The other past of a value is what was measured, less what the changes that are judged brought to
// it: the declared response (decide/setpoint.h) times the share of it that the measured values
// themselves show (likely.h), in 79 ways that are likely. Gain: distance from the target (or the
// value itself, where it is to be small) without them less with them, over the whole span, in the
// value's unit times hours.
//
// The response is not its own judge. The twin's replay of what happened puts the declared response
// in the place of what was seen of it; by how much its cost differs from that of the line is the
// error. So where a setting does half of what is declared, or less, the gain is not larger than it.
#pragma once

#include "decide/outlook.h"
#include "decide/prove/counterfactual.h"

enum { LS_SETTINGS_MOST = 8 };  // that act on one value

typedef struct ls_setting_past {  // of one setting; numbers rising in time, the first in force
    const ls_measured *response;  // how the value follows it
    const ls_seen *actual;        // as it was set, from before the first value on
    uint32_t actual_count;
    const ls_seen *own;  // as it would have been set without the decisions that are judged
    uint32_t own_count;
} ls_setting_past;

typedef struct ls_settings_def {
    const ls_setting_past *settings;
    uint32_t setting_count;  // at least 1
    const ls_seen *values;   // as measured, rising in time; from well before the span on
    uint32_t value_count;
    int64_t from_us, until_us;
    double target;   // unless `minimizes`
    bool minimizes;  // the value itself is what it costs
    uint64_t seed;
} ls_settings_def;

// `drawn` is 0. What cannot be told is no failure: gain, interval and error are NaN, and `why` says
// so. Fails with LS_ERR_INVALID (times, numbers of settings) and LS_ERR_MEMORY.
ls_status ls_settings_judge(const ls_settings_def *def, ls_counterfactual_result *out,
                            ls_error *err);
