// mqtt_inside.h - what mqtt.c (callers' threads), mqtt_thread.c (the client's thread) and
// mqtt_client.c (libmosquitto) share.
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "line/late_mosquitto.h"
#include "line/mqtt.h"
#include "line/mqtt_url.h"

enum { MQTT_TEXT_SIZE = 256, MQTT_TICKETS = 1024, MQTT_DRAIN_US = 2000000 };

// A message waiting to be sent; topic and payload stand behind it.
typedef struct mqtt_entry {
    struct mqtt_entry *next;
    uint64_t ticket;  // 0: nobody waits
    size_t size;
    int qos;
    bool retain;
    char topic[];  // zero-terminated, then the payload
} mqtt_entry;

typedef enum mqtt_answer { ANSWER_PENDING, ANSWER_YES, ANSWER_LOST, ANSWER_REFUSED } mqtt_answer;

typedef struct mqtt_inflight {  // QoS 1, sent and not yet acknowledged
    int mid;
    uint64_t ticket;
} mqtt_inflight;

struct ls_mqtt {
    ls_mqtt_def def;  // texts in the arena
    ls_arena arena;
    ls_mqtt_url url;
    ls_login login;  // empty user: none
    pthread_t thread;
    int wake_file;
    atomic_bool stopping, again;

    pthread_mutex_t lock;  // of what follows
    pthread_cond_t answered;
    mqtt_entry *first, *last;
    uint32_t waiting;
    size_t waiting_bytes;
    bool open;  // publish takes messages
    uint64_t last_ticket;
    struct {
        uint64_t ticket;
        mqtt_answer answer;
    } tickets[MQTT_TICKETS];

    _Atomic uint64_t connects, tries, messages, bytes, unkept, too_large;
    _Atomic uint64_t published, published_bytes, acknowledged;

    // Of the thread alone, of this connection.
    struct mosquitto *client;
    bool tcp_pending;  // the connection is not yet made
    bool resumed, accepted, ready, progress, refused;
    uint32_t answers_missing;  // of subscriptions
    int *filter_mids;          // filter_count
    uint32_t unsent;           // QoS 0, given to libmosquitto, not yet written
    bool more;                 // messages wait only because so many are unsent
    mqtt_inflight *inflight;   // inflight_max
    uint32_t inflight_count;
    char why[MQTT_TEXT_SIZE];  // what libmosquitto or the broker said last
};

// mqtt_client.c: makes m->client and begins to connect. False: m->why says why not.
bool ls_mqtt_client_open(ls_mqtt *m);
void ls_mqtt_client_close(ls_mqtt *m);  // forgets it all; sends nothing
// Gives waiting messages to libmosquitto, as many as may be under way.
void ls_mqtt_client_send(ls_mqtt *m);
const char *ls_mqtt_client_why(int code);  // an error of libmosquitto as half a sentence

// mqtt.c
mqtt_entry *ls_mqtt_take(ls_mqtt *m);  // the first waiting message, NULL: none; to be freed
void ls_mqtt_answer(ls_mqtt *m, uint64_t ticket, mqtt_answer answer);
void ls_mqtt_open(ls_mqtt *m, bool open);  // false: forgets what waits, and tells who waits for it

// mqtt_thread.c
void *ls_mqtt_thread(void *mqtt);
