// sparkplug_topic.c - see sparkplug_topic.h.
#include "line/sparkplug_topic.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

static const char root[] = "spBv1.0/";
static const char *const names[LS_SPARKPLUG_MESSAGE_COUNT] = {
    "NBIRTH", "NDATA", "NDEATH", "NCMD", "DBIRTH", "DDATA", "DDEATH", "DCMD", "STATE",
};
enum { PARTS_MAX = 5, GROUP = 1, TYPE = 2, NODE = 3, DEVICE = 4 };

const char *ls_sparkplug_message_name(ls_sparkplug_message message) {
    return (unsigned)message < LS_SPARKPLUG_MESSAGE_COUNT ? names[message] : "unknown";
}

static bool has_device(ls_sparkplug_message message) {
    return message >= LS_SPARKPLUG_DBIRTH && message <= LS_SPARKPLUG_DCMD;
}

static const char *check_id(ls_sparkplug_id id) {
    if (id.size == 0) {
        return "an id is empty";
    }
    if (id.size > LS_SPARKPLUG_ID_MAX) {
        return "an id is longer than 127 bytes";
    }
    for (size_t i = 0; i < id.size; i++) {
        const unsigned char c = (unsigned char)id.text[i];
        if (c < 0x20 || c == 0x7f) {
            return "an id holds a control character";
        }
        if (c == '+' || c == '#' || c == '/') {
            return "an id holds one of + # /";
        }
    }
    return ls_text_is_utf8(id.text, id.size, NULL) ? NULL : "an id is not UTF-8";
}

ls_status ls_sparkplug_id_check(const char *id, const char *what, ls_error *err) {
    const char *reason = check_id((ls_sparkplug_id){id, strlen(id)});
    if (reason == NULL) {
        return LS_OK;
    }
    ls_fail(err, LS_ERR_INVALID, "the %s '%.*s' cannot be a Sparkplug id: %s", what,
            LS_SPARKPLUG_ID_MAX + 1, id, reason);
    ls_hint(err, "1 to %d bytes of UTF-8, without + # / and control characters",
            LS_SPARKPLUG_ID_MAX);
    return LS_ERR_INVALID;
}

// Splits at slashes; more parts than fit count as one too many.
static size_t split(const char *topic, size_t size, ls_sparkplug_id parts[PARTS_MAX + 1]) {
    size_t count = 0;
    while (count <= PARTS_MAX) {
        const char *slash = memchr(topic, '/', size);
        const size_t length = slash != NULL ? (size_t)(slash - topic) : size;
        parts[count++] = (ls_sparkplug_id){topic, length};
        if (slash == NULL) {
            break;
        }
        topic = slash + 1;
        size -= length + 1;
    }
    return count;
}

static bool id_is(ls_sparkplug_id id, const char *text) {
    return id.size == strlen(text) && memcmp(id.text, text, id.size) == 0;
}

static const char *parse_state(const ls_sparkplug_id *parts, size_t count,
                               ls_sparkplug_topic *out) {
    const char *reason = count == 3 ? check_id(parts[2]) : "STATE must be followed by one host id";
    if (reason == NULL) {
        *out = (ls_sparkplug_topic){.message = LS_SPARKPLUG_STATE, .node = parts[2]};
    }
    return reason;
}

const char *ls_sparkplug_topic_parse(const char *topic, size_t size, ls_sparkplug_topic *out) {
    ls_sparkplug_id parts[PARTS_MAX + 1];
    if (size == 0 || size >= LS_SPARKPLUG_TOPIC_MAX) {
        return "the topic is empty or too long";
    }
    const size_t count = split(topic, size, parts);
    if (!id_is(parts[0], "spBv1.0")) {
        return "the topic does not begin with spBv1.0/";
    }
    if (count >= 2 && id_is(parts[GROUP], "STATE")) {
        return parse_state(parts, count, out);
    }
    if (count != 4 && count != 5) {
        return "the topic is not spBv1.0/GROUP/TYPE/NODE[/DEVICE]";
    }
    ls_sparkplug_topic found = {.message = LS_SPARKPLUG_NBIRTH};
    while (found.message < LS_SPARKPLUG_STATE && !id_is(parts[TYPE], names[found.message])) {
        found.message++;
    }
    if (found.message == LS_SPARKPLUG_STATE) {
        return "the topic has an unknown message type";
    }
    if (has_device(found.message) != (count == 5)) {
        return count == 5 ? "a device stands behind a message type of nodes"
                          : "the device is missing";
    }
    found.group = parts[GROUP];
    found.node = parts[NODE];
    if (count == 5) {
        found.device = parts[DEVICE];
    }
    for (size_t i = GROUP; i < count; i++) {
        const char *reason = i != TYPE ? check_id(parts[i]) : NULL;
        if (reason != NULL) {
            return reason;
        }
    }
    *out = found;
    return NULL;
}

static char *put(char *at, const char *end, const char *text) {
    const size_t size = strlen(text);
    assert(size < (size_t)(end - at));
    memcpy(at, text, size);
    return at + size;
}

size_t ls_sparkplug_topic_format(char out[LS_SPARKPLUG_TOPIC_MAX], ls_sparkplug_message message,
                                 const char *group, const char *node, const char *device) {
    const char *end = out + LS_SPARKPLUG_TOPIC_MAX;
    assert(message < LS_SPARKPLUG_MESSAGE_COUNT);
    assert(message == LS_SPARKPLUG_STATE || has_device(message) == (device != NULL));
    char *at = put(out, end, root);
    if (message != LS_SPARKPLUG_STATE) {
        at = put(put(at, end, group), end, "/");
    }
    at = put(put(put(at, end, names[message]), end, "/"), end, node);
    if (device != NULL) {
        at = put(put(at, end, "/"), end, device);
    }
    *at = '\0';
    return (size_t)(at - out);
}
