// query_test.c - questions, backup and restore, through the facade: whatever is in blocks or still
// in memory.
#include <ftw.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/units.h"
#include "history/history.h"
#include "tests/harness.h"

static char root[64];
static int names;

static const char *fresh_path(void) {
    static char paths[8][96];
    char *path = paths[names % 8];
    snprintf(path, sizeof paths[0], "%s/%d", root, names++);
    return path;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at) {
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

typedef struct opened {
    ls_tags *tags;
    ls_history *history;
    ls_error err;
} opened;

static bool open_at(opened *test, const char *path, bool read_only) {
    *test = (opened){0};
    ls_history_def def = ls_history_def_default();
    def.store = path;
    def.read_only = read_only;
    CHECK_INT(ls_tags_create(&test->tags, NULL), LS_OK);
    const ls_status status = ls_history_open(&def, test->tags, &test->history, &test->err);
    CHECK_STR(test->err.text, "");
    return status == LS_OK;
}

static void close_it(opened *test) {
    CHECK_INT(ls_history_close(test->history, &test->err), LS_OK);
    ls_tags_destroy(test->tags);
}

static void append(opened *test, const char *name, int64_t time_us, double value) {
    ls_sample sample = {.time_us = time_us, .kind = LS_VALUE_REAL, .value.real = value};
    CHECK_INT(ls_tags_add(test->tags, name, strlen(name), &sample.tag, NULL), LS_OK);
    CHECK_INT(ls_history_append(test->history, &sample, 1, &test->err), LS_OK);
}

static bool tell(void *context, const ls_sample *sample) {
    double number = NAN;
    ls_sample_number(sample, &number);
    ls_buffer_printf(context, "%u@%g=%g ", sample->tag, (double)sample->time_us / 1e6, number);
    return true;
}

static void check_query(opened *test, const ls_query *query, const char *expected) {
    ls_buffer out;
    ls_buffer_init(&out);
    CHECK_INT(ls_history_query(test->history, query, tell, &out, &test->err), LS_OK);
    CHECK_STR(out.data != NULL ? out.data : "", expected);
    ls_buffer_clear(&out);
}

#define S LS_US_PER_S

static void check_questions(opened *test) {
    static const char *const presses[] = {"press/*/speed"};
    static const char *const two[] = {"*/a/state", "**/temp"};
    ls_query query = {.patterns = presses, .pattern_count = 1, .to_us = 100 * S};
    check_query(test, &query, "0@10=1 0@20=2 0@70=3 1@15=5 ");
    query.most = 2;
    check_query(test, &query, "0@10=1 0@20=2 ");
    query = (ls_query){.patterns = two, .pattern_count = 2, .to_us = 100 * S};
    check_query(test, &query, "2@30=7 ");
    query = (ls_query){.from_us = 15 * S, .to_us = 30 * S};
    check_query(test, &query, "0@20=2 1@15=5 ");
    query = (ls_query){.to_us = 120 * S, .resample = LS_RESAMPLE_MEAN, .step_us = 60 * S};
    check_query(test, &query, "0@0=1.5 0@60=3 1@0=5 2@0=7 ");
    query = (ls_query){.patterns = presses,
                       .pattern_count = 1,
                       .from_us = 15 * S,
                       .to_us = 75 * S,
                       .resample = LS_RESAMPLE_TIME_WEIGHTED,
                       .step_us = 30 * S};
    // 15 to 20: 1, to 45: 2; then 2 until 70 and 3 for 5 s.
    check_query(test, &query, "0@15=1.83333 0@45=2.16667 1@15=5 1@45=5 ");
    query.resample = LS_RESAMPLE_COUNT_OF;
    query.most = 2;
    check_query(test, &query, "0@15=1 0@45=1 ");
}

static void fill(opened *test) {
    append(test, "press/a/speed", 10 * S, 1);
    append(test, "press/a/speed", 70 * S, 3);
    append(test, "press/b/speed", 15 * S, 5);
    append(test, "oven/temp", 30 * S, 7);
}

static void test_questions_are_the_same_wherever_samples_are(void) {
    const char *path = fresh_path();
    opened test;
    if (!open_at(&test, path, false)) {
        return;
    }
    fill(&test);
    append(&test, "press/a/speed", 20 * S, 2);
    check_questions(&test);  // all in memory
    CHECK_INT(ls_history_flush(test.history, &test.err), LS_OK);
    check_questions(&test);  // all in blocks
    close_it(&test);
    path = fresh_path();
    if (!open_at(&test, path, false)) {
        return;
    }
    fill(&test);
    CHECK_INT(ls_history_flush(test.history, &test.err), LS_OK);
    append(&test, "press/a/speed", 20 * S, 2);  // late, in memory
    append(&test, "press/a/speed", 70 * S, 3);  // there already
    check_questions(&test);
    opened reader;
    if (open_at(&reader, path, true)) {  // another process would see the same
        check_questions(&reader);
        close_it(&reader);
    }
    close_it(&test);
}

static void test_a_question_that_cannot_be_is_refused(void) {
    opened test;
    if (!open_at(&test, fresh_path(), false)) {
        return;
    }
    const ls_query query = {.to_us = 1, .resample = LS_RESAMPLE_MEAN};
    CHECK_INT(ls_history_query(test.history, &query, tell, NULL, &test.err), LS_ERR_INVALID);
    CHECK_CONTAINS(test.err.text, "needs a step");
    const ls_query backwards = {.from_us = 5, .to_us = 1};
    check_query(&test, &backwards, "");
    close_it(&test);
}

static bool count_one(void *context, const ls_sample *sample) {
    (void)sample;
    ++*(int64_t *)context;
    return true;
}

static int64_t count(opened *test) {
    int64_t samples = 0;
    const ls_query query = {.from_us = INT64_MIN, .to_us = INT64_MAX};
    CHECK_INT(ls_history_query(test->history, &query, count_one, &samples, &test->err), LS_OK);
    return samples;
}

typedef struct writing {
    ls_history *history;
    atomic_llong written;
    atomic_bool stop, failed;
} writing;

static void *keep_writing(void *context) {
    writing *writer = context;
    for (int64_t i = 0; !atomic_load(&writer->stop); i += 10) {
        ls_sample samples[10];
        for (int k = 0; k < 10; k++) {
            samples[k] = (ls_sample){
                .tag = 0, .time_us = i + k, .kind = LS_VALUE_INT, .value.integer = i * 7 + k};
        }
        if (ls_history_append(writer->history, samples, 10, NULL) != LS_OK) {
            atomic_store(&writer->failed, true);
        }
        atomic_store(&writer->written, i + 10);
        usleep(50);
    }
    return NULL;
}

// The copy has at least what was appended before the call, and a clean beginning of what came
// after.
static void check_backup(const char *backup, int64_t before, int64_t after) {
    ls_error err = {0};
    const char *folder = fresh_path();
    opened copy;
    CHECK_INT(ls_history_restore(backup, folder, &err), LS_OK);
    CHECK_STR(err.text, "");
    if (open_at(&copy, folder, false)) {
        const int64_t samples = count(&copy);
        CHECK(samples >= before && samples <= after);
        CHECK_STR(ls_tags_get(copy.tags, 0)->name, "a");
        append(&copy, "a", INT64_MAX - 1, 1.0);  // it goes on
        CHECK_INT(count(&copy), samples + 1);
        close_it(&copy);
    }
    CHECK_INT(ls_history_restore(backup, folder, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "there is something already");
}

static void test_backup_while_writing_goes_on(void) {
    char path[96];
    snprintf(path, sizeof path, "%s", fresh_path());
    opened test;
    uint32_t tag = 0;
    if (!open_at(&test, path, false)) {
        return;
    }
    CHECK_INT(ls_tags_add(test.tags, "a", 1, &tag, NULL), LS_OK);
    writing writer = {.history = test.history};
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, keep_writing, &writer), 0);
    for (int i = 0; i < 3; i++) {
        usleep(50000);
        const char *backup = fresh_path();
        const int64_t before = atomic_load(&writer.written);
        // By the writer itself, and by somebody who only reads.
        CHECK_INT(ls_history_backup(test.history, backup, &test.err), LS_OK);
        check_backup(backup, before, atomic_load(&writer.written) + 10);
        CHECK_INT(ls_history_backup(test.history, backup, &test.err), LS_ERR_INVALID);
        CHECK_CONTAINS(test.err.text, "there already");
        opened reader;
        if (open_at(&reader, path, true)) {
            backup = fresh_path();
            const int64_t seen = atomic_load(&writer.written);
            CHECK_INT(ls_history_backup(reader.history, backup, &reader.err), LS_OK);
            CHECK_STR(reader.err.text, "");
            check_backup(backup, seen, atomic_load(&writer.written) + 10);
            close_it(&reader);
        }
    }
    atomic_store(&writer.stop, true);
    pthread_join(thread, NULL);
    CHECK(!atomic_load(&writer.failed));
    CHECK_INT(count(&test), atomic_load(&writer.written));
    close_it(&test);
}

static void test_what_is_no_backup_is_refused(void) {
    ls_error err = {0};
    const char *bad = fresh_path();
    FILE *file = fopen(bad, "w");
    fprintf(file, "not a backup, whatever its name says, but long enough to look at twice or more");
    fclose(file);
    const char *folder = fresh_path();
    CHECK_INT(ls_history_restore(bad, folder, &err), LS_ERR_INVALID);
    CHECK_STR(err.file, bad);
    CHECK(access(folder, F_OK) != 0);
    CHECK_INT(ls_history_restore(fresh_path(), folder, &err), LS_ERR_IO);
    CHECK(access(folder, F_OK) != 0);
}

// Every format ever released is still read. v1 holds every kind of value, an event and a state.
static void test_histories_of_old_formats_load(void) {
    const char *folder = fresh_path();
    opened test;
    ls_error err = {0};
    CHECK_INT(
        ls_history_restore(harness_source_path("tests/data/history/v1/history.db"), folder, &err),
        LS_OK);
    CHECK_STR(err.text, "");
    if (!open_at(&test, folder, false)) {
        return;
    }
    CHECK_INT(count(&test), 13);
    CHECK_INT(ls_tags_count(test.tags), 7);
    void *bytes = NULL;
    size_t size = 0;
    CHECK_INT(ls_history_load(test.history, "follow", &bytes, &size, NULL), LS_OK);
    CHECK_INT(size, 3);
    ls_free(bytes);
    ls_history_figures figures;
    CHECK_INT(ls_history_describe(test.history, &figures, NULL), LS_OK);
    CHECK_INT(figures.events, 1);
    close_it(&test);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    snprintf(root, sizeof root, "/tmp/lineshaft-query-XXXXXX");
    if (mkdtemp(root) == NULL) {
        return 1;
    }
    TEST(test_questions_are_the_same_wherever_samples_are);
    TEST(test_a_question_that_cannot_be_is_refused);
    TEST(test_backup_while_writing_goes_on);
    TEST(test_what_is_no_backup_is_refused);
    TEST(test_histories_of_old_formats_load);
    nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return harness_report();
}
