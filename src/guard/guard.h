// guard.h - the guard's process: the only one with the right to write to the line.
//
// It reads the plant file itself (`listen:`, `decide:`, `guards:`), hears the line by its own login
// (hear.h), takes commands over a socket from one caller, the service (socket.h), asks the guards
// (check.h) at arrival and in the instant of sending, keeps its journal (journal.h), writes
// (write.h), and beats. It beats only while its caller beats and all is well; else the line goes by
// its own rule. It knows no model and shares no memory with anybody. One thread of its own, one of
// the connection.
#pragma once

#include "base/status.h"
#include "plant/plant.h"

typedef struct ls_guard_def {
    const ls_plant *plant;  // kept alive by the caller
    // Of the guard: journal, lock, socket; made (0700). A file `login` in it is the guard's own at
    // a broker that is not embedded.
    const char *folder;
    const char *broker_folder;                     // of the embedded broker
    uint64_t journal_bytes;                        // of one generation of the journal; 0: 8 MiB
    const volatile int *stop;                      // not 0: stop
    void (*say)(void *context, const char *text);  // one line for the log; any thread
    void *context;
    bool sandbox;  // enter it before the first byte of anybody else is read
} ls_guard_def;

// Runs until *stop. Fails before it has begun: LS_ERR_IO, LS_ERR_INVALID, LS_ERR_LIMIT (another
// guard), LS_ERR_MEMORY.
ls_status ls_guard_run(const ls_guard_def *def, ls_error *err);
