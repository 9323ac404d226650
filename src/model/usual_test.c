// usual_test.c - rows unlike those of the training are flagged, those like them at the wished rate.
#include "model/usual.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

enum { COLUMNS = 6 };

static uint64_t next_random(uint64_t *state) {  // splitmix64
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static double normal(uint64_t *state) {
    double sum = 0.0;
    for (int i = 0; i < 12; i++) {
        sum += (double)(next_random(state) >> 11) * 0x1p-53;
    }
    return sum - 6.0;
}

// Three columns that go together, two of noise, and one that never moves.
static void fill(float *row, uint64_t *seed) {
    const double common = normal(seed);
    for (int c = 0; c < 3; c++) {
        row[c] = (float)(10.0 * (c + 1) + (c + 1) * (common + 0.1 * normal(seed)));
    }
    row[3] = (float)normal(seed);
    row[4] = (float)(100.0 * normal(seed));
    row[5] = 7.0F;
}

static ls_dataset rows_of(size_t count, uint64_t seed) {
    ls_dataset out;
    ls_error err;
    CHECK_INT(ls_dataset_init(&out, count, COLUMNS, 1, &err), LS_OK);
    for (size_t i = 0; i < count; i++) {
        fill(out.values + i * COLUMNS, &seed);
        out.time_us[i] = (int64_t)i;
    }
    return out;
}

typedef struct fitted {
    ls_monitor *usual;
    double memory[400];
} fitted;

static fitted fit(size_t train_rows, size_t held_rows, ls_status expected) {
    fitted f = {0};
    ls_error err = {0};
    ls_dataset train = rows_of(train_rows, 1), held = rows_of(held_rows, 2);
    CHECK_INT(ls_usual_fit(&train, &held, LS_USUAL_RATE, &f.usual, &err), expected);
    if (f.usual != NULL) {
        CHECK(ls_usual_doubles(f.usual) <= sizeof f.memory / sizeof *f.memory);
    }
    ls_dataset_clear(&train);
    ls_dataset_clear(&held);
    return f;
}

// 4000 further rows, 1 % wished for: the limit itself was set on 2000, which is most of the spread.
static void test_the_rate_of_false_flags_is_the_wished_one(void) {
    fitted f = fit(3000, 2000, LS_OK);
    ls_dataset more = rows_of(4000, 3);
    ls_error err;
    double rate = NAN;
    CHECK_INT(ls_usual_rate(f.usual, &more, &rate, &err), LS_OK);
    CHECK_NEAR(rate, 0.01, 0.008);
    ls_dataset_clear(&more);
    ls_monitor_destroy(f.usual);
}

static void test_what_is_unlike_the_training_is_flagged(void) {
    fitted f = fit(1000, 500, LS_OK);
    const float centre[COLUMNS] = {10.0F, 20.0F, 30.0F, 0.0F, 0.0F, 7.0F};
    float row[COLUMNS];
    memcpy(row, centre, sizeof row);
    CHECK(!ls_usual_is_foreign(f.usual, f.memory, row));
    row[1] = 22.0F;  // an ordinary value, but not beside these of the others
    CHECK(ls_usual_is_foreign(f.usual, f.memory, row));
    memcpy(row, centre, sizeof row);
    row[4] = 2000.0F;  // far from all
    CHECK(ls_usual_is_foreign(f.usual, f.memory, row));
    memcpy(row, centre, sizeof row);
    row[5] = 7.5F;  // never moved
    CHECK(ls_usual_is_foreign(f.usual, f.memory, row));
    memcpy(row, centre, sizeof row);
    row[3] = NAN;  // not known is not unusual
    CHECK(!ls_usual_is_foreign(f.usual, f.memory, row));
    // What was asked before does not show.
    memcpy(row, centre, sizeof row);
    CHECK(!ls_usual_is_foreign(f.usual, f.memory, row));
    ls_monitor_destroy(f.usual);
}

static void test_few_rows_to_calibrate_with_keep_the_limits_of_the_fit(void) {
    fitted f = fit(1000, 20, LS_OK);
    ls_dataset more = rows_of(2000, 4);
    ls_error err;
    double rate = NAN;
    CHECK_INT(ls_usual_rate(f.usual, &more, &rate, &err), LS_OK);
    CHECK(rate < 0.04);
    ls_dataset_clear(&more);
    ls_monitor_destroy(f.usual);
    f = fit(5, 20, LS_ERR_INVALID);
    CHECK(f.usual == NULL);
}

static void test_no_memory_leaves_nothing(void) {
    ls_dataset train = rows_of(300, 1), held = rows_of(200, 2);
    int64_t allowed = 0;
    ls_status status = LS_ERR_MEMORY;
    for (; status == LS_ERR_MEMORY && allowed < 500; allowed++) {
        ls_monitor *usual = NULL;
        ls_error err = {0};
        ls_alloc_fail_after(allowed);
        status = ls_usual_fit(&train, &held, LS_USUAL_RATE, &usual, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || (status == LS_ERR_MEMORY && usual == NULL));
        ls_monitor_destroy(usual);
    }
    CHECK_INT(status, LS_OK);
    CHECK(allowed > 5);
    ls_dataset_clear(&train);
    ls_dataset_clear(&held);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_rate_of_false_flags_is_the_wished_one);
    TEST(test_what_is_unlike_the_training_is_flagged);
    TEST(test_few_rows_to_calibrate_with_keep_the_limits_of_the_fit);
    TEST(test_no_memory_leaves_nothing);
    return harness_report();
}
