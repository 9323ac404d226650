// history_import.h - rows of a file on their way into a history.
#pragma once

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
    uint64_t samples, rows;
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
// Names a cell and its value in an error.
ls_status ls_import_fail(const ls_lines *lines, int column, const char *what, const char *value,
                         const char *right, ls_error *err);
