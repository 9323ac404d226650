// damage_test.c - no memory, and a journal that somebody has been at: nothing is lost, nothing is
// begun twice, and what cannot be read says where.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "exec/testing/quiet_service.h"
#include "tests/harness.h"

enum { MOST = 5000 };

static const char pool_text[] =
    "pool: small\nnodes: {name: here, slots: 2}\naccounts: {a: {budget: 1000}, b: {}}\n";

static ls_exec_job job_of(const char *account) {
    static const char *const argv[] = {"true", NULL};
    return (ls_exec_job){.argv = argv, .account = account, .shape = {.parts = 1, .gpus = 1}};
}

static uint64_t submit(quiet_service *w, const ls_exec_job *job) {
    uint64_t id = 0;
    ls_error err = {0};
    CHECK_INT(ls_exec_submit(w->exec, job, &id, &err), LS_OK);
    CHECK_STR(err.text, "");
    return id;
}

// 1 is over, 2 and 3 run, 4 to 6 are an array that waits, 7 waits for 2.
static void fill(quiet_service *w) {
    ls_exec_job job = job_of("a");
    submit(w, &job);
    quiet_step(w);
    w->steady_us += 1000000;
    quiet_end(w, 1, 0);
    quiet_step(w);
    submit(w, &job);
    job.account = "b";
    submit(w, &job);
    job.array = 3;
    submit(w, &job);
    job.array = 0;
    const uint64_t after = 2;
    job.after = &after;
    job.after_count = 1;
    submit(w, &job);
    quiet_step(w);
}

static void check_filled(const quiet_service *w) {
    const ls_exec_state states[] = {LS_EXEC_DONE,    LS_EXEC_RUNNING, LS_EXEC_RUNNING,
                                    LS_EXEC_WAITING, LS_EXEC_WAITING, LS_EXEC_WAITING,
                                    LS_EXEC_HELD};
    for (uint64_t id = 1; id <= 7; id++) {
        const ls_exec_state is = quiet_state(w, id);
        CHECK(is == states[id - 1] || (is == LS_EXEC_STARTING && w->runs[id]));
        CHECK_INT(w->began[id], id <= 3 ? 1 : 0);
    }
}

static void test_open_without_memory_fails_and_goes_well_later(void) {
    quiet_service w;
    quiet_make(&w, pool_text);
    fill(&w);
    ls_status status = LS_ERR_MEMORY;
    int64_t n = 0;
    for (; status != LS_OK && n < MOST; n++) {
        ls_error err = {0};
        quiet_close(&w);
        ls_alloc_fail_after(n);
        status = quiet_open(&w, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || (status == LS_ERR_MEMORY && w.exec == NULL));
        if (status != LS_OK && status != LS_ERR_MEMORY) {
            printf("with %lld: %s\n", (long long)n, err.text);
        }
    }
    CHECK(n > 20 && n < MOST);
    check_filled(&w);
    quiet_step(&w);
    check_filled(&w);
    quiet_clear(&w);
}

static void count_all(const quiet_service *w, uint64_t *out) {
    ls_exec_counts(w->exec, out);
}

static void test_submit_without_memory_leaves_nothing_behind(void) {
    quiet_service w;
    quiet_make(&w, pool_text);
    fill(&w);
    ls_exec_job job = job_of("a");
    const uint64_t after[] = {2, 3};
    for (int kind = 0; kind < 3; kind++) {
        uint64_t before[LS_EXEC_STATE_COUNT], now[LS_EXEC_STATE_COUNT];
        uint64_t id = 0;
        job.array = kind == 1 ? 5 : 0;
        job.after = kind == 2 ? after : NULL;
        job.after_count = kind == 2 ? 2 : 0;
        count_all(&w, before);
        ls_status status = LS_ERR_MEMORY;
        int64_t n = 0;
        for (; status != LS_OK && n < MOST; n++) {
            ls_alloc_fail_after(n);
            status = ls_exec_submit(w.exec, &job, &id, NULL);
            ls_alloc_fail_after(-1);
            count_all(&w, now);
            CHECK(status == LS_ERR_MEMORY || status == LS_OK);
            if (status != LS_OK) {
                CHECK(memcmp(before, now, sizeof now) == 0);
            }
        }
        CHECK(n > 1 && n < MOST);
        CHECK_INT(id, kind == 0 ? 8 : kind == 1 ? 9 : 14);
        quiet_step(&w);
    }
    check_filled(&w);
    quiet_clear(&w);
}

static void test_steps_without_memory_lose_nothing_and_begin_nothing_twice(void) {
    quiet_service w;
    quiet_make(&w, pool_text);
    fill(&w);
    for (int64_t n = 0; n < 60; n++) {
        // Something ends, something comes, and the step has so much memory and no more.
        for (uint64_t id = 1; id < QUIET_JOBS_MAX; id++) {
            if (w.runs[id] && w.end_count < QUIET_JOBS_MAX) {
                w.steady_us += 1000;
                quiet_end(&w, id, 0);
                break;
            }
        }
        const ls_exec_job job = job_of(n % 2 == 0 ? "a" : "b");
        if (n < 50) {
            CHECK_INT(submit(&w, &job), (uint64_t)n + 8);
        }
        ls_alloc_fail_after(n % 20);
        const ls_status status = ls_exec_step(w.exec, NULL);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        if (n % 7 == 0) {
            ls_error err = {0};
            quiet_step(&w);
            quiet_close(&w);
            CHECK_INT(quiet_open(&w, &err), LS_OK);
        }
    }
    quiet_step(&w);
    uint64_t counts[LS_EXEC_STATE_COUNT];
    count_all(&w, counts);
    uint64_t sum = 0;
    for (int i = 0; i < LS_EXEC_STATE_COUNT; i++) {
        sum += counts[i];
    }
    CHECK_INT(sum, 57);
    CHECK_INT(counts[LS_EXEC_LOST] + counts[LS_EXEC_FAILED] + counts[LS_EXEC_CANCELLED], 0);
    for (uint64_t id = 1; id <= 57; id++) {
        CHECK(w.began[id] <= 1);
        CHECK(!w.runs[id] || !ls_exec_is_over(quiet_state(&w, id)));
    }
    quiet_clear(&w);
}

static bool add_held(void *context, const ls_exec_usage *usage, const ls_meter_pool *pool) {
    uint64_t *sum = context;
    (void)pool;
    *sum += usage->account == 0 ? (uint64_t)usage->row.held : 0;
    return true;
}

static void test_the_rest_without_memory_says_so_and_goes_well_later(void) {
    quiet_service w;
    quiet_make(&w, pool_text);
    fill(&w);
    w.steady_us += 10000000;
    for (int kind = 0; kind < 3; kind++) {
        ls_status status = LS_ERR_MEMORY;
        int64_t n = 0;
        uint64_t held = 0;
        for (; status != LS_OK && n < MOST; n++) {
            ls_buffer text, note;
            held = 0;
            ls_buffer_init(&text);
            ls_buffer_init(&note);
            ls_alloc_fail_after(n);
            status = kind == 0   ? ls_exec_usage_each(w.exec, 0, 1000000, add_held, &held, NULL)
                     : kind == 1 ? ls_exec_cancel(w.exec, 4, NULL)
                                 : ls_exec_this_machine(&text, &note);
            ls_alloc_fail_after(-1);
            CHECK(status == LS_OK || status == LS_ERR_MEMORY);
            CHECK(kind != 2 || status != LS_OK || (text.size > 0 && note.size > 0));
            ls_buffer_clear(&text);
            ls_buffer_clear(&note);
        }
        CHECK(n >= 1 && n < MOST);
        // One for a second, then two for ten.
        CHECK(kind != 0 || held == UINT64_C(21) * 1000000 * 1000);
    }
    quiet_step(&w);
    CHECK_INT(quiet_state(&w, 4), LS_EXEC_CANCELLED);
    CHECK_INT(w.began[4], 0);
    quiet_clear(&w);
}

// ---- damage

static char *read_all(const char *path, size_t *out_size) {
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 20);
    CHECK(file != NULL && bytes != NULL);
    *out_size = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

static void write_all(const char *path, const char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK_INT(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void test_rows_that_somebody_changed_are_named(void) {
    static const struct {
        const char *sql, *text;
    } cases[] = {
        {"UPDATE jobs SET state=99 WHERE id=4", "the journal is damaged: job 4, state 99, why 0"},
        {"UPDATE jobs SET why=77 WHERE id=1", "the journal is damaged: job 1, state 5, why 77"},
        {"UPDATE jobs SET spec=777 WHERE id=5", "the journal is damaged: job 5 runs nothing"},
        {"DELETE FROM runs WHERE job=2", "the journal is damaged: job 2 runs nowhere"},
        {"UPDATE runs SET run=5 WHERE job=2", "the journal is damaged: run 5 of job 2"},
        {"UPDATE runs SET job=777 WHERE job=2", "the journal is damaged: run 1 of job 777"},
        {"UPDATE specs SET bytes=x'00' WHERE id=4", "the journal is damaged: what job 4 runs: "},
        {"UPDATE specs SET bytes=NULL WHERE id=4", "the journal is damaged: what job 4 runs: "},
        {"UPDATE specs SET bytes=substr(bytes,1,length(bytes)-1) WHERE id=3",
         "the journal is damaged: what job 3 runs: "},
        {"UPDATE runs SET shares='nowhere:1' WHERE job=3",
         "job 3 runs where this pool file has nothing: "},
        {"UPDATE runs SET shares='' WHERE job=3", "job 3 runs where this pool file has nothing: "},
        {"INSERT INTO jobs SELECT 4611686018427387904,spec,0,0,1,0,0,0,0,0,0,0,-1,0,'',0 FROM jobs "
         "WHERE id=4",
         "the journal is damaged: job 4611686018427387904, though the next is to be 8"},
        {"UPDATE jobs SET id=-1 WHERE id=1", "the journal is damaged: job 0 runs nothing"},
        {"DROP TABLE jobs", "the journal "},
        {"PRAGMA user_version=7", "the journal "},
    };
    quiet_service w;
    char path[128];
    size_t size = 0;
    quiet_make(&w, pool_text);
    fill(&w);
    quiet_close(&w);
    snprintf(path, sizeof path, "%s/pool.db", w.folder);
    char *bytes = read_all(path, &size);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sqlite3 *db = NULL;
        ls_error err = {0};
        write_all(path, bytes, size);
        CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
        CHECK_INT(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        const ls_status status = quiet_open(&w, &err);
        CHECK(status == LS_ERR_INVALID || status == LS_ERR_IO || status == LS_ERR_VERSION);
        if (strncmp(err.text, cases[i].text, strlen(cases[i].text)) != 0) {
            CHECK_STR(err.text, cases[i].text);
        }
        CHECK(w.exec == NULL);
        quiet_close(&w);
    }
    ls_error err = {0};
    write_all(path, bytes, size);
    CHECK_INT(quiet_open(&w, &err), LS_OK);
    check_filled(&w);
    free(bytes);
    quiet_clear(&w);
}

static void test_bytes_that_changed_are_refused_or_read_but_never_crash(void) {
    quiet_service w;
    char path[128];
    size_t size = 0;
    uint32_t refused = 0;
    quiet_make(&w, pool_text);
    fill(&w);
    quiet_close(&w);
    snprintf(path, sizeof path, "%s/pool.db", w.folder);
    char *bytes = read_all(path, &size);
    char *changed = malloc(size);
    CHECK(changed != NULL && size > 4096);
    for (uint64_t i = 0; i < 120; i++) {
        memcpy(changed, bytes, size);
        for (uint64_t k = 0; k < 1 + i % 8; k++) {
            const double where = ls_random_uniform(1, 1, i * 8 + k);
            const double what = ls_random_uniform(1, 2, i * 8 + k);
            changed[(size_t)(where * (double)size)] = (char)(what * 256.0);
        }
        // Some of them shorter too.
        const size_t length = i % 4 == 3 ? size / 120 * (size_t)i : size;
        ls_error err = {0};
        write_all(path, changed, length);
        const ls_status status = quiet_open(&w, &err);
        CHECK(status == LS_OK || err.text[0] != '\0');
        refused += status != LS_OK;
        quiet_close(&w);
    }
    CHECK(refused > 20);
    free(changed);
    free(bytes);
    quiet_clear(&w);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_open_without_memory_fails_and_goes_well_later);
    TEST(test_submit_without_memory_leaves_nothing_behind);
    TEST(test_steps_without_memory_lose_nothing_and_begin_nothing_twice);
    TEST(test_the_rest_without_memory_says_so_and_goes_well_later);
    TEST(test_rows_that_somebody_changed_are_named);
    TEST(test_bytes_that_changed_are_refused_or_read_but_never_crash);
    return harness_report();
}
