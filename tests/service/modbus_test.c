// modbus_test.c - the whole circle over Modbus TCP, as programs: a PLC's registers are read, the
// twin keeps in step with them, lots are dispatched through the guard, and the emulated PLC takes
// them; then guard, service and PLC die, each without warning.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/units.h"
#include "tests/harness.h"
#include "tests/servers/child.h"
#include "tests/service/registers.h"
#include "tests/service/rows.h"

typedef struct rig {
    service s;
    char port[REGISTERS_PORT_SIZE];
} rig;

// ---- the plant: two products before two machines, which lose time with every change

static const char grinders[] =
    "stations:\n"
    "  cut: {process: 500 ms}\n"
    "  grind: {machines: 2, process: 1500 ms, setup: {a to b: 3 s, b to a: 3 s}}\n"
    "products:\n"
    "  a: {route: [cut, grind], release: {keep: 7}}\n"
    "  b: {route: [cut, grind], release: {keep: 7}}\n"
    "decide:\n"
    "  objective: throughput\n"
    "  dispatch: {at: grind, mode: auto, within: 2 s, futures: 200, horizon: 2 min}\n"
    "guards: {in-step: 2 s, heartbeat: 2 s}\n";

// Two machines that take a second each, and twelve lots between them: fewer do nearly as much. The
// tags of the level are those of its registers, as the emulated line prints them.
static const char levels[] =
    "stations:\n"
    "  cut: {process: exp 1 s}\n"
    "  polish: {process: exp 1 s}\n"
    "products:\n"
    "  part: {route: [cut, polish], release: {keep: 12}}\n"
    "decide:\n"
    "  objective: {throughput: 20, wip: 4000, unit: EUR}\n"
    "  conwip: {of: part, levels: [4, 6, 12], value: level, mode: auto, every: 5 s, within: 2 s,\n"
    "           futures: 900, horizon: 2 min}\n"
    "guards: {in-step: 2 s, heartbeat: 2 s}\n";
static const char level_tags[] =
    "listen:\n"
    "  values:\n"
    "    level: {tag: yard/level, setpoint: yard/set, set: {low: 1, high: 20, default: 12},\n"
    "            response: {gain: 1}}\n";

// In the middle of things: lots wait and are in work, and nobody has heard them come.
static bool start_line(rig *r) {
    return registers_emulate(&r->s, r->port, "20 s");
}

static bool begin(rig *r, const char *plant, const char *tags) {
    memset(r, 0, sizeof *r);
    return registers_begin(&r->s, r->port, plant, tags) && start_line(r) && service_run(&r->s);
}

// ---- what came of it

typedef struct event {  // a lot was begun by a machine, or one was told to take it
    int64_t at_us;      // wall
    char machine[20], lot[40], id[20];
} event;
enum { EVENTS_MAX = 400, READ_LATE_US = 500000 };
typedef struct events {
    event at[EVENTS_MAX];
    int count;
} events;

static void add(events *all, int64_t at_us, const char *machine, const char *lot, const char *id) {
    if (all->count < EVENTS_MAX) {
        event *e = &all->at[all->count++];
        e->at_us = at_us;
        snprintf(e->machine, sizeof e->machine, "%s", machine);
        snprintf(e->lot, sizeof e->lot, "%s", lot);
        snprintf(e->id, sizeof e->id, "%s", id);
    }
}

// What a machine has begun, by its register as it was kept.
static void read_taken(const rig *r, const char *machine, events *out) {
    char tag[80];
    snprintf(tag, sizeof tag, "cell-plc/%s-lots", machine);
    const char *const query[] = {"history", "query", r->s.data, tag, "--csv", NULL};
    const char *said = service_ask(query);
    for (const char *line = said; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        char name[80], date[64], lots[40];
        int64_t at_us = 0;
        // An empty list of lots does not match, and is none that was begun.
        if (sscanf(line, "%79[^,],%63[^,],%39[^,\n]", name, date, lots) == 3) {
            date[strcspn(date, "Z")] = '\0';
            if (strcmp(name, tag) == 0 && ls_units_date(date, &at_us, NULL) == LS_OK) {
                add(out, at_us, machine, lots, "");
            }
        }
    }
}

// The commands of rows that are done.
static void read_told(const rig *r, events *out) {
    rows_read(&r->s);
    for (int i = 1; i < ROWS_MAX; i++) {
        char id[20];
        snprintf(id, sizeof id, "d-%d", i);
        if (strcmp(rows_newest(i), "done") == 0) {
            const char *const ask[] = {"decide", "explain", r->s.plant, id,
                                       "--data", r->s.data, "--json",   NULL};
            const char *said = service_ask(ask);
            json_t *row = said != NULL ? json_loads(said, 0, NULL) : NULL;
            const json_t *sent = json_array_get(
                json_object_get(json_object_get(row, "row"), "sent"), 0);
            const char *device = json_string_value(json_object_get(sent, "device"));
            const char *lot = json_string_value(json_object_get(sent, "argument"));
            CHECK(device != NULL && lot != NULL);
            if (device != NULL && lot != NULL) {
                add(out, json_integer_value(json_object_get(sent, "at_us")), device, lot, id);
            }
            json_decref(row);
        }
    }
}

// Of the lots that machines were told to take: *out_asked those that could still be taken when the
// machine took its next one, and how many of them it took.
static int count_obeyed(const rig *r, const events *told, int *out_asked) {
    static events taken;
    int obeyed = 0;
    taken.count = 0;
    *out_asked = 0;
    read_taken(r, "grind-1", &taken);
    read_taken(r, "grind-2", &taken);
    for (int i = 0; i < told->count; i++) {
        const event *t = &told->at[i];
        const event *next = NULL;
        for (int k = 0; k < taken.count; k++) {
            const event *e = &taken.at[k];
            const bool later = e->at_us > t->at_us && strcmp(e->machine, t->machine) == 0;
            next = later && (next == NULL || e->at_us < next->at_us) ? e : next;
        }
        // What was begun just before is read just after: a register is asked ten times a second.
        bool counts = next != NULL && next->at_us - t->at_us > READ_LATE_US;
        for (int k = 0; counts && k < told->count; k++) {  // told otherwise meanwhile?
            const event *e = &told->at[k];
            counts = k == i || strcmp(e->machine, t->machine) != 0 || e->at_us < t->at_us ||
                     e->at_us > next->at_us;
        }
        for (int k = 0; counts && k < taken.count; k++) {  // taken by the other one?
            const event *e = &taken.at[k];
            counts = strcmp(e->lot, t->lot) != 0 || strcmp(e->machine, t->machine) == 0 ||
                     e->at_us > next->at_us;
        }
        if (counts) {
            harness_note("%s: %s was told to take %s and took %s", t->id, t->machine, t->lot,
                         next->lot);
            *out_asked += 1;
            obeyed += strcmp(next->lot, t->lot) == 0;
        }
    }
    return obeyed;
}

// One more command is done.
static bool goes_on(const rig *r) {
    const int before = rows_count(&r->s, "done");
    const bool done = rows_wait(&r->s, "done", before + 1);
    CHECK(done);
    return done;
}

typedef struct step {
    double unknown, contradicted, inferred, certainty, released, done;
} step;

static step look(const rig *r) {
    json_t *state = service_state(&r->s);
    const json_t *follow = json_object_get(state, "follow");
    const json_t *divergences = json_object_get(follow, "divergences");
    const step now = {json_number_value(json_object_get(divergences, "unknown")),
                      json_number_value(json_object_get(divergences, "contradicted")),
                      json_number_value(json_object_get(divergences, "inferred")),
                      json_number_value(json_object_get(follow, "certainty")),
                      json_number_value(json_object_get(follow, "released")),
                      json_number_value(json_object_get(follow, "done"))};
    json_decref(state);
    return now;
}

// ---- tests

static void check_replay(const rig *r, const char *id) {
    const char *const replay[] = {"decide", "replay", r->s.plant, id, "--data", r->s.data, NULL};
    const char *said = service_ask(replay);
    CHECK(said != NULL && strstr(said, "the same, bit for bit") != NULL);
}

static void test_lots_are_dispatched_over_modbus_and_taken(void) {
    rig r;
    CHECK(begin(&r, grinders, ""));
    if (goes_on(&r)) {
        const step first = look(&r);
        static events told;
        int asked = 0;
        int obeyed = 0;
        const double until = service_clock() + ROWS_PATIENCE_S;
        while (obeyed < 3 && service_clock() < until) {
            service_pause(1.0);
            told.count = 0;
            read_told(&r, &told);
            obeyed = count_obeyed(&r, &told, &asked);
        }
        CHECK(obeyed >= 3);
        CHECK((asked - obeyed) * 3 <= obeyed);  // read later still, where the machine is busy
        check_replay(&r, told.at[0].id);
        // Registers that name lots are enough for the twin: after the first look at a line that
        // was running already nothing is unknown, and hardly anything is guessed.
        step last = look(&r);
        while ((last.released - first.released < 20.0 || last.certainty < 0.8) &&
               service_clock() < until) {
            service_pause(0.5);
            last = look(&r);
        }
        const double more = last.released - first.released;
        harness_note("%g released more, %g inferred, %g contradicted", more,
                     last.inferred - first.inferred, last.contradicted - first.contradicted);
        CHECK(more >= 20.0 && last.certainty >= 0.8);
        CHECK(last.done > first.done);
        CHECK(last.unknown == 0.0);
        CHECK((last.contradicted - first.contradicted) * 4.0 <= more);
        CHECK((last.inferred - first.inferred) * 4.0 <= more);
    }
    service_end(&r.s);
}

static void test_it_goes_on_after_guard_service_and_plc_died(void) {
    rig r;
    CHECK(begin(&r, grinders, ""));
    if (goes_on(&r)) {
        const pid_t guard = rows_find_child(&r.s, " guard ");
        CHECK(guard > 0 && kill(guard, SIGKILL) == 0);
        CHECK(service_wait_log(&r.s, "the guard was killed by signal 9"));
        CHECK(goes_on(&r));
        // The service, with commands on their way: nothing is sent late, nothing twice.
        CHECK(rows_wait(&r.s, "sent", 1));
        kill(r.s.run, SIGKILL);
        waitpid(r.s.run, NULL, 0);
        r.s.run = 0;
        CHECK(service_run(&r.s));
        CHECK(goes_on(&r));
        rows_read(&r.s);
        // The PLC: its ids begin anew, and other lots are there under the same names.
        child_kill(r.s.emulate);
        r.s.emulate = 0;
        CHECK(service_wait_log(&r.s, "cell-plc: 127.0.0.1"));
        CHECK(start_line(&r));
        CHECK(goes_on(&r));
        rows_read(&r.s);
        CHECK_INT(rows_count_newest("open"), 0);
    }
    service_end(&r.s);
}

// As in decide_test.c, in seconds: x takes the press for long and comes shortly before y.
static const char outside[] =
    "stations:\n"
    "  press: {process: {x: 16 s, y: uniform 1800 ms to 2200 ms}}\n"
    "products:\n"
    "  x: {route: [press], release: {every: 20 s, first: 3 s, pool: yes}}\n"
    "  y: {route: [press], release: {every: 20 s, first: 5 s}}\n"
    "decide:\n"
    "  release: {of: x, mode: auto, within: 500 ms, futures: 60, horizon: 60 s, wait-for-word: 4 "
    "s}\n"
    "guards: {in-step: 2 s, heartbeat: 2 s}\n";

// What waits outside and for how long stands in registers: an order is put off, and comes in then.
static void test_an_order_is_put_off_over_modbus(void) {
    rig r;
    CHECK(begin(&r, outside, ""));
    if (goes_on(&r)) {
        rows_read(&r.s);
        char id[20] = "";
        for (int i = 1; i < ROWS_MAX && id[0] == '\0'; i++) {
            if (strcmp(rows_newest(i), "done") == 0) {
                snprintf(id, sizeof id, "d-%d", i);
            }
        }
        const char *const ask[] = {"decide", "explain", r.s.plant, id, "--data", r.s.data, NULL};
        const char *said = service_ask(ask);
        CHECK_CONTAINS(said != NULL ? said : "", "put x off for ");
        check_replay(&r, id);
        // It was outside, and then it was in the press.
        const double until = service_clock() + ROWS_PATIENCE_S;
        static events taken;
        taken.count = 0;
        while (taken.count < 2 && service_clock() < until) {
            service_pause(0.5);
            taken.count = 0;
            read_taken(&r, "press", &taken);
        }
        CHECK(taken.count >= 2);
        const step now = look(&r);
        CHECK(now.contradicted == 0.0 && now.unknown == 0.0);
    }
    service_end(&r.s);
}

// As in decide_test.c, in seconds: set up for the next one while it waits for it.
static const char in_turn[] =
    "stations:\n"
    "  saw: {process: 1 s}\n"
    "  grind: {process: 1 s, setup: {a to b: 3 s, b to a: 3 s, initial: a}}\n"
    "products:\n"
    "  a: {route: [saw, grind], release: {every: 20 s}}\n"
    "  b: {route: [saw, grind], release: {every: 20 s, first: 10 s}}\n"
    "decide:\n"
    "  setup: {at: grind, mode: auto, within: 2 s, futures: 60, horizon: 60 s}\n"
    "guards: {in-step: 2 s, heartbeat: 2 s}\n";

static void test_a_machine_is_set_up_ahead_over_modbus(void) {
    rig r;
    CHECK(begin(&r, in_turn, ""));
    if (goes_on(&r)) {
        CHECK(goes_on(&r));
        static events told;
        told.count = 0;
        read_told(&r, &told);
        CHECK(told.count > 0 && strcmp(told.at[0].machine, "grind") == 0);
        CHECK(told.count > 0 && strlen(told.at[0].lot) == 1);  // a or b
        check_replay(&r, told.at[0].id);
    }
    service_end(&r.s);
}

static void test_a_level_is_set_over_modbus_and_kept(void) {
    rig r;
    CHECK(begin(&r, levels, level_tags));
    if (goes_on(&r)) {
        const double set = registers_newest(&r.s, "cell-plc/level-set");
        CHECK(set == 4.0 || set == 6.0);
        // The line keeps so many: what is inside comes down to it.
        const double until = service_clock() + 60.0;
        while (registers_newest(&r.s, "cell-plc/line-inside") > set && service_clock() < until) {
            service_pause(0.3);
        }
        CHECK(registers_newest(&r.s, "cell-plc/line-inside") <=
              registers_newest(&r.s, "cell-plc/level-set"));
        check_replay(&r, "d-1");
    }
    service_end(&r.s);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_lots_are_dispatched_over_modbus_and_taken);
    TEST(test_an_order_is_put_off_over_modbus);
    TEST(test_a_machine_is_set_up_ahead_over_modbus);
    TEST(test_a_level_is_set_over_modbus_and_kept);
    TEST(test_it_goes_on_after_guard_service_and_plc_died);
    return harness_report();
}
