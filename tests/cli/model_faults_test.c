// model_faults_test.c - bad data, a full disk and gates that hold, as a person meets them: what is
// wrong with the data is named, what must not serve does not, and nothing is left half done.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/cli/folder.h"
#include "tests/harness.h"

enum { MINUTES = 1500 };

static void expect_told(const char *line, int code, const char *told) {
    program done = folder_run(line, code);
    CHECK_CONTAINS(done.err, told);
    program_clear(&done);
}

static double noise(uint64_t *state) {
    return (double)(folder_random(state) >> 11) * 0x1p-53 - 0.5;
}

static void tell(FILE *file, int minute, int unit, const char *what, double value) {
    fprintf(file, "2026-01-%02dT%02d:%02d:00,g%d/%s,%.6f\n", 5 + minute / 1440, minute / 60 % 24,
            minute % 60, unit + 1, what, value);
}

// Two machines. `load` tells of their wear; `still` never changes, `nothing` is never a number;
// `moved` is elsewhere in the last tenth of the time. What `odd` tells of g2 turns round; `main`
// tells all, and `one` and `two` do together.
static void put_history(void) {
    double wear[2] = {0.0, 0.5};
    uint64_t seed = 5;
    char path[600];
    snprintf(path, sizeof path, "%s/h.csv", folder_path());
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (file == NULL) {
        return;
    }
    fprintf(file, "time,tag,value\n");
    for (int u = 0; u < 2; u++) {
        fprintf(file, "2026-01-05T00:00:00,g%d/nothing,off\n", u + 1);
    }
    for (int m = 0; m < MINUTES; m++) {
        for (int u = 0; u < 2; u++) {
            wear[u] = wear[u] > 1.0 ? 0.0 : wear[u] + 0.004 + 0.003 * u;
            tell(file, m, u, "load", 10.0 + 3.0 * wear[u] + 0.4 * noise(&seed));
            tell(file, m, u, "still", 7.0);
            tell(file, m, u, "moved", noise(&seed) + (m > MINUTES * 9 / 10 ? 40.0 : 0.0));
            const double turns = u == 0 || m < MINUTES * 7 / 10 ? 1.0 : -1.0;
            tell(file, m, u, "odd", 5.0 + turns * wear[u] + 0.02 * noise(&seed));
            const double common = 5.0 * noise(&seed);
            tell(file, m, u, "one", common + wear[u] + 0.02 * noise(&seed));
            tell(file, m, u, "two", common + 0.02 * noise(&seed));
            tell(file, m, u, "main", 2.0 + wear[u] + 0.001 * noise(&seed));
            if (m % 5 == 0) {
                tell(file, m, u, "wear", wear[u]);
                tell(file, m, u, "same", 1.0);
            }
        }
    }
    fclose(file);
}

#define HEAD                                      \
    "plant: t\nstations: {a: {process: 1 min}}\n" \
    "products: {x: {route: [a], release: {every: 1 h}}}\nmodels:\n"
#define MODEL(name, tags, more)                             \
    "  " name ": {what: sensor, of: [g1, g2], tags: [" tags \
    "], window: 10 min, "                                   \
    "every: 5 min, label: {tag: '{unit}/wear'}, features: [last, mean], " more "}\n"
#define OPEN "gates: {latency: 10 s, missing: 100, worst: 100, coverage: 30 %}"

// Once for all tests.
static bool begin(void) {
    if (folder_path()[0] != '\0') {
        return true;
    }
    if (!folder_make(NULL)) {
        return false;
    }
    folder_put("p.yaml", HEAD
        MODEL("bare", "'{unit}/load', '{unit}/still', '{unit}/nothing', '{unit}/moved'", OPEN)
        MODEL("worst", "'{unit}/odd'", "gates: {latency: 10 s, missing: 100, coverage: 100 %}")
        MODEL("missing", "'{unit}/one', '{unit}/two'", "gates: {latency: 10 s, worst: 100, coverage: 30 %}")
        MODEL("slow", "'{unit}/load'",
              "gates: {latency: 0 s, missing: 100, worst: 100, coverage: 30 %}")
        MODEL("large", "'{unit}/load', '{unit}/main'", "learner: trees, " OPEN)
        MODEL("good", "'{unit}/load'", "mode: auto, " OPEN)
        "  same: {what: sensor, of: [g1, g2], tags: '{unit}/load', every: 5 min, "
        "label: {tag: '{unit}/same'}, " OPEN "}\n"
        "  nobody: {what: sensor, of: [g8, g9], tags: '{unit}/load', every: 5 min, "
        "label: {tag: '{unit}/wear'}, " OPEN "}\n"
        "  unlike: {what: anomaly, of: [g1, g2], tags: ['{unit}/load', '{unit}/main'], "
        "every: 5 min, learner: pca}\n"
        "  dark: {what: anomaly, of: [g8], tags: ['{unit}/load', '{unit}/main'], "
        "every: 5 min, learner: dpca}\n");
    folder_put("patient.yaml", HEAD MODEL("slow", "'{unit}/load'", OPEN));
    put_history();
    folder_expect("history import %/hist %/h.csv", 0, "");
    return true;
}

#define WHERE " --history %/hist --models %/models"
#define MODELS " --models %/models"

// ---- data

static void test_empty_constant_and_shifted_data_are_named(void) {
    if (!begin()) {
        return;
    }
    program done = folder_run("model train %/p.yaml:bare" WHERE, 1);  // it has learned where it was
    CHECK_CONTAINS(done.err, "the feature '{unit}/still last' has one value in all rows");
    CHECK_CONTAINS(done.err, "the feature '{unit}/nothing last' has no value in any row");
    CHECK_CONTAINS(done.err,
                   "the feature '{unit}/moved last' is in the last fifth of the rows far");
    CHECK(strstr(done.err, "load") == NULL);  // nothing is wrong with it
    program_clear(&done);
    folder_expect("model train %/p.yaml:same" WHERE, 3,
                  "the label '{unit}/same' is the same in every row");
    folder_expect("model list %/p.yaml:same" MODELS, 0, "no version yet");
}

static void test_a_history_without_anything_trains_nothing(void) {
    if (!begin()) {
        return;
    }
    folder_expect("model train %/p.yaml:nobody" WHERE, 3, "the history knows no tag 'g8/");
    folder_expect("model train %/p.yaml:dark" WHERE, 3, "the history knows no tag 'g8/");
    folder_put("e.csv", "time,tag,value\n");
    folder_expect("history import %/empty %/e.csv", 0, "");
    folder_expect("model train %/p.yaml:good --history %/empty" MODELS, 3, "the history is empty");
    folder_expect("model train %/p.yaml:good --history %/none" MODELS, 4,
                  "there is no history here");
    folder_expect("model list %/p.yaml:good" MODELS, 0, "no version yet");
    CHECK(access(folder_fill("%/none"), F_OK) != 0);
}

// ---- learners that are no trees

static void test_partial_least_squares_and_components(void) {
    if (!begin()) {
        return;
    }
    folder_expect("model train %/p.yaml:good" WHERE, 0, "good, version 1: champion");
    folder_expect("model export %/p.yaml:good" MODELS, 0, "\"lineshaft linear\"");
    folder_expect("model show %/p.yaml:good" MODELS, 0, "champion");
    program done = folder_run("model train %/p.yaml:unlike" WHERE, 0);
    CHECK_CONTAINS(done.out, "unlike, version 1");
    program_clear(&done);
    folder_expect("model show %/p.yaml:unlike" MODELS, 0, "pca");
    folder_expect("model explain %/p.yaml:unlike -v 1" WHERE, 0, "{unit}/main");
}

// ---- gates

// On g2 the feature says the contrary of what it said in training: one unit is worse than the mean,
// although the other one gains.
static void test_the_worst_unit_keeps_it_out(void) {
    if (!begin()) {
        return;
    }
    program done = folder_run("model train %/p.yaml:worst" WHERE, 1);
    CHECK_CONTAINS(done.out, "worst     NOT PASSED");
    CHECK_CONTAINS(done.out, "g2");
    CHECK_CONTAINS(done.out, "version 1: candidate");
    program_clear(&done);
}

// Both sensors together tell all; with one silent it is far worse than always saying the mean.
static void test_a_sensor_that_may_not_fall_silent_keeps_it_out(void) {
    if (!begin()) {
        return;
    }
    program done = folder_run("model train %/p.yaml:missing" WHERE, 1);
    CHECK_CONTAINS(done.out, "missing   NOT PASSED");
    CHECK_CONTAINS(done.out, "without '{unit}/");
    CHECK_CONTAINS(done.out, "version 1: candidate");
    program_clear(&done);
}

// Nobody lets it serve before the plant file gives it more time; another gate a person may pass by.
static void test_what_is_slower_than_its_deadline_never_gets_in(void) {
    if (!begin()) {
        return;
    }
    folder_expect("model train %/p.yaml:slow" WHERE, 1, "latency   NOT PASSED");
    folder_expect("model promote %/p.yaml:slow" MODELS, 3, "has no challenger");
    folder_expect("model promote %/p.yaml:slow -v 1" MODELS, 3,
                  "version 1 is slower than its deadline: one prediction takes ");
    folder_expect("model list %/p.yaml:slow" MODELS, 0, "candidate");
    expect_told("model promote %/p.yaml:worst -v 1" MODELS, 0,
                "version 1 did not pass its gates when it was trained: gain, worst");
}

// ---- a full disk

// No file may grow: what a full disk does to whoever writes.
static void allow_files(rlim_t most) {
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = most;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static bool stands(const char *file, const char *part) {
    char *text = harness_read_file(folder_fill(file), NULL);
    const bool is = text != NULL && strstr(text, part) != NULL;
    free(text);
    return is;
}

static void test_a_full_disk_leaves_everything_as_it_was(void) {
    if (!begin()) {
        return;
    }
    struct rlimit before;
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*const handler)(int) = signal(SIGXFSZ, SIG_IGN);
    program done[3];
    // The history finds its room; the trees find none.
    static const char *const lines[] = {"model train %/p.yaml:large" WHERE,
                                        "model promote %/patient.yaml:slow -v 1" MODELS,
                                        "model export %/p.yaml:good -o %/full.json" MODELS};
    for (int i = 0; i < 3; i++) {
        allow_files(i == 0 ? 100000 : 0);
        done[i] = program_run(folder_fill(lines[i]));
    }
    allow_files(before.rlim_cur);
    signal(SIGXFSZ, handler);
    for (int i = 0; i < 3; i++) {
        harness_note("lineshaft %s: %d\n%s%s", folder_fill(lines[i]), done[i].code, done[i].out,
                     done[i].err);
        CHECK_INT(done[i].code, 4);
        CHECK_CONTAINS(done[i].err, "File too large");
        program_clear(&done[i]);
    }
    CHECK(access(folder_fill("%/full.json"), F_OK) != 0);
    // No half version, no half stages; and with room it goes on with the first number.
    folder_expect("model list %/p.yaml:large" MODELS, 0, "no version yet");
    CHECK_INT(system(folder_fill("test -z \"$(ls -A %/models/large/versions)\"")), 0);
    CHECK(!stands("%/models/slow/stages.json", "\"champion\": 1"));
    folder_expect("model train %/p.yaml:large" WHERE, 0, "version 1: challenger");
    folder_expect("model promote %/patient.yaml:slow -v 1" MODELS, 0, "version 1 serves");
}

// ---- taken back at once

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void test_a_rollback_takes_less_than_a_second(void) {
    if (!begin()) {
        return;
    }
    double best = 1e9;
    expect_told("model train %/p.yaml:bare" WHERE, 1, "");
    folder_expect("model promote %/p.yaml:bare -v 1" MODELS, 0, "version 1 serves");
    for (int i = 0; i < 5 && best >= 1.0; i++) {  // the machine may have other work
        expect_told("model promote %/p.yaml:bare -v 2" MODELS, 0, "");
        const double from = seconds();
        folder_expect("model rollback %/p.yaml:bare" MODELS, 0,
                      "version 1 serves, before it was 2");
        const double took = seconds() - from;
        best = took < best ? took : best;
    }
    harness_note("from the command to its end: %.3f s", best);
    CHECK(best < 1.0);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_history_without_anything_trains_nothing);
    TEST(test_empty_constant_and_shifted_data_are_named);
    TEST(test_partial_least_squares_and_components);
    TEST(test_the_worst_unit_keeps_it_out);
    TEST(test_a_sensor_that_may_not_fall_silent_keeps_it_out);
    TEST(test_what_is_slower_than_its_deadline_never_gets_in);
    TEST(test_a_full_disk_leaves_everything_as_it_was);
    TEST(test_a_rollback_takes_less_than_a_second);
    program_remove_temporary();
    return harness_report();
}
