// command.h - a process becomes a person's command: user, folder, environment, and nothing else of
// us.
#pragma once

#include "exec/job.h"

typedef struct ls_command_def {
    const char *const *argv;
    const ls_exec_job *what;  // env, folder, uid, gid
    bool change_user;
    int out, err;      // becomes its standard output, standard error
    int cgroup_procs;  // cgroup.procs of its cgroup, open for writing; -1: none
} ls_command_def;

// In a child just forked. Returns only when that failed, with the text why.
const char *ls_command_become(const ls_command_def *def);
