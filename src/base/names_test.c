// names_test.c - finding by name.
#include "base/names.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "tests/harness.h"

static void test_names_are_found_in_their_scope(void) {
    ls_names names;
    ls_names_init(&names);
    CHECK_INT(ls_names_find(&names, 0, "a"), UINT32_MAX);
    CHECK_INT(ls_names_add(&names, 0, "a", 1), UINT32_MAX);
    CHECK_INT(ls_names_add(&names, 1, "a", 2), UINT32_MAX);
    CHECK_INT(ls_names_add(&names, 0, "a", 3), 1);  // the old value stands
    CHECK_INT(ls_names_find(&names, 0, "a"), 1);
    CHECK_INT(ls_names_find(&names, 1, "a"), 2);
    CHECK_INT(ls_names_find(&names, 2, "a"), UINT32_MAX);
    CHECK_INT(ls_names_find(&names, 0, ""), UINT32_MAX);
    ls_names_set(&names, 1, "a", 7);
    CHECK_INT(ls_names_find(&names, 1, "a"), 7);
    ls_names_clear(&names);
    ls_names_clear(&names);
    ls_names_clear(NULL);
}

static void test_many_names(void) {
    enum { COUNT = 20000 };
    ls_names names;
    ls_names_init(&names);
    char(*texts)[16] = malloc(COUNT * sizeof *texts);
    CHECK(texts != NULL);
    for (uint32_t i = 0; texts != NULL && i < COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], "name-%u", i);
        (void)ls_names_add(&names, i % 3, texts[i], i);
    }
    CHECK_INT(names.count, COUNT);
    for (uint32_t i = 0; texts != NULL && i < COUNT && !harness_has_failed(); i++) {
        CHECK_INT(ls_names_find(&names, i % 3, texts[i]), i);
        CHECK_INT(ls_names_find(&names, (i + 1) % 3, texts[i]), UINT32_MAX);
    }
    ls_names_clear(&names);
    free(texts);
}

static void test_out_of_memory_is_sticky(void) {
    ls_names names;
    ls_names_init(&names);
    ls_alloc_fail_after(0);
    CHECK_INT(ls_names_add(&names, 0, "a", 1), UINT32_MAX);
    ls_alloc_fail_after(-1);
    CHECK(names.failed);
    CHECK_INT(ls_names_add(&names, 0, "a", 1), UINT32_MAX);
    CHECK_INT(ls_names_find(&names, 0, "a"), UINT32_MAX);
    ls_names_clear(&names);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_names_are_found_in_their_scope);
    TEST(test_many_names);
    TEST(test_out_of_memory_is_sticky);
    return harness_report();
}
