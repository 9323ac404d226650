// view_infer.c - see view_infer.h.
#include "loop/view_infer.h"

#include <string.h>

#include "loop/service_parts.h"

bool ls_view_model_name(ls_service *service, uint32_t index, char *out, size_t size) {
    pthread_rwlock_rdlock(&service->line_lock);
    const bool there = service->models != NULL && index < ls_models_count(service->models);
    if (there) {
        ls_text_format(out, size, "%s", ls_models_plan(service->models, index)->name);
    }
    pthread_rwlock_unlock(&service->line_lock);
    return there;
}

static bool find(ls_models *models, const char *name, uint32_t *out) {
    const uint32_t count = models != NULL ? ls_models_count(models) : 0;
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(ls_models_plan(models, i)->name, name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static ls_view_lent lend(ls_models *models, const char *name, uint32_t number, ls_view_loan *out) {
    uint32_t model = 0;
    if (!find(models, name, &model)) {
        return LS_VIEW_NO_MODEL;
    }
    const bool lent = ls_models_borrow(models, name, number, &out->loan);
    const ls_model_figures figures = ls_models_describe(models, model);
    out->serving = figures.serving;
    out->shadow = figures.shadow;
    const bool serves = number == 0 ? out->serving != 0
                                    : number == out->serving || number == out->shadow;
    return lent ? LS_VIEW_LENT : serves ? LS_VIEW_LENT_OUT : LS_VIEW_NO_VERSION;
}

ls_view_lent ls_view_lend(ls_service *service, const char *model, uint32_t number,
                          ls_view_loan *out) {
    pthread_rwlock_rdlock(&service->line_lock);
    const ls_view_lent lent = lend(service->models, model, number, out);
    if (lent != LS_VIEW_LENT) {
        pthread_rwlock_unlock(&service->line_lock);
    }
    return lent;
}

void ls_view_give_back(ls_service *service, const ls_view_loan *loan) {
    ls_models_return(service->models, &loan->loan);
    pthread_rwlock_unlock(&service->line_lock);
}
