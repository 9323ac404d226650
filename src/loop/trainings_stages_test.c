// trainings_stages_test.c - who serves, as the service decides it: an act that a killed service had
// begun is told to its end, a disk that cannot be written to is tried again, and what is not signed
// does not come to serve.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "loop/models.h"
#include "loop/testing/bench.h"
#include "loop/trainings_inside.h"
#include "model/signature.h"
#include "tests/harness.h"

#define MODEL                                                                          \
    "models:\n"                                                                        \
    "  wear: {what: sensor, tags: [x/power], window: 1 min, every: 10 s, mode: auto, " \
    "label: {tag: x/wear}"

typedef struct stage {
    bench b;
    ls_journal *journal;
    ls_models *models;
    ls_trainings *trainings;
    char plant[128];
    ls_trainings_of of;
} stage;

static ls_error err;

static void open_service(stage *s) {
    CHECK_INT(ls_journal_create(s->b.intake.history, &s->journal, &err), LS_OK);
    char folder[128];
    snprintf(folder, sizeof folder, "%s/models", s->b.folder);
    const ls_models_def models = {
        .intake = &s->b.intake, .folder = folder, .plant = s->plant, .journal = s->journal};
    CHECK_INT(ls_models_open(&models, &s->models, &err), LS_OK);
    const ls_trainings_def def = {.plant = s->plant,
                                  .data = s->b.folder,
                                  .journal = s->journal,
                                  .history = s->b.intake.history};
    CHECK_INT(ls_trainings_create(&def, &s->trainings, &err), LS_OK);
    s->of = (ls_trainings_of){.models = s->models};
}

static void close_service(stage *s) {
    ls_trainings_destroy(s->trainings);
    ls_models_close(s->models);
    ls_journal_destroy(s->journal);
}

static void begin(stage *s, const char *more) {
    char text[700];
    memset(s, 0, sizeof *s);
    snprintf(text, sizeof text, "%s%s}\n", MODEL, more);
    bench_open(&s->b, text);
    snprintf(s->plant, sizeof s->plant, "%s/p.yaml", s->b.folder);
    open_service(s);
    for (int i = 0; i < 2; i++) {
        const ls_registry_part part = {.name = "model.json", .bytes = "{}", .size = 2};
        uint32_t number = 0;
        CHECK_INT(ls_registry_add(s->trainings->folder, "wear", &part, 1, "{}", &number, &err),
                  LS_OK);
    }
}

static void end(stage *s) {
    close_service(s);
    bench_close(&s->b);
}

static int count_of(stage *s, const char *part) {
    int count = 0;
    for (const char *at = bench_events(&s->b); (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

static uint32_t champion_now(stage *s) {
    ls_registry_stages stages;
    CHECK_INT(ls_registry_stages_load(s->trainings->folder, "wear", &stages, &err), LS_OK);
    return stages.champion;
}

// As a service that begins an act and is killed; `act` is done in between where it says so.
static void die_in(stage *s, const char *act, uint32_t version) {
    CHECK_INT(
        ls_trainings_row(
            s->trainings, "wear", act, "begun", version, "it is to be so",
            json_pack("{s:I, s:s}", "champion", (json_int_t)champion_now(s), "who", "kim"), &err),
        LS_OK);
}

static void rise(stage *s) {
    close_service(s);
    open_service(s);
    pthread_mutex_lock(&s->trainings->lock);
    CHECK(ls_trainings_find(s->trainings, "wear") != NULL);
    pthread_mutex_unlock(&s->trainings->lock);
}

static void test_an_act_that_was_begun_is_told_to_its_end(void) {
    stage s;
    begin(&s, "");
    die_in(&s, "promote", 1);
    CHECK_INT(ls_registry_promote(s.trainings->folder, "wear", 1, &err), LS_OK);
    rise(&s);
    CHECK_CONTAINS(bench_events(&s.b),
                   "version 1 serves: it was done when the service was stopped");
    CHECK_CONTAINS(bench_events(&s.b), "\"who\":\"kim\"");
    CHECK_INT(count_of(&s, "\"completed\":true"), 1);
    rise(&s);  // once
    CHECK_INT(count_of(&s, "\"completed\":true"), 1);
    die_in(&s, "promote", 2);  // and killed before
    rise(&s);
    CHECK_CONTAINS(bench_events(&s.b),
                   "it was not done: the service was stopped before; version 1");
    CHECK_INT(champion_now(&s), 1);
    CHECK_INT(ls_registry_promote(s.trainings->folder, "wear", 2, &err), LS_OK);
    uint32_t back = 0;
    die_in(&s, "rollback", 0);
    CHECK_INT(ls_registry_rollback(s.trainings->folder, "wear", &back, &err), LS_OK);
    rise(&s);
    CHECK_CONTAINS(bench_events(&s.b), "version 1 serves again: it was done");
    CHECK_INT(ls_registry_challenge(s.trainings->folder, "wear", 2, &err), LS_OK);
    die_in(&s, "retire", 2);
    CHECK_INT(ls_registry_retire(s.trainings->folder, "wear", 2, &err), LS_OK);
    rise(&s);
    CHECK_CONTAINS(bench_events(&s.b), "version 2 is retired: it was done");
    CHECK_INT(count_of(&s, "\"completed\":true"), 4);
    end(&s);
}

// The registry cannot be written: told, nothing has changed, and tried again after ever longer.
static void test_a_disk_that_does_not_take_it_is_tried_again(void) {
    stage s;
    char path[5000];
    begin(&s, ", shadow: {for: 0 s}");
    ls_model_watched seen = {.challenger = 1};
    CHECK_INT(ls_registry_challenge(s.trainings->folder, "wear", 1, &err), LS_OK);
    snprintf(path, sizeof path, "%s/wear/stages.json", s.trainings->folder);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(mkdir(path, 0700), 0);  // no file can be put in its place
    pthread_mutex_lock(&s.trainings->lock);
    training *one = ls_trainings_find(s.trainings, "wear");
    int looks[3] = {0};
    // At first, after 60 looks, after 120. By rows of trainings: whoever serves the models tells in
    // its own time, and in other words, that it cannot read who is to.
    for (int k = 0; k < 3; k++) {
        const int before = count_of(&s, "\"state\":\"refused\"");
        while (count_of(&s, "\"state\":\"refused\"") == before && looks[k] < 1000) {
            ls_trainings_judge(s.trainings, &s.of, 0, one, &seen);
            looks[k]++;
        }
    }
    CHECK_INT(looks[0], 1);
    CHECK_INT(looks[1], 61);
    CHECK_INT(looks[2], 121);
    CHECK_INT(rmdir(path), 0);
    CHECK_INT(ls_registry_challenge(s.trainings->folder, "wear", 1, &err), LS_OK);
    for (int i = 0; i < 1000 && champion_now(&s) == 0; i++) {
        ls_trainings_judge(s.trainings, &s.of, 0, one, &seen);
    }
    CHECK_INT(champion_now(&s), 1);
    CHECK_CONTAINS(bench_events(&s.b), "version 1 serves: it has passed its gates");
    pthread_mutex_unlock(&s.trainings->lock);
    end(&s);
}

static void test_what_is_not_signed_does_not_come_to_serve(void) {
    stage s;
    char key[5000], secret[LS_SIGNATURE_LINE_MAX], public[LS_SIGNATURE_LINE_MAX];
    begin(&s, ", signed-by: k.pub");
    CHECK_INT(ls_signature_make_keys(secret, public, &err), LS_OK);
    snprintf(key, sizeof key, "%s/k.pub", s.b.folder);
    CHECK_INT(ls_file_write(key, public, strlen(public), &err), LS_OK);
    const ls_trainings_ask ask = {.model = "wear", .who = "kim", .role = LS_ROLE_ENGINEER};
    CHECK_INT(ls_trainings_promote(s.trainings, &s.of, &ask, 1, true, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "is not signed");
    CHECK_INT(champion_now(&s), 0);
    CHECK_CONTAINS(bench_events(&s.b), "\"state\":\"refused\"");
    CHECK_INT(ls_registry_sign(s.trainings->folder, "wear", 1, secret, strlen(secret), "k", &err),
              LS_OK);
    CHECK_INT(ls_trainings_promote(s.trainings, &s.of, &ask, 1, true, &err), LS_OK);
    CHECK_INT(champion_now(&s), 1);
    // Nor by going back to one that is not.
    CHECK_INT(ls_registry_promote(s.trainings->folder, "wear", 2, &err), LS_OK);
    CHECK_INT(ls_registry_sign(s.trainings->folder, "wear", 2, secret, strlen(secret), "k", &err),
              LS_OK);
    snprintf(key, sizeof key, "%s/wear/versions/1/manifest.sig", s.trainings->folder);
    CHECK_INT(unlink(key), 0);
    uint32_t number = 0;
    CHECK_INT(ls_trainings_rollback(s.trainings, &s.of, &ask, &number, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "is not signed");
    CHECK_INT(champion_now(&s), 2);
    end(&s);
}

// "anyway" passes by a shadow, never by a deadline.
static void test_what_is_slower_than_its_deadline_is_refused_to_anybody(void) {
    stage s;
    static const char model[] =
        "{\"format\": \"lineshaft linear\", \"version\": 1, \"intercept\": 1.0, \"features\": "
        "[{\"name\": \"x/power last\", \"coefficient\": 2.0, \"typical\": 0.0}]}";
    const ls_registry_part part = {.name = "model.json", .bytes = model, .size = sizeof model - 1};
    const ls_trainings_ask ask = {.model = "wear", .who = "kim", .role = LS_ROLE_ENGINEER};
    uint32_t number = 0;
    begin(&s, ", features: [last], gates: {latency: 0 s}");
    CHECK_INT(ls_registry_add(s.trainings->folder, "wear", &part, 1, "{}", &number, &err), LS_OK);
    CHECK_INT(ls_trainings_promote(s.trainings, &s.of, &ask, number, true, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "version 3 is slower than its deadline: one prediction takes ");
    CHECK_INT(champion_now(&s), 0);
    CHECK_CONTAINS(bench_events(&s.b), "\"state\":\"refused\"");
    end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_an_act_that_was_begun_is_told_to_its_end);
    TEST(test_a_disk_that_does_not_take_it_is_tried_again);
    TEST(test_what_is_not_signed_does_not_come_to_serve);
    TEST(test_what_is_slower_than_its_deadline_is_refused_to_anybody);
    return harness_report();
}
