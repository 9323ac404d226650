// models_live.c - the newest word on each unit: one thread writes, any number read, nobody waits.
//
// A sequence lock of atomic words. The writer makes `turn` odd, stores the words with release and
// makes it even; a reader that has seen a new word has also seen the odd turn, so that an equal and
// even turn before and after means that nothing was torn.
#include <assert.h>
#include <math.h>
#include <sched.h>
#include <string.h>

#include "loop/models_inside.h"

ls_model_said ls_models_said_nothing(void) {
    return (ls_model_said){.state = LS_MODEL_NONE,
                           .value = (double)NAN,
                           .low = (double)NAN,
                           .high = (double)NAN,
                           .challenger = (double)NAN,
                           .unusual = -1};
}

ls_status ls_models_live_init(ls_models_live *live, ls_arena *arena, uint32_t columns,
                              ls_error *err) {
    live->words = ls_arena_alloc(arena, LS_MODELS_SAID_WORDS * sizeof *live->words);
    live->row = ls_arena_alloc(arena, (size_t)columns * sizeof *live->row);
    if (live->words == NULL || live->row == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the units of a model");
    }
    const ls_model_said nothing = ls_models_said_nothing();
    ls_models_live_put(live, &nothing, NULL, columns);
    return LS_OK;
}

void ls_models_live_put(ls_models_live *live, const ls_model_said *said, const float *row,
                        uint32_t columns) {
    uint64_t words[LS_MODELS_SAID_WORDS] = {0};
    memcpy(words, said, sizeof *said);
    const uint64_t turn = atomic_load_explicit(&live->turn, memory_order_relaxed);
    atomic_store_explicit(&live->turn, turn + 1, memory_order_relaxed);
    for (size_t i = 0; i < LS_MODELS_SAID_WORDS; i++) {
        atomic_store_explicit(&live->words[i], words[i], memory_order_release);
    }
    for (uint32_t c = 0; c < columns; c++) {
        uint32_t bits = UINT32_C(0x7fc00000);  // NaN
        if (row != NULL) {
            memcpy(&bits, row + c, sizeof bits);
        }
        atomic_store_explicit(&live->row[c], bits, memory_order_release);
    }
    atomic_store_explicit(&live->turn, turn + 2, memory_order_release);
}

static bool try_get(ls_models_live *live, ls_model_said *out, float *row, uint32_t columns) {
    uint64_t words[LS_MODELS_SAID_WORDS];
    const uint64_t turn = atomic_load_explicit(&live->turn, memory_order_acquire);
    for (size_t i = 0; i < LS_MODELS_SAID_WORDS; i++) {
        words[i] = atomic_load_explicit(&live->words[i], memory_order_acquire);
    }
    for (uint32_t c = 0; c < columns && row != NULL; c++) {
        const uint32_t bits = atomic_load_explicit(&live->row[c], memory_order_acquire);
        memcpy(row + c, &bits, sizeof bits);
    }
    memcpy(out, words, sizeof *out);
    return turn % 2 == 0 && atomic_load_explicit(&live->turn, memory_order_relaxed) == turn;
}

void ls_models_live_get(ls_models_live *live, ls_model_said *out, float *row, uint32_t columns) {
    while (!try_get(live, out, row, columns)) {
        sched_yield();
    }
}
