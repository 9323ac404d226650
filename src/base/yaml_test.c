// yaml_test.c - documents with places, and what is refused.
#include "base/yaml.h"

#include <string.h>

#include "base/text.h"
#include "tests/harness.h"

static ls_arena arena;

static const ls_yaml *parse(const char *text) {
    ls_yaml *root = NULL;
    ls_error err;
    ls_arena_clear(&arena);
    harness_note("%s", text);
    const ls_status status = ls_yaml_parse(text, strlen(text), "plant.yaml", &arena, &root, &err);
    CHECK_INT(status, LS_OK);
    static const ls_yaml nothing;
    return status == LS_OK ? root : &nothing;
}

static void check_slice(const char *text, const ls_yaml *node, const char *expected) {
    CHECK(node != NULL);
    if (node == NULL) {
        return;
    }
    char slice[256] = "";
    const size_t size = node->end_byte - node->start_byte;
    CHECK(node->start_byte <= node->end_byte && node->end_byte <= strlen(text) &&
          size < sizeof slice);
    if (size < sizeof slice) {
        memcpy(slice, text + node->start_byte, size);
    }
    CHECK_STR(slice, expected);
}

static void check_place(const ls_yaml *node, int line, int column) {
    CHECK(node != NULL);
    if (node != NULL) {
        CHECK_INT(node->line, line);
        CHECK_INT(node->column, column);
    }
}

static void test_kinds_and_places(void) {
    const char *text =
        "plant: gearbox\n"
        "stations:\n"
        "  lathe: {machines: 2, process: 'lognormal 62 s sd 6 s'}  # flow\n"
        "  wash:\n"
        "    - 9 min\n"
        "    - \"\\u00e9\"\n"
        "empty: \"\"\n";
    const ls_yaml *root = parse(text);
    CHECK_INT(root->kind, LS_YAML_MAP);
    CHECK_INT(root->count, 3);
    check_place(root, 1, 1);
    const ls_yaml *plant = ls_yaml_find(root, "plant");
    CHECK_STR(plant->text, "gearbox");
    CHECK(!plant->quoted);
    check_place(plant, 1, 8);
    check_slice(text, plant, "gearbox");
    CHECK_STR(root->keys[1].text, "stations");
    check_place(&root->keys[1], 2, 1);
    check_slice(text, &root->keys[1], "stations");

    const ls_yaml *stations = ls_yaml_find(root, "stations");
    const ls_yaml *lathe = ls_yaml_find(stations, "lathe");
    CHECK_INT(lathe->kind, LS_YAML_MAP);
    check_place(lathe, 3, 10);
    check_slice(text, lathe, "{machines: 2, process: 'lognormal 62 s sd 6 s'}");
    const ls_yaml *process = ls_yaml_find(lathe, "process");
    CHECK_STR(process->text, "lognormal 62 s sd 6 s");
    CHECK(process->quoted);
    check_place(process, 3, 33);
    check_slice(text, process, "'lognormal 62 s sd 6 s'");

    const ls_yaml *wash = ls_yaml_find(stations, "wash");
    CHECK_INT(wash->kind, LS_YAML_LIST);
    CHECK_INT(wash->count, 2);
    CHECK_STR(wash->items[0].text, "9 min");
    CHECK_STR(wash->items[1].text, "\xC3\xA9");
    check_slice(text, &wash->items[1], "\"\\u00e9\"");
    check_slice(text, wash, "- 9 min\n    - \"\\u00e9\"");
    const ls_yaml *empty = ls_yaml_find(root, "empty");
    CHECK_INT(empty->kind, LS_YAML_TEXT);
    CHECK_STR(empty->text, "");
    check_slice(text, empty, "\"\"");
}

static void test_columns_count_characters_and_bytes_count_bytes(void) {
    const char *text = "\xEA\xB0\x80\xEA\xB0\x81: {x: 1}\n";
    const ls_yaml *root = parse(text);
    const ls_yaml *map = ls_yaml_find(root, "\xEA\xB0\x80\xEA\xB0\x81");
    check_place(map, 1, 5);
    check_slice(text, map, "{x: 1}");
}

static void test_byte_order_mark_and_crlf(void) {
    const char *text =
        "\xEF\xBB\xBF"
        "a: 1\r\nb:\r\n  c: 2\r\n";
    const ls_yaml *root = parse(text);
    check_place(root, 1, 1);
    const ls_yaml *c = ls_yaml_find(ls_yaml_find(root, "b"), "c");
    check_place(c, 3, 6);
    check_slice(text, c, "2");
    CHECK_STR(c->text, "2");
}

static void test_null_values(void) {
    const char *text =
        "a:\nb: ~\nc: null\nd: \"null\"\ne: ''\nf: {g, h: }\ni:\n  -\n  - x\n  - # none\nj:";
    const ls_yaml *root = parse(text);
    CHECK_INT(ls_yaml_find(root, "a")->kind, LS_YAML_NULL);
    CHECK_INT(ls_yaml_find(root, "b")->kind, LS_YAML_NULL);
    CHECK_INT(ls_yaml_find(root, "c")->kind, LS_YAML_NULL);
    CHECK_STR(ls_yaml_find(root, "c")->text, "null");
    CHECK_INT(ls_yaml_find(root, "d")->kind, LS_YAML_TEXT);
    CHECK_INT(ls_yaml_find(root, "e")->kind, LS_YAML_TEXT);
    const ls_yaml *f = ls_yaml_find(root, "f");
    CHECK_INT(f->count, 2);
    CHECK_INT(ls_yaml_find(f, "g")->kind, LS_YAML_NULL);
    CHECK_INT(ls_yaml_find(f, "h")->kind, LS_YAML_NULL);
    const ls_yaml *i = ls_yaml_find(root, "i");
    CHECK_INT(i->count, 3);
    CHECK_INT(i->items[0].kind, LS_YAML_NULL);
    CHECK_INT(i->items[2].kind, LS_YAML_NULL);
    // A value that is not there stands where it would be written, and is named at its key.
    check_place(ls_yaml_find(root, "a"), 1, 1);
    CHECK_INT(ls_yaml_find(root, "a")->start_byte, 2);
    CHECK_INT(i->items[2].start_byte, strstr(text, "- # none") + 1 - text);
    CHECK_INT(ls_yaml_find(root, "j")->start_byte, strlen(text));
    CHECK_INT(ls_yaml_find(root, "j")->end_byte, strlen(text));
}

static void test_block_text(void) {
    const char *text = "a: |\n  one\n  two\nb: >-\n  fold\n  ed\nc: plain\n  multi\n";
    const ls_yaml *root = parse(text);
    CHECK_STR(ls_yaml_find(root, "a")->text, "one\ntwo\n");
    CHECK(ls_yaml_find(root, "a")->quoted);
    CHECK_STR(ls_yaml_find(root, "b")->text, "fold ed");
    CHECK_STR(ls_yaml_find(root, "c")->text, "plain multi");
    check_slice(text, ls_yaml_find(root, "c"), "plain\n  multi");
}

static void test_doubled_quotes(void) {
    // The library's own way to the text loses memory here; LeakSanitizer would say so.
    ls_buffer text;
    ls_buffer_init(&text);
    ls_buffer_text(&text, "a: 'x");
    for (int i = 0; i < 1000; i++) {
        ls_buffer_text(&text, "''y");
    }
    ls_buffer_text(&text, "'\nb: 1\n");
    const ls_yaml *root = parse(text.data);
    CHECK_INT(strlen(ls_yaml_find(root, "a")->text), 2001);
    CHECK_BYTES(ls_yaml_find(root, "a")->text, "x'y'y'y", 7);
    CHECK_STR(ls_yaml_find(root, "b")->text, "1");
    ls_buffer_clear(&text);
}

static void test_doubled_keys_are_all_there(void) {
    const ls_yaml *root = parse("a: 1\nb: 2\na: 3\n");
    CHECK_INT(root->count, 3);
    CHECK_STR(ls_yaml_find(root, "a")->text, "1");
    CHECK_STR(root->keys[2].text, "a");
    check_place(&root->keys[2], 3, 1);
}

static void test_empty_documents(void) {
    static const char *const texts[] = {"", "\n\n", "# nothing\n", "---\n", "\xEF\xBB\xBF", "~"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK_INT(parse(texts[i])->kind, LS_YAML_NULL);
    }
    CHECK_INT(parse("[]")->kind, LS_YAML_LIST);
    CHECK_INT(parse("{}")->count, 0);
    CHECK_INT(parse("word")->kind, LS_YAML_TEXT);
    CHECK(ls_yaml_find(NULL, "a") == NULL);
    CHECK(ls_yaml_find(parse("[a]"), "a") == NULL);
}

typedef struct refusal {
    const char *text;
    const char *reason;
    int line, column;
} refusal;

static void check_refusal(const char *text, size_t size, const refusal *r) {
    ls_yaml *root = NULL;
    ls_error err;
    memset(&err, 0, sizeof err);
    harness_note("%s", text);
    ls_arena_clear(&arena);
    CHECK(ls_yaml_parse(text, size, "plant.yaml", &arena, &root, &err) != LS_OK);
    CHECK(root == NULL);
    CHECK_CONTAINS(err.text, r->reason);
    CHECK_STR(err.file, "plant.yaml");
    CHECK_INT(err.line, r->line);
    CHECK_INT(err.column, r->column);
    CHECK(ls_yaml_parse(text, size, NULL, &arena, &root, NULL) != LS_OK);
}

static void test_what_is_refused_is_named_with_its_place(void) {
    static const refusal refusals[] = {
        {"a: *x\n", "aliases", 1, 5},
        {"a: 1\nb: &x 1\n", "anchors", 2, 5},
        {"a: 1\nb: &x {c: 1}\n", "anchors", 2, 5},
        {"a: !!str 5\n", "tags", 1, 4},
        {"a: !mine [5]\n", "tags", 1, 4},
        {"a: 1\n---\nb: 1\n", "second document", 2, 1},
        {"[a]: 1\n", "a list stands where a key should", 1, 1},
        {"x:\n  {a: 1}: 1\n", "a map stands where a key should", 2, 3},
        {"\"\": 1\n", "a key is empty", 1, 1},
        {"a: \"\\0\"\n", "escape", 1, 5},
        {"a:\n\t- b\n", "tab", 2, 1},
        {"a: b: c\n", "not valid YAML", 1, 5},
        {"a: [1, 2\n", "not valid YAML", 2, 1},
        {"a: 'open\n", "not valid YAML", 1, 5},
        {"a: 1\n b: 2\n", "not valid YAML", 1, 4},
        {"a: @b\n", "not valid YAML", 1, 4},
        {"a: 1\n]\n", "not valid YAML", 2, 1},
        {"a: \x07\n", "not a text file: byte 0x07", 1, 4},
        {"a: 1\nb: \xC3\xA9\xFF\n", "not a text file: byte 0xFF", 2, 5},
        {"\x7F"
         "ELF",
         "not a text file: byte 0x7F", 1, 1},
    };
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        check_refusal(refusals[i].text, strlen(refusals[i].text), &refusals[i]);
    }
    const refusal zero = {"", "not a text file: byte 0x00", 1, 3};
    check_refusal("a:\0b", 4, &zero);
}

static void test_depth_is_limited(void) {
    char text[4 * LS_YAML_DEPTH_MAX];
    for (int depth = LS_YAML_DEPTH_MAX - 1; depth <= LS_YAML_DEPTH_MAX + 5; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        ls_yaml *root = NULL;
        ls_error err;
        ls_arena_clear(&arena);
        const ls_status status = ls_yaml_parse(text, 2 * (size_t)depth, "plant.yaml", &arena, &root,
                                               &err);
        CHECK_INT(status, depth <= LS_YAML_DEPTH_MAX ? LS_OK : LS_ERR_LIMIT);
        if (status != LS_OK) {
            CHECK_STR(err.text, "nested deeper than 60 levels");
            CHECK_INT(err.column, LS_YAML_DEPTH_MAX + 1);
        }
    }
}

static void test_huge_and_hostile_files_end_soon(void) {
    const size_t size = LS_YAML_SIZE_MAX + 1;
    char *text = ls_alloc(size);
    CHECK(text != NULL);
    if (text == NULL) {
        return;
    }
    ls_yaml *root = NULL;
    ls_error err;
    memset(text, '[', size);
    CHECK_INT(ls_yaml_parse(text, size, "plant.yaml", &arena, &root, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "16 MiB");
    CHECK_CONTAINS(err.hint, "CSV");
    ls_arena_clear(&arena);
    CHECK_INT(ls_yaml_parse(text, 1000000, "plant.yaml", &arena, &root, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "nested deeper");
    memset(text, '-', size);
    ls_arena_clear(&arena);
    CHECK_INT(ls_yaml_parse(text, 1000000, "plant.yaml", &arena, &root, &err), LS_OK);
    for (size_t i = 0; i + 4 <= size; i += 4) {
        memcpy(text + i, "- a\n", 4);
    }
    ls_arena_clear(&arena);
    CHECK_INT(ls_yaml_parse(text, size - 1, "plant.yaml", &arena, &root, &err), LS_ERR_LIMIT);
    CHECK_CONTAINS(err.text, "more than 2000000 values");
    CHECK_INT(err.line, 2000001);
    memset(text, '\n', size);
    text[0] = 'a';
    ls_arena_clear(&arena);
    CHECK_INT(ls_yaml_parse(text, size - 1, "plant.yaml", &arena, &root, &err), LS_ERR_LIMIT);
    CHECK_STR(err.text, "more than 200 blank lines in a row");
    CHECK_INT(err.line, 202);
    CHECK_INT(ls_yaml_parse(text, 203, "plant.yaml", &arena, &root, &err), LS_ERR_LIMIT);
    CHECK_INT(ls_yaml_parse(text, 202, "plant.yaml", &arena, &root, &err), LS_OK);
    ls_free(text);
    ls_arena_clear(&arena);
}

// Each of these ends the library (0.7.12) by a segmentation fault.
static void test_tabs_in_keys_behind_a_mark_are_refused(void) {
    static const struct {
        const char *text;
        int line, column;
    } cases[] = {
        {"? e:\t:", 1, 5},         {"a: 1\r\n? [a]:\t:\n", 2, 7}, {"k:\n  ? e: \t : x\n", 2, 8},
        {"- - ? e:\t- a\n", 1, 9}, {"?\n  e:\t:\n", 2, 5},        {"? e:\t|\n   x\n", 1, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ls_yaml *root = NULL;
        ls_error err = {0};
        CHECK_INT(
            ls_yaml_parse(cases[i].text, strlen(cases[i].text), "plant.yaml", &arena, &root, &err),
            LS_ERR_INVALID);
        CHECK_STR(err.text, "a tab, in a file with a key behind '?'");
        CHECK_INT(err.line, cases[i].line);
        CHECK_INT(err.column, cases[i].column);
    }
    // Either without the other is as it was.
    static const char *const fine[] = {"? a\n: b\n", "a:\tb\n", "a: x?\tb\n", "a: x\n?b:\tc\n"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        ls_yaml *root = NULL;
        ls_error err = {0};
        CHECK_INT(ls_yaml_parse(fine[i], strlen(fine[i]), "plant.yaml", &arena, &root, &err),
                  LS_OK);
        CHECK_STR(err.text, "");
    }
    ls_arena_clear(&arena);
}

static void test_a_map_of_many_keys_is_fast(void) {
    ls_buffer text;
    ls_buffer_init(&text);
    for (int i = 0; i < 30000; i++) {
        ls_buffer_printf(&text, "key%d: %d\n", i, i);
    }
    ls_yaml *root = NULL;
    ls_arena_clear(&arena);
    CHECK_INT(ls_yaml_parse(text.data, text.size, "plant.yaml", &arena, &root, NULL), LS_OK);
    CHECK(root != NULL && root->count == 30000);
    CHECK(root != NULL && root->items[29999].line == 30000);
    ls_buffer_clear(&text);
}

static void test_out_of_memory_is_reported(void) {
    const char *text = "a: {b: [1, 2, 3], c: text}\nd: [x, y]\n";
    bool is_done = false;
    for (int64_t n = 0; n < 100 && !is_done; n++) {
        ls_arena own;
        ls_yaml *root = NULL;
        ls_error err;
        ls_arena_init(&own);
        ls_alloc_fail_after(n);
        const ls_status status = ls_yaml_parse(text, strlen(text), "plant.yaml", &own, &root, &err);
        ls_alloc_fail_after(-1);
        is_done = status == LS_OK;
        CHECK(is_done ? n >= 3 && root != NULL : status == LS_ERR_MEMORY && root == NULL);
        ls_arena_clear(&own);
    }
    CHECK(is_done);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    ls_arena_init(&arena);
    TEST(test_kinds_and_places);
    TEST(test_columns_count_characters_and_bytes_count_bytes);
    TEST(test_byte_order_mark_and_crlf);
    TEST(test_null_values);
    TEST(test_block_text);
    TEST(test_doubled_quotes);
    TEST(test_doubled_keys_are_all_there);
    TEST(test_empty_documents);
    TEST(test_what_is_refused_is_named_with_its_place);
    TEST(test_depth_is_limited);
    TEST(test_huge_and_hostile_files_end_soon);
    TEST(test_tabs_in_keys_behind_a_mark_are_refused);
    TEST(test_a_map_of_many_keys_is_fast);
    TEST(test_out_of_memory_is_reported);
    ls_arena_clear(&arena);
    return harness_report();
}
