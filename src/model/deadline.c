// deadline.c - see deadline.h.
#include "model/deadline.h"

#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "model/snapshot.h"

enum { TRIALS = 400 };

int64_t ls_deadline_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare_took(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t ls_deadline_place(int64_t *took_ns, size_t count, size_t place) {
    qsort(took_ns, count, sizeof *took_ns, compare_took);
    return took_ns[place];
}

ls_status ls_deadline_keep(const ls_predictor *predictor, uint32_t columns, uint32_t number,
                           int64_t limit_us, ls_error *err) {
    int64_t took[TRIALS];
    float *row = ls_alloc((columns + 1) * sizeof *row);
    double *wide = ls_alloc((columns + 1) * sizeof *wide);
    ls_status status = row != NULL && wide != NULL
                           ? LS_OK
                           : ls_fail(err, LS_ERR_MEMORY, "out of memory for a version");
    volatile double sink = 0.0;
    for (int i = 0; i < TRIALS && status == LS_OK; i++) {
        const int64_t from = ls_deadline_ns();
        sink = sink + ls_predictor_predict(predictor, row, wide);
        took[i] = ls_deadline_ns() - from;
    }
    if (status == LS_OK) {
        const double us = (double)ls_deadline_place(took, TRIALS, TRIALS / 2) * 1e-3;
        if (us > (double)limit_us) {
            status = ls_fail(err, LS_ERR_INVALID,
                             "version %u is slower than its deadline: one prediction takes %.3g us "
                             "here, its gate 'latency' allows %lld us",
                             number, us, (long long)limit_us);
            ls_hint(err,
                    "a longer 'latency' in the plant file lets it serve, if the line can wait");
        }
    }
    ls_free(row);
    ls_free(wide);
    return status;
}

static ls_status time_part(const ls_model_plan *plan, const ls_registry_version *version,
                           const ls_registry_part *part, const char *const *columns, uint32_t count,
                           ls_error *err) {
    ls_predictor predictor = {0};
    ls_error why = {0};
    ls_status status = ls_predictor_load(part->bytes, part->size, part->name, columns, count,
                                         &predictor, &why);
    if (status == LS_OK) {
        status = ls_deadline_keep(&predictor, count, version->number, plan->gates.latency_us, err);
    } else if (status == LS_ERR_MEMORY) {
        *err = why;
    } else {
        status = LS_OK;
    }
    ls_predictor_clear(&predictor);
    return status;
}

ls_status ls_deadline_check(const ls_model_plan *plan, const ls_registry_version *version,
                            ls_error *err) {
    const ls_registry_part *part = ls_registry_find_part(version, "model.json");
    ls_features *features = NULL;
    if (plan->monitor.is || part == NULL) {
        return LS_OK;
    }
    ls_status status = ls_snapshot_features(plan, &features, err);
    const uint32_t count = status == LS_OK ? ls_features_count(features) : 0;
    const char **columns = ls_alloc((count + 1) * sizeof *columns);
    if (status == LS_OK && columns == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "out of memory for a version");
    }
    for (uint32_t c = 0; c < count && status == LS_OK; c++) {
        columns[c] = ls_features_name(features, c);
    }
    if (status == LS_OK) {
        status = time_part(plan, version, part, columns, count, err);
    }
    ls_free(columns);
    ls_features_destroy(features);
    return status;
}
