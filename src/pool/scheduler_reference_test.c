// scheduler_reference_test.c - the scheduler and its reference decide the same, item by item, in
// every round of thousands of small random pools.
//
// Both are told the same by one small clock: jobs that come, end early or late, are cancelled, wait
// for others; nodes that break, are drained and come back. Who waits for whom is kept by after.h
// for the one, and by looking at all jobs for the other. LINESHAFT_SEED=N runs one pool alone and
// tells every act, LINESHAFT_TRIES=N so many of them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "pool/after.h"
#include "pool/testing/reference_scheduler.h"
#include "pool/testing/small_pool.h"
#include "tests/harness.h"

#define MINUTE_US INT64_C(60000000)

enum { POOLS = 1200, JOBS = 48, AFTER = 3, STREAM = 11, STREAM_AFTER = 12, STREAM_GPU = 13 };

typedef enum came_to { NOT_OVER, DONE, NOT_DONE } came_to;

typedef struct pair_job {
    ls_sim_job sim;
    uint32_t fast, slow;  // its ids
    ls_pool_job_state state;
    int64_t over_us;  // of a running one
    int64_t cancel_us;
    bool asked;                          // to stop
    uint32_t after[AFTER], after_count;  // places of others in the list
    bool held;
    came_to came;
} pair_job;

typedef struct pair {
    small_pool pool;
    uint64_t seed, drawn;
    ls_scheduler *fast;
    ls_reference_scheduler *slow;
    pair_job jobs[JOBS];
    uint32_t job_count;
    int64_t node_us[SMALL_NODES_MAX];  // when it changes its state next
    ls_node_state node_state[SMALL_NODES_MAX];
    bool failures, drains, cancels, late, depends, tell;
    ls_afters *afters;
    uint64_t drawn_after, held, gone, drawn_gpu, gpus_out;
    int64_t gpu_us;                     // when one of the GPUs goes out of service, or comes back
    uint32_t freed[JOBS], freed_count;  // by the slow way, in this instant
    int64_t now_us;
    uint64_t rounds, starts, promised, backfilled, stops, taken_back, yielded, moved, refused;
    bool differs;
} pair;

static double draw(pair *p) {
    return ls_random_uniform(p->seed, STREAM, p->drawn++);
}

static int64_t draw_span_us(pair *p, int64_t mean_us) {
    return 1 + (int64_t)(ls_random_exp_unit(p->seed, STREAM, p->drawn++) * (double)mean_us);
}

// ---- what came out of both

static const char *const whys[] = {"turn",   "backfill", "promised", "reclaim",
                                   "broken", "cancel",   "yield",    "move"};

// "start 12 (turn) on 3:0x3 4:0xc" with the numbers that both share.
static void act_text(const pair *p, const ls_pool_act *a, bool fast, char *out, size_t size) {
    uint32_t job = 0;
    uint32_t for_job = 0;
    for (uint32_t i = 0; i < p->job_count; i++) {
        const pair_job *j = p->jobs + i;
        const uint32_t id = fast ? j->fast : j->slow;
        const bool lives = j->state != LS_POOL_JOB_FREE;
        job = lives && id == a->job ? i + 1 : job;
        for_job = lives &&
                          (a->why == LS_WHY_RECLAIM || a->why == LS_WHY_YIELD ||
                           a->why == LS_WHY_MOVE) &&
                          id == a->for_job
                      ? i + 1
                      : for_job;
    }
    if (a->kind == LS_POOL_STOP) {
        snprintf(out, size, "stop %u (%s) for %u until %lld us", job, whys[a->why], for_job,
                 (long long)a->until_us);
        return;
    }
    int length = snprintf(out, size, "start %u (%s) on", job, whys[a->why]);
    for (uint32_t i = 0; job > 0 && i < p->jobs[job - 1].sim.request.shape.parts; i++) {
        length += snprintf(out + length, size - (size_t)length, " %u:0x%x", a->shares[i].node,
                           a->shares[i].gpus);
    }
}

static void say_difference(pair *p, const char *fast, const char *slow) {
    p->differs = true;
    harness_note(
        "seed %llu, round %llu at %lld us: the scheduler says '%s', the reference '%s'\n"
        "LINESHAFT_SEED=%llu build/tests/test-pool-scheduler-reference",
        (unsigned long long)p->seed, (unsigned long long)p->rounds, (long long)p->now_us, fast,
        slow, (unsigned long long)p->seed);
    CHECK_STR(fast, slow);
}

static void same(pair *p, const char *what, uint64_t fast, uint64_t slow) {
    char a[64];
    char b[64];
    if (fast != slow && !p->differs) {
        snprintf(a, sizeof a, "%s %llu", what, (unsigned long long)fast);
        snprintf(b, sizeof b, "%s %llu", what, (unsigned long long)slow);
        say_difference(p, a, b);
    }
}

// ---- what happens

static double draw_after(pair *p) {
    return ls_random_uniform(p->seed, STREAM_AFTER, p->drawn_after++);
}

// What an end means for those that wait for it: the slow way looks at all jobs.
static void came(pair *p, pair_job *j, bool done) {
    const uint32_t place = (uint32_t)(j - p->jobs);
    j->came = done ? DONE : NOT_DONE;
    ls_afters_over(p->afters, place + 1, done);
    for (uint32_t i = 0; i < p->job_count; i++) {
        pair_job *k = p->jobs + i;
        bool waits = false;
        bool all = true;
        for (uint32_t n = 0; k->held && n < k->after_count; n++) {
            waits |= k->after[n] == place;
            all = all && p->jobs[k->after[n]].came == DONE;
        }
        if (waits && (all || !done)) {
            k->held = false;
            p->freed[p->freed_count++] = i;
        }
    }
}

// It comes into the queue of both.
static void enter(pair *p, pair_job *j) {
    const ls_sim_job *sim = &j->sim;
    ls_error err = {0};
    const ls_status fast = ls_scheduler_submit(p->fast, p->now_us, &sim->request, &j->fast, &err);
    const ls_status slow = ls_reference_scheduler_submit(p->slow, p->now_us, &sim->request,
                                                         &j->slow, &err);
    p->refused += fast != LS_OK;
    same(p, "submit", fast, slow);
    if (p->tell) {
        const ls_shape *s = &sim->request.shape;
        printf(
            "%lld submit %td%s: account %u, %u parts of %u gpus %u milli, kinds %u, within %d "
            "must %d spread %d sites %llu, most %lld, stop %lld, restartable %d\n",
            (long long)p->now_us, j - p->jobs + 1, fast != LS_OK ? " refused" : "",
            sim->request.account, s->parts, s->gpus, s->milli, s->kinds, (int)s->within, s->must,
            s->spread, (unsigned long long)s->sites, (long long)sim->request.most_us,
            (long long)sim->request.stop_us, sim->request.restartable);
    }
    if (fast == LS_OK) {
        j->state = LS_POOL_JOB_WAITING;
    } else {
        came(p, j, false);
    }
}

// Those that are held no more, one after the other: what is freed by one that is given up comes
// behind.
static void let_in(pair *p) {
    ls_after_freed f;
    for (uint32_t i = 0; ls_afters_next(p->afters, &f); i++) {
        same(p, "freed", f.job, i < p->freed_count ? p->freed[i] + 1 : 0);
        if (p->differs) {
            return;
        }
        pair_job *j = p->jobs + f.job - 1;
        bool fails = false;
        for (uint32_t n = 0; n < j->after_count; n++) {
            fails |= p->jobs[j->after[n]].came == NOT_DONE;
        }
        same(p, "given up", f.failed != 0, fails);
        p->gone += fails;
        if (p->tell) {
            printf("%lld freed %llu%s\n", (long long)p->now_us, (unsigned long long)f.job,
                   fails ? ", given up" : "");
        }
        if (fails) {
            came(p, j, false);
        } else {
            enter(p, j);
        }
        if (i + 1 == p->freed_count) {
            p->freed_count = 0;
            i = UINT32_MAX;
        }
    }
    same(p, "freed in all", 0, p->freed_count);
}

// It waits for some of those before it.
static void depend(pair *p, pair_job *j) {
    uint64_t numbers[AFTER];
    ls_after_state state = LS_AFTER_DONE;
    uint64_t failed = 0;
    came_to worst = DONE;
    j->after_count = 1 + (uint32_t)(AFTER * draw_after(p));
    for (uint32_t n = 0; n < j->after_count; n++) {
        const double recent = draw_after(p) * 8.0;
        const uint32_t back = 1 + (uint32_t)(recent < p->job_count ? recent : p->job_count - 1);
        j->after[n] = p->job_count - (back < p->job_count ? back : p->job_count);
        numbers[n] = j->after[n] + 1;
        const came_to to = p->jobs[j->after[n]].came;
        worst = to == NOT_DONE || worst == NOT_DONE ? NOT_DONE : to == NOT_OVER ? to : worst;
    }
    CHECK_INT(
        ls_afters_hold(p->afters, p->job_count + 1, numbers, j->after_count, &state, &failed, NULL),
        LS_OK);
    same(p, "waits", state,
         worst == DONE       ? LS_AFTER_DONE
         : worst == NOT_OVER ? LS_AFTER_OPEN
                             : LS_AFTER_FAILED);
    j->held = state == LS_AFTER_OPEN;
    p->held += j->held;
    if (state == LS_AFTER_FAILED) {
        came(p, j, false);
    }
}

static void submit(pair *p, const ls_sim_job *sim) {
    pair_job *j = p->jobs + p->job_count;
    *j = (pair_job){.sim = *sim, .cancel_us = INT64_MAX};
    CHECK_INT(ls_afters_open(p->afters, p->job_count + 1, 1, NULL), LS_OK);
    if (p->depends && p->job_count > 0 && draw_after(p) < 0.4) {
        depend(p, j);
    }
    if (!j->held && j->came == NOT_OVER) {
        enter(p, j);
    }
    if (p->cancels && draw(p) < 0.2) {
        j->cancel_us = p->now_us + draw_span_us(p, 60 * MINUTE_US);
    }
    p->job_count++;
}

static void over(pair *p, pair_job *j) {
    const bool finished = !j->asked || draw(p) < 0.1;
    bool fast_waits = false;
    bool slow_waits = false;
    ls_error err = {0};
    same(p, "ended", ls_scheduler_ended(p->fast, p->now_us, j->fast, finished, &fast_waits, &err),
         ls_reference_scheduler_ended(p->slow, p->now_us, j->slow, finished, &slow_waits, &err));
    same(p, "waits again", fast_waits, slow_waits);
    if (p->tell) {
        printf("%lld over %td%s%s\n", (long long)p->now_us, j - p->jobs + 1,
               finished ? "" : " asked", fast_waits ? ", waits again" : "");
    }
    j->state = fast_waits ? LS_POOL_JOB_WAITING : LS_POOL_JOB_FREE;
    if (!fast_waits) {
        came(p, j, finished && !(p->depends && draw_after(p) < 0.1));
    }
}

static void cancel(pair *p, pair_job *j) {
    j->cancel_us = INT64_MAX;
    if (j->held) {
        j->held = false;
        ls_afters_drop(p->afters, (uint64_t)(j - p->jobs) + 1);
        came(p, j, false);
        return;
    }
    if (j->state == LS_POOL_JOB_FREE) {
        return;
    }
    if (p->tell) {
        printf("%lld cancel %td\n", (long long)p->now_us, j - p->jobs + 1);
    }
    ls_scheduler_cancel(p->fast, p->now_us, j->fast);
    ls_reference_scheduler_cancel(p->slow, p->now_us, j->slow);
    if (j->state == LS_POOL_JOB_WAITING) {
        j->state = LS_POOL_JOB_FREE;
        came(p, j, false);
    }
}

static void set_node(pair *p, uint32_t node, ls_node_state state) {
    uint32_t fast = LS_POOL_NONE;
    uint32_t slow = LS_POOL_NONE;
    ls_scheduler_node(p->fast, p->now_us, node, state, &fast);
    ls_reference_scheduler_node(p->slow, p->now_us, node, state, &slow);
    same(p, "spare", fast, slow);
    p->node_state[node] = ls_occupancy_state(ls_scheduler_occupancy(p->fast), node);
    if (fast != LS_POOL_NONE) {
        p->node_state[fast] = LS_NODE_UP;
    }
    if (p->tell) {
        printf("%lld node %u becomes %d (told %d), spare %d\n", (long long)p->now_us, node,
               (int)p->node_state[node], (int)state, (int)fast);
    }
}

static void change_node(pair *p, uint32_t node) {
    if (p->node_state[node] == LS_NODE_UP) {
        const bool drains = p->drains && (!p->failures || draw(p) < 0.5);
        set_node(p, node, drains ? LS_NODE_DRAINED : LS_NODE_BROKEN);
    } else if (p->node_state[node] == LS_NODE_DRAINED && p->failures && draw(p) < 0.3) {
        set_node(p, node, LS_NODE_BROKEN);
    } else if (p->node_state[node] != LS_NODE_SPARE) {
        set_node(p, node, LS_NODE_UP);
    }
    p->node_us[node] = p->now_us + draw_span_us(p, p->node_state[node] == LS_NODE_UP
                                                       ? 600 * MINUTE_US
                                                       : 60 * MINUTE_US);
}

// One GPU goes out of service, or comes back.
static void change_gpu(pair *p) {
    const double which = ls_random_uniform(p->seed, STREAM_GPU, p->drawn_gpu++);
    const uint32_t node = (uint32_t)(which * p->pool.cluster.node_count);
    const uint32_t gpus = p->pool.nodes[node].gpus;
    const double part = ls_random_uniform(p->seed, STREAM_GPU, p->drawn_gpu++);
    const double span = ls_random_exp_unit(p->seed, STREAM_GPU, p->drawn_gpu++);
    p->gpu_us = p->now_us + 1 + (int64_t)(span * (double)(40 * MINUTE_US));
    if (gpus > 0) {
        const uint32_t gpu = (uint32_t)(part * gpus);
        const bool in = ((ls_occupancy_out(ls_scheduler_occupancy(p->fast), node) >> gpu) & 1) != 0;
        if (!in && ls_random_uniform(p->seed, STREAM_GPU, p->drawn_gpu++) < 0.5) {
            ls_scheduler_gpu_breaks(p->fast, p->now_us, node, gpu);
            ls_reference_scheduler_gpu_breaks(p->slow, p->now_us, node, gpu);
        } else {
            ls_scheduler_gpu(p->fast, p->now_us, node, gpu, in);
            ls_reference_scheduler_gpu(p->slow, p->now_us, node, gpu, in);
        }
        p->gpus_out += !in;
        if (p->tell) {
            printf("%lld GPU %u of node %u is %s\n", (long long)p->now_us, gpu, node,
                   in ? "back" : "out");
        }
    }
}

// ---- the round

static void carry_out(pair *p, const ls_pool_act *a) {
    pair_job *j = p->jobs;
    while (j->state == LS_POOL_JOB_FREE || j->fast != a->job) {
        j++;
    }
    if (a->kind == LS_POOL_START) {
        const int64_t most_us = j->sim.request.most_us;
        const int64_t work_us = j->sim.work_us;
        j->state = LS_POOL_JOB_RUNNING;
        j->asked = false;
        j->over_us = p->now_us + (work_us < most_us ? work_us : most_us);
        if (p->late && draw(p) < 0.1) {
            j->over_us += 5 * MINUTE_US;  // longer than it may
        }
        p->starts++;
        for (uint32_t i = 0; i < j->sim.request.shape.parts; i++) {
            const ls_pool_share *share = a->shares + i;
            CHECK_INT(share->gpus & ls_occupancy_out(ls_scheduler_occupancy(p->fast), share->node),
                      0);
        }
        p->promised += a->why == LS_WHY_PROMISED;
        p->backfilled += a->why == LS_WHY_BACKFILL;
        return;
    }
    p->stops++;
    p->taken_back += a->why == LS_WHY_RECLAIM;
    p->yielded += a->why == LS_WHY_YIELD;
    p->moved += a->why == LS_WHY_MOVE;
    j->state = LS_POOL_JOB_STOPPING;
    j->asked = true;
    int64_t over_us = a->until_us;
    if (p->late && draw(p) < 0.2) {
        over_us += 2 * MINUTE_US;
    }
    j->over_us = over_us < j->over_us ? over_us : j->over_us;
}

static void decide(pair *p) {
    const ls_pool_act *fast = NULL;
    const ls_pool_act *slow = NULL;
    ls_status fast_status = LS_OK;
    ls_status slow_status = LS_OK;
    const uint32_t fast_count = ls_scheduler_decide(p->fast, p->now_us, &fast, &fast_status);
    const uint32_t slow_count = ls_reference_scheduler_decide(p->slow, p->now_us, &slow,
                                                              &slow_status);
    p->rounds++;
    for (uint32_t i = 0; i < fast_count || i < slow_count; i++) {
        char a[256] = "nothing more";
        char b[256] = "nothing more";
        if (i < fast_count) {
            act_text(p, fast + i, true, a, sizeof a);
        }
        if (i < slow_count) {
            act_text(p, slow + i, false, b, sizeof b);
        }
        if (p->tell) {
            printf("%lld %s%s%s\n", (long long)p->now_us, a, strcmp(a, b) == 0 ? "" : "  BUT  ",
                   strcmp(a, b) == 0 ? "" : b);
        }
        if (strcmp(a, b) != 0 && !p->differs) {
            say_difference(p, a, b);
        }
    }
    for (uint32_t i = 0; i < fast_count && !p->differs; i++) {
        carry_out(p, fast + i);
    }
}

static int64_t sooner(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static bool goes_on(const pair *p, const ls_sim_job *next, bool has_next, int64_t *out_us) {
    bool lives = has_next;
    int64_t at_us = has_next ? next->submit_us : INT64_MAX;
    for (uint32_t i = 0; i < p->job_count; i++) {
        const pair_job *j = p->jobs + i;
        lives |= j->state != LS_POOL_JOB_FREE;
        if (j->state == LS_POOL_JOB_RUNNING || j->state == LS_POOL_JOB_STOPPING) {
            at_us = sooner(at_us, j->over_us);
        }
        lives |= j->held;
        at_us = j->state != LS_POOL_JOB_FREE || j->held ? sooner(at_us, j->cancel_us) : at_us;
    }
    for (uint32_t i = 0; i < p->pool.cluster.node_count; i++) {
        at_us = sooner(at_us, p->node_us[i]);
    }
    at_us = sooner(at_us, p->gpu_us);
    at_us = sooner(at_us, ls_scheduler_wake(p->fast));
    *out_us = at_us;
    return lives && at_us < 10000 * MINUTE_US;
}

static void run(pair *p) {
    ls_sim_job next;
    bool has_next = small_pool_next(&p->pool, &next);
    int64_t at_us = 0;
    while (!p->differs && p->rounds < 5000 && goes_on(p, &next, has_next, &at_us)) {
        p->now_us = at_us > p->now_us ? at_us : p->now_us;
        for (uint32_t i = 0; i < p->job_count; i++) {
            pair_job *j = p->jobs + i;
            if ((j->state == LS_POOL_JOB_RUNNING || j->state == LS_POOL_JOB_STOPPING) &&
                j->over_us <= at_us) {
                over(p, j);
            }
            if (j->cancel_us <= at_us) {
                cancel(p, j);
            }
        }
        let_in(p);
        for (uint32_t i = 0; i < p->pool.cluster.node_count; i++) {
            if (p->node_us[i] <= at_us) {
                change_node(p, i);
            }
        }
        if (p->gpu_us <= at_us) {
            change_gpu(p);
        }
        while (has_next && next.submit_us <= at_us) {
            submit(p, &next);
            has_next = small_pool_next(&p->pool, &next);
        }
        let_in(p);
        decide(p);
    }
}

// One pool from its beginning to its end; what it was adds to the sums.
static void compare(uint64_t seed, bool tell, pair *sums) {
    pair *p = calloc(1, sizeof *p);
    const small_pool_def def = small_pool_any(seed);
    p->seed = seed;
    p->tell = tell;
    small_pool_make(&p->pool, &def, JOBS, 0.8 + draw(p));
    p->failures = draw(p) < 0.3;
    p->drains = draw(p) < 0.2;
    p->cancels = draw(p) < 0.4;
    p->late = draw(p) < 0.3;
    p->depends = draw_after(p) < 0.3;
    p->gpu_us = ls_random_uniform(p->seed, STREAM_GPU, p->drawn_gpu++) < 0.3 ? MINUTE_US
                                                                             : INT64_MAX;
    ls_scheduler_def scheduler = small_pool_sim(&p->pool, INT64_MAX).scheduler;
    const double policy = draw(p);
    scheduler.strict = policy < 0.1;
    scheduler.no_backfill = policy >= 0.1 && policy < 0.2;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_create(&scheduler, &p->fast, &err), LS_OK);
    CHECK_INT(ls_reference_scheduler_create(&scheduler, &p->slow, &err), LS_OK);
    CHECK_INT(ls_afters_create(true, &p->afters, &err), LS_OK);
    for (uint32_t i = 0; i < p->pool.cluster.node_count; i++) {
        p->node_us[i] = p->failures || p->drains ? draw_span_us(p, 600 * MINUTE_US) : INT64_MAX;
        if (p->pool.states[i] != LS_NODE_UP) {
            set_node(p, i, (ls_node_state)p->pool.states[i]);
        }
    }
    if (tell) {
        for (uint32_t i = 1; i < p->pool.account_count; i++) {
            const ls_share_terms *t = p->pool.terms + i;
            printf("account %u under %u, weight %.0f, guarantee", i, t->parent, t->weight);
            for (uint32_t k = 0; k <= SMALL_KINDS; k++) {
                printf(" %llu", (unsigned long long)t->guarantee[k]);
            }
            printf(", limit");
            for (uint32_t k = 0; k <= SMALL_KINDS; k++) {
                printf(" %lld", (long long)t->limit[k]);
            }
            printf("\n");
        }
        for (uint32_t i = 0; i < p->pool.cluster.node_count; i++) {
            const ls_pool_node *n = p->pool.nodes + i;
            printf("node %u: unit %u kind %u gpus %u state %d\n", i, n->unit, n->kind, n->gpus,
                   (int)p->node_state[i]);
        }
        printf("strict %d, no backfill %d\n", scheduler.strict, scheduler.no_backfill);
    }
    run(p);
    sums->rounds += p->rounds;
    sums->starts += p->starts;
    sums->promised += p->promised;
    sums->backfilled += p->backfilled;
    sums->stops += p->stops;
    sums->taken_back += p->taken_back;
    sums->yielded += p->yielded;
    sums->moved += p->moved;
    sums->refused += p->refused;
    sums->held += p->held;
    sums->gone += p->gone;
    sums->gpus_out += p->gpus_out;
    ls_afters_destroy(p->afters);
    ls_scheduler_destroy(p->fast);
    ls_reference_scheduler_destroy(p->slow);
    free(p);
}

static void test_the_scheduler_decides_as_its_reference_does(void) {
    const char *one = getenv("LINESHAFT_SEED");
    const char *tries = getenv("LINESHAFT_TRIES");
    const uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    const uint64_t count = one != NULL ? 1 : tries != NULL ? strtoull(tries, NULL, 10) : POOLS;
    pair sums = {0};
    for (uint64_t seed = first; seed < first + count && !harness_has_failed(); seed++) {
        compare(seed, one != NULL, &sums);
    }
    if (one == NULL && !harness_has_failed()) {
        // Or nothing was compared.
        harness_note(
            "%llu rounds, %llu starts, %llu promised, %llu backfilled, %llu stops, %llu "
            "taken back, %llu yielded, %llu moved, %llu refused, %llu held, %llu of them given up, "
            "%llu GPUs out",
            (unsigned long long)sums.rounds, (unsigned long long)sums.starts,
            (unsigned long long)sums.promised, (unsigned long long)sums.backfilled,
            (unsigned long long)sums.stops, (unsigned long long)sums.taken_back,
            (unsigned long long)sums.yielded, (unsigned long long)sums.moved,
            (unsigned long long)sums.refused, (unsigned long long)sums.held,
            (unsigned long long)sums.gone, (unsigned long long)sums.gpus_out);
        CHECK(sums.rounds > 50 * count);
        CHECK(sums.starts > 20 * count);
        CHECK(sums.promised > count);
        CHECK(sums.backfilled > count);
        CHECK(sums.taken_back > count / 2);
        CHECK(sums.yielded > count / 2);
        CHECK(sums.moved > count / 20);
        CHECK(sums.refused > 0);
        CHECK(sums.held > 2 * count);
        CHECK(sums.gone > count / 10);
        CHECK(sums.gpus_out > count);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_scheduler_decides_as_its_reference_does);
    return harness_report();
}
