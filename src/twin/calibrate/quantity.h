// quantity.h - what a plant file states and a line shows: which value of the file a fact is about.
#pragma once

#include "base/yaml.h"
#include "plant/plant.h"
#include "twin/follow/fact.h"

typedef enum ls_quantity_kind {
    LS_QUANTITY_PROCESS,
    LS_QUANTITY_SETUP,
    LS_QUANTITY_FAILURE,
    LS_QUANTITY_REPAIR,
    LS_QUANTITY_TRANSPORT,
    LS_QUANTITY_RELEASE,
    LS_QUANTITY_SCRAP,
    LS_QUANTITY_REWORK,
    LS_QUANTITY_KIND_COUNT
} ls_quantity_kind;

// Unused fields are LS_NONE.
typedef struct ls_quantity_id {
    ls_quantity_kind kind;
    uint32_t step;      // PROCESS, SETUP where the step says it, SCRAP, REWORK
    uint32_t machine;   // PROCESS where machines have times of their own
    uint32_t mode;      // FAILURE, REPAIR: into ls_plant.failures
    uint32_t station;   // SETUP; TRANSPORT: to
    uint32_t from, to;  // SETUP: states + 1, 0 none; TRANSPORT: from: station + 1, 0 unknown
    uint32_t release;   // RELEASE
} ls_quantity_id;

const char *ls_quantity_name(ls_quantity_kind kind);
bool ls_quantity_is_share(ls_quantity_kind kind);
// The distribution that the plant has for it; NULL: none (shares, and what never takes time).
const ls_dist *ls_quantity_dist(const ls_plant *plant, const ls_quantity_id *id);
double ls_quantity_share(const ls_plant *plant, const ls_quantity_id *id);
// FAILURE by a count of parts, lots or batches.
bool ls_quantity_is_count(const ls_plant *plant, const ls_quantity_id *id);
// For people: "step lathe of gear-a", "failure spindle of lathe". Returns the length it has.
size_t ls_quantity_describe(const ls_plant *plant, const ls_quantity_id *id, char *out,
                            size_t size);

enum { LS_QUANTITY_PATH_SIZE = 192 };
// Where the plant file states it. node NULL: nowhere; `why` then says so.
typedef struct ls_quantity_place {
    const ls_yaml *node;
    char path[LS_QUANTITY_PATH_SIZE];  // stations.lathe.process.gear-a
    char why[LS_QUANTITY_PATH_SIZE];
} ls_quantity_place;
// `root` is the parsed text that `plant` was read from.
void ls_quantity_find(const ls_plant *plant, const ls_yaml *root, const ls_quantity_id *id,
                      ls_quantity_place *out);

// What a fact says about the value in the file, in its terms: parts, lots, speed, loading and
// cascade taken out. False when it says nothing (*out_why then says why, a constant text).
bool ls_quantity_of_fact(const ls_plant *plant, const ls_fact *fact, ls_quantity_id *out_id,
                         double *out_value, double *out_entered, const char **out_why);
