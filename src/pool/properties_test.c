// properties_test.c - two of the four properties of the scheduler (docs/POOL.md, "What holds
// always"), at random over many small pools with everything that a pool may have: what is idle and
// kept for nobody fits nobody who waits; nobody is stopped twice for the same job. The other two
// are guarantee_test.c.
//
// LINESHAFT_SEED=N runs one pool alone, LINESHAFT_TRIES=N so many of them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "pool/scheduler_inside.h"
#include "pool/testing/small_pool.h"
#include "tests/harness.h"

#define MINUTE_US INT64_C(60000000)

// Pools far out, each of which has shown a fault once.
static const uint64_t once[] = {2641, 2902, 3187, 3761, 7847};

enum { POOLS = 1500, JOBS = 90, STOPS = 512 };

static uint64_t first_seed(uint64_t *count) {
    const char *one = getenv("LINESHAFT_SEED");
    const char *tries = getenv("LINESHAFT_TRIES");
    *count = one != NULL ? 1 : tries != NULL ? strtoull(tries, NULL, 10) : POOLS;
    return one != NULL ? strtoull(one, NULL, 10) : 0;
}

// Somebody who was stopped, and for whom.
typedef struct stop {
    uint64_t victim, claimant;  // numbers of jobs
} stop;

typedef struct watch {
    uint64_t seed;
    uint64_t looked;                            // at somebody who waits while something is idle
    uint64_t kept, booked, limited, unpowered;  // what alone kept somebody away
    uint64_t idle_sets;                         // somebody fitted
    stop stops[STOPS];
    uint32_t stop_count;
    uint64_t twice, reclaims, yields, moves;
} watch;

// ---- no idle set fits

// The longest time of all jobs that fit or do not fit together with one of this.
static int64_t longest_alike_us(int64_t most_us) {
    int64_t us = MINUTE_US;
    while (us < most_us && us <= INT64_MAX / 2) {
        us *= 2;
    }
    return us < most_us ? INT64_MAX : us;
}

// Parts that fit on what is free there now, seen from what everybody may ask of an occupancy.
static uint32_t parts_free(const ls_scheduler *s, const ls_shape *shape, uint32_t node) {
    const ls_node_free free = ls_occupancy_node(s->occupancy, node);
    uint32_t parts = shape->spread ? 1 : shape->parts;
    if (shape->cpu_milli > 0 && free.cpu_milli / shape->cpu_milli < parts) {
        parts = free.cpu_milli / shape->cpu_milli;
    }
    if (shape->memory_mib > 0 && free.memory_mib / shape->memory_mib < parts) {
        parts = free.memory_mib / shape->memory_mib;
    }
    uint32_t room = parts;
    if (shape->milli > 0) {
        room = 0;
        for (uint32_t g = 0; g < s->cluster->nodes[node].gpus; g++) {
            room += ls_occupancy_gpu_free(s->occupancy, node, g) / shape->milli;
        }
    } else if (shape->gpus > 0) {
        room = free.wholes / shape->gpus;
    }
    return room < parts ? room : parts;
}

static bool suits(const ls_scheduler *s, const ls_shape *shape, uint32_t node, uint32_t kind) {
    const ls_pool_node *n = s->cluster->nodes + node;
    if (ls_occupancy_state(s->occupancy, node) != LS_NODE_UP) {
        return false;
    }
    if (kind != LS_POOL_NONE && n->kind != kind) {
        return false;
    }
    if (shape->gpu_mib > 0 && (shape->gpus > 0 || shape->milli > 0) &&
        s->cluster->kinds[n->kind].memory_mib < shape->gpu_mib) {
        return false;
    }
    const uint32_t site = s->nodes[node].site;
    return shape->sites == 0 || (site < 64 && ((shape->sites >> site) & 1) != 0);
}

// The units above it may draw so much more; LS_POOL_NONE: every unit of the pool.
static bool has_power(const ls_scheduler *s, uint32_t node, uint64_t watts) {
    for (uint32_t i = 0; i < s->power_count; i++) {
        const ls_pool_unit *u = s->cluster->units + s->power[i].unit;
        const bool above = node == LS_POOL_NONE ||
                           (node >= u->node_at && node - u->node_at < u->node_count);
        if (above && s->power[i].drawn + watts > s->power[i].room) {
            return false;
        }
    }
    return true;
}

// What a job could draw more, on the hungriest of its kinds.
static uint64_t most_watts(const ls_scheduler *s, const ls_shape *shape) {
    uint64_t most = 0;
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        const ls_gpu_kind *kind = s->cluster->kinds + k;
        const uint64_t extra = kind->watts - kind->idle_watts;
        most = ((shape->kinds >> k) & 1) != 0 && extra > most ? extra : most;
    }
    return most * shape->parts * (shape->milli > 0 ? 1 : shape->gpus);
}

// What stands between a job and a place.
typedef struct regard {
    bool kept, booked, power;
} regard;

// Nodes that several share who took them back are kept for each of them from the others.
static bool is_kept(const ls_scheduler *s, uint32_t job, uint32_t node, int64_t until_us) {
    const uint32_t at = s->nodes[node].reserved;
    const ls_reserved *r = at != LS_POOL_NONE ? s->reserved + at : NULL;
    const bool alone = r != NULL && r->job == job && s->jobs[job].next_claim == LS_POOL_NONE;
    return r != NULL && !alone && r->from_us < until_us;
}

// A place is there for the job, if nothing but what is regarded is in the way.
static bool fits_as(const ls_scheduler *s, uint32_t job, uint32_t kind, regard see) {
    const ls_pool_job *j = s->jobs + job;
    const ls_shape *shape = &j->request.shape;
    const int64_t until_us = ls_pool_later(s->now_us, longest_alike_us(j->request.most_us));
    const uint64_t watts = most_watts(s, shape);
    const ls_pool_level within = shape->must ? shape->within : LS_POOL_ANYWHERE;
    uint32_t sum = 0;
    uint32_t unit = LS_POOL_NONE;
    if (see.power && shape->parts > 1 && !has_power(s, LS_POOL_NONE, watts)) {
        return false;
    }
    for (uint32_t n = 0; n < s->cluster->node_count; n++) {
        const uint32_t at = within == LS_POOL_NODE       ? n
                            : within == LS_POOL_ANYWHERE ? 0
                                                         : ls_cluster_unit(s->cluster, n, within);
        sum = n > 0 && at == unit ? sum : 0;
        unit = at;
        if (!suits(s, shape, n, kind) || (see.power && !has_power(s, n, watts)) ||
            (see.kept && is_kept(s, job, n, until_us)) ||
            (see.booked && ls_booked_from(s, n, job, s->now_us, until_us) != LS_POOL_NONE)) {
            continue;
        }
        // On one node a part of a gang each, if it must be spread: there is one part alone then.
        sum += parts_free(s, shape, n);
        if (sum >= shape->parts) {
            return true;
        }
    }
    return false;
}

static bool fits_somewhere(const ls_scheduler *s, uint32_t job, uint32_t kinds, regard see) {
    if (s->jobs[job].request.shape.kinds == 0) {
        return fits_as(s, job, LS_POOL_NONE, see);
    }
    bool fits = false;
    for (uint32_t k = 0; k < s->cluster->kind_count && !fits; k++) {
        fits = ((kinds >> k) & 1) != 0 && fits_as(s, job, k, see);
    }
    return fits;
}

static void look(watch *w, const ls_scheduler *s, uint32_t job) {
    const ls_pool_job *j = s->jobs + job;
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    const regard nothing = {0}, all = {.kept = true, .booked = true, .power = true};
    const uint32_t asked = j->request.shape.kinds;
    if (!fits_somewhere(s, job, asked, nothing)) {
        return;
    }
    w->looked++;
    const bool claims = j->reserved != LS_POOL_NONE && s->reserved[j->reserved].claim;
    if (claims) {  // it counts already
        ls_shares_remove(s->shares, j->request.account, s->reserved[j->reserved].kind, milli);
    }
    uint32_t limit = LS_POOL_NONE;
    const uint32_t kinds = ls_scheduler_kinds(s, j, &limit);
    if (claims) {
        ls_shares_add(s->shares, j->request.account, s->reserved[j->reserved].kind, milli);
    }
    if (asked != 0 && kinds == 0) {
        w->limited++;
        return;
    }
    if (!fits_somewhere(s, job, kinds, nothing)) {
        return;  // kinds that a limit keeps it from
    }
    if (!fits_somewhere(s, job, kinds, all)) {
        regard but = all;
        but.kept = false;
        w->kept += fits_somewhere(s, job, kinds, but);
        but = all;
        but.booked = false;
        w->booked += fits_somewhere(s, job, kinds, but);
        but = all;
        but.power = false;
        w->unpowered += fits_somewhere(s, job, kinds, but);
        return;
    }
    w->idle_sets++;
    if (w->idle_sets == 1) {
        harness_note("LINESHAFT_SEED=%llu: job %llu of account %u waits at %lld s and has a place",
                     (unsigned long long)w->seed, (unsigned long long)j->number, j->request.account,
                     (long long)(s->now_us / 1000000));
    }
}

// ---- nobody is stopped twice for the same job

static void note_stop(watch *w, uint64_t victim, uint64_t claimant) {
    for (uint32_t i = 0; i < w->stop_count; i++) {
        if (w->stops[i].victim == victim && w->stops[i].claimant == claimant) {
            w->twice++;
            if (w->twice == 1) {
                harness_note("LINESHAFT_SEED=%llu: job %llu is stopped twice for job %llu",
                             (unsigned long long)w->seed, (unsigned long long)victim,
                             (unsigned long long)claimant);
            }
        }
    }
    if (w->stop_count < STOPS) {
        w->stops[w->stop_count++] = (stop){.victim = victim, .claimant = claimant};
    }
}

static void on_decide(void *context, int64_t now_us, const ls_scheduler *s) {
    watch *w = context;
    for (uint32_t i = 0; i < s->act_count; i++) {
        const ls_pool_act *a = s->acts + i;
        const bool for_job = a->kind == LS_POOL_STOP &&
                             (a->why == LS_WHY_RECLAIM || a->why == LS_WHY_YIELD ||
                              a->why == LS_WHY_MOVE);
        if (for_job) {
            w->reclaims += a->why == LS_WHY_RECLAIM;
            w->yields += a->why == LS_WHY_YIELD;
            w->moves += a->why == LS_WHY_MOVE;
            note_stop(w, s->jobs[a->job].number, s->jobs[a->for_job].number);
        }
    }
    if (ls_scheduler_wake(s) <= now_us) {
        return;  // the round of this moment that is to come may use what this one has freed
    }
    for (uint32_t job = 0; job < s->job_count; job++) {
        if (s->jobs[job].state == LS_POOL_JOB_WAITING) {
            look(w, s, job);
        }
    }
}

static void play(watch *w, small_pool *pool, uint64_t seed) {
    const small_pool_def def = small_pool_any(seed);
    ls_error err = {0};
    ls_sim_result r;
    small_pool_make(pool, &def, JOBS, 0.8 + 0.8 * ls_random_uniform(seed, 15, 0));
    ls_sim_def sim = small_pool_sim(pool, INT64_C(100000000000));
    memset(w, 0, sizeof *w);
    w->seed = seed;
    if (seed % 4 == 0) {
        sim.failures = (ls_sim_failures){.every_us = 900 * MINUTE_US, .repair_us = 60 * MINUTE_US};
    }
    sim.on_decide = on_decide;
    sim.context = w;
    CHECK_INT(ls_simulate(&sim, &r, &err), LS_OK);
    CHECK_INT(w->idle_sets, 0);
    CHECK_INT(w->twice, 0);
    CHECK(w->stop_count < STOPS);  // or some were not noted
}

static void add(watch *sums, const watch *w) {
    sums->looked += w->looked;
    sums->kept += w->kept;
    sums->booked += w->booked;
    sums->limited += w->limited;
    sums->unpowered += w->unpowered;
    sums->reclaims += w->reclaims;
    sums->yields += w->yields;
    sums->moves += w->moves;
}

static void test_nothing_idle_fits_who_waits_and_nobody_is_stopped_twice_for_one(void) {
    small_pool *pool = malloc(sizeof *pool);
    watch *w = malloc(sizeof *w);
    watch *sums = calloc(1, sizeof *sums);
    uint64_t count = 0;
    const uint64_t first = first_seed(&count);
    const bool good = pool != NULL && w != NULL && sums != NULL;
    CHECK(good);
    for (uint64_t i = 0; good && i < count; i++) {
        play(w, pool, first + i);
        add(sums, w);
    }
    for (size_t i = 0; good && count == POOLS && i < sizeof once / sizeof *once; i++) {
        play(w, pool, once[i]);
    }
    if (good && count >= POOLS) {  // else the pools show nothing
        harness_note(
            "%llu would fit but for: %llu kept nodes, %llu reservations, %llu limits, "
            "%llu power",
            (unsigned long long)sums->looked, (unsigned long long)sums->kept,
            (unsigned long long)sums->booked, (unsigned long long)sums->limited,
            (unsigned long long)sums->unpowered);
        harness_note("stopped for others: %llu taken back, %llu spot, %llu moved",
                     (unsigned long long)sums->reclaims, (unsigned long long)sums->yields,
                     (unsigned long long)sums->moves);
        CHECK(sums->kept > count && sums->booked > count / 10 && sums->limited > count);
        CHECK(sums->unpowered > count / 10 && sums->reclaims > count);
        CHECK(sums->yields > count && sums->moves > count / 50);
    }
    free(pool);
    free(w);
    free(sums);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_nothing_idle_fits_who_waits_and_nobody_is_stopped_twice_for_one);
    return harness_report();
}
