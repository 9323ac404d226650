// online.c - see online.h.
#include "twin/estimate/online.h"

#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/units.h"

#define SLACK 0.5
#define LIMIT 10.0
#define SCORE_MOST 3.0

typedef struct side {  // one cumulative sum, and what was seen since its last zero
    double sum;
    int64_t since_us;
    uint64_t count;
    float ratios[LS_ONLINE_SINCE];  // the last ones, a ring
} side;

typedef struct quantity {
    uint64_t count;
    double ratio, ratio_square;  // forgetting means
    double expected;
    double level;       // ratio that the sums expect: 1, or what an alarm has taught
    uint32_t learning;  // values still to learn the level from
    float learned[LS_ONLINE_LEARN];
    side longer, shorter;
    bool drifted;
    ls_drift drift;
} quantity;

struct ls_online {
    const ls_plant *plant;
    uint32_t count;
    quantity *of;
};

ls_status ls_online_create(const ls_plant *plant, ls_online **out, ls_error *err) {
    *out = NULL;
    ls_online *online = ls_alloc(sizeof *online);
    const uint32_t count = ls_watched_count(plant);
    quantity *of = ls_alloc((count + 1) * sizeof *of);
    if (online == NULL || of == NULL) {
        ls_free(online);
        ls_free(of);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for estimates");
    }
    for (uint32_t i = 0; i < count; i++) {
        of[i].level = 1.0;
    }
    *online = (ls_online){.plant = plant, .count = count, .of = of};
    *out = online;
    return LS_OK;
}

void ls_online_destroy(ls_online *online) {
    if (online != NULL) {
        ls_free(online->of);
        ls_free(online);
    }
}

static void forget_and_add(quantity *q, double ratio) {
    q->count++;
    const double n = q->count < LS_ONLINE_MEMORY ? (double)q->count : (double)LS_ONLINE_MEMORY;
    q->ratio += (ratio - q->ratio) / n;
    q->ratio_square += (ratio * ratio - q->ratio_square) / n;
}

// True when the sum has passed its limit.
static bool add_to_side(side *s, double score, double ratio, int64_t time_us) {
    if (s->sum <= 0.0) {
        s->sum = 0.0;
        s->count = 0;
        s->since_us = time_us;
    }
    s->sum += fmin(score, SCORE_MOST) - SLACK;
    s->ratios[s->count++ % LS_ONLINE_SINCE] = (float)ratio;
    return s->sum > LIMIT;
}

static int by_size(const void *a, const void *b) {
    const float x = *(const float *)a;
    const float y = *(const float *)b;
    return x < y ? -1 : x > y;
}

// Sorts; the interval covers the median with 95 % (normal approximation of the binomial).
static double median_of(float *values, uint32_t count, double *out_low, double *out_high) {
    qsort(values, count, sizeof *values, by_size);
    const double half = 0.98 * sqrt((double)count);
    const double low = floor(0.5 * (double)count - half);
    const double high = ceil(0.5 * (double)count + half);
    *out_low = (double)values[low > 0.0 ? (uint32_t)low : 0];
    *out_high = (double)values[high < (double)count ? (uint32_t)high : count - 1];
    return count % 2 == 1 ? (double)values[count / 2]
                          : 0.5 * ((double)values[count / 2 - 1] + (double)values[count / 2]);
}

static ls_drift make_drift(const quantity *q, const side *s, const ls_watched *value,
                           int64_t time_us) {
    float ratios[LS_ONLINE_SINCE];
    const uint32_t count = s->count < LS_ONLINE_SINCE ? (uint32_t)s->count : LS_ONLINE_SINCE;
    for (uint32_t i = 0; i < count; i++) {
        ratios[i] = s->ratios[i];
    }
    ls_drift drift = {.quantity = value->number,
                      .time_us = time_us,
                      .since_us = s->since_us,
                      .expected = value->expected,
                      .count = s->count,
                      .again = q->drifted};
    drift.ratio = median_of(ratios, count, &drift.ratio_low, &drift.ratio_high);
    drift.is = value->expected * drift.ratio;
    return drift;
}

// The new level is learned before the sums run again.
static void start_learning(quantity *q) {
    q->longer.sum = 0.0;
    q->shorter.sum = 0.0;
    q->learning = LS_ONLINE_LEARN;
}

static bool learns(quantity *q, double ratio) {
    if (q->learning == 0) {
        return false;
    }
    q->learned[--q->learning] = (float)ratio;
    if (q->learning == 0) {
        double low = 0.0;
        double high = 0.0;
        q->level = fmax(median_of(q->learned, LS_ONLINE_LEARN, &low, &high), 1e-6);
    }
    return true;
}

// The score of the value as it would be at the level that is expected by now.
static double score_at_level(const ls_online *online, const quantity *q, const ls_watched *value) {
    if (q->level == 1.0) {
        return value->score;
    }
    return ls_watched_score(online->plant, value->dist, value->value / q->level);
}

bool ls_online_fact(ls_online *online, const ls_fact *fact, ls_drift *out) {
    ls_watched value;
    if (!ls_watched_of_fact(online->plant, fact, &value)) {
        return false;
    }
    quantity *q = online->of + value.number;
    const double ratio = value.value / value.expected;
    forget_and_add(q, ratio);
    q->expected = value.expected;
    if (learns(q, ratio)) {
        return false;
    }
    const double score = score_at_level(online, q, &value);
    const bool longer = add_to_side(&q->longer, score, ratio, fact->time_us);
    const bool shorter = add_to_side(&q->shorter, -score, ratio, fact->time_us);
    if (!longer && !shorter) {
        return false;
    }
    *out = make_drift(q, longer ? &q->longer : &q->shorter, &value, fact->time_us);
    q->drift = *out;
    q->drifted = true;
    start_learning(q);
    return true;
}

uint32_t ls_online_count(const ls_online *online) {
    return online->count;
}

ls_estimate_of ls_online_describe(const ls_online *online, uint32_t quantity_number) {
    const quantity *q = online->of + quantity_number;
    return (ls_estimate_of){
        .count = q->count,
        .ratio = q->count > 0 ? q->ratio : NAN,
        .ratio_sd = q->count > 1 ? sqrt(fmax(q->ratio_square - q->ratio * q->ratio, 0.0)) : NAN,
        .expected = q->expected,
        .drifted = q->drifted,
        .drift = q->drift};
}

void ls_online_text(const ls_online *online, const ls_drift *drift, char *out, size_t size) {
    char name[160];
    char since[64];
    char was[64];
    char is[64];
    ls_watched_name(online->plant, drift->quantity, name, sizeof name);
    ls_units_print_date(online->plant->start_us + drift->since_us, since, sizeof since);
    if (ls_watched_is_count(online->plant, drift->quantity)) {
        ls_text_format(was, sizeof was, "%.4g", drift->expected);
        ls_text_format(is, sizeof is, "%.4g", drift->is);
    } else {
        ls_text_format(was, sizeof was, "%.4g s", drift->expected * 1e-6);
        ls_text_format(is, sizeof is, "%.4g s", drift->is * 1e-6);
    }
    ls_text_format(out, size,
                   "%s: %s in place of the %s that the plant file says (%.2f times, %.2f to %.2f) "
                   "since %s, by %llu values",
                   name, is, was, drift->ratio, drift->ratio_low, drift->ratio_high, since,
                   (unsigned long long)drift->count);
}
