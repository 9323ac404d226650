// decisions_time_test.c - the deciding part and its deadline: a long job is first in the queue of a
// mill, short ones wait behind it, and the mill takes one short one after the other.
#include <lineshaft/plant.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "loop/decisions_inside.h"
#include "loop/testing/bench.h"
#include "loop/testing/fake_guard.h"
#include "tests/harness.h"

enum { PATIENCE_S = 120, EVENTS = 20 };

static const char form[] =
    "plant: p\n"
    "start: 2026-01-05\n"
    "stations:\n"
    "  mill: {machines: [mill-1], process: {long: 60 min, short: 2 min}}\n"
    "products:\n"
    "  long: {route: [mill], release: {every: 20 h}}\n"
    "  short: {route: [mill], release: {every: 20 h}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: g}\n"
    "  machines:\n"
    "    any: {state: \"g/n/{machine}/State\", lots: \"g/n/{machine}/Lots\"}\n"
    "  lots: {released: g/n/line/Released, done: g/n/line/Done}\n"
    "decide:\n"
    "  dispatch: {at: mill, mode: auto, within: %s, futures: 200, wait: no, horizon: 4 h}\n";

typedef struct mill {
    bench b;
    ls_journal *journal;
    ls_decisions *d;
    double now_s;
} mill;

// The mill begins the n-th short lot; 0: the first lot of all, a long one.
static void take(mill *m, int n) {
    char lot[20];
    snprintf(lot, sizeof lot, n == 0 ? "L0" : "S%d", n);
    m->now_s += 120;
    CHECK(bench_text(&m->b, "g/n/mill-1/Lots", m->now_s, lot));
    CHECK(bench_number(&m->b, "g/n/mill-1/State", m->now_s, 6));
}

static void release(mill *m, const char *name, const char *of) {
    char text[64];
    snprintf(text, sizeof text, "%s class=%s product=%s", name, of, of);
    CHECK(bench_text(&m->b, "g/n/line/Released", m->now_s, text));
}

static void mill_open(mill *m, const char *within) {
    char text[2048];
    ls_plant *plant = NULL;
    ls_error err = {0};
    memset(m, 0, sizeof *m);
    fake_guard_reset();
    snprintf(m->b.folder, sizeof m->b.folder, "/tmp/ls-time-XXXXXX");
    CHECK(mkdtemp(m->b.folder) != NULL);
    bench_open_history(&m->b);
    snprintf(text, sizeof text, form, within);
    CHECK_INT(ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err), LS_OK);
    m->b.zero_us = plant->start_us;
    CHECK_INT(ls_running_make(plant, m->b.tags, &m->b.intake.running, &err), LS_OK);
    CHECK_INT(ls_journal_create(m->b.intake.history, &m->journal, &err), LS_OK);
    release(m, "L0", "long");
    release(m, "L1", "long");
    for (int i = 1; i <= EVENTS + 2; i++) {
        char name[20];
        snprintf(name, sizeof name, "S%d", i);
        release(m, name, "short");
    }
    take(m, 0);
    CHECK_INT(ls_decisions_open(&m->b.intake, m->journal, "guard", &m->d, &err), LS_OK);
}

static void mill_close(mill *m) {
    ls_decisions_clock_ahead(0);
    ls_decisions_close(m->d);
    ls_journal_destroy(m->journal);
    bench_close(&m->b);
}

static bool await_answers(mill *m, uint64_t count) {
    const struct timespec pause = {.tv_nsec = 5000000};
    const time_t end = time(NULL) + PATIENCE_S;
    while (ls_decisions_describe(m->d).asked < count && time(NULL) < end) {
        nanosleep(&pause, NULL);
    }
    return ls_decisions_describe(m->d).asked >= count;
}

// An answer is counted before its command goes out.
static bool await_command(void) {
    const struct timespec pause = {.tv_nsec = 5000000};
    const time_t end = time(NULL) + PATIENCE_S;
    while (fake_guard_count() == 0 && time(NULL) < end) {
        nanosleep(&pause, NULL);
    }
    return fake_guard_count() == 1;
}

static double number_of(const json_t *row, const char *key) {
    return json_number_value(json_object_get(row, key));
}

// The tolerance is the deadline itself: a search takes some milliseconds, and five seconds are more
// than any machine that still runs tests keeps a thread waiting.
static void test_every_answer_comes_within_its_deadline(void) {
    mill m;
    mill_open(&m, "5 s");
    uint64_t asked = 1;
    bool came = await_answers(&m, asked);
    for (int i = 1; i <= EVENTS && came; i++) {
        take(&m, i);
        came = await_answers(&m, ++asked);
    }
    CHECK(came);
    const ls_decisions_figures f = ls_decisions_describe(m.d);
    CHECK_INT(f.late, 0);
    CHECK(f.held == 1.0);
    json_t *rows = ls_decisions_list(m.d, false, 0, 100);
    CHECK(json_array_size(rows) > EVENTS);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        CHECK(number_of(row, "used_ms") <= number_of(row, "deadline_ms"));
        CHECK(number_of(row, "used_ms") > 0.0);
    }
    json_decref(rows);
    mill_close(&m);
}

// Whatever kept us busy when it came: the deadline does not begin when we get round to it.
static void test_an_event_that_waited_is_late_though_it_is_answered_at_once(void) {
    mill m;
    mill_open(&m, "20 s");
    CHECK(await_answers(&m, 1));
    CHECK(await_command());
    const uint64_t asked = ls_decisions_describe(m.d).asked;
    CHECK_INT(ls_decisions_describe(m.d).late, 0);
    ls_decisions_clock_ahead(100 * BENCH_S);
    take(&m, 1);
    CHECK(await_answers(&m, asked + 1));
    CHECK(ls_decisions_describe(m.d).late > 0);
    CHECK_INT(fake_guard_count(), 1);
    json_t *rows = ls_decisions_list(m.d, false, 0, 1);
    const json_t *row = json_array_get(rows, 0);
    CHECK(number_of(row, "used_ms") >= 100000.0);
    CHECK_INT((int64_t)number_of(row, "futures"), 0);  // the incumbent: no time was left
    json_decref(rows);
    mill_close(&m);
}

static void test_a_row_says_when_its_command_was_on_the_wire_and_answered(void) {
    mill m;
    mill_open(&m, "20 s");
    CHECK(await_answers(&m, 1));
    CHECK(await_command());
    const char *id = fake.commands[0].id;
    fake.mono_us = fake.commands[0].decided_us + 7000;
    fake_guard_say(id, LS_COMMAND_SENT, 0, "");
    fake.mono_us = fake.commands[0].decided_us + 30000;
    fake_guard_say(id, LS_COMMAND_ACKNOWLEDGED, 0, "");
    json_t *rows = ls_decisions_list(m.d, false, 0, 1);
    const json_t *row = json_array_get(rows, 0);
    const json_t *command = json_array_get(json_object_get(row, "sent"), 0);
    // The row was decided used_ms after the event.
    CHECK_NEAR(number_of(command, "wire_ms"), number_of(row, "used_ms") + 7.0, 1e-6);
    CHECK_NEAR(number_of(command, "done_ms"), number_of(row, "used_ms") + 30.0, 1e-6);
    const ls_decisions_figures f = ls_decisions_describe(m.d);
    CHECK(f.wire_held == 1.0);
    CHECK(f.wire_99_s * 1e3 >= number_of(command, "wire_ms"));
    json_decref(rows);
    mill_close(&m);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    ls_say_set_level(LS_LOG_ERROR);
    TEST(test_every_answer_comes_within_its_deadline);
    TEST(test_an_event_that_waited_is_late_though_it_is_answered_at_once);
    TEST(test_a_row_says_when_its_command_was_on_the_wire_and_answered);
    return harness_report();
}
