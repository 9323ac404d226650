// told.h - what models and tags tell of machines, told to a present before its futures are run: how
// worn a part is, how long work takes.
//
// Read from the history, where predictions are tags like any other (models.h), so that a service, a
// question asked beside it and one about a time that has passed all see the same. What is too old,
// no number, flagged unusual or of the part before is not told: then the plant file alone counts.
// What was told is a part of the state, and so is kept with it. Of one thread.
#pragma once

#include <jansson.h>

#include "loop/intake.h"
#include "twin/twin.h"

// Why a condition is told or not.
typedef enum ls_told_known {
    LS_TOLD_KNOWN,
    LS_TOLD_NOTHING_HEARD,
    LS_TOLD_STALE,
    LS_TOLD_NO_NUMBER,
    LS_TOLD_UNUSUAL,       // by its model
    LS_TOLD_PARTIAL,       // the model lacks some of its tags
    LS_TOLD_UNSURE,        // the model gives no interval
    LS_TOLD_NEW_PART,      // what was heard is of the part before, in part at least
    LS_TOLD_OUT_OF_RANGE,  // of process times: not between a hundredth and a hundred times nominal
} ls_told_known;
const char *ls_told_known_name(ls_told_known known);  // "nothing-heard"

// The newest of one tag, read up to until_us (since 1970); 0: nothing yet.
typedef struct ls_told_sign {
    int64_t time_us, until_us;
    double number;   // NaN: none
    bool uncertain;  // says its quality
} ls_told_sign;

enum {
    LS_TOLD_SIGNS = 4,  // value, low, high, unusual; of a tag the first
    LS_TOLD_TAG_SIZE = 400,
};
// The name of the tag that tells something of a machine: of a model (`more`: "/low"), or a tag of
// the plant file, in which `{machine}` stands for the machine's name.
void ls_told_tag(const char *model, const char *tag, const char *machine, const char *more,
                 char out[LS_TOLD_TAG_SIZE]);

typedef struct ls_told_item {
    const ls_condition *plan;
    uint32_t machine;        // of the plant, and of the model
    uint32_t mode, failure;  // of the model, of the plant; LS_NONE: of process times
    double share;            // of process times: their own standard deviation over their mean
    ls_told_sign signs[LS_TOLD_SIGNS];
    ls_told_known known;
} ls_told_item;

typedef struct ls_told {
    const ls_intake *intake;
    const ls_plant *plant;
    const ls_twin *twin;
    ls_told_item *items;  // of the model's conditions, in their order; NULL: not needed yet
    uint32_t count;
    int64_t now_us;    // plant time
    int64_t heard_us;  // monotonic
} ls_told;

// Plant and twin may be others than those of the intake: what is told goes by names. They outlive
// it.
void ls_told_open(ls_told *told, const ls_intake *intake, const ls_plant *plant,
                  const ls_twin *twin);
void ls_told_close(ls_told *told);  // all zero is fine
// Of the present at plant time now_us. Out of memory: nothing is told.
void ls_told_tell(ls_told *told, int64_t now_us, ls_snapshot *present);

// What was told to this present, and what was not and why: of the machine (LS_NONE: of all), of
// failures, of process times.
json_t *ls_told_conditions_json(const ls_told *told, const ls_snapshot *present, uint32_t machine);
json_t *ls_told_slowness_json(const ls_told *told, const ls_snapshot *present, uint32_t machine);
