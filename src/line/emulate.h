// emulate.h - the emulated line: a plant file played as a real line, behind its own PLC.
//
// The core: no clock, no network, no threads. Whoever holds it moves it to a plant time and gives
// it commands; it tells what a line would tell, one value at a time, in order. Equal plant, seed,
// hidden truths and commands at equal plant times give equal values, to the bit, whatever the steps
// in which it is moved. emulate_edge.h puts it on a broker. docs/EMULATOR.md says what the values
// and commands mean; nothing in Lineshaft may ask whether a line is emulated.
#pragma once

#include "base/status.h"
#include "base/text.h"
#include "base/value.h"
#include "line/emulate_hide.h"
#include "line/emulate_process.h"
#include "plant/plant.h"
#include "twin/twin.h"

typedef struct ls_emulate ls_emulate;

typedef struct ls_emulate_def {
    uint64_t seed;          // default: the plant file's
    const ls_hide *hide;    // NULL: the line is as its plant file says; kept alive by the caller
    const char *hide_file;  // its name for errors
    const ls_emulate_process_def *process;  // a process plant is behind it; NULL: none. Copied
    int64_t from_us;      // plant time at which the line begins to tell, default 0
    int64_t beat_max_us;  // wall time without a heartbeat after which choices lapse, default 5 s
    // A value is so now. `signal` is an index of ls_emulate_signal; the text lives until it
    // returns. From within create, run and command.
    void (*told)(void *context, uint32_t signal, const ls_sample *value);
    void *context;
    uint32_t cookie;  // set by ls_emulate_def_default
} ls_emulate_def;
ls_emulate_def ls_emulate_def_default(void);

// Runs to from_us and tells every signal once. Lots that are in the plant then are told by
// ls_emulate_tell_lots, when somebody hears. The plant is kept alive by the caller. Fails with
// LS_ERR_INVALID, LS_ERR_LIMIT, LS_ERR_STUCK, LS_ERR_MEMORY.
ls_status ls_emulate_create(const ls_plant *plant, const ls_emulate_def *def, ls_emulate **out,
                            ls_error *err);
void ls_emulate_destroy(ls_emulate *e);  // NULL is fine

// Released and Arrived of every lot in the plant, one after the other.
void ls_emulate_tell_lots(ls_emulate *e);

typedef struct ls_emulate_signal {
    const char *device;  // NULL: of the node
    const char *name;    // "State", "Command/Id"
    const char *unit;    // or NULL
    ls_value_kind kind;
    bool writable;
    uint32_t machine;  // LS_NONE: none
} ls_emulate_signal;
uint32_t ls_emulate_signal_count(const ls_emulate *e);
const ls_emulate_signal *ls_emulate_signal_get(const ls_emulate *e, uint32_t signal);
uint32_t ls_emulate_find(const ls_emulate *e, const char *device, const char *name);  // or LS_NONE
// What was told last; a text lives until the next call that tells.
const ls_sample *ls_emulate_value(const ls_emulate *e, uint32_t signal);
// The Sparkplug group and node that it is: of the plant's `listen.sparkplug`, else the plant's name
// and "line".
const char *ls_emulate_group(const ls_emulate *e);
const char *ls_emulate_node(const ls_emulate *e);

// Everything up to and including until_us of plant time. Fails like ls_snapshot_run.
ls_status ls_emulate_run(ls_emulate *e, int64_t until_us, ls_error *err);
int64_t ls_emulate_now(const ls_emulate *e);
int64_t ls_emulate_next(const ls_emulate *e);  // when something happens next

// A value was written to a writable signal, at wall_us of any steady clock. Takes anything: what
// makes no sense is answered as a PLC would.
void ls_emulate_write(ls_emulate *e, uint32_t signal, const ls_sample *value, int64_t wall_us);
// Wall time goes on: the heartbeat may be missed.
void ls_emulate_wall(ls_emulate *e, int64_t wall_us);

typedef struct ls_emulate_figures {
    uint64_t events, told, commands, refused, lapsed;
    uint64_t released, done, scrapped;
    uint32_t lots;
    bool beating;  // the heartbeat is heard, choices are obeyed
} ls_emulate_figures;
ls_emulate_figures ls_emulate_describe(const ls_emulate *e);
// What is really so: for who plays a line to compare it, never for who decides about it. Until the
// next call.
const ls_twin *ls_emulate_twin(const ls_emulate *e);
const ls_state *ls_emulate_state(const ls_emulate *e);

// What is true, told or not, as one JSON object and a line end.
void ls_emulate_truth(const ls_emulate *e, ls_buffer *out);
