// decide.h - what may be decided about a plant, where, how, and for what.
//
// The parts `decide:` and `guards:` of a plant file, read and checked like the rest
// (read_decide.c); belongs to the plant's arena. Times are microseconds. docs/PLANT.md says what
// each key means.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "plant/listen.h"

typedef enum ls_decide_kind {
    LS_DECIDE_DISPATCH,     // which lot next on a machine, or wait
    LS_DECIDE_RELEASE,      // let a lot of a class in now, or not yet
    LS_DECIDE_MAINTENANCE,  // a maintenance now, or later
    LS_DECIDE_BATCH,        // begin a batch with what waits, or wait for more
    LS_DECIDE_SETUP,        // change over to another setup state, or go on
    LS_DECIDE_CONWIP,       // how many lots of a class are kept in the plant
    LS_DECIDE_STAFFING,     // how many of a group of operators are there
    LS_DECIDE_SETPOINT,     // a value of `listen.values` that has a setpoint and a response
    LS_DECIDE_SORT,         // whether a lot that waits is inspected, passed on, reworked, scrapped
    LS_DECIDE_KIND_COUNT
} ls_decide_kind;

typedef enum ls_decide_mode {
    LS_MODE_WATCH,    // journal only
    LS_MODE_ADVISE,   // show; the default
    LS_MODE_APPROVE,  // send after a person's click
    LS_MODE_AUTO,     // send
    LS_MODE_COUNT
} ls_decide_mode;

// Everything an objective may weigh. The cost of a future is the sum of weight x amount over the
// horizon; less is better, so throughput counts with the other sign.
typedef enum ls_objective_term {
    LS_TERM_THROUGHPUT,   // per lot done
    LS_TERM_ON_TIME,      // per lot done in time (of those with a due date)
    LS_TERM_CYCLE_TIME,   // per hour that lots were inside: the WIP integral, by Little the same
                          // order of merit as mean cycle time at equal output
    LS_TERM_WIP,          // per lot and hour inside
    LS_TERM_TARDINESS,    // per hour of lateness, lots still inside included
    LS_TERM_CHANGES,      // per setup begun
    LS_TERM_ESCAPES,      // per bad lot that a sorting passed on uninspected, by its chance
    LS_TERM_SCRAP,        // per lot scrapped
    LS_TERM_REWORK,       // per lot sent to rework
    LS_TERM_INSPECTIONS,  // per lot begun at a station where lots are sorted
    LS_TERM_COUNT
} ls_objective_term;

// What may be done with a lot instead of inspecting it, as bits.
enum { LS_SORT_PASS = 1, LS_SORT_REWORK = 2, LS_SORT_SCRAP = 4 };

// What says how likely a lot is bad: a model or a tag of the machine that made it.
typedef struct ls_sort_plan {
    const char *model;  // of `models:`; NULL: a tag
    const char *tag;    // `{machine}` stands for the machine's name; NULL: a model
    double low, high;   // a measured quality is good within; -inf, inf. Both: it is a chance
    double spread;      // standard deviation of what a tag tells
    int64_t stale_us;   // a lot that was made longer ago is not looked for
    uint32_t ways;      // LS_SORT_...
} ls_sort_plan;

typedef struct ls_decide_point {
    ls_decide_kind kind;
    ls_decide_mode mode;
    const char *name;    // unique: "dispatch grind", or as the file says with `name:`; < 64 bytes
    int line, column;    // of the plant file
    uint32_t station;    // DISPATCH, MAINTENANCE, BATCH, SETUP, SORT; else LS_NONE
    uint32_t release;    // RELEASE, CONWIP: class
    uint32_t operators;  // STAFFING
    uint32_t measured;   // SETPOINT: into listen.values; CONWIP, STAFFING: the one that tells and
                         // takes the number in force, LS_NONE: people see to it
    bool on_event;       // asked when something happens that matters to it (the default of
                         // DISPATCH, BATCH, SETUP, RELEASE)
    int64_t every_us;    // asked so often; 0: on events alone
    int64_t within_us;   // deadline, wall time, default 100 ms
    int64_t horizon_us;  // 0: chosen from the plant
    uint32_t futures;    // most for one decision; default 2000
    bool wait;           // DISPATCH, BATCH, SETUP: may decide to wait
    bool pure;           // DISPATCH, BATCH: may make a batch of one product where others fit too
    int64_t approve_us;  // a proposal is open for so long (line time), default 10 min
    // RELEASE with an order pool, mode approve or auto: what is released waits outside for a word,
    // at most so long (line time); default 1 min, with approve `approve_us`. 0: it does not wait.
    int64_t word_us;
    double gain_min;  // of the objective's unit: nothing is proposed below it, default 0
    double level;     // of its intervals, default 0.95
    // CONWIP levels, STAFFING counts, SETPOINT values that may be chosen; into ls_decide.numbers
    uint32_t number_at, number_count;
    double target;  // SETPOINT: wanted value of the measured thing; NaN: none
    // SETPOINT: not held at a target, but set so that another value becomes small: which, and how
    // it follows this setting (its own name, unit and range; the setting's default).
    bool minimizes;
    uint32_t objective;  // into listen.values
    ls_measured follows;
    ls_sort_plan sort;  // SORT
} ls_decide_point;

typedef enum ls_guard_kind {
    LS_LIMIT_RANGE,      // of a setpoint: low, high
    LS_LIMIT_RATE,       // most change per second
    LS_LIMIT_STEP,       // most change at once
    LS_LIMIT_BUDGET,     // most change (sum of amounts) in window_us
    LS_LIMIT_FREQUENCY,  // most commands `count` in window_us
    LS_LIMIT_DWELL,      // least time between two changes of one target
    LS_LIMIT_KIND_COUNT
} ls_guard_kind;

// Of RATE: after a longer silence the allowed change does not go on growing.
#define LS_RATE_PERIOD_US INT64_C(60000000)

// A limit that the guard holds; NULL/LS_NONE fields: of every target of that kind.
typedef struct ls_guard_limit {
    ls_guard_kind kind;
    bool of_decide_kind;  // `decide_kind` counts, else every kind
    ls_decide_kind decide_kind;
    uint32_t machine, measured;  // LS_NONE: all
    double low, high;            // RANGE; RATE, STEP and BUDGET: high
    uint32_t count;              // FREQUENCY
    int64_t window_us;           // BUDGET, FREQUENCY; DWELL: the time
    int line, column;
} ls_guard_limit;

// A tag that must have a value, for commands to go out.
typedef struct ls_guard_condition {
    const char *tag;
    bool interlock;    // true: no command while it holds; false: a permissive, must hold
    double value;      // equal to this (bools are 0 and 1)
    uint32_t machine;  // LS_NONE: for every command
    int line, column;
} ls_guard_condition;

typedef struct ls_guards {
    bool given;  // the plant file has `guards:`; without it the defaults hold
    ls_guard_limit *limits;
    uint32_t limit_count;
    ls_guard_condition *conditions;
    uint32_t condition_count;
    int64_t fresh_us;       // oldest signal of the machine concerned, default 30 s (line time)
    int64_t in_step_us;     // the twin must have been in step for so long, default 60 s
    double certainty_min;   // of the followed state, default 0.8
    double width_max;       // of the interval of a gain, in gains; default infinite
    int64_t read_back_us;   // the command must have taken hold by then (wall), default 3 s
    int64_t heartbeat_us;   // of the line's answer (wall), default 5 s
    int64_t not_after_us;   // a command that was not sent by then is dropped (wall), default 2 s
    uint32_t trips_a_day;   // so many trips latch until a person resets, default 3
    bool two_persons;       // approvals need two
    int64_t bypass_max_us;  // longest bypass, default 8 h
} ls_guards;

typedef enum ls_experiment_kind { LS_EXPERIMENT_NONE, LS_EXPERIMENT_SWITCHBACK } ls_experiment_kind;

typedef struct ls_decide {
    bool given;                     // the plant file has `decide:`
    double weights[LS_TERM_COUNT];  // of the plant file cycle-time 1 when not given
    const char *objective;          // as the file says it, for people
    const char *unit;               // "lot h", "lots", "h", or the file's currency
    ls_decide_point *points;
    uint32_t point_count;
    double *numbers;
    uint32_t number_count;
    ls_experiment_kind experiment;
    int64_t experiment_block_us;  // 0: the least that the carryover allows
    uint32_t experiment_periods;  // at least 8, default 20
    int experiment_line, experiment_column;
    ls_guards guards;
} ls_decide;

const char *ls_decide_kind_name(ls_decide_kind kind);        // "dispatch"
const char *ls_decide_mode_name(ls_decide_mode mode);        // "advise"
const char *ls_objective_term_name(ls_objective_term term);  // "cycle-time"
const char *ls_sort_way_name(uint32_t way);                  // "pass"; NULL: none

struct ls_plant;
// Of a SETPOINT: the value whose course counts, into listen.values.
uint32_t ls_decide_counting(const ls_decide_point *point);
// Of a SETPOINT: the value that counts, with its response to the setting. That of `minimize`, else
// the one that is set.
const ls_measured *ls_decide_counts(const struct ls_plant *plant, const ls_decide_point *point);
// What a person should look at though it may be right: orders that wait outside for a word; a
// release with an order pool on a line that does not tell which lots are released, so that nothing
// is asked of it.
void ls_decide_warn(const struct ls_plant *plant, ls_errors *out);
