// check_inside.h - how the guards are written: one predicate each, over one case.
#pragma once

#include <stdarg.h>

#include "guard/check.h"

// A command that is being looked at. Its texts end, its kind is one that there is.
typedef struct ls_guard_case {
    const ls_guard_limits *limits;
    const ls_guard_state *state;
    const ls_command *command;
    const ls_guard_clock *clock;
    uint32_t at;                          // its target, or LS_NONE
    const ls_guard_target *target;        // the same; NULL: none
    const ls_guard_target_state *memory;  // the same; NULL: none
    const ls_guard_machine *machine;      // NULL: the target is none
    const ls_guard_value *value;          // NULL: the target is none
    const ls_decide_point *point;         // NULL: no such point
    const ls_command *before;             // commands of the batch that go before it
    uint32_t before_count;
    bool sending;       // in the instant of sending
    char *reason, *ko;  // why it failed: filled by ls_guard_no
} ls_guard_case;

enum { LS_GUARD_REASON = 200, LS_GUARD_REASON_KO = 240 };

// Fills both reasons (printf style, the same arguments in the same order), of the sizes above.
void ls_guard_say(char *reason, char *ko, const char *english, const char *korean, va_list args);
// The same for a case; returns false.
bool ls_guard_no(const ls_guard_case *c, const char *english, const char *korean, ...);

// a - b without overflow.
int64_t ls_guard_span(int64_t a, int64_t b);
// How the current value would change; NaN: unknown.
double ls_guard_amount(const ls_guard_case *c);
bool ls_guard_window_live(const ls_guard_change *change, int64_t now_us, int64_t window_us);
// How many lots are in the plant: those that were named, or more, where the line counts more.
uint64_t ls_guard_lots(const ls_guard_state *state);
const ls_guard_lot *ls_guard_lot_find(const ls_guard_state *state, const char *name);
bool ls_guard_bypass_valid(const ls_guard_limits *limits, const ls_guard_bypass *bypass);
void ls_guard_case_set(ls_guard_case *c, const ls_command *command);
// The value of "NAME=VALUE"; false: it is not that.
bool ls_guard_setting(const ls_command *command, double *out);
// The lot that a DISPATCH names: its argument without " pure" behind it (a batch of the lot's
// product alone) or what is done with it instead: " pass", " rework", " scrap". `out` has the size
// of an argument.
void ls_guard_lot_name(const ls_command *command, char *out);
uint32_t ls_guard_lot_way(const ls_command *command);  // LS_SORT_...; 0: the machine takes it

// check_authority.c
bool ls_guard_known_once(const ls_guard_case *c);  // 21
bool ls_guard_may(const ls_guard_case *c);         // 19
bool ls_guard_by_two(const ls_guard_case *c);      // 20
bool ls_guard_bypasses(const ls_guard_case *c);    // 35
bool ls_guard_not_held(const ls_guard_case *c);    // 18
// check_mode.c
bool ls_guard_ours(const ls_guard_case *c);        // 17
bool ls_guard_one_writer(const ls_guard_case *c);  // 31
bool ls_guard_beat_out(const ls_guard_case *c);    // 27
bool ls_guard_beat_in(const ls_guard_case *c);     // 28
bool ls_guard_fallback(const ls_guard_case *c);    // 29
bool ls_guard_healthy(const ls_guard_case *c);     // 30
// check_fresh.c
bool ls_guard_fresh(const ls_guard_case *c);  // 7
// Does what must be fresh bear the time of its arrival alone?
bool ls_guard_is_by_arrival(const ls_guard_case *c);
bool ls_guard_good(const ls_guard_case *c);         // 8
bool ls_guard_in_time(const ls_guard_case *c);      // 12
bool ls_guard_not_expired(const ls_guard_case *c);  // 24
// check_situation.c
bool ls_guard_legal(const ls_guard_case *c);         // 16
bool ls_guard_no_interlock(const ls_guard_case *c);  // 15
bool ls_guard_permitted(const ls_guard_case *c);     // 14
bool ls_guard_bound(const ls_guard_case *c);         // 13
bool ls_guard_conserved(const ls_guard_case *c);     // 32
bool ls_guard_in_sequence(const ls_guard_case *c);   // 22
bool ls_guard_not_foreign(const ls_guard_case *c);   // 26
bool ls_guard_in_step(const ls_guard_case *c);       // 9
bool ls_guard_in_model(const ls_guard_case *c);      // 10
// check_value.c
bool ls_guard_in_range(const ls_guard_case *c);    // 1
bool ls_guard_small_step(const ls_guard_case *c);  // 3
bool ls_guard_claimed(const ls_guard_case *c);     // 11
// check_rate.c
bool ls_guard_slow(const ls_guard_case *c);       // 2
bool ls_guard_in_budget(const ls_guard_case *c);  // 4
bool ls_guard_seldom(const ls_guard_case *c);     // 5
bool ls_guard_dwelt(const ls_guard_case *c);      // 6
bool ls_guard_no_flood(const ls_guard_case *c);   // 34
bool ls_guard_together(const ls_guard_case *c);   // 33
// check_send.c
bool ls_guard_journalled(const ls_guard_case *c);   // 23
bool ls_guard_read_before(const ls_guard_case *c);  // 25
