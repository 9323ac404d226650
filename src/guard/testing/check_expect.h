// check_expect.h - what the tests of the guards share: one case, healthy, and what is expected of
// it.
#pragma once

#include "guard/testing/guard_case.h"

extern guard_case g;

uint32_t check(const ls_command *command);
void expect(ls_command command, uint32_t guard, int line);
#define EXPECT(command, guard) expect((command), (guard), __LINE__)
// A good command with one thing changed: `WITH(dispatch, w.sequence = 3)`.
#define WITH(kind, change)                    \
    ({                                        \
        ls_command w = guard_case_##kind(&g); \
        change;                               \
        w;                                    \
    })
void set(char *field, const char *text);
ls_command coolant(double value);
void begin(void);
ls_command hold(const char *span, bool automatic);
void verified_ago(double seconds);
void sent_dispatch(double seconds_ago);
void hear_condition(uint32_t condition, double value);
uint32_t at_state(ls_command c, double state);
ls_command two(const char *first, const char *second, int64_t apart_us);
ls_read_back read_at(double seconds, double value, ls_read_from from);
