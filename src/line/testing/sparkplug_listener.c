// sparkplug_listener.c - see sparkplug_listener.h.
#include "line/testing/sparkplug_listener.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what) {
    fprintf(stderr, "test: %s\n", what);
    exit(2);
}

static void *copy(const void *bytes, size_t size) {
    void *out = malloc(size + 1);
    if (out == NULL) {
        fail("out of memory");
        return NULL;
    }
    if (size > 0) {
        memcpy(out, bytes, size);
    }
    ((char *)out)[size] = '\0';
    return out;
}

static bool is_text(const ls_sample *s) {
    return s->kind == LS_VALUE_TEXT || s->kind == LS_VALUE_BYTES;
}

static bool heard(void *context, const ls_sample *samples, size_t count) {
    listener *l = context;
    l->total += count;
    for (size_t i = 0; i < count && !l->silent; i++) {
        if (l->count == l->capacity) {
            l->capacity = l->capacity == 0 ? 256 : 2 * l->capacity;
            l->samples = realloc(l->samples, l->capacity * sizeof *l->samples);
            if (l->samples == NULL) {
                fail("out of memory");
            }
        }
        l->samples[l->count] = samples[i];
        if (is_text(&samples[i])) {
            l->samples[l->count].value.text = copy(samples[i].value.text, samples[i].size);
        }
        l->count++;
    }
    return true;
}

static void noticed(void *context, const ls_notice *notice) {
    listener *l = context;
    l->notices[notice->kind]++;
    l->time_us[notice->kind] = notice->time_us;
    l->noticed[notice->kind] += notice->count;
    snprintf(l->text[notice->kind], sizeof l->text[0], "%s: %s", notice->subject, notice->text);
    if (notice->kind == LS_NOTICE_SKEW) {
        l->amount_us = notice->amount_us;
    }
}

void listener_init(listener *l) {
    memset(l, 0, sizeof *l);
    if (ls_tags_create(&l->tags, NULL) != LS_OK) {
        fail("no tags");
    }
    l->sink = (ls_sink){.context = l, .tags = l->tags, .heard = heard, .noticed = noticed};
}

void listener_forget(listener *l) {
    for (uint32_t i = 0; i < l->count; i++) {
        if (is_text(&l->samples[i])) {
            free((void *)(uintptr_t)l->samples[i].value.text);
        }
    }
    l->count = 0;
    memset(l->notices, 0, sizeof l->notices);
    memset(l->noticed, 0, sizeof l->noticed);
    memset(l->text, 0, sizeof l->text);
}

void listener_clear(listener *l) {
    listener_forget(l);
    free(l->samples);
    ls_tags_destroy(l->tags);
}

const ls_sample *listener_last(const listener *l, const char *name) {
    const uint32_t tag = ls_tags_find(l->tags, name, strlen(name));
    for (uint32_t i = l->count; i > 0 && tag != LS_TAG_NONE; i--) {
        if (l->samples[i - 1].tag == tag) {
            return &l->samples[i - 1];
        }
    }
    return NULL;
}

bool post_publish(void *context, const char *topic, const void *bytes, size_t size, int qos,
                  bool retain) {
    post *p = context;
    if (p->closed) {
        return false;
    }
    if (p->count == p->capacity) {
        p->capacity = p->capacity == 0 ? 64 : 2 * p->capacity;
        p->items = realloc(p->items, p->capacity * sizeof *p->items);
        if (p->items == NULL) {
            fail("out of memory");
        }
    }
    p->items[p->count++] = (message){.topic = copy(topic, strlen(topic)),
                                     .bytes = copy(bytes, size),
                                     .size = size,
                                     .qos = qos,
                                     .retain = retain};
    return true;
}

message post_take(post *p, uint32_t index) {
    const message m = p->items[index];
    memmove(p->items + index, p->items + index + 1, (p->count - index - 1) * sizeof *p->items);
    p->count--;
    return m;
}

void message_clear(message *m) {
    free(m->topic);
    free(m->bytes);
    *m = (message){0};
}

void post_clear(post *p) {
    for (uint32_t i = 0; i < p->count; i++) {
        message_clear(&p->items[i]);
    }
    free(p->items);
    *p = (post){0};
}

void speak_begin(spoken *s, uint64_t time_ms) {
    ls_sparkplug_begin(&s->w, s->bytes, sizeof s->bytes, time_ms);
}

void speak_bd_seq(spoken *s, uint64_t bd_seq) {
    const ls_sparkplug_metric m = {.name = {"bdSeq", 5},
                                   .has_type = true,
                                   .type = LS_SPARKPLUG_INT64,
                                   .field = LS_SPARKPLUG_LONG_VALUE,
                                   .bits = bd_seq};
    ls_sparkplug_add(&s->w, &m);
}

static void speak(spoken *s, const char *name, uint64_t alias, const ls_sample *value,
                  ls_sparkplug_type type, bool with_type) {
    ls_sparkplug_metric m = {.has_alias = alias != 0, .alias = alias};
    if (name != NULL) {
        m.name = (ls_sparkplug_span){name, strlen(name)};
    }
    if (ls_sparkplug_encode(value, type, &m) != NULL) {
        fail("a value that does not fit");
    }
    m.has_type = with_type;
    ls_sparkplug_add(&s->w, &m);
}

void speak_real(spoken *s, const char *name, uint64_t alias, double value, bool with_type) {
    const ls_sample sample = {.kind = LS_VALUE_REAL, .value.real = value};
    speak(s, name, alias, &sample, LS_SPARKPLUG_DOUBLE, with_type);
}

void speak_text(spoken *s, const char *name, uint64_t alias, const char *value, bool with_type) {
    const ls_sample sample = {
        .kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(value), .value.text = value};
    speak(s, name, alias, &sample, LS_SPARKPLUG_STRING, with_type);
}

size_t speak_end(spoken *s, int seq) {
    if (seq >= 0) {
        ls_sparkplug_add_seq(&s->w, (uint64_t)seq);
    }
    if (s->w.failed) {
        fail("a message that is too long");
    }
    return ls_sparkplug_size(&s->w);
}
