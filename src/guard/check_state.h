// check_state.h - what the guard itself has heard and remembers.
//
// Plain memory of a size fixed at its making, changed only by the functions below; nothing here
// looks at a clock. Line time is the plant's clock as the line's values bear it (microseconds since
// 1970 or since the plant's time zero, as long as it is always the same); monotonic time is that of
// this boot; wall time is microseconds since 1970. What was never heard is unknown, and unknown is
// refused.
//
// After a restart the state is made again from the guard's journal (memory.h), and by what the line
// tells anew.
#pragma once

#include "guard/check_limits.h"

#define LS_GUARD_UNKNOWN INT64_MIN

typedef struct ls_guard_clock {
    int64_t mono_us;
    int64_t wall_us;
    int64_t line_us;  // newest time the line has told, moved on by no one; LS_GUARD_UNKNOWN
} ls_guard_clock;

typedef enum ls_guard_quality {
    LS_GUARD_QUALITY_UNKNOWN,
    LS_GUARD_QUALITY_GOOD,
    LS_GUARD_QUALITY_UNCERTAIN,
    LS_GUARD_QUALITY_BAD
} ls_guard_quality;

// A value as heard. Its source vouches for it until vouched_us: a source that tells only changes
// and is alive vouches for all its values with everything it tells.
typedef struct ls_guard_heard {
    ls_guard_quality quality;
    double value;
    int64_t vouched_us;  // line time; LS_GUARD_UNKNOWN
    bool by_arrival;     // the source told no time: it is that of arrival, a little too young
} ls_guard_heard;

typedef struct ls_guard_machine {
    ls_guard_heard state;                // PackML number
    uint64_t in_work[LS_GUARD_IN_WORK];  // lots
    uint32_t in_work_count;
} ls_guard_machine;

typedef struct ls_guard_value {
    ls_guard_heard current;  // as the line tells the setpoint
    double verified;         // last one read back, or told by the line unasked; NaN: none
    int64_t verified_us;     // line time of the change
    bool whole;              // its tag takes whole numbers from least to most
    double least, most;
} ls_guard_value;

typedef struct ls_guard_condition_state {
    ls_guard_heard heard;
    bool disarmed;      // an interlock was active and nobody has re-armed since
    int64_t active_us;  // wall: when that began; counts with disarmed, 0: not known
} ls_guard_condition_state;

typedef enum ls_read_from {
    LS_READ_LINE,   // told by the line after the write
    LS_READ_ECHO,   // the answer of the protocol
    LS_READ_CACHE,  // what we had
} ls_read_from;

// A command that is on the wire and has not been read back.
typedef struct ls_guard_pending {
    bool open;
    uint64_t id;  // ls_guard_hash of the command's
    double written;
    double before;  // what stood there; NaN: unknown
    double tolerance;
    int64_t wrote_us;     // monotonic
    uint32_t good_reads;  // in a row
} ls_guard_pending;

typedef struct ls_guard_target_state {
    uint32_t sequence;        // of the last command; 0: none yet
    int64_t changed_us;       // line time of the last change; LS_GUARD_UNKNOWN: never
    int64_t foreign_us;       // monotonic: somebody else has changed it; LS_GUARD_UNKNOWN: nobody
    int64_t foreign_wall_us;  // wall: the first time since re-arming; counts with it, 0: not known
    uint32_t fights;          // how often that happened
    ls_guard_pending pending;
} ls_guard_target_state;

typedef struct ls_guard_change {
    int64_t at_us;  // line time
    double amount;
    uint64_t order;  // counts up over all changes, from 1
    uint32_t target;
    ls_command_kind kind;
} ls_guard_change;

typedef struct ls_guard_window {  // one per limit of the plant file; of BUDGET and FREQUENCY
    ls_guard_change *changes;     // a ring, oldest first
    uint32_t capacity, first, count;
} ls_guard_window;

typedef struct ls_guard_lot {
    uint64_t name;      // ls_guard_hash; 0: free
    uint32_t station;   // where it waits; LS_NONE: it does not
    uint32_t machines;  // that say they have it in work
} ls_guard_lot;

typedef struct ls_guard_id {
    uint64_t id, body;  // hashes
    ls_command_result result;
    uint32_t guard;
} ls_guard_id;

typedef struct ls_guard_hold {
    char point[64];  // "" is everything
    char who[64];
    ls_role role;
    int64_t since_us;  // wall; whoever takes it over changes nothing here; 0: not known
} ls_guard_hold;

typedef struct ls_guard_bypass {
    uint32_t guard;
    char who[64];
    ls_role role;
    char reason[120];
    int64_t begin_us, end_us;  // wall
} ls_guard_bypass;

typedef struct ls_guard_revoked {
    char who[64];
    int64_t at_us;  // wall: approvals up to then count no more
} ls_guard_revoked;

typedef enum ls_guard_owner { LS_OWNER_UNKNOWN, LS_OWNER_LOCAL, LS_OWNER_US } ls_guard_owner;

typedef struct ls_guard_line {
    ls_guard_owner owner;    // who may command the line
    int64_t owner_since_us;  // monotonic: older decisions are not replayed
    int64_t beat_sent_us;    // monotonic: our counter was changed on the line; UNKNOWN
    bool beat_heard;         // the line says that it hears our heartbeat
    int64_t beat_in_us;      // monotonic: a value or counter of the line changed; UNKNOWN
    bool fallback_ready;     // the line has its own rule loaded, now
    bool lease_held;         // the one lease on this line is ours
    int64_t lease_until_us;  // monotonic; equal is over
    uint32_t epoch;          // of our lease
    uint32_t line_epoch;     // the newest the line has seen; counts with line_has_epoch
} ls_guard_line;

typedef struct ls_guard_state {
    const ls_guard_limits *limits;
    ls_guard_line line;
    ls_guard_machine *machines;            // machine_count
    ls_guard_value *values;                // value_count
    ls_guard_condition_state *conditions;  // guards->condition_count
    ls_guard_target_state *targets;        // target_count
    ls_guard_window *windows;              // guards->limit_count
    uint64_t change_count;                 // ever noted: order of the newest
    ls_guard_lot *lots;                    // open addressing
    uint32_t lot_slots, lot_count;
    ls_guard_heard lots_inside;  // as the line counts them; where limits->line_counts_lots
    const char *lots_missing;    // the first place whose lots were not told; NULL: none is known
    uint32_t lots_missing_count;
    bool lots_known;   // false until the line has told of all its lots, or when too many were told
    ls_guard_id *ids;  // a ring
    uint32_t id_count, id_next;
    ls_guard_hold holds[LS_GUARD_HOLDS];
    uint32_t hold_count;
    bool holds_lost;  // more holds than there is room for: everything is held
    ls_guard_bypass bypasses[LS_GUARD_BYPASSES];
    uint32_t bypass_count;
    ls_guard_revoked revoked[LS_GUARD_REVOKED];
    uint32_t revoked_count;
    bool revoked_lost;              // more than there is room for: no approval counts
    int64_t healthy_since_us;       // monotonic; LS_GUARD_UNKNOWN: not healthy
    int64_t unhealthy_us;           // wall: when that ended last; LS_GUARD_UNKNOWN: it never did
    int64_t trips[LS_GUARD_TRIPS];  // wall, a ring of the newest
    uint32_t trip_count, trip_next;
    bool latched;                     // too many trips: until a person resets
    int64_t alarms[LS_GUARD_ALARMS];  // monotonic, a ring of the newest
    uint32_t alarm_count, alarm_next;
    bool journal_ready;                    // the journal can be written durably
    uint64_t journal_ids[LS_GUARD_BATCH];  // hashes of the commands whose rows were made durable
    uint32_t journal_count;                // last: one, or those that go together
} ls_guard_state;

// Nothing is known, nobody owns, nothing is armed against anybody. LS_ERR_MEMORY.
ls_status ls_guard_state_create(const ls_guard_limits *limits, ls_guard_state **out, ls_error *err);
void ls_guard_state_destroy(ls_guard_state *state);  // NULL is fine

uint64_t ls_guard_hash(const char *text);           // of an id or a lot's name; never 0
uint64_t ls_guard_body(const ls_command *command);  // of what it would do: all but id and times

// ---- what the line tells (out of range indexes are ignored)

void ls_guard_hear_state(ls_guard_state *state, uint32_t machine, const ls_guard_heard *heard);
// The machine's source is alive at line time us: all its values still hold. LS_NONE: of the line.
void ls_guard_vouch(ls_guard_state *state, uint32_t machine, int64_t us);
void ls_guard_hear_value(ls_guard_state *state, uint32_t target, const ls_guard_heard *heard,
                         const ls_guard_clock *clock);  // notices foreign writes
// Its tag takes whole numbers alone; else it is a real.
void ls_guard_hear_whole(ls_guard_state *state, uint32_t target, double least, double most);
void ls_guard_hear_condition(ls_guard_state *state, uint32_t condition, const ls_guard_heard *heard,
                             const ls_guard_clock *clock);
// The source has died: nothing of the machine (LS_NONE: of anything) is known any more.
void ls_guard_forget(ls_guard_state *state, uint32_t machine);
void ls_guard_hear_lots(ls_guard_state *state, uint32_t machine, const char *names);  // in work
void ls_guard_hear_arrived(ls_guard_state *state, const char *lot, uint32_t station);
void ls_guard_hear_released(ls_guard_state *state, const char *lot);
void ls_guard_hear_gone(ls_guard_state *state, const char *lot);  // done or scrapped
void ls_guard_lots_begin(ls_guard_state *state);  // none known: the line tells them anew
void ls_guard_lots_told(ls_guard_state *state);   // now all of them are known
// So many lots are in the plant, by the line's own count.
void ls_guard_hear_inside(ls_guard_state *state, const ls_guard_heard *heard);
void ls_guard_own(ls_guard_state *state, ls_guard_owner owner, const ls_guard_clock *clock);

// ---- what people do. False: not allowed, and nothing has changed

bool ls_guard_hold_put(ls_guard_state *state, const char *point, const char *who, ls_role role,
                       const ls_guard_clock *clock);
const ls_guard_hold *ls_guard_hold_find(const ls_guard_state *state, const char *point);  // or NULL
bool ls_guard_hold_lift(ls_guard_state *state, const char *point, ls_role role);
bool ls_guard_bypass_put(ls_guard_state *state, const ls_guard_bypass *bypass,
                         const ls_guard_clock *clock);
// Ends it before its time (engineer). False as well when the guard is not bypassed.
bool ls_guard_bypass_end(ls_guard_state *state, uint32_t guard, ls_role role);
void ls_guard_revoke(ls_guard_state *state, const char *who, const ls_guard_clock *clock);
// After an interlock (a condition), a foreign write (a target; the other one LS_NONE).
bool ls_guard_rearm(ls_guard_state *state, uint32_t condition, uint32_t target, ls_role role);
bool ls_guard_reset_trips(ls_guard_state *state, ls_role role);

// ---- what the guard does and notices

// An id was decided about, with what came of it; once per id. Also from the journal.
void ls_guard_note_id(ls_guard_state *state, const ls_command *command, ls_command_result result,
                      uint32_t guard);
// A command goes on the wire: sequence, windows, dwell, pending. Also from the journal, with the
// times of then.
void ls_guard_note_sent(ls_guard_state *state, const ls_command *command,
                        const ls_guard_clock *clock);
// A target was changed by `amount` (of a value; else 0) at this line time: windows and dwell.
void ls_guard_note_change(ls_guard_state *state, uint32_t target, ls_command_kind kind,
                          int64_t line_us, double amount);
// By how much a command would change its value now; 0: it is no setpoint, or that is unknown.
double ls_guard_change_of(const ls_guard_state *state, const ls_command *command);
// Do the signals that it goes by bear the time of their arrival alone?
bool ls_guard_by_arrival(const ls_guard_state *state, const ls_command *command);
// The next change after `order` (0: the first) that some window still holds. False: no more.
bool ls_guard_change_after(const ls_guard_state *state, uint64_t order, ls_guard_change *out);
// The commands that are about to be sent: their rows are durable. At most LS_GUARD_BATCH count.
void ls_guard_note_journalled(ls_guard_state *state, const ls_command *commands, uint32_t count);
// It was done: lots that were let in count until the line has counted anew.
void ls_guard_note_done(ls_guard_state *state, const ls_command *command);
void ls_guard_note_trip(ls_guard_state *state, const ls_guard_clock *clock);  // not healthy now
void ls_guard_note_healthy(ls_guard_state *state, const ls_guard_clock *clock);
void ls_guard_note_unhealthy(ls_guard_state *state, const ls_guard_clock *clock);
void ls_guard_note_alarm(ls_guard_state *state, const ls_guard_clock *clock);

typedef enum ls_read_back { LS_READ_PENDING, LS_READ_HELD, LS_READ_FAILED } ls_read_back;
// A reading of what was written, or none (`read` NULL: time has passed). It holds when two readings
// from the line in a row are within tolerance; it has failed when the time is over. The answer of a
// handshake is read as 1 (done) against 1 written.
ls_read_back ls_guard_read_back(ls_guard_state *state, uint32_t target, const double *read,
                                ls_read_from from, const ls_guard_clock *clock);
