#include "cli/table.h"

#include "tests/harness.h"

static void test_width_counts_what_a_terminal_shows(void) {
    CHECK_INT(ls_table_text_width(""), 0);
    CHECK_INT(ls_table_text_width("abc"), 3);
    CHECK_INT(ls_table_text_width("5 ± 1"), 5);
    CHECK_INT(ls_table_text_width("Fräse"), 5);
    CHECK_INT(ls_table_text_width("Fra\xcc\x88se"), 5);             // a, combining diaeresis
    CHECK_INT(ls_table_text_width("\xe6\x97\x8b\xe7\x9b\xa4"), 4);  // two wide characters
    // A syllable of Hangul, whole and letter by letter: its vowel and final consonant add nothing.
    CHECK_INT(ls_table_text_width("\xed\x95\x9c"), 2);
    CHECK_INT(ls_table_text_width("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"), 2);
    CHECK_INT(ls_table_text_width("\xe3\x81\x8b\xe3\x82\x99"), 2);  // ka, voiced mark
    CHECK_INT(ls_table_text_width("\xff\xfe"), 2);                  // no UTF-8
    CHECK_INT(ls_table_text_width("a\xc3"), 2);                     // cut
}

static void test_columns_are_aligned_and_lines_end_without_blanks(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_table table;
    ls_table_init(&table, &arena);
    ls_table_column(&table, "station", LS_ALIGN_LEFT);
    ls_table_column(&table, "load", LS_ALIGN_RIGHT);
    ls_table_column(&table, "note", LS_ALIGN_LEFT);
    ls_table_row(&table);
    ls_table_cell(&table, 0, "Fräse");
    ls_table_cell(&table, 1, "%d", 7);
    ls_table_row(&table);
    ls_table_cell(&table, 0, "a");
    ls_table_cell(&table, 1, "12345");
    ls_table_cell(&table, 2, "x");
    ls_buffer out;
    ls_buffer_init(&out);
    ls_table_print(&table, 1, &out);
    CHECK_STR(out.data,
              " station   load  note\n"
              " Fräse        7\n"
              " a        12345  x\n");
    ls_buffer_clear(&out);
    ls_arena_clear(&arena);
}

static void test_empty_headers_print_no_line(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_table table;
    ls_table_init(&table, &arena);
    ls_table_column(&table, "", LS_ALIGN_LEFT);
    ls_table_row(&table);
    ls_table_cell(&table, 0, "only");
    ls_buffer out;
    ls_buffer_init(&out);
    ls_table_print(&table, 0, &out);
    CHECK_STR(out.data, "only\n");
    ls_buffer_clear(&out);
    ls_arena_clear(&arena);
}

static void test_without_memory_the_buffer_is_marked(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    ls_table table;
    ls_table_init(&table, &arena);
    ls_alloc_fail_after(0);
    ls_table_column(&table, "a", LS_ALIGN_LEFT);
    ls_table_row(&table);
    ls_table_cell(&table, 0, "x");
    ls_alloc_fail_after(-1);
    ls_buffer out;
    ls_buffer_init(&out);
    ls_table_print(&table, 0, &out);
    CHECK(out.failed);
    ls_buffer_clear(&out);
    ls_arena_clear(&arena);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_width_counts_what_a_terminal_shows);
    TEST(test_columns_are_aligned_and_lines_end_without_blanks);
    TEST(test_empty_headers_print_no_line);
    TEST(test_without_memory_the_buffer_is_marked);
    return harness_report();
}
