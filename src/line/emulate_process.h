// emulate_process.h - a process plant behind the emulated line: what its instruments show are
// values of `listen.values`.
//
// A value whose metric is XMEAS_1 to XMEAS_41, XMV_1 to XMV_12, TRIP or COST is that of the plant
// (TRIP: 0, or the number of what shut it down; COST: dollars an hour, process/cost.h), and one
// whose setpoint's metric is SP_n sets control loop n. Core, as emulate.h: no clock, no network;
// equal seeds and settings at equal times give equal values.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "plant/listen.h"
#include "plant/plant.h"

typedef struct ls_emulate_process ls_emulate_process;

enum { LS_EMULATE_IDV_MAX = 32 };

// What acts on it: disturbances of process/disturbance.h, each for a while. Plant times.
typedef struct ls_emulate_idv {
    int number;
    int64_t from_us, until_us;  // LS_FOREVER: without end
} ls_emulate_idv;
typedef struct ls_emulate_process_def {
    uint64_t seed;
    ls_emulate_idv idv[LS_EMULATE_IDV_MAX];
    uint32_t idv_count;
} ls_emulate_process_def;

// `N[@FROM[..UNTIL]]`, several separated by commas, added to *out: `4@8h..12h,1@1d`. LS_ERR_INVALID
// says which makes no sense.
ls_status ls_emulate_process_parse(const char *text, ls_emulate_process_def *out, ls_error *err);

// In the arena. Fails with LS_ERR_MEMORY.
ls_status ls_emulate_process_create(const ls_emulate_process_def *def, ls_arena *arena,
                                    ls_emulate_process **out, ls_error *err);

// The number of what a metric of this name shows, -1: nothing of this plant.
int ls_emulate_process_find(const char *name);
// Of a number from find, now.
double ls_emulate_process_value(const ls_emulate_process *process, int shown);

// The control loop that a setpoint's metric `name` sets, 0: none. LS_ERR_INVALID when it is one of
// a loop that may not be set, or when its range or default are not those that the loop takes.
ls_status ls_emulate_process_loop(const char *name, const ls_measured *value, int *out_loop,
                                  ls_error *err);
// A value within the range that was checked so.
void ls_emulate_process_set(ls_emulate_process *process, int loop, double value);

// What is true now: which disturbances act, and what has shut it down (0: nothing).
typedef struct ls_emulate_process_truth {
    uint32_t idv;  // bit (number - 1)
    uint32_t trip;
    const char *trip_text;
    int64_t steps;
} ls_emulate_process_truth;
ls_emulate_process_truth ls_emulate_process_describe(const ls_emulate_process *process);

// To a plant time, which does not go back; the process begins at plant time 0.
void ls_emulate_process_run(ls_emulate_process *process, int64_t until_us);
