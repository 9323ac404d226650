// csv_fuzz.c - any bytes into the table reader, with either separator.
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t size, char separator) {
    ls_arena arena;
    ls_csv csv;
    ls_error err;
    memset(&err, 0, sizeof err);
    ls_arena_init(&arena);
    if (ls_csv_parse(text, size, separator, "fuzz.csv", &arena, &csv, &err) == LS_OK) {
        size_t total = 0;
        assert(csv.column_count >= 1);
        for (size_t c = 0; c < csv.column_count; c++) {
            assert(csv.columns[c][0] != '\0');
            assert(ls_csv_column(&csv, csv.columns[c]) == (int)c);
        }
        for (size_t r = 0; r < csv.row_count; r++) {
            assert(csv.lines[r] > (r == 0 ? 1 : csv.lines[r - 1]));
            for (size_t c = 0; c < csv.column_count; c++) {
                total += strlen(csv.rows[r][c]);
            }
        }
        assert(total <= size);
        (void)total;
    } else {
        assert(err.text[0] != '\0' && csv.row_count == 0);
    }
    ls_arena_clear(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check((const char *)data, size, ',');
    check((const char *)data, size, '\t');
    return 0;
}
