// service_why.c - why a job waits, and what for.
#include <stdio.h>
#include <string.h>

#include "exec/service_inside.h"

// ---- what the scheduler says, in our numbers

static uint64_t id_of(const ls_exec *e, uint32_t slot) {
    return slot != LS_POOL_NONE && slot < e->slot_room ? e->slots[slot] : 0;
}

static const char *account_name(const void *context, uint32_t account) {
    const ls_exec *e = context;
    const char *path = e->def.pool->accounts[account].path;
    return path[0] != '\0' ? path : e->def.pool->name;
}

static void job_name(const void *context, uint32_t slot, char *out, size_t size) {
    snprintf(out, size, "job %llu", (unsigned long long)id_of(context, slot));
}

static const char *reservation_name(const void *context, uint32_t reservation) {
    const ls_exec *e = context;
    return e->def.pool->reservations[reservation].name;
}

static const ls_exec_reason reasons[] = {
    [LS_SHORT_NOTHING] = LS_REASON_NEXT,
    [LS_SHORT_STOPPING] = LS_REASON_RECLAIM,
    [LS_SHORT_BUDGET] = LS_REASON_BUDGET,
    [LS_SHORT_LIMIT] = LS_REASON_LIMIT,
    [LS_SHORT_TURN] = LS_REASON_TURN,
    [LS_SHORT_PROMISED] = LS_REASON_KEPT,
    [LS_SHORT_RESERVED] = LS_REASON_RESERVED,
    [LS_SHORT_POWER] = LS_REASON_POWER,
    [LS_SHORT_UP] = LS_REASON_OUT,
    [LS_SHORT_GPUS] = LS_REASON_ROOM,
    [LS_SHORT_NODES] = LS_REASON_PLACE,
    [LS_SHORT_UNIT] = LS_REASON_PLACE,
};

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

static void tell_when(const ls_exec *e, const ls_entry *j, const ls_why *w, ls_exec_answer *a) {
    a->promised_us = ls_scheduler_promise(e->scheduler, j->slot);
    switch (w->expected) {
    case LS_EXPECTED_PROMISE:
    case LS_EXPECTED_STOPS:
    case LS_EXPECTED_RECLAIM: a->promised_us = w->expected_us; break;
    case LS_EXPECTED_NOW:
    case LS_EXPECTED_PLAN:
    case LS_EXPECTED_MONTH: a->earliest_us = w->expected_us; break;
    case LS_EXPECTED_UNKNOWN: break;
    }
}

static void tell_waiting(const ls_exec *e, const ls_entry *j, const ls_why *w, ls_exec_answer *a) {
    a->reason = reasons[w->what];
    a->job = w->what == LS_SHORT_STOPPING ? gives_back(e, j->id) : id_of(e, w->for_job);
    a->account = w->account;
    a->by_us = w->what == LS_SHORT_PROMISED ? w->from_us : w->until_us;
    a->needs_milli = w->need_milli;
    a->free_milli = w->free_milli;
    a->most_milli = w->most_milli;
    a->within = w->what == LS_SHORT_UNIT ? w->level : LS_POOL_ANYWHERE;
    a->ahead = w->before;
    a->holder_count = w->holder_count;
    for (uint32_t i = 0; i < w->holder_count; i++) {
        const ls_why_holder *h = w->holders + i;
        a->holders[i] = (ls_exec_holder){.account = h->account,
                                         .milli = h->milli,
                                         .borrowed = h->borrowed,
                                         .jobs = h->jobs,
                                         .oldest = id_of(e, h->oldest),
                                         .since_us = h->since_us,
                                         .until_us = h->until_us};
    }
    tell_when(e, j, w, a);
}

// The sentences behind the first, which says what job it is; whole ones only.
static void say_waiting(const ls_exec *e, const ls_why *w, char *out, size_t size) {
    const ls_pool *pool = e->def.pool;
    bool slots = pool->cluster.kind_count > 0;
    for (uint32_t k = 0; k < pool->cluster.kind_count; k++) {
        slots = slots && pool->kinds[k].is_slots;
    }
    const ls_why_names names = {.account = account_name,
                                .job = job_name,
                                .reservation = reservation_name,
                                .gpu = slots ? "CPU slot" : NULL,
                                .context = e};
    const size_t length = ls_why_text(w, &pool->cluster, &names, out, size);
    char *last = length >= size ? strrchr(out, '\n') : out + length - 1;
    if (last != NULL) {
        *last = '\0';
    }
    const char *rest = strchr(out, '\n');
    memmove(out, rest != NULL ? rest + 1 : "", rest != NULL ? strlen(rest + 1) + 1 : 1);
}

// Which nodes were taken out, and why; as many as there is room for.
static void say_outs(const ls_exec *e, char *out, size_t size) {
    const char *node = NULL;
    const char *reason = NULL;
    int64_t since_us = 0;
    for (uint32_t at = 0; ls_exec_next_out(e, &at, &node, &reason, &since_us);) {
        const size_t length = strlen(out);
        if ((size_t)snprintf(out + length, size - length, "\n%s is out of service: %s", node,
                             reason) >= size - length) {
            out[length] = '\0';
            return;
        }
    }
}

static ls_status why_waiting(ls_exec *e, const ls_entry *j, ls_exec_answer *a, ls_error *err) {
    ls_why w;
    e->now_us = ls_exec_now_us(e);
    const ls_status status = ls_why_waits(e->scheduler, j->slot, e->now_us, &w, err);
    if (status == LS_OK) {
        tell_waiting(e, j, &w, a);
        say_waiting(e, &w, a->text, sizeof a->text);
        if (w.what == LS_SHORT_UP) {
            say_outs(e, a->text, sizeof a->text);
        }
    }
    return status;
}

static ls_status why(ls_exec *e, uint64_t id, bool asks, ls_exec_answer *out, ls_error *err) {
    const ls_entry *j = ls_exec_find(e, id);
    *out = (ls_exec_answer){.account = LS_POOL_NONE,
                            .promised_us = INT64_MAX,
                            .earliest_us = INT64_MAX,
                            .by_us = INT64_MAX};
    if (j == NULL) {
        ls_fail(err, LS_ERR_INVALID, "there is no job %llu", (unsigned long long)id);
        ls_hint(err, "'lineshaft pool jobs' lists those there are");
        return LS_ERR_INVALID;
    }
    if (j->state == LS_EXEC_WAITING) {
        return why_waiting(e, j, out, err);
    }
    ls_buffer text;
    ls_buffer_init(&text);
    if (j->state == LS_EXEC_HELD) {
        ls_exec_say_held(e, j, asks, out, &text);
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

ls_status ls_exec_why(ls_exec *e, uint64_t id, ls_exec_answer *out, ls_error *err) {
    return why(e, id, true, out, err);
}

ls_status ls_exec_why_brief(ls_exec *e, uint64_t id, ls_exec_answer *out, ls_error *err) {
    return why(e, id, false, out, err);
}
