// service_why.c - why a job waits, and what for.
#include <stdio.h>
#include <string.h>

#include "exec/service_inside.h"

static double gpus(uint64_t milli) {
    return (double)milli / LS_POOL_WHOLE;
}

// GPUs that are free and of the kinds that would do.
static uint64_t free_milli(const ls_exec *e, uint32_t kinds) {
    const ls_occupancy *o = ls_scheduler_occupancy(e->scheduler);
    const ls_cluster *c = &e->def.pool->cluster;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < c->node_count; i++) {
        if (ls_occupancy_state(o, i) == LS_NODE_UP && c->nodes[i].kind != LS_POOL_NONE &&
            ((kinds >> c->nodes[i].kind) & 1) != 0) {
            sum += ls_occupancy_node(o, i).milli;
        }
    }
    return sum;
}

// The account whose limit keeps it from every kind; LS_POOL_NONE: there is a kind it may have.
static uint32_t limited_by(const ls_exec *e, uint32_t account, uint32_t kinds, uint64_t milli) {
    const ls_shares *shares = ls_scheduler_shares(e->scheduler);
    uint32_t by = LS_POOL_NONE;
    for (uint32_t k = 0; k < e->def.pool->cluster.kind_count; k++) {
        if (((kinds >> k) & 1) != 0) {
            by = ls_shares_limited(shares, account, k, milli);
            if (by == LS_POOL_NONE) {
                return LS_POOL_NONE;
            }
        }
    }
    return by;
}

// How many of its account go before it, and who is the first of all.
static uint64_t count_ahead(const ls_exec *e, const ls_entry *j) {
    const int32_t own = ls_scheduler_request(e->scheduler, j->slot)->priority;
    uint64_t ahead = 0;
    for (uint32_t i = 0; i < e->entry_count; i++) {
        const ls_entry *other = e->entries[i];
        if (other != NULL && other != j && other->state == LS_EXEC_WAITING &&
            other->account == j->account) {
            const int32_t theirs = ls_scheduler_request(e->scheduler, other->slot)->priority;
            ahead += theirs > own || (theirs == own && other->id < j->id);
        }
    }
    return ahead;
}

// One that gives back what this one's account is promised.
static uint64_t gives_back(const ls_exec *e, uint64_t id) {
    for (uint32_t i = 0; i < e->entry_count; i++) {
        const ls_entry *other = e->entries[i];
        if (other != NULL && other->state == LS_EXEC_STOPPING && other->for_job == id) {
            return other->id;
        }
    }
    return 0;
}

static void say_waiting(const ls_exec *e, const ls_entry *j, ls_exec_answer *a, ls_buffer *text) {
    const ls_pool_request *r = ls_scheduler_request(e->scheduler, j->slot);
    const bool slots = e->def.pool->cluster.kind_count > 0 && e->def.pool->kinds[0].is_slots;
    const char *unit = slots ? "CPU slots" : "GPUs";
    a->needs_milli = ls_shape_milli(&r->shape);
    a->free_milli = free_milli(e, r->shape.kinds);
    a->ahead = count_ahead(e, j);
    a->promised_us = ls_scheduler_promise(e->scheduler, j->slot);
    const uint32_t by = limited_by(e, j->account, r->shape.kinds, a->needs_milli);
    a->job = gives_back(e, j->id);
    if (a->job != 0) {
        a->reason = LS_REASON_RECLAIM;
        ls_buffer_printf(text, "Job %llu gives back to it what its account is guaranteed.",
                         (unsigned long long)a->job);
    } else if (r->shape.kinds != 0 && by != LS_POOL_NONE) {
        const char *path = e->def.pool->accounts[by].path;
        a->reason = LS_REASON_LIMIT;
        a->account = by;
        ls_buffer_printf(text, "It needs %g %s; account '%s' holds %g and may not hold so many.",
                         gpus(a->needs_milli), unit, path[0] != '\0' ? path : e->def.pool->name,
                         gpus(ls_shares_held(ls_scheduler_shares(e->scheduler), by)));
    } else if (a->free_milli < a->needs_milli) {
        a->reason = LS_REASON_ROOM;
        ls_buffer_printf(text, "It needs %g %s and %g are free.", gpus(a->needs_milli), unit,
                         gpus(a->free_milli));
    } else if (e->wants_step) {
        a->reason = LS_REASON_NEXT;
        ls_buffer_text(text, "It is looked at next.");
    } else if (a->ahead > 0) {
        a->reason = LS_REASON_TURN;
        ls_buffer_text(text, "Others of its account go first, and do not fit either.");
    } else {
        a->reason = LS_REASON_KEPT;
        ls_buffer_printf(text,
                         "It needs %g %s, %g are free, but not together as it asks, or they are "
                         "kept for a job that was promised them.",
                         gpus(a->needs_milli), unit, gpus(a->free_milli));
    }
    if (a->ahead > 0) {
        ls_buffer_printf(text, " %llu jobs of its account go before it.",
                         (unsigned long long)a->ahead);
    }
    if (a->promised_us != INT64_MAX) {
        const int64_t in_us = a->promised_us - ls_exec_now_us(e);
        ls_buffer_printf(text, " It starts in at most %lld s.",
                         (long long)(in_us > 0 ? (in_us + 999999) / 1000000 : 0));
    }
}

static void say_held(const ls_exec *e, const ls_entry *j, ls_exec_answer *a, ls_buffer *text) {
    const ls_exec_job *job = j->spec->job;
    uint32_t more = 0;
    a->reason = LS_REASON_AFTER;
    for (uint32_t i = 0; i < job->after_count; i++) {
        const ls_entry *other = ls_exec_find(e, job->after[i]);
        if (other != NULL && other->state != LS_EXEC_DONE) {
            more += a->job != 0;
            a->job = a->job == 0 ? other->id : a->job;
        }
    }
    const ls_entry *first = ls_exec_find(e, a->job);
    ls_buffer_printf(text, "It waits until job %llu is done, which is %s",
                     (unsigned long long)a->job,
                     first != NULL ? ls_exec_state_word(first->state) : "gone");
    if (more > 0) {
        ls_buffer_printf(text, ", and %u more", more);
    }
    ls_buffer_text(text, ".");
}

ls_status ls_exec_why(ls_exec *e, uint64_t id, ls_exec_answer *out, ls_error *err) {
    const ls_entry *j = ls_exec_find(e, id);
    *out = (ls_exec_answer){.account = LS_POOL_NONE, .promised_us = INT64_MAX};
    if (j == NULL) {
        ls_fail(err, LS_ERR_INVALID, "there is no job %llu", (unsigned long long)id);
        ls_hint(err, "'lineshaft pool jobs' lists those there are");
        return LS_ERR_INVALID;
    }
    ls_buffer text;
    ls_buffer_init(&text);
    if (j->state == LS_EXEC_HELD) {
        say_held(e, j, out, &text);
    } else if (j->state == LS_EXEC_WAITING) {
        say_waiting(e, j, out, &text);
    } else if (j->state == LS_EXEC_STOPPING && j->for_job != 0) {
        ls_buffer_printf(&text, "It gives back what its account borrowed, to job %llu.",
                         (unsigned long long)j->for_job);
    } else if (j->note != NULL) {
        ls_buffer_printf(&text, "It is %s: %s.", ls_exec_state_word(j->state), j->note);
    } else {
        ls_buffer_printf(&text, "It is %s.", ls_exec_state_word(j->state));
    }
    snprintf(out->text, sizeof out->text, "%s", text.failed ? "" : text.data);
    const bool failed = text.failed;
    ls_buffer_clear(&text);
    return failed ? ls_fail(err, LS_ERR_MEMORY, "out of memory") : LS_OK;
}
