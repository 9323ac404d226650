// infer_fuzz.c - any bytes as a question of the Open Inference Protocol. What is taken keeps to its
// own shapes and is answered with JSON that a reader of others takes; what is refused says why.
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "web/infer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void say(const void *context, const float *row, double *wide, ls_infer_said *out) {
    (void)context;
    wide[0] = (double)row[0];
    *out = (ls_infer_said){wide[0], wide[0] - 1.0, wide[0] + 1.0, isnan(row[1])};
}

static void check_shapes(const ls_infer_asked *asked) {
    for (uint32_t i = 0; i < asked->input_count; i++) {
        const ls_infer_tensor *t = asked->inputs + i;
        uint64_t count = 1;
        for (uint32_t d = 0; d < t->rank; d++) {
            count *= t->dims[d];
        }
        if (t->rank == 0 || count != t->count || t->first + t->count > asked->value_count) {
            abort();
        }
    }
}

static void answer(const ls_infer_asked *asked) {
    static const char *const columns[] = {"a", "b"};
    ls_infer_model model = {.name = "m",
                            .version = 1,
                            .platform = "x",
                            .columns = columns,
                            .column_count = 2,
                            .room = 2,
                            .tells_unusual = true,
                            .say = say};
    ls_buffer out;
    ls_error err = {0};
    ls_buffer_init(&out);
    const ls_status status = ls_infer_answer(&model, asked, &out, &err);
    json_t *object = json_loadb(out.data != NULL ? out.data : "", out.size, 0, NULL);
    // Parameters come back as they came, with whole numbers larger than that reader's.
    if (status == LS_OK ? object == NULL && asked->parameters == NULL
                        : out.size > 0 || err.text[0] == '\0') {
        abort();
    }
    json_decref(object);
    ls_buffer_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_infer_asked asked;
    ls_error err = {0};
    if (ls_infer_read((const char *)data, size, &asked, &err) == LS_OK) {
        check_shapes(&asked);
        answer(&asked);
    } else if (err.text[0] == '\0') {
        abort();  // refused without a reason
    }
    ls_infer_asked_clear(&asked);
    return 0;
}
