// eigen.h - eigenvalues and vectors of a symmetric matrix: same input, same bytes, on every CPU.
//
// Householder reduction to three diagonals, then QL steps with implicit shifts (Golub and Van Loan,
// Matrix Computations, chapter 8). About 9 n^3 multiplications. No allocation, no thread, no
// library: packaged BLAS chooses its kernels by the kind of CPU, so that bits would depend on it,
// and starts threads in every program that links it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// `matrix` is n x n, symmetric, finite, row after row; it is destroyed. values[0..n-1] come out
// descending, vectors[j * n ..] is the unit vector of values[j], its entry of largest magnitude
// (the first of several) positive. `work` holds 2 n doubles. False when it did not converge, which
// no finite matrix of ordinary size does; the outputs are then without meaning.
bool ls_eigen_symmetric(double *matrix, size_t n, double *values, double *vectors, double *work);

// Lower Cholesky factor of a symmetric positive definite n x n matrix, in place (the upper half is
// left as it was). False when a pivot is not above `floor` times the largest of the diagonal.
bool ls_cholesky(double *matrix, size_t n, double floor);
// Solves L x = b in place, L being what ls_cholesky left.
void ls_cholesky_forward(const double *factor, size_t n, double *b);
