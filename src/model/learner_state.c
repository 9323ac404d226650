// learner_state.c - see learner_state.h.
//
//   bytes  what
//   8      "LSLEARN1"
//   32     the key
//   4, 4   uint32: rounds run, rounds kept
//   8      float64: score
//   8      uint64: bytes of the model
//   n      the model
//   32     SHA-256 of everything before
#include "model/learner_state.h"

#include <string.h>

static const char magic[8] = {'L', 'S', 'L', 'E', 'A', 'R', 'N', '1'};
enum { HEAD = 8 + LS_SHA256_SIZE + 4 + 4 + 8 + 8 };

static void add_floats(ls_sha256 *sha, const float *values, uint64_t count) {
    const uint8_t there = values != NULL ? 1 : 0;
    ls_sha256_add(sha, &there, 1);
    if (values != NULL) {
        ls_sha256_add(sha, values, count * sizeof *values);
    }
}

static void add_rows(ls_sha256 *sha, const ls_learner_rows *rows, bool is_ranking) {
    const uint64_t sizes[3] = {rows->row_count, rows->feature_count, rows->group_count};
    ls_sha256_add(sha, sizes, sizeof sizes);
    add_floats(sha, rows->values, rows->row_count * rows->feature_count);
    add_floats(sha, rows->labels, rows->row_count);
    add_floats(sha, rows->labels_high, rows->row_count);
    add_floats(sha, rows->weights, is_ranking ? rows->group_count : rows->row_count);
    if (is_ranking) {
        ls_sha256_add(sha, rows->groups, rows->group_count * sizeof *rows->groups);
    }
    for (uint32_t i = 0; i < rows->feature_count && rows->names != NULL; i++) {
        ls_sha256_add(sha, rows->names[i], strlen(rows->names[i]) + 1);
    }
}

void ls_learner_state_key(const ls_learner_def *def, const ls_learner_rows *train,
                          const ls_learner_rows *valid, uint8_t out[LS_SHA256_SIZE]) {
    const bool is_ranking = def->task == LS_LEARNER_RANKING;
    // Member by member: what lies between them in memory may be anything.
    const uint32_t counts[] = {(uint32_t)def->task, def->class_count, (uint32_t)def->spread,
                               def->rounds,         def->depth,       def->bins,
                               def->patience,       def->threads,     def->seed};
    const double reals[] = {def->quantile,         def->spread_scale, def->eta,
                            def->child_weight_min, def->row_share,    def->column_share,
                            def->lambda,           def->alpha,        def->gamma,
                            def->base_score,       def->answer_max};
    ls_sha256 sha;
    ls_sha256_init(&sha);
    ls_sha256_add(&sha, counts, sizeof counts);
    ls_sha256_add(&sha, reals, sizeof reals);
    add_rows(&sha, train, is_ranking);
    if (valid != NULL) {
        add_rows(&sha, valid, is_ranking);
    }
    ls_sha256_end(&sha, out);
}

void ls_learner_state_pack(const uint8_t key[LS_SHA256_SIZE], const ls_learner_state *state,
                           ls_buffer *out) {
    const uint64_t size = state->model_size;
    const size_t from = out->size;
    uint8_t sum[LS_SHA256_SIZE];
    ls_buffer_append(out, magic, sizeof magic);
    ls_buffer_append(out, (const char *)key, LS_SHA256_SIZE);
    ls_buffer_append(out, (const char *)&state->rounds_run, sizeof state->rounds_run);
    ls_buffer_append(out, (const char *)&state->rounds_kept, sizeof state->rounds_kept);
    ls_buffer_append(out, (const char *)&state->score, sizeof state->score);
    ls_buffer_append(out, (const char *)&size, sizeof size);
    ls_buffer_append(out, state->model, state->model_size);
    if (!out->failed) {
        ls_sha256_of(out->data + from, out->size - from, sum);
        ls_buffer_append(out, (const char *)sum, sizeof sum);
    }
}

static const char *fault(const unsigned char *bytes, size_t size,
                         const uint8_t key[LS_SHA256_SIZE]) {
    uint8_t sum[LS_SHA256_SIZE];
    if (size < HEAD + LS_SHA256_SIZE || memcmp(bytes, magic, sizeof magic) != 0) {
        return "it does not begin with LSLEARN1";
    }
    ls_sha256_of(bytes, size - LS_SHA256_SIZE, sum);
    if (memcmp(sum, bytes + size - LS_SHA256_SIZE, LS_SHA256_SIZE) != 0) {
        return "its SHA-256 is another";
    }
    if (memcmp(bytes + sizeof magic, key, LS_SHA256_SIZE) != 0) {
        return "it is of other rows or settings";
    }
    return NULL;
}

ls_status ls_learner_state_read(const void *bytes, size_t size, const uint8_t key[LS_SHA256_SIZE],
                                ls_learner_state *out, ls_error *err) {
    const unsigned char *at = (const unsigned char *)bytes + sizeof magic + LS_SHA256_SIZE;
    uint64_t model_size = 0;
    *out = (ls_learner_state){0};
    const char *what = fault(bytes, size, key);
    if (what == NULL) {
        memcpy(&out->rounds_run, at, 4);
        memcpy(&out->rounds_kept, at + 4, 4);
        memcpy(&out->score, at + 8, 8);
        memcpy(&model_size, at + 16, 8);
        out->model = at + 24;
        out->model_size = size - HEAD - LS_SHA256_SIZE;
        what = model_size != out->model_size ? "its model has another size"
               : out->rounds_run == 0        ? "it has no round"
               : out->rounds_kept > out->rounds_run || out->rounds_kept == 0
                   ? "more rounds are kept than were run"
                   : NULL;
    }
    if (what != NULL) {
        *out = (ls_learner_state){0};
        return ls_fail(err, LS_ERR_INVALID, "not the state of this training: %s", what);
    }
    return LS_OK;
}
