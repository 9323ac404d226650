// sparkplug_listener.h - tests only: a sink and a broker in memory, which remember all that came.
#pragma once

#include "line/driver.h"
#include "line/sparkplug_payload.h"

typedef struct listener {
    ls_tags *tags;
    ls_sink sink;
    ls_sample *samples;  // texts are copies
    uint32_t count, capacity;
    uint64_t notices[LS_NOTICE_KIND_COUNT], noticed[LS_NOTICE_KIND_COUNT];  // times; sum of counts
    char text[LS_NOTICE_KIND_COUNT][512];  // of the last of each kind
    int64_t amount_us;
    int64_t time_us[LS_NOTICE_KIND_COUNT];  // of the last of each kind
    bool silent;                            // count samples but do not keep them
    uint64_t total;
} listener;

void listener_init(listener *l);
void listener_clear(listener *l);
void listener_forget(listener *l);  // what came so far
// The last sample of a tag by its name, NULL: none.
const ls_sample *listener_last(const listener *l, const char *name);

typedef struct message {
    char *topic;
    uint8_t *bytes;
    size_t size;
    int qos;
    bool retain;
} message;

typedef struct post {  // what was published and not yet taken away
    message *items;
    uint32_t count, capacity;
    bool closed;  // refuse to take
} post;

bool post_publish(void *context, const char *topic, const void *bytes, size_t size, int qos,
                  bool retain);
message post_take(post *p, uint32_t index);  // the caller clears it
void message_clear(message *m);
void post_clear(post *p);
// Sends a metric with one value as a message of its own: for tests that play an edge node.
typedef struct spoken {
    uint8_t bytes[4096];
    ls_sparkplug_writer w;
} spoken;
void speak_begin(spoken *s, uint64_t time_ms);
void speak_bd_seq(spoken *s, uint64_t bd_seq);
// name NULL: by alias alone; alias 0: none.
void speak_real(spoken *s, const char *name, uint64_t alias, double value, bool with_type);
void speak_text(spoken *s, const char *name, uint64_t alias, const char *value, bool with_type);
size_t speak_end(spoken *s, int seq);  // -1: none
