// edge.h - a Sparkplug B edge node on a broker: births, data, commands, store and forward.
//
// For the emulated line and for whoever publishes into the plant. Runs on a thread of its own; all
// functions may be called from any thread. While the broker (or, with `primary`, that host) is away
// changes are kept, up to a stated number, and sent as historical afterwards; what does not fit is
// dropped oldest first and counted.
#pragma once

#include "base/status.h"
#include "base/value.h"
#include "plant/listen.h"

typedef struct ls_edge ls_edge;

typedef struct ls_edge_def {
    const ls_source *source;  // broker, login, certificates, group; copied
    const char *url;          // of an embedded broker (mqtt://127.0.0.1:PORT), else NULL
    const char *user, *password;
    const char *node;     // edge node id
    const char *primary;  // host application that is waited for; NULL: none
    uint32_t keep_max;    // changes kept while away, default 100000; 0: none are kept
    // A command (NCMD, DCMD) to a metric made with `writable`. Called from the edge's thread.
    void (*commanded)(void *context, uint32_t metric, const ls_sample *value);
    void *context;
    uint32_t cookie;  // set by ls_edge_def_default
} ls_edge_def;
ls_edge_def ls_edge_def_default(void);

ls_status ls_edge_create(const ls_edge_def *def, ls_edge **out, ls_error *err);
// Before start. device NULL: of the node itself. Numbers are 0, 1, 2 ... `unit` may be NULL.
ls_status ls_edge_metric(ls_edge *edge, const char *device, const char *name, ls_value_kind kind,
                         const char *unit, bool writable, uint32_t *out, ls_error *err);
ls_status ls_edge_start(ls_edge *edge, ls_error *err);
// The value is now this, since time_us (1970). Becomes part of the next message; equal values are
// said again too. Texts are copied.
void ls_edge_set(ls_edge *edge, uint32_t metric, const ls_sample *value);
// Publishes what was set since, in order: one message per device, in the order of the devices'
// first change. A metric set twice stands twice.
void ls_edge_flush(ls_edge *edge);
typedef struct ls_edge_figures {
    uint64_t messages, metrics, bytes, births, kept, dropped, commands;
    uint64_t disturbed_lost, disturbed_doubled, disturbed_swapped;  // by ls_edge_disturb
    bool connected;
} ls_edge_figures;
void ls_edge_describe(ls_edge *edge, ls_edge_figures *out);
// For tests of whoever hears: from now on drop, double or swap so many of a million data messages
// (chosen by seed), as a bad network would.
void ls_edge_disturb(ls_edge *edge, uint32_t drop, uint32_t twice, uint32_t swap, uint64_t seed);
void ls_edge_destroy(ls_edge *edge);  // NDEATH, disconnect, stop; NULL is fine
