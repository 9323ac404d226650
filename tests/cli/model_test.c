// model_test.c - `lineshaft model` as a person uses it: trained, gated, promoted, asked, taken
// back.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/cli/folder.h"
#include "tests/harness.h"

// Two machines whose tool wears; power and vibration tell of it through noise.
static void put_history(void) {
    char path[600];
    double wear[2] = {0.0, 0.5};
    uint64_t seed = 11;
    snprintf(path, sizeof path, "%s/h.csv", folder_path());
    FILE *file = fopen(path, "w");
    CHECK(file != NULL);
    if (file == NULL) {
        return;
    }
    fprintf(file, "time,tag,value\n");
    for (int m = 0; m < 1500; m++) {
        for (int u = 0; u < 2; u++) {
            char time[40];
            const double noise = (double)(folder_random(&seed) >> 11) * 0x1p-53 - 0.5;
            const double other = (double)(folder_random(&seed) >> 11) * 0x1p-53 - 0.5;
            wear[u] = wear[u] > 1.0 ? 0.0 : wear[u] + 0.004;
            snprintf(time, sizeof time, "2026-01-%02dT%02d:%02d:00", 5 + m / 1440, m / 60 % 24,
                     m % 60);
            fprintf(file, "%s,cell/g%d/power,%.4f\n%s,cell/g%d/vibration,%.4f\n", time, u + 1,
                    10.0 + 3.0 * wear[u] + noise, time, u + 1, 1.0 + wear[u] + other);
            if (m % 5 == 0) {
                fprintf(file, "%s,cell/g%d/wear,%.5f\n", time, u + 1, wear[u]);
            }
        }
    }
    fclose(file);
}

#define MODEL(name, more)                                                                      \
    "  " name                                                                                  \
    ": {what: sensor, of: [g1, g2], tags: ['cell/{unit}/power', 'cell/{unit}/vibration'], "    \
    "every: 5 min, label: {tag: 'cell/{unit}/wear'}, gates: {latency: 10 s, missing: 10}" more \
    "}\n"

static void put_all(void) {
    folder_put("p.yaml",
               "plant: t\nstations: {a: {process: 1 min}}\n"
               "products: {x: {route: [a], release: {every: 1 h}}}\nmodels:\n" MODEL("wear", "")
                   MODEL("auto", ", mode: auto, learner: trees") MODEL("own", ", learner: ./own")
                       MODEL("noise", ", learner: ./noise") MODEL("broken", ", learner: ./broken")
                           MODEL("slow", ", learner: ./slow"));
    put_history();
}

#define WHERE " --history %/hist --models %/models"

static void test_from_history_to_a_model_that_serves(void) {
    if (!folder_make(NULL)) {
        return;
    }
    put_all();
    folder_expect("history import %/hist %/h.csv", 0, "");
    folder_expect("model train %/p.yaml" WHERE, 2, "");
    folder_expect("model train %/p.yaml:wear --data %/data --pool", 4,
                  "start it with 'lineshaft run'");
    folder_expect("model train %/p.yaml:tear" WHERE, 3, "the plant has no model 'tear'");
    folder_expect("model show %/p.yaml:wear --models %/models", 3, "has no versions yet");
    folder_expect("model train %/p.yaml:wear" WHERE, 0, "model wear, version 1: challenger");
    folder_expect("model list %/p.yaml:wear --models %/models", 0, "challenger");
    folder_expect("model promote %/p.yaml:wear --models %/models", 0,
                  "version 1 serves, it is the first");
    folder_expect("model evaluate %/p.yaml:wear" WHERE, 0, "version 1: champion");
    // The same again is no better: it stays a candidate.
    folder_expect("model train %/p.yaml:wear" WHERE, 1, "version 2: candidate");
    folder_expect("model promote %/p.yaml:wear --models %/models", 3, "has no challenger");
    program late = folder_run("model promote %/p.yaml:wear --version 2 --models %/models", 0);
    CHECK_CONTAINS(late.out, "version 2 serves");
    CHECK_CONTAINS(late.err, "version 2 did not pass its gates when it was trained: gain");
    program_clear(&late);
    // With the result in a file, not to pass is no failure: whoever waits reads it there.
    folder_expect("model train %/p.yaml:wear --result %/r.json" WHERE, 0, "version 3: candidate");
    char result[600];
    snprintf(result, sizeof result, "%s/r.json", folder_path());
    char *text = harness_read_file(result, NULL);
    CHECK_CONTAINS(text != NULL ? text : "", "\"model-train/1\"");
    CHECK_CONTAINS(text != NULL ? text : "", "\"number\": 3");
    free(text);
    folder_expect("model train %/p.yaml:wear --result %/no/r.json" WHERE, 4, "");
    folder_expect("model show %/p.yaml:wear -v 3 --models %/models", 0, "profile.json");
    folder_expect("model predict %/p.yaml:wear" WHERE, 0, "version 2, at 2026-01-06T00:59:00Z");
    folder_expect("model explain %/p.yaml:wear" WHERE, 0, "cell/{unit}/power mean 10min");
    program done = program_run(folder_fill("model train %/p.yaml:auto" WHERE));
    program_clear(&done);  // its gates are not the question here
    folder_expect("model explain %/p.yaml:auto --version 1" WHERE, 0, "cell/{unit}/power");
    folder_expect("model explain %/p.yaml:auto --version 1 --json" WHERE, 0, "model-explain/1");
    folder_expect("model rollback %/p.yaml:wear --models %/models", 0, "version 1 serves");
    folder_expect("model rollback %/p.yaml:wear --models %/models", 3, "no champion before");
    folder_expect("model show %/p.yaml:wear --models %/models --json", 0,
                  "\"stage\": \"champion\"");
}

static void test_the_same_history_gives_the_same_bytes(void) {
    if (!program_is_there()) {
        return;
    }
    folder_expect("model export %/p.yaml:wear -v 1 --models %/models -o %/one.json", 0, "");
    folder_expect("model export %/p.yaml:wear -v 2 --models %/models -o %/two.json", 0, "");
    char path[2][600];
    uint64_t size[2] = {0};
    snprintf(path[0], sizeof path[0], "%s/one.json", folder_path());
    snprintf(path[1], sizeof path[1], "%s/two.json", folder_path());
    char *one = harness_read_file(path[0], &size[0]), *two = harness_read_file(path[1], &size[1]);
    CHECK(one != NULL && two != NULL && size[0] == size[1] && size[0] > 500);
    if (one != NULL && two != NULL && size[0] == size[1]) {
        CHECK_BYTES(one, two, size[0]);
    }
    free(one);
    free(two);
}

static void test_a_changed_model_does_not_serve(void) {
    if (!program_is_there()) {
        return;
    }
    folder_put("models/wear/versions/2/model.json", "{}");
    folder_expect("model promote %/p.yaml:wear -v 2 --models %/models", 3, "not what the manifest");
    folder_expect("model predict %/p.yaml:wear -v 2" WHERE, 3,
                  "not what the manifest of version 2 says");
    folder_expect("model predict %/p.yaml:wear" WHERE, 0, "version 1");
}

static void put_learner(const char *name, const char *text) {
    char path[600];
    folder_put(name, text);
    snprintf(path, sizeof path, "%s/%s", folder_path(), name);
    CHECK_INT(chmod(path, 0755), 0);
}

// Stopped in the middle: the learner goes too, and there is no version.
static void test_a_training_that_is_stopped_leaves_nothing(void) {
    if (!program_is_there()) {
        return;
    }
    char line[2048], path[600];
    snprintf(path, sizeof path, "%s/began", folder_path());
    snprintf(line, sizeof line, "#!/bin/sh\necho $$ >'%s'\nexec sleep 600\n", path);
    put_learner("slow", line);
    snprintf(line, sizeof line, "model train %s/p.yaml:slow --history %s/hist --models %s/models",
             folder_path(), folder_path(), folder_path());
    program done = program_run_def(
        &(program_def){.line = line, .interrupt_ms = 1500, .interrupts = 1});
    CHECK_INT(done.code, 130);
    program_clear(&done);
    char *pid = harness_read_file(path, NULL);
    if (pid != NULL) {  // on a busy machine it may not have come so far
        char process[64];
        snprintf(process, sizeof process, "/proc/%d/exe", atoi(pid));
        CHECK(access(process, F_OK) != 0);
    }
    free(pid);
    folder_expect("model list %/p.yaml:slow --models %/models", 0, "no version yet");
}

static void test_other_programs_can_train(void) {
    if (!program_is_there()) {
        return;
    }
    put_learner("noise", "#!/bin/sh\necho '{\"what\": \"no model\"}'\n");
    put_learner("broken", "#!/bin/sh\nexit 7\n");
    folder_expect("model train %/p.yaml:broken" WHERE, 3,
                  "the training by './broken' ended with code 7");
    folder_expect("model train %/p.yaml:noise" WHERE, 3, "");
    char text[1024],
        *source = harness_read_file(harness_source_path("examples/learner/ridge.py"), NULL);
    CHECK(source != NULL);
    snprintf(text, sizeof text, "#!/bin/sh\nexec python3 '%s' \"$@\"\n",
             harness_source_path("examples/learner/ridge.py"));
    free(source);
    put_learner("own", text);
    if (access("/usr/bin/python3", X_OK) == 0) {
        folder_expect("model train %/p.yaml:own" WHERE, 0, "model own, version 1: challenger");
    }
    // Nothing of a training that failed is kept.
    folder_expect("model list %/p.yaml:broken --models %/models", 0, "no version yet");
    folder_expect("model list %/p.yaml:noise --models %/models", 0, "no version yet");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_from_history_to_a_model_that_serves);
    TEST(test_the_same_history_gives_the_same_bytes);
    TEST(test_a_changed_model_does_not_serve);
    TEST(test_other_programs_can_train);
    TEST(test_a_training_that_is_stopped_leaves_nothing);
    program_remove_temporary();
    return harness_report();
}
