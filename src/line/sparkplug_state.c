// sparkplug_state.c - see sparkplug_state.h.
#include "line/sparkplug_state.h"

#include <jansson.h>

#include "base/text.h"

enum { SIZE_MAX_BYTES = 4096 };  // others may add keys, but not a book

size_t ls_sparkplug_state_format(char out[LS_SPARKPLUG_STATE_MAX], ls_sparkplug_state state) {
    return ls_text_format(out, LS_SPARKPLUG_STATE_MAX, "{\"online\":%s,\"timestamp\":%lld}",
                          state.online ? "true" : "false", (long long)state.timestamp_ms);
}

const char *ls_sparkplug_state_parse(const void *bytes, size_t size, ls_sparkplug_state *out) {
    if (size > SIZE_MAX_BYTES) {
        return "a STATE message is longer than 4096 bytes";
    }
    json_error_t ignored;
    json_t *root = json_loadb(size > 0 ? bytes : "", size, 0, &ignored);
    const json_t *online = json_object_get(root, "online");
    const json_t *timestamp = json_object_get(root, "timestamp");
    const bool good = json_is_boolean(online) && json_is_integer(timestamp);
    if (good) {
        out->online = json_is_true(online);
        out->timestamp_ms = json_integer_value(timestamp);
    }
    json_decref(root);
    return good ? NULL : "a STATE message is not {\"online\":BOOLEAN,\"timestamp\":INTEGER}";
}
