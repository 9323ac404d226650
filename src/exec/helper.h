// helper.h - the process that starts runs. It alone may change users; it does not listen to anybody
// but the one who forked it.
//
// Between the two goes a socket of whole messages. It takes only job numbers, never paths: folders
// are those below the data folder that it opened at its beginning.
#pragma once

#include "exec/cgroup.h"
#include "exec/service.h"

enum { LS_HELPER_NOTE_SIZE = 96, LS_CGROUP_SIZE = 64 };

typedef struct ls_helper_reply {
    uint64_t job;
    uint32_t run;
    int32_t pid;                     // of the guardian; 0: could not be started
    char note[LS_HELPER_NOTE_SIZE];  // then: why
} ls_helper_reply;

struct ls_exec_helper {
    int socket;
    pid_t pid;
    bool changes_user;
    uid_t uid_least;
    ls_cgroup cgroup;  // its folder is the helper's; here only whether there is one
};

// `job->env` is all that the command gets. LS_ERR_IO: the helper is gone; LS_ERR_MEMORY.
ls_status ls_helper_send_start(ls_exec_helper *helper, uint64_t job, uint32_t run,
                               const ls_exec_job *what, const ls_run_limits *limits, ls_error *err);
// Ends whatever is left of a run whose guardian is gone; done before any start sent later.
ls_status ls_helper_send_sweep(ls_exec_helper *helper, uint64_t job, uint32_t run, ls_error *err);
// The next reply, and a descriptor of the guardian (pidfd, the caller's now; -1: not started).
// False: none now. *out_gone: the helper has ended.
bool ls_helper_receive(ls_exec_helper *helper, ls_helper_reply *out, int *out_pidfd,
                       bool *out_gone);

// "LINESHAFT_RUN=JOB.RUN.FOLDER": in the environment of every run, to find what is left of it.
enum { LS_RUN_MARK_SIZE = 96 };
void ls_run_mark(char out[LS_RUN_MARK_SIZE], int jobs_folder, uint64_t job, uint32_t run);
