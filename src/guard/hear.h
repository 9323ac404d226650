// hear.h - the guard's own connection to the line: ears and hand.
//
// A Sparkplug host of its own, with the guard's login, that says nothing of itself (no STATE), or a
// Modbus TCP connection of its own (bus.h) where a source has `commands`: what it believes of the
// line it has heard itself. What is heard goes into the state of the guards
// (check_state.h) and to the writer (write.h), under the caller's lock, from the connection's
// thread. Machines are found by the tag of their `state`: device GROUP/NODE/DEVICE; the line's own
// device is GROUP/NODE/line of the first machine.
//
// A source that tells only changes vouches for all its values with everything it tells, as long as
// no message is missing: so a machine's signals are as fresh as the newest message of its node.
// Lots are known from when the guard first hears them named; after its start those that it has not
// heard yet cannot be commanded.
#pragma once

#include <pthread.h>

#include "guard/check.h"
#include "guard/write.h"

typedef struct ls_guard_ear ls_guard_ear;

typedef struct ls_guard_ear_def {
    const ls_guard_limits *limits;  // with its plant
    ls_guard_state *state;
    pthread_mutex_t *lock;         // of state and writer; recursive
    const char *broker_folder;     // of an embedded broker, else NULL
    const char *login;             // file, at a broker that is not embedded; NULL: the plant file's
    void (*heard)(void *context);  // something has changed; under the lock
    void (*told)(void *context, const char *text);  // for the log: connected, lost, refused
    void *context;
} ls_guard_ear_def;

// Devices for the writer: machines in the plant's order, then the line. Fails with LS_ERR_INVALID
// (the plant file has no source that can be commanded, or a machine without a state),
// LS_ERR_MEMORY.
ls_status ls_guard_ear_create(const ls_guard_ear_def *def, ls_guard_ear **out, ls_error *err);
const char *const *ls_guard_ear_devices(const ls_guard_ear *ear);  // machine_count + 1
// Connects. The writer hears from now on.
ls_status ls_guard_ear_start(ls_guard_ear *ear, ls_guard_writer *writer, ls_error *err);
void ls_guard_ear_destroy(ls_guard_ear *ear);  // NULL is fine

// Under the lock. See ls_guard_writer_def.
bool ls_guard_ear_send(ls_guard_ear *ear, uint32_t device, const char *kind, const char *argument,
                       int64_t id);
// Why the line has no words for it, whatever it does; NULL: it has.
const char *ls_guard_ear_lacks(const ls_guard_ear *ear, const ls_command *command);
bool ls_guard_ear_beat(ls_guard_ear *ear, int64_t count);
bool ls_guard_ear_agrees(ls_guard_ear *ear, const ls_command *command);
// What the line tells of a value's setpoint; NaN: nothing good.
double ls_guard_ear_setting(const ls_guard_ear *ear, uint32_t value);
ls_guard_clock ls_guard_ear_clock(const ls_guard_ear *ear);  // now
const char *ls_guard_ear_away(ls_guard_ear *ear);  // why it hears nothing; NULL: it is connected
