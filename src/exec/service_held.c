// service_held.c - jobs that wait until others are done; see pool/after.h.
//
// The jobs of one submission wait for the same, so they are held as one, by the number of what they
// run (that of the first). Nothing of it is journalled: which jobs are held, and what each one
// waits for, is; the rest follows from what became of the others.
#include <stdio.h>

#include "exec/service_inside.h"

enum { ASKED_MOST = 4, DEEP_MOST = 32, VISITS_MOST = 2 * LS_EXEC_ARRAY_MAX };

static uint64_t plain(uint64_t number) {
    return number & ~LS_EXEC_AFTER_ARRAY;
}

static bool is_array(uint64_t number) {
    return (number & LS_EXEC_AFTER_ARRAY) != 0;
}

// ---- what others have come to

// The next job of what the number stands for, from `*at` on (0 first); NULL: there are no more.
static const ls_entry *next_of(const ls_exec *e, uint64_t number, uint64_t *at) {
    const uint64_t first = plain(number);
    const uint64_t end = first + (is_array(number) ? LS_EXEC_ARRAY_MAX : 1);
    uint64_t id = *at == 0 ? first : *at;
    id = id < e->base ? e->base : id;
    for (; id < end && id - e->base < e->entry_count; id++) {
        const ls_entry *j = ls_exec_find(e, id);
        if (j != NULL && is_array(number) && j->array_id != first) {
            break;
        }
        if (j != NULL) {
            *at = id + 1;
            return j;
        }
    }
    return NULL;
}

// Of all jobs that the number stands for; those that are forgotten were done. *out_open: so many
// are not over.
static ls_after_state state_of(const ls_exec *e, uint64_t number, uint32_t *out_open) {
    const ls_entry *j = NULL;
    *out_open = 0;
    for (uint64_t at = 0; (j = next_of(e, number, &at)) != NULL;) {
        if (ls_exec_is_over(j->state) && j->state != LS_EXEC_DONE) {
            return LS_AFTER_FAILED;
        }
        *out_open += !ls_exec_is_over(j->state);
    }
    return *out_open > 0 ? LS_AFTER_OPEN : LS_AFTER_DONE;
}

uint64_t ls_exec_after_number(const ls_exec *e, uint64_t number) {
    const ls_entry *j = ls_exec_find(e, plain(number));
    if (!is_array(number) || j == NULL) {
        return number;
    }
    return j->array_id != 0 ? j->array_id | LS_EXEC_AFTER_ARRAY : j->id;
}

ls_status ls_exec_hold_back(ls_exec *e, const ls_spec *spec, ls_after_state *out,
                            uint64_t *out_failed, ls_error *err) {
    const ls_exec_job *job = spec->job;
    *out = LS_AFTER_DONE;
    *out_failed = 0;
    for (uint32_t i = 0; i < job->after_count; i++) {
        uint32_t open = 0;
        const ls_after_state state = state_of(e, job->after[i], &open);
        if (state == LS_AFTER_FAILED) {
            *out = state;
            *out_failed = job->after[i];
            return LS_OK;
        }
        if (state == LS_AFTER_OPEN &&
            ls_afters_open(e->afters, job->after[i], open, err) != LS_OK) {
            return LS_ERR_MEMORY;
        }
    }
    return ls_afters_hold(e->afters, spec->id, job->after, job->after_count, out, out_failed, err);
}

// ---- as they end

void ls_exec_give_up(ls_exec *e, ls_entry *j, uint64_t failed) {
    ls_exec_note(j, "%s %llu, which it waits for, was not done", is_array(failed) ? "array" : "job",
                 (unsigned long long)plain(failed));
    ls_exec_finish(e, j, LS_EXEC_CANCELLED, e->now_us);
}

// It waits for nothing any more.
static void let_in(ls_exec *e, ls_entry *j) {
    ls_error err = {0};
    if (ls_exec_schedule(e, j, e->now_us, &err) == LS_OK) {
        ls_exec_mark(e, j);
    } else {
        ls_exec_note(j, "%s", err.text);
        ls_exec_finish(e, j, LS_EXEC_FAILED, e->now_us);
    }
}

static void free_all(ls_exec *e, const ls_after_freed *f) {
    for (uint64_t id = f->job > e->base ? f->job : e->base; id - e->base < e->entry_count; id++) {
        ls_entry *j = ls_exec_find(e, id);
        if (j != NULL && j->spec->id != f->job) {
            return;
        }
        if (j == NULL || j->state != LS_EXEC_HELD) {
            continue;
        }
        if (f->failed != 0) {
            ls_exec_give_up(e, j, f->failed);
        } else {
            let_in(e, j);
        }
    }
}

// Those whose wait for others is over.
static void free_held(ls_exec *e) {
    ls_after_freed f;
    if (e->frees) {
        return;  // one that is given up: whoever waits for it has its turn behind
    }
    e->frees = true;
    while (ls_afters_next(e->afters, &f)) {
        free_all(e, &f);
    }
    e->frees = false;
}

void ls_exec_told_over(ls_exec *e, const ls_entry *j) {
    const bool done = j->state == LS_EXEC_DONE;
    ls_afters_over(e->afters, j->id, done);
    if (j->array_id != 0) {
        ls_afters_over(e->afters, j->array_id | LS_EXEC_AFTER_ARRAY, done);
    }
    free_held(e);
}

ls_status ls_exec_hold_again(ls_exec *e, ls_error *err) {
    for (uint32_t i = 0; i < e->entry_count; i++) {
        ls_entry *j = e->entries[i];
        ls_after_state state = LS_AFTER_OPEN;
        uint64_t failed = 0;
        if (j == NULL || j->state != LS_EXEC_HELD || ls_afters_holds(e->afters, j->spec->id)) {
            continue;
        }
        if (ls_exec_hold_back(e, j->spec, &state, &failed, err) != LS_OK) {
            return LS_ERR_MEMORY;
        }
        if (state == LS_AFTER_FAILED) {
            ls_exec_give_up(e, j, failed);
        } else if (state == LS_AFTER_DONE) {
            let_in(e, j);
        }
    }
    return LS_OK;
}

// ---- why, and when

static int64_t later(int64_t at_us, int64_t span_us) {
    return at_us == INT64_MAX || span_us > INT64_MAX - at_us ? INT64_MAX : at_us + span_us;
}

// What may still be spent on one answer.
typedef struct budget {
    uint32_t asks;    // of the scheduler
    uint32_t visits;  // of jobs
} budget;

static int64_t free_by(ls_exec *e, const ls_exec_job *job, budget *b, uint32_t deep);

// By when the job is over at the latest, as things are; INT64_MAX: it may go on for ever, or it is
// not known. Waiting ones are asked when they start, some of them.
static int64_t over_by(ls_exec *e, const ls_entry *j, budget *b, uint32_t deep) {
    const ls_exec_job *job = j->spec->job;
    const int64_t most_us = job->limit_us > 0 ? later(job->limit_us, job->grace_us) : INT64_MAX;
    int64_t start_us = INT64_MAX;
    ls_why why;
    switch (j->state) {
    case LS_EXEC_STOPPING: return j->until_us;
    case LS_EXEC_STARTING:
    case LS_EXEC_RUNNING: start_us = j->started_us; break;
    case LS_EXEC_HELD:
        start_us = most_us != INT64_MAX ? free_by(e, job, b, deep + 1) : INT64_MAX;
        break;
    case LS_EXEC_WAITING:
        start_us = ls_scheduler_promise(e->scheduler, j->slot);
        if (start_us == INT64_MAX && most_us != INT64_MAX && b->asks > 0) {
            b->asks--;
            start_us = ls_why_waits(e->scheduler, j->slot, e->now_us, &why, NULL) == LS_OK &&
                               why.expected != LS_EXPECTED_UNKNOWN
                           ? why.expected_us
                           : INT64_MAX;
        }
        break;
    default: return e->now_us;
    }
    return start_us == INT64_MAX ? INT64_MAX : later(start_us, most_us);
}

// By when all are over that it waits for. The held jobs of one submission wait for the same and run
// as long: one of them tells it for all.
static int64_t free_by(ls_exec *e, const ls_exec_job *job, budget *b, uint32_t deep) {
    int64_t by_us = e->now_us;
    for (uint32_t i = 0; i < job->after_count && by_us < INT64_MAX; i++) {
        const ls_entry *j = NULL;
        const ls_spec *held = NULL;
        for (uint64_t at = 0; by_us < INT64_MAX && (j = next_of(e, job->after[i], &at)) != NULL;) {
            if (j->state == LS_EXEC_HELD && j->spec == held) {
                continue;
            }
            held = j->state == LS_EXEC_HELD ? j->spec : held;
            const bool more = deep < DEEP_MOST && b->visits > 0;
            b->visits -= more;
            const int64_t one_us = more ? over_by(e, j, b, deep) : INT64_MAX;
            by_us = one_us > by_us ? one_us : by_us;
        }
    }
    return by_us;
}

void ls_exec_say_held(ls_exec *e, const ls_entry *j, bool asks, ls_exec_answer *a,
                      ls_buffer *text) {
    uint64_t first = 0;
    uint32_t open = 0;
    budget b = {.asks = asks ? ASKED_MOST : 0, .visits = VISITS_MOST};
    const uint32_t count = ls_afters_waits(e->afters, j->spec->id, &first);
    const ls_entry *other = ls_exec_find(e, plain(first));
    e->now_us = ls_exec_now_us(e);
    a->reason = LS_REASON_AFTER;
    a->job = plain(first);
    a->earliest_us = free_by(e, j->spec->job, &b, 0);
    if (is_array(first)) {
        (void)state_of(e, first, &open);
        ls_buffer_printf(text, "It waits until all jobs of array %llu are done; %u %s not",
                         (unsigned long long)a->job, open, open == 1 ? "is" : "are");
    } else {
        ls_buffer_printf(text, "It waits until job %llu is done, which is %s",
                         (unsigned long long)a->job,
                         other != NULL ? ls_exec_state_word(other->state) : "gone");
    }
    if (count > 1) {
        ls_buffer_printf(text, ", and %u more", count - 1);
    }
    ls_buffer_text(text, ".");
    if (a->earliest_us != INT64_MAX) {
        char span[48];
        ls_units_show_time((double)(a->earliest_us - e->now_us), span, sizeof span);
        ls_buffer_printf(text, "\nThat is so in %s at the latest, as things are.", span);
    }
}
