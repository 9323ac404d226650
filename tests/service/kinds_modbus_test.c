// kinds_modbus_test.c - kinds of decision from the event to the line's answer over Modbus TCP, each
// by programs of its own, all at once: modbus_test.c has the others. Registers bear no time, so the
// line plays as fast as life, in seconds what kinds_test.c has in minutes.
#include <math.h>

#include "tests/harness.h"
#include "tests/service/kinds.h"
#include "tests/service/registers.h"

typedef struct over_modbus {
    kind kind;
    const char *tags;   // what is served beside
    const char *shows;  // which comes to be near this afterwards; NULL: none is looked at
    double least, most;
} over_modbus;

static const over_modbus kinds[] = {
    // A cutter that breaks after about 40 s of work is best changed shortly before.
    {.kind =
         {.name = "maintenance",
          .plant =
              "stations:\n"
              "  mill:\n"
              "    machines: [mill-1]\n"
              "    process: 1 s\n"
              "    fails: {name: cutter, every: weibull shape 6 mean 40 s, repair: 20 s,\n"
              "            renews: new-tool}\n"
              "    maintenance: {name: new-tool, every: 100000 lots, for: 1 s, renews: cutter}\n"
              "products:\n"
              "  gear: {route: [mill], release: {every: 1700 ms}}\n"
              "decide:\n"
              "  maintenance: {at: mill, mode: auto, every: 5 s, within: 2 s, futures: 200,\n"
              "                horizon: 2 min}\n"
              "guards: {in-step: 2 s, heartbeat: 2 s}\n",
          .least = 1,
          .explains = "mill-1: new-tool now",
          .command = "maintain",
          .argument = "new-tool"},
     .tags = ""},
    // a stands before the oven when c leaves it, b comes two seconds later: both go together.
    {.kind = {.name = "batch",
              .plant =
                  "stations:\n"
                  "  oven: {process: 10 s, batch: {min: 1, max: 2, by: any}}\n"
                  "products:\n"
                  "  c: {route: [oven], release: {every: 30 s, first: 12 s}}\n"
                  "  a: {route: [oven], release: {every: 30 s, first: 18 s}}\n"
                  "  b: {route: [oven], release: {every: 30 s, first: 24 s}}\n"
                  "decide:\n"
                  "  batch: {at: oven, mode: auto, within: 500 ms, futures: 100, horizon: 90 s}\n"
                  "guards: {in-step: 2 s, heartbeat: 2 s}\n",
              .least = 1,
              .explains = "oven waits, at most",
              .command = "hold"},
     .tags = ""},
    // One person for two machines is too few, and costs nothing more here.
    {.kind = {.name = "staffing",
              .plant =
                  "operators:\n"
                  "  hands: {count: 1}\n"
                  "stations:\n"
                  "  cut: {machines: 2, process: exp 1 s, operator: {skill: hands}}\n"
                  "products:\n"
                  "  part: {route: [cut], release: {every: exp 700 ms}}\n"
                  "decide:\n"
                  "  objective: {throughput: 20, wip: 4000, unit: EUR}\n"
                  "  staffing: {of: hands, counts: [1, 2], value: people, mode: auto, every: 5 s,\n"
                  "             within: 2 s, futures: 300, horizon: 2 min}\n"
                  "guards: {in-step: 2 s, heartbeat: 2 s}\n",
              .least = 1,
              .explains = "2 of hands",
              .command = "setpoint",
              .argument = "people=2"},
     .tags = "listen:\n"
             "  values:\n"
             "    people: {tag: hall/people, setpoint: hall/set, set: {low: 1, high: 4, default: "
             "1}}\n"},
    // The press stands idle for hours: one more lot each time that it has nothing to do.
    {.kind = {.name = "release",
              .plant = "stations:\n"
                       "  press: {process: 3 s}\n"
                       "products:\n"
                       "  x: {route: [press], release: {every: 7 h}}\n"
                       "decide:\n"
                       "  objective: throughput\n"
                       "  release: {of: x, mode: auto, every: 3 s, within: 1 s, futures: 60, "
                       "horizon: 90 s}\n"
                       "guards: {in-step: 2 s, heartbeat: 2 s}\n",
              .least = 2,
              .explains = "release x now",
              .command = "release",
              .argument = "x"},
     .tags = ""},
    // The bath should be warmer than its heater is set for. The line tells its temperature every
    // ten seconds.
    {.kind = {.name = "setpoint",
              .plant = "stations:\n"
                       "  wash: {process: 1 s}\n"
                       "products:\n"
                       "  gear: {route: [wash], release: {every: 2 s}}\n"
                       "decide:\n"
                       "  setpoint: {of: bath, low: 50, high: 70, steps: 20, target: 64, mode: "
                       "auto, every: 20 s,\n"
                       "             within: 1 s}\n"
                       "guards: {in-step: 2 s, heartbeat: 2 s, step: {of: bath, most: 6}}\n",
              .least = 1,
              .explains = "nearer",
              .command = "setpoint"},
     .tags = "listen:\n"
             "  values:\n"
             "    bath: {tag: yard/bath, unit: C, setpoint: yard/set, set: {low: 45, high: 75, "
             "default: 60},\n"
             "           response: {gain: 1, tau: 3 s, delay: 1 s}}\n",
     .shows = "cell-plc/bath-value",
     .least = 63.0,
     .most = 65.0},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool begin(service *s, const over_modbus *k) {
    char port[REGISTERS_PORT_SIZE];
    return registers_begin(s, port, k->kind.plant, k->tags) && registers_emulate(s, port, NULL) &&
           service_run(s);
}

// What was set is what the line does.
static void check_register(const service *s, const over_modbus *k) {
    const double until = service_clock() + ROWS_PATIENCE_S;
    double now = NAN;
    while (k->shows != NULL && !(now >= k->least && now <= k->most) && service_clock() < until) {
        now = registers_newest(s, k->shows);
        service_pause(0.2);
    }
    harness_note("%s: %g", k->kind.name, now);
    CHECK(k->shows == NULL || (now >= k->least && now <= k->most));
}

static void test_each_kind_is_decided_sent_and_done_over_modbus(void) {
    static service all[KINDS];
    bool runs[KINDS];
    for (int i = 0; i < KINDS; i++) {
        runs[i] = begin(&all[i], &kinds[i]);
        CHECK(runs[i]);
    }
    for (int i = 0; i < KINDS; i++) {
        if (runs[i]) {
            kinds_check(&all[i], &kinds[i].kind);
            check_register(&all[i], &kinds[i]);
        }
        service_end(&all[i]);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_each_kind_is_decided_sent_and_done_over_modbus);
    return harness_report();
}
