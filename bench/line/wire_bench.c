// wire_bench.c - from a publisher through a broker into history and twin.
//
//   wire_bench through PLANT FOLDER MESSAGES RATE   one process: an edge node, the service's way
//   in,
//                                                   and a plain subscriber as the broker's echo
//   wire_bench publish PLANT MESSAGES               an edge node, as fast as the broker takes it;
//                                                   begins when it reads a line
//   wire_bench ingest PLANT FOLDER MESSAGES         the service's way in, until all are there
// The broker is that of the plant file. Prints `ready`, then one JSON object. Times are of the
// monotonic clock, so that those of several processes can be compared.
#include <mosquitto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "line/edge.h"
#include "line/mqtt.h"
#include "recording.h"

enum { LIMIT_S = 120 };

static void nap_us(int64_t us) {
    nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000}, NULL);
}

static void say_ready(void) {
    puts("ready");
    fflush(stdout);
}

static bool wait_for(const atomic_uint_fast64_t *count, uint64_t wanted) {
    const int64_t until = bench_now_ns() + LIMIT_S * INT64_C(1000000000);
    while (atomic_load(count) < wanted && bench_now_ns() < until) {
        nap_us(2000);
    }
    return atomic_load(count) >= wanted;
}

// ---- the service's way in, with the time of each message of data

typedef struct listener {
    bench_service service;
    ls_driver *driver;
    const recording *expected;  // NULL: not compared
    int64_t *done_ns;
    uint64_t wanted, odd;  // odd: other samples than the message has
    uint64_t samples;
    atomic_uint_fast64_t count;
    int64_t first_ns, last_ns;
    atomic_bool born;
} listener;

static bool on_heard(void *context, const ls_sample *samples, size_t count) {
    listener *l = context;
    const bool kept = l->service.sink.heard(l->service.sink.context, samples, count);
    if ((samples[0].flags & LS_SAMPLE_BIRTH) != 0) {
        return kept;
    }
    if (samples[0].quality != LS_QUALITY_GOOD) {
        return kept;  // the edge node goes
    }
    const uint64_t n = atomic_load_explicit(&l->count, memory_order_relaxed);
    l->last_ns = bench_now_ns();
    l->first_ns = n == 0 ? l->last_ns : l->first_ns;
    if (l->done_ns != NULL && n < l->wanted) {
        l->done_ns[n] = l->last_ns;
        l->odd += l->expected->messages[n].count != count ||
                  l->expected->samples[l->expected->messages[n].first].time_us / 1000 !=
                      samples[0].time_us / 1000;
    }
    l->samples += count;
    atomic_store(&l->count, n + 1);
    return kept;
}

static void on_noticed(void *context, const ls_notice *notice) {
    listener *l = context;
    if (notice->kind == LS_NOTICE_BIRTH) {
        atomic_store(&l->born, true);
    }
}

static void open_listener(listener *l, const char *plant, const char *folder) {
    ls_error err = {0};
    bench_service_open(plant, folder, &l->service);
    const ls_listen *listen = &l->service.intake.running.plant->listen;
    const ls_sink sink = {
        .context = l, .tags = l->service.tags, .heard = on_heard, .noticed = on_noticed};
    if (ls_driver_sparkplug.open(listen, listen->sources, &sink, &l->driver, &err) != LS_OK) {
        bench_fail("driver", &err);
    }
    ls_driver_figures now = {0};
    while (!now.connected) {
        nap_us(2000);
        ls_driver_sparkplug.figures(l->driver, &now);
    }
}

static void print_listener(listener *l) {
    ls_driver_figures f = {0};
    ls_history_figures kept = {0};
    ls_error err = {0};
    ls_driver_sparkplug.figures(l->driver, &f);
    ls_history_describe(l->service.intake.history, &kept, &err);
    printf(
        "\"messages\": %llu, \"samples\": %llu, \"gaps\": %llu, \"missing\": %llu, "
        "\"refused\": %llu, \"appended\": %llu, \"taken\": %llu, \"lots\": %u, ",
        (unsigned long long)atomic_load(&l->count), (unsigned long long)l->samples,
        (unsigned long long)f.gaps, (unsigned long long)f.missing, (unsigned long long)f.refused,
        (unsigned long long)kept.appended, (unsigned long long)l->service.intake.figures.samples,
        l->service.intake.running.follow != NULL
            ? ls_follow_describe(l->service.intake.running.follow).lots
            : 0);
}

static void close_listener(listener *l) {
    ls_driver_sparkplug.close(l->driver);
    bench_service_close(&l->service);
}

// ---- the broker's echo

typedef struct echo {
    int64_t *done_ns;
    uint64_t wanted;
    atomic_uint_fast64_t count;
    atomic_bool ready;
    struct mosquitto *client;
} echo;

static void on_echo(struct mosquitto *client, void *context,
                    const struct mosquitto_message *message) {
    (void)client;
    (void)message;
    echo *e = context;
    const uint64_t n = atomic_load_explicit(&e->count, memory_order_relaxed);
    if (n < e->wanted) {
        e->done_ns[n] = bench_now_ns();
    }
    atomic_store(&e->count, n + 1);
}

static void on_subscribed(struct mosquitto *client, void *context, int mid, int count,
                          const int *granted) {
    (void)client, (void)mid, (void)count, (void)granted;
    atomic_store(&((echo *)context)->ready, true);
}

static void open_echo(echo *e, const char *url) {
    int port = 0;
    mosquitto_lib_init();
    if (sscanf(url, "mqtt://127.0.0.1:%d", &port) != 1) {
        bench_fail("the plant file's broker is not on 127.0.0.1", NULL);
    }
    e->client = mosquitto_new(NULL, true, e);
    mosquitto_int_option(e->client, MOSQ_OPT_TCP_NODELAY, 1);
    mosquitto_message_callback_set(e->client, on_echo);
    mosquitto_subscribe_callback_set(e->client, on_subscribed);
    if (mosquitto_connect(e->client, "127.0.0.1", port, 60) != MOSQ_ERR_SUCCESS ||
        mosquitto_subscribe(e->client, NULL, "spBv1.0/+/DDATA/#", 0) != MOSQ_ERR_SUCCESS ||
        mosquitto_loop_start(e->client) != MOSQ_ERR_SUCCESS) {
        bench_fail("echo", NULL);
    }
    while (!atomic_load(&e->ready)) {
        nap_us(2000);
    }
}

static void close_echo(echo *e) {
    mosquitto_disconnect(e->client);
    mosquitto_loop_stop(e->client, false);
    mosquitto_destroy(e->client);
}

// ---- through the broker, paced

static ls_edge *open_edge(const recording *r) {
    ls_edge_def def = ls_edge_def_default();
    ls_edge *edge = NULL;
    ls_error err = {0};
    def.source = r->plant->listen.sources;
    def.url = def.source->broker;
    def.node = ls_emulate_node(r->line);
    def.keep_max = 0;  // what is set before the birth belongs to it, and is not said again
    ls_status status = ls_edge_create(&def, &edge, &err);
    for (uint32_t i = 0; status == LS_OK && i < r->signal_count; i++) {
        const ls_emulate_signal *s = ls_emulate_signal_get(r->line, i);
        uint32_t metric;
        status = ls_edge_metric(edge, s->device, s->name, s->kind, s->unit, s->writable, &metric,
                                &err);
        if (status == LS_OK) {
            ls_edge_set(edge, metric, r->birth + i);
        }
    }
    if (status == LS_OK) {
        ls_edge_flush(edge);
    }
    if (status != LS_OK || ls_edge_start(edge, &err) != LS_OK) {
        bench_fail("edge node", &err);
    }
    return edge;
}

static void set_message(ls_edge *edge, const recording *r, size_t number) {
    const bench_message *m = r->messages + number;
    for (uint32_t k = 0; k < m->count; k++) {
        ls_edge_set(edge, r->samples[m->first + k].tag, r->samples + m->first + k);
    }
    ls_edge_flush(edge);
}

static void print_through(const recording *r, listener *l, echo *e, const int64_t *sent_ns) {
    const size_t count = r->message_count;
    int64_t *over = calloc(count, sizeof *over);
    for (size_t i = 0; i < count; i++) {
        over[i] = l->done_ns[i] - e->done_ns[i];
        l->done_ns[i] -= sent_ns[i];
        e->done_ns[i] -= sent_ns[i];
    }
    printf("{\"odd\": %llu, ", (unsigned long long)l->odd);
    print_listener(l);
    bench_print_times("echo", e->done_ns, count);
    printf(", ");
    bench_print_times("twin", l->done_ns, count);
    printf(", ");
    bench_print_times("over", over, count);
    printf("}\n");
    free(over);
}

static int bench_through(const char *plant, const char *folder, size_t messages, double rate) {
    recording r;
    recording_make(plant, messages, &r);
    listener l = {.expected = &r, .wanted = messages};
    echo e = {.wanted = messages};
    int64_t *sent_ns = calloc(messages, sizeof *sent_ns);
    l.done_ns = calloc(messages, sizeof *l.done_ns);
    e.done_ns = calloc(messages, sizeof *e.done_ns);
    open_echo(&e, r.plant->listen.sources->broker);
    open_listener(&l, plant, folder);
    ls_edge *edge = open_edge(&r);
    while (!atomic_load(&l.born)) {
        nap_us(2000);
    }
    nap_us(500000);
    const int64_t began = bench_now_ns();
    for (size_t i = 0; i < messages; i++) {
        bench_wait_until_ns(began + (int64_t)((double)i / rate * 1e9));
        sent_ns[i] = bench_now_ns();
        set_message(edge, &r, i);
    }
    const bool all = wait_for(&l.count, messages) && wait_for(&e.count, messages);
    if (!all) {
        fprintf(stderr, "only %llu of %zu messages were heard\n",
                (unsigned long long)atomic_load(&l.count), messages);
        return 1;
    }
    print_through(&r, &l, &e, sent_ns);
    ls_edge_destroy(edge);
    close_echo(&e);
    close_listener(&l);
    free(sent_ns);
    free(l.done_ns);
    free(e.done_ns);
    recording_clear(&r);
    return 0;
}

// ---- as fast as it goes

static bool push(void *context, const char *topic, const void *bytes, size_t size, int qos,
                 bool retain) {
    const ls_mqtt_message message = {
        .topic = topic, .payload = bytes, .size = size, .qos = qos, .retain = retain};
    while (ls_mqtt_publish(context, &message, NULL, NULL) != LS_OK) {
        nap_us(200);
    }
    return true;
}

static int64_t wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int bench_publish(const char *plant, size_t messages) {
    recording r;
    ls_mqtt *mqtt = NULL;
    ls_error err = {0};
    ls_mqtt_figures now = {0};
    const char *topic;
    const void *will;
    size_t size;
    char line[16];
    recording_make(plant, messages, &r);
    ls_mqtt_def def = ls_mqtt_def_default();
    def.url = r.plant->listen.sources->broker;
    if (ls_mqtt_create(&def, &mqtt, &err) != LS_OK) {
        bench_fail("publisher", &err);
    }
    ls_sparkplug_edge *edge = recording_edge(&r, push, mqtt);
    while (!now.connected) {
        nap_us(1000);
        ls_mqtt_describe(mqtt, &now);
    }
    ls_sparkplug_edge_will(edge, wall_us(), &topic, &will, &size);
    ls_sparkplug_edge_connected(edge, wall_us());
    say_ready();
    if (fgets(line, sizeof line, stdin) == NULL) {
        return 1;
    }
    const int64_t began = bench_now_ns();
    for (size_t i = 0; i < messages; i++) {
        for (uint32_t k = 0; k < r.messages[i].count; k++) {
            const ls_sample *sample = r.samples + r.messages[i].first + k;
            ls_sparkplug_edge_set(edge, sample->tag, sample);
        }
        ls_sparkplug_edge_flush(edge, wall_us());
    }
    do {
        nap_us(1000);
        ls_mqtt_describe(mqtt, &now);
    } while (now.waiting > 0);
    printf("{\"began_ns\": %lld, \"ended_ns\": %lld, \"samples\": %zu, \"bytes\": %llu}\n",
           (long long)began, (long long)bench_now_ns(), r.sample_count,
           (unsigned long long)now.published_bytes);
    fflush(stdout);
    // Says nothing more until everyone has heard: its death would be one more message.
    (void)!fgets(line, sizeof line, stdin);
    ls_sparkplug_edge_destroy(edge);
    ls_mqtt_destroy(mqtt);
    recording_clear(&r);
    return 0;
}

static int bench_ingest(const char *plant, const char *folder, size_t messages) {
    listener l = {.wanted = messages};
    open_listener(&l, plant, folder);
    say_ready();
    const double cpu = bench_cpu_s();
    wait_for(&l.count, messages);
    const double used = bench_cpu_s() - cpu;
    printf("{\"first_ns\": %lld, \"last_ns\": %lld, \"cpu_s\": %.3f, ", (long long)l.first_ns,
           (long long)l.last_ns, used);
    print_listener(&l);
    printf("\"memory_mib\": %.1f}\n", bench_memory_mib());
    fflush(stdout);
    close_listener(&l);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 6 && strcmp(argv[1], "through") == 0) {
        return bench_through(argv[2], argv[3], strtoull(argv[4], NULL, 10), strtod(argv[5], NULL));
    }
    if (argc == 4 && strcmp(argv[1], "publish") == 0) {
        return bench_publish(argv[2], strtoull(argv[3], NULL, 10));
    }
    if (argc == 5 && strcmp(argv[1], "ingest") == 0) {
        return bench_ingest(argv[2], argv[3], strtoull(argv[4], NULL, 10));
    }
    fprintf(stderr, "see the head of wire_bench.c\n");
    return 2;
}
