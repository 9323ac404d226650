// kept_test.c - how long jobs were owed, by hand; steps of a simulated time on random small pools.
#include "pool/kept.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "pool/outcome.h"
#include "pool/series.h"
#include "pool/testing/small_pool.h"
#include "tests/harness.h"

#define S INT64_C(1000000)
#define GPU ((uint64_t)LS_POOL_WHOLE)

enum { TOP, GROUP, A, B, ACCOUNTS };
static const uint64_t none[2], eight[2] = {8 * LS_POOL_WHOLE, 0}, four[2] = {0, 4 * LS_POOL_WHOLE};
static const uint64_t no_limit[2] = {UINT64_MAX, UINT64_MAX};
static const ls_share_terms terms[] = {
    {.weight = 1.0, .guarantee = none, .limit = no_limit},
    {.weight = 1.0, .guarantee = eight, .limit = no_limit},
    {.parent = GROUP, .weight = 1.0, .guarantee = four, .limit = no_limit},
    {.parent = GROUP, .weight = 1.0, .guarantee = none, .limit = no_limit},
};
static const int64_t reclaim_us[] = {0, 60 * S, 60 * S, 90 * S};

typedef struct scene {
    ls_kept *kept;
    ls_shares *books;
} scene;

static void tell(scene *s, ls_sim_kind kind, uint32_t account, uint32_t gpus, int64_t at_us,
                 int64_t waited_us) {
    const ls_sim_job job = {
        .request = {.account = account, .shape = {.parts = 1, .gpus = gpus, .kinds = 1}}};
    if (kind == LS_SIM_STARTED) {
        ls_shares_add(s->books, account, 0, gpus * GPU);
    } else if (kind == LS_SIM_ENDED) {
        ls_shares_remove(s->books, account, 0, gpus * GPU);
    }
    const ls_sim_event e = {.kind = kind,
                            .job = &job,
                            .at_us = at_us,
                            .waited_us = waited_us,
                            .submitted_us = at_us - waited_us,
                            .books = s->books};
    ls_kept_event(s->kept, &e);
}

static void test_a_job_is_owed_from_when_the_guarantee_has_room(void) {
    scene s = {0};
    ls_error err = {0};
    CHECK_INT(ls_kept_create(terms, reclaim_us, ACCOUNTS, 1, &s.kept, &err), LS_OK);
    CHECK_INT(ls_shares_create(terms, ACCOUNTS, 1, &s.books, &err), LS_OK);
    const ls_kept_row *rows = ls_kept_rows(s.kept);
    tell(&s, LS_SIM_SUBMITTED, A, 4, 0, 0);
    tell(&s, LS_SIM_STARTED, A, 4, 50 * S, 50 * S);  // owed by A and by GROUP for 50 s
    CHECK_INT(rows[A].owed, 1);
    CHECK_INT(rows[A].late, 0);
    CHECK_INT(rows[A].most_us, 50 * S);
    CHECK_INT(rows[GROUP].owed, 1);
    // Another of A: its own 4 are used up; GROUP has 4 left, and 61 s are later than promised.
    tell(&s, LS_SIM_SUBMITTED, A, 4, 100 * S, 0);
    tell(&s, LS_SIM_STARTED, A, 4, 161 * S, 61 * S);
    CHECK_INT(rows[A].owed, 1);
    CHECK_INT(rows[GROUP].owed, 2);
    CHECK_INT(rows[GROUP].late, 1);
    // A third is owed by nobody, as long as the first runs; from 300 s on it is, for 59 s.
    tell(&s, LS_SIM_SUBMITTED, A, 4, 200 * S, 0);
    tell(&s, LS_SIM_ENDED, A, 4, 300 * S, 0);
    tell(&s, LS_SIM_STARTED, A, 4, 359 * S, 159 * S);
    CHECK_INT(rows[GROUP].owed, 3);
    CHECK_INT(rows[GROUP].late, 1);
    CHECK_INT(rows[GROUP].most_us, 61 * S);
    CHECK_INT(rows[A].owed, 1);  // its 4 were used up still by the second
    CHECK_NEAR(rows[GROUP].owed_sum_s, 50.0 + 61.0 + 59.0, 1e-9);
    // B is guaranteed nothing; GROUP owes it what A leaves, in B's own time of 90 s.
    tell(&s, LS_SIM_ENDED, A, 4, 400 * S, 0);
    tell(&s, LS_SIM_SUBMITTED, B, 2, 400 * S, 0);
    tell(&s, LS_SIM_STARTED, B, 2, 480 * S, 80 * S);
    CHECK_INT(rows[B].owed, 0);
    CHECK_INT(rows[GROUP].owed, 4);
    CHECK_INT(rows[GROUP].late, 1);
    // What waits still at the end counts when it is late already.
    tell(&s, LS_SIM_SUBMITTED, B, 1, 500 * S, 0);
    tell(&s, LS_SIM_SUBMITTED, B, 1, 580 * S, 0);
    tell(&s, LS_SIM_LEFT, B, 1, 600 * S, 100 * S);
    tell(&s, LS_SIM_LEFT, B, 1, 600 * S, 20 * S);
    CHECK_INT(rows[GROUP].owed, 5);
    CHECK_INT(rows[GROUP].late, 2);
    CHECK_INT(ls_kept_unwatched(s.kept), 0);
    for (uint32_t gpus = 1; gpus <= LS_KEPT_SIZES + 5; gpus++) {
        tell(&s, LS_SIM_SUBMITTED, B, gpus, 700 * S, 0);
    }
    CHECK_INT(ls_kept_unwatched(s.kept), 5);
    ls_kept_destroy(s.kept);
    ls_shares_destroy(s.books);
}

// ---- steps: beside the exact books of the same run

enum { POOLS = 60, JOBS = 120 };
#define UNTIL_US INT64_C(200000000000)
#define CLOSE_US INT64_C(7200000000)

typedef struct watched {
    ls_series series;
    ls_outcome outcome;
    ls_kept *kept;
    uint64_t wrong;
} watched;

static bool on_event(void *context, const ls_sim_event *e) {
    watched *w = context;
    ls_series_event(&w->series, e);
    ls_outcome_event(&w->outcome, e);
    ls_kept_event(w->kept, e);
    w->wrong += e->lost_us < e->stopping_us || e->stopping_us < 0;
    return true;
}

static void on_decide(void *context, int64_t now_us, const ls_scheduler *s) {
    watched *w = context;
    ls_series_decide(&w->series, now_us, s);
}

static bool on_close(void *context, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                     const ls_meter_pool *pool) {
    watched *w = context;
    ls_series_close(&w->series, from_us, to_us, rows, pool);
    ls_outcome_close(&w->outcome, rows, pool);
    const ls_series_step *s = w->series.rows + w->series.steps - 1;
    // Up is held or idle (what runs on nodes that are not up is held as well), and idle GPUs while
    // somebody waits are idle GPUs.
    const double held = ls_series_held(&w->series, w->series.steps - 1, 0);
    w->wrong += held + s->idle < s->up - 1e-9 || s->idle_waited > s->idle + 1e-6;
    w->wrong += s->from_us != from_us || s->to_us != to_us;
    return true;
}

static void test_steps_agree_with_the_books(void) {
    small_pool *pool = malloc(sizeof *pool);
    uint64_t stopped = 0, late = 0, owed = 0, waited = 0;
    for (uint64_t seed = 0; pool != NULL && seed < POOLS; seed++) {
        const small_pool_def def = {.seed = seed,
                                    .limits = (seed & 1) != 0,
                                    .fractions = (seed & 2) != 0,
                                    .gangs = (seed & 4) != 0,
                                    .kinds = (seed & 8) != 0};
        small_pool_make(pool, &def, JOBS, 1.2);
        ls_sim_def sim = small_pool_sim(pool, UNTIL_US);
        watched w = {0};
        ls_error err = {0};
        ls_sim_result r;
        const ls_share_terms *rows = sim.scheduler.terms;
        const uint32_t count = sim.scheduler.account_count;
        CHECK_INT(ls_series_make(sim.scheduler.cluster, rows, count, 0, UNTIL_US / CLOSE_US + 1,
                                 &w.series, &err),
                  LS_OK);
        CHECK_INT(ls_outcome_make(rows, count, &w.outcome, &err), LS_OK);
        CHECK_INT(ls_kept_create(rows, sim.scheduler.reclaim_us, count,
                                 sim.scheduler.cluster->kind_count, &w.kept, &err),
                  LS_OK);
        sim.on_event = on_event;
        sim.on_decide = on_decide;
        sim.on_close = on_close;
        sim.close_us = CLOSE_US;
        sim.context = &w;
        CHECK_INT(ls_simulate(&sim, &r, &err), LS_OK);
        CHECK_INT(w.wrong, 0);
        CHECK_INT(w.series.steps, (UNTIL_US + CLOSE_US - 1) / CLOSE_US);
        uint64_t started = 0, stops = 0;
        double held = 0.0;
        for (uint32_t i = 0; i < w.series.steps; i++) {
            const ls_series_step *s = w.series.rows + i;
            started += s->started;
            stops += s->stopped;
            held += ls_series_held(&w.series, i, 1) * (double)(s->to_us - s->from_us);
        }
        CHECK_INT(started, r.started);
        CHECK_INT(stops, r.stopped);
        const double exact = (double)w.outcome.rows[1].total.held / LS_POOL_WHOLE;
        CHECK_NEAR(held, exact, 1e-9 * exact + 1e-6);
        // What was lost is lost to something.
        const ls_outcome_row *top = w.outcome.rows;
        CHECK(top->lost_stopped + top->lost_stopping + top->lost_broken + top->lost_killed ==
              top->total.lost);
        for (uint32_t i = 1; i < count; i++) {
            owed += ls_kept_rows(w.kept)[i].owed;
            late += ls_kept_rows(w.kept)[i].late;
        }
        stopped += r.stopped;
        waited += w.series.idle_waited_all > 0;
        ls_series_clear(&w.series);
        ls_outcome_clear(&w.outcome);
        ls_kept_destroy(w.kept);
    }
    CHECK(stopped > 20 && owed > 100 && waited > 10);  // else the pools show nothing
    CHECK(late < owed);
    free(pool);
}

static void test_memory_that_runs_out_is_told(void) {
    static const ls_cluster cluster = {.kind_count = 1};
    bool done = false;
    for (int64_t after = 0; !done && after < 20; after++) {
        ls_kept *kept = NULL;
        ls_series series;
        ls_error err = {0};
        ls_alloc_fail_after(after);
        done = ls_kept_create(terms, reclaim_us, ACCOUNTS, 1, &kept, &err) == LS_OK;
        done = done && ls_series_make(&cluster, terms, ACCOUNTS, 0, 10, &series, &err) == LS_OK;
        ls_alloc_fail_after(-1);
        CHECK(done || err.status == LS_ERR_MEMORY);
        ls_kept_destroy(kept);
        if (done) {
            ls_series_clear(&series);
        }
    }
    CHECK(done);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_job_is_owed_from_when_the_guarantee_has_room);
    TEST(test_steps_agree_with_the_books);
    TEST(test_memory_that_runs_out_is_told);
    return harness_report();
}
