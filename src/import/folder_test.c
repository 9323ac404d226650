// folder_test.c - text files of a real folder.
#include "import/folder.h"

#include <string.h>

#include "tests/harness.h"

static void test_a_folder_is_read_sorted_by_name(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_import_files files;
    ls_error err;
    CHECK_INT(
        ls_import_folder_read(harness_source_path("tests/data/smt2020-mini"), &arena, &files, &err),
        LS_OK);
    CHECK_INT(files.count, 12);  // README.md is not among them
    if (files.count == 12) {
        CHECK_STR(files.items[0].name, "WIP.txt");
        CHECK_STR(files.items[11].name, "tool.txt.1l");
        CHECK(memcmp(files.items[11].text, "STNFAM\t", 7) == 0);
        CHECK_INT(strlen(files.items[11].text), files.items[11].size);
    }
    ls_arena_clear(&arena);
}

static void test_a_missing_folder_is_an_error(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_import_files files;
    ls_error err;
    CHECK_INT(ls_import_folder_read("no/such/folder", &arena, &files, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.text, "no/such/folder");
    CHECK_INT(files.count, 0);
    ls_arena_clear(&arena);
}

static void test_no_memory_is_an_error(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_import_files files;
    ls_error err;
    const char *path = harness_source_path("tests/data/smt2020-mini");
    ls_status status = LS_ERR_MEMORY;
    for (int64_t allowed = 0; status == LS_ERR_MEMORY && allowed < 100; allowed++) {
        ls_alloc_fail_after(allowed);
        status = ls_import_folder_read(path, &arena, &files, &err);
        ls_alloc_fail_after(-1);
        ls_arena_clear(&arena);
    }
    CHECK_INT(status, LS_OK);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_folder_is_read_sorted_by_name);
    TEST(test_a_missing_folder_is_an_error);
    TEST(test_no_memory_is_an_error);
    return harness_report();
}
