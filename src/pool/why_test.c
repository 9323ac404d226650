// why_test.c - why a job waits: what is said in plain cases, word for word; and on random pools
// that what is said is true: it starts when it is expected, and what would help does help.
#include "pool/why.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "pool/testing/small_pool.h"
#include "tests/harness.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US (60 * MINUTE_US)

// ---- plain cases: two racks of two nodes with four GPUs; suppliers with castings and harness, and
// a car maker

enum { TOP, SUPPLIERS, CASTINGS, HARNESS, MAKER, ACCOUNTS };

static const ls_gpu_kind kinds[] = {{.name = "b200", .memory_mib = 1000}};
static const ls_pool_unit units[] = {
    {.name = "rack1", .level = LS_POOL_RACK, .parent = LS_POOL_NONE, .node_count = 2},
    {.name = "rack2", .level = LS_POOL_RACK, .parent = LS_POOL_NONE, .node_at = 2, .node_count = 2},
};
static const ls_pool_node nodes[] = {
    {.name = "n1", .unit = 0, .gpus = 4},
    {.name = "n2", .unit = 0, .gpus = 4},
    {.name = "n3", .unit = 1, .gpus = 4},
    {.name = "n4", .unit = 1, .gpus = 4},
};
static const ls_cluster cluster = {.kinds = kinds,
                                   .kind_count = 1,
                                   .units = units,
                                   .unit_count = 2,
                                   .nodes = nodes,
                                   .node_count = 4,
                                   .gpus = 16};

static const uint64_t none[] = {UINT64_MAX, UINT64_MAX};
static const uint64_t at_most_6[] = {UINT64_MAX, 6000};
static const uint64_t nothing[] = {0, 0};
static const uint64_t of_8[] = {0, 8000};
static const uint64_t of_4[] = {0, 4000};

static const ls_share_terms terms[ACCOUNTS] = {
    [TOP] = {.weight = 1, .guarantee = nothing, .limit = none},
    [SUPPLIERS] = {.parent = TOP, .weight = 1, .guarantee = of_8, .limit = none},
    [CASTINGS] = {.parent = SUPPLIERS, .weight = 1, .guarantee = of_4, .limit = none},
    [HARNESS] = {.parent = SUPPLIERS, .weight = 1, .guarantee = of_4, .limit = at_most_6},
    [MAKER] = {.parent = TOP, .weight = 1, .guarantee = of_8, .limit = none},
};
static const int64_t reclaim_us[ACCOUNTS] = {10 * MINUTE_US, 10 * MINUTE_US, 10 * MINUTE_US,
                                             10 * MINUTE_US, 10 * MINUTE_US};
static const char *const names[] = {"", "suppliers", "suppliers.castings", "suppliers.harness",
                                    "maker"};

static const char *name_of(const void *context, uint32_t account) {
    (void)context;
    return names[account];
}

static const ls_why_names called = {.account = name_of};

static ls_scheduler *make(void) {
    const ls_scheduler_def def = {
        .cluster = &cluster, .terms = terms, .account_count = ACCOUNTS, .reclaim_us = reclaim_us};
    ls_scheduler *s = NULL;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_create(&def, &s, &err), LS_OK);
    return s;
}

static uint32_t submit(ls_scheduler *s, int64_t now_us, uint32_t account, uint32_t parts,
                       uint32_t gpus, int64_t most_us) {
    const ls_pool_request r = {.account = account,
                               .shape = {.parts = parts, .gpus = gpus, .kinds = 1},
                               .most_us = most_us,
                               .stop_us = MINUTE_US,
                               .restartable = true};
    uint32_t job = LS_POOL_NONE;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_submit(s, now_us, &r, &job, &err), LS_OK);
    return job;
}

static uint32_t decide(ls_scheduler *s, int64_t now_us, const ls_pool_act **out) {
    ls_status status = LS_OK;
    const uint32_t count = ls_scheduler_decide(s, now_us, out, &status);
    CHECK_INT(status, LS_OK);
    return count;
}

static ls_why ask(ls_scheduler *s, int64_t now_us, uint32_t job, const char *expected) {
    static char text[2048];
    ls_why why = {0};
    ls_error err = {0};
    CHECK_INT(ls_why_waits(s, job, now_us, &why, &err), LS_OK);
    const size_t length = ls_why_text(&why, &cluster, &called, text, sizeof text);
    CHECK_INT(length, strlen(text));
    CHECK_STR(text, expected);
    return why;
}

static void test_too_few_gpus_and_who_holds_them(void) {
    const ls_pool_act *acts = NULL;
    ls_scheduler *s = make();
    submit(s, 0, CASTINGS, 3, 4, 3 * HOUR_US);
    submit(s, HOUR_US, MAKER, 1, 2, INT64_MAX);
    CHECK_INT(decide(s, HOUR_US, &acts), 2);
    const uint32_t job = submit(s, HOUR_US, CASTINGS, 1, 4, HOUR_US);
    decide(s, HOUR_US, &acts);
    const ls_why why = ask(
        s, HOUR_US + 5 * MINUTE_US, job,
        "job 2 of suppliers.castings has waited for 5 min.\n"
        "It needs 4 GPUs; 2 of those that would do are free.\n"
        "  suppliers.castings holds 12 in 1 job and borrows 8; the oldest, job 0, began 5 min ago; "
        "all are over in 2 h 55 min at the latest.\n"
        "  maker holds 2 in 1 job; the oldest, job 1, began 5 min ago.\n"
        "Its guarantees are used up: it would borrow.\n"
        "Expected in 2 h 55 min at the latest: nodes are kept for it from then on, unless others "
        "take back what they are guaranteed.\n");
    CHECK_INT(why.what, LS_SHORT_GPUS);
    CHECK_INT(why.holder_count, 2);
    ls_scheduler_destroy(s);
}

static void test_a_limit_says_whose_and_by_how_much(void) {
    const ls_pool_act *acts = NULL;
    ls_scheduler *s = make();
    submit(s, 0, HARNESS, 1, 4, 2 * HOUR_US);
    CHECK_INT(decide(s, 0, &acts), 1);
    const uint32_t job = submit(s, 0, HARNESS, 1, 4, HOUR_US);
    CHECK_INT(decide(s, 0, &acts), 0);
    const ls_why why = ask(
        s, MINUTE_US, job,
        "job 1 of suppliers.harness has waited for 1 min.\n"
        "It needs 4 GPUs; the limit of suppliers.harness is 6, which leaves 2.\n"
        "  suppliers.harness holds 4 in 1 job; the oldest, job 0, began 1 min ago; all are over in "
        "1 h 59 min at the latest.\n"
        "It is within the guarantee of suppliers.\n"
        "Expected in 1 h 59 min, when enough jobs have reached their longest times, if nobody goes "
        "before it; sooner when they end sooner.\n"
        "What would help:\n"
        "  a limit of suppliers.harness greater by 2.\n");
    CHECK_INT(why.account, HARNESS);
    CHECK_INT(why.helps[0].milli, 2000);
    ls_scheduler_destroy(s);
}

static void test_enough_gpus_but_not_together(void) {
    const ls_pool_act *acts = NULL;
    ls_scheduler *s = make();
    for (uint32_t i = 0; i < 4; i++) {
        submit(s, 0, MAKER, 1, 3, INT64_MAX);
    }
    CHECK_INT(decide(s, 0, &acts), 4);
    const uint32_t job = submit(s, 0, MAKER, 2, 2, HOUR_US);
    CHECK_INT(decide(s, 0, &acts), 0);
    const ls_why why = ask(
        s, MINUTE_US, job,
        "job 4 of maker has waited for 1 min.\n"
        "4 GPUs that would do are free, and it needs 4, but no nodes have room for its parts.\n"
        "  maker holds 12 in 4 jobs and borrows 4; the oldest, job 0, began 1 min ago.\n"
        "Its guarantees are used up: it would borrow.\n"
        "When it starts is not known: what is in its way says no longest time.\n"
        "What would help:\n"
        "  4 parts of 1 GPU each, as many in all: they would start now.\n");
    CHECK_INT(why.what, LS_SHORT_NODES);
    ls_scheduler_destroy(s);
}

static void test_no_rack_has_them_all(void) {
    const ls_pool_act *acts = NULL;
    ls_scheduler *s = make();
    ls_pool_request r = {.account = MAKER,
                         .shape = {.parts = 2, .gpus = 2, .kinds = 1, .spread = true},
                         .most_us = INT64_MAX};
    uint32_t job = 0;
    ls_error err = {0};
    CHECK_INT(ls_scheduler_submit(s, 0, &r, &job, &err), LS_OK);  // two free in each rack
    CHECK_INT(decide(s, 0, &acts), 1);
    submit(s, 0, MAKER, 1, 4, INT64_MAX);
    submit(s, 0, MAKER, 1, 4, INT64_MAX);
    CHECK_INT(decide(s, 0, &acts), 2);
    r.shape.spread = false;
    r.shape.within = LS_POOL_RACK;
    r.shape.must = true;
    CHECK_INT(ls_scheduler_submit(s, 0, &r, &job, &err), LS_OK);
    CHECK_INT(decide(s, 0, &acts), 0);
    ask(s, 0, job,
        "job 3 of maker has waited for 0 s.\n"
        "4 GPUs that would do are free, and it needs 4, but no one rack has them all.\n"
        "  maker holds 12 in 3 jobs and borrows 4; the oldest, job 0, began now.\n"
        "Its guarantees are used up: it would borrow.\n"
        "When it starts is not known: what is in its way says no longest time.\n"
        "What would help:\n"
        "  to be placed over several units: it would start now.\n"
        "  1 part instead: it would start now.\n");
    r.shape.must = false;
    CHECK_INT(ls_scheduler_submit(s, 0, &r, &job, &err), LS_OK);
    CHECK_INT(decide(s, 0, &acts), 1);
    ls_scheduler_destroy(s);
}

static void test_a_stop_says_who_gives_back_what_to_whom(void) {
    const ls_pool_act *acts = NULL;
    char text[512];
    ls_scheduler *s = make();
    submit(s, 0, CASTINGS, 4, 4, 3 * HOUR_US);
    CHECK_INT(decide(s, 0, &acts), 1);
    const uint32_t job = submit(s, 0, MAKER, 1, 4, HOUR_US);
    decide(s, 0, &acts);
    ls_why why = ask(
        s, 0, job,
        "job 1 of maker has waited for 0 s.\n"
        "It needs 4 GPUs; 0 of those that would do are free.\n"
        "  suppliers.castings holds 16 in 1 job and borrows 12; the oldest, job 0, began now; all "
        "are over in 3 h at the latest.\n"
        "It is within the guarantee of maker: what others borrow is promised back in 10 min at "
        "the latest.\n"
        "Expected in 10 min: by then it is taken back.\n");
    CHECK_INT(why.back_us, 10 * MINUTE_US);
    CHECK_INT(decide(s, 9 * MINUTE_US, &acts), 1);
    CHECK_INT(acts[0].kind, LS_POOL_STOP);
    ls_why_act_text(s, acts, &called, text, sizeof text);
    CHECK_STR(text,
              "job 0 of suppliers.castings gives back 16 GPUs (b200) to job 1 of maker, in 1 min "
              "at the latest: suppliers borrows 8, maker nothing with it.");
    why = ask(s, 9 * MINUTE_US, job,
              "job 1 of maker has waited for 9 min.\n"
              "Its place is being given back: others were told to stop for it.\n"
              "  suppliers.castings holds 16 in 1 job; the oldest, job 0, began 9 min ago; all are "
              "over in 1 min at the latest.\n"
              "It is within the guarantee of maker.\n"
              "Expected in 1 min at the latest: those that were told to stop are over by then.\n");
    CHECK_INT(why.what, LS_SHORT_STOPPING);
    ls_scheduler_destroy(s);
}

// ---- random pools

enum { POOLS = 400, JOBS = 40, STREAM = 13 };

typedef struct known {
    uint32_t id;
    ls_pool_job_state state;
    int64_t over_us;
} known;

typedef struct world {
    small_pool pool;
    ls_scheduler *s;
    known jobs[2 * JOBS];
    uint32_t count;
    int64_t now_us;
    uint64_t seed, drawn, hash;
    uint32_t started;  // in the last round: the job, LS_POOL_NONE: not the one that is looked for
    uint32_t watched;
    bool as_long_as_they_may;
    bool moved;                     // somebody was, for another
    bool gave[2 * JOBS][2 * JOBS];  // stopped for that one, which has not started since
    uint64_t given_back, given_twice;
} world;

static uint32_t draw(world *w, uint32_t count) {
    return (uint32_t)(ls_random_uniform(w->seed, STREAM, w->drawn++) * count);
}

static void mix(world *w, uint64_t value) {
    w->hash = (w->hash ^ value) * 0x100000001b3u;
    w->hash ^= w->hash >> 29;
}

static known *find(world *w, uint32_t id) {
    for (uint32_t i = w->count; i > 0; i--) {
        if (w->jobs[i - 1].id == id && w->jobs[i - 1].state != LS_POOL_JOB_FREE) {
            return w->jobs + i - 1;
        }
    }
    return NULL;
}

static void decide_all(world *w) {
    const ls_pool_act *acts = NULL;
    const uint32_t count = decide(w->s, w->now_us, &acts);
    for (uint32_t i = 0; i < count; i++) {
        known *k = find(w, acts[i].job);
        const ls_pool_request *r = ls_scheduler_request(w->s, acts[i].job);
        mix(w, (uint64_t)acts[i].kind << 60 ^ (uint64_t)w->now_us << 8 ^ acts[i].job);
        w->moved |= acts[i].why == LS_WHY_MOVE;
        if (acts[i].why == LS_WHY_RECLAIM) {
            bool *gave = &w->gave[k - w->jobs][find(w, acts[i].for_job) - w->jobs];
            w->given_twice += *gave;
            w->given_back++;
            *gave = true;
        }
        for (uint32_t v = 0; v < w->count && acts[i].kind == LS_POOL_START; v++) {
            w->gave[v][k - w->jobs] = false;  // its need is met
        }
        if (acts[i].kind == LS_POOL_STOP) {
            k->over_us = acts[i].until_us < k->over_us ? acts[i].until_us : k->over_us;
            k->state = LS_POOL_JOB_STOPPING;
            continue;
        }
        w->started = acts[i].job == w->watched ? acts[i].job : w->started;
        k->state = LS_POOL_JOB_RUNNING;
        const int64_t drawn_us = MINUTE_US * (1 + draw(w, 90));
        const bool longest = w->as_long_as_they_may || drawn_us > r->most_us;
        k->over_us = !longest                  ? w->now_us + drawn_us
                     : r->most_us == INT64_MAX ? INT64_MAX
                                               : w->now_us + r->most_us;
    }
}

// The next job is over, or the scheduler wants to be asked. False: nothing by then.
static bool pass(world *w, int64_t until_us) {
    known *next = NULL;
    for (uint32_t i = 0; i < w->count; i++) {
        known *k = w->jobs + i;
        if ((k->state == LS_POOL_JOB_RUNNING || k->state == LS_POOL_JOB_STOPPING) &&
            (next == NULL || k->over_us < next->over_us)) {
            next = k;
        }
    }
    const int64_t wake_us = ls_scheduler_wake(w->s);
    const int64_t over_us = next != NULL ? next->over_us : INT64_MAX;
    const int64_t next_us = wake_us < over_us ? wake_us : over_us;
    if (next_us == INT64_MAX || next_us > until_us) {
        return false;
    }
    if (wake_us < over_us) {
        w->now_us = wake_us > w->now_us ? wake_us : w->now_us;
        return true;
    }
    w->now_us = next->over_us > w->now_us ? next->over_us : w->now_us;
    for (uint32_t i = 0; i < w->count; i++) {  // all that are over at once
        known *k = w->jobs + i;
        if ((k->state == LS_POOL_JOB_RUNNING || k->state == LS_POOL_JOB_STOPPING) &&
            k->over_us <= w->now_us) {
            bool again = false;
            ls_error err = {0};
            CHECK_INT(ls_scheduler_ended(w->s, w->now_us, k->id, k->state == LS_POOL_JOB_RUNNING,
                                         &again, &err),
                      LS_OK);
            k->state = again ? LS_POOL_JOB_WAITING : LS_POOL_JOB_FREE;
        }
    }
    return true;
}

// Everybody who waits is asked; the answers go into nothing that goes on.
static void ask_all(world *w) {
    static char text[4096];
    for (uint32_t i = 0; i < w->count; i++) {
        ls_why why = {0};
        ls_error err = {0};
        if (w->jobs[i].state == LS_POOL_JOB_WAITING) {
            CHECK_INT(ls_why_waits(w->s, w->jobs[i].id, w->now_us, &why, &err), LS_OK);
            CHECK(why.what != LS_SHORT_NOTHING);  // it would have started
            CHECK(ls_why_text(&why, &w->pool.cluster, NULL, text, sizeof text) < sizeof text);
        }
    }
}

// Runs a pool until somebody waits after so many rounds.
static world *open_world(uint64_t seed, bool asks, bool longest) {
    world *w = calloc(1, sizeof *w);
    small_pool_def def = small_pool_any(seed);
    ls_error err = {0};
    w->seed = seed;
    w->watched = w->started = LS_POOL_NONE;
    w->as_long_as_they_may = longest;
    small_pool_make(&w->pool, &def, JOBS, 1.2);
    ls_sim_def sim = small_pool_sim(&w->pool, INT64_MAX);
    int64_t back_us[SMALL_ACCOUNTS_MAX];
    for (uint32_t i = 0; i < SMALL_ACCOUNTS_MAX; i++) {
        back_us[i] = 30 * MINUTE_US;
    }
    sim.scheduler.reclaim_us = back_us;
    CHECK_INT(ls_scheduler_create(&sim.scheduler, &w->s, &err), LS_OK);
    for (uint32_t i = 0; i < w->pool.cluster.node_count; i++) {
        uint32_t spare = LS_POOL_NONE;
        ls_scheduler_node(w->s, 0, i, (ls_node_state)w->pool.states[i], &spare);
    }
    ls_sim_job job;
    const uint32_t jobs = JOBS / 4 + draw(w, JOBS / 2);
    for (uint32_t i = 0; i < jobs && small_pool_next(&w->pool, &job); i++) {
        uint32_t id = 0;
        if (ls_scheduler_submit(w->s, w->now_us, &job.request, &id, &err) == LS_OK) {
            w->jobs[w->count++] = (known){.id = id, .state = LS_POOL_JOB_WAITING};
        }
        if (draw(w, 2) == 0) {
            decide_all(w);
            if (asks) {
                ask_all(w);
            }
        }
        if (draw(w, 4) == 0) {
            pass(w, w->now_us + HOUR_US);
        }
    }
    decide_all(w);
    while (ls_scheduler_wake(w->s) <= w->now_us) {
        decide_all(w);
    }
    return w;
}

static void close_world(world *w) {
    ls_scheduler_destroy(w->s);
    free(w);
}

static known *somebody_who_waits(world *w) {
    const uint32_t from = draw(w, w->count);
    for (uint32_t i = 0; i < w->count; i++) {
        known *k = w->jobs + (from + i) % w->count;
        if (k->state == LS_POOL_JOB_WAITING) {
            return k;
        }
    }
    return NULL;
}

static void test_asking_changes_nothing(void) {
    for (uint64_t seed = 0; seed < POOLS / 4; seed++) {
        world *w = open_world(seed, false, false);
        world *asked = open_world(seed, true, false);
        CHECK(w->hash == asked->hash);
        close_world(w);
        close_world(asked);
    }
}

// All who wait are gone but one (NULL: all), and who is promised something.
static void cancel_others(world *w, const known *but) {
    for (uint32_t i = 0; i < w->count; i++) {
        known *k = w->jobs + i;
        if (k != but && k->state == LS_POOL_JOB_WAITING) {
            ls_scheduler_cancel(w->s, w->now_us, k->id);
            k->state = LS_POOL_JOB_FREE;
        }
    }
}

static void test_a_job_starts_when_it_is_expected_if_nobody_else_comes(void) {
    uint64_t checked = 0, planned = 0, unknown = 0, taken_back = 0, months = 0;
    uint64_t unsure = 0;
    for (uint64_t seed = 0; seed < POOLS; seed++) {
        world *w = open_world(seed, false, true);
        const known *job = somebody_who_waits(w);
        if (job == NULL) {
            close_world(w);
            continue;
        }
        cancel_others(w, job);
        w->watched = job->id;
        ls_why why = {0};
        ls_error err = {0};
        if (ls_scheduler_promise(w->s, job->id) == INT64_MAX) {
            CHECK_INT(ls_why_waits(w->s, job->id, w->now_us, &why, &err), LS_OK);
            const int64_t asked_us = w->now_us;
            bool stopped = false;
            decide_all(w);
            while (
                w->started == LS_POOL_NONE &&
                pass(w, why.expected_us < INT64_MAX ? why.expected_us : asked_us + 20 * HOUR_US)) {
                for (uint32_t i = 0; i < w->count; i++) {  // its jobs do not come again
                    stopped |= w->jobs[i].state == LS_POOL_JOB_STOPPING;
                }
                cancel_others(w, job);
                decide_all(w);
            }
            const bool known_time = why.expected_us < INT64_MAX;
            if (why.expected == LS_EXPECTED_MONTH) {  // other budgets may be used up by then
                CHECK(w->started == LS_POOL_NONE || w->now_us >= why.expected_us);
                months++;
            } else if (w->pool.def.budgets || w->pool.def.power) {
                unsure++;
            } else if (!stopped && w->started == LS_POOL_NONE) {
                CHECK(!known_time);
                if (known_time) {
                    harness_note("seed %llu: %s %s at %lld, asked %lld, ended %lld",
                                 (unsigned long long)seed, ls_short_word(why.what),
                                 ls_expected_word(why.expected), (long long)why.expected_us,
                                 (long long)asked_us, (long long)w->now_us);
                }
            } else if (!stopped && why.expected == LS_EXPECTED_PLAN) {
                if (w->moved) {  // others made room sooner
                    CHECK(w->now_us <= why.expected_us);
                } else {
                    CHECK_INT(w->now_us, why.expected_us);
                }
                planned++;
            } else if (why.expected == LS_EXPECTED_RECLAIM) {
                CHECK(w->now_us <= why.expected_us);
                taken_back += stopped;
            }
            unknown += !known_time;
            checked++;
        }
        close_world(w);
    }
    harness_note("%llu jobs, %llu planned, %llu taken back, %llu of no known time",
                 (unsigned long long)checked, (unsigned long long)planned,
                 (unsigned long long)taken_back, (unsigned long long)unknown);
    CHECK(checked > POOLS / 4 && planned > POOLS / 16 && unknown > 0 && taken_back > 0 &&
          months > 0 && unsure < checked * 3 / 4);
}

// What would help, done: a job like it with that changed starts in the same moment.
static void test_what_is_said_to_help_does_help(void) {
    uint64_t helped[LS_HELP_GUARANTEE + 1] = {0};
    for (uint64_t seed = 0; seed < 2 * POOLS; seed++) {
        world *w = open_world(seed, false, false);
        const known *job = somebody_who_waits(w);
        ls_why why = {0};
        ls_error err = {0};
        if (job == NULL || ls_scheduler_promise(w->s, job->id) != INT64_MAX) {
            close_world(w);
            continue;
        }
        CHECK_INT(ls_why_waits(w->s, job->id, w->now_us, &why, &err), LS_OK);
        ls_pool_request r = *ls_scheduler_request(w->s, job->id);
        ls_help help = why.helps[0];
        for (uint32_t i = 1; i < why.help_count; i++) {  // one that was seldom tried
            help = helped[why.helps[i].what] < helped[help.what] ? why.helps[i] : help;
        }
        r.most_us = help.what == LS_HELP_TIME ? help.us : r.most_us;
        r.shape.must = r.shape.must && help.what != LS_HELP_ANYWHERE;
        if (help.what == LS_HELP_SMALLER) {
            const uint32_t by = help.parts / r.shape.parts;
            r.shape.cpu_milli /= by;
            r.shape.memory_mib /= by;
        }
        if (help.what == LS_HELP_SMALLER || help.what == LS_HELP_PARTS) {
            r.shape.parts = help.parts;
            r.shape.gpus = help.gpus;
        }
        r.shape.kinds = help.what == LS_HELP_KINDS ? (uint32_t)1 << help.kind : r.shape.kinds;
        const bool starts = why.help_count > 0 && help.what != LS_HELP_LIMIT &&
                            help.what != LS_HELP_BUDGET && help.what != LS_HELP_GUARANTEE;
        for (uint32_t i = 0; i < w->count; i++) {  // but those who are promised something
            known *k = w->jobs + i;
            if (k->state == LS_POOL_JOB_WAITING && ls_scheduler_promise(w->s, k->id) == INT64_MAX) {
                ls_scheduler_cancel(w->s, w->now_us, k->id);
                k->state = LS_POOL_JOB_FREE;
            }
        }
        if (starts) {
            known *k = w->jobs + w->count++;
            k->state = LS_POOL_JOB_WAITING;
            CHECK_INT(ls_scheduler_submit(w->s, w->now_us, &r, &k->id, &err), LS_OK);
            w->watched = k->id;
            decide_all(w);
            CHECK_INT(w->started, k->id);
            helped[help.what]++;
            if (harness_has_failed()) {
                harness_note("seed %llu, %s", (unsigned long long)seed, ls_help_word(help.what));
                close_world(w);
                return;
            }
        }
        close_world(w);
    }
    for (uint32_t i = LS_HELP_PARTS; i < LS_HELP_GUARANTEE; i++) {
        harness_note("%s %llu", ls_help_word((ls_help_kind)i), (unsigned long long)helped[i]);
        CHECK(helped[i] > 0);
    }
}

// What the pool promises, on random pools, to their ends.

static void test_no_idle_set_fits_a_pending_job_unless_a_named_reservation_holds_it(void) {
    uint64_t asked = 0, held = 0;
    for (uint64_t seed = 0; seed < POOLS; seed++) {
        world *w = open_world(seed, false, false);
        for (uint32_t round = 0; round < 20; round++) {
            for (uint32_t i = 0; i < w->count; i++) {
                ls_why why = {0};
                ls_error err = {0};
                if (w->jobs[i].state != LS_POOL_JOB_WAITING) {
                    continue;
                }
                CHECK_INT(ls_why_waits(w->s, w->jobs[i].id, w->now_us, &why, &err), LS_OK);
                CHECK(why.what != LS_SHORT_NOTHING && why.what != LS_SHORT_TURN);
                CHECK(why.what != LS_SHORT_PROMISED || why.for_job != LS_POOL_NONE);
                CHECK(why.what != LS_SHORT_RESERVED || why.reservation != LS_POOL_NONE);
                held += why.what == LS_SHORT_PROMISED || why.what == LS_SHORT_RESERVED;
                asked++;
            }
            if (!pass(w, w->now_us + 20 * HOUR_US)) {
                break;
            }
            decide_all(w);
        }
        close_world(w);
        if (harness_has_failed()) {
            harness_note("seed %llu", (unsigned long long)seed);
            return;
        }
    }
    CHECK(asked > 10 * POOLS && held > POOLS / 4);
}

static void test_nobody_is_stopped_twice_for_the_same_need(void) {
    uint64_t given_back = 0;
    for (uint64_t seed = 0; seed < 2 * POOLS; seed++) {
        world *w = open_world(seed, false, false);
        for (uint32_t round = 0; round < 400 && pass(w, w->now_us + 20 * HOUR_US); round++) {
            decide_all(w);
        }
        CHECK_INT(w->given_twice, 0);
        given_back += w->given_back;
        close_world(w);
        if (harness_has_failed()) {
            harness_note("seed %llu", (unsigned long long)seed);
            return;
        }
    }
    CHECK(given_back > POOLS / 4);
}

static void test_memory_that_runs_out_is_told(void) {
    world *w = open_world(0, false, false);
    const known *job = somebody_who_waits(w);
    for (uint64_t seed = 1; job == NULL; seed++) {
        close_world(w);
        w = open_world(seed, false, false);
        job = somebody_who_waits(w);
    }
    bool done = false;
    for (int64_t after = 0; job != NULL && !done && after < 500; after++) {
        ls_why why = {0};
        ls_error err = {0};
        ls_alloc_fail_after(after);
        done = ls_why_waits(w->s, job->id, w->now_us, &why, &err) == LS_OK;
        ls_alloc_fail_after(-1);
        CHECK(done || err.status == LS_ERR_MEMORY);
    }
    CHECK(done);
    close_world(w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_too_few_gpus_and_who_holds_them);
    TEST(test_a_limit_says_whose_and_by_how_much);
    TEST(test_enough_gpus_but_not_together);
    TEST(test_no_rack_has_them_all);
    TEST(test_a_stop_says_who_gives_back_what_to_whom);
    TEST(test_asking_changes_nothing);
    TEST(test_a_job_starts_when_it_is_expected_if_nobody_else_comes);
    TEST(test_what_is_said_to_help_does_help);
    TEST(test_no_idle_set_fits_a_pending_job_unless_a_named_reservation_holds_it);
    TEST(test_nobody_is_stopped_twice_for_the_same_need);
    TEST(test_memory_that_runs_out_is_told);
    return harness_report();
}
