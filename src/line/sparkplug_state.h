// sparkplug_state.h - the JSON of STATE messages: {"online":true,"timestamp":MS}.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LS_SPARKPLUG_STATE_MAX = 64 };

typedef struct ls_sparkplug_state {
    bool online;
    int64_t timestamp_ms;
} ls_sparkplug_state;

size_t ls_sparkplug_state_format(char out[LS_SPARKPLUG_STATE_MAX], ls_sparkplug_state state);
// NULL when good; else one sentence, and *out is unchanged. Other keys are passed over.
const char *ls_sparkplug_state_parse(const void *bytes, size_t size, ls_sparkplug_state *out);
