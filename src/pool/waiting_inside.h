// waiting_inside.h - what waiting*.c share. Private to them.
#pragma once

#include "pool/grow.h"
#include "pool/waiting.h"

enum { LS_WAITING_BUCKETS = 1024, LS_WAITING_QUEUES = 32768 };

typedef struct ls_waiting_slot {
    uint32_t queue, at;  // at: place in the queue's heap; queue LS_POOL_NONE: does not wait
    int32_t priority;
    int64_t deadline_us;  // INT64_MAX: none
    int64_t submitted_us;
    uint64_t number;
    bool aside;   // heads pass over it
    bool passed;  // it has no turn
} ls_waiting_slot;

typedef struct ls_waiting_queue {
    uint32_t account, class;
    uint32_t *heap;  // slots, the first at [0]
    uint32_t count, room;
    uint32_t aside;         // of them that heads pass over
    uint64_t milli;         // of GPUs that each of them asks for
    uint32_t limited_by;    // account whose limit stops it; LS_POOL_NONE: none
    uint32_t next_limited;  // of the same account
    uint32_t next_hash, next_of_class;
    uint32_t next_ready, prev_ready;  // of the leaf, while jobs wait that no limit stops
} ls_waiting_queue;

typedef struct ls_waiting_class {
    ls_shape shape;
    uint32_t length;  // bucket of most_us
    uint32_t group;
    uint32_t *below;  // by account: queues below it with jobs that no limit stops
    uint64_t jobs;
    uint32_t queues, next_hash;  // queues: the first of them
} ls_waiting_class;

struct ls_waiting {
    const ls_shares *shares;
    uint32_t accounts, kind_count;
    ls_waiting_slot *slots;
    uint32_t slot_room;
    ls_waiting_class *classes;
    uint32_t class_count, class_room, words;
    ls_waiting_queue *queues;
    uint32_t queue_count, queue_room, queue_free;
    uint64_t *ready;   // by account: bits of classes with queues below it that no limit stops
    uint64_t *open;    // bits of classes
    uint64_t *kinds;   // by kind: bits of classes that it will do for
    uint32_t *queued;  // by account: queues below it with jobs that no limit stops
    uint32_t *leaves;  // by account: its first queue with jobs that no limit stops
    uint32_t
        *stopped;  // by account: its first queue with jobs that the limit of one above it stops
    uint32_t *limited;  // by account: first queue that its limit stops
    uint32_t class_hash[LS_WAITING_BUCKETS], queue_hash[LS_WAITING_QUEUES];
    uint64_t count, passed;
};

static inline uint64_t *ls_waiting_ready(const ls_waiting *w, uint32_t account) {
    return w->ready + (size_t)account * w->words;
}

static inline bool ls_bit(const uint64_t *words, uint32_t at) {
    return ((words[at >> 6] >> (at & 63)) & 1) != 0;
}

static inline void ls_bit_set(uint64_t *words, uint32_t at, bool on) {
    const uint64_t mask = (uint64_t)1 << (at & 63);
    words[at >> 6] = on ? words[at >> 6] | mask : words[at >> 6] & ~mask;
}

// The class of a job, made when there is none; LS_POOL_NONE: out of memory.
uint32_t ls_waiting_class_get(ls_waiting *w, const ls_waiting_job *job);
// The queue of a class in a leaf; LS_POOL_NONE: there is none.
uint32_t ls_waiting_queue_find(const ls_waiting *w, uint32_t account, uint32_t class);
// The queue of a class in a leaf, made when there is none; LS_POOL_NONE: out of memory.
uint32_t ls_waiting_queue_get(ls_waiting *w, uint32_t account, uint32_t class);
// Into a list of queues, or out of it.
void ls_waiting_list(ls_waiting *w, uint32_t *first, uint32_t index, bool on);
// The queue begins or ceases to count as ready, in its account and all above.
void ls_waiting_queue_ready(ls_waiting *w, uint32_t queue, bool on);
