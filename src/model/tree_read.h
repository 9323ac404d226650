// tree_read.h - XGBoost's saved model (JSON, as 1.7 writes it), read and checked.
//
// Nothing that a file says is believed: arrays of one length, indexes in range, every node with one
// parent and reached from the root (so no cycles), finite numbers, limits of tree.h. An error names
// the file and the field, "learner.gradient_booster.model.trees[3].left_children[5]".
//
// Understood: booster gbtree with numerical splits; objectives reg:squarederror, squaredlogerror,
// logistic, pseudohubererror, absoluteerror, gamma, tweedie; binary:logistic, logitraw, hinge;
// multi:softprob, softmax; count:poisson; survival:aft, cox; rank:pairwise, ndcg, map.
#pragma once

#include "base/status.h"
#include "model/tree.h"

enum { LS_TREE_FILE_SIZE_MAX = 64 << 20 };  // bytes of one model file

// `file` is what errors call it. *out is to be given to ls_tree_destroy; NULL after a failure:
// LS_ERR_INVALID, LS_ERR_LIMIT, LS_ERR_MEMORY.
ls_status ls_tree_read_text(const char *text, size_t size, const char *file, ls_tree_model **out,
                            ls_error *err);
// From a file, packed with gzip or not; LS_ERR_IO too.
ls_status ls_tree_read_file(const char *path, ls_tree_model **out, ls_error *err);
