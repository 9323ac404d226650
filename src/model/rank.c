// rank.c - see rank.h.
#include "model/rank.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/arena.h"

typedef struct placed {  // a row of a group
    double score, label;
    size_t row;
    double counts, ideal;  // what its place counts, and what it should
} placed;

static int by_label(const void *a, const void *b) {
    const placed *x = a, *y = b;
    return (x->label < y->label) - (x->label > y->label);
}

// No number stands last, and all that are none together.
static int by_score(const void *a, const void *b) {
    const placed *x = a, *y = b;
    const bool is_x = !isnan(x->score), is_y = !isnan(y->score);
    return is_x && is_y ? (x->score < y->score) - (x->score > y->score) : is_y - is_x;
}

static double place_counts(size_t place, uint32_t top) {  // from 0
    return place < top ? 1.0 / log2((double)place + 2.0) : 0.0;
}

static double gain_of(double label) {
    return exp2(label) - 1.0;
}

// Sorts, and gives those that are the same the mean of what their places count.
static void place(placed *group, size_t count, uint32_t top, bool ideal) {
    int (*const compare)(const void *, const void *) = ideal ? by_label : by_score;
    qsort(group, count, sizeof *group, compare);
    for (size_t i = 0, end = 0; i < count; i = end) {
        double sum = 0.0;
        for (end = i; end < count && compare(&group[i], &group[end]) == 0; end++) {
            sum += place_counts(end, top);
        }
        for (size_t k = i; k < end; k++) {
            *(ideal ? &group[k].ideal : &group[k].counts) = sum / (double)(end - i);
        }
    }
}

static void judge_group(placed *group, size_t count, uint32_t top, const ls_rank_losses *out) {
    double told = 0.0, best = 0.0;
    place(group, count, top, true);
    const bool is_ordered = group[0].label > group[count - 1].label;
    place(group, count, top, false);
    for (size_t i = 0; i < count; i++) {
        told += gain_of(group[i].label) * group[i].counts;
        best += gain_of(group[i].label) * group[i].ideal;
    }
    for (size_t i = 0; i < count; i++) {
        const placed *p = &group[i];
        out->loss[p->row] = is_ordered ? fmin(fmax(1.0 - told / best, 0.0), 1.0) : (double)NAN;
        if (out->missed != NULL) {
            out->missed[p->row] = is_ordered ? gain_of(p->label) * fabs(p->ideal - p->counts) / best
                                             : (double)NAN;
        }
    }
}

ls_status ls_rank_judge(const ls_dataset *rows, const double *scores, uint32_t top,
                        const ls_rank_losses *out, ls_error *err) {
    assert(top > 0);
    placed *group = ls_alloc((rows->row_count > 0 ? rows->row_count : 1) * sizeof *group);
    if (group == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while judging an order");
    }
    for (size_t begin = 0; begin < rows->row_count;) {
        size_t count = 0;
        for (size_t i = begin; i < rows->row_count && rows->time_us[i] == rows->time_us[begin];
             i++) {
            group[count++] = (placed){.score = scores[i], .label = rows->label[i], .row = i};
        }
        judge_group(group, count, top, out);
        begin += count;
    }
    ls_free(group);
    return LS_OK;
}

ls_status ls_rank_mean(const ls_dataset *rows, const double *scores, uint32_t top, double *out,
                       size_t *out_groups, ls_error *err) {
    double *loss = ls_alloc((rows->row_count > 0 ? rows->row_count : 1) * sizeof *loss);
    *out = (double)NAN;
    *out_groups = 0;
    const ls_rank_losses losses = {.loss = loss};
    const ls_status status = loss != NULL ? ls_rank_judge(rows, scores, top, &losses, err)
                                          : ls_fail(err, LS_ERR_MEMORY,
                                                    "out of memory while judging an order");
    double sum = 0.0;
    for (size_t i = 0; i < rows->row_count && status == LS_OK; i++) {
        const bool is_first = i == 0 || rows->time_us[i] != rows->time_us[i - 1];
        if (is_first && !isnan(loss[i])) {
            sum += loss[i];
            (*out_groups)++;
        }
    }
    if (status == LS_OK && *out_groups > 0) {
        *out = sum / (double)*out_groups;
    }
    ls_free(loss);
    return status;
}
