// waiting_class.c - classes of jobs and their queues: found, made, made again for another class.
#include <assert.h>
#include <string.h>

#include "pool/waiting_inside.h"

enum { CLASSES_KEPT = 1024 };  // from so many on a class without jobs is used again
enum { MINUTE_US = 60000000, LENGTH_ANY = 63 };

// Jobs that may run about as long, each bucket twice as long as the one before.
static uint32_t length_of(int64_t most_us) {
    uint32_t length = 0;
    if (most_us == INT64_MAX) {
        return LENGTH_ANY;
    }
    for (int64_t us = MINUTE_US; us<most_us; us = us> INT64_MAX / 2 ? INT64_MAX : us * 2) {
        length++;
    }
    return length;
}

bool ls_waiting_shape_is(const ls_shape *a, const ls_shape *b) {
    return a->parts == b->parts && a->gpus == b->gpus && a->milli == b->milli &&
           a->cpu_milli == b->cpu_milli && a->memory_mib == b->memory_mib &&
           a->gpu_mib == b->gpu_mib && a->kinds == b->kinds && a->sites == b->sites &&
           a->within == b->within && a->must == b->must && a->spread == b->spread;
}

static uint32_t mix(uint32_t hash, uint64_t value) {
    hash = (hash ^ (uint32_t)value) * 0x9e3779b1u;
    hash = (hash ^ (uint32_t)(value >> 32)) * 0x85ebca6bu;
    return hash ^ (hash >> 15);
}

static uint32_t class_bucket(const ls_shape *s, uint32_t length) {
    uint32_t hash = mix(length, s->parts);
    hash = mix(hash, (uint64_t)s->gpus << 32 | s->milli);
    hash = mix(hash, (uint64_t)s->cpu_milli << 32 | s->memory_mib);
    hash = mix(hash, (uint64_t)s->gpu_mib << 32 | s->kinds);
    hash = mix(hash, s->sites);
    hash = mix(hash, (uint64_t)s->within << 2 | (uint64_t)s->must << 1 | (uint64_t)s->spread);
    return hash % LS_WAITING_BUCKETS;
}

static uint32_t queue_bucket(uint32_t account, uint32_t class) {
    return mix(mix(0, account), class) % LS_WAITING_QUEUES;
}

// ---- sets of classes

static bool copy_rows(uint64_t **rows, size_t count, uint32_t from, uint32_t to) {
    uint64_t *wider = ls_alloc(count * to * sizeof *wider);
    if (wider == NULL) {
        return false;
    }
    for (size_t i = 0; i < count && from > 0; i++) {
        memcpy(wider + i * to, *rows + i * from, from * sizeof *wider);
    }
    *rows = wider;
    return true;
}

// Room for twice as many classes in all sets, or in none.
static bool more_words(ls_waiting *w) {
    const uint32_t to = w->words == 0 ? 4 : w->words * 2;
    uint64_t *old[] = {w->ready, w->open, w->kinds};
    uint64_t *made[] = {w->ready, w->open, w->kinds};
    const size_t counts[] = {w->accounts, 1, (size_t)w->kind_count + 1};
    for (uint32_t i = 0; i < 3; i++) {
        if (!copy_rows(&made[i], counts[i], w->words, to)) {
            for (uint32_t k = 0; k < i; k++) {
                ls_free(made[k]);
            }
            return false;
        }
    }
    for (uint32_t i = 0; i < 3; i++) {
        ls_free(old[i]);
    }
    w->ready = made[0];
    w->open = made[1];
    w->kinds = made[2];
    w->words = to;
    return true;
}

void ls_waiting_list(ls_waiting *w, uint32_t *first, uint32_t index, bool on) {
    ls_waiting_queue *q = w->queues + index;
    if (on) {
        q->prev_ready = LS_POOL_NONE;
        q->next_ready = *first;
        if (*first != LS_POOL_NONE) {
            w->queues[*first].prev_ready = index;
        }
        *first = index;
        return;
    }
    *(q->prev_ready != LS_POOL_NONE ? &w->queues[q->prev_ready].next_ready : first) = q->next_ready;
    if (q->next_ready != LS_POOL_NONE) {
        w->queues[q->next_ready].prev_ready = q->prev_ready;
    }
}

void ls_waiting_queue_ready(ls_waiting *w, uint32_t index, bool on) {
    const ls_waiting_queue *q = w->queues + index;
    ls_waiting_list(w, w->leaves + q->account, index, on);
    ls_waiting_class *c = w->classes + q->class;
    for (uint32_t at = q->account; at != LS_POOL_NONE; at = ls_shares_parent(w->shares, at)) {
        assert(on || c->below[at] > 0);
        c->below[at] += on ? 1 : UINT32_MAX;
        w->queued[at] += on ? 1 : UINT32_MAX;
        ls_bit_set(ls_waiting_ready(w, at), q->class, c->below[at] > 0);
    }
}

// ---- queues

static void unlink_queue(ls_waiting *w, uint32_t *from, uint32_t index, size_t offset) {
    while (*from != index) {
        from = (uint32_t *)(void *)((char *)(w->queues + *from) + offset);
    }
    *from = *(uint32_t *)(void *)((char *)(w->queues + index) + offset);
}

static void drop_queue(ls_waiting *w, uint32_t index) {
    ls_waiting_queue *q = w->queues + index;
    assert(q->count == 0);
    if (q->limited_by != LS_POOL_NONE) {
        unlink_queue(w, &w->limited[q->limited_by], index,
                     offsetof(ls_waiting_queue, next_limited));
    }
    unlink_queue(w, &w->queue_hash[queue_bucket(q->account, q->class)], index,
                 offsetof(ls_waiting_queue, next_hash));
    ls_free(q->heap);
    *q = (ls_waiting_queue){.next_hash = w->queue_free};
    w->queue_free = index;
}

uint32_t ls_waiting_queue_find(const ls_waiting *w, uint32_t account, uint32_t class) {
    uint32_t i = w->queue_hash[queue_bucket(account, class)];
    while (i != LS_POOL_NONE && (w->queues[i].account != account || w->queues[i].class != class)) {
        i = w->queues[i].next_hash;
    }
    return i;
}

uint32_t ls_waiting_queue_get(ls_waiting *w, uint32_t account, uint32_t class) {
    uint32_t index = ls_waiting_queue_find(w, account, class);
    if (index != LS_POOL_NONE) {
        return index;
    }
    uint32_t *bucket = &w->queue_hash[queue_bucket(account, class)];
    index = w->queue_free;
    if (index != LS_POOL_NONE) {
        w->queue_free = w->queues[index].next_hash;
    } else if (ls_grow(&w->queues, &w->queue_room, sizeof *w->queues, w->queue_count + 1)) {
        index = w->queue_count++;
    } else {
        return LS_POOL_NONE;
    }
    w->queues[index] = (ls_waiting_queue){.account = account,
                                          .class = class,
                                          .milli = ls_shape_milli(&w->classes[class].shape),
                                          .limited_by = LS_POOL_NONE,
                                          .next_hash = *bucket,
                                          .next_of_class = w->classes[class].queues};
    *bucket = index;
    w->classes[class].queues = index;
    return index;
}

// ---- classes

// A class that nobody waits in gives its place; LS_POOL_NONE: somebody waits in each.
static uint32_t retire_class(ls_waiting *w) {
    for (uint32_t i = 0; i < w->class_count; i++) {
        ls_waiting_class *c = w->classes + i;
        if (c->jobs > 0) {
            continue;
        }
        while (c->queues != LS_POOL_NONE) {
            const uint32_t next = w->queues[c->queues].next_of_class;
            drop_queue(w, c->queues);
            c->queues = next;
        }
        uint32_t *from = &w->class_hash[class_bucket(&c->shape, c->length)];
        while (*from != i) {
            from = &w->classes[*from].next_hash;
        }
        *from = c->next_hash;
        return i;
    }
    return LS_POOL_NONE;
}

static uint32_t class_place(ls_waiting *w) {
    if (w->class_count >= CLASSES_KEPT) {
        const uint32_t index = retire_class(w);
        if (index != LS_POOL_NONE) {
            return index;
        }
    }
    if (w->class_count == w->words * 64 && !more_words(w)) {
        return LS_POOL_NONE;
    }
    if (!ls_grow(&w->classes, &w->class_room, sizeof *w->classes, w->class_count + 1)) {
        return LS_POOL_NONE;
    }
    uint32_t *below = ls_alloc(w->accounts * sizeof *below);
    if (below == NULL) {
        return LS_POOL_NONE;
    }
    w->classes[w->class_count].below = below;
    return w->class_count++;
}

uint32_t ls_waiting_class_get(ls_waiting *w, const ls_waiting_job *job) {
    const uint32_t length = length_of(job->most_us);
    const uint32_t at = class_bucket(&job->shape, length);
    for (uint32_t i = w->class_hash[at]; i != LS_POOL_NONE; i = w->classes[i].next_hash) {
        if (w->classes[i].length == length && w->classes[i].group == job->group &&
            ls_waiting_shape_is(&w->classes[i].shape, &job->shape)) {
            return i;
        }
    }
    const uint32_t index = class_place(w);
    if (index == LS_POOL_NONE) {
        return LS_POOL_NONE;
    }
    ls_waiting_class *c = w->classes + index;
    uint32_t *below = c->below;
    *c = (ls_waiting_class){.shape = job->shape,
                            .length = length,
                            .group = job->group,
                            .below = below,
                            .queues = LS_POOL_NONE,
                            .next_hash = w->class_hash[at]};
    w->class_hash[at] = index;
    ls_bit_set(w->open, index, true);
    for (uint32_t k = 0; k < w->kind_count; k++) {
        ls_bit_set(w->kinds + (size_t)k * w->words, index, ((job->shape.kinds >> k) & 1) != 0);
    }
    return index;
}
