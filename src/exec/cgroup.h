// cgroup.h - where this process may make cgroups (v2) for jobs.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// The folder of our own cgroup, open, if cgroups can be made in it and killed as a whole; else -1
// and in `why` what stands in the way.
int ls_cgroup_open(char *why, size_t why_size);
