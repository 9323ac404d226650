// emulate_modbus.h - the emulated line as a Modbus TCP server: which signal stands in which
// register.
//
// Every machine has a block of 64 holding registers in the order of the plant file, the line one
// behind them. docs/EMULATOR.md has the table. Commands go by the same handshake as on Sparkplug.
#pragma once

#include "line/emulate.h"
#include "line/modbus_server.h"

typedef struct ls_emulate_modbus ls_emulate_modbus;

// port 0: a free one. `wrote(context)` says from the server's thread that a client has written;
// ls_emulate_modbus_written must then be called by whoever holds the line. Fails with LS_ERR_LIMIT
// (too many machines for the registers), LS_ERR_IO, LS_ERR_MEMORY.
ls_status ls_emulate_modbus_create(const ls_plant *plant, const ls_emulate *line, int port,
                                   ls_emulate_modbus **out, ls_error *err);
void ls_emulate_modbus_destroy(ls_emulate_modbus *m);  // NULL is fine
int ls_emulate_modbus_port(const ls_emulate_modbus *m);
// The line has told this; registers follow.
void ls_emulate_modbus_tell(ls_emulate_modbus *m, uint32_t signal, const ls_sample *value);
// Hands on what clients have written since; registers that are not theirs are put right again.
void ls_emulate_modbus_written(ls_emulate_modbus *m, ls_emulate *line, int64_t wall_us);
// The map as a plant file's `listen:`.
void ls_emulate_modbus_print(const ls_plant *plant, int port, ls_buffer *out);
