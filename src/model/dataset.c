// dataset.c - see dataset.h.
#include "model/dataset.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static ls_status no_memory(ls_error *err) {
    return ls_fail(err, LS_ERR_MEMORY, "out of memory for a dataset");
}

static ls_status check_size(size_t rows, uint32_t columns, uint32_t units, ls_error *err) {
    if (rows > LS_DATASET_ROWS_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "a dataset has at most %zu rows, not %zu",
                       LS_DATASET_ROWS_MAX, rows);
    }
    if (columns > LS_DATASET_COLUMNS_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "a dataset has at most %d columns, not %u",
                       LS_DATASET_COLUMNS_MAX, columns);
    }
    if (units > LS_DATASET_UNITS_MAX) {
        return ls_fail(err, LS_ERR_LIMIT, "a dataset has at most %d units, not %u",
                       LS_DATASET_UNITS_MAX, units);
    }
    if (rows * columns > LS_DATASET_BYTES_MAX / sizeof(float)) {
        return ls_fail(err, LS_ERR_LIMIT, "%zu rows of %u columns are more than %zu bytes", rows,
                       columns, LS_DATASET_BYTES_MAX);
    }
    return LS_OK;
}

ls_status ls_dataset_init(ls_dataset *out, size_t row_count, uint32_t column_count,
                          uint32_t unit_count, ls_error *err) {
    memset(out, 0, sizeof *out);
    ls_arena_init(&out->arena);
    const ls_status status = check_size(row_count, column_count, unit_count, err);
    if (status != LS_OK) {
        return status;
    }
    ls_arena *arena = &out->arena;
    const size_t cells = row_count * column_count;
    out->row_count = row_count;
    out->column_count = column_count;
    out->unit_count = unit_count;
    out->columns = ls_arena_alloc(arena, column_count * sizeof *out->columns);
    out->units = ls_arena_alloc(arena, unit_count * sizeof *out->units);
    out->values = ls_arena_alloc(arena, cells * sizeof *out->values);
    out->time_us = ls_arena_alloc(arena, row_count * sizeof *out->time_us);
    out->known_us = ls_arena_alloc(arena, row_count * sizeof *out->known_us);
    out->label = ls_arena_alloc(arena, row_count * sizeof *out->label);
    out->weight = ls_arena_alloc(arena, row_count * sizeof *out->weight);
    out->unit = ls_arena_alloc(arena, row_count * sizeof *out->unit);
    if (out->columns == NULL || out->units == NULL || out->values == NULL || out->time_us == NULL ||
        out->known_us == NULL || out->label == NULL || out->weight == NULL || out->unit == NULL) {
        ls_dataset_clear(out);
        return no_memory(err);
    }
    for (size_t i = 0; i < cells; i++) {
        out->values[i] = NAN;
    }
    for (size_t i = 0; i < row_count; i++) {
        out->known_us[i] = LS_KNOWN_NEVER;
        out->label[i] = (double)NAN;
        out->weight[i] = 1.0F;
    }
    return LS_OK;
}

void ls_dataset_clear(ls_dataset *dataset) {
    if (dataset != NULL) {
        ls_arena_clear(&dataset->arena);
        memset(dataset, 0, sizeof *dataset);
    }
}

ls_status ls_dataset_bound(ls_dataset *dataset, ls_error *err) {
    dataset->latest = ls_arena_alloc(&dataset->arena, dataset->row_count * sizeof(double));
    if (dataset->latest == NULL) {
        return no_memory(err);
    }
    if (dataset->row_count > 0) {
        memcpy(dataset->latest, dataset->label, dataset->row_count * sizeof(double));
    }
    return LS_OK;
}

uint32_t ls_dataset_column(const ls_dataset *dataset, const char *name) {
    for (uint32_t i = 0; i < dataset->column_count; i++) {
        if (strcmp(dataset->columns[i], name) == 0) {
            return i;
        }
    }
    return UINT32_MAX;
}

static bool copy_names(ls_arena *arena, const char *const *from, uint32_t count, const char **to) {
    for (uint32_t i = 0; i < count; i++) {
        to[i] = ls_arena_text(arena, from[i], strlen(from[i]));
        if (to[i] == NULL) {
            return false;
        }
    }
    return true;
}

ls_status ls_dataset_take(const ls_dataset *from, const size_t *rows, size_t count, ls_dataset *out,
                          ls_error *err) {
    const ls_status status = ls_dataset_init(out, count, from->column_count, from->unit_count, err);
    if (status != LS_OK) {
        return status;
    }
    out->label_name = ls_arena_text(&out->arena, from->label_name, strlen(from->label_name));
    if (out->label_name == NULL ||
        !copy_names(&out->arena, from->columns, from->column_count, out->columns) ||
        !copy_names(&out->arena, from->units, from->unit_count, out->units)) {
        ls_dataset_clear(out);
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        const size_t row = rows[i];
        assert(row < from->row_count);
        memcpy(out->values + i * from->column_count, ls_dataset_row(from, row),
               from->column_count * sizeof *out->values);
        out->time_us[i] = from->time_us[row];
        out->known_us[i] = from->known_us[row];
        out->label[i] = from->label[row];
        out->weight[i] = from->weight[row];
        out->unit[i] = from->unit[row];
    }
    if (from->latest != NULL) {
        if (ls_dataset_bound(out, err) != LS_OK) {
            ls_dataset_clear(out);
            return LS_ERR_MEMORY;
        }
        for (size_t i = 0; i < count; i++) {
            out->latest[i] = from->latest[rows[i]];
        }
    }
    return LS_OK;
}
