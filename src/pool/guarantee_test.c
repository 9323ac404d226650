// guarantee_test.c - what an account is guaranteed it has, at random over many small pools: within
// the promised time where its jobs plainly fit, and never less than as a pool of its own by more
// than a gang. docs/POOL.md, "What that comes to", says both.
//
// LINESHAFT_SEED=N runs one pool alone, LINESHAFT_TRIES=N so many of them.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "pool/scheduler_inside.h"
#include "pool/testing/small_pool.h"
#include "tests/harness.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)

enum { POOLS = 2000, JOBS = 90, SLOTS = 256 };

static uint64_t first_seed(uint64_t *count) {
    const char *one = getenv("LINESHAFT_SEED");
    const char *tries = getenv("LINESHAFT_TRIES");
    *count = one != NULL ? 1 : tries != NULL ? strtoull(tries, NULL, 10) : POOLS;
    return one != NULL ? strtoull(one, NULL, 10) : 0;
}

// ---- within the promised time

// A job that is owed: it waits, all that it needs is within a guarantee, and it plainly fits.
typedef struct owed {
    uint64_t number;     // of the job in this slot
    int64_t since_us;    // it is owed; INT64_MAX: it is not
    int64_t claimed_us;  // others were told to stop for it; INT64_MAX: they were not
} owed;

typedef struct watch {
    uint64_t seed;
    owed jobs[SLOTS];
    uint64_t spells, gangs, claims, late, held_up;
    int64_t longest_us;
} watch;

static bool covers(const ls_scheduler *s, uint32_t account, uint32_t kind, uint64_t milli) {
    return ls_shares_borrowed_with(s->shares, account, kind, milli) == 0;
}

// Every account from the leaf up to below there lends to a job of that account; with `all`: even
// everything that it holds.
static bool lends(const ls_scheduler *s, uint32_t leaf, uint32_t account, uint32_t kind,
                  uint64_t milli, bool all) {
    if (leaf == account) {
        return false;
    }
    const uint32_t meet = ls_shares_meet(s->shares, leaf, account);
    if (!covers(s, ls_shares_below(s->shares, meet, account), kind, milli)) {
        return false;
    }
    for (uint32_t at = leaf; at != meet; at = ls_shares_parent(s->shares, at)) {
        const uint64_t borrowed = ls_shares_borrowed(s->shares, at);
        if (borrowed == 0 || (all && borrowed < ls_shares_held(s->shares, at))) {
            return false;
        }
    }
    return true;
}

// What is kept there is no hindrance: nothing, or a promise to a job that is within no guarantee,
// since none was given on its way to the top, and beside the account of which this job is.
static bool is_open(const ls_scheduler *s, uint32_t node, uint32_t account, uint32_t kind,
                    uint64_t milli) {
    const uint32_t at = s->nodes[node].reserved;
    if (at == LS_POOL_NONE) {
        return true;
    }
    const ls_reserved *r = s->reserved + at;
    const uint32_t other = s->jobs[r->job].request.account;
    const uint32_t meet = ls_shares_meet(s->shares, account, other);
    const uint32_t side = account != other ? ls_shares_below(s->shares, meet, account) : account;
    bool open = !r->claim && covers(s, side, kind, milli);
    for (uint32_t up = other; open && up != 0; up = ls_shares_parent(s->shares, up)) {
        for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
            open &= ls_shares_borrowed_with(s->shares, up, k, 1) > 0 &&
                    ls_shares_borrowed(s->shares, up) == ls_shares_held(s->shares, up);
        }
    }
    return open;
}

static uint64_t only;  // the job that may_go() is true of

static bool may_go(const void *context, const ls_scheduler *s, uint32_t job) {
    (void)context;
    return s->jobs[job].number == only;
}

// One part fits on the node now, or when one job alone is stopped there that may be.
static bool fits(const ls_scheduler *s, uint32_t job, uint32_t kind, uint32_t node, bool gang) {
    const ls_pool_job *j = s->jobs + job;
    const uint64_t milli = ls_shape_milli(&j->request.shape);
    if (s->nodes[node].kind != kind || !ls_plan_suits(s, &j->request.shape, node) ||
        !is_open(s, node, j->request.account, kind, milli)) {
        return false;
    }
    only = 0;
    bool good = ls_plan_parts(s, &j->request.shape, node, 1, may_go, NULL) > 0;
    uint32_t other = s->nodes[node].first_job;
    uint32_t part = s->nodes[node].first_part;
    while (other != LS_POOL_NONE && !good) {
        const ls_pool_job *o = s->jobs + other;
        only = o->number;
        good = o->state == LS_POOL_JOB_RUNNING && o->request.restartable &&
               !ls_stopped_was(s, other, job) &&
               lends(s, o->request.account, j->request.account, kind, milli, gang) &&
               ls_plan_parts(s, &j->request.shape, node, 1, may_go, NULL) > 0;
        const ls_pool_link *link = o->links + part;
        other = link->next_job;
        part = link->next_part;
    }
    return good;
}

// All who may be asked to give may give everything: else it depends on whom the others are.
static bool all_lend_all(const ls_scheduler *s, uint32_t account, uint32_t kind, uint64_t milli) {
    for (uint32_t leaf = 1; leaf < s->def.account_count; leaf++) {
        if (ls_shares_children(s->shares, leaf) == 0 &&
            lends(s, leaf, account, kind, milli, false) &&
            !lends(s, leaf, account, kind, milli, true)) {
            return false;
        }
    }
    return true;
}

static bool is_owed(const ls_scheduler *s, uint32_t job) {
    const ls_pool_request *r = &s->jobs[job].request;
    const uint64_t milli = ls_shape_milli(&r->shape);
    const bool gang = r->shape.parts > 1;
    if (milli == 0 || (gang && (r->shape.must || r->shape.spread))) {
        return false;
    }
    for (uint32_t k = 0; k < s->cluster->kind_count; k++) {
        bool within = false;
        for (uint32_t at = r->account; at != 0; at = ls_shares_parent(s->shares, at)) {
            within |= covers(s, at, k, milli);
        }
        if (((r->shape.kinds >> k) & 1) == 0 || !within || !all_lend_all(s, r->account, k, milli)) {
            continue;
        }
        uint32_t parts = 0;
        for (uint32_t n = 0; n < s->cluster->node_count && parts < r->shape.parts; n++) {
            parts += fits(s, job, k, n, gang);
        }
        if (parts == r->shape.parts) {
            return true;
        }
    }
    return false;
}

static void look(watch *w, const ls_scheduler *s, uint32_t job, bool head) {
    const ls_pool_job *j = s->jobs + job;
    owed *o = w->jobs + job;
    if (o->number != j->number) {
        *o = (owed){.number = j->number, .since_us = INT64_MAX, .claimed_us = INT64_MAX};
    }
    const bool claims = j->reserved != LS_POOL_NONE && s->reserved[j->reserved].claim;
    if (claims) {  // it starts when those have stopped
        if (o->claimed_us == INT64_MAX || o->claimed_us < j->since_us) {  // it may have run
            o->claimed_us = s->now_us;
            w->claims++;
        }
        o->since_us = INT64_MAX;
        w->held_up += s->now_us - o->claimed_us > s->longest_stop_us;
        return;
    }
    o->claimed_us = INT64_MAX;
    if (!head || !is_owed(s, job)) {
        o->since_us = INT64_MAX;
        return;
    }
    if (o->since_us == INT64_MAX) {
        o->since_us = s->now_us;
        w->spells++;
        w->gangs += j->request.shape.parts > 1;
    }
    o->since_us = o->since_us > j->since_us ? o->since_us : j->since_us;  // it may have run
    // Others have to stop in time.
    const int64_t reclaim_us = s->reclaim_us[j->request.account] - s->longest_stop_us;
    const int64_t most_us = reclaim_us > MINUTE_US ? reclaim_us : MINUTE_US;
    const int64_t owed_us = s->now_us - o->since_us;
    w->longest_us = owed_us > w->longest_us ? owed_us : w->longest_us;
    if (owed_us > most_us) {
        w->late++;
        if (w->late == 1) {
            harness_note("LINESHAFT_SEED=%llu: job %llu of account %u is owed for %lld s at %lld s",
                         (unsigned long long)w->seed, (unsigned long long)j->number,
                         j->request.account, (long long)(owed_us / SECOND_US),
                         (long long)(s->now_us / SECOND_US));
        }
    }
}

static void on_decide(void *context, int64_t now_us, const ls_scheduler *s) {
    watch *w = context;
    (void)now_us;
    for (uint32_t leaf = 1; leaf < s->def.account_count; leaf++) {
        uint32_t heads[SLOTS];
        const uint32_t count = ls_shares_children(s->shares, leaf) == 0
                                   ? ls_waiting_heads(s->waiting, leaf, heads, SLOTS)
                                   : 0;
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

static void test_what_fits_is_back_within_the_promised_time(void) {
    small_pool *pool = malloc(sizeof *pool);
    watch sums = {0};
    uint64_t count = 0;
    const uint64_t first = first_seed(&count);
    for (uint64_t seed = first; pool != NULL && seed < first + count; seed++) {
        small_pool_def def = small_pool_any(seed);
        def.limits = def.power = def.budgets = def.reserved = def.sites = false;
        def.reclaim = true;
        small_pool_make(pool, &def, JOBS, 1.5);
        ls_sim_def sim = small_pool_sim(pool, INT64_C(100000000000));
        watch w = {.seed = seed};
        ls_error err = {0};
        ls_sim_result r;
        sim.on_decide = on_decide;
        sim.context = &w;
        CHECK_INT(ls_simulate(&sim, &r, &err), LS_OK);
        CHECK_INT(w.late, 0);
        CHECK_INT(w.held_up, 0);
        sums.spells += w.spells;
        sums.gangs += w.gangs;
        sums.claims += w.claims;
        sums.longest_us = w.longest_us > sums.longest_us ? w.longest_us : sums.longest_us;
    }
    if (count >= POOLS) {  // else the pools show nothing
        harness_note("%llu owed, %llu of them gangs, %llu claims, the longest %lld s",
                     (unsigned long long)sums.spells, (unsigned long long)sums.gangs,
                     (unsigned long long)sums.claims, (long long)(sums.longest_us / SECOND_US));
        CHECK(sums.spells > count / 4 && sums.gangs > count / 200 && sums.claims > count);
    }
    free(pool);
}

// ---- as a pool of its own

enum { OWN_POOLS = 250, OWN_JOBS = 120, OWN_ACCOUNTS = 5, OWN_STEPS = 48 };
#define OWN_STEP_US (60 * MINUTE_US)

// A pool whose accounts stand right below it, and what they want: parts of one GPU each, so that a
// place is where GPUs are. A private pool is that of one of them, with what it is guaranteed.
typedef struct own {
    uint64_t seed, drawn;
    ls_gpu_kind kind;
    ls_pool_node nodes[SMALL_NODES_MAX];
    ls_cluster cluster;
    uint64_t guarantee[OWN_ACCOUNTS][2], limit[OWN_ACCOUNTS][2];
    int64_t reclaim_us[OWN_ACCOUNTS];
    ls_share_terms terms[OWN_ACCOUNTS];
    uint32_t gang[OWN_ACCOUNTS];  // the greatest of its jobs
    ls_sim_job jobs[OWN_JOBS];
    uint32_t next, only;  // only: the jobs of this account; 0: of all
    double held[OWN_STEPS][OWN_ACCOUNTS];
    uint32_t steps;
} own;

static uint32_t own_draw(own *o, uint32_t n) {
    return (uint32_t)(ls_random_uniform(o->seed, 12, o->drawn++) * n) % n;
}

static void own_cluster(own *o, uint32_t nodes, uint32_t gpus) {
    static const char *const name = "node";
    o->kind = (ls_gpu_kind){.name = "gpu", .watts = 1};
    for (uint32_t i = 0; i < nodes; i++) {
        o->nodes[i] = (ls_pool_node){.name = name, .unit = LS_POOL_NONE, .gpus = gpus};
    }
    o->cluster = (ls_cluster){.kinds = &o->kind,
                              .kind_count = 1,
                              .nodes = o->nodes,
                              .node_count = nodes,
                              .gpus = (uint64_t)nodes * gpus};
}

static void own_make(own *o, uint64_t seed) {
    memset(o, 0, sizeof *o);
    o->seed = seed;
    const uint32_t gpus = 1u << own_draw(o, 4);
    own_cluster(o, 2 + own_draw(o, 7), gpus);
    uint64_t left = o->cluster.gpus;
    for (uint32_t i = 0; i < OWN_ACCOUNTS; i++) {
        const uint64_t part = i > 1 && left > 0 ? own_draw(o, (uint32_t)left + 1) : 0;
        left -= part;
        o->guarantee[i][1] = part * LS_POOL_WHOLE;  // account 1 has none, and borrows
        o->limit[i][0] = o->limit[i][1] = UINT64_MAX;
        o->reclaim_us[i] = (1 + own_draw(o, 10)) * MINUTE_US;
        o->terms[i] = (ls_share_terms){
            .weight = 1.0 + own_draw(o, 3), .guarantee = o->guarantee[i], .limit = o->limit[i]};
    }
    int64_t at_us = 0;
    for (uint32_t i = 0; i < OWN_JOBS; i++) {
        const uint32_t account = 1 + own_draw(o, OWN_ACCOUNTS - 1);
        const uint64_t guaranteed = o->guarantee[account][1] / LS_POOL_WHOLE;
        const uint64_t most = guaranteed > 0 ? guaranteed : o->cluster.gpus;
        const uint32_t parts = 1 + own_draw(o, most < 6 ? (uint32_t)most : 6);
        const int64_t work_us = (1 + own_draw(o, 300)) * MINUTE_US;
        at_us += own_draw(o, 20) * MINUTE_US;
        o->gang[account] = parts > o->gang[account] ? parts : o->gang[account];
        o->jobs[i] = (ls_sim_job){.submit_us = at_us,
                                  .work_us = work_us,
                                  .tag = i,
                                  .request = {.account = account,
                                              .shape = {.parts = parts, .gpus = 1, .kinds = 1},
                                              .most_us = work_us * (1 + own_draw(o, 3)),
                                              .stop_us = own_draw(o, 3) * MINUTE_US / 2,
                                              .saves = true,
                                              .restartable = true}};
    }
}

// Until others have stopped for its jobs of by then: a minute at most, after half of one.
static double own_stops(const own *o, uint32_t account, int64_t by_us) {
    double sum = 0.0;
    for (uint32_t i = 0; i < OWN_JOBS; i++) {
        const ls_pool_request *r = &o->jobs[i].request;
        sum += r->account == account && o->jobs[i].submit_us < by_us
                   ? 1.5 * (double)MINUTE_US * r->shape.parts
                   : 0.0;
    }
    return sum;
}

static bool own_next(void *context, ls_sim_job *out) {
    own *o = context;
    while (o->next < OWN_JOBS && o->only != 0 && o->jobs[o->next].request.account != o->only) {
        o->next++;
    }
    if (o->next == OWN_JOBS) {
        return false;
    }
    *out = o->jobs[o->next++];
    return true;
}

static bool own_close(void *context, int64_t from_us, int64_t to_us, const ls_meter_row *rows,
                      const ls_meter_pool *pool) {
    own *o = context;
    (void)from_us;
    (void)to_us;
    (void)pool;
    for (uint32_t i = 0; i < OWN_ACCOUNTS; i++) {
        const double before = o->steps > 0 ? o->held[o->steps - 1][i] : 0.0;
        o->held[o->steps][i] = before + (double)rows[i].held / LS_POOL_WHOLE;
    }
    o->steps++;
    return true;
}

static void own_run(own *o) {
    ls_sim_def sim = {.scheduler = {.cluster = &o->cluster,
                                    .terms = o->terms,
                                    .account_count = OWN_ACCOUNTS,
                                    .reclaim_us = o->reclaim_us,
                                    .policy = LS_PLACE_OWN},
                      .load = {.next = own_next, .context = o},
                      .until_us = OWN_STEPS * OWN_STEP_US,
                      .close_us = OWN_STEP_US,
                      .on_close = own_close,
                      .context = o};
    ls_error err = {0};
    ls_sim_result r;
    o->next = 0;
    o->steps = 0;
    CHECK_INT(ls_simulate(&sim, &r, &err), LS_OK);
    CHECK_INT(o->steps, OWN_STEPS);
    CHECK_INT(r.refused, 0);
}

// By any hour what an account has held is no less than in a pool of its own, but for one gang, less
// a GPU, all the time, for what it is guaranteed until it was back, and for the times of stopping.
static void test_nobody_does_worse_than_in_a_pool_of_its_own_by_more_than_a_gang(void) {
    own *all = malloc(sizeof *all);
    own *alone = malloc(sizeof *alone);
    uint64_t count = 0, compared = 0, less = 0;
    double most = 0.0;
    const uint64_t first = first_seed(&count);
    count = count == POOLS ? OWN_POOLS : count;
    for (uint64_t seed = first; all != NULL && alone != NULL && seed < first + count; seed++) {
        own_make(all, seed);
        own_run(all);
        for (uint32_t account = 2; account < OWN_ACCOUNTS; account++) {
            const uint64_t gpus = all->guarantee[account][1] / LS_POOL_WHOLE;
            if (gpus == 0 || gpus > SMALL_NODES_MAX) {
                continue;
            }
            own_make(alone, seed);
            own_cluster(alone, (uint32_t)gpus, 1);
            alone->only = account;
            own_run(alone);
            const double back_us = (double)gpus * (double)all->reclaim_us[account];
            for (uint32_t i = 0; i < OWN_STEPS; i++) {
                const double lacks = alone->held[i][account] - all->held[i][account];
                const double gang = (double)(all->gang[account] - 1) * (i + 1.0) * OWN_STEP_US;
                const double may = gang + back_us + own_stops(all, account, (i + 1) * OWN_STEP_US);
                compared++;
                less += lacks > 0.0;
                most = lacks > most ? lacks : most;
                if (lacks > may) {
                    harness_note(
                        "LINESHAFT_SEED=%llu: account %u, %llu GPUs, lacks %.0f GPU "
                        "minutes after %u h",
                        (unsigned long long)seed, account, (unsigned long long)gpus,
                        lacks / (double)MINUTE_US, i + 1);
                    CHECK(lacks <= may);
                    break;
                }
            }
        }
    }
    harness_note("%llu hours compared, %llu with less, at most %.0f GPU minutes",
                 (unsigned long long)compared, (unsigned long long)less, most / (double)MINUTE_US);
    CHECK(count < OWN_POOLS || (compared > 10 * count && less > 0));  // else they show nothing
    free(all);
    free(alone);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_fits_is_back_within_the_promised_time);
    TEST(test_nobody_does_worse_than_in_a_pool_of_its_own_by_more_than_a_gang);
    return harness_report();
}
