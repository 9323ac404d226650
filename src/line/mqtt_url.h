// mqtt_url.h - where a broker is, and how it lets us in: mqtt://HOST[:PORT], and login files.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { LS_MQTT_HOST_MAX = 255, LS_LOGIN_MAX = 255, LS_MQTT_PORT = 1883, LS_MQTTS_PORT = 8883 };

typedef struct ls_mqtt_url {
    char host[LS_MQTT_HOST_MAX + 1];  // name or address; IPv6 without its brackets
    uint16_t port;
    bool tls;  // mqtts://
} ls_mqtt_url;

typedef struct ls_login {
    char user[LS_LOGIN_MAX + 1], password[LS_LOGIN_MAX + 1];
} ls_login;

// Fails with LS_ERR_INVALID: another scheme, no host, a port beyond 1..65535, a user or password in
// the URL (those belong into a login file), anything behind the port but one '/'.
ls_status ls_mqtt_url_parse(const char *text, ls_mqtt_url *out, ls_error *err);

// User on the first line, password on the second (may be missing). Fails with LS_ERR_IO (cannot be
// read) or LS_ERR_INVALID (others than its owner may read it; no user; too long; not UTF-8). The
// content never gets into an error.
ls_status ls_login_read(const char *path, ls_login *out, ls_error *err);
