// retell.h - the twin runs on durations that are given from outside.
//
// After each event whatever has just begun (an operation's run, the way to the next release or
// failure, a repair) gets its hidden planned end from the source; the kernel stays as it is.
#pragma once

#include "twin/twin.h"

typedef enum ls_given_kind {
    LS_GIVEN_PROCESS,
    LS_GIVEN_RELEASE,
    LS_GIVEN_FAILURE,
    LS_GIVEN_REPAIR
} ls_given_kind;

// What is known of it: nothing, how long it was, or only that it is longer.
typedef enum ls_given_answer { LS_GIVEN_NOTHING, LS_GIVEN_VALUE, LS_GIVEN_BOUND } ls_given_answer;

// *io_us is the model's own draw. VALUE: it is now what it shall be. BOUND: it is now what it shall
// be more than; the model draws again, given that, where its draw was not. `key` as in realised.h.
// PROCESS, FAILURE, REPAIR: a span; RELEASE: the time of the next lot, never a bound.
typedef ls_given_answer (*ls_given)(void *context, ls_given_kind kind, uint64_t key,
                                    int64_t *io_us);

// By which number the source knows the lot that has just come, the newest of its class; LS_NO: it
// knows nothing of it. Asked once for each, in the order of their coming.
typedef uint32_t (*ls_given_lot)(void *context, uint32_t release, uint32_t serial, int64_t time_us);

typedef struct ls_retell {
    const ls_twin *twin;
    ls_given given;
    ls_given_lot lot;  // NULL, as it is at first: all lots by their serials
    void *context;
    uint64_t *running;   // per machine: serial + 1 of the operation already given
    int64_t *begun;      // and when
    uint64_t *released;  // per class
    uint8_t *modes;      // per mode: what was given last
    int64_t *lives;      // and the end that it has since
    uint32_t *lots;      // numbers of the lots that came, from serial `lots_from` on
    uint32_t lots_from, lots_seen, lot_capacity;
    uint64_t forced, drawn;  // operations
    bool started;
    bool failed;  // no memory for what came
} ls_retell;

// Fails with LS_ERR_MEMORY.
ls_status ls_retell_init(ls_retell *r, const ls_twin *twin, ls_given given, void *context,
                         ls_error *err);
void ls_retell_clear(ls_retell *r);
// Forgets where it was: before a run from another snapshot.
void ls_retell_restart(ls_retell *r);
// Runs on; what runs in the snapshot already gets its end from the source too.
ls_status ls_retell_run(ls_retell *r, ls_snapshot *snapshot, int64_t until_us, ls_error *err);
// After acts between two runs.
void ls_retell_look(ls_retell *r, ls_snapshot *snapshot);
// The number by which the source knows a lot; LS_NO: by none.
uint32_t ls_retell_lot(const ls_retell *r, uint32_t serial);
