// modbus_value.h - registers into values and back: type, order of words and bytes, scale.
//
// Pure, for driver and server alike.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/value.h"
#include "plant/listen.h"

enum { LS_MODBUS_TEXT_MAX = 256 };  // bytes of a text, 125 registers and an end

// What a register's values are: BOOL, INT, UINT, FLOAT, REAL or TEXT. Scaled ones are REAL.
ls_value_kind ls_modbus_kind(const ls_register *reg);
// The value of ls_register_size(reg) words (of a coil or discrete input: one word, 0 or 1). Fills
// kind, size and value of *out; `text` holds LS_MODBUS_TEXT_MAX bytes and must live as long as
// *out. Texts end at the first zero; blanks at the end are taken away; what is not UTF-8 becomes
// '?'.
void ls_modbus_decode(const ls_register *reg, const uint16_t *words, ls_sample *out, char *text);
// The words of a value. False: another kind, not finite, or out of the register's range.
bool ls_modbus_encode(const ls_register *reg, const ls_sample *value, uint16_t *words);
