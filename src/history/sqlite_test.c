// sqlite_test.c - the embedded backend: what all backends do, and what only a file can suffer.
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "history/testing/store_suite.h"
#include "tests/harness.h"

static char root[64];
static int folders;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

static const char *fresh_folder(void) {
    static char path[96];
    if (root[0] == '\0') {
        snprintf(root, sizeof root, "/tmp/lineshaft-sqlite-XXXXXX");
        CHECK(mkdtemp(root) != NULL);
    }
    snprintf(path, sizeof path, "%s/%d", root, folders++);
    return path;
}

static bool fresh(ls_history_def *def) {
    *def = (ls_history_def){.store = fresh_folder(), .block_points = 1000};
    return true;
}

typedef struct opened {
    ls_history_def def;
    ls_tags *tags;
    ls_store *store;
    ls_error err;
} opened;

static ls_status open_at(opened *test, const char *folder) {
    *test = (opened){.def = {.store = folder, .block_points = 1000}};
    CHECK_INT(ls_tags_create(&test->tags, NULL), LS_OK);
    return ls_store_sqlite.open(&test->def, test->tags, &test->store, &test->err);
}

static void close_store(opened *test) {
    ls_store_sqlite.close(test->store);
    ls_tags_destroy(test->tags);
}

// A store with a few thousand samples of three tags.
static void make_store(const char *folder) {
    opened test;
    CHECK_INT(open_at(&test, folder), LS_OK);
    store_data *data = store_data_make(test.tags, 3, 3, 4);
    for (int b = 0; b < 4; b++) {
        CHECK_INT(ls_store_sqlite.write(test.store, store_data_batch(data, b), &test.err), LS_OK);
    }
    store_data_free(data);
    close_store(&test);
}

static bool ignore(void *context, const ls_sample *sample) {
    (void)context;
    (void)sample;
    return true;
}

static ls_status read_all(opened *test) {
    ls_status status = LS_OK;
    for (uint32_t tag = 0; tag < 3 && status == LS_OK; tag++) {
        status = ls_store_sqlite.read_samples(test->store, tag, INT64_MIN, INT64_MAX, false, ignore,
                                              NULL, &test->err);
    }
    return status;
}

// Whatever byte is wrong: data or an error, never a crash; and the error names file and table.
static void test_a_garbled_file_is_an_error_and_names_it(void) {
    const char *folder = strdup(fresh_folder());
    make_store(folder);
    char path[128];
    snprintf(path, sizeof path, "%s/history.db", folder);
    uint64_t size = 0;
    char *good = harness_read_file(path, &size);
    CHECK(good != NULL);
    int refused = 0;
    for (uint64_t at = 0; at < size; at += 1 + size / 97) {
        char *bad = malloc(size);
        memcpy(bad, good, size);
        for (uint64_t i = at; i < at + 64 && i < size; i++) {
            bad[i] = (char)(bad[i] ^ 0x5a);
        }
        FILE *file = fopen(path, "wb");
        CHECK_INT(fwrite(bad, 1, size, file), size);
        fclose(file);
        free(bad);
        opened test;
        ls_status status = open_at(&test, folder);
        status = status == LS_OK ? read_all(&test) : status;
        if (status != LS_OK) {
            refused++;
            CHECK_CONTAINS(test.err.file, "/history.db");
            CHECK(test.err.text[0] != '\0');
        }
        close_store(&test);
    }
    CHECK(refused > 10);
    // Cut short.
    FILE *file = fopen(path, "wb");
    CHECK_INT(fwrite(good, 1, size / 2, file), size / 2);
    fclose(file);
    opened test;
    ls_status status = open_at(&test, folder);
    status = status == LS_OK ? read_all(&test) : status;
    CHECK_INT(status, LS_ERR_INVALID);
    CHECK_CONTAINS(test.err.text, "malformed");
    close_store(&test);
    free(good);
    free((char *)(uintptr_t)folder);
}

static void test_what_is_no_database_is_refused(void) {
    const char *folder = fresh_folder();
    char path[128];
    snprintf(path, sizeof path, "%s/history.db", folder);
    CHECK_INT(mkdir(folder, 0700), 0);
    FILE *file = fopen(path, "wb");
    fprintf(file, "this is a letter and no database at all, and it goes on for a while so that\n");
    fclose(file);
    opened test;
    CHECK_INT(open_at(&test, folder), LS_ERR_INVALID);
    CHECK_CONTAINS(test.err.text, "not a database");
    close_store(&test);
}

static void run_sql(const char *folder, const char *sql) {
    char line[512];
    snprintf(line, sizeof line, "sqlite3 %s/history.db \"%s\"", folder, sql);
    CHECK_INT(system(line), 0);
}

static void test_a_later_format_is_refused(void) {
    const char *folder = fresh_folder();
    make_store(folder);
    run_sql(folder, "update meta set value = 2 where name = 'version'");
    opened test;
    CHECK_INT(open_at(&test, folder), LS_ERR_VERSION);
    CHECK_CONTAINS(test.err.text, "format 2");
    close_store(&test);
}

static void test_a_folder_that_cannot_be_written_can_be_read(void) {
    const char *folder = fresh_folder();
    make_store(folder);
    CHECK_INT(chmod(folder, 0555), 0);
    CHECK_INT(chmod(root, 0755), 0);  // before the child goes in
    const pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(9);
        }
        opened test = {.def = {.store = folder, .read_only = true}};
        int code = ls_tags_create(&test.tags, NULL) == LS_OK ? 0 : 1;
        code = ls_store_sqlite.open(&test.def, test.tags, &test.store, &test.err) == LS_OK ? code
                                                                                           : 2;
        code = code == 0 && read_all(&test) != LS_OK ? 3 : code;
        if (code != 0) {
            fprintf(stderr, "%s: %s\n", test.err.file, test.err.text);
        }
        _exit(code);
    }
    int state = 0;
    waitpid(child, &state, 0);
    CHECK_INT(state, 0);
    CHECK_INT(chmod(folder, 0750), 0);
}

static bool count_one(void *context, const ls_sample *sample) {
    (void)sample;
    ++*(int64_t *)context;
    return true;
}

// Another process reads while this one writes; it sees whole batches only.
static void test_a_reader_sees_whole_batches(void) {
    enum { BATCHES = 60, POINTS = 500 };
    const char *folder = fresh_folder();
    opened test;
    CHECK_INT(open_at(&test, folder), LS_OK);
    uint32_t tag = 0;
    CHECK_INT(ls_tags_add(test.tags, "a", 1, &tag, NULL), LS_OK);
    CHECK_INT(ls_store_sqlite.write(test.store, &(ls_store_batch){0}, &test.err), LS_OK);
    const pid_t child = fork();
    if (child == 0) {
        opened reader = {.def = {.store = folder, .read_only = true}};
        int64_t seen = 0;
        int code = ls_tags_create(&reader.tags, NULL) != LS_OK ||
                   ls_store_sqlite.open(&reader.def, reader.tags, &reader.store, &reader.err) !=
                       LS_OK;
        for (int i = 0; i < 20000 && code == 0 && seen < BATCHES * POINTS; i++) {
            int64_t now = 0;
            code = ls_store_sqlite.read_samples(reader.store, 0, INT64_MIN, INT64_MAX, false,
                                                count_one, &now, &reader.err) != LS_OK;
            code = code != 0 || now < seen || now % POINTS != 0 ? 2 : 0;
            seen = now;
        }
        _exit(code == 0 && seen == BATCHES * POINTS ? 0 : 10 + code);
    }
    static ls_sample samples[POINTS];
    for (int b = 0; b < BATCHES; b++) {
        for (int i = 0; i < POINTS; i++) {
            samples[i] = (ls_sample){
                .tag = tag, .time_us = b * POINTS + i, .kind = LS_VALUE_INT, .value.integer = i};
        }
        const ls_series series = {.tag = tag, .samples = samples, .count = POINTS};
        CHECK_INT(
            ls_store_sqlite.write(
                test.store, &(ls_store_batch){.series = &series, .series_count = 1}, &test.err),
            LS_OK);
        if (b % 10 == 0) {
            CHECK_INT(ls_store_sqlite.checkpoint(test.store, &test.err), LS_OK);
        }
    }
    int state = 0;
    waitpid(child, &state, 0);
    CHECK_INT(state, 0);
    close_store(&test);
}

static void test_a_hundred_thousand_tags(void) {
    enum { TAGS = 100000 };
    const char *folder = fresh_folder();
    opened test;
    CHECK_INT(open_at(&test, folder), LS_OK);
    ls_sample *samples = calloc(TAGS, sizeof *samples);
    ls_series *series = calloc(TAGS, sizeof *series);
    for (uint32_t i = 0; i < TAGS; i++) {
        char name[32];
        uint32_t tag = 0;
        snprintf(name, sizeof name, "t/%u", i);
        CHECK_INT(ls_tags_add(test.tags, name, strlen(name), &tag, NULL), LS_OK);
        samples[i] = (ls_sample){
            .tag = tag, .time_us = i, .kind = LS_VALUE_UINT, .value.natural = i};
        series[i] = (ls_series){.tag = tag, .samples = &samples[i], .count = 1};
    }
    const ls_store_batch batch = {.series = series, .series_count = TAGS, .log_position = 9};
    CHECK_INT(ls_store_sqlite.write(test.store, &batch, &test.err), LS_OK);
    close_store(&test);
    CHECK_INT(open_at(&test, folder), LS_OK);
    CHECK_INT(ls_tags_count(test.tags), TAGS);
    int64_t count = 0;
    CHECK_INT(ls_store_sqlite.read_samples(test.store, 77777, 77777, 77778, false, count_one,
                                           &count, NULL),
              LS_OK);
    CHECK_INT(count, 1);
    close_store(&test);
    free(samples);
    free(series);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    store_suite_run(&(store_suite){.ops = &ls_store_sqlite, .fresh = fresh});
    TEST(test_a_garbled_file_is_an_error_and_names_it);
    TEST(test_what_is_no_database_is_refused);
    TEST(test_a_later_format_is_refused);
    TEST(test_a_folder_that_cannot_be_written_can_be_read);
    TEST(test_a_reader_sees_whole_batches);
    TEST(test_a_hundred_thousand_tags);
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return harness_report();
}
