// history_export.h - samples of a history as rows of CSV or JSON Lines.
#pragma once

#include "cli/history_open.h"
#include "cli/history_value.h"

typedef struct ls_export {
    ls_history *history;
    const ls_tags *tags;
    const ls_query *query;
    ls_stream *stream;
    bool json;
    bool raw_times;  // microseconds since 1970
    const volatile int *stop;
    ls_buffer out;  // what is not yet written
    uint64_t samples;
    bool failed;  // writing
} ls_export;

// tag,time,value,quality,kind,flags: every sample, by tag.
ls_status ls_export_long(ls_export *to, ls_error *err);
// time and a column for each tag, by time. Fails with LS_ERR_INVALID for what that form cannot
// hold.
ls_status ls_export_wide(ls_export *to, ls_error *err);
// Writes what has come together; `all`: even when it is little. False: writing has failed.
bool ls_export_flush(ls_export *to, bool all);
void ls_export_time(const ls_export *to, int64_t time_us);  // as text, into `out`
// A value as JSON; as a string where JSON has no number for it.
void ls_export_json_value(ls_buffer *out, const ls_sample *sample);
