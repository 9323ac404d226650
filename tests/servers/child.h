// child.h - processes that a test starts and that die with it, whatever happens to the test.
#pragma once

#include <stdbool.h>
#include <sys/types.h>

// argv ends with NULL; stdout and stderr go to files (NULL: nowhere).
pid_t child_start(const char *const argv[], const char *out, const char *err);
pid_t child_start_shell(const char *script);  // by /bin/sh -c
int child_wait(pid_t child);                  // exit code, or 128 + signal; -9 after a minute
void child_kill(pid_t child);                 // -9, and waits; 0 is fine
bool child_wait_until_listening(int port, int ms);
int child_free_port(void);
