// settings_test.c - what a setting brought, by programs as a user starts them: the service decides
// it, the guard sends it, the line obeys and is read back, and `prove` tells what is known to be
// true. Nothing acts on the bath but its setting: how far it is from its target, with what the line
// told of its setting and without, can be reckoned for any span of time.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"
#include "tests/service/rows.h"

static const double TARGET = 55.0, REST = 60.0, TAU_S = 240.0, DELAY_S = 60.0;
static const char plant[] =
    "plant: bath\n"
    "start: 2026-01-05T06:00\n"
    "stations:\n"
    "  press: {process: 10 min}\n"
    "products:\n"
    "  x: {route: [press], release: {every: 30 min}}\n"
    "decide:\n"
    "  setpoint: {of: bath, low: 54, high: 66, steps: 12, target: 55, mode: auto, within: 2 s,\n"
    "             futures: 100, gain-min: 0.2}\n"
    "guards: {fresh: 5 min, claim-width: 1}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: bath, nodes: [line]}\n"
    "  values:\n"
    "    bath: {tag: bath/line/bath/Temperature, unit: C, setpoint: bath/line/bath/Set,\n"
    "           set: {low: 40, high: 80, default: 60},\n"
    "           response: {tau: 4 min, delay: 1 min}}\n";

enum { SETTINGS_MAX = 200 };

typedef struct settings {
    double at_s[SETTINGS_MAX], to[SETTINGS_MAX];  // since 1970, C
    int count;
} settings;

// What the line told of its setting.
static void read_settings(const service *s, settings *out) {
    const char *const query[] = {
        "history",          "query",  s->data, "bath/line/bath/Set", "--from",
        "2026-01-05T06:00", "--json", NULL};
    const char *said = service_ask(query);
    json_t *all = said != NULL ? json_loads(said, 0, NULL) : NULL;
    const json_t *tag = json_array_get(json_object_get(all, "tags"), 0);
    const json_t *samples = json_object_get(tag, "samples");
    out->count = 0;
    for (size_t i = 0; i < json_array_size(samples) && out->count < SETTINGS_MAX; i++) {
        const json_t *sample = json_array_get(samples, i);
        out->at_s[out->count] = json_number_value(json_array_get(sample, 0)) * 1e-6;
        out->to[out->count++] = json_number_value(json_array_get(sample, 1));
    }
    json_decref(all);
}

// The bath at a time. Without decisions: only what was set before `from_s`, and the default, to
// which the line goes back by itself.
static double bath_at(const settings *set, double at_s, double from_s, bool decided) {
    double value = REST;
    double before = REST;
    for (int i = 0; i < set->count; i++) {
        const double after_s = at_s - set->at_s[i] - DELAY_S;
        if (!decided && set->at_s[i] >= from_s && set->to[i] != REST) {
            continue;
        }
        value += after_s > 0.0 ? (set->to[i] - before) * -expm1(-after_s / TAU_S) : 0.0;
        before = set->to[i];
    }
    return value;
}

// Nearer to the target by so much, C h.
static double truth_between(const settings *set, double from_s, double until_s) {
    double sum = 0.0;
    for (double at_s = from_s + 0.5; at_s < until_s; at_s += 1.0) {
        sum += fabs(bath_at(set, at_s, from_s, false) - TARGET) -
               fabs(bath_at(set, at_s, from_s, true) - TARGET);
    }
    return sum / 3600.0;
}

static bool is_told(const service *s) {
    const char *const ask[] = {"prove", s->plant, "--data", s->data, "--json", NULL};
    const char *said = service_ask(ask);
    json_t *all = said != NULL ? json_loads(said, 0, NULL) : NULL;
    const json_t *row = json_array_get(json_object_get(all, "rows"), 0);
    const bool told = json_is_object(json_object_get(row, "realised"));
    json_decref(all);
    return told;
}

// The account of the first window that is told, as the history has it; NULL: none. The caller gives
// it back.
static json_t *wait_account(const service *s) {
    const char *const ask[] = {"history", "events", s->data, "--kind", "account", "--json", NULL};
    const double until = service_clock() + ROWS_PATIENCE_S;
    while (!is_told(s) && service_clock() < until) {
        service_pause(0.2);
    }
    const char *said = service_ask(ask);
    json_t *event = said != NULL ? json_loads(said, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    json_t *details = json_incref(json_object_get(event, "details"));
    json_decref(event);
    return details;
}

static double number(const json_t *of, const char *key) {
    return json_number_value(json_object_get(of, key));
}

// What `prove` says of a window is what its account says.
static void check_proof(const service *s, const json_t *account) {
    const char *const ask[] = {"prove", s->plant, "--data", s->data, "--json", NULL};
    const char *said = service_ask(ask);
    json_t *all = said != NULL ? json_loads(said, 0, NULL) : NULL;
    const json_t *row = json_array_get(json_object_get(all, "rows"), 0);
    const json_t *realised = json_object_get(row, "realised");
    CHECK_STR(json_string_value(json_object_get(row, "kind")), "setpoint");
    CHECK_STR(json_string_value(json_object_get(row, "of")), "bath");
    CHECK_STR(json_string_value(json_object_get(row, "unit")), "C h");
    CHECK(json_is_true(json_object_get(row, "shown")));
    CHECK(number(realised, "windows") >= 1);
    CHECK(number(realised, "windows") > 1 ||
          fabs(number(realised, "gain") - number(account, "gain")) < 1e-6);
    json_decref(all);
}

// The first row that was done says what was sent, that it was read back, and what it brought.
static void check_row(const service *s) {
    CHECK(rows_wait(s, "done", 1));
    rows_read(s);
    char id[20] = "";
    for (int i = 1; i < ROWS_MAX && id[0] == '\0'; i++) {
        if (strcmp(rows_newest(i), "done") == 0) {
            snprintf(id, sizeof id, "d-%d", i);
        }
    }
    const char *const ask[] = {"decide", "explain", s->plant, id,
                               "--data", s->data,   "--json", NULL};
    const double until = service_clock() + ROWS_PATIENCE_S;
    json_t *all = NULL;
    while (!json_is_object(json_object_get(json_object_get(all, "row"), "realised")) &&
           service_clock() < until) {  // the account is kept first
        const char *said = service_ask(ask);
        json_decref(all);
        all = said != NULL ? json_loads(said, 0, NULL) : NULL;
    }
    const json_t *row = json_object_get(all, "row");
    const json_t *sent = json_array_get(json_object_get(row, "sent"), 0);
    const json_t *realised = json_object_get(row, "realised");
    const char *argument = json_string_value(json_object_get(sent, "argument"));
    CHECK_STR(json_string_value(json_object_get(sent, "kind")), "setpoint");
    CHECK(argument != NULL && strncmp(argument, "bath=5", 6) == 0);
    CHECK_STR(json_string_value(json_object_get(sent, "result")), "acknowledged");
    CHECK_STR(json_string_value(json_object_get(realised, "unit")), "C h");
    CHECK(json_is_true(json_object_get(realised, "shown")));
    json_decref(all);
}

static void test_what_a_setting_brought_is_told_as_it_is_known(void) {
    service s = {0};
    settings set = {0};
    static const char *const fast[] = {"--speed", "600", NULL};
    if (service_begin_text(&s, plant) && service_run(&s) && service_emulate(&s, fast)) {
        json_t *account = wait_account(&s);
        read_settings(&s, &set);
        CHECK(set.count >= 2);
        const double truth = truth_between(&set, number(account, "from_us") * 1e-6,
                                           number(account, "until_us") * 1e-6);
        harness_note("truth %g, told %g", truth, number(account, "gain"));
        CHECK(truth > 1.0);
        CHECK_NEAR(number(account, "gain"), truth, 0.1 * truth);
        CHECK(number(account, "error") < 0.1 * truth);
        CHECK(json_is_true(json_object_get(account, "shown")));
        check_proof(&s, account);
        check_row(&s);
        json_decref(account);
    }
    service_end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_what_a_setting_brought_is_told_as_it_is_known);
    return harness_report();
}
