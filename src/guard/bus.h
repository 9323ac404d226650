// bus.h - the guard's own Modbus TCP connection: it reads what the line shows, and it alone writes.
//
// libmodbus blocks, so a thread has it; the functions here never wait for the network. Writes go in
// the order in which they were asked for, before anything is read; each at most once: what the
// connection is lost with is gone, and what could not be written within LS_GUARD_BUS_LATE_US ends
// the connection instead. A command's kind, argument and id are one request. Each device is read in
// one request too, so that its id, its answer and, of the line, who beats are of one instant.
//
// What was written is compared with what stands there at every later read of the same id. The
// heartbeat is read back by its echo, which the line writes, not by its own register.
#pragma once

#include "base/value.h"
#include "plant/plant.h"

typedef struct ls_guard_bus ls_guard_bus;

#define LS_GUARD_BUS_LATE_US INT64_C(1000000)

typedef struct ls_guard_bus_device {  // one read of a device's handshake
    uint32_t device;                  // machine of the plant, then the line
    int64_t id, done, result;
    const char *reason;  // of an answer that is not 0; NULL: the line tells none
    bool holds;          // what we wrote last stands there, as far as its id does
    bool lost;           // of the line: it hears no heartbeat
    bool moved;          // of the line: the echo changed since the read before
    int64_t beat;        // the count that it is; -1: none of the last ones
} ls_guard_bus_device;

typedef struct ls_guard_bus_value {
    uint32_t index;  // of the source's registers
    ls_sample value;
} ls_guard_bus_value;

typedef struct ls_guard_bus_def {
    const ls_plant *plant;
    const ls_source *source;   // with `commands`; both kept alive by the caller
    const uint32_t *listened;  // registers that are read besides the handshakes; copied
    uint32_t listened_count;
    // From the bus's thread, which holds no lock then.
    void (*told)(void *context, const char *text);  // for the log
    void (*up)(void *context);
    void (*down)(void *context);  // what was read counts no more, what waited to be written is gone
    void (*device)(void *context, const ls_guard_bus_device *device);
    void (*values)(void *context, const ls_guard_bus_value *values, uint32_t count);
    void *context;
} ls_guard_bus_def;

// Fails with LS_ERR_INVALID (address), LS_ERR_MEMORY.
ls_status ls_guard_bus_create(const ls_guard_bus_def *def, ls_guard_bus **out, ls_error *err);
ls_status ls_guard_bus_start(ls_guard_bus *bus, ls_error *err);
void ls_guard_bus_destroy(ls_guard_bus *bus);  // NULL is fine; ends the thread

// To be written as soon as the bus is free. kind NULL: the device is read anew, soon. False:
// nothing will be written (not connected, not commanded, or it does not fit).
bool ls_guard_bus_send(ls_guard_bus *bus, uint32_t device, const char *kind, const char *argument,
                       int64_t id);
// Why registers cannot say this; NULL: they can.
const char *ls_guard_bus_lacks(const ls_guard_bus *bus, uint32_t device, const char *kind,
                               const char *argument);
bool ls_guard_bus_beat(ls_guard_bus *bus, int64_t count);
bool ls_guard_bus_is_connected(ls_guard_bus *bus);
