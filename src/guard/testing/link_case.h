// link_case.h - what tests of the whole guard send by its link, and the verdicts that they hear.
#pragma once

#include <pthread.h>

#include "guard/link.h"

enum { LINK_CASE_VERDICTS_MAX = 32768 };

typedef struct verdicts {
    pthread_mutex_t lock;
    ls_verdict items[LINK_CASE_VERDICTS_MAX];
    uint32_t count;
} verdicts;

void verdicts_keep(verdicts *v, const ls_verdict *verdict);  // drops what comes after the most
// The newest verdict of a command. False: none.
bool verdicts_newest(verdicts *v, const char *id, ls_verdict *out);

// The number-th command of a test: decided just now (CLOCK_MONOTONIC), with 100 ms to go out, and
// nothing in it that a guard would refuse. Its target is its device.
ls_command link_case_command(uint32_t number, ls_command_kind kind, const char *point,
                             const char *target, const char *argument, int64_t now_us);
