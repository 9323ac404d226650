// The harness itself. What must fail is tried in a child process, so that this program's own count
// stays honest.
#include "tests/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *own_path;

static void test_equal_values_pass(void) {
    CHECK(1 + 1 == 2);
    CHECK_INT(UINT64_MAX, UINT64_MAX);
    CHECK_INT(INT64_MIN, INT64_MIN);
    CHECK_INT((uint8_t)7, 7L);
    CHECK_NEAR(0.1 + 0.2, 0.3, 1e-12);
    CHECK_NEAR(1.0 / 0.0, 1.0 / 0.0, 0.0);
    CHECK_STR("a", "a");
    CHECK_STR(NULL, NULL);
    CHECK_CONTAINS("line shaft", "shaft");
    CHECK_BYTES("abc", "abc", 3);
    CHECK(!harness_has_failed());
}

static void test_source_root_holds_this_file(void) {
    char *text = harness_read_file(harness_source_path("tests/harness_test.c"), NULL);
    CHECK(text != NULL);
    CHECK_CONTAINS(text, "The harness itself");
    free(text);
}

static void test_missing_file_reads_as_null(void) {
    CHECK(harness_read_file("/nonexistent/file", NULL) == NULL);
}

static void test_data_dir_is_taken_from_the_environment(void) {
    const char *before = getenv("LINESHAFT_DATA");
    char *kept = before != NULL ? strdup(before) : NULL;
    setenv("LINESHAFT_DATA", "/", 1);
    CHECK_STR(harness_data_dir(), "/");
    setenv("LINESHAFT_DATA", "/nonexistent", 1);
    CHECK(harness_data_dir() == NULL);
    if (kept != NULL) {
        setenv("LINESHAFT_DATA", kept, 1);
    } else {
        unsetenv("LINESHAFT_DATA");
    }
    free(kept);
}

// Runs this program with a deliberate failure and gives its output and exit code.
static int run_inner(const char *which, char *output, size_t output_size) {
    char command[4096];
    snprintf(command, sizeof command, "HARNESS_INNER=%s '%s' 2>&1", which, own_path);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL) {
        return -1;
    }
    size_t size = fread(output, 1, output_size - 1, pipe);
    output[size] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_failures_are_shown_counted_and_returned(void) {
    char output[8192];
    CHECK_INT(run_inner("fail", output, sizeof output), 1);
    CHECK_CONTAINS(output, "expected: 18446744073709551615");
    CHECK_CONTAINS(output, "actual:   -1");
    CHECK_CONTAINS(output, "\n  tests/harness_test.c:");
    CHECK_CONTAINS(output, "note:     seed 42");
    CHECK_CONTAINS(output, "again:    ");
    CHECK_CONTAINS(output, "inner_failing");
    CHECK_CONTAINS(output, "\n1 passed, 1 failed\n");
}

static void test_nan_and_missing_golden_fail(void) {
    char output[8192];
    CHECK_INT(run_inner("nan", output, sizeof output), 1);
    CHECK_CONTAINS(output, "\n0 passed, 2 failed\n");
    CHECK_CONTAINS(output, "no-such-golden.txt");
}

static void test_skips_are_counted_apart(void) {
    char output[8192];
    CHECK_INT(run_inner("skip", output, sizeof output), 0);
    CHECK_CONTAINS(output, "SKIP inner_skipping: no data here");
    CHECK_CONTAINS(output, "\n1 passed, 0 failed, 1 skipped\n");
}

static void test_running_nothing_is_a_failure(void) {
    char output[8192];
    CHECK_INT(run_inner("none", output, sizeof output), 1);
    CHECK_CONTAINS(output, "no test ran");
}

static void test_golden_is_compared_and_updated(void) {
    char path[] = "/tmp/ls-golden-XXXXXX";
    int descriptor = mkstemp(path);
    CHECK(descriptor >= 0);
    close(descriptor);
    char output[8192];
    char command[4096];
    snprintf(
        command, sizeof command,
        "LINESHAFT_SOURCE_ROOT=/ HARNESS_INNER=golden HARNESS_GOLDEN='%s' '%s' --update >/dev/null",
        path, own_path);
    CHECK_INT(system(command), 0);
    char *text = harness_read_file(path, NULL);
    CHECK_STR(text, "one\ntwo\n");
    free(text);

    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (file != NULL) {
        fputs("one\nthree\n", file);
        fclose(file);
    }
    setenv("LINESHAFT_SOURCE_ROOT", "/", 1);
    setenv("HARNESS_GOLDEN", path, 1);
    CHECK_INT(run_inner("golden", output, sizeof output), 1);
    CHECK_CONTAINS(output, "line:     2 is the first that differs");
    CHECK_CONTAINS(output, "expected: three");
    CHECK_CONTAINS(output, "actual:   two");
    unlink(path);
}

static void inner_passing(void) {
    CHECK(true);
}

static void inner_failing(void) {
    harness_note("seed %d", 42);
    CHECK_INT(-1, UINT64_MAX);
    CHECK_STR("a", NULL);
}

static void inner_nan(void) {
    CHECK_NEAR(0.0 / 0.0, 0.0, 1.0);
}

static void inner_missing_golden(void) {
    CHECK_GOLDEN("tests/no-such-golden.txt", "text");
}

static void inner_skipping(void) {
    harness_skip("no data here");
}

static void inner_golden(void) {
    CHECK_GOLDEN(getenv("HARNESS_GOLDEN"), "one\ntwo\n");
}

static int run_as_inner(const char *which) {
    if (strcmp(which, "fail") == 0) {
        TEST(inner_passing);
        TEST(inner_failing);
    } else if (strcmp(which, "nan") == 0) {
        TEST(inner_nan);
        TEST(inner_missing_golden);
    } else if (strcmp(which, "skip") == 0) {
        TEST(inner_passing);
        TEST(inner_skipping);
    } else if (strcmp(which, "golden") == 0) {
        TEST(inner_golden);
    }
    return harness_report();
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    own_path = argv[0];
    const char *inner = getenv("HARNESS_INNER");
    if (inner != NULL) {
        return run_as_inner(inner);
    }
    TEST(test_equal_values_pass);
    TEST(test_source_root_holds_this_file);
    TEST(test_missing_file_reads_as_null);
    TEST(test_data_dir_is_taken_from_the_environment);
    TEST(test_failures_are_shown_counted_and_returned);
    TEST(test_nan_and_missing_golden_fail);
    TEST(test_skips_are_counted_apart);
    TEST(test_running_nothing_is_a_failure);
    // Last: it leaves another source root in the environment.
    TEST(test_golden_is_compared_and_updated);
    return harness_report();
}
