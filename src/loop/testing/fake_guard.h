// fake_guard.h - for tests only: takes the place of guard/link.c and keeps what it is given.
#pragma once

#include <pthread.h>

#include "guard/link.h"

enum { FAKE_COMMANDS = 64 };

typedef struct fake_guard {
    pthread_mutex_t lock;
    ls_guard_link_def def;
    ls_command commands[FAKE_COMMANDS];
    uint32_t count;
    uint32_t beats;
    bool silent;                                                // deeds are not answered
    ls_guard_deed deed;                                         // the last one
    int64_t mono_us;                                            // of what it says; 0: not known
    bool away;                                                  // sending fails
    void (*sending)(void *context, const ls_command *command);  // in the moment of sending
    void *context;
} fake_guard;

extern fake_guard fake;
void fake_guard_reset(void);
// Tells the service what became of a command.
void fake_guard_say(const char *id, ls_command_result result, uint32_t guard, const char *reason);
uint32_t fake_guard_count(void);
