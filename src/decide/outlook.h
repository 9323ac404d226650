// outlook.h - what is known of a value that can be set: where it is, what earlier settings still
// bring, and how it is disturbed.
//
// Made from what was heard: the measured values and the settings in force. What the declared
// response (setpoint.h) explains of a measured value is taken off; the rest is its disturbance. On
// a grid of times that is modelled as
//     d' = level + memory (d - level) + shock
// by least squares, and the shocks are kept as they were: a future draws them again, with
// replacement (a residual bootstrap), so that no shape of noise is supposed. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "decide/setpoint.h"

enum {
    LS_OUTLOOK_STEPS = 64,    // of the horizon
    LS_OUTLOOK_CHANGES = 64,  // earlier ones that still bring something
    LS_OUTLOOK_SHOCKS = 256,
    LS_OUTLOOK_LEAST = 16,  // shocks without which nothing is known of the disturbance
};

typedef struct ls_seen {  // a number as it was heard; it holds until the next one
    int64_t at_us;
    double number;
} ls_seen;
// What held at a time at or after the first; `count` is at least 1.
const ls_seen *ls_seen_at(const ls_seen *seen, uint32_t count, int64_t at_us);
// `from`, and what each change of the settings after the first number has brought by then.
double ls_seen_brought(const ls_measured *measured, const ls_seen *settings, uint32_t count,
                       int64_t at_us, double from);

// All members are of eight bytes: its bytes are kept with a decision, and hashed.
typedef struct ls_outlook {
    int64_t now_us, step_us;  // plant time; the horizon is LS_OUTLOOK_STEPS steps
    int64_t since_us;         // of the last change of the setting; INT64_MIN: none was heard
    double value, setting;    // measured now, in force now
    double disturbance;       // now: what the settings do not explain
    double level, memory;     // memory in [0, 1]
    uint64_t change_count, shock_count;
    ls_set_change changes[LS_OUTLOOK_CHANGES];
    double shocks[LS_OUTLOOK_SHOCKS];
} ls_outlook;

// How far a decision about this value looks: until four time constants after the dead time, and at
// least to the next one.
int64_t ls_outlook_horizon_us(const ls_measured *measured, int64_t every_us);

// values and settings: rising in time, none behind now_us. LS_ERR_INVALID says what has not been
// heard yet; *out is then all zero.
ls_status ls_outlook_make(const ls_measured *measured, const ls_seen *values, uint32_t value_count,
                          const ls_seen *settings, uint32_t setting_count, int64_t now_us,
                          int64_t step_us, ls_outlook *out, ls_error *err);
uint64_t ls_outlook_hash(const ls_outlook *outlook);
// May these bytes, from a file, be one?
bool ls_outlook_is_sound(const ls_outlook *outlook);

// Where the value goes, undisturbed any further, when the setting becomes `setting` now: at now and
// after each step.
void ls_outlook_path(const ls_measured *measured, const ls_outlook *outlook, double setting,
                     double out[LS_OUTLOOK_STEPS + 1]);
// What the disturbance adds to that in one future, at the same times; 0 at first.
void ls_outlook_drift(const ls_outlook *outlook, uint64_t key, double out[LS_OUTLOOK_STEPS + 1]);
// Mean distance of the sum of both from target (trapezoidal rule).
double ls_outlook_distance(const double *path, const double *drift, double target);
// Mean of the sum of both.
double ls_outlook_mean(const double *path, const double *drift);
