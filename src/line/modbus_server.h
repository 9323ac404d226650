// modbus_server.h - a small Modbus TCP server: what a PLC shows, for the emulated line and for
// tests.
//
// Four tables of registers and bits in memory, read and written by any number of clients (up to
// clients_max; further ones are closed at once). Runs on a thread of its own; all functions may be
// called from any thread. One call of set or put is seen by clients as a whole, so that a value of
// several registers is never torn. Answers every unit identifier.
#pragma once

#include "base/status.h"
#include "base/value.h"
#include "plant/listen.h"

typedef struct ls_modbus_server ls_modbus_server;

typedef struct ls_modbus_server_def {
    const char *address;       // HOST[:PORT], default "127.0.0.1:0"; port 0: a free one; copied
    uint32_t holding, inputs;  // how many registers there are from address 0 on, default 1000
    uint32_t coils, discretes;
    uint32_t clients_max;  // default 16
    // A client has written; the tables hold the new values already. From the server's thread,
    // without a lock: it may call the functions below. NULL: nobody is told.
    void (*wrote)(void *context, ls_register_table table, uint32_t at, uint32_t count);
    void *context;
    uint32_t cookie;  // set by ls_modbus_server_def_default
} ls_modbus_server_def;
ls_modbus_server_def ls_modbus_server_def_default(void);

// Listens when it returns. Fails with LS_ERR_INVALID (def), LS_ERR_IO (address), LS_ERR_MEMORY.
ls_status ls_modbus_server_create(const ls_modbus_server_def *def, ls_modbus_server **out,
                                  ls_error *err);
void ls_modbus_server_destroy(ls_modbus_server *server);  // NULL is fine
int ls_modbus_server_port(const ls_modbus_server *server);

// count registers (bits: 0 or 1 each) from `at`; what lies beyond the table is left out (get: 0).
void ls_modbus_server_set(ls_modbus_server *server, ls_register_table table, uint32_t at,
                          const uint16_t *values, uint32_t count);
void ls_modbus_server_get(ls_modbus_server *server, ls_register_table table, uint32_t at,
                          uint16_t *values, uint32_t count);
// A value as a register of the plant file says it: type, order of words, scale. False: it does not
// fit (out of range, another kind), nothing is changed.
bool ls_modbus_server_put(ls_modbus_server *server, const ls_register *reg, const ls_sample *value);
// Kind and value only. `text` (256 bytes) holds the text of a text register.
bool ls_modbus_server_take(ls_modbus_server *server, const ls_register *reg, ls_sample *out,
                           char *text);

typedef struct ls_modbus_server_figures {
    uint64_t requests, writes, refused;  // refused: answered with an exception
    uint32_t clients;
} ls_modbus_server_figures;
void ls_modbus_server_describe(ls_modbus_server *server, ls_modbus_server_figures *out);
