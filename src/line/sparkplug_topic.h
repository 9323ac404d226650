// sparkplug_topic.h - spBv1.0/GROUP/TYPE/NODE[/DEVICE] and spBv1.0/STATE/HOST, read and written.
//
// A topic is hostile until parsed: ids are valid UTF-8 without + / # and control characters, not
// empty, at most LS_SPARKPLUG_ID_MAX bytes. Nothing here allocates.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { LS_SPARKPLUG_ID_MAX = 127, LS_SPARKPLUG_TOPIC_MAX = 3 * (LS_SPARKPLUG_ID_MAX + 1) + 15 };

typedef enum ls_sparkplug_message {
    LS_SPARKPLUG_NBIRTH,
    LS_SPARKPLUG_NDATA,
    LS_SPARKPLUG_NDEATH,
    LS_SPARKPLUG_NCMD,
    LS_SPARKPLUG_DBIRTH,
    LS_SPARKPLUG_DDATA,
    LS_SPARKPLUG_DDEATH,
    LS_SPARKPLUG_DCMD,
    LS_SPARKPLUG_STATE,  // `node` is the host's id, `group` is empty
    LS_SPARKPLUG_MESSAGE_COUNT
} ls_sparkplug_message;

typedef struct ls_sparkplug_id {  // points into the topic; not zero-terminated
    const char *text;
    size_t size;
} ls_sparkplug_id;

typedef struct ls_sparkplug_topic {
    ls_sparkplug_message message;
    ls_sparkplug_id group, node, device;  // device.size is 0 where the type has none
} ls_sparkplug_topic;

// NULL when the topic is good; else one sentence why not, and *out is unchanged.
const char *ls_sparkplug_topic_parse(const char *topic, size_t size, ls_sparkplug_topic *out);
// Writes the topic, zero-terminated. `device` NULL: none; for STATE `group` is not looked at. The
// ids must be good (ls_sparkplug_id_check). Returns its length, below LS_SPARKPLUG_TOPIC_MAX.
size_t ls_sparkplug_topic_format(char out[LS_SPARKPLUG_TOPIC_MAX], ls_sparkplug_message message,
                                 const char *group, const char *node, const char *device);
// May this be a group, node, device or host id? Fails with LS_ERR_INVALID; `what` names it.
ls_status ls_sparkplug_id_check(const char *id, const char *what, ls_error *err);
const char *ls_sparkplug_message_name(ls_sparkplug_message message);  // "NBIRTH", ...
