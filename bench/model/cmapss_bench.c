// cmapss_bench.c - remaining useful life of turbofan engines (C-MAPSS), by the program's own
// features, learner and trees.
//
// cmapss_bench [options] FOLDER SET
//     --cap N          train labels are min(life left, N); 0: as they are            [125]
//     --depth N --eta X --rounds N --child X --columns X                             learner
//     --every N        every N-th cycle of an engine is learned from                 [1]
//     --hold X         a share of the training engines is held out (drawn by --fold) and the errors
//                      on them are told; the test file is not opened                 [0]
//     --weigh 1        rows count so that engines, cut, are as long as those of the test file [0]
//     --seed N         of the learner                                                [1]
//     --fold N         of the draw of held out engines                               [1]
// Of the test file nothing but the lengths of its histories is used with --hold and --weigh.
// Prints one JSON object. Without --hold the last row of each engine of the test file is predicted,
// and the errors are told against the truth as it is and against the truth capped at 125.
//
// A sensor is taken as deviations from what it is under the same operating condition (settings 1
// and 3, rounded) in the training engines; constant ones are left out. One cycle is a second to the
// features (model/features.h): the last value, and mean, deviation and slope over windows.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/gzip.h"
#include "base/text.h"
#include "model/features.h"
#include "model/learner.h"
#include "model/tree_read.h"

enum { SENSORS = 21, CONDITIONS_MAX = 64, FILE_MAX = 256 << 20 };

typedef struct options {
    const char *folder, *set;
    double cap, hold;
    uint32_t every, fold, weigh;
    ls_learner_def def;
} options;

typedef struct cycles {
    size_t count;
    int *unit, *cycle, *condition;
    double (*sensor)[SENSORS];
} cycles;

typedef struct conditions {
    int count;
    int key[CONDITIONS_MAX];
    double n[CONDITIONS_MAX], mean[CONDITIONS_MAX][SENSORS], sd[CONDITIONS_MAX][SENSORS];
    int kept[SENSORS], kept_count;
} conditions;

typedef struct table {
    float *values, *labels;  // life left, uncapped
    uint32_t *units;
    int *cycle;
    uint64_t rows;
    uint32_t columns;
} table;

static void stop(const char *what, const ls_error *err) {
    fprintf(stderr, "cmapss_bench: %s%s%s\n", what, err != NULL ? ": " : "",
            err != NULL ? err->text : "");
    exit(1);
}

static void *room(size_t size) {
    void *p = ls_alloc(size);
    if (p == NULL) {
        stop("no memory", NULL);
    }
    return p;
}

static char *read_text(const options *o, const char *kind, const char *end, ls_arena *arena) {
    char path[600];
    ls_error err = {0};
    char *text = NULL;
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s_%s.txt%s", o->folder, kind, o->set, end);
    if (ls_gzip_read_file(path, FILE_MAX, arena, &text, &size, &err) != LS_OK) {
        stop(path, &err);
    }
    return text;
}

static int condition_of(conditions *all, double setting1, double setting3) {
    const int key = (int)lround(setting1) * 1000 + (int)lround(setting3);
    for (int i = 0; i < all->count; i++) {
        if (all->key[i] == key) {
            return i;
        }
    }
    if (all->count == CONDITIONS_MAX) {
        stop("too many operating conditions", NULL);
    }
    all->key[all->count] = key;
    return all->count++;
}

static void read_cycles(const options *o, const char *kind, conditions *all, ls_arena *arena,
                        cycles *out) {
    char *text = read_text(o, kind, ".gz", arena);
    size_t lines = 0;
    for (const char *c = text; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    *out = (cycles){.unit = room((lines + 1) * sizeof(int)),
                    .cycle = room((lines + 1) * sizeof(int)),
                    .condition = room((lines + 1) * sizeof(int)),
                    .sensor = room((lines + 1) * sizeof *out->sensor)};
    char *at = text;
    for (;;) {
        double field[5 + SENSORS];
        int got = 0;
        while (got < 5 + SENSORS) {
            char *end = at;
            field[got] = strtod(at, &end);
            if (end == at) {
                break;
            }
            at = end;
            got++;
        }
        if (got == 0) {
            break;
        }
        if (got != 5 + SENSORS) {
            stop("a row without 26 columns", NULL);
        }
        const size_t i = out->count++;
        out->unit[i] = (int)field[0];
        out->cycle[i] = (int)field[1];
        out->condition[i] = condition_of(all, field[2], field[4]);
        memcpy(out->sensor[i], field + 5, sizeof out->sensor[i]);
    }
}

// What each sensor is under each condition, over the training engines that are learned from.
static void learn_conditions(const cycles *c, const uint8_t *held, conditions *all) {
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < c->count; i++) {
            if (held[i] != 0) {
                continue;
            }
            const int k = c->condition[i];
            all->n[k] += pass == 0;
            for (int s = 0; s < SENSORS; s++) {
                const double x = c->sensor[i][s];
                if (pass == 0) {
                    all->mean[k][s] += (x - all->mean[k][s]) / all->n[k];
                } else {
                    all->sd[k][s] += (x - all->mean[k][s]) * (x - all->mean[k][s]) / all->n[k];
                }
            }
        }
    }
    for (int s = 0; s < SENSORS; s++) {
        int moves = 0;
        for (int k = 0; k < all->count; k++) {
            all->sd[k][s] = sqrt(all->sd[k][s]);
            moves |= all->sd[k][s] > 1e-8 * (fabs(all->mean[k][s]) + 1e-9);
        }
        if (moves != 0) {
            all->kept[all->kept_count++] = s;
        }
    }
}

static void make_table(const cycles *c, const conditions *all, const options *o, uint32_t every,
                       table *out) {
    (void)o;
    static const int64_t windows[] = {8000000, 32000000, 128000000};
    const char *tags[SENSORS];
    char names[SENSORS][16];
    for (int s = 0; s < all->kept_count; s++) {
        snprintf(names[s], sizeof names[s], "s%d", all->kept[s] + 1);
        tags[s] = names[s];
    }
    const ls_features_def def = {.tags = tags,
                                 .tag_count = (uint32_t)all->kept_count,
                                 .windows_us = windows,
                                 .window_count = 3,
                                 .kinds = 1u << LS_FEATURE_LAST | 1u << LS_FEATURE_MEAN |
                                          1u << LS_FEATURE_STD | 1u << LS_FEATURE_SLOPE};
    ls_features *features = NULL;
    ls_error err = {0};
    if (ls_features_create(&def, &features, &err) != LS_OK) {
        stop("features", &err);
    }
    const uint32_t columns = ls_features_count(features) + 1;
    *out = (table){.columns = columns,
                   .values = room(c->count * columns * sizeof(float)),
                   .labels = room(c->count * sizeof(float)),
                   .units = room(c->count * sizeof(uint32_t)),
                   .cycle = room(c->count * sizeof(int))};
    for (size_t first = 0, end; first < c->count; first = end) {
        for (end = first; end < c->count && c->unit[end] == c->unit[first]; end++) {
        }
        ls_features_reset(features);
        for (size_t i = first; i < end; i++) {
            const int64_t now = (int64_t)c->cycle[i] * 1000000;
            for (int s = 0; s < all->kept_count; s++) {
                const int sensor = all->kept[s], k = c->condition[i];
                const double sd = all->sd[k][sensor];
                ls_features_hear(features, (uint32_t)s, now,
                                 sd > 0 ? (c->sensor[i][sensor] - all->mean[k][sensor]) / sd : 0);
            }
            // A value holds until the next: the moment just before the next cycle sees all of this.
            const size_t left = end - 1 - i;
            if (left % every == 0) {
                float *row = out->values + out->rows * columns;
                ls_features_ask(features, now + 999999, row);
                row[columns - 1] = (float)c->cycle[i];
                out->labels[out->rows] = (float)left;
                out->units[out->rows] = (uint32_t)c->unit[i];
                out->cycle[out->rows] = c->cycle[i];
                out->rows++;
            }
        }
    }
    ls_features_destroy(features);
}

// How many histories of the test file are about as long, by length in cycles.
typedef struct lengths {
    double about[1024];
} lengths;

static void count_lengths(const cycles *test, lengths *out) {
    for (size_t i = 0; i < test->count; i++) {
        if (i + 1 < test->count && test->unit[i + 1] == test->unit[i]) {
            continue;
        }
        for (int away = -15; away <= 15; away++) {
            const int at = test->cycle[i] + away;
            if (at > 0 && at < 1024) {
                out->about[at] += 16 - abs(away);
            }
        }
    }
}

// How much each row counts so that the engines taken together look like the test file: every engine
// counts once, and every length as often as the test file has it, as far as the lives allow
// (iterative proportional fitting; rows that are held out and rows that are not, each for
// themselves). Rows at the end of a life are no cuts: nothing is left to tell.
static double *weigh_rows(const table *t, const lengths *l, const uint8_t *held) {
    double *weights = room(t->rows * sizeof *weights), all = 0;
    for (uint64_t i = 0; i < t->rows; i++) {
        weights[i] = t->labels[i] > 0 && t->cycle[i] < 1024 && l->about[t->cycle[i]] > 0 ? 1 : 0;
    }
    for (int at = 0; at < 1024; at++) {
        all += l->about[at];
    }
    for (int turn = 0; turn < 60; turn++) {
        double column[2][1024] = {{0}}, engines[2] = {0, 0};
        for (uint64_t i = 0; i < t->rows; i++) {
            if (weights[i] > 0) {
                column[held[i]][t->cycle[i]] += weights[i];
            }
            engines[held[i]] += i == 0 || t->units[i] != t->units[i - 1];
        }
        for (uint64_t i = 0; i < t->rows; i++) {
            if (weights[i] > 0) {
                weights[i] *= engines[held[i]] * l->about[t->cycle[i]] / all /
                              column[held[i]][t->cycle[i]];
            }
        }
        for (uint64_t first = 0, end; first < t->rows; first = end) {
            double sum = 0;
            for (end = first; end < t->rows && t->units[end] == t->units[first]; end++) {
                sum += weights[end];
            }
            for (uint64_t i = first; i < end && sum > 0; i++) {
                weights[i] /= sum;
            }
        }
    }
    return weights;
}

typedef struct errors {
    double n, truth, squared, score, capped_squared, capped_score;
} errors;

static double score_of(double d) {
    return d < 0 ? exp(-d / 13) - 1 : exp(d / 10) - 1;
}

static void add_error(errors *e, double predicted, double truth, double weight) {
    const double d = predicted - truth;
    const double c = fmin(predicted, 125) - fmin(truth, 125);
    e->n += weight;
    e->truth += weight * truth;
    e->squared += weight * d * d;
    e->score += weight * score_of(d);
    e->capped_squared += weight * c * c;
    e->capped_score += weight * score_of(c);
}

static void tell(const errors *e, const options *o, const table *t, uint64_t learned) {
    printf(
        "{\"set\":\"%s\",\"cap\":%g,\"seed\":%u,\"rows\":%llu,\"features\":%u,\"engines\":%g,"
        "\"rmse\":%.4f,\"score\":%.2f,\"rmse_capped\":%.4f,\"score_capped\":%.2f}\n",
        o->set, o->cap, o->def.seed, (unsigned long long)learned, t->columns, e->n,
        sqrt(e->squared / e->n), e->score, sqrt(e->capped_squared / e->n), e->capped_score);
}

static ls_tree_model *learn(const table *t, const uint8_t *held, const double *row_weights,
                            const options *o, uint64_t *learned) {
    float *values = room(t->rows * t->columns * sizeof(float));
    float *labels = room(t->rows * sizeof(float)), *weights = room(t->rows * sizeof(float));
    double weight = 0;
    *learned = 0;
    for (uint64_t i = 0; i < t->rows; i++) {
        if (held[i] == 0) {
            memcpy(values + *learned * t->columns, t->values + i * t->columns,
                   t->columns * sizeof(float));
            labels[*learned] = o->cap > 0 ? fminf(t->labels[i], (float)o->cap) : t->labels[i];
            weights[*learned] = (float)row_weights[i];
            weight += (double)weights[*learned];
            (*learned)++;
        }
    }
    for (uint64_t i = 0; i < *learned; i++) {  // 1 on average, and never nothing
        weights[i] = 0.2f + 0.8f * weights[i] * (float)((double)*learned / weight);
    }
    const ls_learner_rows rows = {.values = values,
                                  .row_count = *learned,
                                  .feature_count = t->columns,
                                  .labels = labels,
                                  .weights = o->weigh != 0 ? weights : NULL};
    ls_learner_result result;
    ls_tree_model *model = NULL;
    ls_error err = {0};
    if (ls_learner_train(&o->def, &rows, NULL, NULL, NULL, &result, &err) != LS_OK ||
        ls_tree_read_text(result.model, result.model_size, "trained", &model, &err) != LS_OK) {
        stop("learning", &err);
    }
    ls_learner_result_clear(&result);
    ls_free(values);
    ls_free(labels);
    ls_free(weights);
    return model;
}

// Held out engines, each cut at every cycle, weighed as above.
static void judge_held(const ls_tree_model *model, const table *t, const uint8_t *held,
                       const double *row_weights, errors *e) {
    for (uint64_t i = 0; i < t->rows; i++) {
        if (held[i] != 0 && row_weights[i] > 0) {
            float out = 0;
            ls_tree_predict(model, t->values + i * t->columns, NULL, &out);
            add_error(e, (double)out, (double)t->labels[i], row_weights[i]);
        }
    }
}

static void judge_test(const ls_tree_model *model, const table *t, const options *o,
                       ls_arena *arena, errors *e) {
    char *truth = read_text(o, "RUL", "", arena);
    for (uint64_t i = 0; i < t->rows; i++) {
        if (i + 1 == t->rows || t->units[i + 1] != t->units[i]) {
            float out = 0;
            ls_tree_predict(model, t->values + i * t->columns, NULL, &out);
            char *end = truth;
            const double left = strtod(truth, &end);
            if (end == truth) {
                stop("fewer true lives than engines", NULL);
            }
            truth = end;
            add_error(e, (double)out, left, 1);
        }
    }
}

static void read_options(int argc, char **argv, options *o) {
    *o = (options){.cap = 125, .every = 1, .fold = 1, .def = ls_learner_def_default()};
    o->def.seed = 1;
    o->def.row_share = 0.7;
    o->def.column_share = 0.3;
    o->def.child_weight_min = 20;
    o->def.depth = 5;
    o->def.eta = 0.03;
    o->def.rounds = 400;
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        const double value = atof(argv[i + 1]);
        const char *name = argv[i];
        if (strcmp(name, "--cap") == 0) {
            o->cap = value;
        } else if (strcmp(name, "--hold") == 0) {
            o->hold = value;
        } else if (strcmp(name, "--every") == 0) {
            o->every = (uint32_t)value;
        } else if (strcmp(name, "--weigh") == 0) {
            o->weigh = (uint32_t)value;
        } else if (strcmp(name, "--fold") == 0) {
            o->fold = (uint32_t)value;
        } else if (strcmp(name, "--seed") == 0) {
            o->def.seed = (uint32_t)value;
        } else if (strcmp(name, "--depth") == 0) {
            o->def.depth = (uint32_t)value;
        } else if (strcmp(name, "--rounds") == 0) {
            o->def.rounds = (uint32_t)value;
        } else if (strcmp(name, "--eta") == 0) {
            o->def.eta = value;
        } else if (strcmp(name, "--child") == 0) {
            o->def.child_weight_min = value;
        } else if (strcmp(name, "--columns") == 0) {
            o->def.column_share = value;
        } else {
            stop(name, NULL);
        }
    }
    if (i + 2 != argc || o->every == 0) {
        stop("usage: cmapss_bench [options] FOLDER SET", NULL);
    }
    o->folder = argv[i];
    o->set = argv[i + 1];
}

int main(int argc, char **argv) {
    options o;
    read_options(argc, argv, &o);
    ls_arena arena;
    ls_arena_init(&arena);
    static conditions all;
    cycles c;
    read_cycles(&o, "train", &all, &arena, &c);
    uint8_t *held = room(c.count), *held_rows = room(c.count);
    ls_error err = {0};
    if (o.hold > 0 && ls_learner_split_by_unit((const uint32_t *)c.unit, c.count, o.hold, o.fold,
                                               held, &err) != LS_OK) {
        stop("holding engines out", &err);
    }
    learn_conditions(&c, held, &all);
    table t;
    make_table(&c, &all, &o, o.every, &t);
    if (o.hold > 0 &&
        ls_learner_split_by_unit(t.units, t.rows, o.hold, o.fold, held_rows, &err) != LS_OK) {
        stop("holding engines out", &err);
    }
    cycles test;
    static lengths l;
    read_cycles(&o, "test", &all, &arena, &test);
    count_lengths(&test, &l);
    const double *row_weights = weigh_rows(&t, &l, held_rows);
    uint64_t learned = 0;
    ls_tree_model *model = learn(&t, held_rows, row_weights, &o, &learned);
    errors e = {0};
    if (o.hold > 0) {
        judge_held(model, &t, held_rows, row_weights, &e);
    } else {
        table last;
        make_table(&test, &all, &o, 1, &last);
        judge_test(model, &last, &o, &arena, &e);
    }
    tell(&e, &o, &t, learned);
    ls_tree_destroy(model);
    ls_arena_clear(&arena);
    return 0;
}
