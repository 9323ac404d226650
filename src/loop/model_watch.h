// model_watch.h - drift and shadow of the models in service: fed by what they say and by what then
// came true.
//
// For each model that has a champion: model/drift_watch.h against the profile of its version, and
// model/shadow.h where a challenger predicts beside it. What was seen is kept in
// DATA/models/NAME/watch.json, so that a restart goes on where it stopped; what comes twice
// after one counts once. A version without a profile (of an earlier program) is not watched, and
// that is said. Nothing is decided here: loop/trainings.h looks at what is found, and acts.
//
//   "drift": null (not watched) | {
//     "version", "window_us", "psi_limit", "rows", "labels", "judged",
//     "state": "none" | "watch" | "drift",
//     "inputs": bool, "errors": bool,          what drifted
//     "since_us": null | 0,                    of the drift
//     "newest_us", "newest_label_us": null | 0, "labels_late": bool,
//     "error_then", "error_now",               mean absolute error: held out, of the last stretch
//     "features": [{"feature", "psi", "noise", "ks", "mean_then", "mean_now", "missing_then",
//       "missing_now", "effective", "effect": null | 0.1, "drifted": bool}]  the most suspicious
//                                              first, at most LS_MODEL_WATCH_SHOWN; effect: by how
//                                              much it moves a prediction, known after a drift
//     "predictions": the same without "feature" and "effect" }
//   "shadow": {     in the place of the number of who is in the shadow
//     "version", "champion", "state": "running" | "passed" | "lost", "about", "span_us", "for_us",
//     "most_us", "rows", "blocks", "effective", "gain", "evidence", "against", "wanted",
//     "champion_rmse", "challenger_rmse", "coverage", "worst", "worst_unit" }
#pragma once

#include "loop/models.h"
#include "model/drift_watch.h"
#include "model/shadow.h"

enum { LS_MODEL_WATCH_SHOWN = 10 };

typedef struct ls_model_watch ls_model_watch;

typedef struct ls_model_watch_def {
    ls_models *models;  // stays until close
    ls_journal *journal;
    ls_history *history;  // for rows that are read again; may be NULL
    const char *folder;   // of the registry: DATA/models
} ls_model_watch_def;

// *out is NULL where there are no models. Begins to listen. LS_ERR_MEMORY, LS_ERR_LIMIT.
ls_status ls_model_watch_open(const ls_model_watch_def *def, ls_model_watch **out, ls_error *err);
// Before the models are closed. Saves. NULL is fine.
void ls_model_watch_close(ls_model_watch *watch);
// Called about once a second: says what was found, looks for causes, saves each ten seconds. NULL
// is fine.
void ls_model_watch_tick(ls_model_watch *watch);

typedef struct ls_model_watched {
    uint32_t champion, challenger;  // 0: none
    bool is_watched;
    bool inputs, errors;       // a drift of these was told, and is still there
    int64_t since_us;          // of the drift; 0: none
    int64_t now_us;            // the newest moment that was predicted; 0: none
    uint64_t labels_since;     // labels of moments since then
    char causes[240];          // for people; "" before the tick after it was found
    ls_shadow_verdict shadow;  // where there is a challenger
} ls_model_watched;
// Any thread. Asserted: model < ls_models_count.
void ls_model_watch_look(ls_model_watch *watch, uint32_t model, ls_model_watched *out);
// Sets "drift" of the object, and "shadow" where a challenger is compared; any thread. `watch`
// NULL: drift is null.
void ls_model_watch_json(ls_model_watch *watch, uint32_t model, json_t *object);
