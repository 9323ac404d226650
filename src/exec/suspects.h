// suspects.h - GPUs on which jobs fail that are done elsewhere.
//
// A job that fails says nothing of a GPU: it may be wrong. A command that failed on one GPU alone
// and was done on others says something, and so do several such commands with nothing done on that
// GPU in between. That is counted here: by what is run (the number of a command, equal for equal
// ones), of jobs that had one GPU, or a part of it, to themselves.
//
// Pure, of a fixed size: the commands that ran last are known.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { LS_SUSPECT_COMMANDS = 256, LS_SUSPECT_TIMES = 5 };
#define LS_SUSPECT_WITHIN_US (7 * INT64_C(86400000000))

typedef struct ls_suspect_command {
    uint64_t command;   // 0: none
    int64_t at_us;      // it ran last
    int64_t failed_us;  // and failed last, on `failed`
    uint32_t failed;    // the GPU on which it ever failed; LS_SUSPECT_NONE, LS_SUSPECT_MANY
    bool cleared;       // something was done on that GPU since
    uint32_t done;      // the same of those on which it was done
} ls_suspect_command;

#define LS_SUSPECT_NONE UINT32_MAX
#define LS_SUSPECT_MANY (UINT32_MAX - 1)

typedef struct ls_suspects {
    ls_suspect_command commands[LS_SUSPECT_COMMANDS];
} ls_suspects;

void ls_suspects_init(ls_suspects *s);
// A job that ran this command (not 0) on this GPU has ended at that time, done or failed by itself.
// Returns a GPU on which LS_SUSPECT_TIMES commands failed within LS_SUSPECT_WITHIN_US, each of
// which failed on no other and was done on another, and none was done on it since;
// LS_SUSPECT_NONE: none is. It is told of once: it begins anew then.
uint32_t ls_suspects_end(ls_suspects *s, int64_t at_us, uint64_t command, uint32_t gpu, bool done);
