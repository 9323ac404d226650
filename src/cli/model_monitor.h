// model_monitor.h - monitors (`what: anomaly`, learner `dpca` or `pca`) behind the commands on
// models: trained, judged, asked, explained.
//
// Each is called with PLANT:MODEL and its history open, for a plan whose `monitor.is` is true;
// prints, and returns an exit code.
#pragma once

#include "cli/model_open.h"
#include "model/monitor.h"

int ls_model_monitor_train(const ls_options *options, ls_model_opened *opened);
int ls_model_monitor_evaluate(const ls_options *options, ls_model_opened *opened);
int ls_model_monitor_predict(const ls_options *options, ls_model_opened *opened);
int ls_model_monitor_explain(const ls_options *options, ls_model_opened *opened);
// The version asked for, its monitor read and fit for the plan; *out is the caller's, also after a
// failure (NULL where nothing was read).
ls_status ls_model_monitor_load(const ls_model_opened *opened, const ls_options *options,
                                ls_monitor **out, uint32_t *out_number, ls_error *err);
