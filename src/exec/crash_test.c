// crash_test.c - the journal and the executor against a model, with a crash at every write of the
// journal and before or after every start and stop: no job is lost, none is begun twice.
//
// What runs is the model's: it outlives the service, ends whenever chance wants, and can be claimed
// once, as on a real machine. A crash forgets all that the service had in memory and had not
// committed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "exec/journal.h"
#include "exec/service.h"
#include "pool/pool_file.h"
#include "tests/harness.h"

enum { JOBS_MAX = 40, RUNS_MAX = 12, SLOTS = 3, ROUNDS = 400, LIVES_MAX = 60 };

typedef enum claim { FREE, FORBIDDEN, RUNS, OVER } claim;

typedef struct world {
    uint64_t seed, drawn;
    claim claims[JOBS_MAX + 1][RUNS_MAX + 1];
    uint32_t began[JOBS_MAX + 1];
    uint64_t ends[JOBS_MAX * RUNS_MAX];  // heard by this life of the service: job * 100 + run
    uint32_t end_count, end_at;
    bool watched[JOBS_MAX + 1][RUNS_MAX + 1];
    bool kept[JOBS_MAX + 1];  // its submission was answered
    int64_t now_us, crash_in;
    bool before, dead;
    char folder[64];
    ls_pool *pool;
    ls_exec *exec;
} world;

static uint32_t draw(world *w, uint32_t below) {
    return (uint32_t)(ls_random_uniform(w->seed, 1, w->drawn++) * below);
}

// Another effect on the world: true when it comes about.
static bool comes_about(world *w) {
    if (w->dead) {
        return false;
    }
    if (w->crash_in > 0 && --w->crash_in == 0) {
        w->dead = true;
        return !w->before;
    }
    return true;
}

static ls_status start(void *context, const ls_run_start *s, ls_error *err) {
    world *w = context;
    (void)err;
    CHECK(s->job <= JOBS_MAX && s->run <= RUNS_MAX);
    if (comes_about(w) && w->claims[s->job][s->run] == FREE) {
        w->claims[s->job][s->run] = RUNS;
        w->began[s->job]++;
        w->watched[s->job][s->run] = true;
    } else if (!w->dead) {
        CHECK(false);  // a run that was claimed is started again
    }
    return LS_OK;
}

static void stop(void *context, uint64_t job, uint32_t run, int64_t until_us) {
    (void)until_us;
    (void)job;
    (void)run;
    comes_about(context);
}

static bool ended(void *context, ls_run_end *out) {
    world *w = context;
    if (w->end_at == w->end_count) {
        return false;
    }
    const uint64_t end = w->ends[w->end_at++];
    *out = (ls_run_end){.job = end / 100,
                        .run = (uint32_t)(end % 100),
                        .how = LS_RUN_EXITED,
                        .ended_us = w->now_us};
    return true;
}

static ls_run_found adopt(void *context, uint64_t job, uint32_t run) {
    world *w = context;
    claim *c = &w->claims[job][run];
    if (*c == FREE || *c == FORBIDDEN) {
        *c = FORBIDDEN;
        return LS_RUN_FOUND_NEVER;
    }
    w->watched[job][run] = true;
    if (*c == OVER) {
        w->ends[w->end_count++] = job * 100 + run;
        return LS_RUN_FOUND_ENDED;
    }
    return LS_RUN_FOUND_RUNNING;
}

static int64_t steady(void *context) {
    return ((world *)context)->now_us;
}

static const char pool_text[] =
    "pool: model\nnodes: {name: here, slots: 3}\naccounts:\n"
    "  a: {guarantee: 1}\n  b: {}\n";

// Its own writes may fail too: then it has never been there.
static bool open_it(world *w, int64_t fail) {
    static ls_executor executor;
    executor = (ls_executor){
        .context = w, .start = start, .stop = stop, .ended = ended, .adopt = adopt};
    const ls_exec_def def = {.folder = w->folder,
                             .pool = w->pool,
                             .context = w,
                             .executor = &executor,
                             .steady_us = steady};
    ls_error err = {0};
    w->dead = false;
    w->end_at = w->end_count = 0;
    memset(w->watched, 0, sizeof w->watched);
    ls_exec_journal_fail_after(fail);
    const bool fine = ls_exec_open(&def, &w->exec, &err) == LS_OK;
    if (!fine && fail < 0) {
        printf("open: %s\n", err.text);
        CHECK(fine);
    }
    return fine;
}

// Some of what runs ends, whether anybody watches or not. No more run than there are slots.
static void let_time_pass(world *w) {
    uint32_t running = 0;
    w->now_us += 1 + draw(w, 1000);
    for (uint32_t job = 1; job <= JOBS_MAX; job++) {
        for (uint32_t run = 1; run <= RUNS_MAX; run++) {
            claim *c = &w->claims[job][run];
            running += *c == RUNS;
            if (*c == RUNS && draw(w, 3) == 0) {
                *c = OVER;
                if (w->watched[job][run]) {
                    w->ends[w->end_count++] = job * 100 + run;
                }
            }
        }
    }
    CHECK(running <= SLOTS);
}

static void submit_some(world *w, uint64_t *first, uint64_t *last) {
    static const char *const argv[] = {"true", NULL};
    *first = 1;
    *last = 0;
    for (uint32_t i = draw(w, 3); i > 0; i--) {
        ls_exec_job job = {
            .argv = argv, .account = draw(w, 2) == 0 ? "a" : "b", .shape = {.parts = 1, .gpus = 1}};
        job.array = draw(w, 3) == 0 ? 2 : 0;
        uint64_t id = 0;
        const uint64_t after = *last;
        if (*last != 0 && draw(w, 4) == 0) {
            job.after = &after;
            job.after_count = 1;
        }
        ls_exec_view v;
        uint64_t count = 0;
        for (uint64_t at = 0; ls_exec_next(w->exec, at, 0, 0, &v); at = v.id) {
            count = v.id;
        }
        if (count + 2 > JOBS_MAX) {
            return;
        }
        CHECK_INT(ls_exec_submit(w->exec, &job, &id, NULL), LS_OK);
        *first = *last == 0 ? id : *first;
        *last = id + (job.array > 0 ? job.array - 1 : 0);
    }
}

// One life of the service: until it crashes (at this write; -1: not there), or `steps` are over.
static void live(world *w, uint32_t steps, bool submits, int64_t fail) {
    const bool opened = open_it(w, fail);
    for (uint32_t i = 0; opened && i < steps && !w->dead; i++) {
        uint64_t first = 1;
        uint64_t last = 0;
        if (submits) {
            submit_some(w, &first, &last);
        }
        ls_error err = {0};
        if (ls_exec_step(w->exec, &err) != LS_OK) {
            CHECK_INT(err.status, LS_ERR_IO);
            break;  // it goes down here; what was not committed is forgotten
        }
        // Before the effects the commit was there, so what was asked is kept, also if it died now.
        for (uint64_t id = first; id <= last; id++) {
            w->kept[id] = true;
        }
        let_time_pass(w);
    }
    if (opened) {
        ls_exec_close(w->exec);
    }
    ls_exec_journal_fail_after(-1);
    let_time_pass(w);
}

static void remove_files(world *w) {
    static const char *const names[] = {"pool.db", "pool.db-wal", "pool.db-shm"};
    for (int i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", w->folder, names[i]);
        unlink(path);
    }
}

static void play(world *w, uint64_t seed, int64_t write, int64_t effect) {
    harness_note("seed %llu, crash at write %lld, effect %lld", (unsigned long long)seed,
                 (long long)write, (long long)effect);
    char folder[64];
    ls_pool *pool = w->pool;
    memcpy(folder, w->folder, sizeof folder);
    *w = (world){.seed = seed, .pool = pool, .now_us = 1000000};
    memcpy(w->folder, folder, sizeof folder);
    remove_files(w);
    live(w, 0, false, -1);  // the file is made without a mishap
    // One life crashes where it was told to, some more wherever chance wants.
    for (uint32_t i = 0; i < 4 && !harness_has_failed(); i++) {
        const bool by_effect = draw(w, 2) == 0;
        w->before = draw(w, 2) == 0;
        w->crash_in = i == 0 ? effect : by_effect ? 1 + (int64_t)draw(w, 12) : 0;
        live(w, 12, true, i == 0 ? write : by_effect ? -1 : (int64_t)draw(w, 60));
    }
    // The last life ends all of it.
    w->crash_in = 0;
    live(w, 120, false, -1);
    if (!open_it(w, -1)) {
        return;
    }
    for (uint32_t id = 1; id <= JOBS_MAX; id++) {
        ls_exec_view v;
        const bool there = ls_exec_get(w->exec, id, &v);
        CHECK(there || !w->kept[id]);
        if (there) {
            CHECK_INT(v.state, LS_EXEC_DONE);
        }
        CHECK_INT(w->began[id], there ? 1 : 0);
    }
    ls_exec_close(w->exec);
}

static void test_no_job_is_lost_and_none_begun_twice(void) {
    static world w;
    ls_errors errors;
    ls_errors_init(&errors);
    memset(&w, 0, sizeof w);
    snprintf(w.folder, sizeof w.folder, "%s/ls-crash-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(w.folder) != NULL);
    CHECK_INT(ls_pool_read(pool_text, strlen(pool_text), "model", NULL, &w.pool, &errors), LS_OK);
    for (uint32_t i = 0; i < ROUNDS && !harness_has_failed(); i++) {
        // Every write of the first life in turn, then every effect.
        play(&w, 1000 + i, i % 2 == 0 ? (int64_t)i / 2 : -1,
             i % 2 == 1 ? 1 + (int64_t)i / 2 % 30 : 0);
    }
    remove_files(&w);
    rmdir(w.folder);
    ls_pool_destroy(w.pool);
    ls_errors_clear(&errors);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_no_job_is_lost_and_none_begun_twice);
    return harness_report();
}
