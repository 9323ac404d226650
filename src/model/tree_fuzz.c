// tree_fuzz.c - any bytes as a saved model: refused with a reason, or walked the same both ways.
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/tree.h"
#include "model/tree_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_error err = {0};
    ls_tree_model *model = NULL;
    if (ls_tree_read_text((const char *)data, size, "fuzz.json", &model, &err) != LS_OK) {
        assert(model == NULL && err.text[0] != '\0');
        return 0;
    }
    float *row = ls_alloc(model->feature_count * sizeof *row);
    float *fast = ls_alloc(model->margin_count * sizeof *fast);
    float *plain = ls_alloc(model->margin_count * sizeof *plain);
    assert(row != NULL && fast != NULL && plain != NULL);
    for (uint32_t turn = 0; turn < 8; turn++) {
        for (uint32_t i = 0; i < model->feature_count; i++) {
            const uint32_t draw = (i + 1) * 2654435761u + turn * 40503u;
            row[i] = turn % 2 == 1 && draw % 5 == 0 ? NAN : (float)(draw >> 20) / 512.0f - 4.0f;
        }
        ls_tree_margin(model, row, fast);
        ls_tree_margin_plain(model, row, plain);
        if (memcmp(fast, plain, model->margin_count * sizeof *fast) != 0) {
            for (uint32_t i = 0; i < model->margin_count; i++) {
                // Sums may overflow; what is not a number has no bits to compare.
                if (!(fast[i] == plain[i] || (isnan(fast[i]) && isnan(plain[i])))) {
                    abort();
                }
            }
        }
    }
    ls_free(row);
    ls_free(fast);
    ls_free(plain);
    ls_tree_destroy(model);
    return 0;
}
