// intake_test.c - what is heard is kept, then understood, then followed; and what is not.
#include "loop/intake.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#include "loop/testing/bench.h"
#include "tests/harness.h"

static int64_t now_of(const bench *b) {
    return b->intake.running.follow != NULL ? ls_follow_now(b->intake.running.follow) : -1;
}

static void test_a_signal_is_kept_and_moves_the_twin(void) {
    bench b;
    bench_open(&b, "");
    CHECK(b.intake.running.follow == NULL);
    CHECK(bench_text(&b, "g/n/line/Released", 100, "L1 product=x"));
    CHECK(bench_text(&b, "g/n/saw-1/Lots", 110, "L1"));
    CHECK(bench_number(&b, "g/n/saw-1/State", 110, 6));
    CHECK_INT(now_of(&b), 110 * BENCH_S);
    CHECK_INT(b.intake.figures.samples, 3);
    CHECK_INT(b.intake.figures.batches, 3);
    CHECK_INT(ls_follow_describe(b.intake.running.follow).lots, 1);
    CHECK_INT(bench_kept(&b), 3);
    bench_close(&b);
}

// A log that may not grow stands for a full disk.
static void test_what_is_not_kept_has_not_been_heard(void) {
    bench b;
    bench_open(&b, "");
    ls_error err = {0};
    CHECK_INT(ls_history_close(b.intake.history, &err), LS_OK);
    ls_history_def def = ls_history_def_default();
    def.store = b.folder;
    def.log_bytes_max = 1;
    CHECK_INT(ls_history_open(&def, b.tags, &b.intake.history, &err), LS_OK);
    harness_note("%s", err.text);
    CHECK(!bench_text(&b, "g/n/line/Released", 100, "L1 product=x"));
    CHECK(!bench_text(&b, "g/n/line/Released", 101, "L2 product=x"));
    CHECK(b.intake.running.follow == NULL);
    CHECK_INT(b.intake.figures.refused, 2);
    CHECK_INT(b.intake.figures.samples, 0);
    CHECK(isnan(ls_intake_quantile(&b.intake.figures, 0.5)));
    bench_close(&b);
}

static void test_times_taken_are_counted_by_bucket(void) {
    bench b;
    bench_open(&b, "");
    for (int i = 0; i < 100; i++) {
        CHECK(bench_number(&b, "g/n/saw-1/State", i, i % 2 == 0 ? 6 : 4));
    }
    uint64_t all = 0;
    for (int i = 0; i < LS_INTAKE_BUCKETS; i++) {
        all += b.intake.figures.buckets[i];
        CHECK(i == 0 || ls_intake_bucket_bound(i) > ls_intake_bucket_bound(i - 1));
    }
    CHECK_INT(all, 100);
    CHECK(isinf(ls_intake_bucket_bound(LS_INTAKE_BUCKETS - 1)));
    const double half = ls_intake_quantile(&b.intake.figures, 0.5);
    const double most = ls_intake_quantile(&b.intake.figures, 1.0);
    CHECK(half > 0.0 && half <= most);
    CHECK(b.intake.figures.seconds > 0.0 && b.intake.figures.seconds <= 100 * most);
    bench_close(&b);
}

static void test_quantiles_are_bounds_of_buckets(void) {
    ls_intake_figures figures = {0};
    CHECK(isnan(ls_intake_quantile(&figures, 0.5)));
    figures.buckets[4] = 99;  // up to 1 us
    figures.buckets[9] = 1;   // up to 32 us
    CHECK_NEAR(ls_intake_quantile(&figures, 0.5), 1e-6, 1e-12);
    CHECK_NEAR(ls_intake_quantile(&figures, 0.99), 1e-6, 1e-12);
    CHECK_NEAR(ls_intake_quantile(&figures, 0.995), 32e-6, 1e-12);
}

// The line's stamps are of 1999; ours are of now.
static void test_with_the_clock_of_arrival_stamps_do_not_count(void) {
    bench b;
    bench_open(&b, "  clock: arrival\n");
    CHECK(bench_number(&b, "g/n/saw-1/State", -27.0 * 365 * 86400, 6));
    CHECK(b.intake.running.follow != NULL);
    const int64_t ours = b.intake.figures.last_heard_us - b.zero_us;
    CHECK(now_of(&b) == ours);
    CHECK(b.intake.figures.newest_us == b.intake.figures.last_heard_us);
    bench_close(&b);
}

// A thermometer with a clock of its own, years ahead, says nothing of the line's present; one that
// is a little ahead does.
static void test_other_clocks_do_not_move_the_twin(void) {
    bench b;
    bench_open(&b, "");
    CHECK(bench_number(&b, "g/n/saw-1/State", 100, 6));
    CHECK(bench_number(&b, "other/heat", 3.0 * 365 * 86400, 20));
    CHECK_INT(now_of(&b), 100 * BENCH_S);
    CHECK(b.intake.figures.newest_us == b.zero_us + 100 * BENCH_S);
    CHECK(bench_number(&b, "other/heat", 130, 20));
    CHECK(b.intake.figures.newest_us == b.zero_us + 130 * BENCH_S);
    CHECK_INT(bench_kept(&b), 3);
    bench_close(&b);
}

// Our clock says when silence was noticed, and may be far from the line's.
static void test_silence_is_dated_by_the_line(void) {
    bench b;
    bench_open(&b, "");
    CHECK(bench_number(&b, "g/n/saw-1/State", 100, 6));
    CHECK(bench_say(
        &b, "g/n/saw-1/State", 500.0 * 86400,
        (ls_sample){.kind = LS_VALUE_INT, .quality = LS_QUALITY_STALE, .value.integer = 6}));
    CHECK_INT(now_of(&b), 100 * BENCH_S);
    const ls_follow_figures figures = ls_follow_describe(b.intake.running.follow);
    CHECK_INT(figures.machines_stale, 1);
    CHECK_INT(figures.divergences[LS_DIVERGE_CLOCK], 0);
    bench_close(&b);
}

// Kept while the broker was away and sent later: for the history, not for the present.
static void test_what_is_sent_late_on_purpose_is_kept_alone(void) {
    bench b;
    bench_open(&b, "");
    CHECK(bench_number(&b, "g/n/saw-1/State", 100000, 6));
    ls_sample late = {.kind = LS_VALUE_INT, .flags = LS_SAMPLE_HISTORICAL, .value.integer = 4};
    CHECK(bench_say(&b, "g/n/saw-1/State", 500, late));
    CHECK_INT(b.intake.figures.historical, 1);
    CHECK_INT(ls_follow_describe(b.intake.running.follow).divergences[LS_DIVERGE_LATE], 0);
    CHECK_INT(bench_kept(&b), 2);
    bench_close(&b);
}

static int orders;
static void take_order(void *context, const ls_sample *sample) {
    (void)context;
    orders += sample->kind == LS_VALUE_TEXT && sample->size == 3;
}

static void test_orders_go_to_the_desk(void) {
    bench b;
    bench_open(&b, "");
    b.intake.order = take_order;
    orders = 0;
    CHECK(bench_text(&b, "g/n/line/Order", 5, "a=b"));
    CHECK_INT(orders, 1);
    CHECK(b.intake.running.follow == NULL);
    CHECK_INT(bench_kept(&b), 1);
    bench_close(&b);
}

static int notices;
static void take_notice(void *context, const ls_notice *notice) {
    (void)context;
    notices += notice->kind == LS_NOTICE_GAP;
}

static void test_notices_are_handed_on(void) {
    bench b;
    bench_open(&b, "");
    const ls_notice notice = {.kind = LS_NOTICE_GAP, .subject = "g/n", .text = "one is missing"};
    b.sink.noticed(b.sink.context, &notice);  // nobody listens
    b.intake.noticed = take_notice;
    b.sink.noticed(b.sink.context, &notice);
    CHECK_INT(notices, 1);
    bench_close(&b);
}

// ---- threads

enum { THREADS = 4, EACH = 500 };

typedef struct speaker {
    pthread_t thread;
    bench *b;
    uint32_t tag;
    int taken;
} speaker;

static void *speak(void *context) {
    speaker *s = context;
    for (int i = 0; i < EACH; i++) {
        const ls_sample sample = {.tag = s->tag,
                                  .time_us = s->b->zero_us + i * BENCH_S,
                                  .kind = LS_VALUE_INT,
                                  .value.integer = i % 2 == 0 ? 6 : 4};
        s->taken += s->b->sink.heard(s->b->sink.context, &sample, 1);
    }
    return NULL;
}

static void test_several_drivers_speak_at_once(void) {
    static const char *const tags[THREADS] = {"g/n/saw-1/State", "g/n/saw-2/State",
                                              "g/n/pack/State", "other/heat"};
    bench b;
    speaker speakers[THREADS];
    bench_open(&b, "");
    for (int i = 0; i < THREADS; i++) {
        speakers[i] = (speaker){.b = &b};
        CHECK_INT(ls_tags_add(b.tags, tags[i], strlen(tags[i]), &speakers[i].tag, NULL), LS_OK);
        CHECK_INT(pthread_create(&speakers[i].thread, NULL, speak, speakers + i), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(speakers[i].thread, NULL);
        CHECK_INT(speakers[i].taken, EACH);
    }
    CHECK_INT(b.intake.figures.samples, THREADS * EACH);
    CHECK_INT(bench_kept(&b), THREADS * EACH);
    bench_close(&b);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_signal_is_kept_and_moves_the_twin);
    TEST(test_what_is_not_kept_has_not_been_heard);
    TEST(test_times_taken_are_counted_by_bucket);
    TEST(test_quantiles_are_bounds_of_buckets);
    TEST(test_with_the_clock_of_arrival_stamps_do_not_count);
    TEST(test_other_clocks_do_not_move_the_twin);
    TEST(test_silence_is_dated_by_the_line);
    TEST(test_what_is_sent_late_on_purpose_is_kept_alone);
    TEST(test_orders_go_to_the_desk);
    TEST(test_notices_are_handed_on);
    TEST(test_several_drivers_speak_at_once);
    return harness_report();
}
