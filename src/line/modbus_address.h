// modbus_address.h - HOST, HOST:PORT, [IPv6]:PORT in two parts.
#pragma once

#include <stdbool.h>

typedef struct ls_modbus_address {
    char host[256], port[8];  // port "502" when it is not said
} ls_modbus_address;

bool ls_modbus_address_split(const char *text, ls_modbus_address *out);
