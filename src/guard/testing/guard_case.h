// guard_case.h - a small plant, a healthy line and a good command, for tests of the guards.
#pragma once

#include "guard/check.h"

#define SECOND INT64_C(1000000)

enum { CASE_GRIND = 2, CASE_COOLANT = 5 };  // targets: machines 0..2, classes 3 and 4, value 5
enum { CASE_POINTS = 8, CASE_LIMITS = 8, CASE_CONDITIONS = 3 };

typedef struct guard_case {
    ls_plant plant;
    ls_station stations[2];
    ls_machine machines[3];
    ls_failure failures[3];
    ls_release releases[2];
    ls_measured measured[2];
    ls_decide_point points[CASE_POINTS];
    ls_guard_limit limit_list[CASE_LIMITS];
    ls_guard_condition conditions[CASE_CONDITIONS];
    ls_guard_limits *limits;
    ls_guard_state *state;
    ls_guard_clock clock;
} guard_case;

// Two mills, one grinder (points, limits and conditions: guard_case.c), all of it healthy: every
// command below may go.
void guard_case_init(guard_case *g);
void guard_case_clear(guard_case *g);
// The state alone anew, healthy; limits may have been changed before (they are made anew as well).
void guard_case_again(guard_case *g);

ls_command guard_case_dispatch(const guard_case *g);  // lot L1 on the grinder, automatic
ls_command guard_case_setpoint(const guard_case *g);  // coolant 20 to 22, automatic
ls_command guard_case_release(const guard_case *g);   // gear-a, approved by kim, operator
ls_command guard_case_maintain(const guard_case *g);  // wheel of the grinder, approved
ls_command guard_case_stop(const guard_case *g);      // the grinder, by kim
ls_guard_heard guard_case_heard(const guard_case *g, double value);  // good, of now
