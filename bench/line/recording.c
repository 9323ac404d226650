// recording.c - see recording.h.
#include "recording.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "import/plant_file.h"

// ---- small things

_Noreturn void bench_fail(const char *what, const ls_error *err) {
    fprintf(stderr, "%s: %s\n", what, err != NULL ? err->text : "failed");
    exit(4);
}

int64_t bench_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double bench_cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double bench_memory_mib(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)used.ru_maxrss / 1024.0;
}

void bench_wait_until_ns(int64_t due_ns) {
    const struct timespec due = {.tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0) {
    }
}

static int by_size(const void *a, const void *b) {
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

void bench_print_times(const char *name, int64_t *ns, size_t count) {
    qsort(ns, count, sizeof *ns, by_size);
    printf("\"%s\": {\"p50_us\": %.2f, \"p99_us\": %.2f, \"p999_us\": %.2f, \"max_us\": %.2f}",
           name, (double)ns[count / 2] * 1e-3, (double)ns[count * 99 / 100] * 1e-3,
           (double)ns[count * 999 / 1000] * 1e-3, (double)ns[count - 1] * 1e-3);
}

// ---- the line

static void *grow(void *items, size_t *capacity, size_t size) {
    *capacity = *capacity == 0 ? 4096 : *capacity * 2;
    void *grown = realloc(items, *capacity * size);
    if (grown == NULL) {
        bench_fail("recording", NULL);
    }
    return grown;
}

static ls_sample own(recording *r, uint32_t signal, const ls_sample *value) {
    ls_sample sample = *value;
    sample.tag = signal;
    if (sample.kind == LS_VALUE_TEXT) {
        sample.value.text = ls_arena_text(&r->texts, value->value.text, value->size);
    }
    return sample;
}

static bool goes_on(const recording *r, uint32_t signal, const ls_sample *value) {
    if (r->message_count == 0) {
        return false;
    }
    const ls_sample *last = r->samples + r->sample_count - 1;
    return last->time_us == value->time_us && ls_emulate_signal_get(r->line, last->tag)->device ==
                                                  ls_emulate_signal_get(r->line, signal)->device;
}

static void on_told(void *context, uint32_t signal, const ls_sample *value) {
    recording *r = context;
    if (r->line == NULL || r->birth == NULL) {
        return;  // what stands at the beginning is the birth's
    }
    if (!goes_on(r, signal, value)) {
        if (r->message_count == r->message_max) {
            return;
        }
        if (r->message_count == r->message_capacity) {
            r->messages = grow(r->messages, &r->message_capacity, sizeof *r->messages);
        }
        r->messages[r->message_count++] = (bench_message){.first = (uint32_t)r->sample_count};
    }
    if (r->sample_count == r->sample_capacity) {
        r->samples = grow(r->samples, &r->sample_capacity, sizeof *r->samples);
    }
    r->samples[r->sample_count++] = own(r, signal, value);
    r->messages[r->message_count - 1].count++;
}

static void read_plant(const char *file, ls_plant **out) {
    ls_errors errors;
    ls_errors_init(&errors);
    if (ls_plant_file_read(file, out, &errors) != LS_OK) {
        bench_fail(file, errors.items);
    }
    ls_errors_clear(&errors);
}

void recording_make(const char *plant_file, size_t messages, recording *out) {
    ls_error err = {0};
    *out = (recording){.message_max = messages};
    ls_arena_init(&out->texts);
    read_plant(plant_file, &out->plant);
    ls_emulate_def def = ls_emulate_def_default();
    def.seed = 1;
    def.from_us = 4 * 3600 * INT64_C(1000000);  // the line is full
    def.told = on_told;
    def.context = out;
    if (ls_emulate_create(out->plant, &def, &out->line, &err) != LS_OK) {
        bench_fail("emulate", &err);
    }
    out->signal_count = ls_emulate_signal_count(out->line);
    ls_sample *birth = malloc(out->signal_count * sizeof *birth);
    for (uint32_t i = 0; i < out->signal_count; i++) {
        birth[i] = own(out, i, ls_emulate_value(out->line, i));
    }
    out->birth = birth;
    ls_emulate_tell_lots(out->line);
    const int64_t began = ls_emulate_now(out->line);
    while (out->message_count < messages) {
        if (ls_emulate_run(out->line, ls_emulate_now(out->line) + 1000000, &err) != LS_OK) {
            bench_fail("emulate", &err);
        }
    }
    out->span_us = ls_emulate_now(out->line) - began;
}

// ---- many lines

typedef struct copy_of {
    const recording *one;
    recording *all;
    uint32_t queues, line;              // where these begin: of the one
    uint32_t large_queues, large_line;  // and of all
    uint32_t number;
} copy_of;

static uint32_t copied_signal(const copy_of *c, uint32_t signal) {
    if (signal < c->queues) {
        return signal + c->number * c->queues;
    }
    if (signal < c->line) {
        return c->large_queues + c->number * (c->line - c->queues) + signal - c->queues;
    }
    return c->large_line + signal - c->line;
}

// Station `s3` becomes `s13`, product and class `p0` become `p1`, lot `p0-17` becomes `p1-17`.
static const char *copied_text(const copy_of *c, const ls_sample *sample, uint32_t *out_size) {
    char text[512];
    size_t size = 0;
    const char *at = sample->value.text, *end = at + sample->size;
    bool fresh = true;  // at the beginning of a word
    while (at < end && size + 16 < sizeof text) {
        const char letter = *at;
        if (fresh && (letter == 's' || letter == 'p') && at + 1 < end && at[1] >= '0' &&
            at[1] <= '9') {
            char *rest;
            const unsigned long number = strtoul(at + 1, &rest, 10);
            const unsigned long more = letter == 's' ? c->number * (c->line - c->queues)
                                                     : c->number;
            size += (size_t)snprintf(text + size, sizeof text - size, "%c%lu", letter,
                                     number + more);
            at = rest;
            fresh = false;
        } else {
            fresh = letter == ' ' || letter == '=';
            text[size++] = letter;
            at++;
        }
    }
    *out_size = (uint32_t)size;
    return ls_arena_text(&c->all->texts, text, size);
}

static ls_sample copied(const copy_of *c, const ls_sample *sample) {
    ls_sample copy = *sample;
    copy.tag = copied_signal(c, sample->tag);
    if (sample->kind == LS_VALUE_TEXT) {
        copy.value.text = copied_text(c, sample, &copy.size);
    }
    return copy;
}

static void copy_message(const copy_of *c, const bench_message *m) {
    recording *all = c->all;
    if (all->message_count == all->message_capacity) {
        all->messages = grow(all->messages, &all->message_capacity, sizeof *all->messages);
    }
    all->messages[all->message_count++] = (bench_message){.first = (uint32_t)all->sample_count,
                                                          .count = m->count};
    for (uint32_t k = 0; k < m->count; k++) {
        if (all->sample_count == all->sample_capacity) {
            all->samples = grow(all->samples, &all->sample_capacity, sizeof *all->samples);
        }
        all->samples[all->sample_count++] = copied(c, c->one->samples + m->first + k);
    }
}

static void make_silent(const char *plant_file, recording *out) {
    ls_error err = {0};
    *out = (recording){0};
    ls_arena_init(&out->texts);
    read_plant(plant_file, &out->plant);
    const ls_emulate_def def = ls_emulate_def_default();
    if (ls_emulate_create(out->plant, &def, &out->line, &err) != LS_OK) {
        bench_fail("emulate", &err);
    }
    out->signal_count = ls_emulate_signal_count(out->line);
    out->birth = calloc(out->signal_count, sizeof *out->birth);
    for (uint32_t i = 0; i < out->signal_count; i++) {
        out->birth[i] = own(out, i, ls_emulate_value(out->line, i));
    }
}

void recording_make_copies(const char *plant_file, const char *large_file, uint32_t copies,
                           size_t messages, recording *out) {
    recording one;
    recording_make(plant_file, messages / copies + 1, &one);
    make_silent(large_file, out);
    copy_of c = {.one = &one,
                 .all = out,
                 .queues = ls_emulate_find(one.line, "queues", "s0"),
                 .line = ls_emulate_find(one.line, "line", "Released"),
                 .large_queues = ls_emulate_find(out->line, "queues", "s0"),
                 .large_line = ls_emulate_find(out->line, "line", "Released")};
    for (; c.number < copies; c.number++) {
        for (uint32_t i = 0; i < one.signal_count; i++) {
            out->birth[copied_signal(&c, i)] = copied(&c, one.birth + i);
        }
    }
    for (size_t i = 0; i < one.message_count; i++) {
        for (c.number = 0; c.number < copies; c.number++) {
            copy_message(&c, one.messages + i);
        }
    }
    out->span_us = one.span_us;
    recording_clear(&one);
}

void recording_clear(recording *r) {
    free(r->samples);
    free(r->messages);
    free(r->birth);
    ls_emulate_destroy(r->line);
    ls_plant_destroy(r->plant);
    ls_arena_clear(&r->texts);
}

ls_sparkplug_edge *recording_edge(const recording *r, ls_sparkplug_publish *publish,
                                  void *context) {
    static const ls_sparkplug_type types[LS_VALUE_KIND_COUNT] = {
        [LS_VALUE_BOOL] = LS_SPARKPLUG_BOOLEAN, [LS_VALUE_INT] = LS_SPARKPLUG_INT64,
        [LS_VALUE_UINT] = LS_SPARKPLUG_UINT64,  [LS_VALUE_REAL] = LS_SPARKPLUG_DOUBLE,
        [LS_VALUE_FLOAT] = LS_SPARKPLUG_FLOAT,  [LS_VALUE_TEXT] = LS_SPARKPLUG_STRING,
        [LS_VALUE_BYTES] = LS_SPARKPLUG_BYTES};
    ls_sparkplug_edge_def def = ls_sparkplug_edge_def_default();
    ls_sparkplug_edge *edge = NULL;
    ls_error err = {0};
    def.group = ls_emulate_group(r->line);
    def.node = ls_emulate_node(r->line);
    def.publish = publish;
    def.context = context;
    def.keep_max = 0;  // what is set before the birth belongs to it, and is not said again
    ls_status status = ls_sparkplug_edge_create(&def, &edge, &err);
    for (uint32_t i = 0; status == LS_OK && i < r->signal_count; i++) {
        const ls_emulate_signal *s = ls_emulate_signal_get(r->line, i);
        uint32_t metric;
        status = ls_sparkplug_edge_metric(edge, s->device, s->name, types[s->kind], s->unit,
                                          s->writable, &metric, &err);
        if (status == LS_OK) {
            ls_sparkplug_edge_set(edge, metric, r->birth + i);
        }
    }
    if (status != LS_OK) {
        bench_fail("edge node", &err);
    }
    ls_sparkplug_edge_flush(edge, 0);
    return edge;
}

// ---- the service's way in

void bench_service_open(const char *plant_file, const char *folder, bench_service *out) {
    ls_error err = {0};
    ls_plant *plant = NULL;
    read_plant(plant_file, &plant);
    *out = (bench_service){0};
    ls_status status = ls_intake_init(&out->intake, &err);
    status = status == LS_OK ? ls_tags_create(&out->tags, &err) : status;
    if (status == LS_OK && folder != NULL) {
        ls_history_def def = ls_history_def_default();
        def.store = folder;
        status = ls_history_open(&def, out->tags, &out->intake.history, &err);
    }
    status = status == LS_OK ? ls_running_make(plant, out->tags, &out->intake.running, &err)
                             : status;
    if (status != LS_OK) {
        bench_fail("service", &err);
    }
    out->intake.tags = out->tags;
    out->sink = ls_intake_sink(&out->intake);
}

void bench_service_close(bench_service *service) {
    ls_error err = {0};
    if (ls_history_close(service->intake.history, &err) != LS_OK) {
        bench_fail("history", &err);
    }
    ls_intake_clear(&service->intake);
    ls_tags_destroy(service->tags);
}
