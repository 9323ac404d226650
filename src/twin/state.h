// state.h - the running plant: one flat block of known size, indexes only, padding zero.
//
// Copy, save, hash, compare and ship are the same bytes. What a person standing in the plant could
// see (elapsed times, queues) and what only the simulation knows (planned ends: the fields marked
// hidden) stand apart, so that a fork can forget the latter (fork.h).
#pragma once

#include "twin/model.h"

// Machine states for the accounts of time. ISO 22400 groups them, see kpi.h.
enum {
    LS_STATE_STARVED,
    LS_STATE_PROCESSING,
    LS_STATE_SETUP,
    LS_STATE_BLOCKED,
    LS_STATE_DOWN,
    LS_STATE_MAINTENANCE,
    LS_STATE_OFF,
    LS_STATE_OPERATOR,  // waiting for an operator
    LS_STATE_COUNT
};

// What a control system decided about a machine (intervene.h).
enum {
    LS_HAND_STOPPED = 1,  // stands still, whatever it holds
    LS_HAND_HELD = 2,     // starts nothing new
};

// In ls_s_machine.chosen: the batch is of the lot's product alone.
#define LS_CHOSEN_PURE 0x80000000u

// Where a lot is.
enum {
    LS_LOT_FREE,
    LS_LOT_WAITING,
    LS_LOT_MACHINE,
    LS_LOT_LAG,
    LS_LOT_TRANSIT,
    LS_LOT_OUTSIDE,
    LS_LOT_OUT,
    LS_LOT_LEFT,
    LS_LOT_POOL  // outside, in the order pool of its class
};

// Why the kernel stopped.
enum {
    LS_RUN_UNTIL,    // reached the time asked for
    LS_RUN_EVENTS,   // did the number of events asked for
    LS_RUN_LOTS,     // limit: lots
    LS_RUN_HORIZON,  // limit: time
    LS_RUN_BROKEN,   // an assertion of the kernel failed: a bug
};

typedef struct ls_lot {
    ls_i64 released;
    ls_i64 due;
    ls_i64 arrived;  // in the queue; in a machine: start of the operation; in transit: departure
    ls_u32 serial;   // number of creation
    ls_u32 step;
    ls_u32 next;     // in its queue, its machine's list, its machine's lag list or the free list
    ls_u32 other;    // queue: the lot before; blocked: next in the list of those that wait for room
    ls_u32 machine;  // where it is in work; waiting: a draw for the rule `random`
    ls_u32 queue;    // queue it waits in (model-wide number)
    ls_u32 release;  // class
    ls_i32 priority;
    ls_u32 heap;  // place in the heap of dynamic events + 1, 0 none
    ls_u32 where;
} ls_lot;

// A lot's own event: end of a transport or of a lag, or of a batch's waiting time.
typedef struct ls_lot_event {
    ls_i64 since;    // start of what ends
    ls_i64 elapsed;  // lag: time of the operation before it was last stopped
    ls_i64 total;    // hidden: planned duration; LS_NEVER when not running
    ls_u32 dist;     // transport: its distribution; LS_NO: only a queue's transit
    ls_u32 lots;     // lag: lots of its batch
    ls_u32 parts;    // lag: parts of its batch
    ls_u32 transit;  // transport: dist of the queue's transit or LS_NO
} ls_lot_event;

typedef struct ls_s_station {
    ls_u32 waiting;                     // lots in its queues
    ls_u32 coming;                      // lots with a reserved place on their way
    ls_u32 idle;                        // machines
    ls_u32 working;                     // lots in its machines, lagging ones too
    ls_u32 blocked_head, blocked_tail;  // lots that wait for room here, LS_NO: none
    ls_u32 on_agenda;
    ls_u32 off;
    ls_i64 wait_sum;  // of lots that have started
    ls_u64 started;   // lots
    ls_i64 wait_max;
    ls_u64 batches;     // operations finished, batching stations only
    ls_u64 bad;         // parts scrapped or sent to rework after a step here
    ls_u64 setups;      // begun
    ls_u64 padding[6];  // to 128 bytes
} ls_s_station;

typedef struct ls_s_machine {
    ls_i64 since;            // of the present account state
    ls_i64 phase_since;      // the phase runs since; LS_NEVER: stopped
    ls_i64 phase_elapsed;    // of the phase before that
    ls_i64 phase_total;      // hidden
    ls_i64 lag;              // hidden: lots leave this much later
    ls_u32 lots, lot_count;  // list of lots in it
    ls_u32 step;             // of the operation
    ls_u32 part_count;
    ls_u32 setup, run;  // state + 1; lots since it changed
    ls_u32 phase;
    ls_u32 account;        // present account state
    ls_u32 mode;           // active failure or maintenance + 1
    ls_u32 pending;        // bit per mode that is due
    ls_u32 operator_pool;  // + 1
    ls_u32 next;           // in the list of those waiting for an operator, + 1
    ls_u32 waits;          // for an operator
    ls_u32 lag_head;       // its lots that leave later than it became free
    ls_u32 reserved;       // station with a place reserved before service, + 1
    ls_u32 setup_to;       // state after the running setup
    ls_u32 operator_need;  // skill of the operator it holds, + 1
    ls_u32 hand;           // what a control system decided: LS_HAND_...
    ls_u32 chosen;         // lot that is taken next, as soon as it waits here, + 1; LS_CHOSEN_PURE
    ls_i64 held_until;     // with LS_HAND_HELD; LS_NEVER: until released
} ls_s_machine;

typedef struct ls_s_queue {
    ls_u32 head, tail, count, pad;
} ls_s_queue;

typedef struct ls_s_mode {
    ls_i64 since;    // the clock runs since; LS_NEVER: stopped
    ls_i64 elapsed;  // clock before that
    ls_i64 total;    // hidden: time (or count) to the next; while active: duration of the repair
    ls_i64 due;      // maintenance by schedule: next due time
    ls_u32 active;   // repair or maintenance is running
    ls_u32 next;     // in the waiting list of its crew, + 1
    ls_u32 renewed;  // the first interval is over
    ls_u32 waits;    // for its crew
} ls_s_mode;

typedef struct ls_s_release {
    ls_i64 since;  // of the last release
    ls_i64 total;  // hidden
    ls_i64 left;   // releases to come
    ls_i64 cycle_sum, tardy_sum;
    ls_i64 scrap_sum;  // time inside of scrapped lots
    ls_i64 early_sum;  // time before time zero, of lots that are gone
    ls_u64 released, done, scrapped, lost, on_time, dated, late_limits, reworked;
    ls_i64 cycle_max;
    ls_u32 next_order;
    ls_u32 kept;  // CONWIP level that a control system set, + 1; 0: the plant's own
    ls_u64 over;  // CONWIP: so many that leave are not followed by another
    // The order pool, all zero where there is none. put_off: nothing of the class comes in before
    // (LS_NEVER: until told); a time that has passed, or 0: at once.
    ls_i64 put_off;
    ls_i64 pool_sum;              // time that lots waited there which have come in
    ls_u64 pool_entered;          // lots that have come in out of it
    ls_u32 pool_head, pool_tail;  // + 1, through ls_lot.other; 0: none waits there
    ls_u32 pooled, pool_pad;      // lots there
    ls_u64 escaped;               // bad lots passed on uninspected, by their chances; millionths
    ls_u64 padding[8];            // to 256 bytes
} ls_s_release;
LS_SIZE_IS(ls_s_station, 128);
LS_SIZE_IS(ls_s_machine, 128);
LS_SIZE_IS(ls_s_release, 256);
LS_SIZE_IS(ls_lot, 64);

typedef struct ls_s_calendar {
    ls_u32 at, on;
    ls_i64 base;
} ls_s_calendar;
typedef struct ls_s_pool {
    ls_u32 busy;
    ls_u16 on;
    ls_u16 staff;  // people there by a control system's word, + 1; 0: as many as the plant says
    ls_i64 since, busy_area;
} ls_s_pool;
typedef struct ls_s_crew {
    ls_u32 busy, head, tail, pad;
} ls_s_crew;
// What is known of a condition. Told from outside (intervene.h), kept until its part is renewed.
typedef struct ls_s_condition {
    double value, deviation;  // what is told, and the standard deviation of its error
    ls_i64 told_us;           // when that was so
    ls_u32 told, pad;         // 0: nothing is known, all else is 0 then
} ls_s_condition;
LS_SIZE_IS(ls_s_condition, 32);
typedef struct ls_heap_item {
    ls_i64 time;
    ls_u32 serial, lot;
} ls_heap_item;

typedef struct ls_state {
    ls_u32 magic, version;
    ls_u64 model_hash;
    ls_u64 size;
    ls_u64 seal;  // of a saved state: hash of the rest; means nothing in a running one
    ls_u64 key;   // of the random streams
    ls_i64 now;
    ls_u64 events;
    ls_u32 serial;    // lots created
    ls_u32 lot_free;  // head of the free list
    ls_u32 lot_used;  // slots ever used
    ls_u32 heap_count;
    ls_u32 operator_head, operator_tail;  // machines waiting for an operator, + 1
    ls_u32 stopped;                       // LS_RUN_LOTS, LS_RUN_HORIZON or LS_RUN_BROKEN
    ls_u32 fallbacks;                     // residuals drawn where no sample was left
    ls_u32 broken_line;                   // source line of a failed kernel assertion
    ls_u16 operators_freed;               // whoever waits for an operator is to be looked at
    ls_u16 hands;                         // some machine has a hand or a choice (intervene.h)
} ls_state;

#define LS_STATE_ARRAY(model, state, type, at) ((type *)(void *)((char *)(state) + (model)->at))
#define LS_STATE_VIEW(model, state, type, at) \
    ((const type *)(const void *)((const char *)(state) + (model)->at))

// Conditions lie before the streams' positions; a state without any is as it was before there were.
LS_FN ls_s_condition *ls_state_conditions(const ls_model *m, ls_state *s) {
    const ls_u64 bytes = (sizeof(ls_s_condition) * (ls_u64)m->conditions + LS_BLOCK_ALIGN - 1) /
                         LS_BLOCK_ALIGN * LS_BLOCK_ALIGN;
    return (ls_s_condition *)(void *)((char *)s + (m->s_stream - bytes));
}

// How likely a lot is bad is remembered as a share of this, + 1; 0: nothing is known.
#define LS_TOLD_BAD_MOST 65534.0

// What happened, for traces and tests.
enum {
    LS_TRACE_RELEASE,
    LS_TRACE_ARRIVE,
    LS_TRACE_START,
    LS_TRACE_END,
    LS_TRACE_DONE,
    LS_TRACE_SCRAP,
    LS_TRACE_LOST,
    LS_TRACE_DOWN,
    LS_TRACE_UP,
    LS_TRACE_BLOCK,
    LS_TRACE_SETUP
};
typedef struct ls_trace_item {
    ls_i64 time;
    ls_u32 kind, serial, step, machine;
} ls_trace_item;

// A worker's own memory: never part of the result.
enum { LS_DRAW_BLOCK = 64 };
// Far behind every position, so that no position seems to lie in an empty block (~0 would: n - ~0
// is n + 1).
#define LS_BLOCK_EMPTY ((ls_u64)1 << 63)
typedef struct ls_draw_block {
    double values[LS_DRAW_BLOCK];
} ls_draw_block;
// The next exponential time of a source, drawn and rounded before it is needed, so that the time of
// the next event does not wait for the arithmetic. Holds while `position` is the stream's. steps[]
// of the scratch has a block of them, each time << source_bits: what the source's key grows by.
typedef struct ls_ahead {
    ls_u64 step;
    ls_u64 position;
    ls_u64 first;  // position of the block's first, or LS_BLOCK_EMPTY
    ls_u64 pad;
} ls_ahead;
#define LS_STEP_NONE (~(ls_u64)0)  // behind the horizon
typedef struct ls_scratch {
    ls_draw_block *blocks;  // one per stream, or 0
    ls_u64 *exp_firsts;     // position of values[0] where a block holds exponentials
    ls_u64 *firsts;         // the same where it holds uniforms, or LS_BLOCK_EMPTY
    ls_ahead *ahead;        // one per source before the modes'
    ls_u64 *steps;          // LS_DRAW_BLOCK per such source, or 0
    ls_u32 *agenda;         // a ring of stations, empty between events
    ls_trace_item *trace;   // or 0
    ls_u64 trace_capacity, trace_count;
    ls_u64 key;    // of what the blocks hold
    ls_u64 still;  // events since the clock last went on, over the calls of ls_state_run
} ls_scratch;
