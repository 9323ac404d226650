// learner.c - see learner.h.
#include "model/learner.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "model/learner_state.h"
#include "model/learner_xgboost.h"
#include "model/tree.h"

enum { DEF_COOKIE = 0x6c726e72, PARAM_SIZE = 48 };

// What XGBoost calls each task, and the score that a model of it is judged by.
typedef struct task_words {
    const char *objective;
    const char *metric;
    bool higher_is_better;
} task_words;

static const task_words words[] = {
    [LS_LEARNER_REGRESSION] = {"reg:squarederror", "rmse", false},
    [LS_LEARNER_BINARY] = {"binary:logistic", "logloss", false},
    [LS_LEARNER_CLASSES] = {"multi:softprob", "mlogloss", false},
    [LS_LEARNER_COUNT] = {"count:poisson", "poisson-nloglik", false},
    [LS_LEARNER_SURVIVAL] = {"survival:aft", "aft-nloglik", false},
    [LS_LEARNER_RANKING] = {"rank:pairwise", "ndcg", true},
    // Its gradient is our own, so what XGBoost is told matters only for how the sum is read.
    [LS_LEARNER_QUANTILE] = {"reg:squarederror", "pinball", false},
};

ls_learner_def ls_learner_def_default(void) {
    return (ls_learner_def){.task = LS_LEARNER_REGRESSION,
                            .quantile = 0.5,
                            .spread = LS_LEARNER_NORMAL,
                            .spread_scale = 1,
                            .rounds = 300,
                            .depth = 6,
                            .eta = 0.1,
                            .child_weight_min = 1,
                            .row_share = 1,
                            .column_share = 1,
                            .lambda = 1,
                            .bins = 256,
                            .threads = 1,
                            .base_score = NAN,
                            .answer_max = INFINITY,
                            .cookie = DEF_COOKIE};
}

static ls_status check_range(const char *name, double value, double low, bool low_too, double high,
                             ls_error *err) {
    if ((low_too ? value >= low : value > low) && value <= high) {
        return LS_OK;
    }
    return ls_fail(err, LS_ERR_INVALID, "%s is %g; it must be %s %g and at most %g", name, value,
                   low_too ? "at least" : "above", low, high);
}

ls_status ls_learner_def_check(const ls_learner_def *def, ls_error *err) {
    assert(def->cookie == DEF_COOKIE);
    const struct {
        const char *name;
        double value, low;
        bool low_too;
        double high;
        bool asked;
    } ranges[] = {
        {"class_count", def->class_count, 2, true, 1024, def->task == LS_LEARNER_CLASSES},
        {"quantile", def->quantile, 0, false, nextafter(1, 0), def->task == LS_LEARNER_QUANTILE},
        {"spread_scale", def->spread_scale, 0, false, 1e6, def->task == LS_LEARNER_SURVIVAL},
        {"rounds", def->rounds, 1, true, 100000, true},
        {"depth", def->depth, 1, true, 16, true},
        {"eta", def->eta, 0, false, 1, true},
        {"child_weight_min", def->child_weight_min, 0, true, 1e9, true},
        {"row_share", def->row_share, 0, false, 1, true},
        {"column_share", def->column_share, 0, false, 1, true},
        {"lambda", def->lambda, 0, true, 1e9, true},
        {"alpha", def->alpha, 0, true, 1e9, true},
        {"gamma", def->gamma, 0, true, 1e9, true},
        {"bins", def->bins, 2, true, 65536, true},
        {"threads", def->threads, 1, true, 1024, true},
        {"seed", def->seed, 0, true, INT32_MAX, true},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        ls_status status = ranges[i].asked
                               ? check_range(ranges[i].name, ranges[i].value, ranges[i].low,
                                             ranges[i].low_too, ranges[i].high, err)
                               : LS_OK;
        if (status != LS_OK) {
            return status;
        }
    }
    return LS_OK;
}

// What a label may be, by task; NULL when it may be.
static const char *label_fault(const ls_learner_def *def, float label) {
    if (!isfinite(label)) {
        return "a finite number";
    }
    switch (def->task) {
    case LS_LEARNER_BINARY: return label == 0.0f || label == 1.0f ? NULL : "0 or 1";
    case LS_LEARNER_CLASSES:
        return label >= 0.0f && label < (float)def->class_count && label == floorf(label)
                   ? NULL
                   : "a whole number from 0, below class_count";
    case LS_LEARNER_COUNT: return label >= 0.0f ? NULL : "0 or more";
    case LS_LEARNER_RANKING: return label >= 0.0f && label <= 31.0f ? NULL : "from 0 to 31";
    case LS_LEARNER_SURVIVAL: return label > 0.0f ? NULL : "above 0";
    case LS_LEARNER_REGRESSION:
    case LS_LEARNER_QUANTILE: break;
    }
    return NULL;
}

static ls_status check_rows(const ls_learner_def *def, const ls_learner_rows *rows,
                            const char *what, ls_error *err) {
    if (rows->row_count == 0 || rows->feature_count == 0) {
        return ls_fail(err, LS_ERR_INVALID, "no %s %s", what,
                       rows->row_count == 0 ? "rows" : "features");
    }
    for (uint64_t i = 0; i < rows->row_count; i++) {
        const char *fault = label_fault(def, rows->labels[i]);
        if (fault != NULL) {
            return ls_fail(err, LS_ERR_INVALID, "label of %s row %llu is %g; it must be %s", what,
                           (unsigned long long)i, (double)rows->labels[i], fault);
        }
        if (def->task == LS_LEARNER_SURVIVAL && rows->labels_high != NULL &&
            !(rows->labels_high[i] >= rows->labels[i])) {
            return ls_fail(
                err, LS_ERR_INVALID, "latest time of %s row %llu is %g, before its earliest, %g",
                what, (unsigned long long)i, (double)rows->labels_high[i], (double)rows->labels[i]);
        }
    }
    const uint64_t cells = rows->row_count * rows->feature_count;
    for (uint64_t i = 0; i < cells; i++) {
        if (isinf(rows->values[i])) {
            return ls_fail(err, LS_ERR_INVALID, "%s row %llu, feature %llu is infinite", what,
                           (unsigned long long)(i / rows->feature_count),
                           (unsigned long long)(i % rows->feature_count));
        }
    }
    const uint64_t weights = def->task == LS_LEARNER_RANKING ? rows->group_count : rows->row_count;
    for (uint64_t i = 0; rows->weights != NULL && i < weights; i++) {
        if (!(rows->weights[i] >= 0.0f) || isinf(rows->weights[i])) {
            return ls_fail(err, LS_ERR_INVALID,
                           "weight %llu of %s rows is %g; it must be 0 or more",
                           (unsigned long long)i, what, (double)rows->weights[i]);
        }
    }
    if (def->task == LS_LEARNER_RANKING) {
        uint64_t sum = 0;
        for (uint32_t i = 0; i < rows->group_count; i++) {
            sum += rows->groups[i];
        }
        if (sum != rows->row_count) {
            return ls_fail(err, LS_ERR_INVALID,
                           "groups of %s rows add up to %llu, and there are %llu", what,
                           (unsigned long long)sum, (unsigned long long)rows->row_count);
        }
    }
    return LS_OK;
}

static int compare_floats(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

// The q-quantile of the labels, and the distance between their quartiles (1 where that is zero).
static ls_status label_quantile(const ls_learner_rows *rows, double q, double *out,
                                double *spread) {
    float *sorted = ls_alloc(rows->row_count * sizeof *sorted);
    if (sorted == NULL) {
        return LS_ERR_MEMORY;
    }
    memcpy(sorted, rows->labels, rows->row_count * sizeof *sorted);
    qsort(sorted, rows->row_count, sizeof *sorted, compare_floats);
    const double last = (double)(rows->row_count - 1);
    *out = (double)sorted[(uint64_t)(q * last + 0.5)];
    *spread = (double)sorted[(uint64_t)(0.75 * last)] - (double)sorted[(uint64_t)(0.25 * last)];
    *spread = *spread > 0 ? *spread : 1;
    ls_free(sorted);
    return LS_OK;
}

static double weight_of(const ls_learner_rows *rows, uint64_t row) {
    return rows->weights != NULL ? (double)rows->weights[row] : 1.0;
}

// Where predictions begin: what the best model without any feature would say.
static double base_from_labels(const ls_learner_def *def, const ls_learner_rows *rows) {
    if (def->task == LS_LEARNER_CLASSES || def->task == LS_LEARNER_RANKING) {
        return 0.5;
    }
    const bool in_logs = def->task == LS_LEARNER_SURVIVAL;
    double sum = 0, weight = 0;
    for (uint64_t i = 0; i < rows->row_count; i++) {
        const double label = (double)rows->labels[i];
        sum += weight_of(rows, i) * (in_logs ? log(label) : label);
        weight += weight_of(rows, i);
    }
    const double mean = weight > 0 ? sum / weight : 0.5;
    switch (def->task) {
    case LS_LEARNER_BINARY: return fmin(fmax(mean, 1e-6), 1 - 1e-6);
    case LS_LEARNER_COUNT: return fmax(mean, 1e-6);
    case LS_LEARNER_SURVIVAL: return fmax(exp(mean), 1e-30);
    default: return mean;
    }
}

// One training in progress.
typedef struct training {
    const ls_xgboost *x;
    const ls_learner_def *def;
    const ls_learner_rows *train, *valid;
    DMatrixHandle matrices[2];  // train, valid
    BoosterHandle booster;
    double base_score;
    double spread;              // QUANTILE: the step of a gradient
    float *gradient, *hessian;  // QUANTILE, row_count each
    const ls_learner_saving *saving;
    uint8_t key[LS_SHA256_SIZE];  // of this training, where it is saved
    uint32_t rounds_begun;        // by a process before
    ls_error *err;
} training;

static bool set_floats(const training *t, DMatrixHandle matrix, const char *field,
                       const float *values, uint64_t count) {
    return values == NULL || t->x->matrix_set_floats(matrix, field, values, count) == 0;
}

static ls_status make_matrix(training *t, const ls_learner_rows *rows, DMatrixHandle *out) {
    if (t->x->matrix_create(rows->values, rows->row_count, rows->feature_count, NAN, out,
                            (int)t->def->threads) != 0) {
        *out = NULL;
        return ls_xgboost_fail(t->x, t->err, "taking the rows");
    }
    bool good = true;
    if (t->def->task == LS_LEARNER_SURVIVAL) {
        const float *high = rows->labels_high != NULL ? rows->labels_high : rows->labels;
        good = set_floats(t, *out, "label_lower_bound", rows->labels, rows->row_count) &&
               set_floats(t, *out, "label_upper_bound", high, rows->row_count);
    } else {
        good = set_floats(t, *out, "label", rows->labels, rows->row_count);
    }
    if (good && t->def->task == LS_LEARNER_RANKING) {
        good = t->x->matrix_set_counts(*out, "group", rows->groups, rows->group_count) == 0;
    }
    good = good &&
           set_floats(t, *out, "weight", rows->weights,
                      t->def->task == LS_LEARNER_RANKING ? rows->group_count : rows->row_count);
    return good ? LS_OK : ls_xgboost_fail(t->x, t->err, "taking the labels");
}

static bool set_number(const training *t, const char *name, double value) {
    char text[PARAM_SIZE];
    ls_text_format(text, sizeof text, "%.10g", value);
    return t->x->set(t->booster, name, text) == 0;
}

static bool set_text(const training *t, const char *name, const char *value) {
    return t->x->set(t->booster, name, value) == 0;
}

// How trees grow.
static bool set_growth(const training *t) {
    const ls_learner_def *d = t->def;
    return set_number(t, "max_depth", d->depth) && set_number(t, "eta", d->eta) &&
           set_number(t, "min_child_weight", d->child_weight_min) &&
           set_number(t, "subsample", d->row_share) &&
           set_number(t, "colsample_bytree", d->column_share) &&
           set_number(t, "lambda", d->lambda) && set_number(t, "alpha", d->alpha) &&
           set_number(t, "gamma", d->gamma) && set_number(t, "max_bin", d->bins);
}

// Goes on from where a process before was.
static ls_status take_state(training *t, ls_learner_result *out) {
    ls_learner_state state;
    if (t->saving == NULL || t->saving->from == NULL) {
        return LS_OK;
    }
    ls_status status = ls_learner_state_read(t->saving->from, t->saving->from_size, t->key, &state,
                                             t->err);
    if (status == LS_OK && t->x->load(t->booster, state.model, state.model_size) != 0) {
        status = ls_xgboost_fail(t->x, t->err, "reading its state");
    }
    if (status == LS_OK) {
        t->rounds_begun = state.rounds_run;
        out->rounds_run = state.rounds_run;
        out->rounds_kept = state.rounds_kept;
        out->score = state.score;
    }
    return status;
}

static ls_status make_booster(training *t, ls_learner_result *out) {
    static const char *const spreads[] = {[LS_LEARNER_NORMAL] = "normal",
                                          [LS_LEARNER_LOGISTIC] = "logistic",
                                          [LS_LEARNER_EXTREME] = "extreme"};
    const ls_learner_def *d = t->def;
    if (t->x->create(t->matrices, t->valid != NULL ? 2 : 1, &t->booster) != 0) {
        t->booster = NULL;
        return ls_xgboost_fail(t->x, t->err, "beginning");
    }
    // A state first: what is set after it holds for it too.
    const ls_status status = take_state(t, out);
    if (status != LS_OK) {
        return status;
    }
    bool good = set_text(t, "objective", words[d->task].objective) &&
                set_text(t, "booster", "gbtree") && set_text(t, "tree_method", "hist") &&
                set_number(t, "nthread", d->threads) && set_number(t, "seed", d->seed) &&
                set_growth(t) && set_number(t, "base_score", t->base_score);
    if (good && d->task == LS_LEARNER_CLASSES) {
        good = set_number(t, "num_class", d->class_count);
    }
    if (good && d->task == LS_LEARNER_SURVIVAL) {
        good = set_text(t, "aft_loss_distribution", spreads[d->spread]) &&
               set_number(t, "aft_loss_distribution_scale", d->spread_scale);
    }
    if (good && d->task != LS_LEARNER_QUANTILE) {
        good = set_text(t, "eval_metric", words[d->task].metric);
    }
    // Those of the matrix do not come into the model by themselves.
    const char *const *given = t->train->names;
    if (good && given != NULL) {
        // The library's type is not const; it copies.
        const char **names = ls_alloc(t->train->feature_count * sizeof *names);
        if (names == NULL) {
            return ls_fail(t->err, LS_ERR_MEMORY, "no memory for the names of features");
        }
        memcpy(names, given, t->train->feature_count * sizeof *names);
        good = t->x->set_texts(t->booster, "feature_name", names, t->train->feature_count) == 0;
        ls_free(names);
    }
    if (good && isfinite(d->answer_max)) {
        char text[PARAM_SIZE];
        ls_text_format(text, sizeof text, "%.9g", d->answer_max);
        good = t->x->set_attribute(t->booster, LS_TREE_ANSWER_MAX, text) == 0;
    }
    return good ? LS_OK : ls_xgboost_fail(t->x, t->err, "setting its parameters");
}

// What a round draws depends on the seed and its number alone, not on the rounds that this process
// has seen: a training that is gone on with draws the same. The library draws rows from a generator
// that a new seed begins anew, and features from one of what grows its trees, which is made with a
// number of the first: a change of the method, there and back, makes that anew, and it has to be
// told everything again. Asking for the number of features makes the library take what was set.
static ls_status set_draws(training *t, uint32_t round) {
    const ls_learner_def *d = t->def;
    bst_ulong features = 0;
    if (d->row_share >= 1 && d->column_share >= 1) {
        return LS_OK;
    }
    // Another one than that of any other round, as long as the factor is odd.
    const uint32_t seed = (d->seed + (round + 1) * 0x9e3779b1u) & INT32_MAX;
    const bool good = t->x->feature_count(t->booster, &features) == 0 &&
                      set_number(t, "seed", seed) && set_text(t, "tree_method", "approx") &&
                      t->x->feature_count(t->booster, &features) == 0 &&
                      set_text(t, "tree_method", "hist") && set_growth(t);
    return good ? LS_OK : ls_xgboost_fail(t->x, t->err, "setting what is drawn");
}

static ls_status margins_of(const training *t, DMatrixHandle matrix, bool training_now,
                            uint64_t count, const float **out) {
    const bst_ulong *shape = NULL;
    bst_ulong dimensions = 0;
    const char *config = training_now ? "{\"type\":1,\"training\":true,\"iteration_begin\":0,"
                                        "\"iteration_end\":0,\"strict_shape\":true}"
                                      : "{\"type\":1,\"training\":false,\"iteration_begin\":0,"
                                        "\"iteration_end\":0,\"strict_shape\":true}";
    if (t->x->predict(t->booster, matrix, config, &shape, &dimensions, out) != 0) {
        return ls_xgboost_fail(t->x, t->err, "predicting");
    }
    assert(dimensions >= 1 && shape[0] == count);
    (void)count;
    return LS_OK;
}

// One round of the pinball loss. Its gradient is 1 - q above the label and -q below, its hessian
// zero; so a step as wide as the labels' quartiles are apart stands in for Newton's.
static ls_status boost_quantile(training *t) {
    const float *margins = NULL;
    ls_status status = margins_of(t, t->matrices[0], true, t->train->row_count, &margins);
    for (uint64_t i = 0; i < t->train->row_count && status == LS_OK; i++) {
        const double weight = weight_of(t->train, i);
        const double slope = margins[i] > t->train->labels[i] ? 1 - t->def->quantile
                                                              : -t->def->quantile;
        t->gradient[i] = (float)(weight * slope * t->spread);
        t->hessian[i] = (float)weight;
    }
    if (status == LS_OK && t->x->boost(t->booster, t->matrices[0], t->gradient, t->hessian,
                                       t->train->row_count) != 0) {
        return ls_xgboost_fail(t->x, t->err, "learning");
    }
    return status;
}

static ls_status score_quantile(const training *t, double *out) {
    const float *margins = NULL;
    ls_status status = margins_of(t, t->matrices[1], false, t->valid->row_count, &margins);
    double sum = 0, weight = 0;
    for (uint64_t i = 0; i < t->valid->row_count && status == LS_OK; i++) {
        const double over = (double)margins[i] - (double)t->valid->labels[i];
        sum += weight_of(t->valid, i) *
               (over > 0 ? over * (1 - t->def->quantile) : -over * t->def->quantile);
        weight += weight_of(t->valid, i);
    }
    *out = weight > 0 ? sum / weight : NAN;
    return status;
}

// The number behind the last colon of "[3]\tvalid-rmse:12.5".
static ls_status score_of(const training *t, int round, double *out) {
    *out = NAN;
    if (t->valid == NULL) {
        return LS_OK;
    }
    if (t->def->task == LS_LEARNER_QUANTILE) {
        return score_quantile(t, out);
    }
    DMatrixHandle matrix[1] = {t->matrices[1]};
    const char *name[1] = {"valid"};
    const char *text = NULL;
    if (t->x->evaluate(t->booster, round, matrix, name, 1, &text) != 0) {
        return ls_xgboost_fail(t->x, t->err, "scoring");
    }
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !ls_text_parse_double(colon + 1, strlen(colon + 1), out)) {
        *out = NAN;  // "nan", "inf": no score that anything could be judged by
    }
    return LS_OK;
}

// Rounds, scores and all trees so far, where they are wanted.
static ls_status save_state(training *t, const ls_learner_result *out) {
    const ls_learner_saving *s = t->saving;
    if (s == NULL || s->is_due == NULL || out->rounds_run == t->def->rounds ||
        !s->is_due(s->context, out->rounds_run)) {
        return LS_OK;
    }
    bst_ulong size = 0;
    const char *text = NULL;
    if (t->x->save(t->booster, "{\"format\":\"json\"}", &size, &text) != 0) {
        return ls_xgboost_fail(t->x, t->err, "saving its state");
    }
    const ls_learner_state state = {.rounds_run = out->rounds_run,
                                    .rounds_kept = out->rounds_kept,
                                    .score = out->score,
                                    .model = text,
                                    .model_size = size};
    ls_buffer bytes;
    ls_buffer_init(&bytes);
    ls_learner_state_pack(t->key, &state, &bytes);
    const ls_status status = bytes.failed ? ls_fail(t->err, LS_ERR_MEMORY,
                                                    "no memory for the state of a training")
                                          : s->save(s->context, bytes.data, bytes.size, t->err);
    ls_buffer_clear(&bytes);
    return status;
}

static ls_status run_rounds(training *t, ls_learner_progress *progress, void *context,
                            ls_learner_result *out) {
    const bool higher = out->higher_is_better;
    for (uint32_t round = t->rounds_begun; round < t->def->rounds; round++) {
        if (t->def->patience > 0 && round - out->rounds_kept >= t->def->patience) {
            break;
        }
        double score = NAN;
        ls_status status = set_draws(t, round);
        if (status != LS_OK) {
            return status;
        }
        if (t->def->task == LS_LEARNER_QUANTILE) {
            status = boost_quantile(t);
        } else if (t->x->update(t->booster, (int)round, t->matrices[0]) != 0) {
            status = ls_xgboost_fail(t->x, t->err, "learning");
        }
        if (status == LS_OK) {
            status = score_of(t, (int)round, &score);
        }
        if (status != LS_OK) {
            return status;
        }
        out->rounds_run = round + 1;
        const bool better = isnan(out->score) || (higher ? score > out->score : score < out->score);
        if (t->def->patience == 0 || better) {
            out->score = score;
            out->rounds_kept = round + 1;
        }
        if (progress != NULL && !progress(context, round + 1, score)) {
            return ls_fail(t->err, LS_ERR_STOPPED, "stopped after %u of %u rounds", round + 1,
                           t->def->rounds);
        }
        status = save_state(t, out);
        if (status != LS_OK) {
            return status;
        }
    }
    return LS_OK;
}

static ls_status take_model(training *t, ls_learner_result *out) {
    BoosterHandle kept = t->booster;
    if (out->rounds_kept < out->rounds_run &&
        t->x->slice(t->booster, 0, (int)out->rounds_kept, 1, &kept) != 0) {
        return ls_xgboost_fail(t->x, t->err, "keeping its best rounds");
    }
    bst_ulong size = 0;
    const char *text = NULL;
    ls_status status = LS_OK;
    if (t->x->save(kept, "{\"format\":\"json\"}", &size, &text) != 0) {
        status = ls_xgboost_fail(t->x, t->err, "saving the model");
    } else if ((out->model = ls_alloc(size + 1)) == NULL) {
        status = ls_fail(t->err, LS_ERR_MEMORY, "no memory for the model");
    } else {
        memcpy(out->model, text, size);
        out->model_size = size;
    }
    if (kept != t->booster) {
        t->x->free(kept);
    }
    return status;
}

static ls_status prepare(training *t, ls_learner_result *out) {
    ls_status status = LS_OK;
    t->base_score = t->def->base_score;
    if (t->def->task == LS_LEARNER_QUANTILE) {
        double base = 0;
        status = label_quantile(t->train, t->def->quantile, &base, &t->spread);
        t->base_score = isnan(t->base_score) ? base : t->base_score;
        t->gradient = ls_alloc(t->train->row_count * sizeof *t->gradient);
        t->hessian = ls_alloc(t->train->row_count * sizeof *t->hessian);
        if (status != LS_OK || t->gradient == NULL || t->hessian == NULL) {
            return ls_fail(t->err, LS_ERR_MEMORY, "no memory for the gradients");
        }
    } else if (isnan(t->base_score)) {
        t->base_score = base_from_labels(t->def, t->train);
    }
    status = make_matrix(t, t->train, &t->matrices[0]);
    if (status == LS_OK && t->valid != NULL) {
        status = make_matrix(t, t->valid, &t->matrices[1]);
    }
    return status == LS_OK ? make_booster(t, out) : status;
}

ls_status ls_learner_train(const ls_learner_def *def, const ls_learner_rows *train,
                           const ls_learner_rows *valid, ls_learner_progress *progress,
                           void *context, ls_learner_result *out, ls_error *err) {
    return ls_learner_train_on(def, train, valid, progress, context, NULL, out, err);
}

ls_status ls_learner_check_state(const ls_learner_def *def, const ls_learner_rows *train,
                                 const ls_learner_rows *valid, const void *bytes, size_t size,
                                 uint32_t *out_rounds, ls_error *err) {
    uint8_t key[LS_SHA256_SIZE];
    ls_learner_state state;
    ls_learner_state_key(def, train, valid, key);
    const ls_status status = ls_learner_state_read(bytes, size, key, &state, err);
    *out_rounds = state.rounds_run;
    return status;
}

ls_status ls_learner_train_on(const ls_learner_def *def, const ls_learner_rows *train,
                              const ls_learner_rows *valid, ls_learner_progress *progress,
                              void *context, const ls_learner_saving *saving,
                              ls_learner_result *out, ls_error *err) {
    *out = (ls_learner_result){0};
    training t = {.def = def, .train = train, .valid = valid, .saving = saving, .err = err};
    ls_status status = ls_learner_def_check(def, err);
    if (status == LS_OK && def->patience > 0 && valid == NULL) {
        status = ls_fail(err, LS_ERR_INVALID, "patience is %u, and there are no validation rows",
                         def->patience);
    }
    if (status == LS_OK && valid != NULL && valid->feature_count != train->feature_count) {
        status = ls_fail(err, LS_ERR_INVALID, "%u features to learn from, %u to validate with",
                         train->feature_count, valid->feature_count);
    }
    if (status == LS_OK) {
        status = check_rows(def, train, "training", err);
    }
    if (status == LS_OK && valid != NULL) {
        status = check_rows(def, valid, "validation", err);
    }
    if (status == LS_OK) {
        status = ls_xgboost_open(&t.x, err);
    }
    if (status != LS_OK) {
        return status;
    }
    *out = (ls_learner_result){.score = NAN,
                               .metric = words[def->task].metric,
                               .higher_is_better = words[def->task].higher_is_better};
    if (saving != NULL) {
        ls_learner_state_key(def, train, valid, t.key);
    }
    status = prepare(&t, out);
    if (status == LS_OK) {
        status = run_rounds(&t, progress, context, out);
    }
    if (status == LS_OK) {
        status = take_model(&t, out);
    }
    if (t.booster != NULL) {
        t.x->free(t.booster);
    }
    for (int i = 0; i < 2; i++) {
        if (t.matrices[i] != NULL) {
            t.x->matrix_free(t.matrices[i]);
        }
    }
    ls_free(t.gradient);
    ls_free(t.hessian);
    if (status != LS_OK) {
        ls_learner_result_clear(out);
    }
    return status;
}

void ls_learner_result_clear(ls_learner_result *result) {
    ls_free(result->model);
    *result = (ls_learner_result){0};
}
