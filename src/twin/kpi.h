// kpi.h - figures of a window of time, from the accounts at its two ends.
#pragma once

#include "twin/twin.h"

// Values are laid out as [class or all][LS_FIG_CLASS_COUNT] then [station][LS_FIG_COUNT -
// LS_FIG_CLASS_COUNT]; all classes together come behind the last class. NaN: no such value (nothing
// finished).
typedef struct ls_kpi_shape {
    uint32_t classes, stations;
    size_t count;
} ls_kpi_shape;

ls_kpi_shape ls_kpi_shape_of(const ls_model *model);
size_t ls_kpi_index(const ls_kpi_shape *shape, bool station, uint32_t index, ls_figure figure);

// from: the state at the window's start (maxima and the start of accounts are its own), to: at its
// end. from NULL: the window begins at time zero with empty accounts. Fails only with
// LS_ERR_MEMORY.
ls_status ls_kpi_window(const ls_model *model, const ls_state *from, const ls_state *to,
                        double *out_values, ls_error *err);

// Lots inside, averaged over the window (the watched series of the warm-up).
double ls_kpi_wip(const ls_model *model, const ls_state *from, const ls_state *to);
