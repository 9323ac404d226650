// guard_child.h - the guard's process as a child of the service: started, watched, started again.
//
// It is our own program with the command `guard`. It dies with us. When it ends by itself it is
// started again, after a pause that doubles up to half a minute; while it is away nothing is sent
// and the line goes by its own rule.
#pragma once

#include "base/status.h"
#include "loop/journal.h"

typedef struct ls_guard_child ls_guard_child;

// `plant` and `data` as `lineshaft run` has them; both stay until stop.
ls_status ls_guard_child_start(const char *plant, const char *data, ls_journal *journal,
                               ls_guard_child **out, ls_error *err);
void ls_guard_child_stop(ls_guard_child *child);      // waits for its end; NULL is fine
int ls_guard_child_pid(const ls_guard_child *child);  // 0: away; NULL is fine
