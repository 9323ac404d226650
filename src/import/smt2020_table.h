// smt2020_table.h - one table of the data set: typed cells, and mistakes that name file, line and
// field.
//
// Every getter either stores a value and returns true, or adds one error to the list and returns
// false; callers go on, so that one run shows all mistakes.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/csv.h"
#include "base/status.h"
#include "import/files.h"

// What is shared by all tables of one import.
typedef struct ls_smt_reader {
    ls_arena *arena;
    ls_errors *errors;
    const ls_import_files *files;
    bool half_width;     // of uniform
    bool out_of_memory;  // set once, reported at the end
} ls_smt_reader;

// needed: the table is useless without it. known: read or safely passed over; any other column with
// content is told to the user.
typedef struct ls_smt_column {
    const char *name;
    bool needed;
} ls_smt_column;

enum { LS_SMT_COLUMNS_MAX = 32 };

typedef struct ls_smt_table {
    ls_smt_reader *reader;
    const ls_smt_column
        *columns;      // ends with a NULL name; the getters' `column` is an index into it
    const char *path;  // folder/name, for errors
    const char *name;
    bool readable;               // found, well formed and with all needed columns
    bool missing;                // there is no such file
    ls_csv csv;                  // row_count is 0 unless readable
    int at[LS_SMT_COLUMNS_MAX];  // place in the file, -1: not there
} ls_smt_table;

// A time as the data give it: exact, and the unit it came in so that it can be printed the same
// way.
typedef struct ls_smt_time {
    int64_t us;
    char unit;  // 's', 'm', 'h', 'd'
} ls_smt_time;

typedef enum ls_smt_shape {
    LS_SMT_NONE,
    LS_SMT_CONSTANT,
    LS_SMT_UNIFORM,
    LS_SMT_EXPONENTIAL
} ls_smt_shape;

typedef struct ls_smt_dist {
    ls_smt_shape shape;
    int64_t low_us, high_us;  // constant, exponential: both are the mean
    char unit;
} ls_smt_dist;

void *ls_smt_alloc(ls_smt_reader *reader, size_t count, size_t size);  // NULL sets out_of_memory
char *ls_smt_text(ls_smt_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Finds and parses a file; a missing one is an error only when `needed`.
void ls_smt_open(ls_smt_table *table, ls_smt_reader *reader, const char *name,
                 const ls_smt_column *columns, bool needed);
// Adds an error at a cell; `hint` may be NULL.
void ls_smt_wrong(const ls_smt_table *table, size_t row, int column, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

const char *ls_smt_cell(const ls_smt_table *table, size_t row, int column);  // "" when not there
bool ls_smt_has(const ls_smt_table *table, size_t row, int column);
// Letters, digits and _ - +, not first a -, at most LS_SMT_NAME_MAX bytes.
enum { LS_SMT_NAME_MAX = 100 };
bool ls_smt_name(const ls_smt_table *table, size_t row, int column, const char **out);
bool ls_smt_number(const ls_smt_table *table, size_t row, int column, double low, double high,
                   double *out);
bool ls_smt_count(const ls_smt_table *table, size_t row, int column, int64_t low, int64_t high,
                  int64_t *out);
bool ls_smt_span(const ls_smt_table *table, size_t row, int column, int unit_column,
                 ls_smt_time *out);
bool ls_smt_date(const ls_smt_table *table, size_t row, int column, int64_t *out_us_since_1970);
// second_column may be -1 where the table has none.
bool ls_smt_spread(const ls_smt_table *table, size_t row, int dist_column, int column,
                   int second_column, int unit_column, ls_smt_dist *out);
// One of `words` (NULL ends), or false and an error; an empty cell is words[0] when that is "".
bool ls_smt_word(const ls_smt_table *table, size_t row, int column, const char *const *words,
                 int *out);
