// switchback.c - see switchback.h.
#include "decide/prove/switchback.h"

#include <math.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/statistics.h"
#include "base/units.h"
#include "decide/prove/sequential.h"

enum { EXACT_COINS = 16, DRAWN = 20000, STREAM_COINS = 0x73776263, COINS_MOST = 1 << 20 };

ls_status ls_switchback_check(const ls_switchback *d, int64_t carryover_us, ls_error *err) {
    const uint32_t m = d->order;
    if (d->period_us <= 0 || d->periods < 4 || d->periods > COINS_MOST ||
        (m > 0 && (d->periods % m != 0 || d->periods / m < 4))) {
        ls_fail(err, LS_ERR_INVALID, "an experiment of %u periods with blocks of %u", d->periods,
                m);
        ls_hint(err, "periods must be a multiple of the block, and at least four blocks");
        return LS_ERR_INVALID;
    }
    if (carryover_us < 0) {
        ls_fail(err, LS_ERR_INVALID, "the carryover of this plant is not known");
        ls_hint(err, "measure it on the twin first: how long until both rules agree again");
        return LS_ERR_INVALID;
    }
    if (carryover_us / d->period_us + (carryover_us % d->period_us != 0) > m) {
        char block[64];
        char needed[64];
        ls_units_show_time((double)d->period_us * (m > 0 ? m : 1), block, sizeof block);
        ls_units_show_time((double)carryover_us, needed, sizeof needed);
        ls_fail(err, LS_ERR_INVALID,
                "blocks of %s are shorter than the carryover: what one rule left behind is still "
                "there when the other is measured, and the sign may be wrong",
                block);
        ls_hint(err, "make blocks at least %s long", needed);
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

uint32_t ls_switchback_coins(const ls_switchback *d) {
    return d->order == 0 ? d->periods : d->periods / d->order - 2;
}

uint32_t ls_switchback_coin(const ls_switchback *d, uint32_t period) {
    if (d->order == 0) {
        return period;
    }
    const uint32_t block = period / d->order;
    const uint32_t last = ls_switchback_coins(d) - 1;
    const uint32_t coin = block == 0 ? 0 : block - 1;  // the first stretch has two blocks
    return coin < last ? coin : last;
}

bool ls_switchback_draw(uint64_t seed, uint32_t coin) {
    return ls_random_uniform(ls_random_key(seed, 0), STREAM_COINS, coin) < 0.5;
}

// +1 or -1: the window up to this period lies in one rule alone; 0: it does not. *out_weight is
// one over the probability of that.
static int side(const ls_switchback *d, const uint8_t *coins, uint32_t period, double *out_weight) {
    const uint32_t first = ls_switchback_coin(d, period - d->order);
    const uint32_t last = ls_switchback_coin(d, period);
    *out_weight = 2.0;
    for (uint32_t i = first + 1; i <= last; i++) {
        if (coins[i] != coins[first]) {
            return 0;
        }
        *out_weight *= 2.0;
    }
    return coins[first] != 0 ? 1 : -1;
}

// Of the first `seen` periods, more than the order.
static double ht_of(const ls_switchback *d, const uint8_t *coins, const double *y, uint32_t seen) {
    double sum = 0.0;
    for (uint32_t t = d->order; t < seen; t++) {
        double weight = 0.0;
        sum += side(d, coins, t, &weight) * weight * y[t];
    }
    return sum / (seen - d->order);
}

double ls_switchback_ht(const ls_switchback *d, const uint8_t *coins, const double *y) {
    return ht_of(d, coins, y, d->periods);
}

double ls_switchback_hajek(const ls_switchback *d, const uint8_t *coins, const double *y) {
    double sum[2] = {0.0, 0.0};
    double all[2] = {0.0, 0.0};
    for (uint32_t t = d->order; t < d->periods; t++) {
        double weight = 0.0;
        const int s = side(d, coins, t, &weight);
        if (s != 0) {
            sum[s > 0] += weight * y[t];
            all[s > 0] += weight;
        }
    }
    return all[0] > 0.0 && all[1] > 0.0 ? sum[1] / all[1] - sum[0] / all[0] : NAN;
}

// ---- variance: sums of blocks

static double block_sum(const ls_switchback *d, const double *y, uint32_t j) {
    double sum = 0.0;
    for (uint32_t t = (j + 1) * d->order; t < (j + 2) * d->order; t++) {
        sum += y[t];
    }
    return sum;
}

static uint8_t rule_of_block(const ls_switchback *d, const uint8_t *coins, uint32_t block) {
    return coins[ls_switchback_coin(d, block * d->order)];
}

static bool equal(const ls_switchback *d, const uint8_t *coins, uint32_t from, uint32_t to) {
    for (uint32_t b = from + 1; b <= to; b++) {
        if (rule_of_block(d, coins, b) != rule_of_block(d, coins, from)) {
            return false;
        }
    }
    return true;
}

static double variance_without_carryover(const double *y, uint32_t seen) {
    double sum = 0.0;
    for (uint32_t t = 0; t < seen; t++) {
        sum += 4.0 * y[t] * y[t];
    }
    return sum / seen / seen;
}

double ls_switchback_variance(const ls_switchback *d, const uint8_t *coins, const double *y) {
    if (d->order == 0) {
        return variance_without_carryover(y, d->periods);
    }
    const uint32_t last = d->periods / d->order - 2;
    const double kept = d->periods - d->order;
    double v = 0.0;
    for (uint32_t j = 0; j <= last; j++) {
        const double s = block_sum(d, y, j);
        const bool end = j == 0 || j == last;
        v += end ? 8.0 * s * s : 32.0 * s * s * equal(d, coins, j, j + 1);
        if (j < last) {
            const bool inner = j >= 1 && j + 1 < last;
            v += 16.0 * s * block_sum(d, y, j + 1) * equal(d, coins, inner ? j : j + 1, j + 2);
        }
    }
    return v / (kept * kept);
}

// A pair of neighbouring blocks can be seen with weight 16 when its three coins are equal, with 8
// at an end, where two are enough: then the expectation is exactly what belongs there. Each square
// carries its own variance and the half of two products of opposite rules. Where only whole blocks
// up to `blocks` have been seen, the last one carries half a product too many.
static double variance_centred(const ls_switchback *d, const uint8_t *coins, const double *y,
                               uint32_t blocks) {
    const uint32_t last = d->periods / d->order - 2;
    const double kept = (double)(blocks - 1) * d->order;
    double v = 0.0;
    for (uint32_t j = 0; j + 1 < blocks; j++) {
        const double s = block_sum(d, y, j);
        const bool end = j == 0 || j == last;
        v += (end ? 6.0 : 24.0) * s * s * equal(d, coins, j, j + 1);
        if (j + 2 < blocks) {
            const double weight = j == 0 || j + 1 == last ? 8.0 : 16.0;
            v += weight * s * block_sum(d, y, j + 1) * equal(d, coins, j, j + 2);
        }
    }
    return v > 0.0 ? v / (kept * kept) : 0.0;
}

double ls_switchback_variance_centred(const ls_switchback *d, const uint8_t *coins,
                                      const double *y) {
    return d->order == 0 ? variance_without_carryover(y, d->periods)
                         : variance_centred(d, coins, y, d->periods / d->order);
}

// ---- randomisation

// What a period adds to the estimate: `weighed` when its coins, first to last, show one side.
typedef struct window {
    uint32_t first, last;
    double weighed;
} window;

// Coins of a period's window and the weight do not depend on how they fall: worked out once, for
// some 20,000 throws. Neighbours with the same coins go together.
static uint32_t make_windows(const ls_switchback *d, const double *y, window *out) {
    uint32_t count = 0;
    for (uint32_t t = d->order; t < d->periods; t++) {
        const uint32_t first = ls_switchback_coin(d, t - d->order);
        const uint32_t last = ls_switchback_coin(d, t);
        const double weighed = ldexp(y[t], (int)(last - first + 1));
        if (count > 0 && out[count - 1].first == first && out[count - 1].last == last) {
            out[count - 1].weighed += weighed;
        } else {
            out[count++] = (window){first, last, weighed};
        }
    }
    return count;
}

static double sum_windows(const window *windows, uint32_t count, const uint8_t *coins) {
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        const window *w = &windows[i];
        const uint8_t rule = coins[w->first];
        bool alone = true;
        for (uint32_t c = w->first + 1; c <= w->last; c++) {
            alone = alone && coins[c] == rule;
        }
        const double added = alone ? w->weighed : 0.0;
        sum += rule != 0 ? added : -added;
    }
    return sum;
}

static void assign(uint8_t *coins, uint32_t count, uint64_t seed, uint64_t draw, bool exact) {
    const uint64_t key = ls_random_key(seed, draw);
    uint64_t bits = draw;
    for (uint32_t i = 0; i < count; i++) {
        if (!exact && i % 64 == 0) {
            bits = ls_random_bits(key, STREAM_COINS, i / 64);
        }
        coins[i] = (uint8_t)(bits >> i % 64 & 1);
    }
}

double ls_switchback_p(const ls_switchback *d, const uint8_t *coins, const double *y,
                       uint64_t seed) {
    const uint32_t count = ls_switchback_coins(d);
    const bool exact = count <= EXACT_COINS;
    const uint64_t all = exact ? UINT64_C(1) << count : DRAWN;
    uint8_t *other = ls_alloc(count);
    window *windows = other != NULL ? ls_alloc(d->periods * sizeof *windows) : NULL;
    if (windows == NULL) {
        ls_free(other);
        return NAN;
    }
    const uint32_t window_count = make_windows(d, y, windows);
    const double seen = fabs(sum_windows(windows, window_count, coins));
    uint64_t hits = 0;
    for (uint64_t i = 0; i < all; i++) {
        assign(other, count, seed, i, exact);
        hits += fabs(sum_windows(windows, window_count, other)) >= seen - 1e-12 * (1.0 + seen);
    }
    ls_free(windows);
    ls_free(other);
    return exact ? (double)hits / (double)all : (1.0 + (double)hits) / (1.0 + (double)all);
}

// ---- an experiment

static ls_status prepare(const ls_switchback_def *def, uint32_t seen, double *y, ls_error *err) {
    for (uint32_t t = 0; t < seen; t++) {
        y[t] = def->outcomes[t] - (def->forecast != NULL ? def->forecast[t] : 0.0) - def->centre;
        if (!isfinite(y[t])) {
            ls_fail(err, LS_ERR_INVALID, "period %u of the experiment has no value", t + 1);
            ls_hint(err,
                    "a rule may be the reason why one is missing, so that it is not left out; take "
                    "an outcome that is always there");
            return LS_ERR_INVALID;
        }
    }
    return LS_OK;
}

static ls_status answer(const ls_switchback_def *def, const double *y, ls_switchback_result *out,
                        ls_error *err) {
    const ls_switchback *d = &def->design;
    const uint32_t coins = ls_switchback_coins(d);
    out->effect = ls_switchback_ht(d, def->coins, y);
    out->hajek = ls_switchback_hajek(d, def->coins, y);
    out->standard_error = sqrt(ls_switchback_variance_centred(d, def->coins, y));
    const double half = ls_stat_normal_quantile(0.5 + def->level / 2.0) * out->standard_error;
    out->low = out->effect - half;
    out->high = out->effect + half;
    out->p = ls_switchback_p(d, def->coins, y, def->seed);
    out->p_least = coins <= EXACT_COINS ? ldexp(2.0, -(int)coins) : 1.0 / (1.0 + DRAWN);
    out->claimed = half > 0.0 && (out->low > 0.0 || out->high < 0.0) && out->p <= 1.0 - def->level;
    return isnan(out->p) ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
}

// Checks, then y of the first `seen` periods; ls_free.
static ls_status open_outcomes(const ls_switchback_def *def, uint32_t seen, double **out,
                               ls_error *err) {
    *out = NULL;
    ls_status status = ls_switchback_check(&def->design, def->carryover_us, err);
    if (status != LS_OK) {
        return status;
    }
    double *y = ls_alloc(def->design.periods * sizeof *y);
    if (y == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    status = prepare(def, seen, y, err);
    if (status != LS_OK) {
        ls_free(y);
        return status;
    }
    *out = y;
    return LS_OK;
}

ls_status ls_switchback_analyse(const ls_switchback_def *def, ls_switchback_result *out,
                                ls_error *err) {
    double *y = NULL;
    ls_status status = open_outcomes(def, def->design.periods, &y, err);
    if (status == LS_OK) {
        status = answer(def, y, out, err);
    }
    ls_free(y);
    return status;
}

// ---- looks at any time

// What the periods seen so far add up to: how many values, their mean, the variance of one.
static void look_at(const ls_switchback *d, const uint8_t *coins, const double *y, uint32_t seen,
                    ls_switchback_look *out) {
    const uint32_t block = d->order > 0 ? d->order : 1;
    const uint32_t whole = seen - seen % block;
    out->seen = whole;
    out->values = whole / block - (d->order > 0);
    out->effect = ht_of(d, coins, y, whole);
    out->variance = out->values * (d->order == 0 ? variance_without_carryover(y, whole)
                                                 : variance_centred(d, coins, y, whole / block));
}

ls_status ls_switchback_look_at(const ls_switchback_def *def, uint32_t seen,
                                ls_switchback_look *out, ls_error *err) {
    const ls_switchback *d = &def->design;
    const uint32_t block = d->order > 0 ? d->order : 1;
    double *y = NULL;
    *out = (ls_switchback_look){.effect = NAN, .low = -INFINITY, .high = INFINITY, .p = 1.0};
    seen = seen < d->periods ? seen : d->periods;
    const ls_status status = open_outcomes(def, seen, &y, err);
    if (status != LS_OK) {
        return status;
    }
    double most = 1.0;
    for (uint32_t at = block * LS_SWITCHBACK_FIRST_LOOK; at <= seen; at += block) {
        look_at(d, def->coins, y, at, out);
        const double v = out->variance;
        const double tau2 = v * LS_SWITCHBACK_MIXING;
        out->low = out->high = out->effect;
        if (v > 0.0) {
            const double half = ls_sequential_radius(out->values, v, tau2, def->level);
            out->low -= half;
            out->high += half;
            most = fmax(most, ls_sequential_ratio(out->effect, out->values, v, tau2));
        }
    }
    ls_free(y);
    out->p = 1.0 / most;
    out->claimed = out->p <= 1.0 - def->level;
    return LS_OK;
}
