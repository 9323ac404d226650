// search.c - see search.h.
#include "twin/calibrate/search.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/kmath.h"

enum { N = LS_SEARCH_DIMENSIONS_MAX, ROUNDS = 400, RESTARTS = 2, NEWTON_STEPS = 4 };
static const double DIFFERENCE = 1e-4;
static const double SIMPLEX_DONE = 1e-9;

typedef struct vertex {
    double x[N];
    double value;
} vertex;

typedef struct simplex {
    vertex at[N + 1];  // best first
    uint32_t n;
    ls_search_fn f;
    const void *context;
} simplex;

static double ask(const simplex *s, const double *x) {
    const double value = s->f(s->context, x);
    return ls_is_finite(value) ? value : -INFINITY;
}

static void sort(simplex *s) {
    for (uint32_t i = 1; i <= s->n; i++) {
        const vertex v = s->at[i];
        uint32_t k = i;
        for (; k > 0 && s->at[k - 1].value < v.value; k--) {
            s->at[k] = s->at[k - 1];
        }
        s->at[k] = v;
    }
}

// The point on the line from the worst vertex through the middle of the others.
static vertex along(const simplex *s, double factor) {
    vertex v;
    for (uint32_t k = 0; k < s->n; k++) {
        double middle = 0.0;
        for (uint32_t i = 0; i < s->n; i++) {
            middle += s->at[i].x[k] / (double)s->n;
        }
        v.x[k] = middle + factor * (s->at[s->n].x[k] - middle);
    }
    v.value = ask(s, v.x);
    return v;
}

static void shrink(simplex *s) {
    for (uint32_t i = 1; i <= s->n; i++) {
        for (uint32_t k = 0; k < s->n; k++) {
            s->at[i].x[k] = 0.5 * (s->at[i].x[k] + s->at[0].x[k]);
        }
        s->at[i].value = ask(s, s->at[i].x);
    }
}

static void move(simplex *s) {
    vertex *worst = &s->at[s->n];
    const vertex reflected = along(s, -1.0);
    if (reflected.value > s->at[0].value) {
        const vertex far = along(s, -2.0);
        *worst = far.value > reflected.value ? far : reflected;
    } else if (reflected.value > s->at[s->n - 1].value) {
        *worst = reflected;
    } else {
        const vertex inner = along(s, reflected.value > worst->value ? -0.5 : 0.5);
        if (inner.value > worst->value && inner.value >= reflected.value) {
            *worst = inner;
        } else {
            shrink(s);
        }
    }
    sort(s);
}

static bool is_small(const simplex *s) {
    double size = 0.0;
    for (uint32_t i = 1; i <= s->n; i++) {
        for (uint32_t k = 0; k < s->n; k++) {
            size = fmax(size, ls_abs(s->at[i].x[k] - s->at[0].x[k]));
        }
    }
    return size < SIMPLEX_DONE;
}

static void climb(simplex *s, double step, double *x) {
    memset(s->at, 0, sizeof s->at);
    for (uint32_t i = 0; i <= s->n; i++) {
        memcpy(s->at[i].x, x, s->n * sizeof *x);
        if (i > 0) {
            s->at[i].x[i - 1] += step;
        }
        s->at[i].value = ask(s, s->at[i].x);
    }
    sort(s);
    for (int round = 0; round < ROUNDS && !is_small(s); round++) {
        move(s);
    }
    memcpy(x, s->at[0].x, s->n * sizeof *x);
}

static double shifted(const simplex *s, const double *x, uint32_t i, double di, uint32_t k,
                      double dk) {
    double y[N] = {0};
    memcpy(y, x, s->n * sizeof *y);
    y[i] += di;
    y[k] += dk;
    return ask(s, y);
}

static void derive(const simplex *s, const double *x, double *gradient, double *second) {
    const double h = DIFFERENCE;
    const double middle = ask(s, x);
    for (uint32_t i = 0; i < s->n; i++) {
        const double up = shifted(s, x, i, h, i, 0.0);
        const double down = shifted(s, x, i, -h, i, 0.0);
        gradient[i] = (up - down) / (2.0 * h);
        second[i * s->n + i] = (up - 2.0 * middle + down) / (h * h);
        for (uint32_t k = 0; k < i; k++) {
            const double cross = (shifted(s, x, i, h, k, h) - shifted(s, x, i, h, k, -h) -
                                  shifted(s, x, i, -h, k, h) + shifted(s, x, i, -h, k, -h)) /
                                 (4.0 * h * h);
            second[i * s->n + k] = cross;
            second[k * s->n + i] = cross;
        }
    }
}

// Inverts minus a (symmetric, n x n) by Cholesky; false when that is not positive definite.
static bool invert_minus(const double *a, uint32_t n, double *out) {
    double l[N * N] = {0};
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k <= i; k++) {
            double sum = -a[i * n + k];
            for (uint32_t j = 0; j < k; j++) {
                sum -= l[i * N + j] * l[k * N + j];
            }
            if (i == k && !(sum > 0.0 && ls_is_finite(sum))) {
                return false;
            }
            l[i * N + k] = i == k ? sqrt(sum) : sum / l[k * N + k];
        }
    }
    for (uint32_t column = 0; column < n; column++) {
        double y[N] = {0};
        for (uint32_t i = 0; i < n; i++) {
            double sum = i == column ? 1.0 : 0.0;
            for (uint32_t j = 0; j < i; j++) {
                sum -= l[i * N + j] * y[j];
            }
            y[i] = sum / l[i * N + i];
        }
        for (uint32_t i = n; i-- > 0;) {
            double sum = y[i];
            for (uint32_t j = i + 1; j < n; j++) {
                sum -= l[j * N + i] * out[j * n + column];
            }
            out[i * n + column] = sum / l[i * N + i];
        }
    }
    return true;
}

static double newton(const simplex *s, double value, double *x) {
    for (int step = 0; step < NEWTON_STEPS; step++) {
        double gradient[N] = {0};
        double second[N * N] = {0};
        double inverse[N * N] = {0};
        double next[N] = {0};
        derive(s, x, gradient, second);
        if (!invert_minus(second, s->n, inverse)) {
            break;
        }
        for (uint32_t i = 0; i < s->n; i++) {
            next[i] = x[i];
            for (uint32_t k = 0; k < s->n; k++) {
                next[i] += inverse[i * s->n + k] * gradient[k];
            }
        }
        // The top is flat: a better place may have a value that is lower by rounding.
        const double there = ask(s, next);
        if (!(there >= value - 1e-9 * (1.0 + ls_abs(value)))) {
            break;
        }
        memcpy(x, next, s->n * sizeof *x);
        value = there;
    }
    return value;
}

double ls_search_top(ls_search_fn f, const void *context, uint32_t dimensions, double step,
                     double *x) {
    assert(dimensions >= 1 && dimensions <= N);
    simplex s = {.n = dimensions, .f = f, .context = context};
    for (int i = 0; i < RESTARTS; i++) {
        climb(&s, i == 0 ? step : 0.1 * step, x);
    }
    return newton(&s, s.at[0].value, x);
}

bool ls_search_covariance(ls_search_fn f, const void *context, uint32_t dimensions, const double *x,
                          double *out) {
    assert(dimensions >= 1 && dimensions <= N);
    const simplex s = {.n = dimensions, .f = f, .context = context};
    double gradient[N] = {0};
    double second[N * N] = {0};
    derive(&s, x, gradient, second);
    return invert_minus(second, dimensions, out);
}

double ls_search_zero(double (*f)(const void *context, double x), const void *context, double low,
                      double high) {
    if (f(context, low) >= 0.0) {
        return low;
    }
    if (f(context, high) <= 0.0) {
        return high;
    }
    for (int i = 0; i < 200; i++) {
        const double middle = low + 0.5 * (high - low);
        if (middle <= low || middle >= high) {
            break;
        }
        if (f(context, middle) < 0.0) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + 0.5 * (high - low);
}
