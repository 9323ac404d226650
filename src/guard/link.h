// link.h - how the service speaks to the guard: commands in, verdicts out.
//
// The guard is a process of its own (guard.h); this is the caller's end of its local socket. All
// functions return at once. While the guard is away nothing can be sent: ls_guard_link_send says
// so.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { LS_GUARD_SERVICE_US = 2000000 };

typedef enum ls_command_kind {  // of the line's handshake, docs/EMULATOR.md
    LS_COMMAND_DISPATCH,
    LS_COMMAND_HOLD,
    LS_COMMAND_STOP,
    LS_COMMAND_START,
    LS_COMMAND_MAINTAIN,
    LS_COMMAND_RELEASE,
    LS_COMMAND_SETPOINT,
    LS_COMMAND_KIND_COUNT
} ls_command_kind;

typedef enum ls_role { LS_ROLE_VIEWER, LS_ROLE_OPERATOR, LS_ROLE_ENGINEER, LS_ROLE_COUNT } ls_role;

typedef struct ls_approval {
    char who[64];
    ls_role role;
    int64_t at_us;  // wall, since 1970
} ls_approval;

typedef struct ls_command {
    char id[48];        // "d-1207-1"; never used twice
    char decision[40];  // "d-1207"
    char point[64];     // of plant->decide.points: its mode, its least gain, holds by name
    ls_command_kind kind;
    char device[128];  // machine as the line names it; "line"
    char argument[200];
    char target[128];  // what is changed, for limits by target: machine, class or value
    double number;     // SETPOINT: the value; else 0
    bool automatic;    // else approvals say who
    ls_approval approvals[2];
    uint32_t approval_count;
    uint32_t sequence;       // of this target, from 1, strictly increasing, also over restarts
    uint64_t state_version;  // of the machine or queue decided about (facts heard so far, from 1)
    uint64_t state_now;      // the same when sent: both filled in by the service
    int64_t decided_us, deadline_us, not_after_us;  // wall, monotonic clock of this boot
    double gain_low, gain_min;                      // claim on fresh futures
    uint32_t claim_futures;
    double certainty;    // of the followed state
    int64_t in_step_us;  // for so long
} ls_command;

typedef enum ls_command_result {
    LS_COMMAND_REFUSED,       // a guard said no: `guard`, `reason`; nothing was sent
    LS_COMMAND_SENT,          // on the wire; more will come
    LS_COMMAND_ACKNOWLEDGED,  // the line said done, and it was read back
    LS_COMMAND_DENIED,        // the line said no: `reason`
    LS_COMMAND_LOST,          // no answer in time: alarm
    LS_COMMAND_EXPIRED,       // not sent in time
    LS_COMMAND_RESULT_COUNT
} ls_command_result;

typedef struct ls_verdict {
    char id[48];
    ls_command_result result;
    uint32_t guard;  // number as in docs/GUARDS.md, 0: none
    char reason[200];
    int64_t at_us;  // wall, since 1970
} ls_verdict;

typedef struct ls_guard_link ls_guard_link;

typedef struct ls_guard_link_def {
    const char *folder;  // of the guard, in the service's data folder
    void (*verdict)(void *context, const ls_verdict *verdict);  // from a thread of the link
    void (*changed)(void *context, bool there, const char *why);
    void *context;
} ls_guard_link_def;

ls_status ls_guard_link_open(const ls_guard_link_def *def, ls_guard_link **out, ls_error *err);
void ls_guard_link_close(ls_guard_link *link);  // NULL is fine
bool ls_guard_link_is_there(ls_guard_link *link);
// LS_ERR_IO: the guard is away, nothing was sent and nothing will be.
ls_status ls_guard_link_send(ls_guard_link *link, const ls_command *command, ls_error *err);
// Holds (or lets go) what is decided: point name, or "" for everything. Outlives restarts.
ls_status ls_guard_link_hold(ls_guard_link *link, const char *point, bool hold, const char *who,
                             ls_role role, ls_error *err);
// The caller is alive. To be called by the very loop that decides, at least every half second, not
// by a timer: when the guard has not heard it for LS_GUARD_SERVICE_US it stops the heartbeat to the
// line, and the line goes by its own rule. A link alone does not beat. LS_GUARD_SERVICE_US is 2 s.
void ls_guard_link_beat(ls_guard_link *link);
// A person lets the guard write again after so many trips a day that it stopped for good
// (engineer).
ls_status ls_guard_link_reset(ls_guard_link *link, const char *who, ls_role role, ls_error *err);
