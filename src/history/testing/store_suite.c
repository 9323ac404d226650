// store_suite.c - see store_suite.h.
#include "history/testing/store_suite.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "base/units.h"
#include "history/samples.h"
#include "tests/harness.h"

enum { TEXT_COUNT = 5, SAMPLES_MAX = 400 };
#define NOW_US 1767225600000000  // 2026-01-01

static const store_suite *suite;

// ---- pseudo-random data

struct store_data {
    ls_store_batch *batches;
    int count;
};

static uint64_t next_random(uint64_t *state) {  // SplitMix64
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static const char *const texts[TEXT_COUNT] = {"", "idle", "execute", "\xc3\xa4\xc3\xb6\xc3\xbc",
                                              "a longer text, said by a machine"};

static ls_sample random_sample(uint64_t *state, uint32_t tag, int64_t time_us) {
    ls_sample sample = {.time_us = time_us,
                        .tag = tag,
                        .kind = (uint8_t)(next_random(state) % LS_VALUE_KIND_COUNT),
                        .quality = (uint8_t)(next_random(state) % LS_QUALITY_COUNT)};
    const uint64_t bits = next_random(state);
    static const double odd[] = {0.0, -0.0, INFINITY, -INFINITY, 1e-310, 1.5, -273.15, 1e300};
    switch (sample.kind) {
    case LS_VALUE_NONE: break;
    case LS_VALUE_BOOL: sample.value.integer = (int64_t)(bits & 1); break;
    case LS_VALUE_INT: sample.value.integer = (int64_t)bits >> (bits & 63); break;
    case LS_VALUE_UINT: sample.value.natural = bits >> (bits & 63); break;
    case LS_VALUE_FLOAT: sample.value.real = (double)(float)(bits % 1000) / 8.0; break;
    case LS_VALUE_REAL:
        sample.value.real = bits % 3 == 0 ? odd[bits / 3 % 8] : (double)(bits % 100000) / 100.0;
        if (bits % 29 == 0) {
            sample.value.natural = 0x7ff8000000000000u | (bits >> 40);  // NaN with a payload
        }
        break;
    default:
        sample.value.text = texts[bits % TEXT_COUNT];
        sample.size = (uint32_t)strlen(sample.value.text);
    }
    return sample;
}

static ls_series random_series(uint64_t *state, uint32_t tag, int batch) {
    ls_sample *samples = calloc(SAMPLES_MAX, sizeof *samples);
    const size_t count = 1 + next_random(state) % SAMPLES_MAX;
    // Mostly after what was before, sometimes long before.
    const int64_t base_us = NOW_US + (next_random(state) % 5 == 0 ? 0 : batch * 40) * LS_US_PER_S;
    uint64_t twin = *state;
    for (size_t i = 0; i < count; i++) {
        // A narrow grid of times and values makes doubles.
        const int64_t time_us = base_us + (int64_t)(next_random(state) % 500) * 100000;
        samples[i] = random_sample(next_random(state) % 4 == 0 ? &twin : state, tag, time_us);
    }
    ls_error err = {0};
    ls_samples merged = {0};
    CHECK_INT(ls_samples_sort(samples, count, &err), LS_OK);
    CHECK_INT(ls_samples_merge(samples, count, NULL, 0, &merged, &err), LS_OK);
    free(samples);
    return (ls_series){.tag = tag, .samples = merged.items, .count = merged.count};
}

store_data *store_data_make(ls_tags *tags, uint64_t seed, uint32_t tag_count, int batches) {
    ls_error err = {0};
    store_data *data = calloc(1, sizeof *data);
    data->batches = calloc((size_t)batches, sizeof *data->batches);
    data->count = batches;
    for (uint32_t tag = 0; tag < tag_count; tag++) {
        char name[64];
        snprintf(name, sizeof name, "plant/station-%u/value%u", tag % 7, tag);
        uint32_t number = 0;
        CHECK_INT(ls_tags_add(tags, name, strlen(name), &number, &err), LS_OK);
    }
    for (int b = 0; b < batches; b++) {
        ls_series *series = calloc(tag_count, sizeof *series);
        size_t count = 0;
        for (uint32_t tag = 0; tag < tag_count; tag++) {
            if (next_random(&seed) % 3 != 0) {
                series[count++] = random_series(&seed, tag, b);
            }
        }
        ls_happened *event = calloc(1, sizeof *event);
        *event = (ls_happened){.time_us = NOW_US + (int64_t)(next_random(&seed) % 1000000),
                               .kind = b % 2 == 0 ? "gap" : "drift",
                               .subject = "plant/x",
                               .text = "something happened",
                               .json = "{}",
                               .number = (uint64_t)b + 1};
        data->batches[b] = (ls_store_batch){.series = series,
                                            .series_count = count,
                                            .events = event,
                                            .event_count = 1,
                                            .log_position = 100 * ((uint64_t)b + 1)};
    }
    return data;
}

void store_data_free(store_data *data) {
    for (int b = 0; b < data->count; b++) {
        const ls_store_batch *batch = &data->batches[b];
        for (size_t i = 0; i < batch->series_count; i++) {
            ls_free((void *)(uintptr_t)batch->series[i].samples);
        }
        free((void *)(uintptr_t)batch->series);
        free((void *)(uintptr_t)batch->events);
    }
    free(data->batches);
    free(data);
}

const ls_store_batch *store_data_batch(const store_data *data, int index) {
    return &data->batches[index];
}

// ---- a store as text

static void put_sample(ls_buffer *out, const ls_sample *sample) {
    ls_buffer_printf(out, "%u %" PRId64 " %d %d %d ", sample->tag, sample->time_us, sample->kind,
                     sample->quality, sample->flags);
    if (sample->kind == LS_VALUE_TEXT || sample->kind == LS_VALUE_BYTES) {
        for (uint32_t i = 0; i < sample->size; i++) {
            ls_buffer_printf(out, "%02x", (unsigned char)sample->value.text[i]);
        }
    } else if (sample->kind != LS_VALUE_NONE) {
        ls_buffer_printf(out, "%016" PRIx64, sample->value.natural);
    }
    ls_buffer_text(out, "\n");
}

static bool tell_sample(void *context, const ls_sample *sample) {
    put_sample(context, sample);
    return true;
}

static bool tell_event(void *context, const ls_happened *event) {
    ls_buffer_printf(context, "event %" PRIu64 " %" PRId64 " %s %s %s %s\n", event->number,
                     event->time_us, event->kind, event->subject, event->text, event->json);
    return true;
}

char *store_tell(const ls_store_ops *ops, ls_store *store, const ls_tags *tags) {
    ls_buffer out;
    ls_error err = {0};
    ls_buffer_init(&out);
    for (uint32_t tag = 0; tag < ls_tags_count(tags); tag++) {
        CHECK_INT(
            ops->read_samples(store, tag, INT64_MIN, INT64_MAX, false, tell_sample, &out, &err),
            LS_OK);
    }
    CHECK_INT(ops->read_events(store, NULL, INT64_MIN, INT64_MAX, tell_event, &out, &err), LS_OK);
    CHECK_STR(err.text, "");
    char *text = strdup(out.data != NULL ? out.data : "");
    ls_buffer_clear(&out);
    return text;
}

// ---- a store for a test

typedef struct opened {
    ls_history_def def;
    ls_tags *tags;
    ls_store *store;
} opened;

static bool open_again(opened *test) {
    ls_error err = {0};
    CHECK_INT(ls_tags_create(&test->tags, &err), LS_OK);
    CHECK_INT(suite->ops->open(&test->def, test->tags, &test->store, &err), LS_OK);
    CHECK_STR(err.text, "");
    return test->store != NULL;
}

static bool open_fresh(opened *test) {
    *test = (opened){0};
    return suite->fresh(&test->def) && open_again(test);
}

static void close_store(opened *test) {
    suite->ops->close(test->store);
    ls_tags_destroy(test->tags);
    test->store = NULL;
    test->tags = NULL;
}

static void write_batch(opened *test, const ls_store_batch *batch) {
    ls_error err = {0};
    CHECK_INT(suite->ops->write(test->store, batch, &err), LS_OK);
    CHECK_STR(err.text, "");
}

static void write_samples(opened *test, uint32_t tag, const ls_sample *samples, size_t count) {
    const ls_series series = {.tag = tag, .samples = samples, .count = count};
    write_batch(test, &(ls_store_batch){.series = &series, .series_count = 1});
}

static uint32_t add_tag(opened *test, const char *name) {
    ls_error err = {0};
    uint32_t tag = 0;
    CHECK_INT(ls_tags_add(test->tags, name, strlen(name), &tag, &err), LS_OK);
    return tag;
}

static ls_sample real_at(uint32_t tag, int64_t time_us, double value) {
    return (ls_sample){.tag = tag, .time_us = time_us, .kind = LS_VALUE_REAL, .value.real = value};
}

// "10=1.5 20=2.5 " of what is there.
static bool brief_sample(void *context, const ls_sample *sample) {
    double number = NAN;
    if (ls_sample_number(sample, &number)) {
        ls_buffer_printf(context, "%" PRId64 "=%g ", sample->time_us, number);
    } else {
        ls_buffer_printf(context, "%" PRId64 "='%.*s' ", sample->time_us, (int)sample->size,
                         sample->kind == LS_VALUE_NONE ? "" : sample->value.text);
    }
    return true;
}

static void check_samples(opened *test, uint32_t tag, int64_t from_us, int64_t to_us, bool before,
                          const char *expected) {
    ls_buffer out;
    ls_error err = {0};
    ls_buffer_init(&out);
    CHECK_INT(suite->ops->read_samples(test->store, tag, from_us, to_us, before, brief_sample, &out,
                                       &err),
              LS_OK);
    CHECK_STR(out.data != NULL ? out.data : "", expected);
    CHECK_STR(err.text, "");
    ls_buffer_clear(&out);
}

// ---- tests

static void test_empty_store_has_nothing(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    uint64_t position = 1;
    void *bytes = &test;
    size_t size = 1;
    ls_history_figures figures;
    CHECK_INT(suite->ops->log_position(test.store, &position, NULL), LS_OK);
    CHECK_INT(position, 0);
    CHECK_INT(suite->ops->read_state(test.store, "x", &bytes, &size, NULL), LS_OK);
    CHECK(bytes == NULL);
    CHECK_INT(suite->ops->figures(test.store, &figures, NULL), LS_OK);
    CHECK_INT(figures.samples, 0);
    CHECK_INT(figures.tags, 0);
    check_samples(&test, 7, INT64_MIN, INT64_MAX, true, "");
    close_store(&test);
}

static void test_a_range_is_half_open_and_before_comes_first(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const uint32_t tag = add_tag(&test, "a");
    const ls_sample samples[] = {real_at(tag, 10, 1), real_at(tag, 20, 2), real_at(tag, 30, 3),
                                 real_at(tag, 40, 4)};
    write_samples(&test, tag, samples, 4);
    check_samples(&test, tag, 20, 40, false, "20=2 30=3 ");
    check_samples(&test, tag, 20, 40, true, "10=1 20=2 30=3 ");
    check_samples(&test, tag, 25, 26, true, "20=2 ");
    check_samples(&test, tag, 5, 6, true, "");
    check_samples(&test, tag, 100, INT64_MAX, true, "40=4 ");
    check_samples(&test, tag, 40, 10, false, "");
    close_store(&test);
}

static void test_late_samples_find_their_place_and_doubles_are_dropped(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const uint32_t tag = add_tag(&test, "a");
    const ls_sample first[] = {real_at(tag, 10, 1), real_at(tag, 30, 3)};
    const ls_sample second[] = {real_at(tag, 5, 0), real_at(tag, 10, 1), real_at(tag, 20, 2),
                                real_at(tag, 30, 3.5), real_at(tag, 40, 4)};
    write_samples(&test, tag, first, 2);
    write_samples(&test, tag, second, 5);
    write_samples(&test, tag, second, 5);
    check_samples(&test, tag, INT64_MIN, INT64_MAX, false, "5=0 10=1 20=2 30=3 30=3.5 40=4 ");
    ls_history_figures figures;
    CHECK_INT(suite->ops->figures(test.store, &figures, NULL), LS_OK);
    CHECK_INT(figures.samples, 6);
    CHECK_INT(figures.first_us, 5);
    CHECK_INT(figures.last_us, 40);
    close_store(&test);
}

static void test_samples_of_one_time_stay_in_the_order_heard(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const uint32_t tag = add_tag(&test, "a");
    const ls_sample first[] = {real_at(tag, 10, 6), real_at(tag, 10, 2)};
    const ls_sample second[] = {real_at(tag, 10, 4), real_at(tag, 10, 6), real_at(tag, 10, 1)};
    write_samples(&test, tag, first, 2);
    write_samples(&test, tag, second, 3);
    check_samples(&test, tag, INT64_MIN, INT64_MAX, false, "10=6 10=2 10=4 10=1 ");
    check_samples(&test, tag, 11, INT64_MAX, true, "10=1 ");
    close_store(&test);
}

static void test_every_bit_of_every_kind_comes_back(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    store_data *data = store_data_make(test.tags, 7, 12, 8);
    ls_buffer expected;
    ls_error err = {0};
    ls_buffer_init(&expected);
    // The obvious way: all samples of a tag in one array.
    for (uint32_t tag = 0; tag < ls_tags_count(test.tags); tag++) {
        ls_samples all = {0};
        for (int b = 0; b < data->count; b++) {
            const ls_store_batch *batch = store_data_batch(data, b);
            for (size_t i = 0; i < batch->series_count; i++) {
                ls_samples merged = {0};
                if (batch->series[i].tag == tag) {
                    CHECK_INT(ls_samples_merge(all.items, all.count, batch->series[i].samples,
                                               batch->series[i].count, &merged, &err),
                              LS_OK);
                    ls_samples_clear(&all);
                    all = merged;
                }
            }
        }
        for (size_t i = 0; i < all.count; i++) {
            put_sample(&expected, &all.items[i]);
        }
        ls_samples_clear(&all);
    }
    for (int b = 0; b < data->count; b++) {
        write_batch(&test, store_data_batch(data, b));
    }
    char *told = store_tell(suite->ops, test.store, test.tags);
    char *events = strstr(told, "event ");
    if (events != NULL) {
        *events = '\0';
    }
    CHECK(strcmp(told, expected.data) == 0);
    free(told);
    char *before = store_tell(suite->ops, test.store, test.tags);
    close_store(&test);
    if (open_again(&test)) {
        char *after = store_tell(suite->ops, test.store, test.tags);
        CHECK(strcmp(before, after) == 0);
        uint64_t position = 0;
        ls_history_figures figures;
        CHECK_INT(suite->ops->log_position(test.store, &position, NULL), LS_OK);
        CHECK_INT(position, 800);
        CHECK_INT(suite->ops->figures(test.store, &figures, NULL), LS_OK);
        CHECK_INT(figures.events, 8);
        CHECK_INT(figures.tags, 12);
        free(after);
        close_store(&test);
    }
    free(before);
    store_data_free(data);
    ls_buffer_clear(&expected);
}

static void test_tags_keep_number_kind_and_unit(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const uint32_t a = add_tag(&test, "a");
    const uint32_t b = add_tag(&test, "b/\xc3\xa9");
    ls_tags_declare(test.tags, b, LS_VALUE_FLOAT, "mm/s");
    write_batch(&test, &(ls_store_batch){.log_position = 1});
    ls_tags_declare(test.tags, a, LS_VALUE_BOOL, NULL);
    ls_tags_declare(test.tags, b, LS_VALUE_REAL, "m/s");
    write_batch(&test, &(ls_store_batch){.log_position = 2});
    close_store(&test);
    if (!open_again(&test)) {
        return;
    }
    CHECK_INT(ls_tags_count(test.tags), 2);
    CHECK_STR(ls_tags_get(test.tags, 1)->name, "b/\xc3\xa9");
    CHECK_STR(ls_tags_get(test.tags, 1)->unit, "m/s");
    CHECK_INT(ls_tags_get(test.tags, 1)->kind, LS_VALUE_REAL);
    CHECK_INT(ls_tags_get(test.tags, 0)->kind, LS_VALUE_BOOL);
    close_store(&test);
    // Tags that are there before may have other numbers.
    CHECK_INT(ls_tags_create(&test.tags, NULL), LS_OK);
    add_tag(&test, "new");
    add_tag(&test, "a");
    CHECK_INT(suite->ops->open(&test.def, test.tags, &test.store, NULL), LS_OK);
    const ls_sample samples[] = {real_at(0, 10, 1), real_at(1, 20, 2)};
    write_samples(&test, 0, samples, 1);
    write_samples(&test, 1, samples + 1, 1);
    check_samples(&test, 0, INT64_MIN, INT64_MAX, false, "10=1 ");
    check_samples(&test, 1, INT64_MIN, INT64_MAX, false, "20=2 ");
    close_store(&test);
    if (open_again(&test)) {
        CHECK_STR(ls_tags_get(test.tags, 0)->name, "a");
        check_samples(&test, 0, INT64_MIN, INT64_MAX, false, "20=2 ");
        close_store(&test);
    }
}

static void test_states_are_replaced_whole(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    ls_state_entry states[] = {{"one", "first\0x", 7}, {"two", "", 0}};
    write_batch(&test, &(ls_store_batch){.states = states, .state_count = 2});
    states[0] = (ls_state_entry){"one", "second", 6};
    write_batch(&test, &(ls_store_batch){.states = states, .state_count = 1});
    void *bytes = NULL;
    size_t size = 0;
    CHECK_INT(suite->ops->read_state(test.store, "one", &bytes, &size, NULL), LS_OK);
    CHECK_INT(size, 6);
    CHECK(bytes != NULL && memcmp(bytes, "second", 6) == 0);
    ls_free(bytes);
    CHECK_INT(suite->ops->read_state(test.store, "two", &bytes, &size, NULL), LS_OK);
    CHECK_INT(size, 0);
    CHECK(bytes != NULL);
    ls_free(bytes);
    close_store(&test);
}

static void check_events(opened *test, const char *kind, int64_t from_us, int64_t to_us,
                         const char *expected) {
    ls_buffer out;
    ls_buffer_init(&out);
    CHECK_INT(suite->ops->read_events(test->store, kind, from_us, to_us, tell_event, &out, NULL),
              LS_OK);
    CHECK_STR(out.data != NULL ? out.data : "", expected);
    ls_buffer_clear(&out);
}

static void test_events_come_by_time_and_kind(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const ls_happened events[] = {
        {.time_us = 30, .kind = "gap", .subject = "s", .text = "t", .json = "{}", .number = 1},
        {.time_us = 10, .kind = "drift", .subject = "", .text = "'; drop", .json = "", .number = 2},
        {.time_us = 10, .kind = "gap", .subject = "", .text = "", .json = "", .number = 3},
    };
    write_batch(&test, &(ls_store_batch){.events = events, .event_count = 3});
    check_events(&test, NULL, 10, 31,
                 "event 2 10 drift  '; drop \nevent 3 10 gap   \nevent 1 30 gap s t {}\n");
    check_events(&test, "gap", 11, 31, "event 1 30 gap s t {}\n");
    check_events(&test, "gap", 11, 30, "");
    close_store(&test);
}

static bool stop_at_three(void *context, const ls_sample *sample) {
    (void)sample;
    int *count = context;
    return ++*count < 3;
}

static void test_a_visit_may_stop_and_nest(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const uint32_t tag = add_tag(&test, "a");
    ls_sample samples[3000];
    for (int i = 0; i < 3000; i++) {
        samples[i] = real_at(tag, i, i);
    }
    write_samples(&test, tag, samples, 3000);
    int count = 0;
    CHECK_INT(
        suite->ops->read_samples(test.store, tag, 0, 3000, false, stop_at_three, &count, NULL),
        LS_OK);
    CHECK_INT(count, 3);
    check_samples(&test, tag, 2997, 3000, true, "2996=2996 2997=2997 2998=2998 2999=2999 ");
    close_store(&test);
}

static bool take_rollup(void *context, const ls_rollup *rollup) {
    ls_buffer_printf(context, "%g+%g n=%d first=%g last=%g min=%g max=%g sum=%g area=%g held=%g%s|",
                     (double)rollup->start_us / 1e6, (double)rollup->width_us / 1e6,
                     (int)rollup->count, rollup->first, rollup->last, rollup->min, rollup->max,
                     rollup->sum, rollup->area, (double)rollup->held_us / 1e6,
                     rollup->holds ? " holds" : "");
    return true;
}

static void check_rollups(opened *test, uint32_t tag, int64_t from_us, const char *expected) {
    ls_buffer out;
    int64_t until_us = 0;
    ls_buffer_init(&out);
    CHECK_INT(suite->ops->read_rollups(test->store, tag, from_us, INT64_MAX, take_rollup, &out,
                                       &until_us, NULL),
              LS_OK);
    CHECK_STR(out.data != NULL ? out.data : "", expected);
    ls_buffer_clear(&out);
}

static void retain_all(opened *test, const ls_history_keep *keep, int64_t now_us) {
    bool more = true;
    for (int i = 0; more && i < 100000; i++) {
        CHECK_INT(suite->ops->retain(test->store, keep, 2, now_us, &more, NULL), LS_OK);
    }
    CHECK(!more);
}

static void test_old_samples_become_rollups(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    test.def.block_points = 4;
    close_store(&test);
    open_again(&test);
    const uint32_t a = add_tag(&test, "rolled/a");
    const uint32_t b = add_tag(&test, "kept/b");
    ls_sample samples[12];
    for (int i = 0; i < 12; i++) {  // every 5 s, 12 of them: a minute
        samples[i] = real_at(a, i * 5 * LS_US_PER_S, i);
    }
    samples[1].quality = LS_QUALITY_BAD;  // ends the holding of the first after 5 s
    write_samples(&test, a, samples, 12);
    write_samples(&test, b, samples, 12);
    const ls_history_keep keep[] = {
        {.tags = "rolled/**",
         .raw_us = 10 * LS_US_PER_S,
         .rollup_us = 20 * LS_US_PER_S,
         .rollup_keep_us = 1000 * LS_US_PER_S},
        {.tags = "**", .raw_us = INT64_MAX},
    };
    retain_all(&test, keep, 55 * LS_US_PER_S);  // cutoff at 45 s, so at 40 s
    check_rollups(&test, a, 0,
                  "0+20 n=3 first=0 last=3 min=0 max=3 sum=5 area=25 held=15 holds|"
                  "20+20 n=4 first=4 last=7 min=4 max=7 sum=22 area=110 held=20 holds|");
    check_rollups(&test, a, 20 * LS_US_PER_S,
                  "0+20 n=3 first=0 last=3 min=0 max=3 sum=5 area=25 held=15 holds|"
                  "20+20 n=4 first=4 last=7 min=4 max=7 sum=22 area=110 held=20 holds|");
    check_rollups(&test, b, 0, "");
    check_samples(&test, a, 0, 51 * LS_US_PER_S, true, "40000000=8 45000000=9 50000000=10 ");
    check_samples(&test, b, 0, 6 * LS_US_PER_S, true, "0=0 5000000=1 ");
    // Later than what is kept: not seen. The next time goes on where the last one ended.
    write_samples(&test, a, samples, 1);
    check_samples(&test, a, 0, 41 * LS_US_PER_S, true, "40000000=8 ");
    const ls_sample late[] = {real_at(a, 100 * LS_US_PER_S, 50), real_at(a, 101 * LS_US_PER_S, 51),
                              real_at(a, 102 * LS_US_PER_S, 52), real_at(a, 103 * LS_US_PER_S, 53),
                              real_at(a, 300 * LS_US_PER_S, 54)};
    write_samples(&test, a, late, 5);
    retain_all(&test, keep, 295 * LS_US_PER_S);
    check_rollups(&test, a, 40 * LS_US_PER_S,
                  "20+20 n=4 first=4 last=7 min=4 max=7 sum=22 area=110 held=20 holds|"
                  "40+20 n=4 first=8 last=11 min=8 max=11 sum=38 area=190 held=20 holds|"
                  "100+20 n=4 first=50 last=53 min=50 max=53 sum=206 area=1054 held=20 holds|");
    check_samples(&test, a, 0, INT64_MAX, true, "300000000=54 ");
    retain_all(&test, keep, 1030 * LS_US_PER_S);  // roll-ups older than 30 s go
    check_rollups(&test, a, 0,
                  "40+20 n=4 first=8 last=11 min=8 max=11 sum=38 area=190 held=20 holds|"
                  "100+20 n=4 first=50 last=53 min=50 max=53 sum=206 area=1054 held=20 holds|"
                  "300+20 n=1 first=54 last=54 min=54 max=54 sum=54 area=1080 held=20 holds|");
    close_store(&test);
}

static void test_figures_of_a_tag(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const uint32_t tag = add_tag(&test, "a");
    const ls_sample samples[] = {real_at(tag, -10, 1), real_at(tag, 20, 2)};
    ls_tag_figures figures;
    write_samples(&test, tag, samples, 2);
    CHECK_INT(suite->ops->tag_figures(test.store, tag, &figures, NULL), LS_OK);
    CHECK_INT(figures.samples, 2);
    CHECK_INT(figures.first_us, -10);
    CHECK_INT(figures.last_us, 20);
    CHECK_INT(suite->ops->tag_figures(test.store, tag + 1, &figures, NULL), LS_OK);
    CHECK_INT(figures.samples, 0);
    close_store(&test);
}

static void test_times_at_the_ends_of_what_is_possible(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const uint32_t tag = add_tag(&test, "a");
    const ls_sample samples[] = {real_at(tag, INT64_MIN, 1), real_at(tag, 0, 2),
                                 real_at(tag, INT64_MAX - 1, 3)};
    write_samples(&test, tag, samples, 3);
    check_samples(&test, tag, INT64_MIN, INT64_MAX, true,
                  "-9223372036854775808=1 0=2 9223372036854775806=3 ");
    close_store(&test);
}

// Whatever allocation fails: an error, nothing half written, and the next call works.
static void test_every_allocation_may_fail(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const uint32_t tag = add_tag(&test, "a");
    ls_sample samples[20];
    for (int i = 0; i < 20; i++) {
        samples[i] = real_at(tag, i, i);
        samples[i].kind = LS_VALUE_TEXT;
        samples[i].value.text = "word";
        samples[i].size = 4;
    }
    const ls_series series = {.tag = tag, .samples = samples, .count = 20};
    const ls_store_batch batch = {.series = &series, .series_count = 1, .log_position = 5};
    ls_status status = LS_ERR_MEMORY;
    for (int64_t n = 0; n < 1000 && status != LS_OK; n++) {
        ls_error err = {0};
        ls_alloc_fail_after(n);
        status = suite->ops->write(test.store, &batch, &err);
        ls_alloc_fail_after(-1);
        CHECK_INT(err.status, status);
        uint64_t position = 0;
        CHECK_INT(suite->ops->log_position(test.store, &position, NULL), LS_OK);
        CHECK_INT(position, status == LS_OK ? 5 : 0);
    }
    CHECK_INT(status, LS_OK);
    write_samples(&test, tag, samples, 20);
    ls_history_figures figures;
    CHECK_INT(suite->ops->figures(test.store, &figures, NULL), LS_OK);
    CHECK_INT(figures.samples, 20);
    close_store(&test);
}

static void test_a_slow_tag_does_not_cost_a_block_each_time(void) {
    opened test;
    if (!open_fresh(&test)) {
        return;
    }
    const uint32_t tag = add_tag(&test, "a");
    for (int i = 0; i < 600; i++) {
        const ls_sample sample = real_at(tag, i * 1000, i);
        write_samples(&test, tag, &sample, 1);
    }
    ls_tag_figures figures;
    CHECK_INT(suite->ops->tag_figures(test.store, tag, &figures, NULL), LS_OK);
    CHECK_INT(figures.samples, 600);
    CHECK(figures.blocks <= 10);
    close_store(&test);
}

void store_suite_run(const store_suite *which) {
    suite = which;
    TEST(test_empty_store_has_nothing);
    TEST(test_a_range_is_half_open_and_before_comes_first);
    TEST(test_late_samples_find_their_place_and_doubles_are_dropped);
    TEST(test_samples_of_one_time_stay_in_the_order_heard);
    TEST(test_every_bit_of_every_kind_comes_back);
    TEST(test_tags_keep_number_kind_and_unit);
    TEST(test_states_are_replaced_whole);
    TEST(test_events_come_by_time_and_kind);
    TEST(test_a_visit_may_stop_and_nest);
    TEST(test_old_samples_become_rollups);
    TEST(test_figures_of_a_tag);
    TEST(test_times_at_the_ends_of_what_is_possible);
    TEST(test_every_allocation_may_fail);
    TEST(test_a_slow_tag_does_not_cost_a_block_each_time);
}
