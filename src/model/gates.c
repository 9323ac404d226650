// gates.c - see gates.h.
#include "model/gates.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/statistics.h"
#include "base/text.h"
#include "model/rank.h"

enum { MOMENTS_MIN = 8, UNIT_ROWS_MIN = 10, RANGES = 10 };

const char *ls_gate_name(ls_gate gate) {
    static const char *const names[LS_GATE_COUNT] = {
        "gain", "worst", "coverage", "missing", "latency", "calibration", "balance"};
    return names[gate];
}

const char *ls_loss_name(ls_loss loss) {
    static const char *const names[] = {"squared error", "Brier score", "pinball loss", "1 - NDCG"};
    return names[loss];
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

double ls_gates_loss(ls_loss loss, double quantile, const double *prediction, uint32_t outputs,
                     double label) {
    if (outputs > 1) {
        double sum = 0.0;
        for (uint32_t k = 0; k < outputs; k++) {
            sum += squared(prediction[k], label == (double)k ? 1.0 : 0.0);
        }
        return sum;
    }
    const double over = prediction[0] - label;
    return loss != LS_LOSS_PINBALL ? over * over
           : over > 0.0            ? over * (1.0 - quantile)
                                   : -over * quantile;
}

// What was told of what was so.
static double told_of(const double *prediction, uint32_t outputs, double label) {
    if (outputs > 1) {
        return label >= 0.0 && label < (double)outputs ? prediction[(uint32_t)label] : 0.0;
    }
    return label > 0.5 ? prediction[0] : 1.0 - prediction[0];
}

double ls_gates_score(ls_loss loss, const double *prediction, uint32_t outputs, double label) {
    return loss == LS_LOSS_BRIER ? 1.0 - told_of(prediction, outputs, label)
                                 : fabs(prediction[0] - label);
}

static uint32_t outputs_of(const ls_gate_case *c) {
    return c->outputs > 1 ? c->outputs : 1;
}

static double loss_of(const ls_gate_case *c, const double *predictions, size_t row) {
    const uint32_t outputs = outputs_of(c);
    return ls_gates_loss(c->loss, c->quantile, predictions + row * outputs, outputs,
                         c->test->label[row]);
}

// Losses of each row; of an order NaN where its group has nothing to order.
typedef struct losses {
    double *mine, *theirs;            // of an order those of the row's group
    double *unit_mine, *unit_theirs;  // of the row alone
    double mean_mine, mean_theirs, mean_none;
} losses;

static ls_status judge_orders(const ls_gate_case *c, ls_arena *arena, losses *out, ls_error *err) {
    const size_t rows = c->test->row_count;
    const double *same = ls_arena_alloc(arena, rows * sizeof *same);  // zero
    out->unit_mine = ls_arena_alloc(arena, rows * sizeof *out->unit_mine);
    out->unit_theirs = ls_arena_alloc(arena, rows * sizeof *out->unit_theirs);
    if (same == NULL || out->unit_mine == NULL || out->unit_theirs == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while comparing models");
    }
    const ls_rank_losses mine = {.loss = out->mine, .missed = out->unit_mine};
    const ls_rank_losses theirs = {.loss = out->theirs, .missed = out->unit_theirs};
    const struct {
        const double *scores;
        double *mean;
    } means[] = {{c->challenger, &out->mean_mine},
                 {c->champion, &out->mean_theirs},
                 {same, &out->mean_none}};
    ls_status status = ls_rank_judge(c->test, c->challenger, c->top, &mine, err);
    if (status == LS_OK) {
        status = ls_rank_judge(c->test, c->champion, c->top, &theirs, err);
    }
    for (size_t i = 0; i < sizeof means / sizeof means[0] && status == LS_OK; i++) {
        size_t groups = 0;
        status = ls_rank_mean(c->test, means[i].scores, c->top, means[i].mean, &groups, err);
    }
    return status;
}

static ls_status find_losses(const ls_gate_case *c, ls_arena *arena, losses *out, ls_error *err) {
    const size_t rows = c->test->row_count;
    memset(out, 0, sizeof *out);
    out->mine = out->unit_mine = ls_arena_alloc(arena, rows * sizeof *out->mine);
    out->theirs = out->unit_theirs = ls_arena_alloc(arena, rows * sizeof *out->theirs);
    if (out->mine == NULL || out->theirs == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while comparing models");
    }
    if (c->loss == LS_LOSS_RANK) {
        return judge_orders(c, arena, out, err);
    }
    for (size_t i = 0; i < rows; i++) {
        out->mine[i] = loss_of(c, c->challenger, i);
        out->theirs[i] = loss_of(c, c->champion, i);
        out->mean_mine += out->mine[i];
        out->mean_theirs += out->theirs[i];
        out->mean_none += ls_gates_loss(c->loss, c->quantile,
                                        c->outputs > 1 ? c->priors : &c->usual, outputs_of(c),
                                        c->test->label[i]);
    }
    out->mean_mine /= (double)rows;
    out->mean_theirs /= (double)rows;
    out->mean_none /= (double)rows;
    return LS_OK;
}

// Nothing is to be ordered in its group. Losses that are no number are none of the others.
static bool is_left_out(const ls_gate_case *c, const losses *l, size_t row) {
    return c->loss == LS_LOSS_RANK && isnan(l->mine[row]);
}

static void gather(const ls_gate_case *c, const losses *l, moments *out) {
    const ls_dataset *t = c->test;
    size_t most = 0;
    int64_t begin_us = 0;
    for (size_t i = 0; i < t->row_count;) {
        size_t rows = 0;
        double d = 0.0, loss = 0.0;
        const int64_t now = t->time_us[i];
        for (; i < t->row_count && t->time_us[i] == now; i++) {
            if (!is_left_out(c, l, i)) {
                d += l->theirs[i] - l->mine[i];
                loss += l->theirs[i];
                rows++;
            }
        }
        if (rows == 0) {
            continue;
        }
        out->d[out->count] = d / (double)rows;
        out->loss[out->count++] = loss / (double)rows;
        begin_us = out->count == 1 ? now : begin_us;
        most = now - begin_us < c->horizon_us ? out->count : most;
    }
    out->lags = most;
}

static ls_status judge_gain(const ls_model_gates *g, const ls_gate_case *c, const losses *l,
                            ls_arena *arena, ls_gate_verdict *out, ls_error *err) {
    moments m = {.d = ls_arena_alloc(arena, c->test->row_count * sizeof(double)),
                 .loss = ls_arena_alloc(arena, c->test->row_count * sizeof(double))};
    ls_gate_result *r = &out->gates[LS_GATE_GAIN];
    double mean = 0.0, error = 0.0, loss = 0.0;
    if (m.d == NULL || m.loss == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while comparing models");
    }
    const bool is_order = c->loss == LS_LOSS_RANK;
    gather(c, l, &m);
    if (m.count < MOMENTS_MIN) {
        return ls_fail(err, LS_ERR_INVALID,
                       "%zu moments are too few to compare models on: at least %d with %s", m.count,
                       MOMENTS_MIN,
                       is_order ? "units of different labels to be put in order" : "a label");
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
    ls_text_format(r->about, sizeof r->about, "%s %.1f %% %s than %s, on %zu moments; p = %.3g",
                   ls_loss_name(c->loss), 100.0 * fabs(r->value), r->value < 0.0 ? "more" : "less",
                   !c->is_first ? "the champion's"
                   : is_order   ? "that of an order by lot"
                                : "that of a constant",
                   m.count, out->p);
    return LS_OK;
}

// Of an order what the places of a unit cost counts: that of its groups is no more its own than
// that of the others.
static ls_status judge_worst(const ls_model_gates *g, const ls_gate_case *c, const losses *l,
                             ls_arena *arena, ls_gate_verdict *out, ls_error *err) {
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
        if (!is_left_out(c, l, i)) {
            mine[t->unit[i]] += l->unit_mine[i];
            theirs[t->unit[i]] += l->unit_theirs[i];
            rows[t->unit[i]]++;
        }
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
        ls_text_format(r->about, sizeof r->about, "unit '%.60s': %s %+.1f %%", worst,
                       c->loss == LS_LOSS_RANK ? "what its places cost" : ls_loss_name(c->loss),
                       100.0 * r->value);
    }
    return LS_OK;
}

static void judge_coverage(const ls_model_gates *g, const ls_gate_case *c, ls_gate_verdict *out) {
    ls_gate_result *r = &out->gates[LS_GATE_COVERAGE];
    const uint32_t outputs = outputs_of(c);
    size_t inside = 0;
    for (size_t i = 0; i < c->test->row_count; i++) {
        const double *told = c->challenger + i * outputs;
        const double label = c->test->label[i];
        inside += c->loss == LS_LOSS_PINBALL
                      ? label <= told[0]
                      : ls_gates_score(c->loss, told, outputs, label) <= c->radius;
    }
    r->value = (double)inside / (double)c->test->row_count;
    if (c->loss == LS_LOSS_PINBALL) {  // too many below it are as wrong as too few
        r->limit = g->coverage;
        r->passed = fabs(r->value - c->quantile) <= g->coverage;
        ls_text_format(r->about, sizeof r->about,
                       "%.1f %% of the values below what was told (%.4g %% wanted)",
                       100.0 * r->value, 100.0 * c->quantile);
        return;
    }
    r->limit = g->interval - g->coverage;
    r->passed = r->value >= r->limit && isfinite(c->radius);
    if (c->loss == LS_LOSS_BRIER) {
        ls_text_format(r->about, sizeof r->about,
                       "%.1f %% of the classes among those told of at least %.3g (%.4g %% wanted)",
                       100.0 * r->value, fmax(0.0, 1.0 - c->radius), 100.0 * g->interval);
        return;
    }
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
    ls_text_format(r->about, sizeof r->about, "without '%.60s': %s %+.1f %% of %s",
                   c->tag_count > 0 ? c->tags[worst] : "", ls_loss_name(c->loss), 100.0 * r->value,
                   c->loss == LS_LOSS_PINBALL ? "always saying the quantile"
                   : c->loss == LS_LOSS_RANK  ? "an order by lot"
                                              : "always saying the mean");
}

// ---- classes

// Two classes of one output are asked about like several.
static uint32_t class_count(const ls_gate_case *c) {
    return c->outputs > 1 ? c->outputs : 2;
}

static double probability(const ls_gate_case *c, size_t row, uint32_t k) {
    const double *told = c->challenger + row * outputs_of(c);
    return c->outputs > 1 ? told[k] : k == 1 ? told[0] : 1.0 - told[0];
}

static double prior(const ls_gate_case *c, uint32_t k) {
    return c->outputs > 1 ? c->priors[k] : k == 1 ? c->usual : 1.0 - c->usual;
}

// Mean over the classes of the expected calibration error: in each tenth of the probabilities, how
// far their mean is from how often it was so, by rows.
static void judge_calibration(const ls_model_gates *g, const ls_gate_case *c,
                              ls_gate_verdict *out) {
    ls_gate_result *r = &out->gates[LS_GATE_CALIBRATION];
    const ls_dataset *t = c->test;
    const uint32_t classes = class_count(c);
    double worst_gap = 0.0, worst_at = 0.0, worst_true = 0.0;
    r->value = 0.0;
    for (uint32_t k = 0; k < classes; k++) {
        double told[RANGES] = {0.0}, rows[RANGES] = {0.0}, so[RANGES] = {0.0};
        for (size_t i = 0; i < t->row_count; i++) {
            const double p = fmin(fmax(probability(c, i, k), 0.0), 1.0);
            const int range = p < 1.0 ? (int)(p * RANGES) : RANGES - 1;
            told[range] += p;
            rows[range] += 1.0;
            so[range] += t->label[i] == (double)k ? 1.0 : 0.0;
        }
        for (int range = 0; range < RANGES; range++) {
            const double gap = fabs(told[range] - so[range]) / (double)t->row_count;
            r->value += gap / (double)classes;
            if (gap > worst_gap) {
                worst_gap = gap;
                worst_at = told[range] / rows[range];
                worst_true = so[range] / rows[range];
            }
        }
    }
    r->asked = true;
    r->limit = g->calibration;
    r->passed = r->value <= g->calibration;
    ls_text_format(r->about, sizeof r->about,
                   "probabilities are off by %.1f %% in the mean; most where %.0f %% was told and "
                   "%.0f %% was so",
                   100.0 * r->value, 100.0 * worst_at, 100.0 * worst_true);
}

// Against how frequent a class is: whoever says the frequent one always is right most of the time,
// and of no use.
static uint32_t answer(const ls_gate_case *c, size_t row) {
    uint32_t best = 0;
    double most = -1.0;
    for (uint32_t k = 0; k < class_count(c); k++) {
        const double lift = prior(c, k) > 0.0 ? probability(c, row, k) / prior(c, k) : 0.0;
        if (lift > most) {
            most = lift;
            best = k;
        }
    }
    return best;
}

static void judge_balance(const ls_model_gates *g, const ls_gate_case *c, ls_gate_verdict *out) {
    ls_gate_result *r = &out->gates[LS_GATE_BALANCE];
    const ls_dataset *t = c->test;
    double rows[LS_MODEL_CLASSES_MAX] = {0.0}, wrong[LS_MODEL_CLASSES_MAX] = {0.0};
    uint32_t seen = 0;
    double sum = 0.0, log_sum = 0.0;
    for (size_t i = 0; i < t->row_count; i++) {
        const uint32_t k = (uint32_t)t->label[i];
        if (k < class_count(c)) {
            rows[k] += 1.0;
            wrong[k] += answer(c, i) != k ? 1.0 : 0.0;
            log_sum -= log(fmax(probability(c, i, k), 1e-15));
        }
    }
    for (uint32_t k = 0; k < class_count(c); k++) {
        seen += rows[k] > 0.0 ? 1 : 0;
        sum += rows[k] > 0.0 ? wrong[k] / rows[k] : 0.0;
    }
    out->log_loss = log_sum / (double)t->row_count;
    r->asked = true;
    r->value = seen > 0 ? sum / seen : 0.0;
    r->limit = g->balance;
    r->passed = seen < 2 || r->value < g->balance;
    if (seen < 2) {
        ls_text_format(r->about, sizeof r->about, "one class alone in the test rows: not judged");
    } else {
        ls_text_format(r->about, sizeof r->about,
                       "%.1f %% wrong in the mean over %u classes; log loss %.4g", 100.0 * r->value,
                       seen, out->log_loss);
    }
}

// Labels that are no classes of the model would be counted as none.
static ls_status check_case(const ls_gate_case *c, ls_error *err) {
    assert(c->outputs <= 1 || (c->loss == LS_LOSS_BRIER && c->priors != NULL));
    if (c->outputs > LS_MODEL_CLASSES_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "%u classes, and %d are the most", c->outputs,
                       LS_MODEL_CLASSES_MAX);
    }
    for (size_t i = 0; i < c->test->row_count && c->loss == LS_LOSS_RANK; i++) {
        const double label = c->test->label[i];
        if (!(label >= 0.0 && label <= (double)LS_MODEL_GRADE_MAX)) {
            return ls_fail(err, LS_ERR_INVALID,
                           "the label of test row %zu is %g; of an order it must be a grade from 0 "
                           "to %d",
                           i, label, LS_MODEL_GRADE_MAX);
        }
    }
    for (size_t i = 0; i < c->test->row_count && c->loss == LS_LOSS_BRIER; i++) {
        const double label = c->test->label[i];
        if (!(label >= 0.0 && label < class_count(c) && label == floor(label))) {
            return ls_fail(err, LS_ERR_INVALID,
                           "the label of test row %zu is %g; it must be the place of one of %u "
                           "classes, from 0",
                           i, label, class_count(c));
        }
    }
    return LS_OK;
}

ls_status ls_gates_decide(const ls_model_gates *gates, const ls_gate_case *about,
                          ls_gate_verdict *out, ls_error *err) {
    memset(out, 0, sizeof *out);
    ls_arena arena;
    losses l;
    ls_status status = check_case(about, err);
    if (status != LS_OK) {
        return status;
    }
    ls_arena_init(&arena);
    status = find_losses(about, &arena, &l, err);
    out->loss = about->loss;
    out->top = about->loss == LS_LOSS_RANK ? about->top : 0;
    out->log_loss = (double)NAN;
    for (int i = 0; i < LS_GATE_COUNT; i++) {
        const bool asked = i < LS_GATE_CALIBRATION &&
                           (i != LS_GATE_COVERAGE || about->loss != LS_LOSS_RANK);
        out->gates[i].asked = asked;
        out->gates[i].passed = !asked;
    }
    if (status == LS_OK) {
        status = judge_gain(gates, about, &l, &arena, out, err);
    }
    if (status == LS_OK) {
        status = judge_worst(gates, about, &l, &arena, out, err);
    }
    if (status == LS_OK) {
        const bool is_squared = about->loss == LS_LOSS_SQUARED;
        out->challenger_rmse = is_squared ? sqrt(l.mean_mine) : l.mean_mine;
        out->champion_rmse = is_squared ? sqrt(l.mean_theirs) : l.mean_theirs;
        if (about->loss == LS_LOSS_BRIER) {
            judge_calibration(gates, about, out);
            judge_balance(gates, about, out);
        }
        if (about->loss != LS_LOSS_RANK) {
            judge_coverage(gates, about, out);
        }
        judge_missing(gates, about, l.mean_none, out);
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
