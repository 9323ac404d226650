// emulate_inside.h - what the files emulate*.c share.
#pragma once

#include "line/emulate.h"
#include "twin/context.h"
#include "twin/twin.h"

// Signals of a machine, in this order; of the line and the node behind all machines and queues.
enum {
    SIGNAL_STATE,
    SIGNAL_LOTS,
    SIGNAL_STEP,
    SIGNAL_PRODUCT,
    SIGNAL_SETUP,
    SIGNAL_REASON,
    SIGNAL_GOOD,
    SIGNAL_BAD,
    SIGNAL_POWER,
    SIGNAL_TEMPERATURE,
    SIGNAL_VIBRATION,
    SIGNAL_WEAR,
    SIGNAL_COMMAND,  // the first of a command's
    SIGNAL_MACHINE_COUNT = SIGNAL_COMMAND + 6,
};
enum { COMMAND_ID, COMMAND_KIND, COMMAND_ARGUMENT, COMMAND_DONE, COMMAND_RESULT, COMMAND_REASON };
enum {
    LINE_RELEASED,
    LINE_ARRIVED,
    LINE_DONE,
    LINE_SCRAPPED,
    LINE_HEARTBEAT,
    LINE_LOST,
    LINE_CLOCK,
    LINE_COMMAND,  // the first of a command's
    LINE_COUNT = LINE_COMMAND + 6,
};

enum { EMULATE_TICK_US = 10000000, EMULATE_NAME_SIZE = 200, EMULATE_COMMAND_TEXT = 200 };

typedef struct emulate_machine {
    uint64_t good, bad;  // really
    uint64_t good_told, bad_told;
    double temperature;
    double worked_h;  // since the tool was new
    uint64_t noise;   // draws
} emulate_machine;

// What really wears at a machine: emulate_wear.c.
typedef struct emulate_tool {
    double worn, fails_at;  // its condition, and where it fails
    int64_t clock;          // of its mode, at the last look
    uint64_t count;         // tools so far
    bool failed;            // and not yet replaced
} emulate_tool;

// A measured value of `listen.values`.
typedef struct emulate_measured {
    uint32_t measured;          // of the plant
    uint32_t signal, setpoint;  // LS_NO: none
    double value, setting;
    int shown, loop;  // of the process plant: what it shows, -1: nothing; which loop, 0: none
    uint32_t release, pool;  // whose number it is, LS_NO: none
    double *delay;           // settings of the ticks to come, a ring
    uint32_t delay_ticks, delay_at;
} emulate_measured;

typedef struct emulate_command {
    int64_t last;  // id
    char kind[EMULATE_COMMAND_TEXT], argument[EMULATE_COMMAND_TEXT];
    int result;
    char reason[EMULATE_COMMAND_TEXT];
} emulate_command;

struct ls_emulate {
    const ls_plant *plant;
    ls_emulate_def def;
    ls_arena arena;
    ls_twin *twin;          // of its own: with the habits of the hidden truths
    ls_snapshot *snapshot;  // reality
    ls_snapshot *before;    // the same, one event ago
    ls_trace_item *trace;
    const char *group, *node;
    ls_emulate_signal *signals;
    ls_sample *values;
    char **texts;  // of the values that are texts
    size_t *text_sizes;
    uint32_t signal_count, queue_at, line_at, node_at;
    emulate_machine *machines;
    emulate_tool *tools;          // per condition of the model
    ls_emulate_process *process;  // NULL: none
    emulate_measured *measured;
    uint32_t measured_count;
    emulate_command *commands;  // per machine; the last is the line's
    uint64_t noise_key;
    int64_t tick_us;    // of the next look at measured values
    int64_t turned_us;  // truths that begin or end up to here have done so
    uint64_t *applied;  // per hidden truth: how often
    uint32_t *lies;     // per hidden truth: the signal that lies, LS_NO: none
    uint64_t misses;    // draws
    bool telling;
    bool beating;
    int64_t beat_us;  // wall, of the last heartbeat
    ls_emulate_figures figures;
};

// Device of the values that a plant file hears over Modbus.
#define EMULATE_VALUES "values"

#define EMULATE_MACHINE_SIGNAL(machine, k) \
    ((machine) * (uint32_t)SIGNAL_MACHINE_COUNT + (uint32_t)(k))

// A change of reality begins and ends: what it was is remembered, and what became of it told.
void ls_emulate_begin(ls_emulate *e);
void ls_emulate_end(ls_emulate *e);
ls_ctx ls_emulate_context(const ls_emulate *e, const ls_snapshot *snapshot);

// emulate_pool.c: order pools. "CLASS SPAN [LOTS]", a span up to seven days and longer than none;
// text is as it was afterwards. False: it is none.
typedef struct ls_put_off {
    uint32_t release, lots;
    int64_t span_us;
} ls_put_off;
bool ls_emulate_put_off_read(const ls_plant *plant, char *text, ls_put_off *out);
// What is released waits for a word, for a while; within begin and end.
void ls_emulate_shut_pools(ls_emulate *e);
void ls_emulate_open_pools(ls_emulate *e);  // the heartbeat is lost: all comes in

// emulate_signals.c
ls_status ls_emulate_make_signals(ls_emulate *e, ls_error *err);
void ls_emulate_tell_number(ls_emulate *e, uint32_t signal, int64_t number);
void ls_emulate_tell_real(ls_emulate *e, uint32_t signal, double value);
void ls_emulate_tell_text(ls_emulate *e, uint32_t signal, const char *text);
// What happened between `before` and now; everything when `birth`.
void ls_emulate_tell_state(ls_emulate *e, bool birth);
void ls_emulate_lot_name(const ls_emulate *e, uint32_t serial, char *out, size_t size);
uint32_t ls_emulate_lot_find(const ls_emulate *e, const char *name);  // slot, or LS_NO

// emulate_values.c
ls_status ls_emulate_make_values(ls_emulate *e, ls_error *err);
void ls_emulate_tell_values(ls_emulate *e, bool birth);
// Fails where the number of lots or people that it stands for cannot be had; nothing is then
// changed. Within ls_emulate_begin and _end.
ls_status ls_emulate_set(ls_emulate *e, emulate_measured *measured, double setting, ls_error *err);

// emulate_wear.c: at each look at the values, before they are told.
void ls_emulate_wear_start(ls_emulate *e);
void ls_emulate_wear(ls_emulate *e);
// The tool whose condition the machine's `Wear` is; NULL: none, and it wears by its hours in work.
const emulate_tool *ls_emulate_tool(const ls_emulate *e, uint32_t machine);
// From 0, new, to 1, where its kind fails on average.
double ls_emulate_worn(const ls_emulate *e, const emulate_tool *tool);

// emulate_truth.c
ls_status ls_emulate_compile(ls_emulate *e, ls_error *err);  // the twin, with habits
// Signals of lying sensors; LS_ERR_INVALID names the one that the line does not have.
ls_status ls_emulate_resolve(ls_emulate *e, const char *file, ls_error *err);
void ls_emulate_bend_start(ls_emulate *e);
void ls_emulate_bend(ls_emulate *e);  // after each event: what began in it takes its true length
int64_t ls_emulate_next_turn(const ls_emulate *e);  // when a truth begins or ends
void ls_emulate_turn(ls_emulate *e, int64_t now_us);
// How worn the tool of a machine is: 1 where tools fail on average, or after very many hours.
double ls_emulate_wear_share(const ls_emulate *e, uint32_t machine);
double ls_emulate_factor(const ls_emulate *e, ls_hide_kind kind, uint32_t machine,
                         uint32_t failure);
// What the signal tells instead; a counter that misses parts takes a share of `more`.
double ls_emulate_lie(const ls_emulate *e, uint32_t signal, double value, bool *out_stuck);
uint64_t ls_emulate_missed(ls_emulate *e, uint32_t signal, uint64_t more);

// emulate_command.c
void ls_emulate_lapse(ls_emulate *e);
