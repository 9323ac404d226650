// job.h - what a person asks the pool to run: a command and what it needs.
//
// Plain data. Texts are the caller's while a call lasts; whoever keeps a job copies it into an
// arena of its own.
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/text.h"
#include "pool/shape.h"

enum {
    LS_EXEC_ARGS_MAX = 4096,          // of a command
    LS_EXEC_ENV_MAX = 4096,           // variables
    LS_EXEC_SPEC_SIZE_MAX = 1 << 17,  // of everything a job says, in bytes
    LS_EXEC_ARRAY_MAX = 100000,       // jobs of an array
    LS_EXEC_ELASTIC_MAX = 1000,       // parts that a job can use beyond
    LS_EXEC_INDEX_MAX = 1000000000,   // the first index of one
    LS_EXEC_AFTER_MAX = 1024,         // jobs that one waits for
    LS_EXEC_NAME_MAX = 127,           // bytes of a name, of a user
    LS_EXEC_PROCESSES_MAX = 4194304,  // of a job: what Linux can have at all
};

// In `after`: the number of one job of an array with this stands for all of them.
#define LS_EXEC_AFTER_ARRAY (UINT64_C(1) << 63)

typedef struct ls_exec_job {
    const char *name;     // for people; NULL: the command's
    const char *account;  // path of a leaf: "suppliers.castings"; "": the pool's only account
    const char *user;     // who asks; for people and the books
    uid_t uid;            // as whom it runs, where the helper may change that; else ignored
    gid_t gid;

    // The command: argv[0] is looked for in PATH of `env`, nothing goes through a shell. Each of
    // these ends with NULL.
    const char *const *argv;
    const char *const *env;  // "NAME=VALUE"; NULL: PATH, HOME, LANG alone. LINESHAFT_* are ours
    const char *folder;      // it starts there, an absolute path; NULL: "/"

    // What it needs. `kinds` 0 with GPUs asked for: every kind its account may use. Of the shape of
    // one machine a part is what one process holds; all parts stand on this machine.
    ls_shape shape;
    bool has_priority;  // else that of its account
    int32_t priority;

    int64_t deadline_us;          // wanted done so long after its submission; 0: no deadline
    int64_t limit_us;             // longest time it may run, then it is stopped; 0: any
    int64_t grace_us;             // between being asked to stop and being killed; 0: at once
    int64_t checkpoint_every_us;  // it saves by itself so often; 0: never
    bool saves;                   // it saves when it is asked to stop
    bool restartable;             // may be stopped for others and begun again
    bool spot;                    // takes what nobody else needs, see pool/scheduler.h
    // An elastic job can use so many parts beyond those of its shape; while it runs each of them is
    // a job of its own, of the same command (service_elastic.c). Of such a part: its job, and
    // which start of it; 0: it is none.
    uint32_t elastic;
    uint64_t leader;
    uint32_t leader_run;
    // Of an elastic job, percent: it has as many parts as keep each so busy, by what it uses
    // (service_load.c); 0: all that it can use, until it says how many it wants.
    uint32_t busy;
    // Asked to stop, it gets this signal (0: SIGTERM); before that this command runs beside it
    // (NULL: none), as the same user, with LINESHAFT_JOB_PID set.
    int stop_signal;
    const char *const *stop_argv;

    uint32_t array;        // so many jobs, LINESHAFT_ARRAY_INDEX from array_first; 0: one, no array
    uint32_t array_first;  // of a submission; then each job has its own
    // It starts when these are done, and is cancelled when one of them fails: jobs, and arrays (by
    // LS_EXEC_AFTER_ARRAY).
    const uint64_t *after;
    uint32_t after_count;

    uint32_t processes;      // that it may have at once, threads too; 0: run_limits.h
    uint64_t log_bytes_max;  // kept of what it writes, the oldest goes first; 0: the pool's
    bool split_log;          // standard error goes into a log of its own

    // Who asks tells this submission from others by it, and may ask again without harm; NULL: not
    const char *once;
} ls_exec_job;
