// history_import.h - rows of a file on their way into a history.
#pragma once

#include <jansson.h>

#include "cli/history_lines.h"
#include "cli/history_value.h"
#include "history/history.h"

enum { LS_INTAKE_BATCH = 4096 };

// Collects samples and appends them in batches; with no history (a dry run) counts only.
typedef struct ls_history_intake {
    ls_history *history;
    ls_tags *tags;
    ls_time_unit unit;
    const char *path;
    uint64_t samples, events, rows;
    ls_sample batch[LS_INTAKE_BATCH];
    size_t count;
    ls_arena texts;     // of the batch
    ls_buffer scratch;  // a decoded value
} ls_history_intake;

ls_status ls_history_intake_add(ls_history_intake *intake, const ls_sample *sample, ls_error *err);
ls_status ls_history_intake_flush(ls_history_intake *intake, ls_error *err);
// Rows until the end of the file or until *stop; `tell` is called now and then.
typedef struct ls_import_watch {
    void (*tell)(void *context, const ls_lines *lines, uint64_t samples);
    void *context;
    const volatile int *stop;
} ls_import_watch;
ls_status ls_history_import_csv(ls_lines *lines, ls_history_intake *intake,
                                const ls_import_watch *watch, ls_error *err);
ls_status ls_history_import_jsonl(ls_lines *lines, ls_history_intake *intake,
                                  const ls_import_watch *watch, ls_error *err);

// ---- what happened: rows of time, kind, subject and, where there is one, text

enum { LS_EVENT_COLUMNS = 4 };  // time, kind, subject, text

// Is this the header of a file of events? Where the columns stand; -1: there is none.
bool ls_history_event_header(const ls_lines *lines, int out[LS_EVENT_COLUMNS]);
// Adds it, unless the history has it. Of a dry run it is only looked at.
ls_status ls_history_intake_event(ls_history_intake *intake, const ls_lines *lines,
                                  const ls_happened *event, ls_error *err);
// A line of JSON that `history events --json` may have written, and that line into the history.
bool ls_history_is_event(const json_t *object);
ls_status ls_history_import_event(ls_lines *lines, const json_t *object, ls_history_intake *intake,
                                  int64_t time_us, ls_error *err);

// Names a cell and its value in an error.
ls_status ls_import_fail(const ls_lines *lines, int column, const char *what, const char *value,
                         const char *right, ls_error *err);
