// features_test.c - features in service are those of training, bit for bit, and what they say they
// are.
#include "model/features.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "tests/harness.h"

enum { TAGS = 3, SAMPLES = 4000, OUT_MAX = 256 };
static const int64_t windows[] = {60000000, 600000000};
static const char *const tags[TAGS] = {"spindle/power", "spindle/temperature", "진동"};
static const uint32_t all_kinds = (1U << LS_FEATURE_KINDS) - 1;
// A Monday in 2026, so that moments are as large as they will be.
#define BEGIN INT64_C(1767592800000000)

typedef struct sample {
    uint32_t tag;
    int64_t time_us;
    double value;
} sample;

static uint64_t next_random(uint64_t *state) {  // splitmix64
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static double share(uint64_t *state) {
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

// Samples of three tags: one often, one seldom with gaps and repeated values, one on whole seconds
// with holes.
static void make(sample *out, uint64_t seed) {
    int64_t now = BEGIN;
    for (int i = 0; i < SAMPLES; i++) {
        const double gap = share(&seed);
        now += (int64_t)(gap * gap * 2.0e6) + (i % 400 == 399 ? 400000000 : 0);
        out[i].tag = (uint32_t)(next_random(&seed) % TAGS);
        now = out[i].tag == 2 ? (now / 1000000 + 1) * 1000000 : now;
        out[i].time_us = now;
        out[i].value = share(&seed) * 10.0 + (double)i * 0.01;
        if (out[i].tag == 1) {
            out[i].value = floor(out[i].value);
        }
        if (next_random(&seed) % 20 == 0) {
            out[i].value = (double)NAN;
        }
    }
}

static ls_features *create(void) {
    ls_features *f = NULL;
    ls_error err = {0};
    const ls_features_def def = {.tags = tags,
                                 .tag_count = TAGS,
                                 .windows_us = windows,
                                 .window_count = 2,
                                 .kinds = all_kinds};
    CHECK_INT(ls_features_create(&def, &f, &err), LS_OK);
    CHECK_STR(err.text, "");
    return f;
}

static void hear_all(ls_features *f, const sample *s, int from, int to) {
    for (int i = from; i < to; i++) {
        CHECK(ls_features_hear(f, s[i].tag, s[i].time_us, s[i].value));
    }
}

static int64_t latest(const sample *s, int count) {
    int64_t most = BEGIN;
    for (int i = 0; i < count; i++) {
        most = s[i].time_us > most ? s[i].time_us : most;
    }
    return most;
}

// The first sample from which an engine knows all of two windows before `now` of every tag.
static int enough(const sample *s, int count, int64_t now) {
    const int64_t begin = now - 2 * windows[1] - windows[1] / LS_FEATURE_PANES;
    int seen[TAGS] = {0}, all = 0;
    for (int i = count; i-- > 0;) {
        if (s[i].time_us < begin && seen[s[i].tag] == 0) {
            seen[s[i].tag] = 1;
            all++;
        }
        if (all == TAGS) {
            return i;
        }
    }
    return 0;
}

static void test_training_and_service_see_the_same_bits(void) {
    static sample s[SAMPLES];
    float asked[OUT_MAX], once[OUT_MAX], late[OUT_MAX];
    int compared = 0;
    make(s, 7);
    // Service: asks all the time. Training: a new engine for each moment asks once. Restarted: one
    // that has heard only what two windows need.
    ls_features *service = create(), *training = create(), *restarted = create();
    const uint32_t count = ls_features_count(service);
    uint64_t seed = 99;
    int heard = 0;
    for (int i = 50; i < SAMPLES; i += 1 + (int)(next_random(&seed) % 80)) {
        hear_all(service, s, heard, i);
        heard = i;
        // Not beyond the next sample, so that none comes late.
        int64_t now = latest(s, i);
        const int64_t room = s[i].time_us - now;
        for (int again = 0; again < 3; again++) {
            ls_features_ask(service, now, asked);
        }
        now += room > 0 ? (int64_t)(share(&seed) * (double)room) : 0;
        ls_features_ask(service, now, asked);
        ls_features_reset(training);
        hear_all(training, s, 0, i);
        ls_features_ask(training, now, once);
        CHECK_BYTES(asked, once, count * sizeof(float));
        ls_features_reset(restarted);
        hear_all(restarted, s, enough(s, i, now), i);
        ls_features_ask(restarted, now, late);
        CHECK_BYTES(asked, late, count * sizeof(float));
        compared++;
        if (harness_has_failed()) {
            break;
        }
    }
    CHECK(compared > 50);
    ls_features_destroy(service);
    ls_features_destroy(training);
    ls_features_destroy(restarted);
}

// The slow and obvious way: the held signal of one tag, millisecond by millisecond.
static void test_figures_are_what_they_say(void) {
    ls_features *f = create();
    const double values[] = {2.0, 5.0, (double)NAN, 3.0};
    const int64_t at_s[] = {0, 700, 730, 740};
    const int64_t now_s = 760;
    for (int i = 0; i < 4; i++) {
        CHECK(ls_features_hear(f, 0, BEGIN + at_s[i] * 1000000, values[i]));
    }
    CHECK(!ls_features_hear(f, 0, BEGIN, 1.0));  // it is later
    float out[OUT_MAX];
    ls_features_ask(f, BEGIN + now_s * 1000000, out);
    const int64_t pane = windows[0] / LS_FEATURE_PANES;
    const int64_t now = BEGIN + now_s * 1000000;
    const int64_t first = (now / pane - LS_FEATURE_PANES + 1) * pane;
    double w = 0, v = 0, t = 0;
    for (int64_t us = first; us < now; us += 1000) {
        const double s = (double)(us - BEGIN) * 1e-6;
        const double held = s < 700 ? 2.0 : s < 730 ? 5.0 : s < 740 ? (double)NAN : 3.0;
        if (!isnan(held)) {
            w += 1;
            v += held;
            t += s;
        }
    }
    v /= w;
    t /= w;
    double vv = 0, tv = 0, tt = 0;
    for (int64_t us = first; us < now; us += 1000) {
        const double s = (double)(us - BEGIN) * 1e-6;
        const double held = s < 700 ? 2.0 : s < 730 ? 5.0 : s < 740 ? (double)NAN : 3.0;
        if (!isnan(held)) {
            vv += (held - v) * (held - v);
            tv += (held - v) * (s - t);
            tt += (s - t) * (s - t);
        }
    }
    const struct {
        const char *name;
        double value, tolerance;
    } expected[] = {
        {"spindle/power last", 3.0, 0.0},
        {"spindle/power mean 1min", v, 1e-3},
        {"spindle/power std 1min", sqrt(vv / w), 1e-3},
        {"spindle/power min 1min", 3.0, 0.0},
        {"spindle/power max 1min", 5.0, 0.0},
        {"spindle/power slope 1min", tv / tt, 1e-4},
        {"spindle/power count 1min", 1.0, 0.0},
        {"spindle/power since 1min", 20.0, 0.0},
        {"spindle/power still 1min", 20.0, 0.0},
        {"spindle/power missing 1min", 1.0 - w * 1000.0 / (double)(now - first), 1e-4},
        {"spindle/power before 1min", 2.0, 0.1},
        {"spindle/power min 10min", 2.0, 0.0},
        {"spindle/power since 10min", 20.0, 0.0},
        {"spindle/temperature missing 1min", 1.0, 0.0},
        {"spindle/temperature since 1min", 60.0, 0.0},
    };
    int found = 0;
    for (uint32_t i = 0; i < ls_features_count(f); i++) {
        for (size_t k = 0; k < sizeof expected / sizeof expected[0]; k++) {
            if (strcmp(ls_features_name(f, i), expected[k].name) == 0) {
                harness_note("%s", expected[k].name);
                if (strstr(expected[k].name, "count") != NULL) {
                    CHECK(out[i] == 1.0F || out[i] == 2.0F);  // the bad one does not count
                } else if (strstr(expected[k].name, "before") != NULL) {
                    CHECK(out[i] >= 2.0F && out[i] <= 2.1F);
                } else {
                    CHECK_NEAR(out[i], expected[k].value, expected[k].tolerance + 1e-6);
                }
                found++;
            }
        }
    }
    CHECK_INT(found, sizeof expected / sizeof expected[0]);
    ls_features_destroy(f);
}

static void test_nothing_heard_is_unknown(void) {
    ls_features *f = create();
    float out[OUT_MAX];
    ls_features_ask(f, BEGIN, out);
    for (uint32_t i = 0; i < ls_features_count(f); i++) {
        const char *name = ls_features_name(f, i);
        const bool is_known = strstr(name, " count ") != NULL || strstr(name, " since ") != NULL ||
                              strstr(name, " still ") != NULL || strstr(name, " missing ") != NULL;
        harness_note("%s", name);
        CHECK_INT(!isnan(out[i]), is_known);
        CHECK_INT(ls_features_tag_of(f, i), i * TAGS / ls_features_count(f));
    }
    ls_features_destroy(f);
}

static void test_late_samples_count_from_the_moment_asked(void) {
    ls_features *f = create();
    float before[OUT_MAX], after[OUT_MAX];
    CHECK(ls_features_hear(f, 0, BEGIN, 1.0));
    ls_features_ask(f, BEGIN + 100000000, before);
    CHECK(ls_features_hear(f, 0, BEGIN + 50000000, 9.0));
    ls_features_ask(f, BEGIN + 100000000, after);
    CHECK_NEAR(after[1], before[1], 0.0);  // the mean has not changed behind anybody's back
    CHECK_NEAR(after[0], 9.0, 0.0);
    ls_features_destroy(f);
}

static void test_silences_and_far_jumps(void) {
    ls_features *f = create();
    float out[OUT_MAX];
    CHECK(ls_features_hear(f, 0, -5000000, 4.0));  // before 1970
    CHECK(ls_features_hear(f, 0, 4000000000000000, 6.0));
    ls_features_ask(f, 4000000000000000 + 3600000000, out);
    CHECK_NEAR(out[1], 6.0, 0.0);
    CHECK_NEAR(out[2], 0.0, 0.0);
    ls_features_destroy(f);
}

static void test_wrong_defs_and_no_memory(void) {
    ls_features *f = NULL;
    ls_error err;
    ls_features_def def = {.tags = tags,
                           .tag_count = TAGS,
                           .windows_us = windows,
                           .window_count = 2,
                           .kinds = all_kinds};
    for (int64_t allowed = 0; allowed < 4; allowed++) {
        ls_alloc_fail_after(allowed);
        CHECK_INT(ls_features_create(&def, &f, &err), LS_ERR_MEMORY);
        ls_alloc_fail_after(-1);
        CHECK(f == NULL);
    }
    def.kinds = 0;
    CHECK_INT(ls_features_create(&def, &f, &err), LS_ERR_INVALID);
    def.kinds = 1U << LS_FEATURE_KINDS;
    CHECK_INT(ls_features_create(&def, &f, &err), LS_ERR_INVALID);
    const int64_t short_window = 1000;
    def.kinds = 1;
    def.windows_us = &short_window;
    def.window_count = 1;
    CHECK_INT(ls_features_create(&def, &f, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "32 ms to 10 years");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_training_and_service_see_the_same_bits);
    TEST(test_figures_are_what_they_say);
    TEST(test_nothing_heard_is_unknown);
    TEST(test_late_samples_count_from_the_moment_asked);
    TEST(test_silences_and_far_jumps);
    TEST(test_wrong_defs_and_no_memory);
    return harness_report();
}
