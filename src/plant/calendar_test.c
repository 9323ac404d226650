// calendar_test.c - weekly patterns against a slow obvious reading, minute by minute.
#include "plant/calendar.h"

#include "base/units.h"
#include "plant/testing/plants.h"

#define MIN_US (60 * LS_US_PER_S)

static bool is_on(const ls_plant *p, uint32_t calendar, int64_t at_us) {
    const ls_calendar *c = &p->calendars[calendar];
    const int64_t *times = p->times + c->transition_at;
    bool on = c->on_first;
    if (c->transition_count == 0) {
        return on;
    }
    int64_t at = at_us;
    const int64_t last = times[c->transition_count - 1];
    while (c->cycle_us > 0 && at >= last + 1) {
        at -= c->cycle_us;
    }
    if (c->cycle_us > 0 && at != at_us && c->cycle_at > 0 && at < times[c->cycle_at - 1]) {
        at += c->cycle_us;
    }
    for (uint32_t i = 0; i < c->transition_count && times[i] <= at; i++) {
        on = !on;
    }
    return on;
}

static ls_plant *plant_with(const char *start, const char *calendar) {
    char text[1024];
    snprintf(
        text, sizeof text,
        "plant: p\nstart: %s\ncalendars: {c: {%s}}\nstations: {a: {process: 1 min, calendar: c}}\n"
        "products: {x: {route: [a], release: {every: 1 h}}}\n",
        start, calendar);
    return test_good(text);
}

static void test_a_week_of_two_shifts(void) {
    // 2026-01-05 is a Monday.
    ls_plant *p = plant_with("2026-01-05T00:00", "mon-fri: \"06:00-14:00 14:00-22:00\"");
    if (p == NULL) {
        return;
    }
    const ls_calendar *c = &p->calendars[0];
    CHECK_INT(c->on_first, false);
    CHECK_INT(c->transition_count, 10);
    CHECK_INT(c->cycle_at, 0);
    CHECK_INT(c->cycle_us, 7 * LS_US_PER_DAY);
    CHECK_INT(p->times[0], 6 * LS_US_PER_HOUR);
    CHECK_INT(p->times[1], 22 * LS_US_PER_HOUR);
    CHECK_NEAR(c->share, 80.0 / 168.0, 1e-12);
    ls_plant_destroy(p);
}

static void test_always_on_never_changes(void) {
    ls_plant *p = plant_with("2026-01-05", "daily: \"00:00-24:00\"");
    if (p != NULL) {
        CHECK_INT(p->calendars[0].on_first, true);
        CHECK_INT(p->calendars[0].transition_count, 0);
        CHECK_INT(p->calendars[0].cycle_us, 0);
        CHECK_NEAR(p->calendars[0].share, 1, 0);
    }
    ls_plant_destroy(p);
}

static void test_a_night_shift_runs_into_the_holiday(void) {
    // Thursday the 8th is a holiday: Wednesday's night works until 06:00, Thursday's does not
    // begin.
    ls_plant *p = plant_with("2026-01-05T00:00",
                             "mon-fri: \"22:00-06:00\", holidays: [2026-01-08]");
    if (p == NULL) {
        return;
    }
    const int64_t thursday = 3 * LS_US_PER_DAY;
    CHECK(is_on(p, 0, thursday + 5 * LS_US_PER_HOUR));
    CHECK(!is_on(p, 0, thursday + 7 * LS_US_PER_HOUR));
    CHECK(!is_on(p, 0, thursday + 23 * LS_US_PER_HOUR));
    CHECK(!is_on(p, 0, thursday + 25 * LS_US_PER_HOUR));
    CHECK(is_on(p, 0, thursday + 7 * LS_US_PER_DAY + 23 * LS_US_PER_HOUR));
    CHECK_NEAR(p->calendars[0].share, 40.0 / 168.0, 1e-12);
    ls_plant_destroy(p);
}

static void test_a_start_within_a_span(void) {
    ls_plant *p = plant_with("2026-01-05T03:00", "mon: \"22:00-06:00\", sun: \"22:00-06:00\"");
    if (p != NULL) {
        CHECK_INT(p->calendars[0].on_first, true);  // Sunday's night
        CHECK_INT(p->times[0], 3 * LS_US_PER_HOUR);
    }
    ls_plant_destroy(p);
}

// The pattern read slowly: is this minute inside a span of its day or the day before, and in no
// break?
typedef struct slow {
    int from[7], to[7];  // minutes; to may be over 1440; from < 0: off
    int break_from, break_to;
    int holidays[4];  // days since the Monday before time zero; -100: none
} slow;

static bool slow_on(const slow *s, int minute) {
    const int day = minute / 1440;
    const int clock = minute % 1440;
    for (int b = 0; b < 2; b++) {
        if (clock + b * 1440 >= s->break_from && clock + b * 1440 < s->break_to) {
            return false;
        }
    }
    for (int back = 0; back < 2; back++) {
        const int d = day - back;
        bool holiday = false;
        for (int h = 0; h < 4; h++) {
            holiday = holiday || s->holidays[h] == d;
        }
        const int weekday = ((d % 7) + 7) % 7;
        const int at = clock + back * 1440;
        if (!holiday && s->from[weekday] >= 0 && at >= s->from[weekday] && at < s->to[weekday]) {
            return true;
        }
    }
    return false;
}

static uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void make_slow(slow *s, uint32_t *state) {
    for (int d = 0; d < 7; d++) {
        s->from[d] = next_random(state) % 4 == 0 ? -1 : (int)(next_random(state) % 96) * 15;
        s->to[d] = s->from[d] + 15 + (int)(next_random(state) % 95) * 15;
    }
    s->from[2] = s->from[2] < 0 ? 600 : s->from[2];
    s->to[2] = s->to[2] <= s->from[2] ? s->from[2] + 300 : s->to[2];
    s->break_from = (int)(next_random(state) % 96) * 15;
    s->break_to = s->break_from + 15 + (int)(next_random(state) % 8) * 15;
    for (int h = 0; h < 4; h++) {
        const int day = (int)(next_random(state) % 20) - 1;
        s->holidays[h] = day < 0 ? -100 : day;
    }
}

static void put_clock(ls_buffer *out, int minute) {
    ls_buffer_printf(out, "%02d:%02d", minute % 1440 / 60, minute % 60);
}

static void put_slow(ls_buffer *out, const slow *s) {
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (int d = 0; d < 7; d++) {
        if (s->from[d] >= 0) {
            ls_buffer_printf(out, "%s: \"", names[d]);
            put_clock(out, s->from[d]);
            ls_buffer_text(out, "-");
            put_clock(out, s->to[d]);
            ls_buffer_text(out, "\", ");
        }
    }
    ls_buffer_text(out, "breaks: \"");
    put_clock(out, s->break_from);
    ls_buffer_text(out, "-");
    put_clock(out, s->break_to);
    ls_buffer_text(out, "\", holidays: [2025-01-01");
    for (int h = 0; h < 4; h++) {
        if (s->holidays[h] >= 0) {
            char date[64];
            int64_t us = 0;
            CHECK_INT(ls_units_date("2026-01-05", &us, NULL), LS_OK);
            ls_units_print_date(us + s->holidays[h] * LS_US_PER_DAY, date, sizeof date);
            ls_buffer_printf(out, ", %.10s", date);
        }
    }
    ls_buffer_text(out, "]");
}

static void test_random_patterns_agree_with_the_slow_reading(void) {
    uint32_t state = 12345;
    for (int round = 0; round < 60 && !harness_has_failed(); round++) {
        slow s;
        ls_buffer text;
        ls_buffer_init(&text);
        make_slow(&s, &state);
        put_slow(&text, &s);
        const int start = (int)(next_random(&state) % (7 * 96)) * 15;
        char start_text[64];
        int64_t monday = 0;
        CHECK_INT(ls_units_date("2026-01-05", &monday, NULL), LS_OK);
        ls_units_print_date(monday + start * MIN_US, start_text, sizeof start_text);
        ls_plant *p = plant_with(start_text, text.data);
        // Seven weeks: beyond the last holiday and several cycles.
        for (int minute = start; p != NULL && minute < start + 7 * 7 * 1440; minute += 15) {
            harness_note("round %d minute %d: %s from %s", round, minute, text.data, start_text);
            if (is_on(p, 0, (minute - start) * MIN_US) != slow_on(&s, minute)) {
                CHECK_INT(is_on(p, 0, (minute - start) * MIN_US), slow_on(&s, minute));
                break;
            }
        }
        ls_plant_destroy(p);
        ls_buffer_clear(&text);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_week_of_two_shifts);
    TEST(test_always_on_never_changes);
    TEST(test_a_night_shift_runs_into_the_holiday);
    TEST(test_a_start_within_a_span);
    TEST(test_random_patterns_agree_with_the_slow_reading);
    return harness_report();
}
