// kinds_test.c - kinds of decision from the event to the line's answer over MQTT, each by programs
// of its own, all at once: decide_test.c has the others, kinds_modbus_test.c the same over Modbus
// TCP.
#include "tests/service/kinds.h"

#include "base/text.h"
#include "cli/ask_service.h"
#include "tests/harness.h"

static const kind kinds[] = {
    // A cutter that breaks after about 100 min of work is best changed shortly before; how worn it
    // is the line tells, and how long its work takes.
    {.name = "maintenance",
     .plant = "plant: maint\n"
              "start: 2026-01-05T06:00\n"
              "stations:\n"
              "  mill:\n"
              "    machines: [mill-1]\n"
              "    process: 60 s\n"
              "    fails: {name: cutter, every: weibull shape 6 mean 100 min, repair: 30 min,\n"
              "            renews: new-tool, condition: {tag: \"maint/line/{machine}/Wear\",\n"
              "            at: normal 0.8 sd 0.02, stale: 1 h}}\n"
              "    slowness: {tag: \"maint/line/{machine}/Pace\", stale: 24 h}\n"
              "    maintenance: {name: new-tool, every: 1000 lots, for: 2 min, renews: cutter}\n"
              "products:\n"
              "  gear: {route: [mill], release: {every: 100 s}}\n"
              "decide:\n"
              "  maintenance: {at: mill, mode: auto, every: 10 min, within: 2 s, futures: 200,\n"
              "                horizon: 3 h}\n"
              "listen:\n"
              "  sparkplug: {broker: embedded, group: maint, nodes: [line]}\n"
              "  values:\n"
              "    pace: {tag: maint/line/mill-1/Pace, setpoint: maint/line/mill-1/PaceSet,\n"
              "           set: {low: 30, high: 90, default: 66}}\n",
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
    // The gauge is the bottleneck, and a lot that was milled without trembling is hardly ever bad.
    {.name = "sort",
     .plant = "plant: sorting\n"
              "start: 2026-01-05T06:00\n"
              "stations:\n"
              "  mill: {machines: [mill-1, mill-2], process: 4 min}\n"
              "  gauge: {machines: [gauge-1], process: 6 min}\n"
              "  pack: {machines: [pack-1], process: 1 min}\n"
              "products:\n"
              "  x:\n"
              "    route: [mill, {at: gauge, scrap: 2 %, rework: {to: mill, chance: 8 %}}, pack]\n"
              "    release: {every: 4 min}\n"
              "decide:\n"
              "  objective: {throughput: 20, escapes: 300, scrap: 60, rework: 10, unit: EUR}\n"
              "  sort: {at: gauge, tag: \"sort/line/{machine}/Vibration\", high: 1.3,\n"
              "         spread: 0.02, mode: auto, within: 2 s, futures: 200, horizon: 2 h}\n"
              "listen:\n"
              "  sparkplug: {broker: embedded, group: sort, nodes: [line]}\n",
     .speed = "120",
     .least = 2,
     .explains = "is passed on uninspected",
     .command = "dispatch"},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static bool begin(service *s, const kind *k) {
    const char *const fast[] = {"--speed", k->speed, NULL};
    return service_begin_text(s, k->plant) && service_run(s) && service_emulate(s, fast);
}

// The forecast of the service goes by what is told, and says so.
static void check_forecast(const service *s) {
    ls_service_address address;
    ls_error err = {0};
    ls_buffer body;
    ls_buffer_init(&body);
    CHECK_INT(ls_service_find(s->data, &address, &err), LS_OK);
    CHECK_INT(ls_service_ask(&address, "/api/v1/forecast?hours=2", &body, &err), LS_OK);
    json_t *answer = json_loadb(body.data != NULL ? body.data : "", body.size, 0, NULL);
    const json_t *told = json_object_get(answer, "told");
    static const char *const keys[] = {"conditions", "slowness"};
    harness_note("%s%.2000s", err.text, body.data != NULL ? body.data : "");
    for (int i = 0; i < 2; i++) {
        const json_t *list = json_object_get(told, keys[i]);
        const char *state = json_string_value(json_object_get(json_array_get(list, 0), "state"));
        CHECK_INT(json_array_size(list), 1);
        CHECK_STR(state != NULL ? state : "", "told");
    }
    CHECK(json_array_size(json_object_get(answer, "median")) > 0);
    json_decref(answer);
    ls_buffer_clear(&body);
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
            kinds_check(&all[i], &kinds[i]);
            if (i == 0) {
                check_forecast(&all[i]);
            }
        }
        service_end(&all[i]);
    }
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_each_kind_is_decided_sent_and_done);
    return harness_report();
}
