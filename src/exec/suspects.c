// suspects.c - see suspects.h.
#include "exec/suspects.h"

#include <assert.h>
#include <stddef.h>

void ls_suspects_init(ls_suspects *s) {
    for (uint32_t i = 0; i < LS_SUSPECT_COMMANDS; i++) {
        s->commands[i] = (ls_suspect_command){.failed = LS_SUSPECT_NONE, .done = LS_SUSPECT_NONE};
    }
}

// The command's place: its own, or that of the one that ran the longest time ago.
static ls_suspect_command *place_of(ls_suspects *s, uint64_t command) {
    ls_suspect_command *oldest = s->commands;
    for (uint32_t i = 0; i < LS_SUSPECT_COMMANDS; i++) {
        ls_suspect_command *c = s->commands + i;
        if (c->command == command) {
            return c;
        }
        if (c->command == 0 ? oldest->command != 0
                            : oldest->command != 0 && c->at_us < oldest->at_us) {
            oldest = c;
        }
    }
    *oldest = (ls_suspect_command){
        .command = command, .failed = LS_SUSPECT_NONE, .done = LS_SUSPECT_NONE};
    return oldest;
}

static uint32_t joined(uint32_t gpus, uint32_t gpu) {
    return gpus == LS_SUSPECT_NONE || gpus == gpu ? gpu : LS_SUSPECT_MANY;
}

// It speaks against this GPU.
static bool accuses(const ls_suspect_command *c, uint32_t gpu, int64_t at_us) {
    return c->command != 0 && c->failed == gpu && !c->cleared && c->done != LS_SUSPECT_NONE &&
           c->done != gpu && at_us - c->failed_us <= LS_SUSPECT_WITHIN_US;
}

uint32_t ls_suspects_end(ls_suspects *s, int64_t at_us, uint64_t command, uint32_t gpu, bool done) {
    assert(command != 0 && gpu < LS_SUSPECT_MANY);
    ls_suspect_command *here = place_of(s, command);
    here->at_us = at_us;
    if (done) {
        here->done = joined(here->done, gpu);
        // What was done there says that it works: nothing of before speaks against it any more.
        for (uint32_t i = 0; i < LS_SUSPECT_COMMANDS; i++) {
            ls_suspect_command *c = s->commands + i;
            c->cleared |= c->failed == gpu;
        }
        // One that failed there, and is done there: it is like that itself, now and then.
        here->failed = here->failed == gpu ? LS_SUSPECT_MANY : here->failed;
    } else {
        here->failed = joined(here->failed, gpu);
        here->failed_us = at_us;
        here->cleared = false;
    }
    const uint32_t suspect = here->failed;
    uint32_t times = 0;
    for (uint32_t i = 0; suspect < LS_SUSPECT_MANY && i < LS_SUSPECT_COMMANDS; i++) {
        times += accuses(s->commands + i, suspect, at_us);
    }
    if (times < LS_SUSPECT_TIMES) {
        return LS_SUSPECT_NONE;
    }
    for (uint32_t i = 0; i < LS_SUSPECT_COMMANDS; i++) {
        ls_suspect_command *c = s->commands + i;
        c->cleared |= c->failed == suspect;
    }
    return suspect;
}
