// late_test.c - libraries that are loaded when they are needed: by many threads at once, and where
// they are not there or not what they should be.
#include "base/late.h"

#include <pthread.h>
#include <string.h>

#include "tests/harness.h"

static const char *(*version)(void);
static unsigned long (*sum)(unsigned long before, const unsigned char *bytes, unsigned size);

static const ls_late_function of_zlib[] = {{"zlibVersion", &version}, {"crc32", &sum}};
static ls_late zlib = {
    .library = "libz.so.1", .package = "zlib1g", .functions = of_zlib, .count = 2};

static void *need_it(void *context) {
    ls_error err = {0};
    bool *is_good = context;
    *is_good = ls_late_open(&zlib, &err) == LS_OK && version()[0] == '1' &&
               sum(0, (const unsigned char *)"123456789", 9) == 0xCBF43926;
    return NULL;
}

static void test_many_threads_open_it_once(void) {
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    bool is_good[THREADS] = {false};
    const int before = ls_late_opened();
    CHECK(version == NULL);
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, need_it, &is_good[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        CHECK(is_good[i]);
    }
    CHECK_INT(ls_late_opened(), before + 1);
}

static void test_a_library_that_is_not_there_is_told_with_its_package(void) {
    static ls_late none = {.library = "liblineshaft-none.so.9", .package = "lineshaft-none"};
    ls_error err = {0};
    for (int again = 0; again < 2; again++) {
        CHECK_INT(ls_late_open(&none, &err), LS_ERR_IO);
        CHECK(strstr(err.text, "cannot load liblineshaft-none.so.9: ") == err.text);
        CHECK_STR(err.hint, "it is in the package lineshaft-none");
    }
    CHECK(!none.is_open);
}

static void test_a_library_that_lacks_a_function_is_not_opened(void) {
    static void (*unknown)(void);
    static const ls_late_function functions[] = {{"zlibVersion", &version},
                                                 {"lineshaft_none", &unknown}};
    static ls_late old = {
        .library = "libz.so.1", .package = "zlib1g", .functions = functions, .count = 2};
    ls_error err = {0};
    CHECK_INT(ls_late_open(&old, &err), LS_ERR_VERSION);
    CHECK_STR(err.text, "libz.so.1 lacks lineshaft_none");
    CHECK(!old.is_open && unknown == NULL);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_many_threads_open_it_once);
    TEST(test_a_library_that_is_not_there_is_told_with_its_package);
    TEST(test_a_library_that_lacks_a_function_is_not_opened);
    return harness_report();
}
