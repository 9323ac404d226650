// tree_explain_test.c - shares of features, beside XGBoost's and beside every subset tried.
#include "model/tree_explain.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "model/testing/boosted.h"
#include "model/tree_read.h"
#include "tests/harness.h"

enum { ROWS = 8, FEATURES = 9, OUTPUTS_MAX = 4, FEW = 6 };

static ls_tree_model *random_model(uint64_t seed, const boosted_shape *shape, ls_buffer *text) {
    boosted_random random = {seed * 0x9e3779b97f4a7c15ULL};
    ls_buffer_init(text);
    boosted_write(&random, shape, text);
    ls_tree_model *model = NULL;
    CHECK_INT(ls_tree_read_text(text->data, text->size, "m", &model, NULL), LS_OK);
    return model;
}

static void test_shares_are_those_of_xgboost(void) {
    for (uint64_t seed = 1; seed <= 60 && !harness_has_failed(); seed++) {
        const bool multi = seed % 3 == 0;
        const boosted_shape shape = {.objective = multi ? "multi:softprob" : "reg:squarederror",
                                     .features = FEATURES,
                                     .trees = 8,
                                     .splits_max = 25,
                                     .classes = multi ? 3 : 0,
                                     .base_score = "5E-1"};
        ls_buffer text;
        ls_tree_model *model = random_model(seed, &shape, &text);
        harness_note("seed %llu", (unsigned long long)seed);
        float values[ROWS * FEATURES], theirs[ROWS * OUTPUTS_MAX * (FEATURES + 1)];
        boosted_random random = {seed};
        boosted_fill(&random, values, ROWS * FEATURES, 0.1);
        const size_t stride = model->margin_count * (FEATURES + 1);
        CHECK(boosted_predict(text.data, text.size, values, ROWS, FEATURES, BOOSTED_CONTRIBUTIONS,
                              theirs, ROWS * stride));
        for (size_t i = 0; i < ROWS; i++) {
            double ours[OUTPUTS_MAX * (FEATURES + 1)];
            float margins[OUTPUTS_MAX];
            ls_error err = {0};
            CHECK_INT(ls_tree_explain(model, values + i * FEATURES, ours, &err), LS_OK);
            ls_tree_margin(model, values + i * FEATURES, margins);
            for (size_t k = 0; k < stride; k++) {
                CHECK_NEAR(ours[k], theirs[i * stride + k], 2e-4);  // theirs are floats
            }
            for (uint32_t m = 0; m < model->margin_count; m++) {
                double sum = 0;
                for (uint32_t f = 0; f <= FEATURES; f++) {
                    sum += ours[m * (FEATURES + 1) + f];
                }
                CHECK_NEAR(sum, margins[m], 1e-4);
            }
        }
        ls_tree_destroy(model);
        ls_buffer_clear(&text);
    }
}

// The expectation of the tree when only the features of `known` are known: by covers elsewhere.
static double expected(const ls_tree_model *m, uint32_t at, const float *row, unsigned known) {
    const ls_tree_node *node = &m->nodes[at];
    if (node->skip < 0) {
        return (double)m->values[at];
    }
    const uint32_t left = at + (uint16_t)node->skip;
    const float x = row[node->feature];
    if ((known >> node->feature & 1) != 0) {
        const bool right = isnan(x) ? m->missing_right[at] != 0 : !(x < node->threshold);
        return expected(m, left + (right ? 1u : 0u), row, known);
    }
    const double a = (double)m->covers[left], b = (double)m->covers[left + 1];
    return (a * expected(m, left, row, known) + b * expected(m, left + 1, row, known)) / (a + b);
}

static void test_shares_are_shapleys_over_every_subset(void) {
    static const double factorial[] = {1, 1, 2, 6, 24, 120, 720};
    for (uint64_t seed = 100; seed < 130 && !harness_has_failed(); seed++) {
        const boosted_shape shape = {.objective = "reg:squarederror",
                                     .features = FEW,
                                     .trees = 3,
                                     .splits_max = 20,
                                     .base_score = "2E0"};
        ls_buffer text;
        ls_tree_model *model = random_model(seed, &shape, &text);
        harness_note("seed %llu", (unsigned long long)seed);
        float row[FEW];
        boosted_random random = {seed};
        boosted_fill(&random, row, FEW, 0.1);
        double ours[FEW + 1], value[1 << FEW];
        CHECK_INT(ls_tree_explain(model, row, ours, NULL), LS_OK);
        for (unsigned known = 0; known < 1u << FEW; known++) {
            value[known] = 2;
            for (uint32_t t = 0; t < model->tree_count; t++) {
                value[known] += expected(model, model->roots[t], row, known);
            }
        }
        CHECK_NEAR(ours[FEW], value[0], 1e-9);
        for (int f = 0; f < FEW; f++) {
            double share = 0;
            for (unsigned known = 0; known < 1u << FEW; known++) {
                if ((known >> f & 1) == 0) {
                    const int size = __builtin_popcount(known);
                    share += factorial[size] * factorial[FEW - size - 1] / factorial[FEW] *
                             (value[known | 1u << f] - value[known]);
                }
            }
            CHECK_NEAR(ours[f], share, 1e-9);
        }
        ls_tree_destroy(model);
        ls_buffer_clear(&text);
    }
}

static void test_causes_stand_largest_first(void) {
    const double shares[] = {0.5, -2, 0, 2, 0.25, -0.5};
    uint32_t causes[6] = {9, 9, 9, 9, 9, 9};
    CHECK_INT(ls_tree_causes(shares, 6, causes, 6), 5);
    const uint32_t all[] = {1, 3, 0, 5, 4};
    CHECK_BYTES(causes, all, sizeof all);
    CHECK_INT(ls_tree_causes(shares, 6, causes, 2), 2);
    CHECK_INT(causes[0], 1);
    CHECK_INT(causes[1], 3);
    CHECK_INT(ls_tree_causes(shares, 6, causes, 0), 0);
}

static void test_without_memory_or_covers_it_says_so(void) {
    const boosted_shape shape = {.objective = "reg:squarederror",
                                 .features = FEW,
                                 .trees = 3,
                                 .splits_max = 20,
                                 .base_score = "2E0"};
    ls_buffer text;
    ls_tree_model *model = random_model(5, &shape, &text);
    const float row[FEW] = {0};
    double out[FEW + 1];
    ls_error err = {0};
    ls_alloc_fail_after(0);
    CHECK_INT(ls_tree_explain(model, row, out, &err), LS_ERR_MEMORY);
    ls_alloc_fail_after(-1);
    ls_tree_destroy(model);
    ls_buffer_clear(&text);
    static const char empty[] =
        "{\"learner\":{\"gradient_booster\":{\"name\":\"gbtree\",\"model\":{\"tree_info\":[0],"
        "\"trees\":[{\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],"
        "\"split_indices\":[0,0,0],\"split_conditions\":[0.5,1,2],\"default_left\":[0,0,0],"
        "\"sum_hessian\":[0,0,0],\"tree_param\":{\"num_nodes\":\"3\"}}]}},"
        "\"learner_model_param\":{\"base_score\":\"0\",\"num_class\":\"0\",\"num_feature\":\"1\"},"
        "\"objective\":{\"name\":\"reg:squarederror\"}}}";
    CHECK_INT(ls_tree_read_text(empty, strlen(empty), "m", &model, NULL), LS_OK);
    CHECK_INT(ls_tree_explain(model, row, out, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "sum_hessian is 0");
    ls_tree_destroy(model);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_shares_are_those_of_xgboost);
    TEST(test_shares_are_shapleys_over_every_subset);
    TEST(test_causes_stand_largest_first);
    TEST(test_without_memory_or_covers_it_says_so);
    return harness_report();
}
