// hear_inside.h - what the files of the guard's ear share.
#pragma once

#include "base/arena.h"
#include "guard/bus.h"
#include "guard/hear.h"
#include "line/mapping.h"
#include "line/mqtt_source.h"
#include "line/sparkplug_host.h"

enum { FILTERS_MAX = 64, REASON_SIZE = 200, NAME_SIZE = LS_TAG_NAME_MAX + 1, NODES_MAX = 64 };

typedef enum role {
    ROLE_NONE,
    ROLE_KIND,  // of a device
    ROLE_ARGUMENT,
    ROLE_ID,
    ROLE_DONE,
    ROLE_RESULT,
    ROLE_REASON,
    ROLE_STATE,    // of a machine
    ROLE_LOTS,     // of a machine, over Modbus
    ROLE_SETTING,  // of a value with a setpoint
    ROLE_LOST,     // of the line
    ROLE_BEAT,
} role;

typedef struct tag_role {
    uint8_t role;
    uint32_t of;
} tag_role;

typedef struct hand {                                   // of the handshake
    uint32_t kind, argument, id, done, result, reason;  // tags
    uint32_t node;
    int64_t last_id, last_done, last_result;
    char last_reason[REASON_SIZE];
    bool alive, born_id, born_done;  // told in this birth, not yet passed on
} hand;

typedef struct ls_guard_ear_modbus ls_guard_ear_modbus;

struct ls_guard_ear {
    ls_guard_ear_def def;
    const ls_plant *plant;
    const ls_source *source;
    ls_guard_writer *writer;
    ls_arena arena;
    ls_tags *tags;
    ls_mapping *mapping;
    ls_guard_ear_modbus *modbus;  // NULL: it is Sparkplug
    ls_sparkplug_host *host;
    ls_mqtt *mqtt;
    ls_sink sink;
    ls_mqtt_notices notices;
    ls_mqtt_filter filters[FILTERS_MAX];
    const char **names;
    hand *devices;  // machines, then the line
    uint32_t device_count;
    tag_role *roles;
    uint32_t role_count;
    uint32_t *settings;  // tag of each value with a setpoint
    double *heard_settings;
    uint32_t *conditions;  // tag of each
    uint32_t lost_tag, beat_tag;
    char nodes[NODES_MAX][NAME_SIZE];  // "GROUP/NODE/"
    uint32_t node_count;
    int64_t line_us;
    int64_t asked_us;  // for births, wall
    bool commanding, births;
    bool by_arrival;  // of the sample that is being mapped
};

// hear_tables.c: tags of devices, values and conditions, and what each means.
ls_status ls_guard_ear_make_tables(ls_guard_ear *ear, ls_error *err);

// hear_sample.c; under the lock.
bool ls_guard_ear_heard(void *context, const ls_sample *samples, size_t count);  // of the sink
// In a birth the order of metrics says nothing: ids and answers are passed on when all is heard.
void ls_guard_ear_pass_on_births(ls_guard_ear *ear, int64_t now_us);
void ls_guard_ear_line_gone(ls_guard_ear *ear, int64_t now_us);

// hear_modbus.c: where the source is commanded over Modbus. First ear->modbus; then tags and names
// of devices, then, when the tables are made, the connection. A machine's lots, under the lock.
ls_status ls_guard_ear_modbus_begin(ls_guard_ear *ear, ls_error *err);
ls_status ls_guard_ear_modbus_devices(ls_guard_ear *ear, ls_error *err);
ls_status ls_guard_ear_modbus_create(ls_guard_ear *ear, ls_error *err);
ls_guard_bus *ls_guard_ear_bus(const ls_guard_ear *ear);
void ls_guard_ear_modbus_lots(ls_guard_ear *ear, uint32_t machine, const char *names);
