// demo_served_test.c - from answers of the service to lines for people and figures of the account.
#include "cli/demo_served.h"

#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

#define MINUTE INT64_C(60000000)
#define START (INT64_C(1768197600) * 1000000)  // 2026-01-12T06:00
#define CHANGED (START + 60 * MINUTE)

static ls_demo_served served;

static void begin(int64_t changed_us) {
    memset(&served, 0, sizeof served);
    served.changed_us = changed_us;
}

// One answer of a model `wear` of two machines; what `more` holds replaces what is usual.
static char *hear(int64_t at_us, const char *more, double error) {
    json_error_t where;
    json_t *live = json_array();
    for (int i = 0; i < 2; i++) {
        json_array_append_new(
            live, json_pack("{s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:f}", "unit",
                            i == 0 ? "grind-1" : "grind-2", "version", (json_int_t)1, "time_us",
                            (json_int_t)at_us, "truth_time_us", (json_int_t)at_us, "truth", 0.5,
                            "low", 0.4, "high", i == 0 ? 0.6 : 0.45, "error", error));
    }
    json_t *model = json_pack("{s:s, s:i, s:n, s:n, s:n, s:o}", "name", "wear", "serving", 1,
                              "shadow", "drift", "training", "live", live);
    json_t *changes = json_loads(more, 0, &where);
    CHECK_STR(where.text, "");
    json_object_update(model, changes);
    json_decref(changes);
    json_t *answer = json_pack("{s:[o]}", "models", model);
    ls_buffer out;
    ls_buffer_init(&out);
    ls_demo_served_hear(&served, answer, at_us, &out);
    char *text = strdup(out.data != NULL ? out.data : "");
    ls_buffer_clear(&out);
    json_decref(answer);
    return text;
}

#define HEARD(at, more, error, wanted)    \
    do {                                  \
        char *is = hear(at, more, error); \
        CHECK_STR(is, wanted);            \
        free(is);                         \
    } while (0)

static void test_the_whole_story_is_told_once_each(void) {
    begin(CHANGED);
    HEARD(START, "{}", -0.02, "06:00:00  wear: version 1 serves: grind-1, grind-2\n");
    HEARD(START + MINUTE, "{}", 0.02, "");
    HEARD(CHANGED + 12 * MINUTE,
          "{\"drift\": {\"version\": 1, \"state\": \"drift\", \"errors\": true, \"error_then\": "
          "0.02, \"error_now\": 0.4, \"features\": [{\"feature\": \"vibration\", \"drifted\": "
          "true, \"mean_then\": 2, \"mean_now\": 1, \"psi\": 3}, {\"feature\": \"power\", "
          "\"drifted\": false}]}}",
          0.4,
          "07:12:00  wear: drift: the plant is not as version 1 has learnt it; it is off by 0.400 "
          "in the mean, before by 0.020; in the mean vibration was 2 and is 1 (PSI 3.00)\n");
    HEARD(CHANGED + 13 * MINUTE,
          "{\"drift\": {\"version\": 1, \"state\": \"drift\", \"errors\": true}}", 0.4, "");
    char *begun = hear(CHANGED + 65 * MINUTE,
                       "{\"training\": {\"state\": \"underway\", \"reason\": \"drift\", "
                       "\"last_us\": 1768205100000000, \"since_us\": 1768201500000000}}",
                       0.4);
    CHECK_STR(begun,
              "08:05:00  wear: it is trained again, as a job of the pool, of what came since "
              "07:05:00 (drift)\n");
    free(begun);
    HEARD(CHANGED + 66 * MINUTE,
          "{\"training\": {\"state\": \"idle\", \"last_us\": 1768205100000000, \"version\": 2}, "
          "\"shadow\": {\"version\": 2}}",
          0.4,
          "08:06:00  wear: version 2 has passed its gates, and predicts in the shadow of version "
          "1\n");
    HEARD(CHANGED + 67 * MINUTE, "{\"shadow\": {\"version\": 2}}", 0.4, "");
    HEARD(CHANGED + 150 * MINUTE,
          "{\"serving\": 2, \"training\": {\"state\": \"idle\", \"last_us\": 1768205100000000, "
          "\"version\": 2, \"text\": \"version 2 serves: 89 % less\"}}",
          0.4, "09:30:00  wear: version 2 is promoted, in place of version 1: 89 % less\n");
    CHECK_INT(served.count, 1);
    CHECK_INT(served.models[0].drifts, 1);
    CHECK_INT(served.models[0].trainings, 1);
    CHECK_INT(served.models[0].promotions, 1);
    CHECK_INT(served.models[0].noticed_us, CHANGED + 12 * MINUTE);
    CHECK_INT(served.models[0].promoted_us, CHANGED + 150 * MINUTE);
}

static void test_a_training_that_passes_no_gate_is_told(void) {
    begin(0);
    HEARD(START, "{\"live\": []}", 0.0, "06:00:00  wear: version 1 serves\n");
    HEARD(START + MINUTE,
          "{\"live\": [], \"training\": {\"state\": \"underway\", \"reason\": \"clock\", "
          "\"last_us\": 5}}",
          0.0,
          "06:01:00  wear: it is trained again, as a job of the pool, of the whole history "
          "(clock)\n");
    HEARD(START + 2 * MINUTE,
          "{\"live\": [], \"training\": {\"state\": \"waiting\", \"last_us\": 5, \"version\": 2, "
          "\"text\": \"version 2 did not pass its gates: gain: 3 % more\"}}",
          0.0,
          "06:02:00  wear: version 2 did not pass its gates, and serves nowhere: gain: 3 % more\n");
    // Between two looks it began and came to nothing.
    HEARD(START + 3 * MINUTE,
          "{\"live\": [], \"training\": {\"state\": \"waiting\", \"last_us\": 6, \"version\": 2}}",
          0.0,
          "06:03:00  wear: it is trained again, as a job of the pool, of the whole history\n"
          "06:03:00  wear: nothing came of that training\n");
    CHECK_INT(served.models[0].trainings, 2);
    CHECK_INT(served.models[0].noticed_us, 0);
    ls_buffer out;
    ls_buffer_init(&out);
    ls_demo_served_text(&served, &out);  // nothing was judged
    CHECK_INT(out.size, 0);
    ls_buffer_clear(&out);
}

static void test_each_prediction_is_judged_once(void) {
    begin(CHANGED);
    free(hear(START, "{}", -0.02));
    free(hear(START, "{}", -0.02));
    free(hear(START + MINUTE, "{}", 0.04));
    free(hear(CHANGED, "{}", 0.4));
    free(hear(CHANGED + MINUTE, "{}", -0.2));
    const ls_demo_served_model *model = &served.models[0];
    CHECK_INT(model->span_count, 2);
    CHECK_INT(model->spans[0].judged, 4);
    CHECK_NEAR(model->spans[0].error_sum, 0.12, 1e-12);
    CHECK_INT(model->spans[0].with_interval, 4);
    CHECK_INT(model->spans[0].inside, 2);  // grind-2's ends below the truth
    CHECK(!model->spans[0].changed);
    CHECK(model->spans[1].changed);
    CHECK_INT(model->spans[1].judged, 4);
    CHECK_NEAR(model->spans[1].error_sum, 1.2, 1e-12);
    ls_buffer out;
    ls_buffer_init(&out);
    ls_demo_served_text(&served, &out);
    CHECK_CONTAINS(out.data,
                   "  version 1   06:00:00 to 06:01:00   off by 0.030 in the mean, 50 % inside its "
                   "intervals, of 4 predictions with the sensors as they were\n");
    CHECK_CONTAINS(out.data,
                   "  version 1   07:00:00 to 07:01:00   off by 0.300 in the mean, 50 % inside its "
                   "intervals, of 4 predictions with the sensors as changed\n");
    out.size = 0;
    ls_demo_served_json(&served, &out);
    json_t *json = json_loadb(out.data, out.size, 0, NULL);
    const json_t *spans = json_object_get(json_array_get(json, 0), "spans");
    CHECK_INT(json_array_size(spans), 2);
    CHECK_INT(json_integer_value(json_object_get(json_array_get(spans, 0), "inside")), 2);
    CHECK(json_is_null(json_object_get(json_array_get(json, 0), "noticed_us")));
    json_decref(json);
    ls_buffer_clear(&out);
}

static void test_what_is_no_answer_says_nothing(void) {
    static const char *const answers[] = {
        "{}", "{\"models\": 3}", "{\"models\": [{}, 4, null]}",
        ("{\"models\": [{\"name\": 1, \"live\": [1, {}], \"drift\": [], \"training\": 2, "
         "\"shadow\": []}]}")};
    begin(CHANGED);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        json_t *answer = json_loads(answers[i], 0, NULL);
        ls_buffer out;
        ls_buffer_init(&out);
        CHECK(answer != NULL);
        ls_demo_served_hear(&served, answer, START, &out);
        CHECK_INT(out.size, 0);
        ls_buffer_clear(&out);
        json_decref(answer);
    }
    ls_buffer out;
    ls_buffer_init(&out);
    ls_demo_served_hear(&served, NULL, START, &out);
    CHECK_INT(out.size, 0);
    ls_buffer_clear(&out);
}

static void test_more_than_there_is_room_for_is_left_out(void) {
    begin(0);
    for (int i = 0; i < 100; i++) {
        char more[200];
        snprintf(more, sizeof more,
                 "{\"name\": \"m%d\", \"live\": [{\"unit\": \"u%d\", \"version\": %d, "
                 "\"truth_time_us\": %d, \"error\": 1}]}",
                 i % 6, i, i, i + 1);
        free(hear(START, more, 0.0));
    }
    CHECK_INT(served.count, LS_DEMO_MODELS);
    CHECK_INT(served.models[0].unit_count, LS_DEMO_UNITS);
    CHECK(served.models[0].span_count <= LS_DEMO_SPANS);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_whole_story_is_told_once_each);
    TEST(test_a_training_that_passes_no_gate_is_told);
    TEST(test_each_prediction_is_judged_once);
    TEST(test_what_is_no_answer_says_nothing);
    TEST(test_more_than_there_is_room_for_is_left_out);
    return harness_report();
}
