// run_files.h - what a run leaves in its job's folder for whoever comes later.
//
//   claim.RUN   who guards it: made before the command begins, by link(2), so that of all who want
//               to start a run only one can; whoever makes it without starting it has forbidden it
//   end.RUN     how it ended: made by rename(2)
//   ctl.RUN     a fifo: `stop MICROSECONDS\n` (of the steady clock), while it runs
//   out.RUN.OFFSET, err.RUN.OFFSET   what it wrote (log_file.h)
//
// Not made durable on disk: they have to outlive a process, not the machine, and name their boot.
#pragma once

#include "exec/process.h"
#include "pool/executor.h"

enum { LS_RUN_NAME_SIZE = 48, LS_RUN_FILE_SIZE_MAX = 1024 };

typedef struct ls_run_claim {
    bool forbidden;  // made by who did not start it
    ls_process shim, command;
    char boot[LS_BOOT_SIZE];
} ls_run_claim;

// A file made by root belongs to whom its job's folder belongs to: the daemon, which reads it. 0 or
// errno; 0 when we are not root.
int ls_run_give(int folder, int fd);
// Of an errno: something is short that will be there again; nothing is known of what was looked
// for.
bool ls_run_is_short(int wrong);
void ls_run_file_name(char out[LS_RUN_NAME_SIZE], const char *what, uint32_t run);
// `folder`: of the job. 0, EEXIST: somebody else has it; or another errno.
int ls_run_claim_make(int folder, uint32_t run, const ls_run_claim *claim);
// False: there is none, or errno is short. One that cannot be read for another reason was made all
// the same: *out is of no process then, and not forbidden.
bool ls_run_claim_read(int folder, uint32_t run, ls_run_claim *out);
// ended_us of the steady clock of the boot. 0 or errno.
int ls_run_end_make(int folder, const ls_run_end *end);
// False, with errno: ENOENT, or why it cannot be read; EINVAL: it is damaged.
bool ls_run_end_read(int folder, uint64_t job, uint32_t run, ls_run_end *out);

// The texts of the two files, for the functions above and their tests. False: not such a text.
bool ls_run_claim_parse(const char *text, ls_run_claim *out);
bool ls_run_end_parse(const char *text, ls_run_end *out);
// `stop MICROSECONDS\n` into *out_until_us.
bool ls_run_stop_parse(const char *text, int64_t *out_until_us);
// 0, or ENOENT, ENXIO: nobody listens (not yet, or no more).
int ls_run_stop_send(int folder, uint32_t run, int64_t until_us);
