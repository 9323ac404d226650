// kinds_test.c - kinds of decision from the event to the line's answer, each by programs of its
// own, all at once: decide_test.c and modbus_test.c have the others.
#include <stdio.h>
#include <string.h>

#include "tests/harness.h"
#include "tests/service/rows.h"

typedef struct kind {
    const char *name;
    const char *plant;
    const char *speed;
    int least;             // rows that the line has done
    const char *explains;  // `decide explain` of the first of them says so
    const char *command, *argument;
} kind;

static const kind kinds[] = {
    // A cutter that breaks after about 100 min of work is best changed shortly before.
    {.name = "maintenance",
     .plant = "plant: maint\n"
              "start: 2026-01-05T06:00\n"
              "stations:\n"
              "  mill:\n"
              "    machines: [mill-1]\n"
              "    process: 60 s\n"
              "    fails: {name: cutter, every: weibull shape 6 mean 100 min, repair: 30 min,\n"
              "            renews: new-tool}\n"
              "    maintenance: {name: new-tool, every: 1000 lots, for: 2 min, renews: cutter}\n"
              "products:\n"
              "  gear: {route: [mill], release: {every: 100 s}}\n"
              "decide:\n"
              "  maintenance: {at: mill, mode: auto, every: 10 min, within: 2 s, futures: 200,\n"
              "                horizon: 3 h}\n"
              "listen:\n"
              "  sparkplug: {broker: embedded, group: maint, nodes: [line]}\n",
     .speed = "240",
     .least = 1,
     .explains = "mill-1: new-tool now",
     .command = "maintain",
     .argument = "new-tool"},
    // a stands before the oven when c leaves it, b comes four minutes later: both go together.
    {.name = "batch",
     .plant = "plant: bake\n"
              "start: 2026-01-05T06:00\n"
              "stations:\n"
              "  oven: {process: 30 min, batch: {min: 1, max: 2, by: any}}\n"
              "products:\n"
              "  c: {route: [oven], release: {every: 90 min, first: 1 min}}\n"
              "  a: {route: [oven], release: {every: 90 min, first: 20 min}}\n"
              "  b: {route: [oven], release: {every: 90 min, first: 34 min}}\n"
              "decide:\n"
              "  batch: {at: oven, mode: auto, within: 2 s, futures: 100, horizon: 4 h}\n"
              "listen:\n"
              "  sparkplug: {broker: embedded, group: bake, nodes: [line]}\n",
     .speed = "120",
     .least = 1,
     .explains = "oven waits, at most",
     .command = "hold"},
    // One person for two machines is too few, and costs nothing more here.
    {.name = "staffing",
     .plant = "plant: hall\n"
              "start: 2026-01-05T06:00\n"
              "operators:\n"
              "  hands: {count: 1}\n"
              "stations:\n"
              "  cut: {machines: 2, process: exp 60 s, operator: {skill: hands}}\n"
              "products:\n"
              "  part: {route: [cut], release: {every: exp 40 s}}\n"
              "decide:\n"
              "  objective: {throughput: 20, wip: 40, unit: EUR}\n"
              "  staffing: {of: hands, counts: [1, 2], value: people, mode: auto, every: 5 min,\n"
              "             within: 2 s, futures: 300, horizon: 2 h}\n"
              "listen:\n"
              "  sparkplug: {broker: embedded, group: hall, nodes: [line]}\n"
              "  values:\n"
              "    people: {tag: hall/line/hall/People, setpoint: hall/line/hall/PeopleSet,\n"
              "             set: {low: 1, high: 4, default: 1}}\n",
     .speed = "60",
     .least = 1,
     .explains = "2 of hands",
     .command = "setpoint",
     .argument = "people=2"},
    // The press stands idle for hours: one more lot each time that it has nothing to do.
    {.name = "release",
     .plant = "plant: press\n"
              "start: 2026-01-05T06:00\n"
              "stations:\n"
              "  press: {process: 5 min}\n"
              "products:\n"
              "  x: {route: [press], release: {every: 7 h}}\n"
              "decide:\n"
              "  objective: throughput\n"
              "  release: {of: x, mode: auto, within: 2 s, futures: 60, horizon: 2 h}\n"
              "listen:\n"
              "  sparkplug: {broker: embedded, group: press, nodes: [line]}\n",
     .speed = "120",
     .least = 3,
     .explains = "release x now",
     .command = "release",
     .argument = "x"},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool begin(service *s, const kind *k) {
    const char *const fast[] = {"--speed", k->speed, NULL};
    return service_begin_text(s, k->plant) && service_run(s) && service_emulate(s, fast);
}

// What was sent, as the row has it.
static void check_sent(const service *s, const kind *k, const char *id) {
    const char *const ask[] = {"decide", "explain", s->plant, id,
                               "--data", s->data,   "--json", NULL};
    const char *said = service_ask(ask);
    json_t *row = said != NULL ? json_loads(said, 0, NULL) : NULL;
    const json_t *sent = json_array_get(json_object_get(json_object_get(row, "row"), "sent"), 0);
    const char *command = json_string_value(json_object_get(sent, "kind"));
    const char *argument = json_string_value(json_object_get(sent, "argument"));
    const char *result = json_string_value(json_object_get(sent, "result"));
    harness_note("%s: %s %s", k->name, command != NULL ? command : "-",
                 argument != NULL ? argument : "-");
    CHECK_STR(command != NULL ? command : "", k->command);
    CHECK(k->argument == NULL || (argument != NULL && strcmp(argument, k->argument) == 0));
    CHECK_STR(result != NULL ? result : "", "acknowledged");
    json_decref(row);
}

static void check(const service *s, const kind *k) {
    harness_note("kind: %s", k->name);
    CHECK(rows_wait(s, "done", k->least));
    rows_read(s);
    char id[20] = "";
    for (int i = 1; i < ROWS_MAX && id[0] == '\0'; i++) {
        if (strcmp(rows_newest(i), "done") == 0) {
            snprintf(id, sizeof id, "d-%d", i);
        }
    }
    const char *const explain[] = {"decide", "explain", s->plant, id, "--data", s->data, NULL};
    const char *said = service_ask(explain);
    CHECK_CONTAINS(said != NULL ? said : "", k->explains);
    const char *const replay[] = {"decide", "replay", s->plant, id, "--data", s->data, NULL};
    said = service_ask(replay);
    CHECK_CONTAINS(said != NULL ? said : "", "the same, bit for bit");
    check_sent(s, k, id);
    const char *const account[] = {"prove", s->plant, "--data", s->data, "--kind", k->name, NULL};
    said = service_ask(account);
    CHECK_CONTAINS(said != NULL ? said : "", k->name);
}

static void test_each_kind_is_decided_sent_and_done(void) {
    static service all[KINDS];
    bool runs[KINDS];
    for (int i = 0; i < KINDS; i++) {
        runs[i] = begin(&all[i], &kinds[i]);
        CHECK(runs[i]);
    }
    for (int i = 0; i < KINDS; i++) {
        if (runs[i]) {
            check(&all[i], &kinds[i]);
        }
        service_end(&all[i]);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_each_kind_is_decided_sent_and_done);
    return harness_report();
}
