// trainings_inside.h - what the files of the trainings share. Private to trainings*.c.
#pragma once

#include <pthread.h>

#include "loop/model_watch.h"
#include "loop/trainings.h"
#include "model/registry.h"

enum { LS_TRAININGS_MOST = 64, LS_TRAINING_TEXT = 240 };

typedef enum training_state { IDLE, WAITING, UNDERWAY, TRAINING_STATES } training_state;
extern const char *const ls_training_states[TRAINING_STATES];
typedef enum training_reason {
    NO_REASON,
    DRIFT,
    CLOCK,
    FIRST,
    ASKED,
    TRAINING_REASONS
} training_reason;
extern const char *const ls_training_reasons[TRAINING_REASONS];

typedef struct training {
    char model[LS_MODEL_NAME_MAX + 1];
    char errand[LS_ERRAND_NAME + 1];
    training_state state;
    training_reason reason;
    int64_t since_us;  // 0: everything
    int64_t last_us, next_us;
    uint32_t failures;
    uint32_t version;              // that the last one made; 0: none
    uint32_t offered;              // 0: nothing waits for a person
    char offer[LS_TRAINING_TEXT];  // why
    uint32_t settled;              // a challenger that was promoted or retired, or could not be
    char text[LS_TRAINING_TEXT];
    uint32_t beside;     // the challenger when the training that is underway was put
    unsigned unsettled;  // looks in a row at which others served than the registry says
    // Of an act that the disk did not let happen: ticks until it is tried again, and tries so far.
    unsigned rest, rests;
    // Since the last tick, from the errands' thread:
    bool over;
    ls_errand_end end;
    char why[LS_TRAINING_TEXT];
} training;

struct ls_trainings {
    ls_trainings_def def;
    char folder[4200];     // of the registry
    pthread_mutex_t lock;  // of all that follows
    ls_errands *errands;
    training all[LS_TRAININGS_MOST];
    uint32_t count;
};

// trainings_file.c. All of these are called under the lock.
void ls_trainings_keep(const ls_trainings *trainings, const training *one);
// The model's; recalled from its file when it is first asked for. NULL: there are too many models.
training *ls_trainings_find(ls_trainings *trainings, const char *model);

// trainings_stages.c.
// A row of an act of this model, written before and after it; `more` is taken over, may be NULL.
ls_status ls_trainings_row(ls_trainings *trainings, const char *model, const char *act,
                           const char *stage, uint32_t version, const char *text, json_t *more,
                           ls_error *err);
// A row of what is done, about the last version made; it is what is shown, too.
void ls_trainings_tell(ls_trainings *trainings, training *one, const char *act, const char *text,
                       json_t *more);
// LS_ERR_INVALID: the plant has no such model.
ls_status ls_trainings_model(const ls_trainings_of *of, const char *name, uint32_t *out,
                             ls_error *err);
// Where the newest act of a model was begun and its end was never written down, since the service
// was killed meanwhile: writes it, by what the registry says.
void ls_trainings_complete(ls_trainings *trainings, training *one);
json_t *ls_trainings_person(const ls_trainings_ask *ask);  // NULL of NULL
// Looks at the challenger: promotes, offers or retires it when its time has come.
void ls_trainings_judge(ls_trainings *trainings, const ls_trainings_of *of, uint32_t model,
                        training *one, const ls_model_watched *seen);
