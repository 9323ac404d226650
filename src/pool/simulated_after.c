// simulated_after.c - jobs that wait until others are done, on the simulated clock; see after.h.
//
// A job that is held is not the scheduler's yet: it stands here, and comes into the queue when what
// it waits for is done. By then its wait for a place begins.
#include "pool/simulated_inside.h"

// Held jobs have numbers of their own beside those of the load.
#define HELD_NUMBER(slot) (UINT64_C(1) << 63 | ((uint64_t)(slot) + 1))

static uint32_t slot_of(uint64_t number) {
    return (uint32_t)(number & UINT32_MAX) - 1;
}

static ls_status no_memory(const sim *s) {
    return ls_fail(s->err, LS_ERR_MEMORY, "out of memory");
}

// A job that never comes into the queue, or has not by now.
static void tell_held(sim *s, const ls_sim_job *job, ls_sim_kind kind) {
    // It has no start to wait for: `runs` keeps this one from looking like its first.
    const sim_job one = {.job = *job, .since_us = s->now_us, .first_us = s->now_us, .runs = 2};
    sim_tell(s, kind, &one, NULL, NULL, INT64_MAX);
}

static void cancel(sim *s, const ls_sim_job *job) {
    s->out->cancelled++;
    tell_held(s, job, LS_SIM_CANCELLED);
    sim_after_over(s, job, false);
}

void sim_after_over(sim *s, const ls_sim_job *job, bool done) {
    if (job->number != 0) {
        ls_afters_over(s->afters, job->number, done);
    }
}

static ls_status hold(sim *s, const ls_sim_job *job, bool *out_held) {
    ls_after_state state = LS_AFTER_DONE;
    uint64_t failed = 0;
    if (!ls_grow(&s->held, &s->held_room, sizeof *s->held, s->held_count + 1) ||
        !ls_grow(&s->held_free, &s->held_free_room, sizeof *s->held_free, s->held_count + 1)) {
        return no_memory(s);
    }
    const uint32_t slot = s->held_free_count > 0 ? s->held_free[s->held_free_count - 1]
                                                 : s->held_count;
    if (ls_afters_hold(s->afters, HELD_NUMBER(slot), job->after, job->after_count, &state, &failed,
                       s->err) != LS_OK) {
        return LS_ERR_MEMORY;
    }
    *out_held = state != LS_AFTER_DONE;
    if (state == LS_AFTER_FAILED) {
        cancel(s, job);
    } else if (state == LS_AFTER_OPEN) {
        s->held_count += slot == s->held_count;
        s->held_free_count -= s->held_free_count > 0;
        s->held[slot] = *job;
        s->held[slot].after = NULL;  // the load's, and known by now
        s->out->held_at_end++;
    }
    return LS_OK;
}

ls_status sim_after_submit(sim *s, const ls_sim_job *job, bool *out_held) {
    *out_held = false;
    if (job->number != 0 &&
        ls_afters_open(s->afters, job->number, job->of > 0 ? job->of : 1, s->err) != LS_OK) {
        return LS_ERR_MEMORY;
    }
    return job->after_count > 0 ? hold(s, job, out_held) : LS_OK;
}

ls_status sim_after_free(sim *s) {
    ls_status status = LS_OK;
    ls_after_freed f;
    while (status == LS_OK && ls_afters_next(s->afters, &f)) {
        const uint32_t slot = slot_of(f.job);
        const ls_sim_job job = s->held[slot];
        s->held[slot] = (ls_sim_job){0};
        s->held_free[s->held_free_count++] = slot;  // there is room: one for each that is held
        s->out->held_at_end--;
        if (f.failed != 0) {
            cancel(s, &job);
        } else {
            status = sim_enter(s, &job);
        }
    }
    return status;
}

void sim_after_left(sim *s) {
    for (uint32_t i = 0; i < s->held_count && !s->stop; i++) {
        if (ls_afters_holds(s->afters, HELD_NUMBER(i))) {
            tell_held(s, s->held + i, LS_SIM_HELD);
        }
    }
}
