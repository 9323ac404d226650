// setpoint.h - what a setpoint does to the value it is for, by its declared response.
//
// Where the value settles for a setting is told by the plant file, by a gain or by a table
// (ls_measured_settles); how it gets there is first order with dead time: a change whose whole
// effect is `effect` has brought
//     effect * (1 - exp(-(t - delay) / tau))
// after t, and nothing within the delay. Changes add up: what earlier ones have not brought yet
// still comes. Pure.
#pragma once

#include <stdint.h>

#include "plant/listen.h"

typedef struct ls_set_change {  // of a setpoint
    int64_t at_us;
    double effect;  // by how much the value will have moved in the end
} ls_set_change;

// Effect of changing the setting from one value to another.
double ls_set_effect(const ls_measured *measured, double from, double to);
// Share of the whole effect that has come `after_us` after a change: 0 before it, towards 1.
double ls_set_share(const ls_measured *measured, int64_t after_us);
// The value at `at_us`, from `value` measured at now_us with the changes made up to then, if now a
// change of this effect is made. Noise and disturbance are taken to stay as they are.
double ls_set_predict(const ls_measured *measured, double value, int64_t now_us,
                      const ls_set_change *changes, uint32_t change_count, double effect,
                      int64_t at_us);
// Mean distance from `target` over the horizon (64 steps of the trapezoidal rule): what a setpoint
// decision makes small.
double ls_set_distance(const ls_measured *measured, double value, int64_t now_us,
                       const ls_set_change *changes, uint32_t change_count, double effect,
                       double target, int64_t horizon_us);
