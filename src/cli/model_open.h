// model_open.h - what the commands on models share: PLANT[:MODEL], the registry, the history.
#pragma once

#include "cli/options.h"
#include "history/history.h"
#include "model/registry.h"
#include "plant/plant.h"

typedef struct ls_model_opened {
    ls_plant *plant;
    const ls_model_plan *plan;  // the one that is named, or the only one; NULL: several, unnamed
    char file[4096];            // of the plant
    char data[4096];            // folder of its service
    char registry[4200];        // folder
    char key[8200];             // file of the key that versions must be signed by; "": none
    ls_history *history;        // NULL unless asked for
    ls_tags *tags;
} ls_model_opened;

// Reads the plant file of arguments[0] and finds its registry (`--data`, or `--models`);
// `needs_one`: a single model must be meant; `history`: it is opened for reading (`--history`, else
// that of the plant). Returns an exit code; what is wrong was then said. Close it in any case.
int ls_model_open(const ls_options *options, bool needs_one, bool history, ls_model_opened *out);
// The same as ls_registry_load_signed takes it: NULL where none is demanded.
const char *ls_model_key(const ls_model_opened *opened);
// Opens the history of one that was opened without.
int ls_model_open_history(const ls_options *options, ls_model_opened *opened);
void ls_model_close(ls_model_opened *opened);
// `--data` and `--models`, `--history`, `--json`: for the tables of commands.
extern const ls_option ls_model_place_options[];
extern const ls_option ls_model_history_options[];
extern const ls_option ls_model_json_options[];
