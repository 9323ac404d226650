// linear_fuzz.c - any text as a linear model. What is accepted must save to what loads to the same
// bytes, and must predict a number.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/linear.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ls_linear *m = NULL, *again = NULL;
    ls_error err = {0};
    if (ls_linear_load((const char *)data, size, "fuzz", &m, &err) != LS_OK) {
        if (err.text[0] == '\0' || m != NULL) {
            abort();  // refused without a reason
        }
        return 0;
    }
    double *row = calloc(m->features, sizeof *row);
    row[0] = NAN;
    if (!isfinite(ls_linear_predict(m, row))) {
        abort();
    }
    free(row);
    ls_buffer text, second;
    ls_buffer_init(&text);
    ls_buffer_init(&second);
    ls_linear_save(m, &text);
    if (ls_linear_load(text.data, text.size, "fuzz", &again, &err) != LS_OK) {
        abort();
    }
    ls_linear_save(again, &second);
    if (text.size != second.size || memcmp(text.data, second.data, text.size) != 0) {
        abort();
    }
    ls_buffer_clear(&text);
    ls_buffer_clear(&second);
    ls_linear_destroy(m);
    ls_linear_destroy(again);
    return 0;
}
