// share_test.c - what is lent is shared by weight again, where the pool file says `restore-shares`.
//
// That the scheduler does it as its reference does is scheduler_reference_test.c.
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "pool/scheduler_inside.h"
#include "pool/testing/scene.h"
#include "pool/testing/small_pool.h"
#include "tests/harness.h"

#define MINUTE_US INT64_C(60000000)

#define PARK(more)                        \
    "pool: park\n"                        \
    "nodes: {count: 2, kind: dgx-h100}\n" \
    "reclaim: 10 min\n" more              \
    "accounts:\n"                         \
    "  castings: {weight: 1}\n"           \
    "  harness: {weight: 3}\n"

static void test_who_is_below_its_share_gets_it_back_in_time_up_to_two_gangs(void) {
    scene *s = scene_of(PARK("restore-shares: yes\n"));
    if (s == NULL) {
        return;
    }
    CHECK(s->pool->restore_shares);
    scene_jobs(s, 20, "castings", 1, 1, 100 * SCENE_H);
    scene_pass(s, SCENE_H);
    CHECK_INT(scene_held(s, "castings"), 16000);
    scene_jobs(s, 20, "harness", 1, 1, 100 * SCENE_H);
    scene_pass(s, 8 * SCENE_MIN);
    CHECK_INT(scene_held(s, "castings"), 16000);  // what gets free by itself costs nothing
    scene_pass(s, 2 * SCENE_MIN + SCENE_S);
    // 16 GPUs by weight 1 and 3 are 4 and 12. Castings gives as long as it keeps, by weight, what
    // harness has with the job and one more: at 5 of its own harness has 11.
    CHECK_INT(scene_held(s, "castings"), 5000);
    CHECK_INT(scene_held(s, "harness"), 11000);
    CHECK_INT(s->stop_count, 11);
    scene_pass(s, 20 * SCENE_H);  // and they come to rest
    CHECK_INT(s->stop_count, 11);
    scene_end(s);
}

static void test_it_is_not_done_where_the_file_does_not_say_so(void) {
    scene *s = scene_of(PARK(""));
    if (s == NULL) {
        return;
    }
    CHECK(!s->pool->restore_shares);
    scene_jobs(s, 20, "castings", 1, 1, 100 * SCENE_H);
    scene_decide(s);
    scene_jobs(s, 20, "harness", 1, 1, 100 * SCENE_H);
    scene_pass(s, 20 * SCENE_H);
    CHECK_INT(s->stop_count, 0);
    scene_end(s);
}

static void test_those_who_lose_least_give_and_no_guarantee_is_touched(void) {
    scene *s = scene_of(
        "pool: park\n"
        "nodes: {count: 2, kind: dgx-h100}\n"
        "reclaim: 10 min\n"
        "restore-shares: yes\n"
        "accounts:\n"
        "  castings: {guarantee: 8}\n"
        "  harness: {guarantee: 0}\n");
    if (s == NULL) {
        return;
    }
    scene_jobs(s, 8, "castings", 1, 1, 100 * SCENE_H);
    scene_pass(s, SCENE_H);
    ls_pool_request saving = scene_request(s, "castings", 1, 1);
    saving.saves = true;
    const uint32_t first = scene_submit(s, &saving, 100 * SCENE_H);
    for (uint32_t i = 1; i < 8; i++) {
        (void)scene_submit(s, &saving, 100 * SCENE_H);
    }
    scene_pass(s, SCENE_H);
    CHECK_INT(scene_running(s, first, 8), 8);
    const uint32_t one = scene_jobs(s, 10, "harness", 1, 1, 100 * SCENE_H);
    scene_pass(s, SCENE_H);
    // 8 are lent: 5 and 3, since a gang more stays with who gave.
    CHECK_INT(scene_running(s, one, 10), 3);
    CHECK_INT(scene_held(s, "castings"), 13000);
    CHECK_INT(scene_running(s, first, 8), 5);
    scene_end(s);
}

// ---- at random

enum { POOLS = 400, JOBS = 90, SLOTS = 256 };

typedef struct watch {
    uint64_t seed;
    uint64_t number[SLOTS];
    int64_t since_us[SLOTS];  // the job in this slot has somebody who must give; INT64_MAX: nobody
    uint64_t taken, spells, late, wrong;
    int64_t longest_us;
} watch;

// A job of one part in a leaf is below its share, and one job of another leaf is above it by enough
// to give, on a node that is kept for nobody.
static bool is_below(const ls_scheduler *s, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    for (uint32_t v = 0; v < s->job_count; v++) {
        const ls_pool_job *o = s->jobs + v;
        if (o->state != LS_POOL_JOB_RUNNING || o->request.account == j->request.account ||
            o->request.spot || !o->request.restartable || ls_stopped_was(s, v, job) ||
            s->nodes[o->shares[0].node].reserved != LS_POOL_NONE) {
            continue;
        }
        const uint32_t meet = ls_shares_meet(s->shares, o->request.account, j->request.account);
        const uint32_t gives = ls_shares_below(s->shares, meet, o->request.account);
        const uint32_t takes = ls_shares_below(s->shares, meet, j->request.account);
        const double most = ls_shares_above(s->shares, gives, takes, 0, milli);
        bool borrows = true;
        for (uint32_t up = o->request.account; up != meet; up = ls_shares_parent(s->shares, up)) {
            borrows &= ls_shares_borrowed(s->shares, up) > 0;
        }
        if (borrows && (double)ls_shape_milli(&o->request.shape) <= most) {
            return true;
        }
    }
    return false;
}

static void look(watch *w, const ls_scheduler *s, uint32_t job, bool head) {
    const ls_pool_job *j = s->jobs + job;
    if (w->number[job] != j->number) {
        w->number[job] = j->number;
        w->since_us[job] = INT64_MAX;
    }
    const bool claims = j->reserved != LS_POOL_NONE && s->reserved[j->reserved].claim;
    if (!head || claims || !is_below(s, job)) {
        w->since_us[job] = INT64_MAX;
        return;
    }
    w->spells += w->since_us[job] == INT64_MAX;
    w->since_us[job] = w->since_us[job] == INT64_MAX ? s->now_us : w->since_us[job];
    w->since_us[job] = w->since_us[job] > j->since_us ? w->since_us[job] : j->since_us;
    const int64_t reclaim_us = s->reclaim_us[j->request.account] - s->longest_stop_us;
    const int64_t most_us = reclaim_us > MINUTE_US ? reclaim_us : MINUTE_US;
    const int64_t waits_us = s->now_us - w->since_us[job];
    w->longest_us = waits_us > w->longest_us ? waits_us : w->longest_us;
    w->late += waits_us > most_us;
    if (waits_us > most_us && w->late == 1) {
        harness_note("LINESHAFT_SEED=%llu: job %llu is below its share for %lld s at %lld s",
                     (unsigned long long)w->seed, (unsigned long long)j->number,
                     (long long)(waits_us / 1000000), (long long)(s->now_us / 1000000));
    }
}

// Who gave for a share keeps a gang more by weight than who took has.
static void note_taken(watch *w, const ls_scheduler *s, const ls_pool_act *a) {
    const double gang = (double)ls_shape_milli(&s->jobs[a->for_job].request.shape);
    const double left = (double)a->gives_borrowed - (double)a->milli;
    const double has = ((double)a->takes_borrows + gang) / ls_shares_weight(s->shares, a->takes);
    w->taken++;
    if (left < has * ls_shares_weight(s->shares, a->gives) - 1e-6) {
        w->wrong++;
        harness_note("LINESHAFT_SEED=%llu: account %u gave %.0f of %.0f to %u, which then had %.0f",
                     (unsigned long long)w->seed, a->gives, (double)a->milli,
                     (double)a->gives_borrowed, a->takes, (double)a->takes_borrows);
    }
}

static void on_decide(void *context, int64_t now_us, const ls_scheduler *s) {
    watch *w = context;
    (void)now_us;
    for (uint32_t i = 0; i < s->act_count; i++) {
        const ls_pool_act *a = s->acts + i;
        if (a->kind == LS_POOL_STOP && a->why == LS_WHY_RECLAIM && a->takes_borrows > 0) {
            note_taken(w, s, a);
        }
    }
    for (uint32_t leaf = 1; leaf < s->def.account_count; leaf++) {
        uint32_t heads[SLOTS];
        const bool is_leaf = ls_shares_children(s->shares, leaf) == 0;
        const uint32_t count = is_leaf ? ls_waiting_heads(s->waiting, leaf, heads, SLOTS) : 0;
        for (uint32_t job = 0; job < s->job_count && job < SLOTS; job++) {
            bool head = false;
            for (uint32_t i = 0; i < count; i++) {
                head |= heads[i] == job;
            }
            if (s->jobs[job].state == LS_POOL_JOB_WAITING && s->jobs[job].request.account == leaf) {
                look(w, s, job, head);
            }
        }
    }
}

// Jobs of one part of one GPU, all of which may be stopped, so that a place is where a GPU is.
static bool next_job(void *context, ls_sim_job *out) {
    if (!small_pool_next(context, out)) {
        return false;
    }
    out->request.shape = (ls_shape){.parts = 1, .gpus = 1, .kinds = 1};
    out->request.restartable = true;
    out->work_us *= 4;
    out->request.most_us = out->work_us;
    return true;
}

static void test_a_share_is_restored_within_the_promised_time(void) {
    small_pool *pool = malloc(sizeof *pool);
    watch *w = malloc(sizeof *w);
    uint64_t taken = 0, spells = 0;
    int64_t longest_us = 0;
    for (uint64_t seed = 0; pool != NULL && w != NULL && seed < POOLS; seed++) {
        const small_pool_def def = {.seed = seed,
                                    .deep = seed % 2 == 0,
                                    .reclaim = seed % 3 > 0,
                                    .gangs = true,
                                    .shares = true};
        ls_sim_result r;
        ls_error err = {0};
        small_pool_make(pool, &def, JOBS, 2.0);
        memset(w, 0, sizeof *w);
        w->seed = seed;
        ls_sim_def sim = small_pool_sim(pool, INT64_C(100000000000));
        sim.load.next = next_job;
        sim.on_decide = on_decide;
        sim.context = w;
        CHECK_INT(ls_simulate(&sim, &r, &err), LS_OK);
        CHECK_INT(w->late, 0);
        CHECK_INT(w->wrong, 0);
        taken += w->taken;
        spells += w->spells;
        longest_us = w->longest_us > longest_us ? w->longest_us : longest_us;
    }
    harness_note("%llu below their share, %llu taken back, the longest %lld s",
                 (unsigned long long)spells, (unsigned long long)taken,
                 (long long)(longest_us / 1000000));
    CHECK(taken > POOLS / 4 && spells > POOLS / 4);  // else the pools show nothing
    free(pool);
    free(w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_who_is_below_its_share_gets_it_back_in_time_up_to_two_gangs);
    TEST(test_it_is_not_done_where_the_file_does_not_say_so);
    TEST(test_those_who_lose_least_give_and_no_guarantee_is_touched);
    TEST(test_a_share_is_restored_within_the_promised_time);
    return harness_report();
}
