// history_open.h - what the commands on a history share: opening one, times, patterns, a stream.
#pragma once

#include <stdio.h>

#include "cli/options.h"
#include "history/history.h"

// `--login FILE` and `--log FOLDER`; `--from TIME` and `--to TIME`.
extern const ls_option ls_history_place_options[];
extern const ls_option ls_history_range_options[];

typedef struct ls_opened_history {
    ls_history *history;
    ls_tags *tags;
    char folder[4096];
    char place[4096];
} ls_opened_history;

// Opens the first argument: a folder, the data folder of a service, or postgresql://...
ls_status ls_history_open_argument(const ls_options *options, bool read_only,
                                   ls_opened_history *out, ls_error *err);
// Closes; returns an exit code, `code` unless closing failed.
int ls_history_close_argument(ls_opened_history *opened, int code);
// `2026-01-05T06:00`, `-1d` (before now), `now`. False and *err when it is none.
ls_status ls_history_parse_when(const char *text, int64_t *out_us, ls_error *err);
// The range of --from and --to; everything where they are not given.
ls_status ls_history_parse_range(const ls_options *options, int64_t *out_from_us,
                                 int64_t *out_to_us, ls_error *err);

// Output that may be longer than memory: to stdout, or to the file of `-o`, which appears whole or
// not at all. Use ls_output_options.
typedef struct ls_stream {
    FILE *file;
    const char *path;  // NULL: stdout
    char temporary[4200];
} ls_stream;
ls_status ls_stream_open(ls_stream *stream, const ls_options *options, ls_error *err);
// False when writing has failed.
bool ls_stream_put(ls_stream *stream, const char *bytes, size_t size);
// keep: the file takes its place. Returns the first failure.
ls_status ls_stream_close(ls_stream *stream, bool keep, ls_error *err);
