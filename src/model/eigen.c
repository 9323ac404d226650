#include "model/eigen.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { STEPS_MOST = 60 };  // QL steps for one value; two or three are usual

// sqrt(a^2 + b^2) without overflow; hypot of the C library may differ from CPU to CPU.
static double length_of(double a, double b) {
    a = fabs(a);
    b = fabs(b);
    const double most = a > b ? a : b, least = a > b ? b : a;
    if (most == 0.0) {
        return 0.0;
    }
    const double ratio = least / most;
    return most * sqrt(1.0 + ratio * ratio);
}

// The Householder vector that turns x[0..n-1] into a multiple of the first unit vector, in place;
// returns tau (0 where nothing is to do, all but the first being at most `least`) and the multiple.
static double reflector(double *x, size_t n, double least, double *out_beta) {
    double scale = 0.0;
    for (size_t i = 1; i < n; i++) {
        scale = fmax(scale, fabs(x[i]));
    }
    *out_beta = x[0];
    if (scale <= least) {
        return 0.0;
    }
    scale = fmax(scale, fabs(x[0]));
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
        sum += (x[i] / scale) * (x[i] / scale);
    }
    const double norm = scale * sqrt(sum), beta = x[0] > 0.0 ? -norm : norm;
    const double first = x[0] - beta, tau = -first / beta;
    x[0] = 1.0;
    for (size_t i = 1; i < n; i++) {
        x[i] /= first;
    }
    *out_beta = beta;
    return tau;
}

static void add_multiple(double *y, const double *x, double factor, size_t n) {
    for (size_t i = 0; i < n; i++) {
        y[i] += factor * x[i];
    }
}

// The step at column k: matrix := H matrix H, H = I - tau v v', v in rows k + 1 and later.
static void reflect_both(double *matrix, size_t n, size_t k, const double *v, double tau,
                         double *p) {
    const size_t rest = n - k - 1;
    memset(p, 0, rest * sizeof *p);
    for (size_t i = 0; i < rest; i++) {
        add_multiple(p, matrix + (k + 1 + i) * n + k + 1, tau * v[i], rest);
    }
    double inner = 0.0;
    for (size_t i = 0; i < rest; i++) {
        inner += p[i] * v[i];
    }
    add_multiple(p, v, -0.5 * tau * inner, rest);
    for (size_t i = 0; i < rest; i++) {
        double *row = matrix + (k + 1 + i) * n + k + 1;
        for (size_t j = 0; j < rest; j++) {
            row[j] -= v[i] * p[j] + p[i] * v[j];
        }
    }
}

// vectors := H vectors
static void reflect_rows(double *vectors, size_t n, size_t k, const double *v, double tau,
                         double *u) {
    const size_t rest = n - k - 1;
    memset(u, 0, n * sizeof *u);
    for (size_t i = 0; i < rest; i++) {
        add_multiple(u, vectors + (k + 1 + i) * n, v[i], n);
    }
    for (size_t i = 0; i < rest; i++) {
        add_multiple(vectors + (k + 1 + i) * n, u, -tau * v[i], n);
    }
}

// matrix = vectors' T vectors, T with the diagonal d and beside it e[0..n-2].
static void tridiagonalise(double *matrix, size_t n, double *d, double *e, double *vectors,
                           double *scratch) {
    double least = 0.0;  // rounding of rounding: a matrix of low rank leaves nothing else
    for (size_t i = 0; i < n * n; i++) {
        least = fmax(least, fabs(matrix[i]) * (1e-3 * DBL_EPSILON));
    }
    memset(vectors, 0, n * n * sizeof *vectors);
    for (size_t i = 0; i < n; i++) {
        vectors[i * n + i] = 1.0;
    }
    for (size_t k = 0; k + 2 < n; k++) {
        double *v = matrix + k * n + k + 1;  // the row, by symmetry the column
        const double tau = reflector(v, n - k - 1, least, &e[k]);
        if (tau != 0.0) {
            reflect_both(matrix, n, k, v, tau, scratch);
            reflect_rows(vectors, n, k, v, tau, scratch);
        }
    }
    for (size_t i = 0; i < n; i++) {
        d[i] = matrix[i * n + i];
    }
    if (n >= 2) {
        e[n - 2] = matrix[(n - 2) * n + n - 1];
    }
    e[n - 1] = 0.0;
}

static void rotate_rows(double *lower, double *upper, double c, double s, size_t n) {
    for (size_t k = 0; k < n; k++) {
        const double a = lower[k], b = upper[k];
        upper[k] = s * a + c * b;
        lower[k] = c * a - s * b;
    }
}

// One QL step on the block first..last, which e does not part.
static void ql_step(double *d, double *e, double *vectors, size_t n, size_t first, size_t last) {
    double g = (d[first + 1] - d[first]) / (2.0 * e[first]);
    double r = length_of(g, 1.0);
    g = d[last] - d[first] + e[first] / (g + copysign(r, g));
    double s = 1.0, c = 1.0, p = 0.0;
    for (size_t i = last; i-- > first;) {
        const double f = s * e[i], b = c * e[i];
        r = length_of(f, g);
        e[i + 1] = r;
        if (r == 0.0) {  // parted in the middle: the rest is done by the next step
            d[i + 1] -= p;
            e[last] = 0.0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        r = (d[i] - g) * s + 2.0 * c * b;
        p = s * r;
        d[i + 1] = g + p;
        g = c * r - b;
        rotate_rows(vectors + i * n, vectors + (i + 1) * n, c, s, n);
    }
    d[first] -= p;
    e[first] = g;
    e[last] = 0.0;
}

// What is below the rounding of the whole matrix is nothing: among values that are all rounding, as
// of a matrix of low rank, nothing is small beside its neighbours.
static size_t block_end(const double *d, const double *e, double least, size_t first, size_t n) {
    size_t last = first;
    for (; last + 1 < n; last++) {
        if (fabs(e[last]) <= DBL_EPSILON * (fabs(d[last]) + fabs(d[last + 1])) ||
            fabs(e[last]) <= least) {
            break;
        }
    }
    return last;
}

static void swap_rows(double *a, double *b, size_t n) {
    for (size_t k = 0; k < n; k++) {
        const double kept = a[k];
        a[k] = b[k];
        b[k] = kept;
    }
}

static void order(double *values, double *vectors, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t most = i;
        for (size_t j = i + 1; j < n; j++) {
            most = values[j] > values[most] ? j : most;
        }
        if (most != i) {
            swap_rows(&values[i], &values[most], 1);
            swap_rows(vectors + i * n, vectors + most * n, n);
        }
        double *v = vectors + i * n, largest = 0.0;
        for (size_t k = 0; k < n; k++) {
            largest = fabs(v[k]) > fabs(largest) ? v[k] : largest;
        }
        for (size_t k = 0; k < n && largest < 0.0; k++) {
            v[k] = -v[k];
        }
    }
}

bool ls_eigen_symmetric(double *matrix, size_t n, double *values, double *vectors, double *work) {
    assert(n > 0);
    double *e = work, *scratch = work + n;
    tridiagonalise(matrix, n, values, e, vectors, scratch);
    double size = 0.0;
    for (size_t i = 0; i < n; i++) {
        size = fmax(size, fabs(values[i]) + fabs(e[i]));
    }
    for (size_t first = 0; first < n; first++) {
        for (int step = 0;; step++) {
            const size_t last = block_end(values, e, 0.5 * DBL_EPSILON * size, first, n);
            if (last == first) {
                break;
            }
            if (step == STEPS_MOST) {
                return false;
            }
            ql_step(values, e, vectors, n, first, last);
        }
    }
    order(values, vectors, n);
    return true;
}

bool ls_cholesky(double *matrix, size_t n, double floor) {
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, matrix[i * n + i]);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = matrix[i * n + j];
            for (size_t k = 0; k < j; k++) {
                sum -= matrix[i * n + k] * matrix[j * n + k];
            }
            if (i != j) {
                matrix[i * n + j] = sum / matrix[j * n + j];
            } else if (sum > floor * largest) {
                matrix[i * n + i] = sqrt(sum);
            } else {
                return false;
            }
        }
    }
    return true;
}

void ls_cholesky_forward(const double *factor, size_t n, double *b) {
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            b[i] -= factor[i * n + k] * b[k];
        }
        b[i] /= factor[i * n + i];
    }
}
