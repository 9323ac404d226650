// postgres_test.c - the backend on a server: what all backends do, the same answers as SQLite, and
// a server that goes away and comes back.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "history/postgres_link.h"
#include "history/testing/store_suite.h"
#include "tests/harness.h"
#include "tests/servers/postgres.h"

static postgres_server server;

static PGresult *ask(const char *sql) {
    const char *const keys[] = {"dbname", "password", NULL};
    const char *const values[] = {server.url, server.password, NULL};
    PGconn *connection = PQconnectdbParams(keys, values, 1);
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        harness_note("%s", PQerrorMessage(connection));
        CHECK(false);
    }
    PQfinish(connection);
    return result;
}

static void run(const char *sql) {
    PQclear(ask(sql));
}

static bool fresh(ls_history_def *def) {
    run("set client_min_messages = warning; drop schema if exists lineshaft cascade");
    *def = (ls_history_def){.store = server.url, .login = server.login, .block_points = 1000};
    return true;
}

typedef struct opened {
    ls_history_def def;
    ls_tags *tags;
    ls_store *store;
    ls_error err;
} opened;

static ls_status open_server(opened *test) {
    if (test->def.store == NULL) {
        fresh(&test->def);
    }
    CHECK_INT(ls_tags_create(&test->tags, NULL), LS_OK);
    return ls_store_postgres.open(&test->def, test->tags, &test->store, &test->err);
}

static void close_server(opened *test) {
    ls_store_postgres.close(test->store);
    ls_tags_destroy(test->tags);
}

static void test_both_backends_give_the_same_answers(void) {
    char folder[64] = "/tmp/lineshaft-both-XXXXXX";
    CHECK(mkdtemp(folder) != NULL);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        opened pg = {0};
        CHECK_INT(open_server(&pg), LS_OK);
        char path[96];
        snprintf(path, sizeof path, "%s/%d", folder, (int)seed);
        const ls_history_def def = {.store = path, .block_points = 300};
        ls_tags *tags = NULL;
        ls_store *lite = NULL;
        CHECK_INT(ls_tags_create(&tags, NULL), LS_OK);
        CHECK_INT(ls_store_sqlite.open(&def, tags, &lite, NULL), LS_OK);
        store_data *data = store_data_make(tags, seed, 9, 6);
        store_data *same = store_data_make(pg.tags, seed, 9, 6);
        for (int b = 0; b < 6; b++) {
            CHECK_INT(ls_store_sqlite.write(lite, store_data_batch(data, b), NULL), LS_OK);
            CHECK_INT(ls_store_postgres.write(pg.store, store_data_batch(same, b), NULL), LS_OK);
        }
        const ls_history_keep keep = {.tags = "plant/station-1/*",
                                      .raw_us = 30 * LS_US_PER_S,
                                      .rollup_us = 10 * LS_US_PER_S,
                                      .rollup_keep_us = INT64_MAX};
        char *a = store_tell(&ls_store_sqlite, lite, tags);
        char *b = store_tell(&ls_store_postgres, pg.store, pg.tags);
        CHECK(strlen(a) > 10000);
        CHECK(strcmp(a, b) == 0);
        free(a);
        free(b);
        bool more = true;
        while (more) {
            CHECK_INT(ls_store_postgres.retain(pg.store, &keep, 1, 1767225600000000 + 150000000,
                                               &more, &pg.err),
                      LS_OK);
        }
        CHECK_STR(pg.err.text, "");
        store_data_free(data);
        store_data_free(same);
        ls_store_sqlite.close(lite);
        ls_tags_destroy(tags);
        close_server(&pg);
        char line[128];
        snprintf(line, sizeof line, "rm -rf %s", path);
        CHECK_INT(system(line), 0);
    }
    rmdir(folder);
}

static ls_status write_one(opened *test, int64_t time_us) {
    const ls_sample sample = {
        .tag = 0, .time_us = time_us, .kind = LS_VALUE_INT, .value.integer = time_us};
    const ls_series series = {.tag = 0, .samples = &sample, .count = 1};
    test->err = (ls_error){0};
    return ls_store_postgres.write(
        test->store,
        &(ls_store_batch){.series = &series, .series_count = 1, .log_position = (uint64_t)time_us},
        &test->err);
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void test_a_server_that_is_killed_is_told_at_once_and_found_again(void) {
    opened test = {0};
    CHECK_INT(open_server(&test), LS_OK);
    uint32_t tag = 0;
    CHECK_INT(ls_tags_add(test.tags, "a", 1, &tag, NULL), LS_OK);
    CHECK_INT(write_one(&test, 10), LS_OK);
    postgres_kill(&server);
    const double begin_s = now_s();
    CHECK_INT(write_one(&test, 20), LS_ERR_IO);
    CHECK_INT(write_one(&test, 20), LS_ERR_IO);
    CHECK(now_s() - begin_s < 5.0);
    CHECK_CONTAINS(test.err.text, "postgresql://127.0.0.1:");
    // Opening works without a server; asking it does not.
    opened second = {.def = test.def};
    uint64_t position = 0;
    CHECK_INT(open_server(&second), LS_OK);
    CHECK_INT(ls_store_postgres.log_position(second.store, &position, &second.err), LS_ERR_IO);
    close_server(&second);
    CHECK(postgres_restart(&server));
    CHECK_INT(write_one(&test, 20), LS_OK);
    CHECK_INT(ls_store_postgres.log_position(test.store, &position, &test.err), LS_OK);
    CHECK_INT(position, 20);
    char *told = store_tell(&ls_store_postgres, test.store, test.tags);
    CHECK_STR(told, "0 10 2 0 0 000000000000000a\n0 20 2 0 0 0000000000000014\n");
    free(told);
    close_server(&test);
}

static void test_one_process_writes(void) {
    opened first = {0};
    CHECK_INT(open_server(&first), LS_OK);
    opened second = {.def = first.def};
    CHECK_INT(open_server(&second), LS_OK);  // as if the server were away
    CHECK_INT(ls_store_postgres.write(second.store, &(ls_store_batch){0}, &second.err), LS_ERR_IO);
    CHECK_CONTAINS(second.err.text, "another process writes");
    close_server(&first);
    CHECK_INT(ls_store_postgres.write(second.store, &(ls_store_batch){0}, &second.err), LS_OK);
    close_server(&second);
}

static void test_passwords_stay_out_of_addresses(void) {
    char url[256];
    snprintf(url, sizeof url, "postgresql://lineshaft:secret@127.0.0.1:%d/lineshaft", server.port);
    opened test = {.def = {.store = url}};
    CHECK_INT(open_server(&test), LS_ERR_INVALID);
    CHECK_CONTAINS(test.err.text, "a password has no place in an address");
    CHECK(strstr(test.err.text, "secret") == NULL);
    close_server(&test);
    // A file that others may read.
    CHECK_INT(chmod(server.login, 0644), 0);
    test = (opened){.def = {.store = server.url, .login = server.login}};
    CHECK_INT(open_server(&test), LS_ERR_INVALID);
    CHECK_CONTAINS(test.err.text, "others may read this file");
    close_server(&test);
    CHECK_INT(chmod(server.login, 0600), 0);
    // PGPASSFILE.
    char path[256];
    snprintf(path, sizeof path, "%s/pgpass", server.folder);
    FILE *file = fopen(path, "w");
    fprintf(file, "127.0.0.1:%d:*:lineshaft:not-a-secret\\:1\n", server.port);
    fclose(file);
    CHECK_INT(chmod(path, 0600), 0);
    setenv("PGPASSFILE", path, 1);
    test = (opened){.def = {.store = server.url}};
    CHECK_INT(open_server(&test), LS_OK);
    CHECK_INT(ls_store_postgres.write(test.store, &(ls_store_batch){0}, &test.err), LS_OK);
    close_server(&test);
    unsetenv("PGPASSFILE");
    // A wrong address.
    test = (opened){.def = {.store = "postgresql://host/base?nonsense=1"}};
    CHECK_INT(open_server(&test), LS_ERR_INVALID);
    CHECK_CONTAINS(test.err.text, "not a PostgreSQL address");
    close_server(&test);
}

static void test_a_later_format_is_refused(void) {
    opened test = {0};
    CHECK_INT(open_server(&test), LS_OK);
    close_server(&test);
    run("update lineshaft.meta set value = 2 where name = 'version'");
    opened again = {.def = test.def};
    CHECK_INT(open_server(&again), LS_ERR_VERSION);
    CHECK_CONTAINS(again.err.text, "format 2");
    close_server(&again);
}

static int64_t count(const char *sql) {
    PGresult *result = ask(sql);
    const int64_t number = ls_pg_cell(result, 0, 0);
    PQclear(result);
    return number;
}

static void test_old_months_are_dropped_whole(void) {
    opened test = {0};
    CHECK_INT(open_server(&test), LS_OK);
    uint32_t tag = 0;
    CHECK_INT(ls_tags_add(test.tags, "a", 1, &tag, NULL), LS_OK);
    const int64_t january_us = 1767225600000000;  // 2026-01-01
    for (int day = 0; day < 120; day += 10) {
        CHECK_INT(write_one(&test, january_us + day * LS_US_PER_DAY), LS_OK);
    }
    static const char partitions[] =
        "select count(*) from pg_inherits where inhparent ="
        " 'lineshaft.samples'::regclass";
    CHECK_INT(count(partitions), 5);  // January to April, and the one for other times
    const ls_history_keep keep = {.tags = "**",
                                  .raw_us = 30 * LS_US_PER_DAY,
                                  .rollup_us = LS_US_PER_HOUR,
                                  .rollup_keep_us = INT64_MAX};
    bool more = true;
    while (more) {
        CHECK_INT(ls_store_postgres.retain(test.store, &keep, 1, january_us + 115 * LS_US_PER_DAY,
                                           &more, &test.err),
                  LS_OK);
    }
    CHECK_INT(count(partitions), 3);  // January and February are gone
    CHECK_INT(count("select count(*) from lineshaft.rollups"), 9);
    ls_history_figures figures;
    CHECK_INT(ls_store_postgres.figures(test.store, &figures, &test.err), LS_OK);
    CHECK_INT(figures.samples, 6);
    // They come again when needed.
    CHECK_INT(write_one(&test, january_us), LS_OK);
    CHECK_INT(count(partitions), 4);
    close_server(&test);
}

static void test_people_can_read_the_view(void) {
    opened test = {0};
    CHECK_INT(open_server(&test), LS_OK);
    uint32_t tag = 0;
    CHECK_INT(ls_tags_add(test.tags, "a/b", 3, &tag, NULL), LS_OK);
    CHECK_INT(write_one(&test, 1767225600000000), LS_OK);
    CHECK_INT(count("select count(*) from lineshaft.readings where tag = 'a/b' and quality = 'good'"
                    " and time = '2026-01-01T00:00Z'"),
              1);
    close_server(&test);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    ls_error err = {0};
    if (ls_pq_open(&err) != LS_OK || !postgres_start(&server)) {
        fprintf(stderr, "no server, or no client: %s\n", err.text);
        return 1;
    }
    store_suite_run(&(store_suite){.ops = &ls_store_postgres, .fresh = fresh});
    TEST(test_both_backends_give_the_same_answers);
    TEST(test_a_server_that_is_killed_is_told_at_once_and_found_again);
    TEST(test_one_process_writes);
    TEST(test_passwords_stay_out_of_addresses);
    TEST(test_a_later_format_is_refused);
    TEST(test_old_months_are_dropped_whole);
    TEST(test_people_can_read_the_view);
    postgres_stop(&server);
    return harness_report();
}
