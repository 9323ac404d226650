// pool_call.h - a command's question to the pool's daemon of this machine.
#pragma once

#include <jansson.h>

#include "cli/options.h"
#include "exec/call.h"

// `--socket` and `--json`, for the tables of commands that ask.
extern const ls_option ls_pool_call_options[];
extern const ls_option ls_pool_socket_options[];  // the first alone

// Where the daemon of whoever runs this listens when nothing is said: $LINESHAFT_POOL, else
// pool.sock in the first of $XDG_RUNTIME_DIR/lineshaft, /run/lineshaft and /tmp/lineshaft-UID where
// there is one; in the last of these that may be, when there is none.
void ls_pool_socket_path(const char *given, char *out, size_t size);
// Where a daemon listens when nothing is said; makes the folder. LS_ERR_IO, LS_ERR_INVALID.
ls_status ls_pool_socket_place(const char *given, char *out, size_t size, ls_error *err);

// An exit code; what is wrong was then said. *out stays NULL unless LS_EXIT_DONE.
int ls_pool_call_begin(const ls_options *options, ls_pool_call **out);
// Takes the question; *out is what stands under `ok`, the caller's.
int ls_pool_call_do(ls_pool_call *call, json_t *question, json_t **out);
// Both for one question.
int ls_pool_call_once(const ls_options *options, json_t *question, json_t **out);
// Until the job is over, or somebody presses Ctrl-C (watched by the caller, interrupt.h): the job
// then goes on. How it ended is said when it was not done; then *out_done is false.
int ls_pool_call_wait(ls_pool_call *call, uint64_t job_id, bool *out_done);
// {"lineshaft", "format", NAME: object}, printed. Takes the object.
int ls_pool_call_print(const char *format, const char *name, json_t *object);
// The number of a job in arguments[at]; 0: it is none, and that was said.
uint64_t ls_pool_call_job(const ls_options *options, int at, const char *command);
