// prove_view.h - the account of what was promised and what came, from the rows in the history.
#pragma once

#include <jansson.h>

#include "history/history.h"
#include "plant/plant.h"

typedef struct ls_service ls_service;

typedef struct ls_prove_def {
    int64_t from_us, to_us;  // of the decisions, since 1970; [from, to)
    const char *kind;        // NULL: all
} ls_prove_def;

// {"rows": [{"kind", "of", "unit", "decisions", "sent", "promised": {"gain", "low", "high",
// "low_together", "high_together"}, "realised": {"gain", "low", "high", "method", "shown"} or null,
// "shown", "why_not", "inside": {"count", "of", "expected"}}], "experiment": null or an object,
// "unit", "from_us", "to_us", "sentences": [...]}. Of every decision the newest version counts,
// ordered by number. Fails with LS_ERR_INVALID (no such kind), LS_ERR_MEMORY, what reading fails
// with.
ls_status ls_prove_account(ls_history *history, const ls_plant *plant, const ls_prove_def *def,
                           json_t **out, ls_error *err);
// GET /api/v1/prove of the running service: all that there is.
ls_status ls_view_prove(ls_service *service, json_t **out, ls_error *err);
