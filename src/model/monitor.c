#include "model/monitor.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/kmath.h"
#include "model/eigen.h"

static const double STATISTIC_LEAST = 1e-12;  // the logarithm of 0 would never be forgotten

const char *ls_monitor_statistic_word(ls_monitor_statistic statistic) {
    static const char *const words[] = {"t2", "spe", "whole"};
    assert(statistic < LS_MONITOR_STATISTICS);
    return words[statistic];
}

ls_monitor_def ls_monitor_def_default(size_t variables) {
    return (ls_monitor_def){.variables = variables,
                            .lags = 2,
                            .share = 0.9,
                            .newest = 0.2,
                            .false_alarms = 0.01,
                            .folds = 5};
}

static ls_status check_def(const ls_monitor_def *d, ls_error *err) {
    if (d->variables < 1 || d->variables > LS_MONITOR_VARIABLES_MOST) {
        return ls_fail(err, LS_ERR_INVALID, "a monitor of %zu variables; 1 to %d are possible",
                       d->variables, LS_MONITOR_VARIABLES_MOST);
    }
    if (d->lags > LS_MONITOR_LAGS_MOST || d->variables * (d->lags + 1) > LS_MONITOR_WIDTH_MOST) {
        return ls_fail(err, LS_ERR_INVALID,
                       "%zu variables with %zu lags; lags are at most %d, and variables times "
                       "(lags + 1) at most %d",
                       d->variables, d->lags, LS_MONITOR_LAGS_MOST, LS_MONITOR_WIDTH_MOST);
    }
    if (!(d->share > 0.0 && d->share <= 1.0)) {
        return ls_fail(err, LS_ERR_INVALID, "share %g of the variance; above 0, at most 1",
                       d->share);
    }
    if (!(d->newest > 0.0 && d->newest <= 1.0)) {
        return ls_fail(err, LS_ERR_INVALID, "weight %g of the newest; above 0, at most 1",
                       d->newest);
    }
    if (!(d->false_alarms > 0.0 && d->false_alarms < 0.5)) {
        return ls_fail(err, LS_ERR_INVALID, "rate of false alarms %g; above 0, below 0.5",
                       d->false_alarms);
    }
    if (d->folds < 2 || d->folds > 50) {
        return ls_fail(err, LS_ERR_INVALID, "%zu blocks held out in turn; 2 to 50 are possible",
                       d->folds);
    }
    return LS_OK;
}

static ls_status copy_names(ls_monitor *m, const char *const *names, ls_error *err) {
    const size_t n = m->def.variables;
    char **copies = ls_arena_alloc(&m->arena, n * sizeof *copies);
    for (size_t i = 0; copies != NULL && i < n; i++) {
        char made[32];
        ls_text_format(made, sizeof made, "x%zu", i + 1);
        const char *name = names != NULL ? names[i] : made;
        const size_t length = strlen(name);
        if (length == 0 || length > LS_MONITOR_NAME_MOST || !ls_text_is_utf8(name, length, NULL)) {
            return ls_fail(err, LS_ERR_INVALID,
                           "the name of variable %zu must be UTF-8 of 1 to %d bytes", i + 1,
                           LS_MONITOR_NAME_MOST);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(copies[j], name) == 0) {
                return ls_fail(err, LS_ERR_INVALID, "variables %zu and %zu are both called '%s'",
                               j + 1, i + 1, name);
            }
        }
        copies[i] = ls_arena_text(&m->arena, name, length);
        if (copies[i] == NULL) {
            copies = NULL;
        }
    }
    m->def.names = (const char *const *)copies;
    return copies != NULL ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "no memory for a monitor");
}

ls_status ls_monitor_new(const ls_monitor_def *def, ls_monitor **out, ls_error *err) {
    if (check_def(def, err) != LS_OK) {
        return LS_ERR_INVALID;
    }
    ls_monitor *m = ls_alloc(sizeof *m);
    if (m == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for a monitor");
    }
    ls_arena_init(&m->arena);
    m->def = *def;
    m->width = def->variables * (def->lags + 1);
    ls_status status = copy_names(m, def->names, err);
    const size_t n = def->variables;
    double *flat = NULL;
    if (status == LS_OK) {
        flat = ls_arena_alloc(&m->arena, (5 * n + m->width) * sizeof *flat);
        status = flat != NULL ? LS_OK : ls_fail(err, LS_ERR_MEMORY, "no memory for a monitor");
    }
    if (status != LS_OK) {
        ls_monitor_destroy(m);
        return status;
    }
    m->mean = flat;
    m->scale = flat + n;
    m->low = flat + 2 * n;
    m->high = flat + 3 * n;
    m->still = flat + 4 * n;
    m->centre = flat + 5 * n;
    *out = m;
    return LS_OK;
}

ls_status ls_monitor_room(ls_monitor *m, size_t rank, ls_error *err) {
    const size_t each = m->def.variables * (m->def.lags + 1) * (m->def.lags + 1);
    m->rank = rank;
    m->values = ls_arena_alloc(&m->arena, rank * sizeof *m->values);
    m->vectors = ls_arena_alloc(&m->arena, m->width * rank * sizeof *m->vectors);
    m->weights = ls_arena_alloc(&m->arena, LS_MONITOR_STATISTICS * rank * sizeof *m->weights);
    m->factors = ls_arena_alloc(&m->arena, LS_MONITOR_STATISTICS * each * sizeof *m->factors);
    m->ordinary = ls_arena_alloc(&m->arena,
                                 LS_MONITOR_STATISTICS * m->def.variables * sizeof *m->ordinary);
    if (m->values == NULL || m->vectors == NULL || m->weights == NULL || m->factors == NULL ||
        m->ordinary == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for a monitor of %zu components", rank);
    }
    return LS_OK;
}

void ls_monitor_destroy(ls_monitor *m) {
    if (m != NULL) {
        ls_arena_clear(&m->arena);
        ls_free(m);
    }
}

// ---- what follows from the components -----------------------------------------------------------

// The statistic is x' M x, M = V diag(weights) V'. The block of M that belongs to the variable and
// its lags, factored, and the contribution that rows like those of the fit have on the average.
static void complete_variable(ls_monitor *m, size_t statistic, size_t variable) {
    const size_t n = m->def.variables, side = m->def.lags + 1;
    const double *weights = m->weights + statistic * m->rank;
    double *block = m->factors + (statistic * n + variable) * side * side, trace = 0.0;
    for (size_t a = 0; a < side; a++) {
        for (size_t b = 0; b <= a; b++) {
            const double *va = m->vectors + (a * n + variable) * m->rank;
            const double *vb = m->vectors + (b * n + variable) * m->rank;
            double sum = 0.0;
            for (size_t j = 0; j < m->rank; j++) {
                sum += weights[j] * va[j] * vb[j];
            }
            block[a * side + b] = block[b * side + a] = sum;
        }
        trace += block[a * side + a];
    }
    for (size_t a = 0; a < side; a++) {  // few components may leave a block without an inverse
        block[a * side + a] += 1e-9 * trace;
    }
    double *ordinary = m->ordinary + statistic * n + variable;
    *ordinary = 0.0;
    if (!(m->scale[variable] > 0.0) || !(trace > 0.0) || !ls_cholesky(block, side, 0.0)) {
        memset(block, 0, side * side * sizeof *block);
        return;
    }
    for (size_t j = 0; j < m->rank; j++) {
        double part[LS_MONITOR_LAGS_MOST + 1], sum = 0.0;
        for (size_t a = 0; a < side; a++) {
            part[a] = m->vectors[(a * n + variable) * m->rank + j];
        }
        ls_cholesky_forward(block, side, part);
        for (size_t a = 0; a < side; a++) {
            sum += part[a] * part[a];
        }
        *ordinary += weights[j] * weights[j] * m->values[j] * sum;
    }
}

void ls_monitor_complete(ls_monitor *m) {
    for (size_t j = 0; j < m->rank; j++) {
        const bool principal = j < m->components;
        m->weights[LS_MONITOR_T2 * m->rank + j] = principal ? 1.0 / m->values[j] : 0.0;
        m->weights[LS_MONITOR_SPE * m->rank + j] = principal ? 0.0 : 1.0;
        m->weights[LS_MONITOR_WHOLE * m->rank + j] = 1.0 / m->values[j];
    }
    for (size_t statistic = 0; statistic < LS_MONITOR_STATISTICS; statistic++) {
        for (size_t variable = 0; variable < m->def.variables; variable++) {
            complete_variable(m, statistic, variable);
        }
    }
}

// ---- row by row ---------------------------------------------------------------------------------

size_t ls_monitor_state_doubles(const ls_monitor *m) {
    return 2 * m->width + m->rank;
}

void ls_monitor_state_init(const ls_monitor *m, double *memory, ls_monitor_state *out) {
    *out = (ls_monitor_state){
        .joined = memory, .pull = memory + m->width, .scores = memory + 2 * m->width};
    memset(memory, 0, ls_monitor_state_doubles(m) * sizeof *memory);
}

static void take_row(const ls_monitor *m, ls_monitor_state *s, const double *row,
                     ls_monitor_reading *r) {
    const size_t n = m->def.variables;
    memmove(s->joined + n, s->joined, (m->width - n) * sizeof *s->joined);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(row[i])) {
            r->missing++;
            s->joined[i] = 0.0;
            continue;
        }
        const double margin = 0.5 * (m->high[i] - m->low[i]);
        r->outside += row[i] < m->low[i] - margin || row[i] > m->high[i] + margin;
        s->joined[i] = m->scale[i] > 0.0 ? (row[i] - m->mean[i]) / m->scale[i] : 0.0;
    }
}

static void score(const ls_monitor *m, ls_monitor_state *s) {
    memset(s->scores, 0, m->rank * sizeof *s->scores);
    for (size_t i = 0; i < m->width; i++) {
        const double x = s->joined[i] - m->centre[i], *v = m->vectors + i * m->rank;
        double *scores = s->scores;
        for (size_t j = 0; j < m->rank; j++) {
            scores[j] += x * v[j];
        }
    }
}

ls_monitor_reading ls_monitor_step(const ls_monitor *m, ls_monitor_state *s, const double *row) {
    ls_monitor_reading r = {0};
    take_row(m, s, row, &r);
    s->rows++;
    if (s->rows <= m->def.lags) {
        return r;
    }
    r.ready = true;
    score(m, s);
    for (size_t j = 0; j < m->rank; j++) {
        const double square = s->scores[j] * s->scores[j];
        if (j < m->components) {
            r.raw[LS_MONITOR_T2] += square / m->values[j];
        } else {
            r.raw[LS_MONITOR_SPE] += square;
            r.raw[LS_MONITOR_WHOLE] += square / m->values[j];
        }
    }
    r.raw[LS_MONITOR_WHOLE] += r.raw[LS_MONITOR_T2];
    for (size_t i = 0; i < LS_MONITOR_STATISTICS; i++) {
        // Values as far off as DBL_MAX overflow; the moving mean must forget them again.
        const double raw = fmin(fmax(r.raw[i], STATISTIC_LEAST), 1e300), last = ls_log(raw);
        s->smooth[i] = s->readings == 0 ? last
                                        : s->smooth[i] + m->def.newest * (last - s->smooth[i]);
        r.value[i] = m->def.newest < 1.0 ? ls_exp(s->smooth[i]) : raw;
        r.above[i] = r.value[i] > m->limits[i];
    }
    s->readings++;
    return r;
}

bool ls_monitor_is_foreign(const ls_monitor_reading *r) {
    return r->above[LS_MONITOR_WHOLE] || r->outside > 0;
}

void ls_monitor_contributions(const ls_monitor *m, ls_monitor_state *s,
                              ls_monitor_statistic statistic, double *out) {
    assert(statistic < LS_MONITOR_STATISTICS);
    const size_t n = m->def.variables, side = m->def.lags + 1;
    const double *weights = m->weights + statistic * m->rank;
    for (size_t i = 0; i < m->width; i++) {  // M x
        const double *v = m->vectors + i * m->rank;
        double sum = 0.0;
        for (size_t j = 0; j < m->rank; j++) {
            sum += v[j] * weights[j] * s->scores[j];
        }
        s->pull[i] = sum;
    }
    for (size_t i = 0; i < n; i++) {
        const double ordinary = m->ordinary[statistic * n + i];
        double part[LS_MONITOR_LAGS_MOST + 1], sum = 0.0;
        out[i] = 0.0;
        if (!(ordinary > 0.0)) {
            continue;
        }
        for (size_t a = 0; a < side; a++) {
            part[a] = s->pull[a * n + i];
        }
        ls_cholesky_forward(m->factors + (statistic * n + i) * side * side, side, part);
        for (size_t a = 0; a < side; a++) {
            sum += part[a] * part[a];
        }
        out[i] = sum / ordinary;
    }
}
