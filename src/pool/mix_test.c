// mix_test.c - drawn loads are what their mix says, and terms (terms.h) what a pool file says.
#include "pool/mix.h"

#include <stdlib.h>
#include <string.h>

#include "base/kmath.h"
#include "base/statistics.h"
#include "pool/pool_file.h"
#include "pool/terms.h"
#include "tests/harness.h"

enum { DRAWN = 40000 };
#define HOUR_US INT64_C(3600000000)

static ls_pool *pool_of(const char *text) {
    ls_errors errors;
    ls_errors_init(&errors);
    ls_pool *pool = NULL;
    CHECK_INT(ls_pool_read(text, strlen(text), "pool.yaml", NULL, &pool, &errors), LS_OK);
    ls_errors_clear(&errors);
    return pool;
}

static ls_mix_load load_of(const ls_pool *pool, const char *mix, double load, uint64_t seed) {
    ls_mix_load l;
    ls_error err = {0};
    CHECK_INT(ls_mix_load_make(pool, ls_mix_find(mix), load, seed, INT64_MAX, &l, &err), LS_OK);
    return l;
}

static const char park[] =
    "pool: p\nnodes: {count: 64, kind: dgx-h100}\n"
    "accounts: {a: {guarantee: 128}, b: {guarantee: 64, limit: 96}, c: {weight: 3}}\n";

static void test_the_words_are_the_names(void) {
    for (uint32_t i = 0; i < ls_mix_count; i++) {
        CHECK_STR(ls_mix_words[i], ls_mixes[i].name);
        CHECK(ls_mix_find(ls_mix_words[i]) == ls_mixes + i);
    }
    CHECK(ls_mix_words[ls_mix_count] == NULL);
    CHECK(ls_mix_find("grup") == NULL);
}

// Sizes of 1, 2, 4 ... 128 GPUs whose mean is Philly's 1.928; run times lognormal with its median
// and mean; jobs so far apart that what they ask for is the load.
static void test_a_summary_is_met(void) {
    ls_pool *pool = pool_of(park);
    ls_mix_load l = load_of(pool, "philly", 0.9, 7);
    double *logs = malloc(DRAWN * sizeof *logs);
    ls_summary gpus = {0}, gaps = {0}, runs = {0};
    int64_t last_us = 0;
    uint32_t odd = 0;
    for (int i = 0; logs != NULL && i < DRAWN; i++) {
        ls_sim_job job;
        CHECK(ls_mix_load_next(&l, &job));
        const uint32_t all = job.request.shape.parts * job.request.shape.gpus;
        odd += all == 0 || (all & (all - 1)) != 0 || all > 128;
        odd += job.request.shape.gpus > 8;
        ls_summary_add(&gpus, all);
        ls_summary_add(&gaps, (double)(job.submit_us - last_us));
        logs[i] = ls_log((double)job.work_us * 1e-6);
        ls_summary_add(&runs, logs[i]);
        last_us = job.submit_us;
        CHECK_INT(job.request.most_us / job.work_us, 2);
    }
    CHECK_INT(odd, 0);
    const double n = DRAWN;
    CHECK_NEAR(gpus.mean, 1.928, 4.0 * ls_sqrt(ls_summary_variance(&gpus) / n));
    CHECK_NEAR(gaps.mean, l.gap_us, 4.0 * l.gap_us / ls_sqrt(n));  // exponential
    // 512 GPUs at 90 %: 1.928 GPUs for 18006 s at a time
    CHECK_NEAR(l.gap_us, 1.928 * 18006.055 / (0.9 * 512.0) * 1e6, 1e3);
    const double sigma = ls_sqrt(2.0 * ls_log(18006.055 / 874.0));
    CHECK_NEAR(runs.mean, ls_log(874.0), 4.0 * sigma / ls_sqrt(n));
    CHECK_NEAR(ls_sqrt(ls_summary_variance(&runs)), sigma, 4.0 * sigma / ls_sqrt(2.0 * n));
    free(logs);
    ls_mix_load_clear(&l);
    ls_pool_destroy(pool);
}

// What each would have if all wanted all: 128 and 64 guaranteed of 512, the other 320 by weights 1,
// 1 and 3: a 192, b 128, c 192.
static void test_jobs_belong_to_accounts_by_what_these_would_have(void) {
    ls_pool *pool = pool_of(park);
    ls_mix_load l = load_of(pool, "philly", 0.9, 1);
    uint32_t counts[4] = {0}, too_large = 0;
    for (int i = 0; i < DRAWN; i++) {
        ls_sim_job job;
        CHECK(ls_mix_load_next(&l, &job));
        const uint32_t at = job.request.account;
        counts[at < 4 ? at : 0]++;
        too_large += at == 2 && job.request.shape.parts * job.request.shape.gpus > 96;
    }
    CHECK_INT(too_large, 0);  // nobody draws what it may not hold
    CHECK_INT(counts[0], 0);
    static const double shares[] = {0.0, 192.0 / 512.0, 128.0 / 512.0, 192.0 / 512.0};
    for (int i = 1; i < 4; i++) {
        const double sd = ls_sqrt(shares[i] * (1.0 - shares[i]) * DRAWN);
        CHECK_NEAR(counts[i], shares[i] * DRAWN, 4.5 * sd);
    }
    ls_mix_load_clear(&l);
    ls_pool_destroy(pool);
}

static void test_a_mix_of_classes_is_met_and_ends(void) {
    ls_pool *pool = pool_of(park);
    ls_mix_load l;
    ls_error err = {0};
    const ls_mix *mix = ls_mix_find("group");
    CHECK_INT(ls_mix_load_make(pool, mix, 1.0, 3, 2000 * HOUR_US, &l, &err), LS_OK);
    uint32_t counts[16] = {0}, all = 0, apart = 0, split = 0;
    int64_t last_us = 0;
    for (ls_sim_job job; ls_mix_load_next(&l, &job); all++) {
        const ls_mix_class *c = mix->classes + job.tag;
        counts[job.tag]++;
        last_us = job.submit_us;
        split += c->milli == 0 && job.request.shape.parts * job.request.shape.gpus < c->gpus;
        apart += c->milli != 0 && (job.request.shape.milli != c->milli || job.request.shape.gpus);
    }
    CHECK(all > 10000 && last_us < 2000 * HOUR_US);
    CHECK_INT(split + apart, 0);
    // A quarter of 512 GPUs is the most that comes: 72 GPUs, not 256. The rest in their proportion.
    double often = 0.0;
    for (uint32_t i = 0; i < mix->count; i++) {
        often += mix->classes[i].gpus <= 128 ? mix->classes[i].often : 0.0;
    }
    for (uint32_t i = 0; i < mix->count; i++) {
        const bool comes = mix->classes[i].gpus <= 128;
        const double p = comes ? mix->classes[i].often / often : 0.0;
        harness_note("%s", mix->classes[i].name);
        CHECK_NEAR(counts[i], p * all, 4.5 * ls_sqrt(p * (1.0 - p) * all));
    }
    ls_mix_load_clear(&l);
    ls_pool_destroy(pool);
}

static void test_the_same_seed_gives_the_same_jobs(void) {
    ls_pool *pool = pool_of(park);
    ls_mix_load a = load_of(pool, "pai", 1.1, 5), b = load_of(pool, "pai", 1.1, 5),
                c = load_of(pool, "pai", 1.1, 6);
    uint32_t same = 0;
    for (int i = 0; i < 1000; i++) {
        ls_sim_job x = {0}, y = {0}, z = {0};
        CHECK(ls_mix_load_next(&a, &x) && ls_mix_load_next(&b, &y) && ls_mix_load_next(&c, &z));
        CHECK(x.submit_us == y.submit_us && x.work_us == y.work_us &&
              x.request.account == y.request.account &&
              memcmp(&x.request.shape, &y.request.shape, sizeof x.request.shape) == 0);
        same += x.submit_us == z.submit_us;
    }
    CHECK_INT(same, 0);
    ls_mix_load_clear(&a);
    ls_mix_load_clear(&b);
    ls_mix_load_clear(&c);
    ls_pool_destroy(pool);
}

// Sixteen trials of one number, a training that waits for them, an evaluation that waits for that:
// all of one account and one moment; and as much is asked for as is said.
static void test_a_search_is_an_array_and_what_waits_for_it(void) {
    ls_pool *pool = pool_of(park);
    ls_mix_load l;
    ls_error err = {0};
    ls_sim_job job;
    const double days = 400.0;
    CHECK_INT(ls_mix_load_make(pool, ls_mix_find("searches"), 0.9, 3,
                               (int64_t)(days * 24.0) * HOUR_US, &l, &err),
              LS_OK);
    uint64_t searches = 0, jobs = 0, last = 0;
    double asked = 0.0;
    bool more = ls_mix_load_next(&l, &job);
    while (more && !harness_has_failed()) {
        asked += (double)ls_shape_milli(&job.request.shape) / LS_POOL_WHOLE * (double)job.work_us;
        jobs++;
        if (job.number == 0) {
            CHECK_INT(job.after_count, 0);
            more = ls_mix_load_next(&l, &job);
            continue;
        }
        const uint64_t number = job.number;
        const ls_sim_job first = job;
        CHECK(number > last);
        CHECK_INT(job.of, 16);
        for (int i = 1; i < 18; i++) {
            more = ls_mix_load_next(&l, &job);
            asked += (double)ls_shape_milli(&job.request.shape) / LS_POOL_WHOLE *
                     (double)job.work_us;
            jobs++;
            CHECK_INT(job.submit_us, first.submit_us);
            CHECK_INT(job.request.account, first.request.account);
            CHECK_INT(job.after_count, i >= 16);
            CHECK(i >= 16 ? job.after[0] == (i == 16 ? number : number + 1) : job.number == number);
            CHECK(i < 16 || job.number == (i == 16 ? number + 1 : 0));
            CHECK_INT(job.request.shape.parts * job.request.shape.gpus, i == 16 ? 8 : 1);
        }
        last = number + 1;
        searches++;
        more = ls_mix_load_next(&l, &job);
    }
    CHECK(searches > 500);
    CHECK(jobs > 18 * searches);
    // Of the time: run times have long tails.
    CHECK_NEAR(asked / (days * 24.0 * (double)HOUR_US * (double)pool->gpus), 0.9, 0.06);
    ls_mix_load_clear(&l);
    ls_pool_destroy(pool);
}

static void test_memory_that_runs_out_is_told(void) {
    ls_pool *pool = pool_of(park);
    bool done = false;
    for (int64_t after = 0; !done && after < 50; after++) {
        ls_mix_load l;
        ls_error err = {0};
        ls_alloc_fail_after(after);
        done = ls_mix_load_make(pool, ls_mix_find("seren"), 1.0, 1, HOUR_US, &l, &err) == LS_OK;
        ls_alloc_fail_after(-1);
        CHECK(done || err.status == LS_ERR_MEMORY);
        ls_mix_load_clear(&l);
    }
    CHECK(done);
    done = false;
    for (int64_t after = 0; !done && after < 50; after++) {
        ls_terms t;
        ls_error err = {0};
        ls_alloc_fail_after(after);
        done = ls_terms_make(pool, &t, &err) == LS_OK;
        ls_alloc_fail_after(-1);
        CHECK(done || (err.status == LS_ERR_MEMORY && t.rows == NULL));
        ls_terms_clear(&t);
    }
    CHECK(done);
    ls_pool_destroy(pool);
}

// ---- terms

static void test_terms_are_what_the_file_says(void) {
    ls_pool *pool = pool_of(
        "pool: p\nnodes: [{count: 4, kind: dgx-h100}, {count: 2, kind: dgx-a100}]\nreclaim: 3 min\n"
        "accounts:\n"
        "  s: {guarantee: [8 dgx-h100, 16], weight: 2.5, accounts: {c: {guarantee: 4, borrow: "
        "no},\n"
        "      d: {limit: [6 dgx-a100, 10], reclaim: 30 s}}}\n"
        "  e: {guarantee: 8 dgx-a100, borrow: no}\n");
    ls_terms t;
    ls_error err = {0};
    CHECK_INT(ls_terms_make(pool, &t, &err), LS_OK);
    // top, s, e, c, d: by depth; kinds: dgx-h100, dgx-a100, any
    static const struct {
        const char *path;
        uint32_t parent;
        double weight;
        int64_t reclaim_s;
        int guarantee[3], limit[3];  // GPUs; -1: none
    } rows[] = {
        {"", 0, 1.0, 180, {0, 0, 0}, {-1, -1, -1}},
        {"s", 0, 2.5, 180, {8, 0, 16}, {-1, -1, -1}},
        {"e", 0, 1.0, 180, {0, 8, 0}, {-1, -1, 8}},
        {"s.c", 1, 1.0, 180, {0, 0, 4}, {-1, -1, 4}},  // what may not borrow ends at its guarantee
        {"s.d", 1, 1.0, 30, {0, 0, 0}, {-1, 6, 10}},
    };
    CHECK_INT(t.count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        CHECK_STR(pool->accounts[i].path, rows[i].path);
        CHECK_INT(t.rows[i].parent, rows[i].parent);
        CHECK_NEAR(t.rows[i].weight, rows[i].weight, 0.0);
        CHECK_INT(t.reclaim_us[i], rows[i].reclaim_s * 1000000);
        for (int k = 0; k < 3; k++) {
            harness_note("%s, kind %d", rows[i].path, k);
            CHECK_INT(t.rows[i].guarantee[k], (uint64_t)rows[i].guarantee[k] * LS_POOL_WHOLE);
            CHECK(t.rows[i].limit[k] ==
                  (rows[i].limit[k] < 0 ? UINT64_MAX : (uint64_t)rows[i].limit[k] * LS_POOL_WHOLE));
        }
    }
    ls_terms_clear(&t);
    ls_pool_destroy(pool);
}

// Who says no price for a kind passes on what it pays itself; at the top that is nothing.
static void test_prices_come_down_the_tree(void) {
    ls_pool *pool = pool_of(
        "pool: p\nnodes: [{count: 4, kind: dgx-h100}, {count: 2, kind: dgx-a100}]\n"
        "prices: {dgx-h100: 2.10}\n"
        "accounts:\n"
        "  s: {prices: {dgx-a100: 1.25}, accounts: {c: {accounts: {x: {}}}}}\n"
        "  e: {prices: 4, accounts: {d: {}}}\n");
    ls_terms t;
    ls_error err = {0};
    CHECK_INT(ls_terms_make(pool, &t, &err), LS_OK);
    static const struct {
        const char *path;
        uint64_t h100, a100;
    } rows[] = {{"", 0, 0},
                {"s", 2100000, 0},
                {"e", 2100000, 0},
                {"s.c", 2100000, 1250000},
                {"s.c.x", 2100000, 1250000},
                {"e.d", 4000000, 4000000}};
    CHECK(ls_pool_has_prices(pool));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint32_t at = i == 0 ? 0 : ls_pool_account(pool, rows[i].path);
        harness_note("%s", rows[i].path);
        CHECK_INT(t.prices[2 * at], rows[i].h100);
        CHECK_INT(t.prices[2 * at + 1], rows[i].a100);
    }
    ls_terms_clear(&t);
    ls_pool_destroy(pool);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_words_are_the_names);
    TEST(test_a_summary_is_met);
    TEST(test_jobs_belong_to_accounts_by_what_these_would_have);
    TEST(test_a_mix_of_classes_is_met_and_ends);
    TEST(test_the_same_seed_gives_the_same_jobs);
    TEST(test_a_search_is_an_array_and_what_waits_for_it);
    TEST(test_memory_that_runs_out_is_told);
    TEST(test_terms_are_what_the_file_says);
    TEST(test_prices_come_down_the_tree);
    return harness_report();
}
