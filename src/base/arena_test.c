// arena_test.c - memory: zeroed, aligned, given back, out of it.
#include "base/arena.h"

#include <string.h>

#include "tests/harness.h"

static bool is_zero(const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void test_pieces_are_zeroed_aligned_and_apart(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    unsigned char *last = NULL;
    size_t last_size = 0;
    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *piece = ls_arena_alloc(&arena, size);
        CHECK(piece != NULL);
        CHECK_INT((uintptr_t)piece % 16, 0);
        CHECK(is_zero(piece, size));
        memset(piece, 0xAA, size);
        CHECK(last == NULL || piece >= last + last_size || piece + size <= last);
        last = piece;
        last_size = size;
    }
    ls_arena_clear(&arena);
}

static void test_big_pieces_do_not_waste_the_current_block(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    unsigned char *first = ls_arena_alloc(&arena, 16);
    unsigned char *big = ls_arena_alloc(&arena, 1000000);
    unsigned char *second = ls_arena_alloc(&arena, 16);
    CHECK(big != NULL);
    CHECK(second == first + 16);
    big[999999] = 1;
    ls_arena_clear(&arena);
}

static void test_high_water_outlives_clear(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    CHECK(ls_arena_alloc(&arena, 1000) != NULL);
    CHECK_INT(arena.used, 1008);
    ls_arena_clear(&arena);
    CHECK_INT(arena.used, 0);
    CHECK_INT(arena.high_water, 1008);
    CHECK(ls_arena_alloc(&arena, 10) != NULL);
    CHECK_INT(arena.used, 16);
    CHECK_INT(arena.high_water, 1008);
    ls_arena_clear(&arena);
    ls_arena_clear(NULL);
}

static void test_text_is_copied_and_ended(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    CHECK_STR(ls_arena_text(&arena, "welder", 4), "weld");
    CHECK_STR(ls_arena_text(&arena, NULL, 0), "");
    ls_arena_clear(&arena);
}

static void test_impossible_sizes_are_refused(void) {
    ls_arena arena;
    ls_arena_init(&arena);
    CHECK(ls_arena_alloc(&arena, SIZE_MAX) == NULL);
    CHECK(ls_arena_alloc(&arena, SIZE_MAX - 16) == NULL);
    CHECK(ls_arena_alloc(&arena, SIZE_MAX - 40) == NULL);
    CHECK_INT(arena.used, 0);
    CHECK(ls_arena_text(&arena, "", SIZE_MAX) == NULL);
    ls_arena_clear(&arena);
}

static void test_the_nth_allocation_fails(void) {
    for (int64_t n = 0; n < 5; n++) {
        ls_arena arena;
        ls_arena_init(&arena);
        ls_alloc_fail_after(n);
        int64_t good = 0;
        while (good < 10 && ls_arena_alloc(&arena, 60000) != NULL) {
            good++;
        }
        CHECK_INT(good, n);
        CHECK(ls_alloc(1) == NULL);
        CHECK(ls_realloc(NULL, 1) == NULL);
        ls_alloc_fail_after(-1);
        CHECK(ls_arena_alloc(&arena, 60000) != NULL);
        ls_arena_clear(&arena);
    }
}

static void test_plain_allocations(void) {
    unsigned char *bytes = ls_alloc(100);
    CHECK(bytes != NULL && is_zero(bytes, 100));
    memset(bytes, 7, 100);
    bytes = ls_realloc(bytes, 1000);
    CHECK(bytes != NULL && bytes[99] == 7);
    ls_free(bytes);
    void *empty = ls_alloc(0);
    CHECK(empty != NULL);
    empty = ls_realloc(empty, 0);
    CHECK(empty != NULL);
    ls_free(empty);
    ls_free(NULL);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_pieces_are_zeroed_aligned_and_apart);
    TEST(test_big_pieces_do_not_waste_the_current_block);
    TEST(test_high_water_outlives_clear);
    TEST(test_text_is_copied_and_ended);
    TEST(test_impossible_sizes_are_refused);
    TEST(test_the_nth_allocation_fails);
    TEST(test_plain_allocations);
    return harness_report();
}
