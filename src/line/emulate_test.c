// emulate_test.c - the emulated line tells what happens in it, hides what it is told to hide, and
// obeys as a PLC does.
#include "line/emulate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lineshaft/plant.h>

#include "base/arena.h"
#include "base/random.h"
#include "base/units.h"
#include "tests/harness.h"
#include "twin/model.h"

static const int64_t second = 1000000LL;
static const int64_t minute = 60 * 1000000LL;
static const int64_t hour = 3600 * 1000000LL;
static ls_error err;

// What the line told: as lines of text, and counted.
typedef struct ear {
    ls_emulate *line;
    ls_buffer text;
    uint64_t told;
    int64_t good;      // of one machine, heard as a host does
    uint32_t good_of;  // signal
    int64_t good_last;
} ear;

static void hear(void *context, uint32_t signal, const ls_sample *value) {
    ear *e = context;
    e->told++;
    if (signal == e->good_of) {
        e->good += (value->value.integer - e->good_last + 65536) % 65536;
        e->good_last = value->value.integer;
    }
    if (value->kind == LS_VALUE_TEXT) {
        ls_buffer_printf(&e->text, "%lld %u %.*s\n", (long long)value->time_us, signal,
                         (int)value->size, value->value.text);
    } else if (value->kind == LS_VALUE_REAL) {
        ls_buffer_printf(&e->text, "%lld %u %.17g\n", (long long)value->time_us, signal,
                         value->value.real);
    } else {
        ls_buffer_printf(&e->text, "%lld %u %lld\n", (long long)value->time_us, signal,
                         (long long)value->value.integer);
    }
}

static ls_plant *cell(void) {
    ls_plant *plant = NULL;
    CHECK_INT(ls_plant_load(harness_source_path("examples/gearbox/cell.yaml"), &plant, NULL, &err),
              LS_OK);
    return plant;
}

static ls_hide *truths(const ls_plant *plant, const char *text) {
    ls_hide *hide = NULL;
    ls_errors errors;
    ls_errors_init(&errors);
    CHECK_INT(ls_hide_read(plant, text, strlen(text), "hide.yaml", &hide, &errors), LS_OK);
    if (errors.count > 0) {
        printf("%s\n", errors.items[0].text);
    }
    ls_errors_clear(&errors);
    return hide;
}

static ls_emulate *start(const ls_plant *plant, uint64_t seed, const ls_hide *hide, ear *e) {
    ls_emulate_def def = ls_emulate_def_default();
    ls_emulate *line = NULL;
    memset(e, 0, sizeof *e);
    e->good_of = LS_NO;
    def.seed = seed;
    def.hide = hide;
    def.told = hear;
    def.context = e;
    const ls_status status = ls_emulate_create(plant, &def, &line, &err);
    CHECK_INT(status, LS_OK);
    if (status != LS_OK) {
        printf("%s\n", err.text);
        abort();
    }
    e->line = line;
    return line;
}

static void stop_line(ear *e) {
    ls_emulate_destroy(e->line);
    ls_buffer_clear(&e->text);
}

static void test_the_same_seed_tells_the_same_bytes_in_whatever_steps(void) {
    ls_plant *plant = cell();
    ls_hide *hide = truths(plant,
                           "slow: {process: grind, times: 1.25, from: 20 min}\n"
                           "fails: {failures: turn, times: 3, from: 7 min, until: 40 min}\n"
                           "misses: {sensor: grind-2/Good, misses: 5 %}\n");
    ear a, b, c;
    start(plant, 7, hide, &a);
    start(plant, 7, hide, &b);
    start(plant, 8, hide, &c);
    CHECK_INT(ls_emulate_run(a.line, hour, &err), LS_OK);
    CHECK_INT(ls_emulate_run(c.line, hour, &err), LS_OK);
    uint64_t n = 0;
    for (int64_t at = 0; at < hour;) {
        at += (int64_t)(ls_random_uniform(1, 1, n++) * 3e6);
        CHECK_INT(ls_emulate_run(b.line, at < hour ? at : hour, &err), LS_OK);
    }
    CHECK(a.told > 5000);
    CHECK_INT(a.text.size, b.text.size);
    CHECK(strcmp(a.text.data, b.text.data) == 0);
    CHECK(strcmp(a.text.data, c.text.data) != 0);
    stop_line(&a);
    stop_line(&b);
    stop_line(&c);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

static void test_every_signal_is_told_once_at_the_beginning(void) {
    ls_plant *plant = cell();
    ear e;
    ls_emulate *line = start(plant, 1, NULL, &e);
    CHECK_INT(e.told, ls_emulate_signal_count(line));
    CHECK_STR(ls_emulate_group(line), "gearbox");
    CHECK_STR(ls_emulate_node(line), "cell");
    CHECK_INT(
        ls_emulate_value(line, ls_emulate_find(line, NULL, "Properties/Emulated"))->value.integer,
        1);
    CHECK_INT(ls_emulate_value(line, ls_emulate_find(line, "grind-1", "State"))->value.integer, 4);
    CHECK_INT(ls_emulate_value(line, ls_emulate_find(line, "line", "HeartbeatLost"))->value.integer,
              1);
    CHECK_INT(ls_emulate_find(line, "grind-9", "State"), LS_NO);
    CHECK_INT(ls_emulate_run(line, 10 * minute, &err), LS_OK);
    CHECK_CONTAINS(e.text.data, "gear-a-0 class=gear-a product=gear-a");
    CHECK_CONTAINS(e.text.data, "due=2026-01-05T06:4");
    stop_line(&e);
    ls_plant_destroy(plant);
}

// --- hidden truths

// Mean time from one Lots that names a lot to the next Lots, in seconds: operations of a machine
// that never fails.
static double mean_run_s(const ear *e, uint32_t signal) {
    double sum = 0.0;
    int count = 0;
    int64_t since = -1;
    for (const char *at = e->text.data; at != NULL && *at != '\0';) {
        char *end = NULL;
        const int64_t time = strtoll(at, &end, 10);
        const uint32_t of = (uint32_t)strtoul(end, &end, 10);
        if (of == signal) {
            if (since >= 0) {
                sum += (double)(time - since) / 1e6;
                count++;
            }
            since = end[1] != '\n' ? time : -1;
        }
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return count > 0 ? sum / count : 0.0;
}

static void test_a_slower_process_shows(void) {
    ls_plant *plant = cell();
    ls_hide *hide = truths(plant, "slow: {process: brush, times: 1.5, from: 1 h}\n");
    ear e;
    ls_emulate *line = start(plant, 3, hide, &e);
    const uint32_t lots = ls_emulate_find(line, "brush", "Lots");
    CHECK_INT(ls_emulate_run(line, hour, &err), LS_OK);
    const double before = mean_run_s(&e, lots);
    ls_buffer_clear(&e.text);
    ls_buffer_init(&e.text);
    CHECK_INT(ls_emulate_run(line, 2 * hour, &err), LS_OK);
    const double after = mean_run_s(&e, lots);
    CHECK_NEAR(before, 24.0, 1.0);
    CHECK_NEAR(after, 36.0, 1.0);
    ls_buffer truth;
    ls_buffer_init(&truth);
    ls_emulate_truth(line, &truth);
    CHECK_CONTAINS(truth.data, "\"name\": \"slow\"");
    CHECK_CONTAINS(truth.data, "\"factor\": 1.5");
    ls_buffer_clear(&truth);
    stop_line(&e);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

static uint64_t count_value(const ear *e, uint32_t signal, const char *value) {
    char tail[96];
    uint64_t count = 0;
    snprintf(tail, sizeof tail, " %u %s\n", signal, value);
    for (const char *at = e->text.data; at != NULL && (at = strstr(at, tail)) != NULL; at++) {
        count++;
    }
    return count;
}

// How often turn-1 and turn-2 said "chips".
static uint64_t chips(const char *text) {
    ls_plant *plant = cell();
    ls_hide *hide = truths(plant, text);
    ear e;
    uint64_t sum = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        ls_emulate *line = start(plant, seed, hide, &e);
        CHECK_INT(ls_emulate_run(line, 8 * hour, &err), LS_OK);
        sum += count_value(&e, ls_emulate_find(line, "turn-1", "Reason"), "chips");
        sum += count_value(&e, ls_emulate_find(line, "turn-2", "Reason"), "chips");
        stop_line(&e);
    }
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
    return sum;
}

static void test_failures_come_more_often(void) {
    // By busy time: 8 seeds of 8 hours, two machines, 84 % busy: about 161 times.
    const uint64_t plain = chips("");
    const uint64_t often = chips("more: {failures: turn, mode: chips, times: 3}\n");
    const uint64_t late = chips("more: {failures: turn, times: 3, from: 4 h}\n");
    CHECK_NEAR((double)plain, 161, 40);
    // Not quite three times: who stands does not run.
    CHECK_NEAR((double)often, 3 * 155, 90);
    CHECK_NEAR((double)late, 2 * 158, 70);
}

static void test_a_counter_misses_parts(void) {
    ls_plant *plant = cell();
    ls_hide *hide = truths(plant, "misses: {sensor: load/Good, misses: 5 %}\n");
    ear e;
    ls_emulate *line = start(plant, 1, hide, &e);
    e.good_of = ls_emulate_find(line, "load", "Good");
    CHECK_INT(ls_emulate_run(line, 40 * hour, &err), LS_OK);
    const ls_emulate_figures f = ls_emulate_describe(line);
    const double missed = 1.0 - (double)e.good / (double)f.released;
    CHECK_NEAR(missed, 0.05, 0.012);  // of about 4,700 parts: sd 0.3 %
    stop_line(&e);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

static double value_of(ls_emulate *line, const char *device, const char *name) {
    return ls_emulate_value(line, ls_emulate_find(line, device, name))->value.real;
}

static void test_sensors_lie(void) {
    ls_plant *plant = cell();
    ls_hide *hide = truths(plant,
                           "warm: {sensor: grind-1/Temperature, offset: 100, from: 30 min}\n"
                           "stuck: {sensor: grind-2/Vibration, stuck: yes, from: 30 min}\n"
                           "dull: {wear: grind-3, times: 20}\n");
    ear e;
    ear plain;
    ls_emulate *line = start(plant, 1, hide, &e);
    start(plant, 1, NULL, &plain);
    CHECK_INT(ls_emulate_run(line, 29 * minute, &err), LS_OK);
    CHECK_INT(ls_emulate_run(plain.line, 29 * minute, &err), LS_OK);
    CHECK_NEAR(value_of(line, "grind-1", "Temperature"),
               value_of(plain.line, "grind-1", "Temperature"), 1e-9);
    CHECK(value_of(line, "grind-3", "Wear") > 3 * value_of(plain.line, "grind-3", "Wear"));
    const double stuck = value_of(line, "grind-2", "Vibration");
    CHECK_INT(ls_emulate_run(line, 50 * minute, &err), LS_OK);
    CHECK_INT(ls_emulate_run(plain.line, 50 * minute, &err), LS_OK);
    CHECK_NEAR(value_of(line, "grind-1", "Temperature"),
               value_of(plain.line, "grind-1", "Temperature") + 100, 1.0);
    CHECK(fabs(value_of(line, "grind-2", "Vibration") - stuck) < 3.0);
    const double still = value_of(line, "grind-2", "Vibration");
    CHECK_INT(ls_emulate_run(line, 70 * minute, &err), LS_OK);
    CHECK_NEAR(value_of(line, "grind-2", "Vibration"), still, 0);
    stop_line(&e);
    stop_line(&plain);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

static void test_a_sensor_is_noisy(void) {
    enum { LOOKS = 2000 };
    ls_plant *plant = cell();
    ls_hide *hide = truths(plant, "flicker: {sensor: grind-1/Wear, noise: 2, from: 1 h}\n");
    ear e;
    ear plain;
    ls_emulate *line = start(plant, 1, hide, &e);
    start(plant, 1, NULL, &plain);
    double sum = 0.0;
    double square = 0.0;
    for (int i = 0; i < LOOKS; i++) {
        const int64_t at_us = hour + 5000000 + i * INT64_C(10000000);
        CHECK_INT(ls_emulate_run(line, at_us, &err), LS_OK);
        CHECK_INT(ls_emulate_run(plain.line, at_us, &err), LS_OK);
        const double off = value_of(line, "grind-1", "Wear") -
                           value_of(plain.line, "grind-1", "Wear");
        sum += off;
        square += off * off;
    }
    // Four standard errors of a mean and of a variance.
    CHECK_NEAR(sum / LOOKS, 0.0, 4.0 * 2.0 / sqrt(LOOKS));
    CHECK_NEAR(square / LOOKS, 4.0, 4.0 * 4.0 * sqrt(2.0 / LOOKS));
    stop_line(&e);
    stop_line(&plain);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

static void test_operators_take_what_came_last(void) {
    ls_plant *plant = cell();
    ls_hide *hide = truths(plant, "habit: {habit: last-first, at: grind}\n");
    ear e;
    ear plain;
    start(plant, 5, hide, &e);
    start(plant, 5, NULL, &plain);
    CHECK_INT(ls_emulate_run(e.line, 8 * hour, &err), LS_OK);
    CHECK_INT(ls_emulate_run(plain.line, 8 * hour, &err), LS_OK);
    CHECK(strcmp(e.text.data, plain.text.data) != 0);
    stop_line(&e);
    stop_line(&plain);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

static void test_mistakes_in_hidden_truths_have_places(void) {
    static const struct {
        const char *text, *says;
        int line;
    } cases[] = {
        {"a: {process: grindd, times: 2}\n", "unknown station or machine 'grindd'", 1},
        {"\na: {process: grind, times: 0}\n", "'times' must be a number from 0.001 to 1000", 2},
        {"a: {process: grind, from: 5}\n", "'from': '5' needs a unit", 1},
        {"a: {process: grind, setup: grind}\n", "'a' must say what it is about, once", 1},
        {"a: {times: 2}\n", "'a' must say what it is about, once", 1},
        {"a: 5\n", "'a' must be a map of keys", 1},
        {"[1]\n", "hidden truths must be a map", 1},
        {"a: {failures: turn, mode: spindle}\n", "unknown failure 'spindle'", 1},
        {"a: {process: grind, mode: spindle}\n", "'mode' has no place here", 1},
        {"a: {process: grind, speed: 3}\n", "unknown key 'speed'", 1},
        {"a: {sensor: Good}\n", "'sensor' must be DEVICE/SIGNAL", 1},
        {"a: {habit: sleeping, at: grind}\n", "unknown habit 'sleeping'", 1},
        {"a: {habit: last-first}\n", "'a' needs 'at', a station", 1},
        {"a: {process: grind, from: 2 h, until: 1 h}\n", "'a' ends before it begins", 1},
        {"a: {sensor: a/b, noise: -1}\n", "'noise' must be a number from 0", 1},
        {"a: {process: grind, noise: 1}\n", "'noise' has no place here", 1},
        {"a: {sensor: a/b, stuck: maybe}\n", "'stuck' must be yes", 1},
        {"a: {\n", "", 0},
    };
    ls_plant *plant = cell();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ls_hide *hide = NULL;
        ls_errors errors;
        ls_errors_init(&errors);
        harness_note("%s", cases[i].text);
        CHECK(ls_hide_read(plant, cases[i].text, strlen(cases[i].text), "hide.yaml", &hide,
                           &errors) != LS_OK);
        CHECK(hide == NULL && errors.count > 0);
        if (errors.count > 0 && cases[i].line > 0) {
            CHECK_CONTAINS(errors.items[0].text, cases[i].says);
            CHECK_INT(errors.items[0].line, cases[i].line);
        }
        ls_errors_clear(&errors);
    }
    ls_hide *hide = truths(plant, "a: {sensor: grind-1/Godo, misses: 1 %}\n");
    ls_emulate_def def = ls_emulate_def_default();
    ls_emulate *line = NULL;
    def.hide = hide;
    def.hide_file = "hide.yaml";
    CHECK_INT(ls_emulate_create(plant, &def, &line, &err), LS_ERR_INVALID);
    CHECK_STR(err.text, "'a': grind-1/Godo: the line has no such sensor");
    CHECK_INT(err.line, 1);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

// --- commands

typedef struct host {
    ls_emulate *line;
    const char *device;
    int64_t wall_us;
} host;

static void write_text(host *h, const char *name, const char *text) {
    const ls_sample s = {.kind = LS_VALUE_TEXT, .size = (uint32_t)strlen(text), .value.text = text};
    ls_emulate_write(h->line, ls_emulate_find(h->line, h->device, name), &s, h->wall_us);
}

static void write_int(host *h, const char *device, const char *name, int64_t value) {
    const ls_sample s = {.kind = LS_VALUE_INT, .value.integer = value};
    ls_emulate_write(h->line, ls_emulate_find(h->line, device, name), &s, h->wall_us);
}

static int64_t read_int(const host *h, const char *name) {
    return ls_emulate_value(h->line, ls_emulate_find(h->line, h->device, name))->value.integer;
}

static const char *read_text(const host *h, const char *name) {
    return ls_emulate_value(h->line, ls_emulate_find(h->line, h->device, name))->value.text;
}

static int64_t command(host *h, int64_t id, const char *kind, const char *argument) {
    write_text(h, "Command/Kind", kind);
    write_text(h, "Command/Argument", argument);
    write_int(h, h->device, "Command/Id", id);
    CHECK_INT(read_int(h, "Command/Done"), id);
    return read_int(h, "Command/Result");
}

static void test_commands_are_answered_once(void) {
    ls_plant *plant = cell();
    ear e;
    host h = {start(plant, 1, NULL, &e), "grind-1", 0};
    CHECK_INT(ls_emulate_run(h.line, 20 * minute, &err), LS_OK);
    CHECK_INT(command(&h, 1, "stop", ""), 0);
    CHECK_INT(read_int(&h, "State"), 2);
    CHECK_INT(command(&h, 1, "start", ""), 0);  // repeated: the old answer, nothing is done
    CHECK_STR(read_text(&h, "Command/Reason"), "stopped");
    CHECK_INT(read_int(&h, "State"), 2);
    CHECK_INT(command(&h, 2, "stop", ""), 3);
    CHECK_STR(read_text(&h, "Command/Reason"), "grind-1 is stopped already");
    CHECK_INT(command(&h, 3, "start", ""), 0);
    CHECK_INT(command(&h, 2, "stop", ""), 5);
    CHECK_STR(read_text(&h, "Command/Reason"), "id 2 is not newer than 3");
    CHECK_INT(command(&h, 4, "maintain", "dressing"), 0);
    CHECK_INT(command(&h, 5, "maintain", "oil"), 2);
    CHECK_INT(command(&h, 6, "release", "gear-a"), 1);
    CHECK_INT(command(&h, 7, "dance", ""), 1);
    CHECK_STR(read_text(&h, "Command/Reason"), "there is no command 'dance'");
    h.device = "line";
    const uint64_t before = ls_emulate_describe(h.line).released;
    CHECK_INT(command(&h, 1, "release", "gear-a"), 0);
    CHECK_INT(ls_emulate_describe(h.line).released, before + 1);
    CHECK_INT(command(&h, 2, "release", "gear-z"), 2);
    stop_line(&e);
    ls_plant_destroy(plant);
}

// Two setups and nothing to do yet: the machine is set up for no lot, and says so.
static void test_a_machine_is_set_up_for_no_lot(void) {
    static const char text[] =
        "plant: p\n"
        "stations: {oven: {process: 1 min, setup: {x to y: 10 min, y to x: 10 min, initial: x}}}\n"
        "products:\n"
        "  x: {route: [oven], release: {every: 1 h}}\n"
        "  y: {route: [oven], release: {every: 1 h}}\n";
    ls_plant *plant = NULL;
    ear e;
    CHECK_INT(ls_plant_parse(text, strlen(text), "p.yaml", &plant, NULL, &err), LS_OK);
    host h = {start(plant, 1, NULL, &e), "oven", 0};
    CHECK_INT(ls_emulate_run(h.line, 5 * minute, &err), LS_OK);
    CHECK_INT(command(&h, 1, "setup", "z"), 2);
    CHECK_STR(read_text(&h, "Command/Reason"), "no setup 'z' of oven");
    CHECK_INT(command(&h, 2, "setup", "x"), 3);
    CHECK_STR(read_text(&h, "Command/Reason"), "oven is set up so already");
    CHECK_INT(command(&h, 3, "setup", "y"), 0);
    CHECK_INT(read_int(&h, "State"), 3);
    CHECK_STR(read_text(&h, "Lots"), "");
    CHECK_STR(read_text(&h, "Setup"), "x");
    CHECK_INT(command(&h, 4, "setup", "x"), 3);
    CHECK_STR(read_text(&h, "Command/Reason"), "oven is at work");
    CHECK_INT(ls_emulate_run(h.line, 15 * minute, &err), LS_OK);
    CHECK_INT(read_int(&h, "State"), 4);
    CHECK_STR(read_text(&h, "Setup"), "y");
    h.device = "line";
    CHECK_INT(command(&h, 1, "setup", "y"), 1);
    stop_line(&e);
    ls_plant_destroy(plant);
}

// The last of the lots that are said to have come to the station.
static bool last_arrived(const ear *e, const char *station, char *out, size_t size) {
    char mark[64];
    const char *last = NULL;
    snprintf(mark, sizeof mark, " station=%s ", station);
    for (const char *at = e->text.data; (at = strstr(at, mark)) != NULL; at++) {
        last = at;
    }
    const char *begin = last;
    while (begin != NULL && begin[-1] != ' ') {
        begin--;
    }
    snprintf(out, size, "%.*s", begin != NULL ? (int)(last - begin) : 0,
             begin != NULL ? begin : "");
    return begin != NULL;
}

static void test_choices_want_a_heartbeat_and_lapse_without(void) {
    ls_plant *plant = cell();
    ear e;
    host h = {start(plant, 1, NULL, &e), "grind-1", 0};
    char lot[64];
    CHECK_INT(ls_emulate_run(h.line, 40 * minute, &err), LS_OK);
    CHECK(last_arrived(&e, "grind", lot, sizeof lot));
    CHECK_INT(command(&h, 1, "hold", "10 min"), 4);
    CHECK_STR(read_text(&h, "Command/Reason"), "no heartbeat is heard");
    write_int(&h, "line", "Heartbeat", 1);
    CHECK_INT(
        ls_emulate_value(h.line, ls_emulate_find(h.line, "line", "HeartbeatLost"))->value.integer,
        0);
    CHECK_INT(command(&h, 2, "hold", ""), 0);
    CHECK_INT(command(&h, 3, "hold", "soon"), 2);
    CHECK_INT(command(&h, 4, "dispatch", "gear-q-99"), 2);
    CHECK_INT(command(&h, 5, "stop", ""), 0);
    ls_emulate_wall(h.line, 5 * second);
    CHECK(ls_emulate_describe(h.line).beating);
    ls_emulate_wall(h.line, 6 * second);
    CHECK(!ls_emulate_describe(h.line).beating);
    CHECK_INT(ls_emulate_describe(h.line).lapsed, 1);
    ls_buffer truth;
    ls_buffer_init(&truth);
    ls_emulate_truth(h.line, &truth);
    CHECK(strstr(truth.data, "\"held\": true") == NULL);
    CHECK_CONTAINS(truth.data, "\"stopped\": true");  // only a command starts it again
    ls_buffer_clear(&truth);
    stop_line(&e);
    ls_plant_destroy(plant);
}

static void test_a_dispatched_lot_is_taken_next(void) {
    ls_plant *plant = cell();
    int taken = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        ear e;
        host h = {start(plant, seed, NULL, &e), "grind-1", 0};
        char lot[64];
        CHECK_INT(ls_emulate_run(h.line, hour, &err), LS_OK);
        write_int(&h, "line", "Heartbeat", 1);
        if (last_arrived(&e, "grind", lot, sizeof lot) && command(&h, 1, "dispatch", lot) == 0) {
            const uint32_t lots = ls_emulate_find(h.line, "grind-1", "Lots");
            ls_buffer_clear(&e.text);
            CHECK_INT(ls_emulate_run(h.line, hour + 20 * minute, &err), LS_OK);
            taken += count_value(&e, lots, lot) == 1;
        }
        stop_line(&e);
    }
    CHECK(taken >= 4);  // others may take it first where several machines become free
    ls_plant_destroy(plant);
}

static void test_a_batch_of_one_product_is_obeyed(void) {
    static const char text[] =
        "plant: oven\n"
        "stations: {oven: {machines: 1, process: 60 min, batch: {min: 1, max: 6, by: any}}}\n"
        "products:\n"
        "  c: {route: [oven], release: {every: 400 d, first: 0 s}}\n"
        "  a: {route: [oven], release: {every: 400 d, first: 1 min, lots: 2}}\n"
        "  b: {route: [oven], release: {every: 400 d, first: 2 min, lots: 3}}\n"
        "listen: {sparkplug: {broker: embedded, group: g, nodes: [n]}}\n";
    ls_plant *plant = NULL;
    CHECK_INT(ls_plant_parse(text, strlen(text), "oven.yaml", &plant, NULL, &err), LS_OK);
    ear e;
    host h = {start(plant, 1, NULL, &e), plant->machines[0].name, 0};
    CHECK_INT(ls_emulate_run(h.line, 10 * minute, &err), LS_OK);
    write_int(&h, "line", "Heartbeat", 1);
    CHECK_INT(command(&h, 1, "dispatch", "b-3 impure"), 2);
    CHECK_INT(command(&h, 2, "dispatch", "b-3 pure"), 0);
    CHECK_INT(ls_emulate_run(h.line, 61 * minute, &err), LS_OK);
    CHECK_STR(read_text(&h, "Lots"), "b-3 b-4 b-5");
    stop_line(&e);
    ls_plant_destroy(plant);
}

// How many of the lots that left were scrapped, with this hidden truth.
static double scrapped_share(const char *hidden) {
    static const char text[] =
        "plant: sorting\n"
        "stations:\n"
        "  cut: {machines: [cut-1, cut-2], process: 1 min}\n"
        "  gauge: {process: 20 s}\n"
        "products: {x: {route: [cut, {at: gauge, scrap: 10 %}], release: {every: 40 s}}}\n"
        "decide: {sort: {at: gauge, tag: \"g/n/{machine}/Chance\"}}\n";
    ls_plant *plant = NULL;
    CHECK_INT(ls_plant_parse(text, strlen(text), "sort.yaml", &plant, NULL, &err), LS_OK);
    ls_hide *hide = truths(plant, hidden);
    ear e;
    ls_emulate *line = start(plant, 1, hide, &e);
    CHECK_INT(ls_emulate_run(line, 50 * 60 * minute, &err), LS_OK);
    const ls_emulate_figures f = ls_emulate_describe(line);
    const double share = (double)f.scrapped / (double)(f.done + f.scrapped);
    harness_note("%s: %.4f of %llu", hidden, share, (unsigned long long)(f.done + f.scrapped));
    CHECK(f.done + f.scrapped > 4000);
    stop_line(&e);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
    return share;
}

// The inspection finds what the machines made, each its own.
static void test_lots_are_as_their_machine_makes_them(void) {
    const double plain = scrapped_share("none: {process: cut, times: 1}\n");
    CHECK_NEAR(plain, 0.1, 0.02);
    CHECK_NEAR(scrapped_share("good: {quality: cut, times: 0.001}\n"), 0.0001, 0.002);
    CHECK_NEAR(scrapped_share("bad: {quality: cut, times: 9}\n"), 0.9, 0.02);
    CHECK_NEAR(scrapped_share("all: {quality: cut, times: 1000}\n"), 1.0, 0.0);
    // Half of the lots are made by either.
    CHECK_NEAR(scrapped_share("one: {quality: cut-1, times: 6}\n"), 0.35, 0.03);
    // From the middle on.
    CHECK_NEAR(scrapped_share("later: {quality: cut, times: 9, from: 25 h}\n"), 0.5, 0.03);
    // Without a tool of its own a machine wears by its hours in work: after 50 h, of which each
    // works three quarters, it is worn by 1 - exp(-37.5 / 40), in the mean over these hours by
    // 0.352.
    CHECK_NEAR(scrapped_share("worn: {quality: cut, times: 6, worn: yes}\n"), 0.1 * (1 + 5 * 0.352),
               0.03);
}

static void test_a_lot_is_sorted(void) {
    static const char text[] =
        "plant: sorting\n"
        "stations: {cut: {process: 1 min}, gauge: {process: 30 min}, pack: {process: 9 min}}\n"
        "products:\n"
        "  x:\n"
        "    route: [cut, {at: gauge, scrap: 1 %, rework: {to: cut, chance: 1 %}}, pack]\n"
        "    release: {every: 2 min, first: 0 s, count: 5}\n"
        "decide: {sort: {at: gauge, tag: \"g/n/{machine}/Chance\"}}\n"
        "listen: {sparkplug: {broker: embedded, group: g, nodes: [n]}}\n";
    ls_plant *plant = NULL;
    CHECK_INT(ls_plant_parse(text, strlen(text), "sort.yaml", &plant, NULL, &err), LS_OK);
    ear e;
    host h = {start(plant, 1, NULL, &e), "gauge", 0};
    CHECK_INT(ls_emulate_run(h.line, 12 * minute, &err), LS_OK);
    CHECK_INT(command(&h, 1, "dispatch", "x-1 pass"), 4);  // a choice: nobody beats
    write_int(&h, "line", "Heartbeat", 1);
    CHECK_INT(command(&h, 2, "dispatch", "x-0 pass"), 3);  // in the gauge
    CHECK_STR(read_text(&h, "Command/Reason"), "the lot does not wait where lots are sorted");
    CHECK_INT(command(&h, 3, "dispatch", "x-9 pass"), 2);
    CHECK_INT(command(&h, 4, "dispatch", "x-1 away"), 2);
    ls_buffer_clear(&e.text);
    CHECK_INT(command(&h, 5, "dispatch", "x-1 pass"), 0);
    CHECK_INT(command(&h, 6, "dispatch", "x-2 rework"), 0);
    CHECK_INT(command(&h, 7, "dispatch", "x-3 scrap"), 0);
    CHECK_INT(command(&h, 7, "dispatch", "x-3 scrap"), 0);  // answered again, not done again
    CHECK_INT(command(&h, 8, "dispatch", "x-3 scrap"), 2);
    CHECK_INT(count_value(&e, ls_emulate_find(h.line, "line", "Scrapped"), "x-3"), 1);
    h.device = "pack";
    CHECK_STR(read_text(&h, "Lots"), "x-1");
    h.device = "cut";
    CHECK_STR(read_text(&h, "Lots"), "x-2");
    CHECK_INT(command(&h, 1, "dispatch", "x-4 pass"), 3);  // of another station
    CHECK_STR(read_text(&h, "Command/Reason"), "the lot does not wait here");
    stop_line(&e);
    ls_plant_destroy(plant);
}

static void test_numbers_of_lots_and_people_are_obeyed(void) {
    static const char text[] =
        "plant: levels\n"
        "operators: {hands: {count: 2, skills: work}}\n"
        "stations: {saw: {machines: 2, process: 60 s, operator: {skill: work, for: process}}}\n"
        "products: {part: {route: [saw], release: {keep: 8}}}\n"
        "decide:\n"
        "  conwip: {of: part, levels: [4, 8], value: level}\n"
        "  staffing: {of: hands, counts: [1, 2], value: people}\n"
        "listen:\n"
        "  sparkplug: {broker: embedded, group: g, nodes: [n]}\n"
        "  values:\n"
        "    level: {tag: g/n/yard/Level, setpoint: g/n/yard/LevelSet, set: {low: 0, high: 9, "
        "default: 8}}\n"
        "    people: {tag: g/n/yard/People, setpoint: g/n/yard/PeopleSet, set: {low: 0, high: 2, "
        "default: 2}}\n";
    ls_plant *plant = NULL;
    CHECK_INT(ls_plant_parse(text, strlen(text), "levels.yaml", &plant, NULL, &err), LS_OK);
    ear e;
    host h = {start(plant, 1, NULL, &e), "line", 0};
    CHECK_INT(ls_emulate_run(h.line, 10 * minute, &err), LS_OK);
    CHECK_INT(ls_emulate_describe(h.line).lots, 8);
    CHECK_INT(command(&h, 1, "setpoint", "level=4"), 4);  // no heartbeat
    write_int(&h, "line", "Heartbeat", 1);
    CHECK_INT(command(&h, 2, "setpoint", "level=4.5"), 3);
    CHECK_CONTAINS(read_text(&h, "Command/Reason"), "not a whole number");
    CHECK_INT(command(&h, 3, "setpoint", "level=4"), 0);
    CHECK_NEAR(value_of(h.line, "yard", "LevelSet"), 4.0, 0.0);
    CHECK_INT(ls_emulate_run(h.line, 20 * minute, &err), LS_OK);
    CHECK_INT(ls_emulate_describe(h.line).lots, 4);
    CHECK_NEAR(value_of(h.line, "yard", "Level"), 4.0, 0.0);
    const uint64_t two = ls_emulate_describe(h.line).done;
    CHECK_INT(ls_emulate_run(h.line, 30 * minute, &err), LS_OK);
    CHECK_INT(ls_emulate_describe(h.line).done - two, 20);  // two a minute
    CHECK_INT(command(&h, 4, "setpoint", "people=1"), 0);
    CHECK_INT(ls_emulate_run(h.line, 32 * minute, &err), LS_OK);
    const uint64_t one = ls_emulate_describe(h.line).done;
    CHECK_INT(ls_emulate_run(h.line, 42 * minute, &err), LS_OK);
    CHECK_INT(ls_emulate_describe(h.line).done - one, 10);
    ls_emulate_wall(h.line, 10 * second);  // the heartbeat stops: the plant's own numbers
    CHECK_NEAR(value_of(h.line, "yard", "LevelSet"), 8.0, 0.0);
    CHECK_INT(ls_emulate_run(h.line, 43 * minute, &err), LS_OK);
    CHECK_INT(ls_emulate_describe(h.line).lots, 8);
    stop_line(&e);
    ls_plant_destroy(plant);
}

// Anything may be written; nothing of it breaks the line or goes unanswered.
static void test_hostile_writes_are_survived(void) {
    ls_plant *plant = cell();
    ear e;
    host h = {start(plant, 1, NULL, &e), "grind-1", 0};
    static char huge[5000];
    memset(huge, 'x', sizeof huge - 1);
    CHECK_INT(command(&h, 1, huge, huge), 1);
    CHECK_INT(command(&h, 2, "stop\n\x01", "\xff\xfe"), 1);
    write_int(&h, "grind-1", "Command/Kind", 17);
    write_int(&h, "grind-1", "Command/Id", INT64_MAX);
    CHECK_INT(read_int(&h, "Command/Result"), 6);
    write_int(&h, "grind-1", "Command/Id", -5);
    CHECK_INT(read_int(&h, "Command/Result"), 6);
    write_text(&h, "Command/Id", "7");
    CHECK_INT(read_int(&h, "Command/Result"), 6);
    write_text(&h, "State", "6");  // not writable
    write_int(&h, "grind-1", "No/Such", 1);
    static const char *const kinds[] = {"dispatch", "hold", "stop",     "start", "maintain",
                                        "release",  "",     "setpoint", "setup", "put-off"};
    static const char *const arguments[] = {"",        "gear-a-1", "gear-a-",
                                            "-",       "0 s",      "dressing",
                                            "1e999 h", "a=b",      "gear-a-99999999999999999999"};
    int64_t id = 10;
    uint64_t n = 0;
    for (int i = 0; i < 3000; i++) {
        h.device = ls_random_uniform(2, 2, n++) < 0.2 ? "line" : "grind-2";
        h.wall_us += (int64_t)(ls_random_uniform(2, 2, n++) * 3e6);
        if (ls_random_uniform(2, 2, n++) < 0.5) {
            write_int(&h, "line", "Heartbeat", i);
        }
        const char *kind = kinds[(int)(ls_random_uniform(2, 2, n++) * 10)];
        command(&h, id++, kind, arguments[(int)(ls_random_uniform(2, 2, n++) * 9)]);
        CHECK_INT(ls_emulate_run(h.line, ls_emulate_now(h.line) + second, &err), LS_OK);
    }
    CHECK(ls_emulate_describe(h.line).lapsed > 10);
    stop_line(&e);
    ls_plant_destroy(plant);
}

static void test_every_allocation_may_fail(void) {
    static const char text[] =
        "slow: {process: grind, times: 2}\n"
        "off: {sensor: grind-1/Power, offset: 2}\n";
    ls_plant *plant = cell();
    ls_hide *hide = NULL;
    ls_status status = LS_ERR_MEMORY;
    int64_t n = 0;
    for (; n < 1000 && status != LS_OK; n++) {
        ls_errors errors;
        ls_errors_init(&errors);
        ls_alloc_fail_after(n);
        status = ls_hide_read(plant, text, sizeof text - 1, "hide.yaml", &hide, &errors);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || (status == LS_ERR_MEMORY && hide == NULL && errors.total > 0));
        ls_errors_clear(&errors);
    }
    CHECK(n > 2);
    ls_emulate_def def = ls_emulate_def_default();
    ls_emulate *line = NULL;
    def.hide = hide;
    status = LS_ERR_MEMORY;
    for (n = 0; n < 5000 && status != LS_OK; n++) {
        ls_alloc_fail_after(n);
        status = ls_emulate_create(plant, &def, &line, &err);
        ls_alloc_fail_after(-1);
        CHECK(status == LS_OK || (status == LS_ERR_MEMORY && line == NULL));
    }
    CHECK(n > 20 && line != NULL);
    // A text that cannot be kept is not told; the line goes on.
    ls_alloc_fail_after(0);
    CHECK_INT(ls_emulate_run(line, 30 * minute, &err), LS_OK);
    ls_alloc_fail_after(-1);
    ls_emulate_destroy(line);
    ls_hide_destroy(hide);
    ls_plant_destroy(plant);
}

int main(int argc, char **argv) {
    harness_init(argc, argv);
    TEST(test_the_same_seed_tells_the_same_bytes_in_whatever_steps);
    TEST(test_every_signal_is_told_once_at_the_beginning);
    TEST(test_a_slower_process_shows);
    TEST(test_failures_come_more_often);
    TEST(test_a_counter_misses_parts);
    TEST(test_sensors_lie);
    TEST(test_a_sensor_is_noisy);
    TEST(test_operators_take_what_came_last);
    TEST(test_mistakes_in_hidden_truths_have_places);
    TEST(test_commands_are_answered_once);
    TEST(test_a_machine_is_set_up_for_no_lot);
    TEST(test_choices_want_a_heartbeat_and_lapse_without);
    TEST(test_a_dispatched_lot_is_taken_next);
    TEST(test_a_batch_of_one_product_is_obeyed);
    TEST(test_lots_are_as_their_machine_makes_them);
    TEST(test_a_lot_is_sorted);
    TEST(test_numbers_of_lots_and_people_are_obeyed);
    TEST(test_hostile_writes_are_survived);
    TEST(test_every_allocation_may_fail);
    return harness_report();
}
