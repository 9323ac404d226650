// reactor_test.c - a process plant as a line, as programs: it is heard and kept, a setpoint is
// decided, sent through the guard and obeyed, and the plant follows it.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/service/rows.h"

#define REST "target: 0.8357, every: 15 min, mode: advise"

// The example, with another target for E in the product, which the service may send by itself and
// has time for.
static bool begin(service *s) {
    char *text = harness_read_file(harness_source_path("examples/reactor/reactor.yaml"), NULL);
    char *rest = text != NULL ? strstr(text, REST) : NULL;
    CHECK(rest != NULL);
    static char all[32768];
    bool fine = rest != NULL && strlen(text) < sizeof all - 200;
    if (fine) {
        const char *within = strstr(rest, "within: 500 ms");
        CHECK(within != NULL);
        snprintf(all, sizeof all, "%.*starget: 0.95, every: 15 min, mode: auto, within: 3 s%s",
                 (int)(rest - text), text, within != NULL ? within + strlen("within: 500 ms") : "");
        fine = service_begin_text(s, all);
    }
    free(text);
    CHECK(fine);
    return fine;
}

#define BEGINS "2026-01-05T06:00"
#define PAST_ENDS "2026-01-07T18:00"
static const char *heard_from = BEGINS;  // when the line of the test begins

// The newest good number that the history has of a tag; NaN: none.
static double newest(const service *s, const char *tag) {
    const char *const query[] = {"history", "query",    s->data, tag,
                                 "--from",  heard_from, "--csv", NULL};
    const char *line = service_ask(query);
    double number = NAN;
    while (line != NULL && *line != '\0') {
        char name[80], value[40], quality[16];
        if (sscanf(line, "%79[^,],%*[^,],%39[^,],%15[a-z]", name, value, quality) == 3 &&
            strcmp(name, tag) == 0 && strcmp(quality, "good") == 0) {
            number = strtod(value, NULL);
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return number;
}

static bool wait_above(const service *s, const char *tag, double least) {
    const double until = service_clock() + ROWS_PATIENCE_S;
    while (service_clock() < until) {
        if (newest(s, tag) > least) {
            return true;
        }
        service_pause(0.5);
    }
    return false;
}

#define PURGE "every: 1 h, mode: advise, within: 500 ms"

// The example, which may send what makes the purge cheaper, and looks less far.
static bool begin_cheaper(service *s) {
    char *text = harness_read_file(harness_source_path("examples/reactor/reactor.yaml"), NULL);
    char *purge = text != NULL ? strstr(text, PURGE) : NULL;
    CHECK(purge != NULL);
    static char all[32768];
    bool fine = purge != NULL && strlen(text) < sizeof all - 200;
    if (fine) {
        snprintf(all, sizeof all, "%.*severy: 1 h, mode: auto, within: 3 s, horizon: 8 h%s",
                 (int)(purge - text), text, purge + strlen(PURGE));
        fine = service_begin_text(s, all);
    }
    free(text);
    CHECK(fine);
    return fine;
}

static bool wait_below(const service *s, const char *tag, double most) {
    const double until = service_clock() + ROWS_PATIENCE_S;
    while (service_clock() < until) {
        if (newest(s, tag) < most) {
            return true;
        }
        service_pause(0.5);
    }
    return false;
}

static void test_what_it_costs_is_made_less_through_the_guard(void) {
    service s = {0};
    static const char *const plant[] = {"--process", "tennessee-eastman", "--speed", "900", NULL};
    if (begin_cheaper(&s) && service_run(&s) && service_emulate(&s, plant)) {
        // In the guard's steps of 0.25, an hour between two: three of them.
        CHECK(wait_above(&s, "tep/reactor/process/SP_19", 14.4));
        CHECK(rows_wait(&s, "done", 2));
        // 170.6 $/h at rest, deviation 4.5; it is 40 less four hours after the first of such steps.
        CHECK(wait_below(&s, "tep/reactor/process/COST", 145.0));
        CHECK(newest(&s, "tep/reactor/process/XMEAS_7") < 2895.0);  // kPa
    }
    service_end(&s);
}

// ---- the monitor

// The past of the example's line, fault-free, as its service would have kept it; the monitor
// trained on it serves at once.
static bool give_past(service *s, const char *name) {
    char into[SERVICE_PATH_SIZE + 16], model[SERVICE_PATH_SIZE + 16];
    snprintf(into, sizeof into, "%s/history", s->data);
    snprintf(model, sizeof model, "%s:%s", s->plant, name);
    const char *const past[] = {"line",   "emulate", s->plant, "--process", "tennessee-eastman",
                                "--into", into,      "--for",  "60h",       NULL};
    const char *const train[] = {"model", "train", model, "--data", s->data, NULL};
    CHECK_INT(mkdir(s->data, 0700), 0);
    CHECK(service_ask(past) != NULL);
    const char *said = service_ask(train);
    CHECK(said != NULL);
    if (said != NULL) {
        CHECK_CONTAINS(said, "version 1: champion");
    }
    return said != NULL;
}

// The first alarm that the page is shown; NULL: none stands within the test's patience. The caller
// gives it back.
static json_t *wait_alarm(const service *s) {
    const double until = service_clock() + ROWS_PATIENCE_S;
    while (service_clock() < until) {
        const char *body = NULL;
        const bool there = service_get(s, "/api/v1/models", &body) == 200;
        json_t *all = there ? json_loads(body, 0, NULL) : NULL;
        const json_t *model = json_array_get(json_object_get(all, "models"), 0);
        const json_t *live = json_array_get(json_object_get(model, "live"), 0);
        json_t *alarm = json_object_get(live, "alarm");
        if (json_is_object(alarm)) {
            json_incref(alarm);
            json_decref(all);
            return alarm;
        }
        json_decref(all);
        service_pause(0.3);
    }
    CHECK(false);
    return NULL;
}

static bool begin_watched(service *s) {
    char *text = harness_read_file(harness_source_path("examples/reactor/reactor.yaml"), NULL);
    const bool fine = text != NULL && service_begin_text(s, text);
    free(text);
    CHECK(fine);
    return fine && give_past(s, "watch");
}

// A person has seen it: told once, kept with it, and it stands on.
static void acknowledge(const service *s) {
    char model[SERVICE_PATH_SIZE + 16];
    snprintf(model, sizeof model, "%s:watch", s->plant);
    const char *const seen[] = {"model", "acknowledge", model,    "--data", s->data,
                                "--who", "tester",      "--text", "valve",  NULL};
    const char *const again[] = {"model", "acknowledge", model,    "--data", s->data,
                                 "--who", "other",       "--json", NULL};
    const char *said = service_ask(seen);
    CHECK(said != NULL);
    if (said != NULL) {
        CHECK_CONTAINS(said, "model watch: the alarm of plant since 2026-01-07T20:");
        CHECK_CONTAINS(said, " has been seen by tester, ");
        CHECK_CONTAINS(said, "Z: valve\n");
    }
    said = service_ask(again);
    CHECK(said != NULL);
    if (said != NULL) {
        CHECK_CONTAINS(said, "\"by\": \"tester, ");
    }
    json_t *alarm = wait_alarm(s);
    const json_t *who = json_object_get(json_object_get(alarm, "acknowledged"), "by");
    CHECK(json_is_string(who) && strncmp(json_string_value(who), "tester, ", 8) == 0);
    json_decref(alarm);
}

// The service dies and comes back: the alarm stands as it stood, and is not told again.
static void kill_and_come_back(service *s, int64_t since_us) {
    CHECK_INT(service_stop(&s->emulate, 20.0), 0);
    child_kill(s->run);
    s->run = 0;
    if (!service_run(s)) {
        return;
    }
    json_t *alarm = wait_alarm(s);
    const json_t *blame = json_array_get(json_object_get(alarm, "blame"), 0);
    const json_t *seen = json_object_get(alarm, "acknowledged");
    CHECK_INT(json_integer_value(json_object_get(alarm, "since_us")), since_us);
    CHECK_STR(json_string_value(json_object_get(blame, "feature")),
              "tep/reactor/process/XMV_10 last");
    CHECK_STR(json_string_value(json_object_get(seen, "text")), "valve");
    json_decref(alarm);
}

// Two hours of the plant after its fault-free past, without a fault: nothing is called. Then the
// reactor's cooling water is warmer, which the loop hides: it is found, and its valve is blamed.
static void test_a_fault_that_it_was_not_shown_is_called_live(void) {
    service s = {0};
    static const char *const plant[] = {
        "--process", "tennessee-eastman", "--speed", "1200", "--from", "60h", "--idv", "4@62h",
        NULL};
    const json_int_t fault_us = 1767592800000000 + (json_int_t)62 * 3600 * 1000000;
    if (begin_watched(&s) && service_run(&s) && service_emulate(&s, plant)) {
        json_t *alarm = wait_alarm(&s);
        const json_int_t since_us = json_integer_value(json_object_get(alarm, "since_us"));
        const json_t *blame = json_array_get(json_object_get(alarm, "blame"), 0);
        harness_note("since %g minutes after the fault", (double)(since_us - fault_us) / 60e6);
        // The first unusual row is one of the first four of three minutes.
        CHECK(since_us >= fault_us && since_us <= fault_us + (json_int_t)12 * 60 * 1000000);
        CHECK_STR(json_string_value(json_object_get(blame, "feature")),
                  "tep/reactor/process/XMV_10 last");
        CHECK(json_is_null(json_object_get(alarm, "acknowledged")));
        json_decref(alarm);
        acknowledge(&s);
        CHECK(wait_above(&s, "model/watch/plant", 1.0));
        kill_and_come_back(&s, since_us);
        // In the history: one event of each, and the index as a tag.
        const char *const events[] = {"history", "events", s.data, "--kind", "alarm", NULL};
        const char *told = service_ask(events);
        CHECK(told != NULL);
        if (told != NULL) {
            CHECK_CONTAINS(told, "plant is not as usual");
            CHECK_CONTAINS(told, "tep/reactor/process/XMV_10");
            CHECK_CONTAINS(told, "the alarm of plant has been seen by tester, ");
            CHECK(strstr(told, "seen by other") == NULL);
            const char *first = strstr(told, "plant is not as usual");
            CHECK(first != NULL && strstr(first + 1, "plant is not as usual") == NULL);
            CHECK(strstr(told, "is as usual again") == NULL);
        }
        CHECK_INT(service_stop(&s.run, 20.0), 0);
    }
    service_end(&s);
}

// ---- a setpoint by a soft sensor

// The example with a model that says the cost from what is measured, and a decision that goes by
// what it says: the cost itself is looked at by nobody.
static bool begin_soft(service *s) {
    static const char model[] =
        "  cost:\n"
        "    what: sensor\n"
        "    tags: [tep/reactor/process/XMEAS_10, tep/reactor/process/XMEAS_17,\n"
        "      tep/reactor/process/XMEAS_19, tep/reactor/process/XMEAS_20,\n"
        "      tep/reactor/process/XMEAS_29, tep/reactor/process/XMEAS_31,\n"
        "      tep/reactor/process/XMEAS_32, tep/reactor/process/XMEAS_33,\n"
        "      tep/reactor/process/XMEAS_34, tep/reactor/process/XMEAS_35,\n"
        "      tep/reactor/process/XMEAS_36]\n"
        "    every: 3 min\n"
        "    window: 6 min\n"
        "    label: {tag: tep/reactor/process/COST}\n"
        "    gates: {latency: 10 s, missing: 100}\n"
        "    mode: auto\n\n";
    static const char value[] =
        "  values:\n    predicted-cost: {tag: model/cost/plant, unit: \"$/h\"}\n";
    static char all[32768];
    char *text = harness_read_file(harness_source_path("examples/reactor/reactor.yaml"), NULL);
    const char *cost = text != NULL ? strstr(text, "minimize: operating-cost, " PURGE) : NULL;
    const char *listen = cost != NULL ? strstr(cost, "listen:\n") : NULL;
    const char *values = listen != NULL ? strstr(listen, "  values:\n") : NULL;
    bool fine = values != NULL && strlen(text) < sizeof all - 2000;
    CHECK(fine);
    if (fine) {
        const char *after = cost + strlen("minimize: operating-cost, " PURGE);
        snprintf(all, sizeof all,
                 "%.*sminimize: predicted-cost, every: 1 h, mode: auto, within: 3 s, horizon: 8 h"
                 "%.*s%s%.*s%s%s",
                 (int)(cost - text), text, (int)(listen - after), after, model,
                 (int)(values - listen), listen, value, values + strlen("  values:\n"));
        fine = service_begin_text(s, all);
    }
    free(text);
    CHECK(fine);
    return fine && give_past(s, "cost");
}

static void test_a_setpoint_is_decided_by_what_a_soft_sensor_says(void) {
    service s = {0};
    static const char *const plant[] = {
        "--process", "tennessee-eastman", "--speed", "900", "--from", "60h", NULL};
    heard_from = PAST_ENDS;
    if (begin_soft(&s) && service_run(&s) && service_emulate(&s, plant)) {
        CHECK(wait_above(&s, "model/cost/plant", 100.0));  // $/h: it says something
        CHECK(wait_above(&s, "tep/reactor/process/SP_19", 14.4));
        CHECK(rows_wait(&s, "done", 2));
        CHECK(wait_below(&s, "model/cost/plant", 155.0));
        CHECK(wait_below(&s, "tep/reactor/process/COST", 155.0));
    }
    heard_from = BEGINS;
    service_end(&s);
}

static void test_a_setpoint_goes_through_the_guard_and_the_plant_follows(void) {
    service s = {0};
    static const char *const plant[] = {"--process", "tennessee-eastman", "--speed", "600", NULL};
    if (begin(&s) && service_run(&s) && service_emulate(&s, plant)) {
        CHECK(wait_above(&s, "tep/reactor/process/XMEAS_7", 2600.0));  // kPa: it is heard
        CHECK(wait_above(&s, "tep/reactor/process/SP_20", 0.84));
        CHECK(rows_wait(&s, "done", 1));
        // The analyser's noise is 0.01 mol%: four of them above rest.
        CHECK(wait_above(&s, "tep/reactor/process/XMEAS_38", 0.8357 + 0.04));
        rows_read(&s);
        CHECK(rows_count_newest("done") >= 1);
    }
    service_end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_a_fault_that_it_was_not_shown_is_called_live);
    TEST(test_what_it_costs_is_made_less_through_the_guard);
    TEST(test_a_setpoint_is_decided_by_what_a_soft_sensor_says);
    TEST(test_a_setpoint_goes_through_the_guard_and_the_plant_follows);
    return harness_report();
}
