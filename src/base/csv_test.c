// csv_test.c - tables, and what is wrong with them.
#include "base/csv.h"

#include <string.h>

#include "base/text.h"
#include "tests/harness.h"

static ls_arena arena;

static ls_csv parse(const char *text, char separator) {
    ls_csv csv;
    ls_error err;
    ls_arena_clear(&arena);
    harness_note("%s", text);
    CHECK_INT(ls_csv_parse(text, strlen(text), separator, "orders.csv", &arena, &csv, &err), LS_OK);
    return csv;
}

static void test_plain_table(void) {
    const ls_csv csv = parse("name,due,priority\nA,8 h,1\nB,,2\n", ',');
    CHECK_INT(csv.column_count, 3);
    CHECK_INT(csv.row_count, 2);
    CHECK_STR(csv.columns[1], "due");
    CHECK_STR(csv.rows[0][0], "A");
    CHECK_STR(csv.rows[0][1], "8 h");
    CHECK_STR(csv.rows[1][1], "");
    CHECK_STR(csv.rows[1][2], "2");
    CHECK_INT(csv.lines[1], 3);
    CHECK_INT(ls_csv_column(&csv, "priority"), 2);
    CHECK_INT(ls_csv_column(&csv, "Priority"), -1);
}

static void test_quotes(void) {
    const ls_csv csv = parse("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n \" two\nlines \" , z \nlast,\"\"",
                             ',');
    CHECK_INT(csv.row_count, 3);
    CHECK_STR(csv.rows[0][0], "x, y");
    CHECK_STR(csv.rows[0][1], "say \"hi\"");
    CHECK_STR(csv.rows[1][0], " two\nlines ");
    CHECK_STR(csv.rows[1][1], "z");
    CHECK_STR(csv.rows[2][1], "");
    CHECK_INT(csv.lines[1], 3);
    CHECK_INT(csv.lines[2], 5);
}

static void test_tabs_crlf_mark_blank_lines_and_short_rows(void) {
    const ls_csv csv = parse(
        "\xEF\xBB\xBF"
        "a\tb\tc\r\n\r\n1\t2\r\n\t\t3\r\n   \r\n4",
        '\t');
    CHECK_INT(csv.column_count, 3);
    CHECK_STR(csv.columns[0], "a");
    CHECK_INT(csv.row_count, 3);
    CHECK_STR(csv.rows[0][1], "2");
    CHECK_STR(csv.rows[0][2], "");
    CHECK_STR(csv.rows[1][0], "");
    CHECK_STR(csv.rows[1][2], "3");
    CHECK_STR(csv.rows[2][0], "4");
    CHECK_INT(csv.lines[0], 3);
    CHECK_INT(csv.lines[2], 6);
}

static void test_empty_columns_at_the_end_are_dropped(void) {
    const ls_csv csv = parse("a,b,,\n1,2,,\n", ',');
    CHECK_INT(csv.column_count, 2);
    CHECK_STR(csv.rows[0][1], "2");
}

static void test_header_alone_is_a_table_without_rows(void) {
    const ls_csv csv = parse("a,b", ',');
    CHECK_INT(csv.column_count, 2);
    CHECK_INT(csv.row_count, 0);
}

static void check_refusal(const char *text, size_t size, const char *reason, int line, int column) {
    ls_csv csv;
    ls_error err;
    memset(&err, 0, sizeof err);
    harness_note("%s", text);
    ls_arena_clear(&arena);
    CHECK_INT(ls_csv_parse(text, size, ',', "orders.csv", &arena, &csv, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, reason);
    CHECK_STR(err.file, "orders.csv");
    CHECK_INT(err.line, line);
    CHECK_INT(err.column, column);
    CHECK_INT(csv.row_count, 0);
    CHECK_INT(csv.column_count, 0);
}

static void test_mistakes_have_a_place(void) {
    check_refusal("", 0, "empty", 1, 1);
    check_refusal("\n\n  \n", 5, "empty", 1, 1);
    check_refusal("a,b\n1,2,3\n", 10, "cell '3' is one too many: the header has 2 columns", 2, 5);
    check_refusal("a,b\n1,\"open\n\n", 13, "never closed", 2, 3);
    check_refusal("a,b\n1,\"x\"y\n", 11, "behind the closing quote", 2, 6);
    check_refusal("a,b,a\n", 6, "'a' twice (columns 1 and 3)", 1, 1);
    check_refusal("\na,,b\n", 6, "column 2 of the header has no name", 2, 1);
    check_refusal(",,\n1\n", 5, "no names", 1, 1);
    check_refusal("a\n\xFF\n", 4, "byte 0xFF", 2, 1);
    check_refusal("a\nb\0c\n", 6, "byte 0x00", 2, 2);
}

static void test_too_many_columns(void) {
    ls_buffer text;
    ls_buffer_init(&text);
    for (int i = 0; i <= LS_CSV_COLUMNS_MAX; i++) {
        ls_buffer_printf(&text, "c%d,", i);
    }
    ls_csv csv;
    ls_error err;
    ls_arena_clear(&arena);
    CHECK_INT(ls_csv_parse(text.data, text.size, ',', "x", &arena, &csv, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "10000 columns");
    ls_buffer_clear(&text);
}

static void test_many_rows(void) {
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_text(&text, "order,due\n");
    for (int i = 0; i < 50000; i++) {
        ls_buffer_printf(&text, "%d,%d h\n", i, i % 100);
    }
    ls_csv csv;
    ls_arena_clear(&arena);
    CHECK_INT(ls_csv_parse(text.data, text.size, ',', "x", &arena, &csv, NULL), LS_OK);
    CHECK_INT(csv.row_count, 50000);
    CHECK_STR(csv.rows[49999][0], "49999");
    CHECK_INT(csv.lines[49999], 50001);
    ls_buffer_clear(&text);
}

static void test_out_of_memory_is_reported(void) {
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_text(&text, "a,b,c\n");
    for (int i = 0; i < 300; i++) {
        ls_buffer_text(&text, "1,2\n");
    }
    bool is_done = false;
    for (int64_t n = 0; n < 100 && !is_done; n++) {
        ls_arena own;
        ls_csv csv;
        ls_error err;
        ls_arena_init(&own);
        ls_alloc_fail_after(n);
        const ls_status status = ls_csv_parse(text.data, text.size, ',', "x", &own, &csv, &err);
        ls_alloc_fail_after(-1);
        is_done = status == LS_OK;
        CHECK(is_done ? csv.row_count == 300 : status == LS_ERR_MEMORY && csv.rows == NULL);
        ls_arena_clear(&own);
    }
    CHECK(is_done);
    ls_buffer_clear(&text);
}

static void test_a_cell_knows_its_place(void) {
    static const char text[] = "\nname, size\r\n\n  a,12\r\nlong name,\"7\"\r\nb\r\n";
    ls_arena own;
    ls_arena_init(&own);
    ls_csv csv;
    ls_error err = {0};
    CHECK_INT(ls_csv_parse(text, sizeof text - 1, ',', "t.csv", &own, &csv, &err), LS_OK);
    CHECK_INT(ls_csv_header_place(&csv, 0), 1);
    CHECK_INT(ls_csv_header_place(&csv, 1), 7);
    CHECK_INT(csv.lines[0], 4);
    CHECK_INT(ls_csv_place(&csv, 0, 0), 3);
    CHECK_INT(ls_csv_place(&csv, 0, 1), 5);
    CHECK_INT(ls_csv_place(&csv, 1, 0), 1);
    CHECK_STR(csv.rows[1][1], "7");
    CHECK_INT(ls_csv_place(&csv, 1, 1), 12);
    CHECK_INT(ls_csv_place(&csv, 2, 1), 0);  // not in the text
    ls_arena_clear(&own);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    ls_arena_init(&arena);
    TEST(test_plain_table);
    TEST(test_quotes);
    TEST(test_tabs_crlf_mark_blank_lines_and_short_rows);
    TEST(test_empty_columns_at_the_end_are_dropped);
    TEST(test_header_alone_is_a_table_without_rows);
    TEST(test_mistakes_have_a_place);
    TEST(test_too_many_columns);
    TEST(test_many_rows);
    TEST(test_out_of_memory_is_reported);
    ls_arena_clear(&arena);
    TEST(test_a_cell_knows_its_place);
    return harness_report();
}
