// stopped.c - who was stopped for whom: nobody is twice for the same need.
#include <stdlib.h>

#include "pool/scheduler_inside.h"

static int by_number(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

bool ls_stopped_room(ls_scheduler *s, uint32_t claimant, uint32_t count) {
    ls_pool_job *c = s->jobs + claimant;
    if (!ls_grow(&c->stopped, &c->stopped_room, sizeof *c->stopped, c->stopped_count + count)) {
        s->out_of_memory = true;
        return false;
    }
    return true;
}

void ls_stopped_note(ls_scheduler *s, uint32_t claimant, uint32_t count) {
    ls_pool_job *c = s->jobs + claimant;
    for (uint32_t i = 0; i < count; i++) {
        s->jobs[s->victims[i]].was_stopped = true;
        c->stopped[c->stopped_count++] = s->jobs[s->victims[i]].number;
    }
    if (c->stopped_count > 0) {
        qsort(c->stopped, c->stopped_count, sizeof *c->stopped, by_number);
    }
}

bool ls_stopped_was(const ls_scheduler *s, uint32_t victim, uint32_t claimant) {
    const ls_pool_job *c = s->jobs + claimant;
    const uint64_t number = s->jobs[victim].number;
    return s->jobs[victim].was_stopped && c->stopped_count > 0 &&
           bsearch(&number, c->stopped, c->stopped_count, sizeof *c->stopped, by_number) != NULL;
}
