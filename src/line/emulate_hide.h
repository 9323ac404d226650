// emulate_hide.h - hidden truths of an emulated line: where it is not as its plant file says.
//
// Read from a YAML file (docs/EMULATOR.md) and checked against the plant; every mistake is reported
// with its place. The plant itself is never changed.
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "plant/plant.h"

typedef enum ls_hide_kind {
    LS_HIDE_PROCESS,     // process time of a machine times factor
    LS_HIDE_SETUP,       // setup time of a machine times factor
    LS_HIDE_FAILURES,    // how often a failure mode of a machine comes, times factor
    LS_HIDE_REPAIR,      // how long its repair takes, times factor
    LS_HIDE_QUALITY,     // how likely lots are bad that a machine makes, times factor
    LS_HIDE_WEAR,        // how fast the tool wears, times factor
    LS_HIDE_SENSOR,      // a signal lies
    LS_HIDE_LAST_FIRST,  // operators take the lot that came last
    LS_HIDE_KIND_COUNT
} ls_hide_kind;

typedef struct ls_hidden {
    ls_hide_kind kind;
    const char *name;  // "grind slower", for the truth file
    int line, column;
    uint32_t station;             // or LS_NONE
    uint32_t machine;             // of the plant; LS_NONE: every machine of the station
    uint32_t failure;             // index into ls_plant.failures; LS_NONE: all
    const char *device, *signal;  // SENSOR
    double factor, grow_per_h;    // factor + grow_per_h * hours since from_us
    double offset;                // SENSOR
    double noise;                 // SENSOR: standard deviation of what is added
    double miss;                  // SENSOR: share of what a counter does not count
    bool worn;                    // PROCESS, QUALITY: as far as its tool is worn
    bool stuck;                   // SENSOR: the value of from_us stays
    int64_t from_us, until_us;    // plant time; LS_FOREVER: no end
} ls_hidden;

typedef struct ls_hide {
    ls_arena arena;
    const ls_hidden *items;
    uint32_t count;
} ls_hide;

// Pure. On failure *out is NULL and every mistake stands in *errors.
ls_status ls_hide_read(const ls_plant *plant, const char *text, size_t size, const char *file,
                       ls_hide **out, ls_errors *errors);
void ls_hide_destroy(ls_hide *hide);  // NULL is fine
bool ls_hidden_is_on(const ls_hidden *hidden, int64_t now_us);
double ls_hidden_factor(const ls_hidden *hidden, int64_t now_us);  // 1 when it is not on
const char *ls_hide_kind_name(ls_hide_kind kind);
