// text_test.c - nearest names, numbers, UTF-8, growing text.
#include "base/text.h"

#include <locale.h>
#include <math.h>
#include <string.h>

#include "tests/harness.h"

static void test_distance(void) {
    CHECK_INT(ls_text_distance("", "", 9), 0);
    CHECK_INT(ls_text_distance("abc", "", 9), 3);
    CHECK_INT(ls_text_distance("kitten", "sitting", 9), 3);
    CHECK_INT(ls_text_distance("machines", "mahcines", 9), 1);  // swapped neighbours
    CHECK_INT(ls_text_distance("ca", "abc", 9), 3);             // optimal string alignment
    CHECK_INT(ls_text_distance("abcdef", "uvwxyz", 4), 4);
    CHECK_INT(ls_text_distance("a", "abcdef", 3), 3);
    CHECK_INT(ls_text_distance("same", "same", 0), 0);
    char a[400];
    char b[400];
    memset(a, 'a', sizeof a);
    memset(b, 'a', sizeof b);
    a[399] = b[399] = '\0';
    CHECK_INT(ls_text_distance(a, b, 5), 0);
    b[0] = 'b';
    CHECK_INT(ls_text_distance(a, b, 5), 5);
}

static const char *nearest(const char *word) {
    static const char *const names[] = {"welder", "wash", NULL, "process", "machines", "", "Mill"};
    return ls_text_nearest(word, names, sizeof names / sizeof names[0]);
}

static void test_nearest(void) {
    CHECK_STR(nearest("weldr"), "welder");
    CHECK_STR(nearest("washh"), "wash");
    CHECK_STR(nearest("mahcines"), "machines");
    CHECK_STR(nearest("proc"), "process");
    CHECK_STR(nearest("processing time"), "process");
    CHECK_STR(nearest("WELDER"), "welder");
    CHECK_STR(nearest("mill"), "Mill");
    CHECK_STR(nearest("welder"), "welder");
    CHECK_STR(nearest("quite different"), NULL);
    CHECK_STR(nearest(""), NULL);
    CHECK_STR(ls_text_nearest("a", NULL, 0), NULL);
    char word[300];
    memset(word, 'w', sizeof word);
    word[299] = '\0';
    CHECK_STR(nearest(word), NULL);
}

static bool parses_i64(const char *text, int64_t *out) {
    return ls_text_parse_i64(text, strlen(text), out);
}

static void test_whole_numbers(void) {
    int64_t value = 7;
    CHECK(parses_i64("0", &value) && value == 0);
    CHECK(parses_i64("-12", &value) && value == -12);
    CHECK(parses_i64("+12", &value) && value == 12);
    CHECK(parses_i64("9223372036854775807", &value) && value == INT64_MAX);
    CHECK(parses_i64("-9223372036854775808", &value) && value == INT64_MIN);
    value = 7;
    const char *const bad[] = {"",
                               "-",
                               "+",
                               " 1",
                               "1 ",
                               "1.0",
                               "0x10",
                               "1e3",
                               "--1",
                               "1_000",
                               "9223372036854775808",
                               "-9223372036854775809",
                               "99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        harness_note("%s", bad[i]);
        CHECK(!parses_i64(bad[i], &value));
        CHECK_INT(value, 7);
    }
    CHECK(ls_text_parse_i64("123", 2, &value) && value == 12);
}

static bool parses_double(const char *text, double *out) {
    return ls_text_parse_double(text, strlen(text), out);
}

static void test_real_numbers(void) {
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0.0},
                {"-0.5", -0.5},
                {"+2", 2.0},
                {".5", 0.5},
                {"5.", 5.0},
                {"1e3", 1000.0},
                {"1E-3", 0.001},
                {"1.5e+2", 150.0},
                {"0.1", 0.1},
                {"9007199254740993", 9007199254740992.0},
                {"2.2250738585072011e-308", 2.2250738585072011e-308},
                {"1e-999", 0.0},
                {"1.7976931348623157e308", 1.7976931348623157e308},
                {"0.500000000000000166533453693773481063544750213623046875",
                 0.5 + 0x1p-52}};  // a tie: to even
    double value = 7.0;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        harness_note("%s", good[i].text);
        CHECK(parses_double(good[i].text, &value));
        CHECK(value == good[i].value);
    }
    value = 7.0;
    const char *const bad[] = {"",       ".",   "-",  "e5", "1e",    "1e+",   "0x1p3", "inf", "nan",
                               "NAN(1)", "1,5", " 1", "1 ", "1e999", "1.2.3", "1_0",   "--1", "1d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        harness_note("%s", bad[i]);
        CHECK(!parses_double(bad[i], &value));
        CHECK_NEAR(value, 7.0, 0.0);
    }
    char text[LS_TEXT_NUMBER_MAX + 2];
    memset(text, '1', sizeof text);
    text[1] = '.';
    CHECK(ls_text_parse_double(text, LS_TEXT_NUMBER_MAX, &value));
    CHECK(!ls_text_parse_double(text, LS_TEXT_NUMBER_MAX + 1, &value));
}

static void test_number_length(void) {
    CHECK_INT(ls_text_number_length("62 s", 4), 2);
    CHECK_INT(ls_text_number_length("1.5h", 4), 3);
    CHECK_INT(ls_text_number_length("3e", 2), 1);
    CHECK_INT(ls_text_number_length("3e+", 3), 1);
    CHECK_INT(ls_text_number_length("3e5x", 4), 3);
    CHECK_INT(ls_text_number_length("-3", 2), 0);
    CHECK_INT(ls_text_number_length(".", 1), 0);
    CHECK_INT(ls_text_number_length("", 0), 0);
}

// A user of the library may have set any locale; where one with a decimal comma is installed, this
// sees that it does not matter.
static void test_locale_does_not_matter(void) {
    const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    bool is_set = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && !is_set; i++) {
        is_set = setlocale(LC_ALL, names[i]) != NULL;
    }
    double value = 0.0;
    CHECK(parses_double("0.25", &value) && value == 0.25);
    CHECK(!parses_double("0,25", &value));
    char text[32];
    CHECK_INT(ls_text_format(text, sizeof text, "%.2f", 0.25), 4);
    CHECK_STR(text, "0.25");
    ls_buffer buffer;
    ls_buffer_init(&buffer);
    ls_buffer_printf(&buffer, "%g", 1.5);
    CHECK_STR(buffer.data, "1.5");
    ls_buffer_clear(&buffer);
    setlocale(LC_ALL, "C");
    if (!is_set) {
        harness_skip("no locale with a decimal comma is installed");
    }
}

static bool is_utf8(const char *text) {
    return ls_text_is_utf8(text, strlen(text), NULL);
}

static void check_tame(const char *text, bool keep_newlines, const char *right) {
    char copy[64];
    ls_text_format(copy, sizeof copy, "%s", text);
    ls_text_tame(copy, keep_newlines);
    CHECK_STR(copy, right);
}

static void test_texts_of_others_are_tamed(void) {
    check_tame("plain \xC3\xA9 \xF0\x9F\x8F\xAD", false, "plain \xC3\xA9 \xF0\x9F\x8F\xAD");
    check_tame("\x1b[2J\x7f\t", false, "?[2J??");
    check_tame("a\nb", true, "a\nb");
    check_tame("a\nb", false, "a?b");
    check_tame(
        "\xC2\x9B"
        "31m\xC2\xA0",
        false, "??31m\xC2\xA0");  // the other CSI
    check_tame("\x9B\xFFx\xC3", false, "??x?");
    check_tame("", false, "");
}

static void test_utf8(void) {
    CHECK(is_utf8("plain"));
    CHECK(is_utf8("\xC3\xA9 \xEA\xB0\x80 \xF0\x9F\x8F\xAD"));
    CHECK(!is_utf8("\x80"));
    CHECK(!is_utf8("\xC0\x80"));          // overlong
    CHECK(!is_utf8("\xE0\x80\x80"));      // overlong
    CHECK(!is_utf8("\xED\xA0\x80"));      // surrogate
    CHECK(!is_utf8("\xF4\x90\x80\x80"));  // over U+10FFFF
    CHECK(!is_utf8("\xEA\xB0"));          // cut
    CHECK(!is_utf8("\xFF"));
    size_t bad = 0;
    CHECK(!ls_text_is_utf8("ab\0c", 4, &bad));
    CHECK_INT(bad, 2);
    CHECK(ls_text_is_utf8(NULL, 0, &bad));
}

static void test_buffer_grows(void) {
    ls_buffer buffer;
    ls_buffer_init(&buffer);
    for (int i = 0; i < 1000; i++) {
        ls_buffer_printf(&buffer, "%d,", i);
    }
    ls_buffer_append(&buffer, "end\0x", 5);
    ls_buffer_text(&buffer, "!");
    CHECK_INT(buffer.size, 3890 + 5 + 1);
    CHECK(!buffer.failed);
    CHECK_BYTES(buffer.data, "0,1,2,3,4,", 10);
    CHECK_BYTES(buffer.data + 3890, "end\0x!", 7);
    ls_buffer_clear(&buffer);
    CHECK(buffer.data == NULL);
    ls_buffer_clear(NULL);
}

static void test_buffer_out_of_memory_is_sticky(void) {
    for (int64_t allowed = 0; allowed < 5; allowed++) {
        ls_buffer buffer;
        ls_buffer_init(&buffer);
        ls_alloc_fail_after(allowed);
        for (int i = 0; i < 2000; i++) {
            ls_buffer_printf(&buffer, "%s", "0123456789");
        }
        const size_t size = buffer.size;
        CHECK(buffer.failed);
        ls_alloc_fail_after(-1);
        ls_buffer_append(&buffer, "x", 1);
        CHECK_INT(buffer.size, size);
        CHECK(buffer.data == NULL || strlen(buffer.data) == size);
        ls_buffer_clear(&buffer);
    }
    ls_buffer buffer;
    ls_buffer_init(&buffer);
    ls_buffer_append(&buffer, "x", SIZE_MAX);
    CHECK(buffer.failed);
    ls_buffer_clear(&buffer);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_distance);
    TEST(test_nearest);
    TEST(test_whole_numbers);
    TEST(test_real_numbers);
    TEST(test_number_length);
    TEST(test_locale_does_not_matter);
    TEST(test_utf8);
    TEST(test_texts_of_others_are_tamed);
    TEST(test_buffer_grows);
    TEST(test_buffer_out_of_memory_is_sticky);
    return harness_report();
}
