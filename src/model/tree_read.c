// tree_read.c - see tree_read.h.
#include "model/tree_read.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gzip.h"
#include "base/text.h"

#define TREES "learner.gradient_booster.model.trees"

// What is known of each objective. The base margin is the base score put through the link
// backwards.
typedef enum base_rule { BASE_AS_IS, BASE_LOGIT, BASE_LOG } base_rule;
typedef struct objective {
    const char *name;
    ls_tree_link link;
    base_rule base;
} objective;

static const objective objectives[] = {
    {"reg:squarederror", LS_TREE_LINK_NONE, BASE_AS_IS},
    {"reg:squaredlogerror", LS_TREE_LINK_NONE, BASE_AS_IS},
    {"reg:pseudohubererror", LS_TREE_LINK_NONE, BASE_AS_IS},
    {"reg:absoluteerror", LS_TREE_LINK_NONE, BASE_AS_IS},
    {"reg:logistic", LS_TREE_LINK_LOGISTIC, BASE_LOGIT},
    {"reg:gamma", LS_TREE_LINK_EXP, BASE_LOG},
    {"reg:tweedie", LS_TREE_LINK_EXP, BASE_LOG},
    {"binary:logistic", LS_TREE_LINK_LOGISTIC, BASE_LOGIT},
    {"binary:logitraw", LS_TREE_LINK_NONE, BASE_AS_IS},
    {"binary:hinge", LS_TREE_LINK_SIGN, BASE_AS_IS},
    {"multi:softprob", LS_TREE_LINK_SOFTMAX, BASE_AS_IS},
    {"multi:softmax", LS_TREE_LINK_ARGMAX, BASE_AS_IS},
    {"count:poisson", LS_TREE_LINK_EXP, BASE_LOG},
    {"survival:aft", LS_TREE_LINK_TIME, BASE_LOG},
    {"survival:cox", LS_TREE_LINK_EXP, BASE_LOG},
    {"rank:pairwise", LS_TREE_LINK_NONE, BASE_AS_IS},
    {"rank:ndcg", LS_TREE_LINK_NONE, BASE_AS_IS},
    {"rank:map", LS_TREE_LINK_NONE, BASE_AS_IS},
};

typedef struct reader {
    const char *file;
    ls_error *err;
    ls_tree_model *model;
    ls_tree_node *nodes;  // the model's arrays, still to be written
    float *values;
    float *covers;
    uint8_t *missing_right;
    uint32_t *roots;
    uint16_t *margins;
    uint16_t *depths;
    uint32_t *queue;  // of one tree: the file's node at each of our places
    uint16_t *levels;
    uint8_t *seen;
} reader;

// One tree as the file has it; every array has `count` members of the right kind.
typedef struct source {
    uint32_t tree;
    uint32_t count;
    uint32_t deleted;
    json_t *left, *right, *feature, *condition, *default_left, *cover;
} source;

static ls_status bad(const reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static ls_status bad(const reader *r, const char *format, ...) {
    char text[LS_ERROR_TEXT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return ls_fail_at(r->err, LS_ERR_INVALID, r->file, 0, 0, "%s", text);
}

static ls_status over(const reader *r, const char *what, unsigned long long count, unsigned limit) {
    return ls_fail_at(r->err, LS_ERR_LIMIT, r->file, 0, 0, "%s: %llu, and %u is the most", what,
                      count, limit);
}

static ls_status no_memory(const reader *r) {
    return ls_fail_at(r->err, LS_ERR_MEMORY, r->file, 0, 0, "no memory for the model");
}

// The member of an object, which must be of this type; `path` is what errors call the object.
static json_t *member(const reader *r, json_t *object, const char *path, const char *name,
                      json_type type, const char *type_name) {
    json_t *value = json_object_get(object, name);
    const char *dot = path[0] != '\0' ? "." : "";
    if (value == NULL) {
        bad(r, "%s%s%s is missing", path, dot, name);
        return NULL;
    }
    if (json_typeof(value) != type) {
        bad(r, "%s%s%s must be %s", path, dot, name, type_name);
        return NULL;
    }
    return value;
}

static json_t *object_of(const reader *r, json_t *object, const char *path, const char *name) {
    return member(r, object, path, name, JSON_OBJECT, "an object");
}

static const char *text_of(const reader *r, json_t *object, const char *path, const char *name) {
    json_t *value = member(r, object, path, name, JSON_STRING, "a text");
    return value != NULL ? json_string_value(value) : NULL;
}

// XGBoost writes its counts as texts: "300".
static ls_status count_of(const reader *r, json_t *object, const char *path, const char *name,
                          uint32_t *out) {
    const char *text = text_of(r, object, path, name);
    if (text == NULL) {
        return LS_ERR_INVALID;
    }
    uint64_t value = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9' && value <= UINT32_MAX; at++) {
        value = value * 10 + (uint64_t)(*at - '0');
    }
    if (at == text || *at != '\0' || value > UINT32_MAX) {
        return bad(r, "%s.%s: '%.40s' is not a count", path, name, text);
    }
    *out = (uint32_t)value;
    return LS_OK;
}

// XGBoost writes single real numbers as texts too: "5E-1".
static ls_status real_of(const reader *r, json_t *object, const char *path, const char *name,
                         float *out) {
    const char *text = text_of(r, object, path, name);
    if (text == NULL) {
        return LS_ERR_INVALID;
    }
    double value = 0;
    const bool good = ls_text_parse_double(text, strlen(text), &value) && isfinite((float)value);
    *out = good ? (float)value : 0.0f;
    return good ? LS_OK : bad(r, "%s.%s: '%.40s' is not a finite number", path, name, text);
}

static json_t *array_of(const reader *r, json_t *tree, uint32_t index, const char *name,
                        uint32_t count) {
    char path[96];
    snprintf(path, sizeof path, TREES "[%u]", index);
    json_t *array = member(r, tree, path, name, JSON_ARRAY, "an array");
    if (array != NULL && json_array_size(array) != count) {
        bad(r, "%s.%s has %zu members, and tree_param.num_nodes says %u", path, name,
            json_array_size(array), count);
        return NULL;
    }
    return array;
}

static ls_status open_tree(const reader *r, json_t *tree, uint32_t index, source *out) {
    char path[96];
    snprintf(path, sizeof path, TREES "[%u]", index);
    if (!json_is_object(tree)) {
        return bad(r, "%s must be an object", path);
    }
    *out = (source){.tree = index};
    json_t *param = object_of(r, tree, path, "tree_param");
    if (param == NULL) {
        return LS_ERR_INVALID;
    }
    snprintf(path, sizeof path, TREES "[%u].tree_param", index);
    ls_status status = count_of(r, param, path, "num_nodes", &out->count);
    if (status == LS_OK && json_object_get(param, "num_deleted") != NULL) {
        status = count_of(r, param, path, "num_deleted", &out->deleted);
    }
    if (status != LS_OK) {
        return status;
    }
    if (out->count == 0) {
        return bad(r, "%s.num_nodes is 0; a tree has at least its root", path);
    }
    if (out->count > LS_TREE_NODES_MAX) {
        strcat(path, ".num_nodes");
        return over(r, path, out->count, LS_TREE_NODES_MAX);
    }
    if ((out->left = array_of(r, tree, index, "left_children", out->count)) == NULL ||
        (out->right = array_of(r, tree, index, "right_children", out->count)) == NULL ||
        (out->feature = array_of(r, tree, index, "split_indices", out->count)) == NULL ||
        (out->condition = array_of(r, tree, index, "split_conditions", out->count)) == NULL ||
        (out->default_left = array_of(r, tree, index, "default_left", out->count)) == NULL ||
        (out->cover = array_of(r, tree, index, "sum_hessian", out->count)) == NULL) {
        return LS_ERR_INVALID;
    }
    json_t *types = json_object_get(tree, "split_type");
    for (size_t i = 0; i < json_array_size(types); i++) {
        json_t *type = json_array_get(types, i);
        if (!json_is_integer(type) || json_integer_value(type) != 0) {
            return bad(r, TREES "[%u].split_type[%zu]: only numerical splits (0) are understood",
                       index, i);
        }
    }
    return LS_OK;
}

// A child of node `at`, as an index into the file's arrays.
static ls_status child_of(const reader *r, const source *s, json_t *array, const char *name,
                          uint32_t at, uint32_t *out) {
    json_t *value = json_array_get(array, at);
    const json_int_t child = json_integer_value(value);
    if (!json_is_integer(value) || child < 0 || child >= (json_int_t)s->count) {
        return bad(r, TREES "[%u].%s[%u] is %lld, which is no node of a tree of %u", s->tree, name,
                   at, (long long)child, s->count);
    }
    if (r->seen[child] != 0) {
        return bad(r, TREES "[%u].%s[%u] is %lld, a node that is reached another way already",
                   s->tree, name, at, (long long)child);
    }
    r->seen[child] = 1;
    *out = (uint32_t)child;
    return LS_OK;
}

static ls_status number_of(const reader *r, const source *s, json_t *array, const char *name,
                           uint32_t at, float *out) {
    json_t *value = json_array_get(array, at);
    *out = (float)json_number_value(value);
    if (!json_is_number(value) || !isfinite(*out)) {
        return bad(r, TREES "[%u].%s[%u] is not a finite number", s->tree, name, at);
    }
    return LS_OK;
}

static bool is_leaf(const source *s, uint32_t at) {
    json_t *left = json_array_get(s->left, at);
    json_t *right = json_array_get(s->right, at);
    return json_is_integer(left) && json_integer_value(left) == -1 && json_is_integer(right) &&
           json_integer_value(right) == -1;
}

// An inner node: its question, and its children at the end of the queue.
static ls_status put_split(reader *r, const source *s, uint32_t place, uint32_t *queued,
                           ls_tree_node *node, uint8_t *missing_right) {
    const uint32_t at = r->queue[place];
    json_t *feature = json_array_get(s->feature, at);
    const json_int_t index = json_integer_value(feature);
    if (!json_is_integer(feature) || index < 0 || index >= (json_int_t)r->model->feature_count) {
        return bad(r, TREES "[%u].split_indices[%u] is %lld, and the model has %u features",
                   s->tree, at, (long long)index, r->model->feature_count);
    }
    json_t *left_first = json_array_get(s->default_left, at);
    const bool known = json_is_boolean(left_first) ||
                       (json_is_integer(left_first) && json_integer_value(left_first) >= 0 &&
                        json_integer_value(left_first) <= 1);
    if (!known) {
        return bad(r, TREES "[%u].default_left[%u] must be 0 or 1", s->tree, at);
    }
    const bool goes_left = json_is_true(left_first) || json_integer_value(left_first) == 1;
    uint32_t left = 0, right = 0;
    float threshold = 0;
    ls_status status = number_of(r, s, s->condition, "split_conditions", at, &threshold);
    if (status == LS_OK) {
        status = child_of(r, s, s->left, "left_children", at, &left);
    }
    if (status == LS_OK) {
        status = child_of(r, s, s->right, "right_children", at, &right);
    }
    if (status != LS_OK) {
        return status;
    }
    if (r->levels[place] >= LS_TREE_DEPTH_MAX) {
        return ls_fail_at(r->err, LS_ERR_LIMIT, r->file, 0, 0,
                          TREES "[%u] is deeper than %d steps, the most there may be", s->tree,
                          LS_TREE_DEPTH_MAX);
    }
    *node = (ls_tree_node){
        .threshold = threshold, .skip = (int16_t)(*queued - place), .feature = (uint16_t)index};
    *missing_right = goes_left ? 0 : 1;
    for (int side = 0; side < 2; side++) {
        r->levels[*queued] = (uint16_t)(r->levels[place] + 1);
        r->queue[(*queued)++] = side == 0 ? left : right;
    }
    return LS_OK;
}

// The tree, breadth first, at the end of the model's nodes; *depth becomes its deepest level.
static ls_status put_tree(reader *r, const source *s, uint16_t *depth) {
    const uint32_t first = r->model->node_count;
    memset(r->seen, 0, s->count);
    r->queue[0] = 0;
    r->levels[0] = 0;
    r->seen[0] = 1;
    uint32_t queued = 1;
    *depth = 0;
    for (uint32_t place = 0; place < queued; place++) {
        const uint32_t at = r->queue[place];
        ls_tree_node *node = &r->nodes[first + place];
        ls_status status = number_of(r, s, s->cover, "sum_hessian", at, &r->covers[first + place]);
        if (status == LS_OK && r->covers[first + place] < 0.0f) {
            status = bad(r, TREES "[%u].sum_hessian[%u] is negative", s->tree, at);
        }
        if (status == LS_OK && is_leaf(s, at)) {
            *node = (ls_tree_node){.threshold = NAN, .skip = -1, .feature = 0};
            r->missing_right[first + place] = 1;
            status = number_of(r, s, s->condition, "split_conditions", at,
                               &r->values[first + place]);
        } else if (status == LS_OK) {
            status = put_split(r, s, place, &queued, node, &r->missing_right[first + place]);
        }
        if (status != LS_OK) {
            return status;
        }
        *depth = r->levels[place] > *depth ? r->levels[place] : *depth;
    }
    if (queued + s->deleted != s->count) {
        return bad(r, TREES "[%u]: %u of %u nodes are reached from the root, and num_deleted is %u",
                   s->tree, queued, s->count, s->deleted);
    }
    r->model->node_count = first + queued;
    return LS_OK;
}

// Room for the nodes of all trees, by what the file says of their number; and for one tree's walk.
static ls_status make_room(reader *r, json_t *trees) {
    ls_tree_model *m = r->model;
    uint64_t nodes = 1;
    for (size_t i = 0; i < json_array_size(trees); i++) {
        nodes += json_array_size(json_object_get(json_array_get(trees, i), "left_children"));
    }
    if (nodes > UINT32_MAX) {
        return over(r, TREES ": nodes", nodes, UINT32_MAX);
    }
    const size_t eights = (m->tree_count + LS_TREE_ABREAST - 1) / LS_TREE_ABREAST;
    r->nodes = ls_arena_alloc(&m->arena, nodes * sizeof *r->nodes);
    r->values = ls_arena_alloc(&m->arena, nodes * sizeof *r->values);
    r->covers = ls_arena_alloc(&m->arena, nodes * sizeof *r->covers);
    r->missing_right = ls_arena_alloc(&m->arena, nodes);
    r->roots = ls_arena_alloc(&m->arena, eights * LS_TREE_ABREAST * sizeof *r->roots);
    r->margins = ls_arena_alloc(&m->arena, (m->tree_count + 1) * sizeof *r->margins);
    r->depths = ls_arena_alloc(&m->arena, (eights + 1) * sizeof *r->depths);
    r->queue = ls_alloc(LS_TREE_NODES_MAX * sizeof *r->queue);
    r->levels = ls_alloc(LS_TREE_NODES_MAX * sizeof *r->levels);
    r->seen = ls_alloc(LS_TREE_NODES_MAX);
    if (r->nodes == NULL || r->values == NULL || r->covers == NULL || r->missing_right == NULL ||
        r->roots == NULL || r->margins == NULL || r->depths == NULL || r->queue == NULL ||
        r->levels == NULL || r->seen == NULL) {
        return no_memory(r);
    }
    m->nodes = r->nodes;
    m->values = r->values;
    m->covers = r->covers;
    m->missing_right = r->missing_right;
    m->roots = r->roots;
    m->margins = r->margins;
    m->depths = r->depths;
    return LS_OK;
}

static ls_status put_trees(reader *r, json_t *trees, json_t *info) {
    ls_tree_model *m = r->model;
    ls_status status = make_room(r, trees);
    for (uint32_t i = 0; i < m->tree_count && status == LS_OK; i++) {
        source s;
        uint16_t depth = 0;
        json_t *group = json_array_get(info, i);
        if (!json_is_integer(group) || json_integer_value(group) < 0 ||
            json_integer_value(group) >= (json_int_t)m->margin_count) {
            return bad(r, "learner.gradient_booster.model.tree_info[%u] must be from 0 to %u", i,
                       m->margin_count - 1);
        }
        r->margins[i] = (uint16_t)json_integer_value(group);
        r->roots[i] = m->node_count;
        status = open_tree(r, json_array_get(trees, i), i, &s);
        if (status == LS_OK) {
            status = put_tree(r, &s, &depth);
        }
        uint16_t *steps = &r->depths[i / LS_TREE_ABREAST];
        *steps = depth > *steps ? depth : *steps;
        m->depth_max = depth > m->depth_max ? depth : m->depth_max;
    }
    if (status == LS_OK) {
        // A leaf that adds nothing stands in for the trees that the last eight lack.
        const uint32_t filler = m->node_count++;
        r->nodes[filler] = (ls_tree_node){.threshold = NAN, .skip = -1, .feature = 0};
        r->missing_right[filler] = 1;
        for (uint32_t i = m->tree_count; i % LS_TREE_ABREAST != 0; i++) {
            r->roots[i] = filler;
        }
    }
    return status;
}

static ls_status read_names(reader *r, json_t *learner) {
    json_t *names = json_object_get(learner, "feature_names");
    if (names == NULL || json_array_size(names) == 0) {
        return LS_OK;
    }
    if (json_array_size(names) != r->model->feature_count) {
        return bad(r, "learner.feature_names has %zu members, and the model has %u features",
                   json_array_size(names), r->model->feature_count);
    }
    const char **out = ls_arena_alloc(&r->model->arena, r->model->feature_count * sizeof *out);
    for (uint32_t i = 0; out != NULL && i < r->model->feature_count; i++) {
        json_t *name = json_array_get(names, i);
        if (!json_is_string(name) || json_string_length(name) == 0) {
            return bad(r, "learner.feature_names[%u] must be a text", i);
        }
        out[i] = ls_arena_text(&r->model->arena, json_string_value(name), json_string_length(name));
        if (out[i] == NULL) {
            return no_memory(r);
        }
    }
    r->model->feature_names = out;
    return out != NULL ? LS_OK : no_memory(r);
}

static ls_status read_objective(reader *r, json_t *learner) {
    ls_tree_model *m = r->model;
    json_t *object = object_of(r, learner, "learner", "objective");
    const char *name = object != NULL ? text_of(r, object, "learner.objective", "name") : NULL;
    if (name == NULL) {
        return LS_ERR_INVALID;
    }
    const objective *found = NULL;
    for (size_t i = 0; i < sizeof objectives / sizeof objectives[0]; i++) {
        found = strcmp(objectives[i].name, name) == 0 ? &objectives[i] : found;
    }
    if (found == NULL) {
        return bad(r, "learner.objective.name: the objective '%.60s' is not understood", name);
    }
    snprintf(m->objective, sizeof m->objective, "%s", name);
    m->link = found->link;
    const float base = m->base_score;
    if (found->base == BASE_LOGIT && !(base > 0.0f && base < 1.0f)) {
        return bad(r, "learner.learner_model_param.base_score must be between 0 and 1 for %s",
                   name);
    }
    if (found->base == BASE_LOG && !(base > 0.0f)) {
        return bad(r, "learner.learner_model_param.base_score must be above 0 for %s", name);
    }
    m->base_margin = found->base == BASE_LOGIT ? -logf(1.0f / base - 1.0f)
                     : found->base == BASE_LOG ? logf(base)
                                               : base;
    return LS_OK;
}

static ls_status read_sizes(reader *r, json_t *learner) {
    static const char path[] = "learner.learner_model_param";
    ls_tree_model *m = r->model;
    json_t *param = object_of(r, learner, "learner", "learner_model_param");
    if (param == NULL) {
        return LS_ERR_INVALID;
    }
    uint32_t classes = 0, targets = 1;
    ls_status status = count_of(r, param, path, "num_feature", &m->feature_count);
    if (status == LS_OK) {
        status = count_of(r, param, path, "num_class", &classes);
    }
    if (status == LS_OK && json_object_get(param, "num_target") != NULL) {
        status = count_of(r, param, path, "num_target", &targets);
    }
    if (status == LS_OK) {
        status = real_of(r, param, path, "base_score", &m->base_score);
    }
    if (status != LS_OK) {
        return status;
    }
    if (m->feature_count == 0) {
        return bad(r, "%s.num_feature is 0; a model looks at one feature at least", path);
    }
    if (m->feature_count > LS_TREE_FEATURES_MAX) {
        return over(r, "learner.learner_model_param.num_feature", m->feature_count,
                    LS_TREE_FEATURES_MAX);
    }
    m->margin_count = classes > targets ? classes : targets;
    m->margin_count = m->margin_count == 0 ? 1 : m->margin_count;
    if (m->margin_count > LS_TREE_OUTPUTS_MAX) {
        return over(r, "learner.learner_model_param: classes or targets", m->margin_count,
                    LS_TREE_OUTPUTS_MAX);
    }
    return LS_OK;
}

static ls_status read_booster(reader *r, json_t *learner) {
    json_t *booster = object_of(r, learner, "learner", "gradient_booster");
    const char *name = booster != NULL ? text_of(r, booster, "learner.gradient_booster", "name")
                                       : NULL;
    if (name == NULL) {
        return LS_ERR_INVALID;
    }
    if (strcmp(name, "gbtree") != 0) {
        return bad(
            r, "learner.gradient_booster.name: the booster '%.40s' is not understood, only gbtree",
            name);
    }
    static const char path[] = "learner.gradient_booster.model";
    json_t *model = object_of(r, booster, "learner.gradient_booster", "model");
    json_t *trees = model != NULL ? member(r, model, path, "trees", JSON_ARRAY, "an array") : NULL;
    json_t *info = trees != NULL ? member(r, model, path, "tree_info", JSON_ARRAY, "an array")
                                 : NULL;
    if (info == NULL) {
        return LS_ERR_INVALID;
    }
    if (json_array_size(trees) > LS_TREE_TREES_MAX) {
        return over(r, TREES, json_array_size(trees), LS_TREE_TREES_MAX);
    }
    if (json_array_size(info) != json_array_size(trees)) {
        return bad(r, "%s.tree_info has %zu members for %zu trees", path, json_array_size(info),
                   json_array_size(trees));
    }
    r->model->tree_count = (uint32_t)json_array_size(trees);
    uint32_t forest = 1;  // trees of one round for one sum
    json_t *param = json_object_get(model, "gbtree_model_param");
    if (json_object_get(param, "num_parallel_tree") != NULL) {
        ls_status status = count_of(r, param, "learner.gradient_booster.model.gbtree_model_param",
                                    "num_parallel_tree", &forest);
        if (status != LS_OK) {
            return status;
        }
    }
    // XGBoost leaves a round that is not whole out of its predictions, without a word.
    const uint64_t round = (uint64_t)r->model->margin_count * forest;
    if (round == 0 || r->model->tree_count % round != 0) {
        return bad(r, "%s.trees: %u trees are no whole number of rounds of %llu", path,
                   r->model->tree_count, (unsigned long long)round);
    }
    return put_trees(r, trees, info);
}

// Ours, where it is there; others' attributes are theirs.
static ls_status read_attributes(reader *r, json_t *learner) {
    json_t *text = json_object_get(json_object_get(learner, "attributes"), LS_TREE_ANSWER_MAX);
    double most = 0;
    r->model->answer_max = INFINITY;
    if (text == NULL) {
        return LS_OK;
    }
    if (!json_is_string(text) ||
        !ls_text_parse_double(json_string_value(text), json_string_length(text), &most) ||
        !(most > 0)) {
        return bad(r, "learner.attributes.%s must be a text that is a number above 0",
                   LS_TREE_ANSWER_MAX);
    }
    r->model->answer_max = (float)most;
    return LS_OK;
}

static ls_status read_root(reader *r, json_t *root) {
    json_t *learner = object_of(r, root, "", "learner");
    if (learner == NULL) {
        ls_hint(r->err, "a model saved by XGBoost as JSON is wanted");
        return LS_ERR_INVALID;
    }
    ls_status status = read_sizes(r, learner);
    if (status == LS_OK) {
        status = read_objective(r, learner);
    }
    if (status == LS_OK) {
        status = read_names(r, learner);
    }
    if (status == LS_OK) {
        status = read_attributes(r, learner);
    }
    if (status == LS_OK) {
        status = read_booster(r, learner);
    }
    r->model->output_count = r->model->link == LS_TREE_LINK_ARGMAX ? 1 : r->model->margin_count;
    return status;
}

ls_status ls_tree_read_text(const char *text, size_t size, const char *file, ls_tree_model **out,
                            ls_error *err) {
    *out = NULL;
    if (size > LS_TREE_FILE_SIZE_MAX) {
        return ls_fail_at(err, LS_ERR_LIMIT, file, 0, 0,
                          "a model file of %zu bytes, and %d is the most", size,
                          LS_TREE_FILE_SIZE_MAX);
    }
    ls_arena arena;
    ls_arena_init(&arena);
    ls_tree_model *model = ls_arena_alloc(&arena, sizeof *model);
    if (model == NULL) {
        return ls_fail_at(err, LS_ERR_MEMORY, file, 0, 0, "no memory for the model");
    }
    model->arena = arena;
    reader r = {.file = file, .err = err, .model = model};
    json_error_t why;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
    ls_status status;
    if (root == NULL) {
        status = json_error_code(&why) == json_error_out_of_memory
                     ? no_memory(&r)
                     : ls_fail_at(err, LS_ERR_INVALID, file, why.line, why.column,
                                  "not a model saved as JSON: %s", why.text);
    } else {
        status = read_root(&r, root);
    }
    json_decref(root);
    ls_free(r.queue);
    ls_free(r.levels);
    ls_free(r.seen);
    if (status != LS_OK) {
        ls_tree_destroy(model);
        return status;
    }
    *out = model;
    return LS_OK;
}

ls_status ls_tree_read_file(const char *path, ls_tree_model **out, ls_error *err) {
    *out = NULL;
    ls_arena arena;
    ls_arena_init(&arena);
    char *text = NULL;
    size_t size = 0;
    ls_status status = ls_gzip_read_file(path, LS_TREE_FILE_SIZE_MAX, &arena, &text, &size, err);
    if (status == LS_OK) {
        status = ls_tree_read_text(text, size, path, out, err);
    }
    ls_arena_clear(&arena);
    return status;
}
