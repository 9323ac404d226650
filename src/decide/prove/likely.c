// likely.c - see likely.h.
#include "decide/prove/likely.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/kmath.h"

static const double PRIOR_VARIANCE = 2.25;  // of the share, around 0
// Of the disturbance, in the variance of a shock to its short-lived part.
static const double memories[] = {0.0, 0.5, 0.8, 0.9, 0.95, 0.98};
static const double wanderings[] = {0.0, 0.003, 0.03, 0.3, 3.0};  // of its level, at each step
static const double noises[] = {0.0, 0.3, 1.0, 4.0};              // of a measurement
enum {
    MEMORIES = sizeof memories / sizeof memories[0],
    WANDERINGS = sizeof wanderings / sizeof wanderings[0],
    NOISES = sizeof noises / sizeof noises[0],
    CELLS = LS_LIKELY_SHAPES * MEMORIES * WANDERINGS * NOISES
};

static const double FREE = 1e6;  // variance of the level where it has jumped, in that of a shock
static const double FAR = 6.0;   // from which a step is a jump, in what steps usually are
enum { JUMPS_MOST = 8 };

typedef struct filter {
    uint32_t count;
    const bool *jumps;          // before each value
    double memory, log_spread;  // sum of the logarithms of the innovations' variances
    double gain[LS_LIKELY_STEPS], level_gain[LS_LIKELY_STEPS];
    double weight[LS_LIKELY_STEPS];
} filter;

// From the stationary disturbance around a level that is asked for; a shock's variance is 1.
static void make_filter(filter *f, double memory, double wandering, double noise) {
    const uint32_t count = f->count;
    double aa = 1.0 / (1.0 - memory * memory);
    double ab = 0.0;
    double bb = 0.0;
    f->memory = memory;
    f->log_spread = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        bb += f->jumps[i] ? FREE : 0.0;
        const double spread = aa + 2.0 * ab + bb + noise;
        const double ka = (aa + ab) / spread;
        const double kb = (ab + bb) / spread;
        f->gain[i] = ka;
        f->level_gain[i] = kb;
        f->weight[i] = 1.0 / sqrt(spread);
        f->log_spread += ls_log(spread);
        const double after = aa - ka * (aa + ab);
        const double between = ab - ka * (ab + bb);
        bb = bb - kb * (ab + bb) + wandering;
        ab = memory * between;
        aa = memory * memory * after + 1.0;
    }
}

// Innovations, each over its standard deviation.
static void innovate(const filter *f, const double *series, double *out) {
    double expected = 0.0;
    double level = 0.0;
    for (uint32_t i = 0; i < f->count; i++) {
        const double surprise = series[i] - expected - level;
        expected = f->memory * (expected + f->gain[i] * surprise);
        level += f->level_gain[i] * surprise;
        out[i] = surprise * f->weight[i];
    }
}

static double product(const double *a, const double *b, uint32_t count) {
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static void off_mean(const double *series, uint32_t count, double *out) {
    double mean = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        mean += series[i] / count;
    }
    for (uint32_t i = 0; i < count; i++) {
        out[i] = series[i] - mean;
    }
}

// ---- jumps

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

// Root of the mean square of the steps, without the twentieth of them that are greatest.
static double usual_step(const double *steps, uint32_t count) {
    double sorted[LS_LIKELY_STEPS];
    double sum = 0.0;
    memcpy(sorted, steps, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_size);
    const uint32_t kept = count - count / 20;
    for (uint32_t i = 0; i < kept; i++) {
        sum += sorted[i] * sorted[i];
    }
    return sqrt(sum / kept);
}

// Steps that are far too great both as they are and without what is declared: so what a setting
// does at once is none. The greatest of them, where they are many.
static void find_jumps(const double *y, const double *effect, uint32_t count, bool *out) {
    double plain[LS_LIKELY_STEPS] = {0};
    double rest[LS_LIKELY_STEPS] = {0};
    for (uint32_t i = 1; i < count; i++) {
        plain[i] = fabs(y[i] - y[i - 1]);
        rest[i] = fabs(y[i] - y[i - 1] - effect[i] + effect[i - 1]);
    }
    const double least_plain = FAR * usual_step(plain, count);
    const double least_rest = FAR * usual_step(rest, count);
    memset(out, 0, count * sizeof *out);
    for (uint32_t found = 0; found < JUMPS_MOST; found++) {
        uint32_t greatest = 0;
        for (uint32_t i = 1; i < count; i++) {
            const bool far = plain[i] > least_plain && rest[i] > least_rest && !out[i];
            greatest = far && (greatest == 0 || rest[i] > rest[greatest]) ? i : greatest;
        }
        if (greatest == 0) {
            return;
        }
        out[greatest] = true;
    }
}

// ---- evidence

// What the innovations say of the share, times the prior. Returns the logarithm of the evidence.
static double judge(double yy, double xy, double xx, double seen_least, double level,
                    const filter *f, ls_likely_cell *out) {
    const double n = f->count;
    const bool seen = xx > seen_least;
    const double rest = seen ? yy - xy * xy / xx : yy;
    const double floor = 1e-14 * yy + 1e-300;
    const double squares = rest > floor ? rest : floor;
    double log_evidence = -0.5 * (f->log_spread + ls_log(level) + (n - 1.0) * ls_log(squares));
    out->share = 0.0;
    out->sd = sqrt(PRIOR_VARIANCE);
    if (seen) {
        const double share = xy / xx;
        const double variance = squares / ((n - 3.0) * xx);
        const double both = variance + PRIOR_VARIANCE;
        log_evidence += 0.5 * (ls_log(variance) - ls_log(both) - share * share / both);
        out->share = share * PRIOR_VARIANCE / both;
        out->sd = sqrt(variance * PRIOR_VARIANCE / both);
    }
    return log_evidence;
}

// Logarithms become shares of the whole, each with all before it.
static void add_up(ls_likely *likely) {
    double most = -INFINITY;
    double sum = 0.0;
    for (size_t i = 0; i < likely->count; i++) {
        most = likely->cells[i].weight > most ? likely->cells[i].weight : most;
    }
    for (size_t i = 0; i < likely->count; i++) {
        sum += ls_exp(likely->cells[i].weight - most);
        likely->cells[i].weight = sum;
    }
    for (size_t i = 0; i < likely->count; i++) {
        likely->cells[i].weight /= sum;
    }
}

static void fill_noise(const filter *f, const double *one, const double *y,
                       double (*effects)[LS_LIKELY_STEPS], uint32_t shapes, ls_likely *out) {
    double u[LS_LIKELY_STEPS], v[LS_LIKELY_STEPS], w[LS_LIKELY_STEPS];
    const uint32_t n = f->count;
    innovate(f, one, u);
    innovate(f, y, v);
    const double level = product(u, u, n);
    const double mean = product(u, v, n);
    const double yy = product(v, v, n) - mean * mean / level;
    for (uint32_t s = 0; s < shapes; s++) {
        innovate(f, effects[s], w);
        const double along = product(u, w, n);
        const double whole = product(w, w, n);
        ls_likely_cell *cell = &out->cells[out->count++];
        cell->shape = s;
        cell->weight = judge(yy, product(v, w, n) - mean * along / level,
                             whole - along * along / level, 1e-12 * whole, level, f, cell);
    }
}

static void fill(const double *values, uint32_t count, const double *const *effects,
                 uint32_t shapes, uint32_t declared, ls_likely *out) {
    double x[LS_LIKELY_SHAPES][LS_LIKELY_STEPS];
    double y[LS_LIKELY_STEPS], one[LS_LIKELY_STEPS];
    bool jumps[LS_LIKELY_STEPS];
    filter f = {.count = count, .jumps = jumps};
    off_mean(values, count, y);
    for (uint32_t i = 0; i < count; i++) {
        one[i] = 1.0;
    }
    for (uint32_t s = 0; s < shapes; s++) {
        off_mean(effects[s], count, x[s]);
    }
    find_jumps(y, x[declared], count, jumps);
    for (uint32_t m = 0; m < MEMORIES; m++) {
        for (uint32_t w = 0; w < WANDERINGS; w++) {
            // Without memory the shocks are noise of a measurement already.
            for (uint32_t k = 0; k < NOISES && (m > 0 || k == 0); k++) {
                make_filter(&f, memories[m], wanderings[w], noises[k]);
                fill_noise(&f, one, y, x, shapes, out);
            }
        }
    }
    add_up(out);
}

ls_status ls_likely_make(const double *values, uint32_t count, const double *const *effects,
                         uint32_t shapes, uint32_t declared, ls_likely *out, ls_error *err) {
    assert(count >= LS_LIKELY_LEAST && count <= LS_LIKELY_STEPS);
    assert(shapes >= 1 && shapes <= LS_LIKELY_SHAPES && declared < shapes);
    *out = (ls_likely){.cells = ls_alloc(CELLS * sizeof *out->cells)};
    if (out->cells == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory for what a setting may have brought");
    }
    fill(values, count, effects, shapes, declared, out);
    return LS_OK;
}

void ls_likely_clear(ls_likely *likely) {
    ls_free(likely->cells);
    memset(likely, 0, sizeof *likely);
}

void ls_likely_draw(const ls_likely *likely, double which, double where, uint32_t *out_shape,
                    double *out_share) {
    size_t i = 0;
    while (i + 1 < likely->count && likely->cells[i].weight <= which) {
        i++;
    }
    const ls_likely_cell *cell = &likely->cells[i];
    *out_shape = cell->shape;
    *out_share = cell->share + cell->sd * ls_normal_quantile(where > 1e-12 ? where : 1e-12);
}
