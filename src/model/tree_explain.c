// tree_explain.c - see tree_explain.h.
#include "model/tree_explain.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"

// One feature of the path from the root: the share of rows that go on here without knowing it,
// whether this row does, and the weight of subsets by their size.
typedef struct step {
    int feature;  // -1 for the first
    double zero, one, weight;
} step;

typedef struct explainer {
    const ls_tree_model *model;
    const float *row;
    double *out;  // of the sum that the tree adds to
} explainer;

static void extend(step *path, unsigned depth, double zero, double one, int feature) {
    path[depth] = (step){feature, zero, one, depth == 0 ? 1.0 : 0.0};
    const double count = depth + 1;
    for (unsigned i = depth; i-- > 0;) {
        path[i + 1].weight += one * path[i].weight * (i + 1) / count;
        path[i].weight = zero * path[i].weight * (depth - i) / count;
    }
}

static void unwind(step *path, unsigned depth, unsigned at) {
    const double one = path[at].one, zero = path[at].zero, count = depth + 1;
    double next = path[depth].weight;
    for (unsigned i = depth; i-- > 0;) {
        if (one != 0) {
            const double before = path[i].weight;
            path[i].weight = next * count / ((i + 1) * one);
            next = before - path[i].weight * zero * (depth - i) / count;
        } else {
            path[i].weight = path[i].weight * count / (zero * (depth - i));
        }
    }
    for (unsigned i = at; i < depth; i++) {
        path[i].feature = path[i + 1].feature;
        path[i].zero = path[i + 1].zero;
        path[i].one = path[i + 1].one;
    }
}

static double unwound_sum(const step *path, unsigned depth, unsigned at) {
    const double one = path[at].one, zero = path[at].zero, count = depth + 1;
    double next = path[depth].weight, sum = 0;
    for (unsigned i = depth; i-- > 0;) {
        if (one != 0) {
            const double here = next * count / ((i + 1) * one);
            sum += here;
            next = path[i].weight - here * zero * ((depth - i) / count);
        } else if (zero != 0) {
            sum += path[i].weight / zero / ((depth - i) / count);
        }
    }
    return sum;
}

// The child that the row goes to, 0 left, 1 right.
static uint32_t side_of(const ls_tree_model *m, uint32_t at, const float *row) {
    const ls_tree_node *node = &m->nodes[at];
    const float value = row[node->feature];
    return isnan(value) ? m->missing_right[at] : value < node->threshold ? 0u : 1u;
}

// As deep as a tree is (tree_read.h refuses those deeper than LS_TREE_DEPTH_MAX).
static void recurse(const explainer *e, uint32_t at, step *parent, unsigned parent_depth,
                    double zero, double one, int feature) {
    const ls_tree_model *m = e->model;
    // The parent's path, copied behind itself, and one step more.
    step *path = parent + parent_depth + 1;
    unsigned depth = parent_depth + 1;
    memcpy(path, parent, depth * sizeof *path);
    extend(path, depth, zero, one, feature);
    const ls_tree_node *node = &m->nodes[at];
    if (node->skip < 0) {
        for (unsigned i = 1; i <= depth; i++) {
            e->out[path[i].feature] += unwound_sum(path, depth, i) * (path[i].one - path[i].zero) *
                                       (double)m->values[at];
        }
        return;
    }
    const uint32_t left = at + (uint16_t)node->skip, side = side_of(m, at, e->row);
    const uint32_t hot = left + side, cold = left + 1 - side;
    double in_zero = 1, in_one = 1;
    for (unsigned i = 1; i <= depth; i++) {
        if (path[i].feature == (int)node->feature) {
            in_zero = path[i].zero;
            in_one = path[i].one;
            unwind(path, depth, i);
            depth--;
            break;
        }
    }
    const double cover = (double)m->covers[at];
    recurse(e, hot, path, depth, in_zero * (double)m->covers[hot] / cover, in_one, node->feature);
    recurse(e, cold, path, depth, in_zero * (double)m->covers[cold] / cover, 0, node->feature);
}

// What the tree says on average of the rows that it learned from.
static double mean_of(const ls_tree_model *m, uint32_t at) {
    const ls_tree_node *node = &m->nodes[at];
    if (node->skip < 0) {
        return (double)m->values[at];
    }
    const uint32_t left = at + (uint16_t)node->skip;
    return (mean_of(m, left) * (double)m->covers[left] +
            mean_of(m, left + 1) * (double)m->covers[left + 1]) /
           (double)m->covers[at];
}

static bool covers_are_there(const ls_tree_model *m) {
    for (uint32_t at = 0; at < m->node_count; at++) {
        if (m->nodes[at].skip > 0 &&
            !(m->covers[at] > 0 && m->covers[at + (uint16_t)m->nodes[at].skip] > 0 &&
              m->covers[at + (uint16_t)m->nodes[at].skip + 1] > 0)) {
            return false;
        }
    }
    return true;
}

ls_status ls_tree_explain(const ls_tree_model *model, const float *row, double *out,
                          ls_error *err) {
    if (!covers_are_there(model)) {
        return ls_fail(err, LS_ERR_INVALID,
                       "the model does not say how many rows went which way (sum_hessian is 0)");
    }
    const size_t deep = (size_t)model->depth_max + 2;
    step *steps = ls_alloc(deep * (deep + 1) * sizeof *steps);
    if (steps == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "no memory to explain a prediction");
    }
    const uint32_t stride = model->feature_count + 1;
    for (uint32_t i = 0; i < model->margin_count * stride; i++) {
        out[i] = i % stride == model->feature_count ? (double)model->base_margin : 0.0;
    }
    for (uint32_t tree = 0; tree < model->tree_count; tree++) {
        double *mine = out + (size_t)model->margins[tree] * stride;
        const uint32_t root = model->roots[tree];
        mine[model->feature_count] += mean_of(model, root);
        const ls_tree_node *node = &model->nodes[root];
        if (node->skip < 0) {
            continue;
        }
        const explainer e = {.model = model, .row = row, .out = mine};
        extend(steps, 0, 1, 1, -1);
        const uint32_t left = root + (uint16_t)node->skip, side = side_of(model, root, row);
        const double cover = (double)model->covers[root];
        recurse(&e, left + side, steps, 0, (double)model->covers[left + side] / cover, 1,
                node->feature);
        recurse(&e, left + 1 - side, steps, 0, (double)model->covers[left + 1 - side] / cover, 0,
                node->feature);
    }
    ls_free(steps);
    return LS_OK;
}

uint32_t ls_tree_causes(const double *shares, uint32_t feature_count, uint32_t *out,
                        uint32_t out_max) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < feature_count; i++) {
        const double size = fabs(shares[i]);
        if (!(size > 0)) {
            continue;
        }
        uint32_t at = count < out_max ? count : out_max;
        while (at > 0 && fabs(shares[out[at - 1]]) < size) {
            at--;
        }
        if (at == out_max) {
            continue;
        }
        const uint32_t last = count < out_max ? count : out_max - 1;
        memmove(&out[at + 1], &out[at], (last - at) * sizeof *out);
        out[at] = i;
        count = last + 1;
    }
    return count;
}
