// emulate_process_test.c - a process plant behind the emulated line: it shows what the process
// shows, and its setpoints are set by the same handshake as everything else.
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lineshaft/plant.h>

#include "base/arena.h"
#include "line/emulate.h"
#include "process/te.h"
#include "tests/harness.h"

static const int64_t second = 1000000LL;
static const int64_t minute = 60 * 1000000LL;
static const int64_t hour = 3600 * 1000000LL;
static ls_error err;

// What was told, counted by signal.
typedef struct ear {
    uint64_t told[256];
    uint64_t hash;
} ear;

static void hear(void *context, uint32_t signal, const ls_sample *value) {
    ear *e = context;
    e->told[signal % 256]++;
    const uint64_t bits = value->kind == LS_VALUE_TEXT ? value->size : value->value.natural;
    e->hash = (e->hash ^ (uint64_t)value->time_us ^ bits ^ signal) * 0x100000001b3ULL;
}

static ls_plant *reactor(void) {
    ls_plant *plant = NULL;
    CHECK_INT(
        ls_plant_load(harness_source_path("examples/reactor/reactor.yaml"), &plant, NULL, &err),
        LS_OK);
    return plant;
}

static ls_emulate *start(const ls_plant *plant, const ls_emulate_process_def *process,
                         const ls_hide *hide, ear *e) {
    ls_emulate_def def = ls_emulate_def_default();
    ls_emulate *line = NULL;
    memset(e, 0, sizeof *e);
    def.seed = process->seed;
    def.process = process;
    def.hide = hide;
    def.told = hear;
    def.context = e;
    CHECK_INT(ls_emulate_create(plant, &def, &line, &err), LS_OK);
    if (line == NULL) {
        printf("%s\n", err.text);
        abort();
    }
    return line;
}

static double shown(const ls_emulate *line, const char *name) {
    return ls_emulate_value(line, ls_emulate_find(line, "process", name))->value.real;
}

static void test_it_shows_what_the_process_shows(void) {
    ls_plant *plant = reactor();
    const ls_emulate_process_def def = {
        .seed = 7854912354, .idv = {{1, hour, LS_FOREVER}}, .idv_count = 1};
    ear e;
    ls_emulate *line = start(plant, &def, NULL, &e);
    CHECK_NEAR(shown(line, "XMEAS_7"), 2705.0, 0.01);  // at rest
    CHECK_INT(ls_emulate_run(line, 2 * hour, &err), LS_OK);
    ls_te_state alone;
    ls_te_start(&alone, 7854912354);
    while (alone.steps < 7200) {
        alone.idv = alone.steps + 1 >= 3600 ? 1 : 0;
        ls_te_step(&alone);
    }
    for (int i = 0; i < LS_TE_MEASURED; i++) {
        char name[16];
        snprintf(name, sizeof name, "XMEAS_%d", i + 1);
        harness_note("%s", name);
        CHECK_NEAR(shown(line, name), alone.measured[i], 0.0);
    }
    CHECK_NEAR(shown(line, "XMV_10"), alone.command_percent[9], 0.0);
    CHECK_NEAR(shown(line, "TRIP"), 0.0, 0.0);
    // Those that always show were told every ten seconds, an analyser when it had something new.
    CHECK_INT(e.told[ls_emulate_find(line, "process", "XMEAS_7") % 256], 720 + 1);
    const uint64_t gas = e.told[ls_emulate_find(line, "process", "XMEAS_23") % 256];
    const uint64_t product = e.told[ls_emulate_find(line, "process", "XMEAS_40") % 256];
    CHECK(gas >= 20 && gas <= 21);
    CHECK(product >= 8 && product <= 9);
    ls_emulate_destroy(line);
    ls_plant_destroy(plant);
}

static void test_equal_seeds_tell_the_same_in_whatever_steps(void) {
    ls_plant *plant = reactor();
    const ls_emulate_process_def def = {
        .seed = 5, .idv = {{12, 10 * minute, LS_FOREVER}}, .idv_count = 1};
    const ls_emulate_process_def other_seed = {
        .seed = 6, .idv = {{12, 10 * minute, LS_FOREVER}}, .idv_count = 1};
    ear a, b, c;
    ls_emulate *one = start(plant, &def, NULL, &a);
    ls_emulate *other = start(plant, &def, NULL, &b);
    ls_emulate *third = start(plant, &other_seed, NULL, &c);
    CHECK_INT(ls_emulate_run(one, hour, &err), LS_OK);
    CHECK_INT(ls_emulate_run(third, hour, &err), LS_OK);
    for (int64_t at = 0; at < hour; at += 7 * second + 13) {
        CHECK_INT(ls_emulate_run(other, at, &err), LS_OK);
    }
    CHECK_INT(ls_emulate_run(other, hour, &err), LS_OK);
    CHECK_INT(a.hash, b.hash);
    CHECK(a.hash != c.hash);
    ls_emulate_destroy(one);
    ls_emulate_destroy(other);
    ls_emulate_destroy(third);
    ls_plant_destroy(plant);
}

static void write_text(ls_emulate *line, const char *name, const char *text, int64_t wall_us) {
    const ls_sample sample = {
        .kind = LS_VALUE_TEXT, .value.text = text, .size = (uint32_t)strlen(text)};
    ls_emulate_write(line, ls_emulate_find(line, "line", name), &sample, wall_us);
}
static void write_int(ls_emulate *line, const char *name, int64_t number, int64_t wall_us) {
    const ls_sample sample = {.kind = LS_VALUE_INT, .value.integer = number};
    ls_emulate_write(line, ls_emulate_find(line, "line", name), &sample, wall_us);
}
static int64_t command(ls_emulate *line, int64_t id, const char *argument, int64_t wall_us) {
    write_text(line, "Command/Kind", "setpoint", wall_us);
    write_text(line, "Command/Argument", argument, wall_us);
    write_int(line, "Command/Id", id, wall_us);
    CHECK_INT(ls_emulate_value(line, ls_emulate_find(line, "line", "Command/Done"))->value.integer,
              id);
    return ls_emulate_value(line, ls_emulate_find(line, "line", "Command/Result"))->value.integer;
}

// Mean of a measurement over the next hour.
static double mean(ls_emulate *line, const char *name) {
    const int64_t from = ls_emulate_now(line);
    double sum = 0.0;
    for (int i = 1; i <= 360; i++) {
        CHECK_INT(ls_emulate_run(line, from + i * 10 * second, &err), LS_OK);
        sum += shown(line, name);
    }
    return sum / 360.0;
}

static void test_setpoints_are_commanded_and_lapse(void) {
    ls_plant *plant = reactor();
    const ls_emulate_process_def def = {.seed = 3};
    ear e;
    ls_emulate *line = start(plant, &def, NULL, &e);
    CHECK_INT(command(line, 1, "reactor-temperature=121.4", 0), 4);  // no heartbeat
    write_int(line, "Heartbeat", 1, 0);
    CHECK_INT(command(line, 2, "reactor-temperature=121.4", 0), 0);
    CHECK_INT(command(line, 3, "reactor-temperature=140", 0), 2);  // out of `set`
    CHECK_INT(command(line, 4, "reactor-pressure=2600", 0), 2);    // nothing sets that
    CHECK_NEAR(shown(line, "SP_18"), 121.4, 0.0);
    CHECK_INT(ls_emulate_run(line, hour, &err), LS_OK);
    CHECK_NEAR(mean(line, "XMEAS_9"), 121.4, 0.1);
    ls_emulate_wall(line, 6 * second);  // nobody beats: back to the plant's own
    CHECK_NEAR(shown(line, "SP_18"), 120.4, 0.0);
    CHECK_INT(ls_emulate_describe(line).lapsed, 1);
    CHECK_INT(ls_emulate_run(line, 3 * hour, &err), LS_OK);
    CHECK_NEAR(mean(line, "XMEAS_9"), 120.4, 0.1);
    ls_emulate_destroy(line);
    ls_plant_destroy(plant);
}

static void test_a_shut_down_is_told(void) {
    ls_plant *plant = reactor();
    const ls_emulate_process_def def = {.seed = 3, .idv = {{6, 0, LS_FOREVER}}, .idv_count = 1};
    ear e;
    ls_emulate *line = start(plant, &def, NULL, &e);
    CHECK_INT(ls_emulate_run(line, 9 * hour, &err), LS_OK);
    CHECK_NEAR(shown(line, "TRIP"), LS_TE_TRIP_REACTOR_PRESSURE, 0.0);
    CHECK_NEAR(shown(line, "XMEAS_1"), 0.0, 1e-12);
    const uint64_t told = e.told[ls_emulate_find(line, "process", "XMEAS_7") % 256];
    CHECK_INT(ls_emulate_run(line, 10 * hour, &err), LS_OK);
    CHECK_INT(e.told[ls_emulate_find(line, "process", "XMEAS_7") % 256], told);
    ls_emulate_destroy(line);
    ls_plant_destroy(plant);
}

static void test_a_sensor_of_it_lies(void) {
    ls_plant *plant = reactor();
    ls_hide *hide = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    const char *text =
        "warm: {sensor: process/XMEAS_9, offset: 2, from: 10 min}\n"
        "dead: {sensor: process/XMEAS_7, stuck: yes, from: 20 min}\n";
    CHECK_INT(ls_hide_read(plant, text, strlen(text), "hide.yaml", &hide, &errors), LS_OK);
    ls_errors_clear(&errors);
    const ls_emulate_process_def def = {.seed = 3};
    ear e, f;
    ls_emulate *lies = start(plant, &def, hide, &e);
    ls_emulate *honest = start(plant, &def, NULL, &f);
    CHECK_INT(ls_emulate_run(lies, 30 * minute, &err), LS_OK);
    CHECK_INT(ls_emulate_run(honest, 30 * minute, &err), LS_OK);
    CHECK_NEAR(shown(lies, "XMEAS_9") - shown(honest, "XMEAS_9"), 2.0, 1e-9);
    CHECK(shown(lies, "XMEAS_7") != shown(honest, "XMEAS_7"));
    CHECK_NEAR(shown(lies, "XMEAS_13"), shown(honest, "XMEAS_13"), 0.0);
    ls_emulate_destroy(lies);
    ls_emulate_destroy(honest);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

static const char form[] =
    "plant: p\n"
    "stations: {reactor: {process: 55 min}}\n"
    "products: {lorry: {route: [reactor], release: {every: 1 h}}}\n"
    "listen:\n"
    "  sparkplug: {broker: embedded, group: tep, nodes: [r]}\n"
    "  values:\n"
    "    water: {tag: tep/r/process/XMEAS_21, setpoint: tep/r/process/%s, set: {low: %s, high: "
    "130, "
    "default: 95}}\n"
    "    room: {tag: tep/r/process/Room}\n";

static void check_refused(const char *setpoint, const char *low, const char *why) {
    char text[1024];
    snprintf(text, sizeof text, form, setpoint, low);
    ls_plant *plant = NULL;
    CHECK_INT(ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err), LS_OK);
    const ls_emulate_process_def process = {.seed = 3};
    ls_emulate_def def = ls_emulate_def_default();
    ear e = {0};
    def.told = hear;
    def.context = &e;
    def.process = &process;
    ls_emulate *line = NULL;
    const ls_status status = ls_emulate_create(plant, &def, &line, &err);
    CHECK_INT(status, why == NULL ? LS_OK : LS_ERR_INVALID);
    if (why != NULL) {
        CHECK_STR(err.text, why);
    }
    ls_emulate_destroy(line);
    ls_plant_destroy(plant);
}

static void test_a_setpoint_that_no_loop_takes_is_refused(void) {
    check_refused("SP_18", "90", NULL);
    check_refused("Set", "90", NULL);  // of no loop: a heater as any line has
    check_refused("SP_10", "90",
                  "value 'water' with setpoint 'SP_10': the setpoint of loop 10 (reactor water "
                  "outlet) is moved by loop 18 (reactor temperature): set that");
    check_refused(
        "SP_99", "90",
        "value 'water' with setpoint 'SP_99': no control loop has the number 99; they are "
        "1 to 11 and 13 to 20");
    check_refused("SP_18", "-1",
                  "value 'water' with setpoint 'SP_18': the setpoint of loop 18 (reactor "
                  "temperature) is from 0 to 150 C, not -1");
}

static void test_disturbances_come_and_go(void) {
    ls_plant *plant = reactor();
    ls_emulate_process_def def = {.seed = 3};
    CHECK_INT(ls_emulate_process_parse("4@10min..20min,9@15min,1@15min..16min", &def, &err), LS_OK);
    CHECK_INT(def.idv_count, 3);
    ear e;
    ls_emulate *line = start(plant, &def, NULL, &e);
    static const struct {
        int minute;
        const char *acting;
    } table[] = {{9, "[]"}, {12, "[4]"}, {15, "[1,4,9]"}, {18, "[4,9]"}, {25, "[9]"}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        CHECK_INT(ls_emulate_run(line, table[i].minute * minute + 10 * second, &err), LS_OK);
        ls_buffer truth;
        ls_buffer_init(&truth);
        ls_emulate_truth(line, &truth);
        json_t *root = json_loads(truth.data, 0, NULL);
        const json_t *process = json_object_get(root, "process");
        char *acting = json_dumps(json_object_get(process, "idv"), JSON_COMPACT);
        CHECK_STR(acting, table[i].acting);
        CHECK(json_is_null(json_object_get(process, "shut_down_by")));
        free(acting);
        json_decref(root);
        ls_buffer_clear(&truth);
    }
    ls_emulate_destroy(line);
    ls_plant_destroy(plant);
}

static void test_disturbances_that_make_no_sense_are_refused(void) {
    static const char *const wrong[] = {"",        "0",      "22",       "x",        "4@",
                                        "4@soon",  "4@8h..", "4@8h..7h", "4@8h..8h", "4,",
                                        "4@1h,,5", "-4",     "4@8h,22"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        ls_emulate_process_def def = {.seed = 3};
        harness_note("%s", wrong[i]);
        CHECK_INT(ls_emulate_process_parse(wrong[i], &def, &err), LS_ERR_INVALID);
    }
    char many[256] = "1";
    for (int i = 0; i < LS_EMULATE_IDV_MAX; i++) {
        strcat(many, ",1");
    }
    ls_emulate_process_def def = {.seed = 3};
    CHECK_INT(ls_emulate_process_parse(many, &def, &err), LS_ERR_LIMIT);
}

static void test_without_memory_there_is_no_line(void) {
    ls_plant *plant = reactor();
    const ls_emulate_process_def process = {.seed = 3};
    ls_emulate_def def = ls_emulate_def_default();
    ear e = {0};
    def.told = hear;
    def.context = &e;
    def.process = &process;
    ls_emulate *line = NULL;
    int failures = 0;
    for (; failures < 10000 && line == NULL; failures++) {
        ls_alloc_fail_after(failures);
        const ls_status status = ls_emulate_create(plant, &def, &line, &err);
        ls_alloc_fail_after(-1);
        CHECK_INT(status, line == NULL ? LS_ERR_MEMORY : LS_OK);
        if (harness_has_failed()) {
            break;
        }
    }
    CHECK(failures > 5 && line != NULL);
    ls_emulate_destroy(line);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_it_shows_what_the_process_shows);
    TEST(test_equal_seeds_tell_the_same_in_whatever_steps);
    TEST(test_setpoints_are_commanded_and_lapse);
    TEST(test_a_shut_down_is_told);
    TEST(test_a_sensor_of_it_lies);
    TEST(test_a_setpoint_that_no_loop_takes_is_refused);
    TEST(test_disturbances_come_and_go);
    TEST(test_disturbances_that_make_no_sense_are_refused);
    TEST(test_without_memory_there_is_no_line);
    return harness_report();
}
