// models.h - what the part `models:` of a plant file says: what is predicted, from what, and when a
// model may serve.
//
// Tags, units and events are names as history knows them; nothing is looked up here. `{unit}` in a
// tag, an event's subject or a label's tag stands for each unit in turn.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum ls_model_what {  // what the label means
    LS_PREDICT_QUALITY,       // of a part, when it is made
    LS_PREDICT_ANOMALY,       // how unusual a unit is: a share, 0 to 1; of a monitor its index
    LS_PREDICT_LIFE,          // seconds until the event
    LS_PREDICT_TIME,          // a process time, seconds
    LS_PREDICT_SCRAP,         // share that is scrapped
    LS_PREDICT_ENERGY,
    LS_PREDICT_SENSOR,  // what a tag will say
    LS_PREDICT_ORDER,   // which of the units of a moment comes first: a score, its order alone
                        // counts
    LS_PREDICT_COUNT
} ls_model_what;
const char *ls_model_what_name(ls_model_what what);  // "quality"

enum {
    LS_MODEL_UNITS_MAX = 1024,
    LS_MODEL_TAGS_MAX = 1024,
    LS_MODEL_WINDOWS_MAX = 8,
    LS_MODEL_CLASSES_MAX = 64,
    LS_MODEL_GRADE_MAX = 31,  // labels of an order are from 0 to this
    LS_MODEL_NAME_MAX = 63,   // bytes; a name is also that of a folder
};

// What is learned of the label.
typedef enum ls_model_objective {
    LS_OBJECTIVE_AUTO,      // of the file alone; a plan that was read says which
    LS_OBJECTIVE_NUMBER,    // the mean
    LS_OBJECTIVE_BINARY,    // a probability of the second of two classes
    LS_OBJECTIVE_CLASSES,   // a probability for each
    LS_OBJECTIVE_COUNT_OF,  // a mean of counts
    LS_OBJECTIVE_LIFE,      // a time, from lives that have not all ended
    LS_OBJECTIVE_QUANTILE,
    LS_OBJECTIVE_RANK,  // an order among the units of each moment, the highest label first
    LS_OBJECTIVE_COUNT
} ls_model_objective;
const char *ls_model_objective_name(ls_model_objective objective);  // "number"

// How boosted trees learn; as of learner.h.
typedef struct ls_model_trees {
    uint32_t rounds, depth;
    double rate, child, rows, columns, lambda;
} ls_model_trees;

typedef enum ls_model_label_kind {
    LS_LABEL_TAG,
    LS_LABEL_EVENT,
    LS_LABEL_FILE,
    LS_LABEL_NONE,  // of a monitor: it learns from good operation alone
} ls_model_label_kind;

// Where what should have been predicted comes from.
typedef struct ls_model_label {
    ls_model_label_kind kind;
    const char
        *source;       // tag; kind of event; CSV file (columns time, unit, value, known); NONE: ""
    int64_t delay_us;  // known so much later than it was so (TAG, EVENT; FILE: without `known`)
    int64_t stale_us;  // TAG: older values are no labels; 0, LS_FOREVER: they hold
} ls_model_label;

typedef struct ls_model_gates {
    double level;        // of the tests, default 0.95
    double gain;         // least share by which the champion's error must fall, default 0
    double worst;        // most share by which the error of any unit may rise, default 0.1
    double coverage;     // most that the share inside the intervals may fall short, default 0.05
    double interval;     // level of the intervals, default 0.9
    double missing;      // most share by which the error without any one tag may exceed that of
                         // always saying the mean, default 0
    double calibration;  // classes: most that probabilities may differ from frequencies, 0.1
    double balance;      // classes: the mean share of wrong answers is below this, default 0.5
    int64_t latency_us;  // deadline of one prediction, default 1 ms
    double
        false_alarms;  // of a monitor: most share of good test rows above its limit, default 0.03
} ls_model_gates;

// How long a challenger predicts beside the champion before one of them serves.
typedef struct ls_model_shadow {
    int64_t for_us;   // at least, default 1 d; 0: the gates alone decide
    int64_t most_us;  // at most, default 14 d, at least for_us: then it has lost
} ls_model_shadow;

// From when on the plant counts as changed.
typedef struct ls_model_drift {
    int64_t window_us;    // so much is compared with what was learnt from, default 1 d
    double psi;           // of a feature or of the predictions, default 0.25
    double false_alarms;  // share of windows without any drift that may alarm, default 0.01
} ls_model_drift;

// When a model is trained again without being asked.
typedef struct ls_model_retrain {
    bool on_drift;     // default true
    int64_t every_us;  // default LS_FOREVER: not by the clock
    int64_t pause_us;  // between two, at least; doubled after one that came to nothing. Default 1 h
    int64_t rows;      // labels since the drift that it waits for, default 300
} ls_model_retrain;

// A monitor (model/monitor.h): `what: anomaly` with the learner `pca` or `dpca`.
typedef struct ls_model_monitor {
    bool is;              // false: a predictor, and the rest is 0
    uint32_t lags;        // earlier rows joined to each; 0 with `pca`
    double share;         // of the variance that the principal components explain, default 0.9
    double newest;        // weight of the newest row in the moving mean, default 0.2; 1: none
    double false_alarms;  // wished share of good rows above the limit, default 0.01
    uint32_t statistics;  // bits (1 << ls_monitor_statistic), default that of WHOLE alone
    uint32_t row;  // rows in a row above (below) with which an alarm begins (ends), default 6
    int64_t from_us, until_us;  // good operation, all of it: wall clock; INT64_MIN, INT64_MAX: all
} ls_model_monitor;

// When there is something to predict: while a tag is within bounds, as of a machine that works. A
// moment at which it has a value outside them is no row to learn from, and is not asked.
typedef struct ls_model_while {
    bool is;
    uint32_t tag;         // number of the plan's tag
    double above, below;  // -INFINITY, INFINITY: no bound
} ls_model_while;

// One model of the plant file.
typedef struct ls_model_plan {
    const char *name;
    int line, column;
    ls_model_what what;
    const char **units;  // `of`; none: the plant is one unit
    uint32_t unit_count;
    const char **tags;
    uint32_t tag_count;
    uint32_t kinds;  // of features: bits in the order of the words of `features`
    int64_t windows_us[LS_MODEL_WINDOWS_MAX];
    uint32_t window_count;
    int64_t every_us;  // a row, and a prediction, so often; at least 1 ms
    ls_model_while when;
    int64_t horizon_us;  // how far ahead the label lies
    ls_model_label label;
    const char *learner;  // "linear", "trees", "pca", "dpca", or a program
    ls_model_monitor monitor;
    ls_model_objective objective;  // never AUTO
    const char **classes;          // names; none where the label is no class, or BINARY by 0 and 1
    uint32_t class_count;
    double quantile;
    uint32_t top;  // RANK: so many first places are judged, at least 1
    ls_model_trees trees;
    uint32_t search;        // settings tried; 0: none
    double validate;        // share of the training rows that a search judges by
    const char *signed_by;  // file of a public key; NULL: anyone
    uint32_t signed_from;   // with a key: the oldest version that may serve, at least 1
    uint64_t seed;
    bool by_unit;  // split by unit, else by time
    double train, calibrate;
    int64_t gap_us;
    ls_model_gates gates;
    ls_model_shadow shadow;
    ls_model_drift drift;
    ls_model_retrain retrain;
    bool is_auto;  // promoted through the gates without a person
} ls_model_plan;
