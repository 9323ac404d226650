// service.h - for tests: a plant's service and its emulated line as programs of their own, as a
// user starts them.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

enum { SERVICE_PATH_SIZE = 512 };

typedef struct service {
    char folder[SERVICE_PATH_SIZE];  // temporary; data and logs are in it
    char plant[SERVICE_PATH_SIZE];
    char data[SERVICE_PATH_SIZE];
    pid_t run;      // 0: does not run
    pid_t emulate;  // 0: does not run
    int starts;     // logs are run-1.log, run-2.log ...
} service;

double service_clock(void);  // s, steady
void service_pause(double seconds);

// A folder with a plant file: that of `source` (under the source root) with `more` appended.
bool service_begin(service *s, const char *source, const char *more);
// The same with a plant file of this text.
bool service_begin_text(service *s, const char *text);
bool service_write(const char *path, const char *text);
void service_end(service *s);  // kills what runs, removes the folder
// `lineshaft run`; waits until it answers. Fails the test when it does not.
bool service_run(service *s);
bool service_run_with(service *s, const char *const more[]);  // and these arguments (NULL-ended)
void service_start(service *s, const char *const more[]);     // without waiting
// `lineshaft run` with these arguments after the plant file, to its end; its exit code. What it
// said is in service_log.
int service_run_to_end(service *s, const char *plant, const char *const more[]);
// What the service that was started last has said so far; the caller frees it. Never NULL.
char *service_log(const service *s);
// Waits until the log holds this; false after ten seconds.
bool service_wait_log(const service *s, const char *part);
// `lineshaft line emulate` with further arguments (NULL at the end).
bool service_emulate(service *s, const char *const more[]);
// GET path: the status, 0 when nothing answers; *out_body (static) is what came.
int service_get(const service *s, const char *path, const char **out_body);
// Waits until GET path answers so; false after ten seconds.
bool service_wait_status(const service *s, const char *path, int status);
// What GET /state says; NULL when it does not answer. The caller gives it back.
json_t *service_state(const service *s);
// A figure of /metrics; NaN when it is not there.
double service_metric(const service *s, const char *name);
// The same when it has stayed as it is for two seconds: what was on its way has come.
double service_settled(const service *s, const char *name);
// Runs the program with these arguments; its stdout (static, up to 1 MB), NULL when it failed.
const char *service_ask(const char *const arguments[]);
// Waits for its end: its exit code, or -1 after `seconds` (it is then killed).
int service_wait(pid_t *program, double seconds);
// SIGTERM; its exit code, or -1 after `seconds` (it is then killed).
int service_stop(pid_t *program, double seconds);
const char *service_file(const service *s, const char *name);  // one of eight rotating buffers
