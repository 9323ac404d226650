// searches.h - a long search for the base rule of a plant that decides: a job of its pool, once for
// each plant file, whose result is offered to the decisions.
//
// The service itself searches some seconds at its start, which is enough for a small plant. The
// result is DATA/search/result.json (docs/JSON.md, `decide-base/1`); it counts for the plant and
// objective whose key it tells, and is offered again at every start.
#pragma once

#include "loop/decisions.h"
#include "loop/errands.h"

typedef struct ls_searches ls_searches;

// What a result is for: the plant as the twin has it, and the objective.
enum { LS_SEARCH_KEY = 36, LS_SEARCH_TICKS = 60 };  // calls of tick before one is asked for
void ls_search_key(const ls_plant *plant, const ls_twin *twin, char out[LS_SEARCH_KEY]);

// As ls_calibrations_create.
ls_status ls_searches_create(const char *plant, const char *data, ls_searches **out, ls_error *err);
void ls_searches_destroy(ls_searches *searches);  // after the errands; NULL is fine
ls_errand_kind ls_searches_kind(ls_searches *searches);
void ls_searches_begin(ls_searches *searches, ls_errands *errands);
// Called about once a second by the thread that replaces plants. NULL is fine, for each.
void ls_searches_tick(ls_searches *searches, const ls_plant *plant, const ls_twin *twin,
                      ls_decisions *decisions);
