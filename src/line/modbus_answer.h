// modbus_answer.h - one Modbus request against tables in memory: what is answered. Pure.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "plant/listen.h"

enum { LS_MODBUS_FRAME_MAX = 260, LS_MODBUS_HEAD = 7, LS_MODBUS_TABLES = 4 };

typedef struct ls_modbus_tables {
    uint16_t *values[LS_MODBUS_TABLES];  // by ls_register_table; of bits: 0 or 1 each
    uint32_t counts[LS_MODBUS_TABLES];
} ls_modbus_tables;

typedef struct ls_modbus_write {  // what a request has written; count 0: nothing
    ls_register_table table;
    uint32_t at, count;
} ls_modbus_write;

// The length of the first frame in bytes[0..size): 0 when it is not complete yet, SIZE_MAX when it
// cannot be one (the connection is then to be closed).
size_t ls_modbus_frame(const uint8_t *bytes, size_t size);
// Answers a whole frame into out (LS_MODBUS_FRAME_MAX bytes); returns the answer's length. Wrong
// requests get an exception. *out_write says what was written.
size_t ls_modbus_answer(ls_modbus_tables *tables, const uint8_t *frame, size_t size, uint8_t *out,
                        ls_modbus_write *out_write);
