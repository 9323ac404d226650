// control.h - the decentralised control of the plant: nineteen loops.
//
// The published one (E. L. Russell, L. H. Chiang, R. D. Braatz, Data-driven Techniques for Fault
// Detection and Diagnosis in Chemical Processes, Springer 2000), with which the recorded data sets
// were made. Loops 1 to 11 move valves every 3 s; 13 to 20 move setpoints of others, every 3 s, 6
// min or 15 min. Each is a PI controller in velocity form, or the P part of one. Loop 12 is not
// there. Two valves have none: loop numbers are those of the valves they move up to 11, and the
// agitator stands.
#pragma once

#include <stdbool.h>

#include <lineshaft/status.h>

#include "process/state.h"

typedef struct ls_te_loop {
    const char *name;
    const char *unit;  // of the setpoint
    int number;        // 1 to 20; setpoint [number - 1]
    int measured;      // index into measured
    int valve;         // the valve that it moves, or -1
    int loop;          // the number of the loop whose setpoint it moves, or 0
    double setpoint;   // at rest
    double span;       // of the measurement: errors are in percent of it
    double gain;
    double reset_h;  // 0: no integral part
    int every_s;
    double out_span;   // of what it moves; for setpoints
    double low, high;  // what a person may set
} ls_te_loop;

enum { LS_TE_LOOPS = 19 };
extern const ls_te_loop ls_te_loops[LS_TE_LOOPS];

// The loop of a number; NULL if there is none.
const ls_te_loop *ls_te_loop_find(int number);
// Is its setpoint a person's to choose? That of an inner loop is moved by an outer one.
bool ls_te_loop_is_free(const ls_te_loop *loop);

// A person's setpoint. LS_ERR_INVALID, with the state as it was: no such loop, one that another
// moves, or a value that is no number or not between low and high; *err says what would be right.
ls_status ls_te_set_point(ls_te_state *state, int number, double value, ls_error *err);

// Setpoints and commands at rest.
void ls_te_control_start(ls_te_state *state);
// What the controllers do in step (from 1), before it is integrated; step_h: its length.
void ls_te_control(ls_te_state *state, int64_t step, double step_h);
