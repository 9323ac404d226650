// tree_test.c - models read, checked and walked, beside XGBoost.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/testing/boosted.h"
#include "model/tree.h"
#include "model/tree_read.h"
#include "tests/harness.h"

enum { ROWS = 64, FEATURES_MAX = 40, OUTPUTS_MAX = 8 };

static uint32_t bits(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

// The model predicts what XGBoost predicts for the rows, to the bit; both margins and predictions.
static void check_against_xgboost(const char *text, size_t size, const float *values,
                                  uint32_t features, size_t rows, uint64_t seed) {
    ls_tree_model *model = NULL;
    ls_error err = {0};
    harness_note("seed %llu", (unsigned long long)seed);
    CHECK_INT(ls_tree_read_text(text, size, "model.json", &model, &err), LS_OK);
    if (model == NULL) {
        CHECK_STR(err.text, "");
        return;
    }
    static float margins[ROWS * OUTPUTS_MAX], predictions[ROWS * OUTPUTS_MAX];
    CHECK(boosted_predict(text, size, values, rows, features, BOOSTED_MARGIN, margins,
                          rows * model->margin_count));
    CHECK(boosted_predict(text, size, values, rows, features, BOOSTED_PREDICTION, predictions,
                          rows * model->output_count));
    for (size_t i = 0; i < rows && !harness_has_failed(); i++) {
        float scratch[OUTPUTS_MAX], out[OUTPUTS_MAX];
        ls_tree_margin(model, values + i * features, out);
        for (uint32_t k = 0; k < model->margin_count; k++) {
            CHECK_INT(bits(out[k]), bits(margins[i * model->margin_count + k]));
        }
        ls_tree_margin_plain(model, values + i * features, out);
        for (uint32_t k = 0; k < model->margin_count; k++) {
            CHECK_INT(bits(out[k]), bits(margins[i * model->margin_count + k]));
        }
        ls_tree_predict(model, values + i * features, scratch, out);
        for (uint32_t k = 0; k < model->output_count; k++) {
            CHECK_INT(bits(out[k]), bits(predictions[i * model->output_count + k]));
        }
    }
    ls_tree_destroy(model);
}

static void test_random_models_predict_as_xgboost_does(void) {
    static const struct {
        const char *objective, *base;
    } kinds[] = {{"reg:squarederror", "5E-1"},   {"reg:squarederror", "-1.2345678E2"},
                 {"reg:logistic", "3E-1"},       {"binary:logistic", "1.25E-1"},
                 {"binary:logitraw", "9E-1"},    {"binary:hinge", "5E-1"},
                 {"multi:softprob", "5E-1"},     {"multi:softmax", "5E-1"},
                 {"count:poisson", "2.5E0"},     {"reg:gamma", "7E0"},
                 {"survival:aft", "1.7E1"},      {"survival:cox", "5E-1"},
                 {"reg:squaredlogerror", "5E-1"}};
    const size_t kind_count = sizeof kinds / sizeof kinds[0];
    static float values[ROWS * FEATURES_MAX];
    const uint64_t models = harness_is_slow_build() ? 39 : 390;
    for (uint64_t seed = 1; seed <= models && !harness_has_failed(); seed++) {
        boosted_random random = {seed * 0x9e3779b97f4a7c15ULL};
        const size_t kind = seed % kind_count;
        const bool multi = strncmp(kinds[kind].objective, "multi:", 6) == 0;
        const boosted_shape shape = {.objective = kinds[kind].objective,
                                     .base_score = kinds[kind].base,
                                     .features = 1 + boosted_below(&random, FEATURES_MAX),
                                     .trees = 1 + boosted_below(&random, 12),
                                     .splits_max = boosted_below(&random, 40),
                                     .classes = multi ? 2 + boosted_below(&random, 3) : 0};
        ls_buffer text;
        ls_buffer_init(&text);
        boosted_write(&random, &shape, &text);
        // Half the models see rows with nothing missing: the two forms of the step.
        boosted_fill(&random, values, ROWS * shape.features, seed % 2 == 0 ? 0 : 0.2);
        check_against_xgboost(text.data, text.size, values, shape.features, ROWS, seed);
        ls_buffer_clear(&text);
    }
}

static void test_trained_models_predict_as_xgboost_does(void) {
    enum { TRAIN = 400, FEATURES = 12 };
    static float values[TRAIN * FEATURES], labels[TRAIN], other[ROWS * FEATURES];
    static const ls_learner_task tasks[] = {
        LS_LEARNER_REGRESSION, LS_LEARNER_BINARY,  LS_LEARNER_CLASSES, LS_LEARNER_COUNT,
        LS_LEARNER_SURVIVAL,   LS_LEARNER_RANKING, LS_LEARNER_QUANTILE};
    const uint64_t models = harness_is_slow_build() ? 7 : 42;
    for (uint64_t seed = 1; seed <= models && !harness_has_failed(); seed++) {
        boosted_random random = {seed * 0x9e3779b97f4a7c15ULL};
        ls_learner_def def = ls_learner_def_default();
        def.task = tasks[seed % (sizeof tasks / sizeof tasks[0])];
        def.class_count = 4;
        def.rounds = 10 + boosted_below(&random, 30);
        def.depth = 1 + boosted_below(&random, 8);
        def.row_share = 0.8;
        def.seed = (uint32_t)seed;
        boosted_fill(&random, values, TRAIN * FEATURES, 0.1);
        boosted_label(&random, values, TRAIN, FEATURES, def.task, def.class_count, labels);
        const uint32_t groups[4] = {100, 100, 150, 50};
        const ls_learner_rows rows = {.values = values,
                                      .row_count = TRAIN,
                                      .feature_count = FEATURES,
                                      .labels = labels,
                                      .groups = groups,
                                      .group_count = 4};
        ls_learner_result result;
        ls_error err = {0};
        CHECK_INT(ls_learner_train(&def, &rows, NULL, NULL, NULL, &result, &err), LS_OK);
        CHECK_STR(err.text, "");
        if (result.model != NULL) {
            boosted_fill(&random, other, ROWS * FEATURES, seed % 2 == 0 ? 0 : 0.3);
            check_against_xgboost(result.model, result.model_size, other, FEATURES, ROWS, seed);
        }
        ls_learner_result_clear(&result);
    }
}

static void write_small(ls_buffer *text, uint32_t trees) {
    boosted_random random = {7};
    const boosted_shape shape = {.objective = "reg:squarederror",
                                 .base_score = "5E-1",
                                 .features = 3,
                                 .trees = trees,
                                 .splits_max = 30};
    ls_buffer_init(text);
    boosted_write(&random, &shape, text);
}

static void test_values_beyond_every_threshold_stay_on_their_leaf(void) {
    ls_buffer text;
    write_small(&text, 9);
    ls_tree_model *model = NULL;
    CHECK_INT(ls_tree_read_text(text.data, text.size, "m", &model, NULL), LS_OK);
    const float odd[] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f, 3.4e38f, 1e-45f};
    const size_t count = sizeof odd / sizeof odd[0];
    for (size_t i = 0; model != NULL && i < count * count * count; i++) {
        const float row[3] = {odd[i % count], odd[i / count % count], odd[i / count / count]};
        float fast = 0, plain = 0;
        ls_tree_margin(model, row, &fast);
        ls_tree_margin_plain(model, row, &plain);
        CHECK_INT(bits(fast), bits(plain));
    }
    ls_tree_destroy(model);
    ls_buffer_clear(&text);
}

// One tree, by hand: 0 -> (1, 2), 2 -> (3, 4).
#define LEARNER(MODEL)                                                              \
    "{\"learner\":{\"feature_names\":[],\"gradient_booster\":{\"name\":\"gbtree\"," \
    "\"model\":" MODEL                                                              \
    "},\"learner_model_param\":{\"base_score\":\"5E-1\",\"num_class\":\"0\","       \
    "\"num_feature\":\"2\"},\"objective\":{\"name\":\"reg:squarederror\"}}}"
#define TREE(L, R, F, C, D, H, N)                                                 \
    "{\"left_children\":[" L "],\"right_children\":[" R "],\"split_indices\":[" F \
    "],\"split_conditions\":[" C "],\"default_left\":[" D "],\"sum_hessian\":[" H \
    "],\"tree_param\":{\"num_nodes\":\"" N "\",\"num_deleted\":\"0\"}}"
#define ONE(L, R, F, C, D, H, N) \
    LEARNER("{\"tree_info\":[0],\"trees\":[" TREE(L, R, F, C, D, H, N) "]}")
#define GOOD_L "1,-1,3,-1,-1"
#define GOOD_R "2,-1,4,-1,-1"
#define GOOD_F "0,0,1,0,0"
#define GOOD_C "0.5,10,1.5,20,30"
#define GOOD_D "1,0,0,0,0"
#define GOOD_H "4,1,3,1,2"
#define GOOD ONE(GOOD_L, GOOD_R, GOOD_F, GOOD_C, GOOD_D, GOOD_H, "5")

static void test_a_tree_by_hand(void) {
    ls_tree_model *model = NULL;
    ls_error err = {0};
    CHECK_INT(ls_tree_read_text(GOOD, strlen(GOOD), "m", &model, &err), LS_OK);
    CHECK_STR(err.text, "");
    if (model == NULL) {
        return;
    }
    CHECK_INT(model->feature_count, 2);
    CHECK_INT(model->tree_count, 1);
    CHECK_INT(model->depth_max, 2);
    const struct {
        float row[2], margin;
    } cases[] = {{{0, 0}, 10.5f},   {{0.5f, 0}, 20.5f}, {{0.5f, 1.5f}, 30.5f},
                 {{NAN, 0}, 10.5f}, {{1, NAN}, 30.5f},  {{NAN, NAN}, 10.5f}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float out = 0;
        ls_tree_predict(model, cases[i].row, NULL, &out);
        CHECK_NEAR(out, cases[i].margin, 0);
    }
    ls_tree_destroy(model);
}

static void test_a_wrong_model_is_refused_with_its_field(void) {
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "not a model saved as JSON"},
        {"[]", "learner is missing"},
        {"{}", "learner is missing"},
        {"{\"learner\":{}}", "learner.learner_model_param is missing"},
        {ONE("1,-1,3,-1", GOOD_R, GOOD_F, GOOD_C, GOOD_D, GOOD_H, "5"),
         "trees[0].left_children has 4 members, and tree_param.num_nodes says 5"},
        {ONE("1,-1,5,-1,-1", GOOD_R, GOOD_F, GOOD_C, GOOD_D, GOOD_H, "5"),
         "trees[0].left_children[2] is 5, which is no node of a tree of 5"},
        {ONE("1,-1,-1,-1,-1", GOOD_R, GOOD_F, GOOD_C, GOOD_D, GOOD_H, "5"),
         "trees[0].left_children[2] is -1"},
        {ONE("1,-1,0,-1,-1", GOOD_R, GOOD_F, GOOD_C, GOOD_D, GOOD_H, "5"),
         "trees[0].left_children[2] is 0, a node that is reached another way already"},
        {ONE("1,-1,3,-1,-1", "2,-1,3,-1,-1", GOOD_F, GOOD_C, GOOD_D, GOOD_H, "5"),
         "trees[0].right_children[2] is 3, a node that is reached another way already"},
        {ONE("1,-1,-1,4,-1", "2,-1,-1,3,-1", GOOD_F, GOOD_C, GOOD_D, GOOD_H, "5"),
         "3 of 5 nodes are reached from the root"},
        {ONE("1.0,-1,3,-1,-1", GOOD_R, GOOD_F, GOOD_C, GOOD_D, GOOD_H, "5"),
         "trees[0].left_children[0]"},
        {ONE(GOOD_L, GOOD_R, "0,0,2,0,0", GOOD_C, GOOD_D, GOOD_H, "5"),
         "trees[0].split_indices[2] is 2, and the model has 2 features"},
        {ONE(GOOD_L, GOOD_R, "0,0,-1,0,0", GOOD_C, GOOD_D, GOOD_H, "5"),
         "trees[0].split_indices[2] is -1"},
        {ONE(GOOD_L, GOOD_R, GOOD_F, "1e300,10,1.5,20,30", GOOD_D, GOOD_H, "5"),
         "trees[0].split_conditions[0] is not a finite number"},
        {ONE(GOOD_L, GOOD_R, GOOD_F, "0.5,null,1.5,20,30", GOOD_D, GOOD_H, "5"),
         "trees[0].split_conditions[1] is not a finite number"},
        {ONE(GOOD_L, GOOD_R, GOOD_F, GOOD_C, "2,0,0,0,0", GOOD_H, "5"),
         "trees[0].default_left[0] must be 0 or 1"},
        {ONE(GOOD_L, GOOD_R, GOOD_F, GOOD_C, GOOD_D, "4,1,-3,1,2", "5"),
         "trees[0].sum_hessian[2] is negative"},
        {ONE(GOOD_L, GOOD_R, GOOD_F, GOOD_C, GOOD_D, GOOD_H, "x"), "'x' is not a count"},
        {ONE(GOOD_L, GOOD_R, GOOD_F, GOOD_C, GOOD_D, GOOD_H, "0"), "num_nodes is 0"},
        {ONE(GOOD_L, GOOD_R, GOOD_F, GOOD_C, GOOD_D, GOOD_H, "99999999999"), "is not a count"},
        {LEARNER("{\"tree_info\":[1],\"trees\":[{}]}"), "tree_info[0] must be from 0 to 0"},
        {LEARNER("{\"tree_info\":[],\"trees\":[{}]}"), "tree_info has 0 members for 1 trees"},
        {LEARNER("{\"tree_info\":[0],\"trees\":[{}]}"), "trees[0].tree_param is missing"},
        {LEARNER("{\"gbtree_model_param\":{\"num_parallel_tree\":\"2\"},\"tree_info\":[0],"
                 "\"trees\":[{}]}"),
         "1 trees are no whole number of rounds of 2"},
        {LEARNER("{\"tree_info\":[0],\"trees\":[7]}"), "trees[0] must be an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ls_tree_model *model = NULL;
        ls_error err = {0};
        CHECK_INT(
            ls_tree_read_text(cases[i].text, strlen(cases[i].text), "press.json", &model, &err),
            LS_ERR_INVALID);
        CHECK(model == NULL);
        CHECK_CONTAINS(err.text, cases[i].says);
        CHECK_STR(err.file, "press.json");
    }
}

// The good model with one piece of it replaced.
static void check_replaced(const char *old, const char *new, ls_status status, const char *says) {
    const char *at = strstr(GOOD, old);
    CHECK(at != NULL);
    if (at == NULL) {
        return;
    }
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_append(&text, GOOD, (size_t)(at - GOOD));
    ls_buffer_text(&text, new);
    ls_buffer_text(&text, at + strlen(old));
    ls_tree_model *model = NULL;
    ls_error err = {0};
    CHECK_INT(ls_tree_read_text(text.data, text.size, "m", &model, &err), status);
    CHECK_CONTAINS(err.text, says);
    ls_tree_destroy(model);
    ls_buffer_clear(&text);
}

static void test_what_is_not_understood_is_said(void) {
    check_replaced("gbtree", "dart", LS_ERR_INVALID, "the booster 'dart' is not understood");
    check_replaced("reg:squarederror", "reg:own", LS_ERR_INVALID,
                   "the objective 'reg:own' is not understood");
    check_replaced("\"num_feature\":\"2\"", "\"num_feature\":\"0\"", LS_ERR_INVALID,
                   "num_feature is 0");
    check_replaced("\"num_feature\":\"2\"", "\"num_feature\":\"40000\"", LS_ERR_LIMIT,
                   "num_feature: 40000, and 32767 is the most");
    check_replaced("\"num_class\":\"0\"", "\"num_class\":\"5000\"", LS_ERR_LIMIT,
                   "1024 is the most");
    check_replaced("\"num_class\":\"0\"", "\"num_class\":0", LS_ERR_INVALID,
                   "num_class must be a text");
    check_replaced("5E-1", "nan", LS_ERR_INVALID, "base_score: 'nan' is not a finite number");
    check_replaced("5E-1", "1e99", LS_ERR_INVALID, "is not a finite number");
    check_replaced("\"feature_names\":[]", "\"feature_names\":[\"a\"]", LS_ERR_INVALID,
                   "feature_names has 1 members");
    check_replaced("\"feature_names\":[]", "\"feature_names\":[\"a\",3]", LS_ERR_INVALID,
                   "feature_names[1] must be a text");
    check_replaced("\"num_nodes\":\"5\"", "\"num_nodes\":\"40000\"", LS_ERR_LIMIT,
                   "num_nodes: 40000, and 32767 is the most");
    check_replaced("\"split_indices\"", "\"split_type\":[0,0,1,0,0],\"split_indices\"",
                   LS_ERR_INVALID, "split_type[2]: only numerical splits");
    check_replaced("\"split_indices\"", "\"left_children\":[],\"split_indices\"", LS_ERR_INVALID,
                   "duplicate");
}

static void test_a_chain_deeper_than_the_limit_is_refused(void) {
    enum { STEPS = LS_TREE_DEPTH_MAX + 1 };
    for (int steps = STEPS - 1; steps <= STEPS; steps++) {
        ls_buffer part[6], text;
        for (int i = 0; i < 6; i++) {
            ls_buffer_init(&part[i]);
        }
        ls_buffer_init(&text);
        for (int i = 0; i <= 2 * steps; i++) {
            const bool splits = i % 2 == 0 && i < 2 * steps;  // the right child goes on
            const char *comma = i > 0 ? "," : "";
            ls_buffer_printf(&part[0], "%s%d", comma, splits ? i + 1 : -1);
            ls_buffer_printf(&part[1], "%s%d", comma, splits ? i + 2 : -1);
            for (int k = 2; k < 6; k++) {
                ls_buffer_printf(&part[k], "%s%d", comma, k == 3 ? i : 0);
            }
        }
        ls_buffer_printf(&text,
                         LEARNER("{\"tree_info\":[0],\"trees\":[" TREE("%s", "%s", "%s", "%s", "%s",
                                                                       "%s", "%d") "]}"),
                         part[0].data, part[1].data, part[2].data, part[3].data, part[4].data,
                         part[5].data, 2 * steps + 1);
        ls_tree_model *model = NULL;
        ls_error err = {0};
        CHECK_INT(ls_tree_read_text(text.data, text.size, "m", &model, &err),
                  steps < STEPS ? LS_OK : LS_ERR_LIMIT);
        CHECK_CONTAINS(err.text, steps < STEPS ? "" : "deeper than 512 steps");
        if (model != NULL) {
            const float row[2] = {1e9f, 0};
            float out = 0;
            ls_tree_margin(model, row, &out);
            CHECK_NEAR(out, 2 * steps + 0.5, 0);
        }
        ls_tree_destroy(model);
        for (int i = 0; i < 6; i++) {
            ls_buffer_clear(&part[i]);
        }
        ls_buffer_clear(&text);
    }
}

static void test_a_file_that_is_cut_off_is_refused(void) {
    const size_t size = strlen(GOOD);
    for (size_t cut = 0; cut < size; cut++) {
        ls_tree_model *model = NULL;
        CHECK_INT(ls_tree_read_text(GOOD, cut, "m", &model, NULL), LS_ERR_INVALID);
        CHECK(model == NULL);
    }
}

static void test_without_memory_nothing_is_left_behind(void) {
    ls_buffer text;
    write_small(&text, 20);
    int failures = 0;
    for (int count = 0; count < 200; count++) {
        ls_tree_model *model = NULL;
        ls_error err = {0};
        ls_alloc_fail_after(count);
        const ls_status status = ls_tree_read_text(text.data, text.size, "m", &model, &err);
        ls_alloc_fail_after(-1);
        if (status == LS_OK) {
            ls_tree_destroy(model);
            break;
        }
        failures++;
        CHECK_INT(status, LS_ERR_MEMORY);
        CHECK(model == NULL);
    }
    CHECK(failures > 3 && failures < 200);
    ls_buffer_clear(&text);
}

static void test_a_file_that_is_not_there_says_so(void) {
    ls_tree_model *model = NULL;
    ls_error err = {0};
    CHECK_INT(ls_tree_read_file("/nowhere/model.json", &model, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.file, "/nowhere/model.json");
    CHECK(model == NULL);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_tree_by_hand);
    TEST(test_a_wrong_model_is_refused_with_its_field);
    TEST(test_what_is_not_understood_is_said);
    TEST(test_a_chain_deeper_than_the_limit_is_refused);
    TEST(test_a_file_that_is_cut_off_is_refused);
    TEST(test_without_memory_nothing_is_left_behind);
    TEST(test_a_file_that_is_not_there_says_so);
    TEST(test_values_beyond_every_threshold_stay_on_their_leaf);
    TEST(test_random_models_predict_as_xgboost_does);
    TEST(test_trained_models_predict_as_xgboost_does);
    return harness_report();
}
