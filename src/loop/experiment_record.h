// experiment_record.h - what the history knows of the newest experiment: its design, its periods.
//
// Events of kind "experiment", subject "x-NUMBER" (docs/JSON.md). A design is written down before
// its first coin counts, a period before anything is sent in it: so the same experiment goes on
// after a restart. Times are since 1970, of the line's clock.
#pragma once

#include <jansson.h>

#include "decide/cost.h"
#include "decide/prove/switchback.h"
#include "history/history.h"

enum { LS_EXPERIMENT_KEY = 256, LS_EXPERIMENT_REASON = 400, LS_EXPERIMENT_RULE = 240 };

typedef enum ls_experiment_state {
    LS_EXPERIMENT_RUNS,
    LS_EXPERIMENT_ENDED,    // all periods are over
    LS_EXPERIMENT_STOPPED,  // the plant file was changed
    LS_EXPERIMENT_REFUSED,  // never began: the reason says what is needed
    LS_EXPERIMENT_STATE_COUNT
} ls_experiment_state;

// Where the line stood, as the twin follows it.
typedef struct ls_experiment_reading {
    int64_t time_us;
    ls_amounts amounts;  // only differences mean something
    uint64_t heard;      // signals, of the same follower
} ls_experiment_reading;

// Costs are the objective's per hour; NaN: not known.
typedef struct ls_experiment_period {
    ls_experiment_reading begin;  // of what stands open
    double cost, hours;           // of it before: another follower, or another plant file
    double here, ahead;  // the twin's forecast at its beginning: of this period, of the next
    double outcome;
    double share;  // of the period that was heard
    bool begun, over;
} ls_experiment_period;

typedef struct ls_experiment_record {
    uint64_t number;  // 0: there is none; all else is then nothing
    ls_experiment_state state;
    char reason[LS_EXPERIMENT_REASON];
    char key[LS_EXPERIMENT_KEY];  // what it is about: another key is another experiment
    char unit[16];
    char rule[LS_EXPERIMENT_RULE];  // against which the carryover was measured
    ls_switchback shape;            // of order 1: a period is a block
    int64_t begins_us, carryover_us;
    uint64_t seed;    // of the coins
    double expected;  // the twin's, before it began, under the line's own rule
    ls_experiment_period *periods;
    uint32_t begun;  // so many
} ls_experiment_record;

// Makes the periods of a design, all unknown. Fails with LS_ERR_MEMORY.
ls_status ls_experiment_record_open(ls_experiment_record *record, ls_error *err);
void ls_experiment_record_clear(ls_experiment_record *record);
// Is it the new rule's period?
bool ls_experiment_is_new(const ls_experiment_record *record, uint32_t period);
const char *ls_experiment_state_name(ls_experiment_state state);

// The newest experiment of a history; number 0: none. Events that are damaged are passed over.
ls_status ls_experiment_recall(ls_history *history, ls_experiment_record *out, ls_error *err);

// Each writes one event and says it in the log; false: it could not be kept.
bool ls_experiment_keep_design(ls_history *history, const ls_experiment_record *record);
bool ls_experiment_keep_period(ls_history *history, const ls_experiment_record *record,
                               uint32_t period);
bool ls_experiment_keep_forecast(ls_history *history, const ls_experiment_record *record,
                                 uint32_t period);
bool ls_experiment_keep_outcome(ls_history *history, const ls_experiment_record *record,
                                uint32_t period);
bool ls_experiment_keep_state(ls_history *history, const ls_experiment_record *record);

// For `prove`: what it says so far, "experiment" of docs/JSON.md. NULL: out of memory.
json_t *ls_experiment_account(const ls_experiment_record *record);
// The same from a history; json null where there is none.
ls_status ls_experiment_prove(ls_history *history, json_t **out, ls_error *err);
