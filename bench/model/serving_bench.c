// serving_bench.c - what a prediction in the loop costs, and what learning costs.
//
// serving_bench serve [TICKS]
//     15 tags, 60 features (last, mean, deviation, slope over a minute at 10 Hz), 300 trees of
//     depth 6 learned from 20,000 rows of them. Each tick hears a sample of each tag, asks the
//     features and predicts; beside it, for the same row, XGBoost's calls. Also with caches emptied
//     between ticks.
// serving_bench train FOLDER
//     Learns the same 300 trees; leaves rows.f32, labels.f32 and model.json in FOLDER for a peer.
// Prints one JSON object; times in microseconds, seconds of the processor for learning.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/file.h"
#include "model/dataset.h"
#include "model/features.h"
#include "model/learner.h"
#include "model/learner_xgboost.h"
#include "model/tree_read.h"

enum { TAGS = 15, FEATURES = 60, ROWS = 20000, COLD_BYTES = 4 << 20 };

static void stop(const char *what, const ls_error *err) {
    fprintf(stderr, "serving_bench: %s: %s\n", what, err != NULL ? err->text : "failed");
    exit(1);
}

static void *room(size_t size) {
    void *p = ls_alloc(size);
    if (p == NULL) {
        stop("no memory", NULL);
    }
    return p;
}

static double clock_s(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t state = 88172645463325252ULL;

static double unit(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

// Tags that wander, each at its own pace, and now and then one that says nothing.
typedef struct plant {
    double value[TAGS];
    int64_t now_us;
    ls_features *features;
} plant;

static plant make_plant(void) {
    static const char *tags[TAGS] = {"a", "b", "c", "d", "e", "f", "g", "h",
                                     "i", "j", "k", "l", "m", "n", "o"};
    static const int64_t windows[] = {60000000};
    const ls_features_def def = {.tags = tags,
                                 .tag_count = TAGS,
                                 .windows_us = windows,
                                 .window_count = 1,
                                 .kinds = 1u << LS_FEATURE_LAST | 1u << LS_FEATURE_MEAN |
                                          1u << LS_FEATURE_STD | 1u << LS_FEATURE_SLOPE};
    plant p = {.now_us = 1000000000};
    ls_error err = {0};
    if (ls_features_create(&def, &p.features, &err) != LS_OK ||
        ls_features_count(p.features) != FEATURES) {
        stop("features", &err);
    }
    return p;
}

static void draw(plant *p) {
    p->now_us += 100000;
    for (int i = 0; i < TAGS; i++) {
        p->value[i] += 0.1 * (unit() - 0.5) * (i + 1) - 0.02 * p->value[i];
    }
}

static void tick(plant *p, float *row) {
    for (uint32_t i = 0; i < TAGS; i++) {
        ls_features_hear(p->features, i, p->now_us, p->value[i]);
    }
    ls_features_ask(p->features, p->now_us, row);
}

static float label_of(const float *row) {
    return (float)(sin(3 * (double)row[0]) + (double)row[5] * (double)row[9] +
                   fabs((double)row[16]) - (double)row[28] + 0.2 * (unit() - 0.5));
}

static void learn(float *values, float *labels, ls_learner_result *result, double *cpu_s,
                  double *wall_s) {
    plant p = make_plant();
    for (int i = -1000; i < ROWS; i++) {  // a window of 600 ticks fills first
        draw(&p);
        if (i < 0) {
            tick(&p, values);
            continue;
        }
        tick(&p, values + (size_t)i * FEATURES);
        labels[i] = label_of(values + (size_t)i * FEATURES);
    }
    ls_features_destroy(p.features);
    const ls_learner_rows rows = {
        .values = values, .row_count = ROWS, .feature_count = FEATURES, .labels = labels};
    ls_learner_def def = ls_learner_def_default();
    def.base_score = 0.5;
    const ls_xgboost *x = NULL;
    ls_error err = {0};
    if (ls_xgboost_open(&x, &err) != LS_OK) {
        stop("XGBoost", &err);
    }
    const double cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID), wall = clock_s(CLOCK_MONOTONIC);
    if (ls_learner_train(&def, &rows, NULL, NULL, NULL, result, &err) != LS_OK) {
        stop("learning", &err);
    }
    *cpu_s = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    *wall_s = clock_s(CLOCK_MONOTONIC) - wall;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void tell(const char *name, double *times, int count, const char *end) {
    qsort(times, (size_t)count, sizeof *times, compare);
    printf("\"%s\":{\"p50\":%.2f,\"p99\":%.2f,\"p999\":%.2f}%s", name, times[count / 2] * 1e6,
           times[count * 99 / 100] * 1e6, times[(int)((double)count * 0.999)] * 1e6, end);
}

typedef struct peer {
    const ls_xgboost *x;
    BoosterHandle booster;
} peer;

static float ask_matrix(const peer *p, const float *row) {
    DMatrixHandle matrix = NULL;
    const bst_ulong *shape = NULL;
    bst_ulong dimensions = 0;
    const float *out = NULL;
    if (p->x->matrix_create(row, 1, FEATURES, NAN, &matrix, 1) != 0 ||
        p->x->predict(p->booster, matrix,
                      "{\"type\":0,\"training\":false,\"iteration_begin\":0,\"iteration_end\":0,"
                      "\"strict_shape\":true}",
                      &shape, &dimensions, &out) != 0) {
        stop(p->x->last_error(), NULL);
    }
    const float result = out[0];
    p->x->matrix_free(matrix);
    return result;
}

static float ask_in_place(const peer *p, const float *row) {
    char array[128];
    const bst_ulong *shape = NULL;
    bst_ulong dimensions = 0;
    const float *out = NULL;
    snprintf(array, sizeof array,
             "{\"data\":[%llu,true],\"shape\":[1,%d],\"typestr\":\"<f4\",\"version\":3}",
             (unsigned long long)(uintptr_t)row, FEATURES);
    if (p->x->predict_dense(p->booster, array,
                            "{\"type\":0,\"training\":false,\"iteration_begin\":0,"
                            "\"iteration_end\":0,\"strict_shape\":true,\"cache_id\":0,"
                            "\"missing\":NaN}",
                            NULL, &shape, &dimensions, &out) != 0) {
        stop(p->x->last_error(), NULL);
    }
    return out[0];
}

static int serve(int ticks) {
    float *values = room(sizeof(float) * ROWS * FEATURES), *labels = room(sizeof(float) * ROWS);
    ls_learner_result result;
    double cpu_s = 0, wall_s = 0;
    learn(values, labels, &result, &cpu_s, &wall_s);
    ls_tree_model *model = NULL;
    peer p = {0};
    ls_error err = {0};
    if (ls_tree_read_text(result.model, result.model_size, "trained", &model, &err) != LS_OK ||
        ls_xgboost_open(&p.x, &err) != LS_OK) {
        stop("the model", &err);
    }
    if (p.x->create(NULL, 0, &p.booster) != 0 ||
        p.x->load(p.booster, result.model, result.model_size) != 0 ||
        p.x->set(p.booster, "nthread", "1") != 0) {
        stop(p.x->last_error(), NULL);
    }
    enum { SIDES = 6 };
    double *times[SIDES];
    for (int i = 0; i < SIDES; i++) {
        times[i] = room(sizeof(double) * (size_t)ticks);
    }
    unsigned char *cold = room(COLD_BYTES);
    plant plant_now = make_plant();
    float row[FEATURES];
    int different = 0, missing_different = 0;
    double *parts[2] = {room(sizeof(double) * (size_t)ticks), room(sizeof(double) * (size_t)ticks)};
    // The loop alone first, as it runs in service: nothing of a peer's in the caches. In the second
    // half every tick begins with caches full of other work.
    for (int i = -1000; i < 2 * ticks; i++) {
        const bool is_cold = i >= ticks;
        for (int k = 0; is_cold && k < COLD_BYTES; k += 64) {
            cold[k]++;
        }
        float out = 0;
        draw(&plant_now);
        const double t0 = clock_s(CLOCK_MONOTONIC);
        tick(&plant_now, row);
        const double t1 = clock_s(CLOCK_MONOTONIC);
        ls_tree_predict(model, row, NULL, &out);
        const double t2 = clock_s(CLOCK_MONOTONIC);
        if (i >= 0) {
            times[is_cold ? 1 : 0][i % ticks] = t2 - t0;
        }
        if (i >= 0 && !is_cold) {
            parts[0][i] = t1 - t0;
            parts[1][i] = t2 - t1;
        }
    }
    for (int i = 0; i < ticks; i++) {
        float ours = 0;
        draw(&plant_now);
        tick(&plant_now, row);
        const double t2 = clock_s(CLOCK_MONOTONIC);
        ls_tree_predict(model, row, NULL, &ours);
        const double t3 = clock_s(CLOCK_MONOTONIC);
        times[2][i] = t3 - t2;
        const float theirs = ask_matrix(&p, row);
        const double t4 = clock_s(CLOCK_MONOTONIC);
        times[3][i] = t4 - t3;
        const float in_place = ask_in_place(&p, row);
        times[4][i] = clock_s(CLOCK_MONOTONIC) - t4;
        different += memcmp(&ours, &theirs, sizeof ours) != 0 ||
                     memcmp(&ours, &in_place, sizeof ours) != 0;
        row[i % FEATURES] = NAN;
        const double t5 = clock_s(CLOCK_MONOTONIC);
        ls_tree_predict(model, row, NULL, &ours);
        times[5][i] = clock_s(CLOCK_MONOTONIC) - t5;
        const float missing = ask_matrix(&p, row);
        missing_different += memcmp(&ours, &missing, sizeof ours) != 0;
    }
    printf("{\"ticks\":%d,\"trees\":%u,\"features\":%d,\"different\":%d,\"different_missing\":%d,",
           ticks, model->tree_count, FEATURES, different, missing_different);
    tell("loop", times[0], ticks, ",");
    tell("loop_features", parts[0], ticks, ",");
    tell("loop_walk", parts[1], ticks, ",");
    tell("loop_cold", times[1], ticks, ",");
    tell("walk", times[2], ticks, ",");
    tell("walk_missing", times[5], ticks, ",");
    tell("xgboost_matrix", times[3], ticks, ",");
    tell("xgboost_in_place", times[4], ticks, "}\n");
    return 0;
}

// The same rows as `lineshaft model fit` reads them.
static void write_dataset(const char *folder, const float *values, const float *labels) {
    static char names[FEATURES][8];
    char path[600];
    ls_dataset d;
    ls_error err = {0};
    if (ls_dataset_init(&d, ROWS, FEATURES, 1, &err) != LS_OK) {
        stop("a dataset", &err);
    }
    for (int i = 0; i < FEATURES; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        d.columns[i] = names[i];
    }
    d.units[0] = "plant";
    d.label_name = "label";
    memcpy(d.values, values, sizeof(float) * ROWS * FEATURES);
    for (int i = 0; i < ROWS; i++) {
        d.time_us[i] = i;
        d.known_us[i] = i;
        d.label[i] = (double)labels[i];
    }
    snprintf(path, sizeof path, "%s/rows.lsd", folder);
    if (ls_dataset_write(&d, path, &err) != LS_OK) {
        stop(path, &err);
    }
    ls_dataset_clear(&d);
}

static int train(const char *folder) {
    float *values = room(sizeof(float) * ROWS * FEATURES), *labels = room(sizeof(float) * ROWS);
    ls_learner_result result;
    double cpu_s = 0, wall_s = 0;
    learn(values, labels, &result, &cpu_s, &wall_s);
    const struct {
        const char *name;
        const void *bytes;
        size_t size;
    } files[] = {{"rows.f32", values, sizeof(float) * ROWS * FEATURES},
                 {"labels.f32", labels, sizeof(float) * ROWS},
                 {"model.json", result.model, result.model_size}};
    for (int i = 0; i < 3; i++) {
        char path[600];
        ls_error err = {0};
        snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
        if (ls_file_write(path, files[i].bytes, files[i].size, &err) != LS_OK) {
            stop(path, &err);
        }
    }
    write_dataset(folder, values, labels);
    printf("{\"rows\":%d,\"features\":%d,\"rounds\":%u,\"cpu_s\":%.4f,\"wall_s\":%.4f}\n", ROWS,
           FEATURES, result.rounds_kept, cpu_s, wall_s);
    return 0;
}

int main(int argc, char **argv) {
    if (argc >= 2 && strcmp(argv[1], "serve") == 0) {
        return serve(argc > 2 ? atoi(argv[2]) : 20000);
    }
    if (argc == 3 && strcmp(argv[1], "train") == 0) {
        return train(argv[2]);
    }
    fprintf(stderr, "usage: serving_bench serve [TICKS] | train FOLDER\n");
    return 2;
}
