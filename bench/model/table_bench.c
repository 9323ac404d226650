// table_bench.c - one learner on one table: fits, predicts, prints a JSON list of predictions.
//
// usage: table_bench pls TRAIN TEST [components=N]
//        table_bench trees TRAIN TEST [depth=N] [rounds=N] [eta=X] [rows=X] [columns=X] [child=X]
//                    [weight=X] [lambda=X] [seeds=N] [first_seed=N]
//
// A file holds a row a line: the label (0 or 1), then the features; nan is a missing value. trees:
// the probability of 1, the mean over models of so many seeds; `weight` is that of rows of label 1.
// pls: the least-squares score; features standardised and cut at five deviations, missing ones the
// mean, all by the training rows.
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/learner.h"
#include "model/linear.h"
#include "model/tree.h"
#include "model/tree_read.h"

typedef struct table {
    double *values;  // [count][features]
    double *labels;
    size_t count, features;
} table;

static int option_count;
static char **option_texts;

static void give_up(const char *what, const char *where) {
    fprintf(stderr, "table_bench: error: %s: %s\n", where, what);
    exit(3);
}

static double option(const char *key, double otherwise) {
    const size_t length = strlen(key);
    for (int i = 0; i < option_count; i++) {
        if (strncmp(option_texts[i], key, length) == 0 && option_texts[i][length] == '=') {
            return strtod(option_texts[i] + length + 1, NULL);
        }
    }
    return otherwise;
}

static table load(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        give_up("cannot be read", path);
    }
    table t = {0};
    char *line = NULL;
    size_t room = 0, capacity = 0;
    while (getline(&line, &room, file) > 0) {
        char *at = line, *end;
        double row[LS_PLS_FEATURES_MOST + 1];
        size_t width = 0;
        for (double x = strtod(at, &end); end != at && width <= LS_PLS_FEATURES_MOST;
             x = strtod(at, &end)) {
            row[width++] = x;
            at = end;
        }
        if (width < 2 || (t.count > 0 && width != t.features + 1)) {
            give_up("rows of different width, or of none", path);
        }
        t.features = width - 1;
        if (t.count == capacity) {
            capacity = capacity > 0 ? 2 * capacity : 256;
            t.values = realloc(t.values, capacity * t.features * sizeof *t.values);
            t.labels = realloc(t.labels, capacity * sizeof *t.labels);
        }
        if (t.values == NULL || t.labels == NULL) {
            give_up("no memory", path);
        }
        t.labels[t.count] = row[0];
        memcpy(t.values + t.count++ * t.features, row + 1, t.features * sizeof *row);
    }
    free(line);
    fclose(file);
    return t;
}

// ---- partial least squares ----------------------------------------------------------------------

static void standardise(const table *by, const double *mean, const double *scale, table *t) {
    for (size_t i = 0; i < t->count * t->features; i++) {
        const size_t column = i % by->features;
        const double z = scale[column] > 0.0 ? (t->values[i] - mean[column]) / scale[column] : 0.0;
        t->values[i] = isnan(z) ? 0.0 : fmax(-5.0, fmin(5.0, z));
    }
}

static void predict_pls(table *train, table *test, double *out) {
    double *mean = calloc(2 * train->features, sizeof *mean), *scale = mean + train->features;
    for (size_t column = 0; column < train->features; column++) {
        double count = 0.0;
        for (size_t row = 0; row < train->count; row++) {
            const double x = train->values[row * train->features + column];
            if (!isnan(x)) {
                const double before = x - mean[column];
                count += 1.0;
                mean[column] += before / count;
                scale[column] += before * (x - mean[column]);
            }
        }
        scale[column] = sqrt(scale[column] / fmax(1.0, count));
    }
    standardise(train, mean, scale, train);
    standardise(train, mean, scale, test);
    free(mean);
    ls_pls_def def = ls_pls_def_default(train->features);
    def.components = (size_t)option("components", 0.0);
    const ls_rows rows = {train->values, train->count};
    ls_linear *m = NULL;
    ls_error err;
    if (ls_pls_fit(&def, &rows, train->labels, &m, NULL, &err) != LS_OK) {
        give_up(err.text, "pls");
    }
    for (size_t row = 0; row < test->count; row++) {
        out[row] = ls_linear_predict(m, test->values + row * test->features);
    }
    ls_linear_destroy(m);
}

// ---- trees --------------------------------------------------------------------------------------

static float *narrow(const double *values, size_t count) {
    float *out = malloc((count + 1) * sizeof *out);
    for (size_t i = 0; out != NULL && i < count; i++) {
        out[i] = (float)values[i];
    }
    return out;
}

static void predict_trees(const table *train, const table *test, double *out) {
    float *x = narrow(train->values, train->count * train->features);
    float *y = narrow(train->labels, train->count), *weights = narrow(train->labels, train->count);
    float *fresh = narrow(test->values, test->count * test->features);
    if (x == NULL || y == NULL || weights == NULL || fresh == NULL) {
        give_up("no memory", "trees");
    }
    for (size_t row = 0; row < train->count; row++) {
        weights[row] = y[row] > 0.5F ? (float)option("weight", 1.0) : 1.0F;
    }
    const ls_learner_rows rows = {.values = x,
                                  .row_count = train->count,
                                  .feature_count = (uint32_t)train->features,
                                  .labels = y,
                                  .weights = weights};
    const uint32_t seeds = (uint32_t)option("seeds", 1.0);
    const uint32_t first = (uint32_t)option("first_seed", 1.0);
    for (uint32_t seed = first; seed < first + seeds; seed++) {
        ls_learner_def def = ls_learner_def_default();
        def.task = LS_LEARNER_BINARY;
        def.rounds = (uint32_t)option("rounds", 200.0);
        def.depth = (uint32_t)option("depth", 5.0);
        def.eta = option("eta", 0.1);
        def.row_share = option("rows", 1.0);
        def.column_share = option("columns", 1.0);
        def.child_weight_min = option("child", 1.0);
        def.lambda = option("lambda", 1.0);
        def.seed = seed;
        ls_learner_result result;
        ls_tree_model *m = NULL;
        ls_error err;
        if (ls_learner_train(&def, &rows, NULL, NULL, NULL, &result, &err) != LS_OK ||
            ls_tree_read_text(result.model, result.model_size, "trees", &m, &err) != LS_OK) {
            give_up(err.text, "trees");
        }
        for (size_t row = 0; row < test->count; row++) {
            float margin[1];
            ls_tree_margin_plain(m, fresh + row * test->features, margin);
            out[row] += (double)ls_tree_link_apply(m->link, margin[0]) / seeds;
        }
        ls_tree_destroy(m);
        ls_learner_result_clear(&result);
    }
    free(x);
    free(y);
    free(weights);
    free(fresh);
}

int main(int argc, char **argv) {
    if (argc < 4 || (strcmp(argv[1], "pls") != 0 && strcmp(argv[1], "trees") != 0)) {
        fprintf(stderr, "usage: table_bench pls|trees TRAIN TEST [KEY=VALUE]...\n");
        return 2;
    }
    option_count = argc - 4;
    option_texts = argv + 4;
    table train = load(argv[2]), test = load(argv[3]);
    if (train.count == 0 || train.features != test.features) {
        give_up("tables of different width", argv[3]);
    }
    double *out = calloc(test.count + 1, sizeof *out);
    if (out == NULL) {
        give_up("no memory", argv[3]);
    }
    if (strcmp(argv[1], "pls") == 0) {
        predict_pls(&train, &test, out);
    } else {
        predict_trees(&train, &test, out);
    }
    printf("{\"predictions\": [");
    for (size_t row = 0; row < test.count; row++) {
        printf("%s%.9g", row > 0 ? ", " : "", out[row]);
    }
    printf("]}\n");
    free(out);
    free(train.values);
    free(train.labels);
    free(test.values);
    free(test.labels);
    return 0;
}
