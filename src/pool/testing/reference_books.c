// reference_books.c - accounts, classes, and whose turn it is; see reference_scheduler.h.
#include <assert.h>
#include <string.h>

#include "pool/testing/reference_inside.h"

#define MINUTE_US INT64_C(60000000)

uint32_t ref_parent(const ls_reference_scheduler *s, uint32_t account) {
    return account == 0 ? LS_POOL_NONE : s->def.terms[account].parent;
}

bool ref_is_leaf(const ls_reference_scheduler *s, uint32_t account) {
    for (uint32_t i = 1; i < s->def.account_count; i++) {
        if (s->def.terms[i].parent == account) {
            return false;
        }
    }
    return true;
}

bool ref_is_below(const ls_reference_scheduler *s, uint32_t account, uint32_t above) {
    while (account != LS_POOL_NONE && account != above) {
        account = ref_parent(s, account);
    }
    return account == above;
}

static void add(ls_reference_scheduler *s, uint32_t account, uint32_t kind, uint64_t milli) {
    for (; account != LS_POOL_NONE && milli > 0; account = ref_parent(s, account)) {
        s->accounts[account].held[kind] += milli;
    }
}

void ref_count(ls_reference_scheduler *s, uint32_t without) {
    for (uint32_t i = 0; i < s->def.account_count; i++) {
        memset(s->accounts[i].held, 0, sizeof s->accounts[i].held);
        s->accounts[i].spots = 0;
    }
    for (uint32_t i = 0; i < s->job_count; i++) {
        const ref_job *j = s->jobs + i;
        const uint64_t milli = ls_shape_milli(&j->request.shape);
        if (j->request.spot) {
            for (uint32_t up = j->request.account; j->shares != NULL && up != LS_POOL_NONE;
                 up = ref_parent(s, up)) {
                s->accounts[up].spots += milli;
            }
        } else if (j->state == LS_POOL_JOB_RUNNING && !j->noted) {
            add(s, j->request.account, j->kind, milli);
        } else if (j->state == LS_POOL_JOB_WAITING && j->kept.place != LS_POOL_NONE &&
                   j->kept.claims && i != without) {
            add(s, j->request.account, j->kept.kind, milli);
        }
    }
}

uint64_t ref_borrowed(const ls_reference_scheduler *s, uint32_t account, uint32_t kind,
                      uint64_t more) {
    const uint32_t kinds = s->cluster->kind_count;
    const uint64_t *guarantee = s->def.terms[account].guarantee;
    uint64_t uncovered = 0;
    if (account == 0) {
        return 0;  // the pool itself
    }
    for (uint32_t k = 0; k < kinds; k++) {
        const uint64_t held = s->accounts[account].held[k] + (k == kind ? more : 0);
        uncovered += held > guarantee[k] ? held - guarantee[k] : 0;
    }
    return uncovered > guarantee[kinds] ? uncovered - guarantee[kinds] : 0;
}

static double rank(const ls_reference_scheduler *s, uint32_t account, uint32_t wanted) {
    const uint32_t kinds = s->cluster->kind_count;
    const ls_share_terms *terms = s->def.terms + account;
    uint64_t guaranteed = terms->guarantee[kinds];
    uint64_t held = 0;
    uint64_t uncovered = 0;
    bool room = false;
    for (uint32_t k = 0; k < kinds; k++) {
        const uint64_t here = s->accounts[account].held[k];
        const uint64_t promised = terms->guarantee[k];
        held += here;
        guaranteed += promised;
        uncovered += here > promised ? here - promised : 0;
        room |= ((wanted >> k) & 1) != 0 && here < promised;
    }
    room |= uncovered < terms->guarantee[kinds] && wanted != 0;
    const uint64_t borrowed = ref_borrowed(s, account, 0, 0);
    if (room) {
        return (double)(held - borrowed) / (double)guaranteed;
    }
    return 1.0 + (double)borrowed / (terms->weight * LS_POOL_WHOLE);
}

static uint32_t limited(const ls_reference_scheduler *s, uint32_t account, uint32_t kind,
                        uint64_t more, bool later) {
    const uint32_t kinds = s->cluster->kind_count;
    for (; more > 0 && account != LS_POOL_NONE && account != 0; account = ref_parent(s, account)) {
        const uint64_t *limit = s->def.terms[account].limit;
        const uint64_t *held = s->accounts[account].held;
        uint64_t all = more, here = more + held[kind];
        for (uint32_t k = 0; k < kinds; k++) {
            all += held[k];
        }
        for (uint32_t i = 0; i < s->job_count && !later; i++) {  // those on their way out
            const ref_job *j = s->jobs + i;
            const bool spot = j->state == LS_POOL_JOB_RUNNING && j->request.spot && !j->noted;
            if ((j->state == LS_POOL_JOB_STOPPING || spot) &&
                ref_is_below(s, j->request.account, account)) {
                all += ls_shape_milli(&j->request.shape);
                here += j->kind == kind ? ls_shape_milli(&j->request.shape) : 0;
            }
        }
        if (here > limit[kind] || all > limit[kinds]) {
            return account;
        }
    }
    return LS_POOL_NONE;
}

uint32_t ref_limited(const ls_reference_scheduler *s, uint32_t account, uint32_t kind,
                     uint64_t more) {
    return limited(s, account, kind, more, false);
}

uint32_t ref_limited_later(const ls_reference_scheduler *s, uint32_t account, uint32_t kind,
                           uint64_t more) {
    return limited(s, account, kind, more, true);
}

// ---- classes and queues

static uint32_t bucket_of(int64_t most_us) {
    if (most_us == INT64_MAX) {
        return UINT32_MAX;
    }
    uint32_t bucket = 0;
    for (int64_t up_to_us = MINUTE_US; most_us > up_to_us; bucket++) {
        up_to_us = up_to_us > INT64_MAX / 2 ? INT64_MAX : up_to_us * 2;
    }
    return bucket;
}

bool ref_is_same_shape(const ls_shape *a, const ls_shape *b) {
    return a->parts == b->parts && a->gpus == b->gpus && a->milli == b->milli &&
           a->cpu_milli == b->cpu_milli && a->memory_mib == b->memory_mib &&
           a->gpu_mib == b->gpu_mib && a->kinds == b->kinds && a->sites == b->sites &&
           a->within == b->within && a->must == b->must && a->spread == b->spread;
}

static uint32_t find_class(ls_reference_scheduler *s, const ls_pool_request *request) {
    const uint32_t bucket = bucket_of(request->most_us);
    for (uint32_t i = 0; i < s->class_count; i++) {
        if (s->classes[i].bucket == bucket && s->classes[i].spot == request->spot &&
            s->classes[i].group == ref_group(s, request->account) &&
            ref_is_same_shape(&s->classes[i].shape, &request->shape)) {
            return i;
        }
    }
    s->classes = ls_realloc(s->classes, (s->class_count + 1) * sizeof *s->classes);
    assert(s->classes != NULL);
    s->classes[s->class_count] = (ref_class){.shape = request->shape,
                                             .bucket = bucket,
                                             .group = ref_group(s, request->account),
                                             .spot = request->spot};
    return s->class_count++;
}

uint32_t ref_find_queue(ls_reference_scheduler *s, const ls_pool_request *request) {
    const uint32_t klass = find_class(s, request);
    for (uint32_t i = 0; i < s->queue_count; i++) {
        if (s->queues[i].klass == klass && s->queues[i].leaf == request->account) {
            return i;
        }
    }
    s->queues = ls_realloc(s->queues, (s->queue_count + 1) * sizeof *s->queues);
    assert(s->queues != NULL);
    s->queues[s->queue_count] = (ref_queue){
        .klass = klass, .leaf = request->account, .stopped_by = REF_READY};
    return s->queue_count++;
}

bool ref_is_ready(const ls_reference_scheduler *s, uint32_t job) {
    const ref_job *j = s->jobs + job;
    return j->state == LS_POOL_JOB_WAITING && s->queues[j->queue].stopped_by == REF_READY;
}

bool ref_is_open(const ls_reference_scheduler *s, uint32_t job) {
    return !s->classes[s->queues[s->jobs[job].queue].klass].closed;
}

void ref_open_all(ls_reference_scheduler *s) {
    for (uint32_t i = 0; i < s->class_count; i++) {
        s->classes[i].closed = false;
    }
}

void ref_fell(ls_reference_scheduler *s, uint32_t account) {
    for (uint32_t i = 0; i < s->queue_count; i++) {
        ref_queue *q = s->queues + i;
        if (q->stopped_by != REF_READY && ref_is_below(s, account, q->stopped_by)) {
            q->stopped_by = REF_READY;
        }
    }
}

// ---- turns

bool ref_goes_before(const ls_reference_scheduler *s, uint32_t a, uint32_t b) {
    const ref_job *ja = s->jobs + a;
    const ref_job *jb = s->jobs + b;
    if (ja->request.priority != jb->request.priority) {
        return ja->request.priority > jb->request.priority;
    }
    const int64_t due_a = ja->request.deadline_us != 0 ? ja->request.deadline_us : INT64_MAX;
    const int64_t due_b = jb->request.deadline_us != 0 ? jb->request.deadline_us : INT64_MAX;
    if (due_a != due_b) {
        return due_a < due_b;
    }
    return ja->submitted_us != jb->submitted_us ? ja->submitted_us < jb->submitted_us
                                                : ja->number < jb->number;
}

bool ref_spots_run(const ls_reference_scheduler *s) {
    bool some = false;
    for (uint32_t i = 0; i < s->job_count; i++) {
        some |= s->jobs[i].state == LS_POOL_JOB_RUNNING && s->jobs[i].request.spot;
    }
    return some;
}

uint32_t ref_turn(ls_reference_scheduler *s, uint32_t account, bool all_classes, bool spot) {
    ref_count(s, LS_POOL_NONE);
    while (!ref_is_leaf(s, account)) {
        uint32_t best = LS_POOL_NONE;
        double least = 0;
        for (uint32_t child = 1; child < s->def.account_count; child++) {
            uint32_t kinds = 0;
            bool some = false;
            for (uint32_t i = 0; i < s->job_count && ref_parent(s, child) == account; i++) {
                if (ref_is_ready(s, i) && s->jobs[i].request.spot == spot &&
                    (all_classes || ref_is_open(s, i)) &&
                    ref_is_below(s, s->jobs[i].request.account, child)) {
                    some |= all_classes || !s->jobs[i].passed;
                    kinds |= s->jobs[i].request.shape.kinds;
                }
            }
            const double here = spot ? 1.0 + (double)s->accounts[child].spots /
                                                 (s->def.terms[child].weight * LS_POOL_WHOLE)
                                     : rank(s, child, kinds);
            if (some && (best == LS_POOL_NONE || here < least)) {
                best = child;
                least = here;
            }
        }
        if (best == LS_POOL_NONE) {
            return LS_POOL_NONE;
        }
        account = best;
    }
    uint32_t first = LS_POOL_NONE;
    for (uint32_t i = 0; i < s->job_count; i++) {
        if (s->jobs[i].request.account == account && ref_is_ready(s, i) &&
            s->jobs[i].request.spot == spot && (all_classes || !s->jobs[i].passed) &&
            (all_classes || ref_is_open(s, i)) &&
            (first == LS_POOL_NONE || ref_goes_before(s, i, first))) {
            first = i;
        }
    }
    return first;
}
