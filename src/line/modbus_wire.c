// modbus_wire.c - see modbus_wire.h.
#include "line/modbus_wire.h"

#include <errno.h>

modbus_t *ls_modbus_connect(const ls_modbus_address *address, int unit, int64_t timeout_us,
                            const char **out_why) {
    const uint32_t seconds = (uint32_t)(timeout_us / 1000000);
    const uint32_t rest_us = (uint32_t)(timeout_us % 1000000);
    modbus_t *wire = modbus_new_tcp_pi(address->host, address->port);
    if (wire == NULL || modbus_set_slave(wire, unit) != 0) {
        modbus_free(wire);
        *out_why = "out of memory";
        return NULL;
    }
    (void)modbus_set_response_timeout(wire, seconds, rest_us);
    (void)modbus_set_byte_timeout(wire, seconds, rest_us);
    if (modbus_connect(wire) != 0) {
        *out_why = errno != 0 ? modbus_strerror(errno) : "cannot be reached";
        modbus_free(wire);
        return NULL;
    }
    return wire;
}

void ls_modbus_disconnect(modbus_t *wire) {
    if (wire != NULL) {
        modbus_close(wire);
        modbus_free(wire);
    }
}

int ls_modbus_read(modbus_t *wire, ls_register_table table, uint32_t at, uint32_t count,
                   uint16_t *out) {
    uint8_t bits[LS_MODBUS_READ_MAX];
    int got = -1;
    switch (table) {
    case LS_REGISTER_HOLDING: return modbus_read_registers(wire, (int)at, (int)count, out);
    case LS_REGISTER_INPUT: return modbus_read_input_registers(wire, (int)at, (int)count, out);
    case LS_REGISTER_COIL: got = modbus_read_bits(wire, (int)at, (int)count, bits); break;
    case LS_REGISTER_DISCRETE: got = modbus_read_input_bits(wire, (int)at, (int)count, bits); break;
    }
    for (int i = 0; i < got; i++) {
        out[i] = bits[i] != 0 ? 1 : 0;
    }
    return got;
}

int ls_modbus_write(modbus_t *wire, ls_register_table table, uint32_t at, uint32_t count,
                    const uint16_t *words) {
    if (table == LS_REGISTER_COIL) {
        return modbus_write_bit(wire, (int)at, words[0]);
    }
    return count == 1 ? modbus_write_register(wire, (int)at, words[0])
                      : modbus_write_registers(wire, (int)at, (int)count, words);
}

bool ls_modbus_is_refusal(int code) {
    return code == EMBXILFUN || code == EMBXILADD || code == EMBXILVAL;
}

bool ls_modbus_is_busy(int code) {
    return code == EMBXSBUSY || code == EMBXACK;
}
