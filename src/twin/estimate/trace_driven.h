// trace_driven.h - is the twin's logic right, and are its inputs? By replaying what really took how
// long.
//
// Trace-driven (TDS): the plant is run with the releases and the process times that the line had;
// what is left to the twin is who goes where, when and in which order: its logic. Quasi
// trace-driven (qTDS): each process time is replaced by the quantile of the plant file's own
// distribution at the rank of the time in its own sample, (r - 0.5) / n: what is tested then is
// the inputs too. Score: matched events / events of the longer log (match.h).
//
// A wrong distribution leaves TDS alone and lowers qTDS; a wrong route or rule lowers both. Limits:
// a process time is that on the machine with its stops in it, so failures of idle machines are not
// replayed; setups, transports and chances (scrap, rework, branches, sampling) are drawn by the
// twin; steps with a cascade or two ports keep the twin's own times.
#pragma once

#include "plant/plant.h"
#include "twin/twin.h"

typedef struct ls_traced_release {
    int64_t time_us;
    uint32_t release;  // class
    uint64_t lot;
} ls_traced_release;

typedef struct ls_traced_operation {
    uint64_t lot;      // the first lot of a batch; others of it are not listed
    int64_t start_us;  // taken by the machine
    int64_t end_us;    // let go by the operation
    int64_t ran_us;    // from the run's begin (behind setup) to its end, stops included
    int64_t net_us;    // without stops
    uint32_t step, machine, lots, parts;
} ls_traced_operation;

typedef struct ls_trace_driven_def {
    const ls_traced_release *releases;  // by time; those of one time in the order of the file
    size_t release_count;
    const ls_traced_operation *operations;  // of these lots, in any order
    size_t operation_count;
    int64_t until_us;
    int64_t delta_us;  // default 100 s
    uint64_t seed;     // of what the twin draws itself
    uint32_t cookie;   // set by ls_trace_driven_def_default
} ls_trace_driven_def;
ls_trace_driven_def ls_trace_driven_def_default(void);

typedef struct ls_trace_score {
    double score;  // 0..1; NaN without events
    uint64_t line_events, twin_events, matched;
    uint64_t forced, drawn;  // process times taken from the line, and left to the twin
} ls_trace_score;

// The plant starts empty at time 0. Fails with LS_ERR_MEMORY, LS_ERR_INVALID (a release or step
// that the plant does not have), or what running the plant fails with.
ls_status ls_trace_driven(const ls_plant *plant, const ls_trace_driven_def *def,
                          ls_trace_score *out_tds, ls_trace_score *out_qtds, ls_error *err);
