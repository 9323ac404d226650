// decisions_deadline_test.c - the deadline divided, by a clock of our own.
#include "loop/decisions_deadline.h"

#include "tests/harness.h"

#define MS INT64_C(1000)

static void test_filing_and_sending_have_their_part(void) {
    CHECK_INT(ls_deadline_spare_us(100 * MS, 0, 0), 12500);               // an eighth
    CHECK_INT(ls_deadline_spare_us(8 * MS, 0, 0), 2 * MS);                // at least 2 ms
    CHECK_INT(ls_deadline_spare_us(100 * MS, 3 * MS, 5 * MS), 17500);     // what came late lately
    CHECK_INT(ls_deadline_spare_us(100 * MS, 30 * MS, 5 * MS), 35 * MS);  // and a slow disk
    CHECK_INT(ls_deadline_spare_us(100 * MS, 30 * MS, 900 * MS), 50 * MS);
    CHECK_INT(ls_deadline_spare_us(1, 0, 0), 0);
}

static void test_one_search_has_all_that_is_left_since_the_event(void) {
    // The event came at 1 s; it was noticed 10 ms later.
    const ls_deadline d = ls_deadline_of(1000 * MS, 100 * MS, 12500, 1010 * MS, 1);
    CHECK_INT(d.stop_us, 1000 * MS + 100 * MS - 12500);
    CHECK(!ls_deadline_is_over(&d, d.stop_us - 1, false));
    CHECK(ls_deadline_is_over(&d, d.stop_us, false));
}

static void test_a_search_gives_way_to_news_after_half_of_its_time(void) {
    const ls_deadline d = ls_deadline_of(0, 100 * MS, 20 * MS, 0, 1);
    CHECK_INT(d.yield_us, 40 * MS);
    CHECK(!ls_deadline_is_over(&d, 40 * MS - 1, true));
    CHECK(ls_deadline_is_over(&d, 40 * MS, true));
    CHECK(!ls_deadline_is_over(&d, 40 * MS, false));
}

static void test_searches_of_one_event_share_its_deadline(void) {
    // Each takes all that it is given: the last one still ends in time.
    for (uint32_t searches = 1; searches <= 20; searches++) {
        int64_t now_us = 3 * MS;
        for (uint32_t left = searches; left > 0; left--) {
            const ls_deadline d = ls_deadline_of(0, 100 * MS, 15 * MS, now_us, left);
            CHECK(d.stop_us > now_us);
            CHECK_INT((d.stop_us - now_us) / 1000, 82 / searches);
            now_us = d.stop_us;
        }
        CHECK(now_us <= 85 * MS);
        CHECK(now_us > 85 * MS - 20);  // microseconds lost in divisions
    }
}

static void test_an_event_that_waited_too_long_gets_the_incumbent_at_once(void) {
    const ls_deadline d = ls_deadline_of(0, 100 * MS, 12500, 300 * MS, 2);
    CHECK_INT(d.stop_us, 300 * MS);
    CHECK(ls_deadline_is_over(&d, 300 * MS, false));
}

static void test_what_took_long_is_noted_at_once_and_forgotten_slowly(void) {
    int64_t lately_us = ls_deadline_learn_us(0, 10 * MS);
    CHECK_INT(lately_us, 10 * MS);
    CHECK_INT(ls_deadline_learn_us(lately_us, 15 * MS), 15 * MS);
    CHECK(ls_deadline_learn_us(lately_us, 0) < lately_us);
    CHECK(ls_deadline_learn_us(lately_us, -40 * MS) > 9 * MS);
    for (int i = 0; i < 200; i++) {
        lately_us = ls_deadline_learn_us(lately_us, 0);
    }
    CHECK(lately_us < 10 * MS / 100);
}

// A machine that loses its processor for some milliseconds now and then: searches in a row, each
// cut late by what the table says, and filing takes two milliseconds each. With what was learnt
// of the first, all later ones hold.
static void test_after_one_late_answer_the_next_ones_hold(void) {
    static const int64_t stalls_ms[] = {30, 5, 20, 29, 0, 12, 30, 3, 30};
    int64_t overshoot_us = 0, now_us = 0;
    for (int i = 0; i < 9; i++) {
        const int64_t heard_us = now_us;
        const int64_t spare_us = ls_deadline_spare_us(100 * MS, 0, overshoot_us);
        const ls_deadline d = ls_deadline_of(heard_us, 100 * MS, spare_us, now_us, 1);
        now_us = d.stop_us + stalls_ms[i] * MS;
        overshoot_us = ls_deadline_learn_us(overshoot_us, now_us - d.stop_us);
        now_us += 2 * MS;
        CHECK_INT(now_us - heard_us > 100 * MS, i == 0);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_filing_and_sending_have_their_part);
    TEST(test_one_search_has_all_that_is_left_since_the_event);
    TEST(test_a_search_gives_way_to_news_after_half_of_its_time);
    TEST(test_searches_of_one_event_share_its_deadline);
    TEST(test_an_event_that_waited_too_long_gets_the_incumbent_at_once);
    TEST(test_what_took_long_is_noted_at_once_and_forgotten_slowly);
    TEST(test_after_one_late_answer_the_next_ones_hold);
    return harness_report();
}
