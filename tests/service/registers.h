// registers.h - for tests: a plant that is heard and commanded over Modbus TCP alone, by the
// registers that the emulated line says of itself.
#pragma once

#include "tests/service/service.h"

enum { REGISTERS_PORT_SIZE = 16 };

// A folder with a plant file: `plant` (its stations and what follows) as 'cell', begun an hour ago,
// since registers bear no time; `tags` (a `listen:` with `values:`, or "") are served beside. Asked
// ten times a second.
bool registers_begin(service *s, char port[REGISTERS_PORT_SIZE], const char *plant,
                     const char *tags);
// `lineshaft line emulate` on that port, without a broker, after so long a time of its own; NULL:
// from the begin.
bool registers_emulate(service *s, const char *port, const char *from);
// The newest number that the history has of a register ("cell-plc/bath-value"); -1: none.
double registers_newest(const service *s, const char *tag);
