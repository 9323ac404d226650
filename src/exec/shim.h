// shim.h - the guardian of one run: starts the command, keeps what it writes, ends all of it.
//
// A process of its own that outlives whoever asked for it. It adopts what its command leaves behind
// (PR_SET_CHILD_SUBREAPER), so that a job that forks away is found; the run is over when nothing of
// it is left. It hears only its fifo (run_files.h) and its clock.
#pragma once

#include "exec/run_limits.h"

typedef struct ls_shim_def {
    int folder;  // of the job
    uint64_t job;
    uint32_t run;
    const ls_exec_job *what;  // its env is all that the command gets; log_bytes_max is set
    bool change_user;         // run it as what->uid, what->gid
    int cgroups;              // folder in which a cgroup may be made; -1: none
    char cgroup[64];          // its name
    ls_run_limits limits;     // of the run, as far as the cgroup can hold them to it:
    uint32_t limits_mask;     // LS_LIMIT_*
} ls_shim_def;

// The life of a guardian, in a process just forked for it with nothing open but what the def names;
// returns what to exit with.
int ls_shim_main(const ls_shim_def *def);
