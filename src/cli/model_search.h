// model_search.h - settings of trees searched for by successive halving, each trial a process of
// its own or a job of the plant's pool.
//
// What is chosen depends on the rows, the plan and the seed, not on how many trials run at once or
// where. Every score is a file in a folder of this very search, so that a search that was killed
// goes on with what was scored; the folder goes when the search is used.
#pragma once

#include <jansson.h>

#include "base/status.h"
#include "cli/model_open.h"
#include "model/dataset.h"

enum { LS_SEARCH_FOLDER_SIZE = 4400 };

typedef struct ls_model_search {
    const ls_model_opened *opened;
    const ls_model_plan *plan;
    uint32_t trials;           // at least 1
    bool pool;                 // as jobs of the plant's pool
    uint32_t workers;          // else so many at once; 0: one for each CPU
    const volatile int *stop;  // non-zero: LS_ERR_STOPPED, the folder stays
} ls_model_search;

// `train` are the rows to learn from: the last `validate` of them judge. *out are the best
// settings, *out_report a JSON object for the lineage (to be given back; NULL after a failure),
// `folder` where the scores are, for ls_model_search_end. Shows progress.
ls_status ls_model_search_run(const ls_model_search *search, const ls_dataset *train,
                              ls_model_trees *out, json_t **out_report,
                              char folder[LS_SEARCH_FOLDER_SIZE], ls_error *err);
// The scores are of use no longer. "" is fine.
void ls_model_search_end(const char *folder);
// {"rounds", "depth", "rate", ...}
json_t *ls_model_trees_json(const ls_model_trees *trees);
