// tree.c - see tree.h.
#include "model/tree.h"

#include <assert.h>
#include <math.h>

void ls_tree_destroy(ls_tree_model *model) {
    if (model != NULL) {
        // The struct lies in the arena that it holds.
        ls_arena arena = model->arena;
        ls_arena_clear(&arena);
    }
}

const char *ls_tree_link_name(ls_tree_link link) {
    static const char *const names[] = {
        [LS_TREE_LINK_NONE] = "none",     [LS_TREE_LINK_LOGISTIC] = "logistic",
        [LS_TREE_LINK_EXP] = "exp",       [LS_TREE_LINK_TIME] = "time",
        [LS_TREE_LINK_SIGN] = "sign",     [LS_TREE_LINK_SOFTMAX] = "softmax",
        [LS_TREE_LINK_ARGMAX] = "argmax",
    };
    assert((size_t)link < sizeof names / sizeof names[0]);
    return names[link];
}

// One step of one of the eight. `!(a < b)` and not `a >= b`: what is not a number goes right.
#define STEP(p) (p) += (p)->skip + !(row[(p)->feature] < (p)->threshold)
#define STEP_MISSING(p)                                                           \
    do {                                                                          \
        const float value = row[(p)->feature];                                    \
        const int away = missing_right[(p)-nodes];                                \
        (p) += (p)->skip + ((value != value) ? away : !(value < (p)->threshold)); \
    } while (0)

// The leaves where the row ends in eight trees, as numbers of nodes.
static inline void walk(const ls_tree_node *nodes, const uint32_t *roots, unsigned steps,
                        const float *row, uint32_t *leaves) {
    const ls_tree_node *p0 = nodes + roots[0], *p1 = nodes + roots[1], *p2 = nodes + roots[2],
                       *p3 = nodes + roots[3], *p4 = nodes + roots[4], *p5 = nodes + roots[5],
                       *p6 = nodes + roots[6], *p7 = nodes + roots[7];
    for (unsigned step = 0; step < steps; step++) {
        STEP(p0);
        STEP(p1);
        STEP(p2);
        STEP(p3);
        STEP(p4);
        STEP(p5);
        STEP(p6);
        STEP(p7);
    }
    leaves[0] = (uint32_t)(p0 - nodes);
    leaves[1] = (uint32_t)(p1 - nodes);
    leaves[2] = (uint32_t)(p2 - nodes);
    leaves[3] = (uint32_t)(p3 - nodes);
    leaves[4] = (uint32_t)(p4 - nodes);
    leaves[5] = (uint32_t)(p5 - nodes);
    leaves[6] = (uint32_t)(p6 - nodes);
    leaves[7] = (uint32_t)(p7 - nodes);
}

// The same for a row with something missing.
static inline void walk_missing(const ls_tree_node *nodes, const uint8_t *missing_right,
                                const uint32_t *roots, unsigned steps, const float *row,
                                uint32_t *leaves) {
    const ls_tree_node *p[LS_TREE_ABREAST];
    for (int i = 0; i < LS_TREE_ABREAST; i++) {
        p[i] = nodes + roots[i];
    }
    for (unsigned step = 0; step < steps; step++) {
        for (int i = 0; i < LS_TREE_ABREAST; i++) {
            STEP_MISSING(p[i]);
        }
    }
    for (int i = 0; i < LS_TREE_ABREAST; i++) {
        leaves[i] = (uint32_t)(p[i] - nodes);
    }
}

static bool has_missing(const float *row, uint32_t count) {
    int missing = 0;  // without an early end, so that it is done many at a time
    for (uint32_t i = 0; i < count; i++) {
        missing |= row[i] != row[i];
    }
    return missing != 0;
}

void ls_tree_margin(const ls_tree_model *model, const float *row, float *out) {
    const bool missing = has_missing(row, model->feature_count);
    for (uint32_t i = 0; i < model->margin_count; i++) {
        out[i] = model->base_margin;
    }
    uint32_t leaves[LS_TREE_ABREAST];
    float sum = model->base_margin;
    const bool single = model->margin_count == 1;
    for (uint32_t tree = 0; tree < model->tree_count; tree += LS_TREE_ABREAST) {
        const unsigned steps = model->depths[tree / LS_TREE_ABREAST];
        if (missing) {
            walk_missing(model->nodes, model->missing_right, model->roots + tree, steps, row,
                         leaves);
        } else {
            walk(model->nodes, model->roots + tree, steps, row, leaves);
        }
        const uint32_t left = model->tree_count - tree;
        const uint32_t here = left < LS_TREE_ABREAST ? left : LS_TREE_ABREAST;
        for (uint32_t i = 0; i < here; i++) {
            if (single) {
                sum += model->values[leaves[i]];
            } else {
                out[model->margins[tree + i]] += model->values[leaves[i]];
            }
        }
    }
    if (single) {
        out[0] = sum;
    }
}

void ls_tree_margin_plain(const ls_tree_model *model, const float *row, float *out) {
    for (uint32_t i = 0; i < model->margin_count; i++) {
        out[i] = model->base_margin;
    }
    for (uint32_t tree = 0; tree < model->tree_count; tree++) {
        uint32_t at = model->roots[tree];
        while (model->nodes[at].skip > 0) {
            const ls_tree_node *node = &model->nodes[at];
            const float value = row[node->feature];
            const bool right = isnan(value) ? model->missing_right[at] != 0
                                            : !(value < node->threshold);
            at += (uint32_t)node->skip + (right ? 1u : 0u);
        }
        out[model->margins[tree]] += model->values[at];
    }
}

// As XGBoost writes it, in this order and this precision: the same bits.
static float logistic(float margin) {
    const float tiny = (float)1e-16;
    const float x = -margin < 88.7f ? -margin : 88.7f;
    const float below = expf(x) + 1.0f + tiny;
    return 1.0f / below;
}

float ls_tree_link_apply(ls_tree_link link, float margin) {
    switch (link) {
    case LS_TREE_LINK_LOGISTIC: return logistic(margin);
    case LS_TREE_LINK_EXP: return expf(margin);
    case LS_TREE_LINK_TIME: return (float)exp((double)margin);
    case LS_TREE_LINK_SIGN: return margin > 0.0f ? 1.0f : 0.0f;
    case LS_TREE_LINK_NONE:
    case LS_TREE_LINK_SOFTMAX:
    case LS_TREE_LINK_ARGMAX: break;
    }
    return margin;
}

static void softmax(float *margins, uint32_t count) {
    float most = margins[0];
    for (uint32_t i = 1; i < count; i++) {
        most = fmaxf(margins[i], most);
    }
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        margins[i] = expf(margins[i] - most);
        sum += (double)margins[i];
    }
    for (uint32_t i = 0; i < count; i++) {
        margins[i] /= (float)sum;
    }
}

void ls_tree_predict(const ls_tree_model *model, const float *row, float *scratch, float *out) {
    if (model->link == LS_TREE_LINK_ARGMAX) {
        assert(scratch != NULL);
        ls_tree_margin(model, row, scratch);
        uint32_t best = 0;
        for (uint32_t i = 1; i < model->margin_count; i++) {
            best = scratch[i] > scratch[best] ? i : best;
        }
        out[0] = (float)best;
        return;
    }
    ls_tree_margin(model, row, out);
    if (model->link == LS_TREE_LINK_SOFTMAX) {
        softmax(out, model->margin_count);
        return;
    }
    for (uint32_t i = 0; i < model->output_count && model->link != LS_TREE_LINK_NONE; i++) {
        out[i] = ls_tree_link_apply(model->link, out[i]);
    }
}
