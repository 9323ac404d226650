// calibrate.h - a plant file against what its line has shown: what is off, and the text with new
// values.
//
// Quantities that one place of the file states are fitted together; when they differ significantly
// from each other, the row says so. Pure.
#pragma once

#include "base/text.h"
#include "plant/read.h"
#include "twin/calibrate/collect.h"
#include "twin/calibrate/fit.h"

enum { LS_CALIBRATE_TEXT = 192, LS_CALIBRATE_BINS = 24, LS_CALIBRATE_LEAST = 5 };

typedef struct ls_calibrate_def {
    ls_fit_def fit;    // old is set by the calibration
    const char *only;  // station; NULL: all. Releases have none
    bool all;          // change also what is not significantly off
    uint32_t cookie;   // set by ls_calibrate_def_default
} ls_calibrate_def;
ls_calibrate_def ls_calibrate_def_default(void);

typedef struct ls_calibrate_row {
    ls_quantity_kind kind;
    char what[LS_CALIBRATE_TEXT];  // for people, of the first quantity
    char path[LS_CALIBRATE_TEXT];  // in the file
    int line;                      // 0: nowhere
    char old_text[LS_CALIBRATE_TEXT], new_text[LS_CALIBRATE_TEXT];  // "" : none
    char note[LS_CALIBRATE_TEXT];  // why it is not changed, or what to know; ""
    uint32_t members;              // quantities fitted together
    double members_p;              // that they are alike (likelihood ratio); NaN: one, or not asked
    bool is_share, is_count, from_inferred;
    uint64_t offered;  // times that came; more than fit.count: a sample was taken
    ls_fit fit;
    ls_share share;
    double old_share, share_p;
    bool off;                          // significantly
    bool changed;                      // in the new text
    uint32_t bins[LS_CALIBRATE_BINS];  // ended times, from bin_low to bin_high
    double bin_low, bin_high;
} ls_calibrate_row;

typedef struct ls_calibration {
    ls_calibrate_row *rows;  // in the order of the file
    uint32_t count, capacity;
    uint32_t off, changed;
    ls_buffer text;  // the new file; equal to the old where nothing is changed
} ls_calibration;

// `text` is what `plant` was read from; `files` as it was read with (NULL: none). The new text has
// been read again: LS_ERR_INVALID says why it is refused (and would be a bug, or a value that is
// no longer allowed). Fails with LS_ERR_MEMORY. `only` that is no station: LS_ERR_INVALID.
ls_status ls_calibrate(const ls_plant *plant, const char *text, size_t size,
                       const ls_plant_files *files, const ls_collect *collect,
                       const ls_calibrate_def *def, ls_calibration *out, ls_error *err);
void ls_calibration_clear(ls_calibration *calibration);
