// service_models.c - what looks after the models in service: drift, shadow, trainings.
#include "loop/model_watch.h"
#include "loop/models.h"
#include "loop/service_parts.h"

enum { FIRST_TICKS = 60 };

ls_status ls_service_open_model_watch(ls_service *s, ls_error *err) {
    char folder[4200];
    ls_text_format(folder, sizeof folder, "%s/models", s->def->data);
    const ls_model_watch_def def = {
        .models = s->models, .journal = s->journal, .history = s->intake.history, .folder = folder};
    return ls_model_watch_open(&def, &s->model_watch, err);
}

ls_trainings_of ls_service_trainings_of(ls_service *s) {
    // How far the line's clock is past 1970.
    const ls_model_said begin = {.state = LS_MODEL_GOOD, .time_us = 0};
    const int64_t age_us = s->models != NULL ? ls_models_age_us(s->models, &begin) : 0;
    return (ls_trainings_of){.models = s->models,
                             .watch = s->model_watch,
                             .first_us = s->models_first_us,
                             .now_us = age_us != INT64_MAX ? age_us : 0};
}

void ls_service_tick_models(ls_service *s) {
    if (s->models == NULL) {
        return;
    }
    // The first sample of the history: looked for until there is one, then no more often than each
    // minute, since old ones may go.
    if (s->models_ticks++ % FIRST_TICKS == 0 || s->models_first_us == 0) {
        ls_history_figures figures;
        ls_error err = {0};
        const bool known = ls_history_describe(s->intake.history, &figures, &err) == LS_OK;
        s->models_first_us = known && figures.samples > 0 ? figures.first_us : 0;
    }
    ls_model_watch_tick(s->model_watch);
    const ls_trainings_of of = ls_service_trainings_of(s);
    ls_trainings_tick(s->trainings, &of);
}
