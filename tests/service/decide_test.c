// decide_test.c - the whole circle as programs: an emulated cell is heard, decided about, and
// commanded through the guard; then the guard dies, and then the service, without warning.
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/units.h"
#include "tests/harness.h"
#include "tests/service/rows.h"

// ---- the plant: the cell of the examples, that may send by itself and has time for it

static bool begin(service *s) {
    char *text = harness_read_file(harness_source_path("examples/gearbox/cell.yaml"), NULL);
    char *decide = text != NULL ? strstr(text, "\ndecide:") : NULL;
    const char *listen = decide != NULL ? strstr(decide, "\nlisten:") : NULL;
    CHECK(listen != NULL);
    char all[8192];
    if (listen == NULL || strlen(text) > 7000) {
        free(text);
        return false;
    }
    snprintf(all, sizeof all,
             "%.*s\ndecide:\n  dispatch: {at: grind, mode: auto, within: 2 s, futures: 400}\n%s",
             (int)(decide - text), text, listen);
    free(text);
    const bool fine = service_begin_text(s, all);
    CHECK(fine);
    return fine;
}

// ---- tests

static bool start(service *s) {
    static const char *const fast[] = {"--speed", "60", NULL};
    return begin(s) && service_run(s) && service_emulate(s, fast);
}

// Asked beside a service that runs, the present is the service's, up to what it has heard by now.
static void check_present(const service *s) {
    json_t *state = service_state(s);
    const char *now = json_string_value(json_object_get(state, "now"));
    const char *const ask[] = {"decide",   "now",   s->plant,     "--data", s->data,
                               "--within", "100ms", "--own-base", "--json", NULL};
    const char *said = service_ask(ask);
    json_t *answer = said != NULL ? json_loads(said, 0, NULL) : NULL;
    char then[64] = "";
    ls_units_print_date(json_integer_value(json_object_get(answer, "line_us")), then, sizeof then);
    harness_note("the service is at %s, 'decide now' at %s", now, then);
    CHECK(now != NULL && strcmp(then, now) >= 0);
    json_decref(answer);
    json_decref(state);
}

// The first decision whose newest row says `result`; its number, 0: there is none.
static int first_of(const char *result) {
    for (int i = 1; i < ROWS_MAX; i++) {
        if (strcmp(rows_newest(i), result) == 0) {
            return i;
        }
    }
    return 0;
}

// `lineshaft decide WORD PLANT d-NUMBER` says so.
static void check_says(const service *s, const char *word, int number, const char *text) {
    char id[20];
    snprintf(id, sizeof id, "d-%d", number);
    const char *const ask[] = {"decide", word, s->plant, id, "--data", s->data, NULL};
    const char *said = service_ask(ask);
    CHECK_CONTAINS(said != NULL ? said : "", text);
}

static void test_commands_go_out_and_what_came_of_them_comes_back(void) {
    service s = {0};
    if (start(&s)) {
        CHECK(rows_wait(&s, "done", 1));
        rows_read(&s);
        CHECK(rows_count_newest("done") >= 1);
        check_present(&s);
        // What was decided is decided the same again.
        const int done = first_of("done");
        check_says(&s, "replay", done, "the same, bit for bit");
        check_says(&s, "explain", done, "chosen");
    }
    service_end(&s);
}

static void test_a_guard_that_dies_is_started_again(void) {
    service s = {0};
    if (start(&s)) {
        CHECK(rows_wait(&s, "done", 1));
        const pid_t guard = rows_find_child(&s, " guard ");
        CHECK(guard > 0);
        if (guard > 0) {
            kill(guard, SIGKILL);
            CHECK(service_wait_log(&s, "the guard was killed by signal 9"));
        }
        const int before = rows_count(&s, "done");
        CHECK(rows_wait(&s, "done", before + 1));
        CHECK(rows_find_child(&s, " guard ") > 0 && rows_find_child(&s, " guard ") != guard);
        rows_read(&s);
    }
    service_end(&s);
}

static void test_nothing_is_sent_late_after_the_service_died(void) {
    service s = {0};
    if (start(&s)) {
        CHECK(rows_wait(&s, "sent", 1));
        kill(s.run, SIGKILL);
        waitpid(s.run, NULL, 0);
        s.run = 0;
        CHECK(service_run(&s));
        rows_read(&s);
        // What was on its way is lost or was answered; what was not sent is expired.
        int newest_row = 0;
        for (int i = 1; i < ROWS_MAX; i++) {
            newest_row = rows_newest(i)[0] != '\0' ? i : newest_row;
        }
        CHECK(newest_row > 0);
        const int before = rows_count(&s, "done");
        CHECK(rows_wait(&s, "done", before + 1));
        rows_read(&s);
        CHECK_INT(rows_count_newest("open"), 0);
    }
    service_end(&s);
}

// The newest number that the history has of a tag.
static double newest(const service *s, const char *tag) {
    const char *const query[] = {"history", "query", s->data, tag, "--csv", NULL};
    const char *said = service_ask(query);
    const char *last = said != NULL ? strrchr(said, ',') : NULL;
    double number = NAN;
    for (const char *line = said; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        char name[80];
        char value[40];
        if (sscanf(line, "%79[^,],%*[^,],%39[^,\n]", name, value) == 2 && strcmp(name, tag) == 0) {
            number = strtod(value, NULL);
        }
    }
    CHECK(last != NULL);
    return number;
}

// Something warms the bath by 4 C after 20 minutes: it is set lower, by the guard's steps, the line
// does so, and the bath comes back to its target.
static void test_a_setting_is_decided_sent_and_read_back(void) {
    service s = {0};
    char hide[SERVICE_PATH_SIZE];
    snprintf(hide, sizeof hide, "%s", harness_source_path("examples/gearbox/bath-hide.yaml"));
    const char *const fast[] = {"--speed", "60", "--hide", hide, NULL};
    if (service_begin(&s, "examples/gearbox/bath.yaml", "") && service_run(&s) &&
        service_emulate(&s, fast)) {
        const double until = service_clock() + 240.0;
        double set = NAN;
        while (!(fabs(set - 56.0) <= 1.0) && service_clock() < until) {
            service_pause(1.0);
            set = newest(&s, "gearbox/bath/heater/Set");
        }
        CHECK_NEAR(set, 56.0, 1.0);
        CHECK(rows_wait(&s, "done", 1));
        // The noise of the sensor is 0.3: three of them, and a step of the grid. It takes five time
        // constants, eight minutes of the line, to come there.
        double warm = newest(&s, "gearbox/bath/heater/Temperature");
        while (!(fabs(warm - 60.0) <= 1.9) && service_clock() < until) {
            service_pause(0.5);
            warm = newest(&s, "gearbox/bath/heater/Temperature");
        }
        CHECK_NEAR(warm, 60.0, 1.9);
        rows_read(&s);
        CHECK(rows_count_newest("done") >= 1);
        const int done = first_of("done");
        check_says(&s, "replay", done, "the same, bit for bit");
        check_says(&s, "explain", done, "nearer");
        check_says(&s, "explain", done, "acknowledged");
    }
    service_end(&s);
}

// Two machines that take a minute each, and twelve lots between them: fewer do nearly as much.
static const char levels[] =
    "plant: levels\n"
    "start: 2026-01-05T06:00\n"
    "stations:\n"
    "  cut: {process: exp 60 s}\n"
    "  polish: {process: exp 60 s}\n"
    "products:\n"
    "  part: {route: [cut, polish], release: {keep: 12}}\n"
    "decide:\n"
    "  objective: {throughput: 20, wip: 40, unit: EUR}\n"
    "  conwip: {of: part, levels: [4, 6, 12], value: level, mode: auto, every: 2 min, within: 2 "
    "s,\n"
    "           futures: 900, horizon: 1 h}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: levels, nodes: [line]}\n"
    "  values:\n"
    "    level: {tag: levels/line/yard/Level, setpoint: levels/line/yard/LevelSet,\n"
    "            set: {low: 1, high: 20, default: 12}}\n";

static void test_a_level_is_decided_sent_and_heard(void) {
    service s = {0};
    static const char *const fast[] = {"--speed", "60", NULL};
    if (service_begin_text(&s, levels) && service_run(&s) && service_emulate(&s, fast)) {
        CHECK(rows_wait(&s, "done", 1));
        const double set = newest(&s, "levels/line/yard/LevelSet");
        CHECK(set == 4.0 || set == 6.0);
        const int kept = rows_count(&s, "kept");
        CHECK(rows_wait(&s, "kept", kept + 2));  // asked again, from the level in force
        rows_read(&s);
        int last = 0;
        for (int i = 1; i < ROWS_MAX; i++) {
            last = strcmp(rows_newest(i), "kept") == 0 ? i : last;
        }
        char stays[40];
        snprintf(stays, sizeof stays, "lots kept: stay at %.0f",
                 newest(&s, "levels/line/yard/LevelSet"));
        check_says(&s, "explain", last, stays);
    }
    service_end(&s);
}

// Two products in turn, ten minutes apart, before a machine that has nothing to do in between: it
// is set up for the next one while it waits for it.
static const char in_turn[] =
    "plant: turn\n"
    "start: 2026-01-05T06:00\n"
    "stations:\n"
    "  saw: {process: 1 min}\n"
    "  grind: {process: 1 min, setup: {a to b: 3 min, b to a: 3 min, initial: a}}\n"
    "products:\n"
    "  a: {route: [saw, grind], release: {every: 20 min}}\n"
    "  b: {route: [saw, grind], release: {every: 20 min, first: 10 min}}\n"
    "decide:\n"
    "  setup: {at: grind, mode: auto, within: 2 s, futures: 60, horizon: 1 h}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: turn, nodes: [line]}\n";

static void test_a_machine_is_set_up_for_what_will_come(void) {
    service s = {0};
    static const char *const fast[] = {"--speed", "60", NULL};
    if (service_begin_text(&s, in_turn) && service_run(&s) && service_emulate(&s, fast)) {
        CHECK(rows_wait(&s, "done", 2));
        rows_read(&s);
        const int done = first_of("done");
        CHECK(done > 0);
        check_says(&s, "explain", done, "grind is set up for ");
        check_says(&s, "replay", done, "the same, bit for bit");
    }
    service_end(&s);
}

// x takes the press for long and comes shortly before y, which is quickly done: who puts x off
// until y has come makes y's way shorter by an hour.
static const char outside[] =
    "plant: outside\n"
    "start: 2026-01-05T06:00\n"
    "stations:\n"
    "  press: {process: {x: 80 min, y: uniform 9 min to 11 min}}\n"
    "products:\n"
    "  x: {route: [press], release: {every: 100 min, first: 3 min, pool: yes}}\n"
    "  y: {route: [press], release: {every: 100 min, first: 8 min}}\n"
    "decide:\n"
    "  release: {of: x, mode: auto, within: 500 ms, futures: 60, horizon: 4 h}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: outside, nodes: [line]}\n";

static void test_an_order_is_put_off_outside(void) {
    service s = {0};
    static const char *const slow[] = {"--speed", "20", NULL};
    if (service_begin_text(&s, outside) && service_run(&s) && service_emulate(&s, slow)) {
        CHECK(rows_wait(&s, "done", 1));
        rows_read(&s);
        const int done = first_of("done");
        CHECK(done > 0);
        check_says(&s, "explain", done, "put x off for ");
        check_says(&s, "replay", done, "the same, bit for bit");
    }
    service_end(&s);
}

// What comes in is decided by hand alone: nothing is better, and people are waited for. Of y there
// is no order pool.
static const char yard[] =
    "plant: yard\n"
    "start: 2026-01-05T06:00\n"
    "stations:\n"
    "  press: {process: 1 min}\n"
    "products:\n"
    "  x: {route: [press], release: {every: 10 min, first: 1 min, pool: yes}}\n"
    "  y: {route: [press], release: {every: 100 h}}\n"
    "decide:\n"
    "  mode: approve\n"
    "  gain-min: 1000\n"
    "  release:\n"
    "    - {of: x, within: 500 ms, horizon: 1 h, futures: 20, wait-for-word: 2 h}\n"
    "    - {of: y, within: 500 ms, horizon: 1 h, futures: 20}\n"
    "guards: {heartbeat: 2 s}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: yard, nodes: [line]}\n";

static const char *by_hand(const service *s, const char *what, const char *class, const char *span,
                           const char *more) {
    const char *arguments[10] = {"decide", what, s->plant, class};
    int at = 4;
    const char *const rest[] = {span, "--data", s->data, more};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++) {
        if (rest[i] != NULL) {
            arguments[at++] = rest[i];
        }
    }
    return service_ask(arguments);
}

// Lots that wait outside by the twin; -1: not known.
static int outside_now(const service *s) {
    int count = 0;
    json_t *state = service_state(s);
    const json_t *pools = json_object_get(state, "order_pools");
    for (size_t i = 0; i < json_array_size(pools); i++) {
        count += (int)json_integer_value(json_object_get(json_array_get(pools, i), "waiting"));
    }
    count = json_is_array(pools) ? count : -1;
    json_decref(state);
    return count;
}

static bool wait_outside(const service *s, int least, int most) {
    const double until = service_clock() + ROWS_PATIENCE_S;
    int now = outside_now(s);
    while ((now < least || now > most) && service_clock() < until) {
        service_pause(0.2);
        now = outside_now(s);
    }
    harness_note("%d outside, wanted %d to %d", now, least, most);
    return now >= least && now <= most;
}

static void test_people_let_in_and_put_off_by_hand(void) {
    service s = {0};
    static const char *const fast[] = {"--speed", "60", NULL};
    if (service_begin_text(&s, yard) && service_run(&s) && service_emulate(&s, fast) &&
        wait_outside(&s, 2, 99)) {
        // The guard may still wait for the line's word: asked until it is ours to write.
        const char *said = NULL;
        const double until = service_clock() + ROWS_PATIENCE_S;
        while (said == NULL && service_clock() < until) {
            said = by_hand(&s, "release", "x", NULL, NULL);
        }
        CHECK_CONTAINS(said != NULL ? said : "", "release x now");
        CHECK_CONTAINS(said != NULL ? said : "", "done");
        CHECK_CONTAINS(said != NULL ? said : "", "by hand, by ");
        said = by_hand(&s, "put-off", "x", "20 h", "--json");
        json_t *answer = said != NULL ? json_loads(said, 0, NULL) : NULL;
        const json_t *row = json_object_get(answer, "row");
        CHECK(json_is_true(json_object_get(row, "by_hand")));
        CHECK(json_is_null(json_object_get(row, "claim")));
        const json_t *sent = json_array_get(json_object_get(row, "sent"), 0);
        const char *argument = json_string_value(json_object_get(sent, "argument"));
        CHECK_STR(argument != NULL ? argument : "", "x 20 h");
        json_decref(answer);
        CHECK(wait_outside(&s, 2, 99));
        CHECK(by_hand(&s, "put-off", "x", "0s", NULL) != NULL);
        CHECK(wait_outside(&s, 0, 1));  // one may have been released since
        // What cannot be: no such class, no order pool, more than wait, too long.
        CHECK(by_hand(&s, "release", "z", NULL, NULL) == NULL);
        CHECK(by_hand(&s, "put-off", "y", "5 min", NULL) == NULL);
        CHECK(by_hand(&s, "put-off", "x", "5 min", "--lots=999") == NULL);
        CHECK(by_hand(&s, "put-off", "x", "25 h", NULL) == NULL);
        // A point that is held is held for hands too.
        const char *const hold[] = {"guard", "hold", s.plant, "release x", "--data", s.data, NULL};
        CHECK(service_ask(hold) != NULL);
        CHECK(by_hand(&s, "release", "y", NULL, NULL) != NULL);
        CHECK(by_hand(&s, "put-off", "x", "5 min", NULL) == NULL);
        rows_read(&s);
        CHECK(rows_count_newest("done") >= 4);
    }
    service_end(&s);
}

// What `lineshaft guard WORD PLANT MORE...` says; NULL: it said no.
static const char *guard_ask(const service *s, const char *word, const char *const more[]) {
    const char *arguments[16] = {"guard", word, s->plant};
    int at = 3;
    for (int i = 0; more[i] != NULL; i++) {
        arguments[at++] = more[i];
    }
    arguments[at++] = "--data";
    arguments[at] = s->data;
    return service_ask(arguments);
}
#define GUARD(s, word, ...) guard_ask(s, word, (const char *const[]){__VA_ARGS__, NULL})

// What people tell the guard: held nothing is sent, also after the guard died; each role
// may do what it may; what stands is told.
static void test_people_hold_bypass_and_lift(void) {
    service s = {0};
    if (start(&s) && rows_wait(&s, "done", 1)) {
        const char *said = GUARD(&s, "hold", "--who", "kim");
        CHECK_CONTAINS(said != NULL ? said : "",
                       "hold       everything, by kim, engineer@127.0.0.1 (engineer), since 2");
        const double sent = service_settled(&s, "commands_sent_total");
        const pid_t guard = rows_find_child(&s, " guard ");
        CHECK(guard > 0 && kill(guard, SIGKILL) == 0);
        const double refused = service_metric(&s, "commands_refused_total");
        const double until = service_clock() + ROWS_PATIENCE_S;
        while (!(service_metric(&s, "commands_refused_total") >= refused + 5) &&
               service_clock() < until) {
            service_pause(0.2);
        }
        CHECK(service_metric(&s, "commands_refused_total") >= refused + 5);
        CHECK(service_metric(&s, "commands_sent_total") == sent);
        // An operator may neither lift an engineer's hold nor bypass.
        CHECK(GUARD(&s, "lift", "--role", "operator") == NULL);
        CHECK(GUARD(&s, "bypass", "6", "--for", "10 min", "--reason", "trial", "--role",
                    "operator") == NULL);
        CHECK(GUARD(&s, "bypass", "7", "--for", "10 min", "--reason", "trial") == NULL);
        CHECK(GUARD(&s, "bypass", "6", "--for", "9 h", "--reason", "trial") == NULL);
        said = GUARD(&s, "bypass", "minimum dwell", "--for", "10 min", "--reason", "trial");
        CHECK_CONTAINS(said != NULL ? said : "", "bypass     guard 6, minimum dwell, until ");
        CHECK(GUARD(&s, "re-arm", "no such tag") == NULL);
        said = GUARD(&s, "revoke", "operator@127.0.0.1");
        CHECK_CONTAINS(said != NULL ? said : "",
                       "revoked    approvals of operator@127.0.0.1 up to");
        said = GUARD(&s, "show", "--json");
        CHECK_CONTAINS(said != NULL ? said : "", "\"format\": \"guard/1\"");
        CHECK(GUARD(&s, "reset", "--role", "operator") != NULL);
        said = GUARD(&s, "lift", "--who", "lee");
        CHECK(said != NULL && strstr(said, "hold ") == NULL);
        said = GUARD(&s, "bypass", "6", "--end");
        CHECK(said != NULL && strstr(said, "bypass ") == NULL);
        const int before = rows_count(&s, "done");
        CHECK(rows_wait(&s, "done", before + 1));
    }
    service_end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_commands_go_out_and_what_came_of_them_comes_back);
    TEST(test_a_guard_that_dies_is_started_again);
    TEST(test_a_setting_is_decided_sent_and_read_back);
    TEST(test_a_level_is_decided_sent_and_heard);
    TEST(test_a_machine_is_set_up_for_what_will_come);
    TEST(test_an_order_is_put_off_outside);
    TEST(test_people_let_in_and_put_off_by_hand);
    TEST(test_people_hold_bypass_and_lift);
    TEST(test_nothing_is_sent_late_after_the_service_died);
    return harness_report();
}
