// read_calendar.c - the calendars of the plant file.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "plant/calendar.h"
#include "plant/explain_values.h"
#include "plant/reader.h"

enum { DAYS = 7, HOLIDAY_YEARS_MAX = 50 };

static const char *const day_names[DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static int day_of(const char *text, size_t length) {
    for (int d = 0; d < DAYS; d++) {
        if (length == 3 && strncmp(text, day_names[d], 3) == 0) {
            return d;
        }
    }
    return -1;
}

// `mon`, `mon-fri` (may pass the end of the week), `daily`; false when it is none of these.
static bool parse_days(const char *key, bool *days) {
    memset(days, 0, DAYS * sizeof *days);
    const size_t length = strlen(key);
    if (strcmp(key, "daily") == 0) {
        memset(days, 1, DAYS * sizeof *days);
        return true;
    }
    const size_t dash = strcspn(key, "-");
    const int from = day_of(key, dash);
    const int to = dash < length ? day_of(key + dash + 1, length - dash - 1) : from;
    if (from < 0 || to < 0) {
        return false;
    }
    for (int d = from;; d = (d + 1) % DAYS) {
        days[d] = true;
        if (d == to) {
            return true;
        }
    }
}

// *is_whole turns false when the value was refused.
static ls_day_span *read_spans(ls_reader *r, const ls_yaml *value, size_t *out_count,
                               bool *is_whole) {
    ls_day_span *spans = ls_arena_alloc(&r->form.scratch, LS_DAY_SPANS_MAX * sizeof *spans);
    *out_count = 0;
    if (spans == NULL) {
        r->form.out_of_memory = true;
    } else if (ls_yaml_is_text(value) &&
               ls_calendar_spans(value->text, spans, LS_DAY_SPANS_MAX, out_count, NULL) != LS_OK) {
        *out_count = 0;
        *is_whole = false;
    }
    return spans;
}

static void read_days(ls_reader *r, const ls_yaml *map, ls_calendar_def *def, bool *is_whole) {
    const ls_yaml *given[DAYS] = {NULL};
    for (size_t i = 0; i < map->count; i++) {
        const ls_yaml *key = &map->keys[i];
        if (strcmp(key->text, "breaks") == 0 || strcmp(key->text, "holidays") == 0) {
            continue;
        }
        bool days[DAYS];
        if (!parse_days(key->text, days)) {
            const char *known[DAYS + 3];
            memcpy(known, day_names, sizeof day_names);
            known[DAYS] = "daily";
            known[DAYS + 1] = "breaks";
            known[DAYS + 2] = "holidays";
            ls_reader_mistake(r, key, ls_reader_nearest(r, key->text, known, DAYS + 3),
                              "'%s' is no day: mon ... sun, a range as mon-fri, or daily",
                              key->text);
            *is_whole = false;
            continue;
        }
        size_t count = 0;
        const ls_day_span *spans = read_spans(r, &map->items[i], &count, is_whole);
        for (int d = 0; d < DAYS; d++) {
            if (days[d] && given[d] != NULL) {
                ls_reader_mistake(r, key, NULL, "%s is given twice, by '%s' too", day_names[d],
                                  given[d]->text);
                break;
            }
            if (days[d]) {
                given[d] = key;
                def->days[d] = spans;
                def->day_counts[d] = count;
            }
        }
    }
}

static int compare_times(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return x < y ? -1 : (x > y ? 1 : 0);
}

static void read_holidays(ls_reader *r, const ls_yaml *map, ls_calendar_def *def) {
    const ls_yaml *value = ls_take(r, map, "calendars.*.holidays");
    const uint32_t many = ls_yaml_many(value);
    int64_t *days = ls_arena_alloc(&r->form.scratch, ((size_t)many + 1) * sizeof *days);
    if (days == NULL) {
        r->form.out_of_memory = true;
        return;
    }
    const int64_t latest = def->start_us + HOLIDAY_YEARS_MAX * 366 * LS_US_PER_DAY;
    size_t count = 0;
    for (uint32_t i = 0; i < many; i++) {
        const ls_yaml *item = ls_yaml_nth(value, i);
        int64_t us = 0;
        if (!ls_yaml_is_text(item) || ls_units_date(item->text, &us, NULL) != LS_OK) {
            continue;
        }
        if (us % LS_US_PER_DAY != 0) {
            ls_reader_mistake(r, item, "write it as 2026-12-24", "holiday '%s' has a time of day",
                              item->text);
        } else if (us > latest) {
            ls_reader_mistake(r, item, NULL, "holiday '%s' is more than %d years after the start",
                              item->text, HOLIDAY_YEARS_MAX);
        } else if (us >= def->start_us - 3 * LS_US_PER_DAY) {
            days[count++] = us;
        }
    }
    qsort(days, count, sizeof *days, compare_times);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || days[kept - 1] != days[i]) {
            days[kept++] = days[i];
        }
    }
    def->holidays = days;
    def->holiday_count = kept;
}

static void lay(ls_reader *r, const ls_yaml *key, const ls_calendar_def *def, bool is_whole,
                ls_calendar *calendar) {
    ls_calendar_result result;
    if (ls_calendar_lay(def, &result) != LS_OK) {
        r->form.out_of_memory = true;
        return;
    }
    if (!(result.share > 0) && is_whole) {
        ls_reader_mistake(r, key, "name at least one day, as: mon-fri: \"06:00-14:00\"",
                          "calendar '%s' is never on", key->text);
    }
    calendar->on_first = result.on_first != 0;
    calendar->transition_at = r->times.count;
    calendar->transition_count = (uint32_t)result.count;
    calendar->cycle_at = (uint32_t)result.cycle_at;
    calendar->cycle_us = result.cycle_us;
    calendar->share = result.share;
    for (size_t i = 0; i < result.count; i++) {
        *(int64_t *)ls_rows_push(r, &r->times, NULL) = result.transitions[i];
    }
    ls_free(result.transitions);
}

const char *ls_read_source(ls_reader *r, const ls_yaml *map, const char *indent) {
    ls_buffer text;
    ls_buffer_init(&text);
    for (size_t i = 0; map != NULL && i < map->count; i++) {
        const ls_yaml *value = &map->items[i];
        if (value->kind == LS_YAML_NULL) {
            continue;
        }
        ls_buffer_text(&text, indent);
        ls_put_text(&text, map->keys[i].text);
        ls_buffer_text(&text, value->kind == LS_YAML_LIST ? ": [" : ": ");
        for (uint32_t k = 0; k < ls_yaml_many(value); k++) {
            const ls_yaml *item = ls_yaml_nth(value, k);
            ls_buffer_text(&text, k > 0 ? ", " : "");
            ls_put_text(&text, ls_yaml_is_text(item) ? item->text : "");
        }
        ls_buffer_text(&text, value->kind == LS_YAML_LIST ? "]\n" : "\n");
    }
    r->form.out_of_memory = r->form.out_of_memory || text.failed;
    const char *copy = ls_reader_text(r, text.data != NULL ? text.data : "");
    ls_buffer_clear(&text);
    return copy;
}

void ls_read_calendars(ls_reader *r) {
    const ls_yaml *map = ls_take_map(r, r->form.root, "calendars");
    for (size_t i = 0; map != NULL && i < map->count && !r->form.out_of_memory; i++) {
        const ls_yaml *key = &map->keys[i];
        uint32_t index = 0;
        if (map->items[i].kind != LS_YAML_MAP ||
            ls_names_add(&r->calendar_names, 0, key->text, r->calendars.count) != LS_NONE) {
            continue;
        }
        ls_calendar_def def = {.start_us = r->plant->start_us};
        bool is_whole = true;
        read_days(r, &map->items[i], &def, &is_whole);
        def.breaks = read_spans(r, ls_take(r, &map->items[i], "calendars.*.breaks"),
                                &def.break_count, &is_whole);
        read_holidays(r, &map->items[i], &def);
        ls_calendar calendar = {.name = ls_reader_text(r, key->text),
                                .place = {key->line, key->column}};
        lay(r, key, &def, is_whole, &calendar);
        calendar.source = ls_read_source(r, &map->items[i], "    ");
        *(ls_calendar *)ls_rows_push(r, &r->calendars, &index) = calendar;
    }
}

uint32_t ls_read_calendar_name(ls_reader *r, const ls_yaml *map, const char *path) {
    const ls_yaml *value = ls_take(r, map, path);
    if (!ls_yaml_is_text(value)) {
        return LS_NONE;
    }
    return ls_reader_find(r, value, &r->calendar_names, 0, "calendar", &r->calendars,
                          offsetof(ls_calendar, name));
}
