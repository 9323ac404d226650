// models.h - the models of the plant file in service: asked at every moment, shown, kept, scored.
//
// For each model the champion of the registry (DATA/models, model/registry.h) predicts, and the
// challenger in its shadow. What the intake hears goes to the feature engine of training; a
// prediction is due at every multiple of `every` since 1970 by the LINE's clock, and is made as
// soon as that clock has gone a little further, so that what belongs before the moment is there.
//
// Threads. The intake pushes samples into a ring (under its own lock, nothing else). One thread
// asks the features and the versions in service: no allocation, no lock, no file in its way; what
// it says stands at once in ls_models_latest. A second thread looks after the registry (a
// stages.json that was replaced is seen within half a second, and swapped in by model/swap.h),
// writes the predictions to the history, and scores them when their labels come. Where the plant
// file has no models there are no threads, and nothing is paid.
//
// Predictions are tags: `model/NAME/UNIT`, with `/low`, `/high`, `/unusual` (0 or 1) and
// `/challenger`; UNIT is "plant" where the model names none. `model/NAME/version` says who serves.
// A unit of which no tag has a value any more is silent: its prediction is then nothing, with
// quality stale. One of which some have none is said with quality uncertain.
//
// After a restart everything goes on from the history and from what was saved there: features are
// heard again, moments that were missed are made up for (at most LS_MODELS_MISSED of them), what
// was said and is not scored yet is scored when its label comes.
//
// GET /api/v1/models: {"models": [MODEL, ...]}, in the order of the plant file;
// GET /api/v1/models/NAME: MODEL with "versions" and "explained". null is "not known" throughout.
//
//   MODEL {
//     "name", "what": "sensor", "mode": "approve" | "auto", "learner",
//     "objective": "number" | ..., null of a monitor; "classes": [names]
//     "every_us", "horizon_us", "label": {"kind": "tag" | "event" | "file" | "none", "source",
//     "delay_us"}, "limits": {"level", "gain", "worst", "coverage", "interval", "missing",
//     "latency_us"}, "champion": 3, "challenger": 4,            what stages.json says; null: none
//     "serving": 3, "shadow": 4,                 what does in fact; null: none
//     "refused": null | {"version", "text", "since_us"},  what was to serve and may not
//     "tags": {"value": "model/wear/{unit}", "low", "high", "unusual", "challenger"},
//     "live": [{
//       "unit", "state": "good" | "partial" | "silent" | "none",
//       "time_us", "age_s",                      the moment, and how far the line is past it
//       "value", "low", "high", "by": "split" | "adaptive" | null, "unusual": true | false | null,
//       "challenger", "version",
//       "truth", "truth_time_us", "error",       of the last prediction that was scored
//       "alarm": null | {...}}],                 of a monitor alone: loop/alarms.h
//     "score": SCORE, "challenger_score": SCORE | null,
//     "speed": {"predictions", "p50_us", "p99_us", "limit_us", "slow": false},
//     "challenger_speed": the same | null }
//   SCORE {
//     "version", "scored", "window",             all; how many the rolling figures are about
//     "rmse", "mae", "bias", "coverage", "misses", "interval",   rolling; interval: what is wanted
//     "split_radius", "adaptive_radius", "alpha",
//     "pending", "never", "skipped",             wait for a label; never got one; moments left out
//     "unusual", "said" }                        predictions flagged, of all that were said
//   "versions": [{"number", "stage", "kind", "from_us", "to_us", "rows", "dataset", "seed",
//     "learner", "code", "radius", "loss", "rmse", "champion_rmse", "p", "gates": {"gain":
//     {"passed", "value", "limit", "about"}, ...}, "unusual": null | {"wanted", "test_rate"}}],
//     newest first, at most LS_MODELS_SHOWN
//   "explained": [{"unit", "time_us", "version", "value", "base": what is said of no row in
//     particular, "features": [{"feature", "value", "effect"}, ...]}], the largest effects first,
//     at most LS_MODELS_EFFECTS. Of trees: exact Shapley values of the margin (before a link such
//     as the logistic one); of a linear model: against its typical row.
//
// Series come from /api/v1/history by the names of the tags. The live stream has the topic
// `models`: an event `model` {"name", "live": [as above]} for each model in which something was
// said, at most once a second.
#pragma once

#include <jansson.h>

#include "loop/intake.h"
#include "loop/journal.h"
#include "model/predictor.h"
#include "plant/models.h"

enum {
    LS_MODELS_MISSED = 1000,  // moments that are made up for after a gap, of each model
    LS_MODELS_SHOWN = 50,
    LS_MODELS_EFFECTS = 20,
    LS_MODELS_LISTENERS = 4,
    LS_MODELS_WINDOW = 500,  // scored predictions that rolling figures are about
};

typedef struct ls_models ls_models;

typedef struct ls_models_def {
    ls_intake *intake;  // its running plant stays until close; its history is open
    ls_journal *journal;
    const char *folder;  // of the registry: DATA/models
    const char *plant;   // the plant file: files of labels are found from it
} ls_models_def;

// *out is NULL where the plant has no models. After the history is open and the follower restored,
// before any driver runs. Takes the intake's lock. A version that cannot serve is no failure: it is
// said. Fails with LS_ERR_MEMORY, LS_ERR_INVALID or as the history does.
ls_status ls_models_open(const ls_models_def *def, ls_models **out, ls_error *err);
// After the drivers are closed. Saves. NULL is fine.
void ls_models_close(ls_models *models);

// ---- what a model says (helpers who decide). Any thread, no lock, O(models + units).

typedef enum ls_model_state {
    LS_MODEL_NONE,     // nothing was said yet
    LS_MODEL_GOOD,     // every tag of the unit has a value
    LS_MODEL_PARTIAL,  // some have none
    LS_MODEL_SILENT,   // none has one: nothing is said
    LS_MODEL_STATE_COUNT
} ls_model_state;
const char *ls_model_state_name(ls_model_state state);  // "good"

typedef enum ls_model_by {
    LS_MODEL_BY_NOTHING,
    LS_MODEL_BY_SPLIT,
    LS_MODEL_BY_ADAPTIVE
} ls_model_by;

typedef struct ls_model_said {
    ls_model_state state;
    int64_t time_us;                       // the moment, by the line's clock, since 1970
    double value;                          // NaN where the state is NONE or SILENT
    double low, high;                      // NaN where no interval can be told
    double challenger;                     // NaN: there is none
    ls_model_by by;                        // what the interval comes from
    int8_t unusual;                        // 1: unlike what was learnt from; 0; -1: cannot be told
    uint32_t version, challenger_version;  // 0: none
} ls_model_said;

// The newest word on a unit; "plant" where the model names no units. False: no such model or unit,
// *out is then that of nothing said. Never torn.
bool ls_models_latest(ls_models *models, const char *model, const char *unit, ls_model_said *out);
// The same by numbers: those of the plant file. Asserted to be in range.
void ls_models_latest_at(ls_models *models, uint32_t model, uint32_t unit, ls_model_said *out);
// How far the line's clock is past that moment, in us; INT64_MAX where nothing was said.
int64_t ls_models_age_us(ls_models *models, const ls_model_said *said);

uint32_t ls_models_count(const ls_models *models);
const ls_model_plan *ls_models_plan(const ls_models *models, uint32_t model);
uint32_t ls_models_units(const ls_models *models, uint32_t model);  // at least 1
const char *ls_models_unit(const ls_models *models, uint32_t model, uint32_t unit);

// ---- who serves (helpers who answer others). Whole and unchanged until it is given back.

typedef struct ls_model_version {
    const ls_model_plan *plan;
    uint32_t number;
    ls_predictor predictor;
    const char *const *columns;  // names of features, in the order of a row
    uint32_t column_count;
    double radius;                   // of its split conformal interval; INFINITY: none
    const char *lineage;             // JSON
    const char *kind;                // "trees", "linear"
    const struct ls_monitor *usual;  // tells rows unlike what it learnt from; NULL: it cannot
} ls_model_version;

typedef struct ls_model_loan {
    const ls_model_version *version;
    uint32_t slot, model;
    bool is_challenger;
} ls_model_loan;

// number 0: the champion; else the champion or the challenger of that number. False: it does not
// serve, or sixty borrow at once. Give it back soon, from any thread.
bool ls_models_borrow(ls_models *models, const char *model, uint32_t number, ls_model_loan *out);
void ls_models_return(ls_models *models, const ls_model_loan *loan);

// ---- what happens (helpers who judge, watch and retrain)

typedef struct ls_model_pair {  // one prediction, when it is made and again when its label is known
    uint32_t model, unit;
    int64_t time_us;                       // its moment
    uint32_t version, challenger_version;  // 0: none (challenger), not known any more (champion)
    double value, low, high;               // of the champion; NaN: it said nothing of the row
    double challenger;                     // NaN: none
    // Of the challenger's interval when it was made, which adapts in the shadow as the champion's
    // does; of `scored` alone. Not finite: it has none, or is one of a service before this one.
    double challenger_radius;
    double truth;      // NaN when it is made
    int64_t known_us;  // since when the truth is known, by the line's clock
    int8_t unusual;
    const float *row;  // features; NULL where they are not held any more (after a restart)
    uint32_t column_count;
} ls_model_pair;

typedef struct ls_models_listener {
    void *context;
    void (*predicted)(void *context, const ls_model_pair *pair);
    void (*scored)(void *context, const ls_model_pair *pair);
    // Who serves has changed; 0: nobody. Also told once for each model at the beginning.
    void (*serves)(void *context, uint32_t model, uint32_t champion, uint32_t challenger);
} ls_models_listener;

// Functions may be NULL. They are called by the second thread of the models, in order, and may ask
// everything above; they shall return quickly, and never close. Any time after open; *listener is
// copied. False: LS_MODELS_LISTENERS are there already.
bool ls_models_listen(ls_models *models, const ls_models_listener *listener);
// After this returns it is called no more. Not from within a listener.
void ls_models_unlisten(ls_models *models, const void *context);
// Live, is the challenger in time for its gate, features included? False too where there is none,
// or where too little was timed (200 predictions).
bool ls_models_challenger_in_time(ls_models *models, uint32_t model);
// Looks at the registry at once, not in half a second: after a promotion from here.
void ls_models_look(ls_models *models);

// ---- shown

json_t *ls_models_json(ls_models *models);                       // [MODEL, ...]
json_t *ls_models_json_of(ls_models *models, const char *name);  // NULL: no such model
// Counts up whenever something is said or who serves changes.
uint64_t ls_models_changes(ls_models *models);
// [{"name", "live"}] of those in which something was said since; *after moves on.
json_t *ls_models_news(ls_models *models, uint64_t *after);

typedef struct ls_model_figures {
    const char *name;
    uint32_t serving, shadow;
    uint64_t predictions, unusual, swaps, refused, scored, misses, never, skipped, late;
    uint64_t not_kept;              // predictions that the history did not take
    uint32_t pending, silent;       // predictions that wait for a label; units that are silent
    uint64_t timed;                 // predictions since the service began, and
    double seconds;                 // what they took, features included
    double p99_us, coverage, rmse;  // NaN: not known
    bool slow, challenger_slow;
} ls_model_figures;
ls_model_figures ls_models_describe(ls_models *models, uint32_t model);
