// after_test.c - who is held for whom, beside a version that looks at everything; and memory that
// runs out.
#include "pool/after.h"

#include <string.h>

#include "base/arena.h"
#include "base/random.h"
#include "tests/harness.h"

enum { NUMBERS = 40, WAITS = 4, ROUNDS = 400, STREAM = 3 };

// ---- by hand

static void hold(ls_afters *a, uint64_t job, const uint64_t *numbers, uint32_t count,
                 ls_after_state state) {
    ls_after_state got = LS_AFTER_FAILED;
    uint64_t failed = 0;
    CHECK_INT(ls_afters_hold(a, job, numbers, count, &got, &failed, NULL), LS_OK);
    CHECK_INT(got, state);
    CHECK_INT(ls_afters_holds(a, job), state == LS_AFTER_OPEN);
}

static void next_is(ls_afters *a, uint64_t job, uint64_t failed) {
    ls_after_freed f = {0};
    CHECK(ls_afters_next(a, &f));
    CHECK_INT(f.job, job);
    CHECK_INT(f.failed, failed);
}

static void test_a_job_is_free_when_all_are_done_and_gone_when_one_failed(void) {
    ls_afters *a = NULL;
    ls_after_freed f;
    uint64_t first = 0;
    CHECK_INT(ls_afters_create(false, &a, NULL), LS_OK);
    CHECK_INT(ls_afters_open(a, 1, 1, NULL), LS_OK);
    CHECK_INT(ls_afters_open(a, 2, 3, NULL), LS_OK);  // an array of three
    hold(a, 10, (uint64_t[]){1, 2}, 2, LS_AFTER_OPEN);
    hold(a, 11, (uint64_t[]){2, 2}, 2, LS_AFTER_OPEN);
    hold(a, 12, (uint64_t[]){7}, 1, LS_AFTER_DONE);  // nobody knows it
    CHECK_INT(ls_afters_waits(a, 10, &first), 2);
    CHECK_INT(first, 1);
    ls_afters_over(a, 1, true);
    CHECK_INT(ls_afters_waits(a, 10, &first), 1);
    CHECK_INT(first, 2);
    CHECK_INT(ls_afters_state(a, 1), LS_AFTER_DONE);
    ls_afters_over(a, 2, true);
    ls_afters_over(a, 2, true);
    CHECK(!ls_afters_next(a, &f));
    CHECK_INT(ls_afters_state(a, 2), LS_AFTER_OPEN);
    ls_afters_over(a, 2, true);
    next_is(a, 10, 0);  // as they were held
    next_is(a, 11, 0);
    CHECK(!ls_afters_next(a, &f));

    // One of an array fails: whoever waits for it, or for who waits, is told; each once.
    CHECK_INT(ls_afters_open(a, 3, 2, NULL), LS_OK);
    CHECK_INT(ls_afters_open(a, 4, 1, NULL), LS_OK);
    CHECK_INT(ls_afters_open(a, 20, 1, NULL), LS_OK);
    hold(a, 20, (uint64_t[]){4, 3, 3}, 3, LS_AFTER_OPEN);
    hold(a, 21, (uint64_t[]){20}, 1, LS_AFTER_OPEN);
    ls_afters_over(a, 3, false);
    next_is(a, 20, 3);
    CHECK(!ls_afters_next(a, &f));
    CHECK(ls_afters_holds(a, 21));
    ls_afters_over(a, 20, false);
    next_is(a, 21, 20);
    ls_afters_over(a, 3, true);  // the rest of it
    CHECK(!ls_afters_next(a, &f));

    // One that is dropped is told of no more.
    hold(a, 22, (uint64_t[]){4}, 1, LS_AFTER_OPEN);
    ls_afters_drop(a, 22);
    ls_afters_drop(a, 22);
    ls_afters_over(a, 4, true);
    CHECK(!ls_afters_next(a, &f));
    ls_afters_destroy(a);
}

static void test_what_is_remembered_is_known_later(void) {
    for (int remembers = 0; remembers < 2; remembers++) {
        ls_afters *a = NULL;
        uint64_t failed = 0;
        ls_after_state state = LS_AFTER_DONE;
        CHECK_INT(ls_afters_create(remembers != 0, &a, NULL), LS_OK);
        CHECK_INT(ls_afters_open(a, 5, 1, NULL), LS_OK);
        CHECK_INT(ls_afters_open(a, 6, 1, NULL), LS_OK);
        ls_afters_over(a, 5, false);
        CHECK_INT(ls_afters_hold(a, 9, (uint64_t[]){6, 5}, 2, &state, &failed, NULL), LS_OK);
        CHECK_INT(state, remembers != 0 ? LS_AFTER_FAILED : LS_AFTER_OPEN);
        CHECK_INT(failed, remembers != 0 ? 5 : 0);
        ls_afters_destroy(a);
    }
}

// ---- at random

typedef struct slow_job {
    bool held, over, failed;
    uint32_t left;
    uint64_t waits[WAITS];
    uint32_t count;
} slow_job;

static bool is_open(const slow_job *jobs, uint64_t n) {
    return !jobs[n].over && jobs[n].left > 0;
}

// Jobs with numbers from 1 on, each of which may wait for earlier ones, and come to an end in any
// order; what is freed is what the slow version says, in its order.
static uint64_t play(uint64_t seed, uint64_t *out_failed) {
    slow_job jobs[NUMBERS + 1] = {{0}};
    uint64_t drawn = 0, freed = 0;
    ls_afters *a = NULL;
    CHECK_INT(ls_afters_create(true, &a, NULL), LS_OK);
    uint64_t came = 0;
    for (int round = 0; round < ROUNDS && !harness_has_failed(); round++) {
        const double what = ls_random_uniform(seed, STREAM, drawn++);
        uint64_t ended = 0;
        bool done = false;
        if (came < NUMBERS && what < 0.3) {
            slow_job *j = jobs + ++came;
            ls_after_state state = LS_AFTER_DONE, wanted = LS_AFTER_DONE;
            uint64_t failed = 0;
            j->left = 1 + (uint32_t)(3.0 * ls_random_uniform(seed, STREAM, drawn++));
            j->count = (uint32_t)(WAITS * ls_random_uniform(seed, STREAM, drawn++));
            for (uint32_t i = 0; i < j->count; i++) {
                j->waits[i] = 1 + (uint64_t)((double)(came - 1) *
                                             ls_random_uniform(seed, STREAM, drawn++));
                j->count = came > 1 ? j->count : 0;
            }
            for (uint32_t i = 0; i < j->count && wanted != LS_AFTER_FAILED; i++) {
                const slow_job *of = jobs + j->waits[i];
                wanted = of->failed                   ? LS_AFTER_FAILED
                         : is_open(jobs, j->waits[i]) ? LS_AFTER_OPEN
                                                      : wanted;
            }
            CHECK_INT(ls_afters_open(a, came, j->left, NULL), LS_OK);
            CHECK_INT(ls_afters_hold(a, came, j->waits, j->count, &state, &failed, NULL), LS_OK);
            CHECK_INT(state, wanted);
            j->held = wanted == LS_AFTER_OPEN;
            if (wanted == LS_AFTER_FAILED) {
                ended = came;
            }
        } else if (came > 0 && what < 0.35) {
            const uint64_t n = 1 +
                               (uint64_t)((double)came * ls_random_uniform(seed, STREAM, drawn++));
            ls_afters_drop(a, n);
            jobs[n].held = false;
        } else if (came > 0) {
            const uint64_t n = 1 +
                               (uint64_t)((double)came * ls_random_uniform(seed, STREAM, drawn++));
            if (!jobs[n].held && is_open(jobs, n)) {
                ended = n;
                done = ls_random_uniform(seed, STREAM, drawn++) < 0.9;
            }
        }
        for (uint64_t queue[NUMBERS + 1] = {ended}, at = 0, count = ended != 0; at < count; at++) {
            const uint64_t n = queue[at];
            const bool good = n == ended && done;
            jobs[n].left--;
            jobs[n].failed = !good;
            jobs[n].over = !good || jobs[n].left == 0;
            ls_afters_over(a, n, good);
            for (uint64_t k = 1; k <= came && jobs[n].over; k++) {
                uint32_t open = 0, waits = 0;
                for (uint32_t i = 0; jobs[k].held && i < jobs[k].count; i++) {
                    open += is_open(jobs, jobs[k].waits[i]);
                    waits += jobs[k].waits[i] == n;
                }
                if (waits > 0 && (open == 0 || !good)) {
                    ls_after_freed f = {0};
                    jobs[k].held = false;
                    CHECK(ls_afters_next(a, &f));
                    CHECK_INT(f.job, k);
                    CHECK_INT(f.failed, good ? 0 : n);
                    freed++;
                    if (!good) {
                        *out_failed += 1;
                        queue[count++] = k;
                    }
                }
            }
        }
        ls_after_freed f;
        CHECK(!ls_afters_next(a, &f));
        for (uint64_t k = 1; k <= came; k++) {
            uint32_t open = 0;
            for (uint32_t i = 0; jobs[k].held && i < jobs[k].count; i++) {
                open += is_open(jobs, jobs[k].waits[i]);
            }
            CHECK_INT(ls_afters_waits(a, k, NULL), open);
        }
    }
    ls_afters_destroy(a);
    return freed;
}

static void test_it_says_what_a_slow_version_says(void) {
    uint64_t freed = 0, failed = 0;
    for (uint64_t seed = 1; seed <= 500 && !harness_has_failed(); seed++) {
        freed += play(seed, &failed);
    }
    CHECK(freed > 1000);
    CHECK(failed > 300);
}

// ---- without memory

static void test_memory_that_runs_out_changes_nothing(void) {
    for (int64_t after = 0; after < 12; after++) {
        ls_afters *a = NULL;
        ls_alloc_fail_after(after);
        ls_status status = ls_afters_create(true, &a, NULL);
        uint64_t opened = 0, numbers[100], failed = 0;
        for (uint64_t i = 1; i <= 100 && status == LS_OK; i++) {
            status = ls_afters_open(a, i, 1, NULL);
            numbers[i - 1] = i;
            opened = status == LS_OK ? i : opened;
        }
        ls_after_state state = LS_AFTER_DONE;
        const bool asked = status == LS_OK;
        if (asked) {
            status = ls_afters_hold(a, 200, numbers, 100, &state, &failed, NULL);
        }
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        if (a != NULL) {
            CHECK_INT(ls_afters_state(a, opened + 1), LS_AFTER_DONE);
            CHECK_INT(ls_afters_holds(a, 200), asked && status == LS_OK);
            for (uint64_t i = 1; i <= opened; i++) {
                ls_afters_over(a, i, true);
            }
            ls_after_freed f;
            CHECK_INT(ls_afters_next(a, &f), asked && status == LS_OK);
        }
        ls_afters_destroy(a);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_job_is_free_when_all_are_done_and_gone_when_one_failed);
    TEST(test_what_is_remembered_is_known_later);
    TEST(test_it_says_what_a_slow_version_says);
    TEST(test_memory_that_runs_out_changes_nothing);
    return harness_report();
}
