// check.h - the 35 guards: may this command go to the line, now?
//
// Pure and total: a function of limits, state, command and clock; no asserts, no memory, no files;
// any bytes in the command give an answer. The first guard that fails is named, in the order
// authority, mode, freshness, state, value, rate, combined effect, journal, send, read back
// (docs/GUARDS.md has the table). What is unknown is refused. Commands that only take something
// away (ls_guard_is_stop) skip the guards of gain, rate and permissive.
#pragma once

#include "guard/check_state.h"

typedef enum ls_guard_number {  // as in docs/GUARDS.md
    LS_GUARD_NONE,
    LS_GUARD_RANGE,
    LS_GUARD_RATE,
    LS_GUARD_STEP,
    LS_GUARD_BUDGET,
    LS_GUARD_FREQUENCY,
    LS_GUARD_DWELL,
    LS_GUARD_FRESHNESS,
    LS_GUARD_QUALITY,
    LS_GUARD_IN_STEP,
    LS_GUARD_MODEL_RANGE,
    LS_GUARD_CLAIM,
    LS_GUARD_DEADLINE,
    LS_GUARD_BINDING,
    LS_GUARD_PERMISSIVE,
    LS_GUARD_INTERLOCK,
    LS_GUARD_PACKML,
    LS_GUARD_MODE,
    LS_GUARD_HOLD,
    LS_GUARD_AUTHORITY,
    LS_GUARD_TWO_PERSONS,
    LS_GUARD_IDEMPOTENCE,
    LS_GUARD_SEQUENCE,
    LS_GUARD_WRITE_AHEAD,
    LS_GUARD_EXPIRY,
    LS_GUARD_READ_BACK,
    LS_GUARD_FOREIGN,
    LS_GUARD_BEAT_OUT,
    LS_GUARD_BEAT_IN,
    LS_GUARD_FALLBACK,
    LS_GUARD_REENGAGE,
    LS_GUARD_ONE_WRITER,
    LS_GUARD_CONSERVATION,
    LS_GUARD_COMBINED,
    LS_GUARD_ALARMS_RATE,
    LS_GUARD_BYPASS,
    LS_GUARD_COUNT = LS_GUARD_BYPASS
} ls_guard_number;

typedef struct ls_guard_finding {
    uint32_t guard;  // the first that failed; 0: none, it may go
    char reason[200], reason_ko[240];
    bool again;  // guard 21: the same command was decided before; with this result
    ls_command_result before;
    bool by_arrival;  // the line told no time of its own: freshness goes by arrival
} ls_guard_finding;

// Before it is journalled: everything that can be known then.
void ls_guard_check(const ls_guard_limits *limits, const ls_guard_state *state,
                    const ls_command *command, const ls_guard_clock *clock, ls_guard_finding *out);
// Several that are meant to go together: all or none. out: of the first command that fails.
// *out_index: which one; count when all may go.
void ls_guard_check_together(const ls_guard_limits *limits, const ls_guard_state *state,
                             const ls_command *commands, uint32_t count,
                             const ls_guard_clock *clock, ls_guard_finding *out,
                             uint32_t *out_index);
// In the instant of sending, one or several: the same again, and each one's row must be durable
// (ls_guard_note_journalled).
void ls_guard_check_send_together(const ls_guard_limits *limits, const ls_guard_state *state,
                                  const ls_command *commands, uint32_t count,
                                  const ls_guard_clock *clock, ls_guard_finding *out,
                                  uint32_t *out_index);

// Every guard by itself, in the order checked; for the page and for people.
typedef enum ls_guard_outcome {
    LS_GUARD_PASSED,
    LS_GUARD_FAILED,
    LS_GUARD_SKIPPED,  // a stop
    LS_GUARD_BYPASSED
} ls_guard_outcome;
typedef struct ls_guard_row {
    uint32_t guard;
    ls_guard_outcome outcome;
    char reason[200], reason_ko[240];  // of a failed or bypassed one, else empty
} ls_guard_row;
void ls_guard_explain(const ls_guard_limits *limits, const ls_guard_state *state,
                      const ls_command *command, const ls_guard_clock *clock,
                      ls_guard_row out[LS_GUARD_COUNT]);

// "freshness"; group "mode". 0 or beyond: "".
const char *ls_guard_name(uint32_t guard);
const char *ls_guard_name_ko(uint32_t guard);
const char *ls_guard_group(uint32_t guard);
// May people switch it off for a while? The guards that keep the line's order never.
bool ls_guard_can_bypass(uint32_t guard);
