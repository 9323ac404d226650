// check_limits.h - what the guards hold a command to: the plant file's `guards:`, made ready.
//
// Constant once made. Names point into the plant, which the caller keeps alive. A *target* is what
// a command changes: a machine, a class of releases, or a value with a setpoint.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "guard/link.h"
#include "plant/plant.h"

// How much is remembered, beside what the plant asks for. Reaching one of these refuses.
enum {
    LS_GUARD_IDS = 4096,                 // command ids seen
    LS_GUARD_HOLDS = 64,                 // holds by people
    LS_GUARD_BYPASSES = 16,              // bypasses
    LS_GUARD_REVOKED = 64,               // people whose approvals were revoked
    LS_GUARD_TRIPS = 64,                 // trips of the last day
    LS_GUARD_ALARMS = 64,                // alarms of the last ten minutes
    LS_GUARD_CHANGES = 1024,             // changes within the window of one budget
    LS_GUARD_COUNT_MAX = 4096,           // largest count of a frequency limit
    LS_GUARD_BATCH = LS_GUARD_TOGETHER,  // commands that are checked together
    LS_GUARD_IN_WORK = 64,               // lots in one machine
    LS_GUARD_LOTS_MAX = 65536,           // lots in the plant
    LS_GUARD_FUTURES_MIN = 8,            // fresh futures that a claim rests on
    LS_GUARD_FLOOD = 10,                 // alarms in ten minutes; more is a flood
};
#define LS_GUARD_APPROVAL_US (60LL * 1000000)          // an approval counts for so long (wall)
#define LS_GUARD_TWO_PERSONS_US (10LL * 60 * 1000000)  // two approvals lie at most so far apart
#define LS_GUARD_SKEW_US (2LL * 1000000)               // clocks may differ by so much
#define LS_GUARD_DAY_US (24LL * 3600 * 1000000)
#define LS_GUARD_ALARM_WINDOW_US (10LL * 60 * 1000000)

typedef enum ls_guard_target_kind {
    LS_TARGET_MACHINE,
    LS_TARGET_CLASS,
    LS_TARGET_VALUE
} ls_guard_target_kind;

typedef struct ls_guard_target {
    ls_guard_target_kind kind;
    const char *name;    // ls_command.target
    const char *device;  // ls_command.device that belongs to it: the machine's name, or "line"
    uint32_t index;      // machine, release, or value of the plant
    uint32_t station;    // of a machine, else LS_NONE
    uint32_t machine;    // the machine, or that of the value; LS_NONE: none
    uint32_t value;      // of a value with a setpoint: into ls_guard_state.values, else LS_NONE
    double low, high;    // of a value: the range its response is declared for
} ls_guard_target;

typedef struct ls_guard_limits {
    const ls_plant *plant;
    const ls_guards *guards;
    ls_guard_target *targets;  // machines first, in the plant's order, then classes, then values
    uint32_t target_count;
    uint32_t machine_count;  // targets[0 .. machine_count) are the machines
    uint32_t value_count;    // values with a setpoint
    uint32_t lots_most;      // lots in the plant at once
    bool accepts_uncertain;  // a value whose quality is uncertain may do; default false
    bool line_has_epoch;     // the line keeps an epoch of its writer; default false
    bool line_counts_lots;   // it tells no events, but how many lots are in the plant
} ls_guard_limits;

// LS_ERR_LIMIT names what the guard could not hold; LS_ERR_MEMORY.
ls_status ls_guard_limits_create(const ls_plant *plant, ls_guard_limits **out, ls_error *err);
void ls_guard_limits_destroy(ls_guard_limits *limits);  // NULL is fine

// The target a command changes, by its kind and name, or LS_NONE.
uint32_t ls_guard_target_find(const ls_guard_limits *limits, ls_command_kind kind,
                              const char *name);
// Lots that such a command brings into the plant. One that comes in out of its order pool was
// released before, and is told and counted from then on.
uint32_t ls_guard_lots_added(const ls_guard_limits *limits, ls_command_kind kind, uint32_t target);
// Does this limit hold for such commands of this target? A limit of a kind of decision holds for
// every kind of command that decision could send.
bool ls_guard_limit_holds(const ls_guard_limit *limit, const ls_guard_target *target,
                          ls_command_kind kind);
// Only takes something away: STOP, and DISPATCH with an empty argument (a choice is taken back).
bool ls_guard_is_stop(const ls_command *command);
