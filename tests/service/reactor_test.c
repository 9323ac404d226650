// reactor_test.c - a process plant as a line, as programs: it is heard and kept, a setpoint is
// decided, sent through the guard and obeyed, and the plant follows it.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"
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

// The newest good number that the history has of a tag; NaN: none.
static double newest(const service *s, const char *tag) {
    const char *const query[] = {"history", "query", s->data, tag, "--csv", NULL};
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
    TEST(test_what_it_costs_is_made_less_through_the_guard);
    TEST(test_a_setpoint_goes_through_the_guard_and_the_plant_follows);
    return harness_report();
}
