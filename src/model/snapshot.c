// snapshot.c - see snapshot.h.
#include "model/snapshot.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"
#include "base/units.h"
#include "history/history_read.h"

enum { SAMPLES_MAX = 1 << 28 };

typedef ls_snapshot_truth row;
typedef ls_snapshot_sample heard;  // one sample of a unit's tags, or of its label

typedef struct hearing {  // growing array
    heard *items;
    size_t count, capacity;
    uint32_t tag;
    bool keeps_historical, failed, full;
    const ls_model_plan *label_of;  // of a label: texts may be classes
    ls_snapshot_notes *notes;
} hearing;

typedef struct making {
    ls_history *history;
    const ls_tags *tags;
    const ls_snapshot_def *def;
    const ls_model_plan *plan;
    uint32_t unit_count;
    row *rows;
    size_t row_count, row_capacity;
    bool *rests;  // of each row, while it is built; NULL where the plan has no `while`
    ls_snapshot_notes notes;
    ls_error *err;
} making;

static const char *unit_name(const ls_model_plan *plan, uint32_t unit) {
    return plan->unit_count > 0 ? plan->units[unit] : "plant";
}

double ls_snapshot_value(const ls_sample *sample) {
    double value = (double)NAN;
    const bool is_good = sample->quality == LS_QUALITY_GOOD ||
                         sample->quality == LS_QUALITY_UNCERTAIN;
    return is_good && ls_sample_number(sample, &value) ? value : (double)NAN;
}

// NaN: it is none.
static double class_named(const ls_model_plan *plan, const char *text, size_t size) {
    for (uint32_t i = 0; i < plan->class_count; i++) {
        if (strlen(plan->classes[i]) == size && memcmp(plan->classes[i], text, size) == 0) {
            return (double)i;
        }
    }
    return (double)NAN;
}

double ls_snapshot_label(const ls_model_plan *plan, const ls_sample *sample) {
    const bool is_good = sample->quality == LS_QUALITY_GOOD ||
                         sample->quality == LS_QUALITY_UNCERTAIN;
    return is_good && sample->kind == LS_VALUE_TEXT
               ? class_named(plan, sample->value.text, sample->size)
               : ls_snapshot_value(sample);
}

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory for a dataset from history");
}

// ---- tags

void ls_snapshot_fill_in(ls_buffer *out, const char *pattern, const char *unit) {
    static const char mark[] = "{unit}";
    const char *at = pattern;
    for (const char *found = strstr(at, mark); found != NULL; found = strstr(at, mark)) {
        ls_buffer_append(out, at, (size_t)(found - at));
        ls_buffer_text(out, unit);
        at = found + sizeof mark - 1;
    }
    ls_buffer_text(out, at);
}

ls_status ls_snapshot_tag(const ls_tags *tags, const char *pattern, const char *unit, uint32_t *out,
                          ls_error *err) {
    ls_buffer name;
    ls_buffer_init(&name);
    ls_snapshot_fill_in(&name, pattern, unit);
    ls_status status = LS_OK;
    if (name.failed) {
        status = no_memory(err);
    } else {
        *out = ls_tags_find(tags, name.data, name.size);
        if (*out == LS_TAG_NONE) {
            status = ls_fail(err, LS_ERR_INVALID, "the history knows no tag '%s'", name.data);
            ls_hint(err, "'lineshaft history stats HISTORY --tags' shows those it has");
        }
    }
    ls_buffer_clear(&name);
    return status;
}

ls_status ls_snapshot_features(const ls_model_plan *plan, ls_features **out, ls_error *err) {
    const ls_features_def def = {.tags = plan->tags,
                                 .tag_count = plan->tag_count,
                                 .windows_us = plan->windows_us,
                                 .window_count = plan->window_count,
                                 .kinds = plan->kinds};
    return ls_features_create(&def, out, err);
}

bool ls_snapshot_rests(const ls_model_plan *plan, const ls_features *features) {
    if (!plan->when.is) {
        return false;
    }
    const double value = ls_features_held(features, plan->when.tag);
    return value <= plan->when.above || value >= plan->when.below;
}

// ---- samples

static bool hear_one(void *context, const ls_sample *sample) {
    hearing *h = context;
    if ((sample->flags & LS_SAMPLE_HISTORICAL) != 0 && !h->keeps_historical) {
        h->notes->historical++;
        return true;
    }
    if (h->count == h->capacity) {
        if (h->count >= SAMPLES_MAX) {
            h->full = true;
            return false;
        }
        const size_t larger = h->capacity == 0 ? 1024 : h->capacity * 2;
        heard *moved = ls_realloc(h->items, larger * sizeof *moved);
        if (moved == NULL) {
            h->failed = true;
            return false;
        }
        h->items = moved;
        h->capacity = larger;
    }
    const double value = h->label_of != NULL ? ls_snapshot_label(h->label_of, sample)
                                             : ls_snapshot_value(sample);
    if (h->label_of != NULL && sample->kind == LS_VALUE_TEXT && isnan(value)) {
        h->notes->unknown++;
    }
    h->items[h->count] = (heard){
        .time_us = sample->time_us, .value = value, .tag = h->tag, .order = (uint32_t)h->count};
    h->count++;
    return true;
}

static ls_status hear_tag(making *m, hearing *h, const char *pattern, uint32_t unit,
                          int64_t from_us, int64_t to_us) {
    uint32_t tag = LS_TAG_NONE;
    ls_status status = ls_snapshot_tag(m->tags, pattern, unit_name(m->plan, unit), &tag, m->err);
    if (status == LS_OK) {
        status = ls_history_visit(m->history, tag, from_us, to_us, true, hear_one, h, m->err);
    }
    if (status == LS_OK && h->failed) {
        status = no_memory(m->err);
    }
    if (status == LS_OK && h->full) {
        status = ls_fail(m->err, LS_ERR_LIMIT,
                         "unit '%s' has more than %d samples in this range: ask for less",
                         unit_name(m->plan, unit), SAMPLES_MAX);
    }
    return status;
}

// By time; those of one moment by tag, then as they were heard: never by luck.
static int compare_heard(const void *a, const void *b) {
    const heard *x = a, *y = b;
    if (x->time_us != y->time_us) {
        return x->time_us < y->time_us ? -1 : 1;
    }
    return x->order < y->order ? -1 : x->order > y->order;
}

// ---- rows and labels

static ls_status add_row(making *m, row one) {
    if (m->row_count == LS_DATASET_ROWS_MAX) {
        return ls_fail(m->err, LS_ERR_LIMIT,
                       "a dataset has at most %zu rows: ask for less, or "
                       "less often",
                       LS_DATASET_ROWS_MAX);
    }
    if (m->row_count == m->row_capacity) {
        const size_t larger = m->row_capacity == 0 ? 1024 : m->row_capacity * 2;
        row *moved = ls_realloc(m->rows, larger * sizeof *moved);
        if (moved == NULL) {
            return no_memory(m->err);
        }
        m->rows = moved;
        m->row_capacity = larger;
    }
    if (isnan(one.label) || one.known_us > m->def->known_us) {
        one.label = (double)NAN;
        one.known_us = LS_KNOWN_NEVER;
    }
    m->rows[m->row_count++] = one;
    return LS_OK;
}

// The value in force at time_us; one that is older than stale_us (0: never) is none. `from` moves
// on with it.
static double in_force(const hearing *h, size_t *from, int64_t time_us, int64_t stale_us) {
    while (*from < h->count && h->items[*from].time_us <= time_us) {
        ++*from;
    }
    const bool is = *from > 0 &&
                    (stale_us == 0 || time_us - h->items[*from - 1].time_us <= stale_us);
    return is ? h->items[*from - 1].value : (double)NAN;
}

static int64_t first_moment(const making *m) {
    const int64_t every = m->plan->every_us;
    const int64_t rest = ((m->def->from_us % every) + every) % every;
    return rest == 0 ? m->def->from_us : m->def->from_us + every - rest;
}

static ls_status rows_by_tag(making *m, uint32_t unit) {
    const ls_model_plan *p = m->plan;
    hearing h = {.keeps_historical = true, .notes = &m->notes, .label_of = p};
    size_t at = 0;
    ls_status status = hear_tag(m, &h, p->label.source, unit, m->def->from_us,
                                m->def->to_us + p->horizon_us + 1);
    for (int64_t t = first_moment(m); t < m->def->to_us && status == LS_OK; t += p->every_us) {
        status = add_row(m, (row){.time_us = t,
                                  .unit = unit,
                                  .label = in_force(&h, &at, t + p->horizon_us, p->label.stale_us),
                                  .known_us = t + p->horizon_us + p->label.delay_us});
    }
    ls_free(h.items);
    return status;
}

typedef struct ending {  // events that end a life
    hearing h;
    const char *unit;  // NULL: any
} ending;

static bool hear_event(void *context, const ls_happened *event) {
    ending *e = context;
    const ls_sample sample = {.time_us = event->time_us, .kind = LS_VALUE_BOOL, .quality = 0};
    return e->unit != NULL && strcmp(event->subject, e->unit) != 0 ? true
                                                                   : hear_one(&e->h, &sample);
}

// Seconds until the next event, at most the horizon where there is one.
static ls_status rows_by_event(making *m, uint32_t unit) {
    const ls_model_plan *p = m->plan;
    ending e = {.h = {.keeps_historical = true, .notes = &m->notes},
                .unit = p->unit_count > 0 ? p->units[unit] : NULL};
    size_t at = 0;
    ls_status status = ls_history_visit_events(m->history, p->label.source, m->def->from_us,
                                               INT64_MAX, hear_event, &e, m->err);
    if (status == LS_OK && e.h.failed) {
        status = no_memory(m->err);
    }
    for (int64_t t = first_moment(m); t < m->def->to_us && status == LS_OK; t += p->every_us) {
        (void)in_force(&e.h, &at, t, 0);
        const bool ends = at < e.h.count;
        int64_t left = ends ? e.h.items[at].time_us - t : INT64_MAX;
        if (p->horizon_us > 0 && left > p->horizon_us) {
            left = p->horizon_us;  // it will not have ended by then: that is known at its end
        }
        const bool is_known = left != INT64_MAX;
        status = add_row(
            m, (row){.time_us = t,
                     .unit = unit,
                     .label = is_known ? (double)left * 1e-6 : (double)NAN,
                     .known_us = is_known ? t + left + p->label.delay_us : LS_KNOWN_NEVER});
    }
    ls_free(e.h.items);
    return status;
}

// Every moment of the range, held to be good: what a monitor learns from.
static ls_status rows_of_good(making *m, uint32_t unit) {
    ls_status status = LS_OK;
    for (int64_t t = first_moment(m); t < m->def->to_us && status == LS_OK;
         t += m->plan->every_us) {
        status = add_row(m, (row){.time_us = t, .unit = unit, .known_us = t});
    }
    return status;
}

static ls_status wrong_cell(making *m, const ls_csv *csv, size_t line, int column,
                            const char *what) {
    return ls_fail_at(m->err, LS_ERR_INVALID, m->def->labels_file, csv->lines[line],
                      ls_csv_place(csv, line, (size_t)column), "'%s' is no %s",
                      csv->rows[line][column], what);
}

typedef struct label_columns {
    int time, value, unit, known;
} label_columns;

static ls_status row_of_line(making *m, const ls_csv *csv, const label_columns *c, size_t line) {
    const ls_model_plan *p = m->plan;
    const char **cells = csv->rows[line];
    row one = {.known_us = 0};
    ls_error why;
    if (ls_units_date_zoned(cells[c->time], strlen(cells[c->time]), &one.time_us, &why) != LS_OK) {
        return wrong_cell(m, csv, line, c->time, "moment, as '2026-01-05T06:00:00Z'");
    }
    one.known_us = one.time_us + p->label.delay_us;
    if (c->known >= 0 && cells[c->known][0] == '\0') {
        one.known_us = LS_KNOWN_NEVER;
    } else if (c->known >= 0 && ls_units_date_zoned(cells[c->known], strlen(cells[c->known]),
                                                    &one.known_us, &why) != LS_OK) {
        return wrong_cell(m, csv, line, c->known, "moment, as '2026-01-05T06:00:00Z'");
    }
    if (cells[c->value][0] == '\0') {
        one.label = (double)NAN;
    } else if (!isnan(class_named(p, cells[c->value], strlen(cells[c->value])))) {
        one.label = class_named(p, cells[c->value], strlen(cells[c->value]));
    } else if (!ls_text_parse_double(cells[c->value], strlen(cells[c->value]), &one.label)) {
        return wrong_cell(m, csv, line, c->value,
                          p->class_count > 0 ? "class of the model, and no number" : "number");
    }
    while (c->unit >= 0 && one.unit < m->unit_count &&
           strcmp(unit_name(p, one.unit), cells[c->unit]) != 0) {
        one.unit++;
    }
    if (one.unit == m->unit_count) {
        return wrong_cell(m, csv, line, c->unit, "unit of the model");
    }
    if (one.known_us < one.time_us) {
        return wrong_cell(m, csv, line, c->known, "moment after its 'time'");
    }
    one.time_us -= p->horizon_us;
    const bool inside = one.time_us >= m->def->from_us && one.time_us < m->def->to_us;
    return inside ? add_row(m, one) : LS_OK;
}

static ls_status rows_by_file(making *m) {
    ls_arena arena;
    ls_csv csv;
    ls_arena_init(&arena);
    ls_status status = ls_csv_parse(m->def->labels, m->def->labels_size, ',', m->def->labels_file,
                                    &arena, &csv, m->err);
    if (status == LS_OK) {
        const label_columns c = {.time = ls_csv_column(&csv, "time"),
                                 .value = ls_csv_column(&csv, "value"),
                                 .unit = ls_csv_column(&csv, "unit"),
                                 .known = ls_csv_column(&csv, "known")};
        if (c.time < 0 || c.value < 0 || (c.unit < 0 && m->unit_count > 1)) {
            status = ls_fail_at(m->err, LS_ERR_INVALID, m->def->labels_file, 1, 1,
                                "a file of labels has the columns 'time', 'value' and, where there "
                                "are several units, 'unit'");
        }
        for (size_t i = 0; i < csv.row_count && status == LS_OK; i++) {
            status = row_of_line(m, &csv, &c, i);
        }
    }
    ls_arena_clear(&arena);
    return status;
}

static int compare_rows(const void *a, const void *b) {
    const row *x = a, *y = b;
    if (x->time_us != y->time_us) {
        return x->time_us < y->time_us ? -1 : 1;
    }
    if (x->unit != y->unit) {
        return x->unit < y->unit ? -1 : 1;
    }
    return x->known_us < y->known_us ? -1 : x->known_us > y->known_us;
}

static ls_status make_rows(making *m) {
    ls_status status = LS_OK;
    for (uint32_t u = 0; u < m->unit_count && m->def->without_labels && status == LS_OK; u++) {
        status = add_row(m, (row){.time_us = m->def->from_us, .unit = u, .label = (double)NAN});
    }
    if (m->def->without_labels) {
        return status;
    }
    if (m->plan->label.kind == LS_LABEL_FILE) {
        status = rows_by_file(m);
    }
    for (uint32_t u = 0; u < m->unit_count && status == LS_OK; u++) {
        if (m->plan->label.kind == LS_LABEL_TAG) {
            status = rows_by_tag(m, u);
        } else if (m->plan->label.kind == LS_LABEL_EVENT) {
            status = rows_by_event(m, u);
        } else if (m->plan->label.kind == LS_LABEL_NONE) {
            status = rows_of_good(m, u);
        }
    }
    if (m->row_count > 1) {
        qsort(m->rows, m->row_count, sizeof *m->rows, compare_rows);
    }
    return status;
}

// ---- the dataset

static ls_status name_dataset(const making *m, const ls_features *features, ls_dataset *out) {
    const ls_model_plan *p = m->plan;
    bool good = true;
    for (uint32_t i = 0; i < out->column_count && good; i++) {
        const char *name = ls_features_name(features, i);
        out->columns[i] = ls_arena_text(&out->arena, name, strlen(name));
        good = out->columns[i] != NULL;
    }
    for (uint32_t i = 0; i < m->unit_count && good; i++) {
        const char *name = unit_name(p, i);
        out->units[i] = ls_arena_text(&out->arena, name, strlen(name));
        good = out->units[i] != NULL;
    }
    const char *label = p->label.kind == LS_LABEL_NONE ? "good operation" : p->label.source;
    out->label_name = ls_arena_text(&out->arena, label, strlen(label));
    return good && out->label_name != NULL ? LS_OK : no_memory(m->err);
}

int64_t ls_snapshot_reach_us(const ls_model_plan *plan) {
    int64_t window = 0;
    for (uint32_t i = 0; i < plan->window_count; i++) {
        window = plan->windows_us[i] > window ? plan->windows_us[i] : window;
    }
    // Two windows and a pane: see features.h.
    return 2 * window + window / LS_FEATURE_PANES + 1;
}

// Samples of all tags of a unit, in the order in which the features hear them.
static ls_status hear_unit(making *m, uint32_t unit, int64_t from_us, int64_t to_us, hearing *h) {
    ls_status status = LS_OK;
    for (uint32_t i = 0; i < m->plan->tag_count && status == LS_OK; i++) {
        h->tag = i;
        status = hear_tag(m, h, m->plan->tags[i], unit, from_us, to_us);
    }
    if (status == LS_OK && h->count > 1) {
        qsort(h->items, h->count, sizeof *h->items, compare_heard);
    }
    return status;
}

static ls_status fill_unit(making *m, ls_features *features, uint32_t unit, ls_dataset *out) {
    hearing h = {.notes = &m->notes};
    const ls_status status = hear_unit(m, unit, m->def->from_us - ls_snapshot_reach_us(m->plan),
                                       m->def->to_us, &h);
    size_t at = 0;
    ls_features_reset(features);
    for (size_t i = 0; i < m->row_count && status == LS_OK; i++) {
        if (m->rows[i].unit != unit) {
            continue;
        }
        for (; at < h.count && h.items[at].time_us <= m->rows[i].time_us; at++) {
            (void)ls_features_hear(features, h.items[at].tag, h.items[at].time_us,
                                   h.items[at].value);
        }
        ls_features_ask(features, m->rows[i].time_us, out->values + i * out->column_count);
        if (m->rests != NULL) {
            m->rests[i] = ls_snapshot_rests(m->plan, features);
        }
    }
    m->notes.samples += h.count;
    ls_free(h.items);
    return status;
}

// Rows at which there was nothing to predict go. The columns stay in the arena, as long as they
// were.
static ls_status leave_out_resting(making *m, ls_dataset *out) {
    const size_t width = out->column_count;
    size_t kept = 0;
    for (size_t i = 0; i < m->row_count; i++) {
        if (m->rests != NULL && m->rests[i]) {
            continue;
        }
        if (kept != i) {
            memmove(out->values + kept * width, out->values + i * width,
                    width * sizeof *out->values);
        }
        out->time_us[kept] = m->rows[i].time_us;
        out->known_us[kept] = m->rows[i].known_us;
        out->label[kept] = m->rows[i].label;
        out->unit[kept] = m->rows[i].unit;
        m->notes.labelled += isnan(m->rows[i].label) ? 0 : 1;
        kept++;
    }
    m->notes.resting = m->row_count - kept;
    out->row_count = kept;
    if (kept == 0) {
        ls_fail(m->err, LS_ERR_INVALID,
                "model '%s': there is nothing to predict, '%s' is outside its bounds",
                m->plan->name, m->plan->tags[m->plan->when.tag]);
        ls_hint(m->err, "'while' says when there is");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static ls_status build(making *m, ls_dataset *out) {
    ls_features *features = NULL;
    ls_status status = ls_snapshot_features(m->plan, &features, m->err);
    if (status == LS_OK) {
        status = ls_dataset_init(out, m->row_count, ls_features_count(features), m->unit_count,
                                 m->err);
    }
    if (status == LS_OK) {
        status = name_dataset(m, features, out);
    }
    if (status == LS_OK && m->plan->when.is) {
        m->rests = ls_alloc(m->row_count * sizeof *m->rests);
        status = m->rests != NULL ? LS_OK : no_memory(m->err);
    }
    for (uint32_t u = 0; u < m->unit_count && status == LS_OK; u++) {
        status = fill_unit(m, features, u, out);
    }
    if (status == LS_OK) {
        status = leave_out_resting(m, out);
    }
    ls_free(m->rests);
    m->rests = NULL;
    ls_features_destroy(features);
    return status;
}

ls_status ls_snapshot_make(ls_history *history, const ls_tags *tags, const ls_snapshot_def *def,
                           ls_dataset *out, ls_snapshot_notes *notes, ls_error *err) {
    making m = {.history = history,
                .tags = tags,
                .def = def,
                .plan = def->plan,
                .unit_count = def->plan->unit_count > 0 ? def->plan->unit_count : 1,
                .err = err};
    memset(out, 0, sizeof *out);
    ls_arena_init(&out->arena);
    ls_status status = make_rows(&m);
    if (status == LS_OK && m.row_count == 0) {
        status = ls_fail(err, LS_ERR_INVALID,
                         "model '%s': there is no moment to learn from in this "
                         "range",
                         def->plan->name);
    }
    if (status == LS_OK) {
        status = build(&m, out);
    }
    if (status != LS_OK) {
        ls_dataset_clear(out);
    }
    if (notes != NULL) {
        *notes = m.notes;
    }
    ls_free(m.rows);
    return status;
}

ls_status ls_snapshot_samples(ls_history *history, const ls_tags *tags, const ls_model_plan *plan,
                              uint32_t unit, int64_t from_us, int64_t to_us,
                              ls_snapshot_sample **out, size_t *out_count, ls_error *err) {
    making m = {.history = history, .tags = tags, .plan = plan, .err = err};
    hearing h = {.notes = &m.notes};
    const ls_status status = hear_unit(&m, unit, from_us, to_us, &h);
    *out = status == LS_OK ? h.items : NULL;
    *out_count = status == LS_OK ? h.count : 0;
    if (status != LS_OK) {
        ls_free(h.items);
    }
    return status;
}

ls_status ls_snapshot_truths(ls_history *history, const ls_tags *tags, const ls_snapshot_def *def,
                             ls_snapshot_truth **out, size_t *out_count, ls_error *err) {
    making m = {.history = history,
                .tags = tags,
                .def = def,
                .plan = def->plan,
                .unit_count = def->plan->unit_count > 0 ? def->plan->unit_count : 1,
                .err = err};
    const ls_status status = make_rows(&m);
    size_t kept = 0;
    for (size_t i = 0; i < m.row_count && status == LS_OK; i++) {
        if (!isnan(m.rows[i].label)) {
            m.rows[kept++] = m.rows[i];
        }
    }
    *out = status == LS_OK ? m.rows : NULL;
    *out_count = kept;
    if (status != LS_OK) {
        ls_free(m.rows);
    }
    return status;
}
