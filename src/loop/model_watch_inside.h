// model_watch_inside.h - what the files of the models' watch share. Private to model_watch*.c.
#pragma once

#include <pthread.h>

#include "loop/model_watch.h"

typedef struct model_watched {
    const ls_model_plan *plan;
    const char *const *units;  // names
    uint32_t unit_count;
    uint32_t champion, challenger;
    ls_profile profile;
    ls_drift_watch drift;
    ls_shadow shadow;
    bool has_drift, has_shadow;
    double challenger_radius;
    bool is_new;           // a drift was told and not looked into yet
    bool late, late_told;  // labels do not come
    unsigned late_looks;   // in a row at which labels were late
    uint64_t labels_since;
    int64_t since_us;            // as of labels_since
    int64_t *said_us, *true_us;  // [units]: the newest moments that were counted
    ls_drift_cause causes[LS_MODEL_WATCH_SHOWN];
    uint32_t cause_count;
    char text[240];
    json_t *saved;  // of before the restart, until it is known who serves; NULL: none
} model_watched;

struct ls_model_watch {
    ls_models *models;
    ls_journal *journal;
    ls_history *history;
    char folder[4200];
    pthread_mutex_t lock;  // of all that follows
    model_watched *all;
    uint32_t count;
    ls_arena arena;
    unsigned ticks;
    bool save_fails;
};

// model_watch_file.c: to and from DATA/models/NAME/watch.json. Saving takes the lock for each model
// while its text is made.
void ls_model_watch_save(ls_model_watch *watch);
void ls_model_watch_load(const ls_model_watch *watch, model_watched *one);
// model_watch_json.c: the features that were found, or are the most suspicious. Under the lock.
json_t *ls_model_watch_features(const model_watched *one);
