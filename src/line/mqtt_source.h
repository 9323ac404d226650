// mqtt_source.h - what drivers on MQTT have in common: a plant file's source becomes a connection,
// a connection's ups and downs become notices.
#pragma once

#include "line/broker.h"
#include "line/driver.h"
#include "line/mqtt.h"

// Texts that an ls_mqtt_def points to until ls_mqtt_create has copied them.
typedef struct ls_mqtt_source {
    ls_broker_access access;  // of the embedded broker
    char login[LS_BROKER_PATH_MAX + 1], ca[LS_BROKER_PATH_MAX + 1];
    char certificate[LS_BROKER_PATH_MAX + 1], key[LS_BROKER_PATH_MAX + 1];
    char url[512];
} ls_mqtt_source;

// Fills url, login, certificates and version of *def; `role` is that at an embedded broker, which
// must have been started. Fails with LS_ERR_IO or LS_ERR_INVALID.
ls_status ls_mqtt_source_set(const ls_listen *listen, const ls_source *source,
                             const char *broker_folder, ls_broker_role role, ls_mqtt_source *texts,
                             ls_mqtt_def *def, ls_error *err);
// A client id that is the same after a restart and another one for another plant or source.
void ls_mqtt_source_client_id(const ls_listen *listen, const ls_source *source, char *out,
                              size_t size);

// Notices of a connection: lost at once, then of each further failed try only when the reason is
// another one or their number is a power of two.
typedef struct ls_mqtt_notices {
    char subject[512];
    char why[256];
} ls_mqtt_notices;
void ls_mqtt_notices_init(ls_mqtt_notices *notices, const ls_source *source, const char *url);
void ls_mqtt_notices_connected(ls_mqtt_notices *notices, const ls_sink *sink, bool resumed);
void ls_mqtt_notices_lost(ls_mqtt_notices *notices, const ls_sink *sink, bool first, uint32_t tries,
                          const char *why, int64_t retry_us);

int64_t ls_wall_us(void);  // since 1970
