// view_history.c - any tags over any span, as many points as a screen has columns.
//
// A column holds mean, least and greatest of its values, so that no peak is lost; a span in which
// the source was silent or said that its value is wrong is a gap, and stays one.
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/units.h"
#include "loop/view.h"
#include "loop/view_inside.h"

enum { TAGS_MAX = 16, POINTS_MAX = 2000, PATTERN_SIZE = 256, EVENTS_MAX = 500 };
static const int64_t SPAN_MAX_US = INT64_C(366) * 86400 * 1000000;

json_t *ls_view_tags(ls_service *service, const char *pattern, uint32_t most) {
    json_t *all = json_array();
    const uint32_t count = ls_tags_count(service->tags);
    for (uint32_t i = 0; i < count && json_array_size(all) < most; i++) {
        const ls_tag *tag = ls_tags_get(service->tags, i);
        if (pattern[0] == '\0' || ls_tags_match(pattern, tag->name)) {
            json_array_append_new(
                all, json_pack("{s:s, s:o, s:s, s:n}", "name", tag->name, "unit",
                               tag->unit != NULL ? json_string(tag->unit) : json_null(), "kind",
                               ls_value_kind_name(tag->kind), "last_us"));
        }
    }
    return json_pack("{s:o}", "tags", all);
}

// ---- columns

typedef struct column {
    double sum, low, high;
    uint32_t count, doubtful;
} column;

typedef struct curve {
    uint32_t tag;
    column *columns;
    json_t *gaps;
    int64_t gap_from_us;  // 0: none open
} curve;

typedef struct view {
    const ls_view_span *span;
    int64_t step_us;
    curve curves[TAGS_MAX];
    uint32_t count;
    bool failed;
    ls_buffer *csv;
    const ls_tags *tags;
} view;

static curve *curve_of(view *v, uint32_t tag) {
    for (uint32_t i = 0; i < v->count; i++) {
        if (v->curves[i].tag == tag) {
            return v->curves + i;
        }
    }
    if (v->count == TAGS_MAX) {
        v->failed = true;
        return NULL;
    }
    curve *made = v->curves + v->count;
    made->columns = ls_alloc(v->span->points * sizeof *made->columns);
    if (made->columns == NULL) {
        v->failed = true;
        return NULL;
    }
    memset(made->columns, 0, v->span->points * sizeof *made->columns);
    made->gaps = json_array();
    made->tag = tag;
    v->count++;
    return made;
}

// Gaps with less than a column between them are one: a source that comes and goes would otherwise
// have more of them than the screen has columns.
static void close_gap(const view *v, curve *c, int64_t until_us) {
    json_t *last = json_array_get(c->gaps, json_array_size(c->gaps) - 1);
    const int64_t ended_us = json_integer_value(json_array_get(last, 1));
    if (last != NULL && c->gap_from_us - ended_us < v->step_us) {
        json_array_set_new(last, 1, json_integer((json_int_t)until_us));
    } else {
        json_array_append_new(
            c->gaps, json_pack("[I, I]", (json_int_t)c->gap_from_us, (json_int_t)until_us));
    }
    c->gap_from_us = 0;
}

static void turn_gap(const view *v, curve *c, const ls_sample *sample) {
    const bool bad = sample->quality == LS_QUALITY_STALE || sample->quality == LS_QUALITY_BAD;
    if (bad && c->gap_from_us == 0) {
        c->gap_from_us = sample->time_us;
    } else if (!bad && c->gap_from_us != 0) {
        close_gap(v, c, sample->time_us);
    }
}

static bool take(void *context, const ls_sample *sample) {
    view *v = context;
    double value = 0.0;
    curve *c = curve_of(v, sample->tag);
    if (c == NULL) {
        return false;
    }
    turn_gap(v, c, sample);
    if (c->gap_from_us != 0 || !ls_sample_number(sample, &value) || !isfinite(value)) {
        return true;
    }
    const int64_t at = (sample->time_us - v->span->from_us) / v->step_us;
    column *into = c->columns + (at >= v->span->points ? v->span->points - 1 : (uint32_t)at);
    into->low = into->count == 0 || value < into->low ? value : into->low;
    into->high = into->count == 0 || value > into->high ? value : into->high;
    into->sum += value;
    into->count++;
    into->doubtful += sample->quality == LS_QUALITY_UNCERTAIN;
    return true;
}

static json_t *curve_object(view *v, curve *c) {
    const ls_tag *tag = ls_tags_get(v->tags, c->tag);
    json_t *points = json_array();
    for (uint32_t i = 0; i < v->span->points; i++) {
        const column *of = c->columns + i;
        if (of->count > 0) {
            json_array_append_new(
                points,
                json_pack(
                    "[I, f, f, f, s]", (json_int_t)(v->span->from_us + (int64_t)i * v->step_us),
                    of->sum / of->count, of->low, of->high,
                    ls_quality_name(of->doubtful > 0 ? LS_QUALITY_UNCERTAIN : LS_QUALITY_GOOD)));
        }
    }
    if (c->gap_from_us != 0) {
        close_gap(v, c, v->span->to_us);
    }
    return json_pack("{s:s, s:o, s:o, s:O}", "name", tag->name, "unit",
                     tag->unit != NULL ? json_string(tag->unit) : json_null(), "points", points,
                     "gaps", c->gaps);
}

static bool take_event(void *context, const ls_happened *happened) {
    json_t *events = context;
    // Rows of decisions come by their own address; here they would drown everything else.
    if (strcmp(happened->kind, "decision") != 0) {
        json_array_append_new(
            events,
            json_pack("{s:I, s:s, s:s, s:s}", "time_us", (json_int_t)happened->time_us, "kind",
                      happened->kind, "subject", happened->subject, "text", happened->text));
    }
    return json_array_size(events) < EVENTS_MAX;
}

// ---- what is asked

typedef struct patterns {
    char text[TAGS_MAX][PATTERN_SIZE];
    const char *of[TAGS_MAX];
    size_t count;
} patterns;

static ls_status read_patterns(const char *text, patterns *out, ls_error *err) {
    out->count = 0;
    while (*text != '\0') {
        const size_t size = strcspn(text, ",");
        if (size >= PATTERN_SIZE || out->count == TAGS_MAX) {
            return ls_fail(err, LS_ERR_LIMIT, "at most %d tags at once, of %d bytes each", TAGS_MAX,
                           PATTERN_SIZE - 1);
        }
        if (size > 0) {
            memcpy(out->text[out->count], text, size);
            out->text[out->count][size] = '\0';
            out->of[out->count] = out->text[out->count];
            out->count++;
        }
        text += size + (text[size] == ',');
    }
    return out->count > 0 ? LS_OK : ls_fail(err, LS_ERR_INVALID, "no tags are named in 'tags'");
}

static ls_status check_span(const ls_view_span *span, ls_error *err) {
    if (span->to_us <= span->from_us || span->to_us - span->from_us > SPAN_MAX_US) {
        return ls_fail(err, LS_ERR_INVALID, "from_us must lie before to_us, by 366 days at most");
    }
    if (span->points < 1 || span->points > POINTS_MAX) {
        return ls_fail(err, LS_ERR_INVALID, "points must be 1 to %d", POINTS_MAX);
    }
    return LS_OK;
}

static void clear(view *v) {
    for (uint32_t i = 0; i < v->count; i++) {
        ls_free(v->curves[i].columns);
        json_decref(v->curves[i].gaps);
    }
}

ls_status ls_view_history(ls_service *service, const ls_view_span *span, json_t **out,
                          ls_error *err) {
    patterns names;
    view v = {.span = span, .tags = service->tags};
    *out = NULL;
    ls_status status = check_span(span, err);
    status = status == LS_OK ? read_patterns(span->tags, &names, err) : status;
    if (status != LS_OK) {
        return status;
    }
    v.step_us = (span->to_us - span->from_us + span->points - 1) / span->points;
    const ls_query query = {.patterns = names.of,
                            .pattern_count = names.count,
                            .from_us = span->from_us,
                            .to_us = span->to_us};
    status = ls_history_query(service->intake.history, &query, take, &v, err);
    if (status == LS_OK && v.failed) {
        status = ls_fail(err, LS_ERR_LIMIT, "more than %d tags match; name fewer", TAGS_MAX);
    }
    if (status == LS_OK) {
        json_t *tags = json_array();
        json_t *events = json_array();
        for (uint32_t i = 0; i < v.count; i++) {
            json_array_append_new(tags, curve_object(&v, v.curves + i));
        }
        status = ls_history_events(service->intake.history, NULL, span->from_us, span->to_us,
                                   take_event, events, err);
        *out = json_pack("{s:o, s:o}", "tags", tags, "events", events);
    }
    clear(&v);
    return status;
}

// ---- as a table

// A cell that a spreadsheet would take for a formula is made a text by a quote before it.
static void put_cell(ls_buffer *out, const char *text, size_t size) {
    ls_buffer_text(out, "\"");
    if (size > 0 && strchr("=+-@\t\r", text[0]) != NULL) {
        ls_buffer_text(out, "'");
    }
    for (size_t i = 0; i < size; i++) {
        ls_buffer_append(out, text[i] == '"' ? "\"\"" : text + i, text[i] == '"' ? 2 : 1);
    }
    ls_buffer_text(out, "\"");
}

static bool put_row(void *context, const ls_sample *sample) {
    view *v = context;
    char at[48];
    double number = 0.0;
    const ls_tag *tag = ls_tags_get(v->tags, sample->tag);
    ls_units_print_date(sample->time_us, at, sizeof at);
    ls_buffer_printf(v->csv, "%s,", at);
    put_cell(v->csv, tag->name, strlen(tag->name));
    ls_buffer_text(v->csv, ",");
    if (sample->kind == LS_VALUE_TEXT) {
        put_cell(v->csv, sample->value.text, sample->size);
    } else if (ls_sample_number(sample, &number)) {
        ls_buffer_printf(v->csv, "%.17g", number);
    }
    ls_buffer_printf(v->csv, ",%s\n", ls_quality_name((ls_quality)sample->quality));
    return !v->csv->failed;
}

ls_status ls_view_history_csv(ls_service *service, const ls_view_span *span, ls_buffer *out,
                              ls_error *err) {
    enum { ROWS_MAX = 200000 };
    patterns names;
    view v = {.span = span, .tags = service->tags, .csv = out};
    ls_status status = check_span(span, err);
    status = status == LS_OK ? read_patterns(span->tags, &names, err) : status;
    if (status != LS_OK) {
        return status;
    }
    const ls_query query = {.patterns = names.of,
                            .pattern_count = names.count,
                            .from_us = span->from_us,
                            .to_us = span->to_us,
                            .most = ROWS_MAX};
    ls_buffer_text(out, "time,tag,value,quality\n");
    return ls_history_query(service->intake.history, &query, put_row, &v, err);
}

// ---- what was noted lately

typedef struct newest {
    json_t *list;
    uint64_t after, last;
} newest;

static bool take_notice(void *context, const ls_happened *happened) {
    newest *of = context;
    of->last = happened->number > of->last ? happened->number : of->last;
    if (happened->number > of->after && strcmp(happened->kind, "decision") != 0) {
        json_array_append_new(
            of->list, json_pack("{s:I, s:s, s:s, s:s, s:s}", "time_us",
                                (json_int_t)happened->time_us, "kind", happened->kind, "subject",
                                happened->subject, "text", happened->text, "level", "info"));
    }
    return json_array_size(of->list) < EVENTS_MAX;
}

json_t *ls_view_notices(ls_service *service, uint64_t after, uint64_t *out_last) {
    newest of = {.list = json_array(), .after = after, .last = after};
    // Events are stamped by the line's clock or ours: both ends are left open.
    const int64_t now = ls_view_wall_us();
    if (ls_history_events(service->intake.history, NULL, now - 600000000, now + 600000000,
                          take_notice, &of, NULL) != LS_OK) {
        json_array_clear(of.list);
    }
    *out_last = of.last;
    return of.list;
}
