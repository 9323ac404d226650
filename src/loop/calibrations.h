// calibrations.h - when the line drifts off its plant file, the file is compared with the history:
// a job of the plant's pool, whose result is told and kept, never put in by itself.
//
// The result is DATA/calibration/result.json (docs/JSON.md, `twin-calibrate/1`) and the proposed
// plant file DATA/calibration/proposed.yaml; an event of kind "calibration" says what is off.
#pragma once

#include "loop/errands.h"
#include "loop/watch.h"

typedef struct ls_calibrations ls_calibrations;

// LS_ERR_MEMORY, LS_ERR_IO (folder). `plant`: the file's path; all of it stays.
ls_status ls_calibrations_create(const char *plant, const char *data, ls_journal *journal,
                                 ls_calibrations **out, ls_error *err);
void ls_calibrations_destroy(ls_calibrations *calibrations);  // after the errands; NULL is fine
// Who takes in the results; for ls_errands_def.kinds.
ls_errand_kind ls_calibrations_kind(ls_calibrations *calibrations);
// From then on they are handed over.
void ls_calibrations_begin(ls_calibrations *calibrations, ls_errands *errands);
// Called about once a second: after a new alarm of drift one is asked for, as the plant file
// allows. NULL is fine.
void ls_calibrations_tick(ls_calibrations *calibrations, ls_watch *watch, const ls_plant *plant);
// One that a person asks for. since_us 0: all that the history has; else since 1970. Errors as of
// ls_errands_put.
ls_status ls_calibrations_ask(ls_calibrations *calibrations, int64_t since_us, ls_error *err);
