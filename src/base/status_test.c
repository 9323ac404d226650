// status_test.c - errors: filling, cutting, listing, printing.
#include "base/status.h"

#include <string.h>

#include "base/arena.h"
#include "tests/harness.h"

static void test_fail_fills_and_clears(void) {
    ls_error err;
    memset(&err, 'x', sizeof err);
    CHECK_INT(ls_fail(&err, LS_ERR_INVALID, "station '%s' has %d", "weld", 3), LS_ERR_INVALID);
    CHECK_INT(err.status, LS_ERR_INVALID);
    CHECK_STR(err.text, "station 'weld' has 3");
    CHECK_STR(err.hint, "");
    CHECK_STR(err.file, "");
    CHECK_INT(err.line, 0);
    CHECK_INT(err.column, 0);
    CHECK_INT(ls_fail(NULL, LS_ERR_IO, "nobody listens"), LS_ERR_IO);
    ls_hint(NULL, "nobody listens");
}

static void test_fields_of_the_error_may_be_arguments(void) {
    ls_error err;
    ls_fail_at(&err, LS_ERR_LIMIT, "plant.yaml", 1, 2, "too long");
    ls_hint(&err, "cut it");
    ls_hint(&err, "%s, or split it", err.hint);
    CHECK_STR(err.hint, "cut it, or split it");
    ls_fail_at(&err, err.status, err.file, 42, 14, "line: %s", err.text);
    CHECK_STR(err.text, "line: too long");
    CHECK_STR(err.file, "plant.yaml");
    CHECK_INT(err.line, 42);
    CHECK_INT(err.column, 14);
    CHECK_STR(err.hint, "");
}

static void test_long_text_is_cut_between_characters(void) {
    char text[LS_ERROR_TEXT_SIZE * 2];
    for (int shift = 0; shift < 4; shift++) {
        memset(text, 'a', sizeof text);
        for (size_t i = (size_t)shift; i + 3 < sizeof text; i += 3) {
            memcpy(text + i, "\xEA\xB0\x80", 3);
        }
        text[sizeof text - 1] = '\0';
        ls_error err;
        ls_fail(&err, LS_ERR_INVALID, "%s", text);
        CHECK(strlen(err.text) >= LS_ERROR_TEXT_SIZE - 4);
        CHECK((strlen(err.text) - (size_t)shift) % 3 == 0);
    }
}

static void test_long_path_keeps_its_end(void) {
    char path[LS_ERROR_FILE_SIZE * 2];
    memset(path, 'd', sizeof path);
    memcpy(path + sizeof path - 12, "/plant.yaml", 12);
    ls_error err;
    ls_fail_at(&err, LS_ERR_IO, path, 0, 0, "gone");
    CHECK_INT(strlen(err.file), LS_ERROR_FILE_SIZE - 1);
    CHECK_CONTAINS(err.file, "/plant.yaml");
}

static void test_list_keeps_order_and_counts_past_its_limit(void) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_error err;
    for (int i = 0; i < LS_ERRORS_MAX + 5; i++) {
        ls_fail(&err, LS_ERR_INVALID, "mistake %d", i);
        ls_errors_add(&errors, &err);
    }
    CHECK_INT(errors.count, LS_ERRORS_MAX);
    CHECK_INT(errors.total, LS_ERRORS_MAX + 5);
    CHECK_STR(errors.items[0].text, "mistake 0");
    CHECK_STR(errors.items[LS_ERRORS_MAX - 1].text, "mistake 999");
    ls_errors_clear(&errors);
    CHECK_INT(errors.count, 0);
    ls_errors_clear(NULL);
}

static void test_list_counts_without_memory(void) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_error err;
    ls_fail(&err, LS_ERR_INVALID, "mistake");
    for (int64_t allowed = 0; allowed < 4; allowed++) {
        ls_alloc_fail_after(allowed);
        for (int i = 0; i < 40; i++) {
            ls_errors_add(&errors, &err);
        }
        ls_alloc_fail_after(-1);
        CHECK_INT(errors.total, 40);
        CHECK_INT(errors.count, allowed == 0 ? 0 : (size_t)4 << allowed);
        ls_errors_clear(&errors);
    }
}

static void test_format_names_place_and_hint(void) {
    ls_error err;
    char text[2048];
    ls_fail_at(&err, LS_ERR_INVALID, "plant.yaml", 42, 14, "unknown station 'weldr'");
    ls_hint(&err, "did you mean 'welder'?");
    const char *expected =
        "lineshaft: error: unknown station 'weldr'\n"
        "  plant.yaml:42:14\n"
        "hint: did you mean 'welder'?\n";
    CHECK_INT(ls_error_format(&err, text, sizeof text), strlen(expected));
    CHECK_STR(text, expected);
    CHECK_INT(ls_error_format(&err, NULL, 0), strlen(expected));
    CHECK_INT(ls_error_format(&err, text, 10), strlen(expected));
    CHECK_STR(text, "lineshaft");

    ls_fail(&err, LS_ERR_MEMORY, "no memory");
    ls_error_format(&err, text, sizeof text);
    CHECK_STR(text, "lineshaft: error: no memory\n");
    ls_fail_at(&err, LS_ERR_IO, "a.csv", 0, 0, "gone");
    ls_error_format(&err, text, sizeof text);
    CHECK_STR(text, "lineshaft: error: gone\n  a.csv\n");
    ls_fail_at(&err, LS_ERR_IO, "a.csv", 7, 0, "bad");
    ls_error_format(&err, text, sizeof text);
    CHECK_STR(text, "lineshaft: error: bad\n  a.csv:7\n");
}

static void test_every_status_has_a_text(void) {
    for (int i = LS_OK; i <= LS_ERR_STOPPED; i++) {
        CHECK(strcmp(ls_status_text((ls_status)i), "unknown status") != 0);
    }
    CHECK_STR(ls_status_text((ls_status)99), "unknown status");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_fail_fills_and_clears);
    TEST(test_fields_of_the_error_may_be_arguments);
    TEST(test_long_text_is_cut_between_characters);
    TEST(test_long_path_keeps_its_end);
    TEST(test_list_keeps_order_and_counts_past_its_limit);
    TEST(test_list_counts_without_memory);
    TEST(test_format_names_place_and_hint);
    TEST(test_every_status_has_a_text);
    return harness_report();
}
