// intake_bench.c - from a signal to the twin in step, without a network.
//
//   intake_bench intake PLANT FOLDER MESSAGES RATE   each message into history, mapping, follower;
//                                                    RATE a second, 0: one after the other;
//                                                    FOLDER `none`: no history
//   intake_bench tags PLANT FOLDER MESSAGES ONE COPIES   Sparkplug payloads through the host as
//   well;
//                                                    PLANT is COPIES lines like the plant ONE
//   intake_bench fork PLANT FUTURES                  a future of the followed twin, and its first
//                                                    event
// Prints one JSON object. The messages are those of the emulated line (recording.h).
#include <stdio.h>
#include <string.h>

#include "line/sparkplug_host.h"
#include "recording.h"

// ---- without a driver

// Signals to tags, in place.
static void name_tags(recording *r, ls_tags *tags) {
    uint32_t *numbers = malloc(r->signal_count * sizeof *numbers);
    for (uint32_t i = 0; i < r->signal_count; i++) {
        const ls_emulate_signal *s = ls_emulate_signal_get(r->line, i);
        char name[256];
        ls_error err = {0};
        const int size = snprintf(name, sizeof name, "%s/%s/%s%s%s", ls_emulate_group(r->line),
                                  ls_emulate_node(r->line), s->device != NULL ? s->device : "",
                                  s->device != NULL ? "/" : "", s->name);
        if (ls_tags_add(tags, name, (size_t)size, numbers + i, &err) != LS_OK) {
            bench_fail("tags", &err);
        }
        r->birth[i].tag = numbers[i];
        r->birth[i].flags = LS_SAMPLE_BIRTH;
    }
    for (size_t i = 0; i < r->sample_count; i++) {
        r->samples[i].tag = numbers[r->samples[i].tag];
    }
    free(numbers);
}

static void hear_birth(const recording *r, const ls_sink *sink) {
    if (!sink->heard(sink->context, r->birth, r->signal_count)) {
        bench_fail("birth", NULL);
    }
}

static void print_follow(const bench_service *service) {
    const ls_follow *follow = service->intake.running.follow;
    const ls_follow_figures f = ls_follow_describe(follow);
    printf(
        "\"heard\": %llu, \"rolled_back\": %llu, \"inferred\": %llu, \"contradicted\": %llu, "
        "\"lots\": %u, \"certainty\": %.3f",
        (unsigned long long)f.heard, (unsigned long long)f.rolled_back,
        (unsigned long long)f.divergences[LS_DIVERGE_INFERRED],
        (unsigned long long)f.divergences[LS_DIVERGE_CONTRADICTED], f.lots,
        ls_follow_certainty(follow));
}

static int bench_intake(const char *plant, const char *folder, size_t messages, double rate) {
    recording r;
    bench_service service;
    recording_make(plant, messages, &r);
    bench_service_open(plant, strcmp(folder, "none") == 0 ? NULL : folder, &service);
    name_tags(&r, service.tags);
    hear_birth(&r, &service.sink);
    int64_t *times = calloc(r.message_count, sizeof *times);
    const int64_t began = bench_now_ns();
    const double cpu = bench_cpu_s();
    for (size_t i = 0; i < r.message_count; i++) {
        if (rate > 0.0) {
            bench_wait_until_ns(began + (int64_t)((double)i / rate * 1e9));
        }
        const bench_message *m = r.messages + i;
        const int64_t from = bench_now_ns();
        if (!service.sink.heard(service.sink.context, r.samples + m->first, m->count)) {
            bench_fail("not taken", NULL);
        }
        times[i] = bench_now_ns() - from;
    }
    const double wall_s = (double)(bench_now_ns() - began) * 1e-9;
    printf(
        "{\"machines\": %u, \"tags\": %u, \"messages\": %zu, \"samples\": %zu, \"wall_s\": "
        "%.3f, \"cpu_s\": %.3f, \"line_s\": %.1f, ",
        r.plant->machine_count, ls_tags_count(service.tags), r.message_count, r.sample_count,
        wall_s, bench_cpu_s() - cpu, (double)r.span_us * 1e-6);
    bench_print_times("times", times, r.message_count);
    printf(", ");
    print_follow(&service);
    printf("}\n");
    free(times);
    bench_service_close(&service);
    recording_clear(&r);
    return 0;
}

// ---- futures

static int bench_fork(const char *plant, size_t futures) {
    recording r;
    bench_service service;
    ls_error err = {0};
    recording_make(plant, 20000, &r);
    bench_service_open(plant, NULL, &service);
    name_tags(&r, service.tags);
    hear_birth(&r, &service.sink);
    for (size_t i = 0; i < r.message_count; i++) {
        service.sink.heard(service.sink.context, r.samples + r.messages[i].first,
                           r.messages[i].count);
    }
    ls_snapshot *into = NULL;
    if (ls_snapshot_create(service.intake.running.twin, 1, 0, &into, &err) != LS_OK) {
        bench_fail("snapshot", &err);
    }
    const int64_t until_us = ls_follow_now(service.intake.running.follow) + 86400000000;
    int64_t *times = calloc(futures, sizeof *times);
    for (size_t i = 0; i < futures; i++) {
        uint64_t done = 0;
        const int64_t from = bench_now_ns();
        ls_follow_fork(service.intake.running.follow, 1, i, into);
        if (ls_snapshot_step(service.intake.running.twin, into, until_us, 1, &done, &err) !=
            LS_OK) {
            bench_fail("first event", &err);
        }
        times[i] = bench_now_ns() - from;
    }
    printf("{\"futures\": %zu, ", futures);
    bench_print_times("times", times, futures);
    printf("}\n");
    free(times);
    ls_snapshot_destroy(into);
    bench_service_close(&service);
    recording_clear(&r);
    return 0;
}

// ---- with the Sparkplug host

typedef struct wire {
    char (*topics)[LS_SPARKPLUG_TOPIC_MAX];
    uint8_t **payloads;
    size_t *sizes;
    size_t count, capacity;
} wire;

static bool keep(void *context, const char *topic, const void *bytes, size_t size, int qos,
                 bool retain) {
    (void)qos;
    (void)retain;
    wire *w = context;
    if (w->count == w->capacity) {
        w->capacity = w->capacity == 0 ? 1024 : 2 * w->capacity;
        w->topics = realloc(w->topics, w->capacity * sizeof *w->topics);
        w->payloads = realloc(w->payloads, w->capacity * sizeof *w->payloads);
        w->sizes = realloc(w->sizes, w->capacity * sizeof *w->sizes);
    }
    snprintf(w->topics[w->count], sizeof w->topics[0], "%s", topic);
    w->payloads[w->count] = malloc(size);
    memcpy(w->payloads[w->count], bytes, size);
    w->sizes[w->count++] = size;
    return true;
}

static bool silent(void *context, const char *topic, const void *bytes, size_t size, int qos,
                   bool retain) {
    (void)context, (void)topic, (void)bytes, (void)size, (void)qos, (void)retain;
    return true;
}

static int64_t wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Births first; *out_births says how many messages they are.
static void put_on_wire(const recording *r, wire *out, size_t *out_births) {
    const char *topic;
    const void *will;
    size_t size;
    ls_sparkplug_edge *edge = recording_edge(r, keep, out);
    ls_sparkplug_edge_will(edge, wall_us(), &topic, &will, &size);
    ls_sparkplug_edge_connected(edge, wall_us());
    *out_births = out->count;
    for (size_t i = 0; i < r->message_count; i++) {
        for (uint32_t k = 0; k < r->messages[i].count; k++) {
            const ls_sample *sample = r->samples + r->messages[i].first + k;
            ls_sparkplug_edge_set(edge, sample->tag, sample);
        }
        ls_sparkplug_edge_flush(edge, wall_us());
    }
    ls_sparkplug_edge_destroy(edge);
}

static void hear_wire(ls_sparkplug_host *host, const wire *w, size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        ls_sparkplug_host_message(host, w->topics[i], w->payloads[i], w->sizes[i], wall_us());
    }
}

static int bench_tags(const char *plant, const char *folder, size_t messages, const char *one,
                      uint32_t copies) {
    recording r;
    wire w = {0};
    bench_service service;
    ls_sparkplug_host *host = NULL;
    ls_error err = {0};
    size_t births = 0;
    if (copies > 1) {
        recording_make_copies(one, plant, copies, messages, &r);
    } else {
        recording_make(plant, messages, &r);
    }
    put_on_wire(&r, &w, &births);
    const double before_mib = bench_memory_mib();
    bench_service_open(plant, folder, &service);
    ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
    def.host = "bench";
    def.sink = &service.sink;
    def.publish = silent;
    if (ls_sparkplug_host_create(&def, &host, &err) != LS_OK) {
        bench_fail("host", &err);
    }
    int64_t from = bench_now_ns();
    hear_wire(host, &w, 0, births);
    const double birth_s = (double)(bench_now_ns() - from) * 1e-9;
    // Through the history's working set once, so that growing memory is not measured.
    const size_t warm = births + (w.count - births) / 5;
    hear_wire(host, &w, births, warm);
    ls_driver_figures first = {0}, last = {0};
    ls_sparkplug_host_figures(host, &first);
    double cpu = bench_cpu_s();
    from = bench_now_ns();
    hear_wire(host, &w, warm, w.count);
    const double wall_s = (double)(bench_now_ns() - from) * 1e-9;
    ls_sparkplug_host_figures(host, &last);
    if (ls_history_flush(service.intake.history, &err) != LS_OK) {
        bench_fail("flush", &err);
    }
    cpu = bench_cpu_s() - cpu;
    const double samples = (double)(last.samples - first.samples);
    printf(
        "{\"machines\": %u, \"tags\": %u, \"samples\": %.0f, \"messages\": %zu, \"birth_s\": "
        "%.4f, \"caller_ns\": %.1f, \"cpu_ns\": %.1f, \"memory_mib\": %.1f, \"gaps\": %llu, ",
        r.plant->machine_count, ls_tags_count(service.tags), samples, w.count - warm, birth_s,
        wall_s / samples * 1e9, cpu / samples * 1e9, bench_memory_mib() - before_mib,
        (unsigned long long)last.gaps);
    print_follow(&service);
    printf("}\n");
    ls_sparkplug_host_destroy(host);
    bench_service_close(&service);
    for (size_t i = 0; i < w.count; i++) {
        free(w.payloads[i]);
    }
    free(w.payloads);
    free(w.topics);
    free(w.sizes);
    recording_clear(&r);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 6 && strcmp(argv[1], "intake") == 0) {
        return bench_intake(argv[2], argv[3], strtoull(argv[4], NULL, 10), strtod(argv[5], NULL));
    }
    if (argc == 7 && strcmp(argv[1], "tags") == 0) {
        return bench_tags(argv[2], argv[3], strtoull(argv[4], NULL, 10), argv[5],
                          (uint32_t)strtoul(argv[6], NULL, 10));
    }
    if (argc == 4 && strcmp(argv[1], "fork") == 0) {
        return bench_fork(argv[2], strtoull(argv[3], NULL, 10));
    }
    fprintf(stderr, "see the head of intake_bench.c\n");
    return 2;
}
