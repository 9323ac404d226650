// recording.h - an emulated line's signals, cut into messages: what bench/line plays, again and
// again.
//
// A message is what one device says at one instant, as an edge node would publish it.
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "line/emulate.h"
#include "line/sparkplug_edge.h"
#include "loop/intake.h"

typedef struct bench_message {
    uint32_t first, count;  // of the samples
} bench_message;

typedef struct recording {
    ls_plant *plant;
    ls_emulate *line;
    ls_sample *samples;  // `tag` is the signal of the line
    bench_message *messages;
    size_t sample_count, sample_capacity, message_count, message_capacity, message_max;
    ls_sample *birth;  // one of each signal
    uint32_t signal_count;
    int64_t span_us;  // of the line's time
    ls_arena texts;
} recording;

// Ends the program with a sentence when anything fails.
void recording_make(const char *plant_file, size_t messages, recording *out);
// Like recording_make for a plant of `copies` lines side by side (plants.py), each of which says
// what the one of `plant_file` says, at the same instants. For plants too large to be emulated
// here.
void recording_make_copies(const char *plant_file, const char *large_file, uint32_t copies,
                           size_t messages, recording *out);
void recording_clear(recording *r);

// The service's way in: history (folder NULL: none), tags, plant, intake.
typedef struct bench_service {
    ls_intake intake;
    ls_sink sink;
    ls_tags *tags;
} bench_service;
void bench_service_open(const char *plant_file, const char *folder, bench_service *out);
void bench_service_close(bench_service *service);

// Metrics of an edge node that says what the recording has, with their values at the birth.
ls_sparkplug_edge *recording_edge(const recording *r, ls_sparkplug_publish *publish, void *context);

_Noreturn void bench_fail(const char *what, const ls_error *err);
int64_t bench_now_ns(void);     // monotonic, the same for all processes
double bench_cpu_s(void);       // of this process, all threads
double bench_memory_mib(void);  // the most that was resident
void bench_wait_until_ns(int64_t due_ns);
// "NAME": {"p50_us": ..., "p99_us": ..., "p999_us": ..., "max_us": ...}; sorts.
void bench_print_times(const char *name, int64_t *ns, size_t count);
