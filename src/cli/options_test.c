#include "cli/options.h"

#include <string.h>

#include "tests/harness.h"

static const char *const colours[] = {"red", "green", NULL};
static const ls_option table[] = {
    {.name = "for", .kind = LS_OPTION_TIME, .argument = "TIME", .word = "auto"},
    {.name = "reps",
     .kind = LS_OPTION_COUNT,
     .argument = "N",
     .least = 1,
     .most = 9,
     .initial = "5"},
    {.name = "share", .kind = LS_OPTION_SHARE, .argument = "SHARE"},
    {.name = "colour", .kind = LS_OPTION_CHOICE, .argument = "WORD", .choices = colours},
    {.name = "output", .letter = 'o', .kind = LS_OPTION_TEXT, .argument = "FILE"},
    {.name = "json", .kind = LS_OPTION_FLAG},
    {0},
};
static const ls_option *const tables[] = {table, NULL};

enum { WORDS_MAX = 16, LINE_SIZE = 256 };

typedef struct parsed {
    char line[LINE_SIZE];
    char *words[WORDS_MAX];
    ls_options options;
    ls_error err;
    ls_status status;
} parsed;

static void parse(const char *line, parsed *out) {
    memset(out, 0, sizeof *out);
    strncpy(out->line, line, sizeof out->line - 1);
    int count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(out->line, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        out->words[count++] = word;
    }
    out->status = ls_options_parse(tables, count, out->words, &out->options, &out->err);
}

static void test_every_kind_is_read(void) {
    parsed p;
    parse("a --for 90min --reps=7 --share 5% --colour green -o x.json --json b", &p);
    CHECK_INT(p.status, LS_OK);
    CHECK_INT(ls_options_get(&p.options, "for")->number, 90LL * 60 * 1000000);
    CHECK_INT(ls_options_get(&p.options, "reps")->number, 7);
    CHECK_NEAR(ls_options_get(&p.options, "share")->share, 0.05, 0.0);
    CHECK_INT(ls_options_get(&p.options, "colour")->number, 1);
    CHECK_STR(ls_options_get(&p.options, "output")->text, "x.json");
    CHECK(ls_options_get(&p.options, "json")->given);
    CHECK_INT(p.options.argument_count, 2);
    CHECK_STR(p.options.arguments[0], "a");
    CHECK_STR(p.options.arguments[1], "b");
}

static void test_letters_take_their_value_in_any_form(void) {
    static const char *const lines[] = {"-o x", "-ox", "-o=x", "--output x", "--output=x"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        parsed p;
        parse(lines[i], &p);
        CHECK_INT(p.status, LS_OK);
        CHECK_STR(ls_options_get(&p.options, "output")->text, "x");
    }
}

static void test_defaults_are_known_but_not_given(void) {
    parsed p;
    parse("a", &p);
    CHECK_INT(ls_options_get(&p.options, "reps")->number, 5);
    CHECK(ls_options_get(&p.options, "reps")->known);
    CHECK(!ls_options_get(&p.options, "reps")->given);
    CHECK(!ls_options_get(&p.options, "for")->known);
}

static void test_a_word_may_stand_for_a_time(void) {
    parsed p;
    parse("--for auto", &p);
    CHECK_INT(p.status, LS_OK);
    CHECK_INT(ls_options_get(&p.options, "for")->number, -1);
}

static void test_the_last_of_two_counts(void) {
    parsed p;
    parse("--reps 2 --reps 3", &p);
    CHECK_INT(ls_options_get(&p.options, "reps")->number, 3);
}

static void test_two_dashes_end_the_options(void) {
    parsed p;
    parse("--json -- --reps -o", &p);
    CHECK_INT(p.status, LS_OK);
    CHECK_INT(p.options.argument_count, 2);
    CHECK_STR(p.options.arguments[0], "--reps");
}

static void test_help_wins_over_mistakes(void) {
    parsed p;
    parse("--nonsense -h", &p);
    CHECK_INT(p.status, LS_OK);
    CHECK(p.options.help_short);
    parse("--reps x --help", &p);
    CHECK(p.options.help_full);
    parse("-- --help", &p);
    CHECK(!p.options.help_full);
}

static void test_mistakes_say_what_would_be_right(void) {
    parsed p;
    parse("--rep 3", &p);
    CHECK_INT(p.status, LS_ERR_INVALID);
    CHECK_STR(p.err.text, "unknown option '--rep'");
    CHECK_STR(p.err.hint, "did you mean '--reps'?");
    parse("--reps 10", &p);
    CHECK_STR(p.err.hint, "1 to 9");
    parse("--colour gren", &p);
    CHECK_STR(p.err.hint, "did you mean 'green'?");
    parse("--colour violet", &p);
    CHECK_STR(p.err.hint, "one of: red, green");
    parse("--for 3 h", &p);
    CHECK_STR(p.err.hint, "write '--for 3h'");
    parse("--output --json", &p);
    CHECK_CONTAINS(p.err.text, "needs a value: FILE");
    parse("--json=1", &p);
    CHECK_CONTAINS(p.err.text, "takes no value");
}

static void test_a_negative_number_is_a_value(void) {
    parsed p;
    parse("--reps -3", &p);
    CHECK_INT(p.status, LS_ERR_INVALID);
    CHECK_CONTAINS(p.err.text, "-3 is out of range");
}

static void test_exclusion_counts_only_what_is_given(void) {
    parsed p;
    ls_error err = {0};
    parse("--json", &p);
    CHECK_INT(ls_options_exclude(&p.options, "json", "reps", &err), LS_OK);
    parse("--json --reps 2", &p);
    CHECK_INT(ls_options_exclude(&p.options, "json", "reps", &err), LS_ERR_INVALID);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_every_kind_is_read);
    TEST(test_letters_take_their_value_in_any_form);
    TEST(test_defaults_are_known_but_not_given);
    TEST(test_a_word_may_stand_for_a_time);
    TEST(test_the_last_of_two_counts);
    TEST(test_two_dashes_end_the_options);
    TEST(test_help_wins_over_mistakes);
    TEST(test_mistakes_say_what_would_be_right);
    TEST(test_a_negative_number_is_a_value);
    TEST(test_exclusion_counts_only_what_is_given);
    return harness_report();
}
