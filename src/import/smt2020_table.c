#include "import/smt2020_table.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

void *ls_smt_alloc(ls_smt_reader *reader, size_t count, size_t size) {
    void *memory = count < SIZE_MAX / 2 / size ? ls_arena_alloc(reader->arena, count * size) : NULL;
    reader->out_of_memory |= memory == NULL;
    return memory;
}

char *ls_smt_text(ls_smt_reader *reader, const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    ls_text_vformat(text, sizeof text, format, args);
    va_end(args);
    char *copy = ls_arena_text(reader->arena, text, strlen(text));
    reader->out_of_memory |= copy == NULL;
    return copy;
}

// The parser's table, cells without the blanks around them.
static void trim_cells(ls_smt_table *table) {
    for (size_t r = 0; r < table->csv.row_count; r++) {
        for (size_t c = 0; c < table->csv.column_count; c++) {
            const char *cell = table->csv.rows[r][c];
            size_t length = strlen(cell);
            if (length == 0 || (cell[0] != ' ' && cell[length - 1] != ' ')) {
                continue;
            }
            while (length > 0 && cell[length - 1] == ' ') {
                length--;
            }
            while (length > 0 && *cell == ' ') {
                cell++;
                length--;
            }
            const char *copy = ls_arena_text(table->reader->arena, cell, length);
            table->reader->out_of_memory |= copy == NULL;
            table->csv.rows[r][c] = copy != NULL ? copy : "";
        }
    }
}

static bool find_columns(ls_smt_table *table) {
    bool all = true;
    for (int i = 0; table->columns[i].name != NULL; i++) {
        assert(i < LS_SMT_COLUMNS_MAX);
        table->at[i] = ls_csv_column(&table->csv, table->columns[i].name);
        if (table->at[i] >= 0 || !table->columns[i].needed) {
            continue;
        }
        all = false;
        ls_error err;
        ls_fail_at(&err, LS_ERR_INVALID, table->path, 1, 1, "column '%s' is missing",
                   table->columns[i].name);
        const char *near = ls_text_nearest(table->columns[i].name, table->csv.columns,
                                           table->csv.column_count);
        if (near != NULL) {
            ls_hint(&err, "the first line names the columns; is '%s' meant?", near);
        } else {
            ls_hint(&err, "the first line names the columns, separated by tabs");
        }
        ls_errors_add(table->reader->errors, &err);
    }
    return all;
}

void ls_smt_open(ls_smt_table *table, ls_smt_reader *reader, const char *name,
                 const ls_smt_column *columns, bool needed) {
    *table = (ls_smt_table){.reader = reader, .columns = columns, .name = name};
    for (int i = 0; i < LS_SMT_COLUMNS_MAX; i++) {
        table->at[i] = -1;
    }
    const char *folder = reader->files->folder != NULL ? reader->files->folder : "";
    size_t folder_length = strlen(folder);
    bool slash = folder_length > 0 && folder[folder_length - 1] != '/';
    table->path = ls_smt_text(reader, "%s%s%s", folder, slash ? "/" : "", name);
    if (table->path == NULL) {
        return;
    }
    const ls_import_file *file = NULL;
    for (size_t i = 0; i < reader->files->count && file == NULL; i++) {
        if (strcmp(reader->files->items[i].name, name) == 0) {
            file = &reader->files->items[i];
        }
    }
    ls_error err;
    if (file == NULL) {
        table->missing = true;
        if (needed) {
            ls_fail_at(&err, LS_ERR_INVALID, table->path, 0, 0, "the data set has no file '%s'",
                       name);
            ls_hint(&err,
                    "a data set is a folder with tool.txt.1l, part.txt, order.txt and the routes");
            ls_errors_add(reader->errors, &err);
        }
        return;
    }
    ls_status status = ls_csv_parse(file->text, file->size, '\t', table->path, reader->arena,
                                    &table->csv, &err);
    if (status != LS_OK) {
        reader->out_of_memory |= status == LS_ERR_MEMORY;
        ls_errors_add(reader->errors, &err);
        table->csv = (ls_csv){0};
        return;
    }
    table->readable = find_columns(table);
    if (!table->readable) {
        table->csv.row_count = 0;
    }
    trim_cells(table);
}

// Where the cell begins in its line. A quoted cell before it makes this a little too small.
static int cell_column(const ls_smt_table *table, size_t row, int column) {
    int place = 1;
    for (int c = 0; c < table->at[column]; c++) {
        place += (int)strlen(table->csv.rows[row][c]) + 1;
    }
    return place;
}

void ls_smt_wrong(const ls_smt_table *table, size_t row, int column, const char *hint,
                  const char *format, ...) {
    char what[LS_ERROR_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    ls_text_vformat(what, sizeof what, format, args);
    va_end(args);
    ls_error err;
    bool there = table->at[column] >= 0;
    ls_fail_at(&err, LS_ERR_INVALID, table->path, table->csv.lines[row],
               there ? cell_column(table, row, column) : 0, "%s: %s", table->columns[column].name,
               what);
    if (hint != NULL) {
        ls_hint(&err, "%s", hint);
    }
    ls_errors_add(table->reader->errors, &err);
}

const char *ls_smt_cell(const ls_smt_table *table, size_t row, int column) {
    assert(row < table->csv.row_count);
    return column < 0 || table->at[column] < 0 ? "" : table->csv.rows[row][table->at[column]];
}

bool ls_smt_has(const ls_smt_table *table, size_t row, int column) {
    return ls_smt_cell(table, row, column)[0] != '\0';
}

bool ls_smt_name(const ls_smt_table *table, size_t row, int column, const char **out) {
    const char *text = ls_smt_cell(table, row, column);
    size_t length = strlen(text);
    if (length == 0) {
        ls_smt_wrong(table, row, column, NULL, "a name is missing");
        return false;
    }
    bool good = length <= LS_SMT_NAME_MAX && text[0] != '-';
    for (size_t i = 0; i < length && good; i++) {
        char c = text[i];
        good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '+';
    }
    if (!good) {
        ls_smt_wrong(table, row, column,
                     "names have letters, digits, '_', '-' and '+', at most 100",
                     "'%.120s' is not a name", text);
        return false;
    }
    *out = text;
    return true;
}

bool ls_smt_number(const ls_smt_table *table, size_t row, int column, double low, double high,
                   double *out) {
    const char *text = ls_smt_cell(table, row, column);
    double value = 0.0;
    char hint[96];
    ls_text_format(hint, sizeof hint, "a number from %.15g to %.15g", low, high);
    if (text[0] == '\0') {
        ls_smt_wrong(table, row, column, hint, "a number is missing");
        return false;
    }
    if (!ls_text_parse_double(text, strlen(text), &value)) {
        ls_smt_wrong(table, row, column, hint, "'%.60s' is not a number", text);
        return false;
    }
    if (!(value >= low && value <= high)) {
        ls_smt_wrong(table, row, column, hint, "%.60s is out of range", text);
        return false;
    }
    *out = value;
    return true;
}

bool ls_smt_count(const ls_smt_table *table, size_t row, int column, int64_t low, int64_t high,
                  int64_t *out) {
    double value;
    if (!ls_smt_number(table, row, column, (double)low, (double)high, &value)) {
        return false;
    }
    if (value != floor(value)) {
        ls_smt_wrong(table, row, column, "a whole number", "%.60s is not whole",
                     ls_smt_cell(table, row, column));
        return false;
    }
    *out = (int64_t)value;
    return true;
}

static bool unit_of(const ls_smt_table *table, size_t row, int column, char *out, int64_t *out_us) {
    static const struct {
        const char *name;
        char unit;
        int64_t us;
    } units[] = {
        {"sec", 's', LS_US_PER_S},   {"s", 's', LS_US_PER_S},    {"min", 'm', LS_US_PER_MIN},
        {"hr", 'h', LS_US_PER_HOUR}, {"h", 'h', LS_US_PER_HOUR}, {"day", 'd', LS_US_PER_DAY},
        {"d", 'd', LS_US_PER_DAY},
    };
    const char *text = ls_smt_cell(table, row, column);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].name) == 0) {
            *out = units[i].unit;
            *out_us = units[i].us;
            return true;
        }
    }
    if (text[0] == '\0') {
        ls_smt_wrong(table, row, column, "sec, min, hr or day", "a unit of time is missing");
    } else {
        ls_smt_wrong(table, row, column, "sec, min, hr or day", "'%.60s' is not a unit of time",
                     text);
    }
    return false;
}

// The value of a cell in microseconds; `us` per unit.
static bool span_us(const ls_smt_table *table, size_t row, int column, int64_t us, int64_t *out) {
    double value;
    if (!ls_smt_number(table, row, column, 0.0, (double)LS_UNITS_TIME_MAX_US / (double)us,
                       &value)) {
        return false;
    }
    *out = (int64_t)(value * (double)us + 0.5);
    if (*out > LS_UNITS_TIME_MAX_US) {
        *out = LS_UNITS_TIME_MAX_US;
    }
    return true;
}

bool ls_smt_span(const ls_smt_table *table, size_t row, int column, int unit_column,
                 ls_smt_time *out) {
    int64_t us = 0;
    char unit = 's';
    return unit_of(table, row, unit_column, &unit, &us) &&
           span_us(table, row, column, us, &out->us) && ((out->unit = unit), true);
}

bool ls_smt_spread(const ls_smt_table *table, size_t row, int dist_column, int column,
                   int second_column, int unit_column, ls_smt_dist *out) {
    static const char *const shapes[] = {"", "constant", "uniform", "exponential", NULL};
    int shape;
    int64_t us = 0, mean_us = 0, width_us = 0;
    char unit = 's';
    if (!ls_smt_word(table, row, dist_column, shapes, &shape) ||
        !unit_of(table, row, unit_column, &unit, &us) ||
        !span_us(table, row, column, us, &mean_us)) {
        return false;
    }
    if (shape == 2) {
        if (second_column < 0 || !ls_smt_has(table, row, second_column)) {
            ls_smt_wrong(table, row, second_column < 0 ? dist_column : second_column,
                         "mean and width make a uniform distribution",
                         "uniform has no second number");
            return false;
        }
        if (!span_us(table, row, second_column, us, &width_us)) {
            return false;
        }
        width_us = table->reader->half_width ? width_us : width_us / 2;
        if (width_us > mean_us) {
            ls_smt_wrong(table, row, second_column, "the width is at most the mean",
                         "uniform %.60s, %.60s would reach below zero",
                         ls_smt_cell(table, row, column), ls_smt_cell(table, row, second_column));
            return false;
        }
        if (mean_us + width_us > LS_UNITS_TIME_MAX_US) {
            ls_smt_wrong(table, row, second_column, NULL, "the longest time is over 100 years");
            return false;
        }
    }
    *out = (ls_smt_dist){
        .shape = shape == 3     ? LS_SMT_EXPONENTIAL
                 : width_us > 0 ? LS_SMT_UNIFORM
                                : LS_SMT_CONSTANT,
        .low_us = mean_us - width_us,
        .high_us = mean_us + width_us,
        .unit = unit,
    };
    return true;
}

bool ls_smt_word(const ls_smt_table *table, size_t row, int column, const char *const *words,
                 int *out) {
    const char *text = ls_smt_cell(table, row, column);
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        if (strcmp(text, words[count]) == 0) {
            *out = (int)count;
            return true;
        }
    }
    char hint[256] = "known here: ";
    for (size_t i = 0; i < count; i++) {
        if (words[i][0] == '\0') {
            continue;
        }
        size_t length = strlen(hint);
        ls_text_format(hint + length, sizeof hint - length, "%s%s",
                       i > 0 && words[i - 1][0] != '\0' ? ", " : "", words[i]);
    }
    const char *near = ls_text_nearest(text, words, count);
    if (text[0] == '\0') {
        ls_smt_wrong(table, row, column, hint, "a word is missing");
    } else if (near != NULL && near[0] != '\0') {
        ls_smt_wrong(table, row, column, hint, "'%.60s' is not known; is '%s' meant?", text, near);
    } else {
        ls_smt_wrong(table, row, column, hint, "'%.60s' is not known", text);
    }
    return false;
}

// Up to `most` digits, at least one.
static bool digits(const char **text, int most, int *out) {
    int value = 0, count = 0;
    while (count < most && **text >= '0' && **text <= '9') {
        value = value * 10 + (**text - '0');
        (*text)++;
        count++;
    }
    *out = value;
    return count > 0;
}

static bool skip(const char **text, char c) {
    if (**text != c) {
        return false;
    }
    (*text)++;
    return true;
}

bool ls_smt_date(const ls_smt_table *table, size_t row, int column, int64_t *out_us_since_1970) {
    const char *text = ls_smt_cell(table, row, column), *at = text;
    int month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0;
    bool good = digits(&at, 2, &month) && skip(&at, '/') && digits(&at, 2, &day) &&
                skip(&at, '/') && digits(&at, 4, &year);
    if (good && skip(&at, ' ')) {
        good = digits(&at, 2, &hour) && skip(&at, ':') && digits(&at, 2, &minute) &&
               skip(&at, ':') && digits(&at, 2, &second);
    }
    if (year < 100) {  // the usual window: 70 is 1970, 69 is 2069
        year += year < 70 ? 2000 : 1900;
    }
    char plain[64];
    ls_text_format(plain, sizeof plain, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day, hour,
                   minute, second);
    if (good && *at == '\0' && ls_units_date(plain, out_us_since_1970, NULL) == LS_OK) {
        return true;
    }
    ls_smt_wrong(table, row, column, "month/day/year hour:minute:second, as 01/31/18 07:29:20",
                 text[0] == '\0' ? "a date is missing%s" : "'%.60s' is not a date", text);
    return false;
}
