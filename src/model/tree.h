// tree.h - boosted trees: XGBoost's saved model, compiled for prediction inside a control loop.
//
// A model is read once (tree_read.h), checked, laid out anew and never changes; any number of
// threads may predict with it at once. A prediction allocates nothing, locks nothing, and equals
// that of XGBoost 1.7.4 bit for bit: the float32 sum begins at the base margin and adds the trees
// in their order.
//
// Layout. Each tree stands breadth first, the two children of a node side by side. A step goes to
// the left child, or one further where the value is not below the threshold. A leaf has NaN as
// threshold, below which nothing is, and points one before itself, so that a step on it stays:
// eight trees are walked side by side for as many steps as the deepest of them has, without a
// branch.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum {
    LS_TREE_NODES_MAX = 32767,     // of one tree
    LS_TREE_DEPTH_MAX = 512,       // steps from the root to a leaf
    LS_TREE_TREES_MAX = 100000,    // of one model
    LS_TREE_FEATURES_MAX = 32767,  // of one row
    LS_TREE_OUTPUTS_MAX = 1024,    // classes, or targets
    LS_TREE_ABREAST = 8,           // trees walked side by side
    LS_TREE_OBJECTIVE_SIZE = 32,   // bytes of the objective's name, with the final zero
};

// An attribute of a saved model: the largest answer that makes sense, as a number.
#define LS_TREE_ANSWER_MAX "lineshaft.answer_max"

// What is done to the margin (the sum of the trees) to make a prediction of it.
typedef enum ls_tree_link {
    LS_TREE_LINK_NONE,      // the margin is the prediction: regression, ranking, quantiles
    LS_TREE_LINK_LOGISTIC,  // probability of the second of two classes
    LS_TREE_LINK_EXP,       // counts, gamma, hazards
    LS_TREE_LINK_TIME,      // the same by way of a double, as survival:aft has it
    LS_TREE_LINK_SIGN,      // 1 above zero, else 0 (hinge)
    LS_TREE_LINK_SOFTMAX,   // a probability for each class
    LS_TREE_LINK_ARGMAX,    // the likeliest class, as a number from 0
} ls_tree_link;

typedef struct ls_tree_node {
    float threshold;   // NaN for a leaf
    int16_t skip;      // from this node to its left child; -1 for a leaf
    uint16_t feature;  // 0 for a leaf
} ls_tree_node;

// Read only. Made by ls_tree_read_text and ls_tree_read_file, given back by ls_tree_destroy.
typedef struct ls_tree_model {
    char objective[LS_TREE_OBJECTIVE_SIZE];  // XGBoost's name of it, "reg:squarederror"
    ls_tree_link link;
    uint32_t feature_count;            // floats of one row
    const char *const *feature_names;  // feature_count of them, or NULL where the file has none
    uint32_t margin_count;             // sums: 1, or one for each class or target
    uint32_t output_count;             // floats of one prediction: margin_count, or 1 for ARGMAX
    float base_score;                  // as the file has it
    float answer_max;   // of the attribute LS_TREE_ANSWER_MAX, else INFINITY: whoever
                        // uses a prediction cuts it there; ls_tree_predict does not
    float base_margin;  // where each sum begins
    uint32_t tree_count;
    uint32_t node_count;  // of all trees, and one leaf that fills up the last eight
    uint16_t depth_max;   // of any tree
    const ls_tree_node *nodes;
    const float *values;           // by node: what a leaf adds; 0 elsewhere
    const float *covers;           // by node: hessians seen in training (tree_shap.h)
    const uint8_t *missing_right;  // by node: 1 where a missing value goes right; 1 for leaves
    const uint32_t *roots;         // by tree, filled up to whole eights
    const uint16_t *margins;       // by tree: the sum it adds to
    const uint16_t *depths;        // by eight trees: steps of the deepest
    ls_arena arena;                // owns all of it, and this struct
} ls_tree_model;

// NULL is fine.
void ls_tree_destroy(ls_tree_model *model);

// The prediction for one row of feature_count floats, NaN for what is missing, into output_count
// floats. Infinite values are values. `scratch` is margin_count floats of the caller's for
// LS_TREE_LINK_ARGMAX, and not looked at otherwise.
void ls_tree_predict(const ls_tree_model *model, const float *row, float *scratch, float *out);
// The sums alone, margin_count of them: XGBoost's output margin.
void ls_tree_margin(const ls_tree_model *model, const float *row, float *out);
// What the link makes of one margin. Not for SOFTMAX and ARGMAX, which need all of them.
float ls_tree_link_apply(ls_tree_link link, float margin);
// "none", "logistic", ...
const char *ls_tree_link_name(ls_tree_link link);

// Slowly and obviously, node by node, by the same rules: the oracle of tests. margin_count floats.
void ls_tree_margin_plain(const ls_tree_model *model, const float *row, float *out);
