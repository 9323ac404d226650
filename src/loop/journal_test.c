// journal_test.c - what happened is kept and said; floods are cut and counted.
#include "loop/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "loop/testing/bench.h"
#include "tests/harness.h"

// What goes to stderr meanwhile, as text; the caller frees it.
static int real_stderr = -1;
static char log_path[] = "/tmp/ls-journal-XXXXXX";

static void listen_to_stderr(void) {
    snprintf(log_path, sizeof log_path, "/tmp/ls-journal-XXXXXX");
    const int file = mkstemp(log_path);
    real_stderr = dup(STDERR_FILENO);
    dup2(file, STDERR_FILENO);
    close(file);
}

static char *heard_on_stderr(void) {
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    char *text = harness_read_file(log_path, NULL);
    unlink(log_path);
    return text;
}

static int count_of(const char *text, const char *part) {
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

static void test_an_event_is_kept_and_said(void) {
    bench b;
    ls_journal *journal = NULL;
    bench_open(&b, "");
    listen_to_stderr();
    CHECK_INT(ls_journal_create(b.intake.history, &journal, NULL), LS_OK);
    ls_journal_write(journal, LS_LOG_WARNING, "gap", "g/n", 5, "3 are missing", "{\"missing\": 3}");
    ls_journal_write(journal, LS_LOG_INFO, "birth", NULL, 0, "all is told again", NULL);
    CHECK_INT(ls_journal_count(journal), 2);
    ls_journal_destroy(journal);
    char *text = heard_on_stderr();
    CHECK_CONTAINS(text, "Z warning gap g/n: 3 are missing\n");
    CHECK_CONTAINS(text, "Z info birth: all is told again\n");
    CHECK_STR(bench_events(&b),
              "gap|g/n|3 are missing|{\"missing\": 3}\n"
              "birth||all is told again|\n");
    free(text);
    bench_close(&b);
}

// Of a flood of one kind the first are written, the others counted; other kinds go on. (A minute
// may end in between: then there are twice as many.)
static void test_floods_are_cut(void) {
    bench b;
    ls_journal *journal = NULL;
    bench_open(&b, "");
    listen_to_stderr();
    CHECK_INT(ls_journal_create(b.intake.history, &journal, NULL), LS_OK);
    for (int i = 0; i < 1000; i++) {
        ls_journal_write(journal, LS_LOG_INFO, "refused", "g/n", 0, "no", NULL);
    }
    ls_journal_write(journal, LS_LOG_INFO, "gap", "g/n", 0, "one", NULL);
    CHECK_INT(ls_journal_count(journal), 1001);
    ls_journal_destroy(journal);
    char *said = heard_on_stderr();
    const char *text = bench_events(&b);
    const int kept = count_of(text, "refused|g/n|no|");
    CHECK(kept == LS_JOURNAL_BURST || kept == 2 * LS_JOURNAL_BURST);
    CHECK_INT(count_of(said, "refused g/n: no\n"), kept);
    CHECK_INT(count_of(text, "gap|g/n|one|"), 1);
    CHECK_CONTAINS(text, "more of this kind within a minute were only counted");
    if (kept == LS_JOURNAL_BURST) {
        CHECK_CONTAINS(text, "refused||940 more");
    }
    free(said);
    bench_close(&b);
}

static void test_more_kinds_than_the_table_has(void) {
    ls_journal *journal = NULL;
    char kind[64];
    listen_to_stderr();
    CHECK_INT(ls_journal_create(NULL, &journal, NULL), LS_OK);
    for (int i = 0; i < 3 * LS_JOURNAL_KINDS; i++) {
        snprintf(kind, sizeof kind, "a-kind-with-a-name-that-is-rather-long-%d", i);
        ls_journal_write(journal, LS_LOG_INFO, kind, "", 0, "x", NULL);
    }
    CHECK_INT(ls_journal_count(journal), 3 * LS_JOURNAL_KINDS);
    ls_journal_destroy(journal);
    ls_journal_destroy(NULL);
    free(heard_on_stderr());
}

static void test_no_memory_is_an_error(void) {
    ls_journal *journal = NULL;
    ls_error err = {0};
    ls_alloc_fail_after(0);
    CHECK_INT(ls_journal_create(NULL, &journal, &err), LS_ERR_MEMORY);
    ls_alloc_fail_after(-1);
    CHECK(journal == NULL);
}

// ---- lines of the log

static void test_no_line_can_be_forged(void) {
    listen_to_stderr();
    ls_say(LS_LOG_INFO, "lost", "a\nb", "x\r\n\x1b[31m2026 error fake: y\tz\x7f");
    char *text = heard_on_stderr();
    CHECK_INT(count_of(text, "\n"), 1);
    CHECK_CONTAINS(text, " info lost a");
    CHECK_CONTAINS(text, "2026 error fake: y");
    for (const char *c = text; *c != '\0'; c++) {
        CHECK((*c >= 0x20 && *c != 0x7f) || *c == '\n');
    }
    free(text);
}

static void test_long_lines_are_cut_and_levels_kept(void) {
    static char long_text[5000];
    memset(long_text, 'x', sizeof long_text - 1);
    listen_to_stderr();
    ls_say(LS_LOG_INFO, "k", long_text, "%s", long_text);
    ls_say(LS_LOG_INFO, "k", "", "%s", long_text);
    ls_say(LS_LOG_DEBUG, "k", "", "not told");
    ls_say_set_level(LS_LOG_DEBUG);
    ls_say(LS_LOG_DEBUG, "k", "", "told");
    ls_say_set_level(LS_LOG_INFO);
    char *text = heard_on_stderr();
    CHECK_INT(count_of(text, "\n"), 3);
    CHECK_INT(count_of(text, "told"), 1);
    CHECK_CONTAINS(text, "debug k: told\n");
    CHECK(strlen(text) < 2600);
    free(text);
}

static void test_under_systemd_the_level_stands_in_front(void) {
    listen_to_stderr();
    setenv("JOURNAL_STREAM", "8:1", 1);
    ls_say(LS_LOG_WARNING, "gap", "g", "x");
    ls_say(LS_LOG_ERROR, "gap", "g", "x");
    unsetenv("JOURNAL_STREAM");
    char *text = heard_on_stderr();
    CHECK_STR(text, "<4>warning gap g: x\n<3>error gap g: x\n");
    free(text);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    unsetenv("JOURNAL_STREAM");
    TEST(test_an_event_is_kept_and_said);
    TEST(test_floods_are_cut);
    TEST(test_more_kinds_than_the_table_has);
    TEST(test_no_memory_is_an_error);
    TEST(test_no_line_can_be_forged);
    TEST(test_long_lines_are_cut_and_levels_kept);
    TEST(test_under_systemd_the_level_stands_in_front);
    return harness_report();
}
