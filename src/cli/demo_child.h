// demo_child.h - a program of ours that the demo starts and takes down again.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/status.h"

// Starts this very program with these arguments (NULL at the end, without the program's name), in a
// process group of its own, so that Ctrl-C reaches the demo alone. Its output goes to the file
// `log`. It dies with us, also by kill -9.
ls_status ls_demo_child_start(const char *const arguments[], const char *log, pid_t *out,
                              ls_error *err);
bool ls_demo_child_lives(pid_t *child);  // reaps it when it does not; *child is then 0
// SIGTERM, and SIGKILL when it has not ended after `seconds`. True when it ended by itself with 0.
bool ls_demo_child_stop(pid_t *child, double seconds);
