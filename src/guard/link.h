// link.h - how the service speaks to the guard: commands in, verdicts out.
//
// The guard is a process of its own (guard.h); this is the caller's end of its local socket. All
// functions return at once. While the guard is away nothing can be sent: ls_guard_link_send says
// so.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { LS_GUARD_SERVICE_US = 2000000, LS_GUARD_TOGETHER = 16 };

typedef enum ls_command_kind {  // of the line's handshake, docs/EMULATOR.md
    LS_COMMAND_DISPATCH,
    LS_COMMAND_HOLD,
    LS_COMMAND_STOP,
    LS_COMMAND_START,
    LS_COMMAND_MAINTAIN,
    LS_COMMAND_RELEASE,
    LS_COMMAND_SETPOINT,
    LS_COMMAND_SETUP,    // a machine for no lot; argument: the setup state
    LS_COMMAND_PUT_OFF,  // a class with an order pool; argument: "CLASS SPAN [LOTS]"
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
    bool by_hand;      // a person's own, resting on no computed decision: RELEASE and PUT_OFF alone
    ls_approval approvals[2];
    uint32_t approval_count;
    uint32_t sequence;       // of this target, from 1, strictly increasing, also over restarts
    uint64_t state_version;  // of the machine or queue decided about (facts heard so far, from 1)
    uint64_t state_now;      // the same when sent: both filled in by the service
    int64_t decided_us, deadline_us, not_after_us;  // wall, monotonic clock of this boot
    double gain, gain_low, gain_high;               // claim on fresh futures, with its interval
    double gain_min;
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
    int64_t at_us;    // wall, since 1970
    int64_t mono_us;  // in the monotonic clock of this boot, of what went to the line; 0: not known
} ls_verdict;

// What people tell the guard. It says yes or no itself, by their role.
typedef enum ls_guard_deed_kind {
    LS_DEED_HOLD,        // `what`: a point's name, "" for everything; operator
    LS_DEED_LIFT,        // the same or a higher role than that of the hold
    LS_DEED_BYPASS,      // `guard`, `reason`, `until_us`; engineer
    LS_DEED_END_BYPASS,  // `guard`, before its time; engineer
    LS_DEED_REARM,   // `what`: the tag of an interlock, or a value that others changed; operator
    LS_DEED_REVOKE,  // `what`: whose approvals up to now count no more; engineer
    LS_DEED_RESET,   // the trips of the day; operator
    LS_DEED_SHOW,    // nothing is done; everybody
    LS_DEED_KIND_COUNT
} ls_guard_deed_kind;

typedef struct ls_guard_deed {
    uint64_t ticket;  // the caller's number for it: the answer bears it
    ls_guard_deed_kind kind;
    char who[64];
    ls_role role;
    char what[512];
    uint32_t guard;
    char reason[120];  // a bypass needs one; else for the record
    int64_t until_us;  // of a bypass; wall, since 1970
} ls_guard_deed;

typedef struct ls_guard_answer {
    uint64_t ticket;
    bool done;
    char reason[200], reason_ko[240];  // why not; else empty
} ls_guard_answer;

// What people have done, and what waits for them. Told one by one before each answer.
typedef enum ls_guard_standing_kind {
    LS_STANDS_HOLD,       // what: point; who, role, since_us
    LS_STANDS_BYPASS,     // guard, who, role, reason, since_us, until_us
    LS_STANDS_REVOKED,    // what: whose; since_us
    LS_STANDS_INTERLOCK,  // what: tag; since_us: it became active; waits for a person to re-arm
    LS_STANDS_FOREIGN,    // what: value; count: how often others changed it; since_us: the first
                          // time since re-arming; waits for it
    LS_STANDS_TRIPS,      // count: of the last day; waits: latched until a person resets
    LS_STANDS_LOTS,       // lots are not known, so none is dispatched or released. what: the first
                          // station or machine whose lots were not told, "inside": how many there
                          // are in all, "": nobody knows; count: how many places
    LS_STANDS_KIND_COUNT
} ls_guard_standing_kind;

typedef struct ls_guard_standing {
    uint64_t ticket;
    ls_guard_standing_kind kind;
    char what[512];
    char who[64];
    ls_role role;
    uint32_t guard, count;
    bool waits;  // for a person
    char reason[120];
    int64_t since_us, until_us;  // wall; 0: not known
} ls_guard_standing;

typedef struct ls_guard_link ls_guard_link;

typedef struct ls_guard_link_def {
    const char *folder;  // of the guard, in the service's data folder
    void (*verdict)(void *context, const ls_verdict *verdict);  // from a thread of the link
    void (*changed)(void *context, bool there, const char *why);
    // Of deeds: first what stands now, then the answer. NULL: not wanted.
    void (*stands)(void *context, const ls_guard_standing *standing);
    void (*answered)(void *context, const ls_guard_answer *answer);
    void *context;
} ls_guard_link_def;

ls_status ls_guard_link_open(const ls_guard_link_def *def, ls_guard_link **out, ls_error *err);
void ls_guard_link_close(ls_guard_link *link);  // NULL is fine
bool ls_guard_link_is_there(ls_guard_link *link);
// LS_ERR_IO: the guard is away, nothing was sent and nothing will be.
ls_status ls_guard_link_send(ls_guard_link *link, const ls_command *command, ls_error *err);
// Commands that belong together, in this order: all of them go, or none. At most LS_GUARD_TOGETHER.
ls_status ls_guard_link_send_together(ls_guard_link *link, const ls_command *commands,
                                      uint32_t count, ls_error *err);
// What a person does; the answer comes through `answered`. Outlives restarts.
ls_status ls_guard_link_do(ls_guard_link *link, const ls_guard_deed *deed, ls_error *err);
// The caller is alive. To be called by the very loop that decides, at least every half second, not
// by a timer: when the guard has not heard it for LS_GUARD_SERVICE_US it stops the heartbeat to the
// line, and the line goes by its own rule. A link alone does not beat. LS_GUARD_SERVICE_US is 2 s.
void ls_guard_link_beat(ls_guard_link *link);
