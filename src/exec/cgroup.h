// cgroup.h - cgroups (v2) for runs: where they may be made, and what they limit.
//
// A cgroup holds either processes or cgroups whose use is limited (the kernel's "no internal
// processes"). So who makes cgroups for jobs below its own first leaves that for one below it; or
// it is given another folder, in which nothing runs.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "exec/run_limits.h"

enum { LS_CGROUP_WHY_SIZE = 200 };

typedef struct ls_cgroup {
    int folder;       // open: cgroups can be made in it, entered, and killed as a whole; -1: none
    uint32_t limits;  // LS_LIMIT_* that hold in those below it
    char why[LS_CGROUP_WHY_SIZE];           // folder -1: what stands in the way
    char why_no_limit[LS_CGROUP_WHY_SIZE];  // limits not all: what stands in the way of the others
} ls_cgroup;

// `given`: the folder, handed to us for this alone; NULL: our own cgroup, out of which this process
// moves into one below it (`lineshaft-daemon`) where it is alone and that has to be. Call it before
// others are forked that are to stay with us.
void ls_cgroup_open(const char *given, ls_cgroup *out);

// Makes the limits of the controllers (a NULL-ended list of at most 32 names, whose places are the
// bits) available to the cgroups in the folder. Returns those that are. `own`: our process is in
// it and may move out, into one below. *why (of LS_CGROUP_WHY_SIZE): of the others; else empty.
uint32_t ls_cgroup_enable(int folder, const char *const *controllers, bool own, char *why);

// Writes the limits of the mask into the cgroup. False: one cannot be; why says which.
bool ls_cgroup_limit(int cgroup, const ls_run_limits *limits, uint32_t mask, char *why,
                     size_t why_size);
// What its limits did to those in it, as a sentence for people; false: nothing. Before it is
// removed.
bool ls_cgroup_struck(int cgroup, const ls_run_limits *limits, uint32_t mask, char *out,
                      size_t size);
