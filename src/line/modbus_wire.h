// modbus_wire.h - one connection to a Modbus TCP server: what everybody who asks one does alike.
//
// libmodbus blocks, so a connection belongs to one thread. Errors are left in errno, as libmodbus
// says them (modbus_strerror).
#pragma once

#include <modbus/modbus.h>
#include <stdbool.h>

#include "line/modbus_address.h"
#include "plant/listen.h"

enum { LS_MODBUS_READ_MAX = 2000 };  // bits in one request; registers are fewer

// NULL: *out_why says why not.
modbus_t *ls_modbus_connect(const ls_modbus_address *address, int unit, int64_t timeout_us,
                            const char **out_why);
void ls_modbus_disconnect(modbus_t *wire);  // NULL is fine
// A register a word, a coil or discrete input as 0 or 1. How many came, or -1.
int ls_modbus_read(modbus_t *wire, ls_register_table table, uint32_t at, uint32_t count,
                   uint16_t *out);
// One register by function 6, several by 16, one coil by 5. -1: not written.
int ls_modbus_write(modbus_t *wire, ls_register_table table, uint32_t at, uint32_t count,
                    const uint16_t *words);
// Does the server answer, and not do this?
bool ls_modbus_is_refusal(int code);
// Does it ask to be asked later?
bool ls_modbus_is_busy(int code);
