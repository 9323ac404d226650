// settings.c - see settings.h.
#include "decide/prove/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/text.h"
#include "base/units.h"
#include "decide/prove/likely.h"

enum { FINE = 1024, FUTURES = LS_COUNTERFACTUAL_FUTURES, DECLARED = 12 };
enum {
    HEARD_LEAST = 8,  // values; told when they change they may be few
    LATE_PART = 16    // of the span, at whose begin nothing need have been heard
};

// A shape of the response: its time constant and its dead time, times these.
static const double taus[] = {0.5, 0.70710678118654752, 1.0, 1.41421356237309505, 2.0};
static const double delays[] = {0.0, 0.5, 1.0, 1.5, 2.0};
enum { TAUS = 5, DELAYS = 5 };  // DECLARED is the one in the middle
_Static_assert(TAUS *DELAYS == LS_LIKELY_SHAPES && 2 * DECLARED + 1 == LS_LIKELY_SHAPES,
               "the declared shape stands in the middle");

typedef struct judging {
    const ls_settings_def *def;
    ls_likely likely;
    uint32_t count;  // values of the grid
    int64_t at_us[LS_LIKELY_STEPS];
    double values[LS_LIKELY_STEPS];
    double effects[LS_LIKELY_SHAPES][LS_LIKELY_STEPS];  // of all changes, also those of people
    int64_t fine_us[FINE];                              // within the span
    double measured[FINE];
    double brought[LS_LIKELY_SHAPES][FINE];  // there, by what is judged; NaN: not yet
    double gains[FUTURES];
} judging;

// ---- courses

static ls_measured shaped(const ls_measured *declared, uint32_t shape) {
    ls_measured m = *declared;
    m.tau_us = (int64_t)((double)m.tau_us * taus[shape / DELAYS]);
    m.delay_us = (int64_t)((double)m.delay_us * delays[shape % DELAYS]);
    return m;
}

static const double *brought_in(judging *j, uint32_t shape) {
    double *out = j->brought[shape];
    if (!isnan(out[0])) {
        return out;
    }
    memset(out, 0, sizeof j->brought[shape]);
    for (uint32_t s = 0; s < j->def->setting_count; s++) {
        const ls_setting_past *p = &j->def->settings[s];
        const ls_measured m = shaped(p->response, shape);
        for (uint32_t i = 0; i < FINE; i++) {
            out[i] += ls_seen_brought(&m, p->actual, p->actual_count, j->fine_us[i], 0.0) -
                      ls_seen_brought(&m, p->own, p->own_count, j->fine_us[i], 0.0);
        }
    }
    return out;
}

// ---- the grid

// One that is not old is of its own moment; after a longer silence it still holds.
static double value_at(const ls_settings_def *def, int64_t at_us, int64_t fresh_us,
                       int64_t *out_us) {
    const ls_seen *heard = ls_seen_at(def->values, def->value_count, at_us);
    *out_us = at_us - heard->at_us < fresh_us ? heard->at_us : at_us;
    return heard->number;
}

static void lay_fine(judging *j) {
    const ls_settings_def *def = j->def;
    const double span_us = (double)(def->until_us - def->from_us);
    const int64_t fresh_us = j->at_us[1] - j->at_us[0];
    for (uint32_t i = 0; i < FINE; i++) {
        const int64_t at_us = def->from_us + (int64_t)((i + 0.5) / FINE * span_us);
        j->measured[i] = value_at(def, at_us, fresh_us, &j->fine_us[i]);
    }
}

static int by_gap(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

// Between two values that came one after the other, in the middle of them all: a value that is told
// when it changes may be silent for long, and one that is polled never comes faster.
static int64_t usual_gap_us(const ls_seen *values, uint32_t count) {
    int64_t gaps[LS_LIKELY_STEPS];
    const uint32_t stride = (count - 1 + LS_LIKELY_STEPS - 1) / LS_LIKELY_STEPS;
    uint32_t taken = 0;
    for (uint32_t i = 1; i < count; i += stride) {
        gaps[taken++] = values[i].at_us - values[i - 1].at_us;
    }
    qsort(gaps, taken, sizeof gaps[0], by_gap);
    return gaps[taken / 2];
}

// As far before the span as it is long, no finer than values came.
static bool lay_grid(judging *j) {
    const ls_settings_def *def = j->def;
    int64_t first_us = def->from_us - (def->until_us - def->from_us);
    first_us = def->values[0].at_us > first_us ? def->values[0].at_us : first_us;
    for (uint32_t s = 0; s < def->setting_count; s++) {
        const int64_t known_us = def->settings[s].actual[0].at_us;
        first_us = known_us > first_us ? known_us : first_us;
    }
    uint32_t came = 0;
    uint32_t end = 0;
    for (uint32_t i = 0; i < def->value_count && def->values[i].at_us <= def->until_us; i++) {
        came = def->values[i].at_us >= first_us ? came + 1 : 0;
        end = i + 1;
    }
    if (came < HEARD_LEAST ||
        first_us - def->from_us > (def->until_us - def->from_us) / LATE_PART) {
        return false;
    }
    const int64_t gap_us = usual_gap_us(def->values + (end - came), came);
    const int64_t steps = gap_us > 0 ? (def->until_us - first_us) / gap_us : LS_LIKELY_STEPS;
    j->count = steps < LS_LIKELY_STEPS ? (uint32_t)steps : LS_LIKELY_STEPS;
    if (j->count < LS_LIKELY_LEAST) {
        return false;
    }
    const double span_us = (double)(def->until_us - first_us);
    for (uint32_t i = 0; i < j->count; i++) {
        const double part = (double)i / (j->count - 1);
        const int64_t at_us = first_us + (int64_t)(part * span_us);
        j->values[i] = value_at(def, at_us, (int64_t)(span_us / (j->count - 1)), &j->at_us[i]);
    }
    return true;
}

static void lay_effects(judging *j) {
    memset(j->effects, 0, sizeof j->effects);
    for (uint32_t shape = 0; shape < LS_LIKELY_SHAPES; shape++) {
        for (uint32_t s = 0; s < j->def->setting_count; s++) {
            const ls_setting_past *p = &j->def->settings[s];
            const ls_measured m = shaped(p->response, shape);
            for (uint32_t i = 0; i < j->count; i++) {
                j->effects[shape][i] += ls_seen_brought(&m, p->actual, p->actual_count, j->at_us[i],
                                                        0.0);
            }
        }
        j->brought[shape][0] = NAN;
    }
}

// ---- costs

// Of the course `measured - share * less + more`; NULL is 0.
static double cost_of(const judging *j, double share, const double *less, const double *more) {
    const ls_settings_def *def = j->def;
    double sum = 0.0;
    for (uint32_t i = 0; i < FINE; i++) {
        const double value = j->measured[i] - (less != NULL ? share * less[i] : 0.0) +
                             (more != NULL ? more[i] : 0.0);
        sum += def->minimizes ? value : fabs(value - def->target);
    }
    return sum / FINE * ((double)(def->until_us - def->from_us) / (double)LS_US_PER_HOUR);
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void play(judging *j, ls_counterfactual_result *out) {
    const double line = cost_of(j, 0.0, NULL, NULL);
    const double *declared = brought_in(j, DECLARED);
    double own = 0.0;
    double again = 0.0;
    for (uint32_t i = 0; i < FUTURES; i++) {
        uint32_t shape = 0;
        double share = 0.0;
        ls_likely_draw(&j->likely, ls_random_uniform(j->def->seed, 0, i),
                       ls_random_uniform(j->def->seed, 1, i), &shape, &share);
        const double *seen = brought_in(j, shape);
        j->gains[i] = cost_of(j, share, seen, NULL) - line;
        own += j->gains[i] / FUTURES;
        again += (cost_of(j, share, seen, declared) - line) / FUTURES;
    }
    qsort(j->gains, FUTURES, sizeof j->gains[0], by_value);
    out->gain = own;
    out->low = j->gains[1];  // the 2nd and the 78th of 79 hold 95 %
    out->high = j->gains[FUTURES - 2];
    out->error = fabs(again);
    ls_counterfactual_show(out);
}

// ---- judging

static ls_status check(const ls_settings_def *def, ls_error *err) {
    bool sound = def->setting_count >= 1 && def->setting_count <= LS_SETTINGS_MOST &&
                 def->until_us > def->from_us;
    for (uint32_t s = 0; s < def->setting_count && sound; s++) {
        sound = def->settings[s].actual_count > 0 && def->settings[s].own_count > 0;
    }
    return sound
               ? LS_OK
               : ls_fail(err, LS_ERR_INVALID, "no span of time, or no setting was in force in it");
}

ls_status ls_settings_judge(const ls_settings_def *def, ls_counterfactual_result *out,
                            ls_error *err) {
    *out = (ls_counterfactual_result){.gain = NAN, .low = NAN, .high = NAN, .error = NAN};
    ls_status status = check(def, err);
    judging *j = status == LS_OK ? ls_alloc(sizeof *j) : NULL;
    if (status == LS_OK && j == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for what settings brought");
    }
    if (status != LS_OK) {
        return status;
    }
    j->def = def;
    if (def->value_count == 0 || !lay_grid(j)) {
        ls_text_format(
            out->why, sizeof out->why,
            "the value and its setting were heard too seldom to tell what the one does to the "
            "other");
    } else {
        const double *effects[LS_LIKELY_SHAPES];
        lay_effects(j);
        lay_fine(j);
        for (uint32_t shape = 0; shape < LS_LIKELY_SHAPES; shape++) {
            effects[shape] = j->effects[shape];
        }
        status = ls_likely_make(j->values, j->count, effects, LS_LIKELY_SHAPES, DECLARED,
                                &j->likely, err);
        if (status == LS_OK) {
            play(j, out);
        }
        ls_likely_clear(&j->likely);
    }
    ls_free(j);
    return status;
}
