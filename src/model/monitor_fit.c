// monitor_fit.c - a monitor from good rows, and its limits from rows that were held out.
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/eigen.h"
#include "model/monitor.h"

static const double RANK_LEAST = 1e-9;  // of the largest variance: below is rounding

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "no memory for fitting a monitor");
}

// ---- standardising ------------------------------------------------------------------------------

static ls_status check_finite(const ls_monitor *m, const ls_rows *runs, size_t run_count,
                              ls_error *err) {
    const size_t n = m->def.variables;
    for (size_t run = 0; run < run_count; run++) {
        for (size_t i = 0; i < runs[run].count * n; i++) {
            if (fabs(runs[run].values[i]) > 1e100) {
                ls_fail(err, LS_ERR_INVALID, "run %zu, row %zu: '%s' is %g", run + 1, i / n + 1,
                        m->def.names[i % n], runs[run].values[i]);
                ls_hint(err, "a missing value is NaN; others are within 1e100");
                return LS_ERR_INVALID;
            }
        }
    }
    return LS_OK;
}

static void standardise(ls_monitor *m, const ls_rows *runs, size_t run_count) {
    const size_t n = m->def.variables;
    for (size_t i = 0; i < n; i++) {
        double mean = 0.0, squares = 0.0, low = INFINITY, high = -INFINITY;
        size_t count = 0;
        for (size_t run = 0; run < run_count; run++) {
            for (size_t k = 0; k < runs[run].count; k++) {
                const double x = runs[run].values[k * n + i];
                if (!isnan(x)) {
                    const double before = x - mean;
                    count++;
                    mean += before / (double)count;
                    squares += before * (x - mean);
                    low = fmin(low, x);
                    high = fmax(high, x);
                }
            }
        }
        const double scale = count > 1 ? sqrt(squares / (double)(count - 1)) : 0.0;
        m->mean[i] = mean;
        m->scale[i] = high > low && scale > 1e-12 * fabs(mean) ? scale : 0.0;
        m->low[i] = count > 0 ? low : 0.0;
        m->high[i] = count > 0 ? high : 0.0;
    }
}

// How long each variable kept one value: what keeps it for much longer is stuck.
static void count_still(ls_monitor *m, const ls_rows *runs, size_t run_count) {
    const size_t n = m->def.variables;
    for (size_t i = 0; i < n; i++) {
        size_t longest = 0;
        for (size_t run = 0; run < run_count; run++) {
            size_t same = 0;
            for (size_t k = 1; k < runs[run].count; k++) {
                const double *x = runs[run].values + k * n + i;
                same = *x == *(x - n) ? same + 1 : 0;
                longest = same > longest ? same : longest;
            }
        }
        m->still[i] = m->scale[i] > 0.0 ? (double)longest : -1.0;
    }
}

// ---- covariance of the joined rows --------------------------------------------------------------

// The joined row that ends at `row`, standardised; false when a value is missing.
static bool join(const ls_monitor *m, const ls_rows *run, size_t row, double *out) {
    const size_t n = m->def.variables;
    for (size_t lag = 0; lag <= m->def.lags; lag++) {
        const double *from = run->values + (row - lag) * n;
        for (size_t i = 0; i < n; i++) {
            if (isnan(from[i])) {
                return false;
            }
            out[lag * n + i] = m->scale[i] > 0.0 ? (from[i] - m->mean[i]) / m->scale[i] : 0.0;
        }
    }
    return true;
}

static void centre(ls_monitor *m, const ls_rows *runs, size_t run_count, double *joined) {
    m->rows = 0;
    memset(m->centre, 0, m->width * sizeof *m->centre);
    for (size_t run = 0; run < run_count; run++) {
        for (size_t row = m->def.lags; row < runs[run].count; row++) {
            if (join(m, &runs[run], row, joined)) {
                m->rows++;
                for (size_t i = 0; i < m->width; i++) {
                    m->centre[i] += joined[i];
                }
            }
        }
    }
    for (size_t i = 0; i < m->width && m->rows > 0; i++) {
        m->centre[i] /= (double)m->rows;
    }
}

static void covariance(const ls_monitor *m, const ls_rows *runs, size_t run_count, double *joined,
                       double *matrix) {
    const size_t width = m->width;
    for (size_t run = 0; run < run_count; run++) {
        for (size_t row = m->def.lags; row < runs[run].count; row++) {
            if (!join(m, &runs[run], row, joined)) {
                continue;
            }
            for (size_t i = 0; i < width; i++) {
                joined[i] -= m->centre[i];
            }
            for (size_t i = 0; i < width; i++) {
                for (size_t j = 0; j <= i; j++) {
                    matrix[i * width + j] += joined[i] * joined[j];
                }
            }
        }
    }
    for (size_t i = 0; i < width; i++) {
        for (size_t j = 0; j <= i; j++) {
            matrix[i * width + j] /= (double)(m->rows - 1);
            matrix[j * width + i] = matrix[i * width + j];
        }
    }
}

static ls_status keep_components(ls_monitor *m, const double *values, const double *vectors,
                                 ls_error *err) {
    size_t rank = 0, components = 0;
    double sum = 0.0, explained = 0.0;
    for (; rank < m->width && values[rank] > RANK_LEAST * values[0]; rank++) {
        sum += values[rank];
    }
    if (m->def.components > rank) {
        return ls_fail(err, LS_ERR_INVALID, "%zu principal components of rows that have only %zu",
                       m->def.components, rank);
    }
    while (components < rank && explained < m->def.share * sum * (1.0 - 1e-12)) {
        explained += values[components++];
    }
    if (ls_monitor_room(m, rank, err) != LS_OK) {
        return LS_ERR_MEMORY;
    }
    m->components = m->def.components > 0 ? m->def.components : components;
    for (size_t j = 0; j < rank; j++) {
        m->values[j] = values[j];
        for (size_t i = 0; i < m->width; i++) {
            m->vectors[i * rank + j] = vectors[j * m->width + i];
        }
    }
    ls_monitor_complete(m);
    return LS_OK;
}

static ls_status find_components(ls_monitor *m, const ls_rows *runs, size_t run_count,
                                 ls_error *err) {
    const size_t width = m->width;
    double *scratch = ls_alloc((2 * width * width + 4 * width) * sizeof *scratch);
    if (scratch == NULL) {
        return no_memory(err);
    }
    double *matrix = scratch, *vectors = matrix + width * width;
    double *values = vectors + width * width, *joined = values + width, *work = joined + width;
    ls_status status = LS_OK;
    centre(m, runs, run_count, joined);
    if (m->rows < LS_MONITOR_ROWS_LEAST) {
        status = ls_fail(err, LS_ERR_INVALID,
                         "%zu rows are complete with their %zu lags; a fit needs %d", m->rows,
                         m->def.lags, LS_MONITOR_ROWS_LEAST);
    } else {
        covariance(m, runs, run_count, joined, matrix);
        if (!ls_eigen_symmetric(matrix, width, values, vectors, work)) {
            status = ls_fail(err, LS_ERR_INVALID, "the components of these rows cannot be found");
        } else if (!(values[0] > 0.0)) {
            status = ls_fail(err, LS_ERR_INVALID, "no variable moves: there is nothing to watch");
        } else {
            status = keep_components(m, values, vectors, err);
        }
    }
    ls_free(scratch);
    return status;
}

static ls_status fit_once(const ls_monitor_def *def, const ls_rows *runs, size_t run_count,
                          ls_monitor **out, ls_error *err) {
    ls_monitor *m = NULL;
    ls_status status = ls_monitor_new(def, &m, err);
    if (status != LS_OK) {
        return status;
    }
    status = check_finite(m, runs, run_count, err);
    if (status == LS_OK) {
        standardise(m, runs, run_count);
        count_still(m, runs, run_count);
        status = find_components(m, runs, run_count, err);
    }
    if (status != LS_OK) {
        ls_monitor_destroy(m);
        return status;
    }
    *out = m;
    return LS_OK;
}

// ---- limits -------------------------------------------------------------------------------------

typedef struct readings {
    double *values[LS_MONITOR_STATISTICS];
    size_t count;
} readings;

static size_t total_of(const ls_rows *runs, size_t run_count) {
    size_t total = 0;
    for (size_t run = 0; run < run_count; run++) {
        total += runs[run].count;
    }
    return total;
}

static bool readings_init(readings *r, size_t most) {
    *r = (readings){0};
    double *flat = ls_alloc(LS_MONITOR_STATISTICS * (most + 1) * sizeof *flat);
    for (size_t i = 0; flat != NULL && i < LS_MONITOR_STATISTICS; i++) {
        r->values[i] = flat + i * (most + 1);
    }
    return flat != NULL;
}

static void readings_clear(readings *r) {
    ls_free(r->values[0]);
}

static ls_status read_runs(const ls_monitor *m, const ls_rows *runs, size_t run_count,
                           readings *out, ls_error *err) {
    double *memory = ls_alloc(ls_monitor_state_doubles(m) * sizeof *memory);
    if (memory == NULL) {
        return no_memory(err);
    }
    for (size_t run = 0; run < run_count; run++) {
        ls_monitor_state state;
        ls_monitor_state_init(m, memory, &state);
        for (size_t row = 0; row < runs[run].count; row++) {
            const ls_monitor_reading r = ls_monitor_step(m, &state,
                                                         runs[run].values + row * m->def.variables);
            for (size_t i = 0; r.ready && i < LS_MONITOR_STATISTICS; i++) {
                out->values[i][out->count] = r.value[i];
            }
            out->count += r.ready;
        }
    }
    ls_free(memory);
    return LS_OK;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The k-th least of n, k = ceil((n + 1) (1 - rate)): one more reading of the same kind is above it
// with at most that rate, whatever the distribution.
static ls_status set_limits(ls_monitor *m, readings *r, double rate, ls_error *err) {
    const double n = (double)r->count, place = ceil((n + 1.0) * (1.0 - rate) - 1e-9);
    if (place > n || r->count == 0) {
        ls_fail(err, LS_ERR_INVALID,
                "%zu readings of held-out rows; limits with %g false alarms a row need %.0f",
                r->count, rate, ceil(1.0 / rate - 1e-9) - 1.0);
        ls_hint(err, "give more rows, or allow more false alarms");
        return LS_ERR_INVALID;
    }
    for (size_t i = 0; i < LS_MONITOR_STATISTICS; i++) {
        qsort(r->values[i], r->count, sizeof *r->values[i], by_value);
        m->limits[i] = r->values[i][(size_t)place - 1];
    }
    m->held_out = r->count;
    m->def.false_alarms = rate;
    return LS_OK;
}

ls_status ls_monitor_calibrate(ls_monitor *m, const ls_rows *runs, size_t run_count,
                               double false_alarms, ls_error *err) {
    if (!(false_alarms > 0.0 && false_alarms < 0.5)) {
        return ls_fail(err, LS_ERR_INVALID, "rate of false alarms %g; above 0, below 0.5",
                       false_alarms);
    }
    readings r;
    if (!readings_init(&r, total_of(runs, run_count))) {
        return no_memory(err);
    }
    ls_status status = read_runs(m, runs, run_count, &r, err);
    if (status == LS_OK) {
        status = set_limits(m, &r, false_alarms, err);
    }
    readings_clear(&r);
    return status;
}

// Rows from..to of all runs as if they stood one after the other: `held`; the rest: `kept`, at most
// two pieces a run.
static void part(const ls_rows *runs, size_t run_count, size_t n, size_t from, size_t to,
                 ls_rows *held, size_t *held_count, ls_rows *kept, size_t *kept_count) {
    *held_count = *kept_count = 0;
    size_t begin = 0;
    for (size_t run = 0; run < run_count; run++) {
        const size_t count = runs[run].count;
        const size_t a = from < begin ? 0 : from - begin < count ? from - begin : count;
        const size_t b = to < begin ? 0 : to - begin < count ? to - begin : count;
        const ls_rows pieces[3] = {{runs[run].values, a},
                                   {runs[run].values + a * n, b - a},
                                   {runs[run].values + b * n, count - b}};
        if (pieces[0].count > 0) {
            kept[(*kept_count)++] = pieces[0];
        }
        if (pieces[1].count > 0) {
            held[(*held_count)++] = pieces[1];
        }
        if (pieces[2].count > 0) {
            kept[(*kept_count)++] = pieces[2];
        }
        begin += count;
    }
}

static ls_status cross_limits(ls_monitor *m, const ls_rows *runs, size_t run_count, ls_error *err) {
    const size_t total = total_of(runs, run_count), folds = m->def.folds;
    readings r;
    ls_rows *pieces = ls_alloc(3 * run_count * sizeof *pieces);
    if (pieces == NULL || !readings_init(&r, total)) {
        ls_free(pieces);
        return no_memory(err);
    }
    ls_status status = LS_OK;
    for (size_t fold = 0; fold < folds && status == LS_OK; fold++) {
        size_t held = 0, kept = 0;
        part(runs, run_count, m->def.variables, total * fold / folds, total * (fold + 1) / folds,
             pieces, &held, pieces + run_count, &kept);
        ls_monitor *other = NULL;
        status = fit_once(&m->def, pieces + run_count, kept, &other, err);
        if (status == LS_OK) {
            status = read_runs(other, pieces, held, &r, err);
            ls_monitor_destroy(other);
        }
    }
    if (status == LS_OK) {
        status = set_limits(m, &r, m->def.false_alarms, err);
    }
    readings_clear(&r);
    ls_free(pieces);
    return status;
}

ls_status ls_monitor_fit(const ls_monitor_def *def, const ls_rows *runs, size_t run_count,
                         ls_monitor **out, ls_error *err) {
    ls_monitor *m = NULL;
    ls_status status = fit_once(def, runs, run_count, &m, err);
    if (status != LS_OK) {
        return status;
    }
    status = cross_limits(m, runs, run_count, err);
    if (status != LS_OK) {
        ls_monitor_destroy(m);
        return status;
    }
    *out = m;
    return LS_OK;
}
