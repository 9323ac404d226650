// json_payload.h - the values in a plain MQTT payload: JSON, or one bare scalar.
//
// A payload that begins with '{' or '[' must be JSON; anything else is one scalar: a JSON number,
// word or text, else the text as it is. Paths are field names and indexes with dots between:
// "motor.phases.0.amps". Hostile input is refused with a reason: too large, too deep, too many
// values, names given twice, not UTF-8.
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/text.h"
#include "base/value.h"
#include "plant/listen.h"

enum {
    LS_JSON_PAYLOAD_MAX = 4 << 20,  // bytes
    LS_JSON_TEXT_MAX = 1 << 20,     // of one value; the history takes no longer ones
    LS_JSON_DEPTH_MAX = 32,
    LS_JSON_VALUES_MAX = 10000,
};

typedef struct ls_json_value {
    uint32_t path, path_size;  // in `paths`; size 0: the payload is a scalar
    ls_sample sample;          // tag not set; texts live until the next read or clear
} ls_json_value;

typedef struct ls_json_payload {  // kept between reads, so that memory is made once
    json_t *root;
    ls_buffer paths;
    ls_json_value *values;
    uint32_t count, capacity;
    bool time_missing;  // the topic names a time, and this payload has none that could be one
} ls_json_payload;

void ls_json_payload_init(ls_json_payload *payload);
void ls_json_payload_clear(ls_json_payload *payload);
// Fills values: the topic's fields in their order (those that are not there are left out), or every
// scalar in the order of the text. Each has the payload's time, else arrival_us and the flag
// LS_SAMPLE_ARRIVAL. Fails with LS_ERR_INVALID, LS_ERR_LIMIT or LS_ERR_MEMORY; there are no values
// then.
ls_status ls_json_payload_read(ls_json_payload *payload, const ls_topic *topic, const void *bytes,
                               size_t size, int64_t arrival_us, ls_error *err);
// ms since 1970, or ISO 8601 with 'Z', an offset, or nothing (then it is UTC).
bool ls_json_time(const json_t *value, int64_t *out_us);
