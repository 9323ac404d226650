// shadow.c - see shadow.h.
#include "model/shadow.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/kmath.h"
#include "base/statistics.h"
#include "base/text.h"
#include "model/gates.h"

enum { BLOCKS_LEAST = 8, EFFECTIVE_LEAST = 4 };
static const double EVIDENCE_MOST = 1e300;
static const double CORRELATION_MOST = 0.98;

ls_status ls_shadow_init(const ls_shadow_def *def, ls_shadow *out, ls_error *err) {
    assert(def->every_us > 0 && def->unit_count > 0);
    *out = (ls_shadow){.def = *def};
    out->block_us = def->every_us > def->horizon_us ? def->every_us : def->horizon_us;
    out->units = ls_alloc(def->unit_count * sizeof *out->units);
    return out->units != NULL
               ? LS_OK
               : ls_fail(err, LS_ERR_MEMORY, "out of memory for a challenger's shadow");
}

void ls_shadow_clear(ls_shadow *s) {
    ls_free(s->units);
    *s = (ls_shadow){0};
}

// ---- pairs

static void add_to(ls_shadow_sum *sum, double champion, double challenger) {
    sum->champion += champion;
    sum->challenger += challenger;
    sum->rows++;
}

static void join_blocks(ls_shadow *s) {
    for (int i = 0; i < LS_SHADOW_BLOCKS; i++) {
        ls_shadow_sum pair = {0};
        for (int half = 2 * i; half < 2 * i + 2 && half < LS_SHADOW_BLOCKS; half++) {
            pair.champion += s->blocks[half].champion;
            pair.challenger += s->blocks[half].challenger;
            pair.rows += s->blocks[half].rows;
        }
        s->blocks[i] = pair;
    }
    s->block_us *= 2;
}

static double loss_of(const ls_shadow *s, double said, double truth) {
    const ls_loss loss = s->def.quantile > 0.0 ? LS_LOSS_PINBALL : LS_LOSS_SQUARED;
    return ls_gates_loss(loss, s->def.quantile, &said, 1, truth);
}

void ls_shadow_add(ls_shadow *s, const ls_shadow_pair *p) {
    const double champion = loss_of(s, p->champion, p->truth);
    const double challenger = loss_of(s, p->challenger, p->truth);
    const bool first = s->all.rows == 0;
    const double sum = s->all.champion + s->all.challenger + champion + challenger;
    if (!isfinite(sum) || p->unit >= s->def.unit_count || p->time_us < 0 ||
        (!first && p->time_us < s->begin_us)) {
        s->passed_over++;
        return;
    }
    if (first) {
        s->begin_us = s->newest_us = p->time_us;
    }
    s->newest_us = p->time_us > s->newest_us ? p->time_us : s->newest_us;
    while ((p->time_us - s->begin_us) / s->block_us >= LS_SHADOW_BLOCKS) {
        join_blocks(s);
    }
    add_to(&s->blocks[(p->time_us - s->begin_us) / s->block_us], champion, challenger);
    add_to(&s->units[p->unit], champion, challenger);
    add_to(&s->all, champion, challenger);
    if (!isnan(p->low) && !isnan(p->high)) {
        s->intervals++;
        s->inside += p->low <= p->truth && p->truth <= p->high;
    }
}

// ---- evidence

double ls_shadow_evidence(double n, double mean, double deviation, double c2) {
    if (!(n >= 2.0) || !(deviation > 0.0) || !isfinite(deviation)) {
        return 0.0;
    }
    const double t = mean / deviation;  // everything in deviations
    const double s = n * t, v = n - 1.0 + n * t * t;
    const double rest = v - s * s / (n + c2);
    const double a = s / sqrt((n + c2) * rest);
    const double side = 2.0 * ls_stat_t_cdf(a * sqrt(n), n);
    if (!(side > 0.0)) {
        return 0.0;  // far on the other side
    }
    const double log_evidence = 0.5 * ls_log(c2 / (n + c2)) + 0.5 * n * ls_log(v / rest) +
                                ls_log(side);
    return log_evidence < ls_log(EVIDENCE_MOST) ? ls_exp(log_evidence) : EVIDENCE_MOST;
}

typedef struct block_means {
    double champion[LS_SHADOW_BLOCKS], challenger[LS_SHADOW_BLOCKS];
    int count;
} block_means;

// Of whole blocks: the newest one is still filling.
static void take_means(const ls_shadow *s, block_means *out) {
    out->count = 0;
    const int64_t whole = (s->newest_us - s->begin_us) / s->block_us;
    for (int64_t i = 0; i < whole && i < LS_SHADOW_BLOCKS; i++) {
        const ls_shadow_sum *b = &s->blocks[i];
        if (b->rows > 0) {
            out->champion[out->count] = b->champion / (double)b->rows;
            out->challenger[out->count++] = b->challenger / (double)b->rows;
        }
    }
}

typedef struct moments {
    double mean, deviation, effective;
} moments;

// Values in the order of time: how many independent ones they are worth, and the deviation of one
// of those.
static moments moments_of(const double *d, int count) {
    const double n = (double)count;
    moments m = {0};
    double squares = 0.0, products = 0.0;
    for (int i = 0; i < count; i++) {
        m.mean += d[i] / n;
    }
    for (int i = 0; i < count; i++) {
        squares += (d[i] - m.mean) * (d[i] - m.mean);
        products += i > 0 ? (d[i] - m.mean) * (d[i - 1] - m.mean) : 0.0;
    }
    if (count < BLOCKS_LEAST || !(squares > 0.0)) {
        return m;
    }
    // The estimate is too low by about (1 + 4 r) / n (Kendall 1954).
    double r = (products / squares * n + 1.0) / (n - 4.0);
    r += sqrt(fmax(1.0 - r * r, 0.0) / n);
    r = fmin(fmax(r, 0.0), CORRELATION_MOST);
    const double together = (1.0 + r) / (1.0 - r);
    m.effective = n / together;
    m.deviation = sqrt(squares / fmax(n - together, 1.0));
    return m;
}

// The bet, in blocks: best where effects show after twice the shortest time.
static double bet(const ls_shadow *s) {
    const double miss = 1.0 - s->def.gates.level, doubt = -2.0 * ls_log(miss);
    const double for_us = (double)s->def.shadow.for_us;
    const double blocks = fmax(2.0 * for_us / (double)s->block_us, 2.0 * BLOCKS_LEAST);
    return blocks / (doubt + ls_log(1.0 + doubt));
}

// That the mean of what the differences come from is above 0.
static double evidence_of(const ls_shadow *s, const double *d, int count, double *out_effective) {
    const moments m = moments_of(d, count);
    *out_effective = m.effective;
    if (m.effective < EFFECTIVE_LEAST) {
        return 0.0;
    }
    return ls_shadow_evidence(m.effective, m.mean, m.deviation, bet(s) * m.effective / count);
}

// ---- the verdict

static void judge_units(const ls_shadow *s, ls_shadow_verdict *v) {
    v->worst_unit = UINT32_MAX;
    v->worst = -1.0;
    for (uint32_t u = 0; u < s->def.unit_count; u++) {
        const ls_shadow_sum *sum = &s->units[u];
        if (sum->rows < LS_SHADOW_UNIT_ROWS) {
            continue;
        }
        const double more = sum->champion > 0.0     ? sum->challenger / sum->champion - 1.0
                            : sum->challenger > 0.0 ? (double)INFINITY
                                                    : 0.0;
        if (v->worst_unit == UINT32_MAX || more > v->worst) {
            v->worst = more;
            v->worst_unit = u;
        }
    }
}

static void judge_difference(const ls_shadow *s, ls_shadow_verdict *v) {
    block_means means;
    double better[LS_SHADOW_BLOCKS], worse[LS_SHADOW_BLOCKS];
    take_means(s, &means);
    for (int i = 0; i < means.count; i++) {
        const double d = means.champion[i] - means.challenger[i];
        better[i] = d - s->def.gates.gain * means.champion[i];
        worse[i] = -d;
    }
    v->blocks = (double)means.count;
    v->evidence = evidence_of(s, better, means.count, &v->effective);
    v->against = evidence_of(s, worse, means.count, &v->effective);
}

static void decide(const ls_shadow *s, ls_shadow_verdict *v) {
    const ls_model_gates *g = &s->def.gates;
    const bool better = v->evidence >= v->wanted, is_long = v->span_us >= s->def.shadow.for_us;
    const bool covers = isnan(v->coverage) || v->coverage >= g->interval - g->coverage;
    const bool harms = v->worst_unit != UINT32_MAX && v->worst > g->worst;
    const bool is_over = v->span_us >= s->def.shadow.most_us;
    const char *lacks = !better   ? "no gain is shown"
                        : harms   ? "a unit loses more than the gate 'worst' allows"
                        : !covers ? "its intervals hold too few values"
                                  : "";
    const bool passed = is_long && lacks[0] == '\0';
    const bool is_worse = is_long && v->against >= v->wanted;
    v->end = passed                             ? LS_SHADOW_PASSED
             : is_worse || (is_over && is_long) ? LS_SHADOW_LOST
                                                : LS_SHADOW_RUNNING;
    const char *why = passed     ? ""
                      : is_worse ? "it is worse"
                      : is_long  ? lacks
                                 : "not long enough yet";
    const double gain = isnan(v->gain) ? 0.0 : v->gain;
    ls_text_format(v->about, sizeof v->about,
                   "%s %.1f %% %s than the champion's on %llu rows, evidence %.3g of the "
                   "%.3g that is asked for%s%s%s",
                   s->def.quantile > 0.0 ? "pinball loss" : "squared error", 100.0 * fabs(gain),
                   gain >= 0.0 ? "less" : "more", (unsigned long long)v->rows,
                   is_worse ? v->against : v->evidence, v->wanted, passed ? "" : ": ", why,
                   !passed && !is_worse && is_over ? ", in all the time it had" : "");
}

ls_shadow_verdict ls_shadow_judge(const ls_shadow *s) {
    ls_shadow_verdict v = {.rows = s->all.rows,
                           .span_us = s->newest_us - s->begin_us,
                           .wanted = 1.0 / (1.0 - s->def.gates.level)};
    const double rows = (double)s->all.rows;
    v.gain = s->all.champion > 0.0 ? 1.0 - s->all.challenger / s->all.champion : (double)NAN;
    const bool squared = !(s->def.quantile > 0.0);
    v.champion_rmse = rows > 0.0 ? s->all.champion / rows : (double)NAN;
    v.challenger_rmse = rows > 0.0 ? s->all.challenger / rows : (double)NAN;
    v.champion_rmse = squared ? sqrt(v.champion_rmse) : v.champion_rmse;
    v.challenger_rmse = squared ? sqrt(v.challenger_rmse) : v.challenger_rmse;
    v.coverage = s->intervals > 0 ? (double)s->inside / (double)s->intervals : (double)NAN;
    judge_units(s, &v);
    judge_difference(s, &v);
    decide(s, &v);
    return v;
}
