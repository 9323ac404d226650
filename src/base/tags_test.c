// tags_test.c - numbers of tags, patterns, and samples that are the same.
#include "base/tags.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "tests/harness.h"

static void test_numbers_are_dense_and_stay(void) {
    ls_tags *tags = NULL;
    ls_error err;
    CHECK_INT(ls_tags_create(&tags, &err), LS_OK);
    char name[64];
    for (uint32_t i = 0; i < 5000; i++) {
        const int length = snprintf(name, sizeof name, "g/n/machine-%u/State", i);
        uint32_t tag = LS_TAG_NONE;
        CHECK_INT(ls_tags_add(tags, name, (size_t)length, &tag, &err), LS_OK);
        CHECK_INT(tag, i);
    }
    const ls_tag *first = ls_tags_get(tags, 0);
    uint32_t again = 0;
    CHECK_INT(ls_tags_add(tags, "g/n/machine-77/State", 20, &again, &err), LS_OK);
    CHECK_INT(again, 77);
    CHECK_INT(ls_tags_find(tags, "g/n/machine-4999/State", 22), 4999);
    CHECK_INT(ls_tags_find(tags, "g/n/machine-4999/Stat", 21), LS_TAG_NONE);
    CHECK_INT(ls_tags_count(tags), 5000);
    CHECK(ls_tags_get(tags, 5000) == NULL);
    CHECK(ls_tags_get(tags, 0) == first);
    ls_tags_declare(tags, 3, LS_VALUE_REAL, "kW");
    CHECK_STR(ls_tags_get(tags, 3)->unit, "kW");
    CHECK_INT(ls_tags_get(tags, 3)->kind, LS_VALUE_REAL);
    ls_tags_destroy(tags);
}

static void test_bad_names_are_refused(void) {
    ls_tags *tags = NULL;
    ls_error err;
    CHECK_INT(ls_tags_create(&tags, &err), LS_OK);
    char long_name[LS_TAG_NAME_MAX + 1];
    memset(long_name, 'x', sizeof long_name);
    uint32_t tag = 0;
    CHECK_INT(ls_tags_add(tags, "", 0, &tag, &err), LS_ERR_INVALID);
    CHECK_INT(ls_tags_add(tags, "a\tb", 3, &tag, &err), LS_ERR_INVALID);
    CHECK_INT(ls_tags_add(tags, "a\xff", 2, &tag, &err), LS_ERR_INVALID);
    CHECK_INT(ls_tags_add(tags, long_name, sizeof long_name, &tag, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "511");
    CHECK_INT(ls_tags_add(tags, long_name, sizeof long_name - 1, &tag, &err), LS_OK);
    ls_tags_destroy(tags);
}

static void test_allocations_may_fail(void) {
    for (int64_t n = 0; n < 12; n++) {
        ls_tags *tags = NULL;
        ls_error err;
        ls_alloc_fail_after(n);
        ls_status status = ls_tags_create(&tags, &err);
        uint32_t added = 0;
        for (uint32_t i = 0; i < 3000 && status == LS_OK; i++) {
            char name[32];
            uint32_t tag = 0;
            const int length = snprintf(name, sizeof name, "tag%u", i);
            status = ls_tags_add(tags, name, (size_t)length, &tag, &err);
            added += status == LS_OK;
        }
        ls_alloc_fail_after(-1);
        if (tags != NULL) {
            CHECK_INT(ls_tags_count(tags), added);
        }
        ls_tags_destroy(tags);
    }
}

static void *add_many(void *context) {
    ls_tags *tags = context;
    for (uint32_t i = 0; i < 3000; i++) {
        char name[32];
        uint32_t tag = 0;
        const int length = snprintf(name, sizeof name, "shared/%u", i);
        ls_tags_add(tags, name, (size_t)length, &tag, NULL);
        const ls_tag *there = ls_tags_get(tags, tag);
        if (there == NULL || strcmp(there->name, name) != 0) {
            return context;
        }
    }
    return NULL;
}

static void test_threads_agree(void) {
    ls_tags *tags = NULL;
    CHECK_INT(ls_tags_create(&tags, NULL), LS_OK);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, add_many, tags), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *wrong = NULL;
        pthread_join(threads[i], &wrong);
        CHECK(wrong == NULL);
    }
    CHECK_INT(ls_tags_count(tags), 3000);
    ls_tags_destroy(tags);
}

static void test_patterns(void) {
    const struct {
        const char *pattern, *name;
        bool matches;
    } cases[] = {
        {"a/b", "a/b", true},
        {"a/b", "a/bc", false},
        {"*/State", "x/State", true},
        {"*/State", "x/y/State", false},
        {"**/State", "x/y/State", true},
        {"**", "anything/at all", true},
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"a?c", "abc", true},
        {"a?c", "a/c", false},
        {"g/*/grind-?/State", "g/n/grind-2/State", true},
        {"**/b/*", "a/b/c/b/d", true},
        {"**/b/*", "a/b/c/d", false},
        {"*a*b", "xaxxab", true},
        {"**x*y", "x/xzy", true},
        {"a**", "ab/c", true},
        {"**a*b/c", "a/ab/c", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (ls_tags_match(cases[i].pattern, cases[i].name) != cases[i].matches) {
            printf("pattern '%s' name '%s'\n", cases[i].pattern, cases[i].name);
        }
        CHECK(ls_tags_match(cases[i].pattern, cases[i].name) == cases[i].matches);
    }
}

static void test_same_samples(void) {
    const ls_sample nan = {.kind = LS_VALUE_REAL, .value.real = NAN};
    const ls_sample zero = {.kind = LS_VALUE_REAL, .value.real = 0.0};
    const ls_sample minus = {.kind = LS_VALUE_REAL, .value.real = -0.0};
    const ls_sample text = {.kind = LS_VALUE_TEXT, .size = 2, .value.text = "ab"};
    const ls_sample other = {.kind = LS_VALUE_TEXT, .size = 2, .value.text = "ac"};
    CHECK(ls_sample_same(&nan, &nan));
    CHECK(!ls_sample_same(&zero, &minus));
    CHECK(ls_sample_same(&text, &text));
    CHECK(!ls_sample_same(&text, &other));
    double number = 7.0;
    CHECK(!ls_sample_number(&text, &number) && number == 7.0);
    const ls_sample natural = {.kind = LS_VALUE_UINT, .value.natural = 12};
    CHECK(ls_sample_number(&natural, &number) && number == 12.0);
    for (int k = 0; k < LS_VALUE_KIND_COUNT; k++) {
        CHECK_INT(ls_value_kind_find(ls_value_kind_name((ls_value_kind)k)), k);
    }
    CHECK_INT(ls_quality_find("stale"), LS_QUALITY_STALE);
    CHECK_INT(ls_quality_find("nonsense"), LS_QUALITY_COUNT);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_numbers_are_dense_and_stay);
    TEST(test_bad_names_are_refused);
    TEST(test_allocations_may_fail);
    TEST(test_threads_agree);
    TEST(test_patterns);
    TEST(test_same_samples);
    return harness_report();
}
