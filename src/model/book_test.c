// book_test.c - errors and intervals of a version in service, also after they were saved.
#include "model/book.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

static uint64_t next_random(uint64_t *state) {  // splitmix64
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

static void open_book(ls_book *book, uint32_t version, double split) {
    ls_error err;
    CHECK_INT(ls_book_create(0.9, book, &err), LS_OK);
    ls_book_begin(book, version, split);
}

// Errors spread evenly over -size..size.
static void enter_many(ls_book *book, int count, double size, uint64_t *seed) {
    for (int i = 0; i < count; i++) {
        bool is_adaptive = false;
        const double radius = ls_book_radius(book, &is_adaptive);
        ls_book_enter(book, size * (2.0 * uniform(seed) - 1.0), 0.0, radius);
    }
}

static void test_the_split_radius_counts_until_enough_is_known(void) {
    ls_book book;
    bool is_adaptive = true;
    open_book(&book, 3, 0.25);
    for (int i = 0; i < LS_BOOK_LEAST; i++) {
        CHECK(ls_book_radius(&book, &is_adaptive) == 0.25);
        CHECK(!is_adaptive);
        ls_book_enter(&book, 1.0 + i, 1.0, 0.25);
    }
    CHECK(ls_book_radius(&book, &is_adaptive) != 0.25);
    CHECK(is_adaptive);
    CHECK_INT(book.scored, LS_BOOK_LEAST);
    ls_book_clear(&book);
}

static void test_rolling_figures_are_those_of_the_last_ones(void) {
    ls_book book;
    open_book(&book, 1, 1.0);
    ls_book_figures f = ls_book_describe(&book);
    CHECK(isnan(f.rmse) && isnan(f.mae) && isnan(f.bias) && isnan(f.coverage));
    for (int i = 0; i < 100; i++) {
        ls_book_enter(&book, 100.0, 0.0, 1.0);  // pushed out by the rest
    }
    for (int i = 0; i < LS_BOOK_WINDOW; i++) {
        ls_book_enter(&book, i % 2 == 0 ? 3.0 : -1.0, 0.0, 2.0);
    }
    f = ls_book_describe(&book);
    CHECK_INT(f.window, LS_BOOK_WINDOW);
    CHECK_INT(book.scored, 100 + LS_BOOK_WINDOW);
    CHECK_NEAR(f.rmse, sqrt(5.0), 1e-12);
    CHECK_NEAR(f.mae, 2.0, 1e-12);
    CHECK_NEAR(f.bias, 1.0, 1e-12);
    CHECK_NEAR(f.coverage, 0.5, 1e-12);
    ls_book_enter(&book, NAN, 0.0, 1.0);  // nothing was said: nothing is scored
    CHECK_INT(book.scored, 100 + LS_BOOK_WINDOW);
    ls_book_clear(&book);
}

// Errors become three times as large at once: split intervals would hold a third of them for ever.
static void test_coverage_comes_back_when_errors_grow(void) {
    ls_book book;
    uint64_t seed = 5;
    open_book(&book, 1, 0.9);
    enter_many(&book, 1000, 1.0, &seed);
    CHECK_NEAR(ls_book_describe(&book).coverage, 0.9, 0.05);
    enter_many(&book, 1500, 3.0, &seed);
    CHECK_NEAR(ls_book_describe(&book).coverage, 0.9, 0.05);
    ls_book_clear(&book);
}

static void test_a_saved_book_goes_on_to_the_bit(void) {
    static const int counts[] = {0, 1, 49, 50, 499, 500, 501, 1234};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        ls_book book, other;
        ls_buffer bytes;
        ls_error err = {0};
        uint64_t seed = k, copy;
        size_t at = 3;
        open_book(&book, 7, 0.5);
        open_book(&other, 0, INFINITY);
        enter_many(&book, counts[k], 1.0, &seed);
        ls_buffer_init(&bytes);
        ls_buffer_text(&bytes, "xyz");
        ls_book_save(&book, &bytes);
        ls_buffer_text(&bytes, "behind");
        CHECK_INT(ls_book_load(&other, bytes.data, bytes.size, &at, &err), LS_OK);
        CHECK_INT(at, bytes.size - 6);
        CHECK_INT(other.version, 7);
        copy = seed;
        enter_many(&book, 700, 2.0, &seed);
        enter_many(&other, 700, 2.0, &copy);
        bool a = false, b = false;
        const double x = ls_book_radius(&book, &a), y = ls_book_radius(&other, &b);
        CHECK(memcmp(&x, &y, sizeof x) == 0 && a == b);
        CHECK_INT(book.scored, other.scored);
        CHECK_INT(book.aci.total_misses, other.aci.total_misses);
        CHECK(ls_book_describe(&book).coverage == ls_book_describe(&other).coverage);
        ls_buffer_clear(&bytes);
        ls_book_clear(&book);
        ls_book_clear(&other);
    }
}

static void test_damaged_bytes_are_refused(void) {
    ls_book book;
    ls_buffer bytes;
    ls_error err;
    uint64_t seed = 1;
    size_t at = 0;
    open_book(&book, 7, 0.5);
    enter_many(&book, 600, 1.0, &seed);
    ls_buffer_init(&bytes);
    ls_book_save(&book, &bytes);
    for (size_t size = 0; size < bytes.size; size += 97) {
        at = 0;
        CHECK_INT(ls_book_load(&book, bytes.data, size, &at, &err), LS_ERR_INVALID);
        CHECK_INT(book.version, 0);
    }
    int refused = 0;
    for (int i = 0; i < 3000; i++) {  // whatever stands there, it is read or refused
        char *copy = malloc(bytes.size);
        memcpy(copy, bytes.data, bytes.size);
        for (int k = 0; k < 3; k++) {
            // The head more often than the rest.
            const size_t place = (size_t)(uniform(&seed) *
                                          (i % 2 == 0 ? 100.0 : (double)bytes.size));
            copy[place] = (char)next_random(&seed);
        }
        at = 0;
        const ls_status status = ls_book_load(&book, copy, bytes.size, &at, &err);
        refused += status != LS_OK;
        bool is_adaptive = false;
        (void)ls_book_radius(&book, &is_adaptive);
        enter_many(&book, 5, 1.0, &seed);
        free(copy);
    }
    CHECK(refused > 500);
    ls_buffer_clear(&bytes);
    ls_book_clear(&book);
}

static void test_no_memory_is_said(void) {
    ls_book book;
    ls_error err = {0};
    ls_alloc_fail_after(0);
    CHECK_INT(ls_book_create(0.9, &book, &err), LS_ERR_MEMORY);
    ls_alloc_fail_after(-1);
    ls_book_clear(&book);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_split_radius_counts_until_enough_is_known);
    TEST(test_rolling_figures_are_those_of_the_last_ones);
    TEST(test_coverage_comes_back_when_errors_grow);
    TEST(test_a_saved_book_goes_on_to_the_bit);
    TEST(test_damaged_bytes_are_refused);
    TEST(test_no_memory_is_said);
    return harness_report();
}
