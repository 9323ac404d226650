// follow.h - the twin in step with the line.
//
// A follower holds one running plant (an ls_state like any other) and moves it by what is heard of
// the real line instead of by its own random draws. Whatever has a length that only the line knows
// (operations, repairs, transports) runs without end until the end is heard, or is inferred from
// what follows. At every moment the state is consistent (state_check.h) and can be forked: the fork
// redraws what is hidden, given the time passed, and settles what the line has not done yet.
//
// Signals are taken at once. Those that come late (up to late_us behind the newest) are put in
// their place: the state goes back to a checkpoint before them and hears everything again in the
// order of (time, arrival), so that the order of arrival does not show. Doubled ones change
// nothing. What cannot be (a lot in two machines, a state that the route forbids) is believed when
// it is newer, and counted. Without lot names the head of the queue is taken, by the plant's own
// rule; a lot that appears downstream has passed what lies between.
//
// Pure: no clock but the times given, no files, no threads. Not thread safe.
#pragma once

#include "base/status.h"
#include "plant/plant.h"
#include "twin/follow/fact.h"
#include "twin/twin.h"

typedef enum ls_heard_kind {
    LS_HEARD_STATE,     // machine: number = PackML state
    LS_HEARD_LOTS,      // machine: text = names of the lots in work, blank separated
    LS_HEARD_STEP,      // machine: text = step of the product in work
    LS_HEARD_PRODUCT,   // machine: text
    LS_HEARD_SETUP,     // machine: text = setup state, empty: none
    LS_HEARD_REASON,    // machine: number = mode of the machine's station (index into
                        // ls_plant.failures) + 1, 0: none
    LS_HEARD_GOOD,      // machine: number = so many more good parts
    LS_HEARD_BAD,       // machine: so many more bad parts
    LS_HEARD_QUEUE,     // station: number of lots waiting
    LS_HEARD_RELEASED,  // lot; text = "LOT [class=C] [product=P] [due=US] [priority=N] [step=S]"
    LS_HEARD_ARRIVED,   // lot; text = "LOT station=S [step=S]"
    LS_HEARD_DONE,      // lot; text = "LOT"
    LS_HEARD_SCRAPPED,  // lot; text = "LOT"
    LS_HEARD_STALE,     // machine (LS_NO: all): number 1 silent from now, 0 speaks again
    LS_HEARD_KIND_COUNT
} ls_heard_kind;

typedef struct ls_heard {
    ls_heard_kind kind;
    bool birth;       // told again, not a change: agrees with the state or corrects it
    uint32_t of;      // machine or station of the plant
    int64_t time_us;  // plant time
    int64_t number;
    const char *text;  // not kept
    uint32_t size;
} ls_heard;

// Something in which line and twin did not agree, or that had to be supposed.
typedef enum ls_divergence_kind {
    LS_DIVERGE_INFERRED,      // an event that was not heard but must have been
    LS_DIVERGE_CONTRADICTED,  // heard what cannot be
    LS_DIVERGE_UNKNOWN,       // names a lot, step, product, state that the plant does not have
    LS_DIVERGE_LATE,          // older than late_us: not taken into the present
    LS_DIVERGE_CLOCK,         // time jumped
    LS_DIVERGE_KIND_COUNT
} ls_divergence_kind;
typedef struct ls_divergence {
    ls_divergence_kind kind;
    int64_t time_us;
    uint32_t machine, station;  // LS_NO
    char text[160];             // one sentence with names
} ls_divergence;

typedef struct ls_follow_def {
    int64_t late_us;  // default 10 s
    int64_t
        clock_jump_us;  // a step forward of more than this without a birth is a jump, default 1 h
    uint64_t seed;      // of the forks of ls_follow_fork
    // Facts and divergences, each once and for good: told when they lie late_us behind, so that no
    // late signal can change them any more, by the next advance or settle, or when many have
    // gathered. Either may be NULL.
    void (*fact)(void *context, const ls_fact *fact);
    void (*diverged)(void *context, const ls_divergence *divergence);
    void *context;
    uint32_t cookie;  // set by ls_follow_def_default
} ls_follow_def;
ls_follow_def ls_follow_def_default(void);

typedef struct ls_follow ls_follow;

// At plant time start_us nothing is known: the plant is empty (lots of `initial` are placed when
// start_us is 0), machines are idle until they speak. `plant` and `twin` are kept alive by the
// caller. Fails with LS_ERR_MEMORY or LS_ERR_LIMIT.
ls_status ls_follow_create(const ls_plant *plant, const ls_twin *twin, int64_t start_us,
                           const ls_follow_def *def, ls_follow **out, ls_error *err);
void ls_follow_destroy(ls_follow *follow);

// Takes one signal. Never fails: what makes no sense is counted and told. O(1) in the size of the
// plant but for corrections.
void ls_follow_hear(ls_follow *follow, const ls_heard *heard);
// Time has passed without anything heard: calendars turn, transports that are due arrive.
void ls_follow_advance(ls_follow *follow, int64_t now_us);
// Tells what is final by now. Signals wait for it only where they are many.
void ls_follow_settle(ls_follow *follow);
int64_t ls_follow_now(const ls_follow *follow);

// The state as it stands, for looking (names: ls_follow_lot_name).
const ls_state *ls_follow_state(const ls_follow *follow);
const char *ls_follow_lot_name(const ls_follow *follow, uint32_t lot_index);  // "~17" when inferred
// How much of the present is heard, 0..1: lots and machines whose place was heard / all.
double ls_follow_certainty(const ls_follow *follow);
// A future, as ls_snapshot_fork: into a snapshot of the same twin, no allocation.
void ls_follow_fork(const ls_follow *follow, uint64_t seed, uint64_t future, ls_snapshot *into);

typedef struct ls_follow_figures {
    uint64_t heard, doubled, reordered, rolled_back, unchanged;
    uint64_t divergences[LS_DIVERGE_KIND_COUNT];
    uint64_t released, done, scrapped;
    uint32_t lots, lots_inferred, machines_stale, machines_unheard;
    int64_t now_us, last_heard_us;
} ls_follow_figures;
ls_follow_figures ls_follow_describe(const ls_follow *follow);

// Everything, to go on after a restart. load refuses what another model or version made
// (LS_ERR_VERSION) or what is damaged (LS_ERR_INVALID). Bytes are freed with ls_free.
ls_status ls_follow_save(const ls_follow *follow, void **out, size_t *out_size, ls_error *err);
ls_status ls_follow_load(const ls_plant *plant, const ls_twin *twin, const void *bytes, size_t size,
                         const ls_follow_def *def, ls_follow **out, ls_error *err);
