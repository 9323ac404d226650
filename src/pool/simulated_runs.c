// simulated_runs.c - see simulated_runs.h: a heap of the times at which runs are over.
#include "pool/simulated_runs.h"

#include <assert.h>
#include <signal.h>

#include "pool/grow.h"

typedef struct over {  // stale when the run is over at another time by now
    int64_t at_us;
    uint32_t job, run;
} over;

typedef struct one {             // by job: its run
    int64_t over_us, latest_us;  // latest: its longest time is over
    uint32_t run;
    bool live, asked, timed_out;
} one;

struct ls_sim_runs {
    over *heap;
    uint32_t heap_count, heap_room;
    one *jobs;
    uint32_t job_room;
    int64_t now_us;
    bool failed;
};

// ---- the heap, by (time, job)

static bool before(const over *a, const over *b) {
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->job < b->job;
}

static bool push(ls_sim_runs *r, over e) {
    if (e.at_us == INT64_MAX) {
        return true;
    }
    if (!ls_grow(&r->heap, &r->heap_room, sizeof *r->heap, r->heap_count + 1)) {
        return false;
    }
    uint32_t at = r->heap_count++;
    for (; at > 0 && before(&e, r->heap + (at - 1) / 2); at = (at - 1) / 2) {
        r->heap[at] = r->heap[(at - 1) / 2];
    }
    r->heap[at] = e;
    return true;
}

static over pop(ls_sim_runs *r) {
    const over first = r->heap[0];
    const over last = r->heap[--r->heap_count];
    uint32_t at = 0;
    for (uint32_t child = 1; child < r->heap_count; child = 2 * at + 1) {
        child += child + 1 < r->heap_count && before(r->heap + child + 1, r->heap + child);
        if (!before(r->heap + child, &last)) {
            break;
        }
        r->heap[at] = r->heap[child];
        at = child;
    }
    if (r->heap_count > 0) {
        r->heap[at] = last;
    }
    return first;
}

// ---- the executor

static int64_t later(int64_t now_us, int64_t span_us) {
    return span_us > INT64_MAX - now_us ? INT64_MAX : now_us + span_us;
}

static ls_status start(void *context, const ls_run_start *s, ls_error *err) {
    ls_sim_runs *r = context;
    const ls_sim_span *span = s->what;
    const uint32_t job = (uint32_t)s->job;
    if (!ls_grow(&r->jobs, &r->job_room, sizeof *r->jobs, job + 1)) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    one *j = r->jobs + job;
    assert(!j->live && s->run > j->run);
    const bool times_out = span->most_us < span->work_us;
    *j = (one){.over_us = later(s->now_us, times_out ? span->most_us : span->work_us),
               .latest_us = later(s->now_us, span->most_us),
               .run = s->run,
               .live = true,
               .timed_out = times_out};
    return push(r, (over){.at_us = j->over_us, .job = job, .run = s->run})
               ? LS_OK
               : ls_fail(err, LS_ERR_MEMORY, "out of memory");
}

static void stop(void *context, uint64_t job, uint32_t run, int64_t until_us) {
    ls_sim_runs *r = context;
    one *j = job < r->job_room ? r->jobs + job : NULL;
    if (j == NULL || !j->live || j->run != run || j->over_us <= until_us) {
        return;  // it is done before it would have stopped
    }
    j->over_us = until_us;
    j->asked = true;
    j->timed_out = false;
    r->failed |= !push(r, (over){.at_us = until_us, .job = (uint32_t)job, .run = run});
}

void ls_sim_runs_move(ls_sim_runs *r, uint64_t job, uint32_t run, int64_t over_us) {
    one *j = job < r->job_room ? r->jobs + job : NULL;
    if (j == NULL || !j->live || j->run != run || j->asked) {
        return;
    }
    j->timed_out = over_us > j->latest_us;
    j->over_us = j->timed_out ? j->latest_us : over_us;
    r->failed |= !push(r, (over){.at_us = j->over_us, .job = (uint32_t)job, .run = run});
}

static bool ended(void *context, ls_run_end *out) {
    ls_sim_runs *r = context;
    while (r->heap_count > 0 && r->heap[0].at_us <= r->now_us) {
        const over e = pop(r);
        one *j = r->jobs + e.job;
        if (j->live && j->run == e.run && j->over_us == e.at_us) {
            const bool by_itself = !j->asked && !j->timed_out;
            j->live = false;
            out->job = e.job;
            out->run = e.run;
            out->how = by_itself ? LS_RUN_EXITED : LS_RUN_SIGNALLED;
            out->code = by_itself ? 0 : SIGTERM;
            out->asked = j->asked;
            out->timed_out = j->timed_out;
            out->ended_us = e.at_us;
            out->note[0] = '\0';
            return true;
        }
    }
    return false;
}

static ls_run_found adopt(void *context, uint64_t job, uint32_t run) {
    const ls_sim_runs *r = context;
    return job < r->job_room && r->jobs[job].live && r->jobs[job].run == run ? LS_RUN_FOUND_RUNNING
                                                                             : LS_RUN_FOUND_NEVER;
}

ls_executor ls_sim_runs_executor(ls_sim_runs *runs) {
    return (ls_executor){
        .context = runs, .start = start, .stop = stop, .ended = ended, .adopt = adopt};
}

// ---- the clock

ls_status ls_sim_runs_create(ls_sim_runs **out, ls_error *err) {
    *out = ls_alloc(sizeof **out);
    if (*out == NULL) {
        return ls_fail(err, LS_ERR_MEMORY, "out of memory");
    }
    (*out)->now_us = INT64_MIN;
    return LS_OK;
}

void ls_sim_runs_destroy(ls_sim_runs *r) {
    if (r != NULL) {
        ls_free(r->heap);
        ls_free(r->jobs);
        ls_free(r);
    }
}

void ls_sim_runs_to(ls_sim_runs *r, int64_t now_us) {
    assert(now_us >= r->now_us);
    r->now_us = now_us;
}

int64_t ls_sim_runs_next_us(const ls_sim_runs *r) {
    return r->heap_count > 0 ? r->heap[0].at_us : INT64_MAX;
}

bool ls_sim_runs_failed(const ls_sim_runs *r) {
    return r->failed;
}
