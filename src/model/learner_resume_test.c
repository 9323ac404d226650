// learner_resume_test.c - a training that was killed between two rounds ends with the bytes that it
// would have had; a state that is not its own is refused.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "model/learner.h"
#include "model/learner_state.h"
#include "model/testing/boosted.h"
#include "tests/harness.h"

enum { ROWS = 600, VALID = 200, FEATURES = 6, ROUNDS = 20, STATES = ROUNDS };

static float values[ROWS * FEATURES], labels[ROWS];

typedef struct kept {
    ls_buffer states[STATES];
    uint32_t count;
} kept;

static bool is_due(void *context, uint32_t round) {
    (void)context;
    (void)round;
    return true;
}

static ls_status keep(void *context, const void *bytes, size_t size, ls_error *err) {
    kept *k = context;
    (void)err;
    CHECK(k->count < STATES);
    ls_buffer_init(&k->states[k->count]);
    ls_buffer_append(&k->states[k->count++], bytes, size);
    return LS_OK;
}

static ls_learner_rows draw(ls_learner_task task, uint64_t seed) {
    boosted_random random = {seed};
    boosted_fill(&random, values, ROWS * FEATURES, 0.05);
    boosted_label(&random, values, ROWS, FEATURES, task, 3, labels);
    return (ls_learner_rows){
        .values = values, .row_count = ROWS, .feature_count = FEATURES, .labels = labels};
}

static void test_it_ends_with_the_same_bytes(void) {
    static const ls_learner_task tasks[] = {
        LS_LEARNER_REGRESSION, LS_LEARNER_BINARY,   LS_LEARNER_CLASSES,
        LS_LEARNER_COUNT,      LS_LEARNER_SURVIVAL, LS_LEARNER_QUANTILE,
    };
    static const double shares[][2] = {{0.7, 0.6}, {0.7, 1.0}, {1.0, 0.6}, {1.0, 1.0}};
    for (size_t i = 0; i < 4 * sizeof tasks / sizeof tasks[0]; i++) {
        ls_learner_rows train = draw(tasks[i / 4], 40 + i), valid = train;
        train.row_count = ROWS - VALID;
        valid.row_count = VALID;
        valid.values += (ROWS - VALID) * FEATURES;
        valid.labels += ROWS - VALID;
        ls_learner_def def = ls_learner_def_default();
        def.task = tasks[i / 4];
        def.class_count = 3;
        def.rounds = ROUNDS;
        def.depth = 4;
        def.quantile = 0.8;
        def.row_share = shares[i % 4][0];  // each round draws
        def.column_share = shares[i % 4][1];
        def.seed = 5;
        def.patience = 15;
        kept k = {.count = 0};
        ls_learner_saving saving = {.context = &k, .is_due = is_due, .save = keep};
        ls_learner_result plain, whole, rest;
        ls_error err = {0};
        CHECK_INT(ls_learner_train(&def, &train, &valid, NULL, NULL, &plain, &err), LS_OK);
        CHECK_INT(ls_learner_train_on(&def, &train, &valid, NULL, NULL, &saving, &whole, &err),
                  LS_OK);
        CHECK_STR(err.text, "");
        CHECK_INT(whole.model_size, plain.model_size);
        CHECK_BYTES(whole.model, plain.model, plain.model_size);
        CHECK(k.count >= 15);
        for (uint32_t at = 0; at < k.count; at += 7) {  // killed after round 1, 8, 15
            saving = (ls_learner_saving){.from = k.states[at].data, .from_size = k.states[at].size};
            CHECK_INT(ls_learner_train_on(&def, &train, &valid, NULL, NULL, &saving, &rest, &err),
                      LS_OK);
            harness_note("task %d, shares %g and %g, gone on with after round %u", (int)def.task,
                         def.row_share, def.column_share, at + 1);
            CHECK_INT(rest.rounds_run, whole.rounds_run);
            CHECK_INT(rest.rounds_kept, whole.rounds_kept);
            CHECK_NEAR(rest.score, whole.score, 0.0);
            CHECK_INT(rest.model_size, whole.model_size);
            if (rest.model_size == whole.model_size) {
                CHECK_BYTES(rest.model, whole.model, whole.model_size);
            }
            ls_learner_result_clear(&rest);
        }
        for (uint32_t at = 0; at < k.count; at++) {
            ls_buffer_clear(&k.states[at]);
        }
        ls_learner_result_clear(&plain);
        ls_learner_result_clear(&whole);
    }
}

static void test_another_state_is_refused(void) {
    ls_learner_rows rows = draw(LS_LEARNER_REGRESSION, 3);
    ls_learner_def def = ls_learner_def_default();
    def.rounds = 4;
    kept k = {.count = 0};
    const ls_learner_saving saving = {.context = &k, .is_due = is_due, .save = keep};
    ls_learner_result result;
    ls_error err = {0};
    CHECK_INT(ls_learner_train_on(&def, &rows, NULL, NULL, NULL, &saving, &result, &err), LS_OK);
    ls_learner_result_clear(&result);
    CHECK_INT(k.count, 3);  // not behind the last round
    char *bytes = k.states[1].data;
    const size_t size = k.states[1].size;
    uint32_t rounds = 0;
    CHECK_INT(ls_learner_check_state(&def, &rows, NULL, bytes, size, &rounds, &err), LS_OK);
    CHECK_INT(rounds, 2);
    for (size_t cut = 0; cut < size; cut += 997) {  // a crash in the middle of writing
        CHECK_INT(ls_learner_check_state(&def, &rows, NULL, bytes, cut, &rounds, &err),
                  LS_ERR_INVALID);
    }
    bytes[size / 2] = (char)(bytes[size / 2] ^ 1);
    CHECK_INT(ls_learner_check_state(&def, &rows, NULL, bytes, size, &rounds, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "SHA-256");
    bytes[size / 2] = (char)(bytes[size / 2] ^ 1);
    def.eta = 0.2;
    CHECK_INT(ls_learner_check_state(&def, &rows, NULL, bytes, size, &rounds, &err),
              LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "other rows or settings");
    const ls_learner_saving from = {.from = bytes, .from_size = size};
    CHECK_INT(ls_learner_train_on(&def, &rows, NULL, NULL, NULL, &from, &result, &err),
              LS_ERR_INVALID);
    CHECK(result.model == NULL);
    def.eta = 0.1;
    labels[7] += 0.5F;
    CHECK_INT(ls_learner_check_state(&def, &rows, NULL, bytes, size, &rounds, &err),
              LS_ERR_INVALID);
    labels[7] -= 0.5F;
    CHECK_INT(ls_learner_check_state(&def, &rows, NULL, bytes, size, &rounds, &err), LS_OK);
    for (uint32_t at = 0; at < k.count; at++) {
        ls_buffer_clear(&k.states[at]);
    }
}

static ls_status full(void *context, const void *bytes, size_t size, ls_error *err) {
    (void)context;
    (void)bytes;
    (void)size;
    return ls_fail(err, LS_ERR_IO, "No space left on device");
}

static void test_a_save_that_fails_ends_it(void) {
    ls_learner_rows rows = draw(LS_LEARNER_REGRESSION, 3);
    ls_learner_def def = ls_learner_def_default();
    def.rounds = 4;
    const ls_learner_saving saving = {.is_due = is_due, .save = full};
    ls_learner_result result;
    ls_error err = {0};
    CHECK_INT(ls_learner_train_on(&def, &rows, NULL, NULL, NULL, &saving, &result, &err),
              LS_ERR_IO);
    CHECK_CONTAINS(err.text, "No space left");
    CHECK(result.model == NULL);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_it_ends_with_the_same_bytes);
    TEST(test_another_state_is_refused);
    TEST(test_a_save_that_fails_ends_it);
    return harness_report();
}
