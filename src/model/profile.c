// profile.c - see profile.h.
#include "model/profile.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory for the profile of a version");
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

uint32_t ls_profile_bin(const ls_profile_column *c, double value) {
    uint32_t bin = 0;
    while (bin + 1 < c->bins && value > c->edges[bin]) {
        bin++;
    }
    return bin;
}

double ls_profile_error(bool classes, double said, double truth) {
    return classes ? (said == truth ? 0.0 : 1.0) : fabs(said - truth);
}

// ---- one column

// Values in the order of time, some of them at one moment; memory for as many.
typedef struct series {
    double *values, *sorted;
    const int64_t *time_us;
    size_t count, known;
} series;

// Ends at tenths of the values, equal ones once.
static void make_bins(const series *s, ls_profile_column *out) {
    const double most = s->sorted[s->known - 1];
    uint32_t count = 0;
    for (size_t k = 1; k < LS_DRIFT_BINS; k++) {
        const double edge = s->sorted[(s->known * k + LS_DRIFT_BINS - 1) / LS_DRIFT_BINS - 1];
        if ((count == 0 || edge > out->edges[count - 1]) && edge < most) {
            out->edges[count++] = edge;
        }
    }
    out->bins = count + 1;
    for (size_t i = 0; i < s->known; i++) {
        out->shares[ls_profile_bin(out, s->sorted[i])] += 1.0;
    }
    for (uint32_t bin = 0; bin < out->bins; bin++) {
        out->shares[bin] /= (double)s->known;
    }
}

static double variance_of(const double *values, size_t count, double *out_mean) {
    double mean = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        const double before = values[i] - mean;
        mean += before / (double)(i + 1);
        squares += before * (values[i] - mean);
    }
    *out_mean = mean;
    return count > 1 ? squares / (double)(count - 1) : 0.0;
}

// The means of the moments that have a value, into out[count]; returns how many.
static size_t mean_moments(const series *s, double *out) {
    size_t moments = 0;
    for (size_t i = 0; i < s->count;) {
        const int64_t now = s->time_us[i];
        double sum = 0.0, rows = 0.0;
        for (; i < s->count && s->time_us[i] == now; i++) {
            if (isfinite(s->values[i])) {
                sum += s->values[i];
                rows += 1.0;
            }
        }
        if (rows > 0.0) {
            out[moments++] = sum / rows;
        }
    }
    return moments;
}

static void measure_memory(const series *s, double *means, double variance, ls_profile_column *c) {
    double blocks[LS_PROFILE_SERIES] = {0.0}, mean = 0.0;
    const size_t moments = mean_moments(s, means);
    const double time_us = (double)(s->time_us[s->count - 1] - s->time_us[0]);
    const double every_us = moments > 1 ? fmax(time_us / (double)(moments - 1), 1.0) : 1.0;
    const size_t size = (moments + LS_PROFILE_SERIES - 1) / LS_PROFILE_SERIES;
    const size_t count = size > 0 ? moments / size : 0;
    for (size_t b = 0; b < count; b++) {
        double sum = 0.0;
        for (size_t i = b * size; i < (b + 1) * size; i++) {
            sum += means[i];
        }
        blocks[b] = sum / (double)size;
    }
    const double of_means = variance_of(means, moments, &mean);
    const double of_blocks = variance_of(blocks, count, &mean);
    const double together = ls_drift_autocorrelation_time(blocks, count) * (double)size;
    // In moments: how many tell as much of the mean as an independent one.
    const double memory = of_means > 0.0 ? fmax(together * of_blocks / of_means, 1.0) : 1.0;
    c->memory_us = memory * every_us;
    c->span_us = variance > 0.0 ? c->memory_us * of_means / variance : c->memory_us;
    const double least = every_us * (double)moments / (double)s->known;  // each row for itself
    c->span_us = fmax(c->span_us, least);
    c->effective = fmax(every_us * (double)moments / c->span_us, 1.0);
}

static void fit(series *s, double *scratch, ls_profile_column *out) {
    s->known = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (isfinite(s->values[i])) {
            s->sorted[s->known++] = s->values[i];
        }
    }
    *out = (ls_profile_column){.missing = s->count > 0 ? 1.0 - (double)s->known / (double)s->count
                                                       : 1.0};
    if (s->known < LS_PROFILE_ROWS_MIN) {
        return;
    }
    const double variance = variance_of(s->sorted, s->known, &out->mean);
    out->deviation = sqrt(variance);
    if (!isfinite(variance)) {  // values beyond 1e150
        *out = (ls_profile_column){.missing = out->missing};
        return;
    }
    measure_memory(s, scratch, variance, out);
    qsort(s->sorted, s->known, sizeof *s->sorted, by_value);
    make_bins(s, out);
}

// ---- all of them

static ls_status mean_effects(const ls_predictor *p, const ls_dataset *train, double *scratch,
                              ls_profile *out, ls_error *err) {
    const size_t most = train->row_count < LS_PROFILE_EXPLAINED ? train->row_count
                                                                : LS_PROFILE_EXPLAINED;
    for (size_t i = 0; i < most; i++) {
        const size_t row = i * train->row_count / most;
        const ls_status status = ls_predictor_explain(p, ls_dataset_row(train, row), scratch, err);
        if (status == LS_ERR_INVALID) {
            return LS_OK;  // trees without covers: nothing can be said of effects
        }
        if (status != LS_OK) {
            return status;
        }
        for (uint32_t c = 0; c < train->column_count; c++) {
            out->of[c].effect += scratch[c] / (double)most;
        }
    }
    return LS_OK;
}

static void fit_errors(const ls_predictor *p, const ls_dataset *const *held, uint32_t count,
                       double *wide, double *memory, int64_t *times, size_t rows,
                       ls_profile_column *out) {
    series s = {.values = memory, .sorted = memory + rows, .time_us = times};
    for (uint32_t h = 0; h < count; h++) {
        for (size_t i = 0; i < held[h]->row_count; i++) {
            times[s.count] = held[h]->time_us[i];
            const double said = ls_predictor_predict(p, ls_dataset_row(held[h], i), wide);
            s.values[s.count++] = ls_profile_error(p->output_count > 1, said, held[h]->label[i]);
        }
    }
    fit(&s, memory + 2 * rows, out);
}

static ls_status make(const ls_predictor *p, const ls_dataset *train, const ls_dataset *const *held,
                      uint32_t held_count, ls_profile *out, ls_arena *scratch, ls_error *err) {
    size_t held_rows = 0;
    for (uint32_t h = 0; h < held_count; h++) {
        held_rows += held[h]->row_count;
    }
    const size_t rows = train->row_count > held_rows ? train->row_count : held_rows;
    double *memory = ls_arena_alloc(scratch, 3 * rows * sizeof *memory);
    double *wide = ls_arena_alloc(scratch, (train->column_count + 1) * sizeof *wide);
    int64_t *times = ls_arena_alloc(scratch, rows * sizeof *times);
    out->column_count = train->column_count;
    out->columns = ls_arena_alloc(&out->arena, train->column_count * sizeof *out->columns);
    out->of = ls_arena_alloc(&out->arena, train->column_count * sizeof *out->of);
    if (memory == NULL || wide == NULL || times == NULL || out->columns == NULL ||
        out->of == NULL) {
        return no_memory(err);
    }
    series s = {.values = memory,
                .sorted = memory + rows,
                .time_us = train->time_us,
                .count = train->row_count};
    for (uint32_t c = 0; c < train->column_count; c++) {
        const char *name = train->columns[c];
        out->columns[c] = ls_arena_text(&out->arena, name, strlen(name));
        if (out->columns[c] == NULL) {
            return no_memory(err);
        }
        for (size_t i = 0; i < train->row_count; i++) {
            s.values[i] = (double)ls_dataset_row(train, i)[c];
        }
        fit(&s, memory + 2 * rows, &out->of[c]);
    }
    for (size_t i = 0; i < train->row_count; i++) {
        s.values[i] = ls_predictor_predict(p, ls_dataset_row(train, i), wide);
    }
    fit(&s, memory + 2 * rows, &out->said);
    fit_errors(p, held, held_count, wide, memory, times, rows, &out->off);
    return mean_effects(p, train, wide, out, err);
}

ls_status ls_profile_make(const ls_predictor *predictor, const ls_dataset *train,
                          const ls_dataset *const *held, uint32_t held_count, ls_profile *out,
                          ls_error *err) {
    ls_arena scratch;
    ls_arena_init(&scratch);
    *out = (ls_profile){0};
    ls_arena_init(&out->arena);
    const ls_status status = make(predictor, train, held, held_count, out, &scratch, err);
    ls_arena_clear(&scratch);
    return status;
}

void ls_profile_clear(ls_profile *p) {
    ls_arena_clear(&p->arena);
    *p = (ls_profile){0};
}
