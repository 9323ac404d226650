// pool_test.c - the pool commands as a shell runs them: files that must stay, objects for programs,
// statements that add up.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/harness.h"

enum { LINE_SIZE = 2048 };

#define PARK "examples/pools/park.yaml"
#define JOBS "submit_s,run_s,gpus\n0,3600,8\n60,7200,4\n"

static void put_file(const char *path, const char *text) {
    FILE *file = fopen(path, "we");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

// Runs a line with up to four paths in it, and checks how it ends.
static void check_refused(const char *format, const char *a, const char *b, const char *c,
                          const char *says) {
    char line[LINE_SIZE];
    ls_text_format(line, sizeof line, "pool simulate ");
    ls_text_format(line + strlen(line), sizeof line - strlen(line), format, a, b, c);
    program got = program_run(line);
    harness_note("%s", line);
    CHECK_INT(got.code, 2);
    CHECK_CONTAINS(got.err, says);
    CHECK_STR(got.out, "");
    program_clear(&got);
}

static void check_holds(const char *path, const char *text) {
    char *now = harness_read_file(path, NULL);
    CHECK_STR(now, text);
    free(now);
}

static void test_no_file_that_is_read_is_written_over(void) {
    if (!program_is_there()) {
        return;
    }
    static const char pool_text[] =
        "pool: p\nnodes: {count: 2, kind: dgx-h100}\naccounts: {all: {table: accounts.csv}}\n";
    static const char accounts_text[] = "account,guarantee\na,4\n";
    static const char read_here[] = "this file is read here, the result would replace it";
    char pool[LINE_SIZE], trace[LINE_SIZE], link_of[LINE_SIZE], table[LINE_SIZE], fresh[LINE_SIZE];
    ls_text_format(pool, sizeof pool, "%s", program_temporary("pool.yaml"));
    ls_text_format(trace, sizeof trace, "%s", program_temporary("jobs.csv"));
    ls_text_format(link_of, sizeof link_of, "%s", program_temporary("other-name.csv"));
    ls_text_format(table, sizeof table, "%s", program_temporary("accounts.csv"));
    ls_text_format(fresh, sizeof fresh, "%s", program_temporary("fresh.csv"));
    put_file(pool, pool_text);
    put_file(trace, JOBS);
    put_file(table, accounts_text);
    CHECK_INT(link(trace, link_of), 0);  // one file under two names
    check_refused("%s --trace %s --force -o %s", pool, trace, trace, read_here);
    check_refused("%s --trace %s --force --csv %s", pool, trace, trace, read_here);
    check_refused("%s --trace %s --force --csv %s", pool, trace, link_of, read_here);
    check_refused("%s --trace %s --force -o %s", pool, trace, link_of, read_here);
    check_refused("%s --trace %s --force -o %s", pool, trace, pool, read_here);
    check_refused("%s --trace %s --force --csv %s", pool, trace, pool, read_here);
    check_refused("%s --trace %s --force --csv %s", pool, trace, table, read_here);
    check_refused("%s --csv %s -o %s", pool, fresh, fresh,
                  "'--csv' and '--output' would write to one file");
    check_refused("%s --force --csv %s -o %s", pool, link_of, trace,
                  "'--csv' and '--output' would write to one file");
    check_refused("%s --trace %s --csv %s", pool, trace, link_of, read_here);
    // Nothing is read before: the pool is not there, and what is told is the name that is wrong.
    check_refused("no-such-pool.yaml --csv %s -o %s%s", fresh, fresh, "",
                  "would write to one file");
    check_holds(pool, pool_text);
    check_holds(trace, JOBS);
    check_holds(table, accounts_text);
    CHECK(access(fresh, F_OK) != 0);
    // Two names that are not there yet, told in two ways.
    char line[LINE_SIZE];
    const char *slash = strrchr(fresh, '/');
    ls_text_format(line, sizeof line, "%.*s/./%s", (int)(slash - fresh), fresh, slash + 1);
    check_refused("%s --csv %s -o %s", pool, fresh, line, "would write to one file");
}

static void test_wrong_words_are_usage(void) {
    if (!program_is_there()) {
        return;
    }
    check_refused(PARK " --mix grop%s%s%s", "", "", "", "did you mean 'group'?");
    check_refused(PARK " --mix philly --trace x.csv%s%s%s", "", "", "", "--mix");
    check_refused(PARK " --for 0s%s%s%s", "", "", "", "--for");
    check_refused(PARK " --policy eays%s%s%s", "", "", "", "did you mean 'easy'?");
    check_refused(PARK " --account castings%s%s%s", "", "", "", "--trace");
    check_refused(PARK " --load 0%s%s%s", "", "", "", "--load");
    const char *trace = program_temporary("jobs.csv");
    put_file(trace, JOBS);
    check_refused(PARK " --trace %s --account castigns%s%s", trace, "", "",
                  "no account 'castigns'");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_no_file_that_is_read_is_written_over);
    TEST(test_wrong_words_are_usage);
    program_remove_temporary();
    return harness_report();
}
