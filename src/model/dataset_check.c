// dataset_check.c - see dataset_check.h.
#include "model/dataset_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define SHIFT_DEVIATIONS 4.0

typedef struct pair {
    double x, y;
} pair;

static int compare_pairs(const void *a, const void *b) {
    const pair *p = a, *q = b;
    if (p->x != q->x) {
        return p->x < q->x ? -1 : 1;
    }
    return p->y < q->y ? -1 : p->y > q->y;
}

// Rows with both, sorted by the column.
static size_t gather(const ls_dataset *d, uint32_t column, pair *out) {
    size_t count = 0;
    for (size_t r = 0; r < d->row_count; r++) {
        const float x = ls_dataset_row(d, r)[column];
        if (!isnan(x) && !isnan(d->label[r])) {
            // The label as wide as the column is: a copy of it is a copy.
            out[count++] = (pair){(double)x, (double)(float)d->label[r]};
        }
    }
    qsort(out, count, sizeof *out, compare_pairs);
    return count;
}

// One order, one to one: rising or falling throughout.
static bool is_leak(const pair *p, size_t count) {
    size_t labels = 1;
    bool rises = true, falls = true;
    if (count < LS_LEAK_ROWS_MIN) {
        return false;
    }
    for (size_t i = 1; i < count && (rises || falls); i++) {
        const bool same_x = p[i].x == p[i - 1].x, same_y = p[i].y == p[i - 1].y;
        if (same_x != same_y) {
            return false;
        }
        rises = rises && (same_y || p[i].y > p[i - 1].y);
        falls = falls && (same_y || p[i].y < p[i - 1].y);
        labels += same_y ? 0 : 1;
    }
    return (rises || falls) && labels >= LS_LEAK_LABELS_MIN;
}

// How often the label changes from row to row of a unit; more than one unit: of the one whose
// changes come first to the least that is wanted.
static bool changes_enough(const ls_dataset *d, double *last, uint32_t *changes) {
    for (uint32_t u = 0; u < d->unit_count; u++) {
        last[u] = (double)NAN;
        changes[u] = 0;
    }
    for (size_t r = 0; r < d->row_count; r++) {
        const uint32_t u = d->unit[r];
        if (isnan(d->label[r])) {
            continue;
        }
        changes[u] += !isnan(last[u]) && last[u] != d->label[r] ? 1 : 0;
        last[u] = d->label[r];
        if (changes[u] >= LS_LEAK_CHANGES_MIN) {
            return true;
        }
    }
    return false;
}

// Fewer labels than LS_LEAK_LABELS_MIN are classes. Along the rising column each class stands
// together when the column tells it: LEAK with one value for each, TELLS with any; else COUNT.
static ls_finding_kind tells_classes(const pair *p, size_t count) {
    double seen[LS_LEAK_LABELS_MIN];
    size_t classes = 0, runs = 0, values = 0;
    if (count < LS_LEAK_ROWS_MIN) {
        return LS_FINDING_COUNT;
    }
    for (size_t i = 0; i < count; i++) {
        const bool is_new_x = i == 0 || p[i].x != p[i - 1].x;
        const bool is_new_y = i == 0 || p[i].y != p[i - 1].y;
        size_t k = 0;
        if (!is_new_x && is_new_y) {
            return LS_FINDING_COUNT;  // one value, two classes
        }
        values += is_new_x ? 1 : 0;
        runs += is_new_y ? 1 : 0;
        while (is_new_y && k < classes && seen[k] != p[i].y) {
            k++;
        }
        if (is_new_y && k == classes) {
            if (classes == LS_LEAK_LABELS_MIN - 1) {
                return LS_FINDING_COUNT;  // no classes
            }
            seen[classes++] = p[i].y;
        }
    }
    return classes < 2 || runs != classes ? LS_FINDING_COUNT
           : values == classes            ? LS_FINDING_LEAK
                                          : LS_FINDING_TELLS;
}

static void add(ls_finding *out, size_t *count, ls_finding_kind kind, uint32_t column) {
    if (*count < LS_FINDINGS_MAX) {
        out[(*count)++] = (ls_finding){kind, column, kind <= LS_FINDING_CONSTANT_LABEL};
    }
}

static bool check_label(const ls_dataset *d, ls_finding *out, size_t *count) {
    double first = (double)NAN;
    bool differs = false;
    for (size_t r = 0; r < d->row_count; r++) {
        if (!isnan(d->label[r])) {
            differs = differs || (!isnan(first) && d->label[r] != first);
            first = isnan(first) ? d->label[r] : first;
        }
    }
    if (isnan(first)) {
        add(out, count, LS_FINDING_NO_LABELS, UINT32_MAX);
    } else if (!differs) {
        add(out, count, LS_FINDING_CONSTANT_LABEL, UINT32_MAX);
    }
    return differs;
}

// Mean and deviation of the known values of rows [from, to).
static size_t moments(const ls_dataset *d, uint32_t column, size_t from, size_t to, double *mean,
                      double *deviation) {
    size_t count = 0;
    double m = 0.0, s = 0.0;
    for (size_t r = from; r < to; r++) {
        const float x = ls_dataset_row(d, r)[column];
        if (!isnan(x)) {
            const double delta = (double)x - m;
            count++;
            m += delta / (double)count;
            s += delta * ((double)x - m);
        }
    }
    *mean = m;
    *deviation = count > 1 ? sqrt(s / (double)(count - 1)) : 0.0;
    return count;
}

static void check_column(const ls_dataset *d, uint32_t column, ls_finding *out, size_t *count) {
    double mean = 0.0, deviation = 0.0, last = 0.0, last_deviation = 0.0;
    const size_t cut = d->row_count - d->row_count / 5;
    const size_t all = moments(d, column, 0, d->row_count, &mean, &deviation);
    if (all == 0) {
        add(out, count, LS_FINDING_EMPTY, column);
    } else if (!(deviation > 0.0)) {
        add(out, count, LS_FINDING_CONSTANT, column);
    } else if (moments(d, column, 0, cut, &mean, &deviation) > 1 &&
               moments(d, column, cut, d->row_count, &last, &last_deviation) > 1 &&
               fabs(last - mean) > SHIFT_DEVIATIONS * deviation) {
        add(out, count, LS_FINDING_SHIFTED, column);
    }
}

ls_status ls_dataset_check(const ls_dataset *dataset, ls_finding *out, size_t *out_count,
                           ls_error *err) {
    const size_t units = dataset->unit_count > 0 ? dataset->unit_count : 1;
    pair *pairs = ls_alloc(dataset->row_count * sizeof *pairs);
    double *last = ls_alloc(units * sizeof *last);
    uint32_t *changes = ls_alloc(units * sizeof *changes);
    uint8_t *told = ls_alloc(dataset->column_count + 1);
    *out_count = 0;
    if (pairs == NULL || last == NULL || changes == NULL || told == NULL) {
        ls_free(pairs);
        ls_free(last);
        ls_free(changes);
        ls_free(told);
        return ls_fail(err, LS_ERR_MEMORY, "out of memory while checking a dataset");
    }
    memset(told, 0, dataset->column_count);
    if (check_label(dataset, out, out_count)) {
        const bool may_be_classes = changes_enough(dataset, last, changes);
        for (uint32_t c = 0; c < dataset->column_count; c++) {
            const size_t count = gather(dataset, c, pairs);
            const ls_finding_kind kind = is_leak(pairs, count) ? LS_FINDING_LEAK
                                         : may_be_classes      ? tells_classes(pairs, count)
                                                               : LS_FINDING_COUNT;
            told[c] = kind == LS_FINDING_TELLS;
            if (kind == LS_FINDING_LEAK) {
                add(out, out_count, LS_FINDING_LEAK, c);
            }
        }
    }
    for (uint32_t c = 0; c < dataset->column_count; c++) {
        if (told[c] != 0) {
            add(out, out_count, LS_FINDING_TELLS, c);
        }
    }
    ls_free(last);
    ls_free(changes);
    ls_free(told);
    for (uint32_t c = 0; c < dataset->column_count; c++) {
        check_column(dataset, c, out, out_count);
    }
    ls_free(pairs);
    return LS_OK;
}

void ls_finding_print(const ls_dataset *dataset, const ls_finding *finding, char *out,
                      size_t size) {
    static const char *const texts[LS_FINDING_COUNT] = {
        [LS_FINDING_LEAK] =
            "the label '%.120s' can be read off the feature '%.120s': it is the "
            "answer, or known only afterwards",
        [LS_FINDING_NO_LABELS] = "the label '%.120s' is known of no row%.0s",
        [LS_FINDING_CONSTANT_LABEL] = "the label '%.120s' is the same in every row%.0s",
        [LS_FINDING_EMPTY] = "%.0sthe feature '%.120s' has no value in any row",
        [LS_FINDING_CONSTANT] = "%.0sthe feature '%.120s' has one value in all rows",
        [LS_FINDING_SHIFTED] =
            "%.0sthe feature '%.120s' is in the last fifth of the rows far from "
            "where it was before",
        [LS_FINDING_TELLS] =
            "every class of the label '%.120s' can be told by the feature '%.120s' alone: is it "
            "known "
            "only afterwards?",
    };
    const char *column = finding->column != UINT32_MAX ? dataset->columns[finding->column] : "";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    ls_text_format(out, size, texts[finding->kind], dataset->label_name, column);
#pragma GCC diagnostic pop
}
