#include "tests/harness.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#ifndef LS_SOURCE_ROOT
#define LS_SOURCE_ROOT "."
#endif

enum { PATH_SIZE = 4096, PATH_COUNT = 8, NOTE_SIZE = 512, SHOWN_FAILURES_MAX = 20 };

// One program runs one set of tests, so its state is the program's.
static struct {
    char **filters;
    int filter_count;
    const char *program;
    bool updating;
    bool listing;

    const char *test;  // the running one
    char note[NOTE_SIZE];
    int failed_checks;  // of the running test
    bool skipped;       // the running test

    int passed;
    int failed;
    int skipped_count;
    int listed;
} harness;

void harness_init(int argc, char **argv) {
    // A program that dies must still have shown what came before.
    setvbuf(stdout, NULL, _IOLBF, 0);
    harness.program = argc > 0 ? argv[0] : "test";
    harness.filters = argv + 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--update") == 0) {
            harness.updating = true;
        } else if (strcmp(argv[i], "--list") == 0) {
            harness.listing = true;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "%s: unknown option '%s'; usage: %s [--update] [--list] [NAME...]\n",
                    harness.program, argv[i], harness.program);
            exit(2);
        } else {
            harness.filters[harness.filter_count++] = argv[i];
        }
    }
}

static bool is_wanted(const char *name) {
    for (int i = 0; i < harness.filter_count; i++) {
        if (strstr(name, harness.filters[i]) != NULL) {
            return true;
        }
    }
    return harness.filter_count == 0;
}

void harness_run(harness_test_fn *function, const char *name) {
    if (!is_wanted(name)) {
        return;
    }
    if (harness.listing) {
        printf("%s\n", name);
        harness.listed++;
        return;
    }
    harness.test = name;
    harness.note[0] = '\0';
    harness.failed_checks = 0;
    harness.skipped = false;
    function();
    if (harness.failed_checks > 0) {
        harness.failed++;
        printf("FAIL %s: %d checks failed\n", name, harness.failed_checks);
    } else if (harness.skipped) {
        harness.skipped_count++;
    } else {
        harness.passed++;
    }
    harness.test = NULL;
}

int harness_report(void) {
    if (harness.listing) {
        return harness.listed > 0 ? 0 : 1;
    }
    if (harness.passed + harness.failed + harness.skipped_count == 0) {
        printf("no test ran\n");
    }
    printf("%d passed, %d failed", harness.passed, harness.failed);
    if (harness.skipped_count > 0) {
        printf(", %d skipped", harness.skipped_count);
    }
    printf("\n");
    fflush(stdout);
    bool ran = harness.passed + harness.skipped_count > 0;
    return harness.failed == 0 && ran ? 0 : 1;
}

void harness_skip(const char *why) {
    harness.skipped = true;
    printf("SKIP %s: %s\n", harness.test != NULL ? harness.test : "(no test)", why);
}

void harness_note(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(harness.note, sizeof harness.note, format, arguments);
    va_end(arguments);
}

bool harness_is_slow_build(void) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(undefined_behavior_sanitizer)
    return true;
#else
    return false;
#endif
#else
    return false;
#endif
}

bool harness_is_updating(void) {
    return harness.updating;
}

bool harness_has_failed(void) {
    return harness.failed_checks > 0;
}

static bool is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

const char *harness_source_root(void) {
    const char *given = getenv("LINESHAFT_SOURCE_ROOT");
    return given != NULL && given[0] != '\0' ? given : LS_SOURCE_ROOT;
}

const char *harness_source_path(const char *path) {
    static char buffers[PATH_COUNT][PATH_SIZE];
    static unsigned next;
    char *buffer = buffers[next++ % PATH_COUNT];
    snprintf(buffer, PATH_SIZE, "%s/%s", harness_source_root(), path);
    return buffer;
}

const char *harness_data_dir(void) {
    static char beside[PATH_SIZE];
    const char *given = getenv("LINESHAFT_DATA");
    if (given != NULL && given[0] != '\0') {
        return is_folder(given) ? given : NULL;
    }
    snprintf(beside, sizeof beside, "%s/../shared/data", harness_source_root());
    return is_folder(beside) ? beside : NULL;
}

char *harness_read_file(const char *path, uint64_t *out_size) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    size_t room = 4096;
    size_t size = 0;
    char *text = malloc(room);
    while (text != NULL) {
        size += fread(text + size, 1, room - size - 1, file);
        if (size < room - 1) {
            break;
        }
        room *= 2;
        char *larger = realloc(text, room);
        if (larger == NULL) {
            free(text);
        }
        text = larger;
    }
    if (text != NULL && ferror(file)) {
        free(text);
        text = NULL;
    }
    fclose(file);
    if (text != NULL) {
        text[size] = '\0';
        if (out_size != NULL) {
            *out_size = size;
        }
    }
    return text;
}

// The path from the source root: the compiler was given one from its build folder.
static const char *path_from_root(const char *file) {
    static const char *const rooms[] = {"/src/", "/tests/", "/bench/", "/examples/"};
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        const char *at = strstr(file, rooms[i]);
        for (const char *next = at; next != NULL; next = strstr(next + 1, rooms[i])) {
            at = next;
        }
        if (at != NULL) {
            return at + 1;
        }
    }
    return file;
}

// Counts the failure and says where; true when its details are still worth printing: a loop that
// fails a million times would bury the first.
static bool fail_begin(const char *what, const char *file, int line) {
    harness.failed_checks++;
    if (harness.failed_checks > SHOWN_FAILURES_MAX) {
        return false;
    }
    printf("FAIL %s\n  %s:%d: %s\n", harness.test != NULL ? harness.test : "(outside a test)",
           path_from_root(file), line, what);
    return true;
}

static void fail_end(void) {
    if (harness.note[0] != '\0') {
        printf("  note:     %s\n", harness.note);
    }
    printf("  again:    %s %s\n", harness.program != NULL ? harness.program : "test",
           harness.test != NULL ? harness.test : "");
    if (harness.failed_checks == SHOWN_FAILURES_MAX) {
        printf("  (further failures of this test are only counted)\n");
    }
}

bool harness_check_true(bool holds, const char *what, const char *file, int line) {
    if (!holds && fail_begin(what, file, line)) {
        printf("  expected: true\n  actual:   false\n");
        fail_end();
    }
    return holds;
}

harness_wide harness_wide_signed(int64_t value) {
    // Negating through unsigned keeps INT64_MIN defined.
    return value < 0 ? (harness_wide){.magnitude = 0 - (uint64_t)value, .negative = true}
                     : (harness_wide){.magnitude = (uint64_t)value, .negative = false};
}

harness_wide harness_wide_unsigned(uint64_t value) {
    return (harness_wide){.magnitude = value, .negative = false};
}

bool harness_check_int(harness_wide actual, harness_wide expected, const char *what,
                       const char *file, int line) {
    bool equal = actual.magnitude == expected.magnitude && actual.negative == expected.negative;
    if (!equal && fail_begin(what, file, line)) {
        printf("  expected: %s%" PRIu64 "\n", expected.negative ? "-" : "", expected.magnitude);
        printf("  actual:   %s%" PRIu64 "\n", actual.negative ? "-" : "", actual.magnitude);
        fail_end();
    }
    return equal;
}

bool harness_check_near(double actual, double expected, double tolerance, const char *what,
                        const char *file, int line) {
    double difference = actual > expected ? actual - expected : expected - actual;
    // The equality lets two infinities of one sign agree.
    bool near = actual == expected || difference <= tolerance;
    if (!near && fail_begin(what, file, line)) {
        printf("  expected: %.17g within %.6g\n  actual:   %.17g\n  apart by: %.6g\n", expected,
               tolerance, actual, difference);
        fail_end();
    }
    return near;
}

static const char *or_null(const char *text) {
    return text != NULL ? text : "(null)";
}

bool harness_check_str(const char *actual, const char *expected, const char *what, const char *file,
                       int line) {
    bool equal = actual == NULL || expected == NULL ? actual == expected
                                                    : strcmp(actual, expected) == 0;
    if (!equal && fail_begin(what, file, line)) {
        printf("  expected: \"%s\"\n  actual:   \"%s\"\n", or_null(expected), or_null(actual));
        fail_end();
    }
    return equal;
}

bool harness_check_contains(const char *text, const char *part, const char *what, const char *file,
                            int line) {
    bool found = text != NULL && part != NULL && strstr(text, part) != NULL;
    if (!found && fail_begin(what, file, line)) {
        printf("  expected: a text with \"%s\"\n  actual:   \"%s\"\n", or_null(part),
               or_null(text));
        fail_end();
    }
    return found;
}

bool harness_check_bytes(const void *actual, const void *expected, uint64_t size, const char *what,
                         const char *file, int line) {
    const unsigned char *a = actual;
    const unsigned char *e = expected;
    uint64_t at = 0;
    while (at < size && a[at] == e[at]) {
        at++;
    }
    bool equal = at == size;
    if (!equal && fail_begin(what, file, line)) {
        printf("  expected: 0x%02x at byte %" PRIu64 " of %" PRIu64 "\n", e[at], at, size);
        printf("  actual:   0x%02x\n", a[at]);
        fail_end();
    }
    return equal;
}

// The line of `text` that begins at `at`, without its end.
static int line_length(const char *at) {
    return (int)strcspn(at, "\n");
}

// Says which line is the first to differ; the rest is for a diff tool.
static void print_first_difference(const char *expected, const char *actual) {
    int line = 1;
    while (*expected != '\0' && *actual != '\0') {
        int expected_length = line_length(expected);
        int actual_length = line_length(actual);
        if (expected_length != actual_length ||
            strncmp(expected, actual, (size_t)expected_length) != 0) {
            break;
        }
        expected += expected_length;
        actual += actual_length;
        if (*expected != *actual) {
            break;  // one of them ends here without a newline
        }
        if (*expected == '\n') {
            expected++;
            actual++;
            line++;
        }
    }
    printf("  line:     %d is the first that differs\n", line);
    printf("  expected: %.*s%s\n", line_length(expected), expected,
           *expected == '\0' ? "(end of text)" : "");
    printf("  actual:   %.*s%s\n", line_length(actual), actual,
           *actual == '\0' ? "(end of text)" : "");
}

static bool write_golden(const char *path, const char *text) {
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return false;
    }
    size_t size = strlen(text);
    bool written = fwrite(text, 1, size, file) == size;
    return fclose(file) == 0 && written;
}

bool harness_check_golden(const char *path, const char *text, const char *file, int line) {
    const char *full = harness_source_path(path);
    char *expected = harness_read_file(full, NULL);
    const char *actual = or_null(text);
    bool equal = expected != NULL && strcmp(expected, actual) == 0;
    if (!equal && harness.updating && text != NULL) {
        equal = write_golden(full, text);
        printf("%s %s\n", equal ? "updated" : "cannot write", full);
    }
    if (!equal && fail_begin(path, file, line)) {
        if (expected == NULL) {
            printf("  expected: a file %s (%s)\n", full, strerror(errno));
            printf("  actual:   %zu bytes of text; --update writes them\n", strlen(actual));
        } else {
            print_first_difference(expected, actual);
            printf("  update:   run it with --update, then review the difference\n");
        }
        fail_end();
    }
    free(expected);
    return equal;
}
