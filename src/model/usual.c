// usual.c - see usual.h.
#include "model/usual.h"

#include <math.h>

// Rows as doubles, evenly picked. NULL: out of memory.
static double *wide_rows(const ls_dataset *from, size_t *out_count) {
    const size_t count = from->row_count < LS_USUAL_ROWS_MOST ? from->row_count
                                                              : LS_USUAL_ROWS_MOST;
    double *values = ls_alloc(count * from->column_count * sizeof *values);
    for (size_t i = 0; i < count && values != NULL; i++) {
        const float *row = ls_dataset_row(from, i * from->row_count / count);
        for (uint32_t c = 0; c < from->column_count; c++) {
            values[i * from->column_count + c] = (double)row[c];
        }
    }
    *out_count = count;
    return values;
}

ls_status ls_usual_fit(const ls_dataset *train, const ls_dataset *calibrate, double rate,
                       ls_monitor **out, ls_error *err) {
    *out = NULL;
    if (train->column_count > LS_USUAL_COLUMNS_MOST) {
        return ls_fail(err, LS_ERR_INVALID, "%u features: unusual rows are told of at most %d",
                       train->column_count, LS_USUAL_COLUMNS_MOST);
    }
    ls_monitor_def def = ls_monitor_def_default(train->column_count);
    def.lags = 0;
    def.newest = 1.0;
    def.false_alarms = rate;
    ls_rows learn = {0}, hold = {0};
    double *values = wide_rows(train, &learn.count);
    double *held = wide_rows(calibrate, &hold.count);
    learn.values = values;
    hold.values = held;
    ls_status status = values != NULL && held != NULL
                           ? ls_monitor_fit(&def, &learn, 1, out, err)
                           : ls_fail(err, LS_ERR_MEMORY, "out of memory for what is usual");
    if (status == LS_OK) {
        ls_error few;
        status = ls_monitor_calibrate(*out, &hold, 1, rate, &few);
        if (status == LS_ERR_INVALID) {  // too few: the limits of the fit stay
            status = LS_OK;
        } else if (status != LS_OK) {
            *err = few;
            ls_monitor_destroy(*out);
            *out = NULL;
        }
    }
    ls_free(values);
    ls_free(held);
    return status;
}

size_t ls_usual_doubles(const ls_monitor *usual) {
    return ls_monitor_state_doubles(usual) + usual->def.variables;
}

bool ls_usual_is_foreign(const ls_monitor *usual, double *memory, const float *row) {
    ls_monitor_state state;
    double *wide = memory + ls_monitor_state_doubles(usual);
    for (size_t i = 0; i < usual->def.variables; i++) {
        wide[i] = (double)row[i];
    }
    ls_monitor_state_init(usual, memory, &state);
    const ls_monitor_reading reading = ls_monitor_step(usual, &state, wide);
    return ls_monitor_is_foreign(&reading);
}

ls_status ls_usual_rate(const ls_monitor *usual, const ls_dataset *rows, double *out,
                        ls_error *err) {
    double *memory = ls_alloc(ls_usual_doubles(usual) * sizeof *memory);
    size_t flagged = 0;
    if (memory == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory for what is usual");
    }
    for (size_t i = 0; i < rows->row_count; i++) {
        flagged += ls_usual_is_foreign(usual, memory, ls_dataset_row(rows, i));
    }
    *out = rows->row_count > 0 ? (double)flagged / (double)rows->row_count : (double)NAN;
    ls_free(memory);
    return LS_OK;
}
