// modbus_value.c - see modbus_value.h.
#include "line/modbus_value.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

static bool is_bit_table(const ls_register *reg) {
    return reg->table == LS_REGISTER_COIL || reg->table == LS_REGISTER_DISCRETE;
}

static bool is_scaled(const ls_register *reg) {
    return reg->scale != 1 || reg->offset != 0;
}

ls_value_kind ls_modbus_kind(const ls_register *reg) {
    switch (reg->type) {
    case LS_REGISTER_BIT: return LS_VALUE_BOOL;
    case LS_REGISTER_TEXT: return LS_VALUE_TEXT;
    case LS_REGISTER_F32: return is_scaled(reg) ? LS_VALUE_REAL : LS_VALUE_FLOAT;
    case LS_REGISTER_F64: return LS_VALUE_REAL;
    case LS_REGISTER_I16:
    case LS_REGISTER_I32:
    case LS_REGISTER_I64: return is_scaled(reg) ? LS_VALUE_REAL : LS_VALUE_INT;
    case LS_REGISTER_U16:
    case LS_REGISTER_U32:
    case LS_REGISTER_U64: break;
    }
    return is_scaled(reg) ? LS_VALUE_REAL : LS_VALUE_UINT;
}

static uint16_t swap(const ls_register *reg, uint16_t word) {
    const uint16_t swapped = (uint16_t)((uint32_t)word << 8 | word >> 8);
    return reg->byte_swap ? swapped : word;
}

// The words as one number, the first word being the highest unless the low one comes first.
static uint64_t join(const ls_register *reg, const uint16_t *words) {
    const uint32_t count = ls_register_size(reg);
    uint64_t bits = 0;
    for (uint32_t i = 0; i < count; i++) {
        bits = bits << 16 | swap(reg, words[reg->low_word_first ? count - 1 - i : i]);
    }
    return bits;
}

static void part(const ls_register *reg, uint64_t bits, uint16_t *words) {
    const uint32_t count = ls_register_size(reg);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t shift = 16 * (reg->low_word_first ? i : count - 1 - i);
        words[i] = swap(reg, (uint16_t)(bits >> shift));
    }
}

static void decode_text(const ls_register *reg, const uint16_t *words, ls_sample *out, char *text) {
    size_t size = 0;
    for (uint32_t i = 0; i < reg->words && size + 2 < LS_MODBUS_TEXT_MAX; i++) {
        const uint16_t word = swap(reg, words[i]);
        text[size++] = (char)(word >> 8);
        text[size++] = (char)(word & 0xFF);
    }
    const char *end = memchr(text, '\0', size);
    size = end != NULL ? (size_t)(end - text) : size;
    while (size > 0 && text[size - 1] == ' ') {
        size--;
    }
    for (size_t bad = 0; size > 0 && !ls_text_is_utf8(text, size, &bad);) {
        text[bad] = '?';
    }
    for (size_t i = 0; i < size; i++) {
        text[i] = (unsigned char)text[i] < ' ' ? '?' : text[i];
    }
    out->size = (uint32_t)size;
    out->value.text = text;
}

static double as_float(uint64_t bits) {
    const uint32_t low = (uint32_t)bits;
    float value = 0;
    memcpy(&value, &low, sizeof value);
    return (double)value;
}

static double as_double(uint64_t bits) {
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int64_t as_signed(const ls_register *reg, uint64_t bits) {
    switch (reg->type) {
    case LS_REGISTER_I16: return (int16_t)(uint16_t)bits;
    case LS_REGISTER_I32: return (int32_t)(uint32_t)bits;
    default: return (int64_t)bits;
    }
}

static bool is_signed(const ls_register *reg) {
    return reg->type == LS_REGISTER_I16 || reg->type == LS_REGISTER_I32 ||
           reg->type == LS_REGISTER_I64;
}

static bool is_float(const ls_register *reg) {
    return reg->type == LS_REGISTER_F32 || reg->type == LS_REGISTER_F64;
}

void ls_modbus_decode(const ls_register *reg, const uint16_t *words, ls_sample *out, char *text) {
    assert(reg != NULL && words != NULL && out != NULL);
    out->kind = (uint8_t)ls_modbus_kind(reg);
    out->size = 0;
    if (reg->type == LS_REGISTER_TEXT) {
        decode_text(reg, words, out, text);
        return;
    }
    const uint64_t bits = join(reg, words);
    if (reg->type == LS_REGISTER_BIT) {
        out->value.integer = is_bit_table(reg) ? bits != 0 : (bits >> reg->bit & 1) != 0;
        return;
    }
    if (is_float(reg)) {
        const double raw = reg->type == LS_REGISTER_F32 ? as_float(bits) : as_double(bits);
        out->value.real = is_scaled(reg) ? raw * reg->scale + reg->offset : raw;
    } else if (is_scaled(reg)) {
        const double raw = is_signed(reg) ? (double)as_signed(reg, bits) : (double)bits;
        out->value.real = raw * reg->scale + reg->offset;
    } else if (is_signed(reg)) {
        out->value.integer = as_signed(reg, bits);
    } else {
        out->value.natural = bits;
    }
}

// --- the other way

static bool encode_text(const ls_register *reg, const ls_sample *value, uint16_t *words) {
    if (value->kind != LS_VALUE_TEXT || value->size > 2 * reg->words) {
        return false;
    }
    for (uint32_t i = 0; i < reg->words; i++) {
        const unsigned high = 2 * i < value->size ? (unsigned char)value->value.text[2 * i] : 0;
        const unsigned low = 2 * i + 1 < value->size ? (unsigned char)value->value.text[2 * i + 1]
                                                     : 0;
        words[i] = swap(reg, (uint16_t)(high << 8 | low));
    }
    return true;
}

static bool encode_float(const ls_register *reg, double number, uint16_t *words) {
    uint64_t bits = 0;
    if (reg->type == LS_REGISTER_F32) {
        const float narrow = (float)number;
        uint32_t low = 0;
        if (!isfinite(narrow)) {
            return false;
        }
        memcpy(&low, &narrow, sizeof low);
        bits = low;
    } else {
        memcpy(&bits, &number, sizeof bits);
    }
    part(reg, bits, words);
    return true;
}

static int width(const ls_register *reg) {
    return (int)(16 * ls_register_size(reg));
}

static bool encode_signed(const ls_register *reg, int64_t number, uint16_t *words) {
    const int bits = width(reg);
    if (is_signed(reg)) {
        const int64_t most = bits == 64 ? INT64_MAX : ((int64_t)1 << (bits - 1)) - 1;
        if (number > most || number < -most - 1) {
            return false;
        }
    } else if (number < 0 || (bits < 64 && number >> bits != 0)) {
        return false;
    }
    part(reg, (uint64_t)number, words);
    return true;
}

static bool encode_natural(const ls_register *reg, uint64_t number, uint16_t *words) {
    if (number <= INT64_MAX) {
        return encode_signed(reg, (int64_t)number, words);
    }
    if (reg->type != LS_REGISTER_U64) {
        return false;
    }
    part(reg, number, words);
    return true;
}

// Rounded to the nearest raw value.
static bool encode_real(const ls_register *reg, double raw, uint16_t *words) {
    const double whole = floor(raw + 0.5);
    if (reg->type == LS_REGISTER_U64) {
        if (!(whole >= 0 && whole < 18446744073709551616.0)) {
            return false;
        }
        return encode_natural(reg, (uint64_t)whole, words);
    }
    if (!(whole >= -9223372036854775808.0 && whole < 9223372036854775808.0)) {
        return false;
    }
    return encode_signed(reg, (int64_t)whole, words);
}

bool ls_modbus_encode(const ls_register *reg, const ls_sample *value, uint16_t *words) {
    assert(reg != NULL && value != NULL && words != NULL);
    double number = 0;
    if (reg->type == LS_REGISTER_TEXT) {
        return encode_text(reg, value, words);
    }
    if (!ls_sample_number(value, &number) || !isfinite(number)) {
        return false;
    }
    if (reg->type == LS_REGISTER_BIT) {
        const uint16_t mask = (uint16_t)(1U << reg->bit);
        const uint16_t on = is_bit_table(reg) ? (uint16_t)1 : swap(reg, mask);
        words[0] = number != 0 ? on : (uint16_t)0;
        return number == 0 || number == 1;
    }
    const double raw = (number - reg->offset) / reg->scale;
    if (is_float(reg)) {
        return isfinite(raw) && encode_float(reg, is_scaled(reg) ? raw : number, words);
    }
    if (is_scaled(reg) || value->kind == LS_VALUE_REAL || value->kind == LS_VALUE_FLOAT) {
        return encode_real(reg, raw, words);
    }
    return value->kind == LS_VALUE_UINT ? encode_natural(reg, value->value.natural, words)
                                        : encode_signed(reg, value->value.integer, words);
}
