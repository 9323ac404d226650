// boosted.c - see boosted.h.
#include "model/testing/boosted.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/learner_xgboost.h"

uint64_t boosted_next(boosted_random *random) {
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state * 0x2545f4914f6cdd1dULL;
}

double boosted_unit(boosted_random *random) {
    return (double)(boosted_next(random) >> 11) * 0x1p-53;
}

uint32_t boosted_below(boosted_random *random, uint32_t limit) {
    return (uint32_t)(boosted_next(random) >> 33) % limit;
}

void boosted_fill(boosted_random *random, float *values, size_t count, double missing) {
    for (size_t i = 0; i < count; i++) {
        const double value = boosted_unit(random) * 4 - 2;
        const double on_grid = (double)((int)(value * 8)) / 8;
        values[i] = (float)(boosted_below(random, 3) == 0 ? value : on_grid);
        if (boosted_unit(random) < missing) {
            values[i] = NAN;
        }
    }
}

void boosted_label(boosted_random *random, const float *values, size_t rows, uint32_t features,
                   ls_learner_task task, uint32_t classes, float *labels) {
    for (size_t i = 0; i < rows; i++) {
        const float *row = values + i * features;
        double y = 0.3 * (boosted_unit(random) - 0.5);
        for (uint32_t f = 0; f < 3 && f < features; f++) {
            y += isnan(row[f]) ? 0.4 : f == 1 ? fabs((double)row[f]) : (double)row[f];
        }
        switch (task) {
        case LS_LEARNER_BINARY: y = y > 1 ? 1 : 0; break;
        case LS_LEARNER_CLASSES:
            y = fmin(fmax(floor((y + 3) / 6 * classes), 0), (double)(classes - 1));
            break;
        case LS_LEARNER_COUNT:
        case LS_LEARNER_RANKING: y = floor(fmax(y + 1, 0)); break;
        case LS_LEARNER_SURVIVAL: y = exp(y); break;
        case LS_LEARNER_REGRESSION:
        case LS_LEARNER_QUANTILE: break;
        }
        labels[i] = (float)y;
    }
}

typedef struct written {
    int left[512], right[512], parent[512], feature[512], default_left[512];
    float condition[512];
    double cover[512];
    int count;
} written;

static void grow(boosted_random *random, const boosted_shape *shape, written *t) {
    t->count = 1;
    t->left[0] = t->right[0] = -1;
    t->parent[0] = 2147483647;
    t->cover[0] = 1024;
    const uint32_t splits = boosted_below(random, shape->splits_max + 1);
    for (uint32_t i = 0; i < splits; i++) {
        // Any leaf is split, the newest oftenest: uneven trees, some of them a chain.
        int at = t->count - 1 - (int)boosted_below(random, 3);
        at = at < 0 ? 0 : at;
        if (boosted_below(random, 2) == 0) {
            at = (int)boosted_below(random, (uint32_t)t->count);
        }
        if (t->left[at] >= 0) {
            continue;
        }
        t->left[at] = t->count;
        t->right[at] = t->count + 1;
        for (int side = 0; side < 2; side++) {
            t->left[t->count] = t->right[t->count] = -1;
            t->parent[t->count] = at;
            t->cover[t->count] = t->cover[at] * (side == 0 ? 0.375 : 0.625);
            t->count++;
        }
    }
    for (int i = 0; i < t->count; i++) {
        float value = 0;
        boosted_fill(random, &value, 1, 0);
        t->condition[i] = t->left[i] >= 0 ? value : value * 0.37f;
        t->feature[i] = t->left[i] >= 0 ? (int)boosted_below(random, shape->features) : 0;
        t->default_left[i] = (int)boosted_below(random, 2);
    }
}

static void put_ints(ls_buffer *out, const char *name, const int *values, int count) {
    ls_buffer_printf(out, "\"%s\":[", name);
    for (int i = 0; i < count; i++) {
        ls_buffer_printf(out, "%s%d", i > 0 ? "," : "", values[i]);
    }
    ls_buffer_text(out, "],");
}

static void put_tree(boosted_random *random, const boosted_shape *shape, uint32_t id,
                     ls_buffer *out) {
    written t;
    grow(random, shape, &t);
    int zeros[512] = {0};
    ls_buffer_text(out, "{\"base_weights\":[");
    for (int i = 0; i < t.count; i++) {
        ls_buffer_text(out, i > 0 ? ",0E0" : "0E0");
    }
    ls_buffer_text(out,
                   "],\"categories\":[],\"categories_nodes\":[],\"categories_segments\":[],"
                   "\"categories_sizes\":[],");
    put_ints(out, "default_left", t.default_left, t.count);
    ls_buffer_printf(out, "\"id\":%u,", id);
    put_ints(out, "left_children", t.left, t.count);
    ls_buffer_text(out, "\"loss_changes\":[");
    for (int i = 0; i < t.count; i++) {
        ls_buffer_text(out, i > 0 ? ",0E0" : "0E0");
    }
    ls_buffer_text(out, "],");
    put_ints(out, "parents", t.parent, t.count);
    put_ints(out, "right_children", t.right, t.count);
    ls_buffer_text(out, "\"split_conditions\":[");
    for (int i = 0; i < t.count; i++) {
        ls_buffer_printf(out, "%s%.9E", i > 0 ? "," : "", (double)t.condition[i]);
    }
    ls_buffer_text(out, "],");
    put_ints(out, "split_indices", t.feature, t.count);
    put_ints(out, "split_type", zeros, t.count);
    ls_buffer_text(out, "\"sum_hessian\":[");
    for (int i = 0; i < t.count; i++) {
        ls_buffer_printf(out, "%s%.9E", i > 0 ? "," : "", t.cover[i]);
    }
    ls_buffer_printf(out,
                     "],\"tree_param\":{\"num_deleted\":\"0\",\"num_feature\":\"%u\","
                     "\"num_nodes\":\"%d\",\"size_leaf_vector\":\"0\"}}",
                     shape->features, t.count);
}

void boosted_write(boosted_random *random, const boosted_shape *shape, ls_buffer *out) {
    const uint32_t groups = shape->classes > 0 ? shape->classes : 1;
    const uint32_t trees = shape->trees * groups;
    ls_buffer_printf(out,
                     "{\"learner\":{\"attributes\":{},\"feature_names\":[],\"feature_types\":[],"
                     "\"gradient_booster\":{\"model\":{\"gbtree_model_param\":"
                     "{\"num_parallel_tree\":\"1\",\"num_trees\":\"%u\","
                     "\"size_leaf_vector\":\"0\"},\"tree_info\":[",
                     trees);
    for (uint32_t i = 0; i < trees; i++) {
        ls_buffer_printf(out, "%s%u", i > 0 ? "," : "", i % groups);
    }
    ls_buffer_text(out, "],\"trees\":[");
    for (uint32_t i = 0; i < trees; i++) {
        if (i > 0) {
            ls_buffer_text(out, ",");
        }
        put_tree(random, shape, i, out);
    }
    char objective[120] = "\"reg_loss_param\":{\"scale_pos_weight\":\"1\"}";
    if (strncmp(shape->objective, "multi:", 6) == 0) {
        snprintf(objective, sizeof objective, "\"softmax_multiclass_param\":{\"num_class\":\"%u\"}",
                 shape->classes);
    } else if (strcmp(shape->objective, "count:poisson") == 0) {
        snprintf(objective, sizeof objective,
                 "\"poisson_regression_param\":{\"max_delta_step\":\"7E-1\"}");
    } else if (strcmp(shape->objective, "survival:aft") == 0) {
        snprintf(objective, sizeof objective,
                 "\"aft_loss_param\":{\"aft_loss_distribution\":\"normal\","
                 "\"aft_loss_distribution_scale\":\"1\"}");
    }
    ls_buffer_printf(out,
                     "]},\"name\":\"gbtree\"},\"learner_model_param\":{\"base_score\":\"%s\","
                     "\"num_class\":\"%u\",\"num_feature\":\"%u\",\"num_target\":\"1\"},"
                     "\"objective\":{\"name\":\"%s\",%s}},\"version\":[1,7,4]}",
                     shape->base_score, shape->classes, shape->features, shape->objective,
                     objective);
}

bool boosted_predict(const char *model, size_t model_size, const float *values, size_t rows,
                     uint32_t features, boosted_kind kind, float *out, size_t out_count) {
    static const char *const configs[] = {
        [BOOSTED_PREDICTION] =
            "{\"type\":0,\"training\":false,\"iteration_begin\":0,"
            "\"iteration_end\":0,\"strict_shape\":true}",
        [BOOSTED_MARGIN] =
            "{\"type\":1,\"training\":false,\"iteration_begin\":0,"
            "\"iteration_end\":0,\"strict_shape\":true}",
        [BOOSTED_CONTRIBUTIONS] =
            "{\"type\":2,\"training\":false,\"iteration_begin\":0,"
            "\"iteration_end\":0,\"strict_shape\":true}",
    };
    const ls_xgboost *x = NULL;
    ls_error err = {0};
    if (ls_xgboost_open(&x, &err) != LS_OK) {
        fprintf(stderr, "boosted: %s\n", err.text);
        return false;
    }
    DMatrixHandle matrix = NULL;
    BoosterHandle booster = NULL;
    const bst_ulong *shape = NULL;
    bst_ulong dimensions = 0, size = 1;
    const float *result = NULL;
    bool good = x->matrix_create(values, rows, features, NAN, &matrix, 1) == 0 &&
                x->create(NULL, 0, &booster) == 0 && x->load(booster, model, model_size) == 0 &&
                x->set(booster, "nthread", "1") == 0 &&
                x->predict(booster, matrix, configs[kind], &shape, &dimensions, &result) == 0;
    for (bst_ulong i = 0; good && i < dimensions; i++) {
        size *= shape[i];
    }
    if (good && size == out_count) {
        memcpy(out, result, out_count * sizeof *out);
    } else {
        fprintf(stderr, "boosted: %s\n", good ? "another number of results" : x->last_error());
        good = false;
    }
    if (booster != NULL) {
        x->free(booster);
    }
    if (matrix != NULL) {
        x->matrix_free(matrix);
    }
    return good;
}
