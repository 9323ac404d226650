// gates.c - see gates.h.
#include "model/gates.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/statistics.h"
#include "base/text.h"

enum { MOMENTS_MIN = 8, UNIT_ROWS_MIN = 10 };

const char *ls_gate_name(ls_gate gate) {
    static const char *const names[LS_GATE_COUNT] = {"gain", "worst", "coverage", "missing",
                                                     "latency"};
    return names[gate];
}

void ls_gates_mean_error(const double *d, size_t n, size_t lags, double *out_mean,
                         double *out_error) {
    double mean = 0.0;
    for (size_t i = 0; i < n; i++) {
        mean += d[i];
    }
    mean = n > 0 ? mean / (double)n : 0.0;
    *out_mean = mean;
    *out_error = (double)INFINITY;
    if (n < 2) {
        return;
    }
    const double usual = floor(4.0 * pow((double)n / 100.0, 2.0 / 9.0));
    size_t count = lags > (size_t)usual ? lags : (size_t)usual;
    count = count < n - 1 ? count : n - 1;
    double variance = 0.0;
    for (size_t lag = 0; lag <= count; lag++) {
        double sum = 0.0;
        for (size_t i = lag; i < n; i++) {
            sum += (d[i] - mean) * (d[i - lag] - mean);
        }
        const double weight = 1.0 - (double)lag / (double)(count + 1);
        variance += (lag == 0 ? 1.0 : 2.0 * weight) * sum / (double)n;
    }
    // Harvey, Leybourne and Newbold: forecasts h = lags + 1 steps ahead.
    const double size = (double)n, h = (double)(lags + 1 < n ? lags + 1 : n);
    const double small = (size + 1.0 - 2.0 * h + h * (h - 1.0) / size) / size;
    variance = variance > 0.0 ? variance : 0.0;
    *out_error = small > 0.0 ? sqrt(variance / size / small) : (double)INFINITY;
}

typedef struct moments {  // mean differences of squared errors, one for each moment
    double *d, *loss;     // loss: of the champion
    size_t count, lags;
} moments;

static double squared(double a, double b) {
    return (a - b) * (a - b);
}

static void gather(const ls_gate_case *c, moments *out) {
    const ls_dataset *t = c->test;
    size_t most = 0;
    int64_t begin_us = 0;
    for (size_t i = 0; i < t->row_count;) {
        size_t rows = 0;
        double d = 0.0, loss = 0.0;
        const int64_t now = t->time_us[i];
        for (; i < t->row_count && t->time_us[i] == now; i++, rows++) {
            const double mine = squared(c->challenger[i], t->label[i]);
            const double theirs = squared(c->champion[i], t->label[i]);
            d += theirs - mine;
            loss += theirs;
        }
        out->d[out->count] = d / (double)rows;
        out->loss[out->count++] = loss / (double)rows;
        begin_us = out->count == 1 ? now : begin_us;
        most = now - begin_us < c->horizon_us ? out->count : most;
    }
    out->lags = most;
}

static ls_status judge_gain(const ls_model_gates *g, const ls_gate_case *c, ls_arena *arena,
                            ls_gate_verdict *out, ls_error *err) {
    moments m = {.d = ls_arena_alloc(arena, c->test->row_count * sizeof(double)),
                 .loss = ls_arena_alloc(arena, c->test->row_count * sizeof(double))};
    ls_gate_result *r = &out->gates[LS_GATE_GAIN];
    double mean = 0.0, error = 0.0, loss = 0.0;
    if (m.d == NULL || m.loss == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while comparing models");
    }
    gather(c, &m);
    if (m.count < MOMENTS_MIN) {
        return ls_fail(err, LS_ERR_INVALID,
                       "%zu moments are too few to compare models on: at least %d with a label",
                       m.count, MOMENTS_MIN);
    }
    for (size_t i = 0; i < m.count; i++) {
        loss += m.loss[i];
        m.d[i] -= g->gain * m.loss[i];  // what is asked for beyond being better
    }
    loss /= (double)m.count;
    ls_gates_mean_error(m.d, m.count, m.lags, &mean, &error);
    const double t = ls_stat_t_quantile(g->level, (double)(m.count - 1));
    r->passed = mean - t * error > 0.0;
    r->value = loss > 0.0 ? (mean + g->gain * loss) / loss : 0.0;
    r->limit = g->gain;
    // Good enough for people: the normal distribution.
    out->p = error > 0.0 ? 0.5 * erfc(mean / error / sqrt(2.0)) : mean > 0.0 ? 0.0 : 1.0;
    ls_text_format(r->about, sizeof r->about,
                   "squared error %.1f %% less than the champion's, on %zu moments; p = %.3g",
                   100.0 * r->value, m.count, out->p);
    return LS_OK;
}

static ls_status judge_worst(const ls_model_gates *g, const ls_gate_case *c, ls_arena *arena,
                             ls_gate_verdict *out, ls_error *err) {
    const ls_dataset *t = c->test;
    double *mine = ls_arena_alloc(arena, t->unit_count * sizeof *mine);
    double *theirs = ls_arena_alloc(arena, t->unit_count * sizeof *theirs);
    uint32_t *rows = ls_arena_alloc(arena, t->unit_count * sizeof *rows);
    ls_gate_result *r = &out->gates[LS_GATE_WORST];
    const char *worst = NULL;
    if (mine == NULL || theirs == NULL || rows == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while comparing models");
    }
    for (size_t i = 0; i < t->row_count; i++) {
        mine[t->unit[i]] += squared(c->challenger[i], t->label[i]);
        theirs[t->unit[i]] += squared(c->champion[i], t->label[i]);
        rows[t->unit[i]]++;
    }
    r->value = -1.0;
    for (uint32_t u = 0; u < t->unit_count; u++) {
        if (rows[u] >= UNIT_ROWS_MIN) {
            const double more = theirs[u] > 0.0 ? mine[u] / theirs[u] - 1.0
                                                : (mine[u] > 0.0 ? (double)INFINITY : 0.0);
            worst = more > r->value || worst == NULL ? t->units[u] : worst;
            r->value = more > r->value ? more : r->value;
        }
    }
    r->limit = g->worst;
    r->passed = worst == NULL || r->value <= g->worst;
    if (worst == NULL) {
        ls_text_format(r->about, sizeof r->about, "no unit has %d rows: not judged", UNIT_ROWS_MIN);
    } else {
        ls_text_format(r->about, sizeof r->about, "unit '%.60s': squared error %+.1f %%", worst,
                       100.0 * r->value);
    }
    return LS_OK;
}

static void judge_coverage(const ls_model_gates *g, const ls_gate_case *c, ls_gate_verdict *out) {
    ls_gate_result *r = &out->gates[LS_GATE_COVERAGE];
    size_t inside = 0;
    for (size_t i = 0; i < c->test->row_count; i++) {
        inside += fabs(c->challenger[i] - c->test->label[i]) <= c->radius ? 1 : 0;
    }
    r->value = (double)inside / (double)c->test->row_count;
    r->limit = g->interval - g->coverage;
    r->passed = r->value >= r->limit && isfinite(c->radius);
    ls_text_format(r->about, sizeof r->about,
                   "%.1f %% of the values inside +- %.4g (%.4g %% wanted)", 100.0 * r->value,
                   c->radius, 100.0 * g->interval);
}

// A model that a silent sensor makes worse than none at all does harm when it serves.
static void judge_missing(const ls_model_gates *g, const ls_gate_case *c, double none,
                          ls_gate_verdict *out) {
    ls_gate_result *r = &out->gates[LS_GATE_MISSING];
    uint32_t worst = 0;
    for (uint32_t i = 1; i < c->tag_count; i++) {
        worst = c->missing[i] > c->missing[worst] ? i : worst;
    }
    r->value = none > 0.0 && c->tag_count > 0 ? c->missing[worst] / none - 1.0 : 0.0;
    r->limit = g->missing;
    r->passed = r->value <= g->missing;
    ls_text_format(r->about, sizeof r->about,
                   "without '%.60s': squared error %+.1f %% of always saying the mean",
                   c->tag_count > 0 ? c->tags[worst] : "", 100.0 * r->value);
}

ls_status ls_gates_decide(const ls_model_gates *gates, const ls_gate_case *about,
                          ls_gate_verdict *out, ls_error *err) {
    memset(out, 0, sizeof *out);
    ls_arena arena;
    double mine = 0.0, theirs = 0.0, none = 0.0;
    const ls_dataset *t = about->test;
    ls_arena_init(&arena);
    for (size_t i = 0; i < t->row_count; i++) {
        mine += squared(about->challenger[i], t->label[i]);
        theirs += squared(about->champion[i], t->label[i]);
        none += squared(about->usual, t->label[i]);
    }
    ls_status status = judge_gain(gates, about, &arena, out, err);
    if (status == LS_OK) {
        status = judge_worst(gates, about, &arena, out, err);
    }
    if (status == LS_OK) {
        const double rows = (double)t->row_count;
        out->challenger_rmse = sqrt(mine / rows);
        out->champion_rmse = sqrt(theirs / rows);
        judge_coverage(gates, about, out);
        judge_missing(gates, about, none / rows, out);
        ls_gate_result *r = &out->gates[LS_GATE_LATENCY];
        r->value = (double)about->latency_us;
        r->limit = (double)gates->latency_us;
        r->passed = about->latency_us <= gates->latency_us;
        ls_text_format(r->about, sizeof r->about, "%lld us for one prediction (99 %%)",
                       (long long)about->latency_us);
        out->passed = true;
        for (int i = 0; i < LS_GATE_COUNT; i++) {
            out->passed = out->passed && out->gates[i].passed;
        }
    }
    ls_arena_clear(&arena);
    return status;
}
