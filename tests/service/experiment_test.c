// experiment_test.c - an experiment in the whole circle as programs: an emulated cell takes turns
// between its own rule and what is decided; the service dies in the middle and goes on.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/harness.h"
#include "tests/service/rows.h"

enum { PATIENCE_S = 300 };

// Short and long jobs on one machine with time to spare: what a rule leaves behind is gone soon.
static const char plant[] =
    "plant: cell\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {process: {a: lognormal 20 s sd 2 s, b: lognormal 60 s sd 6 s}}\n"
    "products:\n"
    "  a: {route: [mill], release: {every: exp 140 s}}\n"
    "  b: {route: [mill], release: {every: exp 140 s}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: shop, nodes: [cell]}\n"
    "decide:\n"
    "  objective: cycle-time\n"
    "  experiment: {kind: switchback, periods: 8}\n"
    "  dispatch: {at: mill, mode: auto, within: 2 s, horizon: 1 h, futures: 100}\n";

static json_int_t begins_of(const json_t *of) {
    return json_integer_value(json_object_get(of, "begins_us"));
}

// What `prove` says of the experiment; the caller's. NULL: nothing yet.
static json_t *experiment(const service *s) {
    const char *const prove[] = {"prove", s->plant, "--data", s->data, "--json", NULL};
    const char *said = service_ask(prove);
    json_t *all = said != NULL ? json_loads(said, 0, NULL) : NULL;
    json_t *of = json_incref(json_object_get(all, "experiment"));
    json_decref(all);
    return of;
}

// Whether a turn that is over tells lots: of one in which the service was away nothing is told.
static bool tells_lots(const json_t *experiment) {
    const json_t *rows = json_object_get(experiment, "rows");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (json_number_value(json_object_get(json_array_get(rows, i), "per_hour")) > 0.0) {
            return true;
        }
    }
    return false;
}

static json_t *await_over(const service *s, int over) {
    const double until = service_clock() + PATIENCE_S;
    for (;;) {
        json_t *now = experiment(s);
        // From some presents the carryover cannot be told; then it is refused, and tried again.
        if (begins_of(now) > 0 && json_integer_value(json_object_get(now, "over")) >= over &&
            (over == 0 || tells_lots(now))) {
            return now;
        }
        if (service_clock() >= until) {
            const char *text = json_string_value(json_object_get(now, "text"));
            harness_note("not so many periods were over in time: %s", text != NULL ? text : "");
            CHECK(false);
            return now;
        }
        json_decref(now);
        service_pause(0.5);
    }
}

static bool same_text(const json_t *a, const json_t *b, const char *key) {
    return json_equal(json_object_get(a, key), json_object_get(b, key)) == 1;
}

static void test_turns_go_on_after_the_service_died(void) {
    static const char *const fast[] = {"--speed", "300", NULL};
    service s = {0};
    if (service_begin_text(&s, plant) && service_run(&s) && service_emulate(&s, fast)) {
        json_t *before = await_over(&s, 0);
        kill(s.run, SIGKILL);
        waitpid(s.run, NULL, 0);
        s.run = 0;
        CHECK(service_run(&s));
        json_t *after = await_over(&s, 1);
        CHECK(same_text(before, after, "id"));
        CHECK(begins_of(before) > 0 && begins_of(before) == begins_of(after));
        CHECK(json_number_value(json_object_get(after, "block_s")) >=
              json_number_value(json_object_get(after, "carryover_s")));
        const json_t *rows = json_object_get(before, "rows");
        for (size_t i = 0; i < json_array_size(rows); i++) {
            CHECK(same_text(json_array_get(rows, i),
                            json_array_get(json_object_get(after, "rows"), i), "rule"));
        }
        CHECK(tells_lots(after));
        CHECK(json_is_false(json_object_get(after, "claimed")));
        json_decref(before);
        json_decref(after);
    }
    service_end(&s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_turns_go_on_after_the_service_died);
    return harness_report();
}
