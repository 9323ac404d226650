// browse.h - what is on a broker: every value that comes, with its latest state.
//
// Hears everything ('#'). Sparkplug is read as a host application would, without being one: no
// STATE is published. A node that was born before we came is asked for its births once in a while
// (an NCMD with Node Control/Rebirth), unless `passive`. Other topics are read as JSON or scalars.
#pragma once

#include "base/tags.h"
#include "line/mqtt.h"

typedef struct ls_browse ls_browse;

typedef struct ls_browse_row {
    const char *name;  // "GROUP/NODE/DEVICE/METRIC", "TOPIC#PATH", "TOPIC"
    const char *unit;  // "" when unknown
    bool sparkplug;
    ls_value_kind kind;
    ls_quality quality;
    int64_t time_us;    // of the value, by its source
    int64_t heard_us;   // when it came last
    uint64_t count;     // how often it came
    double rate_per_s;  // since it came first; 0 until the second time
    char value[48];     // as text, cut
} ls_browse_row;

typedef struct ls_browse_figures {
    uint64_t messages, bytes, refused;
    uint32_t rows;
    bool connected;
    uint32_t tries;
    char why[256];  // why the connection was lost, or the last refused payload
} ls_browse_figures;

// Only where to connect to is taken from `connection`. Fails like ls_mqtt_create.
ls_status ls_browse_open(const ls_mqtt_def *connection, bool passive, ls_browse **out,
                         ls_error *err);
void ls_browse_close(ls_browse *browse);  // NULL is fine
void ls_browse_describe(ls_browse *browse, ls_browse_figures *out);
// Rows by name, Sparkplug first. LS_ERR_MEMORY.
ls_status ls_browse_rows(ls_browse *browse, void (*visit)(void *context, const ls_browse_row *row),
                         void *context, ls_error *err);
