// windows_test.c - samples into windows, against figures worked out by hand and a slow way.
#include "history/windows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "history/resample.h"
#include "tests/harness.h"

#define S 1000000LL

static ls_sample real_at(int64_t time_us, double value, ls_quality quality) {
    return (ls_sample){.time_us = time_us,
                       .kind = LS_VALUE_REAL,
                       .quality = (uint8_t)quality,
                       .value.real = value};
}

static bool tell(void *context, const ls_sample *row) {
    ls_buffer *out = context;
    if (row->kind == LS_VALUE_TEXT) {
        ls_buffer_printf(out, "%g='%.*s' ", (double)row->time_us / 1e6, (int)row->size,
                         row->value.text);
    } else {
        double number = NAN;
        ls_sample_number(row, &number);
        ls_buffer_printf(out, "%g=%g%s ", (double)row->time_us / 1e6, number,
                         row->quality == LS_QUALITY_UNCERTAIN ? "?" : "");
    }
    return true;
}

static void check(ls_resample how, int64_t from_us, int64_t to_us, int64_t step_us,
                  const ls_sample *samples, size_t count, const char *expected) {
    ls_buffer out;
    ls_buffer_init(&out);
    ls_resampler resampler;
    const ls_query query = {
        .from_us = from_us, .to_us = to_us, .step_us = step_us, .resample = how};
    ls_resampler_init(&resampler, &query, 0, from_us, tell, &out);
    for (size_t i = 0; i < count; i++) {
        ls_windows_sample(&resampler.windows, &samples[i]);
    }
    CHECK_INT(ls_windows_finish(&resampler.windows, to_us, NULL), LS_OK);
    ls_windows_clear(&resampler.windows);
    harness_note("%s", ls_resample_name(how));
    CHECK_STR(out.data != NULL ? out.data : "", expected);
    ls_buffer_clear(&out);
}

static void test_each_way_of_resampling(void) {
    const ls_sample samples[] = {
        real_at(-3 * S, 100, LS_QUALITY_GOOD),    real_at(2 * S, 10, LS_QUALITY_GOOD),
        real_at(4 * S, 30, LS_QUALITY_UNCERTAIN), real_at(9 * S, 20, LS_QUALITY_GOOD),
        real_at(31 * S, 5, LS_QUALITY_GOOD),
    };
    check(LS_RESAMPLE_FIRST, 0, 40 * S, 10 * S, samples, 5, "0=10? 30=5 ");
    check(LS_RESAMPLE_LAST, 0, 40 * S, 10 * S, samples, 5, "0=20? 30=5 ");
    check(LS_RESAMPLE_MEAN, 0, 40 * S, 10 * S, samples, 5, "0=20? 30=5 ");
    check(LS_RESAMPLE_MIN, 0, 40 * S, 10 * S, samples, 5, "0=10? 30=5 ");
    check(LS_RESAMPLE_MAX, 0, 40 * S, 10 * S, samples, 5, "0=30? 30=5 ");
    check(LS_RESAMPLE_COUNT_OF, 0, 40 * S, 10 * S, samples, 5, "0=3? 30=1 ");
    // 0 to 2: 100; 2 to 4: 10; 4 to 9: 30; 9 to 31: 20; then 5.
    check(LS_RESAMPLE_TIME_WEIGHTED, 0, 40 * S, 10 * S, samples, 5, "0=39? 10=20 20=20 30=6.5 ");
}

static void test_bad_values_do_not_count_and_end_the_holding(void) {
    const ls_sample samples[] = {
        real_at(0, 10, LS_QUALITY_GOOD),           real_at(4 * S, 99, LS_QUALITY_STALE),
        real_at(5 * S, NAN, LS_QUALITY_GOOD),      real_at(6 * S, 99, LS_QUALITY_BAD),
        {.time_us = 7 * S, .kind = LS_VALUE_NONE}, real_at(8 * S, 20, LS_QUALITY_GOOD),
    };
    check(LS_RESAMPLE_TIME_WEIGHTED, 0, 10 * S, 10 * S, samples, 6, "0=13.3333 ");
    check(LS_RESAMPLE_MEAN, 0, 10 * S, 10 * S, samples, 6, "0=15 ");
    check(LS_RESAMPLE_COUNT_OF, 0, 10 * S, 10 * S, samples, 6, "0=2 ");
    check(LS_RESAMPLE_LAST, 0, 10 * S, 2 * S, samples, 6, "0=10 8=20 ");
}

static void test_nothing_before_the_first_value(void) {
    const ls_sample samples[] = {real_at(15 * S, 7, LS_QUALITY_GOOD)};
    check(LS_RESAMPLE_TIME_WEIGHTED, 0, 30 * S, 10 * S, samples, 1, "10=7 20=7 ");
    check(LS_RESAMPLE_TIME_WEIGHTED, 0, 30 * S, 10 * S, samples, 0, "");
    const ls_sample before[] = {real_at(-15 * S, 7, LS_QUALITY_GOOD)};
    check(LS_RESAMPLE_TIME_WEIGHTED, 0, 30 * S, 20 * S, before, 1, "0=7 20=7 ");
    check(LS_RESAMPLE_MEAN, 0, 30 * S, 20 * S, before, 1, "");
}

static void test_texts_and_booleans(void) {
    const ls_sample samples[] = {
        {.time_us = 1, .kind = LS_VALUE_TEXT, .value.text = "idle", .size = 4},
        {.time_us = 2, .kind = LS_VALUE_TEXT, .value.text = "execute", .size = 7},
        {.time_us = 12, .kind = LS_VALUE_TEXT, .value.text = "", .size = 0},
        {.time_us = 25, .kind = LS_VALUE_BOOL, .value.integer = 1},
    };
    check(LS_RESAMPLE_FIRST, 0, 30, 10, samples, 4, "0='idle' 1e-05='' 2e-05=1 ");
    check(LS_RESAMPLE_LAST, 0, 30, 10, samples, 4, "0='execute' 1e-05='' 2e-05=1 ");
    check(LS_RESAMPLE_COUNT_OF, 0, 30, 10, samples, 4, "0=2 1e-05=1 2e-05=1 ");
    check(LS_RESAMPLE_MEAN, 0, 30, 10, samples, 4, "2e-05=1 ");
}

static void test_the_ends_of_time(void) {
    CHECK_INT(ls_window_start(-1, 0, 10), -10);
    CHECK_INT(ls_window_start(10, 0, 10), 10);
    CHECK_INT(ls_window_start(INT64_MAX, INT64_MIN, INT64_MAX), INT64_MAX - 1);
    const ls_sample samples[] = {real_at(INT64_MIN, 1, LS_QUALITY_GOOD),
                                 real_at(INT64_MAX - 1, 2, LS_QUALITY_GOOD)};
    check(LS_RESAMPLE_COUNT_OF, INT64_MIN, INT64_MAX, INT64_MAX, samples, 2,
          "-9.22337e+12=1 9.22337e+12=1 ");
}

static bool add_area(void *context, const ls_window *window) {
    *(double *)context += window->sums.area;
    return true;
}

// However it is cut into windows, the whole area is the same.
static void test_areas_add_up(void) {
    for (int64_t step_us = 1; step_us < 400; step_us += 7) {
        double total = 0.0;
        ls_windows windows = {.from_us = 3,
                              .to_us = 1000,
                              .step_us = step_us,
                              .floor_us = 3,
                              .held_ones = true,
                              .visit = add_area,
                              .context = &total};
        double expected = 0.0;
        for (int i = 0; i < 50; i++) {
            const ls_sample sample = real_at(i * 17, i % 5, LS_QUALITY_GOOD);
            const int64_t begin_us = sample.time_us < 3 ? 3 : sample.time_us;
            const int64_t end_us = i == 49 ? 1000 : (i + 1) * 17;
            expected += (double)(end_us - begin_us) * 1e-6 * (i % 5);
            ls_windows_sample(&windows, &sample);
        }
        CHECK_INT(ls_windows_finish(&windows, 1000, NULL), LS_OK);
        CHECK_NEAR(total, expected, 1e-12);
        ls_windows_clear(&windows);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_each_way_of_resampling);
    TEST(test_bad_values_do_not_count_and_end_the_holding);
    TEST(test_nothing_before_the_first_value);
    TEST(test_texts_and_booleans);
    TEST(test_the_ends_of_time);
    TEST(test_areas_add_up);
    return harness_report();
}
