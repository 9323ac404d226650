// model_watch_test.c - models in service that are watched, judged and replaced: the better
// challenger is promoted, the worse one retired, nothing that cannot be written down is done,
// labels that do not come are told, and all of it goes on after a restart.
#include "loop/model_watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "loop/models.h"
#include "loop/testing/bench.h"
#include "loop/trainings.h"
#include "model/linear.h"
#include "model/profile.h"
#include "model/registry.h"
#include "model/snapshot.h"
#include "tests/harness.h"

#define MODEL(more)                                                                        \
    "models:\n"                                                                            \
    "  wear: {what: sensor, of: [a, b], tags: ['x/{unit}/power', 'x/{unit}/heat'], "       \
    "window: 1 min, every: 10 s, features: [last, mean], gates: {latency: 1 s, worst: 5, " \
    "coverage: 90 %}, shadow: {for: 10 min, most: 2 h}, drift: {window: 10 min}, "         \
    "retrain: {rows: 100}, label: {tag: 'x/{unit}/wear'}" more "}\n"

enum { UNITS = 2, COLUMNS_MAX = 16 };

typedef struct stage {
    bench b;
    ls_journal *journal;
    ls_models *models;
    ls_model_watch *watch;
    ls_trainings *trainings;
    char folder[96];
    int steps;    // seconds that were played
    bool silent;  // labels do not come
    double off;   // what the sensor of power says too much
} stage;

static void open_stage(stage *s, bool writes) {
    ls_error err = {0};
    CHECK_INT(ls_journal_create(s->b.intake.history, &s->journal, &err), LS_OK);
    const ls_models_def models = {
        .intake = &s->b.intake, .folder = s->folder, .plant = "/tmp/p.yaml", .journal = s->journal};
    CHECK_INT(ls_models_open(&models, &s->models, &err), LS_OK);
    const ls_model_watch_def watch = {.models = s->models,
                                      .journal = s->journal,
                                      .history = s->b.intake.history,
                                      .folder = s->folder};
    CHECK_INT(ls_model_watch_open(&watch, &s->watch, &err), LS_OK);
    const ls_trainings_def trainings = {.plant = "/tmp/p.yaml",
                                        .data = s->b.folder,
                                        .journal = s->journal,
                                        .history = writes ? s->b.intake.history : NULL};
    CHECK_INT(ls_trainings_create(&trainings, &s->trainings, &err), LS_OK);
    CHECK_STR(err.text, "");
}

static void close_stage(stage *s) {
    ls_trainings_destroy(s->trainings);
    ls_model_watch_close(s->watch);
    ls_models_close(s->models);
    ls_journal_destroy(s->journal);
}

static void begin(stage *s, const char *models, bool writes) {
    memset(s, 0, sizeof *s);
    ls_say_set_level(LS_LOG_ERROR);
    bench_open(&s->b, models);
    snprintf(s->folder, sizeof s->folder, "%s/models", s->b.folder);
    open_stage(s, writes);
}

static void end(stage *s) {
    close_stage(s);
    bench_close(&s->b);
}

// ---- the line

static double uniform(uint64_t *state) {  // splitmix64
    uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static void say(stage *s, const char *unit, const char *what, double at_s, double value) {
    char tag[32];
    snprintf(tag, sizeof tag, "x/%s/%s", unit, what);
    CHECK(bench_say(&s->b, tag, at_s, (ls_sample){.kind = LS_VALUE_REAL, .value.real = value}));
}

static void play(stage *s, int seconds) {
    static const char *const units[UNITS] = {"a", "b"};
    for (int until = s->steps + seconds; s->steps < until; s->steps += 5) {
        uint64_t seed = (uint64_t)s->steps * 7919;
        for (int u = 0; u < UNITS; u++) {
            const double power = uniform(&seed), heat = uniform(&seed), noise = uniform(&seed);
            say(s, units[u], "power", s->steps, power + s->off);
            say(s, units[u], "heat", s->steps, heat);
            if (!s->silent) {
                say(s, units[u], "wear", s->steps, 1.0 + 2.0 * power + 0.2 * (noise - 0.5));
            }
        }
    }
}

// ---- versions

static const ls_model_plan *plan_of(const stage *s) {
    return &s->b.intake.running.plant->models[0];
}

// What a training on all that was played would keep, off by `off`.
static uint32_t add_version(stage *s, double off, bool with_profile) {
    ls_features *features = NULL;
    ls_linear *linear = NULL;
    ls_predictor predictor = {0};
    ls_profile profile = {0};
    ls_dataset rows = {0};
    ls_buffer text, more;
    ls_error err = {0};
    const char *names[COLUMNS_MAX];
    uint32_t number = 0;
    CHECK_INT(ls_snapshot_features(plan_of(s), &features, &err), LS_OK);
    const uint32_t columns = ls_features_count(features);
    for (uint32_t c = 0; c < columns; c++) {
        names[c] = ls_features_name(features, c);
    }
    CHECK_INT(ls_linear_new(columns, names, &linear, &err), LS_OK);
    linear->intercept = 1.0 + off;
    linear->coefficients[0] = 2.0;
    ls_buffer_init(&text);
    ls_buffer_init(&more);
    ls_linear_save(linear, &text);
    CHECK_INT(ls_predictor_load(text.data, text.size, "m", names, columns, &predictor, &err),
              LS_OK);
    const ls_snapshot_def def = {.plan = plan_of(s),
                                 .from_us = s->b.zero_us + 60 * BENCH_S,
                                 .to_us = s->b.zero_us + s->steps * BENCH_S,
                                 .known_us = INT64_MAX};
    CHECK_INT(ls_snapshot_make(s->b.intake.history, s->b.tags, &def, &rows, NULL, &err), LS_OK);
    const ls_dataset *const held[] = {&rows};
    CHECK_INT(ls_profile_make(&predictor, &rows, held, 1, &profile, &err), LS_OK);
    ls_profile_save(&profile, &more);
    const ls_registry_part parts[] = {
        {.name = "model.json", .bytes = text.data, .size = text.size},
        {.name = "profile.json", .bytes = more.data, .size = more.size}};
    CHECK_INT(ls_registry_add(s->folder, "wear", parts, with_profile ? 2 : 1, "{\"radius\": 1}",
                              &number, &err),
              LS_OK);
    ls_profile_clear(&profile);
    ls_dataset_clear(&rows);
    ls_predictor_clear(&predictor);
    ls_linear_destroy(linear);
    ls_features_destroy(features);
    ls_buffer_clear(&text);
    ls_buffer_clear(&more);
    return number;
}

// ---- conditions

static ls_trainings_of of(const stage *s) {
    const ls_model_said start = {.state = LS_MODEL_GOOD};
    return (ls_trainings_of){.models = s->models,
                             .watch = s->watch,
                             .first_us = s->b.zero_us,
                             .now_us = ls_models_age_us(s->models, &start)};
}

static void tick(stage *s) {
    const ls_trainings_of now = of(s);
    ls_model_watch_tick(s->watch);
    ls_trainings_tick(s->trainings, &now);
}

typedef bool condition(const stage *s, int64_t amount);

static ls_model_watched seen(const stage *s) {
    ls_model_watched w;
    ls_model_watch_look(s->watch, 0, &w);
    return w;
}
static bool serves(const stage *s, int64_t number) {
    return seen(s).champion == number;
}
static bool challenges(const stage *s, int64_t number) {
    return seen(s).challenger == number;
}
static bool has_compared(const stage *s, int64_t rows) {
    return (int64_t)seen(s).shadow.rows >= rows;
}
static bool has_said(const stage *s, int64_t at_s) {
    return seen(s).now_us >= s->b.zero_us + at_s * BENCH_S;
}
static bool has_drifted(const stage *s, int64_t amount) {
    (void)amount;
    return seen(s).inputs || seen(s).errors;
}
static bool has_passed(const stage *s, int64_t amount) {
    (void)amount;
    return seen(s).shadow.end == LS_SHADOW_PASSED;
}
static bool has_late_labels(const stage *s, int64_t amount) {
    (void)amount;
    json_t *object = json_object();
    ls_model_watch_json(s->watch, 0, object);
    const bool late = json_is_true(
        json_object_get(json_object_get(object, "drift"), "labels_late"));
    json_decref(object);
    return late;
}

static bool has_labels(const stage *s, int64_t count) {
    json_t *object = json_object();
    ls_model_watch_json(s->watch, 0, object);
    const json_int_t labels = json_integer_value(
        json_object_get(json_object_get(object, "drift"), "labels"));
    json_decref(object);
    return labels >= count;
}

static bool until(stage *s, condition *is_so, int64_t amount) {
    const struct timespec pause = {.tv_nsec = 5000000};
    for (int i = 0; i < 6000 && !is_so(s, amount); i++) {
        tick(s);
        nanosleep(&pause, NULL);
    }
    return is_so(s, amount);
}

static void take_over(stage *s, uint32_t number) {
    ls_error err = {0};
    CHECK_INT(ls_registry_promote(s->folder, "wear", number, &err), LS_OK);
    ls_models_look(s->models);
    CHECK(until(s, serves, number));
}

static void challenge(stage *s, uint32_t number) {
    ls_error err = {0};
    CHECK_INT(ls_registry_challenge(s->folder, "wear", number, &err), LS_OK);
    ls_models_look(s->models);
    CHECK(until(s, challenges, number));
}

// ---- tests

static void test_the_better_one_is_promoted_and_the_worse_one_retired(void) {
    static stage s;
    ls_registry_stages stages;
    ls_error err = {0};
    begin(&s, MODEL(", mode: auto"), true);
    play(&s, 3000);
    CHECK_INT(add_version(&s, 1.0, true), 1);
    CHECK_INT(add_version(&s, 0.0, true), 2);
    CHECK_INT(add_version(&s, 3.0, true), 3);
    take_over(&s, 1);
    challenge(&s, 2);
    play(&s, 300);
    CHECK(until(&s, has_compared, 40));
    const uint64_t before = seen(&s).shadow.rows;
    CHECK_INT(seen(&s).shadow.end, LS_SHADOW_RUNNING);

    // A restart: what was seen of both is there, and goes on.
    close_stage(&s);
    bench_restart(&s.b, MODEL(", mode: auto"));
    open_stage(&s, true);
    CHECK(until(&s, serves, 1));
    CHECK(until(&s, challenges, 2));
    CHECK(seen(&s).shadow.rows >= before);
    play(&s, 1500);
    CHECK(until(&s, serves, 2));
    CHECK_CONTAINS(bench_events(&s.b), "version 2 is to serve");
    CHECK_CONTAINS(bench_events(&s.b), "\"act\":\"promote\"");

    challenge(&s, 3);
    play(&s, 1500);
    CHECK(until(&s, challenges, 0));
    CHECK(serves(&s, 2));
    CHECK_INT(ls_registry_stages_load(s.folder, "wear", &stages, &err), LS_OK);
    CHECK_INT(ls_registry_stage_of(&stages, 3), LS_STAGE_RETIRED);
    CHECK_CONTAINS(bench_events(&s.b), "version 3 is retired");
    CHECK_CONTAINS(bench_events(&s.b), "it is worse");
    end(&s);
}

static void test_what_cannot_be_written_down_is_not_done(void) {
    static stage s;
    ls_registry_stages stages;
    ls_error err = {0};
    begin(&s, MODEL(", mode: approve"), false);
    play(&s, 1000);
    CHECK_INT(add_version(&s, 0.0, true), 1);
    const ls_trainings_of now = of(&s);
    ls_trainings_ask ask = {.model = "wear", .who = "anna", .role = LS_ROLE_ENGINEER};
    CHECK_INT(ls_trainings_promote(s.trainings, &now, &ask, 1, true, &err), LS_ERR_IO);
    CHECK_CONTAINS(err.text, "could not be written down");
    CHECK_INT(ls_registry_stages_load(s.folder, "wear", &stages, &err), LS_OK);
    CHECK_INT(stages.champion, 0);
    CHECK_INT(ls_trainings_retrain(s.trainings, &now, &ask, 0, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no pool");
    ask.model = "tear";
    CHECK_INT(ls_trainings_promote(s.trainings, &now, &ask, 1, true, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "no model 'tear'");
    end(&s);
}

// The judge of a shadow does not give up on a promotion because a disk was full for a while.
static void test_what_could_not_be_written_down_is_done_when_it_can_be(void) {
    static stage s;
    begin(&s, MODEL(", mode: auto"), false);
    play(&s, 3000);
    CHECK_INT(add_version(&s, 1.0, true), 1);
    CHECK_INT(add_version(&s, 0.0, true), 2);
    take_over(&s, 1);
    challenge(&s, 2);
    play(&s, 1800);
    CHECK(until(&s, has_passed, 0));
    for (int i = 0; i < 200; i++) {
        tick(&s);
    }
    CHECK(serves(&s, 1));
    json_t *object = json_object();
    ls_trainings_json(s.trainings, plan_of(&s), object);
    CHECK_CONTAINS(json_string_value(json_object_get(json_object_get(object, "training"), "text")),
                   "could not be written down");
    json_decref(object);
    close_stage(&s);
    bench_restart(&s.b, MODEL(", mode: auto"));
    open_stage(&s, true);
    play(&s, 1500);  // that it is in time is to be seen again
    CHECK(until(&s, serves, 2));
    end(&s);
}

// A drift that was saved counts once: not again, when the champion comes back after another one.
static void test_a_champion_that_comes_back_is_watched_afresh(void) {
    static stage s;
    begin(&s, MODEL(", mode: approve"), true);
    play(&s, 3000);
    CHECK_INT(add_version(&s, 0.0, true), 1);
    CHECK_INT(add_version(&s, 0.0, true), 2);
    take_over(&s, 1);
    s.off = 2.0;
    play(&s, 1500);
    CHECK(until(&s, has_drifted, 0));
    close_stage(&s);
    bench_restart(&s.b, MODEL(", mode: approve"));
    open_stage(&s, true);
    CHECK(until(&s, serves, 1));
    CHECK(has_drifted(&s, 0));
    take_over(&s, 2);
    CHECK(!has_drifted(&s, 0));
    take_over(&s, 1);
    CHECK(!has_drifted(&s, 0));
    end(&s);
}

static void test_a_drift_waits_for_labels_and_for_a_pool(void) {
    static stage s;
    begin(&s, MODEL(", mode: auto"), true);
    play(&s, 3000);
    CHECK_INT(add_version(&s, 0.0, true), 1);
    take_over(&s, 1);
    play(&s, 1500);
    CHECK(until(&s, has_said, s.steps - 60));
    CHECK(!has_drifted(&s, 0));
    // All of them: one that is looked for later takes the value that holds.
    CHECK(until(&s, has_labels, 300));
    s.off = 2.0;
    s.silent = true;
    play(&s, 1500);
    CHECK(until(&s, has_drifted, 0));
    CHECK(until(&s, has_late_labels, 0));
    tick(&s);
    CHECK_CONTAINS(bench_events(&s.b), "labels come no more");
    CHECK_CONTAINS(bench_events(&s.b), "\"act\":\"drift\"");
    CHECK_CONTAINS(bench_events(&s.b), "x/{unit}/power last");
    json_t *object = json_object();
    ls_trainings_json(s.trainings, plan_of(&s), object);
    const json_t *training = json_object_get(object, "training");
    CHECK_STR(json_string_value(json_object_get(training, "state")), "waiting");
    CHECK_STR(json_string_value(json_object_get(training, "reason")), "drift");
    CHECK_CONTAINS(json_string_value(json_object_get(training, "text")), "no pool");
    json_decref(object);
    // The sensor is repaired: nothing is wanted any more.
    s.off = 0.0;
    s.silent = false;
    play(&s, 3000);
    for (int i = 0; i < 6000 && has_drifted(&s, 0); i++) {
        const struct timespec pause = {.tv_nsec = 5000000};
        tick(&s);
        nanosleep(&pause, NULL);
    }
    CHECK(!has_drifted(&s, 0));
    tick(&s);
    CHECK_CONTAINS(bench_events(&s.b), "the drift is over");
    object = json_object();
    ls_trainings_json(s.trainings, plan_of(&s), object);
    CHECK_STR(json_string_value(json_object_get(json_object_get(object, "training"), "state")),
              "idle");
    json_decref(object);
    end(&s);
}

#define ORDER                                                                               \
    "models:\n"                                                                             \
    "  wear: {what: order, of: [a, b], tags: ['x/{unit}/power', 'x/{unit}/heat'], "         \
    "window: 1 min, every: 10 s, features: [last, mean], gates: {latency: 1 s, worst: 5}, " \
    "drift: {window: 10 min}, retrain: {rows: 100}, label: {tag: 'x/{unit}/wear'}, "        \
    "learner: my-learner, mode: auto}\n"

// Scores of an order have no errors: their drift is that of the features, they have no interval
// and no shadow, and labels that do not come are not missed.
static void test_an_order_is_watched_by_its_features(void) {
    static stage s;
    begin(&s, ORDER, true);
    play(&s, 3000);
    CHECK_INT(add_version(&s, 0.0, true), 1);
    CHECK_INT(add_version(&s, 0.5, true), 2);
    take_over(&s, 1);
    ls_error err = {0};
    CHECK_INT(ls_registry_challenge(s.folder, "wear", 2, &err), LS_OK);
    ls_models_look(s.models);
    CHECK(until(&s, serves, 2));  // its gates were enough
    CHECK_CONTAINS(bench_events(&s.b), "is to have no shadow");
    play(&s, 1500);
    CHECK(until(&s, has_said, s.steps - 60));
    CHECK(!has_drifted(&s, 0));
    s.off = 2.0;  // values would be off by 4
    play(&s, 1500);
    CHECK(until(&s, has_drifted, 0));
    CHECK(until(&s, has_said, s.steps - 60));
    CHECK(seen(&s).inputs);
    CHECK(!seen(&s).errors);
    CHECK_INT(seen(&s).shadow.rows, 0);
    CHECK(strstr(bench_events(&s.b), "label has come") == NULL);
    json_t *object = ls_models_json_of(s.models, "wear");
    const json_t *live = json_array_get(json_object_get(object, "live"), 0);
    CHECK_STR(json_string_value(json_object_get(object, "objective")), "rank");
    CHECK(json_is_number(json_object_get(live, "value")));
    CHECK(json_is_null(json_object_get(live, "low")));
    CHECK(json_is_null(json_object_get(live, "error")));
    CHECK(json_is_null(json_object_get(json_object_get(object, "score"), "rmse")));
    json_decref(object);
    end(&s);
}

static void test_a_version_without_a_profile_serves_unwatched(void) {
    static stage s;
    begin(&s, MODEL(""), true);
    play(&s, 1000);
    CHECK_INT(add_version(&s, 0.0, false), 1);
    take_over(&s, 1);
    CHECK(!seen(&s).is_watched);
    CHECK_CONTAINS(bench_events(&s.b), "drift of version 1 is not watched: it has no profile");
    json_t *object = json_object();
    ls_model_watch_json(s.watch, 0, object);
    CHECK(json_is_null(json_object_get(object, "drift")));
    json_decref(object);
    end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_better_one_is_promoted_and_the_worse_one_retired);
    TEST(test_what_cannot_be_written_down_is_not_done);
    TEST(test_what_could_not_be_written_down_is_done_when_it_can_be);
    TEST(test_a_champion_that_comes_back_is_watched_afresh);
    TEST(test_a_drift_waits_for_labels_and_for_a_pool);
    TEST(test_an_order_is_watched_by_its_features);
    TEST(test_a_version_without_a_profile_serves_unwatched);
    return harness_report();
}
