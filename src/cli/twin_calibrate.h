// twin_calibrate.h - a calibration as text and as JSON.
#pragma once

#include <jansson.h>

#include "base/text.h"
#include "twin/calibrate/calibrate.h"

// The table, then the notes of its rows.
void ls_calibrate_table(const ls_calibration *calibration, ls_buffer *out);
// How many facts there were, and which were left out.
void ls_calibrate_facts(const ls_collect *collect, ls_buffer *out);
json_t *ls_calibrate_rows_json(const ls_calibration *calibration);
json_t *ls_calibrate_facts_json(const ls_collect *collect);
