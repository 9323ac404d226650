// view_history_test.c - what a chart is answered: no more than its columns, no peak lost, and gaps.
#include <stdlib.h>
#include <string.h>

#include "loop/service_parts.h"
#include "loop/testing/bench.h"
#include "loop/view.h"
#include "tests/harness.h"

#define HOUR_US (3600 * BENCH_S)

static ls_service *service_over(bench *b) {
    ls_service *service = calloc(1, sizeof *service);
    CHECK(service != NULL);
    service->intake.history = b->intake.history;
    service->tags = b->tags;
    return service;
}

static void keep(bench *b, uint32_t tag, int64_t time_us, double value, ls_quality quality) {
    const ls_sample sample = {.time_us = time_us,
                              .tag = tag,
                              .kind = LS_VALUE_REAL,
                              .quality = (uint8_t)quality,
                              .value.real = value};
    CHECK_INT(ls_history_append(b->intake.history, &sample, 1, NULL), LS_OK);
}

static uint32_t tag_of(bench *b, const char *name) {
    uint32_t tag = 0;
    CHECK_INT(ls_tags_add(b->tags, name, strlen(name), &tag, NULL), LS_OK);
    return tag;
}

// The answer for the one tag; what belongs to it is freed with *out.
static json_t *asked(bench *b, const char *tags, int64_t from_us, int64_t to_us, uint32_t points,
                     json_t **out) {
    ls_error err = {0};
    ls_service *service = service_over(b);
    CHECK_INT(ls_history_flush(b->intake.history, &err), LS_OK);
    const ls_view_span span = {.tags = tags, .from_us = from_us, .to_us = to_us, .points = points};
    CHECK_INT(ls_view_history(service, &span, out, &err), LS_OK);
    free(service);
    json_t *all = json_object_get(*out, "tags");
    CHECK_INT(json_array_size(all), 1);
    return json_array_get(all, 0);
}

static double at(const json_t *points, size_t i, size_t k) {
    return json_number_value(json_array_get(json_array_get(points, i), k));
}

static void test_an_answer_has_as_many_points_as_columns_whatever_the_span(void) {
    bench b;
    bench_open(&b, "");
    const uint32_t tag = tag_of(&b, "g/speed");
    const int64_t begin_us = b.zero_us;
    enum { COUNT = 20000, PEAK = 13579 };  // one value in two seconds, one of them a peak
    for (int i = 0; i < COUNT; i++) {
        keep(&b, tag, begin_us + i * 2 * BENCH_S, i == PEAK ? 1000.0 : i % 10, LS_QUALITY_GOOD);
    }
    static const struct {
        int64_t hours;
        uint32_t points;
    } spans[] = {{1, 100}, {12, 100}, {24, 400}, {24 * 30, 100}, {24 * 366, 2000}};
    for (size_t s = 0; s < sizeof spans / sizeof spans[0]; s++) {
        json_t *answer = NULL;
        const json_t *got = asked(&b, "g/speed", begin_us, begin_us + spans[s].hours * HOUR_US,
                                  spans[s].points, &answer);
        const json_t *points = json_object_get(got, "points");
        CHECK(json_array_size(points) > 0 && json_array_size(points) <= spans[s].points);
        double most = 0.0, before_us = -1.0;
        for (size_t i = 0; i < json_array_size(points); i++) {
            CHECK_INT(json_array_size(json_array_get(points, i)), 5);  // time, 3 values, quality
            CHECK(at(points, i, 0) > before_us);
            CHECK(at(points, i, 2) <= at(points, i, 1) && at(points, i, 1) <= at(points, i, 3));
            before_us = at(points, i, 0);
            most = at(points, i, 3) > most ? at(points, i, 3) : most;
        }
        // No column, however wide, loses a peak.
        CHECK_NEAR(most, spans[s].hours >= 12 ? 1000.0 : 9.0, 1e-9);
        CHECK_INT(json_array_size(json_object_get(got, "gaps")), 0);
        json_decref(answer);
    }
    bench_close(&b);
}

static void test_a_gap_stays_a_gap_with_nothing_drawn_in_it(void) {
    bench b;
    bench_open(&b, "");
    const uint32_t tag = tag_of(&b, "g/speed");
    const int64_t begin_us = b.zero_us;
    for (int minute = 0; minute < 60; minute++) {
        const bool away = minute >= 20 && minute < 35;
        keep(&b, tag, begin_us + minute * 60 * BENCH_S, minute,
             away ? minute % 2 == 0 ? LS_QUALITY_STALE : LS_QUALITY_BAD : LS_QUALITY_GOOD);
    }
    json_t *answer = NULL;
    const json_t *got = asked(&b, "g/speed", begin_us, begin_us + HOUR_US, 60, &answer);
    const json_t *gaps = json_object_get(got, "gaps"), *points = json_object_get(got, "points");
    CHECK_INT(json_array_size(gaps), 1);
    CHECK_INT((int64_t)at(gaps, 0, 0) - begin_us, 20 * 60 * BENCH_S);
    CHECK_INT((int64_t)at(gaps, 0, 1) - begin_us, 35 * 60 * BENCH_S);
    CHECK_INT(json_array_size(points), 45);
    for (size_t i = 0; i < json_array_size(points); i++) {
        CHECK(at(points, i, 0) < at(gaps, 0, 0) || at(points, i, 0) >= at(gaps, 0, 1));
    }
    json_decref(answer);
    bench_close(&b);
}

static void test_one_that_comes_and_goes_has_no_more_gaps_than_columns(void) {
    bench b;
    bench_open(&b, "");
    const uint32_t tag = tag_of(&b, "g/speed");
    const int64_t begin_us = b.zero_us;
    for (int i = 0; i < 7200; i++) {  // away each other second, and good for the last hour
        keep(&b, tag, begin_us + i * BENCH_S, i,
             i < 3600 && i % 2 == 1 ? LS_QUALITY_STALE : LS_QUALITY_GOOD);
    }
    json_t *answer = NULL;
    const json_t *got = asked(&b, "g/speed", begin_us, begin_us + 2 * HOUR_US, 100, &answer);
    const json_t *gaps = json_object_get(got, "gaps");
    CHECK(json_array_size(gaps) >= 1 && json_array_size(gaps) <= 101);
    CHECK_INT((int64_t)at(gaps, 0, 0) - begin_us, BENCH_S);
    CHECK_INT((int64_t)at(gaps, json_array_size(gaps) - 1, 1) - begin_us, 3600 * BENCH_S);
    json_decref(answer);
    // Looked at closely each of them is there.
    got = asked(&b, "g/speed", begin_us, begin_us + 20 * BENCH_S, 20, &answer);
    CHECK_INT(json_array_size(json_object_get(got, "gaps")), 10);
    json_decref(answer);
    bench_close(&b);
}

static void test_what_ends_in_silence_is_a_gap_to_the_end(void) {
    bench b;
    bench_open(&b, "");
    const uint32_t tag = tag_of(&b, "g/speed");
    keep(&b, tag, b.zero_us, 1.0, LS_QUALITY_GOOD);
    keep(&b, tag, b.zero_us + 600 * BENCH_S, 1.0, LS_QUALITY_STALE);
    json_t *answer = NULL;
    const json_t *got = asked(&b, "g/speed", b.zero_us, b.zero_us + HOUR_US, 60, &answer);
    const json_t *gaps = json_object_get(got, "gaps");
    CHECK_INT(json_array_size(gaps), 1);
    CHECK_INT((int64_t)at(gaps, 0, 1) - b.zero_us, HOUR_US);
    json_decref(answer);
    bench_close(&b);
}

static void test_spans_and_names_that_make_no_sense_are_refused(void) {
    bench b;
    bench_open(&b, "");
    ls_service *service = service_over(&b);
    static const ls_view_span wrong[] = {
        {.tags = "g/speed", .from_us = 5, .to_us = 5, .points = 10},
        {.tags = "g/speed", .from_us = 0, .to_us = 367LL * 24 * HOUR_US, .points = 10},
        {.tags = "g/speed", .from_us = 0, .to_us = 5, .points = 0},
        {.tags = "g/speed", .from_us = 0, .to_us = 5, .points = 2001},
        {.tags = ",,", .from_us = 0, .to_us = 5, .points = 10},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        json_t *answer = NULL;
        ls_error err = {0};
        CHECK_INT(ls_view_history(service, wrong + i, &answer, &err), LS_ERR_INVALID);
        CHECK(answer == NULL);
    }
    free(service);
    bench_close(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_an_answer_has_as_many_points_as_columns_whatever_the_span);
    TEST(test_a_gap_stays_a_gap_with_nothing_drawn_in_it);
    TEST(test_one_that_comes_and_goes_has_no_more_gaps_than_columns);
    TEST(test_what_ends_in_silence_is_a_gap_to_the_end);
    TEST(test_spans_and_names_that_make_no_sense_are_refused);
    return harness_report();
}
