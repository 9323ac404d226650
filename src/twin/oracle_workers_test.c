// oracle_workers_test.c - the same input gives the same bytes: for any number of workers, every
// kernel, and for threads that share a twin.
#include <pthread.h>
#include <string.h>

#include "tests/harness.h"
#include "twin/testing/oracle.h"
#include "twin/testing/oracle_plants.h"
#include "twin/twin.h"

static ls_twin_result *run(const ls_twin *twin, int workers, const ls_snapshot *from) {
    ls_run_def def = ls_run_def_default(twin);
    def.for_us = INT64_C(5) * 86400 * 1000000 / (oracle_is_short() ? 10 : 1);
    def.warmup_us = from != NULL ? 0 : -1;
    def.reps = 17;
    def.workers = workers;
    def.seed = 4711;
    def.from = from;
    ls_twin_result *result = NULL;
    ls_error err = {0};
    const ls_status status = ls_twin_run(twin, &def, &result, &err);
    harness_note("plant %s, %d workers: %s", ls_twin_describe(twin).name, workers, err.text);
    CHECK_INT(status, LS_OK);
    return result;
}

static bool same_bits(double a, double b) {
    return memcmp(&a, &b, sizeof a) == 0;
}

static void check_same(const ls_twin *twin, const ls_twin_result *a, const ls_twin_result *b) {
    if (a == NULL || b == NULL) {
        return;
    }
    CHECK_INT(ls_twin_result_facts(a).hash, ls_twin_result_facts(b).hash);
    CHECK_INT(ls_twin_result_facts(a).warmup_us, ls_twin_result_facts(b).warmup_us);
    CHECK_INT(ls_twin_result_facts(a).events, ls_twin_result_facts(b).events);
    const ls_twin_info info = ls_twin_describe(twin);
    int differ = 0;
    for (int64_t rep = 0; rep < ls_twin_result_facts(a).reps; rep++) {
        for (uint32_t i = 0; i <= info.classes; i++) {
            for (int f = 0; f < LS_FIG_CLASS_COUNT; f++) {
                differ += !same_bits(ls_twin_result_value(a, false, i, (ls_figure)f, rep),
                                     ls_twin_result_value(b, false, i, (ls_figure)f, rep));
            }
        }
        for (uint32_t i = 0; i < info.stations; i++) {
            for (int f = LS_FIG_CLASS_COUNT; f < LS_FIG_COUNT; f++) {
                differ += !same_bits(ls_twin_result_value(a, true, i, (ls_figure)f, rep),
                                     ls_twin_result_value(b, true, i, (ls_figure)f, rep));
            }
        }
    }
    CHECK_INT(differ, 0);
}

static void test_any_number_of_workers_gives_the_same_bits(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_twin_result *one = run(twin, 1, NULL);
        static const int workers[] = {2, 16};
        for (int k = 0; k < 2; k++) {
            ls_twin_result *many = run(twin, workers[k], NULL);
            check_same(twin, one, many);
            ls_twin_result_destroy(many);
        }
        ls_twin_result_destroy(one);
        ls_twin_destroy(twin);
    }
}

static void test_forks_on_any_number_of_workers_give_the_same_bits(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_snapshot *s = NULL;
        ls_error err = {0};
        CHECK_INT(ls_snapshot_create(twin, 8, 0, &s, &err), LS_OK);
        CHECK_INT(ls_snapshot_run(twin, s, INT64_C(86400) * 1000000, &err), LS_OK);
        const uint64_t before = ls_snapshot_hash(s);
        ls_twin_result *one = run(twin, 1, s);
        ls_twin_result *many = run(twin, 16, s);
        check_same(twin, one, many);
        CHECK_INT(ls_snapshot_hash(s), before);
        ls_twin_result_destroy(one);
        ls_twin_result_destroy(many);
        ls_snapshot_destroy(s);
        ls_twin_destroy(twin);
    }
}

static void test_every_kernel_gives_the_same_bytes(void) {
    static const char *const kernels[] = {"avx2", "avx512"};
    int compared = 0;
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        const int64_t until = INT64_C(20) * 86400 * 1000000 / (oracle_is_short() ? 10 : 1);
        uint64_t expected[3] = {0, 0, 0};
        for (int k = -1; k < 2; k++) {
            twin->kernel = ls_kernel_find(k < 0 ? "base" : kernels[k]);
            if (twin->kernel == NULL) {
                continue;  // this processor has not got it
            }
            ls_snapshot *s = NULL;
            ls_snapshot *f = NULL;
            ls_error err = {0};
            CHECK_INT(ls_snapshot_create(twin, 77, 3, &s, &err), LS_OK);
            CHECK_INT(ls_snapshot_run(twin, s, until / 2, &err), LS_OK);
            CHECK_INT(ls_snapshot_fork(twin, s, 5, 6, &f, &err), LS_OK);
            const uint64_t fork = ls_snapshot_hash(f);
            CHECK_INT(ls_snapshot_run(twin, s, until, &err), LS_OK);
            CHECK_INT(ls_snapshot_run(twin, f, until, &err), LS_OK);
            if (k < 0) {
                expected[0] = ls_snapshot_hash(s);
                expected[1] = fork;
                expected[2] = ls_snapshot_hash(f);
            } else {
                harness_note("plant %s, kernel %s", oracle_plants[i].name, kernels[k]);
                CHECK_INT(ls_snapshot_hash(s), expected[0]);
                CHECK_INT(fork, expected[1]);
                CHECK_INT(ls_snapshot_hash(f), expected[2]);
                compared++;
            }
            ls_snapshot_destroy(s);
            ls_snapshot_destroy(f);
        }
        ls_twin_destroy(twin);
    }
    if (compared == 0) {
        harness_skip("this processor runs the base kernel only");
    }
}

typedef struct thread_job {
    const ls_twin *twin;
    const ls_snapshot *shared;
    uint64_t hash;
} thread_job;

static void *run_thread(void *context) {
    thread_job *job = context;
    ls_snapshot *s = NULL;
    ls_error err;
    if (ls_snapshot_fork(job->twin, job->shared, 1, 2, &s, &err) == LS_OK) {
        ls_snapshot_run(job->twin, s, INT64_C(3) * 86400 * 1000000 / (oracle_is_short() ? 3 : 1),
                        &err);
        job->hash = ls_snapshot_hash(s);
    }
    ls_snapshot_destroy(s);
    return NULL;
}

static void test_threads_share_a_twin_and_a_snapshot_to_fork_from(void) {
    for (int i = 0; i < ORACLE_PLANTS; i++) {
        ls_twin *twin = oracle_twin_of(i);
        ls_snapshot *s = NULL;
        ls_error err = {0};
        CHECK_INT(ls_snapshot_create(twin, 8, 0, &s, &err), LS_OK);
        CHECK_INT(ls_snapshot_run(twin, s, INT64_C(43200) * 1000000, &err), LS_OK);
        thread_job jobs[4];
        pthread_t threads[4];
        for (int k = 0; k < 4; k++) {
            jobs[k] = (thread_job){.twin = twin, .shared = s};
            CHECK_INT(pthread_create(&threads[k], NULL, run_thread, &jobs[k]), 0);
        }
        for (int k = 0; k < 4; k++) {
            pthread_join(threads[k], NULL);
            CHECK_INT(jobs[k].hash, jobs[0].hash);
        }
        ls_snapshot_destroy(s);
        ls_twin_destroy(twin);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_any_number_of_workers_gives_the_same_bits);
    TEST(test_forks_on_any_number_of_workers_give_the_same_bits);
    TEST(test_every_kernel_gives_the_same_bytes);
    TEST(test_threads_share_a_twin_and_a_snapshot_to_fork_from);
    return harness_report();
}
