// plant.h - what a plant is, read, resolved and checked: names have become indexes, quantities
// microseconds.
//
// Made by ls_plant_read (read.h) in its own arena, constant afterwards. Everything refers to
// everything else by index into the arrays below; LS_NONE means "none". Times are microseconds,
// dates microseconds since the plant's time zero (start_us since 1970). What each thing means is
// docs/PLANT.md.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "plant/decide.h"
#include "plant/distribution.h"
#include "plant/kinds.h"
#include "plant/listen.h"
#include "plant/models.h"

#define LS_NONE UINT32_MAX
#define LS_FOREVER INT64_MAX

typedef struct ls_place {
    int line, column;
} ls_place;

// An optional distribution: index into ls_plant.dists, or LS_NONE.
typedef uint32_t ls_dist_index;

typedef enum ls_batch_by { LS_BY_PRODUCT, LS_BY_STEP, LS_BY_RECIPE, LS_BY_ANY } ls_batch_by;

typedef struct ls_criterion {
    ls_rule rule;
    double weights[LS_W_COUNT];  // hours, priority units, step numbers (0 based)
} ls_criterion;

typedef struct ls_machine {
    const char *name;
    double speed;      // process times are divided by it; default 1
    uint32_t only_at;  // into ls_plant.indexes: steps this machine may run; only_count 0: all
    uint32_t only_count;
    uint32_t setup_initial;  // setup index, LS_NONE: none
} ls_machine;

typedef struct ls_failure {  // a failure mode, or a maintenance
    const char *name;
    ls_fail_by by;         // maintenance: CALENDAR or counts
    ls_dist_index every;   // time between (us) or count between (plain number)
    ls_dist_index first;   // LS_NONE: a draw of `every`; maintenance: one `every`
    ls_dist_index repair;  // how long
    ls_fail_lots lots;     // what happens to lots in the machine (failures)
    uint32_t crew;         // crew index or LS_NONE
    bool maintenance;      // waits for the machine to be free, goes before lots
    bool from_end;         // next is counted from the end of the last one (maintenance by time)
    bool stagger;          // machine k of n: first + k/n of the mean interval
    bool carry;  // count maintenance: overshoot carries over (else the counter restarts at 0)
    uint32_t on_at,
        on_count;  // into ls_plant.indexes: machines (within the station) concerned; 0: all
    uint32_t renews_at,
        renews_count;  // into ls_plant.indexes: modes (within the station) whose clocks start anew
    uint32_t condition;                   // into ls_plant.conditions; LS_NONE: by its clock alone
    const char *every_text, *first_text;  // as the plant file says them; NULL: not there
    ls_place place;
} ls_failure;

// What tells how worn a machine is, and where it fails; or how long its work takes now. Plain
// numbers, of the condition's own unit.
typedef struct ls_condition {
    const char *model;    // of `models:`; NULL: a tag
    const char *tag;      // `{machine}` stands for the machine's name; NULL: a model
    ls_dist_index at;     // where it fails; LS_NONE: of process times
    const char *at_text;  // as the plant file says it
    double fresh;         // of a new part; of process times NaN: `nominal`
    double spread;        // standard deviation of what a tag tells
    int64_t stale_us;     // older than that it says nothing
    // Of process times: what is told when they are as `process` says (per_speed: on a machine of
    // speed 1), what the interval is of, and the modes (within the station) whose work makes the
    // machine as new: into ls_plant.indexes.
    double nominal;
    bool per_speed, of_mean;
    uint32_t until_at, until_count;
    ls_place place;
} ls_condition;

typedef struct ls_need {  // an operator for some phases
    uint32_t skill;
    bool setup, load, process, unload;
} ls_need;

typedef struct ls_station {
    const char *name;
    ls_place place;
    uint32_t area;          // into ls_plant.areas
    const char *area_name;  // as the plant file says it; NULL: the station itself
    uint32_t machine_at, machine_count;
    int64_t places;         // waiting places; -1 unlimited
    ls_dist_index transit;  // time to pass through the queue before a lot is available
    ls_blocking blocking;
    ls_shift_end shift_end;
    uint32_t calendar;  // LS_NONE: always on
    ls_machine_choice machine_choice;
    uint32_t ports;                      // 1: load and unload occupy the machine; 2: they overlap
    uint32_t failure_at, failure_count;  // modes and maintenance, in file order
    uint32_t need_at, need_count;
    uint32_t criterion_at, criterion_count;
    ls_batch_prefer batch_prefer;
    bool batch;  // machines take several lots at once
    ls_batch_by batch_by;
    bool batch_parts;      // min and max count parts, not lots
    uint32_t setup_count;  // setup states of this station
    uint32_t setup_at;     // into ls_plant.setup_names
    uint32_t
        matrix_at;  // into ls_plant.setup_matrix: (setup_count+1) x setup_count; row 0: from none
    uint32_t min_run;              // lots, 0: none
    bool setup_by_kind;            // states are product and step name, times by what changes:
    ls_dist_index setup_kinds[3];  // product, step, both; for explaining, the matrix has them all
    uint32_t slowness;  // into ls_plant.conditions: how long work takes now; LS_NONE: as it says
    bool setup_clears;  // a step without setup clears the machine's setup state
} ls_station;

typedef struct ls_branch {
    double chance;
    uint32_t step;  // into ls_plant.steps, LS_NONE: the lot is done
} ls_branch;

typedef struct ls_queue_limit {  // must START step `to` within limit after finishing the step that
                                 // holds this
    uint32_t to;
    int64_t limit_us;
} ls_queue_limit;

typedef struct ls_step {
    const char *name;  // unique in the product
    ls_place place;
    uint32_t product;
    uint32_t number;  // position in the route, 0 based; alternatives share it
    uint32_t station;
    uint32_t next;               // step, LS_NONE: done
    uint32_t alternative_count;  // on the first of a group: how many siblings follow at index+1..;
                                 // else 0
    ls_choice choice;
    ls_dist_index process;        // resolved: step, else station for the product, else station
    uint32_t machine_process_at;  // into ls_plant.indexes: a dist index per machine; LS_NONE:
                                  // `process` for all
    ls_per per;
    int64_t
        cascade_us;  // 0: none. per part: machine free after parts * cascade, lot done after
                     // process + (parts-1) * cascade; per lot or batch: machine free after cascade
    int64_t load_us, unload_us;
    uint32_t setup;                    // setup state within the station, LS_NONE: needs none
    ls_dist_index setup_time;          // overrides the matrix when the state differs
    uint32_t batch_min, batch_max;     // lots (or parts); 1,1 without batching
    int64_t batch_wait_us;             // LS_FOREVER: no limit
    uint32_t batch_most;               // most lots of this step in one batch; 0: no limit
    uint32_t family_at, family_count;  // into ls_plant.indexes: batch families (station wide ids)
                                       // this step may join
    const char *recipe;                // as the plant file says it, for explaining; NULL: none
    double sample;                     // chance that the step is done at all; 1: always
    double scrap;                      // chance that the lot is scrapped after the step
    double rework;                     // chance of going to rework_to after the step
    uint32_t rework_to;
    uint32_t rework_limit;  // most reworks per lot at this step; 0: no limit
    bool rework_once;   // at most one draw per lot at this step, also counting draws that passed
    bool rework_scrap;  // what happens when the limit is reached and rework is drawn: scrap, else
                        // pass
    uint32_t branch_at, branch_count;
    uint32_t limit_at, limit_count;  // queue-time limits that start here
    uint32_t same_as, other_than;    // steps whose machine must be used / avoided, LS_NONE
    uint32_t on_at,
        on_count;  // into ls_plant.indexes: machines (within the station) allowed; 0: all
} ls_step;

// A named source of lots; also what results are counted by ("class").
typedef struct ls_release {
    const char *name;  // unique in the plant; default: the product's name
    ls_place place;
    ls_release_kind kind;
    uint32_t product;
    ls_dist_index every, first;      // first LS_NONE: one draw of every
    uint32_t lots;                   // at a time
    int64_t count;                   // most releases, LS_FOREVER: no end
    int32_t priority;                // 0 is normal, higher first
    ls_dist_index due;               // relative due time, LS_NONE: no due dates
    uint32_t keep;                   // CONWIP: lots of this release in the plant
    uint32_t order_at, order_count;  // TIMETABLE: into ls_plant.orders, sorted by time
    bool from_file;                  // made by the orders or initial file, not by the plant file
    bool lose;  // a lot that finds no room is lost (counted), else waits outside
    bool pool;  // there is an order pool: entry may be put off, and lots wait outside for it
} ls_release;

typedef struct ls_order {
    int64_t time_us, due_us;  // due LS_FOREVER: none
    uint32_t product;
    int32_t priority;
    uint32_t lots;
} ls_order;

typedef struct ls_wip {  // a lot in the plant at time zero, waiting at a step
    uint32_t release;    // class it is counted in
    uint32_t product, step;
    int64_t released_us, due_us;  // may be negative
    int32_t priority;
} ls_wip;

typedef struct ls_product {
    const char *name;
    ls_place place;
    uint32_t parts;     // per lot, default 1
    ls_dist_index due;  // of releases that say nothing else; LS_NONE: none
    uint32_t step_at, step_count;
} ls_product;

// On and off alternate from `on_first` at time zero; transitions are sorted. After the last one the
// pattern from cycle_at on repeats every cycle_us.
typedef struct ls_calendar {
    const char *name;
    ls_place place;
    bool on_first;
    uint32_t transition_at, transition_count;  // into ls_plant.times; count 0: never changes
    uint32_t cycle_at;                         // index within the transitions
    int64_t cycle_us;                          // 0: does not repeat
    double share;                              // on share of the repeating part
    const char *source;  // the lines of the plant file it was made from, for explaining
} ls_calendar;

typedef struct ls_operators {
    const char *name;
    ls_place place;
    uint32_t count;
    uint32_t skill_at, skill_count;  // into ls_plant.indexes: skills
    uint32_t calendar;
} ls_operators;

typedef struct ls_crew {
    const char *name;
    ls_place place;
    uint32_t count;
} ls_crew;

typedef struct ls_limits {
    uint32_t lots;  // in the plant at once; 0: chosen from the plant
} ls_limits;

// `pool:`: where long work of the service runs.
typedef struct ls_plant_pool {
    uint32_t slots;          // jobs at once, at most; in process CPU slots; 0: not said
    const char *socket;      // as the file says it; ls_listen_path; NULL: in process
    const char *url;         // of another machine's pool; NULL: none
    const char *token_file;  // with url: whose first word is the token; NULL: none
    const char *trust;       // with url: PEM file of who vouches for it; NULL: the system's
    const char *account;     // with a socket or url; NULL: the pool's only one
    int64_t calibrate_us;    // least time between calibrations after drift; LS_FOREVER: never
} ls_plant_pool;

typedef struct ls_plant {
    ls_arena arena;
    const char *name, *file;
    const char *about;             // one line, may be empty
    const char *transport_source;  // the lines of `transport`, for explaining
    const char *ignored;           // top-level keys kept for later versions, blank separated
    uint32_t dispatch_count;       // the first of `criteria` are the plant's own
    const char *orders_file, *initial_file;  // as the plant file names them; NULL: none
    int64_t start_us;                        // since 1970
    int64_t run_for_us, run_warmup_us;       // warm-up -1: automatic
    uint32_t run_reps;
    uint64_t run_seed;
    ls_limits limits;
    uint32_t area_count;  // index 0: everywhere that no transport rule names
    const char **areas;
    // (area_count+1) x (area_count+1) dist indexes [from][to]; the last row is "in", the last
    // column "out".
    ls_dist_index *transport;
    uint32_t station_count, machine_count, product_count, step_count, release_count, failure_count,
        need_count;
    uint32_t criterion_count, branch_count, limit_count, order_count, wip_count, calendar_count,
        operators_count;
    uint32_t crew_count, skill_count, dist_count, table_count, index_count, time_count,
        setup_name_count;
    uint32_t matrix_count, condition_count;
    ls_station *stations;
    ls_machine *machines;
    ls_product *products;
    ls_step *steps;
    ls_release *releases;
    ls_failure *failures;
    ls_condition *conditions;
    ls_need *needs;
    ls_criterion *criteria;
    ls_branch *branches;
    ls_queue_limit *queue_limits;
    ls_order *orders;
    ls_wip *wip;
    ls_calendar *calendars;
    ls_operators *operators;
    ls_crew *crews;
    const char **skills;
    ls_dist *dists;
    double *tables;  // what empirical and discrete distributions point into
    uint32_t *indexes;
    int64_t *times;
    const char **setup_names;
    ls_dist_index *setup_matrix;  // LS_NONE: no setup needed
    ls_listen listen;             // how the line is heard, and what is kept of it
    ls_plant_pool pool;           // where long work runs
    ls_decide decide;             // what may be decided, and which guards hold
    uint32_t model_count;
    ls_model_plan *models;  // of `models:`, in file order
} ls_plant;

// Mean process time of a step on its station (mean over machines, speed included), load and unload,
// for one lot.
double ls_plant_step_mean_us(const ls_plant *plant, uint32_t step);
void ls_plant_destroy(ls_plant *plant);
