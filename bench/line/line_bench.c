// line_bench.c - one end of a measurement on a broker; bench/line/run starts them.
//
//   line_bench publish URL COUNT SIZE QOS RATE   messages with their time of sending; RATE 0: as
//                                                many as the broker takes
//   line_bench receive URL COUNT QOS             our client: waits for COUNT of them
//   line_bench plain HOST PORT COUNT QOS         the same with libmosquitto alone
//
// A receiver prints `ready` when it is subscribed and one JSON object at the end.
#include <mosquitto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "line/mqtt.h"

enum { LIMIT_S = 120 };

typedef struct count_of {
    int64_t *latencies_ns;
    unsigned char *seen;
    uint64_t wanted, received, distinct;
    int64_t first_ns, last_ns;
    atomic_bool done, ready;
} count_of;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void nap_us(int64_t us) {
    nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

// Payload: number, time of sending, filling.
static void take(count_of *c, const void *payload, size_t size) {
    uint64_t head[2];
    if (size < sizeof head) {
        return;
    }
    memcpy(head, payload, sizeof head);
    const int64_t now = now_ns();
    c->first_ns = c->received == 0 ? now : c->first_ns;
    c->last_ns = now;
    if (c->received < c->wanted) {
        c->latencies_ns[c->received] = now - (int64_t)head[1];
    }
    c->received++;
    if (head[0] < c->wanted && c->seen[head[0]] == 0) {
        c->seen[head[0]] = 1;
        c->distinct++;
    }
    if (c->distinct == c->wanted) {
        atomic_store(&c->done, true);
    }
}

static int compare(const void *a, const void *b) {
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static void report(count_of *c) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    const uint64_t n = c->received < c->wanted ? c->received : c->wanted;
    qsort(c->latencies_ns, n, sizeof *c->latencies_ns, compare);
    const double cpu_s = (double)used.ru_utime.tv_sec + (double)used.ru_utime.tv_usec * 1e-6 +
                         (double)used.ru_stime.tv_sec + (double)used.ru_stime.tv_usec * 1e-6;
    printf(
        "{\"received\": %llu, \"distinct\": %llu, \"seconds\": %.6f, \"p50_us\": %.1f, "
        "\"p99_us\": %.1f, \"cpu_s\": %.3f}\n",
        (unsigned long long)c->received, (unsigned long long)c->distinct,
        (double)(c->last_ns - c->first_ns) * 1e-9,
        n > 0 ? (double)c->latencies_ns[n / 2] * 1e-3 : 0.0,
        n > 0 ? (double)c->latencies_ns[n * 99 / 100] * 1e-3 : 0.0, cpu_s);
}

static void wait_for(count_of *c) {
    const int64_t until = now_ns() + LIMIT_S * 1000000000LL;
    while (!atomic_load(&c->done) && now_ns() < until) {
        nap_us(10000);
    }
}

static void say_ready(count_of *c) {
    if (!atomic_exchange(&c->ready, true)) {
        puts("ready");
        fflush(stdout);
    }
}

// ---- ours

static bool on_message(void *context, const ls_mqtt_message *message) {
    take(context, message->payload, message->size);
    return true;
}

static void on_connected(void *context, bool resumed) {
    (void)resumed;
    say_ready(context);
}

static int receive(count_of *c, const char *url, int qos) {
    const ls_mqtt_filter filter = {.topics = "bench/#", .qos = qos};
    ls_mqtt_def def = ls_mqtt_def_default();
    ls_mqtt *mqtt = NULL;
    ls_error err = {0};
    def.url = url;
    def.filters = &filter;
    def.filter_count = 1;
    def.listener = (ls_mqtt_listener){
        .context = c, .message = on_message, .connected = on_connected};
    if (ls_mqtt_create(&def, &mqtt, &err) != LS_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 4;
    }
    wait_for(c);
    ls_mqtt_destroy(mqtt);
    report(c);
    return 0;
}

// ---- libmosquitto alone

static void on_plain_message(struct mosquitto *client, void *context,
                             const struct mosquitto_message *message) {
    take(context, message->payload, (size_t)message->payloadlen);
    if (atomic_load(&((count_of *)context)->done)) {
        mosquitto_disconnect(client);
    }
}

static void on_plain_subscribed(struct mosquitto *client, void *context, int mid, int count,
                                const int *granted) {
    (void)client;
    (void)mid;
    (void)count;
    (void)granted;
    say_ready(context);
}

static int receive_plain(count_of *c, const char *host, int port, int qos) {
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new(NULL, true, c);
    mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_message_callback_set(client, on_plain_message);
    mosquitto_subscribe_callback_set(client, on_plain_subscribed);
    if (mosquitto_connect(client, host, port, 60) != MOSQ_ERR_SUCCESS) {
        return 4;
    }
    mosquitto_subscribe(client, NULL, "bench/#", qos);
    mosquitto_loop_forever(client, 1000, 1);
    mosquitto_destroy(client);
    report(c);
    return 0;
}

// ---- the publisher

static int publish(const char *url, uint64_t count, size_t size, int qos, double rate) {
    static unsigned char payload[65536];
    ls_mqtt_def def = ls_mqtt_def_default();
    ls_mqtt *mqtt = NULL;
    def.url = url;
    if (size < 16 || size > sizeof payload || ls_mqtt_create(&def, &mqtt, NULL) != LS_OK) {
        return 4;
    }
    ls_mqtt_figures now = {0};
    while (!now.connected) {
        nap_us(1000);
        ls_mqtt_describe(mqtt, &now);
    }
    const int64_t began = now_ns();
    for (uint64_t i = 0; i < count; i++) {
        const int64_t due = rate > 0.0 ? began + (int64_t)((double)i / rate * 1e9) : 0;
        while (now_ns() < due) {
            nap_us((due - now_ns()) / 1000);
        }
        const ls_mqtt_message message = {
            .topic = "bench/data", .payload = payload, .size = size, .qos = qos};
        for (;;) {
            const uint64_t head[2] = {i, (uint64_t)now_ns()};
            memcpy(payload, head, sizeof head);
            if (ls_mqtt_publish(mqtt, &message, NULL, NULL) == LS_OK) {
                break;
            }
            nap_us(200);
        }
    }
    do {
        nap_us(1000);
        ls_mqtt_describe(mqtt, &now);
    } while (now.waiting > 0);
    ls_mqtt_destroy(mqtt);
    return 0;
}

int main(int argc, char **argv) {
    count_of c = {0};
    if (argc == 7 && strcmp(argv[1], "publish") == 0) {
        return publish(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10),
                       atoi(argv[5]), strtod(argv[6], NULL));
    }
    const bool plain = argc == 6 && strcmp(argv[1], "plain") == 0;
    if (!plain && !(argc == 5 && strcmp(argv[1], "receive") == 0)) {
        fprintf(stderr, "see the head of line_bench.c\n");
        return 2;
    }
    c.wanted = strtoull(argv[plain ? 4 : 3], NULL, 10);
    c.latencies_ns = calloc(c.wanted + 1, sizeof *c.latencies_ns);
    c.seen = calloc(c.wanted + 1, 1);
    const int code = plain ? receive_plain(&c, argv[2], atoi(argv[3]), atoi(argv[5]))
                           : receive(&c, argv[2], atoi(argv[4]));
    free(c.latencies_ns);
    free(c.seen);
    return code;
}
