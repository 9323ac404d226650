// trainings.h - models are trained again when the plant has changed, as jobs of the plant's pool;
// challengers that pass are promoted or offered, those that lose are retired.
//
// A training is wanted after a drift (loop/model_watch.h), by the clock (`retrain: {every}`), where
// nothing serves yet and the history is long enough for labels, and when a person asks. It waits
// for labels of the time since the drift, for its pause - doubled after each training that came to
// nothing - and while a challenger is in its shadow; there are never two of one model at once. All
// of these count the LINE's time. It is `lineshaft model train`, an errand (loop/errands.h): it
// survives kills on either side. After a drift it learns from what came since, and when that comes
// to nothing, next time from the whole history, in turn.
//
// What passes its gates becomes the challenger (the champion where nothing serves). When its shadow
// has passed, `mode: auto` promotes it and `mode: approve` offers it; when it is lost, it is
// retired. Each of these is a row of the history of kind "model", its subject the model, written
// BEFORE it is done ("state": "begun"), and again when it was ("done") or could not be ("refused");
// what cannot be written down is not done. Nobody is woken: rows and lines of the log are all.
//
// What is wanted is kept in DATA/models/NAME/training.json.
//
//   "training": {
//     "state": "idle" | "waiting" | "underway", "reason": null | "drift" | "clock" | "first" |
//     "asked", "text",              for people: what it waits for, or what came of the last one
//     "since_us": null | 0,  it learns from here on; null: from everything
//     "last_us": null | 0,   when the last one was handed over, by the line's clock
//     "next_us": null | 0,   not before, by the line's clock
//     "failures",            in a row that came to nothing
//     "version": null | 7,   that the last one made
//     "offer": null | {"version", "text"} }  waits for a person
#pragma once

#include "guard/link.h"
#include "loop/errands.h"
#include "plant/models.h"

typedef struct ls_models ls_models;            // loop/models.h
typedef struct ls_model_watch ls_model_watch;  // loop/model_watch.h
typedef struct ls_trainings ls_trainings;

typedef struct ls_trainings_def {
    const char *plant;  // the file's path
    const char *data;
    ls_journal *journal;
    ls_history *history;  // for the rows
} ls_trainings_def;

// LS_ERR_MEMORY, LS_ERR_IO. All of the def stays.
ls_status ls_trainings_create(const ls_trainings_def *def, ls_trainings **out, ls_error *err);
void ls_trainings_destroy(ls_trainings *trainings);  // after the errands; NULL is fine
// Who takes in the results; for ls_errands_def.kinds.
ls_errand_kind ls_trainings_kind(ls_trainings *trainings);
// From then on they are handed over. NULL errands: there is no pool, and what waits says so.
void ls_trainings_begin(ls_trainings *trainings, ls_errands *errands);

// The models in service; any of them may be replaced between two calls, together with `plant`.
typedef struct ls_trainings_of {
    ls_models *models;         // NULL: the plant has none
    ls_model_watch *watch;     // NULL: nothing is watched
    int64_t first_us, now_us;  // of the history, and the line's clock; since 1970; 0: not known
} ls_trainings_of;
// Called about once a second by one thread. NULL is fine.
void ls_trainings_tick(ls_trainings *trainings, const ls_trainings_of *of);

// What a person asks for. LS_ERR_INVALID: there is no such model or pool; LS_ERR_LIMIT: not now,
// and why; LS_ERR_IO: it could not be written down. Any thread.
typedef struct ls_trainings_ask {
    const char *model;
    const char *who, *text;  // text: what they add; may be NULL
    ls_role role;
} ls_trainings_ask;
// since_us 0: of everything.
ls_status ls_trainings_retrain(ls_trainings *trainings, const ls_trainings_of *of,
                               const ls_trainings_ask *ask, int64_t since_us, ls_error *err);
// `anyway`: also one that is no challenger, or whose shadow has not passed.
ls_status ls_trainings_promote(ls_trainings *trainings, const ls_trainings_of *of,
                               const ls_trainings_ask *ask, uint32_t version, bool anyway,
                               ls_error *err);
ls_status ls_trainings_rollback(ls_trainings *trainings, const ls_trainings_of *of,
                                const ls_trainings_ask *ask, uint32_t *out_version, ls_error *err);

// Sets "training" of the object of a model (its number in the plant file); any thread, `trainings`
// NULL: null.
void ls_trainings_json(ls_trainings *trainings, const ls_model_plan *plan, json_t *object);
