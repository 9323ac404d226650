// api_infer.c - the service's models behind the Open Inference Protocol.
#include <math.h>
#include <string.h>

#include "loop/view_infer.h"
#include "model/conformal.h"
#include "model/usual.h"
#include "web/api.h"

static const char *name_of(void *context, uint32_t index, char *out, size_t size) {
    const ls_api *api = context;
    return ls_view_model_name(api->service, index, out, size) ? out : NULL;
}

static bool is_of_classes(const ls_model_version *version) {
    const ls_model_objective objective = version->plan->objective;
    return objective == LS_OBJECTIVE_BINARY || objective == LS_OBJECTIVE_CLASSES;
}

// As `lineshaft model predict` says it.
static void say(const void *context, const float *row, double *wide, ls_infer_said *out) {
    const ls_model_version *version = context;
    const double value = ls_predictor_predict(&version->predictor, row, wide);
    double low, high;
    ls_conformal_interval(version->plan, value, version->radius, &low, &high);
    const bool bounded = !is_of_classes(version) && version->plan->objective != LS_OBJECTIVE_RANK;
    *out = (ls_infer_said){
        .prediction = value,
        .low = bounded ? low : (double)NAN,
        .high = bounded ? high : (double)NAN,
        .unusual = version->usual != NULL &&
                   ls_usual_is_foreign(version->usual, wide + version->column_count, row)};
}

// Of two classes the model says the second's probability alone.
static void tell(const void *context, const float *row, double *wide, double *out) {
    const ls_model_version *version = context;
    if (version->predictor.output_count > 1) {
        ls_predictor_predict_all(&version->predictor, row, wide, out);
    } else {
        out[1] = ls_predictor_predict(&version->predictor, row, wide);
        out[0] = 1.0 - out[1];
    }
}

static void add_classes(const ls_model_version *version, ls_infer_model *model) {
    const uint32_t outputs = version->predictor.output_count;
    model->class_count = outputs > 1 ? outputs : 2;
    model->classes = version->plan->class_count == model->class_count ? version->plan->classes
                                                                      : NULL;
    model->tell = tell;
}

static void put_versions(const ls_view_loan *loan, ls_infer_held *out) {
    const uint32_t low = loan->serving < loan->shadow ? loan->serving : loan->shadow;
    const uint32_t high = loan->serving < loan->shadow ? loan->shadow : loan->serving;
    out->version_count = 0;
    if (low != 0) {
        out->versions[out->version_count++] = low;
    }
    if (high != 0 && high != low) {
        out->versions[out->version_count++] = high;
    }
}

static ls_infer_found hold(void *context, const char *name, uint32_t number, ls_infer_held *out) {
    const ls_api *api = context;
    ls_view_loan loan;
    _Static_assert(sizeof loan <= sizeof out->handle, "a loan fits the handle");
    switch (ls_view_lend(api->service, name, number, &loan)) {
    case LS_VIEW_LENT: break;
    case LS_VIEW_NO_MODEL: return LS_INFER_NO_MODEL;
    case LS_VIEW_NO_VERSION: return LS_INFER_NO_VERSION;
    default: return LS_INFER_BUSY;
    }
    const ls_model_version *version = loan.loan.version;
    memcpy(out->handle, &loan, sizeof loan);
    out->model = (ls_infer_model){
        .name = version->plan->name,
        .version = version->number,
        .platform = version->predictor.monitor != NULL ? "lineshaft_monitor"
                    : version->predictor.trees != NULL ? "lineshaft_trees"
                                                       : "lineshaft_linear",
        .columns = version->columns,
        .column_count = version->column_count,
        .tells_unusual = version->usual != NULL,
        .room = version->column_count +
                (version->usual != NULL ? ls_usual_doubles(version->usual) : 0),
        .say = version->predictor.monitor != NULL ? NULL : say,
        .context = version,
    };
    if (out->model.say != NULL && is_of_classes(version)) {
        add_classes(version, &out->model);
    }
    put_versions(&loan, out);
    return LS_INFER_FOUND;
}

static void release(void *context, ls_infer_held *held) {
    const ls_api *api = context;
    ls_view_loan loan;
    memcpy(&loan, held->handle, sizeof loan);
    ls_view_give_back(api->service, &loan);
}

void ls_api_infer_open(ls_api *api) {
    api->infer = (ls_infer_source){.context = api,
                                   .version = ls_view_version(api->service),
                                   .name = name_of,
                                   .hold = hold,
                                   .release = release};
}
