// history_sizes.c - bytes per sample of real recordings, time included, in blocks.
//
// history_sizes [--points 1000] --step SECONDS FILE...: each FILE is a table of numbers separated
// by blanks; every column becomes a tag, every row a sample at row * SECONDS. With --by-unit the
// first column says where another unit begins: its columns are tags of their own. Each block is
// read back and compared to the bit. Prints JSON.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "history/block.h"

enum { COLUMNS_MAX = 64 };

typedef struct table {
    double *cells;
    size_t rows, columns, room;
} table;

typedef struct sums {
    size_t samples, bytes, blocks;
    double pack_s, unpack_s;
    size_t column_bytes[COLUMNS_MAX], column_samples[COLUMNS_MAX];
} sums;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what, const char *which) {
    fprintf(stderr, "history_sizes: %s: %s\n", which, what);
    exit(1);
}

static void read_row(table *into, char *line, const char *path) {
    size_t columns = 0;
    char *end = NULL;
    for (double value = strtod(line, &end); end != line; value = strtod(line, &end)) {
        if (into->rows * into->columns + columns == into->room) {
            into->room = into->room == 0 ? 4096 : into->room * 2;
            into->cells = realloc(into->cells, into->room * sizeof *into->cells);
            if (into->cells == NULL) {
                fail("out of memory", path);
            }
        }
        into->cells[into->rows * into->columns + columns++] = value;
        line = end;
    }
    if (columns == 0) {
        return;
    }
    if (columns > COLUMNS_MAX || (into->rows > 0 && columns != into->columns)) {
        fail("rows of different lengths", path);
    }
    into->columns = columns;
    into->rows++;
}

static table read_table(const char *path) {
    table t = {0};
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (in == NULL) {
        fail("cannot open", path);
    }
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, in) >= 0) {
        read_row(&t, line, path);
    }
    free(line);
    if (in != stdin) {
        fclose(in);
    }
    return t;
}

static void check_same(const ls_sample *a, const ls_sample *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (a[i].time_us != b[i].time_us || !ls_sample_same(&a[i], &b[i])) {
            fail("a block came back different", "error");
        }
    }
}

static void measure_column(ls_block_codec *codec, const table *t, size_t column, size_t from,
                           size_t to, size_t points, int64_t step_us, sums *sum) {
    ls_sample *samples = calloc(points, sizeof *samples);
    for (size_t at = from; at < to; at += points) {
        const size_t n = to - at < points ? to - at : points;
        for (size_t i = 0; i < n; i++) {
            samples[i].time_us = 1700000000000000 + (int64_t)(at - from + i) * step_us;
            samples[i].kind = LS_VALUE_REAL;
            samples[i].value.real = t->cells[(at + i) * t->columns + column];
        }
        const void *bytes = NULL;
        size_t size = 0;
        size_t taken = 0;
        const double start = now_s();
        if (ls_block_pack(codec, samples, n, &bytes, &size, &taken, NULL) != LS_OK || taken != n) {
            fail("cannot pack", "error");
        }
        sum->pack_s += now_s() - start;
        void *copy = malloc(size);
        memcpy(copy, bytes, size);
        const ls_sample *got = NULL;
        size_t count = 0;
        const double middle = now_s();
        if (ls_block_unpack(codec, copy, size, 0, &got, &count, NULL) != LS_OK || count != n) {
            fail("cannot unpack", "error");
        }
        sum->unpack_s += now_s() - middle;
        check_same(samples, got, n);
        free(copy);
        sum->samples += n;
        sum->bytes += size;
        sum->blocks++;
        sum->column_bytes[column] += size;
        sum->column_samples[column] += n;
    }
    free(samples);
}

static void measure_file(ls_block_codec *codec, const char *path, bool by_unit, size_t points,
                         int64_t step_us, sums *sum) {
    const table t = read_table(path);
    size_t from = 0;
    for (size_t row = 1; row <= t.rows; row++) {
        const bool ends = row == t.rows ||
                          (by_unit && t.cells[row * t.columns] != t.cells[(row - 1) * t.columns]);
        for (size_t column = 0; ends && column < t.columns; column++) {
            measure_column(codec, &t, column, from, row, points, step_us, sum);
        }
        from = ends ? row : from;
    }
    free(t.cells);
}

int main(int argc, char **argv) {
    size_t points = 1000;
    double step_s = 1;
    bool by_unit = false;
    bool columns = false;
    int first = 1;
    for (; first < argc && strncmp(argv[first], "--", 2) == 0; first++) {
        if (strcmp(argv[first], "--by-unit") == 0) {
            by_unit = true;
        } else if (strcmp(argv[first], "--columns") == 0) {
            columns = true;
        } else if (strcmp(argv[first], "--points") == 0 && first + 1 < argc) {
            points = strtoul(argv[++first], NULL, 10);
        } else if (strcmp(argv[first], "--step") == 0 && first + 1 < argc) {
            step_s = strtod(argv[++first], NULL);
        } else {
            fail("no such option", argv[first]);
        }
    }
    ls_block_codec *codec = NULL;
    if (points == 0 || points > LS_BLOCK_SAMPLES_MAX ||
        ls_block_codec_create(&codec, NULL) != LS_OK) {
        fail("cannot start", "error");
    }
    static sums sum;
    for (int i = first; i < argc; i++) {
        measure_file(codec, argv[i], by_unit, points, (int64_t)(step_s * 1e6), &sum);
    }
    ls_block_codec_destroy(codec);
    const double samples = (double)sum.samples;
    printf(
        "{\"samples\": %zu, \"blocks\": %zu, \"bytes\": %zu, \"bytes_per_sample\": %.4f, "
        "\"pack_ns\": %.1f, \"unpack_ns\": %.1f}\n",
        sum.samples, sum.blocks, sum.bytes, (double)sum.bytes / samples, sum.pack_s * 1e9 / samples,
        sum.unpack_s * 1e9 / samples);
    for (size_t c = 0; columns && c < COLUMNS_MAX && sum.column_samples[c] > 0; c++) {
        fprintf(stderr, "column %zu: %.3f\n", c + 1,
                (double)sum.column_bytes[c] / (double)sum.column_samples[c]);
    }
    return sum.samples > 0 ? 0 : 1;
}
