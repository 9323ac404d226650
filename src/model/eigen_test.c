// eigen_test.c - against closed forms, and against Jacobi's rotations, slow and obvious.
#include "model/eigen.h"

#include <math.h>
#include <string.h>

#include "model/testing/draws.h"
#include "tests/harness.h"

enum { MOST = 60 };

static double draw(void) {
    return uniform() - 0.5;
}

// The second difference: 2 - 2 cos(k pi / (n + 1)).
static void test_second_difference_has_its_known_values(void) {
    enum { N = 40 };
    static double a[N * N], values[N], vectors[N * N], work[2 * N];
    memset(a, 0, sizeof a);
    for (size_t i = 0; i < N; i++) {
        a[i * N + i] = 2.0;
        if (i + 1 < N) {
            a[i * N + i + 1] = a[(i + 1) * N + i] = -1.0;
        }
    }
    CHECK(ls_eigen_symmetric(a, N, values, vectors, work));
    for (size_t k = 0; k < N; k++) {
        const double theory = 2.0 - 2.0 * cos((double)(N - k) * acos(-1.0) / (N + 1));
        CHECK_NEAR(values[k], theory, 1e-13);
    }
    CHECK_NEAR(fabs(vectors[(N - 1) * N]), sqrt(2.0 / (N + 1)) * sin(acos(-1.0) / (N + 1)), 1e-13);
}

static void jacobi(double *a, size_t n) {  // the diagonal becomes the values
    for (int sweep = 0; sweep < 40; sweep++) {
        for (size_t p = 0; p < n; p++) {
            for (size_t q = p + 1; q < n; q++) {
                if (a[p * n + q] == 0.0) {
                    continue;
                }
                const double angle = 0.5 * atan2(2.0 * a[p * n + q], a[q * n + q] - a[p * n + p]);
                const double c = cos(angle), s = sin(angle);
                for (size_t k = 0; k < n; k++) {
                    const double x = a[p * n + k], y = a[q * n + k];
                    a[p * n + k] = c * x - s * y;
                    a[q * n + k] = s * x + c * y;
                }
                for (size_t k = 0; k < n; k++) {
                    const double x = a[k * n + p], y = a[k * n + q];
                    a[k * n + p] = c * x - s * y;
                    a[k * n + q] = s * x + c * y;
                }
            }
        }
    }
}

static void check_against_jacobi(const double *given, size_t n) {
    static double a[MOST * MOST], b[MOST * MOST], vectors[MOST * MOST], values[MOST],
        work[2 * MOST];
    memcpy(a, given, n * n * sizeof *a);
    memcpy(b, given, n * n * sizeof *b);
    CHECK(ls_eigen_symmetric(a, n, values, vectors, work));
    jacobi(b, n);
    double size = 1e-300;
    for (size_t i = 0; i < n; i++) {
        size = fmax(size, fabs(values[i]));
    }
    for (size_t j = 0; j < n && !harness_has_failed(); j++) {
        size_t above = 0;  // the j-th largest of the oracle
        double nearest = INFINITY;
        for (size_t i = 0; i < n; i++) {
            nearest = fmin(nearest, fabs(b[i * n + i] - values[j]));
            above += b[i * n + i] > values[j] + 1e-9 * size;
        }
        CHECK_NEAR(nearest, 0.0, 1e-12 * size);
        CHECK(above <= j);
        for (size_t i = 0; i <= j; i++) {
            double inner = 0.0;
            for (size_t k = 0; k < n; k++) {
                inner += vectors[i * n + k] * vectors[j * n + k];
            }
            CHECK_NEAR(inner, i == j ? 1.0 : 0.0, 1e-12);
        }
        for (size_t i = 0; i < n; i++) {
            double product = 0.0;
            for (size_t k = 0; k < n; k++) {
                product += given[i * n + k] * vectors[j * n + k];
            }
            CHECK_NEAR(product, values[j] * vectors[j * n + i], 1e-12 * size);
        }
    }
}

static void test_random_matrices_agree_with_jacobi(void) {
    static double a[MOST * MOST];
    for (size_t n = 1; n <= MOST && !harness_has_failed(); n += n < 8 ? 1 : 13) {
        for (int kind = 0; kind < 4; kind++) {
            drawn = 88172645463325252u + n * 4 + (uint64_t)kind;
            harness_note("n %zu kind %d", n, kind);
            for (size_t i = 0; i < n; i++) {
                for (size_t j = 0; j <= i; j++) {
                    double x = draw();
                    x = kind == 1 ? (i == j ? 1.0 : 0.0) : kind == 2 ? 1.0 : x;  // unit; rank one
                    x = kind == 3 && (i % 3 == 0 || j % 3 == 0) ? 0.0 : x;       // many zeros
                    a[i * n + j] = a[j * n + i] = x * (kind == 3 ? 1e-150 : 1.0);
                }
            }
            check_against_jacobi(a, n);
        }
    }
}

static void test_zero_matrix(void) {
    double a[9] = {0}, values[3], vectors[9], work[6];
    CHECK(ls_eigen_symmetric(a, 3, values, vectors, work));
    for (size_t i = 0; i < 9; i++) {
        CHECK_NEAR(vectors[i], i % 4 == 0 ? 1.0 : 0.0, 0.0);
    }
}

static void test_cholesky(void) {
    double a[9] = {4, 0, 0, 12, 37, 0, -16, -43, 98};
    const double factor[9] = {2, 0, 0, 6, 1, 0, -8, 5, 3};
    CHECK(ls_cholesky(a, 3, 0.0));
    for (size_t i = 0; i < 9; i++) {
        CHECK_NEAR(a[i], factor[i], 1e-13);
    }
    double b[3] = {2, 7, 0};  // L (1, 1, 1)
    ls_cholesky_forward(a, 3, b);
    CHECK_NEAR(b[0], 1.0, 1e-15);
    CHECK_NEAR(b[1], 1.0, 1e-15);
    CHECK_NEAR(b[2], 1.0, 1e-15);
    double singular[4] = {1, 0, 1, 1};
    CHECK(!ls_cholesky(singular, 2, 1e-12));
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_second_difference_has_its_known_values);
    TEST(test_random_matrices_agree_with_jacobi);
    TEST(test_zero_matrix);
    TEST(test_cholesky);
    return harness_report();
}
