// instant.h - inside of the hearing of one moment: what is told is gathered, then done at once, so
// that the order within the moment does not show.
//
// hear_lot.c and hear_machine.c gather, infer.c adds what must have been, move.c does it.
#pragma once

#include "twin/follow/core.h"

typedef enum ls_move_kind {
    LS_MOVE_NONE,     // released and not heard of further
    LS_MOVE_LEFT,     // no longer where it was
    LS_MOVE_QUEUE,    // waits at a step
    LS_MOVE_MACHINE,  // in a machine
    LS_MOVE_DONE,
    LS_MOVE_SCRAPPED
} ls_move_kind;

typedef struct ls_move {
    uint32_t lot;
    uint32_t machine;  // MACHINE
    uint32_t step;     // QUEUE, MACHINE: LS_NO until found
    uint32_t station;
    uint32_t release;  // of a fresh one
    uint32_t from;     // station it comes from, LS_NO: outside
    ls_move_kind kind;
    bool stays;     // is in that machine already
    bool fresh;     // released in this moment
    bool birth;     // told again, not a change
    bool begun;     // MACHINE: put into it in this moment
    uint32_t born;  // + 1: step at which a birth names it
    bool again;     // MACHINE: ended there and was begun there anew
    bool aborted;   // goes back to the queue it came from
    bool out;       // has left where it was
    bool worked;    // ... and that was a machine of `from`
    bool pool;      // NONE: waits in its order pool
    bool enters;    // NONE: comes out of its order pool
} ls_move;

typedef struct ls_job {  // one machine in this moment
    bool listed, lots_told, state_told, product_told, step_told, setup_told, wants;
    bool birth;
    bool ended;  // its operation ended or was given up in this moment
    uint32_t told_at, told_count;
    uint32_t parts;  // good and bad told
} ls_job;

struct ls_instant {
    ls_move *moves;
    uint32_t move_count, move_capacity;
    uint32_t *move_of;  // per lot slot: + 1
    ls_job *jobs;
    uint32_t *machines;  // with a job
    uint32_t machine_count;
    uint8_t *touched;  // stations
    uint32_t *stations;
    uint32_t station_count;
    uint32_t *told;  // lots of LOTS, one machine after the other
    uint32_t told_count, told_capacity;
    uint32_t *queue_told;  // stations whose QUEUE was told
    uint32_t queue_count;
    uint32_t lots;   // of the model
    bool lots_born;  // a birth names the lots
    bool more;       // this is not the last of its time
};

ls_move *ls_instant_move(ls_instant *in, uint32_t lot);  // NULL: out of memory
ls_job *ls_instant_job(ls_instant *in, uint32_t machine);
void ls_instant_touch(ls_instant *in, uint32_t station);
bool ls_instant_tell_lot(ls_instant *in, uint32_t lot);

// hear_lot.c: RELEASED, ARRIVED, DONE, SCRAPPED, and lots by name
void ls_hear_lot(ls_core *core, ls_instant *in, const ls_heard *heard);
// `release`: its class, LS_NO where that was not told.
uint32_t ls_hear_lot_at(ls_core *core, ls_instant *in, const char *name, size_t size,
                        uint32_t release, uint32_t machine, uint32_t station, uint32_t step,
                        bool birth);
uint32_t ls_hear_step_at(const ls_core *core, uint32_t lot, uint32_t station, uint32_t hint);
uint32_t ls_hear_step_named(const ls_core *core, uint32_t product, const char *name, size_t size);
// hear_machine.c
void ls_hear_machine(ls_core *core, ls_instant *in, const ls_heard *heard);
void ls_hear_lots_left(ls_core *core, ls_instant *in);
void ls_hear_restarts(ls_core *core, ls_instant *in);
// infer.c
void ls_infer_counters(ls_core *core, ls_instant *in);
void ls_infer_starts(ls_core *core, ls_instant *in);
void ls_infer_queues(ls_core *core, ls_instant *in);
void ls_infer_unborn(ls_core *core, ls_instant *in);
void ls_infer_ghosts(ls_core *core, ls_instant *in);
// end.c
void ls_move_end(ls_core *core, ls_instant *in, uint32_t machine);
// move.c
void ls_moves_find_steps(ls_core *core, ls_instant *in);
void ls_moves_do(ls_core *core, ls_instant *in);
void ls_moves_unseen(ls_core *core, ls_instant *in);
void ls_move_start(ls_core *core, ls_instant *in, uint32_t machine, const uint32_t *lots,
                   uint32_t count);
