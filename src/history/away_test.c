// away_test.c - the server of a history goes away and comes back: nothing is lost, memory stays
// bounded, and appending never waits for it.
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "history/history.h"
#include "tests/harness.h"
#include "tests/servers/postgres.h"

enum { BATCH = 1000, AWAY_BATCHES = 300 };

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static long memory_kib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%*d %ld", &pages) == 1);
    fclose(file);
    return pages * 4;
}

static double append_batch(ls_history *history, int number) {
    static ls_sample samples[BATCH];
    for (int i = 0; i < BATCH; i++) {
        samples[i] = (ls_sample){.tag = (uint32_t)(i % 10),
                                 .kind = LS_VALUE_INT,
                                 .time_us = 1767225600000000 + number * LS_US_PER_S + i,
                                 .value.integer = number * BATCH + i};
    }
    const double begin_s = now_s();
    ls_error err = {0};
    CHECK_INT(ls_history_append(history, samples, BATCH, &err), LS_OK);
    CHECK_STR(err.text, "");
    return now_s() - begin_s;
}

typedef struct sums {
    int64_t count, total;
} sums;

static bool add(void *context, const ls_sample *sample) {
    sums *sum = context;
    sum->count++;
    sum->total += sample->value.integer;
    return true;
}

static void check_all(ls_history *history, int batches) {
    const int64_t count = (int64_t)batches * BATCH;
    sums found = {0};
    ls_error err = {0};
    const ls_query query = {.from_us = INT64_MIN, .to_us = INT64_MAX};
    CHECK_INT(ls_history_query(history, &query, add, &found, &err), LS_OK);
    CHECK_STR(err.text, "");
    CHECK_INT(found.count, count);
    CHECK_INT(found.total, count * (count - 1) / 2);
}

static void test_a_server_away_and_back_loses_nothing(void) {
    char folder[] = "/tmp/lineshaft-away-XXXXXX";
    postgres_server server;
    CHECK(mkdtemp(folder) != NULL);
    if (!postgres_start(&server)) {
        return;
    }
    ls_tags *tags = NULL;
    ls_history *history = NULL;
    ls_error err = {0};
    CHECK_INT(ls_tags_create(&tags, NULL), LS_OK);
    for (int i = 0; i < 10; i++) {
        char name[16];
        uint32_t tag = 0;
        snprintf(name, sizeof name, "t/%d", i);
        CHECK_INT(ls_tags_add(tags, name, strlen(name), &tag, NULL), LS_OK);
    }
    ls_history_def def = ls_history_def_default();
    def.store = server.url;
    def.login = server.login;
    def.folder = folder;
    def.memory_bytes = 4 << 20;  // 32 bytes a sample and more: some 60,000
    CHECK_INT(ls_history_open(&def, tags, &history, &err), LS_OK);
    CHECK_STR(err.text, "");
    int batches = 0;
    while (history != NULL && batches < 20) {
        append_batch(history, batches++);
    }
    CHECK_INT(ls_history_flush(history, &err), LS_OK);
    postgres_kill(&server);
    const long before_kib = memory_kib();
    double worst_s = 0.0;
    for (int i = 0; i < AWAY_BATCHES; i++) {
        const double took_s = append_batch(history, batches++);
        worst_s = took_s > worst_s ? took_s : worst_s;
    }
    const long grown_kib = memory_kib() - before_kib;
    CHECK(ls_history_flush(history, &err) != LS_OK);
    ls_history_figures figures;
    ls_history_describe(history, &figures, NULL);
    CHECK(figures.store_away);
    CHECK(figures.log_bytes > 0);
    CHECK(postgres_restart(&server));
    const double back_s = now_s();
    ls_status status = LS_ERR_IO;
    for (int i = 0; i < 200 && status != LS_OK; i++) {
        status = ls_history_flush(history, &err);
        usleep(50000);
    }
    CHECK_INT(status, LS_OK);
    check_all(history, batches);
    printf(
        "away: %d samples appended, worst append of %d: %.1f ms, memory grew %ld KiB, spool "
        "%llu bytes, caught up in %.1f s\n",
        AWAY_BATCHES * BATCH, BATCH, 1e3 * worst_s, grown_kib,
        (unsigned long long)figures.log_bytes, now_s() - back_s);
    CHECK(grown_kib < 64 << 10);
    CHECK_INT(ls_history_close(history, &err), LS_OK);
    // Away from the beginning, and the process ends before the server is back.
    postgres_kill(&server);
    ls_tags_destroy(tags);
    CHECK_INT(ls_tags_create(&tags, NULL), LS_OK);
    CHECK_INT(ls_history_open(&def, tags, &history, &err), LS_OK);
    for (int i = 0; i < 10 && ls_tags_count(tags) < 10; i++) {
        char name[16];
        uint32_t tag = 0;
        snprintf(name, sizeof name, "t/%d", i);
        CHECK_INT(ls_tags_add(tags, name, strlen(name), &tag, NULL), LS_OK);
    }
    append_batch(history, batches++);
    ls_history_close(history, &err);
    ls_tags_destroy(tags);
    CHECK(postgres_restart(&server));
    CHECK_INT(ls_tags_create(&tags, NULL), LS_OK);
    err = (ls_error){0};
    CHECK_INT(ls_history_open(&def, tags, &history, &err), LS_OK);
    CHECK_INT(ls_history_flush(history, &err), LS_OK);
    check_all(history, batches);
    CHECK_INT(ls_history_close(history, &err), LS_OK);
    ls_tags_destroy(tags);
    postgres_stop(&server);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_server_away_and_back_loses_nothing);
    return harness_report();
}
