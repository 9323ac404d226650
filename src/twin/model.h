// model.h - the immutable plant as the kernel sees it: one flat block, offsets instead of pointers.
//
// Compiled from an ls_plant by ls_model_compile (compile.h). Everything derived stands here once:
// queues and who may take from them, batch families as bit masks, memory slots of lots, stream
// numbers. Kernel code (base/kernel.h): the same bytes serve the CPU and a GPU.
#pragma once

#include "base/kernel.h"
#include "plant/kinds.h"
#include "plant/sample.h"

#define LS_NO 0xffffffffu              // no index
#define LS_NEVER 0x7fffffffffffffffLL  // no time
enum { LS_MODEL_MAGIC = 0x4c534d31, LS_ENGINE_VERSION = 1 };

// Station features: whatever is not here costs a plain station nothing.
enum {
    LS_F_BATCH = 1,        // several lots at once
    LS_F_SETUP = 2,        // setup states
    LS_F_NEEDS = 4,        // operators
    LS_F_FAILS = 8,        // failure modes or maintenance
    LS_F_SHIFT = 16,       // a calendar
    LS_F_ROOM = 32,        // finite queue
    LS_F_BEFORE = 64,      // blocking before service
    LS_F_LAG = 128,        // lots may leave after the machine is free (cascade, two ports)
    LS_F_WAIT = 256,       // batches with a wait limit
    LS_F_EITHER = 512,     // machine choice by least setup
    LS_F_LOADING = 1024,   // load or unload times
    LS_F_DRIFT = 2048,     // the order of waiting lots changes with time
    LS_F_SLOWNESS = 4096,  // how long work takes may be told
};
// Step features.
enum {
    LS_SF_SAMPLE = 1,
    LS_SF_SCRAP = 2,
    LS_SF_REWORK = 4,
    LS_SF_BRANCH = 8,
    LS_SF_ALTERNATIVES = 16,
    LS_SF_LIMITS = 32,     // queue-time limits begin when it ends
    LS_SF_DEADLINES = 64,  // queue-time limits end when it starts
    LS_SF_REMEMBER = 128,  // its machine is remembered for a later step
    LS_SF_MACHINES = 256,  // process time depends on the machine
    LS_SF_TAGGED = 512,    // same machine as, or other machine than, a former step
};
#define LS_SF_AFTER (LS_SF_SCRAP | LS_SF_REWORK | LS_SF_BRANCH | LS_SF_LIMITS)

typedef struct ls_m_station {
    ls_u32 features;
    ls_u32 area;
    ls_u32 machine_at, machine_count;
    ls_u32 idle_at, idle_words;    // words of the idle bit set
    ls_u32 queue_at, queue_count;  // its queues
    ls_u32 word_at, queue_words;   // words of the non-empty bit set (state) and of masks (model)
    ls_u32 family_at, family_count;
    ls_u32 criterion_at, criterion_count;
    ls_u32 fifo_only;     // the chain is `fifo` alone
    ls_u32 static_order;  // lots of one queue: 0 by arrival, 1 by the chain, 2 by it and a draw
    ls_u32 calendar;
    ls_u32 shift_end;
    ls_u32 need_at, need_count;
    ls_u32 need_phases;  // bit per phase that needs an operator
    ls_u32 matrix_at, setup_count;
    ls_u32 min_run, setup_clears;
    ls_u32 batch_full, batch_parts;
    ls_u32 simple;   // no features, no transit, one queue that every machine may take from, at most
                     // 64 machines
    ls_i64 places;   // waiting places, LS_NEVER: unlimited
    ls_u32 transit;  // dist or LS_NO
    ls_u32 ports;
} ls_m_station;

typedef struct ls_m_machine {
    ls_u32 station;
    ls_u32 mask_at;  // eligible queues: station.queue_words words in `words`
    ls_u32 mode_at;  // first of its modes, in the state too
    ls_u32 stream;   // process times
    ls_u32 setup_stream;
    ls_u32 setup_initial;  // setup state + 1, 0 none
    ls_u32 mode_count;
    ls_u32 told;           // condition that tells how long work takes now, + 1; 0: none
    double slowness;       // 1 / speed
    double exp_mean;       // express: mean of its exponential process time at speed 1, else 0
    ls_u32 express_step;   // the one step of its simple station, LS_NO: not express
    ls_u32 express_queue;  // its queue, model-wide
    ls_u32 express_ends;   // its lots go on by the express way too
    ls_u32 padding;        // to 64 bytes: an index becomes a shift
} ls_m_machine;

typedef struct ls_m_step {
    ls_u32 features;
    ls_u32 station;
    ls_u32 queue;  // queue (station-wide number) when not tagged
    ls_u32 next;
    ls_u32 process;             // dist
    ls_u32 machine_process_at;  // dist per machine of the station, in `words`
    ls_u32 per;
    ls_u32 product;
    ls_u32 number;
    ls_u32 parts;
    ls_i64 cascade, load, unload;
    ls_u32 setup;       // state + 1, 0 none
    ls_u32 setup_time;  // dist or LS_NO
    ls_u32 batch_min, batch_max, batch_most;
    ls_u32 alternatives, choice;
    ls_i64 batch_wait;
    double sample, scrap, rework;
    ls_u32 rework_to, rework_limit, rework_once, rework_scrap, rework_slot;
    ls_u32 branch_at, branch_count;
    ls_u32 limit_at, limit_count;        // limits that begin at its end
    ls_u32 deadline_at, deadline_count;  // slots (in `words`) whose limits end at its start
    ls_u32 memory_slot;                  // where its machine is remembered, + 1
    ls_u32 tag_slot, tag_other;          // slot that holds the machine to use (or avoid)
    ls_u32 tag_queue_at;                 // first of its per-machine queues
    ls_u32 stream;                       // routing draws
    double mean, remaining;              // mean process time; mean of this and all following steps
    double planned;       // mean process time at speed 1 of one lot in a full load of the machine
    ls_u32 route_stream;  // transport draws
    ls_u32 express;       // no features, at a simple station, and goes on to the like or out
    ls_u32 quality_slot;  // where it is remembered how likely a lot is bad, + 1; 0: not sorted here
    ls_u32 padding[7];    // to 256 bytes
} ls_m_step;

typedef struct ls_m_branch {
    double chance;
    ls_u32 step, pad;
} ls_m_branch;
typedef struct ls_m_limit {
    ls_i64 limit;
    ls_u32 slot, pad;
} ls_m_limit;

typedef struct ls_m_queue {
    ls_u32 step;
    ls_u32 machine;  // tagged queues: the machine (within the station); LS_NO: for all
    ls_u32 station, pad;
} ls_m_queue;

typedef struct ls_m_family {
    ls_u32 mask_at;  // queues that belong to it
    ls_u32 pad;
} ls_m_family;

typedef struct ls_m_criterion {
    ls_u32 rule, pad;
    double weights[8];
} ls_m_criterion;

typedef struct ls_m_mode {  // one per machine and mode
    ls_u32 machine;
    ls_u32 maintenance, by, lots, crew, from_end, carry;
    ls_u32 renews;  // bit per mode of the machine whose clock starts anew when this one's work ends
    ls_u32 every, repair;
    ls_u32 stream, repair_stream;
    ls_u32 first_dist;   // LS_NO: `every`
    ls_u32 condition;    // what tells how near it is, + 1; 0: its clock alone
    ls_i64 first_extra;  // stagger
    ls_i64 interval;     // maintenance by schedule
} ls_m_mode;

// A condition of one machine and mode: a plain number that grows with wear (condition.h). Or, where
// the mode is LS_NO, how long work takes on a machine (slowness.h).
typedef struct ls_m_condition {
    ls_u32 mode;
    ls_u32 at;     // dist: where the machine fails, LS_NO: a life is told; slowness: the machine
    double fresh;  // of a new part; slowness: of a machine as new
    double pace;   // that it grows by in a unit of the mode's clock, on average; slowness: by what
                   // process times are stretched for each unit that is told
    union {
        double inertia;  // of the clock: how much of that is held against what one part has shown
        ls_u64 until;    // slowness: bit per mode of the machine whose work makes it as new
    };
} ls_m_condition;
#define LS_CONDITION_INERTIA 0.1  // of the mean life

typedef struct ls_m_release {
    ls_u32 kind, product, lots, keep;
    ls_u32 every, first, due, lose;
    ls_i64 count;
    ls_i32 priority;
    ls_u32 step;  // first step
    ls_u32 order_at, order_count;
    ls_u32 stream, due_stream;
    ls_u32 express;   // one lot at a time, never lost, into a simple station
    ls_u32 pool;      // entry may be put off: lots wait outside for it
    double scale;     // of the cycle time histogram: buckets per microsecond base
    ls_i64 base;      // raw process time, us
    double exp_mean;  // of `every` when it is exponential, else 0
    ls_u32 padding[8];
} ls_m_release;

typedef struct ls_m_order {
    ls_i64 time, due;
    ls_u32 step;
    ls_i32 priority;
    ls_u32 lots, pad;
} ls_m_order;
typedef struct ls_m_wip {
    ls_i64 released, due;
    ls_u32 release, step;
    ls_i32 priority;
    ls_u32 pad;
} ls_m_wip;
typedef struct ls_m_calendar {
    ls_u32 time_at, time_count, cycle_at, on_first;
    ls_i64 cycle;
} ls_m_calendar;
typedef struct ls_m_pool {
    ls_u32 count, calendar, skill_at, skill_words;
} ls_m_pool;  // skill bits
typedef struct ls_m_need {
    ls_u32 skill, phases;
} ls_m_need;
typedef struct ls_m_stream {
    ls_u32 id, exp;
} ls_m_stream;  // exp: only exponential draws
#define LS_SIZE_IS(type, bytes) typedef char type##_size_check[sizeof(type) == (bytes) ? 1 : -1]
LS_SIZE_IS(ls_m_station, 128);
LS_SIZE_IS(ls_m_machine, 64);
LS_SIZE_IS(ls_m_step, 256);
LS_SIZE_IS(ls_m_release, 128);
LS_SIZE_IS(ls_m_mode, 72);
LS_SIZE_IS(ls_m_condition, 32);

typedef struct ls_m_setup {
    ls_u32 dist, pad;
    double mean;
} ls_m_setup;  // LS_NO: no setup needed

// Where each array lies, from the start of the block.
typedef struct ls_model {
    ls_u32 magic, version;
    ls_u64 size;        // of the whole block
    ls_u64 hash;        // over everything behind this field
    ls_u64 state_size;  // bytes of a state made from this model
    // counts
    ls_u32 stations, machines, steps, queues, families, modes, releases, orders, wip, calendars,
        pools, crews;
    ls_u32 needs, criteria, branches, limits, dists, tables, words, times, areas, streams, setups,
        lots;
    ls_u32 idle_words, queue_words, memory_slots, deadline_slots;
    // sources of events: numbers are leaves of the tree
    ls_u32 source_release, source_machine, source_mode, source_dynamic, sources, leaves,
        source_bits;
    ls_u32 dynamic;     // there are transports, lags or wait limits
    ls_u32 cached;      // streams are few: draw in blocks
    ls_u32 conditions;  // where they lie follows from the others: ls_model_conditions
    ls_i64 horizon;     // times reach up to here
    // offsets in the model
    ls_u64 station_at, machine_at, step_at, queue_at, family_at, mode_at, release_at, order_at,
        wip_at, calendar_at;
    ls_u64 pool_at, need_at, criterion_at, branch_at, limit_at, dist_at, table_at, word_at, mask_at,
        time_at;
    ls_u64 transport_at, matrix_at, stream_at,
        crew_at;                     // transport: (areas+1)^2 dists; crew: counts
    ls_u64 mean_at;                  // of each distribution, double
    ls_u32 before_at, before_count;  // stations that block before service, in `words`
    // offsets in the state
    ls_u64 s_tree, s_heap, s_station, s_machine, s_time, s_queue, s_bits, s_idle, s_mode, s_release,
        s_calendar;
    ls_u64 s_pool, s_crew, s_stream, s_finished, s_hist, s_memory, s_deadline, s_event, s_lot;
} ls_model;

#define LS_MODEL_ARRAY(model, type, at) \
    ((const type *)(const void *)((const char *)(model) + (model)->at))

// Conditions are the last section of the model; a model without any is as it was before there were.
enum { LS_BLOCK_ALIGN = 64 };
LS_FN const ls_m_condition *ls_model_conditions(const ls_model *m) {
    const ls_u64 bytes = (sizeof(ls_m_condition) * (ls_u64)m->conditions + LS_BLOCK_ALIGN - 1) /
                         LS_BLOCK_ALIGN * LS_BLOCK_ALIGN;
    return (const ls_m_condition *)(const void *)((const char *)m + (m->size - bytes));
}

// Cycle time histogram: log-linear, 64 buckets per octave from 1/16 to 256 times the raw process
// time; a quantile read at a bucket's middle is off by at most 1/128 = 0.8 %. The first and last
// bucket catch the rest.
enum {
    LS_HIST_OCTAVES = 12,
    LS_HIST_PER_OCTAVE = 64,
    LS_HIST_BUCKETS = LS_HIST_OCTAVES * LS_HIST_PER_OCTAVE
};

// Phases of an operation.
enum { LS_PHASE_NONE, LS_PHASE_SETUP, LS_PHASE_LOAD, LS_PHASE_RUN, LS_PHASE_UNLOAD };
