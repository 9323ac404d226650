// model_monitor.h - monitors (`what: anomaly`, learner `dpca` or `pca`) behind the commands on
// models: trained, judged, asked, explained.
//
// Each is called with PLANT:MODEL and its history open, for a plan whose `monitor.is` is true;
// prints, and returns an exit code.
#pragma once

#include "cli/model_open.h"

int ls_model_monitor_train(const ls_options *options, ls_model_opened *opened);
int ls_model_monitor_evaluate(const ls_options *options, ls_model_opened *opened);
int ls_model_monitor_predict(const ls_options *options, ls_model_opened *opened);
int ls_model_monitor_explain(const ls_options *options, ls_model_opened *opened);
