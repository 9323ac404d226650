// metrics.h - the service's figures as Prometheus text (format 0.0.4).
//
// Names end in their unit, counters in _total; one family stands together, HELP and TYPE first.
#pragma once

#include "base/text.h"
#include "history/history.h"
#include "loop/decisions.h"
#include "loop/desk.h"
#include "loop/intake.h"
#include "loop/sources.h"
#include "loop/watch.h"

typedef struct ls_models ls_models;  // loop/models.h

typedef struct ls_metrics_of {
    ls_intake *intake;
    const ls_sources *sources;
    ls_watch *watch;
    ls_desk *desk;
    ls_decisions *decisions;  // NULL: none
    ls_models *models;        // NULL: none
    uint64_t events;          // of the journal
    int broker_pid;           // of the embedded broker; 0: none
    const char *version;
} ls_metrics_of;

// Takes the intake's lock for copying figures only.
void ls_metrics_write(const ls_metrics_of *of, ls_buffer *out);
