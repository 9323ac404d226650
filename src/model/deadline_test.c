// deadline_test.c - a version that is slower than its deadline is told from one that keeps it.
#include "model/deadline.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "tests/harness.h"

enum { FEATURES = 4096 };

// y = 1 + 2 a over so many features.
static void make_linear(uint32_t features, ls_buffer *out) {
    ls_buffer_init(out);
    ls_buffer_printf(out,
                     "{\"format\": \"lineshaft linear\", \"version\": 1, \"intercept\": 1.0, "
                     "\"features\": [");
    for (uint32_t f = 0; f < features; f++) {
        ls_buffer_printf(out, "%s{\"name\": \"f%u\", \"coefficient\": 2.0, \"typical\": 0.0}",
                         f > 0 ? ", " : "", f);
    }
    ls_buffer_printf(out, "]}");
}

static void test_what_takes_long_is_told_from_what_does_not(void) {
    static char names[FEATURES][8];
    static const char *columns[FEATURES];
    ls_buffer text;
    ls_predictor p = {0};
    ls_error err = {0};
    for (uint32_t f = 0; f < FEATURES; f++) {
        snprintf(names[f], sizeof names[f], "f%u", f);
        columns[f] = names[f];
    }
    make_linear(FEATURES, &text);
    CHECK_INT(ls_predictor_load(text.data, text.size, "m", columns, FEATURES, &p, &err), LS_OK);
    harness_note("%s", err.text);
    CHECK_INT(ls_deadline_keep(&p, FEATURES, 3, 1000000, &err), LS_OK);
    CHECK_INT(ls_deadline_keep(&p, FEATURES, 3, 0, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "version 3 is slower than its deadline: one prediction takes ");
    CHECK_CONTAINS(err.text, "'latency' allows 0 us");
    for (int nth = 0; nth < 2; nth++) {
        ls_alloc_fail_after(nth);
        const ls_status status = ls_deadline_keep(&p, FEATURES, 3, 1000000, &err);
        ls_alloc_fail_after(-1);
        CHECK_INT(status, LS_ERR_MEMORY);
    }
    ls_predictor_clear(&p);
    ls_buffer_clear(&text);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_takes_long_is_told_from_what_does_not);
    return harness_report();
}
