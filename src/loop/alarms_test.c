// alarms_test.c - an alarm is told once when it begins and once when it ends, with who is to blame;
// over a gap, another version and a restart.
#include "loop/alarms.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/sentry_fit.h"
#include "model/testing/draws.h"
#include "tests/harness.h"

enum { COLUMNS = 3, ROW = 3, ROWS = 600 };
static const char *const columns[COLUMNS] = {"flow", "pressure", "level"};
static const char *units[] = {"a", "b"};
#define EVERY INT64_C(1000000)
#define BEGIN INT64_C(1767592800000000)  // 2026-01-05T06:00

static ls_model_plan plans[2];

static void make_plans(void) {
    plans[0] = (ls_model_plan){.name = "wear"};  // a predictor: no monitor
    plans[1] = (ls_model_plan){.name = "watch",
                               .units = units,
                               .unit_count = 2,
                               .every_us = EVERY,
                               .monitor = {.is = true,
                                           .lags = 1,
                                           .share = 0.9,
                                           .newest = 1.0,
                                           .false_alarms = 0.01,
                                           .statistics = 1U << LS_MONITOR_WHOLE,
                                           .row = ROW}};
}

static void fill(float *row, bool broken) {
    const double cause = normal();
    row[0] = (float)(10.0 + cause);
    row[1] = (float)(5.0 + 0.5 * cause + 0.05 * normal() + (broken ? 3.0 : 0.0));
    row[2] = (float)normal();
}

static ls_monitor *fit(void) {
    static double values[ROWS * COLUMNS];
    drawn = 77;
    for (int i = 0; i < ROWS; i++) {
        float row[COLUMNS];
        fill(row, false);
        for (int c = 0; c < COLUMNS; c++) {
            values[i * COLUMNS + c] = (double)row[c];
        }
    }
    const ls_rows rows = {values, ROWS};
    ls_monitor_def def = ls_monitor_def_default(COLUMNS);
    def.names = columns;
    def.lags = 1;
    def.newest = 1.0;
    ls_monitor *m = NULL;
    ls_error err = {0};
    CHECK_INT(ls_monitor_fit(&def, &rows, 1, &m, &err), LS_OK);
    return m;
}

typedef struct kept {
    int begins, ends, seen;
    char text[600], subject[64], json[4096];
    int64_t time_us;
} kept;

static bool keep(void *context, const ls_happened *event) {
    kept *k = context;
    const bool begins = strstr(event->json, "\"begins\":true") != NULL;
    k->begins += begins;
    k->ends += strstr(event->json, "\"begins\":false") != NULL;
    k->seen += strstr(event->json, "\"begins\":") == NULL;
    snprintf(k->text, sizeof k->text, "%s", event->text);
    snprintf(k->subject, sizeof k->subject, "%s", event->subject);
    snprintf(k->json, sizeof k->json, "%s", event->json);
    k->time_us = event->time_us;
    return true;
}

static char folder[64];
static ls_tags *tags;
static ls_history *history;
static ls_journal *journal;

static void open_history(void) {
    ls_error err = {0};
    ls_history_def def = ls_history_def_default();
    snprintf(folder, sizeof folder, "/tmp/ls-alarms-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    def.store = folder;
    CHECK_INT(ls_tags_create(&tags, &err), LS_OK);
    CHECK_INT(ls_history_open(&def, tags, &history, &err), LS_OK);
    CHECK_INT(ls_journal_create(history, &journal, &err), LS_OK);
    ls_say_set_level(LS_LOG_ERROR);
}

static void close_history(void) {
    char command[128];
    ls_journal_destroy(journal);
    CHECK_INT(ls_history_close(history, NULL), LS_OK);
    ls_tags_destroy(tags);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK_INT(system(command), 0);
}

static kept events(void) {
    kept k = {0};
    CHECK_INT(ls_history_events(history, "alarm", 0, INT64_MAX, keep, &k, NULL), LS_OK);
    return k;
}

static ls_alarms *post_guard(const ls_monitor *m, uint32_t version) {
    ls_alarms *a = NULL;
    ls_error err = {0};
    CHECK_INT(ls_alarms_create(plans, 2, journal, &a, &err), LS_OK);
    CHECK_INT(ls_alarms_serve(a, 1, version, m, columns, COLUMNS, &err), LS_OK);
    return a;
}

// Rows from..to of both units; `broken`: b's pressure no longer follows the flow.
static void hear(ls_alarms *a, int from, int to, bool broken, uint32_t version) {
    for (int i = from; i < to; i++) {
        for (uint32_t unit = 0; unit < 2; unit++) {
            float row[COLUMNS];
            fill(row, broken && unit == 1);
            ls_alarms_hear(a, 1, unit, version, BEGIN + i * EVERY, row);
            ls_alarms_hear(a, 0, 0, version, BEGIN + i * EVERY, row);
        }
    }
}

static bool stands(ls_alarms *a, uint32_t unit) {
    json_t *object = ls_alarms_json(a, 1, unit);
    const bool is = !json_is_null(object);
    if (is) {
        CHECK_INT(json_integer_value(json_object_get(object, "since_us")), BEGIN + 50 * EVERY);
        CHECK(json_number_value(json_object_get(object, "index")) > 1.0);
    }
    json_decref(object);
    return is;
}

static void test_an_alarm_is_told_when_it_begins_and_when_it_ends(void) {
    make_plans();
    ls_monitor *m = fit();
    open_history();
    ls_alarms *a = post_guard(m, 3);
    hear(a, 0, 50, false, 3);
    CHECK_INT(events().begins, 0);
    CHECK(!stands(a, 0) && !stands(a, 1));
    hear(a, 50, 90, true, 3);
    kept k = events();
    CHECK_INT(k.begins, 1);
    CHECK_INT(k.ends, 0);
    CHECK_STR(k.subject, "watch/b");
    CHECK_CONTAINS(k.text, "b is not as usual: ");
    CHECK_CONTAINS(k.text, "most to blame: pressure at ");
    CHECK_CONTAINS(k.json, "\"version\":3");
    CHECK(k.time_us == BEGIN + (50 + ROW - 1) * EVERY);
    CHECK(!stands(a, 0) && stands(a, 1));
    hear(a, 90, 120, true, 2);  // of a version that does not serve: not heard
    hear(a, 90, 93 + ROW, false, 3);
    k = events();
    CHECK_INT(k.begins, 1);
    CHECK_INT(k.ends, 1);
    CHECK_CONTAINS(k.text, "b is as usual again after ");
    CHECK(!stands(a, 1));
    ls_alarms_destroy(a);
    close_history();
    ls_monitor_destroy(m);
}

static void test_an_alarm_outlasts_a_gap_another_version_and_a_restart(void) {
    make_plans();
    ls_monitor *m = fit();
    open_history();
    ls_error err = {0};
    ls_alarms *a = post_guard(m, 1);
    hear(a, 0, 50, false, 1);
    hear(a, 50, 60, true, 1);
    hear(a, 500, 501, true, 1);  // after a gap the sentry begins anew
    CHECK(stands(a, 1));
    hear(a, 501, 520, true, 1);
    CHECK_INT(ls_alarms_serve(a, 1, 2, m, columns, COLUMNS, &err), LS_OK);
    hear(a, 520, 540, true, 2);
    CHECK(stands(a, 1));
    CHECK_INT(events().begins, 1);
    ls_alarms_destroy(a);
    a = post_guard(m, 2);
    CHECK(!stands(a, 1));
    CHECK_INT(ls_alarms_recall(a, history, BEGIN + 600 * EVERY, &err), LS_OK);
    CHECK(stands(a, 1) && !stands(a, 0));
    hear(a, 600, 620, true, 2);
    CHECK_INT(events().begins, 1);
    hear(a, 620, 630, false, 2);
    CHECK_INT(events().ends, 1);
    CHECK(!stands(a, 1));
    CHECK_INT(ls_alarms_recall(a, history, BEGIN + 700 * EVERY, &err), LS_OK);
    CHECK(!stands(a, 1));  // it had ended
    // Nobody serves: nothing is heard.
    CHECK_INT(ls_alarms_serve(a, 1, 0, NULL, NULL, 0, &err), LS_OK);
    hear(a, 700, 730, true, 2);
    CHECK_INT(events().begins, 1);
    ls_alarms_destroy(a);
    close_history();
    ls_monitor_destroy(m);
}

static ls_status see(ls_alarms *a, const char *model, const char *unit, int64_t since_us,
                     const char *who, const char *text, ls_error *err) {
    const ls_alarms_seen def = {
        .model = model, .unit = unit, .since_us = since_us, .who = who, .text = text};
    json_t *alarm = NULL;
    const ls_status status = ls_alarms_see(a, &def, &alarm, err);
    CHECK((status == LS_OK) == json_is_object(alarm));
    json_decref(alarm);
    return status;
}

// Who is to blame, as the page is told: the first one's name; "": nobody.
static const char *blamed(ls_alarms *a) {
    static char name[64];
    json_t *object = ls_alarms_json(a, 1, 1);
    const json_t *first = json_array_get(json_object_get(object, "blame"), 0);
    const char *text = json_string_value(json_object_get(first, "feature"));
    snprintf(name, sizeof name, "%s", text != NULL ? text : "");
    json_decref(object);
    return name;
}

static const char *seen_by(ls_alarms *a) {
    static char name[200];
    json_t *object = ls_alarms_json(a, 1, 1);
    const json_t *seen = json_object_get(object, "acknowledged");
    const char *by = json_string_value(json_object_get(seen, "by"));
    const char *text = json_string_value(json_object_get(seen, "text"));
    snprintf(name, sizeof name, "%s|%s", by != NULL ? by : "", text != NULL ? text : "");
    json_decref(object);
    return name;
}

static void test_an_alarm_that_a_person_has_seen_says_so_and_stands_on(void) {
    make_plans();
    ls_monitor *m = fit();
    open_history();
    ls_error err = {0};
    const int64_t since = BEGIN + 50 * EVERY;
    ls_alarms *a = post_guard(m, 1);
    hear(a, 0, 50, false, 1);
    CHECK_INT(see(a, "watch", "b", since, "kim", NULL, &err), LS_ERR_STOPPED);
    CHECK_CONTAINS(err.text, "no alarm stands any more of 'b'");
    hear(a, 50, 60, true, 1);
    CHECK_STR(seen_by(a), "|");
    CHECK_INT(see(a, "watch", "c", since, "kim", NULL, &err), LS_ERR_INVALID);
    CHECK_CONTAINS(err.text, "'c'");
    CHECK_INT(see(a, "wear", "plant", since, "kim", NULL, &err), LS_ERR_INVALID);  // no monitor
    CHECK_INT(see(a, "watch", "b", since - 1, "kim", NULL, &err), LS_ERR_STOPPED);
    CHECK_CONTAINS(err.text, "another alarm stands by now");
    CHECK_INT(events().seen, 0);
    CHECK_INT(see(a, "watch", "b", since, "kim", "the valve\nis\x1b stuck", &err), LS_OK);
    CHECK_STR(seen_by(a), "kim|the valve?is? stuck");
    kept k = events();
    CHECK_INT(k.seen, 1);
    CHECK_CONTAINS(k.text, "the alarm of b has been seen by kim: the valve?is? stuck");
    CHECK(k.time_us == BEGIN + 59 * EVERY);
    // Again: the first one stays, and nothing is told.
    CHECK_INT(see(a, "watch", "b", since, "lee", NULL, &err), LS_OK);
    CHECK_STR(seen_by(a), "kim|the valve?is? stuck");
    CHECK_INT(events().seen, 1);
    // It stands on; over another version and a restart too, with who is to blame and who saw it.
    CHECK_INT(ls_alarms_serve(a, 1, 2, m, columns, COLUMNS, &err), LS_OK);
    hear(a, 60, 70, true, 2);
    CHECK(stands(a, 1));
    CHECK_STR(blamed(a), "pressure");
    ls_alarms_destroy(a);
    a = post_guard(m, 2);
    CHECK_INT(ls_alarms_recall(a, history, BEGIN + 600 * EVERY, &err), LS_OK);
    CHECK(stands(a, 1));
    CHECK_STR(blamed(a), "pressure");
    CHECK_STR(seen_by(a), "kim|the valve?is? stuck");
    hear(a, 70, 80, false, 2);
    CHECK(!stands(a, 1));
    k = events();
    CHECK_INT(k.begins, 1);
    CHECK_INT(k.ends, 1);
    CHECK_INT(see(a, "watch", "b", since, "kim", NULL, &err), LS_ERR_STOPPED);
    // The next one has not been seen by anybody.
    hear(a, 80, 90, true, 2);
    CHECK_STR(seen_by(a), "|");
    ls_alarms_destroy(a);
    a = post_guard(m, 2);
    CHECK_INT(ls_alarms_recall(a, history, BEGIN + 600 * EVERY, &err), LS_OK);
    CHECK_STR(blamed(a), "pressure");
    CHECK_STR(seen_by(a), "|");
    ls_alarms_destroy(a);
    close_history();
    ls_monitor_destroy(m);
}

// What stands in a history may be of any hand.
static void test_events_that_nobody_of_ours_wrote_change_nothing(void) {
    static const char *const texts[] = {
        "",
        "[]",
        "{",
        "{\"begins\":true}",
        "{\"begins\":true,\"since_us\":\"5\",\"index\":2}",
        "{\"begins\":true,\"since_us\":5}",
        "{\"begins\":true,\"since_us\":5.5,\"index\":2}",
        "{\"begins\":1,\"since_us\":5,\"index\":2}",
        "{\"acknowledged\":{\"time_us\":5,\"by\":\"x\"},\"since_us\":5,\"index\":2}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ls_alarm alarm = {0};
        json_t *event = json_loads(texts[i], 0, NULL);
        ls_alarm_recall(&alarm, event, 7);
        CHECK(!alarm.stands && !alarm.seen && alarm.blamed == 0);
        json_decref(event);
    }
    ls_alarm alarm = {0};
    json_t *event = json_loads(
        "{\"begins\":true,\"since_us\":5,\"index\":2,\"version\":-3,\"blame\":[4,{\"feature\":9},"
        "{\"feature\":\"flow\",\"value\":\"high\"},{\"feature\":\"b\"},{\"feature\":\"c\"},"
        "{\"feature\":\"d\"},{\"feature\":\"e\"},{\"feature\":\"f\"}]}",
        0, NULL);
    ls_alarm_recall(&alarm, event, 7);
    CHECK(alarm.stands && alarm.version == 0 && alarm.blamed == LS_ALARM_BLAMED);
    CHECK_STR(alarm.blame[0].name, "flow");
    CHECK(isnan(alarm.blame[0].value));
    json_t *told = ls_alarm_json(&alarm);
    const json_t *first = json_array_get(json_object_get(told, "blame"), 0);
    CHECK(json_is_null(json_object_get(first, "value")));
    json_decref(told);
    json_decref(event);
}

static void test_a_monitor_of_other_rows_is_refused_and_memory_may_fail(void) {
    make_plans();
    ls_monitor *m = fit();
    ls_alarms *a = NULL;
    ls_error err = {0};
    CHECK_INT(ls_alarms_create(plans, 2, NULL, &a, &err), LS_OK);
    CHECK_INT(ls_alarms_serve(a, 1, 1, m, columns, COLUMNS - 1, &err), LS_ERR_INVALID);
    float row[COLUMNS] = {0};
    ls_alarms_hear(a, 1, 0, 1, BEGIN, row);  // nothing serves
    int failures = 0;
    for (int count = 0; count < 60; count++) {
        ls_alloc_fail_after(count);
        const ls_status status = ls_alarms_serve(a, 1, 1, m, columns, COLUMNS, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || status == LS_ERR_MEMORY);
        failures += status != LS_OK;
    }
    CHECK(failures > 3);
    ls_alarms_destroy(a);
    for (int count = 0; count < 5; count++) {
        a = NULL;
        ls_alloc_fail_after(count);
        const ls_status status = ls_alarms_create(plans, 2, NULL, &a, &err);
        ls_alloc_fail_after(-1);
        CHECK((status == LS_OK) == (a != NULL));
        ls_alarms_destroy(a);
    }
    ls_monitor_destroy(m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_an_alarm_is_told_when_it_begins_and_when_it_ends);
    TEST(test_an_alarm_outlasts_a_gap_another_version_and_a_restart);
    TEST(test_an_alarm_that_a_person_has_seen_says_so_and_stands_on);
    TEST(test_events_that_nobody_of_ours_wrote_change_nothing);
    TEST(test_a_monitor_of_other_rows_is_refused_and_memory_may_fail);
    return harness_report();
}
