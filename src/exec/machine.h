// machine.h - the executor of this machine: runs as processes under guardians (shim.h).
//
// Keeps a descriptor for each guardian, so that an end is heard whether the guardian is a child of
// our helper or was there before us. A run whose guardian is gone without a word is lost; whatever
// is left of it is ended before anything else starts.
#pragma once

#include "exec/helper.h"
#include "pool/executor.h"

typedef struct ls_machine ls_machine;

typedef struct ls_machine_def {
    const char *folder;       // with `jobs` in it
    ls_exec_helper *helper;   // must outlive it
    const ls_pool *pool;      // must outlive it
    const char *const *gpus;  // of each GPU of the pool, node by node, what CUDA_VISIBLE_DEVICES
                              // calls it; NULL: there are none. Must outlive it
    int64_t offset_us;        // the runner's clock less the steady one
} ls_machine_def;

ls_status ls_machine_create(const ls_machine_def *def, ls_machine **out, ls_error *err);
void ls_machine_destroy(ls_machine *machine);  // runs go on; NULL is fine

// `what` of ls_run_start: an ls_exec_job, with log_bytes_max and limit_us set (0: none).
ls_executor ls_machine_executor(ls_machine *machine);

int ls_machine_fd(const ls_machine *machine);  // readable: `hear` has something to do
// Takes what the helper and guardians have to tell. LS_ERR_IO: the helper is gone.
// Another helper instead of one that is gone.
ls_status ls_machine_use(ls_machine *machine, ls_exec_helper *helper, ls_error *err);
ls_status ls_machine_hear(ls_machine *machine, ls_error *err);
int64_t ls_machine_wait_us(const ls_machine *machine);  // INT64_MAX: until something is to be heard
// The command's process while it runs; 0: it does not, or not yet.
pid_t ls_machine_pid(const ls_machine *machine, uint64_t job, uint32_t run);
// Processor time in microseconds that each of the runs has used so far, with all that it started;
// -1: not known. `jobs` and `runs` name them.
void ls_machine_used(const ls_machine *machine, const uint64_t jobs[], const uint32_t runs[],
                     uint32_t count, int64_t out_us[]);
// The folder of a job, open (the caller's); -1: there is none. `make`: makes it.
int ls_machine_folder(const ls_machine *machine, uint64_t job, bool make);
void ls_machine_forget(ls_machine *machine, uint64_t job);  // its folder goes
