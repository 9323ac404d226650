// model_learn_test.c - what trees learn besides numbers, settings that are searched for, trainings
// and searches that are killed, and signatures: as a person uses them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/json.h"
#include "history/history.h"
#include "tests/cli/folder.h"
#include "tests/harness.h"

#define MINUTE INT64_C(60000000)
#define BEGIN INT64_C(1767592800000000)  // 2026-01-05T06:00

enum { MINUTES = 1600, UNITS = 3 };

static double share(uint64_t *state) {
    return (double)(folder_random(state) >> 11) * 0x1p-53;
}

static void append(ls_history *history, ls_tags *tags, int64_t time_us, int unit, const char *what,
                   double value, const char *text) {
    char name[64];
    uint32_t tag = 0;
    ls_error err = {0};
    snprintf(name, sizeof name, "m%d/%s", unit + 1, what);
    CHECK_INT(ls_tags_add(tags, name, strlen(name), &tag, &err), LS_OK);
    ls_sample s = {.time_us = time_us, .tag = tag, .kind = LS_VALUE_REAL, .value.real = value};
    if (text != NULL) {
        s.kind = LS_VALUE_TEXT;
        s.size = (uint32_t)strlen(text);
        s.value.text = text;
    }
    CHECK_INT(ls_history_append(history, &s, 1, &err), LS_OK);
}

// Machines wear; load tells of it through noise. A worn one makes rework, then scrap, and fails.
static void put_history(void) {
    char path[600];
    double wear[UNITS] = {0.0, 0.3, 0.6};
    uint64_t seed = 17;
    ls_history *history = NULL;
    ls_tags *tags = NULL;
    ls_error err = {0};
    ls_history_def def = ls_history_def_default();
    snprintf(path, sizeof path, "%s", folder_fill("%/hist"));
    def.store = path;
    CHECK_INT(ls_tags_create(&tags, &err), LS_OK);
    CHECK_INT(ls_history_open(&def, tags, &history, &err), LS_OK);
    for (int m = 0; m < MINUTES; m++) {
        const int64_t at = BEGIN + m * MINUTE;
        for (int u = 0; u < UNITS; u++) {
            wear[u] += 0.006 + 0.002 * u;
            if (wear[u] > 1.0) {
                const ls_happened event = {.time_us = at,
                                           .kind = "failure",
                                           .subject = (const char *[]){"m1", "m2", "m3"}[u],
                                           .text = "",
                                           .json = ""};
                CHECK_INT(ls_history_event(history, &event, &err), LS_OK);
                wear[u] = 0.0;
            }
            const double seen = wear[u] + 0.1 * (share(&seed) - 0.5);
            append(history, tags, at, u, "load", 10.0 + 5.0 * seen, NULL);
            append(history, tags, at, u, "heat", 40.0 + share(&seed), NULL);
            append(history, tags, at + 1000, u, "state", 0.0,
                   seen < 0.5   ? "good"
                   : seen < 0.8 ? "rework"
                                : "scrap");
            append(history, tags, at + 1000, u, "bad", seen < 0.7 ? 0.0 : 1.0, NULL);
            append(history, tags, at + 1000, u, "grade", floor(4.0 * wear[u]), NULL);
            append(history, tags, at + 1000, u, "number", 40.0 + wear[u], NULL);
            append(history, tags, at + 1000, u, "verdict", seen < 0.7 ? 7.0 : 3.0, NULL);
            append(history, tags, at + 1000, u, "time", 60.0 + 20.0 * wear[u] * share(&seed), NULL);
        }
    }
    CHECK_INT(ls_history_close(history, &err), LS_OK);
    ls_tags_destroy(tags);
}

#define COMMON                                                                         \
    "of: [m1, m2, m3], tags: ['{unit}/load', '{unit}/heat'], features: [last, mean], " \
    "every: 5 min, learner: trees, trees: {rounds: 40, depth: 3}, "                    \
    "gates: {latency: 10 s, missing: 100, worst: 100, calibration: 20 %, coverage: 15 %}"
#define HEAD                                      \
    "plant: t\nstations: {a: {process: 1 min}}\n" \
    "products: {x: {route: [a], release: {every: 1 h}}}\nmodels:\n"
#define STATE "what: quality, label: {tag: '{unit}/state'}, classes: [good, rework, scrap]"

static void put_all(void) {
    folder_put("p.yaml",
               HEAD "  state: {" STATE ", " COMMON
                    "}\n"
                    "  bad: {what: scrap, label: {tag: '{unit}/bad'}, objective: binary, " COMMON
                    "}\n"
                    "  life: {what: life, label: {event: failure}, horizon: 2 h, " COMMON
                    "}\n"
                    "  slow: {what: time, label: {tag: '{unit}/time'}, objective: quantile, "
                    "quantile: 0.9, " COMMON
                    "}\n"
                    "  none: {what: life, label: {event: holiday}, horizon: 2 h, " COMMON
                    "}\n"
                    "  never: {what: quality, label: {tag: '{unit}/state'}, "
                    "classes: [good, rework, scrap, melted], " COMMON "}\n");
    folder_put("signed.yaml",
               HEAD "  state: {" STATE ", mode: auto, signed-by: k.pub, " COMMON "}\n");
    put_history();
}

static void check_same(const char *one, const char *two) {
    uint64_t size[2] = {0};
    char *a = harness_read_file(folder_fill(one), &size[0]),
         *b = harness_read_file(folder_fill(two), &size[1]);
    CHECK(a != NULL && b != NULL && size[0] > 500);
    CHECK_INT(size[0], size[1]);
    if (a != NULL && b != NULL && size[0] == size[1]) {
        CHECK_BYTES(a, b, size[0]);
    }
    free(a);
    free(b);
}

#define WHERE " --history %/hist --models %/models"

static void test_classes(void) {
    if (!folder_make(NULL)) {
        return;
    }
    put_all();
    folder_expect("model train %/p.yaml:state" WHERE, 0, "(Brier score)");
    folder_expect("model evaluate %/p.yaml:state" WHERE, 0, "wrong in the mean over 3 classes");
    folder_expect("model predict %/p.yaml:state" WHERE, 0, "probability");
    folder_expect("model explain %/p.yaml:state" WHERE, 0, "{unit}/load");
    json_t *told = folder_ask("model predict %/p.yaml:state --json" WHERE);
    const json_t *first = json_array_get(json_object_get(told, "predictions"), 0);
    const json_t *shares = json_object_get(first, "probabilities");
    double sum = 0.0, most = 0.0;
    const char *names[] = {"good", "rework", "scrap"}, *likeliest = "";
    for (int k = 0; k < 3; k++) {
        const double p = json_number_value(json_object_get(shares, names[k]));
        sum += p;
        likeliest = p > most ? names[k] : likeliest;
        most = p > most ? p : most;
    }
    CHECK_NEAR(sum, 1.0, 1e-6);
    CHECK_STR(json_string_value(json_object_get(first, "class")), likeliest);
    CHECK(json_array_size(json_object_get(first, "possible")) >= 1);
    CHECK(json_is_null(json_object_get(first, "low")));
    json_decref(told);
    // What no row shows cannot be learned; it is named.
    folder_expect("model train %/p.yaml:never" WHERE, 3, "of class 3 of 4: it cannot be learned");
    folder_expect("model list %/p.yaml:never --models %/models", 0, "no version yet");
}

static void test_two_classes_by_number(void) {
    if (!program_is_there()) {
        return;
    }
    folder_expect("model train %/p.yaml:bad" WHERE, 0, "calibration");
    json_t *told = folder_ask("model predict %/p.yaml:bad --json" WHERE);
    const json_t *first = json_array_get(json_object_get(told, "predictions"), 0);
    const double p = json_number_value(json_object_get(first, "prediction"));
    CHECK(p >= 0.0 && p <= 1.0);
    CHECK_NEAR(json_number_value(json_object_get(json_object_get(first, "probabilities"), "1")), p,
               1e-12);
    json_decref(told);
}

static void test_lives(void) {
    if (!program_is_there()) {
        return;
    }
    folder_expect("model train %/p.yaml:life" WHERE, 0, "life, version 1: challenger");
    json_t *shown = folder_ask("model show %/p.yaml:life --models %/models --json");
    CHECK_STR(json_string_value(json_object_get(json_object_get(shown, "lineage"), "objective")),
              "life");
    json_decref(shown);
    json_t *told = folder_ask("model predict %/p.yaml:life --json" WHERE);
    for (size_t i = 0; i < UNITS; i++) {
        const json_t *one = json_array_get(json_object_get(told, "predictions"), i);
        const double life = json_number_value(json_object_get(one, "prediction"));
        CHECK(life > 0.0 && life <= 7200.0);  // nothing is said beyond the horizon
    }
    json_decref(told);
    // The survival objective is in the model, and the horizon with it.
    folder_expect("model export %/p.yaml:life -v 1 --models %/models", 0, "survival:aft");
    folder_expect("model export %/p.yaml:life -v 1 --models %/models", 0, "lineshaft.answer_max");
    // Every life lasts beyond the horizon: there is one label alone, and it is said.
    folder_expect("model train %/p.yaml:none" WHERE, 3, "is the same in every row");
}

static void test_a_quantile(void) {
    if (!program_is_there()) {
        return;
    }
    program done = program_run(folder_fill("model train %/p.yaml:slow" WHERE));
    CHECK(done.code == 0 || done.code == 1);
    CHECK_CONTAINS(done.out, "(pinball loss), always saying the quantile:");
    CHECK_CONTAINS(done.out, "% of the values below what was told (90 % wanted)");
    program_clear(&done);
}

// Which machine is to be looked after first: trained, gated, promoted, asked.
static void test_an_order(void) {
    if (!program_is_there()) {
        return;
    }
#define ORDER "what: order, top: 2, " COMMON
    folder_put("order.yaml", HEAD "  first: {label: {tag: '{unit}/grade'}, " ORDER
                                  "}\n"
                                  "  auto: {label: {tag: '{unit}/grade'}, mode: auto, " ORDER
                                  "}\n"
                                  "  odd: {label: {tag: '{unit}/number'}, " ORDER "}\n");
    folder_expect("model train %/order.yaml:first" WHERE, 0, "first, version 1: challenger");
    folder_expect("model promote %/order.yaml:first --models %/models", 0, "version 1");
    folder_expect("model evaluate %/order.yaml:first" WHERE, 0, "(1 - NDCG@2), an order by lot: ");
    folder_expect("model evaluate %/order.yaml:first" WHERE, 0,
                  "Coverage, calibration and balance do not apply");
    // The same again is no better than itself.
    folder_expect("model train %/order.yaml:first" WHERE, 1, "(1 - NDCG@2), the champion's ");
    json_t *judged = folder_ask("model evaluate %/order.yaml:first -v 1 --json" WHERE);
    const json_t *verdict = json_object_get(judged, "verdict");
    const json_t *gates = json_object_get(verdict, "gates");
    CHECK_STR(json_string_value(json_object_get(verdict, "loss")), "1 - NDCG");
    CHECK_INT(json_integer_value(json_object_get(verdict, "top")), 2);
    CHECK(json_number_value(json_object_get(verdict, "rmse")) <
          0.5 * json_number_value(json_object_get(verdict, "champion_rmse")));
    CHECK(json_object_get(gates, "gain") != NULL && json_object_get(gates, "missing") != NULL);
    CHECK(json_object_get(gates, "coverage") == NULL);
    CHECK(json_object_get(gates, "calibration") == NULL);
    CHECK(json_is_null(json_object_get(judged, "radius")));
    json_decref(judged);
    json_t *shown = folder_ask("model show %/order.yaml:first --models %/models --json");
    const json_t *lineage = json_object_get(shown, "lineage");
    CHECK_STR(json_string_value(json_object_get(lineage, "objective")), "rank");
    CHECK_INT(json_integer_value(json_object_get(lineage, "top")), 2);
    json_decref(shown);
    folder_expect("model show %/order.yaml:first --models %/models", 0, "rank");
    folder_expect("model export %/order.yaml:first -v 1 --models %/models", 0, "rank:pairwise");
    // Places go by the scores; there is no interval.
    folder_expect("model predict %/order.yaml:first" WHERE, 0, "place");
    json_t *told = folder_ask("model predict %/order.yaml:first --json" WHERE);
    const json_t *list = json_object_get(told, "predictions");
    CHECK_INT(json_array_size(list), UNITS);
    for (size_t i = 0; i < UNITS; i++) {
        const json_t *one = json_array_get(list, i);
        int before = 0;
        for (size_t k = 0; k < UNITS; k++) {
            before += json_number_value(json_object_get(json_array_get(list, k), "prediction")) >
                      json_number_value(json_object_get(one, "prediction"));
        }
        CHECK_INT(json_integer_value(json_object_get(one, "place")), before + 1);
        CHECK(json_is_null(json_object_get(one, "low")));
    }
    json_decref(told);
    folder_expect("model explain %/order.yaml:first" WHERE, 0, "{unit}/load");
    // Without a shadow it serves once it has passed.
    folder_expect("model train %/order.yaml:auto" WHERE, 0, "auto, version 1: champion");
    check_same("%/models/first/versions/1/model.json", "%/models/auto/versions/1/model.json");
    // Settings are searched for by the highest NDCG.
    folder_expect(
        "model train %/order.yaml:first --search 3 --workers 2 --history %/hist --models %/ranks",
        0, "first, version 1: challenger");
    // A label that is no grade is named.
    folder_expect("model train %/order.yaml:odd" WHERE, 3, "it must be from 0 to 31");
}

// ---- data and models that are no good

static void test_data_that_teaches_nothing_is_named(void) {
    if (!program_is_there()) {
        return;
    }
    folder_put(
        "faults.yaml", HEAD
        "  leak: {what: quality, label: {tag: '{unit}/bad'}, objective: binary, of: [m1, m2], "
        "tags: ['{unit}/load', '{unit}/verdict'], features: last, every: 5 min, "
        "learner: trees}\n"
        "  dark: {what: sensor, label: {tag: '{unit}/state'}, of: [m1, m2], "
        "tags: '{unit}/load', learner: trees}\n"
        "  slow: {what: sensor, label: {tag: '{unit}/time'}, of: [m1, m2], "
        "tags: '{unit}/load', learner: trees, gates: {latency: 0 s}}\n"
        "  early: {what: sensor, label: {tag: '{unit}/time', delay: 300 d}, of: [m1, m2], "
        "tags: '{unit}/load', learner: trees}\n");
    // The same under another name.
    folder_expect("model train %/faults.yaml:leak" WHERE, 3,
                  "the label '{unit}/bad' can be read off the feature '{unit}/verdict last'");
    // Its texts are no numbers and no classes were named.
    folder_expect("model train %/faults.yaml:dark" WHERE, 3, "texts that are no class");
    // The labels never came.
    folder_expect("model train %/faults.yaml:early" WHERE, 3, "0 of 3200 rows have a label");
    // No prediction takes no time: a challenger that is slower than its deadline stays out.
    folder_expect("model train %/faults.yaml:slow" WHERE, 1, "latency   NOT PASSED");
    folder_expect("model list %/faults.yaml:slow --models %/models", 0, "candidate");
    folder_put("p.lsd", "LSDATA1");
    folder_expect("model fit trees %/p.lsd", 3, "not a dataset");
    folder_expect("model fit linear %/p.lsd --validate 0.25 --score", 2, "'--score' is for trees");
}

static void test_a_model_that_is_not_what_it_was_is_refused(void) {
    if (!program_is_there()) {
        return;
    }
    folder_put("models/bad/versions/1/model.json", "\x89PNG");
    folder_expect("model predict %/p.yaml:bad -v 1" WHERE, 3,
                  "not what the manifest of version 1 says");
    folder_expect("model promote %/p.yaml:bad -v 1 --models %/models", 3, "not what the manifest");
    // Another model of this program, of other features.
    folder_put("other.yaml", HEAD
               "  bad: {what: scrap, label: {tag: '{unit}/bad'}, objective: binary, "
               "of: [m1], tags: '{unit}/heat', learner: trees}\n");
    CHECK_INT(system(folder_fill("cp -r %/models/state %/models/bad2 && rm -rf %/models/bad && "
                                 "mv %/models/bad2 %/models/bad")),
              0);
    folder_expect("model predict %/p.yaml:bad -v 1" WHERE, 3,
                  "is that of model 'state', not of 'bad'");
    CHECK_INT(system(folder_fill("sed -i 's/\"model\": \"state\"/\"model\": \"bad\"/' "
                                 "%/models/bad/versions/1/manifest.json")),
              0);
    folder_expect("model predict %/p.yaml:bad -v 1" WHERE, 3, "says 3 numbers of each row");
    folder_expect("model predict %/other.yaml:bad -v 1" WHERE, 3, "trained on other features");
}

// ---- searches

static void test_a_search_chooses_the_same_however_many_run(void) {
    if (!program_is_there()) {
        return;
    }
    folder_expect(
        "model train %/p.yaml:state --search 4 --workers 1 --history %/hist --models %/one", 0,
        "version 1");
    folder_expect(
        "model train %/p.yaml:state --search 4 --workers 4 --history %/hist --models %/four", 0,
        "version 1");
    check_same("%/one/state/versions/1/model.json", "%/four/state/versions/1/model.json");
    json_t *shown = folder_ask("model show %/p.yaml:state --models %/one --json");
    const json_t *lineage = json_object_get(shown, "lineage");
    const json_t *search = json_object_get(lineage, "search");
    const json_t *rungs = json_object_get(search, "rungs");
    CHECK_INT(json_integer_value(json_object_get(search, "trials")), 4);
    CHECK_INT(json_array_size(rungs), 2);
    CHECK_INT(json_array_size(json_array_get(rungs, 0)), 4);
    // The one that was best is the one that was learned with.
    const json_t *last = json_array_get(json_array_get(rungs, 1), 0);
    CHECK_INT(json_integer_value(json_object_get(search, "best")),
              json_integer_value(json_object_get(last, "trial")));
    CHECK_NEAR(json_number_value(json_object_get(last, "rate")),
               json_number_value(json_object_get(json_object_get(lineage, "trees"), "rate")), 0.0);
    json_decref(shown);
    CHECK(access(folder_fill("%/one/state"), F_OK) == 0);
    CHECK_INT(system(folder_fill("test -z \"$(ls -d %/one/state/search-* 2>/dev/null)\"")), 0);
}

static void test_a_search_that_was_killed_goes_on(void) {
    if (!program_is_there()) {
        return;
    }
    const char *line = folder_fill(
        "model train %/p.yaml:state --search 4 --workers 1 --history %/hist --models %/killed");
    // Dead as soon as the first score is there.
    program done = program_run_def(
        &(program_def){.line = line, .kill_at = folder_fill("%/killed/state/search-*/0-*.json")});
    CHECK_INT(done.code, 128 + 9);
    program_clear(&done);
    folder_expect("model list %/p.yaml:state --models %/killed", 0, "no version yet");
    folder_expect(
        "model train %/p.yaml:state --search 4 --workers 2 --history %/hist --models %/killed", 0,
        "version 1");
    check_same("%/one/state/versions/1/model.json", "%/killed/state/versions/1/model.json");
    // A trial that cannot do its work ends the search and leaves no version; nothing is chosen from
    // the others.
    CHECK_INT(mkdir(folder_fill("%/odd"), 0777), 0);
    folder_expect(
        "model train %/p.yaml:state --search 4 --pool --data %/data --history %/hist "
        "--models %/odd",
        4, "start it with 'lineshaft run'");
    // Without one the settings of the plant file hold.
    folder_expect("model train %/p.yaml:state --search 0" WHERE, 0, "version 2: challenger");
}

// ---- trainings that are killed

static void test_a_training_that_was_killed_goes_on(void) {
    if (!program_is_there()) {
        return;
    }
    folder_expect("model train %/p.yaml:bad --keep %/rows.lsd --history %/hist --models %/other", 0,
                  "");
    const char *fit =
        "model fit trees %/rows.lsd --objective binary --rounds 400 --rows 0.7 "
        "--seed 3 --force ";
    char plain[1024], saved[1024];
    snprintf(plain, sizeof plain, "%s-o %%/plain.json", fit);
    snprintf(saved, sizeof saved, "%s--state %%/half --save-every 3 -o %%/rest.json", fit);
    folder_expect(plain, 0, "");
    program done = program_run_def(
        &(program_def){.line = folder_fill(saved), .kill_at = folder_fill("%/half")});
    CHECK_INT(done.code, 128 + 9);
    program_clear(&done);
    CHECK(access(folder_fill("%/rest.json"), F_OK) != 0);  // nothing half made
    done = program_run(folder_fill(saved));
    CHECK_INT(done.code, 0);
    CHECK_CONTAINS(done.err, "goes on from round");
    program_clear(&done);
    check_same("%/plain.json", "%/rest.json");
    CHECK(access(folder_fill("%/half"), F_OK) != 0);  // its state is gone
    // A state of something else is told of and left behind.
    folder_put("half", "LSLEARN1 and whatever");
    done = program_run(folder_fill(saved));
    CHECK_INT(done.code, 0);
    CHECK_CONTAINS(done.err, "not the state of this training");
    program_clear(&done);
    check_same("%/plain.json", "%/rest.json");
    // A place that cannot be written costs the state, not the training.
    snprintf(saved, sizeof saved, "%s--state /dev/full/x --save-every 3 -o %%/rest.json", fit);
    done = program_run(folder_fill(saved));
    CHECK_INT(done.code, 0);
    CHECK_CONTAINS(done.err, "cannot be gone on with if it is killed");
    program_clear(&done);
    check_same("%/plain.json", "%/rest.json");
    snprintf(plain, sizeof plain, "%s", fit);
    done = program_run_def(&(program_def){.line = folder_fill(plain), .out = "/dev/full"});
    CHECK_INT(done.code, 4);  // a full disk for the model itself
    program_clear(&done);
}

// ---- signatures

static void test_where_a_key_is_demanded_nothing_unsigned_serves(void) {
    if (!program_is_there()) {
        return;
    }
    struct stat facts;
    folder_expect("model key %/k", 0, "secret key");
    CHECK_INT(stat(folder_fill("%/k"), &facts), 0);
    CHECK_INT(facts.st_mode & 0777, 0600);
    folder_expect("model key %/k", 2, "never written over");
    folder_expect("model key %/other-key", 0, "");
#define SIGNED " --models %/signed"
    // Passed and `mode: auto`, but not signed: it waits.
    folder_expect("model train %/signed.yaml --history %/hist" SIGNED, 0, "version 1: challenger");
    folder_expect("model verify %/signed.yaml" SIGNED, 1, "is not signed");
    folder_expect("model promote %/signed.yaml" SIGNED, 3,
                  "version 1 of model 'state' is not signed");
    folder_expect("model sign %/signed.yaml --key %/other-key" SIGNED, 0, "version 1: signed");
    folder_expect("model promote %/signed.yaml" SIGNED, 3, "signed by another key");
    folder_expect("model sign %/signed.yaml --key %/k.pub" SIGNED, 3, "no secret key");
    folder_expect("model sign %/signed.yaml --key %/k" SIGNED, 0, "version 1: signed");
    folder_expect("model verify %/signed.yaml --json" SIGNED, 0, "\"signed\": true");
    folder_expect("model promote %/signed.yaml" SIGNED, 0, "version 1 serves");
    folder_expect("model predict %/signed.yaml --history %/hist" SIGNED, 0, "version 1");
    // Signed at once it would be promoted at once; this one is no better than the champion, and so
    // nobody has signed it. A person may, and is told.
    folder_expect("model train %/signed.yaml --sign %/k --history %/hist" SIGNED, 1,
                  "version 2: candidate");
    folder_expect("model verify %/signed.yaml -v 2" SIGNED, 1, "is not signed");
    program sign = program_run(folder_fill("model sign %/signed.yaml -v 2 --key %/k" SIGNED));
    CHECK_INT(sign.code, 0);
    CHECK_CONTAINS(sign.err, "version 2 did not pass its gates when it was trained: gain");
    program_clear(&sign);
    folder_expect("model verify %/signed.yaml -v 2" SIGNED, 0, "signed by this key");
    // An older one that was withdrawn does not come back, although it is signed.
    folder_put("withdrawn.yaml",
               HEAD "  state: {" STATE ", signed-by: k.pub, signed-from: 2, " COMMON "}\n");
    folder_expect(
        "model promote %/withdrawn.yaml -v 1" SIGNED, 3,
        "version 1 of model 'state' is withdrawn: 'signed-from' of the plant file says 2");
    folder_expect("model predict %/withdrawn.yaml --history %/hist" SIGNED, 3, "is withdrawn");
    folder_expect("model promote %/withdrawn.yaml -v 2" SIGNED, 0, "version 2 serves");
    folder_expect("model rollback %/withdrawn.yaml" SIGNED, 3, "is withdrawn");
    folder_expect("model rollback %/signed.yaml" SIGNED, 0, "version 1 serves");
    // The signature of one version is none for another.
    CHECK_INT(
        system(folder_fill("cp %/signed/state/versions/1/manifest.* %/signed/state/versions/2/")),
        0);
    folder_expect("model predict %/signed.yaml -v 2 --history %/hist" SIGNED, 3, "not version 2");
    // Changed after it was signed, with a manifest that fits.
    folder_put("signed/state/versions/1/manifest.json", "{}");
    folder_expect("model predict %/signed.yaml -v 1 --history %/hist" SIGNED, 3,
                  "not of what stands there now");
    folder_expect("model verify %/signed.yaml -v 1" SIGNED, 1, "not of what stands there now");
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_classes);
    TEST(test_two_classes_by_number);
    TEST(test_lives);
    TEST(test_a_quantile);
    TEST(test_an_order);
    TEST(test_data_that_teaches_nothing_is_named);
    TEST(test_a_model_that_is_not_what_it_was_is_refused);
    TEST(test_a_search_chooses_the_same_however_many_run);
    TEST(test_a_search_that_was_killed_goes_on);
    TEST(test_a_training_that_was_killed_goes_on);
    TEST(test_where_a_key_is_demanded_nothing_unsigned_serves);
    program_remove_temporary();
    return harness_report();
}
