// drift_watch.c - see drift_watch.h.
#include "model/drift_watch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Alarms of independent normal stretches come each exp(2 delta lambda) / (2 delta^2) of them, one
// way: 300,000.
static const double DELTA = 0.5, LAMBDA = 12.0;
static const double SEEN_MOST = 1000.0;  // stretches that the held-out rows count for, at most
static const double WATCHED = 0.1;

static const ls_profile_column *column_of(const ls_drift_watch *w, uint32_t column) {
    return column < w->profile->column_count ? &w->profile->of[column] : &w->profile->said;
}

// ---- errors

// A stretch of errors: twice their memory.
static int64_t block_us(const ls_drift_watch *w) {
    const double us = fmin(2.0 * w->profile->off.memory_us, 1e17);
    return us > (double)w->every_us ? (int64_t)us : w->every_us;
}

static void begin_detector(ls_drift_watch *w) {
    const ls_profile_column *off = &w->profile->off;
    const double seen = off->effective * off->span_us / (double)block_us(w);
    w->detector = (ls_page_hinkley){
        .delta = DELTA, .lambda = LAMBDA, .count = (int64_t)fmax(fmin(seen, SEEN_MOST), 1.0)};
    w->block_sum = 0.0;
    w->block_rows = 0;
}

static bool end_block(ls_drift_watch *w) {
    const ls_profile_column *off = &w->profile->off;
    const double mean = w->block_sum / (double)w->block_rows;
    const double share = fmin(off->span_us / (double)block_us(w), 1.0);
    const double deviation = off->deviation * sqrt(share);
    const int64_t begin_us = w->block_begin_us;
    const double z = deviation > 0.0 ? (mean - off->mean) / deviation : 0.0;
    w->recent_error = mean;
    w->calm = z < 1.0 ? w->calm + 1 : 0;
    w->block_sum = 0.0;
    w->block_rows = 0;
    if (w->in_errors || !(deviation > 0.0) || !ls_page_hinkley_add(&w->detector, z)) {
        return false;
    }
    begin_detector(w);
    w->since_us = w->in_inputs ? w->since_us : begin_us;
    w->in_errors = true;
    return true;
}

bool ls_drift_watch_error(ls_drift_watch *w, int64_t time_us, double error) {
    bool alarm = false;
    if (!isfinite(error) || w->profile->off.bins == 0) {
        return false;
    }
    if (w->block_rows > 0 && time_us - w->block_begin_us >= block_us(w)) {
        alarm = end_block(w);
    }
    if (w->block_rows == 0) {
        w->block_begin_us = time_us;
    }
    w->block_sum += fabs(error);
    w->block_rows++;
    w->labels++;
    w->newest_label_us = time_us > w->newest_label_us ? time_us : w->newest_label_us;
    return alarm;
}

// ---- rows

static size_t half_bytes(uint32_t columns) {
    const size_t all = (size_t)columns + 1;
    return all * (sizeof(double) + LS_DRIFT_CELLS * sizeof(uint32_t)) +
           (size_t)LS_DRIFT_SAMPLED * columns * sizeof(float);
}

static void empty_half(ls_drift_half *half, uint32_t columns) {
    const size_t all = (size_t)columns + 1;
    memset(half->cells, 0, all * LS_DRIFT_CELLS * sizeof *half->cells);
    memset(half->sums, 0, all * sizeof *half->sums);
    half->rows = 0;
    half->sampled_count = 0;
    half->stride = 1;
}

ls_status ls_drift_watch_init(const ls_profile *profile, const ls_model_drift *limits,
                              int64_t every_us, ls_drift_watch *out, ls_error *err) {
    const uint32_t columns = profile->column_count;
    const size_t all = (size_t)columns + 1, size = (half_bytes(columns) + 15) / 16 * 16;
    *out = (ls_drift_watch){.profile = profile,
                            .limits = *limits,
                            .every_us = every_us,
                            .recent_error = (double)NAN,
                            .memory = ls_alloc(LS_DRIFT_HALVES * size)};
    if (out->memory == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for watching %u features", columns);
    }
    for (int h = 0; h < LS_DRIFT_HALVES; h++) {
        char *at = (char *)out->memory + (size_t)h * size;
        out->halves[h].sums = (double *)(void *)at;
        at += all * sizeof(double);
        out->halves[h].cells = (uint32_t *)(void *)at;
        at += all * LS_DRIFT_CELLS * sizeof(uint32_t);
        out->halves[h].sampled = (float *)(void *)at;
        empty_half(&out->halves[h], columns);
    }
    begin_detector(out);
    return LS_OK;
}

void ls_drift_watch_clear(ls_drift_watch *w) {
    ls_free(w->memory);
    *w = (ls_drift_watch){0};
}

static void count_value(ls_drift_half *half, uint32_t column, const ls_profile_column *c,
                        double value) {
    uint32_t *cells = half->cells + (size_t)column * LS_DRIFT_CELLS;
    if (isnan(value) || c->bins == 0) {
        cells[LS_DRIFT_BINS] += isnan(value) ? 1 : 0;
        return;
    }
    cells[ls_profile_bin(c, value)]++;
    half->sums[column] += isfinite(value) ? value : 0.0;
}

// Of all rows of the half window as many as there is room for, evenly.
static void keep_row(ls_drift_half *half, const float *row, uint32_t columns) {
    if (half->rows % half->stride != 0) {
        return;
    }
    if (half->sampled_count == LS_DRIFT_SAMPLED) {
        for (uint32_t i = 1; 2 * i < LS_DRIFT_SAMPLED; i++) {
            memcpy(half->sampled + (size_t)i * columns, half->sampled + (size_t)2 * i * columns,
                   columns * sizeof *row);
        }
        half->sampled_count = LS_DRIFT_SAMPLED / 2;
        half->stride *= 2;
        if (half->rows % half->stride != 0) {
            return;
        }
    }
    memcpy(half->sampled + (size_t)half->sampled_count++ * columns, row, columns * sizeof *row);
}

static bool judge(ls_drift_watch *w) {
    bool drifted = false;
    for (uint32_t c = 0; c <= w->profile->column_count && !drifted; c++) {
        drifted = ls_drift_watch_figures(w, c).act;
    }
    w->judged++;
    if (!drifted || w->in_inputs) {
        return false;
    }
    w->in_inputs = true;
    w->since_us = w->in_errors ? w->since_us : w->half_begin_us;
    return true;
}

// The half window that fills has ended: it is judged with the one before.
static bool turn(ls_drift_watch *w) {
    const ls_drift_half last = w->halves[LS_DRIFT_HALVES - 1];
    for (int h = LS_DRIFT_HALVES - 1; h > 0; h--) {
        w->halves[h] = w->halves[h - 1];
    }
    w->halves[0] = last;
    empty_half(&w->halves[0], w->profile->column_count);
    return judge(w);
}

static int64_t half_us(const ls_drift_watch *w) {
    const int64_t half = w->limits.window_us / 2;
    return half > w->every_us ? half : w->every_us;
}

bool ls_drift_watch_row(ls_drift_watch *w, int64_t time_us, const float *row, double prediction) {
    const uint32_t columns = w->profile->column_count;
    bool told = false;
    if (w->rows == 0) {
        w->half_begin_us = w->newest_us = time_us;
    }
    w->newest_us = time_us > w->newest_us ? time_us : w->newest_us;
    const int64_t ended = (w->newest_us - w->half_begin_us) / half_us(w);
    if (ended > 0) {
        told = w->halves[0].rows > 0 && turn(w);
        w->half_begin_us += ended * half_us(w);
    }
    ls_drift_half *half = &w->halves[0];
    keep_row(half, row, columns);
    for (uint32_t c = 0; c < columns; c++) {
        count_value(half, c, &w->profile->of[c], (double)row[c]);
    }
    count_value(half, columns, &w->profile->said, prediction);
    half->first_us = half->rows == 0 ? w->newest_us : half->first_us;
    half->last_us = w->newest_us;
    half->rows++;
    w->rows++;
    return told;
}

void ls_drift_watch_again(ls_drift_watch *w) {
    w->in_inputs = w->in_errors = false;
    w->calm = 0;
    w->since_us = 0;
    begin_detector(w);
}

// ---- figures

ls_drift_figures ls_drift_watch_figures(const ls_drift_watch *w, uint32_t column) {
    const ls_profile_column *c = column_of(w, column);
    ls_drift_figures f = {.mean = (double)NAN, .missing = (double)NAN};
    uint64_t cells[LS_DRIFT_CELLS] = {0}, rows = 0, known = 0;
    double sum = 0.0, covered_us = 0.0;
    for (int h = 1; h < LS_DRIFT_HALVES; h++) {
        const ls_drift_half *half = &w->halves[h];
        rows += half->rows;
        covered_us += half->rows > 0 ? (double)(half->last_us - half->first_us + w->every_us) : 0.0;
        sum += half->sums[column];
        for (int i = 0; i < LS_DRIFT_CELLS; i++) {
            cells[i] += half->cells[(size_t)column * LS_DRIFT_CELLS + (size_t)i];
        }
    }
    if (rows == 0) {
        f.noise = (double)INFINITY;
        return f;
    }
    for (int i = 0; i < LS_DRIFT_BINS; i++) {
        known += cells[i];
    }
    f.missing = (double)cells[LS_DRIFT_BINS] / (double)rows;
    f.mean = known > 0 ? sum / (double)known : (double)NAN;
    if (c->bins == 0) {
        // Nothing was known of it, and nothing is: as it was. Values where there were none are new.
        f.noise = (double)INFINITY;
        return f;
    }
    f.effective = fmin(covered_us / c->span_us, (double)rows);
    // A quarter of a value a bin is taken to be as it was: of few values an empty bin tells little,
    // and a PSI of shares as they are would be far beyond what chi-square says of chance.
    const double doubt = 0.25 * c->bins / (f.effective + 0.25 * c->bins);
    double was = 0.0, is = 0.0;
    for (uint32_t i = 0; i < c->bins; i++) {
        const double then = c->shares[i] * (1.0 - c->missing);
        const double now = (double)cells[i] / (double)rows;
        f.psi += ls_drift_psi_term(then, now + doubt * (then - now));
        was += c->shares[i];
        is += known > 0 ? (double)cells[i] / (double)known : 0.0;
        f.ks = known > 0 ? fmax(f.ks, fabs(was - is)) : 0.0;
    }
    size_t bins = c->bins;
    if (c->missing > 0.0 || f.missing > 0.0) {
        f.psi += ls_drift_psi_term(c->missing, f.missing + doubt * (c->missing - f.missing));
        bins++;
    }
    const double miss = w->limits.false_alarms / 2.0 / (double)(w->profile->column_count + 1);
    f.noise = ls_drift_psi_noise(bins, miss, f.effective, c->effective);
    f.watch = f.psi > f.noise && (f.psi > WATCHED || f.ks > WATCHED);
    f.act = f.psi > f.noise && f.psi > w->limits.psi;
    return f;
}

bool ls_drift_watch_is_over(const ls_drift_watch *w) {
    bool inputs = false;
    for (uint32_t c = 0; c <= w->profile->column_count && !inputs; c++) {
        inputs = ls_drift_watch_figures(w, c).act;
    }
    return !inputs && (!w->in_errors || w->calm >= LS_DRIFT_CALM);
}

// ---- causes

static int by_cause(const void *a, const void *b) {
    const ls_drift_cause *x = a, *y = b;
    if (x->figures.act != y->figures.act) {
        return x->figures.act ? -1 : 1;
    }
    const double p = fabs(x->effect), q = fabs(y->effect);
    if (x->figures.act && p != q) {
        return p > q ? -1 : 1;
    }
    if (x->figures.psi != y->figures.psi) {
        return x->figures.psi > y->figures.psi ? -1 : 1;
    }
    return x->column < y->column ? -1 : 1;
}

// What each feature adds now, in the mean of the rows kept, less what it did.
static ls_status find_effects(const ls_drift_watch *w, const ls_predictor *p, double *shares,
                              ls_drift_cause *out, ls_error *err) {
    const uint32_t columns = w->profile->column_count;
    uint32_t count = 0;
    for (int h = 1; h < LS_DRIFT_HALVES; h++) {
        count += w->halves[h].sampled_count;
    }
    for (int h = 1; h < LS_DRIFT_HALVES; h++) {
        for (uint32_t i = 0; i < w->halves[h].sampled_count; i++) {
            const float *row = w->halves[h].sampled + (size_t)i * columns;
            const ls_status status = ls_predictor_explain(p, row, shares, err);
            if (status != LS_OK) {
                return status == LS_ERR_INVALID ? LS_OK : status;
            }
            for (uint32_t c = 0; c < columns; c++) {
                out[c].effect += shares[c] / (double)count;
            }
        }
    }
    for (uint32_t c = 0; c < columns && count > 0; c++) {
        out[c].effect -= w->profile->of[c].effect;
    }
    return LS_OK;
}

ls_status ls_drift_watch_causes(const ls_drift_watch *w, const ls_predictor *predictor,
                                ls_drift_cause *out, uint32_t most, uint32_t *out_count,
                                ls_error *err) {
    const uint32_t columns = w->profile->column_count;
    ls_drift_cause *all = ls_alloc(columns * sizeof *all);
    double *shares = ls_alloc((columns + 1) * sizeof *shares);
    ls_status status = all != NULL && shares != NULL
                           ? LS_OK
                           : ls_fail(err, LS_ERR_MEMORY, "out of memory for causes of a drift");
    if (status == LS_OK && predictor != NULL) {
        status = find_effects(w, predictor, shares, all, err);
    }
    *out_count = 0;
    for (uint32_t c = 0; c < columns && status == LS_OK; c++) {
        all[c].column = c;
        all[c].figures = ls_drift_watch_figures(w, c);
    }
    if (status == LS_OK) {
        qsort(all, columns, sizeof *all, by_cause);
        *out_count = most < columns ? most : columns;
        memcpy(out, all, *out_count * sizeof *all);
    }
    ls_free(all);
    ls_free(shares);
    return status;
}
