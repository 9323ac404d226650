// sandbox.h - what the guard's process may do from now on: what it needs, and nothing more.
//
// no_new_privs; no core dump, few files, no new processes; and a seccomp filter: system calls that
// are not on the list fail with EPERM, those that start a program or touch another process end
// ours. For all threads. Where the kernel has no seccomp it says so and the guard goes on without.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Once, for good. False: not all of it is there; `why` is one sentence for people.
bool ls_guard_sandbox_enter(char *why, size_t size);
