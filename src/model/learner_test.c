// learner_test.c - what is learned, from which rows, and the same bytes again.
#include "model/learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/testing/boosted.h"
#include "model/tree.h"
#include "model/tree_read.h"
#include "tests/harness.h"

enum { ROWS = 1200, VALID = 400, FEATURES = 8 };

static float values[ROWS * FEATURES], labels[ROWS], high[ROWS];

static ls_learner_rows draw_rows(uint64_t seed, ls_learner_task task, uint32_t classes) {
    boosted_random random = {seed};
    boosted_fill(&random, values, ROWS * FEATURES, 0.05);
    boosted_label(&random, values, ROWS, FEATURES, task, classes, labels);
    return (ls_learner_rows){
        .values = values, .row_count = ROWS, .feature_count = FEATURES, .labels = labels};
}

// The last VALID of the rows, and the others.
static ls_learner_rows split_rows(ls_learner_rows *rows) {
    ls_learner_rows valid = *rows;
    rows->row_count = ROWS - VALID;
    valid.row_count = VALID;
    valid.values += (ROWS - VALID) * FEATURES;
    valid.labels += ROWS - VALID;
    return valid;
}

static ls_tree_model *model_of(const ls_learner_result *result) {
    ls_tree_model *model = NULL;
    ls_error err = {0};
    CHECK_INT(ls_tree_read_text(result->model, result->model_size, "trained", &model, &err), LS_OK);
    CHECK_STR(err.text, "");
    return model;
}

static void test_the_same_seed_gives_the_same_bytes(void) {
    ls_learner_def def = ls_learner_def_default();
    def.rounds = 30;
    def.row_share = 0.6;
    def.column_share = 0.5;
    const ls_learner_rows rows = draw_rows(3, def.task, 0);
    for (uint32_t threads = 1; threads <= 2; threads++) {
        ls_learner_result a, b, c;
        def.threads = threads;
        def.seed = 11;
        CHECK_INT(ls_learner_train(&def, &rows, NULL, NULL, NULL, &a, NULL), LS_OK);
        CHECK_INT(ls_learner_train(&def, &rows, NULL, NULL, NULL, &b, NULL), LS_OK);
        def.seed = 12;
        CHECK_INT(ls_learner_train(&def, &rows, NULL, NULL, NULL, &c, NULL), LS_OK);
        CHECK_INT(a.model_size, b.model_size);
        CHECK_BYTES(a.model, b.model, a.model_size);
        CHECK(a.model_size != c.model_size || memcmp(a.model, c.model, a.model_size) != 0);
        ls_learner_result_clear(&a);
        ls_learner_result_clear(&b);
        ls_learner_result_clear(&c);
    }
}

static void test_it_ends_when_validation_gets_no_better(void) {
    ls_learner_def def = ls_learner_def_default();
    def.rounds = 400;
    def.eta = 0.5;
    def.patience = 10;
    ls_learner_rows rows = draw_rows(5, def.task, 0);
    const ls_learner_rows valid = split_rows(&rows);
    ls_learner_result result;
    ls_error err = {0};
    CHECK_INT(ls_learner_train(&def, &rows, &valid, NULL, NULL, &result, &err), LS_OK);
    CHECK_STR(err.text, "");
    CHECK(result.rounds_run < 400);
    CHECK_INT(result.rounds_run, result.rounds_kept + 10);
    CHECK_STR(result.metric, "rmse");
    ls_tree_model *model = model_of(&result);
    CHECK_INT(model->tree_count, result.rounds_kept);
    double squares = 0;
    for (int i = 0; i < VALID; i++) {
        float out = 0;
        ls_tree_predict(model, valid.values + i * FEATURES, NULL, &out);
        squares += pow((double)out - (double)valid.labels[i], 2);
    }
    // The score is that of the rounds that were kept.
    CHECK_NEAR(sqrt(squares / VALID), result.score, 1e-5);
    CHECK(result.score < 0.6);  // the labels deviate by about 1.7
    ls_tree_destroy(model);
    ls_learner_result_clear(&result);
}

static void test_each_task_learns(void) {
    const struct {
        ls_learner_task task;
        const char *objective;
        ls_tree_link link;
    } tasks[] = {{LS_LEARNER_BINARY, "binary:logistic", LS_TREE_LINK_LOGISTIC},
                 {LS_LEARNER_CLASSES, "multi:softprob", LS_TREE_LINK_SOFTMAX},
                 {LS_LEARNER_COUNT, "count:poisson", LS_TREE_LINK_EXP},
                 {LS_LEARNER_SURVIVAL, "survival:aft", LS_TREE_LINK_TIME},
                 {LS_LEARNER_RANKING, "rank:pairwise", LS_TREE_LINK_NONE}};
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        ls_learner_def def = ls_learner_def_default();
        def.task = tasks[i].task;
        def.class_count = 3;
        def.rounds = 40;
        def.spread_scale = 0.5;
        ls_learner_rows rows = draw_rows(20 + i, def.task, 3);
        ls_learner_rows valid = split_rows(&rows);
        const uint32_t groups[] = {400, 400}, valid_groups[] = {VALID};
        rows.groups = groups;
        rows.group_count = 2;
        valid.groups = valid_groups;
        valid.group_count = 1;
        ls_learner_result few, many;
        ls_error err = {0};
        CHECK_INT(ls_learner_train(&def, &rows, &valid, NULL, NULL, &many, &err), LS_OK);
        CHECK_STR(err.text, "");
        def.rounds = 1;
        CHECK_INT(ls_learner_train(&def, &rows, &valid, NULL, NULL, &few, &err), LS_OK);
        // Forty trees say more of rows that were not learned from than one.
        CHECK(many.higher_is_better ? many.score > few.score + 0.01
                                    : many.score < few.score * 0.95);
        ls_tree_model *model = model_of(&many);
        CHECK_STR(model->objective, tasks[i].objective);
        CHECK_INT(model->link, tasks[i].link);
        ls_tree_destroy(model);
        ls_learner_result_clear(&few);
        ls_learner_result_clear(&many);
    }
}

static void test_a_time_not_seen_yet_counts_as_later(void) {
    ls_learner_def def = ls_learner_def_default();
    def.task = LS_LEARNER_SURVIVAL;
    def.rounds = 60;
    def.depth = 3;
    ls_learner_rows rows = draw_rows(31, def.task, 0);
    double told[2] = {0, 0};
    for (int censored = 0; censored < 2; censored++) {
        // Everything beyond 1 was not waited for.
        for (int i = 0; i < ROWS; i++) {
            high[i] = labels[i] > 1.0f ? (censored == 1 ? INFINITY : 1.0f) : labels[i];
            labels[i] = fminf(labels[i], 1.0f);
        }
        rows.labels_high = high;
        ls_learner_result result;
        ls_error err = {0};
        CHECK_INT(ls_learner_train(&def, &rows, NULL, NULL, NULL, &result, &err), LS_OK);
        CHECK_STR(err.text, "");
        ls_tree_model *model = model_of(&result);
        for (int i = 0; i < ROWS; i++) {
            float out = 0;
            ls_tree_predict(model, values + i * FEATURES, NULL, &out);
            told[censored] += log((double)out) / ROWS;
        }
        ls_tree_destroy(model);
        ls_learner_result_clear(&result);
        rows = draw_rows(31, def.task, 0);
    }
    CHECK(told[1] > told[0] + 0.2);
}

static void test_quantiles_cover_what_they_say(void) {
    for (int k = 0; k < 3; k++) {
        const double q = 0.1 + 0.4 * k;
        ls_learner_def def = ls_learner_def_default();
        def.task = LS_LEARNER_QUANTILE;
        def.quantile = q;
        def.rounds = 150;
        def.depth = 3;
        def.child_weight_min = 20;
        ls_learner_rows rows = draw_rows(41, LS_LEARNER_REGRESSION, 0);
        const ls_learner_rows valid = split_rows(&rows);
        ls_learner_result result;
        ls_error err = {0};
        CHECK_INT(ls_learner_train(&def, &rows, &valid, NULL, NULL, &result, &err), LS_OK);
        CHECK_STR(err.text, "");
        CHECK_STR(result.metric, "pinball");
        ls_tree_model *model = model_of(&result);
        int below = 0;
        double pinball = 0, still = 0;
        for (int i = 0; i < VALID; i++) {
            float out = 0;
            ls_tree_predict(model, valid.values + i * FEATURES, NULL, &out);
            below += valid.labels[i] <= out;
            const double over = (double)out - (double)valid.labels[i];
            const double from_base = (double)model->base_score - (double)valid.labels[i];
            pinball += (over > 0 ? over * (1 - q) : -over * q) / VALID;
            still += (from_base > 0 ? from_base * (1 - q) : -from_base * q) / VALID;
        }
        harness_note("quantile %g", q);
        CHECK_NEAR((double)below / VALID, q, 0.1);
        CHECK_NEAR(pinball, result.score, 1e-6);
        CHECK(pinball < 0.5 * still);  // and they follow the features
        ls_tree_destroy(model);
        ls_learner_result_clear(&result);
    }
}

static bool stop_at_five(void *context, uint32_t round, double score) {
    *(uint32_t *)context = round;
    CHECK(isnan(score));
    return round < 5;
}

static void test_progress_can_stop_it(void) {
    const ls_learner_def def = ls_learner_def_default();
    const ls_learner_rows rows = draw_rows(3, def.task, 0);
    uint32_t last = 0;
    ls_learner_result result;
    ls_error err = {0};
    CHECK_INT(ls_learner_train(&def, &rows, NULL, stop_at_five, &last, &result, &err),
              LS_ERR_STOPPED);
    CHECK_INT(last, 5);
    CHECK_STR(err.text, "stopped after 5 of 300 rounds");
    CHECK(result.model == NULL);
}

static void check_refused(const ls_learner_def *def, const ls_learner_rows *rows,
                          const ls_learner_rows *valid, const char *says) {
    ls_learner_result result;
    ls_error err = {0};
    CHECK_INT(ls_learner_train(def, rows, valid, NULL, NULL, &result, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, says);
    CHECK(result.model == NULL);
}

static void test_wrong_rows_and_settings_are_named(void) {
    ls_learner_def def = ls_learner_def_default();
    ls_learner_rows rows = draw_rows(3, def.task, 0);
    def.eta = 0;
    check_refused(&def, &rows, NULL, "eta is 0; it must be above 0 and at most 1");
    def = ls_learner_def_default();
    def.depth = 17;
    check_refused(&def, &rows, NULL, "depth is 17");
    def = ls_learner_def_default();
    def.row_share = NAN;
    check_refused(&def, &rows, NULL, "row_share is nan");
    def = ls_learner_def_default();
    def.patience = 5;
    check_refused(&def, &rows, NULL, "there are no validation rows");
    ls_learner_rows other = rows;
    other.feature_count = 4;
    check_refused(&def, &rows, &other, "8 features to learn from, 4 to validate with");
    def = ls_learner_def_default();
    labels[7] = NAN;
    check_refused(&def, &rows, NULL, "label of training row 7 is nan; it must be a finite number");
    labels[7] = 0.5f;
    def.task = LS_LEARNER_BINARY;
    check_refused(&def, &rows, NULL, "it must be 0 or 1");
    def = ls_learner_def_default();
    values[3 * FEATURES + 2] = INFINITY;
    check_refused(&def, &rows, NULL, "training row 3, feature 2 is infinite");
    values[3 * FEATURES + 2] = 0;
    rows.row_count = 0;
    check_refused(&def, &rows, NULL, "no training rows");
    rows.row_count = ROWS;
    def.task = LS_LEARNER_RANKING;
    for (int i = 0; i < ROWS; i++) {
        labels[i] = (float)(i % 3);
    }
    const uint32_t groups[] = {5, 6};
    rows.groups = groups;
    rows.group_count = 2;
    check_refused(&def, &rows, NULL, "groups of training rows add up to 11, and there are 1200");
}

static void test_without_memory_nothing_is_learned(void) {
    ls_learner_def def = ls_learner_def_default();
    def.task = LS_LEARNER_QUANTILE;
    def.rounds = 2;
    const ls_learner_rows rows = draw_rows(3, LS_LEARNER_REGRESSION, 0);
    int failures = 0;
    for (int count = 0; count < 20; count++) {
        ls_learner_result result;
        ls_error err = {0};
        ls_alloc_fail_after(count);
        const ls_status status = ls_learner_train(&def, &rows, NULL, NULL, NULL, &result, &err);
        ls_alloc_fail_after(-1);
        if (status == LS_OK) {
            ls_learner_result_clear(&result);
            break;
        }
        CHECK_INT(status, LS_ERR_MEMORY);
        CHECK(result.model == NULL);
        failures++;
    }
    CHECK_INT(failures, 4);  // sorted labels, two of gradients, the model
}

static void test_units_are_held_out_whole(void) {
    enum { COUNT = 500 };
    uint32_t units[COUNT];
    uint8_t valid[COUNT], again[COUNT];
    for (int i = 0; i < COUNT; i++) {
        units[i] = (uint32_t)(i * 7 % 50) * 3;
    }
    CHECK_INT(ls_learner_split_by_unit(units, COUNT, 0.3, 1, valid, NULL), LS_OK);
    int held = 0;
    for (int i = 0; i < COUNT; i++) {
        held += valid[i];
        for (int k = 0; k < i; k++) {
            CHECK(units[i] != units[k] || valid[i] == valid[k]);
        }
    }
    CHECK_INT(held, 150);
    CHECK_INT(ls_learner_split_by_unit(units, COUNT, 0.3, 1, again, NULL), LS_OK);
    CHECK_BYTES(valid, again, sizeof valid);
    CHECK_INT(ls_learner_split_by_unit(units, COUNT, 0.3, 2, again, NULL), LS_OK);
    CHECK(memcmp(valid, again, sizeof valid) != 0);
    // Never none, never all.
    CHECK_INT(ls_learner_split_by_unit(units, COUNT, 0.001, 1, valid, NULL), LS_OK);
    held = 0;
    for (int i = 0; i < COUNT; i++) {
        held += valid[i];
    }
    CHECK_INT(held, 10);
    ls_error err = {0};
    CHECK_INT(ls_learner_split_by_unit(units, 1, 0.5, 1, valid, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "all rows are of one unit");
    CHECK_INT(ls_learner_split_by_unit(units, COUNT, 1, 1, valid, &err), LS_ERR_INVALID);
    CHECK_INT(ls_learner_split_by_unit(units, 0, 0.5, 1, valid, &err), LS_ERR_INVALID);
}

static void test_the_model_keeps_the_names_of_its_features(void) {
    static const char *const names[FEATURES] = {
        "cell/{unit}/power mean 10min", "b", "c", "d", "e", "f", "g", "온도 last"};
    ls_learner_def def = ls_learner_def_default();
    ls_learner_rows rows = draw_rows(7, def.task, 0);
    ls_learner_result result;
    ls_error err = {0};
    rows.names = names;
    def.rounds = 2;
    CHECK_INT(ls_learner_train(&def, &rows, NULL, NULL, NULL, &result, &err), LS_OK);
    ls_tree_model *model = model_of(&result);
    CHECK(model->feature_names != NULL);
    for (int i = 0; i < FEATURES && model->feature_names != NULL; i++) {
        CHECK_STR(model->feature_names[i], names[i]);
    }
    ls_tree_destroy(model);
    ls_learner_result_clear(&result);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_same_seed_gives_the_same_bytes);
    TEST(test_it_ends_when_validation_gets_no_better);
    TEST(test_each_task_learns);
    TEST(test_a_time_not_seen_yet_counts_as_later);
    TEST(test_quantiles_cover_what_they_say);
    TEST(test_progress_can_stop_it);
    TEST(test_wrong_rows_and_settings_are_named);
    TEST(test_without_memory_nothing_is_learned);
    TEST(test_units_are_held_out_whole);
    TEST(test_the_model_keeps_the_names_of_its_features);
    return harness_report();
}
