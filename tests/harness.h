// harness.h - a small runner for our tests: checks, goldens, skips, and one counted closing line.
//
//     #include "tests/harness.h"
//
//     static void test_empty_text_has_no_lines(void) {
//         CHECK_INT(ls_text_line_count(""), 0);
//     }
//
//     int main(int argc, char **argv) {
//         harness_init(argc, argv);
//         TEST(test_empty_text_has_no_lines);
//         return harness_report();
//     }
//
// A test is a function; it passes when every check in it held. A failed check prints what was
// expected, what came, where, and the command that runs this one test again; the test goes on, so
// one run shows all that is wrong. The last line on stdout is `N passed, N failed`, with
// `, N skipped` when a test was skipped, and the exit code is 1 when a test failed or none ran.
//
// Arguments of every test program:
//     [NAME...]     run only the tests whose name contains one of these
//     --update      CHECK_GOLDEN rewrites its files instead of comparing
//     --list        print the names and run nothing
//
// Not thread safe: checks belong in the thread that called TEST.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void harness_test_fn(void);

// Reads the arguments. Wrong ones end the program with code 2.
void harness_init(int argc, char **argv);

// Prints the closing line; returns what main should return: 0, or 1 when a test failed or none ran.
int harness_report(void);

// Marks the running test as skipped, with the reason for people. Checks that failed before still
// count as a failure. The caller returns by itself: `{ harness_skip("no data"); return; }`.
void harness_skip(const char *why);

// The folder with the public data sets: $LINESHAFT_DATA, or ../shared/data beside the source tree,
// or NULL when neither is a folder. The text lives until the program ends.
const char *harness_data_dir(void);

// The root of the source tree, for examples and goldens. LINESHAFT_SOURCE_ROOT overrides what the
// build said.
const char *harness_source_root(void);

// `root/path` under the source tree, in one of eight rotating buffers. Not for long keeping.
const char *harness_source_path(const char *path);

// The whole file as text ended by 0, to be freed by the caller; NULL when it cannot be read.
// *out_size may be NULL. The path is taken as it is, not from the source root.
char *harness_read_file(const char *path, uint64_t *out_size);

// True in a build with a sanitizer, or without optimisation: figures that another build checks need
// not be made again here, only the ways that lead to them.
bool harness_is_slow_build(void);

// True when the program was called with --update.
bool harness_is_updating(void);

// Another line to print under a failure of the running test, as the seed that led to it. printf
// rules; copied; the next call replaces it; every test begins without one.
void harness_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

// True when a check of the running test has failed; loops use it to stop after the first.
bool harness_has_failed(void);

#define TEST(function) harness_run((function), #function)

#define CHECK(condition)                                                                \
    do {                                                                                \
        harness_check_true((condition) ? true : false, #condition, __FILE__, __LINE__); \
    } while (0)
// Signed, unsigned, bool and enum values up to 64 bits; uint64_t above INT64_MAX too.
#define CHECK_INT(actual, expected) \
    harness_check_int(HARNESS_WIDE(actual), HARNESS_WIDE(expected), #actual, __FILE__, __LINE__)
// |actual - expected| <= tolerance; a NaN anywhere fails.
#define CHECK_NEAR(actual, expected, tolerance)                                            \
    harness_check_near((double)(actual), (double)(expected), (double)(tolerance), #actual, \
                       __FILE__, __LINE__)
// Either may be NULL; NULL equals only NULL.
#define CHECK_STR(actual, expected) \
    harness_check_str((actual), (expected), #actual, __FILE__, __LINE__)
// `part` occurs in `text`.
#define CHECK_CONTAINS(text, part) harness_check_contains((text), (part), #text, __FILE__, __LINE__)
// `size` bytes are equal; a failure shows the first that is not.
#define CHECK_BYTES(actual, expected, size) \
    harness_check_bytes((actual), (expected), (size), #actual, __FILE__, __LINE__)
// The file `path` under the source root holds exactly `text`. With --update it is written instead.
#define CHECK_GOLDEN(path, text) harness_check_golden((path), (text), __FILE__, __LINE__)

// What follows is called through the macros above.

typedef struct harness_wide {
    uint64_t magnitude;
    bool negative;
} harness_wide;

#define HARNESS_WIDE(value)                              \
    _Generic((value), unsigned long                      \
             : harness_wide_unsigned, unsigned long long \
             : harness_wide_unsigned, default            \
             : harness_wide_signed)(value)

harness_wide harness_wide_signed(int64_t value);
harness_wide harness_wide_unsigned(uint64_t value);

void harness_run(harness_test_fn *function, const char *name);
bool harness_check_true(bool holds, const char *what, const char *file, int line);
bool harness_check_int(harness_wide actual, harness_wide expected, const char *what,
                       const char *file, int line);
bool harness_check_near(double actual, double expected, double tolerance, const char *what,
                        const char *file, int line);
bool harness_check_str(const char *actual, const char *expected, const char *what, const char *file,
                       int line);
bool harness_check_contains(const char *text, const char *part, const char *what, const char *file,
                            int line);
bool harness_check_bytes(const void *actual, const void *expected, uint64_t size, const char *what,
                         const char *file, int line);
bool harness_check_golden(const char *path, const char *text, const char *file, int line);
