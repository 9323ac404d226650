// history_import_csv.c - CSV into a history: the long form (tag, time, value, ...), the wide one
// (time and a column for each tag), and events (time, kind, subject[, text]).
#include <string.h>

#include "cli/history_import.h"

enum { WATCH_ROWS = 4096 };

static const char *const column_names[] = {"tag", "time", "value", "quality", "kind", "flags"};
enum { TAG, TIME, VALUE, QUALITY, KIND, FLAGS, COLUMN_COUNT };

typedef struct wide_column {
    uint32_t tag;  // LS_TAG_NONE: the time
    char kind[12];
} wide_column;

typedef struct csv_import {
    ls_lines *lines;
    ls_history_intake *intake;
    size_t width;
    int columns[COLUMN_COUNT];  // long form; -1: there is none
    wide_column *wide;          // wide form, owned; NULL in the long one
    bool is_events;
    int event_columns[LS_EVENT_COLUMNS];
    ls_buffer last_name;  // rows of one tag often stand together
    uint32_t last_tag;
} csv_import;

ls_status ls_import_fail(const ls_lines *lines, int column, const char *what, const char *value,
                         const char *right, ls_error *err) {
    ls_fail_at(err, LS_ERR_INVALID, lines->path, lines->line, column, "%s: '%.80s'", what, value);
    if (right[0] != '\0') {
        ls_hint(err, "%s", right);
    }
    return LS_ERR_INVALID;
}

static ls_status read_time(const ls_lines *lines, const ls_cell *cell, ls_time_unit unit,
                           int64_t *out, ls_error *err) {
    return ls_time_read(cell->text, cell->length, unit, out)
               ? LS_OK
               : ls_import_fail(lines, cell->column, "this is no time", cell->text,
                                "as in 2026-01-05T06:00:00.5Z, or milliseconds or microseconds "
                                "since 1970",
                                err);
}

static ls_status read_value(csv_import *import, const char *kind, const ls_cell *cell,
                            ls_sample *sample, ls_error *err) {
    const char *right = "";
    // Quotes make a text of what would be a number.
    const char *word = kind[0] == '\0' && cell->quoted ? "text" : kind;
    if (ls_value_read(word, cell->text, cell->length, &import->intake->scratch, sample, &right)) {
        return LS_OK;
    }
    char what[64];
    snprintf(what, sizeof what, "this is no value of kind '%.20s'", kind);
    return ls_import_fail(import->lines, cell->column, what, cell->text, right, err);
}

// ---- the header

static ls_status add_tag(csv_import *import, const ls_cell *cell, size_t length, uint32_t *out,
                         ls_error *err) {
    ls_error why = {0};
    if (ls_tags_add(import->intake->tags, cell->text, length, out, &why) == LS_OK) {
        return LS_OK;
    }
    return ls_fail_at(err, why.status, import->lines->path, import->lines->line, cell->column, "%s",
                      why.text);
}

// "speed:int" is tag `speed` with whole numbers.
static size_t split_kind(const ls_cell *cell, char *kind, size_t size) {
    const char *colon = strrchr(cell->text, ':');
    kind[0] = '\0';
    if (colon != NULL && (ls_value_kind_find(colon + 1) != LS_VALUE_KIND_COUNT)) {
        snprintf(kind, size, "%s", colon + 1);
        return (size_t)(colon - cell->text);
    }
    return cell->length;
}

static ls_status read_wide_header(csv_import *import, ls_error *err) {
    const ls_lines *lines = import->lines;
    bool has_time = false;
    import->wide = ls_alloc(lines->cell_count * sizeof *import->wide);
    if (import->wide == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for the columns");
    }
    for (size_t i = 0; i < lines->cell_count; i++) {
        const ls_cell *cell = &lines->cells[i];
        if (strcmp(cell->text, "time") == 0 && !has_time) {
            import->wide[i].tag = LS_TAG_NONE;
            has_time = true;
            continue;
        }
        const size_t length = split_kind(cell, import->wide[i].kind, sizeof import->wide[i].kind);
        const ls_status status = add_tag(import, cell, length, &import->wide[i].tag, err);
        if (status != LS_OK) {
            return status;
        }
    }
    if (!has_time) {
        ls_fail_at(err, LS_ERR_INVALID, lines->path, lines->line, 1,
                   "the header has no column 'time'");
        ls_hint(err, "tag,time,value[,quality,kind,flags], or time and a column for each tag");
        return LS_ERR_INVALID;
    }
    return LS_OK;
}

static ls_status read_header(csv_import *import, ls_error *err) {
    const ls_lines *lines = import->lines;
    for (int c = 0; c < COLUMN_COUNT; c++) {
        import->columns[c] = -1;
        for (size_t i = 0; i < lines->cell_count; i++) {
            if (strcmp(lines->cells[i].text, column_names[c]) == 0) {
                import->columns[c] = (int)i;
            }
        }
    }
    import->width = lines->cell_count;
    import->is_events = ls_history_event_header(lines, import->event_columns);
    if (import->is_events) {
        return LS_OK;
    }
    if (import->columns[TAG] < 0 || import->columns[VALUE] < 0) {
        return read_wide_header(import, err);
    }
    if (import->columns[TIME] < 0) {
        return ls_import_fail(lines, 1, "the header has no column 'time'", lines->cells[0].text,
                              "tag,time,value[,quality,kind,flags]", err);
    }
    for (size_t i = 0; i < lines->cell_count; i++) {
        int c = 0;
        while (c < COLUMN_COUNT && import->columns[c] != (int)i) {
            c++;
        }
        if (c == COLUMN_COUNT) {
            return ls_import_fail(lines, lines->cells[i].column, "unknown column",
                                  lines->cells[i].text, "tag,time,value[,quality,kind,flags]", err);
        }
    }
    return LS_OK;
}

// ---- rows

static const ls_cell *cell_of(const csv_import *import, int column) {
    static const ls_cell none = {.text = "", .column = 0};
    return import->columns[column] >= 0 ? &import->lines->cells[import->columns[column]] : &none;
}

static ls_status find_tag(csv_import *import, const ls_cell *cell, uint32_t *out, ls_error *err) {
    if (import->last_name.size != cell->length || cell->length == 0 ||
        memcmp(import->last_name.data, cell->text, cell->length) != 0) {
        const ls_status status = add_tag(import, cell, cell->length, &import->last_tag, err);
        if (status != LS_OK) {
            return status;
        }
        import->last_name.size = 0;
        ls_buffer_append(&import->last_name, cell->text, cell->length);
    }
    *out = import->last_tag;
    return LS_OK;
}

static ls_status read_long_row(csv_import *import, ls_error *err) {
    ls_sample sample = {0};
    const ls_cell *quality = cell_of(import, QUALITY);
    const ls_cell *flags = cell_of(import, FLAGS);
    ls_status status = find_tag(import, cell_of(import, TAG), &sample.tag, err);
    if (status == LS_OK) {
        status = read_time(import->lines, cell_of(import, TIME), import->intake->unit,
                           &sample.time_us, err);
    }
    if (status == LS_OK) {
        status = read_value(import, cell_of(import, KIND)->text, cell_of(import, VALUE), &sample,
                            err);
    }
    if (status != LS_OK) {
        return status;
    }
    if (quality->length > 0) {
        sample.quality = (uint8_t)ls_quality_find(quality->text);
        if (sample.quality == LS_QUALITY_COUNT) {
            return ls_import_fail(import->lines, quality->column, "unknown quality", quality->text,
                                  "good, uncertain, stale or bad", err);
        }
    }
    if (!ls_flags_read(flags->text, flags->length, &sample.flags)) {
        return ls_import_fail(import->lines, flags->column, "unknown flag", flags->text,
                              "historical, birth, arrival, joined by '+'", err);
    }
    return ls_history_intake_add(import->intake, &sample, err);
}

static ls_status read_wide_row(csv_import *import, ls_error *err) {
    const ls_lines *lines = import->lines;
    int64_t time_us = 0;
    ls_status status = LS_OK;
    for (size_t i = 0; i < lines->cell_count && status == LS_OK; i++) {
        if (import->wide[i].tag == LS_TAG_NONE) {
            status = read_time(lines, &lines->cells[i], import->intake->unit, &time_us, err);
        }
    }
    for (size_t i = 0; i < lines->cell_count && status == LS_OK; i++) {
        const ls_cell *cell = &lines->cells[i];
        ls_sample sample = {.tag = import->wide[i].tag, .time_us = time_us};
        if (sample.tag == LS_TAG_NONE || (cell->length == 0 && !cell->quoted)) {
            continue;  // an empty cell is no sample
        }
        status = read_value(import, import->wide[i].kind, cell, &sample, err);
        if (status == LS_OK) {
            status = ls_history_intake_add(import->intake, &sample, err);
        }
    }
    return status;
}

static ls_status read_event(csv_import *import, ls_error *err) {
    const ls_cell *of[LS_EVENT_COLUMNS] = {NULL};
    ls_happened event = {.text = "", .json = ""};
    for (int c = 0; c < LS_EVENT_COLUMNS; c++) {
        const int column = import->event_columns[c];
        of[c] = column >= 0 ? &import->lines->cells[column] : NULL;
        if (of[c] != NULL && strlen(of[c]->text) != of[c]->length) {
            return ls_import_fail(import->lines, of[c]->column, "a text with a zero in it",
                                  of[c]->text, "", err);
        }
    }
    const ls_status status = read_time(import->lines, of[0], import->intake->unit, &event.time_us,
                                       err);
    event.kind = of[1]->text;
    event.subject = of[2]->text;
    event.text = of[3] != NULL ? of[3]->text : "";
    return status == LS_OK ? ls_history_intake_event(import->intake, import->lines, &event, err)
                           : status;
}

static ls_status read_row(csv_import *import, ls_error *err) {
    const ls_lines *lines = import->lines;
    if (lines->cell_count != import->width) {
        return ls_fail_at(err, LS_ERR_INVALID, lines->path, lines->line, 1,
                          "this row has %zu cells, the header has %zu", lines->cell_count,
                          import->width);
    }
    import->intake->rows++;
    if (import->is_events) {
        return read_event(import, err);
    }
    return import->wide != NULL ? read_wide_row(import, err) : read_long_row(import, err);
}

ls_status ls_history_import_csv(ls_lines *lines, ls_history_intake *intake,
                                const ls_import_watch *watch, ls_error *err) {
    csv_import import = {.lines = lines, .intake = intake};
    bool row = false;
    ls_buffer_init(&import.last_name);
    ls_status status = ls_lines_csv(lines, &row, err);
    if (status == LS_OK && !row) {
        status = ls_fail_at(err, LS_ERR_INVALID, lines->path, 1, 1, "the file is empty");
    }
    if (status == LS_OK) {
        status = read_header(&import, err);
    }
    while (status == LS_OK && !*watch->stop) {
        status = ls_lines_csv(lines, &row, err);
        if (status != LS_OK || !row) {
            break;
        }
        status = read_row(&import, err);
        if (intake->rows % WATCH_ROWS == 0) {
            watch->tell(watch->context, lines, intake->samples);
        }
    }
    ls_free(import.wide);
    ls_buffer_clear(&import.last_name);
    return status == LS_OK ? ls_history_intake_flush(intake, err) : status;
}
