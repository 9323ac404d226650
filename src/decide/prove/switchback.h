// switchback.h - an experiment in time: the line runs by one rule or the other, by coins.
//
// Design, estimator and variance of Bojinov, Simchi-Levi, Zhao, "Design and analysis of switchback
// experiments", Management Science 2023. The time is cut into periods; a rule acts on the outcome
// of its own and of the next `order` periods (the carryover). Coins are thrown at periods 1, 2m+1,
// 3m+1, ..., (n-2)m+1 with m the order and periods = n m, n at least 4; between them nothing
// changes. Order 0: a coin for each period.
//
// What is compared is what was assigned, not what was done: where a guard kept the new rule from
// acting, its period still counts as one of the new rule. Pure; periods are numbered from 0 here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct ls_switchback {
    uint32_t periods, order;
    int64_t period_us;
} ls_switchback;

// LS_OK, or LS_ERR_INVALID with the reason: a shape that is none, or blocks (order x period) that
// are shorter than the carryover, with the length that would do. A carryover that is not known
// (negative) is refused too: short blocks give the wrong sign with a tight interval.
ls_status ls_switchback_check(const ls_switchback *design, int64_t carryover_us, ls_error *err);

uint32_t ls_switchback_coins(const ls_switchback *design);                  // how many
uint32_t ls_switchback_coin(const ls_switchback *design, uint32_t period);  // of which coin it is
// Coin `coin` of the design that this seed draws: true is the new rule.
bool ls_switchback_draw(uint64_t seed, uint32_t coin);

// `coins`: one byte per coin, 0 or 1. `outcomes`: one number per period. All take a checked design.
// Horvitz-Thompson estimate of the new rule's effect per period. It is not invariant to a shift of
// the outcomes: take a constant, fixed before the experiment, from all of them first.
double ls_switchback_ht(const ls_switchback *design, const uint8_t *coins, const double *outcomes);
// Weights that sum to one on either side (Hajek); invariant to a shift. NaN: a side has no period.
double ls_switchback_hajek(const ls_switchback *design, const uint8_t *coins,
                           const double *outcomes);
// Conservative estimate of the variance of the first, as in decide.md: outcomes of one sign.
double ls_switchback_variance(const ls_switchback *design, const uint8_t *coins,
                              const double *outcomes);
// The same bound for outcomes of any sign, as centred ones are; tighter too. Products of
// neighbours that can be seen have their exact weight; those that cannot are bounded by squares.
double ls_switchback_variance_centred(const ls_switchback *design, const uint8_t *coins,
                                      const double *outcomes);
// Two-sided p of the sharp null: no period's outcome depends on the rule. Coins are thrown anew
// from the design: all assignments up to 16 coins, else 20,000 drawn ones ((1 + hits) / (1 + n)).
double ls_switchback_p(const ls_switchback *design, const uint8_t *coins, const double *outcomes,
                       uint64_t seed);

typedef struct ls_switchback_def {
    ls_switchback design;
    int64_t carryover_us;    // measured on the twin (carryover.h)
    const uint8_t *coins;    // as thrown
    const double *outcomes;  // NaN: a period without a value; the experiment is then refused
    const double *forecast;  // the twin's, of each period under one fixed rule; NULL: none
    double centre;           // fixed before the experiment; of outcomes less forecasts
    double level;            // e.g. 0.95
    uint64_t seed;           // of drawn assignments
} ls_switchback_def;

typedef struct ls_switchback_result {
    double effect, low, high;  // Horvitz-Thompson, centred; conservative normal interval
    double hajek;
    double standard_error;
    double p, p_least;  // p_least: no p from so few coins can be smaller
    bool claimed;       // the interval is off 0 and p <= 1 - level
} ls_switchback_result;
// LS_ERR_INVALID says why there is no answer. Fails with LS_ERR_MEMORY.
ls_status ls_switchback_analyse(const ls_switchback_def *def, ls_switchback_result *out,
                                ls_error *err);

// ---- before the end

// The first look: after fewer blocks the variance is hardly known. Mixing variance, in variances of
// one value: narrowest near thirty values.
enum { LS_SWITCHBACK_FIRST_LOOK = 10 };
#define LS_SWITCHBACK_MIXING 0.1

typedef struct ls_switchback_look {
    uint32_t seen, values;     // whole blocks of periods; block sums behind the estimate
    double effect, low, high;  // NaN, infinite: too early
    double variance;           // of one value: the conservative one
    double p;                  // the least of all looks so far
    bool claimed;
} ls_switchback_look;
// What the first `seen` periods say, however often one looks and whenever one stops: the mixture
// sequential test of sequential.h at every block's end, with the conservative variance so far in
// the place of a known one (so exact in the long run alone; the tests count false claims). Outcomes
// and forecasts behind `seen` are not read. Fails like ls_switchback_analyse.
ls_status ls_switchback_look_at(const ls_switchback_def *def, uint32_t seen,
                                ls_switchback_look *out, ls_error *err);
