// smt2020.h - a data set in the text format of the SMT2020 testbed becomes a plant file.
//
// SMT2020 (Kopp, Hassoun, Kalir, Moench: SMT2020 - A Semiconductor Manufacturing Testbed, IEEE
// Transactions on Semiconductor Manufacturing 33(4), 2020) is published as tab-separated tables of
// the simulator AutoSched AP: tool groups, routes, orders, initial lots, calendars. The result is
// text in the syntax of a plant file plus a table of the lots at time zero, both for people to read
// and change.
//
// What the tables leave open, and what we take:
//   - `uniform m w` is m +- w (AutoSched's meaning as far as we know); options can halve it.
//   - Batches keep their minimum and maximum (in pieces) and hold lots at the same step of one
//   route.
//   - Calendar maintenance is staggered over the tools of a group: the data have one first time per
//   group,
//     and all tools of a group down in the same hour is not meant. It is that of the last tool; the
//     others come evenly over one interval before it.
//   - A step without setup leaves the tool's setup as it is.
//   - Columns that are not understood and have content are named in a comment at the top of the
//   plant.
#pragma once

#include <stdbool.h>

#include "base/status.h"
#include "base/text.h"
#include "import/files.h"

typedef enum ls_smt2020_dispatch {
    LS_SMT2020_DISPATCH_FILE,  // as FWLRANK of the tool table says
    LS_SMT2020_DISPATCH_FIFO,  // its rank_FIFO or rank_CR replaced by first in, first out
    LS_SMT2020_DISPATCH_CR,    // ... by the critical ratio
} ls_smt2020_dispatch;

typedef struct ls_smt2020_options {
    // Follows PySCFabSim, the simulator that most published results on these data come from, where
    // it reads them otherwise: batches start only when full and mix routes at steps of the same
    // description; a step without setup clears the tool's setup; initial lots at the last two steps
    // are left out; one rework draw per lot and step; no staggering; no warm-up.
    bool compat;
    bool half_width;  // the second number of `uniform` is the half width, else the whole width
    ls_smt2020_dispatch dispatch;
    const char *plant_name;  // NULL: the name of the folder
    const char
        *initial_file;  // what the plant file calls the table of initial lots; NULL: initial.csv
} ls_smt2020_options;

// half_width is true for our own reading and false with compat.
ls_smt2020_options ls_smt2020_options_default(bool compat);

// Appends the plant file to *out_plant and the table of initial lots to *out_initial (empty when
// there are none). Without LS_OK nothing is appended and *errors holds every mistake, each with
// file, line, column, field and value.
ls_status ls_import_smt2020(const ls_import_files *files, const ls_smt2020_options *options,
                            ls_buffer *out_plant, ls_buffer *out_initial, ls_errors *errors);

// The same for a real folder. LS_ERR_IO or LS_ERR_LIMIT when it cannot be read.
ls_status ls_import_smt2020_folder(const char *folder, const ls_smt2020_options *options,
                                   ls_buffer *out_plant, ls_buffer *out_initial, ls_errors *errors);
