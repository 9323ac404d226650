// learner_xgboost.c - see learner_xgboost.h.
#include "model/learner_xgboost.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libxgboost.so.0"

// One function; the pointer is copied as bytes, as POSIX has it for dlsym.
static bool find(void *library, const char *name, void *out, ls_error *err) {
    void *symbol = dlsym(library, name);
    memcpy(out, &symbol, sizeof symbol);
    if (symbol == NULL) {
        ls_fail(err, LS_ERR_IO, LIBRARY " lacks %s", name);
    }
    return symbol != NULL;
}

static bool find_all(void *l, ls_xgboost *x, ls_error *err) {
    return find(l, "XGBoostVersion", &x->version, err) &&
           find(l, "XGBGetLastError", &x->last_error, err) &&
           find(l, "XGBSetGlobalConfig", &x->set_global, err) &&
           find(l, "XGDMatrixCreateFromMat_omp", &x->matrix_create, err) &&
           find(l, "XGDMatrixSetFloatInfo", &x->matrix_set_floats, err) &&
           find(l, "XGDMatrixSetUIntInfo", &x->matrix_set_counts, err) &&
           find(l, "XGDMatrixFree", &x->matrix_free, err) &&
           find(l, "XGBoosterCreate", &x->create, err) && find(l, "XGBoosterFree", &x->free, err) &&
           find(l, "XGBoosterSetParam", &x->set, err) &&
           find(l, "XGBoosterSetAttr", &x->set_attribute, err) &&
           find(l, "XGBoosterSetStrFeatureInfo", &x->set_texts, err) &&
           find(l, "XGBoosterGetNumFeature", &x->feature_count, err) &&
           find(l, "XGBoosterUpdateOneIter", &x->update, err) &&
           find(l, "XGBoosterBoostOneIter", &x->boost, err) &&
           find(l, "XGBoosterEvalOneIter", &x->evaluate, err) &&
           find(l, "XGBoosterSlice", &x->slice, err) &&
           find(l, "XGBoosterPredictFromDMatrix", &x->predict, err) &&
           find(l, "XGBoosterPredictFromDense", &x->predict_dense, err) &&
           find(l, "XGBoosterLoadModelFromBuffer", &x->load, err) &&
           find(l, "XGBoosterSaveModelToBuffer", &x->save, err);
}

ls_status ls_xgboost_open(const ls_xgboost **out, ls_error *err) {
    static ls_xgboost opened;
    static bool is_open;
    *out = NULL;
    if (is_open) {
        *out = &opened;
        return LS_OK;
    }
    // Never closed again: the threads of its OpenMP do not survive that.
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *why = dlerror();
        ls_fail(err, LS_ERR_IO, "cannot load XGBoost: %s", why != NULL ? why : LIBRARY);
        ls_hint(err, "trees are learned by the package libxgboost0; serving needs none");
        return LS_ERR_IO;
    }
    ls_xgboost x;
    if (!find_all(library, &x, err)) {
        return LS_ERR_IO;
    }
    int major = 0, minor = 0, patch = 0;
    x.version(&major, &minor, &patch);
    if (major != 1 || minor != 7) {
        return ls_fail(err, LS_ERR_VERSION, LIBRARY " is XGBoost %d.%d.%d; 1.7 is wanted", major,
                       minor, patch);
    }
    if (x.set_global("{\"verbosity\":0}") != 0) {
        return ls_xgboost_fail(&x, err, "setting up");
    }
    opened = x;
    is_open = true;
    *out = &opened;
    return LS_OK;
}

ls_status ls_xgboost_fail(const ls_xgboost *x, ls_error *err, const char *doing) {
    const char *text = x->last_error();
    text = text != NULL ? text : "";
    return ls_fail(err, LS_ERR_INVALID, "XGBoost, %s: %.*s", doing, (int)strcspn(text, "\n"), text);
}
