// process.h - processes of this machine as /proc shows them: who is whose, who is still the same.
//
// A number alone does not name a process, since numbers are used again; number, start time and boot
// together do.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct ls_process {
    pid_t pid;
    uint64_t start;  // ticks since boot, of /proc/PID/stat
} ls_process;

enum { LS_BOOT_SIZE = 40 };

// False: there is no such process.
bool ls_process_find(pid_t pid, ls_process *out, pid_t *out_parent);
bool ls_process_is(ls_process process);            // it is there and still the same, and no zombie
bool ls_process_stands_still(ls_process process);  // and was stopped by a signal, or is traced
// The boot's id, zero-terminated; empty when the system does not tell.
void ls_process_boot(char out[LS_BOOT_SIZE]);

// Sends the signal to all processes below `root` (not to it); returns how many there are.
uint32_t ls_process_signal_below(pid_t root, int signal);
// Sends the signal to all whose environment has the variable `mark` ("NAME=VALUE") as it was when
// they were started; returns how many there are. What it may not look at it does not find.
uint32_t ls_process_signal_marked(const char *mark, int signal);

// Processor time in microseconds that each of the roots, with all below it, has used so far, in the
// steps of the system's clock (10 ms); of those that are gone it counts what somebody waited for.
// -1: there is no such process. One look at all processes, however many roots.
void ls_process_used(const pid_t roots[], uint32_t count, int64_t out_us[]);

int64_t ls_steady_us(void);        // CLOCK_MONOTONIC
int64_t ls_process_wall_us(void);  // CLOCK_REALTIME, since 1970
