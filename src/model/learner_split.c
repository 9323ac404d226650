// learner_split.c - units drawn to be held out. See learner.h.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "model/learner.h"

typedef struct drawn_unit {
    uint64_t draw;
    uint32_t unit;
} drawn_unit;

static int by_unit(const void *a, const void *b) {
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int by_draw(const void *a, const void *b) {
    const drawn_unit *x = a, *y = b;
    if (x->draw != y->draw) {
        return x->draw < y->draw ? -1 : 1;
    }
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static ls_status check_share(double share, uint64_t rows, ls_error *err) {
    if (!(share > 0 && share < 1)) {
        return ls_fail(err, LS_ERR_INVALID, "a validation share of %g; it must be between 0 and 1",
                       share);
    }
    return rows > 0 ? LS_OK : ls_fail(err, LS_ERR_INVALID, "no rows to split");
}

ls_status ls_learner_split_by_unit(const uint32_t *units, uint64_t row_count, double share,
                                   uint64_t seed, uint8_t *valid, ls_error *err) {
    ls_status status = check_share(share, row_count, err);
    if (status != LS_OK) {
        return status;
    }
    uint32_t *sorted = ls_alloc(row_count * sizeof *sorted);
    drawn_unit *drawn = ls_alloc(row_count * sizeof *drawn);
    if (sorted == NULL || drawn == NULL) {
        status = ls_fail(err, LS_ERR_MEMORY, "no memory to split the rows");
        goto done;
    }
    memcpy(sorted, units, row_count * sizeof *sorted);
    qsort(sorted, row_count, sizeof *sorted, by_unit);
    uint64_t count = 0;
    for (uint64_t i = 0; i < row_count; i++) {
        if (i == 0 || sorted[i] != sorted[i - 1]) {
            // A unit's draw depends on the unit alone: another unit more or less moves no other.
            const ls_random_block block = ls_random_philox(sorted[i], 0, 0x73706c74u, 0,
                                                           (uint32_t)seed, (uint32_t)(seed >> 32));
            drawn[count++] = (drawn_unit){
                .draw = (uint64_t)block.word[0] | ((uint64_t)block.word[1] << 32),
                .unit = sorted[i]};
        }
    }
    if (count < 2) {
        status = ls_fail(err, LS_ERR_INVALID, "all rows are of one unit: nothing to hold out");
        goto done;
    }
    qsort(drawn, count, sizeof *drawn, by_draw);
    uint64_t held = (uint64_t)((double)count * share + 0.5);
    held = held == 0 ? 1 : held == count ? count - 1 : held;
    for (uint64_t i = 0; i < held; i++) {
        sorted[i] = drawn[i].unit;
    }
    qsort(sorted, held, sizeof *sorted, by_unit);
    for (uint64_t i = 0; i < row_count; i++) {
        valid[i] = bsearch(&units[i], sorted, held, sizeof *sorted, by_unit) != NULL ? 1 : 0;
    }
done:
    ls_free(sorted);
    ls_free(drawn);
    return status;
}
