// sparkplug_bench.c - nanoseconds per metric: written, read, and through the host application into
// samples, at 100 to 100,000 tags. One JSON object.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "line/sparkplug_host.h"
#include "line/sparkplug_payload.h"

enum { METRICS = 52, TURNS = 20000, TRIES = 7, SIZES = 4, PASSES = 400000 };

// Of this thread alone, so that a busy machine does not count.
static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static size_t write_data(uint8_t *bytes, size_t capacity, uint32_t first, uint32_t count,
                         uint64_t turn) {
    ls_sparkplug_writer w;
    ls_sparkplug_begin(&w, bytes, capacity, 1700000000000 + turn);
    for (uint32_t i = 0; i < count; i++) {
        const double value = (double)(first + i) * 0.25 + (double)(turn & 1023);
        ls_sparkplug_metric m = {.has_alias = true,
                                 .alias = first + i + 1,
                                 .has_timestamp = true,
                                 .timestamp_ms = 1700000000000 + turn,
                                 .field = LS_SPARKPLUG_DOUBLE_VALUE};
        memcpy(&m.bits, &value, sizeof value);
        ls_sparkplug_add(&w, &m);
    }
    ls_sparkplug_add_seq(&w, turn & 255);
    return ls_sparkplug_size(&w);
}

static void bench_payload(void) {
    uint8_t bytes[8192];
    double best_write = 1e300, best_read = 1e300, sum = 0;
    size_t size = 0;
    for (int attempt = 0; attempt < TRIES; attempt++) {
        double start = now_ns();
        for (uint64_t turn = 0; turn < TURNS; turn++) {
            size = write_data(bytes, sizeof bytes, 0, METRICS, turn);
        }
        best_write = smaller(best_write, (now_ns() - start) / (TURNS * METRICS));
        start = now_ns();
        for (uint64_t turn = 0; turn < TURNS; turn++) {
            ls_sparkplug_reader r;
            ls_sparkplug_metric m;
            ls_sparkplug_open(&r, bytes, size);
            while (ls_sparkplug_next(&r, &m)) {
                ls_sample s = {0};
                ls_sparkplug_value(&m, LS_SPARKPLUG_DOUBLE, &s);
                sum += s.value.real;
            }
        }
        best_read = smaller(best_read, (now_ns() - start) / (TURNS * METRICS));
    }
    printf(
        "  \"payload\": {\"metrics\": %d, \"bytes\": %zu, \"write_ns\": %.1f, \"read_ns\": %.1f, "
        "\"check\": %.0f},\n",
        METRICS, size, best_write, best_read, sum);
}

static double heard_sum;
static bool heard(void *context, const ls_sample *samples, size_t count) {
    (void)context;
    for (size_t i = 0; i < count; i++) {
        heard_sum += samples[i].value.real;
    }
    return true;
}

static void noticed(void *context, const ls_notice *notice) {
    (void)context;
    if (notice->kind != LS_NOTICE_BIRTH) {
        fprintf(stderr, "sparkplug_bench: %s: %s\n", notice->subject, notice->text);
    }
}

static bool publish(void *context, const char *topic, const void *bytes, size_t size, int qos,
                    bool retain) {
    (void)context;
    (void)topic;
    (void)bytes;
    (void)size;
    (void)qos;
    (void)retain;
    return true;
}

static size_t write_birth(uint8_t *bytes, size_t capacity, uint32_t tags, bool aliases) {
    ls_sparkplug_writer w;
    ls_sparkplug_begin(&w, bytes, capacity, 1700000000000);
    for (uint32_t i = 0; i < tags; i++) {
        char name[32];
        const int length = snprintf(name, sizeof name, "area/unit/metric %u", i);
        const ls_sparkplug_metric m = {.name = {name, (size_t)length},
                                       .has_alias = aliases,
                                       .alias = i + 1,
                                       .has_type = true,
                                       .type = LS_SPARKPLUG_DOUBLE,
                                       .field = LS_SPARKPLUG_DOUBLE_VALUE};
        ls_sparkplug_add(&w, &m);
    }
    ls_sparkplug_add_seq(&w, 255);
    return ls_sparkplug_size(&w);
}

// Messages of 52 metrics each, that walk over all tags; each message from another place.
static double bench_host(uint32_t tags, double *out_birth_ns) {
    enum { MESSAGES = 256 };
    static uint8_t data[MESSAGES][4096];
    size_t sizes[MESSAGES];
    const size_t capacity = (size_t)tags * 64 + 1024;
    uint8_t *birth = malloc(capacity);
    ls_tags *tag_table = NULL;
    ls_sparkplug_host *host = NULL;
    ls_sink sink = {.heard = heard, .noticed = noticed};
    ls_sparkplug_host_def def = ls_sparkplug_host_def_default();
    if (birth == NULL || ls_tags_create(&tag_table, NULL) != LS_OK) {
        exit(4);
    }
    sink.tags = tag_table;
    def.host = "bench";
    def.sink = &sink;
    def.publish = publish;
    if (ls_sparkplug_host_create(&def, &host, NULL) != LS_OK) {
        exit(4);
    }
    const size_t size = write_birth(birth, capacity, tags, true);
    double start = now_ns();
    ls_sparkplug_host_message(host, "spBv1.0/plant/NBIRTH/cell", birth, size, 1700000000000000);
    *out_birth_ns = (now_ns() - start) / tags;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        const uint32_t first = (uint32_t)(((uint64_t)i * 7919 * METRICS) % (tags - METRICS + 1));
        sizes[i] = write_data(data[i], sizeof data[i], first, METRICS, i);
    }
    double best = 1e300;
    for (int attempt = 0; attempt < TRIES; attempt++) {
        uint32_t count = 0;
        start = now_ns();
        while (count * METRICS < PASSES) {
            for (uint32_t i = 0; i < MESSAGES; i++, count++) {
                ls_sparkplug_host_message(host, "spBv1.0/plant/NDATA/cell", data[i], sizes[i],
                                          1700000000000000 + i);
            }
        }
        best = smaller(best, (now_ns() - start) / ((double)count * METRICS));
    }
    ls_driver_figures figures = {0};
    ls_sparkplug_host_figures(host, &figures);
    if (figures.gaps + figures.refused + figures.duplicates > 0) {
        fprintf(stderr, "sparkplug_bench: not in order\n");
        exit(1);
    }
    ls_sparkplug_host_destroy(host);
    ls_tags_destroy(tag_table);
    free(birth);
    return best;
}

int main(void) {
    static const uint32_t sizes[SIZES] = {100, 1000, 10000, 100000};
    printf("{\n");
    bench_payload();
    printf("  \"host\": [\n");
    for (int i = 0; i < SIZES; i++) {
        double birth_ns;
        const double data_ns = bench_host(sizes[i], &birth_ns);
        printf("    {\"tags\": %u, \"data_ns\": %.1f, \"birth_ns\": %.1f}%s\n", sizes[i], data_ns,
               birth_ns, i + 1 < SIZES ? "," : "");
    }
    printf("  ],\n  \"check\": %.0f\n}\n", heard_sum);
    return 0;
}
