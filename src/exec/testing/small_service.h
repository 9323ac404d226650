// small_service.h - a service in a folder of its own, for tests that run real processes.
#pragma once

#include "exec/service.h"

typedef struct small_service {
    char folder[64];
    ls_pool *pool;
    ls_exec *exec;
    uint32_t told[8];  // by act
    ls_exec_def def;  // what else is to be different; folder, pool, keep, told and context are ours
} small_service;

// `slots` CPU slots. `accounts`: the lines below `accounts:` of the pool file, NULL: one, `main`.
bool small_service_make(small_service *s, uint32_t slots, const char *accounts);
bool small_service_open(small_service *s);  // again, on the same folder
void small_service_close(small_service *s);
// Ends what runs, removes the folder.
void small_service_clear(small_service *s);

// A job of one slot that runs `sh -c SCRIPT`; change what is to be different.
ls_exec_job small_job(const char *const *argv);
uint64_t small_submit(small_service *s, const ls_exec_job *job);  // 0: refused
bool small_step(small_service *s);  // once, when there is something to do, or 50 ms later
// Steps until the job is in this state; false after a minute, or when it is over otherwise.
bool small_until(small_service *s, uint64_t id, ls_exec_state state);
ls_exec_state small_state(const small_service *s, uint64_t id);
// All that it wrote, in one of two buffers.
const char *small_log(const small_service *s, uint64_t id);
// Until the file has this many bytes, or a minute is over.
bool small_file_has(const char *path, uint64_t bytes);
// Steps until this many lines stand in what the job wrote.
bool small_until_lines(small_service *s, uint64_t id, uint32_t lines);
