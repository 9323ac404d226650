// calendar.c - see calendar.h.
#include "plant/calendar.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/units.h"

enum { SPAN_TEXT_MAX = 63, DAYS_OF_WEEK = 7 };
#define WEEK_US (7 * LS_US_PER_DAY)

static bool parse_clock(const char *text, size_t length, int64_t *out_us, ls_error *err) {
    char copy[SPAN_TEXT_MAX + 1];
    memcpy(copy, text, length);
    copy[length] = '\0';
    return ls_units_clock(copy, out_us, err) == LS_OK;
}

ls_status ls_calendar_spans(const char *text, ls_day_span *spans, size_t size, size_t *out_count,
                            ls_error *err) {
    size_t count = 0;
    const char *at = text + strspn(text, " ,\t");
    if (strcmp(at, "off") == 0) {
        at += 3;
    }
    while (*at != '\0') {
        const size_t length = strcspn(at, " ,\t");
        const size_t dash = strcspn(at, "-");
        ls_day_span span = {0, 0};
        if (length > SPAN_TEXT_MAX || dash >= length) {
            ls_status status = ls_fail(err, LS_ERR_INVALID, "'%.*s' is not a span of the day",
                                       (int)(length > SPAN_TEXT_MAX ? SPAN_TEXT_MAX : length), at);
            ls_hint(err, "write it as 06:00-14:00; several stand with blanks between");
            return status;
        }
        if (!parse_clock(at, dash, &span.from_us, err) ||
            !parse_clock(at + dash + 1, length - dash - 1, &span.to_us, err)) {
            return LS_ERR_INVALID;
        }
        if (span.to_us <= span.from_us) {
            span.to_us += LS_US_PER_DAY;
        }
        if (count == LS_DAY_SPANS_MAX) {
            return ls_fail(err, LS_ERR_LIMIT, "more than %d spans in one day", LS_DAY_SPANS_MAX);
        }
        if (count < size) {
            spans[count] = span;
        }
        count++;
        at += length;
        at += strspn(at, " ,\t");
    }
    if (out_count != NULL) {
        *out_count = count;
    }
    return LS_OK;
}

typedef struct span_list {
    ls_day_span *items;
    size_t count, capacity;
} span_list;

static bool span_add(span_list *list, int64_t from, int64_t to) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        ls_day_span *items = ls_realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            return false;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = (ls_day_span){from, to};
    return true;
}

static int compare_spans(const void *a, const void *b) {
    const ls_day_span *x = a;
    const ls_day_span *y = b;
    if (x->from_us != y->from_us) {
        return x->from_us < y->from_us ? -1 : 1;
    }
    return x->to_us < y->to_us ? -1 : (x->to_us > y->to_us ? 1 : 0);
}

// Sorts, and joins spans that touch.
static void span_merge(span_list *list) {
    if (list->count == 0) {
        return;
    }
    qsort(list->items, list->count, sizeof *list->items, compare_spans);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++) {
        ls_day_span *last = &list->items[kept - 1];
        if (list->items[i].from_us > last->to_us) {
            list->items[kept++] = list->items[i];
        } else if (list->items[i].to_us > last->to_us) {
            last->to_us = list->items[i].to_us;
        }
    }
    list->count = kept;
}

// on without off, both merged, into out.
static bool span_subtract(const span_list *on, const span_list *off, span_list *out) {
    size_t next = 0;
    for (size_t i = 0; i < on->count; i++) {
        int64_t from = on->items[i].from_us;
        const int64_t to = on->items[i].to_us;
        while (next < off->count && off->items[next].to_us <= from) {
            next++;
        }
        for (size_t j = next; j < off->count && off->items[j].from_us < to; j++) {
            if (off->items[j].from_us > from && !span_add(out, from, off->items[j].from_us)) {
                return false;
            }
            if (off->items[j].to_us > from) {
                from = off->items[j].to_us;
            }
        }
        if (from < to && !span_add(out, from, to)) {
            return false;
        }
    }
    return true;
}

static int64_t floor_day(int64_t us) {
    const int64_t rest = us % LS_US_PER_DAY;
    return us - (rest < 0 ? rest + LS_US_PER_DAY : rest);
}

// 1970-01-01 was a Thursday; Monday is 0.
static int weekday_of(int64_t midnight_us) {
    const int64_t day = midnight_us / LS_US_PER_DAY + 3;
    return (int)(((day % DAYS_OF_WEEK) + DAYS_OF_WEEK) % DAYS_OF_WEEK);
}

static bool is_holiday(const ls_calendar_def *def, int64_t midnight_us, size_t *next) {
    while (*next < def->holiday_count && def->holidays[*next] < midnight_us) {
        (*next)++;
    }
    return *next < def->holiday_count && def->holidays[*next] == midnight_us;
}

// All spans of the days that may touch 0 .. end_us, relative to time zero.
static bool lay_days(const ls_calendar_def *def, int64_t end_us, span_list *on, span_list *off) {
    size_t next = 0;
    const int64_t last = floor_day(def->start_us + end_us);
    for (int64_t day = floor_day(def->start_us) - 2 * LS_US_PER_DAY; day <= last;
         day += LS_US_PER_DAY) {
        const int64_t base = day - def->start_us;
        const int weekday = weekday_of(day);
        const bool is_off = is_holiday(def, day, &next);
        for (size_t i = 0; i < def->day_counts[weekday] && !is_off; i++) {
            const ls_day_span *span = &def->days[weekday][i];
            if (!span_add(on, base + span->from_us, base + span->to_us)) {
                return false;
            }
        }
        for (size_t i = 0; i < def->break_count; i++) {
            if (!span_add(off, base + def->breaks[i].from_us, base + def->breaks[i].to_us)) {
                return false;
            }
        }
    }
    span_merge(on);
    span_merge(off);
    return true;
}

static ls_status transitions_of(const span_list *spans, int64_t fixed_us, ls_calendar_result *out) {
    const int64_t end_us = fixed_us + WEEK_US;
    out->transitions = ls_alloc((2 * spans->count + 1) * sizeof *out->transitions);
    if (out->transitions == NULL) {
        return LS_ERR_MEMORY;
    }
    double on_us = 0;
    for (size_t i = 0; i < spans->count; i++) {
        const int64_t from = spans->items[i].from_us;
        const int64_t to = spans->items[i].to_us;
        if (from <= 0 && to > 0) {
            out->on_first = 1;
        }
        const int64_t edges[2] = {from, to};
        for (int e = 0; e < 2; e++) {
            if (edges[e] > 0 && edges[e] <= end_us) {
                out->transitions[out->count++] = edges[e];
            }
        }
        const int64_t low = from > fixed_us ? from : fixed_us;
        const int64_t high = to < end_us ? to : end_us;
        on_us += high > low ? (double)(high - low) : 0.0;
    }
    while (out->cycle_at < out->count && out->transitions[out->cycle_at] <= fixed_us) {
        out->cycle_at++;
    }
    out->share = on_us / (double)WEEK_US;
    // A pattern that never changes again has no cycle.
    out->cycle_us = out->cycle_at < out->count ? WEEK_US : 0;
    return LS_OK;
}

ls_status ls_calendar_lay(const ls_calendar_def *def, ls_calendar_result *out) {
    assert(def != NULL && out != NULL);
    memset(out, 0, sizeof *out);
    int64_t fixed_us = 0;
    if (def->holiday_count > 0) {
        // A span that began the day before the holiday, or would on it, may reach two days on.
        const int64_t last = def->holidays[def->holiday_count - 1] + 3 * LS_US_PER_DAY -
                             def->start_us;
        fixed_us = last > 0 ? last : 0;
    }
    span_list on = {0}, off = {0}, rest = {0};
    ls_status status = LS_ERR_MEMORY;
    if (lay_days(def, fixed_us + WEEK_US, &on, &off) && span_subtract(&on, &off, &rest)) {
        status = transitions_of(&rest, fixed_us, out);
    }
    ls_free(on.items);
    ls_free(off.items);
    ls_free(rest.items);
    return status;
}
