// modbus_answer.c - see modbus_answer.h. Functions 1 to 6, 15 and 16 of the MODBUS application
// protocol V1.1b3, in frames of MODBUS/TCP.
#include "line/modbus_answer.h"

#include <assert.h>
#include <string.h>

enum {
    FUNCTION_COILS = 1,
    FUNCTION_DISCRETES,
    FUNCTION_HOLDING,
    FUNCTION_INPUTS,
    FUNCTION_WRITE_COIL,
    FUNCTION_WRITE_REGISTER,
    FUNCTION_WRITE_COILS = 15,
    FUNCTION_WRITE_REGISTERS = 16,
    ILLEGAL_FUNCTION = 1,
    ILLEGAL_ADDRESS = 2,
    ILLEGAL_VALUE = 3,
    BITS_MAX = 2000,
    WORDS_MAX = 125,
    WRITE_BITS_MAX = 1968,
    WRITE_WORDS_MAX = 123,
};

typedef struct request {
    ls_modbus_tables *tables;
    const uint8_t *pdu;
    size_t size;   // of the pdu
    uint8_t *out;  // the answer's pdu
    ls_modbus_write *write;
} request;

static uint32_t word(const uint8_t *at) {
    return (uint32_t)at[0] << 8 | at[1];
}

size_t ls_modbus_frame(const uint8_t *bytes, size_t size) {
    if (size < LS_MODBUS_HEAD) {
        return 0;
    }
    const size_t length = 6 + (size_t)word(bytes + 4);
    if (word(bytes + 2) != 0 || length < LS_MODBUS_HEAD + 1 || length > LS_MODBUS_FRAME_MAX) {
        return SIZE_MAX;
    }
    return size >= length ? length : 0;
}

static size_t exception(const request *q, uint8_t code) {
    q->out[0] = (uint8_t)(q->pdu[0] | 0x80);
    q->out[1] = code;
    return 2;
}

static bool is_inside(const request *q, ls_register_table table, uint32_t at, uint32_t count) {
    return (uint64_t)at + count <= q->tables->counts[table];
}

static size_t read_bits(const request *q, ls_register_table table) {
    const uint32_t at = word(q->pdu + 1);
    const uint32_t count = word(q->pdu + 3);
    if (q->size != 5 || count < 1 || count > BITS_MAX) {
        return exception(q, ILLEGAL_VALUE);
    }
    if (!is_inside(q, table, at, count)) {
        return exception(q, ILLEGAL_ADDRESS);
    }
    const uint32_t bytes = (count + 7) / 8;
    q->out[1] = (uint8_t)bytes;
    memset(q->out + 2, 0, bytes);
    for (uint32_t i = 0; i < count; i++) {
        if (q->tables->values[table][at + i] != 0) {
            q->out[2 + i / 8] = (uint8_t)(q->out[2 + i / 8] | 1U << (i % 8));
        }
    }
    return 2 + bytes;
}

static size_t read_words(const request *q, ls_register_table table) {
    const uint32_t at = word(q->pdu + 1);
    const uint32_t count = word(q->pdu + 3);
    if (q->size != 5 || count < 1 || count > WORDS_MAX) {
        return exception(q, ILLEGAL_VALUE);
    }
    if (!is_inside(q, table, at, count)) {
        return exception(q, ILLEGAL_ADDRESS);
    }
    q->out[1] = (uint8_t)(2 * count);
    for (uint32_t i = 0; i < count; i++) {
        q->out[2 + 2 * i] = (uint8_t)(q->tables->values[table][at + i] >> 8);
        q->out[3 + 2 * i] = (uint8_t)(q->tables->values[table][at + i] & 0xFF);
    }
    return 2 + 2 * (size_t)count;
}

static size_t write_one(const request *q, ls_register_table table) {
    const uint32_t at = word(q->pdu + 1);
    const uint32_t value = word(q->pdu + 3);
    const bool is_coil = table == LS_REGISTER_COIL;
    if (q->size != 5 || (is_coil && value != 0 && value != 0xFF00)) {
        return exception(q, ILLEGAL_VALUE);
    }
    if (!is_inside(q, table, at, 1)) {
        return exception(q, ILLEGAL_ADDRESS);
    }
    q->tables->values[table][at] = (uint16_t)(is_coil ? value != 0 : value);
    *q->write = (ls_modbus_write){table, at, 1};
    memcpy(q->out + 1, q->pdu + 1, 4);
    return 5;
}

static size_t write_many(const request *q, ls_register_table table) {
    const bool is_coil = table == LS_REGISTER_COIL;
    const uint32_t at = word(q->pdu + 1);
    const uint32_t count = word(q->pdu + 3);
    const uint32_t bytes = is_coil ? (count + 7) / 8 : 2 * count;
    if (q->size < 6 || count < 1 || count > (is_coil ? WRITE_BITS_MAX : WRITE_WORDS_MAX) ||
        q->pdu[5] != bytes || q->size != 6 + (size_t)bytes) {
        return exception(q, ILLEGAL_VALUE);
    }
    if (!is_inside(q, table, at, count)) {
        return exception(q, ILLEGAL_ADDRESS);
    }
    for (uint32_t i = 0; i < count; i++) {
        q->tables->values[table][at + i] = (uint16_t)(is_coil
                                                          ? (uint32_t)q->pdu[6 + i / 8] >> (i % 8) &
                                                                1
                                                          : word(q->pdu + 6 + 2 * (size_t)i));
    }
    *q->write = (ls_modbus_write){table, at, count};
    memcpy(q->out + 1, q->pdu + 1, 4);
    return 5;
}

static size_t answer(const request *q) {
    if (q->size < 5) {
        return exception(q, q->pdu[0] == 0 || q->pdu[0] > FUNCTION_WRITE_REGISTERS
                                ? ILLEGAL_FUNCTION
                                : ILLEGAL_VALUE);
    }
    switch (q->pdu[0]) {
    case FUNCTION_COILS: return read_bits(q, LS_REGISTER_COIL);
    case FUNCTION_DISCRETES: return read_bits(q, LS_REGISTER_DISCRETE);
    case FUNCTION_HOLDING: return read_words(q, LS_REGISTER_HOLDING);
    case FUNCTION_INPUTS: return read_words(q, LS_REGISTER_INPUT);
    case FUNCTION_WRITE_COIL: return write_one(q, LS_REGISTER_COIL);
    case FUNCTION_WRITE_REGISTER: return write_one(q, LS_REGISTER_HOLDING);
    case FUNCTION_WRITE_COILS: return write_many(q, LS_REGISTER_COIL);
    case FUNCTION_WRITE_REGISTERS: return write_many(q, LS_REGISTER_HOLDING);
    default: return exception(q, ILLEGAL_FUNCTION);
    }
}

size_t ls_modbus_answer(ls_modbus_tables *tables, const uint8_t *frame, size_t size, uint8_t *out,
                        ls_modbus_write *out_write) {
    assert(ls_modbus_frame(frame, size) == size);
    *out_write = (ls_modbus_write){LS_REGISTER_HOLDING, 0, 0};
    const request q = {.tables = tables,
                       .pdu = frame + LS_MODBUS_HEAD,
                       .size = size - LS_MODBUS_HEAD,
                       .out = out + LS_MODBUS_HEAD,
                       .write = out_write};
    memcpy(out, frame, LS_MODBUS_HEAD);
    q.out[0] = q.pdu[0];
    const size_t length = answer(&q);
    out[4] = (uint8_t)((length + 1) >> 8);
    out[5] = (uint8_t)((length + 1) & 0xFF);
    assert(LS_MODBUS_HEAD + length <= LS_MODBUS_FRAME_MAX);
    return LS_MODBUS_HEAD + length;
}
