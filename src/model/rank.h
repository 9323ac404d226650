// rank.h - how good an order is: NDCG of groups of rows (Jarvelin and Kekalainen 2002).
//
// The rows of one moment are a group. What is at place i (from 1) counts 1 / log2(i + 1) of its
// gain 2^label - 1, places behind the first `top` count nothing, and the sum is divided by that of
// the best order. Rows that are told the same score share their places: each has the mean of what
// these count, which is what lots would bring in the mean; who says one score of all gets what
// chance gets, and no more. A score that is not a number stands last.
//
// Where all labels of a group are the same, and in a group of one row, there is nothing to order.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "model/dataset.h"

typedef struct ls_rank_losses {
    double *loss;    // [row_count] 1 - NDCG of the row's group, from 0 to 1; NaN: nothing to order
    double *missed;  // [row_count] or NULL: what the row's place cost, as a share of the best
                     // order's sum: its gain times how far what its place counts is from what it
                     // should count; 0 or more, NaN as above
} ls_rank_losses;

// `scores` has row_count numbers; rows of a moment stand together, labels are from 0 to
// LS_MODEL_GRADE_MAX and the highest comes first; `top` is at least 1. LS_ERR_MEMORY.
ls_status ls_rank_judge(const ls_dataset *rows, const double *scores, uint32_t top,
                        const ls_rank_losses *out, ls_error *err);
// The mean of 1 - NDCG over the groups with something to order, *out_groups of them; NaN for none.
// LS_ERR_MEMORY.
ls_status ls_rank_mean(const ls_dataset *rows, const double *scores, uint32_t top, double *out,
                       size_t *out_groups, ls_error *err);
