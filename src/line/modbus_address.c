// modbus_address.c - see modbus_address.h.
#include "line/modbus_address.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

bool ls_modbus_address_split(const char *text, ls_modbus_address *out) {
    const bool is_six = text[0] == '[';
    const char *host = is_six ? text + 1 : text;
    const size_t length = strcspn(host, is_six ? "]" : ":");
    const char *rest = host + length;
    if (length == 0 || length >= sizeof out->host || (is_six && *rest != ']')) {
        return false;
    }
    rest += is_six ? 1 : 0;
    int64_t port = 502;
    if (*rest != '\0' && (*rest != ':' || !ls_text_parse_i64(rest + 1, strlen(rest + 1), &port) ||
                          port < 0 || port > 65535)) {
        return false;
    }
    memcpy(out->host, host, length);
    out->host[length] = '\0';
    ls_text_format(out->port, sizeof out->port, "%d", (int)port);
    return true;
}
